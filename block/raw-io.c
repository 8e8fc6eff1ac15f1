// SPDX-License-Identifier: GPL-2.0-or-later
/* The system calls behind a request on a raw image. */
#include "block/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/range.h"

/* Drops the first @bytes from the vector. */
static void iov_advance(struct iovec **iov, unsigned int *count, size_t bytes)
{
	while (*count && bytes >= (*iov)->iov_len) {
		bytes -= (*iov)->iov_len;
		(*iov)++;
		(*count)--;
	}
	if (bytes) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + bytes;
		(*iov)->iov_len -= bytes;
	}
}

/* The last sector of a file may reach beyond its end: it reads as zeros. */
static void iov_zero(struct iovec *iov, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		memset(iov[i].iov_base, 0, iov[i].iov_len);
	}
}

static int transfer(int fd, bool write, uint64_t offset, struct iovec *iov, unsigned int count)
{
	iov_advance(&iov, &count, 0);
	while (count) {
		int batch = (int)MIN(count, (unsigned int)IOV_MAX);
		ssize_t n = write ? pwritev(fd, iov, batch, (off_t)offset) :
				    preadv(fd, iov, batch, (off_t)offset);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -errno;
		}
		if (!n && write) {
			return -EIO;
		}
		if (!n) {
			iov_zero(iov, count);
			return 0;
		}
		offset += (uint64_t)n;
		iov_advance(&iov, &count, (size_t)n);
	}
	return 0;
}

static int allocate(int fd, int mode, uint64_t offset, uint64_t len)
{
	while (fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

static bool unsupported(int result)
{
	return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL ||
	       result == -ENOTTY || result == -ENODEV;
}

static int device_range(int fd, unsigned long request, uint64_t offset, uint64_t len)
{
	uint64_t range[2] = { offset, len };

	return ioctl(fd, request, range) < 0 ? -errno : 0;
}

static int discard(const struct raw_image *image, uint64_t offset, uint64_t len)
{
	int result;

	if (!image->discard_unmaps) {
		return 0;
	}
	result = image->is_device ? device_range(image->fd, BLKDISCARD, offset, len) :
				    allocate(image->fd, FALLOC_FL_PUNCH_HOLE, offset, len);
	/* A hint: where the host can't, the data simply stays. */
	return unsupported(result) ? 0 : result;
}

static int write_zeroes(const struct raw_image *image, uint64_t offset, uint64_t len)
{
	static const char zeros[65536];
	int result;

	if (image->is_device) {
		result = device_range(image->fd, BLKZEROOUT, offset, len);
	} else {
		result = allocate(image->fd, FALLOC_FL_ZERO_RANGE, offset, len);
		if (unsupported(result)) {
			result = allocate(image->fd, FALLOC_FL_PUNCH_HOLE, offset, len);
		}
	}
	if (!unsupported(result)) {
		return result;
	}
	for (result = 0; len && !result;) {
		size_t n = (size_t)MIN(len, sizeof(zeros));
		struct iovec iov = { (void *)zeros, n };

		result = transfer(image->fd, true, offset, &iov, 1);
		offset += n;
		len -= n;
	}
	return result;
}

bool raw_image_read_cached(const struct raw_image *image, uint64_t offset, uint64_t len,
			   const struct iovec *iov, unsigned int count)
{
	return count <= IOV_MAX &&
	       preadv2(image->fd, iov, (int)count, (off_t)offset, RWF_NOWAIT) == (ssize_t)len;
}

int raw_image_io(const struct raw_image *image, enum block_op op, uint64_t offset, uint64_t len,
		 struct iovec *iov, unsigned int count)
{
	switch (op) {
	case BLOCK_READ:
		return transfer(image->fd, false, offset, iov, count);
	case BLOCK_WRITE:
		return transfer(image->fd, true, offset, iov, count);
	case BLOCK_FLUSH:
		return image->flush_is_noop || !fdatasync(image->fd) ? 0 : -errno;
	case BLOCK_DISCARD:
		return discard(image, offset, len);
	case BLOCK_WRITE_ZEROES:
		return write_zeroes(image, offset, len);
	}
	return -EINVAL;
}
