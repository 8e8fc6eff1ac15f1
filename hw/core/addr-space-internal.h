/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of an address space share. Private to hw/core. */
#ifndef HW_CORE_ADDR_SPACE_INTERNAL_H
#define HW_CORE_ADDR_SPACE_INTERNAL_H

#include "hw/core/addr-space.h"

#define MEM_PAGE_SIZE 4096u
#define MEM_PAGE_SHIFT 12

/* A run of addresses that one region answers. */
struct section {
	uint64_t base, size_bytes;
	struct mem_region *region;
	uint64_t offset; /* of base in the region */
	/* The whole pages inside, for RAM and MAP: mapped in @slot and told to listeners;
	 * map_size 0: none. */
	uint64_t map_base, map_size;
	int slot; /* -1: not mapped in the accelerator */
};

struct doorbell {
	uint64_t offset;
	unsigned int size;
	bool match;
	uint64_t value;
	int fd;
	bool in_accel; /* registered at region->base + offset */
};

/* RAM sections in address order, for lock-free lookups. */
struct ram_table {
	unsigned int count;
	struct section sections[];
};

struct addr_space {
	char *name;
	bool pio;
	uint64_t size_bytes;
	struct accel *accel; /* may be NULL */
	GPtrArray *regions; /* struct mem_region *, in no order */
	GArray *flat; /* struct section, in address order, no overlap */
	GPtrArray *listeners;
	uint64_t next_order;
	unsigned int last_hit; /* index in flat: guests hammer one register */
	struct ram_table *ram; /* read atomically */
	GPtrArray *old_ram; /* superseded tables; a lock-free reader may still be inside one */
};

/* The section that holds @addr, or NULL. Context: machine lock held. */
const struct section *addr_space_find(struct addr_space *space, uint64_t addr);
/* Puts the region's doorbells into the accelerator where the flat view shows them, and takes
 * away those it doesn't. */
void addr_space_update_doorbells(struct addr_space *space, struct mem_region *region);
/* Takes one doorbell out of the accelerator. */
void addr_space_drop_doorbell(struct addr_space *space, struct mem_region *region,
			      struct doorbell *bell);

#endif
