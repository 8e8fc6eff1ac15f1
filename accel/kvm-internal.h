/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM accelerator. kvm.c makes the VM, kvm-mem.c its slots, kvm-irq.c interrupts and
 * doorbells, kvm-vcpu.c the threads and exits, kvm-state.c what a reset restores, cpuid-table.c what the
 * guest sees of the processor.
 */
#ifndef ACCEL_KVM_INTERNAL_H
#define ACCEL_KVM_INTERNAL_H

#include <linux/kvm.h>

#include "accel-internal.h"
#include "cpuid-table.h"

/* A variable-size KVM structure: header and entries. */
#define KVM_MAX_CPUID	256
struct kvm_cpuid_table {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[KVM_MAX_CPUID];
};

struct kvm_slot {
	bool used;
	uint64_t gpa, size_bytes;
	void *hva;
	bool readonly, log_dirty;
};

/* State right after creation, which is the architectural reset state. */
struct kvm_vcpu_snapshot {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_lapic_state lapic;
	struct kvm_mp_state mp;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debug;
	struct kvm_xcrs xcrs;
	struct kvm_xsave *xsave; /* size by KVM_CAP_XSAVE2 */
	struct kvm_nested_state *nested; /* NULL where KVM has none */
	struct kvm_msrs *msrs; /* as many as KVM gave values of */
};

enum vcpu_place {
	VCPU_OUTSIDE, /* waiting to be let in */
	VCPU_INSIDE, /* in the guest or in device code */
};

struct kvm_vcpu {
	struct kvm *kvm;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	GThread *thread;
	int tid;
	enum vcpu_place place; /* kvm->lock */
	bool dead; /* triple fault or failed: waits for a reset; kvm->lock */
	bool fresh; /* never ran since its creation: a reset has nothing to restore */
	struct kvm_vcpu_snapshot snapshot;
};

struct kvm {
	struct accel accel;
	int fd, vm_fd, vfio_fd; /* vfio_fd: KVM's vfio pseudo-device, -1 until needed */
	unsigned int max_slots;
	bool readonly_slots;
	unsigned int phys_bits;
	struct kvm_cpuid_table *supported; /* what KVM can offer; NULL once there are vCPUs */

	GMutex slot_lock; /* slots */
	GArray *slots; /* struct kvm_slot */

	GMutex irq_lock; /* routing, vfio_fd */
	struct kvm_irq_routing *routing; /* room for max_routes */
	unsigned int max_routes;
	uint8_t *gsi_used; /* a byte a GSI, up to max_routes */
	bool irqfd_resample;
	struct kvm_irqchip irqchips[3]; /* after creation: PIC, PIC, IOAPIC */
	struct kvm_pit_state2 pit;

	GMutex lock; /* running, and each vCPU's place and dead */
	GCond changed;
	bool running, quitting;
	bool clock_held; /* @clock is what the guest's clock showed when it stopped */
	struct kvm_clock_data clock;
	bool ran; /* the interrupt chips may differ from what was saved at creation */
	GPtrArray *vcpus; /* struct kvm_vcpu */
};

static inline struct kvm *kvm_of(struct accel *accel)
{
	return (struct kvm *)accel;
}

/* An ioctl that is repeated while signals interrupt it. 0 or more, or -errno. */
int kvm_ioctl(int fd, unsigned long request, void *arg);

/* kvm-mem.c */
int kvm_mem_map(struct accel *accel, uint64_t gpa, uint64_t size_bytes, void *hva, bool readonly,
		bool log_dirty);
int kvm_mem_unmap(struct accel *accel, int slot);
int kvm_mem_log(struct accel *accel, int slot, bool log_dirty);
int kvm_mem_dirty(struct accel *accel, int slot, uint64_t *bitmap);

/* kvm-irq.c */
bool kvm_irq_init(struct kvm *kvm, GError **error);
void kvm_irq_finish(struct kvm *kvm);
/* PIC, IOAPIC and PIT as they were after creation. */
int kvm_irq_reset(struct kvm *kvm);
int kvm_irq_set(struct accel *accel, unsigned int gsi, bool level);
int kvm_msi_send(struct accel *accel, uint64_t addr, uint32_t data);
int kvm_msi_route_add(struct accel *accel, uint64_t addr, uint32_t data);
int kvm_msi_route_update(struct accel *accel, int gsi, uint64_t addr, uint32_t data);
void kvm_msi_route_remove(struct accel *accel, int gsi);
int kvm_irqfd_add(struct accel *accel, int fd, int gsi, int resample_fd);
int kvm_irqfd_remove(struct accel *accel, int fd, int gsi);
int kvm_ioeventfd(struct accel *accel, bool add, bool pio, uint64_t addr, unsigned int size,
		  bool match, uint64_t value, int fd);
int kvm_vfio_group(struct accel *accel, int group_fd, bool add);

/* kvm-vcpu.c */
bool kvm_vcpus_create(struct accel *accel, unsigned int count, const char *model,
		      GError **error);
void kvm_vcpus_destroy(struct kvm *kvm);
int kvm_vcpus_reset(struct accel *accel, const struct vcpu_boot_state *boot);
void kvm_vcpus_run(struct accel *accel);
void kvm_vcpus_stop(struct accel *accel);
int kvm_vcpu_thread_id(const struct accel *accel, unsigned int index);

/* kvm-state.c */
bool kvm_vcpu_snapshot_take(struct kvm_vcpu *vcpu, GError **error);
void kvm_vcpu_snapshot_free(struct kvm_vcpu *vcpu);
int kvm_vcpu_snapshot_restore(struct kvm_vcpu *vcpu);
/* As a BIOS leaves it: caching on; the boot CPU at the kernel's entry. */
int kvm_vcpu_boot(struct kvm_vcpu *vcpu, const struct vcpu_boot_state *boot);

#endif
