// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Gen9 display engine as a vGPU. Registers are in our RAM and trapped, under state_lock, because
 * its blanks come from a timer; the page table (GGTT) is memory of ours that is mapped straight into
 * the guest and read when somebody asks for a plane; the pictures lie in the guest's own memory.
 *
 * The timer runs only while the guest waits for a blank, or a flip that somebody watches is due.
 */
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "gvt.h"

/* What one trip between user memory and guest memory may move. */
#define APERTURE_CHUNK 256u

#define REGS_END   GVT_SKL_GGTT_OFFSET
#define GGTT_START GVT_SKL_GGTT_OFFSET

static void timer_set(struct gvt_vgpu *vgpu)
{
	u64 due = gvt_skl_deadline(&vgpu->skl, vgpu->irqs.display);

	if (due == vgpu->skl_timer_ns) {
		return;
	}
	vgpu->skl_timer_ns = due;
	if (due != GVT_SKL_NEVER) {
		hrtimer_start(&vgpu->skl_timer, ns_to_ktime(due), HRTIMER_MODE_ABS);
	} else {
		hrtimer_try_to_cancel(&vgpu->skl_timer);
	}
}

static void status_hold(struct gvt_vgpu *vgpu)
{
	const struct gvt_skl_hold *hold = &vgpu->skl.hold;

	vgpu->status.hold_state = hold->on ? VFIO_GFX_HOLD_ON : VFIO_GFX_HOLD_NONE;
	vgpu->status.hold_count = hold->count;
	vgpu->status.hold_timeouts = hold->timeouts;
	vgpu->status.hold_wait_ns = hold->wait_ns;
}

/* GVT_SKL_* events have happened. Under state_lock. */
static void act(struct gvt_vgpu *vgpu, unsigned int events, u64 now)
{
	const struct gvt_skl_pipe *pipe = gvt_skl_shown_pipe(&vgpu->skl);
	struct gvt_vblank vblank = {};
	struct gvt_plane plane;

	status_hold(vgpu); /* whatever ends a hold by itself is a flip or another mode: told below */
	if (events & (GVT_SKL_FLIP | GVT_SKL_MODE)) {
		gvt_skl_primary(&vgpu->skl, &plane);
		gvt_display_limit(vgpu, &plane);
		gvt_display_flip(vgpu, &plane, pipe ? &pipe->vblank : &vblank, now);
	}
	if (events & GVT_SKL_CURSOR) {
		gvt_display_cursor(vgpu, now);
	}
	if (events & GVT_SKL_IRQ) {
		gvt_irq_msi(vgpu);
	}
	if (events & GVT_SKL_LEVEL) {
		gvt_irq_intx(vgpu, gvt_skl_irq_level(&vgpu->skl));
	}
	timer_set(vgpu);
}

static enum hrtimer_restart timer_end(struct hrtimer *timer)
{
	struct gvt_vgpu *vgpu = container_of(timer, struct gvt_vgpu, skl_timer);
	u64 now = ktime_get_ns();
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	/* Set anew, to later, or not wanted any more, between expiry and here. */
	if (now >= vgpu->skl_timer_ns) {
		vgpu->skl_timer_ns = GVT_SKL_NEVER;
		act(vgpu, gvt_skl_advance(&vgpu->skl, now), now);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	return HRTIMER_NORESTART;
}

static int skl_init(struct gvt_vgpu *vgpu)
{
	gvt_hrtimer_setup(&vgpu->skl_timer, timer_end);
	vgpu->skl_timer_ns = GVT_SKL_NEVER;
	vgpu->skl.regs = vzalloc(GVT_SKL_REGS_SIZE);
	return vgpu->skl.regs ? 0 : -ENOMEM;
}

static void skl_release(struct gvt_vgpu *vgpu)
{
	vfree(vgpu->skl.regs);
}

static void skl_max_mode(const struct gvt_type *type, u32 *width, u32 *height)
{
	gvt_skl_max_mode(&type->skl, width, height);
}

static int skl_open(struct gvt_vgpu *vgpu)
{
	vgpu->guest = gvt_guest_create(&vgpu->vdev);
	return vgpu->guest ? 0 : -ENOMEM;
}

static void skl_power_on(struct gvt_vgpu *vgpu)
{
	u64 now = ktime_get_ns();
	unsigned long flags;

	gvt_skl_pci_init(&vgpu->type->skl, &vgpu->pci);
	spin_lock_irqsave(&vgpu->state_lock, flags);
	gvt_skl_init(&vgpu->skl, &vgpu->type->skl, vgpu->skl.regs, now);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

static void skl_set_monitor(struct gvt_vgpu *vgpu, const u8 *edid, size_t size)
{
	u64 now = ktime_get_ns();
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	act(vgpu, gvt_skl_set_monitor(&vgpu->skl, edid, size, now), now);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

/* The table as after power on: no entry leads anywhere. */
static void ggtt_clear(struct gvt_vgpu *vgpu)
{
	unsigned long i;

	for (i = 0; i < vgpu->vram->nr_pages; i++) {
		struct page *page = READ_ONCE(vgpu->vram->pages[i]);

		if (page) {
			clear_highpage(page);
		}
	}
}

static void skl_reset(struct gvt_vgpu *vgpu)
{
	u64 now = ktime_get_ns();
	unsigned long flags;

	gvt_pci_reset(&vgpu->pci);
	ggtt_clear(vgpu);
	spin_lock_irqsave(&vgpu->state_lock, flags);
	gvt_skl_reset(&vgpu->skl, now);
	gvt_irq_intx(vgpu, false);
	timer_set(vgpu);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

/* Nobody can call any more; only the timer still can. */
static void skl_close(struct gvt_vgpu *vgpu)
{
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	gvt_skl_reset(&vgpu->skl, ktime_get_ns());
	timer_set(vgpu);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	hrtimer_cancel(&vgpu->skl_timer);
	gvt_guest_close(vgpu->guest);
	vgpu->guest = NULL;
}

/* ---- what the guest reads and writes ---- */

static u64 skl_bar_size(const struct gvt_vgpu *vgpu, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX:
		return GVT_SKL_BAR0_SIZE;
	case VFIO_PCI_BAR2_REGION_INDEX:
		return GVT_SKL_APERTURE_SIZE;
	case VFIO_PCI_ROM_REGION_INDEX:
		return vgpu->type->skl.output == GVT_SKL_BARE ? 0 : GVT_SKL_ROM_SIZE;
	default:
		return 0;
	}
}

static bool skl_bar_map(const struct gvt_vgpu *vgpu, unsigned int index, u64 *offset, u64 *size)
{
	*offset = GGTT_START;
	*size = vgpu->vram->bytes;
	return index == VFIO_PCI_BAR0_REGION_INDEX;
}

static u64 reg_read(struct gvt_vgpu *vgpu, u64 offset, unsigned int n)
{
	unsigned long flags;
	u64 now, value;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	now = ktime_get_ns();
	value = gvt_skl_mmio_read(&vgpu->skl, offset, n, now);
	if (vgpu->skl.owed) {
		act(vgpu, gvt_skl_advance(&vgpu->skl, now), now);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	return value;
}

static void reg_write(struct gvt_vgpu *vgpu, u64 offset, unsigned int n, u64 value)
{
	unsigned long flags;
	u64 now;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	now = ktime_get_ns();
	act(vgpu, gvt_skl_mmio_write(&vgpu->skl, offset, value, n, now), now);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

/* Registers, the table, and nothing behind each of them. Accesses don't cross from one to another:
 * nobody makes such, and what is left of one isn't served. */
static ssize_t bar0_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	if (offset < REGS_END) {
		count = min_t(u64, count, REGS_END - offset);
		return gvt_region_mmio_read(vgpu, buf, count, offset, reg_read);
	}
	offset -= GGTT_START;
	if (offset >= vgpu->vram->bytes) {
		return clear_user(buf, count) ? -EFAULT : count;
	}
	count = min_t(u64, count, vgpu->vram->bytes - offset);
	return gvt_vram_read(vgpu->vram, offset, buf, count) ?: (ssize_t)count;
}

static ssize_t bar0_write(struct gvt_vgpu *vgpu, const char __user *buf, size_t count, u64 offset)
{
	if (offset < REGS_END) {
		count = min_t(u64, count, REGS_END - offset);
		return gvt_region_mmio_write(vgpu, buf, count, offset, reg_write);
	}
	offset -= GGTT_START;
	if (offset >= vgpu->vram->bytes) {
		return count;
	}
	count = min_t(u64, count, vgpu->vram->bytes - offset);
	return gvt_vram_write(vgpu->vram, offset, buf, count) ?: (ssize_t)count;
}

/* The entry of graphics page @index, which exists. */
static u64 ggtt_entry(struct gvt_vgpu *vgpu, u64 index)
{
	struct page *page = READ_ONCE(vgpu->vram->pages[index >> (PAGE_SHIFT - 3)]);
	u64 entry, *entries;

	if (!page) {
		return 0;
	}
	entries = kmap_local_page(page);
	entry = READ_ONCE(entries[index & (PAGE_SIZE / 8 - 1)]);
	kunmap_local(entries);
	return entry;
}

/*
 * The aperture, slowly: guests don't use one as small as this but for single accesses. An entry that
 * leads nowhere reads as zero and swallows writes, as a bus without a device does.
 */
static ssize_t aperture_rw(struct gvt_vgpu *vgpu, char __user *to, const char __user *from,
			   size_t count, u64 offset)
{
	u8 data[APERTURE_CHUNK];
	size_t done = 0;

	while (done < count) {
		u64 at = offset + done;
		u64 entry = ggtt_entry(vgpu, at >> PAGE_SHIFT);
		size_t n = min3(count - done, sizeof(data), (size_t)(PAGE_SIZE - offset_in_page(at)));
		u64 iova = (entry & GVT_SKL_PTE_ADDRESS) + offset_in_page(at);
		bool there = entry & GVT_SKL_PTE_PRESENT;

		memset(data, 0, n);
		if (from && copy_from_user(data, from + done, n)) {
			return -EFAULT;
		}
		if (there && vfio_dma_rw(&vgpu->vdev, iova, data, n, from != NULL) && !from) {
			memset(data, 0, n);
		}
		if (to && copy_to_user(to + done, data, n)) {
			return -EFAULT;
		}
		done += n;
	}
	return count;
}

static ssize_t rom_read(struct gvt_vgpu *vgpu, char __user *buf, size_t count, u64 offset)
{
	u8 *rom = kmalloc(GVT_SKL_ROM_SIZE, GFP_KERNEL);
	bool failed;

	if (!rom) {
		return -ENOMEM;
	}
	gvt_skl_rom(&vgpu->type->skl, rom);
	failed = copy_to_user(buf, rom + offset, count);
	kfree(rom);
	return failed ? -EFAULT : count;
}

static ssize_t skl_bar_read(struct gvt_vgpu *vgpu, unsigned int index, char __user *buf,
			    size_t count, u64 offset)
{
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX:
		return bar0_read(vgpu, buf, count, offset);
	case VFIO_PCI_BAR2_REGION_INDEX:
		return aperture_rw(vgpu, buf, NULL, count, offset);
	default:
		return rom_read(vgpu, buf, count, offset);
	}
}

static ssize_t skl_bar_write(struct gvt_vgpu *vgpu, unsigned int index, const char __user *buf,
			     size_t count, u64 offset)
{
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX:
		return bar0_write(vgpu, buf, count, offset);
	case VFIO_PCI_BAR2_REGION_INDEX:
		return aperture_rw(vgpu, NULL, buf, count, offset);
	default:
		return -EINVAL; /* the ROM is one */
	}
}

/* ---- what the consumer sees ---- */

/* A hold is of what was shown before. */
static void skl_changed(struct gvt_vgpu *vgpu)
{
	u64 now = ktime_get_ns();
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	act(vgpu, gvt_skl_release(&vgpu->skl, now) | GVT_SKL_MODE, now);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

/* Under state_lock, caught up with the time. */
static int hold(struct gvt_vgpu *vgpu, u64 flips, u64 limit_ns, u64 now)
{
	if (vgpu->status.flip_count != flips) {
		return -ESTALE;
	}
	if (limit_ns > 0) {
		return gvt_skl_hold(&vgpu->skl, limit_ns) ? 0 : -ESTALE;
	}
	if (!vgpu->skl.hold.on) {
		return -ESTALE;
	}
	act(vgpu, gvt_skl_release(&vgpu->skl, now), now);
	return 0;
}

static int skl_hold(struct gvt_vgpu *vgpu, u64 flips, u64 limit_ns)
{
	unsigned long flags;
	u64 now;
	int err;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	now = ktime_get_ns();
	act(vgpu, gvt_skl_advance(&vgpu->skl, now), now);
	err = hold(vgpu, flips, limit_ns, now);
	status_hold(vgpu);
	gvt_status_publish(vgpu);
	timer_set(vgpu);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	return err;
}

/* Addresses of the guest's pages that @plane lies in, of kvmalloc; NULL and *@why. */
static u64 *plane_iovas(struct gvt_vgpu *vgpu, const struct gvt_plane *plane,
			enum gvt_off_reason *why)
{
	u64 count = gvt_plane_pages(plane);
	u64 *iovas = kvmalloc_array(count, sizeof(*iovas), GFP_KERNEL);
	u64 i, entry;

	if (!iovas) {
		*why = GVT_OFF_NO_MEMORY;
		return NULL;
	}
	for (i = 0; i < count; i++) {
		entry = ggtt_entry(vgpu, gvt_skl_page(plane, i));
		if (!(entry & GVT_SKL_PTE_PRESENT)) {
			kvfree(iovas);
			*why = GVT_OFF_BAD_ADDRESS;
			return NULL;
		}
		iovas[i] = entry & GVT_SKL_PTE_ADDRESS;
	}
	return iovas;
}

static void decode(struct gvt_vgpu *vgpu, u32 type, struct gvt_plane *plane)
{
	u64 now = ktime_get_ns();
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	act(vgpu, gvt_skl_advance(&vgpu->skl, now), now);
	if (type == GVT_PLANE_PRIMARY) {
		gvt_skl_primary(&vgpu->skl, plane);
	} else if (type == GVT_PLANE_CURSOR) {
		gvt_skl_cursor(&vgpu->skl, plane);
	} else {
		gvt_plane_off(plane, GVT_OFF_DISABLED);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	gvt_display_limit(vgpu, plane);
}

static u32 skl_query(struct gvt_vgpu *vgpu, u32 type, struct gvt_plane *plane)
{
	unsigned int which = type == GVT_PLANE_CURSOR;
	enum gvt_off_reason why = GVT_OFF_NOT;
	u64 *iovas;
	u32 id = 0;

	decode(vgpu, type, plane);
	if (plane->drm_format == 0) {
		if (type != GVT_PLANE_OVERLAY) {
			gvt_guest_hide(vgpu->guest, which);
		}
		return 0;
	}
	iovas = plane_iovas(vgpu, plane, &why);
	if (iovas) {
		id = gvt_guest_show(vgpu->guest, which, plane, iovas, &why);
	} else {
		gvt_guest_hide(vgpu->guest, which);
	}
	if (id == 0) {
		gvt_plane_off(plane, why);
	}
	return id;
}

static void skl_listened(struct gvt_vgpu *vgpu)
{
	timer_set(vgpu);
}

const struct gvt_model_ops gvt_skl_ops = {
	.guest_driver = "i915",
	.caps = VFIO_GFX_CAP_IRQ | VFIO_GFX_CAP_SOURCE | VFIO_GFX_CAP_PAGES | VFIO_GFX_CAP_HOLD,
	.guest_irqs = true,
	.init = skl_init,
	.release = skl_release,
	.max_mode = skl_max_mode,
	.open = skl_open,
	.power_on = skl_power_on,
	.set_monitor = skl_set_monitor,
	.reset = skl_reset,
	.close = skl_close,
	.bar_size = skl_bar_size,
	.bar_map = skl_bar_map,
	.bar_read = skl_bar_read,
	.bar_write = skl_bar_write,
	.changed = skl_changed,
	.query = skl_query,
	.listened = skl_listened,
	.hold = skl_hold,
};
