/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What system/ needs of hw/vfio: the class. Everything else is private to hw/vfio/. */
#ifndef HW_VFIO_VFIO_H
#define HW_VFIO_VFIO_H

#include "hw/core/device.h"

extern const struct device_class vfio_pci_class;

#endif
