// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/command-table.h"

static const struct qmp_command *const tables[] = {
	machine_commands,
	display_commands,
	vnc_commands,
	input_commands,
};

void machine_add_commands(struct machine *machine)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(tables); i++) {
		monitor_add_commands(machine->monitor, tables[i], machine);
	}
}

JsonNode *node_of_object(JsonObject *object)
{
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, object);
	return node;
}

JsonNode *node_of_array(JsonArray *array)
{
	JsonNode *node = json_node_new(JSON_NODE_ARRAY);

	json_node_take_array(node, array);
	return node;
}

const char *arg_string(JsonObject *args, const char *name)
{
	return json_object_has_member(args, name) ? json_object_get_string_member(args, name) : NULL;
}
