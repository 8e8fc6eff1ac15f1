/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of a decoded plane, whatever a guest wrote. For unit tests and fuzz targets. */
#ifndef TESTS_UNIT_GVT_CHECK_H
#define TESTS_UNIT_GVT_CHECK_H

#include "kernel/gvt/core/gvt_plane.h"

/* Bytes from the first of @p up to its last pixel: in a tiled one the end of the tile of that. */
static inline uint64_t gvt_plane_needs(const struct gvt_plane *p)
{
	unsigned int cpp = gvt_format_cpp(p->drm_format);
	struct gvt_tile t = gvt_modifier_tile(p->modifier, cpp);
	uint64_t x = (uint64_t)p->src_x_px + p->width_px - 1, y = (uint64_t)p->src_y_px;

	y += p->height_px - 1;
	if (t.width_bytes == 0) {
		return y * p->stride_bytes + (x + 1) * cpp;
	}
	return (y / t.height_px * (p->stride_bytes / t.width_bytes) + x * cpp / t.width_bytes + 1) *
	       GVT_PAGE_SIZE;
}

/* NULL if @p is a good plane for @vram_bytes of memory, else what is wrong with it. */
static inline const char *gvt_plane_fault(const struct gvt_plane *p, uint64_t vram_bytes)
{
	uint64_t line, begin = p->offset_bytes, inside = begin % GVT_PAGE_SIZE;

	if (p->drm_format == 0) {
		if (p->width_px || p->height_px || p->stride_bytes || p->size_bytes) {
			return "an off plane has a size";
		}
		return p->off_reason == GVT_OFF_NOT ? "an off plane has no reason" : NULL;
	}
	if (p->off_reason != GVT_OFF_NOT) {
		return "a plane that is on has a reason to be off";
	}
	if (gvt_format_cpp(p->drm_format) == 0) {
		return "unknown format";
	}
	if (p->width_px == 0 || p->height_px == 0) {
		return "no pixels";
	}
	line = ((uint64_t)p->src_x_px + p->width_px) * gvt_format_cpp(p->drm_format);
	if (p->stride_bytes < line) {
		return "stride smaller than width";
	}
	/* Its size may be counted from the page that it begins in. */
	if (gvt_plane_needs(p) + inside <= p->size_bytes) {
		begin -= inside;
	}
	if (begin > vram_bytes || p->size_bytes > vram_bytes - begin) {
		return "plane outside of memory";
	}
	return gvt_plane_needs(p) > p->size_bytes ? "last pixel outside of the plane" : NULL;
}

#endif
