// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one look of the shared CPU reader costs, at 1920x1080: nothing changed, one 64x64 square
 * (with and without a hint), everything. Prints medians in microseconds.
 */
#include <drm_fourcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Changes a square of @size in the corner (0: nothing) and looks. */
static void measure(const char *name, uint32_t fourcc, unsigned int width, unsigned int height,
		    bool hinted)
{
	struct fb_buffer *buffer = fb_buffer_create_alloc(fourcc, W, H, NULL);
	struct reader *reader = reader_create(nothing, NULL);
	uint32_t stride = buffer->info.plane[0].stride_bytes, cpp = fb_format_cpp(fourcc);
	struct frame *frame = frame_create(buffer, &(pixman_box32_t){ 0, 0, W, H }, NULL, 0);
	pixman_region32_t hint;
	int64_t ns[ROUNDS];

	pixman_region32_init_rect(&hint, 0, 0, hinted ? width : W, hinted ? height : H);
	reader_update(reader, frame, &hint, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned int y = 0; y < height; y++) {
			memset((uint8_t *)buffer->hva + (size_t)y * stride, round + 1, width * cpp);
		}
		ns[round] = clock_ns();
		reader_update(reader, frame, &hint, NULL);
		ns[round] = clock_ns() - ns[round];
	}
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	printf("%-32s %8.0f us\n", name, (double)ns[ROUNDS / 2] / 1e3);
	pixman_region32_fini(&hint);
	frame_unref(frame);
	reader_destroy(reader);
}

int main(void)
{
	main_thread_init();
	measure("XRGB8888, nothing", DRM_FORMAT_XRGB8888, 0, 0, false);
	measure("XRGB8888, 64x64, no hint", DRM_FORMAT_XRGB8888, 64, 64, false);
	measure("XRGB8888, 64x64, hint", DRM_FORMAT_XRGB8888, 64, 64, true);
	measure("XRGB8888, everything", DRM_FORMAT_XRGB8888, W, H, false);
	measure("XBGR8888, nothing", DRM_FORMAT_XBGR8888, 0, 0, false);
	measure("XBGR8888, everything", DRM_FORMAT_XBGR8888, W, H, false);
	measure("RGB565, nothing", DRM_FORMAT_RGB565, 0, 0, false);
	measure("RGB888, nothing", DRM_FORMAT_RGB888, 0, 0, false);
	return 0;
}
