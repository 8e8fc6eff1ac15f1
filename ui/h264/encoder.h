/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module's ops, for tests that are linked with its parts. */
#ifndef UI_H264_ENCODER_H
#define UI_H264_ENCODER_H

#include "ui/h264.h"

extern const struct h264_ops h264_x264_ops;

#endif
