/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * readback: the pixels of a dma-buf, drawn into a frame buffer of the picture's size and read through
 * a pixel buffer object, no more of them than asked for. What that takes is kept between pictures
 * of the same size, for a while. Context: main.
 */
#ifndef UI_EGL_READBACK_H
#define UI_EGL_READBACK_H

#include "ui/egl/context.h"
#include "ui/fb.h"

struct readback;

/* @egl is borrowed. NULL and *error. */
struct readback *readback_create(struct egl_context *egl, GError **error);
/* Accepts NULL. */
void readback_destroy(struct readback *readback);

/* As gl_reader_ops has it. *lost: there will be no more pixels of any buffer; else a refusal is for
 * good, but of this buffer only. */
const void *readback_begin(struct readback *readback, struct frame *frame,
			   const pixman_region32_t *where, size_t *stride_bytes, bool *lost,
			   GError **error);
void readback_end(struct readback *readback);

#endif
