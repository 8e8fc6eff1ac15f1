// SPDX-License-Identifier: GPL-2.0-or-later
/* Blanks, counters and latching of the Gen9 display engine against a simulated clock (7.2, 6). */
#include "gvt-skl-guest.h"
#include "gvt-skl-mode.h"

struct rate {
	struct skl_timings timings;
	double hz;
};

/* Total pixels times the rate is not a whole number of kilohertz for most of these. */
static const struct rate rates[] = {
	{{1920, 1080, 2750, 1125, 74176}, 74176e3 / (2750 * 1125)}, /* 23.976 */
	{{4096, 2160, 5280, 2250, 594000}, 50},
	{{1366, 768, 1526, 790, 72050}, 72050e3 / (1526 * 790)},      /* 59.77 */
	{{1920, 1080, 2200, 1125, 148352}, 148352e3 / (2200 * 1125)}, /* 59.94 */
	{{1280, 800, 1728, 828, 107300}, 107300e3 / (1728 * 828)},    /* 74.99 */
	{{1920, 1080, 2080, 1157, 346527}, 346527e3 / (2080 * 1157)}, /* 144 */
	{{640, 480, 800, 500, 96001}, 96001e3 / (800 * 500)},	      /* 240 */
};

static uint32_t reg(void *opaque, uint32_t offset)
{
	return rd(opaque, offset);
}

/* 60 s of blanks, each counted, taken and cleared by a guest that waits for every one of them. */
static void test_minute(gconstpointer opaque)
{
	const struct rate *r = opaque;
	struct skl_guest g = skl_guest_dp();
	uint64_t begin, n = 0, due;

	pipe_on(&g, 0, &r->timings);
	begin = g.now;
	g_assert_cmpfloat_with_epsilon(skl_mode_read(reg, &g, 0).period_ns, 1e9 / r->hz, 1e-3);
	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	while ((due = gvt_skl_deadline(&g.skl, false)) <= begin + 60 * SKL_S) {
		uint64_t exact = begin + (uint64_t)((double)(n + 1) * 1e9 / r->hz);

		g_assert_cmpuint(due, !=, UINT64_MAX);
		/* To within what rounding the period to nanoseconds makes of it. */
		g_assert_cmpuint(due, <=, exact + 1 + n);
		g_assert_cmpuint(due + 1 + n, >=, exact);
		g_assert_cmphex(until(&g, due - 1), ==, 0);
		g_assert_cmpuint(rd(&g, SKL_FRAME), ==, n);
		/* The counter is right when the interrupt comes. */
		g_assert_cmphex(until(&g, due), ==, GVT_SKL_IRQ | GVT_SKL_LEVEL);
		n++;
		g_assert_cmpuint(rd(&g, SKL_FRAME), ==, n);
		wr(&g, SKL_DE(0) + SKL_IIR, SKL_VBLANK);
	}
	g_assert_cmpuint(n, ==, (uint64_t)(60 * r->hz + 1e-3));
	skl_guest_free(&g);
}

static void test_hdmi_rate(void)
{
	static const struct gvt_skl_config config = {GVT_SKL_HDMI, true, 1, 8u << 20, false};
	static const struct skl_timings t = {1280, 800, 1728, 828, 0};
	struct skl_guest g = skl_guest_new(&config);
	uint64_t begin;

	/* 107.3 MHz, as i915 programmed it (7.3). */
	wr(&g, 0x6c058, 0x845);
	wr(&g, 0x6c040, 0x80600192);
	wr(&g, 0x6c044, 0x000003a8);
	wr(&g, 0x46014, 0x80000000);
	wr(&g, 0x6c05c, 0x000e8018);
	pipe_timings(&g, 0, &t);
	wr(&g, SKL_DDI_FUNC, 0x91000000);
	wr(&g, SKL_CONF, 0x80000000);
	begin = g.now;
	until(&g, begin + 10 * SKL_S);
	g_assert_cmpuint(rd(&g, SKL_FRAME), ==, 749); /* 74.994 Hz */
	g_assert_cmpfloat_with_epsilon(skl_mode_read(reg, &g, 0).pixel_hz, 107.3e6, 1e3);
	skl_guest_free(&g);
}

/* What makes no sense as a mode still has blanks, at a rate that a timer can stand. */
static void test_senseless(void)
{
	static const struct skl_timings modes[] = {
		{1, 1, 1, 1, 0},
		{1, 1, 1, 1, 594000},
		{8192, 8192, 8192, 8192, 1},
		{640, 480, 800, 525, 0xffffff},
		{4096, 4096, 65536, 65536, 1},
		{640, 480, 800, 525, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		struct skl_guest g = skl_guest_dp();
		uint64_t begin, next;

		if (i == 5) {
			wr(&g, SKL_LINK_N, 0);
		}
		pipe_on(&g, 0, &modes[i]);
		begin = g.now;
		irq_enable(&g, SKL_DE(0), SKL_VBLANK);
		next = gvt_skl_deadline(&g.skl, false);
		g_assert_cmpuint(next, >=, begin + SKL_MS);
		g_assert_cmpuint(next, <=, begin + SKL_S);
		until(&g, begin + 10 * SKL_S);
		g_assert_cmpuint(rd(&g, SKL_FRAME), >=, 10);
		g_assert_cmpuint(rd(&g, SKL_LINE), <, 65536);
		skl_guest_free(&g);
	}
}

/* Late is not lost: a caller that comes after ten blanks finds them all. */
static void test_late(void)
{
	struct skl_guest g = skl_guest_dp();

	pipe_on(&g, 0, &skl_1080p);
	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	until(&g, g.now + 10 * SKL_S + SKL_MS);
	g_assert_cmpuint(rd(&g, SKL_FRAME), ==, 600);
	g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR), ==, SKL_VBLANK);
	wr(&g, SKL_DE(0) + SKL_IIR, SKL_VBLANK);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), >, g.now);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), <, g.now + 17 * SKL_MS);
	/* A year; rounding the period to a nanosecond costs less than a second of that. */
	until(&g, g.now + 366 * 86400 * SKL_S);
	g_assert_cmpuint(rd(&g, SKL_FRAME), >, 366u * 86400 * 60);
	g_assert_cmpuint(rd(&g, SKL_FRAME), <=, 600 + 366u * 86400 * 60);
	skl_guest_free(&g);
}

/* Masks count as they were when the blank came, not as they are when somebody looks. */
static void test_late_mask(void)
{
	struct skl_guest g = skl_guest_dp();

	pipe_on(&g, 0, &skl_1080p);
	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	wr(&g, SKL_DE(0) + SKL_IMR, 0xffffffff);
	g.now += 100 * SKL_MS;
	wr(&g, SKL_DE(0) + SKL_IMR, ~SKL_VBLANK);
	g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR), ==, 0);
	g.now += 100 * SKL_MS;
	wr(&g, SKL_DE(0) + SKL_IMR, 0xffffffff);
	g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR), ==, SKL_VBLANK);
	skl_guest_free(&g);
}

static void test_line(void)
{
	struct skl_guest g = skl_guest_dp();
	uint64_t period, blank;
	uint32_t last, seen = 0;

	pipe_on(&g, 0, &skl_1080p);
	period = g.skl.pipe[0].vblank.period_ns;
	next_blank(&g, 0);
	blank = g.now;
	/* The blank begins with the first line that isn't shown, and i915 adds one on DisplayPort. */
	g_assert_cmpuint(rd(&g, SKL_LINE) + 1, ==, 1080);
	last = rd(&g, SKL_LINE);
	for (uint64_t i = 1; i < 5000; i++) {
		uint32_t line;

		g.now = blank + period * i / 5000;
		line = rd(&g, SKL_LINE);
		g_assert_cmpuint(line, <, 1125);
		g_assert_cmpuint((line + 1125 - last) % 1125, <=, 1);
		seen += line != last;
		last = line;
	}
	g_assert_cmpuint(seen, >=, 1123);
	skl_guest_free(&g);
}

static void test_off_and_on(void)
{
	struct skl_guest g = skl_guest_dp();

	g_assert_null(gvt_skl_shown_pipe(&g.skl));
	g_assert_cmphex(pipe_on(&g, 0, &skl_1080p) & GVT_SKL_MODE, ==, GVT_SKL_MODE);
	g_assert_true(gvt_skl_shown_pipe(&g.skl) == &g.skl.pipe[0]);
	g_assert_cmphex(rd(&g, SKL_CONF), ==, 0xc0000000);
	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	/* Writing it once more is no mode set and doesn't move the blanks. */
	until(&g, g.now + 5 * SKL_MS);
	g_assert_cmphex(wr(&g, SKL_CONF, 0x80000000) & GVT_SKL_MODE, ==, 0);
	until(&g, g.now + 12 * SKL_MS);
	g_assert_cmpuint(rd(&g, SKL_FRAME), ==, 1);
	g_assert_cmphex(pipe_off(&g, 0) & GVT_SKL_MODE, ==, GVT_SKL_MODE);
	g_assert_cmphex(rd(&g, SKL_CONF), ==, 0);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, UINT64_MAX);
	wr(&g, SKL_DE(0) + SKL_IIR, 0xffffffff);
	g_assert_cmphex(until(&g, g.now + SKL_S), ==, 0);
	g_assert_cmphex(rd(&g, SKL_DE(0) + SKL_IIR), ==, 0);
	/* From here on again. */
	pipe_on(&g, 0, &skl_1080p);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), >, g.now + 16 * SKL_MS);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), <, g.now + 17 * SKL_MS);
	skl_guest_free(&g);
}

/* Only the pipes that aren't fused off. */
static void test_three_pipes(void)
{
	static const struct gvt_skl_config config = {GVT_SKL_DP, false, 2, 8u << 20, false};
	static const struct skl_timings slow = {1920, 1080, 2640, 1125, 148500};
	struct skl_guest g = skl_guest_new(&config);

	pipe_on(&g, 2, &skl_1080p);
	g_assert_null(gvt_skl_shown_pipe(&g.skl));
	pipe_on(&g, 1, &slow);
	g_assert_true(gvt_skl_shown_pipe(&g.skl) == &g.skl.pipe[1]);
	g_assert_cmphex(pipe_on(&g, 0, &skl_1080p) & GVT_SKL_MODE, ==, GVT_SKL_MODE);
	g_assert_true(gvt_skl_shown_pipe(&g.skl) == &g.skl.pipe[0]);
	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	irq_enable(&g, SKL_DE(1), SKL_VBLANK);
	until(&g, g.now + SKL_S + SKL_MS);
	g_assert_cmpuint(rd(&g, SKL_FRAME), ==, 60);
	g_assert_cmpuint(rd(&g, SKL_PIPE(1) + SKL_FRAME), ==, 50);
	g_assert_cmphex(rd(&g, SKL_MASTER), ==, SKL_MASTER_ON | 3u << 16);
	g_assert_cmphex(pipe_off(&g, 0) & GVT_SKL_MODE, ==, GVT_SKL_MODE);
	g_assert_true(gvt_skl_shown_pipe(&g.skl) == &g.skl.pipe[1]);
	skl_guest_free(&g);
}

static void test_deadline(void)
{
	struct skl_guest g = skl_guest_dp();
	uint64_t blank;

	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, UINT64_MAX);
	pipe_on(&g, 0, &skl_1080p);
	blank = gvt_vblank_next_ns(&g.skl.pipe[0].vblank, g.now);
	/* A still screen needs no timer, watched or not. */
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, UINT64_MAX);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, UINT64_MAX);
	wr(&g, SKL_SURF, 0x1000);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, UINT64_MAX);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, blank);
	until(&g, blank);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, UINT64_MAX);
	wr(&g, SKL_CURBASE, 0x1000);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), !=, UINT64_MAX);
	next_blank(&g, 0);
	/* Enabled but masked, and the other way round, is not wanted. */
	wr(&g, SKL_DE(0) + SKL_IER, SKL_VBLANK);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, UINT64_MAX);
	wr(&g, SKL_DE(0) + SKL_IER, 0);
	wr(&g, SKL_DE(0) + SKL_IMR, 0);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, UINT64_MAX);
	wr(&g, SKL_DE(0) + SKL_IER, SKL_VBLANK);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), >, g.now);
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
		g_autofree char *path = g_strdup_printf(
			"/gvt/skl/time/a-minute-at-%.3f-hz-has-as-many-blanks", rates[i].hz);

		g_test_add_data_func(path, &rates[i], test_minute);
	}
	g_test_add_func("/gvt/skl/time/the-hdmi-pll-gives-the-rate", test_hdmi_rate);
	g_test_add_func("/gvt/skl/time/a-senseless-mode-has-blanks-too", test_senseless);
	g_test_add_func("/gvt/skl/time/no-blank-is-lost-when-the-caller-is-late", test_late);
	g_test_add_func("/gvt/skl/time/masks-count-as-they-were", test_late_mask);
	g_test_add_func("/gvt/skl/time/the-scan-line-moves-through-every-line", test_line);
	g_test_add_func("/gvt/skl/time/a-pipe-goes-off-and-on", test_off_and_on);
	g_test_add_func("/gvt/skl/time/pipes-run-on-their-own", test_three_pipes);
	g_test_add_func("/gvt/skl/time/a-still-screen-needs-no-timer", test_deadline);
	return g_test_run();
}
