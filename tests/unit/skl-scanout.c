// SPDX-License-Identifier: GPL-2.0-or-later
/* What is seen of the emulated Gen9 display: planes of every kind, the cursor, and why nothing. */
#include "skl-rig.h"

static inline struct capture *watch(struct rig *rig)
{
	struct capture *capture = capture_create(rig->console, SINK_CPU);

	capture_set_wanted(capture, true);
	return capture;
}

/* ---- the picture ---- */

static void test_picture(void)
{
	struct capture *capture;
	struct rig rig;

	start(&rig, NULL, NULL);
	capture = watch(&rig);
	wait_for_blank(capture, BLANK_NOT_STARTED);
	set_mode(&rig);
	draw(&rig, &front, 0, 0x123456);
	draw(&rig, &front, (239 * 320 + 319) * 4, 0x654321);
	wait_for_pixel(capture, 0, 0, 0xff123456);
	g_assert_cmpint(pixman_image_get_width(capture->image), ==, 320);
	g_assert_cmphex(pixel_at(capture, 319, 239), ==, 0xff654321);

	/* In place, no register touched. */
	draw(&rig, &front, (200 * 320 + 150) * 4, 0xabcdef);
	wait_for_pixel(capture, 150, 200, 0xffabcdef);
	g_assert_cmpint(pixman_region32_extents(&capture->damage)->x1, ==, 150);
	g_assert_cmpint(pixman_region32_extents(&capture->damage)->x2, ==, 151);

	/* A flip: at a blank, of which nobody but us wants to hear. */
	draw(&rig, &back, 4, 0x010203);
	reg(&rig, PLANE_SURF, back.address);
	wait_for_pixel(capture, 1, 0, 0xff010203);
	g_assert_cmphex(pixel_at(capture, 150, 200), ==, 0xff000000);

	/* A part of a larger surface that begins within a page. */
	draw(&rig, &front, (23 * 320 + 7) * 4, 0x777777);
	set_plane(&rig, &front, XRGB, 20, 160, 100, 7, 23);
	wait_for_pixel(capture, 0, 0, 0xff777777);
	g_assert_cmpint(pixman_image_get_width(capture->image), ==, 160);

	/* 16 bits a pixel */
	draw(&rig, &front, 0, 0x07e0f800);
	set_plane(&rig, &front, 0x8e000000, 10, 320, 240, 0, 0);
	wait_for_pixel(capture, 0, 0, 0xffff0000);
	g_assert_cmphex(pixel_at(capture, 1, 0), ==, 0xff00ff00);

	reg(&rig, PLANE_CTL, 0);
	reg(&rig, PLANE_SURF, 0);
	wait_for_blank(capture, BLANK_PLANE_OFF);
	/* The device goes while it is being watched. */
	rig_stop(&rig);
	g_assert_cmpint(capture->blank, ==, BLANK_NO_DISPLAY);
	capture_destroy(capture);
}

/* A picture that stands still is not looked at; the first write into it brings the next look. */
static void test_still(void)
{
	struct capture *capture;
	struct rig rig;
	uint64_t before = 0;

	start(&rig, NULL, NULL);
	capture = watch(&rig);
	set_mode(&rig);
	draw(&rig, &front, 0, 0x123456);
	/* After half a second of looks; a machine with much else to do takes longer for as many. */
	for (unsigned int i = 0; i < 20; i++) {
		before = looks(&rig);
		run_for(300);
		if (i > 2 && looks(&rig) == before) {
			break;
		}
	}
	if (looks(&rig) != before) {
		g_test_skip("this kernel has no userfaultfd for us");
	} else {
		draw(&rig, &front, 4, 0x654321);
		wait_for_pixel(capture, 1, 0, 0xff654321);
		/* After a flip it is the other buffer that is watched. */
		reg(&rig, PLANE_SURF, back.address);
		run_for(1200);
		draw(&rig, &back, 8, 0xfedcba);
		wait_for_pixel(capture, 2, 0, 0xfffedcba);
	}
	rig_stop(&rig);
	capture_destroy(capture);
}

/* Where a pixel of four bytes lies in tiles, @stride bytes to a line of them. */
static uint32_t x_tiled(uint32_t x, uint32_t y, uint32_t stride)
{
	return y / 8 * 8 * stride + x * 4 / 512 * PAGE + y % 8 * 512 + x * 4 % 512;
}

static uint32_t y_tiled(uint32_t x, uint32_t y, uint32_t stride)
{
	return y / 32 * 32 * stride + x * 4 / 128 * PAGE + x * 4 % 128 / 16 * 512 + y % 32 * 16 +
	       x * 4 % 16;
}

static void test_tiled(void)
{
	struct capture *capture;
	struct rig rig;

	start(&rig, NULL, NULL);
	capture = watch(&rig);
	set_mode(&rig);
	/* Three tiles in a row; the picture begins in the second row's second tile. */
	draw(&rig, &back, x_tiled(130, 9, 1536), 0x111111);
	draw(&rig, &back, x_tiled(289, 108, 1536), 0x222222);
	set_plane(&rig, &back, XRGB | TILING(1), 3, 160, 100, 130, 9);
	wait_for_pixel(capture, 0, 0, 0xff111111);
	g_assert_cmpint(pixman_image_get_width(capture->image), ==, 160);
	g_assert_cmphex(pixel_at(capture, 159, 99), ==, 0xff222222);
	/* Ten in a row */
	draw(&rig, &front, y_tiled(33, 40, 1280), 0x333333);
	draw(&rig, &front, y_tiled(319, 239, 1280), 0x444444);
	set_plane(&rig, &front, XRGB | TILING(4), 10, 287, 200, 33, 40);
	wait_for_pixel(capture, 0, 0, 0xff333333);
	g_assert_cmphex(pixel_at(capture, 286, 199), ==, 0xff444444);
	/* Upside down */
	set_plane(&rig, &front, XRGB | TILING(4) | 2, 10, 287, 200, 33, 40);
	wait_for_pixel(capture, 286, 199, 0xff333333);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff444444);
	capture_destroy(capture);
	rig_stop(&rig);
}

/*
 * Memory holds 320x240 in 10 x 8 tiles; the guest maps them column by column, from the bottom, and
 * begins behind the 16 lines that the last row of tiles has too many, as i915 does.
 */
static void test_turned(void)
{
	struct surface turned = { 0x400000, front.first_page, 80 };
	struct capture *capture;
	struct rig rig;

	start(&rig, NULL, NULL);
	for (unsigned int i = 0; i < turned.pages; i++) {
		set_pte(&rig, turned.address + i * PAGE,
			page_gpa(&turned, (7 - i % 8) * 10 + i / 8) | 1);
	}
	capture = watch(&rig);
	set_mode(&rig);
	draw(&rig, &turned, y_tiled(0, 0, 1280), 0x111111);
	draw(&rig, &turned, y_tiled(319, 0, 1280), 0x222222);
	draw(&rig, &turned, y_tiled(100, 50, 1280), 0x333333);
	/* A quarter clockwise */
	set_plane(&rig, &turned, XRGB | TILING(4) | 1, 8, 240, 320, 16, 0);
	wait_for_pixel(capture, 239, 0, 0xff111111);
	g_assert_cmpint(pixman_image_get_width(capture->image), ==, 240);
	g_assert_cmpint(pixman_image_get_height(capture->image), ==, 320);
	g_assert_cmphex(pixel_at(capture, 239, 319), ==, 0xff222222);
	g_assert_cmphex(pixel_at(capture, 239 - 50, 100), ==, 0xff333333);
	/* And counter-clockwise */
	set_plane(&rig, &turned, XRGB | TILING(4) | 3, 8, 240, 320, 16, 0);
	wait_for_pixel(capture, 0, 319, 0xff111111);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff222222);
	g_assert_cmphex(pixel_at(capture, 50, 319 - 100), ==, 0xff333333);
	capture_destroy(capture);
	rig_stop(&rig);
}

/* Same graphics address, same geometry, other memory. */
static void test_remapped(void)
{
	struct capture *capture;
	struct surface moved = back;
	struct rig rig;

	start(&rig, NULL, NULL);
	capture = watch(&rig);
	draw(&rig, &front, 0, 0x111111);
	draw(&rig, &back, 0, 0x222222);
	set_mode(&rig);
	wait_for_pixel(capture, 0, 0, 0xff111111);
	moved.address = front.address;
	map(&rig, &moved);
	wait_for_pixel(capture, 0, 0, 0xff222222);
	draw(&rig, &back, 4, 0x333333);
	wait_for_pixel(capture, 1, 0, 0xff333333);
	/* And back: that buffer is known. */
	map(&rig, &front);
	wait_for_pixel(capture, 0, 0, 0xff111111);
	capture_destroy(capture);
	rig_stop(&rig);
}

static void test_no_memory(void)
{
	static const uint64_t bad[] = { 0, RIG_RAM_BYTES | 1, GGTT | 1, 0x7ffffff001 };
	struct capture *capture;
	struct rig rig;

	start(&rig, NULL, NULL);
	capture = watch(&rig);
	set_mode(&rig);
	wait_for_blank(capture, BLANK_NONE);
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		set_pte(&rig, front.address + 30 * PAGE, bad[i]);
		reg(&rig, GGTT_FLUSH, 1);
		wait_for_blank(capture, BLANK_BAD_PLANE);
		g_assert_cmpstr(capture->blank_text, ==,
				"screen: the guest's picture at graphics address 0x100000 leads to "
				"no memory at 0x11e000");
		map(&rig, &front);
		wait_for_blank(capture, BLANK_NONE);
	}
	/* Behind the end of the page table */
	reg(&rig, PLANE_SURF, (1u << 30) - PAGE);
	wait_for_blank(capture, BLANK_BAD_PLANE);
	reg(&rig, PLANE_CTL, 0x80000000);
	reg(&rig, PLANE_SURF, front.address);
	wait_for_blank(capture, BLANK_BAD_FORMAT);
	capture_destroy(capture);
	rig_stop(&rig);
}

static void test_looks(void)
{
	struct capture *capture;
	struct rig rig;

	start(&rig, NULL, NULL);
	set_mode(&rig);
	reg(&rig, PLANE_SURF, back.address);
	run_for(60);
	g_assert_cmpuint(looks(&rig), ==, 0);
	capture = watch(&rig);
	/* After two seconds without a change a flip is seen at once all the same. */
	run_for(2500);
	draw(&rig, &front, 0, 0x445566);
	reg(&rig, PLANE_SURF, front.address);
	run_for(100);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff445566);
	capture_destroy(capture);
	rig_stop(&rig);
}

static void test_capture(void)
{
	g_autoptr(GError) error = NULL;
	pixman_image_t *image;
	struct rig rig;

	start(&rig, NULL, NULL);
	g_assert_null(console_capture(rig.console, &error));
	g_assert_cmpstr(error->message, ==,
			"screen: no picture: the guest has not set a display mode yet");
	set_mode(&rig);
	draw(&rig, &front, 4, 0xfedcba);
	image = console_capture(rig.console, NULL);
	g_assert_cmphex(image_pixel(image, 1, 0), ==, 0xfffedcba);
	pixman_image_unref(image);
	rig_reset(&rig);
	g_assert_null(console_capture(rig.console, NULL));
	g_assert_cmphex(rig_config(&rig, 0x10, 4), ==, 4);
	rig_stop(&rig);
}

/* ---- cursor ---- */

static uint32_t cursor_pixel(struct capture *capture, unsigned int x, unsigned int y)
{
	const struct fb_buffer *image = capture->cursor.image;

	g_assert_nonnull(image);
	return ((const uint32_t *)image->hva)[y * image->info.plane[0].stride_bytes / 4 + x];
}

static void wait_for_cursor_pixel(struct capture *capture, unsigned int x, unsigned int y, uint32_t pixel)
{
	run_until(capture->cursor.image && cursor_pixel(capture, x, y) == pixel);
	g_assert_cmphex(cursor_pixel(capture, x, y), ==, pixel);
}

static void test_cursor(void)
{
	struct capture *capture;
	struct fb_buffer *before;
	struct rig rig;

	start(&rig, NULL, NULL);
	capture = watch(&rig);
	set_mode(&rig);
	run_until(capture->image);
	g_assert_null(capture->cursor.image);
	draw(&rig, &pointer, (2 * 64 + 3) * 4, 0x80402010);
	draw(&rig, &pointer, (63 * 64 + 63) * 4, 0xff0000ff);
	reg(&rig, CURCNTR, 0x27);
	reg(&rig, CURPOS, 0x0064800a); /* -10, 100 */
	reg(&rig, CURBASE, pointer.address);
	wait_for_cursor_pixel(capture, 3, 2, 0x80402010);
	g_assert_cmphex(cursor_pixel(capture, 63, 63), ==, 0xff0000ff);
	g_assert_cmpuint(capture->cursor.image->info.height_px, ==, 64);
	g_assert_cmpint(capture->cursor.hot_x_px, ==, -1);
	g_assert_cmpint(capture->cursor_x_px, ==, -10);
	g_assert_cmpint(capture->cursor_y_px, ==, 100);
	g_assert_true(capture->cursor_visible);

	/* Moved: the same image. */
	before = capture->cursor.image;
	reg(&rig, CURPOS, 0x00050006);
	reg(&rig, CURBASE, pointer.address);
	run_until(capture->cursor_x_px == 6);
	g_assert_cmpint(capture->cursor_x_px, ==, 6);
	g_assert_true(capture->cursor.image == before);
	/* Another one drawn into the same memory. */
	draw(&rig, &pointer, 0, 0xffffffff);
	wait_for_cursor_pixel(capture, 0, 0, 0xffffffff);
	/* Upside down. */
	reg(&rig, CURCNTR, 0x8027);
	reg(&rig, CURBASE, pointer.address);
	wait_for_cursor_pixel(capture, 63, 63, 0xffffffff);
	g_assert_cmphex(cursor_pixel(capture, 0, 0), ==, 0xff0000ff);
	/* Nowhere, then off. */
	set_pte(&rig, pointer.address, 0);
	reg(&rig, CURBASE, pointer.address);
	run_until(!capture->cursor.image);
	g_assert_null(capture->cursor.image);
	g_assert_false(capture->cursor_visible);
	map(&rig, &pointer);
	reg(&rig, CURBASE, pointer.address);
	run_until(capture->cursor_visible);
	g_assert_true(capture->cursor_visible);
	reg(&rig, CURCNTR, 0);
	reg(&rig, CURBASE, 0);
	run_until(!capture->cursor_visible);
	g_assert_false(capture->cursor_visible);
	capture_destroy(capture);
	rig_stop(&rig);
}

/* ---- views ---- */

static void test_view(void)
{
	uint64_t gpas[16];
	struct guest_view *view, *copy;
	struct rig rig;

	start(&rig, NULL, NULL);
	for (unsigned int i = 0; i < 16; i++) {
		/* four pages in a row, from the end to the beginning */
		gpas[i] = 0x300000 - (i / 4) * 0x10000 + i % 4 * PAGE;
		write32(&rig, gpas[i] + 8, i);
	}
	view = guest_view_create(rig.board.mem, gpas, 16, 4);
	g_assert_cmpuint(view->mappings, ==, 4);
	g_assert_null(view->copied_from);
	copy = guest_view_create(rig.board.mem, gpas, 16, 3);
	g_assert_nonnull(copy->copied_from);
	guest_view_refresh(copy);
	for (unsigned int i = 0; i < 16; i++) {
		g_assert_cmpuint(((uint32_t *)view->hva)[i * 1024 + 2], ==, i);
	}
	g_assert_cmpmem(view->hva, view->size_bytes, copy->hva, copy->size_bytes);
	write32(&rig, gpas[5], 0xffff);
	g_assert_cmpuint(((uint32_t *)view->hva)[5 * 1024], ==, 0xffff);
	g_assert_cmpuint(((uint32_t *)copy->hva)[5 * 1024], ==, 0);
	guest_view_refresh(copy);
	g_assert_cmpmem(view->hva, view->size_bytes, copy->hva, copy->size_bytes);
	gpas[15] = RIG_RAM_BYTES;
	g_assert_null(guest_view_create(rig.board.mem, gpas, 16, 4));
	rig_stop(&rig);
	/* Memory of the machine that is gone */
	g_assert_cmpuint(((uint32_t *)view->hva)[5 * 1024], ==, 0xffff);
	guest_view_destroy(view);
	guest_view_destroy(copy);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/skl/draws-flips-and-blanks-are-seen", test_picture);
	g_test_add_func("/skl/a-still-picture-is-left-alone-until-it-is-drawn-into", test_still);
	g_test_add_func("/skl/tiles-are-put-in-order", test_tiled);
	g_test_add_func("/skl/turned-pictures-are-turned", test_turned);
	g_test_add_func("/skl/an-address-that-leads-elsewhere-is-another-picture", test_remapped);
	g_test_add_func("/skl/a-picture-without-memory-says-where", test_no_memory);
	g_test_add_func("/skl/nobody-watching-no-look-and-a-flip-is-seen-at-once", test_looks);
	g_test_add_func("/skl/screendump-needs-no-viewer", test_capture);
	g_test_add_func("/skl/cursor-is-shown-moved-and-hidden", test_cursor);
	g_test_add_func("/skl/scattered-pages-become-one-view", test_view);
	return g_test_run();
}
