// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>
#include <string.h>

#include "kernel/gvt/core/gvt_damage.h"

#define MIB (1ULL << 20)

struct fixture {
	struct gvt_damage d;
	uint64_t vram;
	uint8_t *memory;
	uint8_t *bitmap;
	struct gvt_damage_report r;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	size_t n;

	f->vram = 16 * MIB;
	n = gvt_damage_bitmap_bytes(f->vram);
	f->memory = g_malloc0(n * GVT_DAMAGE_PLANES);
	f->bitmap = g_malloc0(n);
	gvt_damage_init(&f->d, f->memory, n);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_free(f->memory);
	g_free(f->bitmap);
}

static struct gvt_plane plane(uint64_t offset, uint32_t w, uint32_t h)
{
	struct gvt_plane p;

	gvt_plane_off(&p, GVT_OFF_NOT);
	p.drm_format = GVT_FORMAT_XRGB8888;
	p.offset_bytes = offset;
	p.width_px = w;
	p.height_px = h;
	p.stride_bytes = w * 4;
	p.size_bytes = (uint64_t)w * h * 4;
	return p;
}

static unsigned int harvest(struct fixture *f)
{
	unsigned int set = 0;

	gvt_damage_harvest(&f->d, &f->r, f->bitmap);
	for (unsigned int i = 0; i < f->r.tiles_x * f->r.tiles_y; i++) {
		set += f->bitmap[i / 8] >> (i % 8) & 1;
	}
	return set;
}

static bool tile(const struct fixture *f, uint32_t x, uint32_t y)
{
	uint32_t n = y * f->r.tiles_x + x;

	return f->bitmap[n / 8] >> (n % 8) & 1;
}

static void test_first(struct fixture *f, gconstpointer data)
{
	struct gvt_plane p = plane(0, 1024, 768);

	g_assert_true(gvt_damage_show(&f->d, &p));
	g_assert_cmpuint(harvest(f), ==, 16 * 48);
	g_assert_true(f->r.all);
	g_assert_cmpuint(harvest(f), ==, 0);
	g_assert_false(f->r.all);
	g_assert_false(f->d.dirty);
}

static void test_page(struct fixture *f, gconstpointer data)
{
	struct gvt_plane p = plane(8192, 1024, 768); /* one page a line */

	gvt_damage_show(&f->d, &p);
	harvest(f);
	g_assert_false(gvt_damage_page(&f->d, 1));
	g_assert_true(gvt_damage_page(&f->d, 2));
	g_assert_false(gvt_damage_page(&f->d, 2 + 767)); /* dirty already */
	g_assert_false(gvt_damage_page(&f->d, 2 + 768));
	g_assert_cmpuint(harvest(f), ==, 32);
	g_assert_true(tile(f, 0, 0));
	g_assert_true(tile(f, 15, 0));
	g_assert_false(tile(f, 0, 1));
	g_assert_true(tile(f, 7, 47));
}

/* Lines wider than a page: only the part of the line that the page holds. */
static void test_part_of_line(struct fixture *f, gconstpointer data)
{
	struct gvt_plane p = plane(0, 2048, 512);

	gvt_damage_show(&f->d, &p);
	harvest(f);
	g_assert_true(gvt_damage_page(&f->d, 33)); /* line 16, right half */
	g_assert_cmpuint(harvest(f), ==, 16);
	g_assert_false(tile(f, 15, 1));
	g_assert_true(tile(f, 16, 1));
	g_assert_true(tile(f, 31, 1));
}

/* Whatever page is written, the tiles named hold every pixel of it. */
static void test_no_pixel_lost(struct fixture *f, gconstpointer data)
{
	static const uint32_t sizes[][2] = {
		{1366, 768}, {1, 700}, {63, 65}, {1920, 1080}, {2049, 33}};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		struct gvt_plane p = plane(4096 * i, sizes[i][0], sizes[i][1]);

		gvt_damage_show(&f->d, &p);
		harvest(f);
		for (uint64_t page = 0; page < 2200; page += 7) {
			gvt_damage_page(&f->d, page);
			harvest(f);
			for (uint64_t at = page * 4096; at < page * 4096 + 4096; at += 4) {
				uint64_t px;

				if (at < p.offset_bytes) {
					continue;
				}
				px = (at - p.offset_bytes) / 4;
				if (px / p.width_px >= p.height_px) {
					break;
				}
				g_assert_true(tile(f, (uint32_t)(px % p.width_px / 64),
						   (uint32_t)(px / p.width_px / 16)));
			}
		}
	}
}

static void test_two_buffers(struct fixture *f, gconstpointer data)
{
	struct gvt_plane a = plane(0, 1024, 768), b = plane(4 * MIB, 1024, 768);
	uint64_t b_page = 4 * MIB / 4096;

	gvt_damage_show(&f->d, &a);
	harvest(f);
	gvt_damage_show(&f->d, &b);
	g_assert_cmpuint(harvest(f), ==, 16 * 48); /* never seen before */
	/* The viewer now has b. a is unlike it everywhere, as far as is known. */
	gvt_damage_show(&f->d, &a);
	g_assert_cmpuint(harvest(f), ==, 16 * 48);
	gvt_damage_show(&f->d, &b);
	g_assert_cmpuint(harvest(f), ==, 16 * 48);
	gvt_damage_show(&f->d, &a);
	harvest(f);

	/* From a to b and back is always unlike where they were unlike: everywhere. */
	g_assert_false(gvt_damage_page(&f->d, b_page));
	g_assert_true(gvt_damage_show(&f->d, &b));
	g_assert_cmpuint(harvest(f), ==, 16 * 48);
}

/*
 * Compare with a picture that is really kept: two buffers, random writes, flips and harvests; the
 * viewer copies the tiles named and must always have what is shown.
 */
static void test_against_pictures(struct fixture *f, gconstpointer data)
{
	enum { W = 1024, H = 64, PAGES = H, BUFFERS = 6 };
	g_autofree uint32_t *vram = g_new0(uint32_t, BUFFERS * W * H);
	g_autofree uint32_t *viewer = g_new0(uint32_t, W * H);
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	unsigned int shown = 0, partial = 0;
	struct gvt_plane p = plane(0, W, H);

	gvt_damage_show(&f->d, &p);
	for (unsigned int step = 0; step < 20000; step++) {
		unsigned int what = g_rand_int_range(rand, 0, 10);

		if (what < 6) {
			unsigned int page = g_rand_int_range(rand, 0, BUFFERS * PAGES);

			vram[page * W + g_rand_int_range(rand, 0, W)] = g_rand_int(rand);
			gvt_damage_page(&f->d, page);
		} else if (what < 8) {
			shown = g_rand_int_range(rand, 0, what == 6 ? 2 : BUFFERS);
			p = plane(shown * W * H * 4, W, H);
			gvt_damage_show(&f->d, &p);
		} else {
			bool dirty = f->d.dirty;
			unsigned int n = harvest(f);

			g_assert_true(dirty || n == 0);
			partial += n > 0 && n < f->r.tiles_x * f->r.tiles_y;
			for (unsigned int px = 0; px < W * H; px++) {
				if (tile(f, px % W / 64, px / W / 16)) {
					viewer[px] = vram[shown * W * H + px];
				}
			}
			g_assert_cmpmem(viewer, W * H * 4, vram + shown * W * H, W * H * 4);
		}
	}
	g_assert_cmpuint(partial, >, 100);
}

static void test_off(struct fixture *f, gconstpointer data)
{
	struct gvt_plane p = plane(0, 1024, 768), off;
	uint64_t generation;

	gvt_plane_off(&off, GVT_OFF_BLANKED);
	g_assert_false(gvt_damage_show(&f->d, &off));
	gvt_damage_show(&f->d, &p);
	harvest(f);
	generation = f->d.generation;
	g_assert_true(gvt_damage_show(&f->d, &off));
	g_assert_cmpuint(f->d.generation, ==, generation + 1);
	harvest(f);
	g_assert_cmpuint(f->r.tiles_x, ==, 0);
	g_assert_false(gvt_damage_page(&f->d, 0));
	g_assert_true(gvt_damage_show(&f->d, &p));
	g_assert_cmpuint(harvest(f), ==, 16 * 48);
}

static void test_forget(struct fixture *f, gconstpointer data)
{
	struct gvt_plane p = plane(0, 1024, 768);

	gvt_damage_show(&f->d, &p);
	harvest(f);
	gvt_damage_forget(&f->d);
	g_assert_true(f->d.dirty);
	g_assert_cmpuint(harvest(f), ==, 16 * 48);
	g_assert_true(f->r.all);
}

static void test_huge(struct fixture *f, gconstpointer data)
{
	struct gvt_plane p = plane(4096, 16000, 100);

	g_assert_true(gvt_damage_show(&f->d, &p));
	g_assert_cmpuint(harvest(f), ==, 1);
	g_assert_cmpuint(f->r.tile_width_px, ==, 16000);
	g_assert_cmpuint(f->r.tile_height_px, ==, 100);
	g_assert_false(gvt_damage_page(&f->d, 0));
	g_assert_true(gvt_damage_page(&f->d, 1));
	g_assert_cmpuint(harvest(f), ==, 1);
}

static void test_bitmap_size(void)
{
	for (uint64_t vram = 4 * MIB; vram <= 1024 * MIB; vram *= 2) {
		size_t n = gvt_damage_bitmap_bytes(vram);

		for (uint32_t w = 1; w <= GVT_DAMAGE_MAX_DIM; w += 13) {
			uint64_t h = MIN(vram / (2 * w), GVT_DAMAGE_MAX_DIM);
			uint64_t tiles = (uint64_t)((w + 63) / 64) * ((h + 15) / 16);

			g_assert_cmpuint((tiles + 7) / 8, <=, n);
		}
	}
}

#define ADD(name, func) g_test_add(name, struct fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/gvt/damage/the-first-harvest-is-everything", test_first);
	ADD("/gvt/damage/a-page-is-its-tiles", test_page);
	ADD("/gvt/damage/a-page-of-a-wide-line-is-part-of-it", test_part_of_line);
	ADD("/gvt/damage/no-pixel-of-a-written-page-is-lost", test_no_pixel_lost);
	ADD("/gvt/damage/unlike-buffers-stay-unlike", test_two_buffers);
	ADD("/gvt/damage/a-viewer-that-copies-only-damage-has-the-picture", test_against_pictures);
	ADD("/gvt/damage/switching-off-and-on-is-seen", test_off);
	ADD("/gvt/damage/after-forgetting-all-is-damaged", test_forget);
	ADD("/gvt/damage/a-huge-picture-is-one-tile", test_huge);
	g_test_add_func("/gvt/damage/every-plane-fits-the-bitmap", test_bitmap_size);
	return g_test_run();
}
