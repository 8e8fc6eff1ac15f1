// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "chardev/chardev.h"
#include "chardev/vc.h"
#include "util/fd.h"
#include "util/opts.h"

/* A front end that takes @room bytes; a guest that echoes, if @echo. */
struct front {
	struct chardev *chardev;
	GString *got;
	size_t room;
	bool echo, refill;
	int asked, opened;
};

static size_t front_room(void *opaque)
{
	struct front *front = opaque;

	front->asked++;
	return front->room;
}

static void front_receive(void *opaque, const uint8_t *data, size_t len)
{
	struct front *front = opaque;

	g_assert_cmpuint(len, <=, front->room);
	g_string_append_len(front->got, (const char *)data, (gssize)len);
	front->room -= len;
	if (front->echo) {
		chardev_write(front->chardev, data, len);
	}
	if (front->refill) {
		/* As a serial port does whose guest reads at once. */
		front->room = 16;
		chardev_accept_input(front->chardev);
	}
}

static void front_event(void *opaque, enum chardev_event event)
{
	((struct front *)opaque)->opened += event == CHARDEV_OPENED;
}

static const struct chardev_ops front_ops = { front_room, front_receive, front_event };

static void wake(void *opaque)
{
	++*(int *)opaque;
}

static const struct vc_ops terminal_ops = { wake };

static void spin(void)
{
	while (g_main_context_iteration(NULL, FALSE)) {
	}
}

static struct chardev *create(const char *legacy)
{
	g_autoptr(GError) error = NULL;
	struct chardev *chardev = chardev_create("c0", legacy, &error);

	g_assert_no_error(error);
	return chardev;
}

static char *read_all(struct chardev *vc, size_t *len)
{
	char *text = g_malloc(VC_OUTPUT_MAX + 1);
	size_t got;

	for (*len = 0; (got = vc_read(vc, text + *len, 1000)); *len += got) {
		g_assert_cmpuint(*len + got, <=, VC_OUTPUT_MAX);
	}
	text[*len] = '\0';
	return text;
}

static void test_late(void)
{
	struct chardev *vc = create("vc");
	g_autofree char *text = NULL;
	int woken = 0;
	size_t len;

	g_assert_true(chardev_connected(vc));
	chardev_write(vc, "before ", 7);
	spin();
	g_assert_cmpuint(chardev_queued(vc), ==, 0); /* nobody is waited for */
	vc_attach(vc, &terminal_ops, &woken);
	g_assert_cmpint(woken, ==, 0); /* never from inside */
	g_assert_cmpuint(chardev_queued(vc), ==, 7);
	chardev_write(vc, "after", 5);
	spin();
	g_assert_cmpint(woken, ==, 1);
	text = read_all(vc, &len);
	g_assert_cmpstr(text, ==, "before after");
	spin();
	g_assert_cmpint(woken, ==, 1);
	chardev_write(vc, "x", 1);
	vc_attach(vc, NULL, NULL);
	spin();
	g_assert_cmpint(woken, ==, 1);
	chardev_destroy(vc);
}

static void test_bounds(void)
{
	struct chardev *vc = create("vc");
	g_autofree char *block = g_malloc(3u << 20), *text = NULL, *last = NULL;
	int woken = 0;
	size_t len;

	vc_attach(vc, &terminal_ops, &woken);
	for (unsigned int i = 0; i < 200000; i++) {
		g_autofree char *line = g_strdup_printf("line %u\r\n", i);

		g_assert_cmpint(chardev_write(vc, line, strlen(line)), ==, 0);
		g_assert_cmpuint(chardev_queued(vc), <=, VC_OUTPUT_MAX);
	}
	g_assert_cmpuint(chardev_queued(vc), >, VC_OUTPUT_MAX - 100);
	text = read_all(vc, &len);
	g_assert_true(g_str_has_prefix(text, "line 1")); /* a whole line */
	g_assert_true(g_str_has_suffix(text, "\r\nline 199999\r\n"));

	/* No line's end is near, and more than all at once. */
	memset(block, 'a', 3u << 20);
	block[(3u << 20) - 1] = 'z';
	chardev_write(vc, "first", 5);
	chardev_write(vc, block, 3u << 20);
	chardev_write(vc, "!", 1);
	last = read_all(vc, &len);
	g_assert_cmpuint(len, ==, VC_OUTPUT_MAX);
	g_assert_cmpint(last[0], ==, 'a');
	g_assert_cmpstr(last + len - 2, ==, "z!");
	chardev_destroy(vc);
}

static void test_flow(void)
{
	struct chardev *vc = create("vc");
	struct front front = { vc, g_string_new(NULL), 3 };
	g_autofree char *paste = g_malloc(VC_INPUT_MAX * 3);

	chardev_attach(vc, &front_ops, &front);
	g_assert_cmpint(front.opened, ==, 1);
	g_assert_cmpuint(vc_input(vc, "abcdefgh", 8), ==, 8);
	g_assert_cmpstr(front.got->str, ==, "abc");
	g_assert_cmpuint(vc_input(vc, "ij", 2), ==, 2);
	front.room = 4;
	chardev_accept_input(vc);
	g_assert_cmpstr(front.got->str, ==, "abcdefg");

	/* Three bytes wait; a long paste finds that much less room. */
	memset(paste, 'p', VC_INPUT_MAX);
	g_assert_cmpuint(vc_input(vc, paste, VC_INPUT_MAX), ==, VC_INPUT_MAX - 3);
	g_assert_cmpuint(vc_input(vc, "lost", 4), ==, 0);
	front.refill = front.echo = true;
	front.room = 1;
	chardev_accept_input(vc);
	g_assert_cmpuint(front.got->len, ==, 7 + VC_INPUT_MAX);
	g_assert_cmpint(strncmp(front.got->str, "abcdefghijpp", 12), ==, 0);
	g_assert_cmpuint(vc_input(vc, "kept", 4), ==, 4);
	g_assert_true(g_str_has_suffix(front.got->str, "pkept"));
	/* Who takes as much as comes is given it, however much. */
	memset(paste, 'q', VC_INPUT_MAX * 3);
	g_string_truncate(front.got, 0);
	g_assert_cmpuint(vc_input(vc, paste, VC_INPUT_MAX * 3), ==, VC_INPUT_MAX * 3);
	g_assert_cmpuint(front.got->len, ==, VC_INPUT_MAX * 3);
	front.refill = false;
	front.room = 10;
	g_assert_cmpuint(vc_input(vc, paste, VC_INPUT_MAX * 3), ==, VC_INPUT_MAX + 10);
	chardev_destroy(vc);
	g_string_free(front.got, TRUE);
}

static void test_drained(void)
{
	struct chardev *vc = create("vc");
	struct front front = { vc, g_string_new(NULL), 0 };
	char data[8];
	int woken = 0, asked;

	chardev_attach(vc, &front_ops, &front);
	vc_attach(vc, &terminal_ops, &woken);
	chardev_write(vc, "abcd", 4);
	asked = front.asked;
	g_assert_cmpuint(vc_read(vc, data, 3), ==, 3);
	g_assert_cmpint(front.asked, ==, asked);
	g_assert_cmpuint(vc_read(vc, data, 3), ==, 1);
	g_assert_cmpint(front.asked, ==, asked + 1);
	/* And one that waited for a terminal that goes. */
	chardev_write(vc, "e", 1);
	vc_attach(vc, NULL, NULL);
	g_assert_cmpint(front.asked, ==, asked + 2);
	chardev_destroy(vc);
	g_string_free(front.got, TRUE);
}

static gpointer write_much(gpointer vc)
{
	for (int i = 0; i < 100000; i++) {
		chardev_write(vc, "0123456789\n", 11);
	}
	return NULL;
}

static void test_threads(void)
{
	struct chardev *vc = create("vc");
	char data[4096];
	int woken = 0;
	size_t len, all = 0;
	GThread *thread;

	vc_attach(vc, &terminal_ops, &woken);
	thread = g_thread_new("guest", write_much, vc);
	for (int i = 0; i < 1000; i++) {
		g_main_context_iteration(NULL, FALSE);
		all += vc_read(vc, data, sizeof(data));
	}
	g_thread_join(thread);
	spin();
	while ((len = vc_read(vc, data, sizeof(data)))) {
		all += len;
	}
	g_assert_cmpint(woken, >, 0);
	g_assert_cmpuint(all, <=, 1100000);
	g_assert_cmpuint(all, >=, VC_OUTPUT_MAX - 100); /* what the ring holds isn't lost */
	chardev_destroy(vc);
}

static void test_mux(void)
{
	struct chardev *port = create("mon:vc:100Cx30C"), *other = create("null");
	struct chardev *vc = vc_of(port);
	struct front guest = { port, g_string_new(NULL), 100 }, human = { NULL, g_string_new(NULL), 100 };

	g_assert_nonnull(vc);
	g_assert_true(vc != port);
	g_assert_cmpstr(chardev_id(vc), ==, "c0");
	g_assert_true(vc_of(chardev_mux_monitor(port)) == vc);
	g_assert_null(vc_of(other));
	chardev_attach(port, &front_ops, &guest);
	chardev_attach(chardev_mux_monitor(port), &front_ops, &human);
	g_assert_cmpuint(vc_input(vc, "g\x01" "cm", 4), ==, 4);
	g_assert_cmpstr(guest.got->str, ==, "g");
	g_assert_cmpstr(human.got->str, ==, "m");
	chardev_destroy(port);
	chardev_destroy(other);
	g_string_free(guest.got, TRUE);
	g_string_free(human.got, TRUE);
}

static void test_size(void)
{
	static const struct {
		const char *legacy;
		struct vc_size size;
	} good[] = {
		{ "vc", { 0 } },
		{ "vc:80Cx25C", { .cols = 80, .rows = 25 } },
		{ "vc:640x480", { .width_px = 640, .height_px = 480 } },
	};
	static const char *const bad[] = {
		"vc:", "vc:80", "vc:80x", "vc:80Cx25", "vc:0x10", "vc:-1x10", "vc:2000Cx10C", "vc:1x1,x=1",
		"vc:12345678x1", "vc,cols=80", "vc,width=1", "vc,rows=2,cols=x", "vc,path=/x", "vcc",
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(good); i++) {
		struct chardev *vc = create(good[i].legacy);

		g_assert_cmpmem(vc_size(vc), sizeof(struct vc_size), &good[i].size,
				sizeof(struct vc_size));
		g_assert_cmpstr(chardev_filename(vc), ==, "vc");
		chardev_destroy(vc);
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(chardev_create("c0", bad[i], &error));
		g_assert_nonnull(error);
		g_assert_true(g_str_has_prefix(error->message, "chardev c0: "));
		g_assert_null(strchr(error->message, '\n'));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/vc/a-late-terminal-gets-what-was-kept", test_late);
	g_test_add_func("/vc/the-oldest-lines-go-first", test_bounds);
	g_test_add_func("/vc/input-waits-for-the-front-end", test_flow);
	g_test_add_func("/vc/a-front-end-that-waits-for-its-output-is-asked-again", test_drained);
	g_test_add_func("/vc/any-thread-may-write", test_threads);
	g_test_add_func("/vc/a-terminal-behind-a-mux", test_mux);
	g_test_add_func("/vc/sizes-are-checked", test_size);
	return g_test_run();
}
