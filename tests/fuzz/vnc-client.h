/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's end of a connection to a VNC server, which lives in the same thread. */
#ifndef TESTS_FUZZ_VNC_CLIENT_H
#define TESTS_FUZZ_VNC_CLIENT_H

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "ui/vnc/server.h"

/* Returns the client's end, for vnc_client_hang_up(); @connection is the server's end, for it to take. */
static inline int vnc_client_connect(GSocketConnection **connection)
{
	GSocket *socket;
	int fds[2];

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	socket = g_socket_new_from_fd(fds[1], NULL);
	*connection = g_socket_connection_factory_create_connection(socket);
	g_object_unref(socket);
	return fds[0];
}

/* Lets the server work. */
static inline void vnc_client_pump(unsigned int turns)
{
	for (unsigned int i = 0; i < turns; i++) {
		g_main_context_iteration(NULL, FALSE);
	}
}

/* Reads what the server has said, and forgets it. */
static inline void vnc_client_drain(int fd)
{
	char buffer[65536];

	while (read(fd, buffer, sizeof(buffer)) > 0) {
	}
}

/* What finds no room is lost. */
static inline void vnc_client_say(int fd, const void *data, size_t len)
{
	if (send(fd, data, len, MSG_NOSIGNAL) < 0 && errno == EAGAIN) {
		vnc_client_drain(fd);
	}
}

/* Closes @fd; nothing of its client may be left soon after. */
static inline void vnc_client_hang_up(const struct vnc_server *server, int fd)
{
	gint64 limit = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;

	close(fd);
	while (server->clients.length > 0 || server->web_clients.length > 0 ||
	       g_main_context_pending(NULL)) {
		g_main_context_iteration(NULL, FALSE);
		check(g_get_monotonic_time() < limit);
	}
}

#endif
