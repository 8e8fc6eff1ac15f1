/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which part of a client's screen goes as H.264, and what it therefore has only nearly.
 *
 * Large changes go as pictures of one rectangle, the box, that lies around them; it grows when
 * they leave it. Small ones, a key's or a clock's, go without loss wherever they are. A picture
 * makes the whole box inexact. When none has gone for a moment, the inexact pixels are sent once
 * more without loss, in slices between which there is room for what is new; then there is no box
 * any more, and no encoder. Times are passed in. Context: any.
 */
#ifndef UI_VNC_VIDEO_H
#define UI_VNC_VIDEO_H

#include <stdbool.h>
#include <stdint.h>
#include <pixman.h>

/* So long without a picture, and the screen counts as standing still; looked at so often. */
#define VIDEO_STILL_MS 300
#define VIDEO_LOOK_MS 100
/* Changes below that cost little without loss: a line of text. */
#define VIDEO_MIN_PX 16384

struct video {
	pixman_box32_t box; /* empty: none */
	pixman_region32_t inexact;
	bool refining; /* it has stood still: inexact pixels may go */
	int64_t last_ns; /* a picture went */
	int still_ms; /* VIDEO_STILL_MS; tests have others */
};

void video_init(struct video *video);
void video_finish(struct video *video);
/* The client will be sent everything anew. */
void video_reset(struct video *video);

static inline bool video_has_box(const struct video *video)
{
	return video->box.x2 > video->box.x1;
}

/*
 * @region is to be sent, of a screen of this size. True: @video->box goes as a picture, and what
 * of @region lies beside it without loss. @asked: what the client wants to have now.
 */
bool video_plan(struct video *video, const pixman_region32_t *region,
		const pixman_region32_t *asked, unsigned int width_px, unsigned int height_px);
/* @region goes without loss. */
void video_sent_exact(struct video *video, const pixman_region32_t *region);
/* The box went as a picture. */
void video_sent_picture(struct video *video, int64_t now_ns);
/* To be called every VIDEO_LOOK_MS while anything is inexact. True: from now on it may be refined. */
bool video_check_still(struct video *video, int64_t now_ns);
/* There are inexact pixels in @asked that may be refined. */
bool video_has_slice(const struct video *video, const pixman_region32_t *asked);
/* Adds to @region a slice of them, @max_px or a line. */
void video_add_slice(const struct video *video, const pixman_region32_t *asked,
		     unsigned int max_px, pixman_region32_t *region);

#endif
