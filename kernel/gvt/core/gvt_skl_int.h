/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of struct gvt_skl share: register offsets and bits, and the hooks that the table in
 * gvt_skl.c names. One file a function block:
 *
 *	gvt_skl.c        the table of registers, accesses of all widths, reset
 *	gvt_skl_power.c  power wells, clocks, mailbox, forcewake: things that answer a request at once
 *	gvt_skl_irq.c    the interrupt registers
 *	gvt_skl_pipe.c   time: blanks, counters, latching
 *	gvt_skl_port.c   the monitor: hot plug, DP AUX, GMBUS
 *	gvt_skl_plane.c  decode of primary plane and cursor
 *	gvt_skl_pci.c    configuration space and option ROM
 *
 * Offsets and meanings: facts/I915-DISPLAY-FACTS.md, section in brackets.
 */
#ifndef GVT_SKL_INT_H
#define GVT_SKL_INT_H

#include "gvt_skl.h"

#define SKL_BIT(n) (1u << (n))
#define SKL_ENABLE SKL_BIT(31)
#define SKL_STATE  SKL_BIT(30)

/* ---- pipes and planes; pipe p at + p * SKL_PIPE_STRIDE [4.6, 6, 7.2] ---- */
#define SKL_PIPE_STRIDE	    0x1000u
#define SKL_HTOTAL	    0x60000u
#define SKL_VTOTAL	    0x6000cu
#define SKL_VBLANK	    0x60010u
#define SKL_LINK_M	    0x60040u
#define SKL_LINK_N	    0x60044u
#define SKL_DDI_FUNC_CTL    0x60400u
#define SKL_PIPEDSL	    0x70000u
#define SKL_PIPECONF	    0x70008u
#define SKL_PIPE_FRMCOUNT   0x70040u
#define SKL_PIPE_FLIPCOUNT  0x70044u
#define SKL_CURCNTR	    0x70080u
#define SKL_CURBASE	    0x70084u
#define SKL_CURPOS	    0x70088u
#define SKL_CUR_FBC	    0x700a0u
#define SKL_PLANE_CTL	    0x70180u
#define SKL_PLANE_STRIDE    0x70188u
#define SKL_PLANE_POS	    0x7018cu
#define SKL_PLANE_SIZE	    0x70190u
#define SKL_PLANE_SURF	    0x7019cu
#define SKL_PLANE_OFFSET    0x701a4u
#define SKL_PLANE_SURFLIVE  0x701acu
#define SKL_PIPECONF_EDP    0x7f008u

/* ---- ports; port n at + n * SKL_PORT_STRIDE [4.6, 4.9] ---- */
#define SKL_PORT_STRIDE	 0x100u
#define SKL_PORTS	 5u
#define SKL_DDI_BUF_CTL	 0x64000u
#define SKL_AUX_CTL	 0x64010u
#define SKL_AUX_DATA	 0x64014u
#define SKL_DP_TP_STATUS 0x64044u
#define SKL_AUX_DONE	 SKL_BIT(30)
#define SKL_AUX_TIMEOUT	 SKL_BIT(28)
#define SKL_AUX_RECEIVE	 SKL_BIT(25)
#define SKL_AUX_STATUS	 (SKL_AUX_DONE | SKL_AUX_TIMEOUT | SKL_AUX_RECEIVE)

/* ---- clocks [4.3] ---- */
#define SKL_LCPLL1	0x46010u
#define SKL_LCPLL2	0x46014u
#define SKL_WRPLL1	0x46040u
#define SKL_WRPLL2	0x46060u
#define SKL_DPLL_CFGCR1 0x6c040u /* DPLL n (1..3) at + (n - 1) * 8; CFGCR2 4 above */
#define SKL_DPLL_CTRL1	0x6c058u
#define SKL_DPLL_CTRL2	0x6c05cu
#define SKL_DPLL_STATUS 0x6c060u

/* ---- interrupts [7.1] ---- */
#define SKL_MASTER	 0x44200u
#define SKL_GT_IRQ	 0x44300u /* four blocks, 0x10 apart */
#define SKL_PIPE_IRQ	 0x44400u /* three */
#define SKL_PORT_IRQ	 0x44440u
#define SKL_MISC_IRQ	 0x44460u
#define SKL_PCU_IRQ	 0x444e0u
#define SKL_SDE_IRQ	 0xc4000u
#define SKL_PSR_IMR	 0x64834u
#define SKL_PSR_IIR	 0x64838u
#define SKL_ISR		 0x0u
#define SKL_IMR		 0x4u
#define SKL_IIR		 0x8u
#define SKL_IER		 0xcu
#define SKL_PIPE_VBLANK	 SKL_BIT(0)
#define SKL_PIPE_FLIP	 SKL_BIT(3)

/* ---- hot plug [4.10] ---- */
#define SKL_SDE_PORT_B	 SKL_BIT(21)
#define SKL_PORT_HOTPLUG 0xc4030u
#define SKL_HOTPLUG2	 0xc403cu
#define SKL_HOTPLUG_STATUS 0x03030303u /* short or long pulse, of four ports */

#define SKL_GMBUS0 0xc5100u
#define SKL_GMBUS1 0xc5104u
#define SKL_GMBUS2 0xc5108u
#define SKL_GMBUS3 0xc510cu
#define SKL_GMBUS4 0xc5110u
#define SKL_GMBUS5 0xc5120u

#define SKL_PVINFO	    0x78000u
#define SKL_PVINFO_SIZE	    0x1000u
#define SKL_PVINFO_CUR_XHOT 0x78830u
#define SKL_PVINFO_CUR_YHOT 0x78834u

static inline uint32_t *skl_reg(const struct gvt_skl *s, uint32_t offset)
{
	return &s->regs[offset / 4];
}

static inline uint32_t skl_get(const struct gvt_skl *s, uint32_t offset)
{
	return s->regs[offset / 4];
}

/* ---- gvt_skl_power.c: reads and writes of the registers they are named after ---- */
uint32_t skl_power_well_read(struct gvt_skl *s, uint32_t offset, uint64_t now);
uint32_t skl_pll_status_read(struct gvt_skl *s, uint32_t offset, uint64_t now);
unsigned int skl_forcewake_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_reset_ctl_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_mailbox_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_flush_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);

/* ---- gvt_skl_irq.c ---- */
uint32_t skl_master_read(struct gvt_skl *s, uint32_t offset, uint64_t now);
unsigned int skl_master_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_irq_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
/* Event @bits happened in the block at @base. */
void skl_irq_raise(struct gvt_skl *s, uint32_t base, uint32_t bits);
/* GVT_SKL_IRQ and _LEVEL as far as the line changed since the last call. */
unsigned int skl_irq_update(struct gvt_skl *s);

/* ---- gvt_skl_pipe.c ---- */
uint32_t skl_dsl_read(struct gvt_skl *s, uint32_t offset, uint64_t now);
uint32_t skl_frame_read(struct gvt_skl *s, uint32_t offset, uint64_t now);
uint32_t skl_flips_read(struct gvt_skl *s, uint32_t offset, uint64_t now);
unsigned int skl_pipeconf_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_surf_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_plane_ctl_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_curbase_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_pipe_catch_up(struct gvt_skl *s, uint64_t now);
void skl_pipe_reset(struct gvt_skl *s);

/* ---- gvt_skl_port.c ---- */
uint32_t skl_ddi_read(struct gvt_skl *s, uint32_t offset, uint64_t now);
uint32_t skl_sde_isr_read(struct gvt_skl *s, uint32_t offset, uint64_t now);
unsigned int skl_hotplug_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_aux_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
unsigned int skl_gmbus1_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now);
uint32_t skl_gmbus3_read(struct gvt_skl *s, uint32_t offset, uint64_t now);
void skl_port_catch_up(struct gvt_skl *s, uint64_t now);
/* When catch_up() is to be called; GVT_SKL_NEVER: nothing is due. */
uint64_t skl_port_deadline(const struct gvt_skl *s);
void skl_port_reset(struct gvt_skl *s);

#endif
