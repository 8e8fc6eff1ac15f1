/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The colours of a small piece of a picture, while there are few. Context: any. */
#ifndef UI_VNC_PALETTE_H
#define UI_VNC_PALETTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PALETTE_MAX 256

/* Pixels of somebody else, XRGB8888 with X = 0xff. */
struct pixel_view {
	const uint32_t *pixels;
	size_t stride_px;
	unsigned int w, h;
};

static inline const uint32_t *pixel_view_row(const struct pixel_view *view, unsigned int y)
{
	return view->pixels + y * view->stride_px;
}

/* The square of @size pixels at @x, @y, or what of it lies inside. */
static inline struct pixel_view pixel_view_tile(const struct pixel_view *view, unsigned int x,
						unsigned int y, unsigned int size)
{
	return (struct pixel_view){
		.pixels = pixel_view_row(view, y) + x, .stride_px = view->stride_px,
		.w = MIN(size, view->w - x), .h = MIN(size, view->h - y),
	};
}

struct palette {
	unsigned int count;
	uint32_t colours[PALETTE_MAX]; /* in the order of their first pixel */
	uint16_t slots[1024]; /* open hash: index + 1, 0 = empty */
};

/* Collects all colours of @view. False when there are more than @max (<= PALETTE_MAX). */
bool palette_build(struct palette *palette, const struct pixel_view *view, unsigned int max);
/* @colour is one of them. */
unsigned int palette_index(const struct palette *palette, uint32_t colour);

#endif
