// SPDX-License-Identifier: GPL-2.0-or-later
#include "gvt_vblank.h"

void gvt_vblank_init(struct gvt_vblank *v, uint64_t now_ns, uint32_t refresh_mhz)
{
	if (refresh_mhz < GVT_VBLANK_MIN_MHZ) {
		refresh_mhz = GVT_VBLANK_MIN_MHZ;
	}
	if (refresh_mhz > GVT_VBLANK_MAX_MHZ) {
		refresh_mhz = GVT_VBLANK_MAX_MHZ;
	}
	v->epoch_ns = now_ns;
	v->period_ns = (1000000000000ULL + refresh_mhz / 2) / refresh_mhz;
}

uint64_t gvt_vblank_count(const struct gvt_vblank *v, uint64_t now_ns)
{
	if (now_ns < v->epoch_ns) {
		return 0;
	}
	return (now_ns - v->epoch_ns) / v->period_ns;
}

uint64_t gvt_vblank_next_ns(const struct gvt_vblank *v, uint64_t now_ns)
{
	if (now_ns < v->epoch_ns) {
		return v->epoch_ns;
	}
	return v->epoch_ns + (gvt_vblank_count(v, now_ns) + 1) * v->period_ns;
}

bool gvt_vblank_active(const struct gvt_vblank *v, uint64_t now_ns)
{
	if (now_ns < v->epoch_ns) {
		return false;
	}
	return (now_ns - v->epoch_ns) % v->period_ns < v->period_ns / 20;
}
