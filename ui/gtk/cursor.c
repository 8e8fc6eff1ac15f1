// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the guest takes places, its pointer is where the host's is: the cursor plane becomes the
 * host's pointer, and follows the hand at once. It takes a hot spot that is known and a display
 * that has pointers as large. Else it is drawn over the picture where the guest has it.
 */
#include "ui/gtk/view.h"
#include "ui/input.h"

/* In device pixels. Displays take such pointers, although X servers recommend smaller ones. */
#define POINTER_MAX 256

static bool is_shown(const struct view *view)
{
	return view->cursor && view->cursor_visible && !view->blank;
}

static pixman_box32_t cursor_box(const struct view *view)
{
	pixman_box32_t box = { view->cursor_x_px, view->cursor_y_px, view->cursor_x_px,
			       view->cursor_y_px };

	if (view->cursor) {
		box.x2 += pixman_image_get_width(view->cursor);
		box.y2 += pixman_image_get_height(view->cursor);
	}
	return box;
}

static void redraw(struct view *view)
{
	pixman_box32_t box = cursor_box(view);

	view_redraw_box(view, &box);
}

/* ---- as the host's pointer ---- */

static int scaled_size(int length, double zoom, int before, int scale)
{
	int size = before + MAX(1, (int)(length * zoom + 0.5));

	/* Of whole pixels of the toolkit's. */
	return (size + scale - 1) / scale * scale;
}

/* The toolkit's hot spots are of its own pixels: so far the picture is moved that it is one. */
static int padding(int hot, int scale)
{
	return (scale - hot % scale) % scale;
}

/* @left, @top: device pixels left empty there. */
static cairo_surface_t *scaled_cursor(struct view *view, double zoom, int left, int top)
{
	int width = pixman_image_get_width(view->cursor);
	int height = pixman_image_get_height(view->cursor);
	cairo_surface_t *from = cairo_image_surface_create_for_data(
		(unsigned char *)pixman_image_get_data(view->cursor), CAIRO_FORMAT_ARGB32, width,
		height, pixman_image_get_stride(view->cursor));
	cairo_surface_t *to = cairo_image_surface_create(CAIRO_FORMAT_ARGB32,
							 scaled_size(width, zoom, left, view->scale),
							 scaled_size(height, zoom, top, view->scale));
	cairo_t *cairo = cairo_create(to);

	cairo_translate(cairo, left, top);
	cairo_scale(cairo, zoom, zoom);
	cairo_set_source_surface(cairo, from, 0, 0);
	cairo_pattern_set_filter(cairo_get_source(cairo),
				 zoom == 1 ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD);
	cairo_paint(cairo);
	cairo_destroy(cairo);
	cairo_surface_destroy(from);
	cairo_surface_set_device_scale(to, view->scale, view->scale);
	return to;
}

static bool fits_pointer(const struct view *view, double zoom)
{
	return view->hot_x_px >= 0 && view->hot_y_px >= 0 &&
	       pixman_image_get_width(view->cursor) * zoom <= POINTER_MAX &&
	       pixman_image_get_height(view->cursor) * zoom <= POINTER_MAX;
}

static void set_pointer(struct view *view, GdkWindow *window, double zoom)
{
	int x = view_hot_spot(view->hot_x_px, zoom), y = view_hot_spot(view->hot_y_px, zoom);
	int left = padding(x, view->scale), top = padding(y, view->scale);
	cairo_surface_t *surface;
	GdkCursor *pointer;

	if (view->pointer_zoom == zoom) {
		return;
	}
	surface = scaled_cursor(view, zoom, left, top);
	pointer = gdk_cursor_new_from_surface(gdk_window_get_display(window), surface,
					      (x + left) / view->scale, (y + top) / view->scale);
	gdk_window_set_cursor(window, pointer);
	g_object_unref(pointer);
	cairo_surface_destroy(surface);
	view->pointer_zoom = zoom;
	view_sent(view);
}

static void set_no_pointer(struct view *view, GdkWindow *window, bool hidden)
{
	GdkCursor *pointer = hidden ? gdk_cursor_new_for_display(gdk_window_get_display(window),
								 GDK_BLANK_CURSOR) : NULL;

	gdk_window_set_cursor(window, pointer);
	g_clear_object(&pointer);
	view->pointer_zoom = 0;
	view_sent(view);
}

/* ---- which ---- */

static void set_overlay(struct view *view, bool overlay)
{
	if (view->overlay != overlay) {
		view->overlay = overlay;
		redraw(view);
	}
}

void view_cursor_update(struct view *view)
{
	GdkWindow *window = gtk_widget_get_window(view->page.widget);
	bool absolute = input_is_absolute(view->gui->host.input);
	bool kept = view->gui->grab == GRAB_WANTED || view->gui->grab == GRAB_CLICK;
	double zoom = view_zoom(&view->shape);
	bool pointer = absolute && is_shown(view) && fits_pointer(view, zoom);

	if (!window) {
		return;
	}
	set_overlay(view, !pointer && is_shown(view));
	if (view->awaited) {
		view->pointer_waits = true;
	} else if (pointer) {
		set_pointer(view, window, zoom);
	} else {
		/* With places the guest's own pointer is under ours; kept, ours means nothing. */
		set_no_pointer(view, window, !view->gui->options.show_cursor && !view->blank &&
			       (absolute || kept));
	}
}

void view_cursor_set(struct view *view, const struct cursor *cursor)
{
	redraw(view);
	if (view->cursor) {
		pixman_image_unref(view->cursor);
	}
	view->cursor = cursor->image ? cursor_copy_image(cursor->image) : NULL;
	view->hot_x_px = cursor->hot_x_px;
	view->hot_y_px = cursor->hot_y_px;
	if (view->cursor && (view->hot_x_px >= pixman_image_get_width(view->cursor) ||
			     view->hot_y_px >= pixman_image_get_height(view->cursor))) {
		view->hot_x_px = view->hot_y_px = -1;
	}
	view->pointer_zoom = 0;
	if (view->painter) {
		view->painter->ops->set_overlay(view->painter, view->cursor);
	}
	redraw(view);
	view_cursor_update(view);
}

void view_cursor_move(struct view *view, int32_t x_px, int32_t y_px, bool visible)
{
	bool turned = view->cursor_visible != visible;

	if (view->overlay) {
		redraw(view);
	}
	view->cursor_x_px = CLAMP(x_px, -CURSOR_MAX_PX, FB_MAX_SIZE_PX);
	view->cursor_y_px = CLAMP(y_px, -CURSOR_MAX_PX, FB_MAX_SIZE_PX);
	view->cursor_visible = visible;
	if (turned) {
		view_cursor_update(view);
	}
	if (view->overlay) {
		redraw(view);
	}
}

void view_cursor_finish(struct view *view)
{
	if (view->cursor) {
		pixman_image_unref(view->cursor);
		view->cursor = NULL;
	}
}
