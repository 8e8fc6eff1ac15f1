// SPDX-License-Identifier: GPL-2.0-or-later
/* One region's own state: memory, doorbells, dirty log. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "accel/accel.h"
#include "addr-space-internal.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/range.h"

void mem_region_init_io(struct mem_region *region, const char *name, uint64_t size_bytes,
			const struct mem_ops *ops, void *opaque)
{
	*region = (struct mem_region){
		.name = name,
		.kind = MEM_IO,
		.size_bytes = size_bytes,
		.fd = -1,
		.ops = ops,
		.opaque = opaque,
	};
}

void mem_region_init_map(struct mem_region *region, const char *name, uint64_t size_bytes,
			 void *hva)
{
	*region = (struct mem_region){
		.name = name,
		.kind = MEM_MAP,
		.size_bytes = size_bytes,
		.fd = -1,
		.hva = hva,
	};
}

bool mem_region_init_ram(struct mem_region *region, const char *name, uint64_t size_bytes,
			 GError **error)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	void *hva;

	*region = (struct mem_region){ .fd = -1 };
	if (fd < 0) {
		return error_set_errno(error, errno, "memory '%s': memfd", name);
	}
	if (size_bytes > INT64_MAX || ftruncate(fd, (off_t)size_bytes) < 0) {
		int err = size_bytes > INT64_MAX ? EFBIG : errno;

		fd_close(&fd);
		return error_set_errno(error, err, "memory '%s': %" PRIu64 " MiB", name,
				       size_bytes >> 20);
	}
	hva = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (hva == MAP_FAILED) {
		int err = errno;

		fd_close(&fd);
		return error_set_errno(error, err, "memory '%s': %" PRIu64 " MiB", name,
				       size_bytes >> 20);
	}
	madvise(hva, size_bytes, MADV_HUGEPAGE); /* only a hint */
	*region = (struct mem_region){
		.name = name,
		.kind = MEM_RAM,
		.size_bytes = size_bytes,
		.hva = hva,
		.fd = fd,
		.owns_memory = true,
	};
	return true;
}

void mem_region_finish(struct mem_region *region)
{
	addr_space_remove(region);
	if (region->owns_memory) {
		munmap(region->hva, region->size_bytes);
		fd_close(&region->fd);
	}
	if (region->doorbells) {
		g_array_free(region->doorbells, TRUE);
	}
	g_free(region->host_dirty);
	memset(region, 0, sizeof(*region));
}

int mem_region_doorbell_add(struct mem_region *region, uint64_t offset, unsigned int size,
			    bool match, uint64_t value, int fd)
{
	struct doorbell bell = { offset, size, match, value, fd, false };

	if (region->kind != MEM_IO || !range_fits(offset, MAX(size, 1), region->size_bytes)) {
		return -EINVAL;
	}
	if (!region->doorbells) {
		region->doorbells = g_array_new(FALSE, TRUE, sizeof(struct doorbell));
	}
	g_array_append_val(region->doorbells, bell);
	if (region->space) {
		addr_space_update_doorbells(region->space, region);
	}
	return 0;
}

void mem_region_doorbell_remove(struct mem_region *region, uint64_t offset, unsigned int size,
				bool match, uint64_t value, int fd)
{
	for (unsigned int i = 0; region->doorbells && i < region->doorbells->len; i++) {
		struct doorbell *bell = &g_array_index(region->doorbells, struct doorbell, i);

		if (bell->offset == offset && bell->size == size && bell->match == match &&
		    bell->value == value && bell->fd == fd) {
			if (region->space) {
				addr_space_drop_doorbell(region->space, region, bell);
			}
			g_array_remove_index_fast(region->doorbells, i);
			return;
		}
	}
}

/* ---- dirty log ---- */

static void log_slots(struct mem_region *region, bool on)
{
	region->log_dirty = on;
	for (unsigned int i = 0; region->space && i < region->space->flat->len; i++) {
		struct section *section = &g_array_index(region->space->flat, struct section, i);

		if (section->region == region && section->slot >= 0) {
			accel_mem_log(region->space->accel, section->slot, on);
		}
	}
}

/* ORs @count bits of @from into @to at bit @first. */
static void or_bits(uint64_t *to, uint64_t first, const uint64_t *from, uint64_t count)
{
	if (first % 64 == 0) {
		for (uint64_t i = 0; i < (count + 63) / 64; i++) {
			to[first / 64 + i] |= from[i];
		}
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		if (from[i / 64] >> (i % 64) & 1) {
			to[(first + i) / 64] |= UINT64_C(1) << ((first + i) % 64);
		}
	}
}

static int fetch_slot(struct addr_space *space, const struct section *section, uint64_t *bitmap)
{
	uint64_t pages = section->map_size >> MEM_PAGE_SHIFT;
	uint64_t first = (section->offset + (section->map_base - section->base)) >> MEM_PAGE_SHIFT;
	g_autofree uint64_t *part = NULL;
	int ret;

	if (first == 0) {
		return accel_mem_dirty(space->accel, section->slot, bitmap);
	}
	part = g_new0(uint64_t, (pages + 63) / 64);
	ret = accel_mem_dirty(space->accel, section->slot, part);
	if (!ret) {
		or_bits(bitmap, first, part, pages);
	}
	return ret;
}

int mem_region_dirty_fetch(struct mem_region *region, uint64_t *bitmap)
{
	struct addr_space *space = region->space;
	uint64_t pages = (region->size_bytes + MEM_PAGE_SIZE - 1) >> MEM_PAGE_SHIFT;
	size_t words = (pages + 63) / 64;

	if (!region->host_dirty) {
		region->host_dirty = g_new0(uint64_t, words);
		log_slots(region, true);
		memset(bitmap, 0xff, words * sizeof(*bitmap));
		return 0;
	}
	memset(bitmap, 0, words * sizeof(*bitmap));
	for (unsigned int i = 0; space && i < space->flat->len; i++) {
		const struct section *section = &g_array_index(space->flat, struct section, i);
		int ret;

		if (section->region == region && section->slot >= 0) {
			ret = fetch_slot(space, section, bitmap);
			if (ret) {
				return ret;
			}
		}
	}
	or_bits(bitmap, 0, region->host_dirty, pages);
	memset(region->host_dirty, 0, words * sizeof(*bitmap));
	return 0;
}

void mem_region_dirty_stop(struct mem_region *region)
{
	if (region->host_dirty) {
		log_slots(region, false);
		g_clear_pointer(&region->host_dirty, g_free);
	}
}
