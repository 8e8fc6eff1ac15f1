// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "ui/capture.h"

static struct capture *to_capture(struct sink *sink)
{
	return (struct capture *)((char *)sink - offsetof(struct capture, sink));
}

static void clear_picture(struct capture *capture)
{
	if (capture->image) {
		pixman_image_unref(capture->image);
		capture->image = NULL;
	}
}

static void compose(struct capture *capture, struct frame *frame)
{
	const struct fb_buffer *buffer = frame->buffer;
	const uint8_t *src = buffer->hva;
	pixman_box32_t *boxes;
	int width = (int)frame_width(frame), height = (int)frame_height(frame), n;

	if (capture->image && (pixman_image_get_width(capture->image) != width ||
			       pixman_image_get_height(capture->image) != height)) {
		clear_picture(capture);
	}
	if (!capture->image) {
		capture->image = pixman_image_create_bits(PIXMAN_x8r8g8b8, width, height, NULL, 0);
	}
	boxes = pixman_region32_rectangles(&frame->damage, &n);
	for (; n > 0; n--, boxes++) {
		for (int32_t y = boxes->y1; y < boxes->y2; y++) {
			uint8_t *dst = (uint8_t *)pixman_image_get_data(capture->image) +
				       (size_t)y *
					       (size_t)pixman_image_get_stride(capture->image);

			memcpy(dst + (size_t)boxes->x1 * 4,
			       src + (size_t)y * buffer->info.plane[0].stride_bytes +
				       (size_t)boxes->x1 * 4,
			       (size_t)(boxes->x2 - boxes->x1) * 4);
		}
	}
}

static void capture_present(struct sink *sink, struct frame *frame)
{
	struct capture *capture = to_capture(sink);

	capture->presents++;
	capture->seq = frame->seq;
	capture->blank = BLANK_NONE;
	pixman_region32_copy(&capture->damage, &frame->damage);
	if (sink->ops->accepts == SINK_CPU) {
		compose(capture, frame);
	}
	if (!capture->slow) {
		sink_done(sink, frame->seq);
	} else if (!capture->held) {
		capture->held = frame_ref(frame);
	}
}

static void capture_blank(struct sink *sink, enum blank_reason reason, const char *text)
{
	struct capture *capture = to_capture(sink);

	clear_picture(capture);
	capture->blanks++;
	capture->blank = reason;
	g_free(capture->blank_text);
	capture->blank_text = g_strdup(text);
}

static void capture_cursor_set(struct sink *sink, const struct cursor *cursor)
{
	to_capture(sink)->cursor = *cursor;
}

static void capture_cursor_move(struct sink *sink, int32_t x_px, int32_t y_px, bool visible)
{
	struct capture *capture = to_capture(sink);

	capture->cursor_x_px = x_px;
	capture->cursor_y_px = y_px;
	capture->cursor_visible = visible;
}

static void capture_console_gone(struct sink *sink)
{
	to_capture(sink)->console = NULL;
}

static const struct sink_ops cpu_ops = {
	.name = "capture",
	.accepts = SINK_CPU,
	.present = capture_present,
	.blank = capture_blank,
	.cursor_set = capture_cursor_set,
	.cursor_move = capture_cursor_move,
	.console_gone = capture_console_gone,
};

static const struct sink_ops dmabuf_ops = {
	.name = "capture-dmabuf",
	.accepts = SINK_DMABUF,
	.present = capture_present,
	.blank = capture_blank,
	.cursor_set = capture_cursor_set,
	.cursor_move = capture_cursor_move,
	.console_gone = capture_console_gone,
};

struct capture *capture_create(struct console *console, unsigned int accepts)
{
	struct capture *capture = g_new0(struct capture, 1);

	capture->console = console;
	pixman_region32_init(&capture->damage);
	console_attach(console, &capture->sink, accepts == SINK_CPU ? &cpu_ops : &dmabuf_ops);
	return capture;
}

void capture_destroy(struct capture *capture)
{
	if (!capture) {
		return;
	}
	console_detach(&capture->sink);
	frame_unref(capture->held);
	clear_picture(capture);
	pixman_region32_fini(&capture->damage);
	g_free(capture->blank_text);
	g_free(capture);
}

void capture_set_wanted(struct capture *capture, bool wanted)
{
	sink_set_wanted(&capture->sink, wanted);
}

void capture_release(struct capture *capture)
{
	frame_unref(capture->held);
	capture->held = NULL;
	sink_done(&capture->sink, capture->seq);
}
