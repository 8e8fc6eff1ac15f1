// SPDX-License-Identifier: GPL-2.0-or-later
/* The I2C master of the Gen9 display engine (facts/I915-DISPLAY-FACTS.md, 4.8). */
#include "gvt-skl-guest.h"

#define GMBUS0 0xc5100u
#define GMBUS1 0xc5104u
#define GMBUS2 0xc5108u
#define GMBUS3 0xc510cu

#define GMBUS_CLEAR 0x80000000u
#define GMBUS_READY 0x40000000u
#define GMBUS_STOP  0x08000000u
#define GMBUS_INDEX 0x04000000u
#define GMBUS_WAIT  0x02000000u

#define STATUS_WAIT   0x4000u
#define STATUS_READY  0x0800u
#define STATUS_NAK    0x0400u
#define STATUS_ACTIVE 0x0200u

static void gmbus_stop(struct skl_guest *g)
{
	wr(g, GMBUS1, GMBUS_READY | GMBUS_STOP);
	g_assert_cmphex(rd(g, GMBUS2) & STATUS_ACTIVE, ==, 0);
	wr(g, GMBUS0, 0);
}

/* i915's read with an index: @n bytes from @index. */
static void gmbus_read(struct skl_guest *g, uint8_t index, uint8_t *in, unsigned int n)
{
	wr(g, GMBUS0, 5);
	wr(g, GMBUS1,
	   GMBUS_READY | GMBUS_INDEX | GMBUS_WAIT | n << 16 | (uint32_t)index << 8 | 0xa1);
	for (unsigned int i = 0; i < n; i += 4) {
		uint32_t word;

		g_assert_cmphex(rd(g, GMBUS2) &
					(STATUS_READY | STATUS_NAK | STATUS_ACTIVE | STATUS_WAIT),
				==, STATUS_READY | STATUS_ACTIVE);
		word = rd(g, GMBUS3);
		for (unsigned int k = 0; k < 4 && i + k < n; k++) {
			in[i + k] = (uint8_t)(word >> 8 * k);
		}
	}
	g_assert_cmphex(rd(g, GMBUS2) & (STATUS_WAIT | STATUS_NAK), ==, STATUS_WAIT);
	gmbus_stop(g);
}

static void test_gmbus_edid(void)
{
	struct skl_guest g = guest_with_monitor(GVT_SKL_HDMI, 256);
	uint8_t is[256], want[256];

	edid_fill(want, sizeof(want), 1);
	gmbus_read(&g, 0, is, 1);
	g_assert_cmphex(is[0], ==, want[0]);
	gmbus_read(&g, 0, is, 128);
	gmbus_read(&g, 128, is + 128, 128);
	g_assert_cmpmem(is, 256, want, 256);
	gmbus_read(&g, 77, is, 7);
	g_assert_cmpmem(is, 7, want + 77, 7);
	gmbus_read(&g, 0, is, 256);
	g_assert_cmpmem(is, 256, want, 256);
	skl_guest_free(&g);
}

/* The same as two commands: the offset is written, then read from there. */
static void test_gmbus_write(void)
{
	struct skl_guest g = guest_with_monitor(GVT_SKL_HDMI, 256);
	uint8_t want[256];

	edid_fill(want, sizeof(want), 1);
	wr(&g, GMBUS0, 5);
	wr(&g, GMBUS3, 0x33);
	wr(&g, GMBUS1, GMBUS_READY | GMBUS_WAIT | 1u << 16 | 0xa0);
	g_assert_cmphex(rd(&g, GMBUS2) & (STATUS_READY | STATUS_WAIT | STATUS_NAK), ==,
			STATUS_READY | STATUS_WAIT);
	wr(&g, GMBUS1, GMBUS_READY | GMBUS_WAIT | 4u << 16 | 0xa1);
	g_assert_cmphex(rd(&g, GMBUS3), ==,
			want[0x33] | (uint32_t)want[0x34] << 8 | (uint32_t)want[0x35] << 16 |
				(uint32_t)want[0x36] << 24);
	gmbus_stop(&g);
	skl_guest_free(&g);
}

/* One command for all: index, read and stop. */
static void test_gmbus_one_command(void)
{
	struct skl_guest g = guest_with_monitor(GVT_SKL_HDMI, 256);
	uint8_t want[256];

	edid_fill(want, sizeof(want), 1);
	wr(&g, GMBUS0, 5);
	wr(&g, GMBUS1,
	   GMBUS_READY | GMBUS_STOP | GMBUS_INDEX | GMBUS_WAIT | 2u << 16 | 9u << 8 | 0xa1);
	g_assert_cmphex(rd(&g, GMBUS2) & (STATUS_READY | STATUS_NAK | STATUS_WAIT), ==,
			STATUS_READY);
	g_assert_cmphex(rd(&g, GMBUS3), ==, want[9] | (uint32_t)want[10] << 8);
	g_assert_cmphex(rd(&g, GMBUS2) & (STATUS_ACTIVE | STATUS_WAIT), ==, STATUS_WAIT);
	/* A stop alone, whatever was under way. */
	wr(&g, GMBUS1, GMBUS_READY | GMBUS_INDEX | GMBUS_WAIT | 128u << 16 | 0xa1);
	rd(&g, GMBUS3);
	g_assert_cmphex(rd(&g, GMBUS2) & (STATUS_ACTIVE | STATUS_WAIT), ==, STATUS_ACTIVE);
	gmbus_stop(&g);
	g_assert_cmphex(rd(&g, GMBUS2) & STATUS_WAIT, ==, STATUS_WAIT);
	skl_guest_free(&g);
}

static void assert_gmbus_nak(struct skl_guest *g, uint32_t pin, uint32_t address)
{
	wr(g, GMBUS0, pin);
	wr(g, GMBUS1, GMBUS_READY | GMBUS_INDEX | GMBUS_WAIT | 4u << 16 | address << 1 | 1);
	g_assert_cmphex(rd(g, GMBUS2) & (STATUS_NAK | STATUS_ACTIVE), ==, STATUS_NAK);
	/* i915's way out. */
	wr(g, GMBUS1, GMBUS_CLEAR);
	g_assert_cmphex(rd(g, GMBUS2) & (STATUS_NAK | STATUS_ACTIVE), ==, 0);
	wr(g, GMBUS1, 0);
	wr(g, GMBUS0, 0);
}

static void test_gmbus_nak(void)
{
	static const uint32_t addresses[] = {0x00, 0x30, 0x40, 0x51, 0x54, 0x7f};
	struct skl_guest g = guest_with_monitor(GVT_SKL_HDMI, 256);
	uint8_t in[4], want[4];

	edid_fill(want, sizeof(want), 1);
	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
		assert_gmbus_nak(&g, 5, addresses[i]);
	}
	assert_gmbus_nak(&g, 4, 0x50);
	assert_gmbus_nak(&g, 6, 0x50);
	gmbus_read(&g, 0, in, 4);
	g_assert_cmpmem(in, 4, want, 4);
	gvt_skl_set_monitor(&g.skl, NULL, 0, g.now);
	assert_gmbus_nak(&g, 5, 0x50);
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/monitor/edid-over-gmbus", test_gmbus_edid);
	g_test_add_func("/gvt/skl/gmbus/write-sets-the-offset", test_gmbus_write);
	g_test_add_func("/gvt/skl/gmbus/reads-and-stops-in-one-command", test_gmbus_one_command);
	g_test_add_func("/gvt/skl/gmbus/is-not-acknowledged-by-nobody", test_gmbus_nak);
	return g_test_run();
}
