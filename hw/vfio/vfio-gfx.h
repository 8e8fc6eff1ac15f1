/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The consumer of linux/vfio_gfx.h: display interrupt and damage. Context: main. */
#ifndef HW_VFIO_VFIO_GFX_H
#define HW_VFIO_VFIO_GFX_H

#include <linux/vfio_gfx.h>
#include <pixman.h>

#include "vfio-device.h"

struct vfio_gfx;

/* NULL when the device has no such region, or one of another version. */
struct vfio_gfx *vfio_gfx_probe(struct vfio_device *device);
/* Stops listening. Accepts NULL. */
void vfio_gfx_destroy(struct vfio_gfx *gfx);

/* A consistent copy; what an older driver doesn't fill is zero. */
int vfio_gfx_read_status(struct vfio_gfx *gfx, struct vfio_gfx_status *status);

/* Turns interrupt and damage tracking on. The eventfd (borrowed, -errno on failure) says "look". */
int vfio_gfx_listen(struct vfio_gfx *gfx);
void vfio_gfx_unlisten(struct vfio_gfx *gfx);

/* What changed since the last harvest. */
struct vfio_gfx_harvest {
	bool known; /* false: anything may have changed */
	pixman_region32_t tiles; /* always initialised */
	struct vfio_gfx_plane plane;
};
/* To be done before the plane is queried. Ends with pixman_region32_fini(&harvest->tiles). */
void vfio_gfx_harvest(struct vfio_gfx *gfx, struct vfio_gfx_harvest *harvest);

#endif
