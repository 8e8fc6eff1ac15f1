// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/vcpu.h"
#include "block/block.h"
#include "chardev/chardev.h"
#include "chardev/spicevmc.h"
#include "crypto/objects.h"
#include "hw/core/machine-lock.h"
#include "hw/i386/pc.h"
#include "net/net.h"
#include "system/command-table.h"
#include "system/machine.h"
#include "system/qtest.h"
#include "ui/clipboard.h"
#include "ui/console.h"
#include "ui/input.h"
#include "ui/keymap.h"
#include "ui/vdagent.h"
#include "ui/vnc.h"
#include "util/error.h"
#include "util/fd.h"

/* The first accelerator of the list that works; the first one's error otherwise. */
static bool create_accel(struct machine *machine, GError **error)
{
	const char *wanted = machine->config->accels;
	g_auto(GStrv) names = g_strsplit(wanted ? wanted : "kvm", ":", 0);
	g_autoptr(GError) first = NULL;

	for (char **name = names; *name && !machine->accel; name++) {
		g_autoptr(GError) cause = NULL;

		if (!strcmp(*name, "kvm")) {
			machine->accel = accel_kvm_create(&cause);
		} else if (!strcmp(*name, "qtest")) {
			machine->accel = accel_qtest_create(&cause);
		} else {
			error_set(&cause, "accel %s: not offered (kvm, qtest)", *name);
		}
		if (cause && !first) {
			first = g_steal_pointer(&cause);
		}
	}
	/* Without a board nothing has to run, so asking questions works on any host. */
	if (!machine->accel && !machine->config->none_machine) {
		g_propagate_error(error, g_steal_pointer(&first));
		return false;
	}
	return true;
}

/* -serial, or with -nographic the terminal shared by serial port and monitor. */
static bool create_serials(struct machine *machine, struct chardev **serial, GError **error)
{
	const struct config *config = machine->config;

	for (unsigned int i = 0; i < config->serials->len; i++) {
		g_autofree char *label = g_strdup_printf("serial%u", i);
		const char *spec = config->serials->pdata[i];

		if (strcmp(spec, "none")) {
			serial[i] = machine_chardev(machine, label, spec, error);
			if (!serial[i]) {
				return false;
			}
		}
	}
	if (config->nographic && !config->nodefaults && !config->serial_given) {
		const char *spec = config->monitor_given ? "stdio" : "mon:stdio";

		serial[0] = machine_chardev(machine, "serial0", spec, error);
		return serial[0] != NULL;
	}
	return true;
}

static bool is_text_console(const char *spec)
{
	return !strcmp(spec, "vc") || g_str_has_prefix(spec, "vc:");
}

static char *monitor_label(unsigned int i)
{
	return g_strdup_printf("compat_monitor%u", i);
}

/* Before serial ports, so that a window's tabs are in the order that people know. */
static bool create_monitor_consoles(struct machine *machine, GError **error)
{
	GPtrArray *list = machine->config->monitors;

	for (unsigned int i = 0; i < list->len; i++) {
		struct monitor_config *config = list->pdata[i];
		g_autofree char *label = monitor_label(i);

		if (is_text_console(config->spec) &&
		    !machine_chardev(machine, label, config->spec, error)) {
			return false;
		}
	}
	return true;
}

static bool create_monitors(struct machine *machine, GError **error)
{
	GPtrArray *list = machine->config->monitors;

	for (unsigned int i = 0; i < list->len; i++) {
		struct monitor_config *config = list->pdata[i];
		g_autofree char *label = monitor_label(i);
		g_autofree char *made = g_strconcat("chardev:", label, NULL);
		const char *spec = is_text_console(config->spec) ? made : config->spec;
		struct chardev *chardev = machine_chardev(machine, label, spec, error);

		if (!chardev) {
			return false;
		}
		if (chardev_mux_monitor(chardev)) {
			chardev = chardev_mux_monitor(chardev);
		}
		if (config->qmp) {
			monitor_serve_qmp(machine->monitor, chardev, config->pretty);
		} else {
			monitor_serve_hmp(machine->monitor, chardev);
		}
	}
	return true;
}

/* "mon:" chardevs of serial ports that no -mon named. */
static void serve_shared_monitors(struct machine *machine, struct chardev **serial)
{
	for (int i = 0; i < SERIAL_PORTS; i++) {
		struct chardev *port = serial[i] ? chardev_mux_monitor(serial[i]) : NULL;

		if (port) {
			monitor_serve_hmp(machine->monitor, port);
		}
	}
}

static bool create_objects(struct machine *machine, GError **error)
{
	GPtrArray *list = machine->config->objects;

	for (unsigned int i = 0; i < list->len; i++) {
		if (!crypto_objects_add(machine->objects, list->pdata[i], error)) {
			return false;
		}
	}
	return true;
}

static bool create_board(struct machine *machine, struct chardev **serial, GError **error)
{
	const struct config *config = machine->config;
	struct pc_config pc = {
		.ram_bytes = config->ram_bytes,
		.cpus = config->cpus,
		.cpu_model = config->cpu ? config->cpu : "host",
		.kernel = config->kernel,
		.initrd = config->initrd,
		.append = config->append,
		.i8042 = config->i8042,
	};

	if (config->none_machine) {
		return true;
	}
	if (!config->kernel && (config->initrd || config->append)) {
		return error_set(error, "%s: needs -kernel", config->initrd ? "-initrd" : "-append");
	}
	memcpy(pc.serial, serial, sizeof(pc.serial));
	machine_lock();
	machine->pc = pc_create(&machine->board, &pc, error);
	machine_unlock();
	return machine->pc != NULL;
}

static void vnc_power(void *opaque, enum vnc_power power)
{
	if (power == VNC_POWER_RESET) {
		machine_reset(opaque, false);
	} else {
		machine_powerdown(opaque);
	}
}

/* Nobody chose the port, so somebody has to be told, in the words that scripts look for. */
static void print_vnc_address(struct machine *machine)
{
	g_autoptr(JsonNode) state = vnc_server_query(machine->vncs->pdata[0]);
	JsonObject *object = json_node_get_object(state);

	g_printerr("VNC server running on %s:%s\n",
		   json_object_get_string_member_with_default(object, "host", "?"),
		   json_object_get_string_member_with_default(object, "service", "?"));
}

/* Hosts of guests' agents, and the clipboard that one of them shares. */
static void create_vdagents(struct machine *machine)
{
	for (guint i = 0; i < machine->chardevs->len; i++) {
		struct chardev *chardev = machine->chardevs->pdata[i];
		const struct vdagent_options *options = vdagent_chardev_options(chardev);
		struct vdagent_host host = {
			.displays = machine->board.displays,
			.lock = machine_lock,
			.unlock = machine_unlock,
		};

		if (!options) {
			continue;
		}
		if (options->clipboard) {
			if (!machine->clipboard) {
				machine->clipboard = clipboard_create();
			}
			host.clipboard = machine->clipboard;
		}
		if (options->mouse) {
			host.input = machine->board.input;
		}
		g_ptr_array_add(machine->vdagents, vdagent_create(chardev, &host));
	}
}

/* Named as QEMU does: "default", "vnc2", "vnc3"... */
static bool add_vnc(struct machine *machine, const char *spec, struct vnc_host *host, GError **error)
{
	g_autofree char *id = machine->vncs->len ?
			      g_strdup_printf("vnc%u", machine->vncs->len + 1) : NULL;
	struct vnc_server *server;

	host->id = id;
	server = vnc_server_create(spec, host, error);
	if (!server) {
		return false;
	}
	for (guint i = 0; i < machine->vncs->len; i++) {
		if (!strcmp(vnc_server_id(machine->vncs->pdata[i]), vnc_server_id(server))) {
			error_set(error, "-vnc: id=%s: given twice", vnc_server_id(server));
			vnc_server_destroy(server);
			return false;
		}
	}
	g_ptr_array_add(machine->vncs, server);
	return true;
}

static bool create_vnc(struct machine *machine, GError **error)
{
	const struct config *config = machine->config;
	struct vnc_host host = {
		.displays = machine->board.displays,
		.input = machine->board.input,
		.objects = machine->objects,
		.clipboard = machine->clipboard,
		.name = config->name,
		.event = machine_ui_event,
		.power = vnc_power,
		.opaque = machine,
	};

	/* A layout that isn't there is wrong also where nobody needs it. */
	if (config->keymap && strcmp(config->keymap, "en-us")) {
		machine->keymap = keymap_create(config->keymap, error);
		if (!machine->keymap) {
			return false;
		}
	}
	host.keymap = machine->keymap;
	for (guint i = 0; i < config->vncs->len; i++) {
		if (!add_vnc(machine, config->vncs->pdata[i], &host, error)) {
			return false;
		}
	}
	if (config->vnc_is_default) {
		print_vnc_address(machine);
	}
	return true;
}

static bool build(struct machine *machine, GError **error)
{
	struct chardev *serial[SERIAL_PORTS] = { NULL };

	machine_add_commands(machine);
	if (!create_accel(machine, error)) {
		return false;
	}
	machine->board.accel = machine->accel;
	machine_connect_requests(machine);
	machine_connect_backends(machine);
	if (!create_objects(machine, error) || !machine_create_chardevs(machine, error) ||
	    !create_monitor_consoles(machine, error) || !create_serials(machine, serial, error) ||
	    !create_board(machine, serial, error) || !machine_create_backends(machine, error) ||
	    !machine_create_devices(machine, error) || !machine_reset_hardware(machine, error)) {
		return false;
	}
	create_vdagents(machine);
	if (!create_vnc(machine, error) || !machine_create_uis(machine, error) ||
	    !create_monitors(machine, error)) {
		return false;
	}
	serve_shared_monitors(machine, serial);
	if (machine->config->qtest) {
		machine->qtest = qtest_server_create(machine, machine->config->qtest,
						     machine->config->qtest_log, error);
		return machine->qtest != NULL;
	}
	return true;
}

struct machine *machine_create(const struct config *config, GError **error)
{
	struct machine *machine = g_new0(struct machine, 1);

	machine->config = config;
	machine->chardevs = g_ptr_array_new_with_free_func((GDestroyNotify)chardev_destroy);
	machine->netdevs = g_ptr_array_new_with_free_func((GDestroyNotify)net_backend_destroy);
	machine->drives = g_ptr_array_new_with_free_func((GDestroyNotify)block_backend_destroy);
	machine->devices = g_ptr_array_new();
	machine->vncs = g_ptr_array_new_with_free_func((GDestroyNotify)vnc_server_destroy);
	machine->vdagents = g_ptr_array_new_with_free_func((GDestroyNotify)vdagent_destroy);
	machine->held_keys = g_ptr_array_new_with_free_func(held_keys_free);
	machine->state_watchers = g_array_new(FALSE, FALSE, sizeof(struct state_watcher));
	machine->objects = crypto_objects_create();
	machine->monitor = monitor_create();
	machine->board.machine = machine;
	machine->board.input = input_router_create();
	machine->board.displays = display_registry_create();
	machine->loop = g_main_loop_new(NULL, FALSE);
	if (!build(machine, error)) {
		machine_destroy(machine);
		return NULL;
	}
	return machine;
}

void machine_destroy(struct machine *machine)
{
	if (!machine) {
		return;
	}
	if (machine->pc && machine->state == STATE_RUNNING) {
		accel_vcpus_stop(machine->accel);
	}
	g_ptr_array_unref(machine->held_keys);
	qtest_server_destroy(machine->qtest);
	g_ptr_array_unref(machine->vncs);
	g_ptr_array_unref(machine->vdagents);
	clipboard_destroy(machine->clipboard);
	machine_destroy_uis(machine);
	keymap_destroy(machine->keymap);
	crypto_objects_destroy(machine->objects);
	machine_destroy_devices(machine);
	if (machine->pc) {
		machine_lock();
		pc_destroy(machine->pc);
		machine_unlock();
	}
	display_registry_destroy(machine->board.displays);
	input_router_destroy(machine->board.input);
	accel_destroy(machine->accel);
	g_ptr_array_unref(machine->drives);
	g_ptr_array_unref(machine->netdevs);
	monitor_destroy(machine->monitor);
	g_ptr_array_unref(machine->chardevs);
	g_ptr_array_unref(machine->devices);
	g_array_unref(machine->state_watchers);
	g_main_loop_unref(machine->loop);
	g_free(machine);
}

/* The signals that end us are blocked in every thread (see main.c) and arrive here. */
static void signal_ready(int fd, GIOCondition condition, void *opaque)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) == sizeof(info)) {
		error_report("ended by signal %u (%s) from process %u", info.ssi_signo,
			     sigabbrev_np((int)info.ssi_signo), info.ssi_pid);
		machine_shutdown(opaque, SHUTDOWN_SIGNAL);
	}
}

void machine_run(struct machine *machine)
{
	sigset_t signals;
	guint watch;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	watch = fd >= 0 ? fd_watch(fd, G_IO_IN, signal_ready, machine) : 0;
	if (!machine->config->paused) {
		machine_cont(machine, NULL);
	}
	g_main_loop_run(machine->loop);
	fd_unwatch(watch);
	fd_close(&fd);
}
