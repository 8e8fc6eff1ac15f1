// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A Gen9 display engine under arbitrary accesses, times, monitors, holds and resets. Whatever happens:
 * what is decoded lies within the graphics addresses, what changes is told, interrupts are what the
 * registers say, and nothing that the caller hears of comes before its deadline.
 */
#include <stdlib.h>

#include "kernel/gvt/core/gvt_skl.h"
#include "tests/unit/gvt-check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of an operation: what (1), which (1), value (4), more (2). */
#define OP_SIZE 8u
/* 146 years; beyond 2^63 ns nobody's clock goes. */
#define TIME_MAX (1ull << 62)

#define MASTER	  0x44200u
#define MASTER_ON 0x80000000u

#define CHECK(c)                                                                                   \
	do {                                                                                       \
		if (!(c)) {                                                                        \
			__builtin_trap();                                                          \
		}                                                                                  \
	} while (0)

static const struct {
	uint32_t base, master;
} blocks[] = {
	{0x44300, 0x1},	     {0x44310, 0x4},	  {0x44320, 0x10},	 {0x44330, 0x40},
	{0x44400, 0x10000},  {0x44410, 0x20000},  {0x44420, 0x40000},	 {0x44440, 0x100000},
	{0x44460, 0x400000}, {0xc4000, 0x800000}, {0x444e0, 0x40000000},
};

/* Those of pipe A; bits 6 and 7 of the selector add a pipe. */
static const uint32_t pipe_regs[] = {
	0x60000, 0x6000c, 0x60010, 0x6001c, 0x60040, 0x60044, 0x60400, 0x70000,
	0x70008, 0x70008, 0x70040, 0x70044, 0x70080, 0x70084, 0x70088, 0x700a0,
	0x70180, 0x70188, 0x7018c, 0x70190, 0x7019c, 0x7019c, 0x701a4, 0x701ac,
};

static const uint32_t other_regs[] = {
	0x44200, 0x44200, 0x44404, 0x44408, 0x4440c,  0x44414, 0x44418, 0x4441c, 0x44424,  0x44428,
	0x4442c, 0xc4000, 0xc4004, 0xc4008, 0xc400c,  0xc4030, 0xc403c, 0x44304, 0x44308,  0x4430c,
	0x44448, 0x4444c, 0x44468, 0x444e8, 0x444ec,  0x64834, 0x64838, 0x45400, 0x45404,  0x45408,
	0x4540c, 0x46010, 0x46014, 0x46040, 0x46060,  0x6c040, 0x6c044, 0x6c058, 0x6c05c,  0x6c060,
	0x45008, 0x64000, 0x64100, 0x64144, 0x64010,  0x64014, 0x64110, 0x64110, 0x64114,  0x64118,
	0x6411c, 0x64120, 0x64124, 0xc5100, 0xc5104,  0xc5108, 0xc510c, 0xc5020, 0x138124, 0x138128,
	0xa278,	 0xa188,  0xa270,  0xd84,   0x130044, 0x20d0,  0x209c,	0x229c,	 0x941c,   0x9120,
	0x42000, 0x42300, 0x41000, 0x51000, 0xc000,   0x78000, 0x78008, 0x78830, 0x78834,  0x101008,
};

static const uint32_t values[] = {
	0,	    1,		0xffffffff, 0x80000000, 0xfffffffe, 0xfffffff6, 0x84042000,
	0x84042400, 0x84043000, 0x84043003, 0x8e042002, 0x00000078, 0x0000003c, 0x0437077f,
	0x00040000, 0xfff00000, 0x00170240, 0x27,	0x23,	    0x02bc800a, 0x00200000,
	0xffdfffff, 0xfe40023f, 0xfe30023f, 0x90000000, 0x5000500f, 0x40005000, 0x460100a1,
	0x468000a1, 0x000e8018, 0x92030006, 0x91000000,
};

struct fuzz {
	struct gvt_skl s;
	uint64_t now;
	unsigned int events; /* of the step that is being made */
	bool level;
	bool reset;
	uint32_t frame[GVT_SKL_PIPES];
	bool was_on[GVT_SKL_PIPES];
	struct gvt_plane plane, cursor;
	uint64_t random;
};

static uint32_t memory[GVT_SKL_REGS_SIZE / 4];

static uint32_t reg(struct fuzz *f, uint32_t offset)
{
	return (uint32_t)gvt_skl_mmio_read(&f->s, offset, 4, f->now);
}

static bool is_ack(uint32_t offset, uint32_t value)
{
	if (offset == MASTER) {
		return value & MASTER_ON;
	}
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		if (offset == blocks[i].base + 8) {
			return true;
		}
	}
	return false;
}

static void access_write(struct fuzz *f, uint32_t offset, uint64_t value, unsigned int size)
{
	bool was = gvt_skl_irq_level(&f->s);
	unsigned int events = gvt_skl_mmio_write(&f->s, offset, value, size, f->now);

	f->events |= events;
	CHECK(!(events & GVT_SKL_PTES) || (offset & ~7u) == 0x101008);
	/* An MSI is an edge: who has acknowledged and still has something pending gets another. */
	if (size == 4 && is_ack(offset, (uint32_t)value) && was && gvt_skl_irq_level(&f->s)) {
		CHECK(events & GVT_SKL_IRQ);
	}
}

/* When the flip comes that a hold puts off; GVT_SKL_NEVER: there is none. */
static uint64_t held_until(const struct fuzz *f)
{
	const struct gvt_skl_pipe *pipe = gvt_skl_shown_pipe(&f->s);

	if (!pipe || !pipe->plane_armed || !f->s.hold.on) {
		return GVT_SKL_NEVER;
	}
	CHECK(f->s.hold.limit_ns <= GVT_SKL_HOLD_MAX_NS);
	return pipe->vblank.epoch_ns + (pipe->blanks + 1) * pipe->vblank.period_ns +
	       f->s.hold.limit_ns;
}

static void hold(struct fuzz *f, uint32_t value)
{
	f->events |= gvt_skl_advance(&f->s, f->now);
	CHECK(gvt_skl_hold(&f->s, (uint64_t)value << 3) == (gvt_skl_shown_pipe(&f->s) != NULL));
}

static void release(struct fuzz *f)
{
	f->events |= gvt_skl_release(&f->s, f->now);
	CHECK(!f->s.hold.on);
}

/* Nothing that the caller is told comes before the deadline that it was given. */
static void pass(struct fuzz *f, uint64_t step)
{
	uint64_t due = gvt_skl_deadline(&f->s, false), watched = gvt_skl_deadline(&f->s, true);
	uint64_t held = held_until(f);
	bool owed = f->s.owed;
	unsigned int events;

	CHECK(watched <= due);
	f->now = step > TIME_MAX - f->now ? TIME_MAX : f->now + step;
	events = gvt_skl_advance(&f->s, f->now);
	if (f->now < due) {
		CHECK(!(events & (GVT_SKL_IRQ | GVT_SKL_LEVEL)));
	}
	if (f->now < watched) {
		CHECK(events == 0);
	}
	/* What is held stays, up to its limit and no longer. */
	if (held != GVT_SKL_NEVER && !owed) {
		CHECK(!(events & GVT_SKL_FLIP) == (f->now < held));
		CHECK(!(events & GVT_SKL_UNHELD) == (f->now < held));
		CHECK(f->s.hold.on == (f->now < held));
	}
	f->events |= events;
}

static void plug(struct fuzz *f, uint32_t value)
{
	uint8_t edid[GVT_SKL_EDID_MAX + 128];
	size_t n = (value & 7) * 128;

	memset(edid, (int)(value >> 8 & 0xff), sizeof(edid));
	if (n > sizeof(edid)) {
		n = value % sizeof(edid);
	}
	f->events |= gvt_skl_set_monitor(&f->s, n ? edid : NULL, n, f->now);
}

static void check_plane(struct fuzz *f, const struct gvt_plane *p, bool on)
{
	uint64_t entries = gvt_skl_ggtt_entries(&f->s.config), space = entries * GVT_PAGE_SIZE;
	uint64_t pages = gvt_plane_pages(p), at[4] = {0, pages - 1};

	CHECK(on == (p->drm_format != 0));
	CHECK(!gvt_plane_fault(p, space));
	if (!on) {
		return;
	}
	CHECK(p->size_bytes > 0 && p->size_bytes % GVT_PAGE_SIZE == 0);
	CHECK(p->width_px <= 8192 && p->height_px <= 8192);
	CHECK(p->rotation % 90 == 0 && p->rotation < 360);
	/* The pages have the last pixel. */
	CHECK(gvt_plane_needs(p) + p->offset_bytes % GVT_PAGE_SIZE <= p->size_bytes);
	f->random = f->random * 6364136223846793005ull + 1442695040888963407ull;
	at[2] = (f->random >> 33) % pages;
	/* The last of the first row, if tiles are 128 bytes wide. */
	at[3] = p->stride_bytes < 128 || p->stride_bytes / 128 > pages ? 0
								       : p->stride_bytes / 128 - 1;
	for (size_t i = 0; i < 4; i++) {
		CHECK(gvt_skl_page(p, at[i]) < entries);
		CHECK(gvt_skl_page(p, at[i]) >= p->offset_bytes / GVT_PAGE_SIZE);
		CHECK(gvt_skl_page(p, at[i]) - p->offset_bytes / GVT_PAGE_SIZE < pages);
	}
}

static void check_planes(struct fuzz *f)
{
	struct gvt_plane plane, cursor;

	check_plane(f, &plane, gvt_skl_primary(&f->s, &plane));
	check_plane(f, &cursor, gvt_skl_cursor(&f->s, &cursor));
	/* What looks different now was told. */
	if (!f->reset && !(f->events & (GVT_SKL_FLIP | GVT_SKL_MODE))) {
		CHECK(gvt_plane_same_buffer(&plane, &f->plane));
		CHECK(plane.off_reason == f->plane.off_reason);
	}
	if (!f->reset && !(f->events & (GVT_SKL_CURSOR | GVT_SKL_MODE))) {
		CHECK(gvt_plane_same_buffer(&cursor, &f->cursor));
		CHECK(cursor.x_px == f->cursor.x_px && cursor.y_px == f->cursor.y_px);
	}
	f->plane = plane;
	f->cursor = cursor;
}

static void check_irq(struct fuzz *f)
{
	uint32_t master = 0;
	bool level;

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		if (reg(f, blocks[i].base + 8) & reg(f, blocks[i].base + 12)) {
			master |= blocks[i].master;
		}
	}
	level = (reg(f, MASTER) & MASTER_ON) && master;
	CHECK((reg(f, MASTER) & ~MASTER_ON) == master);
	CHECK(gvt_skl_irq_level(&f->s) == level);
	if (!f->reset && level != f->level) {
		CHECK(f->events & GVT_SKL_LEVEL);
		CHECK(!level || (f->events & GVT_SKL_IRQ));
	}
	f->level = level;
}

static void check_pipes(struct fuzz *f)
{
	for (unsigned int i = 0; i < f->s.config.pipes; i++) {
		uint32_t frame = reg(f, 0x70040 + 0x1000 * i), line = reg(f, 0x70000 + 0x1000 * i);
		uint32_t vtotal = (reg(f, 0x6000c + 0x1000 * i) >> 16) + 1;
		bool on = reg(f, 0x70008 + 0x1000 * i) & 0x80000000;

		CHECK(on == f->s.pipe[i].on);
		CHECK(line < vtotal);
		/* A second is the longest frame, so within a step it can't go around. */
		if (on && f->was_on[i] && !(f->events & GVT_SKL_MODE) && f->now < 1ull << 32) {
			CHECK(frame >= f->frame[i]);
		}
		f->frame[i] = frame;
		f->was_on[i] = on;
	}
}

static void check(struct fuzz *f)
{
	uint64_t due;

	f->events |= gvt_skl_advance(&f->s, f->now);
	CHECK(gvt_skl_advance(&f->s, f->now) == 0);
	for (unsigned int watched = 0; watched < 2; watched++) {
		due = gvt_skl_deadline(&f->s, watched);
		CHECK(due == GVT_SKL_NEVER || due > f->now);
	}
	check_irq(f);
	check_pipes(f);
	check_planes(f);
	f->events = 0;
	f->reset = false;
}

static void step(struct fuzz *f, const uint8_t *op)
{
	uint32_t value =
		op[2] | (uint32_t)op[3] << 8 | (uint32_t)op[4] << 16 | (uint32_t)op[5] << 24;
	unsigned int size = op[6] & 0xc0 ? 4 : 1u << (op[6] >> 4 & 3);
	uint32_t offset;

	switch (op[1] >> 6) {
	case 3:
		offset = other_regs[(op[1] & 0x3f) * 2u % (sizeof(other_regs) / 4) + (op[6] & 1)];
		break;
	default:
		offset = pipe_regs[(op[1] & 0x3f) % (sizeof(pipe_regs) / 4)];
		offset += 0x1000u * (op[1] >> 6);
		break;
	}
	if (op[0] & 0x80) {
		value = values[value % (sizeof(values) / 4)];
	}
	offset += size == 4 ? 0 : op[6] & 7 & ~(size - 1);
	offset &= ~(size - 1);
	switch (op[0] & 0xf) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		access_write(f, offset, value | (uint64_t)op[7] << 32, size);
		break;
	case 6:
	case 7:
		gvt_skl_mmio_read(&f->s, offset, size, f->now);
		break;
	case 8:
		offset = (value ^ (uint32_t)op[1] << 16) % GVT_SKL_GGTT_OFFSET & ~(size - 1);
		access_write(f, offset, (uint64_t)value << (op[7] & 31), size);
		break;
	case 9:
		offset = (value ^ (uint32_t)op[1] << 16) % GVT_SKL_GGTT_OFFSET & ~(size - 1);
		gvt_skl_mmio_read(&f->s, offset, size, f->now);
		break;
	case 10:
		pass(f, value & 0xffffff);
		break;
	case 11:
		pass(f, (uint64_t)value << (op[7] % 31));
		break;
	case 12:
		/* Exactly when it is due. */
		if (gvt_skl_deadline(&f->s, op[7] & 1) != GVT_SKL_NEVER) {
			pass(f, gvt_skl_deadline(&f->s, op[7] & 1) - f->now);
		}
		break;
	case 13:
		/* Some time goes by that only the next access sees. */
		f->now = (value & 0x7ffffff) > TIME_MAX - f->now ? TIME_MAX
								 : f->now + (value & 0x7ffffff);
		break;
	case 14:
		plug(f, value);
		break;
	default:
		if (op[7] == 0xff) {
			gvt_skl_reset(&f->s, f->now);
			f->reset = true;
		} else if (op[7] & 1) {
			release(f);
		} else {
			hold(f, value);
		}
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gvt_skl_config config;
	struct fuzz f = {.now = 1000, .random = size};

	if (size < 1) {
		return 0;
	}
	config = (struct gvt_skl_config){
		.output = data[0] % 3u,
		.pvinfo = data[0] & 4,
		.pipes = (data[0] >> 3 & 3) % 3u + 1,
		.ggtt_bytes = 2u << 20 << (data[0] >> 5 & 3) % 3,
		.vga_class = data[0] & 0x80,
	};
	CHECK(gvt_skl_init(&f.s, &config, memory, f.now));
	gvt_skl_primary(&f.s, &f.plane);
	gvt_skl_cursor(&f.s, &f.cursor);
	for (data++, size--; size >= OP_SIZE; data += OP_SIZE, size -= OP_SIZE) {
		step(&f, data);
		/* Several accesses at one time are one step for the caller. */
		if ((data[0] & 0x70) != 0x70) {
			check(&f);
		}
	}
	return 0;
}
