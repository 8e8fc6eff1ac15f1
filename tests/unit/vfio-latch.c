// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x-tear=latch: a guest that flips while its picture is read, and draws the next one into the buffer
 * that is being read, is never seen with parts of two pictures.
 */
#include <errno.h>

#include "vfio-flipper.h"

static void random_life(bool damage)
{
	/* quiet times, ordinary ones, and some in which no read is ever whole */
	static const unsigned int chances[] = { 0, 2, 4, 16 };

	for (unsigned int round = 0; round < 8; round++) {
		struct guest *guest = guest_new(damage, VFIO_TEAR_LATCH);
		struct judge quick, late;

		live(guest, &quick, &late, chances, NULL);
		/* flips did come into reads */
		g_assert_cmpuint(source_of(guest).mixed_reads, >, 5);
		live_out(guest, &quick, &late, 60);
	}
}

static void test_random_life(void)
{
	random_life(false);
}

static void test_random_life_with_damage(void)
{
	random_life(true);
}

static void test_allow(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_ALLOW);
	struct judge judge;

	judge_init(&judge, guest);
	guest->chance = 3;
	for (unsigned int step = 0; step < 300; step++) {
		finish_and_flip(guest);
		turn(4);
	}
	/* why there is latch; and they are counted */
	g_assert_cmpuint(judge.mixed, >, 0);
	g_assert_cmpuint(source_of(guest).mixed_reads, >=, judge.mixed);
	g_test_message("%u of %u pictures were mixed", judge.mixed, judge.presents);
	judge_finish(&judge);
	guest_free(guest);
}

/* Draws in place and says that it was a flip, whenever somebody looks; nobody is woken by it. */
static void act_in_place(struct vfio_fake *fake, void *opaque)
{
	struct guest *guest = opaque;

	draw_tile(guest, guest->shown, 0, ++guest->colour);
	status_of(&guest->f)->flip_count++;
}

static void test_never_whole(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_LATCH);
	unsigned int presents, queries;
	struct judge judge;

	judge_init(&judge, guest);
	turn(10);
	assert_up_to_date(&judge);
	presents = judge.presents;
	queries = guest->f.fake->queries;
	guest->f.fake->before_status = act_in_place;
	finish_and_flip(guest);
	turn(100);
	/* the last whole picture stays, nobody is given another, and it isn't tried for ever */
	g_assert_cmpuint(judge.presents, ==, presents);
	g_assert_null(console_cpu_frame(guest->f.console));
	g_assert_cmpuint(guest->f.fake->queries - queries, >=, VFIO_LATCH_TRIES);
	g_assert_cmpuint(guest->f.fake->queries - queries, <=, VFIO_LATCH_TRIES + 2);
	guest->f.fake->before_status = NULL;
	finish_and_flip(guest);
	turn(10);
	assert_up_to_date(&judge);
	g_assert_cmpuint(judge.mixed, ==, 0);
	judge_finish(&judge);
	guest_free(guest);
}

/* A flip that changes nothing, into a read that was the last for long. */
static void test_last_flip(void)
{
	struct guest *guest = guest_new(true, VFIO_TEAR_LATCH);
	struct judge judge;

	judge_init(&judge, guest);
	turn(10);
	guest->chance = 16;
	finish_and_flip(guest);
	turn(3);
	guest->chance = 0;
	run_for(100);
	assert_up_to_date(&judge);
	judge_finish(&judge);
	guest_free(guest);
}

static void test_screenshot(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_LATCH);
	g_autoptr(GError) error = NULL;
	unsigned int taken = 0;
	pixman_image_t *image;

	for (unsigned int i = 0; i < 200; i++) {
		guest->chance = i % 2;
		image = console_capture(guest->f.console, &error);
		if (image) {
			g_assert_cmpint(picture_number(guest, image), >=, 0);
			pixman_image_unref(image);
			taken++;
		}
		g_clear_error(&error);
	}
	g_assert_cmpuint(taken, >, 100);
	guest->chance = 16;
	g_assert_null(console_capture(guest->f.console, &error));
	g_assert_nonnull(strstr(error->message, "no picture"));
	guest_free(guest);
}

static void refused(struct fixture *f, enum vfio_tear tear, const char *text)
{
	g_autoptr(GError) error = NULL;
	struct vfio_display_config config = {
		.device = &f->fake->device, .registry = f->registry, .label = "gpu0",
		.tear = tear,
	};

	vfio_device_init(&f->fake->device, NULL);
	g_assert_null(vfio_display_create(&config, &error));
	g_assert_cmpstr(error->message, ==, text);
	display_registry_destroy(f->registry);
	vfio_fake_destroy(f->fake);
}

static void test_refused(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	refused(&f, VFIO_TEAR_LATCH,
		"vfio fake: x-tear=latch: the device doesn't say when the guest flips");
	prepare(&f);
	vfio_fake_gfx_add(f.fake, GFX_REGION, GFX_IRQ);
	refused(&f, VFIO_TEAR_COPY, "vfio fake: x-tear=copy: the device can't make snapshots");
}

/* ---- a guest on a thread of its own ---- */

static bool one_colour(pixman_image_t *image, uint32_t *colour)
{
	const uint32_t *data = pixman_image_get_data(image);

	*colour = data[0] & 0xffffff;
	for (uint32_t i = 1; i < W * H; i++) {
		if ((data[i] & 0xffffff) != *colour) {
			return false;
		}
	}
	return true;
}

static void test_race(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_LATCH);
	struct racer racer = { .guest = guest };
	struct capture *viewer = guest->f.viewer;
	unsigned int presents = 0, mixed = 0;
	uint32_t colour = 0, last = 0;
	GThread *thread;

	guest->f.fake->before_status = NULL;
	capture_set_wanted(viewer, true);
	turn(10);
	thread = g_thread_new("guest", race, &racer);
	for (gint64 end = g_get_monotonic_time() + 700000; g_get_monotonic_time() < end;) {
		g_main_context_iteration(NULL, FALSE);
		if (viewer->presents != presents) {
			presents = viewer->presents;
			mixed += !one_colour(viewer->image, &colour);
			g_assert_cmpuint(colour, >=, last); /* and never back */
			last = colour;
		}
	}
	g_atomic_int_set(&racer.stop, 1);
	g_thread_join(thread);
	run_for(100);
	g_assert_cmpuint(mixed, ==, 0);
	g_assert_true(one_colour(viewer->image, &colour));
	g_assert_cmpuint(colour, ==, racer.flips);
	g_test_message("%u flips, %u pictures, %u reads that a flip came into", racer.flips,
		       presents, (unsigned int)source_of(guest).mixed_reads);
	guest_free(guest);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define T(name, fn) g_test_add_func("/vfio-latch/" name, fn)
	T("no-picture-is-ever-mixed", test_random_life);
	T("no-picture-is-ever-mixed-and-no-damage-lost", test_random_life_with_damage);
	T("without-it-mixed-pictures-are-counted", test_allow);
	T("a-guest-that-is-never-read-whole-leaves-the-last-picture", test_never_whole);
	T("the-last-flip-is-shown", test_last_flip);
	T("a-screenshot-is-whole-or-an-error", test_screenshot);
	T("it-is-refused-where-nobody-tells-of-flips", test_refused);
	T("a-guest-on-another-cpu-is-never-seen-mixed", test_race);
#undef T
	return g_test_run();
}
