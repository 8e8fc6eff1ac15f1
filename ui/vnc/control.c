// SPDX-License-Identifier: GPL-2.0-or-later
/* What QMP asks of a running server. */
#include <string.h>

#include "crypto/tls.h"
#include "ui/vnc/client.h"
#include "ui/vnc/server.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/opts.h"

static void close_client(struct vnc_client *client, void *opaque)
{
	vnc_client_close(client, opaque);
}

bool vnc_server_set_password(struct vnc_server *server, const char *password,
			     const char *connected, GError **error)
{
	bool fail = !g_strcmp0(connected, "fail");
	bool disconnect = !g_strcmp0(connected, "disconnect");

	if (connected && !fail && !disconnect && strcmp(connected, "keep") != 0) {
		return error_set(error,
				 "vnc: set_password: connected=%s: expected keep, fail or disconnect",
				 connected);
	}
	if (!server->options.password) {
		return error_set(error,
				 "vnc: set_password: no password is asked for without password=on");
	}
	if (fail && server->clients.length > 0) {
		return error_set(error, "vnc: set_password: a client is connected");
	}
	g_free(server->password);
	server->password = g_strdup(password);
	if (disconnect) {
		vnc_server_for_each(server, close_client, (void *)"the password was changed");
	}
	return true;
}

bool vnc_server_expire_password(struct vnc_server *server, const char *time, GError **error)
{
	int64_t from_s = 0;
	uint64_t seconds;

	if (!strcmp(time, "now")) {
		server->expires_s = 0;
		return true;
	}
	if (!strcmp(time, "never")) {
		server->expires_s = INT64_MAX;
		return true;
	}
	if (time[0] == '+') {
		from_s = g_get_real_time() / G_USEC_PER_SEC;
	}
	if (!g_ascii_isdigit(time[from_s > 0]) ||
	    !parse_u64("vnc", "time", time + (from_s > 0), &seconds, NULL) ||
	    seconds > (uint64_t)(INT64_MAX - from_s)) {
		return error_set(error, "vnc: expire_password: time '%s': expected now, never, "
				 "+SECONDS or seconds since 1970", time);
	}
	server->expires_s = from_s + (int64_t)seconds;
	return true;
}

bool vnc_server_reload_tls(struct vnc_server *server, GError **error)
{
	if (!server->tls) {
		return error_set(error, "vnc: display-reload: there are no TLS credentials");
	}
	return tls_creds_reload(server->tls, error);
}

/* ---- another address ---- */

static const char *text_of(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);

	return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING ?
		json_node_get_string(node) : NULL;
}

static bool bad_address(GError **error)
{
	return error_set(error, "vnc: display-update: an address is {type: inet, host, port[, to]"
			 "[, ipv4][, ipv6]} or {type: unix, path}");
}

static bool flag_of(JsonObject *object, const char *name, bool *flag)
{
	JsonNode *node = json_object_get_member(object, name);

	if (node && (!JSON_NODE_HOLDS_VALUE(node) ||
		     json_node_get_value_type(node) != G_TYPE_BOOLEAN)) {
		return false;
	}
	*flag = node && json_node_get_boolean(node);
	return true;
}

/* "to" is a number there, and "port" a text. */
static bool parse_ports(struct listen_address *address, JsonObject *object)
{
	const char *text = text_of(object, "port");
	JsonNode *to = json_object_get_member(object, "to");
	uint64_t port, last;

	if (!text || !parse_u64("vnc", "port", text, &port, NULL) || port > G_MAXUINT16) {
		return false;
	}
	last = port;
	if (to) {
		if (!JSON_NODE_HOLDS_VALUE(to) || json_node_get_value_type(to) != G_TYPE_INT64 ||
		    json_node_get_int(to) < (gint64)port || json_node_get_int(to) > G_MAXUINT16) {
			return false;
		}
		last = (uint64_t)json_node_get_int(to);
	}
	address->port = (uint16_t)port;
	address->port_last = (uint16_t)last;
	return true;
}

static bool parse_address(struct listen_address *address, JsonNode *node, GError **error)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	const char *type = object ? text_of(object, "type") : NULL;

	if (!g_strcmp0(type, "unix") && text_of(object, "path")) {
		address->unix_path = g_strdup(text_of(object, "path"));
		return true;
	}
	if (g_strcmp0(type, "inet") || !text_of(object, "host") || !parse_ports(address, object) ||
	    !flag_of(object, "ipv4", &address->ipv4) || !flag_of(object, "ipv6", &address->ipv6)) {
		return bad_address(error);
	}
	address->host = g_strdup(text_of(object, "host"));
	return true;
}

bool vnc_server_move(struct vnc_server *server, JsonArray *addresses, GError **error)
{
	struct vnc_options *options = &server->options;
	struct listen_address new = { 0 }, old = options->address;
	bool listened = options->listen;

	if (json_array_get_length(addresses) != 1) {
		return error_set(error, "vnc: display-update: one address is what can be had");
	}
	if (!parse_address(&new, json_array_get_element(addresses, 0), error)) {
		listen_address_clear(&new);
		return false;
	}
	if (options->sasl && !server->tls && !new.unix_path) {
		listen_address_clear(&new);
		return error_set(error, "vnc: display-update: sasl=on without TLS: unix sockets only");
	}
	/* The old one first: the new one may be the same. */
	vnc_server_stop_listening(server);
	options->address = new;
	options->listen = true;
	if (!vnc_server_listen(server, error)) {
		g_autoptr(GError) again = NULL;

		listen_address_clear(&options->address);
		options->address = old;
		options->listen = listened;
		if (!vnc_server_listen(server, &again)) {
			warn_report("%s", again->message);
		}
		return false;
	}
	listen_address_clear(&old);
	return true;
}

bool vnc_server_add_fd(struct vnc_server *server, int fd, bool trusted, GError **error)
{
	g_autoptr(GError) cause = NULL;
	GSocket *socket = g_socket_new_from_fd(fd, &cause);

	if (!socket) {
		fd_close(&fd);
		return error_set(error, "vnc: add_client: %s", cause->message);
	}
	if (g_socket_get_socket_type(socket) != G_SOCKET_TYPE_STREAM || !g_socket_is_connected(socket)) {
		g_object_unref(socket);
		return error_set(error, "vnc: add_client: not a connected stream socket");
	}
	vnc_server_add_channel(server,
			       channel_create(g_socket_connection_factory_create_connection(socket),
					      NULL, NULL), trusted);
	g_object_unref(socket);
	return true;
}

const char *vnc_server_id(const struct vnc_server *server)
{
	return server->id;
}
