// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a window isn't drawn to by is current without one: a driver that has a window looks at its
 * size, and may wait for the display, whenever it likes.
 */
#include "ui/gtk/painter-gl.h"
#include "ui/gtk/view.h"
#include "util/error.h"

static EGLDisplay display_of(const struct painter_gl *painter)
{
	return painter->base.view->gui->gl->display;
}

static bool wants_es(const struct painter_gl *painter)
{
	return painter->base.view->gui->options.gl == GUI_GL_ES;
}

bool gl_context_open(struct gui *gui, EGLenum platform, void *native, GError **error)
{
	EGLDisplay display = eglGetPlatformDisplayEXT(platform, native, NULL);

	if (display == EGL_NO_DISPLAY || !eglInitialize(display, NULL, NULL)) {
		return error_set(error, "no EGL on this display");
	}
	if (!epoxy_has_egl_extension(display, "EGL_KHR_surfaceless_context")) {
		eglTerminate(display);
		return error_set(error, "no EGL_KHR_surfaceless_context on this display");
	}
	gui->gl = gl_shared_create(display);
	return true;
}

static bool is_xrgb8888(EGLDisplay display, EGLConfig config)
{
	EGLint red = 0, green = 0, blue = 0, alpha = 0;

	eglGetConfigAttrib(display, config, EGL_RED_SIZE, &red);
	eglGetConfigAttrib(display, config, EGL_GREEN_SIZE, &green);
	eglGetConfigAttrib(display, config, EGL_BLUE_SIZE, &blue);
	eglGetConfigAttrib(display, config, EGL_ALPHA_SIZE, &alpha);
	return red == 8 && green == 8 && blue == 8 && !alpha;
}

bool gl_context_choose(struct painter_gl *painter,
		       bool (*fits)(EGLDisplay display, EGLConfig config, void *opaque),
		       void *opaque, GError **error)
{
	EGLDisplay display = display_of(painter);
	const EGLint wanted[] = {
		EGL_SURFACE_TYPE, EGL_WINDOW_BIT,
		EGL_RENDERABLE_TYPE, wants_es(painter) ? EGL_OPENGL_ES2_BIT : EGL_OPENGL_BIT,
		EGL_RED_SIZE, 8, EGL_GREEN_SIZE, 8, EGL_BLUE_SIZE, 8,
		EGL_NONE,
	};
	g_autofree EGLConfig *configs = NULL;
	EGLint count = 0;

	if (eglChooseConfig(display, wanted, NULL, 0, &count) && count > 0) {
		configs = g_new(EGLConfig, (gsize)count);
		eglChooseConfig(display, wanted, configs, count, &count);
		for (EGLint i = 0; i < count; i++) {
			if (is_xrgb8888(display, configs[i]) &&
			    (!fits || fits(display, configs[i], opaque))) {
				painter->config = configs[i];
				return true;
			}
		}
	}
	return error_set(error, "no EGL configuration for windows");
}

static bool set_current(struct painter_gl *painter, EGLSurface surface)
{
	return painter->context != EGL_NO_CONTEXT &&
	       eglMakeCurrent(display_of(painter), surface, surface, painter->context);
}

bool gl_context_create(struct painter_gl *painter, GError **error)
{
	bool es = wants_es(painter);
	const EGLint es_attribs[] = { EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE };
	const EGLint gl_attribs[] = { EGL_NONE };

	eglBindAPI(es ? EGL_OPENGL_ES_API : EGL_OPENGL_API);
	painter->context = eglCreateContext(display_of(painter), painter->config, EGL_NO_CONTEXT,
					    es ? es_attribs : gl_attribs);
	return gl_context_enter(painter) ||
	       error_set(error, "eglCreateContext: error 0x%x", (unsigned int)eglGetError());
}

void gl_context_destroy(struct painter_gl *painter)
{
	EGLDisplay display = display_of(painter);

	gl_context_destroy_window(painter);
	if (painter->context != EGL_NO_CONTEXT) {
		eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
		eglDestroyContext(display, painter->context);
		painter->context = EGL_NO_CONTEXT;
	}
}

bool gl_context_enter(struct painter_gl *painter)
{
	return set_current(painter, EGL_NO_SURFACE);
}

bool gl_context_enter_window(struct painter_gl *painter)
{
	return painter->window != EGL_NO_SURFACE && set_current(painter, painter->window);
}

bool gl_context_create_window(struct painter_gl *painter, EGLNativeWindowType native,
			      GError **error)
{
	EGLDisplay display = display_of(painter);

	painter->window = eglCreateWindowSurface(display, painter->config, native, NULL);
	if (!gl_context_enter_window(painter)) {
		return error_set(error, "eglCreateWindowSurface: error 0x%x",
				 (unsigned int)eglGetError());
	}
	/* pace.c paces; nothing here waits for a display. */
	eglSwapInterval(display, 0);
	return gl_context_enter(painter);
}

void gl_context_destroy_window(struct painter_gl *painter)
{
	if (painter->window != EGL_NO_SURFACE) {
		gl_context_enter(painter);
		eglDestroySurface(display_of(painter), painter->window);
		painter->window = EGL_NO_SURFACE;
	}
}

bool gl_context_swap(struct painter_gl *painter)
{
	bool ok = eglSwapBuffers(display_of(painter), painter->window);

	gl_context_enter(painter);
	if (!ok) {
		painter_gl_failed(painter, "eglSwapBuffers failed");
	}
	return ok;
}
