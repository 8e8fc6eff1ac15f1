// SPDX-License-Identifier: GPL-2.0-or-later
/* BARs: what the device lets us map goes straight into the guest, the rest is trapped. */
#include "vfio-pci.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "util/error.h"
#include "util/range.h"
#include "util/trace.h"

/* A 32-bit BAR ends below 4 GiB and I/O is 16 bits wide; 64-bit ones are bounded by what can be
 * placed at all. */
#define BAR32_MAX_BYTES (2ull << 30)
#define BAR64_MAX_BYTES (1ull << 46)
#define BAR_IO_MAX_BYTES 0x8000ull

static uint64_t bar_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct vfio_bar *bar = opaque;
	struct vfio_pci *vp = bar->owner;
	uint8_t bytes[8] = { 0 };
	uint64_t value = 0;
	int ret = vp->gone ? -ENODEV :
			     vfio_region_read(vp->device, bar->region, offset, bytes, size);

	if (ret < 0) {
		TRACE_GUEST_ERROR(vfio, "%s: read 0x%" G_GINT64_MODIFIER "x size %u: %s",
				  bar->name, offset, size, g_strerror(-ret));
		return UINT64_MAX;
	}
	for (unsigned int i = 0; i < size; i++) {
		value |= (uint64_t)bytes[i] << (8 * i);
	}
	TRACE(vfio, bar_read, "%s+0x%" G_GINT64_MODIFIER "x size %u: 0x%" G_GINT64_MODIFIER "x",
	      bar->name, offset, size, value);
	vfio_intx_touched(vp);
	return value;
}

static void bar_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct vfio_bar *bar = opaque;
	struct vfio_pci *vp = bar->owner;
	uint8_t bytes[8];
	int ret;

	if (vp->gone) {
		return;
	}
	for (unsigned int i = 0; i < size; i++) {
		bytes[i] = (uint8_t)(value >> (8 * i));
	}
	ret = vfio_region_write(vp->device, bar->region, offset, bytes, size);
	if (ret < 0) {
		TRACE_GUEST_ERROR(vfio, "%s: write 0x%" G_GINT64_MODIFIER "x size %u: %s",
				  bar->name, offset, size, g_strerror(-ret));
	}
	TRACE(vfio, bar_write, "%s+0x%" G_GINT64_MODIFIER "x size %u: 0x%" G_GINT64_MODIFIER "x",
	      bar->name, offset, size, value);
	vfio_intx_touched(vp);
}

static const struct mem_ops memory_ops = { bar_read, bar_write, 1, 8 };
static const struct mem_ops port_ops = { bar_read, bar_write, 1, 4 };

static void map_area(struct vfio_bar *bar, uint64_t offset, uint64_t size)
{
	struct vfio_pci *vp = bar->owner;
	bool writable = bar->region->flags & VFIO_REGION_INFO_FLAG_WRITE;
	struct vfio_bar_map *map;
	void *hva;
	int ret;

	if (!size) {
		return;
	}
	ret = vfio_region_map(vp->device, bar->region, offset, size,
			      PROT_READ | (writable ? PROT_WRITE : 0), &hva);
	if (ret < 0) {
		TRACE(vfio, bar_trapped, "%s: mmap 0x%" G_GINT64_MODIFIER "x: %s", bar->name,
		      offset, g_strerror(-ret));
		return;
	}
	map = &bar->maps[bar->map_count++];
	map->offset = offset;
	mem_region_init_map(&map->region, bar->name, size, hva);
	map->region.readonly = !writable;
}

/*
 * Maps what may be mapped, but for the pages that hold the MSI-X table: newer kernels allow mapping
 * them, and then the guest would write messages meant for its own interrupt controller into the
 * device.
 */
static void map_bar(struct vfio_bar *bar, const struct vfio_msix_layout *msix, int index)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t hole = 0, hole_end = 0;

	if (msix->vectors && msix->table_bar == index) {
		hole = msix->table_offset & ~(page - 1);
		hole_end = round_up((uint64_t)msix->table_offset +
				    msix->vectors * PCI_MSIX_ENTRY_SIZE, page);
	}
	/* each area is cut into two pieces at most */
	bar->maps = g_new0(struct vfio_bar_map, 2 * MAX(bar->region->area_count, 1));
	for (unsigned int i = 0; i < bar->region->area_count; i++) {
		uint64_t start = bar->region->areas[i].offset;
		uint64_t end = start + bar->region->areas[i].size_bytes;

		if (!ranges_overlap(start, end - start, hole, hole_end - hole)) {
			map_area(bar, start, end - start);
			continue;
		}
		if (hole > start) {
			map_area(bar, start, hole - start);
		}
		if (hole_end < end) {
			map_area(bar, hole_end, end - hole_end);
		}
	}
}

static uint64_t power_of_two(uint64_t size)
{
	uint64_t value = 1;

	while (value < size) {
		value <<= 1;
	}
	return value;
}

static bool setup_bar(struct vfio_pci *vp, int index, const struct vfio_msix_layout *msix,
		      bool *is_64bit, GError **error)
{
	struct vfio_bar *bar = &vp->bars[index];
	const struct vfio_region *region = &vp->device->regions[index];
	unsigned int flags = 0;
	uint8_t raw[4];
	uint64_t size, max;
	int ret;

	*is_64bit = false;
	if (!region->size_bytes) {
		return true;
	}
	ret = vfio_region_read(vp->device, vp->config_region,
			       PCI_BASE_ADDRESS_0 + 4u * (unsigned int)index, raw, 4);
	if (ret < 0) {
		return error_set_errno(error, -ret, "%s: BAR %d: config space", vp->device->name,
				       index);
	}
	if (raw[0] & PCI_BASE_ADDRESS_SPACE_IO) {
		flags |= PCI_BAR_IO;
		max = BAR_IO_MAX_BYTES;
	} else if ((raw[0] & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64 &&
		   index + 1 < PCI_BARS) {
		flags |= PCI_BAR_MEM64;
		*is_64bit = true;
		max = BAR64_MAX_BYTES;
	} else {
		max = BAR32_MAX_BYTES;
	}
	if (!(flags & PCI_BAR_IO) && (raw[0] & PCI_BASE_ADDRESS_MEM_PREFETCH)) {
		flags |= PCI_BAR_PREFETCH;
	}
	if (region->size_bytes > max) {
		return error_set(error, "%s: BAR %d: %" G_GUINT64_FORMAT " bytes can't be placed",
				 vp->device->name, index, region->size_bytes);
	}
	size = MAX(power_of_two(region->size_bytes), flags & PCI_BAR_IO ? 16u : 4096u);
	bar->region = region;
	snprintf(bar->name, sizeof(bar->name), "vfio-bar%d", index);
	mem_region_init_io(&bar->trapped, bar->name, size,
			   flags & PCI_BAR_IO ? &port_ops : &memory_ops, bar);
	if (!vp->no_mmap && !(flags & PCI_BAR_IO)) {
		map_bar(bar, msix, index);
	}
	pci_bar_set(&vp->pd, index, flags, &bar->trapped);
	return true;
}

bool vfio_bars_setup(struct vfio_pci *vp, GError **error)
{
	struct vfio_msix_layout msix = { 0 };
	bool is_64bit = false;

	vfio_config_msix(vp, &msix);
	for (int i = 0; i < PCI_BARS; i++) {
		vp->bars[i].owner = vp;
		if (is_64bit) {
			is_64bit = false; /* the upper half of the one before */
			continue;
		}
		if (!setup_bar(vp, i, &msix, &is_64bit, error)) {
			return false;
		}
	}
	return true;
}

static void maps_remove(struct vfio_bar *bar)
{
	for (unsigned int i = 0; i < bar->map_count; i++) {
		if (bar->maps[i].added) {
			addr_space_remove(&bar->maps[i].region);
			bar->maps[i].added = false;
		}
	}
}

static void maps_add(struct vfio_bar *bar, uint64_t gpa)
{
	struct vfio_pci *vp = bar->owner;

	for (unsigned int i = 0; i < bar->map_count; i++) {
		if (!bar->maps[i].added) {
			/* The BAR's own priority: what is added later wins, and both stay below
			 * the MSI-X table. */
			addr_space_add(vp->pd.dev.board->mem, gpa + bar->maps[i].offset,
				       &bar->maps[i].region, bar->trapped.priority);
			bar->maps[i].added = true;
		}
	}
}

void vfio_bar_moved(struct pci_device *pd, int index, uint64_t gpa)
{
	struct vfio_pci *vp = vfio_pci_from(pd);

	if (index >= PCI_BARS || !vp->bars[index].region) {
		return;
	}
	maps_remove(&vp->bars[index]);
	if (gpa != PCI_UNMAPPED) {
		/* A physical device answers only with memory decoding on, a touch of its mapping
		 * before that is SIGBUS; so the device's command register first. */
		vfio_config_sync_command(vp);
		if (!vp->intx.pending && !vp->intx.remap_timer) {
			maps_add(&vp->bars[index], gpa);
		}
	}
}

void vfio_bars_direct(struct vfio_pci *vp, bool direct)
{
	for (int i = 0; i < PCI_BARS; i++) {
		struct vfio_bar *bar = &vp->bars[i];

		if (!direct) {
			maps_remove(bar);
		} else if (bar->region && vp->pd.bars[i].gpa != PCI_UNMAPPED) {
			maps_add(bar, vp->pd.bars[i].gpa);
		}
	}
}

void vfio_bars_unmap(struct vfio_pci *vp)
{
	for (int i = 0; i < PCI_BARS; i++) {
		struct vfio_bar *bar = &vp->bars[i];

		maps_remove(bar);
		for (unsigned int n = 0; n < bar->map_count; n++) {
			void *hva = bar->maps[n].region.hva;
			uint64_t size = bar->maps[n].region.size_bytes;

			mem_region_finish(&bar->maps[n].region);
			munmap(hva, size);
		}
		g_clear_pointer(&bar->maps, g_free);
		bar->map_count = 0;
	}
}
