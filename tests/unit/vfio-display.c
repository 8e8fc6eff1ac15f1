// SPDX-License-Identifier: GPL-2.0-or-later
/* The vfio display on a fake device: every trap of real drivers, every fault with its reason. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw/vfio/vfio-cursor.h"
#include "hw/vfio/vfio-dmabuf.h"
#include "hw/vfio/vfio-plane.h"
#include "vfio-fixture.h"

static unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}

/* ---- the ordinary ---- */

static void test_first_frame(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	fill(f.pixels, W * H, 0x112233);
	fill(f.pixels + 4 * (W * 5 + 7), 1, 0xabcdef);
	watch(&f);
	run_for(20);
	g_assert_cmpuint(pixman_image_get_width(f.viewer->image), ==, W);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x112233);
	g_assert_cmphex(seen(&f, 7, 5), ==, 0xabcdef);
	finish(&f);
}

static void test_inactive_is_silent(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	start(&f, 0, 0);
	run_for(150);
	g_assert_cmpuint(f.fake->queries, ==, 0);
	capture_set_wanted(f.viewer, true);
	run_for(50);
	g_assert_cmpuint(f.fake->queries, >, 0);
	capture_set_wanted(f.viewer, false);
	unsigned int queries = f.fake->queries;
	run_for(150);
	g_assert_cmpuint(f.fake->queries, ==, queries);
	g_assert_cmpuint(f.fake->cursor_queries, <=, queries);
	finish(&f);
}

static void test_poll_backs_off(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	watch(&f);
	run_for(400); /* back-off reached */
	unsigned int queries = f.fake->queries;
	run_for(800);
	/* 40 ms apart, and some room for a slow machine */
	g_assert_cmpuint(f.fake->queries - queries, <=, 22);
	g_assert_cmpuint(f.fake->queries - queries, >=, 5);
	/* and the first change is still seen soon */
	fill(f.pixels, 1, 0x123456);
	run_for(100);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x123456);
	finish(&f);
}

static void test_poll_of_a_still_screen(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	watch(&f);
	run_for(VFIO_POLL_STILL_LOOKS * VFIO_POLL_MAX_MS + 2500);
	unsigned int queries = f.fake->queries;
	run_for(2100);
	g_assert_cmpuint(f.fake->queries - queries, <=, 3);
	/* somebody touches a key: the answer to it isn't missed */
	run_for(200);
	console_expect_change(f.console);
	run_for(30);
	fill(f.pixels, 1, 0x654321);
	run_for(100);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x654321);
	finish(&f);
}

/* Who takes the buffer compares nothing, and nobody tells of writes. */
static void test_poll_of_a_buffer(void)
{
	struct fixture f = { 0 };
	unsigned int presents;

	prepare(&f);
	start(&f, 0, 0);
	capture_destroy(f.viewer);
	f.viewer = capture_create(f.console, SINK_DMABUF);
	capture_set_wanted(f.viewer, true);
	run_for(VFIO_POLL_STILL_LOOKS * VFIO_POLL_MIN_MS / 2);
	presents = f.viewer->presents;
	g_assert_cmpuint(presents, >, VFIO_POLL_STILL_LOOKS / 4);
	run_for(VFIO_POLL_STILL_LOOKS * VFIO_POLL_MIN_MS + 200);
	presents = f.viewer->presents;
	run_for(1000);
	presents = f.viewer->presents - presents;
	g_assert_cmpuint(presents, <=, 1000 / VFIO_POLL_MAX_MS + 1);
	g_assert_cmpuint(presents, >, 10);
	/* Another buffer, as a guest that flips has, and the pace is back. */
	vfio_fake_dmabuf_add(f.fake, 2, W * H * 4);
	f.fake->primary.dmabuf_id = 2;
	run_for(50);
	presents = f.viewer->presents;
	run_for(700);
	g_assert_cmpuint(f.viewer->presents - presents, >, 700 / VFIO_POLL_MAX_MS + 2);
	finish(&f);
}

static void test_slow_viewer_is_waited_for(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	start(&f, 0, 0);
	f.viewer->slow = true;
	capture_set_wanted(f.viewer, true);
	run_for(300);
	g_assert_cmpuint(f.fake->queries, <=, 2);
	capture_release(f.viewer);
	run_for(50);
	g_assert_cmpuint(f.fake->queries, >, 1);
	finish(&f);
}

static void test_capture_while_inactive(void)
{
	struct fixture f = { 0 };
	g_autoptr(GError) error = NULL;
	pixman_image_t *image;

	prepare(&f);
	start(&f, 0, 0);
	fill(f.pixels, 1, 0x654321);
	image = console_capture(f.console, &error);
	g_assert_no_error(error);
	g_assert_cmphex(*pixman_image_get_data(image) & 0xffffff, ==, 0x654321);
	pixman_image_unref(image);
	g_assert_cmpuint(f.fake->queries, ==, 1);
	run_for(100);
	g_assert_cmpuint(f.fake->queries, ==, 1);
	/* a driver that fails the first query of a mode */
	f.fake->query_result = -ENOMEM;
	f.fake->query_failures = 1;
	image = console_capture(f.console, &error);
	g_assert_no_error(error);
	pixman_image_unref(image);
	finish(&f);
}

/* ---- traps: dma-buf cache ---- */

static void test_fetched_once(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	watch(&f);
	run_for(200);
	g_assert_cmpuint(f.fake->queries, >, 2);
	g_assert_cmpuint(f.fake->gets, ==, 1);
	finish(&f);
}

static void test_fds_are_given_back(void)
{
	struct fixture f = { 0 };
	unsigned int before;

	prepare(&f);
	before = open_fds();
	for (unsigned int round = 0; round < 3; round++) {
		struct fixture g = f;

		watch(&g);
		run_for(30);
		capture_destroy(g.viewer);
		vfio_display_destroy(g.display);
		g_clear_pointer(&f.fake->device.regions, g_free);
	}
	g_assert_cmpuint(open_fds(), ==, before);
	f.viewer = NULL;
	finish(&f);
}

static void test_same_id_other_stride(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	watch(&f);
	run_for(20);
	g_assert_cmpuint(f.fake->gets, ==, 1);
	fill(f.pixels, W * H, 0x00ff00);
	fill(f.pixels + 4 * (W / 2), 1, 0xff0000); /* line 1 of the new layout */
	f.fake->primary.width = W / 2;
	f.fake->primary.stride = W * 2;
	run_for(100);
	g_assert_cmpuint(f.fake->gets, ==, 2);
	g_assert_cmphex(seen(&f, 0, 1), ==, 0xff0000);
	finish(&f);
}

static void test_cache_compares_everything(void)
{
	struct fixture f = { 0 };
	struct vfio_dmabuf_cache cache;
	struct fb_info fb, other;
	struct fb_buffer *a, *b;
	int err;

	prepare(&f);
	vfio_dmabuf_cache_init(&cache, &f.fake->device);
	g_assert_cmpint(vfio_plane_check(&f.fake->device, &f.fake->primary, NULL, &fb, NULL), ==,
			BLANK_NONE);
	a = vfio_dmabuf_get(&cache, 1, &fb, &err);
	b = vfio_dmabuf_get(&cache, 1, &fb, &err);
	g_assert_true(a == b);
	g_assert_cmpuint(cache.fetches, ==, 1);
	fb_buffer_unref(b);
	for (unsigned int i = 0; i < 5; i++) {
		other = fb;
		switch (i) {
		case 0: other.width_px--; break;
		case 1: other.height_px--; break;
		case 2: other.fourcc = DRM_FORMAT_ARGB8888; break;
		case 3: other.size_bytes -= 4096; other.height_px /= 2; break;
		case 4: other.modifier = I915_FORMAT_MOD_X_TILED; break;
		}
		b = vfio_dmabuf_get(&cache, 1, &other, &err);
		g_assert_nonnull(b);
		g_assert_true(a != b);
		g_assert_cmpuint(cache.fetches, ==, 2 + i);
		fb_buffer_unref(b);
	}
	fb_buffer_unref(a);
	vfio_dmabuf_cache_clear(&cache);
	finish(&f);
}

static void test_cache_is_bounded(void)
{
	struct fixture f = { 0 };
	struct vfio_dmabuf_cache cache;
	struct fb_info fb;
	unsigned int before;
	int err;

	prepare(&f);
	vfio_plane_check(&f.fake->device, &f.fake->primary, NULL, &fb, NULL);
	for (uint32_t id = 2; id <= 10; id++) {
		vfio_fake_dmabuf_add(f.fake, id, W * H * 4);
	}
	vfio_dmabuf_cache_init(&cache, &f.fake->device);
	before = open_fds();
	for (uint32_t id = 1; id <= 10; id++) {
		fb_buffer_unref(vfio_dmabuf_get(&cache, id, &fb, &err));
	}
	g_assert_cmpuint(open_fds() - before, ==, VFIO_DMABUF_CACHE_MAX);
	/* the last used are there still, the first is gone */
	fb_buffer_unref(vfio_dmabuf_get(&cache, 10, &fb, &err));
	g_assert_cmpuint(cache.fetches, ==, 10);
	fb_buffer_unref(vfio_dmabuf_get(&cache, 1, &fb, &err));
	g_assert_cmpuint(cache.fetches, ==, 11);
	vfio_dmabuf_cache_clear(&cache);
	g_assert_cmpuint(open_fds(), ==, before);
	finish(&f);
}

/* ---- faults, each with its reason ---- */

static void test_never_started(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	memset(&f.fake->primary, 0, sizeof(f.fake->primary));
	watch(&f);
	expect_blank(&f, BLANK_NOT_STARTED, NULL);
	vfio_fake_plane_set(&f.fake->primary, XR24, W, H, 1);
	run_for(100);
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

static void test_plane_off(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	watch(&f);
	run_for(20);
	f.fake->primary.size = 0;
	expect_blank(&f, BLANK_PLANE_OFF, NULL);
	vfio_fake_plane_set(&f.fake->primary, 0, W, H, 1);
	run_for(100);
	g_assert_cmpint(f.viewer->blank, ==, BLANK_PLANE_OFF);
	vfio_fake_plane_set(&f.fake->primary, XR24, W, H, 1);
	run_for(100);
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

static void test_bad_fourcc(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	f.fake->primary.drm_format = 0x31415926;
	watch(&f);
	expect_blank(&f, BLANK_BAD_FORMAT, "0x31415926");
	finish(&f);
}

static void test_tiled(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	f.fake->primary.drm_format_mod = I915_FORMAT_MOD_Y_TILED_CCS;
	watch(&f);
	expect_blank(&f, BLANK_BAD_FORMAT, "tiled layout 0x100000000000004");
	finish(&f);
}

static void test_bad_stride(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	f.fake->primary.stride = W * 4 - 4;
	watch(&f);
	expect_blank(&f, BLANK_BAD_PLANE, "stride");
	finish(&f);
}

static void test_size_in_64_bits(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	/* stride * height is 2^32: nothing in 32 bits */
	f.fake->primary.stride = 1u << 26;
	watch(&f);
	expect_blank(&f, BLANK_BAD_PLANE, "impossible");
	g_assert_cmpuint(f.fake->gets, ==, 0);
	finish(&f);
}

static void test_lying_size(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	/* the plane says so much, the dma-buf holds less */
	vfio_fake_plane_set(&f.fake->primary, XR24, W * 8, H * 8, 1);
	watch(&f);
	expect_blank(&f, BLANK_BAD_PLANE, "shorter");
	finish(&f);
}

static void test_id_gone(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	f.fake->primary.dmabuf_id = 77;
	watch(&f);
	expect_blank(&f, BLANK_NO_BUFFER, "GET_GFX_DMABUF id 77: No such file or directory");
	f.fake->primary.dmabuf_id = 1;
	for (unsigned int i = 0; i < 50 && !f.viewer->image; i++) {
		run_for(10);
	}
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

static void test_unmappable(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	vfio_fake_dmabuf_add_unmappable(f.fake, 2);
	f.fake->primary.dmabuf_id = 2;
	watch(&f);
	expect_blank(&f, BLANK_NO_MAP, "mmap");
	g_assert_nonnull(strstr(f.viewer->blank_text, "no GL path"));
	run_for(100);
	/* fetched and tried once, not at each look */
	g_assert_cmpuint(f.fake->gets, ==, 1);
	finish(&f);
}

static void test_unmappable_with_region(void)
{
	struct fixture f = { 0 };
	uint8_t *data;

	prepare(&f);
	f.fake->region = true;
	data = vfio_fake_region_add(f.fake, 2, W * H * 4,
				    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP, 0, 0);
	fill(data, W * H, 0x0a0b0c);
	vfio_fake_dmabuf_add_unmappable(f.fake, 2);
	f.fake->primary.dmabuf_id = 2; /* and the region's index: it is a union */
	watch(&f);
	run_for(50);
	g_assert_nonnull(f.viewer->image);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x0a0b0c);
	finish(&f);
}

static void test_failed_query(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	watch(&f);
	run_for(20);
	f.fake->query_result = -ENOMEM;
	f.fake->query_failures = 3;
	run_for(300);
	/* no frame for a while: the last picture stays */
	g_assert_cmpuint(f.fake->query_failures, ==, 0);
	g_assert_nonnull(f.viewer->image);
	g_assert_cmpuint(f.viewer->blanks, ==, 0);
	f.fake->query_failures = UINT32_MAX;
	expect_blank(&f, BLANK_ERROR, "QUERY_GFX_PLANE: Cannot allocate memory");
	f.fake->query_failures = 0;
	run_for(500);
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

static void test_link_down(void)
{
	struct fixture f = { 0 };
	struct vfio_region_gfx_edid *edid;

	prepare(&f);
	vfio_fake_edid_add(f.fake, EDID_REGION, 256, 0, 0);
	edid = (void *)f.fake->regions[EDID_REGION].data;
	edid->link_state = VFIO_DEVICE_GFX_LINK_STATE_DOWN;
	f.fake->primary.drm_format = 0;
	watch(&f);
	expect_blank(&f, BLANK_LINK_DOWN, NULL);
	finish(&f);
}

/* ---- cursor ---- */

static void test_cursor(void)
{
	struct fixture f = { 0 };
	uint8_t *image;

	prepare(&f);
	image = vfio_fake_dmabuf_add(f.fake, 2, 64 * 64 * 4);
	vfio_fake_plane_set(&f.fake->cursor, DRM_FORMAT_ARGB8888, 64, 64, 2);
	f.fake->cursor.x_pos = (uint32_t)-20;
	f.fake->cursor.y_pos = 7;
	watch(&f);
	run_for(20);
	g_assert_nonnull(f.viewer->cursor.image);
	g_assert_cmpint(f.viewer->cursor_x_px, ==, -20);
	g_assert_cmpint(f.viewer->cursor_y_px, ==, 7);
	g_assert_true(f.viewer->cursor_visible);
	g_assert_cmpint(f.viewer->cursor.hot_x_px, ==, -1);
	/* a new cursor in the same buffer, and a hot spot */
	struct fb_buffer *before = f.viewer->cursor.image;
	f.viewer->cursor.image = NULL;
	fill(image, 1, 0xffffffff);
	f.fake->cursor.x_hot = 3;
	run_for(100);
	g_assert_true(f.viewer->cursor.image == before);
	g_assert_cmpint(f.viewer->cursor.hot_x_px, ==, 3);
	f.fake->cursor.drm_format = 0;
	run_for(100);
	g_assert_null(f.viewer->cursor.image);
	g_assert_false(f.viewer->cursor_visible);
	g_assert_cmpuint(f.fake->gets, ==, 2);
	finish(&f);
}

static void test_cursor_absent(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	f.fake->cursor_result = -EINVAL;
	watch(&f);
	run_for(300);
	g_assert_cmpuint(f.fake->cursor_queries, ==, 3);
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

static void test_cursor_impossible(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	vfio_fake_plane_set(&f.fake->cursor, DRM_FORMAT_ARGB8888, 4096, 4096, 2);
	watch(&f);
	run_for(50);
	g_assert_null(f.viewer->cursor.image);
	g_assert_cmpuint(f.fake->gets, ==, 1); /* the primary's */
	finish(&f);
}

/* ---- region planes ---- */

static uint8_t *prepare_region(struct fixture *f, uint32_t index, uint64_t size, bool mappable)
{
	prepare(f);
	f->fake->dmabuf = false;
	f->fake->region = true;
	f->fake->primary.region_index = index;
	return vfio_fake_region_add(f->fake, index, size, VFIO_REGION_INFO_FLAG_READ |
				    (mappable ? VFIO_REGION_INFO_FLAG_MMAP : 0), 0, 0);
}

static void test_region(void)
{
	struct fixture f = { 0 };
	/* as the kernel's mdpy: beyond what GET_INFO counts */
	uint8_t *data = prepare_region(&f, FB_REGION, W * H * 4, true);

	fill(data, W * H, 0x445566);
	watch(&f);
	run_for(20);
	g_assert_cmphex(seen(&f, W - 1, H - 1), ==, 0x445566);
	g_assert_cmpuint(f.fake->maps, ==, 1);
	fill(data + 4 * (W * H - 1), 1, 0x665544);
	run_for(150);
	g_assert_cmphex(seen(&f, W - 1, H - 1), ==, 0x665544);
	g_assert_cmpuint(f.fake->maps, ==, 1);
	/* another geometry is another map */
	vfio_fake_plane_set(&f.fake->primary, XR24, W / 2, H, FB_REGION);
	run_for(150);
	g_assert_cmpuint(f.fake->maps, ==, 2);
	g_assert_cmpint(pixman_image_get_width(f.viewer->image), ==, W / 2);
	finish(&f);
}

/* Where in its page a region's picture begins, the status page says. */
static void panned_region(bool mappable)
{
	struct fixture f = { 0 };
	uint8_t *data = prepare_region(&f, FB_REGION, W * H * 4 + 4096, mappable);
	struct vfio_gfx_status *status = vfio_fake_gfx_add(f.fake, GFX_REGION, GFX_IRQ);

	status->caps = VFIO_GFX_CAP_IRQ | VFIO_GFX_CAP_SOURCE;
	status->damage_offset = status->damage_size = 0;
	status->plane.offset = 5 * 4096 + 1000;
	f.fake->primary.size = W * H * 4 + 4096;
	fill(data + 1000, 1, 0x123456);
	fill(data + 1000 + 4 * (W * H - 1), 1, 0x654321);
	watch(&f);
	run_for(20);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x123456);
	g_assert_cmphex(seen(&f, W - 1, H - 1), ==, 0x654321);
	status->plane.offset += 4;
	fill(data + 1004, 1, 0xabcdef);
	status->flip_count++;
	vfio_fake_signal(f.fake, GFX_IRQ, 0);
	run_for(20);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0xabcdef);
	finish(&f);
}

static void test_region_panned(void)
{
	panned_region(true);
	panned_region(false);
}

static void test_region_of_type_zero(void)
{
	struct fixture f = { 0 };
	uint8_t *data = prepare_region(&f, FB_REGION, W * H * 4, true);

	f.fake->screen_type = 0;
	fill(data, W * H, 0x313233);
	watch(&f);
	run_for(20);
	g_assert_cmphex(seen(&f, 0, 0), ==, 0x313233);
	g_assert_cmpuint(f.fake->cursor_queries, ==, 0);
	finish(&f);
}

static void test_region_too_small(void)
{
	struct fixture f = { 0 };

	prepare_region(&f, FB_REGION, W * H * 4 - 4096, true);
	watch(&f);
	expect_blank(&f, BLANK_BAD_PLANE, "impossible plane");
	g_assert_cmpuint(f.fake->maps, ==, 0);
	finish(&f);
}

static void test_region_shrinks(void)
{
	struct fixture f = { 0 };

	prepare_region(&f, FB_REGION, W * H * 4, true);
	watch(&f);
	run_for(20);
	g_assert_nonnull(f.viewer->image);
	/* a mode switch that leaves a smaller region, and a driver that reports more */
	f.fake->regions[FB_REGION].size_bytes = 4096;
	vfio_fake_plane_set(&f.fake->primary, XR24, W, H / 2, FB_REGION);
	expect_blank(&f, BLANK_BAD_PLANE, "impossible plane");
	finish(&f);
}

static void test_region_unmappable(void)
{
	struct fixture f = { 0 };
	uint8_t *data = prepare_region(&f, FB_REGION, W * H * 4, false);

	fill(data, W * H, 0x445566);
	watch(&f);
	run_for(20);
	g_assert_cmphex(seen(&f, 3, 3), ==, 0x445566);
	g_assert_cmpuint(f.fake->maps, ==, 0);
	fill(data, W * H, 0x778899);
	run_for(150);
	g_assert_cmphex(seen(&f, 3, 3), ==, 0x778899);
	finish(&f);
}

static void test_region_absent(void)
{
	struct fixture f = { 0 };

	prepare_region(&f, FB_REGION, W * H * 4, true);
	f.fake->primary.region_index = 12;
	watch(&f);
	expect_blank(&f, BLANK_BAD_PLANE, "region 12 does not exist");
	finish(&f);
}

/* ---- the display interrupt ---- */

static void watch_with_irq(struct fixture *f)
{
	prepare(f);
	vfio_fake_gfx_add(f->fake, GFX_REGION, GFX_IRQ);
	vfio_fake_damage_set(f->fake, 32, (const uint8_t *)"", 0);
	f->fake->damage.flags |= VFIO_GFX_DAMAGE_ALL;
	watch(f);
	run_for(20);
}

static void flip(struct fixture *f)
{
	vfio_fake_signal(f->fake, GFX_IRQ, 0);
	run_for(10);
}

static void test_irq(void)
{
	struct fixture f = { 0 };
	uint32_t control;

	watch_with_irq(&f);
	g_assert_nonnull(f.viewer->image);
	memcpy(&control, f.fake->regions[GFX_REGION].data + VFIO_FAKE_CONTROL, 4);
	g_assert_cmphex(control, ==, VFIO_GFX_CONTROL_DAMAGE);
	unsigned int queries = f.fake->queries;
	run_for(300);
	g_assert_cmpuint(f.fake->queries, ==, queries); /* still screen: no query */
	/* the guest swaps to another buffer */
	fill(vfio_fake_dmabuf_add(f.fake, 2, W * H * 4), W * H, 0xfedcba);
	f.fake->primary.dmabuf_id = 2;
	vfio_fake_damage_set(f.fake, 32, (const uint8_t *)"\xff", 1);
	flip(&f);
	g_assert_cmpuint(f.fake->queries, ==, queries + 1);
	g_assert_cmphex(seen(&f, 127, 63), ==, 0xfedcba);
	/* last viewer gone: no interrupt, no tracking */
	capture_set_wanted(f.viewer, false);
	memcpy(&control, f.fake->regions[GFX_REGION].data + VFIO_FAKE_CONTROL, 4);
	g_assert_cmphex(control, ==, 0);
	g_assert_cmpint(f.fake->irqs[GFX_IRQ].fds[0], ==, -1);
	capture_set_wanted(f.viewer, true);
	run_for(20);
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

static void test_irq_damage(void)
{
	struct fixture f = { 0 };
	const pixman_box32_t *box;

	watch_with_irq(&f);
	/* the whole picture changes in memory, but the driver tells of the right half only */
	fill(f.pixels, W * H, 0x00ff00);
	vfio_fake_damage_set(f.fake, 64, (const uint8_t *)"\x02", 1);
	flip(&f);
	box = pixman_region32_extents(&f.viewer->damage);
	g_assert_cmpint(box->x1, ==, 64);
	g_assert_cmpint(box->x2, ==, 128);
	g_assert_cmphex(seen(&f, 64, 32), ==, 0x00ff00);
	g_assert_cmphex(seen(&f, 63, 0), ==, 0);
	finish(&f);
}

static void test_irq_slow_viewer(void)
{
	struct fixture f = { 0 };
	unsigned int harvests;

	prepare(&f);
	vfio_fake_gfx_add(f.fake, GFX_REGION, GFX_IRQ);
	vfio_fake_damage_set(f.fake, 32, (const uint8_t *)"", 0);
	start(&f, 0, 0);
	f.viewer->slow = true;
	capture_set_wanted(f.viewer, true);
	run_for(20);
	harvests = f.fake->harvests;
	for (uint32_t i = 1; i <= 10; i++) {
		fill(f.pixels, W * H, i);
		vfio_fake_damage_set(f.fake, 32, (const uint8_t *)"\xff", 1);
		flip(&f);
	}
	g_assert_cmpuint(f.fake->harvests, ==, harvests);
	capture_release(f.viewer);
	run_for(20);
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 1);
	g_assert_cmphex(seen(&f, 0, 0), ==, 10);
	capture_release(f.viewer);
	/* what was arranged for a viewer that never comes back is off the table */
	run_for(1200);
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 1);
	f.viewer->slow = false;
	vfio_fake_damage_set(f.fake, 32, (const uint8_t *)"", 0);
	flip(&f);
	f.viewer->slow = true;
	harvests = f.fake->harvests - 1;
	fill(f.pixels, W * H, 12);
	vfio_fake_damage_set(f.fake, 32, (const uint8_t *)"\xff", 1);
	flip(&f);
	harvests++;
	/* one that never says "done" doesn't stop the others for good */
	fill(f.pixels, W * H, 11);
	vfio_fake_damage_set(f.fake, 32, (const uint8_t *)"\xff", 1);
	flip(&f);
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 1);
	run_for(1200);
	g_assert_cmpuint(f.fake->harvests, ==, harvests + 2);
	finish(&f);
}

static void test_irq_spurious(void)
{
	struct fixture f = { 0 };

	watch_with_irq(&f);
	unsigned int presents = f.viewer->presents;
	uint64_t frames;
	struct console_state state;

	console_get_state(f.console, &state);
	frames = state.source.frames;
	flip(&f);
	console_get_state(f.console, &state);
	g_assert_cmpuint(f.viewer->presents, ==, presents);
	g_assert_cmpuint(state.source.frames, ==, frames);
	g_assert_cmpuint(state.source.events_seen, ==, 1);
	g_assert_cmpstr(state.source.events, ==, "irq");
	g_assert_cmpstr(state.source.kind, ==, "vfio-dmabuf");
	finish(&f);
}

static void test_irq_damage_survives_a_failed_query(void)
{
	struct fixture f = { 0 };

	watch_with_irq(&f);
	fill(f.pixels, W * H, 0x00ff00);
	vfio_fake_damage_set(f.fake, 32, (const uint8_t *)"\xff", 1);
	f.fake->query_result = -EAGAIN;
	f.fake->query_failures = 1;
	flip(&f); /* harvested, but not shown */
	run_for(100);
	g_assert_cmphex(seen(&f, 100, 50), ==, 0x00ff00);
	finish(&f);
}

static void test_irq_hostile_damage(void)
{
	struct fixture f = { 0 };

	watch_with_irq(&f);
	for (unsigned int i = 0; i < 7; i++) {
		fill(f.pixels, W * H, 0x010101 * (i + 1));
		vfio_fake_damage_set(f.fake, 32, (const uint8_t *)"\x01", 1);
		switch (i) {
		case 0: f.fake->damage.tile_width = 0; break;
		case 1: f.fake->damage.tiles_x = f.fake->damage.tiles_y = 0xffffffff; break;
		case 2: f.fake->damage.bitmap_size = 0xffffffff; break;
		case 3: f.fake->damage.size = 8; break;
		case 4: f.fake->damage.tiles_x = 1; break;
		case 5: f.fake->damage.plane.width = 0xffffffff; break;
		case 6: f.fake->damage.tile_height = 0xffffffff; break;
		}
		flip(&f);
		/* what makes no sense means "anywhere" */
		g_assert_cmphex(seen(&f, 127, 63), ==, 0x010101 * (i + 1));
	}
	finish(&f);
}

static void test_no_irq(void)
{
	struct fixture f = { 0 };
	struct console_state state;

	prepare(&f);
	vfio_fake_gfx_add(f.fake, GFX_REGION, GFX_IRQ);
	f.fake->irqs[GFX_IRQ].result = -EINVAL;
	watch(&f);
	for (unsigned int i = 0; i < 100 && f.fake->queries <= 2; i++) {
		run_for(20);
	}
	console_get_state(f.console, &state);
	g_assert_cmpstr(state.source.events, ==, "poll");
	g_assert_cmpuint(f.fake->queries, >, 2);
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

static void test_other_version(void)
{
	struct fixture f = { 0 };
	struct console_state state;

	prepare(&f);
	vfio_fake_gfx_add(f.fake, GFX_REGION, GFX_IRQ)->version = VFIO_GFX_VERSION + 1;
	watch(&f);
	run_for(50);
	console_get_state(f.console, &state);
	g_assert_cmpstr(state.source.events, ==, "poll");
	g_assert_nonnull(f.viewer->image);
	finish(&f);
}

static void test_torn_status(void)
{
	struct fixture f = { 0 };
	struct vfio_gfx_status *status;

	prepare(&f);
	status = vfio_fake_gfx_add(f.fake, GFX_REGION, GFX_IRQ);
	status->seq = 1; /* a writer that never ends */
	status->plane.off_reason = VFIO_GFX_OFF_BEYOND;
	f.fake->primary.drm_format = 0;
	watch(&f);
	expect_blank(&f, BLANK_BAD_PLANE, "outside of video memory");
	finish(&f);
}

static void test_off_reasons(void)
{
	static const struct {
		uint32_t off;
		enum blank_reason reason;
	} rows[] = {
		{ VFIO_GFX_OFF_NEVER_SET, BLANK_NOT_STARTED },
		{ VFIO_GFX_OFF_DISABLED, BLANK_PLANE_OFF },
		{ VFIO_GFX_OFF_BLANKED, BLANK_PLANE_OFF },
		{ VFIO_GFX_OFF_GEOMETRY, BLANK_BAD_PLANE },
		{ VFIO_GFX_OFF_FORMAT, BLANK_BAD_FORMAT },
		{ VFIO_GFX_OFF_BEYOND, BLANK_BAD_PLANE },
		{ VFIO_GFX_OFF_UNALIGNED, BLANK_BAD_PLANE },
		{ VFIO_GFX_OFF_NO_MEMORY, BLANK_ERROR },
		{ 4711, BLANK_PLANE_OFF },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct fixture f = { 0 };

		prepare(&f);
		vfio_fake_gfx_add(f.fake, GFX_REGION, GFX_IRQ)->plane.off_reason = rows[i].off;
		f.fake->primary.drm_format = 0;
		watch(&f);
		run_for(5);
		g_assert_cmpint(f.viewer->blank, ==, rows[i].reason);
		finish(&f);
	}
}

/* ---- EDID ---- */

static void test_edid_at_start(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	vfio_fake_edid_add(f.fake, EDID_REGION, 256, 3840, 2160);
	start(&f, 1366, 768);
	g_assert_cmpuint(edid_mode(&f).width_px, ==, 1366);
	g_assert_cmpuint(edid_mode(&f).height_px, ==, 768);
	g_assert_cmpuint(f.fake->link_downs, ==, 1);
	g_assert_cmpuint(f.fake->link_ups, ==, 1);
	finish(&f);
}

static void refuse(struct fixture *f, uint32_t xres, uint32_t yres, const char *text)
{
	g_autoptr(GError) error = NULL;
	struct vfio_display_config config = {
		.device = &f->fake->device, .registry = f->registry, .label = "gpu0",
		.xres = xres, .yres = yres,
	};

	vfio_device_init(&f->fake->device, NULL);
	g_assert_null(vfio_display_create(&config, &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, text));
	g_assert_null(display_nth(f->registry, 0));
	display_registry_destroy(f->registry);
	vfio_fake_destroy(f->fake);
}

static void test_edid_too_large(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	vfio_fake_edid_add(f.fake, EDID_REGION, 256, 1920, 1080);
	refuse(&f, 2560, 1440, "the device's largest mode is 1920x1080");
}

static void test_edid_absent(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	refuse(&f, 2560, 1440, "the device has no EDID region");
}

static void test_no_display(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	f.fake->dmabuf = false;
	refuse(&f, 0, 0, "vfio fake: display=on: the device has no display");
}

static void test_edid_region_nonsense(void)
{
	struct fixture f = { 0 };
	struct vfio_region_gfx_edid *edid;

	prepare(&f);
	vfio_fake_edid_add(f.fake, EDID_REGION, 0xffffff00, 0, 0);
	edid = (void *)f.fake->regions[EDID_REGION].data;
	edid->edid_offset = 0xfffffff0;
	start(&f, 0, 0);
	g_assert_false(console_set_mode(f.console, &(struct display_mode){ 640, 480, 0, 0, 0 }));
	finish(&f);
}

/* ---- reset, taking back ---- */

static void test_reset(void)
{
	struct fixture f = { 0 };

	prepare(&f);
	vfio_fake_edid_add(f.fake, EDID_REGION, 256, 0, 0);
	start(&f, 640, 480);
	capture_set_wanted(f.viewer, true);
	run_for(20);
	g_assert_cmpuint(f.fake->gets, ==, 1);
	/* the driver forgot the monitor, and the id is of another buffer now */
	struct vfio_region_gfx_edid *edid = (void *)f.fake->regions[EDID_REGION].data;
	edid->edid_size = 0;
	fill(vfio_fake_dmabuf_add(f.fake, 1, W * H * 4), W * H, 0x202020);
	vfio_display_reset(f.display);
	run_for(20);
	g_assert_cmpuint(f.fake->gets, ==, 2);
	g_assert_cmphex(seen(&f, 1, 1), ==, 0x202020);
	g_assert_cmpuint(edid_mode(&f).width_px, ==, 640);
	f.fake->primary.drm_format = 0;
	vfio_display_reset(f.display);
	expect_blank(&f, BLANK_NOT_STARTED, NULL);
	finish(&f);
}

static void test_detach(void)
{
	struct fixture f = { 0 };

	watch_with_irq(&f);
	vfio_display_detach(f.display);
	expect_blank(&f, BLANK_NO_DISPLAY, "took the device back");
	unsigned int queries = f.fake->queries;
	capture_set_wanted(f.viewer, false);
	capture_set_wanted(f.viewer, true);
	run_for(50);
	g_assert_cmpuint(f.fake->queries, ==, queries);
	g_assert_cmpint(f.fake->irqs[GFX_IRQ].fds[0], ==, -1);
	finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define T(name, fn) g_test_add_func("/vfio-display/" name, fn)
	T("the-first-viewer-gets-the-picture", test_first_frame);
	T("without-a-viewer-nothing-is-queried", test_inactive_is_silent);
	T("polling-backs-off-while-nothing-changes", test_poll_backs_off);
	T("polling-a-still-screen-is-seldom-until-input-comes", test_poll_of_a_still_screen);
	T("a-buffer-that-nobody-compares-is-polled", test_poll_of_a_buffer);
	T("polling-waits-for-a-slow-viewer", test_slow_viewer_is_waited_for);
	T("a-screenshot-needs-one-query", test_capture_while_inactive);
	T("each-dmabuf-id-is-fetched-once", test_fetched_once);
	T("every-fd-is-given-back", test_fds_are_given_back);
	T("an-id-with-another-stride-is-another-buffer", test_same_id_other_stride);
	T("the-cache-compares-geometry-format-modifier-and-size", test_cache_compares_everything);
	T("the-cache-is-bounded-and-closes-fds", test_cache_is_bounded);
	T("a-plane-that-was-never-on-is-not-started", test_never_started);
	T("a-plane-that-is-off-is-blank-and-no-error", test_plane_off);
	T("an-unknown-fourcc-is-named", test_bad_fourcc);
	T("a-tiled-layout-nobody-reads-is-named", test_tiled);
	T("a-stride-smaller-than-a-line-is-rejected", test_bad_stride);
	T("the-size-is-checked-in-64-bits", test_size_in_64_bits);
	T("a-dmabuf-shorter-than-its-plane-is-rejected", test_lying_size);
	T("an-id-that-is-gone-is-named", test_id_gone);
	T("a-dmabuf-that-a-cpu-cannot-map-is-named", test_unmappable);
	T("a-dmabuf-that-cannot-be-mapped-falls-back-to-the-region", test_unmappable_with_region);
	T("a-failed-query-is-no-frame-yet", test_failed_query);
	T("a-link-that-is-down-is-named", test_link_down);
	T("cursor-position-is-signed-and-hot-spot-may-be-unknown", test_cursor);
	T("a-driver-without-cursor-is-not-asked-for-ever", test_cursor_absent);
	T("an-impossible-cursor-is-not-shown", test_cursor_impossible);
	T("a-region-plane-is-mapped-once-a-geometry", test_region);
	T("a-region-picture-may-begin-within-a-page", test_region_panned);
	T("a-region-plane-may-be-known-as-type-zero", test_region_of_type_zero);
	T("a-region-smaller-than-its-plane-is-rejected", test_region_too_small);
	T("a-region-that-shrank-is-not-read-past-its-end", test_region_shrinks);
	T("a-region-that-cannot-be-mapped-is-read", test_region_unmappable);
	T("a-region-that-does-not-exist-is-named", test_region_absent);
	T("with-the-interrupt-a-still-screen-needs-no-query", test_irq);
	T("damage-comes-from-the-driver", test_irq_damage);
	T("with-the-interrupt-a-slow-viewer-is-waited-for", test_irq_slow_viewer);
	T("a-spurious-interrupt-makes-no-frame", test_irq_spurious);
	T("damage-survives-a-failed-query", test_irq_damage_survives_a_failed_query);
	T("damage-that-makes-no-sense-means-everything", test_irq_hostile_damage);
	T("without-the-interrupt-it-polls", test_no_irq);
	T("an-unknown-version-of-the-extension-is-left-alone", test_other_version);
	T("a-status-that-is-always-torn-is-read-otherwise", test_torn_status);
	T("the-driver-says-why-the-plane-is-off", test_off_reasons);
	T("xres-and-yres-become-the-edid", test_edid_at_start);
	T("a-mode-beyond-the-device-is-refused", test_edid_too_large);
	T("xres-without-an-edid-region-is-refused", test_edid_absent);
	T("display-on-without-a-display-is-refused", test_no_display);
	T("an-edid-region-with-nonsense-is-left-alone", test_edid_region_nonsense);
	T("a-reset-forgets-buffers-and-restores-the-edid", test_reset);
	T("a-device-taken-back-is-not-touched", test_detach);
#undef T
	return g_test_run();
}
