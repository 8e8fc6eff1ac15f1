// SPDX-License-Identifier: GPL-2.0-or-later
/* The qtest server: lines from a chardev to the machine, and interrupts back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "accel/qtest.h"
#include "chardev/chardev.h"
#include "hw/core/addr-space.h"
#include "system/machine.h"
#include "system/qtest.h"
#include "util/error.h"
#include "util/fd.h"

/* A block write has two digits a byte, and a few words before it. */
#define LINE_LIMIT_BYTES (2 * QTEST_BLOCK_LIMIT_BYTES + 256)

struct qtest_server {
	struct machine *machine;
	struct chardev *chardev;
	FILE *log;
	GString *line;
	bool skipping; /* the rest of a line that is too long */
	bool intercepting;
	int64_t clock_ns;
};

/* Context: any for interrupts, so one write per line and no other state. */
static void send_line(struct qtest_server *server, const char *text)
{
	g_autofree char *line = g_strconcat(text, "\n", NULL);

	if (server->log) {
		fprintf(server->log, "[S %.6f] %s", (double)clock_ns() / 1e9, line);
	}
	chardev_write(server->chardev, line, strlen(line));
}

/* ---- qtest_ops ---- */

static struct addr_space *space_of(struct qtest_server *server, bool pio)
{
	return pio ? server->machine->board.io : server->machine->board.mem;
}

/* One access of the CPU is 1, 2, 4 or 8 bytes; larger blocks are split by the address space. */
static void op_read(void *opaque, bool pio, uint64_t addr, void *data, uint64_t size)
{
	struct addr_space *space = space_of(opaque, pio);

	if (space) {
		addr_space_read(space, addr, data, size);
	} else {
		memset(data, 0xff, size);
	}
}

static void op_write(void *opaque, bool pio, uint64_t addr, const void *data, uint64_t size)
{
	struct addr_space *space = space_of(opaque, pio);

	if (space && size) {
		addr_space_write(space, addr, data, size);
	}
}

static void op_set_irq(void *opaque, unsigned int gsi, bool level)
{
	accel_irq_set(((struct qtest_server *)opaque)->machine->accel, gsi, level);
}

static void op_intercept_irqs(void *opaque)
{
	((struct qtest_server *)opaque)->intercepting = true;
}

static int64_t op_clock_step(void *opaque, int64_t ns)
{
	struct qtest_server *server = opaque;

	return server->clock_ns += ns;
}

static bool op_take_msi(void *opaque, uint64_t *addr, uint32_t *data)
{
	struct qtest_server *server = opaque;
	struct accel_qtest_msi msi;

	if (!accel_qtest_msi_take(server->machine->accel, &msi)) {
		return false;
	}
	*addr = msi.addr;
	*data = msi.data;
	return true;
}

static const struct qtest_ops ops = {
	.read = op_read,
	.write = op_write,
	.set_irq = op_set_irq,
	.intercept_irqs = op_intercept_irqs,
	.clock_step = op_clock_step,
	.take_msi = op_take_msi,
};

/* ---- interrupts ---- */

static void irq_changed(void *opaque, unsigned int gsi, bool level)
{
	struct qtest_server *server = opaque;

	if (server->intercepting) {
		g_autofree char *text = g_strdup_printf("IRQ %s %u", level ? "raise" : "lower", gsi);

		send_line(server, text);
	}
}

/* A message is a write to memory; tests that aim it at RAM poll it there. */
static void msi_sent(void *opaque, uint64_t addr, uint32_t data)
{
	struct qtest_server *server = opaque;
	uint32_t *word = addr_space_ram(server->machine->board.mem, addr, sizeof(data), true);

	if (word) {
		*word = GUINT32_TO_LE(data);
	}
}

static const struct accel_qtest_sink sink = {
	.irq = irq_changed,
	.msi = msi_sent,
};

/* ---- lines ---- */

static void line_done(struct qtest_server *server)
{
	g_autofree char *reply = NULL;

	if (server->log) {
		fprintf(server->log, "[R %.6f] %s\n", (double)clock_ns() / 1e9, server->line->str);
	}
	reply = qtest_command(&ops, server, server->line->str);
	g_string_truncate(server->line, 0);
	send_line(server, reply);
}

static size_t can_receive(void *opaque)
{
	struct qtest_server *server = opaque;

	return chardev_queued(server->chardev) < 65536 ? 4096 : 0;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
	struct qtest_server *server = opaque;

	for (size_t i = 0; i < len; i++) {
		if (server->skipping) {
			server->skipping = data[i] != '\n';
		} else if (data[i] == '\n') {
			line_done(server);
		} else if (server->line->len >= LINE_LIMIT_BYTES) {
			g_string_truncate(server->line, 0);
			server->skipping = true;
			send_line(server, "ERR line too long");
		} else {
			g_string_append_c(server->line, (char)data[i]);
		}
	}
}

static void event(void *opaque, enum chardev_event what)
{
	struct qtest_server *server = opaque;

	g_string_truncate(server->line, 0);
	server->skipping = server->intercepting = false;
}

static const struct chardev_ops chardev_ops = {
	.can_receive = can_receive,
	.receive = receive,
	.event = event,
};

struct qtest_server *qtest_server_create(struct machine *machine, const char *spec,
					 const char *log, GError **error)
{
	struct qtest_server *server;
	struct chardev *chardev;
	FILE *log_file = NULL;

	if (!machine->accel || strcmp(accel_name(machine->accel), "qtest")) {
		error_set(error, "-qtest %s: needs -accel qtest", spec);
		return NULL;
	}
	if (log) {
		log_file = fopen(log, "we");
		if (!log_file) {
			error_set_errno(error, errno, "-qtest-log %s: open", log);
			return NULL;
		}
		setvbuf(log_file, NULL, _IOLBF, 0);
	}
	chardev = machine_chardev(machine, "qtest", spec, error);
	if (!chardev) {
		g_clear_pointer(&log_file, fclose);
		return NULL;
	}
	server = g_new0(struct qtest_server, 1);
	server->machine = machine;
	server->chardev = chardev;
	server->log = log_file;
	server->line = g_string_new(NULL);
	accel_qtest_set_sink(machine->accel, &sink, server);
	chardev_attach(chardev, &chardev_ops, server);
	return server;
}

void qtest_server_destroy(struct qtest_server *server)
{
	if (server) {
		accel_qtest_set_sink(server->machine->accel, NULL, NULL);
		chardev_attach(server->chardev, NULL, NULL);
		g_string_free(server->line, TRUE);
		g_clear_pointer(&server->log, fclose);
		g_free(server);
	}
}
