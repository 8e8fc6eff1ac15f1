// SPDX-License-Identifier: GPL-2.0-or-later
#include <gio/gunixsocketaddress.h>

#include "crypto/sasl.h"
#include "crypto/tls.h"
#include "ui/vnc/client.h"
#include "ui/vnc/server.h"

void vnc_address_init(struct vnc_address *to, GSocketAddress *address)
{
	vnc_address_finish(to);
	to->family = "unknown";
	if (G_IS_INET_SOCKET_ADDRESS(address)) {
		GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS(address);
		GInetAddress *host = g_inet_socket_address_get_address(inet);

		to->family = g_inet_address_get_family(host) == G_SOCKET_FAMILY_IPV6 ? "ipv6" :
										       "ipv4";
		to->host = g_inet_address_to_string(host);
		to->service = g_strdup_printf("%u", g_inet_socket_address_get_port(inet));
	} else if (G_IS_UNIX_SOCKET_ADDRESS(address)) {
		GUnixSocketAddress *path = G_UNIX_SOCKET_ADDRESS(address);

		to->family = "unix";
		to->service = g_strdup(g_unix_socket_address_get_path(path));
	}
	if (!to->host) {
		to->host = g_strdup("");
	}
	if (!to->service) {
		to->service = g_strdup("");
	}
	g_clear_object(&address);
}

void vnc_address_finish(struct vnc_address *address)
{
	g_clear_pointer(&address->host, g_free);
	g_clear_pointer(&address->service, g_free);
}

char *vnc_address_name(const struct vnc_address *address)
{
	if (!strcmp(address->family, "unix")) {
		return g_strdup("on a unix socket");
	}
	return g_strdup_printf(!strcmp(address->family, "ipv6") ? "[%s]:%s" : "%s:%s", address->host,
			       address->service);
}

JsonObject *vnc_address_to_json(const struct vnc_address *address, const char *auth)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "host", address->host);
	json_object_set_string_member(object, "service", address->service);
	json_object_set_string_member(object, "family", address->family);
	json_object_set_boolean_member(object, "websocket", address->websocket);
	if (auth) {
		json_object_set_string_member(object, "auth", auth);
	}
	return object;
}

/* QEMU's names: VeNCrypt's say what it is made of. */
static const char *auth_name(const struct vnc_server *server)
{
	static const char *const names[3][3] = {
		{ "none", "vnc", "sasl" },
		{ "vencrypt+tls+none", "vencrypt+tls+vnc", "vencrypt+tls+sasl" },
		{ "vencrypt+x509+none", "vencrypt+x509+vnc", "vencrypt+x509+sasl" },
	};
	unsigned int tls = !server->tls ? 0 : tls_creds_is_x509(server->tls) ? 2 : 1;

	return names[tls][server->options.sasl ? 2 : server->options.password ? 1 : 0];
}

/* VncClientInfo. New. */
static JsonObject *client_info(const struct vnc_client *client)
{
	JsonObject *object = vnc_address_to_json(&client->address, NULL);

	if (client->x509_name) {
		json_object_set_string_member(object, "x509_dname", client->x509_name);
	}
	if (client->sasl && sasl_auth_user(client->sasl)) {
		json_object_set_string_member(object, "sasl_username",
					      sasl_auth_user(client->sasl));
	}
	return object;
}

/* The listener may be on every address: what the client sees of us is its end of the socket. */
static JsonObject *server_info(struct vnc_server *server, struct vnc_client *client)
{
	struct vnc_address address = { 0 };
	JsonObject *object;

	vnc_address_init(&address, g_socket_connection_get_local_address(
					   channel_connection(client->channel), NULL));
	address.websocket = client->address.websocket;
	object = vnc_address_to_json(&address, auth_name(server));
	vnc_address_finish(&address);
	return object;
}

void vnc_info_event(struct vnc_server *server, struct vnc_client *client, const char *name)
{
	JsonObject *data;

	if (!server->host.event) {
		return;
	}
	data = json_object_new();
	json_object_set_object_member(data, "server", server_info(server, client));
	json_object_set_object_member(data, "client", client_info(client));
	server->host.event(server->host.opaque, name, data);
}

static const char *encoding_name(const struct vnc_client *client)
{
	switch (client->h264 ? RFB_ENCODING_OPEN_H264 : client->settings.encoding) {
	case RFB_ENCODING_OPEN_H264:
		return "h264";
	case RFB_ENCODING_HEXTILE:
		return "hextile";
	case RFB_ENCODING_ZLIB:
		return "zlib";
	case RFB_ENCODING_TIGHT:
		return "tight";
	case RFB_ENCODING_ZRLE:
		return "zrle";
	default:
		return "raw";
	}
}

static JsonArray *describe_clients(struct vnc_server *server)
{
	JsonArray *list = json_array_new();

	for (GList *l = server->clients.head; l; l = l->next) {
		const struct vnc_client *client = l->data;
		JsonObject *object = client_info(client);

		json_object_set_string_member(object, "x-encoding", encoding_name(client));
		json_array_add_object_element(list, object);
	}
	return list;
}

/* Only a failure: that there is no module is nothing to mend. */
static void add_h264_failure(struct vnc_server *server, JsonObject *info)
{
	if (vnc_h264_report(&server->h264)) {
		json_object_set_string_member(info, "x-h264-failure", server->h264.failure);
	}
}

JsonNode *vnc_server_query(struct vnc_server *server)
{
	JsonObject *info = json_object_new();
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, info);
	json_object_set_boolean_member(info, "enabled", server->listener != NULL);
	if (!server->listener) {
		return node;
	}
	json_object_set_string_member(info, "host", server->address.host);
	json_object_set_string_member(info, "service", server->address.service);
	json_object_set_string_member(info, "family", server->address.family);
	json_object_set_string_member(info, "auth", auth_name(server));
	json_object_set_array_member(info, "clients", describe_clients(server));
	add_h264_failure(server, info);
	return node;
}

/* VncPrimaryAuth and, where TLS comes by VeNCrypt, VncVencryptSubAuth: QEMU's names for the same. */
static void add_auth(const struct vnc_server *server, JsonObject *object, bool websocket)
{
	g_auto(GStrv) words = g_strsplit(auth_name(server), "+", 3);
	bool vencrypt = g_strv_length(words) == 3;
	g_autofree char *type = vencrypt ? g_strdup_printf("%s-%s", words[1], words[2]) : NULL;

	/* Inside a websocket there is no VeNCrypt. */
	json_object_set_string_member(object, "auth", vencrypt && websocket ? words[2] : words[0]);
	if (vencrypt && !websocket) {
		json_object_set_string_member(object, "vencrypt", type);
	}
}

static void add_listener(struct vnc_server *server, JsonArray *list, GSocket *socket,
			 const struct vnc_address *address)
{
	JsonObject *object;

	if (socket) {
		object = vnc_address_to_json(address, NULL);
		add_auth(server, object, address->websocket);
		json_array_add_object_element(list, object);
	}
}

JsonObject *vnc_server_describe(struct vnc_server *server)
{
	JsonObject *info = json_object_new();
	JsonArray *listeners = json_array_new();

	add_listener(server, listeners, server->listener, &server->address);
	add_listener(server, listeners, server->web_listener, &server->web_address);
	json_object_set_string_member(info, "id", vnc_server_id(server));
	json_object_set_array_member(info, "server", listeners);
	json_object_set_array_member(info, "clients", describe_clients(server));
	add_h264_failure(server, info);
	add_auth(server, info, false);
	if (server->options.display) {
		json_object_set_string_member(info, "display", server->options.display);
	}
	return info;
}
