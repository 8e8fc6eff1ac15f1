// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x-tear=latch: a guest that flips while its picture is read, and draws the next one into the buffer
 * that is being read, is never seen with parts of two pictures.
 */
#include <errno.h>

#include "vfio-fixture.h"

#define TILE  32u
#define TILES ((W / TILE) * (H / TILE))
#define PICTURES 4096u

/*
 * A guest with two buffers. A picture is a colour a tile, and no colour is ever used twice for one
 * tile but by the pictures that follow each other. It acts while the status page is read.
 */
struct guest {
	struct fixture f; /* first */
	uint8_t *buffers[2]; /* ids 1 and 2 */
	unsigned int shown; /* buffer */
	uint32_t pictures[PICTURES][TILES]; /* the last one is being drawn */
	unsigned int count; /* of those that were shown or are */
	uint32_t colour;
	bool damage;
	uint32_t harvested[TILES]; /* what the screen showed at the last harvest */
	unsigned int harvests;
	unsigned int chance; /* of 16 that it acts at a read of the status page */
	GRand *rand;
};

static void draw_tile(struct guest *guest, unsigned int buffer, unsigned int tile, uint32_t colour)
{
	uint32_t x = tile % (W / TILE) * TILE, y = tile / (W / TILE) * TILE;

	for (uint32_t line = y; line < y + TILE; line++) {
		fill(guest->buffers[buffer] + ((size_t)line * W + x) * 4, TILE, colour);
	}
}

/* Chooses the picture after the one that is shown, and draws so many of its tiles. */
static void begin_next(struct guest *guest)
{
	uint32_t *next = guest->pictures[guest->count];
	const uint32_t *now = guest->pictures[guest->count - 1];
	unsigned int begun = (unsigned int)g_rand_int_range(guest->rand, 0, TILES + 1);

	g_assert_cmpuint(guest->count, <, PICTURES);
	for (unsigned int tile = 0; tile < TILES; tile++) {
		next[tile] = g_rand_int_range(guest->rand, 0, 3) ? now[tile] : ++guest->colour;
	}
	for (unsigned int tile = 0; tile < begun; tile++) {
		draw_tile(guest, !guest->shown, tile, next[tile]);
	}
}

/* What the screen showed at the last harvest; nothing has changed since it was made. */
static void note_harvest(struct guest *guest)
{
	if (guest->harvests != guest->f.fake->harvests) {
		guest->harvests = guest->f.fake->harvests;
		memcpy(guest->harvested, guest->pictures[guest->count - 1],
		       sizeof(guest->harvested));
	}
}

static void finish_and_flip(struct guest *guest)
{
	const uint32_t *picture = guest->pictures[guest->count];
	uint8_t bitmap = 0;

	note_harvest(guest);
	for (unsigned int tile = 0; tile < TILES; tile++) {
		draw_tile(guest, !guest->shown, tile, picture[tile]);
		bitmap |= (uint8_t)((picture[tile] != guest->harvested[tile]) << tile);
	}
	guest->shown = !guest->shown;
	guest->count++;
	if (guest->damage) {
		uint32_t flags = guest->f.fake->damage.flags & VFIO_GFX_DAMAGE_ALL;

		vfio_fake_damage_set(guest->f.fake, TILE, &bitmap, 1);
		guest->f.fake->damage.flags |= flags;
		status_of(&guest->f)->damage_generation++;
	}
	flip_to(&guest->f, 1 + guest->shown);
	begin_next(guest);
}

static void act(struct vfio_fake *fake, void *opaque)
{
	struct guest *guest = opaque;

	if (g_rand_int_range(guest->rand, 0, 16) < (int)guest->chance) {
		finish_and_flip(guest);
	}
}

static struct guest *guest_new(bool damage, enum vfio_tear tear)
{
	struct guest *guest = g_new0(struct guest, 1);
	struct fixture *f = &guest->f;

	prepare_gen9(f);
	f->tear = tear;
	guest->damage = damage;
	if (damage) {
		status_of(f)->caps |= VFIO_GFX_CAP_DAMAGE;
		status_of(f)->damage_offset = VFIO_FAKE_DAMAGE;
		status_of(f)->damage_size = VFIO_FAKE_DAMAGE_BYTES;
		vfio_fake_damage_set(f->fake, TILE, (const uint8_t *)"\xff", 1);
		f->fake->damage.flags |= VFIO_GFX_DAMAGE_ALL;
	}
	/* only what is read by pread can be met in the act */
	f->fake->regions[GFX_REGION].flags &= ~(uint32_t)VFIO_REGION_INFO_FLAG_MMAP;
	guest->buffers[0] = f->pixels;
	guest->buffers[1] = vfio_fake_dmabuf_add(f->fake, 2, W * H * 4);
	guest->rand = g_rand_new_with_seed((guint32)g_test_rand_int());
	guest->count = 1;
	begin_next(guest);
	f->fake->before_status = act;
	f->fake->opaque = guest;
	start(f, 0, 0);
	return guest;
}

static void guest_free(struct guest *guest)
{
	guest->chance = 0;
	finish(&guest->f);
	g_rand_free(guest->rand);
	g_free(guest);
}

/* The number of the picture that @image is, or -1. */
static int picture_number(const struct guest *guest, pixman_image_t *image)
{
	const uint32_t *data = pixman_image_get_data(image);
	uint32_t stride = (uint32_t)pixman_image_get_stride(image) / 4;

	for (unsigned int n = guest->count; n-- > 0;) {
		bool same = true;

		for (uint32_t i = 0; same && i < W * H; i++) {
			uint32_t x = i % W, y = i / W;

			same = (data[y * stride + x] & 0xffffff) ==
			       guest->pictures[n][y / TILE * (W / TILE) + x / TILE];
		}
		if (same) {
			return (int)n;
		}
	}
	return -1;
}

/* A viewer that judges each picture that it composes. */
struct judge {
	struct sink sink; /* first */
	struct guest *guest;
	pixman_image_t *image;
	unsigned int presents, mixed;
	bool busy; /* doesn't say "done" at once */
};

static void judge_present(struct sink *sink, struct frame *frame)
{
	struct judge *judge = (struct judge *)sink;
	pixman_box32_t *boxes;
	int n;

	boxes = pixman_region32_rectangles(&frame->damage, &n);
	for (; n > 0; n--, boxes++) {
		for (int32_t y = boxes->y1; y < boxes->y2; y++) {
			memcpy((uint8_t *)pixman_image_get_data(judge->image) +
				       ((size_t)y * W + (size_t)boxes->x1) * 4,
			       (uint8_t *)frame->buffer->hva +
				       (size_t)y * frame->buffer->info.plane[0].stride_bytes +
				       (size_t)boxes->x1 * 4,
			       (size_t)(boxes->x2 - boxes->x1) * 4);
		}
	}
	judge->presents++;
	judge->mixed += picture_number(judge->guest, judge->image) < 0;
	if (!judge->busy) {
		sink_done(sink, frame->seq);
	}
}

static void judge_blank(struct sink *sink, enum blank_reason reason, const char *text)
{
}

static const struct sink_ops judge_ops = {
	.name = "judge", .accepts = SINK_CPU, .present = judge_present, .blank = judge_blank,
};

static void judge_init(struct judge *judge, struct guest *guest)
{
	*judge = (struct judge){ .guest = guest };
	judge->image = pixman_image_create_bits(PIXMAN_x8r8g8b8, W, H, NULL, W * 4);
	console_attach(guest->f.console, &judge->sink, &judge_ops);
	sink_set_wanted(&judge->sink, true);
}

static void judge_finish(struct judge *judge)
{
	console_detach(&judge->sink);
	pixman_image_unref(judge->image);
}

/* Pictures that follow each other may be the same. */
static void assert_up_to_date(const struct judge *judge)
{
	g_assert_cmpint(picture_number(judge->guest, judge->image), ==,
			(int)judge->guest->count - 1);
}

static void turn(unsigned int times)
{
	while (times--) {
		g_main_context_iteration(NULL, FALSE);
	}
}

/* ---- */

static struct source_state source_of(struct guest *guest)
{
	struct console_state state;

	console_get_state(guest->f.console, &state);
	return state.source;
}

static void random_life(bool damage)
{
	for (unsigned int round = 0; round < 8; round++) {
		struct guest *guest = guest_new(damage, VFIO_TEAR_LATCH);
		struct judge quick, late;

		judge_init(&quick, guest);
		judge_init(&late, guest);
		for (unsigned int step = 0; step < 300; step++) {
			/* quiet times, ordinary ones, and some in which no read is ever whole */
			guest->chance = (unsigned int[]){ 0, 2, 4, 16 }[step / 20 % 4];
			if (g_rand_int_range(guest->rand, 0, 3) == 0) {
				finish_and_flip(guest);
			}
			late.busy = g_rand_int_range(guest->rand, 0, 2);
			if (!late.busy) {
				sink_done(&late.sink, late.sink.seq_sent);
			}
			if (g_rand_int_range(guest->rand, 0, 40) == 0) {
				sink_set_wanted(&late.sink, false);
				sink_set_wanted(&late.sink, true);
			}
			turn(4);
		}
		g_assert_cmpuint(quick.mixed + late.mixed, ==, 0);
		g_assert_cmpuint(quick.presents, >, 20);
		/* flips did come into reads */
		g_assert_cmpuint(source_of(guest).mixed_reads, >, 5);
		guest->chance = 0;
		late.busy = false;
		sink_done(&late.sink, late.sink.seq_sent);
		run_ms(60);
		assert_up_to_date(&quick);
		assert_up_to_date(&late);
		judge_finish(&quick);
		judge_finish(&late);
		guest_free(guest);
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
	run_ms(100);
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
	refused(&f, VFIO_TEAR_COPY, "vfio fake: x-tear=copy: not supported yet");
}

/* ---- a guest on a thread of its own ---- */

struct racer {
	struct guest *guest;
	gint stop;
	uint32_t flips;
};

static void *race(void *opaque)
{
	struct racer *racer = opaque;
	struct fixture *f = &racer->guest->f;
	struct vfio_gfx_status *status = status_of(f);

	while (!g_atomic_int_get(&racer->stop)) {
		uint32_t back = racer->flips % 2 ? 0 : 1;

		fill(racer->guest->buffers[back], W * H, racer->flips + 1);
		__atomic_store_n(&status->seq, status->seq + 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&f->fake->primary.dmabuf_id, back + 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&status->plane.id, back + 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&status->flip_count, status->flip_count + 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&status->seq, status->seq + 1, __ATOMIC_SEQ_CST);
		racer->flips++;
		vfio_fake_signal(f->fake, GFX_IRQ, 0);
		/* now and then there is time for a read, mostly not quite */
		g_usleep((gulong)(racer->flips % 7) * 40);
	}
	return NULL;
}

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
	run_ms(100);
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
