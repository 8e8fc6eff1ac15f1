/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_device: one open vfio device behind vfio_io_ops, so that everything above it (vfio-pci.c,
 * vfio-display.c) runs on a real device (vfio-ioctl.c) and on a fake one (vfio-fake.c) alike.
 *
 * The kernel's driver is a stranger: what it reports is checked here once, in 64 bits, and the
 * rest of hw/vfio may rely on struct vfio_region. Context: any; calls on one device may overlap,
 * the kernel orders them.
 */
#ifndef HW_VFIO_VFIO_DEVICE_H
#define HW_VFIO_VFIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <glib.h>
#include <linux/vfio.h>

/* vfio-pci has 9 fixed regions; vendors add a handful. More is a broken driver. */
#define VFIO_MAX_REGIONS 64u
#define VFIO_MAX_IRQS	 32u
/* What a GET_REGION_INFO answer may take with its capabilities. */
#define VFIO_MAX_INFO_BYTES (64u << 10)

struct vfio_device;

struct vfio_area {
	uint64_t offset, size_bytes;
};

struct vfio_region {
	uint32_t index;
	uint32_t flags; /* VFIO_REGION_INFO_FLAG_* */
	uint64_t size_bytes; /* 0: not there */
	uint64_t fd_offset;
	/* What may be mapped, relative to the region, page aligned, inside it. NULL with 0 areas. */
	struct vfio_area *areas;
	unsigned int area_count;
	/* Both 0 without VFIO_REGION_INFO_CAP_TYPE. */
	uint32_t type, subtype;
};

/* All mandatory. Each returns 0 (or what it says) or -errno. */
struct vfio_io_ops {
	int (*get_info)(struct vfio_device *device, struct vfio_device_info *info);
	/* @info has argsz bytes of room; as the ioctl: argsz tells how many it would take. */
	int (*get_region_info)(struct vfio_device *device, struct vfio_region_info *info);
	int (*get_irq_info)(struct vfio_device *device, struct vfio_irq_info *info);
	/* > 0: fewer vectors than asked for are available. */
	int (*set_irqs)(struct vfio_device *device, const struct vfio_irq_set *set);
	int (*reset)(struct vfio_device *device);
	/* At the file offset @offset; bytes moved, maybe fewer. */
	ssize_t (*read)(struct vfio_device *device, void *data, size_t size, uint64_t offset);
	ssize_t (*write)(struct vfio_device *device, const void *data, size_t size,
			 uint64_t offset);
	/* mmap(2), shared; *hva is given back with munmap(2). */
	int (*map)(struct vfio_device *device, uint64_t offset, uint64_t size, int prot,
		   void **hva);
	int (*query_plane)(struct vfio_device *device, struct vfio_device_gfx_plane_info *info);
	/* A new fd that the caller owns. */
	int (*get_dmabuf)(struct vfio_device *device, uint32_t id);
	void (*close)(struct vfio_device *device);
};

struct vfio_device {
	const struct vfio_io_ops *ops;
	char *name; /* "vfio 0000:00:02.0", for messages */
	uint32_t flags; /* VFIO_DEVICE_FLAGS_* */
	uint32_t irq_count;
	uint32_t region_count;
	struct vfio_region *regions; /* by index */
	int fd; /* of the ioctl implementation; -1 */
};

/* Asks the device for its regions and interrupts. @device has ops and name. On failure the caller
 * still owns @device. */
bool vfio_device_init(struct vfio_device *device, GError **error);
/* Frees what init made, not the device itself. Accepts a half-built one. */
void vfio_device_finish(struct vfio_device *device);
/* finish, then ops->close, which frees it. Accepts NULL. */
void vfio_device_close(struct vfio_device *device);

/*
 * Asks again for one region, also beyond region_count: the kernel's mdpy sample names such a
 * region in its plane, and a plane's region may change its size. *region is to be cleared.
 */
int vfio_region_query(struct vfio_device *device, uint32_t index, struct vfio_region *region);
void vfio_region_clear(struct vfio_region *region);
/* The first region with this type and subtype, or NULL. */
const struct vfio_region *vfio_region_find(const struct vfio_device *device, uint32_t type,
					   uint32_t subtype);

/* Whole or not at all: -EIO after a short transfer, -ERANGE outside of the region. */
int vfio_region_read(struct vfio_device *device, const struct vfio_region *region, uint64_t offset,
		     void *data, size_t size_bytes);
int vfio_region_write(struct vfio_device *device, const struct vfio_region *region,
		      uint64_t offset, const void *data, size_t size_bytes);
int vfio_region_read_u32(struct vfio_device *device, const struct vfio_region *region,
			 uint64_t offset, uint32_t *value);
int vfio_region_write_u32(struct vfio_device *device, const struct vfio_region *region,
			  uint64_t offset, uint32_t value);
/* True when [offset, offset + size) lies in one area that may be mapped. */
bool vfio_region_can_map(const struct vfio_region *region, uint64_t offset, uint64_t size_bytes);
/* @offset and @size_bytes page aligned. -ENODEV where can_map says no. Undone by munmap(2). */
int vfio_region_map(struct vfio_device *device, const struct vfio_region *region, uint64_t offset,
		    uint64_t size_bytes, int prot, void **hva);

/* Number of interrupts of index @index, 0 when it is absent; *flags may be NULL. */
unsigned int vfio_irq_count(struct vfio_device *device, uint32_t index, uint32_t *flags);
/*
 * Sets eventfds @fds (-1: none) as triggers of interrupts start..start + count - 1. The fds are
 * borrowed; the kernel keeps references. 0, -errno, or > 0: only so many vectors to be had.
 */
int vfio_irq_set_fds(struct vfio_device *device, uint32_t index, unsigned int start,
		     const int32_t *fds, unsigned int count);
/* As above for one interrupt with another action: VFIO_IRQ_SET_ACTION_MASK or _UNMASK. */
int vfio_irq_set_action_fd(struct vfio_device *device, uint32_t index, uint32_t action, int fd);
/* Masks or unmasks interrupt 0 of @index now. */
int vfio_irq_action(struct vfio_device *device, uint32_t index, uint32_t action);
/* Turns the whole index off. */
int vfio_irq_disable(struct vfio_device *device, uint32_t index);

#endif
