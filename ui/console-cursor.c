// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's cursor plane: told to the sinks, and drawn where nobody else draws it. */
#include <drm_fourcc.h>

#include "ui/console-private.h"

/* 0: not one that pixman takes as it is. */
static pixman_format_code_t pixman_format(uint32_t fourcc)
{
	switch (fourcc) {
	case DRM_FORMAT_ARGB8888:
		return PIXMAN_a8r8g8b8;
	case DRM_FORMAT_XRGB8888:
		return PIXMAN_x8r8g8b8;
	case DRM_FORMAT_ABGR8888:
		return PIXMAN_a8b8g8r8;
	case DRM_FORMAT_XBGR8888:
		return PIXMAN_x8b8g8r8;
	case DRM_FORMAT_RGBA8888:
		return PIXMAN_r8g8b8a8;
	case DRM_FORMAT_BGRA8888:
		return PIXMAN_b8g8r8a8;
	default:
		return 0;
	}
}

/* As cursor planes can be turned: by 180 degrees the last pixel is the first one. */
static void reverse(pixman_image_t *image)
{
	uint32_t *first = pixman_image_get_data(image);
	uint32_t *last = first + pixman_image_get_width(image) * pixman_image_get_height(image) - 1;

	for (; first < last; first++, last--) {
		uint32_t pixel = *first;

		*first = *last;
		*last = pixel;
	}
}

pixman_image_t *cursor_copy_image(struct fb_buffer *buffer)
{
	const struct fb_info *info = &buffer->info;
	pixman_format_code_t format = pixman_format(info->fourcc);
	int width = (int)info->width_px, height = (int)info->height_px;
	pixman_image_t *from, *copy = NULL;
	const uint8_t *memory;

	if (!format || info->modifier || info->rotation % 180 || width > CURSOR_MAX_PX ||
	    height > CURSOR_MAX_PX || info->plane[0].stride_bytes % 4) {
		return NULL;
	}
	memory = fb_buffer_map(buffer, NULL);
	if (!memory) {
		return NULL;
	}
	fb_buffer_cpu_begin(buffer);
	from = pixman_image_create_bits_no_clear(format, width, height,
						 (uint32_t *)(memory + info->plane[0].offset_bytes),
						 (int)info->plane[0].stride_bytes);
	if (from) {
		copy = pixman_image_create_bits(PIXMAN_a8r8g8b8, width, height, NULL, 0);
	}
	if (copy) {
		pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, copy, 0, 0, 0, 0, 0, 0, width,
					 height);
	}
	if (from) {
		pixman_image_unref(from);
	}
	fb_buffer_cpu_end(buffer);
	if (copy && info->rotation) {
		reverse(copy);
	}
	return copy;
}

void console_cursor_set(struct console *console, const struct cursor *cursor)
{
	struct fb_buffer *old = console->cursor.image;

	console->cursor = *cursor;
	if (cursor->image) {
		fb_buffer_ref(cursor->image);
	}
	fb_buffer_unref(old);
	for (GList *l = console->sinks.head, *next; l; l = next) {
		struct sink *sink = l->data;

		next = l->next;
		if (sink->wanted && sink->ops->cursor_set) {
			sink->ops->cursor_set(sink, &console->cursor);
		}
	}
}

void console_cursor_move(struct console *console, int32_t x_px, int32_t y_px, bool visible)
{
	console->cursor_x_px = x_px;
	console->cursor_y_px = y_px;
	console->cursor_visible = visible;
	for (GList *l = console->sinks.head, *next; l; l = next) {
		struct sink *sink = l->data;

		next = l->next;
		if (sink->wanted && sink->ops->cursor_move) {
			sink->ops->cursor_move(sink, x_px, y_px, visible);
		}
	}
}

void console_draw_cursor(struct console *console, pixman_image_t *picture)
{
	int x = console->cursor_x_px, y = console->cursor_y_px;
	pixman_image_t *image;

	/* A place that is far outside would be too much for pixman's sums. */
	if (!console->cursor.image || !console->cursor_visible || x <= -CURSOR_MAX_PX ||
	    y <= -CURSOR_MAX_PX || x >= pixman_image_get_width(picture) ||
	    y >= pixman_image_get_height(picture)) {
		return;
	}
	image = cursor_copy_image(console->cursor.image);
	if (image) {
		pixman_image_composite32(PIXMAN_OP_OVER, image, NULL, picture, 0, 0, 0, 0, x, y,
					 pixman_image_get_width(image),
					 pixman_image_get_height(image));
		pixman_image_unref(image);
	}
}
