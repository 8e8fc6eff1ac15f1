/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line asked for, checked as far as that goes without touching the host. */
#ifndef SYSTEM_CONFIG_H
#define SYSTEM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "util/opts.h"

#define SERIAL_PORTS 4

struct monitor_config {
	bool qmp, pretty;
	char *spec; /* legacy chardev string or "chardev:ID" */
};

struct drive_config {
	struct opts *opts;
	bool plug; /* a virtio-blk-pci device is made for it */
};

struct global_config {
	char *driver, *property, *value;
};

struct config {
	bool none_machine;
	char *accels; /* "kvm:tcg", in order of preference; NULL: kvm */
	char *cpu;
	unsigned int cpus;
	uint64_t ram_bytes;
	char *kernel, *initrd, *append;
	char *name, *process_name, *uuid, *pidfile;
	char *display, *vga, *keymap; /* as given */
	GPtrArray *vncs; /* of char *: each -vnc */
	char *spice; /* all -spice, joined by commas */
	bool egl_headless, egl_linear; /* linear: x-linear=on */
	char *egl_rendernode;
	char *qtest, *qtest_log;
	bool nodefaults, nographic, paused, no_reboot, no_shutdown, daemonize;
	bool i8042;
	bool net_given; /* the command line says something about networks */
	bool vnc_is_default;
	bool serial_given, monitor_given;
	GPtrArray *serials; /* of char * */
	GPtrArray *monitors; /* of struct monitor_config * */
	GPtrArray *chardevs, *netdevs, *devices, *objects; /* of struct opts * */
	GPtrArray *drives; /* of struct drive_config * */
	GPtrArray *globals; /* of struct global_config * */
};

struct config *config_create(void);
void config_destroy(struct config *config);

/* Without -nodefaults a pc has a network card, a display device and a VNC server on this machine,
 * unless the command line says something about them; in a window a serial port and the human monitor
 * as well. Called once, after all options. */
void config_add_defaults(struct config *config);

/* The type of -display, "gtk" in "gtk,gl=on". */
bool config_display_is(const struct config *config, const char *type);

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_ERROR };
/* DONE: help or the version was asked for and printed. */
/* The type of -display, "gtk" in "gtk,gl=on". */
bool config_display_is(const struct config *config, const char *type);

enum options_result options_parse(struct config *config, int argc, char **argv, GError **error);

/*
 * One entry of the table in options.c. @object names the option in messages. A handler that printed
 * what "help" asks for sets *done.
 */
struct option {
	const char *name;
	const char *argument; /* how the help calls it; NULL: takes none */
	const char *help; /* NULL: accepted without effect, not listed */
	bool (*parse)(struct config *config, const char *object, const char *arg, bool *done,
		      GError **error);
};

#define OPTION_HANDLER(name)                                                           \
	static bool name(struct config *config, const char *object, const char *arg,    \
			 bool *done, GError **error)

/* "help" or "?" */
bool option_is_help(const char *arg);
/* *field becomes a copy of @value (NULL is fine). */
void option_set(char **field, const char *value);

/* options-machine.c */
extern const struct option machine_options[];
/* options-devices.c */
extern const struct option device_options[];

#endif
