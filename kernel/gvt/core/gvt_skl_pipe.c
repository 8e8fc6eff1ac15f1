// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time on a pipe: blanks, the counters the guest reads, and when plane registers take effect (7.2,
 * 7.3). Frame n begins with blank n, at epoch + n * period; the epoch is when the pipe went on, and
 * later by as much as blanks were put off since (gvt_skl_hold).
 */
#include "gvt_skl_int.h"

static unsigned int pipe_of(uint32_t offset)
{
	return (offset >> 12) & 3;
}

static uint32_t pipe_get(const struct gvt_skl *s, unsigned int p, uint32_t offset)
{
	return skl_get(s, offset + p * SKL_PIPE_STRIDE);
}

/* ---- the refresh rate [7.3] ---- */

/* Of the PLL that feeds port @port; for DisplayPort the link's symbol clock times ten, kHz. */
static uint32_t dp_link_khz(const struct gvt_skl *s, unsigned int port)
{
	static const uint32_t khz[8] = {540000, 270000, 162000, 324000, 216000, 432000};
	unsigned int pll = (skl_get(s, SKL_DPLL_CTRL2) >> (3 * port + 1)) & 3;

	return khz[(skl_get(s, SKL_DPLL_CTRL1) >> (6 * pll + 1)) & 7];
}

static uint32_t hdmi_khz(const struct gvt_skl *s, unsigned int port)
{
	static const uint32_t pdiv[8] = {1, 2, 3, 0, 7};
	static const uint32_t kdiv[4] = {5, 2, 3, 1};
	unsigned int pll = (skl_get(s, SKL_DPLL_CTRL2) >> (3 * port + 1)) & 3;
	uint32_t cfg1, cfg2, p0, p1, p2;
	uint64_t dco_khz;

	if (pll == 0) {
		return 0; /* the one of the core clock */
	}
	cfg1 = skl_get(s, SKL_DPLL_CFGCR1 + 8 * (pll - 1));
	cfg2 = skl_get(s, SKL_DPLL_CFGCR1 + 8 * (pll - 1) + 4);
	p0 = pdiv[(cfg2 >> 2) & 7];
	p1 = (cfg2 & SKL_BIT(7)) ? (cfg2 >> 8) & 0xff : 1;
	p2 = kdiv[(cfg2 >> 5) & 3];
	if (p0 == 0 || p1 == 0) {
		return 0;
	}
	/* 24 MHz times a number with 15 bits behind the point */
	dco_khz = (24000ull * (((uint64_t)(cfg1 & 0x1ff) << 15) | ((cfg1 >> 9) & 0x7fff))) >> 15;
	return (uint32_t)(dco_khz / (5ull * p0 * p1 * p2));
}

static uint64_t pixel_hz(const struct gvt_skl *s, unsigned int p)
{
	uint32_t func = pipe_get(s, p, SKL_DDI_FUNC_CTL);
	unsigned int port = (func >> 28) & 7;
	unsigned int mode = (func >> 24) & 7;
	uint64_t m = pipe_get(s, p, SKL_LINK_M) & 0xffffff;
	uint64_t n = pipe_get(s, p, SKL_LINK_N) & 0xffffff;

	if (port >= SKL_PORTS) {
		return 0;
	}
	if (mode == 2 || mode == 3) {
		return n == 0 ? 0 : dp_link_khz(s, port) * 1000ull * m / n;
	}
	return hdmi_khz(s, port) * 1000ull;
}

/* Nanoseconds a frame, of the guest's own timings as far as they make sense. */
static uint64_t period_ns(const struct gvt_skl *s, unsigned int p)
{
	uint64_t htotal = (pipe_get(s, p, SKL_HTOTAL) >> 16) + 1;
	uint64_t vtotal = (pipe_get(s, p, SKL_VTOTAL) >> 16) + 1;
	uint64_t hz = pixel_hz(s, p);
	uint64_t ns = hz == 0 ? 0 : (htotal * vtotal * 1000000000ull + hz / 2) / hz;

	if (ns < 1000000 || ns > 1000000000) {
		return 16666667;
	}
	return ns;
}

/* ---- latching [6] ---- */

/* What the guest writes after it armed an update belongs to its next one. */
static void arm_plane(struct gvt_skl *s, unsigned int p)
{
	struct gvt_skl_plane_regs *next = &s->pipe[p].plane_next;

	next->ctl = pipe_get(s, p, SKL_PLANE_CTL);
	next->stride = pipe_get(s, p, SKL_PLANE_STRIDE);
	next->pos = pipe_get(s, p, SKL_PLANE_POS);
	next->size = pipe_get(s, p, SKL_PLANE_SIZE);
	next->surf = pipe_get(s, p, SKL_PLANE_SURF);
	next->offset = pipe_get(s, p, SKL_PLANE_OFFSET);
	s->pipe[p].plane_armed = true;
}

static void arm_cursor(struct gvt_skl *s, unsigned int p)
{
	struct gvt_skl_cursor_regs *next = &s->pipe[p].cursor_next;

	next->control = pipe_get(s, p, SKL_CURCNTR);
	next->base = pipe_get(s, p, SKL_CURBASE);
	next->pos = pipe_get(s, p, SKL_CURPOS);
	next->fbc = pipe_get(s, p, SKL_CUR_FBC);
	s->pipe[p].cursor_armed = true;
}

static void latch_plane(struct gvt_skl *s, unsigned int p)
{
	s->pipe[p].plane = s->pipe[p].plane_next;
	*skl_reg(s, SKL_PLANE_SURFLIVE + p * SKL_PIPE_STRIDE) = s->pipe[p].plane.surf;
	s->pipe[p].plane_armed = false;
	s->pipe[p].flips++;
}

static void latch_cursor(struct gvt_skl *s, unsigned int p)
{
	s->pipe[p].cursor = s->pipe[p].cursor_next;
	s->pipe[p].cursor_armed = false;
}

static unsigned int latch(struct gvt_skl *s, unsigned int p)
{
	bool shown = gvt_skl_shown_pipe(s) == &s->pipe[p];
	unsigned int events = 0;

	if (s->pipe[p].plane_armed) {
		latch_plane(s, p);
		skl_irq_raise(s, SKL_PIPE_IRQ + 0x10 * p, SKL_PIPE_FLIP);
		events |= shown ? GVT_SKL_FLIP : 0;
	}
	if (s->pipe[p].cursor_armed) {
		latch_cursor(s, p);
		events |= shown ? GVT_SKL_CURSOR : 0;
	}
	return events;
}

/* There is no blank to wait for. */
static unsigned int latch_if_off(struct gvt_skl *s, unsigned int p)
{
	return s->pipe[p].on ? 0 : latch(s, p);
}

unsigned int skl_surf_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	unsigned int p = pipe_of(offset);

	*skl_reg(s, offset) = value;
	arm_plane(s, p);
	return latch_if_off(s, p);
}

/*
 * A plane that is off arms itself when it is switched on, for drivers that write the address first.
 * i915 clears the address when it switches a plane off and writes the new one last, so nothing is
 * taken by halves there.
 */
unsigned int skl_plane_ctl_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	unsigned int p = pipe_of(offset);

	*skl_reg(s, offset) = value;
	if ((value & SKL_ENABLE) && !(s->pipe[p].plane.ctl & SKL_ENABLE) &&
	    pipe_get(s, p, SKL_PLANE_SURF) != 0) {
		arm_plane(s, p);
		return latch_if_off(s, p);
	}
	return 0;
}

unsigned int skl_curbase_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	unsigned int p = pipe_of(offset);

	*skl_reg(s, offset) = value;
	arm_cursor(s, p);
	return latch_if_off(s, p);
}

unsigned int skl_pipeconf_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	unsigned int p = pipe_of(offset);
	struct gvt_skl_pipe *pipe = &s->pipe[p];
	bool on = value & SKL_ENABLE;
	unsigned int events = 0;

	*skl_reg(s, offset) = value;
	if (p >= s->config.pipes || on == pipe->on) {
		return 0;
	}
	s->hold.on = false;
	pipe->on = on;
	if (on) {
		pipe->vblank.epoch_ns = now;
		pipe->vblank.period_ns = period_ns(s, p);
		pipe->blanks = 0;
		s->mode_was_set = true;
	} else {
		events = latch(s, p);
	}
	return events | GVT_SKL_MODE;
}

/* ---- holds ---- */

static uint64_t next_blank_ns(const struct gvt_skl_pipe *pipe)
{
	return pipe->vblank.epoch_ns + (pipe->blanks + 1) * pipe->vblank.period_ns;
}

/* The next blank of pipe @p would flip away from a picture that is held. */
static bool is_held(const struct gvt_skl *s, unsigned int p)
{
	return s->hold.on && s->pipe[p].plane_armed && gvt_skl_shown_pipe(s) == &s->pipe[p];
}

/* It begins @wait_ns after it was due. */
static void end_hold(struct gvt_skl *s, unsigned int p, uint64_t wait_ns)
{
	s->pipe[p].vblank.epoch_ns += wait_ns;
	s->hold.on = false;
	s->hold.count++;
	s->hold.wait_ns += wait_ns;
}

bool gvt_skl_hold(struct gvt_skl *s, uint64_t limit_ns)
{
	s->hold.limit_ns = limit_ns < GVT_SKL_HOLD_MAX_NS ? limit_ns : GVT_SKL_HOLD_MAX_NS;
	s->hold.on = gvt_skl_shown_pipe(s) != NULL;
	return s->hold.on;
}

unsigned int gvt_skl_release(struct gvt_skl *s, uint64_t now_ns)
{
	unsigned int events = gvt_skl_advance(s, now_ns);
	unsigned int p;

	for (p = 0; p < s->config.pipes; p++) {
		uint64_t due = next_blank_ns(&s->pipe[p]);

		if (is_held(s, p) && now_ns > due) {
			end_hold(s, p, now_ns - due);
		}
	}
	s->hold.on = false;
	return events | gvt_skl_advance(s, now_ns);
}

/* ---- passing of time ---- */

/* Does the blank of pipe @p that is due next still wait? At the limit it waits no more. */
static bool still_held(struct gvt_skl *s, unsigned int p, uint64_t now, unsigned int *events)
{
	uint64_t until = next_blank_ns(&s->pipe[p]) + s->hold.limit_ns;

	if (!is_held(s, p) || now < until) {
		return is_held(s, p);
	}
	end_hold(s, p, s->hold.limit_ns);
	s->hold.timeouts++;
	*events |= GVT_SKL_UNHELD;
	return false;
}

unsigned int skl_pipe_catch_up(struct gvt_skl *s, uint64_t now)
{
	unsigned int events = 0;
	unsigned int p;

	for (p = 0; p < s->config.pipes; p++) {
		struct gvt_skl_pipe *pipe = &s->pipe[p];
		uint64_t blanks;

		if (!pipe->on || still_held(s, p, now, &events)) {
			continue;
		}
		blanks = gvt_vblank_count(&pipe->vblank, now);
		if (blanks <= pipe->blanks) {
			continue;
		}
		pipe->blanks = blanks;
		events |= latch(s, p);
		skl_irq_raise(s, SKL_PIPE_IRQ + 0x10 * p, SKL_PIPE_VBLANK);
	}
	return events;
}

/* Does the guest want to hear of this pipe's blanks? */
static bool blank_wanted(const struct gvt_skl *s, unsigned int p)
{
	uint32_t base = SKL_PIPE_IRQ + 0x10 * p;
	uint32_t wanted = ~skl_get(s, base + SKL_IMR) & skl_get(s, base + SKL_IER) &
			  ~skl_get(s, base + SKL_IIR);

	return (wanted & SKL_PIPE_VBLANK) || ((wanted & SKL_PIPE_FLIP) && s->pipe[p].plane_armed);
}

uint64_t gvt_skl_deadline(const struct gvt_skl *s, bool watched)
{
	uint64_t first = skl_port_deadline(s);
	unsigned int p;

	if (s->owed) {
		return 0;
	}
	for (p = 0; p < s->config.pipes; p++) {
		const struct gvt_skl_pipe *pipe = &s->pipe[p];
		bool armed = pipe->plane_armed || pipe->cursor_armed;
		uint64_t next;

		if (!pipe->on || !(blank_wanted(s, p) || (watched && armed))) {
			continue;
		}
		next = next_blank_ns(pipe) + (is_held(s, p) ? s->hold.limit_ns : 0);
		if (next < first) {
			first = next;
		}
	}
	return first;
}

/* ---- counters [7.2] ---- */

uint32_t skl_frame_read(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	return (uint32_t)s->pipe[pipe_of(offset)].blanks;
}

uint32_t skl_flips_read(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	return s->pipe[pipe_of(offset)].flips;
}

/* Lines that the counter is behind the beam, which drivers add: it counts when a line's sync begins,
 * and on HDMI is a line later still. */
static unsigned int lines_behind(const struct gvt_skl *s, unsigned int p)
{
	unsigned int mode = (pipe_get(s, p, SKL_DDI_FUNC_CTL) >> 24) & 7;

	return mode == 2 || mode == 3 ? 1 : 2;
}

/*
 * The line that is sent now; a frame's time begins with the blank, behind the last visible line. While
 * a blank is put off the beam waits well above that: guests don't update a plane in the last lines.
 */
uint32_t skl_dsl_read(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	unsigned int p = pipe_of(offset);
	const struct gvt_skl_pipe *pipe = &s->pipe[p];
	uint64_t vtotal = (pipe_get(s, p, SKL_VTOTAL) >> 16) + 1;
	uint64_t first = (pipe_get(s, p, SKL_VBLANK) & 0xffff) + 1;
	uint64_t period = pipe->vblank.period_ns;
	uint64_t begin, line, passed;

	if (!pipe->on) {
		return 0;
	}
	begin = pipe->vblank.epoch_ns + pipe->blanks * period;
	passed = now <= begin ? 0 : now - begin;
	if (passed >= period) {
		passed = period - period / 16;
	}
	line = passed * vtotal / period;
	return (uint32_t)((first + line + vtotal - lines_behind(s, p) % vtotal) % vtotal);
}

void skl_pipe_reset(struct gvt_skl *s)
{
	memset(s->pipe, 0, sizeof(s->pipe));
}
