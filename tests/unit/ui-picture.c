// SPDX-License-Identifier: GPL-2.0-or-later
/* Picture files. */
#include <png.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "ui/screendump.h"

static pixman_image_t *sample(void)
{
	pixman_image_t *image = pixman_image_create_bits(PIXMAN_x8r8g8b8, 33, 5, NULL, 0);

	for (uint32_t i = 0; i < 33 * 5; i++) {
		pixman_image_get_data(image)[(i / 33) *
					     ((uint32_t)pixman_image_get_stride(image) / 4) +
					     i % 33] = 0xff000000 | i * 0x010307;
	}
	return image;
}

static void check_rgb(const uint8_t *rgb)
{
	for (uint32_t i = 0; i < 33 * 5; i++) {
		uint32_t want = i * 0x010307;

		g_assert_cmpuint(rgb[3 * i], ==, want >> 16);
		g_assert_cmpuint(rgb[3 * i + 1], ==, (want >> 8) & 255);
		g_assert_cmpuint(rgb[3 * i + 2], ==, want & 255);
	}
}

static void test_ppm(void)
{
	g_autofree char *dir = g_dir_make_tmp("picture-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "a.ppm", NULL);
	g_autoptr(GError) error = NULL;
	pixman_image_t *image = sample();
	g_autofree char *text = NULL;
	gsize size;

	g_assert_true(g_file_set_contents(path, "old", -1, NULL));
	g_assert_true(picture_write(image, PICTURE_PPM, path, &error));
	g_assert_true(g_file_get_contents(path, &text, &size, NULL));
	g_assert_cmpuint(size, ==, 12 + 33 * 5 * 3);
	g_assert_cmpmem(text, 12, "P6\n33 5\n255\n", 12);
	check_rgb((uint8_t *)text + 12);
	g_unlink(path);
	/* Nothing else was left there. */
	g_assert_cmpint(g_rmdir(dir), ==, 0);
	pixman_image_unref(image);
}

static void test_png(void)
{
	g_autofree char *dir = g_dir_make_tmp("picture-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "a.png", NULL);
	pixman_image_t *image = sample();
	png_image png = { .version = PNG_IMAGE_VERSION };
	uint8_t rgb[33 * 5 * 3];

	g_assert_true(picture_write(image, PICTURE_PNG, path, NULL));
	g_assert_true(png_image_begin_read_from_file(&png, path));
	png.format = PNG_FORMAT_RGB;
	g_assert_cmpuint(PNG_IMAGE_SIZE(png), ==, sizeof(rgb));
	g_assert_true(png_image_finish_read(&png, NULL, rgb, 0, NULL));
	check_rgb(rgb);
	g_unlink(path);
	g_assert_cmpint(g_rmdir(dir), ==, 0);
	pixman_image_unref(image);
}

static void test_failures(void)
{
	g_autofree char *dir = g_dir_make_tmp("picture-XXXXXX", NULL);
	g_autoptr(GError) error = NULL;
	pixman_image_t *image = sample();

	g_assert_false(picture_write(image, PICTURE_PNG, "/nonexistent/a.png", &error));
	g_assert_cmpstr(error->message, ==,
			"picture '/nonexistent/a.png': open: No such file or directory");
	g_clear_error(&error);
	/* A device is written in place, and its errors are reported, by both encoders. */
	g_assert_false(picture_write(image, PICTURE_PPM, "/dev/full", &error));
	g_assert_nonnull(strstr(error->message, "No space"));
	g_clear_error(&error);
	g_assert_false(picture_write(image, PICTURE_PNG, "/dev/full", &error));
	g_assert_nonnull(strstr(error->message, "No space"));
	g_assert_true(picture_write(image, PICTURE_PNG, "/dev/null", NULL));
	g_assert_cmpint(g_rmdir(dir), ==, 0);
	pixman_image_unref(image);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/picture/ppm-has-every-pixel-and-replaces-the-file", test_ppm);
	g_test_add_func("/picture/png-has-every-pixel", test_png);
	g_test_add_func("/picture/a-failure-names-path-and-cause", test_failures);
	return g_test_run();
}
