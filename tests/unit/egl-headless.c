// SPDX-License-Identifier: GPL-2.0-or-later
/* What -display egl-headless does when GL fails, with a fake in place of GL. */
#include <drm_fourcc.h>
#include <string.h>

#include "log-catch.h"

#include "ui/console.h"
#include "ui/egl.h"
#include "ui/gl-reader.h"
#include "ui/egl/readback.h"
#include "util/error.h"
#include "../../ui/console-private.h"

extern const struct ui_module oriel_ui_module;

/* ---- the fake ---- */

static struct {
	bool no_node, no_import, refuses, loses;
	unsigned int contexts, readbacks, begins;
} fake;
static uint32_t pixels[16];

struct egl_context *egl_context_create(const char *node, GError **error)
{
	if (fake.no_node) {
		error_set(error, "%s: no such thing", node);
		return NULL;
	}
	fake.contexts++;
	return g_new0(struct egl_context, 1);
}

void egl_context_destroy(struct egl_context *egl)
{
	if (egl) {
		fake.contexts--;
		g_free(egl);
	}
}

struct readback *readback_create(struct egl_context *egl, GError **error)
{
	if (fake.no_import) {
		error_set(error, "EGL: imports no dma-buf");
		return NULL;
	}
	fake.readbacks++;
	return g_malloc0(1);
}

void readback_destroy(struct readback *readback)
{
	if (readback) {
		fake.readbacks--;
		g_free(readback);
	}
}

const void *readback_begin(struct readback *readback, struct frame *frame,
			   const pixman_region32_t *where, size_t *stride_bytes, bool *lost,
			   GError **error)
{
	fake.begins++;
	*lost = fake.loses;
	if (fake.loses || fake.refuses) {
		error_set(error, fake.loses ? "GL: the GPU was reset" : "EGL: import refused");
		return NULL;
	}
	*stride_bytes = 16;
	return pixels;
}

void readback_end(struct readback *readback)
{
}

/* ---- tests ---- */

static struct egl_headless *start(struct display_registry *displays, GError **error)
{
	const struct egl_headless_ops *ops = oriel_ui_module.ops;

	return ops->create("/dev/dri/renderD999", false, displays, error);
}

static void stop(struct egl_headless *headless)
{
	const struct egl_headless_ops *ops = oriel_ui_module.ops;

	ops->destroy(headless);
	g_assert_cmpuint(fake.contexts, ==, 0);
	g_assert_cmpuint(fake.readbacks, ==, 0);
}

static void test_life(void)
{
	struct display_registry *displays = display_registry_create();
	struct egl_headless *headless;
	GError *error = NULL;

	memset(&fake, 0, sizeof(fake));
	headless = start(displays, &error);
	g_assert_no_error(error);
	g_assert_nonnull(display_gl_reader(displays));
	stop(headless);
	g_assert_null(display_gl_reader(displays));
	stop(NULL);
	display_registry_destroy(displays);
}

static void test_no_gl(void)
{
	struct display_registry *displays = display_registry_create();

	for (int i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;

		memset(&fake, 0, sizeof(fake));
		fake.no_node = i == 0;
		fake.no_import = i == 1;
		g_assert_null(start(displays, &error));
		g_assert_cmpstr(error->message, ==,
				i ? "-display egl-headless: EGL: imports no dma-buf" :
				    "-display egl-headless: /dev/dri/renderD999: no such thing");
		g_assert_null(display_gl_reader(displays));
		stop(NULL);
	}
	display_registry_destroy(displays);
}

/* Reads @n times; returns what was said. */
static char *read_often(struct display_registry *displays, unsigned int n)
{
	const struct gl_reader *gl = display_gl_reader(displays);
	log_start();
	for (unsigned int i = 0; i < n; i++) {
		size_t stride;
		GError *error = NULL;

		if (gl->ops->begin(gl->gl, NULL, NULL, &stride, &error)) {
			g_assert_no_error(error);
			gl->ops->end(gl->gl);
		} else {
			g_assert_nonnull(error);
			g_error_free(error);
		}
	}
	return log_end();
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++) {
		n += *text == '\n';
	}
	return n;
}

static void test_refused(void)
{
	struct display_registry *displays = display_registry_create();
	struct egl_headless *headless = NULL;
	g_autofree char *said = NULL, *more = NULL;

	memset(&fake, 0, sizeof(fake));
	headless = start(displays, NULL);
	fake.refuses = true;
	said = read_often(displays, 5);
	g_assert_cmpuint(lines(said), ==, 1);
	g_assert_nonnull(strstr(said, "warning: -display egl-headless: EGL: import refused; such "
				      "pictures are read by the CPU\n"));
	/* Others are still read. */
	fake.refuses = false;
	more = read_often(displays, 3);
	g_assert_cmpstr(more, ==, "");
	g_assert_cmpuint(fake.begins, ==, 8);
	stop(headless);
	display_registry_destroy(displays);
}

static void test_lost(void)
{
	struct display_registry *displays = display_registry_create();
	struct egl_headless *headless = NULL;
	g_autofree char *said = NULL;

	memset(&fake, 0, sizeof(fake));
	headless = start(displays, NULL);
	fake.loses = true;
	said = read_often(displays, 5);
	g_assert_cmpuint(lines(said), ==, 1);
	g_assert_nonnull(strstr(said, "warning: -display egl-headless: GL: the GPU was reset; pictures "
				      "are read by the CPU from now on\n"));
	g_assert_cmpuint(fake.begins, ==, 1);
	stop(headless);
	display_registry_destroy(displays);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/egl-headless/is-the-reader-while-it-lives", test_life);
	g_test_add_func("/egl-headless/without-gl-there-is-no-reader-and-a-reason", test_no_gl);
	g_test_add_func("/egl-headless/a-refused-buffer-is-one-warning", test_refused);
	g_test_add_func("/egl-headless/a-lost-context-is-one-warning-and-the-end-of-gl", test_lost);
	return g_test_run();
}
