// SPDX-License-Identifier: GPL-2.0-or-later
#include "gvt_plane.h"

unsigned int gvt_format_cpp(uint32_t drm_format)
{
	switch (drm_format) {
	case GVT_FORMAT_XRGB8888:
	case GVT_FORMAT_BGRX8888:
	case GVT_FORMAT_ARGB8888:
	case GVT_FORMAT_XBGR8888:
	case GVT_FORMAT_ABGR8888:
	case GVT_FORMAT_XRGB2101010:
	case GVT_FORMAT_XBGR2101010:
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

struct gvt_tile gvt_modifier_tile(uint64_t modifier, unsigned int cpp)
{
	struct gvt_tile tile = {0, 0};

	switch (modifier) {
	case GVT_MODIFIER_X:
		tile.width_bytes = 512;
		tile.height_px = 8;
		break;
	case GVT_MODIFIER_Y:
		tile.width_bytes = 128;
		tile.height_px = 32;
		break;
	case GVT_MODIFIER_YF:
		/* Yf tiles get narrower and higher for one-byte pixels; those have no name here. */
		if (cpp == 2 || cpp == 4) {
			tile.width_bytes = 128;
			tile.height_px = 32;
		}
		break;
	default:
		break;
	}
	return tile;
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
	       a->stride_bytes == b->stride_bytes && a->src_x_px == b->src_x_px &&
	       a->src_y_px == b->src_y_px && a->rotation == b->rotation;
}
