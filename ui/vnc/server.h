/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnc_server: the listener and what all its clients share. Context: main. */
#ifndef UI_VNC_SERVER_H
#define UI_VNC_SERVER_H

#include <gio/gio.h>

#include "ui/console.h"
#include "ui/vnc.h"
#include "ui/vnc/channel.h"
#include "ui/vnc/h264.h"
#include "ui/vnc/info.h"
#include "ui/vnc/options.h"
#include "ui/vnc/resize.h"

struct tls_creds;
struct workers;
struct vnc_client;

struct vnc_server {
	struct vnc_host host;
	struct vnc_options options;
	guint answer_ms, password_ms; /* limits of the handshake; tests make them short */
	char *id;
	char *desktop_name;
	char *password; /* NULL: none was set */
	int64_t expires_s; /* the password's last second, since 1970 */
	struct tls_creds *tls; /* NULL: in the clear; borrowed */
	bool sasl_started;
	GSocket *listener; /* NULL for "none" */
	guint watch;
	struct vnc_address address;
	GSocket *web_listener; /* NULL: no websocket= */
	guint web_watch;
	struct vnc_address web_address;
	const char *web_root; /* folder of the pages */
	GQueue clients; /* by their link */
	GQueue web_clients; /* struct vnc_web_client, by their link */
	guint choose; /* GSource that picks a console for the clients, or 0 */
	struct workers *workers;
	struct vnc_h264 h264;
	struct vnc_resize resize;
	/* The picture of the reason shown last; viewers mostly show the same one. */
	struct frame *blank;
	char *blank_text;
};

/* As if @connection had come in at the listener; takes it. */
void vnc_server_add_client(struct vnc_server *server, GSocketConnection *connection);
/* The same for what has come over another protocol already; takes @channel. @trusted: nothing is
 * asked of it. */
void vnc_server_add_channel(struct vnc_server *server, struct channel *channel, bool trusted);
/* Where the options say. With an error it listens nowhere. */
bool vnc_server_listen(struct vnc_server *server, GError **error);
void vnc_server_stop_listening(struct vnc_server *server);
/* Calls fn for each client; fn may close any of them. */
void vnc_server_for_each(struct vnc_server *server,
			 void (*fn)(struct vnc_client *client, void *opaque), void *opaque);
/* A client has said whether it shares the screen. False: it must go. */
bool vnc_server_admit(struct vnc_server *server, struct vnc_client *client, bool shared);
/* The console to show now, or NULL. */
struct console *vnc_server_console(struct vnc_server *server);
/* A picture of @text in this size, with a reference; NULL: no memory. */
struct frame *vnc_server_blank(struct vnc_server *server, const char *text, uint32_t width_px,
			       uint32_t height_px);

#endif
