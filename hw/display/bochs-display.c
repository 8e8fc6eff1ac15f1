// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Bochs display as an emulated device: kernel/gvt/core has the registers, this file puts them
 * on the PCI bus beside plain memory that the guest maps.
 */
#include <errno.h>
#include <sys/mman.h>

#include "kernel/gvt/core/gvt_edid.h"
#include "hw/core/machine-lock.h"
#include "hw/display/bochs.h"
#include "hw/display/display.h"
#include "util/error.h"
#include "util/fd.h"

#define VGAMEM_MAX (256ull << 20)

static struct bochs_display *to_bochs(struct device *dev)
{
	return (struct bochs_display *)dev;
}

/* ---- video memory ---- */

struct bochs_vram *bochs_vram_create(uint64_t size_bytes, GError **error)
{
	/* Shared: writes to pages that were never touched can be watched only there. */
	void *hva = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct bochs_vram *vram;

	if (hva == MAP_FAILED) {
		error_set_errno(error, errno, "video memory of %" G_GUINT64_FORMAT " MiB",
				size_bytes >> 20);
		return NULL;
	}
	vram = g_new0(struct bochs_vram, 1);
	vram->hva = hva;
	vram->size_bytes = size_bytes;
	vram->refs = 1;
	return vram;
}

struct bochs_vram *bochs_vram_ref(struct bochs_vram *vram)
{
	g_atomic_int_inc(&vram->refs);
	return vram;
}

void bochs_vram_unref(struct bochs_vram *vram)
{
	if (vram && g_atomic_int_dec_and_test(&vram->refs)) {
		munmap(vram->hva, vram->size_bytes);
		g_free(vram);
	}
}

/* ---- registers ---- */

static uint64_t mmio_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct bochs_display *bd = opaque;

	return gvt_bochs_mmio_read(&bd->model, (uint32_t)offset, size, (uint64_t)clock_ns());
}

static void mmio_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct bochs_display *bd = opaque;
	unsigned int events = gvt_bochs_mmio_write(&bd->model, (uint32_t)offset, value, size,
						   (uint64_t)clock_ns());

	if (events) {
		scanout_kick(&bd->scanout);
	}
}

static const struct mem_ops mmio_ops = { .read = mmio_read, .write = mmio_write };

static const struct pci_ops no_pci_ops = { 0 };

/* ---- device ---- */

void bochs_edid_update(struct bochs_display *bd, const struct display_mode *mode)
{
	struct display_mode wish = *mode;
	uint32_t max_width = 0, max_height = 0;
	uint8_t edid[GVT_EDID_MAX];

	wish.width_px = mode->width_px ? mode->width_px : bd->xres_px;
	wish.height_px = mode->height_px ? mode->height_px : bd->yres_px;
	/* The guest's driver takes no mode that fills more than half of the memory. */
	if ((uint64_t)wish.width_px * wish.height_px * 4 > bd->vgamem_bytes / 2) {
		gvt_bochs_max_mode(bd->vgamem_bytes, &max_width, &max_height);
	}
	gvt_bochs_set_edid(&bd->model, edid, scanout_edid(&wish, max_width, max_height, edid));
}

static bool check_memory(struct bochs_display *bd, GError **error)
{
	uint64_t size = GVT_BOCHS_VRAM_MIN;
	uint64_t need = (uint64_t)bd->xres_px * bd->yres_px * 4 * 2;

	if (bd->vgamem_bytes < GVT_BOCHS_VRAM_MIN || bd->vgamem_bytes > VGAMEM_MAX) {
		return error_set(error, "%s: vgamem: not within 4M..256M",
				 device_label(&bd->pd.dev));
	}
	/* A BAR's size is a power of two; a size that nobody asked for follows xres and yres. */
	if (!device_was_set(&bd->pd.dev, "vgamem")) {
		bd->vgamem_bytes = CLAMP(need, bd->vgamem_bytes, VGAMEM_MAX);
	}
	while (size < bd->vgamem_bytes) {
		size *= 2;
	}
	bd->vgamem_bytes = size;
	if (need > size) {
		return error_set(error,
				 "%s: vgamem: %ux%u needs %" G_GUINT64_FORMAT " MiB, there are "
				 "%" G_GUINT64_FORMAT, device_label(&bd->pd.dev), bd->xres_px,
				 bd->yres_px, need >> 20, size >> 20);
	}
	return true;
}

static void bochs_free(struct bochs_display *bd)
{
	/* Sinks are told by the console, and that isn't done with the lock held. */
	machine_unlock();
	bochs_scanout_finish(bd);
	machine_lock();
	pci_unplug(&bd->pd);
	mem_region_finish(&bd->mmio_region);
	mem_region_finish(&bd->vram_region);
	bochs_vram_unref(bd->vram);
	bd->vram = NULL;
}

static bool bochs_realize(struct device *dev, GError **error)
{
	static const struct pci_ids ids = {
		.vendor = GVT_BOCHS_PCI_VENDOR,
		.device = GVT_BOCHS_PCI_DEVICE,
		.subsystem_vendor = GVT_BOCHS_PCI_SUBVENDOR,
		.subsystem = GVT_BOCHS_PCI_SUBDEVICE,
		.class_code = GVT_BOCHS_PCI_CLASS,
		.revision = GVT_BOCHS_PCI_REVISION,
	};
	struct bochs_display *bd = to_bochs(dev);
	bool ok;

	if (!check_memory(bd, error)) {
		return false;
	}
	bd->vram = bochs_vram_create(bd->vgamem_bytes, error);
	if (!bd->vram) {
		g_prefix_error(error, "%s: ", device_label(dev));
		return false;
	}
	gvt_bochs_init(&bd->model, bd->vgamem_bytes, (uint64_t)clock_ns());
	if (bd->edid) {
		bochs_edid_update(bd, &(struct display_mode){ 0 });
	}
	mem_region_init_map(&bd->vram_region, "bochs-vram", bd->vgamem_bytes, bd->vram->hva);
	mem_region_init_io(&bd->mmio_region, "bochs-mmio", GVT_BOCHS_MMIO_SIZE, &mmio_ops, bd);
	if (!pci_plug(&bd->pd, &no_pci_ops, &ids, error)) {
		bochs_free(bd);
		return false;
	}
	pci_bar_set(&bd->pd, 0, PCI_BAR_PREFETCH, &bd->vram_region);
	pci_bar_set(&bd->pd, 2, 0, &bd->mmio_region);
	machine_unlock();
	ok = bochs_scanout_init(bd, error);
	machine_lock();
	if (!ok) {
		bochs_free(bd);
	}
	return ok;
}

static void bochs_unrealize(struct device *dev)
{
	bochs_free(to_bochs(dev));
}

static void bochs_reset(struct device *dev)
{
	struct bochs_display *bd = to_bochs(dev);

	pci_reset(&bd->pd);
	gvt_bochs_reset(&bd->model);
	scanout_kick(&bd->scanout);
}

static const struct property bochs_properties[] = {
	PCI_PROPERTIES(struct bochs_display, pd),
	PROP("vgamem", PROP_SIZE, struct bochs_display, vgamem_bytes, "16M",
	     "video memory, a power of two from 4M to 256M; a mode may use half of it"),
	{ .name = "xres", .type = PROP_U32, .offset = offsetof(struct bochs_display, xres_px),
	  .def = "1280", .help = "width that the EDID prefers", .min = GVT_EDID_DIM_MIN,
	  .max = 8192 },
	{ .name = "yres", .type = PROP_U32, .offset = offsetof(struct bochs_display, yres_px),
	  .def = "800", .help = "height that the EDID prefers", .min = GVT_EDID_DIM_MIN,
	  .max = 8192 },
	PROP("edid", PROP_BOOL, struct bochs_display, edid, "on",
	     "give the guest an EDID; without it, it has a list of modes of its own"),
	PROP_END,
};

const struct device_class bochs_display_class = {
	.name = "bochs-display",
	.bus = "PCI",
	.category = "Display",
	.description = "Bochs display (PCI 1234:1111), for guests without a vGPU",
	.instance_size = sizeof(struct bochs_display),
	.properties = bochs_properties,
	.user_creatable = true,
	.realize = bochs_realize,
	.reset = bochs_reset,
	.unrealize = bochs_unrealize,
};
