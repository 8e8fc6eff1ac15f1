// SPDX-License-Identifier: GPL-2.0-or-later
/* Whole sessions of viewers with the server, on a console with a guest that draws. */
#include <dirent.h>

#include "vnc-set.h"

#include "ui/keymap.h"

/* ---- handshake ---- */

static void test_versions(void)
{
	struct set *set = set_new("none", 64, 48);

	for (unsigned int i = 0; i < 3; i++) {
		struct viewer *v = viewer_new(set->server);

		g_assert_cmpuint(viewer_start(v, (unsigned int[]){ 3, 7, 8 }[i]), ==,
				 RFB_SECURITY_NONE);
		g_assert_cmpuint(viewer_authenticate(v, NULL), ==, 0);
		g_assert_true(viewer_init(v, true));
		g_assert_cmpstr(v->name, ==, "Oriel (test)");
		viewer_update(v, false);
		assert_guest_shown(set, v);
		viewer_free(v);
	}
	set_free(set);
}

static void test_password(void)
{
	struct set *set = set_new("none,password=on", 64, 48);

	for (unsigned int i = 0; i < 3; i++) {
		unsigned int version = (unsigned int[]){ 3, 7, 8 }[i];
		struct viewer *v = viewer_new(set->server);

		/* None is set yet, so that not even an empty one is right. */
		g_assert_true(vnc_server_set_password(set->server, NULL, NULL, NULL));
		g_assert_cmpuint(viewer_start(v, version), ==, RFB_SECURITY_VNC);
		g_assert_cmpuint(viewer_authenticate(v, ""), ==, 1);
		if (version == 8) {
			uint32_t len = take_u32(&v->decoder);

			g_assert_cmpmem(viewer_take(v, len), len, "Authentication failed", 21);
		}
		g_assert_true(viewer_is_dropped(v));
		viewer_free(v);

		g_assert_true(vnc_server_set_password(set->server, "secret", "keep", NULL));
		v = viewer_new(set->server);
		viewer_start(v, version);
		g_assert_cmpuint(viewer_authenticate(v, "wrong"), ==, 1);
		g_assert_true(viewer_is_dropped(v));
		viewer_free(v);

		v = viewer_new(set->server);
		viewer_start(v, version);
		g_assert_cmpuint(viewer_authenticate(v, "secret"), ==, 0);
		g_assert_true(viewer_init(v, true));
		viewer_update(v, false);
		assert_guest_shown(set, v);
		g_assert_false(vnc_server_set_password(set->server, "other", "fail", NULL));
		g_assert_true(vnc_server_set_password(set->server, "other", "disconnect", NULL));
		g_assert_true(viewer_is_dropped(v));
		viewer_free(v);
	}
	set_free(set);
}

/* The password stays right, its time is over; until another time is set. */
static void test_expiry(void)
{
	struct set *set = set_new("none,password=on", 64, 48);
	static const struct {
		const char *time;
		unsigned int result;
	} list[] = {
		{ "now", 1 }, { "never", 0 }, { "1", 1 }, { "+60", 0 }, { "0", 1 },
		{ "4000000000", 0 },
	};

	g_assert_true(vnc_server_set_password(set->server, "secret", "keep", NULL));
	for (unsigned int i = 0; i < G_N_ELEMENTS(list); i++) {
		struct viewer *v = viewer_new(set->server);

		g_assert_true(vnc_server_expire_password(set->server, list[i].time, NULL));
		viewer_start(v, 8);
		g_assert_cmpuint(viewer_authenticate(v, "secret"), ==, list[i].result);
		viewer_free(v);
	}
	set_free(set);
}

static void test_none_is_not_offered(void)
{
	struct set *set = set_new("none,password=on", 64, 48);
	struct viewer *v = viewer_new(set->server);
	uint8_t none = RFB_SECURITY_NONE;

	viewer_start(v, 8);
	viewer_send(v, &none, 1);
	g_assert_true(viewer_is_dropped(v));
	viewer_free(v);
	set_free(set);
}

/* Whatever a client stops at. */
static void test_time_limit(void)
{
	static const char *const starts[] = { "", "RFB 003.0", "RFB 003.008\n", "RFB 003.008\n\x02",
					      "RFB 003.008\n\x02" "0123456789" };
	struct set *set = set_new("none,password=on", 64, 48);

	set->server->answer_ms = set->server->password_ms = 30;
	for (unsigned int i = 0; i < G_N_ELEMENTS(starts); i++) {
		struct viewer *v = viewer_new(set->server);

		viewer_send(v, starts[i], strlen(starts[i]));
		g_assert_true(viewer_is_dropped(v));
		viewer_free(v);
	}
	g_assert_cmpuint(set->server->clients.length, ==, 0);
	set_free(set);
}

static void test_wrong_bytes(void)
{
	static const char *const bad[] = { "GET / HTTP/1.0\r\n\r\n", "RFB 003.008\n\x05",
					   "RFB 003.008\n\x01\x01\x07garbage" };
	struct set *set = set_new("none", 64, 48);
	struct viewer *good = viewer_join(set->server);

	viewer_update(good, false);
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct viewer *v = viewer_new(set->server);

		viewer_send(v, bad[i], strlen(bad[i]));
		g_assert_true(viewer_is_dropped(v));
		viewer_free(v);
	}
	guest_draw_random(set->guest, 0);
	guest_submit(set->guest);
	viewer_update(good, true);
	assert_guest_shown(set, good);
	viewer_free(good);
	set_free(set);
}

/* ---- pictures ---- */

static const int32_t encodings[] = {
	RFB_ENCODING_RAW, RFB_ENCODING_HEXTILE, RFB_ENCODING_ZLIB, RFB_ENCODING_TIGHT,
	RFB_ENCODING_ZRLE,
};

/* Drawing goes on while updates are under way; in the end both sides must agree. */
static void test_changes(gconstpointer data)
{
	struct set *set = set_new("none", 333, 222);
	struct viewer *v = viewer_join(set->server);

	VIEWER_ENCODINGS(v, GPOINTER_TO_INT(data), RFB_ENCODING_COMPRESS_0 + 2);
	viewer_request(v, false);
	for (unsigned int i = 0; i < 150; i++) {
		if (i % 7 == 3) {
			guest_flip(set->guest);
		}
		guest_draw_random(set->guest, set->guest->shown);
		guest_submit(set->guest);
		if (i % 3 == 0) {
			viewer_receive(v);
			viewer_request(v, true);
		}
		for (unsigned int j = 0; j < i % 5; j++) {
			viewer_pump(v);
		}
	}
	catch_up(set, v);
	viewer_free(v);
	set_free(set);
}

static void test_only_damage(void)
{
	struct set *set = set_new("none", 1920, 1080);
	struct viewer *v = viewer_join(set->server);
	uint64_t full, part;

	viewer_update(v, false);
	full = v->received;
	guest_draw(set->guest, set->guest->shown, 1000, 500, 64, 64);
	guest_submit(set->guest);
	viewer_update(v, true);
	part = v->received - full;
	g_test_message("full %" G_GUINT64_FORMAT ", 64x64 %" G_GUINT64_FORMAT " bytes", full, part);
	g_assert_cmpuint(part * 20, <, full);
	assert_guest_shown(set, v);
	viewer_free(v);
	set_free(set);
}

static void test_requested_area(void)
{
	struct set *set = set_new("none", 200, 100);
	struct viewer *v = viewer_join(set->server);

	viewer_request_box(v, false, 10, 20, 30, 40);
	viewer_receive(v);
	g_assert_cmphex(v->decoder.screen[0], ==, 0);
	/* The rest is still to come. */
	viewer_update(v, true);
	assert_guest_shown(set, v);
	/* An area outside is no area. */
	viewer_request_box(v, false, 500, 500, 100, 100);
	viewer_idle(v, 20);
	g_assert_false(viewer_has_more(v));
	viewer_request_box(v, false, 0, 0, 65535, 65535);
	viewer_receive(v);
	assert_guest_shown(set, v);
	viewer_free(v);
	set_free(set);
}

/* All of a session's start in one go, before anything was answered. */
static void test_everything_at_once(void)
{
	static const uint8_t start[] = "RFB 003.008\n\x01\x01\x03\0\0\0\0\0\xff\xff\xff\xff";
	struct set *set = set_new("none", 200, 100);
	struct viewer *v = viewer_new(set->server);

	viewer_send(v, start, sizeof(start) - 1);
	viewer_take(v, 12 + 2 + 4);
	g_assert_true(viewer_wait(v, 24));
	decoder_resize(&v->decoder, take_u16(&v->decoder), 100);
	viewer_take(v, 2 + 16);
	viewer_take(v, take_u32(&v->decoder));
	viewer_receive(v);
	assert_guest_shown(set, v);
	viewer_free(v);
	set_free(set);
}

/* Raw pixels are for links that take them: one that proves slow gets what its viewer asked for. */
static void test_slow_link(void)
{
	struct set *set = set_new("none", 1280, 720);
	struct viewer *v = viewer_join(set->server);
	struct vnc_client *client = first_client(set);
	uint64_t before;

	/* For the damage; what it draws is drawn over. */
	guest_draw(set->guest, 0, 0, 0, 1280, 720);
	for (unsigned int y = 0; y < 720; y++) {
		for (unsigned int x = 0; x < 1280; x++) {
			*(uint32_t *)guest_pixel(set->guest, 0, x, y) = x * x * 31 + y * y * 17;
		}
	}
	guest_submit(set->guest);
	VIEWER_ENCODINGS(v, RFB_ENCODING_ZRLE);
	viewer_request(v, false);
	/* It doesn't read for a while: 3.6 MB in 400 ms are 9 MB/s. */
	for (gint64 end = g_get_monotonic_time() + 400000; g_get_monotonic_time() < end;) {
		g_main_context_iteration(NULL, FALSE);
	}
	before = v->received;
	viewer_receive(v);
	g_assert_cmpuint(v->received - before, >, 1280 * 720 * 4);
	g_assert_false(client->fast_link);
	before = v->received;
	viewer_update(v, false);
	g_assert_cmpuint(v->received - before, <, 1280 * 720 * 3);
	catch_up(set, v);
	viewer_free(v);
	set_free(set);
}

/* However oddly a client asks, what is kept of it stays small. */
static void test_scraps(void)
{
	struct set *set = set_new("none", 1280, 720);
	struct viewer *v = viewer_join(set->server);
	struct client_screen *screen =
		&first_client(set)->screen;

	viewer_request(v, false);
	viewer_idle(v, 20);
	for (unsigned int i = 0; i < 20000; i++) {
		viewer_request_box(v, i & 1, i * 7919 % 1280, i * 104729 % 720, 1, 1);
		g_main_context_iteration(NULL, FALSE);
		g_assert_cmpint(pixman_region32_n_rects(&screen->wanted), <=, 64);
		g_assert_cmpint(pixman_region32_n_rects(&screen->damage), <=, 4096);
	}
	viewer_free(v);
	set_free(set);
}

static void test_formats(void)
{
	static const struct rfb_pixel_format formats[] = {
		{ 16, 16, false, true, 31, 63, 31, 11, 5, 0 },
		{ 32, 24, true, true, 255, 255, 255, 16, 8, 0 },
		{ 8, 6, false, true, 3, 3, 3, 4, 2, 0 },
	};
	struct rfb_pixel_format palette = { .bits = 8, .depth = 8 };
	struct set *set = set_new("none", 120, 90);
	struct viewer *v = viewer_join(set->server);

	VIEWER_ENCODINGS(v, RFB_ENCODING_ZRLE);
	for (unsigned int i = 0; i < G_N_ELEMENTS(formats); i++) {
		viewer_set_format(v, &formats[i]);
		viewer_update(v, true);
		assert_guest_shown(set, v);
	}
	viewer_set_format(v, &palette);
	v->decoder.format = (struct rfb_pixel_format){ 8, 8, false, true, 7, 7, 3, 5, 2, 0 };
	viewer_update(v, false);
	g_assert_cmpuint(v->colour_maps, ==, 1);
	assert_guest_shown(set, v);
	viewer_free(v);
	set_free(set);
}

static int by_time(const void *a, const void *b)
{
	gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

	return x < y ? -1 : x > y;
}

static void test_latency(void)
{
	struct set *set = set_new("none", 640, 480);
	struct viewer *v = viewer_join(set->server);
	gint64 took[21];

	viewer_update(v, false);
	for (unsigned int i = 0; i < G_N_ELEMENTS(took); i++) {
		gint64 start;
		unsigned int before = v->pixel_rects;

		viewer_request(v, true);
		viewer_idle(v, 20);
		g_assert_false(viewer_has_more(v));
		guest_draw(set->guest, set->guest->shown, i, i, 1, 1);
		start = g_get_monotonic_time();
		guest_submit(set->guest);
		viewer_receive(v);
		took[i] = g_get_monotonic_time() - start;
		g_assert_cmpuint(v->pixel_rects, >, before);
	}
	qsort(took, G_N_ELEMENTS(took), sizeof(took[0]), by_time);
	/* The median: a test machine has other work too. */
	g_test_message("median %.2f ms, worst %.2f ms", (double)took[10] / 1e3,
		       (double)took[20] / 1e3);
	g_assert_cmpint(took[10], <, 50000);
	assert_guest_shown(set, v);
	viewer_free(v);
	set_free(set);
}

/* With nothing to do, the main loop would sleep for ever. */
static void test_idle(void)
{
	struct set *set = set_new("none", 640, 480);
	struct viewer *v = viewer_join(set->server);
	GPollFD fds[32];
	gint timeout = 0, priority;

	VIEWER_ENCODINGS(v, RFB_ENCODING_TIGHT, RFB_ENCODING_EXTENDED_DESKTOP_SIZE,
			 RFB_ENCODING_EXTENDED_KEY, RFB_ENCODING_LED_STATE);
	viewer_update(v, false);
	catch_up(set, v);
	viewer_request(v, true);
	viewer_idle(v, 100);
	g_assert_true(g_main_context_acquire(NULL));
	g_assert_false(g_main_context_prepare(g_main_context_default(), &priority));
	g_main_context_query(g_main_context_default(), G_MAXINT, &timeout, fds,
			     G_N_ELEMENTS(fds));
	g_main_context_release(NULL);
	g_assert_cmpint(timeout, ==, -1);
	viewer_free(v);
	set_free(set);
}

/* ---- sizes ---- */

static void test_resize(void)
{
	struct set *set = set_new("none", 160, 120);
	struct viewer *plain = viewer_join(set->server), *extended = viewer_join(set->server);

	VIEWER_ENCODINGS(plain, RFB_ENCODING_ZLIB, RFB_ENCODING_DESKTOP_SIZE);
	VIEWER_ENCODINGS(extended, RFB_ENCODING_ZRLE, RFB_ENCODING_EXTENDED_DESKTOP_SIZE,
			 RFB_ENCODING_DESKTOP_SIZE);
	viewer_update(plain, false);
	viewer_update(extended, false);
	g_assert_cmpuint(extended->ext_sizes, ==, 1);
	for (unsigned int i = 0; i < 5; i++) {
		uint32_t width = 100 + i * 77, height = 300 - i * 41;

		guest_set_mode(set->guest, DRM_FORMAT_XRGB8888, width, height, false);
		guest_draw_random(set->guest, set->guest->shown);
		guest_submit(set->guest);
		catch_up(set, plain);
		catch_up(set, extended);
		g_assert_cmpuint(plain->sizes, ==, i + 1);
		g_assert_cmpuint(extended->ext_sizes, ==, i + 2);
		g_assert_cmpuint(extended->reason, ==, RFB_RESIZE_BY_SERVER);
		assert_guest_shown(set, plain);
		assert_guest_shown(set, extended);
	}
	viewer_free(plain);
	viewer_free(extended);
	set_free(set);
}

static void test_no_resize(void)
{
	struct set *set = set_new("none", 160, 120);
	struct viewer *v = viewer_join(set->server);
	g_autofree uint32_t *screen = NULL;

	viewer_update(v, false);
	guest_set_mode(set->guest, DRM_FORMAT_XRGB8888, 100, 200, false);
	guest_draw(set->guest, 0, 0, 0, 100, 200);
	guest_submit(set->guest);
	viewer_update(v, true);
	g_assert_cmpuint(v->decoder.width, ==, 160);
	screen = g_new(uint32_t, 100 * 200);
	guest_look(set->guest, screen);
	for (unsigned int i = 0; i < 160 * 120; i++) {
		g_assert_cmphex(v->decoder.screen[i] & 0xffffff, ==,
				i % 160 < 100 ? screen[i / 160 * 100 + i % 160] & 0xffffff : 0);
	}
	viewer_free(v);
	set_free(set);
}

static void receive_answers(struct viewer *v, unsigned int count)
{
	while (v->answers < count) {
		viewer_receive(v);
	}
}

static void test_wishes(void)
{
	struct set *set = set_new("none", 160, 120);
	struct viewer *v = viewer_join(set->server);

	VIEWER_ENCODINGS(v, RFB_ENCODING_ZRLE, RFB_ENCODING_EXTENDED_DESKTOP_SIZE);
	viewer_update(v, false);
	viewer_request(v, true);
	viewer_wish_size(v, 300, 200, 1);
	receive_answers(v, 1);
	g_assert_cmpuint(v->status, ==, RFB_RESIZE_FORWARDED);
	catch_up(set, v);
	g_assert_cmpuint(v->decoder.width, ==, 300);
	assert_guest_shown(set, v);
	g_assert_cmpuint(set->modes, ==, 1);
	/* Somebody drags a window. */
	for (unsigned int i = 0; i < 200; i++) {
		viewer_wish_size(v, 300 + i, 200 + i, 1);
		viewer_pump(v);
	}
	receive_answers(v, 2);
	catch_up(set, v);
	g_assert_cmpuint(v->decoder.width, ==, 499);
	g_assert_cmpuint(set->modes, ==, 2);
	assert_guest_shown(set, v);
	receive_answers(v, 17);
	/* What can't be. */
	viewer_wish_size(v, 0, 200, 1);
	receive_answers(v, 18);
	g_assert_cmpuint(v->status, ==, RFB_RESIZE_BAD_LAYOUT);
	viewer_wish_size(v, 300, 200, 0);
	receive_answers(v, 19);
	g_assert_cmpuint(v->status, ==, RFB_RESIZE_BAD_LAYOUT);
	viewer_wish_size(v, 60000, 200, 1);
	receive_answers(v, 20);
	g_assert_cmpuint(v->status, ==, RFB_RESIZE_NO_RESOURCES);
	set->fixed = true;
	viewer_wish_size(v, 640, 480, 1);
	receive_answers(v, 21);
	g_assert_cmpuint(v->status, ==, RFB_RESIZE_PROHIBITED);
	viewer_free(v);
	set_free(set);
}

/* ---- blank ---- */

static unsigned int count_ink(struct viewer *v)
{
	unsigned int ink = 0;

	for (size_t i = 0; i < (size_t)v->decoder.width * v->decoder.height; i++) {
		ink += v->decoder.screen[i] != v->decoder.screen[0];
	}
	return ink;
}

static void test_blank(void)
{
	struct set *set = set_new("none", 320, 200);
	struct viewer *v = viewer_join(set->server);
	uint64_t before;

	VIEWER_ENCODINGS(v, RFB_ENCODING_TIGHT, RFB_ENCODING_DESKTOP_SIZE);
	viewer_update(v, false);
	set->guest->blank = true;
	guest_submit(set->guest);
	viewer_update(v, true);
	g_assert_cmpuint(v->sizes, ==, 0);
	/* Some letters' worth, and not a noise. */
	g_assert_cmpuint(count_ink(v), >, 300);
	g_assert_cmpuint(count_ink(v), <, 320 * 200 / 4);
	viewer_request(v, true);
	viewer_idle(v, 50);
	before = v->received;
	guest_submit(set->guest);
	viewer_idle(v, 50);
	g_assert_cmpuint(v->received, ==, before);
	set->guest->blank = false;
	guest_submit(set->guest);
	viewer_update(v, true);
	assert_guest_shown(set, v);
	viewer_free(v);
	set_free(set);
}

static void test_no_console(void)
{
	struct set *set = set_new("none", 320, 200);
	struct viewer *v;

	console_destroy(set->guest->console);
	set->guest->console = NULL;
	v = viewer_join(set->server);
	VIEWER_ENCODINGS(v, RFB_ENCODING_ZRLE, RFB_ENCODING_DESKTOP_SIZE);
	g_assert_cmpuint(v->decoder.width, ==, 800);
	viewer_update(v, false);
	g_assert_cmpuint(count_ink(v), >, 300);
	for (unsigned int i = 0; i < 3; i++) {
		viewer_request(v, true);
		viewer_idle(v, 10);
		set->guest->last_done = 0;
		set->guest->console = console_create(set->guest->registry, "gpu0", 0,
						     &session_source, set->guest);
		viewer_update(v, true);
		assert_guest_shown(set, v);
		viewer_request(v, true);
		viewer_idle(v, 10);
		console_destroy(set->guest->console);
		set->guest->console = NULL;
		viewer_update(v, true);
		g_assert_cmpuint(count_ink(v), >, 300);
	}
	viewer_free(v);
	set_free(set);
}

/* ---- many viewers ---- */

static void test_stopped_viewer(void)
{
	struct set *set = set_new("none", 1280, 720);
	struct viewer *stopped = viewer_join(set->server), *v = viewer_join(set->server);
	struct console_state state;
	unsigned int got = 0;

	guest_draw(set->guest, 0, 0, 0, 1280, 720);
	viewer_update(v, false);
	/* It asks and never reads: more than a socket holds. */
	viewer_request(stopped, false);
	for (unsigned int i = 0; i < 100; i++) {
		guest_draw_random(set->guest, set->guest->shown);
		guest_submit(set->guest);
		viewer_update(v, true);
		got++;
	}
	g_assert_cmpuint(got, ==, 100);
	assert_guest_shown(set, v);
	console_get_state(set->guest->console, &state);
	/* Nothing of the stopped one's keeps the picture from being brought up to date. */
	guest_draw(set->guest, set->guest->shown, 0, 0, 1280, 720);
	guest_submit(set->guest);
	viewer_update(v, true);
	assert_guest_shown(set, v);
	/* It wakes up: what was under way, and then the newest. */
	viewer_receive(stopped);
	viewer_update(stopped, true);
	assert_guest_shown(set, stopped);
	viewer_free(stopped);
	viewer_free(v);
	set_free(set);
}

/* A viewer that asks for nothing is no reason to look at the guest. */
static void test_silent_viewer(void)
{
	struct set *set = set_new("none", 640, 480);
	struct viewer *v = viewer_join(set->server);
	unsigned int dones;

	viewer_update(v, false);
	viewer_idle(v, 20);
	dones = set->guest->dones;
	for (unsigned int i = 0; i < 20; i++) {
		guest_draw_random(set->guest, set->guest->shown);
		guest_submit(set->guest);
		viewer_idle(v, 2);
	}
	g_assert_cmpuint(set->guest->dones, <=, dones + 1);
	viewer_update(v, true);
	assert_guest_shown(set, v);
	viewer_free(v);
	settle();
	g_assert_false(set->guest->active);
	set_free(set);
}

static unsigned int count_fds(void)
{
	unsigned int count = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}

static void test_come_and_go(void)
{
	struct set *set = set_new("none", 320, 240);
	unsigned int fds = 0;

	for (unsigned int i = 0; i < 100; i++) {
		struct viewer *v = viewer_join(set->server);

		VIEWER_ENCODINGS(v, encodings[i % 5]);
		if (i % 2) {
			viewer_update(v, false);
		} else {
			/* Gone while it is being served. */
			viewer_request(v, false);
			g_main_context_iteration(NULL, FALSE);
		}
		viewer_free(v);
		viewer_free(viewer_new(set->server));
		settle();
		if (i == 10) {
			fds = count_fds();
		}
	}
	g_usleep(20000);
	settle();
	g_assert_cmpuint(count_fds(), ==, fds);
	g_assert_cmpuint(set->server->clients.length, ==, 0);
	g_assert_false(set->guest->active);
	set_free(set);
}

static void test_end_while_busy(void)
{
	struct set *set = set_new("none", 1920, 1080);
	struct viewer *v = viewer_join(set->server);

	VIEWER_ENCODINGS(v, RFB_ENCODING_ZRLE);
	viewer_request(v, false);
	g_main_context_iteration(NULL, FALSE);
	g_main_context_iteration(NULL, FALSE);
	set_free(set);
	viewer_free(v);
}

/* Joins without viewer_join's assertion. */
static struct viewer *try_join(struct set *set, bool shared, bool *in)
{
	struct viewer *v = viewer_new(set->server);

	viewer_start(v, 8);
	viewer_authenticate(v, NULL);
	*in = viewer_init(v, shared);
	return v;
}

static void test_share(void)
{
	struct set *set = set_new("none", 64, 48);
	struct viewer *a, *b, *c;
	bool in;

	a = try_join(set, true, &in);
	g_assert_true(in);
	b = try_join(set, false, &in);
	g_assert_true(in);
	g_assert_true(viewer_is_dropped(a));
	c = try_join(set, true, &in);
	g_assert_false(in);
	g_assert_false(b->closed);
	viewer_update(b, false);
	viewer_free(a);
	viewer_free(b);
	viewer_free(c);
	set_free(set);

	set = set_new("none,share=force-shared", 64, 48);
	a = try_join(set, true, &in);
	b = try_join(set, false, &in);
	g_assert_false(in);
	viewer_update(a, false);
	viewer_free(a);
	viewer_free(b);
	set_free(set);

	set = set_new("none,share=ignore", 64, 48);
	a = try_join(set, true, &in);
	b = try_join(set, false, &in);
	g_assert_true(in);
	viewer_update(a, false);
	viewer_update(b, false);
	viewer_free(a);
	viewer_free(b);
	set_free(set);
}

static void test_connections(void)
{
	struct set *set = set_new("none,connections=2", 64, 48);
	struct viewer *a = viewer_join(set->server), *b = viewer_join(set->server);
	struct viewer *c = viewer_new(set->server);

	g_assert_true(viewer_is_dropped(c));
	viewer_update(a, false);
	viewer_free(a);
	viewer_free(c);
	settle();
	c = viewer_join(set->server);
	viewer_update(c, false);
	viewer_free(b);
	viewer_free(c);
	set_free(set);
}

/* ---- keyboard, mouse, LEDs ---- */

static void expect_events(struct set *set, struct viewer *v, const char *wanted)
{
	gint64 end = g_get_monotonic_time() + VIEWER_LIMIT_US;

	do {
		viewer_idle(v, 5);
	} while (set->events->len < strlen(wanted) && g_get_monotonic_time() < end);
	g_assert_cmpstr(set->events->str, ==, wanted);
	g_string_truncate(set->events, 0);
}

static void test_keys(void)
{
	struct set *set = set_new("none", 320, 200);
	struct viewer *v = viewer_join(set->server);

	viewer_key(v, 'a', true);
	viewer_key(v, 'a', false);
	expect_events(set, v, "+30 -30 ");
	/* Up without down isn't ours; an unknown symbol is nobody's. */
	viewer_key(v, 'b', false);
	viewer_key(v, 0x1234567, true);
	expect_events(set, v, "");
	/* '!' needs Shift on a US keyboard, and the viewer's layout may not. */
	viewer_key(v, '!', true);
	viewer_key(v, '!', false);
	expect_events(set, v, "+42 +2 -42 -2 ");
	viewer_key(v, 0xffe1, true);
	viewer_key(v, '!', true);
	viewer_key(v, '!', false);
	viewer_key(v, '1', true);
	viewer_key(v, '1', false);
	viewer_key(v, 0xffe1, false);
	expect_events(set, v, "+42 +2 -2 -42 +2 +42 -2 -42 ");
	/* By place: 0x1e is A's, 0xb8 (0xe0 0x38) the right Alt's. */
	viewer_ext_key(v, 0x1e, true);
	viewer_ext_key(v, 0x1e, false);
	viewer_ext_key(v, 0xb8, true);
	expect_events(set, v, "+30 -30 +100 ");
	viewer_key(v, 0xffe3, true);
	positions_hidden = true;
	viewer_pointer(v, 1, 0, 0);
	expect_events(set, v, "+29 +272 ");
	positions_hidden = false;
	shutdown(v->fd, SHUT_RDWR);
	settle();
	/* What it held is let go. */
	g_assert_cmpstr(set->events->str, ==, "-29 -100 -272 ");
	viewer_free(v);
	set_free(set);
}

/* Symbols of a viewer reach a guest with another layout than a US one. */
static void test_keymap(void)
{
	struct set *set = set_new("none", 64, 48);
	g_autoptr(GError) error = NULL;
	struct keymap *keymap = keymap_create("de", &error);
	struct viewer *v;

	if (!keymap) {
		g_test_skip(error->message);
		set_free(set);
		return;
	}
	set->server->host.keymap = keymap;
	v = viewer_join(set->server);
	/* z where a US keyboard has y; a key of its own for an umlaut; AltGr for @, and by Unicode. */
	viewer_key(v, 'z', true);
	viewer_key(v, 0xfc, true);
	expect_events(set, v, "+21 +26 ");
	viewer_key(v, '@', true);
	expect_events(set, v, "+100 +16 -100 ");
	viewer_key(v, 0x10020ac, true);
	expect_events(set, v, "+100 +18 -100 ");
	viewer_key(v, '/', true);
	expect_events(set, v, "+42 +8 -42 ");
	/* A viewer whose layout needs AltGr as well holds it already. */
	viewer_key(v, 0xffea, true);
	viewer_key(v, '{', true);
	viewer_key(v, 0xffea, false);
	expect_events(set, v, "+100 +8 -100 ");
	/* Shift stays for what is no character. */
	viewer_key(v, 0xffe1, true);
	viewer_key(v, 0xff09, true);
	viewer_key(v, '#', true);
	expect_events(set, v, "+42 +15 -42 +43 +42 ");
	viewer_free(v);
	set_free(set);
	keymap_destroy(keymap);
	g_assert_null(keymap_create("klingon", &error));
	g_assert_nonnull(strstr(error->message, "-k klingon: no such layout"));
}

/* Caps Lock at the viewer's shows in its symbols; the guest's follows. */
static void test_lock_keys(void)
{
	struct set *set = set_new("none", 64, 48);
	struct viewer *v = viewer_join(set->server);

	viewer_key(v, 'A', true);
	viewer_key(v, 'A', false);
	expect_events(set, v, "+58 -58 +30 -30 ");
	/* The guest has not said yet that it is on, and that is remembered. */
	viewer_key(v, 'B', true);
	expect_events(set, v, "+48 ");
	input_leds_set(set->input, INPUT_LED_CAPS);
	viewer_idle(v, 10);
	viewer_key(v, 'C', true);
	expect_events(set, v, "+46 ");
	viewer_key(v, 'd', true);
	expect_events(set, v, "+58 -58 +32 ");
	/* A digit of the keypad needs Num Lock; its arrows need none. */
	viewer_key(v, 0xffb4, true);
	viewer_key(v, 0xffb5, true);
	expect_events(set, v, "+69 -69 +75 +76 ");
	viewer_key(v, 0xff96, true);
	expect_events(set, v, "+69 -69 +75 ");
	/* With Shift held a capital letter is what it should be. */
	viewer_key(v, 0xffe1, true);
	viewer_key(v, 'E', true);
	expect_events(set, v, "+42 +18 ");
	viewer_free(v);
	set_free(set);

	set = set_new("none,lock-key-sync=off", 64, 48);
	v = viewer_join(set->server);
	viewer_key(v, 'A', true);
	expect_events(set, v, "+30 ");
	viewer_free(v);
	set_free(set);
}

/* Keys come one after the other, none is lost, and those that wait are given at the end. */
static void test_key_delay(void)
{
	struct set *set = set_new("none,key-delay-ms=20", 64, 48);
	struct viewer *v = viewer_join(set->server);
	gint64 start = g_get_monotonic_time();

	for (unsigned int i = 0; i < 3; i++) {
		viewer_key(v, 'a', true);
		viewer_key(v, 'a', false);
	}
	while (set->events->len < 24) {
		viewer_idle(v, 1);
	}
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 5 * 20000);
	expect_events(set, v, "+30 -30 +30 -30 +30 -30 ");
	for (unsigned int i = 0; i < 400; i++) {
		viewer_key(v, 'b', true);
		viewer_key(v, 'b', false);
	}
	viewer_key(v, 'c', true);
	viewer_idle(v, 50);
	shutdown(v->fd, SHUT_RDWR);
	settle();
	g_assert_cmpuint(set->events->len, ==, 800 * 4 + 8);
	g_assert_true(g_str_has_suffix(set->events->str, "+48 -48 +46 -46 "));
	viewer_free(v);
	set_free(set);
}

static void test_power(void)
{
	struct set *set = set_new("none,power-control=on", 64, 48);
	struct viewer *v = viewer_join(set->server);

	VIEWER_ENCODINGS(v, RFB_ENCODING_RAW, RFB_ENCODING_XVP);
	while (v->xvp_inits == 0) {
		viewer_receive(v);
	}
	viewer_send(v, "\xfa\0\1\2\xfa\0\1\4\xfa\0\1\3\xfa\0\2\2", 16);
	while (v->xvp_fails == 0) {
		viewer_receive(v);
	}
	viewer_idle(v, 10);
	g_assert_cmpuint(set->downs, ==, 1);
	g_assert_cmpuint(set->resets, ==, 1);
	viewer_free(v);
	set_free(set);

	set = set_new("none", 64, 48);
	v = viewer_join(set->server);
	viewer_send(v, "\xfa\0\1\4", 4);
	g_assert_true(viewer_is_dropped(v));
	g_assert_cmpuint(set->resets, ==, 0);
	viewer_free(v);
	set_free(set);
}

/* The server calls a viewer that listens. */
static void test_reverse(void)
{
	struct listen_address address = { .host = (char *)"127.0.0.1", .port = 6200,
					  .port_last = 6999 };
	g_autoptr(GError) error = NULL;
	g_autofree char *spec = NULL;
	uint16_t port;
	GSocket *listener = listen_open(&address, &port, &error), *accepted;
	struct viewer *v = g_new0(struct viewer, 1);
	struct vnc_host host = { 0 };
	struct set *set;

	g_assert_no_error(error);
	spec = g_strdup_printf("127.0.0.1:%u,reverse=on", port);
	set = set_new(spec, 64, 48);
	g_socket_set_blocking(listener, TRUE);
	accepted = g_socket_accept(listener, NULL, &error);
	g_assert_no_error(error);
	v->fd = dup(g_socket_get_fd(accepted));
	g_assert_cmpint(fcntl(v->fd, F_SETFL, O_NONBLOCK), ==, 0);
	g_object_unref(accepted);
	v->in = g_byte_array_new();
	v->decoder.take = viewer_take;
	v->decoder.opaque = v;
	v->decoder.format = pixel_format_native;
	g_assert_cmpuint(viewer_start(v, 8), ==, RFB_SECURITY_NONE);
	g_assert_cmpuint(viewer_authenticate(v, NULL), ==, 0);
	g_assert_true(viewer_init(v, true));
	viewer_update(v, false);
	assert_guest_shown(set, v);
	viewer_free(v);
	listen_close(listener);
	/* Nobody is there. */
	host.displays = set->guest->registry;
	host.input = set->input;
	g_assert_null(vnc_server_create(spec, &host, &error));
	g_assert_nonnull(strstr(error->message, "reverse=on: 127.0.0.1:"));
	set_free(set);
}

static void test_pointer(void)
{
	struct set *set = set_new("none", 320, 200);
	struct viewer *v = viewer_join(set->server);
	unsigned int x, y;

	for (unsigned int i = 0; i < 400; i++) {
		unsigned int px = i * 7 % 320, py = i * 3 % 200;

		g_string_truncate(set->events, 0);
		viewer_pointer(v, 0, px, py);
		viewer_idle(v, 1);
		while (!set->events->len) {
			viewer_pump(v);
		}
		g_assert_cmpint(sscanf(set->events->str, "x%u y%u", &x, &y), ==, 2);
		g_assert_cmpuint(x * 320 / (INPUT_ABS_MAX + 1), ==, px);
		g_assert_cmpuint(y * 200 / (INPUT_ABS_MAX + 1), ==, py);
	}
	g_string_truncate(set->events, 0);
	positions_hidden = true;
	viewer_pointer(v, 1, 10, 10);
	viewer_pointer(v, 5, 10, 10);
	viewer_pointer(v, 0, 10, 10);
	expect_events(set, v, "+272 +273 -272 -273 ");
	for (unsigned int bit = 3; bit < 8; bit++) {
		viewer_pointer(v, 1u << bit, 10, 10);
		viewer_pointer(v, 0, 10, 10);
	}
	expect_events(set, v, "r8:1 r8:-1 r6:-1 r6:1 +275 -275 ");
	positions_hidden = false;
	/* Out of the screen is at its border. */
	viewer_pointer(v, 0, 65535, 65535);
	while (!set->events->len) {
		viewer_pump(v);
	}
	g_assert_cmpint(sscanf(set->events->str, "x%u y%u", &x, &y), ==, 2);
	g_assert_cmpuint(x * 320 / (INPUT_ABS_MAX + 1), ==, 319);
	viewer_free(v);
	set_free(set);
}

static void test_motion_kind(void)
{
	struct set *set = set_new("none", 320, 200);
	struct viewer *v = viewer_join(set->server);

	VIEWER_ENCODINGS(v, RFB_ENCODING_RAW, RFB_ENCODING_POINTER_MOTION);
	viewer_update(v, false);
	g_assert_cmpuint(v->motion_count, ==, 1);
	g_assert_cmpuint(v->absolute, ==, 1);
	input_handler_remove(set->input, set->events);
	input_handler_add(set->input, &mouse, set->events);
	while (v->absolute) {
		viewer_receive(v);
	}
	viewer_pointer(v, 0, 0x7fff + 5, 0x7fff - 3);
	expect_events(set, v, "r0:5 r1:-3 ");
	viewer_free(v);
	set_free(set);
}

static void test_leds(void)
{
	struct set *set = set_new("none", 64, 48);
	struct viewer *a = viewer_join(set->server), *b = viewer_join(set->server);

	VIEWER_ENCODINGS(a, RFB_ENCODING_RAW, RFB_ENCODING_LED_STATE, RFB_ENCODING_EXTENDED_KEY,
			 RFB_ENCODING_DESKTOP_NAME);
	VIEWER_ENCODINGS(b, RFB_ENCODING_RAW, RFB_ENCODING_VMWARE_LED_STATE);
	viewer_update(a, false);
	viewer_update(b, false);
	g_assert_cmpuint(a->led_count, ==, 1);
	g_assert_cmpuint(a->ext_key, ==, 1);
	/* Without having asked again. */
	input_leds_set(set->input, INPUT_LED_CAPS | INPUT_LED_NUM);
	while (!a->leds || !b->leds) {
		viewer_receive(a->leds ? b : a);
	}
	g_assert_cmpuint(a->leds, ==, 6);
	g_assert_cmpuint(b->leds, ==, 6);
	viewer_free(a);
	viewer_free(b);
	set_free(set);
}

/* ---- cursor ---- */

static void test_cursor(void)
{
	struct set *set = set_new("none", 320, 200);
	struct viewer *rich = viewer_join(set->server), *alpha = viewer_join(set->server);
	struct viewer *plain = viewer_join(set->server);
	struct cursor cursor = { .hot_x_px = 3, .hot_y_px = -1 };
	g_autofree uint32_t *screen = g_new(uint32_t, 320 * 200);
	uint64_t before;

	VIEWER_ENCODINGS(rich, RFB_ENCODING_RAW, RFB_ENCODING_RICH_CURSOR);
	VIEWER_ENCODINGS(alpha, RFB_ENCODING_RAW, RFB_ENCODING_ALPHA_CURSOR, RFB_ENCODING_RICH_CURSOR);
	viewer_update(rich, false);
	viewer_update(alpha, false);
	viewer_update(plain, false);
	g_assert_cmpuint(rich->cursors, ==, 0);
	cursor.image = fb_buffer_create_alloc(DRM_FORMAT_ARGB8888, 8, 8, NULL);
	for (unsigned int y = 0; y < 8; y++) {
		memset((uint8_t *)cursor.image->hva + y * cursor.image->info.plane[0].stride_bytes,
		       0xff, 32);
	}
	console_cursor_set(set->guest->console, &cursor);
	console_cursor_move(set->guest->console, 100, 50, true);
	while (!rich->cursor_w) {
		viewer_receive(rich);
	}
	while (!alpha->cursor_w) {
		viewer_receive(alpha);
	}
	g_assert_cmpuint(rich->cursor_w, ==, 8);
	g_assert_cmpuint(rich->cursor_x, ==, 3);
	g_assert_cmpuint(rich->cursor_y, ==, 0);
	g_assert_cmphex(alpha->cursor_first[3], ==, 0xff);
	viewer_update(plain, true);
	g_assert_cmphex(plain->decoder.screen[50 * 320 + 100] & 0xffffff, ==, 0xffffff);
	/* Where we draw it, moving it costs the pixels of both places. */
	before = plain->received;
	console_cursor_move(set->guest->console, 103, 52, true);
	viewer_update(plain, true);
	g_assert_cmpuint(plain->received - before, <, 2 * 8 * 8 * 4 + 100);
	g_assert_cmphex(plain->decoder.screen[52 * 320 + 103] & 0xffffff, ==, 0xffffff);
	guest_look(set->guest, screen);
	g_assert_cmphex(plain->decoder.screen[50 * 320 + 100] & 0xffffff, ==,
			screen[50 * 320 + 100] & 0xffffff);
	/* Where the viewer draws it, moving it costs nothing. */
	viewer_request(alpha, true);
	viewer_idle(alpha, 20);
	before = alpha->received;
	for (int i = 0; i < 1000; i++) {
		console_cursor_move(set->guest->console, i % 300 - 20, i % 180 - 20, true);
		g_main_context_iteration(NULL, FALSE);
	}
	viewer_idle(alpha, 50);
	g_assert_cmpuint(alpha->received, ==, before);
	/* And where we draw it, it leaves no trace. */
	console_cursor_move(set->guest->console, 0, 0, false);
	catch_up(set, plain);
	fb_buffer_unref(cursor.image);
	viewer_free(rich);
	viewer_free(alpha);
	viewer_free(plain);
	set_free(set);
}

/* ---- the outside ---- */

static void test_events_and_query(void)
{
	g_autofree char *path = g_strdup_printf("%s/oriel-vnc-%d", g_get_tmp_dir(), getpid());
	g_autofree char *spec = g_strdup_printf("unix:%s", path);
	struct set *set = set_new(spec, 64, 48);
	struct viewer *v = viewer_join(set->server);
	JsonNode *node = vnc_server_query(set->server);
	JsonObject *info = json_node_get_object(node), *client;

	g_assert_true(json_object_get_boolean_member(info, "enabled"));
	g_assert_cmpstr(json_object_get_string_member(info, "family"), ==, "unix");
	g_assert_cmpstr(json_object_get_string_member(info, "service"), ==, path);
	g_assert_cmpstr(json_object_get_string_member(info, "auth"), ==, "none");
	client = json_array_get_object_element(json_object_get_array_member(info, "clients"), 0);
	g_assert_cmpstr(json_object_get_string_member(client, "family"), ==, "unix");
	g_assert_false(json_object_get_boolean_member(client, "websocket"));
	json_node_unref(node);
	viewer_free(v);
	settle();
	g_assert_cmpstr(set->vnc_events->str, ==,
			"VNC_CONNECTED VNC_INITIALIZED VNC_DISCONNECTED ");
	g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	set_free(set);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_ports(void)
{
	struct set *first = set_new("127.0.0.1:5,to=600", 64, 48), *second;
	g_autofree char *spec = NULL;
	g_autoptr(GError) error = NULL;
	struct vnc_host host = { .displays = first->guest->registry, .input = first->input };
	uint64_t port = g_ascii_strtoull(first->server->address.service, NULL, 10);

	g_assert_cmpuint(port, >=, 5905);
	spec = g_strdup_printf("127.0.0.1:%" G_GUINT64_FORMAT, port - 5900);
	g_assert_null(vnc_server_create(spec, &host, &error));
	g_assert_nonnull(strstr(error->message, "in use"));
	g_free(spec);
	spec = g_strdup_printf("127.0.0.1:%" G_GUINT64_FORMAT ",to=%" G_GUINT64_FORMAT, port - 5900,
			       port - 5900 + 500);
	second = set_new(spec, 64, 48);
	g_assert_cmpuint(g_ascii_strtoull(second->server->address.service, NULL, 10), >, port);
	set_free(second);
	the_set = first;
	set_free(first);
}

static void test_options(void)
{
	static const struct { const char *spec, *message; } bad[] = {
		{ "", "address is missing" },
		{ "5901", "expected HOST:N" },
		{ ":x", "expected HOST:N" },
		{ ":70000", "expected HOST:N" },
		{ "::1:1", "needs brackets" },
		{ "unix:", "path is missing" },
		{ ":1,to=0", "to=0" },
		{ ":1,share=some", "share=some" },
		{ ":1,passwrd=on", "did you mean 'password'" },
		{ ":1,password=on,password-secret=s", "one or the other" },
		{ "none,reverse=on", "reverse=on: needs" },
		{ "host:70000,reverse=on", "expected HOST" },
		{ "host:5500,reverse=on,websocket=on", "without websocket" },
		{ ":1,key-delay-ms=5000", "key-delay-ms: at most" },
		{ ":1,sasl=on,password=on", "one or the other" },
		{ ":1,x509=/etc/pki", "tls-creds=ID" },
		{ ":1,tls-authz=a", "tls-authz: not supported yet" },
		{ "none,websocket=on", "websocket=on: there is no display number" },
		{ ":1,websocket=banana", "websocket=banana: expected" },
		{ ":1,websocket=0", "websocket=0: expected" },
		{ ":1,websocket=::1:80", "needs brackets: [::1]:80" },
		{ ":1,websocket=unix:", "a path is missing" },
		{ ":1,connections=0", "connections" },
		{ ":1,lossy=perhaps", "lossy=perhaps" },
	};
	static const char *const good[] = { "none", ":0", "[::1]:3", "localhost:1,to=9", "vnc=none",
		"unix:/tmp/a:b", ":1,share=ignore,password=on,lossy,sasl=off,non-adaptive=on",
		":1,display=vga0,head=1,connections=7,ipv4=on" };

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct vnc_options options;

		g_assert_false(vnc_options_parse(&options, bad[i].spec, &error));
		if (!strstr(error->message, bad[i].message)) {
			g_error("%s: %s", bad[i].spec, error->message);
		}
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		struct vnc_options options;

		g_assert_true(vnc_options_parse(&options, good[i], &error));
		g_assert_no_error(error);
		vnc_options_finish(&options);
	}
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "raw", "hextile", "zlib", "tight", "zrle" };

	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define ADD(name, fn) g_test_add_func("/vnc-session/" name, fn)
	ADD("each-version-gets-a-picture", test_versions);
	ADD("only-the-right-password-lets-in", test_password);
	ADD("a-password-expires", test_expiry);
	ADD("no-security-is-not-offered-where-a-password-is-asked", test_none_is_not_offered);
	ADD("a-handshake-has-a-time-limit", test_time_limit);
	ADD("wrong-bytes-close-only-that-client", test_wrong_bytes);
	for (unsigned int i = 0; i < G_N_ELEMENTS(encodings); i++) {
		g_autofree char *path = g_strdup_printf(
			"/vnc-session/%s/changes-during-updates-are-not-lost", names[i]);

		g_test_add_data_func(path, GINT_TO_POINTER(encodings[i]), test_changes);
	}
	ADD("a-small-change-costs-few-bytes", test_only_damage);
	ADD("only-the-requested-area-is-sent", test_requested_area);
	ADD("a-session-may-start-in-one-go", test_everything_at_once);
	ADD("a-slow-link-gets-no-raw-photographs", test_slow_link);
	ADD("requests-in-scraps-take-no-memory", test_scraps);
	ADD("pixel-formats-change-on-the-way", test_formats);
	ADD("a-change-after-silence-comes-at-once", test_latency);
	ADD("an-idle-viewer-has-no-timer", test_idle);
	ADD("a-new-mode-resizes-viewers", test_resize);
	ADD("a-viewer-that-can-not-resize-keeps-its-screen", test_no_resize);
	ADD("wishes-for-a-size-are-answered-and-forwarded-once", test_wishes);
	ADD("a-blank-screen-says-why", test_blank);
	ADD("consoles-come-and-go-under-a-viewer", test_no_console);
	ADD("a-stopped-viewer-disturbs-nobody", test_stopped_viewer);
	ADD("a-viewer-that-asks-nothing-makes-no-work", test_silent_viewer);
	ADD("a-hundred-viewers-leave-nothing-behind", test_come_and_go);
	ADD("the-server-ends-while-encoding", test_end_while_busy);
	ADD("share-policies-hold", test_share);
	ADD("more-connections-than-allowed-are-refused", test_connections);
	ADD("keys-arrive-and-are-released-at-the-end", test_keys);
	ADD("symbols-of-other-layouts-are-typed", test_keymap);
	ADD("lock-keys-follow-the-viewer", test_lock_keys);
	ADD("keys-may-come-with-a-pause-between", test_key_delay);
	ADD("power-buttons-are-pressed-where-that-is-allowed", test_power);
	ADD("a-viewer-is-called", test_reverse);
	ADD("the-pointer-lands-on-the-exact-pixel", test_pointer);
	ADD("relative-motion-is-agreed-on", test_motion_kind);
	ADD("leds-reach-viewers", test_leds);
	ADD("a-cursor-is-shown-to-every-viewer", test_cursor);
	ADD("events-and-query-tell-of-clients", test_events_and_query);
	ADD("a-taken-port-is-an-error-or-skipped", test_ports);
	ADD("options-are-checked", test_options);
#undef ADD
	return g_test_run();
}
