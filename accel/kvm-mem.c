// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory slots. Their numbers are KVM's slot ids. */
#include <errno.h>

#include "kvm-internal.h"
#include "util/trace.h"

static int set_region(struct kvm *kvm, unsigned int id, const struct kvm_slot *slot,
		      uint64_t size_bytes)
{
	struct kvm_userspace_memory_region region = {
		.slot = id,
		.flags = (slot->readonly && kvm->readonly_slots ? KVM_MEM_READONLY : 0) |
			(slot->log_dirty ? KVM_MEM_LOG_DIRTY_PAGES : 0),
		.guest_phys_addr = slot->gpa,
		.memory_size = size_bytes,
		.userspace_addr = (uintptr_t)slot->hva,
	};

	return kvm_ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Context: slot_lock held. The slot's index, or -ENOSPC. */
static int free_slot(struct kvm *kvm)
{
	for (unsigned int i = 0; i < kvm->slots->len; i++) {
		if (!g_array_index(kvm->slots, struct kvm_slot, i).used) {
			return (int)i;
		}
	}
	if (kvm->slots->len >= kvm->max_slots) {
		return -ENOSPC;
	}
	g_array_set_size(kvm->slots, kvm->slots->len + 1);
	return (int)kvm->slots->len - 1;
}

int kvm_mem_map(struct accel *accel, uint64_t gpa, uint64_t size_bytes, void *hva, bool readonly,
		bool log_dirty)
{
	struct kvm *kvm = kvm_of(accel);
	struct kvm_slot slot = { true, gpa, size_bytes, hva, readonly, log_dirty };
	int id, ret;

	g_mutex_lock(&kvm->slot_lock);
	id = free_slot(kvm);
	if (id >= 0) {
		ret = set_region(kvm, (unsigned int)id, &slot, size_bytes);
		if (ret < 0) {
			id = ret;
		} else {
			g_array_index(kvm->slots, struct kvm_slot, id) = slot;
		}
	}
	g_mutex_unlock(&kvm->slot_lock);
	return id;
}

/* Context: slot_lock held. */
static struct kvm_slot *find_slot(struct kvm *kvm, int id)
{
	struct kvm_slot *slot;

	if (id < 0 || (unsigned int)id >= kvm->slots->len) {
		return NULL;
	}
	slot = &g_array_index(kvm->slots, struct kvm_slot, id);
	return slot->used ? slot : NULL;
}

int kvm_mem_unmap(struct accel *accel, int id)
{
	struct kvm *kvm = kvm_of(accel);
	struct kvm_slot *slot;
	int ret = -ENOENT;

	g_mutex_lock(&kvm->slot_lock);
	slot = find_slot(kvm, id);
	if (slot) {
		ret = set_region(kvm, (unsigned int)id, slot, 0);
		slot->used = false;
	}
	g_mutex_unlock(&kvm->slot_lock);
	return ret;
}

int kvm_mem_log(struct accel *accel, int id, bool log_dirty)
{
	struct kvm *kvm = kvm_of(accel);
	struct kvm_slot *slot;
	int ret = -ENOENT;

	g_mutex_lock(&kvm->slot_lock);
	slot = find_slot(kvm, id);
	if (slot) {
		slot->log_dirty = log_dirty;
		ret = set_region(kvm, (unsigned int)id, slot, slot->size_bytes);
	}
	g_mutex_unlock(&kvm->slot_lock);
	return ret;
}

int kvm_mem_dirty(struct accel *accel, int id, uint64_t *bitmap)
{
	struct kvm *kvm = kvm_of(accel);
	struct kvm_dirty_log log = { .slot = (uint32_t)id, .dirty_bitmap = bitmap };
	struct kvm_slot *slot;
	int ret = -ENOENT;

	g_mutex_lock(&kvm->slot_lock);
	slot = find_slot(kvm, id);
	if (slot && slot->log_dirty) {
		ret = kvm_ioctl(kvm->vm_fd, KVM_GET_DIRTY_LOG, &log);
	}
	g_mutex_unlock(&kvm->slot_lock);
	return ret;
}
