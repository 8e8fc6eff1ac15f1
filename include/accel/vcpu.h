/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual CPUs: one thread each. See accel.h for everything else a hypervisor gives. */
#ifndef ACCEL_VCPU_H
#define ACCEL_VCPU_H

#include "accel/accel.h"

/* Initial state of the boot CPU for a direct kernel entry with flat segments; hw/i386 fills it. */
struct vcpu_boot_state {
	bool bits32; /* protected mode without paging; otherwise 64-bit mode */
	uint64_t rip, rbx, rsi, rsp;
	uint64_t cr3; /* 64-bit mode: identity map of the low 4 GiB, built by the loader */
	uint64_t gdt_gpa; /* of a GDT with flat code of that mode at 0x10 and data at 0x18 */
	uint16_t gdt_limit;
	/* As a BIOS sets the MTRRs of all CPUs: write-back, but uncached from here to 4 GiB (4 GiB
	 * minus a power of two; 0: nothing uncached). */
	uint64_t uc_base;
	/* Not 0: none of the entry above, but real mode at this address below 1 MiB, as firmware
	 * enters an operating system that slept (ACPI specification 6.4, 5.2.10). */
	uint32_t real_mode_gpa;
};

/* @model: "host", "max" or a model name, with optional ",+feature,-feature,feature=on|off".
 * Creates @count vCPUs (stopped) with APIC ids 0..count-1. "help" is handled elsewhere. */
bool accel_vcpus_create(struct accel *accel, unsigned int count, const char *model,
			GError **error);
/* Names of the CPU models this accelerator can offer, NULL-terminated, with descriptions. */
struct cpu_model_name {
	const char *name, *description;
};
const struct cpu_model_name *accel_cpu_models(void);

/* Puts all vCPUs in their reset state; the boot CPU in @boot (NULL: none runs).
 * Context: main, vCPUs stopped. */
int accel_vcpus_reset(struct accel *accel, const struct vcpu_boot_state *boot);
/* Lets the vCPU threads enter the guest. Context: main. */
void accel_vcpus_run(struct accel *accel);
/* Returns when every vCPU thread is outside the guest and outside device code. Context: main,
 * machine lock not held. */
void accel_vcpus_stop(struct accel *accel);
/* Width of the guest's physical addresses. */
unsigned int accel_phys_bits(const struct accel *accel);
unsigned int accel_vcpus_count(const struct accel *accel);
/* Thread ids for query-cpus-fast; 0 where there is no thread. */
int accel_vcpu_thread_id(const struct accel *accel, unsigned int index);

#endif
