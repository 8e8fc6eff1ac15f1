/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The consumer of linux/vfio_gfx.h: display interrupt, damage, snapshots, holds. Context: main. */
#ifndef HW_VFIO_VFIO_GFX_H
#define HW_VFIO_VFIO_GFX_H

#include <linux/vfio_gfx.h>
#include <pixman.h>

#include "vfio-device.h"

struct vfio_gfx;

/* NULL when the device has no such region, or one of another version. From here on the driver may
 * show planes whose place in their buffer only the status page says (VFIO_GFX_CAP_SOURCE). */
struct vfio_gfx *vfio_gfx_probe(struct vfio_device *device);
/* Stops listening. Accepts NULL. */
void vfio_gfx_destroy(struct vfio_gfx *gfx);

/* VFIO_GFX_CAP_*, less what doesn't make sense or could not be turned on. */
uint32_t vfio_gfx_caps(const struct vfio_gfx *gfx);
/* A consistent copy; what an older driver doesn't fill is zero. */
int vfio_gfx_read_status(struct vfio_gfx *gfx, struct vfio_gfx_status *status);

/* Turns the interrupt on and, where the driver has it, damage tracking. The eventfd (borrowed, -errno
 * on failure) says "look". Only with VFIO_GFX_CAP_IRQ. */
int vfio_gfx_listen(struct vfio_gfx *gfx);
void vfio_gfx_unlisten(struct vfio_gfx *gfx);

/* What changed since the last harvest. */
struct vfio_gfx_harvest {
	bool known; /* false: anything may have changed */
	pixman_region32_t tiles; /* always initialised */
	struct vfio_gfx_plane plane;
	uint64_t generation; /* of status.damage_generation that it covers; 0: unknown */
};
/* To be done before the plane is queried. Ends with pixman_region32_fini(&harvest->tiles). */
void vfio_gfx_harvest(struct vfio_gfx *gfx, struct vfio_gfx_harvest *harvest);
/* Nothing is known; what was written stays for the next harvest, and costs the guest no more. */
void vfio_gfx_harvest_none(struct vfio_gfx_harvest *harvest);

/* Where the pages of the primary plane lie that was queried as @id: @count guest-physical addresses,
 * g_free. -ENOTSUP without VFIO_GFX_CAP_PAGES, -ESTALE when it is another plane, or -errno. */
int vfio_gfx_read_pages(struct vfio_gfx *gfx, uint32_t id, uint64_t **addresses, size_t *count);

/* Snapshots, only with VFIO_GFX_CAP_SNAPSHOT; vfio-snapshots.h looks after the slots. All return 0 or
 * -errno. */
int vfio_gfx_snapshot_switch(struct vfio_gfx *gfx, bool on);
/* Checked: slots lie in the region, and the picture of a complete one lies in its slot. */
int vfio_gfx_snapshot_read(struct vfio_gfx *gfx, struct vfio_gfx_snapshot *told);
int vfio_gfx_snapshot_request(struct vfio_gfx *gfx, uint32_t slot);
/* The first @size_bytes (whole pages) of @slot, read-only; undone by munmap(2). */
int vfio_gfx_snapshot_map(struct vfio_gfx *gfx, uint32_t slot, uint64_t size_bytes, void **hva);

/* Only with VFIO_GFX_CAP_HOLD: flips away from the picture of status.flip_count @flip_count wait for up
 * to @timeout_ms; 0: no longer. 0; -ESTALE: it isn't shown, or (letting go) they waited no more; or
 * another -errno. */
int vfio_gfx_hold(struct vfio_gfx *gfx, uint64_t flip_count, uint32_t timeout_ms);

#endif
