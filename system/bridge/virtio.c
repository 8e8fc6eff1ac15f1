// SPDX-License-Identifier: GPL-2.0-or-later
/* Until hw/virtio is here. */
#include "hw/virtio/virtio.h"
#include "util/error.h"

static bool realize(struct device *dev, GError **error)
{
	return error_set(error, "%s: not built", device_label(dev));
}

const struct device_class virtio_blk_pci_class = {
	.name = "virtio-blk-pci", .bus = "PCI", .category = "Misc", .description = "not built",
	.instance_size = sizeof(struct device), .user_creatable = true, .realize = realize,
};

const struct device_class virtio_net_pci_class = {
	.name = "virtio-net-pci", .bus = "PCI", .category = "Misc", .description = "not built",
	.instance_size = sizeof(struct device), .user_creatable = true, .realize = realize,
};

const struct device_class virtio_rng_pci_class = {
	.name = "virtio-rng-pci", .bus = "PCI", .category = "Misc", .description = "not built",
	.instance_size = sizeof(struct device), .user_creatable = true, .realize = realize,
};

const struct device_class virtio_keyboard_pci_class = {
	.name = "virtio-keyboard-pci", .bus = "PCI", .category = "Misc", .description = "not built",
	.instance_size = sizeof(struct device), .user_creatable = true, .realize = realize,
};

const struct device_class virtio_mouse_pci_class = {
	.name = "virtio-mouse-pci", .bus = "PCI", .category = "Misc", .description = "not built",
	.instance_size = sizeof(struct device), .user_creatable = true, .realize = realize,
};

const struct device_class virtio_tablet_pci_class = {
	.name = "virtio-tablet-pci", .bus = "PCI", .category = "Misc", .description = "not built",
	.instance_size = sizeof(struct device), .user_creatable = true, .realize = realize,
};
