// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/input-event-codes.h>

#include "ui/console.h"
#include "ui/gtk/gui.h"
#include "ui/gtk/view.h"
#include "ui/input.h"

/* X counts keys from 8, and so do keymaps on Wayland. */
#define KEYCODE_BASE 8

static bool is_down(const struct gui *gui, uint16_t code)
{
	return gui->keys[code / 8] >> (code % 8) & 1;
}

static void send(struct gui *gui, uint16_t code, bool down)
{
	uint8_t bit = (uint8_t)(1u << (code % 8));

	if (down) {
		gui->keys[code / 8] |= bit;
	} else {
		gui->keys[code / 8] &= (uint8_t)~bit;
	}
	input_key(gui->host.input, code, down);
	input_sync(gui->host.input);
}

/* 0: no key that a guest knows. */
static uint16_t code_of(const GdkEventKey *event)
{
	uint16_t number = event->hardware_keycode;

	/* What is above belongs to buttons. */
	if (number <= KEYCODE_BASE || number - KEYCODE_BASE >= KEY_MAX ||
	    (number - KEYCODE_BASE >= BTN_MISC && number - KEYCODE_BASE < KEY_OK)) {
		return 0;
	}
	return (uint16_t)(number - KEYCODE_BASE);
}

bool gui_key(struct gui *gui, GdkEventKey *event)
{
	const GdkModifierType hot = GDK_CONTROL_MASK | GDK_MOD1_MASK;
	struct view *view = gui_view(gui);
	bool down = event->type == GDK_KEY_PRESS;
	uint16_t code = code_of(event);

	/* The window's own keys all begin so. No other is looked up: F10 and Alt with a letter are
	 * the guest's or a terminal's, and don't open menus. */
	if (down && (event->state & hot) == hot &&
	    gtk_window_activate_key(GTK_WINDOW(gui->window), event)) {
		return true;
	}
	/* One that goes up elsewhere than it went down does so for the guest all the same. */
	if (!view && !(code && !down && is_down(gui, code))) {
		return gui_page(gui) &&
		       (gtk_window_propagate_key_event(GTK_WINDOW(gui->window), event), true);
	}
	if (code && (down || is_down(gui, code))) {
		if (view) {
			view_expect_change(view);
		}
		send(gui, code, down);
	}
	return true;
}

void gui_keys_release(struct gui *gui)
{
	for (uint16_t code = 1; code < sizeof(gui->keys) * 8; code++) {
		if (is_down(gui, code)) {
			send(gui, code, false);
		}
	}
}
