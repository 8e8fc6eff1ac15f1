/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VNC: an RFB 3.3/3.7/3.8 server, one sink for each viewer. Context: main. */
#ifndef UI_VNC_H
#define UI_VNC_H

#include <stdbool.h>
#include <glib.h>
#include <json-glib/json-glib.h>

struct vnc_server;
struct clipboard;
struct crypto_objects;
struct display_registry;
struct input_router;
struct keymap;

enum vnc_power { VNC_POWER_DOWN, VNC_POWER_RESET };

struct vnc_host {
	struct display_registry *displays; /* consoles may come later */
	struct input_router *input;
	const struct keymap *keymap; /* of symbols; NULL: a US layout; borrowed */
	struct crypto_objects *objects; /* that options name; NULL: none; borrowed */
	struct clipboard *clipboard; /* that clients share; NULL: none */
	const char *id; /* of a server without id=; NULL: "default"; copied */
	const char *name; /* guest's name for the desktop name; may be NULL; borrowed */
	/* QMP events VNC_CONNECTED, VNC_INITIALIZED, VNC_DISCONNECTED; takes data. */
	void (*event)(void *opaque, const char *name, JsonObject *data);
	/* A viewer presses the guest's buttons (power-control=on). */
	void (*power)(void *opaque, enum vnc_power power);
	void *opaque;
};

/* @spec: the argument of -vnc (":1", "host:1,password=on", "unix:PATH,share=ignore", "none",
 * "help" is handled elsewhere). "none" gives a server without a socket. The port is taken when this
 * returns. */
struct vnc_server *vnc_server_create(const char *spec, const struct vnc_host *host,
				     GError **error);
void vnc_server_destroy(struct vnc_server *server);
/* As QMP's set_password / query-vnc. @connected: "keep", "fail" or "disconnect". */
bool vnc_server_set_password(struct vnc_server *server, const char *password,
			     const char *connected, GError **error);
/* As QMP's expire_password: "now", "never", "+SECONDS" or seconds since 1970. */
bool vnc_server_expire_password(struct vnc_server *server, const char *time, GError **error);
/* The certificates are read again; clients stay. */
bool vnc_server_reload_tls(struct vnc_server *server, GError **error);
/* Listens at the one SocketAddress of @addresses instead; clients stay. After an error the server
 * listens where it did. */
bool vnc_server_move(struct vnc_server *server, JsonArray *addresses, GError **error);
/* A connected socket becomes a client; takes @fd. @trusted: nothing is asked of it, no TLS too. */
bool vnc_server_add_fd(struct vnc_server *server, int fd, bool trusted, GError **error);
/* id= of the options, else "default". */
const char *vnc_server_id(const struct vnc_server *server);
/* VncInfo, and VncInfo2. New. */
JsonNode *vnc_server_query(struct vnc_server *server);
JsonObject *vnc_server_describe(struct vnc_server *server);
/* For "-vnc help". */
void vnc_print_help(void);

#endif
