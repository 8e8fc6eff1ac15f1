/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk images: raw files and block devices. Requests are asynchronous: worker threads do the
 * system calls, completions come on the main thread.
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <glib.h>

struct block_backend;
struct opts;

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_WRITE_ZEROES };

/* @result: 0 or -errno (ENOSPC of a full disk arrives here). Context: main. */
typedef void (*block_done_fn)(void *opaque, int result);

/* From -drive file=PATH,format=raw,if=none,id=ID,readonly=on,cache=... or -blockdev
 * driver=raw|file,... A format other than raw is refused with a message that says so. The image
 * is locked (OFD lock; shared when read-only) so that two guests can't write one. */
struct block_backend *block_backend_create(struct opts *opts, GError **error);
/* Waits for requests in flight. Accepts NULL. */
void block_backend_destroy(struct block_backend *backend);
const char *block_backend_id(const struct block_backend *backend);
uint64_t block_backend_size(const struct block_backend *backend);
bool block_backend_readonly(const struct block_backend *backend);
/* One front end only. False when another has it. */
bool block_backend_claim(struct block_backend *backend);
void block_backend_release(struct block_backend *backend);

/* @iov (copied) points to memory that stays valid until done. [offset, offset + len) outside the
 * image, or a write to a read-only one, completes with -EINVAL / -EROFS. Context: main. */
void block_submit(struct block_backend *backend, enum block_op op, uint64_t offset,
		  uint64_t len, const struct iovec *iov, unsigned int count,
		  block_done_fn done, void *opaque);
/* Returns when nothing is in flight (completions have been called). Context: main. */
void block_drain(struct block_backend *backend);

#endif
