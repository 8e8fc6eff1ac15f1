// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <glib.h>
#include <drm_fourcc.h>

#include "ui/fb-tile.h"

/*
 * In each layout the offset within a tile is a permutation of the bits of x (bytes) and y, so it is
 * the sum of a part that x gives and one that y gives.
 */
static inline unsigned int x_part_of_y(unsigned int x)
{
	return (x & 0x70) << 5 | (x & 0xf);
}

static inline unsigned int y_part_of_y(unsigned int y)
{
	return (y & 0x1f) << 4;
}

/* Bits 11 to 0: x y x y x y y y x x x x. */
static inline unsigned int x_part_of_yf(unsigned int x)
{
	return (x & 0x40) << 5 | (x & 0x20) << 4 | (x & 0x10) << 3 | (x & 0xf);
}

static inline unsigned int y_part_of_yf(unsigned int y)
{
	return (y & 0x10) << 6 | (y & 8) << 5 | (y & 7) << 4;
}

/* A constant size: one load and one store of 128 bits. */
static inline void copy_unit(uint8_t *dst, const uint8_t *src)
{
	memcpy(dst, src, FB_TILE_UNIT);
}

static void read_x(uint8_t *dst, size_t dst_stride, const uint8_t *src, size_t row_bytes,
		   unsigned int x_bytes, unsigned int y, unsigned int w_bytes, unsigned int h)
{
	for (unsigned int end_y = y + h; y < end_y; y++, dst += dst_stride) {
		const uint8_t *line = src + (y / 8) * row_bytes + (y % 8) * 512;
		uint8_t *to = dst;

		for (unsigned int x = x_bytes, end = x + w_bytes, n; x < end; x += n, to += n) {
			n = MIN(512 - x % 512, end - x);
			memcpy(to, line + (size_t)(x / 512) * FB_TILE_BYTES + x % 512, n);
		}
	}
}

/*
 * Layouts of columns: down each column of 16 bytes, as memory does. @run lines lie behind each
 * other. Inlined with constants by those below.
 */
static inline void read_columns(uint8_t *dst, size_t dst_stride, const uint8_t *src,
				size_t row_bytes, unsigned int x_bytes, unsigned int y,
				unsigned int w_bytes, unsigned int h, unsigned int run,
				unsigned int (*x_part)(unsigned int x),
				unsigned int (*y_part)(unsigned int y))
{
	for (unsigned int end_y = y + h, n; y < end_y; y += n, dst += n * dst_stride) {
		const uint8_t *lines = src + (y / 32) * row_bytes + y_part(y % 32);

		n = MIN(run - y % run, end_y - y);
		for (unsigned int at = 0; at < w_bytes; at += FB_TILE_UNIT) {
			unsigned int x = x_bytes + at;
			const uint8_t *from = lines + (size_t)(x / 128) * FB_TILE_BYTES +
					      x_part(x % 128);
			uint8_t *to = dst + at;

			for (unsigned int i = 0; i < n; i++) {
				copy_unit(to + i * dst_stride, from + i * FB_TILE_UNIT);
			}
		}
	}
}

static void read_y(uint8_t *dst, size_t dst_stride, const uint8_t *src, size_t row_bytes,
		   unsigned int x_bytes, unsigned int y, unsigned int w_bytes, unsigned int h)
{
	read_columns(dst, dst_stride, src, row_bytes, x_bytes, y, w_bytes, h, 32, x_part_of_y,
		     y_part_of_y);
}

static void read_yf(uint8_t *dst, size_t dst_stride, const uint8_t *src, size_t row_bytes,
		    unsigned int x_bytes, unsigned int y, unsigned int w_bytes, unsigned int h)
{
	read_columns(dst, dst_stride, src, row_bytes, x_bytes, y, w_bytes, h, 8, x_part_of_yf,
		     y_part_of_yf);
}

static const struct fb_tile tiles[] = {
	{ I915_FORMAT_MOD_X_TILED, 512, 8, read_x },
	{ I915_FORMAT_MOD_Y_TILED, 128, 32, read_y },
	{ I915_FORMAT_MOD_Yf_TILED, 128, 32, read_yf },
};

const struct fb_tile *fb_tile_find(uint64_t modifier, unsigned int cpp)
{
	if (modifier == I915_FORMAT_MOD_Yf_TILED && cpp != 2 && cpp != 4) {
		return NULL;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(tiles); i++) {
		if (tiles[i].modifier == modifier) {
			return &tiles[i];
		}
	}
	return NULL;
}

uint64_t fb_tile_needed_bytes(const struct fb_tile *tile, uint32_t stride_bytes, uint32_t w_bytes,
			      uint32_t h)
{
	uint64_t rows = (h - 1) / tile->height_px;

	return (rows * (stride_bytes / tile->width_bytes) + (w_bytes - 1) / tile->width_bytes + 1) *
	       FB_TILE_BYTES;
}

void fb_tile_read(const struct fb_tile *tile, void *dst, size_t dst_stride, const void *src,
		  uint32_t stride_bytes, unsigned int x_bytes, unsigned int y,
		  unsigned int w_bytes, unsigned int h)
{
	tile->read(dst, dst_stride, src, (size_t)stride_bytes * tile->height_px, x_bytes, y,
		   w_bytes, h);
}
