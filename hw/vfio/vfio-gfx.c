// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-gfx.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/range.h"
#include "util/trace.h"

/* A bit a pixel of the largest screen would be 32 MiB; tiles are far fewer. */
#define DAMAGE_MAX_BYTES (1u << 20)
/* How often a torn status is read again before the kernel is asked for a consistent one. */
#define SEQLOCK_TRIES 64

struct vfio_gfx {
	struct vfio_device *device;
	const struct vfio_region *region;
	const void *page; /* the mapped status, NULL: by pread */
	struct vfio_gfx_status first; /* constant fields are taken from here */
	uint8_t *harvest; /* first.damage_size bytes */
	int event_fd; /* -1: not listening */
	uint32_t on; /* VFIO_GFX_CONTROL_DAMAGE and _SNAPSHOT, as set */
};

static int pread_status(struct vfio_gfx *gfx, struct vfio_gfx_status *status)
{
	uint32_t head[3]; /* magic, version, size */
	int ret = vfio_region_read(gfx->device, gfx->region, 0, head, sizeof(head));

	if (ret < 0) {
		return ret;
	}
	if (head[0] != VFIO_GFX_MAGIC || head[1] != VFIO_GFX_VERSION || head[2] < sizeof(head)) {
		return -EPROTO;
	}
	memset(status, 0, sizeof(*status));
	return vfio_region_read(gfx->device, gfx->region, 0, status,
				MIN(head[2], sizeof(*status)));
}

int vfio_gfx_read_status(struct vfio_gfx *gfx, struct vfio_gfx_status *status)
{
	const struct vfio_gfx_status *page = gfx->page;

	for (unsigned int i = 0; page && i < SEQLOCK_TRIES; i++) {
		uint32_t before = __atomic_load_n(&page->seq, __ATOMIC_ACQUIRE);

		memset(status, 0, sizeof(*status));
		memcpy(status, page, MIN(gfx->first.size, sizeof(*status)));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(before & 1) && before == __atomic_load_n(&page->seq, __ATOMIC_RELAXED)) {
			return 0;
		}
	}
	return pread_status(gfx, status);
}

/* Sets @bit of VFIO_GFX_CONTROL_* (0: none). VFIO_GFX_CONTROL_SOURCE stays on for as long as we
 * look. */
static int control(struct vfio_gfx *gfx, uint32_t bit, bool on)
{
	uint32_t bits = on ? gfx->on | bit : gfx->on & ~bit;
	uint32_t source = gfx->first.caps & VFIO_GFX_CAP_SOURCE ? VFIO_GFX_CONTROL_SOURCE : 0;
	int ret = vfio_region_write_u32(gfx->device, gfx->region, gfx->first.control_offset,
					bits | source);

	if (ret >= 0) {
		gfx->on = bits;
	}
	return ret;
}

/* ---- snapshots ---- */

int vfio_gfx_snapshot_switch(struct vfio_gfx *gfx, bool on)
{
	int ret = control(gfx, VFIO_GFX_CONTROL_SNAPSHOT, on);

	return MIN(ret, 0);
}

static bool snapshot_is_sane(const struct vfio_gfx *gfx, const struct vfio_gfx_snapshot *told)
{
	uint64_t size = gfx->region->size_bytes;

	return told->size >= sizeof(*told) && told->slots > 0 && told->slot_size > 0 &&
	       told->slot_size % (uint64_t)sysconf(_SC_PAGESIZE) == 0 &&
	       told->area_offset <= size &&
	       told->slots <= (size - told->area_offset) / told->slot_size &&
	       (told->state != VFIO_GFX_SNAPSHOT_COMPLETE ||
		(told->slot < told->slots && told->plane.size <= told->slot_size));
}

int vfio_gfx_snapshot_read(struct vfio_gfx *gfx, struct vfio_gfx_snapshot *told)
{
	int ret = vfio_region_read(gfx->device, gfx->region, gfx->first.snapshot_offset, told,
				   sizeof(*told));

	return ret < 0 ? ret : snapshot_is_sane(gfx, told) ? 0 : -EPROTO;
}

int vfio_gfx_snapshot_request(struct vfio_gfx *gfx, uint32_t slot)
{
	const uint32_t request[2] = { VFIO_GFX_SNAPSHOT_REQUEST, slot };
	int ret = vfio_region_write(gfx->device, gfx->region, gfx->first.snapshot_offset +
				    offsetof(struct vfio_gfx_snapshot, state), request,
				    sizeof(request));

	return MIN(ret, 0);
}

int vfio_gfx_snapshot_map(struct vfio_gfx *gfx, uint32_t slot, uint64_t size_bytes, void **hva)
{
	struct vfio_gfx_snapshot told;
	int ret = vfio_gfx_snapshot_read(gfx, &told);

	if (ret < 0) {
		return ret;
	}
	if (slot >= told.slots || size_bytes > told.slot_size) {
		return -ERANGE;
	}
	return vfio_region_map(gfx->device, gfx->region, told.area_offset + slot * told.slot_size,
			       size_bytes, PROT_READ, hva);
}

/* Do they exist, and can they be mapped? */
static bool can_snapshot(struct vfio_gfx *gfx)
{
	struct vfio_gfx_snapshot told;

	return gfx->first.size >= offsetof(struct vfio_gfx_status, snapshot_count) +
					  sizeof(gfx->first.snapshot_count) &&
	       range_fits(gfx->first.snapshot_offset, sizeof(told), gfx->region->size_bytes) &&
	       vfio_gfx_snapshot_read(gfx, &told) == 0 &&
	       vfio_region_can_map(gfx->region, told.area_offset, told.slot_size);
}

/* ---- holds ---- */

int vfio_gfx_hold(struct vfio_gfx *gfx, uint64_t flip_count, uint32_t timeout_ms)
{
	const struct vfio_gfx_hold hold = { .flip_count = flip_count, .timeout_ms = timeout_ms };
	int ret = vfio_region_write(gfx->device, gfx->region, gfx->first.hold_offset, &hold,
				    sizeof(hold));

	return MIN(ret, 0);
}

/* ---- what the device can do ---- */

/* Leaves in caps what makes sense and works. */
static void check_caps(struct vfio_gfx *gfx)
{
	struct vfio_gfx_status *first = &gfx->first;

	if (!vfio_irq_count(gfx->device, first->irq_index, NULL)) {
		first->caps &= ~VFIO_GFX_CAP_IRQ;
	}
	/* Damage is harvested when the interrupt says so. */
	if (!(first->caps & VFIO_GFX_CAP_IRQ) ||
	    first->damage_size < sizeof(struct vfio_gfx_damage) ||
	    first->damage_size > DAMAGE_MAX_BYTES ||
	    !range_fits(first->damage_offset, first->damage_size, gfx->region->size_bytes)) {
		first->caps &= ~VFIO_GFX_CAP_DAMAGE;
	}
	if (first->size < offsetof(struct vfio_gfx_status, snapshot_offset)) {
		first->caps &= ~(VFIO_GFX_CAP_SOURCE | VFIO_GFX_CAP_PAGES);
	}
	/* The interrupt says when one is complete. */
	if ((first->caps & VFIO_GFX_CAP_SNAPSHOT) &&
	    (!(first->caps & VFIO_GFX_CAP_IRQ) || !can_snapshot(gfx))) {
		first->caps &= ~VFIO_GFX_CAP_SNAPSHOT;
	}
	/* A guest that waits is shown when it waits no more: the interrupt says so. */
	if (!(first->caps & VFIO_GFX_CAP_IRQ) ||
	    first->size < offsetof(struct vfio_gfx_status, hold_wait_ns) +
				  sizeof(first->hold_wait_ns) ||
	    !range_fits(first->hold_offset, sizeof(struct vfio_gfx_hold),
			gfx->region->size_bytes)) {
		first->caps &= ~VFIO_GFX_CAP_HOLD;
	}
	if (!range_fits(first->pages_offset, sizeof(struct vfio_gfx_pages),
			gfx->region->size_bytes)) {
		first->caps &= ~VFIO_GFX_CAP_PAGES;
	}
	if ((first->caps & VFIO_GFX_CAP_SOURCE) && control(gfx, 0, false) < 0) {
		first->caps &= ~VFIO_GFX_CAP_SOURCE;
	}
}

uint32_t vfio_gfx_caps(const struct vfio_gfx *gfx)
{
	return gfx->first.caps;
}

struct vfio_gfx *vfio_gfx_probe(struct vfio_device *device)
{
	const struct vfio_region *region = vfio_region_find(device, VFIO_GFX_REGION_TYPE,
							    VFIO_GFX_REGION_SUBTYPE);
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	struct vfio_gfx *gfx;
	void *page;

	if (!region) {
		return NULL;
	}
	gfx = g_new0(struct vfio_gfx, 1);
	gfx->device = device;
	gfx->region = region;
	gfx->event_fd = -1;
	if (pread_status(gfx, &gfx->first) < 0) {
		gfx->first.caps = 0;
	}
	check_caps(gfx);
	if (!(gfx->first.caps & (VFIO_GFX_CAP_IRQ | VFIO_GFX_CAP_SOURCE))) {
		TRACE(vfio, gfx, "%s: display extension is of no use", device->name);
		g_free(gfx);
		return NULL;
	}
	if (gfx->first.caps & VFIO_GFX_CAP_DAMAGE) {
		gfx->harvest = g_malloc0(gfx->first.damage_size);
	}
	if (vfio_region_map(device, region, 0, page_bytes, PROT_READ, &page) == 0) {
		gfx->page = page;
	}
	TRACE(vfio, gfx, "%s: interrupt %u, caps 0x%x, status %s", device->name,
	      gfx->first.irq_index, gfx->first.caps, gfx->page ? "mapped" : "by pread");
	return gfx;
}

void vfio_gfx_destroy(struct vfio_gfx *gfx)
{
	if (!gfx) {
		return;
	}
	vfio_gfx_unlisten(gfx);
	if (gfx->first.caps & VFIO_GFX_CAP_SOURCE) {
		gfx->first.caps &= ~VFIO_GFX_CAP_SOURCE;
		control(gfx, 0, false);
	}
	if (gfx->page) {
		munmap((void *)gfx->page, (size_t)sysconf(_SC_PAGESIZE));
	}
	g_free(gfx->harvest);
	g_free(gfx);
}

int vfio_gfx_listen(struct vfio_gfx *gfx)
{
	int32_t fd;
	int ret;

	if (gfx->event_fd >= 0) {
		return gfx->event_fd;
	}
	fd = gfx->event_fd = eventfd_create();
	ret = fd < 0 ? fd :
		       vfio_irq_set_fds(gfx->device, gfx->first.irq_index, 0, &fd, 1);
	if (ret) {
		fd_close(&gfx->event_fd);
		return ret < 0 ? ret : -EIO;
	}
	if (gfx->first.caps & VFIO_GFX_CAP_DAMAGE) {
		ret = control(gfx, VFIO_GFX_CONTROL_DAMAGE, true);
		if (ret < 0) {
			/* Guests that draw in place would not be seen: better poll. */
			vfio_gfx_unlisten(gfx);
			return ret;
		}
	}
	return fd;
}

void vfio_gfx_unlisten(struct vfio_gfx *gfx)
{
	if (gfx->event_fd < 0) {
		return;
	}
	if (gfx->first.caps & VFIO_GFX_CAP_DAMAGE) {
		control(gfx, VFIO_GFX_CONTROL_DAMAGE, false);
	}
	vfio_irq_disable(gfx->device, gfx->first.irq_index);
	fd_close(&gfx->event_fd);
}

/* Runs of set bits, row by row, as rectangles in pixels. */
static void tiles_to_region(const struct vfio_gfx_damage *damage, const uint8_t *bitmap,
			    pixman_region32_t *region)
{
	g_autoptr(GArray) boxes = g_array_new(FALSE, FALSE, sizeof(pixman_box32_t));

	for (uint32_t y = 0; y < damage->tiles_y; y++) {
		for (uint32_t x = 0, end; x < damage->tiles_x; x = end + 1) {
			uint32_t bit = y * damage->tiles_x;
			pixman_box32_t box;

			for (end = x; end < damage->tiles_x &&
			     (bitmap[(bit + end) / 8] >> ((bit + end) % 8) & 1); end++) {
			}
			if (end == x) {
				continue;
			}
			box.x1 = (int32_t)MIN(x * damage->tile_width, damage->plane.width);
			box.x2 = (int32_t)MIN(end * damage->tile_width, damage->plane.width);
			box.y1 = (int32_t)MIN(y * damage->tile_height, damage->plane.height);
			box.y2 = (int32_t)MIN((y + 1) * damage->tile_height, damage->plane.height);
			if (box.x1 < box.x2 && box.y1 < box.y2) {
				g_array_append_val(boxes, box);
			}
		}
	}
	pixman_region32_fini(region);
	pixman_region32_init_rects(region, (pixman_box32_t *)(void *)boxes->data,
				   (int)boxes->len);
}

/* Do the numbers of a harvest make a grid over its plane, inside its bitmap? */
static bool harvest_is_sane(const struct vfio_gfx *gfx, const struct vfio_gfx_damage *damage)
{
	uint64_t tiles = (uint64_t)damage->tiles_x * damage->tiles_y;

	return damage->size >= sizeof(*damage) && damage->size <= gfx->first.damage_size &&
	       damage->bitmap_size <= gfx->first.damage_size - damage->size &&
	       (tiles + 7) / 8 <= damage->bitmap_size &&
	       damage->tile_width && damage->tile_width <= INT16_MAX &&
	       damage->tile_height && damage->tile_height <= INT16_MAX &&
	       damage->tiles_x <= INT16_MAX && damage->tiles_y <= INT16_MAX &&
	       (uint64_t)damage->tiles_x * damage->tile_width >= damage->plane.width &&
	       (uint64_t)damage->tiles_y * damage->tile_height >= damage->plane.height;
}

void vfio_gfx_harvest_none(struct vfio_gfx_harvest *harvest)
{
	harvest->known = false;
	harvest->generation = 0;
	memset(&harvest->plane, 0, sizeof(harvest->plane));
	pixman_region32_init(&harvest->tiles);
}

void vfio_gfx_harvest(struct vfio_gfx *gfx, struct vfio_gfx_harvest *harvest)
{
	const uint32_t wanted = VFIO_GFX_DAMAGE_HARVESTED | VFIO_GFX_DAMAGE_TRACKING;
	struct vfio_gfx_damage damage;
	ssize_t got;

	vfio_gfx_harvest_none(harvest);
	if (!gfx->harvest || gfx->event_fd < 0) {
		return;
	}
	/* Shorter than asked for is normal: damage_size is for the largest plane. */
	got = gfx->device->ops->read(gfx->device, gfx->harvest, gfx->first.damage_size,
				     gfx->region->fd_offset + gfx->first.damage_offset);
	if (got < (ssize_t)sizeof(damage)) {
		return;
	}
	memset(gfx->harvest + got, 0, gfx->first.damage_size - (size_t)got);
	memcpy(&damage, gfx->harvest, sizeof(damage));
	harvest->plane = damage.plane;
	if ((damage.flags & wanted) != wanted || (damage.flags & VFIO_GFX_DAMAGE_ALL) ||
	    !harvest_is_sane(gfx, &damage)) {
		return;
	}
	tiles_to_region(&damage, gfx->harvest + damage.size, &harvest->tiles);
	harvest->generation = damage.generation;
	harvest->known = true;
}

int vfio_gfx_read_pages(struct vfio_gfx *gfx, uint32_t id, uint64_t **addresses, size_t *count)
{
	uint64_t at = gfx->first.pages_offset, bytes;
	struct vfio_gfx_pages head;
	g_autofree uint8_t *all = NULL;
	int ret;

	if (!(gfx->first.caps & VFIO_GFX_CAP_PAGES)) {
		return -ENOTSUP;
	}
	ret = vfio_region_read(gfx->device, gfx->region, at, &head, sizeof(head));
	if (ret < 0) {
		return ret;
	}
	if (head.id != id || !head.count) {
		return -ESTALE;
	}
	if (head.size < sizeof(head) || head.size > gfx->region->size_bytes - at ||
	    head.count > (gfx->region->size_bytes - at - head.size) / sizeof(**addresses)) {
		return -EPROTO;
	}
	bytes = head.size + head.count * sizeof(**addresses);
	all = g_try_malloc(bytes);
	if (!all) {
		return -ENOMEM;
	}
	ret = vfio_region_read(gfx->device, gfx->region, at, all, bytes);
	if (ret < 0) {
		return ret;
	}
	if (memcmp(all, &head, sizeof(head)) != 0) {
		return -ESTALE;
	}
	*count = head.count;
	*addresses = g_memdup2(all + head.size, head.count * sizeof(**addresses));
	return 0;
}
