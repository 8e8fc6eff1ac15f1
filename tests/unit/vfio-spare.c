// SPDX-License-Identifier: GPL-2.0-or-later
/* Damage that costs more than it tells: a guest that redraws everything isn't harvested for a while. */
#include "ui/track-load.h"
#include "vfio-flipper.h"

/* The harvest after which the last signal came. */
static unsigned int told;

/* The guest has drawn in place; the device signals the first write after a harvest. */
static void draw(struct fixture *f, uint32_t colour, const char *tiles)
{
	fill(f->pixels, W * H, colour);
	vfio_fake_damage_set(f->fake, TILE, (const uint8_t *)tiles, 1);
	if (told != f->fake->harvests) {
		told = f->fake->harvests;
		status_of(f)->damage_generation = f->fake->damage.generation;
		vfio_fake_signal(f->fake, GFX_IRQ, 0);
	}
}

/* Draws in place, and waits no longer than until the viewer has it. The device's next harvest says
 * @tiles. */
static void draw_and_see(struct fixture *f, uint32_t colour, const char *tiles)
{
	int64_t limit_ns = clock_ns() + 1000000000;

	draw(f, colour, tiles);
	while (seen(f, 0, 0) != colour) {
		g_assert_cmpint(clock_ns(), <, limit_ns);
		g_main_context_iteration(NULL, FALSE);
	}
}

/* Draws in place until that is spared. */
static void draw_much(struct fixture *f)
{
	for (uint32_t i = 1; i <= TRACK_LOAD_HEAVY_LOOKS; i++) {
		draw_and_see(f, i, "\xff");
	}
}

/* As the module's Bochs types. */
static void begin_prepared(struct fixture *f)
{
	struct vfio_gfx_status *status = vfio_fake_gfx_add(f->fake, GFX_REGION, GFX_IRQ);

	status->caps |= VFIO_GFX_CAP_SOURCE;
	status->plane.id = 1;
	vfio_fake_damage_set(f->fake, TILE, (const uint8_t *)"", 0);
	f->fake->damage.flags |= VFIO_GFX_DAMAGE_ALL;
	told = 0;
	watch(f);
	run_for(20);
}

static void begin(struct fixture *f)
{
	prepare(f);
	begin_prepared(f);
}

static void test_in_place(void)
{
	struct fixture f = { 0 };
	unsigned int harvests, queries;

	begin(&f);
	draw_much(&f);
	harvests = f.fake->harvests;
	queries = f.fake->queries;
	for (uint32_t i = 0; i < 20; i++) {
		draw_and_see(&f, 0x100 + i, "\xff");
	}
	/* compared, and nobody was asked */
	g_assert_cmpuint(f.fake->harvests, ==, harvests);
	g_assert_cmpuint(f.fake->queries, ==, queries);
	/* Nothing moves any more: the device tells of what comes. */
	run_for(600);
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 1);
	queries = f.fake->queries;
	run_for(300);
	g_assert_cmpuint(f.fake->queries, ==, queries);
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 1);
	draw(&f, 0x200, "\x80");
	run_for(20);
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 2);
	g_assert_cmphex(seen(&f, W - 1, H - 1), ==, 0x200);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x113);
	finish(&f);
}

/* Small changes and few big ones are what the damage is for. */
static void test_light(void)
{
	static const char *const tiles[] = { "\xff", "\xff", "\x01", "\xff", "\xff", "" };
	struct fixture f = { 0 };
	unsigned int harvests;

	begin(&f);
	harvests = f.fake->harvests;
	for (uint32_t i = 0; i < 5 * G_N_ELEMENTS(tiles); i++) {
		draw(&f, i + 1, tiles[i % G_N_ELEMENTS(tiles)]);
		run_for(10);
	}
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 5 * G_N_ELEMENTS(tiles));
	/* and nobody polls */
	unsigned int queries = f.fake->queries;
	run_for(200);
	g_assert_cmpuint(f.fake->queries, ==, queries);
	finish(&f);
}

static void test_flips(void)
{
	struct fixture f = { 0 };
	unsigned int harvests, queries;

	begin(&f);
	vfio_fake_dmabuf_add(f.fake, 2, W * H * 4);
	draw_much(&f);
	harvests = f.fake->harvests;
	queries = f.fake->queries;
	/* faster than anybody would look for what is drawn in place */
	for (uint32_t i = 0; i < 50; i++) {
		flip_to(&f, 2 - i % 2);
		run_for(10);
		g_assert_cmphex(seen(&f, 0, 0), ==, i % 2 ? TRACK_LOAD_HEAVY_LOOKS : 0);
	}
	g_assert_cmpuint(f.fake->harvests, ==, harvests);
	g_assert_cmpuint(f.fake->queries - queries, >=, 50);
	g_assert_cmpuint(f.fake->queries - queries, <=, 60);
	finish(&f);
}

/* The driver counts from its last harvest; what was seen since then is another picture. With each
 * look of the pair as the last one that is spared. */
static void test_gap(void)
{
	for (unsigned int first = 0; first < 2; first++) {
		struct fixture f = { 0 };
		unsigned int harvests, i;

		begin(&f);
		draw_much(&f);
		harvests = f.fake->harvests;
		if (first) {
			draw_and_see(&f, 0x111111, "\xff");
		}
		for (i = 0; i < TRACK_LOAD_OFF_LOOKS && f.fake->harvests == harvests; i++) {
			draw_and_see(&f, 0x222222, "\xff");
			if (f.fake->harvests == harvests) {
				/* as it was at the last harvest */
				draw_and_see(&f, TRACK_LOAD_HEAVY_LOOKS, "");
			}
		}
		g_assert_cmpuint(f.fake->harvests, >, harvests);
		g_assert_cmpuint(i, >, TRACK_LOAD_OFF_LOOKS / 4);
		finish(&f);
	}
}

/* Once in a while it is looked whether it is still worth it. */
static void test_goes_on(void)
{
	struct fixture f = { 0 };
	unsigned int harvests;
	uint32_t i;

	begin(&f);
	draw_much(&f);
	harvests = f.fake->harvests;
	for (i = 0; i < 400 && f.fake->harvests < harvests + 2 * (TRACK_LOAD_HEAVY_LOOKS + 1); i++) {
		draw(&f, 0x100 + i, "\xff");
		run_for(20);
	}
	/* Twice through: the first harvest of each counts for nothing. */
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 2 * (TRACK_LOAD_HEAVY_LOOKS + 1));
	g_assert_cmpuint(i, >, TRACK_LOAD_OFF_LOOKS);
	finish(&f);
}

static void test_blank(void)
{
	struct fixture f = { 0 };
	unsigned int harvests;

	begin(&f);
	draw_much(&f);
	harvests = f.fake->harvests;
	f.fake->primary.drm_format = 0;
	flip_to(&f, 1);
	expect_blank(&f, BLANK_PLANE_OFF, NULL);
	unsigned int queries = f.fake->queries;
	run_for(200);
	g_assert_cmpuint(f.fake->queries, ==, queries); /* no polls of what is off */
	f.fake->primary.drm_format = XR24;
	flip_to(&f, 1);
	run_for(20);
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 1);
	g_assert_cmpuint(f.viewer->blank, ==, BLANK_NONE);
	finish(&f);
}

/* A region that can be mapped is compared where it lies. */
static void test_region(void)
{
	struct fixture f = { 0 };
	unsigned int queries;

	prepare(&f);
	f.fake->dmabuf = false;
	f.fake->region = true;
	f.fake->primary.region_index = FB_REGION;
	f.pixels = vfio_fake_region_add(f.fake, FB_REGION, W * H * 4, VFIO_REGION_INFO_FLAG_READ |
					VFIO_REGION_INFO_FLAG_MMAP, 0, 0);
	begin_prepared(&f);
	draw_much(&f);
	queries = f.fake->queries;
	draw_and_see(&f, 0x123456, "\xff");
	g_assert_cmpuint(f.fake->queries, ==, queries);
	finish(&f);
}

/* A guest that flips at any moment, and mostly redraws much. */
static void test_random_life(void)
{
	static const unsigned int chances[] = { 0, 2, 4, 12 };
	unsigned int harvests = 0, frames = 0;

	for (unsigned int round = 0; round < 8; round++) {
		struct guest *guest = guest_new(true, VFIO_TEAR_LATCH);
		struct judge quick, late;

		live(guest, &quick, &late, chances, NULL);
		harvests += guest->f.fake->harvests;
		frames += (unsigned int)source_of(guest).frames;
		live_out(guest, &quick, &late, 400);
	}
	g_test_message("%u harvests, %u frames", harvests, frames);
	g_assert_cmpuint(harvests * 2, <, frames);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define T(name, fn) g_test_add_func("/vfio-spare/" name, fn)
	T("a-guest-that-redraws-everything-is-compared", test_in_place);
	T("one-that-doesnt-is-harvested", test_light);
	T("flips-are-told-all-the-same", test_flips);
	T("the-first-harvest-after-it-tells-nothing", test_gap);
	T("it-is-tried-again", test_goes_on);
	T("a-blank-screen-ends-it", test_blank);
	T("a-region-is-compared-where-it-lies", test_region);
	T("no-picture-is-ever-mixed-and-no-damage-lost", test_random_life);
#undef T
	return g_test_run();
}
