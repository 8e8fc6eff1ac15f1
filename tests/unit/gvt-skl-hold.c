// SPDX-License-Identifier: GPL-2.0-or-later
/* A viewer holds the shown picture of the Gen9 display engine: flips away from it wait. */
#include "gvt-skl-guest.h"

#define LIMIT (20 * SKL_MS)

/* A guest that shows @surf, hears of blanks and flips, and has just begun a frame. */
static struct skl_guest guest_showing(uint32_t surf)
{
	struct skl_guest g = skl_guest_showing(surf);

	irq_enable(&g, SKL_DE(0), SKL_VBLANK | SKL_FLIP_DONE);
	taken(&g);
	return g;
}

static uint32_t shown(struct skl_guest *g)
{
	struct gvt_plane p;

	g_assert_true(gvt_skl_primary(&g->skl, &p));
	return (uint32_t)p.offset_bytes;
}

static uint64_t next_due(struct skl_guest *g)
{
	return gvt_vblank_next_ns(&g->skl.pipe[0].vblank, g->now);
}

static unsigned int released(struct skl_guest *g)
{
	return gvt_skl_release(&g->skl, g->now);
}

/* Nothing of a blank is to be seen: counters, interrupt, picture. */
static void assert_waits(struct skl_guest *g, uint32_t frame, uint32_t surf)
{
	g_assert_cmpuint(rd(g, SKL_FRAME), ==, frame);
	g_assert_cmphex(rd(g, SKL_DE(0) + SKL_IIR), ==, 0);
	g_assert_cmphex(rd(g, SKL_SURFLIVE), ==, surf);
	g_assert_cmphex(shown(g), ==, surf);
	g_assert_false(gvt_skl_irq_level(&g->skl));
}

static void test_release(void)
{
	struct skl_guest g = guest_showing(0x40000);
	uint64_t due = next_due(&g), period = g.skl.pipe[0].vblank.period_ns;
	uint32_t frame = rd(&g, SKL_FRAME);

	g_assert_true(gvt_skl_hold(&g.skl, LIMIT));
	wr(&g, SKL_SURF, 0x80000);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, due + LIMIT);
	g_assert_cmphex(until(&g, due + 7 * SKL_MS), ==, 0);
	assert_waits(&g, frame, 0x40000);
	g_assert_cmphex(released(&g), ==, GVT_SKL_FLIP | GVT_SKL_IRQ | GVT_SKL_LEVEL);
	g_assert_cmphex(shown(&g), ==, 0x80000);
	g_assert_cmpuint(rd(&g, SKL_FRAME), ==, frame + 1);
	g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR), ==, SKL_VBLANK | SKL_FLIP_DONE);
	/* The frame begins now, in all that the guest can read; the next one a period on. */
	g_assert_cmpuint(rd(&g, SKL_LINE), ==, 1079);
	wr(&g, SKL_DE(0) + SKL_IIR, ~0u);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, due + 7 * SKL_MS + period);
	next_blank(&g, 0);
	g_assert_cmpuint(rd(&g, SKL_FRAME), ==, frame + 2);
	g_assert_cmpuint(g.skl.hold.count, ==, 1);
	g_assert_cmpuint(g.skl.hold.timeouts, ==, 0);
	g_assert_cmpuint(g.skl.hold.wait_ns, ==, 7 * SKL_MS);
	g_assert_cmphex(released(&g), ==, 0);
	skl_guest_free(&g);
}

/* In time: the guest notices nothing. */
static void test_released_early(void)
{
	struct skl_guest g = guest_showing(0x40000);
	uint64_t due = next_due(&g);

	gvt_skl_hold(&g.skl, LIMIT);
	wr(&g, SKL_SURF, 0x80000);
	g_assert_cmphex(until(&g, due - 1), ==, 0);
	g_assert_cmphex(released(&g), ==, 0);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, due);
	g_assert_true(until(&g, due) & GVT_SKL_FLIP);
	g_assert_cmpuint(g.skl.hold.count, ==, 0);
	skl_guest_free(&g);
}

static void test_limit(void)
{
	static const uint64_t late[] = {0, 1, 3 * SKL_MS, 60 * SKL_MS, SKL_S};

	for (size_t i = 0; i < G_N_ELEMENTS(late); i++) {
		struct skl_guest g = guest_showing(0x40000);
		uint64_t due = next_due(&g), period = g.skl.pipe[0].vblank.period_ns;
		uint32_t frame = rd(&g, SKL_FRAME);

		gvt_skl_hold(&g.skl, LIMIT);
		wr(&g, SKL_SURF, 0x80000);
		g_assert_cmphex(until(&g, due + LIMIT - 1), ==, 0);
		assert_waits(&g, frame, 0x40000);
		/* Whenever somebody looks, it was then. */
		g_assert_cmphex(until(&g, due + LIMIT + late[i]), ==,
				GVT_SKL_FLIP | GVT_SKL_UNHELD | GVT_SKL_IRQ | GVT_SKL_LEVEL);
		g_assert_cmpuint(rd(&g, SKL_FRAME), ==, frame + 1 + late[i] / period);
		g_assert_false(g.skl.hold.on);
		g_assert_cmpuint(g.skl.hold.timeouts, ==, 1);
		g_assert_cmpuint(g.skl.hold.wait_ns, ==, LIMIT);
		/* Who lets go now is too late for it, and does no harm. */
		g_assert_cmphex(released(&g), ==, 0);
		wr(&g, SKL_DE(0) + SKL_IIR, ~0u);
		due = next_due(&g);
		wr(&g, SKL_SURF, 0xc0000);
		g_assert_true(until(&g, due) & GVT_SKL_FLIP);
		skl_guest_free(&g);
	}
}

/* However long it is asked for, and however often: one frame is longer by that, and no more. */
static void test_greedy(void)
{
	struct skl_guest g = guest_showing(0x40000);
	uint64_t due = next_due(&g);

	gvt_skl_hold(&g.skl, UINT64_MAX);
	wr(&g, SKL_SURF, 0x80000);
	while (g.now < due + GVT_SKL_HOLD_MAX_NS - SKL_MS) {
		g_assert_cmphex(until(&g, g.now + SKL_MS), ==, 0);
		g_assert_true(gvt_skl_hold(&g.skl, UINT64_MAX));
	}
	g_assert_true(until(&g, due + GVT_SKL_HOLD_MAX_NS) & GVT_SKL_FLIP);
	g_assert_cmpuint(g.skl.hold.wait_ns, ==, GVT_SKL_HOLD_MAX_NS);
	skl_guest_free(&g);
}

/* Nobody waits for a picture that stays: blanks come in time, and no timer runs for the hold. */
static void test_still(void)
{
	struct skl_guest g = guest_showing(0x40000);
	uint32_t frame = rd(&g, SKL_FRAME);

	gvt_skl_hold(&g.skl, LIMIT);
	until(&g, g.now + 10 * SKL_S + SKL_MS);
	g_assert_cmpuint(rd(&g, SKL_FRAME), ==, frame + 600);
	wr(&g, SKL_DE(0) + SKL_IER, 0);
	wr(&g, SKL_DE(0) + SKL_IIR, ~0u);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, UINT64_MAX);
	/* The cursor isn't what is read. */
	wr(&g, SKL_CURCNTR, 0x27);
	wr(&g, SKL_CURBASE, 0x5000);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_CURSOR);
	g_assert_true(g.skl.hold.on);
	g_assert_cmpuint(g.skl.hold.count, ==, 0);
	skl_guest_free(&g);
}

/* While it waits the counter stands, where no guest takes a blank to be near (7.4). */
static void test_line(void)
{
	struct skl_guest g = guest_showing(0x40000);
	uint64_t due = next_due(&g);

	gvt_skl_hold(&g.skl, LIMIT);
	wr(&g, SKL_SURF, 0x80000);
	until(&g, due - 1);
	g_assert_cmpuint(rd(&g, SKL_LINE), ==, 1078);
	for (uint64_t i = 0; i < 19; i++) {
		until(&g, due + i * SKL_MS);
		g_assert_cmpuint(rd(&g, SKL_LINE), >, 540);
		g_assert_cmpuint(rd(&g, SKL_LINE), <, 1080 - 34);
	}
	skl_guest_free(&g);
}

static void test_ends(void)
{
	struct skl_guest g = guest_showing(0x40000);

	gvt_skl_hold(&g.skl, LIMIT);
	wr(&g, SKL_SURF, 0x80000);
	until(&g, next_due(&g) + SKL_MS);
	g_assert_cmphex(pipe_off(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_MODE);
	g_assert_cmphex(rd(&g, SKL_SURFLIVE), ==, 0x80000);
	g_assert_false(g.skl.hold.on);
	g_assert_false(gvt_skl_hold(&g.skl, LIMIT));
	g_assert_false(g.skl.hold.on);
	pipe_on(&g, 0, &skl_1080p);
	g_assert_true(gvt_skl_hold(&g.skl, LIMIT));
	gvt_skl_reset(&g.skl, g.now);
	g_assert_false(g.skl.hold.on);
	skl_guest_free(&g);
}

/* Another pipe's flips and blanks are its own. */
static void test_other_pipe(void)
{
	static const struct gvt_skl_config config = {GVT_SKL_DP, true, 2, 8u << 20, false};
	struct skl_guest g = skl_guest_new(&config);
	struct skl_plane p = plane_linear(&skl_1080p, 0x40000);
	uint32_t frame;

	pipe_on(&g, 0, &skl_1080p);
	pipe_on(&g, 1, &skl_1080p);
	plane_write(&g, 0, &p);
	next_blank(&g, 0);
	frame = rd(&g, SKL_PIPE(1) + SKL_FRAME);
	gvt_skl_hold(&g.skl, LIMIT);
	p.surf = 0x80000;
	plane_write(&g, 0, &p);
	plane_write(&g, 1, &p);
	until(&g, next_due(&g) + 18 * SKL_MS);
	g_assert_cmphex(shown(&g), ==, 0x40000);
	g_assert_cmphex(rd(&g, SKL_PIPE(1) + SKL_SURFLIVE), ==, 0x80000);
	g_assert_cmpuint(rd(&g, SKL_PIPE(1) + SKL_FRAME), ==, frame + 2);
	skl_guest_free(&g);
}

/* Holds at random, and a guest that flips whenever it may: what is held stays, blanks only ever go
 * forward, and what they were late by is what was counted. */
static void test_random(void)
{
	struct skl_guest g = guest_showing(0x40000);
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)g_test_rand_int());
	uint64_t begin = g.now, blanks = 0, held = 0;
	uint64_t period = g.skl.pipe[0].vblank.period_ns;
	uint32_t first = rd(&g, SKL_FRAME);

	for (unsigned int i = 0; i < 100000; i++) {
		uint32_t was = shown(&g);
		bool on = g.skl.hold.on;
		unsigned int events;

		switch (g_rand_int_range(rand, 0, 4)) {
		case 0:
			gvt_skl_hold(&g.skl, (uint64_t)g_rand_int_range(rand, 0, 70) * SKL_MS);
			break;
		case 1:
			released(&g);
			break;
		case 2:
			wr(&g, SKL_SURF, i % 4096 * 0x1000);
			break;
		default:
			events = until(&g, g.now + (uint64_t)g_rand_int_range(rand, 0, 9000000));
			if (on && g.skl.hold.on) {
				g_assert_cmphex(shown(&g), ==, was);
				held++;
			} else if (on) {
				g_assert_true(events & GVT_SKL_UNHELD);
			}
			break;
		}
		wr(&g, SKL_DE(0) + SKL_IIR, ~0u);
	}
	released(&g);
	blanks = rd(&g, SKL_FRAME) - first;
	g_assert_cmpuint(blanks, ==, (g.now - begin - g.skl.hold.wait_ns) / period);
	g_assert_cmpuint(g.skl.hold.timeouts, >, 10);
	g_assert_cmpuint(g.skl.hold.count, >, g.skl.hold.timeouts);
	g_assert_cmpuint(g.skl.hold.wait_ns, <=, g.skl.hold.count * GVT_SKL_HOLD_MAX_NS);
	g_test_message("%u blanks, %u put off, %u to the limit; %u steps held", (unsigned int)blanks,
		       (unsigned int)g.skl.hold.count, (unsigned int)g.skl.hold.timeouts,
		       (unsigned int)held);
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/hold/a-flip-waits-for-the-release", test_release);
	g_test_add_func("/gvt/skl/hold/released-in-time-costs-nothing", test_released_early);
	g_test_add_func("/gvt/skl/hold/at-the-limit-the-guest-is-free", test_limit);
	g_test_add_func("/gvt/skl/hold/no-frame-is-longer-than-the-maximum", test_greedy);
	g_test_add_func("/gvt/skl/hold/a-still-picture-has-its-blanks", test_still);
	g_test_add_func("/gvt/skl/hold/the-line-counter-waits-too", test_line);
	g_test_add_func("/gvt/skl/hold/a-mode-set-and-a-reset-end-it", test_ends);
	g_test_add_func("/gvt/skl/hold/another-pipe-goes-on", test_other_pipe);
	g_test_add_func("/gvt/skl/hold/at-random", test_random);
	return g_test_run();
}
