/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that exist, one line each in device-table.c. */
#ifndef SYSTEM_DEVICE_TABLE_H
#define SYSTEM_DEVICE_TABLE_H

#include "hw/core/device.h"

/* By name or alias; NULL and *error, with the nearest name, for an unknown one. */
const struct device_class *device_class_find(const char *name, GError **error);
/* Prints every class a user can create, by category. */
void device_table_help(void);
/* Prints the properties of one. */
bool device_class_help(const char *name, GError **error);

#endif
