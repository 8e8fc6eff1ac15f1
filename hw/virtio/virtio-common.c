// SPDX-License-Identifier: GPL-2.0-or-later
/* The common configuration structure: feature and queue negotiation (virtio 1.1, 4.1.4.3). */
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "hw/virtio/virtio-device.h"
#include "util/fd.h"
#include "util/range.h"
#include "util/trace.h"

static unsigned int vq_index(const struct virtio_device *vd)
{
	return vd->queue_select;
}

/* The queue that the driver looks at, or NULL if there is none of that number. */
static struct virtqueue *selected(struct virtio_device *vd)
{
	return vq_index(vd) < vd->ops->queues ? &vd->queues[vq_index(vd)] : NULL;
}

static uint32_t feature_word(uint64_t features, uint32_t select)
{
	return select < 2 ? (uint32_t)(features >> (32 * select)) : 0;
}

static void fill_queue(struct virtio_device *vd, struct virtio_pci_common_cfg *cfg)
{
	const struct virtqueue *vq = selected(vd);

	if (!vq) {
		return;
	}
	cfg->queue_size = vq->size;
	cfg->queue_msix_vector = vd->queue_vectors[vq_index(vd)];
	cfg->queue_enable = vq->enabled;
	cfg->queue_notify_off = (uint16_t)vq_index(vd);
	cfg->queue_desc_lo = (uint32_t)vq->desc_gpa;
	cfg->queue_desc_hi = (uint32_t)(vq->desc_gpa >> 32);
	cfg->queue_avail_lo = (uint32_t)vq->avail_gpa;
	cfg->queue_avail_hi = (uint32_t)(vq->avail_gpa >> 32);
	cfg->queue_used_lo = (uint32_t)vq->used_gpa;
	cfg->queue_used_hi = (uint32_t)(vq->used_gpa >> 32);
}

uint64_t virtio_common_read(struct virtio_device *vd, uint64_t offset, unsigned int size)
{
	struct virtio_pci_common_cfg cfg = {
		.device_feature_select = vd->feature_select,
		.device_feature = feature_word(vd->features_offered, vd->feature_select),
		.guest_feature_select = vd->driver_feature_select,
		.guest_feature = feature_word(vd->features, vd->driver_feature_select),
		.msix_config = vd->config_vector,
		.num_queues = (uint16_t)vd->ops->queues,
		.device_status = vd->status,
		.config_generation = vd->config_generation,
		.queue_select = vd->queue_select,
	};
	uint64_t value = 0;

	G_STATIC_ASSERT(sizeof(cfg) == VIRTIO_COMMON_BYTES);
	fill_queue(vd, &cfg);
	if (range_fits(offset, size, sizeof(cfg))) {
		memcpy(&value, (const uint8_t *)&cfg + offset, size);
	}
	return value;
}

static void set_features(struct virtio_device *vd, uint32_t value)
{
	unsigned int shift = 32 * (vd->driver_feature_select & 1);

	if (vd->driver_feature_select < 2 && !(vd->status & VIRTIO_CONFIG_S_FEATURES_OK)) {
		vd->features &= ~(UINT64_C(0xffffffff) << shift);
		vd->features |= (uint64_t)value << shift;
	}
}

static void start(struct virtio_device *vd)
{
	for (unsigned int i = 0; i < vd->ops->queues; i++) {
		/* Requests may be waiting already. */
		if (vd->queues[i].enabled) {
			eventfd_kick(vd->kick_fds[i]);
		}
	}
}

static void set_status(struct virtio_device *vd, uint8_t value)
{
	uint8_t old = vd->status;

	TRACE(virtio, status, "%s: 0x%02x -> 0x%02x", device_label(&vd->pci.dev), old, value);
	if (!value) {
		virtio_reset_start(vd);
		return;
	}
	if (vd->resetting) {
		return; /* the driver must wait until it reads 0 (virtio 1.1, 4.1.4.3.2) */
	}
	if (!(old & VIRTIO_CONFIG_S_FEATURES_OK) && (value & VIRTIO_CONFIG_S_FEATURES_OK) &&
	    ((vd->features & ~vd->features_offered) ||
	     !virtio_has_feature(vd, VIRTIO_F_VERSION_1))) {
		TRACE_GUEST_ERROR(virtio, "%s: features 0x%" G_GINT64_MODIFIER "x refused",
				  device_label(&vd->pci.dev), vd->features);
		value &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
	}
	if (!(value & VIRTIO_CONFIG_S_FEATURES_OK)) {
		value &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
	}
	/* Bits only come, until the next reset; NEEDS_RESET is ours. */
	vd->status = old | (value & (uint8_t)~VIRTIO_CONFIG_S_NEEDS_RESET);
	if (!(old & VIRTIO_CONFIG_S_DRIVER_OK) && (vd->status & VIRTIO_CONFIG_S_DRIVER_OK)) {
		start(vd);
	}
}

static void enable_queue(struct virtio_device *vd, struct virtqueue *vq)
{
	if (vq->enabled || !(vd->status & VIRTIO_CONFIG_S_FEATURES_OK)) {
		return;
	}
	vq->event_idx = virtio_has_feature(vd, VIRTIO_RING_F_EVENT_IDX);
	virtqueue_enable(vq);
	TRACE(virtio, queue, "%s: queue %u, size %u", device_label(&vd->pci.dev), vq_index(vd),
	      vq->size);
	if (vq->broken) {
		virtio_fail(vd, vq->broken);
	}
	if (vd->status & VIRTIO_CONFIG_S_DRIVER_OK) {
		eventfd_kick(vd->kick_fds[vq_index(vd)]);
	}
}

static uint16_t checked_vector(const struct virtio_device *vd, uint64_t value)
{
	return value < vd->vector_count ? (uint16_t)value : VIRTIO_NO_VECTOR;
}

/* Half of an address, or all of it. */
static void set_address(uint64_t *gpa, uint64_t offset, uint64_t value, unsigned int size)
{
	if (size == 8) {
		*gpa = value;
	} else if (size == 4) {
		unsigned int shift = offset & 4 ? 32 : 0;

		*gpa = (*gpa & ~(UINT64_C(0xffffffff) << shift)) | value << shift;
	}
}

static void write_queue(struct virtio_device *vd, uint64_t offset, uint64_t value,
			unsigned int size)
{
	struct virtqueue *vq = selected(vd);

	if (!vq) {
		return;
	}
	if (offset == VIRTIO_PCI_COMMON_Q_MSIX && size == 2) {
		vd->queue_vectors[vq_index(vd)] = checked_vector(vd, value);
	} else if (offset == VIRTIO_PCI_COMMON_Q_ENABLE && size == 2) {
		if (value == 1) {
			enable_queue(vd, vq);
		}
	} else if (vq->enabled) {
		TRACE_GUEST_ERROR(virtio, "%s: write to an enabled queue",
				  device_label(&vd->pci.dev));
	} else if (offset == VIRTIO_PCI_COMMON_Q_SIZE && size == 2) {
		vq->size = (uint16_t)value; /* checked by virtqueue_enable */
	} else if (offset >= VIRTIO_PCI_COMMON_Q_USEDLO) {
		set_address(&vq->used_gpa, offset - VIRTIO_PCI_COMMON_Q_USEDLO, value, size);
	} else if (offset >= VIRTIO_PCI_COMMON_Q_AVAILLO) {
		set_address(&vq->avail_gpa, offset - VIRTIO_PCI_COMMON_Q_AVAILLO, value, size);
	} else if (offset >= VIRTIO_PCI_COMMON_Q_DESCLO) {
		set_address(&vq->desc_gpa, offset - VIRTIO_PCI_COMMON_Q_DESCLO, value, size);
	}
}

void virtio_common_write(struct virtio_device *vd, uint64_t offset, uint64_t value,
			 unsigned int size)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		vd->feature_select = (uint32_t)value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		vd->driver_feature_select = (uint32_t)value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		set_features(vd, (uint32_t)value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		vd->config_vector = checked_vector(vd, value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		set_status(vd, (uint8_t)value);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		vd->queue_select = (uint16_t)value;
		break;
	default:
		if (offset >= VIRTIO_PCI_COMMON_Q_SIZE && offset < VIRTIO_COMMON_BYTES) {
			write_queue(vd, offset, value, size);
		}
	}
}
