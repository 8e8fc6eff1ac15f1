// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "ui/input.h"
#include "ui/vnc/bytes.h"
#include "ui/vnc/client.h"
#include "ui/vnc/server.h"
#include "util/fd.h"
#include "util/trace.h"

/* An array that grew for a full screen is given back when it was sent. */
#define OUT_KEEP_BYTES 65536

/* With 20 MB/s the time that zlib takes for a photograph is as long as raw pixels take to send. */
#define LINK_FAST_MB_S 20
#define LINK_MIN_BYTES (1u << 20)

G_STATIC_ASSERT(sizeof(((struct vnc_client *)NULL)->in) >= RFB_MAX_MESSAGE_BYTES);

/* ---- life ---- */

struct vnc_client *vnc_client_ref(struct vnc_client *client)
{
	client->refs++;
	return client;
}

void vnc_client_unref(struct vnc_client *client)
{
	if (--client->refs == 0) {
		g_assert(vnc_client_is_closed(client));
		vnc_screen_finish(client);
		vnc_address_finish(&client->address);
		g_array_unref(client->resize_answers);
		g_byte_array_unref(client->out);
		g_free(client);
	}
}

static void stop_source(GSource **source)
{
	if (*source) {
		g_source_destroy(*source);
		g_source_unref(*source);
		*source = NULL;
	}
}

static void inputs_changed(void *opaque)
{
	struct vnc_client *client = opaque;

	client->due |= DUE_LEDS | DUE_POINTER_MOTION;
	vnc_screen_advance(client);
}

void vnc_client_close(struct vnc_client *client, const char *why)
{
	struct vnc_server *server = client->server;

	if (client->closed) {
		return;
	}
	TRACE(vnc, close, "%s:%s: %s", client->address.host, client->address.service, why);
	client->closed = true;
	g_queue_unlink(&server->clients, &client->link);
	vnc_client_set_timer(client, 0, NULL);
	stop_source(&client->reading);
	stop_source(&client->writing);
	input_unwatch(server->host.input, client);
	vnc_input_release(client);
	vnc_screen_stop(client);
	vnc_info_event(server, client, "VNC_DISCONNECTED");
	g_io_stream_close(G_IO_STREAM(client->connection), NULL, NULL);
	g_clear_object(&client->connection);
	client->socket = NULL;
	client->server = NULL;
	vnc_client_unref(client);
}

void vnc_client_set_timer(struct vnc_client *client, guint ms, GSourceFunc fn)
{
	if (client->timer) {
		g_source_remove(client->timer);
	}
	client->timer = ms > 0 ? g_timeout_add(ms, fn, client) : 0;
}

/* ---- out ---- */

bool vnc_client_is_drained(const struct vnc_client *client)
{
	return client->out->len == 0;
}

/* What fits into the kernel's buffers says nothing about the network. */
static void measure_link(struct vnc_client *client)
{
	int64_t took_ns = clock_ns() - client->send_start_ns;

	if (client->send_start_ns && client->out->len >= LINK_MIN_BYTES) {
		/* MB/s are bytes a microsecond. */
		client->fast_link = client->out->len / LINK_FAST_MB_S >= took_ns / 1000;
	}
}

static void all_sent(struct vnc_client *client)
{
	measure_link(client);
	if (client->send_start_ns && client->screen.console) {
		console_stage_add(client->screen.console, "send",
				  (double)(clock_ns() - client->send_start_ns) / 1e6);
	}
	client->send_start_ns = 0;
	client->out_sent = 0;
	if (client->out->len > OUT_KEEP_BYTES) {
		g_byte_array_unref(client->out);
		client->out = g_byte_array_new();
	} else {
		g_byte_array_set_size(client->out, 0);
	}
}

static gboolean socket_writable(GSocket *socket, GIOCondition condition, gpointer opaque);

/* Writes until the socket is full or all is sent. False: closed. */
static bool flush(struct vnc_client *client)
{
	while (client->out_sent < client->out->len) {
		g_autoptr(GError) error = NULL;
		gssize sent = g_socket_send(client->socket,
					    (const char *)client->out->data + client->out_sent,
					    client->out->len - client->out_sent, NULL, &error);

		if (sent > 0) {
			client->out_sent += (size_t)sent;
		} else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
			if (!client->writing) {
				client->writing = g_socket_create_source(client->socket, G_IO_OUT,
									 NULL);
				g_source_set_callback(client->writing,
						      G_SOURCE_FUNC(socket_writable), client, NULL);
				g_source_attach(client->writing, NULL);
			}
			return true;
		} else {
			vnc_client_close(client, error ? error->message : "nothing sent");
			return false;
		}
	}
	stop_source(&client->writing);
	all_sent(client);
	if (client->closing) {
		vnc_client_close(client, "refused");
		return false;
	}
	return true;
}

static gboolean socket_writable(GSocket *socket, GIOCondition condition, gpointer opaque)
{
	struct vnc_client *client = vnc_client_ref(opaque);

	if (flush(client) && vnc_client_is_drained(client)) {
		vnc_screen_advance(client);
	}
	vnc_client_unref(client);
	/* flush() has destroyed the source if it was time. */
	return G_SOURCE_CONTINUE;
}

void vnc_client_send(struct vnc_client *client, const void *data, size_t len)
{
	bytes_add(client->out, data, len);
	if (!client->writing) {
		flush(client);
	}
}

void vnc_client_send_update(struct vnc_client *client, GByteArray *bytes)
{
	g_assert(vnc_client_is_drained(client));
	g_byte_array_unref(client->out);
	client->out = bytes;
	client->send_start_ns = clock_ns();
	flush(client);
}

/* ---- in ---- */

/* Handles all whole messages that are there. False: closed. */
static bool parse_all(struct vnc_client *client)
{
	size_t used = 0;
	ssize_t n;

	do {
		const char *why = NULL;
		struct rfb_message message;

		n = rfb_parse(&client->parser, client->in + used, client->in_len - used, &message,
			      &why);
		if (n < 0) {
			vnc_client_close(client, why);
			return false;
		}
		used += (size_t)n;
		if (message.kind != RFB_MESSAGE_NONE) {
			vnc_session_message(client, &message);
		}
		if (vnc_client_is_closed(client)) {
			return false;
		}
	} while (n > 0 && !client->closing);
	client->in_len -= used;
	memmove(client->in, client->in + used, client->in_len);
	return true;
}

/* One read a turn, so that a client that never stops sending leaves room for others. */
static void read_some(struct vnc_client *client)
{
	g_autoptr(GError) error = NULL;
	gssize got;

	if (client->closing) {
		client->in_len = 0;
	}
	got = g_socket_receive(client->socket, (char *)client->in + client->in_len,
			       sizeof(client->in) - client->in_len, NULL, &error);
	if (got > 0) {
		client->in_len += (size_t)got;
		if (!client->closing) {
			parse_all(client);
		}
	} else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
		vnc_client_close(client, error ? error->message : "hung up");
	}
}

static gboolean socket_readable(GSocket *socket, GIOCondition condition, gpointer opaque)
{
	struct vnc_client *client = vnc_client_ref(opaque);

	read_some(client);
	vnc_client_unref(client);
	return G_SOURCE_CONTINUE;
}

/* Until something was measured. */
static bool is_local(struct vnc_client *client)
{
	const struct vnc_address *address = &client->address;
	g_autoptr(GInetAddress) host = g_inet_address_new_from_string(address->host);

	return !strcmp(address->family, "unix") || (host && g_inet_address_get_is_loopback(host));
}

void vnc_client_create(struct vnc_server *server, GSocketConnection *connection)
{
	struct vnc_client *client = g_new0(struct vnc_client, 1);

	client->server = server;
	client->refs = 1;
	client->connection = connection;
	client->socket = g_socket_connection_get_socket(connection);
	client->out = g_byte_array_new();
	client->resize_answers = g_array_new(FALSE, FALSE, sizeof(uint8_t));
	client->link.data = client;
	vnc_address_init(&client->address, g_socket_connection_get_remote_address(connection, NULL));
	g_socket_set_blocking(client->socket, FALSE);
	g_socket_set_keepalive(client->socket, TRUE);
	if (g_socket_get_protocol(client->socket) == G_SOCKET_PROTOCOL_TCP) {
		/* An update is one write: nothing is gained by waiting for more. */
		g_socket_set_option(client->socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	}
	client->fast_link = is_local(client);
	vnc_screen_init(client);
	g_queue_push_tail_link(&server->clients, &client->link);
	input_watch(server->host.input, inputs_changed, client);
	client->reading = g_socket_create_source(client->socket, G_IO_IN, NULL);
	g_source_set_callback(client->reading, G_SOURCE_FUNC(socket_readable), client, NULL);
	g_source_set_can_recurse(client->reading, TRUE); /* cheaper, see fd_watch() */
	g_source_attach(client->reading, NULL);
	vnc_info_event(server, client, "VNC_CONNECTED");
	vnc_client_ref(client);
	vnc_session_start(client);
	vnc_client_unref(client);
}
