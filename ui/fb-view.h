/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fb_view: the picture of a frame as a CPU reads it. Whatever the format, the layout, the place in
 * the buffer and the rotation, it gives XRGB8888 pixels at the coordinates that they are shown at.
 * Context: any, between fb_buffer_cpu_begin() and _end().
 */
#ifndef UI_FB_VIEW_H
#define UI_FB_VIEW_H

#include "ui/fb.h"

/* The largest block. */
#define FB_BLOCK_W 64
#define FB_BLOCK_H 16

struct fb_format;
struct fb_tile;

struct fb_view {
	unsigned int width_px, height_px; /* as shown */
	/* private */
	const struct fb_format *format;
	const struct fb_tile *tile; /* NULL: linear */
	const struct fb_info *info;
	const uint8_t *memory; /* of plane 0 */
	pixman_box32_t source;
	bool direct; /* pixels need no conversion */
};

/* Where a block is put together; for the stack. */
struct fb_scratch {
	/* Either way round, and up to a unit too much on each side. */
	uint8_t raw[FB_BLOCK_W * (FB_BLOCK_H * 4 + 2 * 16)] __attribute__((aligned(64)));
	uint32_t picture[FB_BLOCK_W * FB_BLOCK_H], turned[FB_BLOCK_W * FB_BLOCK_H];
};

/* Lines of XRGB8888 pixels whose fourth byte may be anything. */
struct fb_block {
	const uint8_t *first;
	ptrdiff_t stride_bytes;
};

/* Valid while the caller holds @frame. 0; -ENOTSUP for pixels that nobody here can read, or -EIO
 * for memory that can't be, with *error. */
int fb_view_open(struct fb_view *view, const struct frame *frame, GError **error);

/* The same of linear XRGB8888 pixels at @memory that are the picture as it is shown. @info lives as
 * long. */
void fb_view_over(struct fb_view *view, const struct fb_info *info, const void *memory);

/* Up to FB_BLOCK_W x FB_BLOCK_H pixels at @x, @y: in @scratch, or where they lie if that will do;
 * then the guest may be changing them. */
void fb_view_block(const struct fb_view *view, unsigned int x, unsigned int y, unsigned int w,
		   unsigned int h, struct fb_scratch *scratch, struct fb_block *block);
/* The whole picture, with a fourth byte of 0xff. */
void fb_view_read(const struct fb_view *view, uint32_t *dst, size_t stride_bytes);

#endif
