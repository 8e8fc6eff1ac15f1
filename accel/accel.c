// SPDX-License-Identifier: GPL-2.0-or-later
#include "accel-internal.h"

void accel_destroy(struct accel *accel)
{
	if (accel) {
		accel->ops->destroy(accel);
	}
}

const char *accel_name(const struct accel *accel)
{
	return accel->ops->name;
}

void accel_set_exit_ops(struct accel *accel, const struct accel_exit_ops *ops, void *opaque)
{
	accel->exit_ops = *ops;
	accel->exit_opaque = opaque;
}

int accel_mem_map(struct accel *accel, uint64_t gpa, uint64_t size_bytes, void *hva,
		  bool readonly, bool log_dirty)
{
	return accel->ops->mem_map(accel, gpa, size_bytes, hva, readonly, log_dirty);
}

int accel_mem_unmap(struct accel *accel, int slot)
{
	return accel->ops->mem_unmap(accel, slot);
}

int accel_mem_log(struct accel *accel, int slot, bool log_dirty)
{
	return accel->ops->mem_log(accel, slot, log_dirty);
}

int accel_mem_dirty(struct accel *accel, int slot, uint64_t *bitmap)
{
	return accel->ops->mem_dirty(accel, slot, bitmap);
}

int accel_irq_set(struct accel *accel, unsigned int gsi, bool level)
{
	return accel->ops->irq_set(accel, gsi, level);
}

int accel_msi_send(struct accel *accel, uint64_t addr, uint32_t data)
{
	return accel->ops->msi_send(accel, addr, data);
}

int accel_msi_route_add(struct accel *accel, uint64_t addr, uint32_t data)
{
	return accel->ops->msi_route_add(accel, addr, data);
}

int accel_msi_route_update(struct accel *accel, int gsi, uint64_t addr, uint32_t data)
{
	return accel->ops->msi_route_update(accel, gsi, addr, data);
}

void accel_msi_route_remove(struct accel *accel, int gsi)
{
	accel->ops->msi_route_remove(accel, gsi);
}

int accel_irqfd_add(struct accel *accel, int fd, int gsi, int resample_fd)
{
	return accel->ops->irqfd_add(accel, fd, gsi, resample_fd);
}

int accel_irqfd_remove(struct accel *accel, int fd, int gsi)
{
	return accel->ops->irqfd_remove(accel, fd, gsi);
}

int accel_ioeventfd_add(struct accel *accel, bool pio, uint64_t addr, unsigned int size,
			bool match, uint64_t value, int fd)
{
	return accel->ops->ioeventfd(accel, true, pio, addr, size, match, value, fd);
}

int accel_ioeventfd_remove(struct accel *accel, bool pio, uint64_t addr, unsigned int size,
			   bool match, uint64_t value, int fd)
{
	return accel->ops->ioeventfd(accel, false, pio, addr, size, match, value, fd);
}

int accel_vfio_group(struct accel *accel, int group_fd, bool add)
{
	return accel->ops->vfio_group(accel, group_fd, add);
}

bool accel_vcpus_create(struct accel *accel, unsigned int count, const char *model,
			GError **error)
{
	if (!accel->ops->vcpus_create(accel, count, model, error)) {
		return false;
	}
	accel->vcpu_count = count;
	return true;
}

int accel_vcpus_reset(struct accel *accel, const struct vcpu_boot_state *boot)
{
	return accel->ops->vcpus_reset(accel, boot);
}

void accel_vcpus_run(struct accel *accel)
{
	accel->ops->vcpus_run(accel);
}

void accel_vcpus_stop(struct accel *accel)
{
	accel->ops->vcpus_stop(accel);
}

unsigned int accel_phys_bits(const struct accel *accel)
{
	return accel->ops->phys_bits(accel);
}

unsigned int accel_vcpus_count(const struct accel *accel)
{
	return accel->vcpu_count;
}

int accel_vcpu_thread_id(const struct accel *accel, unsigned int index)
{
	return index < accel->vcpu_count ? accel->ops->vcpu_thread_id(accel, index) : 0;
}
