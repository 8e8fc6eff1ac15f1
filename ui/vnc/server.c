// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <gio/gunixsocketaddress.h>

#include "crypto/objects.h"
#include "crypto/sasl.h"
#include "ui/blank-frame.h"
#include "ui/vnc/client.h"
#include "ui/vnc/server.h"
#include "ui/vnc/web.h"
#include "ui/vnc/workers.h"
#include "util/error.h"
#include "util/trace.h"

/* How long a client may think in the handshake; and while a person types the password. */
#define ANSWER_MS 30000
#define PASSWORD_MS 120000
/* Until a viewer answers that we call. */
#define CONNECT_S 10

/* ---- what clients share ---- */

struct console *vnc_server_console(struct vnc_server *server)
{
	return display_find(server->host.displays, server->options.display, server->options.head,
			    NULL);
}

struct frame *vnc_server_blank(struct vnc_server *server, const char *text, uint32_t width_px,
			       uint32_t height_px)
{
	if (!server->blank || strcmp(server->blank_text, text) != 0 ||
	    frame_width(server->blank) != width_px || frame_height(server->blank) != height_px) {
		frame_unref(server->blank);
		g_free(server->blank_text);
		server->blank_text = g_strdup(text);
		server->blank = blank_frame_create(text, width_px, height_px);
	}
	return server->blank ? frame_ref(server->blank) : NULL;
}

void vnc_server_for_each(struct vnc_server *server,
			 void (*fn)(struct vnc_client *client, void *opaque), void *opaque)
{
	GList *clients = NULL;

	for (GList *l = server->clients.head; l; l = l->next) {
		clients = g_list_append(clients, vnc_client_ref(l->data));
	}
	for (GList *l = clients; l; l = l->next) {
		struct vnc_client *client = l->data;

		if (!vnc_client_is_closed(client)) {
			fn(client, opaque);
		}
		vnc_client_unref(client);
	}
	g_list_free(clients);
}

static void close_client(struct vnc_client *client, void *opaque)
{
	vnc_client_close(client, opaque);
}

/* ---- consoles come and go ---- */

static void show_console(struct vnc_client *client, void *opaque)
{
	/* Who looks at something keeps it. */
	if (client->joined && !client->screen.console) {
		vnc_screen_set_console(client, opaque);
	}
}

static void leave_console(struct vnc_client *client, void *opaque)
{
	if (client->screen.console == opaque) {
		vnc_screen_set_console(client, NULL);
	}
}

static gboolean choose_later(gpointer opaque)
{
	struct vnc_server *server = opaque;

	server->choose = 0;
	vnc_server_for_each(server, show_console, vnc_server_console(server));
	return G_SOURCE_REMOVE;
}

static void displays_changed(void *opaque, struct console *console, bool added)
{
	struct vnc_server *server = opaque;

	if (!added) {
		vnc_server_for_each(server, leave_console, console);
		vnc_server_for_each(server, show_console, vnc_server_console(server));
	} else if (!server->choose) {
		/* Its source doesn't know the new console yet and can't show anything. */
		server->choose = g_idle_add_full(G_PRIORITY_DEFAULT, choose_later, server, NULL);
	}
}

/* ---- sharing ---- */

struct admission {
	struct vnc_client *newcomer;
	bool exclusive_exists;
};

static void look_for_exclusive(struct vnc_client *client, void *opaque)
{
	struct admission *admission = opaque;

	if (client != admission->newcomer && client->joined && !client->shared) {
		admission->exclusive_exists = true;
	}
}

static void close_others(struct vnc_client *client, void *opaque)
{
	struct admission *admission = opaque;

	if (client != admission->newcomer && client->joined) {
		vnc_client_close(client, "another client wants the screen for itself");
	}
}

bool vnc_server_admit(struct vnc_server *server, struct vnc_client *client, bool shared)
{
	struct admission admission = { .newcomer = client };

	switch (server->options.share) {
	case VNC_SHARE_FORCE_SHARED:
		return shared;
	case VNC_SHARE_ALLOW_EXCLUSIVE:
		if (!shared) {
			vnc_server_for_each(server, close_others, &admission);
			return true;
		}
		vnc_server_for_each(server, look_for_exclusive, &admission);
		return !admission.exclusive_exists;
	case VNC_SHARE_IGNORE:
		break;
	}
	return true;
}

/* ---- life ---- */

static bool is_full(struct vnc_server *server)
{
	if (server->clients.length < server->options.connections) {
		return false;
	}
	TRACE(vnc, refused, "%u clients are the limit", server->options.connections);
	return true;
}

void vnc_server_add_client(struct vnc_server *server, GSocketConnection *connection)
{
	vnc_server_add_channel(server, channel_create(connection, NULL, NULL), false);
}

void vnc_server_add_channel(struct vnc_server *server, struct channel *channel, bool trusted)
{
	if (is_full(server)) {
		channel_destroy(channel);
	} else {
		vnc_client_create(server, channel, trusted);
	}
}

static void on_connection(GSocketConnection *connection, void *opaque)
{
	vnc_server_add_client(opaque, connection);
}

static void on_web_connection(GSocketConnection *connection, void *opaque)
{
	vnc_web_client_create(opaque, connection);
}

static bool open_listeners(struct vnc_server *server, GError **error)
{
	const struct vnc_options *options = &server->options;

	if (options->listen) {
		server->listener = listen_open(&options->address, NULL, error);
		if (!server->listener) {
			g_prefix_error(error, "-vnc: ");
			return false;
		}
		vnc_address_init(&server->address,
				 g_socket_get_local_address(server->listener, NULL));
		server->watch = listen_watch(server->listener, on_connection, server);
	}
	if (options->web) {
		server->web_listener = listen_open(&options->web_address, NULL, error);
		if (!server->web_listener) {
			g_prefix_error(error, "-vnc: websocket: ");
			return false;
		}
		vnc_address_init(&server->web_address,
				 g_socket_get_local_address(server->web_listener, NULL));
		server->web_address.websocket = true;
		server->web_watch = listen_watch(server->web_listener, on_web_connection, server);
	}
	return true;
}

void vnc_server_stop_listening(struct vnc_server *server)
{
	if (server->watch) {
		g_source_remove(server->watch);
		server->watch = 0;
	}
	if (server->web_watch) {
		g_source_remove(server->web_watch);
		server->web_watch = 0;
	}
	g_clear_pointer(&server->listener, listen_close);
	g_clear_pointer(&server->web_listener, listen_close);
	vnc_address_finish(&server->address);
	vnc_address_finish(&server->web_address);
}

bool vnc_server_listen(struct vnc_server *server, GError **error)
{
	bool ok = open_listeners(server, error);

	if (!ok) {
		vnc_server_stop_listening(server);
	}
	return ok;
}

/* To a viewer that waits for us. It is there or it isn't: this is at the start, so it may take time. */
static bool call_viewer(struct vnc_server *server, GError **error)
{
	const struct listen_address *to = &server->options.address;
	g_autoptr(GSocketClient) caller = g_socket_client_new();
	g_autoptr(GSocketConnectable) where = to->unix_path ?
		G_SOCKET_CONNECTABLE(g_unix_socket_address_new(to->unix_path)) :
		g_network_address_new(to->host && *to->host ? to->host : "localhost", to->port);
	g_autofree char *name = to->unix_path ? g_strdup_printf("unix:%s", to->unix_path) :
				g_strdup_printf("%s:%u", to->host ? to->host : "", to->port);
	g_autoptr(GError) cause = NULL;
	GSocketConnection *connection;

	g_socket_client_set_enable_proxy(caller, FALSE);
	g_socket_client_set_timeout(caller, CONNECT_S);
	connection = g_socket_client_connect(caller, where, NULL, &cause);
	if (!connection) {
		return error_set(error, "-vnc: reverse=on: %s: %s", name, cause->message);
	}
	g_socket_set_timeout(g_socket_connection_get_socket(connection), 0);
	vnc_server_add_client(server, connection);
	return true;
}

/* What the options name. */
static bool find_objects(struct vnc_server *server, GError **error)
{
	const struct vnc_options *options = &server->options;
	const char *password;

	if (options->tls_creds) {
		server->tls = crypto_tls_creds(server->host.objects, options->tls_creds, error);
		if (!server->tls) {
			g_prefix_error(error, "-vnc: tls-creds: ");
			return false;
		}
	}
	if (options->sasl && !server->tls &&
	    (((options->listen || options->reverse) && !options->address.unix_path) ||
	     (options->web && !options->web_address.unix_path))) {
		return error_set(error, "-vnc: sasl=on: needs tls-creds=ID, or unix sockets only");
	}
	if (options->sasl) {
		server->sasl_started = sasl_auth_start(error);
		if (!server->sasl_started) {
			g_prefix_error(error, "-vnc: sasl=on: ");
			return false;
		}
	}
	if (options->password_secret) {
		password = crypto_secret(server->host.objects, options->password_secret, error);
		if (!password) {
			g_prefix_error(error, "-vnc: password-secret: ");
			return false;
		}
		server->password = g_strdup(password);
	}
	return true;
}

struct vnc_server *vnc_server_create(const char *spec, const struct vnc_host *host,
				     GError **error)
{
	struct vnc_server *server;
	struct vnc_options options;

	if (!vnc_options_parse(&options, spec, error)) {
		return NULL;
	}
	server = g_new0(struct vnc_server, 1);
	server->host = *host;
	server->options = options;
	server->id = g_strdup(options.id ? options.id : host->id ? host->id : "default");
	server->host.id = NULL;
	server->expires_s = INT64_MAX;
	server->answer_ms = ANSWER_MS;
	server->password_ms = PASSWORD_MS;
	server->desktop_name = host->name ? g_strdup_printf("Oriel (%s)", host->name) :
					    g_strdup("Oriel");
	server->web_root = VNC_WEB_ROOT;
	g_queue_init(&server->clients);
	g_queue_init(&server->web_clients);
	display_watch(host->displays, displays_changed, server);
	server->workers = workers_create();
	if (!server->workers) {
		error_set(error, "-vnc: no event descriptor left");
		vnc_server_destroy(server);
		return NULL;
	}
	if (!find_objects(server, error) || !vnc_server_listen(server, error) ||
	    (options.reverse && !call_viewer(server, error))) {
		vnc_server_destroy(server);
		return NULL;
	}
	return server;
}

void vnc_server_destroy(struct vnc_server *server)
{
	if (!server) {
		return;
	}
	display_unwatch(server->host.displays, server);
	vnc_server_stop_listening(server);
	if (server->choose) {
		g_source_remove(server->choose);
	}
	while (server->web_clients.head) {
		vnc_web_client_close(server->web_clients.head->data, "the server ends");
	}
	vnc_resize_finish(server);
	vnc_server_for_each(server, close_client, (void *)"the server ends");
	workers_destroy(server->workers);
	if (server->sasl_started) {
		sasl_auth_stop();
	}
	frame_unref(server->blank);
	g_free(server->blank_text);
	vnc_options_finish(&server->options);
	g_free(server->id);
	g_free(server->desktop_name);
	g_free(server->password);
	g_free(server);
}
