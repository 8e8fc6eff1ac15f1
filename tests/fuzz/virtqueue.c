// SPDX-License-Identifier: GPL-2.0-or-later
/* Random rings: what virtqueue_pop gives lies inside RAM and adds up, and the walk ends. */
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

#include "hw/core/addr-space.h"
#include "hw/core/machine-lock.h"
#include "hw/virtio/virtqueue.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM_BYTES	65536
#define DESC_GPA	0x0000
#define AVAIL_GPA	0x4000
#define USED_GPA	0x8000
#define TABLES_GPA	0xa000 /* indirect tables */

static struct addr_space *space;
static struct mem_region ram;
static struct virtqueue vq;

static void setup(void)
{
	machine_lock();
	space = addr_space_create("mem", false, UINT64_MAX, NULL);
	if (!mem_region_init_ram(&ram, "ram", RAM_BYTES, NULL)) {
		abort();
	}
	addr_space_add(space, 0, &ram, 0);
	machine_unlock();
}

/* A descriptor out of 6 bytes, most of them plausible. */
static void put_desc(uint64_t gpa, const uint8_t *b)
{
	struct vring_desc desc = {
		.addr = b[0] < 4 ? (uint64_t)b[0] << 62 : (uint64_t)b[0] << 8 | b[1],
		.len = b[2] == 0xff ? UINT32_MAX : b[2] & 1 ? b[2] : b[2] * 16u,
		.flags = b[3] & 7,
		.next = b[4],
	};

	if ((desc.flags & VRING_DESC_F_INDIRECT) && (b[5] & 1)) {
		desc.addr = TABLES_GPA + 16u * b[5];
		desc.flags &= (uint16_t)~VRING_DESC_F_NEXT;
	}
	memcpy((uint8_t *)ram.hva + gpa, &desc, sizeof(desc));
}

static void check_piece(const struct iovec *piece)
{
	const uint8_t *base = piece->iov_base, *start = ram.hva;

	if (!piece->iov_len || base < start || piece->iov_len > RAM_BYTES ||
	    base - start > (ptrdiff_t)(RAM_BYTES - piece->iov_len)) {
		abort();
	}
}

static void check_elem(const struct virtqueue_elem *elem)
{
	uint64_t out = 0, in = 0;

	if (elem->out_count + elem->in_count > VIRTQUEUE_PIECES_MAX || elem->head >= vq.size) {
		abort();
	}
	for (unsigned int i = 0; i < elem->out_count; i++) {
		check_piece(&elem->out[i]);
		out += elem->out[i].iov_len;
	}
	for (unsigned int i = 0; i < elem->in_count; i++) {
		check_piece(&elem->in[i]);
		in += elem->in[i].iov_len;
	}
	if (out != elem->out_bytes || in != elem->in_bytes) {
		abort();
	}
}

static void run(const uint8_t *ops, size_t count)
{
	uint16_t *avail = (uint16_t *)((uint8_t *)ram.hva + AVAIL_GPA);
	struct virtqueue_elem elem;

	for (size_t i = 0; i < count; i++) {
		switch (ops[i] & 3) {
		case 0:
			avail[1] += ops[i] >> 4; /* 15 at a time: may run ahead of the ring */
			break;
		case 1:
			if (virtqueue_pop(&vq, &elem) == 1) {
				check_elem(&elem);
				if (ops[i] & 4) {
					virtqueue_unpop(&vq, 1);
				} else if (ops[i] & 8) {
					virtqueue_push(&vq, elem.head, (uint32_t)elem.in_bytes);
					virtqueue_wants_interrupt(&vq);
				}
			}
			break;
		case 2:
			virtqueue_set_kicks(&vq, ops[i] & 4);
			break;
		case 3:
			avail[2 + (ops[i] >> 2) % vq.size] = ops[i] & 0x80 ? ops[i] : ops[i] >> 4;
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 4;

	if (!space) {
		setup();
	}
	if (size < 4) {
		return 0;
	}
	memset(ram.hva, 0, RAM_BYTES);
	virtqueue_init(&vq, space, 256);
	vq.size = data[0] & 0x80 ? data[0] : (uint16_t)(1 << (data[0] % 9));
	vq.desc_gpa = data[1] & 1 ? (uint64_t)data[1] << 12 : DESC_GPA;
	vq.avail_gpa = data[2] & 1 ? (uint64_t)data[2] << 9 : AVAIL_GPA;
	vq.used_gpa = data[3] & 1 ? UINT64_MAX - data[3] : USED_GPA;
	vq.event_idx = data[0] & 0x40;
	virtqueue_enable(&vq);
	for (unsigned int i = 0; i < 64 && at + 6 <= size; i++, at += 6) {
		put_desc(i < 32 ? DESC_GPA + 16 * i : TABLES_GPA + 16 * (i - 32), data + at);
	}
	if (vq.size) {
		run(data + at, size - at);
	}
	return 0;
}
