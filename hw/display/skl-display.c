// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The display half of a Skylake as an emulated device: kernel/gvt/core has the registers, this file
 * puts them on the PCI bus, with the page table (GGTT) that leads to the pixels in guest RAM.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "hw/core/machine-lock.h"
#include "hw/display/display.h"
#include "hw/display/skl.h"
#include "kernel/gvt/core/gvt_edid.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

#define CFG_STATUS     0x06
#define CFG_CAP_LIST   0x34
#define CFG_HEADER_END 0x40

static const char *const outputs[] = { "dp", "hdmi", "none", NULL }; /* enum gvt_skl_output */

static struct skl_display *to_skl(struct device *dev)
{
	return (struct skl_display *)dev;
}

/* ---- events of the model ---- */

static void update_timer(struct skl_display *skl)
{
	uint64_t deadline = gvt_skl_deadline(&skl->model, skl->scanout.watched);

	if (deadline > INT64_MAX) {
		hw_timer_cancel(&skl->timer);
	} else {
		hw_timer_arm(&skl->timer, (int64_t)deadline);
	}
}

static void update_intx(struct skl_display *skl)
{
	pci_intx_set(&skl->pd, gvt_skl_irq_level(&skl->model) && !pci_msi_enabled(&skl->pd));
}

void skl_take_events(struct skl_display *skl, unsigned int events)
{
	if (events & GVT_SKL_IRQ) {
		pci_msi_notify(&skl->pd, 0);
	}
	if (events & GVT_SKL_LEVEL) {
		update_intx(skl);
	}
	if (events & (GVT_SKL_CHANGED | GVT_SKL_PTES)) {
		scanout_kick(&skl->scanout);
	}
	update_timer(skl);
}

static void timer_fired(void *opaque)
{
	struct skl_display *skl = opaque;

	skl_take_events(skl, gvt_skl_advance(&skl->model, (uint64_t)clock_ns()));
}

/* ---- BAR0: registers, and above them the page table ---- */

static uint64_t regs_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct skl_display *skl = opaque;

	/* What time brought is told by the timer, which is due then; see gvt_skl_mmio_read(). */
	return offset < GVT_SKL_GGTT_OFFSET ?
		       gvt_skl_mmio_read(&skl->model, (uint32_t)offset, size,
					 (uint64_t)clock_ns()) :
		       0;
}

static void regs_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct skl_display *skl = opaque;

	if (offset < GVT_SKL_GGTT_OFFSET) {
		skl_take_events(skl, gvt_skl_mmio_write(&skl->model, (uint32_t)offset, value, size,
							(uint64_t)clock_ns()));
	}
}

static const struct mem_ops regs_ops = { .read = regs_read, .write = regs_write };

static void bar_moved(struct pci_device *pd, int bar, uint64_t gpa)
{
	struct skl_display *skl = to_skl(&pd->dev);

	if (bar == 0) {
		addr_space_remove(&skl->ggtt_region);
	}
	if (bar == 0 && gpa != PCI_UNMAPPED) {
		/* At the BAR's own priority: of two that overlap the later one is seen. */
		addr_space_add(pd->dev.board->mem, gpa + GVT_SKL_GGTT_OFFSET, &skl->ggtt_region,
			       skl->regs_region.priority);
	}
}

bool skl_page_gpa(struct skl_display *skl, uint64_t index, uint64_t *gpa)
{
	uint64_t pte = 0;

	if (index < skl->ggtt_bytes / sizeof(pte)) {
		pte = GUINT64_FROM_LE(__atomic_load_n(&skl->ggtt_hva[index], __ATOMIC_RELAXED));
	}
	*gpa = pte & GVT_SKL_PTE_ADDRESS;
	return pte & GVT_SKL_PTE_PRESENT;
}

void *skl_page(struct skl_display *skl, uint64_t index, bool write)
{
	uint64_t gpa;

	/* RAM alone: a page table that leads back to a BAR would go round in circles. */
	return skl_page_gpa(skl, index, &gpa) ?
		       addr_space_ram(skl->pd.dev.board->mem, gpa, GVT_PAGE_SIZE, write) :
		       NULL;
}

/* ---- BAR2: graphics addresses from 0 on ---- */

/* Bytes of an access that lie in its first page; the access may have any alignment. */
static size_t in_first_page(uint64_t offset, size_t size)
{
	return MIN(size, GVT_PAGE_SIZE - offset % GVT_PAGE_SIZE);
}

static uint64_t aperture_read(void *opaque, uint64_t offset, unsigned int size)
{
	uint8_t bytes[8] = { 0 };
	uint64_t value;

	for (size_t done = 0, part; done < size; done += part, offset += part) {
		const uint8_t *page = skl_page(opaque, offset / GVT_PAGE_SIZE, false);

		part = in_first_page(offset, size - done);
		if (page) {
			memcpy(bytes + done, page + offset % GVT_PAGE_SIZE, part);
		}
	}
	memcpy(&value, bytes, sizeof(value));
	return GUINT64_FROM_LE(value);
}

static void aperture_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	uint8_t bytes[8];

	value = GUINT64_TO_LE(value);
	memcpy(bytes, &value, sizeof(bytes));
	for (size_t done = 0, part; done < size; done += part, offset += part) {
		uint8_t *page = skl_page(opaque, offset / GVT_PAGE_SIZE, true);

		part = in_first_page(offset, size - done);
		if (page) {
			memcpy(page + offset % GVT_PAGE_SIZE, bytes + done, part);
		}
	}
}

static const struct mem_ops aperture_ops = { .read = aperture_read, .write = aperture_write };

/* ---- configuration space ---- */

static void config_write(struct pci_device *pd, uint32_t offset, uint32_t value,
			 unsigned int size)
{
	pci_default_config_write(pd, offset, value, size);
	/* It may have switched between pin and message. */
	update_intx(to_skl(&pd->dev));
}

static const struct pci_ops pci_ops = { .config_write = config_write, .bar_moved = bar_moved };

static bool plug(struct skl_display *skl, const struct gvt_skl_config *config, GError **error)
{
	uint8_t rom[GVT_SKL_ROM_SIZE];
	struct pci_device *pd = &skl->pd;
	struct gvt_pci image;
	struct pci_ids ids = {
		.vendor = GVT_SKL_PCI_VENDOR,
		.device = GVT_SKL_PCI_DEVICE,
		.subsystem_vendor = GVT_SKL_PCI_SUBVENDOR,
		.subsystem = GVT_SKL_PCI_SUBDEVICE,
		.revision = GVT_SKL_PCI_REVISION,
		.class_code = config->vga_class ? 0x030000 : 0x038000,
		.interrupt_pin = 1,
	};

	if (!pci_plug(pd, &pci_ops, &ids, error)) {
		return false;
	}
	/* Behind the header: the device's own registers, and the capability where it belongs. */
	gvt_skl_pci_init(config, &image);
	memcpy(pd->config + CFG_HEADER_END, image.data + CFG_HEADER_END,
	       PCI_CONFIG_SIZE - CFG_HEADER_END);
	memcpy(pd->write_mask + CFG_HEADER_END, image.writable + CFG_HEADER_END,
	       PCI_CONFIG_SIZE - CFG_HEADER_END);
	pd->config[CFG_STATUS] = image.data[CFG_STATUS];
	pd->config[CFG_CAP_LIST] = image.data[CFG_CAP_LIST];
	pci_bar_set(pd, 0, PCI_BAR_MEM64, &skl->regs_region);
	pci_bar_set(pd, 2, PCI_BAR_MEM64 | PCI_BAR_PREFETCH, &skl->aperture_region);
	gvt_skl_rom(config, rom);
	return pci_msi_init(pd, pd->config[CFG_CAP_LIST], 1, NULL, error) &&
	       (config->output == GVT_SKL_BARE || pci_rom_set(pd, rom, sizeof(rom), error));
}

/* ---- device ---- */

void skl_set_monitor(struct skl_display *skl, const struct display_mode *mode)
{
	uint8_t edid[GVT_EDID_MAX];
	uint32_t max_width, max_height;
	size_t size = 0;

	if (mode) {
		gvt_skl_max_mode(&skl->model.config, &max_width, &max_height);
		size = scanout_edid(mode, max_width, max_height, edid);
	}
	skl_take_events(skl, gvt_skl_set_monitor(&skl->model, edid, size, (uint64_t)clock_ns()));
}

static bool init_memory(struct skl_display *skl, GError **error)
{
	void *hva = mmap(NULL, skl->ggtt_bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (hva == MAP_FAILED) {
		return error_set_errno(error, errno, "%s: page table of %u MiB",
				       device_label(&skl->pd.dev), skl->ggtt_bytes >> 20);
	}
	skl->ggtt_hva = hva;
	skl->regs = g_malloc0(GVT_SKL_REGS_SIZE);
	mem_region_init_io(&skl->regs_region, "skl-regs", GVT_SKL_BAR0_SIZE, &regs_ops, skl);
	mem_region_init_map(&skl->ggtt_region, "skl-ggtt", skl->ggtt_bytes, hva);
	mem_region_init_io(&skl->aperture_region, "skl-aperture", GVT_SKL_APERTURE_SIZE,
			   &aperture_ops, skl);
	return true;
}

static void skl_free(struct skl_display *skl)
{
	/* Sinks are told by the console, and that isn't done with the lock held. */
	machine_unlock();
	skl_scanout_finish(skl);
	machine_lock();
	hw_timer_finish(&skl->timer);
	pci_unplug(&skl->pd);
	mem_region_finish(&skl->ggtt_region);
	mem_region_finish(&skl->regs_region);
	mem_region_finish(&skl->aperture_region);
	munmap(skl->ggtt_hva, skl->ggtt_bytes);
	skl->ggtt_hva = NULL;
	g_clear_pointer(&skl->regs, g_free);
}

static bool skl_realize(struct device *dev, GError **error)
{
	struct skl_display *skl = to_skl(dev);
	struct display_mode mode = { .width_px = skl->xres_px, .height_px = skl->yres_px };
	struct gvt_skl_config config = {
		.output = (enum gvt_skl_output)skl->output,
		.pvinfo = skl->pvinfo,
		.pipes = skl->pipes,
		.ggtt_bytes = 2u << (20 + skl->ggtt),
		.vga_class = skl->vga,
	};
	uint32_t max_width, max_height;
	bool ok;

	gvt_skl_max_mode(&config, &max_width, &max_height);
	if (mode.width_px > max_width || mode.height_px > max_height) {
		return error_set(error, "%s: xres and yres: %ux%u: %s takes no more than %ux%u",
				 device_label(dev), mode.width_px, mode.height_px,
				 outputs[skl->output], max_width, max_height);
	}
	skl->ggtt_bytes = config.ggtt_bytes;
	if (!init_memory(skl, error)) {
		return false;
	}
	ok = gvt_skl_init(&skl->model, &config, skl->regs, (uint64_t)clock_ns());
	g_assert(ok);
	hw_timer_init(&skl->timer, timer_fired, skl);
	ok = plug(skl, &config, error);
	if (ok) {
		skl_set_monitor(skl, &mode);
		machine_unlock();
		ok = skl_scanout_init(skl, error);
		machine_lock();
	}
	if (!ok) {
		skl_free(skl);
	}
	return ok;
}

static void skl_unrealize(struct device *dev)
{
	skl_free(to_skl(dev));
}

static void skl_reset(struct device *dev)
{
	struct skl_display *skl = to_skl(dev);

	pci_reset(&skl->pd);
	for (unsigned int i = CFG_HEADER_END; i < PCI_CONFIG_SIZE; i++) {
		skl->pd.config[i] &= (uint8_t)~skl->pd.write_mask[i];
	}
	gvt_skl_reset(&skl->model, (uint64_t)clock_ns());
	/* Anonymous memory: this makes it zeros. */
	madvise(skl->ggtt_hva, skl->ggtt_bytes, MADV_DONTNEED);
	skl_take_events(skl, GVT_SKL_LEVEL | GVT_SKL_MODE);
}

static const char *const ggtt_sizes[] = { "2M", "4M", "8M", NULL };

static const struct property skl_properties[] = {
	PCI_PROPERTIES(struct skl_display, pd),
	{ .name = "xres", .type = PROP_U32, .offset = offsetof(struct skl_display, xres_px),
	  .def = "1280", .help = "width that the monitor prefers", .min = GVT_EDID_DIM_MIN,
	  .max = GVT_SKL_MAX_WIDTH },
	{ .name = "yres", .type = PROP_U32, .offset = offsetof(struct skl_display, yres_px),
	  .def = "800", .help = "height that the monitor prefers", .min = GVT_EDID_DIM_MIN,
	  .max = GVT_SKL_MAX_HEIGHT },
	{ .name = "x-output", .type = PROP_ENUM, .offset = offsetof(struct skl_display, output),
	  .def = "dp", .help = "output that the option ROM describes; none: no ROM",
	  .choices = outputs },
	PROP("x-pvinfo", PROP_BOOL, struct skl_display, pvinfo, "on",
	     "tell the guest that the GPU is a virtual one"),
	{ .name = "x-pipes", .type = PROP_U32, .offset = offsetof(struct skl_display, pipes),
	  .def = "1", .help = "pipes, 1 to 3; the first one that is on is shown", .min = 1,
	  .max = GVT_SKL_PIPES },
	{ .name = "x-ggtt", .type = PROP_ENUM, .offset = offsetof(struct skl_display, ggtt),
	  .def = "2M", .help = "size of the page table; each 1M of it maps 512M", .choices = ggtt_sizes },
	PROP("x-vga", PROP_BOOL, struct skl_display, vga, "off", "PCI class VGA"),
	PROP_END,
};

const struct device_class skl_display_class = {
	.name = "skl-display",
	.bus = "PCI",
	.category = "Display",
	.description = "Intel Gen9 display engine (PCI 8086:1912) for the guest's i915, without "
		       "rendering",
	.instance_size = sizeof(struct skl_display),
	.properties = skl_properties,
	.user_creatable = true,
	.realize = skl_realize,
	.reset = skl_reset,
	.unrealize = skl_unrealize,
};
