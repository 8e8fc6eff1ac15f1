/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct trace: the register accesses of an i915, from a file of data/gen9, and the monitors that
 * it saw. The traces don't say what their EDIDs were, but the guest read them over AUX or GMBUS.
 */
#ifndef TESTS_UNIT_GVT_SKL_TRACE_H
#define TESTS_UNIT_GVT_SKL_TRACE_H

#include <gio/gio.h>
#include <stdio.h>

#include "kernel/gvt/core/gvt_skl.h"

#define REG_MASTER 0x44200u
#define REG_AUX_B  0x64110u
#define REG_GMBUS1 0xc5104u
#define REG_GMBUS3 0xc510cu

#define MASTER_SDE 0x00800000u

#define MONITORS_MAX 4u

struct access {
	uint64_t time_us;
	uint32_t offset, value;
	unsigned int times;
	bool write;
};

/* What was on the port from one hot plug interrupt to the next. */
struct monitor {
	uint8_t edid[GVT_SKL_EDID_MAX];
	size_t size; /* bytes that the guest has read; 0: nothing there */
};

struct trace {
	const char *name;
	struct gvt_skl_config config;
	GArray *accesses;
	struct monitor monitors[MONITORS_MAX];
	unsigned int monitor_count;
};

static inline char *unpack(const char *path, gsize *size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GFile) file = g_file_new_for_path(path);
	g_autoptr(GInputStream) packed = G_INPUT_STREAM(g_file_read(file, NULL, &error));
	g_autoptr(GOutputStream) plain = g_memory_output_stream_new_resizable();
	g_autoptr(GConverter) gzip =
		G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
	g_autoptr(GInputStream) stream = NULL;

	g_assert_no_error(error);
	stream = g_converter_input_stream_new(packed, gzip);
	g_output_stream_splice(plain, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
	g_assert_no_error(error);
	*size = g_memory_output_stream_get_data_size(G_MEMORY_OUTPUT_STREAM(plain));
	return g_memory_output_stream_steal_data(G_MEMORY_OUTPUT_STREAM(plain));
}

/* Lines are "MICROSECONDS R|W OFFSET VALUE [xTIMES] [remark]", offset and value in hex. */
static inline void trace_load(struct trace *t)
{
	g_autofree char *path = g_strdup_printf("%s/mmio-%s.txt.gz", TRACES, t->name);
	gsize size;
	g_autofree char *data = unpack(path, &size);
	g_autofree char *text = g_strndup(data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	t->accesses = g_array_new(FALSE, FALSE, sizeof(struct access));
	for (char **line = lines; *line; line++) {
		struct access a = {.times = 1};
		char kind;

		if (**line == '\0') {
			continue;
		}
		if (sscanf(*line, "%" G_GUINT64_FORMAT " %c %x %x x%u", &a.time_us, &kind,
			   &a.offset, &a.value, &a.times) < 4) {
			g_error("%s: %s", path, *line);
		}
		a.write = kind == 'W';
		g_array_append_val(t->accesses, a);
	}
}

static inline const struct access *access_at(const struct trace *t, unsigned int i)
{
	return i < t->accesses->len ? &g_array_index(t->accesses, struct access, i) : NULL;
}

/* Does the guest begin to take an interrupt here, and why? Its other CPU may come in between. */
static inline uint32_t handler_begins(const struct trace *t, unsigned int i)
{
	const struct access *a = access_at(t, i);

	if (!a->write || a->offset != REG_MASTER || a->value != 0) {
		return 0;
	}
	do {
		a = access_at(t, ++i);
	} while (a && a->offset != REG_MASTER);
	return a && !a->write ? a->value : 0;
}

static inline void monitor_byte(struct monitor *m, unsigned int at, uint8_t value)
{
	g_assert_cmpuint(at, <, sizeof(m->edid));
	/* The same monitor says the same every time. */
	if (at < m->size) {
		g_assert_cmphex(m->edid[at], ==, value);
		return;
	}
	g_assert_cmpuint(at, ==, m->size);
	m->edid[m->size++] = value;
}

/* Where the guest is with reading an EDID. */
struct reader {
	uint32_t request, out; /* AUX: the first four bytes of the request, the fifth's dword */
	unsigned int offset;   /* AUX and GMBUS: of the next byte */
	unsigned int segment;  /* AUX: of 256 bytes */
	unsigned int left;     /* bytes of the answer that the guest has yet to fetch */
	bool first;	       /* AUX: the next dword begins with the status */
};

static inline void reader_aux(struct reader *rd, struct monitor *m, const struct access *a)
{
	uint32_t kind = rd->request >> 28, address = rd->request >> 8 & 0xfffff;

	if (a->write && a->offset == REG_AUX_B + 4) {
		rd->request = a->value;
	} else if (a->write && a->offset == REG_AUX_B + 8) {
		rd->out = a->value;
	} else if (a->write && a->offset == REG_AUX_B && a->value >> 31) {
		rd->left = 0;
		if ((a->value >> 20 & 0x1f) > 3) {
			if (kind == 4 && address == 0x30) {
				rd->segment = rd->out >> 24;
			} else if (kind == 4 && address == 0x50) {
				rd->offset = rd->out >> 24;
			} else if (kind == 5 && address == 0x50) {
				rd->left = (rd->request & 0xff) + 1;
				rd->first = true;
			}
		} else if (kind < 4) {
			rd->segment = 0; /* a stop */
		}
	} else if (!a->write && a->offset > REG_AUX_B && a->offset <= REG_AUX_B + 20 && rd->left) {
		for (int shift = rd->first ? 16 : 24; shift >= 0 && rd->left; shift -= 8) {
			monitor_byte(m, 256 * rd->segment + rd->offset++,
				     (uint8_t)(a->value >> shift));
			rd->left--;
		}
		rd->first = false;
	}
}

static inline void reader_gmbus(struct reader *rd, struct monitor *m, const struct access *a)
{
	if (a->write && a->offset == REG_GMBUS1) {
		/* Ready, a read from 0x50. */
		rd->left = (a->value & 0x400000ff) == 0x400000a1 ? a->value >> 16 & 0x1ff : 0;
		if (a->value & 1u << 26) {
			rd->offset = a->value >> 8 & 0xff;
		}
	} else if (!a->write && a->offset == REG_GMBUS3) {
		for (int shift = 0; shift < 32 && rd->left; shift += 8) {
			monitor_byte(m, rd->offset++, (uint8_t)(a->value >> shift));
			rd->left--;
		}
	}
}

/* One monitor for each time between two hot plug interrupts. */
static inline void trace_find_monitors(struct trace *t)
{
	bool hdmi = t->config.output == GVT_SKL_HDMI;
	struct reader reader = {0};

	t->monitor_count = 1;
	for (unsigned int i = 0; i < t->accesses->len; i++) {
		struct monitor *m;

		if (handler_begins(t, i) & MASTER_SDE) {
			g_assert_cmpuint(++t->monitor_count, <=, MONITORS_MAX);
			reader = (struct reader){0};
		}
		m = &t->monitors[t->monitor_count - 1];
		(hdmi ? reader_gmbus : reader_aux)(&reader, m, access_at(t, i));
	}
}

#endif
