/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct gvt_plane: what a display engine would scan out, decoded from registers that the guest
 * wrote.
 *
 * Whoever fills one promises, whatever the guest did: either drm_format == 0 (the plane is off,
 * off_reason says why, all sizes are 0), or width_px, height_px > 0, stride_bytes >= width_px *
 * bytes per pixel, and offset_bytes + size_bytes <= the memory it was decoded against, with the
 * last pixel inside. So a consumer may use the numbers without checking them again.
 */
#ifndef GVT_PLANE_H
#define GVT_PLANE_H

#include "gvt_types.h"

/* The four-character codes of <drm/drm_fourcc.h> that a model here can produce. */
#define GVT_FOURCC(a, b, c, d)                                                                     \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define GVT_FORMAT_XRGB8888 GVT_FOURCC('X', 'R', '2', '4')
#define GVT_FORMAT_BGRX8888 GVT_FOURCC('B', 'X', '2', '4')
#define GVT_FORMAT_RGB888   GVT_FOURCC('R', 'G', '2', '4')
#define GVT_FORMAT_RGB565   GVT_FOURCC('R', 'G', '1', '6')
#define GVT_FORMAT_XRGB1555 GVT_FOURCC('X', 'R', '1', '5')
#define GVT_FORMAT_ARGB8888 GVT_FOURCC('A', 'R', '2', '4')
#define GVT_FORMAT_XBGR8888 GVT_FOURCC('X', 'B', '2', '4')
#define GVT_FORMAT_ABGR8888 GVT_FOURCC('A', 'B', '2', '4')
#define GVT_FORMAT_XRGB2101010 GVT_FOURCC('X', 'R', '3', '0')
#define GVT_FORMAT_XBGR2101010 GVT_FOURCC('X', 'B', '3', '0')

#define GVT_MODIFIER_LINEAR 0ULL
#define GVT_MODIFIER_X	    0x0100000000000001ULL /* I915_FORMAT_MOD_X_TILED */
#define GVT_MODIFIER_Y	    0x0100000000000002ULL /* I915_FORMAT_MOD_Y_TILED */
#define GVT_MODIFIER_YF	    0x0100000000000003ULL /* I915_FORMAT_MOD_Yf_TILED */

/* Hot spot of a cursor that doesn't have one. */
#define GVT_HOT_UNKNOWN 0xffffffffu

/* Same numbers as VFIO_GFX_OFF_* of linux/vfio_gfx.h. */
enum gvt_off_reason {
	GVT_OFF_NOT = 0,
	GVT_OFF_NEVER_SET = 1,
	GVT_OFF_DISABLED = 2,
	GVT_OFF_BLANKED = 3,
	GVT_OFF_GEOMETRY = 4,
	GVT_OFF_FORMAT = 5,
	GVT_OFF_BEYOND = 6,
	GVT_OFF_UNALIGNED = 7,
	GVT_OFF_NO_MEMORY = 8,
	GVT_OFF_BAD_ADDRESS = 9,
	GVT_OFF_LOCKED_MEMORY = 10,
};

struct gvt_plane {
	uint32_t drm_format; /* 0: off */
	uint32_t off_reason; /* enum gvt_off_reason */
	uint64_t modifier;
	/* Linear: of the first pixel, from the start of video memory, any alignment. Tiled: of the
	 * page (tile) that holds it. */
	uint64_t offset_bytes;
	/* From there, or from the page that holds that: whole pages, the last pixel inside. */
	uint64_t size_bytes;
	uint32_t width_px; /* of the picture, as it lies in memory */
	uint32_t height_px;
	uint32_t stride_bytes; /* from line to line; tiled: tile width * tiles in a row */
	uint32_t src_x_px;     /* tiled: the first pixel, from the start of the first tile */
	uint32_t src_y_px;
	uint32_t rotation; /* the engine turns what lies in memory counter-clockwise: 0, 90, 180,
			      270 */
	int32_t x_px; /* position; only a cursor has one other than 0 */
	int32_t y_px;
	uint32_t hot_x_px; /* GVT_HOT_UNKNOWN where there is none */
	uint32_t hot_y_px;
};

/* Bytes per pixel of one of the formats above, 0 for any other. */
unsigned int gvt_format_cpp(uint32_t drm_format);

/* The tile of a modifier: a page of width_bytes x height_px, or 0 x 0 for linear and unknown ones. */
struct gvt_tile {
	uint32_t width_bytes;
	uint32_t height_px;
};
struct gvt_tile gvt_modifier_tile(uint64_t modifier, unsigned int cpp);

/* Pages of the buffer that is this plane, beginning with the one that holds offset_bytes. */
static inline uint64_t gvt_plane_pages(const struct gvt_plane *p)
{
	return p->size_bytes / GVT_PAGE_SIZE;
}

/* Make @p an off plane. */
void gvt_plane_off(struct gvt_plane *p, enum gvt_off_reason why);

/*
 * Is it the same buffer: format, modifier, offset, size, width, height, stride, source and
 * rotation? Position and hot spot don't count, so a moved cursor is the same buffer.
 */
bool gvt_plane_same_buffer(const struct gvt_plane *a, const struct gvt_plane *b);

#endif
