// SPDX-License-Identifier: GPL-2.0-or-later
#include "vgpu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int sysfs_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0) {
		return -errno;
	}
	if (write(fd, text, strlen(text)) < 0) {
		err = -errno;
	}
	close(fd);
	return err;
}

char *sysfs_read(const char *path)
{
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	return g_strchomp(text);
}

unsigned int vgpu_available(const char *type)
{
	g_autofree char *path = g_strdup_printf(
		PARENT "/mdev_supported_types/oriel_gvt-%s/available_instances", type);
	g_autofree char *text = sysfs_read(path);

	return (unsigned int)g_ascii_strtoull(text, NULL, 10);
}

int vgpu_try_create(struct vgpu *v, const char *type)
{
	g_autofree char *uuid = g_uuid_string_random();
	g_autofree char *path =
		g_strdup_printf(PARENT "/mdev_supported_types/oriel_gvt-%s/create", type);
	g_autofree char *link = NULL, *group = NULL;
	int err;

	memset(v, 0, sizeof(*v));
	v->container = v->group = v->device = -1;
	g_strlcpy(v->uuid, uuid, sizeof(v->uuid));
	err = sysfs_write(path, uuid);
	if (err) {
		return err;
	}
	link = g_strdup_printf("/sys/bus/mdev/devices/%s/iommu_group", uuid);
	group = g_file_read_link(link, NULL);
	g_assert_nonnull(group);
	v->group_number = atoi(strrchr(group, '/') + 1);
	return 0;
}

void vgpu_create(struct vgpu *v, const char *type)
{
	g_assert_cmpint(vgpu_try_create(v, type), ==, 0);
}

void vgpu_open(struct vgpu *v)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	char path[32];

	v->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	g_assert_cmpint(v->container, >=, 0);
	g_snprintf(path, sizeof(path), "/dev/vfio/%d", v->group_number);
	v->group = open(path, O_RDWR | O_CLOEXEC);
	g_assert_cmpint(v->group, >=, 0);
	g_assert_cmpint(ioctl(v->group, VFIO_GROUP_GET_STATUS, &status), ==, 0);
	g_assert_true(status.flags & VFIO_GROUP_FLAGS_VIABLE);
	g_assert_cmpint(ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container), ==, 0);
	g_assert_cmpint(ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), ==, 0);
	v->device = ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, v->uuid);
	g_assert_cmpint(v->device, >=, 0);
}

static void close_one(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

void vgpu_close(struct vgpu *v)
{
	close_one(&v->device);
	close_one(&v->group);
	close_one(&v->container);
}

void vgpu_remove(struct vgpu *v)
{
	g_autofree char *path = g_strdup_printf("/sys/bus/mdev/devices/%s/remove", v->uuid);

	vgpu_close(v);
	g_assert_cmpint(sysfs_write(path, "1"), ==, 0);
}

bool vgpu_exists(const struct vgpu *v)
{
	g_autofree char *path = g_strdup_printf("/sys/bus/mdev/devices/%s", v->uuid);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void read_cap(const uint8_t *at, struct region *r)
{
	const struct vfio_info_cap_header *head = (const void *)at;

	if (head->id == VFIO_REGION_INFO_CAP_TYPE) {
		const struct vfio_region_info_cap_type *cap = (const void *)at;

		r->has_type = true;
		r->type = cap->type;
		r->subtype = cap->subtype;
	} else if (head->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP) {
		const struct vfio_region_info_cap_sparse_mmap *cap = (const void *)at;

		r->areas = cap->nr_areas;
		r->area_offset = cap->areas[0].offset;
		r->area_size = cap->areas[0].size;
	}
}

bool vgpu_region(const struct vgpu *v, unsigned int index, struct region *r)
{
	uint64_t room[64];
	struct vfio_region_info *info = (struct vfio_region_info *)room;
	uint32_t at;

	memset(r, 0, sizeof(*r));
	memset(room, 0, sizeof(room));
	info->argsz = sizeof(*info);
	info->index = index;
	if (ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, info) < 0) {
		g_assert_cmpint(errno, ==, EINVAL);
		return false;
	}
	if (info->argsz > sizeof(*info)) {
		g_assert_cmpuint(info->cap_offset, ==, 0);
		g_assert_cmpuint(info->argsz, <=, sizeof(room));
		g_assert_cmpint(ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, info), ==, 0);
	}
	r->flags = info->flags;
	r->size = info->size;
	r->offset = info->offset;
	for (at = info->cap_offset; at != 0;
	     at = ((struct vfio_info_cap_header *)((uint8_t *)room + at))->next) {
		read_cap((uint8_t *)room + at, r);
	}
	return r->size > 0;
}

int vgpu_find_region(const struct vgpu *v, uint32_t type, uint32_t subtype, struct region *r)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};

	g_assert_cmpint(ioctl(v->device, VFIO_DEVICE_GET_INFO, &info), ==, 0);
	for (unsigned int i = VFIO_PCI_NUM_REGIONS; i < info.num_regions; i++) {
		if (vgpu_region(v, i, r) && r->has_type && r->type == type &&
		    r->subtype == subtype) {
			return (int)i;
		}
	}
	return -1;
}

void *vgpu_map(const struct vgpu *v, const struct region *r, uint64_t size, int prot)
{
	void *at = mmap(NULL, size, prot, MAP_SHARED, v->device, (off_t)r->offset);

	g_assert_true(at != MAP_FAILED);
	return at;
}

uint32_t vgpu_read(const struct vgpu *v, unsigned int index, uint64_t at, unsigned int size)
{
	uint32_t value = 0;

	g_assert_cmpint(pread(v->device, &value, size, (off_t)((uint64_t)index << 40 | at)), ==,
			size);
	return value;
}

void vgpu_write(const struct vgpu *v, unsigned int index, uint64_t at, uint32_t value,
		unsigned int size)
{
	g_assert_cmpint(pwrite(v->device, &value, size, (off_t)((uint64_t)index << 40 | at)), ==,
			size);
}

static void dispi(const struct vgpu *v, unsigned int n, uint32_t value)
{
	vgpu_write(v, VFIO_PCI_BAR2_REGION_INDEX, 0x500 + 2 * n, value, 2);
}

void guest_blank(const struct vgpu *v, bool blank)
{
	vgpu_write(v, VFIO_PCI_BAR2_REGION_INDEX, 0x402, 1, 1);
	vgpu_read(v, VFIO_PCI_BAR2_REGION_INDEX, 0x41a, 1);
	vgpu_write(v, VFIO_PCI_BAR2_REGION_INDEX, 0x400, blank ? 0 : 0x20, 1);
}

void guest_mode(const struct vgpu *v, uint16_t width, uint16_t height)
{
	guest_blank(v, false);
	dispi(v, 4, 0);
	dispi(v, 3, 32);
	dispi(v, 1, width);
	dispi(v, 2, height);
	dispi(v, 5, 0);
	dispi(v, 6, width);
	dispi(v, 7, height);
	dispi(v, 8, 0);
	dispi(v, 9, 0);
	dispi(v, 4, 0x41);
}

void guest_flip(const struct vgpu *v, uint16_t width, uint64_t byte_offset)
{
	dispi(v, 6, width);
	dispi(v, 8, (uint32_t)(byte_offset % (width * 4u) / 4));
	dispi(v, 9, (uint32_t)(byte_offset / (width * 4u)));
}

struct vfio_device_gfx_plane_info vgpu_plane(const struct vgpu *v, uint32_t flags, uint32_t type)
{
	struct vfio_device_gfx_plane_info info = {
		.argsz = sizeof(info), .flags = flags, .drm_plane_type = type};

	g_assert_cmpint(ioctl(v->device, VFIO_DEVICE_QUERY_GFX_PLANE, &info), ==, 0);
	return info;
}

int vgpu_dmabuf(const struct vgpu *v, uint32_t id)
{
	int fd = ioctl(v->device, VFIO_DEVICE_GET_GFX_DMABUF, &id);

	return fd < 0 ? -errno : fd;
}

struct vfio_gfx_status vgpu_status(const struct vgpu *v)
{
	struct vfio_gfx_status status;
	struct region r;

	g_assert_cmpint(vgpu_find_region(v, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE, &r), >=,
			0);
	g_assert_cmpint(pread(v->device, &status, sizeof(status), (off_t)r.offset), ==,
			sizeof(status));
	g_assert_cmphex(status.magic, ==, VFIO_GFX_MAGIC);
	g_assert_cmpuint(status.version, ==, VFIO_GFX_VERSION);
	g_assert_cmpuint(status.size, >=, sizeof(status));
	return status;
}

static off_t snapshot_at(const struct vgpu *v)
{
	struct region r;

	g_assert_cmpint(vgpu_find_region(v, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE, &r), >=,
			0);
	return (off_t)(r.offset + vgpu_status(v).snapshot_offset);
}

struct vfio_gfx_snapshot vgpu_snapshot(const struct vgpu *v)
{
	struct vfio_gfx_snapshot told;

	g_assert_cmpint(pread(v->device, &told, sizeof(told), snapshot_at(v)), ==, sizeof(told));
	return told;
}

int vgpu_snapshot_request(const struct vgpu *v, uint32_t slot)
{
	uint32_t request[2] = {VFIO_GFX_SNAPSHOT_REQUEST, slot};
	off_t at = snapshot_at(v) + (off_t)offsetof(struct vfio_gfx_snapshot, state);

	return pwrite(v->device, request, sizeof(request), at) < 0 ? -errno : 0;
}

struct vfio_gfx_snapshot vgpu_snapshot_wait(const struct vgpu *v)
{
	struct vfio_gfx_snapshot told = vgpu_snapshot(v);

	for (int i = 0; told.state == VFIO_GFX_SNAPSHOT_REQUEST; i++) {
		g_assert_cmpint(i, <, 100000);
		g_usleep(100);
		told = vgpu_snapshot(v);
	}
	return told;
}

int vgpu_hold(const struct vgpu *v, uint64_t flips, uint32_t timeout_ms)
{
	struct vfio_gfx_hold hold = {.flip_count = flips, .timeout_ms = timeout_ms};
	struct region r;

	g_assert_cmpint(vgpu_find_region(v, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE, &r), >=,
			0);
	return pwrite(v->device, &hold, sizeof(hold),
		      (off_t)(r.offset + vgpu_status(v).hold_offset)) < 0 ? -errno : 0;
}

int vgpu_set_irq(const struct vgpu *v, unsigned int index, int eventfd)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} arg = {
		.set = {.argsz = sizeof(arg),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = index,
			.count = 1},
		.fd = eventfd,
	};

	return ioctl(v->device, VFIO_DEVICE_SET_IRQS, &arg) < 0 ? -errno : 0;
}

bool fired(int eventfd, int ms)
{
	struct pollfd p = {.fd = eventfd, .events = POLLIN};
	uint64_t count;

	if (poll(&p, 1, ms) != 1) {
		return false;
	}
	g_assert_cmpint(read(eventfd, &count, sizeof(count)), ==, sizeof(count));
	return true;
}

/* ---- a display with video memory ---- */

void rig_map(struct rig *r)
{
	int index = vgpu_find_region(&r->v, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE, &r->gfx);

	g_assert_cmpint(index, >=, 0);
	r->gfx_index = (unsigned int)index;
	g_assert_true(vgpu_region(&r->v, VFIO_PCI_BAR0_REGION_INDEX, &r->bar));
	r->vram = vgpu_map(&r->v, &r->bar, r->bar.size, PROT_READ | PROT_WRITE);
	r->page = vgpu_map(&r->v, &r->gfx, 4096, PROT_READ);
}

void rig_unmap(struct rig *r)
{
	munmap((void *)r->page, 4096);
	munmap((void *)r->vram, r->bar.size);
}

void rig_set_up(struct rig *r, const char *type)
{
	vgpu_create(&r->v, type);
	vgpu_open(&r->v);
	rig_map(r);
	r->irq = eventfd(0, EFD_CLOEXEC);
}

void rig_tear_down(struct rig *r)
{
	rig_unmap(r);
	close(r->irq);
	vgpu_remove(&r->v);
}

void rig_control(const struct rig *r, uint32_t bits)
{
	vgpu_write(&r->v, r->gfx_index, r->page->control_offset, bits, 4);
}
