/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "key=value,key=value" option strings as QEMU's command line has them.
 *
 * A doubled comma is a comma in a value. A first element without '=' is the value of the
 * implied key when there is one ("-device NAME,...", implied "driver"); later elements
 * without '=' mean key=on; the prefix "no" before a name without '=' means NAME=off.
 * Order and repetition are kept: the last of equal keys wins for opts_get().
 */
#ifndef UTIL_OPTS_H
#define UTIL_OPTS_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct opt {
	char *key;
	char *value;
	bool used; /* set by every opts_get*; see opts_check_used */
};

struct opts {
	char *object; /* how messages call this string, e.g. "-device virtio-net-pci" */
	GPtrArray *items; /* of struct opt * */
};

/* @object is copied. @implied may be NULL. NULL and *error on bad syntax. */
struct opts *opts_parse(const char *object, const char *text, const char *implied,
			GError **error);
struct opts *opts_create(const char *object);
void opts_destroy(struct opts *opts);
void opts_set(struct opts *opts, const char *key, const char *value);

/* Borrowed until opts_destroy; NULL when absent. Marks the key as used. */
const char *opts_get(struct opts *opts, const char *key);
/* Each leaves *out alone when the key is absent; false and *error on a bad value. */
bool opts_get_bool(struct opts *opts, const char *key, bool *out, GError **error);
bool opts_get_u64(struct opts *opts, const char *key, uint64_t *out, GError **error);
/* Sizes: 64K, 1G, 1.5G; a bare number counts in @unit bytes. */
bool opts_get_size(struct opts *opts, const char *key, uint64_t unit, uint64_t *out,
		   GError **error);
/* False and *error, with the nearest of @known (may be NULL), when a key was never read. */
bool opts_check_used(struct opts *opts, const char *const *known, GError **error);

/* The same value syntax for others (properties, QMP). @object and @key are for messages. */
bool parse_bool(const char *object, const char *key, const char *value, bool *out,
		GError **error);
bool parse_u64(const char *object, const char *key, const char *value, uint64_t *out,
	       GError **error);
bool parse_size(const char *object, const char *key, const char *value, uint64_t unit,
		uint64_t *out, GError **error);

#endif
