// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/fb.h"
#include "util/fd.h"

struct frame *frame_create(struct fb_buffer *buffer, const pixman_box32_t *source,
			   const pixman_region32_t *damage, int64_t time_ns)
{
	struct frame *frame = g_new0(struct frame, 1);
	uint32_t width, height;

	g_assert(source->x1 >= 0 && source->y1 >= 0 && source->x1 < source->x2 &&
		 source->y1 < source->y2 && (uint32_t)source->x2 <= buffer->info.width_px &&
		 (uint32_t)source->y2 <= buffer->info.height_px);
	frame->buffer = buffer;
	frame->source = *source;
	frame->time_ns = time_ns;
	frame->fence_fd = -1;
	frame->refs = 1;
	width = frame_width(frame);
	height = frame_height(frame);
	if (damage) {
		pixman_region32_init(&frame->damage);
		pixman_region32_intersect_rect(&frame->damage, (pixman_region32_t *)damage, 0, 0,
					       width, height);
		frame->damage_known = true;
	} else {
		pixman_region32_init_rect(&frame->damage, 0, 0, width, height);
	}
	return frame;
}

struct frame *frame_ref(struct frame *frame)
{
	g_atomic_int_inc(&frame->refs);
	return frame;
}

void frame_unref(struct frame *frame)
{
	if (!frame || !g_atomic_int_dec_and_test(&frame->refs)) {
		return;
	}
	pixman_region32_fini(&frame->damage);
	fd_close(&frame->fence_fd);
	fb_buffer_unref(frame->buffer);
	g_free(frame);
}
