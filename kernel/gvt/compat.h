/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the kernels that the module builds against. Written for and tested on Debian
 * 12's 6.1; the rest follows the changes named at each place.
 */
#ifndef ORIEL_GVT_COMPAT_H
#define ORIEL_GVT_COMPAT_H

#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>
#include <linux/vfio.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "oriel_gvt needs Linux 6.1 or newer (mdev types as an array, vfio_alloc_device)"
#endif

/* 6.13: the namespace is a string. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define GVT_IMPORT_NS(ns) MODULE_IMPORT_NS(#ns)
#else
#define GVT_IMPORT_NS(ns) MODULE_IMPORT_NS(ns)
#endif

/* 6.4: no owner. */
static inline struct class *gvt_class_create(const char *name)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return class_create(name);
#else
	return class_create(THIS_MODULE, name);
#endif
}

/* 6.3: flags are changed under the mmap lock by functions only. */
static inline void gvt_vm_flags_mod(struct vm_area_struct *vma, unsigned long set,
				    unsigned long clear)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* 6.8: always by one. */
static inline void gvt_eventfd_signal(struct eventfd_ctx *ctx)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

/* 6.13: one call; 6.15 took the old pair away. */
static inline void gvt_hrtimer_setup(struct hrtimer *timer,
				     enum hrtimer_restart (*fn)(struct hrtimer *))
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	timer->function = fn;
#endif
}

/* A reference on @file unless its last one is gone; the caller makes sure that the memory is there.
 */
static inline bool gvt_file_get_unless_dead(struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	return file_ref_get(&file->f_ref);
#else
	return atomic_long_inc_not_zero(&file->f_count);
#endif
}

/* 6.2: the core frees; before, release has to. */
static inline void gvt_vfio_released(struct vfio_device *vdev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	vfio_free_device(vdev);
#endif
}

/* 6.2 to 6.5: how an emulated device is bound to an iommufd. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define GVT_IOMMUFD_OPS                                                                            \
	.bind_iommufd = vfio_iommufd_emulated_bind,                                                \
	.unbind_iommufd = vfio_iommufd_emulated_unbind,                                            \
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,                                          \
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define GVT_IOMMUFD_OPS                                                                            \
	.bind_iommufd = vfio_iommufd_emulated_bind,                                                \
	.unbind_iommufd = vfio_iommufd_emulated_unbind,                                            \
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
#else
#define GVT_IOMMUFD_OPS
#endif

#endif
