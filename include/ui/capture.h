/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture: a sink without a screen, for tests and measuring. It composes a picture out of nothing
 * but the damage that it is told of, so a picture that is right proves the damage. Context: main.
 */
#ifndef UI_CAPTURE_H
#define UI_CAPTURE_H

#include "ui/console.h"

struct capture {
	struct sink sink;
	struct console *console; /* NULL once it is gone */
	/* Don't call sink_done(), and keep the frame, until capture_release(). */
	bool slow;
	struct frame *held; /* the frame kept by a slow one */
	pixman_image_t *image; /* composed; NULL while blank. SINK_CPU only */
	pixman_region32_t damage; /* of the last present() */
	unsigned int presents, blanks;
	uint64_t seq; /* of the last present() */
	enum blank_reason blank; /* BLANK_NONE while there is a picture, or nothing came yet */
	char *blank_text;
	struct cursor cursor; /* as told last; image borrowed */
	int32_t cursor_x_px, cursor_y_px;
	bool cursor_visible;
};

/* @accepts: SINK_CPU or SINK_DMABUF. Attached, not wanting frames yet. */
struct capture *capture_create(struct console *console, unsigned int accepts);
void capture_destroy(struct capture *capture);
void capture_set_wanted(struct capture *capture, bool wanted);
/* A slow one gives back what it holds and says so. */
void capture_release(struct capture *capture);

#endif
