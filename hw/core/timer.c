// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A timerfd a timer: the main loop's own timers are whole milliseconds, and arming one of them from a
 * vCPU wakes the main loop only to have it sleep for another time.
 */
#include <sys/timerfd.h>
#include <unistd.h>

#include "hw/core/machine-lock.h"
#include "hw/core/timer.h"
#include "util/fd.h"

struct timer_source {
	GSource source;
	struct hw_timer *timer;
};

/* Makes the source ready at the deadline, or never. */
static void update(struct hw_timer *timer)
{
	bool armed = timer->deadline_ns != INT64_MAX;
	/* All zeros would mean "never". */
	int64_t when_ns = armed ? MAX(timer->deadline_ns, 1) : 0;
	struct itimerspec when = {
		.it_value = { .tv_sec = when_ns / 1000000000, .tv_nsec = when_ns % 1000000000 },
	};

	if (timer->fd >= 0) {
		timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &when, NULL);
	} else {
		/* No fd to be had: late by up to a millisecond. */
		g_source_set_ready_time(timer->source, armed ? when_ns / 1000 + 1 : -1);
	}
}

/* The deadline may have moved while this thread waited for the lock. */
static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct hw_timer *timer = ((struct timer_source *)source)->timer;

	machine_lock();
	if (timer->deadline_ns <= clock_ns()) {
		timer->deadline_ns = INT64_MAX;
		timer->fn(timer->opaque);
	}
	update(timer);
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
	if (timer->deadline_ns == deadline_ns) {
		return;
	}
	timer->deadline_ns = deadline_ns;
	if (!timer->source) {
		timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
		timer->source = g_source_new(&timer_funcs, sizeof(struct timer_source));
		((struct timer_source *)timer->source)->timer = timer;
		if (timer->fd >= 0) {
			g_source_add_unix_fd(timer->source, timer->fd, G_IO_IN);
		}
		update(timer);
		g_source_attach(timer->source, NULL);
	} else {
		update(timer);
	}
}

void hw_timer_cancel(struct hw_timer *timer)
{
	if (timer->deadline_ns != INT64_MAX) {
		timer->deadline_ns = INT64_MAX;
		update(timer);
	}
}

void hw_timer_finish(struct hw_timer *timer)
{
	if (timer->source) {
		g_source_destroy(timer->source);
		g_clear_pointer(&timer->source, g_source_unref);
		fd_close(&timer->fd);
	}
	timer->deadline_ns = INT64_MAX;
}
