// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ui/vnc.h"
#include "ui/vnc/options.h"
#include "util/error.h"
#include "util/opts.h"

#define FIRST_PORT 5900
#define FIRST_WEB_PORT 5700
#define MAX_DISPLAY (65535 - FIRST_PORT)
#define DEFAULT_CONNECTIONS 32
#define MAX_KEY_DELAY_MS 1000

static const char *const known[] = {
	"audiodev", "connections", "display", "head", "id", "ipv4", "ipv6", "key-delay-ms",
	"lock-key-sync", "lossy", "non-adaptive", "password", "password-secret", "power-control", "reverse",
	"sasl", "share", "tls-creds", "to", "vnc",
	"websocket", NULL,
};

/* QEMU has these; here they are refused by name rather than as unknown. */
static const char *const later[] = {
	"sasl-authz", "tls-authz", NULL,
};

/* QEMU had these before 6; now they are somewhere else there, too. */
static const char *const gone[] = {
	"acl", "tls", "x509", "x509verify", NULL,
};

static bool parse_display_number(const char *text, uint64_t *number)
{
	g_autoptr(GError) error = NULL;

	return parse_u64("-vnc", "display", text, number, &error) && *number <= MAX_DISPLAY;
}

/* What stands before a colon: a name, an address, or "[::1]" with the brackets taken off. */
static bool parse_host(const char *option, const char *text, size_t len, char **host,
		       GError **error)
{
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		*host = g_strndup(text + 1, len - 2);
	} else if (memchr(text, ':', len)) {
		return error_set(error, "%s%s: an IPv6 address needs brackets: [%.*s]%s", option, text,
				 (int)len, text, text + len);
	} else {
		*host = g_strndup(text, len);
	}
	return true;
}

static bool parse_unix(const char *option, struct listen_address *address, const char *text,
		       GError **error)
{
	if (!text[strlen("unix:")]) {
		return error_set(error, "%s%s: a path is missing after 'unix:'", option, text);
	}
	address->unix_path = g_strdup(text + strlen("unix:"));
	return true;
}

/* "unix:PATH", ":1", "host:1" or "[::1]:1". */
static bool parse_address(struct vnc_options *options, const char *text, GError **error)
{
	struct listen_address *address = &options->address;
	const char *colon = strrchr(text, ':');
	uint64_t number;

	if (g_str_has_prefix(text, "unix:")) {
		return parse_unix("-vnc ", address, text, error);
	}
	if (!colon || !parse_display_number(colon + 1, &number)) {
		return error_set(error, "-vnc %s: expected HOST:N with N = 0..%d, unix:PATH or none",
				 text, MAX_DISPLAY);
	}
	/* Who listens for us has a port and no display number. */
	if (options->reverse && (number < 1 || number > G_MAXUINT16)) {
		return error_set(error, "-vnc %s: reverse=on: expected HOST:PORT", text);
	}
	address->port = (uint16_t)(options->reverse ? number : FIRST_PORT + number);
	address->port_last = address->port;
	return parse_host("-vnc ", text, (size_t)(colon - text), &address->host, error);
}

static bool parse_port(const char *text, uint16_t *port)
{
	g_autoptr(GError) error = NULL;
	uint64_t number;

	if (!parse_u64("-vnc", "websocket", text, &number, &error) || number < 1 ||
	    number > G_MAXUINT16) {
		return false;
	}
	*port = (uint16_t)number;
	return true;
}

/* After the address proper, whose host and display number are the defaults. */
static bool parse_websocket(struct vnc_options *options, struct opts *opts, GError **error)
{
	const char *text = opts_get(opts, "websocket"), *colon = text ? strrchr(text, ':') : NULL;
	const struct listen_address *main = &options->address;
	struct listen_address *web = &options->web_address;

	if (!text || !strcmp(text, "off")) {
		return true;
	}
	options->web = true;
	web->ipv4 = main->ipv4;
	web->ipv6 = main->ipv6;
	if (g_str_has_prefix(text, "unix:")) {
		return parse_unix("-vnc: websocket=", web, text, error);
	}
	if (!strcmp(text, "on")) {
		if (!options->listen || main->unix_path) {
			return error_set(error, "%s: websocket=on: there is no display number; "
					 "websocket=PORT", opts->object);
		}
		web->host = g_strdup(main->host);
		web->port = (uint16_t)(main->port - FIRST_PORT + FIRST_WEB_PORT);
		web->port_last = (uint16_t)(main->port_last - FIRST_PORT + FIRST_WEB_PORT);
		return true;
	}
	if (!parse_port(colon ? colon + 1 : text, &web->port)) {
		return error_set(error, "%s: websocket=%s: expected on, PORT, HOST:PORT or unix:PATH",
				 opts->object, text);
	}
	web->port_last = web->port;
	if (colon) {
		return parse_host("-vnc: websocket=", text, (size_t)(colon - text), &web->host,
				  error);
	}
	web->host = g_strdup(main->host);
	return true;
}

static bool parse_to(struct vnc_options *options, struct opts *opts, const char *spec,
		     GError **error)
{
	const char *to = opts_get(opts, "to");
	uint64_t number;

	if (!to) {
		return true;
	}
	if (!parse_display_number(to, &number) || options->address.unix_path ||
	    FIRST_PORT + number < options->address.port) {
		return error_set(error,
				 "-vnc %s: to=%s: expected a display number not below the first",
				 spec, to);
	}
	options->address.port_last = (uint16_t)(FIRST_PORT + number);
	return true;
}

static bool parse_share(struct vnc_options *options, struct opts *opts, GError **error)
{
	static const char *const names[] = { "allow-exclusive", "force-shared", "ignore", NULL };
	const char *share = opts_get(opts, "share");

	for (unsigned int i = 0; share && names[i]; i++) {
		if (!strcmp(share, names[i])) {
			options->share = (enum vnc_share)i;
			return true;
		}
	}
	return !share ||
	       error_set(error, "%s: share=%s: expected allow-exclusive, force-shared or ignore",
			 opts->object, share);
}

/* An option that comes later may be said to be off. */
static bool refuse_later(struct opts *opts, GError **error)
{
	for (unsigned int i = 0; later[i]; i++) {
		const char *value = opts_get(opts, later[i]);

		if (value && strcmp(value, "off") != 0) {
			return error_set(error, "%s: %s: not supported yet", opts->object, later[i]);
		}
	}
	for (unsigned int i = 0; gone[i]; i++) {
		if (opts_get(opts, gone[i])) {
			return error_set(error, "%s: %s: -object tls-creds-x509,id=ID,... and "
					 "tls-creds=ID are what does that now", opts->object,
					 gone[i]);
		}
	}
	return true;
}

static bool parse_security(struct vnc_options *options, struct opts *opts, GError **error)
{
	const char *secret = opts_get(opts, "password-secret");

	if (!opts_get_bool(opts, "password", &options->password, error)) {
		return false;
	}
	if (secret && options->password) {
		return error_set(error, "%s: password=on, password-secret=%s: one or the other",
				 opts->object, secret);
	}
	options->password |= secret != NULL;
	if (!opts_get_bool(opts, "sasl", &options->sasl, error)) {
		return false;
	}
	if (options->sasl && options->password) {
		return error_set(error, "%s: sasl=on and a password: one or the other", opts->object);
	}
	options->password_secret = g_strdup(secret);
	options->tls_creds = g_strdup(opts_get(opts, "tls-creds"));
	return true;
}

static bool parse_rest(struct vnc_options *options, struct opts *opts, GError **error)
{
	uint64_t connections = DEFAULT_CONNECTIONS, head = 0, key_delay_ms = 0;

	if (!refuse_later(opts, error) ||
	    !parse_security(options, opts, error) ||
	    !opts_get_bool(opts, "lossy", &options->lossy, error) ||
	    !opts_get_bool(opts, "power-control", &options->power_control, error) ||
	    !opts_get_bool(opts, "lock-key-sync", &options->lock_key_sync, error) ||
	    !opts_get_u64(opts, "key-delay-ms", &key_delay_ms, error) ||
	    !opts_get_bool(opts, "non-adaptive", &options->non_adaptive, error) ||
	    !opts_get_bool(opts, "ipv4", &options->address.ipv4, error) ||
	    !opts_get_bool(opts, "ipv6", &options->address.ipv6, error) ||
	    !opts_get_u64(opts, "connections", &connections, error) ||
	    !opts_get_u64(opts, "head", &head, error) || !parse_share(options, opts, error) ||
	    !parse_websocket(options, opts, error)) {
		return false;
	}
	if (connections < 1 || connections > G_MAXINT) {
		return error_set(error, "%s: connections: at least 1 is needed", opts->object);
	}
	if (head > G_MAXINT) {
		return error_set(error, "%s: head: number too large", opts->object);
	}
	if (key_delay_ms > MAX_KEY_DELAY_MS) {
		return error_set(error, "%s: key-delay-ms: at most %d", opts->object,
				 MAX_KEY_DELAY_MS);
	}
	options->key_delay_ms = (unsigned int)key_delay_ms;
	options->connections = (unsigned int)connections;
	options->head = (unsigned int)head;
	options->display = g_strdup(opts_get(opts, "display"));
	options->id = g_strdup(opts_get(opts, "id"));
	/* libvirt names the only audio back end that there is, "none". */
	opts_get(opts, "audiodev");
	return opts_check_used(opts, known, error);
}

static bool check_reverse(struct vnc_options *options, struct opts *opts, GError **error)
{
	if (!options->reverse) {
		return true;
	}
	if (!options->listen || options->web || opts_get(opts, "to")) {
		return error_set(error, "%s: reverse=on: needs HOST:PORT or unix:PATH to connect to, "
				 "and goes without websocket= and to=", opts->object);
	}
	options->listen = false;
	return true;
}

bool vnc_options_parse(struct vnc_options *options, const char *spec, GError **error)
{
	struct opts *opts = opts_parse("-vnc", spec, "vnc", error);
	const char *address;
	bool ok;

	memset(options, 0, sizeof(*options));
	if (!opts) {
		return false;
	}
	address = opts_get(opts, "vnc");
	options->listen = address && strcmp(address, "none") != 0;
	options->lock_key_sync = true;
	if (!address || !*address) {
		ok = error_set(error, "-vnc: an address is missing: HOST:N, unix:PATH or none");
	} else {
		ok = opts_get_bool(opts, "reverse", &options->reverse, error) &&
		     (!options->listen || parse_address(options, address, error)) &&
		     parse_to(options, opts, address, error) && parse_rest(options, opts, error) &&
		     check_reverse(options, opts, error);
	}
	opts_destroy(opts);
	if (!ok) {
		vnc_options_finish(options);
	}
	return ok;
}

void vnc_options_finish(struct vnc_options *options)
{
	listen_address_clear(&options->address);
	listen_address_clear(&options->web_address);
	g_clear_pointer(&options->display, g_free);
	g_clear_pointer(&options->id, g_free);
	g_clear_pointer(&options->password_secret, g_free);
	g_clear_pointer(&options->tls_creds, g_free);
}

void vnc_print_help(void)
{
	puts("-vnc ADDRESS[,OPTION=VALUE]...\n"
	     "  HOST:N                 TCP port 5900 + N; no HOST: every interface\n"
	     "  unix:PATH              a unix socket\n"
	     "  none                   no socket\n"
	     "  to=N                   last display number to try when N is taken\n"
	     "  websocket=on|PORT|HOST:PORT|unix:PATH\n"
	     "                         viewers in browsers, also noVNC's pages; on: port 5700 + N\n"
	     "  ipv4=on|off, ipv6=on|off\n"
	     "  password=on|off        VNC authentication; the password is set by QMP set_password\n"
	     "  password-secret=ID     the same, with the password of -object secret,id=ID\n"
	     "  sasl=on|off            users of SASL, as /etc/sasl2/qemu.conf says; needs tls-creds or\n"
	     "                         unix sockets [off]\n"
	     "  tls-creds=ID           TLS (VeNCrypt), with -object tls-creds-x509 or tls-creds-anon\n"
	     "  share=allow-exclusive|force-shared|ignore\n"
	     "  connections=N          most clients at a time [32]\n"
	     "  reverse=on|off         connect to a viewer that listens at HOST:PORT or unix:PATH [off]\n"
	     "  power-control=on|off   viewers may power down and reset the guest [off]\n"
	     "  lock-key-sync=on|off   Caps and Num Lock follow viewers that send no key codes [on]\n"
	     "  key-delay-ms=N         time between two keys of a viewer [0]\n"
	     "  lossy=on|off           allow JPEG in tight encoding, and H.264 [off]\n"
	     "  non-adaptive=on|off    the client's encoding also where raw pixels are faster;\n"
     "                         JPEG is never refined [off]\n"
	     "  display=ID, head=N     the device and head to show [the first]");
}
