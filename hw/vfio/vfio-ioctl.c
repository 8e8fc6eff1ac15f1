// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/fd.h"

/* ioctl(2) with the tree's way of saying what went wrong. */
static int request(int fd, unsigned long number, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, number, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

static int request_value(int fd, unsigned long number, unsigned long value)
{
	return request(fd, number, (void *)value);
}

int vfio_ioctl_container_open(void)
{
	int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	if (request(fd, VFIO_GET_API_VERSION, NULL) != VFIO_API_VERSION ||
	    request_value(fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) <= 0) {
		close(fd);
		return -EPROTO;
	}
	return fd;
}

int vfio_ioctl_group_open(unsigned int group)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/vfio/%u", group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int vfio_ioctl_group_viable(int group_fd)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int ret = request(group_fd, VFIO_GROUP_GET_STATUS, &status);

	return ret < 0 ? ret : !!(status.flags & VFIO_GROUP_FLAGS_VIABLE);
}

int vfio_ioctl_group_attach(int group_fd, int container_fd)
{
	return request(group_fd, VFIO_GROUP_SET_CONTAINER, &container_fd);
}

int vfio_ioctl_group_detach(int group_fd, int container_fd)
{
	return request(group_fd, VFIO_GROUP_UNSET_CONTAINER, &container_fd);
}

int vfio_ioctl_set_iommu(int container_fd)
{
	return request_value(container_fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU);
}

int vfio_ioctl_dma_map(int container_fd, uint64_t iova, uint64_t size_bytes, const void *hva,
		       bool readonly)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | (readonly ? 0 : VFIO_DMA_MAP_FLAG_WRITE),
		.vaddr = (uintptr_t)hva,
		.iova = iova,
		.size = size_bytes,
	};

	return request(container_fd, VFIO_IOMMU_MAP_DMA, &map);
}

int vfio_ioctl_dma_unmap(int container_fd, uint64_t iova, uint64_t size_bytes)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size_bytes,
	};

	return request(container_fd, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

static int device_get_info(struct vfio_device *device, struct vfio_device_info *info)
{
	return request(device->fd, VFIO_DEVICE_GET_INFO, info);
}

static int device_get_region_info(struct vfio_device *device, struct vfio_region_info *info)
{
	return request(device->fd, VFIO_DEVICE_GET_REGION_INFO, info);
}

static int device_get_irq_info(struct vfio_device *device, struct vfio_irq_info *info)
{
	return request(device->fd, VFIO_DEVICE_GET_IRQ_INFO, info);
}

static int device_set_irqs(struct vfio_device *device, const struct vfio_irq_set *set)
{
	return request(device->fd, VFIO_DEVICE_SET_IRQS, (void *)set);
}

static int device_reset(struct vfio_device *device)
{
	return request(device->fd, VFIO_DEVICE_RESET, NULL);
}

static ssize_t device_read(struct vfio_device *device, void *data, size_t size, uint64_t offset)
{
	ssize_t ret;

	do {
		ret = pread(device->fd, data, size, (off_t)offset);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

static ssize_t device_write(struct vfio_device *device, const void *data, size_t size,
			    uint64_t offset)
{
	ssize_t ret;

	do {
		ret = pwrite(device->fd, data, size, (off_t)offset);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

static int device_map(struct vfio_device *device, uint64_t offset, uint64_t size, int prot,
		      void **hva)
{
	void *at = mmap(NULL, size, prot, MAP_SHARED, device->fd, (off_t)offset);

	if (at == MAP_FAILED) {
		return -errno;
	}
	*hva = at;
	return 0;
}

static int device_query_plane(struct vfio_device *device,
			      struct vfio_device_gfx_plane_info *info)
{
	return request(device->fd, VFIO_DEVICE_QUERY_GFX_PLANE, info);
}

static int device_get_dmabuf(struct vfio_device *device, uint32_t id)
{
	return request(device->fd, VFIO_DEVICE_GET_GFX_DMABUF, &id);
}

static void device_close(struct vfio_device *device)
{
	fd_close(&device->fd);
	g_free(device);
}

static const struct vfio_io_ops ioctl_ops = {
	.get_info = device_get_info,
	.get_region_info = device_get_region_info,
	.get_irq_info = device_get_irq_info,
	.set_irqs = device_set_irqs,
	.reset = device_reset,
	.read = device_read,
	.write = device_write,
	.map = device_map,
	.query_plane = device_query_plane,
	.get_dmabuf = device_get_dmabuf,
	.close = device_close,
};

struct vfio_device *vfio_ioctl_device_open(int group_fd, const char *sysfs_name, int *err)
{
	int fd = request(group_fd, VFIO_GROUP_GET_DEVICE_FD, (void *)sysfs_name);
	struct vfio_device *device;

	if (fd < 0) {
		*err = -fd;
		return NULL;
	}
	device = g_new0(struct vfio_device, 1);
	device->ops = &ioctl_ops;
	device->name = g_strdup_printf("vfio %s", sysfs_name);
	device->fd = fd;
	return device;
}
