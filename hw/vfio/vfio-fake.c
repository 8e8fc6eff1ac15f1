// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-fake.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/range.h"

/* As often the module copies for one request. */
#define SNAPSHOT_TRIES 16u

/* File offsets as vfio-pci makes them. */
#define INDEX_SHIFT 40

static struct vfio_fake *from(struct vfio_device *device)
{
	return (struct vfio_fake *)device;
}

static int fake_get_info(struct vfio_device *device, struct vfio_device_info *info)
{
	info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info->num_regions = from(device)->region_count;
	info->num_irqs = from(device)->irq_count;
	return 0;
}

/* The capabilities as the kernel lays them out behind the struct; their length. */
static uint32_t put_caps(const struct vfio_fake_region *region, uint8_t *out)
{
	uint32_t at = 0;

	if (region->sparse) {
		struct vfio_region_info_cap_sparse_mmap cap = {
			.header = { VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 0 },
			.nr_areas = region->sparse_count,
		};
		uint32_t bytes = region->sparse_count * (uint32_t)sizeof(*region->sparse);

		cap.header.next = (uint32_t)(sizeof(struct vfio_region_info) + sizeof(cap)) + bytes;
		memcpy(out, &cap, sizeof(cap));
		memcpy(out + sizeof(cap), region->sparse, bytes);
		at = (uint32_t)sizeof(cap) + bytes;
	}
	struct vfio_region_info_cap_type type = {
		.header = { VFIO_REGION_INFO_CAP_TYPE, 1, region->cap_next_override },
		.type = region->type,
		.subtype = region->subtype,
	};
	memcpy(out + at, &type, sizeof(type));
	return at + (uint32_t)sizeof(type);
}

static int fake_get_region_info(struct vfio_device *device, struct vfio_region_info *info)
{
	struct vfio_fake_region *region = &from(device)->regions[info->index];
	uint8_t caps[1024];
	uint32_t caps_bytes;

	if (info->index >= VFIO_FAKE_REGIONS || !region->size_bytes) {
		return -EINVAL;
	}
	info->flags = region->flags;
	info->size = region->size_bytes;
	info->offset = (uint64_t)info->index << INDEX_SHIFT;
	info->cap_offset = 0;
	if (!(region->flags & VFIO_REGION_INFO_FLAG_CAPS)) {
		return 0;
	}
	caps_bytes = put_caps(region, caps);
	if (info->argsz < sizeof(*info) + caps_bytes) {
		info->argsz = (uint32_t)sizeof(*info) + caps_bytes;
	} else {
		memcpy(info + 1, caps, caps_bytes);
		info->cap_offset = sizeof(*info);
	}
	return 0;
}

static int fake_get_irq_info(struct vfio_device *device, struct vfio_irq_info *info)
{
	if (info->index >= VFIO_FAKE_IRQS) {
		return -EINVAL;
	}
	info->count = from(device)->irqs[info->index].count;
	info->flags = from(device)->irqs[info->index].flags;
	return 0;
}

static int fake_set_irqs(struct vfio_device *device, const struct vfio_irq_set *set)
{
	struct vfio_fake *fake = from(device);
	const int32_t *fds = (const void *)set->data;
	bool eventfd = set->flags & VFIO_IRQ_SET_DATA_EVENTFD;

	if (set->index >= VFIO_FAKE_IRQS || !fake->irqs[set->index].count) {
		return -EINVAL;
	}
	fake->irqs[set->index].sets++;
	if (set->flags & VFIO_IRQ_SET_ACTION_UNMASK) {
		if (eventfd) {
			fake->irqs[set->index].unmask_fd = fds[0];
		} else {
			fake->irqs[set->index].unmasks++;
		}
		return 0;
	}
	if (!eventfd && !set->count) {
		for (unsigned int i = 0; i < VFIO_FAKE_VECTORS; i++) {
			fake->irqs[set->index].fds[i] = -1;
		}
		fake->irqs[set->index].enabled = 0;
		return 0;
	}
	if (fake->irqs[set->index].result) {
		return fake->irqs[set->index].result;
	}
	if (!eventfd || !range_fits(set->start, set->count, fake->irqs[set->index].count)) {
		return -EINVAL;
	}
	/* As before Linux 6.5: what is not set up at first can't be added. */
	if (fake->irqs[set->index].enabled &&
	    set->start + set->count > fake->irqs[set->index].enabled) {
		return -EINVAL;
	}
	for (unsigned int i = 0; i < set->count; i++) {
		fake->irqs[set->index].fds[set->start + i] = fds[i];
	}
	if (!fake->irqs[set->index].enabled) {
		fake->irqs[set->index].enabled = set->start + set->count;
	}
	return 0;
}

static int fake_reset(struct vfio_device *device)
{
	from(device)->resets++;
	return 0;
}

static struct vfio_fake_region *region_at(struct vfio_device *device, uint64_t *offset,
					  size_t *size)
{
	uint64_t index = *offset >> INDEX_SHIFT;
	struct vfio_fake_region *region;

	if (index >= VFIO_FAKE_REGIONS) {
		return NULL;
	}
	region = &from(device)->regions[index];
	*offset &= (1ull << INDEX_SHIFT) - 1;
	if (*offset >= region->size_bytes) {
		return NULL;
	}
	*size = MIN(*size, region->size_bytes - *offset);
	return region;
}

static ssize_t harvest(struct vfio_fake *fake, void *data, size_t size)
{
	size_t bytes = fake->damage.size + fake->damage.bitmap_size;

	fake->harvests++;
	bytes = MIN(bytes, sizeof(fake->damage) + sizeof(fake->damage_bitmap));
	bytes = MIN(bytes, size);
	memcpy(data, &fake->damage, MIN(bytes, sizeof(fake->damage)));
	if (bytes > sizeof(fake->damage)) {
		memcpy((uint8_t *)data + sizeof(fake->damage), fake->damage_bitmap,
		       bytes - sizeof(fake->damage));
	}
	/* Harvested: nothing is left for the next one. */
	memset(fake->damage_bitmap, 0, sizeof(fake->damage_bitmap));
	fake->damage.flags &= ~VFIO_GFX_DAMAGE_ALL;
	return (ssize_t)bytes;
}

static ssize_t fake_read(struct vfio_device *device, void *data, size_t size, uint64_t offset)
{
	struct vfio_fake_region *region = region_at(device, &offset, &size);

	from(device)->reads++;
	if (!region) {
		return -EINVAL;
	}
	if (region->type == VFIO_GFX_REGION_TYPE && region->subtype == VFIO_GFX_REGION_SUBTYPE) {
		if (offset == VFIO_FAKE_DAMAGE) {
			return harvest(from(device), data, size);
		}
		/* The head of it is asked for first. */
		if (offset == 0 && size == sizeof(struct vfio_gfx_status) &&
		    from(device)->before_status) {
			from(device)->before_status(from(device), from(device)->opaque);
		}
	}
	memcpy(data, region->data + offset, size);
	return (ssize_t)size;
}

static struct vfio_gfx_snapshot *snapshot_of(struct vfio_fake *fake)
{
	return (void *)(fake->regions[fake->snapshot_gfx].data + VFIO_FAKE_SNAPSHOT);
}

static struct vfio_gfx_status *gfx_status_of(struct vfio_fake *fake)
{
	return (void *)fake->regions[fake->snapshot_gfx].data;
}

static void set_state(struct vfio_fake *fake, uint32_t state)
{
	snapshot_of(fake)->state = gfx_status_of(fake)->snapshot_state = state;
}

/* One try. False: there was a flip. */
static bool copy_plane(struct vfio_fake *fake, struct vfio_gfx_snapshot *told)
{
	const struct vfio_gfx_status *status = gfx_status_of(fake);
	struct vfio_device_gfx_plane_info plane = fake->primary;
	uint64_t at = told->area_offset + told->slot * told->slot_size;
	uint8_t *to = fake->regions[fake->snapshot_gfx].data + at;
	uint64_t flips = status->flip_count;
	size_t half = plane.size / 2;
	void *fd;

	g_assert(plane.size <= told->slot_size &&
		 g_hash_table_lookup_extended(fake->dmabufs, GUINT_TO_POINTER(plane.dmabuf_id),
					      NULL, &fd));
	told->tries++;
	g_assert(pread(GPOINTER_TO_INT(fd), to, half, 0) == (ssize_t)half);
	if (fake->amid_copy) {
		fake->amid_copy(fake, fake->opaque);
	}
	g_assert(pread(GPOINTER_TO_INT(fd), to + half, plane.size - half, (off_t)half) ==
		 (ssize_t)(plane.size - half));
	told->flip_count = flips;
	told->flip_time_ns = status->flip_time_ns;
	told->time_ns = (uint64_t)clock_ns();
	told->plane = (struct vfio_gfx_plane){
		.drm_format = plane.drm_format, .drm_format_mod = plane.drm_format_mod,
		.size = plane.size, .width = plane.width, .height = plane.height,
		.stride = plane.stride, .id = plane.dmabuf_id,
	};
	return status->flip_count == flips;
}

void vfio_fake_snapshot(struct vfio_fake *fake, uint32_t reason)
{
	struct vfio_gfx_snapshot *told = snapshot_of(fake);
	uint32_t irq = gfx_status_of(fake)->irq_index;
	bool whole = false;

	if (told->state != VFIO_GFX_SNAPSHOT_REQUEST) {
		return;
	}
	if (!reason && !fake->primary.drm_format) {
		reason = VFIO_GFX_SNAPSHOT_OFF;
	}
	while (!reason && !whole) {
		whole = copy_plane(fake, told);
		reason = !whole && told->tries == SNAPSHOT_TRIES ? VFIO_GFX_SNAPSHOT_FLIPS : 0;
	}
	told->reason = reason;
	set_state(fake, reason ? VFIO_GFX_SNAPSHOT_FAILED : VFIO_GFX_SNAPSHOT_COMPLETE);
	gfx_status_of(fake)->snapshot_count++;
	vfio_fake_signal(fake, irq, 0);
}

/* As the module answers. */
static int snapshot_request(struct vfio_fake *fake, const uint32_t *wanted, size_t size)
{
	struct vfio_gfx_snapshot *told = snapshot_of(fake);
	uint32_t control;

	memcpy(&control, fake->regions[fake->snapshot_gfx].data + VFIO_FAKE_CONTROL, 4);
	if (size != 2 * sizeof(*wanted) || wanted[0] != VFIO_GFX_SNAPSHOT_REQUEST ||
	    wanted[1] >= told->slots || !(control & VFIO_GFX_CONTROL_SNAPSHOT)) {
		return -EINVAL;
	}
	if (told->state == VFIO_GFX_SNAPSHOT_REQUEST) {
		return -EBUSY;
	}
	if (fake->snapshot_result) {
		return fake->snapshot_result;
	}
	fake->snapshot_requests++;
	told->slot = wanted[1];
	told->tries = 0;
	/* A slot that is requested is nobody's any more. */
	memset(fake->regions[fake->snapshot_gfx].data + told->area_offset +
		       told->slot * told->slot_size, 0xa5, told->slot_size);
	set_state(fake, VFIO_GFX_SNAPSHOT_REQUEST);
	if (!fake->snapshots_wait) {
		vfio_fake_snapshot(fake, 0);
	}
	return 0;
}

static struct vfio_gfx_status *hold_status_of(struct vfio_fake *fake)
{
	return (void *)fake->regions[fake->hold_gfx].data;
}

bool vfio_fake_is_held(struct vfio_fake *fake)
{
	return fake->hold_on && fake->hold_flip == hold_status_of(fake)->flip_count;
}

static int write_hold(struct vfio_fake *fake, const void *data, size_t size)
{
	struct vfio_gfx_hold hold;
	bool shown;

	g_assert(size == sizeof(hold));
	memcpy(&hold, data, sizeof(hold));
	g_assert(!hold.reserved);
	if (fake->hold_result) {
		return fake->hold_result;
	}
	shown = hold.flip_count == hold_status_of(fake)->flip_count && fake->primary.drm_format;
	if (hold.timeout_ms) {
		fake->holds += shown;
		fake->late_holds += !shown;
		fake->hold_on = shown;
		fake->hold_flip = hold.flip_count;
		return shown ? 0 : -ESTALE;
	}
	/* Letting go twice, or of what was never held, is a mistake of the caller's. */
	g_assert(fake->hold_on && fake->hold_flip == hold.flip_count);
	fake->hold_on = false;
	fake->late_releases += !shown;
	return shown ? 0 : -ESTALE;
}

static ssize_t fake_write(struct vfio_device *device, const void *data, size_t size,
			  uint64_t offset)
{
	struct vfio_fake_region *region = region_at(device, &offset, &size);
	uint32_t value = 0;

	from(device)->writes++;
	if (!region) {
		return -EINVAL;
	}
	if (from(device)->hold_gfx && offset == VFIO_FAKE_HOLD &&
	    region == &from(device)->regions[from(device)->hold_gfx]) {
		int ret = write_hold(from(device), data, size);

		return ret ? ret : (ssize_t)size;
	}
	if (from(device)->snapshot_gfx &&
	    region == &from(device)->regions[from(device)->snapshot_gfx]) {
		if (offset == VFIO_FAKE_SNAPSHOT + offsetof(struct vfio_gfx_snapshot, state)) {
			int ret = snapshot_request(from(device), data, size);

			return ret ? ret : (ssize_t)size;
		}
		memcpy(&value, data, MIN(size, sizeof(value)));
		if (offset == VFIO_FAKE_CONTROL && !(value & VFIO_GFX_CONTROL_SNAPSHOT)) {
			set_state(from(device), VFIO_GFX_SNAPSHOT_IDLE);
		}
	}
	memcpy(region->data + offset, data, size);
	if (region->type == VFIO_REGION_TYPE_GFX &&
	    region->subtype == VFIO_REGION_SUBTYPE_GFX_EDID && size == 4 &&
	    offset == offsetof(struct vfio_region_gfx_edid, link_state)) {
		memcpy(&value, data, sizeof(value));
		if (value == VFIO_DEVICE_GFX_LINK_STATE_DOWN) {
			from(device)->link_downs++;
			from(device)->link_down_ns = clock_ns();
		} else if (value == VFIO_DEVICE_GFX_LINK_STATE_UP) {
			from(device)->link_ups++;
			from(device)->link_up_ns = clock_ns();
		}
	}
	return (ssize_t)size;
}

static int fake_map(struct vfio_device *device, uint64_t offset, uint64_t size, int prot,
		    void **hva)
{
	size_t room = size;
	struct vfio_fake_region *region = region_at(device, &offset, &room);

	if (!region || !(region->flags & VFIO_REGION_INFO_FLAG_MMAP)) {
		return -EINVAL;
	}
	*hva = mmap(NULL, size, prot, MAP_SHARED, region->fd, (off_t)offset);
	if (*hva == MAP_FAILED) {
		return -errno;
	}
	from(device)->maps++;
	return 0;
}

static int fake_query_plane(struct vfio_device *device, struct vfio_device_gfx_plane_info *info)
{
	struct vfio_fake *fake = from(device);
	uint32_t kind = info->flags & ~VFIO_GFX_PLANE_TYPE_PROBE;
	const struct vfio_device_gfx_plane_info *plane;

	if (!(kind == VFIO_GFX_PLANE_TYPE_DMABUF && fake->dmabuf) &&
	    !(kind == VFIO_GFX_PLANE_TYPE_REGION && fake->region)) {
		return -EINVAL;
	}
	if (info->flags & VFIO_GFX_PLANE_TYPE_PROBE) {
		return 0;
	}
	if (info->drm_plane_type == 2) {
		fake->cursor_queries++;
		if (fake->cursor_result) {
			return fake->cursor_result;
		}
		plane = &fake->cursor;
	} else if (info->drm_plane_type != fake->screen_type) {
		return -EINVAL;
	} else {
		fake->queries++;
		if (fake->query_failures) {
			fake->query_failures--;
			return fake->query_result;
		}
		plane = &fake->primary;
	}
	/* from drm_format on it is the driver's to fill */
	memcpy(&info->drm_format, &plane->drm_format,
	       sizeof(*info) - offsetof(struct vfio_device_gfx_plane_info, drm_format));
	if (plane == &fake->primary && fake->after_query) {
		fake->after_query(fake, fake->opaque);
	}
	return 0;
}

static int fake_get_dmabuf(struct vfio_device *device, uint32_t id)
{
	struct vfio_fake *fake = from(device);
	void *fd;

	fake->gets++;
	if (fake->get_result) {
		return fake->get_result;
	}
	if (!g_hash_table_lookup_extended(fake->dmabufs, GUINT_TO_POINTER(id), NULL, &fd)) {
		return -ENOENT;
	}
	return fcntl(GPOINTER_TO_INT(fd), F_DUPFD_CLOEXEC, 0);
}

static void fake_close(struct vfio_device *device)
{
	/* the test owns it */
}

static const struct vfio_io_ops fake_ops = {
	.get_info = fake_get_info,
	.get_region_info = fake_get_region_info,
	.get_irq_info = fake_get_irq_info,
	.set_irqs = fake_set_irqs,
	.reset = fake_reset,
	.read = fake_read,
	.write = fake_write,
	.map = fake_map,
	.query_plane = fake_query_plane,
	.get_dmabuf = fake_get_dmabuf,
	.close = fake_close,
};

static void close_fd(gpointer fd)
{
	close(GPOINTER_TO_INT(fd));
}

struct vfio_fake *vfio_fake_create(void)
{
	struct vfio_fake *fake = g_new0(struct vfio_fake, 1);

	fake->device.ops = &fake_ops;
	fake->device.name = g_strdup("vfio fake");
	fake->device.fd = -1;
	fake->region_count = VFIO_PCI_NUM_REGIONS;
	fake->irq_count = VFIO_PCI_NUM_IRQS;
	fake->screen_type = 1;
	fake->dmabufs = g_hash_table_new_full(NULL, NULL, NULL, close_fd);
	for (unsigned int i = 0; i < VFIO_FAKE_REGIONS; i++) {
		fake->regions[i].fd = -1;
	}
	for (unsigned int i = 0; i < VFIO_FAKE_IRQS; i++) {
		memset(fake->irqs[i].fds, 0xff, sizeof(fake->irqs[i].fds));
		fake->irqs[i].unmask_fd = -1;
	}
	vfio_fake_region_add(fake, VFIO_PCI_CONFIG_REGION_INDEX, 256,
			     VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE, 0, 0);
	return fake;
}

void vfio_fake_destroy(struct vfio_fake *fake)
{
	vfio_device_finish(&fake->device);
	for (unsigned int i = 0; i < VFIO_FAKE_REGIONS; i++) {
		struct vfio_fake_region *region = &fake->regions[i];

		if (region->data) {
			munmap(region->data, round_up(region->size_bytes, 4096));
		}
		fd_close(&region->fd);
	}
	g_hash_table_unref(fake->dmabufs);
	g_free(fake);
}

static uint8_t *memory(int *fd, uint64_t size_bytes)
{
	size_t size = round_up(size_bytes, 4096);
	void *data;

	*fd = memfd_create("vfio-fake", MFD_CLOEXEC);
	g_assert(*fd >= 0 && ftruncate(*fd, (off_t)size) == 0);
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	g_assert(data != MAP_FAILED);
	return data;
}

uint8_t *vfio_fake_region_add(struct vfio_fake *fake, uint32_t index, uint64_t size_bytes,
			      uint32_t flags, uint32_t type, uint32_t subtype)
{
	struct vfio_fake_region *region = &fake->regions[index];

	*region = (struct vfio_fake_region){
		.size_bytes = size_bytes,
		.flags = flags | (type ? VFIO_REGION_INFO_FLAG_CAPS : 0),
		.type = type,
		.subtype = subtype,
	};
	region->data = memory(&region->fd, size_bytes);
	return region->data;
}

uint8_t *vfio_fake_dmabuf_add(struct vfio_fake *fake, uint32_t id, uint64_t size_bytes)
{
	/* In a region beyond all others, so that the memory is the fake's to free. */
	uint32_t index = VFIO_FAKE_REGIONS - 1;
	uint8_t *data;

	while (fake->regions[index].size_bytes) {
		g_assert(index-- > 12);
	}
	data = vfio_fake_region_add(fake, index, size_bytes, 0, 0, 0);
	g_hash_table_replace(fake->dmabufs, GUINT_TO_POINTER(id),
			     GINT_TO_POINTER(fcntl(fake->regions[index].fd, F_DUPFD_CLOEXEC, 0)));
	return data;
}

void vfio_fake_dmabuf_add_unmappable(struct vfio_fake *fake, uint32_t id)
{
	/* A file of the right size that refuses mmap: sealed against nothing, opened for writing. */
	g_autofree char *path = NULL;
	int fd = memfd_create("vfio-fake", MFD_CLOEXEC), write_only;

	g_assert(fd >= 0 && ftruncate(fd, 64 << 20) == 0);
	path = g_strdup_printf("/proc/self/fd/%d", fd);
	write_only = open(path, O_WRONLY | O_CLOEXEC);
	g_assert(write_only >= 0);
	close(fd);
	g_hash_table_replace(fake->dmabufs, GUINT_TO_POINTER(id), GINT_TO_POINTER(write_only));
}

void vfio_fake_plane_set(struct vfio_device_gfx_plane_info *plane, uint32_t fourcc,
			 uint32_t width, uint32_t height, uint32_t id)
{
	*plane = (struct vfio_device_gfx_plane_info){
		.drm_format = fourcc,
		.width = width,
		.height = height,
		.stride = width * 4,
		.size = (uint32_t)round_up((uint64_t)width * 4 * height, 4096),
		.x_hot = UINT32_MAX,
		.y_hot = UINT32_MAX,
		.dmabuf_id = id,
	};
}

void vfio_fake_edid_add(struct vfio_fake *fake, uint32_t index, uint32_t max_size,
			uint32_t max_xres, uint32_t max_yres)
{
	struct vfio_region_gfx_edid *edid = (void *)vfio_fake_region_add(
		fake, index, 4096, VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
		VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID);

	fake->region_count = MAX(fake->region_count, index + 1);
	edid->edid_offset = 64;
	edid->edid_max_size = max_size;
	edid->max_xres = max_xres;
	edid->max_yres = max_yres;
	edid->link_state = VFIO_DEVICE_GFX_LINK_STATE_UP;
}

struct vfio_gfx_status *vfio_fake_gfx_add(struct vfio_fake *fake, uint32_t index, uint32_t irq)
{
	struct vfio_gfx_status *status = (void *)vfio_fake_region_add(
		fake, index, VFIO_FAKE_AREA + VFIO_FAKE_SLOTS * VFIO_FAKE_SLOT_BYTES,
		VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
			VFIO_REGION_INFO_FLAG_MMAP,
		VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE);
	static const struct vfio_region_sparse_mmap_area page = { 0, 4096 };

	fake->regions[index].sparse = &page;
	fake->regions[index].sparse_count = 1;
	fake->region_count = MAX(fake->region_count, index + 1);
	fake->irq_count = MAX(fake->irq_count, irq + 1);
	fake->irqs[irq].count = 1;
	fake->irqs[irq].flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
	*status = (struct vfio_gfx_status){
		.magic = VFIO_GFX_MAGIC,
		.version = VFIO_GFX_VERSION,
		.size = sizeof(*status),
		.caps = VFIO_GFX_CAP_IRQ | VFIO_GFX_CAP_DAMAGE,
		.irq_index = irq,
		.control_offset = VFIO_FAKE_CONTROL,
		.damage_offset = VFIO_FAKE_DAMAGE,
		.damage_size = VFIO_FAKE_DAMAGE_BYTES,
		.heads = 1,
	};
	return status;
}

struct vfio_gfx_snapshot *vfio_fake_snapshot_add(struct vfio_fake *fake, uint32_t index)
{
	/* Only the pixels, so that each read of the status page is one that a test can meet. */
	static const struct vfio_region_sparse_mmap_area area = {
		VFIO_FAKE_AREA, VFIO_FAKE_SLOTS * VFIO_FAKE_SLOT_BYTES };
	struct vfio_gfx_snapshot *told;

	fake->snapshot_gfx = index;
	fake->regions[index].sparse = &area;
	gfx_status_of(fake)->caps |= VFIO_GFX_CAP_SNAPSHOT;
	gfx_status_of(fake)->snapshot_offset = VFIO_FAKE_SNAPSHOT;
	told = snapshot_of(fake);
	*told = (struct vfio_gfx_snapshot){
		.size = sizeof(*told),
		.slots = VFIO_FAKE_SLOTS,
		.slot_size = VFIO_FAKE_SLOT_BYTES,
		.area_offset = VFIO_FAKE_AREA,
	};
	return told;
}

void vfio_fake_hold_add(struct vfio_fake *fake, uint32_t index)
{
	fake->hold_gfx = index;
	hold_status_of(fake)->caps |= VFIO_GFX_CAP_HOLD;
	hold_status_of(fake)->hold_offset = VFIO_FAKE_HOLD;
	hold_status_of(fake)->hold_max_ms = 50;
}

void vfio_fake_signal(struct vfio_fake *fake, uint32_t index, unsigned int number)
{
	if (fake->irqs[index].fds[number] >= 0) {
		eventfd_kick(fake->irqs[index].fds[number]);
	}
}

void vfio_fake_damage_set(struct vfio_fake *fake, uint32_t tile, const uint8_t *bitmap,
			  size_t bytes)
{
	const struct vfio_device_gfx_plane_info *plane = &fake->primary;

	fake->damage = (struct vfio_gfx_damage){
		.size = sizeof(fake->damage),
		.flags = VFIO_GFX_DAMAGE_HARVESTED | VFIO_GFX_DAMAGE_TRACKING,
		.tile_width = tile,
		.tile_height = tile,
		.tiles_x = (plane->width + tile - 1) / tile,
		.tiles_y = (plane->height + tile - 1) / tile,
		.generation = fake->damage.generation + 1,
		.plane = { .drm_format = plane->drm_format, .width = plane->width,
			   .height = plane->height, .stride = plane->stride },
	};
	fake->damage.bitmap_size = (fake->damage.tiles_x * fake->damage.tiles_y + 7) / 8;
	g_assert(bytes <= sizeof(fake->damage_bitmap));
	memset(fake->damage_bitmap, 0, sizeof(fake->damage_bitmap));
	memcpy(fake->damage_bitmap, bitmap, bytes);
}
