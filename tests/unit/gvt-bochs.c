// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include "gvt-check.h"
#include "kernel/gvt/core/gvt_bochs.h"

#define MIB   (1ULL << 20)
#define FRAME 16666667ULL

#define DISPI(n)   (0x500u + 2 * (n))
#define QEXT_ORDER 0x604u

static struct gvt_bochs model(uint64_t vram)
{
	struct gvt_bochs b;

	g_assert_true(gvt_bochs_init(&b, vram, 0));
	return b;
}

static unsigned int reg(struct gvt_bochs *b, unsigned int n, uint16_t value)
{
	return gvt_bochs_mmio_write(b, DISPI(n), value, 2, 0);
}

/* What bochs-drm does to set a mode, in its order. */
static void mode_set(struct gvt_bochs *b, uint16_t w, uint16_t h)
{
	gvt_bochs_mmio_write(b, 0x402, 1, 1, 0);
	gvt_bochs_mmio_read(b, 0x41a, 1, 0);
	gvt_bochs_mmio_write(b, 0x400, 0x20, 1, 0);
	reg(b, GVT_DISPI_ENABLE, 0);
	reg(b, GVT_DISPI_BPP, 32);
	reg(b, GVT_DISPI_XRES, w);
	reg(b, GVT_DISPI_YRES, h);
	reg(b, GVT_DISPI_BANK, 0);
	reg(b, GVT_DISPI_VIRT_WIDTH, w);
	reg(b, GVT_DISPI_VIRT_HEIGHT, h);
	reg(b, GVT_DISPI_X_OFFSET, 0);
	reg(b, GVT_DISPI_Y_OFFSET, 0);
	reg(b, GVT_DISPI_ENABLE, 0x41);
}

static void blank(struct gvt_bochs *b)
{
	gvt_bochs_mmio_write(b, 0x402, 1, 1, 0);
	gvt_bochs_mmio_read(b, 0x41a, 1, 0);
	g_assert_cmpuint(gvt_bochs_mmio_write(b, 0x400, 0x00, 1, 0), ==, GVT_BOCHS_BLANK);
}

static void assert_off(const struct gvt_bochs *b, enum gvt_off_reason why)
{
	struct gvt_plane p;

	g_assert_false(gvt_bochs_plane(b, &p));
	g_assert_cmpuint(p.drm_format, ==, 0);
	g_assert_cmpuint(p.size_bytes, ==, 0);
	g_assert_cmpuint(p.off_reason, ==, why);
}

static struct gvt_plane assert_on(const struct gvt_bochs *b)
{
	struct gvt_plane p;

	g_assert_true(gvt_bochs_plane(b, &p));
	g_assert_cmpstr(gvt_plane_fault(&p, b->vram_bytes), ==, NULL);
	return p;
}

static void test_identity(void)
{
	struct gvt_bochs b = model(16 * MIB);

	g_assert_cmphex(gvt_bochs_mmio_read(&b, DISPI(GVT_DISPI_ID), 2, 0), ==, 0xb0c5);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, DISPI(GVT_DISPI_MEMORY_64K), 2, 0), ==, 256);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, 0x600, 4, 0), ==, 8);
	g_assert_cmphex(gvt_bochs_mmio_read(&b, QEXT_ORDER, 4, 0), ==, 0x1e1e1e1e);
	reg(&b, GVT_DISPI_ID, 0);
	reg(&b, GVT_DISPI_MEMORY_64K, 1);
	g_assert_cmphex(gvt_bochs_mmio_read(&b, DISPI(GVT_DISPI_ID), 2, 0), ==, 0xb0c5);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, DISPI(GVT_DISPI_MEMORY_64K), 2, 0), ==, 256);
}

static void test_memory_sizes(void)
{
	struct gvt_bochs b;

	g_assert_false(gvt_bochs_init(&b, 0, 0));
	g_assert_false(gvt_bochs_init(&b, 2 * MIB, 0));
	g_assert_false(gvt_bochs_init(&b, 24 * MIB, 0));
	g_assert_false(gvt_bochs_init(&b, 2048 * MIB, 0));
	g_assert_true(gvt_bochs_init(&b, 4 * MIB, 0));
	g_assert_true(gvt_bochs_init(&b, 1024 * MIB, 0));
}

static void test_drm_mode(void)
{
	struct gvt_bochs b = model(16 * MIB);
	struct gvt_plane p;

	assert_off(&b, GVT_OFF_NEVER_SET);
	mode_set(&b, 1366, 768);
	p = assert_on(&b);
	g_assert_cmphex(p.drm_format, ==, GVT_FORMAT_XRGB8888);
	g_assert_cmpuint(p.modifier, ==, 0);
	g_assert_cmpuint(p.width_px, ==, 1366);
	g_assert_cmpuint(p.height_px, ==, 768);
	g_assert_cmpuint(p.stride_bytes, ==, 5464);
	g_assert_cmpuint(p.offset_bytes, ==, 0);
	g_assert_cmpuint(p.size_bytes, ==, 4198400);
	g_assert_cmpuint(p.hot_x_px, ==, GVT_HOT_UNKNOWN);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, DISPI(GVT_DISPI_VIRT_HEIGHT), 2, 0), ==,
			 16 * MIB / 5464);
}

static void test_formats(void)
{
	static const struct {
		uint16_t bpp;
		uint32_t format;
	} good[] = {{32, GVT_FORMAT_XRGB8888},
		    {24, GVT_FORMAT_RGB888},
		    {16, GVT_FORMAT_RGB565},
		    {15, GVT_FORMAT_XRGB1555}};
	struct gvt_bochs b = model(16 * MIB);

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		mode_set(&b, 640, 480);
		g_assert_cmpuint(reg(&b, GVT_DISPI_BPP, good[i].bpp), ==,
				 good[i].bpp == 32 ? 0 : GVT_BOCHS_MODE);
		g_assert_cmphex(assert_on(&b).drm_format, ==, good[i].format);
	}
	reg(&b, GVT_DISPI_BPP, 8);
	assert_off(&b, GVT_OFF_FORMAT);
	mode_set(&b, 640, 480);
	g_assert_cmpuint(gvt_bochs_mmio_write(&b, QEXT_ORDER, 0xbebebebe, 4, 0), ==,
			 GVT_BOCHS_MODE);
	g_assert_cmphex(assert_on(&b).drm_format, ==, GVT_FORMAT_BGRX8888);
	g_assert_cmphex(gvt_bochs_mmio_read(&b, QEXT_ORDER, 4, 0), ==, 0xbebebebe);
	g_assert_cmpuint(gvt_bochs_mmio_write(&b, QEXT_ORDER, 0x12345678, 4, 0), ==, 0);
	g_assert_cmphex(assert_on(&b).drm_format, ==, GVT_FORMAT_BGRX8888);
	reg(&b, GVT_DISPI_BPP, 16);
	assert_off(&b, GVT_OFF_FORMAT);
}

/* A page aligned buffer that isn't line aligned: X_OFFSET + XRES is beyond VIRT_WIDTH. */
static void test_second_buffer(void)
{
	struct gvt_bochs b = model(16 * MIB);
	uint64_t second = 5464u * 768 + (4096 - 5464u * 768 % 4096);

	mode_set(&b, 1366, 768);
	g_assert_cmpuint(reg(&b, GVT_DISPI_VIRT_WIDTH, 1366), ==, GVT_BOCHS_PENDING);
	g_assert_cmpuint(reg(&b, GVT_DISPI_X_OFFSET, (uint16_t)(second % 5464 / 4)), ==,
			 GVT_BOCHS_PENDING);
	g_assert_cmpuint(reg(&b, GVT_DISPI_Y_OFFSET, (uint16_t)(second / 5464)), ==,
			 GVT_BOCHS_FLIP);
	g_assert_cmpuint(assert_on(&b).offset_bytes, ==, second);
}

static void test_no_torn_address(void)
{
	struct gvt_bochs b = model(16 * MIB);

	mode_set(&b, 1024, 768);
	reg(&b, GVT_DISPI_VIRT_WIDTH, 2048);
	reg(&b, GVT_DISPI_X_OFFSET, 512);
	g_assert_cmpuint(assert_on(&b).offset_bytes, ==, 0);
	g_assert_cmpuint(assert_on(&b).stride_bytes, ==, 4096);
	reg(&b, GVT_DISPI_Y_OFFSET, 1);
	g_assert_cmpuint(assert_on(&b).offset_bytes, ==, 8192 + 2048);
	g_assert_cmpuint(assert_on(&b).stride_bytes, ==, 8192);
}

static void test_settle(void)
{
	struct gvt_bochs b = model(16 * MIB);

	mode_set(&b, 1024, 768);
	g_assert_cmpuint(gvt_bochs_settle(&b, 5 * FRAME), ==, 0);
	g_assert_cmpuint(gvt_bochs_mmio_write(&b, DISPI(GVT_DISPI_X_OFFSET), 1024, 2, 5 * FRAME),
			 ==, GVT_BOCHS_PENDING);
	g_assert_cmpuint(gvt_bochs_settle(&b, 5 * FRAME + FRAME / 2), ==, GVT_BOCHS_PENDING);
	g_assert_cmpuint(assert_on(&b).offset_bytes, ==, 0);
	g_assert_cmpuint(gvt_bochs_settle(&b, 6 * FRAME + 1), ==, GVT_BOCHS_FLIP);
	g_assert_cmpuint(assert_on(&b).offset_bytes, ==, 4096);
	g_assert_cmpuint(gvt_bochs_settle(&b, 9 * FRAME), ==, 0);
}

static void test_blank(void)
{
	struct gvt_bochs b = model(16 * MIB);

	mode_set(&b, 1024, 768);
	blank(&b);
	assert_off(&b, GVT_OFF_BLANKED);
	gvt_bochs_mmio_read(&b, 0x41a, 1, 0);
	g_assert_cmpuint(gvt_bochs_mmio_write(&b, 0x400, 0x20, 1, 0), ==, GVT_BOCHS_BLANK);
	assert_on(&b);
	/* The second write after the flip-flop's reset is data, not an index. */
	g_assert_cmpuint(gvt_bochs_mmio_write(&b, 0x400, 0x00, 1, 0), ==, 0);
	assert_on(&b);
	g_assert_cmpuint(reg(&b, GVT_DISPI_ENABLE, 0), ==, GVT_BOCHS_MODE);
	assert_off(&b, GVT_OFF_DISABLED);
}

static void test_outside(void)
{
	struct gvt_bochs b = model(4 * MIB);

	mode_set(&b, 1024, 1024);
	assert_on(&b);
	mode_set(&b, 1024, 1025);
	assert_off(&b, GVT_OFF_BEYOND);
	mode_set(&b, 65535, 65535);
	assert_off(&b, GVT_OFF_BEYOND);
	mode_set(&b, 1024, 768);
	reg(&b, GVT_DISPI_Y_OFFSET, 65535);
	assert_off(&b, GVT_OFF_BEYOND);
	mode_set(&b, 0, 768);
	assert_off(&b, GVT_OFF_GEOMETRY);
	mode_set(&b, 800, 0);
	assert_off(&b, GVT_OFF_GEOMETRY);
}

/* A view panned to the lower right corner of a virtual screen that fills all memory. */
static void test_panned_corner(void)
{
	struct gvt_bochs b = model(4 * MIB);
	struct gvt_plane p;

	mode_set(&b, 512, 512);
	reg(&b, GVT_DISPI_VIRT_WIDTH, 1024);
	reg(&b, GVT_DISPI_X_OFFSET, 512);
	reg(&b, GVT_DISPI_Y_OFFSET, 512);
	p = assert_on(&b);
	g_assert_cmpuint(p.offset_bytes + p.size_bytes, ==, 4 * MIB);
	reg(&b, GVT_DISPI_X_OFFSET, 513);
	reg(&b, GVT_DISPI_Y_OFFSET, 512);
	assert_off(&b, GVT_OFF_BEYOND);
}

static void test_narrow_pitch(void)
{
	struct gvt_bochs b = model(16 * MIB);

	mode_set(&b, 1024, 768);
	reg(&b, GVT_DISPI_VIRT_WIDTH, 100);
	reg(&b, GVT_DISPI_Y_OFFSET, 0);
	g_assert_cmpuint(assert_on(&b).stride_bytes, ==, 4096);
}

static void test_edid(void)
{
	struct gvt_bochs b = model(16 * MIB);
	uint8_t edid[GVT_BOCHS_EDID_MAX + 1];

	for (size_t i = 0; i < sizeof(edid); i++) {
		edid[i] = (uint8_t)(i * 7 + 1);
	}
	g_assert_false(gvt_bochs_set_edid(&b, edid, sizeof(edid)));
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, 0, 1, 0), ==, 0);
	g_assert_true(gvt_bochs_set_edid(&b, edid, sizeof(edid) - 1));
	for (uint32_t i = 0; i < GVT_BOCHS_EDID_MAX; i++) {
		gvt_bochs_mmio_write(&b, i, 0xff, 1, 0);
		g_assert_cmpuint(gvt_bochs_mmio_read(&b, i, 1, 0), ==, edid[i]);
	}
	gvt_bochs_reset(&b);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, 9, 1, 0), ==, edid[9]);
	g_assert_true(gvt_bochs_set_edid(&b, edid, 128));
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, 200, 1, 0), ==, 0);
}

static void test_access_sizes(void)
{
	struct gvt_bochs b = model(16 * MIB);

	gvt_bochs_mmio_write(&b, DISPI(GVT_DISPI_XRES), 600u << 16 | 800, 4, 0);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, DISPI(GVT_DISPI_XRES), 2, 0), ==, 800);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, DISPI(GVT_DISPI_YRES), 2, 0), ==, 600);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, DISPI(GVT_DISPI_ID), 8, 0), ==,
			 0xb0c5ull | 800ull << 16 | 600ull << 32);
	gvt_bochs_mmio_write(&b, DISPI(GVT_DISPI_XRES) + 1, 4, 1, 0);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, DISPI(GVT_DISPI_XRES), 2, 0), ==, 4 * 256 + 32);
	/* Not a size, or over the end. */
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, 0x600, 3, 0), ==, 0);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, 4095, 2, 0), ==, 0);
	g_assert_cmpuint(gvt_bochs_mmio_read(&b, 0xfffffffe, 4, 0), ==, 0);
	g_assert_cmpuint(gvt_bochs_mmio_write(&b, 0xfffffffe, 4, 4, 0), ==, 0);
}

static void test_retrace(void)
{
	struct gvt_bochs b = model(16 * MIB);
	unsigned int blanks = 0;
	bool was = false;

	for (uint64_t t = 0; t < 1000000000; t += 100000) {
		bool now = gvt_bochs_mmio_read(&b, 0x41a, 1, t) & 8;

		blanks += now && !was;
		was = now;
	}
	g_assert_cmpuint(blanks, ==, 60);
	g_assert_cmpuint(gvt_vblank_count(&b.vblank, 3600ull * 1000000000), ==, 3600 * 60 - 1);
}

static void test_max_mode(void)
{
	uint32_t w, h;

	gvt_bochs_max_mode(16 * MIB, &w, &h);
	g_assert_cmpuint(w, ==, 1920);
	g_assert_cmpuint(h, ==, 1080);
	gvt_bochs_max_mode(64 * MIB, &w, &h);
	g_assert_cmpuint(w, ==, 3840);
	g_assert_cmpuint(h, ==, 2160);
	gvt_bochs_max_mode(4 * MIB, &w, &h);
	g_assert_cmpuint((uint64_t)w * h * 4, <=, 2 * MIB);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void test_million(void)
{
	static const uint32_t bases[] = {0x400, 0x41a, 0x500, 0x502, 0x504, 0x506,
					 0x508, 0x50c, 0x510, 0x512, 0x600, 0x604};
	static const uint64_t values[] = {0,  1,   0x20, 0x41,	     32,
					  16, 640, 1024, 0x1e1e1e1e, 0xbebebebe};
	struct gvt_bochs b = model(16 * MIB);
	uint64_t seed = 0x9e3779b97f4a7c15, now = 0;
	unsigned int on = 0, flips = 0;

	for (unsigned int i = 0; i < 1000000; i++) {
		uint64_t r = next_random(&seed), v = next_random(&seed);
		uint32_t at =
			r & 0xc ? bases[(r >> 8) % G_N_ELEMENTS(bases)] : (uint32_t)(r >> 8) & 0x1fff;
		unsigned int size = r & 0xc ? 2 : 1u << (r >> 4 & 3);
		struct gvt_plane p;

		now += (r >> 40) & 0xfffff;
		if (r & 3) {
			v = values[v % G_N_ELEMENTS(values)];
		}
		if ((r & 0x30000) == 0) {
			gvt_bochs_mmio_read(&b, at, size, now);
		} else if ((r & 0xfff00000) == 0) {
			gvt_bochs_reset(&b);
		} else if (gvt_bochs_mmio_write(&b, at, v, size, now) & GVT_BOCHS_FLIP) {
			flips++;
		}
		gvt_bochs_settle(&b, now);
		on += gvt_bochs_plane(&b, &p);
		g_assert_cmpstr(gvt_plane_fault(&p, b.vram_bytes), ==, NULL);
	}
	/* The test must have seen the interesting half. */
	g_assert_cmpuint(on, >, 1000);
	g_assert_cmpuint(flips, >, 1000);
	g_test_message("%u planes on, %u flips", on, flips);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/bochs/identity-registers-are-read-only", test_identity);
	g_test_add_func("/gvt/bochs/memory-is-a-power-of-two-in-range", test_memory_sizes);
	g_test_add_func("/gvt/bochs/bochs-drm's-mode-set-gives-its-plane", test_drm_mode);
	g_test_add_func("/gvt/bochs/depth-and-byte-order-name-the-format", test_formats);
	g_test_add_func("/gvt/bochs/a-buffer-off-the-line-grid-is-found", test_second_buffer);
	g_test_add_func("/gvt/bochs/half-a-flip-is-never-shown", test_no_torn_address);
	g_test_add_func("/gvt/bochs/a-lone-offset-takes-effect-after-a-frame", test_settle);
	g_test_add_func("/gvt/bochs/blanking-is-off-with-a-reason", test_blank);
	g_test_add_func("/gvt/bochs/a-plane-beyond-memory-is-off", test_outside);
	g_test_add_func("/gvt/bochs/a-panned-corner-ends-with-memory", test_panned_corner);
	g_test_add_func("/gvt/bochs/a-pitch-below-the-width-is-the-width", test_narrow_pitch);
	g_test_add_func("/gvt/bochs/edid-is-read-back-and-read-only", test_edid);
	g_test_add_func("/gvt/bochs/accesses-of-any-size-and-place", test_access_sizes);
	g_test_add_func("/gvt/bochs/retrace-is-seen-60-times-a-second", test_retrace);
	g_test_add_func("/gvt/bochs/largest-mode-fits-in-half-of-memory", test_max_mode);
	g_test_add_func("/gvt/bochs/a-million-random-accesses-keep-the-plane-inside", test_million);
	return g_test_run();
}
