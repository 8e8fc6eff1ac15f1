/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view: a console as a tab.
 *
 *   view.c      sinks: which frames it is given, and when it is ready for the next
 *   size.c      the window follows the guest's mode, or the guest the window
 *   pointer.c   mouse, tablet, wheel
 *   cursor.c    the guest's cursor as the host's pointer, or over the picture
 *   pace.c      how far the display has got
 *
 * Frames come to one of two sinks: the dma-bufs as they are, for a painter that can show them, or
 * pixels. Neither wants any while nobody can see the view. Context: main.
 */
#ifndef UI_GTK_VIEW_H
#define UI_GTK_VIEW_H

#include <gtk/gtk.h>

#include "ui/console.h"
#include "ui/gtk/echo.h"
#include "ui/gtk/geometry.h"
#include "ui/gtk/gui.h"
#include "ui/gtk/painter.h"

struct area_size {
	int width, height;
};

struct view {
	struct page page; /* first */
	struct gui *gui;
	struct console *console; /* NULL once it is gone */
	struct sink pixels, scanout;
	bool wanted; /* somebody can see it */
	bool mapped, obscured;
	bool suspended; /* between two painters */
	bool passing; /* scanout wants frames, else pixels */
	bool blank; /* the picture is a reason */
	struct sink *presented; /* has been given a frame that isn't on the screen yet, or NULL */
	uint64_t seq; /* that frame's */
	uint64_t owed; /* one that scanout was given and that couldn't be imported, or 0 */

	struct painter *painter;
	guint replace; /* GSource that replaces a painter that failed, or 0 */
	/* pace.c */
	GdkFrameClock *clock;
	gulong after_paint;
	struct echo *echo; /* NULL: not realized, or no display that answers */
	bool painted; /* in this turn of the clock */
	unsigned int awaited; /* answers of the display's, before which it is sent nothing */
	cairo_region_t *dirty; /* to be drawn then */
	bool pointer_waits; /* cursor.c has something to send then */

	/* size.c */
	struct view_shape shape;
	int scale; /* device pixels a pixel of the toolkit's */
	struct area_size asked, asked_before; /* by us, in the toolkit's pixels; 0: never */
	bool sized_by_user;
	guint settle; /* GSource, or 0 */

	/* cursor.c */
	pixman_image_t *cursor; /* NULL: none */
	int hot_x_px, hot_y_px; /* -1: unknown */
	int cursor_x_px, cursor_y_px;
	bool cursor_visible;
	bool overlay; /* drawn over the picture */
	double pointer_zoom; /* what the host's pointer was made for; 0: it isn't the guest's */

	/* pointer.c */
	uint32_t buttons; /* bits by their place in a table */
	double wheel, wheel_across; /* parts of a step */
	int last_x, last_y; /* root coordinates, while the pointer is kept */
	bool warped; /* it was brought back to warp_x, warp_y and hasn't been seen there yet */
	int warp_x, warp_y;
};

struct view *view_create(struct gui *gui, struct console *console);

/* ---- view.c ---- */
/* The painter can't go on; another one takes its place as soon as nothing of it runs. */
void view_painter_failed(struct view *view, const char *cause);
/* Draws all of it. */
void view_redraw(struct view *view);
/* What was to be drawn and had to wait, unless it still has to. */
void view_draw_dirty(struct view *view);
/* A box of the picture. False: there is nothing to draw. */
bool view_redraw_box(struct view *view, const pixman_box32_t *box);
void view_expect_change(struct view *view);
/* Whether it can be seen has changed. */
void view_update_wanted(struct view *view);
/* What was presented is on the screen. */
void view_finished(struct view *view);

/* ---- pace.c ---- */
/* Painters call it from inside of drawing by the toolkit's clock. */
void view_painted(struct view *view);
/* The display was sent something, and is to answer before it is sent more. */
void view_sent(struct view *view);
/* One more answer is awaited, which view_answered() is called for. */
void view_await(struct view *view);
void view_answered(struct view *view);
void view_pace_realize(struct view *view);
void view_pace_unrealize(struct view *view);

/* ---- size.c ---- */
/* The guest's picture has this size. */
void view_set_picture_size(struct view *view, int width_px, int height_px);
/* Its widget has got a size. */
void view_area_changed(struct view *view);
/* The view comes to the front: the window is to be as it needs it. */
void view_fit_window(struct view *view);
/* A fixed zoom, the window as large as that takes: as page_ops.zoom. */
void view_zoom_by(struct view *view, int direction);
void view_set_fit(struct view *view, bool fit);

/* ---- pointer.c ---- */
/* Connects its widget's signals. */
void view_pointer_connect(struct view *view);
/* Buttons that are down for the guest go up. */
void view_pointer_release(struct view *view);
/* A grab begins or ends. */
void view_pointer_grabbed(struct view *view);

/* ---- cursor.c ---- */
void view_cursor_set(struct view *view, const struct cursor *cursor);
void view_cursor_move(struct view *view, int32_t x_px, int32_t y_px, bool visible);
/* Something that it depends on has changed: zoom, grab, the guest's kind of pointer. */
void view_cursor_update(struct view *view);
void view_cursor_finish(struct view *view);

#endif
