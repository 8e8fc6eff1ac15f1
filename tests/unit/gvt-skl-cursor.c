// SPDX-License-Identifier: GPL-2.0-or-later
/* Decode of the cursor of the Gen9 display engine (facts/I915-DISPLAY-FACTS.md, 6). */
#include "gvt-check.h"
#include "gvt-skl-guest.h"

#define GIB (1ull << 30)

static struct gvt_plane cursor(struct skl_guest *g, uint32_t control, uint32_t pos, uint32_t fbc,
			       uint32_t base)
{
	struct gvt_plane p;

	wr(g, SKL_CUR_FBC, fbc);
	wr(g, SKL_CURCNTR, control);
	wr(g, SKL_CURPOS, pos);
	wr(g, SKL_CURBASE, base);
	next_blank(g, 0);
	g_assert_cmpint(gvt_skl_cursor(&g->skl, &p), ==, p.drm_format != 0);
	g_assert_cmpstr(gvt_plane_fault(&p, space(g)), ==, NULL);
	return p;
}

static void test_cursor_sizes(void)
{
	static const struct {
		uint32_t mode, edge;
	} modes[] = {{0x27, 64}, {0x22, 128}, {0x23, 256}, {0x07, 64}, {0x02, 128}, {0x03, 256}};
	struct skl_guest g = guest_ggtt(8);

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		uint32_t edge = modes[i].edge;
		struct gvt_plane p = cursor(&g, modes[i].mode | 0x05000000, 0, 0, 0x123000);

		g_assert_cmphex(p.drm_format, ==, GVT_FORMAT_ARGB8888);
		g_assert_cmpuint(p.width_px, ==, edge);
		g_assert_cmpuint(p.height_px, ==, edge);
		g_assert_cmpuint(p.stride_bytes, ==, 4 * edge);
		g_assert_cmphex(p.offset_bytes, ==, 0x123000);
		g_assert_cmpuint(p.size_bytes, ==, 4 * edge * edge);
		g_assert_cmpuint(p.modifier, ==, GVT_MODIFIER_LINEAR);
		g_assert_cmpuint(p.rotation, ==, 0);
		g_assert_cmpuint(cursor(&g, modes[i].mode | 0x8000, 0, 0, 0).rotation, ==, 180);
		/* Not square: 8 lines up to as many as the square has. */
		for (uint32_t h = 8; h <= edge; h++) {
			p = cursor(&g, modes[i].mode, 0, 0x80000000 | (h - 1), 0);
			g_assert_cmpuint(p.width_px, ==, edge);
			g_assert_cmpuint(p.height_px, ==, h);
			g_assert_cmpuint(p.stride_bytes, ==, 4 * edge);
		}
		/* Not enabled. */
		g_assert_cmpuint(cursor(&g, modes[i].mode, 0, 15, 0).height_px, ==, edge);
		g_assert_cmpuint(cursor(&g, modes[i].mode, 0, 0x800000ff, 0).height_px, <=, edge);
	}
	g_assert_cmpuint(cursor(&g, 0, 0, 0, 0x123000).drm_format, ==, 0);
	for (uint32_t mode = 0; mode < 0x40; mode++) {
		cursor(&g, mode, 0, 0x80000000, 0);
	}
	skl_guest_free(&g);
}

static void test_cursor_positions(void)
{
	static const struct {
		uint32_t reg;
		int x, y;
	} places[] = {
		{0x02bc800a, -10, 700},	      {0, 0, 0},
		{0x80008000, 0, 0},	      {0x8001000a, 10, -1},
		{0xffffffff, -32767, -32767}, {0x7fff7fff, 32767, 32767},
		{0x04380780, 1920, 1080},     {0x803f803f, -63, -63},
	};
	struct skl_guest g = guest_ggtt(8);

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		struct gvt_plane p = cursor(&g, 0x27, places[i].reg, 0, 0);

		g_assert_cmpint(p.x_px, ==, places[i].x);
		g_assert_cmpint(p.y_px, ==, places[i].y);
	}
	skl_guest_free(&g);
}

static void test_cursor_hot_spot(void)
{
	static const struct gvt_skl_config bare = {GVT_SKL_DP, false, 1, 8u << 20, false};
	struct skl_guest g = guest_ggtt(8), b = skl_guest_new(&bare);
	struct gvt_plane p = cursor(&g, 0x27, 0, 0, 0);

	g_assert_cmphex(p.hot_x_px, ==, GVT_HOT_UNKNOWN);
	g_assert_cmphex(p.hot_y_px, ==, GVT_HOT_UNKNOWN);
	wr(&g, 0x78830, 5);
	wr(&g, 0x78834, 6);
	p = cursor(&g, 0x27, 0, 0, 0);
	g_assert_cmpuint(p.hot_x_px, ==, 5);
	g_assert_cmpuint(p.hot_y_px, ==, 6);
	g_assert_cmpuint(rd(&g, 0x78830), ==, 5);
	wr(&g, 0x78830, 0);
	wr(&g, 0x78834, 63);
	p = cursor(&g, 0x27, 0, 0, 0);
	g_assert_cmpuint(p.hot_x_px, ==, 0);
	g_assert_cmpuint(p.hot_y_px, ==, 63);
	/* Outside of the image it can't be meant. */
	wr(&g, 0x78834, 64);
	g_assert_cmphex(cursor(&g, 0x27, 0, 0, 0).hot_y_px, ==, GVT_HOT_UNKNOWN);
	g_assert_cmphex(cursor(&g, 0x27, 0, 0, 0).hot_x_px, ==, GVT_HOT_UNKNOWN);
	g_assert_cmphex(cursor(&g, 0x22, 0, 0, 0).hot_y_px, ==, 64);
	gvt_skl_reset(&g.skl, g.now);
	pipe_on(&g, 0, &skl_1080p);
	p = cursor(&g, 0x27, 0, 0, 0);
	g_assert_cmphex(p.hot_x_px, ==, GVT_HOT_UNKNOWN);
	g_assert_cmphex(p.hot_y_px, ==, GVT_HOT_UNKNOWN);
	/* Without PVINFO these are just memory. */
	pipe_on(&b, 0, &skl_1080p);
	wr(&b, 0x78830, 5);
	wr(&b, 0x78834, 6);
	g_assert_cmphex(cursor(&b, 0x27, 0, 0, 0).hot_x_px, ==, GVT_HOT_UNKNOWN);
	skl_guest_free(&b);
	skl_guest_free(&g);
}

static void test_cursor_beyond(void)
{
	struct skl_guest g = guest_ggtt(2);

	g_assert_cmpuint(cursor(&g, 0x27, 0, 0, (uint32_t)(GIB - 0x4000)).width_px, ==, 64);
	g_assert_cmpuint(cursor(&g, 0x27, 0, 0, (uint32_t)(GIB - 0x3000)).off_reason, ==,
			 GVT_OFF_BEYOND);
	g_assert_cmpuint(cursor(&g, 0x27, 0, 0, 0xfffff000).off_reason, ==, GVT_OFF_BEYOND);
	g_assert_cmphex(cursor(&g, 0x27, 0, 0, 0x5fff).offset_bytes, ==, 0x5000);
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/cursor/three-sizes-and-fewer-lines", test_cursor_sizes);
	g_test_add_func("/gvt/skl/cursor/positions-have-a-sign", test_cursor_positions);
	g_test_add_func("/gvt/skl/cursor/the-hot-spot-is-unknown-until-written",
			test_cursor_hot_spot);
	g_test_add_func("/gvt/skl/cursor/beyond-the-table-is-off", test_cursor_beyond);
	return g_test_run();
}
