// SPDX-License-Identifier: GPL-2.0-or-later
/* What EGL is told of a dma-buf. */
#include <drm_fourcc.h>

#include "ui/egl/import.h"

static EGLint value_of(const EGLint *attribs, EGLint name)
{
	for (; *attribs != EGL_NONE; attribs += 2) {
		if (*attribs == name) {
			return attribs[1];
		}
	}
	return -1;
}

static unsigned int count(const EGLint *attribs)
{
	unsigned int n = 0;

	for (; *attribs != EGL_NONE; attribs += 2) {
		n++;
	}
	return n;
}

static const struct fb_info info = {
	.width_px = 1920,
	.height_px = 1080,
	.fourcc = DRM_FORMAT_XRGB8888,
	.modifier = I915_FORMAT_MOD_Y_TILED_CCS,
	.planes = 2,
	.plane = { { 4096, 7680 }, { 8388608, 1920 } },
};

static void test_linear(void)
{
	EGLint attribs[EGL_IMPORT_ATTRIBS];
	struct fb_info linear = info;

	linear.planes = 1;
	linear.modifier = DRM_FORMAT_MOD_LINEAR;
	egl_import_attribs(&linear, 7, false, attribs);
	g_assert_cmpuint(count(attribs), ==, 6);
	g_assert_cmpint(value_of(attribs, EGL_WIDTH), ==, 1920);
	g_assert_cmpint(value_of(attribs, EGL_HEIGHT), ==, 1080);
	g_assert_cmpint(value_of(attribs, EGL_LINUX_DRM_FOURCC_EXT), ==, DRM_FORMAT_XRGB8888);
	g_assert_cmpint(value_of(attribs, EGL_DMA_BUF_PLANE0_FD_EXT), ==, 7);
	g_assert_cmpint(value_of(attribs, EGL_DMA_BUF_PLANE0_OFFSET_EXT), ==, 4096);
	g_assert_cmpint(value_of(attribs, EGL_DMA_BUF_PLANE0_PITCH_EXT), ==, 7680);
}

static void test_planes(void)
{
	EGLint attribs[EGL_IMPORT_ATTRIBS];

	egl_import_attribs(&info, 7, true, attribs);
	g_assert_cmpuint(count(attribs), ==, 3 + 2 * 5);
	g_assert_cmpint(value_of(attribs, EGL_DMA_BUF_PLANE1_FD_EXT), ==, 7);
	g_assert_cmpint(value_of(attribs, EGL_DMA_BUF_PLANE1_OFFSET_EXT), ==, 8388608);
	g_assert_cmpint(value_of(attribs, EGL_DMA_BUF_PLANE1_PITCH_EXT), ==, 1920);
	for (unsigned int i = 0; i < 2; i++) {
		EGLint low = i ? EGL_DMA_BUF_PLANE1_MODIFIER_LO_EXT :
				 EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT;
		EGLint high = i ? EGL_DMA_BUF_PLANE1_MODIFIER_HI_EXT :
				  EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT;

		g_assert_cmpuint((EGLuint64KHR)(uint32_t)value_of(attribs, high) << 32 |
				 (uint32_t)value_of(attribs, low), ==, I915_FORMAT_MOD_Y_TILED_CCS);
	}
}

static void test_most(void)
{
	EGLint attribs[EGL_IMPORT_ATTRIBS];
	struct fb_info most = info;

	most.planes = FB_MAX_PLANES;
	egl_import_attribs(&most, 7, true, attribs);
	g_assert_cmpuint(2 * count(attribs) + 1, <=, EGL_IMPORT_ATTRIBS);
	g_assert_cmpint(value_of(attribs, EGL_DMA_BUF_PLANE3_FD_EXT), ==, 7);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/egl-import/a-linear-buffer-needs-no-modifier", test_linear);
	g_test_add_func("/egl-import/each-plane-has-its-place-and-the-modifier", test_planes);
	g_test_add_func("/egl-import/as-many-planes-as-there-may-be-fit", test_most);
	return g_test_run();
}
