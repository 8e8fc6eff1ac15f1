// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "hw/core/machine-lock.h"
#include "hw/core/timer.h"
#include "util/fd.h"

struct timer_source {
	GSource source;
	struct hw_timer *timer;
};

/* The deadline may have moved while this thread waited for the lock. */
static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct hw_timer *timer = ((struct timer_source *)source)->timer;

	machine_lock();
	if (timer->deadline_ns <= clock_ns()) {
		timer->deadline_ns = INT64_MAX;
		g_source_set_ready_time(source, -1);
		timer->fn(timer->opaque);
	} else if (timer->deadline_ns == INT64_MAX) {
		g_source_set_ready_time(source, -1);
	} else {
		g_source_set_ready_time(source, timer->deadline_ns / 1000 + 1);
	}
	machine_unlock();
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { .dispatch = dispatch };

void hw_timer_init(struct hw_timer *timer, void (*fn)(void *opaque), void *opaque)
{
	*timer = (struct hw_timer){ .fn = fn, .opaque = opaque, .deadline_ns = INT64_MAX };
}

void hw_timer_arm(struct hw_timer *timer, int64_t deadline_ns)
{
	timer->deadline_ns = deadline_ns;
	if (!timer->source) {
		timer->source = g_source_new(&timer_funcs, sizeof(struct timer_source));
		((struct timer_source *)timer->source)->timer = timer;
		g_source_set_ready_time(timer->source, deadline_ns / 1000 + 1);
		g_source_attach(timer->source, NULL);
	} else {
		g_source_set_ready_time(timer->source, deadline_ns / 1000 + 1);
	}
}

void hw_timer_cancel(struct hw_timer *timer)
{
	timer->deadline_ns = INT64_MAX;
	if (timer->source) {
		g_source_set_ready_time(timer->source, -1);
	}
}

void hw_timer_finish(struct hw_timer *timer)
{
	if (timer->source) {
		g_source_destroy(timer->source);
		g_clear_pointer(&timer->source, g_source_unref);
	}
	timer->deadline_ns = INT64_MAX;
}
