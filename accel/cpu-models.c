// SPDX-License-Identifier: GPL-2.0-or-later
/* Names: of CPUID's feature bits, and of CPU models made of them. */
#include <string.h>

#include "accel/vcpu.h"
#include "cpuid-table.h"
#include "util/error.h"

const struct feature_word feature_words[FEATURE_WORDS] = {
	[WORD_1_EDX] = { 1, 0, 3, {
		"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce",
		"cx8", "apic", NULL, "sep", "mtrr", "pge", "mca", "cmov",
		"pat", "pse36", "pn", "clflush", NULL, "ds", "acpi", "mmx",
		"fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64", "pbe" } },
	[WORD_1_ECX] = { 1, 0, 2, {
		"pni", "pclmulqdq", "dtes64", "monitor", "ds-cpl", "vmx", "smx", "est",
		"tm2", "ssse3", "cid", "sdbg", "fma", "cx16", "xtpr", "pdcm",
		NULL, "pcid", "dca", "sse4.1", "sse4.2", "x2apic", "movbe", "popcnt",
		"tsc-deadline", "aes", "xsave", "osxsave", "avx", "f16c", "rdrand",
		"hypervisor" } },
	[WORD_6_EAX] = { 6, 0, 0, { NULL, NULL, "arat" } },
	[WORD_7_EBX] = { 7, 0, 1, {
		"fsgsbase", "tsc-adjust", "sgx", "bmi1", "hle", "avx2", NULL, "smep",
		"bmi2", "erms", "invpcid", "rtm", NULL, NULL, "mpx", NULL,
		"avx512f", "avx512dq", "rdseed", "adx", "smap", "avx512ifma", NULL, "clflushopt",
		"clwb", "intel-pt", "avx512pf", "avx512er", "avx512cd", "sha-ni", "avx512bw",
		"avx512vl" } },
	[WORD_7_ECX] = { 7, 0, 2, {
		NULL, "avx512vbmi", "umip", "pku", NULL, "waitpkg", "avx512vbmi2", NULL,
		"gfni", "vaes", "vpclmulqdq", "avx512vnni", "avx512bitalg", NULL,
		"avx512-vpopcntdq", NULL,
		"la57", NULL, NULL, NULL, NULL, NULL, "rdpid", NULL,
		"bus-lock-detect", "cldemote", NULL, "movdiri", "movdir64b" } },
	[WORD_7_EDX] = { 7, 0, 3, {
		NULL, NULL, "avx512-4vnniw", "avx512-4fmaps", "fsrm", NULL, NULL, NULL,
		"avx512-vp2intersect", NULL, "md-clear", NULL, NULL, NULL, "serialize", NULL,
		"tsx-ldtrk", NULL, NULL, NULL, NULL, NULL, "amx-bf16", "avx512-fp16",
		"amx-tile", "amx-int8", "spec-ctrl", "stibp", "flush-l1d", "arch-capabilities",
		"core-capability", "ssbd" } },
	[WORD_7_1_EAX] = { 7, 1, 0, {
		NULL, NULL, NULL, NULL, "avx-vnni", "avx512-bf16" } },
	[WORD_D_1_EAX] = { 0xd, 1, 0, { "xsaveopt", "xsavec", "xgetbv1", "xsaves" } },
	[WORD_KVM_EAX] = { KVM_CPUID_FEATURES, 0, 0, {
		"kvmclock-old", "kvm-nopiodelay", "kvm-mmu", "kvmclock",
		"kvm-asyncpf", "kvm-steal-time", "kvm-pv-eoi", "kvm-pv-unhalt",
		NULL, "kvm-pv-tlb-flush", "kvm-asyncpf-vmexit", "kvm-pv-ipi",
		"kvm-poll-control", "kvm-pv-sched-yield", "kvm-asyncpf-int", NULL,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		"kvmclock-stable-bit" } },
	[WORD_80000001_EDX] = { 0x80000001, 0, 3, {
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		NULL, NULL, NULL, "syscall", NULL, NULL, NULL, NULL,
		NULL, NULL, NULL, "mp", "nx", NULL, "mmxext", NULL,
		NULL, "fxsr-opt", "pdpe1gb", "rdtscp", NULL, "lm", "3dnowext", "3dnow" } },
	[WORD_80000001_ECX] = { 0x80000001, 0, 2, {
		"lahf-lm", "cmp-legacy", "svm", "extapic", "cr8legacy", "abm", "sse4a",
		"misalignsse",
		"3dnowprefetch", "osvw", "ibs", "xop", "skinit", "wdt", NULL, "lwp",
		"fma4", "tce", NULL, "nodeid-msr", NULL, "tbm", "topoext", "perfctr-core",
		"perfctr-nb" } },
	[WORD_80000007_EDX] = { 0x80000007, 0, 3, {
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "invtsc" } },
	[WORD_80000008_EBX] = { 0x80000008, 0, 1, {
		"clzero", NULL, "xsaveerptr", NULL, NULL, NULL, NULL, NULL,
		NULL, "wbnoinvd", NULL, NULL, "ibpb", NULL, "ibrs", "amd-stibp",
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		"amd-ssbd", "virt-ssbd", "amd-no-ssb", NULL, "amd-psfd" } },
};

/* Any 64-bit processor. */
#define X86_64 "fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx " \
	"fxsr sse sse2 pni cx16 syscall nx lm"

static const struct cpu_model models[] = {
	{ "qemu64", "Plain 64-bit CPU", NULL, X86_64 " lahf-lm",
	  15, 107, 1, "Oriel virtual CPU, 64 bits" },
	{ "kvm64", "Plain 64-bit CPU", NULL, X86_64,
	  15, 6, 1, "Oriel virtual CPU, 64 bits" },
	{ "Nehalem", "Intel Core i7 9xx (Nehalem, 2008)", NULL,
	  X86_64 " vme ssse3 sse4.1 sse4.2 popcnt lahf-lm",
	  6, 26, 3, "Intel Core i7 9xx (Nehalem Class Core i7)" },
	{ "Westmere", "Intel Westmere E56xx/L56xx/X56xx (2010)", "Nehalem", "aes pclmulqdq",
	  6, 44, 1, "Westmere E56xx/L56xx/X56xx (Nehalem-C)" },
	{ "SandyBridge", "Intel Xeon E312xx (Sandy Bridge, 2011)", "Westmere",
	  "avx xsave tsc-deadline x2apic rdtscp xsaveopt",
	  6, 42, 1, "Intel Xeon E312xx (Sandy Bridge)" },
	{ "IvyBridge", "Intel Xeon E3-12xx v2 (Ivy Bridge, 2012)", "SandyBridge",
	  "f16c rdrand fsgsbase smep erms",
	  6, 58, 9, "Intel Xeon E3-12xx v2 (Ivy Bridge)" },
	{ "Haswell", "Intel Core (Haswell, 2013), without TSX", "IvyBridge",
	  "fma pcid movbe bmi1 avx2 bmi2 invpcid abm",
	  6, 60, 4, "Intel Core Processor (Haswell)" },
	{ "Broadwell", "Intel Core (Broadwell, 2014), without TSX", "Haswell",
	  "rdseed adx smap 3dnowprefetch",
	  6, 61, 2, "Intel Core Processor (Broadwell)" },
	{ "Skylake-Client", "Intel Core (Skylake, 2015), without TSX", "Broadwell",
	  "xsavec xgetbv1",
	  6, 94, 3, "Intel Core Processor (Skylake)" },
	{ "Skylake-Server", "Intel Xeon (Skylake, 2017), without TSX", "Skylake-Client",
	  "avx512f avx512dq avx512bw avx512cd avx512vl clwb clflushopt pdpe1gb pku",
	  6, 85, 4, "Intel Xeon Processor (Skylake)" },
	{ "Cascadelake-Server", "Intel Xeon (Cascade Lake, 2019), without TSX", "Skylake-Server",
	  "avx512vnni",
	  6, 85, 6, "Intel Xeon Processor (Cascadelake)" },
	{ "Icelake-Server", "Intel Xeon (Ice Lake, 2021), without TSX", "Cascadelake-Server",
	  "avx512vbmi avx512vbmi2 gfni vaes vpclmulqdq avx512bitalg avx512-vpopcntdq umip la57 "
	  "wbnoinvd rdpid fsrm sha-ni avx512ifma xsaves",
	  6, 106, 0, "Intel Xeon Processor (Icelake)" },
	{ "Opteron_G3", "AMD Opteron 23xx (2007)", NULL,
	  X86_64 " vme monitor popcnt lahf-lm abm sse4a misalignsse rdtscp",
	  16, 2, 3, "AMD Opteron 23xx (Gen 3 Class Opteron)" },
	{ "EPYC", "AMD EPYC (2017)", NULL,
	  X86_64 " vme pclmulqdq ssse3 fma sse4.1 sse4.2 movbe popcnt aes xsave avx f16c rdrand "
	  "fsgsbase bmi1 avx2 smep bmi2 rdseed adx smap clflushopt sha-ni xsaveopt xsavec xgetbv1 "
	  "mmxext fxsr-opt pdpe1gb rdtscp lahf-lm cr8legacy abm sse4a misalignsse 3dnowprefetch "
	  "osvw topoext arat",
	  23, 1, 2, "AMD EPYC Processor" },
	{ "EPYC-Rome", "AMD EPYC (Rome, 2019)", "EPYC",
	  "umip rdpid clwb xsaves clzero xsaveerptr wbnoinvd perfctr-core",
	  23, 49, 0, "AMD EPYC-Rome Processor" },
	{ "EPYC-Milan", "AMD EPYC (Milan, 2021)", "EPYC-Rome",
	  "pcid invpcid erms fsrm pku vaes vpclmulqdq",
	  25, 1, 1, "AMD EPYC-Milan Processor" },
};

const struct cpu_model *cpu_model_find(const char *name)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(models); i++) {
		if (!strcmp(models[i].name, name)) {
			return &models[i];
		}
	}
	return NULL;
}

const struct cpu_model_name *accel_cpu_models(void)
{
	static struct cpu_model_name names[G_N_ELEMENTS(models) + 3];
	static gsize filled;

	if (g_once_init_enter(&filled)) {
		names[0] = (struct cpu_model_name){ "host", "The host's CPU" };
		names[1] = (struct cpu_model_name){ "max", "Everything KVM can offer" };
		for (unsigned int i = 0; i < G_N_ELEMENTS(models); i++) {
			names[2 + i] = (struct cpu_model_name){ models[i].name,
								models[i].description };
		}
		g_once_init_leave(&filled, 1);
	}
	return names;
}

void cpu_model_features(const struct cpu_model *model, uint32_t words[FEATURE_WORDS])
{
	g_auto(GStrv) names = g_strsplit(model->features, " ", -1);

	for (char **name = names; *name; name++) {
		unsigned int word, bit;

		if (!feature_find(*name, &word, &bit)) {
			g_error("CPU model %s: no feature '%s'", model->name, *name);
		}
		words[word] |= 1u << bit;
	}
	if (model->base) {
		cpu_model_features(cpu_model_find(model->base), words);
	}
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if ((*a == '_' ? '-' : *a) != (*b == '_' ? '-' : *b)) {
			return false;
		}
	}
	return *a == *b;
}

/* Names that people use for the same bit. */
static const char *const synonyms[][2] = {
	{ "sse3", "pni" }, { "sse4-1", "sse4.1" }, { "sse4-2", "sse4.2" },
	{ "lzcnt", "abm" }, { "xd", "nx" }, { "i64", "lm" },
	{ "htt", "ht" }, { "tsc-deadline-timer", "tsc-deadline" }, { "kvm-clock", "kvmclock" },
};

bool feature_find(const char *name, unsigned int *word, unsigned int *bit)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(synonyms); i++) {
		if (same_name(synonyms[i][0], name)) {
			name = synonyms[i][1];
			break;
		}
	}
	for (unsigned int w = 0; w < FEATURE_WORDS; w++) {
		for (unsigned int b = 0; b < 32; b++) {
			if (feature_words[w].names[b] && same_name(feature_words[w].names[b], name)) {
				*word = w;
				*bit = b;
				return true;
			}
		}
	}
	return false;
}

const char *feature_nearest(const char *name)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (unsigned int w = 0; w < FEATURE_WORDS; w++) {
		for (unsigned int b = 0; b < 32; b++) {
			if (feature_words[w].names[b]) {
				g_ptr_array_add(names, (void *)feature_words[w].names[b]);
			}
		}
	}
	g_ptr_array_add(names, NULL);
	return nearest_name(name, (const char *const *)names->pdata);
}
