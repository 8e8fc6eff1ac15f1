// SPDX-License-Identifier: GPL-2.0-or-later
/* The vfio display of a Gen9 engine: planes within a buffer, tiled and turned, a cursor plane, and
 * flips without damage. Frames are looked at as a sink of dma-bufs gets them. */
#include <errno.h>

#include "hw/vfio/vfio-plane.h"
#include "vfio-fixture.h"

/* ---- what is checked of a plane ---- */

static void test_tiled_sizes(void)
{
	/* Two rows of so many tiles; the last pixel shown lies in tile 2 * tiles - 1. */
	static const struct {
		uint64_t modifier;
		uint32_t fourcc, width, height, stride, tile_rows;
	} rows[] = {
		{ I915_FORMAT_MOD_X_TILED, DRM_FORMAT_XRGB8888, 200, 16, 1024, 8 },
		{ I915_FORMAT_MOD_Y_TILED, DRM_FORMAT_XRGB8888, 200, 64, 896, 32 },
		{ I915_FORMAT_MOD_Yf_TILED, DRM_FORMAT_XRGB8888, 200, 33, 896, 32 },
		{ I915_FORMAT_MOD_X_TILED, DRM_FORMAT_RGB565, 257, 9, 1024, 8 },
		{ I915_FORMAT_MOD_Y_TILED, DRM_FORMAT_XRGB2101010, 33, 33, 256, 32 },
	};
	struct vfio_device device = { .name = (char *)"vfio test" };

	for (unsigned int i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint32_t tile = rows[i].modifier == I915_FORMAT_MOD_X_TILED ? 512 : 128;
		uint32_t bytes = rows[i].stride / tile * 2 * 4096;
		struct vfio_device_gfx_plane_info info = {
			.drm_format = rows[i].fourcc, .drm_format_mod = rows[i].modifier,
			.width = rows[i].width, .height = rows[i].height,
			.stride = rows[i].stride, .size = bytes,
		};
		struct vfio_plane_place down = { .y_px = rows[i].tile_rows };
		struct fb_info fb;

		g_assert_cmpint(vfio_plane_check(&device, &info, NULL, &fb, NULL), ==, BLANK_NONE);
		g_assert_cmpuint(fb.modifier, ==, rows[i].modifier);
		g_assert_cmpuint(fb.plane[0].stride_bytes, ==, rows[i].stride);
		info.size = bytes - 4096;
		g_assert_cmpint(vfio_plane_check(&device, &info, NULL, &fb, NULL), ==,
				BLANK_BAD_PLANE);
		/* a row of tiles further down needs one row more */
		info.size = bytes;
		g_assert_cmpint(vfio_plane_check(&device, &info, &down, &fb, NULL), ==,
				BLANK_BAD_PLANE);
		info.size = bytes / 2 * 3;
		g_assert_cmpint(vfio_plane_check(&device, &info, &down, &fb, NULL), ==,
				BLANK_NONE);
		g_assert_cmpuint(fb.height_px, ==, rows[i].height + rows[i].tile_rows);
		info.stride += tile / 2;
		g_assert_cmpint(vfio_plane_check(&device, &info, NULL, &fb, NULL), ==,
				BLANK_BAD_PLANE);
		info.stride = tile;
		info.width = tile / fb_format_cpp(info.drm_format) + 1;
		g_assert_cmpint(vfio_plane_check(&device, &info, NULL, &fb, NULL), ==,
				BLANK_BAD_PLANE);
	}
}

static void test_impossible_places(void)
{
	static const struct {
		uint32_t width, height;
		uint64_t modifier;
		struct vfio_plane_place place;
		const char *text;
	} rows[] = {
		{ 64, 32, 0, { .offset_bytes = 4 }, "needs" },
		{ 64, 32, 0, { .offset_bytes = UINT32_MAX }, "needs" },
		{ 64, 32, 0, { .rotation = 45 }, "45 degrees" },
		{ 64, 32, 0, { .rotation = 360 }, "360 degrees" },
		{ 64, 32, 0, { .rotation = 0x8000005au }, "degrees" },
		{ 64, 32, I915_FORMAT_MOD_X_TILED, { .x_px = UINT32_MAX - 32 }, "size" },
		{ 64, 32, I915_FORMAT_MOD_X_TILED, { .y_px = UINT32_MAX }, "size" },
		{ 64, 32, I915_FORMAT_MOD_X_TILED, { .x_px = 65 }, "stride" },
		{ 64, 32, I915_FORMAT_MOD_X_TILED, { .y_px = 1 }, "needs" },
		{ UINT32_MAX, 32, I915_FORMAT_MOD_X_TILED, { .x_px = 2 }, "size" },
		{ 0, 32, I915_FORMAT_MOD_X_TILED, { .x_px = 2 }, "no width" },
		{ 64, 0, I915_FORMAT_MOD_Y_TILED, { .y_px = 2 }, "no height" },
	};
	struct vfio_device device = { .name = (char *)"vfio test" };

	for (unsigned int i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct vfio_device_gfx_plane_info info = {
			.drm_format = XR24, .drm_format_mod = rows[i].modifier,
			.width = rows[i].width, .height = rows[i].height,
			.stride = rows[i].modifier ? 512 : 256,
			.size = rows[i].modifier ? 4 * 4096 : 64 * 32 * 4,
		};
		g_autoptr(GError) error = NULL;
		struct fb_info fb;

		g_assert_cmpint(vfio_plane_check(&device, &info, &rows[i].place, &fb, &error), ==,
				BLANK_BAD_PLANE);
		g_assert_nonnull(strstr(error->message, "vfio test: impossible plane: "));
		g_assert_nonnull(strstr(error->message, rows[i].text));
	}
}

static void test_formats_that_do_not_tile(void)
{
	struct vfio_device device = { .name = (char *)"vfio test" };
	struct vfio_device_gfx_plane_info info = {
		.drm_format = DRM_FORMAT_RGB888, .drm_format_mod = I915_FORMAT_MOD_X_TILED,
		.width = 64, .height = 8, .stride = 512, .size = 4096,
	};
	g_autoptr(GError) error = NULL;
	struct fb_info fb;

	g_assert_cmpint(vfio_plane_check(&device, &info, NULL, &fb, &error), ==, BLANK_BAD_FORMAT);
	g_assert_nonnull(strstr(error->message, "'RG24' in the tiled layout 0x100000000000001"));
}

/* ---- planes within a buffer ---- */

static void move_cursor(struct fixture *f, int32_t x, int32_t y)
{
	f->fake->cursor.x_pos = (uint32_t)x;
	f->fake->cursor.y_pos = (uint32_t)y;
	status_of(f)->cursor_count++;
	vfio_fake_signal(f->fake, GFX_IRQ, 0);
}

/* A viewer that takes dma-bufs and holds on to what it got last. */
static struct frame *frame_of(struct fixture *f, struct capture **viewer)
{
	if (!*viewer) {
		*viewer = capture_create(f->console, SINK_DMABUF);
		(*viewer)->slow = true;
		capture_set_wanted(*viewer, true);
	} else {
		capture_release(*viewer);
	}
	for (unsigned int i = 0; i < 100 && !(*viewer)->held; i++) {
		run_for(2);
	}
	g_assert_nonnull((*viewer)->held);
	return (*viewer)->held;
}

static uint32_t control_of(struct fixture *f)
{
	uint32_t control;

	memcpy(&control, f->fake->regions[GFX_REGION].data + VFIO_FAKE_CONTROL, 4);
	return control;
}

static void test_control(void)
{
	struct fixture f = { 0 };
	uint32_t after;

	prepare_gen9(&f);
	start(&f, 0, 0);
	/* from the start: a screenshot without a viewer needs it too */
	g_assert_cmphex(control_of(&f), ==, VFIO_GFX_CONTROL_SOURCE);
	capture_set_wanted(f.viewer, true);
	g_assert_cmpint(f.fake->irqs[GFX_IRQ].fds[0], >=, 0);
	status_of(&f)->caps |= VFIO_GFX_CAP_DAMAGE;
	status_of(&f)->damage_offset = VFIO_FAKE_DAMAGE;
	status_of(&f)->damage_size = VFIO_FAKE_DAMAGE_BYTES;
	capture_destroy(f.viewer);
	vfio_display_destroy(f.display);
	after = control_of(&f);
	g_assert_cmphex(after, ==, 0);
	vfio_device_finish(&f.fake->device);
	f.fake->device.name = g_strdup("vfio fake");
	/* with damage: both */
	watch(&f);
	g_assert_cmphex(control_of(&f), ==, VFIO_GFX_CONTROL_SOURCE | VFIO_GFX_CONTROL_DAMAGE);
	capture_set_wanted(f.viewer, false);
	g_assert_cmphex(control_of(&f), ==, VFIO_GFX_CONTROL_SOURCE);
	finish(&f);
}

static void test_panned(void)
{
	struct fixture f = { 0 };
	struct capture *viewer = NULL;
	struct vfio_gfx_status *status = prepare_gen9(&f);
	struct frame *frame;

	/* one line down and two pixels to the right, in a buffer that begins somewhere */
	status->plane.offset = 7 * 4096 + W * 4 + 8;
	f.fake->primary.height = H - 2;
	f.fake->primary.width = W - 8;
	fill(f.pixels + W * 4 + 8, 1, 0x123456);
	watch(&f);
	run_for(20);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x123456);
	frame = frame_of(&f, &viewer);
	g_assert_cmpuint(frame->buffer->info.plane[0].offset_bytes, ==, W * 4 + 8);
	g_assert_cmpint(frame->source.x1, ==, 0);
	g_assert_cmpint(frame->source.y1, ==, 0);
	/* panned on: the same buffer, another place in it */
	fill(f.pixels + W * 8, 1, 0x654321);
	status->plane.offset += W * 4 - 8;
	flip_to(&f, 1);
	run_for(10);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x654321);
	capture_destroy(viewer);
	finish(&f);
}

static void test_tiled_source(void)
{
	struct fixture f = { 0 };
	struct capture *viewer = NULL;
	struct vfio_gfx_status *status = prepare_gen9(&f);
	struct frame *frame;

	f.fake->primary.drm_format_mod = I915_FORMAT_MOD_X_TILED;
	f.fake->primary.width = 100;
	f.fake->primary.height = 50;
	f.fake->primary.stride = 512;
	status->src_x = 28;
	status->src_y = 14;
	status->rotation = 180;
	status->plane.offset = 123; /* a tiled plane's offset is of its page */
	start(&f, 0, 0);
	frame = frame_of(&f, &viewer);
	g_assert_cmphex(frame->buffer->info.modifier, ==, I915_FORMAT_MOD_X_TILED);
	g_assert_cmpuint(frame->buffer->info.plane[0].stride_bytes, ==, 512);
	g_assert_cmpuint(frame->buffer->info.plane[0].offset_bytes, ==, 0);
	g_assert_cmpuint(frame->buffer->info.width_px, ==, 128);
	g_assert_cmpuint(frame->buffer->info.height_px, ==, 64);
	g_assert_cmpuint(frame->buffer->info.rotation, ==, 180);
	g_assert_cmpint(frame->source.x1, ==, 28);
	g_assert_cmpint(frame->source.y1, ==, 14);
	g_assert_cmpint(frame->source.x2, ==, 128);
	g_assert_cmpint(frame->source.y2, ==, 64);
	/* turned otherwise, the id being the same: not the buffer that we had */
	status->rotation = 0;
	flip_to(&f, 1);
	run_for(10);
	frame = frame_of(&f, &viewer);
	g_assert_cmpuint(frame->buffer->info.rotation, ==, 0);
	/* elsewhere in it */
	status->src_x = 4;
	flip_to(&f, 1);
	run_for(10);
	frame = frame_of(&f, &viewer);
	g_assert_cmpint(frame->source.x1, ==, 4);
	g_assert_cmpuint(frame->buffer->info.width_px, ==, 104);
	capture_destroy(viewer);
	finish(&f);
}

static void test_state(void)
{
	struct fixture f = { 0 };
	struct vfio_gfx_status *status = prepare_gen9(&f);
	struct console_state state;

	vfio_fake_dmabuf_add(f.fake, 9, 64 * 64 * 4);
	vfio_fake_plane_set(&f.fake->cursor, DRM_FORMAT_ARGB8888, 64, 64, 9);
	f.fake->cursor.x_pos = (uint32_t)-5;
	status->rotation = 180;
	watch(&f);
	run_for(10);
	for (unsigned int i = 0; i < 3; i++) {
		flip_to(&f, 1);
	}
	run_for(10);
	console_get_state(f.console, &state);
	g_assert_cmpuint(state.rotation, ==, 180);
	g_assert_true(state.cursor_visible);
	g_assert_cmpint(state.cursor_x_px, ==, -5);
	g_assert_cmpuint(state.cursor_width_px, ==, 64);
	g_assert_true(state.source.tells_flips);
	g_assert_cmpuint(state.source.flips, ==, 3);
	/* three signals that the kernel merged into one are still three */
	g_assert_cmpuint(state.source.events_seen, ==, 3);
	g_assert_cmpstr(state.source.events, ==, "irq");
	finish(&f);
}

/* A flip between the query and the look at the status page, so many times. */
struct race {
	struct fixture *f;
	unsigned int times;
	uint32_t offset; /* of buffer 2 */
};

static void flip_meanwhile(struct vfio_fake *fake, void *opaque)
{
	struct race *race = opaque;

	if (race->times) {
		race->times--;
		status_of(race->f)->plane.offset = race->offset;
		flip_to(race->f, fake->primary.dmabuf_id == 1 ? 2 : 1);
	}
}

static void test_races_with_a_flip(void)
{
	struct fixture f = { 0 };
	struct race race = { &f, 3, 64 };
	uint8_t *second;

	prepare_gen9(&f);
	second = vfio_fake_dmabuf_add(f.fake, 2, W * H * 4);
	f.fake->primary.height--;
	fill(f.pixels, W * H, 0x010101);
	fill(second, W * H, 0x020202);
	fill(second + 64, 1, 0x030303);
	f.fake->after_query = flip_meanwhile;
	f.fake->opaque = &race;
	watch(&f);
	/* 1, 2, 1 were queried and gone; the fourth answer holds */
	g_assert_cmpuint(f.fake->queries, ==, 4);
	run_for(20);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x030303);
	finish(&f);
}

static void test_races_without_end(void)
{
	struct fixture f = { 0 };
	struct race race = { &f, UINT32_MAX, 0 };

	prepare_gen9(&f);
	vfio_fake_dmabuf_add(f.fake, 2, W * H * 4);
	f.fake->after_query = flip_meanwhile;
	f.fake->opaque = &race;
	watch(&f);
	g_assert_cmpuint(f.fake->queries, <=, 16);
	expect_blank(&f, BLANK_ERROR, "QUERY_GFX_PLANE: Resource temporarily unavailable");
	race.times = 0;
	for (unsigned int i = 0; i < 100 && !f.viewer->image; i++) {
		run_for(10);
	}
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

/* ---- when to look ---- */

static void test_still_screen(void)
{
	struct fixture f = { 0 };
	struct console_state state;
	unsigned int queries, presents;

	prepare_gen9(&f);
	watch(&f);
	run_for(50);
	queries = f.fake->queries;
	presents = f.viewer->presents;
	run_for(500);
	g_assert_cmpuint(f.fake->queries, ==, queries);
	g_assert_cmpuint(f.fake->cursor_queries, ==, 1);
	g_assert_cmpuint(f.viewer->presents, ==, presents);
	console_get_state(f.console, &state);
	g_assert_cmpuint(state.source.frames, ==, 1);
	finish(&f);
}

static void test_drawing_in_place(void)
{
	struct fixture f = { 0 };
	unsigned int queries;

	prepare_gen9(&f);
	watch(&f);
	run_for(50);
	queries = f.fake->queries;
	for (uint32_t i = 1; i <= 10; i++) {
		fill(f.pixels, 1, i);
		run_for(60);
		g_assert_cmphex(seen(&f, 0, 0), ==, i);
	}
	g_assert_cmpuint(f.fake->queries, ==, queries);
	finish(&f);
}

static void test_pace_comes_back(void)
{
	struct fixture f = { 0 };

	prepare_gen9(&f);
	watch(&f);
	/* backed off to 2 s */
	run_for(VFIO_POLL_STILL_LOOKS * VFIO_POLL_MAX_MS + 4500);
	move_cursor(&f, 3, 3);
	run_for(10);
	fill(f.pixels, 1, 0x111111);
	run_for(100);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x111111);
	finish(&f);
}

static void test_flips_at_once(void)
{
	struct fixture f = { 0 };
	struct console_state state;
	unsigned int queries;
	uint8_t *pixels[2];

	prepare_gen9(&f);
	pixels[0] = f.pixels;
	pixels[1] = vfio_fake_dmabuf_add(f.fake, 2, W * H * 4);
	watch(&f);
	run_for(50);
	queries = f.fake->queries;
	console_get_state(f.console, &state);
	for (uint32_t i = 1; i <= 20; i++) {
		fill(pixels[i % 2], W * H, i);
		flip_to(&f, 1 + i % 2);
		/* at the very next turn of the loop */
		while (g_main_context_iteration(NULL, FALSE)) {
		}
		g_assert_cmphex(seen(&f, W - 1, H - 1), ==, i);
		run_for(15);
	}
	g_assert_cmpuint(f.fake->queries, ==, queries + 20);
	uint64_t frames = state.source.frames, events = state.source.events_seen;
	console_get_state(f.console, &state);
	g_assert_cmpuint(state.source.frames, ==, frames + 20);
	g_assert_cmpuint(state.source.events_seen, ==, events + 20);
	g_assert_cmpuint(f.fake->gets, ==, 2);
	finish(&f);
}

static void test_flip_after_stillness(void)
{
	struct fixture f = { 0 };
	uint8_t *second;

	prepare_gen9(&f);
	second = vfio_fake_dmabuf_add(f.fake, 2, W * H * 4);
	watch(&f);
	run_for(VFIO_POLL_STILL_LOOKS * VFIO_POLL_MAX_MS + 3000);
	fill(second, W * H, 0x212121);
	flip_to(&f, 2);
	run_for(5);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x212121);
	/* and what is drawn into it now is seen soon too */
	fill(second, 1, 0x222222);
	run_for(80);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x222222);
	finish(&f);
}

static void test_flip_with_slow_viewer(void)
{
	struct fixture f = { 0 };
	uint8_t *second;

	prepare_gen9(&f);
	second = vfio_fake_dmabuf_add(f.fake, 2, W * H * 4);
	start(&f, 0, 0);
	f.viewer->slow = true;
	capture_set_wanted(f.viewer, true);
	run_for(100);
	for (uint32_t i = 1; i <= 5; i++) {
		fill(second, W * H, i);
		flip_to(&f, 2);
		run_for(5);
	}
	g_assert_cmphex(seen(&f, 0, 0), ==, 0);
	capture_release(f.viewer);
	run_for(20);
	g_assert_cmphex(seen(&f, 0, 0), ==, 5);
	capture_release(f.viewer);
	finish(&f);
}

static void test_interrupt_refused(void)
{
	struct fixture f = { 0 };
	struct console_state state;

	prepare_gen9(&f)->plane.offset = 4;
	f.fake->primary.height--;
	fill(f.pixels + 4, 1, 0x414141);
	f.fake->irqs[GFX_IRQ].result = -EINVAL;
	watch(&f);
	run_for(100);
	console_get_state(f.console, &state);
	g_assert_cmpstr(state.source.events, ==, "poll");
	g_assert_cmpuint(f.fake->queries, >, 2);
	/* where the picture lies is known all the same */
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x414141);
	finish(&f);
}

/* ---- the cursor plane ---- */

static uint8_t *watch_with_cursor(struct fixture *f)
{
	uint8_t *image;

	prepare_gen9(f);
	image = vfio_fake_dmabuf_add(f->fake, 9, 64 * 64 * 4);
	vfio_fake_plane_set(&f->fake->cursor, DRM_FORMAT_ARGB8888, 64, 64, 9);
	watch(f);
	run_for(20);
	g_assert_nonnull(f->viewer->cursor.image);
	g_assert_cmpint(f->viewer->cursor.hot_x_px, ==, -1);
	return image;
}

static void test_cursor_moves(void)
{
	struct fixture f = { 0 };
	struct console_state before, after;
	unsigned int queries, presents, gets;
	struct fb_buffer *image;

	watch_with_cursor(&f);
	console_get_state(f.console, &before);
	queries = f.fake->queries;
	presents = f.viewer->presents;
	gets = f.fake->gets;
	image = f.viewer->cursor.image;
	f.viewer->cursor.image = NULL;
	for (int i = 0; i < 100; i++) {
		move_cursor(&f, i - 50, 50 - i);
		while (g_main_context_iteration(NULL, FALSE)) {
		}
		g_assert_cmpint(f.viewer->cursor_x_px, ==, i - 50);
		g_assert_cmpint(f.viewer->cursor_y_px, ==, 50 - i);
		g_assert_true(f.viewer->cursor_visible);
	}
	console_get_state(f.console, &after);
	g_assert_cmpuint(after.source.frames, ==, before.source.frames);
	g_assert_cmpuint(after.source.events_seen, ==, before.source.events_seen + 100);
	g_assert_cmpuint(f.fake->queries, ==, queries);
	g_assert_cmpuint(f.fake->cursor_queries, ==, 101);
	g_assert_cmpuint(f.fake->gets, ==, gets);
	g_assert_cmpuint(f.viewer->presents, ==, presents);
	/* the same picture isn't told again */
	g_assert_null(f.viewer->cursor.image);
	f.viewer->cursor.image = image;
	finish(&f);
}

static void test_cursor_images(void)
{
	struct fixture f = { 0 };
	uint8_t *image = watch_with_cursor(&f);
	struct fb_buffer *first = f.viewer->cursor.image;

	/* drawn anew into the same buffer, and armed again at the same place */
	f.viewer->cursor.image = NULL;
	fill(image + 64 * 64 * 4 - 4, 1, 0xff0000ff);
	move_cursor(&f, 0, 0);
	run_for(5);
	g_assert_true(f.viewer->cursor.image == first);
	/* another buffer */
	vfio_fake_dmabuf_add(f.fake, 10, 256 * 256 * 4);
	vfio_fake_plane_set(&f.fake->cursor, DRM_FORMAT_ARGB8888, 256, 256, 10);
	move_cursor(&f, -300, -300);
	run_for(5);
	g_assert_cmpuint(f.viewer->cursor.image->info.width_px, ==, 256);
	g_assert_cmpint(f.viewer->cursor_x_px, ==, -300);
	/* and back to the first: it is known still */
	unsigned int gets = f.fake->gets;
	vfio_fake_plane_set(&f.fake->cursor, DRM_FORMAT_ARGB8888, 64, 64, 9);
	move_cursor(&f, 1, 1);
	run_for(5);
	g_assert_true(f.viewer->cursor.image == first);
	g_assert_cmpuint(f.fake->gets, ==, gets);
	/* off */
	f.fake->cursor.drm_format = f.fake->cursor.size = 0;
	move_cursor(&f, 1, 1);
	run_for(5);
	g_assert_null(f.viewer->cursor.image);
	g_assert_false(f.viewer->cursor_visible);
	finish(&f);
}

static void test_cursor_is_not_held_up(void)
{
	struct fixture f = { 0 };

	watch_with_cursor(&f);
	f.viewer->slow = true;
	flip_to(&f, 1);
	fill(f.pixels, 1, 1);
	flip_to(&f, 1);
	run_for(20);
	g_assert_nonnull(f.viewer->held);
	/* nobody can use a frame, but everybody sees the cursor move */
	move_cursor(&f, 77, 33);
	run_for(5);
	g_assert_cmpint(f.viewer->cursor_x_px, ==, 77);
	capture_release(f.viewer);
	finish(&f);
}

static void test_cursor_query_fails_once(void)
{
	struct fixture f = { 0 };

	watch_with_cursor(&f);
	f.fake->cursor_result = -EAGAIN;
	move_cursor(&f, 12, 34);
	run_for(5);
	f.fake->cursor_result = 0;
	/* asked again with whatever comes next */
	vfio_fake_signal(f.fake, GFX_IRQ, 0);
	run_for(5);
	g_assert_cmpint(f.viewer->cursor_x_px, ==, 12);
	finish(&f);
}

static void test_cursor_tiled(void)
{
	struct fixture f = { 0 };

	prepare_gen9(&f);
	vfio_fake_dmabuf_add(f.fake, 9, 64 * 64 * 4);
	vfio_fake_plane_set(&f.fake->cursor, DRM_FORMAT_ARGB8888, 64, 64, 9);
	f.fake->cursor.drm_format_mod = I915_FORMAT_MOD_Y_TILED;
	watch(&f);
	run_for(20);
	g_assert_null(f.viewer->cursor.image);
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

/* ---- what a person is told ---- */

static void test_locked_memory(void)
{
	struct fixture f = { 0 };
	struct vfio_gfx_status *status = prepare_gen9(&f);

	status->plane.off_reason = VFIO_GFX_OFF_LOCKED_MEMORY;
	status->plane.size = (8 << 20) - 4096;
	f.fake->primary.drm_format = 0;
	watch(&f);
	expect_blank(&f, BLANK_ERROR, "may not lock 8 MiB for the picture: raise the limit on "
		     "locked memory (ulimit -l, LimitMEMLOCK=)");
	status->plane.size = 0;
	flip_to(&f, 0);
	run_for(10);
	expect_blank(&f, BLANK_ERROR, "may not lock the picture: raise");
	status->plane.off_reason = VFIO_GFX_OFF_BAD_ADDRESS;
	flip_to(&f, 0);
	run_for(10);
	expect_blank(&f, BLANK_BAD_PLANE, "the GPU's page table leads to no guest memory");
	finish(&f);
}

static void test_no_buffer_hint(void)
{
	struct fixture f = { 0 };

	prepare_gen9(&f);
	f.fake->get_result = -ENOMEM;
	watch(&f);
	expect_blank(&f, BLANK_NO_BUFFER, "GET_GFX_DMABUF id 1: Cannot allocate memory (raise the "
		     "limit on locked memory");
	/* no flip, but it gets better */
	f.fake->get_result = 0;
	for (unsigned int i = 0; i < 100 && !f.viewer->image; i++) {
		run_for(10);
	}
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define T(name, fn) g_test_add_func("/vfio-planes/" name, fn)
	T("a-tiled-plane-needs-its-last-tile", test_tiled_sizes);
	T("a-place-outside-of-the-buffer-is-rejected", test_impossible_places);
	T("a-format-that-does-not-tile-is-named", test_formats_that_do_not_tile);
	T("the-driver-is-told-that-we-look-at-the-source", test_control);
	T("a-linear-picture-may-begin-within-a-page", test_panned);
	T("a-tiled-picture-may-begin-within-a-tile-and-be-turned", test_tiled_source);
	T("the-state-has-rotation-cursor-and-flips", test_state);
	T("a-flip-between-query-and-place-asks-again", test_races_with_a_flip);
	T("a-driver-whose-ids-never-agree-is-named", test_races_without_end);
	T("a-still-screen-costs-no-query", test_still_screen);
	T("drawing-in-place-is-seen-without-a-query", test_drawing_in_place);
	T("an-interrupt-brings-the-pace-back", test_pace_comes_back);
	T("each-flip-is-shown-at-once", test_flips_at_once);
	T("a-flip-after-stillness-is-shown-at-once", test_flip_after_stillness);
	T("a-slow-viewer-gets-the-newest-flip", test_flip_with_slow_viewer);
	T("without-the-interrupt-the-place-is-known-too", test_interrupt_refused);
	T("moving-the-cursor-costs-no-frame", test_cursor_moves);
	T("cursor-images-are-told-when-they-change", test_cursor_images);
	T("a-slow-viewer-does-not-hold-up-the-cursor", test_cursor_is_not_held_up);
	T("a-failed-cursor-query-is-asked-again", test_cursor_query_fails_once);
	T("a-tiled-cursor-is-not-shown", test_cursor_tiled);
	T("the-limit-on-locked-memory-is-named", test_locked_memory);
	T("a-buffer-that-cannot-be-had-comes-with-a-hint", test_no_buffer_hint);
#undef T
	return g_test_run();
}
