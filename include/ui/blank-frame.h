/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture that viewers see while the guest shows none: the reason. Context: main. */
#ifndef UI_BLANK_FRAME_H
#define UI_BLANK_FRAME_H

#include "ui/fb.h"

/* For viewers that come before there was ever a picture. */
#define BLANK_WIDTH_PX 800
#define BLANK_HEIGHT_PX 600

/* @text centred on a dark ground, broken between words. NULL: no memory. The caller owns it. */
struct frame *blank_frame_create(const char *text, uint32_t width_px, uint32_t height_px);

#endif
