// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <zlib.h>

#include "ui/vnc/bytes.h"
#include "ui/vnc/cut-text.h"

#define ACTIONS (RFB_CLIP_REQUEST | RFB_CLIP_PEEK | RFB_CLIP_NOTIFY | RFB_CLIP_PROVIDE)

/* ---- in ---- */

/* Exactly @len bytes of the stream. */
static bool inflate_bytes(z_stream *z, uint8_t *out, size_t len)
{
	z->next_out = out;
	z->avail_out = (uInt)len;
	while (z->avail_out > 0) {
		uInt before = z->avail_out;
		int result = inflate(z, Z_SYNC_FLUSH);

		if ((result != Z_OK && result != Z_STREAM_END) ||
		    (z->avail_out > 0 && (result == Z_STREAM_END || z->avail_out == before))) {
			return false;
		}
	}
	return true;
}

/* Text is the first format, if it is there. What it inflates to is what its size says and no more. */
static const char *inflate_text(z_stream *z, struct cut_text *cut)
{
	g_autofree uint8_t *text = NULL;
	uint8_t size_bytes[4];
	uint32_t size;

	if (!inflate_bytes(z, size_bytes, sizeof(size_bytes))) {
		return "clipboard: no size";
	}
	size = bytes_get_u32(size_bytes);
	if (size > 2 * CLIPBOARD_MAX_BYTES + 1) {
		return NULL; /* longer than any that is taken */
	}
	text = g_try_malloc(size);
	if (size > 0 && (!text || !inflate_bytes(z, text, size))) {
		return "clipboard: less than its size";
	}
	cut->text = clipboard_text_create(text, size);
	return NULL;
}

static const char *parse_provide(const uint8_t *data, size_t len, struct cut_text *cut)
{
	const char *why;
	z_stream z = { .next_in = (Bytef *)data, .avail_in = (uInt)len };

	if (!(cut->flags & RFB_CLIP_TEXT)) {
		return NULL;
	}
	if (inflateInit(&z) != Z_OK) {
		return "clipboard: no memory";
	}
	why = inflate_text(&z, cut);
	inflateEnd(&z);
	return why;
}

const char *cut_text_parse(const uint8_t *data, size_t len, struct cut_text *cut)
{
	memset(cut, 0, sizeof(*cut));
	if (len < 4) {
		return "clipboard: no flags";
	}
	cut->flags = bytes_get_u32(data);
	if (cut->flags & RFB_CLIP_CAPS) {
		if ((cut->flags & RFB_CLIP_TEXT) && len < 8) {
			return "clipboard: no size for text";
		}
		cut->max_bytes = cut->flags & RFB_CLIP_TEXT ? bytes_get_u32(data + 4) : 0;
		return NULL;
	}
	/* One action a message. */
	switch (cut->flags & ACTIONS) {
	case RFB_CLIP_PROVIDE:
		return parse_provide(data + 4, len - 4, cut);
	case RFB_CLIP_REQUEST:
	case RFB_CLIP_PEEK:
	case RFB_CLIP_NOTIFY:
		return NULL;
	default:
		return "clipboard: not one action";
	}
}

GBytes *cut_text_from_latin1(const uint8_t *data, size_t len)
{
	g_autoptr(GByteArray) utf8 = g_byte_array_new();

	for (size_t i = 0; i < len; i++) {
		if (data[i] < 0x80) {
			bytes_add_u8(utf8, data[i]);
		} else {
			bytes_add_u8(utf8, 0xc0u | data[i] >> 6);
			bytes_add_u8(utf8, 0x80u | (data[i] & 0x3f));
		}
	}
	return clipboard_text_create(utf8->data, utf8->len);
}

/* ---- out ---- */

static void add_header(GByteArray *out, uint32_t length)
{
	bytes_add_u32(out, (uint32_t)RFB_SERVER_CUT_TEXT << 24);
	bytes_add_u32(out, length);
}

void cut_text_add_caps(GByteArray *out)
{
	add_header(out, -(uint32_t)8);
	bytes_add_u32(out, RFB_CLIP_CAPS | ACTIONS | RFB_CLIP_TEXT);
	/* Also what comes without being asked for. */
	bytes_add_u32(out, CLIPBOARD_MAX_BYTES);
}

void cut_text_add_action(GByteArray *out, uint32_t flags)
{
	add_header(out, -(uint32_t)4);
	bytes_add_u32(out, flags);
}

bool cut_text_add_provide(GByteArray *out, GBytes *text)
{
	g_autoptr(GByteArray) plain = g_byte_array_new();
	g_autoptr(GByteArray) lines = clipboard_text_with_crlf(text);
	guint start = out->len;
	uLongf size;

	bytes_add_u8(lines, 0);
	bytes_add_u32(plain, lines->len);
	bytes_add(plain, lines->data, lines->len);
	size = compressBound(plain->len);
	add_header(out, 0);
	bytes_add_u32(out, RFB_CLIP_PROVIDE | RFB_CLIP_TEXT);
	if (compress2(bytes_extend(out, size), &size, plain->data, plain->len, 1) != Z_OK) {
		g_byte_array_set_size(out, start);
		return false;
	}
	g_byte_array_set_size(out, start + 12 + (guint)size);
	bytes_set_u32(out->data + start + 4, -(uint32_t)(size + 4));
	return true;
}

void cut_text_add_plain(GByteArray *out, GBytes *text)
{
	size_t len;
	const char *p = g_bytes_get_data(text, &len), *end = p + len;
	guint start = out->len;

	add_header(out, 0);
	while (p < end) {
		gunichar c = g_utf8_get_char(p);

		bytes_add_u8(out, c < 0x100 ? c : '?');
		p = g_utf8_next_char(p);
	}
	bytes_set_u32(out->data + start + 4, out->len - start - 8);
}
