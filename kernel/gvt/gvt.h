/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's own types. One file a noun:
 *
 *	module.c   parameters, the parent device, the vGPU types, creation and removal
 *	vgpu.c     struct gvt_vgpu as a vfio device: open, close, reset, ioctls
 *	regions.c  what can be read and written: BARs, configuration, EDID, status, damage
 *	display.c  the plane, flips, the status page, damage
 *	irq.c      the eventfds and the vblank timer
 *	map.c      what can be mapped, and the tracking of writes
 *	vram.c     video memory and its accounting
 *	dmabuf.c   planes as dma-bufs
 *	core/      everything that is only arithmetic
 *
 * Who owns what. The vfio device owns a reference on its video memory (struct gvt_vram); each
 *dma-buf owns one too, and none on the vfio device: so a dma-buf can outlive the vGPU, its type and
 *its process, and nothing waits for it but the module's use count. A mapping of a region keeps the
 *vfio device open.
 *
 * Locks, in the order in which they nest:
 *	vgpu->lock         mutex: registers, configuration, EDID; held across damage harvests
 *	[mmap_lock]        may be taken below it (copy_to_user); so nothing below mmap_lock takes
 *vgpu->lock vgpu->fb_lock      mutex: which plane the framebuffer region shows vram->lock mutex:
 *the list of buffers page lock          of a page of video memory: from its dirty mark to its
 *writable entry (map.c) vgpu->state_lock   spinlock, irqs off: status page, damage, interrupts,
 *timer
 */
#ifndef ORIEL_GVT_H
#define ORIEL_GVT_H

#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#include <linux/vfio_gfx.h>

#include "core/gvt_bochs.h"
#include "core/gvt_damage.h"
#include "core/gvt_edid.h"
#include "core/gvt_pci.h"

/* How a vGPU offers its picture; a consumer can only ask for the one. */
enum gvt_offer {
	GVT_OFFER_DMABUF, /* type "bochs" */
	GVT_OFFER_REGION, /* type "region" */
};

struct gvt_type {
	struct mdev_type mdev;
	char sysfs_name[16];
	char pretty_name[32];
	enum gvt_offer offer;
	u64 vram_bytes;
};

static inline struct gvt_type *gvt_type_of(struct mdev_type *mdev)
{
	return container_of(mdev, struct gvt_type, mdev);
}

/* ---- vram.c ---- */

/**
 * struct gvt_vram - video memory: pages that come into being when first touched.
 * @pages: an entry is NULL until somebody touches the page; set by cmpxchg, and then stays until
 *	the device is closed and no dma-buf is left.
 * @lock: guards @bufs and what hangs there.
 * @bufs: struct gvt_buf, most recently asked for first.
 */
struct gvt_vram {
	struct kref kref;
	u64 bytes;
	unsigned long nr_pages;
	struct page **pages;
	struct mutex lock;
	struct list_head bufs;
};

/* Of @bytes, charged against the module's limit: -ENOSPC if that is reached. No pages yet. */
struct gvt_vram *gvt_vram_create(u64 bytes);
/* To be called before any page is asked for. */
int gvt_vram_ready(struct gvt_vram *vram);
/* Give all pages back, as for a new user. False, and nothing done: somebody else holds @vram too.
 */
bool gvt_vram_clear(struct gvt_vram *vram);
void gvt_vram_get(struct gvt_vram *vram);
void gvt_vram_put(struct gvt_vram *vram);
/* The page, made if need be; NULL: no memory. The reference stays with @vram. */
struct page *gvt_vram_page(struct gvt_vram *vram, unsigned long index);
int gvt_vram_fill(struct gvt_vram *vram, unsigned long first, unsigned long count);
/* Copy from/to user memory; the caller has checked the range. Untouched pages read as zero. */
int gvt_vram_read(struct gvt_vram *vram, u64 offset, char __user *to, size_t count);
int gvt_vram_write(struct gvt_vram *vram, u64 offset, const char __user *from, size_t count);
/* Bytes that may still be charged. */
u64 gvt_vram_left(void);

/* ---- dmabuf.c ---- */

/* The id of the buffer that is @plane of @vram; the same as long as anybody could hold it. 0: no
 * memory. */
u32 gvt_buf_id(struct gvt_vram *vram, const struct gvt_plane *plane);
/* A new fd for buffer @id, or -ENOENT, -ENOMEM, -EMFILE. */
int gvt_buf_fd(struct gvt_vram *vram, u32 id);
/* Forget the ids that nobody has an fd of. */
void gvt_buf_forget(struct gvt_vram *vram);

/* ---- regions ---- */

enum {
	GVT_REGION_EDID = VFIO_PCI_NUM_REGIONS,
	GVT_REGION_GFX,
	GVT_REGION_FB, /* only of a region-type vGPU */
	GVT_NUM_REGIONS_DMABUF = GVT_REGION_FB,
	GVT_NUM_REGIONS_REGION,
};

#define GVT_REGION_SHIFT 40
#define GVT_REGION_MASK	 ((1ULL << GVT_REGION_SHIFT) - 1)

/* Layout of the GFX region (linux/vfio_gfx.h). */
#define GVT_GFX_CONTROL PAGE_SIZE
#define GVT_GFX_DAMAGE	(2 * PAGE_SIZE)

/* Layout of the EDID region. */
#define GVT_EDID_OFFSET 64u
#define GVT_EDID_ROOM	512u

/* ---- interrupts ---- */

enum {
	GVT_IRQ_DISPLAY = VFIO_PCI_NUM_IRQS,
	GVT_NUM_IRQS,
};

/**
 * struct gvt_irqs - guarded by state_lock.
 * @timer: runs only while @timer_on; then the display eventfd is signalled at its end.
 * @last_ns: when the display eventfd was last signalled.
 */
struct gvt_irqs {
	struct eventfd_ctx *display;
	struct eventfd_ctx *request;
	struct hrtimer timer;
	bool timer_on;
	u64 timer_ns;
	u64 last_ns;
};

/**
 * struct gvt_track - write tracking, guarded by state_lock.
 * @on: somebody asked for it. Then @dirty, @spare and @damage are there.
 * @dirty: a bit a page: written since the last harvest (and so writable).
 * @spare: takes its place during a harvest; all zero in between.
 */
struct gvt_track {
	bool on;
	unsigned long *dirty;
	unsigned long *spare;
	void *tiles;
	struct gvt_damage damage;
};

struct gvt_vgpu {
	struct vfio_device vdev;
	struct gvt_type *type;
	struct gvt_vram *vram;

	struct mutex lock;
	struct gvt_bochs bochs;
	struct gvt_pci pci;
	struct vfio_region_gfx_edid edid;
	u8 edid_blob[GVT_EDID_ROOM];
	struct delayed_work settle;

	struct mutex fb_lock;
	struct gvt_plane fb_plane;

	/* The address space of all region mappings while the device is open; NULL before the first.
	 */
	struct inode *inode;

	spinlock_t state_lock;
	struct vfio_gfx_status status;
	struct page *status_page;
	struct page *blank_page; /* what the framebuffer region shows behind the plane's end */
	struct gvt_irqs irqs;
	struct gvt_track track;
};

static inline struct gvt_vgpu *gvt_vgpu_of(struct vfio_device *vdev)
{
	return container_of(vdev, struct gvt_vgpu, vdev);
}

/* ---- vgpu.c ---- */

extern const struct vfio_device_ops gvt_vgpu_ops;

/* ---- regions.c ---- */

int gvt_region_info(struct gvt_vgpu *vgpu, void __user *arg);
ssize_t gvt_region_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, loff_t *ppos);
ssize_t gvt_region_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count, loff_t *ppos);
u64 gvt_region_size(const struct gvt_vgpu *vgpu, unsigned int index);

/* ---- display.c ---- */

/* Decode what is to be shown, with what a vfio consumer can't have taken out. Under lock. */
void gvt_display_plane(struct gvt_vgpu *vgpu, struct gvt_plane *plane);
/* GVT_BOCHS_* events have happened. Under lock. */
void gvt_display_events(struct gvt_vgpu *vgpu, unsigned int events);
/* The device was opened or reset, or its EDID's link changed. Under lock. */
void gvt_display_changed(struct gvt_vgpu *vgpu);
int gvt_display_query(struct gvt_vgpu *vgpu, struct vfio_device_gfx_plane_info *info);
void gvt_display_describe(struct gvt_vgpu *vgpu, const struct gvt_plane *from,
			  struct vfio_gfx_plane *to);
/* Make the status page say what the shadow says. Under state_lock. */
void gvt_status_publish(struct gvt_vgpu *vgpu);
int gvt_track_start(struct gvt_vgpu *vgpu);
void gvt_track_stop(struct gvt_vgpu *vgpu);
/* Page @index was written, or may be from now on. Any context that may take state_lock. */
void gvt_track_page(struct gvt_vgpu *vgpu, unsigned long index);
size_t gvt_track_damage_size(const struct gvt_vgpu *vgpu);
ssize_t gvt_track_harvest(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset);

/* ---- irq.c ---- */

void gvt_irq_init(struct gvt_vgpu *vgpu);
int gvt_irq_info(struct gvt_vgpu *vgpu, void __user *arg);
int gvt_irq_set(struct gvt_vgpu *vgpu, void __user *arg);
/* Drop all eventfds and stop the timer. Sleeps. */
void gvt_irq_close(struct gvt_vgpu *vgpu);
/* A flip / the shown plane became dirty. Under state_lock. */
void gvt_irq_flip(struct gvt_vgpu *vgpu, u64 now_ns);
void gvt_irq_dirty(struct gvt_vgpu *vgpu, u64 now_ns);
bool gvt_irq_wanted(struct gvt_vgpu *vgpu);
void gvt_irq_request(struct gvt_vgpu *vgpu);

/* ---- map.c ---- */

int gvt_map(struct gvt_vgpu *vgpu, struct vm_area_struct *vma);
void gvt_map_close(struct gvt_vgpu *vgpu);
/* The next write to any of these pages is noticed (again). Sleeps. */
void gvt_map_protect(struct gvt_vgpu *vgpu, unsigned long first, unsigned long count);
/* The framebuffer region shows @plane from now on. */
void gvt_map_fb_show(struct gvt_vgpu *vgpu, const struct gvt_plane *plane);

#endif
