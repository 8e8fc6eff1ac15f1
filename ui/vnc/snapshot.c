// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "ui/vnc/snapshot.h"

uint32_t *snapshot_take(struct encode_source *source, const pixman_region32_t *region)
{
	pixman_box32_t all = *pixman_region32_extents((pixman_region32_t *)region);
	size_t stride_px = (size_t)(all.x2 - all.x1);
	/* Only what lies in the region is ever touched, so a wide gap costs no memory. */
	uint32_t *copy = g_try_new(uint32_t, stride_px * (size_t)(all.y2 - all.y1));
	const pixman_box32_t *boxes;
	int count;

	if (!copy) {
		return NULL;
	}
	boxes = pixman_region32_rectangles((pixman_region32_t *)region, &count);
	for (int i = 0; i < count; i++) {
		int x2 = MIN(boxes[i].x2, (int)source->view.w);
		int y2 = MIN(boxes[i].y2, (int)source->view.h);

		for (int y = boxes[i].y1; y < y2 && boxes[i].x1 < x2; y++) {
			memcpy(copy + (size_t)(y - all.y1) * stride_px + (boxes[i].x1 - all.x1),
			       pixel_view_row(&source->view, (unsigned int)y) + boxes[i].x1,
			       (size_t)(x2 - boxes[i].x1) * sizeof(*copy));
		}
	}
	source->view.pixels = copy;
	source->view.stride_px = stride_px;
	source->first_x_px = (unsigned int)all.x1;
	source->first_y_px = (unsigned int)all.y1;
	return copy;
}
