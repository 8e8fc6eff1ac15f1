/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that draws, its console, a VNC server on it, and what came of input and events. */
#ifndef TESTS_UNIT_VNC_SET_H
#define TESTS_UNIT_VNC_SET_H

#include <linux/input-event-codes.h>

#include "ui-guest.h"
#include "vnc-viewer.h"

#include "crypto/objects.h"
#include "ui/clipboard.h"
#include "ui/input.h"
#include "ui/vnc/client.h"

struct set {
	struct guest *guest;
	struct input_router *input;
	struct clipboard *clipboard;
	struct crypto_objects *objects;
	struct vnc_server *server;
	GString *events; /* input as the guest got it */
	GString *vnc_events;
	unsigned int modes; /* set_mode calls */
	unsigned int downs, resets; /* power buttons */
	bool fixed; /* no other mode can be had */
};

static struct set *the_set; /* of the running test: source ops only know the guest */

static inline bool set_mode(void *opaque, const struct display_mode *mode)
{
	struct guest *guest = opaque;

	if (the_set->fixed) {
		return false;
	}
	the_set->modes++;
	guest_set_mode(guest, DRM_FORMAT_XRGB8888, mode->width_px, mode->height_px, false);
	guest_draw_random(guest, guest->shown);
	guest_submit(guest);
	return true;
}

static const struct source_ops session_source = {
	.set_active = guest_set_active,
	.poll = guest_poll,
	.set_mode = set_mode,
	.frame_done = guest_frame_done,
};

static inline void on_key(void *opaque, uint16_t code, bool down)
{
	g_string_append_printf(opaque, "%c%u ", down ? '+' : '-', code);
}

static inline void on_rel(void *opaque, uint16_t axis, int32_t delta)
{
	g_string_append_printf(opaque, "r%u:%d ", axis, delta);
}

static bool positions_hidden;

static inline void on_abs(void *opaque, uint16_t axis, int32_t value)
{
	if (positions_hidden) {
		return;
	}
	g_string_append_printf(opaque, "%c%d ", axis == ABS_X ? 'x' : 'y', value);
}

G_GNUC_UNUSED static const struct input_handler_ops tablet = {
	.accepts = INPUT_KEYS | INPUT_ABS | INPUT_BUTTONS, .key = on_key, .button = on_key,
	.rel = on_rel, .abs = on_abs,
};
G_GNUC_UNUSED static const struct input_handler_ops mouse = {
	.accepts = INPUT_KEYS | INPUT_REL | INPUT_BUTTONS, .key = on_key, .button = on_key,
	.rel = on_rel,
};

static inline void on_event(void *opaque, const char *name, JsonObject *data)
{
	struct set *set = opaque;

	g_assert_true(json_object_has_member(data, "server"));
	g_assert_cmpstr(json_object_get_string_member(json_object_get_object_member(data, "client"),
						      "family"), !=, NULL);
	g_string_append_printf(set->vnc_events, "%s ", name);
	json_object_unref(data);
}

static inline void on_power(void *opaque, enum vnc_power power)
{
	struct set *set = opaque;

	if (power == VNC_POWER_RESET) {
		set->resets++;
	} else {
		set->downs++;
	}
}

/* @objects: for what @spec names; taken, may be NULL. */
static inline struct set *set_new_with(struct crypto_objects *objects, const char *spec,
				       uint32_t width, uint32_t height)
{
	struct set *set = g_new0(struct set, 1);
	struct vnc_host host = { .name = "test", .event = on_event, .opaque = set,
				 .objects = objects, .power = on_power };
	g_autoptr(GError) error = NULL;

	the_set = set;
	set->objects = objects;
	set->events = g_string_new("");
	set->vnc_events = g_string_new("");
	set->guest = guest_new(DRM_FORMAT_XRGB8888, width, height);
	console_destroy(set->guest->console);
	set->guest->console = console_create(set->guest->registry, "gpu0", 0, &session_source,
					     set->guest);
	guest_draw_random(set->guest, 0);
	guest_draw_random(set->guest, 0);
	set->input = input_router_create();
	input_handler_add(set->input, &tablet, set->events);
	host.displays = set->guest->registry;
	host.input = set->input;
	host.clipboard = set->clipboard = clipboard_create();
	set->server = vnc_server_create(spec, &host, &error);
	g_assert_no_error(error);
	return set;
}

static inline struct set *set_new(const char *spec, uint32_t width, uint32_t height)
{
	return set_new_with(NULL, spec, width, height);
}

static inline void set_free(struct set *set)
{
	vnc_server_destroy(set->server);
	guest_free(set->guest);
	settle();
	input_router_destroy(set->input);
	clipboard_destroy(set->clipboard);
	g_string_free(set->events, TRUE);
	g_string_free(set->vnc_events, TRUE);
	crypto_objects_destroy(set->objects);
	g_free(set);
}

static inline bool guest_is_shown(struct set *set, struct viewer *v)
{
	size_t area = (size_t)guest_width(set->guest) * guest_height(set->guest);
	g_autofree uint32_t *screen = g_new(uint32_t, area);

	if (v->decoder.width != guest_width(set->guest) ||
	    v->decoder.height != guest_height(set->guest)) {
		return false;
	}
	guest_look(set->guest, screen);
	for (size_t i = 0; i < area; i++) {
		if ((v->decoder.screen[i] & format_mask(&v->decoder.format)) !=
		    format_pixel(&v->decoder.format, screen[i])) {
			return false;
		}
	}
	return true;
}

static inline struct vnc_client *first_client(struct set *set)
{
	return set->server->clients.head->data;
}

static inline void assert_guest_shown(struct set *set, struct viewer *v)
{
	g_assert_true(guest_is_shown(set, v));
}

/* For what takes several messages: asks for changes until the viewer shows what the guest does. */
static inline void catch_up(struct set *set, struct viewer *v)
{
	gint64 end = g_get_monotonic_time() + VIEWER_LIMIT_US;

	while (!guest_is_shown(set, v)) {
		g_assert_cmpint(g_get_monotonic_time(), <, end);
		viewer_request(v, true);
		viewer_idle(v, 5);
		while (viewer_has_more(v)) {
			viewer_receive(v);
		}
	}
}

#endif
