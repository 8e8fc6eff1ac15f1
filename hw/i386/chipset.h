/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chipset's PCI functions: Intel 440FX host bridge (82441FX), PIIX3 ISA bridge (82371SB) and
 * PIIX4 power management (82371AB), as far as operating systems look at them. Registers: Intel's
 * datasheets 290549 and 290562. Private to hw/i386. Context of all: machine lock held.
 */
#ifndef HW_I386_CHIPSET_H
#define HW_I386_CHIPSET_H

#include "hw/pci/pci.h"
#include "isa.h"

/* Ports of the power management block; the ACPI tables name them. */
#define PM_BASE		0x600
#define PM_SIZE		64
#define PM_TIMER	8
#define PM_SCI		9

extern const struct device_class i440fx_class, piix3_class, piix4_pm_class;

/* The ISA bridge's interrupt router: the line of @pirq (0..3), or a number above 23 when off. */
unsigned int piix3_pirq_line(const struct device *piix3, unsigned int pirq);
/* What a BIOS writes: PIRQ A..D to lines 10, 11, 10, 11. */
void piix3_set_default_lines(struct device *piix3);

/* Before realize: the bus the SCI is on. */
void piix4_pm_set_bus(struct device *pm, struct isa_bus *bus);
/* As the power button does. */
void piix4_pm_power_button(struct device *pm);
/* After the reset that ends a suspend to RAM: what the guest is told of it. */
void piix4_pm_woke(struct device *pm, bool by_button);

#endif
