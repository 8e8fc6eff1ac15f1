/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 keyboard and mouse (IBM PS/2 Hardware Interface Technical Reference; Microsoft's
 * IntelliMouse and Explorer extensions) and the controller they are plugged into. Private to
 * hw/i386. Context of all: machine lock held.
 */
#ifndef HW_I386_PS2_H
#define HW_I386_PS2_H

#include <stdbool.h>
#include <stdint.h>

#include "isa.h"

struct addr_space;
struct input_router;
struct board;

/* Bytes on their way from a device to the controller. A real keyboard's buffer holds 16. */
#define PS2_QUEUE_SIZE	256
struct ps2_queue {
	uint8_t bytes[PS2_QUEUE_SIZE];
	unsigned int first, count;
	void (*ready)(void *opaque); /* told that there is something to fetch */
	void *opaque;
};
static inline unsigned int ps2_queue_room(const struct ps2_queue *queue)
{
	return PS2_QUEUE_SIZE - queue->count;
}
/* Drops the byte when full. */
void ps2_queue_put(struct ps2_queue *queue, uint8_t byte);
/* All of them or, without room, none; @ready is called when all are there. */
void ps2_queue_put_all(struct ps2_queue *queue, const uint8_t *bytes, unsigned int count);
/* -1 when empty. */
int ps2_queue_take(struct ps2_queue *queue);
void ps2_queue_clear(struct ps2_queue *queue);

struct ps2_keyboard;
struct ps2_keyboard *ps2_keyboard_create(struct input_router *router,
					 void (*ready)(void *opaque), void *opaque);
void ps2_keyboard_destroy(struct ps2_keyboard *keyboard);
void ps2_keyboard_reset(struct ps2_keyboard *keyboard);
struct ps2_queue *ps2_keyboard_queue(struct ps2_keyboard *keyboard);
/* A byte from the controller: a command or its argument. */
void ps2_keyboard_write(struct ps2_keyboard *keyboard, uint8_t byte);

struct ps2_mouse;
struct ps2_mouse *ps2_mouse_create(struct input_router *router, void (*ready)(void *opaque),
				   void *opaque);
void ps2_mouse_destroy(struct ps2_mouse *mouse);
void ps2_mouse_reset(struct ps2_mouse *mouse);
struct ps2_queue *ps2_mouse_queue(struct ps2_mouse *mouse);
void ps2_mouse_write(struct ps2_mouse *mouse, uint8_t byte);
/* The guest fetched something: movement that waited for room may follow. */
void ps2_mouse_flush(struct ps2_mouse *mouse);

/* The set 1 code of a set 2 code, as the controller translates (0x00..0xff). */
uint8_t ps2_translate(uint8_t set2);
/* The set 2 code of a set 1 code (0x01..0x7f), or 0. */
uint8_t ps2_untranslate(uint8_t set1);

struct i8042;
/* Ports 0x60 and 0x64, IRQ 1 and 12. */
struct i8042 *i8042_create(struct board *board, struct isa_bus *bus);
/* Accepts NULL. */
void i8042_destroy(struct i8042 *i8042);
void i8042_reset(struct i8042 *i8042);

#endif
