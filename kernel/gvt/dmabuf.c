// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Planes as dma-bufs. A buffer is named by the whole decoded plane (place, size, stride, format)
 * and, in guest memory, by the addresses of its pages: as long as that is unchanged it keeps its id
 * and its one dma_buf; whatever changes gives a new id. Ids are never used again, because consumers
 * cache by them.
 *
 * A buffer on the list has an id that was told to somebody. Its dma_buf is a weak pointer, valid
 * while an fd (or an importer) holds it; when the last goes, buf_release() clears it. Without a
 * dma_buf only the most recent few are kept: a guest that flips between many places can't make the
 * list grow.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/slab.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "gvt.h"

/* Ids without an fd: enough for the planes between a query and its GET_GFX_DMABUF. */
#define IDLE_MAX 8

/* One importer's mapping, kept so that begin/end_cpu_access can reach it. */
struct buf_map {
	struct list_head link;
	struct device *dev;
	struct sg_table sgt;
	enum dma_data_direction dir;
};

static atomic_t last_id = ATOMIC_INIT(0);

static u32 new_id(void)
{
	u32 id;

	do {
		id = (u32)atomic_inc_return(&last_id);
	} while (id == 0);
	return id;
}

static struct sg_table *buf_map(struct dma_buf_attachment *at, enum dma_data_direction dir)
{
	struct gvt_buf *buf = at->dmabuf->priv;
	struct buf_map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	int err;

	if (!map) {
		return ERR_PTR(-ENOMEM);
	}
	err = sg_alloc_table_from_pages_segment(&map->sgt, buf->pages, buf->count, 0,
						buf->count << PAGE_SHIFT,
						dma_get_max_seg_size(at->dev), GFP_KERNEL);
	if (err) {
		goto free;
	}
	err = dma_map_sgtable(at->dev, &map->sgt, dir, 0);
	if (err) {
		goto free_table;
	}
	map->dev = at->dev;
	map->dir = dir;
	mutex_lock(&buf->maps_lock);
	list_add(&map->link, &buf->maps);
	mutex_unlock(&buf->maps_lock);
	return &map->sgt;
free_table:
	sg_free_table(&map->sgt);
free:
	kfree(map);
	return ERR_PTR(err);
}

static void buf_unmap(struct dma_buf_attachment *at, struct sg_table *sgt,
		      enum dma_data_direction dir)
{
	struct gvt_buf *buf = at->dmabuf->priv;
	struct buf_map *map = container_of(sgt, struct buf_map, sgt);

	mutex_lock(&buf->maps_lock);
	list_del(&map->link);
	mutex_unlock(&buf->maps_lock);
	dma_unmap_sgtable(at->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(map);
}

static int buf_begin_cpu(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct gvt_buf *buf = dmabuf->priv;
	struct buf_map *map;

	mutex_lock(&buf->maps_lock);
	list_for_each_entry(map, &buf->maps, link)
	{
		dma_sync_sgtable_for_cpu(map->dev, &map->sgt, map->dir);
	}
	mutex_unlock(&buf->maps_lock);
	return 0;
}

static int buf_end_cpu(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct gvt_buf *buf = dmabuf->priv;
	struct buf_map *map;

	mutex_lock(&buf->maps_lock);
	list_for_each_entry(map, &buf->maps, link)
	{
		dma_sync_sgtable_for_device(map->dev, &map->sgt, map->dir);
	}
	mutex_unlock(&buf->maps_lock);
	return 0;
}

static vm_fault_t buf_fault(struct vm_fault *vmf)
{
	struct gvt_buf *buf = vmf->vma->vm_private_data;

	if (vmf->pgoff >= buf->count) {
		return VM_FAULT_SIGBUS;
	}
	vmf->page = buf->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct buf_vm_ops = {
	.fault = buf_fault,
};

/* The mapping holds the dma_buf's file, so buf lives as long as it does. */
static int buf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct gvt_buf *buf = dmabuf->priv;

	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff > buf->count ||
	    vma_pages(vma) > buf->count - vma->vm_pgoff) {
		return -EINVAL;
	}
	/* DONTEXPAND is also what dma_buf_mmap() of importers asks for. */
	gvt_vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, 0);
	vma->vm_ops = &buf_vm_ops;
	vma->vm_private_data = buf;
	return 0;
}

static int buf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct gvt_buf *buf = dmabuf->priv;
	void *va = vmap(buf->pages, buf->count, VM_MAP, PAGE_KERNEL);

	if (!va) {
		return -ENOMEM;
	}
	iosys_map_set_vaddr(map, va);
	return 0;
}

static void buf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

static void buf_free(struct gvt_buf *buf)
{
	if (buf->mem->ops->forget) {
		buf->mem->ops->forget(buf->mem, buf);
	}
	list_del(&buf->link);
	kvfree(buf->iovas);
	kfree(buf);
}

void gvt_buf_forget(struct gvt_mem *mem, unsigned int keep)
{
	struct gvt_buf *buf, *next;

	list_for_each_entry_safe(buf, next, &mem->bufs, link)
	{
		if (buf->live > 0 || buf->keep > 0) {
			continue;
		}
		if (keep > 0 && !buf->stale) {
			keep--;
		} else {
			buf_free(buf);
		}
	}
}

/* One more who holds @buf. Under mem->lock. */
static int hold(struct gvt_buf *buf)
{
	int err = 0;

	if (buf->live == 0) {
		err = buf->mem->ops->get_pages(buf->mem, buf);
	}
	if (!err) {
		gvt_mem_get(buf->mem);
		buf->live++;
	}
	return err;
}

/* The pair of hold(). Under mem->lock; then the caller puts mem. */
static void unhold(struct gvt_buf *buf)
{
	struct gvt_mem *mem = buf->mem;

	buf->live--;
	if (buf->live == 0) {
		mem->ops->put_pages(mem, buf);
	}
	gvt_buf_forget(mem, IDLE_MAX);
}

void gvt_buf_drop(struct gvt_buf *buf)
{
	struct gvt_mem *mem = buf->mem;

	mutex_lock(&mem->lock);
	unhold(buf);
	mutex_unlock(&mem->lock);
	gvt_mem_put(mem);
}

static void buf_release(struct dma_buf *dmabuf)
{
	struct gvt_buf *buf = dmabuf->priv;
	struct gvt_mem *mem = buf->mem;

	mutex_lock(&mem->lock);
	if (buf->dmabuf == dmabuf) {
		buf->dmabuf = NULL;
	}
	unhold(buf);
	mutex_unlock(&mem->lock);
	gvt_mem_put(mem);
}

static const struct dma_buf_ops buf_ops = {
	.map_dma_buf = buf_map,
	.unmap_dma_buf = buf_unmap,
	.begin_cpu_access = buf_begin_cpu,
	.end_cpu_access = buf_end_cpu,
	.mmap = buf_mmap,
	.vmap = buf_vmap,
	.vunmap = buf_vunmap,
	.release = buf_release,
};

static void mem_release(struct kref *kref)
{
	struct gvt_mem *mem = container_of(kref, struct gvt_mem, kref);

	mutex_lock(&mem->lock);
	gvt_buf_forget(mem, 0);
	mutex_unlock(&mem->lock);
	WARN_ON(!list_empty(&mem->bufs));
	mem->ops->release(mem);
}

void gvt_mem_init(struct gvt_mem *mem, const struct gvt_mem_ops *ops)
{
	kref_init(&mem->kref);
	mem->ops = ops;
	mutex_init(&mem->lock);
	INIT_LIST_HEAD(&mem->bufs);
}

void gvt_mem_get(struct gvt_mem *mem)
{
	kref_get(&mem->kref);
}

void gvt_mem_put(struct gvt_mem *mem)
{
	kref_put(&mem->kref, mem_release);
}

static struct gvt_buf *buf_new(struct gvt_mem *mem, const struct gvt_plane *plane, u64 **iovas)
{
	struct gvt_buf *buf = kzalloc(sizeof(*buf), GFP_KERNEL);

	if (!buf) {
		return NULL;
	}
	buf->mem = mem;
	buf->plane = *plane;
	buf->count = gvt_plane_pages(plane);
	if (iovas) {
		buf->iovas = *iovas;
		*iovas = NULL;
	}
	buf->id = new_id();
	mutex_init(&buf->maps_lock);
	INIT_LIST_HEAD(&buf->maps);
	list_add(&buf->link, &mem->bufs);
	gvt_buf_forget(mem, IDLE_MAX);
	return buf;
}

static bool buf_is(const struct gvt_buf *buf, const struct gvt_plane *plane, u64 *const *iovas)
{
	return !buf->stale && gvt_plane_same_buffer(&buf->plane, plane) &&
	       (!iovas || memcmp(buf->iovas, *iovas, buf->count * sizeof(**iovas)) == 0);
}

struct gvt_buf *gvt_buf_get(struct gvt_mem *mem, const struct gvt_plane *plane, u64 **iovas)
{
	struct gvt_buf *buf;

	list_for_each_entry(buf, &mem->bufs, link)
	{
		if (buf_is(buf, plane, iovas)) {
			list_move(&buf->link, &mem->bufs);
			return buf;
		}
	}
	return buf_new(mem, plane, iovas);
}

/* The dma_buf of @buf with a reference for the caller. Under mem->lock. */
static struct dma_buf *buf_export(struct gvt_buf *buf)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	int err;

	/* Its release waits for mem->lock before it lets go of the memory. */
	if (buf->dmabuf && gvt_file_get_unless_dead(buf->dmabuf->file)) {
		return buf->dmabuf;
	}
	err = hold(buf);
	if (err) {
		return ERR_PTR(err);
	}
	info.ops = &buf_ops;
	info.size = buf->count << PAGE_SHIFT;
	/* Read-write: a buffer exported read-only can't be mapped shared by anybody. */
	info.flags = O_CLOEXEC | O_RDWR;
	info.priv = buf;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		struct gvt_mem *mem = buf->mem;

		unhold(buf);
		gvt_mem_put(mem); /* never the last one */
		return dmabuf;
	}
	buf->dmabuf = dmabuf;
	return dmabuf;
}

/* Under mem->lock. */
static struct gvt_buf *find(struct gvt_mem *mem, u32 id)
{
	struct gvt_buf *buf;

	list_for_each_entry(buf, &mem->bufs, link)
	{
		if (buf->id == id) {
			return buf;
		}
	}
	return NULL;
}

struct gvt_buf *gvt_buf_hold(struct gvt_mem *mem, u32 id)
{
	struct gvt_buf *buf;
	int err;

	mutex_lock(&mem->lock);
	buf = find(mem, id);
	err = buf ? hold(buf) : -ENOENT;
	mutex_unlock(&mem->lock);
	return err ? ERR_PTR(err) : buf;
}

int gvt_buf_fd(struct gvt_mem *mem, u32 id)
{
	struct dma_buf *dmabuf = ERR_PTR(-ENOENT);
	struct gvt_buf *buf;
	int fd;

	mutex_lock(&mem->lock);
	buf = find(mem, id);
	if (buf) {
		dmabuf = buf_export(buf);
	}
	mutex_unlock(&mem->lock);
	if (IS_ERR(dmabuf)) {
		return PTR_ERR(dmabuf);
	}
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0) {
		dma_buf_put(dmabuf);
	}
	return fd;
}
