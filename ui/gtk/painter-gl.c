// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/gtk/painter-gl.h"
#include "ui/gtk/view.h"
#include "util/error.h"

#ifdef GDK_WINDOWING_X11
#include <gdk/gdkx.h>
#endif
#ifdef HAVE_WAYLAND_EGL
#include <gdk/gdkwayland.h>
#endif

static struct painter_gl *self(struct painter *painter)
{
	return (struct painter_gl *)painter;
}

static struct gl_shared *shared_of(struct painter_gl *painter)
{
	return painter->base.view->gui->gl;
}

void painter_gl_failed(struct painter_gl *painter, const char *cause)
{
	painter->ready = false;
	view_painter_failed(painter->base.view, cause);
}

static bool make_current(struct painter_gl *painter)
{
	if (painter->ready && !gl_context_enter(painter)) {
		painter_gl_failed(painter, "the GL context is lost");
	}
	return painter->ready;
}

/* ---- life of what the context has ---- */

struct gl_shared *gl_shared_create(EGLDisplay display)
{
	struct gl_shared *gl = g_new0(struct gl_shared, 1);
	g_autoptr(GError) error = NULL;

	gl->display = display;
	gl->importer = egl_importer_create(display, NULL, NULL, &error);
	if (!gl->importer) {
		gl->no_import = g_strdup(error->message);
	}
	return gl;
}

void gui_gl_destroy(struct gl_shared *gl)
{
	if (gl) {
		egl_importer_destroy(gl->importer);
		eglTerminate(gl->display);
		if (gl->native) {
			gl->destroy_native(gl->native);
		}
		g_free(gl->no_import);
		g_free(gl);
	}
}

/* Lines of a picture may be longer than its part that changed, and their bytes are B, G, R, X. */
static bool can_upload(GError **error)
{
	if (epoxy_is_desktop_gl() ||
	    (epoxy_has_gl_extension("GL_EXT_texture_format_BGRA8888") &&
	     (epoxy_gl_version() >= 30 || epoxy_has_gl_extension("GL_EXT_unpack_subimage")))) {
		return true;
	}
	return error_set(error, "OpenGL ES without BGRA textures");
}

static bool start(struct painter_gl *painter, GError **error)
{
	if (!gl_context_create(painter, error) || !can_upload(error) ||
	    (painter->surface->start && !painter->surface->start(painter, error))) {
		return false;
	}
	painter->draw = egl_draw_create(error);
	painter->upload_again = true;
	painter->ready = painter->draw != NULL;
	return painter->ready;
}

static void on_realize(GtkWidget *area, gpointer opaque)
{
	struct painter_gl *painter = opaque;
	g_autoptr(GError) error = NULL;

	if (!start(painter, &error)) {
		view_painter_failed(painter->base.view, error->message);
	}
}

static void on_unrealize(GtkWidget *area, gpointer opaque)
{
	struct painter_gl *painter = opaque;

	if (painter->draw && gl_context_enter(painter)) {
		glDeleteTextures(1, &painter->picture);
		glDeleteTextures(1, &painter->overlay);
		egl_draw_destroy(painter->draw);
	}
	painter->draw = NULL;
	painter->picture = painter->overlay = 0;
	painter->width_px = painter->height_px = 0;
	g_clear_pointer(&painter->frame, frame_unref);
	painter->ready = false;
	gl_context_destroy(painter);
}

/* ---- pictures ---- */

static GLuint create_texture(void)
{
	GLuint texture;

	glGenTextures(1, &texture);
	glBindTexture(GL_TEXTURE_2D, texture);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
	return texture;
}

static void allocate(int width, int height)
{
	GLint internal = epoxy_is_desktop_gl() ? GL_RGBA8 : GL_BGRA_EXT;

	glTexImage2D(GL_TEXTURE_2D, 0, internal, width, height, 0, GL_BGRA, GL_UNSIGNED_BYTE, NULL);
}

/* @pixels of the whole, whose lines are @stride_px long, to the bound texture. */
static void upload_box(const uint32_t *pixels, size_t stride_px, const pixman_box32_t *box)
{
	glPixelStorei(GL_UNPACK_ROW_LENGTH, (GLint)stride_px);
	glTexSubImage2D(GL_TEXTURE_2D, 0, box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1,
			GL_BGRA, GL_UNSIGNED_BYTE,
			pixels + (size_t)box->y1 * stride_px + (size_t)box->x1);
	glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
}

static void upload(struct painter *base, struct frame *frame)
{
	struct painter_gl *painter = self(base);
	const struct fb_plane *plane = &frame->buffer->info.plane[0];
	int width = (int)frame_width(frame), height = (int)frame_height(frame), count;
	pixman_box32_t all = { 0, 0, width, height };
	pixman_box32_t *boxes = pixman_region32_rectangles(&frame->damage, &count);
	size_t stride_px = plane->stride_bytes / 4;
	const uint32_t *pixels = (const uint32_t *)((const char *)frame->buffer->hva +
						    plane->offset_bytes) +
				 (size_t)frame->source.y1 * stride_px + (size_t)frame->source.x1;

	if (!make_current(painter)) {
		return;
	}
	g_clear_pointer(&painter->frame, frame_unref);
	if (!painter->picture) {
		painter->picture = create_texture();
	}
	glBindTexture(GL_TEXTURE_2D, painter->picture);
	if (painter->width_px != width || painter->height_px != height) {
		allocate(width, height);
		painter->width_px = width;
		painter->height_px = height;
		boxes = &all;
		count = 1;
	}
	for (int i = 0; i < count; i++) {
		upload_box(pixels, stride_px, &boxes[i]);
	}
}

static bool import(struct painter *base, struct frame *frame, GError **error)
{
	struct painter_gl *painter = self(base);
	struct gl_shared *shared = shared_of(painter);
	const struct egl_import *image;

	if (!make_current(painter)) {
		return false;
	}
	if (!shared->importer) {
		return error_set(error, "%s", shared->no_import);
	}
	image = egl_import(shared->importer, frame->buffer, error);
	if (!image) {
		return false;
	}
	if (image->external && epoxy_is_desktop_gl()) {
		return error_set(error, "the picture's layout takes OpenGL ES (gl=es)");
	}
	frame_ref(frame);
	frame_unref(painter->frame);
	painter->frame = frame;
	return true;
}

static void set_overlay(struct painter *base, pixman_image_t *image)
{
	struct painter_gl *painter = self(base);

	if (painter->overlay_image) {
		pixman_image_unref(painter->overlay_image);
	}
	painter->overlay_image = image ? pixman_image_ref(image) : NULL;
	painter->upload_again = true;
}

static void upload_overlay(struct painter_gl *painter)
{
	pixman_image_t *image = painter->overlay_image;
	pixman_box32_t all = { 0, 0, pixman_image_get_width(image),
			       pixman_image_get_height(image) };

	if (!painter->overlay) {
		painter->overlay = create_texture();
	}
	glBindTexture(GL_TEXTURE_2D, painter->overlay);
	allocate(all.x2, all.y2);
	upload_box(pixman_image_get_data(image), (size_t)pixman_image_get_stride(image) / 4, &all);
	painter->upload_again = false;
}

/* ---- drawing ---- */

/* GL counts lines from below. */
static struct egl_rect gl_rect(struct painter_gl *painter, const struct view_rect *rect)
{
	int height = painter->base.view->shape.area_height;

	return (struct egl_rect){ rect->x, height - rect->y - rect->height, rect->width,
				  rect->height };
}

static bool draw_picture(struct painter_gl *painter, const struct view_rect *place, GError **error)
{
	const struct view_shape *shape = &painter->base.view->shape;
	struct egl_rect to = gl_rect(painter, place);
	bool whole = place->width % shape->width_px == 0 && place->height % shape->height_px == 0;
	struct egl_source source = {
		.texture = painter->picture,
		.width_px = (uint32_t)painter->width_px,
		.height_px = (uint32_t)painter->height_px,
		.part = { 0, 0, painter->width_px, painter->height_px },
	};
	const struct egl_import *image;

	if (painter->frame) {
		image = egl_import(shared_of(painter)->importer, painter->frame->buffer, error);
		if (!image) {
			return false;
		}
		egl_source_of_frame(&source, image, painter->frame);
	} else if (!painter->picture) {
		return true;
	}
	return egl_draw(painter->draw, &source, &to, whole ? 0 : EGL_DRAW_SMOOTH, NULL, error);
}

static bool draw_overlay(struct painter_gl *painter, const struct view_rect *place, GError **error)
{
	struct view *view = painter->base.view;
	int width = pixman_image_get_width(painter->overlay_image);
	int height = pixman_image_get_height(painter->overlay_image);
	double across = (double)place->width / view->shape.width_px;
	double down = (double)place->height / view->shape.height_px;
	struct view_rect rect = {
		.x = place->x + (int)(view->cursor_x_px * across),
		.y = place->y + (int)(view->cursor_y_px * down),
		.width = MAX(1, (int)(width * across + 0.5)),
		.height = MAX(1, (int)(height * down + 0.5)),
	};
	struct egl_source source = {
		.width_px = (uint32_t)width, .height_px = (uint32_t)height,
		.part = { 0, 0, width, height },
	};
	struct egl_rect to = gl_rect(painter, &rect), within = gl_rect(painter, place);
	bool ok;

	if (painter->upload_again) {
		upload_overlay(painter);
	}
	source.texture = painter->overlay;
	/* Not over the bars. */
	glEnable(GL_SCISSOR_TEST);
	glScissor(within.x, within.y, within.width, within.height);
	ok = egl_draw(painter->draw, &source, &to,
		      EGL_DRAW_BLEND | (width == rect.width ? 0 : EGL_DRAW_SMOOTH), NULL, error);
	glDisable(GL_SCISSOR_TEST);
	return ok;
}

bool painter_gl_draw(struct painter_gl *painter)
{
	struct view *view = painter->base.view;
	struct view_rect place = view_place(&view->shape);
	g_autoptr(GError) error = NULL;

	if (!painter->ready) {
		return false;
	}
	glClearColor(0, 0, 0, 1);
	glClear(GL_COLOR_BUFFER_BIT);
	if (!draw_picture(painter, &place, &error) ||
	    (view->overlay && painter->overlay_image && !draw_overlay(painter, &place, &error))) {
		painter_gl_failed(painter, error->message);
		return false;
	}
	return true;
}

static void redraw(struct painter *base)
{
	self(base)->surface->redraw(self(base));
}

/* ---- life ---- */

static void destroy(struct painter *base)
{
	struct painter_gl *painter = self(base);

	set_overlay(base, NULL);
	frame_unref(painter->frame);
	if (painter->surface->destroy) {
		painter->surface->destroy(painter);
	}
	g_free(painter);
}

static const struct painter_ops ops = {
	.upload = upload,
	.import = import,
	.redraw = redraw,
	.set_overlay = set_overlay,
	.destroy = destroy,
};

static bool choose_surface(struct painter_gl *painter, GdkDisplay *display, GError **error)
{
#ifdef HAVE_WAYLAND_EGL
	if (GDK_IS_WAYLAND_DISPLAY(display)) {
		return painter_gl_subsurface_init(painter, error);
	}
#endif
#ifdef GDK_WINDOWING_X11
	if (GDK_IS_X11_DISPLAY(display)) {
		return painter_gl_window_init(painter, error);
	}
#endif
	return error_set(error, "built without GL for this kind of display");
}

struct painter *painter_gl_create(struct view *view, GError **error)
{
	struct painter_gl *painter = g_new0(struct painter_gl, 1);

	painter->base.ops = &ops;
	painter->base.view = view;
	if (!choose_surface(painter, gtk_widget_get_display(view->gui->window), error)) {
		g_free(painter);
		return NULL;
	}
	/* After: the window is there then. */
	g_signal_connect_after(painter->base.area, "realize", G_CALLBACK(on_realize), painter);
	g_signal_connect(painter->base.area, "unrealize", G_CALLBACK(on_unrealize), painter);
	return &painter->base;
}
