/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vfio display on a fake device with one dma-buf of W x H, and a viewer. */
#ifndef TESTS_UNIT_VFIO_FIXTURE_H
#define TESTS_UNIT_VFIO_FIXTURE_H

#include <string.h>
#include <drm_fourcc.h>

#include "hw/vfio/vfio-display.h"
#include "hw/vfio/vfio-fake.h"
#include "kernel/gvt/core/gvt_edid.h"
#include "ui/capture.h"
#include "main-loop.h"

#define GFX_IRQ	   5u
#define GFX_REGION 10u
#define EDID_REGION 9u
#define FB_REGION  11u
#define W 128u
#define H 64u
#define XR24 DRM_FORMAT_XRGB8888

struct fixture {
	struct vfio_fake *fake;
	struct display_registry *registry;
	struct vfio_display *display;
	struct console *console;
	struct capture *viewer;
	uint8_t *pixels; /* of dma-buf 1 */
	struct addr_space *mem; /* the guest's memory, or NULL */
	enum vfio_tear tear;
};

/* A fake with one dma-buf of W x H as primary plane. */
static inline void prepare(struct fixture *f)
{
	f->fake = vfio_fake_create();
	f->fake->dmabuf = true;
	f->pixels = vfio_fake_dmabuf_add(f->fake, 1, W * H * 4);
	vfio_fake_plane_set(&f->fake->primary, XR24, W, H, 1);
	f->registry = display_registry_create();
}

static inline void start(struct fixture *f, uint32_t xres, uint32_t yres)
{
	g_autoptr(GError) error = NULL;
	struct vfio_display_config config = {
		.device = &f->fake->device, .registry = f->registry, .label = "gpu0",
		.xres = xres, .yres = yres, .tear = f->tear, .mem = f->mem,
	};

	vfio_device_init(&f->fake->device, &error);
	g_assert_no_error(error);
	f->display = vfio_display_create(&config, &error);
	g_assert_no_error(error);
	f->console = display_find(f->registry, "gpu0", 0, NULL);
	f->viewer = capture_create(f->console, SINK_CPU);
}

static inline void watch(struct fixture *f)
{
	start(f, 0, 0);
	capture_set_wanted(f->viewer, true);
}

static inline void finish(struct fixture *f)
{
	capture_destroy(f->viewer);
	vfio_display_destroy(f->display);
	display_registry_destroy(f->registry);
	vfio_fake_destroy(f->fake);
	memset(f, 0, sizeof(*f));
}

/* Until a reason is shown, at most a second: row R15. */
static inline void expect_blank(struct fixture *f, enum blank_reason reason, const char *text)
{
	for (unsigned int i = 0; i < 100 && f->viewer->blank != reason; i++) {
		run_for(10);
	}
	g_assert_cmpstr(blank_reason_code(f->viewer->blank), ==, blank_reason_code(reason));
	if (text) {
		g_assert_nonnull(f->viewer->blank_text);
		g_assert_nonnull(strstr(f->viewer->blank_text, text));
	}
}

static inline void fill(uint8_t *pixels, uint32_t count, uint32_t value)
{
	for (uint32_t i = 0; i < count; i++) {
		memcpy(pixels + 4 * (size_t)i, &value, 4);
	}
}

/* The colour that the viewer sees at one place. */
static inline uint32_t seen(struct fixture *f, uint32_t x, uint32_t y)
{
	const uint32_t *data;

	g_assert_nonnull(f->viewer->image);
	data = pixman_image_get_data(f->viewer->image);
	return data[y * (uint32_t)pixman_image_get_stride(f->viewer->image) / 4 + x] & 0xffffff;
}

/* A Gen9 device: interrupt and source, no damage. */
static inline struct vfio_gfx_status *prepare_gen9(struct fixture *f)
{
	struct vfio_gfx_status *status;

	prepare(f);
	status = vfio_fake_gfx_add(f->fake, GFX_REGION, GFX_IRQ);
	status->caps = VFIO_GFX_CAP_IRQ | VFIO_GFX_CAP_SOURCE;
	status->damage_offset = status->damage_size = 0;
	status->plane.id = 1;
	return status;
}

static inline struct vfio_gfx_status *status_of(struct fixture *f)
{
	return (void *)f->fake->regions[GFX_REGION].data;
}

/* The guest shows @id from now on. */
static inline void flip_to(struct fixture *f, uint32_t id)
{
	f->fake->primary.dmabuf_id = id;
	status_of(f)->plane.id = id;
	status_of(f)->flip_count++;
	vfio_fake_signal(f->fake, GFX_IRQ, 0);
}

/* The preferred mode of the monitor that the guest sees. */
static inline struct gvt_edid_mode edid_mode(struct fixture *f)
{
	struct vfio_region_gfx_edid *edid = (void *)f->fake->regions[EDID_REGION].data;
	const uint8_t *blob = f->fake->regions[EDID_REGION].data + edid->edid_offset;
	struct gvt_edid_mode mode = { 0 };

	g_assert_cmpint(gvt_edid_check(blob, edid->edid_size), ==, GVT_EDID_OK);
	g_assert_true(gvt_edid_preferred(blob, edid->edid_size, &mode));
	return mode;
}

#endif
