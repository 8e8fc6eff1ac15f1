// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices of the command line, and those that stand for shorter options. */
#include <string.h>

#include "hw/core/machine-lock.h"
#include "system/device-table.h"
#include "system/machine.h"
#include "util/error.h"

static bool id_is_free(struct machine *machine, const char *object, const char *id, GError **error)
{
	for (unsigned int i = 0; id && i < machine->devices->len; i++) {
		struct device *dev = machine->devices->pdata[i];

		if (!g_strcmp0(dev->id, id)) {
			return error_set(error, "%s: the id '%s' is in use", object, id);
		}
	}
	return true;
}

/* -global sets the default, so it comes before the device's own properties. */
static bool apply_globals(struct machine *machine, struct device *dev, GError **error)
{
	GPtrArray *globals = machine->config->globals;

	for (unsigned int i = 0; i < globals->len; i++) {
		struct global_config *global = globals->pdata[i];

		if ((!strcmp(global->driver, dev->class->name) ||
		     !g_strcmp0(global->driver, dev->class->alias)) &&
		    !device_set(dev, global->property, global->value, error)) {
			return false;
		}
	}
	return true;
}

/* "bus=pci.0" is the only PCI bus there is; its devices don't know the key. */
static bool take_bus(struct opts *opts, GError **error)
{
	for (unsigned int i = 0; i < opts->items->len; i++) {
		struct opt *opt = opts->items->pdata[i];

		if (strcmp(opt->key, "bus")) {
			continue;
		}
		if (strcmp(opt->value, "pci.0")) {
			return error_set(error, "%s: bus '%s': not found (pci.0)", opts->object,
					 opt->value);
		}
		g_ptr_array_remove_index(opts->items, i--);
	}
	return true;
}

static bool create_device(struct machine *machine, struct opts *opts, GError **error)
{
	const char *driver = opts_get(opts, "driver"), *id = opts_get(opts, "id");
	const struct device_class *class;
	struct device *dev;

	if (!driver || !*driver) {
		return error_set(error, "%s: needs a device's name", opts->object);
	}
	class = device_class_find(driver, error);
	if (!class || !id_is_free(machine, opts->object, id, error) ||
	    (!strcmp(class->bus, "PCI") && !take_bus(opts, error))) {
		return false;
	}
	if (!machine->board.pci) {
		return error_set(error, "%s: machine 'none' has no %s bus", opts->object, class->bus);
	}
	dev = device_create(class, &machine->board, id);
	if (apply_globals(machine, dev, error) && device_set_opts(dev, opts, error)) {
		machine_lock();
		if (device_realize(dev, error)) {
			machine_unlock();
			g_ptr_array_add(machine->devices, dev);
			return true;
		}
		machine_unlock();
	}
	device_destroy(dev);
	return false;
}

/* A device from pairs of key and value, NULL-terminated. */
static bool create_simple(struct machine *machine, GError **error, const char *driver, ...)
{
	g_autofree char *object = g_strdup_printf("-device %s", driver);
	struct opts *opts = opts_create(object);
	const char *key;
	va_list args;
	bool ok;

	opts_set(opts, "driver", driver);
	va_start(args, driver);
	while ((key = va_arg(args, const char *))) {
		opts_set(opts, key, va_arg(args, const char *));
	}
	va_end(args);
	ok = create_device(machine, opts, error);
	opts_destroy(opts);
	return ok;
}

static bool create_drive_devices(struct machine *machine, GError **error)
{
	GPtrArray *drives = machine->config->drives;

	for (unsigned int i = 0; i < drives->len; i++) {
		struct drive_config *drive = drives->pdata[i];

		if (drive->plug && !create_simple(machine, error, "virtio-blk-pci", "drive",
						  opts_get(drive->opts, "id"), NULL)) {
			return false;
		}
	}
	return true;
}

static void warn_of_unknown_globals(struct machine *machine)
{
	GPtrArray *globals = machine->config->globals;

	for (unsigned int i = 0; i < globals->len; i++) {
		struct global_config *global = globals->pdata[i];

		if (!device_class_find(global->driver, NULL)) {
			warn_report("-global %s.%s: no such device, ignored", global->driver,
				    global->property);
		}
	}
}

bool machine_create_devices(struct machine *machine, GError **error)
{
	const struct config *config = machine->config;

	warn_of_unknown_globals(machine);
	/* The bus gives a device without addr= the lowest free slot, so what short options make comes
	 * last and takes none that a -device names. */
	for (unsigned int i = 0; i < config->devices->len; i++) {
		if (!create_device(machine, config->devices->pdata[i], error)) {
			return false;
		}
	}
	if (!create_drive_devices(machine, error)) {
		return false;
	}
	return g_strcmp0(config->vga, "std") ||
	       create_simple(machine, error, "bochs-display", NULL);
}

void machine_destroy_devices(struct machine *machine)
{
	machine_lock();
	while (machine->devices->len) {
		device_destroy(g_ptr_array_steal_index(machine->devices, machine->devices->len - 1));
	}
	machine_unlock();
}
