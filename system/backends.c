// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands behind devices: character devices, networks, disk images; and finding them by id. */
#include <string.h>

#include "block/block.h"
#include "chardev/chardev.h"
#include "net/net.h"
#include "system/machine.h"
#include "util/error.h"

static struct chardev *chardev_by_id(struct machine *machine, const char *id)
{
	for (unsigned int i = 0; i < machine->chardevs->len; i++) {
		if (!g_strcmp0(chardev_id(machine->chardevs->pdata[i]), id)) {
			return machine->chardevs->pdata[i];
		}
	}
	return NULL;
}

/* Takes @chardev (NULL: *error is set already). */
static bool add_chardev(struct machine *machine, struct chardev *chardev)
{
	if (chardev) {
		g_ptr_array_add(machine->chardevs, chardev);
	}
	return chardev != NULL;
}

/* The terminal can be in one place only. */
static bool stdio_is_free(struct machine *machine, const char *label, bool wants, GError **error)
{
	for (unsigned int i = 0; wants && i < machine->chardevs->len; i++) {
		struct chardev *other = machine->chardevs->pdata[i];

		if (!g_strcmp0(chardev_filename(other), "stdio")) {
			return error_set(error, "chardev %s: stdio is in use by '%s'; mon:stdio shares it "
					 "between a serial port and the monitor", label,
					 chardev_id(other));
		}
	}
	if (wants && machine->config->daemonize) {
		return error_set(error, "chardev %s: stdio can't be used with -daemonize", label);
	}
	return true;
}

bool machine_create_chardevs(struct machine *machine, GError **error)
{
	GPtrArray *list = machine->config->chardevs;

	for (unsigned int i = 0; i < list->len; i++) {
		struct opts *opts = list->pdata[i];
		const char *id = opts_get(opts, "id");
		bool stdio = !g_strcmp0(opts_get(opts, "backend"), "stdio");

		if (id && chardev_by_id(machine, id)) {
			return error_set(error, "%s: the id '%s' is in use", opts->object, id);
		}
		if (!stdio_is_free(machine, id, stdio, error) ||
		    !add_chardev(machine, chardev_create_opts(opts, error))) {
			return false;
		}
	}
	return true;
}

struct chardev *machine_chardev(struct machine *machine, const char *label, const char *spec,
				GError **error)
{
	bool stdio = !strcmp(spec, "stdio") || !strcmp(spec, "mon:stdio");
	struct chardev *chardev;

	if (g_str_has_prefix(spec, "chardev:")) {
		chardev = chardev_by_id(machine, spec + strlen("chardev:"));
		if (!chardev) {
			error_set(error, "%s: chardev '%s': not found", label,
				  spec + strlen("chardev:"));
		}
		return chardev;
	}
	if (!stdio_is_free(machine, label, stdio, error)) {
		return NULL;
	}
	chardev = chardev_create(label, spec, error);
	add_chardev(machine, chardev);
	return chardev;
}

bool machine_create_backends(struct machine *machine, GError **error)
{
	const struct config *config = machine->config;

	for (unsigned int i = 0; i < config->netdevs->len; i++) {
		struct opts *opts = config->netdevs->pdata[i];
		struct net_backend *netdev;

		for (unsigned int j = 0; j < i; j++) {
			const char *id = net_backend_id(machine->netdevs->pdata[j]);

			if (!g_strcmp0(id, opts_get(opts, "id"))) {
				return error_set(error, "%s: the id '%s' is in use", opts->object, id);
			}
		}
		netdev = net_backend_create(opts, error);
		if (!netdev) {
			return false;
		}
		g_ptr_array_add(machine->netdevs, netdev);
	}
	for (unsigned int i = 0; i < config->drives->len; i++) {
		struct drive_config *drive = config->drives->pdata[i];
		g_autofree char *id = g_strdup_printf("drive%u", i);
		struct block_backend *backend;

		if (!opts_get(drive->opts, "id") && !opts_get(drive->opts, "node-name")) {
			opts_set(drive->opts, "id", id);
		}
		backend = block_backend_create(drive->opts, error);
		if (!backend) {
			return false;
		}
		for (unsigned int j = 0; j < i; j++) {
			const char *other = block_backend_id(machine->drives->pdata[j]);

			if (!g_strcmp0(other, block_backend_id(backend))) {
				block_backend_destroy(backend);
				return error_set(error, "%s: the id '%s' is in use",
						 drive->opts->object, other);
			}
		}
		g_ptr_array_add(machine->drives, backend);
	}
	return true;
}

static struct net_backend *find_netdev(struct board *board, const char *id, GError **error)
{
	struct machine *machine = board->machine;

	for (unsigned int i = 0; i < machine->netdevs->len; i++) {
		struct net_backend *netdev = machine->netdevs->pdata[i];

		if (!g_strcmp0(net_backend_id(netdev), id)) {
			if (net_backend_attached(netdev)) {
				error_set(error, "netdev '%s': in use by another device", id);
				return NULL;
			}
			return netdev;
		}
	}
	error_set(error, "netdev '%s': not found", id);
	return NULL;
}

static struct block_backend *find_drive(struct board *board, const char *id, GError **error)
{
	struct machine *machine = board->machine;

	for (unsigned int i = 0; i < machine->drives->len; i++) {
		struct block_backend *drive = machine->drives->pdata[i];

		if (!g_strcmp0(block_backend_id(drive), id)) {
			return drive;
		}
	}
	error_set(error, "drive '%s': not found", id);
	return NULL;
}

static struct chardev *find_chardev(struct board *board, const char *id, GError **error)
{
	struct chardev *chardev = chardev_by_id(board->machine, id);

	if (!chardev) {
		error_set(error, "chardev '%s': not found", id);
	}
	return chardev;
}

void machine_connect_backends(struct machine *machine)
{
	machine->board.find_netdev = find_netdev;
	machine->board.find_drive = find_drive;
	machine->board.find_chardev = find_chardev;
}
