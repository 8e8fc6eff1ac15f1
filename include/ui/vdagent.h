/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vdagent: the host of a guest's spice-vdagent on a -chardev qemu-vdagent, for viewers that aren't
 * SPICE's. The guest's clipboard becomes a peer of ours, and where the agent can move the pointer
 * it is an absolute pointer device. Context: main.
 */
#ifndef UI_VDAGENT_H
#define UI_VDAGENT_H

#include <stdbool.h>

struct chardev;
struct clipboard;
struct display_registry;
struct input_router;
struct vdagent;

struct vdagent_host {
	struct clipboard *clipboard; /* NULL: not shared */
	struct input_router *input; /* NULL: the agent moves no pointer */
	struct display_registry *displays; /* the first one's size is the pointer's */
	/* The machine lock, which the router's handlers are added under; NULL: none, as in tests. */
	void (*lock)(void);
	void (*unlock)(void);
};

/* @chardev has vdagent_chardev_options() and outlives it. @host is copied. */
struct vdagent *vdagent_create(struct chardev *chardev, const struct vdagent_host *host);
/* Accepts NULL. */
void vdagent_destroy(struct vdagent *vdagent);

#endif
