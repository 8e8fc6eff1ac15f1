/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What runs the guest's instructions: KVM, or nobody (qtest).
 *
 * Everything a device needs from the hypervisor goes through these calls; no other folder
 * issues a KVM ioctl. All calls but accel_vcpu_run are thread-safe.
 */
#ifndef ACCEL_ACCEL_H
#define ACCEL_ACCEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <glib.h>

struct accel;

/* How a vCPU's access to an unmapped or trapped address is answered; implemented by hw/core.
 * Context: vcpu. @data holds @size bytes (1, 2, 4, 8). */
struct accel_exit_ops {
	void (*mmio)(void *opaque, uint64_t gpa, void *data, unsigned int size, bool write);
	void (*pio)(void *opaque, uint16_t port, void *data, unsigned int size, bool write);
	/* The guest asked for a reset (triple fault) or stopped for good (@error says why). */
	void (*reset)(void *opaque);
	void (*fail)(void *opaque, const char *error);
};

/* "kvm" opens /dev/kvm and creates a VM with in-kernel irqchip and PIT. */
struct accel *accel_kvm_create(GError **error);
/* "qtest": no vCPU runs; interrupts are recorded for the qtest protocol. */
struct accel *accel_qtest_create(GError **error);
void accel_destroy(struct accel *accel);
const char *accel_name(const struct accel *accel);

void accel_set_exit_ops(struct accel *accel, const struct accel_exit_ops *ops, void *opaque);

/* ---- memory ---- */

/* Maps [gpa, gpa + size) to @hva; all page aligned. Returns a slot >= 0 or -errno. */
int accel_mem_map(struct accel *accel, uint64_t gpa, uint64_t size_bytes, void *hva,
		  bool readonly, bool log_dirty);
int accel_mem_unmap(struct accel *accel, int slot);
/* Starts or stops a mapped slot's dirty log; the guest may run. */
int accel_mem_log(struct accel *accel, int slot, bool log_dirty);
/* Reads and clears the slot's dirty bitmap (a bit a page, little-endian longs); @bitmap holds
 * ceil(pages / 64) words, all zero before. -ENOTSUP where there is none. */
int accel_mem_dirty(struct accel *accel, int slot, uint64_t *bitmap);

/* ---- interrupts ---- */

/* Level of GSI 0..23 (PIC and IOAPIC input). */
int accel_irq_set(struct accel *accel, unsigned int gsi, bool level);
/* Sends one MSI now. */
int accel_msi_send(struct accel *accel, uint64_t addr, uint32_t data);
/* A GSI (>= 24) that stands for this MSI, for irqfds; -ENOSPC when the table is full. */
int accel_msi_route_add(struct accel *accel, uint64_t addr, uint32_t data);
int accel_msi_route_update(struct accel *accel, int gsi, uint64_t addr, uint32_t data);
void accel_msi_route_remove(struct accel *accel, int gsi);
/* Signalling @fd raises @gsi without passing through this process. @resample_fd >= 0 makes the
 * interrupt level-triggered: the guest's EOI lowers it and signals resample_fd. fds borrowed. */
int accel_irqfd_add(struct accel *accel, int fd, int gsi, int resample_fd);
int accel_irqfd_remove(struct accel *accel, int fd, int gsi);

/* ---- doorbells ---- */

/* A guest write of @size bytes (0: any size) to @addr signals @fd instead of exiting.
 * @match: only when the value written equals @value. */
int accel_ioeventfd_add(struct accel *accel, bool pio, uint64_t addr, unsigned int size,
			bool match, uint64_t value, int fd);
int accel_ioeventfd_remove(struct accel *accel, bool pio, uint64_t addr, unsigned int size,
			   bool match, uint64_t value, int fd);

/* Tells KVM's vfio pseudo-device of a group (fd borrowed). 0 where there is none. */
int accel_vfio_group(struct accel *accel, int group_fd, bool add);

#endif
