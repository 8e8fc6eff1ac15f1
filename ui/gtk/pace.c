// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A frame is done when the display has it, so a display that stands still is given nothing, and
 * nobody waits for it.
 *
 * On Wayland the frame clock itself stands still until the compositor wants a picture. X has no such
 * thing without a compositing manager: a message to ourselves goes behind each picture, and the
 * next one waits for its return. Else a server that doesn't read would fill its socket and stop the main thread.
 */
#include "ui/gtk/view.h"
#include "util/trace.h"

#ifdef GDK_WINDOWING_X11
#include <gdk/gdkx.h>

#define TOKEN "_ORIEL_PAINTED"

/* Tells apart the views of a window; 32 bits go through the server. */
static long token_of(const struct view *view)
{
	return (int32_t)(uintptr_t)view;
}

static GdkFilterReturn on_x_event(GdkXEvent *xevent, GdkEvent *event, gpointer opaque)
{
	struct view *view = opaque;
	const XEvent *x = xevent;
	cairo_region_t *dirty = view->dirty;

	if (x->type != ClientMessage || x->xclient.data.l[0] != token_of(view) ||
	    x->xclient.message_type != gdk_x11_get_xatom_by_name(TOKEN)) {
		return GDK_FILTER_CONTINUE;
	}
	view->in_flight = false;
	if (!cairo_region_is_empty(dirty) && view->painter) {
		gtk_widget_queue_draw_region(view->painter->area, dirty);
		cairo_region_subtract(dirty, dirty);
	}
	view_finished(view);
	return GDK_FILTER_REMOVE;
}

static bool send_token(struct view *view)
{
	Display *display;
	XEvent event = { .xclient = { .type = ClientMessage, .format = 32 } };

	if (!view->token_window) {
		return false;
	}
	display = gdk_x11_display_get_xdisplay(gdk_window_get_display(view->token_window));
	event.xclient.window = gdk_x11_window_get_xid(view->token_window);
	event.xclient.message_type = gdk_x11_get_xatom_by_name(TOKEN);
	event.xclient.data.l[0] = token_of(view);
	XSendEvent(display, event.xclient.window, False, NoEventMask, &event);
	XFlush(display);
	return true;
}

static GdkWindow *find_token_window(GtkWidget *widget)
{
	GdkWindow *window = gtk_widget_get_window(gtk_widget_get_toplevel(widget));

	return window && GDK_IS_X11_WINDOW(window) ? window : NULL;
}

/* Where no window manager tells when a frame was drawn, the toolkit would ask the X server every few seconds
 * whether one does by now, and wait for the answer. */
static void ask_for_nothing(GdkWindow *window)
{
	GdkAtom drawn = gdk_atom_intern_static_string("_NET_WM_FRAME_DRAWN");

	if (!gdk_x11_screen_supports_net_wm_hint(gdk_window_get_screen(window), drawn)) {
		gdk_x11_window_set_frame_sync_enabled(window, FALSE);
	}
}
#else
static GdkFilterReturn on_x_event(GdkXEvent *xevent, GdkEvent *event, gpointer opaque)
{
	return GDK_FILTER_CONTINUE;
}

static bool send_token(struct view *view)
{
	return false;
}

static GdkWindow *find_token_window(GtkWidget *widget)
{
	return NULL;
}

static void ask_for_nothing(GdkWindow *window)
{
}
#endif

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
	if (view->in_flight) {
		return; /* the toolkit wanted it drawn again in between */
	}
	view->in_flight = send_token(view);
	if (!view->in_flight) {
		view_finished(view);
	}
}

void view_pace_realize(struct view *view)
{
	GtkWidget *widget = view->page.widget;

	view->token_window = find_token_window(widget);
	if (view->token_window) {
		gdk_window_add_filter(view->token_window, on_x_event, view);
		ask_for_nothing(view->token_window);
	}
	view->clock = g_object_ref(gtk_widget_get_frame_clock(widget));
	view->after_paint = g_signal_connect(view->clock, "after-paint", G_CALLBACK(on_after_paint),
					     view);
}

void view_pace_unrealize(struct view *view)
{
	if (view->token_window) {
		gdk_window_remove_filter(view->token_window, on_x_event, view);
		view->token_window = NULL;
	}
	if (view->clock) {
		g_signal_handler_disconnect(view->clock, view->after_paint);
		g_clear_object(&view->clock);
	}
	view->in_flight = view->painted = false;
	cairo_region_subtract(view->dirty, view->dirty);
	view_finished(view);
}
