/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture in memory, in the formats and layouts that a display engine of Intel's ninth generation
 * shows. Pixels go in and come out as XRGB8888; what comes out is what the VMM makes of it
 * (ui/fb-format.c): few bits are repeated, of many the highest stay.
 */
#ifndef ORIEL_E2E_GUEST_SURFACE_H
#define ORIEL_E2E_GUEST_SURFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libdrm/drm_fourcc.h>

struct surface {
	uint32_t width_px;
	uint32_t height_px;
	uint32_t stride_bytes;
	uint32_t fourcc;
	uint64_t modifier;
	uint8_t *memory;
};

/* By names such as "XR24" and "linear", "x", "y", "yf". False: there is no such thing here. */
bool surface_parse_format(const char *name, uint32_t *fourcc);
bool surface_parse_modifier(const char *name, uint64_t *modifier);

uint32_t surface_cpp(const struct surface *surface);

/* Tiles; 1x1 where the layout is linear. */
uint32_t surface_tile_width_px(const struct surface *surface);
uint32_t surface_tile_height_px(const struct surface *surface);

static inline uint32_t surface_align(uint32_t value, uint32_t multiple)
{
	return (value + multiple - 1) / multiple * multiple;
}

void surface_put(const struct surface *surface, uint32_t x, uint32_t y, uint32_t xrgb);
uint32_t surface_get(const struct surface *surface, uint32_t x, uint32_t y);

#endif
