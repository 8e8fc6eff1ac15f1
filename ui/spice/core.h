/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libspice-server asks of a main loop, on the default GMainContext. Context: main. */
#ifndef UI_SPICE_CORE_H
#define UI_SPICE_CORE_H

#include <spice.h>

/* Fills timers and watches; channel_event is the caller's. */
void spice_core_init(SpiceCoreInterface *core);
/*
 * The server is destroyed, and there is no other one. Nothing that it left is called again: it forgets
 * clients that are still saying who they are, and their watches would lead to it. (What it forgot isn't
 * freed; only it could do that.)
 */
void spice_core_finish(void);

#endif
