// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "chardev/chardev.h"
#include "util/fd.h"
#include "util/opts.h"

struct front {
	GString *got;
	size_t room;
	int opened, closed;
};

static size_t front_room(void *opaque)
{
	return ((struct front *)opaque)->room;
}

static void front_receive(void *opaque, const uint8_t *data, size_t len)
{
	struct front *front = opaque;

	g_assert_cmpuint(len, <=, front->room);
	g_string_append_len(front->got, (const char *)data, (gssize)len);
	front->room -= len;
}

static void front_event(void *opaque, enum chardev_event event)
{
	struct front *front = opaque;

	front->opened += event == CHARDEV_OPENED;
	front->closed += event == CHARDEV_CLOSED;
}

static const struct chardev_ops front_ops = { front_room, front_receive, front_event };

static void spin(void)
{
	for (int i = 0; i < 50; i++) {
		while (g_main_context_iteration(NULL, FALSE)) {
		}
		g_usleep(200);
	}
}

static struct chardev *create(const char *legacy)
{
	g_autoptr(GError) error = NULL;
	struct chardev *chardev = chardev_create("c0", legacy, &error);

	g_assert_no_error(error);
	return chardev;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	return fd;
}

static void test_server(void)
{
	g_autofree char *dir = g_dir_make_tmp("oriel-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "s", NULL);
	g_autofree char *legacy = g_strdup_printf("unix:%s,server=on,wait=off", path);
	struct chardev *chardev = create(legacy);
	struct front front = { g_string_new(NULL), 3 };
	char data[16];
	int first, second;

	chardev_attach(chardev, &front_ops, &front);
	g_assert_false(chardev_connected(chardev));
	g_assert_cmpint(chardev_write(chardev, "lost", 4), ==, 0);
	first = connect_to(path);
	second = connect_to(path);
	g_assert_cmpint(write(first, "abcdef", 6), ==, 6);
	spin();
	g_assert_cmpint(front.opened, ==, 1);
	g_assert_cmpstr(front.got->str, ==, "abc");
	front.room = 10;
	chardev_accept_input(chardev);
	spin();
	g_assert_cmpstr(front.got->str, ==, "abcdef");
	chardev_write(chardev, "xyz", 3);
	g_assert_cmpint(read(first, data, sizeof(data)), ==, 3);

	/* The second client waits until the first has gone. */
	close(first);
	spin();
	g_assert_cmpint(front.closed, ==, 1);
	g_assert_cmpint(front.opened, ==, 2);
	chardev_write(chardev, "2", 1);
	g_assert_cmpint(read(second, data, sizeof(data)), ==, 1);
	close(second);
	chardev_destroy(chardev);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	g_rmdir(dir);
	g_string_free(front.got, TRUE);
}

static void test_slow_peer(void)
{
	g_autofree uint8_t *block = g_malloc0(65536);
	struct chardev *chardev;
	size_t written = 0, received = 0;
	ssize_t got;
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	chardev = chardev_create_fd("c0", fds[0], NULL);
	while (chardev_write(chardev, block, 65536) == 0) {
		written += 65536;
		g_assert_cmpuint(written, <, 8 << 20);
	}
	g_assert_cmpuint(chardev_queued(chardev), >=, 1 << 20);
	do {
		spin();
		while ((got = recv(fds[1], block, 65536, MSG_DONTWAIT)) > 0) {
			received += (size_t)got;
			g_main_context_iteration(NULL, FALSE);
		}
	} while (chardev_queued(chardev));
	while ((got = recv(fds[1], block, 65536, MSG_DONTWAIT)) > 0) {
		received += (size_t)got;
	}
	g_assert_cmpuint(received, ==, written);
	chardev_destroy(chardev);
	close(fds[1]);
}

static void test_fd_passing(void)
{
	struct front front = { g_string_new(NULL), 100 };
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (char *)"x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
	struct chardev *chardev;
	int fds[2], passed = open("/dev/null", O_RDONLY | O_CLOEXEC);

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	chardev = chardev_create_fd("c0", fds[0], NULL);
	chardev_attach(chardev, &front_ops, &front);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &passed, sizeof(int));
	/* Two: the first is closed when the second comes. */
	g_assert_cmpint(sendmsg(fds[1], &msg, 0), ==, 1);
	g_assert_cmpint(sendmsg(fds[1], &msg, 0), ==, 1);
	close(passed);
	spin();
	passed = chardev_take_fd(chardev);
	g_assert_cmpint(passed, >=, 0);
	g_assert_cmpint(chardev_take_fd(chardev), ==, -1);
	close(passed);
	chardev_destroy(chardev);
	close(fds[1]);
	g_string_free(front.got, TRUE);
}

static void test_file(void)
{
	g_autofree char *dir = g_dir_make_tmp("oriel-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "log", NULL);
	g_autofree char *legacy = g_strdup_printf("file:%s", path), *text = NULL;
	struct chardev *chardev = create(legacy);

	chardev_write(chardev, "hello", 5);
	chardev_destroy(chardev);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "hello");
	g_unlink(path);
	g_rmdir(dir);
}

static void test_pty(void)
{
	struct front front = { g_string_new(NULL), 100 };
	struct chardev *chardev = create("pty");
	const char *path = chardev_filename(chardev) + strlen("pty:");
	char data[16];
	int fd;

	chardev_attach(chardev, &front_ops, &front);
	spin();
	g_assert_false(chardev_connected(chardev));
	for (int round = 1; round <= 2; round++) {
		fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
		g_assert_cmpint(fd, >=, 0);
		spin();
		g_assert_true(chardev_connected(chardev));
		g_assert_cmpint(front.opened, ==, round);
		g_assert_cmpint(write(fd, "a\n", 2), ==, 2);
		chardev_write(chardev, "b\n", 2);
		spin();
		g_assert_cmpint(read(fd, data, sizeof(data)), ==, 2);
		close(fd);
		spin();
		g_assert_false(chardev_connected(chardev));
		g_assert_cmpint(front.closed, ==, round);
	}
	g_assert_cmpstr(front.got->str, ==, "a\na\n");
	chardev_destroy(chardev);
	g_string_free(front.got, TRUE);
}

static void test_mux(void)
{
	g_autofree char *dir = g_dir_make_tmp("oriel-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "s", NULL);
	g_autofree char *legacy = g_strdup_printf("mon:unix:%s,server=on,wait=off", path);
	struct chardev *chardev = create(legacy);
	struct chardev *monitor = chardev_mux_monitor(chardev);
	struct front guest = { g_string_new(NULL), 100 }, human = { g_string_new(NULL), 100 };
	int fd;

	chardev_attach(chardev, &front_ops, &guest);
	chardev_attach(monitor, &front_ops, &human);
	fd = connect_to(path);
	g_assert_cmpint(write(fd, "g1\x01\x01\x01" "cm1\x01" "cg2", 12), ==, 12);
	spin();
	g_assert_cmpstr(guest.got->str, ==, "g1\x01g2");
	g_assert_cmpstr(human.got->str, ==, "m1");
	g_assert_cmpint(guest.opened, ==, 1);
	/* It hears of the client when the keyboard comes to it. */
	g_assert_cmpint(human.opened, ==, 1);
	g_assert_cmpint(write(fd, "\x01" "c", 2), ==, 2);
	spin();
	g_assert_cmpstr(human.got->str, ==, "m1\n");
	close(fd);
	chardev_destroy(chardev);
	g_rmdir(dir);
	g_string_free(guest.got, TRUE);
	g_string_free(human.got, TRUE);
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"", "telnet:a:1", "vc:80", "stdioo", "unix:", "unix:/nonexistent/x,server=on,wait=off",
		"unix:/nonexistent/x", "tcp:1", "tcp:h:99999,server=on", "file:", "file:/nonexistent/x",
		"pipe:/nonexistent/x", "unix:/tmp/x,sever=on", "tcp:127.0.0.1:1,telnet=on",
		"null,path=/x",
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(chardev_create("c0", bad[i], &error));
		g_assert_nonnull(error);
		g_assert_true(g_str_has_prefix(error->message, "chardev c0: "));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/chardev/server-serves-one-client-after-the-other", test_server);
	g_test_add_func("/chardev/slow-peer-loses-nothing-that-was-accepted", test_slow_peer);
	g_test_add_func("/chardev/passed-fd-is-taken-once", test_fd_passing);
	g_test_add_func("/chardev/file-gets-what-is-written", test_file);
	g_test_add_func("/chardev/pty-is-opened-again-and-again", test_pty);
	g_test_add_func("/chardev/ctrl-a-c-moves-input-to-the-monitor", test_mux);
	g_test_add_func("/chardev/bad-strings-are-named", test_bad);
	return g_test_run();
}
