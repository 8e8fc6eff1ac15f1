// SPDX-License-Identifier: GPL-2.0-or-later
/* Registers of the Gen9 display engine that are more than memory, and those that aren't. */
#include "gvt-skl-guest.h"

static const uint32_t engines[] = {0x2000, 0x12000, 0x1a000, 0x22000};

static void test_configs(void)
{
	static const struct gvt_skl_config bad[] = {
		{GVT_SKL_DP, true, 0, 8u << 20, false},
		{GVT_SKL_DP, true, 4, 8u << 20, false},
		{GVT_SKL_DP, true, 1, 0, false},
		{GVT_SKL_DP, true, 1, 1u << 20, false},
		{GVT_SKL_DP, true, 1, 3u << 20, false},
		{GVT_SKL_DP, true, 1, 16u << 20, false},
		{(enum gvt_skl_output)3, true, 1, 8u << 20, false},
	};
	g_autofree uint32_t *regs = g_malloc(GVT_SKL_REGS_SIZE);
	struct gvt_skl s;

	memset(regs, 0x5a, GVT_SKL_REGS_SIZE);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_false(gvt_skl_init(&s, &bad[i], regs, 0));
		g_assert_cmphex(regs[0], ==, 0x5a5a5a5a);
		g_assert_cmphex(regs[0x51000 / 4], ==, 0x5a5a5a5a);
	}
	for (unsigned int output = GVT_SKL_DP; output <= GVT_SKL_BARE; output++) {
		for (unsigned int pipes = 1; pipes <= GVT_SKL_PIPES; pipes++) {
			for (uint32_t mib = 2; mib <= 8; mib *= 2) {
				struct gvt_skl_config c = {output, pipes & 1, pipes, mib << 20,
							   false};

				g_assert_true(gvt_skl_init(&s, &c, regs, 0));
				g_assert_cmpuint(gvt_skl_ggtt_entries(&c), ==, mib << 17);
			}
		}
	}
}

static void assert_power_on(struct skl_guest *g)
{
	static const uint32_t blocks[] = {0x44300, 0x44310, 0x44320, 0x44330, 0x44400, 0x44410,
					  0x44420, 0x44440, 0x44460, 0x444e0, 0xc4000};

	g_assert_cmphex(rd(g, 0x41000), ==, 0x80000000);
	g_assert_cmphex(rd(g, 0x6c05c), ==, 0x000f8000);
	g_assert_cmphex(rd(g, 0x9120), ==, 0x02800000);
	g_assert_cmpuint(rd(g, 0xc6204) & 0x3ff, ==, 24);
	g_assert_cmphex(rd(g, 0xc000), ==, 1);
	g_assert_cmphex(rd(g, 0x42000), ==, 0x8e000000);
	for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
		g_assert_cmphex(rd(g, blocks[i] + SKL_IIR), ==, 0);
		g_assert_cmphex(rd(g, blocks[i] + SKL_IER), ==, 0);
	}
	g_assert_cmphex(rd(g, 0x64838), ==, 0);
	g_assert_cmphex(rd(g, SKL_MASTER), ==, 0);
	g_assert_false(gvt_skl_irq_level(&g->skl));
	g_assert_null(gvt_skl_shown_pipe(&g->skl));
	g_assert_cmphex(rd(g, SKL_CONF), ==, 0);
	/* "The BIOS did not set a clock", no RC6, no performance levels, no memory channels. */
	g_assert_cmphex(rd(g, 0x4f060), ==, 0);
	g_assert_cmphex(rd(g, 0x8504), ==, 0);
	g_assert_cmphex(rd(g, 0x145998), ==, 0);
	g_assert_cmphex(rd(g, 0x145000), ==, 0);
	g_assert_cmphex(rd(g, 0xa26c), ==, 0);
	g_assert_cmphex(rd(g, 0x120010), ==, 0);
	for (unsigned int port = 0; port < 5; port++) {
		g_assert_cmphex(rd(g, 0x64000 + 0x100 * port), ==, 0x80);
	}
}

static void test_power_on(void)
{
	for (unsigned int pipes = 1; pipes <= GVT_SKL_PIPES; pipes++) {
		struct gvt_skl_config c = {GVT_SKL_DP, true, pipes, 8u << 20, false};
		struct skl_guest g = skl_guest_new(&c);
		uint32_t dfsm = rd(&g, 0x51000);

		assert_power_on(&g);
		g_assert_cmphex(dfsm & 1u << 30, ==, 0);
		g_assert_cmphex(dfsm & 1u << 21, ==, pipes < 2 ? 1u << 21 : 0);
		g_assert_cmphex(dfsm & 1u << 28, ==, pipes < 3 ? 1u << 28 : 0);
		/* The clock isn't limited. */
		g_assert_cmphex(dfsm & 3u << 23, ==, 0);
		if (pipes == 1) {
			g_assert_cmphex(dfsm, ==, 0x1a200000);
		}
		skl_guest_free(&g);
	}
}

static void test_reset(void)
{
	struct skl_guest g = skl_guest_dp();
	uint8_t edid[128] = {1, 2, 3};

	gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now);
	pipe_on(&g, 0, &skl_1080p);
	irq_enable(&g, SKL_DE(0), SKL_VBLANK);
	next_blank(&g, 0);
	g_assert_true(gvt_skl_irq_level(&g.skl));
	for (uint32_t at = 0; at < GVT_SKL_REGS_SIZE; at += 4) {
		wr(&g, at, 0xffffffff);
	}
	gvt_skl_reset(&g.skl, g.now);
	assert_power_on(&g);
	g_assert_cmphex(rd(&g, 0x51000), ==, 0x1a200000);
	g_assert_cmphex(rd(&g, SKL_SDE) & SKL_PORT_B, ==, SKL_PORT_B);
	g_assert_cmphex(rd(&g, 0x138128), ==, 0);
	g_assert_cmphex(rd(&g, 0x45404), ==, 0);
	g_assert_cmphex(gvt_skl_mmio_read(&g.skl, 0x78000, 8, g.now), ==, 0x4776544776544776);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, true), ==, UINT64_MAX);
	skl_guest_free(&g);
}

/* What i915 expects to read back (10.2, and 3.2: "workaround lost"). */
static void test_memory(void)
{
	static const uint32_t words[] = {
		0x0fdc,	 0x2054,  0x2080,  0x24d0,   0x24fc,   0x40e0,	 0x40e4,  0x4ab0,
		0x4dd4,	 0x9424,  0xb004,  0xb118,   0xc800,   0xc9fc,	 0xcb00,  0xccfc,
		0x420c0, 0x42080, 0x43224, 0x45000,  0x45004,  0x45270,	 0x45504, 0x45520,
		0x46000, 0x46140, 0x46408, 0x46430,  0x49010,  0x4a000,	 0x4a480, 0x60000,
		0x60030, 0x60044, 0x60200, 0x60410,  0x61400,  0x64040,	 0x64140, 0x64e00,
		0x650c0, 0x65900, 0x68180, 0x6c00c,  0x6c040,  0x6c058,	 0x6c05c, 0x6f400,
		0x70030, 0x70034, 0x70140, 0x70240,  0x7027c,  0x7037c,	 0x80000, 0x8ffff - 3,
		0xc2020, 0xc7200, 0xc7204, 0x100000, 0x1000fc, 0x138108,
	};
	struct skl_guest g = skl_guest_dp();

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		wr(&g, words[i], 0x55aa0000 + (uint32_t)i);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		g_assert_cmphex(rd(&g, words[i]), ==, 0x55aa0000 + i);
	}
	skl_guest_free(&g);
}

static uint64_t rd_n(struct skl_guest *g, uint32_t offset, unsigned int size)
{
	return gvt_skl_mmio_read(&g->skl, offset, size, g->now);
}

static void wr_n(struct skl_guest *g, uint32_t offset, uint64_t value, unsigned int size)
{
	gvt_skl_mmio_write(&g->skl, offset, value, size, g->now);
}

static void test_sizes(void)
{
	struct skl_guest g = skl_guest_dp();

	wr_n(&g, 0x100000, 0x1122334455667788, 8);
	g_assert_cmphex(rd_n(&g, 0x100000, 8), ==, 0x1122334455667788);
	g_assert_cmphex(rd_n(&g, 0x100000, 4), ==, 0x55667788);
	g_assert_cmphex(rd_n(&g, 0x100004, 4), ==, 0x11223344);
	g_assert_cmphex(rd_n(&g, 0x100002, 2), ==, 0x5566);
	g_assert_cmphex(rd_n(&g, 0x100007, 1), ==, 0x11);
	wr_n(&g, 0x100005, 0xfffffffffffffffa, 1);
	wr_n(&g, 0x100002, 0xffff1234, 2);
	g_assert_cmphex(rd_n(&g, 0x100000, 8), ==, 0x1122fa4412347788);
	/* A byte of a register with a rule. */
	g_assert_cmphex(rd_n(&g, 0x42003, 1), ==, 0x8e);
	wr_n(&g, 0x46013, 0x80, 1);
	g_assert_cmphex(rd_n(&g, 0x46010, 4), ==, 0xc0000000);
	/* Eight bytes are two registers: DPLL 0 and 1. */
	wr_n(&g, 0x46010, 0x8000000080000000, 8);
	g_assert_cmphex(rd(&g, 0x6c060) & 0x101, ==, 0x101);
	skl_guest_free(&g);
}

static void test_nowhere(void)
{
	static const uint32_t outside[] = {GVT_SKL_REGS_SIZE, GVT_SKL_REGS_SIZE + 0x44200, 0x400000,
					   GVT_SKL_GGTT_OFFSET - 8};
	struct skl_guest g = skl_guest_dp();

	for (size_t i = 0; i < G_N_ELEMENTS(outside); i++) {
		for (unsigned int size = 1; size <= 8; size *= 2) {
			wr_n(&g, outside[i], UINT64_MAX, size);
			g_assert_cmphex(rd_n(&g, outside[i], size), ==, 0);
		}
	}
	/* Not naturally aligned. */
	wr_n(&g, 0x100002, UINT64_MAX, 4);
	wr_n(&g, 0x100004, UINT64_MAX, 8);
	wr_n(&g, 0x100001, UINT64_MAX, 2);
	g_assert_cmphex(rd_n(&g, 0x100000, 8) | rd_n(&g, 0x100008, 8), ==, 0);
	g_assert_cmphex(rd_n(&g, 0x42001, 2) | rd_n(&g, 0x42002, 4) | rd_n(&g, 0x42004, 8), ==, 0);
	wr_n(&g, GVT_SKL_REGS_SIZE - 8, 0x0102030405060708, 8);
	g_assert_cmphex(rd_n(&g, GVT_SKL_REGS_SIZE - 8, 8), ==, 0x0102030405060708);
	skl_guest_free(&g);
}

static void test_forcewake(void)
{
	static const uint32_t pairs[][2] = {{0xa278, 0xd84}, {0xa188, 0x130044}, {0xa270, 0xd88}};
	struct skl_guest g = skl_guest_dp();

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		uint32_t request = pairs[i][0], ack = pairs[i][1];

		g_assert_cmphex(rd(&g, ack), ==, 0);
		wr(&g, request, 0xffff0000);
		g_assert_cmphex(rd(&g, ack), ==, 0);
		wr(&g, request, 0x00010001);
		g_assert_cmphex(rd(&g, ack), ==, 1);
		wr(&g, request, 0x80008000);
		g_assert_cmphex(rd(&g, ack), ==, 0x8001);
		/* Bits without their mask don't count. */
		wr(&g, request, 0x00010000);
		g_assert_cmphex(rd(&g, ack), ==, 0x8000);
		wr(&g, request, 0x0000ffff);
		g_assert_cmphex(rd(&g, ack), ==, 0x8000);
		wr(&g, request, 0xffff0000);
		g_assert_cmphex(rd(&g, ack), ==, 0);
		wr(&g, ack, 0xffffffff);
		g_assert_cmphex(rd(&g, ack), ==, 0);
	}
	skl_guest_free(&g);
}

static void test_engines(void)
{
	struct skl_guest g = skl_guest_dp();

	for (size_t i = 0; i < G_N_ELEMENTS(engines); i++) {
		uint32_t reset = engines[i] + 0xd0, mi_mode = engines[i] + 0x9c;
		uint32_t mode = engines[i] + 0x29c;

		g_assert_cmphex(rd(&g, reset), ==, 0);
		wr(&g, reset, 0x00010001);
		g_assert_cmphex(rd(&g, reset), ==, 3);
		wr(&g, reset, 0x00010000);
		g_assert_cmphex(rd(&g, reset), ==, 0);
		g_assert_cmphex(rd(&g, mi_mode) & 0x200, ==, 0x200);
		wr(&g, mi_mode, 0x01000100);
		g_assert_cmphex(rd(&g, mi_mode), ==, 0x300);
		wr(&g, mi_mode, 0x03000000);
		g_assert_cmphex(rd(&g, mi_mode), ==, 0x200);
		wr(&g, mode, 0x00080008);
		g_assert_cmphex(rd(&g, mode) & 0xffff, ==, 8);
		wr(&g, mode, 0x00010001);
		g_assert_cmphex(rd(&g, mode) & 0xffff, ==, 9);
		/* Nothing ever runs. */
		wr(&g, engines[i] + 0x230, 0x12345678);
		g_assert_cmphex(rd(&g, engines[i] + 0x234), ==, 0);
	}
	wr(&g, 0x941c, 0xffffffff);
	g_assert_cmphex(rd(&g, 0x941c), ==, 0);
	wr(&g, 0x42300, 0x80000000);
	g_assert_cmphex(rd(&g, 0x42300), ==, 0);
	wr(&g, 0x42000, 0);
	g_assert_cmphex(rd(&g, 0x42000), ==, 0x8e000000);
	skl_guest_free(&g);
}

static void test_power_wells(void)
{
	static const uint32_t requesters[] = {0x45400, 0x45404, 0x45408, 0x4540c};
	static const unsigned int wells[] = {0, 1, 2, 3, 4, 14, 15};
	struct skl_guest g = skl_guest_dp();

	for (size_t i = 0; i < G_N_ELEMENTS(wells); i++) {
		uint32_t request = 2u << 2 * wells[i], state = 1u << 2 * wells[i];

		for (size_t r = 0; r < G_N_ELEMENTS(requesters); r++) {
			wr(&g, requesters[r], request);
			for (size_t k = 0; k < G_N_ELEMENTS(requesters); k++) {
				g_assert_cmphex(rd(&g, requesters[k]), ==,
						state | (k == r ? request : 0));
			}
			wr(&g, requesters[r], state);
			g_assert_cmphex(rd(&g, requesters[r]), ==, 0);
		}
		wr(&g, requesters[0], request);
		wr(&g, requesters[1], request);
		wr(&g, requesters[1], 0);
		g_assert_cmphex(rd(&g, requesters[1]), ==, state);
		wr(&g, requesters[0], 0);
		g_assert_cmphex(rd(&g, requesters[1]), ==, 0);
	}
	/* Of several wells at once, as the guest has them (traces). */
	wr(&g, 0x45404, 0xa000002a);
	g_assert_cmphex(rd(&g, 0x45404), ==, 0xf000003f);
	g_assert_cmphex(rd(&g, 0x45400), ==, 0x50000015);
	skl_guest_free(&g);
}

static void test_plls(void)
{
	static const uint32_t plls[] = {0x46010, 0x46014, 0x46040, 0x46060};
	struct skl_guest g = skl_guest_dp();

	g_assert_cmphex(rd(&g, 0x6c060), ==, 0);
	for (unsigned int i = 0; i < G_N_ELEMENTS(plls); i++) {
		wr(&g, plls[i], 0x80000000);
		g_assert_cmphex(rd(&g, plls[i]) & 0x80000000, ==, 0x80000000);
		g_assert_cmphex(rd(&g, 0x6c060), ==, 1u << 8 * i);
		wr(&g, plls[i], 0);
		g_assert_cmphex(rd(&g, 0x6c060), ==, 0);
	}
	wr(&g, 0x46010, 0x80000000);
	g_assert_cmphex(rd(&g, 0x46010), ==, 0xc0000000);
	/* The guest takes bit 31 away and writes the rest back as it was. */
	wr(&g, 0x46010, 0x40000000);
	g_assert_cmphex(rd(&g, 0x46010), ==, 0);
	wr(&g, 0x45008, 0x80000000);
	g_assert_cmphex(rd(&g, 0x45008), ==, 0xc0000000);
	wr(&g, 0x45008, 0x40000000);
	g_assert_cmphex(rd(&g, 0x45008), ==, 0);
	skl_guest_free(&g);
}

static uint32_t pcode(struct skl_guest *g, uint32_t command, uint32_t data)
{
	g_assert_cmphex(rd(g, 0x138124) & 0x80000000, ==, 0);
	wr(g, 0x138128, data);
	wr(g, 0x13812c, 0);
	wr(g, 0x138124, 0x80000000 | command);
	/* Ready at once, no error. */
	g_assert_cmphex(rd(g, 0x138124) & 0x800000ff, ==, 0);
	return rd(g, 0x138128);
}

static void test_pcode(void)
{
	struct skl_guest g = skl_guest_dp();

	g_assert_cmphex(pcode(&g, 6, 0), ==, 0x0c0a0402);
	g_assert_cmphex(pcode(&g, 6, 1), ==, 0x1c181410);
	g_assert_cmphex(pcode(&g, 7, 3) & 1, ==, 1);
	g_assert_cmphex(pcode(&g, 0x21, 0) & 1, ==, 1);
	g_assert_cmphex(pcode(&g, 0x08, 0x1234), ==, 0x1234);
	pcode(&g, 0x1a, 0);
	/* Without bit 31 it is no command. */
	wr(&g, 0x138128, 7);
	wr(&g, 0x138124, 6);
	g_assert_cmphex(rd(&g, 0x138128), ==, 7);
	skl_guest_free(&g);
}

/* Fuses, straps and what only the engine knows. */
static void test_constants(void)
{
	static const uint32_t offsets[] = {0x9120,  0x42000, 0x42300, 0x51000, 0x6c060, 0x70000,
					   0x70040, 0x70044, 0x701ac, 0x941c,  0xc4000, 0xc5108};
	struct skl_guest g = skl_guest_dp();

	for (size_t i = 0; i < G_N_ELEMENTS(offsets); i++) {
		uint32_t was = rd(&g, offsets[i]);

		wr(&g, offsets[i], 0xffffffff);
		g_assert_cmphex(rd(&g, offsets[i]), ==, was);
		wr(&g, offsets[i], 0);
		g_assert_cmphex(rd(&g, offsets[i]), ==, was);
	}
	/* The eDP transcoder is there to be switched off. */
	wr(&g, 0x7f008, 0x80000000);
	g_assert_cmphex(rd(&g, 0x7f008), ==, 0xc0000000);
	wr(&g, 0x7f008, 0x40000000);
	g_assert_cmphex(rd(&g, 0x7f008), ==, 0);
	skl_guest_free(&g);
}

static void test_ports(void)
{
	struct skl_guest g = skl_guest_dp();

	for (uint32_t port = 0x64000; port <= 0x64400; port += 0x100) {
		wr(&g, port, 0x80000006);
		g_assert_cmphex(rd(&g, port), ==, 0x80000006);
		wr(&g, port, 0x00000006);
		g_assert_cmphex(rd(&g, port), ==, 0x00000086);
		wr(&g, port, 0x80000086);
		g_assert_cmphex(rd(&g, port), ==, 0x80000006);
		wr(&g, port + 0x44, 0);
		g_assert_cmphex(rd(&g, port + 0x44) & 1u << 25, ==, 1u << 25);
	}
	for (uint32_t pin = 0xc5010; pin <= 0xc5024; pin += 4) {
		wr(&g, pin, 0);
		g_assert_cmphex(rd(&g, pin) & 0x1010, ==, 0x1010);
		wr(&g, pin, 0x700);
		g_assert_cmphex(rd(&g, pin), ==, 0x1710);
	}
	skl_guest_free(&g);
}

static void test_pvinfo(void)
{
	for (uint32_t mib = 2; mib <= 8; mib *= 2) {
		struct gvt_skl_config c = {GVT_SKL_DP, true, 1, mib << 20, false};
		struct skl_guest g = skl_guest_new(&c);
		uint64_t base = rd(&g, 0x78040), size = rd(&g, 0x78044);
		uint64_t high = rd(&g, 0x78048), high_size = rd(&g, 0x7804c);

		g_assert_cmphex(rd_n(&g, 0x78000, 8), ==, 0x4776544776544776);
		g_assert_cmphex(rd_n(&g, 0x78008, 2), ==, 1);
		g_assert_cmphex(rd_n(&g, 0x7800a, 2), ==, 0);
		g_assert_cmphex(rd(&g, 0x78010), ==, 0x1c);
		g_assert_cmpuint(base + size, <=, GVT_SKL_APERTURE_SIZE);
		g_assert_cmpuint(high, >=, GVT_SKL_APERTURE_SIZE);
		g_assert_cmpuint(high_size, >=, 384u << 20);
		g_assert_cmpuint(high + high_size, <=, gvt_skl_ggtt_entries(&c) * GVT_PAGE_SIZE);
		g_assert_cmpuint(rd(&g, 0x78050), >=, 4);
		g_assert_cmpuint(rd(&g, 0x78050), <=, 32);
		/* Half of it is the host's, the other half the guest's. */
		for (uint32_t at = 0x78000; at < 0x79000; at += 4) {
			uint32_t was = rd(&g, at);

			wr(&g, at, ~was);
			g_assert_cmphex(rd(&g, at), ==, at < 0x78800 ? was : ~was);
		}
		skl_guest_free(&g);
	}
}

static void test_no_pvinfo(void)
{
	struct gvt_skl_config c = {GVT_SKL_DP, false, 3, 8u << 20, false};
	struct skl_guest g = skl_guest_new(&c);

	g_assert_cmphex(rd_n(&g, 0x78000, 8), ==, 0);
	g_assert_cmphex(rd_n(&g, 0x78008, 2), ==, 0);
	wr(&g, 0x78010, 0x1c);
	g_assert_cmphex(rd(&g, 0x78010), ==, 0x1c);
	skl_guest_free(&g);
}

static void test_ptes(void)
{
	struct skl_guest g = skl_guest_dp();

	g_assert_cmphex(wr(&g, 0x101008, 1), ==, GVT_SKL_PTES);
	g_assert_cmphex(wr(&g, 0x100ff8, 1), ==, 0);
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/impossible-configs-are-refused", test_configs);
	g_test_add_func("/gvt/skl/power-on-is-what-i915-expects", test_power_on);
	g_test_add_func("/gvt/skl/reset-is-power-on-but-the-monitor-stays", test_reset);
	g_test_add_func("/gvt/skl/most-registers-are-memory", test_memory);
	g_test_add_func("/gvt/skl/accesses-of-one-to-eight-bytes", test_sizes);
	g_test_add_func("/gvt/skl/nothing-is-behind-the-registers", test_nowhere);
	g_test_add_func("/gvt/skl/forcewake-is-acknowledged-at-once", test_forcewake);
	g_test_add_func("/gvt/skl/engines-are-idle-and-reset-at-once", test_engines);
	g_test_add_func("/gvt/skl/a-power-well-is-on-while-anybody-wants-it", test_power_wells);
	g_test_add_func("/gvt/skl/an-enabled-pll-is-locked", test_plls);
	g_test_add_func("/gvt/skl/the-power-controller-answers-at-once", test_pcode);
	g_test_add_func("/gvt/skl/a-constant-can't-be-written", test_constants);
	g_test_add_func("/gvt/skl/a-port-that-is-off-is-idle", test_ports);
	g_test_add_func("/gvt/skl/pvinfo-fits-the-aperture-and-the-table", test_pvinfo);
	g_test_add_func("/gvt/skl/no-pvinfo-where-not-asked-for", test_no_pvinfo);
	g_test_add_func("/gvt/skl/a-flush-says-that-the-table-changed", test_ptes);
	return g_test_run();
}
