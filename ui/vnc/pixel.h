/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client's pixel format, and pixels of ours (XRGB8888) turned into it. Context: any. */
#ifndef UI_VNC_PIXEL_H
#define UI_VNC_PIXEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rfb_pixel_format {
	uint8_t bits, depth; /* bits: 8, 16 or 32 of memory a pixel */
	bool big_endian;
	bool true_colour; /* false: a palette of 256 that the server sends */
	uint16_t red_max, green_max, blue_max;
	uint8_t red_shift, green_shift, blue_shift;
};

/* XRGB8888 as it lies in memory here: what the server offers. */
extern const struct rfb_pixel_format pixel_format_native;

/* NULL when a client may have @format, else why not (constant text). */
const char *pixel_format_check(const struct rfb_pixel_format *format);

/*
 * A converter. Each table holds a component's bits as they go on the wire, so that a pixel is three
 * look-ups and two ORs for every format. A palette format is 8 bits of 3-3-2.
 */
struct pixel_converter {
	struct rfb_pixel_format format;
	unsigned int bytes; /* a pixel */
	bool copies; /* the same as ours */
	/* zrle's compact pixel: @cpixel_bytes from byte @cpixel_first of a pixel. */
	unsigned int cpixel_bytes, cpixel_first;
	/* tight's: red, green and blue byte instead of the pixel. */
	bool tpixel_rgb;
	uint32_t red[256], green[256], blue[256];
};

/* @format has passed pixel_format_check(). */
void pixel_converter_init(struct pixel_converter *converter,
			  const struct rfb_pixel_format *format);
/* @count pixels; returns the byte behind the last one written. */
uint8_t *pixel_convert(const struct pixel_converter *converter, uint8_t *out, const uint32_t *in,
		       size_t count);
uint8_t *pixel_convert_cpixel(const struct pixel_converter *converter, uint8_t *out,
			      const uint32_t *in, size_t count);
uint8_t *pixel_convert_tpixel(const struct pixel_converter *converter, uint8_t *out,
			      const uint32_t *in, size_t count);
static inline unsigned int pixel_tpixel_bytes(const struct pixel_converter *converter)
{
	return converter->tpixel_rgb ? 3 : converter->bytes;
}
/* Entry @index of the palette, 16 bits a component. */
void pixel_palette_entry(unsigned int index, uint16_t rgb[3]);

#endif
