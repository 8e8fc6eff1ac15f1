// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev/chardev.h"
#include "monitor/qmp.h"
#include "util/error.h"
#include "util/fd.h"

struct client {
	struct monitor *monitor;
	struct chardev *chardev;
	int fd;
};

static JsonNode *cmd_add(void *opaque, JsonObject *args, GError **error)
{
	int64_t sum = json_object_get_int_member(args, "a") +
		      json_object_get_int_member_with_default(args, "b", 0);

	++*(int *)opaque;
	return json_node_init_int(json_node_alloc(), sum);
}

static JsonNode *cmd_fail(void *opaque, JsonObject *args, GError **error)
{
	g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_DEVICE_NOT_FOUND, "device 'x': not found");
	return NULL;
}

static JsonNode *cmd_big(void *opaque, JsonObject *args, GError **error)
{
	g_autofree char *text = g_strnfill(200000, 'x');

	return json_node_init_string(json_node_alloc(), text);
}

static const struct qmp_arg add_args[] = { { "a", QMP_ARG_INT }, { "b", QMP_ARG_INT, true },
					   { NULL } };
static const struct qmp_command commands[] = {
	{ "add", cmd_add, add_args }, { "fail", cmd_fail }, { "big", cmd_big }, { NULL }
};
static int adds;

static void client_open(struct client *client)
{
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	client->fd = fds[1];
	client->monitor = monitor_create();
	client->chardev = chardev_create_fd("q", fds[0], NULL);
	monitor_add_commands(client->monitor, commands, &adds);
	monitor_serve_qmp(client->monitor, client->chardev, false);
}

static void client_close(struct client *client)
{
	monitor_destroy(client->monitor);
	chardev_destroy(client->chardev);
	close(client->fd);
}

static char *transact(struct client *client, const char *text)
{
	GString *got = g_string_new(NULL);
	char chunk[4096];
	ssize_t len;

	g_assert_cmpint(send(client->fd, text, strlen(text), 0), ==, (ssize_t)strlen(text));
	do {
		while (g_main_context_iteration(NULL, FALSE)) {
		}
		len = recv(client->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		g_string_append_len(got, chunk, MAX(len, 0));
	} while (len > 0);
	return g_string_free(got, FALSE);
}

static void expect(struct client *client, const char *text, const char *reply)
{
	g_autofree char *got = transact(client, text);

	g_assert_cmpstr(got, ==, reply);
}

static void negotiate(struct client *client)
{
	g_autofree char *greeting = transact(client, "{\"execute\":\"qmp_capabilities\"}\n");

	g_assert_true(g_str_has_prefix(greeting, "{\"QMP\":{\"version\":{\"qemu\":{"));
	g_assert_true(g_str_has_suffix(greeting, "\r\n{\"return\":{}}\r\n"));
}

static void test_negotiation(void)
{
	struct client client;
	g_autofree char *text = NULL;

	client_open(&client);
	text = transact(&client, "{\"execute\":\"add\",\"arguments\":{\"a\":1}}\n");
	g_assert_nonnull(strstr(text, "\"class\":\"CommandNotFound\""));
	g_assert_true(g_str_has_prefix(text, "{\"QMP\":"));
	expect(&client, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[]}}\n",
	       "{\"return\":{}}\r\n");
	expect(&client, "{\"execute\":\"add\",\"arguments\":{\"a\":1}}\n", "{\"return\":1}\r\n");
	client_close(&client);
}

static void test_negotiate(void)
{
	struct client client;
	g_autofree char *second = NULL;

	client_open(&client);
	negotiate(&client);
	second = transact(&client, "{\"execute\":\"qmp_capabilities\"}\n");
	g_assert_nonnull(strstr(second, "\"class\":\"CommandNotFound\""));
	client_close(&client);
}

static void test_arguments(void)
{
	struct client client;

	client_open(&client);
	negotiate(&client);
	adds = 0;
	expect(&client, "{\"execute\":\"add\",\"arguments\":{\"a\":1,\"b\":2},\"id\":\"x\"}\n",
	       "{\"return\":3,\"id\":\"x\"}\r\n");
	g_assert_cmpint(adds, ==, 1);
	expect(&client, "{\"execute\":\"add\",\"arguments\":{\"b\":2}}\n",
	       "{\"error\":{\"class\":\"GenericError\",\"desc\":\"add: argument 'a' is missing\"}}\r\n");
	expect(&client, "{\"execute\":\"add\",\"arguments\":{\"a\":\"1\"}}\n",
	       "{\"error\":{\"class\":\"GenericError\","
	       "\"desc\":\"add: argument 'a': expected: integer\"}}\r\n");
	expect(&client, "{\"execute\":\"add\",\"arguments\":{\"a\":1,\"c\":2}}\n",
	       "{\"error\":{\"class\":\"GenericError\",\"desc\":\"add: unknown argument 'c'\"}}\r\n");
	g_assert_cmpint(adds, ==, 1);
	expect(&client, "{\"execute\":\"fail\"}\n",
	       "{\"error\":{\"class\":\"DeviceNotFound\",\"desc\":\"device 'x': not found\"}}\r\n");
	client_close(&client);
}

static void test_bad_json(void)
{
	static const char *const bad[] = {
		"hello\n", "{]\n", "{\"execute\":}\n", "[1]\n", "{\"execute\":5}\n",
		"{\"exec\":\"add\"}\n", "{\"execute\":\"add\",\"arguments\":[]}\n",
		"{\"execute\":\"a\nb\"}\n", "{\"execute\":\"\xff\"}\n",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
	};
	struct client client;

	client_open(&client);
	negotiate(&client);
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *reply = transact(&client, bad[i]);

		g_assert_true(g_str_has_prefix(reply, "{\"error\":{\"class\":\"GenericError\""));
		/* And the session goes on. The second line ends what a stray quote began. */
		g_free(transact(&client, "\n"));
		expect(&client, "{\"execute\":\"add\",\"arguments\":{\"a\":1}}\n",
		       "{\"return\":1}\r\n");
	}
	client_close(&client);
}

static void test_size_limit(void)
{
	g_autofree char *huge = g_strnfill((1 << 20) + 10, 'a');
	g_autofree char *reply = NULL;
	struct client client;
	size_t sent = 0, total = strlen(huge);

	client_open(&client);
	negotiate(&client);
	g_assert_cmpint(send(client.fd, "{\"x\":\"", 6, 0), ==, 6);
	while (sent < total) {
		ssize_t done = send(client.fd, huge + sent, MIN(total - sent, 32768), MSG_DONTWAIT);

		sent += (size_t)MAX(done, 0);
		g_main_context_iteration(NULL, FALSE);
	}
	reply = transact(&client, "\"}\n{\"execute\":\"add\",\"arguments\":{\"a\":4}}\n");
	g_assert_nonnull(strstr(reply, "more than 1 MiB"));
	g_assert_true(g_str_has_suffix(reply, "{\"return\":4}\r\n"));
	client_close(&client);
}

/* A client that only sends: we stop reading, never block, and answer all when it reads. */
static void test_slow_client(void)
{
	static const char line[] = "{\"execute\":\"big\"}\n";
	struct client client;
	unsigned int sent = 0, answered = 0;
	g_autofree char *text = NULL;

	client_open(&client);
	negotiate(&client);
	while (send(client.fd, line, strlen(line), MSG_DONTWAIT) == (ssize_t)strlen(line)) {
		sent++;
		while (g_main_context_iteration(NULL, FALSE)) {
		}
		g_assert_cmpuint(sent, <, 100000);
		g_assert_cmpuint(chardev_queued(client.chardev), <, 4 << 20);
	}
	text = transact(&client, "");
	for (char *p = text; (p = strstr(p, "{\"return\":\"x")); p++) {
		answered++;
	}
	g_assert_cmpuint(answered, >=, sent - 1);
	client_close(&client);
}

static gpointer emit(gpointer monitor)
{
	qmp_event(monitor, "TEST", NULL);
	return NULL;
}

static void test_events(void)
{
	struct client client;
	g_autofree char *early = NULL, *late = NULL;

	client_open(&client);
	qmp_event(client.monitor, "TEST", NULL);
	early = transact(&client, "");
	g_assert_null(strstr(early, "TEST"));
	g_free(transact(&client, "{\"execute\":\"qmp_capabilities\"}\n"));
	g_thread_join(g_thread_new("event", emit, client.monitor));
	late = transact(&client, "");
	g_assert_nonnull(strstr(late, "\"event\":\"TEST\""));
	g_assert_nonnull(strstr(late, "\"timestamp\":{\"seconds\":"));
	client_close(&client);
}

static void test_hmp(void)
{
	struct monitor *monitor = monitor_create();
	struct chardev *chardev;
	struct client client;
	g_autofree char *text = NULL;
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	chardev = chardev_create_fd("h", fds[0], NULL);
	monitor_serve_hmp(monitor, chardev);
	client = (struct client){ monitor, chardev, fds[1] };
	text = transact(&client, "infxy\b\x7fo ver\x1b[Asion\r\nstpo\n");
	g_assert_nonnull(strstr(text, "\r\n7.2.0 (Oriel "));
	g_assert_nonnull(strstr(text, "unknown command 'stpo' (did you mean 'stop'?)\r\n(qemu) "));
	client_close(&client);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/qmp/commands-wait-for-negotiation", test_negotiation);
	g_test_add_func("/qmp/negotiation-happens-once", test_negotiate);
	g_test_add_func("/qmp/arguments-are-checked", test_arguments);
	g_test_add_func("/qmp/bad-json-is-an-error-not-the-end", test_bad_json);
	g_test_add_func("/qmp/oversized-request-is-refused", test_size_limit);
	g_test_add_func("/qmp/client-that-never-reads-does-not-block", test_slow_client);
	g_test_add_func("/qmp/events-have-a-timestamp-and-wait-for-negotiation", test_events);
	g_test_add_func("/hmp/line-editing-and-nearest-command", test_hmp);
	return g_test_run();
}
