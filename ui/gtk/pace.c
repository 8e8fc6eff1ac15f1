// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A frame is done when the display has it, so a display that stands still is given nothing, and
 * nobody waits for it: behind what it was sent goes an echo (echo.h), and what is to be sent next
 * waits for that. On Wayland the toolkit's frame clock stands still with a compositor, too, but it
 * paces its own pictures only.
 */
#include "ui/gtk/view.h"

void view_await(struct view *view)
{
	view->awaited++;
}

void view_answered(struct view *view)
{
	g_assert(view->awaited);
	if (--view->awaited) {
		return;
	}
	if (view->pointer_waits) {
		view->pointer_waits = false;
		view_cursor_update(view);
	}
	view_draw_dirty(view);
	view_finished(view);
}

static void heard(void *opaque)
{
	view_answered(opaque);
}

void view_sent(struct view *view)
{
	if (echo_ask(view->echo)) {
		view_await(view);
	}
}

void view_painted(struct view *view)
{
	view->painted = true;
}

static void on_after_paint(GdkFrameClock *clock, gpointer opaque)
{
	struct view *view = opaque;

	if (!view->painted) {
		return;
	}
	view->painted = false;
	view_sent(view);
	if (!view->awaited) {
		view_finished(view);
	}
}

void view_pace_realize(struct view *view)
{
	GtkWidget *widget = view->page.widget;

	view->echo = echo_create(widget, heard, view);
	view->clock = g_object_ref(gtk_widget_get_frame_clock(widget));
	view->after_paint = g_signal_connect(view->clock, "after-paint", G_CALLBACK(on_after_paint),
					     view);
}

void view_pace_unrealize(struct view *view)
{
	if (echo_destroy(view->echo)) {
		view->awaited--;
	}
	view->echo = NULL;
	if (view->clock) {
		g_signal_handler_disconnect(view->clock, view->after_paint);
		g_clear_object(&view->clock);
	}
	view->painted = view->pointer_waits = false;
	cairo_region_subtract(view->dirty, view->dirty);
	view_finished(view);
}
