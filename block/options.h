/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -drive and -blockdev say about an image. */
#ifndef BLOCK_OPTIONS_H
#define BLOCK_OPTIONS_H

#include <stdbool.h>
#include <glib.h>

struct opts;

struct block_options {
	const char *id; /* borrowed from the opts, as is path; NULL: none given */
	const char *path;
	bool readonly;
	bool lock;
	bool write_through; /* cache=writethrough, directsync */
	bool flush_is_noop; /* cache=unsafe, cache.no-flush=on */
	bool discard_unmaps;
	bool format_given; /* by name; else it is probed */
};

/* Reads every key it knows and refuses the others. cache=none and directsync ask to go around the
 * host's page cache: taken as writeback and writethrough, which keep the same promises. */
bool block_options_parse(struct block_options *options, struct opts *opts, GError **error);

#endif
