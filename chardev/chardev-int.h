/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside chardev/: the base of every back end, and the stream that most of them are.
 *
 *   chardev ── stream (fds: stdio, file, pipe, pty, sockets; none: null)
 *           ├─ spicevmc, vc (the other end is inside this program)
 *           └─ mux port (two of them share one chardev)
 */
#ifndef CHARDEV_CHARDEV_INT_H
#define CHARDEV_CHARDEV_INT_H

#include <gio/gio.h>

#include "chardev/chardev.h"
#include "util/opts.h"

/* All but write and queued are Context: main. */
struct chardev_class {
	int (*write)(struct chardev *chardev, const void *data, size_t len);
	size_t (*queued)(struct chardev *chardev);
	bool (*connected)(const struct chardev *chardev);
	void (*accept_input)(struct chardev *chardev);
	void (*front_open)(struct chardev *chardev, bool open); /* may be NULL */
	int (*take_fd)(struct chardev *chardev); /* may be NULL */
	/* Closes; the memory goes with the last reference. */
	void (*close)(struct chardev *chardev);
	void (*finish)(struct chardev *chardev); /* frees what the class added */
};

struct chardev {
	const struct chardev_class *class;
	char *id, *filename;
	const struct chardev_ops *ops;
	void *opaque;
	struct chardev *monitor_port; /* of a mux */
	bool closed;
	gint refs; /* one is the owner's, others are calls on their way to the main thread */
};

void chardev_init(struct chardev *chardev, const struct chardev_class *class, const char *id);
void chardev_unref(struct chardev *chardev);
void chardev_event(struct chardev *chardev, enum chardev_event event);

/* ---- stream.c ---- */

struct stream;

/* Called on the main thread when the peer has gone; the fds are closed already. */
typedef void (*stream_hangup_fn)(struct stream *stream);

struct stream {
	struct chardev base;
	bool is_socket; /* recvmsg and MSG_NOSIGNAL */
	bool keep_on_eof; /* the end of the input leaves the output open */
	stream_hangup_fn hangup; /* may be NULL */
	void (*cleanup)(struct stream *stream); /* at close, after the fds; may be NULL */
	/* main thread only */
	int in_fd;
	guint in_watch;
	bool in_wanted; /* in_watch waits for data, not only for a hang-up */
	int passed_fd; /* came by SCM_RIGHTS, owned, or -1 */
	/* socket.c */
	GSocket *listener;
	guint listen_watch;
	/* tty.c */
	void *tty;
	/* guarded by lock */
	GMutex lock;
	int out_fd; /* may be in_fd; -1: data goes nowhere */
	guint out_watch;
	GByteArray *queue;
	size_t queue_sent;
};

struct stream *stream_create(const char *id, const char *filename);
/* Starts on these fds (taken; -1: that direction doesn't exist) and sends CHARDEV_OPENED. */
void stream_open(struct stream *stream, int in_fd, int out_fd);
/* Closes the fds, forgets queued data, sends CHARDEV_CLOSED if it was open. */
void stream_disconnect(struct stream *stream);

/* ---- the back ends ---- */
struct chardev *socket_create(const char *id, struct opts *opts, GError **error);
struct chardev *socket_create_fd(const char *id, int fd, GError **error);
struct chardev *stdio_create(const char *id, bool signals, GError **error);
struct chardev *pty_create(const char *id, GError **error);
struct chardev *spicevmc_create(const char *id, struct opts *opts, GError **error);
struct chardev *vdagent_chardev_create(const char *id, struct opts *opts, GError **error);
struct chardev *vc_create(const char *id, struct opts *opts, GError **error);
/* @text: "80Cx25C" or, in pixels, "640x480". */
bool vc_set_size(struct opts *opts, const char *text, GError **error);
/* Takes @base. */
struct chardev *mux_create(const char *id, struct chardev *base);
/* What ports share; NULL: @chardev isn't one. */
struct chardev *mux_shared(const struct chardev *chardev);

#endif
