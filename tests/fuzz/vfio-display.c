// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver that lies: every answer of a vfio device (regions and their capabilities, planes, status
 * page, harvests, EDID registers) is a plausible one with bytes of the input written over it. The
 * display on top must bear it: no crash, no read outside of what was mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <drm_fourcc.h>

#include "hw/vfio/vfio-display.h"
#include "hw/vfio/vfio-fake.h"
#include "ui/capture.h"
#include "util/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GFX_IRQ	   5u
#define EDID_INDEX 9u
#define GFX_INDEX  10u
#define FB_INDEX   11u
#define STEPS_MAX  24u

static const uint8_t *input;
static size_t input_left;
static const struct vfio_io_ops *honest;

static uint8_t next_byte(void)
{
	if (!input_left) {
		return 0;
	}
	input_left--;
	return *input++;
}

/* Writes up to four runs of input over @data. */
static void lie(void *data, size_t size)
{
	uint8_t runs = next_byte();

	/* Most answers stay honest, or nothing would ever get far. */
	for (runs = runs < 160 ? 0 : runs & 3; runs && size; runs--) {
		size_t at = (next_byte() | (size_t)next_byte() << 8) % size;
		size_t count = next_byte() % 9u;

		for (size_t i = 0; i < count && at + i < size; i++) {
			((uint8_t *)data)[at + i] = next_byte();
		}
	}
}

static int lying_get_info(struct vfio_device *device, struct vfio_device_info *info)
{
	int ret = honest->get_info(device, info);

	lie(info, sizeof(*info));
	return ret;
}

static int lying_get_region_info(struct vfio_device *device, struct vfio_region_info *info)
{
	uint32_t room = info->argsz;
	int ret;

	if (info->index >= VFIO_FAKE_REGIONS) {
		return -EINVAL;
	}
	ret = honest->get_region_info(device, info);
	lie(info, room);
	return ret;
}

static int lying_query_plane(struct vfio_device *device, struct vfio_device_gfx_plane_info *info)
{
	int ret = honest->query_plane(device, info);

	if (!(info->flags & VFIO_GFX_PLANE_TYPE_PROBE)) {
		lie(&info->drm_format, sizeof(*info) - offsetof(typeof(*info), drm_format));
		if (next_byte() > 250) {
			return -ENOMEM;
		}
	}
	return ret;
}

static ssize_t lying_read(struct vfio_device *device, void *data, size_t size, uint64_t offset)
{
	ssize_t got = honest->read(device, data, size, offset);

	if (got > 0) {
		lie(data, (size_t)got);
	}
	return got;
}

static int lying_map(struct vfio_device *device, uint64_t offset, uint64_t size, int prot,
		     void **hva)
{
	uint64_t index = offset >> 40, at = offset & ((1ull << 40) - 1);
	int ret;

	/* What is mapped exists: a driver that maps less would be its own bug. */
	if (index >= VFIO_FAKE_REGIONS ||
	    at + size > ((((struct vfio_fake *)device)->regions[index].size_bytes + 4095) & ~4095ull)) {
		return -EINVAL;
	}
	ret = honest->map(device, offset, size, prot, hva);
	return ret;
}

static struct vfio_fake *make_device(void)
{
	struct vfio_fake *fake = vfio_fake_create();
	struct vfio_io_ops *ops = g_new(struct vfio_io_ops, 1);
	uint8_t extension;

	honest = fake->device.ops;
	*ops = *honest;
	ops->get_info = lying_get_info;
	ops->get_region_info = lying_get_region_info;
	ops->query_plane = lying_query_plane;
	ops->read = lying_read;
	ops->map = lying_map;
	fake->device.ops = ops;
	fake->dmabuf = next_byte() & 1;
	fake->region = !fake->dmabuf || (next_byte() & 1);
	vfio_fake_edid_add(fake, EDID_INDEX, 256, 1920, 1080);
	extension = next_byte();
	if (extension & 1) {
		struct vfio_gfx_status *status = vfio_fake_gfx_add(fake, GFX_INDEX, GFX_IRQ);

		/* As bochs, or as a Gen9 engine; its page mapped, or read and lied about. */
		if (extension & 2) {
			status->caps = VFIO_GFX_CAP_IRQ | VFIO_GFX_CAP_SOURCE;
			status->plane.id = FB_INDEX;
			status->cursor_count = 1;
		}
		if (extension & 8) {
			vfio_fake_hold_add(fake, GFX_INDEX);
		}
		if (extension & 4) {
			fake->regions[GFX_INDEX].flags &= ~(uint32_t)VFIO_REGION_INFO_FLAG_MMAP;
		}
	}
	vfio_fake_region_add(fake, FB_INDEX, 64 << 10,
			     VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP, 0, 0);
	vfio_fake_dmabuf_add(fake, FB_INDEX, 64 << 10);
	vfio_fake_dmabuf_add(fake, 2, 4096);
	vfio_fake_plane_set(&fake->primary, DRM_FORMAT_XRGB8888, 128, 64, FB_INDEX);
	vfio_fake_plane_set(&fake->cursor, DRM_FORMAT_ARGB8888, 32, 32, 2);
	vfio_fake_damage_set(fake, 32, (const uint8_t *)"\xff", 1);
	return fake;
}

static void step(struct vfio_fake *fake, struct vfio_display *display, struct console *console,
		 struct capture *viewer)
{
	static const uint64_t modifiers[] = {
		DRM_FORMAT_MOD_LINEAR, I915_FORMAT_MOD_X_TILED, I915_FORMAT_MOD_Y_TILED,
		I915_FORMAT_MOD_Yf_TILED, I915_FORMAT_MOD_Y_TILED_CCS,
	};
	struct vfio_gfx_status *status = (void *)fake->regions[GFX_INDEX].data;
	struct display_mode mode = { 640, 480, 0, 0, 0 };
	pixman_image_t *image;

	switch (next_byte() % 9) {
	case 0:
		image = console_capture(console, NULL);
		if (image) {
			pixman_image_unref(image);
		}
		break;
	case 1:
		capture_set_wanted(viewer, true);
		break;
	case 2:
		capture_set_wanted(viewer, false);
		break;
	case 3:
		vfio_display_reset(display);
		break;
	case 4:
		console_set_mode(console, &mode);
		break;
	case 5:
		fake->hold_result = fake->hold_gfx && (next_byte() & 1) ? -next_byte() : 0;
		lie(&fake->damage, sizeof(fake->damage));
		vfio_fake_signal(fake, GFX_IRQ, 0);
		break;
	case 6: /* a flip, of whatever layout, to wherever in the buffer */
		if (status) {
			fake->primary.drm_format_mod = modifiers[next_byte() % 5u];
			fake->primary.stride = next_byte() * 128u;
			status->plane.offset = next_byte() * 4u;
			status->src_x = next_byte();
			status->src_y = next_byte();
			status->rotation = next_byte() % 5u * 90;
			lie(&status->src_x, 3 * sizeof(status->src_x));
			status->flip_count++;
			vfio_fake_signal(fake, GFX_IRQ, 0);
		}
		break;
	case 7:
		lie(&fake->cursor, sizeof(fake->cursor));
		if (status) {
			status->cursor_count++;
			vfio_fake_signal(fake, GFX_IRQ, 0);
		}
		break;
	default:
		lie(&fake->primary, sizeof(fake->primary));
		lie(status, status ? sizeof(*status) : 0);
		console_expect_change(console);
		break;
	}
	for (unsigned int i = 0; i < 8 && g_main_context_iteration(NULL, FALSE); i++) {
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vfio_display_config config = { .label = "gpu" };
	const struct vfio_io_ops *ops;
	struct vfio_display *display;
	struct vfio_fake *fake;

	main_thread_init();
	input = data;
	input_left = size;
	fake = make_device();
	ops = fake->device.ops;
	config.device = &fake->device;
	config.registry = display_registry_create();
	if (fake->regions[GFX_INDEX].data && (next_byte() & 1)) {
		config.tear = fake->hold_gfx ? VFIO_TEAR_WAIT : VFIO_TEAR_LATCH;
	}
	if (vfio_device_init(&fake->device, NULL)) {
		display = vfio_display_create(&config, NULL);
		if (display) {
			struct console *console = display_nth(config.registry, 0);
			struct capture *viewer = capture_create(console, SINK_CPU);

			for (unsigned int i = 0; i < STEPS_MAX && input_left; i++) {
				step(fake, display, console, viewer);
			}
			capture_destroy(viewer);
			vfio_display_destroy(display);
		}
	}
	display_registry_destroy(config.registry);
	vfio_fake_destroy(fake);
	g_free((void *)ops);
	return 0;
}
