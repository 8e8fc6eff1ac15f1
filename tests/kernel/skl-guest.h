/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest of a vGPU of type skl: RAM of its own, mapped for the device at guest address 0, a page table
 * (GGTT) in BAR0, and the registers of one pipe.
 */
#ifndef TESTS_KERNEL_SKL_GUEST_H
#define TESTS_KERNEL_SKL_GUEST_H

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "vgpu.h"

#define DMABUF	  VFIO_GFX_PLANE_TYPE_DMABUF
#define PRIMARY	  1
#define CURSOR	  2
#define BAR0	  VFIO_PCI_BAR0_REGION_INDEX
#define PAGE	  4096u
#define RAM_BYTES (64u << 20)
#define RAM_PAGES (RAM_BYTES / PAGE)
#define GGTT_AT	  (8u << 20)

#define WIDTH  640u
#define HEIGHT 480u
#define PAGES  (WIDTH * HEIGHT * 4 / PAGE)

/* facts/I915-DISPLAY-FACTS.md, sections 4.6, 6, 7 */
#define HTOTAL	   0x60000u
#define VTOTAL	   0x6000cu
#define LINK_M	   0x60040u
#define LINK_N	   0x60044u
#define FUNC_CTL   0x60400u
#define PIPECONF   0x70008u
#define FRAMES	   0x70040u
#define CURCNTR	   0x70080u
#define CURBASE	   0x70084u
#define CURPOS	   0x70088u
#define PLANE_CTL  0x70180u
#define STRIDE	   0x70188u
#define PLANE_SIZE 0x70190u
#define SURF	   0x7019cu
#define OFFSET	   0x701a4u
#define MASTER	   0x44200u
#define PIPE_IMR   0x44404u
#define PIPE_IIR   0x44408u
#define PIPE_IER   0x4440cu
#define ENABLE	   0x80000000u
#define CTL_LINEAR 0x84000000u
#define CTL_X	   0x84000400u
#define CTL_Y	   0x84001000u

struct fixture {
	struct vgpu v;
	struct region bar, gfx;
	uint64_t *ggtt;
	uint8_t *ram;
	struct vfio_gfx_status *status;
};

static inline void reg(const struct fixture *f, uint32_t offset, uint32_t value)
{
	vgpu_write(&f->v, BAR0, offset, value, 4);
}

static inline int dma_map(const struct fixture *f, void *at, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)at,
		.iova = iova,
		.size = size,
	};

	return ioctl(f->v.container, VFIO_IOMMU_MAP_DMA, &map) < 0 ? -errno : 0;
}

static inline int dma_unmap(const struct fixture *f, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = size};

	return ioctl(f->v.container, VFIO_IOMMU_UNMAP_DMA, &unmap) < 0 ? -errno : 0;
}

/* Page table, status page and RAM of a vGPU that was opened. */
static inline void map_all(struct fixture *f)
{
	g_assert_true(vgpu_region(&f->v, BAR0, &f->bar));
	g_assert_cmpuint(f->bar.areas, ==, 1);
	g_assert_cmpuint(f->bar.area_offset, ==, GGTT_AT);
	f->ggtt = mmap(NULL, f->bar.area_size, PROT_READ | PROT_WRITE, MAP_SHARED, f->v.device,
		       (off_t)(f->bar.offset + GGTT_AT));
	g_assert_true(f->ggtt != MAP_FAILED);
	g_assert_cmpint(
		vgpu_find_region(&f->v, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE, &f->gfx),
		>=, 0);
	f->status = vgpu_map(&f->v, &f->gfx, PAGE, PROT_READ);
	if (!f->ram) {
		f->ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0);
		g_assert_true(f->ram != MAP_FAILED);
	}
	g_assert_cmpint(dma_map(f, f->ram, 0, RAM_BYTES), ==, 0);
}

static inline void set_up(struct fixture *f, gconstpointer type)
{
	vgpu_create(&f->v, type);
	vgpu_open(&f->v);
	map_all(f);
}

static inline void close_all(struct fixture *f)
{
	munmap(f->ggtt, f->bar.area_size);
	munmap(f->status, PAGE);
	vgpu_close(&f->v);
}

static inline void tear_down(struct fixture *f, gconstpointer type)
{
	if (f->v.device >= 0) {
		close_all(f);
	}
	munmap(f->ram, RAM_BYTES);
	vgpu_remove(&f->v);
}

/* ---- the guest's driver ---- */

/* 60 Hz: 800 x 525 at 25.2 MHz */
static inline void pipe_on(const struct fixture *f)
{
	reg(f, 0x6c058, 0x45);
	reg(f, 0x46014, ENABLE);
	reg(f, 0x6c05c, 0x000e8018);
	reg(f, HTOTAL, 799u << 16 | (WIDTH - 1));
	reg(f, VTOTAL, 524u << 16 | (HEIGHT - 1));
	reg(f, 0x60010, 524u << 16 | (HEIGHT - 1));
	reg(f, LINK_M, 25200);
	reg(f, LINK_N, 540000);
	reg(f, FUNC_CTL, 0x92030006);
	reg(f, PIPECONF, ENABLE);
}

static inline void pipe_off(const struct fixture *f)
{
	reg(f, PIPECONF, 0);
}

/* Page @i of a scattered buffer, @salt one of several. */
static inline uint32_t scattered(uint32_t i, uint32_t salt)
{
	return (i * 7 + 1 + salt * 1777) % RAM_PAGES;
}

static inline void bind(const struct fixture *f, uint32_t first, uint32_t pages, uint32_t salt)
{
	for (uint32_t i = 0; i < pages; i++) {
		f->ggtt[first + i] = (uint64_t)scattered(i, salt) * PAGE | 1;
	}
}

static inline void plane_on(const struct fixture *f, uint32_t ctl, uint32_t stride, uint32_t surf)
{
	reg(f, STRIDE, stride);
	reg(f, PLANE_SIZE, (HEIGHT - 1) << 16 | (WIDTH - 1));
	reg(f, OFFSET, 0);
	reg(f, PLANE_CTL, ctl);
	reg(f, SURF, surf);
}

/* A mode with a linear picture in scattered pages at graphics address 1 MiB. */
static inline void show(const struct fixture *f, uint32_t salt)
{
	bind(f, 256, PAGES, salt);
	plane_on(f, CTL_LINEAR, WIDTH * 4 / 64, 1u << 20);
	pipe_on(f);
}

static inline void wait_flip(const struct fixture *f, uint64_t was)
{
	for (int i = 0; f->status->flip_count == was && i < 1000; i++) {
		vgpu_plane(&f->v, DMABUF, PRIMARY);
		g_usleep(1000);
	}
	g_assert_cmpuint(f->status->flip_count, >, was);
}

#endif
