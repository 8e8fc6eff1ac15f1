// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of a virtio device: ready, running, broken, reset; its requests and interrupts. */
#include "hw/virtio/virtio-device.h"

#include <linux/virtio_config.h>

#include "util/fd.h"
#include "util/trace.h"

bool virtio_running(const struct virtio_device *vd)
{
	return (vd->status & VIRTIO_CONFIG_S_DRIVER_OK) &&
	       !(vd->status & VIRTIO_CONFIG_S_NEEDS_RESET) && !vd->resetting;
}

void virtio_fail(struct virtio_device *vd, const char *why)
{
	TRACE_GUEST_ERROR(virtio, "%s: %s", device_label(&vd->pci.dev), why);
	if (vd->status & VIRTIO_CONFIG_S_NEEDS_RESET) {
		return;
	}
	vd->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (vd->status & VIRTIO_CONFIG_S_DRIVER_OK) {
		virtio_config_changed(vd);
	}
}

void virtio_config_changed(struct virtio_device *vd)
{
	vd->config_generation++;
	virtio_irq_raise(vd, vd->config_vector, VIRTIO_ISR_CONFIG);
}

bool virtio_pop(struct virtio_device *vd, unsigned int queue, struct virtqueue_elem *elem)
{
	int result;

	if (!virtio_running(vd)) {
		return false;
	}
	result = virtqueue_pop(&vd->queues[queue], elem);
	if (result < 0) {
		virtio_fail(vd, vd->queues[queue].broken);
	}
	return result > 0;
}

void virtio_push(struct virtio_device *vd, unsigned int queue, uint16_t head, uint32_t len)
{
	if (vd->resetting) {
		virtqueue_forget(&vd->queues[queue]);
		virtio_reset_finish_if_idle(vd);
	} else {
		virtqueue_push(&vd->queues[queue], head, len);
	}
}

void virtio_notify(struct virtio_device *vd, unsigned int queue)
{
	if (virtio_running(vd) && virtqueue_wants_interrupt(&vd->queues[queue])) {
		virtio_irq_raise(vd, vd->queue_vectors[queue], VIRTIO_ISR_QUEUE);
	}
}

void virtio_kick_self(struct virtio_device *vd, unsigned int queue)
{
	eventfd_kick(vd->kick_fds[queue]);
}

void virtio_reset_start(struct virtio_device *vd)
{
	vd->resetting = true;
	virtio_reset_finish_if_idle(vd);
}

void virtio_reset_finish_if_idle(struct virtio_device *vd)
{
	for (unsigned int i = 0; i < vd->ops->queues; i++) {
		if (vd->queues[i].in_flight) {
			return;
		}
	}
	for (unsigned int i = 0; i < vd->ops->queues; i++) {
		virtqueue_reset(&vd->queues[i]);
		vd->queue_vectors[i] = VIRTIO_NO_VECTOR;
	}
	vd->config_vector = VIRTIO_NO_VECTOR;
	vd->features = 0;
	vd->feature_select = vd->driver_feature_select = 0;
	vd->queue_select = 0;
	vd->status = 0;
	vd->resetting = false;
	virtio_irq_clear(vd);
	if (vd->ops->reset) {
		vd->ops->reset(vd);
	}
}
