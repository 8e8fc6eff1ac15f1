// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-edid.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "kernel/gvt/core/gvt_edid.h"
#include "ui/mode-wish.h"
#include "util/error.h"
#include "util/range.h"
#include "util/trace.h"

#define REG(field) offsetof(struct vfio_region_gfx_edid, field)

struct vfio_edid {
	struct vfio_device *device;
	const struct vfio_region *region;
	uint32_t blob_offset, blob_max;
	uint32_t max_width_px, max_height_px; /* 0: no limit */
	bool set; /* blob holds what we wrote last */
	uint8_t blob[GVT_EDID_MAX];
	uint32_t blob_size;
	struct mode_wish wish;
};

static const struct mode_wish_ops wish_ops;

struct vfio_edid *vfio_edid_create(struct vfio_device *device)
{
	const struct vfio_region *region = vfio_region_find(device, VFIO_REGION_TYPE_GFX,
							    VFIO_REGION_SUBTYPE_GFX_EDID);
	struct vfio_edid *edid;

	if (!region) {
		return NULL;
	}
	edid = g_new0(struct vfio_edid, 1);
	edid->device = device;
	edid->region = region;
	if (vfio_region_read_u32(device, region, REG(edid_offset), &edid->blob_offset) < 0 ||
	    vfio_region_read_u32(device, region, REG(edid_max_size), &edid->blob_max) < 0 ||
	    vfio_region_read_u32(device, region, REG(max_xres), &edid->max_width_px) < 0 ||
	    vfio_region_read_u32(device, region, REG(max_yres), &edid->max_height_px) < 0 ||
	    edid->blob_max < GVT_EDID_BLOCK ||
	    edid->blob_offset < sizeof(struct vfio_region_gfx_edid) ||
	    !range_fits(edid->blob_offset, edid->blob_max, region->size_bytes)) {
		TRACE(vfio, edid, "%s: EDID region makes no sense", device->name);
		g_free(edid);
		return NULL;
	}
	mode_wish_init(&edid->wish, &wish_ops, edid);
	return edid;
}

static int set_link(struct vfio_edid *edid, uint32_t state)
{
	return vfio_region_write_u32(edid->device, edid->region, REG(link_state), state);
}

static int write_blob(struct vfio_edid *edid)
{
	/* Down already while a cycle is under way: it then ends with this blob. */
	int ret = mode_wish_unplugged(&edid->wish) ? 0 : set_link(edid, VFIO_DEVICE_GFX_LINK_STATE_DOWN);

	if (ret == 0) {
		ret = vfio_region_write_u32(edid->device, edid->region, REG(edid_size),
					    edid->blob_size);
	}
	if (ret == 0) {
		ret = vfio_region_write(edid->device, edid->region, edid->blob_offset, edid->blob,
					edid->blob_size);
	}
	TRACE(vfio, edid, "%s: %u bytes: %d", edid->device->name, edid->blob_size, ret);
	return ret;
}

static bool build(struct vfio_edid *edid, const struct display_mode *mode)
{
	struct gvt_edid_params params = {
		.width_px = mode->width_px,
		.height_px = mode->height_px,
		.refresh_mhz = mode->refresh_mhz,
		.width_mm = mode->width_mm,
		.height_mm = mode->height_mm,
		.max_width_px = MAX(edid->max_width_px, mode->width_px),
		.max_height_px = MAX(edid->max_height_px, mode->height_px),
	};
	uint8_t blob[GVT_EDID_MAX];
	size_t size = gvt_edid_build(&params, blob, MIN(edid->blob_max, sizeof(blob)));

	if (!size) {
		return false;
	}
	memcpy(edid->blob, blob, size);
	edid->blob_size = (uint32_t)size;
	edid->set = true;
	return true;
}

bool vfio_edid_set_now(struct vfio_edid *edid, const struct display_mode *mode, GError **error)
{
	int ret;

	if ((edid->max_width_px && mode->width_px > edid->max_width_px) ||
	    (edid->max_height_px && mode->height_px > edid->max_height_px)) {
		return error_set(error, "%s: %ux%u: the device's largest mode is %ux%u",
				 edid->device->name, mode->width_px, mode->height_px,
				 edid->max_width_px, edid->max_height_px);
	}
	if (!build(edid, mode)) {
		return error_set(error, "%s: %ux%u: no EDID can say that", edid->device->name,
				 mode->width_px, mode->height_px);
	}
	mode_wish_is_now(&edid->wish, mode);
	ret = write_blob(edid);
	if (ret == 0) {
		ret = set_link(edid, VFIO_DEVICE_GFX_LINK_STATE_UP);
	}
	return ret == 0 || error_set_errno(error, -ret, "%s: EDID region: write",
					   edid->device->name);
}

static bool unplug(void *opaque, const struct display_mode *mode)
{
	struct vfio_edid *edid = opaque;

	if (!build(edid, mode)) {
		return false;
	}
	write_blob(edid);
	return true;
}

static void plug(void *opaque, const struct display_mode *mode)
{
	set_link(opaque, VFIO_DEVICE_GFX_LINK_STATE_UP);
}

static const struct mode_wish_ops wish_ops = { unplug, plug };

static uint32_t clamp_px(uint32_t value, uint32_t max)
{
	return CLAMP(value, GVT_EDID_DIM_MIN, max ? MIN(max, GVT_EDID_DIM_MAX) : GVT_EDID_DIM_MAX);
}

void vfio_edid_request(struct vfio_edid *edid, const struct display_mode *mode)
{
	struct display_mode wanted = *mode;

	wanted.width_px = clamp_px(mode->width_px, edid->max_width_px);
	wanted.height_px = clamp_px(mode->height_px, edid->max_height_px);
	mode_wish_set(&edid->wish, &wanted);
}

void vfio_edid_restore(struct vfio_edid *edid)
{
	uint32_t size = 0, link = 0;

	if (!edid->set || mode_wish_unplugged(&edid->wish)) {
		return;
	}
	if (vfio_region_read_u32(edid->device, edid->region, REG(edid_size), &size) == 0 &&
	    vfio_region_read_u32(edid->device, edid->region, REG(link_state), &link) == 0 &&
	    size == edid->blob_size && link == VFIO_DEVICE_GFX_LINK_STATE_UP) {
		return;
	}
	write_blob(edid);
	set_link(edid, VFIO_DEVICE_GFX_LINK_STATE_UP);
}

bool vfio_edid_link_is_down(struct vfio_edid *edid)
{
	uint32_t link = 0;

	return vfio_region_read_u32(edid->device, edid->region, REG(link_state), &link) == 0 &&
	       link == VFIO_DEVICE_GFX_LINK_STATE_DOWN;
}

void vfio_edid_destroy(struct vfio_edid *edid)
{
	if (!edid) {
		return;
	}
	mode_wish_finish(&edid->wish);
	g_free(edid);
}
