/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encodings: a region of a picture in, the bytes of an RFB update out. One file each; encode.c
 * chooses. A client has one encoder, because zlib streams run on from update to update.
 * Context: any, one thread at a time for one encoder.
 */
#ifndef UI_VNC_ENCODE_H
#define UI_VNC_ENCODE_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <pixman.h>

#include "ui/vnc/palette.h"
#include "ui/vnc/pixel.h"
#include "ui/vnc/rfb.h"

struct vnc_h264;

/* What a client wants; copied for each update, since it may change its mind meanwhile. */
struct encode_settings {
	struct pixel_converter converter;
	int32_t encoding; /* RFB_ENCODING_RAW, _HEXTILE, _ZLIB, _TIGHT or _ZRLE */
	int compress_level; /* 0..9 */
	int jpeg_quality; /* 1..100, or 0: nothing lossy */
	/* The network is faster than zlib is with a photograph: pieces of many colours go raw. */
	bool fast_link;
	/* NULL: what H.264 has in memory goes. */
	struct vnc_h264 *h264;
	/* Of the screen; goes as one picture of H.264 (x1 == x2: nothing does). The encoding above is
	 * for the rest, and for all of it where H.264 fails. */
	pixman_box32_t video;
	int video_quality; /* 0..9 */
	/* Of the rest, what goes without JPEG all the same; NULL: nothing. */
	const pixman_region32_t *exact;
};

struct encoder;

struct encoder *encoder_create(void);
void encoder_destroy(struct encoder *encoder);
/* True for the encodings above. */
bool encoder_knows(int32_t encoding);

/* A picture: pixels, and a cursor to be drawn over them for a client that can't draw one. */
struct encode_source {
	/* w and h are the picture's; the first of its pixels here is the one at first_x, first_y,
	 * and no other than the region's are read. */
	struct pixel_view view;
	unsigned int first_x_px, first_y_px;
	/* The client's screen may be larger than the picture: the rest is black. */
	unsigned int width_px, height_px;
	pixman_image_t *cursor; /* a8r8g8b8 premultiplied, or NULL */
	int cursor_x_px, cursor_y_px;
};

/* Rounds a region of very many pieces out to fewer, inside width_px x height_px: each piece costs a
 * header and a flush. */
void encode_limit_region(pixman_region32_t *region, unsigned int width_px,
			 unsigned int height_px);

/*
 * Appends one whole FramebufferUpdate message with @region (which isn't empty, has been through
 * encode_limit_region and contains settings->video). False: no memory; @out is then to be thrown
 * away, and the encoder with it.
 */
bool encode_update(struct encoder *encoder, const struct encode_settings *settings,
		   const struct encode_source *source, const pixman_region32_t *region,
		   GByteArray *out);

/* What went lossy in the last update, as H.264 or JPEG. */
const pixman_region32_t *encoder_lossy(const struct encoder *encoder);

/* Header of a rectangle. */
void encode_rect_header(GByteArray *out, unsigned int x, unsigned int y, unsigned int w,
			unsigned int h, int32_t encoding);

/* ---- one rectangle each, for encode.c ---- */
struct deflater;
struct h264_encoder;
struct h264_ops;
struct jpeg_writer;

void encode_raw(const struct encode_settings *settings, const struct pixel_view *view,
		GByteArray *out);
void encode_hextile(const struct encode_settings *settings, const struct pixel_view *view,
		    GByteArray *out);
bool encode_zlib(struct deflater *deflater, const struct encode_settings *settings,
		 const struct pixel_view *view, GByteArray *out);
bool encode_zrle(struct deflater *deflater, const struct encode_settings *settings,
		 const struct pixel_view *view, GByteArray *out);

/* tight chooses among these streams by what a piece holds. */
#define TIGHT_STREAMS 3
struct tight {
	struct deflater *streams; /* TIGHT_STREAMS of them */
	struct jpeg_writer *jpeg;
	bool sent_jpeg; /* the last piece */
};
/* Largest piece that encode_tight() takes: decoders hold a line of 2048 pixels at most, and a
 * small piece is more often of few colours. */
#define TIGHT_MAX_SIDE_PX 256
/* Of a client's level 0..9. */
int tight_jpeg_quality(int level);
bool encode_tight(struct tight *tight, const struct encode_settings *settings,
		  const struct pixel_view *view, GByteArray *out);

/* The client's decoder and its counterpart here; all zero: none. */
struct h264_stream {
	const struct h264_ops *ops;
	struct h264_encoder *encoder; /* or NULL */
	pixman_box32_t box;
	int quality, effort;
};
void h264_stream_finish(struct h264_stream *stream);
/* @view is settings->video. False: it can't be used, and @out is as it was. */
bool encode_h264(struct h264_stream *stream, const struct encode_settings *settings,
		 const struct pixel_view *view, GByteArray *out);

#endif
