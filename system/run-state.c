// SPDX-License-Identifier: GPL-2.0-or-later
/* Running, stopping, reset and the end. Requests from vCPU threads are noted and done here. */
#include "accel/accel.h"
#include "accel/vcpu.h"
#include "hw/core/addr-space.h"
#include "hw/core/machine-lock.h"
#include "hw/i386/pc.h"
#include "system/machine.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

enum {
	REQUEST_RESET = 1,
	REQUEST_SHUTDOWN_GUEST = 2,
	REQUEST_SHUTDOWN_HOST = 4,
	REQUEST_FAIL = 8,
	REQUEST_SUSPEND = 16,
};

const char *run_state_name(enum run_state state)
{
	static const char *const names[] = {
		[STATE_PRELAUNCH] = "prelaunch", [STATE_RUNNING] = "running",
		[STATE_PAUSED] = "paused", [STATE_SUSPENDED] = "suspended",
		[STATE_SHUTDOWN] = "shutdown",
		[STATE_INTERNAL_ERROR] = "internal-error",
	};

	return names[state];
}

static void set_state(struct machine *machine, enum run_state state)
{
	machine->state = state;
	for (guint i = 0; i < machine->state_watchers->len; i++) {
		struct state_watcher watcher = g_array_index(machine->state_watchers,
							     struct state_watcher, i);

		watcher.fn(watcher.opaque);
	}
}

static void vcpus_run(struct machine *machine)
{
	if (machine->pc) {
		accel_vcpus_run(machine->accel);
	}
}

static void vcpus_stop(struct machine *machine)
{
	if (machine->pc) {
		accel_vcpus_stop(machine->accel);
	}
}

/* From running to @state. */
static void halt(struct machine *machine, enum run_state state)
{
	if (machine->state == STATE_RUNNING) {
		vcpus_stop(machine);
		set_state(machine, state);
		qmp_event(machine->monitor, "STOP", NULL);
	}
}

void machine_stop(struct machine *machine)
{
	halt(machine, STATE_PAUSED);
}

bool machine_cont(struct machine *machine, GError **error)
{
	if (machine->state == STATE_RUNNING) {
		return true;
	}
	if (machine->state == STATE_SHUTDOWN || machine->state == STATE_INTERNAL_ERROR) {
		return error_set(error, "cont: the machine is in state '%s': reset it first",
				 run_state_name(machine->state));
	}
	if (machine->state == STATE_SUSPENDED) {
		return error_set(error, "cont: the guest sleeps: system_wakeup wakes it");
	}
	set_state(machine, STATE_RUNNING);
	qmp_event(machine->monitor, "RESUME", NULL);
	vcpus_run(machine);
	return true;
}

static void reset_devices(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->devices->len; i++) {
		struct device *dev = machine->devices->pdata[i];

		if (dev->class->reset) {
			dev->class->reset(dev);
		}
	}
}

bool machine_reset_hardware(struct machine *machine, GError **error)
{
	bool ok;

	machine_lock();
	reset_devices(machine);
	ok = !machine->pc || pc_reset(machine->pc, error);
	machine_unlock();
	return ok;
}

static JsonObject *cause_data(bool guest, const char *reason)
{
	JsonObject *data = json_object_new();

	json_object_set_boolean_member(data, "guest", guest);
	json_object_set_string_member(data, "reason", reason);
	return data;
}

void machine_reset(struct machine *machine, bool by_guest)
{
	bool running = machine->state == STATE_RUNNING || machine->state == STATE_SUSPENDED;
	g_autoptr(GError) error = NULL;

	if (by_guest && machine->config->no_reboot) {
		machine_shutdown(machine, SHUTDOWN_GUEST_RESET);
		return;
	}
	TRACE(system, reset, "%s", by_guest ? "guest" : "host");
	if (machine->state == STATE_RUNNING) {
		vcpus_stop(machine);
	}
	/* What the guest asked for before is gone with it. */
	g_atomic_int_and(&machine->requests, ~(REQUEST_RESET | REQUEST_SHUTDOWN_GUEST | REQUEST_SUSPEND));
	qmp_event(machine->monitor, "RESET",
		  cause_data(by_guest, by_guest ? "guest-reset" : "host-qmp-system-reset"));
	if (!machine_reset_hardware(machine, &error)) {
		error_report("reset: %s", error->message);
		set_state(machine, STATE_INTERNAL_ERROR);
		qmp_event(machine->monitor, "STOP", NULL);
		return;
	}
	if (running) {
		set_state(machine, STATE_RUNNING);
		vcpus_run(machine);
	} else if (machine->state != STATE_PRELAUNCH) {
		set_state(machine, STATE_PAUSED);
	}
}

void machine_shutdown(struct machine *machine, enum shutdown_cause cause)
{
	static const char *const reasons[] = {
		[SHUTDOWN_GUEST] = "guest-shutdown", [SHUTDOWN_GUEST_RESET] = "guest-reset",
		[SHUTDOWN_QMP] = "host-qmp-quit", [SHUTDOWN_SIGNAL] = "host-signal",
		[SHUTDOWN_UI] = "host-ui",
	};
	bool guest = cause == SHUTDOWN_GUEST || cause == SHUTDOWN_GUEST_RESET;

	TRACE(system, shutdown, "%s", reasons[cause]);
	qmp_event(machine->monitor, "SHUTDOWN", cause_data(guest, reasons[cause]));
	if (guest && machine->config->no_shutdown) {
		halt(machine, STATE_SHUTDOWN);
	} else {
		g_main_loop_quit(machine->loop);
	}
}

/* Devices lose what they hold, as when their power goes; that is done when it comes back. */
static void suspend(struct machine *machine)
{
	if (machine->state != STATE_RUNNING && machine->state != STATE_PAUSED) {
		return;
	}
	if (machine->state == STATE_RUNNING) {
		vcpus_stop(machine);
	}
	set_state(machine, STATE_SUSPENDED);
	qmp_event(machine->monitor, "SUSPEND", NULL);
}

static bool wake(struct machine *machine, bool by_button, GError **error)
{
	bool ok;

	machine_lock();
	reset_devices(machine);
	ok = pc_wake(machine->pc, by_button, error);
	machine_unlock();
	if (!ok) {
		return false;
	}
	set_state(machine, STATE_RUNNING);
	qmp_event(machine->monitor, "WAKEUP", NULL);
	vcpus_run(machine);
	return true;
}

bool machine_wake(struct machine *machine, GError **error)
{
	if (machine->state != STATE_SUSPENDED) {
		return error_set(error, "system_wakeup: the guest doesn't sleep");
	}
	return wake(machine, false, error);
}

void machine_powerdown(struct machine *machine)
{
	g_autoptr(GError) error = NULL;

	if (machine->state == STATE_SUSPENDED) {
		if (!wake(machine, true, &error)) {
			error_report("%s", error->message);
		}
		return;
	}
	qmp_event(machine->monitor, "POWERDOWN", NULL);
	if (machine->pc) {
		machine_lock();
		pc_powerdown(machine->pc);
		machine_unlock();
	}
}

/* ---- requests ---- */

static void handle_requests(void *opaque)
{
	struct machine *machine = opaque;
	int requests = g_atomic_int_and(&machine->requests, 0);

	if (machine->ending) {
		return;
	}
	if (requests & REQUEST_FAIL) {
		halt(machine, STATE_INTERNAL_ERROR);
	}
	if (requests & REQUEST_SHUTDOWN_HOST) {
		machine_shutdown(machine, SHUTDOWN_QMP);
	} else if (requests & REQUEST_SHUTDOWN_GUEST) {
		machine_shutdown(machine, SHUTDOWN_GUEST);
	} else if (requests & REQUEST_RESET) {
		machine_reset(machine, true);
	} else if (requests & REQUEST_SUSPEND) {
		suspend(machine);
	}
}

/* Context: any. */
static void request(struct machine *machine, int bit)
{
	/* One call is on its way already when the bits weren't all clear. */
	if (g_atomic_int_or(&machine->requests, bit) == 0) {
		main_call(handle_requests, machine);
	}
}

static void request_reset(struct board *board)
{
	request(board->machine, REQUEST_RESET);
}

static void request_shutdown(struct board *board, bool guest_asked)
{
	request(board->machine, guest_asked ? REQUEST_SHUTDOWN_GUEST : REQUEST_SHUTDOWN_HOST);
}

static void request_suspend(struct board *board)
{
	request(board->machine, REQUEST_SUSPEND);
}

static void exit_mmio(void *opaque, uint64_t gpa, void *data, unsigned int size, bool write)
{
	struct machine *machine = opaque;

	if (write) {
		addr_space_write(machine->board.mem, gpa, data, size);
	} else {
		addr_space_read(machine->board.mem, gpa, data, size);
	}
}

static void exit_pio(void *opaque, uint16_t port, void *data, unsigned int size, bool write)
{
	struct machine *machine = opaque;

	if (write) {
		addr_space_write(machine->board.io, port, data, size);
	} else {
		addr_space_read(machine->board.io, port, data, size);
	}
}

static void exit_reset(void *opaque)
{
	request(opaque, REQUEST_RESET);
}

static void exit_fail(void *opaque, const char *text)
{
	error_report("%s", text);
	request(opaque, REQUEST_FAIL);
}

static const struct accel_exit_ops exit_ops = {
	.mmio = exit_mmio,
	.pio = exit_pio,
	.reset = exit_reset,
	.fail = exit_fail,
};

void machine_connect_requests(struct machine *machine)
{
	machine->board.request_reset = request_reset;
	machine->board.request_shutdown = request_shutdown;
	machine->board.request_suspend = request_suspend;
	if (machine->accel) {
		accel_set_exit_ops(machine->accel, &exit_ops, machine);
	}
}
