// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSI-X: capability, vector table and pending bits (PCI 3.0, 6.8.2).
 *
 * Devices raise vectors from any thread, so table, control bits and pending bits have a lock of
 * their own, a leaf below the machine lock. Hooks and the accelerator are called without it.
 */
#include "hw/pci/internal.h"

#include <string.h>

#include "accel/accel.h"
#include "util/error.h"
#include "util/range.h"

enum {
	MSIX_CONTROL = 2,
	MSIX_TABLE = 4,
	MSIX_PBA = 8,
	MSIX_SIZE = 12,
};

#define CONTROL_ENABLE		0x8000
#define CONTROL_MASK_ALL	0x4000
#define MSIX_VECTORS_MAX	2048

#define ENTRY_BYTES		16
#define ENTRY_DATA		8
#define ENTRY_CONTROL		12
#define ENTRY_MASKED		0x1

/* One above the BAR that they lie in, see bar.c. */
#define MSIX_PRIORITY		(-1)

struct msix_state {
	uint8_t offset;
	unsigned int vectors;
	int table_bar, pba_bar;
	uint32_t table_offset, pba_offset;
	struct mem_region table_region, pba_region;
	bool table_mapped, pba_mapped;
	const struct msi_hooks *hooks;
	bool *hooked; /* [vectors]; guarded by the machine lock */

	GMutex lock; /* guards what follows */
	uint16_t control; /* copy of the capability's */
	uint8_t *table;
	uint8_t *pending; /* a bit a vector */
	size_t pba_bytes;
};

static const uint8_t *entry(const struct msix_state *msix, unsigned int vector)
{
	return msix->table + (size_t)vector * ENTRY_BYTES;
}

/* Lock held. */
static bool deliverable(const struct msix_state *msix, unsigned int vector)
{
	return (msix->control & (CONTROL_ENABLE | CONTROL_MASK_ALL)) == CONTROL_ENABLE &&
	       !(pci_get32(entry(msix, vector) + ENTRY_CONTROL) & ENTRY_MASKED);
}

static void message(const struct msix_state *msix, unsigned int vector, uint64_t *addr,
		    uint32_t *data)
{
	const uint8_t *e = entry(msix, vector);

	*addr = pci_get32(e) | (uint64_t)pci_get32(e + 4) << 32;
	*data = pci_get32(e + ENTRY_DATA);
}

void pci_msix_notify(struct pci_device *pd, unsigned int vector)
{
	struct msix_state *msix = pd->msix;
	bool send = false;
	uint64_t addr = 0;
	uint32_t data = 0;

	if (!msix || vector >= msix->vectors) {
		return;
	}
	g_mutex_lock(&msix->lock);
	if (deliverable(msix, vector)) {
		message(msix, vector, &addr, &data);
		send = true;
	} else if (msix->control & CONTROL_ENABLE) {
		msix->pending[vector / 8] |= (uint8_t)(1u << (vector % 8));
	}
	g_mutex_unlock(&msix->lock);
	if (send) {
		accel_msi_send(pd->dev.board->accel, addr, data);
	}
}

/* After a change of a vector's entry or of the control bits: tells the hooks, sends what waited. */
static void vector_update(struct pci_device *pd, unsigned int vector)
{
	struct msix_state *msix = pd->msix;
	uint8_t bit = (uint8_t)(1u << (vector % 8));
	bool on, send;
	uint64_t addr;
	uint32_t data;

	g_mutex_lock(&msix->lock);
	on = deliverable(msix, vector);
	message(msix, vector, &addr, &data);
	send = on && (msix->pending[vector / 8] & bit);
	if (send) {
		msix->pending[vector / 8] &= (uint8_t)~bit;
	}
	g_mutex_unlock(&msix->lock);

	if (msix->hooks && on) {
		/* Where it fails the device sends by pci_msix_notify. */
		msix->hooks->vector_on(pd, vector, addr, data);
		msix->hooked[vector] = true;
	} else if (msix->hooks && msix->hooked[vector]) {
		msix->hooked[vector] = false;
		msix->hooks->vector_off(pd, vector);
	}
	if (send) {
		accel_msi_send(pd->dev.board->accel, addr, data);
	}
}

static uint64_t load(const uint8_t *bytes, size_t limit, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size && offset + i < limit; i++) {
		value |= (uint64_t)bytes[offset + i] << (8 * i);
	}
	return value;
}

static uint64_t table_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct pci_device *pd = opaque;
	struct msix_state *msix = pd->msix;
	uint64_t value;

	g_mutex_lock(&msix->lock);
	value = load(msix->table, (size_t)msix->vectors * ENTRY_BYTES, offset, size);
	g_mutex_unlock(&msix->lock);
	return value;
}

static void table_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pci_device *pd = opaque;
	struct msix_state *msix = pd->msix;
	size_t table_bytes = (size_t)msix->vectors * ENTRY_BYTES;

	if (!range_fits(offset, size, table_bytes)) {
		return;
	}
	g_mutex_lock(&msix->lock);
	for (unsigned int i = 0; i < size; i++) {
		msix->table[offset + i] = (uint8_t)(value >> (8 * i));
	}
	g_mutex_unlock(&msix->lock);
	vector_update(pd, (unsigned int)(offset / ENTRY_BYTES));
}

static uint64_t pba_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct pci_device *pd = opaque;
	struct msix_state *msix = pd->msix;
	uint64_t value;

	g_mutex_lock(&msix->lock);
	value = load(msix->pending, msix->pba_bytes, offset, size);
	g_mutex_unlock(&msix->lock);
	return value;
}

static void pba_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	/* read-only for software (PCI 3.0, 6.8.2.10) */
}

static const struct mem_ops table_ops = { table_read, table_write, 1, 8 };
static const struct mem_ops pba_ops = { pba_read, pba_write, 1, 8 };

static bool layout_ok(const struct pci_device *pd, int bar, uint32_t offset, uint64_t bytes)
{
	return bar >= 0 && bar < PCI_BARS && pd->bars[bar].region &&
	       !(pd->bars[bar].flags & PCI_BAR_IO) && !(offset & 7) &&
	       range_fits(offset, bytes, pd->bars[bar].size_bytes);
}

bool pci_msix_init(struct pci_device *pd, uint8_t offset, unsigned int vectors, int table_bar,
		   uint32_t table_offset, int pba_bar, uint32_t pba_offset,
		   const struct msi_hooks *hooks, GError **error)
{
	uint64_t table_bytes = (uint64_t)vectors * ENTRY_BYTES;
	uint64_t pba_bytes = round_up(vectors, 64) / 8;
	struct msix_state *msix;

	if (vectors < 1 || vectors > MSIX_VECTORS_MAX ||
	    !layout_ok(pd, table_bar, table_offset, table_bytes) ||
	    !layout_ok(pd, pba_bar, pba_offset, pba_bytes)) {
		return error_set(error, "%s: MSI-X: %u vectors, table at BAR %d+0x%x, pending bits "
				 "at BAR %d+0x%x: they don't fit", device_label(&pd->dev), vectors,
				 table_bar, table_offset, pba_bar, pba_offset);
	}
	offset = pci_capability_place(pd, offset, CAP_MSIX, MSIX_SIZE, error);
	if (!offset) {
		return false;
	}
	pci_set16(pd->config + offset + MSIX_CONTROL, (uint16_t)(vectors - 1));
	pci_set32(pd->config + offset + MSIX_TABLE, table_offset | (uint32_t)table_bar);
	pci_set32(pd->config + offset + MSIX_PBA, pba_offset | (uint32_t)pba_bar);
	pci_set16(pd->write_mask + offset + MSIX_CONTROL, CONTROL_ENABLE | CONTROL_MASK_ALL);

	msix = g_new0(struct msix_state, 1);
	msix->offset = offset;
	msix->vectors = vectors;
	msix->table_bar = table_bar;
	msix->table_offset = table_offset;
	msix->pba_bar = pba_bar;
	msix->pba_offset = pba_offset;
	msix->pba_bytes = pba_bytes;
	msix->hooks = hooks;
	msix->hooked = g_new0(bool, vectors);
	msix->table = g_malloc0(table_bytes);
	msix->pending = g_malloc0(pba_bytes);
	g_mutex_init(&msix->lock);
	mem_region_init_io(&msix->table_region, "msix-table", table_bytes, &table_ops, pd);
	mem_region_init_io(&msix->pba_region, "msix-pba", pba_bytes, &pba_ops, pd);
	pd->msix = msix;
	pci_msix_reset(pd);
	return true;
}

bool pci_msix_enabled(const struct pci_device *pd)
{
	bool enabled = false;

	if (pd->msix) {
		g_mutex_lock(&pd->msix->lock);
		enabled = pd->msix->control & CONTROL_ENABLE;
		g_mutex_unlock(&pd->msix->lock);
	}
	return enabled;
}

unsigned int pci_msix_vectors(const struct pci_device *pd)
{
	return pd->msix ? pd->msix->vectors : 0;
}

void pci_msix_config_written(struct pci_device *pd, uint32_t offset, unsigned int size)
{
	struct msix_state *msix = pd->msix;
	uint16_t control;
	bool changed;

	if (!msix || !ranges_overlap(offset, size, msix->offset + MSIX_CONTROL, 2)) {
		return;
	}
	control = pci_get16(pd->config + msix->offset + MSIX_CONTROL);
	g_mutex_lock(&msix->lock);
	changed = control != msix->control;
	msix->control = control;
	g_mutex_unlock(&msix->lock);
	for (unsigned int vector = 0; changed && vector < msix->vectors; vector++) {
		vector_update(pd, vector);
	}
}

static void region_move(struct pci_device *pd, struct mem_region *region, bool *mapped,
			uint64_t gpa)
{
	if (*mapped) {
		addr_space_remove(region);
	}
	*mapped = gpa != PCI_UNMAPPED;
	if (*mapped) {
		addr_space_add(pd->bus->mem, gpa, region, MSIX_PRIORITY);
	}
}

void pci_msix_bar_moved(struct pci_device *pd, int bar, uint64_t gpa)
{
	struct msix_state *msix = pd->msix;

	if (msix && bar == msix->table_bar) {
		region_move(pd, &msix->table_region, &msix->table_mapped,
			    gpa == PCI_UNMAPPED ? gpa : gpa + msix->table_offset);
	}
	if (msix && bar == msix->pba_bar) {
		region_move(pd, &msix->pba_region, &msix->pba_mapped,
			    gpa == PCI_UNMAPPED ? gpa : gpa + msix->pba_offset);
	}
}

void pci_msix_reset(struct pci_device *pd)
{
	struct msix_state *msix = pd->msix;

	if (!msix) {
		return;
	}
	pci_set16(pd->config + msix->offset + MSIX_CONTROL, (uint16_t)(msix->vectors - 1));
	g_mutex_lock(&msix->lock);
	msix->control = (uint16_t)(msix->vectors - 1);
	memset(msix->table, 0, (size_t)msix->vectors * ENTRY_BYTES);
	memset(msix->pending, 0, msix->pba_bytes);
	for (unsigned int vector = 0; vector < msix->vectors; vector++) {
		msix->table[vector * ENTRY_BYTES + ENTRY_CONTROL] = ENTRY_MASKED;
	}
	g_mutex_unlock(&msix->lock);
	for (unsigned int vector = 0; vector < msix->vectors; vector++) {
		vector_update(pd, vector);
	}
}

void pci_msix_free(struct pci_device *pd)
{
	struct msix_state *msix = pd->msix;

	if (!msix) {
		return;
	}
	pci_msix_reset(pd);
	region_move(pd, &msix->table_region, &msix->table_mapped, PCI_UNMAPPED);
	region_move(pd, &msix->pba_region, &msix->pba_mapped, PCI_UNMAPPED);
	mem_region_finish(&msix->table_region);
	mem_region_finish(&msix->pba_region);
	g_mutex_clear(&msix->lock);
	g_free(msix->hooked);
	g_free(msix->table);
	g_free(msix->pending);
	g_clear_pointer(&pd->msix, g_free);
}
