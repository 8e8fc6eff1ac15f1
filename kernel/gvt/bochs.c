// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Bochs display as a vGPU: video memory of our own in BAR0, mapped straight into the guest and
 * tracked there; registers in BAR2, under vgpu->lock.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gvt.h"

static void decode(struct gvt_vgpu *vgpu, struct gvt_plane *plane)
{
	unsigned long head;

	gvt_bochs_plane(&vgpu->bochs, plane);
	/* Buffers are of whole pages; a picture that begins within one ends within another. */
	head = offset_in_page(plane->offset_bytes);
	if (plane->drm_format != 0 && head != 0) {
		plane->size_bytes = min_t(u64, PAGE_ALIGN(plane->size_bytes + head),
					  vgpu->type->vram_bytes - (plane->offset_bytes - head));
	}
	gvt_display_limit(vgpu, plane);
}

static void bochs_changed(struct gvt_vgpu *vgpu)
{
	struct gvt_plane plane;
	unsigned long flags;

	decode(vgpu, &plane);
	if (vgpu->type->offer == GVT_OFFER_REGION) {
		gvt_map_fb_show(vgpu, &plane);
	}
	spin_lock_irqsave(&vgpu->state_lock, flags);
	gvt_display_flip(vgpu, &plane, &vgpu->bochs.vblank, ktime_get_ns());
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

/* GVT_BOCHS_* events have happened. Under lock. */
static void act(struct gvt_vgpu *vgpu, unsigned int events)
{
	if (events & GVT_BOCHS_CHANGED) {
		bochs_changed(vgpu);
	}
	/* Who polls settles by asking; only a listener needs somebody to look after a frame. */
	if ((events & GVT_BOCHS_PENDING) && gvt_irq_wanted(vgpu)) {
		schedule_delayed_work(&vgpu->settle,
				      nsecs_to_jiffies(vgpu->bochs.vblank.period_ns) + 1);
	}
}

static void settle_work(struct work_struct *work)
{
	struct gvt_vgpu *vgpu = container_of(to_delayed_work(work), struct gvt_vgpu, settle);

	mutex_lock(&vgpu->lock);
	act(vgpu, gvt_bochs_settle(&vgpu->bochs, ktime_get_ns()));
	mutex_unlock(&vgpu->lock);
}

static int bochs_init(struct gvt_vgpu *vgpu)
{
	INIT_DELAYED_WORK(&vgpu->settle, settle_work);
	return 0;
}

static void bochs_release(struct gvt_vgpu *vgpu)
{
}

static void bochs_max_mode(const struct gvt_type *type, u32 *width, u32 *height)
{
	gvt_bochs_max_mode(type->vram_bytes, width, height);
}

static void bochs_power_on(struct gvt_vgpu *vgpu)
{
	static const struct gvt_pci_ids ids = {
		.vendor = GVT_BOCHS_PCI_VENDOR,
		.device = GVT_BOCHS_PCI_DEVICE,
		.subvendor = GVT_BOCHS_PCI_SUBVENDOR,
		.subdevice = GVT_BOCHS_PCI_SUBDEVICE,
		.class_code = GVT_BOCHS_PCI_CLASS,
		.revision = GVT_BOCHS_PCI_REVISION,
	};

	gvt_bochs_init(&vgpu->bochs, vgpu->type->vram_bytes, ktime_get_ns());
	gvt_pci_init(&vgpu->pci, &ids);
	gvt_pci_add_bar(&vgpu->pci, 0, vgpu->type->vram_bytes, GVT_PCI_BAR_PREFETCH);
	gvt_pci_add_bar(&vgpu->pci, 2, GVT_BOCHS_MMIO_SIZE, 0);
	gvt_plane_off(&vgpu->fb_plane, GVT_OFF_NEVER_SET);
}

/* The guest's driver reads it when it loads; a link that is down takes nothing away from it. */
static void bochs_set_monitor(struct gvt_vgpu *vgpu, const u8 *edid, size_t size)
{
	struct gvt_edid_mode mode;

	if (vgpu->edid.link_state != VFIO_DEVICE_GFX_LINK_STATE_UP) {
		return;
	}
	if (size > 0 && gvt_edid_preferred(edid, size, &mode)) {
		gvt_bochs_set_refresh(&vgpu->bochs, mode.refresh_mhz, ktime_get_ns());
	}
	gvt_bochs_set_edid(&vgpu->bochs, edid, size);
}

static void bochs_reset(struct gvt_vgpu *vgpu)
{
	gvt_bochs_reset(&vgpu->bochs);
	gvt_pci_reset(&vgpu->pci);
}

static void bochs_close(struct gvt_vgpu *vgpu)
{
	cancel_delayed_work_sync(&vgpu->settle);
}

static u64 bochs_bar_size(const struct gvt_vgpu *vgpu, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX:
		return vgpu->type->vram_bytes;
	case VFIO_PCI_BAR2_REGION_INDEX:
		return GVT_BOCHS_MMIO_SIZE;
	default:
		return 0;
	}
}

static bool bochs_bar_map(const struct gvt_vgpu *vgpu, unsigned int index, u64 *offset, u64 *size)
{
	*offset = 0;
	*size = vgpu->type->vram_bytes;
	return index == VFIO_PCI_BAR0_REGION_INDEX;
}

static u64 reg_read(struct gvt_vgpu *vgpu, u64 offset, unsigned int n)
{
	u64 value;

	mutex_lock(&vgpu->lock);
	value = gvt_bochs_mmio_read(&vgpu->bochs, offset, n, ktime_get_ns());
	mutex_unlock(&vgpu->lock);
	return value;
}

static void reg_write(struct gvt_vgpu *vgpu, u64 offset, unsigned int n, u64 value)
{
	mutex_lock(&vgpu->lock);
	act(vgpu, gvt_bochs_mmio_write(&vgpu->bochs, offset, value, n, ktime_get_ns()));
	mutex_unlock(&vgpu->lock);
}

static ssize_t vram_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count, u64 offset)
{
	unsigned long page;
	int err = gvt_vram_write(vgpu->vram, offset, buf, count);

	for (page = offset >> PAGE_SHIFT; page <= (offset + count - 1) >> PAGE_SHIFT; page++) {
		gvt_track_page(vgpu, page);
	}
	return err ?: (ssize_t)count;
}

static ssize_t bochs_bar_read(struct gvt_vgpu *vgpu, unsigned int index, char __user *buf,
			      size_t count, u64 offset)
{
	if (index == VFIO_PCI_BAR0_REGION_INDEX) {
		return gvt_vram_read(vgpu->vram, offset, buf, count) ?: (ssize_t)count;
	}
	return gvt_region_mmio_read(vgpu, buf, count, offset, reg_read);
}

static ssize_t bochs_bar_write(struct gvt_vgpu *vgpu, unsigned int index, const char __user *buf,
			       size_t count, u64 offset)
{
	if (index == VFIO_PCI_BAR0_REGION_INDEX) {
		return vram_write(vgpu, buf, count, offset);
	}
	return gvt_region_mmio_write(vgpu, buf, count, offset, reg_write);
}

/* This display engine has neither overlay nor cursor. */
static u32 bochs_query(struct gvt_vgpu *vgpu, u32 type, struct gvt_plane *plane)
{
	u32 id = 0;

	gvt_plane_off(plane, GVT_OFF_DISABLED);
	if (type != GVT_PLANE_PRIMARY) {
		return 0;
	}
	mutex_lock(&vgpu->lock);
	act(vgpu, gvt_bochs_settle(&vgpu->bochs, ktime_get_ns()));
	decode(vgpu, plane);
	if (plane->drm_format != 0) {
		id = gvt_vram_buf_id(vgpu->vram, plane);
		if (id == 0) {
			gvt_plane_off(plane, GVT_OFF_NO_MEMORY);
		}
	}
	mutex_unlock(&vgpu->lock);
	return id;
}

static void bochs_listened(struct gvt_vgpu *vgpu)
{
}

const struct gvt_model_ops gvt_bochs_ops = {
	.guest_driver = "bochs-drm",
	.caps = VFIO_GFX_CAP_IRQ | VFIO_GFX_CAP_DAMAGE | VFIO_GFX_CAP_SOURCE,
	.init = bochs_init,
	.release = bochs_release,
	.max_mode = bochs_max_mode,
	.power_on = bochs_power_on,
	.set_monitor = bochs_set_monitor,
	.reset = bochs_reset,
	.close = bochs_close,
	.bar_size = bochs_bar_size,
	.bar_map = bochs_bar_map,
	.bar_read = bochs_bar_read,
	.bar_write = bochs_bar_write,
	.changed = bochs_changed,
	.query = bochs_query,
	.listened = bochs_listened,
};
