/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors that a person reads.
 *
 * Set-up and control code reports through GError: `bool f(..., GError **error)`.
 * A message names object, operation and cause, without a full stop:
 *     vfio 0000:00:02.0: GET_GFX_DMABUF id 7: No such file or directory
 * Run-time code returns 0 or -errno and doesn't use this header.
 */
#ifndef UTIL_ERROR_H
#define UTIL_ERROR_H

#include <stdbool.h>
#include <glib.h>

#define ORIEL_ERROR oriel_error_quark()
GQuark oriel_error_quark(void);

/* Codes in the ORIEL_ERROR domain; QMP maps them to its error classes. */
enum oriel_error {
	ORIEL_ERROR_GENERIC,
	ORIEL_ERROR_COMMAND_NOT_FOUND,
	ORIEL_ERROR_DEVICE_NOT_FOUND,
	ORIEL_ERROR_DEVICE_NOT_ACTIVE,
};

/* Sets *error (NULL allowed) to a GENERIC error. Always returns false, so that
 * `return error_set(error, ...)` reads well. Context: any. */
bool error_set(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* As error_set, with ": " and the text of errno value @err (> 0) added. */
bool error_set_errno(GError **error, int err, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/* Prints "PROGRAM: message\n" to stderr. Context: any. */
void error_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* Prints "PROGRAM: warning: message\n" to stderr. Context: any. */
void warn_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* Reports and frees @error (takes it). */
void error_report_free(GError *error);

/*
 * The member of @names (NULL-terminated) nearest to @name by edit distance, or NULL
 * when none is near enough to be a likely typing error. Borrowed from @names.
 */
const char *nearest_name(const char *name, const char *const *names);

#endif
