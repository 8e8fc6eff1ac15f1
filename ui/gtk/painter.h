/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * painter: puts a console's picture, and a cursor over it, on a widget. One by cairo, for any
 * display; one by OpenGL.
 *
 * A picture is taken over when it is presented, and drawn when the display wants one; then the view
 * hears of it. Context: main.
 */
#ifndef UI_GTK_PAINTER_H
#define UI_GTK_PAINTER_H

#include <gtk/gtk.h>

#include "ui/fb.h"
#include "ui/gtk/gui.h"

struct painter;
struct view;

struct painter_ops {
	/* Mandatory. @frame is in memory, XRGB8888. What is damaged is copied; when the size isn't
	 * that of before, all of it. */
	void (*upload)(struct painter *painter, struct frame *frame);
	/* @frame is a dma-buf, which is shown from now on without a copy, and kept. False and
	 * *error: it can't be. NULL: none can. */
	bool (*import)(struct painter *painter, struct frame *frame, GError **error);
	/* All of it is drawn soon, and view_sent() says that the display was sent it. NULL: by the
	 * "draw" signal of the area, which calls view_painted(). */
	void (*redraw)(struct painter *painter);
	/* Mandatory. What is drawn over the picture where the view says; a8r8g8b8, premultiplied,
	 * kept; NULL: nothing. */
	void (*set_overlay)(struct painter *painter, pixman_image_t *image);
	/* Mandatory. Its widget is destroyed already. */
	void (*destroy)(struct painter *painter);
};

struct painter {
	const struct painter_ops *ops;
	struct view *view;
	GtkWidget *area; /* no events yet, not shown */
};

struct painter *painter_cairo_create(struct view *view);
/* NULL and *error: no GL for this display. Later, when its window is there and GL turns out not to
 * work, view_painter_failed(). */
struct painter *painter_gl_create(struct view *view, GError **error);
/* What the painters of a window shared; after all of them. Accepts NULL. */
void gui_gl_destroy(struct gl_shared *gl);

#endif
