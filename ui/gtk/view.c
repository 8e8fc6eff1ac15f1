// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/blank-frame.h"
#include "ui/gtk/view.h"
#include "ui/input.h"
#include "util/error.h"
#include "util/trace.h"

static struct view *pixels_view(struct sink *sink)
{
	return (struct view *)((char *)sink - G_STRUCT_OFFSET(struct view, pixels));
}

static struct view *scanout_view(struct sink *sink)
{
	return (struct view *)((char *)sink - G_STRUCT_OFFSET(struct view, scanout));
}

/* ---- drawing ---- */

void view_draw_dirty(struct view *view)
{
	struct painter *painter = view->painter;

	if (view->awaited || !painter || cairo_region_is_empty(view->dirty)) {
		return;
	}
	if (painter->ops->redraw) {
		painter->ops->redraw(painter);
	} else {
		gtk_widget_queue_draw_region(painter->area, view->dirty);
	}
	cairo_region_subtract(view->dirty, view->dirty);
}

static void queue(struct view *view, const struct view_rect *rect)
{
	int scale = view->scale;
	cairo_rectangle_int_t area = { .x = rect->x / scale, .y = rect->y / scale };

	area.width = (rect->x + rect->width + scale - 1) / scale - area.x;
	area.height = (rect->y + rect->height + scale - 1) / scale - area.y;
	cairo_region_union_rectangle(view->dirty, &area);
	view_draw_dirty(view);
}

void view_redraw(struct view *view)
{
	struct view_rect all = { 0, 0, view->shape.area_width, view->shape.area_height };

	if (view->painter) {
		queue(view, &all);
	}
}

bool view_redraw_box(struct view *view, const pixman_box32_t *box)
{
	struct view_rect rect = view_from_picture(&view->shape, box->x1, box->y1, box->x2, box->y2);

	if (!view->painter || rect.width < 1 || rect.height < 1) {
		return false;
	}
	queue(view, &rect);
	return true;
}

static void redraw_damage(struct view *view, struct frame *frame)
{
	bool drawn = false;
	int count;
	pixman_box32_t *boxes = pixman_region32_rectangles(&frame->damage, &count);

	for (int i = 0; i < count; i++) {
		drawn |= view_redraw_box(view, &boxes[i]);
	}
	if (!drawn) {
		view_redraw(view); /* or it would never be finished */
	}
}

/* ---- frames ---- */

static bool can_import(const struct view *view)
{
	return view->painter && view->painter->ops->import;
}

/* What couldn't be imported is done when its pixels are, or when nobody is to read them any more. */
static void pay(struct view *view)
{
	uint64_t owed = view->owed;

	view->owed = 0;
	if (owed) {
		sink_done(&view->scanout, owed);
	}
}

static void set_wants(struct view *view)
{
	if (view->console) {
		/* In this order, so that the console goes on being looked at. */
		if (view->wanted && !view->passing) {
			sink_set_wanted(&view->pixels, true);
		}
		sink_set_wanted(&view->scanout, view->wanted && can_import(view));
		if (!view->wanted || view->passing) {
			sink_set_wanted(&view->pixels, false);
			pay(view);
		}
	}
}

static void set_passing(struct view *view, bool passing)
{
	if (view->passing != passing) {
		view->passing = passing;
		set_wants(view);
	}
}

static void presented(struct view *view, struct sink *sink, struct frame *frame)
{
	bool resized = view->shape.width_px != (int)frame_width(frame) ||
		       view->shape.height_px != (int)frame_height(frame);

	view->presented = sink;
	view->seq = frame->seq;
	if (resized) {
		view_set_picture_size(view, (int)frame_width(frame), (int)frame_height(frame));
		view_redraw(view);
	} else {
		redraw_damage(view, frame);
	}
}

void view_finished(struct view *view)
{
	struct sink *sink = view->presented;
	uint64_t seq = view->seq;

	view->presented = NULL;
	if (!sink || !view->console) {
		return;
	}
	if (sink == &view->pixels) {
		pay(view);
	}
	sink_done(sink, seq);
}

static void present_pixels(struct sink *sink, struct frame *frame)
{
	struct view *view = pixels_view(sink);

	view->blank = false;
	view->painter->ops->upload(view->painter, frame);
	presented(view, sink, frame);
}

static void present_scanout(struct sink *sink, struct frame *frame)
{
	struct view *view = scanout_view(sink);
	g_autoptr(GError) error = NULL;

	if (frame->buffer->kind == FB_DMABUF && can_import(view) &&
	    view->painter->ops->import(view->painter, frame, &error)) {
		view->blank = false;
		set_passing(view, true);
		presented(view, sink, frame);
		return;
	}
	if (error) {
		gui_warn_copied(view->gui, error->message);
	}
	view->owed = frame->seq;
	set_passing(view, false);
}

static void show_reason(struct view *view, const char *text)
{
	bool known = view->shape.width_px > 1 && view->shape.height_px > 1;
	struct frame *frame = blank_frame_create(text,
		known ? (uint32_t)view->shape.width_px : BLANK_WIDTH_PX,
		known ? (uint32_t)view->shape.height_px : BLANK_HEIGHT_PX);

	view->blank = true;
	if (frame && view->painter) {
		view->painter->ops->upload(view->painter, frame);
		view_set_picture_size(view, (int)frame_width(frame), (int)frame_height(frame));
		view_redraw(view);
	}
	frame_unref(frame);
	view_cursor_update(view);
}

static void blank_pixels(struct sink *sink, enum blank_reason reason, const char *text)
{
	show_reason(pixels_view(sink), text);
}

/* What comes after it may be a dma-buf, of which nobody is to read pixels before it is tried. */
static void blank_scanout(struct sink *sink, enum blank_reason reason, const char *text)
{
	set_passing(scanout_view(sink), true);
	show_reason(scanout_view(sink), text);
}

static void pixels_cursor_set(struct sink *sink, const struct cursor *cursor)
{
	view_cursor_set(pixels_view(sink), cursor);
}

static void pixels_cursor_move(struct sink *sink, int32_t x_px, int32_t y_px, bool visible)
{
	view_cursor_move(pixels_view(sink), x_px, y_px, visible);
}

/* While pixels are wanted, too, one is enough. */
static void scanout_cursor_set(struct sink *sink, const struct cursor *cursor)
{
	if (scanout_view(sink)->passing) {
		view_cursor_set(scanout_view(sink), cursor);
	}
}

static void scanout_cursor_move(struct sink *sink, int32_t x_px, int32_t y_px, bool visible)
{
	if (scanout_view(sink)->passing) {
		view_cursor_move(scanout_view(sink), x_px, y_px, visible);
	}
}

static void pixels_gone(struct sink *sink)
{
	pixels_view(sink)->console = NULL;
}

static void scanout_gone(struct sink *sink)
{
	scanout_view(sink)->console = NULL;
}

static const struct sink_ops pixels_ops = {
	.name = "gtk",
	.accepts = SINK_CPU,
	.present = present_pixels,
	.blank = blank_pixels,
	.cursor_set = pixels_cursor_set,
	.cursor_move = pixels_cursor_move,
	.console_gone = pixels_gone,
};

static const struct sink_ops scanout_ops = {
	.name = "gtk-gl",
	.accepts = SINK_DMABUF,
	.present = present_scanout,
	.blank = blank_scanout,
	.cursor_set = scanout_cursor_set,
	.cursor_move = scanout_cursor_move,
	.console_gone = scanout_gone,
};

void view_expect_change(struct view *view)
{
	if (view->console) {
		console_expect_change(view->console);
	}
}

void view_update_wanted(struct view *view)
{
	bool wanted = view->mapped && !view->obscured && !view->suspended &&
		      !view->gui->iconified && !view->gui->closing;

	if (view->wanted == wanted) {
		return;
	}
	view->wanted = wanted;
	TRACE(gtk, wanted, "%s %d", view->page.label, wanted);
	if (!wanted) {
		view_finished(view); /* it may never be drawn */
	}
	/* Nothing is copied before a frame comes that can't be imported. */
	view->passing = can_import(view);
	set_wants(view);
}

/* ---- the widget ---- */

static void on_map(GtkWidget *widget, gpointer opaque)
{
	struct view *view = opaque;

	view->mapped = true;
	view->obscured = false;
	view_update_wanted(view);
}

static void on_unmap(GtkWidget *widget, gpointer opaque)
{
	struct view *view = opaque;

	view->mapped = false;
	view_update_wanted(view);
	view_pointer_release(view);
}

static void on_realize(GtkWidget *widget, gpointer opaque)
{
	view_pace_realize(opaque);
	view_cursor_update(opaque);
}

static void on_unrealize(GtkWidget *widget, gpointer opaque)
{
	struct view *view = opaque;

	view->pointer_zoom = 0; /* it was the window's */
	view_pace_unrealize(view);
}

static gboolean on_visibility(GtkWidget *widget, GdkEvent *event, gpointer opaque)
{
	struct view *view = opaque;

	view->obscured = event->visibility.state == GDK_VISIBILITY_FULLY_OBSCURED;
	view_update_wanted(view);
	return GDK_EVENT_PROPAGATE;
}

static void on_size(GtkWidget *widget, GdkRectangle *allocation, gpointer opaque)
{
	view_area_changed(opaque);
}

static void on_scale(GObject *widget, GParamSpec *property, gpointer opaque)
{
	view_area_changed(opaque);
}

/* Painters come and go; this stays in the notebook, and has the events and the pointer. */
static void create_widget(struct view *view)
{
	GtkWidget *box = g_object_ref_sink(gtk_event_box_new());

	view->page.widget = view->page.focus = box;
	gtk_widget_set_can_focus(box, TRUE);
	gtk_widget_add_events(box, GDK_VISIBILITY_NOTIFY_MASK);
	g_signal_connect(box, "map", G_CALLBACK(on_map), view);
	g_signal_connect(box, "unmap", G_CALLBACK(on_unmap), view);
	g_signal_connect_after(box, "realize", G_CALLBACK(on_realize), view);
	g_signal_connect(box, "unrealize", G_CALLBACK(on_unrealize), view);
	g_signal_connect(box, "visibility-notify-event", G_CALLBACK(on_visibility), view);
	g_signal_connect_after(box, "size-allocate", G_CALLBACK(on_size), view);
	g_signal_connect(box, "notify::scale-factor", G_CALLBACK(on_scale), view);
	view_pointer_connect(view);
	gtk_widget_show(box);
}

static void set_painter(struct view *view, struct painter *painter)
{
	view->painter = painter;
	painter->ops->set_overlay(painter, view->cursor);
	gtk_container_add(GTK_CONTAINER(view->page.widget), painter->area);
	gtk_widget_show(painter->area);
}

static void drop_painter(struct view *view)
{
	struct painter *painter = view->painter;

	if (painter) {
		view->painter = NULL;
		gtk_widget_destroy(painter->area);
		painter->ops->destroy(painter);
	}
}

static gboolean replace_painter(gpointer opaque)
{
	struct view *view = opaque;

	view->replace = 0;
	/* Nothing is presented in between; and then everything is. */
	view->suspended = true;
	view_update_wanted(view);
	drop_painter(view);
	set_painter(view, painter_cairo_create(view));
	view->suspended = false;
	view_update_wanted(view);
	return G_SOURCE_REMOVE;
}

void view_painter_failed(struct view *view, const char *cause)
{
	if (!view->replace) {
		gui_warn_copied(view->gui, cause);
		view->replace = g_idle_add_full(G_PRIORITY_HIGH, replace_painter, view, NULL);
	}
}

static struct view *self(struct page *page)
{
	return (struct view *)page;
}

static void destroy(struct page *page)
{
	struct view *view = self(page);

	if (view->console) {
		console_detach(&view->pixels);
		console_detach(&view->scanout);
		view->console = NULL;
	}
	drop_painter(view);
	if (view->settle) {
		g_source_remove(view->settle);
	}
	if (view->replace) {
		g_source_remove(view->replace);
	}
	view_cursor_finish(view);
	cairo_region_destroy(view->dirty);
	g_signal_handlers_disconnect_by_data(page->widget, view);
	view_pace_unrealize(view);
	gtk_widget_destroy(page->widget);
	g_object_unref(page->widget);
	g_free(page->label);
	g_free(view);
}

static void fit(struct page *page)
{
	view_fit_window(self(page));
}

static void zoom(struct page *page, int direction)
{
	view_zoom_by(self(page), direction);
}

static const struct page_ops page_ops = {
	.destroy = destroy,
	.view = self,
	.fit = fit,
	.zoom = zoom,
};

static struct painter *create_painter(struct view *view)
{
	g_autoptr(GError) error = NULL;
	struct painter *painter = NULL;

	if (view->gui->options.gl != GUI_GL_OFF) {
		painter = painter_gl_create(view, &error);
		if (!painter) {
			gui_warn_copied(view->gui, error->message);
		}
	}
	return painter ? painter : painter_cairo_create(view);
}

struct view *view_create(struct gui *gui, struct console *console)
{
	struct view *view = g_new0(struct view, 1);
	const struct gui_options *options = &gui->options;
	struct console_state state;

	console_get_state(console, &state);
	view->page.ops = &page_ops;
	view->page.label = state.head ? g_strdup_printf("%s.%u", state.device, state.head) :
					g_strdup(state.device);
	view->gui = gui;
	view->console = console;
	view->scale = 1;
	view->dirty = cairo_region_create();
	view->shape = (struct view_shape){
		.width_px = 1, .height_px = 1,
		.zoom = options->scale > 0 ? options->scale : 1,
		.fit = options->zoom_given ? options->zoom_to_fit : options->scale == 0,
		.keep_aspect = options->keep_aspect_ratio,
	};
	console_attach(console, &view->pixels, &pixels_ops);
	console_attach(console, &view->scanout, &scanout_ops);
	create_widget(view);
	set_painter(view, create_painter(view));
	view_set_picture_size(view, BLANK_WIDTH_PX, BLANK_HEIGHT_PX);
	return view;
}
