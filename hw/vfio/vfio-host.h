/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_host: the containers and groups that a machine's vfio devices share (board->vfio).
 *
 * One container holds every group that will go into it, so that guest RAM is mapped for DMA once.
 * Context: main, machine lock held.
 */
#ifndef HW_VFIO_VFIO_HOST_H
#define HW_VFIO_VFIO_HOST_H

#include "vfio-device.h"

struct board;

/*
 * Opens the device whose sysfs folder is @path (any form, links allowed), its group and a container
 * as needed, and tells vfio about guest RAM. The message says which step failed, why, and what a
 * person can do about it. Close with vfio_host_close.
 */
struct vfio_device *vfio_host_open(struct board *board, const char *path, GError **error);
/* Closes the device; groups, container and board->vfio go with their last user. */
void vfio_host_close(struct board *board, struct vfio_device *device);

#endif
