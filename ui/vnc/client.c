// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "crypto/sasl.h"
#include "ui/input.h"
#include "ui/vnc/bytes.h"
#include "ui/vnc/client.h"
#include "ui/vnc/server.h"
#include "util/error.h"
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
		g_free(client->x509_name);
		sasl_auth_destroy(client->sasl);
		g_free(client->sasl_mechanism);
		g_array_unref(client->resize_answers);
		g_byte_array_unref(client->fence_answers);
		g_byte_array_unref(client->out);
		g_free(client);
	}
}

static void inputs_changed(void *opaque)
{
	struct vnc_client *client = opaque;

	client->keyboard.toggled = 0;
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
	input_unwatch(server->host.input, client);
	vnc_input_release(client);
	vnc_clipboard_leave(client);
	vnc_screen_stop(client);
	vnc_info_event(server, client, "VNC_DISCONNECTED");
	g_clear_pointer(&client->channel, channel_destroy);
	client->server = NULL;
	vnc_client_unref(client);
}

void vnc_client_log_refusal(struct vnc_client *client, const char *why)
{
	g_autofree char *name = vnc_address_name(&client->address);

	warn_report("vnc: client %s: %s", name, why);
}

void vnc_client_refuse(struct vnc_client *client, const char *why)
{
	if (!client->closed) {
		vnc_client_log_refusal(client, why);
		vnc_client_close(client, why);
	}
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

/* Writes until the socket is full or all is sent. False: closed. */
static bool flush(struct vnc_client *client)
{
	while (client->out_sent < client->out->len) {
		const char *why = "nothing sent";
		ssize_t sent = channel_write(client->channel, client->out->data + client->out_sent,
					     client->out->len - client->out_sent, &why);

		if (sent > 0) {
			client->out_sent += (size_t)sent;
		} else if (sent == -EAGAIN) {
			client->blocked = true;
			return true;
		} else {
			vnc_client_close(client, why);
			return false;
		}
	}
	all_sent(client);
	if (client->closing) {
		vnc_client_close(client, "refused");
		return false;
	}
	return true;
}

static void channel_writable(void *opaque)
{
	struct vnc_client *client = vnc_client_ref(opaque);

	client->blocked = false;
	if (flush(client) && vnc_client_is_drained(client)) {
		vnc_screen_advance(client);
	}
	vnc_client_unref(client);
}

void vnc_client_send(struct vnc_client *client, const void *data, size_t len)
{
	bytes_add(client->out, data, len);
	if (!client->blocked) {
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
			vnc_client_refuse(client, why);
			return false;
		}
		used += (size_t)n;
		if (message.kind != RFB_MESSAGE_NONE) {
			vnc_session_message(client, &message);
		}
		if (vnc_client_is_closed(client)) {
			return false;
		}
	} while (n > 0 && !client->closing && !client->securing);
	if (client->securing && used < client->in_len) {
		/* It would count as encrypted; anybody in between could have said it. */
		vnc_client_refuse(client, "bytes in the clear before TLS");
		return false;
	}
	client->in_len -= used;
	memmove(client->in, client->in + used, client->in_len);
	return true;
}

/* False: closed, or there is no more. */
static bool read_some(struct vnc_client *client)
{
	const char *why = "hung up";
	ssize_t got;

	if (client->closing) {
		client->in_len = 0;
	}
	got = channel_read(client->channel, client->in + client->in_len,
			   sizeof(client->in) - client->in_len, &why);
	if (got == -EAGAIN) {
		return false;
	}
	if (got == -EPROTO) {
		vnc_client_refuse(client, why);
		return false;
	}
	if (got <= 0) {
		vnc_client_close(client, why);
		return false;
	}
	client->in_len += (size_t)got;
	return client->closing || parse_all(client);
}

/* One read a turn, so that a client that never stops sending leaves room for others; and what the
 * channel has taken from the socket already, which is one TLS record at most. */
static void channel_readable(void *opaque)
{
	struct vnc_client *client = vnc_client_ref(opaque);

	while (read_some(client) && !client->securing && channel_has_more(client->channel)) {
	}
	vnc_client_unref(client);
}

static void channel_secured(void *opaque, const char *failure)
{
	struct vnc_client *client = vnc_client_ref(opaque);

	client->securing = false;
	if (failure) {
		vnc_client_refuse(client, failure);
	} else {
		client->x509_name = g_strdup(channel_peer(client->channel));
		vnc_session_secured(client);
	}
	vnc_client_unref(client);
}

void vnc_client_start_tls(struct vnc_client *client)
{
	/* What was said before TLS has to be out; it was a byte. */
	if (!vnc_client_is_drained(client) ||
	    !channel_start_tls(client->channel, client->server->tls)) {
		vnc_client_close(client, "TLS can't start");
		return;
	}
	client->securing = true;
}

static const struct channel_ops client_channel_ops = {
	.readable = channel_readable,
	.writable = channel_writable,
	.secured = channel_secured,
};

/* Until something was measured. */
static bool is_local(struct vnc_client *client)
{
	const struct vnc_address *address = &client->address;
	g_autoptr(GInetAddress) host = g_inet_address_new_from_string(address->host);

	return !strcmp(address->family, "unix") || (host && g_inet_address_get_is_loopback(host));
}

void vnc_client_create(struct vnc_server *server, struct channel *channel, bool trusted)
{
	struct vnc_client *client = g_new0(struct vnc_client, 1);

	client->server = server;
	client->refs = 1;
	client->channel = channel;
	client->trusted = trusted;
	channel_set_owner(channel, &client_channel_ops, client);
	client->out = g_byte_array_new();
	client->fence_answers = g_byte_array_new();
	client->resize_answers = g_array_new(FALSE, FALSE, sizeof(uint8_t));
	client->link.data = client;
	vnc_address_init(&client->address, g_socket_connection_get_remote_address(
				 channel_connection(channel), NULL));
	client->address.websocket = channel_is_websocket(channel);
	client->x509_name = g_strdup(channel_peer(channel));
	client->fast_link = is_local(client);
	vnc_screen_init(client);
	g_queue_push_tail_link(&server->clients, &client->link);
	input_watch(server->host.input, inputs_changed, client);
	vnc_info_event(server, client, "VNC_CONNECTED");
	vnc_client_ref(client);
	vnc_session_start(client);
	vnc_client_unref(client);
}
