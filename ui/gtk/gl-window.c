// SPDX-License-Identifier: GPL-2.0-or-later
#include <gdk/gdkx.h>

#include "ui/gtk/painter-gl.h"
#include "ui/gtk/view.h"
#include "util/error.h"

static bool make_current(struct painter_gl *painter)
{
	EGLDisplay display = painter->base.view->gui->gl->display;

	return painter->window != EGL_NO_SURFACE &&
	       eglMakeCurrent(display, painter->window, painter->window, painter->context);
}

static EGLDisplay open_display(GdkDisplay *gdk, GError **error)
{
	Display *x = gdk_x11_display_get_xdisplay(gdk);
	EGLDisplay display = eglGetPlatformDisplayEXT(EGL_PLATFORM_X11_EXT, x, NULL);

	if (display == EGL_NO_DISPLAY || !eglInitialize(display, NULL, NULL)) {
		error_set(error, "no EGL on this X server");
		return EGL_NO_DISPLAY;
	}
	return display;
}

/* What @config draws to a window has the visual that is returned. NULL: it isn't for windows that
 * look as others do. */
static GdkVisual *config_visual(EGLDisplay display, EGLConfig config)
{
	EGLint id = 0, alpha = 0;
	GdkVisual *visual;

	eglGetConfigAttrib(display, config, EGL_NATIVE_VISUAL_ID, &id);
	eglGetConfigAttrib(display, config, EGL_ALPHA_SIZE, &alpha);
	visual = id ? gdk_x11_screen_lookup_visual(gdk_screen_get_default(), (VisualID)id) : NULL;
	return visual && !alpha && gdk_visual_get_depth(visual) == 24 ? visual : NULL;
}

static GdkVisual *choose_config(EGLDisplay display, bool es, EGLConfig *config)
{
	const EGLint wanted[] = {
		EGL_SURFACE_TYPE, EGL_WINDOW_BIT,
		EGL_RENDERABLE_TYPE, es ? EGL_OPENGL_ES2_BIT : EGL_OPENGL_BIT,
		EGL_RED_SIZE, 8, EGL_GREEN_SIZE, 8, EGL_BLUE_SIZE, 8,
		EGL_NONE,
	};
	g_autofree EGLConfig *configs = NULL;
	GdkVisual *visual = NULL;
	EGLint count = 0;

	if (!eglChooseConfig(display, wanted, NULL, 0, &count) || count < 1) {
		return NULL;
	}
	configs = g_new(EGLConfig, (gsize)count);
	eglChooseConfig(display, wanted, configs, count, &count);
	for (EGLint i = 0; i < count && !visual; i++) {
		*config = configs[i];
		visual = config_visual(display, configs[i]);
	}
	return visual;
}

static bool create_context(struct painter_gl *painter, GError **error)
{
	bool es = painter->base.view->gui->options.gl == GUI_GL_ES;
	const EGLint es_attribs[] = { EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE };
	const EGLint gl_attribs[] = { EGL_NONE };

	eglBindAPI(es ? EGL_OPENGL_ES_API : EGL_OPENGL_API);
	painter->context = eglCreateContext(painter->base.view->gui->gl->display, painter->config,
					    EGL_NO_CONTEXT, es ? es_attribs : gl_attribs);
	return painter->context != EGL_NO_CONTEXT ||
	       error_set(error, "eglCreateContext: error 0x%x", (unsigned int)eglGetError());
}

static bool start(struct painter_gl *painter, GError **error)
{
	GdkWindow *window = gtk_widget_get_window(painter->base.area);
	EGLDisplay display = painter->base.view->gui->gl->display;

	if (!create_context(painter, error)) {
		return false;
	}
	if (!gdk_window_ensure_native(window)) {
		return error_set(error, "no X window");
	}
	painter->window = eglCreateWindowSurface(display, painter->config,
						 gdk_x11_window_get_xid(window), NULL);
	if (!make_current(painter)) {
		return error_set(error, "eglCreateWindowSurface: error 0x%x",
				 (unsigned int)eglGetError());
	}
	/* The frame clock paces; nothing here waits for a display. */
	eglSwapInterval(display, 0);
	return painter_gl_start(painter, error);
}

static const struct gl_surface_ops ops = {
	.start = start,
	.make_current = make_current,
};

static void on_unrealize(GtkWidget *area, gpointer opaque)
{
	struct painter_gl *painter = opaque;
	EGLDisplay display = painter->base.view->gui->gl->display;

	if (painter->draw) {
		painter_gl_stop(painter);
	}
	eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
	if (painter->window != EGL_NO_SURFACE) {
		eglDestroySurface(display, painter->window);
		painter->window = EGL_NO_SURFACE;
	}
	if (painter->context != EGL_NO_CONTEXT) {
		eglDestroyContext(display, painter->context);
		painter->context = EGL_NO_CONTEXT;
	}
}

static gboolean on_draw(GtkWidget *area, cairo_t *cairo, gpointer opaque)
{
	struct painter_gl *painter = opaque;

	if (painter->ready && make_current(painter) && painter_gl_draw(painter) &&
	    !eglSwapBuffers(painter->base.view->gui->gl->display, painter->window)) {
		view_painter_failed(painter->base.view, "eglSwapBuffers failed");
	}
	return GDK_EVENT_STOP;
}

bool painter_gl_window_init(struct painter_gl *painter, GError **error)
{
	struct gui *gui = painter->base.view->gui;
	GtkWidget *area;
	GdkVisual *visual;

	if (!gui->gl) {
		EGLDisplay display = open_display(gtk_widget_get_display(gui->window), error);

		if (display == EGL_NO_DISPLAY) {
			return false;
		}
		gui->gl = gl_shared_create(display, true);
	}
	visual = choose_config(gui->gl->display, gui->options.gl == GUI_GL_ES, &painter->config);
	if (!visual) {
		return error_set(error, "no EGL configuration for windows");
	}
	area = gtk_drawing_area_new();
	painter->base.area = area;
	painter->surface = &ops;
	gtk_widget_set_visual(area, visual);
	/* The toolkit would put its own buffer over what GL draws. */
	G_GNUC_BEGIN_IGNORE_DEPRECATIONS
	gtk_widget_set_double_buffered(area, FALSE);
	G_GNUC_END_IGNORE_DEPRECATIONS
	/* After: the window is there then. */
	g_signal_connect_after(area, "realize", G_CALLBACK(painter_gl_on_realize), painter);
	g_signal_connect(area, "unrealize", G_CALLBACK(on_unrealize), painter);
	g_signal_connect(area, "draw", G_CALLBACK(on_draw), painter);
	return true;
}
