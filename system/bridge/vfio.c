// SPDX-License-Identifier: GPL-2.0-or-later
/* Until hw/vfio is here. */
#include "hw/vfio/vfio.h"
#include "util/error.h"

static bool realize(struct device *dev, GError **error)
{
	return error_set(error, "%s: not built", device_label(dev));
}

const struct device_class vfio_pci_class = {
	.name = "vfio-pci", .bus = "PCI", .category = "Misc", .description = "not built",
	.instance_size = sizeof(struct device), .user_creatable = true, .realize = realize,
};
