// SPDX-License-Identifier: GPL-2.0-or-later
/* One QMP client: greeting, capabilities negotiation, commands and their replies. */
#include <string.h>

#include "chardev/chardev.h"
#include "monitor-int.h"
#include "util/trace.h"

/* Replies that a client leaves unread before we stop reading its commands. */
#define UNREAD_LIMIT_BYTES 65536

struct qmp_session {
	struct monitor *monitor;
	struct chardev *chardev;
	struct framer framer;
	GByteArray *pending; /* received, but not looked at while replies are unread */
	bool pretty, negotiated;
};

/* What we say to be: clients choose features by QEMU's version. */
JsonObject *qmp_version(void)
{
	JsonObject *version = json_object_new(), *qemu = json_object_new();

	json_object_set_int_member(qemu, "micro", 0);
	json_object_set_int_member(qemu, "minor", 2);
	json_object_set_int_member(qemu, "major", 7);
	json_object_set_object_member(version, "qemu", qemu);
	json_object_set_string_member(version, "package", "Oriel " ORIEL_VERSION);
	return version;
}

static void send_node(struct qmp_session *session, JsonNode *node)
{
	g_autofree char *text = json_to_string(node, session->pretty);
	/* libvirt ends a line at CR LF and nowhere else. */
	g_autofree char *line = g_strconcat(text, "\r\n", NULL);

	TRACE(qmp, send, "%s: %s", chardev_id(session->chardev), text);
	chardev_write(session->chardev, line, strlen(line));
}

/* Takes @object. */
static void send_object(struct qmp_session *session, JsonObject *object)
{
	g_autoptr(JsonNode) node = json_node_alloc();

	json_node_take_object(json_node_init(node, JSON_NODE_OBJECT), object);
	send_node(session, node);
}

static void send_greeting(struct qmp_session *session)
{
	JsonObject *greeting = json_object_new(), *body = json_object_new();

	json_object_set_object_member(body, "version", qmp_version());
	json_object_set_array_member(body, "capabilities", json_array_new());
	json_object_set_object_member(greeting, "QMP", body);
	send_object(session, greeting);
}

static const char *error_class(const GError *error)
{
	if (error->domain == ORIEL_ERROR) {
		switch (error->code) {
		case ORIEL_ERROR_COMMAND_NOT_FOUND:
			return "CommandNotFound";
		case ORIEL_ERROR_DEVICE_NOT_FOUND:
			return "DeviceNotFound";
		case ORIEL_ERROR_DEVICE_NOT_ACTIVE:
			return "DeviceNotActive";
		}
	}
	return "GenericError";
}

/* @id: borrowed, may be NULL. */
static void send_error(struct qmp_session *session, const GError *error, JsonNode *id)
{
	JsonObject *reply = json_object_new(), *body = json_object_new();

	json_object_set_string_member(body, "class", error_class(error));
	json_object_set_string_member(body, "desc", error->message);
	json_object_set_object_member(reply, "error", body);
	if (id) {
		json_object_set_member(reply, "id", json_node_copy(id));
	}
	send_object(session, reply);
}

/* "execute" and "arguments" of a request; both borrowed from it. */
static bool check_request(JsonObject *request, const char **name, JsonObject **args,
			  GError **error)
{
	static const char *const members[] = { "execute", "arguments", "id", "exec-oob", NULL };
	JsonNode *execute = json_object_get_member(request, "execute");
	JsonNode *arguments = json_object_get_member(request, "arguments");
	JsonObjectIter iter;
	const char *member;

	json_object_iter_init(&iter, request);
	while (json_object_iter_next(&iter, &member, NULL)) {
		if (!g_strv_contains(members, member)) {
			return error_set(error, "request: unknown member '%s'", member);
		}
	}
	if (json_object_has_member(request, "exec-oob")) {
		return error_set(error, "request: out-of-band execution was not negotiated");
	}
	if (!execute || !JSON_NODE_HOLDS_VALUE(execute) ||
	    json_node_get_value_type(execute) != G_TYPE_STRING) {
		return error_set(error, "request: member 'execute' with a command's name is missing");
	}
	if (arguments && !JSON_NODE_HOLDS_OBJECT(arguments)) {
		return error_set(error, "request: member 'arguments' is no object");
	}
	*name = json_node_get_string(execute);
	*args = arguments ? json_node_get_object(arguments) : NULL;
	return true;
}

static JsonNode *negotiate(struct qmp_session *session, const char *name, JsonObject *args,
			   GError **error)
{
	JsonNode *enable = args ? json_object_get_member(args, "enable") : NULL;

	if (strcmp(name, "qmp_capabilities")) {
		g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_COMMAND_NOT_FOUND,
			    "%s: capabilities negotiation comes first (qmp_capabilities)", name);
		return NULL;
	}
	if (enable && (!JSON_NODE_HOLDS_ARRAY(enable) ||
		       json_array_get_length(json_node_get_array(enable)) > 0)) {
		error_set(error, "qmp_capabilities: 'enable' names a capability that isn't offered");
		return NULL;
	}
	session->negotiated = true;
	json_node_take_object(enable = json_node_new(JSON_NODE_OBJECT), json_object_new());
	return enable;
}

static void run_request(struct qmp_session *session, JsonObject *request)
{
	JsonNode *id = json_object_get_member(request, "id");
	g_autoptr(GError) error = NULL;
	JsonNode *result = NULL;
	JsonObject *args = NULL, *reply;
	const char *name = NULL;

	if (check_request(request, &name, &args, &error)) {
		session->monitor->speaker = session->chardev;
		result = session->negotiated ? monitor_run(session->monitor, name, args, &error)
					     : negotiate(session, name, args, &error);
		session->monitor->speaker = NULL;
	}
	if (!result) {
		send_error(session, error, id);
		return;
	}
	reply = json_object_new();
	json_object_set_member(reply, "return", result);
	if (id) {
		json_object_set_member(reply, "id", json_node_copy(id));
	}
	send_object(session, reply);
}

static void parse_request(struct qmp_session *session)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	const GString *text = session->framer.text;
	g_autoptr(GError) cause = NULL, error = NULL;
	JsonNode *root;

	TRACE(qmp, receive, "%s: %s", chardev_id(session->chardev), text->str);
	/* The parser takes a NUL for the end and wants UTF-8. */
	if (memchr(text->str, 0, text->len) ||
	    !g_utf8_validate(text->str, (gssize)text->len, NULL)) {
		error_set(&error, "JSON: not UTF-8 text");
	} else if (!json_parser_load_from_data(parser, text->str, (gssize)text->len, &cause)) {
		error_set(&error, "JSON: %s", cause->message);
	} else {
		root = json_parser_get_root(parser);
		if (root && JSON_NODE_HOLDS_OBJECT(root)) {
			run_request(session, json_node_get_object(root));
			return;
		}
		error_set(&error, "JSON: expected an object");
	}
	send_error(session, error, NULL);
}

static void feed(struct qmp_session *session, uint8_t byte)
{
	g_autoptr(GError) error = NULL;

	switch (framer_feed(&session->framer, byte)) {
	case FRAME_COMPLETE:
		parse_request(session);
		break;
	case FRAME_BAD:
		error_set(&error, "JSON: %s", session->framer.problem);
		send_error(session, error, NULL);
		break;
	case FRAME_MORE:
		break;
	}
}

/* One read may hold hundreds of requests, so the limit is looked at between them, too. */
static void run_pending(struct qmp_session *session)
{
	unsigned int done = 0;

	while (done < session->pending->len &&
	       chardev_queued(session->chardev) < UNREAD_LIMIT_BYTES) {
		feed(session, session->pending->data[done++]);
	}
	if (done) {
		g_byte_array_remove_range(session->pending, 0, done);
	}
}

/* Asked again when all replies are read, which is when pending requests go on. */
static size_t session_can_receive(void *opaque)
{
	struct qmp_session *session = opaque;

	run_pending(session);
	return session->pending->len ? 0 : 4096;
}

static void session_receive(void *opaque, const uint8_t *data, size_t len)
{
	struct qmp_session *session = opaque;

	g_byte_array_append(session->pending, data, (guint)len);
	run_pending(session);
}

static void session_event(void *opaque, enum chardev_event event)
{
	struct qmp_session *session = opaque;

	if (event != CHARDEV_BREAK) {
		framer_reset(&session->framer);
		g_byte_array_set_size(session->pending, 0);
		session->framer.skipping = false;
		session->negotiated = false;
	}
	if (event == CHARDEV_OPENED) {
		send_greeting(session);
	}
}

static const struct chardev_ops session_ops = {
	.can_receive = session_can_receive,
	.receive = session_receive,
	.event = session_event,
};

struct qmp_session *qmp_session_create(struct monitor *monitor, struct chardev *chardev,
				       bool pretty)
{
	struct qmp_session *session = g_new0(struct qmp_session, 1);

	session->monitor = monitor;
	session->chardev = chardev;
	session->pretty = pretty;
	session->pending = g_byte_array_new();
	framer_init(&session->framer);
	chardev_attach(chardev, &session_ops, session);
	return session;
}

void qmp_session_destroy(struct qmp_session *session)
{
	chardev_attach(session->chardev, NULL, NULL);
	framer_finish(&session->framer);
	g_byte_array_unref(session->pending);
	g_free(session);
}

void qmp_session_event(struct qmp_session *session, JsonNode *event)
{
	if (session->negotiated && chardev_connected(session->chardev)) {
		send_node(session, event);
	}
}
