// SPDX-License-Identifier: GPL-2.0-or-later
/* The keyboard controller: one byte of output buffer, filled from its own answers first, then
 * from the keyboard, then from the mouse. */
#include <glib.h>

#include "hw/core/addr-space.h"
#include "hw/core/device.h"
#include "ps2.h"

#define STATUS_FULL	0x01 /* the output buffer holds a byte */
#define STATUS_SYSTEM	0x04 /* self test passed */
#define STATUS_COMMAND	0x08 /* the last write was to 0x64 */
#define STATUS_UNLOCKED	0x10
#define STATUS_MOUSE	0x20 /* that byte is the mouse's */

#define MODE_KBD_IRQ	0x01
#define MODE_MOUSE_IRQ	0x02
#define MODE_SYSTEM	0x04
#define MODE_KBD_OFF	0x10
#define MODE_MOUSE_OFF	0x20
#define MODE_TRANSLATE	0x40

#define OUTPUT_NO_RESET	0x01
#define OUTPUT_A20	0x02

enum { /* commands to port 0x64 */
	CMD_READ_RAM = 0x20, CMD_WRITE_RAM = 0x60, CMD_MOUSE_OFF = 0xa7, CMD_MOUSE_ON = 0xa8,
	CMD_MOUSE_TEST = 0xa9, CMD_SELF_TEST = 0xaa, CMD_KBD_TEST = 0xab, CMD_KBD_OFF = 0xad,
	CMD_KBD_ON = 0xae, CMD_READ_INPUT = 0xc0, CMD_READ_OUTPUT = 0xd0,
	CMD_WRITE_OUTPUT = 0xd1, CMD_WRITE_KBD_BUFFER = 0xd2, CMD_WRITE_MOUSE_BUFFER = 0xd3,
	CMD_WRITE_MOUSE = 0xd4, CMD_PULSE = 0xf0,
};

struct i8042 {
	struct mem_region data, control;
	struct board *board;
	struct isa_irq kbd_irq, mouse_irq;
	struct ps2_keyboard *keyboard;
	struct ps2_mouse *mouse;
	uint8_t status, mode, output_port;
	uint8_t ram[32]; /* byte 0 is mode */
	uint8_t command; /* that waits for its argument at 0x60, or 0 */
	uint8_t buffer;
	uint8_t answers[4]; /* the controller's own, with where they seem to come from */
	bool answer_mouse[4];
	unsigned int answer_count;
	bool break_seen; /* translation joins 0xf0 with the next byte */
};

static void load(struct i8042 *i8042, uint8_t byte, bool from_mouse)
{
	i8042->buffer = byte;
	i8042->status = (i8042->status & (uint8_t)~STATUS_MOUSE) | STATUS_FULL |
		(from_mouse ? STATUS_MOUSE : 0);
}

/* The keyboard's next byte as the guest is to see it, or -1. */
static int next_keyboard_byte(struct i8042 *i8042)
{
	struct ps2_queue *queue = ps2_keyboard_queue(i8042->keyboard);
	int byte = ps2_queue_take(queue);

	if (!(i8042->mode & MODE_TRANSLATE) || byte < 0) {
		return byte;
	}
	if (byte == 0xf0) {
		i8042->break_seen = true;
		byte = ps2_queue_take(queue);
		if (byte < 0) {
			return -1; /* the other half comes later */
		}
	}
	byte = ps2_translate((uint8_t)byte);
	if (i8042->break_seen) {
		i8042->break_seen = false;
		byte |= 0x80;
	}
	return byte;
}

static void update_irqs(struct i8042 *i8042)
{
	bool full = i8042->status & STATUS_FULL, mouse = i8042->status & STATUS_MOUSE;

	isa_irq_set(&i8042->kbd_irq, full && !mouse && (i8042->mode & MODE_KBD_IRQ));
	isa_irq_set(&i8042->mouse_irq, full && mouse && (i8042->mode & MODE_MOUSE_IRQ));
}

/* Fills the output buffer if it is empty and there is something for it. */
static void refill(void *opaque)
{
	struct i8042 *i8042 = opaque;
	int byte = -1;

	if (i8042->status & STATUS_FULL) {
		return;
	}
	if (i8042->answer_count) {
		load(i8042, i8042->answers[0], i8042->answer_mouse[0]);
		i8042->answer_count--;
		for (unsigned int i = 0; i < i8042->answer_count; i++) {
			i8042->answers[i] = i8042->answers[i + 1];
			i8042->answer_mouse[i] = i8042->answer_mouse[i + 1];
		}
	} else {
		if (!(i8042->mode & MODE_KBD_OFF)) {
			byte = next_keyboard_byte(i8042);
		}
		if (byte >= 0) {
			load(i8042, (uint8_t)byte, false);
		} else if (!(i8042->mode & MODE_MOUSE_OFF)) {
			byte = ps2_queue_take(ps2_mouse_queue(i8042->mouse));
			if (byte >= 0) {
				load(i8042, (uint8_t)byte, true);
				ps2_mouse_flush(i8042->mouse);
			}
		}
	}
	update_irqs(i8042);
}

static void answer(struct i8042 *i8042, uint8_t byte, bool from_mouse)
{
	if (i8042->answer_count < G_N_ELEMENTS(i8042->answers)) {
		i8042->answers[i8042->answer_count] = byte;
		i8042->answer_mouse[i8042->answer_count++] = from_mouse;
	}
	refill(i8042);
}

static void set_mode(struct i8042 *i8042, uint8_t mode)
{
	i8042->mode = mode;
	i8042->status = (i8042->status & (uint8_t)~STATUS_SYSTEM) |
		(mode & MODE_SYSTEM ? STATUS_SYSTEM : 0);
	update_irqs(i8042);
	refill(i8042);
}

static void set_output_port(struct i8042 *i8042, uint8_t value)
{
	if (!(value & OUTPUT_NO_RESET)) {
		i8042->board->request_reset(i8042->board);
	}
	i8042->output_port = value | OUTPUT_NO_RESET;
}

/* ---- ports ---- */

static uint64_t data_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct i8042 *i8042 = opaque;
	uint8_t byte = i8042->buffer;

	if (i8042->status & STATUS_FULL) {
		i8042->status &= (uint8_t)~STATUS_FULL;
		update_irqs(i8042); /* down, so that the next byte makes an edge */
		refill(i8042);
	}
	return byte;
}

static void do_argument(struct i8042 *i8042, uint8_t command, uint8_t byte)
{
	switch (command) {
	case CMD_WRITE_RAM:
		set_mode(i8042, byte);
		break;
	case CMD_WRITE_OUTPUT:
		set_output_port(i8042, byte);
		break;
	case CMD_WRITE_KBD_BUFFER:
		answer(i8042, byte, false);
		break;
	case CMD_WRITE_MOUSE_BUFFER:
		answer(i8042, byte, true);
		break;
	case CMD_WRITE_MOUSE:
		set_mode(i8042, i8042->mode & (uint8_t)~MODE_MOUSE_OFF);
		ps2_mouse_write(i8042->mouse, byte);
		break;
	default:
		i8042->ram[command & 0x1f] = byte;
	}
}

static void data_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct i8042 *i8042 = opaque;
	uint8_t command = i8042->command;

	i8042->command = 0;
	i8042->status &= (uint8_t)~STATUS_COMMAND;
	if (command) {
		do_argument(i8042, command, (uint8_t)value);
	} else {
		set_mode(i8042, i8042->mode & (uint8_t)~MODE_KBD_OFF);
		ps2_keyboard_write(i8042->keyboard, (uint8_t)value);
	}
}

static uint64_t status_read(void *opaque, uint64_t offset, unsigned int size)
{
	return ((struct i8042 *)opaque)->status;
}

static void do_command(struct i8042 *i8042, uint8_t command)
{
	switch (command) {
	case CMD_MOUSE_OFF:
		i8042->mode |= MODE_MOUSE_OFF;
		break;
	case CMD_MOUSE_ON:
		set_mode(i8042, i8042->mode & (uint8_t)~MODE_MOUSE_OFF);
		break;
	case CMD_MOUSE_TEST:
	case CMD_KBD_TEST:
		answer(i8042, 0x00, false);
		break;
	case CMD_SELF_TEST:
		set_mode(i8042, i8042->mode | MODE_SYSTEM);
		answer(i8042, 0x55, false);
		break;
	case CMD_KBD_OFF:
		i8042->mode |= MODE_KBD_OFF;
		break;
	case CMD_KBD_ON:
		set_mode(i8042, i8042->mode & (uint8_t)~MODE_KBD_OFF);
		break;
	case CMD_READ_INPUT:
		answer(i8042, 0x80, false); /* keyboard not locked */
		break;
	case CMD_READ_OUTPUT:
		answer(i8042, i8042->output_port, false);
		break;
	case CMD_WRITE_OUTPUT:
	case CMD_WRITE_KBD_BUFFER:
	case CMD_WRITE_MOUSE_BUFFER:
	case CMD_WRITE_MOUSE:
		i8042->command = command;
		break;
	}
}

static void command_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct i8042 *i8042 = opaque;
	uint8_t command = (uint8_t)value;

	i8042->status |= STATUS_COMMAND;
	i8042->command = 0;
	if (command >= CMD_PULSE) {
		/* Bits 0..3 clear: pulse that output low; output 0 is the reset line. */
		if (!(command & 1)) {
			i8042->board->request_reset(i8042->board);
		}
	} else if (command >= CMD_WRITE_RAM && command < CMD_WRITE_RAM + 0x20) {
		i8042->command = command;
	} else if (command >= CMD_READ_RAM && command < CMD_READ_RAM + 0x20) {
		answer(i8042, command == CMD_READ_RAM ? i8042->mode : i8042->ram[command & 0x1f],
		       false);
	} else {
		do_command(i8042, command);
	}
}

static const struct mem_ops data_ops = { data_read, data_write, 1, 1 };
static const struct mem_ops control_ops = { status_read, command_write, 1, 1 };

/* As a BIOS leaves it: keyboard interrupt on, codes translated, mouse off. */
void i8042_reset(struct i8042 *i8042)
{
	i8042->status = STATUS_SYSTEM | STATUS_UNLOCKED;
	i8042->mode = MODE_KBD_IRQ | MODE_SYSTEM | MODE_MOUSE_OFF | MODE_TRANSLATE;
	i8042->output_port = OUTPUT_NO_RESET | OUTPUT_A20;
	i8042->command = 0;
	i8042->answer_count = 0;
	i8042->break_seen = false;
	ps2_keyboard_reset(i8042->keyboard);
	ps2_mouse_reset(i8042->mouse);
	update_irqs(i8042);
}

struct i8042 *i8042_create(struct board *board, struct isa_bus *bus)
{
	struct i8042 *i8042 = g_new0(struct i8042, 1);

	i8042->board = board;
	i8042->kbd_irq = (struct isa_irq){ bus, 1, false };
	i8042->mouse_irq = (struct isa_irq){ bus, 12, false };
	i8042->keyboard = ps2_keyboard_create(board->input, refill, i8042);
	i8042->mouse = ps2_mouse_create(board->input, refill, i8042);
	i8042_reset(i8042);
	mem_region_init_io(&i8042->data, "i8042-data", 1, &data_ops, i8042);
	mem_region_init_io(&i8042->control, "i8042-control", 1, &control_ops, i8042);
	addr_space_add(board->io, 0x60, &i8042->data, 0);
	addr_space_add(board->io, 0x64, &i8042->control, 0);
	return i8042;
}

void i8042_destroy(struct i8042 *i8042)
{
	if (!i8042) {
		return;
	}
	isa_irq_set(&i8042->kbd_irq, false);
	isa_irq_set(&i8042->mouse_irq, false);
	ps2_keyboard_destroy(i8042->keyboard);
	ps2_mouse_destroy(i8042->mouse);
	mem_region_finish(&i8042->data);
	mem_region_finish(&i8042->control);
	g_free(i8042);
}
