/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracing: TRACE(vfio, plane_query, "seq %" PRIu64 " id %u", seq, id) prints
 *     1234.567890 vfio:plane_query seq 17 id 3
 * to stderr when "-trace vfio" or "-trace vfio:plane_query" (globs are fine) is on, and costs
 * one test of a global mask when it is not.
 */
#ifndef UTIL_TRACE_H
#define UTIL_TRACE_H

#include <stdbool.h>
#include <glib.h>

/* One bit an area. The one global of the program. */
enum trace_area {
	TRACE_accel, TRACE_mem, TRACE_pci, TRACE_vfio, TRACE_gvt, TRACE_virtio, TRACE_ui,
	TRACE_vnc, TRACE_spice, TRACE_vdagent, TRACE_gtk, TRACE_input, TRACE_qmp, TRACE_net, TRACE_block, TRACE_i386,
	TRACE_system,
	TRACE_areas
};
extern unsigned int trace_mask;

#define TRACE(area, event, ...)                                                        \
	do {                                                                           \
		if (G_UNLIKELY(trace_mask & (1u << TRACE_##area))) {                    \
			trace_print(TRACE_##area, #event, __VA_ARGS__);                 \
		}                                                                      \
	} while (0)

/* Guest misbehaviour: as TRACE, at most 10 lines a second for each area. */
#define TRACE_GUEST_ERROR(area, ...)                                                   \
	do {                                                                           \
		if (G_UNLIKELY(trace_mask & (1u << TRACE_##area)) &&                    \
		    trace_ratelimit(TRACE_##area)) {                                    \
			trace_print(TRACE_##area, "guest_error", __VA_ARGS__);          \
		}                                                                      \
	} while (0)

void trace_print(enum trace_area area, const char *event, const char *fmt, ...)
	G_GNUC_PRINTF(3, 4);
bool trace_ratelimit(enum trace_area area);
/* @pattern: "AREA" or "AREA:EVENT", each may hold globs. False when no area matches. */
bool trace_enable(const char *pattern, GError **error);

#endif
