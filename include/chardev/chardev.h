/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character back ends: stdio, file, pipe, null, pty, unix and TCP sockets (server or client), text
 * consoles (vc.h), for serial ports, monitors and qtest. Context: main.
 */
#ifndef CHARDEV_CHARDEV_H
#define CHARDEV_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

struct chardev;

enum chardev_event { CHARDEV_OPENED, CHARDEV_CLOSED, CHARDEV_BREAK };

/* The one front end of a chardev (a serial port, a monitor, ...). */
struct chardev_ops {
	/* How many bytes it can take now; data is not read from the peer while this is 0. */
	size_t (*can_receive)(void *opaque);
	void (*receive)(void *opaque, const uint8_t *data, size_t len);
	void (*event)(void *opaque, enum chardev_event event); /* may be NULL */
};

/*
 * From a legacy string ("stdio", "mon:stdio", "null", "file:PATH", "unix:PATH,server=on,wait=off",
 * "tcp:HOST:PORT,server=on,wait=off", "pty", "pipe:PATH", "vc:80Cx25C", "telnet:...": error
 * that names what is offered). @id names it in messages. A server with wait=on (the default) blocks
 * until a client came.
 */
struct chardev *chardev_create(const char *id, const char *legacy, GError **error);
struct opts;
/* From -chardev BACKEND,id=...,... */
struct chardev *chardev_create_opts(struct opts *opts, GError **error);
/* Socket around an fd that is connected already; takes @fd. */
struct chardev *chardev_create_fd(const char *id, int fd, GError **error);
/* Closes; removes a unix socket path it made; restores the terminal. Accepts NULL. */
void chardev_destroy(struct chardev *chardev);
const char *chardev_id(const struct chardev *chardev);
/* What query-chardev says: "stdio", "pty:/dev/pts/3", "unix:/run/x,server=on". Borrowed. */
const char *chardev_filename(const struct chardev *chardev);
/* The monitor's side of a chardev that a monitor shares ("mon:..." or mux=on), owned by it, or
 * NULL. Ctrl-a c moves the keyboard between the two, Ctrl-a h lists the keys. */
struct chardev *chardev_mux_monitor(struct chardev *chardev);

/* NULL ops detaches. If the peer is connected already, CHARDEV_OPENED is sent at once. */
void chardev_attach(struct chardev *chardev, const struct chardev_ops *ops, void *opaque);
/* The front end can receive again. Context: any. */
void chardev_accept_input(struct chardev *chardev);
/* Queues and sends; never blocks. Data for nobody is dropped. When more than 1 MiB is queued
 * already, all of the new data is dropped and -EAGAIN returned. Context: any. */
int chardev_write(struct chardev *chardev, const void *data, size_t len);
/* Bytes that the peer hasn't taken yet. can_receive is asked again when it falls to 0.
 * Context: any. */
size_t chardev_queued(struct chardev *chardev);
/* Whether somebody at the other end of the front end listens (a guest's agent that opened its port).
 * Only a back end that asks for it cares. */
void chardev_set_front_open(struct chardev *chardev, bool open);
bool chardev_connected(const struct chardev *chardev);
/* The last fd that came by SCM_RIGHTS, which the caller then owns, or -1. */
int chardev_take_fd(struct chardev *chardev);

#endif
