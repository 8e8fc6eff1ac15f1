// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's cursor plane on the cursor channel: the picture once, then only places. */
#include "ui/spice/display.h"

static void wake(struct spice_display *display)
{
	if (display->viewer) {
		spice_qxl_wakeup(&display->qxl);
	}
}

void spice_pointer_again(struct spice_display *display)
{
	spice_commands_cursor_set(&display->commands, &display->cursor);
	wake(display);
}

void spice_pointer_set(struct spice_display *display, const struct cursor *cursor)
{
	struct spice_cursor *own = &display->cursor;

	if (!cursor->image && !own->image) {
		return;
	}
	spice_pointer_finish(display);
	own->image = cursor->image ? cursor_copy_image(cursor->image) : NULL;
	if (own->image) {
		/* -1 is unknown; one outside is no use to anybody. */
		own->hot_x_px = CLAMP(cursor->hot_x_px, 0, pixman_image_get_width(own->image) - 1);
		own->hot_y_px = CLAMP(cursor->hot_y_px, 0, pixman_image_get_height(own->image) - 1);
	}
	spice_pointer_again(display);
}

void spice_pointer_move(struct spice_display *display, int32_t x_px, int32_t y_px, bool visible)
{
	struct spice_cursor *own = &display->cursor;
	bool turned = own->visible != visible;

	if (own->x_px == x_px && own->y_px == y_px && !turned) {
		return;
	}
	own->x_px = CLAMP(x_px, -CURSOR_MAX_PX, FB_MAX_SIZE_PX);
	own->y_px = CLAMP(y_px, -CURSOR_MAX_PX, FB_MAX_SIZE_PX);
	own->visible = visible;
	if (turned) {
		spice_pointer_again(display);
	} else if (visible && own->image) {
		spice_commands_cursor_move(&display->commands, own);
		wake(display);
	}
}

void spice_pointer_finish(struct spice_display *display)
{
	if (display->cursor.image) {
		pixman_image_unref(display->cursor.image);
		display->cursor.image = NULL;
	}
}
