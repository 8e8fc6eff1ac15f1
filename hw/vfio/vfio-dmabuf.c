// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-dmabuf.h"

#include <errno.h>

#include "util/trace.h"
#include "vfio-plane.h"

struct vfio_dmabuf {
	uint32_t id;
	struct fb_info reported; /* by the driver, before the buffer learned its true size */
	struct fb_buffer *buffer;
};

void vfio_dmabuf_cache_init(struct vfio_dmabuf_cache *cache, struct vfio_device *device)
{
	*cache = (struct vfio_dmabuf_cache){ .device = device };
	g_queue_init(&cache->entries);
}

static void entry_free(struct vfio_dmabuf *entry)
{
	fb_buffer_unref(entry->buffer);
	g_free(entry);
}

void vfio_dmabuf_cache_clear(struct vfio_dmabuf_cache *cache)
{
	struct vfio_dmabuf *entry;

	while ((entry = g_queue_pop_head(&cache->entries))) {
		entry_free(entry);
	}
}

static GList *find(struct vfio_dmabuf_cache *cache, uint32_t id)
{
	for (GList *l = cache->entries.head; l; l = l->next) {
		if (((struct vfio_dmabuf *)l->data)->id == id) {
			return l;
		}
	}
	return NULL;
}

void vfio_dmabuf_drop(struct vfio_dmabuf_cache *cache, uint32_t id)
{
	GList *link = find(cache, id);

	if (link) {
		entry_free(link->data);
		g_queue_delete_link(&cache->entries, link);
	}
}

struct fb_buffer *vfio_dmabuf_get(struct vfio_dmabuf_cache *cache, uint32_t id,
				  const struct fb_info *fb, int *err)
{
	struct vfio_device *device = cache->device;
	GList *link = find(cache, id);
	struct vfio_dmabuf *entry;
	struct fb_buffer *buffer;
	int fd;

	if (link) {
		entry = link->data;
		if (vfio_plane_same_layout(&entry->reported, fb) &&
		    entry->reported.size_bytes == fb->size_bytes) {
			g_queue_unlink(&cache->entries, link);
			g_queue_push_head_link(&cache->entries, link);
			return fb_buffer_ref(entry->buffer);
		}
		vfio_dmabuf_drop(cache, id);
	}
	fd = device->ops->get_dmabuf(device, id);
	TRACE(vfio, get_dmabuf, "%s: id %u: %d", device->name, id, fd);
	if (fd < 0) {
		*err = fd;
		return NULL;
	}
	cache->fetches++;
	buffer = fb_buffer_create_dmabuf(fb, fd, NULL);
	if (!buffer) {
		*err = -EINVAL;
		return NULL;
	}
	entry = g_new(struct vfio_dmabuf, 1);
	*entry = (struct vfio_dmabuf){ .id = id, .reported = *fb, .buffer = buffer };
	g_queue_push_head(&cache->entries, entry);
	while (cache->entries.length > VFIO_DMABUF_CACHE_MAX) {
		entry_free(g_queue_pop_tail(&cache->entries));
	}
	return fb_buffer_ref(buffer);
}
