// SPDX-License-Identifier: GPL-2.0-or-later
/* The web port: pages, websockets, and what isn't either. */
#include <glib/gstdio.h>

#include "vnc-set.h"
#include "vnc-ws.h"

#include "ui/vnc/http.h"
#include "ui/vnc/websocket.h"

/* ---- the codec alone ---- */

struct decoded {
	GByteArray *out;
	const char *why;
	struct websocket ws;
};

/* In pieces of @step bytes, into pieces of @room bytes. */
static void decode(struct decoded *d, const uint8_t *data, size_t len, size_t step, size_t room)
{
	uint8_t out[64];

	memset(&d->ws, 0, sizeof(d->ws));
	d->out = g_byte_array_new();
	d->why = NULL;
	for (size_t pos = 0; pos < len && !d->why;) {
		size_t piece = MIN(step, len - pos), used = 0;
		g_autofree uint8_t *exact = g_memdup2(data + pos, piece);
		ssize_t got = websocket_decode(&d->ws, exact, piece, &used, out, room, &d->why);

		if (got < 0) {
			g_assert_cmpint(got, ==, -EPROTO);
			g_assert_nonnull(d->why);
			return;
		}
		g_assert_true(used > 0 || got > 0);
		g_byte_array_append(d->out, out, (guint)got);
		pos += used;
	}
}

static void test_frames(void)
{
	/* RFC 6455, 5.7: "Hello" masked; here binary, then in two pieces with a ping between. */
	static const uint8_t data[] = {
		0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
		0x02, 0x83, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d,
		0x89, 0x82, 0, 0, 0, 0, 'h', 'i',
		0x8a, 0x80, 0, 0, 0, 0,
		0x80, 0x82, 0x37, 0xfa, 0x21, 0x3d, 0x5b, 0x95,
		0x82, 0x80, 1, 2, 3, 4,
		0x88, 0x85, 0, 0, 0, 0, 3, 0xe8, 'b', 'y', 'e',
		0x82, 0x81, 0, 0, 0, 0, 'x',
	};

	for (size_t step = 1; step <= sizeof(data); step++) {
		struct decoded d;

		decode(&d, data, sizeof(data), step, step % 7 + 1);
		g_assert_cmpstr(d.why, ==, NULL);
		g_assert_cmpmem(d.out->data, d.out->len, "HelloHello", 10);
		g_assert_true(d.ws.closed);
		/* The goodbye took the pong's place here; a caller would have sent that. */
		g_assert_cmpmem(d.ws.reply, d.ws.reply_len, "\x88\x02\x03\xe8", 4);
		g_byte_array_unref(d.out);
	}
}

static void test_bad_frames(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} bad[] = {
		{ "\x82\x01x", 3, "masked" },
		{ "\xc2\x80\0\0\0\0", 6, "reserved" },
		{ "\x92\x80\0\0\0\0", 6, "reserved" },
		{ "\x81\x80\0\0\0\0", 6, "text" },
		{ "\x83\x80\0\0\0\0", 6, "unknown opcode" },
		{ "\x8b\x80\0\0\0\0", 6, "unknown opcode" },
		{ "\x80\x80\0\0\0\0", 6, "continuation of nothing" },
		{ "\x02\x80\0\0\0\0\x82\x80\0\0\0\0", 12, "message inside" },
		{ "\x09\x80\0\0\0\0", 6, "in pieces" },
		{ "\x89\xfe\0\x7e", 4, "control frame too long" },
		{ "\x88\xff\0\0", 4, "control frame too long" },
		{ "\x82\xfe\0\x7d\0\0\0\0", 8, "shortest" },
		{ "\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14, "shortest" },
		{ "\x82\xff\0\0\0\0\x10\0\0\0\0\0\0\0", 14, "too long" },
		{ "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14, "too long" },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		for (size_t step = 1; step <= bad[i].len; step++) {
			struct decoded d;

			decode(&d, (const uint8_t *)bad[i].bytes, bad[i].len, step, 64);
			if (!d.why || !strstr(d.why, bad[i].says)) {
				g_error("%u: %s", i, d.why);
			}
			g_byte_array_unref(d.out);
		}
	}
}

static void test_headers(void)
{
	static const size_t lens[] = { 0, 125, 126, 65535, 65536 }, sizes[] = { 2, 2, 4, 4, 10 };
	static const char *const wanted[] = { "\x82\0", "\x82\x7d", "\x82\x7e\0\x7e",
					      "\x82\x7e\xff\xff", "\x82\x7f\0\0\0\0\0\1\0\0" };

	for (unsigned int i = 0; i < G_N_ELEMENTS(lens); i++) {
		uint8_t header[WEBSOCKET_MAX_HEADER_BYTES];
		size_t size = websocket_header(header, lens[i]);

		g_assert_cmpmem(header, size, wanted[i], sizes[i]);
	}
}

/* ---- HTTP alone ---- */

static void test_requests(void)
{
	static const struct {
		const char *head;
		unsigned int status;
		const char *says; /* of an error, or the path */
	} list[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 0, "/" },
		{ "GET /vnc.html?a=/../b HTTP/1.0\r\nHost: x\r\nAccept:*/*\r\n\r\n", 0, "/vnc.html" },
		{ "POST / HTTP/1.1\r\n\r\n", 405, "no GET" },
		{ "get / HTTP/1.1\r\n\r\n", 405, "no GET" },
		{ "GET / HTTP/2\r\n\r\n", 400, "no request" },
		{ "GET /  HTTP/1.1\r\n\r\n", 400, "no request" },
		{ "GET http://x/ HTTP/1.1\r\n\r\n", 400, "no path" },
		{ "RFB 003.008\n\r\n\r\n", 400, "no request" },
		{ "\r\n\r\n", 400, "no request" },
		{ "GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, "broken header" },
		{ "GET / HTTP/1.1\r\n: x\r\n\r\n", 400, "broken header" },
		{ "GET / HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n", 400, "broken header" },
		{ "GET / HTTP/1.1\r\nA\x01: b\r\n\r\n", 400, "isn't text" },
		{ "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 400, "broken upgrade" },
		{ "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
		  "Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n\r\n", 400, "broken upgrade" },
		{ "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
		  426, "version" },
		{ "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		  "Sec-WebSocket-Protocol: base64\r\n\r\n", 400, "binary" },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(list); i++) {
		struct http_request request;
		const char *why = NULL;
		unsigned int status = http_parse(&request, (const uint8_t *)list[i].head,
						 strlen(list[i].head), &why);
		const char *got = status ? why : request.path;

		if (status != list[i].status || !strstr(got, list[i].says)) {
			g_error("%u: %u %s", i, status, got);
		}
		http_request_clear(&request);
	}
	g_assert_cmpuint(http_head_size((const uint8_t *)"a\r\n\r\nb", 6), ==, 5);
	g_assert_cmpuint(http_head_size((const uint8_t *)"a\r\n\r", 4), ==, 0);
}

static void test_file_names(void)
{
	static const char *const bad[] = {
		"/", "/../etc/passwd", "/a/../b", "/a/..", "//etc/passwd", "/a//b", "/.git", "/a/.b/c",
		"/%2e%2e/x", "/a\\b", "/a/", "/a b", "a", "/a;b", "/./a", "/\xc3\xa4",
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		if (http_file_name(bad[i])) {
			g_error("%s is served", bad[i]);
		}
	}
	g_assert_cmpstr(http_file_name("/app/ui_1-2.js"), ==, "app/ui_1-2.js");
	g_assert_cmpstr(http_content_type("a/b.js"), ==, "text/javascript; charset=utf-8");
	g_assert_cmpstr(http_content_type("b"), ==, "application/octet-stream");
}

/* ---- pages ---- */

/* Everything that comes until the server hangs up; new. */
static char *get(struct set *set, const char *request)
{
	struct viewer *v = web_viewer_new(set->server);
	char *answer;

	viewer_send(v, request, strlen(request));
	g_assert_true(viewer_is_dropped(v));
	answer = g_strndup((const char *)v->in->data, v->in->len);
	viewer_free(v);
	return answer;
}

static void assert_answer(struct set *set, const char *request, const char *start, const char *part)
{
	g_autofree char *answer = get(set, request);

	if (!g_str_has_prefix(answer, start) || !strstr(answer, part)) {
		g_error("%s: %s", request, answer);
	}
	/* Nothing but what a file holds tells more. */
	g_assert_null(strstr(answer, "secret"));
}

static void test_pages(void)
{
	struct set *set = set_new("none", 64, 48);
	g_autofree char *top = g_dir_make_tmp("web-XXXXXX", NULL);
	g_autofree char *root = g_build_filename(top, "root", NULL);
	g_autofree char *page = g_build_filename(root, "vnc.html", NULL);
	g_autofree char *app = g_build_filename(root, "app", NULL);
	g_autofree char *script = g_build_filename(app, "ui.js", NULL);
	g_autofree char *link = g_build_filename(app, "link.js", NULL);
	g_autofree char *outside = g_build_filename(top, "outside", NULL);
	g_autofree char *large = g_malloc0(300001);

	g_mkdir(root, 0700);
	set->server->web_root = root;
	/* Without noVNC: a page that names the package. */
	assert_answer(set, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", "<b>novnc</b>");
	assert_answer(set, "GET /vnc.html HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", "<b>novnc</b>");
	assert_answer(set, "GET /x HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "not found");

	memset(large, 'L', 300000);
	g_mkdir(app, 0700);
	g_file_set_contents(page, "<html>the viewer", -1, NULL);
	g_file_set_contents(script, large, -1, NULL);
	g_file_set_contents(outside, "secret", -1, NULL);
	g_assert_cmpint(symlink(outside, link), ==, 0);
	assert_answer(set, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 302 ", "Location: /vnc.html?");
	assert_answer(set, "GET /vnc.html?x=1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n",
		      "text/html; charset=utf-8\r\nContent-Length: 16\r\n");
	assert_answer(set, "GET /app/ui.js HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", large);
	assert_answer(set, "GET /app HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "not found");
	assert_answer(set, "GET /app/link.js HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "not found");
	assert_answer(set, "GET /../outside HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "not found");
	assert_answer(set, "GET /app/../../outside HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "not found");
	assert_answer(set, "GET /%2e%2e/outside HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "not found");
	assert_answer(set, "PUT / HTTP/1.1\r\n\r\n", "HTTP/1.1 405 ", "Allow: GET\r\n");
	assert_answer(set, "RFB 003.008\n\r\n\r\n", "HTTP/1.1 400 ", "");
	large[9000] = 0;
	assert_answer(set, large, "HTTP/1.1 400 ", "");
	g_assert_cmpuint(set->server->web_clients.length, ==, 0);
	set_free(set);
	g_unlink(link);
	g_unlink(script);
	g_unlink(page);
	g_unlink(outside);
	g_rmdir(app);
	g_rmdir(root);
	g_rmdir(top);
}

/* ---- websockets ---- */

static void test_session(void)
{
	struct set *set = set_new("none", 333, 222);

	for (unsigned int split = 0; split < 4; split++) {
		struct viewer *v = web_viewer_new(set->server);
		struct ws_layer *ws = ws_start(v, WS_UPGRADE);
		struct vnc_client *client;

		ws->split = split;
		g_assert_cmpuint(viewer_start(v, 8), ==, RFB_SECURITY_NONE);
		g_assert_cmpuint(viewer_authenticate(v, NULL), ==, 0);
		g_assert_true(viewer_init(v, true));
		client = first_client(set);
		g_assert_true(client->address.websocket);
		for (unsigned int i = 0; i < 20; i++) {
			guest_draw_random(set->guest, 0);
			guest_submit(set->guest);
			viewer_update(v, i % 5);
		}
		catch_up(set, v);
		if (split > 0) {
			g_assert_cmpuint(ws->pongs, >, 10);
		}
		/* Goodbye is answered. */
		ws_send_frame(v, 0x88, "\x03\xe8", 2);
		g_assert_true(viewer_is_dropped(v));
		g_assert_cmpuint(ws->closes, ==, 1);
		ws_end(v);
		viewer_free(v);
		g_assert_cmpuint(set->server->clients.length, ==, 0);
	}
	set_free(set);
}

/* More than the socket holds, pings meanwhile. */
static void test_large_updates(void)
{
	struct set *set = set_new("none", 1920, 1080);
	struct viewer *v = web_viewer_new(set->server);
	struct ws_layer *ws = ws_start(v, WS_UPGRADE);

	guest_draw_random(set->guest, 0);
	g_assert_cmpuint(viewer_start(v, 8), ==, RFB_SECURITY_NONE);
	g_assert_cmpuint(viewer_authenticate(v, NULL), ==, 0);
	g_assert_true(viewer_init(v, true));
	for (unsigned int i = 0; i < 3; i++) {
		viewer_request(v, false);
		g_usleep(20000);
		for (unsigned int j = 0; j < 100; j++) {
			g_main_context_iteration(NULL, FALSE);
			if (j % 10 == 0) {
				ws_send_frame(v, 0x89, "hello", 5);
			}
		}
		viewer_receive(v);
		assert_guest_shown(set, v);
	}
	g_assert_cmpuint(ws->pongs, >=, 1);
	g_assert_cmpuint(ws->frames, >, 3 * 1920 * 1080 * 4 / 65536);
	ws_end(v);
	viewer_free(v);
	set_free(set);
}

/* Each closes the one that says it. */
static void test_wrong_bytes(void)
{
	static const char *const bad[] = { "\x82\x01x", "\x81\x81zzzzx", "\x82\x84zzzz:::::" };
	struct set *set = set_new("none", 64, 48);
	struct viewer *v;

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		v = web_viewer_new(set->server);
		ws_start(v, WS_UPGRADE);
		viewer_take(v, 12);
		send(v->fd, bad[i], strlen(bad[i]), MSG_NOSIGNAL);
		g_assert_true(viewer_is_dropped(v));
		ws_end(v);
		viewer_free(v);
	}
	/* A frame behind the request, before it was agreed to. */
	v = web_viewer_new(set->server);
	viewer_send(v, WS_UPGRADE "\x82\x80zzzz", strlen(WS_UPGRADE) + 6);
	g_assert_true(viewer_is_dropped(v));
	g_assert_nonnull(g_strstr_len((char *)v->in->data, v->in->len, " 400 "));
	viewer_free(v);
	g_assert_cmpuint(set->server->clients.length, ==, 0);
	g_assert_cmpuint(set->server->web_clients.length, ==, 0);
	set_free(set);
}

static void test_limits(void)
{
	struct set *set = set_new("none", 64, 48);
	struct viewer *list[70];

	set->server->answer_ms = 100;
	for (unsigned int i = 0; i < G_N_ELEMENTS(list); i++) {
		list[i] = web_viewer_new(set->server);
		viewer_send(list[i], "GET / HT", i % 9);
	}
	g_assert_cmpuint(set->server->web_clients.length, ==, 64);
	for (unsigned int i = 0; i < G_N_ELEMENTS(list); i++) {
		g_assert_true(viewer_is_dropped(list[i]));
		viewer_free(list[i]);
	}
	g_assert_cmpuint(set->server->web_clients.length, ==, 0);
	/* The server ends with one in the middle of a request. */
	list[0] = web_viewer_new(set->server);
	viewer_send(list[0], "GET ", 4);
	set_free(set);
	viewer_free(list[0]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define ADD(name, fn) g_test_add_func("/vnc-web/" name, fn)
	ADD("frames-are-decoded-however-they-are-cut", test_frames);
	ADD("bad-frames-are-refused", test_bad_frames);
	ADD("headers-are-in-their-shortest-form", test_headers);
	ADD("requests-are-understood-or-refused", test_requests);
	ADD("no-name-leads-out-of-the-folder", test_file_names);
	ADD("pages-are-served", test_pages);
	ADD("a-viewer-in-a-websocket-shows-the-picture", test_session);
	ADD("updates-larger-than-the-socket-arrive-whole", test_large_updates);
	ADD("wrong-bytes-close-only-that-client", test_wrong_bytes);
	ADD("connections-and-time-are-limited", test_limits);
#undef ADD
	return g_test_run();
}
