// SPDX-License-Identifier: GPL-2.0-or-later
/* virtio-serial-pci: control messages (virtio 1.1, 5.3.6.2). */
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "hw/virtio/iov.h"
#include "hw/virtio/virtio-serial.h"
#include "hw/virtio/virtio.h"
#include "util/error.h"
#include "util/trace.h"

enum { QUEUE_CONTROL_RX = 2, QUEUE_CONTROL_TX = 3 };
/* Messages that wait for a driver that asks and doesn't listen; what comes on top is dropped. */
#define CONTROL_MAX	64

/* ---- to the driver; device lock held ---- */

static void flush_control(struct virtio_serial *serial)
{
	struct virtio_device *vd = &serial->vd;
	struct virtqueue_elem elem;
	bool any = false;
	GBytes *message;

	virtqueue_set_kicks(&vd->queues[QUEUE_CONTROL_RX], true);
	while ((message = g_queue_peek_head(&serial->control)) &&
	       virtio_pop(vd, QUEUE_CONTROL_RX, &elem)) {
		gsize len;
		const void *data = g_bytes_get_data(message, &len);

		len = iov_from_buf(elem.in, elem.in_count, 0, data, len);
		virtio_push(vd, QUEUE_CONTROL_RX, elem.head, (uint32_t)len);
		g_bytes_unref(g_queue_pop_head(&serial->control));
		any = true;
	}
	if (any) {
		virtio_notify(vd, QUEUE_CONTROL_RX);
	}
}

void virtio_serial_tell(struct virtio_serial *serial, uint32_t port, uint16_t event, uint16_t value,
			const char *text)
{
	const struct virtio_console_control control = { port, event, value };
	GByteArray *message;

	if (!virtio_running(&serial->vd) || serial->control.length >= CONTROL_MAX) {
		return;
	}
	message = g_byte_array_new();
	g_byte_array_append(message, (const uint8_t *)&control, sizeof(control));
	if (text) {
		g_byte_array_append(message, (const uint8_t *)text, (guint)strlen(text) + 1);
	}
	g_queue_push_tail(&serial->control, g_byte_array_free_to_bytes(message));
	flush_control(serial);
}

/* ---- from the driver; device lock held ---- */

static void device_ready(struct virtio_serial *serial)
{
	for (unsigned int i = 0; i < SERIAL_PORTS_MAX; i++) {
		if (serial->ports[i]) {
			virtio_serial_tell(serial, i, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
		}
	}
}

static void port_ready(struct virtio_serial *serial, struct serial_port *port)
{
	if (port->name) {
		virtio_serial_tell(serial, port->nr, VIRTIO_CONSOLE_PORT_NAME, 1, port->name);
	}
	if (port->host_open) {
		virtio_serial_tell(serial, port->nr, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	}
}

static void port_open(struct serial_port *port, bool open)
{
	port->guest_open = open;
	if (!open) {
		g_byte_array_set_size(port->pending, 0);
	}
	/* The back end is told from there, without the lock. */
	virtio_kick_self(&port->serial->vd, serial_port_tx_queue(port));
}

static void take_control(struct virtio_serial *serial, const struct virtio_console_control *control)
{
	const char *label = device_label(&serial->vd.pci.dev);
	struct serial_port *port = control->id < SERIAL_PORTS_MAX ? serial->ports[control->id] :
								    NULL;

	TRACE(virtio, serial_control, "%s: port %u event %u value %u", label, control->id,
	      control->event, control->value);
	if (control->event == VIRTIO_CONSOLE_DEVICE_READY) {
		if (control->value) {
			device_ready(serial);
		}
	} else if (!port) {
		TRACE_GUEST_ERROR(virtio, "%s: there is no port %u", label, control->id);
	} else if (control->event == VIRTIO_CONSOLE_PORT_READY) {
		if (control->value) {
			port_ready(serial, port);
		}
	} else if (control->event == VIRTIO_CONSOLE_PORT_OPEN) {
		port_open(port, control->value != 0);
	}
}

static void control_kicked(struct virtio_serial *serial)
{
	struct virtio_device *vd = &serial->vd;
	struct virtqueue_elem elem;
	unsigned int taken = 0;

	while (taken < vd->queues[QUEUE_CONTROL_TX].size &&
	       virtio_pop(vd, QUEUE_CONTROL_TX, &elem)) {
		struct virtio_console_control control;

		if (iov_to_buf(elem.out, elem.out_count, 0, &control, sizeof(control)) ==
		    sizeof(control)) {
			take_control(serial, &control);
		}
		virtio_push(vd, QUEUE_CONTROL_TX, elem.head, 0);
		taken++;
	}
	virtqueue_set_kicks(&vd->queues[QUEUE_CONTROL_TX], true);
	if (taken) {
		virtio_notify(vd, QUEUE_CONTROL_TX);
	}
	if (virtio_running(vd) && !virtqueue_empty(&vd->queues[QUEUE_CONTROL_TX])) {
		virtio_kick_self(vd, QUEUE_CONTROL_TX);
	}
}

static void serial_kicked(struct virtio_device *vd, unsigned int queue)
{
	struct virtio_serial *serial = (struct virtio_serial *)vd;
	struct serial_port *port = queue >= 4 ? serial->ports[queue / 2 - 1] : NULL;

	if (port) {
		serial_port_kicked(port);
		return;
	}
	g_mutex_lock(&vd->lock);
	if (queue == QUEUE_CONTROL_TX) {
		control_kicked(serial);
	} else if (queue == QUEUE_CONTROL_RX) {
		flush_control(serial);
	}
	g_mutex_unlock(&vd->lock);
}

/* ---- life ---- */

static void serial_reset(struct virtio_device *vd)
{
	struct virtio_serial *serial = (struct virtio_serial *)vd;

	g_queue_clear_full(&serial->control, (GDestroyNotify)g_bytes_unref);
	for (unsigned int i = 0; i < SERIAL_PORTS_MAX; i++) {
		if (serial->ports[i]) {
			serial_port_reset(serial->ports[i]);
		}
	}
}

/* Two for each port and two for control. */
static const uint16_t queue_sizes[VIRTIO_QUEUES_MAX] = {
	128, 128, 32, 32, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
};

static const struct virtio_ops serial_ops = {
	.id = VIRTIO_ID_CONSOLE,
	.class_code = 0x078000,
	.queues = VIRTIO_QUEUES_MAX,
	.queue_sizes = queue_sizes,
	.kicked = serial_kicked,
	.reset = serial_reset,
};

static bool serial_realize(struct device *dev, GError **error)
{
	struct virtio_serial *serial = (struct virtio_serial *)dev;
	struct virtio_console_config config = { .max_nr_ports = serial->max_ports };

	if (dev->board->serial) {
		return error_set(error, "%s: there is one already", device_label(dev));
	}
	memcpy(serial->vd.config, &config, sizeof(config));
	g_queue_init(&serial->control);
	if (!virtio_device_init(&serial->vd, &serial_ops,
				UINT64_C(1) << VIRTIO_CONSOLE_F_MULTIPORT, sizeof(config), error)) {
		return false;
	}
	dev->board->serial = serial;
	return true;
}

/* Its ports are gone: they were made after it. */
static void serial_unrealize(struct device *dev)
{
	struct virtio_serial *serial = (struct virtio_serial *)dev;

	dev->board->serial = NULL;
	virtio_device_finish(&serial->vd);
	g_queue_clear_full(&serial->control, (GDestroyNotify)g_bytes_unref);
}

static const struct property serial_properties[] = {
	VIRTIO_PROPERTIES(struct virtio_serial, vd),
	{ .name = "max_ports", .type = PROP_U32,
	  .offset = offsetof(struct virtio_serial, max_ports), .def = "7", .help = "ports that the driver is told of, at most 7", .min = 1,
	  .max = SERIAL_PORTS_MAX },
	PROP_END
};

const struct device_class virtio_serial_pci_class = {
	.name = "virtio-serial-pci",
	.alias = "virtio-serial",
	.bus = "PCI",
	.category = "Input",
	.description = "ports between guest and host, see virtserialport",
	.instance_size = sizeof(struct virtio_serial),
	.properties = serial_properties,
	.user_creatable = true,
	.realize = serial_realize,
	.reset = virtio_device_reset,
	.unrealize = serial_unrealize,
};
