// SPDX-License-Identifier: GPL-2.0-or-later
#include "accel/accel.h"
#include "isa.h"

void isa_irq_set(struct isa_irq *irq, bool level)
{
	unsigned int *holders = &irq->bus->holders[irq->line];

	if (irq->level == level) {
		return;
	}
	irq->level = level;
	if (level ? (*holders)++ == 0 : --*holders == 0) {
		accel_irq_set(irq->bus->accel, irq->line, level);
	}
}
