// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "ui/vnc/parse.h"

struct result {
	ssize_t used;
	struct rfb_message message;
	const char *why;
};

static struct result parse(struct rfb_parser *parser, const void *data, size_t len)
{
	struct result result = { 0 };
	/* On the heap, so that sanitizers see a look behind the end. */
	g_autofree uint8_t *copy = g_malloc(MAX(len, 1));

	memcpy(copy, data, len);
	result.used = rfb_parse(parser, copy, len, &result.message, &result.why);
	return result;
}

static void test_versions(void)
{
	static const struct { const char *text; unsigned int version; } known[] = {
		{ "RFB 003.003\n", 3 }, { "RFB 003.007\n", 7 }, { "RFB 003.008\n", 8 },
		{ "RFB 003.005\n", 3 }, { "RFB 003.889\n", 8 },
	};
	static const char *const bad[] = { "GET / HTTP/1.1\r\n", "RFB 004.000\n", "RFB 003.0x8\n",
					   "RFB 003.008\r", "R\0B 003.008\n", "SSH-2.0-foo\n" };

	for (unsigned int i = 0; i < G_N_ELEMENTS(known); i++) {
		struct rfb_parser parser = { RFB_PHASE_VERSION };
		struct result result = parse(&parser, known[i].text, 12);

		g_assert_cmpint(result.used, ==, 12);
		g_assert_cmpint(result.message.kind, ==, RFB_MESSAGE_VERSION);
		g_assert_cmpuint(result.message.version, ==, known[i].version);
		for (size_t len = 0; len < 12; len++) {
			g_assert_cmpint(parse(&parser, known[i].text, len).used, ==, 0);
		}
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct rfb_parser parser = { RFB_PHASE_VERSION };
		struct result result = parse(&parser, bad[i], 12);

		g_assert_cmpint(result.used, ==, -EPROTO);
		g_assert_nonnull(result.why);
	}
}

/* Each message of a session, whole, and cut at each byte. */
static void test_every_cut(void)
{
	static const struct { enum rfb_kind kind; size_t len; uint8_t bytes[32]; } messages[] = {
		{ RFB_MESSAGE_PIXEL_FORMAT, 20, { 0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255,
						  16, 8, 0 } },
		{ RFB_MESSAGE_ENCODINGS, 12, { 2, 0, 0, 2, 0, 0, 0, 16, 255, 255, 255, 33 } },
		{ RFB_MESSAGE_UPDATE_REQUEST, 10, { 3, 1, 0, 1, 0, 2, 3, 0, 4, 0 } },
		{ RFB_MESSAGE_KEY, 8, { 4, 1, 0, 0, 0, 0, 0xff, 0x0d } },
		{ RFB_MESSAGE_POINTER, 6, { 5, 3, 1, 2, 3, 4 } },
		{ RFB_MESSAGE_DESKTOP_SIZE, 24, { 251, 0, 4, 0, 3, 0, 1 } },
		{ RFB_MESSAGE_EXTENDED_KEY, 12, { 255, 0, 0, 1, 0, 0, 0, 65, 0, 0, 0, 30 } },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(messages); i++) {
		struct rfb_parser parser = { RFB_PHASE_NORMAL };
		struct result result;

		for (size_t len = 0; len < messages[i].len; len++) {
			g_assert_cmpint(parse(&parser, messages[i].bytes, len).used, ==, 0);
		}
		result = parse(&parser, messages[i].bytes, messages[i].len + 5);
		g_assert_cmpint(result.used, ==, (ssize_t)messages[i].len);
		g_assert_cmpint(result.message.kind, ==, messages[i].kind);
	}
}

static void test_values(void)
{
	struct rfb_parser parser = { RFB_PHASE_NORMAL };
	static const uint8_t request[] = { 3, 1, 0, 1, 0, 2, 3, 0, 4, 0 };
	static const uint8_t key[] = { 255, 0, 0, 1, 0, 0, 0, 65, 0, 0, 0, 0xb8 };
	static const uint8_t encodings[] = { 2, 0, 0, 2, 0, 0, 0, 16, 0xff, 0xff, 0xff, 0x21 };
	struct rfb_message message;
	const char *why;

	g_assert_cmpint(rfb_parse(&parser, request, 10, &message, &why), ==, 10);
	g_assert_true(message.request.incremental);
	g_assert_cmpuint(message.request.x, ==, 1);
	g_assert_cmpuint(message.request.y, ==, 2);
	g_assert_cmpuint(message.request.w, ==, 768);
	g_assert_cmpuint(message.request.h, ==, 1024);
	g_assert_cmpint(rfb_parse(&parser, key, 12, &message, &why), ==, 12);
	g_assert_true(message.key.down);
	g_assert_cmphex(message.key.keysym, ==, 65);
	g_assert_cmphex(message.key.xt, ==, 0xb8);
	g_assert_cmpint(rfb_parse(&parser, encodings, 12, &message, &why), ==, 12);
	g_assert_cmpuint(message.encodings.count, ==, 2);
	g_assert_cmpint(rfb_encoding_at(&message, 0), ==, RFB_ENCODING_ZRLE);
	g_assert_cmpint(rfb_encoding_at(&message, 1), ==, RFB_ENCODING_DESKTOP_SIZE);
}

static void test_cut_text(void)
{
	struct rfb_parser parser = { RFB_PHASE_NORMAL };
	static const uint8_t text[] = { 6, 0, 0, 0, 0, 0, 0, 10, 'a', 'b', 'c', 'd' };
	static const uint8_t rest[] = { 'e', 'f', 'g', 'h', 'i', 'j', 5, 0, 0, 0, 0, 0 };
	static const uint8_t extended[] = { 6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 0, 0, 0, 1 };
	static const uint8_t huge[] = { 6, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff };
	static const uint8_t least[] = { 6, 0, 0, 0, 0x80, 0, 0, 0 };
	struct rfb_message message;
	const char *why;

	g_assert_cmpint(rfb_parse(&parser, text, sizeof(text), &message, &why), ==, 8);
	g_assert_cmpint(message.kind, ==, RFB_MESSAGE_CUT_TEXT);
	g_assert_cmpuint(message.cut.len, ==, 10);
	g_assert_false(message.cut.extended);
	g_assert_cmpint(rfb_parse(&parser, text + 8, 4, &message, &why), ==, 4);
	g_assert_cmpint(message.kind, ==, RFB_MESSAGE_CUT_DATA);
	g_assert_false(message.cut_data.last);
	g_assert_cmpint(rfb_parse(&parser, rest, sizeof(rest), &message, &why), ==, 6);
	g_assert_cmpmem(message.cut_data.data, message.cut_data.len, "efghij", 6);
	g_assert_true(message.cut_data.last);
	g_assert_cmpint(parse(&parser, rest + 6, 6).message.kind, ==, RFB_MESSAGE_POINTER);
	/* A negative length. */
	g_assert_cmpint(rfb_parse(&parser, extended, 8, &message, &why), ==, 8);
	g_assert_cmpuint(message.cut.len, ==, 4);
	g_assert_true(message.cut.extended);
	g_assert_cmpint(parse(&parser, extended + 8, 4).used, ==, 4);
	g_assert_cmpint(parse(&parser, huge, sizeof(huge)).used, ==, -EPROTO);
	g_assert_cmpint(parse(&parser, least, sizeof(least)).used, ==, -EPROTO);
}

static void test_limits(void)
{
	struct rfb_parser parser = { RFB_PHASE_NORMAL };
	static const uint8_t many[] = { 2, 0, 0xff, 0xff };
	uint8_t most[4 + 4 * RFB_MAX_ENCODINGS] = { 2, 0, RFB_MAX_ENCODINGS >> 8,
						RFB_MAX_ENCODINGS & 255 };
	uint8_t screens[8 + 255 * 16] = { 251, 0, 4, 0, 4, 0, 255 };

	g_assert_cmpint(parse(&parser, many, 4).used, ==, -EPROTO);
	g_assert_cmpint(parse(&parser, most, sizeof(most)).used, ==, sizeof(most));
	g_assert_cmpint(parse(&parser, screens, sizeof(screens)).used, ==, sizeof(screens));
	g_assert_cmpuint(sizeof(screens), <=, RFB_MAX_MESSAGE_BYTES);
	for (int byte = 0; byte < 256; byte++) {
		uint8_t one[2] = { (uint8_t)byte, 1 };
		struct result result = parse(&parser, one, 1);

		if (byte == 0 || (byte >= 2 && byte <= 6) || byte == 150 || byte == 248 ||
		    byte == 250 || byte == 251 || byte == 255) {
			g_assert_cmpint(result.used, ==, 0);
		} else {
			g_assert_cmpint(result.used, ==, -EPROTO);
		}
	}
	g_assert_cmpint(parse(&parser, "\xff\x01", 2).used, ==, -EPROTO);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vnc-parse/versions-are-told-apart-and-others-refused", test_versions);
	g_test_add_func("/vnc-parse/a-cut-message-waits-for-its-rest", test_every_cut);
	g_test_add_func("/vnc-parse/numbers-arrive-as-they-were-sent", test_values);
	g_test_add_func("/vnc-parse/cut-text-is-skipped-without-being-kept", test_cut_text);
	g_test_add_func("/vnc-parse/no-message-is-longer-than-the-limit", test_limits);
	return g_test_run();
}
