// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots: whole pictures in memory that the guest can't reach (linux/vfio_gfx.h).
 *
 * A worker copies, so that neither a vCPU nor the user waits. A flip during a copy ends it, and the
 * next begins right behind that flip: of a guest that swaps buffers it then has the time until the
 * next flip, whatever the guest draws meanwhile. The flip is counted before the guest can know of it
 * (skl: before it can read a register that says so), so before it draws into the buffer that is
 * being copied; so equal counts before and behind a copy mean one picture.
 *
 * The pages that are copied are held by references, as a dma-buf holds them: the guest may flip, the
 * user may unmap, the device may be reset meanwhile. The slots' pages are made when the user asks
 * (and so counted as his), never by the worker. While a request is on nobody else touches them.
 *
 * request_lock: one request or switch at a time; may sleep for the worker. Nothing is held above it,
 * since the worker takes vgpu->lock, mem->lock and the mmap_lock of the user.
 * pages_lock: what the fault handler finds; below the mmap_lock.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gvt.h"

/* A guest that draws a picture in the time of a copy and flips at once may win so often in a row. */
#define TRIES 16u
/* Pages between two looks whether the guest has flipped. */
#define CHUNK_PAGES 32u

#define AREA_PGOFF (((u64)GVT_REGION_GFX << GVT_REGION_SHIFT | GVT_GFX_AREA) >> PAGE_SHIFT)

static struct gvt_vgpu *vgpu_of(struct gvt_snapshot *snap)
{
	return container_of(snap, struct gvt_vgpu, snapshot);
}

u64 gvt_snapshot_slot_bytes(const struct gvt_vgpu *vgpu)
{
	return vgpu->type->model->caps & VFIO_GFX_CAP_PAGES ? GVT_GFX_PICTURE_MAX :
							      vgpu->type->vram_bytes;
}

u64 gvt_snapshot_area_bytes(const struct gvt_vgpu *vgpu)
{
	return GVT_SNAPSHOT_SLOTS * gvt_snapshot_slot_bytes(vgpu);
}

/* ---- memory ---- */

static void free_pages_from(struct page **pages, unsigned long first, unsigned long count)
{
	unsigned long i;

	for (i = first; i < count; i++) {
		if (pages[i]) {
			put_page(pages[i]);
		}
		if (i % 4096 == 4095) {
			cond_resched();
		}
	}
}

/* Exchange the pages of @slot, and take the old ones out of page tables. What is in both is kept. */
static void slot_exchange(struct gvt_vgpu *vgpu, unsigned int slot, struct page **pages,
			  unsigned long count)
{
	struct gvt_slot *s = &vgpu->snapshot.slots[slot];
	struct page **old_pages = s->pages;
	unsigned long old_count = s->count;
	struct inode *inode;

	mutex_lock(&vgpu->snapshot.pages_lock);
	s->pages = pages;
	s->count = count;
	inode = READ_ONCE(vgpu->inode);
	if (inode) {
		unmap_mapping_range(inode->i_mapping,
				    (loff_t)(AREA_PGOFF << PAGE_SHIFT) +
					    slot * gvt_snapshot_slot_bytes(vgpu),
				    gvt_snapshot_slot_bytes(vgpu), 1);
	}
	mutex_unlock(&vgpu->snapshot.pages_lock);
	if (old_count > count) {
		free_pages_from(old_pages, count, old_count);
		gvt_vram_uncharge((u64)(old_count - count) << PAGE_SHIFT);
	}
	kvfree(old_pages);
}

/* Let @slot have @count pages. Under request_lock, no request on. 0, -ENOSPC or -ENOMEM. */
static int slot_resize(struct gvt_vgpu *vgpu, unsigned int slot, unsigned long count)
{
	struct gvt_slot *s = &vgpu->snapshot.slots[slot];
	unsigned long kept = min(s->count, count);
	struct page **pages = NULL;
	unsigned long i;

	if (s->count == count) {
		return 0;
	}
	if (count > kept && !gvt_vram_charge((u64)(count - kept) << PAGE_SHIFT)) {
		return -ENOSPC;
	}
	if (count > 0) {
		pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL_ACCOUNT);
		if (!pages) {
			goto uncharge;
		}
		for (i = 0; i < kept; i++) {
			pages[i] = s->pages[i];
		}
	}
	for (i = kept; i < count; i++) {
		/* Zero: a copy that fails must leave nothing of anybody's in sight. */
		pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!pages[i]) {
			goto free;
		}
		if (i % 512 == 511) {
			cond_resched();
		}
	}
	slot_exchange(vgpu, slot, pages, count);
	return 0;
free:
	free_pages_from(pages, kept, count);
	kvfree(pages);
uncharge:
	if (count > kept) {
		gvt_vram_uncharge((u64)(count - kept) << PAGE_SHIFT);
	}
	return -ENOMEM;
}

/* ---- the worker ---- */

static bool flipped(struct gvt_vgpu *vgpu, u64 flips)
{
	smp_rmb(); /* what was copied before is older than the count */
	return READ_ONCE(vgpu->status.flip_count) != flips;
}

/* Copy @buf. False: there was a flip, or somebody wants us to stop. */
static bool copy(struct gvt_vgpu *vgpu, const struct gvt_buf *buf, const struct gvt_slot *to,
		 u64 flips)
{
	unsigned long i;

	for (i = 0; i < buf->count; i++) {
		if (i % CHUNK_PAGES == 0) {
			if (flipped(vgpu, flips) || READ_ONCE(vgpu->snapshot.stop)) {
				return false;
			}
			cond_resched();
		}
		copy_highpage(to->pages[i], buf->pages[i]);
	}
	return !flipped(vgpu, flips);
}

static void tell_plane(struct vfio_gfx_snapshot *told, const struct gvt_plane *plane)
{
	gvt_display_plane(&told->plane, plane);
	told->plane.offset = offset_in_page(plane->offset_bytes);
	told->src_x = plane->src_x_px;
	told->src_y = plane->src_y_px;
	told->rotation = plane->rotation;
}

/* One try. 0: complete, -EAGAIN: there was a flip, else a VFIO_GFX_SNAPSHOT_* reason. */
static int try_once(struct gvt_vgpu *vgpu, const struct gvt_slot *to,
		    struct vfio_gfx_snapshot *told)
{
	struct gvt_mem *mem = vgpu->guest ? &vgpu->guest->mem : &vgpu->vram->mem;
	struct gvt_plane plane;
	struct gvt_buf *buf;
	unsigned long flags;
	int ret = -EAGAIN;
	u64 flips;
	u32 id;

	id = gvt_display_query_primary(vgpu, &plane, &flips);
	memset(&told->plane, 0, sizeof(told->plane));
	told->time_ns = ktime_get_ns();
	if (id == 0) {
		told->plane.off_reason = plane.off_reason;
		return VFIO_GFX_SNAPSHOT_OFF;
	}
	buf = gvt_buf_hold(mem, id);
	if (IS_ERR(buf)) {
		return -EAGAIN; /* unmapped, or another's query came between; or no memory */
	}
	if (buf->count > to->count) {
		ret = VFIO_GFX_SNAPSHOT_CHANGED;
	} else if (copy(vgpu, buf, to, flips)) {
		tell_plane(told, &plane);
		told->plane.id = id;
		told->copy_ns = ktime_get_ns() - told->time_ns;
		spin_lock_irqsave(&vgpu->state_lock, flags);
		told->flip_count = flips;
		told->flip_time_ns = vgpu->status.flip_time_ns;
		if (vgpu->status.flip_count == flips) {
			ret = 0;
		}
		spin_unlock_irqrestore(&vgpu->state_lock, flags);
	}
	gvt_buf_drop(buf);
	return ret;
}

/* The request is through: tell whoever waits. */
static void finish(struct gvt_vgpu *vgpu, const struct vfio_gfx_snapshot *told)
{
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	vgpu->snapshot.told = *told;
	vgpu->status.snapshot_state = told->state;
	vgpu->status.snapshot_count++;
	gvt_status_publish(vgpu);
	gvt_irq_snapshot(vgpu);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

static void snapshot_work(struct work_struct *work)
{
	struct gvt_snapshot *snap = container_of(work, struct gvt_snapshot, work);
	struct vfio_gfx_snapshot told = snap->told; /* ours while the request is on */
	struct gvt_vgpu *vgpu = vgpu_of(snap);
	int ret = -EAGAIN;

	while (ret == -EAGAIN && told.tries < TRIES && !READ_ONCE(snap->stop)) {
		told.tries++;
		ret = try_once(vgpu, &snap->slots[told.slot], &told);
	}
	if (ret != 0) {
		told.state = VFIO_GFX_SNAPSHOT_FAILED;
		told.reason = ret > 0 ? ret : VFIO_GFX_SNAPSHOT_FLIPS;
	} else {
		told.state = VFIO_GFX_SNAPSHOT_COMPLETE;
	}
	finish(vgpu, &told);
}

/* ---- the user ---- */

static struct vfio_gfx_snapshot told_nothing(struct gvt_vgpu *vgpu)
{
	return (struct vfio_gfx_snapshot){
		.size = sizeof(struct vfio_gfx_snapshot),
		.slots = GVT_SNAPSHOT_SLOTS,
		.slot_size = gvt_snapshot_slot_bytes(vgpu),
		.area_offset = GVT_GFX_AREA,
	};
}

/* Put @told where it is read. */
static void tell(struct gvt_vgpu *vgpu, const struct vfio_gfx_snapshot *told)
{
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	vgpu->snapshot.told = *told;
	vgpu->status.snapshot_state = told->state;
	gvt_status_publish(vgpu);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

/* Under request_lock. */
static int request(struct gvt_vgpu *vgpu, u32 slot)
{
	struct gvt_snapshot *snap = &vgpu->snapshot;
	struct vfio_gfx_snapshot told;
	unsigned long flags;
	u64 bytes;
	u32 state;
	int err;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	state = snap->told.state;
	bytes = vgpu->status.plane.size;
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	if (!snap->on || slot >= GVT_SNAPSHOT_SLOTS) {
		return -EINVAL;
	}
	if (bytes > gvt_snapshot_slot_bytes(vgpu)) {
		return -ENOSPC;
	}
	if (state == VFIO_GFX_SNAPSHOT_REQUEST) {
		return -EBUSY;
	}
	/* Off: the worker will find out, and what is there is kept for when it is on again. */
	err = bytes > 0 ? slot_resize(vgpu, slot, bytes >> PAGE_SHIFT) : 0;
	if (err) {
		return err;
	}
	told = told_nothing(vgpu);
	told.state = VFIO_GFX_SNAPSHOT_REQUEST;
	told.slot = slot;
	tell(vgpu, &told);
	queue_work(system_unbound_wq, &snap->work);
	return 0;
}

ssize_t gvt_snapshot_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count,
			   u64 offset)
{
	u32 wanted[2];
	int err;

	static_assert(offsetof(struct vfio_gfx_snapshot, slot) ==
		      offsetof(struct vfio_gfx_snapshot, state) + sizeof(u32));
	if (offset != offsetof(struct vfio_gfx_snapshot, state) || count != sizeof(wanted)) {
		return -EINVAL;
	}
	if (copy_from_user(wanted, buf, sizeof(wanted))) {
		return -EFAULT;
	}
	if (wanted[0] != VFIO_GFX_SNAPSHOT_REQUEST) {
		return -EINVAL;
	}
	mutex_lock(&vgpu->snapshot.request_lock);
	err = request(vgpu, wanted[1]);
	mutex_unlock(&vgpu->snapshot.request_lock);
	return err ?: (ssize_t)count;
}

ssize_t gvt_snapshot_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	struct vfio_gfx_snapshot told;
	unsigned long flags;

	if (offset >= sizeof(told)) {
		return -EINVAL;
	}
	count = min_t(size_t, count, sizeof(told) - offset);
	spin_lock_irqsave(&vgpu->state_lock, flags);
	told = vgpu->snapshot.told;
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	return copy_to_user(buf, (u8 *)&told + offset, count) ? -EFAULT : count;
}

void gvt_snapshot_switch(struct gvt_vgpu *vgpu, bool on)
{
	struct gvt_snapshot *snap = &vgpu->snapshot;
	struct vfio_gfx_snapshot told;
	unsigned int i;

	mutex_lock(&snap->request_lock);
	if (on != snap->on) {
		WRITE_ONCE(snap->stop, true);
		flush_work(&snap->work);
		WRITE_ONCE(snap->stop, false);
		for (i = 0; i < GVT_SNAPSHOT_SLOTS; i++) {
			slot_resize(vgpu, i, 0); /* can't fail */
		}
		told = told_nothing(vgpu);
		tell(vgpu, &told);
		WRITE_ONCE(snap->on, on);
	}
	mutex_unlock(&snap->request_lock);
}

vm_fault_t gvt_snapshot_fault(struct vm_fault *vmf)
{
	struct gvt_vgpu *vgpu = vmf->vma->vm_private_data;
	unsigned long slot_pages = gvt_snapshot_slot_bytes(vgpu) >> PAGE_SHIFT;
	unsigned long index = vmf->pgoff - AREA_PGOFF;
	struct page *page = vgpu->blank_page;
	const struct gvt_slot *slot;
	vm_fault_t ret;

	if (index / slot_pages >= GVT_SNAPSHOT_SLOTS) {
		return VM_FAULT_SIGBUS;
	}
	slot = &vgpu->snapshot.slots[index / slot_pages];
	index %= slot_pages;
	mutex_lock(&vgpu->snapshot.pages_lock);
	if (index < slot->count) {
		page = slot->pages[index];
	}
	/* Set below the lock, so that it can't be a page that has just been given back. */
	ret = vmf_insert_page(vmf->vma, vmf->address, page);
	mutex_unlock(&vgpu->snapshot.pages_lock);
	return ret;
}

void gvt_snapshot_init(struct gvt_vgpu *vgpu)
{
	struct gvt_snapshot *snap = &vgpu->snapshot;

	mutex_init(&snap->request_lock);
	mutex_init(&snap->pages_lock);
	INIT_WORK(&snap->work, snapshot_work);
}

void gvt_snapshot_power_on(struct gvt_vgpu *vgpu)
{
	vgpu->snapshot.told = told_nothing(vgpu);
}
