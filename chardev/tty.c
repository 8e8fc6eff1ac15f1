// SPDX-License-Identifier: GPL-2.0-or-later
/* Terminals: our own standard input and output, and pseudo-terminals made for others. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "chardev-int.h"
#include "util/error.h"
#include "util/fd.h"

/* ---- stdio ---- */

struct stdio {
	bool is_tty;
	struct termios termios;
	int flags[2]; /* file status flags of fd 0 and 1 to restore, or -1 */
};

/*
 * A non-blocking twin of fd 0 or 1. O_NONBLOCK belongs to the open file, which we share with the
 * shell and often with stderr, so pipes and terminals are opened anew; only where that can't be
 * done (sockets, a terminal of another user) the shared flag is set and later restored.
 */
static int stdio_twin(struct stdio *stdio, int fd)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	int twin = -1, flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		twin = open(path, (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	if (twin < 0) {
		twin = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (twin < 0) {
			return -errno;
		}
		if (!S_ISREG(st.st_mode) && !(flags & O_NONBLOCK)) {
			stdio->flags[fd] = flags;
			fcntl(fd, F_SETFL, flags | O_NONBLOCK);
		}
	}
	return twin;
}

static void stdio_cleanup(struct stream *stream)
{
	struct stdio *stdio = stream->tty;

	if (stdio->is_tty) {
		tcsetattr(STDIN_FILENO, TCSANOW, &stdio->termios);
	}
	for (int fd = 0; fd < 2; fd++) {
		if (stdio->flags[fd] >= 0) {
			fcntl(fd, F_SETFL, stdio->flags[fd]);
		}
	}
	g_free(stdio);
}

/* Characters go to the guest one by one and unechoed; Ctrl-C too unless @signals. */
static void stdio_raw(struct stdio *stdio, bool signals)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &stdio->termios) < 0) {
		return;
	}
	stdio->is_tty = true;
	raw = stdio->termios;
	raw.c_iflag &= (tcflag_t)~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	raw.c_lflag &= (tcflag_t)~(ECHO | ECHONL | ICANON | IEXTEN);
	if (!signals) {
		raw.c_lflag &= (tcflag_t)~ISIG;
	}
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

struct chardev *stdio_create(const char *id, bool signals, GError **error)
{
	struct stream *stream = stream_create(id, "stdio");
	struct stdio *stdio = g_new0(struct stdio, 1);
	int in_fd, out_fd;

	stdio->flags[0] = stdio->flags[1] = -1;
	stream->tty = stdio;
	stream->cleanup = stdio_cleanup;
	stream->keep_on_eof = true;
	in_fd = stdio_twin(stdio, STDIN_FILENO);
	out_fd = stdio_twin(stdio, STDOUT_FILENO);
	if (out_fd < 0) {
		error_set_errno(error, -out_fd, "chardev %s: stdio: standard output", id);
		fd_close(&in_fd);
		chardev_destroy(&stream->base);
		return NULL;
	}
	stdio_raw(stdio, signals);
	/* A closed standard input is as good as an empty one. */
	stream_open(stream, MAX(in_fd, -1), out_fd);
	return &stream->base;
}

/* ---- pty ---- */

struct pty {
	int master;
	int inotify;
	guint watch;
};

static void pty_opened(int fd, GIOCondition condition, void *opaque);

static bool pty_has_peer(const struct pty *pty)
{
	struct pollfd pfd = { .fd = pty->master };

	return poll(&pfd, 1, 0) == 0 || !(pfd.revents & POLLHUP);
}

/* Somebody opened the other side, or had it open already. */
static void pty_connect(struct stream *stream)
{
	struct pty *pty = stream->tty;
	int fd = fcntl(pty->master, F_DUPFD_CLOEXEC, 3);

	fd_unwatch(pty->watch);
	pty->watch = 0;
	if (fd >= 0) {
		stream_open(stream, fd, fd);
	}
}

/*
 * Without a peer the master hangs up all the time and polling it would spin; inotify tells of the
 * next open without a timer.
 */
static void pty_wait(struct stream *stream)
{
	struct pty *pty = stream->tty;

	if (!pty->watch) {
		pty->watch = fd_watch(pty->inotify, G_IO_IN, pty_opened, stream);
	}
	if (pty_has_peer(pty)) {
		pty_connect(stream);
	}
}

static void pty_opened(int fd, GIOCondition condition, void *opaque)
{
	struct stream *stream = opaque;
	char events[sizeof(struct inotify_event) * 16];

	while (read(fd, events, sizeof(events)) > 0) {
	}
	if (pty_has_peer(stream->tty)) {
		pty_connect(stream);
	}
}

static void pty_cleanup(struct stream *stream)
{
	struct pty *pty = stream->tty;

	fd_unwatch(pty->watch);
	fd_close(&pty->inotify);
	fd_close(&pty->master);
	g_free(pty);
}

/* Raw mode is the pty's, not the opener's: it stays when the first slave is closed again. */
static int pty_make_raw(const char *name)
{
	int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;

	if (slave < 0) {
		return -errno;
	}
	if (tcgetattr(slave, &raw) == 0) {
		cfmakeraw(&raw);
		tcsetattr(slave, TCSAFLUSH, &raw);
	}
	close(slave);
	return 0;
}

struct chardev *pty_create(const char *id, GError **error)
{
	struct stream *stream = stream_create(id, NULL);
	struct pty *pty = g_new0(struct pty, 1);
	char name[64];
	int err;

	stream->tty = pty;
	stream->cleanup = pty_cleanup;
	stream->hangup = pty_wait;
	pty->inotify = -1;
	pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (pty->master < 0 || grantpt(pty->master) < 0 || unlockpt(pty->master) < 0) {
		err = errno;
		goto fail;
	}
	err = ptsname_r(pty->master, name, sizeof(name));
	if (!err) {
		err = -pty_make_raw(name);
	}
	if (err) {
		goto fail;
	}
	pty->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (pty->inotify < 0 || inotify_add_watch(pty->inotify, name, IN_OPEN) < 0) {
		err = errno;
		goto fail;
	}
	stream->base.filename = g_strdup_printf("pty:%s", name);
	/* The words that scripts look for. */
	g_printerr("char device redirected to %s (label %s)\n", name, id);
	pty_wait(stream);
	return &stream->base;
fail:
	error_set_errno(error, err, "chardev %s: pty", id);
	chardev_destroy(&stream->base);
	return NULL;
}
