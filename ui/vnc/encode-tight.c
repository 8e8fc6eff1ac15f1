// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RFB_ENCODING_TIGHT (community's rfbproto, 7.7.6): a piece is one colour, a palette, a JPEG, or
 * plain pixels through zlib. The gradient filter isn't used: it costs more time than it saves bytes
 * on screens.
 */
#include "ui/vnc/bytes.h"
#include "ui/vnc/deflater.h"
#include "ui/vnc/encode.h"
#include "ui/vnc/jpeg.h"

enum tight_control {
	TIGHT_EXPLICIT_FILTER = 4 << 4, /* ORed to stream << 4 */
	TIGHT_FILL = 8 << 4,
	TIGHT_JPEG = 9 << 4,
};

enum { TIGHT_FILTER_PALETTE = 1 };

/* One stream for each kind of data, as each has its own statistics. */
enum { STREAM_FULL, STREAM_MONO, STREAM_INDEXED };

/* Shorter data goes without zlib and without its length. */
#define MIN_TO_COMPRESS 12
/* With more colours than that JPEG looks well and is smaller. */
#define JPEG_MIN_COLOURS 96

int tight_jpeg_quality(int level)
{
	/* What comes of it is in docs/vnc.md. noVNC's level is 6, TigerVNC's 8. */
	static const int qualities[] = { 20, 30, 40, 50, 60, 70, 79, 86, 92, 98 };

	return qualities[level];
}

/* Lengths are in 7, 7 and 8 bits, lowest first. */
static void add_length(GByteArray *out, size_t length)
{
	g_assert(length < 1u << 22);
	if (length < 1u << 7) {
		bytes_add_u8(out, (unsigned int)length);
	} else if (length < 1u << 14) {
		bytes_add_u8(out, (unsigned int)(length & 0x7f) | 0x80);
		bytes_add_u8(out, (unsigned int)(length >> 7));
	} else {
		bytes_add_u8(out, (unsigned int)(length & 0x7f) | 0x80);
		bytes_add_u8(out, (unsigned int)(length >> 7 & 0x7f) | 0x80);
		bytes_add_u8(out, (unsigned int)(length >> 14));
	}
}

static bool add_compressed(struct deflater *deflater, int level, const uint8_t *data, size_t len,
			   GByteArray *out)
{
	g_autoptr(GByteArray) packed = NULL;

	if (len < MIN_TO_COMPRESS) {
		bytes_add(out, data, len);
		return true;
	}
	packed = g_byte_array_new();
	if (!deflater_begin(deflater, level, packed) ||
	    !deflater_feed(deflater, data, len, true, packed)) {
		return false;
	}
	add_length(out, packed->len);
	bytes_add(out, packed->data, packed->len);
	return true;
}

static void add_tpixels(const struct pixel_converter *converter, const uint32_t *pixels,
			size_t count, GByteArray *out)
{
	pixel_convert_tpixel(converter, bytes_extend(out, count * pixel_tpixel_bytes(converter)),
			     pixels, count);
}

/* One bit a pixel, lines padded to bytes. */
static size_t put_mono(uint8_t *bits, const struct pixel_view *view, uint32_t zero)
{
	uint8_t *p = bits;

	for (unsigned int y = 0; y < view->h; y++) {
		const uint32_t *row = pixel_view_row(view, y);

		for (unsigned int x = 0; x < view->w; x += 8, p++) {
			*p = 0;
			for (unsigned int i = 0; i < 8 && x + i < view->w; i++) {
				*p |= (uint8_t)((row[x + i] != zero) << (7 - i));
			}
		}
	}
	return (size_t)(p - bits);
}

static size_t put_indexes(uint8_t *indexes, const struct pixel_view *view,
			  const struct palette *palette)
{
	uint32_t last = palette->colours[0];
	uint8_t *p = indexes, index = 0;

	for (unsigned int y = 0; y < view->h; y++) {
		const uint32_t *row = pixel_view_row(view, y);

		for (unsigned int x = 0; x < view->w; x++) {
			if (row[x] != last) {
				last = row[x];
				index = (uint8_t)palette_index(palette, last);
			}
			*p++ = index;
		}
	}
	return (size_t)(p - indexes);
}

static bool encode_palette(struct tight *tight, const struct encode_settings *settings,
			   const struct pixel_view *view, const struct palette *palette,
			   uint8_t *scratch, GByteArray *out)
{
	unsigned int stream = palette->count == 2 ? STREAM_MONO : STREAM_INDEXED;
	size_t len;

	bytes_add_u8(out, stream << 4 | TIGHT_EXPLICIT_FILTER);
	bytes_add_u8(out, TIGHT_FILTER_PALETTE);
	bytes_add_u8(out, palette->count - 1);
	add_tpixels(&settings->converter, palette->colours, palette->count, out);
	len = palette->count == 2 ? put_mono(scratch, view, palette->colours[0])
				  : put_indexes(scratch, view, palette);
	return add_compressed(&tight->streams[stream], settings->compress_level, scratch, len, out);
}

static bool encode_full(struct tight *tight, const struct encode_settings *settings,
			const struct pixel_view *view, uint8_t *scratch, GByteArray *out)
{
	uint8_t *p = scratch;

	for (unsigned int y = 0; y < view->h; y++) {
		p = pixel_convert_tpixel(&settings->converter, p, pixel_view_row(view, y), view->w);
	}
	bytes_add_u8(out, STREAM_FULL << 4);
	return add_compressed(&tight->streams[STREAM_FULL], settings->compress_level, scratch,
			      (size_t)(p - scratch), out);
}

static bool encode_jpeg(struct tight *tight, const struct encode_settings *settings,
			const struct pixel_view *view, GByteArray *out)
{
	g_autoptr(GByteArray) picture = g_byte_array_new();

	if (!tight->jpeg) {
		tight->jpeg = jpeg_writer_create();
	}
	if (!tight->jpeg || !jpeg_write(tight->jpeg, view, settings->jpeg_quality, picture)) {
		return false;
	}
	bytes_add_u8(out, TIGHT_JPEG);
	add_length(out, picture->len);
	bytes_add(out, picture->data, picture->len);
	return true;
}

bool encode_tight(struct tight *tight, const struct encode_settings *settings,
		  const struct pixel_view *view, GByteArray *out)
{
	/* JPEG has no meaning for a client with 8 bits a pixel. */
	bool lossy = settings->jpeg_quality > 0 && settings->converter.bytes > 1;
	unsigned int area = view->w * view->h;
	/* A palette must be shorter than what it saves. */
	unsigned int max = MIN(lossy ? JPEG_MIN_COLOURS : PALETTE_MAX, MAX(2, area / 4));
	g_autofree uint8_t *scratch = NULL;
	struct palette palette;
	bool few = palette_build(&palette, view, max);

	tight->sent_jpeg = lossy && !few;
	if (few && palette.count == 1) {
		bytes_add_u8(out, TIGHT_FILL);
		add_tpixels(&settings->converter, palette.colours, 1, out);
		return true;
	}
	scratch = g_malloc((size_t)area * 4);
	if (few) {
		return encode_palette(tight, settings, view, &palette, scratch, out);
	}
	if (lossy) {
		return encode_jpeg(tight, settings, view, out);
	}
	return encode_full(tight, settings, view, scratch, out);
}
