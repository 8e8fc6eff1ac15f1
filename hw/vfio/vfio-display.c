// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-display-private.h"

#include <errno.h>

#include "util/error.h"
#include "util/fd.h"

/* While frames go out, looks follow the sinks; this is for a sink that never says "done". */
#define STALLED_MS 1000u
/* Retries after a failure back off to this; with an interrupt the next flip ends them anyway. */
#define RETRY_MAX_MS 320u

static void schedule(struct vfio_display *display, unsigned int delay_ms);

/* Someone has to look whether the guest drew in place: nothing else tells. */
static bool polls(const struct vfio_display *display)
{
	return !display->tells || vfio_spare_is_on(&display->spare);
}

/* ---- when to look ---- */

static void stop_timer(struct vfio_display *display)
{
	if (display->timer) {
		g_source_remove(display->timer);
		display->timer = 0;
	}
}

static unsigned int back_off(unsigned int interval_ms, unsigned int max_ms)
{
	return MIN(interval_ms + interval_ms / 2, max_ms);
}

static bool arm(struct vfio_display *display)
{
	display->armed_id = vfio_watch_arm(display->watch, display->shown_id) ? display->shown_id : 0;
	return display->armed_id != 0;
}

static void disarm(struct vfio_display *display)
{
	if (display->armed_id) {
		vfio_watch_disarm(display->watch);
		display->armed_id = 0;
	}
}

/*
 * Polling: how long to wait after a look. While things move the interval follows the guest's own
 * rate: a look in vain costs a comparison, so it lengthens the interval by four times what a look
 * with a change takes off, and four of five looks find something. (A guest at 60 Hz: 16 ms, one at
 * 30 Hz: about 27 ms.) Where the interrupt tells of flips this is for what is drawn in place, and a
 * guest that goes on flipping is left alone. Once nothing moves any more, the first write may be
 * told: then one more look, for what was written before, and that is all.
 *
 * Viewers of the buffer itself compare nothing, so nobody knows whether a look was in vain. Then the
 * pace stays for so many looks at one buffer; after that the guest is asked whether it still draws, by
 * its next write, or where that isn't told the pace is a lower one.
 */
static void pace(struct vfio_display *display, enum frame_news news)
{
	bool changed = news == FRAME_CHANGED;

	if (changed) {
		disarm(display);
	}
	if (news == FRAME_UNKNOWN) {
		display->rhythm_ms = display->still < VFIO_POLL_STILL_LOOKS ? VFIO_POLL_MIN_MS :
									      VFIO_POLL_MAX_MS;
	} else if (changed && display->still >= VFIO_POLL_STILL_LOOKS) {
		display->rhythm_ms = VFIO_POLL_MIN_MS;
	} else if (changed) {
		display->rhythm_ms = MAX(display->rhythm_ms - 1, VFIO_POLL_MIN_MS);
	} else {
		display->rhythm_ms = MIN(display->rhythm_ms + 4, VFIO_POLL_MAX_MS);
	}
	display->still = changed ? 0 : display->still + 1;
	display->interval_ms = display->still < VFIO_POLL_STILL_LOOKS || news == FRAME_UNKNOWN ?
				       display->rhythm_ms :
				       back_off(display->interval_ms, VFIO_POLL_STILL_MS);
	if (display->flipped) {
		display->interval_ms = MAX(display->interval_ms, VFIO_POLL_MAX_MS);
	}
	if (display->still >= VFIO_POLL_STILL_LOOKS && display->irq) {
		if (display->armed_id && display->armed_id == display->shown_id) {
			stop_timer(display);
			return;
		}
		if (arm(display)) {
			display->interval_ms = VFIO_POLL_MIN_MS;
		}
	}
	schedule(display, display->interval_ms);
}

/* The guest has drawn in place. */
static void written(void *opaque)
{
	struct vfio_display *display = opaque;

	display->armed_id = 0;
	display->still = 0;
	display->interval_ms = VFIO_POLL_MIN_MS;
	if (display->active && !display->waiting) {
		schedule(display, display->interval_ms);
	}
}

/* The guest or a viewer is at work: drawing in place is likely. */
static void hurry(struct vfio_display *display)
{
	if (display->active && polls(display) && !display->waiting && display->timer &&
	    display->interval_ms > VFIO_POLL_MAX_MS) {
		display->interval_ms = VFIO_POLL_MIN_MS;
		schedule(display, display->interval_ms);
	}
	display->still = 0;
}

/* A snapshot is on. */
static bool copying(const struct vfio_display *display)
{
	return display->copy && vfio_copy_is_on(display->copy);
}

/* Asks the driver, or where the interrupt would have told of a flip only compares. A snapshot costs
 * the same for either. */
static enum look look_or_compare(struct vfio_display *display)
{
	if (display->copy && display->irq && polls(display) && !vfio_display_glance(display)) {
		enum look look = vfio_display_look(display);

		display->compared = true;
		return look;
	}
	if (display->irq && polls(display) && !vfio_display_glance(display) &&
	    vfio_display_compare(display)) {
		return LOOK_FRAME;
	}
	display->flipped = display->irq;
	return vfio_display_look(display);
}

/* After a look: arranges for the next one. */
static void go_on(struct vfio_display *display, enum look look)
{
	if (!display->active) {
		return;
	}
	if (look == LOOK_PENDING) {
		/* The interrupt says when it is through. */
		schedule(display, display->irq ? STALLED_MS : VFIO_POLL_MIN_MS);
		return;
	}
	if (look != LOOK_FRAME) {
		display->waiting = false;
	}
	if (look == LOOK_BLANK) {
		disarm(display);
		vfio_spare_end(&display->spare);
	}
	if (look == LOOK_FAILED) {
		schedule(display, MIN(display->interval_ms, RETRY_MAX_MS));
		display->interval_ms = back_off(display->interval_ms, RETRY_MAX_MS);
	} else if (!polls(display) || (display->irq && look == LOOK_BLANK)) {
		display->interval_ms = VFIO_POLL_MIN_MS;
	} else if (look == LOOK_FRAME) {
		if (display->waiting) {
			schedule(display, STALLED_MS);
		}
	} else {
		pace(display, FRAME_SAME);
	}
	if (display->event_waits && display->waiting && !display->timer) {
		schedule(display, STALLED_MS);
	}
}

/* A snapshot may be through. */
static void check_copy(struct vfio_display *display)
{
	bool again;
	enum look look;

	stop_timer(display);
	look = vfio_copy_end(display->copy, &again);
	if (again && display->active) {
		display->waiting = false;
		vfio_display_look_soon(display);
	} else {
		go_on(display, look);
	}
	if (look == LOOK_FAILED && !again && display->active) {
		/* A guest that is faster than copies: the timer tries again, not its next flip. */
		display->waiting = true;
		display->interval_ms = VFIO_POLL_MIN_MS;
		schedule(display, VFIO_POLL_MAX_MS);
	}
}

/* Looks, then arranges for the next look. */
static void look_and_go_on(struct vfio_display *display)
{
	stop_timer(display);
	display->waiting = true;
	display->event_waits = display->flipped = false;
	go_on(display, look_or_compare(display));
}

static gboolean timer_fired(gpointer opaque)
{
	struct vfio_display *display = opaque;

	display->timer = 0;
	if (copying(display)) {
		check_copy(display);
	} else {
		look_and_go_on(display);
	}
	return G_SOURCE_REMOVE;
}

/* The next look @delay_ms after the last one. */
static void schedule(struct vfio_display *display, unsigned int delay_ms)
{
	int64_t passed_ms = (clock_ns() - display->last_look_ns) / 1000000;

	stop_timer(display);
	display->timer = g_timeout_add(passed_ms < delay_ms ? delay_ms - (unsigned int)passed_ms :
				       1, timer_fired, display);
}

static void event_fired(int fd, GIOCondition condition, void *opaque)
{
	struct vfio_display *display = opaque;
	uint64_t count = eventfd_drain(fd);
	bool was_copying = copying(display);

	/* Signals merge here, but not in the count. */
	display->events += count;
	if (!count) {
		return;
	}
	if (was_copying) {
		check_copy(display);
	}
	/* The cursor waits for nobody: it is moved without a frame. */
	if (!vfio_display_glance(display)) {
		/* That a snapshot is through says nothing of the guest. */
		if (!was_copying) {
			hurry(display);
		}
		return;
	}
	display->still = 0;
	/* A flip doesn't wait for what was only compared. */
	if (!display->waiting ||
	    (polls(display) && display->compared && !copying(display))) {
		look_and_go_on(display);
		return;
	}
	/* A look is not free for the guest: what was harvested is write-protected again. So it has
	 * to wait until a viewer can use it, and then shows the newest picture. */
	display->event_waits = true;
	if (!display->timer) {
		schedule(display, STALLED_MS);
	}
}

static void events_start(struct vfio_display *display)
{
	uint32_t caps = display->gfx ? vfio_gfx_caps(display->gfx) : 0;
	int fd = caps & VFIO_GFX_CAP_IRQ ? vfio_gfx_listen(display->gfx) : -ENODEV;

	display->irq = fd >= 0;
	display->tells = display->irq && (caps & VFIO_GFX_CAP_DAMAGE);
	display->spare = (struct vfio_spare){ 0 };
	if (display->irq && !display->tells && !display->watch) {
		display->watch = vfio_watch_create(display->device, display->gfx, display->mem,
						   written, display);
	}
	if (display->irq) {
		display->event_watch = fd_watch(fd, G_IO_IN, event_fired, display);
	} else if (caps & VFIO_GFX_CAP_IRQ) {
		warn_report("%s: display interrupt: %s; polling instead", display->device->name,
			    g_strerror(-fd));
	}
	/* What was harvested for an earlier viewer, or never: unknown. */
	display->damage_lost = true;
	display->picture_known = display->cursor_known = false;
	display->mixed_in_a_row = 0;
	if (display->copy) {
		vfio_copy_switch(display->copy, true);
	}
	display->interval_ms = display->rhythm_ms = VFIO_POLL_MIN_MS;
	display->still = 0;
}

static void events_stop(struct vfio_display *display)
{
	fd_unwatch(display->event_watch);
	display->event_watch = 0;
	if (display->gfx) {
		vfio_gfx_unlisten(display->gfx);
	}
	display->irq = false;
	display->waiting = display->event_waits = false;
	disarm(display);
	stop_timer(display);
	if (display->copy) {
		vfio_copy_switch(display->copy, false);
	}
}

static gboolean kicked(gpointer opaque)
{
	struct vfio_display *display = opaque;
	bool due = display->reset_seen || display->event_waits || display->again;

	display->kick = 0;
	display->again = false;
	if (display->reset_seen) {
		display->reset_seen = false;
		vfio_dmabuf_cache_clear(&display->dmabufs);
		vfio_region_plane_clear(&display->region);
		vfio_cursor_forget(&display->cursor);
		g_clear_pointer(&display->shown, fb_buffer_unref);
		if (display->copy) {
			vfio_copy_forget(display->copy);
		}
		display->ever_on = false;
		display->damage_lost = true;
		display->picture_known = display->cursor_known = false;
		if (display->edid) {
			vfio_edid_restore(display->edid);
		}
	}
	if (display->active && due) {
		look_and_go_on(display);
	}
	return G_SOURCE_REMOVE;
}

/* A look from the main loop, for callers that must not call a sink themselves. */
static void kick(struct vfio_display *display)
{
	if (!display->kick) {
		display->kick = g_idle_add_full(G_PRIORITY_DEFAULT, kicked, display, NULL);
	}
}

void vfio_display_look_soon(struct vfio_display *display)
{
	display->again = true;
	kick(display);
}

/* ---- the console's source ---- */

/* A picture now, of the guest as it is now. */
static void copy_now(struct vfio_display *display)
{
	enum look look;

	if (display->active) {
		stop_timer(display);
		display->waiting = true;
		display->event_waits = display->flipped = false;
		look = vfio_copy_now(display->copy);
		go_on(display, look);
		return;
	}
	vfio_copy_switch(display->copy, true);
	vfio_copy_now(display->copy);
	/* Its memory goes with the picture. */
	vfio_copy_switch(display->copy, false);
}

static void source_set_active(void *source, bool active)
{
	struct vfio_display *display = source;

	if (!display->device || display->active == active) {
		return;
	}
	display->active = active;
	display->failing_since_ns = 0;
	if (active) {
		events_start(display);
		if (display->copy) {
			copy_now(display);
		} else {
			look_and_go_on(display);
		}
	} else {
		events_stop(display);
	}
}

static void source_poll(void *source)
{
	struct vfio_display *display = source;

	if (display->device && display->copy) {
		copy_now(display);
	} else if (display->device && display->active) {
		look_and_go_on(display);
	} else if (display->device && vfio_display_look(display) == LOOK_FAILED) {
		/* There is no later here; the kernel's mbochs fails the first query of a mode. */
		vfio_display_look(display);
	}
}

static bool source_set_mode(void *source, const struct display_mode *mode)
{
	struct vfio_display *display = source;

	if (!display->device || !display->edid) {
		return false;
	}
	vfio_edid_request(display->edid, mode);
	return true;
}

static void source_frame_done(void *source, uint64_t seq, enum frame_news news)
{
	struct vfio_display *display = source;

	if (!display->waiting || !display->active) {
		return;
	}
	display->waiting = false;
	/* What was shown again and has changed is a frame too. */
	display->frames += display->compared && news == FRAME_CHANGED;
	if (vfio_spare_looked(&display->spare, news != FRAME_SAME)) {
		vfio_display_look_soon(display);
	} else if (display->event_waits) {
		kick(display);
	} else if (polls(display)) {
		pace(display, news);
	}
}

static bool source_still_whole(void *source, const struct frame *frame)
{
	struct vfio_display *display = source;

	if (!display->device || vfio_display_is_whole(display)) {
		display->mixed_in_a_row = 0;
		return true;
	}
	display->mixed_reads++;
	if (display->tear == VFIO_TEAR_ALLOW) {
		return true;
	}
	display->mixed_in_a_row++;
	display->picture_known = false;
	if (!display->active) {
		return false;
	}
	display->waiting = false;
	if (display->mixed_in_a_row < VFIO_LATCH_TRIES) {
		vfio_display_look_soon(display);
	} else {
		/* The next flip makes the next try; this is for the last flip of all. */
		schedule(display, VFIO_POLL_MAX_MS);
	}
	return false;
}

static bool source_use(void *source)
{
	struct vfio_display *display = source;

	if (!display->device || !display->hold ||
	    vfio_hold_use(display->hold, display->flip_count)) {
		return true;
	}
	vfio_display_look_soon(display);
	return false;
}

static void source_unuse(void *source)
{
	struct vfio_display *display = source;

	if (display->hold) {
		vfio_hold_unuse(display->hold);
	}
}

static void source_expect_change(void *source)
{
	hurry(source);
}

const char *vfio_tear_name(enum vfio_tear tear)
{
	static const char *const names[] = { "allow", "latch", "copy", "wait" };

	return names[tear];
}

static void source_get_state(void *source, struct source_state *state)
{
	struct vfio_display *display = source;
	struct vfio_gfx_status status;

	state->kind = display->kind == VFIO_GFX_PLANE_TYPE_DMABUF ? "vfio-dmabuf" : "vfio-region";
	state->events = display->irq || (!display->active && display->gfx &&
					 (vfio_gfx_caps(display->gfx) & VFIO_GFX_CAP_IRQ)) ? "irq" : "poll";
	state->queries = display->queries;
	state->frames = display->frames;
	state->events_seen = display->events;
	state->tear = vfio_tear_name(display->tear);
	if (display->copy) {
		vfio_copy_get_state(display->copy, state);
	}
	if (display->gfx && vfio_gfx_read_status(display->gfx, &status) == 0) {
		state->tells_flips = true;
		state->flips = status.flip_count;
		state->waits = status.hold_count;
		state->wait_timeouts = status.hold_timeouts;
		state->wait_ns = status.hold_wait_ns;
		state->mixed_reads = display->mixed_reads;
	}
}

static const struct source_ops source_ops = {
	.set_active = source_set_active,
	.poll = source_poll,
	.set_mode = source_set_mode,
	.frame_done = source_frame_done,
	.still_whole = source_still_whole,
	.use = source_use,
	.unuse = source_unuse,
	.expect_change = source_expect_change,
	.get_state = source_get_state,
};

/* ---- life cycle ---- */

bool vfio_display_present(struct vfio_device *device)
{
	return vfio_plane_probe(device, VFIO_GFX_PLANE_TYPE_DMABUF) ||
	       vfio_plane_probe(device, VFIO_GFX_PLANE_TYPE_REGION);
}

/* What there is for config->tear, into *tear. */
static bool check_tear(const struct vfio_display_config *config, const struct vfio_gfx *gfx,
		       enum vfio_tear *tear, GError **error)
{
	uint32_t caps = gfx ? vfio_gfx_caps(gfx) : 0;
	const char *name = config->device->name;

	*tear = config->tear;
	switch (config->tear) {
	case VFIO_TEAR_ALLOW:
		return true;
	case VFIO_TEAR_LATCH:
		return (caps & VFIO_GFX_CAP_IRQ) ||
		       error_set(error, "%s: x-tear=latch: the device doesn't say when the guest "
				 "flips", name);
	case VFIO_TEAR_COPY:
		return (caps & VFIO_GFX_CAP_SNAPSHOT) ||
		       error_set(error, "%s: x-tear=copy: the device can't make snapshots", name);
	case VFIO_TEAR_WAIT:
		break;
	}
	if (caps & VFIO_GFX_CAP_HOLD) {
		return true;
	}
	if (!(caps & VFIO_GFX_CAP_SNAPSHOT)) {
		return error_set(error, "%s: x-tear=wait: the device can't make the guest wait", name);
	}
	/* What else shows every viewer whole pictures only. */
	*tear = VFIO_TEAR_COPY;
	warn_report("%s: x-tear=wait: the device can't make the guest wait; using x-tear=copy", name);
	return true;
}

static bool set_up_mode(const struct vfio_display_config *config, struct vfio_edid *edid,
			GError **error)
{
	struct display_mode mode = { config->xres, config->yres, 0, 0, 0 };

	if (!config->xres) {
		return true;
	}
	return edid ? vfio_edid_set_now(edid, &mode, error) :
		      error_set(error, "%s: xres and yres: the device has no EDID region",
				config->device->name);
}

struct vfio_display *vfio_display_create(const struct vfio_display_config *config, GError **error)
{
	struct vfio_device *device = config->device;
	bool dmabuf = vfio_plane_probe(device, VFIO_GFX_PLANE_TYPE_DMABUF);
	bool region = vfio_plane_probe(device, VFIO_GFX_PLANE_TYPE_REGION);
	struct vfio_display *display;
	struct vfio_edid *edid;
	struct vfio_gfx *gfx;
	enum vfio_tear tear;

	if (!dmabuf && !region) {
		error_set(error, "%s: display=on: the device has no display", device->name);
		return NULL;
	}
	edid = vfio_edid_create(device);
	gfx = vfio_gfx_probe(device);
	if (!check_tear(config, gfx, &tear, error) || !set_up_mode(config, edid, error)) {
		vfio_gfx_destroy(gfx);
		vfio_edid_destroy(edid);
		return NULL;
	}
	display = g_new0(struct vfio_display, 1);
	display->device = device;
	display->edid = edid;
	display->tear = tear;
	display->primary = VFIO_PLANE_PRIMARY;
	display->kind = dmabuf ? VFIO_GFX_PLANE_TYPE_DMABUF : VFIO_GFX_PLANE_TYPE_REGION;
	display->region_too = dmabuf && region;
	display->gfx = gfx;
	display->mem = config->mem;
	vfio_dmabuf_cache_init(&display->dmabufs, device);
	vfio_region_plane_init(&display->region, device);
	display->console = console_create(config->registry, config->label, 0, &source_ops,
					  display);
	vfio_cursor_init(&display->cursor, device, display->console);
	display->copy = tear == VFIO_TEAR_COPY ? vfio_copy_create(display) : NULL;
	display->hold = tear == VFIO_TEAR_WAIT ? vfio_hold_create(gfx) : NULL;
	return display;
}

/* Lets go of everything of the device. */
static void release(struct vfio_display *display)
{
	display->active = false;
	events_stop(display);
	if (display->kick) {
		g_source_remove(display->kick);
		display->kick = 0;
	}
	g_clear_pointer(&display->shown, fb_buffer_unref);
	vfio_dmabuf_cache_clear(&display->dmabufs);
	vfio_region_plane_clear(&display->region);
	vfio_cursor_forget(&display->cursor);
	g_clear_pointer(&display->watch, vfio_watch_destroy);
	g_clear_pointer(&display->copy, vfio_copy_destroy);
	g_clear_pointer(&display->hold, vfio_hold_destroy);
	g_clear_pointer(&display->gfx, vfio_gfx_destroy);
	g_clear_pointer(&display->edid, vfio_edid_destroy);
	display->device = NULL;
}

void vfio_display_detach(struct vfio_display *display)
{
	g_autofree char *text = NULL;

	if (display->device) {
		text = g_strdup_printf("%s: the host took the device back", display->device->name);
		release(display);
		vfio_display_blank(display, BLANK_NO_DISPLAY, text);
	}
}

void vfio_display_destroy(struct vfio_display *display)
{
	if (!display) {
		return;
	}
	/* The console first: it may still call in while it lets go of its sinks. */
	console_destroy(display->console);
	if (display->device) {
		release(display);
	}
	g_free(display);
}

void vfio_display_reset(struct vfio_display *display)
{
	if (display->device) {
		display->reset_seen = true;
		kick(display);
	}
}
