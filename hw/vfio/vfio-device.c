// SPDX-License-Identifier: GPL-2.0-or-later
/* What is the same for every vfio device: its regions and interrupts, checked. */
#include "vfio-device.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/error.h"
#include "util/range.h"
#include "util/trace.h"

static uint64_t page_bytes(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The kernel gives back argsz when its answer didn't fit: ask again with that much room. */
static int region_info_fetch(struct vfio_device *device, uint32_t index,
			     struct vfio_region_info **out)
{
	uint32_t room = sizeof(struct vfio_region_info);

	for (unsigned int attempt = 0; attempt < 3; attempt++) {
		struct vfio_region_info *info = g_malloc0(room);
		int ret;

		info->argsz = room;
		info->index = index;
		ret = device->ops->get_region_info(device, info);
		if (ret < 0) {
			g_free(info);
			return ret;
		}
		if (info->argsz <= room) {
			info->argsz = room;
			*out = info;
			return 0;
		}
		room = info->argsz;
		g_free(info);
		if (room > VFIO_MAX_INFO_BYTES) {
			return -E2BIG;
		}
	}
	return -EAGAIN;
}

static void parse_sparse(struct vfio_region *region,
			 const struct vfio_region_info_cap_sparse_mmap *sparse, uint64_t room)
{
	uint64_t page = page_bytes();
	unsigned int count = 0;

	if (room < sizeof(*sparse) ||
	    sparse->nr_areas > (room - sizeof(*sparse)) / sizeof(sparse->areas[0])) {
		TRACE(vfio, bad_region, "region %u: sparse areas beyond the answer", region->index);
		region->area_count = 0;
		return;
	}
	g_free(region->areas);
	region->areas = g_new0(struct vfio_area, MAX(sparse->nr_areas, 1));
	for (uint32_t i = 0; i < sparse->nr_areas; i++) {
		struct vfio_area area = { sparse->areas[i].offset, sparse->areas[i].size };

		/* An empty area is how drivers say that nothing may be mapped. */
		if (!area.size_bytes) {
			continue;
		}
		if ((area.offset | area.size_bytes) % page ||
		    !range_fits(area.offset, area.size_bytes,
				round_up(region->size_bytes, page))) {
			TRACE(vfio, bad_region, "region %u: sparse area %u is outside of it",
			      region->index, i);
			continue;
		}
		region->areas[count++] = area;
	}
	region->area_count = count;
}

/* Walks the capability chain; offsets come from the driver and may point anywhere. */
static void parse_caps(struct vfio_region *region, const struct vfio_region_info *info)
{
	uint32_t offset = info->cap_offset;

	for (unsigned int n = 0; offset && n < 16; n++) {
		const struct vfio_info_cap_header *header;
		const uint8_t *at = (const uint8_t *)info + offset;
		uint64_t room;

		if (offset < sizeof(*info) || offset % 4 ||
		    !range_fits(offset, sizeof(*header), info->argsz)) {
			return;
		}
		header = (const void *)at;
		room = info->argsz - offset;
		if (header->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP) {
			parse_sparse(region, (const void *)at, room);
		} else if (header->id == VFIO_REGION_INFO_CAP_TYPE &&
			   room >= sizeof(struct vfio_region_info_cap_type)) {
			const struct vfio_region_info_cap_type *type = (const void *)at;

			region->type = type->type;
			region->subtype = type->subtype;
		}
		offset = header->next;
	}
}

int vfio_region_query(struct vfio_device *device, uint32_t index, struct vfio_region *region)
{
	struct vfio_region_info *info = NULL;
	int ret = region_info_fetch(device, index, &info);

	*region = (struct vfio_region){ .index = index };
	if (ret < 0) {
		return ret;
	}
	if (info->size > INT64_MAX || info->offset > INT64_MAX - info->size) {
		g_free(info);
		return -ERANGE; /* no file offset reaches its end */
	}
	region->flags = info->flags;
	region->size_bytes = info->size;
	region->fd_offset = info->offset;
	if (info->size && (info->flags & VFIO_REGION_INFO_FLAG_MMAP) &&
	    info->size >= page_bytes()) {
		region->areas = g_new0(struct vfio_area, 1);
		region->areas[0].size_bytes = info->size & ~(page_bytes() - 1);
		region->area_count = 1;
	}
	if ((info->flags & VFIO_REGION_INFO_FLAG_CAPS) && info->size) {
		parse_caps(region, info);
	}
	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP)) {
		region->area_count = 0;
	}
	g_free(info);
	return 0;
}

void vfio_region_clear(struct vfio_region *region)
{
	g_free(region->areas);
	*region = (struct vfio_region){ 0 };
}

bool vfio_device_init(struct vfio_device *device, GError **error)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int ret = device->ops->get_info(device, &info);

	if (ret < 0) {
		return error_set_errno(error, -ret, "%s: VFIO_DEVICE_GET_INFO", device->name);
	}
	if (info.num_regions > VFIO_MAX_REGIONS || info.num_irqs > VFIO_MAX_IRQS) {
		return error_set(error, "%s: VFIO_DEVICE_GET_INFO: %u regions and %u interrupts "
				 "are more than a device can have",
				 device->name, info.num_regions, info.num_irqs);
	}
	device->flags = info.flags;
	device->irq_count = info.num_irqs;
	device->region_count = info.num_regions;
	device->regions = g_new0(struct vfio_region, MAX(info.num_regions, 1));
	for (uint32_t i = 0; i < info.num_regions; i++) {
		ret = vfio_region_query(device, i, &device->regions[i]);
		/* Absent regions are told by size 0 or by an error, as the driver likes. */
		TRACE(vfio, region, "%s: region %u: ret %d flags 0x%x size 0x%" G_GINT64_MODIFIER
		      "x type 0x%x/0x%x, %u areas", device->name, i, ret,
		      device->regions[i].flags, device->regions[i].size_bytes,
		      device->regions[i].type, device->regions[i].subtype,
		      device->regions[i].area_count);
	}
	return true;
}

void vfio_device_finish(struct vfio_device *device)
{
	for (uint32_t i = 0; device->regions && i < device->region_count; i++) {
		vfio_region_clear(&device->regions[i]);
	}
	g_clear_pointer(&device->regions, g_free);
	device->region_count = 0;
	g_clear_pointer(&device->name, g_free);
}

void vfio_device_close(struct vfio_device *device)
{
	if (device) {
		vfio_device_finish(device);
		device->ops->close(device);
	}
}

const struct vfio_region *vfio_region_find(const struct vfio_device *device, uint32_t type,
					   uint32_t subtype)
{
	for (uint32_t i = 0; i < device->region_count; i++) {
		const struct vfio_region *region = &device->regions[i];

		if (region->size_bytes && region->type == type && region->subtype == subtype) {
			return region;
		}
	}
	return NULL;
}

int vfio_region_read(struct vfio_device *device, const struct vfio_region *region, uint64_t offset,
		     void *data, size_t size_bytes)
{
	ssize_t got;

	if (!range_fits(offset, size_bytes, region->size_bytes)) {
		return -ERANGE;
	}
	got = device->ops->read(device, data, size_bytes, region->fd_offset + offset);
	return got < 0 ? (int)got : (size_t)got == size_bytes ? 0 : -EIO;
}

int vfio_region_write(struct vfio_device *device, const struct vfio_region *region,
		      uint64_t offset, const void *data, size_t size_bytes)
{
	ssize_t put;

	if (!range_fits(offset, size_bytes, region->size_bytes)) {
		return -ERANGE;
	}
	put = device->ops->write(device, data, size_bytes, region->fd_offset + offset);
	return put < 0 ? (int)put : (size_t)put == size_bytes ? 0 : -EIO;
}

int vfio_region_read_u32(struct vfio_device *device, const struct vfio_region *region,
			 uint64_t offset, uint32_t *value)
{
	return vfio_region_read(device, region, offset, value, sizeof(*value));
}

int vfio_region_write_u32(struct vfio_device *device, const struct vfio_region *region,
			  uint64_t offset, uint32_t value)
{
	return vfio_region_write(device, region, offset, &value, sizeof(value));
}

bool vfio_region_can_map(const struct vfio_region *region, uint64_t offset, uint64_t size_bytes)
{
	for (unsigned int i = 0; i < region->area_count; i++) {
		const struct vfio_area *area = &region->areas[i];

		if (offset >= area->offset &&
		    range_fits(offset - area->offset, size_bytes, area->size_bytes)) {
			return true;
		}
	}
	return false;
}

int vfio_region_map(struct vfio_device *device, const struct vfio_region *region, uint64_t offset,
		    uint64_t size_bytes, int prot, void **hva)
{
	if (!vfio_region_can_map(region, offset, size_bytes)) {
		return -ENODEV;
	}
	return device->ops->map(device, region->fd_offset + offset, size_bytes, prot, hva);
}

unsigned int vfio_irq_count(struct vfio_device *device, uint32_t index, uint32_t *flags)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };

	if (index >= device->irq_count || device->ops->get_irq_info(device, &info) < 0) {
		return 0;
	}
	if (flags) {
		*flags = info.flags;
	}
	return info.count;
}

static int set_irqs(struct vfio_device *device, uint32_t flags, uint32_t index, uint32_t start,
		    uint32_t count, const int32_t *fds)
{
	size_t data = fds ? count * sizeof(*fds) : 0;
	g_autofree struct vfio_irq_set *set = g_malloc0(sizeof(*set) + data);

	set->argsz = (uint32_t)(sizeof(*set) + data);
	set->flags = flags | (fds ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE);
	set->index = index;
	set->start = start;
	set->count = count;
	if (fds) {
		memcpy(set->data, fds, data);
	}
	return device->ops->set_irqs(device, set);
}

int vfio_irq_set_fds(struct vfio_device *device, uint32_t index, unsigned int start,
		     const int32_t *fds, unsigned int count)
{
	return set_irqs(device, VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count, fds);
}

int vfio_irq_set_action_fd(struct vfio_device *device, uint32_t index, uint32_t action, int fd)
{
	int32_t fds[1] = { fd };

	return set_irqs(device, action, index, 0, 1, fds);
}

int vfio_irq_action(struct vfio_device *device, uint32_t index, uint32_t action)
{
	return set_irqs(device, action, index, 0, 1, NULL);
}

int vfio_irq_disable(struct vfio_device *device, uint32_t index)
{
	return set_irqs(device, VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 0, NULL);
}
