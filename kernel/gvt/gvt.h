/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's own types. One file a noun:
 *
 *	module.c   parameters, the parent device, the vGPU types, creation and removal
 *	vgpu.c     struct gvt_vgpu as a vfio device: open, close, reset, ioctls
 *	bochs.c    the model with video memory of its own: types "bochs" and "region"
 *	skl.c      the model that scans out guest memory: types "skl"
 *	regions.c  what can be read and written: BARs, configuration, EDID, status, damage
 *	display.c  planes for the consumer, flips, the status page
 *	track.c    write tracking and damage
 *	irq.c      the eventfds, the guest's interrupts, when the display interrupt is signalled
 *	map.c      what can be mapped
 *	vram.c     memory of the module's own, and its accounting
 *	guest.c    guest memory: which pages a plane lies in, pinned while somebody looks
 *	dmabuf.c   planes as dma-bufs
 *	snapshot.c copies of whole pictures
 *	core/      everything that is only arithmetic
 *
 * Who owns what. The vfio device owns a reference on its memory objects (struct gvt_mem); each
 * dma-buf owns one too, and none on the vfio device: so a dma-buf can outlive the vGPU, its type and
 * its process, and nothing waits for it but the module's use count. A mapping of a region keeps the
 * vfio device open.
 *
 * Locks, in the order in which they nest:
 *	snapshot.request_lock mutex: one request or switch at a time; waits for the worker
 *	vgpu->lock        mutex: bochs registers, configuration, EDID; held across damage harvests
 *	mem->lock         mutex: the list of buffers; of guest memory also its pins
 *	[iommu, mmap_lock] may be taken below these (vfio_pin_pages, copy_to_user); so nothing below
 *			  mmap_lock takes one of them
 *	vgpu->fb_lock     mutex: which plane the framebuffer region shows
 *	snapshot.pages_lock mutex: the pages of the slots
 *	page lock         of a page of video memory: from its dirty mark to its writable entry (map.c)
 *	vgpu->state_lock  spinlock, irqs off: skl registers, status page, damage, interrupts, timers
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
#include "core/gvt_skl.h"

struct gvt_vgpu;
struct gvt_type;

/* How a vGPU offers its picture; a consumer can only ask for the one. */
enum gvt_offer {
	GVT_OFFER_DMABUF,
	GVT_OFFER_REGION, /* type "region" */
};

/**
 * struct gvt_model_ops - what differs between display engines.
 * @guest_driver: the Linux driver that drives it.
 * @caps: VFIO_GFX_CAP_* in the status page.
 * @guest_irqs: it has an interrupt pin and an MSI.
 * @init: when the vGPU is made; 0 or -errno. @release: its pair, also after a failed init.
 * @max_mode: the largest picture of a type.
 * @open: there is a new user; optional, 0 or -errno. @close is its pair.
 * @power_on: registers and configuration space for a new user; no monitor yet. Under lock.
 * @set_monitor: the EDID link went up (@size > 0) or down. Under lock.
 * @reset: registers as after power on. Under lock.
 * @close: the user is gone; lets go of whatever is the user's.
 * @bar_size: bytes of BAR or ROM @index, 0 where there is none.
 * @bar_map: the part of BAR @index that can be mapped; false: nothing.
 * @bar_read, @bar_write: the range was checked; return count or -errno.
 * @changed: tell the consumer of what is shown now. Under lock.
 * @query: decode the plane of a DRM_PLANE_TYPE_* for a consumer that wants a buffer; returns its id,
 *	or 0 with @plane off. Of a region vGPU the id isn't used.
 * @listened: the display eventfd came or went. Under state_lock.
 * @hold: with VFIO_GFX_CAP_HOLD: put off flips away from the picture of status.flip_count @flips by
 *	@limit_ns; 0: no longer. 0 or -ESTALE.
 */
struct gvt_model_ops {
	const char *guest_driver;
	u32 caps;
	bool guest_irqs;
	int (*init)(struct gvt_vgpu *vgpu);
	void (*release)(struct gvt_vgpu *vgpu);
	void (*max_mode)(const struct gvt_type *type, u32 *width, u32 *height);
	int (*open)(struct gvt_vgpu *vgpu);
	void (*power_on)(struct gvt_vgpu *vgpu);
	void (*set_monitor)(struct gvt_vgpu *vgpu, const u8 *edid, size_t size);
	void (*reset)(struct gvt_vgpu *vgpu);
	void (*close)(struct gvt_vgpu *vgpu);
	u64 (*bar_size)(const struct gvt_vgpu *vgpu, unsigned int index);
	bool (*bar_map)(const struct gvt_vgpu *vgpu, unsigned int index, u64 *offset, u64 *size);
	ssize_t (*bar_read)(struct gvt_vgpu *vgpu, unsigned int index, char __user *buf,
			    size_t count, u64 offset);
	ssize_t (*bar_write)(struct gvt_vgpu *vgpu, unsigned int index, const char __user *buf,
			     size_t count, u64 offset);
	void (*changed)(struct gvt_vgpu *vgpu);
	u32 (*query)(struct gvt_vgpu *vgpu, u32 type, struct gvt_plane *plane);
	void (*listened)(struct gvt_vgpu *vgpu);
	int (*hold)(struct gvt_vgpu *vgpu, u64 flips, u64 limit_ns);
};

extern const struct gvt_model_ops gvt_bochs_ops;
extern const struct gvt_model_ops gvt_skl_ops;

/* drm_mode.h's "type" property has them, but no UAPI header. */
enum { GVT_PLANE_OVERLAY = 0, GVT_PLANE_PRIMARY = 1, GVT_PLANE_CURSOR = 2 };

struct gvt_type {
	struct mdev_type mdev;
	char sysfs_name[16];
	char pretty_name[48];
	const struct gvt_model_ops *model;
	enum gvt_offer offer;
	u64 vram_bytes;	 /* bochs: video memory; skl: its page table */
	u64 extra_bytes; /* of memory beside that */
	struct gvt_skl_config skl;
};

static inline struct gvt_type *gvt_type_of(struct mdev_type *mdev)
{
	return container_of(mdev, struct gvt_type, mdev);
}

/* ---- dmabuf.c ---- */

struct gvt_mem;
struct gvt_buf;

/**
 * struct gvt_mem_ops - what buffers are made of.
 * @get_pages: the first dma_buf of @buf is about to be made: fill in @buf's pages, to stay until
 *	@put_pages. 0 or -errno. Under mem->lock.
 * @put_pages: the last dma_buf is gone. Under mem->lock.
 * @forget: @buf is about to be freed; optional. Under mem->lock.
 * @release: nobody has a reference any more.
 */
struct gvt_mem_ops {
	int (*get_pages)(struct gvt_mem *mem, struct gvt_buf *buf);
	void (*put_pages)(struct gvt_mem *mem, struct gvt_buf *buf);
	void (*forget)(struct gvt_mem *mem, struct gvt_buf *buf);
	void (*release)(struct gvt_mem *mem);
};

/**
 * struct gvt_mem - memory that planes lie in.
 * @lock: guards @bufs and what hangs there.
 * @bufs: struct gvt_buf, most recently asked for first.
 */
struct gvt_mem {
	struct kref kref;
	const struct gvt_mem_ops *ops;
	struct mutex lock;
	struct list_head bufs;
};

/**
 * struct gvt_buf - a buffer whose id was told to somebody.
 * @mem: a reference while there is a dma_buf.
 * @plane, @iovas: its identity; @iovas (a page each, @count of them) only in guest memory.
 * @dmabuf: weak: valid while an fd or importer holds it.
 * @live: dma_bufs not yet released: the one above, any that are dying; and who holds it.
 * @keep: not to be forgotten though nobody has a dma_buf.
 * @pages: while @live, and in guest memory while @pinned.
 * @pinned: how many of the pages are pinned through vfio.
 * @stale: the guest's memory there was unmapped: never the answer to a query again.
 */
struct gvt_buf {
	struct list_head link;
	struct gvt_mem *mem;
	struct gvt_plane plane;
	u64 *iovas;
	u32 id;
	struct dma_buf *dmabuf;
	unsigned int live;
	unsigned int keep;
	struct page **pages;
	unsigned long count;
	unsigned long pinned;
	bool stale;
	int pin_err;
	unsigned long pin_err_jiffies;
	struct mutex maps_lock;
	struct list_head maps; /* struct buf_map */
};

void gvt_mem_init(struct gvt_mem *mem, const struct gvt_mem_ops *ops);
void gvt_mem_get(struct gvt_mem *mem);
void gvt_mem_put(struct gvt_mem *mem);

/* The buffer that is @plane with @iovas (NULL: memory of our own), made if need be; @iovas, of
 * kvmalloc, is taken if it is. NULL: no memory. Under mem->lock. */
struct gvt_buf *gvt_buf_get(struct gvt_mem *mem, const struct gvt_plane *plane, u64 **iovas);
/* Hold buffer @id, pages and all, as a dma-buf does; or ERR_PTR of -ENOENT, -ENOMEM. */
struct gvt_buf *gvt_buf_hold(struct gvt_mem *mem, u32 id);
void gvt_buf_drop(struct gvt_buf *buf);
/* A new fd for buffer @id, or -ENOENT, -ENOMEM, -EMFILE. */
int gvt_buf_fd(struct gvt_mem *mem, u32 id);
/* Forget the ids that nobody has an fd of, but for the @keep most recent. Under mem->lock. */
void gvt_buf_forget(struct gvt_mem *mem, unsigned int keep);

/* ---- vram.c ---- */

/**
 * struct gvt_vram - memory of our own: pages that come into being when first touched.
 * @pages: an entry is NULL until somebody touches the page; set by cmpxchg, and then stays until
 *	the device is closed and no dma-buf is left.
 */
struct gvt_vram {
	struct gvt_mem mem;
	u64 bytes;
	u64 charged_bytes;
	unsigned long nr_pages;
	struct page **pages;
};

/* Of @bytes, charged with @extra_bytes more against the module's limit: -ENOSPC if that is reached.
 * No pages yet. */
struct gvt_vram *gvt_vram_create(u64 bytes, u64 extra_bytes);
/* To be called before any page is asked for. */
int gvt_vram_ready(struct gvt_vram *vram);
/* Give all pages back, as for a new user. False, and nothing done: somebody else holds @vram too. */
bool gvt_vram_clear(struct gvt_vram *vram);
/* The page, made if need be; NULL: no memory. The reference stays with @vram. */
struct page *gvt_vram_page(struct gvt_vram *vram, unsigned long index);
/* Copy from/to user memory; the caller has checked the range. Untouched pages read as zero. */
int gvt_vram_read(struct gvt_vram *vram, u64 offset, char __user *to, size_t count);
int gvt_vram_write(struct gvt_vram *vram, u64 offset, const char __user *from, size_t count);
/* The id of the buffer that is @plane; 0: no memory. */
u32 gvt_vram_buf_id(struct gvt_vram *vram, const struct gvt_plane *plane);
/* Bytes that may still be charged. */
u64 gvt_vram_left(void);
/* Memory of another kind that counts too. False: the limit is reached. */
bool gvt_vram_charge(u64 bytes);
void gvt_vram_uncharge(u64 bytes);

/* ---- guest.c ---- */

#define GVT_GUEST_PLANES 2 /* primary and cursor */

/**
 * struct gvt_guest - the memory of the guest, as far as planes lie in it.
 * @vdev: through which it is pinned; NULL once the device was closed.
 * @show_lock: one gvt_guest_show() at a time; taken before mem.lock.
 * @unmap_work: unpins what gvt_guest_unmap() found; @unmapping until it has, told by @unmapped.
 * @shown: what was asked for last, by plane; pinned, also if nobody has a dma-buf of it.
 */
struct gvt_guest {
	struct gvt_mem mem;
	struct vfio_device *vdev;
	struct mutex show_lock;
	struct work_struct unmap_work;
	wait_queue_head_t unmapped;
	bool unmapping;
	struct gvt_buf *shown[GVT_GUEST_PLANES];
};

struct gvt_guest *gvt_guest_create(struct vfio_device *vdev);
/* The device is being closed: unpin everything. The reference is dropped. Accepts NULL. */
void gvt_guest_close(struct gvt_guest *guest);
/*
 * @plane of @which (0, 1) lies in the pages @iovas, of kvmalloc and taken. Returns the buffer's id
 * with its pages pinned, or 0 and *@why.
 */
u32 gvt_guest_show(struct gvt_guest *guest, unsigned int which, const struct gvt_plane *plane,
		   u64 *iovas, enum gvt_off_reason *why);
/* Plane @which is off: nothing of it is pinned for its own sake. */
void gvt_guest_hide(struct gvt_guest *guest, unsigned int which);
/* Of what plane @which was asked for last: struct vfio_gfx_pages and addresses, as far as they fit.
 * Returns bytes or -errno. */
ssize_t gvt_guest_pages(struct gvt_guest *guest, unsigned int which, char __user *buf, size_t count);
/* The user unmaps [@iova, + @length). Context: device_list_lock of the container held. */
void gvt_guest_unmap(struct gvt_guest *guest, u64 iova, u64 length);

/* ---- regions ---- */

enum {
	GVT_REGION_EDID = VFIO_PCI_NUM_REGIONS,
	GVT_REGION_GFX,
	GVT_REGION_FB, /* only of a region-type vGPU */
	GVT_REGION_OPREGION, /* only of skl */
	GVT_NUM_REGIONS,
};

#define GVT_REGION_SHIFT 40
#define GVT_REGION_MASK	 ((1ULL << GVT_REGION_SHIFT) - 1)

/* Layout of the GFX region (linux/vfio_gfx.h). */
#define GVT_GFX_CONTROL PAGE_SIZE
#define GVT_GFX_DAMAGE	(2 * PAGE_SIZE) /* or, of a model without it, */
#define GVT_GFX_PAGES	(2 * PAGE_SIZE) /* the addresses of a plane's pages */
/* No picture in guest memory is larger. */
#define GVT_GFX_PICTURE_MAX (128u << 20)
#define GVT_GFX_PAGES_SIZE  (PAGE_SIZE + GVT_GFX_PICTURE_MAX / PAGE_SIZE * sizeof(u64))
/* Behind damage and pages of every size, and of huge page tables' granularity. */
#define GVT_GFX_SNAPSHOT (4u << 20)
#define GVT_GFX_HOLD	 (GVT_GFX_SNAPSHOT + PAGE_SIZE)
#define GVT_GFX_AREA	 (8u << 20)

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
	struct eventfd_ctx *msi;
	struct eventfd_ctx *intx;
	struct virqfd *unmask; /* of intx */
	bool intx_masked; /* by the user, or because the line was told */
	bool intx_level;
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

/* The consumer's mailbox holds one, a viewer that stands still may hold another, and one is made. */
#define GVT_SNAPSHOT_SLOTS 3u

struct gvt_slot {
	struct page **pages;
	unsigned long count;
};

/**
 * struct gvt_snapshot - copies of whole pictures (snapshot.c).
 * @on: VFIO_GFX_CONTROL_SNAPSHOT. Under request_lock.
 * @stop: the worker is to give up.
 * @slots: pages under pages_lock; the worker's while a request is on.
 * @told: what the user reads. Under state_lock.
 */
struct gvt_snapshot {
	struct mutex request_lock;
	struct mutex pages_lock;
	struct work_struct work;
	bool on;
	bool stop;
	struct gvt_slot slots[GVT_SNAPSHOT_SLOTS];
	struct vfio_gfx_snapshot told;
};

struct gvt_vgpu {
	struct vfio_device vdev;
	struct gvt_type *type;
	struct gvt_vram *vram;

	struct mutex lock;
	struct gvt_bochs bochs;
	struct delayed_work settle; /* of bochs */
	struct gvt_pci pci;
	struct vfio_region_gfx_edid edid;
	u8 edid_blob[GVT_EDID_ROOM];

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
	bool source; /* VFIO_GFX_CONTROL_SOURCE */
	struct gvt_snapshot snapshot;

	/* Only of skl: */
	struct gvt_guest *guest; /* while the device is open */
	struct gvt_skl skl;	 /* state_lock */
	struct hrtimer skl_timer;
	u64 skl_timer_ns;	 /* GVT_SKL_NEVER: not running */
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

/* How much of region @index can be mapped, from where on; 0: nothing. */
u64 gvt_region_map(struct gvt_vgpu *vgpu, unsigned int index, u64 *offset);
/* User memory from and to registers, in accesses as wide as they are aligned (1 to 8 bytes). */
ssize_t gvt_region_mmio_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset,
			     u64 (*read)(struct gvt_vgpu *vgpu, u64 offset, unsigned int n));
ssize_t gvt_region_mmio_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count,
			      u64 offset,
			      void (*write)(struct gvt_vgpu *vgpu, u64 offset, unsigned int n,
					    u64 value));

/* ---- display.c ---- */

/* What a consumer can't have of @plane is off, unless it looks at the status page for that. */
void gvt_display_limit(struct gvt_vgpu *vgpu, struct gvt_plane *plane);
/* As the consumer is told of it, but for the id. */
void gvt_display_plane(struct vfio_gfx_plane *to, const struct gvt_plane *from);
/* @plane is shown from now on, after a flip or change of mode. Under state_lock. */
void gvt_display_flip(struct gvt_vgpu *vgpu, const struct gvt_plane *plane,
		      const struct gvt_vblank *vblank, u64 now_ns);
/* The cursor changed. Under state_lock. */
void gvt_display_cursor(struct gvt_vgpu *vgpu, u64 now_ns);
int gvt_display_query(struct gvt_vgpu *vgpu, struct vfio_device_gfx_plane_info *info);
/* Of the primary plane: its id (0: off), and *@flips: status.flip_count as it was before. */
u32 gvt_display_query_primary(struct gvt_vgpu *vgpu, struct gvt_plane *plane, u64 *flips);
/* Make the status page say what the shadow says. Under state_lock. */
void gvt_status_publish(struct gvt_vgpu *vgpu);

/* ---- track.c ---- */

int gvt_track_start(struct gvt_vgpu *vgpu);
void gvt_track_stop(struct gvt_vgpu *vgpu);
/* Page @index was written, or may be from now on. Any context that may take state_lock. */
void gvt_track_page(struct gvt_vgpu *vgpu, unsigned long index);
/* @plane is shown. Under state_lock. */
void gvt_track_show(struct gvt_vgpu *vgpu, const struct gvt_plane *plane, u64 now_ns);
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
/* A snapshot's request is through. Under state_lock. */
void gvt_irq_snapshot(struct gvt_vgpu *vgpu);
bool gvt_irq_wanted(struct gvt_vgpu *vgpu);
/* The guest's interrupts: an edge for the MSI, the level of INTx. Under state_lock. */
void gvt_irq_msi(struct gvt_vgpu *vgpu);
void gvt_irq_intx(struct gvt_vgpu *vgpu, bool level);
void gvt_irq_request(struct gvt_vgpu *vgpu);

/* ---- map.c ---- */

int gvt_map(struct gvt_vgpu *vgpu, struct vm_area_struct *vma);
void gvt_map_close(struct gvt_vgpu *vgpu);
/* The next write to any of these pages is noticed (again). Sleeps. */
void gvt_map_protect(struct gvt_vgpu *vgpu, unsigned long first, unsigned long count);
/* The framebuffer region shows @plane from now on. */
void gvt_map_fb_show(struct gvt_vgpu *vgpu, const struct gvt_plane *plane);

/* ---- snapshot.c ---- */

void gvt_snapshot_init(struct gvt_vgpu *vgpu);
/* Of the address space that a slot / all slots take in the GFX region. */
u64 gvt_snapshot_slot_bytes(const struct gvt_vgpu *vgpu);
u64 gvt_snapshot_area_bytes(const struct gvt_vgpu *vgpu);
/* For a new user; it is off. */
void gvt_snapshot_power_on(struct gvt_vgpu *vgpu);
/* Off gives all memory back, and waits for the worker; so neither vgpu->lock nor one below it is
 * held. To be off before the model is closed. */
void gvt_snapshot_switch(struct gvt_vgpu *vgpu, bool on);
/* @offset is in struct vfio_gfx_snapshot. Bytes or -errno. */
ssize_t gvt_snapshot_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset);
ssize_t gvt_snapshot_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count,
			   u64 offset);
vm_fault_t gvt_snapshot_fault(struct vm_fault *vmf);

#endif
