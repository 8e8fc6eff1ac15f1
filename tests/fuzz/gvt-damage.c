// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes, flips and harvests in any order, against pictures that are really kept: a viewer that
 * copies the damaged tiles must have what is shown.
 */
#include <stdlib.h>

#include "kernel/gvt/core/gvt_damage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VRAM_PIXELS 65536u
#define BITMAP	    1024u

struct picture {
	struct gvt_damage d;
	struct gvt_plane plane;
	uint8_t tiles[GVT_DAMAGE_PLANES * BITMAP];
	uint32_t vram[VRAM_PIXELS];
	uint32_t viewer[VRAM_PIXELS];
};

/* A plane somewhere in the first bytes, of one of a few odd shapes. */
static void show(struct picture *s, uint8_t where, uint8_t shape)
{
	static const uint16_t sizes[][2] = {{64, 64}, {100, 17}, {129, 200}, {1, 300}, {1024, 16}};
	struct gvt_plane *p = &s->plane;

	gvt_plane_off(p, GVT_OFF_BLANKED);
	if (shape % 8 < 5) {
		p->drm_format = GVT_FORMAT_XRGB8888;
		p->off_reason = GVT_OFF_NOT;
		p->width_px = sizes[shape % 8][0];
		p->height_px = sizes[shape % 8][1];
		p->stride_bytes = (p->width_px + (shape >> 5) * 3u) * 4;
		p->offset_bytes = where % 16 * 4096u + (shape & 0x10 ? 404 : 0);
		p->size_bytes = (uint64_t)p->stride_bytes * p->height_px;
		if (p->offset_bytes + p->size_bytes > sizeof(s->vram)) {
			gvt_plane_off(p, GVT_OFF_BEYOND);
		}
	}
	gvt_damage_show(&s->d, p);
}

static void harvest(struct picture *s)
{
	const struct gvt_plane *p = &s->plane;
	struct gvt_damage_report r;
	uint8_t bitmap[BITMAP];

	gvt_damage_harvest(&s->d, &r, bitmap);
	if (p->drm_format == 0) {
		if (r.tiles_x != 0) {
			abort();
		}
		return;
	}
	if (r.tiles_x * r.tile_width_px < p->width_px ||
	    r.tiles_y * r.tile_height_px < p->height_px) {
		abort();
	}
	for (uint32_t y = 0; y < p->height_px; y++) {
		for (uint32_t x = 0; x < p->width_px; x++) {
			uint32_t tile = y / r.tile_height_px * r.tiles_x + x / r.tile_width_px;
			uint32_t pixel =
				s->vram[(p->offset_bytes + y * (uint64_t)p->stride_bytes) / 4 + x];

			if (bitmap[tile / 8] >> (tile % 8) & 1) {
				s->viewer[y * p->width_px + x] = pixel;
			}
			if (s->viewer[y * p->width_px + x] != pixel) {
				abort();
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct picture s;
	uint32_t harvests = 0;

	memset(&s, 0, sizeof(s));
	gvt_damage_init(&s.d, s.tiles, BITMAP);
	gvt_plane_off(&s.plane, GVT_OFF_NEVER_SET);
	for (; size >= 3; data += 3, size -= 3) {
		uint32_t at = (data[1] | (uint32_t)data[2] << 8) % VRAM_PIXELS;

		switch (data[0] % 4) {
		case 0:
			show(&s, data[1], data[2]);
			break;
		case 1:
			if (harvests++ < 64) {
				harvest(&s);
			}
			break;
		case 2:
			if (data[1] == 0x7f) {
				gvt_damage_forget(&s.d);
				break;
			}
			/* fall through */
		default:
			s.vram[at] = data[0] | at << 8;
			gvt_damage_page(&s.d, at / 1024);
			break;
		}
	}
	return 0;
}
