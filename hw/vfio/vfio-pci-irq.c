// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts of a vfio device: eventfds from vfio to KVM (irqfd), around this process.
 *
 * INTx is level-triggered: vfio masks it when it fires; the guest's EOI makes KVM signal the
 * resample fd, which is vfio's unmask. Where one of the two can't do that, the main loop raises the
 * line, and since nobody tells it of an EOI, it takes the guest's next look at the device for one
 * (which needs the BARs trapped until then).
 *
 * MSI and MSI-X: a masked vector keeps its eventfd in vfio and changes the reader only, so that
 * masking costs no host interrupt set-up and a masked interrupt lands in the pending bits.
 */
#include "vfio-pci.h"

#include <errno.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "accel/accel.h"
#include "hw/core/machine-lock.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

/* How long BARs stay trapped after an interrupt that went through the main loop; a busy device
 * would otherwise pay for mapping and unmapping at each one. */
#define REMAP_DELAY_MS 1000
#define MSI_VECTORS_MAX 32u

/* ---- INTx ---- */

static gboolean intx_remap(gpointer opaque)
{
	struct vfio_pci *vp = opaque;

	machine_lock();
	if (g_source_is_destroyed(g_main_current_source()) || vp->intx.pending) {
		machine_unlock();
		return G_SOURCE_CONTINUE;
	}
	vp->intx.remap_timer = 0;
	if (!vp->gone) {
		vfio_bars_direct(vp, true);
	}
	machine_unlock();
	return G_SOURCE_REMOVE;
}

static void intx_fired(int fd, GIOCondition condition, void *opaque)
{
	struct vfio_pci *vp = opaque;

	machine_lock();
	/* A vCPU may have changed the mode while this waited for the lock. */
	if (vp->irq_mode == VFIO_IRQ_INTX && fd == vp->intx.fd && vp->intx.gsi < 0 &&
	    eventfd_drain(fd)) {
		vp->intx.pending = true;
		vfio_bars_direct(vp, false);
		if (!vp->intx.remap_timer) {
			vp->intx.remap_timer = g_timeout_add(REMAP_DELAY_MS, intx_remap, vp);
		}
		pci_intx_set(&vp->pd, true);
	}
	machine_unlock();
}

void vfio_intx_touched(struct vfio_pci *vp)
{
	if (!vp->intx.pending) {
		return;
	}
	vp->intx.pending = false;
	pci_intx_set(&vp->pd, false);
	vfio_irq_action(vp->device, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_UNMASK);
}

/* KVM raises the line itself. False: not possible here. */
static bool intx_bypass(struct vfio_pci *vp)
{
	struct vfio_intx *intx = &vp->intx;
	struct accel *accel = vp->pd.dev.board->accel;
	uint32_t flags = 0;
	int gsi = pci_intx_gsi(&vp->pd);

	vfio_irq_count(vp->device, VFIO_PCI_INTX_IRQ_INDEX, &flags);
	if (gsi < 0 || !(flags & VFIO_IRQ_INFO_AUTOMASKED) ||
	    accel_irqfd_add(accel, intx->fd, gsi, intx->resample_fd) < 0) {
		return false;
	}
	if (vfio_irq_set_action_fd(vp->device, VFIO_PCI_INTX_IRQ_INDEX,
				   VFIO_IRQ_SET_ACTION_UNMASK, intx->resample_fd) < 0) {
		accel_irqfd_remove(accel, intx->fd, gsi);
		return false;
	}
	intx->gsi = gsi;
	return true;
}

static void intx_bypass_stop(struct vfio_pci *vp)
{
	struct vfio_intx *intx = &vp->intx;

	if (intx->gsi >= 0) {
		accel_irqfd_remove(vp->pd.dev.board->accel, intx->fd, intx->gsi);
		intx->gsi = -1;
	}
}

/* Chooses who reads the eventfd. An interrupt that vfio has masked meanwhile comes again. */
static void intx_connect(struct vfio_pci *vp)
{
	struct vfio_intx *intx = &vp->intx;

	if (!intx_bypass(vp) && !intx->watch) {
		intx->watch = fd_watch(intx->fd, G_IO_IN, intx_fired, vp);
	}
	TRACE(vfio, intx, "%s: gsi %d", vp->device->name, intx->gsi);
}

static void intx_disconnect(struct vfio_pci *vp)
{
	struct vfio_intx *intx = &vp->intx;

	intx_bypass_stop(vp);
	fd_unwatch(intx->watch);
	intx->watch = 0;
	intx->pending = false;
	pci_intx_set(&vp->pd, false);
}

static void intx_enable(struct vfio_pci *vp)
{
	struct vfio_intx *intx = &vp->intx;
	int32_t fd;
	int ret;

	if (!vp->pd.config[PCI_INTERRUPT_PIN]) {
		return;
	}
	intx->fd = eventfd_create();
	intx->resample_fd = eventfd_create();
	fd = intx->fd;
	ret = fd < 0 || intx->resample_fd < 0 ? -EMFILE :
	      vfio_irq_set_fds(vp->device, VFIO_PCI_INTX_IRQ_INDEX, 0, &fd, 1);
	if (ret) {
		warn_report("%s: INTx can't be enabled: %s", vp->device->name, g_strerror(-ret));
		fd_close(&intx->fd);
		fd_close(&intx->resample_fd);
		return;
	}
	vp->irq_mode = VFIO_IRQ_INTX;
	intx_connect(vp);
}

static void intx_disable(struct vfio_pci *vp)
{
	vfio_irq_disable(vp->device, VFIO_PCI_INTX_IRQ_INDEX);
	vp->irq_mode = VFIO_IRQ_NONE;
	intx_disconnect(vp);
	if (vp->intx.remap_timer) {
		g_source_remove(vp->intx.remap_timer);
		vp->intx.remap_timer = 0;
		vfio_bars_direct(vp, true);
	}
	fd_close(&vp->intx.fd);
	fd_close(&vp->intx.resample_fd);
}

void vfio_intx_route_changed(struct pci_device *pd)
{
	struct vfio_pci *vp = vfio_pci_from(pd);

	if (vp->irq_mode != VFIO_IRQ_INTX || vp->intx.gsi == pci_intx_gsi(pd)) {
		return;
	}
	intx_disconnect(vp);
	intx_connect(vp);
	vfio_irq_action(vp->device, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_UNMASK);
}

/* ---- MSI and MSI-X ---- */

static uint32_t mode_index(enum vfio_irq_mode mode)
{
	return mode == VFIO_IRQ_MSIX ? VFIO_PCI_MSIX_IRQ_INDEX : VFIO_PCI_MSI_IRQ_INDEX;
}

static void vector_fired(int fd, GIOCondition condition, void *opaque)
{
	struct vfio_vector *vector = opaque;
	struct vfio_pci *vp = vector->owner;

	machine_lock();
	/* A vCPU may have taken the vector away while this waited for the lock. */
	if (vector->watch && fd == vector->fd && eventfd_drain(fd)) {
		if (vp->irq_mode == VFIO_IRQ_MSIX) {
			pci_msix_notify(&vp->pd, vector->number);
		} else {
			pci_msi_notify(&vp->pd, vector->number);
		}
	}
	machine_unlock();
}

static void vector_watch(struct vfio_vector *vector)
{
	if (!vector->watch && vector->fd >= 0) {
		vector->watch = fd_watch(vector->fd, G_IO_IN, vector_fired, vector);
	}
}

static void vector_unwatch(struct vfio_vector *vector)
{
	fd_unwatch(vector->watch);
	vector->watch = 0;
}

static void vector_unbypass(struct vfio_vector *vector)
{
	struct accel *accel = vector->owner->pd.dev.board->accel;

	if (vector->bypass) {
		accel_irqfd_remove(accel, vector->fd, vector->gsi);
		vector->bypass = false;
	}
	if (vector->gsi >= 0) {
		accel_msi_route_remove(accel, vector->gsi);
		vector->gsi = -1;
	}
}

/* KVM reads the eventfd; where it can't, the main loop goes on doing so. */
static void vector_bypass(struct vfio_vector *vector, uint64_t addr, uint32_t data)
{
	struct accel *accel = vector->owner->pd.dev.board->accel;

	if (vector->bypass) {
		accel_msi_route_update(accel, vector->gsi, addr, data);
		return;
	}
	vector->gsi = accel_msi_route_add(accel, addr, data);
	if (vector->gsi >= 0 && accel_irqfd_add(accel, vector->fd, vector->gsi, -1) == 0) {
		vector->bypass = true;
		vector_unwatch(vector);
		return;
	}
	vector_unbypass(vector);
	vector_watch(vector);
}

static void vectors_disable(struct vfio_pci *vp)
{
	vfio_irq_disable(vp->device, mode_index(vp->irq_mode));
	for (unsigned int i = 0; i < vp->vector_count; i++) {
		vector_unbypass(&vp->vectors[i]);
		vector_unwatch(&vp->vectors[i]);
		fd_close(&vp->vectors[i].fd);
		vp->vectors[i].armed = false;
	}
	vp->vector_count = 0;
	vp->irq_mode = VFIO_IRQ_NONE;
}

static void irqs_disable(struct vfio_pci *vp)
{
	if (vp->irq_mode == VFIO_IRQ_INTX) {
		intx_disable(vp);
	} else if (vp->irq_mode != VFIO_IRQ_NONE) {
		vectors_disable(vp);
	}
}

/* How many vectors the guest can use in this mode from now on. */
static unsigned int vectors_wanted(struct vfio_pci *vp, enum vfio_irq_mode mode)
{
	uint8_t msi = pci_capability_find(&vp->pd, PCI_CAP_ID_MSI);
	uint16_t flags;

	if (mode == VFIO_IRQ_MSIX) {
		return pci_msix_vectors(&vp->pd);
	}
	flags = msi ? pci_get16(vp->pd.config + msi + PCI_MSI_FLAGS) : 0;
	return 1u << ((flags & PCI_MSI_FLAGS_QSIZE) >> 4);
}

/* The whole index at once: before Linux 6.5 vectors can't be added later. */
static int vectors_enable(struct vfio_pci *vp, enum vfio_irq_mode mode, unsigned int first)
{
	unsigned int count = MAX(vectors_wanted(vp, mode), first + 1);
	g_autofree int32_t *fds = NULL;
	int ret = -ENOSPC;

	if (count > vp->vector_max) {
		return -ENOSPC;
	}
	irqs_disable(vp);
	vp->vector_count = count;
	fds = g_new(int32_t, count);
	memset(fds, 0xff, count * sizeof(*fds)); /* -1: none */
	vp->irq_mode = mode;
	vp->vectors[first].fd = eventfd_create();
	fds[first] = vp->vectors[first].fd;
	while (fds[first] >= 0 && count > first) {
		ret = vfio_irq_set_fds(vp->device, mode_index(mode), 0, fds, count);
		if (ret <= 0 || (unsigned int)ret >= count) {
			break;
		}
		count = (unsigned int)ret; /* the host has only so many; the others stay silent */
		ret = -ENOSPC;
	}
	if (ret) {
		vectors_disable(vp);
		return ret < 0 ? ret : -ENOSPC;
	}
	vp->vectors[first].armed = true;
	return 0;
}

static int vector_on(struct vfio_pci *vp, enum vfio_irq_mode mode, unsigned int number,
		     uint64_t addr, uint32_t data)
{
	struct vfio_vector *vector;
	int ret;

	if (vp->gone) {
		return -ENODEV;
	}
	if (vp->irq_mode != mode || number >= vp->vector_count) {
		ret = vectors_enable(vp, mode, number);
		if (ret < 0) {
			warn_report("%s: interrupt vector %u can't be enabled: %s",
				    vp->device->name, number, g_strerror(-ret));
			return ret;
		}
	}
	vector = &vp->vectors[number];
	if (vector->fd < 0) {
		vector->fd = eventfd_create();
	}
	if (!vector->armed) {
		int32_t fd = vector->fd;

		ret = fd < 0 ? fd : vfio_irq_set_fds(vp->device, mode_index(mode), number, &fd, 1);
		if (ret) {
			TRACE(vfio, irq_error, "%s: vector %u: %d", vp->device->name, number, ret);
			return ret < 0 ? ret : -ENOSPC;
		}
		vector->armed = true;
	}
	vector_bypass(vector, addr, data);
	TRACE(vfio, vector_on, "%s: vector %u gsi %d", vp->device->name, number, vector->gsi);
	return 0;
}

static void vector_off(struct vfio_pci *vp, enum vfio_irq_mode mode, unsigned int number)
{
	if (!vp->gone && vp->irq_mode == mode && number < vp->vector_count) {
		vector_unbypass(&vp->vectors[number]);
		vector_watch(&vp->vectors[number]);
	}
}

static int msi_on(struct pci_device *pd, unsigned int vector, uint64_t addr, uint32_t data)
{
	return vector_on(vfio_pci_from(pd), VFIO_IRQ_MSI, vector, addr, data);
}

static void msi_off(struct pci_device *pd, unsigned int vector)
{
	vector_off(vfio_pci_from(pd), VFIO_IRQ_MSI, vector);
}

static int msix_on(struct pci_device *pd, unsigned int vector, uint64_t addr, uint32_t data)
{
	return vector_on(vfio_pci_from(pd), VFIO_IRQ_MSIX, vector, addr, data);
}

static void msix_off(struct pci_device *pd, unsigned int vector)
{
	vector_off(vfio_pci_from(pd), VFIO_IRQ_MSIX, vector);
}

const struct msi_hooks vfio_msi_hooks = { msi_on, msi_off };
const struct msi_hooks vfio_msix_hooks = { msix_on, msix_off };

void vfio_irqs_update(struct vfio_pci *vp)
{
	bool msi = pci_msi_enabled(&vp->pd), msix = pci_msix_enabled(&vp->pd);

	if (vp->gone) {
		return;
	}
	if ((vp->irq_mode == VFIO_IRQ_MSI && !msi) || (vp->irq_mode == VFIO_IRQ_MSIX && !msix) ||
	    (vp->irq_mode == VFIO_IRQ_INTX && (msi || msix))) {
		irqs_disable(vp);
	}
	if (vp->irq_mode == VFIO_IRQ_NONE && !msi && !msix) {
		intx_enable(vp);
	}
}

/* ---- interrupts that are for us ---- */

static void request_fired(int fd, GIOCondition condition, void *opaque)
{
	if (eventfd_drain(fd)) {
		vfio_pci_give_back(opaque);
	}
}

static void error_fired(int fd, GIOCondition condition, void *opaque)
{
	struct vfio_pci *vp = opaque;

	if (eventfd_drain(fd)) {
		error_report("%s: the host reports an uncorrectable error of the device",
			     vp->device->name);
	}
}

static void own_irq_setup(struct vfio_pci *vp, uint32_t index, int *fd, guint *watch, fd_fn fn)
{
	int32_t trigger;

	if (!vfio_irq_count(vp->device, index, NULL)) {
		return;
	}
	*fd = trigger = eventfd_create();
	if (trigger < 0 || vfio_irq_set_fds(vp->device, index, 0, &trigger, 1)) {
		fd_close(fd); /* optional: physical devices have it, samples often not */
		return;
	}
	*watch = fd_watch(trigger, G_IO_IN, fn, vp);
}

void vfio_irqs_setup(struct vfio_pci *vp)
{
	vp->vector_max = MAX(pci_msix_vectors(&vp->pd), MSI_VECTORS_MAX);
	vp->vectors = g_new0(struct vfio_vector, vp->vector_max);
	for (unsigned int i = 0; i < vp->vector_max; i++) {
		vp->vectors[i] = (struct vfio_vector){ .owner = vp, .number = i, .fd = -1,
						       .gsi = -1 };
	}
	own_irq_setup(vp, VFIO_PCI_REQ_IRQ_INDEX, &vp->req_fd, &vp->req_watch, request_fired);
	own_irq_setup(vp, VFIO_PCI_ERR_IRQ_INDEX, &vp->err_fd, &vp->err_watch, error_fired);
	vfio_irqs_update(vp);
}

void vfio_irqs_finish(struct vfio_pci *vp)
{
	irqs_disable(vp);
	g_clear_pointer(&vp->vectors, g_free);
	vp->vector_max = 0;
	fd_unwatch(vp->req_watch);
	fd_unwatch(vp->err_watch);
	vp->req_watch = vp->err_watch = 0;
	fd_close(&vp->req_fd);
	fd_close(&vp->err_fd);
}
