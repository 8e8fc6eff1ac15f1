// SPDX-License-Identifier: GPL-2.0-or-later
#include "gvt_damage.h"

#define DIV_UP(a, b) (((a) + (b)-1) / (b))

static uint32_t tiles_x(const struct gvt_plane *p)
{
	return DIV_UP(p->width_px, GVT_DAMAGE_TILE_W);
}

static uint32_t tiles_y(const struct gvt_plane *p)
{
	return DIV_UP(p->height_px, GVT_DAMAGE_TILE_H);
}

static size_t plane_bitmap_bytes(const struct gvt_plane *p)
{
	return DIV_UP((size_t)tiles_x(p) * tiles_y(p), 8);
}

size_t gvt_damage_bitmap_bytes(uint64_t vram_bytes)
{
	uint64_t most_x = GVT_DAMAGE_MAX_DIM / GVT_DAMAGE_TILE_W;
	uint64_t most_y = GVT_DAMAGE_MAX_DIM / GVT_DAMAGE_TILE_H;
	/* Two bytes a pixel at least; the sum is for the tiles cut by the right and lower edge. */
	uint64_t tiles =
		vram_bytes / (2 * GVT_DAMAGE_TILE_W * GVT_DAMAGE_TILE_H) + most_x + most_y + 1;

	if (tiles > most_x * most_y) {
		tiles = most_x * most_y;
	}
	return (size_t)DIV_UP(tiles, 8);
}

void gvt_damage_init(struct gvt_damage *d, void *memory, size_t bitmap_bytes)
{
	unsigned int i;

	memset(d, 0, sizeof(*d));
	d->bitmap_bytes = bitmap_bytes;
	for (i = 0; i < GVT_DAMAGE_PLANES; i++) {
		d->set[i].tiles = (uint8_t *)memory + i * bitmap_bytes;
	}
	gvt_plane_off(&d->plane, GVT_OFF_NEVER_SET);
	d->seen = d->plane;
}

/* The same picture size and pixels, so that tiles of one name the same pixels in the other. */
static bool same_geometry(const struct gvt_plane *a, const struct gvt_plane *b)
{
	return a->drm_format == b->drm_format && a->width_px == b->width_px &&
	       a->height_px == b->height_px;
}

static bool plane_on(const struct gvt_plane *p)
{
	return p->drm_format != 0;
}

static bool set_empty(const struct gvt_damage_set *set)
{
	size_t n = plane_bitmap_bytes(&set->plane);
	size_t i;

	for (i = 0; i < n; i++) {
		if (set->tiles[i] != 0) {
			return false;
		}
	}
	return true;
}

/* Every tile, and no bit behind the last. */
static void fill(uint8_t *tiles, uint32_t count)
{
	memset(tiles, 0xff, DIV_UP(count, 8));
	if (count % 8 != 0) {
		tiles[count / 8] = (uint8_t)((1u << (count % 8)) - 1);
	}
}

static void set_fill(struct gvt_damage_set *set)
{
	fill(set->tiles, tiles_x(&set->plane) * tiles_y(&set->plane));
}

static bool become_dirty(struct gvt_damage *d)
{
	if (d->dirty) {
		return false;
	}
	d->dirty = true;
	d->generation++;
	return true;
}

/* The set of buffer @p, a new and full one if it isn't known. NULL: too large to be kept in tiles.
 */
static struct gvt_damage_set *set_get(struct gvt_damage *d, const struct gvt_plane *p)
{
	struct gvt_damage_set *oldest = &d->set[0];
	unsigned int i;

	if (p->width_px > GVT_DAMAGE_MAX_DIM || p->height_px > GVT_DAMAGE_MAX_DIM ||
	    gvt_format_cpp(p->drm_format) == 0 || plane_bitmap_bytes(p) > d->bitmap_bytes) {
		return NULL;
	}
	for (i = 0; i < GVT_DAMAGE_PLANES; i++) {
		struct gvt_damage_set *set = &d->set[i];

		if (set->valid && gvt_plane_same_buffer(&set->plane, p)) {
			set->last_used = ++d->clock;
			return set;
		}
		if (!set->valid || (oldest->valid && set->last_used < oldest->last_used)) {
			oldest = set;
		}
	}
	oldest->plane = *p;
	oldest->valid = true;
	oldest->last_used = ++d->clock;
	set_fill(oldest);
	return oldest;
}

bool gvt_damage_show(struct gvt_damage *d, const struct gvt_plane *p)
{
	if (!plane_on(p)) {
		bool was_on = plane_on(&d->plane);

		d->plane = *p;
		d->shown = NULL;
		return was_on ? become_dirty(d) : false;
	}
	if (plane_on(&d->plane) && gvt_plane_same_buffer(&d->plane, p)) {
		return false;
	}
	d->plane = *p;
	d->shown = set_get(d, p);
	if (d->shown && same_geometry(p, &d->seen) && set_empty(d->shown)) {
		return false;
	}
	return become_dirty(d);
}

static void mark_line(struct gvt_damage_set *set, uint32_t y, uint32_t x0, uint32_t x1)
{
	uint32_t per_row = tiles_x(&set->plane);
	uint32_t row = y / GVT_DAMAGE_TILE_H * per_row;
	uint32_t t;

	if (x0 >= set->plane.width_px) {
		return; /* between the end of a line and the next */
	}
	if (x1 >= set->plane.width_px) {
		x1 = set->plane.width_px - 1;
	}
	for (t = x0 / GVT_DAMAGE_TILE_W; t <= x1 / GVT_DAMAGE_TILE_W; t++) {
		set->tiles[(row + t) / 8] |= (uint8_t)(1u << ((row + t) % 8));
	}
}

/* Mark what the bytes from @first to @last of video memory hold of the set's plane, if anything. */
static bool mark_bytes(struct gvt_damage_set *set, uint64_t first, uint64_t last)
{
	const struct gvt_plane *p = &set->plane;
	uint32_t cpp = gvt_format_cpp(p->drm_format);
	uint64_t end = p->offset_bytes + (uint64_t)p->stride_bytes * p->height_px - 1;
	uint64_t y, y0, y1;

	if (last < p->offset_bytes || first > end) {
		return false;
	}
	first = first > p->offset_bytes ? first - p->offset_bytes : 0;
	last = (last < end ? last : end) - p->offset_bytes;
	y0 = first / p->stride_bytes;
	y1 = last / p->stride_bytes;
	for (y = y0; y <= y1; y++) {
		uint64_t b0 = y == y0 ? first % p->stride_bytes : 0;
		uint64_t b1 = y == y1 ? last % p->stride_bytes : p->stride_bytes - 1;

		mark_line(set, (uint32_t)y, (uint32_t)b0 / cpp, (uint32_t)b1 / cpp);
	}
	return true;
}

bool gvt_damage_page(struct gvt_damage *d, uint64_t page)
{
	uint64_t first = page * GVT_PAGE_SIZE;
	uint64_t last = first + GVT_PAGE_SIZE - 1;
	bool hit = false;
	unsigned int i;

	for (i = 0; i < GVT_DAMAGE_PLANES; i++) {
		if (d->set[i].valid && mark_bytes(&d->set[i], first, last) &&
		    &d->set[i] == d->shown) {
			hit = true;
		}
	}
	if (plane_on(&d->plane) && !d->shown) {
		hit = last >= d->plane.offset_bytes &&
		      first < d->plane.offset_bytes + d->plane.size_bytes;
	}
	return hit ? become_dirty(d) : false;
}

void gvt_damage_forget(struct gvt_damage *d)
{
	struct gvt_plane now = d->plane;
	unsigned int i;

	for (i = 0; i < GVT_DAMAGE_PLANES; i++) {
		d->set[i].valid = false;
	}
	d->shown = NULL;
	gvt_plane_off(&d->seen, GVT_OFF_NEVER_SET);
	gvt_plane_off(&d->plane, GVT_OFF_NEVER_SET);
	gvt_damage_show(d, &now);
}

void gvt_damage_look(const struct gvt_damage *d, struct gvt_damage_report *r)
{
	memset(r, 0, sizeof(*r));
	r->generation = d->generation;
	if (!plane_on(&d->plane)) {
		return;
	}
	r->all = !d->shown || !same_geometry(&d->plane, &d->seen);
	if (!d->shown) {
		r->tile_width_px = d->plane.width_px;
		r->tile_height_px = d->plane.height_px;
		r->tiles_x = 1;
		r->tiles_y = 1;
		r->bitmap_bytes = 1;
		return;
	}
	r->tile_width_px = GVT_DAMAGE_TILE_W;
	r->tile_height_px = GVT_DAMAGE_TILE_H;
	r->tiles_x = tiles_x(&d->plane);
	r->tiles_y = tiles_y(&d->plane);
	r->bitmap_bytes = plane_bitmap_bytes(&d->plane);
}

/* The viewer's picture has changed by @bitmap: so much may now set a buffer not shown apart from
 * it. */
static void set_add(struct gvt_damage_set *set, const struct gvt_damage *d, const uint8_t *bitmap,
		    const struct gvt_damage_report *r)
{
	size_t i;

	if (r->all || !same_geometry(&set->plane, &d->plane)) {
		set_fill(set);
		return;
	}
	for (i = 0; i < r->bitmap_bytes; i++) {
		set->tiles[i] |= bitmap[i];
	}
}

void gvt_damage_harvest(struct gvt_damage *d, struct gvt_damage_report *r, uint8_t *bitmap)
{
	unsigned int i;

	gvt_damage_look(d, r);
	if (r->all) {
		fill(bitmap, r->tiles_x * r->tiles_y);
	} else if (d->shown) {
		memcpy(bitmap, d->shown->tiles, r->bitmap_bytes);
	}
	for (i = 0; i < GVT_DAMAGE_PLANES; i++) {
		if (d->set[i].valid && &d->set[i] != d->shown) {
			set_add(&d->set[i], d, bitmap, r);
		}
	}
	if (d->shown) {
		memset(d->shown->tiles, 0, r->bitmap_bytes);
	}
	d->seen = d->plane;
	d->dirty = false;
}
