// SPDX-License-Identifier: GPL-2.0-or-later
#include <drm_fourcc.h>

#include "ui/egl/draw.h"
#include "ui/egl/node.h"
#include "ui/egl/readback.h"
#include "util/error.h"

/* Consoles of as many sizes share the GPU without making everything anew at each look. */
#define TARGETS_MAX 4
/* What nobody used for so long is given back. */
#define IDLE_S 5
/* More rectangles are read as one that holds them all. */
#define RECTS_MAX 64

/* Where pictures of one size are drawn, and read from. */
struct target {
	uint32_t width_px, height_px;
	GLuint framebuffer, renderbuffer, pixels;
};

struct readback {
	struct egl_context *egl;
	struct egl_importer *importer;
	struct egl_draw *draw;
	GQueue targets; /* of struct target, the one used last first */
	guint idle; /* GSource, 0: there are no targets */
	bool used; /* since the timer ran last */
};

/* ---- targets ---- */

/* The context is current. */
static void target_destroy(struct target *target)
{
	glDeleteFramebuffers(1, &target->framebuffer);
	glDeleteRenderbuffers(1, &target->renderbuffer);
	glDeleteBuffers(1, &target->pixels);
	g_free(target);
}

static void drop_targets(struct readback *readback)
{
	/* A lost context takes its objects along. */
	bool current = readback->targets.length && egl_context_enter(readback->egl, NULL);
	struct target *target;

	while ((target = g_queue_pop_head(&readback->targets))) {
		if (current) {
			target_destroy(target);
		} else {
			g_free(target);
		}
	}
	if (current) {
		egl_context_leave(readback->egl);
	}
}

static gboolean idle_check(gpointer opaque)
{
	struct readback *readback = opaque;

	if (readback->used) {
		readback->used = false;
		return G_SOURCE_CONTINUE;
	}
	drop_targets(readback);
	readback->idle = 0;
	return G_SOURCE_REMOVE;
}

static struct target *target_create(uint32_t width, uint32_t height, GError **error)
{
	struct target *target = g_new0(struct target, 1);
	GLenum status;

	target->width_px = width;
	target->height_px = height;
	glGenRenderbuffers(1, &target->renderbuffer);
	glBindRenderbuffer(GL_RENDERBUFFER, target->renderbuffer);
	glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, (GLsizei)width, (GLsizei)height);
	glGenFramebuffers(1, &target->framebuffer);
	glBindFramebuffer(GL_FRAMEBUFFER, target->framebuffer);
	glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER,
				  target->renderbuffer);
	status = glCheckFramebufferStatus(GL_FRAMEBUFFER);
	glGenBuffers(1, &target->pixels);
	glBindBuffer(GL_PIXEL_PACK_BUFFER, target->pixels);
	glBufferData(GL_PIXEL_PACK_BUFFER, (GLsizeiptr)width * height * 4, NULL, GL_STREAM_READ);
	if (status != GL_FRAMEBUFFER_COMPLETE || glGetError() != GL_NO_ERROR) {
		error_set(error, "GL: no memory to draw %ux%u pixels into", width, height);
		target_destroy(target);
		return NULL;
	}
	return target;
}

/* Its frame buffer and its pixel buffer are bound then. */
static struct target *get_target(struct readback *readback, const struct frame *frame,
				 GError **error)
{
	uint32_t width = frame_width(frame), height = frame_height(frame);
	struct target *target;

	for (GList *l = readback->targets.head; l; l = l->next) {
		target = l->data;
		if (target->width_px == width && target->height_px == height) {
			g_queue_unlink(&readback->targets, l);
			g_queue_push_head_link(&readback->targets, l);
			glBindFramebuffer(GL_FRAMEBUFFER, target->framebuffer);
			glBindBuffer(GL_PIXEL_PACK_BUFFER, target->pixels);
			return target;
		}
	}
	target = target_create(width, height, error);
	if (!target) {
		return NULL;
	}
	g_queue_push_head(&readback->targets, target);
	if (readback->targets.length > TARGETS_MAX) {
		target_destroy(g_queue_pop_tail(&readback->targets));
	}
	return target;
}

/* ---- life ---- */

static bool may_import(void *opaque, const struct fb_buffer *buffer, GError **error)
{
	const struct egl_context *egl = opaque;

	return !egl->software || egl_node_maps(egl->node, buffer->fd, error);
}

struct readback *readback_create(struct egl_context *egl, GError **error)
{
	struct readback *readback = g_new0(struct readback, 1);

	readback->egl = egl;
	g_queue_init(&readback->targets);
	readback->importer = egl_importer_create(egl->display, may_import, egl, error);
	if (readback->importer && egl_context_enter(egl, error)) {
		readback->draw = egl_draw_create(error);
		egl_context_leave(egl);
	}
	if (!readback->draw) {
		readback_destroy(readback);
		return NULL;
	}
	return readback;
}

void readback_destroy(struct readback *readback)
{
	if (!readback) {
		return;
	}
	if (readback->idle) {
		g_source_remove(readback->idle);
	}
	drop_targets(readback);
	egl_importer_destroy(readback->importer);
	if (readback->draw && egl_context_enter(readback->egl, NULL)) {
		egl_draw_destroy(readback->draw);
		egl_context_leave(readback->egl);
	}
	g_free(readback);
}

/* ---- reading ---- */

/* NULL for 8 bits a channel, which GL gives back as they are. */
static const struct egl_depth *format_depth(uint32_t fourcc)
{
	static const struct egl_depth d565 = { 5, 6, 5 }, d555 = { 5, 5, 5 }, d10 = { 10, 10, 10 };

	switch (fourcc) {
	case DRM_FORMAT_RGB565:
	case DRM_FORMAT_BGR565:
		return &d565;
	case DRM_FORMAT_XRGB1555:
	case DRM_FORMAT_ARGB1555:
	case DRM_FORMAT_XBGR1555:
	case DRM_FORMAT_ABGR1555:
		return &d555;
	case DRM_FORMAT_XRGB2101010:
	case DRM_FORMAT_ARGB2101010:
	case DRM_FORMAT_XBGR2101010:
	case DRM_FORMAT_ABGR2101010:
	case DRM_FORMAT_RGBX1010102:
	case DRM_FORMAT_RGBA1010102:
	case DRM_FORMAT_BGRX1010102:
	case DRM_FORMAT_BGRA1010102:
		return &d10;
	default:
		return NULL;
	}
}

static void read_rect(const struct target *target, const pixman_box32_t *box)
{
	size_t first = ((size_t)box->y1 * target->width_px + (size_t)box->x1) * 4;

	/* Each pixel to its place in the picture: rows are as long as that is wide. */
	glReadPixels(box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1, GL_BGRA_EXT,
		     GL_UNSIGNED_BYTE, (void *)first);
}

static bool draw_and_read(struct readback *readback, const struct target *target,
			  const struct egl_import *import, struct frame *frame,
			  const pixman_region32_t *where, GError **error)
{
	const pixman_box32_t *all = pixman_region32_extents((pixman_region32_t *)where);
	struct egl_rect to = { 0, 0, (int)target->width_px, (int)target->height_px };
	struct egl_source source;
	int n;
	const pixman_box32_t *rects = pixman_region32_rectangles((pixman_region32_t *)where, &n);

	egl_source_of_frame(&source, import, frame);
	glEnable(GL_SCISSOR_TEST);
	glScissor(all->x1, all->y1, all->x2 - all->x1, all->y2 - all->y1);
	if (!egl_draw(readback->draw, &source, &to, EGL_DRAW_TOP_FIRST,
		      format_depth(frame->buffer->info.fourcc), error)) {
		return false;
	}
	glPixelStorei(GL_PACK_ROW_LENGTH, to.width);
	if (n > RECTS_MAX) {
		read_rect(target, all);
	}
	for (int i = 0; i < n && n <= RECTS_MAX; i++) {
		read_rect(target, &rects[i]);
	}
	return glGetError() == GL_NO_ERROR ||
	       error_set(error, "GL: %s: the picture can't be read back", readback->egl->node);
}

static bool draw_and_finish(struct readback *readback, const struct target *target,
			    const struct egl_import *import, struct frame *frame,
			    const pixman_region32_t *where, bool *lost, GError **error)
{
	bool by_cpu = readback->egl->software, good;

	/* A GPU's driver waits for whoever writes the buffer; nobody tells the exporter of a renderer
	 * that maps it. */
	if (by_cpu) {
		fb_buffer_cpu_begin(frame->buffer);
	}
	good = draw_and_read(readback, target, import, frame, where, error);
	/* If it isn't good: is it because nothing works any more? */
	*lost = !egl_context_finish(readback->egl, good ? error : NULL);
	if (by_cpu) {
		fb_buffer_cpu_end(frame->buffer);
	}
	return good && !*lost;
}

/* The context is current, and stays so on success. */
static const void *read_current(struct readback *readback, const struct egl_import *import,
				struct frame *frame, const pixman_region32_t *where,
				size_t *stride_bytes, bool *lost, GError **error)
{
	const struct target *target;
	const void *pixels;

	while (glGetError() != GL_NO_ERROR) {
	}
	target = get_target(readback, frame, error);
	if (!target || !draw_and_finish(readback, target, import, frame, where, lost, error)) {
		return NULL;
	}
	*stride_bytes = (size_t)target->width_px * 4;
	pixels = glMapBufferRange(GL_PIXEL_PACK_BUFFER, 0,
				  (GLsizeiptr)(*stride_bytes * target->height_px), GL_MAP_READ_BIT);
	if (!pixels) {
		error_set(error, "GL: %s: the pixels can't be mapped", readback->egl->node);
	}
	return pixels;
}

const void *readback_begin(struct readback *readback, struct frame *frame,
			   const pixman_region32_t *where, size_t *stride_bytes, bool *lost,
			   GError **error)
{
	const struct egl_import *import;
	GError *cause = NULL;
	const void *pixels;

	*lost = false;
	import = fb_buffer_check_size(frame->buffer, error) ?
		 egl_import(readback->importer, frame->buffer, error) : NULL;
	if (!import) {
		return NULL;
	}
	if (!egl_context_enter(readback->egl, error)) {
		*lost = true;
		return NULL;
	}
	pixels = read_current(readback, import, frame, where, stride_bytes, lost, &cause);
	if (!pixels) {
		if (!*lost) {
			egl_import_refuse(readback->importer, frame->buffer, cause->message);
		}
		g_propagate_error(error, cause);
		egl_context_leave(readback->egl);
		return NULL;
	}
	readback->used = true;
	if (!readback->idle) {
		readback->idle = g_timeout_add_seconds(IDLE_S, idle_check, readback);
	}
	return pixels;
}

void readback_end(struct readback *readback)
{
	glUnmapBuffer(GL_PIXEL_PACK_BUFFER);
	glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
	glBindFramebuffer(GL_FRAMEBUFFER, 0);
	egl_context_leave(readback->egl);
}
