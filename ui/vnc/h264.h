/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server's H.264: the module, loaded when a client could use it, tested when one does, and off
 * for good when it fails, so that a broken library costs an encoding and no picture.
 */
#ifndef UI_VNC_H264_H
#define UI_VNC_H264_H

#include "ui/h264.h"

struct vnc_h264 {
	const struct h264_ops *ops; /* NULL: there is none, or nobody has looked */
	bool looked, reported;
	GMutex lock; /* of the rest */
	bool tested;
	char *failure; /* why it is off, or NULL */
};

void vnc_h264_init(struct vnc_h264 *h264);
void vnc_h264_finish(struct vnc_h264 *h264);
/* Looks for the module, once. False: there is none, or it has failed. Context: main. */
bool vnc_h264_is_there(struct vnc_h264 *h264);
/* Tests it, once. False: it can't be used. Context: any. */
bool vnc_h264_works(struct vnc_h264 *h264);
/* It is off from now on. Context: any. */
void vnc_h264_failed(struct vnc_h264 *h264, const char *why);
/* Says that it is off, once; returns whether it is. Context: main. */
bool vnc_h264_report(struct vnc_h264 *h264);

#endif
