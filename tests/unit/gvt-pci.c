// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include "kernel/gvt/core/gvt_pci.h"

static struct gvt_pci image(void)
{
	static const struct gvt_pci_ids ids = {0x1234, 0x1111, 0x1af4, 0x1100, 0x038000, 2};
	struct gvt_pci p;

	gvt_pci_init(&p, &ids);
	return p;
}

static uint32_t get32(const struct gvt_pci *p, uint32_t at)
{
	uint8_t b[4];

	gvt_pci_read(p, at, b, 4);
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void ones(struct gvt_pci *p, uint32_t at)
{
	static const uint8_t all[4] = {0xff, 0xff, 0xff, 0xff};

	gvt_pci_write(p, at, all, 4);
}

static void test_identity(void)
{
	struct gvt_pci p = image();

	for (uint32_t at = 0; at < GVT_PCI_CONFIG_SIZE; at += 4) {
		ones(&p, at);
	}
	g_assert_cmphex(get32(&p, 0), ==, 0x11111234);
	g_assert_cmphex(get32(&p, 8), ==, 0x03800002);
	g_assert_cmphex(get32(&p, 0x2c), ==, 0x11001af4);
	g_assert_cmphex(get32(&p, 0x3c), ==, 0x000000ff);
	g_assert_cmphex(get32(&p, 4), ==, 0x00000406);
	gvt_pci_reset(&p);
	g_assert_cmphex(get32(&p, 4), ==, 0);
	g_assert_cmphex(get32(&p, 0), ==, 0x11111234);
}

static void test_bar_size(void)
{
	struct gvt_pci p = image();

	g_assert_true(gvt_pci_add_bar(&p, 0, 16 << 20, GVT_PCI_BAR_PREFETCH));
	g_assert_true(gvt_pci_add_bar(&p, 2, 4096, 0));
	for (uint32_t at = 0x10; at < 0x28; at += 4) {
		ones(&p, at);
	}
	g_assert_cmphex(get32(&p, 0x10), ==, 0xff000008);
	g_assert_cmphex(get32(&p, 0x14), ==, 0);
	g_assert_cmphex(get32(&p, 0x18), ==, 0xfffff000);
}

static void test_bar_64(void)
{
	struct gvt_pci p = image();

	g_assert_true(gvt_pci_add_bar(&p, 2, 8ull << 30, GVT_PCI_BAR_64 | GVT_PCI_BAR_PREFETCH));
	ones(&p, 0x18);
	ones(&p, 0x1c);
	g_assert_cmphex(get32(&p, 0x18), ==, 0x0000000c);
	g_assert_cmphex(get32(&p, 0x1c), ==, 0xfffffffe);
}

static void test_bar_refused(void)
{
	struct gvt_pci p = image();

	g_assert_false(gvt_pci_add_bar(&p, 6, 4096, 0));
	g_assert_false(gvt_pci_add_bar(&p, 5, 4096, GVT_PCI_BAR_64));
	g_assert_false(gvt_pci_add_bar(&p, 0, 5000, 0));
	g_assert_false(gvt_pci_add_bar(&p, 0, 8, 0));
	g_assert_false(gvt_pci_add_bar(&p, 0, 4ull << 30, 0));
}

static void test_bytes(void)
{
	struct gvt_pci p = image();
	uint8_t odd[3] = {0xff, 0xff, 0xff};

	g_assert_true(gvt_pci_add_bar(&p, 0, 65536, 0));
	gvt_pci_write(&p, 0x11, odd, 3);
	g_assert_cmphex(get32(&p, 0x10), ==, 0xffff0000);
	gvt_pci_read(&p, 0xfd, odd, 3);
	g_assert_cmphex(odd[2], ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/pci/identity-is-read-only", test_identity);
	g_test_add_func("/gvt/pci/bar-size-is-read-back", test_bar_size);
	g_test_add_func("/gvt/pci/a-64-bit-bar-takes-two", test_bar_64);
	g_test_add_func("/gvt/pci/impossible-bars-are-refused", test_bar_refused);
	g_test_add_func("/gvt/pci/bytes-at-odd-places", test_bytes);
	return g_test_run();
}
