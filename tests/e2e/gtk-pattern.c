// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A window by GTK before the test pattern (pattern.h).
 *
 *   gtk-pattern DISPLAY-SPEC WIDTHxHEIGHT [-trace PATTERN | -serial CHARDEV]...
 *
 * Prints "request N" when a button of the machine's is pressed (enum ui_request), and does it as far
 * as there is anything to do. What comes on the serial line is printed as "serial HEX". Commands of
 * its own:
 *   write HEX      writes to the serial line
 *   room N         it takes N bytes more; at first it takes as many as come
 *   flood HEX      writes that without a pause; without HEX no more
 */
#include <stdio.h>
#include <string.h>

#include "chardev/chardev.h"
#include "tests/e2e/pattern.h"
#include "ui/gtk.h"
#ifdef HAVE_VTE
#include "ui/vte/terminal.h"
#endif
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

extern const struct ui_module oriel_ui_module;

/* In the place of the program's. The only module that the window asks for is here. */
const void *ui_module_load(const char *name, const char *object, const char *package,
			   const char *build_package, GError **error)
{
#ifdef HAVE_VTE
	return &vte_terminal_ops;
#else
	error_set(error, "%s: built without %s", object, build_package);
	return NULL;
#endif
}

static struct {
	bool stopped;
	void (*changed)(void *watcher);
	void *watcher;
	struct chardev *serial;
	size_t room;
	GBytes *flood;
	GThread *flooding;
	gint flooded; /* it is to end */
} test = { .room = SIZE_MAX };

static bool request(void *opaque, enum ui_request what, GError **error)
{
	printf("request %d\n", (int)what);
	if (what == UI_STOP || what == UI_CONT) {
		test.stopped = what == UI_STOP;
		test.changed(test.watcher);
	} else if (what == UI_QUIT) {
		pattern_quit();
	}
	return true;
}

static bool running(void *opaque)
{
	return !test.stopped;
}

static void watch_state(void *opaque, void (*fn)(void *watcher), void *watcher)
{
	test.changed = fn;
	test.watcher = watcher;
}

/* ---- a serial line ---- */

static struct chardev *nth_chardev(void *opaque, unsigned int index)
{
	return index ? NULL : test.serial;
}

static size_t serial_room(void *opaque)
{
	return MIN(test.room, 16);
}

static void serial_receive(void *opaque, const uint8_t *data, size_t len)
{
	printf("serial ");
	for (size_t i = 0; i < len; i++) {
		printf("%02x", data[i]);
	}
	printf("\n");
	test.room -= len;
}

static const struct chardev_ops serial_ops = {
	.can_receive = serial_room,
	.receive = serial_receive,
};

static GBytes *from_hex(const char *text)
{
	GByteArray *bytes = g_byte_array_new();
	unsigned int value;

	for (; sscanf(text, "%2x", &value) == 1; text += 2) {
		guint8 byte = (guint8)value;

		g_byte_array_append(bytes, &byte, 1);
	}
	return g_byte_array_free_to_bytes(bytes);
}

static void write_bytes(GBytes *bytes)
{
	gsize len;
	const void *data = g_bytes_get_data(bytes, &len);

	chardev_write(test.serial, data, len);
}

static gpointer flood(gpointer opaque)
{
	while (!g_atomic_int_get(&test.flooded)) {
		write_bytes(test.flood);
	}
	return NULL;
}

static void end_flood(void)
{
	if (test.flooding) {
		g_atomic_int_set(&test.flooded, 1);
		g_thread_join(g_steal_pointer(&test.flooding));
		g_clear_pointer(&test.flood, g_bytes_unref);
		test.flooded = 0;
	}
}

static bool command(const char *line, GError **error)
{
	if (g_str_has_prefix(line, "write ")) {
		g_autoptr(GBytes) bytes = from_hex(line + strlen("write "));

		write_bytes(bytes);
	} else if (g_str_has_prefix(line, "room ")) {
		test.room = (size_t)g_ascii_strtoull(line + strlen("room "), NULL, 10);
		chardev_accept_input(test.serial);
	} else if (g_str_has_prefix(line, "flood")) {
		end_flood();
		if (strlen(line) > strlen("flood ")) {
			test.flood = from_hex(line + strlen("flood "));
			test.flooding = g_thread_new("flood", flood, NULL);
		}
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	const struct gtk_ops *ops = oriel_ui_module.ops;
	struct ui_host host = {
		.name = "pattern", .request = request, .running = running, .watch_state = watch_state,
		.chardev = nth_chardev,
	};
	g_autoptr(GError) error = NULL;
	struct gui *gui;

	main_thread_init();
	if (argc < 3 || !pattern_create(argv[2], &host.displays, &host.input)) {
		fprintf(stderr, "usage: gtk-pattern DISPLAY-SPEC WIDTHxHEIGHT [-trace PATTERN | -serial CHARDEV]...\n");
		return 2;
	}
	for (int i = 3; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "-serial")) {
			test.serial = chardev_create("serial0", argv[i + 1], &error);
		} else {
			trace_enable(argv[i + 1], NULL);
		}
	}
	if (test.serial) {
		chardev_attach(test.serial, &serial_ops, NULL);
	}
	gui = error ? NULL : ops->create(argv[1], &host, &error);
	if (!gui) {
		fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	pattern_run(command);
	end_flood();
	ops->destroy(gui);
	chardev_destroy(test.serial);
	pattern_destroy();
	return 0;
}
