/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by vfio-display.c (when to look, life cycle), vfio-look.c (what a look comes to) and
 * vfio-copy.c (looks that are snapshots) only.
 * Context: main, machine lock not held.
 */
#ifndef HW_VFIO_VFIO_DISPLAY_PRIVATE_H
#define HW_VFIO_VFIO_DISPLAY_PRIVATE_H

#include "ui/console.h"
#include "vfio-cursor.h"
#include "vfio-display.h"
#include "vfio-dmabuf.h"
#include "vfio-edid.h"
#include "vfio-gfx.h"
#include "vfio-hold.h"
#include "vfio-plane.h"
#include "vfio-region-plane.h"
#include "vfio-snapshots.h"
#include "vfio-spare.h"
#include "vfio-watch.h"

/* What one look at the planes came to. PENDING: a snapshot was requested. */
enum look { LOOK_FRAME, LOOK_SAME, LOOK_BLANK, LOOK_FAILED, LOOK_PENDING };

struct vfio_copy;

struct vfio_display {
	struct vfio_device *device; /* NULL after detach */
	struct console *console;
	uint32_t kind; /* VFIO_GFX_PLANE_TYPE_DMABUF or _REGION: how planes are asked for */
	uint32_t primary; /* VFIO_PLANE_*: as what the driver knows its screen */
	bool region_too; /* a device with dma-bufs offers regions as well */
	struct vfio_dmabuf_cache dmabufs;
	struct vfio_region_plane region;
	struct vfio_cursor cursor;
	struct vfio_gfx *gfx; /* NULL: only mainline's interface */
	struct vfio_edid *edid; /* NULL: the guest's mode can't be chosen */

	/* when to look */
	bool active, irq; /* irq: the display interrupt is on */
	bool tells; /* the interrupt comes for what the guest draws in place, too */
	struct vfio_spare spare; /* is on: just now it doesn't */
	struct addr_space *mem; /* for watch */
	struct vfio_watch *watch; /* NULL: nobody tells of writes */
	uint32_t armed_id; /* the plane whose first write will be told, 0: none */
	guint event_watch, timer, kick;
	bool reset_seen, again; /* for kick */
	unsigned int interval_ms;
	unsigned int still; /* polling: looks in a row, at one buffer, that found no change */
	unsigned int rhythm_ms; /* polling: what suits the guest's rate of changes */
	int64_t last_look_ns, failing_since_ns;
	bool waiting; /* for frame_done: nobody could use a newer frame yet */
	bool event_waits; /* an event came meanwhile */
	bool compared, flipped; /* the last look: compared what was shown, followed an event */

	/* what the console has */
	struct fb_buffer *shown;
	pixman_box32_t shown_source;
	uint32_t shown_id; /* as the driver counts */
	bool damage_lost; /* a harvest led to no frame */
	bool ever_on;

	enum vfio_tear tear;
	struct vfio_copy *copy; /* with VFIO_TEAR_COPY; then shown is NULL */
	struct vfio_hold *hold; /* with VFIO_TEAR_WAIT */
	unsigned int mixed_in_a_row; /* reads that a flip came into */

	/* The status page as of the last look; false: the next look has to ask for everything. */
	bool picture_known, cursor_known;
	uint64_t flip_count, damage_generation, cursor_count;

	uint64_t queries, frames, events, mixed_reads;
};

/* Asks for both planes and tells the console. */
enum look vfio_display_look(struct vfio_display *display);
/*
 * Reads the status page, which costs nothing, and looks at the cursor if that changed. False: the
 * primary plane can't have changed, but for what the guest drew in place without anybody telling.
 */
bool vfio_display_glance(struct vfio_display *display);
/* Shows the buffer that is shown again, so that readers compare it: for drawing in place that nobody
 * tells of. Asks the driver for nothing; false when there is no picture to compare. */
bool vfio_display_compare(struct vfio_display *display);
/* True while the guest hasn't flipped since the last look began; also where nobody can know. */
bool vfio_display_is_whole(struct vfio_display *display);
/* "No frame yet": the last picture stays, and only a lasting failure is told. @hint: what a person
 * may do, or "". */
enum look vfio_display_failed(struct vfio_display *display, enum blank_reason reason, int err,
			      const char *operation, const char *hint);
/* The plane is off; tells the viewers why, where the driver does. */
enum look vfio_display_plane_off(struct vfio_display *display);
/* A look from the main loop, not from in here. */
void vfio_display_look_soon(struct vfio_display *display);
/* Tells the viewers why there is no picture; @text NULL: the reason's own. */
enum look vfio_display_blank(struct vfio_display *display, enum blank_reason reason,
			     const char *text);

/* ---- vfio-copy.c ---- */

/* The driver has VFIO_GFX_CAP_SNAPSHOT. */
struct vfio_copy *vfio_copy_create(struct vfio_display *display);
/* Accepts NULL. */
void vfio_copy_destroy(struct vfio_copy *copy);
/* Somebody watches, or nobody does any more: then the driver's memory is given back. */
void vfio_copy_switch(struct vfio_copy *copy, bool on);
/* The next frame is relative to nothing. */
void vfio_copy_forget(struct vfio_copy *copy);
/* Harvests damage and requests a snapshot; LOOK_PENDING, or LOOK_SAME: viewers read all there are, a
 * look follows when one is free. */
enum look vfio_copy_begin(struct vfio_copy *copy);
bool vfio_copy_is_on(const struct vfio_copy *copy);
/* Submits the snapshot if it is complete. *again: LOOK_FAILED for a reason that has passed. */
enum look vfio_copy_end(struct vfio_copy *copy, bool *again);
/* Looks and waits for it: what the guest shows from here on, not LOOK_PENDING but for a driver that
 * doesn't answer. */
enum look vfio_copy_now(struct vfio_copy *copy);
void vfio_copy_get_state(const struct vfio_copy *copy, struct source_state *state);

#endif
