/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terminals by VTE, module ui-vte.so (ui-module.h), for windows by GTK: each shows a text console
 * (chardev/vc.h). Context: main.
 */
#ifndef UI_VTE_H
#define UI_VTE_H

#include <gtk/gtk.h>

#include "ui/ui-module.h"

struct chardev;

struct terminal {
	GtkWidget *widget; /* with its scroll bar; not shown by the maker */
	GtkWidget *focus; /* what of it takes keys */
};

struct vte_ops {
	/* @vc outlives it. @window, whose frame clock feeds it, too. @object begins warnings. */
	struct terminal *(*create)(struct chardev *vc, GtkWidget *window, const char *object);
	/* Its widget goes too. */
	void (*destroy)(struct terminal *terminal);
	/* What its widget then wishes to be, as its natural size. */
	void (*set_size)(struct terminal *terminal, unsigned int cols, unsigned int rows);
	double (*font_scale)(struct terminal *terminal);
	void (*set_font_scale)(struct terminal *terminal, double scale); /* 0.25 to 4 */
	/* What is selected to the clipboard, and the clipboard typed. Ctrl-Shift-C and -V do so too. */
	void (*copy)(struct terminal *terminal);
	void (*paste)(struct terminal *terminal);
};

#define VTE_PACKAGE "libvte-2.91-0"
#define VTE_BUILD_PACKAGE "libvte-2.91-dev"

#endif
