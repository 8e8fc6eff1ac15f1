/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one machine lock. It guards device state and nothing else.
 *
 * A vCPU's trapped access holds it (addr-space.c takes it). A main-loop callback or iothread
 * that enters device code takes it. It is not recursive. Never call out to a sink or an encoder,
 * never block on I/O, with it held. Device ops are called with it held unless their comment
 * says otherwise.
 */
#ifndef HW_CORE_MACHINE_LOCK_H
#define HW_CORE_MACHINE_LOCK_H

#include <stdbool.h>

void machine_lock(void);
void machine_unlock(void);
/* True when the calling thread holds it. */
bool machine_lock_held(void);

#endif
