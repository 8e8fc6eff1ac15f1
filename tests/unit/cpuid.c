// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "accel/cpuid-table.h"
#include "accel/vcpu.h"

#define ENTRIES 64

/* A host that has everything but what a test takes away. */
static unsigned int make_host(struct kvm_cpuid_entry2 *entries, bool amd)
{
	static const struct {
		uint32_t leaf, subleaf;
		bool indexed;
	} leaves[] = {
		{ 0 }, { 1 }, { 4, 0, true }, { 4, 3, true }, { 6 }, { 7, 0, true }, { 7, 1, true },
		{ 0xa }, { 0xb, 0, true }, { 0xd, 0, true }, { 0xd, 1, true }, { 0xd, 2, true },
		{ 0xd, 5, true }, { 0x1f, 0, true }, { KVM_CPUID_SIGNATURE }, { KVM_CPUID_FEATURES },
		{ 0x80000000 }, { 0x80000001 }, { 0x80000002 }, { 0x80000007 }, { 0x80000008 },
		{ 0x8000001e },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(leaves); i++) {
		entries[i] = (struct kvm_cpuid_entry2){
			.function = leaves[i].leaf, .index = leaves[i].subleaf,
			.flags = leaves[i].indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
			.eax = ~0u, .ebx = ~0u, .ecx = ~0u, .edx = ~0u,
		};
		if (leaves[i].leaf == 0) {
			entries[i].eax = 0x1f;
			entries[i].ebx = amd ? 0x68747541 : 0x756e6547;
		} else if (leaves[i].leaf == 4) {
			entries[i].eax = leaves[i].subleaf ? 3 << 5 | 3 : 1 << 5 | 1;
		} else if (leaves[i].leaf == 0xd && leaves[i].subleaf >= 2) {
			entries[i].ecx = 0;
		}
	}
	return G_N_ELEMENTS(leaves);
}

static struct cpuid_table *make(const char *model, unsigned int cpus, bool amd, GError **error)
{
	struct kvm_cpuid_entry2 host[ENTRIES];
	unsigned int count = make_host(host, amd);

	return cpuid_create(host, count, true, model, cpus, error);
}

static const struct kvm_cpuid_entry2 *find(const struct kvm_cpuid_entry2 *entries,
					   unsigned int count, uint32_t leaf, uint32_t subleaf)
{
	for (unsigned int i = 0; i < count; i++) {
		if (entries[i].function == leaf &&
		    (!(entries[i].flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ||
		     entries[i].index == subleaf)) {
			return &entries[i];
		}
	}
	return NULL;
}

struct view {
	struct kvm_cpuid_entry2 entries[ENTRIES];
	unsigned int count;
};

static void look(struct view *view, const char *model, unsigned int cpus, unsigned int index,
		 bool amd)
{
	g_autoptr(GError) error = NULL;
	struct cpuid_table *table = make(model, cpus, amd, &error);

	g_assert_no_error(error);
	view->count = cpuid_fill(table, index, view->entries, ENTRIES);
	cpuid_destroy(table);
}

static bool has(const struct view *view, const char *name)
{
	const struct kvm_cpuid_entry2 *entry;
	unsigned int word, bit;

	g_assert_true(feature_find(name, &word, &bit));
	entry = find(view->entries, view->count, feature_words[word].leaf,
		     feature_words[word].subleaf);
	if (!entry) {
		return false;
	}
	return (&entry->eax)[feature_words[word].reg] >> bit & 1;
}

static void test_every_model(void)
{
	for (const struct cpu_model_name *name = accel_cpu_models(); name->name; name++) {
		struct view view;

		look(&view, name->name, 2, 1, g_str_has_prefix(name->name, "EPYC"));
		g_assert_true(has(&view, "lm"));
		g_assert_true(has(&view, "x2apic"));
		g_assert_true(has(&view, "hypervisor"));
		g_assert_true(has(&view, "kvmclock"));
		g_assert_false(has(&view, "amx-tile"));
	}
}

static void test_model_features(void)
{
	struct view view;

	look(&view, "Haswell", 1, 0, false);
	g_assert_true(has(&view, "avx2"));
	g_assert_true(has(&view, "sse4.2")); /* of a base of its base */
	g_assert_false(has(&view, "avx512f"));
	g_assert_false(has(&view, "vmx"));
	g_assert_null(find(view.entries, view.count, 0xa, 0));
	g_assert_nonnull(find(view.entries, view.count, 0xd, 2));
	g_assert_null(find(view.entries, view.count, 0xd, 5)); /* AVX-512 state */
	g_assert_cmphex(find(view.entries, view.count, 0xd, 0)->eax, ==, 7);
	g_assert_cmphex(find(view.entries, view.count, 1, 0)->eax, ==, 0x306c4);
	look(&view, "EPYC-Milan", 1, 0, true);
	g_assert_cmphex(find(view.entries, view.count, 1, 0)->eax, ==, 0xa00f11);
	g_assert_cmphex(find(view.entries, view.count, 0x80000001, 0)->eax, ==, 0xa00f11);
	look(&view, "qemu64", 1, 0, false);
	g_assert_null(find(view.entries, view.count, 0xd, 0));
}

static void test_options(void)
{
	struct view view;

	look(&view, "Nehalem,+avx_vnni,-popcnt,aes=on,sse4-1=off", 1, 0, false);
	g_assert_true(has(&view, "avx-vnni"));
	g_assert_true(has(&view, "aes"));
	g_assert_false(has(&view, "popcnt"));
	g_assert_false(has(&view, "sse4.1"));
	look(&view, "host,-aes,aes", 1, 0, false);
	g_assert_true(has(&view, "aes")); /* the last word counts */
	look(&view, "host,migratable=on", 1, 0, false);
	g_assert_false(has(&view, "invtsc"));
	look(&view, "host,kvm=off", 1, 0, false);
	g_assert_null(find(view.entries, view.count, KVM_CPUID_SIGNATURE, 0));
}

static void expect_error(const char *model, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(make(model, 1, false, &error));
	g_assert_cmpstr(error->message, ==, message);
}

static void test_errors(void)
{
	expect_error("Hasswell", "-cpu: unknown model 'Hasswell' (did you mean 'Haswell'?)");
	expect_error("6502", "-cpu: unknown model '6502' (see -cpu help)");
	expect_error("", "-cpu: unknown model '' (see -cpu help)");
	expect_error("host,+avx3", "-cpu: unknown feature 'avx3' (did you mean 'avx'?)");
	expect_error("host,aes=maybe", "-cpu: 'maybe': expected 'on' or 'off'");
}

/* Without the feature on the host: a warning, or with enforce an error. */
static void test_missing(void)
{
	g_autoptr(GError) error = NULL;
	struct kvm_cpuid_entry2 host[ENTRIES];
	unsigned int count = make_host(host, false);

	for (unsigned int i = 0; i < count; i++) {
		if (host[i].function == 1) {
			host[i].ecx &= ~(1u << 25);
		}
	}
	g_assert_null(cpuid_create(host, count, true, "host,+aes,enforce", 1, &error));
	g_assert_cmpstr(error->message, ==, "-cpu: the host can't give feature 'aes'");
}

static void test_topology(void)
{
	const struct kvm_cpuid_entry2 *entry;
	struct view view;

	look(&view, "host", 6, 5, false);
	entry = find(view.entries, view.count, 1, 0);
	g_assert_cmphex(entry->ebx >> 24, ==, 5);
	g_assert_cmphex(entry->ebx >> 16 & 0xff, ==, 8);
	g_assert_true(has(&view, "ht"));
	entry = find(view.entries, view.count, 0xb, 1);
	g_assert_cmphex(entry->eax, ==, 3); /* ids of six CPUs take three bits */
	g_assert_cmphex(entry->ebx, ==, 6);
	g_assert_cmphex(entry->ecx, ==, 0x201);
	g_assert_cmphex(entry->edx, ==, 5);
	g_assert_null(find(view.entries, view.count, 0x1f, 0));
	entry = find(view.entries, view.count, 4, 0);
	g_assert_cmphex(entry->eax >> 14 & 0xfff, ==, 0); /* level 1: one CPU */
	entry = find(view.entries, view.count, 4, 3);
	g_assert_cmphex(entry->eax >> 14 & 0xfff, ==, 7); /* level 3: all */
	g_assert_cmphex(entry->eax >> 26, ==, 7);
	entry = find(view.entries, view.count, 0x8000001e, 0);
	g_assert_cmphex(entry->eax, ==, 5);
	look(&view, "host", 1, 0, false);
	g_assert_false(has(&view, "ht"));
}

static void test_255(void)
{
	struct view view;

	look(&view, "host", 255, 254, false);
	g_assert_cmphex(find(view.entries, view.count, 1, 0)->ebx >> 16, ==, 0xfeff);
	g_assert_cmphex(find(view.entries, view.count, 0xb, 1)->ebx, ==, 255);
}

static void test_phys_bits(void)
{
	struct kvm_cpuid_entry2 entry = { .function = 0x80000008, .eax = 0x3027 };

	g_assert_cmpuint(cpuid_phys_bits(&entry, 1), ==, 39);
	g_assert_cmpuint(cpuid_phys_bits(&entry, 0), ==, 36);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cpuid/every-model-has-what-kvm-gives-everywhere", test_every_model);
	g_test_add_func("/cpuid/a-model-has-its-features-and-no-more", test_model_features);
	g_test_add_func("/cpuid/features-are-added-and-taken-away", test_options);
	g_test_add_func("/cpuid/wrong-names-are-errors-with-a-suggestion", test_errors);
	g_test_add_func("/cpuid/enforce-refuses-what-the-host-lacks", test_missing);
	g_test_add_func("/cpuid/topology-is-one-socket-of-cores", test_topology);
	g_test_add_func("/cpuid/255-cpus-are-counted-without-spilling-over", test_255);
	g_test_add_func("/cpuid/address-width-is-what-kvm-says", test_phys_bits);
	return g_test_run();
}
