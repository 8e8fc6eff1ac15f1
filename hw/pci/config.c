// SPDX-License-Identifier: GPL-2.0-or-later
/* A function's configuration space: masked writes and the capability list. */
#include "hw/pci/internal.h"

#include "util/error.h"
#include "util/range.h"

uint32_t pci_default_config_read(struct pci_device *pd, uint32_t offset, unsigned int size)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < size; i++) {
		value |= (uint32_t)pd->config[offset + i] << (8 * i);
	}
	return value;
}

void pci_default_config_write(struct pci_device *pd, uint32_t offset, uint32_t value,
			      unsigned int size)
{
	for (unsigned int i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(value >> (8 * i)), *reg = &pd->config[offset + i];
		uint8_t mask = pd->write_mask[offset + i];

		*reg = (*reg & (uint8_t)~mask) | (byte & mask);
		*reg &= (uint8_t)~(byte & pd->w1c_mask[offset + i]);
	}
	if (ranges_overlap(offset, size, CFG_COMMAND, 2)) {
		pci_intx_update(pd);
	}
	if (ranges_overlap(offset, size, CFG_COMMAND, 2) ||
	    ranges_overlap(offset, size, CFG_BAR0, 4 * PCI_BARS) ||
	    ranges_overlap(offset, size, CFG_ROM, 4)) {
		pci_bars_update(pd);
	}
	pci_msi_config_written(pd, offset, size);
	pci_msix_config_written(pd, offset, size);
}

/* The list is followed at most as often as it can have members: a device's image may hold a
 * circle. */
#define CAPS_MAX ((PCI_CONFIG_SIZE - CFG_HEADER_END) / 4)

static uint8_t cap_next(const struct pci_device *pd, uint8_t offset)
{
	return pd->config[offset ? offset + 1 : CFG_CAP_LIST] & 0xfc;
}

uint8_t pci_capability_find(const struct pci_device *pd, uint8_t id)
{
	uint8_t offset = 0;

	if (!(pd->config[CFG_STATUS] & STATUS_CAP_LIST)) {
		return 0;
	}
	for (unsigned int i = 0; i < CAPS_MAX; i++) {
		offset = cap_next(pd, offset);
		if (offset < CFG_HEADER_END) {
			return 0;
		}
		if (pd->config[offset] == id) {
			return offset;
		}
	}
	return 0;
}

static bool cap_listed_at(const struct pci_device *pd, uint8_t offset, uint8_t id)
{
	uint8_t at = 0;

	if (!(pd->config[CFG_STATUS] & STATUS_CAP_LIST)) {
		return false;
	}
	for (unsigned int i = 0; i < CAPS_MAX; i++) {
		at = cap_next(pd, at);
		if (at < CFG_HEADER_END) {
			return false;
		}
		if (at == offset) {
			return pd->config[at] == id;
		}
	}
	return false;
}

static void cap_append(struct pci_device *pd, uint8_t offset, uint8_t id)
{
	uint8_t last = 0;

	if (pd->config[CFG_STATUS] & STATUS_CAP_LIST) {
		for (unsigned int i = 0; i < CAPS_MAX && cap_next(pd, last); i++) {
			last = cap_next(pd, last);
		}
	}
	pd->config[CFG_STATUS] |= STATUS_CAP_LIST;
	pd->config[last ? last + 1 : CFG_CAP_LIST] = offset;
	pd->config[offset] = id;
	pd->config[offset + 1] = 0;
}

uint8_t pci_capability_place(struct pci_device *pd, uint8_t offset, uint8_t id, uint8_t size,
			     GError **error)
{
	if (!offset) {
		if (!range_fits(pd->next_cap, size, PCI_CONFIG_SIZE)) {
			error_set(error, "%s: no room for capability 0x%02x in config space",
				  device_label(&pd->dev), id);
			return 0;
		}
		return pci_capability_add(pd, id, size);
	}
	if (offset < CFG_HEADER_END || (offset & 3) || !range_fits(offset, size, PCI_CONFIG_SIZE)) {
		error_set(error, "%s: capability 0x%02x at 0x%02x: outside config space",
			  device_label(&pd->dev), id, offset);
		return 0;
	}
	if (!cap_listed_at(pd, offset, id)) {
		cap_append(pd, offset, id);
	}
	return offset;
}

uint8_t pci_capability_add(struct pci_device *pd, uint8_t id, uint8_t size_bytes)
{
	uint8_t offset = pd->next_cap;

	g_assert(size_bytes >= 2 && range_fits(offset, size_bytes, PCI_CONFIG_SIZE));
	cap_append(pd, offset, id);
	pd->next_cap = (uint8_t)MIN(round_up(offset + size_bytes, 4), PCI_CONFIG_SIZE - 1);
	return offset;
}
