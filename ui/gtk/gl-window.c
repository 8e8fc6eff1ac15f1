// SPDX-License-Identifier: GPL-2.0-or-later
#include <gdk/gdkx.h>

#include "ui/gtk/painter-gl.h"
#include "ui/gtk/view.h"
#include "util/error.h"

/* What @config draws to a window has a visual, which is kept in *opaque; it looks as others do. */
static bool has_visual(EGLDisplay display, EGLConfig config, void *opaque)
{
	GdkVisual **visual = opaque;
	EGLint id = 0;

	eglGetConfigAttrib(display, config, EGL_NATIVE_VISUAL_ID, &id);
	*visual = id ? gdk_x11_screen_lookup_visual(gdk_screen_get_default(), (VisualID)id) : NULL;
	return *visual && gdk_visual_get_depth(*visual) == 24;
}

static bool start(struct painter_gl *painter, GError **error)
{
	GdkWindow *window = gtk_widget_get_window(painter->base.area);

	if (!gdk_window_ensure_native(window)) {
		return error_set(error, "no X window");
	}
	return gl_context_create_window(painter, gdk_x11_window_get_xid(window), error);
}

/*
 * A driver learns of a window's size in its own way and time, and draws as large as before until
 * then; no other picture may follow for long. So when it has changed the driver is asked, which
 * makes it look, by the toolkit's own connection: behind the wish for the new size.
 */
static void look_at_size(struct painter_gl *painter)
{
	const struct view_shape *shape = &painter->base.view->shape;
	EGLDisplay display = painter->base.view->gui->gl->display;
	EGLint width, height;

	if (painter->drawn_width != shape->area_width ||
	    painter->drawn_height != shape->area_height) {
		eglQuerySurface(display, painter->window, EGL_WIDTH, &width);
		eglQuerySurface(display, painter->window, EGL_HEIGHT, &height);
		painter->drawn_width = shape->area_width;
		painter->drawn_height = shape->area_height;
	}
}

static gboolean on_draw(GtkWidget *area, cairo_t *cairo, gpointer opaque)
{
	struct painter_gl *painter = opaque;

	if (painter->ready && gl_context_enter_window(painter)) {
		look_at_size(painter);
		if (painter_gl_draw(painter) && gl_context_swap(painter)) {
			view_painted(painter->base.view);
		}
	}
	return GDK_EVENT_STOP;
}

static void redraw(struct painter_gl *painter)
{
	gtk_widget_queue_draw(painter->base.area);
}

static const struct gl_surface_ops ops = {
	.start = start,
	.redraw = redraw,
};

bool painter_gl_window_init(struct painter_gl *painter, GError **error)
{
	struct gui *gui = painter->base.view->gui;
	Display *x = gdk_x11_display_get_xdisplay(gtk_widget_get_display(gui->window));
	GdkVisual *visual;
	GtkWidget *area;

	if ((!gui->gl && !gl_context_open(gui, EGL_PLATFORM_X11_EXT, x, error)) ||
	    !gl_context_choose(painter, has_visual, &visual, error)) {
		return false;
	}
	area = gtk_drawing_area_new();
	painter->base.area = area;
	painter->surface = &ops;
	gtk_widget_set_visual(area, visual);
	/* The toolkit would put its own buffer over what GL draws. */
	G_GNUC_BEGIN_IGNORE_DEPRECATIONS
	gtk_widget_set_double_buffered(area, FALSE);
	G_GNUC_END_IGNORE_DEPRECATIONS
	g_signal_connect(area, "draw", G_CALLBACK(on_draw), painter);
	return true;
}
