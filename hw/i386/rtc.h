/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock and its battery-backed RAM: Motorola MC146818 at ports 0x70 and 0x71, IRQ 8. Private to
 * hw/i386. */
#ifndef HW_I386_RTC_H
#define HW_I386_RTC_H

#include "hw/core/addr-space.h"
#include "isa.h"

struct rtc;

/* Starts at the host's time, UTC. Context of all: machine lock held. */
struct rtc *rtc_create(struct addr_space *io, struct isa_bus *bus);
/* Accepts NULL. */
void rtc_destroy(struct rtc *rtc);
/* Interrupts off; time and RAM stay. */
void rtc_reset(struct rtc *rtc);

#endif
