// SPDX-License-Identifier: GPL-2.0-or-later
/* QMP: the machine's state and what it is made of. */
#include <string.h>

#include "accel/accel.h"
#include "accel/vcpu.h"
#include "block/block.h"
#include "chardev/chardev.h"
#include "net/net.h"
#include "system/command-table.h"

static JsonNode *query_status(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonObject *status = json_object_new();

	json_object_set_string_member(status, "status", run_state_name(machine->state));
	json_object_set_boolean_member(status, "running", machine->state == STATE_RUNNING);
	json_object_set_boolean_member(status, "singlestep", FALSE);
	return node_of_object(status);
}

static JsonNode *stop(void *opaque, JsonObject *args, GError **error)
{
	machine_stop(opaque);
	return NULL;
}

static JsonNode *cont(void *opaque, JsonObject *args, GError **error)
{
	machine_cont(opaque, error);
	return NULL;
}

/* The reply goes out before the machine ends: the end is a request like a device's. */
static JsonNode *quit(void *opaque, JsonObject *args, GError **error)
{
	struct board *board = &((struct machine *)opaque)->board;

	board->request_shutdown(board, false);
	return NULL;
}

static JsonNode *system_powerdown(void *opaque, JsonObject *args, GError **error)
{
	machine_powerdown(opaque);
	return NULL;
}

static JsonNode *system_wakeup(void *opaque, JsonObject *args, GError **error)
{
	machine_wake(opaque, error);
	return NULL;
}

static JsonNode *query_current_machine(void *opaque, JsonObject *args, GError **error)
{
	JsonObject *machine = json_object_new();

	json_object_set_boolean_member(machine, "wakeup-suspend-support",
				       ((struct machine *)opaque)->pc != NULL);
	return node_of_object(machine);
}

static JsonNode *system_reset(void *opaque, JsonObject *args, GError **error)
{
	machine_reset(opaque, false);
	return NULL;
}

static JsonNode *query_name(void *opaque, JsonObject *args, GError **error)
{
	const struct config *config = ((struct machine *)opaque)->config;
	JsonObject *name = json_object_new();

	if (config->name) {
		json_object_set_string_member(name, "name", config->name);
	}
	return node_of_object(name);
}

static JsonNode *query_uuid(void *opaque, JsonObject *args, GError **error)
{
	const struct config *config = ((struct machine *)opaque)->config;
	JsonObject *uuid = json_object_new();

	json_object_set_string_member(uuid, "UUID", config->uuid ? config->uuid
					: "00000000-0000-0000-0000-000000000000");
	return node_of_object(uuid);
}

static JsonNode *query_kvm(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	bool kvm = machine->accel && !strcmp(accel_name(machine->accel), "kvm");
	JsonObject *state = json_object_new();

	json_object_set_boolean_member(state, "enabled", kvm);
	json_object_set_boolean_member(state, "present", kvm);
	return node_of_object(state);
}

static JsonNode *query_cpus_fast(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	unsigned int count = machine->pc ? accel_vcpus_count(machine->accel) : 0;
	JsonArray *list = json_array_new();

	for (unsigned int i = 0; i < count; i++) {
		JsonObject *cpu = json_object_new(), *props = json_object_new();
		g_autofree char *path = g_strdup_printf("/machine/unattached/device[%u]", i);

		json_object_set_int_member(cpu, "cpu-index", i);
		json_object_set_string_member(cpu, "qom-path", path);
		json_object_set_int_member(cpu, "thread-id", accel_vcpu_thread_id(machine->accel, i));
		json_object_set_string_member(cpu, "target", "x86_64");
		json_object_set_int_member(props, "socket-id", i);
		json_object_set_int_member(props, "core-id", 0);
		json_object_set_int_member(props, "thread-id", 0);
		json_object_set_object_member(cpu, "props", props);
		json_array_add_object_element(list, cpu);
	}
	return node_of_array(list);
}

static JsonNode *query_chardev(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonArray *list = json_array_new();

	for (unsigned int i = 0; i < machine->chardevs->len; i++) {
		struct chardev *chardev = machine->chardevs->pdata[i];
		JsonObject *entry = json_object_new();

		json_object_set_string_member(entry, "label", chardev_id(chardev));
		json_object_set_string_member(entry, "filename", chardev_filename(chardev));
		json_object_set_boolean_member(entry, "frontend-open", chardev_connected(chardev));
		json_array_add_object_element(list, entry);
	}
	return node_of_array(list);
}

static JsonNode *query_netdev(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonArray *list = json_array_new();

	for (unsigned int i = 0; i < machine->netdevs->len; i++) {
		JsonObject *entry = json_object_new();

		json_object_set_string_member(entry, "id",
					      net_backend_id(machine->netdevs->pdata[i]));
		json_object_set_boolean_member(entry, "attached",
					       net_backend_attached(machine->netdevs->pdata[i]));
		json_array_add_object_element(list, entry);
	}
	return node_of_array(list);
}

static JsonNode *query_block(void *opaque, JsonObject *args, GError **error)
{
	struct machine *machine = opaque;
	JsonArray *list = json_array_new();

	for (unsigned int i = 0; i < machine->drives->len; i++) {
		struct block_backend *drive = machine->drives->pdata[i];
		JsonObject *entry = json_object_new(), *inserted = json_object_new();
		JsonObject *image = json_object_new();
		const char *id = block_backend_id(drive);

		json_object_set_string_member(entry, "device", id);
		json_object_set_string_member(entry, "qdev", id);
		json_object_set_string_member(entry, "type", "unknown");
		json_object_set_boolean_member(entry, "locked", FALSE);
		json_object_set_boolean_member(entry, "removable", FALSE);
		json_object_set_int_member(image, "virtual-size",
					   (gint64)block_backend_size(drive));
		json_object_set_string_member(image, "format", "raw");
		json_object_set_object_member(inserted, "image", image);
		json_object_set_string_member(inserted, "drv", "raw");
		json_object_set_boolean_member(inserted, "ro", block_backend_readonly(drive));
		json_object_set_object_member(entry, "inserted", inserted);
		json_array_add_object_element(list, entry);
	}
	return node_of_array(list);
}

const struct qmp_command machine_commands[] = {
	{ "query-status", query_status },
	{ "stop", stop },
	{ "cont", cont },
	{ "quit", quit },
	{ "system_powerdown", system_powerdown },
	{ "system_reset", system_reset },
	{ "system_wakeup", system_wakeup },
	{ "query-current-machine", query_current_machine },
	{ "query-name", query_name },
	{ "query-uuid", query_uuid },
	{ "query-kvm", query_kvm },
	{ "query-cpus-fast", query_cpus_fast },
	{ "query-chardev", query_chardev },
	{ "query-netdev", query_netdev },
	{ "query-block", query_block },
	{ NULL }
};
