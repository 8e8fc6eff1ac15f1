/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt lines 0..15, which several ISA devices may share. Private to hw/i386. */
#ifndef HW_I386_ISA_H
#define HW_I386_ISA_H

#include <stdbool.h>

struct accel;

struct isa_bus {
	struct accel *accel;
	unsigned int holders[16]; /* devices that hold a line up */
};

/* One device's end of a line. */
struct isa_irq {
	struct isa_bus *bus;
	unsigned int line;
	bool level;
};

/* Context: machine lock held. */
void isa_irq_set(struct isa_irq *irq, bool level);

#endif
