// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-display.h"

#include <errno.h>

#include "ui/console.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"
#include "vfio-cursor.h"
#include "vfio-dmabuf.h"
#include "vfio-edid.h"
#include "vfio-gfx.h"
#include "vfio-plane.h"
#include "vfio-region-plane.h"

/* While frames go out, looks follow the sinks; this is for a sink that never says "done". */
#define STALLED_MS 1000u
/* A query that fails is "no frame yet" for so long; then the viewers are told. */
#define FAILING_TELL_NS (500 * 1000 * 1000ll)
/* Retries after a failure back off to this; with an interrupt the next flip ends them anyway. */
#define RETRY_MAX_MS 320u

/* What one look at the planes came to. */
enum look { LOOK_FRAME, LOOK_SAME, LOOK_BLANK, LOOK_FAILED };

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
	guint event_watch, timer, kick;
	bool reset_seen; /* for kick */
	unsigned int interval_ms;
	unsigned int still; /* polling: looks in a row that found no change */
	unsigned int rhythm_ms; /* polling: what suits the guest's rate of changes */
	int64_t last_look_ns, failing_since_ns;
	bool waiting; /* for frame_done: nobody could use a newer frame yet */
	bool event_waits; /* an event came meanwhile */

	/* what the console has */
	struct fb_buffer *shown;
	bool damage_lost; /* a harvest led to no frame */
	bool ever_on;

	uint64_t queries, frames, events;
};

static void schedule(struct vfio_display *display, unsigned int delay_ms);

/* ---- what viewers are told ---- */

static enum look blank(struct vfio_display *display, enum blank_reason reason, const char *text)
{
	g_clear_pointer(&display->shown, fb_buffer_unref);
	console_blank(display->console, reason, text);
	return LOOK_BLANK;
}

static enum look blank_error(struct vfio_display *display, enum blank_reason reason,
			     GError *error)
{
	blank(display, reason, error->message);
	g_error_free(error);
	return LOOK_BLANK;
}

/* "No frame yet": the last picture stays, and only a lasting failure is told. */
static enum look failed(struct vfio_display *display, enum blank_reason reason, int err,
			const char *operation)
{
	int64_t now = clock_ns();

	display->damage_lost = true;
	if (!display->failing_since_ns) {
		display->failing_since_ns = now;
	}
	TRACE(vfio, look_failed, "%s: %s: %s", display->device->name, operation,
	      g_strerror(-err));
	if (now - display->failing_since_ns >= FAILING_TELL_NS || !display->active) {
		g_autofree char *text = g_strdup_printf("%s: %s: %s", display->device->name,
							operation, g_strerror(-err));

		blank(display, reason, text);
	}
	return LOOK_FAILED;
}

/* The plane is off; where the driver says why, so do we. */
static enum look plane_off(struct vfio_display *display)
{
	const char *name = display->device->name;
	struct vfio_gfx_status status = { .plane = { .off_reason = VFIO_GFX_OFF_DISABLED } };
	g_autofree char *text = NULL;

	if (display->edid && vfio_edid_link_is_down(display->edid)) {
		return blank(display, BLANK_LINK_DOWN, NULL);
	}
	if (display->gfx && vfio_gfx_read_status(display->gfx, &status) == 0) {
		display->ever_on |= status.plane.off_reason != VFIO_GFX_OFF_NEVER_SET;
	}
	switch (status.plane.off_reason) {
	case VFIO_GFX_OFF_NEVER_SET:
		return blank(display, BLANK_NOT_STARTED, NULL);
	case VFIO_GFX_OFF_GEOMETRY:
		text = g_strdup_printf("%s: the guest set a mode that makes no picture", name);
		return blank(display, BLANK_BAD_PLANE, text);
	case VFIO_GFX_OFF_BEYOND:
		text = g_strdup_printf("%s: the guest's picture lies outside of video memory",
				       name);
		return blank(display, BLANK_BAD_PLANE, text);
	case VFIO_GFX_OFF_UNALIGNED:
		text = g_strdup_printf("%s: the guest's picture does not begin on a page", name);
		return blank(display, BLANK_BAD_PLANE, text);
	case VFIO_GFX_OFF_FORMAT:
		text = g_strdup_printf("%s: the guest set a pixel format without a name", name);
		return blank(display, BLANK_BAD_FORMAT, text);
	case VFIO_GFX_OFF_NO_MEMORY:
		text = g_strdup_printf("%s: the host has no memory for the picture", name);
		return blank(display, BLANK_ERROR, text);
	default:
		return blank(display, display->ever_on ? BLANK_PLANE_OFF : BLANK_NOT_STARTED, NULL);
	}
}

/* ---- looking ---- */

/* A dma-buf that a CPU can read, a new reference; NULL and *look. */
static struct fb_buffer *get_dmabuf(struct vfio_display *display, uint32_t id,
				    const struct fb_info *fb, enum look *look)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *operation = g_strdup_printf("GET_GFX_DMABUF id %u", id);
	struct fb_buffer *buffer;
	int err = 0;

	buffer = vfio_dmabuf_get(&display->dmabufs, id, fb, &err);
	if (!buffer) {
		*look = failed(display, BLANK_NO_BUFFER, err, operation);
		return NULL;
	}
	if (!buffer->hva && !fb_buffer_map(buffer, &error)) {
		g_autofree char *text = NULL;
		bool too_short = buffer->map_errno == ERANGE;

		fb_buffer_unref(buffer);
		if (display->region_too) {
			display->kind = VFIO_GFX_PLANE_TYPE_REGION;
			*look = LOOK_FAILED;
			return NULL;
		}
		if (too_short) {
			text = g_strdup_printf("%s: %s", display->device->name, error->message);
			*look = blank(display, BLANK_BAD_PLANE, text);
			return NULL;
		}
		text = g_strdup_printf("%s: %s: it can't be read by a CPU (exported read-only or "
				       "not mappable), and there is no GL path",
				       display->device->name, error->message);
		*look = blank(display, BLANK_NO_MAP, text);
		return NULL;
	}
	return buffer;
}

static struct fb_buffer *get_buffer(struct vfio_display *display,
				    const struct vfio_device_gfx_plane_info *info,
				    const struct fb_info *fb, enum look *look)
{
	GError *error = NULL;
	struct fb_buffer *buffer;

	if (display->kind == VFIO_GFX_PLANE_TYPE_DMABUF) {
		return get_dmabuf(display, info->dmabuf_id, fb, look);
	}
	buffer = vfio_region_plane_get(&display->region, info->region_index, fb, &error);
	if (!buffer) {
		*look = blank_error(display, BLANK_BAD_PLANE, error);
	}
	return buffer;
}

/* Is the harvest about the plane that was queried after it? Two buffers of one geometry are: the
 * damage is relative to the picture before, whatever buffer that was in. */
static bool harvest_matches(const struct vfio_gfx_harvest *harvest,
			    const struct vfio_device_gfx_plane_info *info)
{
	return harvest->plane.width == info->width && harvest->plane.height == info->height &&
	       harvest->plane.stride == info->stride &&
	       harvest->plane.drm_format == info->drm_format;
}

/* When the guest made this picture; "now" where nobody knows. */
static int64_t picture_time(struct vfio_display *display)
{
	struct vfio_gfx_status status;
	int64_t now = clock_ns();
	uint64_t when;

	if (!display->irq || vfio_gfx_read_status(display->gfx, &status) < 0) {
		return now;
	}
	when = MAX(status.flip_time_ns, status.damage_time_ns);
	return when && when <= (uint64_t)now ? (int64_t)when : now;
}

/* Reports the time since *begin and starts anew. */
static void stage(struct vfio_display *display, const char *name, int64_t *begin)
{
	int64_t now = clock_ns();

	console_stage_add(display->console, name, (double)(now - *begin) / 1e6);
	*begin = now;
}

static int query_primary(struct vfio_display *display, struct vfio_device_gfx_plane_info *info)
{
	int ret = vfio_plane_query(display->device, display->kind, display->primary, info);

	/* QEMU leaves the type zero when it asks for a region, and some drivers know no other. */
	if (ret == -EINVAL && display->kind == VFIO_GFX_PLANE_TYPE_REGION &&
	    display->primary == VFIO_PLANE_PRIMARY) {
		ret = vfio_plane_query(display->device, display->kind, VFIO_PLANE_OVERLAY, info);
		if (ret == 0) {
			display->primary = VFIO_PLANE_OVERLAY;
		}
	}
	return ret;
}

/* @harvest: NULL, what changed is unknown. */
static enum look look_primary(struct vfio_display *display,
			      const struct vfio_gfx_harvest *harvest)
{
	struct vfio_device_gfx_plane_info info;
	enum blank_reason reason;
	enum look look = LOOK_FRAME;
	GError *error = NULL;
	struct fb_buffer *buffer;
	struct fb_info fb;
	pixman_box32_t source;
	bool known;
	int64_t begin = clock_ns();
	int ret;

	ret = query_primary(display, &info);
	display->queries++;
	stage(display, "query", &begin);
	if (ret < 0) {
		return failed(display, BLANK_ERROR, ret, "QUERY_GFX_PLANE");
	}
	TRACE(vfio, plane_query, "%s: %ux%u stride %u size %u format 0x%08x id %u",
	      display->device->name, info.width, info.height, info.stride, info.size,
	      info.drm_format, info.dmabuf_id);
	if (vfio_plane_is_off(&info)) {
		display->failing_since_ns = 0;
		return plane_off(display);
	}
	display->ever_on = true;
	reason = vfio_plane_check(display->device, &info, &fb, &error);
	if (reason != BLANK_NONE) {
		display->failing_since_ns = 0;
		return blank_error(display, reason, error);
	}
	buffer = get_buffer(display, &info, &fb, &look);
	if (!buffer) {
		return look;
	}
	stage(display, "map", &begin);
	display->failing_since_ns = 0;
	known = harvest && harvest->known && !display->damage_lost && display->shown &&
		harvest_matches(harvest, &info);
	if (known && buffer == display->shown &&
	    !pixman_region32_not_empty((pixman_region32_t *)&harvest->tiles)) {
		fb_buffer_unref(buffer);
		return LOOK_SAME;
	}
	fb_buffer_unref(display->shown);
	display->shown = fb_buffer_ref(buffer);
	display->damage_lost = false;
	display->frames++;
	source = (pixman_box32_t){ 0, 0, (int32_t)fb.width_px, (int32_t)fb.height_px };
	console_submit(display->console,
		       frame_create(buffer, &source, known ? &harvest->tiles : NULL,
				    picture_time(display)));
	return LOOK_FRAME;
}

/* One look at both planes. */
static enum look look_now(struct vfio_display *display)
{
	struct vfio_gfx_harvest harvest;
	uint32_t kind = display->kind;
	enum look look;

	display->last_look_ns = clock_ns();
	if (display->irq) {
		/* The harvest first: what the guest writes from here on is in the next one. */
		vfio_gfx_harvest(display->gfx, &harvest);
		look = look_primary(display, &harvest);
		if (look == LOOK_BLANK) {
			display->damage_lost = true;
		}
		pixman_region32_fini(&harvest.tiles);
	} else {
		look = look_primary(display, NULL);
	}
	if (display->kind != kind) {
		look = look_primary(display, NULL);
	}
	/* A region device has one picture, and may answer with it whatever type is asked for. */
	if (display->kind == VFIO_GFX_PLANE_TYPE_DMABUF) {
		vfio_cursor_look(&display->cursor, display->kind);
	}
	return look;
}

/* ---- when to look ---- */

static unsigned int back_off(unsigned int interval_ms, unsigned int max_ms)
{
	return MIN(interval_ms + interval_ms / 2, max_ms);
}

/*
 * Polling: how long to wait after a look. While things move the interval follows the guest's own
 * rate: a look in vain costs a comparison, so it lengthens the interval by four times what a look
 * with a change takes off, and four of five looks find something. (A guest at 60 Hz: 16 ms, one at
 * 30 Hz: about 27 ms.)
 */
static void pace(struct vfio_display *display, bool changed)
{
	if (changed && display->still >= VFIO_POLL_STILL_LOOKS) {
		display->rhythm_ms = VFIO_POLL_MIN_MS;
	} else if (changed) {
		display->rhythm_ms = MAX(display->rhythm_ms - 1, VFIO_POLL_MIN_MS);
	} else {
		display->rhythm_ms = MIN(display->rhythm_ms + 4, VFIO_POLL_MAX_MS);
	}
	display->still = changed ? 0 : display->still + 1;
	display->interval_ms = display->still < VFIO_POLL_STILL_LOOKS ?
				       display->rhythm_ms :
				       back_off(display->interval_ms, VFIO_POLL_STILL_MS);
	schedule(display, display->interval_ms);
}

/* Looks, then arranges for the next look. */
static void look_and_go_on(struct vfio_display *display)
{
	enum look look;

	if (display->timer) {
		g_source_remove(display->timer);
		display->timer = 0;
	}
	display->waiting = true;
	display->event_waits = false;
	look = look_now(display);
	if (!display->active) {
		return;
	}
	if (look != LOOK_FRAME) {
		display->waiting = false;
	}
	if (look == LOOK_FAILED) {
		schedule(display, display->interval_ms);
		display->interval_ms = back_off(display->interval_ms, RETRY_MAX_MS);
	} else if (display->irq) {
		display->interval_ms = VFIO_POLL_MIN_MS;
	} else if (look == LOOK_FRAME) {
		if (display->waiting) {
			schedule(display, STALLED_MS);
		}
	} else {
		pace(display, false);
	}
}

static gboolean timer_fired(gpointer opaque)
{
	struct vfio_display *display = opaque;

	display->timer = 0;
	look_and_go_on(display);
	return G_SOURCE_REMOVE;
}

/* The next look @delay_ms after the last one. */
static void schedule(struct vfio_display *display, unsigned int delay_ms)
{
	int64_t passed_ms = (clock_ns() - display->last_look_ns) / 1000000;

	if (display->timer) {
		g_source_remove(display->timer);
	}
	display->timer = g_timeout_add(passed_ms < delay_ms ? delay_ms - (unsigned int)passed_ms :
				       1, timer_fired, display);
}

static void event_fired(int fd, GIOCondition condition, void *opaque)
{
	struct vfio_display *display = opaque;

	if (!eventfd_drain(fd)) {
		return;
	}
	display->events++;
	if (!display->waiting) {
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
	int fd = display->gfx ? vfio_gfx_listen(display->gfx) : -ENODEV;

	display->irq = fd >= 0;
	if (display->irq) {
		display->event_watch = fd_watch(fd, G_IO_IN, event_fired, display);
	} else if (display->gfx) {
		warn_report("%s: display interrupt: %s; polling instead", display->device->name,
			    g_strerror(-fd));
	}
	/* What was harvested for an earlier viewer, or never: unknown. */
	display->damage_lost = true;
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
	if (display->timer) {
		g_source_remove(display->timer);
		display->timer = 0;
	}
}

static gboolean kicked(gpointer opaque)
{
	struct vfio_display *display = opaque;
	bool due = display->reset_seen || display->event_waits;

	display->kick = 0;
	if (display->reset_seen) {
		display->reset_seen = false;
		vfio_dmabuf_cache_clear(&display->dmabufs);
		vfio_region_plane_clear(&display->region);
		vfio_cursor_forget(&display->cursor);
		g_clear_pointer(&display->shown, fb_buffer_unref);
		display->ever_on = false;
		display->damage_lost = true;
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

/* ---- the console's source ---- */

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
		look_and_go_on(display);
	} else {
		events_stop(display);
	}
}

static void source_poll(void *source)
{
	struct vfio_display *display = source;

	if (display->device && display->active) {
		look_and_go_on(display);
	} else if (display->device) {
		look_now(display);
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

static void source_frame_done(void *source, uint64_t seq, bool changed)
{
	struct vfio_display *display = source;

	if (!display->waiting || !display->active) {
		return;
	}
	display->waiting = false;
	if (!display->irq) {
		pace(display, changed);
	} else if (display->event_waits) {
		kick(display);
	}
}

static void source_expect_change(void *source)
{
	struct vfio_display *display = source;

	if (display->active && !display->irq && !display->waiting &&
	    display->interval_ms > VFIO_POLL_MAX_MS) {
		display->interval_ms = VFIO_POLL_MIN_MS;
		schedule(display, display->interval_ms);
	}
	display->still = 0;
}

static void source_get_state(void *source, struct source_state *state)
{
	struct vfio_display *display = source;

	state->kind = display->kind == VFIO_GFX_PLANE_TYPE_DMABUF ? "vfio-dmabuf" : "vfio-region";
	state->events = display->irq || (!display->active && display->gfx) ? "irq" : "poll";
	state->queries = display->queries;
	state->frames = display->frames;
	state->events_seen = display->events;
}

static const struct source_ops source_ops = {
	.set_active = source_set_active,
	.poll = source_poll,
	.set_mode = source_set_mode,
	.frame_done = source_frame_done,
	.expect_change = source_expect_change,
	.get_state = source_get_state,
};

/* ---- life cycle ---- */

bool vfio_display_present(struct vfio_device *device)
{
	return vfio_plane_probe(device, VFIO_GFX_PLANE_TYPE_DMABUF) ||
	       vfio_plane_probe(device, VFIO_GFX_PLANE_TYPE_REGION);
}

struct vfio_display *vfio_display_create(const struct vfio_display_config *config, GError **error)
{
	struct vfio_device *device = config->device;
	bool dmabuf = vfio_plane_probe(device, VFIO_GFX_PLANE_TYPE_DMABUF);
	bool region = vfio_plane_probe(device, VFIO_GFX_PLANE_TYPE_REGION);
	struct vfio_edid *edid = vfio_edid_create(device);
	struct vfio_display *display;

	if (!dmabuf && !region) {
		vfio_edid_destroy(edid);
		error_set(error, "%s: display=on: the device has no display", device->name);
		return NULL;
	}
	if (config->xres) {
		struct display_mode mode = { config->xres, config->yres, 0, 0, 0 };

		if (!edid) {
			error_set(error, "%s: xres and yres: the device has no EDID region",
				  device->name);
			return NULL;
		}
		if (!vfio_edid_set_now(edid, &mode, error)) {
			vfio_edid_destroy(edid);
			return NULL;
		}
	}
	display = g_new0(struct vfio_display, 1);
	display->device = device;
	display->edid = edid;
	display->primary = VFIO_PLANE_PRIMARY;
	display->kind = dmabuf ? VFIO_GFX_PLANE_TYPE_DMABUF : VFIO_GFX_PLANE_TYPE_REGION;
	display->region_too = dmabuf && region;
	display->gfx = vfio_gfx_probe(device);
	vfio_dmabuf_cache_init(&display->dmabufs, device);
	vfio_region_plane_init(&display->region, device);
	display->console = console_create(config->registry, config->label, 0, &source_ops,
					  display);
	vfio_cursor_init(&display->cursor, device, display->console);
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
		blank(display, BLANK_NO_DISPLAY, text);
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
