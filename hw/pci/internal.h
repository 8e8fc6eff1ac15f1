/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of hw/pci only. Everything with the machine lock held unless it says so. */
#ifndef HW_PCI_INTERNAL_H
#define HW_PCI_INTERNAL_H

#include "hw/pci/pci.h"

/* Offsets and bits of the type 0 header, PCI 3.0 chapter 6. */
enum {
	CFG_VENDOR = 0x00,
	CFG_DEVICE = 0x02,
	CFG_COMMAND = 0x04,
	CFG_STATUS = 0x06,
	CFG_REVISION = 0x08,
	CFG_CLASS = 0x09,
	CFG_CACHE_LINE = 0x0c,
	CFG_LATENCY = 0x0d,
	CFG_HEADER_TYPE = 0x0e,
	CFG_BAR0 = 0x10,
	CFG_SUBSYSTEM_VENDOR = 0x2c,
	CFG_SUBSYSTEM = 0x2e,
	CFG_ROM = 0x30,
	CFG_CAP_LIST = 0x34,
	CFG_INT_LINE = 0x3c,
	CFG_INT_PIN = 0x3d,
	CFG_HEADER_END = 0x40,
};

#define COMMAND_IO		0x0001
#define COMMAND_MEM		0x0002
#define COMMAND_MASTER		0x0004
#define COMMAND_PARITY		0x0040
#define COMMAND_SERR		0x0100
#define COMMAND_INTX_OFF	0x0400
#define STATUS_INTX		0x0008
#define STATUS_CAP_LIST		0x0010
#define STATUS_W1C		0xf900
#define HEADER_MULTIFUNCTION	0x80
#define BAR_IO_BITS		0x1
#define BAR_MEM64_BITS		0x4
#define BAR_PREFETCH_BITS	0x8
#define ROM_ENABLE		0x1
#define CAP_MSI			0x05
#define CAP_MSIX		0x11

#define PCI_FUNCTIONS	256
/* More than any interrupt controller here has; a routing beyond it means "not connected". */
#define PCI_GSIS	64

struct pci_bus {
	char *name;
	struct addr_space *mem, *io;
	const struct pci_route_ops *route;
	void *opaque;
	struct pci_device *functions[PCI_FUNCTIONS];
	/* By devfn: the GSI that the pin holds up at this moment, -1: none. */
	int raised[PCI_FUNCTIONS];
	/* How many pins hold this GSI up; the line is their OR. */
	unsigned int holders[PCI_GSIS];
};

/* Brings a pin's effect on its line up to date with level, command register and routing. */
void pci_intx_update(struct pci_device *pd);

/* Maps and unmaps BARs and ROM as command register and addresses now say. */
void pci_bars_update(struct pci_device *pd);
void pci_bars_unmap(struct pci_device *pd);
/* Frees what pci_rom_set took. */
void pci_rom_free(struct pci_device *pd);
/* Offset of a BAR's (or the ROM's) register. */
static inline unsigned int pci_bar_register(int bar)
{
	return bar == PCI_ROM_SLOT ? CFG_ROM : CFG_BAR0 + 4 * (unsigned int)bar;
}
/* Writes the address part of a BAR's register; mapping is left to pci_bars_update. */
void pci_bar_set_address(struct pci_device *pd, int bar, uint64_t address);

/* Puts a capability of @size bytes at @offset (0: next free place) unless the list has that
 * capability there already, as the image of a physical device does. 0 and *error without room. */
uint8_t pci_capability_place(struct pci_device *pd, uint8_t offset, uint8_t id, uint8_t size,
			     GError **error);

void pci_msi_config_written(struct pci_device *pd, uint32_t offset, unsigned int size);
void pci_msi_reset(struct pci_device *pd);
void pci_msi_free(struct pci_device *pd);

void pci_msix_config_written(struct pci_device *pd, uint32_t offset, unsigned int size);
void pci_msix_bar_moved(struct pci_device *pd, int bar, uint64_t gpa);
void pci_msix_reset(struct pci_device *pd);
void pci_msix_free(struct pci_device *pd);

#endif
