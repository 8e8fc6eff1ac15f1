// SPDX-License-Identifier: GPL-2.0-or-later
/* Any line of the qtest protocol has a reply of one line, and no access is larger than it may be. */
#include <string.h>

#include "system/qtest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void op_read(void *opaque, bool pio, uint64_t addr, void *data, uint64_t size)
{
	g_assert_cmpuint(size, <=, QTEST_BLOCK_LIMIT_BYTES);
	g_assert_true(!pio || (addr <= UINT16_MAX && size <= 4));
	memset(data, 0x5a, size);
}

static void op_write(void *opaque, bool pio, uint64_t addr, const void *data, uint64_t size)
{
	const uint8_t *bytes = data;
	volatile uint8_t last;

	g_assert_cmpuint(size, <=, QTEST_BLOCK_LIMIT_BYTES);
	g_assert_true(!pio || (addr <= UINT16_MAX && size <= 4));
	if (size) {
		last = bytes[size - 1];
		(void)last;
	}
}

static void op_set_irq(void *opaque, unsigned int gsi, bool level)
{
	g_assert_cmpuint(gsi, <, 24);
}

static void op_intercept_irqs(void *opaque)
{
}

static int64_t op_clock_step(void *opaque, int64_t ns)
{
	g_assert_cmpint(ns, >=, 0);
	return ns;
}

static bool op_take_msi(void *opaque, uint64_t *addr, uint32_t *data)
{
	return false;
}

static const struct qtest_ops ops = {
	.read = op_read,
	.write = op_write,
	.set_irq = op_set_irq,
	.intercept_irqs = op_intercept_irqs,
	.clock_step = op_clock_step,
	.take_msi = op_take_msi,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup(size ? (const char *)data : "", MIN(size, 4096));
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (char **line = lines; *line; line++) {
		g_autofree char *reply = qtest_command(&ops, NULL, *line);

		g_assert_true(g_str_has_prefix(reply, "OK") || g_str_has_prefix(reply, "ERR ") ||
			      g_str_has_prefix(reply, "FAIL "));
		g_assert_null(strchr(reply, '\n'));
	}
	return 0;
}
