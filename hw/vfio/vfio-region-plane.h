/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_region_plane: a plane whose pixels lie in a region of the device (NVIDIA, mdpy).
 *
 * The region is mapped, and mapped anew when the plane's geometry or its region changes, so that a
 * mode switch never leaves an old map readable past its size. What can't be mapped is read into a
 * copy at each look. Context: main.
 */
#ifndef HW_VFIO_VFIO_REGION_PLANE_H
#define HW_VFIO_VFIO_REGION_PLANE_H

#include "ui/fb.h"
#include "vfio-device.h"

struct vfio_region_plane {
	struct vfio_device *device;
	uint32_t index;
	struct vfio_region region;
	struct fb_info reported;
	struct fb_buffer *buffer; /* NULL: nothing yet */
	bool copied; /* buffer holds a copy */
};

void vfio_region_plane_init(struct vfio_region_plane *plane, struct vfio_device *device);
void vfio_region_plane_clear(struct vfio_region_plane *plane);
/*
 * The buffer of region @index with layout @fb (checked), a new reference, its pixels as they are
 * now. NULL and *error: no such region, or the plane doesn't fit into it.
 */
struct fb_buffer *vfio_region_plane_get(struct vfio_region_plane *plane, uint32_t index,
					const struct fb_info *fb, GError **error);

#endif
