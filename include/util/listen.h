/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening sockets for QMP, chardevs and VNC, on GIO. */
#ifndef UTIL_LISTEN_H
#define UTIL_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <gio/gio.h>

struct listen_address {
	char *unix_path; /* non-NULL: a unix socket, the rest is ignored */
	char *host; /* NULL or "": every interface */
	uint16_t port;
	uint16_t port_last; /* >= port: the first free one of port..port_last is taken */
	bool ipv4, ipv6; /* both false: both */
};

void listen_address_clear(struct listen_address *address);

/*
 * A listening, close-on-exec, non-blocking socket; the caller owns it. For TCP *port (NULL
 * allowed) receives the port taken. A stale unix socket that nobody answers on is replaced;
 * a live one, or another file, is an error. Context: main.
 */
GSocket *listen_open(const struct listen_address *address, uint16_t *port, GError **error);

/*
 * Closes and frees @socket (NULL is fine) and removes its unix path if it has one. Use this
 * and not g_object_unref for what listen_open gave.
 */
void listen_close(GSocket *socket);

typedef void (*listen_fn)(GSocketConnection *connection, void *opaque);
/* Calls fn(connection, opaque) for each client; fn takes the connection. Context: main.
 * Remove the watch with g_source_remove(). */
guint listen_watch(GSocket *socket, listen_fn fn, void *opaque);

#endif
