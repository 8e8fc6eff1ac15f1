// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x-tear=copy: a look is a request, and its end is a frame of memory that the guest can't reach.
 *
 * Damage is relative to the snapshot before. What was harvested before the request covers it,
 * unless the guest flipped between the two; then it is harvested again behind the copy, which covers more
 * than was copied. The surplus is damage of the next frame too (carried), and since no signal will
 * come for it any more, the next look is due. docs/frame-path.md.
 */
#include "vfio-display-private.h"

#include <errno.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

/* For a picture now: how often another mode may come between, and the longest that a driver that
 * works takes for its copies. */
#define NOW_TRIES 3u
#define NOW_WAIT_NS (1000 * 1000 * 1000ll)
#define NOW_SLEEP_US 100u

struct damage {
	bool known;
	bool any; /* harvested since; plane is its geometry */
	struct vfio_gfx_plane plane;
	pixman_region32_t tiles;
};

struct vfio_copy {
	struct vfio_display *display;
	struct vfio_snapshots *slots;
	bool on; /* requested, not through */
	bool stale; /* what is on was requested for an earlier viewer */
	bool slot_due; /* a look waits for a slot */
	struct damage damage; /* since the last frame */
	struct vfio_gfx_plane shown; /* the last frame's; drm_format 0: none */
	uint64_t flip_count; /* as of before the harvest of what is on */
	uint64_t shown_flip; /* of shown */
	int64_t requested_ns;
	uint64_t copies, tries;
};

/* ---- damage ---- */

static bool same_plane(const struct vfio_gfx_plane *a, const struct vfio_gfx_plane *b)
{
	return a->width == b->width && a->height == b->height && a->stride == b->stride &&
	       a->drm_format == b->drm_format;
}

static void damage_forget(struct damage *damage, bool known)
{
	damage->known = known;
	damage->any = false;
	pixman_region32_clear(&damage->tiles);
}

static void damage_add(struct damage *damage, struct vfio_gfx_harvest *harvest)
{
	damage->known = damage->known && harvest->known &&
			(!damage->any || same_plane(&damage->plane, &harvest->plane));
	damage->any = true;
	damage->plane = harvest->plane;
	if (damage->known) {
		pixman_region32_union(&damage->tiles, &damage->tiles, &harvest->tiles);
	}
}

static void harvest_begin(struct vfio_copy *copy, struct vfio_gfx_harvest *harvest)
{
	vfio_spare_harvest(&copy->display->spare, copy->display->gfx, harvest);
	copy->display->damage_generation = harvest->generation;
	damage_add(&copy->damage, harvest);
}

/* ---- life ---- */

static void slot_freed(void *opaque)
{
	struct vfio_copy *copy = opaque;

	if (copy->slot_due) {
		copy->slot_due = false;
		vfio_display_look_soon(copy->display);
	}
}

struct vfio_copy *vfio_copy_create(struct vfio_display *display)
{
	struct vfio_copy *copy = g_new0(struct vfio_copy, 1);

	copy->display = display;
	copy->slots = vfio_snapshots_create(display->gfx, slot_freed, copy);
	pixman_region32_init(&copy->damage.tiles);
	return copy;
}

void vfio_copy_destroy(struct vfio_copy *copy)
{
	if (copy) {
		vfio_snapshots_destroy(copy->slots);
		pixman_region32_fini(&copy->damage.tiles);
		g_free(copy);
	}
}

void vfio_copy_forget(struct vfio_copy *copy)
{
	copy->shown.drm_format = 0;
	damage_forget(&copy->damage, false);
}

void vfio_copy_switch(struct vfio_copy *copy, bool on)
{
	int ret = vfio_snapshots_switch(copy->slots, on);

	if (ret < 0) {
		warn_report("%s: snapshots: %s", copy->display->device->name, g_strerror(-ret));
	}
	copy->stale = copy->on;
	copy->slot_due = false;
	vfio_copy_forget(copy);
}

bool vfio_copy_is_on(const struct vfio_copy *copy)
{
	return copy->on;
}

void vfio_copy_get_state(const struct vfio_copy *copy, struct source_state *state)
{
	state->copies = copy->copies;
	state->copy_tries = copy->tries;
}

/* ---- a look ---- */

static enum look request(struct vfio_copy *copy)
{
	int ret = vfio_snapshots_request(copy->slots);

	copy->requested_ns = clock_ns();
	if (ret == -EBUSY) {
		/* Viewers read all of them: what they let go of first is taken. */
		copy->slot_due = true;
		return LOOK_SAME;
	}
	if (ret < 0) {
		return vfio_display_failed(copy->display, BLANK_NO_BUFFER, ret, "snapshot",
					   ret == -ENOSPC ? " (the driver's limit on memory; "
							    "memory_mib of oriel_gvt)" : "");
	}
	copy->on = true;
	return LOOK_PENDING;
}

enum look vfio_copy_begin(struct vfio_copy *copy)
{
	struct vfio_display *display = copy->display;
	struct vfio_gfx_harvest harvest;

	if (copy->on) {
		return LOOK_PENDING;
	}
	if (copy->slot_due) {
		return LOOK_SAME;
	}
	copy->flip_count = display->flip_count;
	harvest_begin(copy, &harvest);
	pixman_region32_fini(&harvest.tiles);
	return request(copy);
}

/* The plane as mainline and the status page would have told of it. */
static struct vfio_device_gfx_plane_info told_plane(const struct vfio_gfx_snapshot *told,
						    struct vfio_plane_place *place)
{
	const struct vfio_gfx_plane *plane = &told->plane;

	*place = (struct vfio_plane_place){
		.offset_bytes = (uint32_t)MIN(plane->offset, UINT32_MAX),
		.x_px = told->src_x,
		.y_px = told->src_y,
		.rotation = told->rotation,
	};
	return (struct vfio_device_gfx_plane_info){
		.drm_format = plane->drm_format,
		.drm_format_mod = plane->drm_format_mod,
		.width = plane->width,
		.height = plane->height,
		.stride = plane->stride,
		.size = (uint32_t)MIN(plane->size, UINT32_MAX),
	};
}

/* Submits @buffer, taken, with the damage that is due. */
static void submit(struct vfio_copy *copy, const struct vfio_gfx_snapshot *told,
		   struct fb_buffer *buffer, const pixman_box32_t *source)
{
	struct vfio_display *display = copy->display;
	struct vfio_gfx_harvest harvest;
	bool carried = told->flip_count != copy->flip_count, known;
	bool flipped = told->flip_time_ns && told->flip_count != copy->shown_flip;
	struct frame *frame;

	if (carried) {
		harvest_begin(copy, &harvest);
	}
	known = copy->damage.known && same_plane(&copy->damage.plane, &told->plane) &&
		same_plane(&copy->shown, &told->plane) && !told->rotation;
	frame = frame_create(buffer, source, known ? &copy->damage.tiles : NULL,
			     (int64_t)(flipped ? told->flip_time_ns : told->time_ns));
	copy->shown = told->plane;
	copy->shown_flip = told->flip_count;
	damage_forget(&copy->damage, true);
	display->frames += !display->compared; /* else counted when it is found to differ */
	display->shown_id = told->plane.id;
	display->flip_count = told->flip_count;
	/* What happened before it was made is in it. */
	display->event_waits = display->event_waits && vfio_display_glance(display);
	if (carried) {
		damage_add(&copy->damage, &harvest);
		/* Where nobody tells of damage, what follows is told by flips alone. */
		display->event_waits |= harvest.known &&
					pixman_region32_not_empty(&harvest.tiles);
		pixman_region32_fini(&harvest.tiles);
	}
	console_submit(display->console, frame);
}

static enum look complete(struct vfio_copy *copy, const struct vfio_gfx_snapshot *told)
{
	struct vfio_display *display = copy->display;
	struct vfio_plane_place place;
	struct vfio_device_gfx_plane_info info = told_plane(told, &place);
	GError *error = NULL;
	struct fb_buffer *buffer;
	enum blank_reason reason;
	struct fb_info fb;
	pixman_box32_t source;

	display->ever_on = true;
	display->failing_since_ns = 0;
	reason = vfio_plane_check(display->device, &info, &place, &fb, &error);
	if (reason == BLANK_NONE) {
		source = vfio_plane_source(&place, &fb);
		buffer = vfio_snapshots_buffer(copy->slots, told, &fb, &error);
		reason = buffer ? BLANK_NONE : BLANK_NO_MAP;
	}
	if (reason != BLANK_NONE) {
		vfio_display_blank(display, reason, error->message);
		g_error_free(error);
		return LOOK_BLANK;
	}
	submit(copy, told, buffer, &source);
	return LOOK_FRAME;
}

enum look vfio_copy_end(struct vfio_copy *copy, bool *again)
{
	struct vfio_display *display = copy->display;
	struct vfio_gfx_snapshot told;
	int ret = vfio_snapshots_read(copy->slots, &told);

	*again = false;
	if (ret < 0) {
		copy->on = copy->stale = false;
		return vfio_display_failed(display, BLANK_ERROR, ret, "snapshot", "");
	}
	if (told.state == VFIO_GFX_SNAPSHOT_REQUEST) {
		return LOOK_PENDING;
	}
	copy->on = false;
	TRACE(vfio, snapshot, "%s: state %u reason %u slot %u flip %" G_GUINT64_FORMAT
	      " tries %u", display->device->name, told.state, told.reason, told.slot,
	      (uint64_t)told.flip_count, told.tries);
	if (copy->stale) {
		copy->stale = false;
		*again = true;
		return LOOK_FAILED;
	}
	copy->tries += told.tries;
	if (told.state == VFIO_GFX_SNAPSHOT_COMPLETE) {
		copy->copies++;
		console_stage_add(display->console, "query",
				  (double)(clock_ns() - copy->requested_ns) / 1e6);
		console_stage_add(display->console, "map", (double)told.copy_ns / 1e6);
		return complete(copy, &told);
	}
	if (told.state == VFIO_GFX_SNAPSHOT_FAILED && told.reason == VFIO_GFX_SNAPSHOT_OFF) {
		display->failing_since_ns = 0;
		return vfio_display_plane_off(display);
	}
	/* The viewers keep the last whole picture. */
	display->picture_known = false;
	*again = told.reason != VFIO_GFX_SNAPSHOT_FLIPS;
	return LOOK_FAILED;
}

enum look vfio_copy_now(struct vfio_copy *copy)
{
	int64_t until = clock_ns() + NOW_WAIT_NS;
	enum look look = LOOK_FAILED;
	bool again = true, wanted = !copy->on;

	/* What is on already may have begun before whatever the caller wants to see. */
	for (unsigned int i = 0; i < NOW_TRIES && (again || !wanted); i++) {
		wanted = wanted || !copy->on;
		look = vfio_display_look(copy->display);
		if (look != LOOK_PENDING) {
			return look;
		}
		while ((look = vfio_copy_end(copy, &again)) == LOOK_PENDING) {
			if (clock_ns() > until) {
				return look;
			}
			g_usleep(NOW_SLEEP_US);
		}
	}
	return look;
}
