/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client's side of RFB encodings, written from the specification and apart from ui/vnc, so that
 * the two can be held against each other. Anything wrong fails the test.
 */
#ifndef TESTS_UNIT_VNC_DECODE_H
#define TESTS_UNIT_VNC_DECODE_H

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <zlib.h>

#include "ui/vnc/pixel.h"
#include "ui/vnc/rfb.h"

struct decoder {
	/* @count bytes of the stream, good until the next call. */
	const uint8_t *(*take)(void *opaque, size_t count);
	void *opaque;
	/* A rectangle of an encoding that isn't here; false: nor there. May be NULL. */
	bool (*other)(struct decoder *d, unsigned int x, unsigned int y, unsigned int w, unsigned int h,
		      int32_t encoding);
	struct rfb_pixel_format format;
	uint32_t *screen; /* pixels as the format has them; after JPEG: XRGB8888 */
	uint32_t width, height;
	z_stream zlib, zrle, tight[4];
	bool zlib_on, zrle_on, tight_on[4];
	bool jpeg_seen;
	unsigned int rects;
	uint64_t pixel_bytes; /* of all rectangles with pixels, headers included */
};

static inline unsigned int take_u8(struct decoder *d)
{
	return d->take(d->opaque, 1)[0];
}

static inline unsigned int take_u16(struct decoder *d)
{
	const uint8_t *p = d->take(d->opaque, 2);

	return (unsigned int)(p[0] << 8 | p[1]);
}

static inline uint32_t take_u32(struct decoder *d)
{
	uint32_t high = take_u16(d);

	return high << 16 | take_u16(d);
}

static inline void decoder_resize(struct decoder *d, uint32_t width, uint32_t height)
{
	g_free(d->screen);
	d->screen = g_new0(uint32_t, (size_t)width * height);
	d->width = width;
	d->height = height;
}

static inline void decoder_finish(struct decoder *d)
{
	g_free(d->screen);
	if (d->zlib_on) {
		inflateEnd(&d->zlib);
	}
	if (d->zrle_on) {
		inflateEnd(&d->zrle);
	}
	for (int i = 0; i < 4; i++) {
		if (d->tight_on[i]) {
			inflateEnd(&d->tight[i]);
		}
	}
}

static inline uint32_t *pixel_at(struct decoder *d, unsigned int x, unsigned int y)
{
	g_assert_cmpuint(x, <, d->width);
	g_assert_cmpuint(y, <, d->height);
	return d->screen + (size_t)y * d->width + x;
}

static inline unsigned int format_bytes(const struct decoder *d)
{
	return d->format.bits / 8u;
}

static inline uint32_t pixel_value(const struct decoder *d, const uint8_t *p, unsigned int bytes)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < bytes; i++) {
		value |= (uint32_t)p[i] << 8 * (d->format.big_endian ? bytes - 1 - i : i);
	}
	return value;
}

static inline uint32_t format_mask(const struct rfb_pixel_format *f)
{
	return (uint32_t)f->red_max << f->red_shift | (uint32_t)f->green_max << f->green_shift |
	       (uint32_t)f->blue_max << f->blue_shift;
}

/* What pixel of the format stands for one of ours. */
static inline uint32_t format_pixel(const struct rfb_pixel_format *f, uint32_t xrgb)
{
	uint32_t r = xrgb >> 16 & 255, g = xrgb >> 8 & 255, b = xrgb & 255;

	return (r * f->red_max + 127) / 255 << f->red_shift |
	       (g * f->green_max + 127) / 255 << f->green_shift |
	       (b * f->blue_max + 127) / 255 << f->blue_shift;
}

/* A run of whole bytes out of memory; nothing may be left over in the end. */
struct memory {
	const uint8_t *data;
	size_t len;
};

static inline const uint8_t *memory_take(struct memory *memory, size_t count)
{
	const uint8_t *p = memory->data;

	g_assert_cmpuint(count, <=, memory->len);
	memory->data += count;
	memory->len -= count;
	return p;
}

static inline GByteArray *unpack(z_stream *z, bool *on, const uint8_t *data, size_t len)
{
	GByteArray *out = g_byte_array_new();
	uint8_t buffer[65536];
	int result;

	if (!*on) {
		g_assert_cmpint(inflateInit(z), ==, Z_OK);
		*on = true;
	}
	z->next_in = (Bytef *)data;
	z->avail_in = (uInt)len;
	do {
		z->next_out = buffer;
		z->avail_out = sizeof(buffer);
		result = inflate(z, Z_SYNC_FLUSH);
		g_assert_true(result == Z_OK || result == Z_BUF_ERROR);
		g_byte_array_append(out, buffer, (guint)(sizeof(buffer) - z->avail_out));
	} while (z->avail_out == 0);
	g_assert_cmpuint(z->avail_in, ==, 0);
	return out;
}

static inline void decode_raw(struct decoder *d, unsigned int x, unsigned int y, unsigned int w,
			      unsigned int h, const uint8_t *p)
{
	for (unsigned int j = 0; j < h; j++) {
		for (unsigned int i = 0; i < w; i++, p += format_bytes(d)) {
			*pixel_at(d, x + i, y + j) = pixel_value(d, p, format_bytes(d));
		}
	}
}

static inline void fill(struct decoder *d, unsigned int x, unsigned int y, unsigned int w,
			unsigned int h, uint32_t value)
{
	for (unsigned int j = 0; j < h; j++) {
		for (unsigned int i = 0; i < w; i++) {
			*pixel_at(d, x + i, y + j) = value;
		}
	}
}

static inline uint32_t take_pixel(struct decoder *d)
{
	return pixel_value(d, d->take(d->opaque, format_bytes(d)), format_bytes(d));
}

static inline void decode_hextile(struct decoder *d, unsigned int x, unsigned int y,
				  unsigned int w, unsigned int h)
{
	uint32_t background = 0, foreground = 0;
	bool have_background = false, have_foreground = false;

	for (unsigned int ty = y; ty < y + h; ty += 16) {
		for (unsigned int tx = x; tx < x + w; tx += 16) {
			unsigned int tw = MIN(16, x + w - tx), th = MIN(16, y + h - ty);
			unsigned int flags = take_u8(d), count;

			if (flags & 1) {
				decode_raw(d, tx, ty, tw, th,
					   d->take(d->opaque, (size_t)tw * th * format_bytes(d)));
				have_background = have_foreground = false;
				continue;
			}
			if (flags & 2) {
				background = take_pixel(d);
				have_background = true;
			}
			if (flags & 4) {
				foreground = take_pixel(d);
				have_foreground = true;
			}
			g_assert_true(have_background);
			fill(d, tx, ty, tw, th, background);
			count = flags & 8 ? take_u8(d) : 0;
			if (flags & 16) {
				have_foreground = false;
			}
			for (unsigned int i = 0; i < count; i++) {
				uint32_t colour = flags & 16 ? take_pixel(d) : foreground;
				unsigned int at = take_u8(d), size = take_u8(d);

				g_assert_true(flags & 16 || have_foreground);
				g_assert_cmpuint((at >> 4) + (size >> 4) + 1, <=, tw);
				g_assert_cmpuint((at & 15) + (size & 15) + 1, <=, th);
				fill(d, tx + (at >> 4), ty + (at & 15), (size >> 4) + 1,
				     (size & 15) + 1, colour);
			}
		}
	}
}

static inline uint32_t take_cpixel(struct decoder *d, struct memory *memory)
{
	uint32_t mask = format_mask(&d->format);

	if (d->format.bits == 32 && d->format.depth <= 24 && !(mask & 0xff000000)) {
		return pixel_value(d, memory_take(memory, 3), 3);
	}
	if (d->format.bits == 32 && d->format.depth <= 24 && !(mask & 0xff)) {
		return pixel_value(d, memory_take(memory, 3), 3) << 8;
	}
	return pixel_value(d, memory_take(memory, format_bytes(d)), format_bytes(d));
}

static inline void decode_zrle_tile(struct decoder *d, struct memory *m, unsigned int x,
				    unsigned int y, unsigned int w, unsigned int h)
{
	unsigned int kind = *memory_take(m, 1), colours = kind & 127;
	uint32_t palette[128];

	g_assert_true(kind <= 16 || kind == 128 || kind >= 130);
	for (unsigned int i = 0; i < colours; i++) {
		palette[i] = take_cpixel(d, m);
	}
	if (kind == 1) {
		fill(d, x, y, w, h, palette[0]);
	} else if (kind < 128) {
		unsigned int bits = colours == 0 ? 0 : colours <= 2 ? 1 : colours <= 4 ? 2 : 4;

		for (unsigned int j = 0; j < h; j++) {
			const uint8_t *row = bits ? memory_take(m, (w * bits + 7) / 8) : NULL;

			for (unsigned int i = 0; i < w; i++) {
				unsigned int index = !bits ? 0 : row[i * bits / 8] >>
					(8 - bits - i * bits % 8) & ((1u << bits) - 1);

				g_assert_true(!bits || index < colours);
				*pixel_at(d, x + i, y + j) = bits ? palette[index] :
								    take_cpixel(d, m);
			}
		}
	} else {
		for (unsigned int i = 0; i < w * h;) {
			unsigned int index = colours ? *memory_take(m, 1) : 128;
			uint32_t colour = colours ? palette[index & 127] : take_cpixel(d, m);
			unsigned int length = 1;

			g_assert_true(!colours || (index & 127) < colours);
			if (index & 128) {
				unsigned int byte;

				do {
					byte = *memory_take(m, 1);
					length += byte;
				} while (byte == 255);
			}
			for (; length > 0; length--, i++) {
				g_assert_cmpuint(i, <, w * h);
				*pixel_at(d, x + i % w, y + i / w) = colour;
			}
		}
	}
}

static inline void decode_zlib_or_zrle(struct decoder *d, unsigned int x, unsigned int y,
				       unsigned int w, unsigned int h, bool zrle)
{
	uint32_t len = take_u32(d);
	const uint8_t *packed = d->take(d->opaque, len);
	g_autoptr(GByteArray) bytes = zrle ? unpack(&d->zrle, &d->zrle_on, packed, len) :
					     unpack(&d->zlib, &d->zlib_on, packed, len);
	struct memory m = { bytes->data, bytes->len };

	if (!zrle) {
		decode_raw(d, x, y, w, h, memory_take(&m, (size_t)w * h * format_bytes(d)));
	}
	for (unsigned int ty = y; zrle && ty < y + h; ty += 64) {
		for (unsigned int tx = x; tx < x + w; tx += 64) {
			decode_zrle_tile(d, &m, tx, ty, MIN(64, x + w - tx), MIN(64, y + h - ty));
		}
	}
	g_assert_cmpuint(m.len, ==, 0);
}

static inline bool tpixel_is_rgb(const struct decoder *d)
{
	return d->format.bits == 32 && d->format.depth == 24 && d->format.red_max == 255 &&
	       d->format.green_max == 255 && d->format.blue_max == 255;
}

static inline uint32_t tpixel_value(const struct decoder *d, const uint8_t *p)
{
	if (tpixel_is_rgb(d)) {
		return (uint32_t)p[0] << d->format.red_shift |
		       (uint32_t)p[1] << d->format.green_shift |
		       (uint32_t)p[2] << d->format.blue_shift;
	}
	return pixel_value(d, p, format_bytes(d));
}

static inline size_t take_compact_length(struct decoder *d)
{
	size_t length = take_u8(d);

	if (length & 0x80) {
		length = (length & 0x7f) | (size_t)take_u8(d) << 7;
		if (length & 0x80 << 7) {
			length = (length & 0x3fff) | (size_t)take_u8(d) << 14;
		}
	}
	return length;
}

/* Into the screen as XRGB8888. */
static inline void decode_jpeg(struct decoder *d, unsigned int x, unsigned int y, unsigned int w,
			       unsigned int h)
{
	size_t len = take_compact_length(d);
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	g_autofree uint8_t *row = g_malloc((size_t)w * 4);

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, d->take(d->opaque, len), len);
	jpeg_read_header(&jpeg, TRUE);
	jpeg.out_color_space = JCS_EXT_BGRX;
	jpeg_start_decompress(&jpeg);
	g_assert_cmpuint(jpeg.output_width, ==, w);
	g_assert_cmpuint(jpeg.output_height, ==, h);
	for (unsigned int j = 0; j < h; j++) {
		JSAMPROW line = row;

		jpeg_read_scanlines(&jpeg, &line, 1);
		for (unsigned int i = 0; i < w; i++) {
			*pixel_at(d, x + i, y + j) = (uint32_t)row[i * 4 + 2] << 16 |
						     (uint32_t)row[i * 4 + 1] << 8 | row[i * 4];
		}
	}
	jpeg_finish_decompress(&jpeg);
	jpeg_destroy_decompress(&jpeg);
	d->jpeg_seen = true;
}

static inline GByteArray *take_tight_data(struct decoder *d, unsigned int stream, size_t len)
{
	GByteArray *data;

	if (len < 12) {
		data = g_byte_array_new();
		return g_byte_array_append(data, d->take(d->opaque, len), (guint)len);
	}
	{
		size_t packed = take_compact_length(d);

		data = unpack(&d->tight[stream], &d->tight_on[stream],
			      d->take(d->opaque, packed), packed);
		g_assert_cmpuint(data->len, ==, len);
		return data;
	}
}

static inline void decode_tight(struct decoder *d, unsigned int x, unsigned int y, unsigned int w,
				unsigned int h)
{
	unsigned int control = take_u8(d), stream = control >> 4 & 3, filter = 0, colours = 0;
	unsigned int tbytes = tpixel_is_rgb(d) ? 3 : format_bytes(d);
	uint32_t palette[256];
	g_autoptr(GByteArray) data = NULL;
	size_t line;

	g_assert_cmpuint(w, <=, 2048);
	g_assert_cmpuint(control & 15, ==, 0);
	if (control >> 4 == 8) {
		fill(d, x, y, w, h, tpixel_value(d, d->take(d->opaque, tbytes)));
		return;
	}
	if (control >> 4 == 9) {
		decode_jpeg(d, x, y, w, h);
		return;
	}
	g_assert_cmpuint(control >> 4, <, 8);
	if (control & 0x40) {
		filter = take_u8(d);
		g_assert_cmpuint(filter, ==, 1);
		colours = take_u8(d) + 1;
		for (unsigned int i = 0; i < colours; i++) {
			palette[i] = tpixel_value(d, d->take(d->opaque, tbytes));
		}
	}
	line = filter == 0 ? (size_t)w * tbytes : colours == 2 ? (w + 7) / 8 : w;
	data = take_tight_data(d, stream, line * h);
	for (unsigned int j = 0; j < h; j++) {
		const uint8_t *row = data->data + j * line;

		for (unsigned int i = 0; i < w; i++) {
			unsigned int index = colours == 2 ? row[i / 8] >> (7 - i % 8) & 1 : row[i];

			g_assert_true(filter == 0 || index < colours);
			*pixel_at(d, x + i, y + j) = filter == 0 ?
				tpixel_value(d, row + i * tbytes) : palette[index];
		}
	}
}

/* One rectangle with pixels, behind its header. False: the encoding is none of these. */
static inline bool decode_rect(struct decoder *d, unsigned int x, unsigned int y, unsigned int w,
			       unsigned int h, int32_t encoding)
{
	d->rects++;
	switch (encoding) {
	case RFB_ENCODING_RAW:
		decode_raw(d, x, y, w, h, d->take(d->opaque, (size_t)w * h * format_bytes(d)));
		return true;
	case RFB_ENCODING_HEXTILE:
		decode_hextile(d, x, y, w, h);
		return true;
	case RFB_ENCODING_ZLIB:
		decode_zlib_or_zrle(d, x, y, w, h, false);
		return true;
	case RFB_ENCODING_ZRLE:
		decode_zlib_or_zrle(d, x, y, w, h, true);
		return true;
	case RFB_ENCODING_TIGHT:
		decode_tight(d, x, y, w, h);
		return true;
	default:
		return d->other && d->other(d, x, y, w, h, encoding);
	}
}

#endif
