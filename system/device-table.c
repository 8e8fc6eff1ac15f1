// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "hw/display/display.h"
#include "hw/vfio/vfio.h"
#include "hw/virtio/virtio.h"
#include "system/device-table.h"
#include "util/error.h"

static const struct device_class *const classes[] = {
	&vfio_pci_class,
	&bochs_display_class,
	&skl_display_class,
	&virtio_blk_pci_class,
	&virtio_net_pci_class,
	&virtio_rng_pci_class,
	&virtio_keyboard_pci_class,
	&virtio_mouse_pci_class,
	&virtio_tablet_pci_class,
	&virtio_serial_pci_class,
	&virtserialport_class,
	NULL
};

const struct device_class *device_class_find(const char *name, GError **error)
{
	const char *names[2 * G_N_ELEMENTS(classes) + 1] = { NULL };
	unsigned int count = 0;
	const char *near;

	for (const struct device_class *const *class = classes; *class; class++) {
		if (!strcmp((*class)->name, name) || !g_strcmp0((*class)->alias, name)) {
			return *class;
		}
		names[count++] = (*class)->name;
		if ((*class)->alias) {
			names[count++] = (*class)->alias;
		}
	}
	near = nearest_name(name, names);
	error_set(error, "-device %s: unknown device%s%s%s", name, near ? " (did you mean '" : "",
		  near ? near : "", near ? "'?)" : "");
	return NULL;
}

static bool category_is_new(const struct device_class *const *class)
{
	for (const struct device_class *const *before = classes; before < class; before++) {
		if (!strcmp((*before)->category, (*class)->category)) {
			return false;
		}
	}
	return true;
}

void device_table_help(void)
{
	for (const struct device_class *const *first = classes; *first; first++) {
		if (!category_is_new(first)) {
			continue;
		}
		printf("%s%s devices:\n", first == classes ? "" : "\n", (*first)->category);
		for (const struct device_class *const *class = first; *class; class++) {
			if (!strcmp((*class)->category, (*first)->category)) {
				printf("name \"%s\", bus %s%s%s%s, desc \"%s\"\n", (*class)->name,
				       (*class)->bus, (*class)->alias ? ", alias \"" : "",
				       (*class)->alias ? (*class)->alias : "",
				       (*class)->alias ? "\"" : "", (*class)->description);
			}
		}
	}
}

static const char *type_name(const struct property *prop)
{
	static const char *const names[] = {
		[PROP_BOOL] = "bool", [PROP_U8] = "uint8", [PROP_U16] = "uint16",
		[PROP_U32] = "uint32", [PROP_U64] = "uint64", [PROP_S32] = "int32",
		[PROP_SIZE] = "size", [PROP_STR] = "str", [PROP_ON_OFF_AUTO] = "on|off|auto",
		[PROP_ENUM] = "enum", [PROP_PCI_ADDR] = "slot[.function]",
		[PROP_HOST_BDF] = "[domain:]bus:slot.function", [PROP_MAC] = "mac",
	};

	return names[prop->type];
}

/* NULL for none and for the numbers that mean "automatic". */
static const char *shown_default(const struct property *prop)
{
	bool automatic = prop->def && (!strcmp(prop->def, "-1") || !strcmp(prop->def, "4294967295"));

	return automatic ? NULL : prop->def;
}

bool device_class_help(const char *name, GError **error)
{
	const struct device_class *class = device_class_find(name, error);

	if (!class) {
		return false;
	}
	printf("%s options:\n", class->name);
	for (const struct property *p = class->properties; p && p->name; p++) {
		g_autofree char *choices = p->choices ? g_strjoinv("|", (char **)p->choices) : NULL;
		g_autofree char *left = g_strdup_printf("%s=<%s>", p->name,
							choices ? choices : type_name(p));

		const char *def = shown_default(p);

		printf("  %-30s - %s%s%s%s\n", left, p->help ? p->help : "",
		       def ? " (default: " : "", def ? def : "", def ? ")" : "");
	}
	return true;
}
