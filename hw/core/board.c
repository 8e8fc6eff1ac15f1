// SPDX-License-Identifier: GPL-2.0-or-later
#include "hw/core/device.h"
#include "util/range.h"

#define PAGE_BYTES 4096u

uint64_t board_reserve_ram(struct board *board, uint64_t bytes)
{
	/* The guest keeps the most of it. */
	if (!bytes || bytes > board->low_ram_end / 2) {
		return 0;
	}
	board->low_ram_end = (board->low_ram_end - bytes) & ~(uint64_t)(PAGE_BYTES - 1);
	return board->low_ram_end;
}
