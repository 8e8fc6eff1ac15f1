/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct gvt_pci: a conventional PCI configuration space (type 0, 256 bytes) as an image and a
 * write mask. Context: any; the caller serialises.
 */
#ifndef GVT_PCI_H
#define GVT_PCI_H

#include "gvt_types.h"

#define GVT_PCI_CONFIG_SIZE 256u

#define GVT_PCI_BAR_64	     0x1u /* takes two BARs */
#define GVT_PCI_BAR_PREFETCH 0x2u

struct gvt_pci_ids {
	uint16_t vendor;
	uint16_t device;
	uint16_t subvendor;
	uint16_t subdevice;
	uint32_t class_code; /* 24 bits: base, sub, interface */
	uint8_t revision;
};

struct gvt_pci {
	uint8_t data[GVT_PCI_CONFIG_SIZE];
	uint8_t writable[GVT_PCI_CONFIG_SIZE]; /* a set bit: the guest may change it */
};

#define GVT_PCI_MSI_BYTES 14u

/* Identity, memory enable and bus master writable, no BAR, no interrupt pin, no capability. */
void gvt_pci_init(struct gvt_pci *p, const struct gvt_pci_ids *ids);

/*
 * Memory BAR @bar (0..5) of @size_bytes, a power of two of at least 16; above 2 GiB only with
 * GVT_PCI_BAR_64, which also takes @bar + 1. False if that can't be.
 */
bool gvt_pci_add_bar(struct gvt_pci *p, unsigned int bar, uint64_t size_bytes, unsigned int flags);

/* The expansion ROM's BAR, @size_bytes a power of two of at least 2048. */
void gvt_pci_add_rom(struct gvt_pci *p, uint32_t size_bytes);
/* Interrupt pin A. */
void gvt_pci_add_intx(struct gvt_pci *p);
/* An MSI capability at @offset for one vector with a 64-bit address, the only one of the list. */
void gvt_pci_add_msi(struct gvt_pci *p, unsigned int offset);
/* A register of @size bytes (1, 2, 4): its value, and which bits the guest may change. */
void gvt_pci_set(struct gvt_pci *p, unsigned int offset, unsigned int size, uint32_t value,
		 uint32_t writable);

/* Forget what the guest wrote. */
void gvt_pci_reset(struct gvt_pci *p);

/*
 * Copy @count bytes at @offset out of / into the configuration space; the caller has checked
 * offset + count <= GVT_PCI_CONFIG_SIZE. Bits that are not writable keep their value.
 */
void gvt_pci_read(const struct gvt_pci *p, uint32_t offset, void *data, size_t count);
void gvt_pci_write(struct gvt_pci *p, uint32_t offset, const void *data, size_t count);

#endif
