/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vfio display on a fake device with one dma-buf of W x H, and a viewer. */
#ifndef TESTS_UNIT_VFIO_FIXTURE_H
#define TESTS_UNIT_VFIO_FIXTURE_H

#include <string.h>
#include <drm_fourcc.h>

#include "hw/vfio/vfio-display.h"
#include "hw/vfio/vfio-fake.h"
#include "ui/capture.h"
#include "util/fd.h"

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
		.xres = xres, .yres = yres,
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

static inline gboolean stop_loop(gpointer opaque)
{
	*(bool *)opaque = true;
	return G_SOURCE_REMOVE;
}

/* Lets the main loop run for so long. */
static inline void run_ms(unsigned int ms)
{
	bool over = false;

	g_timeout_add(ms, stop_loop, &over);
	while (!over) {
		g_main_context_iteration(NULL, TRUE);
	}
}

/* Until a reason is shown, at most a second: row R15. */
static inline void expect_blank(struct fixture *f, enum blank_reason reason, const char *text)
{
	for (unsigned int i = 0; i < 100 && f->viewer->blank != reason; i++) {
		run_ms(10);
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

#endif
