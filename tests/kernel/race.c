// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nothing here looks at a picture: several threads do everything that the interface allows, and
 * much that it doesn't, to one device at once. What must hold is that the kernel survives and
 * nothing is left (tests/kernel/run). VGPU_SECONDS in the environment sets how long (default 5).
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vgpu.h"

#define MIB	(1u << 20)
#define THREADS 4

struct race {
	struct vgpu v;
	bool region;
	uint64_t bar_bytes;
	gint64 end;
	uint32_t seed;
};

/* A file offset that is often in a region, and often near its edge. */
static off_t some_offset(GRand *rand)
{
	static const uint64_t edges[] = {0,    4,   64,	     0x500,   0x600,	4096,
					 8192, 576, 4 * MIB, 8 * MIB, 16 * MIB};
	uint64_t at = edges[g_rand_int_range(rand, 0, G_N_ELEMENTS(edges))];

	return (off_t)((uint64_t)g_rand_int_range(rand, 0, 13) << 40 |
		       (at + (uint64_t)g_rand_int_range(rand, -8, 40)));
}

/* Any ioctl of the device with an argument of noise. */
static void noise_ioctl(struct race *r, GRand *rand)
{
	static const unsigned long requests[] = {
		VFIO_DEVICE_GET_INFO,	    VFIO_DEVICE_GET_REGION_INFO,
		VFIO_DEVICE_GET_IRQ_INFO,   VFIO_DEVICE_SET_IRQS,
		VFIO_DEVICE_RESET,	    VFIO_DEVICE_QUERY_GFX_PLANE,
		VFIO_DEVICE_GET_GFX_DMABUF, VFIO_DEVICE_FEATURE,
		VFIO_DEVICE_IOEVENTFD};
	uint32_t arg[64];
	int fd;

	for (size_t i = 0; i < G_N_ELEMENTS(arg); i++) {
		arg[i] = g_rand_boolean(rand) ? g_rand_int(rand) : g_rand_int(rand) % 16;
	}
	/* argsz mostly of a size that gets further. */
	if (g_rand_boolean(rand)) {
		arg[0] = 4 * (uint32_t)g_rand_int_range(rand, 0, G_N_ELEMENTS(arg));
	}
	/* Never a number that could be a real fd of this process to close or keep. */
	fd = ioctl(r->v.device, requests[g_rand_int_range(rand, 0, G_N_ELEMENTS(requests))], arg);
	if (fd > 2) {
		close(fd);
	}
}

static void noise_map(struct race *r, GRand *rand)
{
	size_t size = 4096u * (size_t)g_rand_int_range(rand, 1, 300);
	off_t at = some_offset(rand) & ~4095l;
	volatile char *p;

	p = mmap(NULL, size, PROT_READ | (g_rand_boolean(rand) ? PROT_WRITE : 0), MAP_SHARED,
		 r->v.device, at);
	if (p == MAP_FAILED) {
		return;
	}
	for (int i = 0; i < 50; i++) {
		(void)p[g_rand_int_range(rand, 0, (gint32)size)];
	}
	munmap((void *)p, size);
}

static void noise_buffer(struct race *r, GRand *rand)
{
	uint32_t flags = r->region ? VFIO_GFX_PLANE_TYPE_REGION : VFIO_GFX_PLANE_TYPE_DMABUF;
	struct vfio_device_gfx_plane_info p = {
		.argsz = sizeof(p), .flags = flags, .drm_plane_type = 1};
	volatile uint32_t *at;
	int fd;

	if (ioctl(r->v.device, VFIO_DEVICE_QUERY_GFX_PLANE, &p) < 0 || p.size == 0 || r->region) {
		return;
	}
	fd = vgpu_dmabuf(&r->v, p.dmabuf_id);
	if (fd < 0) {
		return;
	}
	at = mmap(NULL, p.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED) {
		at[p.size / 8] = at[p.size / 4 - 1];
		munmap((void *)at, p.size);
	}
}

static void noise_guest(struct race *r, GRand *rand, volatile uint32_t *vram)
{
	switch (g_rand_int_range(rand, 0, 4)) {
	case 0:
		guest_mode(&r->v, (uint16_t)g_rand_int_range(rand, 1, 1500),
			   (uint16_t)g_rand_int_range(rand, 1, 1200));
		break;
	case 1:
		guest_flip(&r->v, 1024, 4096u * (uint32_t)g_rand_int_range(rand, 0, 3000));
		break;
	case 2:
		guest_blank(&r->v, g_rand_boolean(rand));
		break;
	default:
		for (int i = 0; i < 200; i++) {
			vram[g_rand_int_range(rand, 0, (gint32)(r->bar_bytes / 4))] = 1;
		}
		break;
	}
}

static void noise_gfx(struct race *r, GRand *rand)
{
	uint8_t buf[16384];
	/* mostly on */
	uint32_t on = ((uint32_t)g_rand_int_range(rand, 0, 4) > 0) |
		      (g_rand_int_range(rand, 0, 8) > 0 ? VFIO_GFX_CONTROL_SNAPSHOT : 0);
	int fd, err;

	switch (g_rand_int_range(rand, 0, 4)) {
	case 0:
		if (pwrite(r->v.device, &on, 4, 10ll << 40 | 4096) != 4) {
			g_assert_cmpint(errno, ==, ENOMEM);
		}
		break;
	case 1:
		g_assert_cmpint(pread(r->v.device, buf, sizeof(buf), 10ll << 40 | 8192), >, 0);
		break;
	case 2:
		err = vgpu_snapshot_request(&r->v, (uint32_t)g_rand_int_range(rand, 0, 4));
		g_assert_true(err == 0 || err == -EBUSY || err == -EINVAL || err == -ENOSPC);
		break;
	default:
		fd = eventfd(0, EFD_CLOEXEC);
		vgpu_set_irq(&r->v, VFIO_PCI_NUM_IRQS, g_rand_boolean(rand) ? fd : -1);
		close(fd);
		break;
	}
}

static gpointer racer(gpointer data)
{
	struct race *r = data;
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)g_atomic_int_add(&r->seed, 1));
	volatile uint32_t *vram =
		mmap(NULL, r->bar_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->v.device, 0);
	uint8_t buf[512];
	size_t operations = 0;

	g_assert_true(vram != MAP_FAILED);
	memset(buf, 0x41, sizeof(buf));
	for (; g_get_monotonic_time() < r->end; operations++) {
		size_t count = (size_t)g_rand_int_range(rand, 0, sizeof(buf));
		ssize_t ignored = 0;

		switch (g_rand_int_range(rand, 0, 8)) {
		case 0:
			ignored = pread(r->v.device, buf, count, some_offset(rand));
			break;
		case 1:
			ignored = pwrite(r->v.device, buf, count, some_offset(rand));
			break;
		case 2:
			noise_ioctl(r, rand);
			break;
		case 3:
			noise_map(r, rand);
			break;
		case 4:
			noise_buffer(r, rand);
			break;
		case 5:
			noise_gfx(r, rand);
			break;
		default:
			noise_guest(r, rand, vram);
			break;
		}
		(void)ignored;
	}
	munmap((void *)vram, r->bar_bytes);
	return GSIZE_TO_POINTER(operations);
}

static void test_race(gconstpointer type)
{
	const char *seconds = g_getenv("VGPU_SECONDS");
	struct race r = {.region = g_str_has_prefix(type, "region"), .seed = 1};
	GThread *threads[THREADS];
	struct region bar;
	size_t total = 0;

	vgpu_create(&r.v, type);
	vgpu_open(&r.v);
	g_assert_true(vgpu_region(&r.v, VFIO_PCI_BAR0_REGION_INDEX, &bar));
	r.bar_bytes = bar.size;
	r.end = g_get_monotonic_time() +
		(seconds ? g_ascii_strtoll(seconds, NULL, 10) : 5) * G_USEC_PER_SEC;
	for (size_t i = 0; i < THREADS; i++) {
		threads[i] = g_thread_new("racer", racer, &r);
	}
	for (size_t i = 0; i < THREADS; i++) {
		total += GPOINTER_TO_SIZE(g_thread_join(threads[i]));
	}
	g_test_message("%zu operations", total);
	g_assert_cmpuint(total, >, 100);
	/* And it still works. */
	g_assert_cmpint(ioctl(r.v.device, VFIO_DEVICE_RESET), ==, 0);
	guest_mode(&r.v, 640, 480);
	g_assert_cmpuint(
		vgpu_plane(&r.v, r.region ? VFIO_GFX_PLANE_TYPE_REGION : VFIO_GFX_PLANE_TYPE_DMABUF,
			   1)
			.width,
		==, 640);
	vgpu_remove(&r.v);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/module/race/everything-at-once-with-dma-bufs", "bochs-16",
			     test_race);
	g_test_add_data_func("/module/race/everything-at-once-with-a-region", "region-16",
			     test_race);
	return g_test_run();
}
