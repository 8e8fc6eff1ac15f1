// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/input-event-codes.h>
#include <math.h>
#include <stdlib.h>

#include "ui/gtk/view.h"
#include "ui/input.h"

/* By GDK's numbers. */
static const struct {
	guint number;
	uint16_t code;
} buttons[] = {
	{ 1, BTN_LEFT }, { 2, BTN_MIDDLE }, { 3, BTN_RIGHT }, { 8, BTN_SIDE }, { 9, BTN_EXTRA },
};

static struct input_router *router_of(struct view *view)
{
	return view->gui->host.input;
}

static bool is_kept(const struct view *view)
{
	return view->gui->grab == GRAB_WANTED || view->gui->grab == GRAB_CLICK;
}

/* ---- places ---- */

static bool to_picture(struct view *view, double x, double y, int *x_px, int *y_px)
{
	return view_to_picture(&view->shape, x * view->scale, y * view->scale, x_px, y_px);
}

static void send_place(struct view *view, double x, double y)
{
	int x_px, y_px;

	to_picture(view, x, y, &x_px, &y_px);
	input_pointer(router_of(view), x_px, y_px, (uint32_t)view->shape.width_px,
		      (uint32_t)view->shape.height_px);
	/* The guest sees the pointer arrive before a button goes down. */
	input_sync(router_of(view));
}

/*
 * A relative mouse has no place, so the host's pointer mustn't run into the edge of the screen: it is
 * brought back to the middle of the area when it gets far from it.
 */
static void bring_back(struct view *view, GdkEventMotion *event)
{
	GtkWidget *widget = view->page.widget;
	int width = gtk_widget_get_allocated_width(widget);
	int height = gtk_widget_get_allocated_height(widget), x, y;

	if (fabs(event->x - width / 2) * 4 < width && fabs(event->y - height / 2) * 4 < height) {
		return;
	}
	gdk_window_get_root_coords(event->window, width / 2, height / 2, &x, &y);
	gdk_device_warp(event->device, gdk_window_get_screen(event->window), x, y);
	view->warped = true;
	view->warp_x = x;
	view->warp_y = y;
}

static void send_motion(struct view *view, GdkEventMotion *event)
{
	int x = (int)event->x_root, y = (int)event->y_root;
	int dx = x - view->last_x, dy = y - view->last_y;

	/* What was on its way when it was brought back counts from the place before. */
	if (view->warped && abs(x - view->warp_x) + abs(y - view->warp_y) < abs(dx) + abs(dy)) {
		dx = x - view->warp_x;
		dy = y - view->warp_y;
		view->warped = false;
	}
	view->last_x = x;
	view->last_y = y;
	if (dx || dy) {
		input_rel(router_of(view), REL_X, dx);
		input_rel(router_of(view), REL_Y, dy);
		input_sync(router_of(view));
	}
	if (!view->warped) {
		bring_back(view, event);
	}
}

static gboolean on_motion(GtkWidget *widget, GdkEventMotion *event, gpointer opaque)
{
	struct view *view = opaque;

	view_expect_change(view);
	if (input_is_absolute(router_of(view))) {
		send_place(view, event->x, event->y);
	} else if (is_kept(view)) {
		send_motion(view, event);
	}
	return GDK_EVENT_STOP;
}

/* ---- buttons ---- */

static gboolean on_button(GtkWidget *widget, GdkEventButton *event, gpointer opaque)
{
	struct view *view = opaque;
	bool down = event->type == GDK_BUTTON_PRESS, absolute = input_is_absolute(router_of(view));
	int x_px, y_px;

	/* A second click comes once more as a double click. */
	if (event->type != GDK_BUTTON_PRESS && event->type != GDK_BUTTON_RELEASE) {
		return GDK_EVENT_STOP;
	}
	gtk_widget_grab_focus(widget);
	if (down && !absolute && !is_kept(view)) {
		/* This click was for the window. */
		if (event->button == 1) {
			gui_grab(view->gui, GRAB_CLICK);
		}
		return GDK_EVENT_STOP;
	}
	if (down && absolute && !to_picture(view, event->x, event->y, &x_px, &y_px)) {
		return GDK_EVENT_STOP;
	}
	view_expect_change(view);
	if (absolute) {
		send_place(view, event->x, event->y);
	}
	for (guint i = 0; i < G_N_ELEMENTS(buttons); i++) {
		if (buttons[i].number == event->button && (down || view->buttons >> i & 1)) {
			view->buttons ^= (view->buttons >> i & 1) == down ? 0 : 1u << i;
			input_button(router_of(view), buttons[i].code, down);
			input_sync(router_of(view));
		}
	}
	return GDK_EVENT_STOP;
}

void view_pointer_release(struct view *view)
{
	for (guint i = 0; i < G_N_ELEMENTS(buttons); i++) {
		if (view->buttons >> i & 1) {
			input_button(router_of(view), buttons[i].code, false);
			input_sync(router_of(view));
		}
	}
	view->buttons = 0;
	view->wheel = view->wheel_across = 0;
}

/* ---- wheel ---- */

/* Whole steps of what has come together; guests' mice have no others. */
static void send_steps(struct view *view, uint16_t axis, double *sum, double steps)
{
	int whole;

	*sum += steps;
	whole = (int)trunc(*sum);
	*sum -= whole;
	if (whole) {
		input_rel(router_of(view), axis, whole);
		input_sync(router_of(view));
	}
}

static gboolean on_scroll(GtkWidget *widget, GdkEventScroll *event, gpointer opaque)
{
	struct view *view = opaque;
	double across = 0, up = 0;

	if (!input_is_absolute(router_of(view)) && !is_kept(view)) {
		return GDK_EVENT_STOP;
	}
	switch (event->direction) {
	case GDK_SCROLL_UP:
		up = 1;
		break;
	case GDK_SCROLL_DOWN:
		up = -1;
		break;
	case GDK_SCROLL_LEFT:
		across = -1;
		break;
	case GDK_SCROLL_RIGHT:
		across = 1;
		break;
	case GDK_SCROLL_SMOOTH:
		across = event->delta_x;
		up = -event->delta_y;
		break;
	}
	view_expect_change(view);
	send_steps(view, REL_WHEEL, &view->wheel, up);
	send_steps(view, REL_HWHEEL, &view->wheel_across, across);
	return GDK_EVENT_STOP;
}

/* ---- coming and going ---- */

static gboolean on_crossing(GtkWidget *widget, GdkEventCrossing *event, gpointer opaque)
{
	struct view *view = opaque;
	struct gui *gui = view->gui;

	/* Those that a grab makes are no moves of the pointer. */
	if (!gui->options.grab_on_hover || event->mode != GDK_CROSSING_NORMAL) {
		return GDK_EVENT_PROPAGATE;
	}
	if (event->type == GDK_ENTER_NOTIFY && gui->grab == GRAB_NONE) {
		gui_grab(gui, GRAB_HOVER);
	} else if (event->type == GDK_LEAVE_NOTIFY && gui->grab == GRAB_HOVER) {
		gui_ungrab(gui);
	}
	return GDK_EVENT_PROPAGATE;
}

void view_pointer_grabbed(struct view *view)
{
	GdkDisplay *display = gtk_widget_get_display(view->page.widget);
	GdkDevice *pointer = gdk_seat_get_pointer(gdk_display_get_default_seat(display));

	/* What counts as a move is what comes after. */
	view->warped = false;
	gdk_device_get_position(pointer, NULL, &view->last_x, &view->last_y);
	view_pointer_release(view);
	view_cursor_update(view);
}

void view_pointer_connect(struct view *view)
{
	GtkWidget *widget = view->page.widget;

	gtk_widget_add_events(widget, GDK_POINTER_MOTION_MASK | GDK_BUTTON_PRESS_MASK |
			      GDK_BUTTON_RELEASE_MASK | GDK_SCROLL_MASK | GDK_SMOOTH_SCROLL_MASK |
			      GDK_ENTER_NOTIFY_MASK | GDK_LEAVE_NOTIFY_MASK | GDK_KEY_PRESS_MASK |
			      GDK_KEY_RELEASE_MASK);
	g_signal_connect(widget, "motion-notify-event", G_CALLBACK(on_motion), view);
	g_signal_connect(widget, "button-press-event", G_CALLBACK(on_button), view);
	g_signal_connect(widget, "button-release-event", G_CALLBACK(on_button), view);
	g_signal_connect(widget, "scroll-event", G_CALLBACK(on_scroll), view);
	g_signal_connect(widget, "enter-notify-event", G_CALLBACK(on_crossing), view);
	g_signal_connect(widget, "leave-notify-event", G_CALLBACK(on_crossing), view);
}
