// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/vnc/bytes.h"
#include "ui/vnc/encode.h"

void encode_raw(const struct encode_settings *settings, const struct pixel_view *view,
		GByteArray *out)
{
	const struct pixel_converter *converter = &settings->converter;
	uint8_t *p = bytes_extend(out, (size_t)view->w * view->h * converter->bytes);

	for (unsigned int y = 0; y < view->h; y++) {
		p = pixel_convert(converter, p, pixel_view_row(view, y), view->w);
	}
}
