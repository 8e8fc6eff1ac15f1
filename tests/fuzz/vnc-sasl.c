// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VNC client that is to say who it is, by SASL, and says anything. The input is a list of pieces: the
 * first byte is its kind, as below. In the end the client hangs up, and nothing of it may be left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit/sasl-users.h"
#include "ui/console.h"
#include "ui/input.h"
#include "ui/vnc/server.h"
#include "util/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_PIECES 32

enum piece {
	PIECE_RAW, /* as it is, up to 255 bytes */
	PIECE_COUNTED, /* the same behind its length, as names and data go */
	PIECE_LENGTH, /* a length of any size, and nothing behind it */
	PIECE_NAME, /* a mechanism that there is */
	PIECE_RIGHT, /* PLAIN's data with the right password */
	PIECE_PUMP, /* let the server work */
	PIECES,
};

static struct vnc_server *server;

static void check(bool ok)
{
	if (!ok) {
		abort();
	}
}

static char *folder;

static void remove_folder(void)
{
	sasl_users_destroy(folder);
}

static void start(void)
{
	struct vnc_host host = { 0 };

	main_thread_init();
	folder = sasl_users_create();
	atexit(remove_folder);
	host.displays = display_registry_create();
	host.input = input_router_create();
	server = vnc_server_create("none,sasl=on,share=ignore", &host, NULL);
	check(server != NULL);
}

static void pump(unsigned int turns)
{
	for (unsigned int i = 0; i < turns; i++) {
		g_main_context_iteration(NULL, FALSE);
	}
}

static void say(int fd, const void *data, size_t len)
{
	char answer[4096];

	if (send(fd, data, len, MSG_NOSIGNAL) < 0 && errno == EAGAIN) {
		while (read(fd, answer, sizeof(answer)) > 0) {
		}
	}
}

static void say_counted(int fd, const void *data, size_t len)
{
	uint32_t big = GUINT32_TO_BE((uint32_t)len);

	say(fd, &big, 4);
	say(fd, data, len);
}

/* Returns how many bytes of @data it took. */
static size_t say_piece(int fd, const uint8_t *data, size_t size)
{
	size_t left = size - 1, len = left > 0 ? MIN(data[1], left - 1) : 0;

	switch (data[0] % PIECES) {
	case PIECE_RAW:
		say(fd, data + 2, len);
		return MIN(2 + len, size);
	case PIECE_COUNTED:
		say_counted(fd, data + 2, len);
		return MIN(2 + len, size);
	case PIECE_LENGTH:
		say(fd, data + 1, MIN(left, 4));
		return 1 + MIN(left, 4);
	case PIECE_NAME:
		if (data[0] & 0x80) {
			say_counted(fd, "SCRAM-SHA-256", 13);
		} else {
			say_counted(fd, "PLAIN", 5);
		}
		return 1;
	case PIECE_RIGHT:
		say_counted(fd, "\0ada\0lovelace", 14);
		return 1;
	default:
		pump(8);
		return 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char hello[] = "RFB 003.008\n\x14";
	GSocket *socket;
	gint64 limit;
	int fds[2];

	if (!server) {
		start();
	}
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	socket = g_socket_new_from_fd(fds[1], NULL);
	vnc_server_add_client(server, g_socket_connection_factory_create_connection(socket));
	g_object_unref(socket);
	say(fds[0], hello, sizeof(hello) - 1);
	pump(4);
	for (unsigned int i = 0; i < MAX_PIECES && size > 0; i++) {
		size_t taken = say_piece(fds[0], data, size);

		data += taken;
		size -= taken;
	}
	close(fds[0]);
	limit = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
	while (server->clients.length > 0 || g_main_context_pending(NULL)) {
		g_main_context_iteration(NULL, FALSE);
		check(g_get_monotonic_time() < limit);
	}
	return 0;
}
