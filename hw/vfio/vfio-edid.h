/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_edid: the monitor that a vGPU's guest sees, through mainline's EDID region.
 *
 * Protocol: link down, new blob and its size, link up (linux/vfio.h). Context: main.
 */
#ifndef HW_VFIO_VFIO_EDID_H
#define HW_VFIO_VFIO_EDID_H

#include "ui/console.h"
#include "vfio-device.h"

struct vfio_edid;

/* NULL when the device has no EDID region that makes sense. */
struct vfio_edid *vfio_edid_create(struct vfio_device *device);
/* A link that is down because of us comes up. Accepts NULL. */
void vfio_edid_destroy(struct vfio_edid *edid);
/* At start: at once, without the wait. False and *error: too large for the device, or refused. */
bool vfio_edid_set_now(struct vfio_edid *edid, const struct display_mode *mode, GError **error);
/* While the guest runs, by ui/mode-wish.h; sizes are clamped to what the device can do. */
void vfio_edid_request(struct vfio_edid *edid, const struct display_mode *mode);
/* The device was reset: what we had set is set again if it is lost. */
void vfio_edid_restore(struct vfio_edid *edid);
bool vfio_edid_link_is_down(struct vfio_edid *edid);

#endif
