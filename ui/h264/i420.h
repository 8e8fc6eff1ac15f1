/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XRGB8888 to 4:2:0 planes, BT.601 in the limited range (Y 16..235, colour 16..240). Context: any. */
#ifndef UI_H264_I420_H
#define UI_H264_I420_H

#include <stddef.h>
#include <stdint.h>

struct i420_planes {
	uint8_t *y, *u, *v;
	size_t y_stride, uv_stride; /* bytes */
};

/* @width_px and @height_px are even. */
void i420_convert(const struct i420_planes *planes, const uint32_t *pixels, size_t stride_px,
		  unsigned int width_px, unsigned int height_px);

#endif
