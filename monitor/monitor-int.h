/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside monitor/: sessions, framing and the human monitor's commands. */
#ifndef MONITOR_MONITOR_INT_H
#define MONITOR_MONITOR_INT_H

#include <stdint.h>

#include "monitor/qmp.h"
#include "util/error.h"

struct chardev;
struct qmp_session;
struct hmp_session;

struct monitor {
	GPtrArray *tables; /* of struct table * */
	GPtrArray *qmp_sessions, *hmp_sessions;
	GPtrArray *fds; /* of struct named_fd *, see fds.c */
	struct chardev *speaker; /* whose request is being run, or NULL */
	bool closed;
	gint refs; /* one is the owner's, others are events on their way to the main thread */
};

void monitor_unref(struct monitor *monitor);

/* ---- fds.c ---- */
void named_fd_free(gpointer pointer);
JsonNode *monitor_cmd_getfd(void *opaque, JsonObject *args, GError **error);
JsonNode *monitor_cmd_closefd(void *opaque, JsonObject *args, GError **error);

/* ---- framing.c: where one JSON text ends in a stream of bytes ---- */

#define FRAME_LIMIT_BYTES (1u << 20)
/* The JSON parser recurses; nothing in QMP is nested deeper than a few levels. */
#define FRAME_LIMIT_DEPTH 64

enum frame_result {
	FRAME_MORE, /* nothing yet */
	FRAME_COMPLETE, /* framer->text holds one { } or [ ] text */
	FRAME_BAD, /* framer->problem says why; input up to the line's end is skipped */
};

struct framer {
	GString *text;
	const char *problem;
	unsigned int depth;
	bool in_string, escaped, skipping;
	bool taken; /* text was handed out, the next byte starts a new one */
};

void framer_init(struct framer *framer);
void framer_finish(struct framer *framer);
/* Forgets what came so far. */
void framer_reset(struct framer *framer);
enum frame_result framer_feed(struct framer *framer, uint8_t byte);

/* ---- qmp-session.c ---- */
struct qmp_session *qmp_session_create(struct monitor *monitor, struct chardev *chardev,
				       bool pretty);
void qmp_session_destroy(struct qmp_session *session);
/* @event is borrowed. */
void qmp_session_event(struct qmp_session *session, JsonNode *event);
/* {"qemu": {...}, "package": ...} */
JsonObject *qmp_version(void);

/* ---- hmp-session.c, hmp-commands.c ---- */
struct hmp_session *hmp_session_create(struct monitor *monitor, struct chardev *chardev);
void hmp_session_destroy(struct hmp_session *session);
/* Runs one line; what it prints, errors included, to be freed. */
char *hmp_run_line(struct monitor *monitor, const char *line);

#endif
