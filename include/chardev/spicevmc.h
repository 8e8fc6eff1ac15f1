/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back ends whose other end is inside this program, and fetches what the front end writes:
 * -chardev spicevmc, a channel of the SPICE server's, and -chardev qemu-vdagent, our own host of
 * the guest's agent (ui/vdagent). Context: main.
 */
#ifndef CHARDEV_SPICEVMC_H
#define CHARDEV_SPICEVMC_H

#include "chardev/chardev.h"

struct spicevmc_ops {
	/* Somebody at the front end (a guest's agent) listens, or does no more. */
	void (*front_open)(void *opaque, bool open);
	/* The front end has written, or has room again. Never from inside a call below. */
	void (*wake)(void *opaque);
};

struct vdagent_options {
	bool clipboard, mouse;
};

/* Its name= ("vdagent"), or NULL: another kind of back end. */
const char *spicevmc_name(const struct chardev *chardev);
/* Of a qemu-vdagent, or NULL: another kind. What follows is for both. */
const struct vdagent_options *vdagent_chardev_options(const struct chardev *chardev);
/* NULL ops detaches. front_open(true) comes at once if somebody listens already. */
void spicevmc_attach(struct chardev *chardev, const struct spicevmc_ops *ops, void *opaque);
/* The server's end is connected. */
void spicevmc_set_connected(struct chardev *chardev, bool connected);
/* Moves up to @len bytes from, or to, the front end; returns how many. */
size_t spicevmc_read(struct chardev *chardev, void *data, size_t len);
size_t spicevmc_write(struct chardev *chardev, const void *data, size_t len);

#endif
