/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures that drive encoders into their corners; X byte 0xff. */
#ifndef TESTS_UNIT_VNC_IMAGES_H
#define TESTS_UNIT_VNC_IMAGES_H

#include <math.h>
#include <stdint.h>
#include <glib.h>

enum image_kind {
	IMAGE_FLAT, IMAGE_TWO_COLOURS, IMAGE_TEXT, IMAGE_FEW_COLOURS, IMAGE_MANY_COLOURS,
	IMAGE_STRIPES, IMAGE_GRADIENT, IMAGE_NATURAL, IMAGE_NOISE, IMAGE_MIXED, IMAGE_KINDS,
};

static const char *const image_names[IMAGE_KINDS] = {
	"flat", "two-colours", "text", "few-colours", "many-colours", "stripes", "gradient",
	"natural", "noise", "mixed",
};

/* Waves of many lengths with some grain: what a photograph is to an encoder. */
static inline uint32_t natural_pixel(GRand *rand, unsigned int x, unsigned int y)
{
	double a = sin(x / 37.0 + sin(y / 23.0)) + sin(y / 61.0 + x / 141.0);
	double b = sin(x / 91.0 - y / 47.0) + sin((x + 2.0 * y) / 17.0) / 4;
	int grain = g_rand_int_range(rand, -3, 4);
	int r = (int)(127 + 50 * a) + grain, g = (int)(127 + 45 * b) + grain;
	int blue = (int)(127 + 30 * (a + b)) + grain;

	return (uint32_t)(CLAMP(r, 0, 255) << 16 | CLAMP(g, 0, 255) << 8 | CLAMP(blue, 0, 255));
}

static inline uint32_t image_pixel(GRand *rand, enum image_kind kind, unsigned int x,
				   unsigned int y)
{
	switch (kind) {
	case IMAGE_FLAT:
		return 0x3a6ea5;
	case IMAGE_TWO_COLOURS:
		return g_rand_int_range(rand, 0, 9) ? 0xffffff : 0x000000;
	case IMAGE_TEXT:
		return y % 18 < 12 && x % 9 < 6 && g_rand_boolean(rand) ?
			0x000000 : 0xf8f8f8;
	case IMAGE_FEW_COLOURS:
		return (uint32_t)g_rand_int_range(rand, 0, 5) * 0x2a3b4c;
	case IMAGE_MANY_COLOURS:
		return (uint32_t)g_rand_int_range(rand, 0, 90) * 0x020305;
	case IMAGE_STRIPES:
		return (y / 3 * 0x102030 + x / 300 * 0x050607) & 0xffffff;
	case IMAGE_GRADIENT:
		return (x & 0xff) << 16 | (y & 0xff) << 8 | ((x + y) / 2 & 0xff);
	case IMAGE_NATURAL:
		return natural_pixel(rand, x, y);
	case IMAGE_NOISE:
		return g_rand_int(rand) & 0xffffff;
	default:
		return image_pixel(rand, (enum image_kind)((x / 50 + y / 40 * 3) % IMAGE_MIXED), x,
				   y);
	}
}

static inline uint32_t *image_create(enum image_kind kind, unsigned int w, unsigned int h,
				     unsigned int stride_px, guint32 seed)
{
	uint32_t *pixels = g_new0(uint32_t, (size_t)stride_px * h);
	GRand *rand = g_rand_new_with_seed(seed);

	for (unsigned int y = 0; y < h; y++) {
		for (unsigned int x = 0; x < w; x++) {
			pixels[(size_t)y * stride_px + x] = 0xff000000 | image_pixel(rand, kind, x, y);
		}
	}
	g_rand_free(rand);
	return pixels;
}

/* How near @count pixels are to what they should be: mean square of the error in decibels. */
static inline double psnr(const uint32_t *pixels, const uint32_t *wanted, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++) {
		for (int shift = 0; shift < 24; shift += 8) {
			int diff = (int)(pixels[i] >> shift & 255) - (int)(wanted[i] >> shift & 255);

			sum += diff * diff;
		}
	}
	return 10 * log10(255.0 * 255.0 / MAX(sum / (3.0 * (double)count), 1e-9));
}

#endif
