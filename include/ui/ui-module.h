/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User interfaces that need a large library of their own are modules: ui-NAME.so, loaded when an
 * option asks for one. Who asks for none pays neither start-up time nor memory for them.
 *
 * A module exports one symbol, UI_MODULE_SYMBOL, a struct ui_module. It calls what ui/modules.list
 * says the program exports. Modules stay loaded. Context: main.
 */
#ifndef UI_UI_MODULE_H
#define UI_UI_MODULE_H

#include <stdbool.h>
#include <glib.h>
#include <json-glib/json-glib.h>

struct chardev;
struct display_registry;
struct input_router;

/* Grows when this header, the header of a module's ops or anything that modules call changes in a
 * way that an old module would not survive. */
#define UI_MODULE_VERSION 2
#define UI_MODULE_SYMBOL "oriel_ui_module"

struct ui_module {
	unsigned int version; /* UI_MODULE_VERSION as the module was built */
	const char *name; /* "spice" */
	const void *ops; /* what <ui/NAME.h> declares */
};

/* The buttons of the machine. */
enum ui_request { UI_STOP, UI_CONT, UI_RESET, UI_POWERDOWN, UI_QUIT };

/* What a user interface is given; everything is borrowed and outlives it. */
struct ui_host {
	struct display_registry *displays; /* consoles may come later */
	struct input_router *input;
	const char *name; /* the guest's, or NULL */
	const char *uuid; /* its text form, or NULL */
	/* Takes @data: a QMP event. */
	void (*event)(void *opaque, const char *name, JsonObject *data);
	/* Text of -object secret,id=@id; borrowed. NULL and *error. */
	const char *(*secret)(void *opaque, const char *id, GError **error);
	/* The -chardev's, in order; NULL ends. */
	struct chardev *(*chardev)(void *opaque, unsigned int index);
	/* False and *error: not in the machine's present state. */
	bool (*request)(void *opaque, enum ui_request request, GError **error);
	bool (*running)(void *opaque);
	/* @fn is called after running() may have changed; NULL: no longer. One for each @watcher. */
	void (*watch_state)(void *opaque, void (*fn)(void *watcher), void *watcher);
	void *opaque;
};

/*
 * Loads ui-@name.so and returns its ops. It lies in the build folder when the program is run from
 * there, else where it was installed. NULL and one line in *error that begins with @object and
 * names the Debian packages: @package has the library, @build_package what it takes to build the
 * module.
 */
const void *ui_module_load(const char *name, const char *object, const char *package,
			   const char *build_package, GError **error);

#endif
