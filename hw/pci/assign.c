// SPDX-License-Identifier: GPL-2.0-or-later
/* What a BIOS does for PCI before an operating system runs: addresses and decode bits. */
#include "hw/pci/internal.h"

#include <inttypes.h>

#include "util/error.h"

struct request {
	struct pci_device *pd;
	int bar;
};

static const struct pci_bar *bar_of(const struct request *request)
{
	return &request->pd->bars[request->bar];
}

/* Biggest first, so that natural alignment leaves no holes. */
static int bigger_first(const void *a, const void *b)
{
	uint64_t size_a = bar_of(a)->size_bytes, size_b = bar_of(b)->size_bytes;

	return size_a == size_b ? 0 : size_a > size_b ? -1 : 1;
}

static GArray *collect(struct pci_bus *bus)
{
	GArray *requests = g_array_new(false, false, sizeof(struct request));

	for (unsigned int devfn = 0; devfn < PCI_FUNCTIONS; devfn++) {
		struct pci_device *pd = bus->functions[devfn];

		for (int bar = 0; pd && bar <= PCI_ROM_SLOT; bar++) {
			struct request request = { pd, bar };

			if (pd->bars[bar].region) {
				g_array_append_val(requests, request);
			}
		}
	}
	g_array_sort(requests, bigger_first);
	return requests;
}

/* Takes @size bytes, naturally aligned, from *next; false when they don't end by @end. */
static bool take(uint64_t *next, uint64_t end, uint64_t size, uint64_t *address)
{
	uint64_t base = (*next + size - 1) & ~(size - 1);

	if (base < *next || base > end || size > end - base) {
		return false;
	}
	*address = base;
	*next = base + size;
	return true;
}

static bool place(const struct request *request, struct pci_windows *left, GError **error)
{
	const struct pci_bar *bar = bar_of(request);
	uint64_t address = 0, io = left->io_base;
	bool ok;

	if (bar->flags & PCI_BAR_IO) {
		ok = take(&io, left->io_end, bar->size_bytes, &address);
		left->io_base = (uint16_t)io;
	} else if ((bar->flags & PCI_BAR_MEM64) && (bar->flags & PCI_BAR_PREFETCH)) {
		ok = take(&left->mem64_base, left->mem64_end, bar->size_bytes, &address) ||
		     take(&left->mem_base, left->mem_end, bar->size_bytes, &address);
	} else {
		ok = take(&left->mem_base, left->mem_end, bar->size_bytes, &address) ||
		     ((bar->flags & PCI_BAR_MEM64) &&
		      take(&left->mem64_base, left->mem64_end, bar->size_bytes, &address));
	}
	if (!ok) {
		return error_set(error, "%s: BAR %d of %" PRIu64 " KiB: no room in the PCI %s window",
				 device_label(&request->pd->dev), request->bar,
				 bar->size_bytes >> 10,
				 bar->flags & PCI_BAR_IO ? "I/O" : "memory");
	}
	pci_bar_set_address(request->pd, request->bar, address);
	return true;
}

static void enable(struct pci_device *pd)
{
	uint16_t command = pci_get16(pd->config + CFG_COMMAND);
	int gsi = pci_intx_gsi(pd);

	for (int bar = 0; bar < PCI_BARS; bar++) {
		if (pd->bars[bar].region) {
			command |= pd->bars[bar].flags & PCI_BAR_IO ? COMMAND_IO : COMMAND_MEM;
		}
	}
	if (gsi >= 0) {
		pci_bus_config_write(pd->bus, (unsigned int)pd->devfn, CFG_INT_LINE,
				     (uint32_t)gsi, 1);
	}
	/* By the device's own config_write: it may have to know (vfio). */
	pci_bus_config_write(pd->bus, (unsigned int)pd->devfn, CFG_COMMAND, command, 2);
}

bool pci_bus_assign(struct pci_bus *bus, const struct pci_windows *windows, GError **error)
{
	g_autoptr(GArray) requests = collect(bus);
	struct pci_windows left = *windows;

	for (unsigned int devfn = 0; devfn < PCI_FUNCTIONS; devfn++) {
		if (bus->functions[devfn]) {
			uint32_t command = pci_bus_config_read(bus, devfn, CFG_COMMAND, 2);

			pci_bus_config_write(bus, devfn, CFG_COMMAND,
					     command & ~(uint32_t)(COMMAND_IO | COMMAND_MEM), 2);
		}
	}
	for (unsigned int i = 0; i < requests->len; i++) {
		if (!place(&g_array_index(requests, struct request, i), &left, error)) {
			return false;
		}
	}
	for (unsigned int devfn = 0; devfn < PCI_FUNCTIONS; devfn++) {
		if (bus->functions[devfn]) {
			enable(bus->functions[devfn]);
		}
	}
	return true;
}
