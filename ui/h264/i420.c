// SPDX-License-Identifier: GPL-2.0-or-later
/* The matrix of ITU-R BT.601, 65536 times its factors; colour is the mean of four pixels. */
#include "ui/h264/i420.h"

#define HALF 32768

static inline int red(uint32_t pixel)
{
	return (int)(pixel >> 16 & 255);
}

static inline int green(uint32_t pixel)
{
	return (int)(pixel >> 8 & 255);
}

static inline int blue(uint32_t pixel)
{
	return (int)(pixel & 255);
}

static void convert_brightness(uint8_t *restrict out, const uint32_t *restrict in,
			       unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		out[i] = (uint8_t)((16829 * red(in[i]) + 33039 * green(in[i]) +
				    6416 * blue(in[i]) + (16 << 16) + HALF) >> 16);
	}
}

/* @count pairs of pixels, of two lines. */
static void convert_colour(uint8_t *restrict u, uint8_t *restrict v, const uint32_t *restrict top,
			   const uint32_t *restrict bottom, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		uint32_t a = top[2 * i], b = top[2 * i + 1];
		uint32_t c = bottom[2 * i], d = bottom[2 * i + 1];
		int r = red(a) + red(b) + red(c) + red(d);
		int g = green(a) + green(b) + green(c) + green(d);
		int bl = blue(a) + blue(b) + blue(c) + blue(d);
		int offset = (128 << 18) + 4 * HALF;

		u[i] = (uint8_t)((-9714 * r - 19070 * g + 28784 * bl + offset) >> 18);
		v[i] = (uint8_t)((28784 * r - 24103 * g - 4681 * bl + offset) >> 18);
	}
}

void i420_convert(const struct i420_planes *planes, const uint32_t *pixels, size_t stride_px,
		  unsigned int width_px, unsigned int height_px)
{
	for (unsigned int y = 0; y < height_px; y += 2) {
		const uint32_t *top = pixels + y * stride_px, *bottom = top + stride_px;

		convert_brightness(planes->y + y * planes->y_stride, top, width_px);
		convert_brightness(planes->y + (y + 1) * planes->y_stride, bottom, width_px);
		convert_colour(planes->u + y / 2 * planes->uv_stride,
			       planes->v + y / 2 * planes->uv_stride, top, bottom, width_px / 2);
	}
}
