// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A GPU without hardware, so that Mesa's software renderer has a DRM node through which it can read
 * what others export.
 *
 * Mesa makes a handle of a dma-buf and maps that with MODE_MAP_DUMB. The DRM core refuses both an
 * imported object there and the whole command on a render node, and Mesa then crashes (vgem, vkms).
 * Here the three commands on dumb buffers are answered before the core sees them, for any object
 * and on any node.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_vma_manager.h>

/* Keeps all sizes below 2^32. */
#define SIDE_MAX 16384

/* ---- objects ---- */

/* An exporter may forget to say that its mapping can't grow, which the core minds. */
static int object_mmap(struct drm_gem_object *object, struct vm_area_struct *vma)
{
	vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP;
	return drm_gem_shmem_mmap(to_drm_gem_shmem_obj(object), vma);
}

static const struct drm_gem_object_funcs object_funcs = {
	.free = drm_gem_shmem_object_free,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

static struct drm_gem_object *object_create(struct drm_device *device, size_t size)
{
	struct drm_gem_shmem_object *shmem = kzalloc(sizeof(*shmem), GFP_KERNEL);

	if (!shmem) {
		return ERR_PTR(-ENOMEM);
	}
	shmem->base.funcs = &object_funcs;
	return &shmem->base;
}

/* ---- dumb buffers ---- */

static int dumb_create(struct drm_device *device, void *data, struct drm_file *file)
{
	struct drm_mode_create_dumb *args = data;

	if (args->flags || !args->width || args->width > SIDE_MAX || !args->height ||
	    args->height > SIDE_MAX || !args->bpp || args->bpp > 32) {
		return -EINVAL;
	}
	args->handle = 0;
	args->pitch = 0;
	args->size = 0;
	return drm_gem_shmem_dumb_create(file, device, args);
}

static int dumb_map(struct drm_device *device, void *data, struct drm_file *file)
{
	struct drm_mode_map_dumb *args = data;
	struct drm_gem_object *object = drm_gem_object_lookup(file, args->handle);
	int err;

	if (!object) {
		return -ENOENT;
	}
	err = drm_gem_create_mmap_offset(object);
	args->offset = drm_vma_node_offset_addr(&object->vma_node);
	drm_gem_object_put(object);
	return err;
}

static int dumb_destroy(struct drm_device *device, void *data, struct drm_file *file)
{
	struct drm_mode_destroy_dumb *args = data;

	return drm_gem_handle_delete(file, args->handle);
}

static long dumb_ioctl(struct file *file, drm_ioctl_t *handler, unsigned int command,
		       unsigned long argument)
{
	union {
		struct drm_mode_create_dumb create;
		struct drm_mode_map_dumb map;
		struct drm_mode_destroy_dumb destroy;
	} args;
	void __user *user = (void __user *)argument;
	long ret;

	if (copy_from_user(&args, user, _IOC_SIZE(command))) {
		return -EFAULT;
	}
	ret = drm_ioctl_kernel(file, handler, &args, DRM_RENDER_ALLOW);
	if (!ret && copy_to_user(user, &args, _IOC_SIZE(command))) {
		return -EFAULT;
	}
	return ret;
}

static long node_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	switch (command) {
	case DRM_IOCTL_MODE_CREATE_DUMB:
		return dumb_ioctl(file, dumb_create, command, argument);
	case DRM_IOCTL_MODE_MAP_DUMB:
		return dumb_ioctl(file, dumb_map, command, argument);
	case DRM_IOCTL_MODE_DESTROY_DUMB:
		return dumb_ioctl(file, dumb_destroy, command, argument);
	default:
		return drm_ioctl(file, command, argument);
	}
}

/* ---- the device ---- */

static const struct file_operations node_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = node_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = drm_gem_mmap,
};

static const struct drm_driver driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER,
	.fops = &node_fops,
	.gem_create_object = object_create,
	DRM_GEM_SHMEM_DRIVER_OPS,
	.name = "oriel-render",
	.desc = "a GPU without hardware, for tests",
	.date = "20260101",
	.major = 1,
};

static int render_probe(struct platform_device *platform)
{
	struct drm_device *device;
	int err = dma_coerce_mask_and_coherent(&platform->dev, DMA_BIT_MASK(64));

	if (err) {
		return err;
	}
	device = drm_dev_alloc(&driver, &platform->dev);
	if (IS_ERR(device)) {
		return PTR_ERR(device);
	}
	err = drm_dev_register(device, 0);
	if (err) {
		drm_dev_put(device);
		return err;
	}
	platform_set_drvdata(platform, device);
	return 0;
}

static int render_remove(struct platform_device *platform)
{
	struct drm_device *device = platform_get_drvdata(platform);

	drm_dev_unregister(device);
	drm_dev_put(device);
	return 0;
}

static struct platform_driver render_driver = {
	.probe = render_probe,
	.remove = render_remove,
	.driver = { .name = "oriel-render" },
};
static struct platform_device *render_device;

static int __init render_init(void)
{
	int err = platform_driver_register(&render_driver);

	if (err) {
		return err;
	}
	render_device = platform_device_register_simple("oriel-render", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(render_device)) {
		platform_driver_unregister(&render_driver);
		return PTR_ERR(render_device);
	}
	return 0;
}

static void __exit render_exit(void)
{
	platform_device_unregister(render_device);
	platform_driver_unregister(&render_driver);
}

module_init(render_init);
module_exit(render_exit);
MODULE_DESCRIPTION("DRM nodes through which Mesa's software renderer reads dma-bufs");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
