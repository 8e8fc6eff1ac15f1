// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/console-private.h"
#include "util/error.h"

struct watcher {
	void (*fn)(void *opaque, struct console *console, bool added);
	void *opaque;
};

struct display_registry {
	GPtrArray *consoles; /* of struct console *, borrowed, in order of creation */
	GArray *watchers;
	const struct gl_reader *gl;
};

struct display_registry *display_registry_create(void)
{
	struct display_registry *registry = g_new0(struct display_registry, 1);

	registry->consoles = g_ptr_array_new();
	registry->watchers = g_array_new(FALSE, FALSE, sizeof(struct watcher));
	return registry;
}

void display_registry_destroy(struct display_registry *registry)
{
	if (registry) {
		g_assert(registry->consoles->len == 0);
		g_ptr_array_free(registry->consoles, TRUE);
		g_array_free(registry->watchers, TRUE);
		g_free(registry);
	}
}

void display_set_gl_reader(struct display_registry *registry, const struct gl_reader *gl)
{
	registry->gl = gl;
}

const struct gl_reader *display_gl_reader(const struct display_registry *registry)
{
	return registry ? registry->gl : NULL;
}

static void tell(struct display_registry *registry, struct console *console, bool added)
{
	/* A watcher may add or remove watchers, so the list is looked at afresh each time. */
	for (guint i = 0; i < registry->watchers->len; i++) {
		struct watcher watcher = g_array_index(registry->watchers, struct watcher, i);

		watcher.fn(watcher.opaque, console, added);
	}
}

void display_registry_add(struct display_registry *registry, struct console *console)
{
	g_ptr_array_add(registry->consoles, console);
	tell(registry, console, true);
}

void display_registry_remove(struct display_registry *registry, struct console *console)
{
	g_ptr_array_remove(registry->consoles, console);
	tell(registry, console, false);
}

struct console *display_nth(struct display_registry *registry, unsigned int index)
{
	return index < registry->consoles->len ? g_ptr_array_index(registry->consoles, index) :
						 NULL;
}

static struct console *find_first(struct display_registry *registry)
{
	struct console *console;

	for (unsigned int i = 0; (console = display_nth(registry, i)); i++) {
		if (console->blank == BLANK_NONE) {
			return console;
		}
	}
	return display_nth(registry, 0);
}

struct console *display_find(struct display_registry *registry, const char *device,
			     unsigned int head, GError **error)
{
	struct console *console;
	bool device_known = false;

	if (!device) {
		console = find_first(registry);
		if (!console) {
			error_set(error, "display: there is none");
		}
		return console;
	}
	for (unsigned int i = 0; (console = display_nth(registry, i)); i++) {
		if (!g_strcmp0(console->device, device)) {
			if (console->head == head) {
				return console;
			}
			device_known = true;
		}
	}
	if (device_known) {
		error_set(error, "display '%s': head %u: not found", device, head);
	} else {
		g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_DEVICE_NOT_FOUND,
			    "display '%s': not found", device);
	}
	return NULL;
}

void display_watch(struct display_registry *registry,
		   void (*fn)(void *opaque, struct console *console, bool added), void *opaque)
{
	struct watcher watcher = { fn, opaque };

	g_array_append_val(registry->watchers, watcher);
}

void display_unwatch(struct display_registry *registry, void *opaque)
{
	for (guint i = 0; i < registry->watchers->len; i++) {
		if (g_array_index(registry->watchers, struct watcher, i).opaque == opaque) {
			g_array_remove_index(registry->watchers, i);
			return;
		}
	}
}
