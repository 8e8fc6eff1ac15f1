// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/input-event-codes.h>
#include <glib.h>

#include "ps2.h"
#include "ui/input.h"
#include "util/trace.h"

#define ACK		0xfa
#define RESEND		0xfe
#define ECHO		0xee
#define SELF_TEST_OK	0xaa
#define EXTENDED	0xe0
#define BREAK		0xf0

enum { /* commands */
	CMD_LEDS = 0xed, CMD_ECHO = 0xee, CMD_SET = 0xf0, CMD_IDENTIFY = 0xf2,
	CMD_RATE = 0xf3, CMD_ENABLE = 0xf4, CMD_DISABLE = 0xf5, CMD_DEFAULTS = 0xf6,
	CMD_RESEND = 0xfe, CMD_RESET = 0xff,
};

/* A key's longest sequence; a key that doesn't fit whole is dropped whole. */
#define LONGEST_KEY	8

struct ps2_keyboard {
	struct input_router *router;
	struct ps2_queue queue;
	bool scanning;
	uint8_t set; /* 1 or 2 */
	uint8_t command; /* that waits for its argument, or 0 */
	uint8_t last; /* sent, for RESEND */
	uint8_t set1[KEY_MAX + 1]; /* by evdev code; bit 7: with prefix 0xe0 */
};

static void put(struct ps2_keyboard *keyboard, uint8_t byte)
{
	keyboard->last = byte;
	ps2_queue_put(&keyboard->queue, byte);
}

/* Pause has no break code and a sequence of its own. */
static void put_pause(struct ps2_keyboard *keyboard)
{
	static const uint8_t set2[] = { 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77 };
	static const uint8_t set1[] = { 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5 };
	const uint8_t *bytes = keyboard->set == 2 ? set2 : set1;
	size_t count = keyboard->set == 2 ? sizeof(set2) : sizeof(set1);

	for (size_t i = 0; i < count; i++) {
		put(keyboard, bytes[i]);
	}
}

static void on_key(void *opaque, uint16_t code, bool down)
{
	struct ps2_keyboard *keyboard = opaque;
	uint8_t set1 = code <= KEY_MAX ? keyboard->set1[code] : 0;
	uint8_t set2 = ps2_untranslate(set1 & 0x7f);

	if (!keyboard->scanning || ps2_queue_room(&keyboard->queue) < LONGEST_KEY) {
		return;
	}
	if (code == KEY_PAUSE) {
		if (down) {
			put_pause(keyboard);
		}
		return;
	}
	if (!set1 || !set2) {
		TRACE(input, no_scan_code, "evdev %u", code);
		return;
	}
	if (set1 & 0x80) {
		put(keyboard, EXTENDED);
	}
	if (keyboard->set == 1) {
		put(keyboard, (uint8_t)((set1 & 0x7f) | (down ? 0 : 0x80)));
		return;
	}
	if (!down) {
		put(keyboard, BREAK);
	}
	put(keyboard, set2);
}

static const struct input_handler_ops keyboard_ops = {
	.name = "ps2-keyboard",
	.accepts = INPUT_KEYS,
	.key = on_key,
};

static void set_defaults(struct ps2_keyboard *keyboard)
{
	ps2_queue_clear(&keyboard->queue);
	keyboard->set = 2;
	keyboard->command = 0;
}

static void do_argument(struct ps2_keyboard *keyboard, uint8_t command, uint8_t value)
{
	put(keyboard, ACK);
	switch (command) {
	case CMD_LEDS:
		input_leds_set(keyboard->router, value & 7); /* same bits as INPUT_LED_* */
		break;
	case CMD_SET:
		if (value == 0) {
			put(keyboard, keyboard->set);
		} else if (value <= 2) {
			keyboard->set = value;
		}
		break;
	case CMD_RATE: /* keys are repeated by who sends them */
		break;
	}
}

static void do_command(struct ps2_keyboard *keyboard, uint8_t command)
{
	switch (command) {
	case CMD_LEDS:
	case CMD_SET:
	case CMD_RATE:
		keyboard->command = command;
		put(keyboard, ACK);
		break;
	case CMD_ECHO:
		put(keyboard, ECHO);
		break;
	case CMD_IDENTIFY:
		put(keyboard, ACK);
		put(keyboard, 0xab);
		put(keyboard, 0x83);
		break;
	case CMD_ENABLE:
		ps2_queue_clear(&keyboard->queue);
		keyboard->scanning = true;
		put(keyboard, ACK);
		break;
	case CMD_DISABLE:
		set_defaults(keyboard);
		keyboard->scanning = false;
		put(keyboard, ACK);
		break;
	case CMD_DEFAULTS:
		set_defaults(keyboard);
		put(keyboard, ACK);
		break;
	case CMD_RESEND:
		put(keyboard, keyboard->last);
		break;
	case CMD_RESET:
		ps2_keyboard_reset(keyboard);
		put(keyboard, ACK);
		put(keyboard, SELF_TEST_OK);
		break;
	default:
		put(keyboard, RESEND);
	}
}

void ps2_keyboard_write(struct ps2_keyboard *keyboard, uint8_t byte)
{
	uint8_t command = keyboard->command;

	keyboard->command = 0;
	if (command && byte < 0x80) {
		do_argument(keyboard, command, byte);
	} else {
		do_command(keyboard, byte);
	}
}

void ps2_keyboard_reset(struct ps2_keyboard *keyboard)
{
	set_defaults(keyboard);
	keyboard->scanning = true;
	input_leds_set(keyboard->router, 0);
}

struct ps2_queue *ps2_keyboard_queue(struct ps2_keyboard *keyboard)
{
	return &keyboard->queue;
}

struct ps2_keyboard *ps2_keyboard_create(struct input_router *router,
					 void (*ready)(void *opaque), void *opaque)
{
	struct ps2_keyboard *keyboard = g_new0(struct ps2_keyboard, 1);

	keyboard->router = router;
	keyboard->queue.ready = ready;
	keyboard->queue.opaque = opaque;
	for (unsigned int xt = 1; xt < 0x100; xt++) {
		uint16_t code = input_code_from_xt(xt);

		if (code && code <= KEY_MAX && !keyboard->set1[code]) {
			keyboard->set1[code] = (uint8_t)xt;
		}
	}
	ps2_keyboard_reset(keyboard);
	input_handler_add(router, &keyboard_ops, keyboard);
	return keyboard;
}

void ps2_keyboard_destroy(struct ps2_keyboard *keyboard)
{
	if (keyboard) {
		input_handler_remove(keyboard->router, keyboard);
		g_free(keyboard);
	}
}
