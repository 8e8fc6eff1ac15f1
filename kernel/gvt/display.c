// SPDX-License-Identifier: GPL-2.0-or-later
/* What the consumer is told of planes: by query, and by the status page. */
#include <linux/mm.h>

#include "compat.h"
#include "gvt.h"

static_assert(GVT_OFF_NOT == VFIO_GFX_OFF_NOT);
static_assert(GVT_OFF_NEVER_SET == VFIO_GFX_OFF_NEVER_SET);
static_assert(GVT_OFF_DISABLED == VFIO_GFX_OFF_DISABLED);
static_assert(GVT_OFF_BLANKED == VFIO_GFX_OFF_BLANKED);
static_assert(GVT_OFF_GEOMETRY == VFIO_GFX_OFF_GEOMETRY);
static_assert(GVT_OFF_FORMAT == VFIO_GFX_OFF_FORMAT);
static_assert(GVT_OFF_BEYOND == VFIO_GFX_OFF_BEYOND);
static_assert(GVT_OFF_UNALIGNED == VFIO_GFX_OFF_UNALIGNED);
static_assert(GVT_OFF_NO_MEMORY == VFIO_GFX_OFF_NO_MEMORY);
static_assert(GVT_OFF_BAD_ADDRESS == VFIO_GFX_OFF_BAD_ADDRESS);
static_assert(GVT_OFF_LOCKED_MEMORY == VFIO_GFX_OFF_LOCKED_MEMORY);

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

void gvt_display_limit(struct gvt_vgpu *vgpu, struct gvt_plane *plane)
{
	bool inside = plane->src_x_px != 0 || plane->src_y_px != 0 || plane->rotation != 0 ||
		      (plane->modifier == GVT_MODIFIER_LINEAR &&
		       offset_in_page(plane->offset_bytes) != 0);

	if (plane->drm_format != 0 && inside && !READ_ONCE(vgpu->source)) {
		gvt_plane_off(plane, GVT_OFF_UNALIGNED);
	}
}

void gvt_display_plane(struct vfio_gfx_plane *to, const struct gvt_plane *from)
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
static void status_plane(struct gvt_vgpu *vgpu, const struct gvt_plane *from)
{
	struct vfio_gfx_plane *to = &vgpu->status.plane;
	struct vfio_gfx_plane was = *to;
	bool moved = vgpu->status.src_x != from->src_x_px ||
		     vgpu->status.src_y != from->src_y_px ||
		     vgpu->status.rotation != from->rotation;

	gvt_display_plane(to, from);
	to->id = was.id;
	if (moved || memcmp(to, &was, sizeof(was)) != 0) {
		to->id = 0;
	}
	vgpu->status.src_x = from->src_x_px;
	vgpu->status.src_y = from->src_y_px;
	vgpu->status.rotation = from->rotation;
}

void gvt_display_flip(struct gvt_vgpu *vgpu, const struct gvt_plane *plane,
		      const struct gvt_vblank *vblank, u64 now_ns)
{
	status_plane(vgpu, plane);
	vgpu->status.flip_count++;
	vgpu->status.flip_time_ns = now_ns;
	vgpu->status.vblank_epoch_ns = vblank->epoch_ns;
	vgpu->status.vblank_period_ns = vblank->period_ns;
	vgpu->status.link_state = vgpu->edid.link_state;
	gvt_track_show(vgpu, plane, now_ns);
	gvt_status_publish(vgpu);
	gvt_irq_flip(vgpu, now_ns);
}

void gvt_display_cursor(struct gvt_vgpu *vgpu, u64 now_ns)
{
	vgpu->status.cursor_count++;
	vgpu->status.cursor_time_ns = now_ns;
	gvt_status_publish(vgpu);
	gvt_irq_flip(vgpu, now_ns);
}

/* QEMU's region path doesn't fill in the type, which reads as overlay; a region-type device has only
 * the one plane to mean. */
static u32 meant(u32 type, bool region)
{
	return region && type == GVT_PLANE_OVERLAY ? GVT_PLANE_PRIMARY : type;
}

u32 gvt_display_query_primary(struct gvt_vgpu *vgpu, struct gvt_plane *plane, u64 *flips)
{
	unsigned long flags;
	u32 id;

	*flips = READ_ONCE(vgpu->status.flip_count);
	id = vgpu->type->model->query(vgpu, GVT_PLANE_PRIMARY, plane);
	spin_lock_irqsave(&vgpu->state_lock, flags);
	/* After a flip in between it is about another plane, which has no id yet. */
	if (vgpu->status.flip_count == *flips && (vgpu->status.plane.id != id || id == 0)) {
		status_plane(vgpu, plane);
		vgpu->status.plane.id = id;
		gvt_status_publish(vgpu);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	return id;
}

int gvt_display_query(struct gvt_vgpu *vgpu, struct vfio_device_gfx_plane_info *info)
{
	bool region = vgpu->type->offer == GVT_OFFER_REGION;
	u32 type = meant(info->drm_plane_type, region);
	struct gvt_plane plane;
	u64 flips;
	u32 id;

	if (type > GVT_PLANE_CURSOR) {
		return -EINVAL;
	}
	if (type == GVT_PLANE_PRIMARY) {
		id = gvt_display_query_primary(vgpu, &plane, &flips);
	} else {
		id = vgpu->type->model->query(vgpu, type, &plane);
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
