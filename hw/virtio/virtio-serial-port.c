// SPDX-License-Identifier: GPL-2.0-or-later
/* virtserialport: bytes between a port's two queues and its back end. */
#include <linux/virtio_console.h>
#include <string.h>

#include "chardev/chardev.h"
#include "hw/virtio/iov.h"
#include "hw/virtio/virtio-serial.h"
#include "hw/virtio/virtio.h"
#include "util/error.h"

/* The back end is given no more while it has so much to send. */
#define QUEUED_MAX	65536
/* Buffers taken in one go. */
#define BURST		32

/* ---- to the guest; device lock held ---- */

/* True: some of it went. */
static bool flush_pending(struct serial_port *port)
{
	struct virtio_device *vd = &port->serial->vd;
	unsigned int queue = serial_port_rx_queue(port);
	struct virtqueue_elem elem;
	gsize sent = 0;

	virtqueue_set_kicks(&vd->queues[queue], true);
	while (sent < port->pending->len && virtio_pop(vd, queue, &elem)) {
		size_t len = iov_from_buf(elem.in, elem.in_count, 0, port->pending->data + sent,
					  port->pending->len - sent);

		virtio_push(vd, queue, elem.head, (uint32_t)len);
		sent += len;
	}
	if (sent) {
		g_byte_array_remove_range(port->pending, 0, (guint)sent);
		virtio_notify(vd, queue);
	}
	return sent > 0;
}

/* ---- from the guest ---- */

/* Takes what the back end takes. True: it got data. */
static bool take_data(struct serial_port *port)
{
	struct virtio_device *vd = &port->serial->vd;
	unsigned int queue = serial_port_tx_queue(port), taken = 0;
	struct virtqueue_elem elem;

	g_mutex_lock(&vd->lock);
	port->blocked = port->chardev && chardev_queued(port->chardev) >= QUEUED_MAX;
	while (!port->blocked && taken < BURST && virtio_pop(vd, queue, &elem)) {
		for (unsigned int i = 0; i < elem.out_count && port->chardev; i++) {
			/* What is for nobody is dropped, as by a cable that isn't plugged in. */
			chardev_write(port->chardev, elem.out[i].iov_base, elem.out[i].iov_len);
		}
		virtio_push(vd, queue, elem.head, 0);
		taken++;
		port->blocked = port->chardev && chardev_queued(port->chardev) >= QUEUED_MAX;
	}
	virtqueue_set_kicks(&vd->queues[queue], true);
	if (taken) {
		virtio_notify(vd, queue);
	}
	if (!port->blocked && virtio_running(vd) && !virtqueue_empty(&vd->queues[queue])) {
		virtio_kick_self(vd, queue);
	}
	g_mutex_unlock(&vd->lock);
	return taken > 0;
}

void serial_port_kicked(struct serial_port *port)
{
	struct virtio_device *vd = &port->serial->vd;
	bool open, room;

	g_mutex_lock(&vd->lock);
	open = port->guest_open;
	room = flush_pending(port);
	g_mutex_unlock(&vd->lock);
	if (port->chardev && open != port->told_open) {
		port->told_open = open;
		chardev_set_front_open(port->chardev, open);
		room = open;
	}
	take_data(port);
	if (port->chardev && room) {
		chardev_accept_input(port->chardev);
	}
}

void serial_port_reset(struct serial_port *port)
{
	port->guest_open = false;
	port->blocked = false;
	g_byte_array_set_size(port->pending, 0);
	virtio_kick_self(&port->serial->vd, serial_port_tx_queue(port));
}

/* ---- what the back end says ---- */

static size_t can_receive(void *opaque)
{
	struct serial_port *port = opaque;
	struct virtio_device *vd = &port->serial->vd;
	size_t room;

	g_mutex_lock(&vd->lock);
	room = port->guest_open ? SERIAL_PENDING_MAX - port->pending->len : 0;
	if (port->blocked) {
		virtio_kick_self(vd, serial_port_tx_queue(port));
	}
	g_mutex_unlock(&vd->lock);
	return room;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
	struct serial_port *port = opaque;

	g_mutex_lock(&port->serial->vd.lock);
	g_byte_array_append(port->pending, data, (guint)len);
	flush_pending(port);
	g_mutex_unlock(&port->serial->vd.lock);
}

static void event(void *opaque, enum chardev_event kind)
{
	struct serial_port *port = opaque;

	if (kind == CHARDEV_BREAK) {
		return;
	}
	g_mutex_lock(&port->serial->vd.lock);
	port->host_open = kind == CHARDEV_OPENED;
	virtio_serial_tell(port->serial, port->nr, VIRTIO_CONSOLE_PORT_OPEN, port->host_open, NULL);
	g_mutex_unlock(&port->serial->vd.lock);
}

static const struct chardev_ops chardev_ops = {
	.can_receive = can_receive,
	.receive = receive,
	.event = event,
};

/* ---- life ---- */

static bool check_bus(struct serial_port *port, struct virtio_serial *serial, GError **error)
{
	const char *id = serial->vd.pci.dev.id;
	g_autofree char *name = g_strdup_printf("%s.0", id ? id : "virtio-serial0");

	return !port->bus || !strcmp(port->bus, name) ||
	       error_set(error, "%s: bus '%s': not found (%s)", device_label(&port->dev), port->bus,
			 name);
}

static bool choose_number(struct serial_port *port, struct virtio_serial *serial, GError **error)
{
	uint32_t nr = port->nr;

	for (uint32_t i = SERIAL_FIRST_PORT; !nr && i < serial->max_ports; i++) {
		nr = serial->ports[i] ? 0 : i;
	}
	if (!nr || nr >= serial->max_ports) {
		return error_set(error, "%s: nr=%u: the device has ports 1 to %u, and none is free",
				 device_label(&port->dev), port->nr, serial->max_ports - 1);
	}
	if (serial->ports[nr]) {
		return error_set(error, "%s: nr=%u: in use", device_label(&port->dev), nr);
	}
	port->nr = nr;
	return true;
}

static bool port_realize(struct device *dev, GError **error)
{
	struct serial_port *port = (struct serial_port *)dev;
	struct virtio_serial *serial = dev->board->serial;
	struct chardev *chardev = NULL;

	if (!serial) {
		return error_set(error, "%s: needs a -device virtio-serial-pci before it",
				 device_label(dev));
	}
	if (!check_bus(port, serial, error) || !choose_number(port, serial, error)) {
		return false;
	}
	if (port->chardev_id) {
		chardev = dev->board->find_chardev(dev->board, port->chardev_id, error);
		if (!chardev) {
			g_prefix_error(error, "%s: ", device_label(dev));
			return false;
		}
	}
	port->pending = g_byte_array_new();
	port->serial = serial;
	port->chardev = chardev;
	serial->ports[port->nr] = port;
	if (chardev) {
		chardev_attach(chardev, &chardev_ops, port);
	}
	return true;
}

static void port_unrealize(struct device *dev)
{
	struct serial_port *port = (struct serial_port *)dev;

	if (port->chardev) {
		chardev_set_front_open(port->chardev, false);
		chardev_attach(port->chardev, NULL, NULL);
	}
	port->serial->ports[port->nr] = NULL;
	g_byte_array_unref(port->pending);
}

static const struct property port_properties[] = {
	PROP("chardev", PROP_STR, struct serial_port, chardev_id, NULL, "id of the -chardev"),
	PROP("name", PROP_STR, struct serial_port, name, NULL,
	     "what the guest calls it, /dev/virtio-ports/NAME"),
	PROP("nr", PROP_U32, struct serial_port, nr, "0", "number of the port, 0 for the next"),
	PROP("bus", PROP_STR, struct serial_port, bus, NULL, "ID.0 of the virtio-serial-pci"),
	PROP_END
};

const struct device_class virtserialport_class = {
	.name = "virtserialport",
	.bus = "virtio-serial-bus",
	.category = "Input",
	.description = "port of a virtio-serial-pci",
	.instance_size = sizeof(struct serial_port),
	.properties = port_properties,
	.user_creatable = true,
	.realize = port_realize,
	.unrealize = port_unrealize,
};
