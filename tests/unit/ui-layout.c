// SPDX-License-Identifier: GPL-2.0-or-later
/* Tiled and turned pictures, wherever they lie in their buffer. */
#include <sys/mman.h>
#include <unistd.h>

#include "ui-guest.h"
#include "../../ui/fb-tile.h"

static const uint64_t modifiers[] = { I915_FORMAT_MOD_X_TILED, I915_FORMAT_MOD_Y_TILED,
				      I915_FORMAT_MOD_Yf_TILED };

static void assert_captured(struct guest *guest)
{
	g_autoptr(GError) error = NULL;
	pixman_image_t *image = console_capture(guest->console, &error);

	g_assert_no_error(error);
	assert_same_picture(guest, image);
	pixman_image_unref(image);
}

static void test_random(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 1, 1);

	for (int i = 0; i < 300; i++) {
		guest_set_random_layout(guest, i % 3 ? 150 : 400, i % 3 ? 90 : 20);
		assert_captured(guest);
	}
	guest_free(guest);
}

/* The places where a tile, a unit or a block begins or ends. */
static void test_edges(void)
{
	static const int edges[] = { 0, 1, 3, 4, 5, 8, 15, 16, 31, 32, 33, 63, 64, 65, 127, 128,
				     129 };
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 1, 1);

	for (size_t m = 0; m < G_N_ELEMENTS(modifiers); m++) {
		for (size_t a = 0; a < G_N_ELEMENTS(edges); a++) {
			for (size_t b = a + 1; b < G_N_ELEMENTS(edges); b++) {
				pixman_box32_t wide = { edges[a], 7, edges[b], 9 };
				pixman_box32_t high = { 31, edges[a], 34, edges[b] };
				struct fb_info info = { .fourcc = DRM_FORMAT_XBGR8888,
							.modifier = modifiers[m],
							.plane[0].stride_bytes = 1024 };

				guest_set_layout(guest, &info, &wide);
				assert_captured(guest);
				guest_set_layout(guest, &info, &high);
				assert_captured(guest);
			}
		}
	}
	guest_free(guest);
}

/* Pixel by pixel from the formulas as they are usually written, apart from those in ui-guest.h. */
static void test_formulas(void)
{
	for (unsigned int y = 0; y < 32; y++) {
		for (unsigned int x = 0; x < 128; x++) {
			g_assert_cmpuint(guest_tile_offset(I915_FORMAT_MOD_Y_TILED, x, y), ==,
					 x / 16 * 512 + y * 16 + x % 16);
			g_assert_cmpuint(guest_tile_offset(I915_FORMAT_MOD_Yf_TILED, x, y), ==,
					 (x & 15) | (y & 7) << 4 | (x & 16) << 3 | (y & 8) << 5 |
					 (x & 32) << 4 | (y & 16) << 6 | (x & 64) << 5);
		}
	}
	for (unsigned int y = 0; y < 8; y++) {
		for (unsigned int x = 0; x < 512; x++) {
			g_assert_cmpuint(guest_tile_offset(I915_FORMAT_MOD_X_TILED, x, y), ==,
					 y * 512 + x);
		}
	}
}

static void test_found(void)
{
	for (size_t m = 0; m < G_N_ELEMENTS(modifiers); m++) {
		g_assert_true(fb_layout_is_known(DRM_FORMAT_XRGB8888, modifiers[m]));
		g_assert_true(fb_layout_is_known(DRM_FORMAT_RGB565, modifiers[m]));
		g_assert_false(fb_layout_is_known(DRM_FORMAT_YUYV, modifiers[m]));
	}
	g_assert_true(fb_layout_is_known(DRM_FORMAT_RGB888, 0));
	g_assert_false(fb_layout_is_known(DRM_FORMAT_RGB888, I915_FORMAT_MOD_Yf_TILED));
	g_assert_false(fb_layout_is_known(DRM_FORMAT_XRGB8888, I915_FORMAT_MOD_Y_TILED_CCS));
	g_assert_false(fb_layout_is_known(DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_INVALID));
}

/* ---- what is refused ---- */

/* 4 x 3 tiles, of which the last two of the last row aren't needed. */
static struct fb_info tiled_info(uint64_t modifier)
{
	uint32_t w = modifier == I915_FORMAT_MOD_X_TILED ? 128 : 32, h = 1024 / w;

	return (struct fb_info){
		.width_px = w + 1, .height_px = 2 * h + 1, .fourcc = DRM_FORMAT_XRGB8888,
		.modifier = modifier, .planes = 1,
		.plane = { { .offset_bytes = 8192, .stride_bytes = w * 16 } },
		.size_bytes = 8192 + 4096 * (4 + 4 + 2),
	};
}

static void refuse(const struct fb_info *info, const char *why)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(fb_info_check(info, &error));
	g_assert_nonnull(strstr(error->message, why));
}

static void test_check(void)
{
	for (size_t m = 0; m < G_N_ELEMENTS(modifiers); m++) {
		struct fb_info good = tiled_info(modifiers[m]), info = good;

		g_assert_true(fb_info_check(&info, NULL));
		info.size_bytes--;
		refuse(&info, "tiled, needs");
		info.width_px--;
		info.size_bytes = good.size_bytes - 4096;
		g_assert_true(fb_info_check(&info, NULL));
		info.size_bytes--;
		refuse(&info, "tiled, needs");
		info = good;
		info.height_px--;
		info.size_bytes = good.size_bytes - 4096 * 4;
		g_assert_true(fb_info_check(&info, NULL));
		info = good;
		info.plane[0].stride_bytes += 64;
		refuse(&info, "whole tiles");
		info = good;
		info.plane[0].stride_bytes /= 4;
		refuse(&info, "too small");
		info.plane[0].stride_bytes = 0;
		refuse(&info, "too small");
		info = good;
		info.plane[0].offset_bytes = 64;
		refuse(&info, "whole tiles");
		/* Would be small if it were computed in 32 bits. */
		info = good;
		info.height_px = 16384;
		info.plane[0].stride_bytes = 0x80000000;
		refuse(&info, "tiled, needs");
		info.plane[0].stride_bytes = 0xfffffe00;
		info.plane[0].offset_bytes = 0xfffff000;
		refuse(&info, "tiled, needs");
	}
}

static void test_unknown_layout(void)
{
	struct fb_info info = tiled_info(I915_FORMAT_MOD_Y_TILED_CCS);

	info.plane[0].stride_bytes = 1;
	g_assert_true(fb_info_check(&info, NULL));
	info.size_bytes = 0;
	refuse(&info, "no memory");
}

/* A dma-buf that is longer than it must be and shorter than is said is mapped as far as it goes. */
static void test_short_dmabuf(void)
{
	struct fb_info info = tiled_info(I915_FORMAT_MOD_Y_TILED);
	uint64_t needed = info.size_bytes;
	g_autoptr(GError) error = NULL;
	struct fb_buffer *buffer;

	info.size_bytes = 8192 + 4096 * 12;
	for (int i = 0; i < 2; i++) {
		int fd = memfd_create("test", MFD_CLOEXEC);

		g_assert_cmpint(ftruncate(fd, (off_t)needed - i), ==, 0);
		buffer = fb_buffer_create_dmabuf(&info, fd, NULL);
		if (i == 0) {
			g_assert_nonnull(fb_buffer_map(buffer, NULL));
			g_assert_cmpuint(buffer->info.size_bytes, ==, needed);
		} else {
			g_assert_null(fb_buffer_map(buffer, &error));
			g_assert_nonnull(strstr(error->message, "shorter"));
		}
		fb_buffer_unref(buffer);
	}
}

/* ---- rotation ---- */

/* Three columns and two lines: 1 2 3 above 4 5 6, counter-clockwise. */
static void test_turned(void)
{
	static const struct {
		uint32_t rotation, width;
		uint8_t want[6];
	} cases[] = {
		{ 0, 3, { 1, 2, 3, 4, 5, 6 } },
		{ 90, 2, { 3, 6, 2, 5, 1, 4 } },
		{ 180, 3, { 6, 5, 4, 3, 2, 1 } },
		{ 270, 2, { 4, 1, 5, 2, 6, 3 } },
	};

	for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
		struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 3, 2);
		struct fb_buffer *buffer = guest->buffers[0];
		pixman_image_t *image;

		for (uint32_t i = 0; i < 6; i++) {
			*((uint32_t *)((uint8_t *)buffer->hva + i / 3 * 64) + i % 3) = i + 1;
		}
		buffer->info.rotation = cases[c].rotation;
		image = console_capture(guest->console, NULL);
		g_assert_nonnull(image);
		g_assert_cmpint(pixman_image_get_width(image), ==, (int)cases[c].width);
		g_assert_cmpint(pixman_image_get_height(image), ==, (int)(6 / cases[c].width));
		for (uint32_t i = 0; i < 6; i++) {
			const uint32_t *line = pixman_image_get_data(image) +
					       i / cases[c].width *
						       (uint32_t)pixman_image_get_stride(image) / 4;

			g_assert_cmphex(line[i % cases[c].width], ==,
					0xff000000 | cases[c].want[i]);
		}
		pixman_image_unref(image);
		guest_free(guest);
	}
}

static void test_turned_frame(void)
{
	struct guest *guest = guest_new(DRM_FORMAT_XRGB8888, 30, 20);
	struct console_state state;
	struct frame *frame;

	guest->buffers[0]->info.rotation = 270;
	frame = frame_create(fb_buffer_ref(guest->buffers[0]), &guest->source, NULL, 0);
	g_assert_cmpuint(frame_width(frame), ==, 20);
	g_assert_cmpuint(frame_height(frame), ==, 30);
	g_assert_cmpint(pixman_region32_extents(&frame->damage)->y2, ==, 30);
	console_submit(guest->console, frame);
	console_get_state(guest->console, &state);
	g_assert_cmpuint(state.width_px, ==, 20);
	g_assert_cmpuint(state.height_px, ==, 30);
	guest_free(guest);
}

static void test_bad_rotation(void)
{
	static const uint32_t bad[] = { 1, 45, 89, 360, 450, 0xffffffff, 0xffffffa6 };

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct fb_info info = tiled_info(I915_FORMAT_MOD_X_TILED);

		info.rotation = bad[i];
		refuse(&info, "rotation");
		info.modifier = I915_FORMAT_MOD_Y_TILED_CCS;
		refuse(&info, "rotation");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/layout/the-oracle-agrees-with-the-formulas", test_formulas);
	g_test_add_func("/layout/any-picture-reads-as-its-pixels-lie", test_random);
	g_test_add_func("/layout/edges-of-tiles-are-no-edges-of-pictures", test_edges);
	g_test_add_func("/layout/what-is-known", test_found);
	g_test_add_func("/layout/a-buffer-may-end-before-its-row-of-tiles", test_check);
	g_test_add_func("/layout/an-unknown-layout-is-not-looked-into", test_unknown_layout);
	g_test_add_func("/layout/a-tiled-dmabuf-needs-only-its-tiles", test_short_dmabuf);
	g_test_add_func("/rotation/is-counter-clockwise", test_turned);
	g_test_add_func("/rotation/swaps-width-and-height", test_turned_frame);
	g_test_add_func("/rotation/of-other-angles-is-refused", test_bad_rotation);
	return g_test_run();
}
