// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A chardev on file descriptors. Input is read on the main thread as fast as the front end takes
 * it; output is written at once by whoever calls, and what the peer doesn't take is queued.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "chardev-int.h"
#include "util/fd.h"

#define QUEUE_LIMIT_BYTES (1u << 20)
#define READ_CHUNK_BYTES  4096
/* Reads a round, so that a fast peer doesn't starve the rest of the main loop. */
#define READS_PER_WAKEUP  16
#define FLUSH_MS	  1000

static const struct chardev_class stream_class;

struct stream *stream_create(const char *id, const char *filename)
{
	struct stream *stream = g_new0(struct stream, 1);

	chardev_init(&stream->base, &stream_class, id);
	stream->base.filename = g_strdup(filename);
	stream->in_fd = stream->out_fd = stream->passed_fd = -1;
	stream->queue = g_byte_array_new();
	g_mutex_init(&stream->lock);
	return stream;
}

/* ---- output ---- */

static ssize_t write_some(struct stream *stream, const void *data, size_t len)
{
	ssize_t done;

	do {
		done = stream->is_socket ? send(stream->out_fd, data, len, MSG_NOSIGNAL)
					 : write(stream->out_fd, data, len);
	} while (done < 0 && errno == EINTR);
	return done >= 0 ? done : -errno;
}

/* With the lock held. */
static void queue_clear(struct stream *stream)
{
	g_byte_array_set_size(stream->queue, 0);
	stream->queue_sent = 0;
}

/* Some of the queue; as write_some(). With the lock held. */
static ssize_t write_queue(struct stream *stream)
{
	ssize_t done = write_some(stream, stream->queue->data + stream->queue_sent,
				  stream->queue->len - stream->queue_sent);

	if (done > 0) {
		stream->queue_sent += (size_t)done;
	}
	return done;
}

static void writable(int fd, GIOCondition condition, void *opaque)
{
	struct stream *stream = opaque;
	bool drained = false;
	ssize_t done;

	g_mutex_lock(&stream->lock);
	done = write_queue(stream);
	/* An error other than "not now": the reader sees the hang-up, nothing more can be sent. */
	if (stream->queue_sent == stream->queue->len || (done < 0 && done != -EAGAIN)) {
		queue_clear(stream);
		fd_unwatch(stream->out_watch);
		stream->out_watch = 0;
		drained = true;
	}
	g_mutex_unlock(&stream->lock);
	if (drained) {
		chardev_accept_input(&stream->base);
	}
}

static int stream_write(struct chardev *chardev, const void *data, size_t len)
{
	struct stream *stream = (struct stream *)chardev;
	ssize_t done = 0;
	int result = 0;

	g_mutex_lock(&stream->lock);
	if (stream->out_fd < 0) {
		goto out;
	}
	if (stream->queue->len - stream->queue_sent > QUEUE_LIMIT_BYTES) {
		result = -EAGAIN;
		goto out;
	}
	if (!stream->queue->len) {
		done = write_some(stream, data, len);
		if (done < 0 && done != -EAGAIN) {
			goto out;
		}
		done = MAX(done, 0);
	}
	if ((size_t)done < len) {
		if (stream->queue_sent >= QUEUE_LIMIT_BYTES) {
			g_byte_array_remove_range(stream->queue, 0, (guint)stream->queue_sent);
			stream->queue_sent = 0;
		}
		g_byte_array_append(stream->queue, (const guint8 *)data + done,
				    (guint)(len - (size_t)done));
		if (!stream->out_watch) {
			stream->out_watch = fd_watch(stream->out_fd, G_IO_OUT, writable, stream);
		}
	}
out:
	g_mutex_unlock(&stream->lock);
	return result;
}

static size_t stream_queued(struct chardev *chardev)
{
	struct stream *stream = (struct stream *)chardev;
	size_t queued;

	g_mutex_lock(&stream->lock);
	queued = stream->queue->len - stream->queue_sent;
	g_mutex_unlock(&stream->lock);
	return queued;
}

/* ---- input ---- */

/* As read(), keeping the last fd that came with the data. */
static ssize_t read_socket(struct stream *stream, void *data, size_t len)
{
	struct iovec iov = { .iov_base = data, .iov_len = len };
	union {
		char space[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(stream->in_fd, &msg, MSG_CMSG_CLOEXEC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); got >= 0 && c; c = CMSG_NXTHDR(&msg, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			continue;
		}
		for (size_t i = 0; i + sizeof(int) <= bytes; i += sizeof(int)) {
			fd_close(&stream->passed_fd);
			memcpy(&stream->passed_fd, CMSG_DATA(c) + i, sizeof(int));
		}
	}
	return got;
}

/* The end of the input: a socket or pty is gone, a file or stdin has only run dry. */
static void input_ended(struct stream *stream)
{
	if (stream->keep_on_eof) {
		fd_unwatch(stream->in_watch);
		stream->in_watch = 0;
		fd_close(&stream->in_fd);
		return;
	}
	stream_disconnect(stream);
	if (stream->hangup && !stream->base.closed) {
		stream->hangup(stream);
	}
}

static void watch_input(struct stream *stream);

/* The receiver may close or destroy the stream at any call. */
static void readable(int fd, GIOCondition condition, void *opaque)
{
	struct stream *stream = opaque;
	uint8_t data[READ_CHUNK_BYTES];

	g_atomic_int_inc(&stream->base.refs);
	if (!stream->in_wanted) {
		/* Woken by a hang-up that nobody is going to read up to. */
		input_ended(stream);
		chardev_unref(&stream->base);
		return;
	}
	for (int i = 0; i < READS_PER_WAKEUP && stream->in_fd == fd; i++) {
		const struct chardev_ops *ops = stream->base.ops;
		size_t room = ops ? ops->can_receive(stream->base.opaque) : 0;
		ssize_t got;

		if (!room) {
			break;
		}
		room = MIN(room, sizeof(data));
		got = stream->is_socket ? read_socket(stream, data, room) : read(fd, data, room);
		if (got > 0) {
			ops->receive(stream->base.opaque, data, (size_t)got);
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
			input_ended(stream);
			break;
		} else if (errno == EAGAIN) {
			break;
		}
	}
	if (!stream->base.closed) {
		watch_input(stream);
	}
	chardev_unref(&stream->base);
}

/* Waits for data when the front end has room, else only for a hang-up. */
static void watch_input(struct stream *stream)
{
	const struct chardev_ops *ops = stream->base.ops;
	bool wanted = ops && ops->can_receive(stream->base.opaque) > 0;

	if (stream->in_fd < 0 || (stream->in_watch && stream->in_wanted == wanted)) {
		return;
	}
	fd_unwatch(stream->in_watch);
	stream->in_watch = 0;
	stream->in_wanted = wanted;
	/* Without a front end even a peer that leaves must be noticed: a server waits for the
	 * next one. For what keeps its input, nothing is lost by not looking. */
	if (wanted || !stream->keep_on_eof) {
		stream->in_watch = fd_watch(stream->in_fd,
					    wanted ? G_IO_IN | G_IO_HUP | G_IO_ERR
						   : G_IO_HUP | G_IO_ERR,
					    readable, stream);
	}
}

/* ---- life ---- */

void stream_open(struct stream *stream, int in_fd, int out_fd)
{
	g_mutex_lock(&stream->lock);
	stream->out_fd = out_fd;
	g_mutex_unlock(&stream->lock);
	stream->in_fd = in_fd;
	chardev_event(&stream->base, CHARDEV_OPENED);
	watch_input(stream);
}

void stream_disconnect(struct stream *stream)
{
	bool was_open = chardev_connected(&stream->base);
	int in_fd = stream->in_fd;

	fd_unwatch(stream->in_watch);
	stream->in_watch = 0;
	fd_close(&stream->in_fd);
	fd_close(&stream->passed_fd);
	g_mutex_lock(&stream->lock);
	fd_unwatch(stream->out_watch);
	stream->out_watch = 0;
	queue_clear(stream);
	if (stream->out_fd != in_fd) {
		fd_close(&stream->out_fd);
	}
	stream->out_fd = -1;
	g_mutex_unlock(&stream->lock);
	if (was_open) {
		chardev_event(&stream->base, CHARDEV_CLOSED);
	}
}

static bool stream_connected(const struct chardev *chardev)
{
	const struct stream *stream = (const struct stream *)chardev;

	return stream->in_fd >= 0 || stream->out_fd >= 0;
}

static void stream_accept_input(struct chardev *chardev)
{
	watch_input((struct stream *)chardev);
}

static int stream_take_fd(struct chardev *chardev)
{
	struct stream *stream = (struct stream *)chardev;
	int fd = stream->passed_fd;

	stream->passed_fd = -1;
	return fd;
}

/* Who reads gets all that is queued, the answer to a quit among it; who doesn't read delays the end by no
 * more than FLUSH_MS. */
static void flush(struct stream *stream)
{
	gint64 end_us = g_get_monotonic_time() + FLUSH_MS * 1000;
	gint64 left_us;

	g_mutex_lock(&stream->lock);
	while (stream->out_fd >= 0 && stream->queue_sent < stream->queue->len) {
		struct pollfd pollfd = { .fd = stream->out_fd, .events = POLLOUT };
		ssize_t done = write_queue(stream);

		if (done < 0 && done != -EAGAIN) {
			break;
		}
		left_us = end_us - g_get_monotonic_time();
		if (left_us <= 0 || (done <= 0 && poll(&pollfd, 1, (int)(left_us / 1000)) <= 0)) {
			break;
		}
	}
	g_mutex_unlock(&stream->lock);
}

static void stream_close(struct chardev *chardev)
{
	struct stream *stream = (struct stream *)chardev;

	flush(stream);
	stream_disconnect(stream);
	if (stream->listen_watch) {
		g_source_remove(stream->listen_watch);
		stream->listen_watch = 0;
	}
	if (stream->cleanup) {
		stream->cleanup(stream);
	}
}

static void stream_finish(struct chardev *chardev)
{
	struct stream *stream = (struct stream *)chardev;

	g_byte_array_unref(stream->queue);
	g_mutex_clear(&stream->lock);
}

static const struct chardev_class stream_class = {
	.write = stream_write,
	.queued = stream_queued,
	.connected = stream_connected,
	.accept_input = stream_accept_input,
	.take_fd = stream_take_fd,
	.close = stream_close,
	.finish = stream_finish,
};
