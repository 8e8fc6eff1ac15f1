// SPDX-License-Identifier: GPL-2.0-or-later
/* ui/clipboard with peers of the test's own, and ui/vdagent with an agent of the test's own. */
#include <string.h>

#include "chardev/spicevmc.h"
#include "ui/clipboard.h"
#include "ui/input.h"
#include "ui/console.h"
#include "ui/vdagent.h"
#include "ui/vdagent/stream.h"
#include "util/fd.h"
#include "util/opts.h"
#include <linux/input-event-codes.h>

/* ---- the clipboard ---- */

struct peer {
	struct clipboard_peer peer;
	GString *log;
	GBytes *text; /* its answer to a request, or NULL: later */
	struct peer *leaves; /* when something changes */
};

static void changed(struct clipboard_peer *base, bool text)
{
	struct peer *peer = (struct peer *)base;

	g_string_append(peer->log, text ? "text " : "none ");
	if (peer->leaves) {
		clipboard_leave(&peer->leaves->peer);
	}
}

static void request(struct clipboard_peer *base)
{
	struct peer *peer = (struct peer *)base;

	g_string_append(peer->log, "request ");
	if (peer->text) {
		clipboard_provide(base, peer->text);
	}
}

static void data(struct clipboard_peer *base, GBytes *text)
{
	struct peer *peer = (struct peer *)base;
	gsize len = 0;
	const char *bytes = text ? g_bytes_get_data(text, &len) : "NULL";

	g_string_append_printf(peer->log, "data '%.*s' ", text ? (int)len : 4, bytes);
}

static const struct clipboard_ops ops = { .changed = changed, .request = request, .data = data };

static void peer_init(struct peer *peer, struct clipboard *clipboard)
{
	*peer = (struct peer){ .log = g_string_new(NULL) };
	clipboard_join(clipboard, &peer->peer, &ops);
}

static void peer_finish(struct peer *peer)
{
	clipboard_leave(&peer->peer);
	g_clear_pointer(&peer->text, g_bytes_unref);
	g_string_free(peer->log, TRUE);
}

static void expect(GString *log, const char *wanted)
{
	g_assert_cmpstr(log->str, ==, wanted);
	g_string_truncate(log, 0);
}

static GBytes *text_of(const char *text)
{
	return clipboard_text_create(text, strlen(text));
}

static void test_peers(void)
{
	struct clipboard *clipboard = clipboard_create();
	g_autoptr(GBytes) late = text_of("late");
	struct peer a, b, c;

	peer_init(&a, clipboard);
	peer_init(&b, clipboard);
	peer_init(&c, clipboard);
	g_assert_false(clipboard_request(&b.peer));
	clipboard_grab(&a.peer);
	expect(a.log, "");
	expect(b.log, "text ");
	expect(c.log, "text ");
	g_assert_false(clipboard_has_text(&a.peer));
	/* It is asked once for both, and then never. */
	g_assert_true(clipboard_request(&b.peer));
	g_assert_true(clipboard_request(&c.peer));
	expect(a.log, "request ");
	clipboard_provide(&b.peer, late); /* isn't the owner */
	expect(c.log, "");
	clipboard_provide(&a.peer, late);
	expect(b.log, "data 'late' ");
	expect(c.log, "data 'late' ");
	g_assert_true(clipboard_request(&c.peer));
	expect(c.log, "data 'late' ");
	expect(a.log, "");
	/* Another text: what was asked of the first owner doesn't come. */
	clipboard_grab(&a.peer);
	clipboard_request(&c.peer);
	b.text = text_of("b's");
	clipboard_grab(&b.peer);
	clipboard_provide(&a.peer, late);
	expect(a.log, "request text ");
	expect(c.log, "text text ");
	clipboard_request(&c.peer);
	expect(c.log, "data 'b's' ");
	/* An owner that can't say, one that gives up, one that goes. */
	clipboard_grab(&a.peer);
	clipboard_request(&c.peer);
	clipboard_provide(&a.peer, NULL);
	expect(c.log, "text data 'NULL' ");
	clipboard_release(&b.peer);
	expect(c.log, "");
	clipboard_release(&a.peer);
	expect(c.log, "none ");
	clipboard_grab(&a.peer);
	clipboard_leave(&a.peer);
	expect(c.log, "text none ");
	peer_finish(&a);
	peer_finish(&b);
	peer_finish(&c);
	clipboard_destroy(clipboard);
}

static void test_leaving(void)
{
	struct clipboard *clipboard = clipboard_create();
	struct peer a, b, c;

	peer_init(&a, clipboard);
	peer_init(&b, clipboard);
	peer_init(&c, clipboard);
	b.leaves = &c;
	clipboard_grab(&a.peer);
	expect(b.log, "text ");
	expect(c.log, "");
	/* The owner itself, and so all of it is told again. */
	b.leaves = &a;
	clipboard_grab(&a.peer);
	expect(b.log, "text none ");
	peer_finish(&a);
	peer_finish(&b);
	peer_finish(&c);
	clipboard_destroy(clipboard);
}

static void test_texts(void)
{
	static const struct {
		const char *from, *to, *crlf;
	} texts[] = {
		{ "a\r\nb\rc\n", "a\nb\nc\n", "a\r\nb\r\nc\r\n" },
		{ "\r\r\n\n", "\n\n\n", "\r\n\r\n\r\n" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "bad \xff!", "bad \xef\xbf\xbd!", "bad \xef\xbf\xbd!" },
		{ "", "", "" },
	};
	g_autofree char *large = g_malloc(CLIPBOARD_MAX_BYTES + 1);
	g_autoptr(GBytes) most = NULL, nul = clipboard_text_create("ab\0cd", 5);

	for (unsigned int i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GBytes) text = text_of(texts[i].from);
		g_autoptr(GByteArray) crlf = clipboard_text_with_crlf(text);
		gsize len;
		const char *bytes = g_bytes_get_data(text, &len);

		g_assert_cmpmem(bytes, len, texts[i].to, strlen(texts[i].to));
		g_assert_cmpmem(crlf->data, crlf->len, texts[i].crlf, strlen(texts[i].crlf));
	}
	g_assert_cmpuint(g_bytes_get_size(nul), ==, 2);
	memset(large, 'x', CLIPBOARD_MAX_BYTES + 1);
	g_assert_null(clipboard_text_create(large, CLIPBOARD_MAX_BYTES + 1));
	most = clipboard_text_create(large, CLIPBOARD_MAX_BYTES);
	g_assert_nonnull(most);
	/* Three bytes for one that isn't UTF-8 are too much then. */
	large[5] = (char)0xff;
	g_assert_null(clipboard_text_create(large, CLIPBOARD_MAX_BYTES));
}

/* ---- the agent's host ---- */

struct rig {
	struct chardev *chardev;
	struct clipboard *clipboard;
	struct input_router *input;
	struct display_registry *displays;
	struct vdagent *vdagent;
	struct peer viewer;
	GByteArray *to_guest;
	size_t room; /* of the guest's */
	struct vdagent_stream stream;
};

static size_t can_receive(void *opaque)
{
	return ((struct rig *)opaque)->room;
}

static void receive(void *opaque, const uint8_t *bytes, size_t len)
{
	struct rig *rig = opaque;

	g_byte_array_append(rig->to_guest, bytes, (guint)len);
	rig->room -= len;
}

static const struct chardev_ops front_ops = { .can_receive = can_receive, .receive = receive };

static void rig_init(struct rig *rig)
{
	GError *error = NULL;
	struct opts *opts = opts_parse("-chardev", "qemu-vdagent,id=v,clipboard=on", "backend",
				       &error);
	struct vdagent_host host = { 0 };

	g_assert_no_error(error);
	memset(rig, 0, sizeof(*rig));
	rig->chardev = chardev_create_opts(opts, &error);
	g_assert_no_error(error);
	opts_destroy(opts);
	g_assert_true(vdagent_chardev_options(rig->chardev)->clipboard);
	g_assert_true(vdagent_chardev_options(rig->chardev)->mouse);
	g_assert_null(spicevmc_name(rig->chardev));
	rig->to_guest = g_byte_array_new();
	rig->room = 1 << 20;
	host.clipboard = rig->clipboard = clipboard_create();
	host.input = rig->input = input_router_create();
	host.displays = rig->displays = display_registry_create();
	chardev_attach(rig->chardev, &front_ops, rig);
	rig->vdagent = vdagent_create(rig->chardev, &host);
	peer_init(&rig->viewer, rig->clipboard);
}

static void rig_finish(struct rig *rig)
{
	vdagent_destroy(rig->vdagent);
	peer_finish(&rig->viewer);
	chardev_attach(rig->chardev, NULL, NULL);
	chardev_destroy(rig->chardev);
	clipboard_destroy(rig->clipboard);
	display_registry_destroy(rig->displays);
	input_router_destroy(rig->input);
	vdagent_stream_reset(&rig->stream);
	g_byte_array_unref(rig->to_guest);
	while (g_main_context_iteration(NULL, FALSE)) {
	}
}

static void pump(void)
{
	while (g_main_context_iteration(NULL, FALSE)) {
	}
}

static void agent_sends(struct rig *rig, uint32_t type, const void *head, size_t head_len,
			const void *body, size_t body_len)
{
	g_autoptr(GByteArray) out = g_byte_array_new();

	vdagent_stream_add(out, VDAGENT_PORT_CLIENT, type, head, head_len, body, body_len);
	/* The front end writes what a buffer of the guest's holds. */
	for (guint at = 0; at < out->len; at += 4096) {
		chardev_write(rig->chardev, out->data + at, MIN(4096, out->len - at));
		pump();
	}
}

/* The next message to the agent; its data is good until the next call. */
static struct vdagent_message agent_gets(struct rig *rig)
{
	struct vdagent_message message = { 0 };
	const char *why = NULL;

	pump();
	while (!message.type && rig->to_guest->len > 0) {
		ssize_t used = vdagent_stream_parse(&rig->stream, rig->to_guest->data,
						    rig->to_guest->len, &message, &why);

		g_assert_null(why);
		g_byte_array_remove_range(rig->to_guest, 0, (guint)used);
	}
	return message;
}

static const uint8_t caps[] = { 0, 0, 0, 0, 0x61, 0x04, 0, 0 }; /* mouse, demand, selection, max */
static const uint8_t text_type[] = { 0, 0, 0, 0, 1, 0, 0, 0 }; /* the clipboard's selection, UTF-8 */

static void agent_starts(struct rig *rig)
{
	struct vdagent_message message;

	chardev_set_front_open(rig->chardev, true);
	message = agent_gets(rig);
	g_assert_cmpuint(message.type, ==, VDAGENT_ANNOUNCE_CAPABILITIES);
	g_assert_cmpuint(message.size, ==, 8);
	g_assert_cmpuint(message.data[0], ==, 1);
	agent_sends(rig, VDAGENT_ANNOUNCE_CAPABILITIES, caps, sizeof(caps), NULL, 0);
	message = agent_gets(rig);
	g_assert_cmpuint(message.type, ==, VDAGENT_MAX_CLIPBOARD);
}

static void test_agent(void)
{
	struct rig rig;
	struct vdagent_message message;

	rig_init(&rig);
	agent_starts(&rig);
	/* The guest copies. */
	agent_sends(&rig, VDAGENT_CLIPBOARD_GRAB, text_type, 8, NULL, 0);
	expect(rig.viewer.log, "text ");
	clipboard_request(&rig.viewer.peer);
	message = agent_gets(&rig);
	g_assert_cmpuint(message.type, ==, VDAGENT_CLIPBOARD_REQUEST);
	g_assert_cmpmem(message.data, message.size, text_type, 8);
	agent_sends(&rig, VDAGENT_CLIPBOARD, text_type, 8, "from\r\nguest", 11);
	expect(rig.viewer.log, "data 'from\nguest' ");
	agent_sends(&rig, VDAGENT_CLIPBOARD_RELEASE, text_type, 4, NULL, 0);
	expect(rig.viewer.log, "none ");
	/* The viewer copies. */
	rig.viewer.text = text_of("from viewer");
	clipboard_grab(&rig.viewer.peer);
	message = agent_gets(&rig);
	g_assert_cmpuint(message.type, ==, VDAGENT_CLIPBOARD_GRAB);
	g_assert_cmpmem(message.data, message.size, text_type, 8);
	agent_sends(&rig, VDAGENT_CLIPBOARD_REQUEST, text_type, 8, NULL, 0);
	message = agent_gets(&rig);
	g_assert_cmpuint(message.type, ==, VDAGENT_CLIPBOARD);
	g_assert_cmpmem(message.data, message.size, "\0\0\0\0\1\0\0\0from viewer", 19);
	expect(rig.viewer.log, "request ");
	/* X's other selections aren't shared, and pictures can't be had. */
	agent_sends(&rig, VDAGENT_CLIPBOARD_GRAB, "\1\0\0\0\1\0\0\0", 8, NULL, 0);
	expect(rig.viewer.log, "");
	agent_sends(&rig, VDAGENT_CLIPBOARD_REQUEST, "\0\0\0\0\2\0\0\0", 8, NULL, 0);
	message = agent_gets(&rig);
	g_assert_cmpuint(message.type, ==, VDAGENT_CLIPBOARD);
	g_assert_cmpmem(message.data, message.size, "\0\0\0\0\0\0\0\0", 8);
	/* It ends, and the viewer's text is there when it comes again. */
	chardev_set_front_open(rig.chardev, false);
	pump();
	agent_starts(&rig);
	message = agent_gets(&rig);
	g_assert_cmpuint(message.type, ==, VDAGENT_CLIPBOARD_GRAB);
	rig_finish(&rig);
}

static void test_long_texts(void)
{
	g_autofree char *large = g_malloc(CLIPBOARD_MAX_BYTES + 1);
	g_autoptr(GBytes) most = NULL;
	struct vdagent_message message;
	struct rig rig;

	memset(large, 'x', CLIPBOARD_MAX_BYTES + 1);
	rig_init(&rig);
	agent_starts(&rig);
	agent_sends(&rig, VDAGENT_CLIPBOARD_GRAB, text_type, 8, NULL, 0);
	clipboard_request(&rig.viewer.peer);
	agent_sends(&rig, VDAGENT_CLIPBOARD, text_type, 8, large, CLIPBOARD_MAX_BYTES + 1);
	expect(rig.viewer.log, "text data 'NULL' ");
	/* And what follows is understood. */
	agent_sends(&rig, VDAGENT_CLIPBOARD_RELEASE, text_type, 4, NULL, 0);
	expect(rig.viewer.log, "none ");
	/* The longest one, to a guest that has little room. */
	g_byte_array_set_size(rig.to_guest, 0);
	rig.viewer.text = most = clipboard_text_create(large, CLIPBOARD_MAX_BYTES);
	g_bytes_ref(most);
	clipboard_grab(&rig.viewer.peer);
	agent_gets(&rig);
	rig.room = 0;
	agent_sends(&rig, VDAGENT_CLIPBOARD_REQUEST, text_type, 8, NULL, 0);
	g_assert_cmpuint(rig.to_guest->len, ==, 0);
	for (unsigned int i = 0; i < 1000; i++) {
		rig.room = 5000;
		chardev_accept_input(rig.chardev);
		pump();
	}
	message = agent_gets(&rig);
	g_assert_cmpuint(message.type, ==, VDAGENT_CLIPBOARD);
	g_assert_cmpuint(message.size, ==, CLIPBOARD_MAX_BYTES + 8);
	rig_finish(&rig);
}

static void test_bad_agent(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\7\0\0\0\0\0\0\0", 8 }, /* a port that isn't one */
		{ "\1\0\0\0\x14\0\0\0\2\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 28 },
	};
	struct rig rig;

	rig_init(&rig);
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		agent_starts(&rig);
		g_assert_true(input_is_absolute(rig.input));
		chardev_write(rig.chardev, bad[i].bytes, bad[i].len);
		pump();
		/* It is listened to no more until it begins anew. */
		g_assert_false(input_is_absolute(rig.input));
		agent_sends(&rig, VDAGENT_CLIPBOARD_GRAB, text_type, 8, NULL, 0);
		expect(rig.viewer.log, "");
		chardev_set_front_open(rig.chardev, false);
	}
	/* Messages that are too short, or never end, and a guest that reads nothing. */
	agent_starts(&rig);
	rig.room = 0;
	for (uint32_t type = 0; type < 20; type++) {
		for (size_t len = 0; len < 8; len++) {
			agent_sends(&rig, type, caps, len, NULL, 0);
		}
	}
	chardev_set_front_open(rig.chardev, false);
	rig_finish(&rig);
}

static void test_mouse(void)
{
	struct vdagent_message message;
	struct rig rig;

	rig_init(&rig);
	g_assert_false(input_is_absolute(rig.input));
	agent_starts(&rig);
	g_assert_true(input_is_absolute(rig.input));
	input_button(rig.input, BTN_LEFT, true);
	input_sync(rig.input);
	input_button(rig.input, BTN_LEFT, false);
	input_sync(rig.input);
	message = agent_gets(&rig);
	g_assert_cmpuint(message.type, ==, VDAGENT_MOUSE_STATE);
	g_assert_cmpuint(message.size, ==, 13);
	g_assert_cmpuint(vdagent_get_u32(message.data + 8), ==, VDAGENT_BUTTON_LEFT);
	message = agent_gets(&rig);
	g_assert_cmpuint(vdagent_get_u32(message.data + 8), ==, 0);
	/* Places on the way are left out. */
	for (int i = 0; i < 100; i++) {
		input_pointer(rig.input, i, i, 100, 100);
		input_sync(rig.input);
	}
	g_assert_cmpuint(agent_gets(&rig).type, ==, VDAGENT_MOUSE_STATE);
	g_assert_cmpuint(agent_gets(&rig).type, ==, 0);
	input_rel(rig.input, REL_WHEEL, -1);
	input_sync(rig.input);
	message = agent_gets(&rig);
	g_assert_cmpuint(vdagent_get_u32(message.data + 8), ==, 0);
	message = agent_gets(&rig);
	g_assert_cmpuint(vdagent_get_u32(message.data + 8), ==, VDAGENT_BUTTON_DOWN);
	message = agent_gets(&rig);
	g_assert_cmpuint(vdagent_get_u32(message.data + 8), ==, 0);
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/clipboard/the-owner-is-asked-once-and-others-are-told", test_peers);
	g_test_add_func("/clipboard/peers-leave-while-they-are-told", test_leaving);
	g_test_add_func("/clipboard/texts-are-utf-8-with-lf", test_texts);
	g_test_add_func("/vdagent/clipboard-goes-both-ways", test_agent);
	g_test_add_func("/vdagent/long-texts", test_long_texts);
	g_test_add_func("/vdagent/bad-agents-are-not-listened-to", test_bad_agent);
	g_test_add_func("/vdagent/pointer", test_mouse);
	return g_test_run();
}
