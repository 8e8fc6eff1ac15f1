// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes as an EDID, and as the parameters of one: what is built is always accepted and read back.
 */
#include <stdlib.h>

#include "kernel/gvt/core/gvt_edid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t edid[GVT_EDID_MAX];
	struct gvt_edid_mode mode;
	struct gvt_edid_params p = {0};
	uint32_t numbers[6];
	char name[8] = {0};
	size_t n;

	gvt_edid_check(data, size);
	/* The reader must bear any blocks, checked or not. */
	if (size >= GVT_EDID_BLOCK) {
		gvt_edid_preferred(data, size, &mode);
	}
	if (size < sizeof(numbers) + sizeof(name)) {
		return 0;
	}
	memcpy(numbers, data, sizeof(numbers));
	memcpy(name, data + sizeof(numbers), sizeof(name) - 1);
	p.width_px = numbers[0] % (GVT_EDID_DIM_MAX + 2);
	p.height_px = numbers[1] % (GVT_EDID_DIM_MAX + 2);
	p.refresh_mhz = numbers[2] % 500000;
	p.width_mm = numbers[3];
	p.height_mm = numbers[4];
	p.serial = numbers[5];
	p.name = name;
	n = gvt_edid_build(&p, edid, sizeof(edid));
	if (n == 0) {
		return 0;
	}
	if (gvt_edid_check(edid, n) != GVT_EDID_OK || !gvt_edid_preferred(edid, n, &mode) ||
	    mode.width_px != p.width_px || mode.height_px != p.height_px) {
		abort();
	}
	return 0;
}
