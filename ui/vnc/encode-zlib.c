// SPDX-License-Identifier: GPL-2.0-or-later
/* RFB_ENCODING_ZLIB: the raw pixels through one zlib stream, behind their length. */
#include "ui/vnc/bytes.h"
#include "ui/vnc/deflater.h"
#include "ui/vnc/encode.h"

bool encode_zlib(struct deflater *deflater, const struct encode_settings *settings,
		 const struct pixel_view *view, GByteArray *out)
{
	const struct pixel_converter *converter = &settings->converter;
	g_autofree uint8_t *row = g_malloc((size_t)view->w * converter->bytes);
	guint start = out->len;

	bytes_add_u32(out, 0);
	if (!deflater_begin(deflater, settings->compress_level, out)) {
		return false;
	}
	for (unsigned int y = 0; y < view->h; y++) {
		uint8_t *end = pixel_convert(converter, row, pixel_view_row(view, y), view->w);

		if (!deflater_feed(deflater, row, (size_t)(end - row), y + 1 == view->h, out)) {
			return false;
		}
	}
	bytes_set_u32(out->data + start, out->len - start - 4);
	return true;
}
