// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gvt.h"

/* The monitor of a vGPU that nobody gave an EDID. */
#define DEFAULT_WIDTH  1280
#define DEFAULT_HEIGHT 800

static int vgpu_init(struct vfio_device *vdev)
{
	struct gvt_vgpu *vgpu = gvt_vgpu_of(vdev);
	int err = -ENOMEM;

	vgpu->type = gvt_type_of(to_mdev_device(vdev->dev)->type);
	mutex_init(&vgpu->lock);
	mutex_init(&vgpu->fb_lock);
	spin_lock_init(&vgpu->state_lock);
	gvt_irq_init(vgpu);
	gvt_snapshot_init(vgpu);
	vgpu->status_page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	vgpu->blank_page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!vgpu->status_page || !vgpu->blank_page) {
		goto free_pages;
	}
	vgpu->vram = gvt_vram_create(vgpu->type->vram_bytes, vgpu->type->extra_bytes);
	if (IS_ERR(vgpu->vram)) {
		err = PTR_ERR(vgpu->vram);
		goto free_pages;
	}
	err = vgpu->type->model->init(vgpu);
	if (err) {
		goto free_vram;
	}
	return 0;
free_vram:
	gvt_mem_put(&vgpu->vram->mem);
free_pages:
	if (vgpu->status_page) {
		__free_page(vgpu->status_page);
	}
	if (vgpu->blank_page) {
		__free_page(vgpu->blank_page);
	}
	return err;
}

static void vgpu_release(struct vfio_device *vdev)
{
	struct gvt_vgpu *vgpu = gvt_vgpu_of(vdev);

	vgpu->type->model->release(vgpu);
	if (vgpu->vram) {
		gvt_mem_put(&vgpu->vram->mem);
	}
	put_page(vgpu->status_page);
	put_page(vgpu->blank_page);
	gvt_vfio_released(vdev);
}

/* The monitor that is there before anybody sets one. */
static void default_monitor(struct gvt_vgpu *vgpu)
{
	struct gvt_edid_params monitor = {.width_px = DEFAULT_WIDTH, .height_px = DEFAULT_HEIGHT};

	memset(&vgpu->edid, 0, sizeof(vgpu->edid));
	memset(vgpu->edid_blob, 0, sizeof(vgpu->edid_blob));
	vgpu->edid.edid_offset = GVT_EDID_OFFSET;
	vgpu->edid.edid_max_size = GVT_EDID_ROOM;
	vgpu->edid.link_state = VFIO_DEVICE_GFX_LINK_STATE_UP;
	vgpu->type->model->max_mode(vgpu->type, &vgpu->edid.max_xres, &vgpu->edid.max_yres);
	if (vgpu->edid.max_xres < monitor.width_px) {
		monitor.width_px = vgpu->edid.max_xres;
		monitor.height_px = vgpu->edid.max_yres;
	}
	monitor.max_width_px = vgpu->edid.max_xres;
	monitor.max_height_px = vgpu->edid.max_yres;
	vgpu->edid.edid_size = gvt_edid_build(&monitor, vgpu->edid_blob, sizeof(vgpu->edid_blob));
}

/* The device as after power on, for a new user. Under lock. */
static void power_on(struct gvt_vgpu *vgpu)
{
	const struct gvt_model_ops *model = vgpu->type->model;

	model->power_on(vgpu);
	default_monitor(vgpu);
	vgpu->source = false;
	vgpu->status = (struct vfio_gfx_status){
		.magic = VFIO_GFX_MAGIC,
		.version = VFIO_GFX_VERSION,
		.size = sizeof(vgpu->status),
		.caps = model->caps | VFIO_GFX_CAP_SNAPSHOT,
		.irq_index = GVT_IRQ_DISPLAY,
		.control_offset = GVT_GFX_CONTROL,
		.damage_offset = model->caps & VFIO_GFX_CAP_DAMAGE ? GVT_GFX_DAMAGE : 0,
		.damage_size = gvt_track_damage_size(vgpu),
		.pages_offset = model->caps & VFIO_GFX_CAP_PAGES ? GVT_GFX_PAGES : 0,
		.heads = 1,
		.snapshot_offset = GVT_GFX_SNAPSHOT,
		.hold_offset = model->caps & VFIO_GFX_CAP_HOLD ? GVT_GFX_HOLD : 0,
		.hold_max_ms = model->caps & VFIO_GFX_CAP_HOLD ?
				       GVT_SKL_HOLD_MAX_NS / NSEC_PER_MSEC : 0,
	};
	gvt_snapshot_power_on(vgpu);
	model->set_monitor(vgpu, vgpu->edid_blob, vgpu->edid.edid_size);
	model->changed(vgpu);
}

static int vgpu_open(struct vfio_device *vdev)
{
	struct gvt_vgpu *vgpu = gvt_vgpu_of(vdev);
	struct gvt_vram *vram;
	int err;

	if (!vgpu->vram) {
		vram = gvt_vram_create(vgpu->type->vram_bytes, vgpu->type->extra_bytes);
		if (IS_ERR(vram)) {
			return PTR_ERR(vram);
		}
		vgpu->vram = vram;
	}
	err = gvt_vram_ready(vgpu->vram);
	if (!err && vgpu->type->model->open) {
		err = vgpu->type->model->open(vgpu);
	}
	if (err) {
		return err;
	}
	mutex_lock(&vgpu->lock);
	power_on(vgpu);
	mutex_unlock(&vgpu->lock);
	return 0;
}

static void vgpu_close(struct vfio_device *vdev)
{
	struct gvt_vgpu *vgpu = gvt_vgpu_of(vdev);
	struct gvt_vram *vram;

	gvt_snapshot_switch(vgpu, false);
	gvt_irq_close(vgpu);
	vgpu->type->model->close(vgpu);
	gvt_track_stop(vgpu);
	gvt_map_close(vgpu);
	if (gvt_vram_clear(vgpu->vram)) {
		return;
	}
	/*
	 * Somebody still has a dma-buf of what this user saw; the next one must not draw into it.
	 * The old memory stays charged until the last fd goes. If there is no room for a second
	 * one meanwhile, the next open tries again.
	 */
	gvt_mem_put(&vgpu->vram->mem);
	vram = gvt_vram_create(vgpu->type->vram_bytes, vgpu->type->extra_bytes);
	vgpu->vram = IS_ERR(vram) ? NULL : vram;
}

static int device_info(struct gvt_vgpu *vgpu, void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, arg, minsz)) {
		return -EFAULT;
	}
	if (info.argsz < minsz) {
		return -EINVAL;
	}
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = GVT_NUM_REGIONS;
	info.num_irqs = GVT_NUM_IRQS;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static int query_plane(struct gvt_vgpu *vgpu, void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_device_gfx_plane_info, dmabuf_id);
	u32 offer = vgpu->type->offer == GVT_OFFER_REGION ? VFIO_GFX_PLANE_TYPE_REGION
							  : VFIO_GFX_PLANE_TYPE_DMABUF;
	struct vfio_device_gfx_plane_info info = {};
	int err;

	if (copy_from_user(&info, arg, minsz)) {
		return -EFAULT;
	}
	if (info.argsz < minsz) {
		return -EINVAL;
	}
	if (info.flags == (VFIO_GFX_PLANE_TYPE_PROBE | offer)) {
		return 0;
	}
	if (info.flags != offer) {
		return -EINVAL;
	}
	err = gvt_display_query(vgpu, &info);
	if (err) {
		return err;
	}
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static int get_dmabuf(struct gvt_vgpu *vgpu, void __user *arg)
{
	u32 id;

	if (vgpu->type->offer != GVT_OFFER_DMABUF) {
		return -EINVAL;
	}
	if (get_user(id, (u32 __user *)arg)) {
		return -EFAULT;
	}
	return gvt_buf_fd(vgpu->guest ? &vgpu->guest->mem : &vgpu->vram->mem, id);
}

static int reset(struct gvt_vgpu *vgpu)
{
	mutex_lock(&vgpu->lock);
	vgpu->type->model->reset(vgpu);
	vgpu->type->model->changed(vgpu);
	mutex_unlock(&vgpu->lock);
	return 0;
}

static long vgpu_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct gvt_vgpu *vgpu = gvt_vgpu_of(vdev);
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return device_info(vgpu, user);
	case VFIO_DEVICE_GET_REGION_INFO:
		return gvt_region_info(vgpu, user);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return gvt_irq_info(vgpu, user);
	case VFIO_DEVICE_SET_IRQS:
		return gvt_irq_set(vgpu, user);
	case VFIO_DEVICE_RESET:
		return reset(vgpu);
	case VFIO_DEVICE_QUERY_GFX_PLANE:
		return query_plane(vgpu, user);
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return get_dmabuf(vgpu, user);
	default:
		return -ENOTTY;
	}
}

static ssize_t vgpu_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	return gvt_region_read(gvt_vgpu_of(vdev), buf, count, ppos);
}

static ssize_t vgpu_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			  loff_t *ppos)
{
	return gvt_region_write(gvt_vgpu_of(vdev), buf, count, ppos);
}

static int vgpu_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	return gvt_map(gvt_vgpu_of(vdev), vma);
}

/* Somebody wants the device removed, or the module: ask the user to let go. */
static void vgpu_request(struct vfio_device *vdev, unsigned int count)
{
	gvt_irq_request(gvt_vgpu_of(vdev));
}

static void vgpu_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct gvt_vgpu *vgpu = gvt_vgpu_of(vdev);

	if (vgpu->guest) {
		gvt_guest_unmap(vgpu->guest, iova, length);
	}
}

const struct vfio_device_ops gvt_vgpu_ops = {.name = "oriel_gvt",
					     .init = vgpu_init,
					     .release = vgpu_release,
					     .open_device = vgpu_open,
					     .close_device = vgpu_close,
					     .read = vgpu_read,
					     .write = vgpu_write,
					     .ioctl = vgpu_ioctl,
					     .mmap = vgpu_mmap,
					     .request = vgpu_request,
					     .dma_unmap = vgpu_dma_unmap,
					     GVT_IOMMUFD_OPS};
