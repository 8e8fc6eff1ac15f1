/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout: the console of an emulated display, and when it looks at what the guest has drawn.
 *
 * Register writes announce themselves (scanout_kick), memory writes don't. So, while somebody
 * watches and there is a picture, a look is made at 60 Hz as long as changes keep coming; after
 * half a second without one the picture's pages are watched (util/write-watch.h), and the next look
 * comes with the first write to them. Where the host's kernel doesn't offer that to us, the interval
 * doubles with each look up to two seconds; a change that comes out of the blue is then seen that
 * late (one that follows a viewer's input isn't: expect_change). Nobody watching, a plane that is
 * off, or viewers that all stand still: no look at all.
 *
 * Context: main, machine lock not held, unless said otherwise.
 */
#ifndef HW_DISPLAY_SCANOUT_H
#define HW_DISPLAY_SCANOUT_H

#include "hw/core/device.h"
#include "kernel/gvt/core/gvt_plane.h"
#include "ui/console.h"
#include "util/write-watch.h"

struct scanout_ops {
	/* Mandatory. Look, and end with one of scanout_submit, scanout_same, scanout_off and
	 * scanout_blank. @whole: a viewer needs the picture whether it changed or not. */
	void (*look)(void *device, bool whole);
	/* Optional. Somebody watches, or nobody any more. Context: machine lock held. */
	void (*watch)(void *device, bool watched);
	/* Optional: append to @pages (uintptr_t) where the picture that was submitted last lies, in
	 * memory that was added to @watch. False: it can't be watched. */
	bool (*pages)(void *device, struct write_watch *watch, GArray *pages);
	/* Optional: a viewer has finished with a frame. */
	void (*frame_done)(void *device, enum frame_news news);
	/* Optional, as in source_ops. */
	bool (*set_mode)(void *device, const struct display_mode *mode);
};

/* Lives in its device. */
struct scanout {
	struct console *console;
	bool watched; /* machine lock: somebody wants frames */
	/* private to scanout.c */
	const struct scanout_ops *ops;
	void *device;
	int change_fd; /* eventfd: the guest changed something */
	guint change_watch, timer;
	bool picture; /* there was one at the last look */
	bool awaiting; /* a frame was submitted and no sink has finished with it */
	int64_t looked_ns; /* when the memory was looked at last */
	uint32_t interval_ms; /* to the next look */
	unsigned int quiet; /* looks without a change */
	struct write_watch *writes; /* NULL: not yet, or not to be had */
	bool no_writes; /* not to be had */
	bool armed; /* the first write will be told */
	uint64_t looks, frames, changes;
};

/* @opaque: for @ops. */
bool scanout_init(struct scanout *scanout, struct device *dev, const struct scanout_ops *ops,
		  void *opaque, GError **error);
/* Accepts what init left half-made, and a zeroed one. */
void scanout_finish(struct scanout *scanout);

/* The guest changed what is shown; nothing happens while nobody watches. Context: machine lock
 * held. */
void scanout_kick(struct scanout *scanout);

/* How a look ends: with a frame (taken), with no change, or without a picture. */
void scanout_submit(struct scanout *scanout, struct frame *frame);
void scanout_same(struct scanout *scanout);
void scanout_off(struct scanout *scanout, const struct gvt_plane *plane);
void scanout_blank(struct scanout *scanout, enum blank_reason reason, const char *text);

/* The EDID of a monitor that prefers @mode, moved into the given limits (0: what an EDID can say).
 * Returns its size; @edid holds GVT_EDID_MAX bytes. Context: any. */
size_t scanout_edid(const struct display_mode *mode, uint32_t max_width_px, uint32_t max_height_px,
		    uint8_t *edid);

#endif
