/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio devices on PCI (virtio 1.1, "modern" only): the classes. */
#ifndef HW_VIRTIO_VIRTIO_H
#define HW_VIRTIO_VIRTIO_H

#include "hw/core/device.h"

extern const struct device_class virtio_blk_pci_class;
extern const struct device_class virtio_net_pci_class;
extern const struct device_class virtio_rng_pci_class;
extern const struct device_class virtio_keyboard_pci_class;
extern const struct device_class virtio_mouse_pci_class;
extern const struct device_class virtio_tablet_pci_class;
extern const struct device_class virtio_serial_pci_class;
extern const struct device_class virtserialport_class;

#endif
