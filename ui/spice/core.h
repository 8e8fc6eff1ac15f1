/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libspice-server asks of a main loop, on the default GMainContext. Context: main. */
#ifndef UI_SPICE_CORE_H
#define UI_SPICE_CORE_H

#include <spice.h>

/* Fills timers and watches; channel_event is the caller's. */
void spice_core_init(SpiceCoreInterface *core);

#endif
