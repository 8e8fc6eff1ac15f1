// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events enter on the main thread and go to one handler for each kind. The handler list and the
 * state of keys change with the machine lock held; watchers are called without it.
 */
#include <linux/input-event-codes.h>
#include <string.h>
#include <glib.h>

#include "ui/input.h"
#include "util/fd.h"
#include "util/trace.h"

/* Keys and buttons share the evdev number space; nothing above BTN_* is sent as either. */
#define CODES KEY_CNT

struct handler {
	const struct input_handler_ops *ops;
	void *opaque;
};

struct watcher {
	void (*fn)(void *opaque);
	void *opaque;
};

struct input_router {
	void (*lock)(void);
	void (*unlock)(void);
	gint refs; /* the owner and every notification on its way */
	bool gone;
	GArray *handlers; /* of struct handler, newest first */
	GArray *watchers; /* main thread only */
	uint8_t down[CODES / 8 + 1];
	gint leds;
	gint notify_pending;
	bool absolute; /* as watchers were told last */
	/* Of input_pointer(), for guests with a relative device only. */
	bool have_position;
	int32_t last_x_px, last_y_px;
};

static void no_lock(void)
{
}

struct input_router *input_router_create(void)
{
	struct input_router *router = g_new0(struct input_router, 1);

	router->lock = router->unlock = no_lock;
	router->refs = 1;
	router->handlers = g_array_new(FALSE, FALSE, sizeof(struct handler));
	router->watchers = g_array_new(FALSE, FALSE, sizeof(struct watcher));
	return router;
}

static void router_unref(struct input_router *router)
{
	if (g_atomic_int_dec_and_test(&router->refs)) {
		g_array_free(router->handlers, TRUE);
		g_array_free(router->watchers, TRUE);
		g_free(router);
	}
}

void input_router_destroy(struct input_router *router)
{
	if (router) {
		router->gone = true;
		router_unref(router);
	}
}

void input_router_set_lock(struct input_router *router, void (*lock)(void), void (*unlock)(void))
{
	router->lock = lock;
	router->unlock = unlock;
}

/* ---- watchers ---- */

static void notify_now(void *opaque)
{
	struct input_router *router = opaque;

	g_atomic_int_set(&router->notify_pending, 0);
	for (guint i = 0; !router->gone && i < router->watchers->len; i++) {
		struct watcher watcher = g_array_index(router->watchers, struct watcher, i);

		watcher.fn(watcher.opaque);
	}
	router_unref(router);
}

/* Context: any. */
static void notify(struct input_router *router)
{
	if (g_atomic_int_compare_and_exchange(&router->notify_pending, 0, 1)) {
		g_atomic_int_inc(&router->refs);
		main_call(notify_now, router);
	}
}

void input_watch(struct input_router *router, void (*fn)(void *opaque), void *opaque)
{
	struct watcher watcher = { fn, opaque };

	g_array_append_val(router->watchers, watcher);
}

void input_unwatch(struct input_router *router, void *opaque)
{
	for (guint i = 0; i < router->watchers->len; i++) {
		if (g_array_index(router->watchers, struct watcher, i).opaque == opaque) {
			g_array_remove_index(router->watchers, i);
			return;
		}
	}
}

void input_leds_set(struct input_router *router, unsigned int leds)
{
	if ((unsigned int)g_atomic_int_get(&router->leds) != leds) {
		g_atomic_int_set(&router->leds, (gint)leds);
		notify(router);
	}
}

unsigned int input_leds(const struct input_router *router)
{
	return (unsigned int)g_atomic_int_get(&router->leds);
}

/* ---- handlers ---- */

static const struct handler *find(struct input_router *router, unsigned int kind)
{
	for (guint i = 0; i < router->handlers->len; i++) {
		const struct handler *handler = &g_array_index(router->handlers, struct handler, i);

		if (handler->ops->accepts & kind) {
			return handler;
		}
	}
	return NULL;
}

static void handlers_changed(struct input_router *router)
{
	bool absolute = find(router, INPUT_ABS) != NULL;

	router->have_position = false;
	if (absolute != router->absolute) {
		router->absolute = absolute;
		notify(router);
	}
}

void input_handler_add(struct input_router *router, const struct input_handler_ops *ops,
		       void *opaque)
{
	struct handler handler = { ops, opaque };

	g_array_prepend_val(router->handlers, handler);
	handlers_changed(router);
}

void input_handler_remove(struct input_router *router, void *opaque)
{
	for (guint i = 0; i < router->handlers->len; i++) {
		if (g_array_index(router->handlers, struct handler, i).opaque == opaque) {
			g_array_remove_index(router->handlers, i);
			handlers_changed(router);
			return;
		}
	}
}

/* The device that moves the pointer also gets its buttons, so that they stay in order. */
static const struct handler *find_buttons(struct input_router *router)
{
	const struct handler *pointer = find(router, INPUT_ABS);

	return pointer && (pointer->ops->accepts & INPUT_BUTTONS) ? pointer :
								     find(router, INPUT_BUTTONS);
}

/* ---- senders ---- */

static bool is_button(uint16_t code)
{
	return code >= BTN_MISC && code < KEY_OK;
}

static void send_code(struct input_router *router, uint16_t code, bool down)
{
	const struct handler *handler = is_button(code) ? find_buttons(router) :
							   find(router, INPUT_KEYS);
	uint8_t bit = (uint8_t)(1u << (code % 8));

	if (down) {
		router->down[code / 8] |= bit;
	} else {
		router->down[code / 8] &= (uint8_t)~bit;
	}
	TRACE(input, code, "%u %s%s", code, down ? "down" : "up", handler ? "" : " (nobody)");
	if (!handler) {
		return;
	}
	if (is_button(code)) {
		handler->ops->button(handler->opaque, code, down);
	} else {
		handler->ops->key(handler->opaque, code, down);
	}
}

void input_key(struct input_router *router, uint16_t code, bool down)
{
	if (code && code < CODES) {
		router->lock();
		send_code(router, code, down);
		router->unlock();
	}
}

void input_button(struct input_router *router, uint16_t code, bool down)
{
	input_key(router, code, down);
}

static void send_rel(struct input_router *router, uint16_t axis, int32_t delta)
{
	const struct handler *handler = find(router, INPUT_REL);
	const struct handler *pointer = find(router, INPUT_ABS);

	/* A tablet has a wheel of its own. */
	if (pointer && pointer->ops->rel && axis != REL_X && axis != REL_Y) {
		handler = pointer;
	}
	if (handler && handler->ops->rel && delta) {
		handler->ops->rel(handler->opaque, axis, delta);
	}
}

static void send_abs(struct input_router *router, uint16_t axis, int32_t value)
{
	const struct handler *handler = find(router, INPUT_ABS);

	if (handler) {
		handler->ops->abs(handler->opaque, axis, CLAMP(value, 0, INPUT_ABS_MAX));
	}
}

/*
 * The guest divides the axis into @size_px equal parts; aim at the middle of part @pos_px, so that
 * rounding down or to the nearest both arrive at it.
 */
static int32_t axis_value(int32_t pos_px, uint32_t size_px)
{
	int64_t pos = CLAMP((int64_t)pos_px, 0, (int64_t)size_px - 1);

	return (int32_t)((pos * 2 + 1) * (INPUT_ABS_MAX + 1) / ((int64_t)size_px * 2));
}

void input_pointer(struct input_router *router, int32_t x_px, int32_t y_px, uint32_t width_px,
		   uint32_t height_px)
{
	if (!width_px || !height_px) {
		return;
	}
	router->lock();
	if (find(router, INPUT_ABS)) {
		send_abs(router, ABS_X, axis_value(x_px, width_px));
		send_abs(router, ABS_Y, axis_value(y_px, height_px));
	} else if (router->have_position) {
		send_rel(router, REL_X, x_px - router->last_x_px);
		send_rel(router, REL_Y, y_px - router->last_y_px);
	}
	router->have_position = true;
	router->last_x_px = x_px;
	router->last_y_px = y_px;
	router->unlock();
}

void input_abs(struct input_router *router, uint16_t axis, int32_t value)
{
	router->lock();
	send_abs(router, axis, value);
	router->unlock();
}

void input_rel(struct input_router *router, uint16_t axis, int32_t delta)
{
	router->lock();
	send_rel(router, axis, delta);
	router->unlock();
}

static void sync_all(struct input_router *router)
{
	for (guint i = 0; i < router->handlers->len; i++) {
		const struct handler *handler = &g_array_index(router->handlers, struct handler, i);

		if (handler->ops->sync) {
			handler->ops->sync(handler->opaque);
		}
	}
}

void input_sync(struct input_router *router)
{
	router->lock();
	sync_all(router);
	router->unlock();
}

bool input_is_absolute(struct input_router *router)
{
	return router->absolute;
}

void input_release_all(struct input_router *router)
{
	router->lock();
	for (uint16_t code = 1; code < CODES; code++) {
		if (router->down[code / 8] & (1u << (code % 8))) {
			send_code(router, code, false);
		}
	}
	sync_all(router);
	router->unlock();
}
