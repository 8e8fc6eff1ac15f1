// SPDX-License-Identifier: GPL-2.0-or-later
/* Channels: a viewer has a connection for each. QMP's view of them is QEMU's schema
 * (qapi/ui.json). */
#include <netdb.h>
#include <string.h>

#include "ui/spice/server.h"
#include "util/fd.h"

struct spice_channel {
	const SpiceChannelEventInfo *key; /* the library's, only to compare */
	SpiceChannelEventInfo info;
};

struct channel_event {
	int event;
	const SpiceChannelEventInfo *key;
	SpiceChannelEventInfo info;
};

/* The library hands its callback nothing to find the server by, and a program has one. */
static struct spice *the_server;

void spice_info_set_server(struct spice *spice)
{
	the_server = spice;
}

/* ---- JSON ---- */

static const char *family_name(const struct sockaddr_storage *address)
{
	switch (address->ss_family) {
	case AF_INET:
		return "ipv4";
	case AF_INET6:
		return "ipv6";
	case AF_UNIX:
		return "unix";
	default:
		return "unknown";
	}
}

/* SpiceBasicInfo */
static JsonObject *describe_end(const struct sockaddr_storage *address, socklen_t len)
{
	JsonObject *object = json_object_new();
	char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";

	getnameinfo((const struct sockaddr *)address, len, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	json_object_set_string_member(object, "host", host);
	json_object_set_string_member(object, "port", port);
	json_object_set_string_member(object, "family", family_name(address));
	return object;
}

static const char *auth_name(const struct spice *spice)
{
	return spice->options.ticketing ? "spice" : "none";
}

/* SpiceChannel */
static JsonObject *describe_channel(const SpiceChannelEventInfo *info)
{
	JsonObject *object = describe_end(&info->paddr_ext, info->plen_ext);

	json_object_set_int_member(object, "connection-id", info->connection_id);
	json_object_set_int_member(object, "channel-type", info->type);
	json_object_set_int_member(object, "channel-id", info->id);
	json_object_set_boolean_member(object, "tls",
				       (info->flags & SPICE_CHANNEL_EVENT_FLAG_TLS) != 0);
	return object;
}

static void describe_server(struct spice *spice, JsonObject *object)
{
	const struct listen_address *address = &spice->options.address;
	g_autofree char *version = g_strdup_printf("%d.%d.%d", SPICE_SERVER_VERSION >> 16,
						   SPICE_SERVER_VERSION >> 8 & 0xff,
						   SPICE_SERVER_VERSION & 0xff);
	bool server_mouse = spice_server_is_server_mouse(spice->server);

	json_object_set_boolean_member(object, "enabled", TRUE);
	json_object_set_boolean_member(object, "migrated", FALSE);
	json_object_set_string_member(object, "host", address->unix_path ? address->unix_path :
					      address->host ? address->host : "*");
	if (address->port) {
		json_object_set_int_member(object, "port", address->port);
	}
	if (spice->options.tls_port) {
		json_object_set_int_member(object, "tls-port", spice->options.tls_port);
	}
	json_object_set_string_member(object, "auth", auth_name(spice));
	json_object_set_string_member(object, "compiled-version", version);
	json_object_set_string_member(object, "mouse-mode", server_mouse ? "server" : "client");
}

JsonNode *spice_info_query(struct spice *spice)
{
	JsonObject *object = json_object_new();
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);
	JsonArray *channels = json_array_new();

	json_node_take_object(node, object);
	describe_server(spice, object);
	for (guint i = 0; i < spice->channels->len; i++) {
		struct spice_channel *channel = spice->channels->pdata[i];

		json_array_add_object_element(channels, describe_channel(&channel->info));
	}
	json_object_set_array_member(object, "channels", channels);
	return node;
}

static void emit(struct spice *spice, const char *name, const SpiceChannelEventInfo *info,
		 bool initialized)
{
	JsonObject *data = json_object_new();
	JsonObject *server = describe_end(&info->laddr_ext, info->llen_ext);

	if (initialized) {
		json_object_set_string_member(server, "auth", auth_name(spice));
	}
	json_object_set_object_member(data, "server", server);
	json_object_set_object_member(data, "client", initialized ?
				      describe_channel(info) :
				      describe_end(&info->paddr_ext, info->plen_ext));
	spice->host.event(spice->host.opaque, name, data);
}

/* ---- the list ---- */

static void add_channel(struct spice *spice, const struct channel_event *event)
{
	struct spice_channel *channel = g_new0(struct spice_channel, 1);

	channel->key = event->key;
	channel->info = event->info;
	g_ptr_array_add(spice->channels, channel);
}

static void remove_channel(struct spice *spice, const struct channel_event *event)
{
	for (guint i = 0; i < spice->channels->len; i++) {
		struct spice_channel *channel = spice->channels->pdata[i];

		if (channel->key == event->key) {
			g_ptr_array_remove_index(spice->channels, i);
			return;
		}
	}
}

const SpiceChannelEventInfo *spice_info_find(struct spice *spice, int type, int id)
{
	for (guint i = 0; i < spice->channels->len; i++) {
		const SpiceChannelEventInfo *info =
			&((struct spice_channel *)spice->channels->pdata[i])->info;

		if (info->type == type && info->id == id) {
			return info;
		}
	}
	return NULL;
}

static void handle(void *opaque)
{
	struct channel_event *event = opaque;
	struct spice *spice = the_server;

	if (spice && event->event == SPICE_CHANNEL_EVENT_CONNECTED) {
		emit(spice, "SPICE_CONNECTED", &event->info, false);
	} else if (spice && event->event == SPICE_CHANNEL_EVENT_INITIALIZED) {
		add_channel(spice, event);
		emit(spice, "SPICE_INITIALIZED", &event->info, true);
		spice_viewers_changed(spice);
	} else if (spice && event->event == SPICE_CHANNEL_EVENT_DISCONNECTED) {
		remove_channel(spice, event);
		emit(spice, "SPICE_DISCONNECTED", &event->info, false);
		spice_viewers_changed(spice);
	}
	g_free(event);
}

void spice_info_channel_event(int number, SpiceChannelEventInfo *info)
{
	struct channel_event *event = g_new(struct channel_event, 1);

	*event = (struct channel_event){ number, info, *info };
	/* Always by the queue, so that the order stays whatever thread an event is from. */
	main_call(handle, event);
}
