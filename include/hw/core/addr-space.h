/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest-physical address spaces ("mem" 64 bits, "io" 16 bits) made of regions.
 *
 * A region never knows where it lives: ops get an offset. Where regions overlap, the higher
 * priority wins, then the one added later. Changes are made with the machine lock held; they
 * reach the accelerator (memory slots, ioeventfds) and the listeners (vfio's DMA map) before the
 * call returns.
 */
#ifndef HW_CORE_ADDR_SPACE_H
#define HW_CORE_ADDR_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <glib.h>

struct accel;
struct addr_space;
struct write_watch;

/* Context: vcpu or main, machine lock held. @size is 1, 2, 4 or 8 and the access is inside the
 * region. Values are little-endian numbers. */
struct mem_ops {
	uint64_t (*read)(void *opaque, uint64_t offset, unsigned int size);
	void (*write)(void *opaque, uint64_t offset, uint64_t value, unsigned int size);
	/* 0 means 1 and 8. A larger access is split, a smaller one reads the aligned unit that
	 * holds it (a smaller write is passed on as it is). */
	unsigned int min_size, max_size;
};

enum mem_kind {
	MEM_RAM, /* guest RAM: hva, fd + fd_offset; DMA-able */
	MEM_MAP, /* device memory mapped straight into the guest (a vfio BAR, video memory) */
	MEM_IO, /* trapped */
};

/* Lives in its device; initialised by one of mem_region_init_*; owned by the caller. */
struct mem_region {
	const char *name;
	enum mem_kind kind;
	uint64_t size_bytes;
	void *hva; /* MEM_RAM, MEM_MAP; page aligned */
	int fd; /* MEM_RAM: memfd behind hva, -1 if none; borrowed */
	uint64_t fd_offset;
	bool readonly; /* MEM_RAM, MEM_MAP: writes are dropped */
	bool log_dirty;
	const struct mem_ops *ops; /* MEM_IO */
	void *opaque;
	/* private to addr-space.c */
	struct addr_space *space;
	uint64_t base;
	int priority;
	uint64_t order;
	GArray *doorbells;
	uint64_t *host_dirty; /* pages written through addr_space_write while logging, or NULL */
	bool owns_memory;
};

void mem_region_init_io(struct mem_region *region, const char *name, uint64_t size_bytes,
			const struct mem_ops *ops, void *opaque);
/* The memory is borrowed and must outlive the mapping. */
void mem_region_init_map(struct mem_region *region, const char *name, uint64_t size_bytes,
			 void *hva);
/* Allocates (memfd, shared, zero pages on demand). */
bool mem_region_init_ram(struct mem_region *region, const char *name, uint64_t size_bytes,
			 GError **error);
/* Removes it from its space and frees what init took. Accepts a zeroed region. */
void mem_region_finish(struct mem_region *region);

/* A guest write at @offset signals @fd (borrowed) instead of calling ops->write; without an
 * accelerator that can do it, ops->write is replaced by the signal all the same. May be called
 * before or after the region is added. @size 0: any size. */
int mem_region_doorbell_add(struct mem_region *region, uint64_t offset, unsigned int size,
			    bool match, uint64_t value, int fd);
void mem_region_doorbell_remove(struct mem_region *region, uint64_t offset, unsigned int size,
				bool match, uint64_t value, int fd);

/* Reads and clears which 4 KiB pages of a MEM_MAP or MEM_RAM region the guest wrote (bit n: page
 * n). Starts logging at the first call, which reports every page as dirty. -ENOTSUP when the
 * accelerator can't say. @bitmap: ceil(pages/64) words. Context: machine lock held. */
int mem_region_dirty_fetch(struct mem_region *region, uint64_t *bitmap);
/* Stops logging. */
void mem_region_dirty_stop(struct mem_region *region);

/* @pio: an I/O port space; slots and doorbells go to @accel. */
struct addr_space *addr_space_create(const char *name, bool pio, uint64_t size_bytes,
				     struct accel *accel);
void addr_space_destroy(struct addr_space *space);
void addr_space_add(struct addr_space *space, uint64_t base, struct mem_region *region,
		    int priority);
void addr_space_remove(struct mem_region *region);

/* A trapped access from a vCPU or qtest. Takes the machine lock if the thread doesn't hold it.
 * Unclaimed reads give all ones. Any @size from 1; crossing region borders is fine. */
void addr_space_read(struct addr_space *space, uint64_t addr, void *data, uint64_t size);
void addr_space_write(struct addr_space *space, uint64_t addr, const void *data, uint64_t size);

/*
 * The host address of guest RAM [gpa, gpa + len), or NULL unless it is whole inside one RAM
 * region (and writable if @write). Stays valid until the machine is destroyed (RAM never moves),
 * so virtqueues may keep it. Context: any, lock-free.
 */
void *addr_space_ram(struct addr_space *space, uint64_t gpa, uint64_t len, bool write);
/* The host address of the page of RAM at @gpa, in memory that @watch may watch from now on; 0 where
 * there is no such RAM or it can't be watched. Context: main. */
uintptr_t addr_space_watchable(struct addr_space *space, struct write_watch *watch, uint64_t gpa);
/* The memfd behind such RAM (borrowed) and the place of @gpa in it; -1 where there is none. */
int addr_space_ram_fd(struct addr_space *space, uint64_t gpa, uint64_t len, uint64_t *fd_offset);

/* Told of every MEM_RAM and MEM_MAP section of the flattened view, at registration too.
 * Context: machine lock held. */
struct addr_space_listener {
	void (*section_add)(void *opaque, uint64_t gpa, uint64_t size_bytes,
			    const struct mem_region *region, uint64_t offset_in_region);
	void (*section_remove)(void *opaque, uint64_t gpa, uint64_t size_bytes,
			       const struct mem_region *region);
	void *opaque;
};
void addr_space_listen(struct addr_space *space, struct addr_space_listener *listener);
/* Calls section_remove for everything, then forgets the listener. */
void addr_space_unlisten(struct addr_space *space, struct addr_space_listener *listener);

#endif
