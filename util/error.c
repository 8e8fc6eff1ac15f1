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

/* Edit distance: insert, delete, replace, and swap two neighbours. row[i] is the i-th row of the
 * table modulo 3, for a swap looks two rows back. */
static unsigned int edit_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b), width = b_len + 1;
	g_autofree unsigned int *table = g_new(unsigned int, 3 * width);

	for (size_t i = 0; i <= a_len; i++) {
		unsigned int *row = table + i % 3 * width;
		const unsigned int *before = table + (i + 2) % 3 * width;
		const unsigned int *before2 = table + (i + 1) % 3 * width;

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_len; j++) {
			if (i == 0) {
				row[j] = (unsigned int)j;
				continue;
			}
			row[j] = before[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = MIN(row[j], MIN(before[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
				row[j] = MIN(row[j], before2[j - 2] + 1);
			}
		}
	}
	return table[a_len % 3 * width + b_len];
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
