/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the qtest server (system/) sees of the accelerator on which nobody runs. */
#ifndef ACCEL_QTEST_H
#define ACCEL_QTEST_H

#include "accel/accel.h"

/* Where interrupts go; unused ones NULL. Context: any thread that raises an interrupt, so with or
 * without the machine lock; don't block. */
struct accel_qtest_sink {
	/* GSI 0..23 changed its level ("IRQ raise N", "IRQ lower N"). */
	void (*irq)(void *opaque, unsigned int gsi, bool level);
	/* A message was sent. Nothing wrote @data to @addr in guest memory: a libqos-like client
	 * that polls its own RAM for MSIs needs the server to do so. */
	void (*msi)(void *opaque, uint64_t addr, uint32_t data);
};

/* NULL takes it away. @accel must be accel_qtest_create()'s. */
void accel_qtest_set_sink(struct accel *accel, const struct accel_qtest_sink *sink,
			  void *opaque);
/* Level of a GSI now. */
bool accel_qtest_irq_level(struct accel *accel, unsigned int gsi);

struct accel_qtest_msi {
	uint64_t addr;
	uint32_t data;
};
/* Takes the oldest of the messages sent and not yet taken (the last 256 are kept). False when there
 * is none. */
bool accel_qtest_msi_take(struct accel *accel, struct accel_qtest_msi *msi);
/* The guest's end of interrupt on @gsi: signals the resample fds of its irqfds and lowers it. */
void accel_qtest_eoi(struct accel *accel, unsigned int gsi);

#endif
