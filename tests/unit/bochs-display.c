// SPDX-License-Identifier: GPL-2.0-or-later
/* The emulated Bochs display on a PCI bus without a CPU, driven as bochs-drm drives it. */
#include "display-rig.h"
#include "kernel/gvt/core/gvt_bochs.h"

#define VRAM 0xe0000000u
#define MMIO 0xf0000000u

static void start(struct rig *rig, const char *name, const char *value, GError **error)
{
	rig_start(rig, &bochs_display_class, name, value, error);
	rig_config_set(rig, 0x10, VRAM, 4);
	rig_config_set(rig, 0x18, MMIO, 4);
}

static void write16(struct rig *rig, unsigned int reg, uint16_t value)
{
	addr_space_write(rig->board.mem, MMIO + 0x500 + 2 * reg, &value, 2);
}

/* VGA attribute index with bit 5 (screen on) or without; reading 0x3da makes it an index. */
static void set_screen(struct rig *rig, bool on)
{
	uint8_t value;

	addr_space_read(rig->board.mem, MMIO + 0x41a, &value, 1);
	value = on ? 0x20 : 0;
	addr_space_write(rig->board.mem, MMIO + 0x400, &value, 1);
}

static void set_mode(struct rig *rig, uint16_t width, uint16_t height)
{
	set_screen(rig, true);
	write16(rig, GVT_DISPI_ENABLE, 0);
	write16(rig, GVT_DISPI_BPP, 32);
	write16(rig, GVT_DISPI_XRES, width);
	write16(rig, GVT_DISPI_YRES, height);
	write16(rig, GVT_DISPI_VIRT_WIDTH, width);
	write16(rig, GVT_DISPI_X_OFFSET, 0);
	write16(rig, GVT_DISPI_Y_OFFSET, 0);
	write16(rig, GVT_DISPI_ENABLE, 0x41);
}

static void draw(struct rig *rig, uint32_t offset, uint32_t pixel)
{
	write32(rig, VRAM + offset, pixel);
}

static void test_picture(void)
{
	struct capture *capture;
	struct rig rig;

	start(&rig, NULL, NULL, NULL);
	capture = capture_create(rig.console, SINK_CPU);
	capture_set_wanted(capture, true);
	wait_for_blank(capture, BLANK_NOT_STARTED);
	set_mode(&rig, 640, 480);
	draw(&rig, (100 * 640 + 50) * 4, 0x123456);
	wait_for_pixel(capture, 50, 100, 0xff123456);
	g_assert_cmpint(pixman_image_get_width(capture->image), ==, 640);

	/* In place, no register touched. */
	draw(&rig, (200 * 640 + 300) * 4, 0xabcdef);
	wait_for_pixel(capture, 300, 200, 0xffabcdef);
	g_assert_cmpint(pixman_region32_extents(&capture->damage)->x1, ==, 300);
	g_assert_cmpint(pixman_region32_extents(&capture->damage)->x2, ==, 301);

	/* A flip to a second buffer, 1 MiB up. */
	draw(&rig, 1024 * 1024 * 2 + 4, 0x010203);
	write16(&rig, GVT_DISPI_VIRT_WIDTH, 640);
	write16(&rig, GVT_DISPI_X_OFFSET, (2 << 20) / 4 % 640);
	write16(&rig, GVT_DISPI_Y_OFFSET, (2 << 20) / 4 / 640);
	wait_for_pixel(capture, 1, 0, 0xff010203);
	g_assert_cmphex(pixel_at(capture, 300, 200), ==, 0xff000000);

	set_screen(&rig, false);
	wait_for_blank(capture, BLANK_PLANE_OFF);
	/* The device goes while it is being watched. */
	rig_stop(&rig);
	g_assert_cmpint(capture->blank, ==, BLANK_NO_DISPLAY);
	capture_destroy(capture);
}

/* Four looks at one a second take three seconds, at the display's own rate a twentieth of one. */
static void check_rate(struct rig *rig, uint64_t before)
{
	int64_t start_ns = clock_ns();

	run_until(looks(rig) - before >= 4);
	g_assert_cmpuint(looks(rig) - before, >=, 4);
	g_assert_cmpint(clock_ns() - start_ns, <, INT64_C(1000000000));
}

static void test_looks(void)
{
	struct capture *capture;
	struct rig rig;
	uint64_t before;

	start(&rig, NULL, NULL, NULL);
	set_mode(&rig, 640, 480);
	run_for(60);
	g_assert_cmpuint(looks(&rig), ==, 0);
	capture = capture_create(rig.console, SINK_CPU);
	capture_set_wanted(capture, true);
	run_for(2500);
	before = looks(&rig);
	g_assert_cmpuint(before, >, 20);
	run_for(2000);
	/* Backed off to one a second. */
	g_assert_cmpuint(looks(&rig) - before, <=, 3);
	/* Input makes a change likely. */
	before = looks(&rig);
	console_expect_change(rig.console);
	check_rate(&rig, before);
	/* A change brings the display's own rate back. */
	draw(&rig, 0, 0x112233);
	wait_for_pixel(capture, 0, 0, 0xff112233);
	before = looks(&rig);
	draw(&rig, 0, 0x445566);
	check_rate(&rig, before);
	/* A viewer that stands still: at most the look that is due. */
	capture->slow = true;
	draw(&rig, 0, 0x778899);
	run_until(capture->held);
	before = looks(&rig);
	for (uint32_t i = 0; i < 20; i++) {
		draw(&rig, 0, i);
		run_for(10);
	}
	g_assert_cmpuint(looks(&rig) - before, ==, 0);
	capture_release(capture);
	wait_for_pixel(capture, 0, 0, 0xff000013);
	capture_release(capture);
	capture_set_wanted(capture, false);
	before = looks(&rig);
	run_for(100);
	g_assert_cmpuint(looks(&rig), ==, before);
	capture_destroy(capture);
	rig_stop(&rig);
}

static void test_capture(void)
{
	g_autoptr(GError) error = NULL;
	pixman_image_t *image;
	struct rig rig;

	start(&rig, NULL, NULL, NULL);
	g_assert_null(console_capture(rig.console, &error));
	g_assert_cmpstr(error->message, ==,
			"screen: no picture: the guest has not set a display mode yet");
	set_mode(&rig, 320, 200);
	draw(&rig, 4, 0xfedcba);
	image = console_capture(rig.console, NULL);
	g_assert_cmphex(image_pixel(image, 1, 0), ==, 0xfffedcba);
	pixman_image_unref(image);
	rig_reset(&rig);
	g_assert_null(console_capture(rig.console, NULL));
	rig_stop(&rig);
}

static void read_edid(struct rig *rig, uint8_t edid[256])
{
	for (unsigned int i = 0; i < 256; i++) {
		addr_space_read(rig->board.mem, MMIO + i, &edid[i], 1);
	}
}

static void test_edid(void)
{
	struct display_mode wish = { .width_px = 1600, .height_px = 1000 };
	struct gvt_edid_mode mode;
	uint8_t edid[256];
	struct rig rig;

	start(&rig, NULL, NULL, NULL);
	read_edid(&rig, edid);
	g_assert_true(gvt_edid_preferred(edid, 128u * (1u + edid[126]), &mode));
	g_assert_cmpuint(mode.width_px, ==, 1280);
	g_assert_cmpuint(mode.height_px, ==, 800);
	g_assert_true(console_set_mode(rig.console, &wish));
	read_edid(&rig, edid);
	g_assert_true(gvt_edid_preferred(edid, 128u * (1u + edid[126]), &mode));
	g_assert_cmpuint(mode.width_px, ==, 1600);
	/* More than the memory holds: clamped to what it does. */
	wish = (struct display_mode){ .width_px = 16384, .height_px = 16384 };
	g_assert_true(console_set_mode(rig.console, &wish));
	read_edid(&rig, edid);
	g_assert_true(gvt_edid_preferred(edid, 128u * (1u + edid[126]), &mode));
	g_assert_cmpuint(mode.width_px, ==, 1920);
	rig_stop(&rig);

	start(&rig, "edid", "off", NULL);
	read_edid(&rig, edid);
	g_assert_cmpuint(edid[1], ==, 0);
	g_assert_false(console_set_mode(rig.console, &wish));
	rig_stop(&rig);
}

static void test_vgamem(void)
{
	g_autoptr(GError) error = NULL;
	struct rig rig;

	start(&rig, "vgamem", "2M", &error);
	g_assert_cmpstr(error->message, ==, "screen: vgamem: not within 4M..256M");
	rig_stop(&rig);
	g_clear_error(&error);
	start(&rig, "vgamem", "4M", &error);
	g_assert_cmpstr(error->message, ==, "screen: vgamem: 1280x800 needs 7 MiB, there are 4");
	rig_stop(&rig);
	g_clear_error(&error);
	/* Nobody chose the size: it follows the resolution. */
	start(&rig, "xres", "3840", &error);
	g_assert_no_error(error);
	rig_config_set(&rig, 0x10, 0xffffffff, 4);
	g_assert_cmphex(rig_config(&rig, 0x10, 4), ==, 0xfe000008);
	rig_stop(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/bochs/draws-flips-and-blanks-are-seen", test_picture);
	g_test_add_func("/bochs/looks-back-off-and-come-back", test_looks);
	g_test_add_func("/bochs/screendump-needs-no-viewer", test_capture);
	g_test_add_func("/bochs/edid-follows-properties-and-wishes", test_edid);
	g_test_add_func("/bochs/video-memory-fits-the-mode", test_vgamem);
	return g_test_run();
}
