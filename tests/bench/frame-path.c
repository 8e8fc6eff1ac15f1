// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one look of the shared CPU reader costs, at 1920x1080: nothing changed, one 64x64 square
 * (with and without a hint), everything; and for each layout and rotation what it costs to read the
 * whole picture into memory that is there already. Prints medians in microseconds.
 */
#include <drm_fourcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/fb-tile.h"
#include "ui/fb-view.h"
#include "ui/reader.h"
#include "util/fd.h"

#define W 1920
#define H 1080
#define ROUNDS 31

static void nothing(void *opaque)
{
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *name, const char *what, int64_t *ns)
{
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	printf("%-12s %-20s %8.0f us\n", name, what, (double)ns[ROUNDS / 2] / 1e3);
}

struct layout {
	const char *name;
	uint32_t fourcc, rotation;
	uint64_t modifier;
	unsigned int x, y; /* where the picture begins */
};

/* The same in each layout: 2048 pixels a line and 1088 lines are of whole tiles in all of them. */
static struct frame *new_frame(const struct layout *layout)
{
	struct fb_info info = {
		.width_px = layout->x + W,
		.height_px = layout->y + H,
		.fourcc = layout->fourcc,
		.modifier = layout->modifier,
		.rotation = layout->rotation,
		.planes = 1,
		.plane = { { 0, 2048 * fb_format_cpp(layout->fourcc) } },
	};
	pixman_box32_t source = { (int)layout->x, (int)layout->y, (int)info.width_px,
				  (int)info.height_px };

	info.size_bytes = info.plane[0].stride_bytes * 1088;
	return frame_create(fb_buffer_create_cpu(&info,
						 g_aligned_alloc0(info.size_bytes, 1, 4096),
						 NULL, NULL, NULL), &source, NULL, 0);
}

static void drop_frame(struct frame *frame)
{
	void *memory = frame->buffer->hva;

	frame_unref(frame);
	g_aligned_free(memory);
}

/* Changes a square of @size in the corner (0: nothing; tiled: all lines) and looks. */
static void measure_look(const struct layout *layout, const char *what, unsigned int size,
			 bool hinted)
{
	struct reader *reader = reader_create(nothing, NULL);
	struct frame *frame = new_frame(layout);
	uint32_t stride = frame->buffer->info.plane[0].stride_bytes;
	uint32_t cpp = fb_format_cpp(layout->fourcc);
	unsigned int width = MIN(size, W), height = MIN(size, H);
	pixman_region32_t hint;
	int64_t ns[ROUNDS];

	pixman_region32_init_rect(&hint, 0, 0, hinted ? width : W, hinted ? height : H);
	reader_update(reader, frame, &hint, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned int y = 0; y < height; y++) {
			memset((uint8_t *)frame->buffer->hva + (size_t)y * stride, round + 1,
			       layout->modifier ? stride : width * cpp);
		}
		ns[round] = clock_ns();
		reader_update(reader, frame, &hint, NULL);
		ns[round] = clock_ns() - ns[round];
	}
	print(layout->name, what, ns);
	pixman_region32_fini(&hint);
	drop_frame(frame);
	reader_destroy(reader);
}

static void measure_read(const struct layout *layout, const char *what)
{
	struct frame *frame = new_frame(layout);
	g_autofree uint32_t *dst = g_new0(uint32_t, W * H);
	struct fb_view view;
	int64_t ns[ROUNDS];

	fb_view_open(&view, frame, NULL);
	memset(frame->buffer->hva, 0x55, frame->buffer->info.size_bytes);
	for (int round = 0; round < ROUNDS; round++) {
		ns[round] = clock_ns();
		fb_view_read(&view, dst, view.width_px * sizeof(*dst));
		ns[round] = clock_ns() - ns[round];
	}
	print(layout->name, what, ns);
	drop_frame(frame);
}

int main(void)
{
	static const struct layout linear[] = {
		{ "XRGB8888", DRM_FORMAT_XRGB8888 },
		{ "XBGR8888", DRM_FORMAT_XBGR8888 },
		{ "RGB565", DRM_FORMAT_RGB565 },
		{ "RGB888", DRM_FORMAT_RGB888 },
	};
	static const uint32_t mods[] = { 0, 1, 2, 3 };
	static const char *const names[] = { "linear", "X-tiled", "Y-tiled", "Yf-tiled" };

	main_thread_init();
	measure_look(&linear[0], "64x64, no hint", 64, false);
	for (size_t i = 0; i < G_N_ELEMENTS(linear); i++) {
		measure_look(&linear[i], "nothing", 0, false);
		measure_look(&linear[i], "everything", W, false);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(mods); i++) {
		struct layout layout = { names[i], DRM_FORMAT_XRGB8888 };

		layout.modifier = mods[i] ? fourcc_mod_code(INTEL, mods[i]) : 0;
		measure_look(&layout, "nothing", 0, false);
		measure_look(&layout, "64x64, hint", 64, true);
		measure_look(&layout, "everything", W, false);
		measure_read(&layout, "read");
		layout.x = 37;
		layout.y = 5;
		measure_read(&layout, "read from 37, 5");
		layout.x = layout.y = 0;
		layout.fourcc = DRM_FORMAT_RGB565;
		measure_read(&layout, "read RGB565");
		layout.fourcc = DRM_FORMAT_XRGB8888;
		layout.rotation = 180;
		measure_read(&layout, "read, 180 degrees");
		layout.rotation = 90;
		measure_read(&layout, "read, 90 degrees");
	}
	return 0;
}
