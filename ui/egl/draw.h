/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * egl_draw: pictures drawn with OpenGL ES 2 or later, or OpenGL 2.1 or later.
 *
 * Belongs to the GL context that was current when it was made (or one that shares objects and is of
 * the same kind), which is current whenever anything here is called. Leaves the framebuffer, the
 * scissor test and box, and the pixel store as they are; blending off, the viewport changed.
 * Context: main.
 */
#ifndef UI_EGL_DRAW_H
#define UI_EGL_DRAW_H

#include <epoxy/gl.h>

#include "ui/egl/import.h"

struct egl_draw;

/* Pixels of the current framebuffer, as GL counts: from its lower left corner. */
struct egl_rect {
	int x, y, width, height;
};

/* What is drawn: a texture, or an import that becomes one for the time being. */
struct egl_source {
	const struct egl_import *import; /* NULL: @texture, of GL_TEXTURE_2D */
	GLuint texture;
	uint32_t width_px, height_px; /* of the whole buffer; its first line is at t = 0 */
	pixman_box32_t part; /* as it lies in memory (frame->source) */
	uint32_t rotation; /* as fb_info has it */
	bool y0_bottom;
};

enum egl_draw_flags {
	EGL_DRAW_SMOOTH = 1, /* filtered where the sizes differ; else the nearest pixel */
	/* The picture's first line goes to the lowest line of @to, which is how glReadPixels()
	 * gives it back first; else it stands upright on a screen. */
	EGL_DRAW_TOP_FIRST = 2,
	EGL_DRAW_BLEND = 4, /* over what is there, by a premultiplied alpha; else opaque */
};

/* How many bits the channels have. Used to widen or narrow them to 8 bits exactly as a CPU does
 * here (fb-format.h), so that a picture is the same whoever reads it. */
struct egl_depth {
	uint8_t red, green, blue;
};

/* NULL and *error: the shaders can't be built. */
struct egl_draw *egl_draw_create(GError **error);
/* Accepts NULL. */
void egl_draw_destroy(struct egl_draw *draw);

/* All of @frame, an import of its buffer. */
void egl_source_of_frame(struct egl_source *source, const struct egl_import *import,
			 const struct frame *frame);
/* @source fills @to; @flags of enum egl_draw_flags. @depth NULL: as GL converts. False and *error:
 * this kind of context can't sample such an image. */
bool egl_draw(struct egl_draw *draw, const struct egl_source *source, const struct egl_rect *to,
	      unsigned int flags, const struct egl_depth *depth, GError **error);

#endif
