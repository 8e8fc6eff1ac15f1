// SPDX-License-Identifier: GPL-2.0-or-later
/* Open H.264: what a viewer decodes is near the guest's picture while it moves and equal when not. */
#include "log-catch.h"
#include "vnc-h264.h"
#include "vnc-photo.h"

#include "ui/h264/encoder.h"
#include "ui/vnc/bytes.h"
#include "util/error.h"

static struct h264_decoder *the_decoder; /* of the viewers of the running test */

static bool decode_other(struct decoder *d, unsigned int x, unsigned int y, unsigned int w,
			 unsigned int h, int32_t encoding)
{
	return encoding == RFB_ENCODING_OPEN_H264 && h264_decode(d, the_decoder, x, y, w, h);
}

/* A set whose server has @ops instead of looking for the module. */
static struct set *h264_set(const struct h264_ops *ops, const char *spec, uint32_t w, uint32_t h)
{
	struct set *set = set_new(spec, w, h);

	set->server->h264.looked = true;
	set->server->h264.ops = ops;
	the_decoder = h264_decoder_new();
	return set;
}

static void h264_set_free(struct set *set)
{
	set_free(set);
	h264_decoder_free(the_decoder);
}

static struct viewer *h264_viewer(struct set *set, int quality)
{
	struct viewer *v = viewer_join(set->server);

	v->decoder.other = decode_other;
	VIEWER_ENCODINGS(v, RFB_ENCODING_OPEN_H264, RFB_ENCODING_TIGHT, RFB_ENCODING_DESKTOP_SIZE,
			 QUALITY(quality));
	return v;
}

/* Moves, then stands still. */
static void play(struct set *set, struct viewer *v, unsigned int frames)
{
	double worst = 100;
	uint64_t before = the_decoder->bytes;
	unsigned int pictures = the_decoder->pictures;

	keep_moving(set);
	for (unsigned int i = 0; i < frames; i++) {
		draw_photo(set, i);
		viewer_update(v, true);
		worst = MIN(worst, quality_now(set, v));
	}
	pictures = the_decoder->pictures - pictures;
	g_test_message("%ux%u: %u pictures, %.1f dB at worst, %" G_GUINT64_FORMAT " bytes a picture",
		       v->decoder.width, v->decoder.height, pictures, worst,
		       (the_decoder->bytes - before) / MAX(pictures, 1));
	g_assert_cmpuint(pictures, ==, frames);
	g_assert_cmpfloat(worst, >, 35);
	stand_still(set, v);
	/* With the last inexact pixel the encoder goes. */
	g_assert_false(video_has_box(&first_client(set)->screen.video));
	g_assert_cmpuint(the_decoder->pictures, >=, pictures);
}

static void test_sizes(void)
{
	static const unsigned int sizes[][2] = {
		{ 320, 200 }, { 641, 359 }, { 16, 16 }, { 17, 33 }, { 98, 400 }, { 801, 50 },
	};
	GRand *rand = g_rand_new_with_seed(7);

	for (unsigned int i = 0; i < G_N_ELEMENTS(sizes) + 8; i++) {
		bool given = i < G_N_ELEMENTS(sizes);
		unsigned int w = given ? sizes[i][0] : (unsigned int)g_rand_int_range(rand, 16, 500);
		unsigned int h = given ? sizes[i][1] : (unsigned int)g_rand_int_range(rand, 16, 300);
		struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", w, h);
		struct viewer *v = h264_viewer(set, i % 2 ? 6 : 8);

		play(set, v, 6);
		g_assert_cmpuint(the_decoder->resets, ==, 1);
		viewer_free(v);
		h264_set_free(set);
	}
	g_rand_free(rand);
}

/* Too narrow for a picture. */
static void test_slivers(void)
{
	static const unsigned int sizes[][2] = { { 1, 1 }, { 15, 200 }, { 300, 7 } };

	for (unsigned int i = 0; i < G_N_ELEMENTS(sizes); i++) {
		struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", sizes[i][0], sizes[i][1]);
		struct viewer *v = h264_viewer(set, 8);

		draw_photo(set, 0);
		viewer_update(v, true);
		assert_guest_shown(set, v);
		g_assert_cmpuint(the_decoder->pictures, ==, 0);
		viewer_free(v);
		h264_set_free(set);
	}
}

/* ---- who gets it ---- */

static void test_preference(void)
{
	static const struct {
		const char *spec;
		int32_t encodings[3];
		bool h264;
	} cases[] = {
		{ "none,lossy=on", { RFB_ENCODING_OPEN_H264, RFB_ENCODING_ZRLE, QUALITY(6) }, true },
		{ "none,lossy=on", { QUALITY(6), RFB_ENCODING_OPEN_H264, RFB_ENCODING_RAW }, true },
		{ "none,lossy=on", { RFB_ENCODING_TIGHT, RFB_ENCODING_OPEN_H264, QUALITY(6) }, false },
		{ "none,lossy=on", { RFB_ENCODING_OPEN_H264, RFB_ENCODING_ZRLE, RFB_ENCODING_RAW },
		  false },
		{ "none", { RFB_ENCODING_OPEN_H264, RFB_ENCODING_ZRLE, QUALITY(6) }, false },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct set *set = h264_set(&h264_x264_ops, cases[i].spec, 200, 100);
		struct viewer *v = viewer_join(set->server);

		v->decoder.other = decode_other;
		viewer_set_encodings(v, 3, cases[i].encodings);
		draw_photo(set, i);
		viewer_update(v, false);
		g_assert_cmpint(the_decoder->pictures > 0, ==, cases[i].h264);
		viewer_free(v);
		h264_set_free(set);
	}
}

/* A key's echo is exact at once, and doesn't make the rest of the screen worse. */
static void test_small_changes(void)
{
	struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", 640, 480);
	struct viewer *v = h264_viewer(set, 6);
	unsigned int pictures;

	draw_photo(set, 1);
	viewer_update(v, false);
	stand_still(set, v);
	pictures = the_decoder->pictures;
	for (unsigned int i = 0; i < 20; i++) {
		draw_photo_box(set, i, 30 * i, 20 * i, 61, 33);
		viewer_update(v, true);
		assert_guest_shown(set, v);
	}
	g_assert_cmpuint(the_decoder->pictures, ==, pictures);
	viewer_free(v);
	h264_set_free(set);
}

/* Only what lies around the changes is ever a picture. */
static void test_part(void)
{
	struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", 800, 600);
	struct viewer *v = h264_viewer(set, 6);
	const pixman_box32_t *box = &first_client(set)->screen.video.box;

	draw_photo(set, 0);
	viewer_update(v, false);
	stand_still(set, v);
	keep_moving(set);
	for (unsigned int i = 0; i < 10; i++) {
		draw_photo_box(set, i, 130, 70, 320, 240);
		viewer_update(v, true);
		g_assert_cmpint(box->x1, ==, 128);
		g_assert_cmpint(box->y1, ==, 64);
		g_assert_cmpint(box->x2, ==, 512);
		g_assert_cmpint(box->y2, ==, 320);
		g_assert_cmpfloat(quality_now(set, v), >, 35);
	}
	g_assert_cmpuint(the_decoder->resets, ==, 2);
	/* It moves out of the box, which grows. */
	draw_photo_box(set, 0, 430, 300, 200, 200);
	viewer_update(v, true);
	g_assert_cmpint(box->x2, ==, 640);
	g_assert_cmpint(box->y2, ==, 512);
	g_assert_cmpuint(the_decoder->resets, ==, 3);
	stand_still(set, v);
	viewer_free(v);
	h264_set_free(set);
}

/* It comes to a desktop on which something plays: the rest becomes exact while that goes on. */
static void test_shrink(void)
{
	struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", 800, 600);
	struct viewer *v = h264_viewer(set, 6);
	const struct video *video = &first_client(set)->screen.video;
	gint64 end = g_get_monotonic_time() + 2 * VIEWER_LIMIT_US;
	unsigned int n = 0;

	first_client(set)->fast_link = false;
	draw_photo(set, 0);
	viewer_update(v, false);
	first_client(set)->screen.video.still_ms = 20;
	do {
		g_assert_cmpint(g_get_monotonic_time(), <, end);
		draw_photo_box(set, ++n, 128, 64, 160, 128);
		viewer_update(v, true);
	} while (pixman_region32_contains_point((pixman_region32_t *)&video->inexact, 799, 599,
						NULL));
	g_assert_cmpuint(n, >=, VIDEO_SHRINK_PICTURES - 2);
	g_assert_true(video_has_box(video));
	g_assert_cmpint(video->box.x2, <=, 320);
	stand_still(set, v);
	viewer_free(v);
	h264_set_free(set);
}

/* A viewer that asks for a part of the screen gets no more than that, and exact. */
static void test_asked_part(void)
{
	struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", 400, 300);
	struct viewer *v = h264_viewer(set, 6);

	draw_photo(set, 0);
	viewer_request_box(v, false, 10, 10, 200, 200);
	while (v->pixel_rects == 0) {
		viewer_receive(v);
	}
	g_assert_cmpuint(the_decoder->pictures, ==, 0);
	g_assert_cmphex(v->decoder.screen[300 * 400 - 1], ==, 0);
	stand_still(set, v);
	viewer_free(v);
	h264_set_free(set);
}

static void test_resize(void)
{
	struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", 320, 200);
	struct viewer *v = h264_viewer(set, 8);

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int resets;

		guest_set_mode(set->guest, DRM_FORMAT_XRGB8888, 200 + 77 * i, 333 - 41 * i, false);
		draw_photo(set, i);
		while (v->decoder.width != guest_width(set->guest)) {
			viewer_request(v, true);
			viewer_receive(v);
		}
		keep_moving(set);
		resets = the_decoder->resets;
		while (the_decoder->resets == resets) {
			viewer_update(v, true);
		}
		for (unsigned int j = 0; j < 5; j++) {
			draw_photo(set, i + j + 1);
			viewer_update(v, true);
		}
		g_assert_cmpfloat(quality_now(set, v), >, 35);
		g_assert_cmpuint(the_decoder->resets, ==, resets + 1);
		if (i % 2) {
			stand_still(set, v);
		}
	}
	viewer_free(v);
	h264_set_free(set);
}

/* It takes back that it understands H.264, with inexact pixels on its screen. */
static void test_change_of_mind(void)
{
	struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", 320, 200);
	struct viewer *v = h264_viewer(set, 6);
	unsigned int pictures;

	keep_moving(set);
	draw_photo(set, 1);
	viewer_update(v, false);
	g_assert_false(guest_is_shown(set, v));
	pictures = the_decoder->pictures;
	g_assert_cmpuint(pictures, >, 0);
	VIEWER_ENCODINGS(v, RFB_ENCODING_ZRLE);
	viewer_update(v, true);
	assert_guest_shown(set, v);
	draw_photo(set, 2);
	viewer_update(v, true);
	assert_guest_shown(set, v);
	g_assert_cmpuint(the_decoder->pictures, ==, pictures);
	viewer_free(v);
	h264_set_free(set);
}

/* Continuous updates on a slow network: refined in slices, and what is new doesn't wait for all. */
static void test_slices(void)
{
	struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", 800, 600);
	struct viewer *v = h264_viewer(set, 6);
	unsigned int rects, turns = 0;

	first_client(set)->fast_link = false;
	draw_photo(set, 1);
	viewer_update(v, false);
	rects = v->pixel_rects;
	while (v->pixel_rects == rects) {
		viewer_update(v, true);
	}
	/* A slice has come, and there are more. */
	g_assert_false(guest_is_shown(set, v));
	while (v->decoder.screen[0] != 0x123456) {
		if (turns == 0) {
			memcpy(guest_pixel(set->guest, 0, 0, 0), "\x56\x34\x12\xff", 4);
			pixman_region32_union_rect(&set->guest->damage, &set->guest->damage, 0, 0, 1,
						   1);
			guest_submit(set->guest);
		}
		g_assert_cmpuint(turns++, <, 3);
		viewer_update(v, true);
	}
	g_assert_false(guest_is_shown(set, v));
	stand_still(set, v);
	g_assert_cmpuint(v->pixel_rects, >, 10);
	viewer_free(v);
	h264_set_free(set);
}

/* ---- many, and stopped ones ---- */

static void test_many(void)
{
	struct set *set = set_new("none,lossy=on", 400, 300);
	struct h264_decoder *decoders[6];
	struct viewer *viewers[6];

	set->server->h264.looked = true;
	set->server->h264.ops = &h264_x264_ops;
	for (unsigned int i = 0; i < G_N_ELEMENTS(viewers); i++) {
		decoders[i] = h264_decoder_new();
		viewers[i] = h264_viewer(set, 3 + (int)i);
	}
	for (unsigned int n = 0; n < 10; n++) {
		draw_photo(set, n);
		for (unsigned int i = 0; i < G_N_ELEMENTS(viewers) - 1; i++) {
			the_decoder = decoders[i];
			viewer_update(viewers[i], true);
			g_assert_cmpfloat(quality_now(set, viewers[i]), >, i < 3 ? 30 : 35);
		}
		if (n == 0) {
			/* The last one asks and doesn't read. */
			viewer_request(viewers[5], false);
		}
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(viewers); i++) {
		the_decoder = decoders[i];
		catch_up(set, viewers[i]);
		g_assert_cmpuint(decoders[i]->pictures, >=, i == 5 ? 1 : 10);
		viewer_free(viewers[i]);
		h264_decoder_free(decoders[i]);
	}
	set_free(set);
}

/* Gone at any moment; its encoder too. */
static void test_come_and_go(void)
{
	struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", 320, 240);

	for (unsigned int i = 0; i < 30; i++) {
		struct viewer *v = h264_viewer(set, 5);

		draw_photo(set, i);
		if (i % 3 == 0) {
			viewer_update(v, false);
		} else {
			viewer_request(v, false);
			g_main_context_iteration(NULL, FALSE);
		}
		if (i % 3 == 1) {
			viewer_idle(v, VIDEO_STILL_MS / 10);
		}
		viewer_free(v);
		settle();
	}
	while (set->server->clients.length > 0) {
		g_main_context_iteration(NULL, FALSE);
	}
	g_assert_false(set->guest->active);
	h264_set_free(set);
}

/* ---- encoders that fail ---- */

static struct {
	enum { CREATES_NOTHING, FAILS, FAILS_LATER, SAYS_NOTHING, SAYS_GARBAGE, SAYS_TOO_MUCH } how;
	unsigned int pictures, creates, encoders;
} broken;

static struct h264_encoder *broken_create(const struct h264_settings *settings, GError **error)
{
	struct h264_encoder *encoder;

	broken.creates++;
	if (broken.how == CREATES_NOTHING) {
		error_set(error, "no such codec");
		return NULL;
	}
	encoder = h264_x264_ops.create(settings, error);
	broken.encoders += encoder != NULL;
	return encoder;
}

static bool broken_encode(struct h264_encoder *encoder, const uint32_t *pixels, size_t stride_px,
			  GByteArray *out, GError **error)
{
	broken.pictures++;
	switch (broken.how) {
	case FAILS:
		return error_set(error, "the encoder is tired");
	case FAILS_LATER:
		return broken.pictures < 6 ? h264_x264_ops.encode(encoder, pixels, stride_px, out, error) :
					     error_set(error, "the encoder is tired");
	case SAYS_GARBAGE:
		g_byte_array_append(out, (const uint8_t *)"garbage", 7);
		return true;
	case SAYS_TOO_MUCH:
		memset(bytes_extend(out, 4 << 20), 0, 4 << 20);
		return h264_x264_ops.encode(encoder, pixels, stride_px, out, error);
	default:
		return true;
	}
}

static void broken_destroy(struct h264_encoder *encoder)
{
	broken.encoders -= encoder != NULL;
	h264_x264_ops.destroy(encoder);
}

static const struct h264_ops broken_ops = {
	.create = broken_create, .encode = broken_encode, .destroy = broken_destroy,
};

static void assert_query(struct set *set, const char *encoding, const char *failure)
{
	g_autoptr(JsonObject) info = vnc_server_describe(set->server);
	JsonArray *clients = json_object_get_array_member(info, "clients");

	g_assert_cmpstr(json_object_get_string_member(json_array_get_object_element(clients, 0),
						      "x-encoding"), ==, encoding);
	if (failure) {
		g_assert_nonnull(strstr(json_object_get_string_member(info, "x-h264-failure"),
					failure));
	} else {
		g_assert_false(json_object_has_member(info, "x-h264-failure"));
	}
}

static void test_broken(void)
{
	static const char *const says[] = { "no such codec", "is tired", "is tired",
					    "can't be decoded", "can't be decoded",
					    "bytes for a small picture" };

	for (unsigned int how = 0; how < G_N_ELEMENTS(says); how++) {
		struct set *set = h264_set(&broken_ops, "none,lossy=on", 320, 200);
		struct viewer *v, *other;

		memset(&broken, 0, sizeof(broken));
		broken.how = how;
		v = h264_viewer(set, 6);
		other = h264_viewer(set, 6);
		log_start();
		for (unsigned int i = 0; i < 8; i++) {
			draw_photo(set, i);
			viewer_update(v, true);
			if (how != FAILS_LATER) {
				/* JPEG, as it came second. */
				g_assert_true(v->decoder.jpeg_seen || i == 0);
			}
			g_assert_cmpfloat(quality_now(set, v), >, 35);
		}
		assert_one_line(log_end(), says[how]);
		assert_query(set, "tight", says[how]);
		g_assert_cmpuint(broken.encoders, ==, 0);
		g_assert_cmpuint(broken.creates, <=, 2);
		/* Nobody tries again. */
		broken.creates = 0;
		viewer_update(other, false);
		g_assert_cmpfloat(quality_now(set, other), >, 35);
		g_assert_cmpuint(broken.creates, ==, 0);
		VIEWER_ENCODINGS(v, RFB_ENCODING_OPEN_H264, RFB_ENCODING_ZRLE, QUALITY(6));
		viewer_update(v, false);
		assert_guest_shown(set, v);
		viewer_free(v);
		viewer_free(other);
		h264_set_free(set);
	}
}

/* Without the module the encoding isn't chosen, and nobody is bothered. */
static void test_absent(void)
{
	struct set *set = h264_set(NULL, "none,lossy=on", 320, 200);
	g_autofree char *said = NULL;
	struct viewer *v;

	set->server->h264.looked = false;
	log_start();
	v = h264_viewer(set, 6);
	draw_photo(set, 0);
	viewer_update(v, false);
	g_assert_true(v->decoder.jpeg_seen);
	said = log_end();
	g_assert_cmpstr(said, ==, "");
	assert_query(set, "tight", NULL);
	viewer_free(v);
	h264_set_free(set);
}

static void test_query(void)
{
	struct set *set = h264_set(&h264_x264_ops, "none,lossy=on", 320, 200);
	struct viewer *v = h264_viewer(set, 6);

	viewer_update(v, false);
	assert_query(set, "h264", NULL);
	VIEWER_ENCODINGS(v, RFB_ENCODING_HEXTILE, QUALITY(6));
	viewer_update(v, false);
	assert_query(set, "hextile", NULL);
	viewer_free(v);
	h264_set_free(set);
}

/* Only with -m perf: 1080p that moves, for each effort. */
static void test_speed(void)
{
	const unsigned int w = 1920, h = 1080;
	uint32_t *pictures[4];

	for (unsigned int i = 0; i < G_N_ELEMENTS(pictures); i++) {
		GRand *rand = g_rand_new_with_seed(1);

		pictures[i] = g_new(uint32_t, w * h);
		for (unsigned int at = 0; at < w * h; at++) {
			pictures[i][at] = natural_pixel(rand, at % w + 3 * i, at / w + i);
		}
		g_rand_free(rand);
	}
	for (int effort = 0; effort < 10; effort += 3) {
		const struct h264_settings settings = { w, h, 6, effort };
		gint64 start = g_get_monotonic_time(), first, end;
		struct h264_encoder *encoder = h264_x264_ops.create(&settings, NULL);
		g_autoptr(GByteArray) out = g_byte_array_new();
		guint first_len;

		g_assert_nonnull(encoder);
		g_assert_true(h264_x264_ops.encode(encoder, pictures[0], w, out, NULL));
		first = g_get_monotonic_time();
		first_len = out->len;
		for (unsigned int i = 1; i < 9; i++) {
			g_assert_true(h264_x264_ops.encode(encoder, pictures[i % 4], w, out, NULL));
		}
		end = g_get_monotonic_time();
		g_test_message("effort %d: first %.1f ms, %u KiB; others %.1f ms, %u KiB", effort,
			       (double)(first - start) / 1e3, first_len >> 10, (double)(end - first) / 8e3,
			       (out->len - first_len) >> 13);
		h264_x264_ops.destroy(encoder);
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(pictures); i++) {
		g_free(pictures[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define ADD(name, fn) g_test_add_func("/vnc-h264/" name, fn)
	ADD("moving-is-near-and-still-is-exact-in-every-size", test_sizes);
	ADD("slivers-go-without-loss", test_slivers);
	ADD("only-who-prefers-it-and-may-have-loss-gets-it", test_preference);
	ADD("small-changes-are-exact-at-once", test_small_changes);
	ADD("a-picture-is-of-what-moves", test_part);
	ADD("what-stands-still-beside-a-video-becomes-exact", test_shrink);
	ADD("who-asks-for-a-part-gets-that", test_asked_part);
	ADD("another-size-is-another-stream", test_resize);
	ADD("who-takes-it-back-gets-exact-pixels", test_change_of_mind);
	ADD("slices-leave-room-for-what-is-new", test_slices);
	ADD("a-stopped-viewer-disturbs-no-other", test_many);
	ADD("viewers-leave-no-encoder-behind", test_come_and_go);
	ADD("a-broken-encoder-costs-no-picture", test_broken);
	ADD("without-the-module-others-are-used", test_absent);
	ADD("a-query-tells-the-encoding", test_query);
	if (g_test_perf()) {
		ADD("speed", test_speed);
	}
#undef ADD
	return g_test_run();
}
