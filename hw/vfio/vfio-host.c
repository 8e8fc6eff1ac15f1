// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio-host.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accel/accel.h"
#include "hw/core/addr-space.h"
#include "hw/core/device.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"
#include "vfio-ioctl.h"

struct container {
	int fd;
	unsigned int groups;
	struct addr_space *mem;
	struct addr_space_listener listener;
	/* The first mapping that failed, for the message of the device being opened. */
	int map_errno;
	uint64_t map_gpa, map_size;
};

struct group {
	unsigned int number;
	int fd;
	struct container *container;
	struct accel *accel;
	unsigned int devices;
};

/* Which group a device came from; found by the device's address at close. */
struct opened {
	struct vfio_device *device;
	struct group *group;
};

struct vfio_host {
	GPtrArray *containers; /* of struct container */
	GPtrArray *groups; /* of struct group */
	GPtrArray *opened; /* of struct opened */
};

static void section_add(void *opaque, uint64_t gpa, uint64_t size_bytes,
			const struct mem_region *region, uint64_t offset_in_region)
{
	struct container *container = opaque;
	uint8_t *hva = (uint8_t *)region->hva + offset_in_region;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int ret;

	/* Other devices' memory (MEM_MAP) is left out: DMA from device to device is rare, and some
	 * IOMMUs refuse it. A piece that is no whole page can't be mapped at all. */
	if (region->kind != MEM_RAM || (gpa | size_bytes | (uintptr_t)hva) % page) {
		return;
	}
	ret = vfio_ioctl_dma_map(container->fd, gpa, size_bytes, hva, region->readonly);
	TRACE(vfio, dma_map, "gpa 0x%" G_GINT64_MODIFIER "x size 0x%" G_GINT64_MODIFIER
	      "x: %d", gpa, size_bytes, ret);
	if (ret < 0 && !container->map_errno) {
		container->map_errno = -ret;
		container->map_gpa = gpa;
		container->map_size = size_bytes;
	}
}

static void section_remove(void *opaque, uint64_t gpa, uint64_t size_bytes,
			   const struct mem_region *region)
{
	struct container *container = opaque;

	if (region->kind == MEM_RAM) {
		vfio_ioctl_dma_unmap(container->fd, gpa, size_bytes);
	}
}

static void container_free(struct container *container)
{
	if (container->mem) {
		addr_space_unlisten(container->mem, &container->listener);
	}
	fd_close(&container->fd);
	g_free(container);
}

/* After the first group: chooses the IOMMU model and maps guest RAM. */
static bool container_start(struct container *container, struct board *board, const char *name,
			    GError **error)
{
	int ret = vfio_ioctl_set_iommu(container->fd);

	if (ret < 0) {
		return error_set_errno(error, -ret, "%s: VFIO_SET_IOMMU type 1", name);
	}
	container->listener = (struct addr_space_listener){
		.section_add = section_add, .section_remove = section_remove, .opaque = container,
	};
	addr_space_listen(board->mem, &container->listener);
	container->mem = board->mem;
	if (container->map_errno) {
		return error_set_errno(error, container->map_errno,
				       "%s: VFIO_IOMMU_MAP_DMA of guest memory at 0x%"
				       G_GINT64_MODIFIER "x, %" G_GUINT64_FORMAT " MiB%s", name,
				       container->map_gpa, container->map_size >> 20,
				       container->map_errno == ENOMEM ?
				       " (see ulimit -l)" : "");
	}
	return true;
}

/* Puts the group into a container that takes it, else into a new one. */
static bool group_attach(struct vfio_host *host, struct group *group, struct board *board,
			 const char *name, GError **error)
{
	struct container *container;
	int ret;

	for (guint i = 0; i < host->containers->len; i++) {
		container = g_ptr_array_index(host->containers, i);
		if (vfio_ioctl_group_attach(group->fd, container->fd) == 0) {
			group->container = container;
			container->groups++;
			return true;
		}
	}
	ret = vfio_ioctl_container_open();
	if (ret < 0) {
		return ret == -ENOENT || ret == -ENODEV || ret == -EPROTO ?
			error_set(error, "%s: /dev/vfio/vfio: vfio with a type 1 IOMMU is not "
				  "there (modprobe vfio_iommu_type1)", name) :
			error_set_errno(error, -ret, "%s: /dev/vfio/vfio", name);
	}
	container = g_new0(struct container, 1);
	container->fd = ret;
	ret = vfio_ioctl_group_attach(group->fd, container->fd);
	if (ret < 0) {
		container_free(container);
		return error_set_errno(error, -ret, "%s: group %u: VFIO_GROUP_SET_CONTAINER", name,
				       group->number);
	}
	if (!container_start(container, board, name, error)) {
		if (container->mem) {
			addr_space_unlisten(container->mem, &container->listener);
			container->mem = NULL;
		}
		vfio_ioctl_group_detach(group->fd, container->fd);
		container_free(container);
		return false;
	}
	group->container = container;
	container->groups = 1;
	g_ptr_array_add(host->containers, container);
	return true;
}

static void group_put(struct vfio_host *host, struct group *group)
{
	struct container *container = group->container;

	if (--group->devices) {
		return;
	}
	if (container) {
		accel_vfio_group(group->accel, group->fd, false);
		if (--container->groups == 0) {
			/* Mappings first: with the last group the IOMMU model goes. */
			addr_space_unlisten(container->mem, &container->listener);
			container->mem = NULL;
		}
		vfio_ioctl_group_detach(group->fd, container->fd);
		if (!container->groups) {
			g_ptr_array_remove(host->containers, container);
			container_free(container);
		}
	}
	g_ptr_array_remove(host->groups, group);
	fd_close(&group->fd);
	g_free(group);
}

/* The members of a group that a host driver holds, as text: "0000:00:02.0 (e1000e)". */
static char *group_holders(unsigned int number)
{
	g_autofree char *folder = g_strdup_printf("/sys/kernel/iommu_groups/%u/devices", number);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	GString *text = g_string_new(NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *link = g_build_filename(folder, name, "driver", NULL);
		g_autofree char *target = g_file_read_link(link, NULL);
		g_autofree char *driver = target ? g_path_get_basename(target) : NULL;

		/* These are what the kernel lets share a group with vfio-pci. */
		if (driver && strcmp(driver, "vfio-pci") && strcmp(driver, "pci-stub") &&
		    strcmp(driver, "pcieport")) {
			g_string_append_printf(text, "%s%s (%s)", text->len ? ", " : "", name,
					       driver);
		}
	}
	return g_string_free(text, FALSE);
}

static bool group_open_error(unsigned int number, int err, const char *name, GError **error)
{
	switch (err) {
	case EBUSY:
		return error_set(error, "%s: /dev/vfio/%u: in use by another process", name,
				 number);
	case ENOENT:
		return error_set(error, "%s: /dev/vfio/%u does not exist: the device is not bound "
				 "to a vfio driver", name, number);
	case EACCES:
	case EPERM:
		return error_set_errno(error, err, "%s: /dev/vfio/%u can't be opened by user %u",
				       name, number, (unsigned int)getuid());
	default:
		return error_set_errno(error, err, "%s: /dev/vfio/%u", name, number);
	}
}

static struct group *group_get(struct vfio_host *host, unsigned int number, struct board *board,
			       const char *name, GError **error)
{
	struct group *group;
	int fd, viable;

	for (guint i = 0; i < host->groups->len; i++) {
		group = g_ptr_array_index(host->groups, i);
		if (group->number == number) {
			group->devices++;
			return group;
		}
	}
	fd = vfio_ioctl_group_open(number);
	if (fd < 0) {
		group_open_error(number, -fd, name, error);
		return NULL;
	}
	group = g_new0(struct group, 1);
	group->number = number;
	group->fd = fd;
	group->accel = board->accel;
	group->devices = 1;
	g_ptr_array_add(host->groups, group);
	viable = vfio_ioctl_group_viable(fd);
	if (viable < 0) {
		error_set_errno(error, -viable, "%s: group %u: VFIO_GROUP_GET_STATUS", name,
				number);
	} else if (!viable) {
		g_autofree char *holders = group_holders(number);

		error_set(error, "%s: group %u is not viable: every device in it must be bound to "
			  "vfio-pci%s%s", name, number, *holders ? ", not yet: " : "", holders);
	} else if (group_attach(host, group, board, name, error)) {
		int ret = accel_vfio_group(board->accel, fd, true);

		/* KVM learns of the group for non-coherent DMA and for drivers that track guest
		 * pages (kvmgt); others do without. */
		TRACE(vfio, kvm_group, "group %u: %d", number, ret);
		return group;
	}
	group_put(host, group);
	return NULL;
}

/* The IOMMU group of a sysfs device folder. */
static bool find_group(const char *real, const char *name, unsigned int *number, GError **error)
{
	g_autofree char *link = g_build_filename(real, "iommu_group", NULL);
	g_autofree char *target = g_file_read_link(link, NULL);
	g_autofree char *driver_link = g_build_filename(real, "driver", NULL);
	g_autofree char *driver_target = g_file_read_link(driver_link, NULL);
	g_autofree char *driver = driver_target ? g_path_get_basename(driver_target) : NULL;
	g_autofree char *text = target ? g_path_get_basename(target) : NULL;
	g_autofree char *bus_link = g_build_filename(real, "subsystem", NULL);
	g_autofree char *bus_target = g_file_read_link(bus_link, NULL);
	g_autofree char *bus = bus_target ? g_path_get_basename(bus_target) : NULL;
	guint64 value;

	if (!bus) {
		return error_set(error, "%s: no device: %s has no bus", name, real);
	}
	if (!strcmp(bus, "pci") && g_strcmp0(driver, "vfio-pci")) {
		/* A vendor's own vfio driver is fine too; only a host driver is told by name. */
		g_autofree char *vfio = g_build_filename(real, "vfio-dev", NULL);

		if (!g_file_test(vfio, G_FILE_TEST_IS_DIR)) {
			return error_set(error, "%s: not a vfio device: bound to %s%s%s, not to "
					 "vfio-pci", name, driver ? "driver '" : "no driver",
					 driver ? driver : "", driver ? "'" : "");
		}
	}
	if (!text || !g_ascii_string_to_unsigned(text, 10, 0, UINT_MAX, &value, NULL)) {
		return error_set(error, "%s: not a vfio device: it is in no IOMMU group", name);
	}
	*number = (unsigned int)value;
	return true;
}

static void host_put(struct board *board)
{
	struct vfio_host *host = board->vfio;

	if (!host->groups->len) {
		g_ptr_array_unref(host->containers);
		g_ptr_array_unref(host->groups);
		g_ptr_array_unref(host->opened);
		g_clear_pointer(&board->vfio, g_free);
	}
}

static struct vfio_device *open_in_group(struct vfio_host *host, struct group *group,
					 const char *base, const char *name, GError **error)
{
	int err = 0;
	struct vfio_device *device;
	struct opened *opened;

	for (guint i = 0; i < host->opened->len; i++) {
		opened = g_ptr_array_index(host->opened, i);
		if (!strcmp(opened->device->name, name)) {
			error_set(error, "%s: already given to this machine", name);
			return NULL;
		}
	}
	device = vfio_ioctl_device_open(group->fd, base, &err);
	if (!device) {
		if (err == ENODEV) {
			error_set(error, "%s: group %u has no such vfio device", name,
				  group->number);
		} else {
			error_set_errno(error, err, "%s: VFIO_GROUP_GET_DEVICE_FD", name);
		}
		return NULL;
	}
	if (!vfio_device_init(device, error)) {
		vfio_device_close(device);
		return NULL;
	}
	opened = g_new(struct opened, 1);
	*opened = (struct opened){ device, group };
	g_ptr_array_add(host->opened, opened);
	return device;
}

struct vfio_device *vfio_host_open(struct board *board, const char *path, GError **error)
{
	char real[PATH_MAX];
	g_autofree char *base = NULL, *name = NULL;
	struct vfio_device *device;
	struct vfio_host *host;
	struct group *group;
	unsigned int number = 0;

	if (!realpath(path, real)) {
		error_set_errno(error, errno, "vfio-pci: %s", path);
		return NULL;
	}
	base = g_path_get_basename(real);
	name = g_strdup_printf("vfio %s", base);
	if (!find_group(real, name, &number, error)) {
		return NULL;
	}
	if (!board->vfio) {
		board->vfio = g_new0(struct vfio_host, 1);
		board->vfio->containers = g_ptr_array_new();
		board->vfio->groups = g_ptr_array_new();
		board->vfio->opened = g_ptr_array_new_with_free_func(g_free);
	}
	host = board->vfio;
	group = group_get(host, number, board, name, error);
	device = group ? open_in_group(host, group, base, name, error) : NULL;
	if (group && !device) {
		group_put(host, group);
	}
	host_put(board);
	return device;
}

void vfio_host_close(struct board *board, struct vfio_device *device)
{
	struct vfio_host *host = board->vfio;

	if (!device) {
		return;
	}
	for (guint i = 0; host && i < host->opened->len; i++) {
		struct opened *opened = g_ptr_array_index(host->opened, i);

		if (opened->device == device) {
			struct group *group = opened->group;

			g_ptr_array_remove_index_fast(host->opened, i);
			vfio_device_close(device);
			group_put(host, group);
			host_put(board);
			return;
		}
	}
	vfio_device_close(device);
}
