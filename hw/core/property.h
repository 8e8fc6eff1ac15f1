/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One property of one instance: text to value and back. Private to hw/core. */
#ifndef HW_CORE_PROPERTY_H
#define HW_CORE_PROPERTY_H

#include "hw/core/device.h"

/* Stores @text in the field of @instance; @object names it in messages. On failure the field
 * keeps its value. */
bool property_parse(const struct property *prop, void *instance, const char *object,
		    const char *text, GError **error);
/* The value in command-line syntax, to be freed. */
char *property_format(const struct property *prop, const void *instance);
/* Frees what property_parse allocated. */
void property_clear(const struct property *prop, void *instance);

#endif
