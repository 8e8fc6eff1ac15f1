// SPDX-License-Identifier: GPL-2.0-or-later
#include "hw/virtio/virtqueue.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <glib.h>

#include "hw/core/addr-space.h"

enum { AVAIL_FLAGS, AVAIL_IDX, AVAIL_RING };
enum { USED_FLAGS, USED_IDX, USED_RING };

/* The guest's memory, one access each. The host is little-endian, as the rings are. */
static uint16_t load16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void store16(uint16_t *p, uint16_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static int fail(struct virtqueue *vq, const char *why)
{
	vq->broken = why;
	return -EINVAL;
}

void virtqueue_init(struct virtqueue *vq, struct addr_space *mem, uint16_t size_max)
{
	g_assert(size_max && size_max <= VIRTQUEUE_SIZE_MAX && !(size_max & (size_max - 1)));
	vq->mem = mem;
	vq->size_max = size_max;
	virtqueue_reset(vq);
}

void virtqueue_reset(struct virtqueue *vq)
{
	vq->size = vq->size_max;
	vq->desc_gpa = vq->avail_gpa = vq->used_gpa = 0;
	vq->enabled = vq->event_idx = false;
	vq->broken = NULL;
	vq->desc = NULL;
	vq->avail = vq->used = NULL;
	vq->last_avail = vq->used_idx = vq->signalled = 0;
	vq->signalled_valid = false;
	vq->in_flight = 0;
}

void virtqueue_enable(struct virtqueue *vq)
{
	uint64_t size = vq->size;

	vq->enabled = true;
	if (!size || size > vq->size_max || (size & (size - 1))) {
		fail(vq, "the size is not a power of two up to what is offered");
		return;
	}
	/* Alignments: virtio 1.1, 2.6. */
	if ((vq->desc_gpa & 15) || (vq->avail_gpa & 1) || (vq->used_gpa & 3)) {
		fail(vq, "a ring's address is not aligned");
		return;
	}
	vq->desc = addr_space_ram(vq->mem, vq->desc_gpa, 16 * size, false);
	vq->avail = addr_space_ram(vq->mem, vq->avail_gpa, 6 + 2 * size, false);
	vq->used = addr_space_ram(vq->mem, vq->used_gpa, 6 + 8 * size, true);
	if (!vq->desc || !vq->avail || !vq->used) {
		fail(vq, "a ring lies outside RAM");
	}
}

/* The walk over one chain. */
struct walk {
	struct virtqueue *vq;
	const struct vring_desc *table;
	uint32_t table_len;
	bool indirect;
	unsigned int count; /* descriptors seen */
	struct virtqueue_elem *elem;
	unsigned int pieces;
};

static int add_piece(struct walk *walk, const struct vring_desc *desc)
{
	struct virtqueue_elem *elem = walk->elem;
	bool write = desc->flags & VRING_DESC_F_WRITE;
	struct iovec *piece = &walk->vq->pieces[walk->pieces];

	if (!write && elem->in_count) {
		return fail(walk->vq, "a readable piece follows a writable one");
	}
	if (!desc->len) {
		return 0;
	}
	piece->iov_base = addr_space_ram(walk->vq->mem, desc->addr, desc->len, write);
	piece->iov_len = desc->len;
	if (!piece->iov_base) {
		return fail(walk->vq, "a piece lies outside RAM");
	}
	walk->pieces++;
	if (write) {
		elem->in_count++;
		elem->in_bytes += desc->len;
	} else {
		elem->out_count++;
		elem->out_bytes += desc->len;
	}
	return 0;
}

static int enter_indirect(struct walk *walk, const struct vring_desc *desc)
{
	if (walk->indirect || (desc->flags & VRING_DESC_F_NEXT)) {
		return fail(walk->vq, "an indirect table inside a table or before another piece");
	}
	if (!desc->len || desc->len % sizeof(*desc) ||
	    desc->len / sizeof(*desc) > VIRTQUEUE_PIECES_MAX) {
		return fail(walk->vq, "an indirect table of a bad length");
	}
	walk->table = addr_space_ram(walk->vq->mem, desc->addr, desc->len, false);
	if (!walk->table) {
		return fail(walk->vq, "an indirect table outside RAM");
	}
	walk->table_len = desc->len / sizeof(*desc);
	walk->indirect = true;
	return 0;
}

static int walk_chain(struct walk *walk, uint32_t index)
{
	for (;;) {
		struct vring_desc desc;
		int result;

		if (index >= walk->table_len) {
			return fail(walk->vq, "a descriptor's index is out of range");
		}
		if (walk->count++ >= VIRTQUEUE_PIECES_MAX) {
			return fail(walk->vq, "a chain is too long or a circle");
		}
		memcpy(&desc, &walk->table[index], sizeof(desc));
		/* What was copied is what is checked, whatever the guest does meanwhile. */
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		if (desc.flags & VRING_DESC_F_INDIRECT) {
			result = enter_indirect(walk, &desc);
			index = 0;
			if (result) {
				return result;
			}
			continue;
		}
		result = add_piece(walk, &desc);
		if (result || !(desc.flags & VRING_DESC_F_NEXT)) {
			return result;
		}
		index = desc.next;
	}
}

bool virtqueue_empty(const struct virtqueue *vq)
{
	return vq->broken || !vq->enabled || load16(&vq->avail[AVAIL_IDX]) == vq->last_avail;
}

int virtqueue_pop(struct virtqueue *vq, struct virtqueue_elem *elem)
{
	struct walk walk = { vq, vq->desc, vq->size, .elem = elem };
	uint16_t waiting;
	int result;

	if (vq->broken) {
		return -EINVAL;
	}
	if (!vq->enabled) {
		return 0;
	}
	waiting = (uint16_t)(__atomic_load_n(&vq->avail[AVAIL_IDX], __ATOMIC_ACQUIRE) -
			     vq->last_avail);
	if (!waiting) {
		return 0;
	}
	if (vq->in_flight >= vq->size) {
		return fail(vq, "more requests in flight than the ring holds");
	}
	if (waiting > vq->size) {
		return fail(vq, "the available index runs ahead of the ring");
	}
	*elem = (struct virtqueue_elem){
		.head = load16(&vq->avail[AVAIL_RING + vq->last_avail % vq->size]),
	};
	result = walk_chain(&walk, elem->head);
	if (result) {
		return result;
	}
	elem->out = vq->pieces;
	elem->in = vq->pieces + elem->out_count;
	vq->last_avail++;
	vq->in_flight++;
	return 1;
}

void virtqueue_unpop(struct virtqueue *vq, uint16_t count)
{
	vq->last_avail -= count;
	vq->in_flight -= count;
}

void virtqueue_forget(struct virtqueue *vq)
{
	vq->in_flight--;
}

void virtqueue_fill(struct virtqueue *vq, uint16_t ahead, uint16_t head, uint32_t len)
{
	struct vring_used_elem *ring = (struct vring_used_elem *)&vq->used[USED_RING];
	struct vring_used_elem *slot = &ring[(uint16_t)(vq->used_idx + ahead) % vq->size];

	__atomic_store_n(&slot->id, head, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->len, len, __ATOMIC_RELAXED);
}

void virtqueue_flush(struct virtqueue *vq, uint16_t count)
{
	uint16_t before = vq->used_idx;

	vq->used_idx += count;
	vq->in_flight -= count;
	__atomic_store_n(&vq->used[USED_IDX], vq->used_idx, __ATOMIC_RELEASE);
	/* So much was pushed since the last interrupt that the 16-bit distance means nothing. */
	if ((uint16_t)(vq->used_idx - vq->signalled) < (uint16_t)(vq->used_idx - before)) {
		vq->signalled_valid = false;
	}
}

void virtqueue_push(struct virtqueue *vq, uint16_t head, uint32_t len)
{
	virtqueue_fill(vq, 0, head, len);
	virtqueue_flush(vq, 1);
}

bool virtqueue_wants_interrupt(struct virtqueue *vq)
{
	uint16_t before = vq->signalled;
	bool valid = vq->signalled_valid;

	/* The used index must be seen before the driver's wish is read (virtio 1.1, 2.6.7.2). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!vq->event_idx) {
		return !(load16(&vq->avail[AVAIL_FLAGS]) & VRING_AVAIL_F_NO_INTERRUPT);
	}
	vq->signalled = vq->used_idx;
	vq->signalled_valid = true;
	return !valid || vring_need_event(load16(&vq->avail[AVAIL_RING + vq->size]),
					  vq->used_idx, before);
}

void virtqueue_set_kicks(struct virtqueue *vq, bool wanted)
{
	if (vq->broken || !vq->enabled) {
		return;
	}
	if (vq->event_idx) {
		/* Not wanted: the event index simply stays behind. */
		if (wanted) {
			store16(&vq->used[USED_RING + 4 * vq->size], vq->last_avail);
		}
	} else {
		store16(&vq->used[USED_FLAGS], wanted ? 0 : VRING_USED_F_NO_NOTIFY);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
