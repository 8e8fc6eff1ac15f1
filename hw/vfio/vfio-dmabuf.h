/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_dmabuf_cache: the dma-bufs of a device by dmabuf_id.
 *
 * Each GET_GFX_DMABUF gives a new fd, so an id is fetched once and its fd owned here. A driver may
 * use an id again for something else: an entry counts only while geometry, stride, format, modifier
 * and size are the same too. Context: main.
 */
#ifndef HW_VFIO_VFIO_DMABUF_H
#define HW_VFIO_VFIO_DMABUF_H

#include "ui/fb.h"
#include "vfio-device.h"

/* A guest that swaps three buffers for each of two modes, and a cursor's few, fit. Each entry keeps
 * guest memory alive in the exporter. */
#define VFIO_DMABUF_CACHE_MAX 8u

struct vfio_dmabuf_cache {
	struct vfio_device *device;
	GQueue entries; /* of struct vfio_dmabuf, the last used first */
	uint64_t fetches;
};

void vfio_dmabuf_cache_init(struct vfio_dmabuf_cache *cache, struct vfio_device *device);
/* Gives back every fd that no frame uses any more. */
void vfio_dmabuf_cache_clear(struct vfio_dmabuf_cache *cache);
/*
 * The buffer of @id with layout @fb (checked), a new reference; NULL and -errno in *err when the
 * driver doesn't give it. It may turn out not to be mappable.
 */
struct fb_buffer *vfio_dmabuf_get(struct vfio_dmabuf_cache *cache, uint32_t id,
				  const struct fb_info *fb, int *err);
/* Forgets @id. */
void vfio_dmabuf_drop(struct vfio_dmabuf_cache *cache, uint32_t id);

#endif
