// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-cursor.h"

#include <string.h>
#include <drm_fourcc.h>

#include "util/trace.h"
#include "vfio-plane.h"

/* Errors in a row after which a driver counts as one without a cursor plane. */
#define FAILURES_MAX 3
#define HOT_UNKNOWN 0xffffffffu

void vfio_cursor_init(struct vfio_cursor *cursor, struct vfio_device *device,
		      struct console *console)
{
	*cursor = (struct vfio_cursor){ .device = device, .console = console };
	vfio_dmabuf_cache_init(&cursor->dmabufs, device);
	vfio_region_plane_init(&cursor->region, device);
}

void vfio_cursor_forget(struct vfio_cursor *cursor)
{
	vfio_dmabuf_cache_clear(&cursor->dmabufs);
	vfio_region_plane_clear(&cursor->region);
	g_clear_pointer(&cursor->image, fb_buffer_unref);
	cursor->known = false;
	cursor->seen = false;
	cursor->failures = 0;
}

/* As FNV-1a, but eight bytes at a time: this runs at each move of the cursor. */
static uint64_t hash_bytes(uint64_t hash, const uint8_t *at, size_t bytes)
{
	uint64_t word;

	for (; bytes >= sizeof(word); at += sizeof(word), bytes -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * 1099511628211u;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, at, bytes);
	return (hash ^ word) * 1099511628211u;
}

/* Over the visible pixels. */
static uint64_t hash_pixels(struct fb_buffer *buffer, const uint8_t *pixels)
{
	size_t row = buffer->info.width_px * fb_format_cpp(buffer->info.fourcc);
	uint64_t hash = 14695981039346656037u;

	fb_buffer_cpu_begin(buffer);
	for (uint32_t y = 0; y < buffer->info.height_px; y++) {
		hash = hash_bytes(hash, pixels + (size_t)y * buffer->info.plane[0].stride_bytes,
				  row);
	}
	fb_buffer_cpu_end(buffer);
	return hash;
}

/* A new reference, or NULL for a plane that is no cursor we can show. */
static struct fb_buffer *get_image(struct vfio_cursor *cursor, uint32_t kind,
				   const struct vfio_device_gfx_plane_info *info)
{
	struct fb_info fb;
	int err = 0;

	/* A tiled cursor is more than any hardware has. */
	if (info->width > CURSOR_MAX_PX || info->height > CURSOR_MAX_PX ||
	    info->drm_format_mod != DRM_FORMAT_MOD_LINEAR ||
	    vfio_plane_check(cursor->device, info, NULL, &fb, NULL) != BLANK_NONE) {
		TRACE(vfio, bad_cursor, "%s: %ux%u format 0x%08x layout 0x%" G_GINT64_MODIFIER "x",
		      cursor->device->name, info->width, info->height, info->drm_format,
		      (uint64_t)info->drm_format_mod);
		return NULL;
	}
	return kind == VFIO_GFX_PLANE_TYPE_DMABUF ?
		vfio_dmabuf_get(&cursor->dmabufs, info->dmabuf_id, &fb, &err) :
		vfio_region_plane_get(&cursor->region, info->region_index, &fb, NULL);
}

static void show(struct vfio_cursor *cursor, struct fb_buffer *image, int32_t hot_x,
		 int32_t hot_y)
{
	const void *pixels = image ? fb_buffer_map(image, NULL) : NULL;
	uint64_t hash = pixels ? hash_pixels(image, pixels) : 0;
	struct cursor shown = { pixels ? image : NULL, hot_x, hot_y };

	if (cursor->known && cursor->image == shown.image && cursor->pixels_hash == hash &&
	    cursor->hot_x_px == hot_x && cursor->hot_y_px == hot_y) {
		fb_buffer_unref(image);
		return;
	}
	fb_buffer_unref(cursor->image);
	cursor->image = shown.image ? fb_buffer_ref(shown.image) : NULL;
	cursor->pixels_hash = hash;
	cursor->hot_x_px = hot_x;
	cursor->hot_y_px = hot_y;
	console_cursor_set(cursor->console, &shown);
	fb_buffer_unref(image);
}

static void move(struct vfio_cursor *cursor, int32_t x, int32_t y)
{
	bool visible = cursor->image != NULL;

	if (cursor->known && cursor->x_px == x && cursor->y_px == y &&
	    cursor->visible == visible) {
		return;
	}
	cursor->x_px = x;
	cursor->y_px = y;
	cursor->visible = visible;
	console_cursor_move(cursor->console, x, y, visible);
}

bool vfio_cursor_look(struct vfio_cursor *cursor, uint32_t kind)
{
	struct vfio_device_gfx_plane_info info;

	if (!cursor->seen && cursor->failures >= FAILURES_MAX) {
		return true;
	}
	if (vfio_plane_query(cursor->device, kind, VFIO_PLANE_CURSOR, &info) < 0) {
		cursor->failures++;
		return false; /* "no news", as for the primary plane */
	}
	if (vfio_plane_is_off(&info)) {
		/* Nothing to say about a cursor that never was. */
		if (cursor->seen) {
			show(cursor, NULL, -1, -1);
			move(cursor, cursor->x_px, cursor->y_px);
			cursor->known = true;
		}
		return true;
	}
	cursor->seen = true;
	/* Signed numbers in unsigned fields; all ones: unknown, which is -1 for the console too. */
	show(cursor, get_image(cursor, kind, &info),
	     info.x_hot == HOT_UNKNOWN ? -1 : (int32_t)info.x_hot,
	     info.y_hot == HOT_UNKNOWN ? -1 : (int32_t)info.y_hot);
	move(cursor, (int32_t)info.x_pos, (int32_t)info.y_pos);
	cursor->known = true;
	return true;
}
