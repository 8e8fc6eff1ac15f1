// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The picture of an emulated Gen9 display; scanout.h says when it is looked at.
 *
 * The pixels are anywhere in guest RAM, and a log of all that is written there would cost more than
 * it tells: what changed in a buffer is unknown, and the reader compares.
 */
#include <drm_fourcc.h>
#include <string.h>

#include "hw/core/machine-lock.h"
#include "hw/display/skl.h"
#include "util/fd.h"

#define CURSOR_MAX_BYTES (256u * 256u * 4u)

struct sight {
	struct gvt_plane primary, cursor;
};

/* Everything that needs the lock. */
static void see(struct skl_display *skl, struct sight *sight)
{
	machine_lock();
	skl_take_events(skl, gvt_skl_advance(&skl->model, (uint64_t)clock_ns()));
	gvt_skl_primary(&skl->model, &sight->primary);
	gvt_skl_cursor(&skl->model, &sight->cursor);
	machine_unlock();
}

/* ---- cursor ---- */

/* The pixels in the order in which they are shown; false: they are nowhere. */
static bool copy_cursor(struct skl_display *skl, const struct gvt_plane *plane, uint32_t *pixels)
{
	size_t bytes = (size_t)plane->stride_bytes * plane->height_px, count = bytes / 4;

	for (size_t done = 0; done < bytes; done += GVT_PAGE_SIZE) {
		const void *page = skl_page(skl, gvt_skl_page(plane, done / GVT_PAGE_SIZE), false);

		if (!page) {
			return false;
		}
		memcpy((uint8_t *)pixels + done, page, MIN(GVT_PAGE_SIZE, bytes - done));
	}
	for (size_t i = 0; plane->rotation == 180 && i < count / 2; i++) {
		uint32_t pixel = pixels[i];

		pixels[i] = pixels[count - 1 - i];
		pixels[count - 1 - i] = pixel;
	}
	return true;
}

/* The image that is to be shown, a new reference: the present one if it is the same. */
static struct fb_buffer *cursor_image(struct skl_display *skl, const struct gvt_plane *plane)
{
	struct skl_cursor *cursor = &skl->cursor;
	size_t bytes = (size_t)plane->stride_bytes * plane->height_px;
	struct fb_buffer *image = cursor->image;

	if (!plane->drm_format || !copy_cursor(skl, plane, (uint32_t *)cursor->pixels)) {
		return NULL;
	}
	if (image && image->info.width_px == plane->width_px &&
	    image->info.height_px == plane->height_px &&
	    !memcmp(image->hva, cursor->pixels, bytes)) {
		return fb_buffer_ref(image);
	}
	/* Widths are multiples of 64, so the lines lie as close here as there. */
	image = fb_buffer_create_alloc(DRM_FORMAT_ARGB8888, plane->width_px, plane->height_px,
				       NULL);
	if (image) {
		memcpy(image->hva, cursor->pixels, bytes);
	}
	return image;
}

static int32_t hot(uint32_t value)
{
	return value == GVT_HOT_UNKNOWN ? -1 : (int32_t)value;
}

static void show_cursor(struct skl_display *skl, const struct gvt_plane *plane)
{
	struct skl_cursor *cursor = &skl->cursor;
	struct fb_buffer *image = cursor_image(skl, plane);
	struct cursor told = { image, hot(plane->hot_x_px), hot(plane->hot_y_px) };
	bool changed = image != cursor->image ||
		       (image && (told.hot_x_px != cursor->hot_x_px ||
				  told.hot_y_px != cursor->hot_y_px));
	bool moved = image && (!cursor->image || plane->x_px != cursor->x_px ||
			       plane->y_px != cursor->y_px);
	bool hidden = !image && cursor->image;

	fb_buffer_unref(cursor->image);
	cursor->image = image;
	if (image) {
		cursor->hot_x_px = told.hot_x_px;
		cursor->hot_y_px = told.hot_y_px;
		cursor->x_px = plane->x_px;
		cursor->y_px = plane->y_px;
	}
	if (changed) {
		console_cursor_set(skl->scanout.console, &told);
	}
	if (moved || hidden) {
		console_cursor_move(skl->scanout.console, cursor->x_px, cursor->y_px, !hidden);
	}
}

/* ---- picture ---- */

static void look(void *opaque, bool whole)
{
	struct skl_display *skl = opaque;
	struct fb_buffer *buffer;
	pixman_box32_t source;
	struct sight sight;
	GError *error = NULL;

	see(skl, &sight);
	show_cursor(skl, &sight.cursor);
	if (!sight.primary.drm_format) {
		scanout_off(&skl->scanout, &sight.primary);
		return;
	}
	buffer = skl_buffer_get(skl, &sight.primary, &error);
	if (!buffer) {
		scanout_blank(&skl->scanout, BLANK_BAD_PLANE, error->message);
		g_error_free(error);
		return;
	}
	source = (pixman_box32_t){ (int32_t)sight.primary.src_x_px, (int32_t)sight.primary.src_y_px,
				   (int32_t)buffer->info.width_px, (int32_t)buffer->info.height_px };
	scanout_submit(&skl->scanout, frame_create(buffer, &source, NULL, skl->scanout.looked_ns));
}

static bool pages(void *opaque, struct write_watch *watch, GArray *hvas)
{
	struct skl_display *skl = opaque;
	const struct skl_buffer *shown = &skl->buffers[0];

	if (!shown->buffer) {
		return false;
	}
	for (uint64_t i = 0; i < gvt_plane_pages(&shown->plane); i++) {
		uintptr_t hva = addr_space_watchable(skl->pd.dev.board->mem, watch, shown->gpas[i]);

		if (!hva) {
			return false;
		}
		g_array_append_val(hvas, hva);
	}
	return true;
}

/* Flips are told in time only while somebody wants to know. */
static void watch(void *opaque, bool watched)
{
	skl_take_events(opaque, 0);
}

/* ---- monitor ---- */

static bool set_mode(void *opaque, const struct display_mode *mode)
{
	struct skl_display *skl = opaque;
	struct display_mode wish = *mode;
	uint32_t max_width, max_height;

	gvt_skl_max_mode(&skl->model.config, &max_width, &max_height);
	wish.width_px = MIN(wish.width_px, max_width);
	wish.height_px = MIN(wish.height_px, max_height);
	mode_wish_set(&skl->mode_wish, &wish);
	return true;
}

static void set_monitor(struct skl_display *skl, const struct display_mode *mode)
{
	machine_lock();
	skl_set_monitor(skl, mode);
	machine_unlock();
}

static bool unplug(void *opaque, const struct display_mode *mode)
{
	struct skl_display *skl = opaque;

	if (!mode_wish_unplugged(&skl->mode_wish)) {
		set_monitor(skl, NULL);
	}
	return true;
}

static void replug(void *opaque, const struct display_mode *mode)
{
	set_monitor(opaque, mode);
}

static const struct mode_wish_ops mode_wish_ops = { unplug, replug };

static const struct scanout_ops scanout_ops = {
	.look = look,
	.watch = watch,
	.pages = pages,
	.set_mode = set_mode,
};

bool skl_scanout_init(struct skl_display *skl, GError **error)
{
	struct display_mode mode = { .width_px = skl->xres_px, .height_px = skl->yres_px };

	skl->cursor.pixels = g_malloc(CURSOR_MAX_BYTES);
	mode_wish_init(&skl->mode_wish, &mode_wish_ops, skl);
	mode_wish_is_now(&skl->mode_wish, &mode);
	return scanout_init(&skl->scanout, &skl->pd.dev, &scanout_ops, skl, error);
}

void skl_scanout_finish(struct skl_display *skl)
{
	scanout_finish(&skl->scanout);
	mode_wish_finish(&skl->mode_wish);
	skl_buffers_clear(skl);
	fb_buffer_unref(skl->cursor.image);
	skl->cursor.image = NULL;
	g_clear_pointer(&skl->cursor.pixels, g_free);
}
