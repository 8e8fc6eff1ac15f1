/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct skl_guest: a driver of gvt_skl for tests, with a clock of its own. It does what i915 does
 * in the order that i915 does it (facts/I915-DISPLAY-FACTS.md; numbers in brackets are its
 * sections).
 */
#ifndef TESTS_UNIT_GVT_SKL_GUEST_H
#define TESTS_UNIT_GVT_SKL_GUEST_H

#include <glib.h>

#include "kernel/gvt/core/gvt_skl.h"

#define SKL_MS 1000000ull
#define SKL_S  1000000000ull

/* Of pipe A; the others are 0x1000 further. */
#define SKL_HTOTAL     0x60000u
#define SKL_VTOTAL     0x6000cu
#define SKL_PIPESRC    0x6001cu
#define SKL_LINK_M     0x60040u
#define SKL_LINK_N     0x60044u
#define SKL_DDI_FUNC   0x60400u
#define SKL_LINE       0x70000u
#define SKL_CONF       0x70008u
#define SKL_FRAME      0x70040u
#define SKL_FLIPS      0x70044u
#define SKL_CURCNTR    0x70080u
#define SKL_CURBASE    0x70084u
#define SKL_CURPOS     0x70088u
#define SKL_CUR_FBC    0x700a0u
#define SKL_PLANE_CTL  0x70180u
#define SKL_STRIDE     0x70188u
#define SKL_PLANE_POS  0x7018cu
#define SKL_PLANE_SIZE 0x70190u
#define SKL_SURF       0x7019cu
#define SKL_OFFSET     0x701a4u
#define SKL_SURFLIVE   0x701acu
#define SKL_PIPE(n)    (0x1000u * (n))

/* Interrupt blocks: ISR, then IMR, IIR, IER (7.1). */
#define SKL_MASTER    0x44200u
#define SKL_MASTER_ON 0x80000000u
#define SKL_DE(pipe)  (0x44400u + 0x10 * (pipe))
#define SKL_SDE	      0xc4000u
#define SKL_IMR	      4u
#define SKL_IIR	      8u
#define SKL_IER	      12u
#define SKL_VBLANK    1u
#define SKL_FLIP_DONE 8u
#define SKL_PORT_B    (1u << 21)
#define SKL_HOTPLUG   0xc4030u

#define SKL_CTL_ON 0x84000000u /* enabled, XRGB8888, linear */

struct skl_guest {
	struct gvt_skl skl;
	uint32_t *regs;
	uint64_t now;
	unsigned int events; /* since they were last taken */
};

struct skl_timings {
	unsigned int width, height, htotal, vtotal, pixel_khz;
};

static const struct skl_timings skl_1080p = {1920, 1080, 2200, 1125, 148500};

static inline struct skl_guest skl_guest_new(const struct gvt_skl_config *config)
{
	struct skl_guest g = {.regs = g_malloc(GVT_SKL_REGS_SIZE), .now = 12345678};

	g_assert_true(gvt_skl_init(&g.skl, config, g.regs, g.now));
	return g;
}

static inline struct skl_guest skl_guest_dp(void)
{
	static const struct gvt_skl_config config = {GVT_SKL_DP, true, 1, 8u << 20, false};

	return skl_guest_new(&config);
}

static inline void skl_guest_free(struct skl_guest *g)
{
	g_free(g->regs);
}

static inline uint32_t rd(struct skl_guest *g, uint32_t offset)
{
	return (uint32_t)gvt_skl_mmio_read(&g->skl, offset, 4, g->now);
}

static inline unsigned int wr(struct skl_guest *g, uint32_t offset, uint32_t value)
{
	unsigned int events = gvt_skl_mmio_write(&g->skl, offset, value, 4, g->now);

	g->events |= events;
	return events;
}

/* Let the time come. */
static inline unsigned int until(struct skl_guest *g, uint64_t now)
{
	unsigned int events;

	g_assert_cmpuint(now, >=, g->now);
	g->now = now;
	events = gvt_skl_advance(&g->skl, now);
	g->events |= events;
	return events;
}

static inline unsigned int taken(struct skl_guest *g)
{
	unsigned int events = g->events;

	g->events = 0;
	return events;
}

/* Up to the next blank of the pipe that is on: the time of the first change of its counter. */
static inline unsigned int next_blank(struct skl_guest *g, unsigned int pipe)
{
	g_assert_true(g->skl.pipe[pipe].on);
	return until(g, gvt_vblank_next_ns(&g->skl.pipe[pipe].vblank, g->now));
}

/* Make the interrupts of @bits of a block come through. */
static inline void irq_enable(struct skl_guest *g, uint32_t block, uint32_t bits)
{
	wr(g, block + SKL_IER, bits);
	wr(g, block + SKL_IMR, ~bits);
	wr(g, SKL_MASTER, SKL_MASTER_ON);
}

static inline void pipe_timings(struct skl_guest *g, unsigned int pipe, const struct skl_timings *t)
{
	uint32_t at = SKL_PIPE(pipe), h = (t->htotal - 1) << 16 | (t->width - 1);
	uint32_t v = (t->vtotal - 1) << 16 | (t->height - 1);

	wr(g, at + SKL_PIPESRC, (t->width - 1) << 16 | (t->height - 1));
	wr(g, at + SKL_HTOTAL, h);
	wr(g, at + SKL_HTOTAL + 4, h);
	wr(g, at + SKL_HTOTAL + 8, (t->width + 79) << 16 | (t->width + 47));
	wr(g, at + SKL_VTOTAL, v);
	wr(g, at + SKL_VTOTAL + 4, v);
	wr(g, at + SKL_VTOTAL + 8, (t->height + 7) << 16 | (t->height + 2));
}

/* DisplayPort on DDI B from DPLL 1 at 5.4 GHz; the pixel clock is exact. */
static inline unsigned int pipe_on(struct skl_guest *g, unsigned int pipe,
				   const struct skl_timings *t)
{
	uint32_t at = SKL_PIPE(pipe);

	wr(g, 0x6c058, 0x45);
	wr(g, 0x46014, 0x80000000);
	wr(g, 0x6c05c, 0x000e8018);
	wr(g, 0x45404, rd(g, 0x45404) | 0xa0000020);
	wr(g, 0x64100, 0x80000006);
	wr(g, 0x46140 + 4 * pipe, 2u << 29);
	wr(g, at + SKL_LINK_M, t->pixel_khz);
	wr(g, at + SKL_LINK_N, 540000);
	pipe_timings(g, pipe, t);
	wr(g, at + SKL_DDI_FUNC, 0x92030006);
	return wr(g, at + SKL_CONF, 0x80000000);
}

static inline unsigned int pipe_off(struct skl_guest *g, unsigned int pipe)
{
	unsigned int events = wr(g, SKL_PIPE(pipe) + SKL_CONF, 0);

	return events | wr(g, SKL_PIPE(pipe) + SKL_DDI_FUNC, 0);
}

struct skl_plane {
	uint32_t ctl, stride, size, offset, surf;
};

/* In the order of i915 (6). Returns the events of the last write, which arms. */
static inline unsigned int plane_write(struct skl_guest *g, unsigned int pipe,
				       const struct skl_plane *p)
{
	uint32_t at = SKL_PIPE(pipe);

	wr(g, at + SKL_STRIDE, p->stride);
	wr(g, at + SKL_PLANE_POS, 0);
	wr(g, at + SKL_PLANE_SIZE, p->size);
	wr(g, at + 0x70194, 0);
	wr(g, at + 0x701a0, 0xff000000);
	wr(g, at + SKL_OFFSET, p->offset);
	wr(g, at + SKL_PLANE_CTL, p->ctl);
	return wr(g, at + SKL_SURF, p->surf);
}

static inline struct skl_plane plane_linear(const struct skl_timings *t, uint32_t surf)
{
	return (struct skl_plane){SKL_CTL_ON, (t->width * 4 + 63) / 64,
				  (t->height - 1) << 16 | (t->width - 1), 0, surf};
}

/* The pipe is on; a table of so many MiB. */
static inline struct skl_guest guest_ggtt(uint32_t mib)
{
	const struct gvt_skl_config config = {GVT_SKL_DP, true, 1, mib << 20, false};
	struct skl_guest g = skl_guest_new(&config);

	pipe_on(&g, 0, &skl_1080p);
	return g;
}

/* Graphics addresses. */
static inline uint64_t space(const struct skl_guest *g)
{
	return gvt_skl_ggtt_entries(&g->skl.config) * GVT_PAGE_SIZE;
}

/* Bytes that no two places or seeds share. */
static inline void edid_fill(uint8_t *edid, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++) {
		edid[i] = (uint8_t)(i * 7 + seed + i / 256 * 3);
	}
}

/* With a monitor of @n bytes of EDID of seed 1, which was there at power on. */
static inline struct skl_guest guest_with_monitor(enum gvt_skl_output output, size_t n)
{
	const struct gvt_skl_config config = {output, true, 1, 8u << 20, false};
	struct skl_guest g = skl_guest_new(&config);
	uint8_t edid[GVT_SKL_EDID_MAX];

	edid_fill(edid, n, 1);
	gvt_skl_set_monitor(&g.skl, edid, n, g.now);
	taken(&g);
	return g;
}

/* Hot plug detection, as i915 switches it on. */
static inline void detect_on(struct skl_guest *g)
{
	irq_enable(g, SKL_SDE, SKL_PORT_B);
	wr(g, SKL_HOTPLUG, rd(g, SKL_HOTPLUG) | 0x10);
	taken(g);
}

/* As the handler does. Returns the pulse of port B. */
static inline uint32_t hotplug_taken(struct skl_guest *g)
{
	uint32_t iir, pulse;

	wr(g, SKL_MASTER, 0);
	g_assert_cmphex(rd(g, SKL_MASTER), ==, 1u << 23);
	iir = rd(g, SKL_SDE + SKL_IIR);
	g_assert_cmphex(iir, ==, SKL_PORT_B);
	wr(g, SKL_SDE + SKL_IIR, iir);
	pulse = rd(g, SKL_HOTPLUG);
	wr(g, SKL_HOTPLUG, pulse);
	g_assert_cmphex(rd(g, SKL_HOTPLUG), ==, pulse & ~3u);
	wr(g, SKL_MASTER, SKL_MASTER_ON);
	g_assert_false(gvt_skl_irq_level(&g->skl));
	return pulse & 3;
}

/* One whose first pipe shows @surf and has just begun a frame. */
static inline struct skl_guest skl_guest_showing(uint32_t surf)
{
	struct skl_guest g = skl_guest_dp();
	struct skl_plane p = plane_linear(&skl_1080p, surf);

	pipe_on(&g, 0, &skl_1080p);
	plane_write(&g, 0, &p);
	next_blank(&g, 0);
	taken(&g);
	return g;
}

#endif
