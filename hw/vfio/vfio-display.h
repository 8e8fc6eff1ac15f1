/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_display: the screen of a vfio device as the source of one console.
 *
 *   QUERY_GFX_PLANE -> vfio-plane.c (checked) -> vfio-dmabuf.c or vfio-region-plane.c (buffer)
 *                   -> console_submit
 *
 * When to look: the display interrupt of linux/vfio_gfx.h where the device has it (vfio-gfx.c),
 * else a poll paced by the viewers. While the console is inactive nothing runs: no query, no timer,
 * no interrupt. Context: main, machine lock not held, unless said otherwise.
 */
#ifndef HW_VFIO_VFIO_DISPLAY_H
#define HW_VFIO_VFIO_DISPLAY_H

#include "vfio-device.h"

struct display_registry;
struct vfio_display;

/* A poll follows the last look after this while the picture changes... */
#define VFIO_POLL_MIN_MS 16u
/* ...and at most this when it doesn't: a first change is seen within 50 ms... */
#define VFIO_POLL_MAX_MS 40u
/* ...for so many looks. After that nobody is at work in front of the screen (a viewer's input
 * starts anew), and looks back off to this; or end, where the guest's next write is told. */
#define VFIO_POLL_STILL_LOOKS 50u
#define VFIO_POLL_STILL_MS    2000u

/* What viewers (with LATCH: those on the CPU) may see of a guest that flips while its picture is read. */
enum vfio_tear {
	VFIO_TEAR_ALLOW, /* parts of both pictures */
	VFIO_TEAR_LATCH, /* whole pictures only: reads that a flip came into are made again */
	VFIO_TEAR_COPY, /* whole pictures only: snapshots that the device makes */
	VFIO_TEAR_WAIT, /* the guest's flips wait, for so long as may be; else as LATCH */
};
/* As x-tear has it. */
const char *vfio_tear_name(enum vfio_tear tear);
/* Reads in a row that a flip came into before the next flip is waited for. */
#define VFIO_LATCH_TRIES 8u

struct vfio_display_config {
	struct vfio_device *device; /* borrowed, outlives the display */
	struct display_registry *registry;
	const char *label; /* id or name of the guest's device */
	struct addr_space *mem; /* the guest's memory, or NULL */
	uint32_t xres, yres; /* preferred mode, 0: the device's own */
	enum vfio_tear tear;
};

/* Does the device show anything? Context: any. */
bool vfio_display_present(struct vfio_device *device);
/* NULL and *error without a display, or when xres and yres or tear can't be had; in place of WAIT, COPY
 * is had with a warning. Context: main. */
struct vfio_display *vfio_display_create(const struct vfio_display_config *config,
					 GError **error);
/* Accepts NULL. */
void vfio_display_destroy(struct vfio_display *display);
/* The device was reset: what it showed is gone. Context: machine lock may be held. */
void vfio_display_reset(struct vfio_display *display);
/* The device is going away: lets go of everything of it, the console stays, blank. */
void vfio_display_detach(struct vfio_display *display);

#endif
