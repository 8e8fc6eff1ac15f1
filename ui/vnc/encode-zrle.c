// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RFB_ENCODING_ZRLE (RFC 6143, 7.7.6): tiles of 64x64 through one zlib stream. Each tile takes the
 * form that is shortest before zlib, which is also the least work for zlib.
 */
#include "ui/vnc/bytes.h"
#include "ui/vnc/deflater.h"
#include "ui/vnc/encode.h"

#define TILE 64
#define PACKED_MAX 16 /* colours of a packed palette */
#define RLE_PALETTE_MAX 127
#define RLE 128 /* added to the kind of a run-length tile */

/* Bytes of a run's length: 255 each until the rest, of length - 1. */
static unsigned int length_bytes(unsigned int length)
{
	return (length - 1) / 255 + 1;
}

static uint8_t *put_length(uint8_t *p, unsigned int length)
{
	for (length--; length >= 255; length -= 255) {
		*p++ = 255;
	}
	*p++ = (uint8_t)length;
	return p;
}

struct run {
	uint32_t colour;
	unsigned int length;
};

/* Runs go on from line to line. Returns how many. */
static unsigned int find_runs(const struct pixel_view *tile, struct run *runs)
{
	unsigned int count = 0;

	for (unsigned int y = 0; y < tile->h; y++) {
		const uint32_t *row = pixel_view_row(tile, y);

		for (unsigned int x = 0; x < tile->w; x++) {
			if (count > 0 && runs[count - 1].colour == row[x]) {
				runs[count - 1].length++;
			} else {
				runs[count++] = (struct run){ row[x], 1 };
			}
		}
	}
	return count;
}

static unsigned int packed_bits(unsigned int colours)
{
	return colours <= 2 ? 1 : colours <= 4 ? 2 : 4;
}

static uint8_t *put_packed(uint8_t *p, const struct pixel_view *tile,
			   const struct palette *palette)
{
	unsigned int bits = packed_bits(palette->count);

	for (unsigned int y = 0; y < tile->h; y++) {
		const uint32_t *row = pixel_view_row(tile, y);
		unsigned int byte = 0, used = 0;

		for (unsigned int x = 0; x < tile->w; x++) {
			byte = byte << bits | palette_index(palette, row[x]);
			used += bits;
			if (used == 8) {
				*p++ = (uint8_t)byte;
				byte = used = 0;
			}
		}
		if (used > 0) {
			*p++ = (uint8_t)(byte << (8 - used));
		}
	}
	return p;
}

struct tile_costs {
	unsigned int raw, packed, rle, palette_rle;
};

static struct tile_costs count_costs(const struct pixel_view *tile, const struct run *runs,
				     unsigned int run_count, const struct palette *palette,
				     unsigned int pixel_bytes)
{
	struct tile_costs costs = {
		.raw = tile->w * tile->h * pixel_bytes,
		.packed = G_MAXUINT,
		.palette_rle = G_MAXUINT,
	};
	unsigned int lengths = 0, singles = 0;

	for (unsigned int i = 0; i < run_count; i++) {
		lengths += length_bytes(runs[i].length);
		singles += runs[i].length == 1;
	}
	costs.rle = run_count * pixel_bytes + lengths;
	if (palette) {
		costs.palette_rle = palette->count * pixel_bytes + run_count + lengths - singles;
		if (palette->count <= PACKED_MAX) {
			costs.packed = palette->count * pixel_bytes +
				       tile->h * ((tile->w * packed_bits(palette->count) + 7) / 8);
		}
	}
	return costs;
}

/* Writes one tile at @p, where any form of it has room; returns its end. */
static uint8_t *encode_tile(const struct pixel_converter *converter,
			    const struct pixel_view *tile, uint8_t *p)
{
	struct run runs[TILE * TILE];
	unsigned int run_count = find_runs(tile, runs);
	struct palette palette;
	bool few;
	struct tile_costs costs;
	unsigned int least;

	if (run_count == 1) {
		*p++ = 1;
		return pixel_convert_cpixel(converter, p, &runs[0].colour, 1);
	}
	few = palette_build(&palette, tile, RLE_PALETTE_MAX);
	costs = count_costs(tile, runs, run_count, few ? &palette : NULL, converter->cpixel_bytes);
	least = MIN(MIN(costs.raw, costs.packed), MIN(costs.rle, costs.palette_rle));
	if (least == costs.packed) {
		*p++ = (uint8_t)palette.count;
		p = pixel_convert_cpixel(converter, p, palette.colours, palette.count);
		return put_packed(p, tile, &palette);
	}
	if (least == costs.palette_rle) {
		*p++ = (uint8_t)(RLE + palette.count);
		p = pixel_convert_cpixel(converter, p, palette.colours, palette.count);
		for (unsigned int i = 0; i < run_count; i++) {
			unsigned int index = palette_index(&palette, runs[i].colour);

			*p++ = (uint8_t)(runs[i].length == 1 ? index : index + RLE);
			if (runs[i].length > 1) {
				p = put_length(p, runs[i].length);
			}
		}
		return p;
	}
	if (least == costs.rle) {
		*p++ = RLE;
		for (unsigned int i = 0; i < run_count; i++) {
			p = pixel_convert_cpixel(converter, p, &runs[i].colour, 1);
			p = put_length(p, runs[i].length);
		}
		return p;
	}
	*p++ = 0;
	for (unsigned int y = 0; y < tile->h; y++) {
		p = pixel_convert_cpixel(converter, p, pixel_view_row(tile, y), tile->w);
	}
	return p;
}

bool encode_zrle(struct deflater *deflater, const struct encode_settings *settings,
		 const struct pixel_view *view, GByteArray *out)
{
	/* No form is longer than the raw one. */
	uint8_t bytes[1 + TILE * TILE * 4];
	guint start = out->len;

	bytes_add_u32(out, 0);
	if (!deflater_begin(deflater, settings->compress_level, out)) {
		return false;
	}
	for (unsigned int y = 0; y < view->h; y += TILE) {
		for (unsigned int x = 0; x < view->w; x += TILE) {
			struct pixel_view tile = pixel_view_tile(view, x, y, TILE);
			bool last = x + TILE >= view->w && y + TILE >= view->h;
			uint8_t *end = encode_tile(&settings->converter, &tile, bytes);

			if (!deflater_feed(deflater, bytes, (size_t)(end - bytes), last, out)) {
				return false;
			}
		}
	}
	bytes_set_u32(out->data + start, out->len - start - 4);
	return true;
}
