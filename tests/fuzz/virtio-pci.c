// SPDX-License-Identifier: GPL-2.0-or-later
/* Random register accesses, ring contents and kicks against each virtio device. */
#include <fcntl.h>
#include <linux/virtio_input.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/virtio-guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OP_BYTES 8

static bool add_drive(struct guest *g)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);
	g_autofree char *text = g_strdup_printf("file=/proc/self/fd/%d,format=raw,id=d0,"
						"file.locking=off,discard=unmap", fd);
	struct opts *opts = opts_parse("-drive", text, "file", NULL);

	if (fd >= 0 && !ftruncate(fd, 65536)) {
		g->drive = block_backend_create(opts, NULL);
	}
	opts_destroy(opts);
	close(fd);
	return g->drive != NULL;
}

/* Returns the other end. */
static int add_netdev(struct guest *g)
{
	g_autofree char *text = NULL;
	struct opts *opts;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds) < 0) {
		abort();
	}
	text = g_strdup_printf("dgram,id=n0,local.type=fd,local.str=%d", fds[0]);
	opts = opts_parse("-netdev", text, "type", NULL);
	g->netdev = net_backend_create(opts, NULL);
	opts_destroy(opts);
	return fds[1];
}

/* So that most inputs come past the negotiation: a driver that did all of it right. */
static void start(struct guest *g, uint8_t features)
{
	uint64_t offered = guest_offered(g);

	guest_negotiate(g, features & 1 ? offered : offered & ~(UINT64_C(7) << 28));
	for (unsigned int queue = 0; queue < 2; queue++) {
		guest_queue(g, queue, 8, 0x20000 * queue);
	}
	guest_driver_ok(g);
}

/* One of a chain's descriptors, its data in the same 64 KiB as the ring. */
static void put_desc(struct guest *g, const uint8_t *op)
{
	uint64_t ring = op[1] & 0x80 ? 0x20000 : 0, addr = ring + 0x10000 + 16u * op[3];
	struct vring_desc desc = {
		.addr = op[2] & 0x80 ? (uint64_t)op[3] << 56 : addr,
		.len = op[4] == 0xff ? UINT32_MAX : op[4] & 0x80 ? 512u * (op[4] & 15) : op[4],
		.flags = op[5] & 7,
		.next = op[6] & 15,
	};

	memcpy((uint8_t *)g->ram.hva + ring + 16 * (op[1] & 7), &desc, sizeof(desc));
}

static void offer(struct guest *g, const uint8_t *op)
{
	unsigned int queue = op[1] & 1;
	uint64_t avail = 0x20000 * queue + 0x4000;
	uint16_t *ring = (uint16_t *)((uint8_t *)g->ram.hva + avail);

	ring[2 + ring[1] % 8] = op[2] & 15;
	ring[1] += op[3] & 0x80 ? op[3] : 1;
	guest_write(g, g->bar + 0x3000 + 4 * queue, queue, 2);
}

static void data_byte(struct guest *g, const uint8_t *op)
{
	uint64_t at = (op[1] & 1 ? 0x20000 : 0) + 0x10000 + 16u * op[2];

	/* Request headers: type, reserved, sector. */
	guest_write(g, at, op[3] & 15, 4);
	guest_write(g, at + 8, op[4] == 0xff ? UINT64_MAX : op[4], 8);
}

static void step(struct guest *g, const uint8_t *op, int peer)
{
	unsigned int bytes = 1u << (op[1] & 3), devfn = (unsigned int)g->pd->devfn;
	uint64_t value = op[4] | (uint64_t)op[5] << 8 | (uint64_t)op[6] << 16 |
			 (uint64_t)op[7] << 24;
	uint32_t at = op[2] | (uint32_t)(op[3] & 0x3f) << 8;

	switch (op[0] & 15) {
	case 0:
		guest_write(g, g->bar + at, value, bytes);
		break;
	case 1:
		guest_read(g, g->bar + at, bytes);
		break;
	case 2:
		common_write(g, op[2] % 64, value, bytes);
		break;
	case 3:
		machine_lock();
		pci_bus_config_write(g->board.pci, devfn, op[2], (uint32_t)value, bytes & 7);
		machine_unlock();
		break;
	case 4:
		machine_lock();
		pci_bus_config_read(g->board.pci, devfn, op[2], bytes & 7);
		machine_unlock();
		break;
	case 5:
		guest_write(g, g->msix + (at & 0xfff), value, bytes);
		break;
	case 6:
		guest_read(g, g->msix + (at & 0xfff), bytes);
		break;
	case 7:
	case 8:
	case 9:
		put_desc(g, op);
		break;
	case 10:
	case 11:
		offer(g, op);
		break;
	case 12:
		data_byte(g, op);
		break;
	case 13:
		if (peer >= 0 && write(peer, op, op[1] ? 8 : 0) < 0) {
			return; /* full */
		}
		input_key(g->board.input, value & 0x3ff, op[1] & 1);
		input_abs(g->board.input, op[1] & 1, (int32_t)value);
		input_sync(g->board.input);
		break;
	case 14:
		start(g, op[1]);
		break;
	case 15:
		if (op[1] == 0) {
			machine_lock();
			g->pd->dev.class->reset(&g->pd->dev);
			machine_unlock();
			guest_assign(g);
		}
		break;
	}
	guest_run_loop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct device_class *const classes[] = {
		&virtio_blk_pci_class, &virtio_net_pci_class, &virtio_rng_pci_class,
		&virtio_keyboard_pci_class, &virtio_tablet_pci_class,
	};
	unsigned int kind;
	struct guest g;
	int peer = -1;

	if (size < 1) {
		return 0;
	}
	kind = data[0] % G_N_ELEMENTS(classes);
	guest_init(&g);
	if (kind == 0 && !add_drive(&g)) {
		abort();
	}
	if (kind == 1) {
		peer = add_netdev(&g);
	}
	if (!guest_plug(&g, classes[kind], kind == 0 ? "drive=d0" :
			kind == 1 ? "netdev=n0" : NULL, NULL)) {
		abort();
	}
	start(&g, data[0] >> 4);
	for (data++, size--; size >= OP_BYTES; data += OP_BYTES, size -= OP_BYTES) {
		step(&g, data, peer);
	}
	if (g.drive) {
		block_drain(g.drive);
	}
	guest_finish(&g);
	if (peer >= 0) {
		close(peer);
	}
	return 0;
}
