// SPDX-License-Identifier: GPL-2.0-or-later
/* Base address registers and the expansion ROM: sizing, decoding, mapping. */
#include "hw/pci/internal.h"

#include <string.h>

#include "util/error.h"
#include "util/range.h"

/*
 * A guest may put a BAR over RAM or over the board's own devices while it looks for room. They win
 * then, as they do on a chipset that decodes its own addresses first. MSI-X tables lie one above
 * their BAR (msix.c).
 */
#define BAR_PRIORITY	(-2)

/* x86-64 has at most 52 bits of physical address (AMD64 manual, volume 2, 5.3). */
#define PHYS_ADDR_END	(UINT64_C(1) << 52)

struct rom {
	struct mem_region region; /* first: bars[PCI_ROM_SLOT].region points here */
	uint8_t *data;
};

static void set64(uint8_t *p, uint64_t value)
{
	pci_set32(p, (uint32_t)value);
	pci_set32(p + 4, (uint32_t)(value >> 32));
}

static uint64_t get_masked(const struct pci_device *pd, int bar, const uint8_t *bytes)
{
	const uint8_t *p = bytes + pci_bar_register(bar);
	uint64_t value = pci_get32(p);
	uint32_t low_bits = bar == PCI_ROM_SLOT ? 0x7ff :
			    pd->bars[bar].flags & PCI_BAR_IO ? 0x3 : 0xf;

	if (pd->bars[bar].flags & PCI_BAR_MEM64) {
		value |= (uint64_t)pci_get32(p + 4) << 32;
	}
	return value & ~(uint64_t)low_bits;
}

void pci_bar_set(struct pci_device *pd, int bar, unsigned int flags, struct mem_region *region)
{
	uint64_t size = region->size_bytes, mask = ~(size - 1);
	unsigned int reg = pci_bar_register(bar);

	g_assert(bar >= 0 && bar < PCI_BARS && !pd->bars[bar].region);
	g_assert(size && !(size & (size - 1)) && size >= (flags & PCI_BAR_IO ? 16 : 4096));
	pd->bars[bar] = (struct pci_bar){
		.region = region, .size_bytes = size, .flags = flags, .gpa = PCI_UNMAPPED,
	};
	if (flags & PCI_BAR_MEM64) {
		g_assert(bar + 1 < PCI_BARS && !pd->bars[bar + 1].region);
		set64(pd->config + reg, BAR_MEM64_BITS);
		set64(pd->write_mask + reg, mask);
	} else {
		g_assert(size <= UINT32_MAX);
		pci_set32(pd->config + reg, flags & PCI_BAR_IO ? BAR_IO_BITS : 0);
		pci_set32(pd->write_mask + reg, (uint32_t)mask);
	}
	if (flags & PCI_BAR_PREFETCH) {
		pd->config[reg] |= BAR_PREFETCH_BITS;
	}
}

bool pci_rom_set(struct pci_device *pd, const void *data, size_t size_bytes, GError **error)
{
	const size_t max = 16 << 20; /* what a BIOS finds room for below 4 GiB */
	size_t size = 4096;
	struct rom *rom;

	if (!size_bytes || size_bytes > max) {
		return error_set(error, "%s: option ROM: size %zu is not in 1..%zu bytes",
				 device_label(&pd->dev), size_bytes, max);
	}
	while (size < size_bytes) {
		size *= 2;
	}
	pci_rom_free(pd);
	rom = g_new0(struct rom, 1);
	rom->data = g_aligned_alloc0(1, size, 4096);
	memcpy(rom->data, data, size_bytes);
	mem_region_init_map(&rom->region, "option-rom", size, rom->data);
	rom->region.readonly = true;
	pd->bars[PCI_ROM_SLOT] = (struct pci_bar){
		.region = &rom->region, .size_bytes = size, .gpa = PCI_UNMAPPED,
	};
	pci_set32(pd->write_mask + CFG_ROM, (uint32_t)~(size - 1) | ROM_ENABLE);
	return true;
}

static void unmap(struct pci_device *pd, int bar)
{
	if (pd->bars[bar].gpa == PCI_UNMAPPED) {
		return;
	}
	pci_msix_bar_moved(pd, bar, PCI_UNMAPPED);
	addr_space_remove(pd->bars[bar].region);
	pd->bars[bar].gpa = PCI_UNMAPPED;
}

static void map(struct pci_device *pd, int bar, uint64_t gpa)
{
	struct pci_bar *b = &pd->bars[bar];

	addr_space_add(b->flags & PCI_BAR_IO ? pd->bus->io : pd->bus->mem, gpa, b->region,
		       BAR_PRIORITY);
	b->gpa = gpa;
	pci_msix_bar_moved(pd, bar, gpa);
}

/* Where the registers now place a BAR; PCI_UNMAPPED while it isn't decoded. */
static uint64_t decoded_address(const struct pci_device *pd, int bar)
{
	const struct pci_bar *b = &pd->bars[bar];
	uint16_t command = pci_get16(pd->config + CFG_COMMAND);
	uint64_t mask = get_masked(pd, bar, pd->write_mask);
	uint64_t address = get_masked(pd, bar, pd->config);

	if (!(command & (b->flags & PCI_BAR_IO ? COMMAND_IO : COMMAND_MEM)) ||
	    (bar == PCI_ROM_SLOT && !(pd->config[CFG_ROM] & ROM_ENABLE))) {
		return PCI_UNMAPPED;
	}
	if (b->flags & PCI_BAR_IO) {
		/* 16 address lines on a PC */
		return address && address + b->size_bytes <= 0x10000 ? address : PCI_UNMAPPED;
	}
	/* A guest that asks for the size with decoding on doesn't mean the address it writes. */
	if (!address || address == mask || address == (mask & UINT32_MAX) ||
	    !range_fits(address, b->size_bytes, PHYS_ADDR_END)) {
		return PCI_UNMAPPED;
	}
	return address;
}

void pci_bars_update(struct pci_device *pd)
{
	uint64_t wanted[PCI_BARS + 1];

	/* First all that go, then all that come: two BARs may swap places. */
	for (int bar = 0; bar <= PCI_ROM_SLOT; bar++) {
		wanted[bar] = pd->bars[bar].region ? decoded_address(pd, bar) : PCI_UNMAPPED;
		if (wanted[bar] != pd->bars[bar].gpa) {
			unmap(pd, bar);
			if (wanted[bar] == PCI_UNMAPPED && pd->ops && pd->ops->bar_moved) {
				pd->ops->bar_moved(pd, bar, PCI_UNMAPPED);
			}
		}
	}
	for (int bar = 0; bar <= PCI_ROM_SLOT; bar++) {
		if (wanted[bar] == pd->bars[bar].gpa) {
			continue;
		}
		map(pd, bar, wanted[bar]);
		if (pd->ops && pd->ops->bar_moved) {
			pd->ops->bar_moved(pd, bar, wanted[bar]);
		}
	}
}

void pci_bars_unmap(struct pci_device *pd)
{
	for (int bar = 0; bar <= PCI_ROM_SLOT; bar++) {
		unmap(pd, bar);
	}
}

void pci_rom_free(struct pci_device *pd)
{
	struct rom *rom = (struct rom *)pd->bars[PCI_ROM_SLOT].region;

	if (!rom) {
		return;
	}
	unmap(pd, PCI_ROM_SLOT);
	mem_region_finish(&rom->region);
	g_aligned_free(rom->data);
	g_free(rom);
	pd->bars[PCI_ROM_SLOT].region = NULL;
	pci_set32(pd->write_mask + CFG_ROM, 0);
	pci_set32(pd->config + CFG_ROM, 0);
}

void pci_bar_set_address(struct pci_device *pd, int bar, uint64_t address)
{
	unsigned int reg = pci_bar_register(bar);
	unsigned int bytes = pd->bars[bar].flags & PCI_BAR_MEM64 ? 8 : 4;

	for (unsigned int i = 0; i < bytes; i++) {
		uint8_t mask = pd->write_mask[reg + i];

		pd->config[reg + i] = (pd->config[reg + i] & (uint8_t)~mask) |
				      ((uint8_t)(address >> (8 * i)) & mask);
	}
}
