// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vGPUs of type skl: planes in guest memory. The test is the guest (skl-guest.h). What a register model
 * does is tested without the module (tests/unit/gvt-skl.c).
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "skl-guest.h"

static long locked_kib(void)
{
	g_autofree char *text = sysfs_read("/proc/self/status");
	const char *at = strstr(text, "VmLck:");

	g_assert_nonnull(at);
	return atol(at + strlen("VmLck:"));
}

/* ---- planes and buffers ---- */

static void test_identity(struct fixture *f, gconstpointer type)
{
	uint8_t config[256];

	g_assert_cmpint(pread(f->v.device, config, sizeof(config),
			      (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40),
			==, 256);
	g_assert_cmphex(config[1] << 8 | config[0], ==, 0x8086);
	g_assert_cmphex(config[3] << 8 | config[2], ==, 0x1912);
	g_assert_cmphex(config[0x0b], ==, 3);
	g_assert_cmphex(config[0x0a], ==, g_str_has_suffix(type, "vga") ? 0 : 0x80);
	g_assert_cmphex(vgpu_read(&f->v, VFIO_PCI_ROM_REGION_INDEX, 0, 2), ==, 0xaa55);
	g_assert_cmphex(vgpu_read(&f->v, BAR0, 0x42000, 4), ==, 0x8e000000);
	g_assert_cmpuint(vgpu_status(&f->v).caps, ==,
			 VFIO_GFX_CAP_IRQ | VFIO_GFX_CAP_SOURCE | VFIO_GFX_CAP_PAGES |
				 VFIO_GFX_CAP_SNAPSHOT | VFIO_GFX_CAP_HOLD);
	g_assert_cmpint(vgpu_find_region(&f->v, 0x80008086, 1, &f->gfx), >=, 0);
	g_assert_cmphex(vgpu_read(&f->v, (unsigned int)(f->gfx.offset >> 40), 0, 4), ==,
			0x65746e49); /* "Inte" */
}

static void test_linear(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	const uint32_t *seen;
	int fd;

	g_assert_cmpuint(p.drm_format, ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, VFIO_GFX_OFF_NEVER_SET);
	show(f, 0);
	p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmphex(p.drm_format, ==, DRM_FORMAT_XRGB8888);
	g_assert_cmphex(p.drm_format_mod, ==, DRM_FORMAT_MOD_LINEAR);
	g_assert_cmpuint(p.width, ==, WIDTH);
	g_assert_cmpuint(p.height, ==, HEIGHT);
	g_assert_cmpuint(p.stride, ==, WIDTH * 4);
	g_assert_cmpuint(p.size, ==, PAGES * PAGE);
	g_assert_cmpuint(vgpu_status(&f->v).plane.id, ==, p.dmabuf_id);
	fd = vgpu_dmabuf(&f->v, p.dmabuf_id);
	seen = mmap(NULL, p.size, PROT_READ, MAP_SHARED, fd, 0);
	g_assert_true(seen != MAP_FAILED);
	for (uint32_t i = 0; i < PAGES; i++) {
		uint32_t *page = (uint32_t *)(f->ram + (size_t)scattered(i, 0) * PAGE);

		page[i % 1024] = i * 3 + 1;
		g_assert_cmpuint(seen[i * 1024 + i % 1024], ==, i * 3 + 1);
	}
	munmap((void *)seen, p.size);
	close(fd);
	pipe_off(f);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format, ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, VFIO_GFX_OFF_DISABLED);
}

static void test_tiled(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p;

	bind(f, 256, 512, 0);
	pipe_on(f);
	plane_on(f, CTL_X, 5, 1u << 20);
	wait_flip(f, f->status->flip_count);
	p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmphex(p.drm_format_mod, ==, I915_FORMAT_MOD_X_TILED);
	g_assert_cmpuint(p.stride, ==, 5 * 512);
	g_assert_cmpuint(p.size, ==, 5 * (HEIGHT / 8) * PAGE);
	plane_on(f, CTL_Y, 20, 1u << 20);
	wait_flip(f, f->status->flip_count);
	p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmphex(p.drm_format_mod, ==, I915_FORMAT_MOD_Y_TILED);
	g_assert_cmpuint(p.stride, ==, 20 * 128);
	g_assert_cmpuint(p.size, ==, 20 * (HEIGHT / 32) * PAGE);
}

/* Copied as it lies: tile by tile, out of pages that lie anywhere. */
static void test_snapshot(struct fixture *f, gconstpointer type)
{
	uint32_t pages = 5 * (HEIGHT / 8);
	struct vfio_gfx_snapshot told = vgpu_snapshot(&f->v);
	const uint32_t *slot = mmap(NULL, told.slot_size, PROT_READ, MAP_SHARED, f->v.device,
				    (off_t)(f->gfx.offset + told.area_offset + told.slot_size));
	gint64 began;

	g_assert_true(slot != MAP_FAILED);
	vgpu_write(&f->v, (unsigned int)(f->gfx.offset >> 40), f->status->control_offset,
		   VFIO_GFX_CONTROL_SOURCE | VFIO_GFX_CONTROL_SNAPSHOT, 4);
	bind(f, 256, 512, 0);
	pipe_on(f);
	plane_on(f, CTL_X, 5, 1u << 20);
	wait_flip(f, f->status->flip_count);
	for (uint32_t i = 0; i < RAM_BYTES / 4; i++) {
		((uint32_t *)f->ram)[i] = i;
	}
	g_assert_cmpint(vgpu_snapshot_request(&f->v, 1), ==, 0);
	told = vgpu_snapshot_wait(&f->v);
	g_assert_cmpuint(told.state, ==, VFIO_GFX_SNAPSHOT_COMPLETE);
	g_assert_cmphex(told.plane.drm_format_mod, ==, I915_FORMAT_MOD_X_TILED);
	g_assert_cmpuint(told.plane.stride, ==, 5 * 512);
	g_assert_cmpuint(told.plane.size, ==, pages * PAGE);
	g_assert_cmpuint(told.plane.offset, ==, 0);
	/* The guest's memory is unmapped, and somebody else's there. */
	g_assert_cmpint(dma_unmap(f, 0, RAM_BYTES), ==, 0);
	memset(f->ram, 0xee, RAM_BYTES);
	for (uint32_t i = 0; i < pages * PAGE / 4; i++) {
		g_assert_cmpuint(slot[i], ==, scattered(i / 1024, 0) * 1024 + i % 1024);
	}
	g_assert_cmpuint(slot[pages * PAGE / 4], ==, 0);
	/* There is nothing to copy, or the other way round; and unmapped while it is copied. */
	g_assert_cmpint(vgpu_snapshot_request(&f->v, 1), ==, 0);
	told = vgpu_snapshot_wait(&f->v);
	g_assert_cmpuint(told.state, ==, VFIO_GFX_SNAPSHOT_FAILED);
	g_assert_cmpuint(told.plane.off_reason, ==, VFIO_GFX_OFF_BAD_ADDRESS);
	began = g_get_monotonic_time();
	for (unsigned int i = 0; i < 60; i++) {
		g_assert_cmpint(dma_map(f, f->ram, 0, RAM_BYTES), ==, 0);
		g_assert_cmpint(vgpu_snapshot_request(&f->v, i % 3), ==, 0);
		g_usleep(i % 10 * 100);
		g_assert_cmpint(dma_unmap(f, 0, RAM_BYTES), ==, 0);
		vgpu_snapshot_wait(&f->v);
	}
	g_test_message("60 maps and unmaps with a snapshot each: %d ms",
		       (int)((g_get_monotonic_time() - began) / 1000));
	munmap((void *)slot, told.slot_size);
}

/* Mainline can't say that a picture begins within a page; who looks at the status page can take it. */
static void test_source(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p;
	struct vfio_gfx_status s;

	bind(f, 256, PAGES + 1, 0);
	plane_on(f, CTL_LINEAR, WIDTH * 4 / 64, 1u << 20);
	reg(f, OFFSET, 1u << 16 | 12);
	reg(f, SURF, 1u << 20);
	pipe_on(f);
	p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmpuint(p.drm_format, ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, VFIO_GFX_OFF_UNALIGNED);
	vgpu_write(&f->v, (unsigned int)(f->gfx.offset >> 40), f->status->control_offset,
		   VFIO_GFX_CONTROL_SOURCE, 4);
	p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	s = vgpu_status(&f->v);
	g_assert_cmphex(p.drm_format, ==, DRM_FORMAT_XRGB8888);
	g_assert_cmpuint(s.plane.id, ==, p.dmabuf_id);
	g_assert_cmpuint(s.plane.offset, ==, (1u << 20) + WIDTH * 4 + 48);
	reg(f, PLANE_CTL, CTL_LINEAR | 2);
	reg(f, SURF, 1u << 20);
	wait_flip(f, s.flip_count);
	vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmpuint(vgpu_status(&f->v).rotation, ==, 180);
}

static void test_cursor(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p;
	uint64_t cursors, flips;
	uint32_t id;

	show(f, 0);
	bind(f, 4096, 64, 3);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, CURSOR).drm_format, ==, 0);
	cursors = f->status->cursor_count;
	flips = f->status->flip_count;
	reg(f, CURCNTR, 0x27);
	reg(f, CURPOS, 0x02bc800a);
	reg(f, CURBASE, 4096 * PAGE);
	for (int i = 0; f->status->cursor_count == cursors && i < 1000; i++) {
		vgpu_plane(&f->v, DMABUF, CURSOR);
		g_usleep(1000);
	}
	g_assert_cmpuint(f->status->cursor_count, ==, cursors + 1);
	p = vgpu_plane(&f->v, DMABUF, CURSOR);
	g_assert_cmphex(p.drm_format, ==, DRM_FORMAT_ARGB8888);
	g_assert_cmpuint(p.width, ==, 64);
	g_assert_cmpuint(p.height, ==, 64);
	g_assert_cmpint((int32_t)p.x_pos, ==, -10);
	g_assert_cmpint((int32_t)p.y_pos, ==, 700);
	g_assert_cmphex(p.x_hot, ==, 0xffffffff);
	id = p.dmabuf_id;
	reg(f, CURPOS, 0x00200010);
	reg(f, CURBASE, 4096 * PAGE);
	for (int i = 0; p.x_pos != 16 && i < 1000; i++) {
		p = vgpu_plane(&f->v, DMABUF, CURSOR);
		g_usleep(1000);
	}
	g_assert_cmpint((int32_t)p.x_pos, ==, 16);
	g_assert_cmpuint(p.dmabuf_id, ==, id);
	g_assert_cmpuint(f->status->flip_count, ==, flips);
}

/* The same graphics address with other pages behind it is another buffer. */
static void test_pages_are_identity(struct fixture *f, gconstpointer type)
{
	uint32_t a, b;

	show(f, 0);
	a = vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id;
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id, ==, a);
	f->ggtt[256 + PAGES / 2] = (uint64_t)(RAM_PAGES - 1) * PAGE | 1;
	b = vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id;
	g_assert_cmpuint(b, !=, a);
	bind(f, 256, PAGES, 0);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id, !=, b);
}

static void test_pages_are_told(struct fixture *f, gconstpointer type)
{
	struct {
		struct vfio_gfx_pages head;
		uint64_t address[PAGES + 1];
	} pages;
	off_t at = (off_t)(f->gfx.offset + f->status->pages_offset);
	uint32_t id;

	g_assert_cmpint(pread(f->v.device, &pages, sizeof(pages), at), ==, sizeof(pages.head));
	g_assert_cmpuint(pages.head.id, ==, 0);
	g_assert_cmpuint(pages.head.count, ==, 0);
	show(f, 2);
	id = vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id;
	g_assert_cmpint(pread(f->v.device, &pages, sizeof(pages), at), ==,
			sizeof(pages.head) + PAGES * 8);
	g_assert_cmpuint(pages.head.size, ==, sizeof(pages.head));
	g_assert_cmpuint(pages.head.id, ==, id);
	g_assert_cmpuint(pages.head.count, ==, PAGES);
	for (uint32_t i = 0; i < PAGES; i++) {
		g_assert_cmphex(pages.address[i], ==, (uint64_t)scattered(i, 2) * PAGE);
	}
	g_assert_cmpint(pread(f->v.device, &pages, 24, at), ==, 24);
	g_assert_cmpint(pread(f->v.device, &pages, 24, at + 8), ==, -1);
}

/* ---- pins ---- */

static void test_pins(struct fixture *f, gconstpointer type)
{
	long before = locked_kib();
	int fd;

	show(f, 0);
	g_assert_cmpint(locked_kib(), ==, before);
	fd = vgpu_dmabuf(&f->v, vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id);
	g_assert_cmpint(locked_kib(), ==, before + PAGES * 4);
	/* A flip lets go of what nobody holds... */
	bind(f, 8192, PAGES, 1);
	plane_on(f, CTL_LINEAR, WIDTH * 4 / 64, 8192 * PAGE);
	wait_flip(f, f->status->flip_count);
	vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmpint(locked_kib(), ==, before + 2 * PAGES * 4);
	close(fd);
	/* (the last reference of a file ends by task work, on the way out of close) */
	g_assert_cmpint(locked_kib(), ==, before + PAGES * 4);
	plane_on(f, CTL_LINEAR, WIDTH * 4 / 64, 1u << 20);
	wait_flip(f, f->status->flip_count);
	vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmpint(locked_kib(), ==, before + PAGES * 4);
	/* ... and so does switching off, as soon as somebody asks. */
	pipe_off(f);
	vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmpint(locked_kib(), ==, before);
}

static void test_unmap(struct fixture *f, gconstpointer type)
{
	long before = locked_kib();
	const uint32_t *seen;
	uint32_t id;
	int fd;

	show(f, 0);
	*(uint32_t *)(f->ram + (size_t)scattered(0, 0) * PAGE) = 4711;
	id = vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id;
	fd = vgpu_dmabuf(&f->v, id);
	seen = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	g_assert_cmpint(dma_unmap(f, 0, RAM_BYTES), ==, 0);
	g_assert_cmpint(locked_kib(), ==, before);
	g_assert_cmpuint(seen[0], ==, 4711);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format, ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, VFIO_GFX_OFF_BAD_ADDRESS);
	/* Other memory at the same guest addresses is another buffer. */
	g_assert_cmpint(dma_map(f, f->ram, 0, RAM_BYTES), ==, 0);
	g_usleep(1100 * 1000); /* what failed is tried again after a second */
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id, !=, id);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id, !=, 0);
	munmap((void *)seen, PAGE);
	close(fd);
	/* The container goes with everything still mapped, shown and pinned. */
}

static void test_outlives(struct fixture *f, gconstpointer type)
{
	const uint32_t *seen;
	int fd;

	show(f, 0);
	fd = vgpu_dmabuf(&f->v, vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id);
	close_all(f);
	seen = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	g_assert_true(seen != MAP_FAILED);
	*(uint32_t *)(f->ram + (size_t)scattered(9, 0) * PAGE) = 99;
	g_assert_cmpuint(seen[9 * 1024], ==, 99);
	munmap((void *)seen, PAGES * PAGE);
	close(fd);
}

/* ---- what a hostile guest writes ---- */

static void expect_off(const struct fixture *f, uint32_t reason)
{
	uint64_t was = f->status->flip_count;

	reg(f, SURF, vgpu_read(&f->v, BAR0, SURF, 4));
	wait_flip(f, was);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format, ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, reason);
}

static void test_bad_pages(struct fixture *f, gconstpointer type)
{
	static const uint64_t bad[] = {
		0,			  /* not present */
		RAM_BYTES | 1,		  /* behind the RAM */
		0x7ffffff000ull | 1,	  /* the last page there could be */
		0xfee00000ull | 1,	  /* interrupts */
		0xfffffffffffff001ull,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		show(f, 0);
		f->ggtt[256 + PAGES - 1] = bad[i];
		expect_off(f, VFIO_GFX_OFF_BAD_ADDRESS);
		g_assert_cmpint(locked_kib(), ==, 0);
		bind(f, 256, PAGES, 0);
		reg(f, SURF, 1u << 20);
		wait_flip(f, f->status->flip_count);
		g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format, !=, 0);
		pipe_off(f);
		vgpu_plane(&f->v, DMABUF, PRIMARY);
	}
}

/* Another vGPU's video memory, mapped for DMA as a VMM does it with a BAR: memory the guest has
 * anyway. */
static void test_foreign_bar(struct fixture *f, gconstpointer type)
{
	struct region bar;
	struct vgpu other;
	uint8_t *vram;

	vgpu_create(&other, "bochs-16");
	vgpu_open(&other);
	g_assert_true(vgpu_region(&other, BAR0, &bar));
	vram = vgpu_map(&other, &bar, bar.size, PROT_READ | PROT_WRITE);
	vram[0] = 0x77;
	g_assert_cmpint(dma_map(f, vram, 0x10000000, 16u << 20), ==, 0);
	for (uint32_t i = 0; i < PAGES; i++) {
		f->ggtt[256 + i] = (0x10000000 + (uint64_t)i * PAGE) | 1;
	}
	plane_on(f, CTL_LINEAR, WIDTH * 4 / 64, 1u << 20);
	pipe_on(f);
	if (vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format != 0) {
		int fd = vgpu_dmabuf(&f->v, vgpu_status(&f->v).plane.id);
		const uint8_t *seen = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

		g_assert_true(seen != MAP_FAILED);
		g_assert_cmpuint(seen[0], ==, 0x77);
		munmap(vram, bar.size);
		vgpu_remove(&other);
		g_assert_cmpuint(seen[0], ==, 0x77);
		munmap((void *)seen, PAGE);
		close(fd);
		return;
	}
	munmap(vram, bar.size);
	vgpu_remove(&other);
}

static void test_bad_geometry(struct fixture *f, gconstpointer type)
{
	show(f, 0);
	reg(f, STRIDE, 0);
	expect_off(f, VFIO_GFX_OFF_GEOMETRY);
	show(f, 0);
	reg(f, PLANE_SIZE, 8191u << 16 | 8191);
	expect_off(f, VFIO_GFX_OFF_GEOMETRY);
	show(f, 0);
	reg(f, SURF, 0xfffff000);
	expect_off(f, VFIO_GFX_OFF_BEYOND);
	show(f, 0);
	reg(f, PLANE_CTL, ENABLE | 0xc000000);
	expect_off(f, VFIO_GFX_OFF_FORMAT);
}

static void test_random(struct fixture *f, gconstpointer type)
{
	static const uint32_t favourites[] = {PLANE_CTL, STRIDE, PLANE_SIZE, SURF,   OFFSET,
					      PIPECONF,	 CURCNTR, CURBASE,    CURPOS, MASTER,
					      PIPE_IMR,	 PIPE_IIR, PIPE_IER,  HTOTAL, VTOTAL};
	g_autoptr(GRand) rand = g_rand_new_with_seed(3);
	gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
	unsigned int writes = 0, shown = 0;

	bind(f, 256, PAGES * 4, 0);
	while (g_get_monotonic_time() < end) {
		for (int i = 0; i < 16; i++, writes++) {
			uint32_t at = g_rand_boolean(rand) ?
					      favourites[g_rand_int_range(
						      rand, 0, G_N_ELEMENTS(favourites))] :
					      g_rand_int(rand) & 0x1ffffc;
			uint32_t value = g_rand_boolean(rand) ?
						 g_rand_int(rand) :
						 1u << g_rand_int_range(rand, 0, 32);

			reg(f, at, value);
			vgpu_read(&f->v, BAR0, at, 4);
		}
		f->ggtt[g_rand_int_range(rand, 0, 2048)] = g_rand_int(rand) & 0x3fff001;
		if (vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format != 0) {
			int fd = vgpu_dmabuf(&f->v, vgpu_status(&f->v).plane.id);

			shown++;
			if (fd >= 0) {
				close(fd);
			}
		}
		vgpu_plane(&f->v, DMABUF, CURSOR);
		if (writes % 4096 == 0) {
			g_assert_cmpint(ioctl(f->v.device, VFIO_DEVICE_RESET), ==, 0);
			show(f, writes);
		}
	}
	g_test_message("%u writes, %u planes shown", writes, shown);
}

static void test_aperture(struct fixture *f, gconstpointer type)
{
	unsigned int bar2 = VFIO_PCI_BAR2_REGION_INDEX;

	f->ggtt[3] = 5 * PAGE | 1;
	f->ggtt[4] = 0;
	f->ggtt[5] = RAM_BYTES | 1;
	vgpu_write(&f->v, bar2, 3 * PAGE + 8, 0x12345678, 4);
	g_assert_cmphex(*(uint32_t *)(f->ram + 5 * PAGE + 8), ==, 0x12345678);
	g_assert_cmphex(vgpu_read(&f->v, bar2, 3 * PAGE + 8, 4), ==, 0x12345678);
	vgpu_write(&f->v, bar2, 4 * PAGE, 1, 4);
	g_assert_cmphex(vgpu_read(&f->v, bar2, 4 * PAGE, 4), ==, 0);
	vgpu_write(&f->v, bar2, 5 * PAGE, 1, 4);
	g_assert_cmphex(vgpu_read(&f->v, bar2, 5 * PAGE, 4), ==, 0);
}

/* ---- limits ---- */

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	return syscall(SYS_capset, &head, data) == 0;
}

/* In a process of its own that may lock one MiB. */
static void test_locked_memory(void)
{
	struct vgpu v;
	int status;
	pid_t child;

	vgpu_create(&v, "skl");
	child = fork();
	if (child == 0) {
		struct rlimit limit = {1u << 20, 1u << 20};
		struct fixture f = {.v = v};

		/* What type1 looks at is whether the mapping's maker may lock without limit. */
		vgpu_open(&f.v);
		if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 || !drop_capabilities()) {
			_exit(2);
		}
		g_assert_true(vgpu_region(&f.v, BAR0, &f.bar));
		f.ggtt = mmap(NULL, f.bar.area_size, PROT_READ | PROT_WRITE, MAP_SHARED, f.v.device,
			      (off_t)(f.bar.offset + GGTT_AT));
		vgpu_find_region(&f.v, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE, &f.gfx);
		f.status = vgpu_map(&f.v, &f.gfx, PAGE, PROT_READ);
		f.ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			     -1, 0);
		g_assert_cmpint(dma_map(&f, f.ram, 0, RAM_BYTES), ==, 0);
		show(&f, 0);
		g_assert_cmpuint(vgpu_plane(&f.v, DMABUF, PRIMARY).drm_format, ==, 0);
		g_assert_cmpuint(vgpu_status(&f.v).plane.off_reason, ==,
				 VFIO_GFX_OFF_LOCKED_MEMORY);
		g_assert_cmpint(locked_kib(), ==, 0);
		/* A smaller picture fits. */
		reg(&f, PLANE_SIZE, 199u << 16 | 319);
		reg(&f, STRIDE, 320 * 4 / 64);
		reg(&f, SURF, 1u << 20);
		wait_flip(&f, f.status->flip_count);
		g_assert_cmpuint(vgpu_plane(&f.v, DMABUF, PRIMARY).height, ==, 200);
		_exit(0);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
	vgpu_remove(&v);
}

static void test_killed(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		struct fixture f = {0};
		int ready[2], status;
		pid_t child;
		char byte;

		vgpu_create(&f.v, "skl");
		g_assert_cmpint(pipe(ready), ==, 0);
		child = fork();
		if (child == 0) {
			struct vgpu v = f.v;

			vgpu_open(&v);
			f.v = v;
			g_assert_true(vgpu_region(&f.v, BAR0, &f.bar));
			f.ggtt = mmap(NULL, f.bar.area_size, PROT_READ | PROT_WRITE, MAP_SHARED,
				      f.v.device, (off_t)(f.bar.offset + GGTT_AT));
			f.ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
			dma_map(&f, f.ram, 0, RAM_BYTES);
			vgpu_set_irq(&f.v, VFIO_PCI_MSI_IRQ_INDEX, eventfd(0, 0));
			vgpu_set_irq(&f.v, vgpu_status(&f.v).irq_index, eventfd(0, 0));
			reg(&f, PIPE_IMR, ~9u);
			reg(&f, PIPE_IER, 9);
			reg(&f, MASTER, ENABLE);
			show(&f, i);
			if (write(ready[1], "r", 1) != 1) {
				_exit(1);
			}
			for (uint32_t n = 0;; n++) {
				bind(&f, 256, PAGES, n % 3);
				reg(&f, SURF, 1u << 20);
				vgpu_dmabuf(&f.v, vgpu_plane(&f.v, DMABUF, PRIMARY).dmabuf_id);
				if (n % 16 == 0) {
					dma_unmap(&f, 0, RAM_BYTES);
					dma_map(&f, f.ram, 0, RAM_BYTES);
				}
			}
		}
		close(ready[1]);
		g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
		g_usleep(4000 * i);
		kill(child, SIGKILL);
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
		close(ready[0]);
		vgpu_remove(&f.v);
	}
}

/* ---- everything at once ---- */

struct race {
	struct fixture *f;
	gint stop;
	unsigned int queries, shown, unmaps, opens;
};

static gpointer race_query(gpointer opaque)
{
	struct race *r = opaque;

	while (!g_atomic_int_get(&r->stop)) {
		struct vfio_device_gfx_plane_info p = vgpu_plane(&r->f->v, DMABUF, PRIMARY);
		int fd = p.dmabuf_id ? vgpu_dmabuf(&r->f->v, p.dmabuf_id) : -1;

		vgpu_plane(&r->f->v, DMABUF, CURSOR);
		if (fd >= 0) {
			r->shown++;
			close(fd);
		}
		r->queries++;
	}
	return NULL;
}

static gpointer race_unmap(gpointer opaque)
{
	struct race *r = opaque;

	while (!g_atomic_int_get(&r->stop)) {
		g_assert_cmpint(dma_unmap(r->f, 0, RAM_BYTES), ==, 0);
		g_assert_cmpint(dma_map(r->f, r->f->ram, 0, RAM_BYTES), ==, 0);
		r->unmaps++;
	}
	return NULL;
}

/* Another device of the same container comes and goes: it takes the container's locks in the order
 * that unmapping doesn't. */
static gpointer race_open(gpointer opaque)
{
	struct race *r = opaque;
	struct vgpu other;

	vgpu_create(&other, "skl");
	while (!g_atomic_int_get(&r->stop)) {
		char path[32];
		int group, device;

		g_snprintf(path, sizeof(path), "/dev/vfio/%d", other.group_number);
		group = open(path, O_RDWR | O_CLOEXEC);
		g_assert_cmpint(group, >=, 0);
		g_assert_cmpint(ioctl(group, VFIO_GROUP_SET_CONTAINER, &r->f->v.container), ==, 0);
		device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, other.uuid);
		g_assert_cmpint(device, >=, 0);
		close(device);
		close(group);
		r->opens++;
	}
	vgpu_remove(&other);
	return NULL;
}

static void test_race(struct fixture *f, gconstpointer type)
{
	struct race r = {.f = f};
	GThread *threads[] = {
		g_thread_new("query", race_query, &r),
		g_thread_new("query", race_query, &r),
		g_thread_new("unmap", race_unmap, &r),
		g_thread_new("open", race_open, &r),
	};
	gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

	show(f, 0);
	reg(f, CURCNTR, 0x27);
	for (uint32_t n = 0; g_get_monotonic_time() < end; n++) {
		bind(f, 256, PAGES, n % 5);
		reg(f, SURF, 1u << 20);
		reg(f, CURBASE, (256 + n % 64) * PAGE);
	}
	g_atomic_int_set(&r.stop, 1);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
		g_thread_join(threads[i]);
	}
	g_test_message("%u queries, %u buffers, %u unmaps, %u opens in 5 s", r.queries, r.shown,
		       r.unmaps, r.opens);
}

/* ---- interrupts ---- */

static uint64_t count(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void blank_irq(const struct fixture *f)
{
	reg(f, PIPE_IER, 1);
	reg(f, PIPE_IMR, ~1u);
	reg(f, MASTER, ENABLE);
}

/* As the guest's handler does it. */
static bool handle(const struct fixture *f)
{
	bool mine;

	reg(f, MASTER, 0);
	mine = vgpu_read(&f->v, BAR0, MASTER, 4) & 0x10000;
	if (mine) {
		reg(f, PIPE_IIR, vgpu_read(&f->v, BAR0, PIPE_IIR, 4));
	}
	reg(f, MASTER, ENABLE);
	return mine;
}

static void test_msi(struct fixture *f, gconstpointer type)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	gint64 end;
	uint32_t first, last;
	unsigned int handled = 0;

	g_assert_cmpint(vgpu_set_irq(&f->v, VFIO_PCI_MSI_IRQ_INDEX, fd), ==, 0);
	show(f, 0);
	blank_irq(f);
	first = vgpu_read(&f->v, BAR0, FRAMES, 4);
	end = g_get_monotonic_time() + 2 * G_USEC_PER_SEC;
	while (g_get_monotonic_time() < end) {
		if (fired(fd, 100) && handle(f)) {
			handled++;
		}
	}
	last = vgpu_read(&f->v, BAR0, FRAMES, 4);
	g_test_message("%u interrupts, %u blanks in 2 s", handled, last - first);
	g_assert_cmpuint(last - first, >=, 119);
	g_assert_cmpuint(last - first, <=, 122);
	g_assert_cmpuint(handled, <=, last - first + 1);
	g_assert_cmpuint(handled, >=, (last - first) / 2);
	/* Nobody waits: no interrupt, and none afterwards for what went by. */
	reg(f, PIPE_IMR, ~0u);
	handle(f);
	count(fd);
	g_assert_false(fired(fd, 100));
	close(fd);
}

static int intx_action(const struct fixture *f, uint32_t action)
{
	struct vfio_irq_set set = {.argsz = sizeof(set),
				   .flags = VFIO_IRQ_SET_DATA_NONE | action,
				   .index = VFIO_PCI_INTX_IRQ_INDEX,
				   .count = 1};

	return ioctl(f->v.device, VFIO_DEVICE_SET_IRQS, &set) < 0 ? -errno : 0;
}

static void test_intx(struct fixture *f, gconstpointer type)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int unmask = eventfd(0, EFD_CLOEXEC);
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} arg = {
		.set = {.argsz = sizeof(arg),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK,
			.index = VFIO_PCI_INTX_IRQ_INDEX,
			.count = 1},
		.fd = unmask,
	};

	g_assert_cmpint(vgpu_set_irq(&f->v, VFIO_PCI_INTX_IRQ_INDEX, fd), ==, 0);
	show(f, 0);
	blank_irq(f);
	g_assert_true(fired(fd, 1000));
	/* The line stays up, but it was told. */
	g_assert_false(fired(fd, 60));
	g_assert_cmpint(intx_action(f, VFIO_IRQ_SET_ACTION_UNMASK), ==, 0);
	g_assert_true(fired(fd, 10));
	g_assert_true(handle(f));
	g_assert_cmpint(intx_action(f, VFIO_IRQ_SET_ACTION_UNMASK), ==, 0);
	g_assert_true(fired(fd, 1000));
	/* Unmasked by an eventfd, as KVM does it. */
	g_assert_cmpint(ioctl(f->v.device, VFIO_DEVICE_SET_IRQS, &arg), ==, 0);
	g_assert_true(handle(f));
	g_assert_cmpint(write(unmask, &(uint64_t){1}, 8), ==, 8);
	g_assert_true(fired(fd, 1000));
	g_assert_cmpint(intx_action(f, VFIO_IRQ_SET_ACTION_MASK), ==, 0);
	g_assert_true(handle(f));
	g_assert_false(fired(fd, 60));
	close(unmask);
	close(fd);
}

/* One event a flip, each with the frame it was. */
static void test_flip_events(struct fixture *f, gconstpointer type)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t flips, events = 0;

	show(f, 0);
	bind(f, 8192, PAGES, 1);
	vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmpint(vgpu_set_irq(&f->v, f->status->irq_index, fd), ==, 0);
	g_usleep(50000);
	count(fd);
	flips = f->status->flip_count;
	for (int i = 0; i < 60; i++) {
		reg(f, SURF, i % 2 ? 1u << 20 : 8192 * PAGE);
		g_assert_true(fired(fd, 1000));
		events++;
		g_assert_cmpuint(f->status->flip_count, ==, flips + events);
	}
	g_assert_cmpuint(count(fd), ==, 0);
	/* A still picture makes none. */
	g_assert_false(fired(fd, 200));
	close(fd);
}

static void test_mode_sets(struct fixture *f, gconstpointer type)
{
	gint64 began = g_get_monotonic_time();
	unsigned int n;

	bind(f, 256, PAGES, 0);
	plane_on(f, CTL_LINEAR, WIDTH * 4 / 64, 1u << 20);
	for (n = 0; n < 60000; n++) {
		reg(f, PIPECONF, ENABLE);
		reg(f, SURF, 1u << 20);
		reg(f, PIPECONF, 0);
	}
	g_test_message("60000 mode sets in %d ms",
		       (int)((g_get_monotonic_time() - began) / 1000));
	pipe_on(f);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).width, ==, WIDTH);
}

#define ADD(name, func) g_test_add(name, struct fixture, "skl", set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/module/skl/is-a-gen9-gpu-on-the-bus", test_identity);
	g_test_add("/module/skl/is-a-vga-device-if-asked-for", struct fixture, "skl-vga", set_up,
		   test_identity, tear_down);
	ADD("/module/skl/a-dma-buf-is-the-guests-memory", test_linear);
	ADD("/module/skl/tiles-are-named", test_tiled);
	ADD("/module/skl/a-picture-within-a-buffer-needs-the-status-page", test_source);
	ADD("/module/skl/a-snapshot-is-of-pages-that-were", test_snapshot);
	ADD("/module/skl/the-cursor-is-a-plane-with-a-signed-position", test_cursor);
	ADD("/module/skl/other-pages-are-another-buffer", test_pages_are_identity);
	ADD("/module/skl/where-pages-lie-is-told", test_pages_are_told);
	ADD("/module/skl/pages-are-pinned-while-shown-or-exported", test_pins);
	ADD("/module/skl/unmapping-unpins", test_unmap);
	ADD("/module/skl/a-dma-buf-outlives-the-device", test_outlives);
	ADD("/module/skl/a-bad-entry-is-a-blank-plane", test_bad_pages);
	ADD("/module/skl/another-devices-memory-stays-that", test_foreign_bar);
	ADD("/module/skl/impossible-planes-are-off", test_bad_geometry);
	ADD("/module/skl/random-registers-do-no-harm", test_random);
	ADD("/module/skl/the-aperture-goes-through-the-table", test_aperture);
	g_test_add_func("/module/skl/the-limit-on-locked-memory-holds", test_locked_memory);
	ADD("/module/skl/queries-unmaps-and-opens-at-once", test_race);
	g_test_add_func("/module/skl/a-killed-user-leaves-nothing", test_killed);
	ADD("/module/skl/blanks-interrupt-by-msi", test_msi);
	ADD("/module/skl/intx-is-masked-by-being-told", test_intx);
	ADD("/module/skl/one-event-a-flip", test_flip_events);
	ADD("/module/skl/many-mode-sets", test_mode_sets);
	return g_test_run();
}
