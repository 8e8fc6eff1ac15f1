/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tiled layouts: each page of memory is a rectangle of pixels, so that neighbours above each other
 * are near in memory. The tiles follow each other row by row.
 *
 * These are the modifiers I915_FORMAT_MOD_X_TILED, _Y_TILED and _Yf_TILED of <drm_fourcc.h> as
 * Gen8 and later have them: no address bit is swizzled. Context: any.
 */
#ifndef UI_FB_TILE_H
#define UI_FB_TILE_H

#include <stddef.h>
#include <stdint.h>

#define FB_TILE_BYTES 4096u
/* So many bytes of a line lie beside each other in every layout. */
#define FB_TILE_UNIT  16u

struct fb_tile {
	uint64_t modifier;
	unsigned int width_bytes, height_px; /* their product is FB_TILE_BYTES */
	/* private */
	void (*read)(uint8_t *dst, size_t dst_stride, const uint8_t *src, size_t row_bytes,
		     unsigned int x_bytes, unsigned int y, unsigned int w_bytes, unsigned int h);
};

/* NULL for linear, for a layout that isn't known, and for Yf with other than 2 or 4 bytes a pixel:
 * its tiles have other sizes. */
const struct fb_tile *fb_tile_find(uint64_t modifier, unsigned int cpp);

/* Bytes from the first tile to the end of the last one that holds a byte of the first @w_bytes of
 * the first @h lines; both at least 1. A buffer may end there: before its row of tiles does. */
uint64_t fb_tile_needed_bytes(const struct fb_tile *tile, uint32_t stride_bytes, uint32_t w_bytes,
			      uint32_t h);

/*
 * Copies a rectangle to lines that are @dst_stride bytes apart. @x_bytes and @w_bytes are multiples
 * of FB_TILE_UNIT, @stride_bytes is one of the tile's width. No byte is read of a tile that the
 * rectangle doesn't touch.
 */
void fb_tile_read(const struct fb_tile *tile, void *dst, size_t dst_stride, const void *src,
		  uint32_t stride_bytes, unsigned int x_bytes, unsigned int y,
		  unsigned int w_bytes, unsigned int h);

#endif
