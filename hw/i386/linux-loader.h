/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts a Linux kernel into guest RAM without firmware: a bzImage by the 64-bit boot protocol, a vmlinux
 * as a PVH guest. Files are
 * checked when the loader is made and read again at each reset; they stay open. Private to
 * hw/i386.
 */
#ifndef HW_I386_LINUX_LOADER_H
#define HW_I386_LINUX_LOADER_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "accel/vcpu.h"

struct addr_space;
struct linux_loader;

/* Fixed places below 1 MiB; the e820 map says what is free. */
#define LOADER_LOW_END		0x9fc00u /* usable RAM ends here */
#define LOADER_ACPI_GPA		0xe0000u
#define LOADER_ACPI_SIZE	0x10000u

/* @initrd, @append may be NULL. @low_bytes: RAM from 0. */
struct linux_loader *linux_loader_create(const char *kernel, const char *initrd,
					 const char *append, uint64_t low_bytes, GError **error);
/* Accepts NULL. */
void linux_loader_destroy(struct linux_loader *loader);
/* @low_end: RAM from 0 that the guest may use; from there to low_bytes it is told to keep off.
 * @high_bytes: RAM from 4 GiB. Fills what the boot CPU needs. */
bool linux_loader_load(struct linux_loader *loader, struct addr_space *mem, uint64_t low_end,
		       uint64_t high_bytes, uint64_t rsdp_gpa, struct vcpu_boot_state *boot,
		       GError **error);

#endif
