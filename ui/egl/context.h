/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * egl_context: OpenGL ES 3 on a DRM node, without a surface. It is current between enter and leave
 * only, so that others in this thread may have contexts of their own. Context: main.
 */
#ifndef UI_EGL_CONTEXT_H
#define UI_EGL_CONTEXT_H

#include <epoxy/egl.h>
#include <epoxy/gl.h>
#include <glib.h>
#include <stdbool.h>

struct gbm_device;

struct egl_context {
	char *node; /* its path */
	EGLDisplay display;
	EGLContext context;
	bool software; /* Mesa's renderer on the CPU */
	bool has_fences; /* EGL_ANDROID_native_fence_sync */
	/* private */
	int fd;
	struct gbm_device *gbm;
	GLenum (*reset_status)(void); /* NULL: the driver can't tell */
	EGLenum api;
	EGLDisplay other_display; /* what was current before */
	EGLContext other_context;
	EGLSurface other_draw, other_read;
};

/* On @node, or the first render node that works (NULL). NULL and *error. */
struct egl_context *egl_context_create(const char *node, GError **error);
/* Accepts NULL. Destroy what belongs to it before. */
void egl_context_destroy(struct egl_context *egl);

/* False and *error: the context is lost. */
bool egl_context_enter(struct egl_context *egl, GError **error);
void egl_context_leave(struct egl_context *egl);
/* Waits until all that was asked for is done. False and *error: the context is lost. */
bool egl_context_finish(struct egl_context *egl, GError **error);

#endif
