// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

unsigned int trace_mask;

static const char *const area_names[TRACE_areas + 1] = {
	[TRACE_accel] = "accel", [TRACE_mem] = "mem", [TRACE_pci] = "pci",
	[TRACE_vfio] = "vfio", [TRACE_gvt] = "gvt", [TRACE_virtio] = "virtio",
	[TRACE_ui] = "ui", [TRACE_vnc] = "vnc", [TRACE_spice] = "spice",
	[TRACE_vdagent] = "vdagent", [TRACE_gtk] = "gtk", [TRACE_input] = "input",
	[TRACE_qmp] = "qmp",
	[TRACE_net] = "net", [TRACE_block] = "block", [TRACE_i386] = "i386",
	[TRACE_system] = "system",
};

#define LINES_PER_SECOND 10

/* Guards everything below; only taken for lines that are printed or filtered by event. */
static GMutex lock;
static GPtrArray *event_globs[TRACE_areas]; /* NULL: every event of the area */
static struct {
	int64_t second;
	unsigned int lines;
} limit[TRACE_areas];

static bool event_wanted(enum trace_area area, const char *event)
{
	GPtrArray *globs = event_globs[area];
	bool wanted = !globs;

	for (unsigned int i = 0; globs && i < globs->len && !wanted; i++) {
		wanted = g_pattern_match_simple(globs->pdata[i], event);
	}
	return wanted;
}

void trace_print(enum trace_area area, const char *event, const char *fmt, ...)
{
	int64_t now_us = clock_ns() / 1000;
	g_autofree char *text = NULL;
	va_list args;

	g_mutex_lock(&lock);
	if (event_wanted(area, event)) {
		va_start(args, fmt);
		text = g_strdup_vprintf(fmt, args);
		va_end(args);
		fprintf(stderr, "%" PRId64 ".%06" PRId64 " %s:%s %s\n", now_us / 1000000,
			now_us % 1000000, area_names[area], event, text);
	}
	g_mutex_unlock(&lock);
}

bool trace_ratelimit(enum trace_area area)
{
	int64_t second = clock_ns() / 1000000000;
	bool pass;

	g_mutex_lock(&lock);
	if (limit[area].second != second) {
		limit[area].second = second;
		limit[area].lines = 0;
	}
	pass = limit[area].lines++ < LINES_PER_SECOND;
	g_mutex_unlock(&lock);
	return pass;
}

static void area_enable(unsigned int area, const char *event)
{
	bool on = trace_mask & (1u << area);

	if (!event) {
		g_clear_pointer(&event_globs[area], g_ptr_array_unref);
	} else if (!on || event_globs[area]) {
		if (!event_globs[area]) {
			event_globs[area] = g_ptr_array_new_with_free_func(g_free);
		}
		g_ptr_array_add(event_globs[area], g_strdup(event));
	}
	trace_mask |= 1u << area;
}

bool trace_enable(const char *pattern, GError **error)
{
	const char *colon = strchr(pattern, ':');
	g_autofree char *glob = g_strndup(pattern, colon ? (size_t)(colon - pattern)
							 : strlen(pattern));
	bool found = false;

	g_mutex_lock(&lock);
	for (unsigned int area = 0; area < TRACE_areas; area++) {
		if (g_pattern_match_simple(glob, area_names[area])) {
			area_enable(area, colon ? colon + 1 : NULL);
			found = true;
		}
	}
	g_mutex_unlock(&lock);
	if (!found) {
		const char *near = nearest_name(glob, area_names);

		return error_set(error, "-trace %s: no such area%s%s%s", pattern,
				 near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	}
	return true;
}
