/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The argument of -display gtk. */
#ifndef UI_GTK_OPTIONS_H
#define UI_GTK_OPTIONS_H

#include <stdbool.h>
#include <glib.h>

enum gui_gl { GUI_GL_OFF, GUI_GL_ON, GUI_GL_ES };

struct gui_options {
	enum gui_gl gl;
	bool full_screen, show_cursor, show_tabs, show_menubar, window_close, grab_on_hover;
	bool keep_aspect_ratio;
	bool zoom_given, zoom_to_fit; /* not given: as fits the console */
	double scale; /* zoom to begin with; 0: none was asked for */
};

/* @spec: "gtk" or "gtk,KEY=VALUE...". */
bool gui_options_parse(struct gui_options *options, const char *spec, GError **error);

#endif
