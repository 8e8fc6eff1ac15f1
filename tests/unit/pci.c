// SPDX-License-Identifier: GPL-2.0-or-later
/* hw/pci against a recording address space and interrupt controller. */
#include <string.h>

#include "accel/accel.h"
#include "hw/core/machine-lock.h"
#include "hw/pci/pci.h"

/* ---- what hw/core and accel would do ---- */

struct addr_space {
	int unused;
};

static struct addr_space mem_space, io_space;
static struct mem_region *msix_table, *msix_pba; /* as they were mapped */
static GArray *messages; /* of uint64_t: address ^ data << 32 */

bool machine_lock_held(void)
{
	return true;
}

const char *device_label(const struct device *dev)
{
	return dev->id;
}

void mem_region_init_io(struct mem_region *region, const char *name, uint64_t size_bytes,
			const struct mem_ops *ops, void *opaque)
{
	*region = (struct mem_region){ .name = name, .kind = MEM_IO, .size_bytes = size_bytes,
				       .ops = ops, .opaque = opaque };
}

void mem_region_init_map(struct mem_region *region, const char *name, uint64_t size_bytes,
			 void *hva)
{
	*region = (struct mem_region){ .name = name, .kind = MEM_MAP, .size_bytes = size_bytes,
				       .hva = hva };
}

void mem_region_finish(struct mem_region *region)
{
	g_assert_null(region->space);
}

void addr_space_add(struct addr_space *space, uint64_t base, struct mem_region *region,
		    int priority)
{
	g_assert_null(region->space);
	if (g_str_equal(region->name, "msix-table")) {
		msix_table = region;
	} else if (g_str_equal(region->name, "msix-pba")) {
		msix_pba = region;
	}
	region->space = space;
	region->base = base;
	region->priority = priority;
}

void addr_space_remove(struct mem_region *region)
{
	g_assert_nonnull(region->space);
	region->space = NULL;
}

int accel_msi_send(struct accel *accel, uint64_t addr, uint32_t data)
{
	uint64_t message = addr ^ (uint64_t)data << 32;

	g_array_append_val(messages, message);
	return 0;
}

/* ---- a board with one bus ---- */

static bool line[64];
static unsigned int route_base;

static unsigned int route_gsi(void *opaque, unsigned int slot, unsigned int pin)
{
	return route_base + (slot + pin) % 4;
}

static void route_set(void *opaque, unsigned int gsi, bool level)
{
	line[gsi] = level;
}

static const struct pci_route_ops route_ops = { route_gsi, route_set };
static const struct mem_ops no_ops;

struct fixture {
	struct board board;
	struct pci_device a, b;
	struct mem_region mem64, mem32, io, table;
};

static const struct pci_ids ids = {
	.vendor = 0x1af4, .device = 0x1042, .class_code = 0x010802, .revision = 1,
	.interrupt_pin = 1,
};

static void setup(struct fixture *f, const void *unused)
{
	messages = g_array_new(false, false, sizeof(uint64_t));
	memset(line, 0, sizeof(line));
	route_base = 16;
	f->board.pci = pci_bus_create("pci.0", &mem_space, &io_space, &route_ops, NULL);
	f->a.dev.board = f->b.dev.board = &f->board;
	f->a.dev.id = (char *)"a";
	f->b.dev.id = (char *)"b";
	f->a.devfn = f->b.devfn = -1;
	g_assert_true(pci_plug(&f->a, NULL, &ids, NULL));
	g_assert_true(pci_plug(&f->b, NULL, &ids, NULL));
	mem_region_init_io(&f->mem64, "mem64", 1 << 20, &no_ops, NULL);
	mem_region_init_io(&f->mem32, "mem32", 4096, &no_ops, NULL);
	mem_region_init_io(&f->io, "io", 32, &no_ops, NULL);
	mem_region_init_io(&f->table, "table", 4096, &no_ops, NULL);
	pci_bar_set(&f->a, 0, PCI_BAR_MEM64 | PCI_BAR_PREFETCH, &f->mem64);
	pci_bar_set(&f->a, 2, 0, &f->mem32);
	pci_bar_set(&f->a, 3, PCI_BAR_IO, &f->io);
	pci_bar_set(&f->a, 4, 0, &f->table);
}

static void teardown(struct fixture *f, const void *unused)
{
	pci_unplug(&f->a);
	pci_unplug(&f->b);
	pci_bus_destroy(f->board.pci);
	g_array_unref(messages);
}

static uint32_t rd(struct fixture *f, uint32_t offset, unsigned int size)
{
	return pci_bus_config_read(f->board.pci, (unsigned int)f->a.devfn, offset, size);
}

static void wr(struct fixture *f, uint32_t offset, uint32_t value, unsigned int size)
{
	pci_bus_config_write(f->board.pci, (unsigned int)f->a.devfn, offset, value, size);
}

static void test_header(struct fixture *f, const void *unused)
{
	g_assert_cmphex(rd(f, 0, 4), ==, 0x10421af4);
	g_assert_cmphex(rd(f, 8, 4), ==, 0x01080201);
	wr(f, 0, 0, 4);
	g_assert_cmphex(rd(f, 0, 4), ==, 0x10421af4);
	wr(f, 0x3c, 0xff, 1);
	g_assert_cmphex(rd(f, 0x3c, 2), ==, 0x01ff);
}

static void test_absent(struct fixture *f, const void *unused)
{
	g_assert_cmphex(pci_bus_config_read(f->board.pci, 0xf8, 0, 4), ==, 0xffffffff);
	g_assert_cmphex(rd(f, 2, 4), ==, 0xffffffff); /* crosses a dword */
	g_assert_cmphex(rd(f, 256, 1), ==, 0xff);
	g_assert_cmphex(rd(f, UINT32_MAX, 1), ==, 0xff);
}

static void test_size(struct fixture *f, const void *unused)
{
	wr(f, 0x10, UINT32_MAX, 4);
	wr(f, 0x14, UINT32_MAX, 4);
	wr(f, 0x18, UINT32_MAX, 4);
	wr(f, 0x1c, UINT32_MAX, 4);
	wr(f, 0x24, UINT32_MAX, 4);
	g_assert_cmphex(rd(f, 0x10, 4), ==, 0xfff0000c);
	g_assert_cmphex(rd(f, 0x14, 4), ==, UINT32_MAX);
	g_assert_cmphex(rd(f, 0x18, 4), ==, 0xfffff000);
	g_assert_cmphex(rd(f, 0x1c, 4), ==, 0xffffffe1);
	g_assert_cmphex(rd(f, 0x24, 4), ==, 0);
}

static void test_decode(struct fixture *f, const void *unused)
{
	wr(f, 0x10, 0xc0000000, 4);
	wr(f, 0x14, 0x2, 4);
	wr(f, 0x18, 0xfe000000, 4);
	wr(f, 0x1c, 0xc020, 4);
	g_assert_null(f->mem64.space);
	wr(f, 4, 2, 2);
	g_assert_true(f->mem64.space == &mem_space);
	g_assert_cmphex(f->mem64.base, ==, 0x2c0000000);
	g_assert_cmphex(f->a.bars[0].gpa, ==, 0x2c0000000);
	g_assert_cmphex(f->mem32.base, ==, 0xfe000000);
	g_assert_null(f->io.space);
	wr(f, 4, 3, 2);
	g_assert_true(f->io.space == &io_space);
	g_assert_cmphex(f->io.base, ==, 0xc020);
	wr(f, 0x18, 0xfe100000, 4);
	g_assert_cmphex(f->mem32.base, ==, 0xfe100000);
	wr(f, 4, 0, 2);
	g_assert_null(f->mem64.space);
	g_assert_null(f->mem32.space);
	g_assert_null(f->io.space);
}

static void test_size_while_decoding(struct fixture *f, const void *unused)
{
	wr(f, 0x18, 0xfe000000, 4);
	wr(f, 4, 2, 2);
	wr(f, 0x18, UINT32_MAX, 4);
	g_assert_null(f->mem32.space);
	wr(f, 0x18, 0xfe000000, 4);
	g_assert_nonnull(f->mem32.space);
	wr(f, 0x1c, 0x12340, 4);
	wr(f, 4, 3, 2);
	g_assert_null(f->io.space); /* beyond the 64 KiB of ports */
}

static void test_assign(struct fixture *f, const void *unused)
{
	const struct pci_windows windows = { 0xe0000000, 0xf0000000, 0x100000000, 0x200000000,
					     0xc000, 0xd000 };
	const struct pci_windows narrow = { 0xe0000000, 0xe0001000, 0, 0, 0xc000, 0xd000 };
	g_autoptr(GError) error = NULL;

	g_assert_true(pci_bus_assign(f->board.pci, &windows, &error));
	g_assert_cmphex(f->mem64.base, ==, 0x100000000);
	g_assert_cmphex(f->mem32.base & 0xfff, ==, 0);
	g_assert_cmphex(f->mem32.base, !=, f->table.base);
	g_assert_cmphex(f->io.base, ==, 0xc000);
	g_assert_cmphex(rd(f, 4, 2), ==, 3);
	g_assert_cmpuint(rd(f, 0x3c, 1), ==, 16);
	/* once more, as after a reset: the same places */
	pci_reset(&f->a);
	g_assert_null(f->mem64.space);
	g_assert_true(pci_bus_assign(f->board.pci, &windows, &error));
	g_assert_cmphex(f->mem64.base, ==, 0x100000000);
	g_assert_false(pci_bus_assign(f->board.pci, &narrow, &error));
	g_assert_nonnull(strstr(error->message, "a: BAR 0 of 1024 KiB: no room"));
}

static void test_rom(struct fixture *f, const void *unused)
{
	static const char image[3000] = "\x55\xaa";

	g_assert_true(pci_rom_set(&f->a, image, sizeof(image), NULL));
	wr(f, 0x30, UINT32_MAX, 4);
	g_assert_cmphex(rd(f, 0x30, 4), ==, 0xfffff001);
	wr(f, 0x30, 0xfd000000, 4);
	wr(f, 4, 2, 2);
	g_assert_null(f->a.bars[PCI_ROM_SLOT].region->space);
	wr(f, 0x30, 0xfd000001, 4);
	g_assert_cmphex(f->a.bars[PCI_ROM_SLOT].region->base, ==, 0xfd000000);
	g_assert_true(f->a.bars[PCI_ROM_SLOT].region->readonly);
	g_assert_cmpmem(f->a.bars[PCI_ROM_SLOT].region->hva, 2, "\x55\xaa", 2);
}

static void test_intx_shared(struct fixture *f, const void *unused)
{
	f->b.config[0x3d] = 4; /* slot 1 pin D: the line of slot 0 pin A */
	pci_intx_set(&f->a, true);
	pci_intx_set(&f->b, true);
	g_assert_true(line[16]);
	g_assert_cmphex(rd(f, 6, 2) & 8, ==, 8);
	pci_intx_set(&f->a, false);
	g_assert_true(line[16]);
	pci_intx_set(&f->b, false);
	g_assert_false(line[16]);
}

static void test_intx_disable(struct fixture *f, const void *unused)
{
	pci_intx_set(&f->a, true);
	wr(f, 4, 0x400, 2);
	g_assert_false(line[16]);
	g_assert_cmphex(rd(f, 6, 2) & 8, ==, 8);
	wr(f, 4, 0, 2);
	g_assert_true(line[16]);
	route_base = 20;
	pci_bus_route_changed(f->board.pci);
	g_assert_false(line[16]);
	g_assert_true(line[20]);
}

static void test_caps(struct fixture *f, const void *unused)
{
	uint8_t first = pci_capability_add(&f->a, 0x09, 20);
	uint8_t second = pci_capability_add(&f->a, 0x01, 8);

	g_assert_cmphex(rd(f, 0x34, 1), ==, first);
	g_assert_cmphex(rd(f, first, 2), ==, (uint32_t)second << 8 | 0x09);
	g_assert_cmphex(rd(f, second, 2), ==, 0x01);
	g_assert_cmphex(pci_capability_find(&f->a, 0x01), ==, second);
	g_assert_cmphex(pci_capability_find(&f->a, 0x11), ==, 0);
	f->a.config[second + 1] = first; /* a circle, as a broken device may have */
	g_assert_cmphex(pci_capability_find(&f->a, 0x11), ==, 0);
}

static int hook_on_count, hook_off_count;
static uint64_t hook_addr;

static int hook_on(struct pci_device *pd, unsigned int vector, uint64_t addr, uint32_t data)
{
	hook_on_count++;
	hook_addr = addr;
	return 0;
}

static void hook_off(struct pci_device *pd, unsigned int vector)
{
	hook_off_count++;
}

static const struct msi_hooks hooks = { hook_on, hook_off };

static void test_msi(struct fixture *f, const void *unused)
{
	uint8_t cap;

	hook_on_count = hook_off_count = 0;
	g_assert_true(pci_msi_init(&f->a, 0, 4, &hooks, NULL));
	cap = pci_capability_find(&f->a, 0x05);
	g_assert_cmphex(rd(f, cap + 2u, 2), ==, 0x84);
	wr(f, cap + 4u, 0xfee01003, 4);
	wr(f, cap + 12u, 0x4142, 2);
	pci_msi_notify(&f->a, 0);
	g_assert_cmpuint(messages->len, ==, 0);
	wr(f, cap + 2u, 0x71, 2); /* asks for 128 vectors, gets 4 */
	g_assert_true(pci_msi_enabled(&f->a));
	g_assert_cmpint(hook_on_count, ==, 4);
	pci_msi_notify(&f->a, 3);
	pci_msi_notify(&f->a, 4);
	g_assert_cmpuint(messages->len, ==, 1);
	g_assert_cmphex(g_array_index(messages, uint64_t, 0), ==, 0xfee01000 ^ 0x414300000000);
	wr(f, cap + 2u, 0, 2);
	g_assert_cmpint(hook_off_count, ==, 4);
}

static void table_write(uint64_t offset, uint32_t value)
{
	msix_table->ops->write(msix_table->opaque, offset, value, 4);
}

static uint64_t pending(void)
{
	return msix_pba->ops->read(msix_pba->opaque, 0, 8);
}

static void test_msix(struct fixture *f, const void *unused)
{
	uint8_t cap;

	hook_on_count = hook_off_count = 0;
	g_assert_true(pci_msix_init(&f->a, 0, 3, 4, 0, 4, 0x800, &hooks, NULL));
	cap = pci_capability_find(&f->a, 0x11);
	g_assert_cmphex(rd(f, cap + 2u, 2), ==, 2);
	g_assert_cmphex(rd(f, cap + 4u, 4), ==, 4);
	g_assert_cmphex(rd(f, cap + 8u, 4), ==, 0x804);
	wr(f, 0x20, 0xfe000000, 4);
	wr(f, 4, 2, 2);
	g_assert_cmphex(msix_table->base, ==, 0xfe000000);
	g_assert_cmphex(msix_pba->base, ==, 0xfe000800);
	g_assert_cmpint(msix_table->priority, >, f->table.priority);

	pci_msix_notify(&f->a, 1); /* not enabled: lost */
	wr(f, cap + 2u, 0x8000, 2);
	g_assert_cmphex(rd(f, cap + 2u, 2), ==, 0x8002);
	g_assert_true(pci_msix_enabled(&f->a));
	g_assert_cmphex(pending(), ==, 0);
	pci_msix_notify(&f->a, 1); /* every vector comes up masked */
	pci_msix_notify(&f->a, 3); /* no such vector */
	g_assert_cmpuint(messages->len, ==, 0);
	g_assert_cmphex(pending(), ==, 2);
	g_assert_cmpint(hook_on_count, ==, 0);

	table_write(16, 0xfee02000);
	table_write(24, 0x51);
	table_write(28, 0);
	g_assert_cmpuint(messages->len, ==, 1);
	g_assert_cmphex(g_array_index(messages, uint64_t, 0), ==, 0xfee02000 ^ 0x5100000000);
	g_assert_cmphex(pending(), ==, 0);
	g_assert_cmpint(hook_on_count, ==, 1);
	g_assert_cmphex(hook_addr, ==, 0xfee02000);

	wr(f, cap + 2u, 0xc000, 2); /* function mask */
	g_assert_cmpint(hook_off_count, ==, 1);
	pci_msix_notify(&f->a, 1);
	g_assert_cmpuint(messages->len, ==, 1);
	wr(f, cap + 2u, 0x8000, 2);
	g_assert_cmpuint(messages->len, ==, 2);
	pci_reset(&f->a);
	g_assert_false(pci_msix_enabled(&f->a));
	g_assert_cmpint(hook_off_count, ==, 2);
}

static void test_msix_layout(struct fixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(pci_msix_init(&f->a, 0, 300, 4, 0, 4, 0x800, NULL, &error));
	g_assert_nonnull(strstr(error->message, "they don't fit"));
	g_assert_false(pci_msix_init(&f->a, 0, 3, 3, 0, 3, 0, NULL, NULL));
	g_assert_false(pci_msix_init(&f->a, 0xf8, 3, 4, 0, 4, 0x800, NULL, NULL));
}

static void test_slots(struct fixture *f, const void *unused)
{
	struct pci_device c = { .dev = { .board = &f->board, .id = (char *)"c" }, .devfn = 0 };
	g_autoptr(GError) error = NULL;

	g_assert_false(pci_plug(&c, NULL, &ids, &error));
	g_assert_cmpstr(error->message, ==, "c: addr: slot 00.0 is taken by 'a'");
	c.devfn = PCI_DEVFN(0, 2);
	g_assert_true(pci_plug(&c, NULL, &ids, NULL));
	g_assert_cmphex(rd(f, 0x0e, 1), ==, 0x80);
	pci_unplug(&c);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, fn) g_test_add("/pci/" name, struct fixture, NULL, setup, fn, teardown)
	ADD("header-shows-ids-and-drops-writes", test_header);
	ADD("absent-function-and-odd-access-read-ones", test_absent);
	ADD("bar-size-is-read-back", test_size);
	ADD("bar-is-mapped-while-decoding-is-on", test_decode);
	ADD("sizing-while-decoding-maps-nothing", test_size_while_decoding);
	ADD("assign-places-every-bar-and-says-what-has-no-room", test_assign);
	ADD("rom-is-mapped-when-both-enables-are-set", test_rom);
	ADD("intx-line-is-the-or-of-its-devices", test_intx_shared);
	ADD("intx-follows-disable-bit-and-routing", test_intx_disable);
	ADD("capability-list-is-walked-and-a-circle-ends", test_caps);
	ADD("msi-sends-enabled-vectors-only", test_msi);
	ADD("msix-holds-masked-vectors-back-and-sends-them-later", test_msix);
	ADD("msix-layout-outside-its-bar-is-refused", test_msix_layout);
	ADD("taken-slot-is-named-and-functions-set-multifunction", test_slots);
	return g_test_run();
}
