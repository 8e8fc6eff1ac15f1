// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-snapshots.h"

#include <errno.h>
#include <sys/mman.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/range.h"
#include "util/trace.h"

/* More than these are of no use: one is shown, one may be held, one is made. */
#define SLOTS_MAX 4u
#define PAGE_BYTES 4096u

struct slot {
	void *hva; /* NULL: not mapped yet */
	uint64_t mapped_bytes;
	bool held; /* there is a buffer */
};

struct vfio_snapshots {
	struct vfio_gfx *gfx; /* NULL: destroyed, only buffers are left */
	void (*freed)(void *opaque);
	void *opaque;
	unsigned int count;
	unsigned int held; /* slots */
	int requested; /* slot, or -1 */
	unsigned int last; /* slot that was requested last */
	bool on, off_due;
	bool short_of_slots; /* somebody waits for freed() */
	struct slot slots[SLOTS_MAX];
};

/* What a buffer's release is told. */
struct hold {
	struct vfio_snapshots *snapshots;
	unsigned int slot;
};

struct vfio_snapshots *vfio_snapshots_create(struct vfio_gfx *gfx, void (*freed)(void *opaque),
					     void *opaque)
{
	struct vfio_snapshots *snapshots = g_new0(struct vfio_snapshots, 1);
	struct vfio_gfx_snapshot told;

	snapshots->gfx = gfx;
	snapshots->freed = freed;
	snapshots->opaque = opaque;
	snapshots->requested = -1;
	if (vfio_gfx_snapshot_read(gfx, &told) == 0) {
		snapshots->count = MIN(told.slots, SLOTS_MAX);
		snapshots->last = snapshots->count - 1;
	}
	return snapshots;
}

static void unmap(struct slot *slot)
{
	if (slot->hva) {
		munmap(slot->hva, slot->mapped_bytes);
		slot->hva = NULL;
	}
}

static void free_if_done(struct vfio_snapshots *snapshots)
{
	if (snapshots->gfx || snapshots->held) {
		return;
	}
	for (unsigned int i = 0; i < SLOTS_MAX; i++) {
		unmap(&snapshots->slots[i]);
	}
	g_free(snapshots);
}

void vfio_snapshots_destroy(struct vfio_snapshots *snapshots)
{
	if (snapshots) {
		if (snapshots->on) {
			vfio_gfx_snapshot_switch(snapshots->gfx, false);
		}
		snapshots->gfx = NULL;
		free_if_done(snapshots);
	}
}

static void switch_off(struct vfio_snapshots *snapshots)
{
	snapshots->off_due = false;
	snapshots->on = false;
	snapshots->requested = -1;
	vfio_gfx_snapshot_switch(snapshots->gfx, false);
	/* A mapping holds the device, and the driver has nothing behind it any more. */
	for (unsigned int i = 0; i < snapshots->count; i++) {
		unmap(&snapshots->slots[i]);
	}
}

int vfio_snapshots_switch(struct vfio_snapshots *snapshots, bool on)
{
	int ret = 0;

	snapshots->off_due = false;
	if (on && !snapshots->on) {
		ret = vfio_gfx_snapshot_switch(snapshots->gfx, true);
		snapshots->on = ret >= 0;
	} else if (!on && snapshots->on) {
		snapshots->off_due = true;
		snapshots->short_of_slots = false;
		if (!snapshots->held) {
			switch_off(snapshots);
		}
	}
	return ret;
}

int vfio_snapshots_request(struct vfio_snapshots *snapshots)
{
	if (snapshots->requested >= 0) {
		return -EBUSY;
	}
	/* The one that was used longest ago first: its pages are in no cache any more anyway. */
	for (unsigned int i = 1; i <= snapshots->count; i++) {
		unsigned int slot = (snapshots->last + i) % snapshots->count;
		int ret;

		if (snapshots->slots[slot].held) {
			continue;
		}
		ret = vfio_gfx_snapshot_request(snapshots->gfx, slot);
		if (ret >= 0) {
			snapshots->requested = (int)slot;
			snapshots->last = slot;
			ret = 0;
		}
		return ret;
	}
	snapshots->short_of_slots = true;
	return -EBUSY;
}

int vfio_snapshots_read(struct vfio_snapshots *snapshots, struct vfio_gfx_snapshot *told)
{
	int ret = vfio_gfx_snapshot_read(snapshots->gfx, told);

	if (ret < 0) {
		return ret;
	}
	if (told->state == VFIO_GFX_SNAPSHOT_COMPLETE &&
	    (int64_t)told->slot != snapshots->requested) {
		return -EPROTO;
	}
	if (told->state != VFIO_GFX_SNAPSHOT_REQUEST) {
		snapshots->requested = -1;
	}
	return 0;
}

/* Context: main. */
static void released(void *opaque)
{
	struct hold *hold = opaque;
	struct vfio_snapshots *snapshots = hold->snapshots;
	bool tell;

	snapshots->slots[hold->slot].held = false;
	snapshots->held--;
	g_free(hold);
	if (!snapshots->gfx) {
		free_if_done(snapshots);
		return;
	}
	if (snapshots->off_due && !snapshots->held) {
		switch_off(snapshots);
	}
	tell = snapshots->short_of_slots;
	snapshots->short_of_slots = false;
	if (tell) {
		snapshots->freed(snapshots->opaque);
	}
}

/* Context: any. */
static void release(void *opaque)
{
	if (main_thread_is_current()) {
		released(opaque);
	} else {
		main_call(released, opaque);
	}
}

/* Mapped once, and again when the picture has grown. Nobody has a buffer of it. */
static int map(struct vfio_snapshots *snapshots, unsigned int slot, uint64_t size_bytes)
{
	struct slot *s = &snapshots->slots[slot];
	int ret;

	size_bytes = round_up(size_bytes, PAGE_BYTES);
	if (s->hva && s->mapped_bytes >= size_bytes) {
		return 0;
	}
	unmap(s);
	ret = vfio_gfx_snapshot_map(snapshots->gfx, slot, size_bytes, &s->hva);
	if (ret < 0) {
		s->hva = NULL;
		return ret;
	}
	s->mapped_bytes = size_bytes;
	return 0;
}

struct fb_buffer *vfio_snapshots_buffer(struct vfio_snapshots *snapshots,
					const struct vfio_gfx_snapshot *told,
					const struct fb_info *fb, GError **error)
{
	struct fb_buffer *buffer;
	struct hold *hold;
	int ret;

	g_assert(told->slot < snapshots->count && !snapshots->slots[told->slot].held);
	ret = map(snapshots, told->slot, fb->size_bytes);
	if (ret < 0) {
		error_set_errno(error, -ret, "snapshot in slot %u: map", told->slot);
		return NULL;
	}
	hold = g_new(struct hold, 1);
	*hold = (struct hold){ snapshots, told->slot };
	buffer = fb_buffer_create_cpu(fb, snapshots->slots[told->slot].hva, release, hold, error);
	if (!buffer) {
		g_free(hold);
		return NULL;
	}
	snapshots->slots[told->slot].held = true;
	snapshots->held++;
	return buffer;
}
