/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP commands of system/, a table for each file that holds their code. */
#ifndef SYSTEM_COMMAND_TABLE_H
#define SYSTEM_COMMAND_TABLE_H

#include "system/machine.h"

/* Their opaque is the machine. */
extern const struct qmp_command machine_commands[];
extern const struct qmp_command display_commands[];
extern const struct qmp_command vnc_commands[];
extern const struct qmp_command input_commands[];

/* Of an element of machine->held_keys. */
void held_keys_free(gpointer held);

/* Nodes to return; take what they wrap. */
JsonNode *node_of_object(JsonObject *object);
JsonNode *node_of_array(JsonArray *array);
/* NULL when absent. Borrowed from @args. */
const char *arg_string(JsonObject *args, const char *name);

#endif
