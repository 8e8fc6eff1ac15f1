// SPDX-License-Identifier: GPL-2.0-or-later
/* Every encoding, in every pixel format, decoded again by another program (vnc-decode.h). */
#include "vnc-decode.h"
#include "vnc-images.h"

#include "tests/e2e/guest/pattern.h"
#include "tests/e2e/pattern-pixel.h"

#include "ui/vnc/auth.h"
#include "ui/vnc/encode.h"
#include "ui/vnc/snapshot.h"

static const int32_t encodings[] = {
	RFB_ENCODING_RAW, RFB_ENCODING_HEXTILE, RFB_ENCODING_ZLIB, RFB_ENCODING_TIGHT,
	RFB_ENCODING_ZRLE,
};

/* What viewers ask for, and what none does. */
static const struct rfb_pixel_format formats[] = {
	{ 32, 24, false, true, 255, 255, 255, 16, 8, 0 },
	{ 32, 24, true, true, 255, 255, 255, 16, 8, 0 },
	{ 32, 24, false, true, 255, 255, 255, 0, 8, 16 },
	{ 32, 24, false, true, 255, 255, 255, 24, 16, 8 },
	{ 32, 24, true, true, 255, 255, 255, 8, 16, 24 },
	{ 32, 32, false, true, 255, 255, 255, 16, 8, 0 },
	{ 32, 30, false, true, 1023, 1023, 1023, 20, 10, 0 },
	{ 16, 16, false, true, 31, 63, 31, 11, 5, 0 },
	{ 16, 16, true, true, 31, 63, 31, 11, 5, 0 },
	{ 16, 15, false, true, 31, 31, 31, 10, 5, 0 },
	{ 8, 8, false, true, 7, 7, 3, 0, 3, 6 },
	{ 8, 3, false, true, 1, 1, 1, 2, 1, 0 },
};

static const uint8_t *take_memory(void *opaque, size_t count)
{
	return memory_take(opaque, count);
}

/* Decodes one whole update message. */
static void decode_update(struct decoder *d, GByteArray *bytes)
{
	struct memory memory = { bytes->data, bytes->len };
	unsigned int rects;

	d->take = take_memory;
	d->opaque = &memory;
	g_assert_cmpuint(take_u8(d), ==, 0);
	take_u8(d);
	rects = take_u16(d);
	for (unsigned int i = 0; i < rects; i++) {
		unsigned int x = take_u16(d), y = take_u16(d), w = take_u16(d), h = take_u16(d);

		g_assert_true(decode_rect(d, x, y, w, h, (int32_t)take_u32(d)));
	}
	g_assert_cmpuint(memory.len, ==, 0);
}

static void assert_shown(struct decoder *d, const struct encode_source *source,
			 const pixman_region32_t *region)
{
	for (unsigned int y = 0; y < d->height; y++) {
		for (unsigned int x = 0; x < d->width; x++) {
			uint32_t wanted = x < source->view.w && y < source->view.h ?
				pixel_view_row(&source->view, y)[x] : 0;

			if (!pixman_region32_contains_point((pixman_region32_t *)region, (int)x,
							    (int)y, NULL)) {
				g_assert_cmphex(*pixel_at(d, x, y), ==, 0);
			} else {
				g_assert_cmphex(*pixel_at(d, x, y) & format_mask(&d->format), ==,
						format_pixel(&d->format, wanted));
			}
		}
	}
}

static struct encode_source make_source(const uint32_t *pixels, unsigned int w, unsigned int h,
					unsigned int stride_px)
{
	return (struct encode_source){
		.view = { pixels, stride_px, w, h }, .width_px = w, .height_px = h,
	};
}

/* Two pictures on one stream, so that what is remembered between them is tested too. */
static void round_trip(int32_t encoding, const struct rfb_pixel_format *format,
		       enum image_kind kind, unsigned int w, unsigned int h, int level)
{
	struct encode_settings settings = { .encoding = encoding, .compress_level = level };
	struct encoder *encoder = encoder_create();
	struct decoder decoder = { .format = *format };
	unsigned int stride_px = w + 13;

	pixel_converter_init(&settings.converter, format);
	for (unsigned int pass = 0; pass < 2; pass++) {
		g_autofree uint32_t *pixels = image_create(kind, w, h, stride_px, pass);
		struct encode_source source = make_source(pixels, w, h, stride_px);
		struct encode_source copied = source;
		g_autoptr(GByteArray) out = g_byte_array_new();
		g_autofree uint32_t *copy = NULL;
		pixman_region32_t region;

		pixman_region32_init_rect(&region, 0, 0, w, h);
		if (pass == 1 && w > 40 && h > 40) {
			/* Odd pieces, from nowhere in the grids. */
			pixman_region32_fini(&region);
			pixman_region32_init_rect(&region, 3, 5, w - 30, 17);
			pixman_region32_union_rect(&region, &region, (int)w - 7, (int)h - 9, 7, 9);
			settings.compress_level = 9 - level;
			settings.fast_link = level > 0;
		}
		copy = pass == 1 ? snapshot_take(&copied, &region) : NULL;
		g_assert_true(encode_update(encoder, &settings, &copied, &region, out));
		decoder_resize(&decoder, w, h);
		decode_update(&decoder, out);
		assert_shown(&decoder, &source, &region);
		pixman_region32_fini(&region);
	}
	encoder_destroy(encoder);
	decoder_finish(&decoder);
}

static void test_round_trip(gconstpointer data)
{
	int32_t encoding = GPOINTER_TO_INT(data);

	for (unsigned int f = 0; f < G_N_ELEMENTS(formats); f++) {
		for (enum image_kind kind = 0; kind < IMAGE_KINDS; kind++) {
			round_trip(encoding, &formats[f], kind, 197, 131, f % 3 * 4);
		}
	}
}

static void test_sizes(gconstpointer data)
{
	static const unsigned int sizes[][2] = {
		{ 1, 1 }, { 2, 1 }, { 1, 2 }, { 3, 3 }, { 16, 16 }, { 17, 15 }, { 63, 65 },
		{ 64, 64 }, { 1, 300 }, { 300, 1 }, { 257, 256 }, { 2049, 3 }, { 5, 2050 },
		{ 520, 270 },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(sizes); i++) {
		round_trip(GPOINTER_TO_INT(data), &formats[0], IMAGE_MIXED, sizes[i][0],
			   sizes[i][1], 1);
		round_trip(GPOINTER_TO_INT(data), &formats[7], IMAGE_FEW_COLOURS, sizes[i][0],
			   sizes[i][1], 9);
	}
}

static void test_border_is_black(void)
{
	struct encode_settings settings = { .encoding = RFB_ENCODING_ZRLE, .compress_level = 1 };
	struct encoder *encoder = encoder_create();
	struct decoder decoder = { .format = formats[0] };
	g_autofree uint32_t *pixels = image_create(IMAGE_NATURAL, 70, 50, 70, 1);
	struct encode_source source = make_source(pixels, 70, 50, 70);
	g_autoptr(GByteArray) out = g_byte_array_new();
	pixman_region32_t region;

	source.width_px = 100;
	source.height_px = 90;
	pixel_converter_init(&settings.converter, &formats[0]);
	pixman_region32_init_rect(&region, 0, 0, 100, 90);
	g_assert_true(encode_update(encoder, &settings, &source, &region, out));
	decoder_resize(&decoder, 100, 90);
	decode_update(&decoder, out);
	assert_shown(&decoder, &source, &region);
	pixman_region32_fini(&region);
	encoder_destroy(encoder);
	decoder_finish(&decoder);
}

static void test_cursor_is_drawn(void)
{
	struct encode_settings settings = { .encoding = RFB_ENCODING_RAW };
	struct encoder *encoder = encoder_create();
	struct decoder decoder = { .format = formats[0] };
	g_autofree uint32_t *pixels = image_create(IMAGE_FLAT, 40, 40, 40, 1);
	struct encode_source source = make_source(pixels, 40, 40, 40);
	g_autoptr(GByteArray) out = g_byte_array_new();
	pixman_region32_t region;

	source.cursor = pixman_image_create_bits(PIXMAN_a8r8g8b8, 10, 10, NULL, 0);
	memset(pixman_image_get_data(source.cursor), 0xff, 400);
	source.cursor_x_px = -4;
	source.cursor_y_px = 35;
	pixel_converter_init(&settings.converter, &formats[0]);
	pixman_region32_init_rect(&region, 0, 0, 40, 40);
	g_assert_true(encode_update(encoder, &settings, &source, &region, out));
	decoder_resize(&decoder, 40, 40);
	decode_update(&decoder, out);
	for (unsigned int y = 0; y < 40; y++) {
		for (unsigned int x = 0; x < 40; x++) {
			g_assert_cmphex(*pixel_at(&decoder, x, y) & 0xffffff, ==,
					x < 6 && y >= 35 ? 0xffffff : 0x3a6ea5);
		}
	}
	pixman_image_unref(source.cursor);
	pixman_region32_fini(&region);
	encoder_destroy(encoder);
	decoder_finish(&decoder);
}

static void test_jpeg(void)
{
	static const struct { int quality; double psnr; } wanted[] = { { 24, 28 }, { 60, 32 },
								       { 96, 38 } };
	guint last = 0;

	for (unsigned int i = 0; i < G_N_ELEMENTS(wanted); i++) {
		struct encode_settings settings = { .encoding = RFB_ENCODING_TIGHT,
						    .jpeg_quality = wanted[i].quality };
		struct encoder *encoder = encoder_create();
		struct decoder decoder = { .format = formats[0] };
		g_autofree uint32_t *pixels = image_create(IMAGE_NATURAL, 300, 200, 300, 1);
		struct encode_source source = make_source(pixels, 300, 200, 300);
		g_autoptr(GByteArray) out = g_byte_array_new();
		pixman_region32_t region;

		pixel_converter_init(&settings.converter, &formats[0]);
		pixman_region32_init_rect(&region, 0, 0, 300, 200);
		g_assert_true(encode_update(encoder, &settings, &source, &region, out));
		decoder_resize(&decoder, 300, 200);
		decode_update(&decoder, out);
		g_assert_true(decoder.jpeg_seen);
		g_test_message("quality %d: %u bytes, %.1f dB", wanted[i].quality, out->len,
			       psnr(decoder.screen, pixels, 300 * 200));
		g_assert_cmpfloat(psnr(decoder.screen, pixels, 300 * 200), >, wanted[i].psnr);
		g_assert_cmpuint(out->len, >, last);
		last = out->len;
		pixman_region32_fini(&region);
		encoder_destroy(encoder);
		decoder_finish(&decoder);
	}
	g_assert_cmpuint(last, <, 300 * 200 * 3 / 2);
}

/* The pictures that viewers are shown in tests/e2e, and others, at the levels that noVNC and TigerVNC
 * ask for. */
static void test_jpeg_levels(void)
{
	static const struct {
		const char *name;
		double wanted[2]; /* decibels at level 6 and 8 */
	} pictures[] = {
		{ "guest's pattern", { 40, 45 } },
		{ "photograph", { 40, 40 } },
		{ "gradient", { 40, 45 } },
		/* A sixth of it is noise, which is nothing for JPEG; while it moves that's how it is. */
		{ "pattern of vnc-pattern", { 28, 35 } },
	};
	const unsigned int w = 1280, h = 720;
	g_autofree uint32_t *pixels = g_new(uint32_t, w * h);

	for (unsigned int i = 0; i < 2 * G_N_ELEMENTS(pictures); i++) {
		unsigned int kind = i / 2;
		struct encode_settings settings = {
			.encoding = RFB_ENCODING_TIGHT, .compress_level = 1,
			.jpeg_quality = tight_jpeg_quality(i % 2 ? 8 : 6),
		};
		struct encoder *encoder = encoder_create();
		struct decoder decoder = { .format = formats[0] };
		struct encode_source source = make_source(pixels, w, h, w);
		g_autoptr(GByteArray) out = g_byte_array_new();
		GRand *rand = g_rand_new_with_seed(1);
		pixman_region32_t region;

		for (unsigned int at = 0; at < w * h; at++) {
			unsigned int x = at % w, y = at / w;

			pixels[at] = 0xff000000 |
				(kind == 0 ? pattern_pixel(x, y, 7) :
				 kind == 3 ? pattern_at(rand, x, y, w, h) :
				 image_pixel(rand, kind == 1 ? IMAGE_NATURAL : IMAGE_GRADIENT, x, y));
		}
		pixel_converter_init(&settings.converter, &formats[0]);
		pixman_region32_init_rect(&region, 0, 0, w, h);
		g_assert_true(encode_update(encoder, &settings, &source, &region, out));
		decoder_resize(&decoder, w, h);
		decode_update(&decoder, out);
		g_assert_true(decoder.jpeg_seen);
		g_test_message("%s, level %d: %u KiB, %.1f dB", pictures[kind].name, i % 2 ? 8 : 6,
			       out->len >> 10, psnr(decoder.screen, pixels, w * h));
		g_assert_cmpfloat(psnr(decoder.screen, pixels, w * h), >, pictures[kind].wanted[i % 2]);
		pixman_region32_fini(&region);
		g_rand_free(rand);
		encoder_destroy(encoder);
		decoder_finish(&decoder);
	}
}

/* A fast network gets photographs raw and the rest small. */
static void test_fast_link(void)
{
	static const enum image_kind kinds[] = { IMAGE_NATURAL, IMAGE_TEXT };

	for (unsigned int e = 2; e < G_N_ELEMENTS(encodings); e++) {
		for (unsigned int i = 0; i < G_N_ELEMENTS(kinds); i++) {
			struct encode_settings settings = { .encoding = encodings[e],
							    .compress_level = 1, .fast_link = true };
			struct encoder *encoder = encoder_create();
			g_autofree uint32_t *pixels = image_create(kinds[i], 600, 400, 600, 1);
			struct encode_source source = make_source(pixels, 600, 400, 600);
			g_autoptr(GByteArray) out = g_byte_array_new();
			pixman_region32_t region;

			pixel_converter_init(&settings.converter, &formats[0]);
			pixman_region32_init_rect(&region, 0, 0, 600, 400);
			g_assert_true(encode_update(encoder, &settings, &source, &region, out));
			if (kinds[i] == IMAGE_NATURAL) {
				g_assert_cmpuint(out->len, ==, 4 + 6 * 12 + 600 * 400 * 4);
			} else {
				g_assert_cmpuint(out->len, <, 600 * 400 / 2);
			}
			pixman_region32_fini(&region);
			encoder_destroy(encoder);
		}
	}
}

/* A region of very many pieces is rounded out, and still covers everything. */
static void test_many_pieces(void)
{
	struct encode_settings settings = { .encoding = RFB_ENCODING_TIGHT, .compress_level = 1 };
	struct encoder *encoder = encoder_create();
	struct decoder decoder = { .format = formats[0] };
	g_autofree uint32_t *pixels = image_create(IMAGE_NOISE, 900, 700, 900, 1);
	struct encode_source source = make_source(pixels, 900, 700, 900);
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autofree uint32_t *copy = NULL;
	pixman_region32_t region, limited;

	pixel_converter_init(&settings.converter, &formats[0]);
	pixman_region32_init(&region);
	for (int i = 0; i < 900; i += 9) {
		for (int j = 0; j < 300; j += 9) {
			pixman_region32_union_rect(&region, &region, i, j, 2, 2);
		}
	}
	pixman_region32_init(&limited);
	pixman_region32_copy(&limited, &region);
	encode_limit_region(&limited, 900, 700);
	copy = snapshot_take(&source, &limited);
	g_assert_true(encode_update(encoder, &settings, &source, &limited, out));
	pixman_region32_fini(&limited);
	decoder_resize(&decoder, 900, 700);
	decode_update(&decoder, out);
	g_assert_cmpuint(decoder.rects, <=, 256);
	for (int i = 0; i < 900 * 700; i++) {
		if (pixman_region32_contains_point(&region, i % 900, i / 900, NULL)) {
			g_assert_cmphex(decoder.screen[i] & 0xffffff, ==, pixels[i] & 0xffffff);
		}
		/* The lower half is nobody's business. */
		g_assert_true(i < 900 * 320 || decoder.screen[i] == 0);
	}
	pixman_region32_fini(&region);
	encoder_destroy(encoder);
	decoder_finish(&decoder);
}

static void test_impossible_formats(void)
{
	static const struct rfb_pixel_format bad[] = {
		{ 0, 24, false, true, 255, 255, 255, 16, 8, 0 },
		{ 24, 24, false, true, 255, 255, 255, 16, 8, 0 },
		{ 64, 24, false, true, 255, 255, 255, 16, 8, 0 },
		{ 32, 24, false, true, 255, 255, 255, 25, 8, 0 },
		{ 32, 24, false, true, 0, 255, 255, 16, 8, 0 },
		{ 32, 24, false, true, 255, 255, 255, 255, 8, 0 },
		{ 16, 16, false, true, 31, 63, 63, 11, 5, 11 },
		{ 8, 8, false, true, 65535, 7, 3, 0, 3, 6 },
		{ 16, 16, false, false, 0, 0, 0, 0, 0, 0 },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_nonnull(pixel_format_check(&bad[i]));
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(formats); i++) {
		g_assert_null(pixel_format_check(&formats[i]));
	}
}

/* DES with the key's bits turned around; openssl des-ecb with key 0e86ceceeef64e26 agrees. */
static void test_auth(void)
{
	uint8_t challenge[16], again[16], response[16];
	static const uint8_t zeros[16], known[8] = { 0xff, 0x97, 0x50, 0x2e, 0x94, 0x22, 0xf0, 0x89 };

	vnc_auth_challenge(challenge);
	vnc_auth_challenge(again);
	g_assert_cmpint(memcmp(challenge, again, 16), !=, 0);
	vnc_auth_response("password", zeros, response);
	g_assert_cmpmem(response, 8, known, 8);
	g_assert_cmpmem(response + 8, 8, known, 8);
	vnc_auth_response("secret", challenge, response);
	g_assert_true(vnc_auth_check("secret", challenge, response));
	g_assert_false(vnc_auth_check("Secret", challenge, response));
	g_assert_false(vnc_auth_check("", challenge, response));
	g_assert_false(vnc_auth_check(NULL, challenge, response));
	g_assert_false(vnc_auth_check("secret", again, response));
	response[15] ^= 1;
	g_assert_false(vnc_auth_check("secret", challenge, response));
}

/* Only with -m perf: how fast each encoding is at 1080p. */
static void test_speed(void)
{
	static const char *const names[] = { "raw", "hextile", "zlib", "tight", "zrle", "tight+jpeg",
					     "tight, fast" };
	const unsigned int w = 1920, h = 1080;

	for (enum image_kind kind = 0; kind < IMAGE_KINDS; kind++) {
		g_autofree uint32_t *pixels = image_create(kind, w, h, w, 1);
		struct encode_source source = make_source(pixels, w, h, w);

		for (unsigned int e = 0; e < G_N_ELEMENTS(names); e++) {
			struct encode_settings settings = {
				.encoding = encodings[e < 5 ? e : 3], .compress_level = 1,
				.jpeg_quality = e == 5 ? tight_jpeg_quality(6) : 0, .fast_link = e == 6,
			};
			struct encoder *encoder = encoder_create();
			gint64 best = G_MAXINT64;
			pixman_region32_t region;
			guint len = 0;

			pixel_converter_init(&settings.converter, &formats[0]);
			pixman_region32_init_rect(&region, 0, 0, w, h);
			for (int i = 0; i < 5; i++) {
				g_autoptr(GByteArray) out = g_byte_array_new();
				gint64 start = g_get_monotonic_time();

				g_assert_true(encode_update(encoder, &settings, &source, &region,
							    out));
				best = MIN(best, g_get_monotonic_time() - start);
				len = out->len;
			}
			g_test_message("%-12s %-10s %7.2f ms %7.1f Mpx/s %8.1f KiB %5.1f %%",
				       image_names[kind], names[e], (double)best / 1e3,
				       w * h / (double)best, len / 1024.0,
				       100.0 * len / (w * h * 4.0));
			pixman_region32_fini(&region);
			encoder_destroy(encoder);
		}
	}
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "raw", "hextile", "zlib", "tight", "zrle" };

	g_test_init(&argc, &argv, NULL);
	for (unsigned int i = 0; i < G_N_ELEMENTS(encodings); i++) {
		g_autofree char *formats_path = g_strdup_printf(
			"/vnc-encode/%s/every-format-and-picture-comes-back-exact", names[i]);
		g_autofree char *sizes_path = g_strdup_printf(
			"/vnc-encode/%s/every-size-comes-back-exact", names[i]);

		g_test_add_data_func(formats_path, GINT_TO_POINTER(encodings[i]), test_round_trip);
		g_test_add_data_func(sizes_path, GINT_TO_POINTER(encodings[i]), test_sizes);
	}
	g_test_add_func("/vnc-encode/what-is-outside-of-the-picture-is-black", test_border_is_black);
	g_test_add_func("/vnc-encode/a-cursor-is-drawn-over-pixels", test_cursor_is_drawn);
	g_test_add_func("/vnc-encode/jpeg-quality-means-quality", test_jpeg);
	g_test_add_func("/vnc-encode/jpeg-at-viewers-levels-is-near", test_jpeg_levels);
	g_test_add_func("/vnc-encode/a-fast-link-gets-photographs-raw", test_fast_link);
	g_test_add_func("/vnc-encode/very-many-pieces-are-rounded-out", test_many_pieces);
	g_test_add_func("/vnc-encode/impossible-pixel-formats-are-refused", test_impossible_formats);
	g_test_add_func("/vnc-encode/a-password-is-checked", test_auth);
	if (g_test_perf()) {
		g_test_add_func("/vnc-encode/speed", test_speed);
	}
	return g_test_run();
}
