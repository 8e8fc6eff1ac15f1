/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct gvt_damage: from "these pages were written" to "these tiles of the picture may differ from
 * what the viewer saw at the last harvest".
 *
 * The shell reports each page of video memory when it is first written after a harvest
 * (gvt_damage_page) and the plane that is shown (gvt_damage_show). A harvest gives the tiles and
 * starts anew; the shell must have protected the pages against writes again *before* it lets the
 * viewer look at the pixels.
 *
 * Guests that swap buffers: for each of the last GVT_DAMAGE_PLANES buffers shown we keep the set of
 * tiles in which it may differ from the picture the viewer has. A harvest on buffer A empties A's
 * set and adds what was reported to the sets of all others; a write into a buffer adds to its set
 * only. A buffer that is new, or whose geometry isn't that of the last harvest, is reported whole.
 *
 * Tiles are GVT_DAMAGE_TILE_W x GVT_DAMAGE_TILE_H pixels: a page of a linear picture is a thin
 * horizontal strip of up to 1024 pixels, so tiles are finer downwards than across. Context: any;
 * the caller serialises. The bitmaps are the caller's memory.
 */
#ifndef GVT_DAMAGE_H
#define GVT_DAMAGE_H

#include "gvt_plane.h"

#define GVT_DAMAGE_PLANES  4u
#define GVT_DAMAGE_TILE_W  64u
#define GVT_DAMAGE_TILE_H  16u
#define GVT_DAMAGE_MAX_DIM 8192u /* larger pictures are always reported whole, as one tile */

struct gvt_damage_set {
	struct gvt_plane plane;
	uint64_t last_used;
	bool valid;
	uint8_t *tiles;
};

struct gvt_damage {
	struct gvt_damage_set set[GVT_DAMAGE_PLANES];
	struct gvt_damage_set *shown; /* NULL: plane off, nothing shown yet, or too large */
	struct gvt_plane plane;	      /* the shown one */
	struct gvt_plane seen;	      /* the plane at the last harvest */
	uint64_t clock;
	uint64_t generation; /* +1 when the shown plane becomes dirty */
	bool dirty;	     /* the shown plane has something to harvest */
	size_t bitmap_bytes; /* of each bitmap */
};

/* Bytes of bitmap that any plane within @vram_bytes needs; the shell gives GVT_DAMAGE_PLANES times
 * that. */
size_t gvt_damage_bitmap_bytes(uint64_t vram_bytes);

/* Start: @memory of GVT_DAMAGE_PLANES * @bitmap_bytes stays the caller's. Everything is unknown. */
void gvt_damage_init(struct gvt_damage *d, void *memory, size_t bitmap_bytes);
/* Forget everything (tracking was off): the next harvest reports the whole picture. */
void gvt_damage_forget(struct gvt_damage *d);

/* The shown plane is @p now (also when only its contents were announced as new). True if it became
 * dirty. */
bool gvt_damage_show(struct gvt_damage *d, const struct gvt_plane *p);
/* Page @page (of GVT_PAGE_SIZE bytes) of video memory was written. True if the shown plane became
 * dirty. */
bool gvt_damage_page(struct gvt_damage *d, uint64_t page);

struct gvt_damage_report {
	bool all; /* every tile, because nothing better is known */
	uint32_t tile_width_px;
	uint32_t tile_height_px;
	uint32_t tiles_x; /* 0 with the plane off */
	uint32_t tiles_y;
	size_t bitmap_bytes; /* used: ceil(tiles_x * tiles_y / 8) */
	uint64_t generation;
};

/* What a harvest would report; nothing changes. */
void gvt_damage_look(const struct gvt_damage *d, struct gvt_damage_report *r);
/* Report into @bitmap (at least bitmap_bytes of the look before, bit n is bit n % 8 of byte n / 8).
 */
void gvt_damage_harvest(struct gvt_damage *d, struct gvt_damage_report *r, uint8_t *bitmap);

#endif
