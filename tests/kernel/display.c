// SPDX-License-Identifier: GPL-2.0-or-later
/* What a vGPU shows: planes, dma-bufs, the framebuffer region, EDID. */
#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/gvt/core/gvt_edid.h"
#include "vgpu.h"

#define DMABUF	VFIO_GFX_PLANE_TYPE_DMABUF
#define REGION	VFIO_GFX_PLANE_TYPE_REGION
#define PROBE	VFIO_GFX_PLANE_TYPE_PROBE
#define PRIMARY 1
#define CURSOR	2
#define MIB	(1u << 20)

struct fixture {
	struct vgpu v;
	struct region bar;
	uint32_t *vram;
};

static void set_up(struct fixture *f, gconstpointer type)
{
	vgpu_create(&f->v, type);
	vgpu_open(&f->v);
	g_assert_true(vgpu_region(&f->v, VFIO_PCI_BAR0_REGION_INDEX, &f->bar));
	f->vram = vgpu_map(&f->v, &f->bar, f->bar.size, PROT_READ | PROT_WRITE);
}

static void tear_down(struct fixture *f, gconstpointer type)
{
	munmap(f->vram, f->bar.size);
	vgpu_remove(&f->v);
}

static int query(const struct vgpu *v, uint32_t argsz, uint32_t flags, uint32_t type)
{
	struct {
		struct vfio_device_gfx_plane_info info;
		uint64_t guard[2];
	} arg = {.info = {.argsz = argsz, .flags = flags, .drm_plane_type = type},
		 .guard = {0x5a5a5a5a, 0x5a5a5a5a}};
	int err = ioctl(v->device, VFIO_DEVICE_QUERY_GFX_PLANE, &arg) < 0 ? -errno : 0;

	g_assert_cmphex(arg.guard[0], ==, 0x5a5a5a5a);
	return err;
}

static void paint(uint32_t *at, size_t pixels, uint32_t seed)
{
	for (size_t i = 0; i < pixels; i++) {
		at[i] = seed + (uint32_t)i * 2654435761u;
	}
}

static void test_query(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p;

	guest_mode(&f->v, 1024, 768);
	p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmphex(p.drm_format, ==, DRM_FORMAT_XRGB8888);
	g_assert_cmphex(p.drm_format_mod, ==, DRM_FORMAT_MOD_LINEAR);
	g_assert_cmpuint(p.width, ==, 1024);
	g_assert_cmpuint(p.height, ==, 768);
	g_assert_cmpuint(p.stride, ==, 4096);
	g_assert_cmpuint(p.size, ==, 4096 * 768);
	g_assert_cmpuint(p.dmabuf_id, !=, 0);
	/* Up to dmabuf_id is 60 bytes; newer headers round up or add fields. */
	g_assert_cmpint(query(&f->v, 60, DMABUF, PRIMARY), ==, 0);
	g_assert_cmpint(query(&f->v, 64, DMABUF, PRIMARY), ==, 0);
	g_assert_cmpint(query(&f->v, 80, DMABUF, PRIMARY), ==, 0);
	g_assert_cmpint(query(&f->v, 59, DMABUF, PRIMARY), ==, -EINVAL);
	g_assert_cmpint(query(&f->v, 0, DMABUF, PRIMARY), ==, -EINVAL);
	g_assert_cmpint(query(&f->v, 64, DMABUF, 3), ==, -EINVAL);
}

static void test_flags(struct fixture *f, gconstpointer type)
{
	bool region = g_str_has_prefix(type, "region");
	uint32_t mine = region ? REGION : DMABUF;

	for (uint32_t flags = 0; flags < 16; flags++) {
		bool good = flags == mine || flags == (mine | PROBE);

		g_assert_cmpint(query(&f->v, 64, flags, PRIMARY), ==, good ? 0 : -EINVAL);
	}
}

static void test_off(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p = vgpu_plane(&f->v, DMABUF, PRIMARY);

	g_assert_cmpuint(p.drm_format, ==, 0);
	g_assert_cmpuint(p.size, ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, VFIO_GFX_OFF_NEVER_SET);
	guest_mode(&f->v, 800, 600);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).width, ==, 800);
	guest_blank(&f->v, true);
	p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	g_assert_cmpuint(p.drm_format | p.width | p.height | p.size, ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, VFIO_GFX_OFF_BLANKED);
	guest_blank(&f->v, false);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).width, ==, 800);
	guest_flip(&f->v, 800, 1020 * 4);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format, ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, VFIO_GFX_OFF_UNALIGNED);
	guest_mode(&f->v, 4000, 4000);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format, ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, VFIO_GFX_OFF_BEYOND);
	g_assert_cmpint(ioctl(f->v.device, VFIO_DEVICE_RESET), ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.off_reason, ==, VFIO_GFX_OFF_NEVER_SET);
}

static void test_cursor(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p;

	guest_mode(&f->v, 800, 600);
	p = vgpu_plane(&f->v, DMABUF, CURSOR);
	g_assert_cmpuint(p.drm_format | p.size, ==, 0);
	g_assert_cmphex(p.x_hot, ==, 0xffffffff);
	g_assert_cmphex(p.y_hot, ==, 0xffffffff);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, 0).drm_format, ==, 0);
}

static void test_formats(struct fixture *f, gconstpointer type)
{
	guest_mode(&f->v, 640, 480);
	vgpu_write(&f->v, VFIO_PCI_BAR2_REGION_INDEX, 0x604, 0xbebebebe, 4);
	g_assert_cmphex(vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format, ==, DRM_FORMAT_BGRX8888);
	vgpu_write(&f->v, VFIO_PCI_BAR2_REGION_INDEX, 0x604, 0x1e1e1e1e, 4);
	vgpu_write(&f->v, VFIO_PCI_BAR2_REGION_INDEX, 0x506, 16, 2);
	g_assert_cmphex(vgpu_plane(&f->v, DMABUF, PRIMARY).drm_format, ==, DRM_FORMAT_RGB565);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).stride, ==, 1280);
}

static void test_ids(struct fixture *f, gconstpointer type)
{
	uint32_t a, b, c;
	int fd;

	guest_mode(&f->v, 1024, 768);
	a = vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id;
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id, ==, a);
	guest_flip(&f->v, 1024, 4 * MIB);
	b = vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id;
	g_assert_cmpuint(b, !=, a);
	guest_flip(&f->v, 1024, 0);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id, ==, a);
	/* The same place with another stride is another buffer. */
	guest_flip(&f->v, 2048, 0);
	c = vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id;
	g_assert_true(c != a && c != b);
	g_assert_cmpint(vgpu_dmabuf(&f->v, 0), ==, -ENOENT);
	g_assert_cmpint(vgpu_dmabuf(&f->v, c + 1000), ==, -ENOENT);

	/* An id with an fd is kept, however many others come and go. */
	fd = vgpu_dmabuf(&f->v, a);
	g_assert_cmpint(fd, >=, 0);
	for (uint32_t i = 1; i < 40; i++) {
		guest_flip(&f->v, 1024, i * 4096);
		g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id, >, c);
	}
	guest_flip(&f->v, 1024, 0);
	g_assert_cmpuint(vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id, ==, a);
	g_assert_cmpint(vgpu_dmabuf(&f->v, b), ==, -ENOENT);
	close(fd);
}

static void test_pixels(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p;
	uint32_t *seen;
	int fd, status;
	pid_t child;

	guest_mode(&f->v, 1366, 768);
	guest_flip(&f->v, 1366, 1025 * 4096);
	paint(f->vram + 1025 * 1024, 1366 * 768, 7);
	p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	fd = vgpu_dmabuf(&f->v, p.dmabuf_id);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, p.size);

	/* Another process maps it, and writes; both sides see one memory. */
	child = fork();
	if (child == 0) {
		uint32_t *other = mmap(NULL, p.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		bool same = other != MAP_FAILED &&
			    memcmp(other, f->vram + 1025 * 1024, 1366 * 768 * 4) == 0;

		if (same) {
			other[5] = 0x12345678;
		}
		_exit(same ? 0 : 1);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
	g_assert_cmphex(f->vram[1025 * 1024 + 5], ==, 0x12345678);

	seen = mmap(NULL, p.size, PROT_READ, MAP_SHARED, fd, 0);
	g_assert_true(seen != MAP_FAILED);
	g_assert_true(mmap(NULL, p.size + 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	g_assert_true(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED);
	/* It outlives the fd, the device and the vGPU. */
	close(fd);
	paint(f->vram + 1025 * 1024, 1366 * 768, 9);
	g_assert_cmphex(seen[1], ==, 9 + 2654435761u);
}

static void test_outlive(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p;
	uint32_t *seen;
	int fd;

	guest_mode(&f->v, 1024, 768);
	paint(f->vram, 1024 * 768, 3);
	p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	fd = vgpu_dmabuf(&f->v, p.dmabuf_id);
	munmap(f->vram, f->bar.size);
	vgpu_close(&f->v);
	seen = mmap(NULL, p.size, PROT_READ, MAP_SHARED, fd, 0);
	g_assert_true(seen != MAP_FAILED);
	g_assert_cmphex(seen[0], ==, 3);

	/* The next user starts with blank memory of its own. */
	vgpu_open(&f->v);
	f->vram = vgpu_map(&f->v, &f->bar, f->bar.size, PROT_READ | PROT_WRITE);
	g_assert_cmphex(f->vram[0], ==, 0);
	g_assert_cmphex(f->vram[1000], ==, 0);
	f->vram[0] = 0xdead;
	g_assert_cmphex(seen[0], ==, 3);
	munmap(seen, p.size);
	close(fd);
}

static void test_blank_reopen(struct fixture *f, gconstpointer type)
{
	paint(f->vram, 4096, 3);
	munmap(f->vram, f->bar.size);
	vgpu_close(&f->v);
	vgpu_open(&f->v);
	f->vram = vgpu_map(&f->v, &f->bar, f->bar.size, PROT_READ | PROT_WRITE);
	g_assert_cmphex(f->vram[0] | f->vram[4095], ==, 0);
}

static void test_maps(struct fixture *f, gconstpointer type)
{
	size_t over = f->bar.size + 4096;
	struct region r;

	g_assert_true(mmap(NULL, over, PROT_READ, MAP_SHARED, f->v.device, 0) == MAP_FAILED);
	g_assert_true(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, f->v.device, 0) == MAP_FAILED);
	g_assert_true(mmap(NULL, 4096, PROT_READ, MAP_SHARED, f->v.device, 2ll << 40) ==
		      MAP_FAILED);
	g_assert_true(mmap(NULL, 4096, PROT_READ, MAP_SHARED, f->v.device, 99ll << 40) ==
		      MAP_FAILED);
	g_assert_cmpint(vgpu_find_region(&f->v, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE, &r),
			>=, 0);
	g_assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f->v.device,
			   (off_t)r.offset) == MAP_FAILED);
	g_assert_cmpint(errno, ==, EPERM);
}

/* Only pages that somebody touched take memory; nothing is locked or pinned. */
static void test_memory(struct fixture *f, gconstpointer type)
{
	g_autofree char *status = NULL;

	f->vram[0] = 1;
	f->vram[f->bar.size / 4 - 1] = 2;
	g_file_get_contents("/proc/self/status", &status, NULL, NULL);
	g_assert_nonnull(strstr(status, "VmLck:\t       0 kB"));
	g_assert_nonnull(strstr(status, "VmPin:\t       0 kB"));
	g_assert_cmphex(vgpu_read(&f->v, VFIO_PCI_BAR0_REGION_INDEX, f->bar.size - 4, 4), ==, 2);
	vgpu_write(&f->v, VFIO_PCI_BAR0_REGION_INDEX, 8192 - 4, 77, 4);
	g_assert_cmphex(f->vram[2047], ==, 77);
}

static void test_region_plane(struct fixture *f, gconstpointer type)
{
	struct vfio_device_gfx_plane_info p;
	struct vfio_gfx_plane desc;
	struct region r, gfx;
	uint32_t *seen;
	int index = vgpu_find_region(&f->v, VFIO_GFX_REGION_TYPE, VFIO_GFX_FB_REGION_SUBTYPE, &r);

	g_assert_cmpint(index, >=, 0);
	g_assert_cmpuint(r.flags & VFIO_REGION_INFO_FLAG_WRITE, ==, 0);
	g_assert_cmpuint(r.areas, ==, 1);
	g_assert_cmpuint(r.area_size, ==, r.size - 4096);
	g_assert_true(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, f->v.device, (off_t)r.offset) ==
		      MAP_FAILED);
	seen = vgpu_map(&f->v, &r, r.area_size, PROT_READ);

	paint(f->vram, 2 * MIB, 11);
	g_assert_cmphex(seen[0], ==, 0);
	guest_mode(&f->v, 1024, 768);
	p = vgpu_plane(&f->v, REGION, PRIMARY);
	g_assert_cmpint(p.region_index, ==, index);
	g_assert_cmpuint(p.size, ==, 4096 * 768);
	g_assert_cmpmem(seen, p.size, f->vram, p.size);
	/* QEMU leaves the plane type 0 here, and means the primary. */
	g_assert_cmpuint(vgpu_plane(&f->v, REGION, 0).width, ==, 1024);
	/* A flip: the same mapping shows the new place. */
	guest_flip(&f->v, 1024, 3 * MIB);
	g_assert_cmpmem(seen, p.size, f->vram + 3 * MIB / 4, p.size);
	g_assert_cmpint(pread(f->v.device, &desc, sizeof(desc), (off_t)(r.offset + r.area_size)),
			==, sizeof(desc));
	g_assert_cmphex(desc.drm_format, ==, DRM_FORMAT_XRGB8888);
	g_assert_cmpuint(desc.offset, ==, 3 * MIB);
	g_assert_cmpuint(desc.width, ==, 1024);

	/* A smaller mode: behind its end there is nothing of the larger one. */
	guest_mode(&f->v, 640, 480);
	p = vgpu_plane(&f->v, REGION, PRIMARY);
	g_assert_cmpuint(p.size, ==, 640 * 480 * 4);
	g_assert_cmpmem(seen, p.size, f->vram, p.size);
	for (size_t i = p.size / 4; i < r.area_size / 4; i += 64) {
		g_assert_cmphex(seen[i], ==, 0);
	}
	g_assert_cmphex(vgpu_read(&f->v, (unsigned int)index, p.size, 4), ==, 0);
	g_assert_cmphex(vgpu_read(&f->v, (unsigned int)index, 4, 4), ==, f->vram[1]);
	/* A picture that begins within a page, for who looks at the status page: map and reads alike
	 * begin with that page. */
	paint(f->vram, 2 << 20, 9);
	vgpu_write(&f->v, (unsigned int)vgpu_find_region(&f->v, VFIO_GFX_REGION_TYPE,
							 VFIO_GFX_REGION_SUBTYPE, &gfx),
		   vgpu_status(&f->v).control_offset, VFIO_GFX_CONTROL_SOURCE, 4);
	guest_mode(&f->v, 800, 600);
	guest_flip(&f->v, 800, 4096 + 800 * 4);
	p = vgpu_plane(&f->v, REGION, PRIMARY);
	g_assert_cmpuint(p.drm_format, !=, 0);
	g_assert_cmpuint(vgpu_status(&f->v).plane.offset, ==, 4096 + 3200);
	g_assert_cmpmem(seen, 3200 + 800 * 600 * 4, f->vram + 1024, 3200 + 800 * 600 * 4);
	g_assert_cmphex(vgpu_read(&f->v, (unsigned int)index, 3200, 4), ==, f->vram[1024 + 800]);
	guest_blank(&f->v, true);
	g_assert_cmphex(seen[1], ==, 0);
	g_assert_cmpint(vgpu_dmabuf(&f->v, 1), ==, -EINVAL);
	munmap(seen, r.area_size);
}

static void test_edid(struct fixture *f, gconstpointer type)
{
	struct gvt_edid_params want = {.width_px = 1920, .height_px = 1080};
	struct vfio_region_gfx_edid edid;
	struct gvt_edid_mode mode;
	uint8_t blob[512], seen[128];
	struct region r;
	unsigned int index;
	size_t n;

	index = (unsigned int)vgpu_find_region(&f->v, VFIO_REGION_TYPE_GFX,
					       VFIO_REGION_SUBTYPE_GFX_EDID, &r);
	g_assert_cmpint((int)index, >=, 0);
	g_assert_cmpint(pread(f->v.device, &edid, sizeof(edid), (off_t)r.offset), ==, sizeof(edid));
	g_assert_cmpuint(edid.max_xres, ==, 1920);
	g_assert_cmpuint(edid.max_yres, ==, 1080);
	g_assert_cmpuint(edid.link_state, ==, VFIO_DEVICE_GFX_LINK_STATE_UP);

	n = gvt_edid_build(&want, blob, sizeof(blob));
	vgpu_write(&f->v, index, 20, VFIO_DEVICE_GFX_LINK_STATE_DOWN, 4);
	vgpu_write(&f->v, index, 8, (uint32_t)n, 4);
	g_assert_cmpint(pwrite(f->v.device, blob, n, (off_t)(r.offset + edid.edid_offset)), ==, n);
	vgpu_write(&f->v, index, 20, VFIO_DEVICE_GFX_LINK_STATE_UP, 4);
	for (unsigned int i = 0; i < n; i++) {
		seen[i] = (uint8_t)vgpu_read(&f->v, VFIO_PCI_BAR2_REGION_INDEX, i, 1);
	}
	g_assert_cmpmem(seen, n, blob, n);
	g_assert_true(gvt_edid_preferred(seen, n, &mode));
	g_assert_cmpuint(mode.width_px, ==, 1920);

	/* A broken one is refused, and the guest keeps the good one. */
	blob[20]++;
	g_assert_cmpint(pwrite(f->v.device, blob, n, (off_t)(r.offset + edid.edid_offset)), ==, n);
	edid.link_state = VFIO_DEVICE_GFX_LINK_STATE_UP;
	g_assert_cmpint(pwrite(f->v.device, &edid.link_state, 4, (off_t)r.offset + 20), ==, -1);
	g_assert_cmpint(errno, ==, EINVAL);
	edid.edid_size = 513;
	g_assert_cmpint(pwrite(f->v.device, &edid.edid_size, 4, (off_t)r.offset + 8), ==, -1);
	g_assert_cmpint(pwrite(f->v.device, &edid.max_xres, 4, (off_t)r.offset + 12), ==, -1);
	g_assert_cmpint((int)vgpu_read(&f->v, VFIO_PCI_BAR2_REGION_INDEX, 20, 1), ==, seen[20]);
}

static void test_config(struct fixture *f, gconstpointer type)
{
	unsigned int config = VFIO_PCI_CONFIG_REGION_INDEX;

	g_assert_cmphex(vgpu_read(&f->v, config, 0, 4), ==, 0x11111234);
	g_assert_cmphex(vgpu_read(&f->v, config, 8, 4), ==, 0x03800002);
	g_assert_cmphex(vgpu_read(&f->v, config, 0x2c, 4), ==, 0x11001af4);
	g_assert_cmphex(vgpu_read(&f->v, config, 0x3d, 1), ==, 0);
	vgpu_write(&f->v, config, 0x10, 0xffffffff, 4);
	g_assert_cmphex(vgpu_read(&f->v, config, 0x10, 4), ==, 0xff000008);
	vgpu_write(&f->v, config, 0x18, 0xffffffff, 4);
	g_assert_cmphex(vgpu_read(&f->v, config, 0x18, 4), ==, 0xfffff000);
	g_assert_cmphex(vgpu_read(&f->v, VFIO_PCI_BAR2_REGION_INDEX, 0x500, 2), ==, 0xb0c5);
	g_assert_cmphex(vgpu_read(&f->v, VFIO_PCI_BAR2_REGION_INDEX, 0x514, 2), ==, 256);
}

/* Registers at random, as a hostile guest: a plane is off, or inside of memory. */
static void test_hostile(struct fixture *f, gconstpointer type)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(3);
	unsigned int on = 0;

	guest_mode(&f->v, 640, 480);
	for (unsigned int i = 0; i < 20000; i++) {
		static const uint16_t values[] = {0, 1, 0x41, 32, 16, 100, 640, 1024, 0x20};
		uint32_t r = g_rand_int(rand);
		uint32_t at = r & 0x30000 ? 0x500 + r % 24 : r % 4092;
		uint32_t value = r & 0xc0000 ? values[(r >> 8) % 9] : g_rand_int(rand);
		struct vfio_device_gfx_plane_info p;

		vgpu_write(&f->v, VFIO_PCI_BAR2_REGION_INDEX, at, value,
			   1u << g_rand_int_range(rand, 0, 3));
		p = vgpu_plane(&f->v, DMABUF, PRIMARY);
		if (p.drm_format != 0) {
			on++;
			g_assert_cmpuint(p.size, <=, f->bar.size);
			g_assert_cmpuint((uint64_t)p.stride * (p.height - 1) + p.width * 2, <=,
					 p.size);
			if (i % 16 == 0) {
				int fd = vgpu_dmabuf(&f->v, p.dmabuf_id);

				g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, p.size);
				close(fd);
			}
		}
		if (i % 200 == 199) {
			guest_mode(&f->v, 640, 480);
		}
	}
	g_assert_cmpuint(on, >, 100);
}

static void test_bad_ranges(struct fixture *f, gconstpointer type)
{
	static const off_t bad[] = {1ll << 40,	5ll << 40,	   6ll << 40,	       8ll << 40,
				    99ll << 40, (7ll << 40) + 256, (2ll << 40) + 4096, 16 * MIB};
	char byte[8192];
	void *volatile nowhere = (void *)8;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_cmpint(pread(f->v.device, byte, 1, bad[i]), ==, -1);
		g_assert_cmpint(errno, ==, EINVAL);
		g_assert_cmpint(pwrite(f->v.device, byte, 1, bad[i]), ==, -1);
	}
	/* Over the end: as much as there is. */
	g_assert_cmpint(pread(f->v.device, byte, sizeof(byte), 7ll << 40), ==, 256);
	g_assert_cmpint(pread(f->v.device, byte, sizeof(byte), 16 * MIB - 4096), ==, 4096);
	g_assert_cmpint(pread(f->v.device, nowhere, 4, 0), ==, -1);
	g_assert_cmpint(errno, ==, EFAULT);
}

static void test_more_planes_than_ids(struct fixture *f, gconstpointer type)
{
	int fds[100];

	guest_mode(&f->v, 64, 64);
	for (unsigned int i = 0; i < G_N_ELEMENTS(fds); i++) {
		guest_flip(&f->v, 64, i * 4096);
		fds[i] = vgpu_dmabuf(&f->v, vgpu_plane(&f->v, DMABUF, PRIMARY).dmabuf_id);
		g_assert_cmpint(fds[i], >=, 0);
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(fds); i++) {
		close(fds[(i * 37) % 100]);
	}
}

#define ADD(name, type, func) g_test_add(name, struct fixture, type, set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/module/display/query-gives-the-guest's-plane", "bochs-16", test_query);
	ADD("/module/display/any-other-flag-mix-is-refused", "bochs-16", test_flags);
	ADD("/module/display/region-type-offers-regions-only", "region-16", test_flags);
	ADD("/module/display/an-off-plane-is-no-error", "bochs-16", test_off);
	ADD("/module/display/there-is-no-cursor-plane", "bochs-16", test_cursor);
	ADD("/module/display/formats-follow-the-registers", "bochs-16", test_formats);
	ADD("/module/display/one-id-a-plane-and-never-again", "bochs-16", test_ids);
	ADD("/module/display/a-dma-buf-is-the-guest's-memory", "bochs-16", test_pixels);
	ADD("/module/display/a-dma-buf-outlives-the-device", "bochs-16", test_outlive);
	ADD("/module/display/a-reopened-device-is-blank", "bochs-16", test_blank_reopen);
	ADD("/module/display/a-hundred-dma-bufs-close-in-any-order", "bochs-16",
	    test_more_planes_than_ids);
	ADD("/module/display/impossible-mappings-are-refused", "bochs-16", test_maps);
	ADD("/module/display/nothing-is-locked-or-pinned", "bochs-16", test_memory);
	ADD("/module/display/the-framebuffer-region-follows-the-plane", "region-16",
	    test_region_plane);
	ADD("/module/display/edid-reaches-the-guest-at-link-up", "bochs-16", test_edid);
	ADD("/module/display/configuration-space-is-a-bochs-display", "bochs-16", test_config);
	ADD("/module/display/a-hostile-guest-shows-only-its-memory", "bochs-16", test_hostile);
	ADD("/module/display/accesses-outside-of-regions-fail", "bochs-16", test_bad_ranges);
	return g_test_run();
}
