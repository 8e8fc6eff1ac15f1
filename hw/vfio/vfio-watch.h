/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_watch: hears of the guest's first write into the picture that is shown, for planes in guest
 * memory (VFIO_GFX_CAP_PAGES), whose driver can't notice that. See util/write-watch.h. Context: main.
 */
#ifndef HW_VFIO_VFIO_WATCH_H
#define HW_VFIO_VFIO_WATCH_H

#include "hw/core/addr-space.h"
#include "vfio-gfx.h"

struct vfio_watch;

/* @mem: the guest's memory, as it is mapped for DMA. @written(opaque) is called once after each
 * arming. NULL where that can't be had, with a trace of why; @gfx may be NULL. */
struct vfio_watch *vfio_watch_create(struct vfio_device *device, struct vfio_gfx *gfx,
				     struct addr_space *mem, void (*written)(void *opaque),
				     void *opaque);
/* Accepts NULL. */
void vfio_watch_destroy(struct vfio_watch *watch);

/* Watch the pages of the primary plane that was queried as @id. False: not possible, now or ever.
 * NULL is accepted and says so. */
bool vfio_watch_arm(struct vfio_watch *watch, uint32_t id);
/* Accepts NULL. */
void vfio_watch_disarm(struct vfio_watch *watch);

#endif
