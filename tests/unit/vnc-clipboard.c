// SPDX-License-Identifier: GPL-2.0-or-later
/* VNC viewers and a guest that share a clipboard: plain cut text and the extended one. */
#include "vnc-set.h"

#include "ui/vnc/bytes.h"
#include "ui/vnc/cut-text.h"

/* ---- the guest's side ---- */

struct guest_peer {
	struct clipboard_peer peer;
	GBytes *text; /* that it has copied */
	char *got; /* what a viewer had copied; NULL: nothing yet */
	unsigned int requests;
	bool has; /* a viewer has something */
};

static void changed(struct clipboard_peer *base, bool text)
{
	((struct guest_peer *)base)->has = text;
}

static void request(struct clipboard_peer *base)
{
	struct guest_peer *peer = (struct guest_peer *)base;

	peer->requests++;
	clipboard_provide(base, peer->text);
}

static void data(struct clipboard_peer *base, GBytes *text)
{
	struct guest_peer *peer = (struct guest_peer *)base;

	g_free(peer->got);
	peer->got = text ? g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text)) :
			   g_strdup("(none)");
}

static const struct clipboard_ops ops = { .changed = changed, .request = request, .data = data };

static void copy(struct guest_peer *peer, const char *text)
{
	g_clear_pointer(&peer->text, g_bytes_unref);
	peer->text = clipboard_text_create(text, strlen(text));
	clipboard_grab(&peer->peer);
}

static void assert_paste(struct guest_peer *peer, struct viewer *v, const char *wanted)
{
	gint64 end = g_get_monotonic_time() + VIEWER_LIMIT_US;

	while (!peer->got) {
		viewer_pump(v);
		g_assert_cmpint(g_get_monotonic_time(), <, end);
	}
	g_assert_cmpstr(peer->got, ==, wanted);
	g_clear_pointer(&peer->got, g_free);
}

/* ---- the viewer's ---- */

/* The next message, which is a cut text; its body, and whether it is extended. */
static GByteArray *take_cut(struct viewer *v, bool *extended)
{
	GByteArray *body = g_byte_array_new();
	uint32_t len;

	g_assert_cmpmem(viewer_take(v, 4), 4, "\3\0\0\0", 4);
	len = take_u32(&v->decoder);
	*extended = len > INT32_MAX;
	len = *extended ? -len : len;
	g_byte_array_append(body, viewer_take(v, len), len);
	return body;
}

static void assert_plain(struct viewer *v, const char *wanted)
{
	bool extended;
	g_autoptr(GByteArray) body = take_cut(v, &extended);

	g_assert_false(extended);
	g_assert_cmpmem(body->data, body->len, wanted, strlen(wanted));
}

static struct cut_text take_extended(struct viewer *v)
{
	bool extended;
	g_autoptr(GByteArray) body = take_cut(v, &extended);
	struct cut_text cut;

	g_assert_true(extended);
	g_assert_null(cut_text_parse(body->data, body->len, &cut));
	return cut;
}

static void assert_action(struct viewer *v, uint32_t flags)
{
	g_assert_cmphex(take_extended(v).flags, ==, flags);
}

static void assert_provide(struct viewer *v, const char *wanted)
{
	struct cut_text cut = take_extended(v);
	gsize len;
	const char *text;

	g_assert_cmphex(cut.flags, ==, RFB_CLIP_PROVIDE | RFB_CLIP_TEXT);
	g_assert_nonnull(cut.text);
	text = g_bytes_get_data(cut.text, &len);
	g_assert_cmpmem(text, len, wanted, strlen(wanted));
	g_bytes_unref(cut.text);
}

/* What a server makes is what a client would, but for the first byte. */
static void send_cut(struct viewer *v, GByteArray *message)
{
	message->data[0] = RFB_CLIENT_CUT_TEXT;
	viewer_send(v, message->data, message->len);
	g_byte_array_set_size(message, 0);
}

static void send_action(struct viewer *v, uint32_t flags)
{
	g_autoptr(GByteArray) m = g_byte_array_new();

	cut_text_add_action(m, flags);
	send_cut(v, m);
}

static void send_text(struct viewer *v, bool extended, const char *text)
{
	g_autoptr(GByteArray) m = g_byte_array_new();
	g_autoptr(GBytes) bytes = clipboard_text_create(text, strlen(text));

	if (extended) {
		g_assert_true(cut_text_add_provide(m, bytes));
	} else {
		cut_text_add_plain(m, bytes);
	}
	send_cut(v, m);
}

/* ---- tests ---- */

struct bench {
	struct set *set;
	struct guest_peer guest;
	struct viewer *v;
};

static void bench_init(struct bench *b, bool extended)
{
	*b = (struct bench){ .set = set_new("none,share=ignore", 64, 48) };
	clipboard_join(b->set->clipboard, &b->guest.peer, &ops);
	b->v = viewer_join(b->set->server);
	viewer_update(b->v, false);
	if (extended) {
		struct cut_text cut;

		VIEWER_ENCODINGS(b->v, RFB_ENCODING_RAW, RFB_ENCODING_EXTENDED_CLIPBOARD);
		cut = take_extended(b->v);
		g_assert_cmphex(cut.flags, ==, RFB_CLIP_CAPS | RFB_CLIP_REQUEST | RFB_CLIP_PEEK |
				RFB_CLIP_NOTIFY | RFB_CLIP_PROVIDE | RFB_CLIP_TEXT);
		g_assert_cmpuint(cut.max_bytes, ==, CLIPBOARD_MAX_BYTES);
	}
}

static void bench_finish(struct bench *b)
{
	clipboard_leave(&b->guest.peer);
	g_clear_pointer(&b->guest.text, g_bytes_unref);
	g_free(b->guest.got);
	viewer_free(b->v);
	set_free(b->set);
}

static void wait_has(struct bench *b, bool has)
{
	gint64 end = g_get_monotonic_time() + VIEWER_LIMIT_US;

	while (b->guest.has != has) {
		viewer_pump(b->v);
		g_assert_cmpint(g_get_monotonic_time(), <, end);
	}
}

/* Until the server has heard what the viewer takes unasked. */
static void wait_max_bytes(struct bench *b, uint32_t max_bytes)
{
	const struct vnc_client *client = first_client(b->set);
	gint64 end = g_get_monotonic_time() + VIEWER_LIMIT_US;

	while (client->clipboard.max_bytes != max_bytes) {
		viewer_pump(b->v);
		g_assert_cmpint(g_get_monotonic_time(), <, end);
	}
}

static void test_plain_both_ways(void)
{
	struct bench b;
	struct viewer *late;

	bench_init(&b, false);
	copy(&b.guest, "gr\xc3\xbc\xc3\x9f \xe2\x98\x83\nzwei");
	assert_plain(b.v, "gr\xfc\xdf ?\nzwei");
	send_text(b.v, false, "back\xc3\xa9");
	wait_has(&b, true);
	g_assert_true(clipboard_request(&b.guest.peer));
	assert_paste(&b.guest, b.v, "back\xc3\xa9");
	/* One that comes later is told when it says what it understands. */
	copy(&b.guest, "again");
	assert_plain(b.v, "again");
	late = viewer_join(b.set->server);
	VIEWER_ENCODINGS(late, RFB_ENCODING_RAW);
	assert_plain(late, "again");
	g_assert_cmpuint(b.guest.requests, ==, 2);
	viewer_free(late);
	bench_finish(&b);
}

static void test_extended_from_guest(void)
{
	struct bench b;

	bench_init(&b, true);
	copy(&b.guest, "\xe2\x98\x83\nzwei");
	assert_action(b.v, RFB_CLIP_NOTIFY | RFB_CLIP_TEXT);
	g_assert_cmpuint(b.guest.requests, ==, 0); /* nobody has asked */
	send_action(b.v, RFB_CLIP_REQUEST | RFB_CLIP_TEXT);
	assert_provide(b.v, "\xe2\x98\x83\nzwei");
	send_action(b.v, RFB_CLIP_PEEK);
	assert_action(b.v, RFB_CLIP_NOTIFY | RFB_CLIP_TEXT);
	clipboard_release(&b.guest.peer);
	assert_action(b.v, RFB_CLIP_NOTIFY);
	/* There is nothing to ask for. */
	send_action(b.v, RFB_CLIP_REQUEST | RFB_CLIP_TEXT);
	send_action(b.v, RFB_CLIP_REQUEST);
	send_action(b.v, RFB_CLIP_PEEK);
	assert_action(b.v, RFB_CLIP_NOTIFY);
	bench_finish(&b);
}

static void test_extended_from_viewer(void)
{
	struct bench b;
	g_autofree char *large = g_strnfill(CLIPBOARD_MAX_BYTES, 'x');

	bench_init(&b, true);
	send_action(b.v, RFB_CLIP_NOTIFY | RFB_CLIP_TEXT);
	wait_has(&b, true);
	clipboard_request(&b.guest.peer);
	assert_action(b.v, RFB_CLIP_REQUEST | RFB_CLIP_TEXT);
	send_text(b.v, true, "asked for");
	assert_paste(&b.guest, b.v, "asked for");
	/* Unasked is a new one. */
	b.guest.has = false;
	send_text(b.v, true, large);
	wait_has(&b, true);
	clipboard_request(&b.guest.peer);
	assert_paste(&b.guest, b.v, large);
	send_action(b.v, RFB_CLIP_NOTIFY);
	wait_has(&b, false);
	g_assert_false(clipboard_request(&b.guest.peer));
	/* A viewer that goes takes its text with it. */
	send_text(b.v, true, "last");
	wait_has(&b, true);
	viewer_free(b.v);
	b.v = viewer_join(b.set->server);
	wait_has(&b, false);
	bench_finish(&b);
}

/* Viewers that can't be told, only given. */
static void test_caps(void)
{
	struct bench b;
	g_autoptr(GByteArray) m = g_byte_array_new();

	bench_init(&b, true);
	cut_text_add_action(m, RFB_CLIP_CAPS | RFB_CLIP_PROVIDE | RFB_CLIP_TEXT);
	bytes_set_u32(m->data + 4, -(uint32_t)8);
	bytes_add_u32(m, 4);
	send_cut(b.v, m);
	wait_max_bytes(&b, 4);
	copy(&b.guest, "four");
	assert_provide(b.v, "four");
	copy(&b.guest, "longer");
	viewer_idle(b.v, 50);
	g_assert_false(viewer_has_more(b.v));
	send_action(b.v, RFB_CLIP_REQUEST | RFB_CLIP_TEXT);
	assert_provide(b.v, "longer");
	bench_finish(&b);
}

static void test_bad(void)
{
	static const struct {
		uint32_t len;
		const char *body;
		size_t size;
	} bad[] = {
		{ (uint32_t)-3, "\0\0\0", 3 },
		{ (uint32_t)-4, "\0\0\0\1", 4 }, /* no action */
		{ (uint32_t)-4, "\x06\0\0\1", 4 }, /* two */
		{ (uint32_t)-4, "\1\0\0\1", 4 }, /* caps without its size */
		{ (uint32_t)-4, "\x10\0\0\1", 4 }, /* provide without a stream */
		{ (uint32_t)-12, "\x10\0\0\1garbage!", 12 },
		{ 0x80000000u, "", 0 },
		{ RFB_MAX_CUT_TEXT_BYTES + 1, "", 0 },
	};
	struct bench b;

	bench_init(&b, false);
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		uint8_t m[8] = { RFB_CLIENT_CUT_TEXT };

		bytes_set_u32(m + 4, bad[i].len);
		viewer_send(b.v, m, sizeof(m));
		viewer_send(b.v, bad[i].body, bad[i].size);
		g_assert_true(viewer_is_dropped(b.v));
		viewer_free(b.v);
		b.v = viewer_join(b.set->server);
		g_assert_false(b.guest.has);
	}
	/* Longer than a text may be, but no garbage: it is read over. */
	{
		uint8_t m[8] = { RFB_CLIENT_CUT_TEXT };
		g_autofree uint8_t *long_text = g_malloc0(RFB_MAX_CUT_TEXT_BYTES);

		bytes_set_u32(m + 4, RFB_MAX_CUT_TEXT_BYTES);
		viewer_send(b.v, m, sizeof(m));
		viewer_send(b.v, long_text, RFB_MAX_CUT_TEXT_BYTES);
		viewer_update(b.v, false);
		g_assert_false(b.guest.has);
	}
	bench_finish(&b);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/vnc-clipboard/plain-cut-text-goes-both-ways", test_plain_both_ways);
	g_test_add_func("/vnc-clipboard/a-viewer-is-told-and-asks", test_extended_from_guest);
	g_test_add_func("/vnc-clipboard/a-viewers-text-is-asked-for", test_extended_from_viewer);
	g_test_add_func("/vnc-clipboard/a-viewer-says-what-it-understands", test_caps);
	g_test_add_func("/vnc-clipboard/bad-messages-drop-the-viewer", test_bad);
	return g_test_run();
}
