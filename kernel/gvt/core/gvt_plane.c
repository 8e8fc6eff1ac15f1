// SPDX-License-Identifier: GPL-2.0-or-later
#include "gvt_plane.h"

unsigned int gvt_format_cpp(uint32_t drm_format)
{
	switch (drm_format) {
	case GVT_FORMAT_XRGB8888:
	case GVT_FORMAT_BGRX8888:
		return 4;
	case GVT_FORMAT_RGB888:
		return 3;
	case GVT_FORMAT_RGB565:
	case GVT_FORMAT_XRGB1555:
		return 2;
	default:
		return 0;
	}
}

void gvt_plane_off(struct gvt_plane *p, enum gvt_off_reason why)
{
	memset(p, 0, sizeof(*p));
	p->off_reason = why;
	p->hot_x_px = GVT_HOT_UNKNOWN;
	p->hot_y_px = GVT_HOT_UNKNOWN;
}

bool gvt_plane_same_buffer(const struct gvt_plane *a, const struct gvt_plane *b)
{
	return a->drm_format == b->drm_format && a->modifier == b->modifier &&
	       a->offset_bytes == b->offset_bytes && a->size_bytes == b->size_bytes &&
	       a->width_px == b->width_px && a->height_px == b->height_px &&
	       a->stride_bytes == b->stride_bytes;
}
