// SPDX-License-Identifier: GPL-2.0-or-later
/* One VM with in-kernel interrupt controllers and timer. Interface: Linux' virt/kvm/api. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "kvm-internal.h"
#include "util/error.h"
#include "util/fd.h"

/* Three pages for a task state segment and one for an identity map, which KVM needs on Intel
 * processors that can't run real mode natively. Just below the reset vector's 64 KiB, where
 * the board has nothing. */
#define KVM_IDENTITY_GPA	0xfffbc000u
#define KVM_TSS_GPA		0xfffbd000u

int kvm_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

static int check_extension(struct kvm *kvm, long capability)
{
	return kvm_ioctl(kvm->fd, KVM_CHECK_EXTENSION, (void *)capability);
}

static const struct {
	long capability;
	const char *name;
} required[] = {
	{ KVM_CAP_IRQCHIP, "interrupt controllers" },
	{ KVM_CAP_PIT2, "a timer" },
	{ KVM_CAP_USER_MEMORY, "memory slots" },
	{ KVM_CAP_IMMEDIATE_EXIT, "immediate exit" },
	{ KVM_CAP_IRQFD, "irqfd" },
	{ KVM_CAP_IOEVENTFD, "ioeventfd" },
	{ KVM_CAP_IRQ_ROUTING, "interrupt routing" },
	{ KVM_CAP_SIGNAL_MSI, "MSI" },
	{ KVM_CAP_EXT_CPUID, "CPUID" },
	{ KVM_CAP_XSAVE, "XSAVE" },
};

static bool check_kvm(struct kvm *kvm, GError **error)
{
	int version = kvm_ioctl(kvm->fd, KVM_GET_API_VERSION, NULL);

	if (version != KVM_API_VERSION) {
		return error_set(error, "-accel kvm: /dev/kvm: version %d, expected %d", version,
				 KVM_API_VERSION);
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(required); i++) {
		if (check_extension(kvm, required[i].capability) <= 0) {
			return error_set(error, "-accel kvm: this kernel's KVM has no %s",
					 required[i].name);
		}
	}
	return true;
}

static bool create_vm(struct kvm *kvm, GError **error)
{
	uint64_t identity_gpa = KVM_IDENTITY_GPA;
	int ret;

	kvm->vm_fd = kvm_ioctl(kvm->fd, KVM_CREATE_VM, NULL);
	if (kvm->vm_fd < 0) {
		return error_set_errno(error, -kvm->vm_fd, "-accel kvm: create a VM");
	}
	ret = kvm_ioctl(kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_gpa);
	if (ret >= 0) {
		ret = kvm_ioctl(kvm->vm_fd, KVM_SET_TSS_ADDR, (void *)(uintptr_t)KVM_TSS_GPA);
	}
	if (ret < 0) {
		return error_set_errno(error, -ret, "-accel kvm: place KVM's own pages");
	}
	ret = check_extension(kvm, KVM_CAP_NR_MEMSLOTS);
	kvm->max_slots = ret > 0 ? (unsigned int)ret : 32;
	kvm->readonly_slots = check_extension(kvm, KVM_CAP_READONLY_MEM) > 0;
	return true;
}

static bool get_supported_cpuid(struct kvm *kvm, GError **error)
{
	int ret;

	kvm->supported = g_new0(struct kvm_cpuid_table, 1);
	kvm->supported->head.nent = KVM_MAX_CPUID;
	ret = kvm_ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, kvm->supported);
	if (ret < 0) {
		return error_set_errno(error, -ret, "-accel kvm: what CPUID can be had");
	}
	kvm->phys_bits = cpuid_phys_bits(kvm->supported->entries, kvm->supported->head.nent);
	return true;
}

static void kvm_destroy(struct accel *accel)
{
	struct kvm *kvm = kvm_of(accel);

	kvm_vcpus_destroy(kvm);
	kvm_irq_finish(kvm);
	fd_close(&kvm->vm_fd);
	fd_close(&kvm->fd);
	g_array_free(kvm->slots, TRUE);
	g_free(kvm->supported);
	g_mutex_clear(&kvm->slot_lock);
	g_mutex_clear(&kvm->irq_lock);
	g_mutex_clear(&kvm->lock);
	g_cond_clear(&kvm->changed);
	g_free(kvm);
}

static unsigned int kvm_phys_bits(const struct accel *accel)
{
	return ((const struct kvm *)accel)->phys_bits;
}

static const struct accel_ops kvm_ops = {
	.name = "kvm",
	.destroy = kvm_destroy,
	.mem_map = kvm_mem_map,
	.mem_unmap = kvm_mem_unmap,
	.mem_log = kvm_mem_log,
	.mem_dirty = kvm_mem_dirty,
	.irq_set = kvm_irq_set,
	.msi_send = kvm_msi_send,
	.msi_route_add = kvm_msi_route_add,
	.msi_route_update = kvm_msi_route_update,
	.msi_route_remove = kvm_msi_route_remove,
	.irqfd_add = kvm_irqfd_add,
	.irqfd_remove = kvm_irqfd_remove,
	.ioeventfd = kvm_ioeventfd,
	.vfio_group = kvm_vfio_group,
	.vcpus_create = kvm_vcpus_create,
	.vcpus_reset = kvm_vcpus_reset,
	.vcpus_run = kvm_vcpus_run,
	.vcpus_stop = kvm_vcpus_stop,
	.vcpu_thread_id = kvm_vcpu_thread_id,
	.phys_bits = kvm_phys_bits,
};

struct accel *accel_kvm_create(GError **error)
{
	struct kvm *kvm = g_new0(struct kvm, 1);

	kvm->accel.ops = &kvm_ops;
	kvm->vm_fd = kvm->vfio_fd = -1;
	kvm->slots = g_array_new(FALSE, TRUE, sizeof(struct kvm_slot));
	kvm->vcpus = g_ptr_array_new();
	g_mutex_init(&kvm->slot_lock);
	g_mutex_init(&kvm->irq_lock);
	g_mutex_init(&kvm->lock);
	g_cond_init(&kvm->changed);
	kvm->fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm->fd < 0) {
		error_set_errno(error, errno, "-accel kvm: /dev/kvm");
		kvm_destroy(&kvm->accel);
		return NULL;
	}
	if (!check_kvm(kvm, error) || !get_supported_cpuid(kvm, error) ||
	    !create_vm(kvm, error) || !kvm_irq_init(kvm, error)) {
		kvm_destroy(&kvm->accel);
		return NULL;
	}
	return &kvm->accel;
}
