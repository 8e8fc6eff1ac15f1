/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_hold: x-tear=wait. The guest's next flip waits while the picture of the last look is read
 * (linux/vfio_gfx.h, "Holds"): from the look on, until the console says that nobody reads it any more.
 * A reader that takes too long loses it; then it is as with x-tear=latch. Context: main.
 */
#ifndef HW_VFIO_VFIO_HOLD_H
#define HW_VFIO_VFIO_HOLD_H

#include "vfio-gfx.h"

/* The longest that a flip of the guest waits. Less is what a driver allows at most; more than a reader
 * of a large picture needs would only make the guest pay for one that hangs. */
#define VFIO_HOLD_MS 50u

struct vfio_hold;

/* @gfx (borrowed) has VFIO_GFX_CAP_HOLD. */
struct vfio_hold *vfio_hold_create(struct vfio_gfx *gfx);
/* Lets go. Accepts NULL. */
void vfio_hold_destroy(struct vfio_hold *hold);

/* A look begins, with *status as it was just read; it is read again when the guest was faster. From
 * here on what is shown stays shown, if that can be had. */
void vfio_hold_look_begin(struct vfio_hold *hold, struct vfio_gfx_status *status);
/* It is over: lets go, unless it came to a frame that somebody reads. */
void vfio_hold_look_end(struct vfio_hold *hold);
/* Somebody is about to read the frame of the look that found @flip_count. False: the guest has flipped
 * since, so it is time for another look. */
bool vfio_hold_use(struct vfio_hold *hold, uint64_t flip_count);
/* Nobody reads any more. */
void vfio_hold_unuse(struct vfio_hold *hold);

#endif
