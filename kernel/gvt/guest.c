// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Planes that lie in the guest's memory. A page is pinned through vfio while its buffer is shown or
 * somebody has a dma-buf of it, and no longer than the user's mapping and the open device; a dma-buf
 * that outlives these keeps references of its own on the pages, so what it shows stays memory of the
 * guest that was, never of somebody else.
 *
 * vfio_pin_pages() and vfio_unpin_pages() take the container's lock; the container calls
 * gvt_guest_unmap() with its list of devices locked, and locks that list under the first where a
 * device is opened. So unmap must neither unpin by itself nor wait for ever for mem->lock, which is
 * held while pinning: a worker unpins, unmap waits for it a while, gives up, and is called again by
 * the container. Pins are made in chunks with the lock let go in between, so the wait is short.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "gvt.h"

#define CHUNK		512 /* the most that vfio_pin_pages() takes */
#define UNMAP_MS	200 /* for either wait; the container gives up after ten calls */
#define RETRY_JIFFIES	HZ  /* until a pin that failed is tried again */
#define PROT		(IOMMU_READ | IOMMU_WRITE)

static struct gvt_guest *guest_of(struct gvt_mem *mem)
{
	return container_of(mem, struct gvt_guest, mem);
}

/* How many pages from @from lie at consecutive addresses, at most CHUNK. */
static unsigned long run_length(const struct gvt_buf *buf, unsigned long from, unsigned long end)
{
	unsigned long n = 1;

	while (n < CHUNK && from + n < end &&
	       buf->iovas[from + n] == buf->iovas[from] + n * PAGE_SIZE) {
		n++;
	}
	return n;
}

/* Under mem->lock. */
static void unpin(struct gvt_guest *guest, struct gvt_buf *buf)
{
	unsigned long i, n;

	for (i = 0; i < buf->pinned; i += n) {
		n = run_length(buf, i, buf->pinned);
		vfio_unpin_pages(guest->vdev, buf->iovas[i], n);
	}
	buf->pinned = 0;
	if (buf->live == 0) {
		kvfree(buf->pages);
		buf->pages = NULL;
	}
}

/* One run of pages. Pages of devices aren't memory that a picture could be in. Under mem->lock. */
static int pin_run(struct gvt_guest *guest, struct gvt_buf *buf)
{
	unsigned long from = buf->pinned;
	unsigned long n = run_length(buf, from, buf->count);
	unsigned long i;
	int ret;

	ret = vfio_pin_pages(guest->vdev, buf->iovas[from], n, PROT, buf->pages + from);
	if (ret < 0) {
		return ret;
	}
	for (i = from; i < from + ret; i++) {
		if (PageReserved(buf->pages[i])) {
			vfio_unpin_pages(guest->vdev, buf->iovas[from], ret);
			return -EINVAL;
		}
	}
	buf->pinned += ret;
	return 0;
}

/*
 * All pages of @buf, or none. Lets go of mem->lock in between, and takes it again; the caller made
 * sure that @buf stays (keep) and that nobody else pins (show_lock).
 */
static int pin(struct gvt_guest *guest, struct gvt_buf *buf)
{
	int err = 0;

	if (buf->pinned == buf->count) {
		return 0;
	}
	if (!buf->pages) {
		buf->pages = kvcalloc(buf->count, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
		if (!buf->pages) {
			return -ENOMEM;
		}
	}
	while (!err && buf->pinned < buf->count) {
		err = pin_run(guest, buf);
		mutex_unlock(&guest->mem.lock);
		cond_resched();
		mutex_lock(&guest->mem.lock);
		if (buf->stale || !guest->vdev) {
			err = -EFAULT;
		}
	}
	if (err && guest->vdev) {
		unpin(guest, buf);
	}
	return err;
}

static int guest_get_pages(struct gvt_mem *mem, struct gvt_buf *buf)
{
	unsigned long i;

	if (!buf->pages || buf->pinned < buf->count) {
		return -ENOENT; /* not shown any more: whoever wants it asks what is */
	}
	for (i = 0; i < buf->count; i++) {
		get_page(buf->pages[i]);
	}
	return 0;
}

static void drop_pages(struct gvt_buf *buf)
{
	unsigned long i;

	for (i = 0; i < buf->count; i++) {
		put_page(buf->pages[i]);
	}
}

static void guest_put_pages(struct gvt_mem *mem, struct gvt_buf *buf)
{
	struct gvt_guest *guest = guest_of(mem);

	drop_pages(buf);
	if (buf->pinned == 0 || buf->keep == 0) {
		unpin(guest, buf);
	}
}

static void guest_forget(struct gvt_mem *mem, struct gvt_buf *buf)
{
	unpin(guest_of(mem), buf);
}

static void guest_release(struct gvt_mem *mem)
{
	kfree(guest_of(mem));
}

static const struct gvt_mem_ops guest_ops = {
	.get_pages = guest_get_pages,
	.put_pages = guest_put_pages,
	.forget = guest_forget,
	.release = guest_release,
};

static void unmap_work(struct work_struct *work)
{
	struct gvt_guest *guest = container_of(work, struct gvt_guest, unmap_work);
	struct gvt_buf *buf;

	mutex_lock(&guest->mem.lock);
	list_for_each_entry(buf, &guest->mem.bufs, link)
	{
		if (buf->stale) {
			unpin(guest, buf);
		}
	}
	guest->unmapping = false;
	mutex_unlock(&guest->mem.lock);
	wake_up_all(&guest->unmapped);
}

struct gvt_guest *gvt_guest_create(struct vfio_device *vdev)
{
	struct gvt_guest *guest = kzalloc(sizeof(*guest), GFP_KERNEL_ACCOUNT);

	if (guest) {
		gvt_mem_init(&guest->mem, &guest_ops);
		mutex_init(&guest->show_lock);
		INIT_WORK(&guest->unmap_work, unmap_work);
		init_waitqueue_head(&guest->unmapped);
		guest->vdev = vdev;
	}
	return guest;
}

/* Under mem->lock. */
static void hide(struct gvt_guest *guest, unsigned int which)
{
	struct gvt_buf *buf = guest->shown[which];

	if (!buf) {
		return;
	}
	guest->shown[which] = NULL;
	buf->keep--;
	if (buf->keep == 0 && buf->live == 0) {
		unpin(guest, buf);
	}
}

void gvt_guest_hide(struct gvt_guest *guest, unsigned int which)
{
	mutex_lock(&guest->mem.lock);
	hide(guest, which);
	mutex_unlock(&guest->mem.lock);
}

void gvt_guest_close(struct gvt_guest *guest)
{
	struct gvt_buf *buf;
	unsigned int i;

	if (!guest) {
		return;
	}
	cancel_work_sync(&guest->unmap_work);
	mutex_lock(&guest->mem.lock);
	for (i = 0; i < GVT_GUEST_PLANES; i++) {
		hide(guest, i);
	}
	list_for_each_entry(buf, &guest->mem.bufs, link)
	{
		unpin(guest, buf);
	}
	guest->vdev = NULL;
	mutex_unlock(&guest->mem.lock);
	gvt_mem_put(&guest->mem);
}

static enum gvt_off_reason reason(int err)
{
	/* vfio says so when the user's limit on locked memory would be passed. */
	return err == -ENOMEM ? GVT_OFF_LOCKED_MEMORY : GVT_OFF_BAD_ADDRESS;
}

u32 gvt_guest_show(struct gvt_guest *guest, unsigned int which, const struct gvt_plane *plane,
		   u64 *iovas, enum gvt_off_reason *why)
{
	struct gvt_buf *buf;
	u32 id = 0;
	int err;

	mutex_lock(&guest->show_lock);
	mutex_lock(&guest->mem.lock);
	buf = gvt_buf_get(&guest->mem, plane, &iovas);
	if (!buf) {
		*why = GVT_OFF_NO_MEMORY;
		goto unlock;
	}
	if (buf->pin_err && time_before(jiffies, buf->pin_err_jiffies + RETRY_JIFFIES)) {
		*why = reason(buf->pin_err);
		hide(guest, which);
		goto unlock;
	}
	buf->keep++; /* for guest->shown, and while pin() lets go of the lock */
	err = pin(guest, buf);
	buf->pin_err = err;
	buf->pin_err_jiffies = jiffies;
	hide(guest, which);
	if (err) {
		buf->keep--;
		*why = reason(err);
		goto unlock;
	}
	guest->shown[which] = buf;
	id = buf->id;
unlock:
	mutex_unlock(&guest->mem.lock);
	mutex_unlock(&guest->show_lock);
	kvfree(iovas);
	return id;
}

static bool overlaps(const struct gvt_buf *buf, u64 iova, u64 length)
{
	unsigned long i;

	for (i = 0; i < buf->count; i++) {
		if (buf->iovas[i] >= iova && buf->iovas[i] - iova < length) {
			return true;
		}
	}
	return false;
}

void gvt_guest_unmap(struct gvt_guest *guest, u64 iova, u64 length)
{
	struct gvt_buf *buf;
	unsigned int tries = 0;
	bool pinned = false;

	while (!mutex_trylock(&guest->mem.lock)) {
		if (++tries > UNMAP_MS) {
			return;
		}
		usleep_range(1000, 1500);
	}
	list_for_each_entry(buf, &guest->mem.bufs, link)
	{
		if (overlaps(buf, iova, length)) {
			/* Whatever is mapped there next, it isn't what this buffer showed. */
			buf->stale = true;
			pinned |= buf->pinned > 0;
		}
	}
	guest->unmapping = guest->unmapping || pinned;
	mutex_unlock(&guest->mem.lock);
	if (pinned) {
		queue_work(system_unbound_wq, &guest->unmap_work);
		wait_event_timeout(guest->unmapped, !READ_ONCE(guest->unmapping),
				   msecs_to_jiffies(UNMAP_MS));
	}
}
