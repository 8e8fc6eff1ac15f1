/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 16550A serial port (National Semiconductor PC16550D). Private to hw/i386. */
#ifndef HW_I386_SERIAL_H
#define HW_I386_SERIAL_H

#include "hw/core/addr-space.h"
#include "isa.h"

struct chardev;
struct serial;

/* Eight registers at @base. @chardev (NULL: nobody listens) is borrowed. Context: machine lock. */
struct serial *serial_create(struct addr_space *io, uint16_t base, struct isa_bus *bus,
			     unsigned int irq, struct chardev *chardev);
/* Accepts NULL. */
void serial_destroy(struct serial *serial);
void serial_reset(struct serial *serial);

#endif
