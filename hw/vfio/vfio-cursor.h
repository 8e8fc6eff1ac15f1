/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio_cursor: the cursor plane of a device, for its console. Context: main. */
#ifndef HW_VFIO_VFIO_CURSOR_H
#define HW_VFIO_VFIO_CURSOR_H

#include "ui/console.h"
#include "vfio-dmabuf.h"
#include "vfio-region-plane.h"

struct vfio_cursor {
	struct vfio_device *device;
	struct console *console;
	struct vfio_dmabuf_cache dmabufs;
	struct vfio_region_plane region;
	struct fb_buffer *image; /* shown; NULL: hidden */
	uint64_t pixels_hash; /* a guest may draw a new cursor into the same buffer */
	int32_t hot_x_px, hot_y_px, x_px, y_px;
	bool visible, known; /* known: the console was told */
	unsigned int failures; /* in a row, without a success ever */
	bool seen;
};

void vfio_cursor_init(struct vfio_cursor *cursor, struct vfio_device *device,
		      struct console *console);
/* Looks at the plane and tells the console what changed. A driver that answers nothing but errors
 * is not asked again until vfio_cursor_forget. @kind as for the primary plane. False: the driver
 * gave no answer this time. */
bool vfio_cursor_look(struct vfio_cursor *cursor, uint32_t kind);
/* Lets go of buffers; the next look tells the console everything again. */
void vfio_cursor_forget(struct vfio_cursor *cursor);

#endif
