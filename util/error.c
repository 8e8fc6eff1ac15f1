// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "util/error.h"

G_DEFINE_QUARK(oriel-error-quark, oriel_error)

bool error_set(GError **error, const char *fmt, ...)
{
	va_list args;

	if (error) {
		va_start(args, fmt);
		*error = g_error_new_valist(ORIEL_ERROR, ORIEL_ERROR_GENERIC, fmt, args);
		va_end(args);
	}
	return false;
}

bool error_set_errno(GError **error, int err, const char *fmt, ...)
{
	va_list args;

	if (error) {
		g_autofree char *text = NULL;

		va_start(args, fmt);
		text = g_strdup_vprintf(fmt, args);
		va_end(args);
		*error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_GENERIC, "%s: %s", text,
				     g_strerror(err));
	}
	return false;
}

static void print_line(const char *prefix, const char *fmt, va_list args) G_GNUC_PRINTF(2, 0);
static void print_line(const char *prefix, const char *fmt, va_list args)
{
	g_autofree char *text = g_strdup_vprintf(fmt, args);
	const char *program = g_get_prgname();

	fprintf(stderr, "%s: %s%s\n", program ? program : "qemu-system-x86_64", prefix, text);
}

void error_report(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line("", fmt, args);
	va_end(args);
}

void warn_report(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line("warning: ", fmt, args);
	va_end(args);
}

void error_report_free(GError *error)
{
	error_report("%s", error->message);
	g_error_free(error);
}

/* Edit distance (insert, delete, replace), one row at a time. */
static unsigned int edit_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	g_autofree unsigned int *row = g_new(unsigned int, b_len + 1);

	for (size_t j = 0; j <= b_len; j++) {
		row[j] = (unsigned int)j;
	}
	for (size_t i = 0; i < a_len; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i + 1;
		for (size_t j = 0; j < b_len; j++) {
			unsigned int replace = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = MIN(MIN(row[j], row[j + 1]) + 1, replace);
		}
	}
	return row[b_len];
}

const char *nearest_name(const char *name, const char *const *names)
{
	unsigned int limit = MAX(strlen(name) / 3, 1) + 1, best = limit;
	const char *nearest = NULL;

	for (; *names; names++) {
		unsigned int distance = edit_distance(name, *names);

		if (distance < best) {
			best = distance;
			nearest = *names;
		}
	}
	return nearest;
}
