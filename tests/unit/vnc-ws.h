/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A viewer's side of a websocket, over whatever the viewer has below. */
#ifndef TESTS_UNIT_VNC_WS_H
#define TESTS_UNIT_VNC_WS_H

#include "vnc-viewer.h"

#include "ui/vnc/web.h"

#define WS_UPGRADE                                                                              \
	"GET /websockify HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"                  \
	"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"                      \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                                      \
	"Sec-WebSocket-Protocol: chat, binary\r\n\r\n"

struct ws_layer {
	ssize_t (*read)(struct viewer *v, void *data, size_t len);
	ssize_t (*write)(struct viewer *v, const void *data, size_t len);
	void *layer;
	GByteArray *in; /* frames */
	GByteArray *payload;
	unsigned int pongs, closes, frames;
	unsigned int split; /* bytes of a frame that is sent; 0: all */
};

/* The layer below is called with its own state in place. */
static inline ssize_t ws_below(struct viewer *v, void *in, const void *out, size_t len)
{
	struct ws_layer *ws = v->layer;
	ssize_t done;

	v->layer = ws->layer;
	if (in) {
		done = ws->read ? ws->read(v, in, len) : read(v->fd, in, len);
	} else {
		done = ws->write ? ws->write(v, out, len) : send(v->fd, out, len, MSG_NOSIGNAL);
	}
	v->layer = ws;
	return done;
}

static inline void ws_send_frame(struct viewer *v, unsigned int first, const void *data, size_t len)
{
	g_autoptr(GByteArray) frame = g_byte_array_new();
	const uint8_t *p = data;
	uint8_t mask[4] = { 0x12, 0xf0, 0x07, (uint8_t)len };
	uint8_t header[10] = { (uint8_t)first, 0x80 | (uint8_t)len };
	size_t sent = 0;

	if (len < 126) {
		g_byte_array_append(frame, header, 2);
	} else if (len < 65536) {
		header[1] = 0x80 | 126;
		header[2] = (uint8_t)(len >> 8);
		header[3] = (uint8_t)len;
		g_byte_array_append(frame, header, 4);
	} else {
		header[1] = 0x80 | 127;
		header[7] = (uint8_t)(len >> 16);
		header[8] = (uint8_t)(len >> 8);
		header[9] = (uint8_t)len;
		g_byte_array_append(frame, header, 10);
	}
	g_byte_array_append(frame, mask, 4);
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = p[i] ^ mask[i & 3];

		g_byte_array_append(frame, &byte, 1);
	}
	while (sent < frame->len) {
		ssize_t done = ws_below(v, NULL, frame->data + sent, frame->len - sent);

		if (done > 0) {
			sent += (size_t)done;
		} else if (done < 0 && errno == EAGAIN) {
			g_main_context_iteration(NULL, FALSE);
		} else {
			return;
		}
	}
}

static inline ssize_t ws_write(struct viewer *v, const void *data, size_t len)
{
	struct ws_layer *ws = v->layer;

	if (ws->split && len > ws->split) {
		/* A message in two frames, with a ping between them. */
		ws_send_frame(v, 0x02, data, ws->split);
		ws_send_frame(v, 0x89, "hello", 5);
		ws_send_frame(v, 0x80, (const uint8_t *)data + ws->split, len - ws->split);
	} else {
		ws_send_frame(v, 0x82, data, len);
	}
	return (ssize_t)len;
}

/* Takes whole frames apart. */
static inline void ws_parse(struct ws_layer *ws)
{
	while (ws->in->len >= 2) {
		const uint8_t *p = ws->in->data;
		size_t header = 2, len = p[1];

		g_assert_cmphex(p[1] & 0x80, ==, 0);
		if (len == 126) {
			header = 4;
			len = ws->in->len >= 4 ? (size_t)p[2] << 8 | p[3] : 0;
		}
		g_assert_cmpuint(p[1], !=, 127); /* ours are shorter */
		if (ws->in->len < header + len) {
			return;
		}
		ws->frames++;
		if (p[0] == 0x82) {
			g_byte_array_append(ws->payload, p + header, (guint)len);
		} else if (p[0] == 0x8a) {
			ws->pongs++;
			g_assert_cmpmem(p + header, len, "hello", 5);
		} else {
			g_assert_cmphex(p[0], ==, 0x88);
			ws->closes++;
		}
		g_byte_array_remove_range(ws->in, 0, (guint)(header + len));
	}
}

static inline ssize_t ws_read(struct viewer *v, void *data, size_t len)
{
	struct ws_layer *ws = v->layer;
	uint8_t buffer[65536];
	ssize_t got = ws_below(v, buffer, NULL, sizeof(buffer));

	if (got > 0) {
		g_byte_array_append(ws->in, buffer, (guint)got);
		ws_parse(ws);
	}
	if (ws->payload->len == 0) {
		if (got > 0) {
			errno = EAGAIN;
			return -1;
		}
		return got;
	}
	len = MIN(len, ws->payload->len);
	memcpy(data, ws->payload->data, len);
	g_byte_array_remove_range(ws->payload, 0, (guint)len);
	return (ssize_t)len;
}

/* A connection at the web port. */
static inline struct viewer *web_viewer_new(struct vnc_server *server)
{
	struct viewer *v = g_new0(struct viewer, 1);
	int fds[2];
	GSocket *socket;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
			0);
	v->fd = fds[0];
	v->in = g_byte_array_new();
	v->decoder.take = viewer_take;
	v->decoder.opaque = v;
	v->decoder.format = pixel_format_native;
	socket = g_socket_new_from_fd(fds[1], NULL);
	vnc_web_client_create(server, g_socket_connection_factory_create_connection(socket));
	g_object_unref(socket);
	return v;
}

/* Up to an empty line; new. */
static inline char *web_take_head(struct viewer *v)
{
	GString *head = g_string_new("");

	while (!g_str_has_suffix(head->str, "\r\n\r\n")) {
		g_string_append_c(head, (char)*viewer_take(v, 1));
	}
	return g_string_free(head, FALSE);
}

/* Says @upgrade and becomes a websocket. */
static inline struct ws_layer *ws_start(struct viewer *v, const char *upgrade)
{
	struct ws_layer *ws = g_new0(struct ws_layer, 1);
	g_autofree char *head = NULL;

	viewer_send(v, upgrade, strlen(upgrade));
	head = web_take_head(v);
	g_assert_nonnull(strstr(head, "HTTP/1.1 101 "));
	/* The example in RFC 6455, 1.3. */
	g_assert_nonnull(strstr(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	ws->in = g_byte_array_new();
	ws->payload = g_byte_array_new();
	ws->read = v->read;
	ws->write = v->write;
	ws->layer = v->layer;
	/* What came behind the head. */
	g_byte_array_append(ws->in, v->in->data + v->pos, v->in->len - (guint)v->pos);
	g_byte_array_set_size(v->in, (guint)v->pos);
	ws_parse(ws);
	v->layer = ws;
	v->read = ws_read;
	v->write = ws_write;
	return ws;
}

/* Gives the viewer back what is below. */
static inline void ws_end(struct viewer *v)
{
	struct ws_layer *ws = v->layer;

	v->layer = ws->layer;
	v->read = ws->read;
	v->write = ws->write;
	g_byte_array_unref(ws->in);
	g_byte_array_unref(ws->payload);
	g_free(ws);
}

#endif
