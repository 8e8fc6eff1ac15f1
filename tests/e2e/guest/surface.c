// SPDX-License-Identifier: GPL-2.0-or-later
#include "surface.h"

#include <string.h>

/* Where the channels lie in a little-endian pixel; alpha has the bits that are left. */
struct format {
	uint32_t fourcc, cpp;
	struct channel {
		uint8_t shift, bits;
	} red, green, blue;
	uint32_t opaque;
};

static const struct format formats[] = {
	{ DRM_FORMAT_XRGB8888, 4, { 16, 8 }, { 8, 8 }, { 0, 8 }, 0 },
	{ DRM_FORMAT_XBGR8888, 4, { 0, 8 }, { 8, 8 }, { 16, 8 }, 0 },
	{ DRM_FORMAT_ARGB8888, 4, { 16, 8 }, { 8, 8 }, { 0, 8 }, 0xff000000 },
	{ DRM_FORMAT_ABGR8888, 4, { 0, 8 }, { 8, 8 }, { 16, 8 }, 0xff000000 },
	{ DRM_FORMAT_RGB565, 2, { 11, 5 }, { 5, 6 }, { 0, 5 }, 0 },
	{ DRM_FORMAT_XRGB2101010, 4, { 20, 10 }, { 10, 10 }, { 0, 10 }, 0 },
	{ DRM_FORMAT_XBGR2101010, 4, { 0, 10 }, { 10, 10 }, { 20, 10 }, 0 },
};

static const struct {
	const char *name;
	uint64_t modifier;
} layouts[] = {
	{ "linear", DRM_FORMAT_MOD_LINEAR },
	{ "x", I915_FORMAT_MOD_X_TILED },
	{ "y", I915_FORMAT_MOD_Y_TILED },
	{ "yf", I915_FORMAT_MOD_Yf_TILED },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool surface_parse_format(const char *name, uint32_t *fourcc)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		if (strlen(name) == 4 && !memcmp(&formats[i].fourcc, name, 4)) {
			*fourcc = formats[i].fourcc;
			return true;
		}
	}
	return false;
}

bool surface_parse_modifier(const char *name, uint64_t *modifier)
{
	for (size_t i = 0; i < COUNT(layouts); i++) {
		if (!strcmp(layouts[i].name, name)) {
			*modifier = layouts[i].modifier;
			return true;
		}
	}
	return false;
}

static const struct format *format_of(const struct surface *surface)
{
	const struct format *format = formats;

	while (format->fourcc != surface->fourcc) {
		format++;
	}
	return format;
}

uint32_t surface_cpp(const struct surface *surface)
{
	return format_of(surface)->cpp;
}

static uint32_t tile_width_bytes(const struct surface *surface)
{
	return surface->modifier == I915_FORMAT_MOD_X_TILED ? 512 : 128;
}

uint32_t surface_tile_width_px(const struct surface *surface)
{
	return surface->modifier == DRM_FORMAT_MOD_LINEAR ?
		       1 :
		       tile_width_bytes(surface) / surface_cpp(surface);
}

uint32_t surface_tile_height_px(const struct surface *surface)
{
	if (surface->modifier == DRM_FORMAT_MOD_LINEAR) {
		return 1;
	}
	return surface->modifier == I915_FORMAT_MOD_X_TILED ? 8 : 32;
}

/* Bit @from of @value as bit @to. */
static inline uint32_t bit(uint32_t value, unsigned int from, unsigned int to)
{
	return (value >> from & 1) << to;
}

/* Where byte @x of line @y lies in a tile; both are smaller than the tile. */
static inline uint32_t offset_in_tile(uint64_t modifier, uint32_t x, uint32_t y)
{
	switch (modifier) {
	case I915_FORMAT_MOD_X_TILED:
		return y * 512 + x;
	case I915_FORMAT_MOD_Y_TILED: /* columns of 16 bytes */
		return x / 16 * 512 + y * 16 + x % 16;
	default: /* Yf, from bit 11 down: x y x y x y y y x x x x */
		return bit(x, 6, 11) | bit(y, 4, 10) | bit(x, 5, 9) | bit(y, 3, 8) |
		       bit(x, 4, 7) | (y & 7) << 4 | (x & 15);
	}
}

static inline uint8_t *address_of(const struct surface *surface, uint32_t x_bytes, uint32_t y)
{
	uint32_t width, height;

	if (surface->modifier == DRM_FORMAT_MOD_LINEAR) {
		return surface->memory + (size_t)y * surface->stride_bytes + x_bytes;
	}
	width = tile_width_bytes(surface);
	height = surface_tile_height_px(surface);
	return surface->memory + (size_t)(y / height * height) * surface->stride_bytes +
	       (size_t)(x_bytes / width) * 4096 +
	       offset_in_tile(surface->modifier, x_bytes % width, y % height);
}

/* Eight bits to as many as the channel has: the highest of them, or all and the highest again. */
static inline uint32_t to_channel(uint32_t value, struct channel c)
{
	value = c.bits > 8 ? value << (c.bits - 8) | value >> (16 - c.bits) : value >> (8 - c.bits);
	return value << c.shift;
}

static inline uint32_t from_channel(uint32_t pixel, struct channel c)
{
	uint32_t value = pixel >> c.shift & ((1u << c.bits) - 1);

	return c.bits >= 8 ? value >> (c.bits - 8) :
			     value << (8 - c.bits) | value >> (2 * c.bits - 8);
}

void surface_put(const struct surface *surface, uint32_t x, uint32_t y, uint32_t xrgb)
{
	const struct format *format = format_of(surface);
	uint32_t pixel = to_channel(xrgb >> 16 & 0xff, format->red) |
			 to_channel(xrgb >> 8 & 0xff, format->green) |
			 to_channel(xrgb & 0xff, format->blue) | format->opaque;

	/* Little endian, as the guest. */
	memcpy(address_of(surface, x * format->cpp, y), &pixel, format->cpp);
}

uint32_t surface_get(const struct surface *surface, uint32_t x, uint32_t y)
{
	const struct format *format = format_of(surface);
	uint32_t pixel = 0;

	memcpy(&pixel, address_of(surface, x * format->cpp, y), format->cpp);
	return from_channel(pixel, format->red) << 16 | from_channel(pixel, format->green) << 8 |
	       from_channel(pixel, format->blue);
}
