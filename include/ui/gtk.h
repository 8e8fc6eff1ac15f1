/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A window on this host by GTK 3, module ui-gtk.so (ui-module.h). It lives on the main thread's
 * GMainContext like everything else. Context: main.
 */
#ifndef UI_GTK_H
#define UI_GTK_H

#include "ui/ui-module.h"

struct gui;

struct gtk_ops {
	/* @spec: the argument of -display, "gtk" or "gtk,KEY=VALUE...". Every console of
	 * @host->displays has a tab, those too that come later, and after them each text console
	 * (chardev/vc.h) of @host->chardev. @host is copied. */
	struct gui *(*create)(const char *spec, const struct ui_host *host, GError **error);
	void (*destroy)(struct gui *gui); /* accepts NULL */
};

#define GTK_OBJECT "-display gtk"
#define GTK_PACKAGE "libgtk-3-0"
#define GTK_BUILD_PACKAGE "libgtk-3-dev"

#endif
