// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-region-plane.h"

#include <sys/mman.h>
#include <unistd.h>

#include "util/error.h"
#include "util/range.h"
#include "util/trace.h"
#include "vfio-plane.h"

struct mapping {
	void *hva;
	size_t size_bytes;
};

static void unmap(void *opaque)
{
	struct mapping *mapping = opaque;

	munmap(mapping->hva, mapping->size_bytes);
	g_free(mapping);
}

void vfio_region_plane_init(struct vfio_region_plane *plane, struct vfio_device *device)
{
	*plane = (struct vfio_region_plane){ .device = device };
}

void vfio_region_plane_clear(struct vfio_region_plane *plane)
{
	g_clear_pointer(&plane->buffer, fb_buffer_unref);
	vfio_region_clear(&plane->region);
}

/* Bytes from the region's start to the end of the last pixel. */
static uint64_t bytes_needed(const struct fb_info *fb)
{
	return fb->plane[0].offset_bytes +
	       (uint64_t)fb->plane[0].stride_bytes * (fb->height_px - 1) +
	       (uint64_t)fb->width_px * fb_format_cpp(fb->fourcc);
}

static struct fb_buffer *map_buffer(struct vfio_region_plane *plane, struct fb_info *fb)
{
	struct mapping *mapping;
	struct fb_buffer *buffer;
	void *hva;
	int ret;

	fb->size_bytes = round_up(fb->size_bytes, (uint64_t)sysconf(_SC_PAGESIZE));
	ret = vfio_region_map(plane->device, &plane->region, 0, fb->size_bytes, PROT_READ, &hva);
	TRACE(vfio, region_map, "%s: region %u, %" G_GUINT64_FORMAT " bytes: %d",
	      plane->device->name, plane->index, fb->size_bytes, ret);
	if (ret < 0) {
		return NULL;
	}
	mapping = g_new(struct mapping, 1);
	*mapping = (struct mapping){ hva, fb->size_bytes };
	buffer = fb_buffer_create_cpu(fb, hva, unmap, mapping, NULL);
	if (!buffer) {
		unmap(mapping);
	}
	return buffer;
}

static bool attach(struct vfio_region_plane *plane, const struct fb_info *reported,
		   GError **error)
{
	struct fb_info fb = *reported;
	int ret = vfio_region_query(plane->device, plane->index, &plane->region);

	if (ret < 0 || !plane->region.size_bytes) {
		return error_set(error, "%s: the plane's region %u does not exist",
				 plane->device->name, plane->index);
	}
	fb.size_bytes = bytes_needed(reported);
	if (fb.size_bytes > plane->region.size_bytes) {
		return error_set(error, "%s: impossible plane: %" G_GUINT64_FORMAT " bytes in "
				 "region %u of %" G_GUINT64_FORMAT, plane->device->name,
				 fb.size_bytes, plane->index, plane->region.size_bytes);
	}
	plane->reported = *reported;
	plane->copied = false;
	plane->buffer = map_buffer(plane, &fb);
	if (!plane->buffer) {
		void *copy = g_try_malloc0(bytes_needed(reported));

		if (!copy) {
			return error_set(error, "%s: no memory for a picture of %ux%u",
					 plane->device->name, fb.width_px, fb.height_px);
		}
		fb.size_bytes = bytes_needed(reported);
		plane->copied = true;
		plane->buffer = fb_buffer_create_cpu(&fb, copy, g_free, copy, error);
		if (!plane->buffer) {
			g_free(copy);
		}
	}
	return plane->buffer != NULL;
}

struct fb_buffer *vfio_region_plane_get(struct vfio_region_plane *plane, uint32_t index,
					const struct fb_info *fb, GError **error)
{
	int ret;

	if (!plane->buffer || plane->index != index ||
	    !vfio_plane_same_layout(&plane->reported, fb)) {
		vfio_region_plane_clear(plane);
		plane->index = index;
		if (!attach(plane, fb, error)) {
			vfio_region_plane_clear(plane);
			return NULL;
		}
	}
	if (plane->copied) {
		ret = vfio_region_read(plane->device, &plane->region, 0, plane->buffer->hva,
				       plane->buffer->info.size_bytes);
		if (ret < 0) {
			error_set_errno(error, -ret, "%s: region %u: read", plane->device->name,
					index);
			return NULL;
		}
	}
	return fb_buffer_ref(plane->buffer);
}
