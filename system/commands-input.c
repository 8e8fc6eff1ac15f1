// SPDX-License-Identifier: GPL-2.0-or-later
/* QMP: keys and pointer. The names are QEMU's, the inside is evdev. */
#include <inttypes.h>
#include <string.h>
#include <linux/input-event-codes.h>

#include "system/command-table.h"
#include "ui/input.h"
#include "util/error.h"

#define HOLD_DEFAULT_MS 100
#define HOLD_LIMIT_MS	10000
#define KEYS_LIMIT	64

/* {"type": "qcode", "data": "a"} or {"type": "number", "data": 30} */
static bool parse_key(JsonNode *node, uint16_t *code, GError **error)
{
	JsonObject *key = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	JsonNode *type = key ? json_object_get_member(key, "type") : NULL;
	JsonNode *data = key ? json_object_get_member(key, "data") : NULL;
	GType data_type = data && JSON_NODE_HOLDS_VALUE(data) ? json_node_get_value_type(data)
							      : G_TYPE_NONE;
	const char *kind = type && JSON_NODE_HOLDS_VALUE(type) &&
			   json_node_get_value_type(type) == G_TYPE_STRING
		? json_node_get_string(type) : "";

	if (!strcmp(kind, "qcode") && data_type == G_TYPE_STRING) {
		*code = input_code_from_qcode(json_node_get_string(data));
		return *code || error_set(error, "key '%s': unknown", json_node_get_string(data));
	}
	if (!strcmp(kind, "number") && data_type == G_TYPE_INT64) {
		int64_t number = json_node_get_int(data);

		*code = number > 0 && number <= UINT32_MAX ? input_code_from_xt((uint32_t)number) : 0;
		return *code || error_set(error, "key %" PRId64 ": unknown", number);
	}
	return error_set(error, "a key: expected {\"type\": \"qcode\", \"data\": NAME} or "
			 "{\"type\": \"number\", \"data\": N}");
}

/* ---- send-key ---- */

struct held_keys {
	struct machine *machine;
	GArray *codes; /* of uint16_t */
	guint timer;
};

static gboolean release_keys(gpointer opaque)
{
	struct held_keys *held = opaque;

	for (unsigned int i = held->codes->len; i > 0; i--) {
		input_key(held->machine->board.input, g_array_index(held->codes, uint16_t, i - 1),
			  false);
		input_sync(held->machine->board.input);
	}
	held->timer = 0;
	g_ptr_array_remove(held->machine->held_keys, held);
	return G_SOURCE_REMOVE;
}

void held_keys_free(gpointer opaque)
{
	struct held_keys *held = opaque;

	if (held->timer) {
		g_source_remove(held->timer);
	}
	g_array_unref(held->codes);
	g_free(held);
}

static JsonNode *send_key(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonArray *keys = json_object_get_array_member(args, "keys");
	int64_t hold_ms = json_object_get_int_member_with_default(args, "hold-time",
								  HOLD_DEFAULT_MS);
	g_autoptr(GArray) codes = g_array_new(FALSE, FALSE, sizeof(uint16_t));
	struct held_keys *held;

	if (hold_ms < 0 || hold_ms > HOLD_LIMIT_MS || json_array_get_length(keys) > KEYS_LIMIT) {
		error_set(error, "send-key: at most %d keys, held for 0 to %d ms", KEYS_LIMIT,
			  HOLD_LIMIT_MS);
		return NULL;
	}
	for (unsigned int i = 0; i < json_array_get_length(keys); i++) {
		uint16_t code;

		if (!parse_key(json_array_get_element(keys, i), &code, error)) {
			return NULL;
		}
		g_array_append_val(codes, code);
	}
	for (unsigned int i = 0; i < codes->len; i++) {
		input_key(machine->board.input, g_array_index(codes, uint16_t, i), true);
		input_sync(machine->board.input);
	}
	held = g_new(struct held_keys, 1);
	held->machine = machine;
	held->codes = g_steal_pointer(&codes);
	held->timer = g_timeout_add((guint)hold_ms, release_keys, held);
	g_ptr_array_add(machine->held_keys, held);
	return NULL;
}

/* ---- input-send-event ---- */

struct event {
	enum { EVENT_KEY, EVENT_BUTTON, EVENT_REL, EVENT_ABS } kind;
	uint16_t code;
	bool down;
	int32_t value;
};

static bool get_bool(JsonObject *object, const char *name, bool *out, GError **error)
{
	JsonNode *node = json_object_get_member(object, name);

	if (!node || !JSON_NODE_HOLDS_VALUE(node) ||
	    json_node_get_value_type(node) != G_TYPE_BOOLEAN) {
		return error_set(error, "'%s': expected: boolean", name);
	}
	*out = json_node_get_boolean(node);
	return true;
}

static bool get_string(JsonObject *object, const char *name, const char **out, GError **error)
{
	JsonNode *node = json_object_get_member(object, name);

	if (!node || !JSON_NODE_HOLDS_VALUE(node) ||
	    json_node_get_value_type(node) != G_TYPE_STRING) {
		return error_set(error, "'%s': expected: string", name);
	}
	*out = json_node_get_string(node);
	return true;
}

static bool parse_button(JsonObject *data, struct event *event, GError **error)
{
	static const struct {
		const char *name;
		uint16_t code;
		int wheel; /* != 0: a step of REL_WHEEL or REL_HWHEEL */
	} buttons[] = {
		{ "left", BTN_LEFT }, { "middle", BTN_MIDDLE }, { "right", BTN_RIGHT },
		{ "side", BTN_SIDE }, { "extra", BTN_EXTRA }, { "wheel-up", REL_WHEEL, 1 },
		{ "wheel-down", REL_WHEEL, -1 }, { "wheel-left", REL_HWHEEL, -1 },
		{ "wheel-right", REL_HWHEEL, 1 },
	};
	const char *name;

	if (!get_string(data, "button", &name, error) ||
	    !get_bool(data, "down", &event->down, error)) {
		return false;
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(buttons); i++) {
		if (!strcmp(buttons[i].name, name)) {
			event->kind = buttons[i].wheel ? EVENT_REL : EVENT_BUTTON;
			event->code = buttons[i].code;
			/* A wheel turns when its button goes down. */
			event->value = event->down ? buttons[i].wheel : 0;
			return true;
		}
	}
	return error_set(error, "button '%s': unknown", name);
}

static bool parse_move(JsonObject *data, bool absolute, struct event *event, GError **error)
{
	JsonNode *value = json_object_get_member(data, "value");
	const char *axis;
	int64_t number;

	if (!get_string(data, "axis", &axis, error)) {
		return false;
	}
	if (strcmp(axis, "x") && strcmp(axis, "y")) {
		return error_set(error, "axis '%s': not one of x, y", axis);
	}
	if (!value || !JSON_NODE_HOLDS_VALUE(value) ||
	    json_node_get_value_type(value) != G_TYPE_INT64) {
		return error_set(error, "'value': expected: integer");
	}
	number = json_node_get_int(value);
	if (absolute ? number < 0 || number > INPUT_ABS_MAX
		     : number < -INPUT_ABS_MAX || number > INPUT_ABS_MAX) {
		return error_set(error, "value %" PRId64 ": expected %d to %d", number,
				 absolute ? 0 : -INPUT_ABS_MAX, INPUT_ABS_MAX);
	}
	event->kind = absolute ? EVENT_ABS : EVENT_REL;
	event->code = absolute ? (*axis == 'x' ? ABS_X : ABS_Y) : (*axis == 'x' ? REL_X : REL_Y);
	event->value = (int32_t)number;
	return true;
}

static bool parse_event(JsonNode *node, struct event *event, GError **error)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	JsonNode *data = object ? json_object_get_member(object, "data") : NULL;
	JsonObject *body = data && JSON_NODE_HOLDS_OBJECT(data) ? json_node_get_object(data) : NULL;
	const char *type;

	if (!body || !get_string(object, "type", &type, NULL)) {
		return error_set(error, "an event: expected {\"type\": T, \"data\": {...}}");
	}
	if (!strcmp(type, "key")) {
		JsonNode *key = json_object_get_member(body, "key");

		event->kind = EVENT_KEY;
		return get_bool(body, "down", &event->down, error) &&
		       (key ? parse_key(key, &event->code, error)
			    : error_set(error, "'key' is missing"));
	}
	if (!strcmp(type, "btn")) {
		return parse_button(body, event, error);
	}
	if (!strcmp(type, "rel") || !strcmp(type, "abs")) {
		return parse_move(body, *type == 'a', event, error);
	}
	return error_set(error, "type '%s': not one of key, btn, rel, abs", type);
}

static void send_event(struct input_router *input, const struct event *event)
{
	switch (event->kind) {
	case EVENT_KEY:
		input_key(input, event->code, event->down);
		break;
	case EVENT_BUTTON:
		input_button(input, event->code, event->down);
		break;
	case EVENT_REL:
		if (event->value) {
			input_rel(input, event->code, event->value);
		}
		break;
	case EVENT_ABS:
		input_abs(input, event->code, event->value);
		break;
	}
}

/* All are checked before the first is sent. */
static JsonNode *input_send_event(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonArray *list = json_object_get_array_member(args, "events");
	g_autofree struct event *events = g_new0(struct event, json_array_get_length(list) + 1);

	for (unsigned int i = 0; i < json_array_get_length(list); i++) {
		if (!parse_event(json_array_get_element(list, i), &events[i], error)) {
			g_prefix_error(error, "input-send-event: ");
			return NULL;
		}
	}
	for (unsigned int i = 0; i < json_array_get_length(list); i++) {
		send_event(machine->board.input, &events[i]);
	}
	input_sync(machine->board.input);
	return NULL;
}

static const struct qmp_arg send_key_args[] = {
	{ "keys", QMP_ARG_ARRAY }, { "hold-time", QMP_ARG_INT, true }, { NULL }
};
static const struct qmp_arg input_send_event_args[] = {
	{ "device", QMP_ARG_STR, true }, { "head", QMP_ARG_INT, true },
	{ "events", QMP_ARG_ARRAY }, { NULL }
};

const struct qmp_command input_commands[] = {
	{ "send-key", send_key, send_key_args },
	{ "input-send-event", input_send_event, input_send_event_args },
	{ NULL }
};
