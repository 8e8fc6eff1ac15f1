// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <glib.h>

#include "ui/vnc/pixel.h"

const struct rfb_pixel_format pixel_format_native = {
	.bits = 32, .depth = 24, .big_endian = G_BYTE_ORDER == G_BIG_ENDIAN, .true_colour = true,
	.red_max = 255, .green_max = 255, .blue_max = 255,
	.red_shift = 16, .green_shift = 8, .blue_shift = 0,
};

/* A palette client gets these 256 colours: 3 bits red, 3 green, 2 blue. */
static const struct rfb_pixel_format palette_format = {
	.bits = 8, .depth = 8, .true_colour = true,
	.red_max = 7, .green_max = 7, .blue_max = 3,
	.red_shift = 5, .green_shift = 2, .blue_shift = 0,
};

static bool component_fits(unsigned int max, unsigned int shift, unsigned int bits)
{
	return max > 0 && shift < bits && (uint64_t)max << shift < 1ull << bits;
}

const char *pixel_format_check(const struct rfb_pixel_format *format)
{
	if (format->bits != 8 && format->bits != 16 && format->bits != 32) {
		return "pixel size is not 8, 16 or 32 bits";
	}
	if (!format->true_colour) {
		return format->bits == 8 ? NULL : "a palette needs pixels of 8 bits";
	}
	if (!component_fits(format->red_max, format->red_shift, format->bits) ||
	    !component_fits(format->green_max, format->green_shift, format->bits) ||
	    !component_fits(format->blue_max, format->blue_shift, format->bits)) {
		return "a colour lies outside of the pixel";
	}
	return NULL;
}

static uint32_t to_wire(const struct rfb_pixel_format *format, uint32_t value)
{
	if (format->bits == 16) {
		return format->big_endian ? GUINT16_TO_BE((uint16_t)value)
					  : GUINT16_TO_LE((uint16_t)value);
	}
	if (format->bits == 32) {
		return format->big_endian ? GUINT32_TO_BE(value) : GUINT32_TO_LE(value);
	}
	return value;
}

static void fill_table(const struct rfb_pixel_format *format, uint32_t table[256],
		       unsigned int max, unsigned int shift)
{
	for (unsigned int i = 0; i < 256; i++) {
		table[i] = to_wire(format, (i * max + 127) / 255 << shift);
	}
}

static bool same_layout(const struct rfb_pixel_format *format)
{
	const struct rfb_pixel_format *native = &pixel_format_native;

	return format->bits == native->bits && format->big_endian == native->big_endian &&
	       format->red_max == native->red_max && format->red_shift == native->red_shift &&
	       format->green_max == native->green_max &&
	       format->green_shift == native->green_shift &&
	       format->blue_max == native->blue_max && format->blue_shift == native->blue_shift;
}

/* RFC 6143, 7.7.5: a 32-bit pixel whose colours all lie in its lower or all in its upper three
 * bytes loses the fourth. */
static void find_cpixel(struct pixel_converter *converter)
{
	const struct rfb_pixel_format *f = &converter->format;
	uint32_t mask = (uint32_t)f->red_max << f->red_shift |
			(uint32_t)f->green_max << f->green_shift |
			(uint32_t)f->blue_max << f->blue_shift;

	converter->cpixel_bytes = converter->bytes;
	converter->cpixel_first = 0;
	if (f->bits == 32 && f->depth <= 24) {
		if (!(mask & 0xff000000)) {
			converter->cpixel_bytes = 3;
			converter->cpixel_first = f->big_endian ? 1 : 0;
		} else if (!(mask & 0x000000ff)) {
			converter->cpixel_bytes = 3;
			converter->cpixel_first = f->big_endian ? 0 : 1;
		}
	}
}

void pixel_converter_init(struct pixel_converter *converter,
			  const struct rfb_pixel_format *format)
{
	const struct rfb_pixel_format *f = format->true_colour ? format : &palette_format;

	converter->format = *f;
	converter->bytes = f->bits / 8u;
	converter->copies = same_layout(f);
	converter->tpixel_rgb = format->true_colour && f->bits == 32 && f->depth == 24 &&
				f->red_max == 255 && f->green_max == 255 && f->blue_max == 255;
	find_cpixel(converter);
	fill_table(f, converter->red, f->red_max, f->red_shift);
	fill_table(f, converter->green, f->green_max, f->green_shift);
	fill_table(f, converter->blue, f->blue_max, f->blue_shift);
}

static inline uint32_t wire_pixel(const struct pixel_converter *converter, uint32_t pixel)
{
	return converter->red[pixel >> 16 & 0xff] | converter->green[pixel >> 8 & 0xff] |
	       converter->blue[pixel & 0xff];
}

uint8_t *pixel_convert(const struct pixel_converter *converter, uint8_t *out, const uint32_t *in,
		       size_t count)
{
	if (converter->copies) {
		memcpy(out, in, count * 4);
	} else if (converter->bytes == 4) {
		for (size_t i = 0; i < count; i++) {
			uint32_t value = wire_pixel(converter, in[i]);

			memcpy(out + i * 4, &value, 4);
		}
	} else if (converter->bytes == 2) {
		for (size_t i = 0; i < count; i++) {
			uint16_t value = (uint16_t)wire_pixel(converter, in[i]);

			memcpy(out + i * 2, &value, 2);
		}
	} else {
		for (size_t i = 0; i < count; i++) {
			out[i] = (uint8_t)wire_pixel(converter, in[i]);
		}
	}
	return out + count * converter->bytes;
}

uint8_t *pixel_convert_cpixel(const struct pixel_converter *converter, uint8_t *out,
			      const uint32_t *in, size_t count)
{
	unsigned int first = converter->cpixel_first;

	if (converter->cpixel_bytes == converter->bytes) {
		return pixel_convert(converter, out, in, count);
	}
	for (size_t i = 0; i < count; i++, out += 3) {
		uint32_t value = wire_pixel(converter, in[i]);
		uint8_t bytes[4];

		memcpy(bytes, &value, 4);
		out[0] = bytes[first];
		out[1] = bytes[first + 1];
		out[2] = bytes[first + 2];
	}
	return out;
}

uint8_t *pixel_convert_tpixel(const struct pixel_converter *converter, uint8_t *out,
			      const uint32_t *in, size_t count)
{
	if (!converter->tpixel_rgb) {
		return pixel_convert(converter, out, in, count);
	}
	for (size_t i = 0; i < count; i++, out += 3) {
		out[0] = (uint8_t)(in[i] >> 16);
		out[1] = (uint8_t)(in[i] >> 8);
		out[2] = (uint8_t)in[i];
	}
	return out;
}

void pixel_palette_entry(unsigned int index, uint16_t rgb[3])
{
	rgb[0] = (uint16_t)((index >> 5 & 7) * 65535 / 7);
	rgb[1] = (uint16_t)((index >> 2 & 7) * 65535 / 7);
	rgb[2] = (uint16_t)((index & 3) * 65535 / 3);
}
