// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line: finds each option in the tables and hands it its argument. */
#include <stdio.h>
#include <string.h>

#include "system/config.h"
#include "util/error.h"

static const struct option *const tables[] = { machine_options, device_options };

bool option_is_help(const char *arg)
{
	return !strcmp(arg, "help") || !strcmp(arg, "?");
}

void option_set(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

static const struct option *find_option(const char *name)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(tables); i++) {
		for (const struct option *option = tables[i]; option->name; option++) {
			if (!strcmp(option->name, name)) {
				return option;
			}
		}
	}
	return NULL;
}

static bool unknown_option(const char *given, const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *near;

	g_ptr_array_add(names, (void *)"help");
	g_ptr_array_add(names, (void *)"version");
	for (unsigned int i = 0; i < G_N_ELEMENTS(tables); i++) {
		for (const struct option *option = tables[i]; option->name; option++) {
			g_ptr_array_add(names, (void *)option->name);
		}
	}
	g_ptr_array_add(names, NULL);
	near = nearest_name(name, (const char *const *)names->pdata);
	return error_set(error, "%s: unknown option%s%s%s", given, near ? " (did you mean '-" : "",
			 near ? near : "", near ? "'?)" : "");
}

static void print_help(void)
{
	printf("usage: %s [options]\n\n"
	       "Runs a virtual machine. Options are as QEMU's; qemu-system-x86_64(1) explains them.\n\n",
	       g_get_prgname());
	for (unsigned int i = 0; i < G_N_ELEMENTS(tables); i++) {
		for (const struct option *option = tables[i]; option->name; option++) {
			g_autofree char *left = g_strdup_printf("-%s %s", option->name,
				option->argument ? option->argument : "");

			if (option->help && strlen(left) > 26) {
				printf("%s\n%-26s %s\n", left, "", option->help);
			} else if (option->help) {
				printf("%-26s %s\n", left, option->help);
			}
		}
	}
	printf("%-26s this text\n%-26s the version\n", "-help", "-version");
}

static void print_version(void)
{
	/* The first words are what scripts look for. */
	printf("QEMU emulator version 7.2.0 (Oriel " ORIEL_VERSION ")\n");
}

enum options_result options_parse(struct config *config, int argc, char **argv, GError **error)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i] + (argv[i][0] == '-') + g_str_has_prefix(argv[i], "--");
		g_autofree char *object = g_strdup_printf("-%s", name);
		const struct option *option;
		const char *arg = NULL;
		bool done = false;

		if (argv[i][0] != '-') {
			error_set(error, "%s: not an option; a disk image is given with "
				  "-drive file=%s,format=raw", argv[i], argv[i]);
			return OPTIONS_ERROR;
		}
		if (!strcmp(name, "help") || !strcmp(name, "h")) {
			print_help();
			return OPTIONS_DONE;
		}
		if (!strcmp(name, "version")) {
			print_version();
			return OPTIONS_DONE;
		}
		option = find_option(name);
		if (!option) {
			unknown_option(argv[i], name, error);
			return OPTIONS_ERROR;
		}
		if (option->argument) {
			if (++i == argc) {
				error_set(error, "%s: needs an argument: %s", object,
					  option->argument);
				return OPTIONS_ERROR;
			}
			arg = argv[i];
		}
		if (option->parse && !option->parse(config, object, arg, &done, error)) {
			return OPTIONS_ERROR;
		}
		if (done) {
			return OPTIONS_DONE;
		}
	}
	config_add_defaults(config);
	return OPTIONS_RUN;
}
