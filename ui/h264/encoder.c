// SPDX-License-Identifier: GPL-2.0-or-later
/* By libx264: one thread (the caller's), no frame kept back, no B-frames, key frames at the start only. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <x264.h>

#include "ui/h264/encoder.h"
#include "ui/h264/i420.h"
#include "util/error.h"

/* Constant rate factors of libx264 for the best quality and for each step down. */
#define BEST_CRF 16
#define STEP_CRF 2

struct h264_encoder {
	x264_t *x264;
	struct h264_settings settings;
	x264_picture_t picture; /* its planes are ours */
	bool has_planes;
	int64_t number; /* of the next picture */
	char complaint[200]; /* libx264's last error, or "" */
};

/* "Placebo" and its neighbours take longer than pictures take to come. */
static const char *preset(int effort)
{
	return effort == 0 ? "ultrafast" : effort <= 3 ? "superfast" : effort <= 6 ? "veryfast" :
									  "faster";
}

static void on_log(void *opaque, int level, const char *format, va_list args)
{
	struct h264_encoder *encoder = opaque;

	if (level == X264_LOG_ERROR) {
		vsnprintf(encoder->complaint, sizeof(encoder->complaint), format, args);
		g_strchomp(encoder->complaint);
	}
}

static bool fail(struct h264_encoder *encoder, const char *what, GError **error)
{
	return error_set(error, "libx264: %s %ux%u: %s", what, encoder->settings.width_px,
			 encoder->settings.height_px,
			 encoder->complaint[0] ? encoder->complaint : "no reason given");
}

/* Colours as viewers take them that ask the stream (browsers) and that don't (TigerVNC). */
static void set_colours(x264_param_t *param)
{
	param->vui.b_fullrange = 0;
	param->vui.i_colmatrix = 6; /* SMPTE 170M: BT.601's matrix */
	param->vui.i_colorprim = 1; /* BT.709: sRGB's */
	param->vui.i_transfer = 13; /* sRGB */
	param->vui.i_chroma_loc = 1; /* in the middle of four pixels */
}

static bool open_x264(struct h264_encoder *encoder, GError **error)
{
	const struct h264_settings *settings = &encoder->settings;
	x264_param_t param;

	if (x264_param_default_preset(&param, preset(settings->effort), "zerolatency") < 0) {
		return fail(encoder, "settings for", error);
	}
	param.pf_log = on_log;
	param.p_log_private = encoder;
	param.i_log_level = X264_LOG_ERROR;
	param.i_width = (int)settings->width_px;
	param.i_height = (int)settings->height_px;
	param.i_csp = X264_CSP_I420;
	param.i_threads = 1;
	param.b_sliced_threads = 0;
	param.i_bframe = 0;
	param.i_frame_reference = 1;
	/* Nothing is lost on the way, and nobody joins in the middle. */
	param.i_keyint_max = X264_KEYINT_MAX_INFINITE;
	param.i_scenecut_threshold = 0;
	param.b_repeat_headers = 1;
	param.b_annexb = 1;
	param.b_vfr_input = 0;
	param.rc.i_rc_method = X264_RC_CRF;
	param.rc.f_rf_constant = (float)(BEST_CRF + STEP_CRF * (9 - settings->quality));
	set_colours(&param);
	encoder->x264 = x264_encoder_open(&param);
	x264_param_cleanup(&param);
	return encoder->x264 || fail(encoder, "encoder for", error);
}

static void destroy(struct h264_encoder *encoder)
{
	if (encoder) {
		if (encoder->x264) {
			x264_encoder_close(encoder->x264);
		}
		if (encoder->has_planes) {
			x264_picture_clean(&encoder->picture);
		}
		g_free(encoder);
	}
}

static struct h264_encoder *create(const struct h264_settings *settings, GError **error)
{
	struct h264_encoder *encoder = g_new0(struct h264_encoder, 1);

	encoder->settings = *settings;
	encoder->has_planes = x264_picture_alloc(&encoder->picture, X264_CSP_I420,
						 (int)settings->width_px,
						 (int)settings->height_px) == 0;
	if (!encoder->has_planes) {
		fail(encoder, "no memory for", error);
	} else if (open_x264(encoder, error)) {
		return encoder;
	}
	destroy(encoder);
	return NULL;
}

static void fill_planes(struct h264_encoder *encoder, const uint32_t *pixels, size_t stride_px)
{
	const x264_image_t *image = &encoder->picture.img;
	const struct i420_planes planes = {
		.y = image->plane[0], .u = image->plane[1], .v = image->plane[2],
		.y_stride = (size_t)image->i_stride[0], .uv_stride = (size_t)image->i_stride[1],
	};

	i420_convert(&planes, pixels, stride_px, encoder->settings.width_px,
		     encoder->settings.height_px);
}

static bool encode(struct h264_encoder *encoder, const uint32_t *pixels, size_t stride_px,
		   GByteArray *out, GError **error)
{
	x264_picture_t result;
	x264_nal_t *nals;
	int count, bytes;

	fill_planes(encoder, pixels, stride_px);
	encoder->picture.i_type = encoder->number == 0 ? X264_TYPE_IDR : X264_TYPE_AUTO;
	encoder->picture.i_pts = encoder->number++;
	bytes = x264_encoder_encode(encoder->x264, &nals, &count, &encoder->picture, &result);
	if (bytes < 0) {
		return fail(encoder, "a picture of", error);
	}
	for (int i = 0; i < count; i++) {
		/* Messages for decoders (SEI): it has nothing but libx264's name and settings. */
		if (nals[i].i_type != NAL_SEI) {
			g_byte_array_append(out, nals[i].p_payload, (guint)nals[i].i_payload);
		}
	}
	return true;
}

const struct h264_ops h264_x264_ops = {
	.create = create, .encode = encode, .destroy = destroy,
};
