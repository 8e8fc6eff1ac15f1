// SPDX-License-Identifier: GPL-2.0-or-later
/* Until hw/i386 is here. */
#include "hw/i386/pc.h"
#include "util/error.h"

struct pc *pc_create(struct board *board, const struct pc_config *config, GError **error)
{
	error_set(error, "machine pc: not built");
	return NULL;
}

void pc_destroy(struct pc *pc)
{
}

bool pc_reset(struct pc *pc, GError **error)
{
	return true;
}

void pc_powerdown(struct pc *pc)
{
}
