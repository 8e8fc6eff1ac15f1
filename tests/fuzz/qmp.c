// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes from a QMP client: every line of the answer is one JSON object that is a reply or the
 * greeting, and after them the session still works. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev/chardev.h"
#include "monitor/qmp.h"
#include "util/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static JsonNode *echo(void *opaque, JsonObject *args, GError **error)
{
	return json_node_init_int(json_node_alloc(), json_object_get_int_member(args, "number"));
}

static const struct qmp_arg echo_args[] = {
	{ "number", QMP_ARG_INT }, { "text", QMP_ARG_STR, true },
	{ "list", QMP_ARG_ARRAY, true }, { "flag", QMP_ARG_BOOL, true }, { NULL }
};
static const struct qmp_command commands[] = { { "echo", echo, echo_args }, { NULL } };

/* Reads what is there; the caller frees. */
static GString *collect(int fd)
{
	GString *text = g_string_new(NULL);
	char chunk[4096];
	ssize_t got;

	do {
		while (g_main_context_iteration(NULL, FALSE)) {
		}
		got = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (got > 0) {
			g_string_append_len(text, chunk, got);
		}
	} while (got > 0);
	return text;
}

static void check_lines(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\r\n", 0);

	for (char **line = lines; line[1]; line++) {
		g_autoptr(JsonParser) parser = json_parser_new();
		JsonObject *object;

		g_assert_true(json_parser_load_from_data(parser, *line, -1, NULL));
		object = json_node_get_object(json_parser_get_root(parser));
		g_assert_true(json_object_has_member(object, "return") ||
			      json_object_has_member(object, "error") ||
			      json_object_has_member(object, "QMP"));
	}
	/* The last line has its end, too. */
	g_assert_cmpstr(lines[g_strv_length(lines) - 1], ==, "");
}

static bool send_all(int fd, const void *data, size_t len)
{
	return send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char probe[] = "\n{\"execute\":\"echo\",\"arguments\":{\"number\":7},\"id\":1}\n";
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}";
	struct monitor *monitor = monitor_create();
	struct chardev *chardev;
	GString *text;
	int fds[2];

	main_thread_init();
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	chardev = chardev_create_fd("fuzz", fds[0], NULL);
	monitor_add_commands(monitor, commands, NULL);
	monitor_serve_qmp(monitor, chardev, false);
	if (send_all(fds[1], hello, strlen(hello)) && send_all(fds[1], data, size)) {
		text = collect(fds[1]);
		check_lines(text->str);
		g_string_free(text, TRUE);
		/* Out of a string and of brackets that the input may have left open. */
		send_all(fds[1], "\n\"\n", 3);
		g_string_free(collect(fds[1]), TRUE);
		send_all(fds[1], "\x01\n", 2);
		for (int i = 0; i < 65; i++) {
			send_all(fds[1], "[", 1);
		}
		send_all(fds[1], probe, strlen(probe));
		text = collect(fds[1]);
		g_assert_nonnull(strstr(text->str, "{\"return\":7,\"id\":1}"));
		g_string_free(text, TRUE);
	}
	monitor_destroy(monitor);
	chardev_destroy(chardev);
	close(fds[1]);
	while (g_main_context_iteration(NULL, FALSE)) {
	}
	return 0;
}
