// SPDX-License-Identifier: GPL-2.0-or-later
/* Formats, buffers, and what is refused. */
#include <drm_fourcc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ui/fb.h"
#include "../../ui/fb-format.h"
#include "ui-guest.h"

/* One pixel of each format with a red, green and blue that no other order gives. */
static const struct {
	uint32_t fourcc;
	uint8_t bytes[4];
	uint32_t want;
} samples[] = {
	{ DRM_FORMAT_XRGB8888, { 0x33, 0x22, 0x11, 0x99 }, 0xff112233 },
	{ DRM_FORMAT_ARGB8888, { 0x33, 0x22, 0x11, 0x00 }, 0xff112233 },
	{ DRM_FORMAT_XBGR8888, { 0x11, 0x22, 0x33, 0x99 }, 0xff112233 },
	{ DRM_FORMAT_ABGR8888, { 0x11, 0x22, 0x33, 0x00 }, 0xff112233 },
	{ DRM_FORMAT_RGBX8888, { 0x99, 0x33, 0x22, 0x11 }, 0xff112233 },
	{ DRM_FORMAT_BGRX8888, { 0x99, 0x11, 0x22, 0x33 }, 0xff112233 },
	/* R 0x3ff, G 0x201, B 0x002: upper eight bits ff, 80, 00 */
	{ DRM_FORMAT_XRGB2101010, { 0x02, 0x04, 0xf8, 0x3f }, 0xffff8000 },
	{ DRM_FORMAT_XBGR2101010, { 0xff, 0x07, 0x28, 0x00 }, 0xffff8000 },
	{ DRM_FORMAT_ARGB2101010, { 0x02, 0x04, 0xf8, 0x3f }, 0xffff8000 },
	{ DRM_FORMAT_ABGR2101010, { 0xff, 0x07, 0x28, 0x00 }, 0xffff8000 },
	{ DRM_FORMAT_RGBX1010102, { 0x08, 0x10, 0xe0, 0xff }, 0xffff8000 },
	{ DRM_FORMAT_BGRX1010102, { 0xfc, 0x1f, 0xa0, 0x00 }, 0xffff8000 },
	{ DRM_FORMAT_RGB888, { 0x33, 0x22, 0x11 }, 0xff112233 },
	{ DRM_FORMAT_BGR888, { 0x11, 0x22, 0x33 }, 0xff112233 },
	/* R 0x10, G 0x21, B 0x01 -> 84, 86, 08 by repetition of the high bits */
	{ DRM_FORMAT_RGB565, { 0x21, 0x84 }, 0xff848608 },
	{ DRM_FORMAT_BGR565, { 0x30, 0x0c }, 0xff848608 },
	{ DRM_FORMAT_XRGB1555, { 0x01, 0x42 }, 0xff848408 },
	{ DRM_FORMAT_XBGR1555, { 0x10, 0x06 }, 0xff848408 },
};

static void test_convert(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		const struct fb_format *format = fb_format_find(samples[i].fourcc);
		uint8_t line[1 + 4 * 67];
		uint32_t out[67];

		g_assert_nonnull(format);
		/* Odd length and odd address: vector code has its edges there. */
		for (unsigned int n = 0; n < 67; n++) {
			memcpy(line + 1 + n * format->cpp, samples[i].bytes, format->cpp);
		}
		format->convert(out, line + 1, 67);
		for (unsigned int n = 0; n < 67; n++) {
			g_assert_cmphex(out[n], ==, samples[i].want);
		}
	}
}

/* Written apart from the table's shifts: full and zero must stay full and zero. */
static void test_extremes(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		const struct fb_format *format = fb_format_find(samples[i].fourcc);
		uint32_t zero = 0, ones = 0xffffffff, out;

		format->convert(&out, &zero, 1);
		g_assert_cmphex(out, ==, 0xff000000);
		format->convert(&out, &ones, 1);
		g_assert_cmphex(out, ==, 0xffffffff);
	}
}

static void test_565(void)
{
	const struct fb_format *format = fb_format_find(DRM_FORMAT_RGB565);

	for (uint32_t value = 0; value < 0x10000; value++) {
		uint16_t in = (uint16_t)value;
		uint32_t out, r = value >> 11, g = (value >> 5) & 63, b = value & 31;

		format->convert(&out, &in, 1);
		/* The widened value is the nearest to v * 255 / max, within one. */
		g_assert_cmpint(ABS((int)((out >> 16) & 255) - (int)(r * 255 / 31)), <=, 1);
		g_assert_cmpint(ABS((int)((out >> 8) & 255) - (int)(g * 255 / 63)), <=, 1);
		g_assert_cmpint(ABS((int)(out & 255) - (int)(b * 255 / 31)), <=, 1);
		/* And narrowing gives it back. */
		g_assert_cmphex(((out >> 19) & 31) << 11 | ((out >> 10) & 63) << 5 |
				((out >> 3) & 31), ==, value);
	}
}

/* Ten bits lose their lower two, whatever the other channels are; alpha is never looked at. */
static void test_10_bits(void)
{
	static const struct {
		uint32_t fourcc;
		unsigned int r, g, b;
	} formats[] = {
		{ DRM_FORMAT_XRGB2101010, 20, 10, 0 }, { DRM_FORMAT_ARGB2101010, 20, 10, 0 },
		{ DRM_FORMAT_XBGR2101010, 0, 10, 20 }, { DRM_FORMAT_ABGR2101010, 0, 10, 20 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		const struct fb_format *format = fb_format_find(formats[i].fourcc);

		for (uint32_t v = 0; v < 1024; v++) {
			uint32_t r = v, g = (v * 7 + 3) % 1024, b = 1023 - v, out;
			uint32_t in = v << 30 | r << formats[i].r | g << formats[i].g |
				      b << formats[i].b;

			format->convert(&out, &in, 1);
			g_assert_cmphex(out, ==, 0xff000000 | (r >> 2) << 16 | (g >> 2) << 8 |
							 b >> 2);
		}
	}
}

static struct fb_info good_info(void)
{
	return (struct fb_info){
		.width_px = 100, .height_px = 50, .fourcc = DRM_FORMAT_XRGB8888, .planes = 1,
		.plane = { { .offset_bytes = 4096, .stride_bytes = 512 } },
		.size_bytes = 4096 + 512 * 49 + 400,
	};
}

static void refuse(struct fb_info info, const char *why)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(fb_info_check(&info, &error));
	g_assert_nonnull(strstr(error->message, why));
}

static void test_check(void)
{
	struct fb_info info = good_info();

	g_assert_true(fb_info_check(&info, NULL));
	info.size_bytes--;
	refuse(info, "needs");
	info = good_info();
	info.plane[0].stride_bytes = 399;
	refuse(info, "stride");
	info = good_info();
	info.fourcc = 0x20202020;
	refuse(info, "format");
	info = good_info();
	info.width_px = 0;
	refuse(info, "size");
	info.width_px = FB_MAX_SIZE_PX + 1;
	refuse(info, "size");
	info = good_info();
	info.planes = 5;
	refuse(info, "planes");
	/* Would be small if it were computed in 32 bits. */
	info = good_info();
	info.height_px = 16384;
	info.plane[0].stride_bytes = 0x40000;
	refuse(info, "needs");
	info.plane[0].stride_bytes = 0xffffffff;
	refuse(info, "needs");
	info = good_info();
	info.plane[0].offset_bytes = 0xffffffff;
	refuse(info, "needs");
}

static int memory_fd(off_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(ftruncate(fd, size), ==, 0);
	return fd;
}

static void test_short_dmabuf(void)
{
	struct fb_info info = good_info();
	g_autoptr(GError) error = NULL;
	struct fb_buffer *buffer = fb_buffer_create_dmabuf(&info, memory_fd(8192), &error);

	g_assert_no_error(error);
	g_assert_null(fb_buffer_map(buffer, &error));
	g_assert_nonnull(strstr(error->message, "shorter"));
	fb_buffer_unref(buffer);
}

static void test_unmappable(void)
{
	struct fb_info info = good_info();
	g_autoptr(GError) error = NULL;
	struct fb_buffer *buffer = fb_buffer_create_dmabuf(
		&info, guest_unmappable_fd((off_t)info.size_bytes), &error);

	for (int i = 0; i < 2; i++) {
		g_assert_null(fb_buffer_map(buffer, &error));
		g_assert_nonnull(strstr(error->message, "mmap"));
		g_clear_error(&error);
	}
	fb_buffer_unref(buffer);
}

static void test_bad_info_closes_fd(void)
{
	struct fb_info info = good_info();
	int fd = memory_fd(4096);

	info.size_bytes = 1;
	g_assert_null(fb_buffer_create_dmabuf(&info, fd, NULL));
	g_assert_cmpint(close(fd), ==, -1);
}

static void count_down(void *opaque)
{
	--*(int *)opaque;
}

static void test_addons(void)
{
	int key_a, key_b, alive = 2;
	struct fb_buffer *buffer = fb_buffer_create_alloc(DRM_FORMAT_RGB565, 33, 7, NULL);

	g_assert_cmpuint(buffer->info.plane[0].stride_bytes, ==, 128);
	fb_buffer_addon_set(buffer, &key_a, &alive, count_down);
	fb_buffer_addon_set(buffer, &key_b, &alive, count_down);
	g_assert_true(fb_buffer_addon_get(buffer, &key_a) == &alive);
	g_assert_null(fb_buffer_addon_get(buffer, &alive));
	fb_buffer_ref(buffer);
	fb_buffer_unref(buffer);
	g_assert_cmpint(alive, ==, 2);
	fb_buffer_unref(buffer);
	g_assert_cmpint(alive, ==, 0);
}

static void test_alloc_limits(void)
{
	g_assert_null(fb_buffer_create_alloc(DRM_FORMAT_XRGB8888, 0, 5, NULL));
	g_assert_null(fb_buffer_create_alloc(DRM_FORMAT_XRGB8888, 5, 0, NULL));
	g_assert_null(fb_buffer_create_alloc(DRM_FORMAT_XRGB8888, UINT32_MAX, 5, NULL));
	g_assert_null(fb_buffer_create_alloc(DRM_FORMAT_XRGB8888, 5, UINT32_MAX, NULL));
	g_assert_null(fb_buffer_create_alloc(0, 5, 5, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/format/channels-land-where-they-belong", test_convert);
	g_test_add_func("/format/zero-stays-zero-and-full-stays-full", test_extremes);
	g_test_add_func("/format/every-rgb565-pixel-widens-and-narrows", test_565);
	g_test_add_func("/format/ten-bits-lose-their-lower-two", test_10_bits);
	g_test_add_func("/fb/impossible-geometry-is-refused", test_check);
	g_test_add_func("/fb/dmabuf-shorter-than-it-says-is-not-mapped", test_short_dmabuf);
	g_test_add_func("/fb/unmappable-dmabuf-names-the-cause-each-time", test_unmappable);
	g_test_add_func("/fb/a-refused-dmabuf-is-closed", test_bad_info_closes_fd);
	g_test_add_func("/fb/addons-die-with-the-buffer", test_addons);
	g_test_add_func("/fb/allocation-refuses-silly-sizes", test_alloc_limits);
	return g_test_run();
}
