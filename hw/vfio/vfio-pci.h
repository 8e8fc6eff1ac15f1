/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_pci: a host PCI device (physical or mediated) in the guest. Shared by the files
 * vfio-pci*.c only. Context: machine lock held unless said otherwise.
 */
#ifndef HW_VFIO_VFIO_PCI_H
#define HW_VFIO_VFIO_PCI_H

#include "hw/pci/pci.h"
#include "vfio-device.h"

struct vfio_display;
struct vfio_pci;

/* A piece of a BAR that the guest reaches without an exit. */
struct vfio_bar_map {
	struct mem_region region;
	uint64_t offset; /* in the BAR */
	bool added;
};

struct vfio_bar {
	struct vfio_pci *owner;
	const struct vfio_region *region; /* NULL: not there */
	struct mem_region trapped;
	struct vfio_bar_map *maps;
	unsigned int map_count;
	char name[24];
};

/* One MSI or MSI-X vector. Its fd is made at its first use, kept while its index is enabled. */
struct vfio_vector {
	struct vfio_pci *owner;
	unsigned int number;
	int fd; /* -1: not made */
	int gsi; /* MSI route, -1: none */
	bool armed; /* vfio signals fd */
	bool bypass; /* KVM reads fd */
	guint watch; /* the main loop reads fd, 0: not */
};

enum vfio_irq_mode { VFIO_IRQ_NONE, VFIO_IRQ_INTX, VFIO_IRQ_MSI, VFIO_IRQ_MSIX };

struct vfio_intx {
	int fd, resample_fd; /* -1: none */
	int gsi; /* that KVM raises; -1: the main loop reads fd */
	guint watch;
	bool pending; /* raised by the main loop, the guest has not looked at the device yet */
	guint remap_timer; /* BARs are trapped until it fires */
};

struct vfio_pci {
	struct pci_device pd; /* first */
	/* properties */
	char *sysfsdev, *romfile;
	struct host_bdf host;
	int display; /* enum on_off_auto */
	int tear; /* enum vfio_tear */
	uint32_t xres, yres;
	uint32_t rombar;
	bool no_mmap, igd_opregion;

	struct vfio_device *device;
	const struct vfio_region *config_region;
	/* Bits of config space that pd.config answers; the others come from the device. */
	uint8_t emulated[PCI_CONFIG_SIZE];
	uint16_t command_sent; /* what the device's command register was set to last */
	bool gone; /* taken back by the host: reads give all ones */
	const struct vfio_region *opregion; /* that the guest has a copy of, NULL: none */
	uint64_t opregion_gpa;
	struct vfio_bar bars[PCI_BARS];

	enum vfio_irq_mode irq_mode;
	struct vfio_intx intx;
	struct vfio_vector *vectors; /* vector_max; a callback that waits may hold a pointer */
	unsigned int vector_max;
	unsigned int vector_count; /* of the enabled index */
	int req_fd, err_fd;
	guint req_watch, err_watch;

	struct vfio_display *display_state; /* NULL: none */
};

static inline struct vfio_pci *vfio_pci_from(struct pci_device *pd)
{
	return (struct vfio_pci *)pd;
}

/* ---- vfio-pci-config.c ---- */
/* Reads the device's config space and plugs the device with @ops into the bus. */
bool vfio_config_plug(struct vfio_pci *vp, const struct pci_ops *ops, GError **error);
/* After the BARs are there: capability list, MSI, MSI-X. */
bool vfio_config_capabilities(struct vfio_pci *vp, GError **error);
uint32_t vfio_config_read(struct pci_device *pd, uint32_t offset, unsigned int size);
void vfio_config_write(struct pci_device *pd, uint32_t offset, uint32_t value, unsigned int size);
/* Brings the device's command register in line with the guest's. */
void vfio_config_sync_command(struct vfio_pci *vp);
/* Where MSI-X lives, from the device's own capability. False without MSI-X. */
struct vfio_msix_layout {
	uint8_t offset;
	unsigned int vectors;
	int table_bar, pba_bar;
	uint32_t table_offset, pba_offset;
};
bool vfio_config_msix(struct vfio_pci *vp, struct vfio_msix_layout *layout);

/* ---- vfio-pci-bar.c ---- */
bool vfio_bars_setup(struct vfio_pci *vp, GError **error);
/* Takes the direct maps out of the guest and of this process; what is left traps. */
void vfio_bars_unmap(struct vfio_pci *vp);
void vfio_bar_moved(struct pci_device *pd, int bar, uint64_t gpa);
/* Takes the direct maps out of the guest (so that every access traps) or puts them back. */
void vfio_bars_direct(struct vfio_pci *vp, bool direct);

/* ---- vfio-pci-irq.c ---- */
extern const struct msi_hooks vfio_msi_hooks, vfio_msix_hooks;
void vfio_irqs_setup(struct vfio_pci *vp);
void vfio_irqs_finish(struct vfio_pci *vp);
/* INTx on unless the guest enabled MSI or MSI-X; call when that may have changed. */
void vfio_irqs_update(struct vfio_pci *vp);
void vfio_intx_route_changed(struct pci_device *pd);
/* The guest touched a BAR: an interrupt that the main loop raised counts as served. */
void vfio_intx_touched(struct vfio_pci *vp);

/* ---- vfio-pci-igd.c ---- */
/* x-igd-opregion: after config space is plugged. Where the device has no OpRegion it says so and is
 * content. */
bool vfio_igd_setup(struct vfio_pci *vp, GError **error);
/* The guest gets a fresh copy. */
void vfio_igd_reset(struct vfio_pci *vp);

/* ---- vfio-pci.c ---- */
/* realize() from where vp->device is open, which is closed if this fails. */
bool vfio_pci_attach(struct vfio_pci *vp, GError **error);
/* Undoes attach, also a half-done one, and closes the device. */
void vfio_pci_teardown(struct vfio_pci *vp);
void vfio_pci_reset(struct device *dev);
/* The host wants the device back: let go of it and leave a dead one in the slot. Context: main,
 * machine lock not held. */
void vfio_pci_give_back(struct vfio_pci *vp);

#endif
