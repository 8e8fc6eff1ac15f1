// SPDX-License-Identifier: GPL-2.0-or-later
/* Damage: exact where it is compared, never lost however viewers and buffers come and go. */
#include "ui-guest.h"
#include "../../ui/reader.h"

static const uint32_t fourccs[] = {
	DRM_FORMAT_XRGB8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_BGRX8888, DRM_FORMAT_RGB888,
	DRM_FORMAT_RGB565, DRM_FORMAT_XRGB2101010, DRM_FORMAT_ARGB8888,
};

/* Bounding box of what differs in each tile, worked out the slow way. */
static void oracle(pixman_region32_t *region, const uint32_t *before, const uint32_t *after,
		   int width, int height)
{
	for (int ty = 0; ty < height; ty += READER_TILE_H) {
		for (int tx = 0; tx < width; tx += READER_TILE_W) {
			int x1 = width, y1 = height, x2 = 0, y2 = 0;

			for (int y = ty; y < MIN(ty + READER_TILE_H, height); y++) {
				for (int x = tx; x < MIN(tx + READER_TILE_W, width); x++) {
					if (before[y * width + x] != after[y * width + x]) {
						x1 = MIN(x1, x);
						x2 = MAX(x2, x + 1);
						y1 = MIN(y1, y);
						y2 = MAX(y2, y + 1);
					}
				}
			}
			if (x2) {
				pixman_region32_union_rect(region, region, x1, y1,
							   (unsigned int)(x2 - x1),
							   (unsigned int)(y2 - y1));
			}
		}
	}
}

/* Frees @guest. */
static void exact_rounds(struct guest *guest, bool told)
{
	struct capture *capture = capture_create(guest->console, SINK_CPU);
	unsigned int n = guest_width(guest) * guest_height(guest);
	uint32_t *before = g_new(uint32_t, n), *after = g_new(uint32_t, n);

	guest->tells_damage = told;
	capture_set_wanted(capture, true);
	settle();
	assert_same_picture(guest, capture->image);
	for (int round = 0; round < 12; round++) {
		unsigned int presents = capture->presents;
		pixman_region32_t want;

		guest_look(guest, before);
		for (int i = g_rand_int_range(guest->rand, 0, 4); i > 0; i--) {
			guest_draw_random(guest, guest->shown);
		}
		if (round % 3 == 0) {
			guest_draw(guest, guest->shown, guest_width(guest) - 1,
				   guest_height(guest) - 1, 1, 1);
		}
		guest_look(guest, after);
		guest_submit(guest);
		pixman_region32_init(&want);
		oracle(&want, before, after, (int)guest_width(guest), (int)guest_height(guest));
		if (pixman_region32_not_empty(&want)) {
			g_assert_true(pixman_region32_equal(&want, &capture->damage));
		} else {
			g_assert_cmpuint(capture->presents, ==, presents);
		}
		pixman_region32_fini(&want);
		assert_same_picture(guest, capture->image);
	}
	g_free(before);
	g_free(after);
	capture_destroy(capture);
	guest_free(guest);
}

static void exact_one(uint32_t fourcc, unsigned int width, unsigned int height, bool bottom,
		      bool told)
{
	struct guest *guest = guest_new(fourcc, width, height);

	guest_set_mode(guest, fourcc, width, height, bottom);
	if (width > 4 && height > 4) {
		guest->source = (pixman_box32_t){ 1, 2, (int32_t)width - 1, (int32_t)height - 1 };
	}
	exact_rounds(guest, told);
}

static void test_exact(void)
{
	static const unsigned int sizes[][2] = { { 1, 1 }, { 3, 40 }, { 64, 16 }, { 65, 17 },
						 { 200, 100 }, { 257, 33 } };

	for (size_t f = 0; f < G_N_ELEMENTS(fourccs); f++) {
		for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
			exact_one(fourccs[f], sizes[s][0], sizes[s][1], f & 1, s & 1);
			exact_one(fourccs[f], sizes[s][0], sizes[s][1], !(f & 1), !(s & 1));
		}
	}
}

static void test_exact_layouts(void)
{
	for (unsigned int i = 0; i < 60; i++) {
		struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 1, 1 + i);

		guest_set_random_layout(guest, 200, 100);
		exact_rounds(guest, i & 1);
	}
}

/* The padding byte is nobody's pixel. */
static void test_padding(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 16);
	struct capture *capture = capture_create(guest->console, SINK_CPU);

	capture_set_wanted(capture, true);
	settle();
	guest->tells_damage = false;
	guest_pixel(guest, 0, 7, 7)[3] = 0x55;
	guest_submit(guest);
	g_assert_cmpuint(capture->presents, ==, 1);
	capture_destroy(capture);
	guest_free(guest);
}

static void hint_one(struct guest *guest)
{
	struct capture *capture = capture_create(guest->console, SINK_CPU);

	capture_set_wanted(capture, true);
	settle();
	guest_draw(guest, 0, 200, 40, 1, 1);
	pixman_region32_clear(&guest->damage);
	guest_draw(guest, 0, 3, 3, 1, 1);
	guest_submit(guest);
	g_assert_cmpuint(capture->presents, ==, 2);
	g_assert_cmpint(pixman_region32_extents(&capture->damage)->x2, ==, 4);
	capture_destroy(capture);
	guest_free(guest);
}

/* Outside of the hint (rounded to tiles) nothing is looked at. */
static void test_hint(void)
{
	hint_one(guest_new(DRM_FORMAT_XRGB8888, 256, 64));
}

/* The hint is where it is on the screen. */
static void test_hint_layouts(void)
{
	static const uint64_t modifiers[] = { 0, I915_FORMAT_MOD_X_TILED, I915_FORMAT_MOD_Y_TILED,
					      I915_FORMAT_MOD_Yf_TILED };

	for (unsigned int i = 0; i < 16; i++) {
		struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 1, 1);
		struct fb_info info = { .fourcc = DRM_FORMAT_XRGB8888,
					.modifier = modifiers[i % 4],
					.rotation = i / 4 * 90,
					.plane = { { 0, 2048 } } };
		pixman_box32_t source = { 21, 9, 277, 73 };

		if (info.rotation % 180) {
			source = (pixman_box32_t){ 21, 9, 85, 265 };
		}
		guest_set_layout(guest, &info, &source);
		hint_one(guest);
	}
}

/* ---- the long random run ---- */

#define VIEWERS 4

struct releaser {
	GAsyncQueue *frames;
	GThread *thread;
};

/* An encoder: reads the whole frame, and finds it unchanged by the end. */
static void *release_frames(void *opaque)
{
	struct releaser *releaser = opaque;
	struct frame *frame;

	while ((frame = g_async_queue_pop(releaser->frames)) != (void *)releaser) {
		size_t size = frame->buffer->info.size_bytes;
		uint32_t sums[2];

		for (int i = 0; i < 2; i++) {
			sums[i] = g_str_hash("");
			for (size_t at = 0; at < size; at += 4) {
				sums[i] = sums[i] * 31 +
					  *(uint32_t *)((uint8_t *)frame->buffer->hva + at);
			}
			g_thread_yield();
		}
		g_assert_cmphex(sums[0], ==, sums[1]);
		frame_unref(frame);
	}
	return NULL;
}

/* @layouts: tiled, turned, anywhere in their buffers, and another one now and then. */
static void random_run(uint32_t fourcc, unsigned int seed, bool told, bool layouts)
{
	struct guest *guest = guest_new(fourcc, 150, 70 + seed);
	struct capture *captures[VIEWERS];
	struct releaser releaser = { .frames = g_async_queue_new() };

	if (layouts) {
		guest_set_random_layout(guest, 150, 100);
	}
	releaser.thread = g_thread_new("encoder", release_frames, &releaser);
	guest->tells_damage = told;
	for (int i = 0; i < VIEWERS; i++) {
		captures[i] = capture_create(guest->console, SINK_CPU);
		captures[i]->slow = i & 1;
	}
	for (int step = 0; step < 1500; step++) {
		struct capture *capture =
			captures[g_rand_int_range(guest->rand, 0, VIEWERS)];

		switch (g_rand_int_range(guest->rand, 0, 10)) {
		case 0:
			capture_set_wanted(capture, !capture->sink.wanted);
			break;
		case 1:
			guest_draw_random(guest, guest->shown ^ 1);
			guest_flip(guest);
			break;
		case 2:
		case 3:
			/* The encoder's thread gives the frame back, sink_done() comes later. */
			if (capture->held) {
				g_async_queue_push(releaser.frames, capture->held);
				capture->held = NULL;
			}
			break;
		case 4:
			capture_release(capture);
			break;
		case 5:
			if (step % 50 == 5) {
				guest->blank = !guest->blank;
			} else if (layouts && step % 50 == 6) {
				guest_set_random_layout(guest, 150, 100);
			}
			break;
		case 6:
			settle();
			break;
		default:
			guest_draw_random(guest, guest->shown);
			break;
		}
		/* An inactive source forgets damage instead of keeping it. */
		if (!guest->active) {
			pixman_region32_clear(&guest->damage);
		} else if (g_rand_boolean(guest->rand)) {
			guest_submit(guest);
		}
	}
	guest->blank = false;
	for (int i = 0; i < VIEWERS; i++) {
		captures[i]->slow = false;
		capture_set_wanted(captures[i], true);
	}
	guest_submit(guest);
	/* Everybody lets go; then everybody has the guest's picture. */
	g_async_queue_push(releaser.frames, &releaser);
	g_thread_join(releaser.thread);
	for (int i = 0; i < VIEWERS; i++) {
		capture_release(captures[i]);
	}
	settle();
	for (int i = 0; i < VIEWERS; i++) {
		assert_same_picture(guest, captures[i]->image);
		capture_destroy(captures[i]);
	}
	g_async_queue_unref(releaser.frames);
	guest_free(guest);
}

static void test_nothing_lost(void)
{
	for (unsigned int seed = 0; seed < 8; seed++) {
		random_run(fourccs[seed % G_N_ELEMENTS(fourccs)], seed, seed & 1, false);
	}
}

static void test_nothing_lost_layouts(void)
{
	for (unsigned int seed = 0; seed < 12; seed++) {
		random_run(DRM_FORMAT_XRGB8888, seed, seed & 1, true);
	}
}

/* The same for sinks that take the source's frames: union of damages covers every difference. */
static void test_dmabuf_union(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 90, 60);
	struct capture *capture = capture_create(guest->console, SINK_DMABUF);
	unsigned int n = guest_width(guest) * guest_height(guest), presents = 0;
	g_autofree uint32_t *seen = g_new0(uint32_t, n), *now = g_new0(uint32_t, n);

	capture_set_wanted(capture, true);
	for (int step = 0; step < 400; step++) {
		capture->slow = g_rand_boolean(guest->rand);
		if (step % 7 == 0) {
			guest_flip(guest);
		} else {
			guest_draw_random(guest, guest->shown);
		}
		guest_submit(guest);
		if (g_rand_int_range(guest->rand, 0, 3) == 0) {
			capture_release(capture);
		}
		settle();
		if (capture->presents == presents || capture->seq != (uint64_t)step + 2) {
			continue; /* what was presented is not what memory shows now */
		}
		presents = capture->presents;
		guest_look(guest, now);
		for (unsigned int i = 0; i < n; i++) {
			int x = (int)(i % guest_width(guest)), y = (int)(i / guest_width(guest));

			if (pixman_region32_contains_point(&capture->damage, x, y, NULL)) {
				seen[i] = now[i];
			}
		}
		if (!capture->slow) {
			g_assert_cmpmem(seen, n * 4, now, n * 4);
		}
	}
	g_assert_cmpuint(presents, >, 20);
	capture_destroy(capture);
	guest_free(guest);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/damage/equals-an-oracle-on-random-draws", test_exact);
	g_test_add_func("/damage/equals-an-oracle-in-any-layout", test_exact_layouts);
	g_test_add_func("/damage/the-padding-byte-is-no-pixel", test_padding);
	g_test_add_func("/damage/only-the-hint-is-looked-at", test_hint);
	g_test_add_func("/damage/only-the-hint-is-looked-at-in-any-layout", test_hint_layouts);
	g_test_add_func("/damage/nothing-is-lost-in-a-random-life", test_nothing_lost);
	g_test_add_func("/damage/nothing-is-lost-in-any-layout", test_nothing_lost_layouts);
	g_test_add_func("/damage/skipped-frames-add-up-for-dmabuf-sinks", test_dmabuf_union);
	return g_test_run();
}
