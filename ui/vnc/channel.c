// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "crypto/tls.h"
#include "ui/vnc/channel.h"

struct channel {
	GSocketConnection *connection;
	GSocket *socket; /* the connection's */
	const struct channel_ops *ops;
	void *opaque;
	GSource *reading, *writing; /* NULL: not watched */
	struct tls_session *tls; /* NULL: in the clear */
	bool handshaking;
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
	} else {
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

ssize_t channel_read(struct channel *channel, void *data, size_t len, const char **why)
{
	if (channel->tls) {
		return tls_session_read(channel->tls, data, len, why);
	}
	g_clear_error(&channel->error);
	return socket_result(channel, g_socket_receive(channel->socket, data, len, NULL,
						       &channel->error), why);
}

ssize_t channel_write(struct channel *channel, const void *data, size_t len, const char **why)
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

bool channel_has_more(struct channel *channel)
{
	return channel->tls && tls_session_has_more(channel->tls);
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

void channel_destroy(struct channel *channel)
{
	if (channel) {
		stop_source(&channel->reading);
		stop_source(&channel->writing);
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
