// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/gtk/gui.h"
#include "ui/gtk/view.h"
#include "util/trace.h"

static GdkSeat *seat_of(struct gui *gui)
{
	return gdk_display_get_default_seat(gtk_widget_get_display(gui->window));
}

static void changed(struct gui *gui)
{
	struct view *view = gui_view(gui);

	if (view) {
		view_pointer_grabbed(view);
	}
	gui_update_title(gui);
	gui_menu_update(gui);
}

void gui_grab(struct gui *gui, enum grab_reason reason)
{
	struct view *view = gui_view(gui);
	GdkWindow *window = view ? gtk_widget_get_window(view->page.widget) : NULL;
	GdkSeatCapabilities what = reason == GRAB_HOVER ? GDK_SEAT_CAPABILITY_KEYBOARD :
							  GDK_SEAT_CAPABILITY_ALL;
	GdkGrabStatus status;

	if (!window || gui->grab == reason) {
		return;
	}
	status = gdk_seat_grab(seat_of(gui), window, what, FALSE, NULL, NULL, NULL, NULL);
	TRACE(gtk, grab, "reason %d: status %d", (int)reason, (int)status);
	if (status == GDK_GRAB_SUCCESS) {
		gui->grab = reason;
		changed(gui);
	} else {
		gui_menu_update(gui); /* its check mark goes again */
	}
}

void gui_ungrab(struct gui *gui)
{
	if (gui->grab != GRAB_NONE) {
		gdk_seat_ungrab(seat_of(gui));
		gui->grab = GRAB_NONE;
		TRACE(gtk, ungrab, "%s", "");
		changed(gui);
	}
}
