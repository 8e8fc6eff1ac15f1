// SPDX-License-Identifier: GPL-2.0-or-later
/* Back ends where one read() or write() is one frame. */
#include "net/internal.h"

#include <errno.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/trace.h"

struct net_fd {
	struct net_backend backend; /* first */
	int fd;
	guint watch; /* 0 while there is no front end with room */
	size_t waiting; /* bytes in frame[] that the front end had no room for */
	uint8_t frame[NET_FRAME_MAX];
};

/* At most this many frames before other main-loop work gets its turn. */
#define BURST	64

static void on_readable(int fd, GIOCondition condition, void *opaque)
{
	struct net_fd *net = opaque;

	for (unsigned int i = 0; i < BURST; i++) {
		ssize_t len = read(fd, net->frame, sizeof(net->frame));

		if (len < 0 && errno == EINTR) {
			continue;
		}
		if (len <= 0) {
			/* A peer that is gone stays gone; its fd would be readable for ever. */
			if (len == 0 || errno != EAGAIN) {
				TRACE(net, read_end, "%s: %s", net->backend.id,
				      len ? g_strerror(errno) : "end of file");
				fd_unwatch(net->watch);
				net->watch = 0;
			}
			return;
		}
		if (!net_backend_deliver(&net->backend, net->frame, (size_t)len)) {
			/* The kernel's queue takes what follows, and drops when it is full. */
			net->waiting = (size_t)len;
			fd_unwatch(net->watch);
			net->watch = 0;
			return;
		}
	}
}

static void fd_ready(struct net_backend *backend)
{
	struct net_fd *net = (struct net_fd *)backend;

	if (!backend->front) {
		fd_unwatch(net->watch);
		net->watch = 0;
		net->waiting = 0;
		return;
	}
	if (net->waiting) {
		if (!net_backend_deliver(backend, net->frame, net->waiting)) {
			return;
		}
		net->waiting = 0;
	}
	if (!net->watch) {
		net->watch = fd_watch(net->fd, G_IO_IN, on_readable, net);
	}
}

static int fd_send(struct net_backend *backend, const struct iovec *iov, unsigned int count)
{
	struct net_fd *net = (struct net_fd *)backend;
	ssize_t written;

	do {
		written = writev(net->fd, iov, (int)count);
	} while (written < 0 && errno == EINTR);
	return written < 0 ? -errno : 0;
}

static void fd_destroy(struct net_backend *backend)
{
	struct net_fd *net = (struct net_fd *)backend;

	fd_unwatch(net->watch);
	fd_close(&net->fd);
	g_free(net);
}

static const struct net_backend_ops fd_ops = {
	.send = fd_send,
	.ready = fd_ready,
	.destroy = fd_destroy,
};

struct net_backend *net_fd_create(int fd)
{
	struct net_fd *net = g_new0(struct net_fd, 1);

	net->backend.ops = &fd_ops;
	net->fd = fd;
	return &net->backend;
}
