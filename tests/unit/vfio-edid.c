// SPDX-License-Identifier: GPL-2.0-or-later
/* A viewer's window becomes the guest's monitor: one link cycle for each size it settles on. */
#include "ui/mode-wish.h"
#include "hw/vfio/vfio-edid.h"
#include "vfio-fixture.h"

/* A main loop that is late by no more than this on a busy machine. */
#define LATE_MS 60u

static void prepare_edid(struct fixture *f)
{
	prepare(f);
	vfio_fake_edid_add(f->fake, EDID_REGION, 256, 5120, 3200);
	start(f, 0, 0);
}

static void ask(struct fixture *f, uint32_t width, uint32_t height)
{
	struct display_mode mode = { width, height, 0, 0, 0 };

	g_assert_true(console_set_mode(f->console, &mode));
}

static void test_edid_settles(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	vfio_fake_edid_add(f.fake, EDID_REGION, 256, 3840, 2160);
	start(&f, 0, 0);
	for (uint32_t i = 0; i < 200; i++) {
		struct display_mode mode = { 800 + i, 600 + i, 0, 0, 0 };

		g_assert_true(console_set_mode(f.console, &mode));
		if (i % 50 == 0) {
			run_for(10);
		}
	}
	run_for(600);
	g_assert_cmpuint(f.fake->link_downs, ==, 1);
	g_assert_cmpuint(f.fake->link_ups, ==, 1);
	g_assert_cmpuint(edid_mode(&f).width_px, ==, 999);
	/* the mode that is there already: nothing to do */
	g_assert_true(console_set_mode(f.console, &(struct display_mode){ 999, 799, 0, 0, 0 }));
	run_for(400);
	g_assert_cmpuint(f.fake->link_downs, ==, 1);
	/* larger than the device can: clamped */
	g_assert_true(console_set_mode(f.console, &(struct display_mode){ 9999, 20, 0, 0, 0 }));
	run_for(500);
	g_assert_cmpuint(edid_mode(&f).width_px, ==, 3840);
	finish(&f);
}

/* Until the last wish is the monitor's and the link is up again. */
static void until_followed(struct fixture *f, uint32_t width)
{
	int64_t end = clock_ns() + 20 * 1000000000ll;

	do {
		g_assert_cmpint(clock_ns(), <, end);
		run_for(10);
	} while (f->fake->link_ups != f->fake->link_downs || !f->fake->link_ups ||
		 edid_mode(f).width_px != width);
}

/* 200 wishes in ten seconds, with pauses in which the window stands still. */
static void test_drag(void)
{
	struct fixture f = { 0 };
	unsigned int pauses = 0, slow = 0;

	prepare_edid(&f);
	for (uint32_t i = 0; i < 200; i++) {
		int64_t asked = clock_ns();

		ask(&f, 800 + i, 600 + i);
		if (i % 40 == 39) {
			pauses++;
			until_followed(&f, 800 + i);
			g_assert_cmpint(f.fake->link_up_ns - f.fake->link_down_ns, >=,
					(MODE_WISH_DOWN_MS - 1) * 1000000ll);
		} else {
			run_for(40);
			/* a pause that only the machine made, which may count */
			slow += clock_ns() - asked >= MODE_WISH_SETTLE_MS * 1000000ll;
		}
		g_assert_cmpuint(f.fake->link_downs, >=, pauses);
		g_assert_cmpuint(f.fake->link_downs, <=, pauses + slow);
	}
	g_assert_cmpuint(pauses, ==, 5);
	finish(&f);
}

static void test_soon(void)
{
	struct fixture f = { 0 };

	/* VNC lets its viewers' wishes settle for 200 ms before, and half a second is all there is */
	G_STATIC_ASSERT(200 + MODE_WISH_SETTLE_MS <= 500);
	prepare_edid(&f);
	ask(&f, 1234, 777);
	until_followed(&f, 1234);
	g_assert_cmpuint(f.fake->link_downs, ==, 1);
	finish(&f);
}

static void test_while_down(void)
{
	struct fixture f = { 0 };

	prepare_edid(&f);
	ask(&f, 1000, 700);
	while (!f.fake->link_downs) {
		g_main_context_iteration(NULL, TRUE);
	}
	/* a wish during the cycle, then a host so busy that it has settled before the link is up */
	ask(&f, 1100, 800);
	g_usleep((MODE_WISH_SETTLE_MS + LATE_MS) * 1000);
	run_for(MODE_WISH_DOWN_MS + LATE_MS);
	g_assert_cmpuint(edid_mode(&f).width_px, ==, 1100);
	g_assert_cmpuint(f.fake->link_downs, ==, f.fake->link_ups);
	g_assert_cmpint(f.fake->link_up_ns - f.fake->link_down_ns, >=,
			(MODE_WISH_DOWN_MS - 1) * 1000000ll);
	/* an ordinary one: two cycles, one after the other */
	ask(&f, 1200, 900);
	for (unsigned int downs = f.fake->link_downs; f.fake->link_downs == downs;) {
		g_main_context_iteration(NULL, TRUE);
	}
	run_for(MODE_WISH_DOWN_MS / 2);
	ask(&f, 1300, 1000);
	run_for(MODE_WISH_SETTLE_MS + MODE_WISH_DOWN_MS + LATE_MS);
	g_assert_cmpuint(edid_mode(&f).width_px, ==, 1300);
	g_assert_cmpuint(f.fake->link_downs, ==, f.fake->link_ups);
	finish(&f);
}

static void test_gone_while_down(void)
{
	struct fixture f = { 0 };

	prepare_edid(&f);
	ask(&f, 1000, 700);
	while (!f.fake->link_downs) {
		g_main_context_iteration(NULL, TRUE);
	}
	/* the display goes: its guest isn't left without a monitor */
	vfio_display_detach(f.display);
	g_assert_cmpuint(f.fake->link_ups, ==, 1);
	finish(&f);
}

static void test_refresh_and_size(void)
{
	static const struct display_mode modes[] = {
		{ 2560, 1440, 120000, 600, 340 },
		{ 3440, 1440, 60000, 800, 335 },
		{ 5120, 2160, 59940, 0, 0 },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(modes); i++) {
		struct fixture f = { 0 };
		const uint8_t *blob;

		prepare_edid(&f);
		g_assert_true(console_set_mode(f.console, &modes[i]));
		run_for(MODE_WISH_SETTLE_MS + MODE_WISH_DOWN_MS + LATE_MS);
		g_assert_cmpuint(edid_mode(&f).width_px, ==, modes[i].width_px);
		g_assert_cmpuint(edid_mode(&f).height_px, ==, modes[i].height_px);
		g_assert_cmpint(ABS((int)edid_mode(&f).refresh_mhz - (int)modes[i].refresh_mhz), <=,
				20);
		/* bytes 21 and 22: centimetres */
		blob = f.fake->regions[EDID_REGION].data + 64;
		if (modes[i].width_mm) {
			g_assert_cmpint(ABS((int)blob[21] * 10 - (int)modes[i].width_mm), <=, 5);
			g_assert_cmpint(ABS((int)blob[22] * 10 - (int)modes[i].height_mm), <=, 5);
		}
		/* only the size in millimetres differs: another monitor */
		g_assert_true(console_set_mode(f.console, &(struct display_mode){
			modes[i].width_px, modes[i].height_px, modes[i].refresh_mhz, 100, 100 }));
		run_for(MODE_WISH_SETTLE_MS + MODE_WISH_DOWN_MS + LATE_MS);
		g_assert_cmpuint(f.fake->link_downs, ==, 2);
		finish(&f);
	}
}

/* The guest follows: the next look finds another plane, and the viewer has another size. */
static void test_guest_follows(void)
{
	struct fixture f = { 0 };

	prepare_edid(&f);
	capture_set_wanted(f.viewer, true);
	run_for(20);
	ask(&f, W * 2, H * 2);
	run_for(MODE_WISH_SETTLE_MS + MODE_WISH_DOWN_MS + LATE_MS);
	vfio_fake_dmabuf_add(f.fake, 2, W * H * 16);
	vfio_fake_plane_set(&f.fake->primary, XR24, W * 2, H * 2, 2);
	run_for(100);
	g_assert_cmpint(pixman_image_get_width(f.viewer->image), ==, W * 2);
	g_assert_cmpint(pixman_image_get_height(f.viewer->image), ==, H * 2);
	finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define T(name, fn) g_test_add_func("/vfio-edid/" name, fn)
	T("200-resizes-at-once-are-one-link-cycle", test_edid_settles);
	T("200-resizes-in-ten-seconds-are-a-link-cycle-a-settled-size", test_drag);
	T("a-wish-reaches-the-device-soon", test_soon);
	T("a-wish-during-a-link-cycle-starts-it-again", test_while_down);
	T("a-display-that-goes-leaves-the-link-up", test_gone_while_down);
	T("refresh-and-millimetres-are-passed-on", test_refresh_and_size);
	T("the-viewer-gets-the-size-that-the-guest-follows-to", test_guest_follows);
#undef T
	return g_test_run();
}
