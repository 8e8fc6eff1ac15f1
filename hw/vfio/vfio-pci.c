// SPDX-License-Identifier: GPL-2.0-or-later
/* The device class "vfio-pci": properties, life cycle, option ROM, reset. */
#include "vfio-pci.h"

#include <errno.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "hw/core/machine-lock.h"
#include "hw/vfio/vfio.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"
#include "vfio-display.h"
#include "vfio-host.h"

/* As hw/pci accepts. */
#define ROM_MAX_BYTES (16u << 20)

static char *sysfs_path(const struct vfio_pci *vp, GError **error)
{
	if (vp->sysfsdev && vp->host.set) {
		error_set(error, "%s: host= and sysfsdev= name the device twice",
			  device_label(&vp->pd.dev));
		return NULL;
	}
	if (vp->sysfsdev) {
		return g_strdup(vp->sysfsdev);
	}
	if (vp->host.set) {
		return g_strdup_printf("/sys/bus/pci/devices/%04x:%02x:%02x.%x", vp->host.domain,
				       vp->host.bus, vp->host.slot, vp->host.function);
	}
	error_set(error, "%s: no device named: give sysfsdev=PATH or host=BUS:SLOT.FUNCTION",
		  device_label(&vp->pd.dev));
	return NULL;
}

/* The device's own ROM; many answer with zeros or an error until they are shadowed: no ROM then. */
static bool rom_from_device(struct vfio_pci *vp, GError **error)
{
	const struct vfio_region *region = &vp->device->regions[VFIO_PCI_ROM_REGION_INDEX];
	g_autofree uint8_t *data = NULL;

	if (!region->size_bytes || region->size_bytes > ROM_MAX_BYTES) {
		return true;
	}
	data = g_try_malloc(region->size_bytes);
	if (!data || vfio_region_read(vp->device, region, 0, data, region->size_bytes) < 0 ||
	    pci_get16(data) != 0xaa55) {
		TRACE(vfio, rom, "%s: no readable option ROM", vp->device->name);
		return true;
	}
	return pci_rom_set(&vp->pd, data, region->size_bytes, error);
}

static bool rom_from_file(struct vfio_pci *vp, GError **error)
{
	g_autofree char *data = NULL;
	GError *cause = NULL;
	gsize size;
	bool ok;

	if (!g_file_get_contents(vp->romfile, &data, &size, &cause)) {
		ok = error_set(error, "%s: romfile: %s", vp->device->name, cause->message);
		g_error_free(cause);
		return ok;
	}
	if (!size || size > ROM_MAX_BYTES) {
		return error_set(error, "%s: romfile '%s': %" G_GSIZE_FORMAT " bytes: not a ROM",
				 vp->device->name, vp->romfile, size);
	}
	return pci_rom_set(&vp->pd, data, size, error);
}

static bool rom_setup(struct vfio_pci *vp, GError **error)
{
	if (vp->romfile && *vp->romfile) {
		return rom_from_file(vp, error);
	}
	/* romfile= (empty) and rombar=0 mean none */
	return vp->romfile || !vp->rombar || rom_from_device(vp, error);
}

static bool display_setup(struct vfio_pci *vp, GError **error)
{
	struct vfio_display_config config = {
		.device = vp->device,
		.registry = vp->pd.dev.board->displays,
		.label = device_label(&vp->pd.dev),
		.mem = vp->pd.dev.board->mem,
		.xres = vp->xres,
		.yres = vp->yres,
		.tear = (enum vfio_tear)vp->tear,
	};

	if (!vp->xres != !vp->yres) {
		return error_set(error, "%s: xres and yres: one needs the other",
				 vp->device->name);
	}
	if (vp->display == ON_OFF_AUTO_OFF ||
	    (vp->display == ON_OFF_AUTO_AUTO && !vfio_display_present(vp->device))) {
		if (vp->xres) {
			return error_set(error, "%s: xres and yres: without a display",
					 vp->device->name);
		}
		if (vp->tear != VFIO_TEAR_ALLOW) {
			return error_set(error, "%s: x-tear: without a display", vp->device->name);
		}
		return true;
	}
	vp->display_state = vfio_display_create(&config, error);
	return vp->display_state != NULL;
}

static const struct pci_ops ops = {
	.config_read = vfio_config_read,
	.config_write = vfio_config_write,
	.bar_moved = vfio_bar_moved,
	.intx_route_changed = vfio_intx_route_changed,
};

void vfio_pci_teardown(struct vfio_pci *vp)
{
	struct pci_device *pd = &vp->pd;

	g_clear_pointer(&vp->display_state, vfio_display_destroy);
	if (vp->device) {
		vfio_irqs_finish(vp);
	}
	vfio_bars_unmap(vp);
	pci_unplug(pd);
	for (int i = 0; i < PCI_BARS; i++) {
		mem_region_finish(&vp->bars[i].trapped);
		vp->bars[i] = (struct vfio_bar){ 0 };
	}
	vfio_host_close(pd->dev.board, vp->device);
	vp->device = NULL;
	vp->opregion = NULL;
}

bool vfio_pci_attach(struct vfio_pci *vp, GError **error)
{
	vp->req_fd = vp->err_fd = -1;
	vp->intx = (struct vfio_intx){ .fd = -1, .resample_fd = -1, .gsi = -1 };
	vp->gone = false;
	if (!vfio_config_plug(vp, &ops, error)) {
		goto fail;
	}
	vfio_config_sync_command(vp);
	if (!vfio_igd_setup(vp, error) || !vfio_bars_setup(vp, error) ||
	    !vfio_config_capabilities(vp, error) ||
	    !rom_setup(vp, error) || !display_setup(vp, error)) {
		goto fail;
	}
	vfio_irqs_setup(vp);
	return true;
fail:
	vfio_pci_teardown(vp);
	return false;
}

static bool vfio_pci_realize(struct device *dev, GError **error)
{
	struct vfio_pci *vp = (struct vfio_pci *)dev;
	g_autofree char *path = sysfs_path(vp, error);

	vp->device = path ? vfio_host_open(dev->board, path, error) : NULL;
	return vp->device && vfio_pci_attach(vp, error);
}

static void vfio_pci_unrealize(struct device *dev)
{
	vfio_pci_teardown((struct vfio_pci *)dev);
}

/* A guest may leave the device asleep, and asleep it answers nobody. */
static void wake_up(struct vfio_pci *vp)
{
	uint8_t pm = pci_capability_find(&vp->pd, PCI_CAP_ID_PM), control[2];

	if (!pm || vfio_region_read(vp->device, vp->config_region, pm + PCI_PM_CTRL, control, 2) < 0 ||
	    !(control[0] & PCI_PM_CTRL_STATE_MASK)) {
		return;
	}
	control[0] &= (uint8_t)~PCI_PM_CTRL_STATE_MASK; /* D0 */
	vfio_region_write(vp->device, vp->config_region, pm + PCI_PM_CTRL, control, 2);
}

void vfio_pci_reset(struct device *dev)
{
	struct vfio_pci *vp = (struct vfio_pci *)dev;
	int ret = 0;

	/* The guest's driver is gone: masks everything, unmaps the BARs, and with the command
	 * register stops DMA before the device is touched. */
	pci_reset(&vp->pd);
	if (vp->gone) {
		return;
	}
	vfio_config_sync_command(vp);
	vfio_irqs_update(vp);
	wake_up(vp);
	if (vp->device->flags & VFIO_DEVICE_FLAGS_RESET) {
		ret = vp->device->ops->reset(vp->device);
	}
	TRACE(vfio, reset, "%s: %s %d", vp->device->name,
	      vp->device->flags & VFIO_DEVICE_FLAGS_RESET ? "reset" : "has no reset", ret);
	/* A reset of the function clears what was sent before. */
	vp->command_sent = 0xffff;
	vfio_config_sync_command(vp);
	vfio_igd_reset(vp);
	if (vp->display_state) {
		vfio_display_reset(vp->display_state);
	}
}

void vfio_pci_give_back(struct vfio_pci *vp)
{
	if (vp->gone) {
		return;
	}
	error_report("%s: the host takes the device back; the guest goes on without it",
		     vp->device->name);
	if (vp->display_state) {
		vfio_display_detach(vp->display_state);
	}
	machine_lock();
	vfio_irqs_finish(vp);
	vfio_bars_unmap(vp);
	vp->gone = true;
	vfio_host_close(vp->pd.dev.board, vp->device);
	vp->device = NULL;
	vp->opregion = NULL;
	machine_unlock();
}

/* By enum vfio_tear. */
static const char *const tear_choices[] = { "allow", "latch", "copy", "wait", NULL };

static const struct property properties[] = {
	PCI_PROPERTIES(struct vfio_pci, pd),
	PROP("sysfsdev", PROP_STR, struct vfio_pci, sysfsdev, NULL,
	     "sysfs folder of the device, below /sys/bus/mdev/devices or /sys/bus/pci/devices"),
	PROP("host", PROP_HOST_BDF, struct vfio_pci, host, NULL,
	     "PCI address on the host, [domain:]bus:slot.function"),
	PROP("display", PROP_ON_OFF_AUTO, struct vfio_pci, display, "off",
	     "show the device's screen"),
	PROP("x-display", PROP_ON_OFF_AUTO, struct vfio_pci, display, "off",
	     "the same as display"),
	{ .name = "xres", .type = PROP_U32, .offset = offsetof(struct vfio_pci, xres),
	  .help = "preferred width of the guest's screen in pixels, by EDID", .max = 16384 },
	{ .name = "yres", .type = PROP_U32, .offset = offsetof(struct vfio_pci, yres),
	  .help = "preferred height of the guest's screen in pixels, by EDID", .max = 16384 },
	{ .name = "x-tear", .type = PROP_ENUM, .offset = offsetof(struct vfio_pci, tear),
	  .def = "allow", .choices = tear_choices,
	  .help = "pictures that the guest flips while they are read: allow; latch: read again, "
		  "whole ones only; copy: whole copies that the device makes; wait: the guest's "
		  "flip waits for the reader, 50 ms at most" },
	PROP("x-no-mmap", PROP_BOOL, struct vfio_pci, no_mmap, "off",
	     "trap every access to the BARs (slow, to look at a driver)"),
	PROP("romfile", PROP_STR, struct vfio_pci, romfile, NULL,
	     "file with the option ROM; empty: none"),
	{ .name = "rombar", .type = PROP_U32, .offset = offsetof(struct vfio_pci, rombar),
	  .def = "1", .help = "0: no option ROM", .max = 1 },
	PROP("x-igd-opregion", PROP_BOOL, struct vfio_pci, igd_opregion, "off",
	     "expose the Intel OpRegion to the guest"),
	PROP_END,
};

const struct device_class vfio_pci_class = {
	.name = "vfio-pci",
	.bus = "PCI",
	.category = "Misc",
	.description = "host PCI device or mediated device (vGPU)",
	.instance_size = sizeof(struct vfio_pci),
	.properties = properties,
	.user_creatable = true,
	.realize = vfio_pci_realize,
	.reset = vfio_pci_reset,
	.unrealize = vfio_pci_unrealize,
};
