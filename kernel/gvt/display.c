// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gvt.h"

/* Runs of dirty pages with a smaller gap than this are unmapped in one go: a flush costs more than
 * the fault of a clean page. */
#define GAP_PAGES 16

static_assert(GVT_OFF_NOT == VFIO_GFX_OFF_NOT);
static_assert(GVT_OFF_NEVER_SET == VFIO_GFX_OFF_NEVER_SET);
static_assert(GVT_OFF_DISABLED == VFIO_GFX_OFF_DISABLED);
static_assert(GVT_OFF_BLANKED == VFIO_GFX_OFF_BLANKED);
static_assert(GVT_OFF_GEOMETRY == VFIO_GFX_OFF_GEOMETRY);
static_assert(GVT_OFF_FORMAT == VFIO_GFX_OFF_FORMAT);
static_assert(GVT_OFF_BEYOND == VFIO_GFX_OFF_BEYOND);

void gvt_status_publish(struct gvt_vgpu *vgpu)
{
	struct vfio_gfx_status *page = page_address(vgpu->status_page);
	u32 seq = vgpu->status.seq;

	WRITE_ONCE(page->seq, seq + 1);
	smp_wmb(); /* odd before any field; pairs with the reader's first acquire */
	vgpu->status.seq = seq + 1;
	memcpy(page, &vgpu->status, sizeof(vgpu->status));
	smp_wmb(); /* every field before even; pairs with the reader's second look */
	vgpu->status.seq = seq + 2;
	WRITE_ONCE(page->seq, seq + 2);
}

void gvt_display_plane(struct gvt_vgpu *vgpu, struct gvt_plane *plane)
{
	if (gvt_bochs_plane(&vgpu->bochs, plane) && offset_in_page(plane->offset_bytes) != 0) {
		gvt_plane_off(plane, (enum gvt_off_reason)VFIO_GFX_OFF_UNALIGNED);
	}
}

void gvt_display_describe(struct gvt_vgpu *vgpu, const struct gvt_plane *from,
			  struct vfio_gfx_plane *to)
{
	memset(to, 0, sizeof(*to));
	to->drm_format = from->drm_format;
	to->off_reason = from->off_reason;
	to->drm_format_mod = from->modifier;
	to->offset = from->offset_bytes;
	to->size = from->size_bytes;
	to->width = from->width_px;
	to->height = from->height_px;
	to->stride = from->stride_bytes;
}

/* Put @plane into the status; the id stays while it is the same. Under state_lock. */
static void status_plane(struct gvt_vgpu *vgpu, const struct gvt_plane *plane)
{
	struct vfio_gfx_plane was = vgpu->status.plane;
	struct vfio_gfx_plane *to = &vgpu->status.plane;

	gvt_display_describe(vgpu, plane, to);
	to->id = was.id;
	if (memcmp(to, &was, sizeof(was)) != 0) {
		to->id = 0;
	}
}

static void became_dirty(struct gvt_vgpu *vgpu, u64 now)
{
	vgpu->status.damage_generation = vgpu->track.damage.generation;
	vgpu->status.damage_time_ns = now;
}

void gvt_display_changed(struct gvt_vgpu *vgpu)
{
	struct gvt_plane plane;
	unsigned long flags;
	u64 now;

	gvt_display_plane(vgpu, &plane);
	if (vgpu->type->offer == GVT_OFFER_REGION) {
		gvt_map_fb_show(vgpu, &plane);
	}
	spin_lock_irqsave(&vgpu->state_lock, flags);
	now = ktime_get_ns();
	status_plane(vgpu, &plane);
	vgpu->status.flip_count++;
	vgpu->status.flip_time_ns = now;
	vgpu->status.vblank_epoch_ns = vgpu->bochs.vblank.epoch_ns;
	vgpu->status.vblank_period_ns = vgpu->bochs.vblank.period_ns;
	vgpu->status.link_state = vgpu->edid.link_state;
	if (vgpu->track.on && gvt_damage_show(&vgpu->track.damage, &plane)) {
		became_dirty(vgpu, now);
	}
	gvt_status_publish(vgpu);
	gvt_irq_flip(vgpu, now);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

void gvt_display_events(struct gvt_vgpu *vgpu, unsigned int events)
{
	if (events & GVT_BOCHS_CHANGED) {
		gvt_display_changed(vgpu);
	}
	/* Who polls settles by asking; only a listener needs somebody to look after a frame. */
	if ((events & GVT_BOCHS_PENDING) && gvt_irq_wanted(vgpu)) {
		schedule_delayed_work(&vgpu->settle,
				      nsecs_to_jiffies(vgpu->bochs.vblank.period_ns) + 1);
	}
}

/* DRM_PLANE_TYPE_* of drm_mode.h's "type" property. */
enum { PLANE_TYPE_OVERLAY = 0, PLANE_TYPE_PRIMARY = 1, PLANE_TYPE_CURSOR = 2 };

/*
 * This display engine has neither overlay nor cursor. QEMU's region path doesn't fill in the type,
 * which reads as overlay; a region-type device has only the one plane to mean.
 */
static bool is_primary(u32 type, bool region)
{
	return type == PLANE_TYPE_PRIMARY || (region && type == PLANE_TYPE_OVERLAY);
}

int gvt_display_query(struct gvt_vgpu *vgpu, struct vfio_device_gfx_plane_info *info)
{
	bool region = vgpu->type->offer == GVT_OFFER_REGION;
	struct gvt_plane plane;
	unsigned long flags;
	u32 id = 0;

	gvt_plane_off(&plane, GVT_OFF_DISABLED);
	if (is_primary(info->drm_plane_type, region)) {
		mutex_lock(&vgpu->lock);
		gvt_display_events(vgpu, gvt_bochs_settle(&vgpu->bochs, ktime_get_ns()));
		gvt_display_plane(vgpu, &plane);
		if (plane.drm_format != 0) {
			id = gvt_buf_id(vgpu->vram, &plane);
			if (id == 0) {
				gvt_plane_off(&plane, (enum gvt_off_reason)VFIO_GFX_OFF_NO_MEMORY);
			}
		}
		spin_lock_irqsave(&vgpu->state_lock, flags);
		if (vgpu->status.plane.id != id) {
			status_plane(vgpu, &plane);
			vgpu->status.plane.id = id;
			gvt_status_publish(vgpu);
		}
		spin_unlock_irqrestore(&vgpu->state_lock, flags);
		mutex_unlock(&vgpu->lock);
	} else if (info->drm_plane_type > PLANE_TYPE_CURSOR) {
		return -EINVAL;
	}
	info->drm_format = plane.drm_format;
	info->drm_format_mod = plane.modifier;
	info->width = plane.width_px;
	info->height = plane.height_px;
	info->stride = plane.stride_bytes;
	info->size = plane.size_bytes;
	info->x_pos = (u32)plane.x_px;
	info->y_pos = (u32)plane.y_px;
	info->x_hot = plane.hot_x_px;
	info->y_hot = plane.hot_y_px;
	if (region) {
		info->region_index = plane.drm_format ? GVT_REGION_FB : 0;
	} else {
		info->dmabuf_id = id;
	}
	return 0;
}

size_t gvt_track_damage_size(const struct gvt_vgpu *vgpu)
{
	return sizeof(struct vfio_gfx_damage) + gvt_damage_bitmap_bytes(vgpu->type->vram_bytes);
}

int gvt_track_start(struct gvt_vgpu *vgpu)
{
	size_t tiles_bytes = gvt_damage_bitmap_bytes(vgpu->vram->bytes);
	struct gvt_track *track = &vgpu->track;
	unsigned long *dirty, *spare;
	struct gvt_plane plane;
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
	gvt_display_plane(vgpu, &plane);
	spin_lock_irqsave(&vgpu->state_lock, flags);
	track->dirty = dirty;
	track->spare = spare;
	track->tiles = tiles;
	gvt_damage_init(&track->damage, tiles, tiles_bytes);
	track->damage.generation = vgpu->status.damage_generation;
	track->on = true;
	if (gvt_damage_show(&track->damage, &plane)) {
		became_dirty(vgpu, ktime_get_ns());
		gvt_status_publish(vgpu);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
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
