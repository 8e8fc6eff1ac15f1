// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A surface over the toolkit's, where the area is. It has no input, so that events go to the
 * toolkit's as if it weren't there, and its pictures don't wait for those of the window.
 *
 * Nothing here waits for a compositor. GL's library does: for an answer behind the picture before,
 * when it swaps; for a buffer to draw to, when all are taken; and where it makes a surface. So it is
 * given neither a swap nor a surface to make before the compositor has answered all that was sent
 * (view_sent), and one picture is under way until wl_surface.frame says that the next is wanted.
 *
 * A view that isn't mapped has no surface. Made and moved, it takes effect with the toolkit's next
 * picture of the window, so that is asked for.
 */
#include <gdk/gdkwayland.h>
#include <wayland-egl.h>

#include "ui/gtk/painter-gl.h"
#include "ui/gtk/view.h"
#include "util/error.h"

struct gl_subsurface {
	struct wl_surface *surface; /* NULL: none, and none of the others */
	struct wl_subsurface *place;
	struct wl_egl_window *native;
	struct wl_callback *frame; /* under way, or NULL */
	int x, y; /* in the toolkit's window, in its pixels */
	int scale;
	guint draw; /* GSource, or 0 */
};

/* ---- of a window, whatever its views ---- */

static void on_global(void *opaque, struct wl_registry *registry, uint32_t name,
		      const char *interface, uint32_t version)
{
	struct wl_subcompositor **found = opaque;

	if (!*found && !strcmp(interface, wl_subcompositor_interface.name)) {
		*found = wl_registry_bind(registry, name, &wl_subcompositor_interface, 1);
	}
}

static void on_global_remove(void *opaque, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = {
	.global = on_global,
	.global_remove = on_global_remove,
};

/* On a queue of its own, so that no event of the toolkit's is handed out here. */
static struct wl_subcompositor *find_subcompositor(struct wl_display *display)
{
	struct wl_event_queue *queue = wl_display_create_queue(display);
	struct wl_display *wrapper = wl_proxy_create_wrapper(display);
	struct wl_subcompositor *found = NULL;
	struct wl_registry *registry;

	wl_proxy_set_queue((struct wl_proxy *)wrapper, queue);
	registry = wl_display_get_registry(wrapper);
	wl_proxy_wrapper_destroy(wrapper);
	wl_registry_add_listener(registry, &registry_listener, &found);
	wl_display_roundtrip_queue(display, queue);
	wl_registry_destroy(registry);
	if (found) {
		wl_proxy_set_queue((struct wl_proxy *)found, NULL);
	}
	wl_event_queue_destroy(queue);
	return found;
}

static bool open_display(struct gui *gui, GError **error)
{
	GdkDisplay *gdk = gtk_widget_get_display(gui->window);
	struct wl_display *display = gdk_wayland_display_get_wl_display(gdk);
	struct wl_subcompositor *subcompositor = find_subcompositor(display);

	if (!subcompositor) {
		return error_set(error, "the compositor has no subsurfaces");
	}
	if (!gl_context_open(gui, EGL_PLATFORM_WAYLAND_EXT, display, error)) {
		wl_subcompositor_destroy(subcompositor);
		return false;
	}
	gui->gl->native = subcompositor;
	gui->gl->destroy_native = (void (*)(void *))wl_subcompositor_destroy;
	return true;
}

/* ---- the surface ---- */

static void destroy_surface(struct painter_gl *painter)
{
	struct gl_subsurface *sub = painter->subsurface;

	gl_context_destroy_window(painter);
	g_clear_pointer(&sub->native, wl_egl_window_destroy);
	g_clear_pointer(&sub->place, wl_subsurface_destroy);
	g_clear_pointer(&sub->surface, wl_surface_destroy);
	if (sub->frame) {
		g_clear_pointer(&sub->frame, wl_callback_destroy);
		view_answered(painter->base.view);
	}
}

static void follow_area(struct painter_gl *painter)
{
	struct gl_subsurface *sub = painter->subsurface;
	GtkWidget *area = painter->base.area;
	int x, y;

	if (sub->place &&
	    gtk_widget_translate_coordinates(area, gtk_widget_get_toplevel(area), 0, 0, &x, &y) &&
	    (sub->x != x || sub->y != y)) {
		sub->x = x;
		sub->y = y;
		wl_subsurface_set_position(sub->place, x, y);
	}
}

static bool create_surface(struct painter_gl *painter, GError **error)
{
	struct gl_subsurface *sub = painter->subsurface;
	const struct view_shape *shape = &painter->base.view->shape;
	struct wl_subcompositor *subcompositor = painter->base.view->gui->gl->native;
	GtkWidget *top = gtk_widget_get_toplevel(painter->base.area);
	struct wl_compositor *compositor =
		gdk_wayland_display_get_wl_compositor(gtk_widget_get_display(top));
	struct wl_surface *parent =
		gdk_wayland_window_get_wl_surface(gtk_widget_get_window(top));
	struct wl_region *nothing;

	if (!parent) {
		return error_set(error, "the window has no surface");
	}
	sub->surface = wl_compositor_create_surface(compositor);
	nothing = wl_compositor_create_region(compositor);
	wl_surface_set_input_region(sub->surface, nothing);
	wl_region_destroy(nothing);
	sub->place = wl_subcompositor_get_subsurface(subcompositor, sub->surface, parent);
	wl_subsurface_set_desync(sub->place);
	sub->x = sub->y = 0;
	sub->scale = 1;
	follow_area(painter);
	sub->native = wl_egl_window_create(sub->surface, shape->area_width, shape->area_height);
	gtk_widget_queue_draw(painter->base.area);
	return gl_context_create_window(painter, (EGLNativeWindowType)sub->native, error);
}

/* ---- drawing ---- */

static void on_frame(void *opaque, struct wl_callback *frame, uint32_t time_ms)
{
	struct painter_gl *painter = opaque;

	g_clear_pointer(&painter->subsurface->frame, wl_callback_destroy);
	view_answered(painter->base.view);
}

static const struct wl_callback_listener frame_listener = {
	.done = on_frame,
};

/* Both are for the picture that is drawn next. */
static void set_size(struct painter_gl *painter)
{
	struct gl_subsurface *sub = painter->subsurface;
	const struct view *view = painter->base.view;

	wl_egl_window_resize(sub->native, view->shape.area_width, view->shape.area_height, 0, 0);
	if (sub->scale != view->scale) {
		sub->scale = view->scale;
		wl_surface_set_buffer_scale(sub->surface, view->scale);
	}
}

static void draw(struct painter_gl *painter)
{
	struct gl_subsurface *sub = painter->subsurface;
	struct view *view = painter->base.view;
	g_autoptr(GError) error = NULL;

	if (!sub->surface && !create_surface(painter, &error)) {
		painter_gl_failed(painter, error->message);
		return;
	}
	set_size(painter);
	if (!gl_context_enter_window(painter) || !painter_gl_draw(painter)) {
		return;
	}
	sub->frame = wl_surface_frame(sub->surface);
	wl_callback_add_listener(sub->frame, &frame_listener, painter);
	view_await(view);
	if (gl_context_swap(painter)) {
		view_sent(view);
	}
}

static gboolean draw_now(gpointer opaque)
{
	struct painter_gl *painter = opaque;
	struct view *view = painter->base.view;

	painter->subsurface->draw = 0;
	if (view->awaited) {
		view_redraw(view); /* something was sent meanwhile: after the answer */
	} else if (painter->ready && gtk_widget_get_mapped(painter->base.area) &&
		   view->shape.area_width > 0 && view->shape.area_height > 0) {
		draw(painter);
	}
	return G_SOURCE_REMOVE;
}

static void redraw(struct painter_gl *painter)
{
	if (!painter->subsurface->draw) {
		painter->subsurface->draw = g_idle_add_full(GDK_PRIORITY_REDRAW, draw_now, painter,
							    NULL);
	}
}

/* ---- the area ---- */

/* Asked first, so that the surface is made by a compositor that answers. */
static void on_map(GtkWidget *area, gpointer opaque)
{
	struct painter_gl *painter = opaque;

	view_sent(painter->base.view);
	view_redraw(painter->base.view);
}

static void on_unmap(GtkWidget *area, gpointer opaque)
{
	destroy_surface(opaque);
}

/* Of the toolkit's own picture. What has moved is always drawn. */
static gboolean on_draw(GtkWidget *area, cairo_t *cairo, gpointer opaque)
{
	follow_area(opaque);
	cairo_set_source_rgb(cairo, 0, 0, 0);
	cairo_paint(cairo);
	return GDK_EVENT_STOP;
}

static void destroy(struct painter_gl *painter)
{
	if (painter->subsurface->draw) {
		g_source_remove(painter->subsurface->draw);
	}
	g_free(painter->subsurface);
}

static const struct gl_surface_ops ops = {
	.redraw = redraw,
	.destroy = destroy,
};

bool painter_gl_subsurface_init(struct painter_gl *painter, GError **error)
{
	struct gui *gui = painter->base.view->gui;
	GtkWidget *area;

	if ((!gui->gl && !open_display(gui, error)) ||
	    !gl_context_choose(painter, NULL, NULL, error)) {
		return false;
	}
	area = gtk_drawing_area_new();
	/* It draws on the window of what it is in. */
	gtk_widget_set_has_window(area, FALSE);
	painter->base.area = area;
	painter->surface = &ops;
	painter->subsurface = g_new0(struct gl_subsurface, 1);
	g_signal_connect_after(area, "map", G_CALLBACK(on_map), painter);
	g_signal_connect(area, "unmap", G_CALLBACK(on_unmap), painter);
	g_signal_connect(area, "draw", G_CALLBACK(on_draw), painter);
	return true;
}
