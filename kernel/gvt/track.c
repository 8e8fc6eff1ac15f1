// SPDX-License-Identifier: GPL-2.0-or-later
/* Which tiles of the shown plane were written (core/gvt_damage.h); map.c notices the writes. */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gvt.h"

/* Runs of dirty pages with a smaller gap than this are unmapped in one go: a flush costs more than
 * the fault of a clean page. */
#define GAP_PAGES 16

static void became_dirty(struct gvt_vgpu *vgpu, u64 now)
{
	vgpu->status.damage_generation = vgpu->track.damage.generation;
	vgpu->status.damage_time_ns = now;
}

void gvt_track_show(struct gvt_vgpu *vgpu, const struct gvt_plane *plane, u64 now_ns)
{
	if (vgpu->track.on && gvt_damage_show(&vgpu->track.damage, plane)) {
		became_dirty(vgpu, now_ns);
	}
}

size_t gvt_track_damage_size(const struct gvt_vgpu *vgpu)
{
	if (!(vgpu->type->model->caps & VFIO_GFX_CAP_DAMAGE)) {
		return 0;
	}
	return sizeof(struct vfio_gfx_damage) + gvt_damage_bitmap_bytes(vgpu->type->vram_bytes);
}

int gvt_track_start(struct gvt_vgpu *vgpu)
{
	size_t tiles_bytes = gvt_damage_bitmap_bytes(vgpu->vram->bytes);
	struct gvt_track *track = &vgpu->track;
	unsigned long *dirty, *spare;
	unsigned long flags;
	void *tiles;

	if (track->on) {
		return 0;
	}
	dirty = bitmap_zalloc(vgpu->vram->nr_pages, GFP_KERNEL_ACCOUNT);
	spare = bitmap_zalloc(vgpu->vram->nr_pages, GFP_KERNEL_ACCOUNT);
	tiles = kvcalloc(GVT_DAMAGE_PLANES, tiles_bytes, GFP_KERNEL_ACCOUNT);
	if (!dirty || !spare || !tiles) {
		bitmap_free(dirty);
		bitmap_free(spare);
		kvfree(tiles);
		return -ENOMEM;
	}
	spin_lock_irqsave(&vgpu->state_lock, flags);
	track->dirty = dirty;
	track->spare = spare;
	track->tiles = tiles;
	gvt_damage_init(&track->damage, tiles, tiles_bytes);
	track->damage.generation = vgpu->status.damage_generation;
	track->on = true;
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	vgpu->type->model->changed(vgpu);
	gvt_map_protect(vgpu, 0, vgpu->vram->nr_pages);
	return 0;
}

void gvt_track_stop(struct gvt_vgpu *vgpu)
{
	struct gvt_track was;
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	was = vgpu->track;
	memset(&vgpu->track, 0, sizeof(vgpu->track));
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	bitmap_free(was.dirty);
	bitmap_free(was.spare);
	kvfree(was.tiles);
}

void gvt_track_page(struct gvt_vgpu *vgpu, unsigned long index)
{
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	if (vgpu->track.on && !__test_and_set_bit(index, vgpu->track.dirty) &&
	    gvt_damage_page(&vgpu->track.damage, index)) {
		u64 now = ktime_get_ns();

		became_dirty(vgpu, now);
		gvt_status_publish(vgpu);
		gvt_irq_dirty(vgpu, now);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

/* Fill the head of a harvest. Under state_lock. */
static void damage_head(struct gvt_vgpu *vgpu, const struct gvt_damage_report *r,
			struct vfio_gfx_damage *head)
{
	memset(head, 0, sizeof(*head));
	head->size = sizeof(*head);
	head->bitmap_size = r->bitmap_bytes;
	head->flags = (r->all ? VFIO_GFX_DAMAGE_ALL : 0) |
		      (vgpu->track.on ? VFIO_GFX_DAMAGE_TRACKING : 0);
	head->tile_width = r->tile_width_px;
	head->tile_height = r->tile_height_px;
	head->tiles_x = r->tiles_x;
	head->tiles_y = r->tiles_y;
	head->generation = r->generation;
	head->flip_count = vgpu->status.flip_count;
	head->plane = vgpu->status.plane;
}

/* Without tracking nothing is known: the whole plane as one tile. */
static void damage_unknown(struct gvt_vgpu *vgpu, struct gvt_damage_report *r)
{
	memset(r, 0, sizeof(*r));
	r->all = true;
	r->generation = vgpu->status.damage_generation;
	if (vgpu->status.plane.drm_format != 0) {
		r->tile_width_px = vgpu->status.plane.width;
		r->tile_height_px = vgpu->status.plane.height;
		r->tiles_x = 1;
		r->tiles_y = 1;
		r->bitmap_bytes = 1;
	}
}

/* Let the next write to each page in @dirty be noticed, and clear it. */
static void protect_again(struct gvt_vgpu *vgpu, unsigned long *dirty)
{
	unsigned long nr = vgpu->vram->nr_pages;
	unsigned long first = find_first_bit(dirty, nr);

	while (first < nr) {
		unsigned long end = find_next_zero_bit(dirty, nr, first);
		unsigned long next = find_next_bit(dirty, nr, end);

		while (next < nr && next - end < GAP_PAGES) {
			end = find_next_zero_bit(dirty, nr, next);
			next = find_next_bit(dirty, nr, end);
		}
		gvt_map_protect(vgpu, first, end - first);
		first = next;
	}
	bitmap_zero(dirty, nr);
}

/* Under lock. True: taken, and @room bytes behind @head were enough for it. */
static bool harvest(struct gvt_vgpu *vgpu, struct vfio_gfx_damage *head, size_t room)
{
	struct gvt_track *track = &vgpu->track;
	struct gvt_damage_report r;
	unsigned long flags;
	bool taken, protect;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	if (track->on) {
		gvt_damage_look(&track->damage, &r);
	} else {
		damage_unknown(vgpu, &r);
	}
	taken = r.bitmap_bytes <= room;
	protect = taken && track->on;
	if (protect) {
		gvt_damage_harvest(&track->damage, &r, (u8 *)(head + 1));
		swap(track->dirty, track->spare);
	} else if (taken) {
		memset(head + 1, 0xff, r.bitmap_bytes);
	}
	damage_head(vgpu, &r, head);
	if (taken) {
		head->flags |= VFIO_GFX_DAMAGE_HARVESTED;
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	/* Only lock holders touch spare, so it is ours now. */
	if (protect) {
		protect_again(vgpu, track->spare);
	}
	return taken;
}

ssize_t gvt_track_harvest(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	size_t most = gvt_track_damage_size(vgpu);
	struct vfio_gfx_damage *head;
	size_t length;
	ssize_t ret;
	bool taken;

	if (offset != 0 || count == 0) {
		return -EINVAL;
	}
	head = kvzalloc(most, GFP_KERNEL);
	if (!head) {
		return -ENOMEM;
	}
	count = min(count, most);
	mutex_lock(&vgpu->lock);
	taken = harvest(vgpu, head, count > sizeof(*head) ? count - sizeof(*head) : 0);
	mutex_unlock(&vgpu->lock);
	length = sizeof(*head) + (taken ? head->bitmap_size : 0);
	length = min(length, count);
	ret = copy_to_user(buf, head, length) ? -EFAULT : length;
	kvfree(head);
	return ret;
}
