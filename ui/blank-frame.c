// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <drm_fourcc.h>

#include "ui/blank-frame.h"
#include "ui/font.h"
#include "util/fd.h"

#define GROUND 0xff20242cu
#define INK 0xffd8dce4u
#define SCALE 2
#define MARGIN_PX 16

/* How many characters of @text go into a line of @columns: up to the last space that fits. */
static size_t line_length(const char *text, size_t columns)
{
	size_t len = strlen(text);
	size_t cut = columns;

	if (len <= columns) {
		return len;
	}
	while (cut > 0 && text[cut] != ' ') {
		cut--;
	}
	return cut > 0 ? cut : columns;
}

static GPtrArray *break_lines(const char *text, size_t columns)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

	while (*text) {
		size_t len = line_length(text, columns);

		g_ptr_array_add(lines, g_strndup(text, len));
		text += len;
		while (*text == ' ') {
			text++;
		}
	}
	return lines;
}

struct canvas {
	uint32_t *pixels;
	size_t stride_px;
	int w, h;
};

static void draw_square(const struct canvas *canvas, int left, int top)
{
	for (int y = MAX(top, 0); y < MIN(top + SCALE, canvas->h); y++) {
		for (int x = MAX(left, 0); x < MIN(left + SCALE, canvas->w); x++) {
			canvas->pixels[(size_t)y * canvas->stride_px + (size_t)x] = INK;
		}
	}
}

static void draw_line(const struct canvas *canvas, const char *text, int top)
{
	int left = (canvas->w - (int)strlen(text) * FONT_WIDTH_PX * SCALE) / 2;

	for (; *text; text++, left += FONT_WIDTH_PX * SCALE) {
		for (int y = 0; y < FONT_HEIGHT_PX; y++) {
			uint8_t line = font_line(*text, (unsigned int)y);

			for (int x = 0; x < 5; x++) {
				if (line >> (4 - x) & 1) {
					draw_square(canvas, left + x * SCALE, top + y * SCALE);
				}
			}
		}
	}
}

struct frame *blank_frame_create(const char *text, uint32_t width_px, uint32_t height_px)
{
	struct fb_buffer *buffer = fb_buffer_create_alloc(DRM_FORMAT_XRGB8888, width_px, height_px,
							  NULL);
	pixman_box32_t all = { 0, 0, (int32_t)width_px, (int32_t)height_px };
	struct canvas canvas;
	/* The font has no more, and messages of the system's have curly quotes. */
	g_autofree char *sentence = g_str_to_ascii(text, "C");
	g_autoptr(GPtrArray) lines = NULL;
	int columns, top;

	if (!buffer) {
		return NULL;
	}
	canvas = (struct canvas){
		.pixels = buffer->hva, .stride_px = buffer->info.plane[0].stride_bytes / 4,
		.w = (int)width_px, .h = (int)height_px,
	};
	for (uint32_t y = 0; y < height_px; y++) {
		for (uint32_t x = 0; x < width_px; x++) {
			canvas.pixels[y * canvas.stride_px + x] = GROUND;
		}
	}
	columns = MAX(1, (canvas.w - 2 * MARGIN_PX) / (FONT_WIDTH_PX * SCALE));
	/* Reasons are written to stand behind a colon. */
	g_strdelimit(sentence, "\n\t", ' ');
	sentence[0] = g_ascii_toupper(sentence[0]);
	lines = break_lines(sentence, (size_t)columns);
	top = (canvas.h - (int)lines->len * FONT_HEIGHT_PX * SCALE) / 2;
	for (unsigned int i = 0; i < lines->len; i++, top += FONT_HEIGHT_PX * SCALE) {
		draw_line(&canvas, lines->pdata[i], top);
	}
	return frame_create(buffer, &all, NULL, clock_ns());
}
