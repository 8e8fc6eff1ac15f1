// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts of the Gen9 display engine (facts/I915-DISPLAY-FACTS.md, 7.1). */
#include "gvt-skl-guest.h"

static struct skl_guest guest_with_pipe(void)
{
	struct skl_guest g = skl_guest_dp();

	pipe_on(&g, 0, &skl_1080p);
	taken(&g);
	return g;
}

static struct skl_guest guest_with_three(void)
{
	static const struct gvt_skl_config config = {GVT_SKL_DP, true, 3, 8u << 20, false};
	struct skl_guest g = skl_guest_new(&config);

	for (unsigned int pipe = 0; pipe < 3; pipe++) {
		pipe_on(&g, pipe, &skl_1080p);
	}
	taken(&g);
	return g;
}

static void test_masked(void)
{
	struct skl_guest g = guest_with_pipe();
	uint32_t block = SKL_DE(0);

	irq_enable(&g, block, 0xffffffff);
	wr(&g, block + SKL_IMR, 0xffffffff);
	taken(&g);
	next_blank(&g, 0);
	g_assert_cmphex(rd(&g, block + SKL_IIR), ==, 0);
	/* What was masked when it happened isn't made up for. */
	wr(&g, block + SKL_IMR, 0);
	g_assert_cmphex(rd(&g, block + SKL_IIR), ==, 0);
	g_assert_cmphex(taken(&g) & GVT_SKL_IRQ, ==, 0);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_IRQ, ==, GVT_SKL_IRQ);
	g_assert_cmphex(rd(&g, block + SKL_IIR) & SKL_VBLANK, ==, SKL_VBLANK);
	/* What happened stays when it is masked later. */
	wr(&g, block + SKL_IMR, 0xffffffff);
	g_assert_cmphex(rd(&g, block + SKL_IIR) & SKL_VBLANK, ==, SKL_VBLANK);
	skl_guest_free(&g);
}

static void test_enable_gate(void)
{
	struct skl_guest g = guest_with_pipe();
	uint32_t block = SKL_DE(0);

	irq_enable(&g, block, SKL_VBLANK);
	wr(&g, block + SKL_IER, 0);
	next_blank(&g, 0);
	/* Sticky, and told to nobody. */
	g_assert_cmphex(rd(&g, block + SKL_IIR), ==, SKL_VBLANK);
	g_assert_cmphex(rd(&g, SKL_MASTER), ==, SKL_MASTER_ON);
	g_assert_false(gvt_skl_irq_level(&g.skl));
	g_assert_cmphex(taken(&g) & (GVT_SKL_IRQ | GVT_SKL_LEVEL), ==, 0);
	g_assert_cmphex(wr(&g, block + SKL_IER, SKL_VBLANK), ==, GVT_SKL_IRQ | GVT_SKL_LEVEL);
	g_assert_true(gvt_skl_irq_level(&g.skl));
	g_assert_cmphex(rd(&g, SKL_MASTER), ==, SKL_MASTER_ON | 1u << 16);
	skl_guest_free(&g);
}

static void test_clear(void)
{
	struct skl_guest g = guest_with_pipe();
	uint32_t block = SKL_DE(0);

	irq_enable(&g, block, SKL_VBLANK | SKL_FLIP_DONE);
	wr(&g, SKL_SURF, 0);
	next_blank(&g, 0);
	g_assert_cmphex(rd(&g, block + SKL_IIR), ==, SKL_VBLANK | SKL_FLIP_DONE);
	wr(&g, block + SKL_IIR, 0);
	g_assert_cmphex(rd(&g, block + SKL_IIR), ==, SKL_VBLANK | SKL_FLIP_DONE);
	wr(&g, block + SKL_IIR, SKL_VBLANK);
	g_assert_cmphex(rd(&g, block + SKL_IIR), ==, SKL_FLIP_DONE);
	wr(&g, block + SKL_IIR, 0xffffffff);
	g_assert_cmphex(rd(&g, block + SKL_IIR), ==, 0);
	wr(&g, block + SKL_IIR, 0xffffffff);
	g_assert_cmphex(rd(&g, block + SKL_IIR), ==, 0);
	skl_guest_free(&g);
}

/* A byte of IIR clears nothing outside of that byte. */
static void test_clear_narrow(void)
{
	struct skl_guest g = guest_with_pipe();
	uint8_t edid[128] = {1};

	irq_enable(&g, SKL_SDE, SKL_PORT_B);
	wr(&g, SKL_HOTPLUG, 0x10101010);
	gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now);
	g_assert_cmphex(rd(&g, SKL_SDE + SKL_IIR), ==, SKL_PORT_B);
	gvt_skl_mmio_write(&g.skl, SKL_SDE + SKL_IIR, 0xff, 1, g.now);
	gvt_skl_mmio_write(&g.skl, SKL_SDE + SKL_IIR, 0xffff, 2, g.now);
	g_assert_cmphex(rd(&g, SKL_SDE + SKL_IIR), ==, SKL_PORT_B);
	gvt_skl_mmio_write(&g.skl, SKL_SDE + SKL_IIR + 2, 0x20, 1, g.now);
	g_assert_cmphex(rd(&g, SKL_SDE + SKL_IIR), ==, 0);
	/* The same where status and settings share a register. */
	g_assert_cmphex(rd(&g, SKL_HOTPLUG), ==, 0x10101012);
	gvt_skl_mmio_write(&g.skl, SKL_HOTPLUG + 1, 0x13, 1, g.now);
	g_assert_cmphex(rd(&g, SKL_HOTPLUG), ==, 0x10101012);
	gvt_skl_mmio_write(&g.skl, SKL_HOTPLUG, 0x12, 1, g.now);
	g_assert_cmphex(rd(&g, SKL_HOTPLUG), ==, 0x10101010);
	skl_guest_free(&g);
}

static void test_handler(void)
{
	struct skl_guest g = guest_with_pipe();
	uint32_t block = SKL_DE(0);

	irq_enable(&g, block, SKL_VBLANK);
	taken(&g);
	for (unsigned int i = 0; i < 10; i++) {
		g_assert_cmphex(next_blank(&g, 0), ==, GVT_SKL_IRQ | GVT_SKL_LEVEL);
		g_assert_true(gvt_skl_irq_level(&g.skl));
		/* Closing it takes the line down and keeps what is pending visible. */
		g_assert_cmphex(wr(&g, SKL_MASTER, 0), ==, GVT_SKL_LEVEL);
		g_assert_false(gvt_skl_irq_level(&g.skl));
		g_assert_cmphex(rd(&g, SKL_MASTER), ==, 1u << 16);
		g_assert_cmphex(rd(&g, block + SKL_IIR), ==, SKL_VBLANK);
		g_assert_cmphex(wr(&g, block + SKL_IIR, SKL_VBLANK), ==, 0);
		g_assert_cmphex(rd(&g, SKL_MASTER), ==, 0);
		g_assert_cmphex(wr(&g, SKL_MASTER, SKL_MASTER_ON), ==, 0);
		g_assert_false(gvt_skl_irq_level(&g.skl));
	}
	skl_guest_free(&g);
}

/* "0 = not mine": a handler that cleared nothing is called again. */
static void test_still_pending(void)
{
	struct skl_guest g = guest_with_pipe();

	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	next_blank(&g, 0);
	wr(&g, SKL_MASTER, 0);
	g_assert_cmphex(wr(&g, SKL_MASTER, SKL_MASTER_ON), ==, GVT_SKL_IRQ | GVT_SKL_LEVEL);
	/* Written once more while it is open, too. */
	g_assert_cmphex(wr(&g, SKL_MASTER, SKL_MASTER_ON) & GVT_SKL_IRQ, ==, GVT_SKL_IRQ);
	skl_guest_free(&g);
}

/* An MSI is an edge: who clears one of two, with the master open, is told of the other. */
static void test_cleared_one_of_two(void)
{
	struct skl_guest g = guest_with_three();

	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	irq_enable(&g, SKL_DE(1), SKL_VBLANK);
	irq_enable(&g, SKL_DE(2), SKL_VBLANK);
	next_blank(&g, 0);
	g_assert_cmphex(rd(&g, SKL_MASTER), ==, SKL_MASTER_ON | 7u << 16);
	g_assert_cmphex(wr(&g, SKL_DE(0) + SKL_IIR, 1), ==, GVT_SKL_IRQ);
	g_assert_cmphex(wr(&g, SKL_DE(2) + SKL_IIR, 1), ==, GVT_SKL_IRQ);
	g_assert_cmphex(rd(&g, SKL_MASTER), ==, SKL_MASTER_ON | 1u << 17);
	g_assert_cmphex(wr(&g, SKL_DE(1) + SKL_IIR, 1), ==, GVT_SKL_LEVEL);
	g_assert_cmphex(rd(&g, SKL_MASTER), ==, SKL_MASTER_ON);
	skl_guest_free(&g);
}

/* A second blank of one that is pending is no second edge. */
static void test_merged(void)
{
	struct skl_guest g = guest_with_pipe();

	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	g_assert_cmphex(next_blank(&g, 0), ==, GVT_SKL_IRQ | GVT_SKL_LEVEL);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, UINT64_MAX);
	g_assert_cmphex(next_blank(&g, 0), ==, 0);
	g_assert_cmphex(wr(&g, SKL_DE(0) + SKL_IIR, 1), ==, GVT_SKL_LEVEL);
	g_assert_cmphex(next_blank(&g, 0), ==, GVT_SKL_IRQ | GVT_SKL_LEVEL);
	skl_guest_free(&g);
}

static void test_master_is_closed(void)
{
	struct skl_guest g = guest_with_pipe();

	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	wr(&g, SKL_MASTER, 0);
	taken(&g);
	g_assert_cmphex(next_blank(&g, 0), ==, 0);
	g_assert_false(gvt_skl_irq_level(&g.skl));
	/* Bits other than the last can't be written. */
	wr(&g, SKL_MASTER, 0x7fffffff);
	g_assert_cmphex(rd(&g, SKL_MASTER), ==, 1u << 16);
	g_assert_cmphex(wr(&g, SKL_MASTER, SKL_MASTER_ON), ==, GVT_SKL_IRQ | GVT_SKL_LEVEL);
	skl_guest_free(&g);
}

/* The caller sees a read's events at the next write or advance, and that there are some. */
static void test_read_owes(void)
{
	struct skl_guest g = guest_with_pipe();
	uint64_t blank;

	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	taken(&g);
	blank = gvt_skl_deadline(&g.skl, false);
	g.now = blank + 5;
	g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR), ==, SKL_VBLANK);
	g_assert_true(gvt_skl_irq_level(&g.skl));
	/* Or a caller that sets its timer again would forget them. */
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), <=, g.now);
	g_assert_cmphex(gvt_skl_advance(&g.skl, g.now), ==, GVT_SKL_IRQ | GVT_SKL_LEVEL);
	g_assert_cmphex(gvt_skl_advance(&g.skl, g.now), ==, 0);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, UINT64_MAX);
	skl_guest_free(&g);
}

static void test_flip_done(void)
{
	struct skl_guest g = guest_with_pipe();

	irq_enable(&g, SKL_DE(0), SKL_FLIP_DONE);
	taken(&g);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, UINT64_MAX);
	next_blank(&g, 0);
	g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR), ==, 0);
	wr(&g, SKL_SURF, 0x40000);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), !=, UINT64_MAX);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_IRQ, ==, GVT_SKL_IRQ);
	g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR), ==, SKL_FLIP_DONE);
	wr(&g, SKL_DE(0) + SKL_IIR, SKL_FLIP_DONE);
	next_blank(&g, 0);
	g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR), ==, 0);
	skl_guest_free(&g);
}

/* Never: faults, underruns, CRC; and nothing of blocks that can't have anything. */
static void test_only_these(void)
{
	static const uint32_t blocks[] = {0x44300, 0x44310, 0x44320, 0x44330,
					  0x44440, 0x44460, 0x444e0};
	struct skl_guest g = guest_with_pipe();

	irq_enable(&g, SKL_DE(0), 0xffffffff);
	for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
		irq_enable(&g, blocks[i], 0xffffffff);
	}
	wr(&g, 0x64834, 0);
	for (unsigned int i = 0; i < 5; i++) {
		wr(&g, SKL_SURF, i << 12);
		wr(&g, SKL_CURBASE, i << 12);
		wr(&g, 0x64114, 0x90000000);
		wr(&g, 0x64110, 0xfe40023f);
		wr(&g, 0xc5104, 0x460100a1);
		wr(&g, 0x138124, 0x80000006);
		next_blank(&g, 0);
		g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR) & ~0xfu, ==, 0);
		for (size_t n = 0; n < G_N_ELEMENTS(blocks); n++) {
			g_assert_cmphex(rd(&g, blocks[n] + SKL_IIR), ==, 0);
		}
	}
	g_assert_cmphex(rd(&g, 0x64838), ==, 0);
	skl_guest_free(&g);
}

/* i915's reset of a block and its set-up find every IIR at 0 (7.1). */
static void test_install(void)
{
	struct skl_guest g = guest_with_three();

	for (unsigned int pipe = 0; pipe < 3; pipe++) {
		irq_enable(&g, SKL_DE(pipe), 0xffffffff);
	}
	next_blank(&g, 0);
	wr(&g, SKL_MASTER, 0);
	for (unsigned int pipe = 0; pipe < 3; pipe++) {
		uint32_t block = SKL_DE(pipe);

		g_assert_cmphex(rd(&g, block + SKL_IIR), !=, 0);
		wr(&g, block + SKL_IMR, 0xffffffff);
		g_assert_cmphex(rd(&g, block + SKL_IMR), ==, 0xffffffff);
		wr(&g, block + SKL_IER, 0);
		wr(&g, block + SKL_IIR, 0xffffffff);
		g_assert_cmphex(rd(&g, block + SKL_IIR), ==, 0);
	}
	g_assert_cmphex(rd(&g, SKL_MASTER), ==, 0);
	next_blank(&g, 0);
	g_assert_cmphex(rd(&g, SKL_MASTER), ==, 0);
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/irq/a-masked-event-never-happened", test_masked);
	g_test_add_func("/gvt/skl/irq/an-event-is-told-when-enabled", test_enable_gate);
	g_test_add_func("/gvt/skl/irq/ones-clear", test_clear);
	g_test_add_func("/gvt/skl/irq/a-narrow-write-clears-only-its-bytes", test_clear_narrow);
	g_test_add_func("/gvt/skl/irq/i915's-handler-gets-each-blank-once", test_handler);
	g_test_add_func("/gvt/skl/irq/what-is-still-pending-is-signalled-again",
			test_still_pending);
	g_test_add_func("/gvt/skl/irq/clearing-one-of-two-signals-the-other",
			test_cleared_one_of_two);
	g_test_add_func("/gvt/skl/irq/a-second-blank-is-no-second-edge", test_merged);
	g_test_add_func("/gvt/skl/irq/nothing-comes-out-of-a-closed-master", test_master_is_closed);
	g_test_add_func("/gvt/skl/irq/events-of-a-read-are-due-at-once", test_read_owes);
	g_test_add_func("/gvt/skl/irq/flip-done-comes-with-a-flip-only", test_flip_done);
	g_test_add_func("/gvt/skl/irq/nothing-else-ever-happens", test_only_these);
	g_test_add_func("/gvt/skl/irq/install-finds-nothing-left", test_install);
	return g_test_run();
}
