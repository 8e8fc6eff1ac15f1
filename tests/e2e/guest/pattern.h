/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture that the test programs draw. */
#ifndef ORIEL_E2E_GUEST_PATTERN_H
#define ORIEL_E2E_GUEST_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Every pixel depends on the frame's number: a picture mixed of two frames equals neither. */
static inline uint32_t pattern_pixel(uint32_t x, uint32_t y, uint32_t frame)
{
	uint32_t red = (x + 3 * frame) & 0xff;
	uint32_t green = (y + 5 * frame) & 0xff;
	uint32_t blue = ((x >> 3) * (y >> 3) + 7 * frame) & 0xff;

	return red << 16 | green << 8 | blue;
}

/* Draws a rectangle's part of the frame. @pixels: the whole picture, XRGB8888. */
static inline void pattern_draw(uint32_t *pixels, uint32_t stride_bytes, uint32_t left,
				uint32_t top, uint32_t width, uint32_t height, uint32_t frame)
{
	for (uint32_t y = top; y < top + height; y++) {
		uint32_t *line = pixels + (size_t)y * (stride_bytes / 4);

		for (uint32_t x = left; x < left + width; x++) {
			line[x] = pattern_pixel(x, y, frame);
		}
	}
}

#endif
