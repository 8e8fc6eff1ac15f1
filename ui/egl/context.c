// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <gbm.h>
#include <gmodule.h>

#include "ui/egl/context.h"
#include "ui/egl/node.h"
#include "util/error.h"
#include "util/fd.h"

/* A GPU that takes longer hangs. */
#define FENCE_TIMEOUT_MS 5000

static bool egl_failed(const struct egl_context *egl, const char *operation, GError **error)
{
	return error_set(error, "EGL: %s: %s: EGL error 0x%x", egl->node, operation,
			 (unsigned int)eglGetError());
}

/* libepoxy ends the process when a library isn't there, so that is seen to first. */
static bool find_libraries(GError **error)
{
	static const struct {
		const char *library, *package;
	} needed[] = { { "libEGL.so.1", "libegl1" }, { "libGLESv2.so.2", "libgles2" } };

	for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
		GModule *module = g_module_open(needed[i].library, G_MODULE_BIND_LAZY |
						G_MODULE_BIND_LOCAL);

		if (!module) {
			return error_set(error, "%s (package %s)", g_module_error(),
					 needed[i].package);
		}
		/* Drivers leave threads and handlers behind; none of it is made to be unloaded. */
		g_module_make_resident(module);
	}
	return true;
}

/* ---- life ---- */

static bool open_display(struct egl_context *egl, GError **error)
{
	egl->fd = egl_node_open(egl->node, error);
	if (egl->fd < 0) {
		return false;
	}
	if (!epoxy_has_egl_extension(NULL, "EGL_EXT_platform_base") ||
	    !(epoxy_has_egl_extension(NULL, "EGL_KHR_platform_gbm") ||
	      epoxy_has_egl_extension(NULL, "EGL_MESA_platform_gbm"))) {
		return error_set(error, "EGL: no GBM platform");
	}
	egl->gbm = gbm_create_device(egl->fd);
	if (!egl->gbm) {
		return error_set_errno(error, errno, "GBM: %s", egl->node);
	}
	egl->display = eglGetPlatformDisplayEXT(EGL_PLATFORM_GBM_KHR, egl->gbm, NULL);
	if (egl->display == EGL_NO_DISPLAY || !eglInitialize(egl->display, NULL, NULL)) {
		egl->display = EGL_NO_DISPLAY;
		return egl_failed(egl, "no display", error);
	}
	if (!epoxy_has_egl_extension(egl->display, "EGL_KHR_surfaceless_context") ||
	    !epoxy_has_egl_extension(egl->display, "EGL_KHR_no_config_context")) {
		return error_set(error, "EGL: %s: no contexts without a surface", egl->node);
	}
	egl->has_fences = epoxy_has_egl_extension(egl->display, "EGL_ANDROID_native_fence_sync");
	return true;
}

static bool open_context(struct egl_context *egl, GError **error)
{
	const EGLint attribs[] = {
		EGL_CONTEXT_CLIENT_VERSION, 3,
		/* A driver without robustness ends the list here. */
		epoxy_has_egl_extension(egl->display, "EGL_EXT_create_context_robustness") ?
			EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT : EGL_NONE,
		EGL_LOSE_CONTEXT_ON_RESET_EXT,
		EGL_NONE,
	};
	EGLenum api = eglQueryAPI();

	eglBindAPI(EGL_OPENGL_ES_API);
	egl->context = eglCreateContext(egl->display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attribs);
	eglBindAPI(api);
	return egl->context != EGL_NO_CONTEXT ||
	       egl_failed(egl, "no OpenGL ES 3 context", error);
}

static bool contains_any(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (text && strstr(text, *words)) {
			return true;
		}
	}
	return false;
}

static bool ask_context(struct egl_context *egl, GError **error)
{
	static const char *const software[] = { "llvmpipe", "softpipe", "SWR", NULL };
	bool good = true;

	if (!egl_context_enter(egl, error)) {
		return false;
	}
	egl->software = contains_any((const char *)glGetString(GL_RENDERER), software);
	if (epoxy_has_gl_extension("GL_KHR_robustness")) {
		egl->reset_status = glGetGraphicsResetStatusKHR;
	} else if (epoxy_has_gl_extension("GL_EXT_robustness")) {
		egl->reset_status = glGetGraphicsResetStatusEXT;
	}
	if (!epoxy_has_gl_extension("GL_OES_EGL_image") ||
	    !epoxy_has_gl_extension("GL_EXT_read_format_bgra")) {
		good = error_set(error, "GL: %s: %s: no GL_OES_EGL_image or "
				 "GL_EXT_read_format_bgra", egl->node, glGetString(GL_RENDERER));
	}
	egl_context_leave(egl);
	return good;
}

static struct egl_context *create_on(const char *node, GError **error)
{
	struct egl_context *egl = g_new0(struct egl_context, 1);

	egl->node = g_strdup(node);
	egl->fd = -1;
	if (!open_display(egl, error) || !open_context(egl, error) || !ask_context(egl, error)) {
		egl_context_destroy(egl);
		return NULL;
	}
	return egl;
}

struct egl_context *egl_context_create(const char *node, GError **error)
{
	struct egl_context *egl = NULL;
	g_auto(GStrv) nodes = NULL;
	GError *first = NULL;

	if (!find_libraries(error)) {
		return NULL;
	}
	if (node) {
		return create_on(node, error);
	}
	nodes = egl_node_list();
	for (char **path = nodes; *path && !egl; path++) {
		egl = create_on(*path, first ? NULL : &first);
	}
	if (egl) {
		g_clear_error(&first);
	} else if (first) {
		g_propagate_error(error, first);
	} else {
		error_set(error, "there is no render node (/dev/dri/renderD*)");
	}
	return egl;
}

void egl_context_destroy(struct egl_context *egl)
{
	if (!egl) {
		return;
	}
	if (egl->context != EGL_NO_CONTEXT) {
		eglDestroyContext(egl->display, egl->context);
	}
	if (egl->display != EGL_NO_DISPLAY) {
		eglTerminate(egl->display);
	}
	if (egl->gbm) {
		gbm_device_destroy(egl->gbm);
	}
	fd_close(&egl->fd);
	g_free(egl->node);
	g_free(egl);
}

/* ---- use ---- */

bool egl_context_enter(struct egl_context *egl, GError **error)
{
	egl->api = eglQueryAPI();
	egl->other_context = eglGetCurrentContext();
	egl->other_display = eglGetCurrentDisplay();
	egl->other_draw = eglGetCurrentSurface(EGL_DRAW);
	egl->other_read = eglGetCurrentSurface(EGL_READ);
	eglBindAPI(EGL_OPENGL_ES_API);
	if (!eglMakeCurrent(egl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, egl->context)) {
		egl_failed(egl, "the context can't be used", error);
		eglBindAPI(egl->api);
		return false;
	}
	return true;
}

void egl_context_leave(struct egl_context *egl)
{
	if (egl->other_context != EGL_NO_CONTEXT) {
		eglBindAPI(egl->api);
		eglMakeCurrent(egl->other_display, egl->other_draw, egl->other_read,
			       egl->other_context);
	} else {
		eglMakeCurrent(egl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
		eglBindAPI(egl->api);
	}
}

/* False: there is none, or not in time. */
static bool wait_fence(const struct egl_context *egl)
{
	EGLSyncKHR sync = eglCreateSyncKHR(egl->display, EGL_SYNC_NATIVE_FENCE_ANDROID, NULL);
	struct pollfd fence = { .events = POLLIN };
	int ready;

	if (sync == EGL_NO_SYNC_KHR) {
		return false;
	}
	/* The fence comes to be when the commands go to the GPU. */
	glFlush();
	fence.fd = eglDupNativeFenceFDANDROID(egl->display, sync);
	eglDestroySyncKHR(egl->display, sync);
	if (fence.fd < 0) {
		return false;
	}
	do {
		ready = poll(&fence, 1, FENCE_TIMEOUT_MS);
	} while (ready < 0 && errno == EINTR);
	fd_close(&fence.fd);
	return ready > 0;
}

bool egl_context_finish(struct egl_context *egl, GError **error)
{
	if (!egl->has_fences || !wait_fence(egl)) {
		glFinish();
	}
	if (egl->reset_status && egl->reset_status() != GL_NO_ERROR) {
		return error_set(error, "GL: %s: the GPU was reset", egl->node);
	}
	return true;
}
