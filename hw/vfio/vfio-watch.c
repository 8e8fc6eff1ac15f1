// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-watch.h"

#include "util/trace.h"
#include "util/write-watch.h"

struct vfio_watch {
	struct vfio_device *device;
	struct vfio_gfx *gfx;
	struct addr_space *mem;
	struct write_watch *writes;
	bool broken;
};

struct vfio_watch *vfio_watch_create(struct vfio_device *device, struct vfio_gfx *gfx,
				     struct addr_space *mem, void (*written)(void *opaque),
				     void *opaque)
{
	g_autoptr(GError) error = NULL;
	struct vfio_watch *watch;
	struct write_watch *writes;

	if (!mem || !gfx || !(vfio_gfx_caps(gfx) & VFIO_GFX_CAP_PAGES)) {
		return NULL;
	}
	writes = write_watch_create(written, opaque, &error);
	if (!writes) {
		TRACE(vfio, watch, "%s: %s; polling what is drawn in place", device->name,
		      error->message);
		return NULL;
	}
	watch = g_new0(struct vfio_watch, 1);
	watch->device = device;
	watch->gfx = gfx;
	watch->mem = mem;
	watch->writes = writes;
	return watch;
}

void vfio_watch_destroy(struct vfio_watch *watch)
{
	if (watch) {
		write_watch_destroy(watch->writes);
		g_free(watch);
	}
}

/* Turns guest addresses into host addresses. */
static bool translate(struct vfio_watch *watch, uint64_t *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		addresses[i] = addr_space_watchable(watch->mem, watch->writes, addresses[i]);
		if (!addresses[i]) {
			return false;
		}
	}
	return true;
}

bool vfio_watch_arm(struct vfio_watch *watch, uint32_t id)
{
	g_autofree uint64_t *addresses = NULL;
	size_t count;
	int ret;

	if (!watch || watch->broken) {
		return false;
	}
	if (vfio_gfx_read_pages(watch->gfx, id, &addresses, &count) < 0) {
		return false; /* another plane meanwhile: its event is on the way */
	}
	_Static_assert(sizeof(uintptr_t) == sizeof(uint64_t), "addresses are turned in place");
	if (!translate(watch, addresses, count)) {
		watch->broken = true;
		return false;
	}
	ret = write_watch_arm(watch->writes, (uintptr_t *)addresses, count);
	watch->broken = ret < 0;
	TRACE(vfio, watch, "%s: id %u, %zu pages: %d", watch->device->name, id, count, ret);
	return ret == 0;
}

void vfio_watch_disarm(struct vfio_watch *watch)
{
	if (watch) {
		write_watch_disarm(watch->writes);
	}
}
