/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the painter by OpenGL: the picture as a texture, drawn to an EGL surface of our own. The
 * toolkit's GL is of no use: on X it is GLX, which can't import dma-bufs, on Wayland it waits for the
 * compositor.
 *
 *   painter-gl.c      pictures, and how they are drawn
 *   gl-context.c      EGL, whatever the display
 *   gl-window.c       on X: the window of the area
 *   gl-subsurface.c   on Wayland: a surface over the toolkit's
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
	struct egl_importer *importer; /* NULL: it can't import */
	char *no_import; /* why */
	void *native; /* the surfaces' own, or NULL */
	void (*destroy_native)(void *native);
};

struct gl_subsurface;
struct painter_gl;

struct gl_surface_ops {
	/* Mandatory. The picture is drawn soon. */
	void (*redraw)(struct painter_gl *painter);
	/* The widget is realized, and there is a context. NULL: nothing to do. */
	bool (*start)(struct painter_gl *painter, GError **error);
	/* NULL: nothing to do. */
	void (*destroy)(struct painter_gl *painter);
};

struct painter_gl {
	struct painter base; /* first */
	const struct gl_surface_ops *surface;
	bool ready; /* to take pictures and to draw */
	struct egl_draw *draw;
	GLuint picture, overlay; /* textures; 0: none */
	int width_px, height_px; /* of picture */
	bool upload_again; /* overlay_image isn't in its texture yet */
	pixman_image_t *overlay_image;
	struct frame *frame; /* a dma-buf that is shown instead of picture, or NULL */
	/* gl-context.c */
	EGLConfig config;
	EGLContext context;
	EGLSurface window;
	/* gl-window.c */
	int drawn_width, drawn_height; /* of the area, when it was drawn last */
	/* gl-subsurface.c */
	struct gl_subsurface *subsurface;
};

/* ---- painter-gl.c ---- */
/* @display is initialized, and terminated with it. */
struct gl_shared *gl_shared_create(EGLDisplay display);
/* Draws to the current framebuffer. False: GL has failed, and the view knows. */
bool painter_gl_draw(struct painter_gl *painter);
/* GL has failed: the view is told. */
void painter_gl_failed(struct painter_gl *painter, const char *cause);

/* ---- gl-context.c ---- */
/* Makes @gui->gl for @native, which @platform says the kind of. */
bool gl_context_open(struct gui *gui, EGLenum platform, void *native, GError **error);
/* Sets painter->config to one that has 8 bits a colour and no more; @fits, if any, says yes to it. */
bool gl_context_choose(struct painter_gl *painter,
		       bool (*fits)(EGLDisplay display, EGLConfig config, void *opaque),
		       void *opaque, GError **error);
/* The context is current then, without a window. */
bool gl_context_create(struct painter_gl *painter, GError **error);
/* With the window, if it has one. */
void gl_context_destroy(struct painter_gl *painter);
/* Makes it current without a window: all but drawing. False: GL is lost. */
bool gl_context_enter(struct painter_gl *painter);
/* With the window, to draw to it and then to swap. False: there is none, or GL is lost. */
bool gl_context_enter_window(struct painter_gl *painter);
/* Makes painter->window on @native; it isn't current then. */
bool gl_context_create_window(struct painter_gl *painter, EGLNativeWindowType native,
			      GError **error);
/* Accepts no window. */
void gl_context_destroy_window(struct painter_gl *painter);
/* Shows what was drawn; the window isn't current any more. False: GL has failed, and the view knows. */
bool gl_context_swap(struct painter_gl *painter);

/* ---- one of these makes painter->base.area and sets surface ---- */
bool painter_gl_window_init(struct painter_gl *painter, GError **error);
bool painter_gl_subsurface_init(struct painter_gl *painter, GError **error);

#endif
