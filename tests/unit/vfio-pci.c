// SPDX-License-Identifier: GPL-2.0-or-later
/* vfio-pci on a fake device, with a real bus, address space and the qtest accelerator. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "accel/qtest.h"
#include "hw/core/addr-space.h"
#include "hw/core/machine-lock.h"
#include "hw/vfio/vfio-fake.h"
#include "hw/vfio/vfio-pci.h"
#include "hw/vfio/vfio.h"
#include "util/fd.h"

#define BAR0_GPA 0xe0000000u
#define BAR2_GPA 0xf0000000u
#define RW	 (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define MMAP	 VFIO_REGION_INFO_FLAG_MMAP
#define INTX	 VFIO_PCI_INTX_IRQ_INDEX
#define MSI	 VFIO_PCI_MSI_IRQ_INDEX
#define MSIX	 VFIO_PCI_MSIX_IRQ_INDEX
#define CAP_PM	 0x40u
#define CAP_MSI	 0x50u
#define CAP_EXP	 0x60u
#define CAP_MSIX 0xa0u

struct fixture {
	struct board board;
	struct vfio_fake *fake;
	struct vfio_pci *vp;
	uint8_t *config, *bar0, *bar2;
	bool opregion; /* x-igd-opregion */
};

static unsigned int gsi_base;

static unsigned int route_gsi(void *opaque, unsigned int slot, unsigned int pin)
{
	return gsi_base + pin;
}

static void route_set(void *opaque, unsigned int gsi, bool level)
{
	accel_irq_set(opaque, gsi, level);
}

static const struct pci_route_ops route_ops = { route_gsi, route_set };

/* A device with INTx, MSI, MSI-X (table in BAR2), PM and PCI Express capabilities. */
static void prepare(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	gsi_base = 10;
	f->board.accel = accel_qtest_create(NULL);
	machine_lock();
	f->board.mem = addr_space_create("mem", false, UINT64_MAX, f->board.accel);
	f->board.io = addr_space_create("io", true, 0x10000, f->board.accel);
	f->board.pci = pci_bus_create("pci.0", f->board.mem, f->board.io, &route_ops,
				      f->board.accel);
	machine_unlock();
	f->fake = vfio_fake_create();
	f->config = f->fake->regions[VFIO_PCI_CONFIG_REGION_INDEX].data;
	pci_set32(f->config, 0x11112222);
	pci_set16(f->config + PCI_STATUS, PCI_STATUS_CAP_LIST | PCI_STATUS_DEVSEL_MEDIUM);
	pci_set32(f->config + PCI_CLASS_REVISION, 0x03800007);
	pci_set32(f->config + PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_MEM_PREFETCH);
	f->config[PCI_INTERRUPT_PIN] = 1;
	f->config[PCI_CAPABILITY_LIST] = CAP_PM;
	f->config[CAP_PM] = PCI_CAP_ID_PM;
	f->config[CAP_PM + 1] = CAP_MSI;
	f->config[CAP_MSI] = PCI_CAP_ID_MSI;
	f->config[CAP_MSI + 1] = CAP_EXP;
	f->config[CAP_EXP] = PCI_CAP_ID_EXP;
	f->config[CAP_EXP + 1] = CAP_MSIX;
	f->config[CAP_MSIX] = PCI_CAP_ID_MSIX;
	f->config[CAP_MSIX + 1] = CAP_PM; /* a circle, as broken devices have */
	pci_set16(f->config + CAP_MSIX + PCI_MSIX_FLAGS, 3);
	pci_set32(f->config + CAP_MSIX + PCI_MSIX_TABLE, 0x1000 | 2);
	pci_set32(f->config + CAP_MSIX + PCI_MSIX_PBA, 0x1800 | 2);
	f->bar0 = vfio_fake_region_add(f->fake, 0, 64 << 10, RW | MMAP, 0, 0);
	f->bar2 = vfio_fake_region_add(f->fake, 2, 16 << 10, RW | MMAP, 0, 0);
	f->fake->irqs[INTX].count = 1;
	f->fake->irqs[INTX].flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
				    VFIO_IRQ_INFO_AUTOMASKED;
	f->fake->irqs[MSI].count = 1;
	f->fake->irqs[MSIX].count = 4;
}

static void start(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	f->vp = (struct vfio_pci *)device_create(&vfio_pci_class, &f->board, "dev0");
	f->vp->device = &f->fake->device;
	f->vp->igd_opregion = f->opregion;
	vfio_device_init(f->vp->device, &error);
	g_assert_no_error(error);
	machine_lock();
	vfio_pci_attach(f->vp, &error);
	machine_unlock();
	g_assert_no_error(error);
}

static void finish(struct fixture *f)
{
	machine_lock();
	vfio_pci_teardown(f->vp);
	device_destroy(&f->vp->pd.dev);
	pci_bus_destroy(f->board.pci);
	addr_space_destroy(f->board.mem);
	addr_space_destroy(f->board.io);
	machine_unlock();
	accel_destroy(f->board.accel);
	vfio_fake_destroy(f->fake);
}

static uint32_t cfg_read(struct fixture *f, uint32_t offset, unsigned int size)
{
	uint32_t value;

	machine_lock();
	value = pci_bus_config_read(f->board.pci, (unsigned int)f->vp->pd.devfn, offset, size);
	machine_unlock();
	return value;
}

static void cfg_write(struct fixture *f, uint32_t offset, uint32_t value, unsigned int size)
{
	machine_lock();
	pci_bus_config_write(f->board.pci, (unsigned int)f->vp->pd.devfn, offset, value, size);
	machine_unlock();
}

static uint32_t mem_read(struct fixture *f, uint64_t gpa)
{
	uint8_t bytes[4];

	addr_space_read(f->board.mem, gpa, bytes, 4);
	return pci_get32(bytes);
}

static void mem_write(struct fixture *f, uint64_t gpa, uint32_t value)
{
	uint8_t bytes[4];

	pci_set32(bytes, value);
	addr_space_write(f->board.mem, gpa, bytes, 4);
}

static void place_bars(struct fixture *f)
{
	cfg_write(f, PCI_BASE_ADDRESS_0, BAR0_GPA, 4);
	cfg_write(f, PCI_BASE_ADDRESS_2, BAR2_GPA, 4);
	cfg_write(f, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

/* Everything that is due on the main loop. */
static void settle(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		while (g_main_context_iteration(NULL, FALSE)) {
		}
	}
}

/* ---- config space ---- */

static void test_identity(void)
{
	struct fixture f;

	prepare(&f);
	start(&f);
	g_assert_cmphex(cfg_read(&f, PCI_VENDOR_ID, 4), ==, 0x11112222);
	g_assert_cmphex(cfg_read(&f, PCI_CLASS_REVISION, 4), ==, 0x03800007);
	cfg_write(&f, PCI_VENDOR_ID, 0, 4);
	g_assert_cmphex(cfg_read(&f, PCI_VENDOR_ID, 4), ==, 0x11112222);
	g_assert_cmphex(cfg_read(&f, PCI_INTERRUPT_PIN, 1), ==, 1);
	/* ours: kept from the device */
	cfg_write(&f, PCI_INTERRUPT_LINE, 11, 1);
	g_assert_cmphex(cfg_read(&f, PCI_INTERRUPT_LINE, 1), ==, 11);
	g_assert_cmphex(f.config[PCI_INTERRUPT_LINE], ==, 0);
	/* the device's: read and written through */
	pci_set16(f.config + PCI_STATUS, PCI_STATUS_CAP_LIST | PCI_STATUS_REC_MASTER_ABORT);
	g_assert_cmphex(cfg_read(&f, PCI_STATUS, 2), ==,
			PCI_STATUS_CAP_LIST | PCI_STATUS_REC_MASTER_ABORT);
	cfg_write(&f, CAP_PM + PCI_PM_CTRL, 3, 2);
	g_assert_cmphex(f.config[CAP_PM + PCI_PM_CTRL], ==, 3);
	finish(&f);
}

static void test_bar_registers(void)
{
	struct fixture f;

	prepare(&f);
	start(&f);
	cfg_write(&f, PCI_BASE_ADDRESS_0, 0xffffffff, 4);
	g_assert_cmphex(cfg_read(&f, PCI_BASE_ADDRESS_0, 4), ==, 0xffff0008);
	cfg_write(&f, PCI_BASE_ADDRESS_1, 0xffffffff, 4);
	g_assert_cmphex(cfg_read(&f, PCI_BASE_ADDRESS_1, 4), ==, 0);
	/* a guest address means nothing to the host */
	g_assert_cmphex(pci_get32(f.config + PCI_BASE_ADDRESS_0), ==,
			PCI_BASE_ADDRESS_MEM_PREFETCH);
	finish(&f);
}

static void test_command(void)
{
	struct fixture f;

	prepare(&f);
	start(&f);
	place_bars(&f);
	g_assert_cmphex(pci_get16(f.config + PCI_COMMAND), ==,
			PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	cfg_write(&f, PCI_COMMAND, 0, 2);
	g_assert_cmphex(pci_get16(f.config + PCI_COMMAND), ==, 0);
	finish(&f);
}

static void test_capabilities(void)
{
	struct fixture f;
	uint8_t at;

	prepare(&f);
	start(&f);
	at = (uint8_t)cfg_read(&f, PCI_CAPABILITY_LIST, 1);
	g_assert_cmphex(at, ==, CAP_PM);
	at = (uint8_t)cfg_read(&f, at + 1u, 1);
	g_assert_cmphex(at, ==, CAP_MSI);
	at = (uint8_t)cfg_read(&f, at + 1u, 1);
	g_assert_cmphex(at, ==, CAP_MSIX); /* express is left out */
	g_assert_cmphex(cfg_read(&f, at + 1u, 1), ==, 0); /* and the circle is cut */
	g_assert_cmphex(cfg_read(&f, CAP_MSIX + PCI_MSIX_TABLE, 4), ==, 0x1002);
	/* the guest's messages never reach the device */
	cfg_write(&f, CAP_MSI + PCI_MSI_ADDRESS_LO, 0xfee00000, 4);
	g_assert_cmphex(pci_get32(f.config + CAP_MSI + PCI_MSI_ADDRESS_LO), ==, 0);
	finish(&f);
}

static void test_msi_without_room(void)
{
	struct fixture f;

	prepare(&f);
	/* a 32-bit MSI capability of 10 bytes with another one close behind */
	f.config[CAP_MSI + 1] = CAP_MSI + 12;
	f.config[CAP_MSI + 12] = PCI_CAP_ID_VNDR;
	f.config[CAP_MSI + 13] = 0;
	start(&f);
	g_assert_cmphex(cfg_read(&f, CAP_PM + 1, 1), ==, CAP_MSI + 12);
	g_assert_cmphex(cfg_read(&f, CAP_MSI + 12, 1), ==, PCI_CAP_ID_VNDR);
	finish(&f);
}

static bool refused(struct fixture *f, const char *text)
{
	g_autoptr(GError) error = NULL;
	bool ok;

	f->vp = (struct vfio_pci *)device_create(&vfio_pci_class, &f->board, "dev0");
	f->vp->device = &f->fake->device;
	vfio_device_init(f->vp->device, NULL);
	machine_lock();
	ok = vfio_pci_attach(f->vp, &error);
	machine_unlock();
	g_assert_false(ok);
	ok = strstr(error->message, text) != NULL;
	if (!ok) {
		g_test_message("%s", error->message);
	}
	return ok;
}

static void test_bridge(void)
{
	struct fixture f;

	prepare(&f);
	f.config[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
	g_assert_true(refused(&f, "no bridges"));
	finish(&f);
}

static void test_impossible_bar(void)
{
	struct fixture f;

	prepare(&f);
	f.fake->regions[0].size_bytes = 3ull << 30;
	f.fake->regions[0].flags &= ~MMAP;
	g_assert_true(refused(&f, "BAR 0"));
	f.fake->regions[0].size_bytes = 64 << 10;
	finish(&f);
}

static void test_impossible_msix(void)
{
	struct fixture f;

	prepare(&f);
	pci_set32(f.config + CAP_MSIX + PCI_MSIX_TABLE, 0x100000 | 2);
	g_assert_true(refused(&f, "MSI-X"));
	finish(&f);
}

/* ---- BARs ---- */

static void test_mapped_bar(void)
{
	struct fixture f;
	unsigned int writes;

	prepare(&f);
	start(&f);
	place_bars(&f);
	writes = f.fake->writes;
	mem_write(&f, BAR0_GPA + 0x123 * 4, 0xcafe);
	g_assert_cmphex(pci_get32(f.bar0 + 0x123 * 4), ==, 0xcafe);
	g_assert_cmpuint(f.fake->writes, ==, writes); /* without a call */
	/* decoding off: nobody there */
	cfg_write(&f, PCI_COMMAND, 0, 2);
	g_assert_cmphex(mem_read(&f, BAR0_GPA + 0x123 * 4), ==, 0xffffffff);
	finish(&f);
}

static void test_sparse_bar(void)
{
	static const struct vfio_region_sparse_mmap_area areas[] = { { 0x8000, 0x8000 } };
	struct fixture f;
	unsigned int reads;

	prepare(&f);
	f.fake->regions[0].flags |= VFIO_REGION_INFO_FLAG_CAPS;
	f.fake->regions[0].sparse = areas;
	f.fake->regions[0].sparse_count = 1;
	start(&f);
	place_bars(&f);
	pci_set32(f.bar0 + 0x100, 0x12345678);
	pci_set32(f.bar0 + 0x8100, 0x87654321);
	reads = f.fake->reads;
	g_assert_cmphex(mem_read(&f, BAR0_GPA + 0x8100), ==, 0x87654321);
	g_assert_cmpuint(f.fake->reads, ==, reads); /* mapped */
	g_assert_cmphex(mem_read(&f, BAR0_GPA + 0x100), ==, 0x12345678);
	g_assert_cmpuint(f.fake->reads, ==, reads + 1); /* trapped */
	finish(&f);
}

static void test_no_mmap(void)
{
	struct fixture f;
	unsigned int writes;

	prepare(&f);
	f.fake->regions[2].flags &= ~MMAP;
	start(&f);
	place_bars(&f);
	writes = f.fake->writes;
	mem_write(&f, BAR2_GPA + 8, 0xaa55);
	g_assert_cmpuint(f.fake->writes, ==, writes + 1);
	g_assert_cmphex(pci_get32(f.bar2 + 8), ==, 0xaa55);
	finish(&f);
}

static void test_small_and_port_bars(void)
{
	struct fixture f;
	uint8_t *ports, *small, value;

	prepare(&f);
	pci_set32(f.config + PCI_BASE_ADDRESS_3, PCI_BASE_ADDRESS_SPACE_IO);
	ports = vfio_fake_region_add(f.fake, 3, 8, RW, 0, 0);
	small = vfio_fake_region_add(f.fake, 1, 256, RW | MMAP, 0, 0);
	start(&f);
	cfg_write(&f, PCI_BASE_ADDRESS_1, 0xd0000000, 4);
	cfg_write(&f, PCI_BASE_ADDRESS_3, 0xc000, 4);
	cfg_write(&f, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
	small[255] = 0x5a;
	addr_space_read(f.board.mem, 0xd00000ff, &value, 1);
	g_assert_cmphex(value, ==, 0x5a);
	addr_space_read(f.board.mem, 0xd0000100, &value, 1);
	g_assert_cmphex(value, ==, 0xff); /* rounded up, nothing behind it */
	ports[7] = 0x77;
	addr_space_read(f.board.io, 0xc007, &value, 1);
	g_assert_cmphex(value, ==, 0x77);
	finish(&f);
}

static void test_msix_table_is_not_mapped(void)
{
	struct fixture f;

	prepare(&f);
	start(&f);
	place_bars(&f);
	mem_write(&f, BAR2_GPA + 0x1000, 0xfee01000);
	g_assert_cmphex(mem_read(&f, BAR2_GPA + 0x1000), ==, 0xfee01000);
	g_assert_cmphex(pci_get32(f.bar2 + 0x1000), ==, 0);
	/* its neighbours in the page are the device's still */
	mem_write(&f, BAR2_GPA + 0x1100, 0x99);
	g_assert_cmphex(pci_get32(f.bar2 + 0x1100), ==, 0x99);
	finish(&f);
}

/* ---- interrupts ---- */

static void test_intx(void)
{
	struct fixture f;

	prepare(&f);
	start(&f);
	g_assert_cmpint(f.fake->irqs[INTX].fds[0], >=, 0);
	g_assert_cmpint(f.fake->irqs[INTX].unmask_fd, >=, 0);
	vfio_fake_signal(f.fake, INTX, 0);
	settle();
	g_assert_true(accel_qtest_irq_level(f.board.accel, 10));
	accel_qtest_eoi(f.board.accel, 10);
	g_assert_false(accel_qtest_irq_level(f.board.accel, 10));
	g_assert_cmpuint(eventfd_drain(f.fake->irqs[INTX].unmask_fd), ==, 1);
	/* the guest routes the pin elsewhere */
	gsi_base = 5;
	machine_lock();
	pci_bus_route_changed(f.board.pci);
	machine_unlock();
	vfio_fake_signal(f.fake, INTX, 0);
	settle();
	g_assert_false(accel_qtest_irq_level(f.board.accel, 10));
	g_assert_true(accel_qtest_irq_level(f.board.accel, 5));
	finish(&f);
}

static void test_intx_slow(void)
{
	struct fixture f;
	unsigned int reads;

	prepare(&f);
	f.fake->irqs[INTX].flags = VFIO_IRQ_INFO_EVENTFD; /* nobody masks it for us */
	start(&f);
	place_bars(&f);
	vfio_fake_signal(f.fake, INTX, 0);
	settle();
	g_assert_true(accel_qtest_irq_level(f.board.accel, 10));
	/* the guest looks at the device, which traps now, and so has served it */
	reads = f.fake->reads;
	pci_set32(f.bar0 + 16, 0x1234);
	g_assert_cmphex(mem_read(&f, BAR0_GPA + 16), ==, 0x1234);
	g_assert_cmpuint(f.fake->reads, ==, reads + 1);
	g_assert_false(accel_qtest_irq_level(f.board.accel, 10));
	g_assert_cmpuint(f.fake->irqs[INTX].unmasks, ==, 1);
	finish(&f);
}

static void test_msi(void)
{
	struct fixture f;
	struct accel_qtest_msi msi;

	prepare(&f);
	start(&f);
	cfg_write(&f, CAP_MSI + PCI_MSI_ADDRESS_LO, 0xfee00000, 4);
	cfg_write(&f, CAP_MSI + PCI_MSI_DATA_64, 0x41, 2);
	cfg_write(&f, CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, 2);
	g_assert_cmpint(f.fake->irqs[INTX].fds[0], ==, -1);
	vfio_fake_signal(f.fake, MSI, 0);
	settle();
	g_assert_true(accel_qtest_msi_take(f.board.accel, &msi));
	g_assert_cmphex(msi.addr, ==, 0xfee00000);
	g_assert_cmphex(msi.data, ==, 0x41);
	/* off: back to INTx */
	cfg_write(&f, CAP_MSI + PCI_MSI_FLAGS, 0, 2);
	g_assert_cmpint(f.fake->irqs[MSI].fds[0], ==, -1);
	g_assert_cmpint(f.fake->irqs[INTX].fds[0], >=, 0);
	finish(&f);
}

static void msix_entry(struct fixture *f, unsigned int vector, uint32_t data, bool masked)
{
	uint64_t at = BAR2_GPA + 0x1000 + 16u * vector;

	mem_write(f, at, 0xfee00000);
	mem_write(f, at + 4, 0);
	mem_write(f, at + 8, data);
	mem_write(f, at + 12, masked);
}

static void test_msix(void)
{
	struct fixture f;
	struct accel_qtest_msi msi;
	unsigned int sets;

	prepare(&f);
	start(&f);
	place_bars(&f);
	cfg_write(&f, CAP_MSIX + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
	/* upwards, which older kernels take only if all were set up at first */
	for (unsigned int i = 0; i < 4; i++) {
		msix_entry(&f, i, 0x50 + i, false);
	}
	for (unsigned int i = 0; i < 4; i++) {
		vfio_fake_signal(f.fake, MSIX, i);
		settle();
		g_assert_true(accel_qtest_msi_take(f.board.accel, &msi));
		g_assert_cmphex(msi.data, ==, 0x50 + i);
	}
	/* masked: pending, and sent when unmasked; the host isn't bothered */
	sets = f.fake->irqs[MSIX].sets;
	mem_write(&f, BAR2_GPA + 0x1000 + 16 * 2 + 12, 1);
	vfio_fake_signal(f.fake, MSIX, 2);
	settle();
	g_assert_false(accel_qtest_msi_take(f.board.accel, &msi));
	g_assert_cmphex(mem_read(&f, BAR2_GPA + 0x1800), ==, 1 << 2);
	mem_write(&f, BAR2_GPA + 0x1000 + 16 * 2 + 12, 0);
	settle();
	g_assert_true(accel_qtest_msi_take(f.board.accel, &msi));
	g_assert_cmphex(msi.data, ==, 0x52);
	g_assert_cmpuint(f.fake->irqs[MSIX].sets, ==, sets);
	/* a new message for a vector that is on */
	msix_entry(&f, 1, 0x99, false);
	vfio_fake_signal(f.fake, MSIX, 1);
	settle();
	g_assert_true(accel_qtest_msi_take(f.board.accel, &msi));
	g_assert_cmphex(msi.data, ==, 0x99);
	cfg_write(&f, CAP_MSIX + PCI_MSIX_FLAGS, 0, 2);
	g_assert_cmpint(f.fake->irqs[MSIX].fds[0], ==, -1);
	g_assert_cmpint(f.fake->irqs[INTX].fds[0], >=, 0);
	finish(&f);
}

static void test_msix_host_has_none(void)
{
	struct fixture f;

	prepare(&f);
	f.fake->irqs[MSIX].result = -ENOSPC;
	start(&f);
	place_bars(&f);
	cfg_write(&f, CAP_MSIX + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
	msix_entry(&f, 0, 0x50, false);
	cfg_write(&f, CAP_MSIX + PCI_MSIX_FLAGS, 0, 2);
	g_assert_cmpint(f.fake->irqs[INTX].fds[0], >=, 0);
	finish(&f);
}

/* ---- life ---- */

static unsigned int open_fds(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++) {
		count += fcntl(fd, F_GETFD) >= 0;
	}
	return count;
}

static void test_reset(void)
{
	struct fixture f;

	prepare(&f);
	start(&f);
	place_bars(&f);
	cfg_write(&f, CAP_MSIX + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
	msix_entry(&f, 0, 0x50, false);
	cfg_write(&f, CAP_PM + PCI_PM_CTRL, 3, 2); /* the guest put it to sleep */
	machine_lock();
	vfio_pci_reset(&f.vp->pd.dev);
	machine_unlock();
	g_assert_cmpuint(f.fake->resets, ==, 1);
	g_assert_cmphex(f.config[CAP_PM + PCI_PM_CTRL], ==, 0);
	g_assert_cmphex(pci_get16(f.config + PCI_COMMAND), ==, 0);
	g_assert_cmphex(cfg_read(&f, PCI_BASE_ADDRESS_0, 4), ==, PCI_BASE_ADDRESS_MEM_PREFETCH);
	g_assert_cmpint(f.fake->irqs[MSIX].fds[0], ==, -1);
	g_assert_cmpint(f.fake->irqs[INTX].fds[0], >=, 0);
	place_bars(&f);
	mem_write(&f, BAR0_GPA, 0x77);
	g_assert_cmphex(pci_get32(f.bar0), ==, 0x77);
	finish(&f);
}

static void test_given_back(void)
{
	struct fixture f;
	unsigned int before;

	prepare(&f);
	f.fake->irqs[VFIO_PCI_REQ_IRQ_INDEX].count = 1;
	before = open_fds();
	start(&f);
	place_bars(&f);
	vfio_fake_signal(f.fake, VFIO_PCI_REQ_IRQ_INDEX, 0);
	settle();
	g_assert_cmphex(cfg_read(&f, PCI_VENDOR_ID, 4), ==, 0xffffffff);
	g_assert_cmphex(mem_read(&f, BAR0_GPA), ==, 0xffffffff);
	mem_write(&f, BAR2_GPA, 1);
	cfg_write(&f, PCI_COMMAND, 0, 2);
	cfg_write(&f, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	machine_lock();
	vfio_pci_reset(&f.vp->pd.dev);
	machine_unlock();
	g_assert_cmpuint(f.fake->resets, ==, 0);
	g_assert_cmpuint(open_fds(), ==, before);
	finish(&f);
}

static void test_option_rom(void)
{
	struct fixture f;
	uint8_t *rom;

	prepare(&f);
	rom = vfio_fake_region_add(f.fake, VFIO_PCI_ROM_REGION_INDEX, 2048, RW, 0, 0);
	rom[0] = 0x55;
	rom[1] = 0xaa;
	rom[100] = 0x42;
	start(&f);
	cfg_write(&f, PCI_ROM_ADDRESS, 0xd0000000 | PCI_ROM_ADDRESS_ENABLE, 4);
	cfg_write(&f, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	g_assert_cmphex(mem_read(&f, 0xd0000000) & 0xffff, ==, 0xaa55);
	g_assert_cmphex(mem_read(&f, 0xd0000064), ==, 0x42);
	finish(&f);
}

/* ---- OpRegion ---- */

#define OPREGION_INDEX 9u
#define RAM_BYTES      (64u << 20)

static uint8_t *prepare_opregion(struct fixture *f, uint64_t bytes, struct mem_region *ram)
{
	uint8_t *opregion;

	prepare(f);
	f->opregion = true;
	machine_lock();
	g_assert_true(mem_region_init_ram(ram, "ram", RAM_BYTES, NULL));
	addr_space_add(f->board.mem, 0, ram, 0);
	machine_unlock();
	f->board.low_ram_end = RAM_BYTES;
	f->fake->region_count = OPREGION_INDEX + 1;
	opregion = vfio_fake_region_add(f->fake, OPREGION_INDEX, bytes,
					VFIO_REGION_INFO_FLAG_READ, 0x80008086u,
					VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
	memcpy(opregion, "IntelGraphicsMem", 16);
	return opregion;
}

static void finish_opregion(struct fixture *f, struct mem_region *ram)
{
	machine_lock();
	mem_region_finish(ram);
	machine_unlock();
	finish(f);
}

static void test_opregion(void)
{
	struct mem_region ram = { 0 };
	struct fixture f;
	uint8_t *opregion = prepare_opregion(&f, (8 << 10) + 100, &ram), *copy;
	uint32_t gpa;

	opregion[5000] = 0x55;
	opregion[(8 << 10) + 99] = 0x66;
	start(&f);
	gpa = cfg_read(&f, 0xfc, 4);
	g_assert_cmphex(gpa, ==, RAM_BYTES - (12 << 10)); /* whole pages, from the top */
	g_assert_cmphex(f.board.low_ram_end, ==, gpa);
	g_assert_cmphex(cfg_read(&f, 0xfe, 2), ==, gpa >> 16);
	copy = addr_space_ram(f.board.mem, gpa, 12 << 10, false);
	g_assert_cmpmem(copy, (8 << 10) + 100, opregion, (8 << 10) + 100);
	/* the register is no business of the device's, and the guest can't move it */
	cfg_write(&f, 0xfc, 0, 4);
	g_assert_cmphex(cfg_read(&f, 0xfc, 4), ==, gpa);
	g_assert_cmphex(pci_get32(f.config + 0xfc), ==, 0);
	/* a guest that wrote to it gets a fresh one with the next reset */
	memset(copy, 0, 8 << 10);
	machine_lock();
	vfio_pci_reset(&f.vp->pd.dev);
	machine_unlock();
	g_assert_cmpmem(copy, (8 << 10) + 100, opregion, (8 << 10) + 100);
	g_assert_cmphex(cfg_read(&f, 0xfc, 4), ==, gpa);
	finish_opregion(&f, &ram);
}

static void test_opregion_nonsense(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct mem_region ram = { 0 };
		struct fixture f;
		uint8_t *opregion = prepare_opregion(&f, i == 0 ? 4096 : 8 << 10, &ram);

		if (i == 1) {
			opregion[15] = 'n';
		} else if (i == 2) {
			f.fake->regions[OPREGION_INDEX].size_bytes = 1u << 30;
		} else if (i == 3) {
			f.opregion = false; /* not asked for */
		}
		pci_set32(f.config + 0xfc, 0x11223344);
		start(&f);
		/* left as the device has it */
		g_assert_cmphex(cfg_read(&f, 0xfc, 4), ==, 0x11223344);
		g_assert_cmphex(f.board.low_ram_end, ==, RAM_BYTES);
		f.fake->regions[OPREGION_INDEX].size_bytes = 4096;
		finish_opregion(&f, &ram);
	}
}

static void test_opregion_no_room(void)
{
	g_autoptr(GError) error = NULL;
	struct mem_region ram = { 0 };
	struct fixture f;

	prepare_opregion(&f, 8 << 10, &ram);
	f.board.low_ram_end = 0;
	f.vp = (struct vfio_pci *)device_create(&vfio_pci_class, &f.board, "dev0");
	f.vp->device = &f.fake->device;
	f.vp->igd_opregion = true;
	vfio_device_init(f.vp->device, NULL);
	machine_lock();
	g_assert_false(vfio_pci_attach(f.vp, &error));
	machine_unlock();
	g_assert_nonnull(strstr(error->message, "x-igd-opregion: no memory in the guest for 8 KiB"));
	finish_opregion(&f, &ram);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define T(name, fn) g_test_add_func("/vfio-pci/" name, fn)
	T("config-space-is-split-between-device-and-us", test_identity);
	T("bars-are-sized-by-the-region", test_bar_registers);
	T("the-command-register-reaches-the-device", test_command);
	T("the-capability-list-is-ours", test_capabilities);
	T("an-msi-capability-without-room-is-left-out", test_msi_without_room);
	T("a-bridge-is-refused", test_bridge);
	T("a-bar-that-cannot-be-placed-is-refused", test_impossible_bar);
	T("an-msix-table-outside-its-bar-is-refused", test_impossible_msix);
	T("a-mapped-bar-needs-no-call", test_mapped_bar);
	T("a-sparse-bar-is-mapped-where-allowed-and-trapped-elsewhere", test_sparse_bar);
	T("a-bar-that-cannot-be-mapped-is-trapped", test_no_mmap);
	T("small-bars-and-port-bars-end-where-the-region-ends", test_small_and_port_bars);
	T("the-msix-table-is-never-mapped", test_msix_table_is_not_mapped);
	T("intx-goes-by-irqfd-and-eoi-unmasks", test_intx);
	T("intx-without-automask-is-served-by-a-look-at-the-device", test_intx_slow);
	T("msi-replaces-intx-and-back", test_msi);
	T("msix-vectors-come-one-by-one-and-mask-without-the-host", test_msix);
	T("a-host-without-vectors-is-survived", test_msix_host_has_none);
	T("reset-stops-everything-and-resets-the-device", test_reset);
	T("a-device-given-back-reads-all-ones", test_given_back);
	T("the-option-rom-is-the-devices", test_option_rom);
	T("the-guest-gets-a-copy-of-the-opregion", test_opregion);
	T("an-opregion-that-makes-no-sense-is-ignored", test_opregion_nonsense);
	T("an-opregion-without-room-is-refused", test_opregion_no_room);
#undef T
	return g_test_run();
}
