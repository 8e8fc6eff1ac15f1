/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_snapshots: the slots of a device that makes snapshots (linux/vfio_gfx.h) as buffers.
 *
 * A slot is the consumer's until the last reference of its buffer goes, on whatever thread; only then
 * is it requested again, so whoever reads a buffer reads one whole picture for as long as he likes.
 * Context: main, except that buffers may be let go of anywhere.
 */
#ifndef HW_VFIO_VFIO_SNAPSHOTS_H
#define HW_VFIO_VFIO_SNAPSHOTS_H

#include "ui/fb.h"
#include "vfio-gfx.h"

struct vfio_snapshots;

/* @gfx (borrowed) has VFIO_GFX_CAP_SNAPSHOT. @freed: a slot can be had again, after -EBUSY; not from
 * within vfio_snapshots_*, but maybe from within fb_buffer_unref(). */
struct vfio_snapshots *vfio_snapshots_create(struct vfio_gfx *gfx, void (*freed)(void *opaque),
					     void *opaque);
/* Buffers stay mapped until they go. Accepts NULL. */
void vfio_snapshots_destroy(struct vfio_snapshots *snapshots);

/* On: slots can be requested. Off: the driver's memory is given back, when the last buffer has gone. */
int vfio_snapshots_switch(struct vfio_snapshots *snapshots, bool on);
/* 0; -EBUSY: somebody has a buffer of each slot, or a request is on; or -errno. */
int vfio_snapshots_request(struct vfio_snapshots *snapshots);
/* What became of the request; told->state may still be VFIO_GFX_SNAPSHOT_REQUEST. 0 or -errno. When
 * it is through, its slot can be requested again, unless a buffer is made of it first. */
int vfio_snapshots_read(struct vfio_snapshots *snapshots, struct vfio_gfx_snapshot *told);
/* The pixels of the complete snapshot @told, laid out as @fb (checked); NULL and *error. */
struct fb_buffer *vfio_snapshots_buffer(struct vfio_snapshots *snapshots,
					const struct vfio_gfx_snapshot *told,
					const struct fb_info *fb, GError **error);

#endif
