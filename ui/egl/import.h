/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * egl_import: a dma-buf as an EGLImage, made once for each buffer and EGLDisplay.
 *
 * An import hangs on its buffer as an addon and goes with it, or with the display's importer,
 * whichever ends first. One importer a display; any number of GL contexts may use what it makes.
 * Context: main, unless said otherwise.
 */
#ifndef UI_EGL_IMPORT_H
#define UI_EGL_IMPORT_H

#include <epoxy/egl.h>

#include "ui/fb.h"

struct egl_importer;

struct egl_import {
	EGLImage image;
	/* It can be sampled as GL_TEXTURE_EXTERNAL_OES only, which takes OpenGL ES. */
	bool external;
};

/* Asked before a buffer is imported for the first time: false and *error refuse it. */
typedef bool (*egl_import_check_fn)(void *opaque, const struct fb_buffer *buffer, GError **error);

/* NULL and *error: @display (initialized, borrowed) can't import dma-bufs. @check may be NULL. */
struct egl_importer *egl_importer_create(EGLDisplay display, egl_import_check_fn check,
					 void *opaque, GError **error);
/* Destroys every image that is left; before eglTerminate(). Accepts NULL. */
void egl_importer_destroy(struct egl_importer *importer);

/*
 * The import of @buffer, which lives as long as both of them, or NULL and *error. A refusal is
 * kept, too: the driver is asked once. Pixels that the guest draws later show in the same image;
 * draw.h looks anew each time.
 */
const struct egl_import *egl_import(struct egl_importer *importer, struct fb_buffer *buffer,
				    GError **error);

/* No use after all: from now on egl_import() refuses @buffer with @reason. */
void egl_import_refuse(struct egl_importer *importer, struct fb_buffer *buffer,
		       const char *reason);

/* Attributes of an import at most, with their end. */
#define EGL_IMPORT_ATTRIBS (2 * (4 + 5 * FB_MAX_PLANES) + 1)
/*
 * The attributes that eglCreateImage() takes for @info behind @fd; @modifiers: the display knows
 * them. Without, only a linear buffer can be described, by not mentioning it.
 */
void egl_import_attribs(const struct fb_info *info, int fd, bool modifiers,
			EGLint attribs[EGL_IMPORT_ATTRIBS]);

#endif
