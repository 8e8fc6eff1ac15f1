// SPDX-License-Identifier: GPL-2.0-or-later
#include "hw/core/machine-lock.h"
#include "hw/display/scanout.h"
#include "kernel/gvt/core/gvt_edid.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

#define FRAME_MS    16
#define IDLE_MS	    2000
#define QUIET_LOOKS 30

/* ---- when to look ---- */

static void look(struct scanout *scanout, bool whole)
{
	scanout->looked_ns = clock_ns();
	scanout->looks++;
	scanout->ops->look(scanout->device, whole);
}

static gboolean timer_fired(gpointer opaque)
{
	struct scanout *scanout = opaque;

	scanout->timer = 0;
	look(scanout, false);
	return G_SOURCE_REMOVE;
}

static void timer_stop(struct scanout *scanout)
{
	if (scanout->timer) {
		g_source_remove(scanout->timer);
		scanout->timer = 0;
	}
}

/* The next look comes @interval_ms after the last one, or now if that has passed. */
static void timer_start(struct scanout *scanout, uint32_t interval_ms)
{
	int64_t passed_ms = (clock_ns() - scanout->looked_ns) / 1000000;

	timer_stop(scanout);
	scanout->timer = g_timeout_add(passed_ms >= interval_ms ? 0 :
				       interval_ms - (guint)passed_ms, timer_fired, scanout);
}

static void disarm(struct scanout *scanout)
{
	if (scanout->armed) {
		write_watch_disarm(scanout->writes);
		scanout->armed = false;
	}
}

static void written(void *opaque);

static bool arm(struct scanout *scanout)
{
	g_autoptr(GArray) pages = g_array_new(FALSE, FALSE, sizeof(uintptr_t));
	g_autoptr(GError) error = NULL;

	if (!scanout->ops->pages || scanout->no_writes) {
		return false;
	}
	if (!scanout->writes) {
		scanout->writes = write_watch_create(written, scanout, &error);
	}
	if (!scanout->writes) {
		TRACE(gvt, watch, "%s", error->message);
		scanout->no_writes = true;
		return false;
	}
	scanout->armed = scanout->ops->pages(scanout->device, scanout->writes, pages) &&
			 write_watch_arm(scanout->writes, (uintptr_t *)(void *)pages->data,
					 pages->len) == 0;
	return scanout->armed;
}

static void plan(struct scanout *scanout, enum frame_news news)
{
	if (news == FRAME_CHANGED) {
		disarm(scanout);
		scanout->quiet = 0;
		scanout->interval_ms = FRAME_MS;
	} else if (++scanout->quiet > QUIET_LOOKS) {
		if (scanout->armed) {
			return;
		}
		/* What was written before is found by one more look. Where nobody compares the
		 * next look is never in vain. */
		scanout->interval_ms = arm(scanout) || news == FRAME_UNKNOWN ?
					       FRAME_MS : MIN(scanout->interval_ms * 2, IDLE_MS);
	}
	timer_start(scanout, scanout->interval_ms);
}

/* Something says that a look is worth while. */
static void hurry(struct scanout *scanout)
{
	disarm(scanout);
	scanout->quiet = 0;
	if (scanout->watched && !scanout->awaiting &&
	    (!scanout->timer || scanout->interval_ms != FRAME_MS)) {
		timer_start(scanout, FRAME_MS);
	}
	scanout->interval_ms = FRAME_MS;
}

/* The guest drew into a picture that stood still. */
static void written(void *opaque)
{
	struct scanout *scanout = opaque;

	scanout->armed = false;
	hurry(scanout);
}

/* The guest wrote registers. */
static void on_change(int fd, GIOCondition condition, void *opaque)
{
	struct scanout *scanout = opaque;

	eventfd_drain(fd);
	scanout->changes++;
	hurry(scanout);
}

void scanout_kick(struct scanout *scanout)
{
	if (scanout->watched) {
		eventfd_kick(scanout->change_fd);
	}
}

/* ---- how a look ends ---- */

void scanout_submit(struct scanout *scanout, struct frame *frame)
{
	scanout->picture = true;
	scanout->frames++;
	scanout->awaiting = scanout->watched;
	timer_stop(scanout);
	console_submit(scanout->console, frame);
}

void scanout_same(struct scanout *scanout)
{
	scanout->picture = true;
	plan(scanout, FRAME_SAME);
}

/* Only a register write can change that. */
void scanout_blank(struct scanout *scanout, enum blank_reason reason, const char *text)
{
	scanout->picture = false;
	scanout->awaiting = false;
	timer_stop(scanout);
	disarm(scanout);
	console_blank(scanout->console, reason, text);
}

void scanout_off(struct scanout *scanout, const struct gvt_plane *plane)
{
	switch ((enum gvt_off_reason)plane->off_reason) {
	case GVT_OFF_NEVER_SET:
		scanout_blank(scanout, BLANK_NOT_STARTED, NULL);
		break;
	case GVT_OFF_DISABLED:
	case GVT_OFF_BLANKED:
		scanout_blank(scanout, BLANK_PLANE_OFF, NULL);
		break;
	case GVT_OFF_FORMAT:
		scanout_blank(scanout, BLANK_BAD_FORMAT, NULL);
		break;
	default:
		scanout_blank(scanout, BLANK_BAD_PLANE, NULL);
	}
}

/* ---- console ---- */

static void set_active(void *opaque, bool active)
{
	struct scanout *scanout = opaque;

	machine_lock();
	scanout->watched = active;
	if (scanout->ops->watch) {
		scanout->ops->watch(scanout->device, active);
	}
	machine_unlock();
	scanout->awaiting = false;
	scanout->quiet = 0;
	scanout->interval_ms = FRAME_MS;
	timer_stop(scanout);
	disarm(scanout);
	fd_unwatch(scanout->change_watch);
	scanout->change_watch = 0;
	if (active) {
		scanout->change_watch = fd_watch(scanout->change_fd, G_IO_IN, on_change, scanout);
		look(scanout, true);
	}
}

static void poll_now(void *opaque)
{
	look(opaque, true);
}

static bool set_mode(void *opaque, const struct display_mode *mode)
{
	struct scanout *scanout = opaque;

	return scanout->ops->set_mode && scanout->ops->set_mode(scanout->device, mode);
}

static void on_frame_done(void *opaque, uint64_t seq, enum frame_news news)
{
	struct scanout *scanout = opaque;

	scanout->awaiting = false;
	if (scanout->ops->frame_done) {
		scanout->ops->frame_done(scanout->device, news);
	}
	if (scanout->watched) {
		plan(scanout, news);
	}
}

/* A viewer sent input. With the plane off only a register write can bring a picture. */
static void expect_change(void *opaque)
{
	struct scanout *scanout = opaque;

	if (scanout->picture) {
		hurry(scanout);
	}
}

static void get_state(void *opaque, struct source_state *state)
{
	struct scanout *scanout = opaque;

	*state = (struct source_state){
		.kind = "emulated",
		.events = "vcpu",
		.queries = scanout->looks,
		.frames = scanout->frames,
		.events_seen = scanout->changes,
	};
}

static const struct source_ops source_ops = {
	.set_active = set_active,
	.poll = poll_now,
	.set_mode = set_mode,
	.frame_done = on_frame_done,
	.expect_change = expect_change,
	.get_state = get_state,
};

bool scanout_init(struct scanout *scanout, struct device *dev, const struct scanout_ops *ops,
		  void *opaque, GError **error)
{
	int fd = eventfd_create();

	if (fd < 0) {
		return error_set_errno(error, -fd, "%s: eventfd", device_label(dev));
	}
	*scanout = (struct scanout){
		.ops = ops,
		.device = opaque,
		.change_fd = fd,
		.interval_ms = FRAME_MS,
	};
	scanout->console = console_create(dev->board->displays, device_label(dev), 0, &source_ops,
					  scanout);
	return true;
}

void scanout_finish(struct scanout *scanout)
{
	if (!scanout->ops) {
		return;
	}
	console_destroy(scanout->console);
	scanout->console = NULL;
	timer_stop(scanout);
	g_clear_pointer(&scanout->writes, write_watch_destroy);
	scanout->armed = false;
	fd_unwatch(scanout->change_watch);
	scanout->change_watch = 0;
	fd_close(&scanout->change_fd);
	scanout->ops = NULL;
}

/* ---- the monitor ---- */

size_t scanout_edid(const struct display_mode *mode, uint32_t max_width_px, uint32_t max_height_px,
		    uint8_t *edid)
{
	struct gvt_edid_params params = {
		.width_px = CLAMP(mode->width_px, GVT_EDID_DIM_MIN,
				  max_width_px ? max_width_px : GVT_EDID_DIM_MAX),
		.height_px = CLAMP(mode->height_px, GVT_EDID_DIM_MIN,
				   max_height_px ? max_height_px : GVT_EDID_DIM_MAX),
		.refresh_mhz = mode->refresh_mhz,
		.width_mm = mode->width_mm,
		.height_mm = mode->height_mm,
	};

	TRACE(gvt, edid, "%ux%u", params.width_px, params.height_px);
	return gvt_edid_build(&params, edid, GVT_EDID_MAX);
}
