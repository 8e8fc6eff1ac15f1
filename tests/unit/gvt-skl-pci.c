// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration space (1.2) and option ROM (4.7) of the Gen9 display engine. */
#include <glib.h>

#include "kernel/gvt/core/gvt_skl.h"

static struct gvt_pci space_of(enum gvt_skl_output output, uint32_t mib, bool vga)
{
	const struct gvt_skl_config config = {output, true, 1, mib << 20, vga};
	struct gvt_pci p;

	gvt_skl_pci_init(&config, &p);
	return p;
}

static uint32_t get(const struct gvt_pci *p, uint32_t at, unsigned int size)
{
	uint8_t b[4] = {0};

	gvt_pci_read(p, at, b, size);
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void put(struct gvt_pci *p, uint32_t at, uint32_t value, unsigned int size)
{
	uint8_t b[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
			(uint8_t)(value >> 24)};

	gvt_pci_write(p, at, b, size);
}

static void test_identity(void)
{
	struct gvt_pci p = space_of(GVT_SKL_DP, 8, false);

	for (uint32_t at = 0; at < GVT_PCI_CONFIG_SIZE; at += 4) {
		put(&p, at, 0xffffffff, 4);
	}
	g_assert_cmphex(get(&p, 0x00, 4), ==, 0x19128086);
	g_assert_cmphex(get(&p, 0x08, 4), ==, 0x03800006);
	g_assert_cmphex(get(&p, 0x0e, 1), ==, 0);
	g_assert_cmphex(get(&p, 0x2c, 4), ==, 0x11001af4);
	g_assert_cmphex(get(&p, 0x06, 2), ==, 0x0010);
	g_assert_cmphex(get(&p, 0x3d, 1), ==, 1);
	/* Memory, bus master, INTx disable. */
	g_assert_cmphex(get(&p, 0x04, 2) & 0x0406, ==, 0x0406);
	p = space_of(GVT_SKL_DP, 8, true);
	g_assert_cmphex(get(&p, 0x08, 4), ==, 0x03000006);
}

static void test_bars(void)
{
	struct gvt_pci p = space_of(GVT_SKL_HDMI, 8, false);

	for (uint32_t at = 0x10; at < 0x28; at += 4) {
		put(&p, at, 0xffffffff, 4);
	}
	/* 16 MiB, 64 bits wide, not prefetchable. */
	g_assert_cmphex(get(&p, 0x10, 4), ==, 0xff000004);
	g_assert_cmphex(get(&p, 0x14, 4), ==, 0xffffffff);
	/* 1 MiB, 64 bits wide, prefetchable. */
	g_assert_cmphex(get(&p, 0x18, 4), ==, 0xfff0000c);
	g_assert_cmphex(get(&p, 0x1c, 4), ==, 0xffffffff);
	/* No ports. */
	g_assert_cmphex(get(&p, 0x20, 4), ==, 0);
	g_assert_cmphex(get(&p, 0x24, 4), ==, 0);
	put(&p, 0x10, 0xfd123456, 4);
	put(&p, 0x14, 0x00000001, 4);
	g_assert_cmphex(get(&p, 0x10, 4), ==, 0xfd000004);
	g_assert_cmphex(get(&p, 0x14, 4), ==, 1);
	gvt_pci_reset(&p);
	g_assert_cmphex(get(&p, 0x10, 4), ==, 4);
	g_assert_cmphex(get(&p, 0x18, 4), ==, 0xc);
}

static void test_rom_bar(void)
{
	struct gvt_pci p = space_of(GVT_SKL_DP, 8, false), bare = space_of(GVT_SKL_BARE, 8, false);

	put(&p, 0x30, 0xfffff800, 4);
	g_assert_cmphex(get(&p, 0x30, 4), ==, 0xfffff000);
	put(&p, 0x30, 0xfe000001, 4);
	g_assert_cmphex(get(&p, 0x30, 4), ==, 0xfe000001);
	gvt_pci_reset(&p);
	g_assert_cmphex(get(&p, 0x30, 4), ==, 0);
	/* Nothing to read there: better none. */
	put(&bare, 0x30, 0xffffffff, 4);
	g_assert_cmphex(get(&bare, 0x30, 4), ==, 0);
}

static void test_msi(void)
{
	struct gvt_pci p = space_of(GVT_SKL_DP, 8, false);
	uint32_t control, data;

	g_assert_cmphex(get(&p, 0x34, 1), ==, 0xac);
	g_assert_cmphex(get(&p, 0xac, 1), ==, 0x05);
	g_assert_cmphex(get(&p, 0xad, 1), ==, 0);
	control = get(&p, 0xae, 2);
	/* One vector, none masked, off. */
	g_assert_cmphex(control & 0x017f, ==, 0);
	data = control & 0x80 ? 0xb8 : 0xb4;
	put(&p, 0xae, 0xffff, 2);
	g_assert_cmphex(get(&p, 0xae, 2) & 0x0001, ==, 1);
	/* What it can do can't be written. */
	g_assert_cmphex(get(&p, 0xae, 2) & 0xff8e, ==, control & 0xff8e);
	put(&p, 0xb0, 0xfee01004, 4);
	put(&p, data, 0x4021, 2);
	g_assert_cmphex(get(&p, 0xb0, 4), ==, 0xfee01004);
	g_assert_cmphex(get(&p, data, 2), ==, 0x4021);
	gvt_pci_reset(&p);
	g_assert_cmphex(get(&p, 0xae, 2), ==, control);
	g_assert_cmphex(get(&p, 0xb0, 4), ==, 0);
}

static void test_ggc(void)
{
	static const uint32_t ggc[][2] = {{2, 0x0040}, {4, 0x0080}, {8, 0x00c0}};

	for (size_t i = 0; i < G_N_ELEMENTS(ggc); i++) {
		struct gvt_pci p = space_of(GVT_SKL_DP, ggc[i][0], false);

		put(&p, 0x50, 0xffffffff, 4);
		put(&p, 0x5c, 0xffffffff, 4);
		g_assert_cmphex(get(&p, 0x50, 2), ==, ggc[i][1]);
		/* No stolen memory. */
		g_assert_cmphex(get(&p, 0x5c, 4), ==, 0);
	}
}

static void test_asls(void)
{
	struct gvt_pci p = space_of(GVT_SKL_DP, 8, false);

	g_assert_cmphex(get(&p, 0xfc, 4), ==, 0);
	put(&p, 0xfc, 0x7ffe1234, 4);
	g_assert_cmphex(get(&p, 0xfc, 4), ==, 0x7ffe1234);
	gvt_pci_reset(&p);
	g_assert_cmphex(get(&p, 0xfc, 4), ==, 0);
}

/* --- the option ROM --- */

static unsigned int get16(const uint8_t *at)
{
	return at[0] | (unsigned int)at[1] << 8;
}

/* As Linux sizes a ROM, then as i915 looks for its table in it. */
static const uint8_t *find_vbt(const uint8_t *rom)
{
	const uint8_t *pcir = rom + get16(rom + 0x18);
	uint8_t sum = 0;

	g_assert_cmphex(get16(rom), ==, 0xaa55);
	g_assert_cmphex(rom[3], ==, 0xcb);
	g_assert_cmpint(pcir + 0x18 - rom, <, GVT_SKL_ROM_SIZE);
	g_assert_cmpmem(pcir, 4, "PCIR", 4);
	g_assert_cmphex(get16(pcir + 4), ==, 0x8086);
	g_assert_cmphex(get16(pcir + 6), ==, 0x1912);
	g_assert_cmphex(pcir[0x0d], ==, 0);
	g_assert_cmphex(pcir[0x0e], ==, 0x80);
	g_assert_cmphex(pcir[0x0f], ==, 0x03);
	g_assert_cmpuint(get16(pcir + 0x10) * 512, ==, GVT_SKL_ROM_SIZE);
	g_assert_cmpuint(rom[2] * 512, ==, GVT_SKL_ROM_SIZE);
	g_assert_cmphex(pcir[0x14], ==, 0);
	g_assert_cmphex(pcir[0x15], ==, 0x80);
	for (unsigned int i = 0; i < GVT_SKL_ROM_SIZE; i++) {
		sum = (uint8_t)(sum + rom[i]);
	}
	g_assert_cmphex(sum, ==, 0);
	for (unsigned int i = 0; i + 4 <= GVT_SKL_ROM_SIZE; i += 4) {
		if (memcmp(rom + i, "$VBT", 4) == 0) {
			g_assert_cmpuint(i + get16(rom + i + 0x18), <=, GVT_SKL_ROM_SIZE);
			return rom + i;
		}
	}
	g_assert_not_reached();
}

static void assert_vbt(const uint8_t *vbt, bool dp)
{
	static const uint8_t zeros[33];
	uint8_t child[33] = {0};
	const uint8_t *bdb, *block;

	g_assert_cmpmem(vbt, 12, "$VBT SKYLAKE", 12);
	g_assert_cmpuint(get16(vbt + 0x14), ==, 100);
	g_assert_cmpuint(get16(vbt + 0x16), ==, 48);
	g_assert_cmpuint(get16(vbt + 0x18), ==, 121);
	g_assert_cmpuint(get16(vbt + 0x1c), ==, 48);
	g_assert_cmpuint(get16(vbt + 0x1e), ==, 0);
	g_assert_cmpmem(vbt + 0x20, 16, zeros, 16);
	bdb = vbt + 0x30;
	g_assert_cmpmem(bdb, 16, "BIOS_DATA_BLOCK ", 16);
	g_assert_cmpuint(get16(bdb + 0x10), ==, 170);
	g_assert_cmpuint(get16(bdb + 0x12), ==, 22);
	g_assert_cmpuint(get16(bdb + 0x14), ==, 73);
	block = vbt + 0x46;
	g_assert_cmpuint(block[0], ==, 1);
	g_assert_cmpuint(get16(block + 1), ==, 7);
	g_assert_cmpmem(block + 3, 7, zeros, 7);
	block = vbt + 0x50;
	g_assert_cmpuint(block[0], ==, 2);
	g_assert_cmpuint(get16(block + 1), ==, 38);
	g_assert_cmpuint(block[3], ==, 2);
	g_assert_cmpmem(block + 4, 3, zeros, 3);
	g_assert_cmpuint(block[7], ==, 33);
	child[0] = 4;
	child[2] = dp ? 0xc6 : 0xd2;
	child[3] = dp ? 0x68 : 0x60;
	child[16] = dp ? 7 : 1;
	child[19] = 5;
	child[25] = dp ? 0x10 : 0;
	g_assert_cmpmem(vbt + 0x58, 33, child, 33);
}

static void test_rom(gconstpointer opaque)
{
	const struct gvt_skl_config config = {GPOINTER_TO_UINT(opaque), true, 1, 8u << 20, false};
	g_autofree uint8_t *rom = g_malloc(GVT_SKL_ROM_SIZE);

	memset(rom, 0x5a, GVT_SKL_ROM_SIZE);
	gvt_skl_rom(&config, rom);
	assert_vbt(find_vbt(rom), config.output == GVT_SKL_DP);
}

/* As i915 reads what ASLS points at. */
static void test_opregion(gconstpointer opaque)
{
	const struct gvt_skl_config config = {GPOINTER_TO_UINT(opaque), true, 1, 8u << 20, false};
	g_autofree uint8_t *image = g_malloc(GVT_SKL_OPREGION_SIZE);

	g_assert_cmpuint(GVT_SKL_OPREGION_SIZE, ==, 8192);
	memset(image, 0x5a, GVT_SKL_OPREGION_SIZE);
	gvt_skl_opregion(&config, image);
	g_assert_cmpmem(image, 16, "IntelGraphicsMem", 16);
	g_assert_cmpuint(get16(image + 0x10), ==, 8);
	g_assert_cmpuint(image[0x17], ==, 2);
	g_assert_cmpuint(get16(image + 0x58) | get16(image + 0x5a), ==, 0);
	if (config.output == GVT_SKL_BARE) {
		g_assert_cmpuint(get16(image + 0x400), ==, 0);
	} else {
		assert_vbt(image + 0x400, config.output == GVT_SKL_DP);
	}
}

static void test_rom_bare(void)
{
	static const struct gvt_skl_config config = {GVT_SKL_BARE, true, 1, 8u << 20, false};
	g_autofree uint8_t *rom = g_malloc(GVT_SKL_ROM_SIZE);

	memset(rom, 0x5a, GVT_SKL_ROM_SIZE);
	gvt_skl_rom(&config, rom);
	for (unsigned int i = 0; i < GVT_SKL_ROM_SIZE; i++) {
		g_assert_cmphex(rom[i], ==, 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/skl/pci/identity-is-read-only", test_identity);
	g_test_add_func("/gvt/skl/pci/bar-sizes-are-read-back", test_bars);
	g_test_add_func("/gvt/skl/pci/rom-bar-where-there-is-a-rom", test_rom_bar);
	g_test_add_func("/gvt/skl/pci/msi-is-one-vector", test_msi);
	g_test_add_func("/gvt/skl/pci/the-table-size-is-in-ggc", test_ggc);
	g_test_add_func("/gvt/skl/pci/a-firmware-may-set-asls", test_asls);
	g_test_add_data_func("/gvt/skl/rom/the-table-describes-displayport",
			     GUINT_TO_POINTER(GVT_SKL_DP), test_rom);
	g_test_add_data_func("/gvt/skl/rom/the-table-describes-hdmi",
			     GUINT_TO_POINTER(GVT_SKL_HDMI), test_rom);
	g_test_add_func("/gvt/skl/rom/bare-is-zeros", test_rom_bare);
	g_test_add_data_func("/gvt/skl/opregion/the-table-describes-displayport",
			     GUINT_TO_POINTER(GVT_SKL_DP), test_opregion);
	g_test_add_data_func("/gvt/skl/opregion/the-table-describes-hdmi",
			     GUINT_TO_POINTER(GVT_SKL_HDMI), test_opregion);
	g_test_add_data_func("/gvt/skl/opregion/bare-has-no-table", GUINT_TO_POINTER(GVT_SKL_BARE),
			     test_opregion);
	return g_test_run();
}
