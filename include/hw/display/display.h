/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Emulated display devices: the classes. */
#ifndef HW_DISPLAY_DISPLAY_H
#define HW_DISPLAY_DISPLAY_H

#include "hw/core/device.h"

/* kernel/gvt/core's bochs model as an ordinary PCI device. */
extern const struct device_class bochs_display_class;
/* The Gen9 display engine of kernel/gvt/core. */
extern const struct device_class skl_display_class;

#endif
