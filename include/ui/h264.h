/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures as H.264, one by one and without delay: module ui-h264.so (ui-module.h).
 * Context: any, one thread at a time for one encoder.
 */
#ifndef UI_H264_H
#define UI_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

struct h264_encoder;

/* Level 5.2, the last one that decoders in hardware have, ends there. */
#define H264_MAX_PIXELS (36864u * 256)
#define H264_MAX_SIDE_PX 4096u
/* A macroblock's. */
#define H264_MIN_SIDE_PX 16u

struct h264_settings {
	unsigned int width_px, height_px; /* even, within the limits above */
	int quality; /* 0 is poor, 9 close to the original */
	int effort; /* 0 is fast, 9 small */
};

struct h264_ops {
	/* NULL and *error: no memory, or the library doesn't want to. */
	struct h264_encoder *(*create)(const struct h264_settings *settings, GError **error);
	/*
	 * Appends one picture as an Annex B stream, decodable as soon as it is there. The first is an
	 * IDR with its parameter sets, each other refers to the one before. Colours are BT.601's in
	 * the limited range, 4:2:0, which the stream says too. False and *error: the encoder is good
	 * for nothing but destroy(), and @out is as it was.
	 */
	bool (*encode)(struct h264_encoder *encoder, const uint32_t *pixels /* XRGB8888 */,
		       size_t stride_px, GByteArray *out, GError **error);
	/* Accepts NULL. */
	void (*destroy)(struct h264_encoder *encoder);
};

#define H264_PACKAGE "libx264-164"
#define H264_BUILD_PACKAGE "libx264-dev"

#endif
