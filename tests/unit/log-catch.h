/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test makes the program say on standard error. */
#ifndef TESTS_UNIT_LOG_CATCH_H
#define TESTS_UNIT_LOG_CATCH_H

#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int log_fd = -1, log_saved;

static inline void log_start(void)
{
	log_fd = memfd_create("log", MFD_CLOEXEC);
	log_saved = dup(STDERR_FILENO);
	g_assert_cmpint(dup2(log_fd, STDERR_FILENO), ==, STDERR_FILENO);
}

/* What was said since log_start(). New. */
static inline char *log_end(void)
{
	char *text = g_malloc0(4096);

	g_assert_cmpint(dup2(log_saved, STDERR_FILENO), ==, STDERR_FILENO);
	close(log_saved);
	g_assert_cmpint((int)pread(log_fd, text, 4095, 0), >=, 0);
	close(log_fd);
	return text;
}

/* Takes @text. */
static inline void assert_one_line(char *text, const char *part)
{
	char *end = strchr(text, '\n');

	if (!strstr(text, part)) {
		g_error("\"%s\" doesn't say \"%s\"", text, part);
	}
	g_assert_nonnull(end);
	g_assert_cmpstr(end + 1, ==, "");
	g_free(text);
}

#endif
