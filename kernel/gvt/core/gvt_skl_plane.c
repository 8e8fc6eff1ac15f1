// SPDX-License-Identifier: GPL-2.0-or-later
/* What the registers in effect say is on the screen (section 6). */
#include "gvt_skl_int.h"

#define CTL_ALPHA  0x30u
#define CTL_RGBX   SKL_BIT(20)
#define CTL_TURN   3u
#define CTL_CCS	   SKL_BIT(15)

/* The engine itself takes no more; a mode never has more (4.3). */
#define MAX_WIDTH     8192u
#define MAX_HEIGHT    4320u
#define STRIDE_MASK   0xfffu
#define LINEAR_STRIDE 64u

#define DIV_UP(a, b) (((a) + (b)-1) / (b))

const struct gvt_skl_pipe *gvt_skl_shown_pipe(const struct gvt_skl *s)
{
	unsigned int p;

	for (p = 0; p < s->config.pipes; p++) {
		if (s->pipe[p].on) {
			return &s->pipe[p];
		}
	}
	return NULL;
}

static uint32_t format_of(uint32_t ctl)
{
	bool alpha = ctl & CTL_ALPHA;
	bool rgbx = ctl & CTL_RGBX;

	switch ((ctl >> 24) & 0xf) {
	case 4:
		if (alpha) {
			return rgbx ? GVT_FORMAT_ABGR8888 : GVT_FORMAT_ARGB8888;
		}
		return rgbx ? GVT_FORMAT_XBGR8888 : GVT_FORMAT_XRGB8888;
	case 14:
		return GVT_FORMAT_RGB565;
	case 2:
		return rgbx ? GVT_FORMAT_XBGR2101010 : GVT_FORMAT_XRGB2101010;
	default:
		return 0;
	}
}

/* False: no name for it. */
static bool modifier_of(uint32_t ctl, uint64_t *modifier)
{
	if (ctl & CTL_CCS) {
		return false; /* compressed by a render engine that isn't here */
	}
	switch ((ctl >> 10) & 7) {
	case 0:
		*modifier = GVT_MODIFIER_LINEAR;
		return true;
	case 1:
		*modifier = GVT_MODIFIER_X;
		return true;
	case 4:
		*modifier = GVT_MODIFIER_Y;
		return true;
	case 5:
		*modifier = GVT_MODIFIER_YF;
		return true;
	default:
		return false;
	}
}

/* Bytes of address space that the guest's table covers. */
static uint64_t space(const struct gvt_skl *s)
{
	return gvt_skl_ggtt_entries(&s->config) * GVT_PAGE_SIZE;
}

static bool beyond(const struct gvt_skl *s, struct gvt_plane *p)
{
	uint64_t first = p->offset_bytes & ~(uint64_t)(GVT_PAGE_SIZE - 1);

	return first > space(s) || p->size_bytes > space(s) - first;
}

static bool off(struct gvt_plane *p, enum gvt_off_reason why)
{
	gvt_plane_off(p, why);
	return false;
}

/* Fill offset and size of a linear plane whose first pixel is (@x, @y) from @base. */
static void place_linear(struct gvt_plane *p, uint64_t base, uint32_t x, uint32_t y,
			 unsigned int cpp)
{
	uint64_t end;

	p->offset_bytes = base + (uint64_t)y * p->stride_bytes + (uint64_t)x * cpp;
	end = p->offset_bytes % GVT_PAGE_SIZE + (uint64_t)(p->height_px - 1) * p->stride_bytes +
	      (uint64_t)p->width_px * cpp;
	p->size_bytes = DIV_UP(end, GVT_PAGE_SIZE) * GVT_PAGE_SIZE;
}

/* The same for a tiled one, from the tile that holds the first pixel to the last one needed. */
static void place_tiled(struct gvt_plane *p, uint64_t base, uint32_t x, uint32_t y,
			unsigned int cpp, struct gvt_tile tile)
{
	uint64_t per_row = p->stride_bytes / tile.width_bytes;
	uint32_t tile_px = tile.width_bytes / cpp;
	uint64_t first = (uint64_t)(y / tile.height_px) * per_row + x / tile_px;
	uint64_t last_x, last_y;

	p->src_x_px = x % tile_px;
	p->src_y_px = y % tile.height_px;
	last_x = (p->src_x_px + p->width_px - 1) / tile_px;
	last_y = (p->src_y_px + p->height_px - 1) / tile.height_px;
	p->offset_bytes = base + first * GVT_PAGE_SIZE;
	p->size_bytes = (last_y * per_row + last_x + 1) * GVT_PAGE_SIZE;
}

/*
 * Turned by 90 or 270 degrees the guest maps the tiles column by column, each from the bottom up, so
 * that the engine reads lines where memory has columns; the stride then counts tiles in a column. So
 * the view's x runs up from the buffer's last line, and its y is the buffer's x. The plane is given as
 * all tiles of the columns that it touches; gvt_skl_page() can find those from their number alone.
 */
static bool place_turned(struct gvt_plane *p, const struct gvt_skl_plane_regs *r, uint64_t base,
			 unsigned int cpp, struct gvt_tile tile)
{
	uint64_t rows = r->stride & STRIDE_MASK;
	uint64_t lines = rows * tile.height_px;
	uint32_t shown_width = p->width_px;
	uint32_t tile_px, x, y, columns;

	if (tile.height_px != 32) {
		return false;
	}
	tile_px = tile.width_bytes / cpp;
	x = r->offset & 0xffff;
	y = r->offset >> 16;
	if ((uint64_t)x + shown_width > lines) {
		return false;
	}
	p->width_px = p->height_px;
	p->height_px = shown_width;
	p->src_x_px = y % tile_px;
	p->src_y_px = (uint32_t)(lines - x - shown_width);
	columns = DIV_UP(p->src_x_px + p->width_px, tile_px);
	p->stride_bytes = columns * tile.width_bytes;
	p->offset_bytes = base + y / tile_px * rows * GVT_PAGE_SIZE;
	p->size_bytes = rows * columns * GVT_PAGE_SIZE;
	return true;
}

bool gvt_skl_primary(const struct gvt_skl *s, struct gvt_plane *p)
{
	static const uint32_t turns[] = {0, 270, 180, 90}; /* the register counts clockwise */
	const struct gvt_skl_pipe *pipe = gvt_skl_shown_pipe(s);
	const struct gvt_skl_plane_regs *r;
	struct gvt_tile tile;
	uint64_t base;
	unsigned int cpp;
	uint32_t x, y;

	gvt_plane_off(p, GVT_OFF_NOT);
	if (!pipe) {
		return off(p, s->mode_was_set ? GVT_OFF_DISABLED : GVT_OFF_NEVER_SET);
	}
	r = &pipe->plane;
	if (!(r->ctl & SKL_ENABLE)) {
		return off(p, GVT_OFF_BLANKED);
	}
	p->drm_format = format_of(r->ctl);
	if (p->drm_format == 0 || !modifier_of(r->ctl, &p->modifier)) {
		return off(p, GVT_OFF_FORMAT);
	}
	cpp = gvt_format_cpp(p->drm_format);
	tile = gvt_modifier_tile(p->modifier, cpp);
	p->width_px = (r->size & 0xffff) + 1;
	p->height_px = (r->size >> 16) + 1;
	p->rotation = turns[r->ctl & CTL_TURN];
	x = r->offset & 0xffff;
	y = r->offset >> 16;
	base = r->surf & ~(GVT_PAGE_SIZE - 1);
	if (p->width_px > MAX_WIDTH || p->height_px > MAX_HEIGHT) {
		return off(p, GVT_OFF_GEOMETRY);
	}
	if (p->rotation == 90 || p->rotation == 270) {
		if (!place_turned(p, r, base, cpp, tile)) {
			return off(p, GVT_OFF_GEOMETRY);
		}
		return beyond(s, p) ? off(p, GVT_OFF_BEYOND) : true;
	}
	p->stride_bytes = (r->stride & STRIDE_MASK) *
			  (tile.width_bytes ? tile.width_bytes : LINEAR_STRIDE);
	if (p->stride_bytes == 0 || p->stride_bytes < (uint64_t)p->width_px * cpp) {
		return off(p, GVT_OFF_GEOMETRY);
	}
	if (tile.width_bytes) {
		uint32_t end = x % (tile.width_bytes / cpp) + p->width_px;

		if ((uint64_t)end * cpp > p->stride_bytes) {
			return off(p, GVT_OFF_GEOMETRY);
		}
		place_tiled(p, base, x, y, cpp, tile);
	} else {
		place_linear(p, base, x, y, cpp);
	}
	return beyond(s, p) ? off(p, GVT_OFF_BEYOND) : true;
}

/* Sign and magnitude. */
static int32_t position(uint32_t half)
{
	int32_t magnitude = (int32_t)(half & 0x7fff);

	return half & 0x8000 ? -magnitude : magnitude;
}

/* Edge of the image in pixels, 0: none. Bit 5 tells ARGB from the old AND/XOR kind; both are shown
 * as ARGB. */
static uint32_t cursor_edge(uint32_t control)
{
	switch (control & 7) {
	case 7:
		return 64;
	case 2:
		return 128;
	case 3:
		return 256;
	default:
		return 0;
	}
}

bool gvt_skl_cursor(const struct gvt_skl *s, struct gvt_plane *p)
{
	const struct gvt_skl_pipe *pipe = gvt_skl_shown_pipe(s);
	const struct gvt_skl_cursor_regs *r;
	uint32_t lines;

	gvt_plane_off(p, GVT_OFF_NOT);
	if (!pipe) {
		return off(p, s->mode_was_set ? GVT_OFF_DISABLED : GVT_OFF_NEVER_SET);
	}
	r = &pipe->cursor;
	p->width_px = cursor_edge(r->control);
	if (p->width_px == 0) {
		return off(p, GVT_OFF_DISABLED);
	}
	p->height_px = p->width_px;
	lines = (r->fbc & 0xff) + 1;
	if ((r->fbc & SKL_ENABLE) && lines >= 8 && lines < p->width_px) {
		p->height_px = lines;
	}
	p->drm_format = GVT_FORMAT_ARGB8888;
	p->stride_bytes = p->width_px * 4;
	p->rotation = r->control & SKL_BIT(15) ? 180 : 0;
	p->offset_bytes = r->base & ~(GVT_PAGE_SIZE - 1);
	p->size_bytes = DIV_UP((uint64_t)p->stride_bytes * p->height_px, GVT_PAGE_SIZE) *
			GVT_PAGE_SIZE;
	p->x_px = position(r->pos & 0xffff);
	p->y_px = position(r->pos >> 16);
	if (s->config.pvinfo) {
		p->hot_x_px = skl_get(s, SKL_PVINFO_CUR_XHOT);
		p->hot_y_px = skl_get(s, SKL_PVINFO_CUR_YHOT);
		if (p->hot_x_px >= p->width_px || p->hot_y_px >= p->height_px) {
			p->hot_x_px = GVT_HOT_UNKNOWN;
			p->hot_y_px = GVT_HOT_UNKNOWN;
		}
	}
	return beyond(s, p) ? off(p, GVT_OFF_BEYOND) : true;
}

uint64_t gvt_skl_page(const struct gvt_plane *p, uint64_t i)
{
	uint64_t first = p->offset_bytes / GVT_PAGE_SIZE;
	struct gvt_tile tile;
	uint64_t columns, rows;

	if (p->rotation != 90 && p->rotation != 270) {
		return first + i;
	}
	tile = gvt_modifier_tile(p->modifier, gvt_format_cpp(p->drm_format));
	columns = p->stride_bytes / tile.width_bytes;
	rows = gvt_plane_pages(p) / columns;
	return first + (i % columns) * rows + (rows - 1 - i / columns);
}
