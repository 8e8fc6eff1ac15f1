/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying to and from scattered guest memory. */
#ifndef HW_VIRTIO_IOV_H
#define HW_VIRTIO_IOV_H

#include <stddef.h>
#include <sys/uio.h>

/* Copy up to @len bytes at @offset of the vector; return how many there were. */
size_t iov_to_buf(const struct iovec *iov, unsigned int count, size_t offset, void *buf,
		  size_t len);
size_t iov_from_buf(const struct iovec *iov, unsigned int count, size_t offset, const void *buf,
		    size_t len);

/* Drops @bytes (no more than there are) from the front of the vector in place. */
void iov_drop_front(struct iovec **iov, unsigned int *count, size_t bytes);
/* Drops one byte from the end of a vector that has one, and returns where it lies. */
void *iov_take_last_byte(struct iovec *iov, unsigned int *count);

#endif
