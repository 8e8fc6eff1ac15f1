// SPDX-License-Identifier: GPL-2.0-or-later
/* Planes of a graphics address space as buffers: the page table read, the pages put side by side. */
#include <string.h>

#include "hw/display/skl.h"
#include "util/error.h"
#include "util/trace.h"

/* Of the process, for all buffers together: a quarter of what it may have. More, and one is copied
 * at each look instead. */
#define MAPPINGS_MAX 16384u

static void buffer_free(struct skl_buffer *entry)
{
	fb_buffer_unref(entry->buffer);
	g_free(entry->gpas);
	*entry = (struct skl_buffer){ 0 };
}

void skl_buffers_clear(struct skl_display *skl)
{
	for (unsigned int i = 0; i < SKL_BUFFERS; i++) {
		buffer_free(&skl->buffers[i]);
	}
}

static bool page_missing(struct skl_display *skl, const struct gvt_plane *plane, uint64_t page,
			 GError **error)
{
	return error_set(error, "%s: the guest's picture at graphics address 0x%" G_GINT64_MODIFIER
			 "x leads to no memory at 0x%" G_GINT64_MODIFIER "x",
			 device_label(&skl->pd.dev), plane->offset_bytes,
			 gvt_skl_page(plane, page) * GVT_PAGE_SIZE);
}

/* The guest-physical addresses of the plane's pages. */
static uint64_t *read_pages(struct skl_display *skl, const struct gvt_plane *plane,
			    GError **error)
{
	uint64_t count = gvt_plane_pages(plane);
	g_autofree uint64_t *gpas = g_new(uint64_t, count);

	for (uint64_t i = 0; i < count; i++) {
		if (!skl_page_gpa(skl, gvt_skl_page(plane, i), &gpas[i])) {
			page_missing(skl, plane, i, error);
			return NULL;
		}
	}
	return g_steal_pointer(&gpas);
}

/* Moves entry @n to the front. */
static struct skl_buffer *first(struct skl_display *skl, unsigned int n)
{
	struct skl_buffer entry = skl->buffers[n];

	memmove(&skl->buffers[1], &skl->buffers[0], n * sizeof(entry));
	skl->buffers[0] = entry;
	return &skl->buffers[0];
}

static struct skl_buffer *find(struct skl_display *skl, const struct gvt_plane *plane,
			       const uint64_t *gpas)
{
	for (unsigned int i = 0; i < SKL_BUFFERS && skl->buffers[i].buffer; i++) {
		const struct skl_buffer *entry = &skl->buffers[i];

		if (gvt_plane_same_buffer(&entry->plane, plane) &&
		    !memcmp(entry->gpas, gpas, gvt_plane_pages(plane) * sizeof(*gpas))) {
			return first(skl, i);
		}
	}
	return NULL;
}

/* How many mappings a new buffer may take; the oldest ones make room until it may have @wanted. */
static unsigned int make_room(struct skl_display *skl, uint64_t wanted)
{
	unsigned int used = 0;

	buffer_free(&skl->buffers[SKL_BUFFERS - 1]);
	for (unsigned int i = 0; i < SKL_BUFFERS; i++) {
		used += skl->buffers[i].buffer ? skl->buffers[i].view->mappings : 0;
	}
	for (unsigned int i = SKL_BUFFERS; i-- > 0 && used && used + wanted > MAPPINGS_MAX;) {
		if (skl->buffers[i].buffer) {
			used -= skl->buffers[i].view->mappings;
			buffer_free(&skl->buffers[i]);
		}
	}
	return MAPPINGS_MAX - used;
}

static void release(void *opaque)
{
	guest_view_destroy(opaque);
}

static struct fb_buffer *wrap(const struct gvt_plane *plane, struct guest_view *view,
			      GError **error)
{
	struct fb_info info = {
		/* To the end of the picture, which may begin somewhere in the first tiles. */
		.width_px = plane->src_x_px + plane->width_px,
		.height_px = plane->src_y_px + plane->height_px,
		.fourcc = plane->drm_format,
		.modifier = plane->modifier,
		.rotation = plane->rotation,
		.planes = 1,
		.plane = { { .offset_bytes = (uint32_t)(plane->offset_bytes % GVT_PAGE_SIZE),
			     .stride_bytes = plane->stride_bytes } },
		.size_bytes = view->size_bytes,
	};

	return fb_buffer_create_cpu(&info, view->hva, release, view, error);
}

/* Takes @gpas. */
static struct skl_buffer *add(struct skl_display *skl, const struct gvt_plane *plane,
			      uint64_t *gpas, GError **error)
{
	struct addr_space *mem = skl->pd.dev.board->mem;
	uint64_t count = gvt_plane_pages(plane);
	struct skl_buffer entry = {
		.plane = *plane,
		.gpas = gpas,
		.view = guest_view_create(mem, gpas, count, make_room(skl, count)),
	};

	if (!entry.view) {
		uint64_t bad = 0;

		while (bad < count - 1 && addr_space_ram(mem, gpas[bad], GVT_PAGE_SIZE, false)) {
			bad++;
		}
		page_missing(skl, plane, bad, error);
		g_free(gpas);
		return NULL;
	}
	TRACE(gvt, buffer, "%s: 0x%" G_GINT64_MODIFIER "x, %" G_GUINT64_FORMAT " pages in %u%s",
	      device_label(&skl->pd.dev), plane->offset_bytes, count, entry.view->mappings,
	      entry.view->copied_from ? ", copied" : "");
	entry.buffer = wrap(plane, entry.view, error);
	if (!entry.buffer) {
		guest_view_destroy(entry.view);
		g_free(gpas);
		return NULL;
	}
	skl->buffers[SKL_BUFFERS - 1] = entry;
	return first(skl, SKL_BUFFERS - 1);
}

struct fb_buffer *skl_buffer_get(struct skl_display *skl, const struct gvt_plane *plane,
				 GError **error)
{
	g_autofree uint64_t *gpas = read_pages(skl, plane, error);
	struct skl_buffer *entry;

	if (!gpas) {
		return NULL;
	}
	entry = find(skl, plane, gpas);
	if (!entry) {
		entry = add(skl, plane, g_steal_pointer(&gpas), error);
	}
	if (!entry) {
		return NULL;
	}
	guest_view_refresh(entry->view);
	return fb_buffer_ref(entry->buffer);
}
