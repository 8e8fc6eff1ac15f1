// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gvt.h"

static unsigned long memory_mib = 1024;
module_param(memory_mib, ulong, 0644);
MODULE_PARM_DESC(
	memory_mib,
	"MiB of video memory that all vGPUs together may have; available_instances follows");

/* A vGPU is charged in full when it is made: what a guest may touch later is then sure to be there.
 */
static DEFINE_SPINLOCK(charge_lock);
static u64 charged_bytes;

static u64 limit_bytes(void)
{
	unsigned long mib = READ_ONCE(memory_mib);

	return mib > (U64_MAX >> 20) ? U64_MAX : (u64)mib << 20;
}

u64 gvt_vram_left(void)
{
	u64 limit = limit_bytes();
	u64 used = READ_ONCE(charged_bytes);

	return used < limit ? limit - used : 0;
}

bool gvt_vram_charge(u64 bytes)
{
	bool ok;

	spin_lock(&charge_lock);
	ok = bytes <= gvt_vram_left();
	if (ok) {
		WRITE_ONCE(charged_bytes, charged_bytes + bytes);
	}
	spin_unlock(&charge_lock);
	return ok;
}

void gvt_vram_uncharge(u64 bytes)
{
	spin_lock(&charge_lock);
	WRITE_ONCE(charged_bytes, charged_bytes - bytes);
	spin_unlock(&charge_lock);
}

static struct gvt_vram *vram_of(struct gvt_mem *mem)
{
	return container_of(mem, struct gvt_vram, mem);
}

static int vram_get_pages(struct gvt_mem *mem, struct gvt_buf *buf)
{
	unsigned long first = buf->plane.offset_bytes >> PAGE_SHIFT;
	struct gvt_vram *vram = vram_of(mem);
	unsigned long i;

	for (i = first; i < first + buf->count; i++) {
		if (!gvt_vram_page(vram, i)) {
			return -ENOMEM;
		}
	}
	buf->pages = vram->pages + first;
	return 0;
}

/* The pages stay with the memory. */
static void vram_put_pages(struct gvt_mem *mem, struct gvt_buf *buf)
{
	buf->pages = NULL;
}

static void free_pages_of(struct gvt_vram *vram)
{
	unsigned long i;

	for (i = 0; vram->pages && i < vram->nr_pages; i++) {
		if (vram->pages[i]) {
			put_page(vram->pages[i]);
		}
		if (i % 4096 == 4095) {
			cond_resched();
		}
	}
	kvfree(vram->pages);
	vram->pages = NULL;
}

static void vram_release(struct gvt_mem *mem)
{
	struct gvt_vram *vram = vram_of(mem);

	free_pages_of(vram);
	gvt_vram_uncharge(vram->charged_bytes);
	kfree(vram);
}

static const struct gvt_mem_ops vram_ops = {
	.get_pages = vram_get_pages,
	.put_pages = vram_put_pages,
	.release = vram_release,
};

struct gvt_vram *gvt_vram_create(u64 bytes, u64 extra_bytes)
{
	struct gvt_vram *vram;

	if (!gvt_vram_charge(bytes + extra_bytes)) {
		return ERR_PTR(-ENOSPC);
	}
	vram = kzalloc(sizeof(*vram), GFP_KERNEL);
	if (!vram) {
		gvt_vram_uncharge(bytes + extra_bytes);
		return ERR_PTR(-ENOMEM);
	}
	gvt_mem_init(&vram->mem, &vram_ops);
	vram->bytes = bytes;
	vram->charged_bytes = bytes + extra_bytes;
	vram->nr_pages = bytes >> PAGE_SHIFT;
	return vram;
}

int gvt_vram_ready(struct gvt_vram *vram)
{
	if (!vram->pages) {
		vram->pages = kvcalloc(vram->nr_pages, sizeof(*vram->pages), GFP_KERNEL_ACCOUNT);
	}
	return vram->pages ? 0 : -ENOMEM;
}

bool gvt_vram_clear(struct gvt_vram *vram)
{
	if (kref_read(&vram->mem.kref) != 1) {
		return false;
	}
	mutex_lock(&vram->mem.lock);
	gvt_buf_forget(&vram->mem, 0);
	mutex_unlock(&vram->mem.lock);
	free_pages_of(vram);
	return true;
}

struct page *gvt_vram_page(struct gvt_vram *vram, unsigned long index)
{
	struct page *page = READ_ONCE(vram->pages[index]);
	struct page *other;

	if (page) {
		return page;
	}
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!page) {
		return NULL;
	}
	other = cmpxchg(&vram->pages[index], NULL, page);
	if (other) {
		put_page(page);
		return other;
	}
	return page;
}

u32 gvt_vram_buf_id(struct gvt_vram *vram, const struct gvt_plane *plane)
{
	struct gvt_buf *buf;
	u32 id;

	mutex_lock(&vram->mem.lock);
	buf = gvt_buf_get(&vram->mem, plane, NULL);
	id = buf ? buf->id : 0;
	mutex_unlock(&vram->mem.lock);
	return id;
}

int gvt_vram_read(struct gvt_vram *vram, u64 offset, char __user *to, size_t count)
{
	while (count > 0) {
		struct page *page = READ_ONCE(vram->pages[offset >> PAGE_SHIFT]);
		size_t at = offset_in_page(offset);
		size_t n = min_t(size_t, count, PAGE_SIZE - at);
		unsigned long failed;

		if (page) {
			void *from = kmap_local_page(page);

			failed = copy_to_user(to, from + at, n);
			kunmap_local(from);
		} else {
			failed = clear_user(to, n);
		}
		if (failed) {
			return -EFAULT;
		}
		offset += n;
		to += n;
		count -= n;
	}
	return 0;
}

int gvt_vram_write(struct gvt_vram *vram, u64 offset, const char __user *from, size_t count)
{
	while (count > 0) {
		struct page *page = gvt_vram_page(vram, offset >> PAGE_SHIFT);
		size_t at = offset_in_page(offset);
		size_t n = min_t(size_t, count, PAGE_SIZE - at);
		unsigned long failed;
		void *to;

		if (!page) {
			return -ENOMEM;
		}
		to = kmap_local_page(page);
		failed = copy_from_user(to + at, from, n);
		kunmap_local(to);
		if (failed) {
			return -EFAULT;
		}
		offset += n;
		from += n;
		count -= n;
	}
	return 0;
}
