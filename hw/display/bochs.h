/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bochs-display: bochs-display.c is the PCI device (Context: machine lock held), bochs-scanout.c
 * what its console sees of it (Context: main, machine lock not held).
 */
#ifndef HW_DISPLAY_BOCHS_H
#define HW_DISPLAY_BOCHS_H

#include "kernel/gvt/core/gvt_bochs.h"
#include "kernel/gvt/core/gvt_damage.h"
#include "hw/display/scanout.h"
#include "hw/pci/pci.h"
#include "ui/track-load.h"

/* Video memory; frames may outlive the device. */
struct bochs_vram {
	void *hva;
	uint64_t size_bytes;
	gint refs;
};

struct bochs_display {
	struct pci_device pd;
	/* properties */
	uint64_t vgamem_bytes;
	uint32_t xres_px, yres_px;
	bool edid;

	/* machine lock */
	struct gvt_bochs model;
	struct gvt_damage damage;
	void *damage_tiles; /* behind damage */
	uint64_t *dirty_pages;
	uint64_t dirty_count; /* of the last fetch */
	struct bochs_vram *vram;
	struct mem_region vram_region, mmio_region;

	/* main */
	struct scanout scanout;
	struct fb_buffer *buffer; /* of the plane shown last */
	struct gvt_plane plane;
	struct track_load load; /* off: looks without the log */
	uint8_t *tiles; /* one harvest */
};

bool bochs_scanout_init(struct bochs_display *bd, GError **error);
/* Accepts what init left half-made, and nothing at all. */
void bochs_scanout_finish(struct bochs_display *bd);
/* The EDID for @mode (0 sizes: the properties), limited to what the memory can hold. */
void bochs_edid_update(struct bochs_display *bd, const struct display_mode *mode);

struct bochs_vram *bochs_vram_create(uint64_t size_bytes, GError **error);
struct bochs_vram *bochs_vram_ref(struct bochs_vram *vram);
/* Context: any. Accepts NULL. */
void bochs_vram_unref(struct bochs_vram *vram);

#endif
