// SPDX-License-Identifier: GPL-2.0-or-later
/* QMP: the VNC and SPICE servers. Names and schemas are QEMU's (qapi/ui.json). */
#include <string.h>

#include "system/command-table.h"
#include "ui/spice.h"
#include "ui/vnc.h"
#include "util/error.h"

static bool no_server(const char *command, const char *kind, GError **error)
{
	g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_DEVICE_NOT_ACTIVE, "%s: there is no %s server",
		    command, kind);
	return false;
}

/* Is it about SPICE? Commands that aren't of both servers don't ask. */
static bool is_spice(JsonObject *args)
{
	return !g_strcmp0(arg_string(args, "protocol"), "spice");
}

/* The server that a command is about, or NULL and *error. The argument @name says which of QEMU's kinds
 * of display is meant; "display", where there is one, has the server's id, and means the first one where
 * there is none. */
static struct vnc_server *find_server(struct machine *machine, JsonObject *args, const char *command,
				      const char *name, GError **error)
{
	const char *what = arg_string(args, name);
	const char *display = arg_string(args, "display");

	if (what && strcmp(what, "vnc")) {
		error_set(error, "%s: %s '%s': not one of %s", command, name, what,
			  !strcmp(name, "protocol") ? "vnc, spice" : "vnc");
		return NULL;
	}
	if (!machine->vncs->len) {
		no_server(command, "VNC", error);
		return NULL;
	}
	for (guint i = 0; i < machine->vncs->len; i++) {
		if (!display || !strcmp(display, vnc_server_id(machine->vncs->pdata[i]))) {
			return machine->vncs->pdata[i];
		}
	}
	error_set(error, "%s: display '%s': not found (%s%s)", command, display,
		  vnc_server_id(machine->vncs->pdata[0]), machine->vncs->len > 1 ? ", ..." : "");
	return NULL;
}

static JsonNode *query_vnc(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonObject *off;

	if (machine->vncs->len) {
		return vnc_server_query(machine->vncs->pdata[0]);
	}
	off = json_object_new();
	json_object_set_boolean_member(off, "enabled", FALSE);
	return node_of_object(off);
}

static JsonNode *query_vnc_servers(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonArray *list = json_array_new();

	for (guint i = 0; i < machine->vncs->len; i++) {
		json_array_add_object_element(list, vnc_server_describe(machine->vncs->pdata[i]));
	}
	return node_of_array(list);
}

static JsonNode *query_spice(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonObject *off;

	if (machine->spice) {
		return machine->spice_ops->query(machine->spice);
	}
	off = json_object_new();
	json_object_set_boolean_member(off, "enabled", FALSE);
	json_object_set_boolean_member(off, "migrated", FALSE);
	json_object_set_string_member(off, "mouse-mode", "unknown");
	return node_of_object(off);
}

static JsonNode *set_password(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	const char *password = json_object_get_string_member(args, "password");
	const char *connected = arg_string(args, "connected");
	struct vnc_server *server;

	connected = connected ? connected : "keep";
	if (is_spice(args)) {
		if (machine->spice || no_server("set_password", "SPICE", error)) {
			machine->spice_ops->set_password(machine->spice, password, connected, error);
		}
		return NULL;
	}
	server = find_server(machine, args, "set_password", "protocol", error);
	if (server) {
		vnc_server_set_password(server, password, connected, error);
	}
	return NULL;
}

static JsonNode *change_vnc_password(void *opaque, JsonObject *args, GError **error)
{
	struct vnc_server *server = find_server(opaque, args, "change-vnc-password", "protocol",
						error);

	if (server) {
		vnc_server_set_password(server, json_object_get_string_member(args, "password"),
					"keep", error);
	}
	return NULL;
}

static JsonNode *expire_password(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	const char *time = json_object_get_string_member(args, "time");
	struct vnc_server *server;

	if (is_spice(args)) {
		if (machine->spice || no_server("expire_password", "SPICE", error)) {
			machine->spice_ops->expire_password(machine->spice, time, error);
		}
		return NULL;
	}
	server = find_server(machine, args, "expire_password", "protocol", error);
	if (server) {
		vnc_server_expire_password(server, time, error);
	}
	return NULL;
}

static JsonNode *display_reload(void *opaque, JsonObject *args, GError **error)
{
	struct vnc_server *server = find_server(opaque, args, "display-reload", "type", error);

	if (server && json_object_get_boolean_member_with_default(args, "tls-certs", FALSE)) {
		vnc_server_reload_tls(server, error);
	}
	return NULL;
}

static JsonNode *display_update(void *opaque, JsonObject *args, GError **error)
{
	struct vnc_server *server = find_server(opaque, args, "display-update", "type", error);

	if (server && json_object_has_member(args, "addresses")) {
		vnc_server_move(server, json_object_get_array_member(args, "addresses"), error);
	}
	return NULL;
}

static bool arg_bool(JsonObject *args, const char *name)
{
	return json_object_get_boolean_member_with_default(args, name, FALSE);
}

static void add_client_fd(struct machine *machine, JsonObject *args, struct vnc_server *vnc, int fd,
			  GError **error)
{
	if (vnc) {
		/* "tls" is for SPICE: with VNC the client says what it wants. */
		vnc_server_add_fd(vnc, fd, arg_bool(args, "skipauth"), error);
	} else {
		machine->spice_ops->add_client(machine->spice, fd, arg_bool(args, "skipauth"),
					       arg_bool(args, "tls"), error);
	}
}

static JsonNode *add_client(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	struct vnc_server *vnc = NULL;
	int fd;

	if (is_spice(args)) {
		if (!machine->spice) {
			no_server("add_client", "SPICE", error);
			return NULL;
		}
	} else {
		vnc = find_server(machine, args, "add_client", "protocol", error);
		if (!vnc) {
			return NULL;
		}
	}
	fd = monitor_take_fd(machine->monitor, json_object_get_string_member(args, "fdname"), error);
	if (fd < 0) {
		g_prefix_error(error, "add_client: ");
	} else {
		add_client_fd(machine, args, vnc, fd, error);
	}
	return NULL;
}

static const struct qmp_arg set_password_args[] = {
	{ "protocol", QMP_ARG_STR }, { "password", QMP_ARG_STR },
	{ "connected", QMP_ARG_STR, true }, { "display", QMP_ARG_STR, true }, { NULL }
};
static const struct qmp_arg change_args[] = { { "password", QMP_ARG_STR }, { NULL } };
static const struct qmp_arg expire_args[] = {
	{ "protocol", QMP_ARG_STR }, { "time", QMP_ARG_STR }, { "display", QMP_ARG_STR, true },
	{ NULL }
};
static const struct qmp_arg reload_args[] = {
	{ "type", QMP_ARG_STR }, { "tls-certs", QMP_ARG_BOOL, true }, { NULL }
};
static const struct qmp_arg update_args[] = {
	{ "type", QMP_ARG_STR }, { "addresses", QMP_ARG_ARRAY, true }, { NULL }
};
static const struct qmp_arg add_client_args[] = {
	{ "protocol", QMP_ARG_STR }, { "fdname", QMP_ARG_STR }, { "skipauth", QMP_ARG_BOOL, true },
	{ "tls", QMP_ARG_BOOL, true }, { NULL }
};

const struct qmp_command vnc_commands[] = {
	{ "query-vnc", query_vnc },
	{ "query-vnc-servers", query_vnc_servers },
	{ "query-spice", query_spice },
	{ "set_password", set_password, set_password_args },
	{ "change-vnc-password", change_vnc_password, change_args },
	{ "expire_password", expire_password, expire_args },
	{ "display-reload", display_reload, reload_args },
	{ "display-update", display_update, update_args },
	{ "add_client", add_client, add_client_args },
	{ NULL }
};
