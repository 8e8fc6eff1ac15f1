// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/track-load.h"

bool track_load_is_off(const struct track_load *load)
{
	return load->left > 0;
}

void track_load_told(struct track_load *load, uint64_t damaged, uint64_t all)
{
	load->heavy = damaged > 0 && damaged >= all / 4 ? load->heavy + 1 : 0;
	if (load->heavy >= TRACK_LOAD_HEAVY_LOOKS) {
		*load = (struct track_load){ .left = TRACK_LOAD_OFF_LOOKS };
	}
}

bool track_load_looked(struct track_load *load, bool changed)
{
	if (!track_load_is_off(load)) {
		return false;
	}
	load->still = changed ? 0 : load->still + 1;
	load->left = load->still < TRACK_LOAD_STILL_LOOKS ? load->left - 1 : 0;
	return !track_load_is_off(load);
}
