// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "accel/vcpu.h"
#include "cpuid-table.h"
#include "util/error.h"

#define BIT(n) (1u << (n))

struct cpuid_table {
	GArray *entries; /* struct kvm_cpuid_entry2 */
	unsigned int cpus;
	unsigned int id_bits; /* of an APIC id, that tell the CPUs apart */
};

unsigned int cpuid_phys_bits(const struct kvm_cpuid_entry2 *supported, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (supported[i].function == 0x80000008) {
			return CLAMP(supported[i].eax & 0xff, 32, 52);
		}
	}
	return 36; /* what processors had that don't tell */
}

/* ---- entries ---- */

static struct kvm_cpuid_entry2 *find_entry(GArray *entries, uint32_t leaf, uint32_t subleaf)
{
	for (unsigned int i = 0; i < entries->len; i++) {
		struct kvm_cpuid_entry2 *entry = &g_array_index(entries, struct kvm_cpuid_entry2, i);

		if (entry->function == leaf &&
		    (!(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || entry->index == subleaf)) {
			return entry;
		}
	}
	return NULL;
}

static uint32_t *entry_reg(struct kvm_cpuid_entry2 *entry, unsigned int reg)
{
	switch (reg) {
	case 0:
		return &entry->eax;
	case 1:
		return &entry->ebx;
	case 2:
		return &entry->ecx;
	default:
		return &entry->edx;
	}
}

static uint32_t *find_word(GArray *entries, unsigned int word)
{
	struct kvm_cpuid_entry2 *entry = find_entry(entries, feature_words[word].leaf,
						    feature_words[word].subleaf);

	return entry ? entry_reg(entry, feature_words[word].reg) : NULL;
}

static void remove_leaf(GArray *entries, uint32_t leaf)
{
	for (unsigned int i = entries->len; i-- > 0;) {
		if (g_array_index(entries, struct kvm_cpuid_entry2, i).function == leaf) {
			g_array_remove_index(entries, i);
		}
	}
}

static void put_entry(GArray *entries, uint32_t leaf, uint32_t subleaf, bool indexed,
		      const uint32_t regs[4])
{
	struct kvm_cpuid_entry2 entry = {
		.function = leaf,
		.index = subleaf,
		.flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
		.eax = regs[0],
		.ebx = regs[1],
		.ecx = regs[2],
		.edx = regs[3],
	};

	g_array_append_val(entries, entry);
}

/* ---- features ---- */

static bool vendor_is_amd(GArray *entries)
{
	const struct kvm_cpuid_entry2 *entry = find_entry(entries, 0, 0);

	/* "Auth" of AuthenticAMD, "Hygo" of HygonGenuine */
	return entry && (entry->ebx == 0x68747541 || entry->ebx == 0x6f677948);
}

/* What KVM emulates by itself whatever the hardware is, so that every model has it; and what keeps
 * the guest's defences against speculation working. */
static const char *const always_on[] = {
	"x2apic", "tsc-deadline", "hypervisor", "arat", "tsc-adjust", "kvmclock", "kvmclock-old",
	"kvm-nopiodelay", "kvm-asyncpf", "kvm-asyncpf-int", "kvm-steal-time", "kvm-pv-eoi",
	"kvm-pv-unhalt", "kvm-pv-tlb-flush", "kvm-pv-ipi", "kvm-pv-sched-yield",
	"kvmclock-stable-bit", "spec-ctrl", "stibp", "ssbd", "md-clear", "arch-capabilities",
	"flush-l1d", "ibpb", "ibrs", "amd-stibp", "amd-ssbd", "virt-ssbd",
};

/* Tile state needs a permission for every thread that nobody asks for here. */
static const char *const never_on[] = { "amx-bf16", "amx-tile", "amx-int8" };

static void set_names(uint32_t words[FEATURE_WORDS], const char *const *names, size_t count,
		      bool on)
{
	for (size_t i = 0; i < count; i++) {
		unsigned int word, bit;

		if (feature_find(names[i], &word, &bit)) {
			words[word] = on ? words[word] | BIT(bit) : words[word] & ~BIT(bit);
		}
	}
}

struct options {
	bool enforce, hide_kvm, migratable;
	uint32_t on[FEATURE_WORDS], off[FEATURE_WORDS];
};

static bool parse_switch(const char *text, bool *on, GError **error)
{
	if (!strcmp(text, "on") || !strcmp(text, "true") || !strcmp(text, "yes")) {
		*on = true;
	} else if (!strcmp(text, "off") || !strcmp(text, "false") || !strcmp(text, "no")) {
		*on = false;
	} else {
		return error_set(error, "-cpu: '%s': expected 'on' or 'off'", text);
	}
	return true;
}

/* One of "+name", "-name", "name", "name=on|off". */
static bool parse_option(struct options *options, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "=", 2);
	const char *name = parts[0] ? parts[0] : "", *nearest;
	unsigned int word, bit;
	bool on = true;

	if (*name == '+' || *name == '-') {
		on = *name++ == '+';
	} else if (*name && parts[1] && !parse_switch(parts[1], &on, error)) {
		return false;
	}
	if (!strcmp(name, "enforce")) {
		options->enforce = on;
	} else if (!strcmp(name, "kvm")) {
		options->hide_kvm = !on;
	} else if (!strcmp(name, "migratable")) {
		options->migratable = on;
	} else if (feature_find(name, &word, &bit)) {
		options->on[word] = on ? options->on[word] | BIT(bit) : options->on[word] & ~BIT(bit);
		options->off[word] = on ? options->off[word] & ~BIT(bit) :
					  options->off[word] | BIT(bit);
	} else {
		nearest = feature_nearest(name);
		return error_set(error, "-cpu: unknown feature '%s'%s%s%s", name,
				 nearest ? " (did you mean '" : "", nearest ? nearest : "",
				 nearest ? "'?)" : "");
	}
	return true;
}

/* The answers for features that were asked for but can't be had. */
static bool report_missing(const struct options *options, const uint32_t *supported,
			   GError **error)
{
	for (unsigned int w = 0; w < FEATURE_WORDS; w++) {
		for (unsigned int b = 0; b < 32; b++) {
			if (!(options->on[w] & ~supported[w] & BIT(b))) {
				continue;
			}
			if (options->enforce) {
				return error_set(error, "-cpu: the host can't give feature '%s'",
						 feature_words[w].names[b]);
			}
			warn_report("-cpu: the host can't give feature '%s'",
				    feature_words[w].names[b]);
		}
	}
	return true;
}

/* ---- named models ---- */

static const uint32_t model_leaves[] = {
	0, 1, 4, 6, 7, 0xb, 0xd, KVM_CPUID_SIGNATURE, KVM_CPUID_FEATURES, 0x80000000,
	0x80000001, 0x80000002, 0x80000003, 0x80000004, 0x80000005, 0x80000006, 0x80000007,
	0x80000008, 0x8000001d, 0x8000001e,
};

static bool leaf_of_models(uint32_t leaf)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(model_leaves); i++) {
		if (model_leaves[i] == leaf) {
			return true;
		}
	}
	return false;
}

/* Family and model as leaf 1 encodes them: what doesn't fit goes to the extended fields. */
static uint32_t signature(const struct cpu_model *model)
{
	uint32_t family = MIN(model->family, 15), extended_family = model->family - family;

	return (model->stepping & 0xf) | (model->model & 0xf) << 4 | family << 8 |
	       (model->model >> 4) << 16 | extended_family << 20;
}

static void set_identity(GArray *entries, const struct cpu_model *model)
{
	struct kvm_cpuid_entry2 *entry = find_entry(entries, 1, 0);
	char brand[48] = { 0 };

	if (entry) {
		entry->eax = signature(model);
	}
	entry = find_entry(entries, 0x80000001, 0);
	if (entry && vendor_is_amd(entries)) {
		entry->eax = signature(model);
	}
	strncpy(brand, model->brand, sizeof(brand) - 1);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t regs[4];

		memcpy(regs, brand + i * 16, 16);
		remove_leaf(entries, 0x80000002 + i);
		put_entry(entries, 0x80000002 + i, 0, false, regs);
	}
}

static void keep_model_leaves(GArray *entries)
{
	for (unsigned int i = entries->len; i-- > 0;) {
		if (!leaf_of_models(g_array_index(entries, struct kvm_cpuid_entry2, i).function)) {
			g_array_remove_index(entries, i);
		}
	}
}

/* Extended state components that go with a feature (Intel SDM volume 1, 13.1). */
static void limit_xsave(GArray *entries, const uint32_t *words)
{
	uint64_t components = 3; /* x87, SSE */
	struct kvm_cpuid_entry2 *entry = find_entry(entries, 0xd, 0);

	if (!(words[WORD_1_ECX] & BIT(26)) || !entry) {
		remove_leaf(entries, 0xd);
		return;
	}
	components |= words[WORD_1_ECX] & BIT(28) ? 1u << 2 : 0; /* avx */
	components |= words[WORD_7_EBX] & BIT(14) ? 3u << 3 : 0; /* mpx */
	components |= words[WORD_7_EBX] & BIT(16) ? 7u << 5 : 0; /* avx512f */
	components |= words[WORD_7_ECX] & BIT(3) ? 1u << 9 : 0; /* pku */
	entry->eax &= (uint32_t)components;
	entry->edx = 0;
	for (unsigned int i = entries->len; i-- > 0;) {
		entry = &g_array_index(entries, struct kvm_cpuid_entry2, i);
		if (entry->function == 0xd && entry->index >= 2 && !(entry->ecx & 1) &&
		    (entry->index > 63 || !(components >> entry->index & 1))) {
			g_array_remove_index(entries, i);
		}
	}
}

/* ---- the whole ---- */

static void apply_words(GArray *entries, const uint32_t words[FEATURE_WORDS])
{
	for (unsigned int w = 0; w < FEATURE_WORDS; w++) {
		uint32_t *value = find_word(entries, w);

		if (value) {
			*value = words[w];
		}
	}
}

/* AMD repeats part of leaf 1 in 0x80000001; those bits have no name of their own. */
#define AMD_REPEATED 0x0183f3ffu

static bool choose_features(GArray *entries, const struct cpu_model *model,
			    const struct options *options, GError **error)
{
	uint32_t supported[FEATURE_WORDS] = { 0 }, words[FEATURE_WORDS] = { 0 };

	for (unsigned int w = 0; w < FEATURE_WORDS; w++) {
		const uint32_t *value = find_word(entries, w);

		supported[w] = value ? *value : 0;
	}
	set_names(supported, never_on, G_N_ELEMENTS(never_on), false);
	if (model) {
		cpu_model_features(model, words);
		set_names(words, always_on, G_N_ELEMENTS(always_on), true);
	} else {
		memcpy(words, supported, sizeof(words));
	}
	if (options->migratable) {
		words[WORD_80000007_EDX] &= ~BIT(8);
	}
	if (!report_missing(options, supported, error)) {
		return false;
	}
	for (unsigned int w = 0; w < FEATURE_WORDS; w++) {
		words[w] = ((words[w] & ~options->off[w]) | options->on[w]) & supported[w];
	}
	if (vendor_is_amd(entries)) {
		words[WORD_80000001_EDX] = (words[WORD_80000001_EDX] & ~AMD_REPEATED) |
			(words[WORD_1_EDX] & supported[WORD_80000001_EDX] & AMD_REPEATED);
	}
	apply_words(entries, words);
	if (model) {
		keep_model_leaves(entries);
		set_identity(entries, model);
	}
	limit_xsave(entries, words);
	if (options->hide_kvm) {
		remove_leaf(entries, KVM_CPUID_SIGNATURE);
		remove_leaf(entries, KVM_CPUID_FEATURES);
	}
	return true;
}

static bool parse_text(const char *text, const struct cpu_model **model, struct options *options,
		       GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	const char *name = parts[0] ? parts[0] : "";

	*model = NULL;
	if (strcmp(name, "host") && strcmp(name, "max")) {
		*model = cpu_model_find(name);
		if (!*model) {
			g_autoptr(GPtrArray) names = g_ptr_array_new();
			const char *nearest;

			for (const struct cpu_model_name *n = accel_cpu_models(); n->name; n++) {
				g_ptr_array_add(names, (void *)n->name);
			}
			g_ptr_array_add(names, NULL);
			nearest = nearest_name(name, (const char *const *)names->pdata);
			return error_set(error, "-cpu: unknown model '%s'%s%s%s", name,
					 nearest ? " (did you mean '" : " (see -cpu help",
					 nearest ? nearest : "", nearest ? "'?)" : ")");
		}
	}
	for (char **part = parts + (parts[0] != NULL); *part; part++) {
		if (!parse_option(options, *part, error)) {
			return false;
		}
	}
	return true;
}

struct cpuid_table *cpuid_create(const struct kvm_cpuid_entry2 *supported, unsigned int count,
				 bool tsc_deadline, const char *text, unsigned int cpus,
				 GError **error)
{
	struct cpuid_table *table;
	const struct cpu_model *model;
	struct options options = { 0 };
	struct kvm_cpuid_entry2 *entry;

	if (!parse_text(text, &model, &options, error)) {
		return NULL;
	}
	table = g_new0(struct cpuid_table, 1);
	table->cpus = cpus;
	while (1u << table->id_bits < cpus) {
		table->id_bits++;
	}
	table->entries = g_array_new(FALSE, TRUE, sizeof(struct kvm_cpuid_entry2));
	g_array_append_vals(table->entries, supported, count);
	entry = find_entry(table->entries, 1, 0);
	if (entry) {
		/* KVM leaves these to us: hypervisor, and the timer where it has it. */
		entry->ecx |= BIT(31) | (tsc_deadline ? BIT(24) : 0);
	}
	if (!choose_features(table->entries, model, &options, error)) {
		cpuid_destroy(table);
		return NULL;
	}
	return table;
}

void cpuid_destroy(struct cpuid_table *table)
{
	if (table) {
		g_array_free(table->entries, TRUE);
		g_free(table);
	}
}

/* ---- topology: one socket, a core a CPU, one thread a core ---- */

static void fix_leaf_1(const struct cpuid_table *table, struct kvm_cpuid_entry2 *entry,
		       uint32_t id)
{
	entry->ebx = (entry->ebx & 0xff00) | id << 24 |
		MIN(1u << table->id_bits, 255) << 16;
	if (table->cpus > 1) {
		entry->edx |= BIT(28);
	} else {
		entry->edx &= ~BIT(28);
	}
}

/* Cache leaves: bits 14-25 CPUs that share it, 26-31 cores, both less one. Level 3 is shared. */
static void fix_cache(const struct cpuid_table *table, struct kvm_cpuid_entry2 *entry, bool cores)
{
	uint32_t level = entry->eax >> 5 & 7, all = (1u << table->id_bits) - 1;

	if (!(entry->eax & 0x1f)) {
		return;
	}
	entry->eax = (entry->eax & 0x3fff) | (level >= 3 ? all : 0) << 14 |
		(cores ? MIN(all, 63) << 26 : 0);
}

static void fix_entry(const struct cpuid_table *table, struct kvm_cpuid_entry2 *entry, uint32_t id)
{
	switch (entry->function) {
	case 1:
		fix_leaf_1(table, entry, id);
		break;
	case 4:
		fix_cache(table, entry, true);
		break;
	case 0x8000001d:
		fix_cache(table, entry, false);
		break;
	case 0x80000001:
		entry->ecx = table->cpus > 1 ? entry->ecx | BIT(1) : entry->ecx & ~BIT(1);
		break;
	case 0x80000008:
		entry->ecx = (table->cpus - 1) | table->id_bits << 12;
		break;
	case 0x8000001e:
		entry->eax = id;
		entry->ebx = id; /* core; one thread */
		entry->ecx = 0; /* one node */
		break;
	}
}

unsigned int cpuid_fill(const struct cpuid_table *table, unsigned int index,
			struct kvm_cpuid_entry2 *entries, unsigned int max)
{
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(struct kvm_cpuid_entry2));
	const uint32_t threads[4] = { 0, 1, 1 << 8 | 0, index };
	const uint32_t cores[4] = { table->id_bits, table->cpus, 2 << 8 | 1, index };
	const struct kvm_cpuid_entry2 *zero = find_entry(table->entries, 0, 0);
	unsigned int count;

	g_array_append_vals(all, table->entries->data, table->entries->len);
	remove_leaf(all, 0x1f);
	remove_leaf(all, 0xb);
	if (zero && zero->eax >= 0xb) {
		put_entry(all, 0xb, 0, true, threads);
		put_entry(all, 0xb, 1, true, cores);
		put_entry(all, 0xb, 2, true, (const uint32_t[4]){ 0, 0, 2, index });
	}
	count = MIN(all->len, max);
	for (unsigned int i = 0; i < count; i++) {
		entries[i] = g_array_index(all, struct kvm_cpuid_entry2, i);
		fix_entry(table, &entries[i], index);
	}
	return count;
}
