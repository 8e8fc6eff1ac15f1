/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns the main loop for a time, or until something has happened. */
#ifndef TESTS_UNIT_MAIN_LOOP_H
#define TESTS_UNIT_MAIN_LOOP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/fd.h"

#define RUN_LIMIT_NS INT64_C(20000000000) /* for machines that have much else to do */

static inline gboolean time_is_up(gpointer opaque)
{
	*(bool *)opaque = true;
	return G_SOURCE_REMOVE;
}

static inline void run_for(unsigned int ms)
{
	bool up = false;

	g_timeout_add(ms, time_is_up, &up);
	while (!up) {
		g_main_context_iteration(NULL, TRUE);
	}
}

/* Until @condition, or till time is up: a test asserts it then. */
#define run_until(condition)                                                                      \
	for (int64_t limit_ns = clock_ns() + RUN_LIMIT_NS; !(condition) && clock_ns() < limit_ns;) \
	run_for(1)

#endif
