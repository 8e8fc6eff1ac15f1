// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include "ui/gtk/geometry.h"

static struct view_shape shape_of(int area_width, int area_height, int width_px, int height_px)
{
	return (struct view_shape){
		.area_width = area_width, .area_height = area_height,
		.width_px = width_px, .height_px = height_px,
		.zoom = 1, .keep_aspect = true,
	};
}

static void assert_place(const struct view_shape *shape, int x, int y, int width, int height)
{
	struct view_rect rect = view_place(shape);

	g_assert_cmpint(rect.x, ==, x);
	g_assert_cmpint(rect.y, ==, y);
	g_assert_cmpint(rect.width, ==, width);
	g_assert_cmpint(rect.height, ==, height);
}

static void test_fixed_zoom(void)
{
	struct view_shape shape = shape_of(800, 600, 640, 480);

	assert_place(&shape, 80, 60, 640, 480);
	shape.zoom = 0.5;
	assert_place(&shape, 240, 180, 320, 240);
	shape.zoom = 1.25;
	assert_place(&shape, 0, 0, 800, 600);
	/* No room: all of it is seen all the same. */
	shape.zoom = 2;
	assert_place(&shape, 0, 0, 800, 600);
}

static void test_letter_box(void)
{
	struct view_shape shape = shape_of(600, 600, 300, 150);

	shape.fit = true;
	assert_place(&shape, 0, 150, 600, 300);
	shape = shape_of(600, 600, 150, 300);
	shape.fit = true;
	assert_place(&shape, 150, 0, 300, 600);
	shape.keep_aspect = false;
	assert_place(&shape, 0, 0, 600, 600);
	/* The guest has followed: exactly one to one. */
	shape = shape_of(1023, 601, 1023, 601);
	shape.fit = true;
	assert_place(&shape, 0, 0, 1023, 601);
}

static void test_nothing_to_draw_on(void)
{
	struct view_shape shape = shape_of(0, 0, 640, 480);
	int x, y;

	for (int fit = 0; fit < 2; fit++) {
		shape.fit = fit;
		g_assert_cmpint(view_place(&shape).width, ==, 1);
		view_to_picture(&shape, 5, 5, &x, &y);
		g_assert_cmpint(x, <, 640);
	}
	shape = shape_of(1, 1, 16384, 1);
	shape.fit = true;
	g_assert_cmpint(view_place(&shape).height, ==, 1);
}

/* Where a pixel is drawn the pointer is on it, at any zoom. */
static void test_pointer(void)
{
	static const double zooms[] = { 0.5, 1, 1.25, 1.5, 2, 3.75 };

	for (guint i = 0; i < G_N_ELEMENTS(zooms); i++) {
		struct view_shape shape = shape_of(4000, 3000, 400, 300);

		shape.zoom = zooms[i];
		for (int px = 0; px < 400; px++) {
			struct view_rect rect = view_place(&shape);
			int at = rect.x + view_hot_spot(px, zooms[i]), x, y;

			g_assert_true(view_to_picture(&shape, at, rect.y, &x, &y));
			/* Half as large, a device pixel shows one of two. */
			g_assert_cmpint(ABS(x - px), <=, zooms[i] < 1 ? 1 : 0);
			g_assert_cmpint(y, <=, 1);
		}
	}
}

static void test_pointer_outside(void)
{
	struct view_shape shape = shape_of(800, 600, 640, 480);
	int x, y;

	g_assert_false(view_to_picture(&shape, 79, 300, &x, &y));
	g_assert_cmpint(x, ==, 0);
	g_assert_true(view_to_picture(&shape, 80, 60, &x, &y));
	g_assert_cmpint(x, ==, 0);
	g_assert_cmpint(y, ==, 0);
	g_assert_true(view_to_picture(&shape, 719.9, 539.9, &x, &y));
	g_assert_cmpint(x, ==, 639);
	g_assert_cmpint(y, ==, 479);
	g_assert_false(view_to_picture(&shape, 720, 540, &x, &y));
	g_assert_cmpint(x, ==, 639);
	g_assert_false(view_to_picture(&shape, -1e9, 1e9, &x, &y));
	g_assert_cmpint(x, ==, 0);
	g_assert_cmpint(y, ==, 479);
}

/* Whatever shows some of a damaged pixel is drawn again. */
static void test_damage(void)
{
	GRand *rand = g_rand_new_with_seed(1);

	for (int n = 0; n < 2000; n++) {
		struct view_shape shape = shape_of(g_rand_int_range(rand, 1, 2000),
						   g_rand_int_range(rand, 1, 2000),
						   g_rand_int_range(rand, 1, 2000),
						   g_rand_int_range(rand, 1, 2000));
		int px = g_rand_int_range(rand, 0, shape.width_px), x, y;
		struct view_rect place, part;

		shape.fit = g_rand_boolean(rand);
		shape.keep_aspect = g_rand_boolean(rand);
		shape.zoom = g_rand_int_range(rand, 1, 16) / 4.0;
		place = view_place(&shape);
		part = view_from_picture(&shape, px, 0, px + 1, 1);
		g_assert_cmpint(part.x, >=, place.x);
		g_assert_cmpint(part.x + part.width, <=, place.x + place.width);
		for (int at = place.x; at < place.x + place.width; at++) {
			view_to_picture(&shape, at, place.y, &x, &y);
			if (x == px) {
				g_assert_cmpint(at, >=, part.x);
				g_assert_cmpint(at, <, part.x + part.width);
			}
		}
	}
	g_rand_free(rand);
}

static void test_one_to_one_damage_is_exact(void)
{
	struct view_shape shape = shape_of(800, 600, 640, 480);
	struct view_rect part = view_from_picture(&shape, 10, 20, 13, 24);

	g_assert_cmpint(part.x, ==, 90);
	g_assert_cmpint(part.y, ==, 80);
	g_assert_cmpint(part.width, ==, 3);
	g_assert_cmpint(part.height, ==, 4);
}

static void test_zoom_steps(void)
{
	g_assert_cmpfloat(view_zoom_step(1, 1), ==, 1.25);
	g_assert_cmpfloat(view_zoom_step(1, -1), ==, 0.75);
	/* From what a window made of it. */
	g_assert_cmpfloat(view_zoom_step(1.1, 1), ==, 1.25);
	g_assert_cmpfloat(view_zoom_step(1.1, -1), ==, 1);
	g_assert_cmpfloat(view_zoom_step(ZOOM_MIN, -1), ==, ZOOM_MIN);
	g_assert_cmpfloat(view_zoom_step(ZOOM_MAX, 1), ==, ZOOM_MAX);
}

static void test_wanted_size(void)
{
	struct view_shape shape = shape_of(1400, 1000, 640, 480);
	int width, height;

	shape.zoom = 2;
	view_wanted_size(&shape, &width, &height);
	g_assert_cmpint(width, ==, 700);
	g_assert_cmpint(height, ==, 500);
	shape.fit = true;
	view_wanted_size(&shape, &width, &height);
	g_assert_cmpint(width, ==, 1400);
	g_assert_cmpint(height, ==, 1000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gtk-geometry/a-fixed-zoom-is-in-the-middle-and-never-cut-off", test_fixed_zoom);
	g_test_add_func("/gtk-geometry/what-fits-keeps-its-aspect", test_letter_box);
	g_test_add_func("/gtk-geometry/nothing-to-draw-on", test_nothing_to_draw_on);
	g_test_add_func("/gtk-geometry/the-pointer-is-on-the-pixel-that-is-seen", test_pointer);
	g_test_add_func("/gtk-geometry/a-place-outside-is-clamped-and-said", test_pointer_outside);
	g_test_add_func("/gtk-geometry/damage-covers-all-that-shows-a-pixel", test_damage);
	g_test_add_func("/gtk-geometry/damage-one-to-one-is-exact", test_one_to_one_damage_is_exact);
	g_test_add_func("/gtk-geometry/zoom-goes-by-quarters", test_zoom_steps);
	g_test_add_func("/gtk-geometry/the-guest-is-asked-for-what-fills-the-area", test_wanted_size);
	return g_test_run();
}
