/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keymap: which key of the guest's keyboard makes a symbol, for viewers that send symbols only. The
 * layouts are those of xkb (Debian package xkb-data), under QEMU's names. Context: main.
 */
#ifndef UI_KEYMAP_H
#define UI_KEYMAP_H

#include <stdint.h>
#include <glib.h>

struct keymap;

/* What has to be held for a symbol. */
enum {
	KEYMAP_SHIFT = 1,
	KEYMAP_ALTGR = 2,
	/* Shift may be held or not: a letter, which Caps Lock may have made, or no character. */
	KEYMAP_ANY_SHIFT = 4,
};

/* @name: as -k has it ("de", "en-gb", "fr-ch"), or a layout of xkb's. NULL and *error. */
struct keymap *keymap_create(const char *name, GError **error);
/* Accepts NULL. */
void keymap_destroy(struct keymap *keymap);
/* Evdev code of the key for @keysym, and what goes with it; 0: there is none. */
uint16_t keymap_code(const struct keymap *keymap, uint32_t keysym, unsigned int *modifiers);

#endif
