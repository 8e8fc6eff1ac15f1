// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oriel_gvt: mediated display devices without a GPU. One parent, /sys/class/mdev_bus/oriel_gvt,
 * with types
 *	oriel_gvt-bochs-N	a Bochs display with N MiB of video memory, planes as dma-bufs
 *	oriel_gvt-region-N	the same display, planes as a region
 *	oriel_gvt-skl		a Gen9 display engine that scans out guest memory
 *	oriel_gvt-skl-hdmi	the same with an HDMI output instead of DisplayPort
 *	oriel_gvt-skl-vga	the same as a PCI VGA device
 * made and removed as every mdev is (mdevctl, libvirt, or a UUID into .../create and 1 into
 *.../remove).
 */
#include <linux/device.h>
#include <linux/slab.h>

#include "compat.h"
#include "gvt.h"

#define NAME "oriel_gvt"

static const unsigned int sizes_mib[] = {16, 32, 64, 128, 256};
static const char *const offers[] = {
	[GVT_OFFER_DMABUF] = "bochs",
	[GVT_OFFER_REGION] = "region",
};

static const struct {
	const char *name;
	const char *text;
	enum gvt_skl_output output;
	bool vga_class;
} skls[] = {
	{"skl", "DisplayPort", GVT_SKL_DP, false},
	{"skl-hdmi", "HDMI", GVT_SKL_HDMI, false},
	{"skl-vga", "DisplayPort, VGA class", GVT_SKL_DP, true},
};

#define NR_TYPES (ARRAY_SIZE(sizes_mib) * ARRAY_SIZE(offers) + ARRAY_SIZE(skls))
/* 512 graphics addresses a byte: 1 GiB of them hold thirty pictures of the largest mode. */
#define GGTT_BYTES (2u << 20)

static struct gvt_type types[NR_TYPES];
static struct mdev_type *type_list[NR_TYPES];
static struct mdev_parent parent;
static struct class *class;
static struct device *parent_dev;

static int gvt_probe(struct mdev_device *mdev)
{
	struct gvt_vgpu *vgpu;
	int err;

	vgpu = vfio_alloc_device(gvt_vgpu, vdev, &mdev->dev, &gvt_vgpu_ops);
	if (IS_ERR(vgpu)) {
		return PTR_ERR(vgpu);
	}
	err = vfio_register_emulated_iommu_dev(&vgpu->vdev);
	if (err) {
		vfio_put_device(&vgpu->vdev);
		return err;
	}
	dev_set_drvdata(&mdev->dev, vgpu);
	return 0;
}

static void gvt_remove(struct mdev_device *mdev)
{
	struct gvt_vgpu *vgpu = dev_get_drvdata(&mdev->dev);

	/* Waits until the last user is gone, and asks for it by vgpu_request(). */
	vfio_unregister_group_dev(&vgpu->vdev);
	vfio_put_device(&vgpu->vdev);
}

static unsigned int gvt_available(struct mdev_type *mtype)
{
	const struct gvt_type *type = gvt_type_of(mtype);

	return min_t(u64, gvt_vram_left() / (type->vram_bytes + type->extra_bytes), UINT_MAX);
}

static ssize_t gvt_description(struct mdev_type *mtype, char *buf)
{
	struct gvt_type *type = gvt_type_of(mtype);
	u32 w, h;

	type->model->max_mode(type, &w, &h);
	return sysfs_emit(buf,
			  "memory: %lluMiB\nmax_resolution: %ux%u\nheads: 1\nplanes: %s\n"
			  "guest_driver: %s\n",
			  (type->vram_bytes + type->extra_bytes) >> 20, w, h,
			  type->offer == GVT_OFFER_REGION ? "region" : "dma-buf",
			  type->model->guest_driver);
}

static struct mdev_driver driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.probe = gvt_probe,
	.remove = gvt_remove,
	.get_available = gvt_available,
	.show_description = gvt_description,
	.driver =
		{
			.name = NAME,
			.owner = THIS_MODULE,
			.mod_name = KBUILD_MODNAME,
		},
};

static void fill_types(void)
{
	unsigned int offer, i, n = 0;

	for (offer = 0; offer < ARRAY_SIZE(offers); offer++) {
		for (i = 0; i < ARRAY_SIZE(sizes_mib); i++, n++) {
			struct gvt_type *type = &types[n];

			type->model = &gvt_bochs_ops;
			type->offer = offer;
			type->vram_bytes = (u64)sizes_mib[i] << 20;
			snprintf(type->sysfs_name, sizeof(type->sysfs_name), "%s-%u", offers[offer],
				 sizes_mib[i]);
			snprintf(type->pretty_name, sizeof(type->pretty_name),
				 "Oriel %s display, %u MiB", offers[offer], sizes_mib[i]);
		}
	}
	for (i = 0; i < ARRAY_SIZE(skls); i++, n++) {
		struct gvt_type *type = &types[n];

		type->model = &gvt_skl_ops;
		type->offer = GVT_OFFER_DMABUF;
		type->vram_bytes = GGTT_BYTES;
		type->extra_bytes = GVT_SKL_REGS_SIZE;
		type->skl.output = skls[i].output;
		type->skl.pvinfo = true;
		type->skl.pipes = 1;
		type->skl.ggtt_bytes = GGTT_BYTES;
		type->skl.vga_class = skls[i].vga_class;
		snprintf(type->sysfs_name, sizeof(type->sysfs_name), "%s", skls[i].name);
		snprintf(type->pretty_name, sizeof(type->pretty_name), "Oriel Gen9 display, %s",
			 skls[i].text);
	}
	for (i = 0; i < NR_TYPES; i++) {
		types[i].mdev.sysfs_name = types[i].sysfs_name;
		types[i].mdev.pretty_name = types[i].pretty_name;
		type_list[i] = &types[i].mdev;
	}
}

static int __init gvt_init(void)
{
	int err;

	fill_types();
	class = gvt_class_create(NAME);
	if (IS_ERR(class)) {
		return PTR_ERR(class);
	}
	parent_dev = device_create(class, NULL, MKDEV(0, 0), NULL, NAME);
	if (IS_ERR(parent_dev)) {
		err = PTR_ERR(parent_dev);
		goto destroy_class;
	}
	err = mdev_register_driver(&driver);
	if (err) {
		goto unregister_dev;
	}
	err = mdev_register_parent(&parent, parent_dev, &driver, type_list, NR_TYPES);
	if (err) {
		goto unregister_driver;
	}
	return 0;
unregister_driver:
	mdev_unregister_driver(&driver);
unregister_dev:
	device_unregister(parent_dev);
destroy_class:
	class_destroy(class);
	return err;
}

static void __exit gvt_exit(void)
{
	mdev_unregister_parent(&parent);
	mdev_unregister_driver(&driver);
	device_unregister(parent_dev);
	class_destroy(class);
}

module_init(gvt_init);
module_exit(gvt_exit);

MODULE_DESCRIPTION("Mediated display devices for virtual machines");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
MODULE_SOFTDEP("pre: vfio_iommu_type1 vfio_virqfd");
GVT_IMPORT_NS(DMA_BUF);
