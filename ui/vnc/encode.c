// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/vnc/bytes.h"
#include "ui/vnc/deflater.h"
#include "ui/vnc/encode.h"
#include "ui/vnc/jpeg.h"

/* A region in more pieces costs more in headers and in flushes than it saves in pixels. */
#define MAX_BOXES 256
/* The grid that such a region is rounded out to. */
#define COARSE_PX 64
#define BLACK 0xff000000u

struct encoder {
	struct deflater zlib, zrle, tight_streams[TIGHT_STREAMS];
	struct tight tight;
	struct h264_stream h264;
	pixman_region32_t lossy; /* in the last update */
	/* A piece with the cursor in it, or at the border. */
	uint32_t *scratch;
	size_t scratch_px;
};

struct encoder *encoder_create(void)
{
	struct encoder *encoder = g_new0(struct encoder, 1);

	encoder->tight.streams = encoder->tight_streams;
	pixman_region32_init(&encoder->lossy);
	return encoder;
}

void encoder_destroy(struct encoder *encoder)
{
	if (encoder) {
		deflater_finish(&encoder->zlib);
		deflater_finish(&encoder->zrle);
		for (int i = 0; i < TIGHT_STREAMS; i++) {
			deflater_finish(&encoder->tight_streams[i]);
		}
		jpeg_writer_destroy(encoder->tight.jpeg);
		h264_stream_finish(&encoder->h264);
		pixman_region32_fini(&encoder->lossy);
		g_free(encoder->scratch);
		g_free(encoder);
	}
}

bool encoder_knows(int32_t encoding)
{
	return encoding == RFB_ENCODING_RAW || encoding == RFB_ENCODING_HEXTILE ||
	       encoding == RFB_ENCODING_ZLIB || encoding == RFB_ENCODING_TIGHT ||
	       encoding == RFB_ENCODING_ZRLE;
}

const pixman_region32_t *encoder_lossy(const struct encoder *encoder)
{
	return &encoder->lossy;
}

static void add_lossy(struct encoder *encoder, const pixman_box32_t *box)
{
	pixman_region32_union_rect(&encoder->lossy, &encoder->lossy, box->x1, box->y1,
				   (unsigned int)(box->x2 - box->x1),
				   (unsigned int)(box->y2 - box->y1));
}

void encode_rect_header(GByteArray *out, unsigned int x, unsigned int y, unsigned int w,
			unsigned int h, int32_t encoding)
{
	uint8_t *p = bytes_extend(out, 12);

	bytes_set_u16(p, x);
	bytes_set_u16(p + 2, y);
	bytes_set_u16(p + 4, w);
	bytes_set_u16(p + 6, h);
	bytes_set_u32(p + 8, (uint32_t)encoding);
}

static bool boxes_meet(const pixman_box32_t *a, const pixman_box32_t *b)
{
	return a->x1 < b->x2 && b->x1 < a->x2 && a->y1 < b->y2 && b->y1 < a->y2;
}

/* The pixels from @x, @y on, which lie inside the picture. */
static const uint32_t *pixels_at(const struct encode_source *source, int x, int y)
{
	return pixel_view_row(&source->view, (unsigned int)y - source->first_y_px) +
	       ((unsigned int)x - source->first_x_px);
}

/* Draws what a client without a cursor of its own sees of @box into the scratch memory. */
static bool compose(struct encoder *encoder, const struct encode_source *source,
		    const pixman_box32_t *box, struct pixel_view *view)
{
	int w = box->x2 - box->x1, h = box->y2 - box->y1;
	size_t area = (size_t)w * (size_t)h;
	int inside_w = CLAMP((int)source->view.w - box->x1, 0, w);
	int inside_h = CLAMP((int)source->view.h - box->y1, 0, h);

	if (encoder->scratch_px < area) {
		g_free(encoder->scratch);
		encoder->scratch = g_try_new(uint32_t, area);
		encoder->scratch_px = encoder->scratch ? area : 0;
		if (!encoder->scratch) {
			return false;
		}
	}
	for (int y = 0; y < h; y++) {
		uint32_t *row = encoder->scratch + (size_t)y * (size_t)w;
		int x = 0;

		if (y < inside_h && inside_w > 0) {
			memcpy(row, pixels_at(source, box->x1, box->y1 + y), (size_t)inside_w * 4);
			x = inside_w;
		}
		for (; x < w; x++) {
			row[x] = BLACK;
		}
	}
	if (source->cursor) {
		pixman_image_t *image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, w, h,
									  encoder->scratch, w * 4);

		if (!image) {
			return false;
		}
		pixman_image_composite32(PIXMAN_OP_OVER, source->cursor, NULL, image, 0, 0, 0, 0,
					 source->cursor_x_px - box->x1,
					 source->cursor_y_px - box->y1,
					 pixman_image_get_width(source->cursor),
					 pixman_image_get_height(source->cursor));
		pixman_image_unref(image);
		/* X stays 0xff everywhere: encoders compare whole words. */
		for (size_t i = 0; i < area; i++) {
			encoder->scratch[i] |= BLACK;
		}
	}
	*view = (struct pixel_view){ encoder->scratch, (size_t)w, (unsigned int)w,
				     (unsigned int)h };
	return true;
}

/* The pixels of @box: the picture's own where that is all there is to see. */
static bool get_view(struct encoder *encoder, const struct encode_source *source,
		     const pixman_box32_t *box, struct pixel_view *view)
{
	bool inside = (uint32_t)box->x2 <= source->view.w && (uint32_t)box->y2 <= source->view.h;

	if (source->cursor) {
		pixman_box32_t cursor = {
			source->cursor_x_px, source->cursor_y_px,
			source->cursor_x_px + pixman_image_get_width(source->cursor),
			source->cursor_y_px + pixman_image_get_height(source->cursor),
		};

		inside = inside && !boxes_meet(box, &cursor);
	}
	if (!inside) {
		return compose(encoder, source, box, view);
	}
	*view = (struct pixel_view){
		.pixels = pixels_at(source, box->x1, box->y1),
		.stride_px = source->view.stride_px,
		.w = (unsigned int)(box->x2 - box->x1), .h = (unsigned int)(box->y2 - box->y1),
	};
	return true;
}

/* zlib takes 200 ns a pixel of a photograph and leaves 60 % of it, a copy takes 0.3 ns. */
static bool raw_is_better(const struct encode_settings *settings, const struct pixel_view *view)
{
	struct palette palette;

	return settings->fast_link && settings->jpeg_quality == 0 &&
	       settings->encoding != RFB_ENCODING_HEXTILE &&
	       !palette_build(&palette, view, PALETTE_MAX);
}

static bool encode_box(struct encoder *encoder, const struct encode_settings *settings,
		       const struct encode_source *source, const pixman_box32_t *box,
		       GByteArray *out)
{
	int32_t encoding = settings->encoding;
	struct pixel_view view;

	if (!get_view(encoder, source, box, &view)) {
		return false;
	}
	if (raw_is_better(settings, &view)) {
		encoding = RFB_ENCODING_RAW;
	}
	encode_rect_header(out, (unsigned int)box->x1, (unsigned int)box->y1, view.w, view.h,
			   encoding);
	switch (encoding) {
	case RFB_ENCODING_HEXTILE:
		encode_hextile(settings, &view, out);
		return true;
	case RFB_ENCODING_ZLIB:
		return encode_zlib(&encoder->zlib, settings, &view, out);
	case RFB_ENCODING_ZRLE:
		return encode_zrle(&encoder->zrle, settings, &view, out);
	case RFB_ENCODING_TIGHT:
		if (!encode_tight(&encoder->tight, settings, &view, out)) {
			return false;
		}
		if (encoder->tight.sent_jpeg) {
			add_lossy(encoder, box);
		}
		return true;
	default:
		encode_raw(settings, &view, out);
		return true;
	}
}

/* Cuts @box into pieces of at most @side; returns how many. */
static unsigned int encode_pieces(struct encoder *encoder, const struct encode_settings *settings,
				  const struct encode_source *source, const pixman_box32_t *box,
				  int side, GByteArray *out, bool *ok)
{
	unsigned int count = 0;

	for (int y = box->y1; y < box->y2 && *ok; y += side) {
		for (int x = box->x1; x < box->x2 && *ok; x += side) {
			pixman_box32_t piece = { x, y, MIN(x + side, box->x2),
						 MIN(y + side, box->y2) };

			*ok = encode_box(encoder, settings, source, &piece, out);
			count++;
		}
	}
	return count;
}

/* @region rounded out to the coarse grid. */
static void round_out(pixman_region32_t *region)
{
	pixman_region32_t coarse;
	int count;
	const pixman_box32_t *boxes = pixman_region32_rectangles(region, &count);

	pixman_region32_init(&coarse);
	for (int i = 0; i < count; i++) {
		int x1 = boxes[i].x1 / COARSE_PX * COARSE_PX;
		int y1 = boxes[i].y1 / COARSE_PX * COARSE_PX;
		int x2 = (boxes[i].x2 + COARSE_PX - 1) / COARSE_PX * COARSE_PX;
		int y2 = (boxes[i].y2 + COARSE_PX - 1) / COARSE_PX * COARSE_PX;

		pixman_region32_union_rect(&coarse, &coarse, x1, y1, (unsigned int)(x2 - x1),
					   (unsigned int)(y2 - y1));
	}
	pixman_region32_copy(region, &coarse);
	pixman_region32_fini(&coarse);
}

void encode_limit_region(pixman_region32_t *region, unsigned int width_px,
			 unsigned int height_px)
{
	if (pixman_region32_n_rects(region) > MAX_BOXES) {
		round_out(region);
	}
	if (pixman_region32_n_rects(region) > MAX_BOXES) {
		pixman_box32_t box = *pixman_region32_extents(region);

		pixman_region32_fini(region);
		pixman_region32_init_with_extents(region, &box);
	}
	pixman_region32_intersect_rect(region, region, 0, 0, width_px, height_px);
}

/* The largest pieces that a box is cut into. */
static int piece_side(const struct encode_settings *settings)
{
	bool by_piece = settings->encoding == RFB_ENCODING_TIGHT ||
			(settings->fast_link && (settings->encoding == RFB_ENCODING_ZLIB ||
						 settings->encoding == RFB_ENCODING_ZRLE));

	return by_piece ? TIGHT_MAX_SIDE_PX : G_MAXINT16;
}

/* False: what was to be video must go as the rest does. */
static bool encode_video(struct encoder *encoder, const struct encode_settings *settings,
			 const struct encode_source *source, GByteArray *out)
{
	guint start = out->len;
	struct pixel_view view;

	if (settings->video.x1 == settings->video.x2 ||
	    !get_view(encoder, source, &settings->video, &view)) {
		return false;
	}
	encode_rect_header(out, (unsigned int)settings->video.x1, (unsigned int)settings->video.y1,
			   view.w, view.h, RFB_ENCODING_OPEN_H264);
	if (!encode_h264(&encoder->h264, settings, &view, out)) {
		g_byte_array_set_size(out, start);
		return false;
	}
	add_lossy(encoder, &settings->video);
	return true;
}

/* All of @region in settings->encoding. */
static bool encode_region(struct encoder *encoder, const struct encode_settings *settings,
			  const struct encode_source *source, const pixman_region32_t *region,
			  GByteArray *out, unsigned int *rects)
{
	int count, side = piece_side(settings);
	const pixman_box32_t *boxes =
		pixman_region32_rectangles((pixman_region32_t *)region, &count);
	bool ok = true;

	for (int i = 0; i < count && ok; i++) {
		*rects += encode_pieces(encoder, settings, source, &boxes[i], side, out, &ok);
	}
	return ok;
}

/* The same with settings->exact. */
static bool encode_rest(struct encoder *encoder, const struct encode_settings *settings,
			const struct encode_source *source, const pixman_region32_t *region,
			GByteArray *out, unsigned int *rects)
{
	struct encode_settings lossless = *settings;
	pixman_region32_t *all = (pixman_region32_t *)region;
	pixman_region32_t *exact = (pixman_region32_t *)settings->exact;
	pixman_region32_t part;
	bool ok;

	if (!exact) {
		return encode_region(encoder, settings, source, region, out, rects);
	}
	lossless.jpeg_quality = 0;
	pixman_region32_init(&part);
	pixman_region32_subtract(&part, all, exact);
	ok = encode_region(encoder, settings, source, &part, out, rects);
	pixman_region32_intersect(&part, all, exact);
	ok = ok && encode_region(encoder, &lossless, source, &part, out, rects);
	pixman_region32_fini(&part);
	return ok;
}

bool encode_update(struct encoder *encoder, const struct encode_settings *settings,
		   const struct encode_source *source, const pixman_region32_t *region,
		   GByteArray *out)
{
	guint start = out->len;
	unsigned int rects = 0;
	bool ok;

	g_assert(pixman_region32_n_rects((pixman_region32_t *)region) <= MAX_BOXES);
	bytes_add_u8(out, RFB_SERVER_UPDATE);
	bytes_add_u8(out, 0);
	bytes_add_u16(out, 0);
	if (!settings->h264) {
		h264_stream_finish(&encoder->h264);
	}
	pixman_region32_clear(&encoder->lossy);
	if (encode_video(encoder, settings, source, out)) {
		pixman_region32_t video, rest;

		pixman_region32_init_with_extents(&video, (pixman_box32_t *)&settings->video);
		pixman_region32_init(&rest);
		pixman_region32_subtract(&rest, (pixman_region32_t *)region, &video);
		rects = 1;
		ok = encode_rest(encoder, settings, source, &rest, out, &rects);
		pixman_region32_fini(&rest);
		pixman_region32_fini(&video);
	} else {
		ok = encode_rest(encoder, settings, source, region, out, &rects);
	}
	/* 256 boxes of the largest screen stay far below: 64 x 64 pieces of 256 pixels, and each
	 * box adds its border. */
	g_assert(!ok || rects <= G_MAXUINT16);
	if (ok) {
		bytes_set_u16(out->data + start + 2, rects);
	}
	return ok;
}
