// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * By cairo: what was presented is kept in an image of our own, so that the console's snapshot isn't
 * held until the toolkit draws, and what becomes visible again can be drawn at any time.
 */
#include <string.h>

#include "ui/gtk/painter.h"
#include "ui/gtk/view.h"

struct painter_cairo {
	struct painter base; /* first */
	cairo_surface_t *picture; /* NULL: none yet */
	pixman_image_t *overlay;
};

static struct painter_cairo *self(struct painter *painter)
{
	return (struct painter_cairo *)painter;
}

/* ---- pictures ---- */

static bool set_size(struct painter_cairo *painter, int width, int height)
{
	cairo_surface_t *picture = painter->picture;

	if (picture && cairo_image_surface_get_width(picture) == width &&
	    cairo_image_surface_get_height(picture) == height) {
		return false;
	}
	if (picture) {
		cairo_surface_destroy(picture);
	}
	painter->picture = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
	return true;
}

static void copy_box(struct painter_cairo *painter, struct frame *frame, const pixman_box32_t *box)
{
	const struct fb_plane *plane = &frame->buffer->info.plane[0];
	const pixman_box32_t *source = &frame->source;
	size_t stride = (size_t)cairo_image_surface_get_stride(painter->picture);
	unsigned char *to = cairo_image_surface_get_data(painter->picture);
	const unsigned char *from = (const unsigned char *)frame->buffer->hva + plane->offset_bytes;

	for (int y = box->y1; y < box->y2; y++) {
		memcpy(to + (size_t)y * stride + (size_t)box->x1 * 4,
		       from + (size_t)(source->y1 + y) * plane->stride_bytes +
		       (size_t)(source->x1 + box->x1) * 4, (size_t)(box->x2 - box->x1) * 4);
	}
}

static void upload(struct painter *base, struct frame *frame)
{
	struct painter_cairo *painter = self(base);
	int width = (int)frame_width(frame), height = (int)frame_height(frame), count;
	pixman_box32_t all = { 0, 0, width, height }, *boxes;

	if (set_size(painter, width, height)) {
		boxes = &all;
		count = 1;
	} else {
		boxes = pixman_region32_rectangles(&frame->damage, &count);
	}
	if (!cairo_image_surface_get_data(painter->picture)) {
		return; /* no memory */
	}
	cairo_surface_flush(painter->picture);
	for (int i = 0; i < count; i++) {
		copy_box(painter, frame, &boxes[i]);
		cairo_surface_mark_dirty_rectangle(painter->picture, boxes[i].x1, boxes[i].y1,
						   boxes[i].x2 - boxes[i].x1,
						   boxes[i].y2 - boxes[i].y1);
	}
}

static void set_overlay(struct painter *base, pixman_image_t *image)
{
	struct painter_cairo *painter = self(base);

	if (painter->overlay) {
		pixman_image_unref(painter->overlay);
	}
	painter->overlay = image ? pixman_image_ref(image) : NULL;
}

/* ---- drawing ---- */

/* In device pixels, @zoom times as large as @surface. */
static void draw_surface(cairo_t *cairo, cairo_surface_t *surface, double x, double y,
			 double across, double down)
{
	cairo_save(cairo);
	cairo_translate(cairo, x, y);
	cairo_scale(cairo, across, down);
	cairo_set_source_surface(cairo, surface, 0, 0);
	/* Between whole multiples pixels are mixed; the edge isn't mixed with nothing. */
	cairo_pattern_set_filter(cairo_get_source(cairo),
				 across == (int)across && down == (int)down ?
				 CAIRO_FILTER_NEAREST : CAIRO_FILTER_BILINEAR);
	cairo_pattern_set_extend(cairo_get_source(cairo), CAIRO_EXTEND_PAD);
	cairo_rectangle(cairo, 0, 0, cairo_image_surface_get_width(surface),
			cairo_image_surface_get_height(surface));
	cairo_fill(cairo);
	cairo_restore(cairo);
}

static void draw_overlay(struct painter_cairo *painter, cairo_t *cairo,
			 const struct view_rect *place, double across, double down)
{
	struct view *view = painter->base.view;
	cairo_surface_t *surface = cairo_image_surface_create_for_data(
		(unsigned char *)pixman_image_get_data(painter->overlay), CAIRO_FORMAT_ARGB32,
		pixman_image_get_width(painter->overlay), pixman_image_get_height(painter->overlay),
		pixman_image_get_stride(painter->overlay));

	cairo_rectangle(cairo, place->x, place->y, place->width, place->height);
	cairo_clip(cairo);
	draw_surface(cairo, surface, place->x + view->cursor_x_px * across,
		     place->y + view->cursor_y_px * down, across, down);
	cairo_surface_destroy(surface);
}

static gboolean on_draw(GtkWidget *area, cairo_t *cairo, gpointer opaque)
{
	struct painter_cairo *painter = opaque;
	struct view *view = painter->base.view;
	struct view_rect place = view_place(&view->shape);
	double across = (double)place.width / view->shape.width_px;
	double down = (double)place.height / view->shape.height_px;

	cairo_scale(cairo, 1.0 / view->scale, 1.0 / view->scale);
	/* The bars: all but the picture. */
	cairo_set_source_rgb(cairo, 0, 0, 0);
	cairo_rectangle(cairo, 0, 0, view->shape.area_width, view->shape.area_height);
	if (painter->picture) {
		cairo_rectangle(cairo, place.x, place.y, place.width, place.height);
		cairo_set_fill_rule(cairo, CAIRO_FILL_RULE_EVEN_ODD);
	}
	cairo_fill(cairo);
	if (painter->picture) {
		draw_surface(cairo, painter->picture, place.x, place.y, across, down);
		if (painter->overlay && view->overlay) {
			draw_overlay(painter, cairo, &place, across, down);
		}
	}
	view_painted(view);
	return GDK_EVENT_STOP;
}

static void destroy(struct painter *base)
{
	struct painter_cairo *painter = self(base);

	if (painter->picture) {
		cairo_surface_destroy(painter->picture);
	}
	set_overlay(base, NULL);
	g_free(painter);
}

static const struct painter_ops ops = {
	.upload = upload,
	.set_overlay = set_overlay,
	.destroy = destroy,
};

struct painter *painter_cairo_create(struct view *view)
{
	struct painter_cairo *painter = g_new0(struct painter_cairo, 1);

	painter->base.ops = &ops;
	painter->base.view = view;
	painter->base.area = gtk_drawing_area_new();
	/* It draws on the window of what it is in. */
	gtk_widget_set_has_window(painter->base.area, FALSE);
	g_signal_connect(painter->base.area, "draw", G_CALLBACK(on_draw), painter);
	return &painter->base;
}
