// SPDX-License-Identifier: GPL-2.0-or-later
/* Hot plug of the Gen9 display engine (facts/I915-DISPLAY-FACTS.md, 4.10). */
#include "gvt-skl-guest.h"

static void test_plug(void)
{
	struct skl_guest g = skl_guest_dp();
	uint8_t edid[128] = {1};

	g_assert_cmphex(rd(&g, SKL_SDE), ==, 0);
	detect_on(&g);
	g_assert_cmphex(gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now), ==,
			GVT_SKL_IRQ | GVT_SKL_LEVEL);
	g_assert_cmphex(rd(&g, SKL_SDE), ==, SKL_PORT_B);
	g_assert_cmphex(hotplug_taken(&g), ==, 2);
	until(&g, g.now + SKL_S);
	g_assert_cmphex(gvt_skl_set_monitor(&g.skl, NULL, 0, g.now), ==,
			GVT_SKL_IRQ | GVT_SKL_LEVEL);
	g_assert_cmphex(rd(&g, SKL_SDE), ==, 0);
	g_assert_cmphex(hotplug_taken(&g), ==, 2);
	/* The live bit is no interrupt status: it can't be written. */
	wr(&g, SKL_SDE, 0xffffffff);
	g_assert_cmphex(rd(&g, SKL_SDE), ==, 0);
	skl_guest_free(&g);
}

static void test_plug_unheard(void)
{
	struct skl_guest g = skl_guest_dp();
	uint8_t edid[128] = {1};

	g_assert_cmphex(gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now), ==, 0);
	g_assert_cmphex(rd(&g, SKL_SDE), ==, SKL_PORT_B);
	g_assert_cmphex(rd(&g, SKL_SDE + SKL_IIR), ==, 0);
	g_assert_cmphex(rd(&g, SKL_HOTPLUG), ==, 0);
	detect_on(&g);
	g_assert_cmphex(until(&g, g.now + SKL_S), ==, 0);
	/* And not too soon after that for the first one to be heard. */
	g_assert_cmphex(gvt_skl_set_monitor(&g.skl, NULL, 0, g.now) & GVT_SKL_IRQ, ==, GVT_SKL_IRQ);
	skl_guest_free(&g);
}

/* Ten changes a second for five seconds, a handler that takes each pulse at once. */
static void test_storm(void)
{
	struct skl_guest g = skl_guest_dp();
	uint64_t pulses[64], last_change = 0;
	unsigned int n = 0;
	uint8_t edid[128] = {1};

	detect_on(&g);
	for (unsigned int i = 0; i < 70; i++) {
		uint64_t due, end = g.now + 100 * SKL_MS;

		if (i < 51) {
			g.events |= gvt_skl_set_monitor(&g.skl, edid, i & 1 ? 0 : 128, g.now);
			last_change = g.now;
			/* Gone at once, whenever the guest is told; back when it has seen that. */
			if (i & 1) {
				g_assert_cmphex(rd(&g, SKL_SDE), ==, 0);
			}
		}
		for (;;) {
			if (taken(&g) & GVT_SKL_IRQ) {
				g_assert_cmphex(hotplug_taken(&g), ==, 2);
				g_assert_cmpuint(n, <, G_N_ELEMENTS(pulses));
				pulses[n++] = g.now;
			}
			due = gvt_skl_deadline(&g.skl, false);
			if (due > end) {
				break;
			}
			g_assert_cmpuint(due, >, g.now);
			until(&g, due);
		}
		until(&g, end);
	}
	for (unsigned int i = 0; i + 4 < n; i++) {
		g_assert_cmpuint(pulses[i + 4] - pulses[i], >=, SKL_S);
	}
	/* Not none either, and one after the last change. */
	g_assert_cmpuint(n, >=, 3);
	g_assert_cmpuint(pulses[n - 1], >=, last_change);
	g_assert_cmphex(rd(&g, SKL_SDE), ==, SKL_PORT_B);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, UINT64_MAX);
	skl_guest_free(&g);
}

/* A monitor that is exchanged faster than the guest looks: it still sees that there was none. */
static void test_exchange(void)
{
	struct skl_guest g = skl_guest_dp();
	uint8_t edid[128] = {1};
	uint64_t asked;

	gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now);
	detect_on(&g);
	gvt_skl_set_monitor(&g.skl, NULL, 0, g.now);
	g_assert_cmphex(hotplug_taken(&g), ==, 2);
	until(&g, g.now + 100 * SKL_MS);
	g_assert_cmphex(gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now), ==, 0);
	until(&g, g.now + 600 * SKL_MS);
	/* It looks: there is none. That is told to the timer, and then the new one comes at once. */
	g_assert_cmphex(rd(&g, SKL_SDE), ==, 0);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), <=, g.now);
	g_assert_cmphex(until(&g, g.now) & GVT_SKL_IRQ, ==, GVT_SKL_IRQ);
	g_assert_cmphex(rd(&g, SKL_SDE), ==, SKL_PORT_B);
	g_assert_cmphex(hotplug_taken(&g), ==, 2);

	/* A guest that doesn't look is not waited for for ever. */
	until(&g, g.now + SKL_S);
	gvt_skl_set_monitor(&g.skl, NULL, 0, g.now);
	g_assert_cmphex(hotplug_taken(&g), ==, 2);
	asked = g.now;
	gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now);
	while (!(until(&g, gvt_skl_deadline(&g.skl, false)) & GVT_SKL_IRQ)) {
	}
	g_assert_cmpuint(g.now - asked, >, 300 * SKL_MS);
	g_assert_cmpuint(g.now - asked, <, 4 * SKL_S);
	g_assert_cmphex(rd(&g, SKL_SDE), ==, SKL_PORT_B);
	skl_guest_free(&g);
}

/* Its kernel has seen that there is no monitor, its desktop not yet. */
static void test_exchange_while_shown(void)
{
	enum { DOES_NOTHING, LOOKS_AGAIN, SWITCHES_OFF };
	struct skl_guest g = skl_guest_dp();
	uint8_t edid[128] = {1};

	gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now);
	detect_on(&g);
	pipe_on(&g, 0, &skl_1080p);
	for (int how = DOES_NOTHING; how <= SWITCHES_OFF; how++) {
		uint64_t asked;

		until(&g, g.now + SKL_S);
		gvt_skl_set_monitor(&g.skl, NULL, 0, g.now);
		g_assert_cmphex(hotplug_taken(&g), ==, 2);
		gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now);
		asked = g.now;
		g_assert_cmphex(rd(&g, SKL_SDE), ==, 0);
		until(&g, g.now + 2 * SKL_S);
		if (how == LOOKS_AGAIN) {
			g_assert_cmphex(rd(&g, SKL_SDE), ==, 0);
			g_assert_cmphex(until(&g, g.now) & GVT_SKL_IRQ, ==, GVT_SKL_IRQ);
		} else if (how == SWITCHES_OFF) {
			/* The next access finds it. */
			g_assert_cmphex(pipe_off(&g, 0) & (GVT_SKL_MODE | GVT_SKL_IRQ), ==,
					GVT_SKL_MODE | GVT_SKL_IRQ);
		} else {
			/* Nor is that waited for for ever. */
			until(&g, asked + 4 * SKL_S);
		}
		g_assert_cmphex(rd(&g, SKL_SDE), ==, SKL_PORT_B);
		g_assert_cmphex(hotplug_taken(&g), ==, 2);
	}
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/hot-plug/plug-and-unplug-are-long-pulses", test_plug);
	g_test_add_func("/gvt/skl/hot-plug/before-detection-is-on-nothing-is-left",
			test_plug_unheard);
	g_test_add_func("/gvt/skl/hot-plug/an-exchanged-monitor-was-gone-for-the-guest",
			test_exchange);
	g_test_add_func("/gvt/skl/hot-plug/an-exchanged-monitor-waits-until-the-pipe-is-off",
			test_exchange_while_shown);
	g_test_add_func("/gvt/skl/hot-plug/no-more-than-four-pulses-a-second", test_storm);
	return g_test_run();
}
