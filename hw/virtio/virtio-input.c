// SPDX-License-Identifier: GPL-2.0-or-later
/* virtio-keyboard-pci, virtio-mouse-pci, virtio-tablet-pci (virtio 1.1, 5.8). */
#include <linux/input-event-codes.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_input.h>

#include "hw/core/machine-lock.h"
#include "hw/virtio/iov.h"
#include "hw/virtio/virtio-device.h"
#include "hw/virtio/virtio-input-config.h"
#include "hw/virtio/virtio.h"
#include "ui/input.h"
#include "util/trace.h"

enum { QUEUE_EVENTS, QUEUE_STATUS };
/* Events that wait for a slow guest; more are dropped up to the next whole report. */
#define PENDING_MAX	1024

struct virtio_input {
	struct virtio_device vd; /* first */
	char *serial;
	const struct input_model *model;
	const struct input_handler_ops *handler;
	unsigned int leds; /* main thread */
	/* device lock */
	GArray *pending; /* of struct virtio_input_event */
	unsigned int reported; /* how many of them end in a whole report */
	bool overflow; /* drop until the next report */
};

/* ---- events to the guest ---- */

/* Device lock held. */
static void flush(struct virtio_input *input)
{
	struct virtio_device *vd = &input->vd;
	unsigned int sent = 0;

	while (sent < input->reported) {
		struct virtqueue_elem elem;
		size_t n;

		if (!virtio_pop(vd, QUEUE_EVENTS, &elem)) {
			/* Ask for a kick, then look once more: it may have come meanwhile. */
			virtqueue_set_kicks(&vd->queues[QUEUE_EVENTS], true);
			if (!virtio_pop(vd, QUEUE_EVENTS, &elem)) {
				break;
			}
		}
		n = iov_from_buf(elem.in, elem.in_count, 0,
				 &g_array_index(input->pending, struct virtio_input_event, sent),
				 sizeof(struct virtio_input_event));
		virtio_push(vd, QUEUE_EVENTS, elem.head, (uint32_t)n);
		sent++;
	}
	if (sent) {
		g_array_remove_range(input->pending, 0, sent);
		input->reported -= sent;
		virtio_notify(vd, QUEUE_EVENTS);
	}
}

static void queue_event(struct virtio_input *input, uint16_t type, uint16_t code, int32_t value)
{
	const struct virtio_input_event event = { type, code, (uint32_t)value };

	g_mutex_lock(&input->vd.lock);
	if (virtio_running(&input->vd) && !input->overflow) {
		g_array_append_val(input->pending, event);
	}
	if (input->pending->len >= PENDING_MAX) {
		TRACE(input, overflow, "%s", device_label(&input->vd.pci.dev));
		input->overflow = true;
		g_array_set_size(input->pending, input->reported);
	}
	g_mutex_unlock(&input->vd.lock);
}

static void on_code(void *opaque, uint16_t code, bool down)
{
	queue_event(opaque, EV_KEY, code, down);
}

static void on_rel(void *opaque, uint16_t axis, int32_t delta)
{
	queue_event(opaque, EV_REL, axis, delta);
}

static void on_abs(void *opaque, uint16_t axis, int32_t value)
{
	queue_event(opaque, EV_ABS, axis, value);
}

static void on_sync(void *opaque)
{
	static const struct virtio_input_event report = { EV_SYN, SYN_REPORT, 0 };
	struct virtio_input *input = opaque;

	g_mutex_lock(&input->vd.lock);
	if (input->pending->len > input->reported) {
		g_array_append_val(input->pending, report);
		input->reported = input->pending->len;
	}
	input->overflow = input->reported >= PENDING_MAX / 2;
	flush(input);
	g_mutex_unlock(&input->vd.lock);
}

/* ---- lights from the guest ---- */

static unsigned int led_bit(uint16_t code)
{
	switch (code) {
	case LED_NUML:
		return INPUT_LED_NUM;
	case LED_CAPSL:
		return INPUT_LED_CAPS;
	case LED_SCROLLL:
		return INPUT_LED_SCROLL;
	default:
		return 0;
	}
}

static void status_kicked(struct virtio_input *input)
{
	struct virtio_device *vd = &input->vd;
	struct virtqueue_elem elem;
	unsigned int leds = input->leds, taken = 0;

	g_mutex_lock(&vd->lock);
	while (taken < vd->queues[QUEUE_STATUS].size && virtio_pop(vd, QUEUE_STATUS, &elem)) {
		struct virtio_input_event event = { 0 };

		if (iov_to_buf(elem.out, elem.out_count, 0, &event, sizeof(event)) ==
		    sizeof(event) && event.type == EV_LED) {
			unsigned int bit = led_bit(event.code);

			leds = event.value ? leds | bit : leds & ~bit;
		}
		virtio_push(vd, QUEUE_STATUS, elem.head, 0);
		taken++;
	}
	virtqueue_set_kicks(&vd->queues[QUEUE_STATUS], true);
	if (taken) {
		virtio_notify(vd, QUEUE_STATUS);
	}
	if (virtio_running(vd) && !virtqueue_empty(&vd->queues[QUEUE_STATUS])) {
		virtio_kick_self(vd, QUEUE_STATUS);
	}
	g_mutex_unlock(&vd->lock);
	if (leds != input->leds) {
		input->leds = leds;
		machine_lock();
		input_leds_set(vd->pci.dev.board->input, leds);
		machine_unlock();
	}
}

static void input_kicked(struct virtio_device *vd, unsigned int queue)
{
	struct virtio_input *input = (struct virtio_input *)vd;

	if (queue == QUEUE_STATUS) {
		status_kicked(input);
		return;
	}
	g_mutex_lock(&vd->lock);
	flush(input);
	g_mutex_unlock(&vd->lock);
}

/* ---- life ---- */

static void input_config_written(struct virtio_device *vd, unsigned int offset, unsigned int size)
{
	struct virtio_input *input = (struct virtio_input *)vd;

	input_model_answer(input->model, input->serial, (struct virtio_input_config *)vd->config);
}

static void input_reset(struct virtio_device *vd)
{
	struct virtio_input *input = (struct virtio_input *)vd;

	g_array_set_size(input->pending, 0);
	input->reported = 0;
	input->overflow = false;
}

static const uint16_t queue_sizes[] = { 64, 64 };

#define INPUT_OPS(_class_code)                                                          \
	{                                                                               \
		.id = VIRTIO_ID_INPUT, .class_code = (_class_code), .queues = 2,         \
		.queue_sizes = queue_sizes, .kicked = input_kicked,                      \
		.config_written = input_config_written, .reset = input_reset,            \
	}
static const struct virtio_ops keyboard_ops = INPUT_OPS(0x090000);
static const struct virtio_ops mouse_ops = INPUT_OPS(0x090200);
static const struct virtio_ops tablet_ops = INPUT_OPS(0x098000);

static const uint16_t leds[] = { LED_NUML, LED_CAPSL, LED_SCROLLL, UINT16_MAX };
static const uint16_t buttons[] = { BTN_LEFT, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE, BTN_EXTRA, 0 };
static const uint16_t mouse_axes[] = { REL_X, REL_Y, REL_WHEEL, REL_HWHEEL, UINT16_MAX };
static const uint16_t wheel_axes[] = { REL_WHEEL, REL_HWHEEL, UINT16_MAX };
static const uint16_t position_axes[] = { ABS_X, ABS_Y, UINT16_MAX };

static const struct input_model keyboard_model = {
	.name = "Oriel virtio keyboard",
	.product = 1,
	.key_first = KEY_ESC,
	.key_last = 0xff, /* every key below the buttons */
	.leds = leds,
	.repeats = 1,
};
static const struct input_model mouse_model = {
	.name = "Oriel virtio mouse",
	.product = 2,
	.keys = buttons,
	.axes_rel = mouse_axes,
};
static const struct input_model tablet_model = {
	.name = "Oriel virtio tablet",
	.product = 3,
	.keys = buttons,
	.axes_rel = wheel_axes,
	.axes_abs = position_axes,
};

static const struct input_handler_ops keyboard_handler = {
	.name = "virtio-keyboard",
	.accepts = INPUT_KEYS,
	.key = on_code,
	.sync = on_sync,
};
static const struct input_handler_ops mouse_handler = {
	.name = "virtio-mouse",
	.accepts = INPUT_REL | INPUT_BUTTONS,
	.button = on_code,
	.rel = on_rel,
	.sync = on_sync,
};
static const struct input_handler_ops tablet_handler = {
	.name = "virtio-tablet",
	.accepts = INPUT_ABS | INPUT_BUTTONS,
	.button = on_code,
	.rel = on_rel,
	.abs = on_abs,
	.sync = on_sync,
};

static bool realize(struct device *dev, const struct virtio_ops *ops,
		    const struct input_model *model, const struct input_handler_ops *handler,
		    GError **error)
{
	struct virtio_input *input = (struct virtio_input *)dev;

	input->model = model;
	input->pending = g_array_new(false, false, sizeof(struct virtio_input_event));
	if (!virtio_device_init(&input->vd, ops, 0, sizeof(struct virtio_input_config), error)) {
		g_array_unref(input->pending);
		return false;
	}
	input_handler_add(dev->board->input, handler, input);
	return true;
}

static bool keyboard_realize(struct device *dev, GError **error)
{
	return realize(dev, &keyboard_ops, &keyboard_model, &keyboard_handler, error);
}

static bool mouse_realize(struct device *dev, GError **error)
{
	return realize(dev, &mouse_ops, &mouse_model, &mouse_handler, error);
}

static bool tablet_realize(struct device *dev, GError **error)
{
	return realize(dev, &tablet_ops, &tablet_model, &tablet_handler, error);
}

static void input_unrealize(struct device *dev)
{
	struct virtio_input *input = (struct virtio_input *)dev;

	input_handler_remove(dev->board->input, input);
	virtio_device_finish(&input->vd);
	g_array_unref(input->pending);
}

static const struct property input_properties[] = {
	VIRTIO_PROPERTIES(struct virtio_input, vd),
	PROP("serial", PROP_STR, struct virtio_input, serial, NULL,
	     "serial number that the guest reads"),
	PROP_END
};

#define INPUT_CLASS(_name, _description, _realize)                                      \
	{                                                                               \
		.name = (_name), .bus = "PCI", .category = "Input",                      \
		.description = (_description), .properties = input_properties,           \
		.instance_size = sizeof(struct virtio_input), .user_creatable = true,    \
		.realize = (_realize), .reset = virtio_device_reset,                     \
		.unrealize = input_unrealize,                                            \
	}
const struct device_class virtio_keyboard_pci_class =
	INPUT_CLASS("virtio-keyboard-pci", "keyboard", keyboard_realize);
const struct device_class virtio_mouse_pci_class =
	INPUT_CLASS("virtio-mouse-pci", "mouse", mouse_realize);
const struct device_class virtio_tablet_pci_class =
	INPUT_CLASS("virtio-tablet-pci", "pointer with absolute positions", tablet_realize);
