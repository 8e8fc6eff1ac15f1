// SPDX-License-Identifier: GPL-2.0-or-later
/* The emulated Gen9 display on a PCI bus without a CPU, driven as i915 drives it. */
#include "accel/qtest.h"
#include "display-rig.h"
#include "hw/display/skl.h"

#define REGS	 0xf0000000u
#define APERTURE 0xe0000000u
#define ROM	 0xd0000000u
#define GGTT	 (REGS + GVT_SKL_GGTT_OFFSET)
#define PAGE	 4096u

#define PIPECONF     0x70008u
#define PLANE_CTL    0x70180u
#define PLANE_STRIDE 0x70188u
#define PLANE_SIZE   0x70190u
#define PLANE_SURF   0x7019cu
#define PLANE_OFFSET 0x701a4u
#define CURCNTR	     0x70080u
#define CURBASE	     0x70084u
#define CURPOS	     0x70088u
#define MASTER_IRQ   0x44200u
#define PIPE_IMR     0x44404u
#define PIPE_IIR     0x44408u
#define PIPE_IER     0x4440cu
#define GGTT_FLUSH   0x101008u

#define XRGB	 0x84000000u
#define TILING(n) ((uint32_t)(n) << 10)

/* A buffer in graphics addresses, its pages strewn over 512 pages of RAM. */
struct surface {
	uint32_t address;
	uint32_t first_page; /* of the 512 */
	unsigned int pages;
};

static const struct surface front = { 0x100000, 256, 100 }, back = { 0x200000, 768, 100 };
static const struct surface pointer = { 0x300000, 1280, 16 };

static uint64_t page_gpa(const struct surface *surface, unsigned int i)
{
	return (surface->first_page + i * 37u % 512) * (uint64_t)PAGE;
}

static void set_pte(struct rig *rig, uint32_t address, uint64_t pte)
{
	addr_space_write(rig->board.mem, GGTT + address / PAGE * 8, &pte, 8);
}

static void reg(struct rig *rig, uint32_t offset, uint32_t value)
{
	write32(rig, REGS + offset, value);
}

static void map(struct rig *rig, const struct surface *surface)
{
	for (unsigned int i = 0; i < surface->pages; i++) {
		set_pte(rig, surface->address + i * PAGE, page_gpa(surface, i) | 1);
	}
	reg(rig, GGTT_FLUSH, 1);
}

static void start(struct rig *rig, const char *name, const char *value)
{
	rig_start(rig, &skl_display_class, name, value, NULL);
	rig_config_set(rig, 0x10, REGS, 4);
	rig_config_set(rig, 0x18, APERTURE, 4);
	map(rig, &front);
	map(rig, &back);
	map(rig, &pointer);
}

static void draw(struct rig *rig, const struct surface *surface, uint32_t offset, uint32_t pixel)
{
	write32(rig, page_gpa(surface, offset / PAGE) + offset % PAGE, pixel);
}

/* @x, @y: the first pixel of the picture in its surface. */
static void set_plane(struct rig *rig, const struct surface *surface, uint32_t ctl,
		      uint32_t stride, uint32_t width, uint32_t height, uint32_t x, uint32_t y)
{
	reg(rig, PLANE_STRIDE, stride);
	reg(rig, PLANE_SIZE, (height - 1) << 16 | (width - 1));
	reg(rig, PLANE_OFFSET, y << 16 | x);
	reg(rig, PLANE_CTL, ctl);
	reg(rig, PLANE_SURF, surface->address);
}

/* 320x240, lines of 1280 bytes. */
static void set_mode(struct rig *rig)
{
	set_plane(rig, &front, XRGB, 20, 320, 240, 0, 0);
	reg(rig, PIPECONF, 1u << 31);
}

static struct capture *watch(struct rig *rig)
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
	run_for(20);
	g_assert_cmpint(capture->blank, ==, BLANK_NOT_STARTED);
	set_mode(&rig);
	draw(&rig, &front, 0, 0x123456);
	draw(&rig, &front, (239 * 320 + 319) * 4, 0x654321);
	run_for(60);
	g_assert_nonnull(capture->image);
	g_assert_cmpint(pixman_image_get_width(capture->image), ==, 320);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff123456);
	g_assert_cmphex(pixel_at(capture, 319, 239), ==, 0xff654321);

	/* In place, no register touched. */
	draw(&rig, &front, (200 * 320 + 150) * 4, 0xabcdef);
	run_for(100);
	g_assert_cmphex(pixel_at(capture, 150, 200), ==, 0xffabcdef);
	g_assert_cmpint(pixman_region32_extents(&capture->damage)->x1, ==, 150);
	g_assert_cmpint(pixman_region32_extents(&capture->damage)->x2, ==, 151);

	/* A flip: at a blank, of which nobody but us wants to hear. */
	draw(&rig, &back, 4, 0x010203);
	reg(&rig, PLANE_SURF, back.address);
	run_for(100);
	g_assert_cmphex(pixel_at(capture, 1, 0), ==, 0xff010203);
	g_assert_cmphex(pixel_at(capture, 150, 200), ==, 0xff000000);

	/* A part of a larger surface that begins within a page. */
	draw(&rig, &front, (23 * 320 + 7) * 4, 0x777777);
	set_plane(&rig, &front, XRGB, 20, 160, 100, 7, 23);
	run_for(100);
	g_assert_cmpint(pixman_image_get_width(capture->image), ==, 160);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff777777);

	/* 16 bits a pixel */
	draw(&rig, &front, 0, 0x07e0f800);
	set_plane(&rig, &front, 0x8e000000, 10, 320, 240, 0, 0);
	run_for(100);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xffff0000);
	g_assert_cmphex(pixel_at(capture, 1, 0), ==, 0xff00ff00);

	reg(&rig, PLANE_CTL, 0);
	reg(&rig, PLANE_SURF, 0);
	run_for(60);
	g_assert_cmpint(capture->blank, ==, BLANK_PLANE_OFF);
	/* The device goes while it is being watched. */
	rig_stop(&rig);
	g_assert_cmpint(capture->blank, ==, BLANK_NO_DISPLAY);
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
	run_for(100);
	g_assert_cmpint(pixman_image_get_width(capture->image), ==, 160);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff111111);
	g_assert_cmphex(pixel_at(capture, 159, 99), ==, 0xff222222);
	/* Ten in a row */
	draw(&rig, &front, y_tiled(33, 40, 1280), 0x333333);
	draw(&rig, &front, y_tiled(319, 239, 1280), 0x444444);
	set_plane(&rig, &front, XRGB | TILING(4), 10, 287, 200, 33, 40);
	run_for(100);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff333333);
	g_assert_cmphex(pixel_at(capture, 286, 199), ==, 0xff444444);
	/* Upside down */
	set_plane(&rig, &front, XRGB | TILING(4) | 2, 10, 287, 200, 33, 40);
	run_for(100);
	g_assert_cmphex(pixel_at(capture, 286, 199), ==, 0xff333333);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff444444);
	capture_destroy(capture);
	rig_stop(&rig);
}

/* Memory holds 320x240 in 10 x 8 tiles; the guest maps them column by column, from the bottom. */
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
	set_plane(&rig, &turned, XRGB | TILING(4) | 1, 8, 240, 320, 0, 0);
	run_for(100);
	g_assert_cmpint(pixman_image_get_width(capture->image), ==, 240);
	g_assert_cmpint(pixman_image_get_height(capture->image), ==, 320);
	g_assert_cmphex(pixel_at(capture, 239, 0), ==, 0xff111111);
	g_assert_cmphex(pixel_at(capture, 239, 319), ==, 0xff222222);
	g_assert_cmphex(pixel_at(capture, 239 - 50, 100), ==, 0xff333333);
	/* And counter-clockwise */
	set_plane(&rig, &turned, XRGB | TILING(4) | 3, 8, 240, 320, 0, 0);
	run_for(100);
	g_assert_cmphex(pixel_at(capture, 0, 319), ==, 0xff111111);
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
	run_for(60);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff111111);
	moved.address = front.address;
	map(&rig, &moved);
	run_for(60);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff222222);
	draw(&rig, &back, 4, 0x333333);
	run_for(60);
	g_assert_cmphex(pixel_at(capture, 1, 0), ==, 0xff333333);
	/* And back: that buffer is known. */
	map(&rig, &front);
	run_for(60);
	g_assert_cmphex(pixel_at(capture, 0, 0), ==, 0xff111111);
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
	run_for(60);
	g_assert_cmpint(capture->blank, ==, BLANK_NONE);
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		set_pte(&rig, front.address + 30 * PAGE, bad[i]);
		reg(&rig, GGTT_FLUSH, 1);
		run_for(60);
		g_assert_cmpint(capture->blank, ==, BLANK_BAD_PLANE);
		g_assert_cmpstr(capture->blank_text, ==,
				"screen: the guest's picture at graphics address 0x100000 leads to "
				"no memory at 0x11e000");
		map(&rig, &front);
		run_for(60);
		g_assert_cmpint(capture->blank, ==, BLANK_NONE);
	}
	/* Behind the end of the page table */
	reg(&rig, PLANE_SURF, (1u << 30) - PAGE);
	run_for(60);
	g_assert_cmpint(capture->blank, ==, BLANK_BAD_PLANE);
	reg(&rig, PLANE_CTL, 0x80000000);
	reg(&rig, PLANE_SURF, front.address);
	run_for(60);
	g_assert_cmpint(capture->blank, ==, BLANK_BAD_FORMAT);
	capture_destroy(capture);
	rig_stop(&rig);
}

static void test_looks(void)
{
	struct capture *capture;
	struct rig rig;
	uint64_t before;

	start(&rig, NULL, NULL);
	set_mode(&rig);
	reg(&rig, PLANE_SURF, back.address);
	run_for(60);
	g_assert_cmpuint(looks(&rig), ==, 0);
	capture = watch(&rig);
	run_for(2500);
	before = looks(&rig);
	g_assert_cmpuint(before, >, 20);
	run_for(2000);
	/* Backed off to one in two seconds. */
	g_assert_cmpuint(looks(&rig) - before, <=, 3);
	before = looks(&rig);
	console_expect_change(rig.console);
	run_for(100);
	g_assert_cmpuint(looks(&rig) - before, >=, 2);
	/* A flip is seen at once. */
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

static void test_cursor(void)
{
	struct capture *capture;
	struct fb_buffer *before;
	struct rig rig;

	start(&rig, NULL, NULL);
	capture = watch(&rig);
	set_mode(&rig);
	run_for(60);
	g_assert_null(capture->cursor.image);
	draw(&rig, &pointer, (2 * 64 + 3) * 4, 0x80402010);
	draw(&rig, &pointer, (63 * 64 + 63) * 4, 0xff0000ff);
	reg(&rig, CURCNTR, 0x27);
	reg(&rig, CURPOS, 0x0064800a); /* -10, 100 */
	reg(&rig, CURBASE, pointer.address);
	run_for(60);
	g_assert_cmphex(cursor_pixel(capture, 3, 2), ==, 0x80402010);
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
	run_for(60);
	g_assert_true(capture->cursor.image == before);
	g_assert_cmpint(capture->cursor_x_px, ==, 6);
	/* Another one drawn into the same memory. */
	draw(&rig, &pointer, 0, 0xffffffff);
	run_for(100);
	g_assert_cmphex(cursor_pixel(capture, 0, 0), ==, 0xffffffff);
	/* Upside down. */
	reg(&rig, CURCNTR, 0x8027);
	reg(&rig, CURBASE, pointer.address);
	run_for(60);
	g_assert_cmphex(cursor_pixel(capture, 63, 63), ==, 0xffffffff);
	g_assert_cmphex(cursor_pixel(capture, 0, 0), ==, 0xff0000ff);
	/* Nowhere, then off. */
	set_pte(&rig, pointer.address, 0);
	reg(&rig, CURBASE, pointer.address);
	run_for(60);
	g_assert_null(capture->cursor.image);
	g_assert_false(capture->cursor_visible);
	map(&rig, &pointer);
	reg(&rig, CURBASE, pointer.address);
	run_for(60);
	g_assert_true(capture->cursor_visible);
	reg(&rig, CURCNTR, 0);
	reg(&rig, CURBASE, 0);
	run_for(60);
	g_assert_false(capture->cursor_visible);
	capture_destroy(capture);
	rig_stop(&rig);
}

/* ---- bus ---- */

static void test_config(void)
{
	const struct gvt_skl_config config = {
		.output = GVT_SKL_DP, .pvinfo = true, .pipes = 1, .ggtt_bytes = 2 << 20,
	};
	struct gvt_pci image;
	struct rig rig;

	gvt_skl_pci_init(&config, &image);
	rig_start(&rig, &skl_display_class, NULL, NULL, NULL);
	rig_config_set(&rig, 4, 0, 2);
	for (uint32_t i = 0; i < PCI_CONFIG_SIZE; i += 4) {
		uint32_t mask = i == 4 ? 0xffff0000 : ~0u;

		g_assert_cmphex(rig_config(&rig, i, 4) & mask, ==,
				pci_get32(image.data + i) & mask);
	}
	/* What the guest may change is what the core says; hw/pci has one field of MSI more. */
	for (uint32_t i = 0x10; i < PCI_CONFIG_SIZE; i += 4) {
		uint32_t mask = i == 0xac ? ~0x00700000u : ~0u;

		rig_config_set(&rig, i, ~0u, 4);
		g_assert_cmphex(rig_config(&rig, i, 4) & mask, ==,
				pci_get32(image.data + i) | pci_get32(image.writable + i));
	}
	rig_reset(&rig);
	g_assert_cmphex(rig_config(&rig, 0xfc, 4), ==, 0);
	g_assert_cmphex(rig_config(&rig, 0x50, 2), ==, 0x40);
	rig_stop(&rig);

	rig_start(&rig, &skl_display_class, "x-ggtt", "8M", NULL);
	g_assert_cmphex(rig_config(&rig, 0x50, 2), ==, 0xc0);
	rig_stop(&rig);
	rig_start(&rig, &skl_display_class, "x-vga", "on", NULL);
	g_assert_cmphex(rig_config(&rig, 8, 4), ==, 0x03000006);
	rig_stop(&rig);
}

static void test_rom(void)
{
	const struct gvt_skl_config config = {
		.output = GVT_SKL_HDMI, .pvinfo = true, .pipes = 1, .ggtt_bytes = 2 << 20,
	};
	uint8_t want[GVT_SKL_ROM_SIZE], got[GVT_SKL_ROM_SIZE];
	struct rig rig;

	gvt_skl_rom(&config, want);
	start(&rig, "x-output", "hdmi");
	rig_config_set(&rig, 0x30, ROM | 1, 4);
	addr_space_read(rig.board.mem, ROM, got, sizeof(got));
	g_assert_cmpmem(got, sizeof(got), want, sizeof(want));
	rig_stop(&rig);

	start(&rig, "x-output", "none");
	rig_config_set(&rig, 0x30, ROM | 1, 4);
	g_assert_cmphex(rig_config(&rig, 0x30, 4), ==, 0);
	rig_stop(&rig);
}

static void test_bars(void)
{
	struct rig rig;

	start(&rig, NULL, NULL);
	/* Below the page table registers, above it nothing. */
	g_assert_cmphex(read32(&rig, REGS + 0x78000), ==, 0x76544776);
	g_assert_cmphex(read32(&rig, GGTT - 4), ==, 0);
	g_assert_cmphex(read32(&rig, GGTT + front.address / PAGE * 8), ==, page_gpa(&front, 0) | 1);
	g_assert_cmphex(read32(&rig, GGTT + (2 << 20)), ==, 0);
	write32(&rig, GGTT + (2 << 20), 1);
	g_assert_cmphex(read32(&rig, REGS + GVT_SKL_BAR0_SIZE), ==, 0xffffffff);
	/* Both halves move together. */
	rig_config_set(&rig, 0x10, 0xb0000000, 4);
	g_assert_cmphex(read32(&rig, 0xb0078000), ==, 0x76544776);
	g_assert_cmphex(read32(&rig, 0xb0800000 + front.address / PAGE * 8), ==,
			page_gpa(&front, 0) | 1);
	g_assert_cmphex(read32(&rig, GGTT), ==, 0xffffffff);
	rig_config_set(&rig, 4, 0, 2);
	g_assert_cmphex(read32(&rig, 0xb0800000), ==, 0xffffffff);
	rig_config_set(&rig, 4, 2, 2);
	/* A reset empties it. */
	rig_reset(&rig);
	rig_config_set(&rig, 4, 2, 2);
	rig_config_set(&rig, 0x10, REGS, 4);
	g_assert_cmphex(read32(&rig, GGTT + front.address / PAGE * 8), ==, 0);
	rig_stop(&rig);
}

static void test_aperture(void)
{
	struct rig rig;

	start(&rig, NULL, NULL);
	set_pte(&rig, 0x3000, 0x200001);
	set_pte(&rig, 0x4000, 0x180001);
	set_pte(&rig, 0x5000, APERTURE | 0x5001); /* itself */
	write32(&rig, 0x200ffc, 0x11223344);
	write32(&rig, 0x180000, 0x55667788);
	g_assert_cmphex(read32(&rig, APERTURE + 0x3ffc), ==, 0x11223344);
	g_assert_cmphex(read32(&rig, APERTURE + 0x3ffe), ==, 0x77881122); /* across pages */
	write32(&rig, APERTURE + 0x3ffe, 0xaabbccdd);
	g_assert_cmphex(read32(&rig, 0x200ffc), ==, 0xccdd3344);
	g_assert_cmphex(read32(&rig, 0x180000), ==, 0x5566aabb);
	/* Nothing there */
	g_assert_cmphex(read32(&rig, APERTURE), ==, 0);
	write32(&rig, APERTURE, 1);
	g_assert_cmphex(read32(&rig, APERTURE + 0x5000), ==, 0);
	write32(&rig, APERTURE + 0x5000, 1);
	/* The last page of RAM ends with it. */
	set_pte(&rig, GVT_SKL_APERTURE_SIZE - PAGE, (RIG_RAM_BYTES - PAGE) | 1);
	write32(&rig, RIG_RAM_BYTES - 4, 0x99887766);
	g_assert_cmphex(read32(&rig, APERTURE + GVT_SKL_APERTURE_SIZE - 4), ==, 0x99887766);
	rig_stop(&rig);
}

/* ---- interrupts ---- */

static unsigned int messages(struct rig *rig)
{
	struct accel_qtest_msi msi;
	unsigned int n = 0;

	while (accel_qtest_msi_take(rig->board.accel, &msi)) {
		g_assert_cmphex(msi.addr, ==, 0xfee00000);
		g_assert_cmphex(msi.data, ==, 0x4041);
		n++;
	}
	return n;
}

static void want_blanks(struct rig *rig, bool on)
{
	reg(rig, PIPE_IER, 1);
	reg(rig, PIPE_IMR, on ? ~1u : ~0u);
	reg(rig, MASTER_IRQ, 1u << 31);
}

/* As the guest's handler does it. */
static void handle_irq(struct rig *rig)
{
	reg(rig, MASTER_IRQ, 0);
	g_assert_cmphex(read32(rig, REGS + MASTER_IRQ), ==, 1u << 16);
	reg(rig, PIPE_IIR, 1);
	reg(rig, MASTER_IRQ, 1u << 31);
}

static void test_intx(void)
{
	struct rig rig;

	start(&rig, NULL, NULL);
	set_mode(&rig);
	run_for(60);
	g_assert_false(rig.intx);
	want_blanks(&rig, true);
	run_for(60);
	g_assert_true(rig.intx);
	handle_irq(&rig);
	g_assert_false(rig.intx);
	run_for(60);
	g_assert_true(rig.intx);
	g_assert_cmpuint(messages(&rig), ==, 0);
	/* A message instead */
	rig_config_set(&rig, 0xac + 4, 0xfee00000, 4);
	rig_config_set(&rig, 0xac + 12, 0x4041, 2);
	rig_config_set(&rig, 0xac + 2, 1, 2);
	g_assert_false(rig.intx);
	rig_config_set(&rig, 0xac + 2, 0, 2);
	g_assert_true(rig.intx);
	rig_reset(&rig);
	g_assert_false(rig.intx);
	rig_stop(&rig);
}

static void test_msi(void)
{
	unsigned int sent = 0;
	int64_t start_ns;
	struct rig rig;

	start(&rig, NULL, NULL);
	rig_config_set(&rig, 0xac + 4, 0xfee00000, 4);
	rig_config_set(&rig, 0xac + 12, 0x4041, 2);
	rig_config_set(&rig, 0xac + 2, 1, 2);
	set_mode(&rig);
	want_blanks(&rig, true);
	start_ns = clock_ns();
	while (sent < 30) {
		unsigned int now;

		g_main_context_iteration(NULL, TRUE);
		now = messages(&rig);
		g_assert_cmpuint(now, <=, 1);
		sent += now;
		if (now) {
			handle_irq(&rig);
		}
	}
	/* 30 blanks at 60 Hz, whoever was late */
	g_assert_cmpint(clock_ns() - start_ns, >=, 29 * INT64_C(16666667));
	g_assert_cmpint(clock_ns() - start_ns, <, 2 * 30 * INT64_C(16666667));
	g_assert_false(rig.intx);
	/* Nobody wants to know: nothing is sent, and the main loop has nothing to do. */
	want_blanks(&rig, false);
	run_for(100);
	g_assert_cmpuint(messages(&rig), <=, 1);
	g_assert_cmpint(((struct skl_display *)rig.dev)->timer.deadline_ns, ==, INT64_MAX);
	rig_stop(&rig);
}

/* ---- monitor ---- */

static void check_monitor(struct rig *rig, uint32_t width, uint32_t height)
{
	const struct gvt_skl *model = &((struct skl_display *)rig->dev)->model;
	struct gvt_edid_mode mode;

	g_assert_true(model->plugged);
	g_assert_cmpint(gvt_edid_check(model->edid, model->edid_size), ==, GVT_EDID_OK);
	g_assert_true(gvt_edid_preferred(model->edid, model->edid_size, &mode));
	g_assert_cmpuint(mode.width_px, ==, width);
	g_assert_cmpuint(mode.height_px, ==, height);
}

static void test_monitor(void)
{
	const struct gvt_skl *model;
	struct rig rig;

	start(&rig, NULL, NULL);
	model = &((struct skl_display *)rig.dev)->model;
	check_monitor(&rig, 1280, 800);
	/* Only the wish that a viewer settles on counts. */
	for (uint32_t i = 0; i < 10; i++) {
		g_assert_true(console_set_mode(rig.console, &(struct display_mode){
			.width_px = 1000 + 10 * i, .height_px = 600 }));
		run_for(20);
		check_monitor(&rig, 1280, 800);
	}
	while (model->plugged) {
		g_main_context_iteration(NULL, TRUE);
	}
	run_for(MODE_WISH_DOWN_MS / 2);
	g_assert_false(model->plugged);
	run_for(MODE_WISH_DOWN_MS);
	check_monitor(&rig, 1090, 600);
	/* More than there can be */
	g_assert_true(console_set_mode(rig.console, &(struct display_mode){
		.width_px = 16384, .height_px = 16 }));
	run_for(MODE_WISH_SETTLE_MS + MODE_WISH_DOWN_MS + 100);
	check_monitor(&rig, 4096, 64);
	/* A machine's reset leaves the monitor alone. */
	rig_reset(&rig);
	check_monitor(&rig, 4096, 64);
	rig_stop(&rig);

	start(&rig, "xres", "1920");
	check_monitor(&rig, 1920, 800);
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
	g_test_add_func("/skl/tiles-are-put-in-order", test_tiled);
	g_test_add_func("/skl/turned-pictures-are-turned", test_turned);
	g_test_add_func("/skl/an-address-that-leads-elsewhere-is-another-picture", test_remapped);
	g_test_add_func("/skl/a-picture-without-memory-says-where", test_no_memory);
	g_test_add_func("/skl/looks-back-off-and-come-back", test_looks);
	g_test_add_func("/skl/screendump-needs-no-viewer", test_capture);
	g_test_add_func("/skl/cursor-is-shown-moved-and-hidden", test_cursor);
	g_test_add_func("/skl/configuration-space-is-the-core's", test_config);
	g_test_add_func("/skl/rom-is-the-core's", test_rom);
	g_test_add_func("/skl/page-table-lies-above-the-registers", test_bars);
	g_test_add_func("/skl/aperture-goes-by-the-page-table", test_aperture);
	g_test_add_func("/skl/pin-follows-the-level-without-msi", test_intx);
	g_test_add_func("/skl/one-message-a-blank", test_msi);
	g_test_add_func("/skl/wishes-reach-the-guest-as-a-new-monitor", test_monitor);
	g_test_add_func("/skl/scattered-pages-become-one-view", test_view);
	return g_test_run();
}
