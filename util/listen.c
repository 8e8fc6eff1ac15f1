// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "util/error.h"
#include "util/listen.h"

/* Key of the path that listen_close removes. */
#define PATH_KEY "oriel-unix-path"
#define BACKLOG	 16

void listen_address_clear(struct listen_address *address)
{
	g_clear_pointer(&address->unix_path, g_free);
	g_clear_pointer(&address->host, g_free);
}

/* A bound, listening socket; errors are GIO's with @name in front. */
static GSocket *bind_and_listen(GSocketAddress *address, const char *name, GError **error)
{
	GSocketFamily family = g_socket_address_get_family(address);
	GSocketProtocol protocol = family == G_SOCKET_FAMILY_UNIX ? G_SOCKET_PROTOCOL_DEFAULT
								  : G_SOCKET_PROTOCOL_TCP;
	g_autoptr(GError) cause = NULL;
	GSocket *socket = g_socket_new(family, G_SOCKET_TYPE_STREAM, protocol, &cause);

	if (socket) {
		g_socket_set_blocking(socket, FALSE);
		g_socket_set_listen_backlog(socket, BACKLOG);
		if (g_socket_bind(socket, address, TRUE, &cause) && g_socket_listen(socket, &cause)) {
			return socket;
		}
		g_object_unref(socket);
	}
	if (error) {
		const char *text = g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)
			? g_strerror(EADDRINUSE) : cause->message;

		/* The code stays: listen_tcp tries the next port when one is in use. */
		*error = g_error_new(cause->domain, cause->code, "%s: listen: %s", name, text);
	}
	return NULL;
}

/* True when a process accepts connections on the unix socket @path. */
static bool somebody_answers(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool answers;

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	if (fd < 0) {
		return true;
	}
	/* EAGAIN: its backlog is full, so it lives. */
	answers = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
	close(fd);
	return answers;
}

static GSocket *listen_unix(const char *path, GError **error)
{
	g_autoptr(GSocketAddress) address = NULL;
	g_autofree char *name = g_strdup_printf("unix:%s", path);
	struct sockaddr_un *sizes = NULL;
	GSocket *socket;
	struct stat st;

	if (!*path || strlen(path) >= sizeof(sizes->sun_path)) {
		error_set(error, "%s: listen: a path of 1 to %zu bytes is needed", name,
			  sizeof(sizes->sun_path) - 1);
		return NULL;
	}
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode)) {
			error_set(error, "%s: listen: the file exists and is no socket", name);
			return NULL;
		}
		if (somebody_answers(path)) {
			error_set_errno(error, EADDRINUSE, "%s: listen", name);
			return NULL;
		}
		unlink(path);
	}
	address = g_unix_socket_address_new(path);
	socket = bind_and_listen(address, name, error);
	if (socket) {
		g_object_set_data_full(G_OBJECT(socket), PATH_KEY, g_strdup(path), g_free);
	}
	return socket;
}

/* Numeric addresses, names, and the wildcard of each family; a list of GInetAddress. */
static GList *resolve(const struct listen_address *address, GError **error)
{
	const char *host = address->host && *address->host ? address->host : NULL;
	bool any = !address->ipv4 && !address->ipv6;
	g_autoptr(GResolver) resolver = NULL;
	GResolverNameLookupFlags flags = G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT;
	g_autoptr(GError) cause = NULL;
	GInetAddress *numeric;
	GList *list = NULL;

	if (!host) {
		/* A wildcard IPv6 socket takes IPv4 as well (GIO clears IPV6_V6ONLY). */
		if (any || address->ipv6) {
			list = g_list_append(list, g_inet_address_new_any(G_SOCKET_FAMILY_IPV6));
		}
		if (any || address->ipv4) {
			list = g_list_append(list, g_inet_address_new_any(G_SOCKET_FAMILY_IPV4));
		}
		return list;
	}
	numeric = g_inet_address_new_from_string(host);
	if (numeric) {
		return g_list_append(NULL, numeric);
	}
	if (address->ipv4 != address->ipv6) {
		flags = address->ipv4 ? G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY
				      : G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY;
	}
	resolver = g_resolver_get_default();
	list = g_resolver_lookup_by_name_with_flags(resolver, host, flags, NULL, &cause);
	if (!list) {
		error_set(error, "tcp:%s: resolve: %s", host, cause->message);
	}
	return list;
}

static GSocket *listen_tcp(const struct listen_address *address, uint16_t *port, GError **error)
{
	unsigned int last = MAX(address->port, address->port_last);
	g_autoptr(GError) cause = NULL;
	GList *hosts = resolve(address, error);
	GSocket *socket = NULL;

	if (!hosts) {
		return NULL;
	}
	for (unsigned int p = address->port; p <= last && !socket; p++) {
		bool in_use = false;

		for (GList *host = hosts; host && !socket && !in_use; host = host->next) {
			g_autoptr(GSocketAddress) at = g_inet_socket_address_new(host->data,
										 (guint16)p);
			g_autofree char *text = g_inet_address_to_string(host->data);
			g_autofree char *name = g_strdup_printf("tcp:%s:%u",
				address->host && *address->host ? address->host : text, p);

			g_clear_error(&cause);
			socket = bind_and_listen(at, name, &cause);
			/* Taken in one family is taken: half a server would surprise. */
			in_use = !socket && g_error_matches(cause, G_IO_ERROR,
							    G_IO_ERROR_ADDRESS_IN_USE);
		}
		if (!socket && !in_use) {
			break;
		}
	}
	g_list_free_full(hosts, g_object_unref);
	if (!socket) {
		error_set(error, "%s", cause->message);
	} else if (port) {
		g_autoptr(GSocketAddress) local = g_socket_get_local_address(socket, NULL);

		*port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(local));
	}
	return socket;
}

GSocket *listen_open(const struct listen_address *address, uint16_t *port, GError **error)
{
	return address->unix_path ? listen_unix(address->unix_path, error)
				  : listen_tcp(address, port, error);
}

void listen_close(GSocket *socket)
{
	if (socket) {
		const char *path = g_object_get_data(G_OBJECT(socket), PATH_KEY);

		if (path) {
			g_unlink(path);
		}
		g_socket_close(socket, NULL);
		g_object_unref(socket);
	}
}

struct acceptor {
	listen_fn fn;
	void *opaque;
};

static gboolean acceptor_dispatch(GSocket *socket, GIOCondition condition, gpointer opaque)
{
	struct acceptor *acceptor = opaque;
	g_autoptr(GSocket) client = g_socket_accept(socket, NULL, NULL);

	if (client) {
		g_socket_set_blocking(client, FALSE);
		acceptor->fn(g_socket_connection_factory_create_connection(client),
			     acceptor->opaque);
	}
	return G_SOURCE_CONTINUE;
}

guint listen_watch(GSocket *socket, listen_fn fn, void *opaque)
{
	struct acceptor *acceptor = g_new(struct acceptor, 1);
	g_autoptr(GSource) source = g_socket_create_source(socket, G_IO_IN, NULL);

	acceptor->fn = fn;
	acceptor->opaque = opaque;
	g_source_set_callback(source, G_SOURCE_FUNC(acceptor_dispatch), acceptor, g_free);
	return g_source_attach(source, NULL);
}
