/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices and their properties.
 *
 * A class is a const table. The property table alone feeds -device, "-device X,help" and QMP.
 * Classes are listed, one line each, in system/device-table.c; nothing registers itself.
 */
#ifndef HW_CORE_DEVICE_H
#define HW_CORE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

struct accel;
struct addr_space;
struct device;
struct input_router;
struct pci_bus;
struct net_backend;
struct block_backend;
struct chardev;
struct display_registry;
struct opts;
struct vfio_host;
struct virtio_serial;

/*
 * What the machine offers its devices. Filled by system/ before the first device is created;
 * all pointers are borrowed and outlive every device. The find_* calls give NULL and *error for an
 * unknown id ("netdev 'x': not found"), or for a back end that another device took already.
 */
struct board {
	struct accel *accel;
	struct addr_space *mem, *io;
	struct pci_bus *pci; /* root bus; NULL for -machine none */
	struct input_router *input;
	struct display_registry *displays;
	void *machine;
	/* RAM from 0 to here is the guest's; the board's memory map reserves what devices took from its
	 * top with board_reserve_ram(). 0: none. */
	uint64_t low_ram_end;
	struct virtio_serial *serial; /* takes virtserialports; NULL: there is none */
	struct vfio_host *vfio; /* hw/vfio's containers and groups; NULL without a vfio device */
	struct net_backend *(*find_netdev)(struct board *board, const char *id, GError **error);
	struct block_backend *(*find_drive)(struct board *board, const char *id, GError **error);
	struct chardev *(*find_chardev)(struct board *board, const char *id, GError **error);
	/* Requests that end up on the main thread. Context: any. */
	void (*request_reset)(struct board *board);
	void (*request_shutdown)(struct board *board, bool guest_asked);
	void (*request_suspend)(struct board *board); /* to RAM, until somebody wakes it */
};

/*
 * Takes @bytes of guest RAM, in whole pages, from the top of what is below 4 GiB, for tables of a
 * device that its driver finds by their guest-physical address, which is returned; 0 if there isn't
 * so much. Only while devices are realized: the memory map is made at reset. What the device puts
 * there it has to put there again at each reset. Context: main, machine lock held.
 */
uint64_t board_reserve_ram(struct board *board, uint64_t bytes);

enum prop_type {
	PROP_BOOL, /* bool */
	PROP_U8, PROP_U16, PROP_U32, PROP_U64, /* uintN_t; 0x.. accepted */
	PROP_S32, /* int32_t */
	PROP_SIZE, /* uint64_t bytes, suffixes accepted */
	PROP_STR, /* char *, owned by the device */
	PROP_ON_OFF_AUTO, /* enum on_off_auto */
	PROP_ENUM, /* int: index in choices */
	PROP_PCI_ADDR, /* int32_t devfn, -1 = automatic; "05", "05.0" or "0x5.0x1" */
	PROP_HOST_BDF, /* struct host_bdf; "[dddd:]bb:dd.f" */
	PROP_MAC, /* uint8_t[6] */
};

enum on_off_auto { ON_OFF_AUTO_AUTO, ON_OFF_AUTO_ON, ON_OFF_AUTO_OFF };

struct host_bdf {
	bool set;
	uint32_t domain;
	uint8_t bus, slot, function;
};

struct property {
	const char *name;
	enum prop_type type;
	size_t offset; /* in the device's own struct */
	const char *def; /* in command-line syntax; NULL: zero */
	const char *help;
	const char *const *choices; /* PROP_ENUM: NULL-terminated */
	uint64_t min, max; /* integers: both 0 = the whole type */
};

#define PROP(_name, _type, _struct, _field, _def, _help)                               \
	{ .name = (_name), .type = (_type), .offset = offsetof(_struct, _field),        \
	  .def = (_def), .help = (_help) }
#define PROP_END { .name = NULL }

struct device_class {
	const char *name; /* as in -device NAME */
	const char *alias; /* second name, or NULL */
	const char *bus; /* "PCI", "ISA", "virtio-bus"; for -device help */
	const char *category; /* heading in -device help: "Network", "Storage", "Input", "Display",
			       * "Misc", ... */
	const char *description;
	size_t instance_size; /* the struct starts with struct device */
	const struct property *properties; /* ends with PROP_END; "id" is common to all */
	bool user_creatable; /* false: only the board makes it */
	/* All with the machine lock held. realize fails with *error and leaves nothing behind;
	 * unrealize is called only after a successful realize. */
	bool (*realize)(struct device *dev, GError **error);
	void (*reset)(struct device *dev); /* may be NULL */
	void (*unrealize)(struct device *dev);
};

struct device {
	const struct device_class *class;
	struct board *board;
	char *id; /* NULL if none was given */
	bool realized;
	char **set; /* names of properties that the user gave, NULL-terminated; may be NULL */
};

/* Zeroed instance with default property values, not realized. */
struct device *device_create(const struct device_class *class, struct board *board,
			     const char *id);
/* Sets one property from text; the message names the nearest property for an unknown one. */
bool device_set(struct device *dev, const char *name, const char *value, GError **error);
/* Every key of @opts except "driver" and "id". */
bool device_set_opts(struct device *dev, struct opts *opts, GError **error);
/* True when the user (not the default) gave the property. */
bool device_was_set(const struct device *dev, const char *name);
bool device_realize(struct device *dev, GError **error);
/* Unrealizes if needed, frees properties and the instance; accepts NULL. */
void device_destroy(struct device *dev);
/* How messages name it: "id", else the class's name. Borrowed. */
const char *device_label(const struct device *dev);
/* The current value of a property as text, to be freed; NULL for an unknown one. */
char *device_get(const struct device *dev, const char *name);

#endif
