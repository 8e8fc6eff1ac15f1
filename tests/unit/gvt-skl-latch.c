// SPDX-License-Identifier: GPL-2.0-or-later
/* When plane and cursor registers of the Gen9 display engine take effect (6). */
#include "gvt-check.h"
#include "gvt-skl-guest.h"

static const struct skl_timings small = {800, 600, 1056, 628, 40000};

static void assert_shows(struct skl_guest *g, uint32_t surf, unsigned int w, unsigned int h)
{
	struct gvt_plane p;

	g_assert_true(gvt_skl_primary(&g->skl, &p));
	g_assert_cmphex(p.offset_bytes, ==, surf);
	g_assert_cmpuint(p.width_px, ==, w);
	g_assert_cmpuint(p.height_px, ==, h);
	g_assert_cmpuint(p.stride_bytes, ==, (w * 4 + 63) / 64 * 64);
}

static void test_never_torn(void)
{
	struct skl_guest g = skl_guest_showing(0x40000);
	struct skl_plane p = plane_linear(&small, 0x900000);
	const struct {
		uint32_t offset, value;
	} writes[] = {{SKL_STRIDE, p.stride}, {SKL_PLANE_POS, 0}, {SKL_PLANE_SIZE, p.size},
		      {SKL_OFFSET, 0},	      {0x701c0, 0},	  {SKL_PLANE_CTL, p.ctl | 1 << 20},
		      {SKL_SURF, p.surf}};
	uint64_t blank = gvt_vblank_next_ns(&g.skl.pipe[0].vblank, g.now);
	struct gvt_plane is;

	for (size_t i = 0; i < G_N_ELEMENTS(writes); i++) {
		g_assert_cmphex(wr(&g, writes[i].offset, writes[i].value) & GVT_SKL_CHANGED, ==, 0);
		assert_shows(&g, 0x40000, 1920, 1080);
		g_assert_cmphex(rd(&g, writes[i].offset), ==, writes[i].value);
		g_assert_cmphex(rd(&g, SKL_SURFLIVE), ==, 0x40000);
	}
	g_assert_cmphex(until(&g, blank - 1) & GVT_SKL_CHANGED, ==, 0);
	assert_shows(&g, 0x40000, 1920, 1080);
	g_assert_cmphex(until(&g, blank) & GVT_SKL_CHANGED, ==, GVT_SKL_FLIP);
	assert_shows(&g, 0x900000, 800, 600);
	g_assert_cmphex(rd(&g, SKL_SURFLIVE), ==, 0x900000);
	gvt_skl_primary(&g.skl, &is);
	g_assert_cmphex(is.drm_format, ==, GVT_FORMAT_XBGR8888);
	skl_guest_free(&g);
}

/* Blanks between the first registers of an update and the one that arms it change nothing. */
static void test_blank_before_arming(void)
{
	struct skl_guest g = skl_guest_showing(0x40000);
	struct skl_plane p = plane_linear(&small, 0x900000);

	wr(&g, SKL_STRIDE, p.stride);
	wr(&g, SKL_PLANE_SIZE, p.size);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, 0);
	assert_shows(&g, 0x40000, 1920, 1080);
	wr(&g, SKL_PLANE_CTL, p.ctl);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, 0);
	assert_shows(&g, 0x40000, 1920, 1080);
	wr(&g, SKL_SURF, p.surf);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_FLIP);
	assert_shows(&g, 0x900000, 800, 600);
	skl_guest_free(&g);
}

/* One update is armed and the next one begun when the blank comes: the armed one it is, whole. */
static void test_begun_after_arming(void)
{
	struct skl_guest g = skl_guest_showing(0x40000);
	struct skl_plane p = plane_linear(&small, 0x900000);

	wr(&g, SKL_SURF, 0x80000);
	wr(&g, SKL_STRIDE, p.stride);
	wr(&g, SKL_PLANE_SIZE, p.size);
	wr(&g, SKL_PLANE_CTL, p.ctl);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_FLIP);
	assert_shows(&g, 0x80000, 1920, 1080);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, 0);
	wr(&g, SKL_SURF, p.surf);
	next_blank(&g, 0);
	assert_shows(&g, 0x900000, 800, 600);
	skl_guest_free(&g);
}

static void test_once(void)
{
	struct skl_guest g = skl_guest_showing(0x40000);
	uint32_t flips = rd(&g, SKL_FLIPS);

	/* Two in one frame are one flip, to the newer. */
	wr(&g, SKL_SURF, 0x80000);
	wr(&g, SKL_SURF, 0xc0000);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_FLIP);
	assert_shows(&g, 0xc0000, 1920, 1080);
	g_assert_cmpuint(rd(&g, SKL_FLIPS), ==, flips + 1);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, 0);
	/* The same address again is a flip: its pixels are new. */
	wr(&g, SKL_SURF, 0xc0000);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_FLIP);
	/* A caller that comes frames too late sees it once as well. */
	wr(&g, SKL_SURF, 0x40000);
	g_assert_cmphex(until(&g, g.now + SKL_S) & GVT_SKL_CHANGED, ==, GVT_SKL_FLIP);
	assert_shows(&g, 0x40000, 1920, 1080);
	g_assert_cmphex(until(&g, g.now + SKL_S) & GVT_SKL_CHANGED, ==, 0);
	g_assert_cmpuint(rd(&g, SKL_FLIPS), ==, flips + 3);
	skl_guest_free(&g);
}

/* A write that comes after the blank finds the one before it in effect. */
static void test_late_write(void)
{
	struct skl_guest g = skl_guest_showing(0x40000);

	wr(&g, SKL_SURF, 0x80000);
	g.now += 20 * SKL_MS;
	g_assert_cmphex(wr(&g, SKL_SURF, 0xc0000) & GVT_SKL_CHANGED, ==, GVT_SKL_FLIP);
	assert_shows(&g, 0x80000, 1920, 1080);
	/* The same when it was a read that caught up. */
	g.now += 20 * SKL_MS;
	g_assert_cmphex(rd(&g, SKL_SURFLIVE), ==, 0xc0000);
	g_assert_cmphex(wr(&g, SKL_OFFSET, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_FLIP);
	assert_shows(&g, 0xc0000, 1920, 1080);
	skl_guest_free(&g);
}

static void test_pipe_off(void)
{
	struct skl_guest g = skl_guest_dp();
	struct skl_plane p = plane_linear(&small, 0x900000);

	/* All before the pipe is on: there is no blank to wait for. */
	plane_write(&g, 0, &p);
	pipe_on(&g, 0, &small);
	assert_shows(&g, 0x900000, 800, 600);
	skl_guest_free(&g);
}

/* i915's way to switch a plane off. */
static void test_plane_off(void)
{
	struct skl_guest g = skl_guest_showing(0x40000);
	struct gvt_plane p;

	wr(&g, SKL_PLANE_CTL, 0);
	assert_shows(&g, 0x40000, 1920, 1080);
	wr(&g, SKL_SURF, 0);
	assert_shows(&g, 0x40000, 1920, 1080);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_FLIP);
	g_assert_false(gvt_skl_primary(&g.skl, &p));
	g_assert_cmpuint(p.off_reason, !=, GVT_OFF_NOT);
	/* And on again, with the address last. */
	wr(&g, SKL_PLANE_CTL, SKL_CTL_ON);
	next_blank(&g, 0);
	g_assert_false(gvt_skl_primary(&g.skl, &p));
	wr(&g, SKL_SURF, 0x40000);
	next_blank(&g, 0);
	assert_shows(&g, 0x40000, 1920, 1080);
	skl_guest_free(&g);
}

/* What was armed when the pipe went off is what is there when it comes on. */
static void test_pipe_off_while_armed(void)
{
	struct skl_guest g = skl_guest_showing(0x40000);

	wr(&g, SKL_SURF, 0x80000);
	g_assert_cmphex(pipe_off(&g, 0) & GVT_SKL_MODE, ==, GVT_SKL_MODE);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, UINT64_MAX);
	pipe_on(&g, 0, &skl_1080p);
	assert_shows(&g, 0x80000, 1920, 1080);
	skl_guest_free(&g);
}

static void assert_cursor(struct skl_guest *g, uint32_t base, int x, int y, unsigned int size)
{
	struct gvt_plane p;

	g_assert_cmpint(gvt_skl_cursor(&g->skl, &p), ==, size != 0);
	if (size) {
		g_assert_cmphex(p.offset_bytes, ==, base);
		g_assert_cmpint(p.x_px, ==, x);
		g_assert_cmpint(p.y_px, ==, y);
		g_assert_cmpuint(p.width_px, ==, size);
	}
}

static void test_cursor(void)
{
	struct skl_guest g = skl_guest_showing(0x40000);

	wr(&g, SKL_CURCNTR, 0x27);
	wr(&g, SKL_CURPOS, 100u << 16 | 200);
	assert_cursor(&g, 0, 0, 0, 0);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, 0);
	assert_cursor(&g, 0, 0, 0, 0);
	g_assert_cmphex(wr(&g, SKL_CURBASE, 0x5000) & GVT_SKL_CHANGED, ==, 0);
	assert_cursor(&g, 0, 0, 0, 0);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_CURSOR);
	assert_cursor(&g, 0x5000, 200, 100, 64);
	/* A move: not before its arming, and whole. */
	wr(&g, SKL_CURPOS, 1u << 16 | 2);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, 0);
	assert_cursor(&g, 0x5000, 200, 100, 64);
	wr(&g, SKL_CURBASE, 0x5000);
	wr(&g, SKL_CURCNTR, 0x22);
	wr(&g, SKL_CURPOS, 9u << 16 | 9);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_CURSOR);
	assert_cursor(&g, 0x5000, 2, 1, 64);
	wr(&g, SKL_CURBASE, 0x9000);
	wr(&g, SKL_SURF, 0x40000);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_CURSOR | GVT_SKL_FLIP);
	assert_cursor(&g, 0x9000, 9, 9, 128);
	wr(&g, SKL_CURCNTR, 0);
	wr(&g, SKL_CURBASE, 0);
	g_assert_cmphex(next_blank(&g, 0) & GVT_SKL_CHANGED, ==, GVT_SKL_CURSOR);
	assert_cursor(&g, 0, 0, 0, 0);
	skl_guest_free(&g);
}

/* Nobody is told of a pipe that isn't shown. */
static void test_hidden_pipe(void)
{
	static const struct gvt_skl_config config = {GVT_SKL_DP, true, 2, 8u << 20, false};
	struct skl_guest g = skl_guest_new(&config);
	struct skl_plane a = plane_linear(&skl_1080p, 0x40000), b = plane_linear(&small, 0x900000);

	pipe_on(&g, 0, &skl_1080p);
	pipe_on(&g, 1, &skl_1080p);
	plane_write(&g, 0, &a);
	next_blank(&g, 0);
	plane_write(&g, 1, &b);
	g_assert_cmphex(next_blank(&g, 1) & GVT_SKL_CHANGED, ==, 0);
	assert_shows(&g, 0x40000, 1920, 1080);
	g_assert_cmphex(rd(&g, SKL_PIPE(1) + SKL_SURFLIVE), ==, 0x900000);
	pipe_off(&g, 0);
	assert_shows(&g, 0x900000, 800, 600);
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/latch/a-query-never-sees-half-an-update", test_never_torn);
	g_test_add_func("/gvt/skl/latch/a-blank-before-the-arming-write-changes-nothing",
			test_blank_before_arming);
	g_test_add_func("/gvt/skl/latch/what-is-written-after-arming-waits-for-its-own",
			test_begun_after_arming);
	g_test_add_func("/gvt/skl/latch/an-armed-update-is-one-flip", test_once);
	g_test_add_func("/gvt/skl/latch/a-late-write-finds-the-last-update-done", test_late_write);
	g_test_add_func("/gvt/skl/latch/with-the-pipe-off-at-once", test_pipe_off);
	g_test_add_func("/gvt/skl/latch/i915-switches-a-plane-off-and-on", test_plane_off);
	g_test_add_func("/gvt/skl/latch/armed-when-the-pipe-went-off", test_pipe_off_while_armed);
	g_test_add_func("/gvt/skl/latch/the-cursor-moves-whole", test_cursor);
	g_test_add_func("/gvt/skl/latch/a-pipe-that-isn't-shown-tells-nothing", test_hidden_pipe);
	return g_test_run();
}
