// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RFB_ENCODING_OPEN_H264 (community's rfbproto): length, flags, and a stream of its own for each
 * rectangle. There is one at a time: a new one makes the client forget the others.
 */
#include "ui/vnc/bytes.h"
#include "ui/vnc/encode.h"
#include "ui/vnc/h264.h"
#include "util/error.h"

void h264_stream_finish(struct h264_stream *stream)
{
	if (stream->encoder) {
		stream->ops->destroy(stream->encoder);
		stream->encoder = NULL;
	}
}

static bool is_for(const struct h264_stream *stream, const struct encode_settings *settings)
{
	const pixman_box32_t *old = &stream->box, *new = &settings->video;

	return stream->encoder && old->x1 == new->x1 && old->y1 == new->y1 && old->x2 == new->x2 &&
	       old->y2 == new->y2 && stream->quality == settings->video_quality &&
	       stream->effort == settings->compress_level;
}

static bool start(struct h264_stream *stream, const struct encode_settings *settings,
		  GError **error)
{
	const struct h264_settings wanted = {
		.width_px = (unsigned int)(settings->video.x2 - settings->video.x1),
		.height_px = (unsigned int)(settings->video.y2 - settings->video.y1),
		.quality = settings->video_quality, .effort = settings->compress_level,
	};

	h264_stream_finish(stream);
	stream->ops = settings->h264->ops;
	stream->box = settings->video;
	stream->quality = settings->video_quality;
	stream->effort = settings->compress_level;
	stream->encoder = stream->ops->create(&wanted, error);
	return stream->encoder != NULL;
}

bool encode_h264(struct h264_stream *stream, const struct encode_settings *settings,
		 const struct pixel_view *view, GByteArray *out)
{
	g_autoptr(GError) error = NULL;
	uint32_t flags = 0;
	guint begin = out->len;

	if (!vnc_h264_works(settings->h264)) {
		return false;
	}
	if (!is_for(stream, settings)) {
		flags = RFB_H264_RESET_CONTEXT | RFB_H264_RESET_ALL_CONTEXTS;
		if (!start(stream, settings, &error)) {
			vnc_h264_failed(settings->h264, error->message);
			return false;
		}
	}
	bytes_add_u32(out, 0);
	bytes_add_u32(out, flags);
	if (!stream->ops->encode(stream->encoder, view->pixels, view->stride_px, out, &error) ||
	    (out->len == begin + 8 && !error_set(&error, "a picture without bytes"))) {
		g_byte_array_set_size(out, begin);
		h264_stream_finish(stream);
		vnc_h264_failed(settings->h264, error->message);
		return false;
	}
	bytes_set_u32(out->data + begin, out->len - begin - 8);
	return true;
}
