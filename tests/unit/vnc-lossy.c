// SPDX-License-Identifier: GPL-2.0-or-later
/* JPEG while it moves, and the guest's pixels when it doesn't. */
#include "vnc-photo.h"

static struct viewer *jpeg_viewer(struct set *set, int quality)
{
	struct viewer *v = viewer_join(set->server);

	VIEWER_ENCODINGS(v, RFB_ENCODING_TIGHT, RFB_ENCODING_DESKTOP_SIZE, QUALITY(quality));
	return v;
}

static void test_refined(void)
{
	struct set *set = set_new("none,lossy=on", 641, 401);
	struct viewer *v = jpeg_viewer(set, 6);

	keep_moving(set);
	for (unsigned int i = 0; i < 5; i++) {
		draw_photo(set, i);
		viewer_update(v, i > 0);
		g_assert_true(v->decoder.jpeg_seen);
		g_assert_false(guest_is_shown(set, v));
		g_assert_cmpfloat(quality_now(set, v), >, 40);
	}
	stand_still(set, v);
	g_assert_true(video_is_exact(&first_client(set)->screen.video));
	g_assert_cmpuint(first_client(set)->screen.still, ==, 0);
	viewer_free(v);
	set_free(set);
}

/* What goes on in a corner keeps nothing else from becoming exact. */
static void test_corner(void)
{
	struct set *set = set_new("none,lossy=on", 600, 400);
	struct viewer *v = jpeg_viewer(set, 6);
	const pixman_region32_t *inexact = &first_client(set)->screen.video.inexact;
	gint64 end = g_get_monotonic_time() + VIEWER_LIMIT_US;
	unsigned int n = 0;

	draw_photo(set, 0);
	viewer_update(v, false);
	first_client(set)->screen.video.still_ms = 100;
	do {
		g_assert_cmpint(g_get_monotonic_time(), <, end);
		draw_photo_box(set, ++n, 0, 0, 64, 64);
		viewer_update(v, true);
	} while (pixman_region32_contains_point((pixman_region32_t *)inexact, 599, 399, NULL));
	stand_still(set, v);
	viewer_free(v);
	set_free(set);
}

static void test_non_adaptive(void)
{
	struct set *set = set_new("none,lossy=on,non-adaptive=on", 320, 200);
	struct viewer *v = jpeg_viewer(set, 8);

	draw_photo(set, 0);
	viewer_update(v, false);
	g_assert_true(v->decoder.jpeg_seen);
	g_assert_true(video_is_exact(&first_client(set)->screen.video));
	g_assert_cmpuint(first_client(set)->screen.still, ==, 0);
	viewer_free(v);
	set_free(set);
}

/* ---- the book-keeping ---- */

static pixman_region32_t *box(pixman_region32_t *region, int x, int y, unsigned int w, unsigned int h)
{
	pixman_region32_fini(region);
	pixman_region32_init_rect(region, x, y, w, h);
	return region;
}

static void test_generations(void)
{
	const int64_t ms = 1000000;
	struct video video = { 0 };
	pixman_region32_t region, all;

	pixman_region32_init(&region);
	pixman_region32_init_rect(&all, 0, 0, 100, 100);
	video_init(&video);
	video_sent_lossy(&video, box(&region, 0, 0, 50, 50), 0);
	g_assert_false(video_look(&video, (VIDEO_STILL_MS - 1) * ms));
	g_assert_false(video_look(&video, VIDEO_STILL_MS * ms));
	g_assert_false(video_has_slice(&video, &all));
	/* It was sent again, in part. */
	video_sent_lossy(&video, box(&region, 0, 0, 10, 50), (VIDEO_STILL_MS + 1) * ms);
	g_assert_false(video_look(&video, (2 * VIDEO_STILL_MS + 1) * ms));
	pixman_region32_clear(&region);
	video_add_slice(&video, &all, 400, &region);
	g_assert_cmpint(pixman_region32_extents(&region)->x1, ==, 10);
	g_assert_cmpint(pixman_region32_extents(&region)->x2, ==, 50);
	g_assert_cmpint(pixman_region32_extents(&region)->y2, ==, 10);
	g_assert_true(video_look(&video, (3 * VIDEO_STILL_MS + 1) * ms));
	video_sent_exact(&video, box(&region, 0, 0, 50, 50));
	g_assert_true(video_is_exact(&video));
	g_assert_false(video_has_slice(&video, &all));
	video_finish(&video);
	pixman_region32_fini(&region);
	pixman_region32_fini(&all);
}

static bool plan(struct video *video, unsigned int screen_w, unsigned int screen_h, int x, int y,
		 unsigned int w, unsigned int h)
{
	pixman_region32_t region, all;
	bool planned;

	pixman_region32_init_rect(&region, x, y, w, h);
	pixman_region32_init_rect(&all, 0, 0, screen_w, screen_h);
	planned = video_plan(video, &region, &all, screen_w, screen_h);
	pixman_region32_fini(&region);
	pixman_region32_fini(&all);
	return planned;
}

static void assert_box(const struct video *video, int x1, int y1, int x2, int y2)
{
	g_assert_cmpint(video->box.x1, ==, x1);
	g_assert_cmpint(video->box.y1, ==, y1);
	g_assert_cmpint(video->box.x2, ==, x2);
	g_assert_cmpint(video->box.y2, ==, y2);
}

static void test_plans(void)
{
	struct video video = { 0 };

	video_init(&video);
	g_assert_false(plan(&video, 1920, 1080, 100, 100, 128, 127));
	g_assert_false(video_has_box(&video));
	g_assert_true(plan(&video, 1920, 1080, 100, 100, 128, 128));
	assert_box(&video, 64, 64, 256, 256);
	g_assert_true(plan(&video, 1920, 1080, 64, 64, 192, 100));
	assert_box(&video, 64, 64, 256, 256);
	g_assert_true(plan(&video, 1919, 1079, 1500, 1000, 419, 79));
	assert_box(&video, 64, 64, 1918, 1078);
	/* A second later it's only a part that moves. */
	for (unsigned int i = 3; i < 2 * VIDEO_SHRINK_PICTURES - 1; i++) {
		g_assert_true(plan(&video, 1920, 1080, 128 + i, 128, 640, 480));
	}
	g_assert_cmpint(video.box.x1, ==, 64);
	g_assert_true(plan(&video, 1920, 1080, 128, 128, 640, 480));
	assert_box(&video, 128, 128, 832, 640);
	video_reset(&video);
	/* Only an odd last column. */
	g_assert_false(plan(&video, 65, 4000, 64, 0, 1, 4000));
	/* Larger than any decoder takes. */
	g_assert_false(plan(&video, 16384, 16384, 0, 0, 16384, 16384));
	g_assert_false(plan(&video, 4098, 100, 0, 0, 4098, 100));
	g_assert_false(video_has_box(&video));
	g_assert_true(plan(&video, 4096, 2304, 0, 0, 4096, 2304));
	video_finish(&video);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define ADD(name, fn) g_test_add_func("/vnc-lossy/" name, fn)
	ADD("jpeg-is-refined-when-the-picture-stands-still", test_refined);
	ADD("a-corner-that-moves-keeps-nothing-from-becoming-exact", test_corner);
	ADD("non-adaptive-stays-lossy", test_non_adaptive);
	ADD("what-is-sent-again-waits-again", test_generations);
	ADD("a-picture-is-of-large-changes-and-fits-decoders", test_plans);
#undef ADD
	return g_test_run();
}
