// SPDX-License-Identifier: GPL-2.0-or-later
/* The root bus: slots, configuration cycles, INTx lines. */
#include "hw/pci/internal.h"

#include <string.h>

#include "hw/core/machine-lock.h"
#include "util/error.h"

struct pci_bus *pci_bus_create(const char *name, struct addr_space *mem, struct addr_space *io,
			       const struct pci_route_ops *route, void *opaque)
{
	struct pci_bus *bus = g_new0(struct pci_bus, 1);

	bus->name = g_strdup(name);
	bus->mem = mem;
	bus->io = io;
	bus->route = route;
	bus->opaque = opaque;
	for (unsigned int devfn = 0; devfn < PCI_FUNCTIONS; devfn++) {
		bus->raised[devfn] = -1;
	}
	return bus;
}

void pci_bus_destroy(struct pci_bus *bus)
{
	if (!bus) {
		return;
	}
	for (unsigned int devfn = 0; devfn < PCI_FUNCTIONS; devfn++) {
		g_assert(!bus->functions[devfn]);
	}
	g_free(bus->name);
	g_free(bus);
}

struct pci_device *pci_bus_device(struct pci_bus *bus, unsigned int devfn)
{
	return devfn < PCI_FUNCTIONS ? bus->functions[devfn] : NULL;
}

/* Function 0 says whether a guest has to look for the others (PCI 3.0, 6.2.1). */
static void update_multifunction(struct pci_bus *bus, unsigned int slot)
{
	struct pci_device *first = bus->functions[PCI_DEVFN(slot, 0)];
	bool more = false;

	for (unsigned int fn = 1; fn < 8; fn++) {
		more |= bus->functions[PCI_DEVFN(slot, fn)] != NULL;
	}
	if (first && more) {
		first->config[CFG_HEADER_TYPE] |= HEADER_MULTIFUNCTION;
	}
}

static bool choose_devfn(struct pci_bus *bus, struct pci_device *pd, GError **error)
{
	if (pd->devfn < 0) {
		for (int slot = 0; slot < 32; slot++) {
			if (!bus->functions[PCI_DEVFN(slot, 0)]) {
				pd->devfn = PCI_DEVFN(slot, 0);
				return true;
			}
		}
		return error_set(error, "%s: PCI bus '%s' has no free slot",
				 device_label(&pd->dev), bus->name);
	}
	if (pd->devfn >= PCI_FUNCTIONS) {
		return error_set(error, "%s: addr: no such slot on PCI bus '%s'",
				 device_label(&pd->dev), bus->name);
	}
	if (bus->functions[pd->devfn]) {
		return error_set(error, "%s: addr: slot %02x.%x is taken by '%s'",
				 device_label(&pd->dev), pd->devfn >> 3, pd->devfn & 7,
				 device_label(&bus->functions[pd->devfn]->dev));
	}
	return true;
}

static void fill_header(struct pci_device *pd, const struct pci_ids *ids)
{
	uint8_t *config = pd->config;

	memset(config, 0, sizeof(pd->config));
	memset(pd->write_mask, 0, sizeof(pd->write_mask));
	memset(pd->w1c_mask, 0, sizeof(pd->w1c_mask));
	memset(pd->bars, 0, sizeof(pd->bars));
	pci_set16(config + CFG_VENDOR, ids->vendor);
	pci_set16(config + CFG_DEVICE, ids->device);
	pci_set16(config + CFG_SUBSYSTEM_VENDOR, ids->subsystem_vendor);
	pci_set16(config + CFG_SUBSYSTEM, ids->subsystem);
	config[CFG_REVISION] = ids->revision;
	config[CFG_CLASS] = (uint8_t)ids->class_code;
	pci_set16(config + CFG_CLASS + 1, (uint16_t)(ids->class_code >> 8));
	config[CFG_INT_PIN] = ids->interrupt_pin;

	pci_set16(pd->write_mask + CFG_COMMAND, COMMAND_IO | COMMAND_MEM | COMMAND_MASTER |
		  COMMAND_PARITY | COMMAND_SERR | COMMAND_INTX_OFF);
	pci_set16(pd->w1c_mask + CFG_STATUS, STATUS_W1C);
	pd->write_mask[CFG_CACHE_LINE] = 0xff;
	pd->write_mask[CFG_LATENCY] = 0xff;
	pd->write_mask[CFG_INT_LINE] = 0xff;
	for (int bar = 0; bar <= PCI_ROM_SLOT; bar++) {
		pd->bars[bar].gpa = PCI_UNMAPPED;
	}
	pd->intx_level = false;
	pd->msi = NULL;
	pd->msix = NULL;
	pd->next_cap = CFG_HEADER_END;
}

bool pci_plug(struct pci_device *pd, const struct pci_ops *ops, const struct pci_ids *ids,
	      GError **error)
{
	struct pci_bus *bus = pd->dev.board->pci;

	if (!bus) {
		return error_set(error, "%s: this machine has no PCI bus", device_label(&pd->dev));
	}
	if (!choose_devfn(bus, pd, error)) {
		return false;
	}
	fill_header(pd, ids);
	pd->ops = ops;
	pd->bus = bus;
	bus->functions[pd->devfn] = pd;
	update_multifunction(bus, (unsigned int)pd->devfn >> 3);
	return true;
}

void pci_unplug(struct pci_device *pd)
{
	struct pci_bus *bus = pd->bus;

	if (!bus) {
		return;
	}
	pci_intx_set(pd, false);
	pci_msix_free(pd);
	pci_msi_free(pd);
	pci_bars_unmap(pd);
	pci_rom_free(pd);
	bus->functions[pd->devfn] = NULL;
	pd->bus = NULL;
}

void pci_reset(struct pci_device *pd)
{
	pd->intx_level = false;
	for (unsigned int i = CFG_COMMAND; i < CFG_HEADER_END; i++) {
		pd->config[i] &= (uint8_t)~(pd->write_mask[i] | pd->w1c_mask[i]);
	}
	pci_bars_update(pd);
	pci_intx_update(pd);
	pci_msi_reset(pd);
	pci_msix_reset(pd);
}

/* ---- configuration cycles ---- */

static bool config_access_ok(uint32_t offset, unsigned int size)
{
	return (size == 1 || size == 2 || size == 4) && offset <= PCI_CONFIG_SIZE - size &&
	       (offset & 3) + size <= 4;
}

uint32_t pci_bus_config_read(struct pci_bus *bus, unsigned int devfn, uint32_t offset,
			     unsigned int size)
{
	struct pci_device *pd = pci_bus_device(bus, devfn);

	if (!pd || !config_access_ok(offset, size)) {
		return size == 1 ? 0xff : size == 2 ? 0xffff : 0xffffffff;
	}
	if (pd->ops && pd->ops->config_read) {
		return pd->ops->config_read(pd, offset, size);
	}
	return pci_default_config_read(pd, offset, size);
}

void pci_bus_config_write(struct pci_bus *bus, unsigned int devfn, uint32_t offset,
			  uint32_t value, unsigned int size)
{
	struct pci_device *pd = pci_bus_device(bus, devfn);

	if (!pd || !config_access_ok(offset, size)) {
		return;
	}
	if (pd->ops && pd->ops->config_write) {
		pd->ops->config_write(pd, offset, value, size);
	} else {
		pci_default_config_write(pd, offset, value, size);
	}
}

/* ---- INTx ---- */

int pci_intx_gsi(const struct pci_device *pd)
{
	unsigned int pin = pd->config[CFG_INT_PIN], gsi;

	if (!pd->bus || pin < 1 || pin > 4 || !pd->bus->route) {
		return -1;
	}
	gsi = pd->bus->route->gsi(pd->bus->opaque, (unsigned int)pd->devfn >> 3, pin - 1);
	return gsi < PCI_GSIS ? (int)gsi : -1;
}

static void line_raise(struct pci_bus *bus, int gsi)
{
	if (bus->holders[gsi]++ == 0) {
		bus->route->set(bus->opaque, (unsigned int)gsi, true);
	}
}

static void line_lower(struct pci_bus *bus, int gsi)
{
	if (--bus->holders[gsi] == 0) {
		bus->route->set(bus->opaque, (unsigned int)gsi, false);
	}
}

void pci_intx_update(struct pci_device *pd)
{
	struct pci_bus *bus = pd->bus;
	uint16_t status = pci_get16(pd->config + CFG_STATUS) & (uint16_t)~STATUS_INTX;
	bool off = pci_get16(pd->config + CFG_COMMAND) & COMMAND_INTX_OFF;
	int now = pd->intx_level && !off ? pci_intx_gsi(pd) : -1;
	int before = bus->raised[pd->devfn];

	pci_set16(pd->config + CFG_STATUS, status | (pd->intx_level ? STATUS_INTX : 0));
	if (now == before) {
		return;
	}
	bus->raised[pd->devfn] = now;
	if (now >= 0) {
		line_raise(bus, now);
	}
	if (before >= 0) {
		line_lower(bus, before);
	}
}

void pci_intx_set(struct pci_device *pd, bool level)
{
	g_assert(machine_lock_held());
	if (pd->bus && pd->intx_level != level) {
		pd->intx_level = level;
		pci_intx_update(pd);
	}
}

void pci_bus_route_changed(struct pci_bus *bus)
{
	for (unsigned int devfn = 0; devfn < PCI_FUNCTIONS; devfn++) {
		struct pci_device *pd = bus->functions[devfn];

		if (!pd) {
			continue;
		}
		pci_intx_update(pd);
		if (pd->ops && pd->ops->intx_route_changed) {
			pd->ops->intx_route_changed(pd);
		}
	}
}
