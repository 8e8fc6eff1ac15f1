// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <glib-unix.h>

#include "util/fd.h"

static GThread *main_thread;

struct watch {
	fd_fn fn;
	void *opaque;
};

static gboolean watch_dispatch(gint fd, GIOCondition condition, gpointer opaque)
{
	struct watch *watch = opaque;

	watch->fn(fd, condition, watch->opaque);
	return G_SOURCE_CONTINUE;
}

guint fd_watch(int fd, GIOCondition condition, fd_fn fn, void *opaque)
{
	struct watch *watch = g_new(struct watch, 1);
	GSource *source = g_unix_fd_source_new(fd, condition);
	guint id;

	watch->fn = fn;
	watch->opaque = opaque;
	g_source_set_callback(source, G_SOURCE_FUNC(watch_dispatch), watch, g_free);
	/* Else GLib takes the fd out of its poll set around each dispatch, and each change of the set
	 * wakes the loop: two writes, a read and an empty poll for every event. */
	g_source_set_can_recurse(source, TRUE);
	id = g_source_attach(source, NULL);
	g_source_unref(source);
	return id;
}

void fd_unwatch(guint id)
{
	if (id) {
		g_source_remove(id);
	}
}

void fd_close(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

int eventfd_create(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

void eventfd_kick(int fd)
{
	uint64_t one = 1;
	ssize_t written;

	/* EAGAIN: the count is at its limit, so a reader is woken already. */
	do {
		written = write(fd, &one, sizeof(one));
	} while (written < 0 && errno == EINTR);
}

uint64_t eventfd_drain(int fd)
{
	uint64_t count;
	ssize_t got;

	do {
		got = read(fd, &count, sizeof(count));
	} while (got < 0 && errno == EINTR);
	return got == sizeof(count) ? count : 0;
}

struct call {
	void (*fn)(void *opaque);
	void *opaque;
};

static gboolean call_dispatch(gpointer opaque)
{
	struct call *call = opaque;

	call->fn(call->opaque);
	return G_SOURCE_REMOVE;
}

void main_call(void (*fn)(void *opaque), void *opaque)
{
	struct call *call = g_new(struct call, 1);

	call->fn = fn;
	call->opaque = opaque;
	/* Sources of equal priority are dispatched in the order they were attached. */
	g_idle_add_full(G_PRIORITY_DEFAULT, call_dispatch, call, g_free);
}

void main_thread_init(void)
{
	main_thread = g_thread_self();
}

bool main_thread_is_current(void)
{
	return main_thread == g_thread_self();
}

int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
