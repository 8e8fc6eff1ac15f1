// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "accel/accel.h"
#include "hw/core/addr-space.h"
#include "hw/core/machine-lock.h"
#include "util/fd.h"

/* An I/O region that notes the last access and answers with its offset. */
struct probe {
	struct mem_region region;
	uint64_t tag, last_offset, last_value;
	unsigned int last_size, accesses;
};

static uint64_t probe_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct probe *probe = opaque;

	probe->last_offset = offset;
	probe->last_size = size;
	probe->accesses++;
	return probe->tag | offset;
}

static void probe_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct probe *probe = opaque;

	probe->last_offset = offset;
	probe->last_value = value;
	probe->last_size = size;
	probe->accesses++;
}

static const struct mem_ops probe_ops = { probe_read, probe_write };
static const struct mem_ops dword_ops = { probe_read, probe_write, 4, 4 };

struct fixture {
	struct accel *accel;
	struct addr_space *space;
	struct probe a, b;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	f->accel = accel_qtest_create(NULL);
	f->space = addr_space_create("mem", false, UINT64_C(1) << 40, f->accel);
	mem_region_init_io(&f->a.region, "a", 0x1000, &probe_ops, &f->a);
	mem_region_init_io(&f->b.region, "b", 0x100, &probe_ops, &f->b);
	f->a.tag = 0xa0000000;
	f->b.tag = 0xb0000000;
	machine_lock();
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	mem_region_finish(&f->a.region);
	mem_region_finish(&f->b.region);
	addr_space_destroy(f->space);
	machine_unlock();
	accel_destroy(f->accel);
}

static uint32_t read32(struct fixture *f, uint64_t addr)
{
	uint32_t value;

	addr_space_read(f->space, addr, &value, 4);
	return value;
}

static void test_nothing(struct fixture *f, gconstpointer data)
{
	g_assert_cmphex(read32(f, 0x5000), ==, 0xffffffff);
	addr_space_write(f->space, 0x5000, "abcd", 4);
}

static void test_priority(struct fixture *f, gconstpointer data)
{
	addr_space_add(f->space, 0x1000, &f->a.region, 0);
	addr_space_add(f->space, 0x1800, &f->b.region, 1);
	g_assert_cmphex(read32(f, 0x17fc), ==, 0xa00007fc);
	g_assert_cmphex(read32(f, 0x1800), ==, 0xb0000000);
	g_assert_cmphex(read32(f, 0x18fc), ==, 0xb00000fc);
	g_assert_cmphex(read32(f, 0x1900), ==, 0xa0000900);
	addr_space_remove(&f->b.region);
	g_assert_cmphex(read32(f, 0x1800), ==, 0xa0000800);
}

static void test_later_wins(struct fixture *f, gconstpointer data)
{
	addr_space_add(f->space, 0x1000, &f->b.region, 0);
	addr_space_add(f->space, 0x1000, &f->a.region, 0);
	g_assert_cmphex(read32(f, 0x1000), ==, 0xa0000000);
}

static void test_lower_stays_below(struct fixture *f, gconstpointer data)
{
	addr_space_add(f->space, 0x1000, &f->b.region, 1);
	addr_space_add(f->space, 0x1000, &f->a.region, 0);
	g_assert_cmphex(read32(f, 0x1000), ==, 0xb0000000);
	g_assert_cmphex(read32(f, 0x1100), ==, 0xa0000100);
}

static void test_crossing(struct fixture *f, gconstpointer data)
{
	uint8_t bytes[4];

	addr_space_add(f->space, 0x1000, &f->a.region, 0);
	addr_space_read(f->space, 0x1ffe, bytes, 4);
	g_assert_cmphex(bytes[0], ==, 0xfe);
	g_assert_cmphex(bytes[1], ==, 0x0f);
	g_assert_cmphex(bytes[2], ==, 0xff);
	g_assert_cmphex(bytes[3], ==, 0xff);
	g_assert_cmpuint(f->a.last_size, ==, 2);
}

static void test_split(struct fixture *f, gconstpointer data)
{
	uint64_t value = 0x1122334455667788;

	f->a.region.ops = &dword_ops;
	addr_space_add(f->space, 0, &f->a.region, 0);
	addr_space_write(f->space, 0x10, &value, 8);
	g_assert_cmpuint(f->a.accesses, ==, 2);
	g_assert_cmphex(f->a.last_offset, ==, 0x14);
	g_assert_cmphex(f->a.last_value, ==, 0x11223344);
}

static void test_narrow_read(struct fixture *f, gconstpointer data)
{
	uint8_t byte;

	f->a.region.ops = &dword_ops;
	f->a.tag = 0x11223300;
	addr_space_add(f->space, 0, &f->a.region, 0);
	addr_space_read(f->space, 0x12, &byte, 1);
	g_assert_cmphex(byte, ==, 0x22);
	g_assert_cmphex(f->a.last_offset, ==, 0x10);
	g_assert_cmpuint(f->a.last_size, ==, 4);
}

static void test_unaligned(struct fixture *f, gconstpointer data)
{
	uint8_t bytes[7];

	addr_space_add(f->space, 0, &f->a.region, 0);
	addr_space_read(f->space, 0x1, bytes, 7);
	g_assert_cmpuint(f->a.accesses, ==, 3); /* 1 + 2 + 4 */
	g_assert_cmphex(f->a.last_offset, ==, 4);
}

static void test_ram(struct fixture *f, gconstpointer data)
{
	struct mem_region ram;
	char *hva, text[6];
	uint64_t offset = 0;

	g_assert_true(mem_region_init_ram(&ram, "ram", 0x4000, NULL));
	addr_space_add(f->space, 0x10000, &ram, 0);
	addr_space_write(f->space, 0x10ffe, "hello", 6);
	addr_space_read(f->space, 0x10ffe, text, 6);
	g_assert_cmpstr(text, ==, "hello");
	hva = addr_space_ram(f->space, 0x10ffe, 6, true);
	g_assert_true(hva == (char *)ram.hva + 0xffe);
	g_assert_cmpstr(hva, ==, "hello");
	g_assert_null(addr_space_ram(f->space, 0x13fff, 2, false));
	g_assert_null(addr_space_ram(f->space, 0x13000, UINT64_MAX, false));
	g_assert_null(addr_space_ram(f->space, 0xffff, 1, false));
	g_assert_cmpint(addr_space_ram_fd(f->space, 0x12000, 0x2000, &offset), ==, ram.fd);
	g_assert_cmphex(offset, ==, 0x2000);
	g_assert_cmpint(addr_space_ram_fd(f->space, 0x12000, 0x2001, &offset), ==, -1);
	ram.readonly = true;
	g_assert_null(addr_space_ram(f->space, 0x10000, 1, true));
	mem_region_finish(&ram);
	g_assert_null(addr_space_ram(f->space, 0x10000, 1, false));
}

static void test_ram_too_large(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	struct mem_region ram;

	g_assert_false(mem_region_init_ram(&ram, "ram", UINT64_C(1) << 60, &error));
	g_assert_true(g_str_has_prefix(error->message, "memory 'ram': 1099511627776 MiB: "));
	mem_region_finish(&ram);
}

/* A listener that keeps a sum of what is mapped. */
struct tally {
	struct addr_space_listener listener;
	uint64_t bytes, last_gpa, last_offset;
	int sections;
};

static void tally_add(void *opaque, uint64_t gpa, uint64_t size, const struct mem_region *region,
		      uint64_t offset)
{
	struct tally *tally = opaque;

	tally->sections++;
	tally->bytes += size;
	tally->last_gpa = gpa;
	tally->last_offset = offset;
}

static void tally_remove(void *opaque, uint64_t gpa, uint64_t size,
			 const struct mem_region *region)
{
	struct tally *tally = opaque;

	tally->sections--;
	tally->bytes -= size;
}

static void test_listener(struct fixture *f, gconstpointer data)
{
	struct tally tally = { { tally_add, tally_remove, &tally } };
	struct mem_region ram;

	g_assert_true(mem_region_init_ram(&ram, "ram", 0x4000, NULL));
	addr_space_add(f->space, 0x10000, &ram, 0);
	addr_space_listen(f->space, &tally.listener);
	g_assert_cmpint(tally.sections, ==, 1);
	g_assert_cmphex(tally.bytes, ==, 0x4000);
	addr_space_add(f->space, 0x11000, &f->a.region, 1); /* cuts a page out */
	g_assert_cmpint(tally.sections, ==, 2);
	g_assert_cmphex(tally.bytes, ==, 0x3000);
	g_assert_cmphex(tally.last_gpa, ==, 0x12000);
	g_assert_cmphex(tally.last_offset, ==, 0x2000);
	addr_space_remove(&f->a.region);
	addr_space_add(f->space, 0x11080, &f->b.region, 1); /* spoils a page */
	g_assert_cmphex(tally.bytes, ==, 0x3000);
	g_assert_cmphex(read32(f, 0x11180), ==, 0);
	g_assert_cmphex(read32(f, 0x11080), ==, 0xb0000000);
	addr_space_unlisten(f->space, &tally.listener);
	g_assert_cmpint(tally.sections, ==, 0);
	g_assert_cmphex(tally.bytes, ==, 0);
	mem_region_finish(&ram);
}

static void test_doorbell(struct fixture *f, gconstpointer data)
{
	int any = eventfd_create(), seven = eventfd_create();
	uint32_t value = 7;

	g_assert_cmpint(mem_region_doorbell_add(&f->a.region, 0x10, 4, true, 7, seven), ==, 0);
	addr_space_add(f->space, 0x1000, &f->a.region, 0);
	g_assert_cmpint(mem_region_doorbell_add(&f->a.region, 0x20, 0, false, 0, any), ==, 0);
	g_assert_cmpint(mem_region_doorbell_add(&f->a.region, 0x1000, 1, false, 0, any), ==,
			-EINVAL);
	addr_space_write(f->space, 0x1010, &value, 4);
	g_assert_cmpuint(eventfd_drain(seven), ==, 1);
	g_assert_cmpuint(f->a.accesses, ==, 0);
	addr_space_write(f->space, 0x1010, &value, 2); /* other size */
	value = 8;
	addr_space_write(f->space, 0x1010, &value, 4); /* other value */
	g_assert_cmpuint(eventfd_drain(seven), ==, 0);
	g_assert_cmpuint(f->a.accesses, ==, 2);
	addr_space_write(f->space, 0x1020, &value, 1);
	addr_space_write(f->space, 0x1020, &value, 4);
	g_assert_cmpuint(eventfd_drain(any), ==, 2);
	mem_region_doorbell_remove(&f->a.region, 0x20, 0, false, 0, any);
	addr_space_write(f->space, 0x1020, &value, 4);
	g_assert_cmpuint(eventfd_drain(any), ==, 0);
	g_assert_cmpuint(f->a.accesses, ==, 3);
	fd_close(&any);
	fd_close(&seven);
}

static void test_dirty(struct fixture *f, gconstpointer data)
{
	struct mem_region ram;
	uint64_t bitmap[2];

	g_assert_true(mem_region_init_ram(&ram, "ram", 70 * 4096, NULL));
	addr_space_add(f->space, 0x100000, &ram, 0);
	g_assert_cmpint(mem_region_dirty_fetch(&ram, bitmap), ==, 0);
	g_assert_cmphex(bitmap[0], ==, UINT64_MAX);
	g_assert_cmpint(mem_region_dirty_fetch(&ram, bitmap), ==, 0);
	g_assert_cmphex(bitmap[0] | bitmap[1], ==, 0);
	addr_space_write(f->space, 0x100000 + 4095, "xy", 2);
	addr_space_write(f->space, 0x100000 + 69 * 4096, "z", 1);
	g_assert_cmpint(mem_region_dirty_fetch(&ram, bitmap), ==, 0);
	g_assert_cmphex(bitmap[0], ==, 3);
	g_assert_cmphex(bitmap[1], ==, 1 << 5);
	g_assert_cmpint(mem_region_dirty_fetch(&ram, bitmap), ==, 0);
	g_assert_cmphex(bitmap[0] | bitmap[1], ==, 0);
	mem_region_dirty_stop(&ram);
	mem_region_finish(&ram);
}

static void test_takes_lock(struct fixture *f, gconstpointer data)
{
	machine_unlock();
	addr_space_add(f->space, 0, &f->a.region, 0);
	g_assert_cmphex(read32(f, 4), ==, 0xa0000004);
	g_assert_false(machine_lock_held());
	machine_lock();
}

#define ADD(name, fn) g_test_add("/addr-space/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("unclaimed-reads-give-all-ones", test_nothing);
	ADD("higher-priority-wins-and-uncovers-when-removed", test_priority);
	ADD("later-wins-at-equal-priority", test_later_wins);
	ADD("a-region-added-below-shows-only-where-nothing-is-above", test_lower_stays_below);
	ADD("an-access-may-cross-the-end-of-a-region", test_crossing);
	ADD("a-wide-access-is-split-to-what-ops-take", test_split);
	ADD("a-narrow-read-takes-its-bytes-from-the-unit", test_narrow_read);
	ADD("an-odd-access-is-split-at-natural-boundaries", test_unaligned);
	ADD("ram-is-reached-directly-only-when-whole-inside", test_ram);
	ADD("ram-that-cannot-be-had-is-an-error", test_ram_too_large);
	ADD("listeners-see-whole-pages-come-and-go", test_listener);
	ADD("a-doorbell-takes-only-its-size-and-value", test_doorbell);
	ADD("dirty-pages-are-reported-once", test_dirty);
	ADD("an-access-takes-the-machine-lock-itself", test_takes_lock);
	return g_test_run();
}
