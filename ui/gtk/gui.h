/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gui: the window, and what its parts share.
 *
 *   gui.c        life: the toolkit, the window, tabs; the module's entry
 *   options.c    the argument of -display gtk
 *   menu.c       the menu bar and its keys
 *   keyboard.c   keys to evdev codes
 *   grab.c       pointer and keyboard kept by the window
 *   view.h       a console as a tab: sinks, size, pointer, cursor
 *   terminal.c   a text console (-chardev vc) as a tab
 *   painter.h    how pictures get on the screen
 *   echo.h       how far the display has got
 *   geometry.h   where in the window they are
 *
 * Context: main.
 */
#ifndef UI_GTK_GUI_H
#define UI_GTK_GUI_H

#include <gtk/gtk.h>

#include "ui/gtk.h"
#include "ui/gtk/options.h"

struct chardev;
struct echo;
struct gl_shared;
struct gui_menu;
struct view;
struct vte_ops;

/* A tab. Embedded in what shows it. */
struct page {
	const struct page_ops *ops;
	GtkWidget *widget; /* what the notebook holds */
	GtkWidget *focus; /* what of it has the keyboard */
	char *label;
};

struct page_ops {
	/* Mandatory. Its widget is taken out of the notebook already. */
	void (*destroy)(struct page *page);
	/* Mandatory. The view that it is, or NULL. */
	struct view *(*view)(struct page *page);
	/* Mandatory. It comes to the front, or the window's bars come or go: the window is to be as
	 * it needs it. */
	void (*fit)(struct page *page);
	/* Mandatory. A step larger (1) or smaller (-1), or as large as it is by nature (0). */
	void (*zoom)(struct page *page, int direction);
	/* Of a page with text: what is selected to the clipboard, and the clipboard typed. Both or
	 * neither. */
	void (*copy)(struct page *page);
	void (*paste)(struct page *page);
};

enum grab_reason {
	GRAB_NONE,
	GRAB_WANTED, /* by menu or key */
	GRAB_CLICK, /* a click on a guest with a relative mouse */
	GRAB_HOVER, /* grab-on-hover: the keyboard alone, while the pointer is there */
};

struct gui {
	struct ui_host host;
	struct gui_options options;
	GtkWidget *window, *bar, *notebook;
	struct gui_menu *menu;
	struct echo *echo; /* after the title; NULL: no display that answers */
	bool title_sent, title_waits;
	struct gl_shared *gl; /* what the painters of one display share, or NULL; see painter-gl.h */
	const struct vte_ops *vte_ops; /* the loaded module; NULL: there are no terminals */
	GPtrArray *pages; /* of struct page *, as the notebook has them */
	bool full_screen, iconified;
	bool warned; /* that pictures are copied */
	enum grab_reason grab;
	uint8_t keys[96]; /* bits of evdev codes that went down here */
	guint look; /* GSource that shows consoles which have come, or 0 */
	bool closing;
};

/* ---- gui.c ---- */
/* The tab in front; NULL: there is none. */
struct page *gui_page(struct gui *gui);
/* Its view; NULL: none, or it isn't one. */
struct view *gui_view(struct gui *gui);
void gui_show_page(struct gui *gui, guint index);
/* Makes the window as large as it takes for @area, in the page that is in front, to have this size;
 * until the caller says otherwise @area can't be made smaller. */
void gui_fit_area(struct gui *gui, GtkWidget *area, int width, int height);
void gui_set_full_screen(struct gui *gui, bool on);
/* Menu bar and tabs come or go as the options say. */
void gui_show_bars(struct gui *gui);
/* Name, run state and how to get the pointer back. */
void gui_update_title(struct gui *gui);
/* Something that a person did didn't work. */
void gui_report(struct gui *gui, const char *message);
/* Asks for a file and writes the tab's picture to it. */
void gui_save_screenshot(struct gui *gui);
/* Once: GL was asked for and can't be had, or not for everything. */
void gui_warn_copied(struct gui *gui, const char *cause);

/* ---- menu.c ---- */
/* The bar, to be put into the window. */
GtkWidget *gui_menu_create(struct gui *gui);
/* The menu no longer acts; its widgets go with the window. */
void gui_menu_destroy(struct gui *gui);
/* Tabs have come or gone. */
void gui_menu_set_pages(struct gui *gui);
/* Check marks follow the state. */
void gui_menu_update(struct gui *gui);

/* ---- keyboard.c ---- */
/* True: the event was used. */
bool gui_key(struct gui *gui, GdkEventKey *event);
/* Keys that are down for the guest go up. */
void gui_keys_release(struct gui *gui);

/* ---- terminal.c ---- */
/* @vc (chardev/vc.h) as a tab; gui->vte_ops is there. */
struct page *terminal_page_create(struct gui *gui, struct chardev *vc);

/* ---- grab.c ---- */
void gui_grab(struct gui *gui, enum grab_reason reason);
/* Accepts no grab. */
void gui_ungrab(struct gui *gui);

#endif
