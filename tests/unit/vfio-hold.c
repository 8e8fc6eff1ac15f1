// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x-tear=wait: while a picture is read, on the CPU or from its dma-buf, the guest's flip waits; when
 * nobody reads any more it doesn't.
 */
#include <errno.h>

#include "vfio-flipper.h"

static bool held(struct guest *guest)
{
	return vfio_fake_is_held(guest->f.fake);
}

/* Flips unless it has to wait, and now and then though it should. */
static void act_unless_held(struct vfio_fake *fake, void *opaque)
{
	if (!vfio_fake_is_held(fake) || g_test_rand_int_range(0, 8) == 0) {
		act(fake, opaque);
	}
}

static void act_if_free(struct vfio_fake *fake, void *opaque)
{
	if (!vfio_fake_is_held(fake)) {
		act(fake, opaque);
	}
}

static void assert_free(struct guest *guest)
{
	g_assert_false(held(guest));
}

static struct guest *waiting_guest(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_WAIT);

	guest->f.fake->before_status = act_if_free;
	return guest;
}

/* ---- read by a CPU ---- */

static void random_life(bool damage, bool patient)
{
	static const unsigned int chances[] = { 0, 2, 4, 12 };

	for (unsigned int round = 0; round < 8; round++) {
		struct guest *guest = guest_new(damage, VFIO_TEAR_WAIT);
		struct judge quick, late;

		guest->f.fake->before_status = patient ? act_if_free : act_unless_held;
		live(guest, &quick, &late, chances, assert_free);
		g_assert_cmpuint(guest->f.fake->holds, >, 20);
		/* a guest that waits never comes into a read */
		if (patient) {
			g_assert_cmpuint(source_of(guest).mixed_reads, ==, 0);
			g_assert_cmpuint(guest->f.fake->late_releases, ==, 0);
		} else {
			g_assert_cmpuint(guest->f.fake->late_releases, >, 0);
		}
		live_out(guest, &quick, &late, 60);
	}
}

static void test_random_life(void)
{
	random_life(false, true);
}

static void test_random_life_with_damage(void)
{
	random_life(true, true);
}

static void test_impatient_life(void)
{
	random_life(false, false);
	random_life(true, false);
}

static void test_screenshot(void)
{
	struct guest *guest = waiting_guest();
	g_autoptr(GError) error = NULL;
	pixman_image_t *image;

	for (unsigned int i = 0; i < 200; i++) {
		guest->chance = i % 2 ? 16 : 0;
		image = console_capture(guest->f.console, &error);
		g_assert_no_error(error);
		g_assert_cmpint(picture_number(guest, image), >=, 0);
		pixman_image_unref(image);
		assert_free(guest);
	}
	guest_free(guest);
}

/* ---- read from its dma-buf ---- */

static struct capture *slow_viewer(struct guest *guest)
{
	struct capture *viewer = capture_create(guest->f.console, SINK_DMABUF);

	viewer->slow = true;
	capture_set_wanted(viewer, true);
	turn(5);
	return viewer;
}

static void test_dmabuf(void)
{
	struct guest *guest = waiting_guest();
	struct capture *viewer = slow_viewer(guest);

	for (unsigned int i = 1; i < 20; i++) {
		g_assert_cmpuint(viewer->presents, ==, i);
		g_assert_true(held(guest));
		turn(5);
		g_assert_true(held(guest));
		capture_release(viewer);
		assert_free(guest);
		turn(5);
		assert_free(guest);
		g_assert_cmpuint(viewer->presents, ==, i);
		finish_and_flip(guest);
		turn(5);
	}
	g_assert_cmpuint(guest->f.fake->late_holds, ==, 0);
	capture_destroy(viewer);
	guest_free(guest);
}

/* The slowest of several is waited for; who is ready sooner costs nothing. */
static void test_two(void)
{
	struct guest *guest = waiting_guest();
	struct capture *a = slow_viewer(guest), *b = slow_viewer(guest);
	unsigned int holds = guest->f.fake->holds;

	capture_set_wanted(guest->f.viewer, true);
	turn(5);
	g_assert_true(held(guest));
	capture_release(a);
	turn(5);
	g_assert_true(held(guest));
	capture_release(b);
	assert_free(guest);
	g_assert_cmpuint(guest->f.fake->holds, ==, holds);
	/* Who goes away is done. */
	finish_and_flip(guest);
	turn(5);
	g_assert_true(held(guest));
	capture_release(a);
	capture_set_wanted(b, false);
	assert_free(guest);
	capture_set_wanted(b, true);
	turn(5);
	g_assert_true(held(guest));
	capture_destroy(b);
	assert_free(guest);
	capture_destroy(a);
	guest_free(guest);
}

/* The same buffer, shown again for others to compare, is still being read. */
static void test_in_place(void)
{
	struct guest *guest = waiting_guest();
	struct capture *viewer = slow_viewer(guest);
	uint64_t seq = viewer->seq;

	capture_set_wanted(guest->f.viewer, true);
	fill(guest->buffers[0], W * H, 77);
	run_for(200);
	g_assert_cmphex(seen(&guest->f, 3, 3), ==, 77);
	g_assert_cmpuint(viewer->seq, ==, seq);
	g_assert_true(held(guest));
	capture_release(viewer);
	run_for(60);
	g_assert_cmpuint(viewer->seq, >, seq);
	capture_release(viewer);
	capture_destroy(viewer);
	guest_free(guest);
}

/* One that has stopped costs the guest one timeout, and others nothing. */
static void test_stopped(void)
{
	struct guest *guest = waiting_guest();
	struct capture *stopped = slow_viewer(guest);
	struct judge judge;

	judge_init(&judge, guest);
	turn(5);
	g_assert_true(held(guest));
	/* the module waits no more */
	finish_and_flip(guest);
	for (unsigned int i = 0; i < 20; i++) {
		turn(5);
		assert_up_to_date(&judge);
		assert_free(guest);
		finish_and_flip(guest);
	}
	turn(5);
	g_assert_cmpuint(stopped->presents, ==, 1);
	/* When it goes on, it is given what is shown now, held anew. */
	capture_release(stopped);
	turn(5);
	g_assert_cmpuint(stopped->presents, ==, 2);
	g_assert_true(held(guest));
	capture_release(stopped);
	assert_free(guest);
	judge_finish(&judge);
	capture_destroy(stopped);
	guest_free(guest);
}

/* What waits in the mailbox and isn't shown any more when somebody wants it is given to nobody. */
static void test_stale(void)
{
	struct guest *guest = waiting_guest();
	struct capture *viewer = slow_viewer(guest);
	unsigned int queries;

	capture_release(viewer);
	turn(5);
	/* a flip that nobody has been told of yet */
	guest->f.fake->primary.dmabuf_id = 2;
	status_of(&guest->f)->plane.id = 2;
	status_of(&guest->f)->flip_count++;
	queries = guest->f.fake->queries;
	capture_set_wanted(viewer, false);
	capture_set_wanted(guest->f.viewer, true);
	turn(5);
	capture_set_wanted(viewer, true);
	turn(10);
	g_assert_cmpuint(guest->f.fake->queries, >, queries);
	g_assert_true(held(guest));
	g_assert_cmpuint(guest->f.fake->hold_flip, ==, status_of(&guest->f)->flip_count);
	capture_destroy(viewer);
	assert_free(guest);
	guest_free(guest);
}

/* A driver that never lets anything be held: pictures are shown all the same. */
static void test_never_held(void)
{
	static const int results[] = { -ESTALE, -EINVAL, -ENODEV };

	for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
		struct guest *guest = guest_new(false, VFIO_TEAR_WAIT);
		struct judge judge;

		guest->f.fake->hold_result = results[i];
		judge_init(&judge, guest);
		for (unsigned int n = 0; n < 20; n++) {
			turn(40);
			assert_up_to_date(&judge);
			finish_and_flip(guest);
		}
		turn(40);
		judge_finish(&judge);
		guest_free(guest);
	}
}

static void test_ends(void)
{
	struct guest *guest = waiting_guest();
	struct capture *viewer = slow_viewer(guest);
	struct fixture *f = &guest->f;

	/* Off: nothing to hold. */
	g_assert_true(held(guest));
	f->fake->primary = (struct vfio_device_gfx_plane_info){ 0 };
	status_of(f)->plane.drm_format = 0;
	status_of(f)->plane.off_reason = VFIO_GFX_OFF_DISABLED;
	status_of(f)->flip_count++;
	vfio_fake_signal(f->fake, GFX_IRQ, 0);
	run_for(1100);
	g_assert_cmpuint(viewer->blanks, >, 0);
	assert_free(guest);
	capture_release(viewer);
	vfio_fake_plane_set(&f->fake->primary, XR24, W, H, 1);
	status_of(f)->plane.off_reason = 0;
	flip_to(f, 1);
	run_for(100);
	g_assert_true(held(guest));
	/* The host takes the device back. */
	vfio_display_detach(f->display);
	assert_free(guest);
	capture_release(viewer);
	capture_destroy(viewer);
	guest_free(guest);
}

/* ---- where it can't be had ---- */

static void test_else(void)
{
	for (unsigned int lie = 0; lie < 5; lie++) {
		struct fixture f = { 0 };
		g_autoptr(GError) error = NULL;
		struct vfio_display_config config = { .label = "gpu0", .tear = VFIO_TEAR_WAIT };
		struct console_state state;
		struct vfio_display *display;

		prepare_gen9(&f);
		config.device = &f.fake->device;
		config.registry = f.registry;
		vfio_fake_hold_add(f.fake, GFX_REGION);
		if (lie != 3) {
			vfio_fake_snapshot_add(f.fake, GFX_REGION);
		}
		switch (lie) {
		case 1:
			status_of(&f)->hold_offset = UINT32_MAX;
			break;
		case 2: /* a driver of before */
			status_of(&f)->size = offsetof(struct vfio_gfx_status, hold_offset);
			break;
		case 3:
			status_of(&f)->caps &= ~VFIO_GFX_CAP_HOLD;
			break;
		case 4:
			f.fake->irqs[GFX_IRQ].count = 0;
			break;
		}
		vfio_device_init(&f.fake->device, NULL);
		display = vfio_display_create(&config, &error);
		if (lie >= 3) {
			g_assert_null(display);
			g_assert_cmpstr(error->message, ==,
					"vfio fake: x-tear=wait: the device can't make the guest "
					"wait");
		} else {
			console_get_state(display_find(f.registry, "gpu0", 0, NULL), &state);
			g_assert_cmpstr(state.source.tear, ==, lie ? "copy" : "wait");
		}
		vfio_display_destroy(display);
		display_registry_destroy(f.registry);
		vfio_fake_destroy(f.fake);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define T(name, fn) g_test_add_func("/vfio-hold/" name, fn)
	T("no-flip-comes-into-a-read", test_random_life);
	T("no-flip-comes-into-a-read-and-no-damage-is-lost", test_random_life_with_damage);
	T("a-guest-that-waits-no-more-is-never-seen-mixed", test_impatient_life);
	T("a-screenshot-is-whole-at-the-first-try", test_screenshot);
	T("a-dma-buf-is-held-until-its-viewer-is-done", test_dmabuf);
	T("the-slowest-of-two-is-waited-for", test_two);
	T("shown-again-it-is-still-being-read", test_in_place);
	T("a-stopped-viewer-is-waited-for-once", test_stopped);
	T("what-is-past-is-given-to-nobody", test_stale);
	T("where-nothing-can-be-held-pictures-come-too", test_never_held);
	T("blank-or-gone-nothing-is-held", test_ends);
	T("copies-where-the-guest-doesnt-wait", test_else);
#undef T
	return g_test_run();
}
