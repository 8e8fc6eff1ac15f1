// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/input-event-codes.h>
#include <glib.h>

#include "ps2.h"
#include "ui/input.h"

#define ACK		0xfa
#define NACK		0xfe
#define SELF_TEST_OK	0xaa

enum { /* commands */
	CMD_SCALE_1 = 0xe6, CMD_SCALE_2 = 0xe7, CMD_RESOLUTION = 0xe8, CMD_STATUS = 0xe9,
	CMD_STREAM = 0xea, CMD_READ = 0xeb, CMD_UNWRAP = 0xec, CMD_WRAP = 0xee,
	CMD_REMOTE = 0xf0, CMD_IDENTIFY = 0xf2, CMD_RATE = 0xf3, CMD_ENABLE = 0xf4,
	CMD_DISABLE = 0xf5, CMD_DEFAULTS = 0xf6, CMD_RESET = 0xff,
};

enum { ID_PLAIN = 0, ID_WHEEL = 3, ID_EXPLORER = 4 };
enum { LEFT = 1, RIGHT = 2, MIDDLE = 4, SIDE = 8, EXTRA = 16 };

struct ps2_mouse {
	struct input_router *router;
	struct ps2_queue queue;
	uint8_t id, rate, resolution, command;
	uint8_t rates[3]; /* last ones set: the magic knock of the extensions */
	bool enabled, remote, wrap, scale_2;
	uint8_t buttons;
	int32_t dx, dy, dz;
	bool changed; /* since the last packet */
};

static void put(struct ps2_mouse *mouse, uint8_t byte)
{
	ps2_queue_put(&mouse->queue, byte);
}

/* Takes as much movement as fits a packet; the rest stays for the next one. */
static int32_t take(int32_t *rest, int32_t min, int32_t max)
{
	int32_t part = CLAMP(*rest, min, max);

	*rest -= part;
	return part;
}

static void put_packet(struct ps2_mouse *mouse)
{
	/* Upwards is positive here, downwards everywhere else. */
	int32_t x = take(&mouse->dx, -255, 255), y = -take(&mouse->dy, -255, 255);
	uint8_t packet[4] = {
		(uint8_t)((mouse->buttons & 7) | 8 | (x < 0) << 4 | (y < 0) << 5),
		(uint8_t)x,
		(uint8_t)y,
	};

	if (mouse->id == ID_WHEEL) {
		packet[3] = (uint8_t)take(&mouse->dz, -127, 127);
	} else if (mouse->id == ID_EXPLORER) {
		packet[3] = (uint8_t)((take(&mouse->dz, -7, 7) & 0xf) |
				      (mouse->buttons & (SIDE | EXTRA)) << 1);
	} else {
		mouse->dz = 0;
	}
	mouse->changed = mouse->dx || mouse->dy || mouse->dz;
	/* In one go: the controller asks for more as soon as it takes the first byte. */
	ps2_queue_put_all(&mouse->queue, packet, mouse->id == ID_PLAIN ? 3 : 4);
}

/* While the guest doesn't fetch, movement adds up instead of filling the queue. */
#define QUEUED_MAX	64

static void send_packets(struct ps2_mouse *mouse)
{
	while (mouse->enabled && !mouse->remote && mouse->changed &&
	       mouse->queue.count < QUEUED_MAX) {
		put_packet(mouse);
	}
}

/* ---- from the input router ---- */

static void on_button(void *opaque, uint16_t code, bool down)
{
	struct ps2_mouse *mouse = opaque;
	uint8_t bit;

	switch (code) {
	case BTN_LEFT:
		bit = LEFT;
		break;
	case BTN_RIGHT:
		bit = RIGHT;
		break;
	case BTN_MIDDLE:
		bit = MIDDLE;
		break;
	case BTN_SIDE:
		bit = SIDE;
		break;
	case BTN_EXTRA:
		bit = EXTRA;
		break;
	default:
		return;
	}
	send_packets(mouse); /* movement before the click belongs before it */
	mouse->buttons = down ? mouse->buttons | bit : mouse->buttons & (uint8_t)~bit;
	mouse->changed = true;
}

static int32_t add(int32_t sum, int32_t delta)
{
	return (int32_t)CLAMP((int64_t)sum + delta, -100000, 100000);
}

static void on_rel(void *opaque, uint16_t axis, int32_t delta)
{
	struct ps2_mouse *mouse = opaque;

	if (axis == REL_X) {
		mouse->dx = add(mouse->dx, delta);
	} else if (axis == REL_Y) {
		mouse->dy = add(mouse->dy, delta);
	} else if (axis == REL_WHEEL) {
		mouse->dz = add(mouse->dz, -delta);
	} else {
		return;
	}
	mouse->changed = true;
}

static void on_sync(void *opaque)
{
	send_packets(opaque);
}

void ps2_mouse_flush(struct ps2_mouse *mouse)
{
	send_packets(mouse);
}

static const struct input_handler_ops mouse_ops = {
	.name = "ps2-mouse",
	.accepts = INPUT_REL | INPUT_BUTTONS,
	.button = on_button,
	.rel = on_rel,
	.sync = on_sync,
};

/* ---- from the controller ---- */

static void set_defaults(struct ps2_mouse *mouse)
{
	ps2_queue_clear(&mouse->queue);
	mouse->rate = 100;
	mouse->resolution = 2;
	mouse->scale_2 = mouse->enabled = mouse->remote = mouse->wrap = false;
	mouse->command = 0;
	mouse->dx = mouse->dy = mouse->dz = 0;
	mouse->changed = false;
}

/* 200, 100, 80 asks for a wheel, 200, 200, 80 after that for five buttons. */
static void set_rate(struct ps2_mouse *mouse, uint8_t rate)
{
	mouse->rate = rate;
	mouse->rates[0] = mouse->rates[1];
	mouse->rates[1] = mouse->rates[2];
	mouse->rates[2] = rate;
	if (mouse->rates[0] != 200 || mouse->rates[2] != 80) {
		return;
	}
	if (mouse->rates[1] == 100) {
		mouse->id = ID_WHEEL;
	} else if (mouse->rates[1] == 200) {
		mouse->id = ID_EXPLORER;
	}
}

static void put_status(struct ps2_mouse *mouse)
{
	put(mouse, (uint8_t)((mouse->remote << 6) | (mouse->enabled << 5) |
			     (mouse->scale_2 << 4) | (mouse->buttons & LEFT ? 4 : 0) |
			     (mouse->buttons & MIDDLE ? 2 : 0) |
			     (mouse->buttons & RIGHT ? 1 : 0)));
	put(mouse, mouse->resolution);
	put(mouse, mouse->rate);
}

static void do_command(struct ps2_mouse *mouse, uint8_t command)
{
	if (command != CMD_RESET && command != CMD_DEFAULTS && command != CMD_DISABLE) {
		put(mouse, command >= CMD_SCALE_1 ? ACK : NACK);
	}
	switch (command) {
	case CMD_SCALE_1:
		mouse->scale_2 = false;
		break;
	case CMD_SCALE_2:
		mouse->scale_2 = true;
		break;
	case CMD_RESOLUTION:
	case CMD_RATE:
		mouse->command = command;
		break;
	case CMD_STATUS:
		put_status(mouse);
		break;
	case CMD_STREAM:
		mouse->remote = false;
		break;
	case CMD_REMOTE:
		mouse->remote = true;
		break;
	case CMD_READ:
		put_packet(mouse);
		break;
	case CMD_WRAP:
		mouse->wrap = true;
		break;
	case CMD_IDENTIFY:
		put(mouse, mouse->id);
		break;
	case CMD_ENABLE:
		mouse->enabled = true;
		mouse->dx = mouse->dy = mouse->dz = 0;
		mouse->changed = false;
		break;
	case CMD_DISABLE:
		mouse->enabled = false;
		ps2_queue_clear(&mouse->queue);
		put(mouse, ACK);
		break;
	case CMD_DEFAULTS:
		set_defaults(mouse);
		put(mouse, ACK);
		break;
	case CMD_RESET:
		ps2_mouse_reset(mouse);
		put(mouse, ACK);
		put(mouse, SELF_TEST_OK);
		put(mouse, mouse->id);
		break;
	}
}

void ps2_mouse_write(struct ps2_mouse *mouse, uint8_t byte)
{
	uint8_t command = mouse->command;

	if (mouse->wrap && byte != CMD_RESET && byte != CMD_UNWRAP) {
		put(mouse, byte);
		return;
	}
	mouse->wrap = false;
	mouse->command = 0;
	if (command == CMD_RATE) {
		set_rate(mouse, byte);
		put(mouse, ACK);
	} else if (command == CMD_RESOLUTION) {
		mouse->resolution = byte & 3;
		put(mouse, ACK);
	} else {
		do_command(mouse, byte);
	}
}

void ps2_mouse_reset(struct ps2_mouse *mouse)
{
	set_defaults(mouse);
	mouse->id = ID_PLAIN;
	mouse->rates[0] = mouse->rates[1] = mouse->rates[2] = 0;
}

struct ps2_queue *ps2_mouse_queue(struct ps2_mouse *mouse)
{
	return &mouse->queue;
}

struct ps2_mouse *ps2_mouse_create(struct input_router *router, void (*ready)(void *opaque),
				   void *opaque)
{
	struct ps2_mouse *mouse = g_new0(struct ps2_mouse, 1);

	mouse->router = router;
	mouse->queue.ready = ready;
	mouse->queue.opaque = opaque;
	ps2_mouse_reset(mouse);
	input_handler_add(router, &mouse_ops, mouse);
	return mouse;
}

void ps2_mouse_destroy(struct ps2_mouse *mouse)
{
	if (mouse) {
		input_handler_remove(mouse->router, mouse);
		g_free(mouse);
	}
}
