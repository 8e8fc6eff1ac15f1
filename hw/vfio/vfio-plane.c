// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-plane.h"

#include <drm_fourcc.h>

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

enum blank_reason vfio_plane_check(const struct vfio_device *device,
				   const struct vfio_device_gfx_plane_info *info,
				   struct fb_info *fb, GError **error)
{
	GError *cause = NULL;
	char name[5];

	*fb = (struct fb_info){
		.width_px = info->width,
		.height_px = info->height,
		.fourcc = info->drm_format,
		.modifier = info->drm_format_mod,
		.planes = 1,
		.plane = { { 0, info->stride } },
		.size_bytes = info->size,
	};
	if (!fb_format_cpp(info->drm_format)) {
		error_set(error, "%s: pixel format '%s' (0x%08x) can't be shown", device->name,
			  fb_format_name(info->drm_format, name), info->drm_format);
		return BLANK_BAD_FORMAT;
	}
	if (info->drm_format_mod != DRM_FORMAT_MOD_LINEAR) {
		error_set(error, "%s: pixels in the tiled layout 0x%" G_GINT64_MODIFIER "x can't "
			  "be shown without a GL path", device->name,
			  (uint64_t)info->drm_format_mod);
		return BLANK_BAD_FORMAT;
	}
	if (!fb_info_check(fb, &cause)) {
		error_set(error, "%s: impossible plane: %s", device->name, cause->message);
		g_error_free(cause);
		return BLANK_BAD_PLANE;
	}
	return BLANK_NONE;
}

bool vfio_plane_same_layout(const struct fb_info *a, const struct fb_info *b)
{
	return a->width_px == b->width_px && a->height_px == b->height_px &&
	       a->fourcc == b->fourcc && a->modifier == b->modifier &&
	       a->plane[0].offset_bytes == b->plane[0].offset_bytes &&
	       a->plane[0].stride_bytes == b->plane[0].stride_bytes;
}
