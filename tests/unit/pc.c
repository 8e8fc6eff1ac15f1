// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "accel/qtest.h"
#include "hw/core/machine-lock.h"
#include "hw/i386/acpi.h"
#include "hw/i386/pc.h"
#include "hw/pci/pci.h"
#include "i386-board.h"

#define PM		0x600
#define PM_STATUS	(PM + 0)
#define PM_ENABLE	(PM + 2)
#define PM_CONTROL	(PM + 4)
#define PM_TMR		(PM + 8)
#define BUTTON		0x100
#define SCI		9
#define ROUTING_PORT	0xae00

struct fixture {
	struct board board; /* first: the requests' counters find themselves by it */
	struct isa_bus unused;
	unsigned int resets, shutdowns, suspends;
	struct pc *pc;
};

G_STATIC_ASSERT(offsetof(struct fixture, resets) == offsetof(struct test_board, resets));
G_STATIC_ASSERT(offsetof(struct fixture, shutdowns) == offsetof(struct test_board, shutdowns));
G_STATIC_ASSERT(offsetof(struct fixture, suspends) == offsetof(struct test_board, suspends));

static struct pc *make_pc(struct fixture *f, uint64_t ram_bytes, GError **error)
{
	const struct pc_config config = {
		.ram_bytes = ram_bytes, .cpus = 3, .cpu_model = "max", .i8042 = true,
	};

	return pc_create(&f->board, &config, error);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	memset(f, 0, sizeof(*f));
	main_thread_init();
	f->board.accel = accel_qtest_create(NULL);
	f->board.input = input_router_create();
	f->board.request_reset = test_reset;
	f->board.request_shutdown = test_shutdown;
	f->board.request_suspend = test_suspend;
	machine_lock();
	f->pc = make_pc(f, 16 << 20, &error);
	g_assert_no_error(error);
	g_assert_true(pc_reset(f->pc, NULL));
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	pc_destroy(f->pc);
	machine_unlock();
	input_router_destroy(f->board.input);
	accel_destroy(f->board.accel);
}

static uint32_t in(struct fixture *f, uint16_t port, unsigned int size)
{
	uint32_t value = 0;

	addr_space_read(f->board.io, port, &value, size);
	return value;
}

static void out(struct fixture *f, uint16_t port, unsigned int size, uint32_t value)
{
	addr_space_write(f->board.io, port, &value, size);
}

static bool line(struct fixture *f, unsigned int gsi)
{
	return accel_qtest_irq_level(f->board.accel, gsi);
}

/* ---- configuration space ---- */

static void test_config(struct fixture *f, gconstpointer data)
{
	out(f, 0xcf8, 4, 0x80000000);
	g_assert_cmphex(in(f, 0xcfc, 4), ==, 0x12378086);
	g_assert_cmphex(in(f, 0xcfe, 2), ==, 0x1237);
	g_assert_cmphex(in(f, 0xcfd, 1), ==, 0x80);
	out(f, 0xcf8, 4, 0x00000000); /* not enabled */
	g_assert_cmphex(in(f, 0xcfc, 4), ==, 0xffffffff);
	out(f, 0xcf8, 4, 0x80010000); /* another bus */
	g_assert_cmphex(in(f, 0xcfc, 4), ==, 0xffffffff);
	out(f, 0xcf8, 4, 0x8000f800); /* an empty slot */
	g_assert_cmphex(in(f, 0xcfc, 4), ==, 0xffffffff);
	g_assert_cmphex(in(f, 0xcf8, 4), ==, 0x8000f800);
}

static void test_reset_control(struct fixture *f, gconstpointer data)
{
	out(f, 0xcf9, 1, 0x02);
	g_assert_cmpuint(f->resets, ==, 0);
	out(f, 0xcf9, 1, 0x06);
	g_assert_cmpuint(f->resets, ==, 1);
	out(f, 0x92, 1, 0x03);
	g_assert_cmpuint(f->resets, ==, 2);
}

/* ---- power management ---- */

static void test_timer(struct fixture *f, gconstpointer data)
{
	int64_t start = clock_ns();
	uint32_t before = in(f, PM_TMR, 4), ticks;

	g_usleep(20000);
	ticks = (in(f, PM_TMR, 4) - before) & 0xffffff;
	g_assert_cmpuint(ticks, >=, 71590); /* 20 ms */
	g_assert_cmpuint(ticks, <=, (clock_ns() - start) * 3.58 / 1000 + 10);
}

static void test_button(struct fixture *f, gconstpointer data)
{
	pc_powerdown(f->pc);
	g_assert_false(line(f, SCI)); /* nobody listens yet */
	g_assert_cmphex(in(f, PM_STATUS, 2) & BUTTON, ==, BUTTON);
	out(f, PM_ENABLE, 2, BUTTON);
	g_assert_true(line(f, SCI));
	out(f, PM_STATUS, 2, BUTTON);
	g_assert_false(line(f, SCI));
	pc_powerdown(f->pc);
	g_assert_true(line(f, SCI));
	g_assert_true(pc_reset(f->pc, NULL));
	g_assert_false(line(f, SCI));
}

static void test_soft_off(struct fixture *f, gconstpointer data)
{
	g_assert_cmphex(in(f, PM_CONTROL, 2) & 1, ==, 1); /* in ACPI mode from the start */
	out(f, PM_CONTROL, 2, 5 << 10 | 1 << 13); /* a sleep state that isn't there */
	g_assert_cmpuint(f->shutdowns, ==, 0);
	out(f, PM_CONTROL, 2, 0 << 10);
	g_assert_cmpuint(f->shutdowns, ==, 0);
	out(f, PM_CONTROL, 2, 0 << 10 | 1 << 13);
	g_assert_cmpuint(f->shutdowns, ==, 1);
}

static void test_moved_block(struct fixture *f, gconstpointer data)
{
	out(f, 0xcf8, 4, 0x80000b40);
	g_assert_cmphex(in(f, 0xcfc, 4), ==, PM | 1);
	out(f, 0xcfc, 4, 0xb000);
	g_assert_cmphex(in(f, PM_CONTROL, 2), ==, 0xffff);
	g_assert_cmphex(in(f, 0xb004, 2), ==, 1);
	g_assert_true(pc_reset(f->pc, NULL));
	g_assert_cmphex(in(f, PM_CONTROL, 2), ==, 1);
}

/* ---- interrupt routing ---- */

static bool toy_realize(struct device *dev, GError **error)
{
	static const struct pci_ids ids = { .vendor = 1, .device = 2, .interrupt_pin = 1 };

	return pci_plug((struct pci_device *)dev, NULL, &ids, error);
}

static void toy_unrealize(struct device *dev)
{
	pci_unplug((struct pci_device *)dev);
}

static const struct device_class toy_class = {
	.name = "toy",
	.instance_size = sizeof(struct pci_device),
	.realize = toy_realize,
	.unrealize = toy_unrealize,
};

static void test_routing(struct fixture *f, gconstpointer data)
{
	struct device *dev = device_create(&toy_class, &f->board, NULL);
	struct pci_device *pd = (struct pci_device *)dev;

	pd->devfn = PCI_DEVFN(5, 0);
	g_assert_true(device_realize(dev, NULL));
	g_assert_true(pc_reset(f->pc, NULL));
	pci_intx_set(pd, true);
	g_assert_true(line(f, 11)); /* slot 5, pin A: PIRQ B */
	out(f, ROUTING_PORT, 1, 1);
	g_assert_false(line(f, 11));
	g_assert_true(line(f, 21));
	g_assert_cmpint(pci_intx_gsi(pd), ==, 21);
	pci_intx_set(pd, false);
	g_assert_false(line(f, 21));
	pci_intx_set(pd, true);
	out(f, ROUTING_PORT, 1, 0);
	out(f, 0xcf8, 4, 0x80000860);
	out(f, 0xcfd, 1, 0x05); /* PIRQ B to line 5 */
	g_assert_true(line(f, 5));
	g_assert_false(line(f, 11));
	out(f, 0xcfd, 1, 0x80);
	g_assert_false(line(f, 5));
	device_destroy(dev);
}

/* ---- ACPI ---- */

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return value;
}

static uint8_t sum(const uint8_t *bytes, size_t len)
{
	uint8_t total = 0;

	for (size_t i = 0; i < len; i++) {
		total += bytes[i];
	}
	return total;
}

static const uint8_t *table_at(struct fixture *f, uint64_t gpa)
{
	const uint8_t *table = addr_space_ram(f->board.mem, gpa, 36, false);

	g_assert_nonnull(table);
	table = addr_space_ram(f->board.mem, gpa, get32(table + 4), false);
	g_assert_nonnull(table);
	g_assert_cmphex(sum(table, get32(table + 4)), ==, 0);
	return table;
}

static const uint8_t *find_table(struct fixture *f, const char *signature)
{
	const uint8_t *rsdp = addr_space_ram(f->board.mem, 0xe0000, 36, false), *xsdt;
	uint64_t gpa;

	g_assert_cmpmem(rsdp, 8, "RSD PTR ", 8);
	g_assert_cmphex(sum(rsdp, 20), ==, 0);
	g_assert_cmphex(sum(rsdp, 36), ==, 0);
	memcpy(&gpa, rsdp + 24, 8);
	xsdt = table_at(f, gpa);
	for (uint32_t i = 36; i < get32(xsdt + 4); i += 8) {
		memcpy(&gpa, xsdt + i, 8);
		if (!memcmp(table_at(f, gpa), signature, 4)) {
			return table_at(f, gpa);
		}
	}
	return NULL;
}

static void test_sleep(struct fixture *f, gconstpointer data)
{
	uint32_t facs = get32(find_table(f, "FACP") + 36), kept = 0x5eef;
	const uint32_t no_vector = 0x100000, vector = 0x9a000;
	g_autoptr(GError) error = NULL;

	out(f, PM_CONTROL, 2, 1 << 10 | 1 << 13);
	g_assert_cmpuint(f->suspends, ==, 1);
	g_assert_cmpuint(f->shutdowns, ==, 0);
	g_assert_false(pc_wake(f->pc, true, &error)); /* it wrote no vector */
	g_assert_nonnull(error);
	addr_space_write(f->board.mem, facs + 12, (void *)&no_vector, 4);
	g_assert_false(pc_wake(f->pc, true, NULL));
	addr_space_write(f->board.mem, facs + 12, (void *)&vector, 4);
	addr_space_write(f->board.mem, 0xe8000, &kept, 4);
	out(f, ROUTING_PORT, 1, 1);
	g_assert_true(pc_wake(f->pc, false, NULL));
	g_assert_cmphex(in(f, PM_STATUS, 2) & 0x8100, ==, 0x8000); /* woken, not by the button */
	g_assert_true(pc_wake(f->pc, true, NULL));
	g_assert_cmphex(in(f, PM_STATUS, 2) & 0x8100, ==, 0x8100);
	addr_space_read(f->board.mem, 0xe8000, &kept, 4);
	g_assert_cmphex(kept, ==, 0x5eef); /* where a reset writes its tables */
	g_assert_cmphex(in(f, ROUTING_PORT, 1), ==, 1);
}

static void test_tables(struct fixture *f, gconstpointer data)
{
	const uint8_t *fadt = find_table(f, "FACP"), *madt = find_table(f, "APIC"), *facs;
	unsigned int cpus = 0;

	g_assert_nonnull(find_table(f, "SSDT"));
	g_assert_cmpuint(get32(fadt + 4), ==, 276); /* revision 6 */
	g_assert_cmpmem(table_at(f, get32(fadt + 40)), 4, "DSDT", 4);
	facs = addr_space_ram(f->board.mem, get32(fadt + 36), 64, false);
	g_assert_cmpmem(facs, 4, "FACS", 4);
	g_assert_cmphex(get32(fadt + 36) % 64, ==, 0);
	g_assert_cmphex(get32(fadt + 56), ==, PM);
	g_assert_cmphex(get32(fadt + 76), ==, PM_TMR);
	g_assert_cmphex(get32(fadt + 120), ==, 0xcf9); /* reset register */
	for (uint32_t i = 44; i < get32(madt + 4); i += madt[i + 1]) {
		cpus += madt[i] == 0;
		g_assert_cmpuint(madt[i + 1], >=, 2);
	}
	g_assert_cmpuint(cpus, ==, 3);
}

static void test_table_room(void)
{
	static uint8_t buffer[0x10000];
	const struct acpi_config many = { .cpus = 255, .serial_ports = 15, .i8042 = true };

	g_assert_cmphex(acpi_build(&many, 0xe0000, buffer, sizeof(buffer)), ==, 0xe0000);
	g_assert_cmphex(acpi_build(&many, 0xe0000, buffer, 1024), ==, 0);
}

/* ---- memory ---- */

static void expect_refusal(uint64_t ram_bytes, const char *prefix)
{
	g_autoptr(GError) error = NULL;
	struct fixture f = { .pc = NULL };

	f.board.accel = accel_qtest_create(NULL);
	f.board.input = input_router_create();
	machine_lock();
	g_assert_null(make_pc(&f, ram_bytes, &error));
	machine_unlock();
	g_assert_nonnull(error);
	if (!g_str_has_prefix(error->message, prefix)) {
		g_error("'%s' doesn't begin with '%s'", error->message, prefix);
	}
	input_router_destroy(f.board.input);
	accel_destroy(f.board.accel);
}

static void test_ram_sizes(void)
{
	expect_refusal(4096, "-m: 4096 bytes: expected at least 2 MiB");
	expect_refusal((16 << 20) + 1, "-m: 16777217 bytes: expected");
	expect_refusal(UINT64_C(1) << 41, "-m: 2097152 MiB: the CPU addresses 40 bits");
}

static void test_high_ram(void)
{
	struct fixture f = { .pc = NULL };

	f.board.accel = accel_qtest_create(NULL);
	f.board.input = input_router_create();
	machine_lock();
	/* Pages that nobody touches take no memory. */
	f.pc = make_pc(&f, (UINT64_C(3) << 30) + (64 << 20), NULL);
	if (f.pc) {
		g_assert_nonnull(addr_space_ram(f.board.mem, (UINT64_C(3) << 30) - 1, 1, true));
		g_assert_null(addr_space_ram(f.board.mem, UINT64_C(3) << 30, 1, true));
		g_assert_nonnull(addr_space_ram(f.board.mem, UINT64_C(4) << 30, 64 << 20, true));
		g_assert_null(addr_space_ram(f.board.mem, (UINT64_C(4) << 30) + (64 << 20), 1,
					     true));
		pc_destroy(f.pc);
	} else {
		g_test_skip("this machine has less than 3136 MiB");
	}
	machine_unlock();
	input_router_destroy(f.board.input);
	accel_destroy(f.board.accel);
}

#define ADD(name, fn) g_test_add("/pc/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("configuration-space-answers-by-mechanism-1", test_config);
	ADD("reset-is-requested-once-an-edge", test_reset_control);
	ADD("the-pm-timer-runs-at-its-rate", test_timer);
	ADD("the-power-button-interrupts-when-enabled", test_button);
	ADD("only-soft-off-shuts-down", test_soft_off);
	ADD("a-guest-that-sleeps-goes-on-where-it-said", test_sleep);
	ADD("the-pm-block-follows-its-register", test_moved_block);
	ADD("pins-move-between-the-pics-and-the-ioapic", test_routing);
	ADD("acpi-tables-add-up", test_tables);
	g_test_add_func("/pc/acpi-tables-fit-for-255-cpus", test_table_room);
	g_test_add_func("/pc/memory-sizes-that-cannot-be-are-refused", test_ram_sizes);
	g_test_add_func("/pc/memory-goes-around-the-pci-hole", test_high_ram);
	return g_test_run();
}
