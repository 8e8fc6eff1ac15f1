/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A viewer's side of RFB_ENCODING_OPEN_H264, by libavcodec: a decoder for each rectangle. */
#ifndef TESTS_UNIT_VNC_H264_H
#define TESTS_UNIT_VNC_H264_H

#include <libavcodec/avcodec.h>

#include "vnc-decode.h"

/* A client has to have so many. */
#define H264_CONTEXTS 64

struct h264_context {
	unsigned int x, y, w, h;
	AVCodecContext *codec; /* NULL: free */
	unsigned int pictures; /* since its reset */
};

struct h264_decoder {
	struct h264_context contexts[H264_CONTEXTS];
	AVPacket *packet;
	AVFrame *frame;
	unsigned int pictures, resets; /* of all */
	uint64_t bytes;
};

static inline void h264_forget(struct h264_context *context)
{
	avcodec_free_context(&context->codec);
	memset(context, 0, sizeof(*context));
}

static inline void h264_forget_all(struct h264_decoder *h)
{
	for (unsigned int i = 0; i < H264_CONTEXTS; i++) {
		h264_forget(&h->contexts[i]);
	}
}

static inline struct h264_decoder *h264_decoder_new(void)
{
	struct h264_decoder *h = g_new0(struct h264_decoder, 1);

	av_log_set_level(AV_LOG_ERROR);
	h->packet = av_packet_alloc();
	h->frame = av_frame_alloc();
	return h;
}

static inline void h264_decoder_free(struct h264_decoder *h)
{
	h264_forget_all(h);
	av_packet_free(&h->packet);
	av_frame_free(&h->frame);
	g_free(h);
}

/* The context of a rectangle; a new one where there was none. */
static inline struct h264_context *h264_context_of(struct h264_decoder *h, unsigned int x,
						   unsigned int y, unsigned int w, unsigned int height)
{
	struct h264_context *unused = NULL;

	for (unsigned int i = 0; i < H264_CONTEXTS; i++) {
		struct h264_context *context = &h->contexts[i];

		if (!context->codec) {
			unused = context;
		} else if (context->x == x && context->y == y && context->w == w &&
			   context->h == height) {
			return context;
		}
	}
	g_assert_nonnull(unused);
	*unused = (struct h264_context){ x, y, w, height, NULL, 0 };
	unused->codec = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	unused->codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
	unused->codec->thread_count = 1;
	unused->codec->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
	g_assert_cmpint(avcodec_open2(unused->codec, NULL, NULL), ==, 0);
	return unused;
}

static inline uint32_t h264_pixel(const AVFrame *frame, unsigned int x, unsigned int y)
{
	double l = 1.164383 * (frame->data[0][y * (unsigned int)frame->linesize[0] + x] - 16);
	int u = frame->data[1][y / 2 * (unsigned int)frame->linesize[1] + x / 2] - 128;
	int v = frame->data[2][y / 2 * (unsigned int)frame->linesize[2] + x / 2] - 128;
	double r = l + 1.596027 * v, g = l - 0.391762 * u - 0.812968 * v, b = l + 2.017232 * u;

	return (uint32_t)(CLAMP(r, 0, 255) + 0.5) << 16 | (uint32_t)(CLAMP(g, 0, 255) + 0.5) << 8 |
	       (uint32_t)(CLAMP(b, 0, 255) + 0.5);
}

/* The decoder's @other. Each rectangle is a picture that can be seen at once. */
static inline bool h264_decode(struct decoder *d, struct h264_decoder *h, unsigned int x, unsigned int y,
			       unsigned int w, unsigned int height)
{
	uint32_t len = take_u32(d), flags = take_u32(d);
	struct h264_context *context;

	g_assert_cmphex(flags & ~3u, ==, 0);
	if (flags & RFB_H264_RESET_ALL_CONTEXTS) {
		h264_forget_all(h);
	}
	context = h264_context_of(h, x, y, w, height);
	if (flags & RFB_H264_RESET_CONTEXT) {
		h264_forget(context);
		context = h264_context_of(h, x, y, w, height);
	}
	/* A stream begins where the server says so, and nowhere else. */
	g_assert_true((context->pictures == 0) == (flags != 0));
	h->resets += flags != 0;
	g_assert_cmpint(av_new_packet(h->packet, (int)len), ==, 0);
	memcpy(h->packet->data, d->take(d->opaque, len), len);
	g_assert_cmpint(avcodec_send_packet(context->codec, h->packet), ==, 0);
	av_packet_unref(h->packet);
	g_assert_cmpint(avcodec_receive_frame(context->codec, h->frame), ==, 0);
	g_assert_cmpint(h->frame->width, ==, (int)w);
	g_assert_cmpint(h->frame->height, ==, (int)height);
	g_assert_cmpint(h->frame->format, ==, AV_PIX_FMT_YUV420P);
	g_assert_cmpint(h->frame->key_frame, ==, context->pictures == 0);
	g_assert_cmpint(h->frame->pict_type, ==,
			context->pictures == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_P);
	g_assert_cmpint(h->frame->colorspace, ==, AVCOL_SPC_SMPTE170M);
	g_assert_cmpint(h->frame->color_range, ==, AVCOL_RANGE_MPEG);
	context->pictures++;
	h->pictures++;
	h->bytes += len;
	for (unsigned int j = 0; j < height; j++) {
		for (unsigned int i = 0; i < w; i++) {
			*pixel_at(d, x + i, y + j) = h264_pixel(h->frame, i, j);
		}
	}
	av_frame_unref(h->frame);
	return true;
}

#endif
