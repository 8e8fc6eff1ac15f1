// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VNC client that is to say who it is, by SASL, and says anything. The input is a list of pieces: the
 * first byte is its kind, as below. In the end the client hangs up, and nothing of it may be left.
 */
#include <stdlib.h>

#include "../unit/sasl-users.h"
#include "ui/console.h"
#include "ui/input.h"
#include "ui/vnc/server.h"
#include "util/fd.h"
#include "vnc-client.h"

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

static void say_counted(int fd, const void *data, size_t len)
{
	uint32_t big = GUINT32_TO_BE((uint32_t)len);

	vnc_client_say(fd, &big, 4);
	vnc_client_say(fd, data, len);
}

/* Returns how many bytes of @data it took. */
static size_t say_piece(int fd, const uint8_t *data, size_t size)
{
	size_t left = size - 1, len = left > 0 ? MIN(data[1], left - 1) : 0;

	switch (data[0] % PIECES) {
	case PIECE_RAW:
		vnc_client_say(fd, data + 2, len);
		return MIN(2 + len, size);
	case PIECE_COUNTED:
		say_counted(fd, data + 2, len);
		return MIN(2 + len, size);
	case PIECE_LENGTH:
		vnc_client_say(fd, data + 1, MIN(left, 4));
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
		vnc_client_pump(8);
		return 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char hello[] = "RFB 003.008\n\x14";
	GSocketConnection *connection;
	int fd;

	if (!server) {
		start();
	}
	fd = vnc_client_connect(&connection);
	vnc_server_add_client(server, connection);
	vnc_client_say(fd, hello, sizeof(hello) - 1);
	vnc_client_pump(4);
	for (unsigned int i = 0; i < MAX_PIECES && size > 0; i++) {
		size_t taken = say_piece(fd, data, size);

		data += taken;
		size -= taken;
	}
	vnc_client_hang_up(server, fd);
	return 0;
}
