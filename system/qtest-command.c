// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "system/qtest.h"

struct call {
	const struct qtest_ops *ops;
	void *opaque;
	char **word; /* NULL-terminated, word[0] is the command */
};

struct command {
	const char *name;
	int args_min, args_max;
	char *(*run)(const struct call *call);
};

/* Numbers as strtoull's base 0 reads them, without sign or blanks. */
static bool number(const char *word, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = g_ascii_isdigit(*word) ? g_ascii_strtoull(word, &end, 0) : 0;
	return g_ascii_isdigit(*word) && !*end && !errno;
}

static char *ok(void)
{
	return g_strdup("OK");
}

static char *bad(const char *why)
{
	return g_strdup_printf("ERR %s", why);
}

/* Bytes that the last letter of inb, writel, ... stands for. */
static unsigned int width(const char *name)
{
	switch (name[strlen(name) - 1]) {
	case 'b':
		return 1;
	case 'w':
		return 2;
	case 'l':
		return 4;
	default:
		return 8;
	}
}

static char *run_load(const struct call *call, bool pio)
{
	uint64_t addr, value = 0;

	if (!number(call->word[1], &addr)) {
		return bad("not an address");
	}
	call->ops->read(call->opaque, pio, addr, &value, width(call->word[0]));
	return pio ? g_strdup_printf("OK 0x%04" PRIx64, value)
		   : g_strdup_printf("OK 0x%016" PRIx64, value);
}

static char *run_store(const struct call *call, bool pio)
{
	uint64_t addr, value;

	if (!number(call->word[1], &addr) || !number(call->word[2], &value)) {
		return bad("not a number");
	}
	call->ops->write(call->opaque, pio, addr, &value, width(call->word[0]));
	return ok();
}

static bool is_port(const char *word)
{
	uint64_t addr;

	return number(word, &addr) && addr <= UINT16_MAX;
}

static char *run_in(const struct call *call)
{
	return is_port(call->word[1]) ? run_load(call, true) : bad("not a port");
}

static char *run_out(const struct call *call)
{
	return is_port(call->word[1]) ? run_store(call, true) : bad("not a port");
}

static char *run_mem_load(const struct call *call)
{
	return run_load(call, false);
}

static char *run_mem_store(const struct call *call)
{
	return run_store(call, false);
}

/* ADDR SIZE of the block commands. */
static bool block(const struct call *call, uint64_t *addr, uint64_t *size)
{
	return number(call->word[1], addr) && number(call->word[2], size) &&
	       *size <= QTEST_BLOCK_LIMIT_BYTES;
}

static char *run_read(const struct call *call)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t addr, size;
	g_autofree uint8_t *data = NULL;
	char *reply, *p;

	if (!block(call, &addr, &size) || !size) {
		return bad("not an address and size up to 16 MiB");
	}
	data = g_malloc(size);
	call->ops->read(call->opaque, false, addr, data, size);
	reply = g_malloc(size * 2 + sizeof("OK 0x"));
	p = g_stpcpy(reply, "OK 0x");
	for (uint64_t i = 0; i < size; i++) {
		*p++ = digits[data[i] >> 4];
		*p++ = digits[data[i] & 15];
	}
	*p = '\0';
	return reply;
}

static char *run_b64read(const struct call *call)
{
	uint64_t addr, size;
	g_autofree uint8_t *data = NULL;
	g_autofree char *text = NULL;

	if (!block(call, &addr, &size) || !size) {
		return bad("not an address and size up to 16 MiB");
	}
	data = g_malloc(size);
	call->ops->read(call->opaque, false, addr, data, size);
	text = g_base64_encode(data, size);
	return g_strconcat("OK ", text, NULL);
}

/* Digits that are missing at the end leave zeroes. */
static char *run_write(const struct call *call)
{
	const char *digit = call->word[3];
	g_autofree uint8_t *data = NULL;
	uint64_t addr, size;

	if (!block(call, &addr, &size) || !g_str_has_prefix(digit, "0x")) {
		return bad("not an address, a size up to 16 MiB and 0x...");
	}
	data = g_malloc0(size);
	digit += 2;
	for (uint64_t i = 0; i < size * 2 && *digit; i++, digit++) {
		if (!g_ascii_isxdigit(*digit)) {
			return bad("not a hexadecimal digit");
		}
		data[i / 2] |= (uint8_t)(g_ascii_xdigit_value(*digit) << (i % 2 ? 0 : 4));
	}
	call->ops->write(call->opaque, false, addr, data, size);
	return ok();
}

static char *run_b64write(const struct call *call)
{
	g_autofree uint8_t *data = NULL, *whole = NULL;
	uint64_t addr, size;
	gsize len;

	if (!block(call, &addr, &size)) {
		return bad("not an address and size up to 16 MiB");
	}
	data = g_base64_decode(call->word[3], &len);
	whole = g_malloc0(size);
	memcpy(whole, data, MIN(len, size));
	call->ops->write(call->opaque, false, addr, whole, size);
	return ok();
}

static char *run_memset(const struct call *call)
{
	g_autofree uint8_t *data = NULL;
	uint64_t addr, size, value;

	if (!block(call, &addr, &size) || !number(call->word[3], &value) || value > 255) {
		return bad("not an address, a size up to 16 MiB and a byte");
	}
	data = g_malloc(size);
	if (size) {
		memset(data, (int)value, size);
		call->ops->write(call->opaque, false, addr, data, size);
	}
	return ok();
}

static char *run_clock_step(const struct call *call)
{
	uint64_t ns = 0;

	if (call->word[1] && (!number(call->word[1], &ns) || ns > INT64_MAX / 2)) {
		return bad("not a time");
	}
	return g_strdup_printf("OK %" PRId64, call->ops->clock_step(call->opaque, (int64_t)ns));
}

static char *run_clock_set(const struct call *call)
{
	int64_t now = call->ops->clock_step(call->opaque, 0);
	uint64_t ns;

	if (!number(call->word[1], &ns) || ns > INT64_MAX / 2) {
		return bad("not a time");
	}
	if ((int64_t)ns > now) {
		now = call->ops->clock_step(call->opaque, (int64_t)ns - now);
	}
	return g_strdup_printf("OK %" PRId64, now);
}

static char *run_intercept(const struct call *call)
{
	call->ops->intercept_irqs(call->opaque);
	return ok();
}

/* QOM-PATH NAME NUMBER LEVEL: the only interrupt inputs are the 24 GSIs, whatever the path. */
static char *run_set_irq(const struct call *call)
{
	uint64_t gsi, level;

	if (!number(call->word[3], &gsi) || gsi > 23 || !number(call->word[4], &level)) {
		return bad("not an interrupt number (0-23) and level");
	}
	call->ops->set_irq(call->opaque, (unsigned int)gsi, level != 0);
	return ok();
}

static char *run_endianness(const struct call *call)
{
	return g_strdup("OK little");
}

static char *run_take_msi(const struct call *call)
{
	uint64_t addr;
	uint32_t data;

	if (!call->ops->take_msi(call->opaque, &addr, &data)) {
		return g_strdup("OK none");
	}
	return g_strdup_printf("OK 0x%" PRIx64 " 0x%" PRIx32, addr, data);
}

static const struct command commands[] = {
	{ "inb", 1, 1, run_in },
	{ "inw", 1, 1, run_in },
	{ "inl", 1, 1, run_in },
	{ "outb", 2, 2, run_out },
	{ "outw", 2, 2, run_out },
	{ "outl", 2, 2, run_out },
	{ "readb", 1, 1, run_mem_load },
	{ "readw", 1, 1, run_mem_load },
	{ "readl", 1, 1, run_mem_load },
	{ "readq", 1, 1, run_mem_load },
	{ "writeb", 2, 2, run_mem_store },
	{ "writew", 2, 2, run_mem_store },
	{ "writel", 2, 2, run_mem_store },
	{ "writeq", 2, 2, run_mem_store },
	{ "read", 2, 2, run_read },
	{ "write", 3, 3, run_write },
	{ "b64read", 2, 2, run_b64read },
	{ "b64write", 3, 3, run_b64write },
	{ "memset", 3, 3, run_memset },
	{ "clock_step", 0, 1, run_clock_step },
	{ "clock_set", 1, 1, run_clock_set },
	{ "irq_intercept_in", 1, 1, run_intercept },
	{ "irq_intercept_out", 1, 2, run_intercept },
	{ "set_irq_in", 4, 4, run_set_irq },
	{ "endianness", 0, 0, run_endianness },
	{ "x-take-msi", 0, 0, run_take_msi },
};

/* strsplit would leave empty words where blanks meet. */
static char **split(const char *line)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	const char *p = line;

	while (*(p += strspn(p, " \t\r"))) {
		size_t len = strcspn(p, " \t\r");

		g_ptr_array_add(words, g_strndup(p, len));
		p += len;
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

char *qtest_command(const struct qtest_ops *ops, void *opaque, const char *line)
{
	g_auto(GStrv) word = split(line);
	struct call call = { .ops = ops, .opaque = opaque, .word = word };
	int args = (int)g_strv_length(word) - 1;

	for (unsigned int i = 0; word[0] && i < G_N_ELEMENTS(commands); i++) {
		const struct command *command = &commands[i];

		if (!strcmp(command->name, word[0])) {
			return args >= command->args_min && args <= command->args_max
				? command->run(&call) : bad("wrong number of arguments");
		}
	}
	return g_strdup_printf("FAIL unknown command '%s'", word[0] ? word[0] : "");
}
