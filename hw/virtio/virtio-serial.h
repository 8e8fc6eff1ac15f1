/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-serial: a PCI device with ports, each a stream of bytes with a name (virtio 1.1, 5.3, with
 * VIRTIO_CONSOLE_F_MULTIPORT; Linux shows /dev/virtio-ports/NAME).
 *
 *   virtio-serial.c       the device: control queues, ports come and open
 *   virtio-serial-port.c  -device virtserialport: a port and its back end
 *
 * Back ends are called on the main thread without a lock held.
 */
#ifndef HW_VIRTIO_VIRTIO_SERIAL_H
#define HW_VIRTIO_VIRTIO_SERIAL_H

#include "hw/virtio/virtio-device.h"

/* Port 0 is a console's in every driver's eyes; ours begin with 1. */
#define SERIAL_PORTS_MAX	(VIRTIO_QUEUES_MAX / 2 - 1)
#define SERIAL_FIRST_PORT	1

struct chardev;
struct serial_port;

struct virtio_serial {
	struct virtio_device vd; /* first */
	uint32_t max_ports;
	struct serial_port *ports[SERIAL_PORTS_MAX]; /* NULL: none of this number */
	/* device lock */
	GQueue control; /* of GBytes *, for the driver */
};

struct serial_port {
	struct device dev; /* first */
	char *bus, *name, *chardev_id;
	uint32_t nr; /* 0: the lowest free number */
	struct virtio_serial *serial; /* NULL: not plugged */
	struct chardev *chardev; /* NULL: data goes nowhere */
	bool told_open; /* what the back end was told of guest_open */
	/* device lock */
	bool guest_open; /* somebody in the guest has it open */
	bool host_open;
	GByteArray *pending; /* for the guest, at most SERIAL_PENDING_MAX */
	bool blocked; /* data from the guest waits for the back end */
};

#define SERIAL_PENDING_MAX	65536

static inline unsigned int serial_port_rx_queue(const struct serial_port *port)
{
	return 2 * port->nr + 2;
}

static inline unsigned int serial_port_tx_queue(const struct serial_port *port)
{
	return 2 * port->nr + 3;
}

/* Device lock held: for the driver, at once or when it has room. @text may be NULL. */
void virtio_serial_tell(struct virtio_serial *serial, uint32_t port, uint16_t event, uint16_t value,
			const char *text);

/* ---- virtio-serial-port.c ---- */
/* Context: main, no lock held. The driver kicked one of its queues, or opened or closed it. */
void serial_port_kicked(struct serial_port *port);
/* Device lock held: the driver forgot everything. */
void serial_port_reset(struct serial_port *port);

#endif
