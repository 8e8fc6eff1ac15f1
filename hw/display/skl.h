/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * skl-display: skl-display.c is the PCI device (Context: machine lock held), skl-scanout.c what its
 * console sees of it and skl-buffers.c where the pixels are (Context: main, machine lock not held).
 */
#ifndef HW_DISPLAY_SKL_H
#define HW_DISPLAY_SKL_H

#include "hw/core/timer.h"
#include "hw/display/guest-view.h"
#include "hw/display/scanout.h"
#include "hw/pci/pci.h"
#include "kernel/gvt/core/gvt_skl.h"
#include "ui/mode-wish.h"

/* A guest that swaps three buffers for each of two modes fits. */
#define SKL_BUFFERS 8u

/* A plane's buffer, found by what the guest set and by the pages that lie behind it: the same
 * graphics address may lead to other memory the next time. */
struct skl_buffer {
	struct gvt_plane plane;
	uint64_t *gpas; /* of its pages */
	struct guest_view *view; /* the buffer's */
	struct fb_buffer *buffer; /* NULL: an empty entry */
};

struct skl_cursor {
	struct fb_buffer *image; /* as told to the console; NULL: hidden */
	int32_t hot_x_px, hot_y_px, x_px, y_px;
	uint8_t *pixels; /* of the last look */
};

struct skl_display {
	struct pci_device pd;
	/* properties */
	uint32_t xres_px, yres_px, pipes;
	int output; /* enum gvt_skl_output */
	int ggtt; /* 2 MiB << this */
	bool pvinfo, vga;

	/* machine lock */
	struct gvt_skl model;
	uint32_t *regs;
	uint64_t *ggtt_hva; /* the guest writes it at any time */
	uint32_t ggtt_bytes;
	struct hw_timer timer;
	struct mem_region regs_region, ggtt_region, aperture_region;

	/* main */
	struct scanout scanout;
	struct skl_buffer buffers[SKL_BUFFERS]; /* the last used first */
	struct skl_cursor cursor;
	struct mode_wish mode_wish;
};

/* What a call to the model brought: interrupts, news for the viewer, the next deadline. Context:
 * machine lock held. */
void skl_take_events(struct skl_display *skl, unsigned int events);
/* A monitor for @mode, or (NULL) none. Context: machine lock held. */
void skl_set_monitor(struct skl_display *skl, const struct display_mode *mode);
/* The host's address of the guest's page behind graphics page @index; NULL if there is no RAM that
 * may be read, or written. Context: any. */
void *skl_page(struct skl_display *skl, uint64_t index, bool write);
/* The guest-physical address there; false: no such page. Context: any. */
bool skl_page_gpa(struct skl_display *skl, uint64_t index, uint64_t *gpa);

bool skl_scanout_init(struct skl_display *skl, GError **error);
/* Accepts what init left half-made, and nothing at all. */
void skl_scanout_finish(struct skl_display *skl);

/* The buffer that is @plane, a new reference and current where it is a copy; NULL and *error when
 * its pages lead nowhere. */
struct fb_buffer *skl_buffer_get(struct skl_display *skl, const struct gvt_plane *plane,
				 GError **error);
void skl_buffers_clear(struct skl_display *skl);

#endif
