// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unix and TCP sockets. A server serves one client at a time and listens again when it has gone;
 * a client connects once.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <gio/gunixsocketaddress.h>

#include "chardev-int.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/listen.h"

struct socket_config {
	struct listen_address address;
	uint64_t fd; /* valid with has_fd */
	bool has_fd, server, wait;
};

static void take_socket(struct stream *stream, int fd)
{
	int on = 1;

	/* Fails on a unix socket, which sends at once anyway. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	stream_open(stream, fd, fd);
}

static void take_connection(GSocketConnection *connection, void *opaque)
{
	struct stream *stream = opaque;
	int fd = fcntl(g_socket_get_fd(g_socket_connection_get_socket(connection)),
		       F_DUPFD_CLOEXEC, 3);

	g_object_unref(connection);
	/* Further clients stay in the backlog until this one leaves. */
	g_source_remove(stream->listen_watch);
	stream->listen_watch = 0;
	if (fd >= 0) {
		take_socket(stream, fd);
	}
}

static void server_hangup(struct stream *stream)
{
	if (!stream->listen_watch) {
		stream->listen_watch = listen_watch(stream->listener, take_connection, stream);
	}
}

static void server_cleanup(struct stream *stream)
{
	listen_close(stream->listener);
	stream->listener = NULL;
}

/*
 * Blocks for the first client. The program keeps SIGINT, SIGTERM and SIGHUP blocked and reads them
 * on the main loop, which doesn't run yet, so a pending one is looked for here and left there.
 */
static bool server_wait(struct stream *stream, GError **error)
{
	struct pollfd pfd[2] = { { .fd = g_socket_get_fd(stream->listener), .events = POLLIN } };
	sigset_t signals;
	bool arrived;

	g_printerr("waiting for a client on %s\n", stream->base.filename);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pfd[1].fd = signalfd(-1, &signals, SFD_CLOEXEC);
	pfd[1].events = POLLIN;
	while (poll(pfd, 2, -1) < 0 && errno == EINTR) {
	}
	arrived = !(pfd[1].revents & POLLIN);
	close(pfd[1].fd);
	if (!arrived) {
		return error_set(error, "chardev %s: interrupted while waiting for a client",
				 stream->base.id);
	}
	return true;
}

static GSocket *open_listener(const char *id, const struct socket_config *config, GError **error)
{
	g_autoptr(GError) cause = NULL;
	GSocket *listener;
	uint16_t port;

	if (config->has_fd) {
		listener = g_socket_new_from_fd((int)config->fd, &cause);
		if (listener) {
			g_socket_set_blocking(listener, FALSE);
			fcntl((int)config->fd, F_SETFD, FD_CLOEXEC);
		}
	} else {
		listener = listen_open(&config->address, &port, &cause);
	}
	if (!listener) {
		error_set(error, "chardev %s: %s", id, cause->message);
	}
	return listener;
}

static char *describe(const struct socket_config *config, GSocket *listener)
{
	const char *tail = config->server ? ",server=on" : "";
	g_autoptr(GSocketAddress) local = NULL;

	if (config->has_fd) {
		return g_strdup_printf("fd:%u%s", (unsigned int)config->fd, tail);
	}
	if (config->address.unix_path) {
		return g_strdup_printf("unix:%s%s", config->address.unix_path, tail);
	}
	local = listener ? g_socket_get_local_address(listener, NULL) : NULL;
	return g_strdup_printf("tcp:%s:%u%s", config->address.host ? config->address.host : "",
			       local ? g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(local))
				     : config->address.port, tail);
}

static struct chardev *create_server(const char *id, const struct socket_config *config,
				     GError **error)
{
	GSocket *listener = open_listener(id, config, error);
	struct stream *stream;

	if (!listener) {
		return NULL;
	}
	stream = stream_create(id, NULL);
	stream->base.filename = describe(config, listener);
	stream->is_socket = true;
	stream->listener = listener;
	stream->hangup = server_hangup;
	stream->cleanup = server_cleanup;
	stream->listen_watch = listen_watch(listener, take_connection, stream);
	if (config->wait) {
		if (!server_wait(stream, error)) {
			chardev_destroy(&stream->base);
			return NULL;
		}
		/* The watch finds the client in the first round of the main loop, but a serial
		 * port that starts now may already write. */
		while (!chardev_connected(&stream->base)) {
			g_main_context_iteration(NULL, TRUE);
		}
	}
	return &stream->base;
}

/* Connects, which may block: nothing runs yet. */
static int connect_fd(const char *id, const struct socket_config *config, GError **error)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnectable) to = NULL;
	g_autoptr(GSocketConnection) connection = NULL;
	g_autoptr(GError) cause = NULL;
	int fd;

	if (config->address.unix_path) {
		to = G_SOCKET_CONNECTABLE(g_unix_socket_address_new(config->address.unix_path));
	} else {
		const char *host = config->address.host;

		to = g_network_address_new(host && *host ? host : "localhost",
					   config->address.port);
	}
	g_socket_client_set_enable_proxy(client, FALSE);
	connection = g_socket_client_connect(client, to, NULL, &cause);
	if (!connection) {
		g_autofree char *name = describe(config, NULL);

		error_set(error, "chardev %s: %s: connect: %s", id, name, cause->message);
		return -1;
	}
	fd = fcntl(g_socket_get_fd(g_socket_connection_get_socket(connection)), F_DUPFD_CLOEXEC, 3);
	if (fd < 0) {
		error_set_errno(error, errno, "chardev %s: connect", id);
	}
	return fd;
}

static struct chardev *create_client(const char *id, const struct socket_config *config,
				     GError **error)
{
	int fd = config->has_fd ? (int)config->fd : connect_fd(id, config, error);
	struct stream *stream;

	if (fd < 0) {
		return NULL;
	}
	stream = stream_create(id, NULL);
	stream->base.filename = describe(config, NULL);
	stream->is_socket = true;
	take_socket(stream, fd);
	return &stream->base;
}

struct chardev *socket_create_fd(const char *id, int fd, GError **error)
{
	struct socket_config config = { .has_fd = true, .fd = (uint64_t)fd };

	return create_client(id, &config, error);
}

static bool read_port(struct opts *opts, struct listen_address *address, GError **error)
{
	uint64_t port = 0, last = 0;

	if (!opts_get_u64(opts, "port", &port, error)) {
		return false;
	}
	last = port;
	if (!opts_get_u64(opts, "to", &last, error)) {
		return false;
	}
	if (port > UINT16_MAX || last > UINT16_MAX || last < port) {
		return error_set(error, "%s: port=%" G_GUINT64_FORMAT ": not a port number (0-65535)",
				 opts->object, MAX(port, last));
	}
	address->port = (uint16_t)port;
	address->port_last = (uint16_t)last;
	return true;
}

static bool read_config(struct opts *opts, struct socket_config *config, GError **error)
{
	bool ignored, telnet = false, websocket = false;
	const char *path = opts_get(opts, "path"), *port = opts_get(opts, "port");

	config->wait = true;
	if (!opts_get_bool(opts, "server", &config->server, error) ||
	    !opts_get_bool(opts, "wait", &config->wait, error) ||
	    !opts_get_bool(opts, "nodelay", &ignored, error) ||
	    !opts_get_bool(opts, "delay", &ignored, error) ||
	    !opts_get_bool(opts, "ipv4", &config->address.ipv4, error) ||
	    !opts_get_bool(opts, "ipv6", &config->address.ipv6, error) ||
	    !opts_get_bool(opts, "telnet", &telnet, error) ||
	    !opts_get_bool(opts, "websocket", &websocket, error)) {
		return false;
	}
	if (telnet || websocket) {
		return error_set(error, "%s: %s is not offered, a plain socket is", opts->object,
				 telnet ? "telnet" : "websocket");
	}
	if (opts_get(opts, "fd")) {
		config->has_fd = true;
		if (!opts_get_u64(opts, "fd", &config->fd, error)) {
			return false;
		}
		if (config->fd > INT_MAX || fcntl((int)config->fd, F_GETFD) < 0) {
			return error_set(error, "%s: fd=%" G_GUINT64_FORMAT ": no such open file",
					 opts->object, config->fd);
		}
		return true;
	}
	if (path) {
		config->address.unix_path = g_strdup(path);
		return true;
	}
	if (!port) {
		return error_set(error, "%s: needs path=PATH, host=HOST,port=PORT or fd=N",
				 opts->object);
	}
	config->address.host = g_strdup(opts_get(opts, "host"));
	return read_port(opts, &config->address, error);
}

struct chardev *socket_create(const char *id, struct opts *opts, GError **error)
{
	struct socket_config config = { 0 };
	struct chardev *chardev = NULL;

	if (read_config(opts, &config, error)) {
		chardev = config.server ? create_server(id, &config, error)
					: create_client(id, &config, error);
	}
	listen_address_clear(&config.address);
	return chardev;
}
