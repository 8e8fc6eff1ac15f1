// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flattened view of an address space: rebuilt at every change, compared with the one before,
 * and only the difference told to the accelerator and the listeners.
 */
#include <inttypes.h>
#include <string.h>

#include "accel/accel.h"
#include "addr-space-internal.h"
#include "hw/core/machine-lock.h"
#include "util/error.h"
#include "util/range.h"
#include "util/trace.h"

struct addr_space *addr_space_create(const char *name, bool pio, uint64_t size_bytes,
				     struct accel *accel)
{
	struct addr_space *space = g_new0(struct addr_space, 1);

	space->name = g_strdup(name);
	space->pio = pio;
	space->size_bytes = size_bytes;
	space->accel = accel;
	space->regions = g_ptr_array_new();
	space->flat = g_array_new(FALSE, TRUE, sizeof(struct section));
	space->listeners = g_ptr_array_new();
	space->old_ram = g_ptr_array_new_with_free_func(g_free);
	space->ram = g_malloc0(sizeof(*space->ram));
	return space;
}

/* ---- flattening ---- */

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool covers(const struct mem_region *region, uint64_t addr)
{
	return addr >= region->base && addr - region->base < region->size_bytes;
}

static bool wins(const struct mem_region *a, const struct mem_region *b)
{
	return !b || a->priority > b->priority ||
	       (a->priority == b->priority && a->order > b->order);
}

static struct mem_region *topmost_at(struct addr_space *space, uint64_t addr)
{
	struct mem_region *top = NULL;

	for (unsigned int i = 0; i < space->regions->len; i++) {
		struct mem_region *region = g_ptr_array_index(space->regions, i);

		if (covers(region, addr) && wins(region, top)) {
			top = region;
		}
	}
	return top;
}

/* Only whole pages can be mapped into the guest; the rest of a section is trapped. */
static void set_mappable(struct section *section)
{
	uint64_t start = round_up(section->base, MEM_PAGE_SIZE);
	uint64_t end = (section->base + section->size_bytes) & ~(uint64_t)(MEM_PAGE_SIZE - 1);
	bool aligned = !((section->base - section->offset) % MEM_PAGE_SIZE);

	section->slot = -1;
	section->map_base = start;
	section->map_size = section->region->kind != MEM_IO && aligned && end > start ?
		end - start : 0;
}

static GArray *flatten(struct addr_space *space)
{
	g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	GArray *flat = g_array_new(FALSE, TRUE, sizeof(struct section));

	for (unsigned int i = 0; i < space->regions->len; i++) {
		const struct mem_region *region = g_ptr_array_index(space->regions, i);
		uint64_t end = region->base + region->size_bytes;

		g_array_append_val(edges, region->base);
		g_array_append_val(edges, end);
	}
	g_array_sort(edges, compare_u64);
	for (unsigned int i = 0; i + 1 < edges->len; i++) {
		uint64_t base = g_array_index(edges, uint64_t, i);
		uint64_t end = g_array_index(edges, uint64_t, i + 1);
		struct mem_region *region = base < end ? topmost_at(space, base) : NULL;
		struct section *last = flat->len ?
			&g_array_index(flat, struct section, flat->len - 1) : NULL;

		if (!region) {
			continue;
		}
		if (last && last->region == region && last->base + last->size_bytes == base) {
			last->size_bytes += end - base;
		} else {
			struct section section = { base, end - base, region, base - region->base };

			g_array_append_val(flat, section);
		}
	}
	for (unsigned int i = 0; i < flat->len; i++) {
		set_mappable(&g_array_index(flat, struct section, i));
	}
	return flat;
}

const struct section *addr_space_find(struct addr_space *space, uint64_t addr)
{
	const struct section *sections = (const struct section *)space->flat->data;
	unsigned int low = 0, high = space->flat->len;

	if (space->last_hit < high && addr >= sections[space->last_hit].base &&
	    addr - sections[space->last_hit].base < sections[space->last_hit].size_bytes) {
		return &sections[space->last_hit];
	}
	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (addr < sections[middle].base) {
			high = middle;
		} else if (addr - sections[middle].base >= sections[middle].size_bytes) {
			low = middle + 1;
		} else {
			space->last_hit = middle;
			return &sections[middle];
		}
	}
	return NULL;
}

/* ---- telling others ---- */

static void section_map(struct addr_space *space, struct section *section)
{
	struct mem_region *region = section->region;
	uint64_t offset = section->offset + (section->map_base - section->base);

	if (!section->map_size) {
		return;
	}
	if (space->accel && !space->pio) {
		section->slot = accel_mem_map(space->accel, section->map_base, section->map_size,
					      (char *)region->hva + offset, region->readonly,
					      region->log_dirty);
		if (section->slot < 0) {
			/* The guest still gets there, access by access. */
			warn_report("%s: mapping %s at 0x%" PRIx64 ": %s", space->name,
				    region->name, section->map_base, g_strerror(-section->slot));
		}
	}
	for (unsigned int i = 0; i < space->listeners->len; i++) {
		struct addr_space_listener *listener = g_ptr_array_index(space->listeners, i);

		listener->section_add(listener->opaque, section->map_base, section->map_size,
				      region, offset);
	}
}

static void section_unmap(struct addr_space *space, struct section *section)
{
	if (!section->map_size) {
		return;
	}
	for (unsigned int i = space->listeners->len; i-- > 0;) {
		struct addr_space_listener *listener = g_ptr_array_index(space->listeners, i);

		listener->section_remove(listener->opaque, section->map_base, section->map_size,
					 section->region);
	}
	if (section->slot >= 0) {
		accel_mem_unmap(space->accel, section->slot);
		section->slot = -1;
	}
	if (section->region->host_dirty) {
		/* What the slot's log held is gone with it. */
		memset(section->region->host_dirty, 0xff,
		       (round_up(section->region->size_bytes, 64 * MEM_PAGE_SIZE) >>
			(MEM_PAGE_SHIFT + 6)) * sizeof(uint64_t));
	}
}

static bool same_section(const struct section *a, const struct section *b)
{
	return a->base == b->base && a->size_bytes == b->size_bytes && a->region == b->region &&
	       a->offset == b->offset;
}

static const struct section *find_equal(const GArray *flat, const struct section *wanted)
{
	for (unsigned int i = 0; i < flat->len; i++) {
		const struct section *section = &g_array_index(flat, struct section, i);

		if (same_section(section, wanted)) {
			return section;
		}
	}
	return NULL;
}

static void publish_ram(struct addr_space *space)
{
	struct ram_table *table = g_malloc0(sizeof(*table) +
					    space->flat->len * sizeof(table->sections[0]));

	for (unsigned int i = 0; i < space->flat->len; i++) {
		const struct section *section = &g_array_index(space->flat, struct section, i);

		if (section->region->kind == MEM_RAM) {
			table->sections[table->count] = *section;
			table->sections[table->count++].slot = -1;
		}
	}
	if (table->count == space->ram->count &&
	    !memcmp(table->sections, space->ram->sections,
		    table->count * sizeof(table->sections[0]))) {
		g_free(table);
		return;
	}
	g_ptr_array_add(space->old_ram, space->ram);
	__atomic_store_n(&space->ram, table, __ATOMIC_RELEASE);
}

/* Removals come first, so that the accelerator never sees an overlap. */
static void rebuild(struct addr_space *space)
{
	GArray *old = space->flat, *flat = flatten(space);

	for (unsigned int i = 0; i < old->len; i++) {
		struct section *section = &g_array_index(old, struct section, i);

		if (!find_equal(flat, section)) {
			section_unmap(space, section);
		}
	}
	space->flat = flat;
	space->last_hit = 0;
	for (unsigned int i = 0; i < flat->len; i++) {
		struct section *section = &g_array_index(flat, struct section, i);
		const struct section *before = find_equal(old, section);

		if (before) {
			section->slot = before->slot;
		} else {
			section_map(space, section);
		}
	}
	g_array_free(old, TRUE);
	for (unsigned int i = 0; i < space->regions->len; i++) {
		addr_space_update_doorbells(space, g_ptr_array_index(space->regions, i));
	}
	publish_ram(space);
}

/* ---- regions and listeners ---- */

void addr_space_add(struct addr_space *space, uint64_t base, struct mem_region *region,
		    int priority)
{
	g_assert(!region->space && region->size_bytes);
	g_assert(range_fits(base, region->size_bytes, space->size_bytes));
	region->space = space;
	region->base = base;
	region->priority = priority;
	region->order = ++space->next_order;
	g_ptr_array_add(space->regions, region);
	TRACE(mem, add, "%s 0x%" PRIx64 "+0x%" PRIx64 " %s", space->name, base,
	      region->size_bytes, region->name);
	rebuild(space);
}

void addr_space_remove(struct mem_region *region)
{
	struct addr_space *space = region->space;

	if (!space) {
		return;
	}
	TRACE(mem, remove, "%s 0x%" PRIx64 " %s", space->name, region->base, region->name);
	for (unsigned int i = 0; region->doorbells && i < region->doorbells->len; i++) {
		addr_space_drop_doorbell(space, region,
					 &g_array_index(region->doorbells, struct doorbell, i));
	}
	g_ptr_array_remove_fast(space->regions, region);
	rebuild(space);
	region->space = NULL;
}

void addr_space_destroy(struct addr_space *space)
{
	if (!space) {
		return;
	}
	while (space->regions->len) {
		addr_space_remove(g_ptr_array_index(space->regions, 0));
	}
	g_ptr_array_free(space->regions, TRUE);
	g_array_free(space->flat, TRUE);
	g_ptr_array_free(space->listeners, TRUE);
	g_ptr_array_free(space->old_ram, TRUE);
	g_free(space->ram);
	g_free(space->name);
	g_free(space);
}

void addr_space_listen(struct addr_space *space, struct addr_space_listener *listener)
{
	g_ptr_array_add(space->listeners, listener);
	for (unsigned int i = 0; i < space->flat->len; i++) {
		const struct section *section = &g_array_index(space->flat, struct section, i);

		if (section->map_size) {
			listener->section_add(listener->opaque, section->map_base,
					      section->map_size, section->region,
					      section->offset +
						      (section->map_base - section->base));
		}
	}
}

void addr_space_unlisten(struct addr_space *space, struct addr_space_listener *listener)
{
	if (!g_ptr_array_remove(space->listeners, listener)) {
		return;
	}
	for (unsigned int i = 0; i < space->flat->len; i++) {
		const struct section *section = &g_array_index(space->flat, struct section, i);

		if (section->map_size) {
			listener->section_remove(listener->opaque, section->map_base,
						 section->map_size, section->region);
		}
	}
}

/* ---- doorbells ---- */

void addr_space_drop_doorbell(struct addr_space *space, struct mem_region *region,
			      struct doorbell *bell)
{
	if (bell->in_accel) {
		accel_ioeventfd_remove(space->accel, space->pio, region->base + bell->offset,
				       bell->size, bell->match, bell->value, bell->fd);
		bell->in_accel = false;
	}
}

void addr_space_update_doorbells(struct addr_space *space, struct mem_region *region)
{
	for (unsigned int i = 0; region->doorbells && i < region->doorbells->len; i++) {
		struct doorbell *bell = &g_array_index(region->doorbells, struct doorbell, i);
		uint64_t addr = region->base + bell->offset;
		const struct section *section = addr_space_find(space, addr);
		bool visible = section && section->region == region;

		if (!visible) {
			addr_space_drop_doorbell(space, region, bell);
		} else if (!bell->in_accel && space->accel) {
			/* On failure addr-space-access.c signals the fd. */
			bell->in_accel = !accel_ioeventfd_add(space->accel, space->pio, addr,
							      bell->size, bell->match,
							      bell->value, bell->fd);
		}
	}
}
