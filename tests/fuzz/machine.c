// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole machine with every emulated device, and a guest that makes random accesses: ports, PCI
 * configuration, BARs, any address at all, and RAM where queues may lie. Each input starts from a
 * reset. After it every device answers with its own id again.
 */
#include <string.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "hw/core/addr-space.h"
#include "hw/core/machine-lock.h"
#include "hw/pci/pci.h"
#include "kernel/gvt/core/gvt_skl.h"
#include "system/machine.h"
#include "ui/console.h"
#include "util/error.h"
#include "util/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEP_BYTES  12
#define STEPS_LIMIT 200
#define RAM_MIB	    16ull

static struct machine *machine;

static struct machine *build(void)
{
	static char image[] = "/tmp/oriel-fuzz-XXXXXX";
	g_autofree char *drive = NULL;
	g_autoptr(GError) error = NULL;
	struct config *config = config_create();
	struct machine *made;
	int fd = g_mkstemp(image);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
	drive = g_strdup_printf("file=%s,format=raw", image);
	main_thread_init();
	{
		char *argv[] = {
			(char *)"fuzz", (char *)"-accel", (char *)"qtest", (char *)"-nodefaults",
			(char *)"-m", (char *)"16", (char *)"-drive", drive,
			(char *)"-device", (char *)"bochs-display",
			(char *)"-device", (char *)"skl-display",
			(char *)"-device", (char *)"virtio-rng-pci",
			(char *)"-device", (char *)"virtio-keyboard-pci",
			(char *)"-device", (char *)"virtio-tablet-pci",
			(char *)"-nic", (char *)"user,restrict=on",
			(char *)"-serial", (char *)"null", (char *)"-display", (char *)"none",
			(char *)"-no-shutdown", (char *)"-chardev", (char *)"null,id=c0",
			(char *)"-device", (char *)"virtio-serial-pci",
			(char *)"-device", (char *)"virtserialport,chardev=c0,name=port",
		};

		g_assert_cmpint(options_parse(config, G_N_ELEMENTS(argv), argv, &error), ==,
				OPTIONS_RUN);
	}
	made = machine_create(config, &error);
	g_assert_no_error(error);
	unlink(image);
	close(fd);
	return made;
}

/* The page table of skl-display leads to RAM, pages in no order: whatever is shown has pixels. */
static void map_graphics(void)
{
	static uint64_t table[(2u << 20) / 8];
	uint64_t ram_pages = (RAM_MIB << 20) / 4096;

	for (unsigned int devfn = 0; devfn < 256; devfn++) {
		struct pci_device *pd = pci_bus_device(machine->board.pci, devfn);

		if (!pd || pd->bars[0].size_bytes != GVT_SKL_BAR0_SIZE ||
		    pd->bars[0].gpa == PCI_UNMAPPED) {
			continue;
		}
		for (size_t i = 0; !table[0] && i < G_N_ELEMENTS(table); i++) {
			size_t n = G_N_ELEMENTS(table) - 1 - i;

			table[n] = GUINT64_TO_LE((n * 7 % ram_pages) << 12 | 1);
		}
		addr_space_write(machine->board.mem, pd->bars[0].gpa + GVT_SKL_GGTT_OFFSET, table,
				 sizeof(table));
	}
}

static uint32_t config_address(const uint8_t *step)
{
	/* Slots 0 to 15 hold everything. */
	return 0x80000000u | (step[2] & 0x7fu) << 8 | (step[3] & 0xfcu);
}

/* What makes a picture on skl-display; random offsets in 16 MiB find none of it. */
static const uint32_t skl_registers[] = {
	0x70008, 0x70180, 0x70188, 0x70190, 0x7019c, 0x701a4, 0x70080, 0x70084, 0x70088, 0x700a0,
	0x44200, 0x44404, 0x44408, 0x4440c, 0x101008, 0x64110,
};

/* An address in a BAR of one of the devices, or 0. */
static uint64_t bar_address(const uint8_t *step)
{
	struct pci_device *pd = pci_bus_device(machine->board.pci, PCI_DEVFN(step[2] & 15u, 0u));
	const struct pci_bar *bar = pd ? &pd->bars[step[3] % PCI_BARS] : NULL;

	if (!bar || !bar->region || bar->gpa == PCI_UNMAPPED || (bar->flags & PCI_BAR_IO)) {
		return 0;
	}
	if ((step[0] & 0x40) && bar->size_bytes == GVT_SKL_BAR0_SIZE) {
		return bar->gpa + skl_registers[step[4] % G_N_ELEMENTS(skl_registers)];
	}
	return bar->gpa + ((pci_get16(step + 4) | (uint64_t)step[1] << 16) & (bar->size_bytes - 1));
}

static void access_at(struct addr_space *space, uint64_t addr, unsigned int size, bool write,
		      const uint8_t *value)
{
	uint8_t data[8] = { 0 };

	if (write) {
		memcpy(data, value, size);
		addr_space_write(space, addr, data, size);
	} else {
		addr_space_read(space, addr, data, size);
	}
}

static void run_step(const uint8_t *step)
{
	static const uint16_t ports[] = {
		0x20, 0x40, 0x60, 0x64, 0x70, 0x71, 0x80, 0x92, 0xb2, 0x3f8, 0x4d0, 0x600, 0xcf8,
		0xcf9, 0xcfc, 0xc000,
	};
	unsigned int size = 1u << ((step[0] >> 4) & 3);
	bool write = step[0] & 0x80;
	struct addr_space *mem = machine->board.mem, *io = machine->board.io;
	uint32_t address;
	uint64_t addr;

	switch (step[0] & 7) {
	case 0:
		addr = ports[step[1] % G_N_ELEMENTS(ports)] + (step[2] & 0x3fu);
		access_at(io, addr, MIN(size, 4), write, step + 4);
		break;
	case 1:
		access_at(io, pci_get16(step + 2), MIN(size, 4), write, step + 4);
		break;
	case 2:
	case 3:
		address = GUINT32_TO_LE(config_address(step));
		addr_space_write(io, 0xcf8, &address, 4);
		access_at(io, 0xcfc + (step[3] & 3u & ~(MIN(size, 4) - 1)), MIN(size, 4), write,
			  step + 4);
		break;
	case 4:
	case 5:
		addr = bar_address(step);
		if (addr) {
			access_at(mem, addr, size, write, step + 6 - (size > 4 ? 2 : 0));
		}
		break;
	case 6: /* RAM: descriptors and rings for whoever is pointed here */
		access_at(mem, pci_get16(step + 2) & 0xffffu, size, true, step + 4);
		break;
	default:
		memcpy(&addr, step + 1, 8);
		access_at(mem, GUINT64_FROM_LE(addr), size, write, step + 4);
	}
}

static void spin(void)
{
	struct console *console;
	pixman_image_t *image;

	for (int i = 0; i < 10 && g_main_context_iteration(NULL, FALSE); i++) {
	}
	/* What the guest made of the displays is read as a viewer would. */
	for (unsigned int i = 0; (console = display_nth(machine->board.displays, i)); i++) {
		image = console_capture(console, NULL);
		if (image) {
			pixman_image_unref(image);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t address = GUINT32_TO_LE(0x80000000u), id = 0;
	g_autoptr(GError) error = NULL;

	if (!machine) {
		machine = build();
	}
	g_assert_true(machine_reset_hardware(machine, &error));
	map_graphics();
	for (size_t i = 0; i + STEP_BYTES <= size && i < STEPS_LIMIT * STEP_BYTES; i += STEP_BYTES) {
		run_step(data + i);
	}
	spin();
	g_assert_true(machine_reset_hardware(machine, &error));
	addr_space_write(machine->board.io, 0xcf8, &address, 4);
	addr_space_read(machine->board.io, 0xcfc, &id, 4);
	g_assert_cmphex(GUINT32_FROM_LE(id), ==, 0x12378086);
	return 0;
}
