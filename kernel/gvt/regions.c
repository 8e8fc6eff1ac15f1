// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be read and written. The file offset says region (bits 40 and up) and offset in it, as
 * vfio-pci has it. Every size is checked here, once, in 64 bits; what is called from here gets a
 * range that exists.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gvt.h"

static bool has_pages(const struct gvt_vgpu *vgpu)
{
	return vgpu->type->model->caps & VFIO_GFX_CAP_PAGES;
}

u64 gvt_region_size(const struct gvt_vgpu *vgpu, unsigned int index)
{
	if (index <= VFIO_PCI_ROM_REGION_INDEX) {
		return vgpu->type->model->bar_size(vgpu, index);
	}
	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return GVT_PCI_CONFIG_SIZE;
	case GVT_REGION_EDID:
		return GVT_EDID_OFFSET + GVT_EDID_ROOM;
	case GVT_REGION_GFX:
		return GVT_GFX_AREA + gvt_snapshot_area_bytes(vgpu);
	case GVT_REGION_FB:
		return vgpu->type->offer == GVT_OFFER_REGION ? vgpu->type->vram_bytes + PAGE_SIZE
							     : 0;
	case GVT_REGION_OPREGION:
		return vgpu->type->model == &gvt_skl_ops ? GVT_SKL_OPREGION_SIZE : 0;
	default:
		return 0;
	}
}

u64 gvt_region_map(struct gvt_vgpu *vgpu, unsigned int index, u64 *offset)
{
	u64 size = 0;

	if (index < VFIO_PCI_ROM_REGION_INDEX && gvt_region_size(vgpu, index) > 0 &&
	    vgpu->type->model->bar_map(vgpu, index, offset, &size)) {
		return size;
	}
	*offset = 0;
	switch (index) {
	case GVT_REGION_GFX:
		return PAGE_SIZE;
	case GVT_REGION_FB:
		return vgpu->type->offer == GVT_OFFER_REGION ? vgpu->type->vram_bytes : 0;
	default:
		return 0;
	}
}

static int add_type(struct vfio_info_cap *caps, u32 type, u32 subtype)
{
	struct vfio_region_info_cap_type cap = {
		.header = {.id = VFIO_REGION_INFO_CAP_TYPE, .version = 1},
		.type = type,
		.subtype = subtype,
	};

	return vfio_info_add_capability(caps, &cap.header, sizeof(cap));
}

/* [@offset, + @size) is what can be mapped; and, if @size2 isn't 0, [@offset2, + @size2). */
static int add_sparse(struct vfio_info_cap *caps, u64 offset, u64 size, u64 offset2, u64 size2)
{
	unsigned int areas = size2 > 0 ? 2 : 1;
	struct vfio_region_info_cap_sparse_mmap *cap;
	int err;

	cap = kzalloc(struct_size(cap, areas, 2), GFP_KERNEL);
	if (!cap) {
		return -ENOMEM;
	}
	cap->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	cap->header.version = 1;
	cap->nr_areas = areas;
	cap->areas[0].offset = offset;
	cap->areas[0].size = size;
	cap->areas[1].offset = offset2;
	cap->areas[1].size = size2;
	err = vfio_info_add_capability(caps, &cap->header, struct_size(cap, areas, areas));
	kfree(cap);
	return err;
}

static int region_flags(struct gvt_vgpu *vgpu, unsigned int index, u32 *flags,
			struct vfio_info_cap *caps)
{
	u64 offset, size;
	int err = 0;

	*flags = VFIO_REGION_INFO_FLAG_READ;
	switch (index) {
	case VFIO_PCI_ROM_REGION_INDEX:
		break;
	case GVT_REGION_EDID:
		*flags |= VFIO_REGION_INFO_FLAG_WRITE;
		err = add_type(caps, VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID);
		break;
	case GVT_REGION_GFX:
		*flags |= VFIO_REGION_INFO_FLAG_WRITE;
		err = add_type(caps, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE);
		break;
	case GVT_REGION_FB:
		err = add_type(caps, VFIO_GFX_REGION_TYPE, VFIO_GFX_FB_REGION_SUBTYPE);
		break;
	case GVT_REGION_OPREGION:
		err = add_type(caps, VFIO_REGION_TYPE_PCI_VENDOR_TYPE | GVT_SKL_PCI_VENDOR,
			       VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
		break;
	default:
		*flags |= VFIO_REGION_INFO_FLAG_WRITE;
		break;
	}
	size = gvt_region_map(vgpu, index, &offset);
	if (size > 0) {
		*flags |= VFIO_REGION_INFO_FLAG_MMAP;
	}
	if (!err && size > 0 && size < gvt_region_size(vgpu, index)) {
		err = add_sparse(caps, offset, size, GVT_GFX_AREA,
				 index == GVT_REGION_GFX ? gvt_snapshot_area_bytes(vgpu) : 0);
	}
	return err;
}

int gvt_region_info(struct gvt_vgpu *vgpu, void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_info_cap caps = {};
	struct vfio_region_info info;
	int err = 0;

	if (copy_from_user(&info, arg, minsz)) {
		return -EFAULT;
	}
	if (info.argsz < minsz || info.index >= GVT_NUM_REGIONS) {
		return -EINVAL;
	}
	info.offset = (u64)info.index << GVT_REGION_SHIFT;
	info.size = gvt_region_size(vgpu, info.index);
	info.flags = 0;
	info.cap_offset = 0;
	if (info.size > 0) {
		err = region_flags(vgpu, info.index, &info.flags, &caps);
	}
	if (!err && caps.size > 0) {
		info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info.argsz < sizeof(info) + caps.size) {
			info.argsz = sizeof(info) + caps.size;
		} else {
			vfio_info_cap_shift(&caps, sizeof(info));
			info.cap_offset = sizeof(info);
			if (copy_to_user((u8 __user *)arg + sizeof(info), caps.buf, caps.size)) {
				err = -EFAULT;
			}
		}
	}
	kfree(caps.buf);
	if (err) {
		return err;
	}
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

/* ---- registers ---- */

/* How much of an access is one access of the device: as wide as it is aligned. */
static unsigned int unit(u64 offset, size_t left)
{
	unsigned int n = 8;

	while (n > left || offset % n != 0) {
		n /= 2;
	}
	return n;
}

ssize_t gvt_region_mmio_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset,
			     u64 (*read)(struct gvt_vgpu *vgpu, u64 offset, unsigned int n))
{
	size_t done = 0;

	while (done < count) {
		unsigned int n = unit(offset + done, count - done);
		__le64 le = cpu_to_le64(read(vgpu, offset + done, n));

		if (copy_to_user(buf + done, &le, n)) {
			return -EFAULT;
		}
		done += n;
	}
	return count;
}

ssize_t gvt_region_mmio_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count,
			      u64 offset,
			      void (*write)(struct gvt_vgpu *vgpu, u64 offset, unsigned int n,
					    u64 value))
{
	size_t done = 0;

	while (done < count) {
		unsigned int n = unit(offset + done, count - done);
		__le64 le = 0;

		if (copy_from_user(&le, buf + done, n)) {
			return -EFAULT;
		}
		write(vgpu, offset + done, n, le64_to_cpu(le));
		done += n;
	}
	return count;
}

/* ---- configuration space ---- */

static ssize_t config_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	u8 data[GVT_PCI_CONFIG_SIZE];

	mutex_lock(&vgpu->lock);
	gvt_pci_read(&vgpu->pci, offset, data, count);
	mutex_unlock(&vgpu->lock);
	return copy_to_user(buf, data, count) ? -EFAULT : count;
}

static ssize_t config_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count, u64 offset)
{
	u8 data[GVT_PCI_CONFIG_SIZE];

	if (copy_from_user(data, buf, count)) {
		return -EFAULT;
	}
	mutex_lock(&vgpu->lock);
	gvt_pci_write(&vgpu->pci, offset, data, count);
	mutex_unlock(&vgpu->lock);
	return count;
}

/* ---- EDID ---- */

static ssize_t edid_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	u8 image[GVT_EDID_OFFSET + GVT_EDID_ROOM] = {};

	mutex_lock(&vgpu->lock);
	memcpy(image, &vgpu->edid, sizeof(vgpu->edid));
	memcpy(image + GVT_EDID_OFFSET, vgpu->edid_blob, sizeof(vgpu->edid_blob));
	mutex_unlock(&vgpu->lock);
	return copy_to_user(buf, image + offset, count) ? -EFAULT : count;
}

/* The link goes up: what lies in the blob is the monitor from now on. Down: there is none. */
static int edid_set_link(struct gvt_vgpu *vgpu, u32 state)
{
	bool up = state == VFIO_DEVICE_GFX_LINK_STATE_UP;

	if (!up && state != VFIO_DEVICE_GFX_LINK_STATE_DOWN) {
		return -EINVAL;
	}
	if (up && vgpu->edid.edid_size > 0 &&
	    gvt_edid_check(vgpu->edid_blob, vgpu->edid.edid_size) != GVT_EDID_OK) {
		return -EINVAL;
	}
	vgpu->edid.link_state = state;
	vgpu->type->model->set_monitor(vgpu, vgpu->edid_blob, up ? vgpu->edid.edid_size : 0);
	vgpu->type->model->changed(vgpu);
	return 0;
}

static ssize_t edid_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count, u64 offset)
{
	u8 data[GVT_EDID_ROOM];
	ssize_t ret = count;
	u32 value;

	if (count > sizeof(data)) {
		return -EINVAL;
	}
	if (copy_from_user(data, buf, count)) {
		return -EFAULT;
	}
	mutex_lock(&vgpu->lock);
	if (offset >= GVT_EDID_OFFSET) {
		memcpy(vgpu->edid_blob + offset - GVT_EDID_OFFSET, data, count);
	} else if (count != sizeof(value)) {
		ret = -EINVAL;
	} else {
		memcpy(&value, data, sizeof(value));
		switch (offset) {
		case offsetof(struct vfio_region_gfx_edid, edid_size):
			if (value > GVT_EDID_ROOM) {
				ret = -EINVAL;
			} else {
				vgpu->edid.edid_size = value;
			}
			break;
		case offsetof(struct vfio_region_gfx_edid, link_state):
			ret = edid_set_link(vgpu, value) ?: ret;
			break;
		default:
			ret = -EINVAL; /* read-only */
			break;
		}
	}
	mutex_unlock(&vgpu->lock);
	return ret;
}

/* ---- status, control, damage, snapshots, holds ---- */

static ssize_t gfx_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	struct vfio_gfx_status status;
	unsigned long flags;
	u32 control;

	if (offset >= GVT_GFX_SNAPSHOT) {
		return gvt_snapshot_read(vgpu, buf, count, offset - GVT_GFX_SNAPSHOT);
	}
	if (offset >= GVT_GFX_PAGES && has_pages(vgpu)) {
		return offset == GVT_GFX_PAGES ? gvt_guest_pages(vgpu->guest, 0, buf, count) :
						 -EINVAL;
	}
	if (offset >= GVT_GFX_DAMAGE && gvt_track_damage_size(vgpu) == 0) {
		return -EINVAL;
	}
	if (offset >= GVT_GFX_DAMAGE) {
		return gvt_track_harvest(vgpu, buf, count, offset - GVT_GFX_DAMAGE);
	}
	if (offset >= GVT_GFX_CONTROL) {
		if (offset != GVT_GFX_CONTROL || count != sizeof(control)) {
			return -EINVAL;
		}
		mutex_lock(&vgpu->lock);
		control = (vgpu->track.on ? VFIO_GFX_CONTROL_DAMAGE : 0) |
			  (vgpu->source ? VFIO_GFX_CONTROL_SOURCE : 0);
		mutex_unlock(&vgpu->lock);
		control |= READ_ONCE(vgpu->snapshot.on) ? VFIO_GFX_CONTROL_SNAPSHOT : 0;
		return copy_to_user(buf, &control, sizeof(control)) ? -EFAULT : count;
	}
	if (offset >= sizeof(status)) {
		count = min_t(size_t, count, GVT_GFX_CONTROL - offset);
		return clear_user(buf, count) ? -EFAULT : count;
	}
	count = min_t(size_t, count, sizeof(status) - offset);
	spin_lock_irqsave(&vgpu->state_lock, flags);
	status = vgpu->status;
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	return copy_to_user(buf, (u8 *)&status + offset, count) ? -EFAULT : count;
}

static ssize_t hold_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count)
{
	struct vfio_gfx_hold hold;
	int err;

	if (count != sizeof(hold)) {
		return -EINVAL;
	}
	if (copy_from_user(&hold, buf, sizeof(hold))) {
		return -EFAULT;
	}
	if (hold.reserved != 0) {
		return -EINVAL;
	}
	err = vgpu->type->model->hold(vgpu, hold.flip_count,
				      (u64)hold.timeout_ms * NSEC_PER_MSEC);
	return err ?: (ssize_t)count;
}

static ssize_t gfx_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count, u64 offset)
{
	u32 known = VFIO_GFX_CONTROL_SOURCE | VFIO_GFX_CONTROL_SNAPSHOT |
		    (gvt_track_damage_size(vgpu) ? VFIO_GFX_CONTROL_DAMAGE : 0);
	u32 control;
	int err = 0;

	if (offset == GVT_GFX_HOLD && vgpu->type->model->hold) {
		return hold_write(vgpu, buf, count);
	}
	if (offset >= GVT_GFX_SNAPSHOT) {
		return gvt_snapshot_write(vgpu, buf, count, offset - GVT_GFX_SNAPSHOT);
	}
	if (offset != GVT_GFX_CONTROL || count != sizeof(control)) {
		return -EINVAL;
	}
	if (copy_from_user(&control, buf, sizeof(control))) {
		return -EFAULT;
	}
	if (control & ~known) {
		return -EINVAL;
	}
	mutex_lock(&vgpu->lock);
	if (vgpu->source != !!(control & VFIO_GFX_CONTROL_SOURCE)) {
		WRITE_ONCE(vgpu->source, !vgpu->source);
		vgpu->type->model->changed(vgpu);
	}
	if (control & VFIO_GFX_CONTROL_DAMAGE) {
		err = gvt_track_start(vgpu);
	} else {
		gvt_track_stop(vgpu);
	}
	mutex_unlock(&vgpu->lock);
	if (!err) {
		gvt_snapshot_switch(vgpu, control & VFIO_GFX_CONTROL_SNAPSHOT);
	}
	return err ?: (ssize_t)count;
}

/* ---- the framebuffer region ---- */

static ssize_t fb_read_plane(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	struct vfio_gfx_plane plane;
	unsigned long flags;

	if (offset >= sizeof(plane)) {
		return clear_user(buf, count) ? -EFAULT : count;
	}
	count = min_t(size_t, count, sizeof(plane) - offset);
	spin_lock_irqsave(&vgpu->state_lock, flags);
	plane = vgpu->status.plane;
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	return copy_to_user(buf, (u8 *)&plane + offset, count) ? -EFAULT : count;
}

static ssize_t fb_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	u64 vram = vgpu->type->vram_bytes;
	struct gvt_plane plane;

	if (offset >= vram) {
		return fb_read_plane(vgpu, buf, count, offset - vram);
	}
	count = min_t(u64, count, vram - offset);
	mutex_lock(&vgpu->fb_lock);
	plane = vgpu->fb_plane;
	mutex_unlock(&vgpu->fb_lock);
	if (offset >= plane.size_bytes) {
		return clear_user(buf, count) ? -EFAULT : count;
	}
	count = min_t(u64, count, plane.size_bytes - offset);
	/* From the page on, as a mapping has it. */
	offset += round_down(plane.offset_bytes, PAGE_SIZE);
	return gvt_vram_read(vgpu->vram, offset, buf, count) ?: count;
}

/* ---- what a firmware would have left for the guest's driver ---- */

static ssize_t opregion_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	u8 *image = kmalloc(GVT_SKL_OPREGION_SIZE, GFP_KERNEL);
	bool failed;

	if (!image) {
		return -ENOMEM;
	}
	gvt_skl_opregion(&vgpu->type->skl, image);
	failed = copy_to_user(buf, image + offset, count);
	kfree(image);
	return failed ? -EFAULT : count;
}

/* ---- all of them ---- */

/* The part of [*ppos, + count) that lies in the region; 0: nothing. */
static size_t clip(struct gvt_vgpu *vgpu, loff_t pos, size_t count, unsigned int *index,
		   u64 *offset)
{
	u64 size;

	*index = (u64)pos >> GVT_REGION_SHIFT;
	*offset = (u64)pos & GVT_REGION_MASK;
	size = gvt_region_size(vgpu, *index);
	if (*offset >= size) {
		return 0;
	}
	/* What one call may move; nobody needs more, and everything below counts in ssize_t. */
	return min_t(u64, min_t(u64, count, size - *offset), 1 << 30);
}

ssize_t gvt_region_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, loff_t *ppos)
{
	unsigned int index;
	ssize_t ret;
	u64 offset;

	count = clip(vgpu, *ppos, count, &index, &offset);
	if (count == 0) {
		return -EINVAL;
	}
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_ROM_REGION_INDEX:
		ret = vgpu->type->model->bar_read(vgpu, index, buf, count, offset);
		break;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		ret = config_read(vgpu, buf, count, offset);
		break;
	case GVT_REGION_EDID:
		ret = edid_read(vgpu, buf, count, offset);
		break;
	case GVT_REGION_GFX:
		ret = gfx_read(vgpu, buf, count, offset);
		break;
	case GVT_REGION_OPREGION:
		ret = opregion_read(vgpu, buf, count, offset);
		break;
	default:
		ret = fb_read(vgpu, buf, count, offset);
		break;
	}
	if (ret > 0) {
		*ppos += ret;
	}
	return ret;
}

ssize_t gvt_region_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count, loff_t *ppos)
{
	unsigned int index;
	ssize_t ret;
	u64 offset;

	count = clip(vgpu, *ppos, count, &index, &offset);
	if (count == 0) {
		return -EINVAL;
	}
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_ROM_REGION_INDEX:
		ret = vgpu->type->model->bar_write(vgpu, index, buf, count, offset);
		break;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		ret = config_write(vgpu, buf, count, offset);
		break;
	case GVT_REGION_EDID:
		ret = edid_write(vgpu, buf, count, offset);
		break;
	case GVT_REGION_GFX:
		ret = gfx_write(vgpu, buf, count, offset);
		break;
	default:
		ret = -EINVAL; /* framebuffer and OpRegion are for looking */
		break;
	}
	if (ret > 0) {
		*ppos += ret;
	}
	return ret;
}
