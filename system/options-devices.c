// SPDX-License-Identifier: GPL-2.0-or-later
/* Options about devices and what stands behind them: ports, monitors, disks, networks, screens. */
#include <stdio.h>
#include <string.h>
#include <json-glib/json-glib.h>

#include "crypto/objects.h"
#include "system/config.h"
#include "system/device-table.h"
#include "ui/vnc.h"
#include "util/error.h"

/* ---- option strings, also as JSON ---- */

/* Nested objects become keys with dots, as in "file.filename". */
static bool flatten(struct opts *opts, const char *prefix, JsonObject *object, GError **error)
{
	JsonObjectIter iter;
	const char *name;
	JsonNode *node;

	json_object_iter_init_ordered(&iter, object);
	while (json_object_iter_next_ordered(&iter, &name, &node)) {
		g_autofree char *key = g_strconcat(prefix, name, NULL);
		g_autofree char *text = NULL;

		if (JSON_NODE_HOLDS_OBJECT(node)) {
			g_autofree char *deeper = g_strconcat(key, ".", NULL);

			if (!flatten(opts, deeper, json_node_get_object(node), error)) {
				return false;
			}
			continue;
		}
		if (!JSON_NODE_HOLDS_VALUE(node)) {
			return error_set(error, "%s: '%s': expected a string, number or boolean",
					 opts->object, key);
		}
		if (json_node_get_value_type(node) == G_TYPE_STRING) {
			text = json_node_dup_string(node);
		} else if (json_node_get_value_type(node) == G_TYPE_BOOLEAN) {
			text = g_strdup(json_node_get_boolean(node) ? "on" : "off");
		} else {
			text = json_to_string(node, FALSE);
		}
		opts_set(opts, key, text);
	}
	return true;
}

static struct opts *parse_json(const char *object, const char *text, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	g_autoptr(GError) cause = NULL;
	struct opts *opts;
	JsonNode *root;

	if (!g_utf8_validate(text, -1, NULL) ||
	    !json_parser_load_from_data(parser, text, -1, &cause)) {
		error_set(error, "%s: JSON: %s", object, cause ? cause->message : "not UTF-8 text");
		return NULL;
	}
	root = json_parser_get_root(parser);
	if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
		error_set(error, "%s: JSON: expected an object", object);
		return NULL;
	}
	opts = opts_create(object);
	if (!flatten(opts, "", json_node_get_object(root), error)) {
		g_clear_pointer(&opts, opts_destroy);
	}
	return opts;
}

static struct opts *parse(const char *object, const char *arg, const char *implied,
			  GError **error)
{
	return *arg == '{' ? parse_json(object, arg, error) : opts_parse(object, arg, implied, error);
}

/* Messages about the string carry "-device virtio-net-pci" instead of "-device". */
static void name_object(struct opts *opts, const char *key)
{
	const char *value = opts_get(opts, key);

	if (value) {
		g_autofree char *old = opts->object;

		opts->object = g_strdup_printf("%s %s", old, value);
	}
}

/* ---- ports and monitors ---- */

OPTION_HANDLER(opt_serial)
{
	config->serial_given = true;
	if (config->serials->len == SERIAL_PORTS) {
		return error_set(error, "%s %s: there are only %d serial ports", object, arg,
				 SERIAL_PORTS);
	}
	g_ptr_array_add(config->serials, g_strdup(arg));
	return true;
}

OPTION_HANDLER(opt_parallel)
{
	if (strcmp(arg, "none")) {
		return error_set(error, "%s %s: there is no parallel port (none)", object, arg);
	}
	return true;
}

static void add_monitor(struct config *config, bool qmp, bool pretty, const char *spec)
{
	struct monitor_config *monitor = g_new0(struct monitor_config, 1);

	monitor->qmp = qmp;
	monitor->pretty = pretty;
	monitor->spec = g_strdup(spec);
	g_ptr_array_add(config->monitors, monitor);
}

OPTION_HANDLER(opt_monitor)
{
	config->monitor_given = true;
	if (strcmp(arg, "none")) {
		add_monitor(config, false, false, arg);
	}
	return true;
}

OPTION_HANDLER(opt_qmp)
{
	if (strcmp(arg, "none")) {
		add_monitor(config, true, !strcmp(object, "-qmp-pretty"), arg);
	}
	return true;
}

OPTION_HANDLER(opt_mon)
{
	static const char *const known[] = { "chardev", "mode", "pretty", "id", NULL };
	struct opts *opts = opts_parse(object, arg, "chardev", error);
	const char *chardev = opts ? opts_get(opts, "chardev") : NULL;
	const char *mode = opts ? opts_get(opts, "mode") : NULL;
	g_autofree char *spec = g_strconcat("chardev:", chardev, NULL);
	bool pretty = false, ok = opts && opts_get_bool(opts, "pretty", &pretty, error);

	if (ok) {
		opts_get(opts, "id");
		ok = opts_check_used(opts, known, error);
	}
	if (ok && !chardev) {
		ok = error_set(error, "%s: needs chardev=ID", object);
	}
	if (ok && mode && strcmp(mode, "readline") && strcmp(mode, "control")) {
		ok = error_set(error, "%s: mode=%s: not one of readline, control", object, mode);
	}
	if (ok) {
		config->monitor_given = true;
		add_monitor(config, mode && !strcmp(mode, "control"), pretty, spec);
	}
	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_chardev)
{
	struct opts *opts;

	if (option_is_help(arg)) {
		printf("Available chardev back ends:\n"
		       "  null\n  stdio\n  file\n  pipe\n  pty\n  socket\n  spicevmc\n"
		       "  qemu-vdagent\n  vc\n");
		*done = true;
		return true;
	}
	opts = parse(object, arg, "backend", error);
	if (!opts) {
		return false;
	}
	name_object(opts, "id");
	g_ptr_array_add(config->chardevs, opts);
	return true;
}

/* ---- disks ---- */

static void add_drive(struct config *config, struct opts *opts, bool plug)
{
	struct drive_config *drive = g_new0(struct drive_config, 1);

	drive->opts = opts;
	drive->plug = plug;
	g_ptr_array_add(config->drives, drive);
}

OPTION_HANDLER(opt_drive)
{
	struct opts *opts = parse(object, arg, NULL, error);
	const char *interface, *media;

	if (!opts) {
		return false;
	}
	interface = opts_get(opts, "if");
	media = opts_get(opts, "media");
	if (interface && strcmp(interface, "virtio") && strcmp(interface, "none")) {
		error_set(error, "%s: if=%s: not offered (virtio, none)", object, interface);
	} else if (media && strcmp(media, "disk")) {
		error_set(error, "%s: media=%s: not offered (disk)", object, media);
	} else {
		add_drive(config, opts, !interface || !strcmp(interface, "virtio"));
		return true;
	}
	opts_destroy(opts);
	return false;
}

OPTION_HANDLER(opt_blockdev)
{
	struct opts *opts = parse(object, arg, "driver", error);

	if (!opts) {
		return false;
	}
	if (!opts_get(opts, "node-name")) {
		opts_destroy(opts);
		return error_set(error, "%s: needs node-name=NAME", object);
	}
	name_object(opts, "node-name");
	add_drive(config, opts, false);
	return true;
}

OPTION_HANDLER(opt_ide)
{
	return error_set(error, "%s: there is no IDE or floppy controller; "
			 "use -drive file=%s,format=raw,if=virtio", object, arg);
}

/* ---- networks ---- */

OPTION_HANDLER(opt_netdev)
{
	struct opts *opts;

	if (option_is_help(arg)) {
		printf("Available netdev back ends:\nuser\ntap\ndgram\n");
		*done = true;
		return true;
	}
	opts = parse(object, arg, "type", error);
	if (!opts) {
		return false;
	}
	name_object(opts, "id");
	config->net_given = true;
	g_ptr_array_add(config->netdevs, opts);
	return true;
}

/* -nic TYPE,model=M,mac=A,... is a -netdev and a -device in one. */
OPTION_HANDLER(opt_nic)
{
	struct opts *opts = opts_parse(object, arg, "type", error);
	g_autofree char *id = g_strdup_printf("nic%u", config->netdevs->len);
	struct opts *netdev, *device;
	const char *model = NULL;

	if (!opts) {
		return false;
	}
	config->net_given = true;
	if (!g_strcmp0(opts_get(opts, "type"), "none")) {
		opts_destroy(opts);
		return true;
	}
	netdev = opts_create(object);
	device = opts_create(object);
	for (unsigned int i = 0; i < opts->items->len; i++) {
		struct opt *opt = opts->items->pdata[i];

		if (!strcmp(opt->key, "model")) {
			model = opt->value;
		} else if (!strcmp(opt->key, "mac")) {
			opts_set(device, "mac", opt->value);
		} else if (!strcmp(opt->key, "id")) {
			g_free(id);
			id = g_strdup(opt->value);
		} else {
			opts_set(netdev, opt->key, opt->value);
		}
	}
	opts_set(netdev, "id", id);
	opts_set(device, "driver", !model || !strcmp(model, "virtio") ? "virtio-net-pci" : model);
	opts_set(device, "netdev", id);
	g_ptr_array_add(config->netdevs, netdev);
	g_ptr_array_add(config->devices, device);
	opts_destroy(opts);
	return true;
}

OPTION_HANDLER(opt_net)
{
	if (strcmp(arg, "none")) {
		return error_set(error, "%s %s: only none; use -nic user or -netdev with -device",
				 object, arg);
	}
	config->net_given = true;
	return true;
}

/* ---- screens ---- */

OPTION_HANDLER(opt_vga)
{
	static const char *const names[] = { "none", "std", NULL };

	if (!g_strv_contains(names, arg)) {
		return error_set(error, "%s %s: not offered (none, std)", object, arg);
	}
	option_set(&config->vga, arg);
	return true;
}

static bool set_egl_headless(struct config *config, const char *arg, GError **error)
{
	static const char *const known[] = { "rendernode", "x-linear", NULL };
	struct opts *opts = opts_parse("-display egl-headless", arg, "type", error);
	const char *node;
	bool good;

	if (!opts) {
		return false;
	}
	opts_get(opts, "type");
	node = opts_get(opts, "rendernode");
	if (node) {
		option_set(&config->egl_rendernode, node);
	}
	good = opts_get_bool(opts, "x-linear", &config->egl_linear, error) &&
	       opts_check_used(opts, known, error);
	config->egl_headless = good;
	opts_destroy(opts);
	return good;
}

OPTION_HANDLER(opt_display)
{
	if (option_is_help(arg)) {
		printf("Available display back-end types:\nnone\nvnc\negl-headless\ngtk\n");
		*done = true;
		return true;
	}
	if (g_str_has_prefix(arg, "vnc=")) {
		g_ptr_array_add(config->vncs, g_strdup(arg + strlen("vnc=")));
	} else if (!strcmp(arg, "egl-headless") || g_str_has_prefix(arg, "egl-headless,")) {
		if (!set_egl_headless(config, arg, error)) {
			return false;
		}
	} else if (!strcmp(arg, "gtk") || g_str_has_prefix(arg, "gtk,")) {
		option_set(&config->display, arg);
		return true;
	} else if (strcmp(arg, "none")) {
		return error_set(error, "%s %s: not offered (none, vnc=..., egl-headless, gtk)",
				 object, arg);
	}
	option_set(&config->display, "none");
	return true;
}

OPTION_HANDLER(opt_nographic)
{
	config->nographic = true;
	return true;
}

OPTION_HANDLER(opt_vnc)
{
	if (option_is_help(arg)) {
		vnc_print_help();
		*done = true;
		return true;
	}
	g_ptr_array_add(config->vncs, g_strdup(arg));
	return true;
}

/* Given twice, the second one adds to the first. */
OPTION_HANDLER(opt_spice)
{
	char *all = config->spice ? g_strconcat(config->spice, ",", arg, NULL) : g_strdup(arg);

	g_free(config->spice);
	config->spice = all;
	return true;
}

/* Viewers that send key codes need no layout. */
OPTION_HANDLER(opt_k)
{
	option_set(&config->keymap, arg);
	return true;
}

/* ---- devices ---- */

OPTION_HANDLER(opt_device)
{
	struct opts *opts;

	if (option_is_help(arg)) {
		device_table_help();
		*done = true;
		return true;
	}
	opts = parse(object, arg, "driver", error);
	if (!opts) {
		return false;
	}
	name_object(opts, "driver");
	if (opts_get(opts, "help") || opts_get(opts, "?")) {
		*done = device_class_help(opts_get(opts, "driver"), error);
		opts_destroy(opts);
		return *done;
	}
	g_ptr_array_add(config->devices, opts);
	return true;
}

/* driver.property=value, or driver=D,property=P,value=V */
OPTION_HANDLER(opt_global)
{
	struct global_config *global = g_new0(struct global_config, 1);
	const char *equals = strchr(arg, '='), *dot = strchr(arg, '.');

	g_ptr_array_add(config->globals, global);
	if (equals && dot && dot < equals) {
		global->driver = g_strndup(arg, (size_t)(dot - arg));
		global->property = g_strndup(dot + 1, (size_t)(equals - dot - 1));
		global->value = g_strdup(equals + 1);
	} else {
		struct opts *opts = opts_parse(object, arg, NULL, error);

		if (!opts) {
			return false;
		}
		global->driver = g_strdup(opts_get(opts, "driver"));
		global->property = g_strdup(opts_get(opts, "property"));
		global->value = g_strdup(opts_get(opts, "value"));
		opts_destroy(opts);
	}
	return (global->driver && global->property && global->value) ||
	       error_set(error, "%s %s: expected DRIVER.PROPERTY=VALUE", object, arg);
}

static struct opts *find_group(struct config *config, const char *group, const char *id)
{
	GPtrArray *lists[] = { config->devices, config->chardevs, config->netdevs };
	static const char *const names[] = { "device", "chardev", "netdev" };

	for (unsigned int i = 0; i < G_N_ELEMENTS(lists); i++) {
		for (unsigned int j = 0; j < lists[i]->len && !strcmp(names[i], group); j++) {
			if (!g_strcmp0(opts_get(lists[i]->pdata[j], "id"), id)) {
				return lists[i]->pdata[j];
			}
		}
	}
	for (unsigned int j = 0; j < config->drives->len && !strcmp("drive", group); j++) {
		struct drive_config *drive = config->drives->pdata[j];

		if (!g_strcmp0(opts_get(drive->opts, "id"), id)) {
			return drive->opts;
		}
	}
	return NULL;
}

/* Changes a setting of an option given before: GROUP.ID.NAME=VALUE. */
OPTION_HANDLER(opt_set)
{
	const char *equals = strchr(arg, '=');
	g_autofree char *path = equals ? g_strndup(arg, (size_t)(equals - arg)) : NULL;
	g_auto(GStrv) part = path ? g_strsplit(path, ".", 3) : NULL;
	struct opts *opts;

	if (!part || g_strv_length(part) != 3) {
		return error_set(error, "%s %s: expected GROUP.ID.NAME=VALUE", object, arg);
	}
	opts = find_group(config, part[0], part[1]);
	if (!opts) {
		return error_set(error, "%s %s: no -%s with id=%s before it", object, arg, part[0],
				 part[1]);
	}
	opts_set(opts, part[2], equals + 1);
	return true;
}

/* What virtio-rng reads is always the kernel's generator, so these name nothing else. */
static bool check_rng(struct opts *opts, GError **error)
{
	static const char *const files[] = { "/dev/urandom", "/dev/random", "/dev/hwrng", NULL };
	static const char *const known[] = { "qom-type", "id", "filename", NULL };
	const char *file = opts_get(opts, "filename");

	if (!opts_get(opts, "id")) {
		return error_set(error, "%s: needs id=ID", opts->object);
	}
	if (file && !g_strv_contains(files, file)) {
		return error_set(error, "%s: filename=%s: not offered (/dev/urandom)", opts->object,
				 file);
	}
	return opts_check_used(opts, known, error);
}

OPTION_HANDLER(opt_object)
{
	static const char *const rngs[] = { "rng-random", "rng-builtin", NULL };
	struct opts *opts = parse(object, arg, "qom-type", error);
	const char *type;
	bool ok;

	if (!opts) {
		return false;
	}
	type = opts_get(opts, "qom-type");
	name_object(opts, "qom-type");
	name_object(opts, "id");
	if (type && g_strv_contains(crypto_object_types, type)) {
		g_ptr_array_add(config->objects, opts);
		return true;
	}
	if (type && g_strv_contains(rngs, type)) {
		ok = check_rng(opts, error);
	} else {
		g_autofree char *types = g_strjoinv(", ", (char **)crypto_object_types);

		ok = error_set(error, "%s: not offered (rng-random, rng-builtin, %s)", opts->object,
			       types);
	}
	opts_destroy(opts);
	return ok;
}

OPTION_HANDLER(opt_audiodev)
{
	struct opts *opts = parse(object, arg, "driver", error);
	bool none = opts && !g_strcmp0(opts_get(opts, "driver"), "none");

	if (opts && !none) {
		error_set(error, "%s: only the driver none", object);
	}
	opts_destroy(opts);
	return none;
}

const struct option device_options[] = {
	{ "device", "DRIVER[,PROPERTY=VALUE]", "add a device; -device help lists them", opt_device },
	{ "drive", "file=PATH,format=raw[,if=virtio|none][,id=ID]", "add a disk image", opt_drive },
	{ "blockdev", "driver=raw,node-name=ID,file.filename=PATH", "disk image without a device",
	  opt_blockdev },
	{ "hda", "FILE", NULL, opt_ide },
	{ "hdb", "FILE", NULL, opt_ide },
	{ "hdc", "FILE", NULL, opt_ide },
	{ "hdd", "FILE", NULL, opt_ide },
	{ "cdrom", "FILE", NULL, opt_ide },
	{ "fda", "FILE", NULL, opt_ide },
	{ "netdev", "user|tap|dgram,id=ID[,...]", "add a network back end", opt_netdev },
	{ "nic", "user|tap|none[,model=virtio][,mac=A]", "a network back end with its card",
	  opt_nic },
	{ "net", "none", NULL, opt_net },
	{ "object", "secret|tls-creds-x509|tls-creds-anon|rng-random,id=ID[,...]",
	  "a password, certificates, or a source of random numbers", opt_object },
	{ "serial", "CHARDEV", "connect the next serial port (up to 4); vc is a tab of the window", opt_serial },
	{ "parallel", "none", NULL, opt_parallel },
	{ "monitor", "CHARDEV", "human monitor there", opt_monitor },
	{ "qmp", "CHARDEV", "QMP there", opt_qmp },
	{ "qmp-pretty", "CHARDEV", "QMP there, indented", opt_qmp },
	{ "mon", "[chardev=]ID[,mode=readline|control]", "monitor on a -chardev", opt_mon },
	{ "chardev", "BACKEND,id=ID[,...]", "add a character device; help lists", opt_chardev },
	{ "vnc", "[HOST]:N|unix:PATH|none[,...]", "VNC server; help explains", opt_vnc },
	{ "spice", "port=N|tls-port=N|unix=on,addr=PATH[,...]", "SPICE server", opt_spice },
	{ "display", "none|vnc=...|egl-headless[,rendernode=PATH]|gtk[,gl=on][,...]",
	  "no window here, VNC, pictures read by GL, or a window", opt_display },
	{ "nographic", NULL, "no display; serial port and monitor on the terminal",
	  opt_nographic },
	{ "vga", "none|std", "display device: none, or std for bochs-display", opt_vga },
	{ "k", "LAYOUT", "the guest's keyboard layout, for viewers that send symbols", opt_k },
	{ "global", "DRIVER.PROPERTY=VALUE", "default of a property for a kind of device",
	  opt_global },
	{ "set", "GROUP.ID.NAME=VALUE", "change an option given before", opt_set },
	{ "audiodev", "none", NULL, opt_audiodev },
	{ NULL }
};
