/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A split virtqueue (virtio 1.1, chapter 2.6), the device's side of it.
 *
 * The rings lie in guest RAM and the guest may change them at any time: each field is read once,
 * every index, length and address is checked. A queue that makes no sense is broken: it gives
 * nothing more until virtqueue_reset(). Not thread-safe: the device's lock is the caller's.
 */
#ifndef HW_VIRTIO_VIRTQUEUE_H
#define HW_VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct addr_space;
struct vring_desc;

/* Pieces of one request; Linux uses no more for a disk or network queue. Bounds the walk, so that a
 * chain that is a circle ends. */
#define VIRTQUEUE_PIECES_MAX	1024
#define VIRTQUEUE_SIZE_MAX	1024

struct virtqueue {
	struct addr_space *mem;
	uint16_t size_max; /* power of two; what the device offers */
	uint16_t size; /* power of two; what the driver took */
	uint64_t desc_gpa, avail_gpa, used_gpa;
	bool enabled;
	bool event_idx; /* VIRTIO_F_EVENT_IDX was negotiated */
	const char *broken; /* why, or NULL */
	uint16_t in_flight; /* requests popped and not yet pushed */

	/* private */
	struct vring_desc *desc;
	uint16_t *avail; /* flags, idx, ring[size], used_event */
	uint16_t *used; /* flags, idx, ring[size] of 8 bytes, avail_event */
	uint16_t last_avail, used_idx, signalled;
	bool signalled_valid;
	struct iovec pieces[VIRTQUEUE_PIECES_MAX];
};

/* One request. The vectors belong to the queue and may be changed; they are valid until the next
 * virtqueue_pop(). */
struct virtqueue_elem {
	uint16_t head; /* for virtqueue_push */
	struct iovec *out, *in; /* device reads, device writes */
	unsigned int out_count, in_count;
	uint64_t out_bytes, in_bytes;
};

void virtqueue_init(struct virtqueue *vq, struct addr_space *mem, uint16_t size_max);
/* Back to what init left. */
void virtqueue_reset(struct virtqueue *vq);
/* Takes the driver's size and addresses. Broken when the rings don't lie in RAM. */
void virtqueue_enable(struct virtqueue *vq);

/* 1: *elem is the next request; 0: there is none; -EINVAL: the queue is broken. */
int virtqueue_pop(struct virtqueue *vq, struct virtqueue_elem *elem);
/* Gives the last @count requests back, as if not popped; none of them may have been pushed. */
void virtqueue_unpop(struct virtqueue *vq, uint16_t count);
/* The device is done with a request that the driver isn't told of any more. */
void virtqueue_forget(struct virtqueue *vq);
/* The device is done with @head and wrote @len bytes to it. */
void virtqueue_push(struct virtqueue *vq, uint16_t head, uint32_t len);
/* virtqueue_push in two halves, to show several at once: fill the @ahead-th next, then flush. */
void virtqueue_fill(struct virtqueue *vq, uint16_t ahead, uint16_t head, uint32_t len);
void virtqueue_flush(struct virtqueue *vq, uint16_t count);
/* True when the driver wants an interrupt for what was pushed since it last did. */
bool virtqueue_wants_interrupt(struct virtqueue *vq);
/* Whether the driver shall kick for new requests. After true, look for requests once more. */
void virtqueue_set_kicks(struct virtqueue *vq, bool wanted);
bool virtqueue_empty(const struct virtqueue *vq);

#endif
