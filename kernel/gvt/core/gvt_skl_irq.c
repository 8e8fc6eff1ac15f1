// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts (7.1). Each block has what happened and wasn't masked (IIR, sticky) and what of that is
 * to be told (IER); a block with something to tell shows in the master register, and its bit 31
 * lets that out. The guest's handler closes bit 31, looks, clears, opens it again, so with an MSI,
 * which is an edge, everything that is still or again pending at that moment needs a new one.
 */
#include "gvt_skl_int.h"

struct block {
	uint32_t base;
	uint32_t master;
};

/* GT blocks hold two engines each; which half it was doesn't matter here, none ever happens. */
static const struct block blocks[] = {
	{SKL_GT_IRQ, SKL_BIT(0)},	      {SKL_GT_IRQ + 0x10, SKL_BIT(2)},   {SKL_GT_IRQ + 0x20, SKL_BIT(4)},
	{SKL_GT_IRQ + 0x30, SKL_BIT(6)},  {SKL_PIPE_IRQ, SKL_BIT(16)},	     {SKL_PIPE_IRQ + 0x10, SKL_BIT(17)},
	{SKL_PIPE_IRQ + 0x20, SKL_BIT(18)}, {SKL_PORT_IRQ, SKL_BIT(20)},     {SKL_MISC_IRQ, SKL_BIT(22)},
	{SKL_SDE_IRQ, SKL_BIT(23)},	      {SKL_PCU_IRQ, SKL_BIT(30)},
};

static uint32_t pending(const struct gvt_skl *s)
{
	uint32_t master = 0;
	unsigned int i;

	for (i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		if (skl_get(s, blocks[i].base + SKL_IIR) & skl_get(s, blocks[i].base + SKL_IER)) {
			master |= blocks[i].master;
		}
	}
	return master;
}

bool gvt_skl_irq_level(const struct gvt_skl *s)
{
	return (skl_get(s, SKL_MASTER) & SKL_ENABLE) && pending(s) != 0;
}

uint32_t skl_master_read(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	return (skl_get(s, SKL_MASTER) & SKL_ENABLE) | pending(s);
}

unsigned int skl_master_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	*skl_reg(s, SKL_MASTER) = value & SKL_ENABLE;
	s->irq_again = true;
	return 0;
}

/* IMR and IER are stored, IIR is cleared where ones are written. */
unsigned int skl_irq_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	if ((offset & 0xc) == SKL_IIR) {
		*skl_reg(s, offset) &= ~value;
		s->irq_again = true;
	} else {
		*skl_reg(s, offset) = value;
	}
	return 0;
}

void skl_irq_raise(struct gvt_skl *s, uint32_t base, uint32_t bits)
{
	*skl_reg(s, base + SKL_IIR) |= bits & ~skl_get(s, base + SKL_IMR);
}

unsigned int skl_irq_update(struct gvt_skl *s)
{
	bool out = gvt_skl_irq_level(s);
	unsigned int events = 0;

	if (out != s->irq_out) {
		events |= GVT_SKL_LEVEL;
	}
	if (out && (!s->irq_out || s->irq_again)) {
		events |= GVT_SKL_IRQ;
	}
	s->irq_out = out;
	s->irq_again = false;
	return events;
}
