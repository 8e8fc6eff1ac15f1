/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct machine owns everything. Built top-down by machine_create, torn down by machine_destroy in
 * one written order: vCPUs stop, then sinks, consoles and devices, board, address spaces,
 * accelerator, back ends.
 *
 * Context: main, machine lock not held, unless said otherwise.
 */
#ifndef SYSTEM_MACHINE_H
#define SYSTEM_MACHINE_H

#include <json-glib/json-glib.h>

#include "hw/core/device.h"
#include "monitor/qmp.h"
#include "system/config.h"

struct crypto_objects;
struct egl_headless;
struct egl_headless_ops;
struct gtk_ops;
struct gui;
struct keymap;
struct pc;
struct clipboard;
struct spice;
struct spice_ops;
struct qtest_server;
struct vnc_server;

enum run_state {
	STATE_PRELAUNCH, /* -S, before the first cont */
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_SUSPENDED, /* the guest sleeps (ACPI S3) */
	STATE_SHUTDOWN, /* the guest switched itself off (-no-shutdown) */
	STATE_INTERNAL_ERROR, /* a vCPU can't go on */
};

enum shutdown_cause { SHUTDOWN_GUEST, SHUTDOWN_GUEST_RESET, SHUTDOWN_QMP, SHUTDOWN_SIGNAL,
		      SHUTDOWN_UI };

struct state_watcher {
	void (*fn)(void *opaque);
	void *opaque;
};

struct machine {
	struct board board; /* board.machine is this */
	const struct config *config;
	struct accel *accel; /* NULL: -machine none on a host without KVM */
	struct pc *pc; /* NULL: -machine none */
	GPtrArray *chardevs, *netdevs, *drives; /* owned back ends */
	GPtrArray *devices; /* of struct device *, in order of creation */
	struct crypto_objects *objects;
	struct keymap *keymap; /* NULL: US */
	struct monitor *monitor;
	GPtrArray *vncs; /* of struct vnc_server *: one for each -vnc */
	struct clipboard *clipboard; /* NULL: no -chardev qemu-vdagent shares one */
	GPtrArray *vdagents;
	const struct spice_ops *spice_ops; /* the loaded module, NULL without -spice */
	struct spice *spice;
	const struct egl_headless_ops *egl_ops; /* the loaded module */
	struct egl_headless *egl; /* NULL: not wanted, or it can't be had */
	const struct gtk_ops *gtk_ops; /* the loaded module, NULL without -display gtk */
	struct gui *gui;
	struct qtest_server *qtest;
	GPtrArray *held_keys; /* what send-key has still to release */
	GMainLoop *loop;
	enum run_state state;
	GArray *state_watchers; /* of struct state_watcher: told when the guest stops or runs */
	bool ending; /* machine_destroy is at work */
	gint requests; /* bits of run-state.c that other threads set */
};

/* @config is borrowed. On failure nothing is left behind. */
struct machine *machine_create(const struct config *config, GError **error);
/* Accepts NULL and half-built machines. */
void machine_destroy(struct machine *machine);
/* Until something ends it. */
void machine_run(struct machine *machine);

/* ---- run-state.c ---- */
const char *run_state_name(enum run_state state);
void machine_stop(struct machine *machine);
/* False and *error when the machine has to be reset first. */
bool machine_cont(struct machine *machine, GError **error);
/* The guest sees a power-on. @by_guest: who asked, for the event. */
void machine_reset(struct machine *machine, bool by_guest);
bool machine_reset_hardware(struct machine *machine, GError **error);
/* Emits SHUTDOWN and ends machine_run, or stops the guest where -no-shutdown says so. */
void machine_shutdown(struct machine *machine, enum shutdown_cause cause);
/* Presses the power button, which wakes a guest that sleeps. */
void machine_powerdown(struct machine *machine);
bool machine_wake(struct machine *machine, GError **error);
/* Fills board.request_* and the accelerator's exit ops. */
void machine_connect_requests(struct machine *machine);

/* ---- backends.c ---- */
bool machine_create_chardevs(struct machine *machine, GError **error);
bool machine_create_backends(struct machine *machine, GError **error);
/* "chardev:ID", or a legacy string that makes a new one with @label. */
struct chardev *machine_chardev(struct machine *machine, const char *label, const char *spec,
				GError **error);
/* Fills board.find_*. */
void machine_connect_backends(struct machine *machine);

/* ---- user-interface.c: those that are modules ---- */
bool machine_create_uis(struct machine *machine, GError **error);
void machine_destroy_uis(struct machine *machine);
/* Takes @data: a QMP event. @opaque: the machine. */
void machine_ui_event(void *opaque, const char *name, JsonObject *data);

/* ---- devices.c ---- */
bool machine_create_devices(struct machine *machine, GError **error);
void machine_destroy_devices(struct machine *machine);

/* ---- command-table.c: all QMP commands ---- */
void machine_add_commands(struct machine *machine);

#endif
