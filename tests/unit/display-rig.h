/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One emulated display on a PCI bus without a CPU, with some RAM. */
#ifndef TESTS_UNIT_DISPLAY_RIG_H
#define TESTS_UNIT_DISPLAY_RIG_H

#include <drm_fourcc.h>
#include <string.h>

#include "accel/accel.h"
#include "hw/core/machine-lock.h"
#include "hw/display/display.h"
#include "hw/pci/pci.h"
#include "kernel/gvt/core/gvt_edid.h"
#include "ui/capture.h"
#include "main-loop.h"

#define RIG_RAM_BYTES (8u << 20) /* from address 0 on */

struct rig {
	struct board board;
	struct mem_region ram;
	struct device *dev; /* called "screen" */
	struct console *console; /* NULL: it could not be realized */
	bool intx; /* level of its pin */
};

static inline unsigned int rig_gsi(void *opaque, unsigned int slot, unsigned int pin)
{
	return 0;
}

static inline void rig_irq(void *opaque, unsigned int gsi, bool level)
{
	((struct rig *)opaque)->intx = level;
}

/* @name, @value: a property, or NULL. With memory decoding on and no BAR placed. */
static inline void rig_start(struct rig *rig, const struct device_class *class, const char *name,
			     const char *value, GError **error)
{
	static const struct pci_route_ops route = { .gsi = rig_gsi, .set = rig_irq };

	*rig = (struct rig){ 0 };
	rig->board.accel = accel_qtest_create(NULL);
	rig->board.mem = addr_space_create("mem", false, UINT64_C(1) << 40, rig->board.accel);
	rig->board.io = addr_space_create("io", true, 1 << 16, rig->board.accel);
	rig->board.displays = display_registry_create();
	machine_lock();
	g_assert_true(mem_region_init_ram(&rig->ram, "ram", RIG_RAM_BYTES, NULL));
	addr_space_add(rig->board.mem, 0, &rig->ram, 0);
	rig->board.pci = pci_bus_create("pci.0", rig->board.mem, rig->board.io, &route, rig);
	rig->dev = device_create(class, &rig->board, "screen");
	if (name) {
		g_assert_true(device_set(rig->dev, name, value, NULL));
	}
	if (device_realize(rig->dev, error)) {
		pci_bus_config_write(rig->board.pci, 0, 4, 2, 2);
	}
	machine_unlock();
	rig->console = display_nth(rig->board.displays, 0);
}

static inline void rig_stop(struct rig *rig)
{
	machine_lock();
	device_destroy(rig->dev);
	pci_bus_destroy(rig->board.pci);
	mem_region_finish(&rig->ram);
	machine_unlock();
	g_assert_null(display_nth(rig->board.displays, 0));
	display_registry_destroy(rig->board.displays);
	addr_space_destroy(rig->board.mem);
	addr_space_destroy(rig->board.io);
	accel_destroy(rig->board.accel);
}

static inline uint32_t rig_config(struct rig *rig, uint32_t offset, unsigned int size)
{
	uint32_t value;

	machine_lock();
	value = pci_bus_config_read(rig->board.pci, 0, offset, size);
	machine_unlock();
	return value;
}

static inline void rig_config_set(struct rig *rig, uint32_t offset, uint32_t value,
				  unsigned int size)
{
	machine_lock();
	pci_bus_config_write(rig->board.pci, 0, offset, value, size);
	machine_unlock();
}

static inline void rig_reset(struct rig *rig)
{
	machine_lock();
	rig->dev->class->reset(rig->dev);
	machine_unlock();
}

static inline void write32(struct rig *rig, uint64_t addr, uint32_t value)
{
	addr_space_write(rig->board.mem, addr, &value, 4);
}

static inline uint32_t read32(struct rig *rig, uint64_t addr)
{
	uint32_t value;

	addr_space_read(rig->board.mem, addr, &value, 4);
	return value;
}

static inline uint32_t image_pixel(pixman_image_t *image, unsigned int x, unsigned int y)
{
	return pixman_image_get_data(image)
		[y * ((unsigned int)pixman_image_get_stride(image) / 4) + x];
}

static inline uint32_t pixel_at(struct capture *capture, unsigned int x, unsigned int y)
{
	g_assert_nonnull(capture->image);
	return image_pixel(capture->image, x, y);
}

static inline bool shows(const struct capture *capture, unsigned int x, unsigned int y, uint32_t pixel)
{
	return capture->image && (int)x < pixman_image_get_width(capture->image) &&
	       (int)y < pixman_image_get_height(capture->image) && image_pixel(capture->image, x, y) == pixel;
}

static inline void wait_for_pixel(struct capture *capture, unsigned int x, unsigned int y, uint32_t pixel)
{
	run_until(shows(capture, x, y, pixel));
	g_assert_cmphex(pixel_at(capture, x, y), ==, pixel);
}

static inline void wait_for_blank(struct capture *capture, enum blank_reason reason)
{
	run_until(capture->blank == reason);
	g_assert_cmpint(capture->blank, ==, reason);
}

static inline uint64_t looks(struct rig *rig)
{
	struct console_state state;

	console_get_state(rig->console, &state);
	return state.source.queries;
}

#endif
