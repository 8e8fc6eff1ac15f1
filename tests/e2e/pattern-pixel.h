/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture of pattern.h. */
#ifndef TESTS_E2E_PATTERN_PIXEL_H
#define TESTS_E2E_PATTERN_PIXEL_H

#include <stdint.h>
#include <glib.h>

/* Bands of what encoders tell apart: flat, two colours, some, gradients, noise. */
static inline uint32_t pattern_at(GRand *rand, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	switch (y * 6 / h) {
	case 0:
		return x * 8 / w * 0x1f3b55;
	case 1:
		return (x / 3 ^ y / 5) & 1 ? 0x102030 : 0xe0f0d0;
	case 2:
		return (x / 7 * 0x332211 + y / 9 * 0x112233) & 0xf0f0f0;
	case 3:
		return (x * 255 / w) << 16 | (y * 255 / h) << 8 | ((x + y) & 0xff);
	case 4:
		return g_rand_int(rand) & 0xffffff;
	default:
		return (x * x + y * y) >> 6 & 0xff;
	}
}

#endif
