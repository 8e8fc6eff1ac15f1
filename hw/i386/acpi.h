/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables (ACPI specification 6.4, chapter 5). Private to hw/i386. */
#ifndef HW_I386_ACPI_H
#define HW_I386_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acpi_config {
	unsigned int cpus;
	unsigned int serial_ports; /* a bit a port */
	bool i8042;
	uint64_t mem64_base, mem64_end; /* PCI window; equal: none */
};

/*
 * Writes all tables for guest address @gpa (below 4 GiB, aligned to 64) into @buffer and returns
 * the RSDP's guest address, which is @gpa; 0 when @size is too small (64 KiB is enough for 255 CPUs).
 */
uint64_t acpi_build(const struct acpi_config *config, uint32_t gpa, void *buffer, size_t size);

/* Where a guest that slept wants to be entered in real mode: what it wrote to the FACS in such a @buffer. 0: below
 * 1 MiB there is no such place. */
uint32_t acpi_waking_vector(const void *buffer);

#endif
