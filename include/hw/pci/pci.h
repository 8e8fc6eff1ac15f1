/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conventional PCI: one root bus, configuration space, BARs, INTx, MSI, MSI-X.
 *
 * Source of register layouts: PCI Local Bus Specification 3.0. All calls with the machine lock
 * held unless said otherwise.
 */
#ifndef HW_PCI_PCI_H
#define HW_PCI_PCI_H

#include "hw/core/addr-space.h"
#include "hw/core/device.h"

#define PCI_CONFIG_SIZE	256
#define PCI_BARS	6
#define PCI_ROM_SLOT	6 /* index of the expansion ROM in bars[] */
#define PCI_UNMAPPED	UINT64_MAX
#define PCI_DEVFN(slot, fn) (((slot) << 3) | (fn))

struct pci_device;

struct pci_ops {
	/* Both optional; NULL means pci_default_config_*. @size 1, 2, 4; never crosses a dword. */
	uint32_t (*config_read)(struct pci_device *pd, uint32_t offset, unsigned int size);
	void (*config_write)(struct pci_device *pd, uint32_t offset, uint32_t value,
			     unsigned int size);
	/* Optional: BAR or ROM @bar is now at @gpa, or PCI_UNMAPPED. */
	void (*bar_moved)(struct pci_device *pd, int bar, uint64_t gpa);
	/* Optional: where this device's INTx pin goes has changed, see pci_intx_gsi. */
	void (*intx_route_changed)(struct pci_device *pd);
};

#define PCI_BAR_IO	(1u << 0)
#define PCI_BAR_MEM64	(1u << 1)
#define PCI_BAR_PREFETCH (1u << 2)

struct pci_bar {
	struct mem_region *region; /* NULL: not implemented */
	uint64_t size_bytes;
	unsigned int flags;
	uint64_t gpa; /* PCI_UNMAPPED while not decoded */
};

/* Optional hooks for a device that delivers MSI/MSI-X by irqfd. on: the vector may fire with this
 * message (called again when the message changes); off: it may not. */
struct msi_hooks {
	int (*vector_on)(struct pci_device *pd, unsigned int vector, uint64_t addr, uint32_t data);
	void (*vector_off)(struct pci_device *pd, unsigned int vector);
};

struct msix_state;
struct msi_state;

/* Starts a PCI device's own struct. */
struct pci_device {
	struct device dev;
	const struct pci_ops *ops;
	struct pci_bus *bus; /* NULL until plugged */
	int32_t devfn; /* property "addr"; -1: first free slot */
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t write_mask[PCI_CONFIG_SIZE]; /* bits the guest may change */
	uint8_t w1c_mask[PCI_CONFIG_SIZE]; /* bits that writing 1 clears */
	struct pci_bar bars[PCI_BARS + 1];
	bool intx_level;
	struct msi_state *msi;
	struct msix_state *msix;
	uint8_t next_cap; /* where pci_capability_add puts the next one */
};

/* Put first in the property table of every PCI device. */
#define PCI_PROPERTIES(_struct, _field)                                                 \
	PROP("addr", PROP_PCI_ADDR, _struct, _field.devfn, "-1",                        \
	     "slot and function on the bus, slot.function")

struct pci_ids {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class_code; /* 24 bits: class, subclass, prog-if */
	uint8_t revision;
	uint8_t interrupt_pin; /* 0: none, 1: INTA# */
};

/* First call in a PCI device's realize: takes a slot on board->pci, fills config space. */
bool pci_plug(struct pci_device *pd, const struct pci_ops *ops, const struct pci_ids *ids,
	      GError **error);
/* Last call in unrealize: unmaps BARs, frees MSI state and the slot. */
void pci_unplug(struct pci_device *pd);
/* In the device's reset: command register, BARs, interrupt state; IDs stay. */
void pci_reset(struct pci_device *pd);

/* @region's size must be a power of two, at least 16 (I/O) or 4096 (memory; smaller is rounded up
 * by the caller); borrowed. A MEM64 BAR takes @bar and @bar + 1. */
void pci_bar_set(struct pci_device *pd, int bar, unsigned int flags, struct mem_region *region);
/* Expansion ROM: a read-only copy of @data, size rounded up to a power of two >= 2 KiB. */
bool pci_rom_set(struct pci_device *pd, const void *data, size_t size_bytes, GError **error);

/* Adds a capability of @size bytes, zero but for id and next, guest-read-only until the caller
 * sets write_mask. Returns its offset. */
uint8_t pci_capability_add(struct pci_device *pd, uint8_t id, uint8_t size_bytes);
/* Offset of the first capability @id, or 0. */
uint8_t pci_capability_find(const struct pci_device *pd, uint8_t id);

uint32_t pci_default_config_read(struct pci_device *pd, uint32_t offset, unsigned int size);
void pci_default_config_write(struct pci_device *pd, uint32_t offset, uint32_t value,
			      unsigned int size);
static inline uint16_t pci_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t pci_get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline void pci_set16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}
static inline void pci_set32(uint8_t *p, uint32_t v)
{
	pci_set16(p, (uint16_t)v);
	pci_set16(p + 2, (uint16_t)(v >> 16));
}

/* INTx: level of this device's pin. The bus ORs devices that share a line. */
void pci_intx_set(struct pci_device *pd, bool level);
/* The GSI this device's pin is routed to, for irqfds; -1 without a pin. */
int pci_intx_gsi(const struct pci_device *pd);

/* MSI with @vectors (power of two <= 32), 64-bit address, no per-vector mask. @offset 0: next free
 * place. @hooks may be NULL. */
bool pci_msi_init(struct pci_device *pd, uint8_t offset, unsigned int vectors,
		  const struct msi_hooks *hooks, GError **error);
bool pci_msi_enabled(const struct pci_device *pd);
void pci_msi_notify(struct pci_device *pd, unsigned int vector);

/* MSI-X: the table and PBA are put into @table_bar at @table_offset (the caller's BAR region must
 * leave that space to pci_msix_region, which is added above it with a higher priority when the BAR
 * is mapped). @offset 0: next free place in config space. */
bool pci_msix_init(struct pci_device *pd, uint8_t offset, unsigned int vectors, int table_bar,
		   uint32_t table_offset, int pba_bar, uint32_t pba_offset,
		   const struct msi_hooks *hooks, GError **error);
bool pci_msix_enabled(const struct pci_device *pd);
/* Sends, or sets the pending bit while masked. Context: any thread, lock not needed. */
void pci_msix_notify(struct pci_device *pd, unsigned int vector);
unsigned int pci_msix_vectors(const struct pci_device *pd);

/* ---- the bus ---- */

/* How pins reach the interrupt controller; the board decides. */
struct pci_route_ops {
	/* GSI of @pin (0..3 = A..D) of the device in @slot. */
	unsigned int (*gsi)(void *opaque, unsigned int slot, unsigned int pin);
	void (*set)(void *opaque, unsigned int gsi, bool level);
};
struct pci_bus *pci_bus_create(const char *name, struct addr_space *mem, struct addr_space *io,
			       const struct pci_route_ops *route, void *opaque);
void pci_bus_destroy(struct pci_bus *bus);
/* The board's call when its routing registers changed. */
void pci_bus_route_changed(struct pci_bus *bus);
struct pci_device *pci_bus_device(struct pci_bus *bus, unsigned int devfn);
/* Config mechanism #1 (ports 0xcf8/0xcfc) goes through these; unclaimed reads give all ones. */
uint32_t pci_bus_config_read(struct pci_bus *bus, unsigned int devfn, uint32_t offset,
			     unsigned int size);
void pci_bus_config_write(struct pci_bus *bus, unsigned int devfn, uint32_t offset,
			  uint32_t value, unsigned int size);
/* Without firmware: gives every BAR an address in the windows and enables decoding, as a BIOS
 * would. [mem_base, mem_end) below 4 GiB, [mem64_base, mem64_end) above, I/O from 0xc000. Called by
 * the loader after each machine reset. False and *error when a window is too small. */
struct pci_windows {
	uint64_t mem_base, mem_end, mem64_base, mem64_end;
	uint16_t io_base, io_end;
};
bool pci_bus_assign(struct pci_bus *bus, const struct pci_windows *windows, GError **error);

#endif
