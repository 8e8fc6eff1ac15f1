// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/input-event-codes.h>

#include "ui/console.h"
#include "ui/input.h"
#include "ui/spice/display.h"
#include "ui/spice/input.h"
#include "ui/spice/server.h"

struct spice_input {
	struct spice_input *earlier; /* see spice_input_create */
	struct spice *spice;
	SpiceKbdInstance keyboard;
	SpiceMouseInstance mouse;
	SpiceTabletInstance tablet;
	bool tablet_added;
	uint8_t prefix; /* 0xe0 or 0xe1 came, and the key did not yet; else 0 */
	bool pause_down; /* how the first half of Pause, 0xe1 0x1d, had it */
	uint32_t buttons; /* masks of button_codes that are down */
	int width_px, height_px; /* what the tablet's places are of */
};

/* As the library hands buttons on: the order of a PS/2 mouse, not SPICE_MOUSE_BUTTON_MASK_*. */
static const struct {
	uint32_t mask;
	uint16_t code;
} button_codes[] = {
	{ 0x01, BTN_LEFT }, { 0x02, BTN_RIGHT }, { 0x04, BTN_MIDDLE }, { 0x40, BTN_SIDE },
	{ 0x80, BTN_EXTRA },
};

static struct input_router *router_of(struct spice_input *input)
{
	return input->spice->host.input;
}

/* The answer to what a viewer does isn't to be late. */
static void expect_change(struct spice_input *input)
{
	GPtrArray *displays = input->spice->displays;

	for (guint i = 0; i < displays->len; i++) {
		struct spice_display *display = displays->pdata[i];

		if (display->console) {
			console_expect_change(display->console);
		}
	}
}

/* ---- keyboard ---- */

static void send_key(struct spice_input *input, uint16_t code, bool down)
{
	if (code) {
		expect_change(input);
		input_key(router_of(input), code, down);
		input_sync(router_of(input));
	}
}

/* One byte of XT set 1: 0xe0 before an extended key, bit 7 for up; Pause is 0xe1 0x1d 0x45. */
static void push_scancode(SpiceKbdInstance *keyboard, uint8_t byte)
{
	struct spice_input *input = (struct spice_input *)
		((char *)keyboard - G_STRUCT_OFFSET(struct spice_input, keyboard));
	uint8_t prefix = input->prefix, number = byte & 0x7f;
	bool down = !(byte & 0x80);

	if (byte == 0xe0 || byte == 0xe1) {
		input->prefix = byte;
		return;
	}
	if (prefix == 0xe1 && number == 0x1d) {
		input->pause_down = down;
		return;
	}
	input->prefix = 0;
	if (prefix == 0xe1) {
		send_key(input, number == 0x45 ? KEY_PAUSE : 0, input->pause_down);
	} else {
		send_key(input, input_code_from_xt(prefix ? 0x80u | number : number), down);
	}
}

static uint8_t get_leds(SpiceKbdInstance *keyboard)
{
	struct spice_input *input = (struct spice_input *)
		((char *)keyboard - G_STRUCT_OFFSET(struct spice_input, keyboard));

	/* The protocol numbers them as input.h does. */
	return (uint8_t)input_leds(router_of(input));
}

static const SpiceKbdInterface keyboard_interface = {
	.base = { SPICE_INTERFACE_KEYBOARD, "keyboard", SPICE_INTERFACE_KEYBOARD_MAJOR,
		  SPICE_INTERFACE_KEYBOARD_MINOR },
	.push_scan_freg = push_scancode,
	.get_leds = get_leds,
};

/* ---- pointers ---- */

static void send_buttons(struct spice_input *input, uint32_t buttons)
{
	uint32_t changed = input->buttons ^ buttons;

	input->buttons = buttons;
	for (unsigned int i = 0; i < G_N_ELEMENTS(button_codes); i++) {
		if (changed & button_codes[i].mask) {
			input_button(router_of(input), button_codes[i].code,
				     (buttons & button_codes[i].mask) != 0);
		}
	}
	input_sync(router_of(input));
}

/* @dz: steps of the wheel, towards the user positive. */
static void send_wheel(struct spice_input *input, int dz)
{
	expect_change(input);
	input_rel(router_of(input), REL_WHEEL, -dz);
}

void spice_input_release(struct spice_input *input)
{
	if (input->buttons) {
		send_buttons(input, 0);
	}
}

static struct spice_input *mouse_input(SpiceMouseInstance *mouse)
{
	return (struct spice_input *)((char *)mouse - G_STRUCT_OFFSET(struct spice_input, mouse));
}

static void mouse_motion(SpiceMouseInstance *mouse, int dx, int dy, int dz, uint32_t buttons)
{
	struct spice_input *input = mouse_input(mouse);

	expect_change(input);
	input_rel(router_of(input), REL_X, dx);
	input_rel(router_of(input), REL_Y, dy);
	if (dz) {
		send_wheel(input, dz);
	}
	send_buttons(input, buttons);
}

static void mouse_buttons(SpiceMouseInstance *mouse, uint32_t buttons)
{
	expect_change(mouse_input(mouse));
	send_buttons(mouse_input(mouse), buttons);
}

static const SpiceMouseInterface mouse_interface = {
	.base = { SPICE_INTERFACE_MOUSE, "mouse", SPICE_INTERFACE_MOUSE_MAJOR,
		  SPICE_INTERFACE_MOUSE_MINOR },
	.motion = mouse_motion,
	.buttons = mouse_buttons,
};

static struct spice_input *tablet_input(SpiceTabletInstance *tablet)
{
	return (struct spice_input *)((char *)tablet - G_STRUCT_OFFSET(struct spice_input, tablet));
}

static void tablet_size(SpiceTabletInstance *tablet, int width, int height)
{
	tablet_input(tablet)->width_px = width;
	tablet_input(tablet)->height_px = height;
}

static void tablet_position(SpiceTabletInstance *tablet, int x, int y, uint32_t buttons)
{
	struct spice_input *input = tablet_input(tablet);

	expect_change(input);
	input_pointer(router_of(input), x, y, (uint32_t)MAX(input->width_px, 0),
		      (uint32_t)MAX(input->height_px, 0));
	/* The guest sees the pointer arrive before a button goes down. */
	input_sync(router_of(input));
	send_buttons(input, buttons);
}

static void tablet_wheel(SpiceTabletInstance *tablet, int dz, uint32_t buttons)
{
	send_wheel(tablet_input(tablet), dz);
	send_buttons(tablet_input(tablet), buttons);
}

static void tablet_buttons(SpiceTabletInstance *tablet, uint32_t buttons)
{
	expect_change(tablet_input(tablet));
	send_buttons(tablet_input(tablet), buttons);
}

static const SpiceTabletInterface tablet_interface = {
	.base = { SPICE_INTERFACE_TABLET, "tablet", SPICE_INTERFACE_TABLET_MAJOR,
		  SPICE_INTERFACE_TABLET_MINOR },
	.set_logical_size = tablet_size,
	.position = tablet_position,
	.wheel = tablet_wheel,
	.buttons = tablet_buttons,
};

/* ---- life ---- */

/* A tablet of the library's makes viewers send places, which only a guest with one understands. */
static void update_tablet(struct spice_input *input)
{
	bool absolute = input_is_absolute(router_of(input));

	if (absolute == input->tablet_added) {
		return;
	}
	input->tablet_added = absolute;
	if (absolute) {
		spice_server_add_interface(input->spice->server, &input->tablet.base);
	} else {
		spice_server_remove_interface(&input->tablet.base);
	}
}

static void router_changed(void *opaque)
{
	struct spice_input *input = opaque;

	update_tablet(input);
	spice_server_kbd_leds(&input->keyboard, (int)input_leds(router_of(input)));
}

struct spice_input *spice_input_create(struct spice *spice)
{
	/* The library (0.15) never frees what it hangs on keyboard and mouse: so they are kept, one
	 * for each server there ever was. */
	static struct spice_input *all;
	struct spice_input *input = g_new0(struct spice_input, 1);

	input->earlier = all;
	all = input;
	input->spice = spice;
	input->keyboard.base.sif = &keyboard_interface.base;
	input->mouse.base.sif = &mouse_interface.base;
	input->tablet.base.sif = &tablet_interface.base;
	spice_server_add_interface(spice->server, &input->keyboard.base);
	spice_server_add_interface(spice->server, &input->mouse.base);
	update_tablet(input);
	input_watch(spice->host.input, router_changed, input);
	return input;
}

void spice_input_destroy(struct spice_input *input)
{
	if (input) {
		input_unwatch(input->spice->host.input, input);
	}
}
