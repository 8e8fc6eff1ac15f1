// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmodule.h>

#include "ui/ui-module.h"
#include "util/error.h"

/* Where a module lies: build/ui/NAME beside the program in its build folder, or installed. */
static char *find_module(const char *name, const char *object, const char *build_package,
			 GError **error)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = g_path_get_dirname(program ? program : "");
	g_autofree char *file = g_strdup_printf("ui-%s.so", name);
	g_autofree char *built = g_build_filename(folder, "ui", name, file, NULL);
	g_autofree char *installed = g_build_filename(ORIEL_MODULE_DIR, file, NULL);

	if (g_file_test(built, G_FILE_TEST_EXISTS)) {
		return g_steal_pointer(&built);
	}
	if (g_file_test(installed, G_FILE_TEST_EXISTS)) {
		return g_steal_pointer(&installed);
	}
	error_set(error, "%s: %s: not found (it is built where the package %s is installed)", object,
		  installed, build_package);
	return NULL;
}

const void *ui_module_load(const char *name, const char *object, const char *package,
			   const char *build_package, GError **error)
{
	g_autofree char *path = find_module(name, object, build_package, error);
	const struct ui_module *entry;
	GModule *module;
	gpointer symbol;

	if (!path) {
		return NULL;
	}
	module = g_module_open(path, G_MODULE_BIND_LOCAL);
	if (!module) {
		error_set(error, "%s: %s (package %s)", object, g_module_error(), package);
		return NULL;
	}
	if (!g_module_symbol(module, UI_MODULE_SYMBOL, &symbol)) {
		error_set(error, "%s: %s: not a module of this program", object, path);
		return NULL;
	}
	entry = symbol;
	if (entry->version != UI_MODULE_VERSION || g_strcmp0(entry->name, name)) {
		error_set(error, "%s: %s: built for another version of this program", object, path);
		return NULL;
	}
	g_module_make_resident(module);
	return entry->ops;
}
