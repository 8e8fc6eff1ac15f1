/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a window's area the guest's picture is, and back from there to its pixels. Lengths of the
 * area are pixels of the host's screen ("device pixels"), whatever the toolkit scales by. Context: any.
 */
#ifndef UI_GTK_GEOMETRY_H
#define UI_GTK_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

#define ZOOM_MIN 0.25
#define ZOOM_MAX 8.0

struct view_shape {
	int area_width, area_height; /* of what there is to draw on; may be 0 */
	int width_px, height_px; /* of the picture, at least 1 */
	double zoom; /* device pixels a pixel of the picture, unless fit */
	bool fit; /* as large as the area allows */
	bool keep_aspect; /* fit: with bars at two sides where needed */
};

struct view_rect {
	int x, y, width, height;
};

/* In the middle of the area, all of it: where a fixed zoom needs more than there is, it is made to
 * fit. Never empty. */
struct view_rect view_place(const struct view_shape *shape);
/* The pixel of the picture at a place of the area; clamped to the nearest. False: it was outside. */
bool view_to_picture(const struct view_shape *shape, double x, double y, int *x_px, int *y_px);
/* The part of the area that @box of the picture, x1 <= x < x2, is drawn to; with what its neighbours
 * show of it where pixels are mixed. */
struct view_rect view_from_picture(const struct view_shape *shape, int x1, int y1, int x2, int y2);
/* The size of an area in which the picture has zoom @zoom and no bars. */
void view_natural_size(const struct view_shape *shape, double zoom, int *width, int *height);
/* The picture's size that would fill the area: 1:1 when fit, else with that zoom. */
void view_wanted_size(const struct view_shape *shape, int *width_px, int *height_px);
/* What is drawn now, as a zoom. */
double view_zoom(const struct view_shape *shape);
/* The next step of a quarter up (@direction > 0) or down. */
double view_zoom_step(double zoom, int direction);
/* The hot spot of an image that is drawn @zoom times as large, in device pixels. */
int view_hot_spot(int hot_px, double zoom);

#endif
