// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The human monitor: each command is made of QMP commands. "info X" prints what query-X returns,
 * so a new query needs nothing here.
 */
#include <string.h>

#include "monitor-int.h"

struct hmp_command {
	const char *name, *short_name, *usage, *help;
	int args_min, args_max;
	/* argv[0] is the command; prints to @out. */
	bool (*run)(struct monitor *monitor, char **argv, GString *out, GError **error);
};

/* ---- printing any JSON for people ---- */

static void print_node(GString *out, const char *name, JsonNode *node, int indent);

static void print_object(GString *out, JsonObject *object, int indent)
{
	JsonObjectIter iter;
	const char *name;
	JsonNode *node;

	json_object_iter_init_ordered(&iter, object);
	while (json_object_iter_next_ordered(&iter, &name, &node)) {
		print_node(out, name, node, indent);
	}
}

static void print_array(GString *out, const char *name, JsonArray *array, int indent)
{
	unsigned int count = json_array_get_length(array);

	if (!count) {
		g_string_append_printf(out, "%*s%s: none\n", indent, "", name);
	}
	for (unsigned int i = 0; i < count; i++) {
		g_autofree char *item = g_strdup_printf("%s %u", name, i);

		print_node(out, item, json_array_get_element(array, i), indent);
	}
}

static void print_node(GString *out, const char *name, JsonNode *node, int indent)
{
	if (JSON_NODE_HOLDS_OBJECT(node)) {
		g_string_append_printf(out, "%*s%s:\n", indent, "", name);
		print_object(out, json_node_get_object(node), indent + 2);
	} else if (JSON_NODE_HOLDS_ARRAY(node)) {
		print_array(out, name, json_node_get_array(node), indent);
	} else if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING) {
		g_string_append_printf(out, "%*s%s: %s\n", indent, "", name,
				       json_node_get_string(node));
	} else {
		g_autofree char *text = json_to_string(node, FALSE);

		g_string_append_printf(out, "%*s%s: %s\n", indent, "", name, text);
	}
}

/* ---- info ---- */

/* Scripts look for these two texts. */
static void print_status(GString *out, JsonObject *status)
{
	const char *state = json_object_get_string_member(status, "status");

	if (json_object_get_boolean_member(status, "running")) {
		g_string_append(out, "VM status: running\n");
	} else if (!strcmp(state, "paused")) {
		g_string_append(out, "VM status: paused\n");
	} else {
		g_string_append_printf(out, "VM status: paused (%s)\n", state);
	}
}

static void print_version(GString *out, JsonObject *version)
{
	JsonObject *qemu = json_object_get_object_member(version, "qemu");

	g_string_append_printf(out, "%d.%d.%d (%s)\n",
			       (int)json_object_get_int_member(qemu, "major"),
			       (int)json_object_get_int_member(qemu, "minor"),
			       (int)json_object_get_int_member(qemu, "micro"),
			       json_object_get_string_member(version, "package"));
}

static void list_queries(struct monitor *monitor, GString *out)
{
	g_autoptr(JsonNode) list = monitor_run(monitor, "query-commands", NULL, NULL);
	JsonArray *array = json_node_get_array(list);

	for (unsigned int i = 0; i < json_array_get_length(array); i++) {
		const char *name = json_object_get_string_member(
			json_array_get_object_element(array, i), "name");

		if (g_str_has_prefix(name, "query-")) {
			g_string_append_printf(out, "info %s\n", name + strlen("query-"));
		}
	}
}

/* Names that QEMU's users know for queries of another name. */
static const char *subject(const char *name)
{
	if (!strcmp(name, "network")) {
		return "netdev";
	}
	return !strcmp(name, "cpus") ? "cpus-fast" : name;
}

static bool hmp_info(struct monitor *monitor, char **argv, GString *out, GError **error)
{
	g_autofree char *name = NULL;
	g_autoptr(JsonNode) node = NULL;

	if (!argv[1]) {
		list_queries(monitor, out);
		return true;
	}
	name = g_strdup_printf("query-%s", subject(argv[1]));
	node = monitor_run(monitor, name, NULL, error);
	if (!node) {
		return false;
	}
	if (!strcmp(argv[1], "status")) {
		print_status(out, json_node_get_object(node));
	} else if (!strcmp(argv[1], "version")) {
		print_version(out, json_node_get_object(node));
	} else if (JSON_NODE_HOLDS_OBJECT(node)) {
		print_object(out, json_node_get_object(node), 0);
	} else {
		print_node(out, argv[1], node, 0);
	}
	return true;
}

/* ---- commands that are one QMP command ---- */

static bool run_quietly(struct monitor *monitor, const char *name, JsonObject *args,
			GError **error)
{
	g_autoptr(JsonNode) node = monitor_run(monitor, name, args, error);

	return node != NULL;
}

static bool hmp_plain(struct monitor *monitor, char **argv, GString *out, GError **error)
{
	return run_quietly(monitor, argv[0], NULL, error);
}

static bool hmp_screendump(struct monitor *monitor, char **argv, GString *out, GError **error)
{
	g_autoptr(JsonObject) args = json_object_new();
	const char *format = NULL;
	int positional = 0;

	for (char **arg = argv + 1; *arg; arg++) {
		if (!strcmp(*arg, "-f") && arg[1]) {
			format = *++arg;
		} else if (positional == 0) {
			json_object_set_string_member(args, "filename", *arg);
			positional++;
		} else if (positional == 1) {
			json_object_set_string_member(args, "device", *arg);
			positional++;
		} else {
			json_object_set_int_member(args, "head", g_ascii_strtoll(*arg, NULL, 10));
		}
	}
	if (format) {
		json_object_set_string_member(args, "format", format);
	}
	return run_quietly(monitor, "screendump", args, error);
}

/* "ctrl-alt-f1 [hold_ms]" */
static bool hmp_sendkey(struct monitor *monitor, char **argv, GString *out, GError **error)
{
	g_autoptr(JsonObject) args = json_object_new();
	g_auto(GStrv) names = g_strsplit(argv[1], "-", 0);
	JsonArray *keys = json_array_new();

	for (char **name = names; *name; name++) {
		JsonObject *key = json_object_new();

		json_object_set_string_member(key, "type", "qcode");
		json_object_set_string_member(key, "data", *name);
		json_array_add_object_element(keys, key);
	}
	json_object_set_array_member(args, "keys", keys);
	if (argv[2]) {
		json_object_set_int_member(args, "hold-time", g_ascii_strtoll(argv[2], NULL, 10));
	}
	return run_quietly(monitor, "send-key", args, error);
}

static bool hmp_set_password(struct monitor *monitor, char **argv, GString *out, GError **error)
{
	g_autoptr(JsonObject) args = json_object_new();

	json_object_set_string_member(args, "protocol", argv[1]);
	json_object_set_string_member(args, "password", argv[2]);
	if (argv[3]) {
		json_object_set_string_member(args, "connected", argv[3]);
	}
	return run_quietly(monitor, "set_password", args, error);
}

static bool hmp_help(struct monitor *monitor, char **argv, GString *out, GError **error);

static const struct hmp_command commands[] = {
	{ "help", "?", "help [command]", "this list", 0, 1, hmp_help },
	{ "info", NULL, "info [subject]", "show a state; without a subject: list them", 0, 1,
	  hmp_info },
	{ "stop", "s", "stop", "pause the guest", 0, 0, hmp_plain },
	{ "cont", "c", "cont", "let the guest run", 0, 0, hmp_plain },
	{ "system_reset", NULL, "system_reset", "reset the machine", 0, 0, hmp_plain },
	{ "system_powerdown", NULL, "system_powerdown", "press the power button", 0, 0,
	  hmp_plain },
	{ "system_wakeup", NULL, "system_wakeup", "wake a guest that sleeps", 0, 0, hmp_plain },
	{ "quit", "q", "quit", "end the virtual machine at once", 0, 0, hmp_plain },
	{ "screendump", NULL, "screendump filename [-f ppm|png] [device [head]]",
	  "save the screen's picture", 1, 5, hmp_screendump },
	{ "sendkey", NULL, "sendkey keys [hold_ms]", "press keys, such as ctrl-alt-f1", 1, 2,
	  hmp_sendkey },
	{ "set_password", NULL, "set_password vnc password [keep|fail|disconnect]",
	  "set the VNC password", 2, 3, hmp_set_password },
	{ NULL }
};

static const struct hmp_command *find(const char *name, GError **error)
{
	const char *names[G_N_ELEMENTS(commands)] = { NULL };
	const char *near;

	for (unsigned int i = 0; commands[i].name; i++) {
		names[i] = commands[i].name;
		if (!strcmp(commands[i].name, name) || !g_strcmp0(commands[i].short_name, name)) {
			return &commands[i];
		}
	}
	near = nearest_name(name, names);
	error_set(error, "unknown command '%s'%s%s%s", name, near ? " (did you mean '" : "",
		  near ? near : "", near ? "'?)" : "");
	return NULL;
}

static bool hmp_help(struct monitor *monitor, char **argv, GString *out, GError **error)
{
	const struct hmp_command *one = argv[1] ? find(argv[1], error) : NULL;

	if (argv[1] && !one) {
		return false;
	}
	for (const struct hmp_command *c = commands; c->name; c++) {
		if (!one || c == one) {
			g_string_append_printf(out, "%s -- %s\n", c->usage, c->help);
		}
	}
	return true;
}

static bool run_argv(struct monitor *monitor, char **argv, GString *out, GError **error)
{
	const struct hmp_command *command = find(argv[0], error);
	int args = (int)g_strv_length(argv) - 1;

	if (!command) {
		return false;
	}
	if (args < command->args_min || args > command->args_max) {
		return error_set(error, "usage: %s", command->usage);
	}
	g_free(argv[0]);
	argv[0] = g_strdup(command->name);
	return command->run(monitor, argv, out, error);
}

char *hmp_run_line(struct monitor *monitor, const char *line)
{
	GString *out = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) argv = NULL;
	int argc;

	if (!g_utf8_validate(line, -1, NULL)) {
		g_string_append(out, "Error: not UTF-8 text\n");
	} else if (!g_shell_parse_argv(line, &argc, &argv, &error)) {
		if (!g_error_matches(error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING)) {
			g_string_append_printf(out, "Error: %s\n", error->message);
		}
	} else if (!run_argv(monitor, argv, out, &error)) {
		g_string_append_printf(out, "Error: %s\n", error->message);
	}
	return g_string_free(out, FALSE);
}
