/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP: the JSON control protocol. Transport, argument checking and dispatch are here; a command's
 * code lives beside what it commands and is listed in system/command-table.c.
 *
 * A client that doesn't read its replies is not read from any more; events for it are dropped.
 *
 * Context: main, machine lock not held, for everything but qmp_event.
 */
#ifndef MONITOR_QMP_H
#define MONITOR_QMP_H

#include <stdbool.h>
#include <json-glib/json-glib.h>

struct monitor;
struct chardev;

enum qmp_arg_type { QMP_ARG_STR, QMP_ARG_INT, QMP_ARG_NUMBER, QMP_ARG_BOOL, QMP_ARG_OBJECT,
		    QMP_ARG_ARRAY, QMP_ARG_ANY };

struct qmp_arg {
	const char *name; /* NULL ends the list */
	enum qmp_arg_type type;
	bool optional;
};

/*
 * @args has been checked against the command's table (types, unknown and missing names) and is
 * never NULL. Returns the value of "return" (caller owns; NULL means {}), or NULL with *error.
 */
typedef JsonNode *(*qmp_fn)(void *opaque, JsonObject *args, GError **error);

struct qmp_command {
	const char *name; /* NULL ends a table */
	qmp_fn run;
	const struct qmp_arg *args; /* NULL: none */
};

/* Knows qmp_capabilities, query-version, query-commands, human-monitor-command, getfd, closefd. */
struct monitor *monitor_create(void);
void monitor_destroy(struct monitor *monitor);
/* @table stays borrowed; @opaque is handed to its commands. */
void monitor_add_commands(struct monitor *monitor, const struct qmp_command *table,
			  void *opaque);
/* Clients of this chardev (borrowed, outlives the monitor) speak QMP, one session a connection.
 * @pretty: replies are indented over several lines. */
void monitor_serve_qmp(struct monitor *monitor, struct chardev *chardev, bool pretty);
/* Clients of this chardev speak the human monitor ("info status", "quit", ...). */
void monitor_serve_hmp(struct monitor *monitor, struct chardev *chardev);

/* Sends an event with a timestamp to every session past negotiation; takes @data (NULL: none).
 * Context: any. */
void qmp_event(struct monitor *monitor, const char *name, JsonObject *data);

/* The file that a client has sent and called @name (getfd); the caller owns it. -1 and *error. */
int monitor_take_fd(struct monitor *monitor, const char *name, GError **error);

/* Runs one command by name as a session would; for tests and HMP. @args is borrowed, NULL: {}.
 * Never NULL without *error. */
JsonNode *monitor_run(struct monitor *monitor, const char *name, JsonObject *args,
		      GError **error);

#endif
