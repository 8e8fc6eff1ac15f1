// SPDX-License-Identifier: GPL-2.0-or-later
/* RFB_ENCODING_HEXTILE (RFC 6143, 7.7.4): tiles of 16x16, each a background and rectangles on it. */
#include "ui/vnc/bytes.h"
#include "ui/vnc/encode.h"

#define TILE 16

enum hextile_flags {
	HEXTILE_RAW = 1,
	HEXTILE_BACKGROUND = 2,
	HEXTILE_FOREGROUND = 4,
	HEXTILE_SUBRECTS = 8,
	HEXTILE_COLOURED = 16,
};

/* What the decoder remembers from the tile before. */
struct memory {
	bool background_known, foreground_known;
	uint32_t background, foreground;
};

struct subrect {
	uint32_t colour;
	uint8_t x, y, w, h;
};

/* The most common of the first colours; good enough for a background. */
static uint32_t choose_background(const struct pixel_view *tile, bool *solid, bool *two)
{
	uint32_t first = tile->pixels[0], second = first;
	unsigned int firsts = 0, seconds = 0, others = 0;

	for (unsigned int y = 0; y < tile->h; y++) {
		const uint32_t *row = pixel_view_row(tile, y);

		for (unsigned int x = 0; x < tile->w; x++) {
			if (row[x] == first) {
				firsts++;
			} else if (seconds == 0 || row[x] == second) {
				second = row[x];
				seconds++;
			} else {
				others++;
			}
		}
	}
	*solid = seconds == 0;
	*two = others == 0;
	return seconds > firsts ? second : first;
}

/* Covers everything but the background greedily: as wide as it goes, then as high. Returns how
 * many, or -1 when there are more than @max. */
static int find_subrects(const struct pixel_view *tile, uint32_t background,
			 struct subrect *subrects, int max)
{
	uint16_t done[TILE] = { 0 };
	int count = 0;

	for (unsigned int y = 0; y < tile->h; y++) {
		const uint32_t *row = pixel_view_row(tile, y);

		for (unsigned int x = 0; x < tile->w; x++) {
			uint32_t colour = row[x];
			unsigned int w, h;
			uint16_t mask;

			if (colour == background || done[y] & 1u << x) {
				continue;
			}
			if (count == max) {
				return -1;
			}
			for (w = 1; x + w < tile->w && row[x + w] == colour &&
			     !(done[y] & 1u << (x + w)); w++) {
			}
			mask = (uint16_t)(((1u << w) - 1) << x);
			for (h = 1; y + h < tile->h; h++) {
				const uint32_t *below = pixel_view_row(tile, y + h);
				unsigned int i = 0;

				while (i < w && below[x + i] == colour) {
					i++;
				}
				if (i < w || done[y + h] & mask) {
					break;
				}
			}
			for (unsigned int i = 0; i < h; i++) {
				done[y + i] |= mask;
			}
			subrects[count++] = (struct subrect){ colour, (uint8_t)x, (uint8_t)y,
							      (uint8_t)w, (uint8_t)h };
		}
	}
	return count;
}

static void add_pixel(const struct pixel_converter *converter, uint32_t pixel, GByteArray *out)
{
	pixel_convert(converter, bytes_extend(out, converter->bytes), &pixel, 1);
}

static void encode_tile(const struct encode_settings *settings, const struct pixel_view *tile,
			struct memory *memory, GByteArray *out)
{
	const struct pixel_converter *converter = &settings->converter;
	struct subrect subrects[TILE * TILE];
	bool solid, two;
	uint32_t background = choose_background(tile, &solid, &two);
	unsigned int raw_bytes = tile->w * tile->h * converter->bytes;
	unsigned int each = two ? 2 : 2 + converter->bytes;
	int max = MIN(255, (int)(raw_bytes / each));
	int count = solid ? 0 : find_subrects(tile, background, subrects, max);
	unsigned int flags = 0;

	if (count < 0) {
		bytes_add_u8(out, HEXTILE_RAW);
		encode_raw(settings, tile, out);
		/* A raw tile makes the decoder forget. */
		memory->background_known = memory->foreground_known = false;
		return;
	}
	if (!memory->background_known || memory->background != background) {
		flags |= HEXTILE_BACKGROUND;
	}
	if (count > 0) {
		flags |= HEXTILE_SUBRECTS;
		if (!two) {
			flags |= HEXTILE_COLOURED;
		} else if (!memory->foreground_known || memory->foreground != subrects[0].colour) {
			flags |= HEXTILE_FOREGROUND;
		}
	}
	bytes_add_u8(out, flags);
	if (flags & HEXTILE_BACKGROUND) {
		add_pixel(converter, background, out);
		memory->background_known = true;
		memory->background = background;
	}
	if (flags & HEXTILE_FOREGROUND) {
		add_pixel(converter, subrects[0].colour, out);
		memory->foreground_known = true;
		memory->foreground = subrects[0].colour;
	}
	if (flags & HEXTILE_COLOURED) {
		/* Nor does a foreground live through coloured rectangles. */
		memory->foreground_known = false;
	}
	if (count > 0) {
		bytes_add_u8(out, (unsigned int)count);
	}
	for (int i = 0; i < count; i++) {
		if (flags & HEXTILE_COLOURED) {
			add_pixel(converter, subrects[i].colour, out);
		}
		bytes_add_u8(out, (unsigned int)(subrects[i].x << 4 | subrects[i].y));
		bytes_add_u8(out, (unsigned int)((subrects[i].w - 1) << 4 | (subrects[i].h - 1)));
	}
}

void encode_hextile(const struct encode_settings *settings, const struct pixel_view *view,
		    GByteArray *out)
{
	struct memory memory = { 0 };

	for (unsigned int y = 0; y < view->h; y += TILE) {
		for (unsigned int x = 0; x < view->w; x += TILE) {
			struct pixel_view tile = pixel_view_tile(view, x, y, TILE);

			encode_tile(settings, &tile, &memory, out);
		}
	}
}
