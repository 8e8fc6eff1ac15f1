/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qtest protocol: a test program plays the CPU, one text command a line, one reply a line.
 * Source of the protocol: QEMU's documentation of qtest (docs/devel/qtest).
 */
#ifndef SYSTEM_QTEST_H
#define SYSTEM_QTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct machine;
struct qtest_server;

/* @spec: a chardev as in -serial. @log: file that gets every line, or NULL. */
struct qtest_server *qtest_server_create(struct machine *machine, const char *spec,
					 const char *log, GError **error);
void qtest_server_destroy(struct qtest_server *server);

/* ---- qtest-command.c ---- */

/* What commands act on; @opaque of qtest_command is handed to each. */
struct qtest_ops {
	void (*read)(void *opaque, bool pio, uint64_t addr, void *data, uint64_t size);
	void (*write)(void *opaque, bool pio, uint64_t addr, const void *data, uint64_t size);
	void (*set_irq)(void *opaque, unsigned int gsi, bool level);
	void (*intercept_irqs)(void *opaque);
	/* Steps the test's clock by @ns; returns it. */
	int64_t (*clock_step)(void *opaque, int64_t ns);
	/* Our own addition: the oldest message-signalled interrupt not yet taken. */
	bool (*take_msi)(void *opaque, uint64_t *addr, uint32_t *data);
};

/* Largest block that one command moves. */
#define QTEST_BLOCK_LIMIT_BYTES (16u << 20)

/* Runs one line (without its end); returns the reply without a line end, to be freed. */
char *qtest_command(const struct qtest_ops *ops, void *opaque, const char *line);

#endif
