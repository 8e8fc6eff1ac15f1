// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <drm.h>
#include <drm_mode.h>

#include "ui/egl/node.h"
#include "util/error.h"
#include "util/fd.h"

/* Minor numbers of render nodes. */
#define RENDER_FIRST 128
#define RENDER_END   192

static int node_ioctl(int fd, unsigned long request, void *argument)
{
	int ret;

	do {
		ret = ioctl(fd, request, argument);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret < 0 ? -errno : 0;
}

int egl_node_open(const char *path, GError **error)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct drm_version version = { 0 };
	int err;

	if (fd < 0) {
		error_set_errno(error, errno, "%s", path);
		return -1;
	}
	err = node_ioctl(fd, DRM_IOCTL_VERSION, &version);
	if (err) {
		error_set_errno(error, -err, "%s: not a DRM device", path);
		fd_close(&fd);
		return -1;
	}
	/* Who opens a primary node first becomes its master and would keep compositors out. Fails
	 * for everybody else, which is all right. */
	node_ioctl(fd, DRM_IOCTL_DROP_MASTER, NULL);
	return fd;
}

char **egl_node_list(void)
{
	GPtrArray *paths = g_ptr_array_new();

	for (unsigned int minor = RENDER_FIRST; minor < RENDER_END; minor++) {
		char *path = g_strdup_printf("/dev/dri/renderD%u", minor);

		if (g_file_test(path, G_FILE_TEST_EXISTS)) {
			g_ptr_array_add(paths, path);
		} else {
			g_free(path);
		}
	}
	g_ptr_array_add(paths, NULL);
	return (char **)g_ptr_array_free(paths, FALSE);
}

static int try_map(int fd, uint32_t handle, size_t length)
{
	struct drm_mode_map_dumb map = { .handle = handle };
	int err = node_ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map);
	void *memory;

	if (err) {
		return err;
	}
	memory = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)map.offset);
	if (memory == MAP_FAILED) {
		return -errno;
	}
	munmap(memory, length);
	return 0;
}

bool egl_node_maps(const char *path, int dmabuf_fd, GError **error)
{
	/* A file of its own: in the one that Mesa has, the handle would be Mesa's. */
	int fd = egl_node_open(path, error), err;
	struct drm_prime_handle import = { .fd = dmabuf_fd };
	off_t length = lseek(dmabuf_fd, 0, SEEK_END);

	if (fd < 0) {
		return false;
	}
	err = length > 0 ? node_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &import) : -EINVAL;
	if (!err) {
		err = try_map(fd, import.handle, (size_t)length);
	}
	fd_close(&fd);
	return !err || error_set_errno(error, -err, "EGL: %s: a foreign dma-buf can't be mapped "
				       "there, which the software renderer needs", path);
}
