// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * On X a message to a window of ours, which comes back through the server; on Wayland
 * wl_display.sync, whose answer the toolkit's event source reads and hands out.
 */
#include "ui/gtk/echo.h"

#ifdef GDK_WINDOWING_X11
#include <gdk/gdkx.h>

#define MESSAGE "_ORIEL_ECHO"
#endif
#ifdef GDK_WINDOWING_WAYLAND
#include <gdk/gdkwayland.h>
#endif

/* A kind of display. */
struct echo_ops {
	/* False: it isn't one. */
	bool (*start)(struct echo *echo, GdkWindow *window);
	void (*ask)(struct echo *echo);
	void (*stop)(struct echo *echo);
};

struct echo {
	const struct echo_ops *ops;
	void (*heard)(void *opaque);
	void *opaque;
	bool asked;
	GdkWindow *window; /* X: has our event filter */
	struct wl_display *wayland;
	struct wl_callback *sync; /* Wayland: while one is under way */
};

static void answer(struct echo *echo)
{
	echo->asked = false;
	echo->heard(echo->opaque);
}

#ifdef GDK_WINDOWING_X11
/* Tells apart the echoes of a window; 32 bits go through the server. */
static long number_of(const struct echo *echo)
{
	return (int32_t)(uintptr_t)echo;
}

static GdkFilterReturn on_x_event(GdkXEvent *xevent, GdkEvent *event, gpointer opaque)
{
	struct echo *echo = opaque;
	const XEvent *x = xevent;

	if (x->type != ClientMessage || x->xclient.data.l[0] != number_of(echo) ||
	    x->xclient.message_type != gdk_x11_get_xatom_by_name(MESSAGE)) {
		return GDK_FILTER_CONTINUE;
	}
	if (echo->asked) {
		answer(echo);
	}
	return GDK_FILTER_REMOVE;
}

/* Where no window manager tells when a frame was drawn, the toolkit would ask the X server every few
 * seconds whether one does by now, and wait for the answer. */
static void ask_for_nothing(GdkWindow *window)
{
	GdkAtom drawn = gdk_atom_intern_static_string("_NET_WM_FRAME_DRAWN");

	if (!gdk_x11_screen_supports_net_wm_hint(gdk_window_get_screen(window), drawn)) {
		gdk_x11_window_set_frame_sync_enabled(window, FALSE);
	}
}

static bool start_x(struct echo *echo, GdkWindow *window)
{
	if (!GDK_IS_X11_WINDOW(window)) {
		return false;
	}
	echo->window = window;
	gdk_window_add_filter(window, on_x_event, echo);
	ask_for_nothing(window);
	return true;
}

static void ask_x(struct echo *echo)
{
	Display *display = gdk_x11_display_get_xdisplay(gdk_window_get_display(echo->window));
	XEvent event = { .xclient = { .type = ClientMessage, .format = 32 } };

	event.xclient.window = gdk_x11_window_get_xid(echo->window);
	event.xclient.message_type = gdk_x11_get_xatom_by_name(MESSAGE);
	event.xclient.data.l[0] = number_of(echo);
	XSendEvent(display, event.xclient.window, False, NoEventMask, &event);
	XFlush(display);
}

static void stop_x(struct echo *echo)
{
	gdk_window_remove_filter(echo->window, on_x_event, echo);
}

static const struct echo_ops x_ops = {
	.start = start_x,
	.ask = ask_x,
	.stop = stop_x,
};
#endif

#ifdef GDK_WINDOWING_WAYLAND
static void on_sync(void *opaque, struct wl_callback *sync, uint32_t serial)
{
	struct echo *echo = opaque;

	g_clear_pointer(&echo->sync, wl_callback_destroy);
	answer(echo);
}

static const struct wl_callback_listener sync_listener = {
	.done = on_sync,
};

static bool start_wayland(struct echo *echo, GdkWindow *window)
{
	GdkDisplay *display = gdk_window_get_display(window);

	if (!GDK_IS_WAYLAND_DISPLAY(display)) {
		return false;
	}
	echo->wayland = gdk_wayland_display_get_wl_display(display);
	return true;
}

static void ask_wayland(struct echo *echo)
{
	echo->sync = wl_display_sync(echo->wayland);
	wl_callback_add_listener(echo->sync, &sync_listener, echo);
}

static void stop_wayland(struct echo *echo)
{
	g_clear_pointer(&echo->sync, wl_callback_destroy);
}

static const struct echo_ops wayland_ops = {
	.start = start_wayland,
	.ask = ask_wayland,
	.stop = stop_wayland,
};
#endif

static const struct echo_ops *const kinds[] = {
#ifdef GDK_WINDOWING_X11
	&x_ops,
#endif
#ifdef GDK_WINDOWING_WAYLAND
	&wayland_ops,
#endif
	NULL,
};

struct echo *echo_create(GtkWidget *widget, void (*heard)(void *opaque), void *opaque)
{
	GdkWindow *window = gtk_widget_get_window(gtk_widget_get_toplevel(widget));
	struct echo *echo = g_new0(struct echo, 1);

	echo->heard = heard;
	echo->opaque = opaque;
	for (int i = 0; window && kinds[i]; i++) {
		if (kinds[i]->start(echo, window)) {
			echo->ops = kinds[i];
			return echo;
		}
	}
	g_free(echo);
	return NULL;
}

bool echo_destroy(struct echo *echo)
{
	bool asked = echo && echo->asked;

	if (echo) {
		echo->ops->stop(echo);
		g_free(echo);
	}
	return asked;
}

bool echo_ask(struct echo *echo)
{
	if (!echo || echo->asked) {
		return false;
	}
	echo->asked = true;
	echo->ops->ask(echo);
	return true;
}
