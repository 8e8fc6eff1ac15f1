// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x-tear=copy: viewers are shown snapshots, whole and for as long as they read, of a guest that flips
 * whenever it can.
 */
#include <errno.h>

#include "vfio-flipper.h"

static struct vfio_gfx_snapshot *told_of(struct guest *guest)
{
	return (void *)(guest->f.fake->regions[GFX_REGION].data + VFIO_FAKE_SNAPSHOT);
}

static uint32_t control_of(struct guest *guest)
{
	uint32_t control;

	memcpy(&control, guest->f.fake->regions[GFX_REGION].data + VFIO_FAKE_CONTROL, 4);
	return control;
}

/* What was requested is through now and then, and requests from here on wait or don't. */
static void end_request(struct guest *guest)
{
	vfio_fake_snapshot(guest->f.fake, 0);
	guest->f.fake->snapshots_wait = g_rand_int_range(guest->rand, 0, 2);
}

static void random_life(bool damage)
{
	/* quiet times, ordinary ones, and some in which few copies are whole */
	static const unsigned int chances[] = { 0, 2, 4, 12 };

	for (unsigned int round = 0; round < 8; round++) {
		struct guest *guest = guest_new(damage, VFIO_TEAR_COPY);
		struct judge quick, late;

		live(guest, &quick, &late, chances, end_request);
		/* flips did come into copies, and no read is ever one of two pictures */
		g_assert_cmpuint(source_of(guest).copy_tries, >, source_of(guest).copies);
		g_assert_cmpuint(source_of(guest).mixed_reads, ==, 0);
		guest->f.fake->snapshots_wait = false;
		guest->chance = 0;
		vfio_fake_snapshot(guest->f.fake, 0);
		live_out(guest, &quick, &late, 200);
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

/* A viewer that takes frames as they are and says when it has read them. */
struct holder {
	struct sink sink; /* first */
	struct frame *held[8];
	unsigned int count;
	bool done;
};

static void holder_present(struct sink *sink, struct frame *frame)
{
	struct holder *holder = (struct holder *)sink;

	g_assert_cmpint(frame->buffer->kind, ==, FB_CPU);
	if (holder->count < G_N_ELEMENTS(holder->held)) {
		holder->held[holder->count++] = frame_ref(frame);
	}
	if (holder->done) {
		sink_done(sink, frame->seq);
	}
}

static const struct sink_ops holder_ops = {
	.name = "holder", .accepts = SINK_DMABUF, .present = holder_present, .blank = judge_blank,
};

static int held_picture(struct guest *guest, const struct frame *frame)
{
	g_autofree uint8_t *copy = g_memdup2(frame->buffer->hva, W * H * 4);
	pixman_image_t *image = pixman_image_create_bits(PIXMAN_x8r8g8b8, W, H, (uint32_t *)copy,
							 W * 4);
	int number = picture_number(guest, image);

	pixman_image_unref(image);
	return number;
}

static uint32_t held_sum(const struct frame *frame)
{
	const uint32_t *data = frame->buffer->hva;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < W * H; i++) {
		sum = sum * 31 + data[i];
	}
	return sum;
}

/* Readers that don't let go, and what follows when one does. */
static void test_held(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
	struct holder holder = { .done = true };
	unsigned int requests;
	uint32_t sums[VFIO_FAKE_SLOTS];

	console_attach(guest->f.console, &holder.sink, &holder_ops);
	sink_set_wanted(&holder.sink, true);
	for (unsigned int i = 0; i < VFIO_FAKE_SLOTS; i++) {
		turn(10);
		g_assert_cmpuint(holder.count, ==, i + 1);
		sums[i] = held_sum(holder.held[i]);
		g_assert_cmpint(held_picture(guest, holder.held[i]), ==, (int)guest->count - 1);
		finish_and_flip(guest);
	}
	/* No slot is left: nothing is requested, and what is held stays. */
	requests = guest->f.fake->snapshot_requests;
	g_assert_cmpuint(requests, ==, VFIO_FAKE_SLOTS);
	for (unsigned int i = 0; i < 20; i++) {
		finish_and_flip(guest);
		turn(4);
	}
	g_assert_cmpuint(guest->f.fake->snapshot_requests, ==, requests);
	for (unsigned int i = 0; i < VFIO_FAKE_SLOTS; i++) {
		g_assert_cmpuint(held_sum(holder.held[i]), ==, sums[i]);
	}
	/* The first that is let go of is the next to be made. */
	g_clear_pointer(&holder.held[1], frame_unref);
	turn(10);
	g_assert_cmpuint(guest->f.fake->snapshot_requests, ==, requests + 1);
	g_assert_cmpuint(told_of(guest)->slot, ==, 1);
	g_assert_cmpuint(holder.count, ==, VFIO_FAKE_SLOTS + 1);
	g_assert_cmpint(held_picture(guest, holder.held[VFIO_FAKE_SLOTS]), ==,
			(int)guest->count - 1);
	g_assert_cmpuint(held_sum(holder.held[0]), ==, sums[0]);
	/* Frames outlive the viewer and the display; the driver's memory goes with the last. */
	console_detach(&holder.sink);
	turn(5);
	g_assert_cmphex(control_of(guest) & VFIO_GFX_CONTROL_SNAPSHOT, !=, 0);
	for (unsigned int i = 1; i < holder.count; i++) {
		g_clear_pointer(&holder.held[i], frame_unref);
	}
	g_assert_cmphex(control_of(guest) & VFIO_GFX_CONTROL_SNAPSHOT, !=, 0);
	g_assert_cmpuint(held_sum(holder.held[0]), ==, sums[0]);
	frame_unref(holder.held[0]);
	g_assert_cmphex(control_of(guest) & VFIO_GFX_CONTROL_SNAPSHOT, ==, 0);
	guest_free(guest);
}

static void *let_go(void *frame)
{
	frame_unref(frame);
	return NULL;
}

/* Let go of on another thread, and after everything else has gone. */
static void test_outlived(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
	struct holder holder = { .done = true };
	uint32_t first;

	console_attach(guest->f.console, &holder.sink, &holder_ops);
	sink_set_wanted(&holder.sink, true);
	turn(10);
	finish_and_flip(guest);
	turn(10);
	g_assert_cmpuint(holder.count, ==, 2);
	g_thread_join(g_thread_new("reader", let_go, holder.held[1]));
	memcpy(&first, holder.held[0]->buffer->hva, 4);
	console_detach(&holder.sink);
	guest_free(guest);
	turn(5);
	g_assert_cmpmem(&first, 4, holder.held[0]->buffer->hva, 4);
	g_thread_join(g_thread_new("reader", let_go, holder.held[0]));
	turn(5);
}

static void test_memory(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
	struct judge judge;

	turn(5);
	g_assert_cmphex(control_of(guest) & VFIO_GFX_CONTROL_SNAPSHOT, ==, 0);
	for (unsigned int i = 0; i < 3; i++) {
		judge_init(&judge, guest);
		turn(10);
		g_assert_cmphex(control_of(guest) & VFIO_GFX_CONTROL_SNAPSHOT, !=, 0);
		assert_up_to_date(&judge);
		/* one is on when he goes */
		guest->f.fake->snapshots_wait = i > 0;
		finish_and_flip(guest);
		turn(5);
		judge_finish(&judge);
		turn(5);
		g_assert_cmphex(control_of(guest) & VFIO_GFX_CONTROL_SNAPSHOT, ==, 0);
		guest->f.fake->snapshots_wait = false;
	}
	guest_free(guest);
}

static void test_screenshot(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
	g_autoptr(GError) error = NULL;
	unsigned int taken = 0;
	struct judge judge;

	for (unsigned int i = 0; i < 200; i++) {
		pixman_image_t *image;
		unsigned int count = guest->count;

		/* with a viewer, and without */
		if (i == 100) {
			judge_init(&judge, guest);
		}
		guest->chance = i % 2;
		if (i % 3 == 0) {
			finish_and_flip(guest);
			count = guest->count;
		}
		image = console_capture(guest->f.console, &error);
		g_assert_no_error(error);
		g_assert_nonnull(image);
		/* of now, not of then */
		g_assert_cmpint(picture_number(guest, image), >=, (int)count - 1);
		pixman_image_unref(image);
		taken++;
		turn(i % 5);
	}
	judge_finish(&judge);
	turn(5);
	g_assert_cmphex(control_of(guest) & VFIO_GFX_CONTROL_SNAPSHOT, ==, 0);
	guest_free(guest);
}

/* A guest that is faster than the copies: the last whole picture stays, it isn't tried for ever, and
 * the first copy that is whole is shown. */
static void test_too_fast(void)
{
	struct guest *guest = guest_new(true, VFIO_TEAR_COPY);
	unsigned int presents, requests;
	struct judge judge;

	judge_init(&judge, guest);
	turn(10);
	assert_up_to_date(&judge);
	presents = judge.presents;
	requests = guest->f.fake->snapshot_requests;
	guest->f.fake->before_status = NULL; /* in copies alone */
	guest->chance = 16;
	finish_and_flip(guest);
	run_for(200);
	g_assert_cmpuint(judge.presents, ==, presents);
	g_assert_cmpuint(guest->f.fake->snapshot_requests, >, requests);
	g_assert_cmpuint(guest->f.fake->snapshot_requests, <, requests + 8);
	guest->chance = 0;
	run_for(100);
	assert_up_to_date(&judge);
	g_assert_cmpuint(judge.mixed, ==, 0);
	judge_finish(&judge);
	guest_free(guest);
}

/* Failures that are over by the time they are heard of. */
static void test_fails(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
	struct vfio_fake *fake = guest->f.fake;
	struct judge judge;

	judge_init(&judge, guest);
	turn(10);
	fake->snapshots_wait = true;
	finish_and_flip(guest);
	turn(5);
	vfio_fake_snapshot(fake, VFIO_GFX_SNAPSHOT_CHANGED);
	turn(5);
	g_assert_cmpuint(told_of(guest)->state, ==, VFIO_GFX_SNAPSHOT_REQUEST);
	vfio_fake_snapshot(fake, 77);
	turn(5);
	g_assert_cmpuint(told_of(guest)->state, ==, VFIO_GFX_SNAPSHOT_REQUEST);
	vfio_fake_snapshot(fake, 0);
	turn(5);
	assert_up_to_date(&judge);
	judge_finish(&judge);
	guest_free(guest);
}

static void test_off(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
	struct fixture *f = &guest->f;
	struct vfio_device_gfx_plane_info plane = f->fake->primary;

	capture_set_wanted(f->viewer, true);
	turn(10);
	g_assert_cmpint(f->viewer->blank, ==, BLANK_NONE);
	f->fake->primary = (struct vfio_device_gfx_plane_info){ 0 };
	status_of(f)->plane.drm_format = 0;
	status_of(f)->plane.off_reason = VFIO_GFX_OFF_BAD_ADDRESS;
	status_of(f)->flip_count++;
	vfio_fake_signal(f->fake, GFX_IRQ, 0);
	expect_blank(f, BLANK_BAD_PLANE, "page table leads to no guest memory");
	f->fake->primary = plane;
	status_of(f)->plane.off_reason = 0;
	finish_and_flip(guest);
	turn(10);
	g_assert_cmpint(f->viewer->blank, ==, BLANK_NONE);
	guest_free(guest);
}

static void test_no_memory(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
	struct fixture *f = &guest->f;

	f->fake->snapshot_result = -ENOSPC;
	capture_set_wanted(f->viewer, true);
	expect_blank(f, BLANK_NO_BUFFER, "snapshot: No space left on device (the driver's limit");
	f->fake->snapshot_result = 0;
	run_for(400);
	g_assert_cmpint(f->viewer->blank, ==, BLANK_NONE);
	guest_free(guest);
}

/* A display that tells of no writes: what is drawn in place is found by copying again. */
static void test_in_place(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
	struct fixture *f = &guest->f;

	capture_set_wanted(f->viewer, true);
	turn(10);
	for (uint32_t colour = 1; colour < 6; colour++) {
		fill(guest->buffers[guest->shown], W * H, colour);
		run_for(120);
		g_assert_cmphex(seen(f, W - 1, H - 1), ==, colour);
	}
	g_assert_cmpuint(source_of(guest).flips, ==, 0);
	guest_free(guest);
}

static bool begins(struct fixture *f, const char **text)
{
	static char message[200];
	g_autoptr(GError) error = NULL;
	struct vfio_display_config config = {
		.device = &f->fake->device, .registry = f->registry, .label = "gpu0",
		.tear = VFIO_TEAR_COPY,
	};
	struct vfio_display *display;

	vfio_device_init(&f->fake->device, NULL);
	display = vfio_display_create(&config, &error);
	g_strlcpy(message, error ? error->message : "", sizeof(message));
	*text = message;
	vfio_display_destroy(display);
	display_registry_destroy(f->registry);
	vfio_fake_destroy(f->fake);
	return display != NULL;
}

static void test_refused(void)
{
	static const char wanted[] = "vfio fake: x-tear=copy: the device can't make snapshots";

	for (unsigned int lie = 0; lie < 9; lie++) {
		struct fixture f = { 0 };
		struct vfio_gfx_snapshot *told;
		const char *text;

		prepare(&f);
		if (lie == 1) {
			g_assert_false(begins(&f, &text));
			g_assert_cmpstr(text, ==, wanted);
			continue;
		}
		vfio_fake_gfx_add(f.fake, GFX_REGION, GFX_IRQ);
		told = vfio_fake_snapshot_add(f.fake, GFX_REGION);
		switch (lie) {
		case 2:
			status_of(&f)->caps &= ~VFIO_GFX_CAP_SNAPSHOT;
			break;
		case 3: /* a driver of before */
			status_of(&f)->size = offsetof(struct vfio_gfx_status, snapshot_offset);
			break;
		case 4:
			told->slots = UINT32_MAX;
			break;
		case 5:
			told->slot_size = UINT64_MAX / 2 + 1;
			break;
		case 6:
			told->area_offset = UINT64_MAX - 4095;
			break;
		case 7:
			told->slot_size = 0;
			break;
		case 8:
			f.fake->regions[GFX_REGION].flags &=
				~(uint32_t)VFIO_REGION_INFO_FLAG_MMAP;
			break;
		}
		g_assert_cmpint(begins(&f, &text), ==, lie == 0);
		g_assert_cmpstr(text, ==, lie == 0 ? "" : wanted);
	}
}

/* What a driver that lies says of a snapshot is checked before it is read. */
static void test_lies(void)
{
	for (unsigned int lie = 0; lie < 6; lie++) {
		struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
		struct fixture *f = &guest->f;
		struct vfio_gfx_snapshot *told = told_of(guest);

		unsigned int presents;

		capture_set_wanted(f->viewer, true);
		turn(10);
		presents = f->viewer->presents;
		f->fake->snapshots_wait = true;
		finish_and_flip(guest);
		turn(5);
		vfio_fake_snapshot(f->fake, 0);
		switch (lie) {
		case 0:
			told->slot = !told->slot;
			break;
		case 1:
			told->slot = UINT32_MAX;
			break;
		case 2:
			told->plane.size = VFIO_FAKE_SLOT_BYTES + 4096;
			break;
		case 3:
			told->plane.height = H * 1000;
			break;
		case 4:
			told->plane.offset = UINT64_MAX;
			break;
		case 5:
			told->plane.stride = 4;
			break;
		}
		run_for(30);
		g_assert_cmpuint(f->viewer->presents, ==, presents);
		guest_free(guest);
	}
}

/* ---- a guest on a thread of its own ---- */

/* Reads what it was given slowly: the guest is many pictures on meanwhile. */
struct slow_reader {
	struct sink sink; /* first */
	unsigned int pictures, mixed, backwards;
	uint32_t last;
};

static void slow_present(struct sink *sink, struct frame *frame)
{
	struct slow_reader *reader = (struct slow_reader *)sink;
	const uint32_t *data = frame->buffer->hva;
	uint32_t colour = data[0] & 0xffffff;
	bool mixed = false;

	for (uint32_t i = 0; i < W * H; i++) {
		mixed |= (data[i] & 0xffffff) != colour;
		if (i % 1024 == 0) {
			g_usleep(100);
		}
	}
	reader->pictures++;
	reader->mixed += mixed;
	reader->backwards += colour < reader->last;
	reader->last = colour;
	sink_done(sink, frame->seq);
}

static const struct sink_ops slow_ops = {
	.name = "slow", .accepts = SINK_DMABUF, .present = slow_present, .blank = judge_blank,
};

static void test_race(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);
	struct racer racer = { .guest = guest };
	struct slow_reader reader = { 0 };
	struct source_state state;
	GThread *thread;

	guest->f.fake->before_status = NULL;
	guest->f.fake->amid_copy = NULL;
	fill(guest->buffers[0], W * H, 0);
	console_attach(guest->f.console, &reader.sink, &slow_ops);
	sink_set_wanted(&reader.sink, true);
	thread = g_thread_new("guest", race, &racer);
	for (gint64 end = g_get_monotonic_time() + 700000; g_get_monotonic_time() < end;) {
		g_main_context_iteration(NULL, FALSE);
	}
	g_atomic_int_set(&racer.stop, 1);
	g_thread_join(thread);
	run_for(400);
	state = source_of(guest);
	g_test_message("%u flips, %u pictures, %u copies begun", racer.flips, reader.pictures,
		       (unsigned int)state.copy_tries);
	g_assert_cmpuint(reader.mixed, ==, 0);
	g_assert_cmpuint(reader.backwards, ==, 0);
	g_assert_cmpuint(reader.pictures, >, 5);
	g_assert_cmpuint(reader.last, ==, racer.flips);
	console_detach(&reader.sink);
	guest_free(guest);
}

static void test_told(void)
{
	struct guest *guest = guest_new(false, VFIO_TEAR_COPY);

	g_assert_cmpstr(source_of(guest).kind, ==, "vfio-dmabuf");
	g_assert_cmpstr(source_of(guest).tear, ==, "copy");
	capture_set_wanted(guest->f.viewer, true);
	turn(10);
	g_assert_cmpuint(source_of(guest).copies, ==, 1);
	g_assert_cmpuint(source_of(guest).copy_tries, ==, 1);
	/* no query of the primary plane, no dma-buf */
	g_assert_cmpuint(guest->f.fake->queries, ==, 0);
	g_assert_cmpuint(guest->f.fake->gets, ==, 0);
	guest_free(guest);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define T(name, fn) g_test_add_func("/vfio-copy/" name, fn)
	T("no-picture-is-ever-mixed", test_random_life);
	T("no-picture-is-ever-mixed-and-no-damage-lost", test_random_life_with_damage);
	T("what-is-read-is-never-requested", test_held);
	T("frames-outlive-the-display", test_outlived);
	T("memory-is-taken-while-somebody-watches", test_memory);
	T("a-screenshot-is-of-now", test_screenshot);
	T("a-guest-faster-than-copies-leaves-the-last-picture", test_too_fast);
	T("a-failure-that-is-over-is-tried-again", test_fails);
	T("an-off-plane-is-told-of", test_off);
	T("a-limit-on-memory-is-told-of", test_no_memory);
	T("drawing-in-place-is-seen", test_in_place);
	T("it-is-refused-where-the-device-cant", test_refused);
	T("a-driver-that-lies-is-not-believed", test_lies);
	T("a-guest-on-another-cpu-is-never-seen-mixed", test_race);
	T("query-display-state-says-so", test_told);
#undef T
	return g_test_run();
}
