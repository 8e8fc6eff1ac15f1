// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "hw/core/device.h"
#include "hw/core/property.h"
#include "util/error.h"
#include "util/opts.h"

static const struct property *find_property(const struct device_class *class, const char *name)
{
	const struct property *prop = class->properties;

	for (; prop && prop->name; prop++) {
		if (!strcmp(prop->name, name)) {
			return prop;
		}
	}
	return NULL;
}

struct device *device_create(const struct device_class *class, struct board *board,
			     const char *id)
{
	struct device *dev;

	g_assert(class->instance_size >= sizeof(*dev));
	dev = g_malloc0(class->instance_size);
	dev->class = class;
	dev->board = board;
	dev->id = g_strdup(id);
	for (const struct property *prop = class->properties; prop && prop->name; prop++) {
		g_autoptr(GError) error = NULL;

		if (prop->def && !property_parse(prop, dev, class->name, prop->def, &error)) {
			g_error("%s", error->message); /* a wrong table, not bad input */
		}
	}
	return dev;
}

static bool unknown_property(const struct device *dev, const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *nearest;

	for (const struct property *prop = dev->class->properties; prop && prop->name; prop++) {
		g_ptr_array_add(names, (void *)prop->name);
	}
	g_ptr_array_add(names, NULL);
	nearest = nearest_name(name, (const char *const *)names->pdata);
	return error_set(error, "%s: unknown property '%s'%s%s%s", device_label(dev), name,
			 nearest ? " (did you mean '" : "", nearest ? nearest : "",
			 nearest ? "'?)" : "");
}

static void mark_set(struct device *dev, const char *name)
{
	size_t count = dev->set ? g_strv_length(dev->set) : 0;

	if (device_was_set(dev, name)) {
		return;
	}
	dev->set = g_renew(char *, dev->set, count + 2);
	dev->set[count] = g_strdup(name);
	dev->set[count + 1] = NULL;
}

bool device_set(struct device *dev, const char *name, const char *value, GError **error)
{
	const struct property *prop = find_property(dev->class, name);

	g_assert(!dev->realized);
	if (!prop) {
		return unknown_property(dev, name, error);
	}
	if (!property_parse(prop, dev, device_label(dev), value, error)) {
		return false;
	}
	mark_set(dev, name);
	return true;
}

bool device_set_opts(struct device *dev, struct opts *opts, GError **error)
{
	for (unsigned int i = 0; i < opts->items->len; i++) {
		struct opt *opt = g_ptr_array_index(opts->items, i);

		opt->used = true;
		if (strcmp(opt->key, "driver") && strcmp(opt->key, "id") &&
		    !device_set(dev, opt->key, opt->value, error)) {
			return false;
		}
	}
	return true;
}

bool device_was_set(const struct device *dev, const char *name)
{
	return dev->set && g_strv_contains((const char *const *)dev->set, name);
}

bool device_realize(struct device *dev, GError **error)
{
	g_assert(!dev->realized);
	dev->realized = !dev->class->realize || dev->class->realize(dev, error);
	return dev->realized;
}

void device_destroy(struct device *dev)
{
	if (!dev) {
		return;
	}
	if (dev->realized && dev->class->unrealize) {
		dev->class->unrealize(dev);
	}
	for (const struct property *prop = dev->class->properties; prop && prop->name; prop++) {
		property_clear(prop, dev);
	}
	g_strfreev(dev->set);
	g_free(dev->id);
	g_free(dev);
}

const char *device_label(const struct device *dev)
{
	return dev->id ? dev->id : dev->class->name;
}

char *device_get(const struct device *dev, const char *name)
{
	const struct property *prop = find_property(dev->class, name);

	return prop ? property_format(prop, dev) : NULL;
}
