/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev vc: a text console, whose terminal is a tab of a window (ui/gtk/terminal.c).
 *
 * What the front end writes is kept until the terminal reads it, up to VC_OUTPUT_MAX; then the oldest
 * lines go, so that neither a guest that floods it nor the lack of a terminal costs more.
 * Context: main.
 */
#ifndef CHARDEV_VC_H
#define CHARDEV_VC_H

#include "chardev/chardev.h"

#define VC_OUTPUT_MAX (1u << 20)
/* What waits for a front end that doesn't take it, as much as a pipe holds. */
#define VC_INPUT_MAX (64u << 10)

struct vc_ops {
	/* There is something to read. Never from inside a call below. */
	void (*wake)(void *opaque);
};

/* What it was asked to be at first; 0: not asked for. Of each pair both are given, or neither. */
struct vc_size {
	unsigned int cols, rows;
	unsigned int width_px, height_px;
};

/* The text console that @chardev is or that is behind its mux, borrowed; NULL: another kind of back
 * end. What follows is for what it returns. */
struct chardev *vc_of(struct chardev *chardev);
const struct vc_size *vc_size(const struct chardev *chardev);
/* The one terminal, which hears of what was kept too. NULL ops detaches. */
void vc_attach(struct chardev *chardev, const struct vc_ops *ops, void *opaque);
/* Moves up to @len bytes, the oldest first, to @data; returns how many. */
size_t vc_read(struct chardev *chardev, void *data, size_t len);
/* What was typed or pasted, to the front end as it takes it. Returns how many bytes: fewer than @len
 * when VC_INPUT_MAX wait already. */
size_t vc_input(struct chardev *chardev, const void *data, size_t len);

#endif
