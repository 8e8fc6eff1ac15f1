// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <spice.h>

#include "ui/spice.h"
#include "ui/spice/options.h"
#include "util/error.h"
#include "util/opts.h"

#define MAX_REFRESH_RATE 1000

static const char *const known[] = {
	"addr", "agent-mouse", "disable-agent-file-xfer", "disable-copy-paste", "disable-ticketing",
	"display", "gl", "head", "image-compression", "ipv4", "ipv6", "jpeg-wan-compression",
	"max-refresh-rate", "password", "password-secret", "plaintext-channel",
	"playback-compression", "port", "rendernode", "sasl", "seamless-migration",
	"streaming-video", "tls-channel", "tls-ciphers", "tls-port", "unix", "video-codecs",
	"x509-cacert-file", "x509-cert-file", "x509-dh-key-file", "x509-dir", "x509-key-file",
	"x509-key-password", "zlib-glz-wan-compression", NULL,
};

static const char *const channels[] = {
	"main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir",
	"default", NULL,
};

struct choice {
	const char *name; /* NULL ends */
	int value;
};

static const struct choice image_choices[] = {
	{ "off", SPICE_IMAGE_COMPRESSION_OFF },
	{ "auto_glz", SPICE_IMAGE_COMPRESSION_AUTO_GLZ },
	{ "auto_lz", SPICE_IMAGE_COMPRESSION_AUTO_LZ },
	{ "quic", SPICE_IMAGE_COMPRESSION_QUIC },
	{ "glz", SPICE_IMAGE_COMPRESSION_GLZ },
	{ "lz", SPICE_IMAGE_COMPRESSION_LZ },
	{ "lz4", SPICE_IMAGE_COMPRESSION_LZ4 },
	{ NULL },
};

static const struct choice wan_choices[] = {
	{ "auto", SPICE_WAN_COMPRESSION_AUTO },
	{ "never", SPICE_WAN_COMPRESSION_NEVER },
	{ "always", SPICE_WAN_COMPRESSION_ALWAYS },
	{ NULL },
};

static const struct choice video_choices[] = {
	{ "off", SPICE_STREAM_VIDEO_OFF },
	{ "all", SPICE_STREAM_VIDEO_ALL },
	{ "filter", SPICE_STREAM_VIDEO_FILTER },
	{ NULL },
};

static bool get_choice(struct opts *opts, const char *key, const struct choice *choices, int *out,
		       GError **error)
{
	const char *value = opts_get(opts, key);
	g_autoptr(GString) names = g_string_new(NULL);

	if (!value) {
		return true;
	}
	for (; choices->name; choices++) {
		if (!strcmp(choices->name, value)) {
			*out = choices->value;
			return true;
		}
		g_string_append_printf(names, "%s%s", names->len ? ", " : "", choices->name);
	}
	return error_set(error, "%s: %s=%s: not one of %s", opts->object, key, value, names->str);
}

/* 0 stands for none, as with QEMU. */
static bool get_port(struct opts *opts, const char *key, int *port, GError **error)
{
	uint64_t number = 0;

	if (!opts_get_u64(opts, key, &number, error)) {
		return false;
	}
	if (number > 65535) {
		return error_set(error, "%s: %s=%s: not a TCP port (1..65535)", opts->object, key,
				 opts_get(opts, key));
	}
	*port = (int)number;
	return true;
}

static bool parse_address(struct spice_options *options, struct opts *opts, GError **error)
{
	struct listen_address *address = &options->address;
	const char *addr = opts_get(opts, "addr");
	bool is_unix = false;
	int port = 0;

	if (!opts_get_bool(opts, "unix", &is_unix, error) ||
	    !opts_get_bool(opts, "ipv4", &address->ipv4, error) ||
	    !opts_get_bool(opts, "ipv6", &address->ipv6, error) ||
	    !get_port(opts, "port", &port, error) ||
	    !get_port(opts, "tls-port", &options->tls_port, error)) {
		return false;
	}
	if (is_unix && (!addr || !*addr)) {
		return error_set(error, "%s: unix=on: needs addr=PATH", opts->object);
	}
	if (is_unix && (port || options->tls_port)) {
		return error_set(error, "%s: unix=on: a socket file has no port", opts->object);
	}
	/* A port 0 that was asked for (libvirt does) is none: viewers come by QMP's add_client. */
	if (!is_unix && !port && !options->tls_port && !opts_get(opts, "port")) {
		return error_set(error, "%s: needs port=N, tls-port=N or unix=on with addr=PATH",
				 opts->object);
	}
	if (port && port == options->tls_port) {
		return error_set(error, "%s: tls-port=%d: the same as port=", opts->object, port);
	}
	options->listen = is_unix || port;
	if (is_unix) {
		address->unix_path = g_strdup(addr);
	} else {
		address->host = g_strdup(addr);
		address->port = address->port_last = (uint16_t)port;
	}
	return true;
}

static bool get_file(struct opts *opts, const char *key, const char *folder, const char *name,
		     char **out, GError **error)
{
	const char *path = opts_get(opts, key);

	*out = path ? g_strdup(path) : name ? g_build_filename(folder, name, NULL) : NULL;
	if (*out && access(*out, R_OK)) {
		return error_set_errno(error, errno, "%s: %s=%s", opts->object, key, *out);
	}
	return true;
}

static bool parse_tls(struct spice_options *options, struct opts *opts, GError **error)
{
	static const char *const files[] = { "x509-dir", "x509-key-file", "x509-key-password",
					     "x509-cert-file", "x509-cacert-file",
					     "x509-dh-key-file", "tls-ciphers", NULL };
	const char *folder = opts_get(opts, "x509-dir");

	for (unsigned int i = 0; !options->tls_port && files[i]; i++) {
		if (opts_get(opts, files[i])) {
			return error_set(error, "%s: %s: needs tls-port=N", opts->object, files[i]);
		}
	}
	if (!options->tls_port) {
		return true;
	}
	folder = folder ? folder : ".";
	options->key_password = g_strdup(opts_get(opts, "x509-key-password"));
	options->ciphers = g_strdup(opts_get(opts, "tls-ciphers"));
	return get_file(opts, "x509-key-file", folder, "server-key.pem", &options->key_file,
			error) &&
	       get_file(opts, "x509-cert-file", folder, "server-cert.pem", &options->cert_file,
			error) &&
	       get_file(opts, "x509-cacert-file", folder, "ca-cert.pem", &options->cacert_file,
			error) &&
	       get_file(opts, "x509-dh-key-file", NULL, NULL, &options->dh_file, error);
}

/* tls-channel= and plaintext-channel= may come more than once. */
static bool parse_channels(struct spice_options *options, struct opts *opts, GError **error)
{
	for (unsigned int i = 0; i < opts->items->len; i++) {
		struct opt *opt = opts->items->pdata[i];
		bool tls = !strcmp(opt->key, "tls-channel");
		struct spice_channel_rule rule = {
			.security = tls ? SPICE_CHANNEL_SECURITY_SSL : SPICE_CHANNEL_SECURITY_NONE,
		};

		if (!tls && strcmp(opt->key, "plaintext-channel") != 0) {
			continue;
		}
		if (!g_strv_contains(channels, opt->value)) {
			g_autofree char *names = g_strjoinv(", ", (char **)channels);

			return error_set(error, "%s: %s=%s: not one of %s", opts->object, opt->key,
					 opt->value, names);
		}
		if (tls && !options->tls_port) {
			return error_set(error, "%s: tls-channel=%s: needs tls-port=N",
					 opts->object, opt->value);
		}
		if (!tls && !options->listen) {
			return error_set(error, "%s: plaintext-channel=%s: needs port=N",
					 opts->object, opt->value);
		}
		rule.name = strcmp(opt->value, "default") ? g_strdup(opt->value) : NULL;
		g_array_append_val(options->rules, rule);
	}
	return true;
}

static bool parse_password(struct spice_options *options, struct opts *opts, GError **error)
{
	bool open = false, sasl = false;

	options->password = g_strdup(opts_get(opts, "password"));
	options->password_secret = g_strdup(opts_get(opts, "password-secret"));
	if (!opts_get_bool(opts, "disable-ticketing", &open, error) ||
	    !opts_get_bool(opts, "sasl", &sasl, error)) {
		return false;
	}
	options->ticketing = !open;
	if (sasl) {
		return error_set(error, "%s: sasl=on: not offered", opts->object);
	}
	if (options->password && options->password_secret) {
		return error_set(error, "%s: password, password-secret: one or the other",
				 opts->object);
	}
	if (open && (options->password || options->password_secret)) {
		return error_set(error, "%s: disable-ticketing: with a password it makes no sense",
				 opts->object);
	}
	return true;
}

static bool get_off_switch(struct opts *opts, const char *key, bool *feature, GError **error)
{
	bool off = !*feature;

	if (!opts_get_bool(opts, key, &off, error)) {
		return false;
	}
	*feature = !off;
	return true;
}

static bool parse_display(struct spice_options *options, struct opts *opts, GError **error)
{
	uint64_t head = 0, rate = 0;

	if (!opts_get_u64(opts, "head", &head, error) ||
	    !opts_get_u64(opts, "max-refresh-rate", &rate, error) ||
	    !opts_get_bool(opts, "gl", &options->gl, error)) {
		return false;
	}
	options->display = g_strdup(opts_get(opts, "display"));
	if (head > G_MAXINT) {
		return error_set(error, "%s: head: number too large", opts->object);
	}
	if (head && !options->display) {
		return error_set(error, "%s: head: needs display=ID", opts->object);
	}
	if (opts_get(opts, "max-refresh-rate") && (rate < 1 || rate > MAX_REFRESH_RATE)) {
		return error_set(error, "%s: max-refresh-rate=%s: not 1..%d", opts->object,
				 opts_get(opts, "max-refresh-rate"), MAX_REFRESH_RATE);
	}
	options->head = (unsigned int)head;
	options->max_refresh_rate = (unsigned int)rate;
	/* A GPU to draw with. Nothing is drawn here: the viewer imports what it is passed. */
	opts_get(opts, "rendernode");
	return true;
}

static bool parse_rest(struct spice_options *options, struct opts *opts, GError **error)
{
	options->image_compression = SPICE_IMAGE_COMPRESSION_AUTO_GLZ;
	options->jpeg = options->zlib_glz = SPICE_WAN_COMPRESSION_AUTO;
	options->streaming_video = SPICE_STREAM_VIDEO_OFF;
	options->agent_mouse = options->copy_paste = options->file_transfer = true;
	options->playback_compression = true;
	options->video_codecs = g_strdup(opts_get(opts, "video-codecs"));
	return get_choice(opts, "image-compression", image_choices, &options->image_compression,
			  error) &&
	       get_choice(opts, "jpeg-wan-compression", wan_choices, &options->jpeg, error) &&
	       get_choice(opts, "zlib-glz-wan-compression", wan_choices, &options->zlib_glz,
			  error) &&
	       get_choice(opts, "streaming-video", video_choices, &options->streaming_video,
			  error) &&
	       opts_get_bool(opts, "agent-mouse", &options->agent_mouse, error) &&
	       get_off_switch(opts, "disable-copy-paste", &options->copy_paste, error) &&
	       get_off_switch(opts, "disable-agent-file-xfer", &options->file_transfer, error) &&
	       opts_get_bool(opts, "playback-compression", &options->playback_compression,
			     error) &&
	       opts_get_bool(opts, "seamless-migration", &options->seamless_migration, error);
}

static void clear_rule(gpointer rule)
{
	g_free(((struct spice_channel_rule *)rule)->name);
}

bool spice_options_parse(struct spice_options *options, const char *spec, GError **error)
{
	struct opts *opts = opts_parse(SPICE_OBJECT, spec, NULL, error);
	bool ok;

	memset(options, 0, sizeof(*options));
	if (!opts) {
		return false;
	}
	/* A typing error first, before what it leaves missing. */
	for (unsigned int i = 0; known[i]; i++) {
		opts_get(opts, known[i]);
	}
	options->rules = g_array_new(FALSE, FALSE, sizeof(struct spice_channel_rule));
	g_array_set_clear_func(options->rules, clear_rule);
	ok = opts_check_used(opts, known, error) && parse_address(options, opts, error) &&
	     parse_tls(options, opts, error) && parse_channels(options, opts, error) &&
	     parse_password(options, opts, error) && parse_display(options, opts, error) &&
	     parse_rest(options, opts, error);
	opts_destroy(opts);
	if (!ok) {
		spice_options_finish(options);
	}
	return ok;
}

void spice_options_finish(struct spice_options *options)
{
	char **strings[] = {
		&options->key_file, &options->cert_file, &options->cacert_file,
		&options->key_password, &options->dh_file, &options->ciphers, &options->password,
		&options->password_secret, &options->display, &options->video_codecs,
	};

	listen_address_clear(&options->address);
	for (unsigned int i = 0; i < G_N_ELEMENTS(strings); i++) {
		g_clear_pointer(strings[i], g_free);
	}
	g_clear_pointer(&options->rules, g_array_unref);
}
