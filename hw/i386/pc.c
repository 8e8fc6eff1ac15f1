// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The board. Memory: RAM up to 3 GiB from 0, the rest from 4 GiB; PCI memory from 3 GiB to the IOAPIC
 * at 0xfec00000, and above RAM.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "accel/accel.h"
#include "acpi.h"
#include "chipset.h"
#include "hw/i386/pc.h"
#include "linux-loader.h"
#include "ps2.h"
#include "rtc.h"
#include "serial.h"
#include "util/error.h"
#include "util/range.h"
#include "util/trace.h"

#define GiB		(UINT64_C(1) << 30)
#define LOW_MAX		(3 * GiB)
#define HIGH_BASE	(4 * GiB)
#define PCI_MEM_END	0xfec00000u
#define PCI_IO_BASE	0xc000
#define PCI_IO_END	0xffff
/* Enough for the largest BARs without eating into IOMMUs that know 39 bits. */
#define MEM64_MAX	(256 * GiB)
/* AMD: from here to 1 TiB is HyperTransport's (AMD IOMMU specification, 2.1.2). */
#define AMD_RESERVED	UINT64_C(0xfd00000000)
#define RAM_MIN		(UINT64_C(2) << 20)

#define PORT_RESET	1 /* 0xcf9, from 0xcf8 */
#define RESET_NOW	0x04
#define PORT_92_RESET	0x01
#define PORT_92_A20	0x02
#define ROUTING_PORT	0xae00 /* dsdt.asl's IRTG */

struct pc {
	struct board *board;
	uint64_t low_bytes, high_bytes;
	struct pci_windows windows;
	struct acpi_config acpi;
	struct mem_region low, high;
	struct mem_region config_ports, port_92, port_80, routing_port;
	uint32_t config_address; /* of configuration mechanism 1 */
	uint8_t reset_control, port_92_value;
	bool ioapic; /* the guest told \_PIC that it uses it */
	struct isa_bus isa;
	struct device *host_bridge, *isa_bridge, *pm;
	struct serial *serial[4];
	struct rtc *rtc;
	struct i8042 *i8042;
	struct linux_loader *loader; /* NULL: nothing to boot */
};

/* ---- PCI ---- */

/* See dsdt.asl, which tells the guest the same. */
static unsigned int route_gsi(void *opaque, unsigned int slot, unsigned int pin)
{
	struct pc *pc = opaque;

	if (pc->ioapic) {
		return 16 + ((slot + pin) & 7);
	}
	return piix3_pirq_line(pc->isa_bridge, (slot + pin) & 3);
}

static void route_set(void *opaque, unsigned int gsi, bool level)
{
	struct pc *pc = opaque;

	accel_irq_set(pc->board->accel, gsi, level);
}

static const struct pci_route_ops route_ops = { route_gsi, route_set };

static bool config_target(const struct pc *pc, uint64_t port, unsigned int *devfn,
			  uint32_t *offset)
{
	uint32_t address = pc->config_address;

	*devfn = address >> 8 & 0xff;
	*offset = (address & 0xfc) | (port & 3);
	return (address & 0x80000000) && !(address & 0xff0000); /* enabled, bus 0 */
}

static uint64_t config_read(void *opaque, uint64_t port, unsigned int size)
{
	struct pc *pc = opaque;
	unsigned int devfn;
	uint32_t offset;

	if (port == 0 && size == 4) {
		return pc->config_address;
	}
	if (port == PORT_RESET && size == 1) {
		return pc->reset_control;
	}
	if (port < 4 || !config_target(pc, port, &devfn, &offset)) {
		return UINT64_MAX;
	}
	return pci_bus_config_read(pc->board->pci, devfn, offset, size);
}

static void write_reset_control(struct pc *pc, uint8_t value)
{
	if (value & ~pc->reset_control & RESET_NOW) {
		pc->board->request_reset(pc->board);
	}
	pc->reset_control = value & 0x0e;
}

static void config_write(void *opaque, uint64_t port, uint64_t value, unsigned int size)
{
	struct pc *pc = opaque;
	unsigned int devfn;
	uint32_t offset;

	if (port == 0 && size == 4) {
		pc->config_address = (uint32_t)value & 0x80fffffc;
	} else if (port == PORT_RESET && size == 1) {
		write_reset_control(pc, (uint8_t)value);
	} else if (port >= 4 && config_target(pc, port, &devfn, &offset)) {
		pci_bus_config_write(pc->board->pci, devfn, offset, (uint32_t)value, size);
	}
}

static const struct mem_ops config_ops = { config_read, config_write, 1, 4 };

/* ---- single ports ---- */

static uint64_t port_92_read(void *opaque, uint64_t offset, unsigned int size)
{
	return ((struct pc *)opaque)->port_92_value;
}

static void port_92_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pc *pc = opaque;

	if (value & ~pc->port_92_value & PORT_92_RESET) {
		pc->board->request_reset(pc->board);
	}
	pc->port_92_value = (uint8_t)value & (uint8_t)~PORT_92_RESET;
}

static const struct mem_ops port_92_ops = { port_92_read, port_92_write, 1, 1 };

/* POST codes; guests write here only to pass some time. */
static uint64_t port_80_read(void *opaque, uint64_t offset, unsigned int size)
{
	return 0xff;
}

static void port_80_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
}

static const struct mem_ops port_80_ops = { port_80_read, port_80_write, 1, 1 };

static uint64_t routing_read(void *opaque, uint64_t offset, unsigned int size)
{
	return ((struct pc *)opaque)->ioapic;
}

static void routing_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct pc *pc = opaque;
	bool ioapic = (value & 0xff) != 0;

	if (ioapic != pc->ioapic) {
		pc->ioapic = ioapic;
		pci_bus_route_changed(pc->board->pci);
	}
}

static const struct mem_ops routing_ops = { routing_read, routing_write, 1, 1 };

/* ---- creation ---- */

/* A shared mapping of any size succeeds; only its use would not. Refuse what never can fit. */
static bool check_ram_size(const struct pc_config *config, const struct pc *pc, GError **error)
{
	uint64_t top = pc->high_bytes ? HIGH_BASE + pc->high_bytes : pc->low_bytes;
	unsigned int bits = accel_phys_bits(pc->board->accel);
	struct sysinfo info;

	if (config->ram_bytes < RAM_MIN || config->ram_bytes % 4096) {
		return error_set(error, "-m: %" PRIu64 " bytes: expected at least 2 MiB, in whole"
				 " pages", config->ram_bytes);
	}
	if (top > UINT64_C(1) << bits) {
		return error_set(error, "-m: %" PRIu64 " MiB: the CPU addresses %u bits",
				 config->ram_bytes >> 20, bits);
	}
	if (!sysinfo(&info) && config->ram_bytes / info.mem_unit >
				       (uint64_t)info.totalram + info.totalswap) {
		return error_set_errno(error, ENOMEM, "-m: %" PRIu64 " MiB",
				       config->ram_bytes >> 20);
	}
	return true;
}

static void choose_windows(struct pc *pc)
{
	uint64_t end_of_bits = UINT64_C(1) << accel_phys_bits(pc->board->accel);
	uint64_t base = round_up(HIGH_BASE + pc->high_bytes, 4 * GiB);
	uint64_t end = MIN(MIN(end_of_bits, AMD_RESERVED), base + MEM64_MAX);

	if (base >= AMD_RESERVED) {
		base = MAX(base, UINT64_C(1) << 40);
		end = MIN(end_of_bits, base + MEM64_MAX);
	}
	pc->windows = (struct pci_windows){
		.mem_base = LOW_MAX,
		.mem_end = PCI_MEM_END,
		.mem64_base = base,
		.mem64_end = MAX(base, end),
		.io_base = PCI_IO_BASE,
		.io_end = PCI_IO_END,
	};
}

static bool create_ram(struct pc *pc, GError **error)
{
	if (!mem_region_init_ram(&pc->low, "pc.ram.low", pc->low_bytes, error)) {
		return false;
	}
	addr_space_add(pc->board->mem, 0, &pc->low, 0);
	if (pc->high_bytes) {
		if (!mem_region_init_ram(&pc->high, "pc.ram.high", pc->high_bytes, error)) {
			return false;
		}
		addr_space_add(pc->board->mem, HIGH_BASE, &pc->high, 0);
	}
	return true;
}

static void add_port(struct pc *pc, struct mem_region *region, const char *name, uint16_t base,
		     uint64_t size, const struct mem_ops *ops)
{
	mem_region_init_io(region, name, size, ops, pc);
	addr_space_add(pc->board->io, base, region, 0);
}

static void create_isa(struct pc *pc, const struct pc_config *config)
{
	static const uint16_t bases[4] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	static const unsigned int irqs[4] = { 4, 3, 4, 3 };

	add_port(pc, &pc->config_ports, "pci-config", 0xcf8, 8, &config_ops);
	add_port(pc, &pc->port_92, "port-92", 0x92, 1, &port_92_ops);
	add_port(pc, &pc->port_80, "port-80", 0x80, 1, &port_80_ops);
	add_port(pc, &pc->routing_port, "irq-routing", ROUTING_PORT, 1, &routing_ops);
	pc->rtc = rtc_create(pc->board->io, &pc->isa);
	for (unsigned int i = 0; i < G_N_ELEMENTS(pc->serial); i++) {
		if (config->serial[i]) {
			pc->serial[i] = serial_create(pc->board->io, bases[i], &pc->isa, irqs[i],
						      config->serial[i]);
			pc->acpi.serial_ports |= 1u << i;
		}
	}
	if (config->i8042) {
		pc->i8042 = i8042_create(pc->board, &pc->isa);
	}
}

static bool create_bridges(struct pc *pc, GError **error)
{
	struct board *board = pc->board;

	board->pci = pci_bus_create("pci.0", board->mem, board->io, &route_ops, pc);
	pc->host_bridge = device_create(&i440fx_class, board, NULL);
	pc->isa_bridge = device_create(&piix3_class, board, NULL);
	pc->pm = device_create(&piix4_pm_class, board, NULL);
	piix4_pm_set_bus(pc->pm, &pc->isa);
	return device_realize(pc->host_bridge, error) && device_realize(pc->isa_bridge, error) &&
	       device_realize(pc->pm, error);
}

struct pc *pc_create(struct board *board, const struct pc_config *config, GError **error)
{
	struct pc *pc = g_new0(struct pc, 1);

	pc->board = board;
	pc->isa.accel = board->accel;
	pc->low_bytes = MIN(config->ram_bytes, LOW_MAX);
	pc->high_bytes = config->ram_bytes - pc->low_bytes;
	board->low_ram_end = pc->low_bytes;
	board->mem = addr_space_create("mem", false, UINT64_C(1) << 52, board->accel);
	board->io = addr_space_create("io", true, 0x10000, board->accel);
	if (!check_ram_size(config, pc, error)) {
		goto fail;
	}
	choose_windows(pc);
	pc->acpi = (struct acpi_config){
		.cpus = config->cpus,
		.i8042 = config->i8042,
		.mem64_base = pc->windows.mem64_base,
		.mem64_end = pc->windows.mem64_end,
	};
	if (config->kernel) {
		pc->loader = linux_loader_create(config->kernel, config->initrd, config->append,
						 pc->low_bytes, error);
		if (!pc->loader) {
			goto fail;
		}
	}
	if (!create_ram(pc, error) || !create_bridges(pc, error)) {
		goto fail;
	}
	create_isa(pc, config);
	if (!accel_vcpus_create(board->accel, config->cpus, config->cpu_model, error)) {
		goto fail;
	}
	return pc;
fail:
	pc_destroy(pc);
	return NULL;
}

void pc_destroy(struct pc *pc)
{
	struct mem_region *ports[4];

	if (!pc) {
		return;
	}
	ports[0] = &pc->config_ports;
	ports[1] = &pc->port_92;
	ports[2] = &pc->port_80;
	ports[3] = &pc->routing_port;
	i8042_destroy(pc->i8042);
	for (unsigned int i = 0; i < G_N_ELEMENTS(pc->serial); i++) {
		serial_destroy(pc->serial[i]);
	}
	rtc_destroy(pc->rtc);
	for (unsigned int i = 0; i < G_N_ELEMENTS(ports); i++) {
		mem_region_finish(ports[i]);
	}
	device_destroy(pc->pm);
	device_destroy(pc->isa_bridge);
	device_destroy(pc->host_bridge);
	pci_bus_destroy(pc->board->pci);
	linux_loader_destroy(pc->loader);
	mem_region_finish(&pc->high);
	mem_region_finish(&pc->low);
	addr_space_destroy(pc->board->io);
	addr_space_destroy(pc->board->mem);
	pc->board->pci = NULL;
	pc->board->io = pc->board->mem = NULL;
	pc->board->low_ram_end = 0;
	g_free(pc);
}

/* ---- reset ---- */

static void reset_devices(struct pc *pc)
{
	struct device *const bridges[] = { pc->host_bridge, pc->isa_bridge, pc->pm };

	pc->config_address = 0;
	pc->reset_control = 0;
	pc->port_92_value = PORT_92_A20;
	for (unsigned int i = 0; i < G_N_ELEMENTS(bridges); i++) {
		bridges[i]->class->reset(bridges[i]);
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(pc->serial); i++) {
		if (pc->serial[i]) {
			serial_reset(pc->serial[i]);
		}
	}
	rtc_reset(pc->rtc);
	if (pc->i8042) {
		i8042_reset(pc->i8042);
	}
}

/* The chipset as firmware leaves it. */
static bool reset_chipset(struct pc *pc, GError **error)
{
	reset_devices(pc);
	piix3_set_default_lines(pc->isa_bridge);
	return pci_bus_assign(pc->board->pci, &pc->windows, error);
}

static bool reset_vcpus(struct pc *pc, struct vcpu_boot_state *boot, GError **error)
{
	int ret;

	if (boot) {
		boot->uc_base = LOW_MAX;
	}
	ret = accel_vcpus_reset(pc->board->accel, boot);
	if (ret < 0) {
		return error_set_errno(error, -ret, "CPUs: reset");
	}
	return true;
}

bool pc_reset(struct pc *pc, GError **error)
{
	struct vcpu_boot_state boot;
	uint8_t *acpi;
	uint64_t rsdp;

	pc->ioapic = false;
	if (!reset_chipset(pc, error)) {
		return false;
	}
	acpi = addr_space_ram(pc->board->mem, LOADER_ACPI_GPA, LOADER_ACPI_SIZE, true);
	rsdp = acpi_build(&pc->acpi, LOADER_ACPI_GPA, acpi, LOADER_ACPI_SIZE);
	g_assert(rsdp);
	if (pc->loader && !linux_loader_load(pc->loader, pc->board->mem, pc->board->low_ram_end,
					     pc->high_bytes, rsdp, &boot, error)) {
		return false;
	}
	return reset_vcpus(pc, pc->loader ? &boot : NULL, error);
}

bool pc_wake(struct pc *pc, bool by_button, GError **error)
{
	const void *acpi = addr_space_ram(pc->board->mem, LOADER_ACPI_GPA, LOADER_ACPI_SIZE, false);
	struct vcpu_boot_state boot = { .real_mode_gpa = acpi_waking_vector(acpi) };

	if (!boot.real_mode_gpa) {
		return error_set(error, "wake-up: the guest left no address to go on at");
	}
	if (!reset_chipset(pc, error)) {
		return false;
	}
	piix4_pm_woke(pc->pm, by_button);
	return reset_vcpus(pc, &boot, error);
}

void pc_powerdown(struct pc *pc)
{
	piix4_pm_power_button(pc->pm);
}
