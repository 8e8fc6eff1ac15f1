/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The refresh rate of a Gen9 pipe, worked out once more and in floating point from what a guest
 * wrote (facts/I915-DISPLAY-FACTS.md, 7.3). For the tests only: the core has its own way.
 */
#ifndef TESTS_UNIT_GVT_SKL_MODE_H
#define TESTS_UNIT_GVT_SKL_MODE_H

#include <stdint.h>

struct skl_mode {
	unsigned int htotal, vtotal;
	unsigned int vdisplay; /* the first line of the blank */
	unsigned int behind;   /* lines that the counter is, by what i915 adds */
	double pixel_hz;
	double period_ns;
};

/* @reg gives the register at an offset. @port: that of TRANS_DDI_FUNC_CTL, B is 1. */
static inline struct skl_mode skl_mode_read(uint32_t (*reg)(void *opaque, uint32_t offset),
					    void *opaque, unsigned int pipe)
{
	static const double link_hz[8] = {540e6, 270e6, 162e6, 324e6, 216e6, 432e6, 0, 0};
	static const unsigned int pdiv[8] = {1, 2, 3, 0, 7, 0, 0, 0}, kdiv[4] = {5, 2, 3, 1};
	uint32_t trans = 0x60000 + 0x1000 * pipe, func = reg(opaque, trans + 0x400);
	unsigned int port = func >> 28 & 7, kind = func >> 24 & 7;
	unsigned int pll = reg(opaque, 0x6c05c) >> (3 * port + 1) & 3;
	struct skl_mode m = {.htotal = (reg(opaque, trans) >> 16 & 0x1fff) + 1,
			     .vtotal = (reg(opaque, trans + 0x0c) >> 16 & 0x1fff) + 1,
			     .vdisplay = (reg(opaque, trans + 0x0c) & 0x1fff) + 1,
			     .behind = kind == 2 ? 1 : 2};

	if (kind == 2) {
		uint32_t code = reg(opaque, 0x6c058) >> (6 * pll + 1) & 7;
		double n = reg(opaque, trans + 0x44) & 0xffffff;

		m.pixel_hz = n ? link_hz[code] * (reg(opaque, trans + 0x40) & 0xffffff) / n : 0;
	} else if (pll > 0) {
		uint32_t cfg1 = reg(opaque, 0x6c040 + 8 * (pll - 1));
		uint32_t cfg2 = reg(opaque, 0x6c044 + 8 * (pll - 1));
		double dco = 24e6 * ((cfg1 & 0x1ff) + (cfg1 >> 9 & 0x7fff) / 32768.0);
		unsigned int p1 = cfg2 & 0x80 ? cfg2 >> 8 & 0xff : 1;
		unsigned int p = pdiv[cfg2 >> 2 & 7] * p1 * kdiv[cfg2 >> 5 & 3];

		m.pixel_hz = p ? dco / (5.0 * p) : 0;
	}
	m.period_ns = m.pixel_hz > 0 ? 1e9 * m.htotal * m.vtotal / m.pixel_hz : 0;
	return m;
}

#endif
