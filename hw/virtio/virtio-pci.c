// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The PCI side of a virtio device (virtio 1.1, 4.1): vendor capabilities, one BAR with the four
 * structures, doorbells, access to the BAR through config space.
 */
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "hw/core/machine-lock.h"
#include "hw/virtio/virtio-device.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/range.h"

#define VIRTIO_PCI_VENDOR	0x1af4
#define VIRTIO_PCI_DEVICE_BASE	0x1040 /* + virtio device id */
#define VIRTIO_PCI_SUBSYSTEM	0x1100
#define VIRTIO_PCI_REVISION	1 /* a modern device */

#define BAR_MSIX	1
#define BAR_STRUCTS	4
/* A page each, so that a guest that maps one maps nothing else. */
#define STRUCT_BYTES	0x1000
enum { AT_COMMON = 0x0000, AT_ISR = 0x1000, AT_CONFIG = 0x2000, AT_NOTIFY = 0x3000,
       BAR_BYTES = 0x4000 };
#define NOTIFY_MULTIPLIER 4

/* ---- the BAR ---- */

static uint64_t config_read(struct virtio_device *vd, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++) {
		if (offset + i < vd->config_bytes) {
			value |= (uint64_t)vd->config[offset + i] << (8 * i);
		}
	}
	return value;
}

static void config_write(struct virtio_device *vd, uint64_t offset, uint64_t value,
			 unsigned int size)
{
	if (!vd->ops->config_written || !range_fits(offset, size, vd->config_bytes)) {
		return;
	}
	for (unsigned int i = 0; i < size; i++) {
		vd->config[offset + i] = (uint8_t)(value >> (8 * i));
	}
	vd->ops->config_written(vd, (unsigned int)offset, size);
}

static uint64_t bar_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct virtio_device *vd = opaque;
	uint64_t in_struct = offset % STRUCT_BYTES, value = 0;

	if (offset - in_struct == AT_ISR) {
		return in_struct ? 0 : virtio_irq_read_isr(vd);
	}
	g_mutex_lock(&vd->lock);
	if (offset - in_struct == AT_COMMON) {
		value = virtio_common_read(vd, in_struct, size);
	} else if (offset - in_struct == AT_CONFIG) {
		value = config_read(vd, in_struct, size);
	}
	g_mutex_unlock(&vd->lock);
	return value;
}

static void bar_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct virtio_device *vd = opaque;
	uint64_t in_struct = offset % STRUCT_BYTES;

	if (offset - in_struct == AT_NOTIFY) {
		/* Only what comes through config space: the rest are doorbells. */
		if (in_struct / NOTIFY_MULTIPLIER < vd->ops->queues) {
			eventfd_kick(vd->kick_fds[in_struct / NOTIFY_MULTIPLIER]);
		}
		return;
	}
	g_mutex_lock(&vd->lock);
	if (offset - in_struct == AT_COMMON) {
		virtio_common_write(vd, in_struct, value, size);
	} else if (offset - in_struct == AT_CONFIG) {
		config_write(vd, in_struct, value, size);
	}
	g_mutex_unlock(&vd->lock);
}

static uint64_t nothing_read(void *opaque, uint64_t offset, unsigned int size)
{
	return 0;
}

static void nothing_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
}

static const struct mem_ops bar_ops = { bar_read, bar_write, 1, 4 };
/* Around the MSI-X table. */
static const struct mem_ops nothing_ops = { nothing_read, nothing_write, 1, 8 };

/* ---- access through config space (virtio 1.1, 4.1.4.8) ---- */

/* The window's data register, when an access of the guest touches it and the window is valid. */
static bool window(const struct virtio_device *vd, uint32_t at, unsigned int size,
		   uint32_t *bar_offset, uint32_t *length)
{
	const uint8_t *cap = vd->pci.config + vd->cfg_access_cap;

	if (!vd->cfg_access_cap ||
	    at != vd->cfg_access_cap + (uint32_t)sizeof(struct virtio_pci_cap)) {
		return false;
	}
	*bar_offset = pci_get32(cap + offsetof(struct virtio_pci_cap, offset));
	*length = pci_get32(cap + offsetof(struct virtio_pci_cap, length));
	return cap[offsetof(struct virtio_pci_cap, bar)] == BAR_STRUCTS && size >= *length &&
	       (*length == 1 || *length == 2 || *length == 4) && !(*bar_offset % *length) &&
	       range_fits(*bar_offset, *length, BAR_BYTES);
}

static uint32_t pci_config_read(struct pci_device *pd, uint32_t offset, unsigned int size)
{
	struct virtio_device *vd = (struct virtio_device *)pd;
	uint32_t bar_offset, length;

	if (window(vd, offset, size, &bar_offset, &length)) {
		pci_set32(pd->config + offset, (uint32_t)bar_read(vd, bar_offset, length));
	}
	return pci_default_config_read(pd, offset, size);
}

static void pci_config_write(struct pci_device *pd, uint32_t offset, uint32_t value,
			     unsigned int size)
{
	struct virtio_device *vd = (struct virtio_device *)pd;
	uint32_t bar_offset, length;

	pci_default_config_write(pd, offset, value, size);
	if (window(vd, offset, size, &bar_offset, &length)) {
		bar_write(vd, bar_offset, length == 4 ? value : value & ((1u << 8 * length) - 1),
			  length);
	}
}

static const struct pci_ops pci_ops = {
	.config_read = pci_config_read,
	.config_write = pci_config_write,
};

/* ---- capabilities ---- */

static uint8_t add_cap(struct virtio_device *vd, uint8_t type, uint32_t offset, uint32_t length,
		       uint8_t size)
{
	uint8_t at = pci_capability_add(&vd->pci, 0x09, size);
	uint8_t *cap = vd->pci.config + at;

	cap[offsetof(struct virtio_pci_cap, cap_len)] = size;
	cap[offsetof(struct virtio_pci_cap, cfg_type)] = type;
	cap[offsetof(struct virtio_pci_cap, bar)] = BAR_STRUCTS;
	pci_set32(cap + offsetof(struct virtio_pci_cap, offset), offset);
	pci_set32(cap + offsetof(struct virtio_pci_cap, length), length);
	return at;
}

static void add_caps(struct virtio_device *vd)
{
	const uint8_t size = sizeof(struct virtio_pci_cap), with_dword = size + 4;
	uint8_t at, *mask;

	add_cap(vd, VIRTIO_PCI_CAP_COMMON_CFG, AT_COMMON, VIRTIO_COMMON_BYTES, size);
	add_cap(vd, VIRTIO_PCI_CAP_ISR_CFG, AT_ISR, 1, size);
	if (vd->config_bytes) {
		add_cap(vd, VIRTIO_PCI_CAP_DEVICE_CFG, AT_CONFIG, vd->config_bytes, size);
	}
	at = add_cap(vd, VIRTIO_PCI_CAP_NOTIFY_CFG, AT_NOTIFY,
		     NOTIFY_MULTIPLIER * vd->ops->queues, with_dword);
	pci_set32(vd->pci.config + at + size, NOTIFY_MULTIPLIER);

	at = add_cap(vd, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, with_dword);
	mask = vd->pci.write_mask + at;
	mask[offsetof(struct virtio_pci_cap, bar)] = 0xff;
	pci_set32(mask + offsetof(struct virtio_pci_cap, offset), UINT32_MAX);
	pci_set32(mask + offsetof(struct virtio_pci_cap, length), UINT32_MAX);
	pci_set32(mask + size, UINT32_MAX);
	vd->cfg_access_cap = at;
}

/* ---- doorbells ---- */

static void on_kick(int fd, GIOCondition condition, void *opaque)
{
	struct virtio_device *vd = opaque;

	eventfd_drain(fd);
	for (unsigned int i = 0; i < vd->ops->queues; i++) {
		if (vd->kick_fds[i] == fd) {
			vd->ops->kicked(vd, i);
		}
	}
}

static bool init_kicks(struct virtio_device *vd, GError **error)
{
	for (unsigned int i = 0; i < vd->ops->queues; i++) {
		int result = vd->kick_fds[i] = eventfd_create();

		if (result >= 0) {
			vd->kick_watches[i] = fd_watch(vd->kick_fds[i], G_IO_IN, on_kick, vd);
			result = mem_region_doorbell_add(&vd->bar, AT_NOTIFY +
							 NOTIFY_MULTIPLIER * i, 0, false, 0,
							 vd->kick_fds[i]);
		}
		if (result < 0) {
			return error_set_errno(error, -result, "%s: doorbell of queue %u",
					       device_label(&vd->pci.dev), i);
		}
	}
	return true;
}

/* ---- life ---- */

static bool check_properties(const struct virtio_device *vd, GError **error)
{
	if (vd->disable_modern == ON_OFF_AUTO_ON || vd->disable_legacy == ON_OFF_AUTO_OFF) {
		return error_set(error, "%s: the legacy interface is not offered",
				 device_label(&vd->pci.dev));
	}
	return true;
}

bool virtio_device_init(struct virtio_device *vd, const struct virtio_ops *ops,
			uint64_t features, unsigned int config_bytes, GError **error)
{
	const struct pci_ids ids = {
		.vendor = VIRTIO_PCI_VENDOR,
		.device = (uint16_t)(VIRTIO_PCI_DEVICE_BASE + ops->id),
		.subsystem_vendor = VIRTIO_PCI_VENDOR,
		.subsystem = VIRTIO_PCI_SUBSYSTEM,
		.class_code = ops->class_code,
		.revision = VIRTIO_PCI_REVISION,
		.interrupt_pin = 1,
	};

	if (!check_properties(vd, error) || !pci_plug(&vd->pci, &pci_ops, &ids, error)) {
		return false;
	}
	vd->ops = ops;
	vd->config_bytes = config_bytes;
	vd->features_offered = features | UINT64_C(1) << VIRTIO_F_VERSION_1 |
			       UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC |
			       UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX;
	g_mutex_init(&vd->lock);
	vd->intx_fd = -1;
	for (unsigned int i = 0; i < VIRTIO_QUEUES_MAX; i++) {
		vd->kick_fds[i] = -1;
	}
	for (unsigned int i = 0; i < ops->queues; i++) {
		virtqueue_init(&vd->queues[i], vd->pci.dev.board->mem, ops->queue_sizes[i]);
	}
	mem_region_init_io(&vd->bar, "virtio", BAR_BYTES, &bar_ops, vd);
	mem_region_init_io(&vd->msix_bar, "virtio-msix", STRUCT_BYTES, &nothing_ops, vd);
	pci_bar_set(&vd->pci, BAR_STRUCTS, PCI_BAR_MEM64 | PCI_BAR_PREFETCH, &vd->bar);
	pci_bar_set(&vd->pci, BAR_MSIX, 0, &vd->msix_bar);
	add_caps(vd);
	if (!init_kicks(vd, error) || !virtio_irq_init(vd, error)) {
		virtio_device_finish(vd);
		return false;
	}
	virtio_reset_finish_if_idle(vd);
	return true;
}

void virtio_device_finish(struct virtio_device *vd)
{
	for (unsigned int i = 0; i < vd->ops->queues; i++) {
		fd_unwatch(vd->kick_watches[i]);
		vd->kick_watches[i] = 0;
		if (vd->kick_fds[i] >= 0) {
			mem_region_doorbell_remove(&vd->bar, AT_NOTIFY + NOTIFY_MULTIPLIER * i, 0,
						   false, 0, vd->kick_fds[i]);
		}
		fd_close(&vd->kick_fds[i]);
	}
	/* The vectors' hooks are called from here. */
	pci_unplug(&vd->pci);
	virtio_irq_finish(vd);
	mem_region_finish(&vd->bar);
	mem_region_finish(&vd->msix_bar);
	g_mutex_clear(&vd->lock);
}

void virtio_device_reset(struct device *dev)
{
	struct virtio_device *vd = (struct virtio_device *)dev;

	if (vd->ops->drain) {
		vd->ops->drain(vd);
	}
	g_mutex_lock(&vd->lock);
	virtio_reset_start(vd);
	g_assert(!vd->resetting);
	g_mutex_unlock(&vd->lock);
	pci_reset(&vd->pci);
}
