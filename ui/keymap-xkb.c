// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <xkbcommon/xkbcommon.h>

#include "ui/keymap.h"
#include "util/error.h"

/* xkb's key codes are X11's, which begin behind 8 that mean something else. */
#define FIRST_KEYCODE 8
#define MAX_LEVELS 4
/* A symbol by its place in Unicode (<X11/keysymdef.h>). */
#define KEYSYM_UNICODE 0x01000000u

struct keymap {
	GHashTable *keys; /* keysym -> code | modifiers << 16 */
};

/* QEMU's names that xkb has others for. */
static const struct {
	const char *name, *layout, *variant;
} names[] = {
	{ "en-us", "us", NULL }, { "en-gb", "gb", NULL }, { "ar", "ara", NULL },
	{ "bepo", "fr", "bepo" }, { "cz", "cz", NULL }, { "da", "dk", NULL },
	{ "de-ch", "ch", NULL }, { "et", "ee", NULL }, { "fr-be", "be", NULL },
	{ "fr-ca", "ca", "fr" }, { "fr-ch", "ch", "fr" }, { "ja", "jp", NULL },
	{ "nl-be", "be", NULL }, { "pt-br", "br", NULL }, { "sl", "si", NULL },
	{ "sv", "se", NULL },
};

struct filling {
	struct keymap *keymap;
	struct xkb_keymap *xkb;
	xkb_level_index_t level;
	xkb_mod_mask_t shift, altgr;
};

/* Modifiers of a level that need nothing but Shift and AltGr; false: there is no such way. */
static bool modifiers_of(const struct filling *filling, xkb_keycode_t key, unsigned int *modifiers)
{
	xkb_mod_mask_t masks[16];
	size_t count = xkb_keymap_key_get_mods_for_level(filling->xkb, key, 0, filling->level, masks,
							 G_N_ELEMENTS(masks));

	for (size_t i = 0; i < count; i++) {
		if (!(masks[i] & ~(filling->shift | filling->altgr))) {
			*modifiers = (masks[i] & filling->shift ? KEYMAP_SHIFT : 0) |
				     (masks[i] & filling->altgr ? KEYMAP_ALTGR : 0);
			return true;
		}
	}
	return false;
}

/* Characters are those below the function keys' numbers, dead keys, and Unicode's. */
static bool is_character(xkb_keysym_t keysym)
{
	return (keysym > ' ' && keysym < 0xfd00) || (keysym >= 0xfe50 && keysym < 0xfea0) ||
	       keysym >= KEYSYM_UNICODE;
}

static void add(struct keymap *keymap, xkb_keysym_t keysym, xkb_keycode_t key,
		unsigned int modifiers)
{
	uint32_t unicode = xkb_keysym_to_utf32(keysym);
	gpointer value = GUINT_TO_POINTER((key - FIRST_KEYCODE) | modifiers << 16);

	if (!g_hash_table_contains(keymap->keys, GUINT_TO_POINTER(keysym))) {
		g_hash_table_insert(keymap->keys, GUINT_TO_POINTER(keysym), value);
	}
	/* Some viewers have only these for what isn't Latin. */
	if (unicode && is_character(keysym) &&
	    !g_hash_table_contains(keymap->keys, GUINT_TO_POINTER(unicode | KEYSYM_UNICODE))) {
		g_hash_table_insert(keymap->keys, GUINT_TO_POINTER(unicode | KEYSYM_UNICODE), value);
	}
}

static void add_key(struct xkb_keymap *xkb, xkb_keycode_t key, void *opaque)
{
	struct filling *filling = opaque;
	const xkb_keysym_t *symbols;
	unsigned int modifiers;

	if (key < FIRST_KEYCODE || key > FIRST_KEYCODE + 255 ||
	    filling->level >= xkb_keymap_num_levels_for_key(xkb, key, 0) ||
	    xkb_keymap_key_get_syms_by_level(xkb, key, 0, filling->level, &symbols) != 1 ||
	    symbols[0] == XKB_KEY_NoSymbol || !modifiers_of(filling, key, &modifiers)) {
		return;
	}
	if (!is_character(symbols[0]) ||
	    xkb_keysym_to_upper(symbols[0]) != xkb_keysym_to_lower(symbols[0])) {
		modifiers |= KEYMAP_ANY_SHIFT;
	}
	add(filling->keymap, symbols[0], key, modifiers);
}

static struct xkb_keymap *load(struct xkb_context *context, const char *name)
{
	struct xkb_rule_names rules = { .rules = "evdev", .model = "pc105", .layout = name };

	for (unsigned int i = 0; i < G_N_ELEMENTS(names); i++) {
		if (!strcmp(names[i].name, name)) {
			rules.layout = names[i].layout;
			rules.variant = names[i].variant;
		}
	}
	return xkb_keymap_new_from_names(context, &rules, XKB_KEYMAP_COMPILE_NO_FLAGS);
}

static xkb_mod_mask_t mask_of(struct xkb_keymap *xkb, const char *name)
{
	xkb_mod_index_t index = xkb_keymap_mod_get_index(xkb, name);

	return index == XKB_MOD_INVALID ? 0 : 1u << index;
}

struct keymap *keymap_create(const char *name, GError **error)
{
	struct xkb_context *context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	struct filling filling = { 0 };

	if (context) {
		/* What is wrong is said once, below. */
		xkb_context_set_log_level(context, XKB_LOG_LEVEL_CRITICAL);
		xkb_context_set_log_verbosity(context, -1);
		filling.xkb = load(context, name);
	}
	if (!filling.xkb) {
		xkb_context_unref(context);
		error_set(error, "-k %s: no such layout (is the Debian package xkb-data there?)", name);
		return NULL;
	}
	filling.keymap = g_new0(struct keymap, 1);
	filling.keymap->keys = g_hash_table_new(NULL, NULL);
	filling.shift = mask_of(filling.xkb, XKB_MOD_NAME_SHIFT);
	/* Where all of xkb's layouts for PCs have their third level. */
	filling.altgr = mask_of(filling.xkb, "Mod5");
	/* What needs least comes first. */
	for (; filling.level < MAX_LEVELS; filling.level++) {
		xkb_keymap_key_for_each(filling.xkb, add_key, &filling);
	}
	xkb_keymap_unref(filling.xkb);
	xkb_context_unref(context);
	return filling.keymap;
}

void keymap_destroy(struct keymap *keymap)
{
	if (keymap) {
		g_hash_table_unref(keymap->keys);
		g_free(keymap);
	}
}

uint16_t keymap_code(const struct keymap *keymap, uint32_t keysym, unsigned int *modifiers)
{
	uint32_t unicode, value;

	value = GPOINTER_TO_UINT(g_hash_table_lookup(keymap->keys, GUINT_TO_POINTER(keysym)));
	if (!value && is_character(keysym)) {
		unicode = xkb_keysym_to_utf32(keysym);
		value = GPOINTER_TO_UINT(g_hash_table_lookup(
			keymap->keys, GUINT_TO_POINTER(unicode | KEYSYM_UNICODE)));
	}
	*modifiers = value >> 16;
	return (uint16_t)value;
}
