/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and the JSON of query-vnc and of the VNC_* events (QEMU's schema). Context: main. */
#ifndef UI_VNC_INFO_H
#define UI_VNC_INFO_H

#include <stdbool.h>
#include <gio/gio.h>
#include <json-glib/json-glib.h>

struct vnc_address {
	const char *family; /* "ipv4", "ipv6", "unix" or "unknown" */
	char *host; /* "" for a unix socket */
	char *service; /* port or path */
	bool websocket;
};

/* Takes @address (may be NULL). */
void vnc_address_init(struct vnc_address *to, GSocketAddress *address);
void vnc_address_finish(struct vnc_address *address);
/* For people: "HOST:PORT", "[HOST]:PORT" or "on a unix socket". New. */
char *vnc_address_name(const struct vnc_address *address);

/* VncBasicInfo; with @auth VncServerInfo. New. */
JsonObject *vnc_address_to_json(const struct vnc_address *address, const char *auth);

struct vnc_server;
struct vnc_client;
/* Sends VNC_CONNECTED, VNC_INITIALIZED or VNC_DISCONNECTED of @client. */
void vnc_info_event(struct vnc_server *server, struct vnc_client *client, const char *name);

#endif
