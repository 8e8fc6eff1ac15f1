/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packed pixel formats and their conversion to XRGB8888. Context: any. */
#ifndef UI_FB_FORMAT_H
#define UI_FB_FORMAT_H

#include <stdint.h>
#include <glib.h>

/* Converts @pixels pixels at @src (any alignment) to 0xffrrggbb. */
typedef void (*fb_convert_fn)(uint32_t *dst, const void *src, unsigned int pixels);

struct fb_format {
	uint32_t fourcc;
	unsigned int cpp; /* bytes a pixel */
	/*
	 * A channel of 5 or 6 bits is widened by repeating its high bits below, so that 0 stays 0
	 * and full stays 255; one of 10 bits keeps its upper 8. Alpha is dropped.
	 */
	fb_convert_fn convert;
};

/* NULL for a format that isn't known. */
const struct fb_format *fb_format_find(uint32_t fourcc);

#endif
