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

/* Where in its buffer a plane's picture lies, which mainline can't say (linux/vfio_gfx.h). Zero: at
 * its beginning, and upright. */
struct vfio_plane_place {
	uint32_t offset_bytes; /* linear: of the first pixel */
	uint32_t x_px, y_px; /* tiled: of the first pixel, from the first tile's corner */
	uint32_t rotation; /* degrees counter-clockwise */
};

/*
 * Checks a plane that is on, in 64 bits. BLANK_NONE and *fb filled, or BLANK_BAD_FORMAT (nobody
 * here can read such pixels) or BLANK_BAD_PLANE (impossible) with *error saying what is wrong.
 * @place NULL: as mainline has it. *fb is the buffer as far as the picture reaches into it: its
 * width is place->x_px + info->width, and its pixels from there on are vfio_plane_source().
 */
enum blank_reason vfio_plane_check(const struct vfio_device *device,
				   const struct vfio_device_gfx_plane_info *info,
				   const struct vfio_plane_place *place, struct fb_info *fb,
				   GError **error);
/* The picture's part of a buffer that was checked with @place. */
static inline pixman_box32_t vfio_plane_source(const struct vfio_plane_place *place,
					       const struct fb_info *fb)
{
	return (pixman_box32_t){ (int32_t)place->x_px, (int32_t)place->y_px,
				 (int32_t)fb->width_px, (int32_t)fb->height_px };
}
/* Same pixels at the same place of a buffer? */
bool vfio_plane_same_layout(const struct fb_info *a, const struct fb_info *b);

#endif
