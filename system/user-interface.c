// SPDX-License-Identifier: GPL-2.0-or-later
/* The user interfaces that are modules, and what they are given of the machine. */
#include <string.h>

#include "chardev/chardev.h"
#include "chardev/spicevmc.h"
#include "crypto/objects.h"
#include "system/machine.h"
#include "ui/egl.h"
#include "ui/gtk.h"
#include "ui/spice.h"
#include "util/error.h"

/* ---- what they are given ---- */

void machine_ui_event(void *opaque, const char *name, JsonObject *data)
{
	qmp_event(((struct machine *)opaque)->monitor, name, data);
}

static const char *ui_secret(void *opaque, const char *id, GError **error)
{
	return crypto_secret(((struct machine *)opaque)->objects, id, error);
}

static struct chardev *ui_chardev(void *opaque, unsigned int index)
{
	GPtrArray *chardevs = ((struct machine *)opaque)->chardevs;

	return index < chardevs->len ? chardevs->pdata[index] : NULL;
}

static bool ui_request(void *opaque, enum ui_request request, GError **error)
{
	struct machine *machine = opaque;

	switch (request) {
	case UI_STOP:
		machine_stop(machine);
		return true;
	case UI_CONT:
		return machine_cont(machine, error);
	case UI_RESET:
		machine_reset(machine, false);
		return true;
	case UI_POWERDOWN:
		machine_powerdown(machine);
		return true;
	case UI_QUIT:
		machine_shutdown(machine, SHUTDOWN_UI);
		return true;
	}
	return true;
}

static bool ui_running(void *opaque)
{
	return ((struct machine *)opaque)->state == STATE_RUNNING;
}

static void ui_watch_state(void *opaque, void (*fn)(void *watcher), void *watcher)
{
	GArray *watchers = ((struct machine *)opaque)->state_watchers;
	struct state_watcher new = { fn, watcher };

	for (guint i = 0; i < watchers->len; i++) {
		if (g_array_index(watchers, struct state_watcher, i).opaque == watcher) {
			g_array_remove_index(watchers, i);
			break;
		}
	}
	if (fn) {
		g_array_append_val(watchers, new);
	}
}

static struct ui_host ui_host(struct machine *machine)
{
	return (struct ui_host){
		.displays = machine->board.displays,
		.input = machine->board.input,
		.name = machine->config->name,
		.uuid = machine->config->uuid,
		.event = machine_ui_event,
		.secret = ui_secret,
		.chardev = ui_chardev,
		.request = ui_request,
		.running = ui_running,
		.watch_state = ui_watch_state,
		.opaque = machine,
	};
}

/* ---- SPICE ---- */

/* A port that nobody will ever serve isn't pretended. */
static bool no_spice_ports(struct machine *machine, GError **error)
{
	struct chardev *chardev;

	for (unsigned int i = 0; (chardev = ui_chardev(machine, i)); i++) {
		if (spicevmc_name(chardev)) {
			return error_set(error, "-chardev %s: spicevmc: needs -spice",
					 chardev_id(chardev));
		}
	}
	return true;
}

static bool create_spice(struct machine *machine, GError **error)
{
	const struct config *config = machine->config;
	struct ui_host host = ui_host(machine);

	if (!config->spice) {
		return no_spice_ports(machine, error);
	}
	machine->spice_ops = ui_module_load("spice", SPICE_OBJECT, SPICE_PACKAGE,
					    SPICE_BUILD_PACKAGE, error);
	machine->spice = machine->spice_ops ?
			 machine->spice_ops->create(config->spice, &host, error) : NULL;
	return machine->spice != NULL;
}

/* ---- GL for all of them ---- */

/* Where there is no GL the CPU reads pictures, which most of them are made for. */
static void create_egl(struct machine *machine)
{
	const struct config *config = machine->config;
	g_autoptr(GError) error = NULL;

	if (!config->egl_headless) {
		return;
	}
	machine->egl_ops = ui_module_load("egl", EGL_OBJECT, EGL_PACKAGE, EGL_BUILD_PACKAGE, &error);
	if (machine->egl_ops) {
		machine->egl = machine->egl_ops->create(config->egl_rendernode, config->egl_linear,
							machine->board.displays, &error);
	}
	if (!machine->egl) {
		warn_report("%s; pictures are read by the CPU", error->message);
	}
}

/* ---- a window ---- */

static bool create_gtk(struct machine *machine, GError **error)
{
	const char *spec = machine->config->display;
	struct ui_host host = ui_host(machine);

	if (!config_display_is(machine->config, "gtk")) {
		return true;
	}
	machine->gtk_ops = ui_module_load("gtk", GTK_OBJECT, GTK_PACKAGE, GTK_BUILD_PACKAGE, error);
	machine->gui = machine->gtk_ops ? machine->gtk_ops->create(spec, &host, error) : NULL;
	return machine->gui != NULL;
}

bool machine_create_uis(struct machine *machine, GError **error)
{
	if (!create_spice(machine, error) || !create_gtk(machine, error)) {
		return false;
	}
	create_egl(machine);
	return true;
}

void machine_destroy_uis(struct machine *machine)
{
	if (machine->gui) {
		machine->gtk_ops->destroy(machine->gui);
	}
	if (machine->spice) {
		machine->spice_ops->destroy(machine->spice);
	}
	if (machine->egl) {
		machine->egl_ops->destroy(machine->egl);
	}
}
