// SPDX-License-Identifier: GPL-2.0-or-later
/* QMP: pictures, what the screens are doing. */
#include <inttypes.h>
#include <string.h>

#include "system/command-table.h"
#include "ui/console.h"
#include "ui/screendump.h"
#include "util/error.h"

static JsonNode *screendump(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	const char *path = json_object_get_string_member(args, "filename");
	const char *device = arg_string(args, "device"), *format = arg_string(args, "format");
	int64_t head = json_object_get_int_member_with_default(args, "head", 0);
	struct console *console;
	pixman_image_t *image;

	if (format && strcmp(format, "ppm") && strcmp(format, "png")) {
		error_set(error, "screendump: format '%s': not one of ppm, png", format);
		return NULL;
	}
	if (head < 0 || head > UINT16_MAX || (head && !device)) {
		error_set(error, "screendump: head %" PRId64 ": %s", head,
			  head && !device ? "needs 'device'" : "no such head");
		return NULL;
	}
	console = display_find(machine->board.displays, device, (unsigned int)head, error);
	image = console ? console_capture(console, error) : NULL;
	if (image && json_object_get_boolean_member_with_default(args, "x-cursor", FALSE)) {
		console_draw_cursor(console, image);
	}
	if (image) {
		picture_write(image, format && !strcmp(format, "png") ? PICTURE_PNG : PICTURE_PPM,
			      path, error);
		pixman_image_unref(image);
	}
	return NULL;
}

static void set_ms(JsonObject *object, const char *name, double ms)
{
	if (ms >= 0) {
		json_object_set_double_member(object, name, ms);
	}
}

static JsonObject *describe_source(const struct source_state *source)
{
	JsonObject *object = json_object_new();

	if (source->kind) {
		json_object_set_string_member(object, "kind", source->kind);
	}
	if (source->events) {
		json_object_set_string_member(object, "events", source->events);
	}
	json_object_set_int_member(object, "queries", (gint64)source->queries);
	json_object_set_int_member(object, "frames", (gint64)source->frames);
	json_object_set_int_member(object, "events-seen", (gint64)source->events_seen);
	if (source->tells_flips) {
		json_object_set_int_member(object, "flips", (gint64)source->flips);
		json_object_set_int_member(object, "mixed-reads", (gint64)source->mixed_reads);
	}
	if (source->tear) {
		json_object_set_string_member(object, "tear", source->tear);
	}
	if (!g_strcmp0(source->tear, "copy")) {
		json_object_set_int_member(object, "copies", (gint64)source->copies);
		json_object_set_int_member(object, "copy-tries", (gint64)source->copy_tries);
	}
	if (!g_strcmp0(source->tear, "wait")) {
		json_object_set_int_member(object, "waits", (gint64)source->waits);
		json_object_set_int_member(object, "wait-timeouts",
					   (gint64)source->wait_timeouts);
		json_object_set_double_member(object, "wait-ms", (double)source->wait_ns / 1e6);
	}
	return object;
}

static JsonObject *describe_plane(const struct console_state *state)
{
	JsonObject *plane = json_object_new();
	char name[5];

	json_object_set_int_member(plane, "width", state->width_px);
	json_object_set_int_member(plane, "height", state->height_px);
	json_object_set_string_member(plane, "format", fb_format_name(state->fourcc, name));
	json_object_set_int_member(plane, "fourcc", state->fourcc);
	json_object_set_int_member(plane, "modifier", (gint64)state->modifier);
	json_object_set_int_member(plane, "rotation", state->rotation);
	json_object_set_int_member(plane, "seq", (gint64)state->seq);
	return plane;
}

static JsonObject *describe_cursor(const struct console_state *state)
{
	JsonObject *cursor = json_object_new();

	json_object_set_int_member(cursor, "x", state->cursor_x_px);
	json_object_set_int_member(cursor, "y", state->cursor_y_px);
	json_object_set_int_member(cursor, "width", state->cursor_width_px);
	json_object_set_int_member(cursor, "height", state->cursor_height_px);
	json_object_set_boolean_member(cursor, "visible", state->cursor_visible);
	return cursor;
}

/* "plane" is there while there is a picture, "blank" while there is none; a stage that hasn't been
 * measured yet is left out. */
static JsonObject *describe_console(struct console *console)
{
	JsonObject *object = json_object_new(), *stages = json_object_new();
	struct console_state state = { 0 };

	console_look(console);
	console_get_state(console, &state);
	json_object_set_string_member(object, "device", state.device);
	json_object_set_int_member(object, "head", state.head);
	json_object_set_boolean_member(object, "active", state.active);
	json_object_set_int_member(object, "sinks", state.sinks);
	if (state.reader) {
		json_object_set_string_member(object, "reader", state.reader);
	}
	if (state.blank == BLANK_NONE) {
		json_object_set_object_member(object, "plane", describe_plane(&state));
	} else {
		JsonObject *blank = json_object_new();

		json_object_set_string_member(blank, "reason", blank_reason_code(state.blank));
		json_object_set_string_member(blank, "text", state.blank_text
			? state.blank_text : blank_reason_text(state.blank));
		json_object_set_object_member(object, "blank", blank);
	}
	json_object_set_object_member(object, "cursor", describe_cursor(&state));
	json_object_set_object_member(object, "source", describe_source(&state.source));
	set_ms(stages, "query", state.query_ms);
	set_ms(stages, "map", state.map_ms);
	set_ms(stages, "copy", state.copy_ms);
	set_ms(stages, "encode", state.encode_ms);
	set_ms(stages, "send", state.send_ms);
	json_object_set_object_member(object, "stages-ms", stages);
	return object;
}

static JsonNode *query_display_state(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonArray *list = json_array_new();
	struct console *console;

	for (unsigned int i = 0; (console = display_nth(machine->board.displays, i)); i++) {
		json_array_add_object_element(list, describe_console(console));
	}
	return node_of_array(list);
}

static const struct qmp_arg screendump_args[] = {
	{ "filename", QMP_ARG_STR }, { "device", QMP_ARG_STR, true },
	{ "head", QMP_ARG_INT, true }, { "format", QMP_ARG_STR, true },
	{ "x-cursor", QMP_ARG_BOOL, true }, { NULL }
};

const struct qmp_command display_commands[] = {
	{ "screendump", screendump, screendump_args },
	{ "query-display-state", query_display_state },
	{ NULL }
};
