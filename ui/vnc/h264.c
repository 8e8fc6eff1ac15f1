// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/ui-module.h"
#include "ui/vnc/h264.h"
#include "util/error.h"
#include "util/trace.h"

/* Of the test's pictures; odd multiples of a macroblock and not. */
#define TEST_WIDTH_PX 130
#define TEST_HEIGHT_PX 70
#define TEST_PICTURES 3

enum nal_kind { NAL_SLICE = 1, NAL_IDR = 5, NAL_SPS = 7, NAL_PPS = 8 };

void vnc_h264_init(struct vnc_h264 *h264)
{
	g_mutex_init(&h264->lock);
}

void vnc_h264_finish(struct vnc_h264 *h264)
{
	g_mutex_clear(&h264->lock);
	g_free(h264->failure);
}

bool vnc_h264_is_there(struct vnc_h264 *h264)
{
	if (!h264->looked) {
		g_autoptr(GError) error = NULL;

		h264->looked = true;
		h264->ops = ui_module_load("h264", "vnc: H.264", H264_PACKAGE, H264_BUILD_PACKAGE,
					   &error);
		if (!h264->ops) {
			/* Not asked for by anybody here: the viewer has other encodings. */
			TRACE(vnc, h264, "%s", error->message);
		}
	}
	return h264->ops && !vnc_h264_report(h264);
}

void vnc_h264_failed(struct vnc_h264 *h264, const char *why)
{
	g_mutex_lock(&h264->lock);
	if (!h264->failure) {
		h264->failure = g_strdup(why);
	}
	g_mutex_unlock(&h264->lock);
}

bool vnc_h264_report(struct vnc_h264 *h264)
{
	bool off;

	g_mutex_lock(&h264->lock);
	off = h264->failure != NULL;
	g_mutex_unlock(&h264->lock);
	if (off && !h264->reported) {
		h264->reported = true;
		warn_report("vnc: H.264: %s; viewers get their other encodings", h264->failure);
	}
	return off;
}

/* ---- the test ---- */

/* The kinds of units in an Annex B stream, a bit each; 0: it doesn't begin as one. */
static unsigned int nal_kinds(const GByteArray *bytes)
{
	unsigned int kinds = 0;

	for (guint i = 0; i + 3 < bytes->len; i++) {
		const uint8_t *p = bytes->data + i;

		if (p[0] == 0 && p[1] == 0 && p[2] == 1) {
			kinds |= 1u << (p[3] & 31);
		} else if (i == 0 && (p[0] || p[1] || p[2])) {
			return 0;
		}
	}
	return kinds;
}

/* A gradient with a square that moves. */
static void draw(uint32_t *pixels, unsigned int number)
{
	for (unsigned int y = 0; y < TEST_HEIGHT_PX; y++) {
		for (unsigned int x = 0; x < TEST_WIDTH_PX; x++) {
			bool square = x - 10 * number < 24 && y - 5 * number < 24;

			pixels[y * TEST_WIDTH_PX + x] = 0xff000000 |
				(square ? 0xffffff : x << 16 | y << 9 | (x + y));
		}
	}
}

static bool test_picture(const struct h264_ops *ops, struct h264_encoder *encoder,
			 unsigned int number, GError **error)
{
	const unsigned int start = 1u << NAL_SPS | 1u << NAL_PPS | 1u << NAL_IDR;
	g_autofree uint32_t *pixels = g_new(uint32_t, TEST_WIDTH_PX * TEST_HEIGHT_PX);
	g_autoptr(GByteArray) out = g_byte_array_new();
	unsigned int kinds;

	draw(pixels, number);
	if (!ops->encode(encoder, pixels, TEST_WIDTH_PX, out, error)) {
		return false;
	}
	kinds = nal_kinds(out);
	if (number == 0 && (kinds & start) != start) {
		return error_set(error, "test: the first picture can't be decoded alone");
	}
	if (number > 0 && !(kinds & (1u << NAL_SLICE | 1u << NAL_IDR))) {
		return error_set(error, "test: no picture came out");
	}
	if (out->len > TEST_WIDTH_PX * TEST_HEIGHT_PX * 4) {
		return error_set(error, "test: %u bytes for a small picture", out->len);
	}
	return true;
}

static bool test(const struct h264_ops *ops, GError **error)
{
	const struct h264_settings settings = { TEST_WIDTH_PX, TEST_HEIGHT_PX, 6, 1 };
	struct h264_encoder *encoder = ops->create(&settings, error);
	bool ok = encoder != NULL;

	for (unsigned int i = 0; i < TEST_PICTURES && ok; i++) {
		ok = test_picture(ops, encoder, i, error);
	}
	ops->destroy(encoder);
	return ok;
}

bool vnc_h264_works(struct vnc_h264 *h264)
{
	bool works;

	g_mutex_lock(&h264->lock);
	if (!h264->tested) {
		g_autoptr(GError) error = NULL;

		h264->tested = true;
		if (!test(h264->ops, &error)) {
			h264->failure = g_strdup(error->message);
		}
	}
	works = !h264->failure;
	g_mutex_unlock(&h264->lock);
	return works;
}
