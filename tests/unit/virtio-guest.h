/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small board and a small virtio driver for tests: real address spaces, real PCI, the qtest
 * accelerator. Shared by the unit tests and the fuzz targets. Header only: each program is one file.
 */
#ifndef TESTS_UNIT_VIRTIO_GUEST_H
#define TESTS_UNIT_VIRTIO_GUEST_H

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "accel/accel.h"
#include "accel/qtest.h"
#include "block/block.h"
#include "hw/core/machine-lock.h"
#include "hw/pci/pci.h"
#include "hw/virtio/virtio.h"
#include "net/net.h"
#include "ui/input.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/opts.h"

#define GUEST_RAM_BYTES	(4 << 20)
#define GUEST_MSI_ADDR	0xfee00000u

struct guest {
	struct board board;
	struct mem_region ram;
	struct block_backend *drive;
	struct net_backend *netdev;
	struct pci_device *pd;
	uint64_t bar, msix; /* gpa */
	/* one queue's driver side */
	uint16_t size, next, used_seen;
	uint64_t desc, avail, used, data;
	bool pin;
};

static inline unsigned int guest_gsi(void *opaque, unsigned int slot, unsigned int pin)
{
	return 11;
}

static inline void guest_pin(void *opaque, unsigned int gsi, bool level)
{
	((struct guest *)opaque)->pin = level;
}

static inline struct block_backend *guest_find_drive(struct board *board, const char *id,
						     GError **error)
{
	struct guest *guest = (struct guest *)board;

	if (!guest->drive) {
		error_set(error, "drive '%s': not found", id);
	}
	return guest->drive;
}

static inline struct net_backend *guest_find_netdev(struct board *board, const char *id,
						    GError **error)
{
	struct guest *guest = (struct guest *)board;

	if (!guest->netdev) {
		error_set(error, "netdev '%s': not found", id);
	}
	return guest->netdev;
}

static inline void guest_init(struct guest *g)
{
	static const struct pci_route_ops route = { guest_gsi, guest_pin };

	memset(g, 0, sizeof(*g));
	g->board.accel = accel_qtest_create(NULL);
	g->board.mem = addr_space_create("mem", false, UINT64_MAX, g->board.accel);
	g->board.io = addr_space_create("io", true, 65536, g->board.accel);
	g->board.input = input_router_create();
	input_router_set_lock(g->board.input, machine_lock, machine_unlock);
	g->board.find_drive = guest_find_drive;
	g->board.find_netdev = guest_find_netdev;
	machine_lock();
	g->board.pci = pci_bus_create("pci.0", g->board.mem, g->board.io, &route, g);
	g_assert_true(mem_region_init_ram(&g->ram, "ram", GUEST_RAM_BYTES, NULL));
	addr_space_add(g->board.mem, 0, &g->ram, 0);
	machine_unlock();
}

static inline void guest_assign(struct guest *g)
{
	const struct pci_windows windows = { 0xe0000000, 0xf0000000, 0x100000000, 0x200000000,
					     0xc000, 0xd000 };

	machine_lock();
	g_assert_true(pci_bus_assign(g->board.pci, &windows, NULL));
	machine_unlock();
	g->bar = g->pd->bars[4].gpa;
	g->msix = g->pd->bars[1].gpa;
}

/* @props: "key=value,..." or NULL. */
static inline bool guest_plug(struct guest *g, const struct device_class *class,
			      const char *props, GError **error)
{
	struct device *dev = device_create(class, &g->board, "dev0");
	struct opts *opts = props ? opts_parse("-device", props, NULL, error) : NULL;
	bool ok;

	machine_lock();
	ok = (!opts || device_set_opts(dev, opts, error)) && device_realize(dev, error);
	if (!ok) {
		device_destroy(dev);
	}
	machine_unlock();
	opts_destroy(opts);
	if (ok) {
		g->pd = (struct pci_device *)dev;
		guest_assign(g);
	}
	return ok;
}

static inline void guest_finish(struct guest *g)
{
	machine_lock();
	if (g->pd) {
		device_destroy(&g->pd->dev);
	}
	pci_bus_destroy(g->board.pci);
	addr_space_destroy(g->board.mem);
	addr_space_destroy(g->board.io);
	mem_region_finish(&g->ram);
	machine_unlock();
	block_backend_destroy(g->drive);
	net_backend_destroy(g->netdev);
	input_router_destroy(g->board.input);
	while (g_main_context_iteration(NULL, FALSE)) {
	}
	accel_destroy(g->board.accel);
}

/* What the main loop has to do, and everything that follows from it at once. */
static inline void guest_run_loop(void)
{
	while (g_main_context_iteration(NULL, FALSE)) {
	}
}

static inline uint64_t guest_read(struct guest *g, uint64_t gpa, unsigned int size)
{
	uint64_t value = 0;

	addr_space_read(g->board.mem, gpa, &value, size);
	return value;
}

static inline void guest_write(struct guest *g, uint64_t gpa, uint64_t value, unsigned int size)
{
	addr_space_write(g->board.mem, gpa, &value, size);
}

static inline uint64_t common_read(struct guest *g, unsigned int at, unsigned int size)
{
	return guest_read(g, g->bar + at, size);
}

static inline void common_write(struct guest *g, unsigned int at, uint64_t value,
				unsigned int size)
{
	guest_write(g, g->bar + at, value, size);
}

static inline uint8_t guest_status(struct guest *g)
{
	return (uint8_t)common_read(g, VIRTIO_PCI_COMMON_STATUS, 1);
}

static inline uint64_t guest_offered(struct guest *g)
{
	uint64_t features;

	common_write(g, VIRTIO_PCI_COMMON_DFSELECT, 0, 4);
	features = common_read(g, VIRTIO_PCI_COMMON_DF, 4);
	common_write(g, VIRTIO_PCI_COMMON_DFSELECT, 1, 4);
	return features | common_read(g, VIRTIO_PCI_COMMON_DF, 4) << 32;
}

static inline void guest_negotiate(struct guest *g, uint64_t features)
{
	common_write(g, VIRTIO_PCI_COMMON_STATUS, 0, 1);
	common_write(g, VIRTIO_PCI_COMMON_STATUS, 3, 1);
	common_write(g, VIRTIO_PCI_COMMON_GFSELECT, 0, 4);
	common_write(g, VIRTIO_PCI_COMMON_GF, (uint32_t)features, 4);
	common_write(g, VIRTIO_PCI_COMMON_GFSELECT, 1, 4);
	common_write(g, VIRTIO_PCI_COMMON_GF, features >> 32, 4);
	common_write(g, VIRTIO_PCI_COMMON_STATUS, 3 | VIRTIO_CONFIG_S_FEATURES_OK, 1);
}

/* Puts the rings of one queue at @at in RAM, its data behind them, and enables it. */
static inline void guest_queue(struct guest *g, unsigned int queue, uint16_t size, uint64_t at)
{
	g->size = size;
	g->next = g->used_seen = 0;
	g->desc = at;
	g->avail = at + 0x4000;
	g->used = at + 0x8000;
	g->data = at + 0x10000;
	memset((uint8_t *)g->ram.hva + at, 0, 0x10000);
	common_write(g, VIRTIO_PCI_COMMON_Q_SELECT, queue, 2);
	common_write(g, VIRTIO_PCI_COMMON_Q_SIZE, size, 2);
	common_write(g, VIRTIO_PCI_COMMON_Q_MSIX, 0, 2);
	common_write(g, VIRTIO_PCI_COMMON_Q_DESCLO, g->desc, 4);
	common_write(g, VIRTIO_PCI_COMMON_Q_DESCHI, 0, 4);
	common_write(g, VIRTIO_PCI_COMMON_Q_AVAILLO, g->avail, 4);
	common_write(g, VIRTIO_PCI_COMMON_Q_USEDLO, g->used, 4);
	common_write(g, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
}

static inline void guest_driver_ok(struct guest *g)
{
	common_write(g, VIRTIO_PCI_COMMON_STATUS, 3 | VIRTIO_CONFIG_S_FEATURES_OK |
		     VIRTIO_CONFIG_S_DRIVER_OK, 1);
	guest_run_loop();
}

static inline void guest_desc(struct guest *g, unsigned int index, uint64_t addr, uint32_t len,
			      uint16_t flags, uint16_t next)
{
	struct vring_desc desc = { addr, len, flags, next };

	memcpy((uint8_t *)g->ram.hva + g->desc + 16 * index, &desc, sizeof(desc));
}

/* Makes chain @head available and rings the bell of @queue. */
static inline void guest_offer(struct guest *g, unsigned int queue, uint16_t head)
{
	guest_write(g, g->avail + 4 + 2 * (g->next % g->size), head, 2);
	g->next++;
	guest_write(g, g->avail + 2, g->next, 2);
	guest_write(g, g->bar + 0x3000 + 4 * queue, queue, 2);
}

static inline uint16_t guest_used_index(struct guest *g)
{
	return (uint16_t)guest_read(g, g->used + 2, 2);
}

/* The length of the next used element; *head receives its head. */
static inline uint32_t guest_take(struct guest *g, uint32_t *head)
{
	uint64_t at = g->used + 4 + 8 * (g->used_seen % g->size);

	g->used_seen++;
	*head = (uint32_t)guest_read(g, at, 4);
	return (uint32_t)guest_read(g, at + 4, 4);
}

/* Turns MSI-X on; vector n sends data 0x40 + n. */
static inline void guest_enable_msix(struct guest *g)
{
	uint8_t cap = pci_capability_find(g->pd, 0x11);

	for (unsigned int i = 0; i < pci_msix_vectors(g->pd); i++) {
		guest_write(g, g->msix + 16 * i, GUEST_MSI_ADDR, 4);
		guest_write(g, g->msix + 16 * i + 4, 0, 4);
		guest_write(g, g->msix + 16 * i + 8, 0x40 + i, 4);
		guest_write(g, g->msix + 16 * i + 12, 0, 4);
	}
	machine_lock();
	pci_bus_config_write(g->board.pci, (unsigned int)g->pd->devfn, cap + 2u, 0x8000, 2);
	machine_unlock();
}

static inline bool guest_took_msi(struct guest *g, uint32_t data)
{
	struct accel_qtest_msi msi;

	guest_run_loop();
	return accel_qtest_msi_take(g->board.accel, &msi) && msi.addr == GUEST_MSI_ADDR &&
	       msi.data == data;
}

#endif
