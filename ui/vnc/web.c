// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/vnc/bytes.h"
#include "ui/vnc/client.h"
#include "ui/vnc/http.h"
#include "ui/vnc/server.h"
#include "ui/vnc/web.h"
#include "ui/vnc/websocket.h"
#include "util/error.h"
#include "util/trace.h"

/* A browser has 6 connections to a server at a time, and closes each after a file. */
#define MAX_CONNECTIONS 64
/* noVNC's largest file has 150 KiB. */
#define MAX_FILE_BYTES (4u << 20)

#define START_PAGE "/vnc.html?autoconnect=true"

struct vnc_web_client {
	struct vnc_server *server;
	GList link; /* in the server's list */
	struct channel *channel;
	struct vnc_address address;
	guint timer;
	uint8_t in[HTTP_MAX_HEAD_BYTES];
	size_t in_len;
	GByteArray *out; /* the answer; empty: none yet */
	size_t out_sent;
	bool upgrade; /* when the answer is sent it is a viewer */
};

/* ---- life ---- */

static void web_client_free(struct vnc_web_client *web)
{
	g_queue_unlink(&web->server->web_clients, &web->link);
	if (web->timer) {
		g_source_remove(web->timer);
	}
	channel_destroy(web->channel);
	vnc_address_finish(&web->address);
	g_byte_array_unref(web->out);
	g_free(web);
}

void vnc_web_client_close(struct vnc_web_client *web, const char *why)
{
	TRACE(vnc, web_close, "%s:%s: %s", web->address.host, web->address.service, why);
	web_client_free(web);
}

static gboolean too_slow(gpointer opaque)
{
	struct vnc_web_client *web = opaque;

	web->timer = 0;
	vnc_web_client_close(web, "takes too long");
	return G_SOURCE_REMOVE;
}

static void restart_timer(struct vnc_web_client *web)
{
	if (web->timer) {
		g_source_remove(web->timer);
	}
	web->timer = g_timeout_add(web->server->answer_ms, too_slow, web);
}

static void log_refusal(struct vnc_web_client *web, const char *why)
{
	g_autofree char *name = vnc_address_name(&web->address);

	warn_report("vnc: client %s: %s", name, why);
}

/* ---- out ---- */

static void become_viewer(struct vnc_web_client *web)
{
	struct channel *channel = g_steal_pointer(&web->channel);
	struct vnc_server *server = web->server;

	web_client_free(web);
	channel_start_websocket(channel);
	vnc_server_add_channel(server, channel, false);
}

/* May free it. */
static void send_some(struct vnc_web_client *web)
{
	while (web->out_sent < web->out->len) {
		const char *why = "nothing sent";
		ssize_t sent = channel_write(web->channel, web->out->data + web->out_sent,
					     web->out->len - web->out_sent, &why);

		if (sent == -EAGAIN) {
			return;
		}
		if (sent <= 0) {
			vnc_web_client_close(web, why);
			return;
		}
		web->out_sent += (size_t)sent;
		restart_timer(web);
	}
	if (web->upgrade) {
		become_viewer(web);
	} else {
		vnc_web_client_close(web, "answered");
	}
}

static void add_head(struct vnc_web_client *web, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void add_head(struct vnc_web_client *web, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	bytes_add(web->out, text, strlen(text));
}

static void answer_text(struct vnc_web_client *web, const char *status, const char *extra,
			const char *type, const char *text)
{
	add_head(web, "HTTP/1.1 %s\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n"
		 "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s", status, extra,
		 type, strlen(text), text);
}

static void answer_status(struct vnc_web_client *web, unsigned int status)
{
	switch (status) {
	case 404:
		answer_text(web, "404 Not Found", "", "text/plain", "not found\n");
		break;
	case 405:
		answer_text(web, "405 Method Not Allowed", "Allow: GET\r\n", "text/plain", "");
		break;
	case 426:
		answer_text(web, "426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n",
			    "text/plain", "");
		break;
	default:
		answer_text(web, "400 Bad Request", "", "text/plain", "");
		break;
	}
}

/* ---- files ---- */

/* The whole file, or NULL. */
static GByteArray *read_file(const struct vnc_server *server, const char *name)
{
	g_autofree char *path = g_build_filename(server->web_root, name, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	GByteArray *bytes = NULL;
	struct stat st;

	if (fd < 0) {
		return NULL;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_FILE_BYTES) {
		ssize_t got;

		bytes = g_byte_array_new();
		got = read(fd, bytes_extend(bytes, (size_t)st.st_size), (size_t)st.st_size);
		/* It became shorter meanwhile, perhaps. */
		g_byte_array_set_size(bytes, got > 0 ? (guint)got : 0);
	}
	close(fd);
	return bytes;
}

static void answer_page(struct vnc_web_client *web, const char *path)
{
	static const char nothing[] =
		"<!DOCTYPE html>\n<title>Oriel</title>\n"
		"<p>This port is for viewers that speak VNC over a websocket. With noVNC "
		"(Debian package <b>novnc</b>) on the host, the viewer is on this page.\n";
	const char *name = http_file_name(path);
	bool start = !strcmp(path, "/") || !strcmp(path, "/vnc.html");
	g_autoptr(GByteArray) file = NULL;

	if (!strcmp(path, "/")) {
		name = "vnc.html";
	}
	file = name ? read_file(web->server, name) : NULL;
	if (!file && start) {
		answer_text(web, "200 OK", "", "text/html; charset=utf-8", nothing);
	} else if (!file) {
		answer_status(web, 404);
	} else if (!strcmp(path, "/")) {
		answer_text(web, "302 Found", "Location: " START_PAGE "\r\n", "text/plain", "");
	} else {
		add_head(web, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %u\r\n"
			 "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n"
			 "Connection: close\r\n\r\n", http_content_type(name), file->len);
		bytes_add(web->out, file->data, file->len);
	}
}

/* ---- in ---- */

static void answer_upgrade(struct vnc_web_client *web, const struct http_request *request)
{
	g_autofree char *accept = websocket_accept(request->key);

	add_head(web, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n", accept,
		 request->binary ? "Sec-WebSocket-Protocol: binary\r\n" : "");
	web->upgrade = true;
}

/* The head is whole. */
static void got_request(struct vnc_web_client *web, size_t size)
{
	struct http_request request;
	const char *why = NULL;
	unsigned int status = http_parse(&request, web->in, size, &why);

	TRACE(vnc, web_request, "%s:%s: %s", web->address.host, web->address.service,
	      request.path ? request.path : why);
	if (!status && request.websocket && size < web->in_len) {
		/* A websocket begins when the server has agreed. */
		why = "websocket: frames before the upgrade";
		status = 400;
	}
	if (status) {
		log_refusal(web, why);
		answer_status(web, status);
	} else if (request.websocket) {
		answer_upgrade(web, &request);
	} else {
		answer_page(web, request.path);
	}
	http_request_clear(&request);
	send_some(web);
}

/* True: there may be more; false: freed, answered or nothing there. */
static bool read_some(struct vnc_web_client *web)
{
	const char *why = "hung up";
	ssize_t got = channel_read(web->channel, web->in + web->in_len,
				   sizeof(web->in) - web->in_len, &why);
	size_t size;

	if (got == -EAGAIN) {
		return false;
	}
	if (got <= 0) {
		vnc_web_client_close(web, why);
		return false;
	}
	if (web->out->len > 0) {
		/* Somebody who goes on talking gets the answer that is under way. */
		web->in_len = 0;
		return false;
	}
	web->in_len += (size_t)got;
	size = http_head_size(web->in, web->in_len);
	if (size == 0 && web->in_len < sizeof(web->in)) {
		return true;
	}
	if (size == 0) {
		log_refusal(web, "HTTP: head too long");
		answer_status(web, 400);
		send_some(web);
		return false;
	}
	got_request(web, size);
	return false;
}

static void web_readable(void *opaque)
{
	struct vnc_web_client *web = opaque;

	while (read_some(web) && channel_has_more(web->channel)) {
	}
}

static void web_writable(void *opaque)
{
	send_some(opaque);
}

static void web_secured(void *opaque, const char *failure)
{
	struct vnc_web_client *web = opaque;

	if (failure) {
		log_refusal(web, failure);
		vnc_web_client_close(web, failure);
	}
}

static const struct channel_ops web_channel_ops = {
	.readable = web_readable,
	.writable = web_writable,
	.secured = web_secured,
};

void vnc_web_client_create(struct vnc_server *server, GSocketConnection *connection)
{
	struct vnc_web_client *web;

	if (server->web_clients.length >= MAX_CONNECTIONS) {
		TRACE(vnc, web_refused, "%u web clients are the limit", MAX_CONNECTIONS);
		g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
		g_object_unref(connection);
		return;
	}
	web = g_new0(struct vnc_web_client, 1);
	web->server = server;
	web->link.data = web;
	web->out = g_byte_array_new();
	vnc_address_init(&web->address, g_socket_connection_get_remote_address(connection, NULL));
	web->channel = channel_create(connection, &web_channel_ops, web);
	g_queue_push_tail_link(&server->web_clients, &web->link);
	restart_timer(web);
	if (server->tls && !channel_start_tls(web->channel, server->tls)) {
		vnc_web_client_close(web, "TLS can't start");
	}
}
