// SPDX-License-Identifier: GPL-2.0-or-later
/* Trapped accesses: find the section, split to what its ops take, call them. No allocation. */
#include <inttypes.h>
#include <string.h>

#include "addr-space-internal.h"
#include "hw/core/machine-lock.h"
#include "util/fd.h"
#include "util/range.h"
#include "util/trace.h"
#include "util/write-watch.h"

/* Little-endian bytes and numbers: the guest and the host are x86. */
static uint64_t load(const void *data, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, data, size);
	return value;
}

static uint64_t mask_of(unsigned int size)
{
	return size >= 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1;
}

static unsigned int min_size_of(const struct mem_ops *ops)
{
	return ops->min_size ? ops->min_size : 1;
}

static unsigned int max_size_of(const struct mem_ops *ops)
{
	return ops->max_size ? ops->max_size : 8;
}

/* Largest power of two <= @limit and <= the access, that keeps a natural boundary. */
static unsigned int chunk_of(uint64_t offset, uint64_t size, unsigned int limit)
{
	unsigned int chunk = 1;

	while (chunk * 2 <= limit && chunk * 2 <= size && !(offset & (chunk * 2 - 1))) {
		chunk *= 2;
	}
	return chunk;
}

/* A region may take an unaligned access whole when nothing needs splitting. */
static unsigned int access_size(const struct mem_ops *ops, uint64_t offset, uint64_t size)
{
	if (size <= max_size_of(ops) && (size == 1 || size == 2 || size == 4 || size == 8)) {
		return (unsigned int)size;
	}
	return chunk_of(offset, size, max_size_of(ops));
}

static void io_read(const struct mem_region *region, uint64_t offset, uint8_t *data, uint64_t size)
{
	const struct mem_ops *ops = region->ops;
	unsigned int min = min_size_of(ops);

	while (size) {
		unsigned int chunk = access_size(ops, offset, size);
		uint64_t value, unit = offset & ~(uint64_t)(min - 1);

		if (chunk >= min || !range_fits(unit, min, region->size_bytes)) {
			value = ops->read(region->opaque, offset, chunk);
		} else {
			/* The unit that holds it; what crosses the unit's end comes next turn. */
			chunk = (unsigned int)MIN(chunk, unit + min - offset);
			value = ops->read(region->opaque, unit, min) >> ((offset - unit) * 8);
		}
		memcpy(data, &value, chunk);
		data += chunk;
		offset += chunk;
		size -= chunk;
	}
}

/* True when a doorbell took the write. */
static bool ring_doorbell(const struct mem_region *region, uint64_t offset, uint64_t value,
			  unsigned int size)
{
	for (unsigned int i = 0; i < region->doorbells->len; i++) {
		const struct doorbell *bell = &g_array_index(region->doorbells, struct doorbell, i);

		if (bell->offset == offset && (!bell->size || bell->size == size) &&
		    (!bell->match || ((bell->value ^ value) & mask_of(size)) == 0)) {
			eventfd_kick(bell->fd);
			return true;
		}
	}
	return false;
}

static void io_write(const struct mem_region *region, uint64_t offset, const uint8_t *data,
		     uint64_t size)
{
	while (size) {
		unsigned int chunk = access_size(region->ops, offset, size);
		uint64_t value = load(data, chunk);

		if (!region->doorbells || !ring_doorbell(region, offset, value, chunk)) {
			region->ops->write(region->opaque, offset, value, chunk);
		}
		data += chunk;
		offset += chunk;
		size -= chunk;
	}
}

static void mark_dirty(struct mem_region *region, uint64_t offset, uint64_t size)
{
	for (uint64_t page = offset >> MEM_PAGE_SHIFT;
	     page <= (offset + size - 1) >> MEM_PAGE_SHIFT; page++) {
		region->host_dirty[page / 64] |= UINT64_C(1) << (page % 64);
	}
}

/* One aligned load or store where there can be one: video memory and rings see no torn words. */
static void copy(void *to, const void *from, uint64_t size)
{
	switch (size) {
	case 2:
		memcpy(to, from, 2);
		break;
	case 4:
		memcpy(to, from, 4);
		break;
	case 8:
		memcpy(to, from, 8);
		break;
	default:
		memcpy(to, from, size);
	}
}

void addr_space_read(struct addr_space *space, uint64_t addr, void *data, uint64_t size)
{
	bool locked = machine_lock_held();
	uint8_t *bytes = data;

	if (!locked) {
		machine_lock();
	}
	while (size) {
		const struct section *section = addr_space_find(space, addr);
		uint64_t offset, length;

		if (!section) {
			*bytes++ = 0xff; /* nobody drives the bus */
			addr++;
			size--;
			continue;
		}
		offset = addr - section->base;
		length = MIN(size, section->size_bytes - offset);
		offset += section->offset;
		if (section->region->kind == MEM_IO) {
			io_read(section->region, offset, bytes, length);
		} else {
			copy(bytes, (const char *)section->region->hva + offset, length);
		}
		bytes += length;
		addr += length;
		size -= length;
	}
	if (!locked) {
		machine_unlock();
	}
}

void addr_space_write(struct addr_space *space, uint64_t addr, const void *data, uint64_t size)
{
	bool locked = machine_lock_held();
	const uint8_t *bytes = data;

	if (!locked) {
		machine_lock();
	}
	while (size) {
		const struct section *section = addr_space_find(space, addr);
		uint64_t offset, length;

		if (!section) {
			TRACE_GUEST_ERROR(mem, "%s: write to 0x%" PRIx64 ": nothing there",
					  space->name, addr);
			bytes++;
			addr++;
			size--;
			continue;
		}
		offset = addr - section->base;
		length = MIN(size, section->size_bytes - offset);
		offset += section->offset;
		if (section->region->kind == MEM_IO) {
			/* May change the view: section is stale afterwards. */
			io_write(section->region, offset, bytes, length);
		} else if (!section->region->readonly) {
			copy((char *)section->region->hva + offset, bytes, length);
			if (section->region->host_dirty) {
				mark_dirty(section->region, offset, length);
			}
		}
		bytes += length;
		addr += length;
		size -= length;
	}
	if (!locked) {
		machine_unlock();
	}
}

static const struct section *ram_section(struct addr_space *space, uint64_t gpa, uint64_t len)
{
	const struct ram_table *table = __atomic_load_n(&space->ram, __ATOMIC_ACQUIRE);

	for (unsigned int i = 0; i < table->count; i++) {
		const struct section *section = &table->sections[i];

		if (gpa >= section->base &&
		    range_fits(gpa - section->base, len, section->size_bytes)) {
			return section;
		}
	}
	return NULL;
}

void *addr_space_ram(struct addr_space *space, uint64_t gpa, uint64_t len, bool write)
{
	const struct section *section = ram_section(space, gpa, len);

	if (!section || (write && section->region->readonly)) {
		return NULL;
	}
	return (char *)section->region->hva + section->offset + (gpa - section->base);
}

uintptr_t addr_space_watchable(struct addr_space *space, struct write_watch *watch, uint64_t gpa)
{
	const struct section *section = ram_section(space, gpa, 1);
	struct mem_region *region = section ? section->region : NULL;

	if (!region || region->readonly ||
	    write_watch_add(watch, region->hva, region->size_bytes) < 0) {
		return 0;
	}
	return (uintptr_t)region->hva + section->offset + (gpa - section->base);
}

int addr_space_ram_fd(struct addr_space *space, uint64_t gpa, uint64_t len, uint64_t *fd_offset)
{
	const struct section *section = ram_section(space, gpa, len);

	if (!section || section->region->fd < 0) {
		return -1;
	}
	*fd_offset = section->region->fd_offset + section->offset + (gpa - section->base);
	return section->region->fd;
}
