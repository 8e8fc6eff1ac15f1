// SPDX-License-Identifier: GPL-2.0-or-later
/* The DisplayPort side channel of the Gen9 display engine (facts/I915-DISPLAY-FACTS.md, 4.9). */
#include "gvt-skl-guest.h"

#define AUX(port)   (0x64010u + 0x100 * (port))
#define AUX_DONE    (1u << 30)
#define AUX_TIMEOUT (1u << 28)
#define AUX_RECEIVE (1u << 25)
#define AUX_BUSY    (1u << 31)

enum { PORT_A, PORT_B, PORT_C, PORT_D };

/* Requests: the upper half of the first byte. */
enum { I2C_WRITE = 0, I2C_READ = 1, I2C_MOT = 4, NATIVE_WRITE = 8, NATIVE_READ = 9 };

/* A transaction as i915 makes it. @size: bytes of the request. Returns what CTL then is. */
static uint32_t aux_send(struct skl_guest *g, unsigned int port, const uint8_t *message,
			 unsigned int size)
{
	uint32_t ctl = AUX(port), value;

	for (unsigned int i = 0; i < size; i += 4) {
		uint32_t word = 0;

		for (unsigned int k = 0; k < 4 && i + k < size; k++) {
			word |= (uint32_t)message[i + k] << (24 - 8 * k);
		}
		wr(g, ctl + 4 + i, word);
	}
	wr(g, ctl, AUX_BUSY | AUX_DONE | AUX_TIMEOUT | AUX_RECEIVE | 1u << 29 | size << 20 | 0x23f);
	value = rd(g, ctl);
	g_assert_cmphex(value & AUX_BUSY, ==, 0);
	g_assert_cmphex(value & AUX_DONE, ==, AUX_DONE);
	g_assert_cmphex(value & AUX_RECEIVE, ==, 0);
	/* The settings stay. */
	g_assert_cmphex(value & 0x2000ffff, ==, 0x2000023f);
	wr(g, ctl, value | AUX_DONE | AUX_TIMEOUT | AUX_RECEIVE);
	g_assert_cmphex(rd(g, ctl) & (AUX_DONE | AUX_TIMEOUT | AUX_RECEIVE), ==, 0);
	return value;
}

/* Returns the bytes of the reply without the first, which goes to *@status. */
static unsigned int aux(struct skl_guest *g, unsigned int request, uint32_t address,
			const uint8_t *out, unsigned int out_size, unsigned int want, uint8_t *in,
			uint8_t *status)
{
	unsigned int n = out_size ? out_size : want;
	uint8_t message[20] = {(uint8_t)(request << 4 | address >> 16), (uint8_t)(address >> 8),
			       (uint8_t)address, (uint8_t)(n - 1)};
	unsigned int size = n ? 4 + out_size : 3, length;
	uint32_t value;

	if (out_size > 0) {
		memcpy(message + 4, out, out_size);
	}
	value = aux_send(g, PORT_B, message, size);
	g_assert_cmphex(value & AUX_TIMEOUT, ==, 0);
	length = value >> 20 & 0x1f;
	g_assert_cmpuint(length, >=, 1);
	g_assert_cmpuint(length, <=, 17);
	for (unsigned int i = 0; i < length; i++) {
		uint8_t byte = (uint8_t)(rd(g, AUX(PORT_B) + 4 + (i & ~3u)) >> (24 - 8 * (i & 3)));

		*(i ? &in[i - 1] : status) = byte;
	}
	return length - 1;
}

static uint8_t aux_ok(struct skl_guest *g, unsigned int request, uint32_t address,
		      const uint8_t *out, unsigned int out_size)
{
	uint8_t none[16], status;

	g_assert_cmpuint(aux(g, request, address, out, out_size, 0, none, &status), ==, 0);
	return status;
}

static void aux_read(struct skl_guest *g, uint32_t address, uint8_t *in, unsigned int n)
{
	uint8_t status;

	g_assert_cmpuint(aux(g, NATIVE_READ, address, NULL, 0, n, in, &status), ==, n);
	g_assert_cmphex(status, ==, 0);
}

static void test_dpcd(void)
{
	static const uint8_t caps[] = {0x12, 0x14, 0xc4, 0x01, 0x01, 0x00, 0x01, 0x00};
	static const uint8_t state[] = {0x01, 0x00, 0x77, 0x77, 0x01, 0x01, 0x00, 0x00};
	static const uint8_t zeros[16];
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, 256);
	uint8_t in[16];

	aux_read(&g, 0, in, 8);
	g_assert_cmpmem(in, 8, caps, 8);
	aux_read(&g, 0, in, 16);
	g_assert_cmpmem(in, 8, caps, 8);
	aux_read(&g, 0x200, in, 8);
	g_assert_cmpmem(in, 8, state, 8);
	aux_read(&g, 0x21, in, 1);
	g_assert_cmphex(in[0], ==, 0);
	aux_read(&g, 0x400, in, 12);
	g_assert_cmpmem(in, 12, zeros, 12);
	aux_read(&g, 0x3000, in, 16);
	g_assert_cmpmem(in, 16, zeros, 16);
	aux_read(&g, 0xfffff, in, 16);
	g_assert_cmpmem(in, 16, zeros, 16);
	skl_guest_free(&g);
}

static void test_training(void)
{
	static const uint8_t link[] = {0x14, 0x84}, pattern[] = {0x21, 0, 0, 0, 0}, d0[] = {1};
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, 256);
	uint8_t in[16];

	g_assert_cmphex(aux_ok(&g, NATIVE_WRITE, 0x600, d0, 1), ==, 0);
	g_assert_cmphex(aux_ok(&g, NATIVE_WRITE, 0x100, link, 2), ==, 0);
	g_assert_cmphex(aux_ok(&g, NATIVE_WRITE, 0x102, pattern, 5), ==, 0);
	aux_read(&g, 0x100, in, 7);
	g_assert_cmpmem(in, 2, link, 2);
	g_assert_cmpmem(in + 2, 5, pattern, 5);
	aux_read(&g, 0x202, in, 6);
	g_assert_cmphex(in[0], ==, 0x77);
	g_assert_cmphex(in[1], ==, 0x77);
	g_assert_cmphex(in[2], ==, 0x01);
	aux_read(&g, 0x600, in, 1);
	g_assert_cmphex(in[0], ==, 1);
	/* The sink's capabilities and state aren't the guest's to write. */
	g_assert_cmphex(aux_ok(&g, NATIVE_WRITE, 0, pattern, 5), ==, 0);
	g_assert_cmphex(aux_ok(&g, NATIVE_WRITE, 0x202, pattern, 5), ==, 0);
	aux_read(&g, 0, in, 1);
	g_assert_cmphex(in[0], ==, 0x12);
	aux_read(&g, 0x202, in, 1);
	g_assert_cmphex(in[0], ==, 0x77);
	skl_guest_free(&g);
}

/* What drm's helper does for each 128 bytes. */
static void edid_over_aux(struct skl_guest *g, unsigned int block, uint8_t *edid)
{
	uint8_t segment = (uint8_t)(block / 2), start = block & 1 ? 128 : 0, status, in[16];

	if (segment) {
		g_assert_cmphex(aux_ok(g, I2C_MOT, 0x30, NULL, 0), ==, 0);
		g_assert_cmphex(aux_ok(g, I2C_MOT, 0x30, &segment, 1), ==, 0);
	}
	g_assert_cmphex(aux_ok(g, I2C_MOT, 0x50, NULL, 0), ==, 0);
	g_assert_cmphex(aux_ok(g, I2C_MOT, 0x50, &start, 1), ==, 0);
	g_assert_cmphex(aux_ok(g, I2C_MOT | I2C_READ, 0x50, NULL, 0), ==, 0);
	for (unsigned int i = 0; i < 128; i += 16) {
		unsigned int n = aux(g, I2C_MOT | I2C_READ, 0x50, NULL, 0, 16, in, &status);

		g_assert_cmpuint(n, ==, 16);
		g_assert_cmphex(status, ==, 0);
		memcpy(edid + i, in, 16);
	}
	g_assert_cmphex(aux_ok(g, I2C_READ, 0x50, NULL, 0), ==, 0);
}

static void test_aux_edid(void)
{
	static const enum gvt_skl_output outputs[] = {GVT_SKL_DP, GVT_SKL_BARE};

	for (size_t o = 0; o < G_N_ELEMENTS(outputs); o++) {
		for (size_t size = 128; size <= GVT_SKL_EDID_MAX; size += 128) {
			struct skl_guest g = guest_with_monitor(outputs[o], size);
			uint8_t is[GVT_SKL_EDID_MAX] = {0}, want[GVT_SKL_EDID_MAX] = {0};

			edid_fill(want, size, 1);
			for (unsigned int block = 0; block < size / 128; block++) {
				edid_over_aux(&g, block, is + 128 * block);
			}
			g_assert_cmpmem(is, sizeof(is), want, sizeof(want));
			/* The stop took the segment back. */
			edid_over_aux(&g, 0, is);
			g_assert_cmpmem(is, 128, want, 128);
			skl_guest_free(&g);
		}
	}
}

/* Of a monitor with a shorter EDID nothing is left of the last one's; one too long is cut. */
static void test_edid_sizes(void)
{
	static const uint8_t zeros[128];
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, GVT_SKL_EDID_MAX);
	uint8_t edid[GVT_SKL_EDID_MAX + 128], is[128];

	edid_fill(edid, sizeof(edid), 50);
	gvt_skl_set_monitor(&g.skl, edid, 128, g.now);
	edid_over_aux(&g, 0, is);
	g_assert_cmpmem(is, 128, edid, 128);
	for (unsigned int block = 1; block < 6; block++) {
		edid_over_aux(&g, block, is);
		g_assert_cmpmem(is, 128, zeros, 128);
	}
	gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now);
	edid_over_aux(&g, 3, is);
	g_assert_cmpmem(is, 128, edid + 384, 128);
	edid_over_aux(&g, 4, is);
	g_assert_cmpmem(is, 128, zeros, 128);
	skl_guest_free(&g);
}

/* Every address takes a write; few keep it. */
static void test_dpcd_writes(void)
{
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, 256);
	uint8_t ones[16], in[16];

	memset(ones, 0xff, sizeof(ones));
	for (uint32_t at = 0; at <= 0xfffff; at += at < 0x1000 ? 16 : 0xffe1) {
		g_assert_cmphex(aux_ok(&g, NATIVE_WRITE, at, ones, 16), ==, 0);
		aux_read(&g, at, in, 16);
		if (at == 0x100) {
			g_assert_cmpmem(in, 16, ones, 16);
		} else if (at >= 0x210 && at < 0x600) {
			g_assert_cmphex(in[0] | in[15], ==, 0);
		} else if (at >= 0x700) {
			g_assert_cmphex(in[0] | in[15], ==, 0);
		}
	}
	g_assert_cmphex(aux_ok(&g, NATIVE_WRITE, 0x6f8, ones, 16), ==, 0);
	g_assert_cmphex(aux_ok(&g, NATIVE_WRITE, 0xffff8, ones, 16), ==, 0);
	aux_read(&g, 0x6f8, in, 16);
	aux_read(&g, 0xffff8, in, 16);
	aux_read(&g, 0x200, in, 2);
	g_assert_cmphex(in[0], ==, 1);
	skl_guest_free(&g);
}

static void test_aux_offset(void)
{
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, 256);
	uint8_t at = 200, in[16], want[256], status;

	edid_fill(want, sizeof(want), 1);
	g_assert_cmphex(aux_ok(&g, I2C_MOT, 0x50, &at, 1), ==, 0);
	/* One byte, then three: the offset runs on. */
	g_assert_cmpuint(aux(&g, I2C_MOT | I2C_READ, 0x50, NULL, 0, 1, in, &status), ==, 1);
	g_assert_cmphex(in[0], ==, want[200]);
	g_assert_cmpuint(aux(&g, I2C_MOT | I2C_READ, 0x50, NULL, 0, 3, in, &status), ==, 3);
	g_assert_cmpmem(in, 3, want + 201, 3);
	/* An address alone moves nothing. */
	g_assert_cmphex(aux_ok(&g, I2C_READ, 0x50, NULL, 0), ==, 0);
	g_assert_cmpuint(aux(&g, I2C_MOT | I2C_READ, 0x50, NULL, 0, 2, in, &status), ==, 2);
	g_assert_cmpmem(in, 2, want + 204, 2);
	skl_guest_free(&g);
}

static void test_aux_nack(void)
{
	static const uint32_t others[] = {0x00, 0x37, 0x3a, 0x40, 0x51, 0x54, 0x7f, 0x10050};
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, 256);
	uint8_t byte = 0, in[16], status;

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		g_assert_cmphex(aux_ok(&g, I2C_MOT, others[i], &byte, 1), ==, 0x40);
		g_assert_cmpuint(aux(&g, I2C_MOT | I2C_READ, others[i], NULL, 0, 16, in, &status),
				 ==, 0);
		g_assert_cmphex(status, ==, 0x40);
		g_assert_cmphex(aux_ok(&g, I2C_READ, others[i], NULL, 0), ==, 0x40);
	}
	skl_guest_free(&g);
}

static void assert_timeout(struct skl_guest *g, unsigned int port)
{
	static const uint8_t read_caps[] = {0x90, 0, 0, 0x0e};
	uint32_t value = aux_send(g, port, read_caps, sizeof(read_caps));

	g_assert_cmphex(value & AUX_TIMEOUT, ==, AUX_TIMEOUT);
}

static void test_aux_timeout(void)
{
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, 256);
	struct skl_guest hdmi = guest_with_monitor(GVT_SKL_HDMI, 256);
	uint8_t in[16];

	assert_timeout(&g, PORT_A);
	assert_timeout(&g, PORT_C);
	assert_timeout(&g, PORT_D);
	aux_read(&g, 0, in, 1);
	gvt_skl_set_monitor(&g.skl, NULL, 0, g.now);
	/* Until the guest has looked again it may be in the middle of asking. */
	aux_read(&g, 0, in, 1);
	g_assert_cmphex(rd(&g, SKL_SDE), ==, 0);
	assert_timeout(&g, PORT_B);
	assert_timeout(&hdmi, PORT_B);
	skl_guest_free(&g);
	skl_guest_free(&hdmi);
}

/* Message sizes that no driver sends, and every request. */
static void test_aux_odd(void)
{
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, 256);

	for (unsigned int request = 0; request < 16; request++) {
		for (unsigned int size = 0; size < 32; size++) {
			for (unsigned int length = 0; length < 256; length += 15) {
				wr(&g, AUX(PORT_B) + 4, request << 28 | 0x5000 | length);
				wr(&g, AUX(PORT_B), AUX_BUSY | size << 20);
				g_assert_cmphex(rd(&g, AUX(PORT_B)) & (AUX_BUSY | AUX_DONE), ==,
						AUX_DONE);
				g_assert_cmpuint(rd(&g, AUX(PORT_B)) >> 20 & 0x1f, <=, 31);
			}
		}
	}
	skl_guest_free(&g);
}

/* VFIO's EDID region: link down, new EDID, link up (4.10). */
static void test_new_edid(void)
{
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, 256);
	uint8_t edid[256], is[256];

	detect_on(&g);
	gvt_skl_set_monitor(&g.skl, NULL, 0, g.now);
	g_assert_cmphex(hotplug_taken(&g), ==, 2);
	g_assert_cmphex(rd(&g, SKL_SDE), ==, 0);
	until(&g, g.now + 300 * SKL_MS);
	edid_fill(edid, sizeof(edid), 99);
	gvt_skl_set_monitor(&g.skl, edid, sizeof(edid), g.now);
	g_assert_cmphex(hotplug_taken(&g), ==, 2);
	edid_over_aux(&g, 0, is);
	edid_over_aux(&g, 1, is + 128);
	g_assert_cmpmem(is, 256, edid, 256);
	skl_guest_free(&g);
}

static void test_reset(void)
{
	struct skl_guest g = guest_with_monitor(GVT_SKL_DP, 256);
	static const uint8_t link[] = {0x14, 0x84};
	uint8_t is[128], want[128], in[2], segment = 1, at = 9;

	aux_ok(&g, NATIVE_WRITE, 0x100, link, 2);
	aux_ok(&g, I2C_MOT, 0x30, &segment, 1);
	aux_ok(&g, I2C_MOT, 0x50, &at, 1);
	/* A pulse that waits for the one before it is not for the next driver. */
	detect_on(&g);
	edid_fill(want, sizeof(want), 1);
	gvt_skl_set_monitor(&g.skl, NULL, 0, g.now);
	gvt_skl_set_monitor(&g.skl, want, sizeof(want), g.now);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), !=, UINT64_MAX);
	gvt_skl_reset(&g.skl, g.now);
	g_assert_cmpuint(gvt_skl_deadline(&g.skl, false), ==, UINT64_MAX);
	g_assert_cmphex(rd(&g, AUX(PORT_B)), ==, 0);
	aux_read(&g, 0x100, in, 2);
	g_assert_cmphex(in[0] | in[1], ==, 0);
	edid_over_aux(&g, 0, is);
	g_assert_cmpmem(is, 128, want, 128);
	skl_guest_free(&g);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/aux/dpcd-says-what-the-sink-can-do", test_dpcd);
	g_test_add_func("/gvt/skl/aux/the-link-always-trains", test_training);
	g_test_add_func("/gvt/skl/aux/edid-over-aux-of-one-to-four-blocks", test_aux_edid);
	g_test_add_func("/gvt/skl/aux/an-edid-ends-where-it-ends", test_edid_sizes);
	g_test_add_func("/gvt/skl/aux/dpcd-takes-writes-anywhere", test_dpcd_writes);
	g_test_add_func("/gvt/skl/aux/the-offset-runs-on-over-reads", test_aux_offset);
	g_test_add_func("/gvt/skl/aux/nobody-else-is-on-the-wire", test_aux_nack);
	g_test_add_func("/gvt/skl/aux/an-empty-port-times-out-at-once", test_aux_timeout);
	g_test_add_func("/gvt/skl/aux/odd-requests-are-answered-too", test_aux_odd);
	g_test_add_func("/gvt/skl/aux/a-new-edid-is-read-after-its-pulse", test_new_edid);
	g_test_add_func("/gvt/skl/aux/reset-forgets-what-the-guest-wrote", test_reset);
	return g_test_run();
}
