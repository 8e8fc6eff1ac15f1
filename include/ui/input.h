/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input: sinks (viewers, QMP) send, guest devices receive.
 *
 * Linux evdev codes (<linux/input-event-codes.h>: KEY_*, BTN_*, REL_*, ABS_*) are the only inner
 * currency; each edge converts once. Context: main; handlers are called with the machine lock held
 * by the router (it takes the lock).
 */
#ifndef UI_INPUT_H
#define UI_INPUT_H

#include <stdbool.h>
#include <stdint.h>

struct input_router;

/* Absolute axes run 0..INPUT_ABS_MAX over the screen. */
#define INPUT_ABS_MAX 0x7fff

enum { INPUT_KEYS = 1, INPUT_REL = 2, INPUT_ABS = 4, INPUT_BUTTONS = 8 };

/* A guest device. All with the machine lock held; unused ones NULL. */
struct input_handler_ops {
	const char *name;
	unsigned int accepts;
	void (*key)(void *opaque, uint16_t code, bool down);
	void (*button)(void *opaque, uint16_t code, bool down); /* BTN_LEFT ... */
	void (*rel)(void *opaque, uint16_t axis, int32_t delta); /* REL_X, REL_Y, REL_WHEEL */
	void (*abs)(void *opaque, uint16_t axis, int32_t value); /* ABS_X, ABS_Y */
	void (*sync)(void *opaque); /* end of one event */
};

struct input_router *input_router_create(void);
void input_router_destroy(struct input_router *router);
/* How senders take and drop the machine lock (which is above this folder); without this call
 * there is no lock, as in unit tests. system/ calls it right after create. */
void input_router_set_lock(struct input_router *router, void (*lock)(void), void (*unlock)(void));

/* The handler registered last gets the events of each kind it accepts (as with QEMU); an absolute
 * pointer beats a relative one. Context: machine lock held. */
void input_handler_add(struct input_router *router, const struct input_handler_ops *ops,
		       void *opaque);
void input_handler_remove(struct input_router *router, void *opaque);

/* ---- senders; machine lock not held ---- */
void input_key(struct input_router *router, uint16_t code, bool down);
void input_button(struct input_router *router, uint16_t code, bool down);
/* Position in pixels of a screen of @width x @height, scaled to the axis so that the guest lands on
 * exactly that pixel. With only a relative device, sends the difference to the position before. */
void input_pointer(struct input_router *router, int32_t x_px, int32_t y_px, uint32_t width_px,
		   uint32_t height_px);
/* Raw axis value, 0..INPUT_ABS_MAX (QMP). */
void input_abs(struct input_router *router, uint16_t axis, int32_t value);
void input_rel(struct input_router *router, uint16_t axis, int32_t delta);
void input_sync(struct input_router *router);
/* True when the guest takes absolute positions. */
bool input_is_absolute(struct input_router *router);
/* Releases every key and button that is down (a viewer went away). */
void input_release_all(struct input_router *router);

/* ---- LEDs, from the guest ---- */
enum { INPUT_LED_SCROLL = 1, INPUT_LED_NUM = 2, INPUT_LED_CAPS = 4 };
/* Context: machine lock held, any thread; watchers run on the main thread without it. */
void input_leds_set(struct input_router *router, unsigned int leds);
unsigned int input_leds(const struct input_router *router);
/* Called also when a pointer kind changes (see input_is_absolute). */
void input_watch(struct input_router *router, void (*fn)(void *opaque), void *opaque);
void input_unwatch(struct input_router *router, void *opaque);

/* ---- names and numbers at the edges ---- */
/* QEMU's QKeyCode names ("a", "ret", "ctrl", "f1") to evdev and back; 0 / NULL if unknown. */
uint16_t input_code_from_qcode(const char *qcode);
const char *input_qcode_from_code(uint16_t code);
/* XT set 1 number as in QMP's {"type":"number"} and RFB's QEMU extended key event
 * (0xe0 prefix as bit 7 for RFB: value | 0x80). */
uint16_t input_code_from_xt(uint32_t xt);
/* X11 keysym with a US layout, for viewers without the extended key event; *shift says whether the
 * symbol needs Shift there. 0 if unknown. */
uint16_t input_code_from_keysym(uint32_t keysym, bool *shift);

#endif
