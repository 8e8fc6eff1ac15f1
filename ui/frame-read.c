// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <drm_fourcc.h>

#include "ui/frame-read.h"
#include "util/error.h"
#include "util/range.h"
#include "util/trace.h"

/* Linear memory that can be mapped needs no GPU. One that can't be mapped does, and a GPU undoes
 * tiles better. */
static bool gl_goes_first(const struct gl_reader *gl, struct fb_buffer *buffer)
{
	return gl && buffer->kind == FB_DMABUF &&
	       (gl->reads_all || buffer->info.modifier != DRM_FORMAT_MOD_LINEAR ||
		!fb_buffer_map(buffer, NULL));
}

/* @region: the blocks that @where touches, within the picture. */
static void to_blocks(pixman_region32_t *region, const pixman_region32_t *where, int32_t width,
		      int32_t height)
{
	int n;
	const pixman_box32_t *box = pixman_region32_rectangles((pixman_region32_t *)where, &n);
	pixman_box32_t *blocks = g_new(pixman_box32_t, (gsize)n + 1);
	pixman_region32_t all;

	for (int i = 0; i < n; i++) {
		int32_t x = MAX(box[i].x1, 0), y = MAX(box[i].y1, 0);

		blocks[i] = (pixman_box32_t){
			x - x % FB_BLOCK_W, y - y % FB_BLOCK_H,
			(int32_t)round_up((uint32_t)CLAMP(box[i].x2, 0, width), FB_BLOCK_W),
			(int32_t)round_up((uint32_t)CLAMP(box[i].y2, 0, height), FB_BLOCK_H),
		};
	}
	pixman_region32_init_rects(&all, blocks, n);
	pixman_region32_init(region);
	pixman_region32_intersect_rect(region, &all, 0, 0, (unsigned int)width,
				       (unsigned int)height);
	pixman_region32_fini(&all);
	g_free(blocks);
}

static bool begin_gl(struct frame_read *read, const pixman_region32_t *where, GError **error)
{
	uint32_t width = frame_width(read->frame), height = frame_height(read->frame);
	pixman_region32_t region;
	const void *pixels;
	size_t stride = 0;

	if (where) {
		to_blocks(&region, where, (int32_t)width, (int32_t)height);
	} else {
		pixman_region32_init_rect(&region, 0, 0, width, height);
	}
	pixels = read->gl->ops->begin(read->gl->gl, read->frame, &region, &stride, error);
	pixman_region32_fini(&region);
	if (!pixels) {
		return false;
	}
	read->info = (struct fb_info){
		.width_px = width,
		.height_px = height,
		.fourcc = DRM_FORMAT_XRGB8888,
		.planes = 1,
		.plane = { { 0, (uint32_t)stride } },
		.size_bytes = (uint64_t)stride * height,
	};
	fb_view_over(&read->view, &read->info, pixels);
	return true;
}

/* Neither way: *error says why it isn't the CPU's; @refusal why it isn't GL's, NULL: nobody asked. */
static void add_gl_refusal(struct fb_buffer *buffer, const char *refusal, GError **error)
{
	g_autofree char *by_cpu = error && *error ? g_strdup((*error)->message) : NULL;

	if (by_cpu && buffer->kind == FB_DMABUF && fb_buffer_check_size(buffer, NULL)) {
		g_clear_error(error);
		error_set(error, "%s: can't be read by a CPU%s%s", by_cpu, refusal ? "; " :
			  ", and there is no GL path (-display egl-headless)",
			  refusal ? refusal : "");
	}
}

int frame_read_begin(struct frame_read *read, struct frame *frame, const struct gl_reader *gl,
		     const pixman_region32_t *where, GError **error)
{
	g_autoptr(GError) refusal = NULL;
	int err;

	*read = (struct frame_read){ .frame = frame };
	if (gl_goes_first(gl, frame->buffer)) {
		read->gl = gl;
		read->path = READ_BY_GL;
		if (begin_gl(read, where, &refusal)) {
			return 0;
		}
		TRACE(ui, gl_refused, "%s", refusal->message);
		read->gl = NULL;
	}
	read->path = READ_BY_CPU;
	err = fb_view_open(&read->view, frame, error);
	if (err) {
		add_gl_refusal(frame->buffer, refusal ? refusal->message : NULL, error);
		return err;
	}
	fb_buffer_cpu_begin(frame->buffer);
	return 0;
}

void frame_read_end(struct frame_read *read)
{
	if (read->gl) {
		read->gl->ops->end(read->gl->gl);
	} else {
		fb_buffer_cpu_end(read->frame->buffer);
	}
}
