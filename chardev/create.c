// SPDX-License-Identifier: GPL-2.0-or-later
/* From the command line's two ways of naming a back end to the back end. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "chardev-int.h"
#include "util/error.h"
#include "util/fd.h"

#define OFFERED "stdio, null, file, pipe, pty, unix, tcp, vc"

static struct chardev *null_create(const char *id)
{
	return &stream_create(id, "null")->base;
}

static struct chardev *file_create(const char *id, const char *path, bool append, GError **error)
{
	g_autofree char *filename = g_strdup_printf("file:%s", path);
	struct stream *stream;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);

	if (fd < 0) {
		error_set_errno(error, errno, "chardev %s: file '%s': open", id, path);
		return NULL;
	}
	stream = stream_create(id, filename);
	stream_open(stream, -1, fd);
	return &stream->base;
}

/* PATH.in and PATH.out, or one PATH for both directions; opened read-write so that neither
 * direction waits for a peer nor ends when it leaves. */
static struct chardev *pipe_create(const char *id, const char *path, GError **error)
{
	g_autofree char *in_path = g_strconcat(path, ".in", NULL);
	g_autofree char *out_path = g_strconcat(path, ".out", NULL);
	g_autofree char *filename = g_strdup_printf("pipe:%s", path);
	int flags = O_RDWR | O_NONBLOCK | O_CLOEXEC;
	int in_fd = open(in_path, flags), out_fd = open(out_path, flags);
	struct stream *stream;

	if (in_fd < 0 && out_fd < 0) {
		in_fd = out_fd = open(path, flags);
	}
	if (in_fd < 0 || out_fd < 0) {
		error_set_errno(error, errno, "chardev %s: pipe '%s': open", id, path);
		fd_close(&in_fd);
		fd_close(&out_fd);
		return NULL;
	}
	stream = stream_create(id, filename);
	stream->keep_on_eof = true;
	stream_open(stream, in_fd, out_fd);
	return &stream->base;
}

static const char *need_path(struct opts *opts, GError **error)
{
	const char *path = opts_get(opts, "path");

	if (!path || !*path) {
		error_set(error, "%s: needs path=PATH", opts->object);
		return NULL;
	}
	return path;
}

static struct chardev *create_backend(const char *backend, const char *id, struct opts *opts,
				      GError **error)
{
	static const char *const names[] = { "null", "stdio", "file", "pipe", "pty", "socket",
					     "spicevmc", "qemu-vdagent", "vc", NULL };
	bool flag = false;
	const char *path, *near;

	if (!strcmp(backend, "null")) {
		return null_create(id);
	}
	if (!strcmp(backend, "stdio")) {
		flag = true;
		return opts_get_bool(opts, "signal", &flag, error) ? stdio_create(id, flag, error)
								    : NULL;
	}
	if (!strcmp(backend, "file")) {
		path = need_path(opts, error);
		return path && opts_get_bool(opts, "append", &flag, error)
			? file_create(id, path, flag, error) : NULL;
	}
	if (!strcmp(backend, "pipe")) {
		path = need_path(opts, error);
		return path ? pipe_create(id, path, error) : NULL;
	}
	if (!strcmp(backend, "pty")) {
		return pty_create(id, error);
	}
	if (!strcmp(backend, "socket")) {
		return socket_create(id, opts, error);
	}
	if (!strcmp(backend, "spicevmc")) {
		return spicevmc_create(id, opts, error);
	}
	if (!strcmp(backend, "qemu-vdagent")) {
		return vdagent_chardev_create(id, opts, error);
	}
	if (!strcmp(backend, "vc")) {
		return vc_create(id, opts, error);
	}
	near = nearest_name(backend, names);
	error_set(error, "%s: unknown back end '%s'%s%s%s", opts->object, backend,
		  near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	return NULL;
}

/* Before anything is opened; what a back end doesn't use is found afterwards. */
static bool check_keys(struct opts *opts, const char *const *known, GError **error)
{
	for (unsigned int i = 0; i < opts->items->len; i++) {
		const struct opt *opt = opts->items->pdata[i];

		if (!g_strv_contains(known, opt->key)) {
			const char *near = nearest_name(opt->key, known);

			return error_set(error, "%s: unknown option '%s'%s%s%s", opts->object, opt->key,
					 near ? " (did you mean '" : "", near ? near : "",
					 near ? "'?)" : "");
		}
	}
	return true;
}

struct chardev *chardev_create_opts(struct opts *opts, GError **error)
{
	static const char *const known[] = { "backend", "id", "path", "append", "signal", "mux",
					     "host", "port", "to", "server", "wait", "ipv4",
					     "ipv6", "fd", "telnet", "websocket", "nodelay", "delay",
					     "address", "name", "debug", "clipboard",
					     "mouse", "width", "height", "cols", "rows",
					     "size", NULL };
	const char *backend = opts_get(opts, "backend"), *id = opts_get(opts, "id");
	struct chardev *chardev;
	bool mux = false;

	if (!backend || !*backend || !id || !*id) {
		error_set(error, "%s: needs a back end and id=ID", opts->object);
		return NULL;
	}
	if (!check_keys(opts, known, error) || !opts_get_bool(opts, "mux", &mux, error)) {
		return NULL;
	}
	chardev = create_backend(backend, id, opts, error);
	if (!chardev) {
		return NULL;
	}
	if (!opts_check_used(opts, known, error)) {
		chardev_destroy(chardev);
		return NULL;
	}
	return mux ? mux_create(id, chardev) : chardev;
}

/* "tcp:HOST:PORT": HOST may be empty or [IPv6]. The options behind it are parsed already. */
static bool split_host(struct opts *opts, char *text, GError **error)
{
	char *colon = strrchr(text, ':');
	size_t len;

	if (!colon || (text[0] == '[' && colon[-1] != ']')) {
		return error_set(error, "%s: tcp:%s: expected tcp:HOST:PORT", opts->object, text);
	}
	*colon = '\0';
	len = strlen(text);
	if (text[0] == '[' && len >= 2) {
		text[len - 1] = '\0';
		text++;
	}
	opts_set(opts, "host", text);
	opts_set(opts, "port", colon + 1);
	return true;
}

/* The legacy forms become options of -chardev. */
static struct opts *legacy_opts(const char *object, const char *legacy, GError **error)
{
	static const struct {
		const char *prefix, *backend, *implied;
	} forms[] = {
		{ "file:", "file", "path" },
		{ "pipe:", "pipe", "path" },
		{ "unix:", "socket", "path" },
		{ "tcp:", "socket", "address" },
		{ "vc:", "vc", "size" },
	};
	static const char *const plain[] = { "stdio", "null", "pty", "vc", NULL };
	struct opts *opts;

	for (unsigned int i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autofree char *address = NULL;
		const char *size;

		if (!g_str_has_prefix(legacy, forms[i].prefix)) {
			continue;
		}
		opts = opts_parse(object, legacy + strlen(forms[i].prefix), forms[i].implied, error);
		if (!opts) {
			return NULL;
		}
		opts_set(opts, "backend", forms[i].backend);
		address = g_strdup(opts_get(opts, "address"));
		size = !strcmp(forms[i].implied, "size") ? opts_get(opts, "size") : NULL;
		if ((address && !split_host(opts, address, error)) ||
		    (size && !vc_set_size(opts, size, error))) {
			opts_destroy(opts);
			return NULL;
		}
		return opts;
	}
	opts = opts_parse(object, legacy, "backend", error);
	if (opts && !g_strv_contains(plain, opts_get(opts, "backend"))) {
		error_set(error, "%s: unknown back end '%s' (offered: " OFFERED ")", object, legacy);
		opts_destroy(opts);
		return NULL;
	}
	return opts;
}

struct chardev *chardev_create(const char *id, const char *legacy, GError **error)
{
	g_autofree char *object = g_strdup_printf("chardev %s", id);
	bool mux = g_str_has_prefix(legacy, "mon:");
	struct chardev *chardev;
	struct opts *opts = legacy_opts(object, mux ? legacy + 4 : legacy, error);

	if (!opts) {
		return NULL;
	}
	opts_set(opts, "id", id);
	if (mux) {
		opts_set(opts, "mux", "on");
		/* Ctrl-C belongs to the guest: Ctrl-a x ends the machine. */
		opts_set(opts, "signal", "off");
		opts_get(opts, "signal");
	}
	chardev = chardev_create_opts(opts, error);
	opts_destroy(opts);
	return chardev;
}

struct chardev *chardev_create_fd(const char *id, int fd, GError **error)
{
	return socket_create_fd(id, fd, error);
}
