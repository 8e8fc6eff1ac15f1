// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-plane.h"

#include <drm_fourcc.h>

#include "kernel/gvt/core/gvt_plane.h"
#include "util/error.h"

bool vfio_plane_probe(struct vfio_device *device, uint32_t kind)
{
	struct vfio_device_gfx_plane_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_GFX_PLANE_TYPE_PROBE | kind,
	};

	return device->ops->query_plane(device, &info) == 0;
}

int vfio_plane_query(struct vfio_device *device, uint32_t kind, uint32_t type,
		     struct vfio_device_gfx_plane_info *info)
{
	*info = (struct vfio_device_gfx_plane_info){
		.argsz = sizeof(*info), .flags = kind, .drm_plane_type = type,
	};
	return device->ops->query_plane(device, info);
}

/* What would wrap around is larger than anything that is accepted. */
static uint32_t add_px(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

enum blank_reason vfio_plane_check(const struct vfio_device *device,
				   const struct vfio_device_gfx_plane_info *info,
				   const struct vfio_plane_place *place, struct fb_info *fb,
				   GError **error)
{
	static const struct vfio_plane_place at_its_beginning;
	bool tiled = info->drm_format_mod != DRM_FORMAT_MOD_LINEAR;
	unsigned int cpp = fb_format_cpp(info->drm_format);
	struct gvt_tile tile = gvt_modifier_tile(info->drm_format_mod, cpp);
	GError *cause = NULL;
	char name[5];

	place = place ? place : &at_its_beginning;
	*fb = (struct fb_info){
		.width_px = add_px(place->x_px, info->width),
		.height_px = add_px(place->y_px, info->height),
		.fourcc = info->drm_format,
		.modifier = info->drm_format_mod,
		.rotation = place->rotation,
		.planes = 1,
		.plane = { { place->offset_bytes, info->stride } },
		.size_bytes = info->size,
	};
	if (!cpp) {
		error_set(error, "%s: pixel format '%s' (0x%08x) can't be shown", device->name,
			  fb_format_name(info->drm_format, name), info->drm_format);
		return BLANK_BAD_FORMAT;
	}
	if (tiled && (!tile.width_bytes || tile.width_bytes % cpp)) {
		error_set(error, "%s: pixels of format '%s' in the tiled layout 0x%"
			  G_GINT64_MODIFIER "x can't be shown", device->name,
			  fb_format_name(info->drm_format, name), (uint64_t)info->drm_format_mod);
		return BLANK_BAD_FORMAT;
	}
	if (place->rotation % 90 || place->rotation > 270) {
		error_set(error, "%s: impossible plane: turned by %u degrees", device->name,
			  place->rotation);
		return BLANK_BAD_PLANE;
	}
	if (!info->width || !info->height || !fb_info_check(fb, &cause)) {
		error_set(error, "%s: impossible plane: %s", device->name,
			  cause ? cause->message : "no width or no height");
		g_clear_error(&cause);
		return BLANK_BAD_PLANE;
	}
	return BLANK_NONE;
}

bool vfio_plane_same_layout(const struct fb_info *a, const struct fb_info *b)
{
	return a->width_px == b->width_px && a->height_px == b->height_px &&
	       a->fourcc == b->fourcc && a->modifier == b->modifier &&
	       a->rotation == b->rotation &&
	       a->plane[0].offset_bytes == b->plane[0].offset_bytes &&
	       a->plane[0].stride_bytes == b->plane[0].stride_bytes;
}
