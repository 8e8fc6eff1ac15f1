/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct gvt_vblank: a vertical blank that needs no timer. Blank n is at epoch + n * period, so its
 * count is a function of the time and can't drift; a shell runs a timer only while somebody waits
 * for the next one.
 */
#ifndef GVT_VBLANK_H
#define GVT_VBLANK_H

#include "gvt_types.h"

#define GVT_VBLANK_MIN_MHZ 1000u    /* 1 Hz */
#define GVT_VBLANK_MAX_MHZ 1000000u /* 1 kHz */

struct gvt_vblank {
	uint64_t epoch_ns;
	uint64_t period_ns;
};

/* Count from @now_ns at @refresh_mhz (millihertz; out of range is moved into it). */
void gvt_vblank_init(struct gvt_vblank *v, uint64_t now_ns, uint32_t refresh_mhz);
/* Blanks that have begun up to @now_ns; 0 before the epoch. */
uint64_t gvt_vblank_count(const struct gvt_vblank *v, uint64_t now_ns);
/* The time of the first blank after @now_ns (strictly). */
uint64_t gvt_vblank_next_ns(const struct gvt_vblank *v, uint64_t now_ns);
/* Is the beam in the blank (the first 5 % of a period)? */
bool gvt_vblank_active(const struct gvt_vblank *v, uint64_t now_ns);

#endif
