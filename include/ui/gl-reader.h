/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gl_reader: a GPU that reads a dma-buf's pixels for the CPU: those that no CPU can map, and those
 * in a layout that a GPU knows better. The reader of each console (docs/frame-path.md) asks it
 * first and reads by itself whatever it refuses. ui/egl is the one that there is; the consoles know
 * nothing of it. Context: main.
 */
#ifndef UI_GL_READER_H
#define UI_GL_READER_H

#include "ui/fb.h"

struct gl_reader_ops {
	/*
	 * Mandatory. The picture of @frame, a dma-buf, as it is shown: lines of XRGB8888 pixels,
	 * *stride_bytes from one to the next. Good are only those in @where, which lies inside the
	 * picture; complete when this returns. Until end(). NULL and *error: not this buffer, or
	 * nothing any more. Who implements it warns people once; the reader does not.
	 */
	const void *(*begin)(void *gl, struct frame *frame, const pixman_region32_t *where,
			     size_t *stride_bytes, GError **error);
	/* Mandatory. After each begin() that gave pixels. */
	void (*end)(void *gl);
};

struct gl_reader {
	const struct gl_reader_ops *ops;
	void *gl;
	/* It also reads what a CPU reads well: linear memory that can be mapped. */
	bool reads_all;
};

#endif
