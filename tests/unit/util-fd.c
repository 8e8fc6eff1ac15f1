// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "util/fd.h"
#include "util/listen.h"
#include "util/trace.h"

static void count_up(int fd, GIOCondition condition, void *opaque)
{
	g_assert_true(condition & G_IO_IN);
	*(uint64_t *)opaque += eventfd_drain(fd);
}

static void test_watch(void)
{
	uint64_t count = 0;
	int fd = eventfd_create();
	guint id = fd_watch(fd, G_IO_IN, count_up, &count);

	g_assert_false(g_main_context_iteration(NULL, FALSE));
	eventfd_kick(fd);
	eventfd_kick(fd);
	g_assert_true(g_main_context_iteration(NULL, FALSE));
	g_assert_cmpuint(count, ==, 2);
	fd_unwatch(id);
	eventfd_kick(fd);
	g_assert_false(g_main_context_iteration(NULL, FALSE));
	g_assert_cmpuint(eventfd_drain(fd), ==, 1);
	g_assert_cmpuint(eventfd_drain(fd), ==, 0);
	fd_close(&fd);
	g_assert_cmpint(fd, ==, -1);
}

#define CALLS 1000
static int calls_done;

static void in_order(void *opaque)
{
	g_assert_true(main_thread_is_current());
	g_assert_cmpint(GPOINTER_TO_INT(opaque), ==, calls_done);
	calls_done++;
}

static gpointer caller(gpointer unused)
{
	g_assert_false(main_thread_is_current());
	for (int i = 0; i < CALLS; i++) {
		main_call(in_order, GINT_TO_POINTER(i));
	}
	return NULL;
}

static void test_main_call(void)
{
	GThread *thread = g_thread_new("caller", caller, NULL);

	while (calls_done < CALLS) {
		g_main_context_iteration(NULL, TRUE);
	}
	g_thread_join(thread);
}

static void count_client(GSocketConnection *connection, void *opaque)
{
	++*(int *)opaque;
	g_object_unref(connection);
}

static void test_unix(void)
{
	g_autofree char *dir = g_dir_make_tmp("oriel-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "s", NULL);
	struct listen_address address = { .unix_path = path };
	g_autoptr(GSocketAddress) to = g_unix_socket_address_new(path);
	g_autoptr(GSocket) client = NULL;
	g_autoptr(GError) error = NULL;
	GSocket *socket = listen_open(&address, NULL, &error), *second;
	int clients = 0;
	guint id;

	g_assert_no_error(error);
	id = listen_watch(socket, count_client, &clients);
	client = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
	g_assert_true(g_socket_connect(client, to, NULL, NULL));
	g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(clients, ==, 1);

	second = listen_open(&address, NULL, &error);
	g_assert_null(second);
	g_assert_true(g_str_has_suffix(error->message, "listen: Address already in use"));
	g_clear_error(&error);
	g_source_remove(id);
	/* The owner died without a clean-up: the path is there, nobody answers. */
	g_object_unref(socket);
	g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	socket = listen_open(&address, NULL, &error);
	g_assert_no_error(error);
	listen_close(socket);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));

	g_assert_true(g_file_set_contents(path, "precious", -1, NULL));
	g_assert_null(listen_open(&address, NULL, &error));
	g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	g_unlink(path);
	g_rmdir(dir);
}

static void test_tcp(void)
{
	struct listen_address address = { .host = (char *)"127.0.0.1" };
	g_autoptr(GError) error = NULL;
	uint16_t first = 0, second = 0;
	GSocket *a = listen_open(&address, &first, &error), *b;

	g_assert_no_error(error);
	g_assert_cmpuint(first, !=, 0);
	address.port = first;
	g_assert_null(listen_open(&address, &second, &error));
	g_assert_true(g_str_has_suffix(error->message, "listen: Address already in use"));
	g_clear_error(&error);
	address.port_last = (uint16_t)MIN(first + 20, 65535);
	b = listen_open(&address, &second, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(second, >, first);
	listen_close(a);
	listen_close(b);
}

static void test_trace(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(trace_enable("vfio:plane_*", &error));
	g_assert_cmphex(trace_mask, ==, 1u << TRACE_vfio);
	g_assert_false(trace_enable("vfoo", &error));
	g_assert_cmpstr(error->message, ==, "-trace vfoo: no such area (did you mean 'vfio'?)");
	trace_mask = 0;
}

static unsigned int open_fds(void)
{
	GDir *dir = g_dir_open("/proc/self/fd", 0, NULL);
	unsigned int count = 0;

	while (g_dir_read_name(dir)) {
		count++;
	}
	g_dir_close(dir);
	return count;
}

int main(int argc, char **argv)
{
	unsigned int before;
	int status;

	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_main_context_iteration(NULL, FALSE);
	before = open_fds();
	g_test_add_func("/fd/watch-calls-until-unwatch", test_watch);
	g_test_add_func("/fd/main-call-keeps-order", test_main_call);
	g_test_add_func("/listen/unix-path-stale-live-and-foreign", test_unix);
	g_test_add_func("/listen/tcp-takes-the-first-free-port", test_tcp);
	g_test_add_func("/trace/unknown-area-names-the-nearest", test_trace);
	status = g_test_run();
	g_assert_cmpuint(open_fds(), ==, before);
	return status;
}
