// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "util/error.h"
#include "util/opts.h"

static void opt_free(gpointer pointer)
{
	struct opt *opt = pointer;

	g_free(opt->key);
	g_free(opt->value);
	g_free(opt);
}

struct opts *opts_create(const char *object)
{
	struct opts *opts = g_new0(struct opts, 1);

	opts->object = g_strdup(object);
	opts->items = g_ptr_array_new_with_free_func(opt_free);
	return opts;
}

void opts_destroy(struct opts *opts)
{
	if (opts) {
		g_ptr_array_unref(opts->items);
		g_free(opts->object);
		g_free(opts);
	}
}

/* Takes both strings. */
static void opts_add(struct opts *opts, char *key, char *value)
{
	struct opt *opt = g_new0(struct opt, 1);

	opt->key = key;
	opt->value = value;
	g_ptr_array_add(opts->items, opt);
}

void opts_set(struct opts *opts, const char *key, const char *value)
{
	opts_add(opts, g_strdup(key), g_strdup(value));
}

/* The text up to the next single comma, doubled ones halved; *text moves behind the comma, or to
 * NULL at the end. */
static char *take_element(const char **text)
{
	GString *element = g_string_new(NULL);
	const char *p = *text;

	for (; *p; p++) {
		if (*p == ',') {
			if (p[1] != ',') {
				break;
			}
			p++;
		}
		g_string_append_c(element, *p);
	}
	*text = *p ? p + 1 : NULL;
	return g_string_free(element, FALSE);
}

/* A name before '=' holds no comma: the '=' of "a,,b=c" belongs to a value. */
static const char *find_equals(const char *text)
{
	size_t len = strcspn(text, "=,");

	return text[len] == '=' ? text + len : NULL;
}

static bool parse_element(struct opts *opts, const char **text, const char *implied,
			  GError **error)
{
	const char *equals = find_equals(*text);
	g_autofree char *element = NULL;

	if (equals) {
		g_autofree char *key = g_strndup(*text, (size_t)(equals - *text));

		if (!*key) {
			return error_set(error, "%s: a name is missing before '='", opts->object);
		}
		*text = equals + 1;
		opts_add(opts, g_steal_pointer(&key), take_element(text));
		return true;
	}
	element = take_element(text);
	if (implied) {
		opts_add(opts, g_strdup(implied), g_steal_pointer(&element));
	} else if (!*element) {
		return error_set(error, "%s: a name is missing between commas", opts->object);
	} else if (g_str_has_prefix(element, "no") && element[2]) {
		opts_add(opts, g_strdup(element + 2), g_strdup("off"));
	} else {
		opts_add(opts, g_steal_pointer(&element), g_strdup("on"));
	}
	return true;
}

struct opts *opts_parse(const char *object, const char *text, const char *implied,
			GError **error)
{
	struct opts *opts = opts_create(object);

	while (text && (*text || implied)) {
		if (!parse_element(opts, &text, implied, error)) {
			opts_destroy(opts);
			return NULL;
		}
		implied = NULL;
	}
	return opts;
}

const char *opts_get(struct opts *opts, const char *key)
{
	const char *value = NULL;

	for (unsigned int i = 0; i < opts->items->len; i++) {
		struct opt *opt = opts->items->pdata[i];

		if (!strcmp(opt->key, key)) {
			opt->used = true;
			value = opt->value;
		}
	}
	return value;
}

bool opts_get_bool(struct opts *opts, const char *key, bool *out, GError **error)
{
	const char *value = opts_get(opts, key);

	return !value || parse_bool(opts->object, key, value, out, error);
}

bool opts_get_u64(struct opts *opts, const char *key, uint64_t *out, GError **error)
{
	const char *value = opts_get(opts, key);

	return !value || parse_u64(opts->object, key, value, out, error);
}

bool opts_get_size(struct opts *opts, const char *key, uint64_t unit, uint64_t *out,
		   GError **error)
{
	const char *value = opts_get(opts, key);

	return !value || parse_size(opts->object, key, value, unit, out, error);
}

bool opts_check_used(struct opts *opts, const char *const *known, GError **error)
{
	for (unsigned int i = 0; i < opts->items->len; i++) {
		struct opt *opt = opts->items->pdata[i];
		const char *near;

		if (opt->used) {
			continue;
		}
		near = known ? nearest_name(opt->key, known) : NULL;
		if (near) {
			return error_set(error, "%s: unknown option '%s' (did you mean '%s'?)",
					 opts->object, opt->key, near);
		}
		return error_set(error, "%s: unknown option '%s'", opts->object, opt->key);
	}
	return true;
}

bool parse_bool(const char *object, const char *key, const char *value, bool *out,
		GError **error)
{
	static const char *const yes[] = { "on", "yes", "true", "y", NULL };
	static const char *const no[] = { "off", "no", "false", "n", NULL };

	if (g_strv_contains(yes, value)) {
		*out = true;
	} else if (g_strv_contains(no, value)) {
		*out = false;
	} else {
		return error_set(error, "%s: %s=%s: expected 'on' or 'off'", object, key, value);
	}
	return true;
}

bool parse_u64(const char *object, const char *key, const char *value, uint64_t *out,
	       GError **error)
{
	char *end = NULL;
	uint64_t number;

	/* strtoull takes a sign and leading blanks, which no option means. */
	if (!g_ascii_isdigit(*value)) {
		return error_set(error, "%s: %s=%s: expected a number", object, key, value);
	}
	errno = 0;
	/* Base 0 would read 010 as octal, which surprises people; only 0x is special. */
	number = g_ascii_strtoull(value, &end,
				  value[0] == '0' && (value[1] | 0x20) == 'x' ? 16 : 10);
	if (*end) {
		return error_set(error, "%s: %s=%s: expected a number", object, key, value);
	}
	if (errno) {
		return error_set(error, "%s: %s=%s: number too large", object, key, value);
	}
	*out = number;
	return true;
}

/* Power of two that a size suffix stands for, or -1. */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "BKMGTPE";
	const char *letter = *suffix ? strchr(letters, g_ascii_toupper(*suffix)) : NULL;

	return letter && !suffix[1] ? 10 * (int)(letter - letters) : -1;
}

bool parse_size(const char *object, const char *key, const char *value, uint64_t unit,
		uint64_t *out, GError **error)
{
	char *end = NULL;
	uint64_t whole, part, scale = unit;
	bool hex = value[0] == '0' && (value[1] | 0x20) == 'x';
	double fraction = 0;

	if (!g_ascii_isdigit(*value)) {
		goto malformed;
	}
	errno = 0;
	whole = g_ascii_strtoull(value, &end, hex ? 16 : 10);
	if (errno) {
		goto too_large;
	}
	if (*end == '.' && !hex && g_ascii_isdigit(end[1])) {
		double digit = 0.1;

		for (end++; g_ascii_isdigit(*end); end++, digit /= 10) {
			fraction += (*end - '0') * digit;
		}
	}
	if (*end) {
		int shift = suffix_shift(end);

		if (shift < 0) {
			goto malformed;
		}
		scale = 1ull << shift;
	}
	part = (uint64_t)(fraction * (double)scale + 0.5);
	if ((scale && whole > UINT64_MAX / scale) || part > UINT64_MAX - whole * scale) {
		goto too_large;
	}
	*out = whole * scale + part;
	return true;
malformed:
	return error_set(error, "%s: %s=%s: expected a size such as 512M or 1.5G", object, key,
			 value);
too_large:
	return error_set(error, "%s: %s=%s: size too large", object, key, value);
}
