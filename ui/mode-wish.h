/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mode_wish: the mode that a viewer asks for, on its way to a guest that can hear of a new monitor.
 *
 * A viewer that drags a window asks for many sizes: only the one it settles on reaches the guest. It
 * gets there as a monitor is exchanged: the old one is unplugged, and after a time in which the
 * guest can see that, the new one plugged in. Context: main.
 */
#ifndef UI_MODE_WISH_H
#define UI_MODE_WISH_H

#include "ui/console.h"

/* A wish counts when no other follows within this. VNC settles its viewers' too: all in all a wish
 * is to reach the device within half a second. */
#define MODE_WISH_SETTLE_MS 150u
/* So long there is no monitor: the guest must see that it is gone before it is there again. */
#define MODE_WISH_DOWN_MS 100u

struct mode_wish_ops {
	/* Take the monitor away, in favour of one that prefers @mode. False: can't be had, and
	 * nothing changed. */
	bool (*unplug)(void *opaque, const struct display_mode *mode);
	void (*plug)(void *opaque, const struct display_mode *mode);
};

struct mode_wish {
	const struct mode_wish_ops *ops;
	void *opaque;
	/* private */
	bool known;
	struct display_mode mode; /* of the present monitor, or of the one that is about to come */
	struct display_mode wanted; /* while the settle timer runs */
	guint settle_timer, plug_timer;
};

void mode_wish_init(struct mode_wish *wish, const struct mode_wish_ops *ops, void *opaque);
/* A monitor that is about to come is plugged in now. Accepts a zeroed one. */
void mode_wish_finish(struct mode_wish *wish);
/* What the guest has without a wish; the same mode again is no change. */
void mode_wish_is_now(struct mode_wish *wish, const struct display_mode *mode);
void mode_wish_set(struct mode_wish *wish, const struct display_mode *mode);
/* Between unplug and plug. */
bool mode_wish_unplugged(const struct mode_wish *wish);

#endif
