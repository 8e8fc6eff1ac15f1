// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "system/config.h"

static void monitor_config_free(gpointer pointer)
{
	struct monitor_config *monitor = pointer;

	g_free(monitor->spec);
	g_free(monitor);
}

static void drive_config_free(gpointer pointer)
{
	struct drive_config *drive = pointer;

	opts_destroy(drive->opts);
	g_free(drive);
}

static void global_config_free(gpointer pointer)
{
	struct global_config *global = pointer;

	g_free(global->driver);
	g_free(global->property);
	g_free(global->value);
	g_free(global);
}

struct config *config_create(void)
{
	struct config *config = g_new0(struct config, 1);

	config->cpus = 1;
	config->ram_bytes = 128ull << 20;
	config->i8042 = true;
	config->serials = g_ptr_array_new_with_free_func(g_free);
	config->monitors = g_ptr_array_new_with_free_func(monitor_config_free);
	config->chardevs = g_ptr_array_new_with_free_func((GDestroyNotify)opts_destroy);
	config->netdevs = g_ptr_array_new_with_free_func((GDestroyNotify)opts_destroy);
	config->devices = g_ptr_array_new_with_free_func((GDestroyNotify)opts_destroy);
	config->objects = g_ptr_array_new_with_free_func((GDestroyNotify)opts_destroy);
	config->drives = g_ptr_array_new_with_free_func(drive_config_free);
	config->globals = g_ptr_array_new_with_free_func(global_config_free);
	config->vncs = g_ptr_array_new_with_free_func(g_free);
	return config;
}

void config_destroy(struct config *config)
{
	char **strings[] = {
		&config->accels, &config->cpu, &config->kernel, &config->initrd, &config->append,
		&config->name, &config->process_name, &config->uuid, &config->pidfile,
		&config->spice, &config->display, &config->vga, &config->keymap,
		&config->egl_rendernode, &config->qtest, &config->qtest_log,
	};
	GPtrArray *arrays[] = { config->serials, config->monitors, config->chardevs,
				config->netdevs, config->devices, config->drives,
				config->globals, config->objects, config->vncs };

	for (unsigned int i = 0; i < G_N_ELEMENTS(strings); i++) {
		g_free(*strings[i]);
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(arrays); i++) {
		g_ptr_array_unref(arrays[i]);
	}
	g_free(config);
}

bool config_display_is(const struct config *config, const char *type)
{
	size_t len = strlen(type);

	return config->display && !strncmp(config->display, type, len) &&
	       (config->display[len] == '\0' || config->display[len] == ',');
}

/* Tabs of the window. */
static void add_text_consoles(struct config *config)
{
	if (!config->serial_given && !config->none_machine) {
		g_ptr_array_add(config->serials, g_strdup("vc"));
	}
	if (!config->monitor_given && !config->monitors->len) {
		struct monitor_config *monitor = g_new0(struct monitor_config, 1);

		monitor->spec = g_strdup("vc");
		g_ptr_array_add(config->monitors, monitor);
	}
}

void config_add_defaults(struct config *config)
{
	bool screen = !config->nographic && !config_display_is(config, "none");

	if (!config->nodefaults && !config->nographic && config_display_is(config, "gtk")) {
		add_text_consoles(config);
	}
	if (config->nodefaults || config->none_machine) {
		return;
	}
	if (!config->net_given) {
		struct opts *netdev = opts_create("default network");
		struct opts *device = opts_create("default network");

		opts_set(netdev, "type", "user");
		opts_set(netdev, "id", "net0");
		opts_set(device, "driver", "virtio-net-pci");
		opts_set(device, "netdev", "net0");
		g_ptr_array_add(config->netdevs, netdev);
		g_ptr_array_add(config->devices, device);
	}
	if (!config->vga && screen) {
		config->vga = g_strdup("std");
	}
	if (!config->vncs->len && !config->spice && !config->display && screen) {
		g_ptr_array_add(config->vncs, g_strdup("127.0.0.1:0,to=99"));
		config->vnc_is_default = true;
	}
}
