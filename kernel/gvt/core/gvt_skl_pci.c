// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration space (1.2) and option ROM (4.7). */
#include "gvt_skl_int.h"

#define REG_GGC 0x50u /* size of the page table; no stolen memory */
#define REG_MSI 0xacu
#define REG_ASLS 0xfcu /* where a firmware's OpRegion lies */

void gvt_skl_pci_init(const struct gvt_skl_config *config, struct gvt_pci *pci)
{
	static const struct gvt_pci_ids base = {
		.vendor = GVT_SKL_PCI_VENDOR,
		.device = GVT_SKL_PCI_DEVICE,
		.subvendor = GVT_SKL_PCI_SUBVENDOR,
		.subdevice = GVT_SKL_PCI_SUBDEVICE,
		.revision = GVT_SKL_PCI_REVISION,
	};
	struct gvt_pci_ids ids = base;
	uint32_t mib = config->ggtt_bytes >> 20;

	ids.class_code = config->vga_class ? 0x030000 : 0x038000;
	gvt_pci_init(pci, &ids);
	gvt_pci_add_bar(pci, 0, GVT_SKL_BAR0_SIZE, GVT_PCI_BAR_64);
	gvt_pci_add_bar(pci, 2, GVT_SKL_APERTURE_SIZE, GVT_PCI_BAR_64 | GVT_PCI_BAR_PREFETCH);
	if (config->output != GVT_SKL_BARE) {
		gvt_pci_add_rom(pci, GVT_SKL_ROM_SIZE);
	}
	gvt_pci_add_intx(pci);
	gvt_pci_add_msi(pci, REG_MSI);
	gvt_pci_set(pci, REG_GGC, 2, (mib == 2 ? 1u : mib == 4 ? 2u : 3u) << 6, 0);
	gvt_pci_set(pci, REG_ASLS, 4, 0, ~0u);
}

static void put16(uint8_t *at, unsigned int v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

static void put_text(uint8_t *at, const char *text)
{
	while (*text) {
		*at++ = (uint8_t)*text++;
	}
}

#define VBT_OFFSET   0x40u
#define VBT_HEADER   48u
#define BDB_HEADER   22u
#define FEATURES     7u
#define DEFINITIONS  5u
#define CHILD	     33u
#define BDB_SIZE     (BDB_HEADER + 3 + FEATURES + 3 + DEFINITIONS + CHILD)
#define VBT_SIZE     (VBT_HEADER + BDB_SIZE)

/* The one output, on DDI B. */
static void put_child(const struct gvt_skl_config *config, uint8_t *child)
{
	bool dp = config->output == GVT_SKL_DP;

	put16(child, 4); /* a handle: any number but 0 */
	put16(child + 2, dp ? 0x68c6 : 0x60d2);
	child[16] = dp ? 7 : 1;	   /* DVO port */
	child[19] = 5;		   /* DDC pin */
	child[25] = dp ? 0x10 : 0; /* AUX channel */
}

static void put_vbt(const struct gvt_skl_config *config, uint8_t *vbt)
{
	uint8_t *bdb = vbt + VBT_HEADER;
	uint8_t *block = bdb + BDB_HEADER;

	put_text(vbt, "$VBT SKYLAKE        ");
	put16(vbt + 0x14, 100); /* version */
	put16(vbt + 0x16, VBT_HEADER);
	put16(vbt + 0x18, VBT_SIZE);
	put16(vbt + 0x1c, VBT_HEADER); /* where the BDB is */
	put_text(bdb, "BIOS_DATA_BLOCK ");
	put16(bdb + 0x10, 170); /* version: children have 33 bytes */
	put16(bdb + 0x12, BDB_HEADER);
	put16(bdb + 0x14, BDB_SIZE);
	block[0] = 1; /* general features: none */
	put16(block + 1, FEATURES);
	block += 3 + FEATURES;
	block[0] = 2; /* general definitions */
	put16(block + 1, DEFINITIONS + CHILD);
	block[3] = 2; /* DDC pin of an analogue output that isn't there */
	block[7] = CHILD;
	put_child(config, block + 3 + DEFINITIONS);
}

void gvt_skl_rom(const struct gvt_skl_config *config, uint8_t *rom)
{
	uint8_t *pcir = rom + 0x20;
	unsigned int i;
	uint8_t sum = 0;

	memset(rom, 0, GVT_SKL_ROM_SIZE);
	if (config->output == GVT_SKL_BARE) {
		return;
	}
	put16(rom, 0xaa55);
	rom[2] = GVT_SKL_ROM_SIZE / 512;
	rom[3] = 0xcb; /* a far return, for a firmware that runs it */
	put16(rom + 0x18, 0x20);
	put_text(pcir, "PCIR");
	put16(pcir + 4, GVT_SKL_PCI_VENDOR);
	put16(pcir + 6, GVT_SKL_PCI_DEVICE);
	put16(pcir + 0x0a, 0x18); /* length of this structure */
	pcir[0x0e] = config->vga_class ? 0x00 : 0x80;
	pcir[0x0f] = 0x03;
	put16(pcir + 0x10, GVT_SKL_ROM_SIZE / 512);
	pcir[0x15] = 0x80; /* the last image */
	put_vbt(config, rom + VBT_OFFSET);
	for (i = 0; i < GVT_SKL_ROM_SIZE; i++) {
		sum = (uint8_t)(sum + rom[i]);
	}
	rom[GVT_SKL_ROM_SIZE - 1] = (uint8_t)(0u - sum);
}

#define OPREGION_VBT 0x400u

void gvt_skl_opregion(const struct gvt_skl_config *config, uint8_t *image)
{
	memset(image, 0, GVT_SKL_OPREGION_SIZE);
	put_text(image, "IntelGraphicsMem");
	image[0x10] = GVT_SKL_OPREGION_SIZE / 1024;
	image[0x17] = 2; /* version 2.0; of the mailboxes it could have, none (0x58) */
	if (config->output != GVT_SKL_BARE) {
		put_vbt(config, image + OPREGION_VBT);
	}
}
