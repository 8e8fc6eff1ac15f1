/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vGPU of oriel_gvt seen from user space, without a VMM: for the tests of the module. The test
 * plays the guest too: it writes registers and draws through the mapped BAR. Every function asserts
 * that what it does works; the raw fd is there for what must fail.
 */
#ifndef TESTS_KERNEL_VGPU_H
#define TESTS_KERNEL_VGPU_H

#include <glib.h>
#include <linux/vfio.h>
#include <linux/vfio_gfx.h>
#include <stdbool.h>
#include <stdint.h>

#define PARENT "/sys/class/mdev_bus/oriel_gvt"

struct vgpu {
	char uuid[37];
	int group_number;
	int container;
	int group;
	int device;
};

struct region {
	uint32_t flags;
	uint64_t size;
	uint64_t offset;
	bool has_type;
	uint32_t type, subtype;
	uint32_t areas; /* of the sparse mmap capability */
	uint64_t area_offset, area_size;
};

/* Write @text to @path: 0 or -errno. */
int sysfs_write(const char *path, const char *text);
/* The file's text without the newline; free with g_free. */
char *sysfs_read(const char *path);
unsigned int vgpu_available(const char *type);

/* Make one of @type ("bochs-16"); without vgpu_open() it has no fds. */
void vgpu_create(struct vgpu *v, const char *type);
/* 0 or -errno. */
int vgpu_try_create(struct vgpu *v, const char *type);
void vgpu_open(struct vgpu *v);
void vgpu_close(struct vgpu *v);
void vgpu_remove(struct vgpu *v);
bool vgpu_exists(const struct vgpu *v);

/* False: no such region (EINVAL) or its size is 0. */
bool vgpu_region(const struct vgpu *v, unsigned int index, struct region *r);
/* Index of the region with this type capability, or -1. */
int vgpu_find_region(const struct vgpu *v, uint32_t type, uint32_t subtype, struct region *r);
void *vgpu_map(const struct vgpu *v, const struct region *r, uint64_t size, int prot);

uint32_t vgpu_read(const struct vgpu *v, unsigned int index, uint64_t at, unsigned int size);
void vgpu_write(const struct vgpu *v, unsigned int index, uint64_t at, uint32_t value,
		unsigned int size);

/* What bochs-drm does. */
void guest_mode(const struct vgpu *v, uint16_t width, uint16_t height);
void guest_flip(const struct vgpu *v, uint16_t width, uint64_t byte_offset);
void guest_blank(const struct vgpu *v, bool blank);

/* Asserts success. */
struct vfio_device_gfx_plane_info vgpu_plane(const struct vgpu *v, uint32_t flags, uint32_t type);
/* An fd or -errno. */
int vgpu_dmabuf(const struct vgpu *v, uint32_t id);
struct vfio_gfx_status vgpu_status(const struct vgpu *v);
struct vfio_gfx_snapshot vgpu_snapshot(const struct vgpu *v);
/* 0 or -errno. */
int vgpu_snapshot_request(const struct vgpu *v, uint32_t slot);
/* Until the request is through. */
struct vfio_gfx_snapshot vgpu_snapshot_wait(const struct vgpu *v);
/* Hold the picture of status.flip_count @flips, or (@timeout_ms 0) let it go: 0 or -errno. */
int vgpu_hold(const struct vgpu *v, uint64_t flips, uint32_t timeout_ms);
/* Give interrupt @index an eventfd (-1: none). */
int vgpu_set_irq(const struct vgpu *v, unsigned int index, int eventfd);
/* Did @eventfd fire within @ms? Takes what it counted. */
bool fired(int eventfd, int ms);

/* ---- a display with video memory, everything of it mapped ---- */

struct rig {
	struct vgpu v;
	struct region bar, gfx;
	unsigned int gfx_index;
	volatile uint32_t *vram; /* stores must not move behind a look at the page */
	const volatile struct vfio_gfx_status *page;
	int irq; /* an eventfd, given to no interrupt yet */
};

void rig_set_up(struct rig *r, const char *type);
void rig_tear_down(struct rig *r);
/* Map BAR0 and the status page of a vGPU that was opened (again), and undo that. */
void rig_map(struct rig *r);
void rig_unmap(struct rig *r);
void rig_control(const struct rig *r, uint32_t bits);

#endif
