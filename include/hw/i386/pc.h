/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC board: i440FX host bridge, PIIX3 ISA bridge, PIIX4 power management, 16550 serial ports,
 * RTC, i8042, ACPI tables, and the loader for a Linux kernel without firmware.
 */
#ifndef HW_I386_PC_H
#define HW_I386_PC_H

#include "hw/core/device.h"
#include "accel/vcpu.h"

struct pc;

struct pc_config {
	uint64_t ram_bytes;
	unsigned int cpus;
	const char *cpu_model; /* see accel_vcpus_create */
	const char *kernel, *initrd, *append; /* kernel NULL: no boot code, vCPUs stay at reset */
	/* chardevs of COM1..COM4, NULL: no port */
	struct chardev *serial[4];
	bool i8042; /* keyboard controller with PS/2 keyboard and mouse */
};

/*
 * Fills board->mem, board->io, board->pci (created here, owned by the pc) on top of
 * board->accel; creates RAM, chipset, vCPUs. Kernel and initrd are read and checked here, so that
 * a bad one fails before anything runs. Devices are plugged afterwards by system/.
 * The accelerator's exit ops are system/'s. Context: main, machine lock held.
 */
struct pc *pc_create(struct board *board, const struct pc_config *config, GError **error);
/* vCPUs stopped, devices destroyed already. Accepts NULL. Context: main, machine lock held. */
void pc_destroy(struct pc *pc);
/*
 * Resets chipset and vCPUs, assigns PCI resources, writes kernel, ACPI tables and boot parameters to
 * RAM. system/ resets the devices first. Context: main, vCPUs stopped, machine lock held.
 */
bool pc_reset(struct pc *pc, GError **error);
/*
 * The end of a suspend to RAM, which is a reset with RAM as it was, and the guest entered where it wants
 * to be. False and *error: it named no such place. system/ resets the devices first. Context: as pc_reset.
 */
bool pc_wake(struct pc *pc, bool by_button, GError **error);
/* Presses the ACPI power button. Context: machine lock held. */
void pc_powerdown(struct pc *pc);

#endif
