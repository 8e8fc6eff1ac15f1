/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -daemonize and -pidfile. */
#ifndef SYSTEM_DAEMON_H
#define SYSTEM_DAEMON_H

#include <stdbool.h>
#include <glib.h>

struct daemon {
	int ready_fd; /* the starting process waits for a byte here; -1: in the foreground */
	char *pidfile; /* made by us */
};

#define DAEMON_INIT { .ready_fd = -1 }

/* Continues in a child in a session of its own. The process that was started exits when
 * daemon_ready() is called (status 0) or the child is gone (status 1). Call before any thread is
 * started. */
bool daemon_fork(struct daemon *daemon, GError **error);
/* Locks the file as long as we live and writes our pid and a line end. */
bool daemon_pidfile_create(struct daemon *daemon, const char *path, GError **error);
/* In the background: standard streams go to /dev/null, the directory is "/", the starting process
 * exits. */
bool daemon_ready(struct daemon *daemon, GError **error);
/* Removes the pid file. */
void daemon_finish(struct daemon *daemon);

#endif
