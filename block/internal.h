/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of block/ only. */
#ifndef BLOCK_INTERNAL_H
#define BLOCK_INTERNAL_H

#include "block/block.h"

/* An open raw image: what the system calls of raw-io.c need. */
struct raw_image {
	int fd;
	bool is_device; /* a host block device, not a file */
	bool flush_is_noop; /* cache=unsafe */
	bool discard_unmaps; /* discard=unmap; else a discard does nothing */
};

/* Does one request, for as long as it takes. 0 or -errno. @iov is used up. Context: worker. */
int raw_image_io(const struct raw_image *image, enum block_op op, uint64_t offset, uint64_t len,
		 struct iovec *iov, unsigned int count);

/* Reads what the host has in its page cache without waiting for a disk; false when that isn't all
 * of it. Leaves @iov alone. Context: any. */
bool raw_image_read_cached(const struct raw_image *image, uint64_t offset, uint64_t len,
			   const struct iovec *iov, unsigned int count);

struct worker_pool;

struct worker_task {
	void (*run)(struct worker_task *task); /* Context: worker */
	void (*done)(struct worker_task *task); /* Context: main; may free the task */
	struct worker_task *next; /* private */
};

/* Threads start when there is work for them, at most @threads_max. Context: main. */
struct worker_pool *worker_pool_create(unsigned int threads_max, GError **error);
/* Nothing may be in flight. Accepts NULL. */
void worker_pool_destroy(struct worker_pool *pool);
void worker_pool_submit(struct worker_pool *pool, struct worker_task *task);
/* As if run() were over: only done() is called, from the main loop. */
void worker_pool_complete(struct worker_pool *pool, struct worker_task *task);
/* Waits until every task's done() has returned. */
void worker_pool_drain(struct worker_pool *pool);

#endif
