// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <drm_fourcc.h>

#include "ui/fb-format.h"
#include "ui/fb-tile.h"
#include "ui/fb-view.h"
#include "util/error.h"
#include "util/range.h"

/* fb_view_read() of what isn't turned: fewer and longer lines than a block's make it a fifth faster
 * (tests/bench/frame-path.c). */
#define READ_W 128
#define READ_H 8
G_STATIC_ASSERT(READ_H * (READ_W * 4 + 2 * FB_TILE_UNIT) <=
		sizeof(((struct fb_scratch *)NULL)->raw));

/* A rectangle of the picture as it lies in memory: y0_bottom is seen to, rotation isn't. */
struct area {
	unsigned int x, y, w, h;
};

int fb_view_open(struct fb_view *view, const struct frame *frame, GError **error)
{
	const struct fb_info *info = &frame->buffer->info;
	const uint8_t *memory;

	if (!fb_layout_is_known(info->fourcc, info->modifier)) {
		error_set(error,
			  "framebuffer: layout 0x%" G_GINT64_MODIFIER "x: tiled, and there is no "
			  "path that can read it", info->modifier);
		return -ENOTSUP;
	}
	memory = fb_buffer_map(frame->buffer, error);
	if (!memory) {
		return -EIO;
	}
	*view = (struct fb_view){
		.width_px = frame_width(frame),
		.height_px = frame_height(frame),
		.format = fb_format_find(info->fourcc),
		.tile = fb_tile_find(info->modifier, fb_format_cpp(info->fourcc)),
		.info = info,
		.memory = memory + info->plane[0].offset_bytes,
		.source = frame->source,
		.direct = !info->rotation && (info->fourcc == DRM_FORMAT_XRGB8888 ||
					      info->fourcc == DRM_FORMAT_ARGB8888),
	};
	return 0;
}

void fb_view_over(struct fb_view *view, const struct fb_info *info, const void *memory)
{
	*view = (struct fb_view){
		.width_px = info->width_px,
		.height_px = info->height_px,
		.format = fb_format_find(info->fourcc),
		.info = info,
		.memory = memory,
		.source = { 0, 0, (int32_t)info->width_px, (int32_t)info->height_px },
		.direct = true,
	};
}

/* The pixels of @area as they are. A linear buffer needs no @scratch and has no limit of size. */
static struct fb_block raw_lines(const struct fb_view *view, const struct area *area,
				 struct fb_scratch *scratch)
{
	uint32_t stride = view->info->plane[0].stride_bytes;
	unsigned int line = (unsigned int)view->source.y1 + area->y;
	size_t x = ((size_t)view->source.x1 + area->x) * view->format->cpp;
	struct fb_block raw;

	if (view->info->y0_bottom) {
		line = view->info->height_px - area->h - line; /* lowest address */
	}
	if (view->tile) {
		unsigned int left = (unsigned int)(x - x % FB_TILE_UNIT);
		unsigned int right = (unsigned int)round_up(x + area->w * view->format->cpp,
							    FB_TILE_UNIT);

		raw = (struct fb_block){ scratch->raw + (x - left), right - left };
		fb_tile_read(view->tile, scratch->raw, right - left, view->memory, stride, left,
			     line, right - left, area->h);
	} else {
		raw = (struct fb_block){ view->memory + (size_t)line * stride + x, stride };
	}
	if (view->info->y0_bottom) {
		raw.first += (ptrdiff_t)(area->h - 1) * raw.stride_bytes;
		raw.stride_bytes = -raw.stride_bytes;
	}
	return raw;
}

static void convert_lines(const struct fb_view *view, const struct area *area,
			  struct fb_scratch *scratch, uint32_t *dst, size_t stride_bytes)
{
	struct fb_block raw = raw_lines(view, area, scratch);

	for (unsigned int y = 0; y < area->h; y++) {
		view->format->convert(dst, raw.first, area->w);
		raw.first += raw.stride_bytes;
		dst = (uint32_t *)((uint8_t *)dst + stride_bytes);
	}
}

/*
 * The display turns the picture counter-clockwise (DRM_MODE_ROTATE_*): with 90 degrees the right
 * column in memory is the top line on screen.
 */
static void turn(const struct fb_view *view, const struct area *shown, struct fb_scratch *scratch,
		 uint32_t *dst, size_t stride_bytes)
{
	/* Of the picture as it lies in memory. */
	unsigned int width = (unsigned int)(view->source.x2 - view->source.x1);
	unsigned int height = (unsigned int)(view->source.y2 - view->source.y1);
	int w = (int)shown->w, h = (int)shown->h;
	/* Where shown pixel x, y is in scratch->turned: first + x * right + y * down. */
	int first, right, down;
	struct area area;

	switch (view->info->rotation) {
	case 90:
		area = (struct area){ width - shown->y - shown->h, shown->x, shown->h, shown->w };
		first = h - 1, right = h, down = -1;
		break;
	case 180:
		area = (struct area){ width - shown->x - shown->w, height - shown->y - shown->h,
				      shown->w, shown->h };
		first = w * h - 1, right = -1, down = -w;
		break;
	default:
		area = (struct area){ shown->y, height - shown->x - shown->w, shown->h, shown->w };
		first = (w - 1) * h, right = -h, down = 1;
		break;
	}
	convert_lines(view, &area, scratch, scratch->turned, area.w * sizeof(*dst));
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			dst[x] = scratch->turned[first + x * right + y * down];
		}
		dst = (uint32_t *)((uint8_t *)dst + stride_bytes);
	}
}

static void convert_block(const struct fb_view *view, const struct area *shown,
			  struct fb_scratch *scratch, uint32_t *dst, size_t stride_bytes)
{
	if (view->info->rotation) {
		turn(view, shown, scratch, dst, stride_bytes);
	} else {
		convert_lines(view, shown, scratch, dst, stride_bytes);
	}
}

void fb_view_block(const struct fb_view *view, unsigned int x, unsigned int y, unsigned int w,
		   unsigned int h, struct fb_scratch *scratch, struct fb_block *block)
{
	struct area area = { x, y, w, h };

	if (view->direct) {
		*block = raw_lines(view, &area, scratch);
		if (!(((uintptr_t)block->first | (uintptr_t)block->stride_bytes) & 3)) {
			return;
		}
	}
	*block = (struct fb_block){ (const uint8_t *)scratch->picture,
				    FB_BLOCK_W * sizeof(*scratch->picture) };
	convert_block(view, &area, scratch, scratch->picture, (size_t)block->stride_bytes);
}

void fb_view_read(const struct fb_view *view, uint32_t *dst, size_t stride_bytes)
{
	unsigned int w = view->info->rotation ? FB_BLOCK_W : READ_W;
	unsigned int h = view->info->rotation ? FB_BLOCK_H : READ_H;
	struct fb_scratch scratch;

	if (!view->tile && !view->info->rotation) {
		struct area all = { 0, 0, view->width_px, view->height_px };

		convert_lines(view, &all, NULL, dst, stride_bytes);
		return;
	}
	for (unsigned int y = 0; y < view->height_px; y += h) {
		uint32_t *lines = (uint32_t *)((uint8_t *)dst + y * stride_bytes);

		for (unsigned int x = 0; x < view->width_px; x += w) {
			struct area block = { x, y, MIN(w, view->width_px - x),
					      MIN(h, view->height_px - y) };

			convert_block(view, &block, &scratch, lines + x, stride_bytes);
		}
	}
}
