// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-hold.h"

#include <errno.h>

#include "util/trace.h"

/* How often in a row the guest may have been faster, before things go on without. */
#define STALE_TRIES 8u

struct vfio_hold {
	struct vfio_gfx *gfx;
	uint64_t flip_count; /* of what is held */
	bool on;
	bool looking, used; /* who needs it */
	unsigned int stale; /* uses that came too late, in a row */
};

struct vfio_hold *vfio_hold_create(struct vfio_gfx *gfx)
{
	struct vfio_hold *hold = g_new0(struct vfio_hold, 1);

	hold->gfx = gfx;
	return hold;
}

/* -ESTALE: the guest has flipped since. */
static int take(struct vfio_hold *hold, uint64_t flip_count)
{
	int ret;

	/* Had it ended by itself, the count would be another. */
	if (hold->on && hold->flip_count == flip_count) {
		return 0;
	}
	ret = vfio_gfx_hold(hold->gfx, flip_count, VFIO_HOLD_MS);
	hold->on = ret == 0;
	hold->flip_count = flip_count;
	return ret;
}

static void let_go(struct vfio_hold *hold)
{
	int ret;

	if (!hold->on || hold->looking || hold->used) {
		return;
	}
	hold->on = false;
	ret = vfio_gfx_hold(hold->gfx, hold->flip_count, 0);
	TRACE(vfio, hold, "flip %" G_GUINT64_FORMAT " let go: %s", hold->flip_count,
	      ret ? g_strerror(-ret) : "in time");
}

void vfio_hold_destroy(struct vfio_hold *hold)
{
	if (hold) {
		hold->looking = hold->used = false;
		let_go(hold);
		g_free(hold);
	}
}

void vfio_hold_look_begin(struct vfio_hold *hold, struct vfio_gfx_status *status)
{
	hold->looking = true;
	for (unsigned int i = 0; i < STALE_TRIES; i++) {
		uint64_t tried = status->flip_count;

		/* Where nothing is shown there is nothing to hold, and no flip either. */
		if (take(hold, tried) != -ESTALE ||
		    vfio_gfx_read_status(hold->gfx, status) < 0 || status->flip_count == tried) {
			return;
		}
	}
}

void vfio_hold_look_end(struct vfio_hold *hold)
{
	hold->looking = false;
	let_go(hold);
}

bool vfio_hold_use(struct vfio_hold *hold, uint64_t flip_count)
{
	if (take(hold, flip_count) == -ESTALE && ++hold->stale < STALE_TRIES) {
		return false;
	}
	hold->stale = 0;
	hold->used = true;
	return true;
}

void vfio_hold_unuse(struct vfio_hold *hold)
{
	hold->used = false;
	let_go(hold);
}
