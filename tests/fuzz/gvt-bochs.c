// SPDX-License-Identifier: GPL-2.0-or-later
/* Random register accesses: whatever a guest writes, the plane lies inside of its memory. */
#include <stdlib.h>

#include "kernel/gvt/core/gvt_bochs.h"
#include "tests/unit/gvt-check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of an access: what, where (2), value (4), time. */
#define OP_SIZE 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gvt_bochs b;
	uint64_t now = 0;

	if (size < 1 || !gvt_bochs_init(&b, GVT_BOCHS_VRAM_MIN << (data[0] % 9), 0)) {
		return 0;
	}
	for (data++, size--; size >= OP_SIZE; data += OP_SIZE, size -= OP_SIZE) {
		uint32_t at = data[1] | (uint32_t)data[2] << 8;
		uint64_t value = data[3] | (uint64_t)data[4] << 8 | (uint64_t)data[5] << 16 |
				 (uint64_t)data[6] << 24;
		unsigned int bytes = 1u << (data[0] >> 2 & 3);
		struct gvt_plane p;

		now += (uint64_t)data[7] << 17;
		switch (data[0] & 3) {
		case 0:
			gvt_bochs_mmio_read(&b, at, bytes, now);
			break;
		case 1:
			gvt_bochs_mmio_write(&b, 0x500 + at % 0x20, value, bytes, now);
			break;
		case 2:
			gvt_bochs_mmio_write(&b, at, value << 8 | value, bytes, now);
			break;
		default:
			gvt_bochs_settle(&b, now);
			break;
		}
		gvt_bochs_plane(&b, &p);
		if (gvt_plane_fault(&p, b.vram_bytes)) {
			abort();
		}
	}
	return 0;
}
