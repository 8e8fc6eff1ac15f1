// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A window by GTK before the test pattern (pattern.h).
 *
 *   gtk-pattern DISPLAY-SPEC WIDTHxHEIGHT [-trace PATTERN]...
 *
 * Prints "request N" when a button of the machine's is pressed (enum ui_request), and does it as far
 * as there is anything to do.
 */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/pattern.h"
#include "ui/gtk.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

extern const struct ui_module oriel_ui_module;

static struct {
	bool stopped;
	void (*changed)(void *watcher);
	void *watcher;
} test;

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

int main(int argc, char **argv)
{
	const struct gtk_ops *ops = oriel_ui_module.ops;
	struct ui_host host = {
		.name = "pattern", .request = request, .running = running, .watch_state = watch_state,
	};
	g_autoptr(GError) error = NULL;
	struct gui *gui;

	main_thread_init();
	if (argc < 3 || !pattern_create(argv[2], &host.displays, &host.input)) {
		fprintf(stderr, "usage: gtk-pattern DISPLAY-SPEC WIDTHxHEIGHT [-trace PATTERN]...\n");
		return 2;
	}
	for (int i = 3; i + 1 < argc; i += 2) {
		trace_enable(argv[i + 1], NULL);
	}
	gui = ops->create(argv[1], &host, &error);
	if (!gui) {
		fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	pattern_run(NULL);
	ops->destroy(gui);
	pattern_destroy();
	return 0;
}
