/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_view: pages of guest RAM, wherever they lie, as memory that can be read from one end to the
 * other.
 *
 * RAM is a memfd, so the pages are mapped a second time, side by side: nothing is copied and what
 * the guest writes shows at once. Only where that can't be, because there are too many pieces or
 * there is no memfd, the view is a copy.
 */
#ifndef HW_DISPLAY_GUEST_VIEW_H
#define HW_DISPLAY_GUEST_VIEW_H

#include "hw/core/addr-space.h"

#define GUEST_VIEW_PAGE 4096u

struct guest_view {
	void *hva;
	uint64_t size_bytes;
	unsigned int mappings; /* of the process that it takes; the kernel gives 65530 to each */
	const void **copied_from; /* host addresses by page; NULL: not a copy */
};

/* A view of the @count pages at @gpas, or NULL when one isn't RAM. A copy is taken when it would
 * take more than @max_mappings; its contents come with guest_view_refresh. */
struct guest_view *guest_view_create(struct addr_space *mem, const uint64_t *gpas, size_t count,
				     unsigned int max_mappings);
/* May outlive the machine. Context: any. */
void guest_view_destroy(struct guest_view *view);
/* Brings a copy up to date. Not after the machine has gone. */
void guest_view_refresh(struct guest_view *view);

#endif
