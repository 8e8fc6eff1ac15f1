// SPDX-License-Identifier: GPL-2.0-or-later
/* Until hw/display is here. */
#include "hw/display/display.h"
#include "util/error.h"

static bool realize(struct device *dev, GError **error)
{
	return error_set(error, "%s: not built", device_label(dev));
}

const struct device_class bochs_display_class = {
	.name = "bochs-display", .bus = "PCI", .category = "Misc", .description = "not built",
	.instance_size = sizeof(struct device), .user_creatable = true, .realize = realize,
};
