/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One accelerator behind accel.h and vcpu.h. Private to accel/. */
#ifndef ACCEL_ACCEL_INTERNAL_H
#define ACCEL_ACCEL_INTERNAL_H

#include "accel/vcpu.h"

/* All mandatory; meanings as in accel.h and vcpu.h. */
struct accel_ops {
	const char *name;
	void (*destroy)(struct accel *accel);

	int (*mem_map)(struct accel *accel, uint64_t gpa, uint64_t size_bytes, void *hva,
		       bool readonly, bool log_dirty);
	int (*mem_unmap)(struct accel *accel, int slot);
	int (*mem_log)(struct accel *accel, int slot, bool log_dirty);
	int (*mem_dirty)(struct accel *accel, int slot, uint64_t *bitmap);

	int (*irq_set)(struct accel *accel, unsigned int gsi, bool level);
	int (*msi_send)(struct accel *accel, uint64_t addr, uint32_t data);
	int (*msi_route_add)(struct accel *accel, uint64_t addr, uint32_t data);
	int (*msi_route_update)(struct accel *accel, int gsi, uint64_t addr, uint32_t data);
	void (*msi_route_remove)(struct accel *accel, int gsi);
	int (*irqfd_add)(struct accel *accel, int fd, int gsi, int resample_fd);
	int (*irqfd_remove)(struct accel *accel, int fd, int gsi);
	int (*ioeventfd)(struct accel *accel, bool add, bool pio, uint64_t addr,
			 unsigned int size, bool match, uint64_t value, int fd);
	int (*vfio_group)(struct accel *accel, int group_fd, bool add);

	bool (*vcpus_create)(struct accel *accel, unsigned int count, const char *model,
			     GError **error);
	int (*vcpus_reset)(struct accel *accel, const struct vcpu_boot_state *boot);
	void (*vcpus_run)(struct accel *accel);
	void (*vcpus_stop)(struct accel *accel);
	int (*vcpu_thread_id)(const struct accel *accel, unsigned int index);
	unsigned int (*phys_bits)(const struct accel *accel);
};

/* Starts each accelerator's own struct. */
struct accel {
	const struct accel_ops *ops;
	struct accel_exit_ops exit_ops;
	void *exit_opaque;
	unsigned int vcpu_count;
};

#endif
