// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts of a virtio device: by irqfd where the accelerator has routes for MSI-X vectors, else
 * by message, else by the INTx pin. Raised from any thread with the device's lock held, so the pin,
 * which needs the machine lock, is set from the main loop.
 */
#include "accel/accel.h"
#include "hw/core/machine-lock.h"
#include "hw/virtio/virtio-device.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

static struct virtio_device *from_pci(struct pci_device *pd)
{
	return (struct virtio_device *)pd;
}

static int vector_on(struct pci_device *pd, unsigned int index, uint64_t addr, uint32_t data)
{
	struct virtio_device *vd = from_pci(pd);
	struct virtio_vector *vector = &vd->vectors[index];
	struct accel *accel = pd->dev.board->accel;
	int result;

	if (vector->gsi >= 0) {
		return accel_msi_route_update(accel, vector->gsi, addr, data);
	}
	vector->gsi = accel_msi_route_add(accel, addr, data);
	if (vector->gsi < 0) {
		result = vector->gsi;
		vector->gsi = -1;
		return result;
	}
	result = accel_irqfd_add(accel, vector->fd, vector->gsi, -1);
	if (result) {
		accel_msi_route_remove(accel, vector->gsi);
		vector->gsi = -1;
		return result;
	}
	__atomic_store_n(&vector->routed, true, __ATOMIC_RELEASE);
	TRACE(virtio, irqfd, "%s: vector %u by GSI %d", device_label(&pd->dev), index,
	      vector->gsi);
	return 0;
}

/* A signal that races with this stays in the eventfd and fires when the vector comes back. */
static void vector_off(struct pci_device *pd, unsigned int index)
{
	struct virtio_device *vd = from_pci(pd);
	struct virtio_vector *vector = &vd->vectors[index];
	struct accel *accel = pd->dev.board->accel;

	if (vector->gsi < 0) {
		return;
	}
	__atomic_store_n(&vector->routed, false, __ATOMIC_RELEASE);
	accel_irqfd_remove(accel, vector->fd, vector->gsi);
	accel_msi_route_remove(accel, vector->gsi);
	vector->gsi = -1;
}

static const struct msi_hooks hooks = { vector_on, vector_off };

static void intx_update(int fd, GIOCondition condition, void *opaque)
{
	struct virtio_device *vd = opaque;

	eventfd_drain(fd);
	machine_lock();
	pci_intx_set(&vd->pci, __atomic_load_n(&vd->isr, __ATOMIC_SEQ_CST) != 0);
	machine_unlock();
}

void virtio_irq_raise(struct virtio_device *vd, uint16_t index, uint8_t isr_bit)
{
	if (index < vd->vector_count &&
	    __atomic_load_n(&vd->vectors[index].routed, __ATOMIC_ACQUIRE)) {
		eventfd_kick(vd->vectors[index].fd);
	} else if (pci_msix_enabled(&vd->pci)) {
		/* VIRTIO_NO_VECTOR is none of its vectors. */
		pci_msix_notify(&vd->pci, index);
	} else {
		__atomic_fetch_or(&vd->isr, isr_bit, __ATOMIC_SEQ_CST);
		eventfd_kick(vd->intx_fd);
	}
}

uint8_t virtio_irq_read_isr(struct virtio_device *vd)
{
	uint8_t isr = __atomic_exchange_n(&vd->isr, 0, __ATOMIC_SEQ_CST);

	pci_intx_set(&vd->pci, false);
	return isr;
}

void virtio_irq_clear(struct virtio_device *vd)
{
	if (__atomic_exchange_n(&vd->isr, 0, __ATOMIC_SEQ_CST)) {
		eventfd_kick(vd->intx_fd);
	}
}

static bool init_vectors(struct virtio_device *vd, GError **error)
{
	unsigned int count = vd->vectors_asked == UINT32_MAX ? vd->ops->queues + 1 :
							       vd->vectors_asked;

	if (!count) {
		return true;
	}
	if (count > 64) {
		return error_set(error, "%s: vectors=%u: more than 64",
				 device_label(&vd->pci.dev), count);
	}
	vd->vectors = g_new0(struct virtio_vector, count);
	for (unsigned int i = 0; i < count; i++) {
		vd->vectors[i] = (struct virtio_vector){ .fd = eventfd_create(), .gsi = -1 };
		vd->vector_count++;
		if (vd->vectors[i].fd < 0) {
			return error_set_errno(error, -vd->vectors[i].fd, "%s: eventfd",
					       device_label(&vd->pci.dev));
		}
	}
	return pci_msix_init(&vd->pci, 0, count, 1, 0, 1, 0x800, &hooks, error);
}

bool virtio_irq_init(struct virtio_device *vd, GError **error)
{
	vd->intx_fd = eventfd_create();
	if (vd->intx_fd < 0) {
		return error_set_errno(error, -vd->intx_fd, "%s: eventfd",
				       device_label(&vd->pci.dev));
	}
	vd->intx_watch = fd_watch(vd->intx_fd, G_IO_IN, intx_update, vd);
	return init_vectors(vd, error);
}

void virtio_irq_finish(struct virtio_device *vd)
{
	fd_unwatch(vd->intx_watch);
	vd->intx_watch = 0;
	fd_close(&vd->intx_fd);
	for (unsigned int i = 0; i < vd->vector_count; i++) {
		fd_close(&vd->vectors[i].fd);
	}
	vd->vector_count = 0;
	g_clear_pointer(&vd->vectors, g_free);
}
