// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>

#include "ui/gtk/geometry.h"

#define ZOOM_STEP 0.25

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static int scaled(int length, double zoom)
{
	int result = (int)lround(length * zoom);

	return result < 1 ? 1 : result;
}

static void fit(const struct view_shape *shape, int *width, int *height)
{
	double across = (double)shape->area_width / shape->width_px;
	double down = (double)shape->area_height / shape->height_px;
	double zoom = across < down ? across : down;

	*width = clamp(scaled(shape->width_px, zoom), 1, shape->area_width);
	*height = clamp(scaled(shape->height_px, zoom), 1, shape->area_height);
}

struct view_rect view_place(const struct view_shape *shape)
{
	struct view_rect rect = { 0, 0, 1, 1 };

	if (shape->area_width < 1 || shape->area_height < 1) {
		return rect;
	}
	if (shape->fit && !shape->keep_aspect) {
		rect.width = shape->area_width;
		rect.height = shape->area_height;
		return rect;
	}
	view_natural_size(shape, shape->zoom, &rect.width, &rect.height);
	if (shape->fit || rect.width > shape->area_width || rect.height > shape->area_height) {
		fit(shape, &rect.width, &rect.height);
	}
	rect.x = (shape->area_width - rect.width) / 2;
	rect.y = (shape->area_height - rect.height) / 2;
	return rect;
}

static bool to_pixel(double at, int start, int length, int length_px, int *pixel)
{
	/* What is seen there is what the middle of the device pixel shows. */
	double exact = floor((floor(at) + 0.5 - start) * length_px / length);

	*pixel = exact < 0 ? 0 : exact >= length_px ? length_px - 1 : (int)exact;
	return exact >= 0 && exact < length_px;
}

bool view_to_picture(const struct view_shape *shape, double x, double y, int *x_px, int *y_px)
{
	struct view_rect rect = view_place(shape);
	bool inside_x = to_pixel(x, rect.x, rect.width, shape->width_px, x_px);
	bool inside_y = to_pixel(y, rect.y, rect.height, shape->height_px, y_px);

	return inside_x && inside_y;
}

static void from_pixels(int from, int to, int start, int length, int length_px, int *at, int *size)
{
	/* A filter mixes a pixel with its neighbours. */
	int margin = length == length_px ? 0 : 1;
	int low = (int)floor((double)(from - margin) * length / length_px);
	int high = (int)ceil((double)(to + margin) * length / length_px);

	low = clamp(low, 0, length);
	high = clamp(high, 0, length);
	*at = start + low;
	*size = high - low;
}

struct view_rect view_from_picture(const struct view_shape *shape, int x1, int y1, int x2, int y2)
{
	struct view_rect rect = view_place(shape), part;

	from_pixels(x1, x2, rect.x, rect.width, shape->width_px, &part.x, &part.width);
	from_pixels(y1, y2, rect.y, rect.height, shape->height_px, &part.y, &part.height);
	return part;
}

void view_natural_size(const struct view_shape *shape, double zoom, int *width, int *height)
{
	*width = scaled(shape->width_px, zoom);
	*height = scaled(shape->height_px, zoom);
}

void view_wanted_size(const struct view_shape *shape, int *width_px, int *height_px)
{
	double zoom = shape->fit ? 1 : shape->zoom;

	*width_px = scaled(shape->area_width, 1 / zoom);
	*height_px = scaled(shape->area_height, 1 / zoom);
}

double view_zoom(const struct view_shape *shape)
{
	return (double)view_place(shape).width / shape->width_px;
}

double view_zoom_step(double zoom, int direction)
{
	/* What was made to fit has any zoom: the next step is the next whole one. */
	double steps = zoom / ZOOM_STEP, whole = direction > 0 ? floor(steps + 0.01) + 1 :
								 ceil(steps - 0.01) - 1;
	double next = whole * ZOOM_STEP;

	return next < ZOOM_MIN ? ZOOM_MIN : next > ZOOM_MAX ? ZOOM_MAX : next;
}

int view_hot_spot(int hot_px, double zoom)
{
	/* The middle of what the pixel is drawn to; no larger than its last one. */
	return (int)floor((hot_px + 0.5) * zoom);
}
