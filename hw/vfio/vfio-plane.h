/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Planes as a driver reports them, and what we make of them. Context: any. */
#ifndef HW_VFIO_VFIO_PLANE_H
#define HW_VFIO_VFIO_PLANE_H

#include "ui/console.h"
#include "ui/fb.h"
#include "vfio-device.h"

/* DRM_PLANE_TYPE_* of the kernel's drm_plane.h, which has no user-space header. */
#define VFIO_PLANE_OVERLAY 0u
#define VFIO_PLANE_PRIMARY 1u
#define VFIO_PLANE_CURSOR  2u

/* True when the driver offers @kind: VFIO_GFX_PLANE_TYPE_DMABUF or _REGION. */
bool vfio_plane_probe(struct vfio_device *device, uint32_t kind);
/* 0 or -errno; *info is all zero but for what the driver wrote. */
int vfio_plane_query(struct vfio_device *device, uint32_t kind, uint32_t type,
		     struct vfio_device_gfx_plane_info *info);

/* A plane that the guest switched off is answered with zeros. */
static inline bool vfio_plane_is_off(const struct vfio_device_gfx_plane_info *info)
{
	return info->drm_format == 0 || info->size == 0;
}

/*
 * Checks a plane that is on, in 64 bits. BLANK_NONE and *fb filled, or BLANK_BAD_FORMAT (nobody
 * here can read such pixels) or BLANK_BAD_PLANE (impossible) with *error saying what is wrong.
 */
enum blank_reason vfio_plane_check(const struct vfio_device *device,
				   const struct vfio_device_gfx_plane_info *info,
				   struct fb_info *fb, GError **error);
/* Same pixels at the same place of a buffer? */
bool vfio_plane_same_layout(const struct fb_info *a, const struct fb_info *b);

#endif
