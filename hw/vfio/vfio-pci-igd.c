// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The OpRegion of an Intel GPU: tables that its firmware leaves in memory for the driver, which finds
 * them by the config register ASLS. vfio offers the host's, or the vGPU's own, as a region; the guest
 * gets a copy in memory that its map reserves.
 */
#include "vfio-pci.h"

#include <string.h>

#include "hw/core/addr-space.h"
#include "util/error.h"
#include "util/trace.h"

/* VFIO_REGION_TYPE_PCI_VENDOR_TYPE, which is a signed 1 << 31, and Intel. */
#define TYPE_INTEL 0x80008086u
#define ASLS	   0xfcu /* guest-physical address of the OpRegion, 32 bits */
#define SIGNATURE  "IntelGraphicsMem"
#define MIN_BYTES  (8u << 10)
/* With an extended table of video modes behind it. */
#define MAX_BYTES  (256u << 10)

/* Copies the region to the guest, at reset too: a guest may write to it. */
static bool copy(struct vfio_pci *vp)
{
	void *hva = addr_space_ram(vp->pd.dev.board->mem, vp->opregion_gpa,
				   vp->opregion->size_bytes, true);

	return hva && vfio_region_read(vp->device, vp->opregion, 0, hva,
				       vp->opregion->size_bytes) == 0;
}

static void ignore(struct vfio_pci *vp, const char *why)
{
	vp->opregion = NULL;
	warn_report("%s: x-igd-opregion: %s, ignored", vp->device->name, why);
}

bool vfio_igd_setup(struct vfio_pci *vp, GError **error)
{
	const struct vfio_region *region =
		vfio_region_find(vp->device, TYPE_INTEL,
				 VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
	char signature[sizeof(SIGNATURE) - 1];

	vp->opregion = NULL;
	if (!vp->igd_opregion) {
		return true;
	}
	if (!region) {
		ignore(vp, "the device has no OpRegion");
		return true;
	}
	if (region->size_bytes < MIN_BYTES || region->size_bytes > MAX_BYTES ||
	    vfio_region_read(vp->device, region, 0, signature, sizeof(signature)) < 0 ||
	    memcmp(signature, SIGNATURE, sizeof(signature)) != 0) {
		ignore(vp, "the device's OpRegion makes no sense");
		return true;
	}
	vp->opregion = region;
	vp->opregion_gpa = board_reserve_ram(vp->pd.dev.board, region->size_bytes);
	if (!vp->opregion_gpa || vp->opregion_gpa > UINT32_MAX || !copy(vp)) {
		vp->opregion = NULL;
		return error_set(error, "%s: x-igd-opregion: no memory in the guest for %"
				 G_GUINT64_FORMAT " KiB of OpRegion", vp->device->name,
				 region->size_bytes >> 10);
	}
	pci_set32(vp->pd.config + ASLS, (uint32_t)vp->opregion_gpa);
	memset(vp->emulated + ASLS, 0xff, 4);
	TRACE(vfio, opregion, "%s: %" G_GUINT64_FORMAT " bytes at 0x%" G_GINT64_MODIFIER "x",
	      vp->device->name, region->size_bytes, vp->opregion_gpa);
	return true;
}

void vfio_igd_reset(struct vfio_pci *vp)
{
	if (vp->opregion && !copy(vp)) {
		TRACE(vfio, opregion, "%s: could not be read again", vp->device->name);
	}
}
