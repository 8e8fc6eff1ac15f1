/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's side of vfio: the only place with vfio ioctls. Every call gives 0, an fd, or
 * -errno, and says nothing. Context: any. */
#ifndef HW_VFIO_VFIO_IOCTL_H
#define HW_VFIO_VFIO_IOCTL_H

#include "vfio-device.h"

/* /dev/vfio/vfio, when it speaks this interface's version (else -EPROTO) with type1. */
int vfio_ioctl_container_open(void);
/* /dev/vfio/@group. */
int vfio_ioctl_group_open(unsigned int group);
/* 1: viable, 0: a device of the group belongs to a host driver. */
int vfio_ioctl_group_viable(int group_fd);
int vfio_ioctl_group_attach(int group_fd, int container_fd);
int vfio_ioctl_group_detach(int group_fd, int container_fd);
/* The container's IOMMU model, type1 v2; after the first group. */
int vfio_ioctl_set_iommu(int container_fd);
int vfio_ioctl_dma_map(int container_fd, uint64_t iova, uint64_t size_bytes, const void *hva,
		       bool readonly);
int vfio_ioctl_dma_unmap(int container_fd, uint64_t iova, uint64_t size_bytes);

/* A device of @group_fd, by its name in sysfs, with io ops on ioctls and name set; not yet asked
 * for anything. NULL and *err = errno. */
struct vfio_device *vfio_ioctl_device_open(int group_fd, const char *sysfs_name, int *err);

#endif
