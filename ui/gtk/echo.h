/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * echo: a question behind all that a display was sent, and its answer: it has taken all of that.
 *
 * Who sends no more before the answer never fills the socket of a display that doesn't read, which
 * would stop the main thread (X) or end the program (Wayland). Context: main.
 */
#ifndef UI_GTK_ECHO_H
#define UI_GTK_ECHO_H

#include <gtk/gtk.h>
#include <stdbool.h>

struct echo;

/* @widget is realized. NULL: this kind of display answers nothing. */
struct echo *echo_create(GtkWidget *widget, void (*heard)(void *opaque), void *opaque);
/* True: a question was under way, whose answer will never be heard. Accepts NULL. */
bool echo_destroy(struct echo *echo);
/* True: heard() follows, once for each that is true. False: one is under way, or @echo is NULL. */
bool echo_ask(struct echo *echo);

#endif
