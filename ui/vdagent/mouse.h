/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pointer device that an agent is. Context: main. */
#ifndef UI_VDAGENT_MOUSE_H
#define UI_VDAGENT_MOUSE_H

#include <stdint.h>
#include <glib.h>

#include "ui/vdagent.h"
#include "ui/vdagent/protocol.h"

struct vdagent_mouse_state {
	int32_t x, y; /* of the router's axes */
	uint32_t buttons;
};

struct vdagent_mouse {
	const struct vdagent_host *host;
	/* Later than an event, and never with the machine lock held: there is something to take. */
	void (*moved)(void *opaque);
	void *opaque;
	bool added; /* to the router */
	struct vdagent_mouse_state now;
	GArray *states; /* that the agent hasn't been told */
	guint soon; /* GSource that says so, or 0 */
};

void vdagent_mouse_init(struct vdagent_mouse *mouse, const struct vdagent_host *host,
			void (*moved)(void *opaque), void *opaque);
void vdagent_mouse_finish(struct vdagent_mouse *mouse);
/* Is there an agent that moves the pointer? */
void vdagent_mouse_set_agent(struct vdagent_mouse *mouse, bool there);
/* The next state: x and y in pixels. False: there is none. */
bool vdagent_mouse_take(struct vdagent_mouse *mouse, struct vdagent_mouse_state *state);

#endif
