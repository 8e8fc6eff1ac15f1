// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a reset puts back: KVM makes a vCPU in its architectural reset state, so that state is read
 * once, right after creation, and written again at every later reset.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "kvm-internal.h"
#include "util/error.h"
#include "util/trace.h"

/* Model-specific registers (Intel SDM volume 4). */
#define MSR_TSC			0x10
#define MSR_MTRR_PHYSBASE0	0x200
#define MSR_MTRR_PHYSMASK0	0x201
#define MSR_MTRR_DEF_TYPE	0x2ff
#define MTRR_TYPE_UC		0
#define MTRR_TYPE_WB		6
#define MTRR_ENABLE		(1u << 11)

#define CR0_PE	(1u << 0)
#define CR0_ET	(1u << 4)
#define CR0_NE	(1u << 5)
#define CR0_PG	(1u << 31)
#define CR4_PAE	(1u << 5)
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10)

static int extension(struct kvm_vcpu *vcpu, long capability)
{
	return kvm_ioctl(vcpu->kvm->fd, KVM_CHECK_EXTENSION, (void *)capability);
}

/*
 * Reads or writes @msrs. KVM stops at the first one that this CPU model lacks (or that can't be
 * written); that one is stepped over, and with @drop taken out of the table.
 */
static void for_all_msrs(struct kvm_vcpu *vcpu, unsigned long request, struct kvm_msrs *msrs,
			 bool drop)
{
	struct kvm_msrs *rest = g_malloc(sizeof(*rest) + msrs->nmsrs * sizeof(rest->entries[0]));
	uint32_t next = 0, kept = 0;

	while (next < msrs->nmsrs) {
		uint32_t count = msrs->nmsrs - next;
		int done;

		rest->nmsrs = count;
		rest->pad = 0;
		memcpy(rest->entries, msrs->entries + next, count * sizeof(rest->entries[0]));
		done = kvm_ioctl(vcpu->fd, request, rest);
		if (done < 0) {
			break;
		}
		if (drop) {
			memcpy(msrs->entries + kept, rest->entries,
			       (uint32_t)done * sizeof(rest->entries[0]));
			kept += (uint32_t)done;
		}
		next += (uint32_t)done + 1;
	}
	if (drop) {
		msrs->nmsrs = kept;
	}
	g_free(rest);
}

/* The values of all MSRs that can be read. */
static struct kvm_msrs *read_msrs(struct kvm_vcpu *vcpu)
{
	struct kvm_msr_list probe = { 0 };
	g_autofree struct kvm_msr_list *list = NULL;
	struct kvm_msrs *msrs;
	int ret = kvm_ioctl(vcpu->kvm->fd, KVM_GET_MSR_INDEX_LIST, &probe); /* -E2BIG, count */

	if (ret < 0 && ret != -E2BIG) {
		probe.nmsrs = 0;
	}
	list = g_malloc0(sizeof(*list) + probe.nmsrs * sizeof(list->indices[0]));
	list->nmsrs = probe.nmsrs;
	if (kvm_ioctl(vcpu->kvm->fd, KVM_GET_MSR_INDEX_LIST, list) < 0) {
		list->nmsrs = 0;
	}
	msrs = g_malloc0(sizeof(*msrs) + list->nmsrs * sizeof(msrs->entries[0]));
	for (uint32_t i = 0; i < list->nmsrs; i++) {
		if (list->indices[i] != MSR_TSC) {
			msrs->entries[msrs->nmsrs++].index = list->indices[i];
		}
	}
	for_all_msrs(vcpu, KVM_GET_MSRS, msrs, true);
	return msrs;
}

bool kvm_vcpu_snapshot_take(struct kvm_vcpu *vcpu, GError **error)
{
	struct kvm_vcpu_snapshot *s = &vcpu->snapshot;
	int xsave_size = extension(vcpu, KVM_CAP_XSAVE2);
	int nested_size = extension(vcpu, KVM_CAP_NESTED_STATE);
	const struct {
		unsigned long request;
		void *state;
		const char *name;
	} parts[] = {
		{ KVM_GET_REGS, &s->regs, "registers" },
		{ KVM_GET_SREGS, &s->sregs, "system registers" },
		{ KVM_GET_LAPIC, &s->lapic, "APIC" },
		{ KVM_GET_MP_STATE, &s->mp, "run state" },
		{ KVM_GET_VCPU_EVENTS, &s->events, "events" },
		{ KVM_GET_DEBUGREGS, &s->debug, "debug registers" },
		{ KVM_GET_XCRS, &s->xcrs, "XCRs" },
	};
	int ret;

	for (unsigned int i = 0; i < G_N_ELEMENTS(parts); i++) {
		ret = kvm_ioctl(vcpu->fd, parts[i].request, parts[i].state);
		if (ret < 0) {
			return error_set_errno(error, -ret, "CPU %u: read %s", vcpu->index,
					       parts[i].name);
		}
	}
	s->xsave = g_malloc0(MAX((size_t)MAX(xsave_size, 0), sizeof(*s->xsave)));
	ret = kvm_ioctl(vcpu->fd, xsave_size > 0 ? KVM_GET_XSAVE2 : KVM_GET_XSAVE, s->xsave);
	if (ret < 0) {
		return error_set_errno(error, -ret, "CPU %u: read extended state", vcpu->index);
	}
	if (nested_size > 0) {
		s->nested = g_malloc0((size_t)nested_size);
		s->nested->size = (uint32_t)nested_size;
		if (kvm_ioctl(vcpu->fd, KVM_GET_NESTED_STATE, s->nested) < 0) {
			g_clear_pointer(&s->nested, g_free);
		}
	}
	s->msrs = read_msrs(vcpu);
	return true;
}

void kvm_vcpu_snapshot_free(struct kvm_vcpu *vcpu)
{
	g_free(vcpu->snapshot.xsave);
	g_free(vcpu->snapshot.nested);
	g_free(vcpu->snapshot.msrs);
}

static int write_msr(struct kvm_vcpu *vcpu, uint32_t index, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} one = { .head.nmsrs = 1, .entry = { .index = index, .data = value } };
	int ret = kvm_ioctl(vcpu->fd, KVM_SET_MSRS, &one);

	return ret == 1 ? 0 : ret < 0 ? ret : -EINVAL;
}

static void restore_msrs(struct kvm_vcpu *vcpu)
{
	for_all_msrs(vcpu, KVM_SET_MSRS, vcpu->snapshot.msrs, false);
	/* KVM keeps the TSCs of CPUs that are set to 0 together in step. */
	write_msr(vcpu, MSR_TSC, 0);
}

/* The order matters: out of a nested guest first, then the mode (sregs also hold the APIC's base
 * and mode), then what depends on it. */
int kvm_vcpu_snapshot_restore(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_snapshot *s = &vcpu->snapshot;
	const struct {
		unsigned long request;
		void *state;
	} parts[] = {
		{ KVM_SET_SREGS, &s->sregs },	{ KVM_SET_REGS, &s->regs },
		{ KVM_SET_XCRS, &s->xcrs },	{ KVM_SET_XSAVE, s->xsave },
		{ KVM_SET_DEBUGREGS, &s->debug }, { KVM_SET_LAPIC, &s->lapic },
		{ KVM_SET_VCPU_EVENTS, &s->events }, { KVM_SET_MP_STATE, &s->mp },
	};

	if (s->nested) {
		kvm_ioctl(vcpu->fd, KVM_SET_NESTED_STATE, s->nested);
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(parts); i++) {
		int ret = kvm_ioctl(vcpu->fd, parts[i].request, parts[i].state);

		if (ret < 0) {
			TRACE(accel, reset, "cpu %u: part %u: %s", vcpu->index, i,
			      g_strerror(-ret));
			return ret;
		}
	}
	restore_msrs(vcpu);
	/* Written once more: MSR writes may have changed the APIC (base, timer deadline). */
	return MIN(kvm_ioctl(vcpu->fd, KVM_SET_LAPIC, &s->lapic), 0);
}

/* ---- as firmware leaves it ---- */

/* Write-back everywhere but from uc_base to 4 GiB. A CPU model without MTRRs refuses; so be it. */
static void enable_caching(struct kvm_vcpu *vcpu, uint64_t uc_base)
{
	uint64_t address_mask = (UINT64_C(1) << vcpu->kvm->phys_bits) - 1;
	uint64_t size = (UINT64_C(1) << 32) - uc_base;

	if (uc_base) {
		write_msr(vcpu, MSR_MTRR_PHYSBASE0, uc_base | MTRR_TYPE_UC);
		write_msr(vcpu, MSR_MTRR_PHYSMASK0,
			  (~(size - 1) & address_mask) | MTRR_ENABLE);
	}
	write_msr(vcpu, MSR_MTRR_DEF_TYPE, MTRR_ENABLE | MTRR_TYPE_WB);
}

static struct kvm_segment flat_segment(uint16_t selector, bool code, bool bits64)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = code ? 0xb : 0x3, /* execute/read or read/write, accessed */
		.present = 1,
		.s = 1,
		.l = bits64,
		.db = !bits64,
		.g = 1,
	};
}

static int set_registers(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs, struct kvm_regs *regs)
{
	int ret = kvm_ioctl(vcpu->fd, KVM_SET_SREGS, sregs);

	return ret < 0 ? ret : MIN(kvm_ioctl(vcpu->fd, KVM_SET_REGS, regs), 0);
}

static int enter_real_mode(struct kvm_vcpu *vcpu, uint32_t gpa)
{
	struct kvm_sregs sregs = vcpu->snapshot.sregs;
	struct kvm_regs regs = { .rip = gpa & 0xf, .rflags = 2 };

	sregs.cs.selector = (uint16_t)(gpa >> 4);
	sregs.cs.base = gpa & ~UINT32_C(0xf);
	return set_registers(vcpu, &sregs, &regs);
}

int kvm_vcpu_boot(struct kvm_vcpu *vcpu, const struct vcpu_boot_state *boot)
{
	struct kvm_sregs sregs = vcpu->snapshot.sregs;
	struct kvm_regs regs = {
		.rip = boot->rip,
		.rbx = boot->rbx,
		.rsi = boot->rsi,
		.rsp = boot->rsp,
		.rflags = 2, /* the bit that is always one; interrupts off */
	};

	enable_caching(vcpu, boot->uc_base);
	if (vcpu->index != 0) {
		return 0; /* waits for the boot CPU's INIT and SIPI */
	}
	if (boot->real_mode_gpa) {
		return enter_real_mode(vcpu, boot->real_mode_gpa);
	}
	sregs.cs = flat_segment(0x10, true, !boot->bits32);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat_segment(0x18, false, false);
	sregs.gdt.base = boot->gdt_gpa;
	sregs.gdt.limit = boot->gdt_limit;
	if (boot->bits32) {
		sregs.cr0 = CR0_PE | CR0_ET;
		return set_registers(vcpu, &sregs, &regs);
	}
	sregs.cr3 = boot->cr3;
	sregs.cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	return set_registers(vcpu, &sregs, &regs);
}
