// SPDX-License-Identifier: GPL-2.0-or-later
/* A build without libxkbcommon knows the US layout of keymap.c and no other. */
#include "ui/keymap.h"
#include "util/error.h"

struct keymap *keymap_create(const char *name, GError **error)
{
	error_set(error, "-k %s: this build has en-us only (configure found no libxkbcommon)", name);
	return NULL;
}

void keymap_destroy(struct keymap *keymap)
{
}

uint16_t keymap_code(const struct keymap *keymap, uint32_t keysym, unsigned int *modifiers)
{
	*modifiers = 0;
	return 0;
}
