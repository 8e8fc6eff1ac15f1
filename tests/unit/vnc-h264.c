// SPDX-License-Identifier: GPL-2.0-or-later
/* Open H.264: what a viewer decodes is near the guest's picture while it moves and equal when not. */
#include "vnc-h264.h"
#include "vnc-images.h"
#include "vnc-set.h"

#include "ui/h264/encoder.h"
#include "util/error.h"

#define QUALITY(level) (RFB_ENCODING_QUALITY_0 + (level))

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

static struct vnc_client *first_client(struct set *set)
{
	return set->server->clients.head->data;
}

/* A photograph in a box of the guest's screen, at another place for each @number. */
static void draw_photo_box(struct set *set, unsigned int number, unsigned int x0, unsigned int y0,
			   unsigned int w, unsigned int h)
{
	struct guest *guest = set->guest;
	GRand *rand = g_rand_new_with_seed(1);

	for (unsigned int y = y0; y < y0 + h; y++) {
		for (unsigned int x = x0; x < x0 + w; x++) {
			uint32_t pixel = 0xff000000 | natural_pixel(rand, x + 3 * number, y + number);

			memcpy(guest_pixel(guest, 0, x, y), &pixel, 4);
		}
	}
	pixman_region32_union_rect(&guest->damage, &guest->damage, (int)x0, (int)y0, w, h);
	guest_submit(guest);
	g_rand_free(rand);
}

static void draw_photo(struct set *set, unsigned int number)
{
	draw_photo_box(set, number, 0, 0, guest_width(set->guest), guest_height(set->guest));
}

static double quality_now(struct set *set, struct viewer *v)
{
	size_t area = (size_t)guest_width(set->guest) * guest_height(set->guest);
	g_autofree uint32_t *screen = g_new(uint32_t, area);

	guest_look(set->guest, screen);
	return psnr(v->decoder.screen, screen, area);
}

/* Moves, then stands still. */
static void play(struct set *set, struct viewer *v, unsigned int frames)
{
	double worst = 100;
	uint64_t before = the_decoder->bytes;
	unsigned int pictures = the_decoder->pictures;

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
	catch_up(set, v);
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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define ADD(name, fn) g_test_add_func("/vnc-h264/" name, fn)
	ADD("moving-is-near-and-still-is-exact-in-every-size", test_sizes);
	ADD("slivers-go-without-loss", test_slivers);
#undef ADD
	return g_test_run();
}
