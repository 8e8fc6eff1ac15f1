// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/input-event-codes.h>
#include <glib.h>

#include "ui/console.h"
#include "ui/input.h"
#include "ui/vdagent/mouse.h"

/* More waits only if an agent that reads nothing is clicked at. */
#define STATES_MAX 64

static gboolean moved_now(gpointer opaque)
{
	struct vdagent_mouse *mouse = opaque;

	mouse->soon = 0;
	mouse->moved(mouse->opaque);
	return G_SOURCE_REMOVE;
}

/* A place replaces the one before, a click doesn't: it is two states, and both are told. */
static void add_state(struct vdagent_mouse *mouse, uint32_t wheel)
{
	struct vdagent_mouse_state state = mouse->now, *last = NULL;

	state.buttons |= wheel;
	if (mouse->states->len > 0) {
		last = &g_array_index(mouse->states, struct vdagent_mouse_state,
				      mouse->states->len - 1);
	}
	if (last && (last->buttons == state.buttons || mouse->states->len == STATES_MAX)) {
		*last = state;
	} else {
		g_array_append_val(mouse->states, state);
	}
}

static void sync_state(void *opaque)
{
	struct vdagent_mouse *mouse = opaque;

	add_state(mouse, 0);
	if (!mouse->soon) {
		mouse->soon = g_idle_add_full(G_PRIORITY_DEFAULT, moved_now, mouse, NULL);
	}
}

static uint32_t button_bit(uint16_t code)
{
	switch (code) {
	case BTN_LEFT:
		return VDAGENT_BUTTON_LEFT;
	case BTN_MIDDLE:
		return VDAGENT_BUTTON_MIDDLE;
	case BTN_RIGHT:
		return VDAGENT_BUTTON_RIGHT;
	case BTN_SIDE:
		return VDAGENT_BUTTON_SIDE;
	case BTN_EXTRA:
		return VDAGENT_BUTTON_EXTRA;
	default:
		return 0;
	}
}

static void press_button(void *opaque, uint16_t code, bool down)
{
	struct vdagent_mouse *mouse = opaque;

	if (down) {
		mouse->now.buttons |= button_bit(code);
	} else {
		mouse->now.buttons &= ~button_bit(code);
	}
}

static void turn_wheel(void *opaque, uint16_t axis, int32_t delta)
{
	struct vdagent_mouse *mouse = opaque;

	if (axis == REL_WHEEL) {
		/* A notch is pressed and let go. */
		add_state(mouse, 0);
		add_state(mouse, delta > 0 ? VDAGENT_BUTTON_UP : VDAGENT_BUTTON_DOWN);
	}
}

static void move_axis(void *opaque, uint16_t axis, int32_t value)
{
	struct vdagent_mouse *mouse = opaque;

	if (axis == ABS_X) {
		mouse->now.x = value;
	} else if (axis == ABS_Y) {
		mouse->now.y = value;
	}
}

static const struct input_handler_ops mouse_ops = {
	.name = "vdagent",
	.accepts = INPUT_ABS | INPUT_BUTTONS,
	.button = press_button,
	.rel = turn_wheel,
	.abs = move_axis,
	.sync = sync_state,
};

void vdagent_mouse_init(struct vdagent_mouse *mouse, const struct vdagent_host *host,
			void (*moved)(void *opaque), void *opaque)
{
	*mouse = (struct vdagent_mouse){
		.host = host, .moved = moved, .opaque = opaque,
		.states = g_array_new(FALSE, FALSE, sizeof(struct vdagent_mouse_state)),
	};
}

void vdagent_mouse_finish(struct vdagent_mouse *mouse)
{
	vdagent_mouse_set_agent(mouse, false);
	g_clear_pointer(&mouse->states, g_array_unref);
}

void vdagent_mouse_set_agent(struct vdagent_mouse *mouse, bool there)
{
	const struct vdagent_host *host = mouse->host;

	if (!host->input || mouse->added == there) {
		return;
	}
	mouse->added = there;
	mouse->now.buttons = 0;
	g_array_set_size(mouse->states, 0);
	if (mouse->soon) {
		g_source_remove(mouse->soon);
		mouse->soon = 0;
	}
	if (host->lock) {
		host->lock();
	}
	if (there) {
		input_handler_add(host->input, &mouse_ops, mouse);
	} else {
		input_handler_remove(host->input, mouse);
	}
	if (host->unlock) {
		host->unlock();
	}
}

static int32_t to_pixels(int32_t value, uint32_t size_px)
{
	return (int32_t)((int64_t)value * size_px / (INPUT_ABS_MAX + 1));
}

bool vdagent_mouse_take(struct vdagent_mouse *mouse, struct vdagent_mouse_state *state)
{
	struct console *console;
	struct console_state screen = { 0 };

	if (mouse->states->len == 0) {
		return false;
	}
	console = display_find(mouse->host->displays, NULL, 0, NULL);
	if (console) {
		console_get_state(console, &screen);
	}
	*state = g_array_index(mouse->states, struct vdagent_mouse_state, 0);
	g_array_remove_index(mouse->states, 0);
	state->x = to_pixels(state->x, screen.width_px);
	state->y = to_pixels(state->y, screen.height_px);
	return true;
}
