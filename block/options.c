// SPDX-License-Identifier: GPL-2.0-or-later
#include "block/options.h"

#include <string.h>

#include "util/error.h"
#include "util/opts.h"

static const char *const known_keys[] = {
	"file", "format", "if", "id", "index", "media", "bus", "unit", "readonly", "read-only",
	"cache", "cache.direct", "cache.no-flush", "cache.writeback", "discard", "aio", "werror",
	"rerror", "snapshot", "driver", "node-name", "filename", "file.driver", "file.filename",
	"locking", "file.locking", "auto-read-only", "detect-zeroes", NULL
};

/* The value must be one of @choices. */
static bool get_choice(struct opts *opts, const char *key, const char *const *choices, int *out,
		       GError **error)
{
	const char *value = opts_get(opts, key);
	g_autofree char *list = NULL;

	for (int i = 0; value && choices[i]; i++) {
		if (g_str_equal(value, choices[i])) {
			*out = i;
			return true;
		}
	}
	if (!value) {
		return true;
	}
	list = g_strjoinv(", ", (char **)choices);
	return error_set(error, "%s: %s=%s: not one of %s", opts->object, key, value, list);
}

static bool parse_cache(struct block_options *options, struct opts *opts, GError **error)
{
	static const char *const modes[] = { "writeback", "none", "unsafe", "writethrough",
					     "directsync", NULL };
	bool direct, writeback = true;
	int mode = 0;

	if (!get_choice(opts, "cache", modes, &mode, error) ||
	    !opts_get_bool(opts, "cache.direct", &direct, error) ||
	    !opts_get_bool(opts, "cache.writeback", &writeback, error)) {
		return false;
	}
	options->write_through = mode >= 3 || !writeback;
	options->flush_is_noop = mode == 2;
	return opts_get_bool(opts, "cache.no-flush", &options->flush_is_noop, error);
}

static bool parse_discard(struct block_options *options, struct opts *opts, GError **error)
{
	static const char *const modes[] = { "ignore", "off", "unmap", "on", NULL };
	static const char *const zeroes[] = { "off", "on", "unmap", NULL };
	int mode = 0, detect = 0;

	if (!get_choice(opts, "discard", modes, &mode, error) ||
	    !get_choice(opts, "detect-zeroes", zeroes, &detect, error)) {
		return false;
	}
	options->discard_unmaps = mode >= 2;
	return true;
}

static bool parse_lock(struct block_options *options, struct opts *opts, GError **error)
{
	static const char *const modes[] = { "auto", "on", "off", NULL };
	int mode = 0;

	if (!get_choice(opts, "locking", modes, &mode, error) ||
	    !get_choice(opts, "file.locking", modes, &mode, error)) {
		return false;
	}
	options->lock = mode != 2;
	return true;
}

/* -drive names the format, -blockdev the driver of the node. */
static bool parse_format(struct block_options *options, struct opts *opts, GError **error)
{
	const char *driver = opts_get(opts, "driver");
	const char *format = driver ? driver : opts_get(opts, "format");
	const char *below = opts_get(opts, "file.driver");

	options->format_given = format != NULL;
	if (format && !g_str_equal(format, "raw") &&
	    !(driver && (g_str_equal(driver, "file") || g_str_equal(driver, "host_device")))) {
		return error_set(error, "%s: format '%s': only raw images are read here; other "
				 "formats go through qemu-img convert -O raw", opts->object, format);
	}
	if (below && !g_str_equal(below, "file") && !g_str_equal(below, "host_device")) {
		return error_set(error, "%s: file.driver=%s: only files and block devices",
				 opts->object, below);
	}
	return true;
}

/* Said by some command lines; what they ask for is what we do anyhow, or the board's business. */
static bool parse_accepted(struct opts *opts, GError **error)
{
	static const char *const aio[] = { "threads", "native", "io_uring", NULL };
	static const char *const on_error[] = { "report", "auto", NULL };
	static const char *const elsewhere[] = { "if", "index", "media", "bus", "unit" };
	bool snapshot = false, auto_readonly;
	int choice;

	for (unsigned int i = 0; i < G_N_ELEMENTS(elsewhere); i++) {
		opts_get(opts, elsewhere[i]);
	}
	if (!get_choice(opts, "aio", aio, &choice, error) ||
	    !get_choice(opts, "werror", on_error, &choice, error) ||
	    !get_choice(opts, "rerror", on_error, &choice, error) ||
	    !opts_get_bool(opts, "auto-read-only", &auto_readonly, error) ||
	    !opts_get_bool(opts, "snapshot", &snapshot, error)) {
		return false;
	}
	if (snapshot) {
		return error_set(error, "%s: snapshot=on: not offered; work on a copy of the image "
				 "(cp --reflink=auto)", opts->object);
	}
	return true;
}

bool block_options_parse(struct block_options *options, struct opts *opts, GError **error)
{
	static const char *const ids[] = { "node-name", "id" };
	static const char *const paths[] = { "file", "filename", "file.filename" };

	*options = (struct block_options){ 0 };
	for (unsigned int i = 0; i < G_N_ELEMENTS(ids); i++) {
		const char *value = opts_get(opts, ids[i]);

		options->id = value ? value : options->id;
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(paths); i++) {
		const char *value = opts_get(opts, paths[i]);

		options->path = value ? value : options->path;
	}
	if (!parse_format(options, opts, error) || !parse_cache(options, opts, error) ||
	    !parse_discard(options, opts, error) || !parse_lock(options, opts, error) ||
	    !parse_accepted(opts, error) ||
	    !opts_get_bool(opts, "readonly", &options->readonly, error) ||
	    !opts_get_bool(opts, "read-only", &options->readonly, error) ||
	    !opts_check_used(opts, known_keys, error)) {
		return false;
	}
	if (!options->path || !*options->path) {
		return error_set(error, "%s: file= is missing", opts->object);
	}
	return true;
}
