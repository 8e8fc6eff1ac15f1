// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-spare.h"

#include "util/trace.h"

bool vfio_spare_is_on(const struct vfio_spare *spare)
{
	return track_load_is_off(&spare->load);
}

static uint64_t pixels_in(const pixman_region32_t *region)
{
	const pixman_box32_t *boxes;
	uint64_t pixels = 0;
	int count;

	boxes = pixman_region32_rectangles((pixman_region32_t *)region, &count);
	for (int i = 0; i < count; i++) {
		pixels += (uint64_t)(boxes[i].x2 - boxes[i].x1) *
			  (uint64_t)(boxes[i].y2 - boxes[i].y1);
	}
	return pixels;
}

void vfio_spare_harvest(struct vfio_spare *spare, struct vfio_gfx *gfx,
			struct vfio_gfx_harvest *harvest)
{
	if (vfio_spare_is_on(spare)) {
		vfio_gfx_harvest_none(harvest);
		return;
	}
	vfio_gfx_harvest(gfx, harvest);
	if (spare->gap) {
		/* It covers all that time, and isn't relative to what was seen last. */
		spare->gap = harvest->known = false;
		pixman_region32_clear(&harvest->tiles);
	}
	if (harvest->known) {
		track_load_told(&spare->load, pixels_in(&harvest->tiles),
				(uint64_t)harvest->plane.width * harvest->plane.height);
	}
	if (vfio_spare_is_on(spare)) {
		spare->gap = true;
		TRACE(vfio, spare, "no harvests for up to %u looks", spare->load.left);
	}
}

bool vfio_spare_looked(struct vfio_spare *spare, bool changed)
{
	bool over = track_load_looked(&spare->load, changed);

	if (over) {
		TRACE(vfio, spare, "harvests again, the last look found %s",
		      changed ? "a change" : "nothing");
	}
	return over;
}

void vfio_spare_end(struct vfio_spare *spare)
{
	spare->load = (struct track_load){ 0 };
}
