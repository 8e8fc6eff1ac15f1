/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame_read: the pixels of a frame, by whichever way they can be had, CPU or GL. Context: main. */
#ifndef UI_FRAME_READ_H
#define UI_FRAME_READ_H

#include "ui/fb-view.h"
#include "ui/gl-reader.h"

enum read_path { READ_NEVER, READ_BY_CPU, READ_BY_GL };

struct frame_read {
	struct fb_view view;
	enum read_path path;
	/* private */
	struct frame *frame;
	const struct gl_reader *gl;
	struct fb_info info; /* of what GL gave */
};

/*
 * @where: blocks of the grid of FB_BLOCK_W x FB_BLOCK_H that it touches can be looked at, no others;
 * NULL: all. @gl may be NULL. 0, and @read must stay where it is until frame_read_end(); else
 * *error and -ENOTSUP for a layout that nobody here can read, or -EIO for memory that can't be.
 */
int frame_read_begin(struct frame_read *read, struct frame *frame, const struct gl_reader *gl,
		     const pixman_region32_t *where, GError **error);
void frame_read_end(struct frame_read *read);

#endif
