// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/write-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

struct write_watch {
	int uffd, stop_fd, rung_fd;
	guint rung_watch;
	GThread *thread;
	void (*written)(void *opaque);
	void *opaque;
	GArray *added; /* struct uffdio_range */

	GMutex lock;
	GArray *armed; /* struct uffdio_range; empty: nothing is watched */
};

static int protect(struct write_watch *watch, const struct uffdio_range *range, bool on)
{
	struct uffdio_writeprotect arg = {
		.range = *range,
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0, /* off wakes who waits */
	};

	return ioctl(watch->uffd, UFFDIO_WRITEPROTECT, &arg) < 0 ? -errno : 0;
}

/* Lock held. */
static void lift(struct write_watch *watch)
{
	for (guint i = 0; i < watch->armed->len; i++) {
		protect(watch, &g_array_index(watch->armed, struct uffdio_range, i), false);
	}
	g_array_set_size(watch->armed, 0);
}

/* Context: the watch's thread. */
static void faulted(struct write_watch *watch, uint64_t address)
{
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	struct uffdio_range page = { address & ~(page_bytes - 1), page_bytes };

	g_mutex_lock(&watch->lock);
	if (watch->armed->len > 0) {
		lift(watch);
		eventfd_kick(watch->rung_fd);
	}
	/* A fault of before a disarming waits too; and if a range could not be lifted, this one
	 * writer at least goes on. */
	protect(watch, &page, false);
	g_mutex_unlock(&watch->lock);
}

static gpointer run(gpointer opaque)
{
	struct write_watch *watch = opaque;
	struct pollfd fds[] = {
		{ .fd = watch->uffd, .events = POLLIN },
		{ .fd = watch->stop_fd, .events = POLLIN },
	};
	struct uffd_msg message;

	for (;;) {
		if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR) {
			return NULL;
		}
		if (fds[1].revents) {
			return NULL;
		}
		while (read(watch->uffd, &message, sizeof(message)) == sizeof(message)) {
			if (message.event == UFFD_EVENT_PAGEFAULT) {
				faulted(watch, message.arg.pagefault.address);
			}
		}
	}
}

static void rung(int fd, GIOCondition condition, void *opaque)
{
	struct write_watch *watch = opaque;

	if (eventfd_drain(fd)) {
		watch->written(watch->opaque);
	}
}

static int open_uffd(void)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

struct write_watch *write_watch_create(void (*written)(void *opaque), void *opaque,
				       GError **error)
{
	int uffd = open_uffd();
	struct write_watch *watch;

	if (uffd < 0) {
		error_set_errno(error, errno, "userfaultfd: open");
		return NULL;
	}
	watch = g_new0(struct write_watch, 1);
	watch->uffd = uffd;
	watch->written = written;
	watch->opaque = opaque;
	watch->stop_fd = eventfd_create();
	watch->rung_fd = eventfd_create();
	watch->added = g_array_new(FALSE, FALSE, sizeof(struct uffdio_range));
	watch->armed = g_array_new(FALSE, FALSE, sizeof(struct uffdio_range));
	g_mutex_init(&watch->lock);
	if (watch->stop_fd < 0 || watch->rung_fd < 0) {
		error_set(error, "userfaultfd: no more file descriptors");
		write_watch_destroy(watch);
		return NULL;
	}
	watch->rung_watch = fd_watch(watch->rung_fd, G_IO_IN, rung, watch);
	watch->thread = g_thread_new("write-watch", run, watch);
	return watch;
}

void write_watch_destroy(struct write_watch *watch)
{
	if (!watch) {
		return;
	}
	write_watch_disarm(watch);
	if (watch->thread) {
		eventfd_kick(watch->stop_fd);
		g_thread_join(watch->thread);
	}
	fd_unwatch(watch->rung_watch);
	/* Wakes whoever still waits, and unregisters all memory. */
	fd_close(&watch->uffd);
	fd_close(&watch->stop_fd);
	fd_close(&watch->rung_fd);
	g_array_free(watch->added, TRUE);
	g_array_free(watch->armed, TRUE);
	g_mutex_clear(&watch->lock);
	g_free(watch);
}

int write_watch_add(struct write_watch *watch, void *hva, size_t size_bytes)
{
	struct uffdio_register arg = {
		.range = { (uintptr_t)hva, size_bytes },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	for (guint i = 0; i < watch->added->len; i++) {
		const struct uffdio_range *range =
			&g_array_index(watch->added, struct uffdio_range, i);

		if (range->start == arg.range.start && range->len == arg.range.len) {
			return 0;
		}
	}
	if (ioctl(watch->uffd, UFFDIO_REGISTER, &arg) < 0) {
		return -errno;
	}
	if (!(arg.ioctls & (1ull << _UFFDIO_WRITEPROTECT))) {
		ioctl(watch->uffd, UFFDIO_UNREGISTER, &arg.range);
		return -ENOTSUP;
	}
	g_array_append_val(watch->added, arg.range);
	return 0;
}

static int compare_pages(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return (x > y) - (x < y);
}

int write_watch_arm(struct write_watch *watch, uintptr_t *pages, size_t count)
{
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	struct uffdio_range range;
	int ret = 0;

	qsort(pages, count, sizeof(*pages), compare_pages);
	g_mutex_lock(&watch->lock);
	lift(watch);
	/* A ring that is on its way belongs to what was watched before. */
	eventfd_drain(watch->rung_fd);
	for (size_t i = 0; i < count && ret == 0;) {
		range = (struct uffdio_range){ pages[i], page_bytes };
		for (i++; i < count && pages[i] <= range.start + range.len; i++) {
			range.len = pages[i] + page_bytes - range.start;
		}
		/* On the list first: what fails half-way is lifted as well. */
		g_array_append_val(watch->armed, range);
		ret = protect(watch, &range, true);
	}
	if (ret < 0) {
		lift(watch);
	}
	g_mutex_unlock(&watch->lock);
	return ret;
}

void write_watch_disarm(struct write_watch *watch)
{
	g_mutex_lock(&watch->lock);
	lift(watch);
	eventfd_drain(watch->rung_fd);
	g_mutex_unlock(&watch->lock);
}
