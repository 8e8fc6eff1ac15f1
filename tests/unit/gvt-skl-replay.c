// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an unmodified i915 read and wrote, once more against gvt_skl.
 *
 * data/gen9/ holds traces of a throw-away model that Debian's 6.1 kernel drove (probe, console,
 * 60 flips, blanking, a monitor that goes and comes; facts/I915-DISPLAY-FACTS.md, section 0). Each
 * access is made again in its order and at its time; every value that the guest read must be read
 * again. What can't be equal is in exempt[] with the reason and the rule that it follows instead.
 * The monitors aren't given but read out of the traces: their EDIDs are in the AUX and GMBUS data.
 * (The model took no notice of the E-DDC segment, so a monitor with more than 256 bytes of EDID
 * seems to have the same again behind them.)
 *
 * The model's blanks came every 16.667 ms whatever the mode was. Where its guest takes a blank
 * interrupt that isn't due here yet, the time of the replay jumps to the blank.
 */
#include <math.h>
#include <string.h>

#include "gvt-check.h"
#include "gvt-skl-mode.h"
#include "gvt-skl-trace.h"
#include "kernel/gvt/core/gvt_skl.h"

#define REG_DE_IMR  0x44404u
#define REG_DE_IIR  0x44408u
#define REG_SDE_ISR 0xc4000u
#define REG_LINE    0x70000u
#define REG_CONF    0x70008u
#define REG_FRAME   0x70040u

#define MASTER_PIPE_A 0x00010000u

#define FAULTS_SHOWN 20u
/* Of the replay's clock against the test's own, which doesn't round to nanoseconds. */
#define CLOCK_SLACK_NS 1000.0
#define LINE_SLACK     1.01

struct replay {
	const struct trace *trace;
	struct gvt_skl skl;
	uint32_t *regs;
	uint32_t *written; /* what the guest wrote last, by register */
	uint64_t skew_ns;  /* the time of the replay is so much ahead of the trace's */
	uint64_t now_ns;
	unsigned int monitor; /* that is plugged */
	bool signalled;	      /* since the guest last took an interrupt */
	bool late;	      /* a blank came while the guest was about to mask them */
	bool pipe_on;
	struct skl_mode mode;
	uint64_t on_ns;
	uint32_t frame; /* read last */
	unsigned int interrupts, jumps, plugs, flips, pictures;
	unsigned int equal, by_rule, faults;
	uint64_t exempted; /* entries of exempt[] that were needed */
};

typedef bool rule_fn(struct replay *r, uint32_t offset, uint32_t was, uint32_t is);

/* Only a line that isn't there would be wrong: the guest waits while it reads. */
static bool rule_line(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	double frames, line, away;

	if (!r->pipe_on) {
		return is == 0;
	}
	frames = (double)(r->now_ns - r->on_ns) / r->mode.period_ns;
	line = r->mode.vdisplay - r->mode.behind + (frames - floor(frames)) * r->mode.vtotal;
	away = fmod(fabs((double)is - line), r->mode.vtotal);
	return is < r->mode.vtotal && (away <= LINE_SLACK || r->mode.vtotal - away <= LINE_SLACK);
}

static bool rule_frame(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	double since = (double)(r->now_ns - r->on_ns);
	bool good;

	if (!r->pipe_on) {
		return true;
	}
	good = is >= floor((since - CLOCK_SLACK_NS) / r->mode.period_ns) &&
	       is <= floor((since + CLOCK_SLACK_NS) / r->mode.period_ns) && is >= r->frame;
	r->frame = is;
	return good;
}

static bool rule_master(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	return is == was || (r->late && is == (was | MASTER_PIPE_A));
}

static bool rule_pipe_iir(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	return is == was || (r->late && is == (was | 1));
}

static bool rule_aperture(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	return is == GVT_SKL_APERTURE_SIZE;
}

static bool rule_fences(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	return is >= 4 && is <= 32;
}

static bool rule_balloon_end(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	uint64_t end = gvt_skl_ggtt_entries(&r->skl.config) * GVT_PAGE_SIZE;

	return is > 0 && GVT_SKL_APERTURE_SIZE + (uint64_t)is <= end;
}

static bool rule_vga_off(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	return is == 0x80000000;
}

static bool rule_dfsm_three(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	return (is & 0x70200000) == 0;
}

static bool rule_guc_in_reset(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	return is == 1;
}

static bool rule_clocks_off(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	return is == 0x000f8000 || is == was;
}

static bool rule_dp_idle(struct replay *r, uint32_t offset, uint32_t was, uint32_t is)
{
	return is == (was | 1u << 25);
}

/* Registers whose value need not be the trace's, and what it must be instead. */
static const struct exemption {
	const char *trace; /* NULL: all */
	uint32_t offset, last;
	rule_fn *rule;
	const char *reason;
} exempt[] = {
	{NULL, REG_LINE, REG_LINE, rule_line, "the scan line is a function of the time"},
	{NULL, REG_FRAME, REG_FRAME, rule_frame,
	 "blanks came every 16.667 ms; here they come with the guest's own mode"},
	{NULL, REG_MASTER, REG_MASTER, rule_master,
	 "equal, or a blank more that came between the guest's last clearing and its masking"},
	{NULL, REG_DE_IIR, REG_DE_IIR, rule_pipe_iir,
	 "equal, or a blank more that came between the guest's last clearing and its masking"},
	{NULL, 0x78050, 0x78050, rule_fences, "the number of fences is ours to say: 4 to 32 (2)"},
	{NULL, 0x7804c, 0x7804c, rule_balloon_end,
	 "the size of the unmappable window is anybody's choice"},
	{"pvinfo-1pipe-hdmi-vbt", 0x78044, 0x78048, rule_aperture,
	 "this run had an aperture of 4 KiB"},
	{"pvinfo-1pipe-hdmi-vbt", 0x41000, 0x41000, rule_vga_off, "no reset value yet (4.5)"},
	{"bare-1hdmi-vbt", 0x41000, 0x41000, rule_vga_off, "no reset value yet (4.5)"},
	{"bare-dp-vbt", 0x41000, 0x41000, rule_vga_off, "no reset value yet (4.5)"},
	{"bare-novbt-3ports", 0x41000, 0x41000, rule_vga_off, "no reset value yet (4.5)"},
	{"bare-1hdmi-vbt", 0x51000, 0x51000, rule_dfsm_three,
	 "0 and 0x0a000000 both mean three pipes (4.1)"},
	{"bare-dp-vbt", 0x51000, 0x51000, rule_dfsm_three,
	 "0 and 0x0a000000 both mean three pipes (4.1)"},
	{"bare-novbt-3ports", 0x51000, 0x51000, rule_dfsm_three,
	 "0 and 0x0a000000 both mean three pipes (4.1)"},
	{"bare-novbt-3ports", 0xc000, 0xc000, rule_guc_in_reset,
	 "the model had no GuC yet: three warnings (3.2)"},
	{"bare-novbt-3ports", 0x6c05c, 0x6c05c, rule_clocks_off,
	 "at first; no reset value yet (4.3)"},
	{"bare-dp-vbt", 0x64144, 0x64144, rule_dp_idle,
	 "the model was never idle: an error a mode set (4.6)"},
};

static void take_events(struct replay *r, unsigned int events)
{
	uint64_t space = gvt_skl_ggtt_entries(&r->skl.config) * GVT_PAGE_SIZE;
	struct gvt_plane p;

	r->signalled |= (events & GVT_SKL_IRQ) != 0;
	r->flips += (events & GVT_SKL_FLIP) != 0;
	r->pictures += (events & GVT_SKL_FLIP) && gvt_skl_primary(&r->skl, &p);
	if (events & GVT_SKL_CHANGED) {
		gvt_skl_primary(&r->skl, &p);
		g_assert_cmpstr(gvt_plane_fault(&p, space), ==, NULL);
		gvt_skl_cursor(&r->skl, &p);
		g_assert_cmpstr(gvt_plane_fault(&p, space), ==, NULL);
	}
}

static void plug(struct replay *r, unsigned int n)
{
	const struct monitor *m = &r->trace->monitors[n];

	g_assert_cmpuint(n, <, r->trace->monitor_count);
	r->monitor = n;
	take_events(r, gvt_skl_set_monitor(&r->skl, m->edid, m->size, r->now_ns));
}

static void fault(struct replay *r, unsigned int line, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	if (r->faults++ < FAULTS_SHOWN) {
		va_start(args, format);
		text = g_strdup_vprintf(format, args);
		va_end(args);
		g_test_message("line %u: %s", line + 1, text);
	}
}

/* The guest took an interrupt: have a reason for it, and have told so. */
static void interrupt(struct replay *r, unsigned int line, uint32_t master)
{
	bool blank = gvt_skl_mmio_read(&r->skl, REG_DE_IIR, 4, r->now_ns) & 1;
	uint64_t deadline;

	r->interrupts++;
	if (master & MASTER_SDE) {
		plug(r, r->monitor + 1);
		r->plugs++;
	}
	if (master & MASTER_PIPE_A && !blank) {
		deadline = gvt_skl_deadline(&r->skl, false);
		if (deadline == UINT64_MAX || deadline < r->now_ns ||
		    (double)(deadline - r->now_ns) > r->mode.period_ns + CLOCK_SLACK_NS) {
			fault(r, line, "a blank interrupt, and none is due");
			return;
		}
		r->skew_ns += deadline - r->now_ns;
		r->now_ns = deadline;
		r->jumps++;
	}
	take_events(r, gvt_skl_advance(&r->skl, r->now_ns));
	if (!r->signalled) {
		fault(r, line, "an interrupt that wasn't signalled");
	}
	if (!gvt_skl_irq_level(&r->skl)) {
		fault(r, line, "an interrupt, and the line is low");
	}
	r->signalled = false;
}

static uint32_t written(void *opaque, uint32_t offset)
{
	return ((struct replay *)opaque)->written[offset / 4];
}

static void replay_write(struct replay *r, const struct access *a)
{
	if (a->offset == REG_DE_IMR && a->value & 1) {
		r->late |= gvt_skl_mmio_read(&r->skl, REG_DE_IIR, 4, r->now_ns) & 1;
	} else if (a->offset == REG_DE_IIR && a->value & 1) {
		r->late = false;
	}
	take_events(r, gvt_skl_mmio_write(&r->skl, a->offset, a->value, 4, r->now_ns));
	r->written[a->offset / 4] = a->value;
	if (a->offset == REG_CONF && r->pipe_on != a->value >> 31) {
		r->pipe_on = a->value >> 31;
		r->on_ns = r->now_ns;
		r->frame = 0;
		r->mode = skl_mode_read(written, r, 0);
	}
}

static void replay_read(struct replay *r, unsigned int line, const struct access *a)
{
	/* Widths aren't in the trace; the guest has two reads that aren't of four bytes (2). */
	unsigned int size = a->offset == 0x78000 ? 8 : a->offset == 0x78008 ? 2 : 4;
	uint32_t is = (uint32_t)gvt_skl_mmio_read(&r->skl, a->offset, size, r->now_ns);

	for (size_t i = 0; i < G_N_ELEMENTS(exempt); i++) {
		const struct exemption *e = &exempt[i];

		if (a->offset < e->offset || a->offset > e->last ||
		    (e->trace && strcmp(e->trace, r->trace->name) != 0)) {
			continue;
		}
		if (!e->rule(r, a->offset, a->value, is)) {
			fault(r, line, "%06x is %08x; %s", a->offset, is, e->reason);
		}
		if (is == a->value) {
			r->equal++;
		} else {
			r->by_rule++;
			r->exempted |= 1ull << i;
		}
		return;
	}
	if (is != a->value) {
		fault(r, line, "%06x is %08x, was %08x", a->offset, is, a->value);
	}
	r->equal++;
}

static void replay_line(struct replay *r, unsigned int line)
{
	const struct access *a = access_at(r->trace, line);
	uint32_t master = handler_begins(r->trace, line);

	r->now_ns = a->time_us * 1000 + r->skew_ns;
	take_events(r, gvt_skl_advance(&r->skl, r->now_ns));
	if (master) {
		interrupt(r, line, master);
	}
	for (unsigned int i = 0; i < a->times; i++) {
		if (a->write) {
			replay_write(r, a);
		} else {
			replay_read(r, line, a);
		}
	}
}

static void test_replay(gconstpointer opaque)
{
	struct trace t = *(const struct trace *)opaque;
	struct replay r = {.trace = &t};

	trace_load(&t);
	trace_find_monitors(&t);
	r.regs = g_malloc(GVT_SKL_REGS_SIZE);
	r.written = g_malloc0(GVT_SKL_REGS_SIZE);
	g_assert_true(gvt_skl_init(&r.skl, &t.config, r.regs, 0));
	plug(&r, 0);
	for (unsigned int i = 0; i < t.accesses->len; i++) {
		replay_line(&r, i);
	}
	g_test_message("%u reads equal, %u by rule, %u interrupts (%u jumps), %u hot plugs, %u "
		       "flips (%u pictures)",
		       r.equal, r.by_rule, r.interrupts, r.jumps, r.plugs, r.flips, r.pictures);
	g_assert_cmpuint(r.faults, ==, 0);
	/* The test must have seen what it is for. */
	g_assert_cmpuint(r.equal, >, 1500);
	g_assert_cmpuint(r.pictures, >=, 60);
	g_assert_cmpuint(r.interrupts, >=, 60);
	g_assert_cmpuint(r.plugs, ==, t.monitor_count - 1);
	g_assert_cmpuint(t.monitors[0].size, >=, 128);
	for (size_t i = 0; i < G_N_ELEMENTS(exempt); i++) {
		if (exempt[i].trace && strcmp(exempt[i].trace, t.name) == 0) {
			/* No exemption that isn't one. */
			g_assert_cmphex(r.exempted & 1ull << i, !=, 0);
		}
	}
	g_array_unref(t.accesses);
	g_free(r.written);
	g_free(r.regs);
}

static const struct trace traces[] = {
	{"final-pv-1pipe-dp", {GVT_SKL_DP, true, 1, 8u << 20, false}, NULL, {{{0}, 0}}, 0},
	{"pvinfo-1pipe-hdmi-vbt", {GVT_SKL_HDMI, true, 1, 8u << 20, false}, NULL, {{{0}, 0}}, 0},
	{"bare-dp-vbt", {GVT_SKL_DP, false, 3, 8u << 20, false}, NULL, {{{0}, 0}}, 0},
	{"bare-1hdmi-vbt", {GVT_SKL_HDMI, false, 3, 8u << 20, false}, NULL, {{{0}, 0}}, 0},
	/* Its monitor was on HDMI and no port answered on AUX, so it isn't GVT_SKL_BARE. */
	{"bare-novbt-3ports", {GVT_SKL_HDMI, false, 3, 8u << 20, false}, NULL, {{{0}, 0}}, 0},
};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(traces); i++) {
		g_autofree char *path = g_strdup_printf("/gvt/skl/replay/%s", traces[i].name);

		g_test_add_data_func(path, &traces[i], test_replay);
	}
	return g_test_run();
}
