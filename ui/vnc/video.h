/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client has only nearly, and which part of its screen goes as H.264.
 *
 * Lossy pixels that haven't changed for a moment are sent once more without loss, in slices between
 * which there is room for what is new.
 *
 * With H.264, large changes go as pictures of one rectangle, the box, that lies around them; it
 * grows when they leave it, and shrinks when they have long been in less than half of it. Small ones,
 * a key's or a clock's, go without loss wherever they are. A picture makes the whole box inexact. When
 * every pixel is exact again there is no box any more, and no encoder. Times are passed in. Context: any.
 */
#ifndef UI_VNC_VIDEO_H
#define UI_VNC_VIDEO_H

#include <stdbool.h>
#include <stdint.h>
#include <pixman.h>

/* Pixels that were lossy for so long, twice that at most, are refined; looked at so often. */
#define VIDEO_STILL_MS 250
#define VIDEO_LOOK_MS 125
/* Changes below that cost little without loss: a line of text. */
#define VIDEO_MIN_PX 16384
/* The box shrinks to what changed in so many pictures: a second. */
#define VIDEO_SHRINK_PICTURES 30

struct video {
	pixman_box32_t box; /* empty: none */
	pixman_box32_t used; /* what of it changed in the last... */
	unsigned int pictures;
	pixman_region32_t inexact;
	pixman_region32_t recent; /* of those, what was sent since since_ns */
	pixman_region32_t ready; /* of those, what may be refined */
	int64_t since_ns;
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

static inline bool video_is_exact(const struct video *video)
{
	return !pixman_region32_not_empty((pixman_region32_t *)&video->inexact);
}

/*
 * @region is to be sent, of a screen of this size. True: @video->box goes as a picture, and what
 * of @region lies beside it without loss. @asked: what the client wants to have now.
 */
bool video_plan(struct video *video, const pixman_region32_t *region,
		const pixman_region32_t *asked, unsigned int width_px, unsigned int height_px);
/* No picture is needed now; with the last inexact pixel the box goes. */
void video_rest(struct video *video);
/* @region went with or without loss. */
void video_sent_lossy(struct video *video, const pixman_region32_t *region, int64_t now_ns);
void video_sent_exact(struct video *video, const pixman_region32_t *region);
/* To be called every VIDEO_LOOK_MS until it says that all that is inexact may be refined. */
bool video_look(struct video *video, int64_t now_ns);
/* Something of @asked may be refined. */
bool video_has_slice(const struct video *video, const pixman_region32_t *asked);
/* Adds to @region a slice of that, @max_px or a line. */
void video_add_slice(const struct video *video, const pixman_region32_t *asked,
		     unsigned int max_px, pixman_region32_t *region);

#endif
