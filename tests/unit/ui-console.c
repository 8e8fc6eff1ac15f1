// SPDX-License-Identifier: GPL-2.0-or-later
/* The mailbox, its sinks, and what is told to the source. */
#include <sys/eventfd.h>
#include <unistd.h>

#include "ui-guest.h"
#include "ui/screendump.h"

#define WHOLE(capture, w, h)                                                            \
	do {                                                                           \
		pixman_box32_t *extents = pixman_region32_extents(&(capture)->damage);   \
		g_assert_cmpint(pixman_region32_n_rects(&(capture)->damage), ==, 1);     \
		g_assert_cmpint(extents->x2 - extents->x1, ==, (w));                     \
		g_assert_cmpint(extents->y2 - extents->y1, ==, (h));                     \
	} while (0)

static struct capture *viewer(struct guest *guest, unsigned int accepts)
{
	struct capture *capture = capture_create(guest->console, accepts);

	capture_set_wanted(capture, true);
	settle();
	return capture;
}

static void test_inactive(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 48);
	struct capture *capture = capture_create(guest->console, SINK_CPU);

	settle();
	g_assert_false(guest->active);
	g_assert_cmpuint(guest->polls + capture->presents + capture->blanks, ==, 0);
	capture_set_wanted(capture, true);
	g_assert_true(guest->active);
	/* Never from inside the sink's own call. */
	g_assert_cmpuint(capture->presents, ==, 0);
	settle();
	g_assert_cmpuint(capture->presents, ==, 1);
	WHOLE(capture, 64, 48);
	capture_set_wanted(capture, false);
	g_assert_false(guest->active);
	capture_set_wanted(capture, true);
	settle();
	g_assert_cmpuint(capture->presents, ==, 2);
	capture_destroy(capture);
	g_assert_false(guest->active);
	g_assert_cmpuint(guest->activations, ==, 2);
	guest_free(guest);
}

static void test_second_viewer(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_RGB565, 100, 60);
	struct capture *a = viewer(guest, SINK_CPU), *b;

	guest_draw(guest, 0, 10, 10, 5, 5);
	guest_submit(guest);
	g_assert_cmpuint(a->presents, ==, 2);
	b = viewer(guest, SINK_CPU);
	g_assert_cmpuint(guest->activations, ==, 1);
	g_assert_cmpuint(a->presents, ==, 2);
	g_assert_cmpuint(b->presents, ==, 1);
	WHOLE(b, 100, 60);
	assert_same_picture(guest, b->image);
	capture_destroy(a);
	g_assert_true(guest->active);
	capture_destroy(b);
	guest_free(guest);
}

static void test_unchanged(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 100, 60);
	struct capture *capture = viewer(guest, SINK_CPU);

	g_assert_cmpuint(guest->dones, ==, 1);
	guest->tells_damage = false;
	for (int i = 0; i < 3; i++) {
		guest_submit(guest);
	}
	g_assert_cmpuint(capture->presents, ==, 1);
	g_assert_cmpuint(guest->dones, ==, 4);
	g_assert_cmpuint(guest->unchanged, ==, 3);
	guest_draw(guest, 0, 99, 59, 1, 1);
	guest_submit(guest);
	g_assert_cmpuint(capture->presents, ==, 2);
	g_assert_cmpuint(guest->unchanged, ==, 3);
	g_assert_cmpuint(guest->dones, ==, 5);
	WHOLE(capture, 1, 1);
	capture_destroy(capture);
	guest_free(guest);
}

static void test_frozen(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 200, 100);
	struct capture *slow = viewer(guest, SINK_CPU), *quick = viewer(guest, SINK_CPU);
	uint32_t before;
	struct frame *frame;

	slow->slow = true;
	guest_draw(guest, 0, 0, 0, 1, 1);
	guest_submit(guest);
	g_assert_nonnull(slow->held);
	before = *(uint32_t *)slow->held->buffer->hva;
	frame = console_cpu_frame(guest->console);
	g_assert_cmpuint(frame->seq, ==, slow->seq);
	frame_unref(frame);

	/* In-place drawing under a held frame: not one byte of it moves. */
	guest_draw(guest, 0, 0, 0, 2, 2);
	guest_submit(guest);
	guest_draw(guest, 0, 100, 50, 2, 2);
	guest_submit(guest);
	g_assert_cmphex(*(uint32_t *)slow->held->buffer->hva, ==, before);
	g_assert_cmpuint(quick->presents, ==, 2);
	/* And no new reader may keep the writer out. */
	g_assert_null(console_cpu_frame(guest->console));

	capture_release(slow);
	settle();
	g_assert_cmpuint(quick->presents, ==, 3);
	g_assert_cmpuint(slow->presents, ==, 3);
	assert_same_picture(guest, quick->image);
	assert_same_picture(guest, slow->image);
	/* Two frames went by, both damages arrive: two boxes. */
	g_assert_cmpint(pixman_region32_n_rects(&quick->damage), ==, 2);
	capture_destroy(slow);
	capture_destroy(quick);
	guest_free(guest);
}

/* Who takes the buffer compares nothing. */
static void test_unknown(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *buffer = viewer(guest, SINK_DMABUF), *pixels;

	guest->unknown = 0;
	guest_draw(guest, 0, 1, 0, 1, 1);
	guest_submit(guest);
	g_assert_cmpuint(buffer->presents, ==, 2);
	g_assert_cmpuint(guest->unknown, ==, 0);
	guest->tells_damage = false;
	guest_submit(guest);
	g_assert_cmpuint(buffer->presents, ==, 3);
	g_assert_cmpuint(guest->unknown, ==, 1);
	g_assert_cmpuint(guest->unchanged, ==, 0);
	/* One that compares knows, also when the other one is still at it. */
	pixels = viewer(guest, SINK_CPU);
	buffer->slow = true;
	guest_submit(guest);
	settle();
	g_assert_cmpuint(guest->unknown, ==, 1);
	g_assert_cmpuint(guest->unchanged, ==, 1);
	capture_release(buffer);
	settle();
	g_assert_cmpuint(guest->unknown, ==, 1);
	capture_destroy(pixels);
	capture_destroy(buffer);
	guest_free(guest);
}

static void test_stopped_viewer(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *stopped = viewer(guest, SINK_DMABUF);
	struct capture *quick = viewer(guest, SINK_DMABUF);

	stopped->slow = true;
	for (unsigned int i = 0; i < 10; i++) {
		guest_draw(guest, 0, i, 0, 1, 1);
		guest_submit(guest);
		settle();
	}
	g_assert_cmpuint(quick->presents, ==, 11);
	g_assert_cmpuint(stopped->presents, ==, 2);
	g_assert_cmpuint(guest->dones, ==, 11);
	/* Newest wins, and its damage is that of all it skipped. */
	capture_release(stopped);
	settle();
	g_assert_cmpuint(stopped->presents, ==, 3);
	g_assert_cmpuint(stopped->seq, ==, quick->seq);
	WHOLE(stopped, 9, 1);
	g_assert_cmpint(pixman_region32_extents(&stopped->damage)->x1, ==, 1);
	capture_destroy(quick);
	capture_destroy(stopped);
	guest_free(guest);
}

static void test_all_stopped(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *a = viewer(guest, SINK_CPU), *b = viewer(guest, SINK_DMABUF);
	unsigned int dones;

	a->slow = b->slow = true;
	guest_draw(guest, 0, 0, 0, 1, 1);
	guest_submit(guest);
	settle();
	dones = guest->dones;
	for (int i = 0; i < 5; i++) {
		guest_draw(guest, 0, 0, 0, 1, 1);
		guest_submit(guest);
		settle();
	}
	g_assert_cmpuint(guest->dones, ==, dones);
	capture_release(a);
	capture_release(b);
	settle();
	g_assert_cmpuint(a->presents, ==, 3);
	g_assert_cmpuint(b->presents, ==, 3);
	capture_destroy(a);
	capture_destroy(b);
	guest_free(guest);
}

static void test_blank(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *capture = viewer(guest, SINK_CPU), *late;
	g_autoptr(GError) error = NULL;
	struct console_state state;

	guest->blank = true;
	guest_submit(guest);
	guest_submit(guest);
	g_assert_cmpuint(capture->blanks, ==, 1);
	g_assert_cmpint(capture->blank, ==, BLANK_PLANE_OFF);
	g_assert_null(console_cpu_frame(guest->console));
	g_assert_null(console_capture(guest->console, &error));
	g_assert_cmpstr(error->message, ==,
			"gpu0: no picture: the guest has switched its display off");
	console_get_state(guest->console, &state);
	g_assert_cmpint(state.blank, ==, BLANK_PLANE_OFF);
	g_assert_cmpstr(blank_reason_code(state.blank), ==, "plane-off");
	g_assert_cmpuint(state.width_px, ==, 0);
	late = viewer(guest, SINK_DMABUF);
	g_assert_cmpuint(late->blanks, ==, 1);
	console_blank(guest->console, BLANK_BAD_PLANE, "stride of 3");
	g_assert_cmpstr(capture->blank_text, ==, "stride of 3");
	g_assert_cmpuint(late->blanks, ==, 2);
	guest->blank = false;
	guest_submit(guest);
	g_assert_cmpuint(capture->presents, ==, 2);
	WHOLE(capture, 64, 64);
	g_assert_cmpuint(late->presents, ==, 1);
	WHOLE(late, 64, 64);
	capture_destroy(late);
	capture_destroy(capture);
	guest_free(guest);
}

static void test_resize(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *capture = viewer(guest, SINK_CPU);

	guest_set_mode(guest, DRM_FORMAT_RGB888, 33, 17, false);
	pixman_region32_clear(&guest->damage); /* a source that forgets to say so */
	guest_submit(guest);
	WHOLE(capture, 33, 17);
	assert_same_picture(guest, capture->image);
	/* While frozen: the old frame stays what it was. */
	capture->slow = true;
	guest_draw(guest, 0, 1, 1, 3, 3);
	guest_submit(guest);
	guest_set_mode(guest, DRM_FORMAT_RGB888, 500, 300, true);
	guest_submit(guest);
	g_assert_cmpuint(frame_width(capture->held), ==, 33);
	capture_release(capture);
	settle();
	WHOLE(capture, 500, 300);
	assert_same_picture(guest, capture->image);
	capture_destroy(capture);
	guest_free(guest);
}

static void test_no_map(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *cpu = viewer(guest, SINK_CPU), *dmabuf = viewer(guest, SINK_DMABUF);
	struct fb_info info = guest->buffers[0]->info;
	g_autoptr(GError) error = NULL;
	struct console_state state;

	guest->tells_damage = false;
	for (int i = 0; i < 2; i++) {
		fb_buffer_unref(guest->buffers[0]);
		guest->buffers[0] = fb_buffer_create_dmabuf(
			&info, guest_unmappable_fd((off_t)info.size_bytes), &error);
		g_assert_no_error(error);
		guest_submit(guest);
	}
	g_assert_cmpuint(dmabuf->presents, >=, 2);
	g_assert_cmpuint(dmabuf->blanks, ==, 0);
	g_assert_cmpuint(cpu->blanks, ==, 1);
	g_assert_cmpint(cpu->blank, ==, BLANK_NO_MAP);
	console_get_state(guest->console, &state);
	g_assert_cmpint(state.blank, ==, BLANK_NO_MAP);
	g_assert_nonnull(strstr(state.blank_text, "mmap"));
	g_assert_null(console_capture(guest->console, &error));
	g_assert_nonnull(strstr(error->message, "gpu0: dma-buf: mmap"));
	guest_set_mode(guest, DRM_FORMAT_XRGB8888, 64, 64, false);
	guest_submit(guest);
	g_assert_cmpint(cpu->blank, ==, BLANK_NONE);
	assert_same_picture(guest, cpu->image);
	capture_destroy(cpu);
	capture_destroy(dmabuf);
	guest_free(guest);
}

/* A viewer that takes buffers, and pixels as long as there is none. */
struct taker {
	struct sink sink;
	struct capture *pixels;
	unsigned int presents;
};

static void take(struct sink *sink, struct frame *frame)
{
	struct taker *taker = (struct taker *)sink;

	taker->presents++;
	capture_set_wanted(taker->pixels, false);
	sink_done(sink, frame->seq);
}

static void take_nothing(struct sink *sink, enum blank_reason reason, const char *text)
{
}

static void test_taken_first(void)
{
	static const struct sink_ops ops = {
		.name = "taker", .accepts = SINK_DMABUF, .present = take, .blank = take_nothing,
	};
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 48);
	struct taker taker = { 0 };
	struct console_state state;

	guest->blank = true;
	/* The one of pixels is first in the list. */
	taker.pixels = viewer(guest, SINK_CPU);
	console_attach(guest->console, &taker.sink, &ops);
	sink_set_wanted(&taker.sink, true);
	settle();
	guest->blank = false;
	guest_submit(guest);
	settle();
	g_assert_cmpuint(taker.presents, ==, 1);
	g_assert_cmpuint(taker.pixels->presents, ==, 0);
	console_get_state(guest->console, &state);
	g_assert_null(state.reader);
	console_detach(&taker.sink);
	capture_destroy(taker.pixels);
	guest_free(guest);
}

static void test_unknown_layout(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *cpu = viewer(guest, SINK_CPU);

	guest->buffers[0]->info.modifier = I915_FORMAT_MOD_Y_TILED_CCS;
	guest_submit(guest);
	g_assert_cmpint(cpu->blank, ==, BLANK_BAD_FORMAT);
	capture_destroy(cpu);
	guest_free(guest);
}

static void test_fence(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *cpu = viewer(guest, SINK_CPU);
	int fence = eventfd(0, EFD_CLOEXEC);
	struct frame *frame;

	guest_draw(guest, 0, 5, 5, 1, 1);
	frame = frame_create(fb_buffer_ref(guest->buffers[0]), &guest->source, NULL, 0);
	frame->fence_fd = dup(fence);
	console_submit(guest->console, frame);
	settle();
	g_assert_cmpuint(cpu->presents, ==, 1);
	eventfd_kick(fence);
	settle();
	g_assert_cmpuint(cpu->presents, ==, 2);
	/* A newer frame doesn't wait for the older one's fence. */
	eventfd_drain(fence);
	frame = frame_create(fb_buffer_ref(guest->buffers[0]), &guest->source, NULL, 0);
	frame->fence_fd = fence;
	console_submit(guest->console, frame);
	guest_draw(guest, 0, 6, 6, 1, 1);
	guest_submit(guest);
	g_assert_cmpuint(cpu->presents, ==, 3);
	capture_destroy(cpu);
	guest_free(guest);
}

/* What @over, premultiplied, leaves to be seen of @under, both 0xaarrggbb; rounded as pixman does. */
static uint32_t blend(uint32_t over, uint32_t under)
{
	uint32_t pixel = 0;

	for (int shift = 0; shift < 24; shift += 8) {
		uint32_t t = ((under >> shift) & 255) * (255 - (over >> 24)) + 128;

		pixel |= (((over >> shift) & 255) + ((t + (t >> 8)) >> 8)) << shift;
	}
	return pixel;
}

static void assert_cursor_drawn(struct guest *guest, uint32_t pixels[5][7], int at_x, int at_y,
				bool turned)
{
	g_autofree uint32_t *screen = g_new(uint32_t, 64 * 40);
	pixman_image_t *image = console_capture(guest->console, NULL);

	assert_same_picture(guest, image);
	guest_look(guest, screen);
	for (int y = 0; pixels && y < 5; y++) {
		for (int x = 0; x < 7; x++) {
			int to_x = at_x + x, to_y = at_y + y;

			if (to_x >= 0 && to_x < 64 && to_y >= 0 && to_y < 40) {
				uint32_t *to = &screen[to_y * 64 + to_x];

				*to = blend(turned ? pixels[4 - y][6 - x] : pixels[y][x], *to);
			}
		}
	}
	console_draw_cursor(guest->console, image);
	for (int i = 0; i < 64 * 40; i++) {
		g_assert_cmphex(pixman_image_get_data(image)[i] & 0xffffff, ==,
				screen[i] & 0xffffff);
	}
	pixman_image_unref(image);
}

static void test_draw_cursor(void)
{
	static const int places[][2] = { { 0, 0 }, { 20, 10 }, { -3, -2 }, { 60, 38 }, { -6, 39 },
					 { -7, 0 }, { 0, -5 }, { 64, 0 }, { 0, 40 },
					 { G_MININT32, 3 }, { G_MAXINT32, G_MAXINT32 } };
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 40);
	struct cursor cursor = { fb_buffer_create_alloc(DRM_FORMAT_ARGB8888, 7, 5, NULL), 0, 0 };
	uint32_t pixels[5][7];

	guest_draw_random(guest, 0);
	assert_cursor_drawn(guest, NULL, 0, 0, false);
	for (unsigned int y = 0; y < 5; y++) {
		for (unsigned int x = 0; x < 7; x++) {
			uint32_t alpha = (uint32_t)g_rand_int_range(guest->rand, 0, 256);

			pixels[y][x] = alpha << 24 | alpha / 2 << 16 | alpha << 8 | alpha / 3;
		}
		memcpy((uint8_t *)cursor.image->hva +
		       y * cursor.image->info.plane[0].stride_bytes, pixels[y], sizeof(pixels[y]));
	}
	console_cursor_set(guest->console, &cursor);
	console_cursor_move(guest->console, 3, 3, false);
	assert_cursor_drawn(guest, NULL, 0, 0, false);
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		bool near = ABS((gint64)places[i][0]) < 100;

		console_cursor_move(guest->console, places[i][0], places[i][1], true);
		cursor.image->info.rotation = i % 2 * 180;
		assert_cursor_drawn(guest, near ? pixels : NULL, places[i][0], places[i][1], i % 2);
	}
	/* What no cursor plane can do. */
	console_cursor_move(guest->console, 3, 3, true);
	cursor.image->info.rotation = 90;
	assert_cursor_drawn(guest, NULL, 0, 0, false);
	cursor.image->info.rotation = 0;
	cursor.image->info.modifier = I915_FORMAT_MOD_X_TILED;
	assert_cursor_drawn(guest, NULL, 0, 0, false);
	fb_buffer_unref(cursor.image);
	guest_free(guest);
}

static void test_capture(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XBGR8888, 70, 50);
	pixman_image_t *image;

	guest_draw_random(guest, 0);
	image = console_capture(guest->console, NULL);
	assert_same_picture(guest, image);
	pixman_image_unref(image);
	g_assert_cmpuint(guest->polls, ==, 1);
	g_assert_false(guest->active);
	guest_free(guest);
}

/* ---- sinks that misbehave ---- */

struct leaver {
	struct sink sink;
	struct sink *other;
};

static void leaver_present(struct sink *sink, struct frame *frame)
{
	struct leaver *leaver = (struct leaver *)sink;

	console_detach(leaver->other);
	console_detach(sink);
	g_free(leaver);
}

static void leaver_blank(struct sink *sink, enum blank_reason reason, const char *text)
{
}

static const struct sink_ops leaver_ops = {
	.name = "leaver", .accepts = SINK_CPU, .present = leaver_present, .blank = leaver_blank,
};

static void test_leaver(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct leaver *leaver = g_new0(struct leaver, 1);
	struct capture *capture;

	console_attach(guest->console, &leaver->sink, &leaver_ops);
	capture = capture_create(guest->console, SINK_CPU);
	leaver->other = &capture->sink;
	sink_set_wanted(&capture->sink, true);
	sink_set_wanted(&leaver->sink, true);
	settle();
	g_assert_cmpuint(capture->presents, ==, 0);
	g_assert_false(guest->active);
	capture_destroy(capture);
	guest_free(guest);
}

static void test_gone(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *capture = viewer(guest, SINK_CPU), *kept = viewer(guest, SINK_CPU);

	kept->slow = true;
	guest_draw(guest, 0, 0, 0, 1, 1);
	guest_submit(guest);
	guest_free(guest);
	g_assert_null(capture->console);
	g_assert_cmpint(capture->blank, ==, BLANK_NO_DISPLAY);
	/* A frame outlives its console, and its late release does nothing. */
	g_assert_cmpuint(*(uint32_t *)kept->held->buffer->hva >> 24, ==, 0xff);
	capture_release(kept);
	settle();
	capture_destroy(capture);
	capture_destroy(kept);
}

/* B's wish made the reader wait; A was told to wait for it; B leaves. A must not wait for ever. */
static void test_wish_outlives_its_owner(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct capture *a = viewer(guest, SINK_CPU), *b = viewer(guest, SINK_CPU);

	a->slow = true;
	guest_draw(guest, 0, 0, 0, 1, 1);
	guest_submit(guest);
	guest_draw(guest, 0, 1, 0, 1, 1);
	guest_submit(guest);
	g_assert_null(console_cpu_frame(guest->console));
	capture_destroy(b);
	frame_unref(a->held); /* released, but not yet sink_done() */
	a->held = NULL;
	settle();
	g_assert_cmpuint(a->presents, ==, 3);
	capture_release(a);
	capture_destroy(a);
	guest_free(guest);
}

static void test_cursor(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct fb_buffer *image = fb_buffer_create_alloc(DRM_FORMAT_ARGB8888, 16, 16, NULL);
	struct cursor cursor = { image, 3, -1 };
	struct capture *early = viewer(guest, SINK_CPU), *late;

	console_cursor_set(guest->console, &cursor);
	console_cursor_move(guest->console, -20, 7, true);
	g_assert_true(early->cursor.image == image);
	g_assert_cmpint(early->cursor_x_px, ==, -20);
	fb_buffer_unref(image);
	late = viewer(guest, SINK_CPU);
	g_assert_true(late->cursor.image == image);
	g_assert_cmpint(late->cursor.hot_x_px, ==, 3);
	g_assert_cmpint(late->cursor_x_px, ==, -20);
	g_assert_true(late->cursor_visible);
	/* A moving pointer costs no frame. */
	g_assert_cmpuint(late->presents, ==, 1);
	capture_destroy(early);
	capture_destroy(late);
	guest_free(guest);
}

static void test_stages(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 64, 64);
	struct console_state state;

	console_get_state(guest->console, &state);
	g_assert_cmpfloat(state.encode_ms, ==, -1);
	g_assert_cmpint(state.blank, ==, BLANK_NOT_STARTED);
	for (int i = 0; i < 100; i++) {
		console_stage_add(guest->console, "encode", i);
	}
	console_get_state(guest->console, &state);
	g_assert_cmpfloat(state.encode_ms, ==, 68); /* of 36..99 */
	guest_free(guest);
}

static void count_consoles(void *opaque, struct console *console, bool added)
{
	*(int *)opaque += added ? 1 : 100;
}

static void test_registry(void)
{
	struct display_registry *registry = display_registry_create();
	struct guest guest = { 0 };
	g_autoptr(GError) error = NULL;
	struct console *a, *b, *b1;
	int seen = 0;

	g_assert_null(display_find(registry, NULL, 0, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	display_watch(registry, count_consoles, &seen);
	a = console_create(registry, "a", 0, &guest_ops, &guest);
	b = console_create(registry, "b", 0, &guest_ops, &guest);
	b1 = console_create(registry, "b", 1, &guest_ops, &guest);
	g_assert_cmpint(seen, ==, 3);
	g_assert_true(display_find(registry, NULL, 0, NULL) == a);
	g_assert_true(display_find(registry, "b", 1, NULL) == b1);
	g_assert_true(display_nth(registry, 1) == b);
	g_assert_null(display_nth(registry, 3));
	g_assert_null(display_find(registry, "b", 2, &error));
	g_assert_nonnull(strstr(error->message, "head 2"));
	g_clear_error(&error);
	g_assert_null(display_find(registry, "c", 0, &error));
	console_submit(b, frame_create(fb_buffer_create_alloc(DRM_FORMAT_RGB565, 4, 4, NULL),
				       &(pixman_box32_t){ 0, 0, 4, 4 }, NULL, 0));
	g_assert_true(display_find(registry, NULL, 0, NULL) == b);
	console_destroy(a);
	console_destroy(b);
	g_assert_cmpint(seen, ==, 203);
	display_unwatch(registry, &seen);
	console_destroy(b1);
	g_assert_cmpint(seen, ==, 203);
	display_registry_destroy(registry);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/console/without-a-viewer-the-source-sleeps", test_inactive);
	g_test_add_func("/console/a-second-viewer-gets-the-whole", test_second_viewer);
	g_test_add_func("/console/an-unchanged-frame-is-not-presented", test_unchanged);
	g_test_add_func("/console/what-nobody-compares-is-unknown", test_unknown);
	g_test_add_func("/console/a-held-frame-is-frozen-and-nothing-is-lost", test_frozen);
	g_test_add_func("/console/a-stopped-viewer-disturbs-nobody", test_stopped_viewer);
	g_test_add_func("/console/only-stopped-viewers-pace-nothing", test_all_stopped);
	g_test_add_func("/console/a-blank-says-why-and-ends-with-the-whole", test_blank);
	g_test_add_func("/console/a-new-size-is-the-whole", test_resize);
	g_test_add_func("/console/an-unmappable-dmabuf-blanks-cpu-sinks-only", test_no_map);
	g_test_add_func("/console/a-frame-that-is-taken-as-it-is-isn't-read", test_taken_first);
	g_test_add_func("/console/a-layout-nobody-can-read-is-named-as-such", test_unknown_layout);
	g_test_add_func("/console/pixels-wait-for-their-fence", test_fence);
	g_test_add_func("/console/capture-works-while-inactive", test_capture);
	g_test_add_func("/console/a-sink-may-leave-with-another-in-present", test_leaver);
	g_test_add_func("/console/frames-outlive-the-console", test_gone);
	g_test_add_func("/console/a-wish-outlives-its-owner", test_wish_outlives_its_owner);
	g_test_add_func("/console/cursor-state-is-replayed-to-a-new-viewer", test_cursor);
	g_test_add_func("/console/a-cursor-is-drawn-on-request-and-clipped", test_draw_cursor);
	g_test_add_func("/console/stages-are-medians-of-64", test_stages);
	g_test_add_func("/display/registry-finds-by-device-and-head", test_registry);
	return g_test_run();
}
