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

/* Who makes a terminal. */
struct terminal_host {
	const char *object; /* begins warnings */
	GtkWidget *window; /* its frame clock feeds the terminal */
	/* The terminal has new output to draw. True: no more of it before resume(). */
	bool (*fed)(void *opaque);
	void *opaque;
};

struct vte_ops {
	/* @vc and @host, which is kept, outlive it. */
	struct terminal *(*create)(struct chardev *vc, const struct terminal_host *host);
	/* Its widget goes too. */
	void (*destroy)(struct terminal *terminal);
	/* fed() said to wait, and it needn't any more. */
	void (*resume)(struct terminal *terminal);
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
