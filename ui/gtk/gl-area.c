// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/gtk/painter-gl.h"
#include "ui/gtk/view.h"
#include "util/error.h"

static bool make_current(struct painter_gl *painter)
{
	GtkGLArea *area = GTK_GL_AREA(painter->base.area);

	gtk_gl_area_make_current(area);
	return !gtk_gl_area_get_error(area) && gtk_gl_area_get_context(area);
}

static bool start(struct painter_gl *painter, GError **error)
{
	struct gui *gui = painter->base.view->gui;
	EGLDisplay display;
	GError *cause;

	if (!make_current(painter)) {
		cause = gtk_gl_area_get_error(GTK_GL_AREA(painter->base.area));
		return error_set(error, "%s", cause ? cause->message : "no GL context");
	}
	display = eglGetCurrentDisplay();
	if (display == EGL_NO_DISPLAY) {
		return error_set(error, "the toolkit's GL isn't EGL");
	}
	if (!gui->gl) {
		gui->gl = gl_shared_create(display, false);
	}
	return painter_gl_start(painter, error);
}

static const struct gl_surface_ops ops = {
	.start = start,
	.make_current = make_current,
};

static void on_unrealize(GtkWidget *area, gpointer opaque)
{
	painter_gl_stop(opaque);
}

static gboolean on_render(GtkGLArea *area, GdkGLContext *context, gpointer opaque)
{
	painter_gl_draw(opaque);
	return TRUE;
}

void painter_gl_area_init(struct painter_gl *painter)
{
	GtkWidget *area = gtk_gl_area_new();

	painter->base.area = area;
	painter->surface = &ops;
	gtk_gl_area_set_use_es(GTK_GL_AREA(area),
			       painter->base.view->gui->options.gl == GUI_GL_ES);
	g_signal_connect(area, "realize", G_CALLBACK(painter_gl_on_realize), painter);
	g_signal_connect(area, "unrealize", G_CALLBACK(on_unrealize), painter);
	g_signal_connect(area, "render", G_CALLBACK(on_render), painter);
}
