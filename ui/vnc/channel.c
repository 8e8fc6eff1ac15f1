// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "crypto/tls.h"
#include "ui/vnc/bytes.h"
#include "ui/vnc/channel.h"
#include "ui/vnc/websocket.h"

/* A frame's header goes together with so much of its payload. */
#define STAGE_BYTES 4096
#define FRAMES_BYTES 16384

/* What a websocket needs; see layer_read() and layer_write() for what is below it. */
struct frames {
	struct websocket codec;
	uint8_t in[FRAMES_BYTES]; /* frames that were read and not decoded yet */
	size_t in_pos, in_len;
	GByteArray *staged; /* headers, answers and small frames on their way to the socket */
	size_t staged_sent;
	size_t frame_left; /* payload that the header has announced */
};

struct channel {
	GSocketConnection *connection;
	GSocket *socket; /* the connection's */
	const struct channel_ops *ops;
	void *opaque;
	GSource *reading, *writing; /* NULL: not watched */
	struct tls_session *tls; /* NULL: in the clear */
	bool handshaking;
	bool ended; /* the peer went away in the handshake */
	struct frames *frames; /* NULL: no websocket */
	bool owner_waits; /* for writable() */
	GError *error; /* of the last call */
};

/* ---- the socket ---- */

static void stop_source(GSource **source)
{
	if (*source) {
		g_source_destroy(*source);
		g_source_unref(*source);
		*source = NULL;
	}
}

static void watch(struct channel *channel, GSource **source, GIOCondition condition,
		  gboolean (*fn)(GSocket *socket, GIOCondition condition, gpointer opaque))
{
	if (!*source) {
		*source = g_socket_create_source(channel->socket, condition, NULL);
		g_source_set_callback(*source, G_SOURCE_FUNC(fn), channel, NULL);
		g_source_set_can_recurse(*source, TRUE); /* cheaper, see fd_watch() */
		g_source_attach(*source, NULL);
	}
}

static void go_on_with_handshake(struct channel *channel);
static bool flush_staged(struct channel *channel);

static gboolean socket_readable(GSocket *socket, GIOCondition condition, gpointer opaque)
{
	struct channel *channel = opaque;

	if (channel->handshaking) {
		go_on_with_handshake(channel);
	} else {
		channel->ops->readable(channel->opaque);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean socket_writable(GSocket *socket, GIOCondition condition, gpointer opaque)
{
	struct channel *channel = opaque;

	stop_source(&channel->writing);
	if (channel->handshaking) {
		go_on_with_handshake(channel);
	} else if (flush_staged(channel) && channel->owner_waits) {
		channel->owner_waits = false;
		channel->ops->writable(channel->opaque);
	}
	return G_SOURCE_CONTINUE; /* destroyed already */
}

static void watch_reading(struct channel *channel)
{
	watch(channel, &channel->reading, G_IO_IN, socket_readable);
}

static void watch_writing(struct channel *channel)
{
	watch(channel, &channel->writing, G_IO_OUT, socket_writable);
}

static ssize_t socket_result(struct channel *channel, gssize done, const char **why)
{
	if (done >= 0) {
		return done;
	}
	if (g_error_matches(channel->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
		return -EAGAIN;
	}
	*why = channel->error->message;
	return -EIO;
}

/* ---- with TLS or without ---- */

static ssize_t layer_read(struct channel *channel, void *data, size_t len, const char **why)
{
	if (channel->ended) {
		return 0;
	}
	if (channel->tls) {
		return tls_session_read(channel->tls, data, len, why);
	}
	g_clear_error(&channel->error);
	return socket_result(channel, g_socket_receive(channel->socket, data, len, NULL,
						       &channel->error), why);
}

static ssize_t layer_write(struct channel *channel, const void *data, size_t len, const char **why)
{
	ssize_t sent;

	if (channel->tls) {
		sent = tls_session_write(channel->tls, data, len, why);
	} else {
		g_clear_error(&channel->error);
		sent = socket_result(channel, g_socket_send(channel->socket, data, len, NULL,
							    &channel->error), why);
	}
	if (sent == -EAGAIN) {
		watch_writing(channel);
	}
	return sent;
}

/* ---- websocket ---- */

/* 0 when all is out, -EAGAIN (writing is watched then), or another -errno. */
static int write_staged(struct channel *channel, const char **why)
{
	struct frames *frames = channel->frames;

	while (frames->staged_sent < frames->staged->len) {
		ssize_t sent = layer_write(channel, frames->staged->data + frames->staged_sent,
					   frames->staged->len - frames->staged_sent, why);

		if (sent < 0) {
			return (int)sent;
		}
		frames->staged_sent += (size_t)sent;
	}
	g_byte_array_set_size(frames->staged, 0);
	frames->staged_sent = 0;
	return 0;
}

/* Between two frames: what a ping or a goodbye is answered with. */
static void stage_reply(struct frames *frames)
{
	if (frames->frame_left == 0 && frames->codec.reply_len > 0) {
		bytes_add(frames->staged, frames->codec.reply, frames->codec.reply_len);
		frames->codec.reply_len = 0;
	}
}

/* False: the socket is full, or broken, which the owner learns when it reads. */
static bool flush_staged(struct channel *channel)
{
	const char *why;

	if (!channel->frames) {
		return true;
	}
	if (write_staged(channel, &why) == 0) {
		stage_reply(channel->frames);
	}
	return write_staged(channel, &why) == 0;
}

static ssize_t frames_write(struct channel *channel, const void *data, size_t len,
			    const char **why)
{
	struct frames *frames = channel->frames;
	uint8_t header[WEBSOCKET_MAX_HEADER_BYTES];
	ssize_t sent = write_staged(channel, why);

	if (sent < 0) {
		return sent;
	}
	if (frames->frame_left > 0) {
		sent = layer_write(channel, data, MIN(len, frames->frame_left), why);
		frames->frame_left -= sent > 0 ? (size_t)sent : 0;
		return sent;
	}
	stage_reply(frames);
	frames->frame_left = MIN(len, WEBSOCKET_SENT_FRAME_BYTES);
	bytes_add(frames->staged, header, websocket_header(header, frames->frame_left));
	len = MIN(frames->frame_left, STAGE_BYTES);
	bytes_add(frames->staged, data, len);
	frames->frame_left -= len;
	sent = write_staged(channel, why);
	return sent < 0 && sent != -EAGAIN ? sent : (ssize_t)len;
}

/* One read of the layer below at most, so that a flood of pings leaves room for others. */
static ssize_t frames_read(struct channel *channel, void *data, size_t len, const char **why)
{
	struct frames *frames = channel->frames;
	size_t used;
	ssize_t got;

	if (frames->in_pos == frames->in_len) {
		got = layer_read(channel, frames->in, sizeof(frames->in), why);
		if (got <= 0) {
			return got;
		}
		frames->in_pos = 0;
		frames->in_len = (size_t)got;
	}
	got = websocket_decode(&frames->codec, frames->in + frames->in_pos,
			       frames->in_len - frames->in_pos, &used, data, len, why);
	if (got < 0) {
		return got;
	}
	frames->in_pos += used;
	/* Not while a frame of ours is under way: the next one, or writable(), takes it along. */
	flush_staged(channel);
	if (got == 0 && frames->codec.closed) {
		*why = "goodbye";
		return 0;
	}
	return got > 0 ? got : -EAGAIN;
}

void channel_start_websocket(struct channel *channel)
{
	channel->frames = g_new0(struct frames, 1);
	channel->frames->staged = g_byte_array_new();
}

bool channel_is_websocket(const struct channel *channel)
{
	return channel->frames;
}

/* ---- what the owner sees ---- */

ssize_t channel_read(struct channel *channel, void *data, size_t len, const char **why)
{
	return channel->frames ? frames_read(channel, data, len, why) :
				 layer_read(channel, data, len, why);
}

ssize_t channel_write(struct channel *channel, const void *data, size_t len, const char **why)
{
	ssize_t sent = channel->frames ? frames_write(channel, data, len, why) :
					 layer_write(channel, data, len, why);

	channel->owner_waits = sent == -EAGAIN;
	return sent;
}

bool channel_has_more(struct channel *channel)
{
	return (channel->frames && channel->frames->in_pos < channel->frames->in_len) ||
	       (channel->tls && tls_session_has_more(channel->tls));
}

/* ---- TLS ---- */

static void go_on_with_handshake(struct channel *channel)
{
	g_autofree char *why = NULL;

	switch (tls_session_handshake(channel->tls, &why)) {
	case TLS_WANTS_READ:
		watch_reading(channel);
		return;
	case TLS_WANTS_WRITE:
		/* What there is to read would wake us without end. */
		stop_source(&channel->reading);
		watch_writing(channel);
		return;
	case TLS_HUNG_UP:
		channel->handshaking = false;
		channel->ended = true;
		channel->ops->readable(channel->opaque);
		return;
	case TLS_DONE:
	case TLS_FAILED:
		break;
	}
	channel->handshaking = false;
	watch_reading(channel);
	channel->ops->secured(channel->opaque, why);
}

bool channel_start_tls(struct channel *channel, struct tls_creds *creds)
{
	channel->tls = tls_session_create(creds, g_socket_get_fd(channel->socket));
	channel->handshaking = channel->tls != NULL;
	return channel->handshaking;
}

bool channel_is_secured(const struct channel *channel)
{
	return channel->tls && !channel->handshaking;
}

unsigned int channel_key_bits(const struct channel *channel)
{
	if (channel_is_secured(channel)) {
		return tls_session_key_bits(channel->tls);
	}
	return g_socket_get_family(channel->socket) == G_SOCKET_FAMILY_UNIX ? 256 : 0;
}

const char *channel_peer(const struct channel *channel)
{
	return channel->tls ? tls_session_peer(channel->tls) : NULL;
}

/* ---- life ---- */

struct channel *channel_create(GSocketConnection *connection, const struct channel_ops *ops,
			       void *opaque)
{
	struct channel *channel = g_new0(struct channel, 1);

	channel->connection = connection;
	channel->socket = g_socket_connection_get_socket(connection);
	channel->ops = ops;
	channel->opaque = opaque;
	g_socket_set_blocking(channel->socket, FALSE);
	g_socket_set_keepalive(channel->socket, TRUE);
	if (g_socket_get_protocol(channel->socket) == G_SOCKET_PROTOCOL_TCP) {
		/* An update is one write: nothing is gained by waiting for more. */
		g_socket_set_option(channel->socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	}
	watch_reading(channel);
	return channel;
}

void channel_set_owner(struct channel *channel, const struct channel_ops *ops, void *opaque)
{
	channel->ops = ops;
	channel->opaque = opaque;
}

void channel_destroy(struct channel *channel)
{
	if (channel) {
		stop_source(&channel->reading);
		stop_source(&channel->writing);
		if (channel->frames) {
			g_byte_array_unref(channel->frames->staged);
			g_free(channel->frames);
		}
		tls_session_destroy(channel->tls);
		g_io_stream_close(G_IO_STREAM(channel->connection), NULL, NULL);
		g_object_unref(channel->connection);
		g_clear_error(&channel->error);
		g_free(channel);
	}
}

GSocketConnection *channel_connection(struct channel *channel)
{
	return channel->connection;
}

GSocket *channel_socket(struct channel *channel)
{
	return channel->socket;
}
