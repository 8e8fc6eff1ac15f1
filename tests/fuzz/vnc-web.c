// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The web port. The first byte chooses: a request's head for the parser; frames for the codec,
 * which must say the same however they are cut; or a connection that says anything, with or without an
 * upgrade before it, of which nothing may be left in the end.
 */
#include <string.h>

#include "ui/console.h"
#include "ui/input.h"
#include "ui/vnc/http.h"
#include "ui/vnc/server.h"
#include "ui/vnc/web.h"
#include "ui/vnc/websocket.h"
#include "util/fd.h"
#include "vnc-client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- HTTP ---- */

static void run_http(const uint8_t *data, size_t size)
{
	g_autofree uint8_t *exact = g_memdup2(data, size);
	size_t head = http_head_size(exact, size);
	struct http_request request;
	const char *why = NULL;
	unsigned int status;

	check(head <= size);
	status = http_parse(&request, exact, head ? head : size, &why);
	check((status != 0) == (why != NULL));
	if (!status) {
		const char *name = http_file_name(request.path);

		check(!name || (name[0] != '/' && name[0] != '.' && !strstr(name, "/.")));
		check(!request.websocket || request.key);
		if (request.websocket) {
			g_free(websocket_accept(request.key));
		}
	}
	http_request_clear(&request);
}

/* ---- frames ---- */

struct decoded {
	GByteArray *out;
	const char *why;
	bool closed;
};

static void decode(struct decoded *d, const uint8_t *data, size_t size, size_t step, size_t room)
{
	struct websocket ws = { 0 };
	uint8_t out[256];

	d->out = g_byte_array_new();
	d->why = NULL;
	for (size_t pos = 0; pos < size;) {
		size_t piece = MIN(step, size - pos), used = 0;
		g_autofree uint8_t *exact = g_memdup2(data + pos, piece);
		ssize_t got = websocket_decode(&ws, exact, piece, &used, out, room, &d->why);

		check((got < 0) == (d->why != NULL));
		if (got < 0) {
			break;
		}
		check(used <= piece && (size_t)got <= room && (used > 0 || got > 0));
		check(ws.reply_len <= sizeof(ws.reply));
		g_byte_array_append(d->out, out, (guint)got);
		pos += used;
	}
	d->closed = ws.closed;
}

static void run_frames(const uint8_t *data, size_t size)
{
	struct decoded a, b;

	if (size < 2) {
		return;
	}
	decode(&a, data + 2, size - 2, data[0] % 32 + 1u, data[1] % 32 + 1u);
	decode(&b, data + 2, size - 2, size, 256);
	check(a.why == b.why && a.closed == b.closed);
	/* What came with the broken bytes may be lost or not. */
	check(a.why || (a.out->len == b.out->len && (a.out->len == 0 ||
		!memcmp(a.out->data, b.out->data, a.out->len))));
	g_byte_array_unref(a.out);
	g_byte_array_unref(b.out);
}

/* ---- a connection ---- */

static struct {
	struct display_registry *displays;
	struct input_router *input;
	struct vnc_server *server;
} env;

static void start(void)
{
	struct vnc_host host = { 0 };

	main_thread_init();
	env.displays = host.displays = display_registry_create();
	env.input = host.input = input_router_create();
	env.server = vnc_server_create("none", &host, NULL);
	check(env.server != NULL);
	env.server->web_root = "/nonexistent";
}

static void pump(int fd)
{
	vnc_client_pump(4);
	vnc_client_drain(fd);
}

static void say_frame(int fd, const uint8_t *data, size_t len)
{
	uint8_t frame[6 + 125] = { 0x82, 0x80 | (uint8_t)len };

	memcpy(frame + 6, data, len);
	vnc_client_say(fd, frame, 6 + len);
}

static void run_connection(const uint8_t *data, size_t size)
{
	static const char upgrade[] =
		"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	unsigned int how = size > 0 ? *data : 0;
	GSocketConnection *connection;
	int fd;

	if (!env.server) {
		start();
	}
	fd = vnc_client_connect(&connection);
	vnc_web_client_create(env.server, connection);
	if (how & 1) {
		vnc_client_say(fd, upgrade, sizeof(upgrade) - 1);
		pump(fd);
	}
	while (size > 1) {
		size_t len = MIN(size - 1, how % 100 + 1u);

		if ((how & 3) == 3) {
			say_frame(fd, data + 1, len);
		} else {
			vnc_client_say(fd, data + 1, len);
		}
		pump(fd);
		data += len;
		size -= len;
	}
	vnc_client_hang_up(env.server, fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	switch (data[0] % 3) {
	case 0:
		run_http(data + 1, size - 1);
		break;
	case 1:
		run_frames(data + 1, size - 1);
		break;
	default:
		run_connection(data + 1, size - 1);
		break;
	}
	return 0;
}
