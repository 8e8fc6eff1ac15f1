// SPDX-License-Identifier: GPL-2.0-or-later
/* Options about the machine as a whole: board, CPUs, memory, what it boots, how it runs. */
#include <stdio.h>
#include <string.h>

#include "accel/vcpu.h"
#include "system/config.h"
#include "util/error.h"
#include "util/trace.h"

#define CPUS_MAX 255 /* 8-bit APIC ids; 255 is the broadcast */

/* A setting that would change what we do is refused, one that asks for what we do is accepted. */
static bool only(struct opts *opts, const char *key, const char *const *accepted, GError **error)
{
	const char *value = opts_get(opts, key);

	if (value && !g_strv_contains(accepted, value)) {
		g_autofree char *list = g_strjoinv(", ", (char **)accepted);

		return error_set(error, "%s: %s=%s: not offered (%s)", opts->object, key, value, list);
	}
	return true;
}

static bool check_accels(const char *object, const char *accels, GError **error)
{
	static const char *const names[] = { "kvm", "qtest", "tcg", NULL };
	g_auto(GStrv) list = g_strsplit(accels, ":", 0);

	for (char **name = list; *name; name++) {
		if (!g_strv_contains(names, *name)) {
			const char *near = nearest_name(*name, names);

			return error_set(error, "%s: unknown accelerator '%s'%s%s%s", object, *name,
					 near ? " (did you mean '" : " (kvm, qtest",
					 near ? near : "", near ? "'?)" : ")");
		}
	}
	return true;
}

/* Switches of QEMU's board that are as ours is. */
static bool machine_switches(struct opts *opts, GError **error)
{
	static const char *const off[] = { "off", "auto", NULL };
	static const char *const on[] = { "on", "auto", NULL };
	static const char *const off_keys[] = { "usb", "vmport", "smm", "hpet", "nvdimm",
						"dump-guest-core", NULL };
	static const char *const on_keys[] = { "kernel_irqchip", "kernel-irqchip", "acpi", "pit",
					       "mem-merge", "graphics", NULL };

	for (unsigned int i = 0; off_keys[i]; i++) {
		if (!only(opts, off_keys[i], off, error)) {
			return false;
		}
	}
	for (unsigned int i = 0; on_keys[i]; i++) {
		if (!only(opts, on_keys[i], on, error)) {
			return false;
		}
	}
	return true;
}

static bool machine_type(struct config *config, const char *type, GError **error)
{
	static const char *const names[] = { "pc", "none", "pc-i440fx-7.2", NULL };
	const char *near;

	if (g_strv_contains(names, type)) {
		config->none_machine = !strcmp(type, "none");
		return true;
	}
	near = nearest_name(type, names);
	return error_set(error, "-machine %s: unknown machine type (%s%s%s)", type,
			 near ? "did you mean '" : "offered: pc, none", near ? near : "",
			 near ? "'?" : "");
}

OPTION_HANDLER(opt_machine)
{
	static const char *const known[] = { "type", "accel", "usb", "vmport", "smm", "hpet", "acpi",
					     "i8042", "kernel_irqchip", "dump-guest-core", NULL };
	struct opts *opts = opts_parse(object, arg, "type", error);
	const char *type, *accels;
	bool ok = false;

	if (option_is_help(arg)) {
		printf("pc                   i440FX board with PCI, ISA and ACPI (default; "
		       "alias pc-i440fx-7.2)\n"
		       "none                 no board: only monitors\n");
		*done = true;
		opts_destroy(opts);
		return true;
	}
	if (!opts) {
		return false;
	}
	type = opts_get(opts, "type");
	accels = opts_get(opts, "accel");
	if (accels) {
		option_set(&config->accels, accels);
	}
	ok = (!type || machine_type(config, type, error)) &&
	     (!accels || check_accels(object, accels, error)) &&
	     opts_get_bool(opts, "i8042", &config->i8042, error) && machine_switches(opts, error) &&
	     opts_check_used(opts, known, error);
	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_accel)
{
	static const char *const in_kernel[] = { "on", NULL };
	struct opts *opts = opts_parse(object, arg, "accel", error);
	const char *accel;
	bool ok;

	if (option_is_help(arg)) {
		printf("Accelerators:\nkvm    hardware virtualization (default)\n"
		       "qtest  no guest runs; tests drive the devices\n");
		*done = true;
		opts_destroy(opts);
		return true;
	}
	if (!opts) {
		return false;
	}
	accel = opts_get(opts, "accel");
	ok = check_accels(object, accel, error) &&
	     only(opts, "kernel-irqchip", in_kernel, error) && opts_check_used(opts, NULL, error);
	/* Given more than once, each is a second choice behind the one before. */
	if (ok && config->accels) {
		g_autofree char *before = config->accels;

		config->accels = g_strconcat(before, ":", accel, NULL);
	} else if (ok) {
		config->accels = g_strdup(accel);
	}
	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_enable_kvm)
{
	option_set(&config->accels, "kvm");
	return true;
}

OPTION_HANDLER(opt_cpu)
{
	if (option_is_help(arg)) {
		printf("Available CPUs:\n");
		for (const struct cpu_model_name *m = accel_cpu_models(); m->name; m++) {
			printf("%-20s %s\n", m->name, m->description);
		}
		*done = true;
		return true;
	}
	option_set(&config->cpu, arg);
	return true;
}

static bool get_count(struct opts *opts, const char *key, uint64_t *out, GError **error)
{
	if (!opts_get_u64(opts, key, out, error)) {
		return false;
	}
	if (opts_get(opts, key) && (*out < 1 || *out > CPUS_MAX)) {
		return error_set(error, "%s: %s=%s: expected 1 to %d", opts->object, key,
				 opts_get(opts, key), CPUS_MAX);
	}
	return true;
}

/* The topology is checked but has no further effect: each CPU is a socket of its own. */
OPTION_HANDLER(opt_smp)
{
	static const char *const known[] = { "cpus", "sockets", "dies", "cores", "threads",
					     "maxcpus", NULL };
	static const char *const levels[] = { "sockets", "dies", "cores", "threads" };
	struct opts *opts = opts_parse(object, arg, "cpus", error);
	uint64_t cpus = 0, max = 0, product = 1;
	bool topology = false, ok;

	if (!opts) {
		return false;
	}
	ok = get_count(opts, "cpus", &cpus, error) && get_count(opts, "maxcpus", &max, error);
	for (unsigned int i = 0; ok && i < G_N_ELEMENTS(levels); i++) {
		uint64_t n = 1;

		topology |= opts_get(opts, levels[i]) != NULL;
		ok = get_count(opts, levels[i], &n, error);
		product *= n;
	}
	ok = ok && opts_check_used(opts, known, error);
	if (ok && !cpus) {
		cpus = max ? max : product;
	}
	if (ok && cpus > CPUS_MAX) {
		ok = error_set(error, "%s: %" G_GUINT64_FORMAT " CPUs: at most %d", object, cpus,
			       CPUS_MAX);
	} else if (ok && max && max < cpus) {
		ok = error_set(error, "%s: maxcpus=%" G_GUINT64_FORMAT " is less than cpus=%"
			       G_GUINT64_FORMAT, object, max, cpus);
	} else if (ok && opts_get(opts, "sockets") && topology && product < cpus) {
		ok = error_set(error, "%s: the topology holds %" G_GUINT64_FORMAT " CPUs, not %"
			       G_GUINT64_FORMAT, object, product, cpus);
	}
	config->cpus = (unsigned int)cpus;
	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_m)
{
	static const char *const known[] = { "size", "slots", "maxmem", NULL };
	struct opts *opts = opts_parse(object, arg, "size", error);
	uint64_t max = 0, slots = 0;
	bool ok;

	if (!opts) {
		return false;
	}
	ok = opts_get_size(opts, "size", 1 << 20, &config->ram_bytes, error) &&
	     opts_get_size(opts, "maxmem", 1 << 20, &max, error) &&
	     opts_get_u64(opts, "slots", &slots, error) && opts_check_used(opts, known, error);
	if (ok && max > config->ram_bytes) {
		ok = error_set(error, "%s: maxmem=%s: memory hot-plug is not offered", object,
			       opts_get(opts, "maxmem"));
	}
	if (ok && config->ram_bytes < 1 << 20) {
		ok = error_set(error, "%s: size=%s: at least 1M is needed", object,
			       opts_get(opts, "size"));
	}
	if (ok && config->ram_bytes > INT64_MAX) {
		ok = error_set(error, "%s: size=%s: size too large", object, opts_get(opts, "size"));
	}
	/* Memory slots are whole pages. */
	config->ram_bytes = (config->ram_bytes + 0xfff) & ~0xfffull;
	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_kernel)
{
	option_set(&config->kernel, arg);
	return true;
}

OPTION_HANDLER(opt_initrd)
{
	option_set(&config->initrd, arg);
	return true;
}

OPTION_HANDLER(opt_append)
{
	option_set(&config->append, arg);
	return true;
}

OPTION_HANDLER(opt_name)
{
	static const char *const known[] = { "guest", "process", "debug-threads", NULL };
	struct opts *opts = opts_parse(object, arg, "guest", error);
	bool debug_threads, ok;

	if (!opts) {
		return false;
	}
	ok = opts_get_bool(opts, "debug-threads", &debug_threads, error);
	option_set(&config->name, opts_get(opts, "guest"));
	option_set(&config->process_name, opts_get(opts, "process"));
	ok = ok && opts_check_used(opts, known, error);
	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_uuid)
{
	if (!g_uuid_string_is_valid(arg)) {
		return error_set(error, "%s: %s: not a UUID", object, arg);
	}
	option_set(&config->uuid, arg);
	return true;
}

OPTION_HANDLER(opt_rtc)
{
	static const char *const base[] = { "utc", NULL };
	static const char *const clock[] = { "host", NULL };
	static const char *const drift[] = { "none", "slew", NULL };
	struct opts *opts = opts_parse(object, arg, NULL, error);
	bool ok = opts && only(opts, "base", base, error) && only(opts, "clock", clock, error) &&
		  only(opts, "driftfix", drift, error) && opts_check_used(opts, NULL, error);

	opts_destroy(opts);
	return ok;
}

/* There is no firmware, so there is no order to boot in. */
OPTION_HANDLER(opt_boot)
{
	static const char *const keys[] = { "order", "once", "menu", "strict", "splash",
					    "splash-time", "reboot-timeout", NULL };
	struct opts *opts = opts_parse(object, arg, "order", error);
	bool ok;

	for (unsigned int i = 0; opts && keys[i]; i++) {
		opts_get(opts, keys[i]);
	}
	ok = opts && opts_check_used(opts, keys, error);
	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_msg)
{
	static const char *const known[] = { "timestamp", "guest-name", NULL };
	struct opts *opts = opts_parse(object, arg, NULL, error);
	bool flag, ok;

	ok = opts && opts_get_bool(opts, "timestamp", &flag, error) &&
	     opts_get_bool(opts, "guest-name", &flag, error) && opts_check_used(opts, known, error);
	opts_destroy(opts);
	return ok;
}

/* Saying yes to a sandbox that isn't there would be a lie about safety. */
OPTION_HANDLER(opt_sandbox)
{
	struct opts *opts = opts_parse(object, arg, "enable", error);
	bool enable = false, ok;

	ok = opts && opts_get_bool(opts, "enable", &enable, error);
	if (ok && enable) {
		ok = error_set(error, "%s: a system call filter is not offered", object);
	}
	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_overcommit)
{
	static const char *const off[] = { "off", NULL };
	struct opts *opts = opts_parse(object, arg, NULL, error);
	bool ok = opts && only(opts, "mem-lock", off, error) && only(opts, "cpu-pm", off, error) &&
		  opts_check_used(opts, NULL, error);

	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_paused)
{
	config->paused = true;
	return true;
}

OPTION_HANDLER(opt_no_reboot)
{
	config->no_reboot = true;
	return true;
}

OPTION_HANDLER(opt_no_shutdown)
{
	config->no_shutdown = true;
	return true;
}

OPTION_HANDLER(opt_nodefaults)
{
	config->nodefaults = true;
	return true;
}

OPTION_HANDLER(opt_daemonize)
{
	config->daemonize = true;
	return true;
}

OPTION_HANDLER(opt_pidfile)
{
	option_set(&config->pidfile, arg);
	return true;
}

OPTION_HANDLER(opt_trace)
{
	g_autofree char *pattern = NULL;
	bool ok = true;

	if (option_is_help(arg)) {
		printf("Areas: accel mem pci vfio gvt virtio ui vnc input qmp net block i386 system\n"
		       "-trace AREA or -trace AREA:EVENT; * and ? stand for any text, any letter\n");
		*done = true;
		return true;
	}
	pattern = g_strdup(g_str_has_prefix(arg, "enable=") ? arg + strlen("enable=") : arg);
	ok = trace_enable(pattern, error);
	return ok;
}

OPTION_HANDLER(opt_qtest)
{
	option_set(&config->qtest, arg);
	return true;
}

OPTION_HANDLER(opt_qtest_log)
{
	option_set(&config->qtest_log, arg);
	return true;
}

OPTION_HANDLER(opt_bios)
{
	return error_set(error, "%s %s: there is no firmware; a kernel is booted directly (-kernel)",
			 object, arg);
}

const struct option machine_options[] = {
	{ "machine", "TYPE[,accel=A][,...]", "board: pc (default) or none; help lists", opt_machine },
	{ "M", "TYPE", NULL, opt_machine },
	{ "accel", "NAME", "kvm (default) or qtest", opt_accel },
	{ "enable-kvm", NULL, "same as -accel kvm", opt_enable_kvm },
	{ "cpu", "MODEL[,+FEATURE][,-FEATURE]", "CPU model (host); help lists", opt_cpu },
	{ "smp", "[cpus=]N[,sockets=N][,cores=N][,threads=N]", "number of CPUs (1)", opt_smp },
	{ "m", "[size=]SIZE", "memory in MiB, or with suffix K, M, G, T (128M)", opt_m },
	{ "kernel", "FILE", "Linux kernel to boot", opt_kernel },
	{ "initrd", "FILE", "its initial RAM disk", opt_initrd },
	{ "append", "TEXT", "its command line", opt_append },
	{ "bios", "FILE", NULL, opt_bios },
	{ "name", "[guest=]NAME[,process=NAME]", "name of the guest, of the process", opt_name },
	{ "uuid", "UUID", "the machine's UUID, for query-uuid", opt_uuid },
	{ "rtc", "base=utc", "the clock starts at UTC", opt_rtc },
	{ "boot", "...", NULL, opt_boot },
	{ "S", NULL, "don't start the CPUs before the monitor's cont", opt_paused },
	{ "no-reboot", NULL, "a guest's reset ends the program", opt_no_reboot },
	{ "no-shutdown", NULL, "a guest's power-off only stops it", opt_no_shutdown },
	{ "nodefaults", NULL, "nothing but what is asked for", opt_nodefaults },
	{ "no-user-config", NULL, NULL, NULL },
	{ "nodefconfig", NULL, NULL, NULL },
	{ "no-fd-bootchk", NULL, NULL, NULL },
	{ "no-hpet", NULL, NULL, NULL },
	{ "L", "DIR", NULL, NULL },
	{ "daemonize", NULL, "to the background when everything is set up", opt_daemonize },
	{ "pidfile", "FILE", "write the process id there", opt_pidfile },
	{ "trace", "AREA[:EVENT]", "trace lines on standard error; help lists", opt_trace },
	{ "msg", "...", NULL, opt_msg },
	{ "sandbox", "off", NULL, opt_sandbox },
	{ "overcommit", "...", NULL, opt_overcommit },
	{ "qtest", "CHARDEV", "serve the qtest protocol there (with -accel qtest)", opt_qtest },
	{ "qtest-log", "FILE", "log of the qtest protocol", opt_qtest_log },
	{ NULL }
};
