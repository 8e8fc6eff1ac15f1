// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include "ui/h264.h"
#include "ui/vnc/video.h"

/* The box lies in this grid, so that it can't grow often; a macroblock's side divides it. */
#define GRID_PX 64
/* On a small screen a small change counts as large. */
#define MIN_PART 4

void video_init(struct video *video)
{
	pixman_region32_init(&video->inexact);
	pixman_region32_init(&video->recent);
	pixman_region32_init(&video->ready);
	video->still_ms = VIDEO_STILL_MS;
}

void video_finish(struct video *video)
{
	pixman_region32_fini(&video->inexact);
	pixman_region32_fini(&video->recent);
	pixman_region32_fini(&video->ready);
}

static void drop_box(struct video *video)
{
	video->box = (pixman_box32_t){ 0 };
	video->pictures = 0;
}

void video_reset(struct video *video)
{
	pixman_region32_clear(&video->inexact);
	pixman_region32_clear(&video->recent);
	pixman_region32_clear(&video->ready);
	drop_box(video);
}

static uint64_t box_area(const pixman_box32_t *box)
{
	return (uint64_t)(box->x2 - box->x1) * (uint64_t)(box->y2 - box->y1);
}

static uint64_t region_area(const pixman_region32_t *region)
{
	uint64_t area = 0;
	int count;
	const pixman_box32_t *boxes =
		pixman_region32_rectangles((pixman_region32_t *)region, &count);

	for (int i = 0; i < count; i++) {
		area += box_area(&boxes[i]);
	}
	return area;
}

static pixman_box32_t box_around(const pixman_box32_t *a, const pixman_box32_t *b)
{
	return (pixman_box32_t){ MIN(a->x1, b->x1), MIN(a->y1, b->y1), MAX(a->x2, b->x2),
				 MAX(a->y2, b->y2) };
}

/* @inner rounded out, but not beyond @limit. */
static pixman_box32_t round_out(const pixman_box32_t *inner, const pixman_box32_t *limit)
{
	return (pixman_box32_t){
		.x1 = inner->x1 / GRID_PX * GRID_PX,
		.y1 = inner->y1 / GRID_PX * GRID_PX,
		.x2 = MIN((inner->x2 + GRID_PX - 1) / GRID_PX * GRID_PX, limit->x2),
		.y2 = MIN((inner->y2 + GRID_PX - 1) / GRID_PX * GRID_PX, limit->y2),
	};
}

static bool fits_encoder(const pixman_box32_t *box)
{
	unsigned int w = (unsigned int)(box->x2 - box->x1), h = (unsigned int)(box->y2 - box->y1);

	return w >= H264_MIN_SIDE_PX && h >= H264_MIN_SIDE_PX && w <= H264_MAX_SIDE_PX &&
	       h <= H264_MAX_SIDE_PX && box_area(box) <= H264_MAX_PIXELS;
}

/* A picture of @box goes, in which @changed is new; or of less, from now on. */
static void set_box(struct video *video, const pixman_box32_t *box, const pixman_box32_t *changed)
{
	video->used = video->pictures > 0 ? box_around(&video->used, changed) : *changed;
	video->box = *box;
	if (++video->pictures == VIDEO_SHRINK_PICTURES) {
		video->pictures = 0;
		if (2 * box_area(&video->used) <= box_area(box)) {
			video->box = video->used;
		}
	}
}

bool video_plan(struct video *video, const pixman_region32_t *region,
		const pixman_region32_t *asked, unsigned int width_px, unsigned int height_px)
{
	/* Colour comes in squares of two pixels: a last odd line or column goes without loss. */
	pixman_box32_t even = { 0, 0, (int)(width_px & ~1u), (int)(height_px & ~1u) };
	pixman_box32_t box, changed;
	pixman_region32_t inside;
	uint64_t area;

	pixman_region32_init(&inside);
	pixman_region32_intersect_rect(&inside, (pixman_region32_t *)region, 0, 0,
				       (unsigned int)even.x2, (unsigned int)even.y2);
	area = region_area(&inside);
	box = *pixman_region32_extents(&inside);
	pixman_region32_fini(&inside);
	if (area == 0 || area < MIN(VIDEO_MIN_PX, box_area(&even) / MIN_PART)) {
		return false;
	}
	box = round_out(&box, &even);
	changed = box;
	if (video_has_box(video)) {
		box = box_around(&box, &video->box);
	}
	if (!fits_encoder(&box) ||
	    pixman_region32_contains_rectangle((pixman_region32_t *)asked, &box) !=
		    PIXMAN_REGION_IN) {
		return false;
	}
	set_box(video, &box, &changed);
	return true;
}

void video_rest(struct video *video)
{
	if (video_is_exact(video)) {
		drop_box(video);
	}
}

void video_sent_lossy(struct video *video, const pixman_region32_t *region, int64_t now_ns)
{
	pixman_region32_t *lossy = (pixman_region32_t *)region;

	/* While others wait for theirs, the time goes on. */
	if (pixman_region32_equal(&video->ready, &video->inexact)) {
		video->since_ns = now_ns;
	}
	pixman_region32_union(&video->inexact, &video->inexact, lossy);
	pixman_region32_union(&video->recent, &video->recent, lossy);
	pixman_region32_subtract(&video->ready, &video->ready, lossy);
}

void video_sent_exact(struct video *video, const pixman_region32_t *region)
{
	pixman_region32_t *exact = (pixman_region32_t *)region;

	pixman_region32_subtract(&video->inexact, &video->inexact, exact);
	pixman_region32_subtract(&video->recent, &video->recent, exact);
	pixman_region32_subtract(&video->ready, &video->ready, exact);
}

bool video_look(struct video *video, int64_t now_ns)
{
	if (now_ns - video->since_ns >= video->still_ms * (int64_t)1000000) {
		pixman_region32_subtract(&video->ready, &video->inexact, &video->recent);
		pixman_region32_clear(&video->recent);
		video->since_ns = now_ns;
	}
	return pixman_region32_equal(&video->ready, &video->inexact);
}

bool video_has_slice(const struct video *video, const pixman_region32_t *asked)
{
	pixman_region32_t rest;
	bool any;

	pixman_region32_init(&rest);
	pixman_region32_intersect(&rest, (pixman_region32_t *)&video->ready,
				  (pixman_region32_t *)asked);
	any = pixman_region32_not_empty(&rest);
	pixman_region32_fini(&rest);
	return any;
}

void video_add_slice(const struct video *video, const pixman_region32_t *asked,
		     unsigned int max_px, pixman_region32_t *region)
{
	pixman_region32_t rest;

	pixman_region32_init(&rest);
	pixman_region32_intersect(&rest, (pixman_region32_t *)&video->ready,
				  (pixman_region32_t *)asked);
	if (pixman_region32_not_empty(&rest)) {
		const pixman_box32_t *first = pixman_region32_rectangles(&rest, NULL);
		unsigned int w = (unsigned int)(first->x2 - first->x1);
		unsigned int h = (unsigned int)(first->y2 - first->y1);

		pixman_region32_union_rect(region, region, first->x1, first->y1, w,
					   MIN(h, MAX(max_px / w, 1)));
	}
	pixman_region32_fini(&rest);
}
