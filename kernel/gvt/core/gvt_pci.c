// SPDX-License-Identifier: GPL-2.0-or-later
#include "gvt_pci.h"

/* Registers of a type 0 header (PCI Local Bus 3.0, 6.1). */
#define REG_VENDOR     0x00u
#define REG_DEVICE     0x02u
#define REG_COMMAND    0x04u
#define REG_REVISION   0x08u
#define REG_CLASS      0x09u
#define REG_CACHE_LINE 0x0cu
#define REG_BAR0       0x10u
#define REG_SUBVENDOR  0x2cu
#define REG_SUBDEVICE  0x2eu
#define REG_STATUS     0x06u
#define REG_ROM	       0x30u
#define REG_CAPS       0x34u
#define REG_INT_LINE   0x3cu
#define REG_INT_PIN    0x3du

#define STATUS_CAPS   0x0010u
#define ROM_ENABLE    0x1u
#define CAP_MSI	      0x05u
#define MSI_ENABLE    0x0001u
#define MSI_64	      0x0080u

#define COMMAND_MEMORY 0x0002u
#define COMMAND_MASTER 0x0004u
#define COMMAND_INTX   0x0400u /* disable */

#define BAR_MEM_64	 0x4u
#define BAR_MEM_PREFETCH 0x8u

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, (uint16_t)v);
	put16(at + 2, (uint16_t)(v >> 16));
}

void gvt_pci_init(struct gvt_pci *p, const struct gvt_pci_ids *ids)
{
	memset(p, 0, sizeof(*p));
	put16(p->data + REG_VENDOR, ids->vendor);
	put16(p->data + REG_DEVICE, ids->device);
	p->data[REG_REVISION] = ids->revision;
	p->data[REG_CLASS] = (uint8_t)ids->class_code;
	p->data[REG_CLASS + 1] = (uint8_t)(ids->class_code >> 8);
	p->data[REG_CLASS + 2] = (uint8_t)(ids->class_code >> 16);
	put16(p->data + REG_SUBVENDOR, ids->subvendor);
	put16(p->data + REG_SUBDEVICE, ids->subdevice);
	put16(p->writable + REG_COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX);
	p->writable[REG_CACHE_LINE] = 0xff;
	p->writable[REG_INT_LINE] = 0xff;
}

bool gvt_pci_add_bar(struct gvt_pci *p, unsigned int bar, uint64_t size_bytes, unsigned int flags)
{
	bool wide = flags & GVT_PCI_BAR_64;
	uint64_t mask = ~(size_bytes - 1);
	uint32_t type = 0;

	if (bar > (wide ? 4u : 5u) || size_bytes < 16 || (size_bytes & (size_bytes - 1)) != 0 ||
	    (!wide && size_bytes > (2ULL << 30))) {
		return false;
	}
	if (wide) {
		type |= BAR_MEM_64;
		put32(p->writable + REG_BAR0 + 4 * (bar + 1), (uint32_t)(mask >> 32));
	}
	if (flags & GVT_PCI_BAR_PREFETCH) {
		type |= BAR_MEM_PREFETCH;
	}
	put32(p->data + REG_BAR0 + 4 * bar, type);
	put32(p->writable + REG_BAR0 + 4 * bar, (uint32_t)mask & ~0xfu);
	return true;
}

void gvt_pci_set(struct gvt_pci *p, unsigned int offset, unsigned int size, uint32_t value,
		 uint32_t writable)
{
	unsigned int i;

	for (i = 0; i < size && offset + i < GVT_PCI_CONFIG_SIZE; i++) {
		p->data[offset + i] = (uint8_t)(value >> (8 * i));
		p->writable[offset + i] = (uint8_t)(writable >> (8 * i));
	}
}

void gvt_pci_add_rom(struct gvt_pci *p, uint32_t size_bytes)
{
	gvt_pci_set(p, REG_ROM, 4, 0, ~(size_bytes - 1) | ROM_ENABLE);
}

void gvt_pci_add_intx(struct gvt_pci *p)
{
	p->data[REG_INT_PIN] = 1;
}

/* PCI Local Bus 3.0, 6.8.1: control, address, upper address, data. */
void gvt_pci_add_msi(struct gvt_pci *p, unsigned int offset)
{
	p->data[REG_STATUS] |= STATUS_CAPS;
	p->data[REG_CAPS] = (uint8_t)offset;
	gvt_pci_set(p, offset, 2, CAP_MSI, 0);
	gvt_pci_set(p, offset + 2, 2, MSI_64, MSI_ENABLE);
	gvt_pci_set(p, offset + 4, 4, 0, ~3u);
	gvt_pci_set(p, offset + 8, 4, 0, ~0u);
	gvt_pci_set(p, offset + 12, 2, 0, 0xffff);
}

void gvt_pci_reset(struct gvt_pci *p)
{
	size_t i;

	for (i = 0; i < GVT_PCI_CONFIG_SIZE; i++) {
		p->data[i] &= (uint8_t)~p->writable[i];
	}
}

void gvt_pci_read(const struct gvt_pci *p, uint32_t offset, void *data, size_t count)
{
	memcpy(data, p->data + offset, count);
}

void gvt_pci_write(struct gvt_pci *p, uint32_t offset, const void *data, size_t count)
{
	const uint8_t *from = data;
	size_t i;

	for (i = 0; i < count; i++) {
		uint8_t mask = p->writable[offset + i];

		p->data[offset + i] = (uint8_t)((p->data[offset + i] & ~mask) | (from[i] & mask));
	}
}
