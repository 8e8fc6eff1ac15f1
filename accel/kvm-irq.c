// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts and doorbells. GSI 0..23 are the PC's lines, each wired to the PICs (0..15) and to
 * the IOAPIC; higher GSIs are messages. KVM takes the routing table whole.
 */
#include <errno.h>
#include <string.h>

#include "kvm-internal.h"
#include "util/error.h"
#include "util/fd.h"

#define CHIP_GSIS	24

/* ---- routing table; irq_lock held ---- */

static void put_chip_route(struct kvm *kvm, unsigned int gsi, unsigned int chip, unsigned int pin)
{
	kvm->routing->entries[kvm->routing->nr++] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

/* The timer, IRQ 0, is on the IOAPIC's pin 2, where PIC 2 is the cascade; the MADT says so. */
static void put_chip_routes(struct kvm *kvm)
{
	for (unsigned int gsi = 0; gsi < CHIP_GSIS; gsi++) {
		if (gsi < 8 && gsi != 2) {
			put_chip_route(kvm, gsi, KVM_IRQCHIP_PIC_MASTER, gsi);
		} else if (gsi >= 8 && gsi < 16) {
			put_chip_route(kvm, gsi, KVM_IRQCHIP_PIC_SLAVE, gsi - 8);
		}
		if (gsi == 0) {
			put_chip_route(kvm, gsi, KVM_IRQCHIP_IOAPIC, 2);
		} else if (gsi != 2) {
			put_chip_route(kvm, gsi, KVM_IRQCHIP_IOAPIC, gsi);
		}
		kvm->gsi_used[gsi] = 1;
	}
}

static struct kvm_irq_routing_entry *find_msi(struct kvm *kvm, int gsi)
{
	for (unsigned int i = 0; i < kvm->routing->nr; i++) {
		struct kvm_irq_routing_entry *entry = &kvm->routing->entries[i];

		if (gsi >= CHIP_GSIS && entry->gsi == (uint32_t)gsi) {
			return entry;
		}
	}
	return NULL;
}

static int commit_routes(struct kvm *kvm)
{
	return kvm_ioctl(kvm->vm_fd, KVM_SET_GSI_ROUTING, kvm->routing);
}

static struct kvm_irq_routing_msi message(uint64_t addr, uint32_t data)
{
	return (struct kvm_irq_routing_msi){
		.address_lo = (uint32_t)addr,
		.address_hi = (uint32_t)(addr >> 32),
		.data = data,
	};
}

/* ---- set-up ---- */

static bool save_chips(struct kvm *kvm, GError **error)
{
	int ret = 0;

	for (unsigned int chip = 0; chip < 3 && ret >= 0; chip++) {
		kvm->irqchips[chip].chip_id = chip;
		ret = kvm_ioctl(kvm->vm_fd, KVM_GET_IRQCHIP, &kvm->irqchips[chip]);
	}
	if (ret >= 0) {
		ret = kvm_ioctl(kvm->vm_fd, KVM_GET_PIT2, &kvm->pit);
	}
	return ret >= 0 || error_set_errno(error, -ret, "-accel kvm: state of the interrupt chips");
}

bool kvm_irq_init(struct kvm *kvm, GError **error)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	int ret = kvm_ioctl(kvm->vm_fd, KVM_CREATE_IRQCHIP, NULL);

	if (ret < 0) {
		return error_set_errno(error, -ret, "-accel kvm: create interrupt controllers");
	}
	ret = kvm_ioctl(kvm->vm_fd, KVM_CREATE_PIT2, &pit);
	if (ret < 0) {
		return error_set_errno(error, -ret, "-accel kvm: create a timer");
	}
	ret = kvm_ioctl(kvm->fd, KVM_CHECK_EXTENSION, (void *)(uintptr_t)KVM_CAP_IRQ_ROUTING);
	kvm->max_routes = MAX((unsigned int)MAX(ret, 0), 64);
	kvm->irqfd_resample = kvm_ioctl(kvm->fd, KVM_CHECK_EXTENSION,
					(void *)(uintptr_t)KVM_CAP_IRQFD_RESAMPLE) > 0;
	kvm->routing = g_malloc0(sizeof(*kvm->routing) +
				 kvm->max_routes * sizeof(kvm->routing->entries[0]));
	kvm->gsi_used = g_new0(uint8_t, kvm->max_routes);
	put_chip_routes(kvm);
	ret = commit_routes(kvm);
	if (ret < 0) {
		return error_set_errno(error, -ret, "-accel kvm: route interrupts");
	}
	return save_chips(kvm, error);
}

void kvm_irq_finish(struct kvm *kvm)
{
	fd_close(&kvm->vfio_fd);
	g_free(kvm->routing);
	g_free(kvm->gsi_used);
}

int kvm_irq_reset(struct kvm *kvm)
{
	int ret = 0;

	for (unsigned int chip = 0; chip < 3 && ret >= 0; chip++) {
		struct kvm_irqchip state = kvm->irqchips[chip];

		ret = kvm_ioctl(kvm->vm_fd, KVM_SET_IRQCHIP, &state);
	}
	if (ret >= 0) {
		struct kvm_pit_state2 state = kvm->pit;

		ret = kvm_ioctl(kvm->vm_fd, KVM_SET_PIT2, &state);
	}
	return MIN(ret, 0);
}

/* ---- lines and messages ---- */

int kvm_irq_set(struct accel *accel, unsigned int gsi, bool level)
{
	struct kvm_irq_level irq = { .irq = gsi, .level = level };

	if (gsi >= CHIP_GSIS) {
		return -EINVAL;
	}
	return kvm_ioctl(kvm_of(accel)->vm_fd, KVM_IRQ_LINE, &irq);
}

int kvm_msi_send(struct accel *accel, uint64_t addr, uint32_t data)
{
	struct kvm_msi msi = {
		.address_lo = (uint32_t)addr,
		.address_hi = (uint32_t)(addr >> 32),
		.data = data,
	};
	int ret = kvm_ioctl(kvm_of(accel)->vm_fd, KVM_SIGNAL_MSI, &msi);

	return MIN(ret, 0); /* more than 0: delivered to so many */
}

int kvm_msi_route_add(struct accel *accel, uint64_t addr, uint32_t data)
{
	struct kvm *kvm = kvm_of(accel);
	int gsi = CHIP_GSIS, ret;

	g_mutex_lock(&kvm->irq_lock);
	while ((unsigned int)gsi < kvm->max_routes && kvm->gsi_used[gsi]) {
		gsi++;
	}
	if ((unsigned int)gsi >= kvm->max_routes || kvm->routing->nr >= kvm->max_routes) {
		gsi = -ENOSPC;
	} else {
		kvm->routing->entries[kvm->routing->nr++] = (struct kvm_irq_routing_entry){
			.gsi = (uint32_t)gsi,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = message(addr, data),
		};
		ret = commit_routes(kvm);
		if (ret < 0) {
			kvm->routing->nr--;
			gsi = ret;
		} else {
			kvm->gsi_used[gsi] = 1;
		}
	}
	g_mutex_unlock(&kvm->irq_lock);
	return gsi;
}

/* Guests rewrite the same message at every unmask; KVM waits for all vCPUs at each commit. */
int kvm_msi_route_update(struct accel *accel, int gsi, uint64_t addr, uint32_t data)
{
	struct kvm *kvm = kvm_of(accel);
	struct kvm_irq_routing_msi msi = message(addr, data);
	struct kvm_irq_routing_entry *entry;
	int ret = -ENOENT;

	g_mutex_lock(&kvm->irq_lock);
	entry = find_msi(kvm, gsi);
	if (entry && !memcmp(&entry->u.msi, &msi, sizeof(msi))) {
		ret = 0;
	} else if (entry) {
		entry->u.msi = msi;
		ret = commit_routes(kvm);
	}
	g_mutex_unlock(&kvm->irq_lock);
	return ret;
}

void kvm_msi_route_remove(struct accel *accel, int gsi)
{
	struct kvm *kvm = kvm_of(accel);
	struct kvm_irq_routing_entry *entry;

	g_mutex_lock(&kvm->irq_lock);
	entry = find_msi(kvm, gsi);
	if (entry) {
		*entry = kvm->routing->entries[--kvm->routing->nr];
		kvm->gsi_used[gsi] = 0;
		commit_routes(kvm);
	}
	g_mutex_unlock(&kvm->irq_lock);
}

/* ---- fds ---- */

int kvm_irqfd_add(struct accel *accel, int fd, int gsi, int resample_fd)
{
	struct kvm *kvm = kvm_of(accel);
	struct kvm_irqfd irqfd = { .fd = (uint32_t)fd, .gsi = (uint32_t)gsi };

	if (resample_fd >= 0) {
		if (!kvm->irqfd_resample) {
			return -ENOTSUP;
		}
		irqfd.flags = KVM_IRQFD_FLAG_RESAMPLE;
		irqfd.resamplefd = (uint32_t)resample_fd;
	}
	return kvm_ioctl(kvm->vm_fd, KVM_IRQFD, &irqfd);
}

int kvm_irqfd_remove(struct accel *accel, int fd, int gsi)
{
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)fd,
		.gsi = (uint32_t)gsi,
		.flags = KVM_IRQFD_FLAG_DEASSIGN,
	};

	return kvm_ioctl(kvm_of(accel)->vm_fd, KVM_IRQFD, &irqfd);
}

int kvm_ioeventfd(struct accel *accel, bool add, bool pio, uint64_t addr, unsigned int size,
		  bool match, uint64_t value, int fd)
{
	struct kvm_ioeventfd bell = {
		.datamatch = match ? value : 0,
		.addr = addr,
		.len = size,
		.fd = fd,
		.flags = (add ? 0u : KVM_IOEVENTFD_FLAG_DEASSIGN) |
			(pio ? KVM_IOEVENTFD_FLAG_PIO : 0u) |
			(match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0u),
	};

	return kvm_ioctl(kvm_of(accel)->vm_fd, KVM_IOEVENTFD, &bell);
}

int kvm_vfio_group(struct accel *accel, int group_fd, bool add)
{
	struct kvm *kvm = kvm_of(accel);
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_VFIO };
	int32_t fd = group_fd;
	struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_GROUP,
		.attr = add ? KVM_DEV_VFIO_GROUP_ADD : KVM_DEV_VFIO_GROUP_DEL,
		.addr = (uintptr_t)&fd,
	};
	int ret = 0;

	g_mutex_lock(&kvm->irq_lock);
	if (kvm->vfio_fd < 0) {
		ret = kvm_ioctl(kvm->vm_fd, KVM_CREATE_DEVICE, &device);
		if (ret >= 0) {
			kvm->vfio_fd = (int)device.fd;
		}
	}
	if (ret >= 0) {
		ret = kvm_ioctl(kvm->vfio_fd, KVM_SET_DEVICE_ATTR, &attr);
	} else if (ret == -ENODEV) {
		ret = 0; /* a KVM without it: nothing to tell */
	}
	g_mutex_unlock(&kvm->irq_lock);
	return ret;
}
