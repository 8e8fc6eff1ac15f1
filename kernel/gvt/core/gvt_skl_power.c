// SPDX-License-Identifier: GPL-2.0-or-later
/* What answers a request at once: power wells, clocks, forcewake, resets, the power unit's mailbox. */
#include "gvt_skl_int.h"

/* ---- power wells [4.2] ---- */

#define POWER_WELLS    0x45400u /* four registers, one for each who may request */
#define POWER_REQUESTS 0xaaaaaaaau

/* A well is on while any of the four requests it; that shows in all of them. */
uint32_t skl_power_well_read(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	uint32_t requests = 0;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		requests |= skl_get(s, POWER_WELLS + 4 * i) & POWER_REQUESTS;
	}
	return (skl_get(s, offset) & POWER_REQUESTS) | requests >> 1;
}

/* ---- clocks [4.3] ---- */

uint32_t skl_pll_status_read(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	static const uint32_t plls[] = {SKL_LCPLL1, SKL_LCPLL2, SKL_WRPLL1, SKL_WRPLL2};
	uint32_t locked = 0;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (skl_get(s, plls[i]) & SKL_ENABLE) {
			locked |= SKL_BIT(8 * i);
		}
	}
	return locked;
}

/* ---- forcewake [3.1], engine reset [3.2] ---- */

/* Masked, as the low half of @value under its high half. */
static uint32_t masked(uint32_t was, uint32_t value)
{
	return ((was & ~(value >> 16)) | (value & (value >> 16))) & 0xffffu;
}

unsigned int skl_forcewake_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	uint32_t ack = offset == 0xa278 ? 0xd84 : offset == 0xa270 ? 0xd88 : 0x130044;
	uint32_t is = masked(skl_get(s, offset), value);

	*skl_reg(s, offset) = is;
	*skl_reg(s, ack) = is;
	return 0;
}

/* Bit 0 asks an engine to get ready for its reset, bit 1 says that it is. */
unsigned int skl_reset_ctl_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	uint32_t is = masked(skl_get(s, offset), value) & ~SKL_BIT(1);

	*skl_reg(s, offset) = is | (is & SKL_BIT(0)) << 1;
	return 0;
}

/* ---- mailbox of the power control unit [4.4] ---- */

#define MAILBOX_DATA	  0x138128u
#define MAILBOX_LATENCY	  0x06u
#define MAILBOX_CDCLK	  0x07u
#define MAILBOX_SAGV	  0x21u
#define MAILBOX_ERROR	  0xffu

unsigned int skl_mailbox_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	uint32_t *data = skl_reg(s, MAILBOX_DATA);

	if (value & SKL_ENABLE) {
		switch (value & 0xff) {
		case MAILBOX_LATENCY: /* of memory, microseconds a byte: levels 0-3, or 4-7 */
			*data = *data == 0 ? 0x0c0a0402u : 0x1c181410u;
			break;
		case MAILBOX_CDCLK: /* ready */
		case MAILBOX_SAGV:
			*data = 1;
			break;
		default:
			break;
		}
		value &= ~(SKL_ENABLE | MAILBOX_ERROR);
	}
	*skl_reg(s, offset) = value;
	return 0;
}

/* The guest has changed entries of the GGTT [5.1]. Reads as zero. */
unsigned int skl_flush_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	return GVT_SKL_PTES;
}
