// SPDX-License-Identifier: GPL-2.0-or-later
#include <drm_fourcc.h>

#include "ui/egl/import.h"
#include "util/error.h"

/* More than any driver has for one format. */
#define MODIFIERS_MAX 256

struct egl_importer {
	EGLDisplay display;
	/* From EGL itself: libepoxy looks for an extension's functions in the display that is current,
	 * and there may be none when a buffer goes. */
	PFNEGLCREATEIMAGEKHRPROC create_image;
	PFNEGLDESTROYIMAGEKHRPROC destroy_image;
	PFNEGLQUERYDMABUFMODIFIERSEXTPROC query_modifiers; /* NULL: it knows none */
	egl_import_check_fn check;
	void *opaque;
	/* The owner, and every import: so its address, which is the addons' key, isn't used again
	 * while a buffer has an import of this one. */
	gint refs;
	GMutex lock; /* buffers may go on any thread */
	GList *imports; /* of struct import whose image lives */
};

struct import {
	struct egl_import is; /* image EGL_NO_IMAGE_KHR: refused, or the importer is gone */
	struct egl_importer *importer;
	char *refusal;
};

/* ---- life ---- */

struct egl_importer *egl_importer_create(EGLDisplay display, egl_import_check_fn check,
					 void *opaque, GError **error)
{
	struct egl_importer *importer;

	if (!epoxy_has_egl_extension(display, "EGL_KHR_image_base") ||
	    !epoxy_has_egl_extension(display, "EGL_EXT_image_dma_buf_import")) {
		error_set(error, "EGL: %s: imports no dma-buf",
			  eglQueryString(display, EGL_VENDOR));
		return NULL;
	}
	importer = g_new0(struct egl_importer, 1);
	importer->display = display;
	importer->create_image =
		(PFNEGLCREATEIMAGEKHRPROC)eglGetProcAddress("eglCreateImageKHR");
	importer->destroy_image =
		(PFNEGLDESTROYIMAGEKHRPROC)eglGetProcAddress("eglDestroyImageKHR");
	if (epoxy_has_egl_extension(display, "EGL_EXT_image_dma_buf_import_modifiers")) {
		importer->query_modifiers = (PFNEGLQUERYDMABUFMODIFIERSEXTPROC)eglGetProcAddress(
			"eglQueryDmaBufModifiersEXT");
	}
	importer->check = check;
	importer->opaque = opaque;
	importer->refs = 1;
	g_mutex_init(&importer->lock);
	return importer;
}

static void importer_unref(struct egl_importer *importer)
{
	if (g_atomic_int_dec_and_test(&importer->refs)) {
		g_mutex_clear(&importer->lock);
		g_free(importer);
	}
}

/* The lock is held. */
static void image_destroy(struct import *import)
{
	if (import->is.image != EGL_NO_IMAGE_KHR) {
		import->importer->destroy_image(import->importer->display, import->is.image);
		import->is.image = EGL_NO_IMAGE_KHR;
	}
}

void egl_importer_destroy(struct egl_importer *importer)
{
	if (!importer) {
		return;
	}
	g_mutex_lock(&importer->lock);
	for (GList *l = importer->imports; l; l = l->next) {
		image_destroy(l->data);
	}
	g_clear_list(&importer->imports, NULL);
	g_mutex_unlock(&importer->lock);
	importer_unref(importer);
}

/* Context: any. The buffer goes. */
static void import_destroy(void *addon)
{
	struct import *import = addon;
	struct egl_importer *importer = import->importer;

	g_mutex_lock(&importer->lock);
	if (import->is.image != EGL_NO_IMAGE_KHR) {
		importer->imports = g_list_remove(importer->imports, import);
		image_destroy(import);
	}
	g_mutex_unlock(&importer->lock);
	g_free(import->refusal);
	g_free(import);
	importer_unref(importer);
}

/* ---- import ---- */

void egl_import_attribs(const struct fb_info *info, int fd, bool modifiers,
			EGLint attribs[EGL_IMPORT_ATTRIBS])
{
	static const struct {
		EGLint fd, offset, pitch, modifier_low, modifier_high;
	} names[FB_MAX_PLANES] = {
#define PLANE(n) { EGL_DMA_BUF_PLANE##n##_FD_EXT, EGL_DMA_BUF_PLANE##n##_OFFSET_EXT,             \
		   EGL_DMA_BUF_PLANE##n##_PITCH_EXT, EGL_DMA_BUF_PLANE##n##_MODIFIER_LO_EXT,     \
		   EGL_DMA_BUF_PLANE##n##_MODIFIER_HI_EXT }
		PLANE(0), PLANE(1), PLANE(2), PLANE(3),
#undef PLANE
	};
	EGLint *next = attribs;
#define ADD(name, value) (*next++ = (name), *next++ = (EGLint)(value))

	ADD(EGL_WIDTH, info->width_px);
	ADD(EGL_HEIGHT, info->height_px);
	ADD(EGL_LINUX_DRM_FOURCC_EXT, info->fourcc);
	for (unsigned int i = 0; i < info->planes; i++) {
		ADD(names[i].fd, fd);
		ADD(names[i].offset, info->plane[i].offset_bytes);
		ADD(names[i].pitch, info->plane[i].stride_bytes);
		if (modifiers) {
			ADD(names[i].modifier_low, info->modifier);
			ADD(names[i].modifier_high, info->modifier >> 32);
		}
	}
#undef ADD
	*next = EGL_NONE;
}

/*
 * Does the driver list the layout? There are some that take any modifier and then read the memory
 * as if it were linear, so a tiled buffer is only imported where it is listed.
 */
static bool find_layout(const struct egl_importer *importer, const struct fb_info *info,
			bool *external)
{
	EGLuint64KHR modifiers[MODIFIERS_MAX];
	EGLBoolean externals[MODIFIERS_MAX];
	EGLint n = 0;

	if (!importer->query_modifiers ||
	    !importer->query_modifiers(importer->display, (EGLint)info->fourcc, MODIFIERS_MAX,
				       modifiers, externals, &n)) {
		return false;
	}
	for (EGLint i = 0; i < MIN(n, MODIFIERS_MAX); i++) {
		if (modifiers[i] == info->modifier) {
			*external = externals[i];
			return true;
		}
	}
	return false;
}

static EGLImage create_image(const struct egl_importer *importer, const struct fb_buffer *buffer,
			     bool *external, GError **error)
{
	EGLint attribs[EGL_IMPORT_ATTRIBS];
	bool listed = find_layout(importer, &buffer->info, external);
	EGLImage image;
	char name[5];

	if (buffer->kind != FB_DMABUF) {
		error_set(error, "EGL: not a dma-buf");
		return EGL_NO_IMAGE_KHR;
	}
	if (!listed && buffer->info.modifier != DRM_FORMAT_MOD_LINEAR) {
		error_set(error, "EGL: %s with the layout 0x%" G_GINT64_MODIFIER
			  "x: not one that the driver imports",
			  fb_format_name(buffer->info.fourcc, name), buffer->info.modifier);
		return EGL_NO_IMAGE_KHR;
	}
	if (importer->check && !importer->check(importer->opaque, buffer, error)) {
		return EGL_NO_IMAGE_KHR;
	}
	egl_import_attribs(&buffer->info, buffer->fd, listed, attribs);
	image = importer->create_image(importer->display, EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT,
				       NULL, attribs);
	if (image == EGL_NO_IMAGE_KHR) {
		error_set(error, "EGL: %ux%u %s: import refused by the driver (EGL error 0x%x)",
			  buffer->info.width_px, buffer->info.height_px,
			  fb_format_name(buffer->info.fourcc, name), (unsigned int)eglGetError());
	}
	return image;
}

static struct import *import_create(struct egl_importer *importer, struct fb_buffer *buffer)
{
	struct import *import = g_new0(struct import, 1);
	GError *error = NULL;

	import->importer = importer;
	g_atomic_int_inc(&importer->refs);
	import->is.image = create_image(importer, buffer, &import->is.external, &error);
	if (error) {
		import->refusal = g_strdup(error->message);
		g_error_free(error);
	} else {
		g_mutex_lock(&importer->lock);
		importer->imports = g_list_prepend(importer->imports, import);
		g_mutex_unlock(&importer->lock);
	}
	fb_buffer_addon_set(buffer, importer, import, import_destroy);
	return import;
}

const struct egl_import *egl_import(struct egl_importer *importer, struct fb_buffer *buffer,
				    GError **error)
{
	struct import *import = fb_buffer_addon_get(buffer, importer);

	if (!import) {
		import = import_create(importer, buffer);
	}
	if (import->is.image == EGL_NO_IMAGE_KHR) {
		error_set(error, "%s", import->refusal);
		return NULL;
	}
	return &import->is;
}

void egl_import_refuse(struct egl_importer *importer, struct fb_buffer *buffer,
		       const char *reason)
{
	struct import *import = fb_buffer_addon_get(buffer, importer);

	g_free(import->refusal);
	import->refusal = g_strdup(reason);
	g_mutex_lock(&importer->lock);
	importer->imports = g_list_remove(importer->imports, import);
	image_destroy(import);
	g_mutex_unlock(&importer->lock);
}
