/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is drawn, on its way to the library's worker and back: copies of pixels and cursors, as the
 * commands of a QXL device. The worker keeps what it fetched until something else covers it, so
 * nothing here refers to a frame.
 */
#ifndef UI_SPICE_COMMANDS_H
#define UI_SPICE_COMMANDS_H

#include <stdbool.h>
#include <pixman.h>
#include <spice.h>

#include "ui/fb.h"

struct spice_commands {
	GMutex lock; /* guards all of it */
	GQueue draws; /* not fetched yet */
	struct resource *shape, *place; /* of the cursor: the newest, not fetched yet; or NULL */
	gsize bytes; /* of pixels that the worker has or will fetch */
};

/* Context: main. */
void spice_commands_init(struct spice_commands *commands);
/* The worker is gone. */
void spice_commands_finish(struct spice_commands *commands);
/* Copies @box of @frame (of a CPU buffer, XRGB8888). False: no memory. */
bool spice_commands_draw(struct spice_commands *commands, struct frame *frame,
			 const pixman_box32_t *box);
/* Takes back what was not fetched. */
void spice_commands_drop_draws(struct spice_commands *commands);
bool spice_commands_are_fetched(struct spice_commands *commands);
gsize spice_commands_bytes(struct spice_commands *commands);

struct spice_cursor {
	pixman_image_t *image; /* a8r8g8b8, premultiplied; NULL: none */
	int hot_x_px, hot_y_px; /* inside the image */
	int x_px, y_px; /* of the image's top left corner */
	bool visible;
};
/* The picture changed, or whether it is shown; the older one is forgotten if nobody fetched it. */
void spice_commands_cursor_set(struct spice_commands *commands, const struct spice_cursor *cursor);
void spice_commands_cursor_move(struct spice_commands *commands,
				const struct spice_cursor *cursor);

/* Context: the worker. False: there is none. *empty: there is no other draw behind it. */
bool spice_commands_fetch_draw(struct spice_commands *commands, QXLCommandExt *ext, bool *empty);
bool spice_commands_fetch_cursor(struct spice_commands *commands, QXLCommandExt *ext);
bool spice_commands_have_cursor(struct spice_commands *commands);
void spice_commands_release(struct spice_commands *commands, QXLReleaseInfoExt release);

#endif
