// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Config space of a vfio device: which registers are the device's and which are ours.
 *
 * Ours: identity (read once), command (the guest's wish; sent on to the device), BARs and ROM
 * (guest addresses mean nothing to the host), header type, interrupt line and pin, the links of the
 * capability list, MSI and MSI-X (delivered by eventfds). Everything else is passed through.
 */
#include "vfio-pci.h"

#include <errno.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "util/error.h"
#include "util/range.h"
#include "util/trace.h"

/* Bytes of our MSI capability: 64-bit address, no masking (hw/pci). */
#define MSI_BYTES  14u
#define MSIX_BYTES 12u

static int device_read(struct vfio_pci *vp, uint32_t offset, void *data, unsigned int size)
{
	return vfio_region_read(vp->device, vp->config_region, offset, data, size);
}

static void emulate(struct vfio_pci *vp, unsigned int offset, unsigned int bytes)
{
	memset(vp->emulated + offset, 0xff, bytes);
}

bool vfio_config_plug(struct vfio_pci *vp, const struct pci_ops *ops, GError **error)
{
	struct vfio_device *device = vp->device;
	uint8_t header[PCI_STD_HEADER_SIZEOF];
	struct pci_ids ids;
	int ret;

	if (!(device->flags & VFIO_DEVICE_FLAGS_PCI) ||
	    device->region_count <= VFIO_PCI_CONFIG_REGION_INDEX) {
		return error_set(error, "%s: not a PCI device", device->name);
	}
	vp->config_region = &device->regions[VFIO_PCI_CONFIG_REGION_INDEX];
	/* The kernel's mdpy and mbochs say 255; what lies outside reads as all ones. */
	if (vp->config_region->size_bytes < PCI_STD_HEADER_SIZEOF) {
		return error_set(error, "%s: config space of %" G_GUINT64_FORMAT " bytes: no header",
				 device->name, vp->config_region->size_bytes);
	}
	for (unsigned int i = 0; i < sizeof(header); i += 4) {
		/* by dwords: some drivers know no longer accesses */
		ret = device_read(vp, i, header + i, 4);
		if (ret < 0) {
			return error_set_errno(error, -ret, "%s: config space: read", device->name);
		}
	}
	if ((header[PCI_HEADER_TYPE] & 0x7f) != PCI_HEADER_TYPE_NORMAL) {
		return error_set(error, "%s: header type 0x%02x: only normal devices, no bridges, "
				 "can be passed on", device->name, header[PCI_HEADER_TYPE]);
	}
	ids = (struct pci_ids){
		.vendor = pci_get16(header + PCI_VENDOR_ID),
		.device = pci_get16(header + PCI_DEVICE_ID),
		.subsystem_vendor = pci_get16(header + PCI_SUBSYSTEM_VENDOR_ID),
		.subsystem = pci_get16(header + PCI_SUBSYSTEM_ID),
		.class_code = pci_get32(header + PCI_REVISION_ID) >> 8,
		.revision = header[PCI_REVISION_ID],
	};
	if (vfio_irq_count(device, VFIO_PCI_INTX_IRQ_INDEX, NULL)) {
		ids.interrupt_pin = header[PCI_INTERRUPT_PIN] <= 4 ? header[PCI_INTERRUPT_PIN] : 1;
	}
	if (!pci_plug(&vp->pd, ops, &ids, error)) {
		return false;
	}
	memset(vp->emulated, 0, sizeof(vp->emulated));
	emulate(vp, PCI_VENDOR_ID, 4);
	emulate(vp, PCI_COMMAND, 2);
	vp->emulated[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	emulate(vp, PCI_REVISION_ID, 4);
	emulate(vp, PCI_HEADER_TYPE, 1);
	emulate(vp, PCI_BASE_ADDRESS_0, 24);
	emulate(vp, PCI_SUBSYSTEM_VENDOR_ID, 4);
	emulate(vp, PCI_ROM_ADDRESS, 4);
	emulate(vp, PCI_CAPABILITY_LIST, 1);
	emulate(vp, PCI_INTERRUPT_LINE, 2);
	vp->command_sent = pci_get16(header + PCI_COMMAND);
	return true;
}

/* Where the device's own list has capability @id, or 0. A list may be circular. */
static uint8_t device_capability(struct vfio_pci *vp, uint8_t id)
{
	uint8_t status[2], at[2] = { 0, 0 };
	uint8_t offset;

	if (device_read(vp, PCI_STATUS, status, 2) < 0 ||
	    !(pci_get16(status) & PCI_STATUS_CAP_LIST) ||
	    device_read(vp, PCI_CAPABILITY_LIST, &offset, 1) < 0) {
		return 0;
	}
	for (unsigned int n = 0; n < PCI_CONFIG_SIZE / 4; n++) {
		offset &= 0xfc;
		if (offset < PCI_STD_HEADER_SIZEOF || device_read(vp, offset, at, 2) < 0) {
			return 0;
		}
		if (at[0] == id) {
			return offset;
		}
		offset = at[1];
	}
	return 0;
}

bool vfio_config_msix(struct vfio_pci *vp, struct vfio_msix_layout *layout)
{
	uint8_t offset = device_capability(vp, PCI_CAP_ID_MSIX);
	uint8_t cap[MSIX_BYTES];
	unsigned int irqs;

	if (!offset || offset > PCI_CONFIG_SIZE - MSIX_BYTES) {
		return false;
	}
	for (unsigned int i = 0; i < MSIX_BYTES; i += 4) {
		if (device_read(vp, offset + i, cap + i, 4) < 0) {
			return false;
		}
	}
	irqs = vfio_irq_count(vp->device, VFIO_PCI_MSIX_IRQ_INDEX, NULL);
	layout->offset = offset;
	layout->vectors = MIN((pci_get16(cap + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1u, irqs);
	layout->table_bar = cap[PCI_MSIX_TABLE] & PCI_MSIX_TABLE_BIR;
	layout->table_offset = pci_get32(cap + PCI_MSIX_TABLE) & PCI_MSIX_TABLE_OFFSET;
	layout->pba_bar = cap[PCI_MSIX_PBA] & PCI_MSIX_PBA_BIR;
	layout->pba_offset = pci_get32(cap + PCI_MSIX_PBA) & PCI_MSIX_PBA_OFFSET;
	return layout->vectors > 0;
}

struct cap_place {
	uint8_t offset, id;
};

/* The device's list, each offset once. */
static unsigned int list_capabilities(struct vfio_pci *vp, struct cap_place *caps,
				      unsigned int max)
{
	bool seen[PCI_CONFIG_SIZE / 4] = { false };
	uint8_t status[2], at[2], offset = 0;
	unsigned int count = 0;

	if (device_read(vp, PCI_STATUS, status, 2) < 0 ||
	    !(pci_get16(status) & PCI_STATUS_CAP_LIST) ||
	    device_read(vp, PCI_CAPABILITY_LIST, &offset, 1) < 0) {
		return 0;
	}
	for (offset &= 0xfc; offset >= PCI_STD_HEADER_SIZEOF && count < max && !seen[offset / 4];
	     offset = at[1] & 0xfc) {
		seen[offset / 4] = true;
		if (device_read(vp, offset, at, 2) < 0) {
			break;
		}
		caps[count++] = (struct cap_place){ offset, at[0] };
	}
	return count;
}

/* Bytes from this capability to the next one in config space. */
static unsigned int cap_room(const struct cap_place *caps, unsigned int count, uint8_t offset)
{
	unsigned int end = PCI_CONFIG_SIZE;

	for (unsigned int i = 0; i < count; i++) {
		if (caps[i].offset > offset) {
			end = MIN(end, caps[i].offset);
		}
	}
	return end - offset;
}

static bool cap_wanted(struct vfio_pci *vp, uint8_t id, unsigned int room)
{
	struct vfio_msix_layout layout;

	switch (id) {
	case PCI_CAP_ID_EXP:
		/* The guest's bus is conventional; an endpoint without a port above it is no
		 * topology that a guest expects. */
		return false;
	case PCI_CAP_ID_MSI:
		/* Ours has a 64-bit address and so may be longer than the device's. */
		return room >= MSI_BYTES &&
		       vfio_irq_count(vp->device, VFIO_PCI_MSI_IRQ_INDEX, NULL) > 0;
	case PCI_CAP_ID_MSIX:
		return room >= MSIX_BYTES && vfio_config_msix(vp, &layout);
	default:
		return true;
	}
}

static unsigned int msi_vectors(struct vfio_pci *vp)
{
	unsigned int irqs = vfio_irq_count(vp->device, VFIO_PCI_MSI_IRQ_INDEX, NULL);
	unsigned int vectors = 1;

	while (vectors * 2 <= irqs && vectors < 32) {
		vectors *= 2;
	}
	return vectors;
}

bool vfio_config_capabilities(struct vfio_pci *vp, GError **error)
{
	struct cap_place caps[(PCI_CONFIG_SIZE - PCI_STD_HEADER_SIZEOF) / 4];
	unsigned int count = list_capabilities(vp, caps, G_N_ELEMENTS(caps));
	uint8_t *config = vp->pd.config;
	unsigned int link = PCI_CAPABILITY_LIST;
	uint8_t msi = 0;
	struct vfio_msix_layout msix = { 0 };

	config[PCI_CAPABILITY_LIST] = 0;
	for (unsigned int i = 0; i < count; i++) {
		uint8_t offset = caps[i].offset;
		unsigned int room = cap_room(caps, count, offset);

		if (!cap_wanted(vp, caps[i].id, room)) {
			emulate(vp, offset, MIN(room, 4));
			continue;
		}
		config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
		config[link] = offset;
		config[offset] = caps[i].id;
		config[offset + 1] = 0;
		link = offset + 1u;
		if (caps[i].id == PCI_CAP_ID_MSI) {
			msi = offset;
			emulate(vp, offset, MIN(room, 24)); /* with mask bits, if it has them */
		} else if (caps[i].id == PCI_CAP_ID_MSIX) {
			vfio_config_msix(vp, &msix);
			emulate(vp, offset, MSIX_BYTES);
		} else {
			emulate(vp, offset, 2);
		}
	}
	if (msi && !pci_msi_init(&vp->pd, msi, msi_vectors(vp), &vfio_msi_hooks, error)) {
		return false;
	}
	return !msix.vectors || pci_msix_init(&vp->pd, msix.offset, msix.vectors, msix.table_bar,
					      msix.table_offset, msix.pba_bar, msix.pba_offset,
					      &vfio_msix_hooks, error);
}

uint32_t vfio_config_read(struct pci_device *pd, uint32_t offset, unsigned int size)
{
	struct vfio_pci *vp = vfio_pci_from(pd);
	uint32_t value = pci_default_config_read(pd, offset, size);
	uint32_t ours = 0, theirs = 0;
	uint8_t bytes[4] = { 0 };

	if (vp->gone) {
		return UINT32_MAX >> (32 - 8 * size);
	}
	for (unsigned int i = 0; i < size; i++) {
		ours |= (uint32_t)vp->emulated[offset + i] << (8 * i);
	}
	if (ours == UINT32_MAX >> (32 - 8 * size)) {
		return value;
	}
	if (device_read(vp, offset, bytes, size) < 0) {
		memset(bytes, 0xff, sizeof(bytes));
	}
	for (unsigned int i = 0; i < size; i++) {
		theirs |= (uint32_t)bytes[i] << (8 * i);
	}
	return (value & ours) | (theirs & ~ours);
}

void vfio_config_sync_command(struct vfio_pci *vp)
{
	uint16_t command = pci_get16(vp->pd.config + PCI_COMMAND);
	uint8_t bytes[2];

	if (vp->gone || command == vp->command_sent) {
		return;
	}
	pci_set16(bytes, command);
	if (vfio_region_write(vp->device, vp->config_region, PCI_COMMAND, bytes, 2) < 0) {
		TRACE(vfio, config_error, "%s: command 0x%04x refused", vp->device->name, command);
	}
	vp->command_sent = command;
}

void vfio_config_write(struct pci_device *pd, uint32_t offset, uint32_t value, unsigned int size)
{
	struct vfio_pci *vp = vfio_pci_from(pd);
	bool pass = false;
	uint8_t bytes[4];

	if (vp->gone) {
		return;
	}
	pci_default_config_write(pd, offset, value, size);
	vfio_config_sync_command(vp);
	vfio_irqs_update(vp);
	/* The device gets its part only; the neighbours in the same access keep what we show. */
	for (unsigned int i = 0; i < size; i++) {
		pass |= vp->emulated[offset + i] != 0xff;
		bytes[i] = (uint8_t)(value >> (8 * i));
	}
	if (pass && ranges_overlap(offset, size, PCI_COMMAND, 2)) {
		/* status is what is left of this dword */
		if (size == 4) {
			vfio_region_write(vp->device, vp->config_region, PCI_STATUS, bytes + 2, 2);
		}
		return;
	}
	if (pass && vfio_region_write(vp->device, vp->config_region, offset, bytes, size) < 0) {
		TRACE_GUEST_ERROR(vfio, "%s: config write 0x%02x size %u refused",
				  vp->device->name, offset, size);
	}
}
