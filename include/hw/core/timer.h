/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers of devices: fire on the main thread with the machine lock held, to the microsecond as far as
 * that thread is free; cost nothing unarmed. */
#ifndef HW_CORE_TIMER_H
#define HW_CORE_TIMER_H

#include <stdint.h>
#include <glib.h>

struct hw_timer {
	void (*fn)(void *opaque);
	void *opaque;
	/* private to timer.c */
	int64_t deadline_ns; /* INT64_MAX: not armed */
	GSource *source; /* NULL: never armed yet */
	int fd; /* timerfd, or -1; valid with source */
};

/* Context of all: machine lock held; finish on the main thread. */
void hw_timer_init(struct hw_timer *timer, void (*fn)(void *opaque), void *opaque);
/* Fires once at @deadline_ns of clock_ns(); replaces an earlier deadline. May be called from fn. */
void hw_timer_arm(struct hw_timer *timer, int64_t deadline_ns);
/* fn isn't called afterwards. */
void hw_timer_cancel(struct hw_timer *timer);
/* Accepts a zeroed timer. */
void hw_timer_finish(struct hw_timer *timer);

#endif
