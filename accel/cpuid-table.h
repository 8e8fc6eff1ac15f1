/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPUID tells the guest: a model's features, cut down to what the host can give, with the
 * topology of -smp. Bits: Intel SDM volume 2 "CPUID", AMD APM volume 3 appendix E, and KVM's own
 * leaves in Linux' Documentation/virt/kvm/x86/cpuid.rst. Private to accel/.
 */
#ifndef ACCEL_CPUID_TABLE_H
#define ACCEL_CPUID_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <asm/kvm_para.h>
#include <linux/kvm.h>

struct cpuid_table;

/* One register full of feature bits. */
enum feature_word_index {
	WORD_1_EDX,
	WORD_1_ECX,
	WORD_6_EAX,
	WORD_7_EBX,
	WORD_7_ECX,
	WORD_7_EDX,
	WORD_7_1_EAX,
	WORD_D_1_EAX,
	WORD_KVM_EAX,
	WORD_80000001_EDX,
	WORD_80000001_ECX,
	WORD_80000007_EDX,
	WORD_80000008_EBX,
	FEATURE_WORDS
};

struct feature_word {
	uint32_t leaf, subleaf;
	unsigned int reg; /* 0 eax, 1 ebx, 2 ecx, 3 edx */
	const char *names[32]; /* NULL: no name */
};
extern const struct feature_word feature_words[FEATURE_WORDS];

/* The bit called @name ('_' and '-' are the same). False if there is none. */
bool feature_find(const char *name, unsigned int *word, unsigned int *bit);
/* The known name nearest to a wrong one, or NULL. */
const char *feature_nearest(const char *name);

/* A named model: everything in text, so that the tables stay readable. */
struct cpu_model {
	const char *name, *description;
	const char *base; /* model whose features it has too, or NULL */
	const char *features; /* names with spaces between them */
	unsigned int family, model, stepping;
	const char *brand;
};
/* NULL if unknown. */
const struct cpu_model *cpu_model_find(const char *name);
/* ORs the features of @model and its bases into @words. */
void cpu_model_features(const struct cpu_model *model, uint32_t words[FEATURE_WORDS]);

/* @supported: KVM_GET_SUPPORTED_CPUID's answer. @text: as -cpu takes it. */
struct cpuid_table *cpuid_create(const struct kvm_cpuid_entry2 *supported, unsigned int count,
				 bool tsc_deadline, const char *text, unsigned int cpus,
				 GError **error);
void cpuid_destroy(struct cpuid_table *table);
/* The entries of CPU @index; returns their number, at most @max. */
unsigned int cpuid_fill(const struct cpuid_table *table, unsigned int index,
			struct kvm_cpuid_entry2 *entries, unsigned int max);

/* Width of a guest's physical addresses. */
unsigned int cpuid_phys_bits(const struct kvm_cpuid_entry2 *supported, unsigned int count);

#endif
