// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>
#include <glib-unix.h>

#include "ui/spice/core.h"

struct SpiceTimer {
	SpiceTimerFunc fn;
	void *opaque;
	guint id; /* GSource, 0: not running */
	GList link; /* of timers */
};

struct SpiceWatch {
	int fd;
	int mask;
	SpiceWatchFunc fn;
	void *opaque;
	GSource *source;
	gpointer tag; /* of the fd in @source; NULL while nothing is waited for */
	GList link; /* of watches */
};

struct watch_source {
	GSource source; /* first */
	SpiceWatch *watch;
};

/* All that there are. */
static GQueue timers = G_QUEUE_INIT, watches = G_QUEUE_INIT;

/* ---- timers ---- */

static SpiceTimer *timer_add(SpiceTimerFunc fn, void *opaque)
{
	SpiceTimer *timer = g_new0(SpiceTimer, 1);

	timer->fn = fn;
	timer->opaque = opaque;
	timer->link.data = timer;
	g_queue_push_tail_link(&timers, &timer->link);
	return timer;
}

static void timer_cancel(SpiceTimer *timer)
{
	if (timer->id) {
		g_source_remove(timer->id);
		timer->id = 0;
	}
}

static gboolean timer_fire(gpointer opaque)
{
	SpiceTimer *timer = opaque;

	timer->id = 0;
	timer->fn(timer->opaque);
	return G_SOURCE_REMOVE;
}

static void timer_start(SpiceTimer *timer, uint32_t ms)
{
	timer_cancel(timer);
	timer->id = g_timeout_add(ms, timer_fire, timer);
}

static void timer_remove(SpiceTimer *timer)
{
	timer_cancel(timer);
	g_queue_unlink(&timers, &timer->link);
	g_free(timer);
}

/* ---- watches ---- */

static gboolean watch_dispatch(GSource *source, GSourceFunc fn, gpointer opaque)
{
	SpiceWatch *watch = ((struct watch_source *)source)->watch;
	GIOCondition ready = watch->tag ? g_source_query_unix_fd(source, watch->tag) : 0;
	int events = 0;

	/* An error or the peer's end shows when it is read. */
	if (ready & (G_IO_IN | G_IO_HUP | G_IO_ERR)) {
		events |= SPICE_WATCH_EVENT_READ;
	}
	if (ready & (G_IO_OUT | G_IO_HUP | G_IO_ERR)) {
		events |= SPICE_WATCH_EVENT_WRITE;
	}
	events &= watch->mask;
	if (events) {
		/* The watch may be gone after this. */
		watch->fn(watch->fd, events, watch->opaque);
	}
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs watch_funcs = { .dispatch = watch_dispatch };

static void watch_update_mask(SpiceWatch *watch, int mask)
{
	GIOCondition condition = 0;

	watch->mask = mask;
	if (mask & SPICE_WATCH_EVENT_READ) {
		condition |= G_IO_IN;
	}
	if (mask & SPICE_WATCH_EVENT_WRITE) {
		condition |= G_IO_OUT;
	}
	if (watch->tag && condition) {
		g_source_modify_unix_fd(watch->source, watch->tag, condition);
	} else if (condition) {
		watch->tag = g_source_add_unix_fd(watch->source, watch->fd, condition);
	} else if (watch->tag) {
		/* Errors would be reported without being asked for, again and again. */
		g_source_remove_unix_fd(watch->source, watch->tag);
		watch->tag = NULL;
	}
}

static SpiceWatch *watch_add(int fd, int mask, SpiceWatchFunc fn, void *opaque)
{
	SpiceWatch *watch = g_new0(SpiceWatch, 1);

	watch->fd = fd;
	watch->fn = fn;
	watch->opaque = opaque;
	watch->source = g_source_new(&watch_funcs, sizeof(struct watch_source));
	((struct watch_source *)watch->source)->watch = watch;
	g_source_set_static_name(watch->source, "spice");
	/* As in fd_watch(): else each event wakes the loop once more. */
	g_source_set_can_recurse(watch->source, TRUE);
	watch_update_mask(watch, mask);
	g_source_attach(watch->source, NULL);
	watch->link.data = watch;
	g_queue_push_tail_link(&watches, &watch->link);
	return watch;
}

static void watch_remove(SpiceWatch *watch)
{
	g_source_destroy(watch->source);
	g_source_unref(watch->source);
	g_queue_unlink(&watches, &watch->link);
	g_free(watch);
}

void spice_core_finish(void)
{
	for (GList *l = timers.head; l; l = l->next) {
		timer_cancel(l->data);
	}
	for (GList *l = watches.head; l; l = l->next) {
		g_source_destroy(((SpiceWatch *)l->data)->source);
	}
}

void spice_core_init(SpiceCoreInterface *core)
{
	*core = (SpiceCoreInterface){
		.base = {
			.type = SPICE_INTERFACE_CORE,
			.description = "main loop",
			.major_version = SPICE_INTERFACE_CORE_MAJOR,
			.minor_version = SPICE_INTERFACE_CORE_MINOR,
		},
		.timer_add = timer_add,
		.timer_start = timer_start,
		.timer_cancel = timer_cancel,
		.timer_remove = timer_remove,
		.watch_add = watch_add,
		.watch_update_mask = watch_update_mask,
		.watch_remove = watch_remove,
	};
}
