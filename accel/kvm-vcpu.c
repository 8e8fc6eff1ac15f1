// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vCPU threads. A thread is asked to leave the guest with immediate_exit and a signal; it counts as
 * outside only after KVM_RUN came back with EINTR, because only then is the instruction that
 * caused the last exit complete and the vCPU's registers may be replaced.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm-internal.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

#define KICK_SIGNAL SIGUSR1

static void on_kick(int number)
{
	/* Only there to interrupt KVM_RUN. */
}

/* ---- exits ---- */

static void exit_io(struct kvm_vcpu *vcpu)
{
	const struct accel *accel = &vcpu->kvm->accel;
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++) {
		accel->exit_ops.pio(accel->exit_opaque, run->io.port, data, run->io.size,
				    run->io.direction == KVM_EXIT_IO_OUT);
		data += run->io.size;
	}
}

static void mark_dead(struct kvm_vcpu *vcpu)
{
	g_mutex_lock(&vcpu->kvm->lock);
	vcpu->dead = true;
	g_mutex_unlock(&vcpu->kvm->lock);
}

static void fail(struct kvm_vcpu *vcpu, const char *cause, uint64_t detail)
{
	const struct accel *accel = &vcpu->kvm->accel;
	struct kvm_regs regs = { 0 };
	g_autofree char *text = NULL;

	kvm_ioctl(vcpu->fd, KVM_GET_REGS, &regs);
	text = g_strdup_printf("CPU %u: %s (0x%" PRIx64 ") at rip 0x%llx", vcpu->index, cause,
			       detail, regs.rip);
	mark_dead(vcpu);
	accel->exit_ops.fail(accel->exit_opaque, text);
}

static void handle_exit(struct kvm_vcpu *vcpu)
{
	const struct accel *accel = &vcpu->kvm->accel;
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		accel->exit_ops.mmio(accel->exit_opaque, run->mmio.phys_addr, run->mmio.data,
				     run->mmio.len, run->mmio.is_write);
		break;
	case KVM_EXIT_IO:
		exit_io(vcpu);
		break;
	case KVM_EXIT_SHUTDOWN:
		TRACE(accel, triple_fault, "cpu %u", vcpu->index);
		mark_dead(vcpu);
		accel->exit_ops.reset(accel->exit_opaque);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		mark_dead(vcpu);
		accel->exit_ops.reset(accel->exit_opaque);
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		fail(vcpu, run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION ?
		     "KVM can't emulate the instruction" : "KVM internal error",
		     run->internal.suberror);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		fail(vcpu, "the processor refused to enter the guest",
		     run->fail_entry.hardware_entry_failure_reason);
		break;
	default:
		fail(vcpu, "unknown exit from KVM", run->exit_reason);
	}
}

/* ---- the thread ---- */

/* Waits until the vCPU may enter the guest; false when it is to end. */
static bool wait_for_turn(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	bool go_on;

	g_mutex_lock(&kvm->lock);
	if (!kvm->running || vcpu->dead || kvm->quitting) {
		vcpu->place = VCPU_OUTSIDE;
		g_cond_broadcast(&kvm->changed);
	}
	while (!kvm->quitting && (!kvm->running || vcpu->dead)) {
		g_cond_wait(&kvm->changed, &kvm->lock);
	}
	go_on = !kvm->quitting;
	if (go_on) {
		vcpu->place = VCPU_INSIDE;
		/* Set by whoever wants it to stop, under the same lock. */
		__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_RELAXED);
	}
	g_mutex_unlock(&kvm->lock);
	return go_on;
}

static void *vcpu_thread(void *opaque)
{
	struct kvm_vcpu *vcpu = opaque;
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	g_mutex_lock(&vcpu->kvm->lock);
	vcpu->tid = gettid();
	g_cond_broadcast(&vcpu->kvm->changed);
	g_mutex_unlock(&vcpu->kvm->lock);
	while (wait_for_turn(vcpu)) {
		for (;;) {
			if (!ioctl(vcpu->fd, KVM_RUN, NULL)) {
				handle_exit(vcpu);
				if (__atomic_load_n(&vcpu->dead, __ATOMIC_RELAXED)) {
					break;
				}
			} else if (errno == EINTR || errno == EAGAIN) {
				break;
			} else {
				fail(vcpu, g_strerror(errno), (uint64_t)errno);
				break;
			}
		}
	}
	return NULL;
}

static void kick_all(struct kvm *kvm)
{
	for (unsigned int i = 0; i < kvm->vcpus->len; i++) {
		struct kvm_vcpu *vcpu = g_ptr_array_index(kvm->vcpus, i);

		__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_RELEASE);
		if (vcpu->place == VCPU_INSIDE) {
			tgkill(getpid(), vcpu->tid, KICK_SIGNAL);
		}
	}
}

static bool all_outside(const struct kvm *kvm)
{
	for (unsigned int i = 0; i < kvm->vcpus->len; i++) {
		if (((struct kvm_vcpu *)g_ptr_array_index(kvm->vcpus, i))->place == VCPU_INSIDE) {
			return false;
		}
	}
	return true;
}

/* kvmclock stands still while the guest does, as on a machine that is asleep. */
static void hold_clock(struct kvm *kvm)
{
	kvm->clock_held = kvm_ioctl(kvm->vm_fd, KVM_GET_CLOCK, &kvm->clock) >= 0;
}

static void release_clock(struct kvm *kvm)
{
	struct kvm_clock_data clock = { .clock = kvm->clock.clock };

	if (kvm->clock_held) {
		kvm_ioctl(kvm->vm_fd, KVM_SET_CLOCK, &clock);
		kvm->clock_held = false;
	}
}

void kvm_vcpus_stop(struct accel *accel)
{
	struct kvm *kvm = kvm_of(accel);
	bool ran;

	g_mutex_lock(&kvm->lock);
	ran = kvm->running;
	kvm->running = false;
	kick_all(kvm);
	while (!all_outside(kvm)) {
		g_cond_wait(&kvm->changed, &kvm->lock);
	}
	g_mutex_unlock(&kvm->lock);
	if (ran) {
		hold_clock(kvm);
	}
}

void kvm_vcpus_run(struct accel *accel)
{
	struct kvm *kvm = kvm_of(accel);

	release_clock(kvm);
	for (unsigned int i = 0; i < kvm->vcpus->len && kvm->ran; i++) {
		struct kvm_vcpu *vcpu = g_ptr_array_index(kvm->vcpus, i);

		/* The guest's watchdogs aren't to count the pause. Fails without kvmclock. */
		kvm_ioctl(vcpu->fd, KVM_KVMCLOCK_CTRL, NULL);
	}
	g_mutex_lock(&kvm->lock);
	kvm->running = kvm->ran = true;
	g_cond_broadcast(&kvm->changed);
	g_mutex_unlock(&kvm->lock);
}

int kvm_vcpus_reset(struct accel *accel, const struct vcpu_boot_state *boot)
{
	struct kvm *kvm = kvm_of(accel);
	int ret = kvm->ran ? kvm_irq_reset(kvm) : 0;

	for (unsigned int i = 0; i < kvm->vcpus->len && !ret; i++) {
		struct kvm_vcpu *vcpu = g_ptr_array_index(kvm->vcpus, i);

		g_mutex_lock(&kvm->lock);
		g_assert(vcpu->place == VCPU_OUTSIDE);
		vcpu->dead = false;
		g_mutex_unlock(&kvm->lock);
		if (!vcpu->fresh || kvm->ran) {
			ret = kvm_vcpu_snapshot_restore(vcpu);
		}
		if (!ret && boot) {
			ret = kvm_vcpu_boot(vcpu, boot);
			vcpu->fresh = false;
		} else if (!ret) {
			/* Nothing to run: even the first CPU waits for somebody to start it. */
			struct kvm_mp_state mp = { KVM_MP_STATE_UNINITIALIZED };

			ret = MIN(kvm_ioctl(vcpu->fd, KVM_SET_MP_STATE, &mp), 0);
		}
	}
	return ret;
}

/* ---- creation ---- */

static bool create_vcpu(struct kvm *kvm, unsigned int index, const struct cpuid_table *cpuid,
			GError **error)
{
	struct kvm_vcpu *vcpu = g_new0(struct kvm_vcpu, 1);
	g_autofree struct kvm_cpuid_table *table = g_new0(struct kvm_cpuid_table, 1);
	g_autofree char *name = g_strdup_printf("CPU %u/KVM", index);
	int ret;

	vcpu->kvm = kvm;
	vcpu->index = index;
	vcpu->fresh = true;
	vcpu->run = MAP_FAILED;
	g_ptr_array_add(kvm->vcpus, vcpu);
	vcpu->fd = kvm_ioctl(kvm->vm_fd, KVM_CREATE_VCPU, (void *)(uintptr_t)index);
	if (vcpu->fd < 0) {
		return error_set_errno(error, -vcpu->fd, "-smp: create CPU %u", index);
	}
	ret = kvm_ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
	if (ret > 0) {
		vcpu->run_size = (size_t)ret;
		vcpu->run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
				 vcpu->fd, 0);
	}
	if (vcpu->run == MAP_FAILED) {
		return error_set_errno(error, ret < 0 ? -ret : errno, "CPU %u: map", index);
	}
	table->head.nent = cpuid_fill(cpuid, index, table->entries, KVM_MAX_CPUID);
	ret = kvm_ioctl(vcpu->fd, KVM_SET_CPUID2, table);
	if (ret < 0) {
		return error_set_errno(error, -ret, "CPU %u: set CPUID", index);
	}
	if (!kvm_vcpu_snapshot_take(vcpu, error)) {
		return false;
	}
	vcpu->thread = g_thread_try_new(name, vcpu_thread, vcpu, error);
	if (!vcpu->thread) {
		return false;
	}
	g_mutex_lock(&kvm->lock);
	while (!vcpu->tid) {
		g_cond_wait(&kvm->changed, &kvm->lock);
	}
	g_mutex_unlock(&kvm->lock);
	return true;
}

static struct cpuid_table *make_cpuid(struct kvm *kvm, unsigned int count, const char *model,
				      GError **error)
{
	bool tsc_deadline = kvm_ioctl(kvm->fd, KVM_CHECK_EXTENSION,
				      (void *)(uintptr_t)KVM_CAP_TSC_DEADLINE_TIMER) > 0;
	struct cpuid_table *cpuid;

	cpuid = cpuid_create(kvm->supported->entries, kvm->supported->head.nent, tsc_deadline,
			     model, count, error);
	g_clear_pointer(&kvm->supported, g_free);
	return cpuid;
}

bool kvm_vcpus_create(struct accel *accel, unsigned int count, const char *model, GError **error)
{
	struct kvm *kvm = kvm_of(accel);
	struct sigaction action = { .sa_handler = on_kick };
	struct cpuid_table *cpuid;
	bool created = true;
	int max = kvm_ioctl(kvm->fd, KVM_CHECK_EXTENSION, (void *)(uintptr_t)KVM_CAP_MAX_VCPUS);

	/* APIC ids above 254 need an interrupt remapper. */
	max = CLAMP(max, 1, 255);
	if (count < 1 || count > (unsigned int)max) {
		return error_set(error, "-smp %u: expected 1 to %d CPUs", count, max);
	}
	sigaction(KICK_SIGNAL, &action, NULL);
	cpuid = make_cpuid(kvm, count, model, error);
	if (!cpuid) {
		return false;
	}
	for (unsigned int i = 0; i < count && created; i++) {
		created = create_vcpu(kvm, i, cpuid, error);
	}
	cpuid_destroy(cpuid);
	return created;
}

void kvm_vcpus_destroy(struct kvm *kvm)
{
	g_mutex_lock(&kvm->lock);
	kvm->quitting = true;
	kvm->running = false;
	for (unsigned int i = 0; i < kvm->vcpus->len; i++) {
		struct kvm_vcpu *vcpu = g_ptr_array_index(kvm->vcpus, i);

		if (vcpu->thread) {
			__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_RELEASE);
			tgkill(getpid(), vcpu->tid, KICK_SIGNAL);
		}
	}
	g_cond_broadcast(&kvm->changed);
	g_mutex_unlock(&kvm->lock);
	for (unsigned int i = 0; i < kvm->vcpus->len; i++) {
		struct kvm_vcpu *vcpu = g_ptr_array_index(kvm->vcpus, i);

		if (vcpu->thread) {
			g_thread_join(vcpu->thread);
		}
		kvm_vcpu_snapshot_free(vcpu);
		if (vcpu->run != MAP_FAILED) {
			munmap(vcpu->run, vcpu->run_size);
		}
		fd_close(&vcpu->fd);
		g_free(vcpu);
	}
	g_ptr_array_free(kvm->vcpus, TRUE);
}

int kvm_vcpu_thread_id(const struct accel *accel, unsigned int index)
{
	const struct kvm *kvm = (const struct kvm *)accel;

	return ((struct kvm_vcpu *)g_ptr_array_index(kvm->vcpus, index))->tid;
}
