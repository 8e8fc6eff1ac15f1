// SPDX-License-Identifier: GPL-2.0-or-later
/* Command tables, argument checks, dispatch and events. */
#include <string.h>

#include "monitor-int.h"
#include "util/fd.h"
#include "util/trace.h"

struct table {
	const struct qmp_command *commands;
	void *opaque;
};

/* ---- commands of the monitor itself ---- */

static JsonNode *cmd_query_version(void *opaque, JsonObject *args, GError **error)
{
	return json_node_init_object(json_node_alloc(), qmp_version());
}

static JsonNode *cmd_query_commands(void *opaque, JsonObject *args, GError **error)
{
	struct monitor *monitor = opaque;
	JsonArray *list = json_array_new();
	JsonNode *node = json_node_alloc();

	for (unsigned int i = 0; i < monitor->tables->len; i++) {
		struct table *table = monitor->tables->pdata[i];

		for (const struct qmp_command *c = table->commands; c->name; c++) {
			JsonObject *entry = json_object_new();

			json_object_set_string_member(entry, "name", c->name);
			json_array_add_object_element(list, entry);
		}
	}
	json_node_init_array(node, list);
	json_array_unref(list);
	return node;
}

static JsonNode *cmd_human_monitor_command(void *opaque, JsonObject *args, GError **error)
{
	g_autofree char *text =
		hmp_run_line(opaque, json_object_get_string_member(args, "command-line"));

	return json_node_init_string(json_node_alloc(), text);
}

/* A session answers it during negotiation; it is listed here for query-commands. */
static JsonNode *cmd_qmp_capabilities(void *opaque, JsonObject *args, GError **error)
{
	g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_COMMAND_NOT_FOUND,
		    "qmp_capabilities: the session is past capabilities negotiation");
	return NULL;
}

static const struct qmp_arg capabilities_args[] = {
	{ "enable", QMP_ARG_ARRAY, true }, { NULL }
};
static const struct qmp_arg human_args[] = {
	{ "command-line", QMP_ARG_STR }, { "cpu-index", QMP_ARG_INT, true }, { NULL }
};

static const struct qmp_arg fd_args[] = {
	{ "fdname", QMP_ARG_STR }, { NULL }
};

static const struct qmp_command own_commands[] = {
	{ "qmp_capabilities", cmd_qmp_capabilities, capabilities_args },
	{ "query-version", cmd_query_version },
	{ "query-commands", cmd_query_commands },
	{ "human-monitor-command", cmd_human_monitor_command, human_args },
	{ "getfd", monitor_cmd_getfd, fd_args },
	{ "closefd", monitor_cmd_closefd, fd_args },
	{ NULL }
};

/* ---- life ---- */

struct monitor *monitor_create(void)
{
	struct monitor *monitor = g_new0(struct monitor, 1);

	monitor->refs = 1;
	monitor->tables = g_ptr_array_new_with_free_func(g_free);
	monitor->qmp_sessions =
		g_ptr_array_new_with_free_func((GDestroyNotify)qmp_session_destroy);
	monitor->hmp_sessions =
		g_ptr_array_new_with_free_func((GDestroyNotify)hmp_session_destroy);
	monitor->fds = g_ptr_array_new_with_free_func(named_fd_free);
	monitor_add_commands(monitor, own_commands, monitor);
	return monitor;
}

void monitor_unref(struct monitor *monitor)
{
	if (g_atomic_int_dec_and_test(&monitor->refs)) {
		g_ptr_array_unref(monitor->tables);
		g_ptr_array_unref(monitor->qmp_sessions);
		g_ptr_array_unref(monitor->hmp_sessions);
		g_ptr_array_unref(monitor->fds);
		g_free(monitor);
	}
}

void monitor_destroy(struct monitor *monitor)
{
	if (monitor) {
		monitor->closed = true;
		g_ptr_array_set_size(monitor->qmp_sessions, 0);
		g_ptr_array_set_size(monitor->hmp_sessions, 0);
		monitor_unref(monitor);
	}
}

void monitor_add_commands(struct monitor *monitor, const struct qmp_command *commands,
			  void *opaque)
{
	struct table *table = g_new(struct table, 1);

	table->commands = commands;
	table->opaque = opaque;
	g_ptr_array_add(monitor->tables, table);
}

void monitor_serve_qmp(struct monitor *monitor, struct chardev *chardev, bool pretty)
{
	g_ptr_array_add(monitor->qmp_sessions, qmp_session_create(monitor, chardev, pretty));
}

void monitor_serve_hmp(struct monitor *monitor, struct chardev *chardev)
{
	g_ptr_array_add(monitor->hmp_sessions, hmp_session_create(monitor, chardev));
}

/* ---- dispatch ---- */

static const struct qmp_command *find_command(struct monitor *monitor, const char *name,
					      void **opaque)
{
	for (unsigned int i = 0; i < monitor->tables->len; i++) {
		struct table *table = monitor->tables->pdata[i];

		for (const struct qmp_command *c = table->commands; c->name; c++) {
			if (!strcmp(c->name, name)) {
				*opaque = table->opaque;
				return c;
			}
		}
	}
	return NULL;
}

static const char *const type_names[] = {
	[QMP_ARG_STR] = "string", [QMP_ARG_INT] = "integer", [QMP_ARG_NUMBER] = "number",
	[QMP_ARG_BOOL] = "boolean", [QMP_ARG_OBJECT] = "object", [QMP_ARG_ARRAY] = "array",
	[QMP_ARG_ANY] = "value",
};

static bool type_fits(JsonNode *node, enum qmp_arg_type type)
{
	GType value = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_NONE;

	switch (type) {
	case QMP_ARG_STR:
		return value == G_TYPE_STRING;
	case QMP_ARG_INT:
		return value == G_TYPE_INT64;
	case QMP_ARG_NUMBER:
		return value == G_TYPE_INT64 || value == G_TYPE_DOUBLE;
	case QMP_ARG_BOOL:
		return value == G_TYPE_BOOLEAN;
	case QMP_ARG_OBJECT:
		return JSON_NODE_HOLDS_OBJECT(node);
	case QMP_ARG_ARRAY:
		return JSON_NODE_HOLDS_ARRAY(node);
	case QMP_ARG_ANY:
		return true;
	}
	return false;
}

static const struct qmp_arg *find_arg(const struct qmp_command *command, const char *name)
{
	for (const struct qmp_arg *arg = command->args; arg && arg->name; arg++) {
		if (!strcmp(arg->name, name)) {
			return arg;
		}
	}
	return NULL;
}

static bool check_args(const struct qmp_command *command, JsonObject *args, GError **error)
{
	JsonObjectIter iter;
	const char *name;
	JsonNode *node;

	json_object_iter_init(&iter, args);
	while (json_object_iter_next(&iter, &name, &node)) {
		const struct qmp_arg *arg = find_arg(command, name);

		if (!arg) {
			return error_set(error, "%s: unknown argument '%s'", command->name, name);
		}
		if (!type_fits(node, arg->type)) {
			return error_set(error, "%s: argument '%s': expected: %s", command->name, name,
					 type_names[arg->type]);
		}
	}
	for (const struct qmp_arg *arg = command->args; arg && arg->name; arg++) {
		if (!arg->optional && !json_object_has_member(args, arg->name)) {
			return error_set(error, "%s: argument '%s' is missing", command->name,
					 arg->name);
		}
	}
	return true;
}

JsonNode *monitor_run(struct monitor *monitor, const char *name, JsonObject *args, GError **error)
{
	g_autoptr(JsonObject) empty = json_object_new();
	void *opaque = NULL;
	const struct qmp_command *command = find_command(monitor, name, &opaque);
	JsonNode *result;
	GError *cause = NULL;

	if (!command) {
		g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_COMMAND_NOT_FOUND,
			    "%s: no such command", name);
		return NULL;
	}
	args = args ? args : empty;
	if (!check_args(command, args, error)) {
		return NULL;
	}
	TRACE(qmp, run, "%s", name);
	result = command->run(opaque, args, &cause);
	if (cause) {
		g_clear_pointer(&result, json_node_unref);
		g_propagate_error(error, cause);
		return NULL;
	}
	if (!result) {
		result = json_node_alloc();
		json_node_init_object(result, g_steal_pointer(&empty));
		json_object_unref(json_node_get_object(result));
	}
	return result;
}

/* ---- events ---- */

struct event {
	struct monitor *monitor;
	JsonNode *node;
};

static void event_deliver(void *opaque)
{
	struct event *event = opaque;
	GPtrArray *sessions = event->monitor->qmp_sessions;

	for (unsigned int i = 0; i < sessions->len && !event->monitor->closed; i++) {
		qmp_session_event(sessions->pdata[i], event->node);
	}
	json_node_unref(event->node);
	monitor_unref(event->monitor);
	g_free(event);
}

void qmp_event(struct monitor *monitor, const char *name, JsonObject *data)
{
	struct event *event = g_new(struct event, 1);
	JsonObject *body = json_object_new(), *timestamp = json_object_new();
	int64_t now_us = g_get_real_time();

	json_object_set_int_member(timestamp, "seconds", now_us / G_USEC_PER_SEC);
	json_object_set_int_member(timestamp, "microseconds", now_us % G_USEC_PER_SEC);
	json_object_set_object_member(body, "timestamp", timestamp);
	json_object_set_string_member(body, "event", name);
	if (data) {
		json_object_set_object_member(body, "data", data);
	}
	event->node = json_node_alloc();
	json_node_init_object(event->node, body);
	json_object_unref(body);
	event->monitor = monitor;
	g_atomic_int_inc(&monitor->refs);
	/* At once on the main thread, so that a command's events come before its reply. */
	if (main_thread_is_current()) {
		event_deliver(event);
	} else {
		main_call(event_deliver, event);
	}
}
