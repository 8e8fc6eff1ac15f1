// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/input.h"
#include "ui/keymap.h"
#include "ui/vnc/client.h"
#include "ui/vnc/server.h"

/* RFB's mask bit i is button i + 1; 3 to 6 are wheel steps. */
static const struct {
	uint16_t button; /* or 0 */
	uint16_t axis;
	int32_t step;
} mouse[8] = {
	{ BTN_LEFT, 0, 0 }, { BTN_MIDDLE, 0, 0 }, { BTN_RIGHT, 0, 0 },
	{ 0, REL_WHEEL, 1 }, { 0, REL_WHEEL, -1 },
	{ 0, REL_HWHEEL, -1 }, { 0, REL_HWHEEL, 1 },
	{ BTN_SIDE, 0, 0 },
};

/* More are given at once, so that a flood has no memory. */
#define MAX_WAITING_KEYS 256

/* <X11/keysymdef.h>: the keypad with Num Lock, and from Home to Delete without. */
#define KEYSYM_KP_0 0xffb0
#define KEYSYM_KP_9 0xffb9
#define KEYSYM_KP_DECIMAL 0xffae
#define KEYSYM_KP_HOME 0xff95
#define KEYSYM_KP_DELETE 0xff9f

/* In relative motion, a step of 0 is sent as this (QEMU's pointer motion change). */
#define MOTION_ZERO 0x7fff

static struct input_router *router_of(struct vnc_client *client)
{
	return client->server->host.input;
}

static bool is_down(const struct vnc_client *client, uint16_t code)
{
	return client->keyboard.down[code / 8] >> code % 8 & 1;
}

static void set_down(struct vnc_client *client, uint16_t code, bool down)
{
	uint8_t bit = (uint8_t)(1u << code % 8);

	if (down) {
		client->keyboard.down[code / 8] |= bit;
	} else {
		client->keyboard.down[code / 8] &= (uint8_t)~bit;
	}
}

static void give_key(struct vnc_client *client, uint16_t code, bool down)
{
	input_key(router_of(client), code, down);
	input_sync(router_of(client));
}

static gboolean give_next(gpointer opaque)
{
	struct vnc_client *client = opaque;
	struct client_keyboard *keyboard = &client->keyboard;
	uint16_t key;

	if (keyboard->waiting->len == 0) {
		keyboard->timer = 0;
		return G_SOURCE_REMOVE;
	}
	key = g_array_index(keyboard->waiting, uint16_t, 0);
	g_array_remove_index(keyboard->waiting, 0);
	give_key(client, key & ~KEY_WAITING_DOWN, key & KEY_WAITING_DOWN);
	return G_SOURCE_CONTINUE;
}

static void give_all(struct vnc_client *client)
{
	struct client_keyboard *keyboard = &client->keyboard;

	while (keyboard->waiting && keyboard->waiting->len > 0) {
		give_next(client);
	}
}

/* At once, or when the keys before it are through and its time has come. */
static void give_later(struct vnc_client *client, uint16_t code, bool down)
{
	struct client_keyboard *keyboard = &client->keyboard;
	uint16_t key = (uint16_t)(code | (down ? KEY_WAITING_DOWN : 0));

	if (!keyboard->waiting) {
		keyboard->waiting = g_array_new(FALSE, FALSE, sizeof(uint16_t));
	}
	if (keyboard->waiting->len >= MAX_WAITING_KEYS) {
		give_all(client);
	}
	if (keyboard->timer) {
		g_array_append_val(keyboard->waiting, key);
		return;
	}
	give_key(client, code, down);
	keyboard->timer = g_timeout_add(client->server->options.key_delay_ms, give_next, client);
}

static unsigned int led_of(uint16_t code)
{
	return code == KEY_CAPSLOCK ? INPUT_LED_CAPS : code == KEY_NUMLOCK ? INPUT_LED_NUM : 0;
}

static void send_key(struct vnc_client *client, uint16_t code, bool down)
{
	/* A key that we didn't press isn't ours to release. */
	if (code == 0 || code >= KEY_CNT || (!down && !is_down(client, code))) {
		return;
	}
	if (down && !is_down(client, code)) {
		client->keyboard.toggled ^= led_of(code);
	}
	set_down(client, code, down);
	if (client->server->options.key_delay_ms) {
		give_later(client, code, down);
	} else {
		give_key(client, code, down);
	}
}

static bool is_letter(uint32_t keysym)
{
	return keysym < 0x80 && g_ascii_isalpha((char)keysym);
}

/* A lock key is pressed when @wanted says that the guest has the other state. */
static void sync_lock(struct vnc_client *client, uint16_t code, bool wanted)
{
	unsigned int leds = input_leds(router_of(client)) ^ client->keyboard.toggled;

	if (wanted != !!(leds & led_of(code))) {
		send_key(client, code, true);
		send_key(client, code, false);
	}
}

/* The symbol of a key says what Caps Lock and Num Lock are at the viewer's. */
static void sync_locks(struct vnc_client *client, uint32_t keysym)
{
	bool shift = is_down(client, KEY_LEFTSHIFT) || is_down(client, KEY_RIGHTSHIFT);

	if (!client->server->options.lock_key_sync) {
		return;
	}
	if (is_letter(keysym)) {
		sync_lock(client, KEY_CAPSLOCK, shift != g_ascii_isupper((char)keysym));
	} else if ((keysym >= KEYSYM_KP_0 && keysym <= KEYSYM_KP_9) || keysym == KEYSYM_KP_DECIMAL) {
		sync_lock(client, KEY_NUMLOCK, true);
	} else if (keysym >= KEYSYM_KP_HOME && keysym <= KEYSYM_KP_DELETE) {
		sync_lock(client, KEY_NUMLOCK, false);
	}
}

/* The key for a symbol, and what has to be held with it (see ui/keymap.h). */
static uint16_t find_key(struct vnc_client *client, uint32_t keysym, unsigned int *modifiers)
{
	const struct keymap *keymap = client->server->host.keymap;
	uint16_t code = keymap ? keymap_code(keymap, keysym, modifiers) : 0;
	bool shift = false;

	if (!code) {
		code = input_code_from_keysym(keysym, &shift);
		*modifiers = shift ? KEYMAP_SHIFT : 0;
		if (keysym >= 0x80 || keysym <= ' ' || is_letter(keysym)) {
			*modifiers = KEYMAP_ANY_SHIFT;
		}
	}
	return code;
}

/* Changes a key for a moment; @undo knows those that have to be changed back. */
static void hold(struct vnc_client *client, uint16_t code, bool down, GArray *undo)
{
	if (is_down(client, code) != down) {
		send_key(client, code, down);
		g_array_append_val(undo, code);
	}
}

/*
 * The viewer sends symbols of its own layout, and the guest turns keys into symbols with the layout
 * of -k (as far as we know): where the two need Shift or AltGr differently it is pressed or let go
 * around the key. Shift is left alone for letters, because Caps Lock may have made them: it is the
 * one that follows.
 */
void vnc_input_key(struct vnc_client *client, uint32_t keysym, bool down)
{
	g_autoptr(GArray) undo = NULL;
	unsigned int modifiers;
	uint16_t code = find_key(client, keysym, &modifiers);

	if (down && code) {
		sync_locks(client, keysym);
	}
	if (!down || code == 0) {
		send_key(client, code, down);
		return;
	}
	undo = g_array_new(FALSE, FALSE, sizeof(code));
	if (modifiers & KEYMAP_ALTGR) {
		hold(client, KEY_RIGHTALT, true, undo);
	}
	if (!(modifiers & (KEYMAP_SHIFT | KEYMAP_ANY_SHIFT))) {
		hold(client, KEY_LEFTSHIFT, false, undo);
		hold(client, KEY_RIGHTSHIFT, false, undo);
	} else if (!(modifiers & KEYMAP_ANY_SHIFT) && !is_down(client, KEY_RIGHTSHIFT)) {
		hold(client, KEY_LEFTSHIFT, true, undo);
	}
	send_key(client, code, true);
	for (unsigned int i = 0; i < undo->len; i++) {
		uint16_t held = g_array_index(undo, uint16_t, i);

		send_key(client, held, !is_down(client, held));
	}
}

void vnc_input_extended_key(struct vnc_client *client, uint32_t keysym, uint32_t xt, bool down)
{
	uint16_t code = input_code_from_xt(xt);

	if (code) {
		send_key(client, code, down);
	} else {
		/* A viewer that doesn't know the key's place still knows its symbol. */
		vnc_input_key(client, keysym, down);
	}
}

static void send_motion(struct vnc_client *client, uint16_t x, uint16_t y)
{
	struct input_router *router = router_of(client);
	struct client_screen *screen = &client->screen;

	if (!input_is_absolute(router) && (client->features & FEATURE_POINTER_MOTION) &&
	    !(client->due & DUE_POINTER_MOTION)) {
		input_rel(router, REL_X, x - MOTION_ZERO);
		input_rel(router, REL_Y, y - MOTION_ZERO);
	} else {
		/* Also where this client was before: another one may have moved it since. */
		input_pointer(router, MIN(x, (int32_t)screen->told_width_px - 1),
			      MIN(y, (int32_t)screen->told_height_px - 1), screen->told_width_px,
			      screen->told_height_px);
	}
}

void vnc_input_pointer(struct vnc_client *client, uint8_t buttons, uint16_t x, uint16_t y)
{
	struct input_router *router = router_of(client);
	uint8_t changed = client->keyboard.buttons ^ buttons;

	if (!client->initialised) {
		return;
	}
	client->keyboard.buttons = buttons;
	send_motion(client, x, y);
	/* The guest sees the pointer arrive before the button goes down. */
	input_sync(router);
	for (unsigned int i = 0; i < G_N_ELEMENTS(mouse); i++) {
		bool down = buttons >> i & 1;

		if (!(changed >> i & 1)) {
			continue;
		}
		if (mouse[i].button) {
			set_down(client, mouse[i].button, down);
			input_button(router, mouse[i].button, down);
		} else if (down) {
			input_rel(router, mouse[i].axis, mouse[i].step);
		}
	}
	if (changed) {
		input_sync(router);
	}
}

void vnc_input_release(struct vnc_client *client)
{
	bool any = false;

	give_all(client);
	if (client->keyboard.timer) {
		g_source_remove(client->keyboard.timer);
		client->keyboard.timer = 0;
	}
	g_clear_pointer(&client->keyboard.waiting, g_array_unref);
	for (uint16_t code = 1; code < KEY_CNT; code++) {
		if (is_down(client, code)) {
			set_down(client, code, false);
			input_key(router_of(client), code, false);
			any = true;
		}
	}
	if (any) {
		input_sync(router_of(client));
	}
}
