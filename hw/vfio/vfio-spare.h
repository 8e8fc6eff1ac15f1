/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_spare: harvests of damage, but for the times when they cost more than they tell (ui/track-load.h).
 * Then only flips are told, and somebody has to look for the rest. Context: main.
 */
#ifndef HW_VFIO_VFIO_SPARE_H
#define HW_VFIO_VFIO_SPARE_H

#include "ui/track-load.h"
#include "vfio-gfx.h"

/* Zeros: a new listener's. */
struct vfio_spare {
	struct track_load load;
	bool gap; /* there was such a time since the last harvest */
};

bool vfio_spare_is_on(const struct vfio_spare *spare);
/* vfio_gfx_harvest(), or nothing known. */
void vfio_spare_harvest(struct vfio_spare *spare, struct vfio_gfx *gfx,
			struct vfio_gfx_harvest *harvest);
/* A look is through. True: that was the last one without a harvest, and one with it is due now. */
bool vfio_spare_looked(struct vfio_spare *spare, bool changed);
/* The screen went blank: the next look is with a harvest. */
void vfio_spare_end(struct vfio_spare *spare);

#endif
