// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layouts are those of <drm_fourcc.h>: the name lists the channels from the highest bit of a
 * little-endian number down, so XRGB8888 lies in memory as B, G, R, X.
 */
#include <string.h>
#include <drm_fourcc.h>

#include "ui/fb.h"
#include "ui/fb-format.h"

#define OPAQUE 0xff000000u

struct channel {
	unsigned int shift, bits;
};

static inline uint32_t channel_get(uint32_t pixel, struct channel c)
{
	uint32_t value = (pixel >> c.shift) & ((1u << c.bits) - 1);

	if (c.bits >= 8) {
		return value >> (c.bits - 8);
	}
	return value << (8 - c.bits) | value >> (2 * c.bits - 8);
}

/* Inlined with constant arguments by the functions below, which makes each a tight loop. */
static inline void convert(uint32_t *dst, const uint8_t *src, unsigned int pixels,
			   unsigned int cpp, struct channel r, struct channel g,
			   struct channel b)
{
	for (unsigned int i = 0; i < pixels; i++) {
		uint32_t pixel;
		uint16_t half;

		/* Whole loads where there are some: only those become vectors. */
		if (cpp == 4) {
			memcpy(&pixel, src + (size_t)i * 4, 4);
			pixel = GUINT32_FROM_LE(pixel);
		} else if (cpp == 2) {
			memcpy(&half, src + (size_t)i * 2, 2);
			pixel = GUINT16_FROM_LE(half);
		} else {
			pixel = src[i * 3] | (uint32_t)src[i * 3 + 1] << 8 |
				(uint32_t)src[i * 3 + 2] << 16;
		}
		dst[i] = OPAQUE | channel_get(pixel, r) << 16 | channel_get(pixel, g) << 8 |
			 channel_get(pixel, b);
	}
}

#define CONVERTER(name, cpp, r_shift, r_bits, g_shift, g_bits, b_shift, b_bits)         \
	static void name(uint32_t *dst, const void *src, unsigned int pixels)           \
	{                                                                               \
		convert(dst, src, pixels, cpp, (struct channel){ r_shift, r_bits },      \
			(struct channel){ g_shift, g_bits },                            \
			(struct channel){ b_shift, b_bits });                           \
	}

CONVERTER(from_xrgb8888, 4, 16, 8, 8, 8, 0, 8)
CONVERTER(from_xbgr8888, 4, 0, 8, 8, 8, 16, 8)
CONVERTER(from_rgbx8888, 4, 24, 8, 16, 8, 8, 8)
CONVERTER(from_bgrx8888, 4, 8, 8, 16, 8, 24, 8)
CONVERTER(from_xrgb2101010, 4, 20, 10, 10, 10, 0, 10)
CONVERTER(from_xbgr2101010, 4, 0, 10, 10, 10, 20, 10)
CONVERTER(from_rgbx1010102, 4, 22, 10, 12, 10, 2, 10)
CONVERTER(from_bgrx1010102, 4, 2, 10, 12, 10, 22, 10)
CONVERTER(from_rgb888, 3, 16, 8, 8, 8, 0, 8)
CONVERTER(from_bgr888, 3, 0, 8, 8, 8, 16, 8)
CONVERTER(from_rgb565, 2, 11, 5, 5, 6, 0, 5)
CONVERTER(from_bgr565, 2, 0, 5, 5, 6, 11, 5)
CONVERTER(from_xrgb1555, 2, 10, 5, 5, 5, 0, 5)
CONVERTER(from_xbgr1555, 2, 0, 5, 5, 5, 10, 5)

static const struct fb_format formats[] = {
	{ DRM_FORMAT_XRGB8888, 4, from_xrgb8888 },
	{ DRM_FORMAT_ARGB8888, 4, from_xrgb8888 },
	{ DRM_FORMAT_XBGR8888, 4, from_xbgr8888 },
	{ DRM_FORMAT_ABGR8888, 4, from_xbgr8888 },
	{ DRM_FORMAT_RGBX8888, 4, from_rgbx8888 },
	{ DRM_FORMAT_RGBA8888, 4, from_rgbx8888 },
	{ DRM_FORMAT_BGRX8888, 4, from_bgrx8888 },
	{ DRM_FORMAT_BGRA8888, 4, from_bgrx8888 },
	{ DRM_FORMAT_XRGB2101010, 4, from_xrgb2101010 },
	{ DRM_FORMAT_ARGB2101010, 4, from_xrgb2101010 },
	{ DRM_FORMAT_XBGR2101010, 4, from_xbgr2101010 },
	{ DRM_FORMAT_ABGR2101010, 4, from_xbgr2101010 },
	{ DRM_FORMAT_RGBX1010102, 4, from_rgbx1010102 },
	{ DRM_FORMAT_RGBA1010102, 4, from_rgbx1010102 },
	{ DRM_FORMAT_BGRX1010102, 4, from_bgrx1010102 },
	{ DRM_FORMAT_BGRA1010102, 4, from_bgrx1010102 },
	{ DRM_FORMAT_RGB888, 3, from_rgb888 },
	{ DRM_FORMAT_BGR888, 3, from_bgr888 },
	{ DRM_FORMAT_RGB565, 2, from_rgb565 },
	{ DRM_FORMAT_BGR565, 2, from_bgr565 },
	{ DRM_FORMAT_XRGB1555, 2, from_xrgb1555 },
	{ DRM_FORMAT_ARGB1555, 2, from_xrgb1555 },
	{ DRM_FORMAT_XBGR1555, 2, from_xbgr1555 },
	{ DRM_FORMAT_ABGR1555, 2, from_xbgr1555 },
};

const struct fb_format *fb_format_find(uint32_t fourcc)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (formats[i].fourcc == fourcc) {
			return &formats[i];
		}
	}
	return NULL;
}

unsigned int fb_format_cpp(uint32_t fourcc)
{
	const struct fb_format *format = fb_format_find(fourcc);

	return format ? format->cpp : 0;
}

const char *fb_format_name(uint32_t fourcc, char text[5])
{
	for (unsigned int i = 0; i < 4; i++) {
		char c = (char)(fourcc >> (8 * i));

		text[i] = g_ascii_isprint(c) ? c : '?';
	}
	text[4] = '\0';
	return text;
}
