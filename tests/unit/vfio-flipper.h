/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of x-tear: a guest that swaps two buffers and acts between any two steps of a look, and a
 * viewer that judges each picture that it composes of nothing but damage.
 */
#ifndef TESTS_UNIT_VFIO_FLIPPER_H
#define TESTS_UNIT_VFIO_FLIPPER_H

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

static inline void draw_tile(struct guest *guest, unsigned int buffer, unsigned int tile, uint32_t colour)
{
	uint32_t x = tile % (W / TILE) * TILE, y = tile / (W / TILE) * TILE;

	for (uint32_t line = y; line < y + TILE; line++) {
		fill(guest->buffers[buffer] + ((size_t)line * W + x) * 4, TILE, colour);
	}
}

/* Chooses the picture after the one that is shown, and draws so many of its tiles. */
static inline void begin_next(struct guest *guest)
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
static inline void note_harvest(struct guest *guest)
{
	if (guest->harvests != guest->f.fake->harvests) {
		guest->harvests = guest->f.fake->harvests;
		memcpy(guest->harvested, guest->pictures[guest->count - 1],
		       sizeof(guest->harvested));
	}
}

static inline void finish_and_flip(struct guest *guest)
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

static inline void act(struct vfio_fake *fake, void *opaque)
{
	struct guest *guest = opaque;

	if (g_rand_int_range(guest->rand, 0, 16) < (int)guest->chance) {
		finish_and_flip(guest);
	}
}

static inline struct guest *guest_new(bool damage, enum vfio_tear tear)
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
	if (tear == VFIO_TEAR_COPY) {
		vfio_fake_snapshot_add(f->fake, GFX_REGION);
		f->fake->amid_copy = act;
	} else {
		f->fake->regions[GFX_REGION].flags &= ~(uint32_t)VFIO_REGION_INFO_FLAG_MMAP;
	}
	if (tear == VFIO_TEAR_WAIT) {
		vfio_fake_hold_add(f->fake, GFX_REGION);
	}
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

static inline void guest_free(struct guest *guest)
{
	guest->chance = 0;
	finish(&guest->f);
	g_rand_free(guest->rand);
	g_free(guest);
}

/* The number of the picture that @image is, or -1. */
static inline int picture_number(const struct guest *guest, pixman_image_t *image)
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

static inline void judge_present(struct sink *sink, struct frame *frame)
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

static inline void judge_blank(struct sink *sink, enum blank_reason reason, const char *text)
{
}

static const struct sink_ops judge_ops = {
	.name = "judge", .accepts = SINK_CPU, .present = judge_present, .blank = judge_blank,
};

static inline void judge_init(struct judge *judge, struct guest *guest)
{
	*judge = (struct judge){ .guest = guest };
	judge->image = pixman_image_create_bits(PIXMAN_x8r8g8b8, W, H, NULL, W * 4);
	console_attach(guest->f.console, &judge->sink, &judge_ops);
	sink_set_wanted(&judge->sink, true);
}

static inline void judge_finish(struct judge *judge)
{
	console_detach(&judge->sink);
	pixman_image_unref(judge->image);
}

/* Pictures that follow each other may be the same. */
static inline void assert_up_to_date(const struct judge *judge)
{
	g_assert_cmpint(picture_number(judge->guest, judge->image), ==,
			(int)judge->guest->count - 1);
}

static inline void turn(unsigned int times)
{
	while (times--) {
		g_main_context_iteration(NULL, FALSE);
	}
}

static inline struct source_state source_of(struct guest *guest)
{
	struct console_state state;

	console_get_state(guest->f.console, &state);
	return state.source;
}

/*
 * 300 steps of a life with a viewer that is always ready and one that often isn't, @chances of the
 * guest to act in turn; after each step @between, if there is one. No picture is ever mixed.
 */
static inline void live(struct guest *guest, struct judge *quick, struct judge *late,
			const unsigned int chances[4], void (*between)(struct guest *guest))
{
	judge_init(quick, guest);
	judge_init(late, guest);
	for (unsigned int step = 0; step < 300; step++) {
		guest->chance = chances[step / 20 % 4];
		if (g_rand_int_range(guest->rand, 0, 3) == 0) {
			finish_and_flip(guest);
		}
		late->busy = g_rand_int_range(guest->rand, 0, 2);
		if (!late->busy) {
			sink_done(&late->sink, late->sink.seq_sent);
		}
		if (g_rand_int_range(guest->rand, 0, 40) == 0) {
			sink_set_wanted(&late->sink, false);
			sink_set_wanted(&late->sink, true);
		}
		turn(2);
		if (between) {
			between(guest);
		}
		turn(2);
	}
	g_assert_cmpuint(quick->mixed + late->mixed, ==, 0);
	g_assert_cmpuint(quick->presents, >, 20);
}

/* And at its end, @ms after the last flip, both have the last picture. */
static inline void live_out(struct guest *guest, struct judge *quick, struct judge *late,
			    unsigned int ms)
{
	guest->chance = 0;
	late->busy = false;
	sink_done(&late->sink, late->sink.seq_sent);
	run_for(ms);
	assert_up_to_date(quick);
	assert_up_to_date(late);
	judge_finish(quick);
	judge_finish(late);
	guest_free(guest);
}

/* ---- a guest on a thread of its own ---- */

struct racer {
	struct guest *guest;
	gint stop;
	uint32_t flips;
};

static inline void *race(void *opaque)
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

#endif
