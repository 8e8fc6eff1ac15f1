// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Until a person sizes the window it follows the guest's modes. From then on the guest follows the
 * window: it is told of a monitor that is as large.
 *
 * Sizes that we ask for come back as events like all others, or don't, where the window manager has
 * a will of its own. So the size that a window has settled on counts: one that we didn't ask for is
 * a person's, or such a manager's.
 */
#include <math.h>

#include "ui/gtk/view.h"
#include "util/trace.h"

/* A window that is pulled at has many sizes. */
#define SETTLE_MS 100
/* Of the picture; a window can't be made smaller. */
#define FIT_MIN 0.25

static GdkMonitor *find_monitor(struct view *view)
{
	GdkWindow *window = gtk_widget_get_window(view->gui->window);
	GdkDisplay *display = gtk_widget_get_display(view->gui->window);

	return window ? gdk_display_get_monitor_at_window(display, window) :
	       gdk_display_get_primary_monitor(display);
}

/* ---- the guest follows ---- */

static int to_mm(int length, int of_px, int of_mm)
{
	return of_px > 0 && of_mm > 0 ? (int)lround((double)length * of_mm / of_px) : 0;
}

static void ask_for_mode(struct view *view)
{
	GdkMonitor *monitor = find_monitor(view);
	struct display_mode mode = { 0 };
	GdkRectangle area;
	int width, height;

	view_wanted_size(&view->shape, &width, &height);
	mode.width_px = (uint32_t)MIN(width, FB_MAX_SIZE_PX);
	mode.height_px = (uint32_t)MIN(height, FB_MAX_SIZE_PX);
	if (monitor) {
		gdk_monitor_get_geometry(monitor, &area);
		mode.refresh_mhz = (uint32_t)gdk_monitor_get_refresh_rate(monitor);
		/* What the window has of the monitor, so that the guest's own scaling is right. */
		mode.width_mm = (uint32_t)to_mm(view->shape.area_width, area.width * view->scale,
						gdk_monitor_get_width_mm(monitor));
		mode.height_mm = (uint32_t)to_mm(view->shape.area_height, area.height * view->scale,
						 gdk_monitor_get_height_mm(monitor));
	}
	TRACE(gtk, resize, "%s: %ux%u, %ux%u mm, %u mHz", view->page.label, mode.width_px,
	      mode.height_px, mode.width_mm, mode.height_mm, mode.refresh_mhz);
	if (view->console) {
		console_set_mode(view->console, &mode);
	}
}

static bool is_as_asked(const struct view *view, const struct area_size *asked)
{
	return view->shape.area_width == asked->width * view->scale &&
	       view->shape.area_height == asked->height * view->scale;
}

static gboolean settled(gpointer opaque)
{
	struct view *view = opaque;

	view->settle = 0;
	/* The last wish may take the display longer than this: then it is the one before. */
	if (view->mapped && (view->sized_by_user || (!is_as_asked(view, &view->asked) &&
						     !is_as_asked(view, &view->asked_before)))) {
		view->sized_by_user = true;
		ask_for_mode(view);
	}
	return G_SOURCE_REMOVE;
}

void view_area_changed(struct view *view)
{
	GtkWidget *widget = view->page.widget;
	int scale = gtk_widget_get_scale_factor(widget);
	int width = gtk_widget_get_allocated_width(widget) * scale;
	int height = gtk_widget_get_allocated_height(widget) * scale;

	if (view->scale == scale && view->shape.area_width == width &&
	    view->shape.area_height == height) {
		return;
	}
	if (view->scale != scale) {
		view->pointer_zoom = 0; /* it was made for another */
	}
	view->scale = scale;
	view->shape.area_width = width;
	view->shape.area_height = height;
	view_cursor_update(view);
	view_redraw(view);
	if (view->settle) {
		g_source_remove(view->settle);
	}
	view->settle = g_timeout_add(SETTLE_MS, settled, view);
}

/* ---- the window follows ---- */

/* How large an area may be made; a window with its bars is to be within the monitor. */
static void limit_to_monitor(struct view *view, int *width, int *height)
{
	GdkMonitor *monitor = find_monitor(view);
	GdkRectangle area;

	if (monitor) {
		gdk_monitor_get_workarea(monitor, &area);
		*width = MIN(*width, area.width);
		*height = MIN(*height, area.height);
	}
}

static void natural_size(struct view *view, int *width, int *height)
{
	int scale = view->scale;

	view_natural_size(&view->shape, view->shape.zoom, width, height);
	*width = (*width + scale - 1) / scale;
	*height = (*height + scale - 1) / scale;
	limit_to_monitor(view, width, height);
}

static void set_minimum(struct view *view)
{
	int width = -1, height = -1;

	if (!view->gui->full_screen) {
		if (view->shape.fit) {
			view_natural_size(&view->shape, FIT_MIN / view->scale, &width, &height);
			limit_to_monitor(view, &width, &height);
		} else {
			natural_size(view, &width, &height);
		}
	}
	gtk_widget_set_size_request(view->page.widget, width, height);
}

void view_fit_window(struct view *view)
{
	int width, height;

	set_minimum(view);
	if (view->sized_by_user || view->gui->full_screen || gui_view(view->gui) != view) {
		return;
	}
	natural_size(view, &width, &height);
	if (view->asked.width != width || view->asked.height != height) {
		view->asked_before = view->asked;
		view->asked = (struct area_size){ width, height };
	}
	gui_fit_area(view->gui, view->page.widget, width, height);
	set_minimum(view);
}

void view_set_picture_size(struct view *view, int width_px, int height_px)
{
	if (view->shape.width_px != width_px || view->shape.height_px != height_px) {
		view->shape.width_px = width_px;
		view->shape.height_px = height_px;
		view_fit_window(view);
		view_cursor_update(view);
	}
}

static void zoom_changed(struct view *view)
{
	view->sized_by_user = false;
	view_fit_window(view);
	view_cursor_update(view);
	view_redraw(view);
	gui_menu_update(view->gui);
}

void view_zoom_by(struct view *view, int direction)
{
	view->shape.zoom = direction ? view_zoom_step(view_zoom(&view->shape), direction) : 1;
	view->shape.fit = false;
	zoom_changed(view);
}

void view_set_fit(struct view *view, bool fit)
{
	if (view->shape.fit != fit) {
		/* The window stays; what is drawn in it changes. */
		view->shape.zoom = fit ? 1 : view_zoom(&view->shape);
		view->shape.fit = fit;
		set_minimum(view);
		view_cursor_update(view);
		view_redraw(view);
		gui_menu_update(view->gui);
	}
}
