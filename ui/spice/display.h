/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spice_display: a console, as a QXL device that the library shows to its viewer.
 *
 *   display.c   life, viewer, the library's worker
 *   pixels.c    pictures that are copied, by damage, into a surface of the worker's
 *   commands.c  the copies, from the main thread to the worker and back
 *   scanout.c   dma-bufs that are passed to a viewer on this host
 *   pointer.c   the guest's cursor
 *
 * The console is looked at only while a viewer has its display channel open. One of two sinks does
 * it: the pixels' or the scanout's; with gl=on and a local viewer the latter decides frame by
 * frame, and the former serves what can't be passed.
 *
 * Never waited for here: the worker, which may itself wait up to 30 s for a viewer that has
 * stopped.
 * Context: main, unless said otherwise.
 */
#ifndef UI_SPICE_DISPLAY_H
#define UI_SPICE_DISPLAY_H

#include <spice.h>

#include "ui/console.h"
#include "ui/spice/commands.h"

struct spice;

/* Bits of spice_display.events: what the worker has done; also the cookies of what it is told to
 * do. A greater cookie is the address of memory that it has done with. */
enum {
	SPICE_DISPLAY_FETCHED = 1, /* the last draw */
	SPICE_DISPLAY_RELEASED = 2, /* memory that was waited for */
	SPICE_DISPLAY_SURFACE_GONE = 4,
	SPICE_DISPLAY_SCANOUT_DRAWN = 8,
	SPICE_DISPLAY_EVENTS = 15, /* all of them */
};

struct spice_pixels {
	struct sink sink;
	bool wanted;
	bool known; /* the console has said what there is to see */
	char *blank_text; /* non-NULL: no picture, this is why */
	uint32_t width_px, height_px; /* of the picture, or of what stands for it */
	pixman_region32_t damage; /* not drawn yet */
	uint64_t seq_owed; /* frame that sink_done() has not been called for, or 0 */
	int64_t rest_until_ns; /* max-refresh-rate: not done with a frame before */
	guint rest;
	/* The worker's copy of the screen, which it draws into; NULL: none. */
	uint8_t *surface;
	uint32_t surface_width_px, surface_height_px;
	bool asked; /* the worker was told to forget surfaces and has not said that it did */
	bool answered; /* it has, just now: it isn't waiting for a viewer */
	gint starved; /* waits for the worker to release memory. Atomic */
};

struct spice_scanout {
	struct sink sink;
	bool wanted;
	struct fb_buffer *buffer; /* what the viewer was passed; NULL: nothing */
	uint32_t width_px, height_px;
	bool drawing; /* the viewer has not answered the last draw */
	bool off_due; /* then it is to be told that there is no buffer any more */
	struct frame *next; /* what came meanwhile, or NULL */
	uint64_t seq_owed;
	bool settle_due; /* sink_done() is due, when it has answered */
};

struct spice_display {
	gint refs; /* the owner, and every call from the worker on its way */
	guint events; /* atomic */
	struct spice *spice; /* NULL: destroyed */
	struct console *console; /* NULL: gone */
	QXLInstance qxl;
	bool viewer; /* somebody has the channel open, */
	bool local; /* on a unix socket, with gl=on */
	bool passing; /* local, and the last frame could be passed */
	struct spice_commands commands;
	struct spice_pixels pixels;
	struct spice_scanout scanout;
	struct spice_cursor cursor;
};

/* @id: number of the channel. */
struct spice_display *spice_display_create(struct spice *spice, struct console *console, int id);
/* The library's server is destroyed already: no worker runs any more. */
void spice_display_destroy(struct spice_display *display);
/* Leaves the console. */
void spice_display_stop(struct spice_display *display);
/* Whether somebody has the channel open, and whether from this host by a unix socket. */
void spice_display_set_viewer(struct spice_display *display, bool viewer, bool local);
/* A sink's decision: @passing, dma-bufs are passed; else pixels are copied. */
void spice_display_set_passing(struct spice_display *display, bool passing);
/* Tells the viewer the size of its screen, which some wait for. */
void spice_display_set_size(struct spice_display *display, uint32_t width_px, uint32_t height_px);
/* Context: any. @event: a bit of spice_display.events. */
void spice_display_tell(struct spice_display *display, guint event);

/* ---- pixels.c ---- */
void spice_pixels_init(struct spice_display *display);
void spice_pixels_finish(struct spice_display *display);
void spice_pixels_attach(struct spice_display *display);
void spice_pixels_set_wanted(struct spice_display *display, bool wanted);
/* Draws what can be drawn. */
void spice_pixels_advance(struct spice_display *display);
void spice_pixels_surface_gone(struct spice_display *display);
/* There is no console; say so. */
void spice_pixels_no_console(struct spice_display *display);

/* ---- scanout.c ---- */
void spice_scanout_attach(struct spice_display *display);
void spice_scanout_set_wanted(struct spice_display *display, bool wanted);
void spice_scanout_drawn(struct spice_display *display);
/* The frame that could not be passed has been served by the pixels. */
void spice_scanout_settle(struct spice_display *display);

/* ---- pointer.c ---- */
void spice_pointer_set(struct spice_display *display, const struct cursor *cursor);
void spice_pointer_move(struct spice_display *display, int32_t x_px, int32_t y_px, bool visible);
/* The worker forgot it. */
void spice_pointer_again(struct spice_display *display);
void spice_pointer_finish(struct spice_display *display);

#endif
