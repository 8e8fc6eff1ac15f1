// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be mapped (BAR0, the status page, snapshots, the framebuffer region), and how writes are noticed.
 *
 * Tracking. The pages of BAR0 are ours and get into page tables only through our fault handler, in
 * mappings that have a page_mkwrite: the memory manager then maps a page read-only until
 * page_mkwrite has been asked about the first write. That is the whole mark: "this page may be
 * dirty from now on". To hear of the next write, a harvest takes the page out of every page table
 * that has it: the MMU notifiers tell KVM, which drops its nested (NPT/EPT) entries, and the
 * guest's next write faults its way back to page_mkwrite. Who doesn't ask for damage pays one such
 * fault per page and open device, and nothing after.
 *
 * No write may fall between the two. page_mkwrite returns with the page locked, and the memory
 * manager unlocks it when the writable entry is in place. So a harvest first takes the dirty marks,
 * then waits for the lock of each page it took, then unmaps: any entry that belongs to a mark it
 * took is then in place to be removed, and any later page_mkwrite leaves a mark for the next
 * harvest.
 *
 * Which page tables? unmap_mapping_range() finds them by the address space of the file that is
 * mapped, and all vfio files of the host share one. So a mapping of ours is moved to a file of its
 * own whose address space belongs to this device alone; that file holds the vfio file, as the
 * mapping would have.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/pagemap.h>

#include "compat.h"
#include "gvt.h"

#define PGOFF_SHIFT (GVT_REGION_SHIFT - PAGE_SHIFT)
#define PGOFF_MASK  ((1UL << PGOFF_SHIFT) - 1)

static vm_fault_t vram_fault(struct vm_fault *vmf)
{
	struct gvt_vgpu *vgpu = vmf->vma->vm_private_data;
	unsigned long index = vmf->pgoff & PGOFF_MASK;
	struct page *page;
	u64 offset;

	gvt_region_map(vgpu, VFIO_PCI_BAR0_REGION_INDEX, &offset);
	index -= offset >> PAGE_SHIFT;
	if (index >= vgpu->vram->nr_pages) {
		return VM_FAULT_SIGBUS;
	}
	page = gvt_vram_page(vgpu->vram, index);
	if (!page) {
		return VM_FAULT_OOM;
	}
	get_page(page);
	vmf->page = page;
	return 0;
}

static vm_fault_t vram_mkwrite(struct vm_fault *vmf)
{
	struct gvt_vgpu *vgpu = vmf->vma->vm_private_data;

	lock_page(vmf->page);
	gvt_track_page(vgpu, vmf->pgoff & PGOFF_MASK);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct vram_vm_ops = {
	.fault = vram_fault,
	.page_mkwrite = vram_mkwrite,
};

static const struct vm_operations_struct untracked_vm_ops = {
	.fault = vram_fault,
};

static vm_fault_t status_fault(struct vm_fault *vmf)
{
	struct gvt_vgpu *vgpu = vmf->vma->vm_private_data;

	if ((vmf->pgoff & PGOFF_MASK) != 0) {
		return VM_FAULT_SIGBUS;
	}
	get_page(vgpu->status_page);
	vmf->page = vgpu->status_page;
	return 0;
}

static const struct vm_operations_struct status_vm_ops = {
	.fault = status_fault,
};

/*
 * The entry is set under fb_lock, so that it can't be one of the plane before the last flip. Behind
 * the plane's end there is a blank page instead of SIGBUS: a viewer that still reads with the size
 * of a larger mode must not die of it.
 */
static vm_fault_t fb_fault(struct vm_fault *vmf)
{
	struct gvt_vgpu *vgpu = vmf->vma->vm_private_data;
	unsigned long index = vmf->pgoff & PGOFF_MASK;
	struct page *page = vgpu->blank_page;
	vm_fault_t ret;

	mutex_lock(&vgpu->fb_lock);
	if (index < vgpu->fb_plane.size_bytes >> PAGE_SHIFT) {
		page = gvt_vram_page(vgpu->vram,
				     (vgpu->fb_plane.offset_bytes >> PAGE_SHIFT) + index);
	}
	ret = page ? vmf_insert_page(vmf->vma, vmf->address, page) : VM_FAULT_OOM;
	mutex_unlock(&vgpu->fb_lock);
	return ret;
}

static const struct vm_operations_struct fb_vm_ops = {
	.fault = fb_fault,
};

static const struct vm_operations_struct snapshot_vm_ops = {
	.fault = gvt_snapshot_fault,
};

static int map_release(struct inode *inode, struct file *file)
{
	fput(file->private_data);
	return 0;
}

static const struct file_operations map_fops = {
	.owner = THIS_MODULE,
	.release = map_release,
};

/* The device's own address space, made by the first who maps anything. */
static struct inode *map_inode(struct gvt_vgpu *vgpu, struct file *vfio_file)
{
	struct inode *inode = READ_ONCE(vgpu->inode);
	struct inode *other;

	if (inode) {
		return inode;
	}
	inode = alloc_anon_inode(file_inode(vfio_file)->i_sb);
	if (IS_ERR(inode)) {
		return inode;
	}
	other = cmpxchg(&vgpu->inode, NULL, inode);
	if (other) {
		iput(inode);
		return other;
	}
	return inode;
}

static int map_move(struct gvt_vgpu *vgpu, struct vm_area_struct *vma)
{
	struct inode *inode = map_inode(vgpu, vma->vm_file);
	struct file *file;

	if (IS_ERR(inode)) {
		return PTR_ERR(inode);
	}
	file = anon_inode_getfile("[oriel-gvt]", &map_fops, get_file(vma->vm_file), O_RDWR);
	if (IS_ERR(file)) {
		fput(vma->vm_file);
		return PTR_ERR(file);
	}
	file->f_mapping = inode->i_mapping;
	vma_set_file(vma, file);
	fput(file);
	return 0;
}

int gvt_map(struct gvt_vgpu *vgpu, struct vm_area_struct *vma)
{
	unsigned int index = vma->vm_pgoff >> PGOFF_SHIFT;
	unsigned long first = vma->vm_pgoff & PGOFF_MASK;
	const struct vm_operations_struct *ops;
	unsigned long set = VM_DONTEXPAND | VM_DONTDUMP;
	bool read_only = true;
	u64 offset, size;
	int err;

	if (index == GVT_REGION_GFX && first >= GVT_GFX_AREA >> PAGE_SHIFT) {
		offset = GVT_GFX_AREA;
		size = gvt_snapshot_area_bytes(vgpu) >> PAGE_SHIFT;
	} else {
		size = gvt_region_map(vgpu, index, &offset) >> PAGE_SHIFT;
	}
	offset >>= PAGE_SHIFT;
	if (first < offset || first - offset >= size || vma_pages(vma) > size - (first - offset) ||
	    !(vma->vm_flags & VM_SHARED)) {
		return -EINVAL;
	}
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX:
		ops = gvt_track_damage_size(vgpu) ? &vram_vm_ops : &untracked_vm_ops;
		read_only = false;
		break;
	case GVT_REGION_GFX:
		if (offset == 0) {
			ops = &status_vm_ops;
			break;
		}
		ops = &snapshot_vm_ops;
		set |= VM_MIXEDMAP;
		break;
	default:
		ops = &fb_vm_ops;
		/* vmf_insert_page() asks for it. */
		set |= VM_MIXEDMAP;
		break;
	}
	if (read_only && (vma->vm_flags & VM_WRITE)) {
		return -EPERM;
	}
	err = map_move(vgpu, vma);
	if (err) {
		return err;
	}
	gvt_vm_flags_mod(vma, set, read_only ? VM_MAYWRITE : 0);
	vma->vm_ops = ops;
	vma->vm_private_data = vgpu;
	return 0;
}

/* The last mapping went before: each holds the vfio file. */
void gvt_map_close(struct gvt_vgpu *vgpu)
{
	if (vgpu->inode) {
		iput(vgpu->inode);
		vgpu->inode = NULL;
	}
}

void gvt_map_protect(struct gvt_vgpu *vgpu, unsigned long first, unsigned long count)
{
	struct inode *inode = READ_ONCE(vgpu->inode);
	unsigned long i;

	if (!inode) {
		return;
	}
	for (i = first; i < first + count; i++) {
		struct page *page = READ_ONCE(vgpu->vram->pages[i]);

		if (page) {
			wait_on_page_locked(page);
		}
	}
	unmap_mapping_range(inode->i_mapping, (loff_t)first << PAGE_SHIFT,
			    (loff_t)count << PAGE_SHIFT, 1);
}

void gvt_map_fb_show(struct gvt_vgpu *vgpu, const struct gvt_plane *plane)
{
	struct inode *inode;

	mutex_lock(&vgpu->fb_lock);
	if (!gvt_plane_same_buffer(&vgpu->fb_plane, plane)) {
		vgpu->fb_plane = *plane;
		inode = READ_ONCE(vgpu->inode);
		if (inode) {
			unmap_mapping_range(inode->i_mapping,
					    (loff_t)GVT_REGION_FB << GVT_REGION_SHIFT,
					    vgpu->vram->bytes, 1);
		}
	}
	mutex_unlock(&vgpu->fb_lock);
}
