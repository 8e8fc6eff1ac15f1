// SPDX-License-Identifier: GPL-2.0-or-later
#include "hw/virtio/iov.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <glib.h>

static size_t copy(const struct iovec *iov, unsigned int count, size_t offset, uint8_t *buf,
		   size_t len, bool to_buf)
{
	size_t done = 0;

	for (unsigned int i = 0; i < count && done < len; i++) {
		size_t n;

		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		n = MIN(iov[i].iov_len - offset, len - done);
		if (to_buf) {
			memcpy(buf + done, (uint8_t *)iov[i].iov_base + offset, n);
		} else {
			memcpy((uint8_t *)iov[i].iov_base + offset, buf + done, n);
		}
		done += n;
		offset = 0;
	}
	return done;
}

size_t iov_to_buf(const struct iovec *iov, unsigned int count, size_t offset, void *buf,
		  size_t len)
{
	return copy(iov, count, offset, buf, len, true);
}

size_t iov_from_buf(const struct iovec *iov, unsigned int count, size_t offset, const void *buf,
		    size_t len)
{
	return copy(iov, count, offset, (uint8_t *)buf, len, false);
}

void iov_drop_front(struct iovec **iov, unsigned int *count, size_t bytes)
{
	while (*count && bytes >= (*iov)->iov_len) {
		bytes -= (*iov)->iov_len;
		(*iov)++;
		(*count)--;
	}
	if (*count && bytes) {
		(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + bytes;
		(*iov)->iov_len -= bytes;
	}
}

void *iov_take_last_byte(struct iovec *iov, unsigned int *count)
{
	struct iovec *last = &iov[*count - 1];
	void *byte = (uint8_t *)last->iov_base + last->iov_len - 1;

	if (--last->iov_len == 0) {
		(*count)--;
	}
	return byte;
}
