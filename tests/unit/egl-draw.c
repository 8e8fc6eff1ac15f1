// SPDX-License-Identifier: GPL-2.0-or-later
/* What GL draws, in Mesa's software renderer without any device, equals what a CPU reads. */
#include <drm_fourcc.h>
#include <gmodule.h>
#include <string.h>

#include "ui/egl/draw.h"
#include "../../ui/fb-view.h"

#define MAX_PX 200

/* Mesa and LLVM keep some memory to the end. To be told by these names they must still be loaded then,
 * so the display, which is always the same one, isn't terminated. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libEGL\nleak:libLLVM\nleak:_dri.so\n";
}

struct rig {
	EGLDisplay display;
	EGLContext context;
	struct egl_draw *draw;
	GLuint framebuffer, renderbuffer, texture;
	GRand *rand;
};

/* False: there is no GL here. */
static bool rig_init(struct rig *rig, EGLenum api, EGLint version, bool core)
{
	EGLint attribs[] = { EGL_CONTEXT_MAJOR_VERSION_KHR, version,
			     EGL_CONTEXT_MINOR_VERSION_KHR, core ? 2 : version == 2 && api == EGL_OPENGL_API,
			     EGL_NONE };
	GError *error = NULL;

	*rig = (struct rig){ .display = EGL_NO_DISPLAY };
	for (unsigned int i = 0; i < 2; i++) {
		GModule *module = g_module_open(i ? "libGLESv2.so.2" : "libEGL.so.1", 0);

		if (!module) {
			return false;
		}
		g_module_make_resident(module);
	}
	if (!epoxy_has_egl_extension(NULL, "EGL_MESA_platform_surfaceless")) {
		return false;
	}
	rig->display = eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY,
						NULL);
	if (!eglInitialize(rig->display, NULL, NULL) || !eglBindAPI(api)) {
		return false;
	}
	rig->context = eglCreateContext(rig->display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attribs);
	if (rig->context == EGL_NO_CONTEXT ||
	    !eglMakeCurrent(rig->display, EGL_NO_SURFACE, EGL_NO_SURFACE, rig->context)) {
		return false;
	}
	rig->draw = egl_draw_create(&error);
	g_assert_no_error(error);
	rig->rand = g_rand_new_with_seed(7);
	glGenTextures(1, &rig->texture);
	glGenRenderbuffers(1, &rig->renderbuffer);
	glBindRenderbuffer(GL_RENDERBUFFER, rig->renderbuffer);
	glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, 2 * MAX_PX, 2 * MAX_PX);
	glGenFramebuffers(1, &rig->framebuffer);
	glBindFramebuffer(GL_FRAMEBUFFER, rig->framebuffer);
	glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER,
				  rig->renderbuffer);
	g_assert_cmpuint(glCheckFramebufferStatus(GL_FRAMEBUFFER), ==, GL_FRAMEBUFFER_COMPLETE);
	return true;
}

static void rig_finish(struct rig *rig)
{
	egl_draw_destroy(rig->draw);
	glDeleteTextures(1, &rig->texture);
	glDeleteFramebuffers(1, &rig->framebuffer);
	glDeleteRenderbuffers(1, &rig->renderbuffer);
	g_assert_cmpuint(glGetError(), ==, GL_NO_ERROR);
	eglMakeCurrent(rig->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
	eglDestroyContext(rig->display, rig->context);
	g_rand_free(rig->rand);
}

/* A buffer of random pixels, which the texture has as well. */
static struct fb_buffer *make_buffer(struct rig *rig, uint32_t fourcc, uint32_t width,
				     uint32_t height)
{
	struct fb_buffer *buffer = fb_buffer_create_alloc(fourcc, width, height, NULL);
	unsigned int cpp = fb_format_cpp(fourcc);
	bool wide = fourcc == DRM_FORMAT_XBGR2101010;
	uint8_t *memory = buffer->hva;

	for (uint64_t i = 0; i < buffer->info.size_bytes; i++) {
		memory[i] = (uint8_t)g_rand_int(rig->rand);
	}
	glBindTexture(GL_TEXTURE_2D, rig->texture);
	glPixelStorei(GL_UNPACK_ROW_LENGTH, (GLint)(buffer->info.plane[0].stride_bytes / cpp));
	if (cpp == 2) {
		glTexImage2D(GL_TEXTURE_2D, 0, GL_RGB565, (GLsizei)width, (GLsizei)height, 0, GL_RGB,
			     GL_UNSIGNED_SHORT_5_6_5, memory);
	} else {
		glTexImage2D(GL_TEXTURE_2D, 0, wide ? GL_RGB10_A2 : GL_RGBA8, (GLsizei)width,
			     (GLsizei)height, 0, GL_RGBA,
			     wide ? GL_UNSIGNED_INT_2_10_10_10_REV : GL_UNSIGNED_BYTE, memory);
	}
	glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
	g_assert_cmpuint(glGetError(), ==, GL_NO_ERROR);
	return buffer;
}

/* The picture of @frame, drawn with @flags at a place in the middle of nowhere, in lines from the top. */
static uint32_t *drawn(struct rig *rig, struct frame *frame, unsigned int flags,
		       const struct egl_depth *depth)
{
	int width = (int)frame_width(frame), height = (int)frame_height(frame);
	struct egl_rect to = { 17, 5, width, height };
	uint32_t *pixels = g_new(uint32_t, width * height);
	struct egl_source source;

	egl_source_of_frame(&source, NULL, frame);
	source.texture = rig->texture;
	g_assert_true(egl_draw(rig->draw, &source, &to, flags, depth, NULL));
	for (int y = 0; y < height; y++) {
		int line = flags & EGL_DRAW_TOP_FIRST ? y : height - 1 - y;

		glReadPixels(to.x, to.y + line, width, 1, GL_RGBA, GL_UNSIGNED_BYTE,
			     pixels + y * width);
	}
	for (int i = 0; i < width * height; i++) {
		uint32_t abgr = pixels[i];

		pixels[i] = (abgr & 0xff00ff00) | (abgr & 0xff) << 16 | (abgr >> 16 & 0xff);
	}
	g_assert_cmpuint(glGetError(), ==, GL_NO_ERROR);
	return pixels;
}

static void assert_equal(struct rig *rig, struct frame *frame, unsigned int flags,
			 const struct egl_depth *depth)
{
	size_t width = frame_width(frame), height = frame_height(frame);
	g_autofree uint32_t *got = drawn(rig, frame, flags, depth);
	g_autofree uint32_t *want = g_new(uint32_t, width * height);
	struct fb_view view;

	g_assert_cmpint(fb_view_open(&view, frame, NULL), ==, 0);
	fb_view_read(&view, want, width * 4);
	g_assert_cmpmem(got, width * height * 4, want, width * height * 4);
}

static void random_frames(struct rig *rig, uint32_t fourcc, const struct egl_depth *depth)
{
	for (int i = 0; i < 100; i++) {
		uint32_t width = (uint32_t)g_rand_int_range(rig->rand, 1, MAX_PX);
		uint32_t height = (uint32_t)g_rand_int_range(rig->rand, 1, MAX_PX);
		struct fb_buffer *buffer = make_buffer(rig, fourcc, width, height);
		pixman_box32_t part = { g_rand_int_range(rig->rand, 0, (gint32)width),
					g_rand_int_range(rig->rand, 0, (gint32)height) };
		struct frame *frame;

		part.x2 = g_rand_int_range(rig->rand, part.x1 + 1, (gint32)width + 1);
		part.y2 = g_rand_int_range(rig->rand, part.y1 + 1, (gint32)height + 1);
		buffer->info.rotation = 90 * (uint32_t)(i % 4);
		buffer->info.y0_bottom = i / 4 % 2;
		frame = frame_create(buffer, &part, NULL, 0);
		assert_equal(rig, frame, i / 8 % 2 ? EGL_DRAW_TOP_FIRST : 0, depth);
		frame_unref(frame);
	}
}

static void every_way(EGLenum api, EGLint version, bool core)
{
	struct rig rig;

	if (!rig_init(&rig, api, version, core)) {
		g_test_skip("no such GL here");
		return;
	}
	random_frames(&rig, DRM_FORMAT_XBGR8888, NULL);
	rig_finish(&rig);
}

static void test_es2(void)
{
	every_way(EGL_OPENGL_ES_API, 2, false);
}

static void test_es3(void)
{
	every_way(EGL_OPENGL_ES_API, 3, false);
}

static void test_gl2(void)
{
	every_way(EGL_OPENGL_API, 2, false);
}

static void test_core(void)
{
	every_way(EGL_OPENGL_API, 3, true);
}

static void test_depth(void)
{
	static const struct egl_depth d565 = { 5, 6, 5 }, d10 = { 10, 10, 10 };
	struct rig rig;

	if (!rig_init(&rig, EGL_OPENGL_ES_API, 3, false)) {
		g_test_skip("no OpenGL ES 3 here");
		return;
	}
	random_frames(&rig, DRM_FORMAT_RGB565, &d565);
	random_frames(&rig, DRM_FORMAT_XBGR2101010, &d10);
	rig_finish(&rig);
}

/* Twice as large, each pixel is four. */
static void test_scaled(void)
{
	struct rig rig;
	struct egl_source source;
	struct egl_rect to = { 0, 0, 2 * 37, 2 * 21 };
	pixman_box32_t all = { 0, 0, 37, 21 };
	struct frame *frame;

	if (!rig_init(&rig, EGL_OPENGL_ES_API, 3, false)) {
		g_test_skip("no OpenGL ES 3 here");
		return;
	}
	frame = frame_create(make_buffer(&rig, DRM_FORMAT_XBGR8888, 37, 21), &all, NULL, 0);
	egl_source_of_frame(&source, NULL, frame);
	source.texture = rig.texture;
	g_assert_true(egl_draw(rig.draw, &source, &to, EGL_DRAW_TOP_FIRST, NULL, NULL));
	for (int y = 0; y < to.height; y++) {
		uint32_t line[2 * 37];
		const uint8_t *memory = (const uint8_t *)frame->buffer->hva +
					(size_t)(y / 2) * frame->buffer->info.plane[0].stride_bytes;

		glReadPixels(0, y, to.width, 1, GL_RGBA, GL_UNSIGNED_BYTE, line);
		for (int x = 0; x < to.width; x++) {
			g_assert_cmphex(line[x], ==, ((const uint32_t *)memory)[x / 2] | 0xff000000);
		}
	}
	frame_unref(frame);
	rig_finish(&rig);
}

static void test_blended(void)
{
	struct rig rig;
	struct egl_source source;
	struct egl_rect to = { 0, 0, 1, 1 };
	pixman_box32_t all = { 0, 0, 1, 1 };
	uint32_t under = 0xff804020, over = 0x80402010, pixel; /* A, B, G, R */
	struct frame *frame;

	if (!rig_init(&rig, EGL_OPENGL_ES_API, 3, false)) {
		g_test_skip("no OpenGL ES 3 here");
		return;
	}
	frame = frame_create(make_buffer(&rig, DRM_FORMAT_ABGR8888, 1, 1), &all, NULL, 0);
	egl_source_of_frame(&source, NULL, frame);
	source.texture = rig.texture;
	for (int i = 0; i < 2; i++) {
		glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, 1, 1, 0, GL_RGBA, GL_UNSIGNED_BYTE,
			     i ? &over : &under);
		glBindTexture(GL_TEXTURE_2D, rig.texture);
		g_assert_true(egl_draw(rig.draw, &source, &to, i ? EGL_DRAW_BLEND : 0, NULL, NULL));
		glBindTexture(GL_TEXTURE_2D, rig.texture);
	}
	glReadPixels(0, 0, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE, &pixel);
	for (unsigned int shift = 0; shift < 32; shift += 8) {
		int want = (int)((over >> shift & 0xff) + (under >> shift & 0xff) * 127 / 255);

		g_assert_cmpint(ABS((int)(pixel >> shift & 0xff) - MIN(want, 255)), <=, 1);
	}
	frame_unref(frame);
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/egl-draw/every-way-in-opengl-es-2", test_es2);
	g_test_add_func("/egl-draw/every-way-in-opengl-es-3", test_es3);
	g_test_add_func("/egl-draw/every-way-in-opengl-2", test_gl2);
	g_test_add_func("/egl-draw/every-way-in-opengl-3-core", test_core);
	g_test_add_func("/egl-draw/depths-are-converted-as-by-a-cpu", test_depth);
	g_test_add_func("/egl-draw/a-larger-picture-has-larger-pixels", test_scaled);
	g_test_add_func("/egl-draw/premultiplied-alpha-is-blended", test_blended);
	return g_test_run();
}
