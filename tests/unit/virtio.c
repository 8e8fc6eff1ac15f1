// SPDX-License-Identifier: GPL-2.0-or-later
/* virtio devices under a small driver, an honest one and a hostile one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_input.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <linux/input-event-codes.h>

#include "tests/unit/virtio-guest.h"

#define VERSION_1	(UINT64_C(1) << VIRTIO_F_VERSION_1)
#define EVENT_IDX	(UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX)
#define INDIRECT	(UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC)
#define NEXT		VRING_DESC_F_NEXT
#define WRITE		VRING_DESC_F_WRITE

static void setup(struct guest *g, gconstpointer unused)
{
	guest_init(g);
}

static void teardown(struct guest *g, gconstpointer unused)
{
	guest_finish(g);
}

/* A rng with one queue of 8, ready to take requests. */
static void start_rng(struct guest *g, uint64_t features)
{
	g_assert_true(guest_plug(g, &virtio_rng_pci_class, NULL, NULL));
	guest_enable_msix(g);
	guest_negotiate(g, VERSION_1 | features);
	guest_queue(g, 0, 8, 0);
	guest_driver_ok(g);
	g_assert_cmphex(guest_status(g), ==, 0xf);
}

static void *ram(struct guest *g, uint64_t gpa)
{
	return (uint8_t *)g->ram.hva + gpa;
}

static bool broken(struct guest *g)
{
	guest_run_loop();
	return guest_status(g) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

/* ---- transport ---- */

static void test_caps(struct guest *g, gconstpointer unused)
{
	bool seen[6] = { false };
	uint8_t at;

	g_assert_true(guest_plug(g, &virtio_rng_pci_class, NULL, NULL));
	g_assert_cmphex(pci_get16(g->pd->config), ==, 0x1af4);
	g_assert_cmphex(pci_get16(g->pd->config + 2), ==, 0x1044);
	for (at = g->pd->config[0x34]; at; at = g->pd->config[at + 1]) {
		if (g->pd->config[at] == 0x09) {
			seen[g->pd->config[at + 3]] = true;
		}
	}
	g_assert_true(seen[VIRTIO_PCI_CAP_COMMON_CFG] && seen[VIRTIO_PCI_CAP_NOTIFY_CFG] &&
		      seen[VIRTIO_PCI_CAP_ISR_CFG] && seen[VIRTIO_PCI_CAP_PCI_CFG]);
	g_assert_cmpuint(pci_msix_vectors(g->pd), ==, 2);
}

static void test_features(struct guest *g, gconstpointer unused)
{
	g_assert_true(guest_plug(g, &virtio_rng_pci_class, NULL, NULL));
	g_assert_cmphex(guest_offered(g), ==, VERSION_1 | EVENT_IDX | INDIRECT);
	guest_negotiate(g, EVENT_IDX);
	g_assert_cmphex(guest_status(g), ==, 3); /* without VERSION_1: refused */
	guest_negotiate(g, VERSION_1 | 1);
	g_assert_cmphex(guest_status(g), ==, 3); /* not offered: refused */
	guest_negotiate(g, VERSION_1);
	g_assert_cmphex(guest_status(g), ==, 0xb);
}

static void test_request(struct guest *g, gconstpointer unused)
{
	static const uint8_t zeros[64];
	uint32_t head;

	start_rng(g, 0);
	guest_desc(g, 3, g->data, 64, WRITE, 0);
	guest_offer(g, 0, 3);
	g_assert_true(guest_took_msi(g, 0x40));
	g_assert_cmpuint(guest_used_index(g), ==, 1);
	g_assert_cmpuint(guest_take(g, &head), ==, 64);
	g_assert_cmpuint(head, ==, 3);
	g_assert_cmpint(memcmp(ram(g, g->data), zeros, 64), !=, 0);
}

static void test_ring_wraps(struct guest *g, gconstpointer unused)
{
	uint32_t head;

	start_rng(g, EVENT_IDX);
	for (unsigned int i = 0; i < 70000; i++) {
		uint16_t index = (uint16_t)(i % 8);

		/* used_event: an interrupt for every request */
		guest_write(g, g->avail + 4 + 2 * 8, (uint16_t)i, 2);
		guest_desc(g, index, g->data, 1, WRITE, 0);
		guest_offer(g, 0, index);
		guest_run_loop();
		g_assert_cmpuint(guest_take(g, &head), ==, 1);
		g_assert_cmpuint(head, ==, index);
	}
	g_assert_cmpuint(guest_used_index(g), ==, 70000 % 65536);
	g_assert_cmphex(guest_status(g), ==, 0xf);
}

static void test_no_interrupt(struct guest *g, gconstpointer unused)
{
	start_rng(g, 0);
	guest_write(g, g->avail, VRING_AVAIL_F_NO_INTERRUPT, 2);
	guest_desc(g, 0, g->data, 4, WRITE, 0);
	guest_offer(g, 0, 0);
	g_assert_false(guest_took_msi(g, 0x40));
	g_assert_cmpuint(guest_used_index(g), ==, 1);
}

static void test_indirect(struct guest *g, gconstpointer unused)
{
	const struct vring_desc table[3] = {
		{ 0x20000, 8, WRITE | NEXT, 2 }, { 0 }, { 0x20100, 24, WRITE, 0 },
	};
	uint32_t head;

	start_rng(g, INDIRECT);
	memcpy(ram(g, g->data), table, sizeof(table));
	guest_desc(g, 5, g->data, sizeof(table), VRING_DESC_F_INDIRECT, 0);
	guest_offer(g, 0, 5);
	guest_run_loop();
	g_assert_cmpuint(guest_take(g, &head), ==, 32);
}

static void test_intx(struct guest *g, gconstpointer unused)
{
	g_assert_true(guest_plug(g, &virtio_rng_pci_class, "vectors=0", NULL));
	guest_negotiate(g, VERSION_1);
	guest_queue(g, 0, 8, 0);
	guest_driver_ok(g);
	guest_desc(g, 0, g->data, 4, WRITE, 0);
	guest_offer(g, 0, 0);
	guest_run_loop();
	g_assert_true(g->pin);
	g_assert_cmphex(guest_read(g, g->bar + 0x1000, 1), ==, 1);
	g_assert_false(g->pin);
	g_assert_cmphex(guest_read(g, g->bar + 0x1000, 1), ==, 0);
}

static void test_config_access(struct guest *g, gconstpointer unused)
{
	unsigned int devfn;
	uint8_t at;

	g_assert_true(guest_plug(g, &virtio_rng_pci_class, NULL, NULL));
	devfn = (unsigned int)g->pd->devfn;
	for (at = g->pd->config[0x34]; g->pd->config[at] != 0x09 ||
	     g->pd->config[at + 3] != VIRTIO_PCI_CAP_PCI_CFG; at = g->pd->config[at + 1]) {
	}
	machine_lock();
	pci_bus_config_write(g->board.pci, devfn, at + 4u, 4, 1);
	pci_bus_config_write(g->board.pci, devfn, at + 8u, VIRTIO_PCI_COMMON_NUMQ, 4);
	pci_bus_config_write(g->board.pci, devfn, at + 12u, 2, 4);
	g_assert_cmphex(pci_bus_config_read(g->board.pci, devfn, at + 16u, 2), ==, 1);
	/* outside of the BAR, an odd length, another BAR: nothing happens */
	pci_bus_config_write(g->board.pci, devfn, at + 8u, 0x4000, 4);
	pci_bus_config_write(g->board.pci, devfn, at + 16u, 0, 2);
	pci_bus_config_write(g->board.pci, devfn, at + 8u, UINT32_MAX, 4);
	pci_bus_config_read(g->board.pci, devfn, at + 16u, 4);
	pci_bus_config_write(g->board.pci, devfn, at + 12u, 3, 4);
	pci_bus_config_read(g->board.pci, devfn, at + 16u, 4);
	pci_bus_config_write(g->board.pci, devfn, at + 4u, 1, 1);
	pci_bus_config_read(g->board.pci, devfn, at + 16u, 4);
	machine_unlock();
}

static void test_reset(struct guest *g, gconstpointer unused)
{
	start_rng(g, 0);
	machine_lock();
	g->pd->dev.class->reset(&g->pd->dev);
	machine_unlock();
	guest_assign(g);
	g_assert_cmphex(guest_status(g), ==, 0);
	common_write(g, VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	g_assert_cmpuint(common_read(g, VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 0);
	g_assert_cmphex(common_read(g, VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, 0xffff);
	g_assert_cmpuint(common_read(g, VIRTIO_PCI_COMMON_Q_SIZE, 2), ==, 8);
	g_assert_false(pci_msix_enabled(g->pd));
}

/* ---- a hostile driver ---- */

static void expect_broken(struct guest *g)
{
	guest_offer(g, 0, 0);
	g_assert_true(broken(g));
	/* The driver is told by the configuration interrupt, here without a vector; reset heals. */
	guest_negotiate(g, VERSION_1);
	guest_queue(g, 0, 8, 0);
	guest_driver_ok(g);
	guest_desc(g, 0, g->data, 4, WRITE, 0);
	guest_offer(g, 0, 0);
	guest_run_loop();
	g_assert_cmpuint(guest_used_index(g), ==, 1);
}

static void test_circle(struct guest *g, gconstpointer unused)
{
	start_rng(g, 0);
	guest_desc(g, 0, g->data, 4, WRITE | NEXT, 1);
	guest_desc(g, 1, g->data, 4, WRITE | NEXT, 0);
	expect_broken(g);
}

static void test_circle_of_nothing(struct guest *g, gconstpointer unused)
{
	start_rng(g, 0);
	guest_desc(g, 0, g->data, 0, WRITE | NEXT, 0);
	expect_broken(g);
}

static void test_bad_index(struct guest *g, gconstpointer unused)
{
	start_rng(g, 0);
	guest_desc(g, 0, g->data, 4, WRITE | NEXT, 8);
	expect_broken(g);
	guest_offer(g, 0, 8);
	g_assert_true(broken(g));
}

static void test_outside_ram(struct guest *g, gconstpointer unused)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{ GUEST_RAM_BYTES, 1 }, { GUEST_RAM_BYTES - 4, 5 }, { UINT64_MAX, 2 },
		{ UINT64_MAX - 3, UINT32_MAX }, { 0, UINT32_MAX }, { 0xe0000000, 16 },
	};

	start_rng(g, 0);
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		guest_desc(g, 0, bad[i].addr, bad[i].len, WRITE, 0);
		expect_broken(g);
	}
}

static void test_bad_indirect(struct guest *g, gconstpointer unused)
{
	struct vring_desc inner = { 0, 16, VRING_DESC_F_INDIRECT, 0 };

	start_rng(g, 0);
	inner.addr = g->data;
	memcpy(ram(g, g->data), &inner, sizeof(inner));
	guest_desc(g, 0, g->data, 16, VRING_DESC_F_INDIRECT, 0); /* a table in a table */
	expect_broken(g);
	guest_desc(g, 0, g->data, 17, VRING_DESC_F_INDIRECT, 0);
	expect_broken(g);
	guest_desc(g, 0, g->data, 0, VRING_DESC_F_INDIRECT, 0);
	expect_broken(g);
	guest_desc(g, 0, g->data, 16 * 1025, VRING_DESC_F_INDIRECT, 0);
	expect_broken(g);
	guest_desc(g, 0, UINT64_MAX - 7, 16, VRING_DESC_F_INDIRECT, 0);
	expect_broken(g);
	guest_desc(g, 0, g->data, 16, VRING_DESC_F_INDIRECT | NEXT, 1);
	expect_broken(g);
}

static void test_index_jumps(struct guest *g, gconstpointer unused)
{
	start_rng(g, 0);
	g->next = 8;
	guest_desc(g, 0, g->data, 4, WRITE, 0);
	expect_broken(g);
}

static void test_wrong_order(struct guest *g, gconstpointer unused)
{
	start_rng(g, 0);
	guest_desc(g, 0, g->data, 4, WRITE | NEXT, 1);
	guest_desc(g, 1, g->data, 4, 0, 0);
	expect_broken(g);
}

static void bad_ring(struct guest *g, unsigned int reg, uint64_t value, unsigned int size)
{
	guest_negotiate(g, VERSION_1);
	common_write(g, VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	common_write(g, reg, value, size);
	common_write(g, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	guest_driver_ok(g);
	g_assert_true(guest_status(g) & VIRTIO_CONFIG_S_NEEDS_RESET);
	guest_write(g, g->bar + 0x3000, 0, 2);
	guest_run_loop();
}

static void test_bad_rings(struct guest *g, gconstpointer unused)
{
	g_assert_true(guest_plug(g, &virtio_rng_pci_class, NULL, NULL));
	bad_ring(g, VIRTIO_PCI_COMMON_Q_SIZE, 0, 2);
	bad_ring(g, VIRTIO_PCI_COMMON_Q_SIZE, 5, 2);
	bad_ring(g, VIRTIO_PCI_COMMON_Q_SIZE, 32768, 2);
	bad_ring(g, VIRTIO_PCI_COMMON_Q_DESCLO, 8, 4);
	bad_ring(g, VIRTIO_PCI_COMMON_Q_AVAILLO, 1, 4);
	bad_ring(g, VIRTIO_PCI_COMMON_Q_USEDLO, 2, 4);
	bad_ring(g, VIRTIO_PCI_COMMON_Q_DESCHI, UINT32_MAX, 4);
	bad_ring(g, VIRTIO_PCI_COMMON_Q_USEDLO, GUEST_RAM_BYTES - 64, 4);
	common_write(g, VIRTIO_PCI_COMMON_STATUS, 0, 1);
	common_write(g, VIRTIO_PCI_COMMON_Q_SELECT, 77, 2);
	common_write(g, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	g_assert_cmpuint(common_read(g, VIRTIO_PCI_COMMON_Q_SIZE, 2), ==, 0);
}

/* ---- disk ---- */

#define DISK_BYTES 65536

static char *disk_path;

static void start_blk(struct guest *g, const char *drive_props, const char *props)
{
	g_autofree char *text = g_strdup_printf("file=%s,format=raw,id=d0%s", disk_path,
						drive_props);
	struct opts *opts;
	uint8_t pattern[DISK_BYTES];

	for (unsigned int i = 0; i < sizeof(pattern); i++) {
		pattern[i] = (uint8_t)(i / 512 + i);
	}
	g_assert_true(g_file_set_contents(disk_path, (char *)pattern, sizeof(pattern), NULL));
	opts = opts_parse("-drive", text, "file", NULL);
	g->drive = block_backend_create(opts, NULL);
	opts_destroy(opts);
	g_assert_nonnull(g->drive);
	g_assert_true(guest_plug(g, &virtio_blk_pci_class, props, NULL));
	guest_enable_msix(g);
	guest_negotiate(g, guest_offered(g));
	guest_queue(g, 0, 256, 0);
	guest_driver_ok(g);
}

/* Header, data, status. */
static void offer_blk(struct guest *g, uint32_t type, uint64_t sector, uint32_t len)
{
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };
	bool to_guest = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;

	memcpy(ram(g, g->data), &header, sizeof(header));
	*(uint8_t *)ram(g, g->data + 16) = 0xee;
	guest_desc(g, 0, g->data, 16, NEXT, len ? 1 : 2);
	guest_desc(g, 1, g->data + 0x1000, len, NEXT | (to_guest ? WRITE : 0), 2);
	guest_desc(g, 2, g->data + 16, 1, WRITE, 0);
	guest_offer(g, 0, 0);
}

static uint8_t run_blk(struct guest *g, uint32_t type, uint64_t sector, uint32_t len)
{
	uint16_t before = guest_used_index(g);

	offer_blk(g, type, sector, len);
	while (guest_used_index(g) == before && !(guest_status(g) & 0x40)) {
		g_main_context_iteration(NULL, TRUE);
	}
	return *(uint8_t *)ram(g, g->data + 16);
}

static void test_blk(struct guest *g, gconstpointer unused)
{
	uint8_t *data;
	uint32_t head;

	start_blk(g, "", "drive=d0,serial=abc");
	data = ram(g, g->data + 0x1000);
	g_assert_cmpuint(guest_read(g, g->bar + 0x2000, 8), ==, DISK_BYTES / 512);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_IN, 2, 1024), ==, VIRTIO_BLK_S_OK);
	g_assert_cmpuint(guest_take(g, &head), ==, 1025);
	g_assert_cmpuint(data[0], ==, 2);
	g_assert_cmpuint(data[513], ==, 4);
	memset(data, 0x77, 512);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_OUT, 5, 512), ==, VIRTIO_BLK_S_OK);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_FLUSH, 0, 0), ==, VIRTIO_BLK_S_OK);
	memset(data, 0, 512);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_IN, 5, 512), ==, VIRTIO_BLK_S_OK);
	g_assert_cmphex(data[511], ==, 0x77);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_GET_ID, 0, 20), ==, VIRTIO_BLK_S_OK);
	g_assert_cmpstr((char *)data, ==, "abc");
	g_assert_true(guest_took_msi(g, 0x40));
}

static void test_blk_ranges(struct guest *g, gconstpointer unused)
{
	struct virtio_blk_discard_write_zeroes range = { .sector = 5, .num_sectors = 2 };

	start_blk(g, ",discard=unmap", "drive=d0");
	memcpy(ram(g, g->data + 0x1000), &range, sizeof(range));
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_WRITE_ZEROES, 0, 16), ==, VIRTIO_BLK_S_OK);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_IN, 5, 1024), ==, VIRTIO_BLK_S_OK);
	g_assert_cmpuint(*(uint8_t *)ram(g, g->data + 0x1000 + 1023), ==, 0);
	memcpy(ram(g, g->data + 0x1000), &range, sizeof(range));
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_DISCARD, 0, 16), ==, VIRTIO_BLK_S_OK);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_DISCARD, 0, 32), ==, VIRTIO_BLK_S_UNSUPP);
	range.sector = UINT64_MAX;
	memcpy(ram(g, g->data + 0x1000), &range, sizeof(range));
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_DISCARD, 0, 16), ==, VIRTIO_BLK_S_IOERR);
}

static void test_blk_refusals(struct guest *g, gconstpointer unused)
{
	start_blk(g, "", "drive=d0");
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_IN, 128, 512), ==, VIRTIO_BLK_S_IOERR);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_OUT, 127, 1024), ==, VIRTIO_BLK_S_IOERR);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_IN, UINT64_MAX, 512), ==, VIRTIO_BLK_S_IOERR);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_IN, UINT64_MAX >> 9, 512), ==,
			 VIRTIO_BLK_S_IOERR);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_IN, 0, 100), ==, VIRTIO_BLK_S_IOERR);
	g_assert_cmpuint(run_blk(g, 99, 0, 512), ==, VIRTIO_BLK_S_UNSUPP);
	g_assert_cmphex(guest_status(g), ==, 0xf);
	guest_desc(g, 0, g->data, 16, 0, 0);
	guest_offer(g, 0, 0); /* no status byte */
	g_assert_true(broken(g));
}

static void test_blk_readonly(struct guest *g, gconstpointer unused)
{
	start_blk(g, ",readonly=on", "drive=d0");
	g_assert_true(guest_offered(g) & 1u << VIRTIO_BLK_F_RO);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_OUT, 0, 512), ==, VIRTIO_BLK_S_IOERR);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_IN, 0, 512), ==, VIRTIO_BLK_S_OK);
}

static void test_blk_reset_in_flight(struct guest *g, gconstpointer unused)
{
	start_blk(g, "", "drive=d0");
	offer_blk(g, VIRTIO_BLK_T_IN, 0, 4096);
	g_main_context_iteration(NULL, TRUE); /* the kick; the worker may still be busy */
	common_write(g, VIRTIO_PCI_COMMON_STATUS, 0, 1);
	while (guest_status(g)) {
		g_main_context_iteration(NULL, TRUE);
	}
	offer_blk(g, VIRTIO_BLK_T_IN, 0, 4096); /* not running: ignored */
	guest_run_loop();
	guest_negotiate(g, guest_offered(g));
	guest_queue(g, 0, 256, 0);
	guest_driver_ok(g);
	g_assert_cmpuint(run_blk(g, VIRTIO_BLK_T_IN, 0, 512), ==, VIRTIO_BLK_S_OK);
	offer_blk(g, VIRTIO_BLK_T_IN, 0, 4096);
	g_main_context_iteration(NULL, TRUE);
	machine_lock();
	g->pd->dev.class->reset(&g->pd->dev); /* waits */
	machine_unlock();
}

static void test_blk_too_many(struct guest *g, gconstpointer unused)
{
	start_blk(g, "", "drive=d0");
	/* The same chain again and again, without ever waiting for an answer. */
	for (unsigned int i = 0; i < 600; i++) {
		offer_blk(g, VIRTIO_BLK_T_IN, 0, 512);
		if (i % 200 == 199) {
			guest_run_loop();
		}
	}
	guest_run_loop();
}

/* ---- network ---- */

static int start_net(struct guest *g, uint64_t features)
{
	g_autofree char *text = NULL;
	struct opts *opts;
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), ==, 0);
	text = g_strdup_printf("dgram,id=n0,local.type=fd,local.str=%d", fds[0]);
	opts = opts_parse("-netdev", text, "type", NULL);
	g->netdev = net_backend_create(opts, NULL);
	opts_destroy(opts);
	g_assert_true(guest_plug(g, &virtio_net_pci_class, "netdev=n0", NULL));
	guest_enable_msix(g);
	guest_negotiate(g, VERSION_1 | features);
	return fds[1];
}

static void test_net(struct guest *g, gconstpointer unused)
{
	int peer = start_net(g, 0);
	uint8_t frame[100];
	uint32_t head;

	g_assert_cmphex(guest_read(g, g->bar + 0x2000, 4), ==, 0x12005452);
	g_assert_cmphex(guest_read(g, g->bar + 0x2004, 2), ==, 0x5634);
	guest_queue(g, 0, 8, 0);
	guest_driver_ok(g);
	memset(frame, 0xab, sizeof(frame));
	/* no buffers: the frame waits, and comes when there is one */
	g_assert_cmpint(write(peer, frame, sizeof(frame)), ==, sizeof(frame));
	guest_run_loop();
	guest_desc(g, 0, g->data, 12, WRITE | NEXT, 1);
	guest_desc(g, 1, g->data + 64, 2000, WRITE, 0);
	guest_offer(g, 0, 0);
	g_assert_true(guest_took_msi(g, 0x40));
	g_assert_cmpuint(guest_take(g, &head), ==, 112);
	g_assert_cmpuint(guest_read(g, g->data + 10, 2), ==, 1); /* num_buffers */
	g_assert_cmpmem(ram(g, g->data + 64), 100, frame, 100);
	close(peer);
}

static void test_net_tx(struct guest *g, gconstpointer unused)
{
	int peer = start_net(g, 0);
	uint8_t back[200];
	uint32_t head;

	guest_queue(g, 1, 8, 0);
	guest_driver_ok(g);
	memcpy(ram(g, g->data), "HHHHHHHHHHHHhello", 17);
	guest_desc(g, 0, g->data, 12, NEXT, 1);
	guest_desc(g, 1, g->data + 12, 5, 0, 0);
	guest_offer(g, 1, 0);
	guest_run_loop();
	g_assert_cmpint(read(peer, back, sizeof(back)), ==, 5);
	g_assert_cmpmem(back, 5, "hello", 5);
	g_assert_cmpuint(guest_take(g, &head), ==, 0);
	guest_desc(g, 2, g->data, 3, 0, 0); /* shorter than a header: used up, not sent */
	guest_offer(g, 1, 2);
	guest_run_loop();
	g_assert_cmpuint(guest_used_index(g), ==, 2);
	g_assert_cmpint(recv(peer, back, sizeof(back), MSG_DONTWAIT), ==, -1);
	close(peer);
}

static void test_net_mergeable(struct guest *g, gconstpointer unused)
{
	int peer = start_net(g, 1u << VIRTIO_NET_F_MRG_RXBUF);
	uint8_t frame[250];
	uint32_t head;

	guest_queue(g, 0, 8, 0);
	guest_driver_ok(g);
	for (unsigned int i = 0; i < sizeof(frame); i++) {
		frame[i] = (uint8_t)i;
	}
	for (uint16_t i = 0; i < 2; i++) { /* room for 88 + 100 bytes: not enough */
		guest_desc(g, i, g->data + 0x100 * i, 100, WRITE, 0);
		guest_offer(g, 0, i);
	}
	g_assert_cmpint(write(peer, frame, sizeof(frame)), ==, sizeof(frame));
	guest_run_loop();
	g_assert_cmpuint(guest_used_index(g), ==, 0);
	guest_desc(g, 2, g->data + 0x200, 100, WRITE, 0);
	guest_offer(g, 0, 2);
	guest_run_loop();
	g_assert_cmpuint(guest_used_index(g), ==, 3);
	g_assert_cmpuint(guest_read(g, g->data + 10, 2), ==, 3);
	g_assert_cmpuint(guest_take(g, &head), ==, 100);
	g_assert_cmpuint(guest_take(g, &head), ==, 100);
	g_assert_cmpuint(guest_take(g, &head), ==, 62);
	g_assert_cmpmem(ram(g, g->data + 12), 88, frame, 88);
	g_assert_cmpmem(ram(g, g->data + 0x100), 100, frame + 88, 100);
	g_assert_cmpmem(ram(g, g->data + 0x200), 62, frame + 188, 62);
	close(peer);
}

/* ---- input ---- */

static uint8_t ask_input(struct guest *g, uint8_t select, uint8_t subsel)
{
	guest_write(g, g->bar + 0x2000, select, 1);
	guest_write(g, g->bar + 0x2001, subsel, 1);
	return (uint8_t)guest_read(g, g->bar + 0x2002, 1);
}

static void test_input_config(struct guest *g, gconstpointer unused)
{
	g_assert_true(guest_plug(g, &virtio_tablet_pci_class, NULL, NULL));
	g_assert_cmpuint(ask_input(g, VIRTIO_INPUT_CFG_ID_NAME, 0), ==, 19);
	g_assert_cmphex(guest_read(g, g->bar + 0x2008, 4), ==, 0x6569724f); /* "Orie" */
	g_assert_cmpuint(ask_input(g, VIRTIO_INPUT_CFG_EV_BITS, EV_ABS), ==, 1);
	g_assert_cmphex(guest_read(g, g->bar + 0x2008, 1), ==, 3);
	g_assert_cmpuint(ask_input(g, VIRTIO_INPUT_CFG_ABS_INFO, ABS_Y), ==, 20);
	g_assert_cmphex(guest_read(g, g->bar + 0x200c, 4), ==, INPUT_ABS_MAX);
	g_assert_cmpuint(ask_input(g, VIRTIO_INPUT_CFG_EV_BITS, EV_LED), ==, 0);
	g_assert_cmpuint(ask_input(g, 0x99, 0xff), ==, 0);
}

static void expect_event(struct guest *g, uint16_t index, uint16_t type, uint16_t code,
			 uint32_t value)
{
	const struct virtio_input_event *event = ram(g, g->data + 8u * index);

	g_assert_cmpuint(event->type, ==, type);
	g_assert_cmpuint(event->code, ==, code);
	g_assert_cmpuint(event->value, ==, value);
}

static void test_input_events(struct guest *g, gconstpointer unused)
{
	g_assert_true(guest_plug(g, &virtio_keyboard_pci_class, NULL, NULL));
	guest_enable_msix(g);
	guest_negotiate(g, VERSION_1);
	guest_queue(g, 0, 8, 0);
	input_key(g->board.input, KEY_B, true); /* nobody there yet: lost */
	input_sync(g->board.input);
	guest_driver_ok(g);
	for (uint16_t i = 0; i < 3; i++) {
		guest_desc(g, i, g->data + 8u * i, 8, WRITE, 0);
		guest_offer(g, 0, i);
	}
	guest_run_loop();
	input_key(g->board.input, KEY_A, true);
	g_assert_cmpuint(guest_used_index(g), ==, 0); /* whole reports only */
	input_sync(g->board.input);
	g_assert_true(guest_took_msi(g, 0x40));
	g_assert_cmpuint(guest_used_index(g), ==, 2);
	expect_event(g, 0, EV_KEY, KEY_A, 1);
	expect_event(g, 1, EV_SYN, SYN_REPORT, 0);
	input_key(g->board.input, KEY_A, false);
	input_sync(g->board.input);
	g_assert_cmpuint(guest_used_index(g), ==, 3); /* the report's end waits for a buffer */
	expect_event(g, 2, EV_KEY, KEY_A, 0);
	guest_desc(g, 3, g->data + 24, 8, WRITE, 0);
	guest_offer(g, 0, 3);
	guest_run_loop();
	g_assert_cmpuint(guest_used_index(g), ==, 4);
	expect_event(g, 3, EV_SYN, SYN_REPORT, 0);
	for (unsigned int i = 0; i < 5000; i++) { /* a guest that takes nothing */
		input_key(g->board.input, KEY_A, i & 1);
		input_sync(g->board.input);
	}
}

static void test_input_leds(struct guest *g, gconstpointer unused)
{
	const struct virtio_input_event events[2] = { { EV_LED, LED_CAPSL, 1 },
						      { EV_LED, LED_NUML, 1 } };

	g_assert_true(guest_plug(g, &virtio_keyboard_pci_class, NULL, NULL));
	guest_negotiate(g, VERSION_1);
	guest_queue(g, 1, 8, 0);
	guest_driver_ok(g);
	memcpy(ram(g, g->data), events, sizeof(events));
	guest_desc(g, 0, g->data, 8, 0, 0);
	guest_desc(g, 1, g->data + 8, 8, 0, 0);
	guest_offer(g, 1, 0);
	guest_offer(g, 1, 1);
	guest_run_loop();
	g_assert_cmpuint(input_leds(g->board.input), ==, INPUT_LED_CAPS | INPUT_LED_NUM);
}

/* ---- messages ---- */

static void refused(struct guest *g, const struct device_class *class, const char *props,
		    const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(guest_plug(g, class, props, &error));
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, message));
}

static void test_messages(struct guest *g, gconstpointer unused)
{
	refused(g, &virtio_blk_pci_class, NULL, "dev0: drive= is missing");
	refused(g, &virtio_blk_pci_class, "drive=x", "drive 'x': not found");
	refused(g, &virtio_net_pci_class, NULL, "dev0: netdev= is missing");
	refused(g, &virtio_net_pci_class, "netdev=x", "netdev 'x': not found");
	refused(g, &virtio_rng_pci_class, "vectors=65", "vectors=65: more than 64");
	refused(g, &virtio_rng_pci_class, "disable-modern=on", "legacy interface");
	refused(g, &virtio_rng_pci_class, "vektors=1", "vectors");
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	close(g_file_open_tmp("oriel-virtio-XXXXXX", &disk_path, NULL));
#define ADD(name, fn) g_test_add("/virtio/" name, struct guest, NULL, setup, fn, teardown)
	ADD("capabilities-name-every-structure", test_caps);
	ADD("features-not-offered-are-refused", test_features);
	ADD("request-is-answered-with-an-interrupt", test_request);
	ADD("ring-and-indices-wrap", test_ring_wraps);
	ADD("driver-can-turn-interrupts-off", test_no_interrupt);
	ADD("indirect-table-is-followed", test_indirect);
	ADD("pin-rises-without-msix-and-falls-when-isr-is-read", test_intx);
	ADD("config-space-window-reaches-the-bar-and-nothing-else", test_config_access);
	ADD("reset-forgets-the-driver", test_reset);
	ADD("hostile/chain-that-is-a-circle-needs-reset", test_circle);
	ADD("hostile/circle-of-empty-pieces-needs-reset", test_circle_of_nothing);
	ADD("hostile/index-out-of-range-needs-reset", test_bad_index);
	ADD("hostile/piece-outside-ram-needs-reset", test_outside_ram);
	ADD("hostile/bad-indirect-table-needs-reset", test_bad_indirect);
	ADD("hostile/available-index-that-jumps-needs-reset", test_index_jumps);
	ADD("hostile/readable-after-writable-needs-reset", test_wrong_order);
	ADD("hostile/bad-rings-need-reset", test_bad_rings);
	ADD("blk/sectors-are-read-and-written", test_blk);
	ADD("blk/ranges-are-zeroed-and-discarded", test_blk_ranges);
	ADD("blk/bad-requests-are-answered-with-a-status", test_blk_refusals);
	ADD("blk/readonly-disk-says-so-and-refuses-writes", test_blk_readonly);
	ADD("blk/reset-waits-for-requests-in-flight", test_blk_reset_in_flight);
	ADD("blk/more-requests-than-the-ring-holds-are-bounded", test_blk_too_many);
	ADD("net/frame-waits-for-a-buffer", test_net);
	ADD("net/frame-is-sent-without-its-header", test_net_tx);
	ADD("net/frame-fills-several-buffers", test_net_mergeable);
	ADD("input/config-answers-what-the-device-has", test_input_config);
	ADD("input/keys-arrive-as-whole-reports", test_input_events);
	ADD("input/leds-reach-the-router", test_input_leds);
	ADD("messages-name-device-and-cause", test_messages);
	status = g_test_run();
	g_unlink(disk_path);
	g_free(disk_path);
	return status;
}
