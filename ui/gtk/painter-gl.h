/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the painter by OpenGL: the picture as a texture, on one of two surfaces.
 *
 *   gl-area.c     the toolkit's own GL widget, where its GL is EGL (Wayland)
 *   gl-window.c   an EGL surface of our own on an X window, where the toolkit's GL is GLX, which can't
 *                 import dma-bufs
 *
 * Context: main.
 */
#ifndef UI_GTK_PAINTER_GL_H
#define UI_GTK_PAINTER_GL_H

#include <epoxy/egl.h>

#include "ui/egl/draw.h"
#include "ui/gtk/painter.h"

/* What all views of a window share. */
struct gl_shared {
	EGLDisplay display;
	bool owned; /* initialized here */
	struct egl_importer *importer; /* NULL: it can't import */
	char *no_import; /* why */
};

struct painter_gl;

struct gl_surface_ops {
	/* The widget is realized: makes the surface and calls painter_gl_start(). */
	bool (*start)(struct painter_gl *painter, GError **error);
	/* Makes the context current. False: GL is lost. */
	bool (*make_current)(struct painter_gl *painter);
};

struct painter_gl {
	struct painter base; /* first */
	const struct gl_surface_ops *surface;
	bool ready; /* between painter_gl_start() and _stop() */
	struct egl_draw *draw;
	GLuint picture, overlay; /* textures; 0: none */
	int width_px, height_px; /* of picture */
	bool upload_again; /* overlay_image isn't in its texture yet */
	pixman_image_t *overlay_image;
	struct frame *frame; /* a dma-buf that is shown instead of picture, or NULL */
	/* gl-window.c */
	EGLConfig config;
	EGLContext context;
	EGLSurface window;
};

/* ---- painter-gl.c ---- */
/* @display is initialized; @owned: and terminated with it. */
struct gl_shared *gl_shared_create(EGLDisplay display, bool owned);
/* The surface is there, its context current, and what views share. False and *error: it can't be
 * used. */
bool painter_gl_start(struct painter_gl *painter, GError **error);
/* The widget's "realize" signal: starts, or tells the view why not. */
void painter_gl_on_realize(GtkWidget *area, gpointer painter);
/* What the context has goes; it is current if it still can be. */
void painter_gl_stop(struct painter_gl *painter);
/* Draws to the current framebuffer. False: GL has failed, and the view knows. */
bool painter_gl_draw(struct painter_gl *painter);

/* ---- one of these makes painter->base.area and sets surface ---- */
void painter_gl_area_init(struct painter_gl *painter);
bool painter_gl_window_init(struct painter_gl *painter, GError **error);

#endif
