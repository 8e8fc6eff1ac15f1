/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of the pixels that an update needs. A frame that is referenced keeps the console from
 * reading the guest's next one for everybody, so who compresses for long lets go of it first.
 * Context: any.
 */
#ifndef UI_VNC_SNAPSHOT_H
#define UI_VNC_SNAPSHOT_H

#include "ui/vnc/encode.h"

/* Copies @region's pixels and makes @source read them. The memory is to be freed with g_free() after
 * the last use of @source. NULL: no memory, and @source is as it was. */
uint32_t *snapshot_take(struct encode_source *source, const pixman_region32_t *region);

#endif
