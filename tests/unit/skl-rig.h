/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulated Gen9 display on a PCI bus without a CPU, driven as i915 drives it. */
#ifndef TESTS_UNIT_SKL_RIG_H
#define TESTS_UNIT_SKL_RIG_H

#include "display-rig.h"
#include "hw/display/skl.h"

#define REGS	 0xf0000000u
#define APERTURE 0xe0000000u
#define ROM	 0xd0000000u
#define GGTT	 (REGS + GVT_SKL_GGTT_OFFSET)
#define PAGE	 4096u

#define PIPECONF     0x70008u
#define PLANE_CTL    0x70180u
#define PLANE_STRIDE 0x70188u
#define PLANE_SIZE   0x70190u
#define PLANE_SURF   0x7019cu
#define PLANE_OFFSET 0x701a4u
#define CURCNTR	     0x70080u
#define CURBASE	     0x70084u
#define CURPOS	     0x70088u
#define MASTER_IRQ   0x44200u
#define PIPE_IMR     0x44404u
#define PIPE_IIR     0x44408u
#define PIPE_IER     0x4440cu
#define GGTT_FLUSH   0x101008u

#define XRGB	 0x84000000u
#define TILING(n) ((uint32_t)(n) << 10)

/* A buffer in graphics addresses, its pages strewn over 512 pages of RAM. */
struct surface {
	uint32_t address;
	uint32_t first_page; /* of the 512 */
	unsigned int pages;
};

static const struct surface front = { 0x100000, 256, 100 }, back = { 0x200000, 768, 100 };
static const struct surface pointer = { 0x300000, 1280, 16 };

static inline uint64_t page_gpa(const struct surface *surface, unsigned int i)
{
	return (surface->first_page + i * 37u % 512) * (uint64_t)PAGE;
}

static inline void set_pte(struct rig *rig, uint32_t address, uint64_t pte)
{
	addr_space_write(rig->board.mem, GGTT + address / PAGE * 8, &pte, 8);
}

static inline void reg(struct rig *rig, uint32_t offset, uint32_t value)
{
	write32(rig, REGS + offset, value);
}

static inline void map(struct rig *rig, const struct surface *surface)
{
	for (unsigned int i = 0; i < surface->pages; i++) {
		set_pte(rig, surface->address + i * PAGE, page_gpa(surface, i) | 1);
	}
	reg(rig, GGTT_FLUSH, 1);
}

static inline void start(struct rig *rig, const char *name, const char *value)
{
	rig_start(rig, &skl_display_class, name, value, NULL);
	rig_config_set(rig, 0x10, REGS, 4);
	rig_config_set(rig, 0x18, APERTURE, 4);
	map(rig, &front);
	map(rig, &back);
	map(rig, &pointer);
}

static inline void draw(struct rig *rig, const struct surface *surface, uint32_t offset, uint32_t pixel)
{
	write32(rig, page_gpa(surface, offset / PAGE) + offset % PAGE, pixel);
}

/* @x, @y: the first pixel of the picture in its surface. */
static inline void set_plane(struct rig *rig, const struct surface *surface, uint32_t ctl,
		      uint32_t stride, uint32_t width, uint32_t height, uint32_t x, uint32_t y)
{
	reg(rig, PLANE_STRIDE, stride);
	reg(rig, PLANE_SIZE, (height - 1) << 16 | (width - 1));
	reg(rig, PLANE_OFFSET, y << 16 | x);
	reg(rig, PLANE_CTL, ctl);
	reg(rig, PLANE_SURF, surface->address);
}

/* 320x240, lines of 1280 bytes. */
static inline void set_mode(struct rig *rig)
{
	set_plane(rig, &front, XRGB, 20, 320, 240, 0, 0);
	reg(rig, PIPECONF, 1u << 31);
}

#endif
