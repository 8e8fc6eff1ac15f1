// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every register is RAM unless the table below says otherwise: what the guest writes it reads back,
 * which is all that its state checker asks for most of them (section 8).
 */
#include "gvt_skl_int.h"

enum reg_flags {
	REG_RAM = 0,
	REG_CONST = 1,	/* writes are ignored */
	REG_MASKED = 2, /* bits 31:16 of a write say which of 15:0 it changes */
	REG_MIRROR = 4, /* bit 30 reads as bit 31: "is on" follows "be on" at once */
};

/*
 * One register, or @count of them @stride apart.
 * @reset: after power on.
 * @ones: bits that read as one whatever was written.
 * @flags: enum reg_flags.
 * @w1c: bits that a one clears. @write does that; a narrow write has zeros in the other bytes.
 * @read: gives the value instead of RAM; @ones and REG_MIRROR apply on top.
 * @write: called instead of storing; returns GVT_SKL_* events.
 */
struct reg {
	uint32_t offset;
	uint16_t count;
	uint32_t stride;
	uint32_t reset;
	uint32_t ones;
	uint32_t w1c;
	unsigned int flags;
	uint32_t (*read)(struct gvt_skl *s, uint32_t offset, uint64_t now);
	unsigned int (*write)(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
};

#define IRQ_BLOCK(base)                                                                            \
	{.offset = (base) + SKL_IMR, .count = 1, .reset = ~0u, .write = skl_irq_write},            \
	{.offset = (base) + SKL_IIR, .count = 1, .w1c = ~0u, .write = skl_irq_write},              \
	{.offset = (base) + SKL_IER, .count = 1, .write = skl_irq_write}

#define PORT(n)                                                                                    \
	{.offset = SKL_DDI_BUF_CTL + SKL_PORT_STRIDE * (n), .count = 1, .read = skl_ddi_read},     \
	{.offset = SKL_AUX_CTL + SKL_PORT_STRIDE * (n), .count = 1, .w1c = SKL_AUX_STATUS,         \
	 .write = skl_aux_write},                                                                  \
	{.offset = SKL_DP_TP_STATUS + SKL_PORT_STRIDE * (n), .count = 1, .ones = SKL_BIT(25)}

#define PIPE(p)                                                                                    \
	{.offset = SKL_PIPEDSL + SKL_PIPE_STRIDE * (p), .count = 1, .flags = REG_CONST,            \
	 .read = skl_dsl_read},                                                                    \
	{.offset = SKL_PIPECONF + SKL_PIPE_STRIDE * (p), .count = 1, .flags = REG_MIRROR,          \
	 .write = skl_pipeconf_write},                                                             \
	{.offset = SKL_PIPE_FRMCOUNT + SKL_PIPE_STRIDE * (p), .count = 1, .flags = REG_CONST,      \
	 .read = skl_frame_read},                                                                  \
	{.offset = SKL_PIPE_FLIPCOUNT + SKL_PIPE_STRIDE * (p), .count = 1, .flags = REG_CONST,     \
	 .read = skl_flips_read},                                                                  \
	{.offset = SKL_CURBASE + SKL_PIPE_STRIDE * (p), .count = 1, .write = skl_curbase_write},   \
	{.offset = SKL_PLANE_CTL + SKL_PIPE_STRIDE * (p), .count = 1,                              \
	 .write = skl_plane_ctl_write},                                                            \
	{.offset = SKL_PLANE_SURF + SKL_PIPE_STRIDE * (p), .count = 1, .write = skl_surf_write},   \
	{.offset = SKL_PLANE_SURFLIVE + SKL_PIPE_STRIDE * (p), .count = 1, .flags = REG_CONST}

/* By offset, without an overlap. */
static const struct reg regs[] = {
	/* Forcewake acknowledgements, set by the requests at a188.. and so not the guest's [3.1] */
	{.offset = 0xd84, .count = 2, .stride = 4, .flags = REG_CONST},
	/* Per engine (render, then video, video enhancement, blitter further down): stopped, ready
	 * to be reset [3.2] */
	{.offset = 0x209c, .count = 1, .ones = SKL_BIT(9), .flags = REG_MASKED},
	{.offset = 0x20d0, .count = 1, .write = skl_reset_ctl_write},
	{.offset = 0x229c, .count = 1, .flags = REG_MASKED},
	{.offset = 0x9120, .count = 1, .reset = 0x02800000, .flags = REG_CONST}, /* 1 slice */
	{.offset = 0x941c, .count = 1, .flags = REG_CONST}, /* GPU reset: done already */
	{.offset = 0xa188, .count = 1, .write = skl_forcewake_write},
	{.offset = 0xa270, .count = 1, .write = skl_forcewake_write},
	{.offset = 0xa278, .count = 1, .write = skl_forcewake_write},
	{.offset = 0xc000, .count = 1, .ones = SKL_BIT(0)}, /* the GuC is in reset */
	{.offset = 0x1209c, .count = 1, .ones = SKL_BIT(9), .flags = REG_MASKED},
	{.offset = 0x120d0, .count = 1, .write = skl_reset_ctl_write},
	{.offset = 0x1229c, .count = 1, .flags = REG_MASKED},
	{.offset = 0x1a09c, .count = 1, .ones = SKL_BIT(9), .flags = REG_MASKED},
	{.offset = 0x1a0d0, .count = 1, .write = skl_reset_ctl_write},
	{.offset = 0x1a29c, .count = 1, .flags = REG_MASKED},
	{.offset = 0x2209c, .count = 1, .ones = SKL_BIT(9), .flags = REG_MASKED},
	{.offset = 0x220d0, .count = 1, .write = skl_reset_ctl_write},
	{.offset = 0x2229c, .count = 1, .flags = REG_MASKED},
	{.offset = 0x41000, .count = 1, .reset = SKL_ENABLE}, /* VGA off [4.5] */
	/* Fuses read, power gates 0 to 2 distributed [4.1] */
	{.offset = 0x42000, .count = 1, .reset = 0x8e000000, .flags = REG_CONST},
	{.offset = 0x42300, .count = 1, .flags = REG_CONST}, /* no unclaimed access, ever */
	{.offset = SKL_MASTER, .count = 1, .read = skl_master_read, .write = skl_master_write},
	IRQ_BLOCK(SKL_GT_IRQ),
	IRQ_BLOCK(SKL_GT_IRQ + 0x10),
	IRQ_BLOCK(SKL_GT_IRQ + 0x20),
	IRQ_BLOCK(SKL_GT_IRQ + 0x30),
	IRQ_BLOCK(SKL_PIPE_IRQ),
	IRQ_BLOCK(SKL_PIPE_IRQ + 0x10),
	IRQ_BLOCK(SKL_PIPE_IRQ + 0x20),
	IRQ_BLOCK(SKL_PORT_IRQ),
	IRQ_BLOCK(SKL_MISC_IRQ),
	IRQ_BLOCK(SKL_PCU_IRQ),
	{.offset = 0x45008, .count = 1, .flags = REG_MIRROR}, /* DBUF */
	{.offset = 0x45400, .count = 4, .stride = 4, .read = skl_power_well_read},
	{.offset = SKL_LCPLL1, .count = 2, .stride = 4, .flags = REG_MIRROR},
	{.offset = 0x51000, .count = 1, .flags = REG_CONST}, /* which pipes: skl_reset() */
	PORT(0),
	PORT(1),
	PORT(2),
	PORT(3),
	PORT(4),
	{.offset = SKL_PSR_IMR, .count = 1, .write = skl_irq_write},
	{.offset = SKL_PSR_IIR, .count = 1, .w1c = ~0u, .write = skl_irq_write},
	/* Without clock: DDI A to E */
	{.offset = SKL_DPLL_CTRL2, .count = 1, .reset = 0x000f8000},
	{.offset = SKL_DPLL_STATUS, .count = 1, .flags = REG_CONST, .read = skl_pll_status_read},
	PIPE(0),
	PIPE(1),
	PIPE(2),
	{.offset = SKL_PIPECONF_EDP, .count = 1, .flags = REG_MIRROR},
	{.offset = SKL_SDE_IRQ, .count = 1, .flags = REG_CONST, .read = skl_sde_isr_read},
	IRQ_BLOCK(SKL_SDE_IRQ),
	{.offset = SKL_PORT_HOTPLUG, .count = 1, .w1c = SKL_HOTPLUG_STATUS,
	 .write = skl_hotplug_write},
	{.offset = SKL_HOTPLUG2, .count = 1, .w1c = SKL_HOTPLUG_STATUS, .write = skl_hotplug_write},
	/* Clock and data pins of the five monitor buses idle high, for who drives them by hand */
	{.offset = 0xc5010, .count = 6, .stride = 4, .ones = SKL_BIT(12) | SKL_BIT(4)},
	{.offset = SKL_GMBUS1, .count = 1, .write = skl_gmbus1_write},
	{.offset = SKL_GMBUS2, .count = 1, .flags = REG_CONST},
	{.offset = SKL_GMBUS3, .count = 1, .read = skl_gmbus3_read},
	{.offset = 0xc6204, .count = 1, .reset = 24}, /* raw clock, MHz */
	{.offset = 0x101008, .count = 1, .write = skl_flush_write},
	{.offset = 0x130044, .count = 1, .flags = REG_CONST}, /* forcewake acknowledged */
	{.offset = 0x138124, .count = 1, .write = skl_mailbox_write},
};

#define NR_REGS (sizeof(regs) / sizeof(regs[0]))

static uint32_t last_of(const struct reg *r)
{
	return r->offset + (r->count - 1u) * r->stride;
}

/* NULL: RAM. */
static const struct reg *find(uint32_t offset)
{
	size_t low = 0, high = NR_REGS;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct reg *r = &regs[middle];

		if (offset < r->offset) {
			high = middle;
		} else if (offset > last_of(r)) {
			low = middle + 1;
		} else {
			return r->stride == 0 || (offset - r->offset) % r->stride == 0 ? r : NULL;
		}
	}
	return NULL;
}

/* The word at @offset (a multiple of 4) as the guest reads it. */
static uint32_t read32(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	const struct reg *r;
	uint32_t value;

	if (offset >= GVT_SKL_REGS_SIZE) {
		return 0;
	}
	r = find(offset);
	if (!r) {
		return skl_get(s, offset);
	}
	value = (r->read ? r->read(s, offset, now) : skl_get(s, offset)) | r->ones;
	if (r->flags & REG_MIRROR) {
		value = (value & ~SKL_STATE) | ((value & SKL_ENABLE) >> 1);
	}
	return value;
}

/* Of a read-only register block of the host's half of PVINFO, and of none at all without it. */
static bool ram_is_writable(const struct gvt_skl *s, uint32_t offset)
{
	return offset < SKL_PVINFO || offset >= SKL_PVINFO + 0x800 || !s->config.pvinfo;
}

/* Write the bytes of @mask. */
static unsigned int write32(struct gvt_skl *s, uint32_t offset, uint32_t value, uint32_t mask,
			    uint64_t now)
{
	const struct reg *r;
	uint32_t was;

	if (offset >= GVT_SKL_REGS_SIZE) {
		return 0;
	}
	r = find(offset);
	was = skl_get(s, offset);
	value &= mask;
	if (!r) {
		if (ram_is_writable(s, offset)) {
			*skl_reg(s, offset) = (was & ~mask) | value;
		}
		return 0;
	}
	if (r->flags & REG_MASKED) {
		*skl_reg(s, offset) = (was & ~(value >> 16)) | (value & (value >> 16));
		return 0;
	}
	value |= was & ~mask & ~r->w1c;
	if (r->write) {
		return r->write(s, offset, value, now);
	}
	if (!(r->flags & REG_CONST)) {
		*skl_reg(s, offset) = value;
	}
	return 0;
}

static uint32_t bytes_mask(unsigned int size)
{
	return size >= 4 ? ~0u : (1u << (8 * size)) - 1;
}

uint64_t gvt_skl_mmio_read(struct gvt_skl *s, uint32_t offset, unsigned int size, uint64_t now_ns)
{
	unsigned int shift = 8 * (offset & 3);
	uint64_t value;

	if (size == 0 || offset % size != 0) {
		return 0;
	}
	s->owed |= gvt_skl_advance(s, now_ns);
	if (size == 8) {
		value = read32(s, offset, now_ns);
		return value | (uint64_t)read32(s, offset + 4, now_ns) << 32;
	}
	return (read32(s, offset & ~3u, now_ns) >> shift) & bytes_mask(size);
}

unsigned int gvt_skl_mmio_write(struct gvt_skl *s, uint32_t offset, uint64_t value,
				unsigned int size, uint64_t now_ns)
{
	unsigned int shift = 8 * (offset & 3);
	unsigned int events;

	if (size == 0 || offset % size != 0) {
		return 0;
	}
	events = gvt_skl_advance(s, now_ns);
	if (size == 8) {
		events |= write32(s, offset, (uint32_t)value, ~0u, now_ns);
		events |= write32(s, offset + 4, (uint32_t)(value >> 32), ~0u, now_ns);
	} else {
		events |= write32(s, offset & ~3u, (uint32_t)value << shift,
				  bytes_mask(size) << shift, now_ns);
	}
	return events | skl_irq_update(s);
}

unsigned int gvt_skl_advance(struct gvt_skl *s, uint64_t now_ns)
{
	unsigned int events = s->owed;

	s->owed = 0;
	events |= skl_pipe_catch_up(s, now_ns);
	skl_port_catch_up(s, now_ns);
	return events | skl_irq_update(s);
}

/* ---- power on ---- */

/* Which pipes are fused off, and: no frame buffer compression, no HDCP [4.1]. */
static uint32_t dfsm(const struct gvt_skl_config *config)
{
	return 0x0a000000u | (config->pipes < 2 ? 0x00200000u : 0) |
	       (config->pipes < 3 ? 0x10000000u : 0);
}

/* Section 2. The guest may use all graphics addresses; ballooning asks for two windows. */
static void pvinfo_reset(struct gvt_skl *s)
{
	uint64_t addresses = gvt_skl_ggtt_entries(&s->config) * GVT_PAGE_SIZE;

	*skl_reg(s, SKL_PVINFO) = 0x76544776u;
	*skl_reg(s, SKL_PVINFO + 0x04) = 0x47765447u;
	*skl_reg(s, SKL_PVINFO + 0x08) = 1; /* version 1.0 */
	*skl_reg(s, SKL_PVINFO + 0x10) = 0x1c; /* PPGTT, HWSP emulation, huge GTT pages */
	*skl_reg(s, SKL_PVINFO + 0x40) = 0;
	*skl_reg(s, SKL_PVINFO + 0x44) = GVT_SKL_APERTURE_SIZE;
	*skl_reg(s, SKL_PVINFO + 0x48) = GVT_SKL_APERTURE_SIZE;
	*skl_reg(s, SKL_PVINFO + 0x4c) = (uint32_t)(addresses - GVT_SKL_APERTURE_SIZE);
	*skl_reg(s, SKL_PVINFO + 0x50) = 32; /* fences */
	*skl_reg(s, SKL_PVINFO_CUR_XHOT) = GVT_HOT_UNKNOWN;
	*skl_reg(s, SKL_PVINFO_CUR_YHOT) = GVT_HOT_UNKNOWN;
}

void gvt_skl_reset(struct gvt_skl *s, uint64_t now_ns)
{
	size_t i;
	unsigned int n;

	memset(s->regs, 0, GVT_SKL_REGS_SIZE);
	for (i = 0; i < NR_REGS; i++) {
		for (n = 0; n < regs[i].count; n++) {
			*skl_reg(s, regs[i].offset + n * regs[i].stride) = regs[i].reset;
		}
	}
	*skl_reg(s, 0x51000) = dfsm(&s->config);
	if (s->config.pvinfo) {
		pvinfo_reset(s);
	}
	s->hold.on = false;
	s->mode_was_set = false;
	s->irq_out = false;
	s->irq_again = false;
	s->owed = 0;
	skl_pipe_reset(s);
	skl_port_reset(s);
}

bool gvt_skl_init(struct gvt_skl *s, const struct gvt_skl_config *config, uint32_t *reg_memory,
		  uint64_t now_ns)
{
	uint32_t mib = config->ggtt_bytes >> 20;

	if (config->pipes < 1 || config->pipes > GVT_SKL_PIPES || config->output > GVT_SKL_BARE ||
	    (mib != 2 && mib != 4 && mib != 8) || config->ggtt_bytes != mib << 20) {
		return false;
	}
	memset(s, 0, sizeof(*s));
	s->config = *config;
	s->regs = reg_memory;
	gvt_skl_reset(s, now_ns);
	return true;
}
