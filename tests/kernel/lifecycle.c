// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making, using and losing vGPUs, in every order. VGPU_CYCLES, VGPU_MODES and VGPU_ORDERS in the
 * environment set how often (default 1000, 10000, 200).
 */
#include <drm.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpu.h"

#define DMABUF	VFIO_GFX_PLANE_TYPE_DMABUF
#define PRIMARY 1
#define MIB	(1u << 20)

static unsigned int count_of(const char *name, unsigned int otherwise)
{
	const char *text = g_getenv(name);

	return text ? (unsigned int)g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static unsigned int module_users(void)
{
	g_autofree char *text = sysfs_read("/sys/module/oriel_gvt/refcnt");

	return (unsigned int)g_ascii_strtoull(text, NULL, 10);
}

static void assert_no_dmabuf(void)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents("/sys/kernel/debug/dma_buf/bufinfo", &text, NULL, NULL)) {
		g_test_message("no debugfs: dma-bufs not counted");
		return;
	}
	g_assert_nonnull(strstr(text, "Total 0 objects"));
}

/* The kernel ends file references late, by task work or a worker. */
static void wait_unused(void)
{
	for (unsigned int i = 0; module_users() > 0 && i < 500; i++) {
		g_usleep(10000);
	}
	g_assert_cmpuint(module_users(), ==, 0);
	assert_no_dmabuf();
}

static uint32_t *map_vram(const struct vgpu *v, uint64_t *size)
{
	struct region r;

	g_assert_true(vgpu_region(v, VFIO_PCI_BAR0_REGION_INDEX, &r));
	*size = r.size;
	return vgpu_map(v, &r, r.size, PROT_READ | PROT_WRITE);
}

static void test_sysfs(void)
{
	static const char *const files[] = {"name", "description", "device_api",
					    "available_instances"};
	unsigned int before = vgpu_available("bochs-64"), small = vgpu_available("bochs-16");
	struct vgpu v;

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_strdup_printf(
			PARENT "/mdev_supported_types/oriel_gvt-region-32/%s", files[i]);
		g_autofree char *text = sysfs_read(path);

		g_assert_cmpuint(strlen(text), >, 0);
		if (strcmp(files[i], "device_api") == 0) {
			g_assert_cmpstr(text, ==, "vfio-pci");
		}
	}
	vgpu_create(&v, "bochs-64");
	g_assert_cmpuint(vgpu_available("bochs-64"), ==, before - 1);
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, small - 4);
	g_assert_true(vgpu_exists(&v));
	vgpu_remove(&v);
	g_assert_false(vgpu_exists(&v));
	g_assert_cmpuint(vgpu_available("bochs-64"), ==, before);
}

static void test_limit(void)
{
	const char *param = "/sys/module/oriel_gvt/parameters/memory_mib";
	g_autofree char *was = sysfs_read(param);
	struct vgpu a, b, c;

	g_assert_cmpint(sysfs_write(param, "48"), ==, 0);
	g_assert_cmpuint(vgpu_available("bochs-64"), ==, 0);
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, 3);
	vgpu_create(&a, "bochs-32");
	vgpu_create(&b, "region-16");
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, 0);
	g_assert_cmpint(vgpu_try_create(&c, "bochs-16"), ==, -ENOSPC);
	vgpu_remove(&b);
	vgpu_create(&c, "bochs-16");
	/* Less than is in use: nothing more, and what is there stays. */
	g_assert_cmpint(sysfs_write(param, "1"), ==, 0);
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, 0);
	vgpu_open(&a);
	vgpu_remove(&a);
	vgpu_remove(&c);
	g_assert_cmpint(sysfs_write(param, was), ==, 0);
}

static void test_several(void)
{
	struct vgpu v[6];
	uint32_t *vram[6], *seen[6];
	uint64_t size[6];
	int fd[6];

	for (uint32_t i = 0; i < G_N_ELEMENTS(v); i++) {
		struct vfio_device_gfx_plane_info p;

		vgpu_create(&v[i], "bochs-16");
		vgpu_open(&v[i]);
		vram[i] = map_vram(&v[i], &size[i]);
		guest_mode(&v[i], (uint16_t)(640 + 16 * i), 480);
		vram[i][0] = i + 1;
		p = vgpu_plane(&v[i], DMABUF, PRIMARY);
		g_assert_cmpuint(p.width, ==, 640 + 16 * i);
		fd[i] = vgpu_dmabuf(&v[i], p.dmabuf_id);
		seen[i] = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd[i], 0);
		g_assert_true(seen[i] != MAP_FAILED);
	}
	for (uint32_t i = 0; i < G_N_ELEMENTS(v); i++) {
		g_assert_cmpuint(seen[i][0], ==, i + 1);
		munmap(seen[i], 4096);
		munmap(vram[i], size[i]);
		close(fd[i]);
		vgpu_remove(&v[i]);
	}
	wait_unused();
}

/* One remover waits, the user is asked, and when it lets go the device is gone. */
static void test_remove_in_use(void)
{
	g_autofree char *path = NULL;
	int request = eventfd(0, EFD_CLOEXEC), status;
	struct vgpu v;
	pid_t remover;

	vgpu_create(&v, "bochs-16");
	vgpu_open(&v);
	g_assert_cmpint(vgpu_set_irq(&v, VFIO_PCI_REQ_IRQ_INDEX, request), ==, 0);
	path = g_strdup_printf("/sys/bus/mdev/devices/%s/remove", v.uuid);
	remover = fork();
	if (remover == 0) {
		/* Its copies of the fds would keep the device in use. */
		vgpu_close(&v);
		_exit(sysfs_write(path, "1") == 0 ? 0 : 1);
	}
	g_assert_true(fired(request, 5000));
	/* Still all there. */
	guest_mode(&v, 640, 480);
	g_assert_cmpuint(vgpu_plane(&v, DMABUF, PRIMARY).width, ==, 640);
	g_assert_cmpint(waitpid(remover, &status, WNOHANG), ==, 0);
	vgpu_close(&v);
	g_assert_cmpint(waitpid(remover, &status, 0), ==, remover);
	g_assert_cmpint(status, ==, 0);
	g_assert_false(vgpu_exists(&v));
	close(request);
}

static int unload(void)
{
	return syscall(SYS_delete_module, "oriel_gvt", O_NONBLOCK) < 0 ? -errno : 0;
}

static void test_unload_in_use(void)
{
	struct vgpu v;
	int fd;

	vgpu_create(&v, "bochs-16");
	vgpu_open(&v);
	g_assert_cmpint(unload(), ==, -EWOULDBLOCK);
	guest_mode(&v, 640, 480);
	fd = vgpu_dmabuf(&v, vgpu_plane(&v, DMABUF, PRIMARY).dmabuf_id);
	g_assert_cmpint(fd, >=, 0);
	vgpu_remove(&v);
	/* Only a dma-buf is left of it. */
	g_assert_cmpint(unload(), ==, -EWOULDBLOCK);
	close(fd);
	wait_unused();
}

static void test_orphan(void)
{
	unsigned int before = vgpu_available("bochs-16");
	struct vfio_device_gfx_plane_info p;
	uint32_t *seen, *vram;
	uint64_t size;
	struct vgpu v;
	int fd;

	vgpu_create(&v, "bochs-16");
	vgpu_open(&v);
	guest_mode(&v, 640, 480);
	vram = map_vram(&v, &size);
	vram[5] = 55;
	munmap(vram, size);
	p = vgpu_plane(&v, DMABUF, PRIMARY);
	fd = vgpu_dmabuf(&v, p.dmabuf_id);
	vgpu_remove(&v);
	/* The memory is still taken, and still there. */
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, before - 1);
	seen = mmap(NULL, p.size, PROT_READ, MAP_SHARED, fd, 0);
	g_assert_true(seen != MAP_FAILED);
	close(fd);
	g_assert_cmpuint(seen[5], ==, 55);
	munmap(seen, p.size);
	wait_unused();
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, before);
}

static void test_killed(void)
{
	unsigned int before = vgpu_available("bochs-16");

	for (unsigned int i = 0; i < 20; i++) {
		struct vgpu v;
		int ready[2], status;
		pid_t child;
		char byte;

		vgpu_create(&v, "bochs-16");
		g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
		child = fork();
		if (child == 0) {
			struct region gfx;
			uint64_t size;
			uint32_t *vram;

			vgpu_open(&v);
			vram = map_vram(&v, &size);
			guest_mode(&v, 1024, 768);
			vgpu_dmabuf(&v, vgpu_plane(&v, DMABUF, PRIMARY).dmabuf_id);
			vgpu_find_region(&v, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE, &gfx);
			vgpu_write(&v, (unsigned int)(gfx.offset >> 40), 4096, 1, 4);
			vgpu_set_irq(&v, vgpu_status(&v).irq_index, eventfd(0, 0));
			if (write(ready[1], "r", 1) != 1) {
				_exit(1);
			}
			for (uint32_t n = 0;; n++) {
				vram[n * 1024 % (4 * MIB)] = n;
				guest_flip(&v, 1024, n % 2 ? 4 * MIB : 0);
			}
		}
		close(ready[1]);
		g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
		g_usleep(3000 * i);
		kill(child, SIGKILL);
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
		close(ready[0]);
		vgpu_remove(&v);
	}
	wait_unused();
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, before);
}

enum { HOLD_DEVICE, HOLD_GROUP, HOLD_CONTAINER, HOLD_BUF, HOLD_BUF2, HOLD_BAR, HOLD_MAP, HOLDS };

/* Everything one can hold of a vGPU, let go of in every order, with the removal somewhere after the
 * fds. */
static void test_orders(void)
{
	unsigned int orders = count_of("VGPU_ORDERS", 200), before = vgpu_available("bochs-16");
	g_autoptr(GRand) rand = g_rand_new_with_seed(11);

	for (unsigned int n = 0; n < orders; n++) {
		int order[HOLDS], buf[2];
		uint32_t *vram, *seen;
		uint64_t size;
		struct vgpu v;

		vgpu_create(&v, "bochs-16");
		vgpu_open(&v);
		vram = map_vram(&v, &size);
		guest_mode(&v, 640, 480);
		vram[7] = n;
		buf[0] = vgpu_dmabuf(&v, vgpu_plane(&v, DMABUF, PRIMARY).dmabuf_id);
		guest_flip(&v, 640, 2 * MIB);
		buf[1] = vgpu_dmabuf(&v, vgpu_plane(&v, DMABUF, PRIMARY).dmabuf_id);
		seen = mmap(NULL, 4096, PROT_READ, MAP_SHARED, buf[0], 0);
		g_assert_true(seen != MAP_FAILED);
		for (int i = 0; i < HOLDS; i++) {
			int j = g_rand_int_range(rand, 0, i + 1);

			order[i] = order[j];
			order[j] = i;
		}
		for (int i = 0; i < HOLDS; i++) {
			switch (order[i]) {
			case HOLD_DEVICE:
				close(v.device);
				v.device = -1;
				break;
			case HOLD_GROUP:
				close(v.group);
				v.group = -1;
				break;
			case HOLD_CONTAINER:
				close(v.container);
				v.container = -1;
				break;
			case HOLD_BUF:
			case HOLD_BUF2:
				close(buf[order[i] - HOLD_BUF]);
				break;
			case HOLD_BAR:
				g_assert_cmpuint(vram[7], ==, n);
				munmap(vram, size);
				break;
			default:
				g_assert_cmpuint(seen[7], ==, n);
				munmap(seen, 4096);
				break;
			}
		}
		vgpu_remove(&v);
	}
	wait_unused();
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, before);
}

/* Another driver imports the buffer: the attach and map side of the exporter. */
static void test_import(void)
{
	struct drm_prime_handle prime = {.flags = 0};
	struct drm_gem_close gem = {0};
	struct vgpu v;
	int card = -1;

	for (int i = 0; i < 8 && card < 0; i++) {
		char path[32], name[32] = "";
		struct drm_version version = {.name = name, .name_len = sizeof(name) - 1};

		g_snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		card = open(path, O_RDWR | O_CLOEXEC);
		if (card >= 0 &&
		    (ioctl(card, DRM_IOCTL_VERSION, &version) < 0 || strcmp(name, "vgem") != 0)) {
			close(card);
			card = -1;
		}
	}
	if (card < 0) {
		g_test_skip("no vgem card to import with");
		return;
	}
	vgpu_create(&v, "bochs-16");
	vgpu_open(&v);
	guest_mode(&v, 1024, 768);
	prime.fd = vgpu_dmabuf(&v, vgpu_plane(&v, DMABUF, PRIMARY).dmabuf_id);
	g_assert_cmpint(ioctl(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), ==, 0);
	close(prime.fd);
	vgpu_remove(&v);
	/* The importer alone keeps it. */
	g_assert_cmpuint(module_users(), >, 0);
	gem.handle = prime.handle;
	g_assert_cmpint(ioctl(card, DRM_IOCTL_GEM_CLOSE, &gem), ==, 0);
	close(card);
	wait_unused();
}

static void test_modes(void)
{
	unsigned int modes = count_of("VGPU_MODES", 10000);
	gint64 began = g_get_monotonic_time();
	struct vgpu v;

	vgpu_create(&v, "bochs-16");
	vgpu_open(&v);
	for (unsigned int i = 0; i < modes; i++) {
		uint16_t w = (uint16_t)(64 + i * 16 % 1900), h = (uint16_t)(64 + i * 7 % 1000);
		struct vfio_device_gfx_plane_info p;
		int fd;

		guest_mode(&v, w, h);
		p = vgpu_plane(&v, DMABUF, PRIMARY);
		g_assert_cmpuint(p.width, ==, w);
		g_assert_cmpuint(p.height, ==, h);
		fd = vgpu_dmabuf(&v, p.dmabuf_id);
		g_assert_cmpint(fd, >=, 0);
		close(fd);
	}
	vgpu_remove(&v);
	wait_unused();
	g_test_message("%u mode sets in %d ms", modes,
		       (int)((g_get_monotonic_time() - began) / 1000));
}

/* Memory that is neither free nor can be had back by dropping caches. */
static long used_kib(void)
{
	g_autofree char *text = sysfs_read("/proc/meminfo");
	static const struct {
		const char *name;
		int sign;
	} lines[] = {{"MemTotal:", 1},
		     {"MemFree:", -1},
		     {"Buffers:", -1},
		     {"\nCached:", -1},
		     {"SReclaimable:", -1}};
	long sum = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		const char *at = strstr(text, lines[i].name);

		g_assert_nonnull(at);
		sum += lines[i].sign * atol(at + strlen(lines[i].name));
	}
	return sum;
}

static void test_cycles(void)
{
	static const char *const types[] = {"skl", "bochs-64", "region-16"};
	unsigned int cycles = count_of("VGPU_CYCLES", 1000), before = vgpu_available("bochs-64");
	gint64 began = g_get_monotonic_time();
	long used = 0;

	for (unsigned int i = 0; i < cycles; i++) {
		struct vgpu v;

		vgpu_create(&v, types[i % G_N_ELEMENTS(types)]);
		vgpu_open(&v);
		if (i % G_N_ELEMENTS(types) != 0) {
			guest_mode(&v, 640, 480);
		}
		vgpu_remove(&v);
		if (i == 99) {
			used = used_kib();
		}
		if (i % 10000 == 9999) {
			g_printerr("# %u cycles, %ld KiB more in use\n", i + 1, used_kib() - used);
		}
	}
	began = g_get_monotonic_time() - began;
	wait_unused();
	g_assert_cmpuint(vgpu_available("bochs-64"), ==, before);
	used = used_kib() - used;
	g_test_message("%ld KiB more in use after them than after the first 100", used);
	if (cycles >= 5000) {
		/* A page for each would be twice that at least. */
		g_assert_cmpint(used, <, (long)cycles * 2);
	}
	g_test_message("%u cycles, %u us each: a million takes %u minutes", cycles,
		       (unsigned int)(began / MAX(cycles, 1)),
		       (unsigned int)(began / MAX(cycles, 1) / 60));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/module/lifecycle/sysfs-says-what-is-left", test_sysfs);
	g_test_add_func("/module/lifecycle/the-memory-limit-holds", test_limit);
	g_test_add_func("/module/lifecycle/several-at-once-are-apart", test_several);
	g_test_add_func("/module/lifecycle/removal-in-use-asks-and-waits", test_remove_in_use);
	g_test_add_func("/module/lifecycle/unloading-in-use-is-refused", test_unload_in_use);
	g_test_add_func("/module/lifecycle/a-dma-buf-outlives-the-vgpu", test_orphan);
	g_test_add_func("/module/lifecycle/a-killed-user-leaves-nothing", test_killed);
	g_test_add_func("/module/lifecycle/another-driver-can-import", test_import);
	g_test_add_func("/module/lifecycle/letting-go-in-any-order", test_orders);
	g_test_add_func("/module/lifecycle/many-mode-sets", test_modes);
	g_test_add_func("/module/lifecycle/many-cycles", test_cycles);
	return g_test_run();
}
