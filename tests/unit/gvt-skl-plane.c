// SPDX-License-Identifier: GPL-2.0-or-later
/* Decode of the primary plane of the Gen9 display engine (facts/I915-DISPLAY-FACTS.md, 6). */
#include "gvt-check.h"
#include "gvt-skl-guest.h"

#define GIB (1ull << 30)

#define TILED(n) ((uint32_t)(n) << 10)
#define TILE_X	 TILED(1)
#define TILE_Y	 TILED(4)
#define TILE_YF	 TILED(5)

#define FORMAT(n) (0x80000000u | (uint32_t)(n) << 24)
#define RGBX	  (1u << 20)

#define SIZE(w, h)   ((uint32_t)((h)-1) << 16 | (uint32_t)((w)-1))
#define OFFSET(x, y) ((uint32_t)(y) << 16 | (uint32_t)(x))

static const struct skl_plane full_hd = {SKL_CTL_ON, 0x78, SIZE(1920, 1080), 0, 0x40000};

/* Everything that holds of any decoded plane. */
static bool decode(struct skl_guest *g, const struct skl_plane *regs, struct gvt_plane *p)
{
	bool on;

	plane_write(g, 0, regs);
	next_blank(g, 0);
	on = gvt_skl_primary(&g->skl, p);
	g_assert_cmpint(on, ==, p->drm_format != 0);
	g_assert_cmpstr(gvt_plane_fault(p, space(g)), ==, NULL);
	for (uint64_t i = 0; on && i < gvt_plane_pages(p); i++) {
		g_assert_cmpuint(gvt_skl_page(p, i), <, gvt_skl_ggtt_entries(&g->skl.config));
	}
	return on;
}

static struct gvt_plane decode_on(struct skl_guest *g, const struct skl_plane *regs)
{
	struct gvt_plane p;

	g_assert_true(decode(g, regs, &p));
	return p;
}

static void assert_off(struct skl_guest *g, const struct skl_plane *regs, uint32_t why)
{
	struct gvt_plane p;

	g_assert_false(decode(g, regs, &p));
	g_assert_cmpuint(p.off_reason, ==, why);
}

/* Where the engine finds a byte of a line, by the formulas of section 6. */
static uint64_t engine_address(uint64_t surf, uint32_t tiling, uint64_t stride, uint64_t x_bytes,
			       uint64_t y)
{
	switch (tiling) {
	case TILE_X:
		return surf + y / 8 * 8 * stride + x_bytes / 512 * 4096 + y % 8 * 512 +
		       x_bytes % 512;
	case TILE_Y:
		return surf + y / 32 * 32 * stride + x_bytes / 128 * 4096 +
		       x_bytes % 128 / 16 * 512 + y % 32 * 16 + x_bytes % 16;
	default:
		return surf + y * stride + x_bytes;
	}
}

/* Where somebody who has only the decoded plane finds it: graphics page and byte in it. */
static uint64_t plane_address(const struct gvt_plane *p, uint32_t x, uint32_t y)
{
	unsigned int cpp = gvt_format_cpp(p->drm_format);
	struct gvt_tile t = gvt_modifier_tile(p->modifier, cpp);
	uint64_t at, x_bytes;

	if (p->modifier == GVT_MODIFIER_LINEAR) {
		at = p->offset_bytes % GVT_PAGE_SIZE + (uint64_t)y * p->stride_bytes + x * cpp;
	} else {
		x_bytes = (uint64_t)(x + p->src_x_px) * cpp;
		y += p->src_y_px;
		at = engine_address(0, t.height_px == 8 ? TILE_X : TILE_Y, p->stride_bytes, x_bytes,
				    y);
	}
	g_assert_cmpuint(at / GVT_PAGE_SIZE, <, gvt_plane_pages(p));
	return gvt_skl_page(p, at / GVT_PAGE_SIZE) * GVT_PAGE_SIZE + at % GVT_PAGE_SIZE;
}

/* Corners and a sprinkle in between. */
static void assert_pixels(struct skl_guest *g, const struct skl_plane *regs, uint32_t tiling,
			  uint64_t stride)
{
	struct gvt_plane p = decode_on(g, regs);
	unsigned int cpp = gvt_format_cpp(p.drm_format);
	uint64_t x0 = regs->offset & 0xffff, y0 = regs->offset >> 16;
	uint64_t surf = regs->surf & 0xfffff000;

	g_assert_cmpuint(p.width_px, ==, (regs->size & 0xffff) + 1);
	g_assert_cmpuint(p.height_px, ==, (regs->size >> 16) + 1);
	g_assert_cmpuint(p.stride_bytes, ==, stride);
	for (unsigned int i = 0; i < 400; i++) {
		uint32_t x = i & 1 ? p.width_px - 1 : 0, y = i & 2 ? p.height_px - 1 : 0;

		if (i >= 4) {
			x = (uint32_t)(i * 7919u) % p.width_px;
			y = (uint32_t)(i * 104729u) % p.height_px;
		}
		g_assert_cmphex(plane_address(&p, x, y), ==,
				engine_address(surf, tiling, stride, (x0 + x) * cpp, y0 + y));
	}
}

static void test_traced(void)
{
	/* From an i915 (6). */
	static const struct {
		struct skl_plane regs;
		uint32_t format, stride;
		uint64_t modifier;
	} seen[] = {
		{{0x84042000, 0x78, 0x0437077f, 0, 0x40000}, GVT_FORMAT_XRGB8888, 7680, 0},
		{{0x84042400, 0x0f, 0x0437077f, 0, 0x40000},
		 GVT_FORMAT_XRGB8888,
		 7680,
		 GVT_MODIFIER_X},
		{{0x84043000, 0x3c, 0x0437077f, 0, 0x40000},
		 GVT_FORMAT_XRGB8888,
		 7680,
		 GVT_MODIFIER_Y},
		{{0x8e042000, 0x3c, 0x0437077f, 0, 0x40000}, GVT_FORMAT_RGB565, 3840, 0},
	};
	struct skl_guest g = guest_ggtt(8);

	for (size_t i = 0; i < G_N_ELEMENTS(seen); i++) {
		struct gvt_plane p = decode_on(&g, &seen[i].regs);

		g_assert_cmphex(p.drm_format, ==, seen[i].format);
		g_assert_cmphex(p.modifier, ==, seen[i].modifier);
		g_assert_cmpuint(p.width_px, ==, 1920);
		g_assert_cmpuint(p.height_px, ==, 1080);
		g_assert_cmpuint(p.stride_bytes, ==, seen[i].stride);
		g_assert_cmphex(p.offset_bytes, ==, 0x40000);
		g_assert_cmpuint(p.src_x_px, ==, 0);
		g_assert_cmpuint(p.src_y_px, ==, 0);
		g_assert_cmpuint(p.rotation, ==, 0);
		g_assert_cmpint(p.x_px, ==, 0);
		g_assert_cmpint(p.y_px, ==, 0);
		g_assert_cmphex(p.hot_x_px, ==, GVT_HOT_UNKNOWN);
	}
	skl_guest_free(&g);
}

static void test_formats(void)
{
	static const struct {
		uint32_t ctl, format;
	} good[] = {
		{FORMAT(4), GVT_FORMAT_XRGB8888},
		{FORMAT(4) | RGBX, GVT_FORMAT_XBGR8888},
		{FORMAT(4) | 0x20, GVT_FORMAT_ARGB8888},
		{FORMAT(4) | 0x30, GVT_FORMAT_ARGB8888},
		{FORMAT(4) | RGBX | 0x20, GVT_FORMAT_ABGR8888},
		{FORMAT(2), GVT_FORMAT_XRGB2101010},
		{FORMAT(2) | RGBX, GVT_FORMAT_XBGR2101010},
		{FORMAT(14), GVT_FORMAT_RGB565},
	};
	static const uint32_t unknown[] = {0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15};
	struct skl_guest g = guest_ggtt(8);
	struct skl_plane regs = full_hd;

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		/* Gamma, colour space, colour keys and range bits name no format. */
		regs.ctl = good[i].ctl | 0x50862200;
		g_assert_cmphex(decode_on(&g, &regs).drm_format, ==, good[i].format);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
		regs.ctl = FORMAT(unknown[i]);
		assert_off(&g, &regs, GVT_OFF_FORMAT);
	}
	/* A format that is unknown isn't seen on a plane that is off. */
	regs.ctl = FORMAT(1) & 0x7fffffff;
	g_assert_false(gvt_skl_primary(&g.skl, &(struct gvt_plane){0}));
	skl_guest_free(&g);
}

static void test_tilings(void)
{
	static const struct {
		unsigned int code;
		uint64_t modifier;
	} good[] = {{0, GVT_MODIFIER_LINEAR},
		    {1, GVT_MODIFIER_X},
		    {4, GVT_MODIFIER_Y},
		    {5, GVT_MODIFIER_YF}};
	struct skl_guest g = guest_ggtt(8);
	struct skl_plane regs = full_hd;

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		regs.ctl = SKL_CTL_ON | TILED(good[i].code);
		g_assert_cmphex(decode_on(&g, &regs).modifier, ==, good[i].modifier);
		/* With a render engine's compression: nobody could read that. */
		regs.ctl |= 1u << 15;
		if (good[i].code >= 4) {
			assert_off(&g, &regs, GVT_OFF_FORMAT);
		}
	}
	for (unsigned int code = 0; code < 8; code++) {
		if (code == 2 || code == 3 || code == 6 || code == 7) {
			regs.ctl = SKL_CTL_ON | TILED(code);
			assert_off(&g, &regs, GVT_OFF_FORMAT);
		}
	}
	skl_guest_free(&g);
}

static void test_addresses(void)
{
	struct skl_guest g = guest_ggtt(8);
	const struct {
		uint32_t tiling, unit;
	} kinds[] = {{0, 64}, {TILE_X, 512}, {TILE_Y, 128}};
	static const uint32_t offsets[] = {OFFSET(0, 0),   OFFSET(1, 1),     OFFSET(64, 100),
					   OFFSET(127, 7), OFFSET(128, 8),   OFFSET(31, 31),
					   OFFSET(32, 32), OFFSET(100, 3000)};

	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
		for (size_t i = 0; i < G_N_ELEMENTS(offsets); i++) {
			for (unsigned int cpp = 2; cpp <= 4; cpp += 2) {
				struct skl_plane regs = {FORMAT(cpp == 2 ? 14 : 4) |
								 kinds[k].tiling,
							 10240 / kinds[k].unit, SIZE(1366, 768),
							 offsets[i], 0x900000};

				assert_pixels(&g, &regs, kinds[k].tiling, 10240);
				regs.size = SIZE(1, 1);
				assert_pixels(&g, &regs, kinds[k].tiling, 10240);
				regs.size = SIZE(640, 33);
				assert_pixels(&g, &regs, kinds[k].tiling, 10240);
			}
		}
	}
	skl_guest_free(&g);
}

/* A viewport at (64, 100) of a buffer of 10240 bytes a line, as i915 had it (6). */
static void test_worked_example(void)
{
	static const struct skl_plane regs = {SKL_CTL_ON, 0xa0, SIZE(1920, 1080), 0x00170240,
					      0x00900000};
	struct skl_guest g = guest_ggtt(8);
	struct gvt_plane p = decode_on(&g, &regs);

	/* The buffer begins 786432 bytes before the surface does. */
	g_assert_cmphex(p.offset_bytes, ==, 0x900000 - 786432 + 100 * 10240 + 64 * 4);
	g_assert_cmpuint(p.stride_bytes, ==, 10240);
	g_assert_cmpuint(p.size_bytes % GVT_PAGE_SIZE, ==, 0);
	assert_pixels(&g, &regs, 0, 10240);
	skl_guest_free(&g);
}

static void test_rotation_180(void)
{
	struct skl_guest g = guest_ggtt(8);
	struct skl_plane regs = {SKL_CTL_ON | 2, 0x78, SIZE(1920, 1080), OFFSET(3, 4), 0x40000};

	g_assert_cmpuint(decode_on(&g, &regs).rotation, ==, 180);
	assert_pixels(&g, &regs, 0, 7680);
	regs.ctl = SKL_CTL_ON | TILE_X | 2;
	regs.stride = 16;
	g_assert_cmpuint(decode_on(&g, &regs).rotation, ==, 180);
	assert_pixels(&g, &regs, TILE_X, 8192);
	skl_guest_free(&g);
}

/*
 * Turned by 90 degrees the guest maps the tiles of a Y tiled buffer column by column, each from the
 * bottom up; the stride counts the tiles of a column. Registers are of the picture as it is shown.
 * Rows and bytes within a tile stay as they are, only which way the engine goes through changes.
 */
static void assert_turned(struct skl_guest *g, const struct skl_plane *regs, unsigned int rotation)
{
	struct gvt_plane p = decode_on(g, regs);
	uint32_t x0 = regs->offset & 0xffff, y0 = regs->offset >> 16, rows = regs->stride;
	uint32_t cpp = gvt_format_cpp(p.drm_format);

	g_assert_cmpuint(p.rotation, ==, rotation);
	/* As it lies in memory. */
	g_assert_cmpuint(p.width_px, ==, (regs->size >> 16) + 1);
	g_assert_cmpuint(p.height_px, ==, (regs->size & 0xffff) + 1);
	for (unsigned int i = 0; i < 400; i++) {
		uint32_t x = i & 1 ? p.width_px - 1 : 0, y = i & 2 ? p.height_px - 1 : 0;
		uint32_t shown_x, shown_y, column, row, in_tile;
		uint64_t page;

		if (i >= 4) {
			x = (uint32_t)(i * 7919u) % p.width_px;
			y = (uint32_t)(i * 104729u) % p.height_px;
		}
		/* Memory's lines are the view's columns, the lowest one first. */
		shown_x = x0 + (p.height_px - 1 - y);
		shown_y = y0 + x;
		column = shown_y * cpp / 128;
		row = shown_x / 32;
		page = regs->surf / GVT_PAGE_SIZE + (uint64_t)column * rows + row;
		in_tile = shown_y * cpp % 128 / 16 * 512 + (31 - shown_x % 32) * 16 +
			  shown_y * cpp % 16;
		g_assert_cmphex(plane_address(&p, x, y), ==, page * GVT_PAGE_SIZE + in_tile);
	}
}

static void test_rotation_90(void)
{
	struct skl_guest g = guest_ggtt(8);
	/* A buffer of 1080 x 1920, whole: 60 tiles high, shown as 1920 x 1080. */
	struct skl_plane regs = {SKL_CTL_ON | TILE_Y | 1, 60, SIZE(1920, 1080), 0, 0x40000};

	assert_turned(&g, &regs, 270);
	regs.ctl = SKL_CTL_ON | TILE_Y | 3;
	assert_turned(&g, &regs, 90);
	regs.ctl = FORMAT(14) | TILE_Y | 3;
	assert_turned(&g, &regs, 90);
	/* 1920 x 1080: 34 tiles are 8 lines more than the picture has, and those come first. */
	regs = (struct skl_plane){SKL_CTL_ON | TILE_Y | 3, 34, SIZE(1080, 1920), OFFSET(8, 0),
				  0x40000};
	assert_turned(&g, &regs, 90);
	/* A corner of it, in the middle of tiles. */
	regs.offset = OFFSET(40, 77);
	regs.size = SIZE(1000, 600);
	assert_turned(&g, &regs, 90);
	regs.size = SIZE(1, 1);
	assert_turned(&g, &regs, 90);
	/* A picture that has more lines than the buffer. */
	regs.offset = OFFSET(9, 0);
	regs.size = SIZE(1080, 1920);
	assert_off(&g, &regs, GVT_OFF_GEOMETRY);
	regs.stride = 0;
	assert_off(&g, &regs, GVT_OFF_GEOMETRY);
	/* The engine can't turn these. */
	regs = (struct skl_plane){SKL_CTL_ON | TILE_X | 1, 240, SIZE(1920, 1080), 0, 0x40000};
	assert_off(&g, &regs, GVT_OFF_GEOMETRY);
	regs.ctl = SKL_CTL_ON | 1;
	assert_off(&g, &regs, GVT_OFF_GEOMETRY);
	skl_guest_free(&g);
}

static void test_geometry(void)
{
	struct skl_guest g = guest_ggtt(8);
	struct skl_plane regs = full_hd;
	struct gvt_plane p;

	regs.stride = 0;
	assert_off(&g, &regs, GVT_OFF_GEOMETRY);
	regs.stride = 0x77;
	assert_off(&g, &regs, GVT_OFF_GEOMETRY);
	regs.stride = 0x78;
	decode_on(&g, &regs);
	regs.ctl = SKL_CTL_ON | TILE_X;
	regs.stride = 14;
	assert_off(&g, &regs, GVT_OFF_GEOMETRY);
	regs.stride = 15;
	decode_on(&g, &regs);
	/* Reserved bits of the stride don't count. */
	regs.stride = 0xfffff000 | 15;
	g_assert_cmpuint(decode_on(&g, &regs).stride_bytes, ==, 7680);
	/* The largest that any field can say. */
	regs = (struct skl_plane){SKL_CTL_ON, 512, SIZE(8192, 8192), 0, 0};
	decode(&g, &regs, &p);
	regs.size = SIZE(5120, 4096);
	g_assert_cmpuint(decode_on(&g, &regs).size_bytes, >=, 4095ull * 32768 + 5120 * 4);
	for (unsigned int i = 0; i < 8; i++) {
		regs = (struct skl_plane){FORMAT(4) | TILED(i), 0xffffffff, 0xffffffff, 0xffffffff,
					  0xffffffff};
		decode(&g, &regs, &p);
		regs.size = 0x1fff1fff;
		decode(&g, &regs, &p);
		regs.surf = 0;
		decode(&g, &regs, &p);
		regs.offset = 0x1fff1fff;
		decode(&g, &regs, &p);
	}
	skl_guest_free(&g);
}

/* The table's end is the memory's end, whatever its size. */
static void test_beyond(void)
{
	for (uint32_t mib = 2; mib <= 8; mib *= 2) {
		struct skl_guest g = guest_ggtt(mib);
		uint64_t end = space(&g);
		struct skl_plane regs = full_hd;
		struct gvt_plane p;

		g_assert_cmpuint(end, ==, mib * GIB / 2);
		/* 1080 lines of 7680 bytes are 2025 pages. */
		regs.surf = (uint32_t)(end - 2025 * 4096);
		p = decode_on(&g, &regs);
		g_assert_cmpuint(p.offset_bytes + p.size_bytes, ==, end);
		regs.surf += 4096;
		assert_off(&g, &regs, GVT_OFF_BEYOND);
		regs.surf = (uint32_t)(end - 4096);
		assert_off(&g, &regs, GVT_OFF_BEYOND);
		regs.surf = 0xfffff000;
		assert_off(&g, &regs, GVT_OFF_BEYOND);
		/* The offset counts, too. */
		regs.surf = (uint32_t)(end - 2025 * 4096);
		regs.offset = OFFSET(0, 1);
		assert_off(&g, &regs, GVT_OFF_BEYOND);
		regs.ctl = SKL_CTL_ON | TILE_X;
		regs.stride = 15;
		regs.offset = 0;
		decode_on(&g, &regs);
		regs.offset = OFFSET(0, 8);
		assert_off(&g, &regs, GVT_OFF_BEYOND);
		/* Only the last line's last tile that is needed has to be there. */
		regs.offset = OFFSET(0, 4);
		assert_off(&g, &regs, GVT_OFF_BEYOND);
		skl_guest_free(&g);
	}
}

static void test_address_bits(void)
{
	struct skl_guest g = guest_ggtt(8);
	struct skl_plane regs = full_hd;

	/* Bits below a page are flags. */
	regs.surf = 0x40fff;
	g_assert_cmphex(decode_on(&g, &regs).offset_bytes, ==, 0x40000);
	skl_guest_free(&g);
}

static void test_reasons(void)
{
	struct skl_guest g = skl_guest_dp();
	struct skl_plane regs = full_hd;
	struct gvt_plane p;

	g_assert_false(gvt_skl_primary(&g.skl, &p));
	g_assert_cmpuint(p.off_reason, ==, GVT_OFF_NEVER_SET);
	g_assert_false(gvt_skl_cursor(&g.skl, &p));
	g_assert_cmpuint(p.off_reason, !=, GVT_OFF_NOT);
	plane_write(&g, 0, &regs);
	pipe_on(&g, 0, &skl_1080p);
	g_assert_true(gvt_skl_primary(&g.skl, &p));
	regs.ctl = 0;
	g_assert_false(decode(&g, &regs, &p));
	g_assert_cmpuint(p.off_reason, ==, GVT_OFF_BLANKED);
	pipe_off(&g, 0);
	g_assert_false(gvt_skl_primary(&g.skl, &p));
	g_assert_cmpuint(p.off_reason, ==, GVT_OFF_DISABLED);
	gvt_skl_reset(&g.skl, g.now);
	g_assert_false(gvt_skl_primary(&g.skl, &p));
	g_assert_cmpuint(p.off_reason, ==, GVT_OFF_NEVER_SET);
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/plane/registers-of-an-i915-give-its-picture", test_traced);
	g_test_add_func("/gvt/skl/plane/formats-have-their-names-or-are-off", test_formats);
	g_test_add_func("/gvt/skl/plane/tilings-have-their-modifiers-or-are-off", test_tilings);
	g_test_add_func("/gvt/skl/plane/each-pixel-is-where-the-engine-finds-it", test_addresses);
	g_test_add_func("/gvt/skl/plane/a-panned-viewport-begins-anywhere", test_worked_example);
	g_test_add_func("/gvt/skl/plane/upside-down-lies-as-it-did", test_rotation_180);
	g_test_add_func("/gvt/skl/plane/turned-pages-come-in-their-natural-order",
			test_rotation_90);
	g_test_add_func("/gvt/skl/plane/sizes-and-strides-up-to-their-limits", test_geometry);
	g_test_add_func("/gvt/skl/plane/beyond-the-table-is-off", test_beyond);
	g_test_add_func("/gvt/skl/plane/flags-are-no-address", test_address_bits);
	g_test_add_func("/gvt/skl/plane/off-has-a-reason", test_reasons);
	return g_test_run();
}
