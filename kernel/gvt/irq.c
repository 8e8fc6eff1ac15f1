// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The eventfds of a vGPU (display, request, the guest's MSI and INTx) and the timer of the first.
 *
 * There is no periodic vblank here: the timer is started by what makes a signal due later (a flip too
 * soon after the last signal; a first write into the shown plane) and ends with that signal. So an
 * idle guest, or a busy one that nobody listens to, has no timer at all.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gvt.h"

/* Flips closer together than this part of a vblank period are told together. */
#define FLIP_DIVISOR 4

static void signal_display(struct gvt_vgpu *vgpu, u64 now_ns)
{
	if (vgpu->irqs.display) {
		gvt_eventfd_signal(vgpu->irqs.display);
		vgpu->irqs.last_ns = now_ns;
	}
}

static enum hrtimer_restart timer_end(struct hrtimer *timer)
{
	struct gvt_vgpu *vgpu = container_of(timer, struct gvt_vgpu, irqs.timer);
	u64 now = ktime_get_ns();
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	/* Set anew, to later, between expiry and here: it is queued again already. */
	if (vgpu->irqs.timer_on && now >= vgpu->irqs.timer_ns) {
		vgpu->irqs.timer_on = false;
		signal_display(vgpu, now);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	return HRTIMER_NORESTART;
}

static void signal_at(struct gvt_vgpu *vgpu, u64 when_ns)
{
	struct gvt_irqs *irqs = &vgpu->irqs;

	if (irqs->timer_on && irqs->timer_ns <= when_ns) {
		return;
	}
	irqs->timer_on = true;
	irqs->timer_ns = when_ns;
	hrtimer_start(&irqs->timer, ns_to_ktime(when_ns), HRTIMER_MODE_ABS);
}

void gvt_irq_init(struct gvt_vgpu *vgpu)
{
	gvt_hrtimer_setup(&vgpu->irqs.timer, timer_end);
}

/* The user asked for it, so it comes as often as he asks. */
void gvt_irq_snapshot(struct gvt_vgpu *vgpu)
{
	if (vgpu->irqs.display) {
		gvt_eventfd_signal(vgpu->irqs.display);
	}
}

bool gvt_irq_wanted(struct gvt_vgpu *vgpu)
{
	return READ_ONCE(vgpu->irqs.display);
}

void gvt_irq_flip(struct gvt_vgpu *vgpu, u64 now_ns)
{
	u64 gap = vgpu->status.vblank_period_ns / FLIP_DIVISOR;

	if (!vgpu->irqs.display) {
		return;
	}
	if (now_ns >= vgpu->irqs.last_ns + gap) {
		signal_display(vgpu, now_ns);
		/* A timer that is late has nothing left to say. */
		if (vgpu->irqs.timer_ns <= now_ns) {
			vgpu->irqs.timer_on = false;
		}
	} else {
		signal_at(vgpu, vgpu->irqs.last_ns + gap);
	}
}

void gvt_irq_dirty(struct gvt_vgpu *vgpu, u64 now_ns)
{
	struct gvt_vblank vblank = {vgpu->status.vblank_epoch_ns, vgpu->status.vblank_period_ns};

	if (vgpu->irqs.display) {
		signal_at(vgpu, gvt_vblank_next_ns(&vblank, now_ns));
	}
}

/* ---- the guest's interrupts ---- */

void gvt_irq_msi(struct gvt_vgpu *vgpu)
{
	if (vgpu->irqs.msi) {
		gvt_eventfd_signal(vgpu->irqs.msi);
	}
}

/* A line that is told is masked by that, until the user has asked the guest and unmasks it. */
static void intx_tell(struct gvt_vgpu *vgpu)
{
	struct gvt_irqs *irqs = &vgpu->irqs;

	if (irqs->intx && irqs->intx_level && !irqs->intx_masked) {
		irqs->intx_masked = true;
		gvt_eventfd_signal(irqs->intx);
	}
}

void gvt_irq_intx(struct gvt_vgpu *vgpu, bool level)
{
	vgpu->irqs.intx_level = level;
	intx_tell(vgpu);
}

static void intx_set_mask(struct gvt_vgpu *vgpu, bool masked)
{
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	vgpu->irqs.intx_masked = masked;
	intx_tell(vgpu);
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

/* An eventfd must not be signalled from within another's wake-up: the second half does it. */
static int unmask_wake(void *opaque, void *unused)
{
	return 1;
}

static void unmask_thread(void *opaque, void *unused)
{
	intx_set_mask(opaque, false);
}

static int intx_mask(struct gvt_vgpu *vgpu, const struct vfio_irq_set *set, const void *data)
{
	bool mask = set->flags & VFIO_IRQ_SET_ACTION_MASK;
	s32 fd;

	switch (set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		if (set->count > 0) {
			intx_set_mask(vgpu, mask);
		}
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		if (data && *(const u8 *)data) {
			intx_set_mask(vgpu, mask);
		}
		return 0;
	default:
		if (mask || !data) {
			return -EINVAL;
		}
		fd = *(const s32 *)data;
		vfio_virqfd_disable(&vgpu->irqs.unmask);
		return fd < 0 ? 0 : vfio_virqfd_enable(vgpu, unmask_wake, unmask_thread, NULL,
						       &vgpu->irqs.unmask, fd);
	}
}

/* ---- set up ---- */

void gvt_irq_request(struct gvt_vgpu *vgpu)
{
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	if (vgpu->irqs.request) {
		gvt_eventfd_signal(vgpu->irqs.request);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

static struct eventfd_ctx **irq_slot(struct gvt_vgpu *vgpu, u32 index)
{
	bool guest_irqs = vgpu->type->model->guest_irqs;

	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return guest_irqs ? &vgpu->irqs.intx : NULL;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return guest_irqs ? &vgpu->irqs.msi : NULL;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return &vgpu->irqs.request;
	case GVT_IRQ_DISPLAY:
		return &vgpu->irqs.display;
	default:
		return NULL;
	}
}

int gvt_irq_info(struct gvt_vgpu *vgpu, void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, minsz)) {
		return -EFAULT;
	}
	if (info.argsz < minsz || info.index >= GVT_NUM_IRQS) {
		return -EINVAL;
	}
	info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
	info.count = 1;
	if (info.index == VFIO_PCI_INTX_IRQ_INDEX) {
		info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
			     VFIO_IRQ_INFO_AUTOMASKED;
	}
	if (!irq_slot(vgpu, info.index)) {
		info.flags = 0;
		info.count = 0;
	}
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static void slot_set(struct gvt_vgpu *vgpu, struct eventfd_ctx **slot, struct eventfd_ctx *ctx)
{
	struct eventfd_ctx *old;
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	old = *slot;
	WRITE_ONCE(*slot, ctx);
	if (slot == &vgpu->irqs.intx) {
		vgpu->irqs.intx_masked = false;
		intx_tell(vgpu);
	}
	if (slot == &vgpu->irqs.display) {
		vgpu->type->model->listened(vgpu);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
	if (old) {
		eventfd_ctx_put(old);
	}
}

static void slot_signal(struct gvt_vgpu *vgpu, struct eventfd_ctx **slot)
{
	unsigned long flags;

	spin_lock_irqsave(&vgpu->state_lock, flags);
	if (*slot) {
		gvt_eventfd_signal(*slot);
	}
	spin_unlock_irqrestore(&vgpu->state_lock, flags);
}

static int slot_set_fd(struct gvt_vgpu *vgpu, struct eventfd_ctx **slot, s32 fd)
{
	struct eventfd_ctx *ctx = NULL;

	if (fd < -1) {
		return -EINVAL;
	}
	if (fd >= 0) {
		ctx = eventfd_ctx_fdget(fd);
		if (IS_ERR(ctx)) {
			return PTR_ERR(ctx);
		}
	}
	slot_set(vgpu, slot, ctx);
	return 0;
}

int gvt_irq_set(struct gvt_vgpu *vgpu, void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_irq_set, count);
	struct eventfd_ctx **slot;
	struct vfio_irq_set set;
	size_t size = 0;
	void *data = NULL;
	bool trigger;
	int err;

	if (copy_from_user(&set, arg, minsz)) {
		return -EFAULT;
	}
	slot = irq_slot(vgpu, set.index);
	err = vfio_set_irqs_validate_and_prepare(&set, slot ? 1 : 0, GVT_NUM_IRQS, &size);
	if (err) {
		return err;
	}
	trigger = (set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) == VFIO_IRQ_SET_ACTION_TRIGGER;
	if (!trigger && set.index != VFIO_PCI_INTX_IRQ_INDEX) {
		return -EINVAL; /* edges: nothing to mask */
	}
	if (size > 0) {
		data = memdup_user((u8 __user *)arg + minsz, size);
		if (IS_ERR(data)) {
			return PTR_ERR(data);
		}
	}
	if (!trigger) {
		mutex_lock(&vgpu->lock);
		err = intx_mask(vgpu, &set, data);
		mutex_unlock(&vgpu->lock);
		kfree(data);
		return err;
	}
	switch (set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		if (set.count == 0) {
			slot_set(vgpu, slot, NULL);
		} else {
			slot_signal(vgpu, slot);
		}
		break;
	case VFIO_IRQ_SET_DATA_BOOL:
		if (data && *(u8 *)data) {
			slot_signal(vgpu, slot);
		}
		break;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		err = data ? slot_set_fd(vgpu, slot, *(s32 *)data) : 0;
		break;
	default:
		err = -EINVAL;
		break;
	}
	kfree(data);
	return err;
}

void gvt_irq_close(struct gvt_vgpu *vgpu)
{
	slot_set(vgpu, &vgpu->irqs.display, NULL);
	slot_set(vgpu, &vgpu->irqs.request, NULL);
	slot_set(vgpu, &vgpu->irqs.msi, NULL);
	slot_set(vgpu, &vgpu->irqs.intx, NULL);
	vfio_virqfd_disable(&vgpu->irqs.unmask);
	vgpu->irqs.intx_level = false;
	hrtimer_cancel(&vgpu->irqs.timer);
	vgpu->irqs.timer_on = false;
	vgpu->irqs.last_ns = 0;
}
