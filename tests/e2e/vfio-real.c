// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hw/vfio on real drivers, without a guest: groups, DMA map, regions, planes. This program plays
 * the guest's driver through the vfio regions and looks at the picture a viewer gets.
 *
 * To be run as root inside the sandbox by tests/e2e/vfio-real. Arguments after the test program's
 * own: name=SYSFS for bochs, region (ours), mdpy, mbochs (the kernel's samples).
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "accel/accel.h"
#include "hw/core/addr-space.h"
#include "hw/core/device.h"
#include "hw/core/machine-lock.h"
#include "hw/vfio/vfio-display.h"
#include "hw/vfio/vfio-host.h"
#include "ui/capture.h"
#include "util/error.h"
#include "util/fd.h"

static GHashTable *paths; /* name -> sysfs path */

struct bench {
	struct board board;
	struct mem_region ram;
	struct vfio_device *device;
	struct display_registry *registry;
	struct vfio_display *display;
	struct console *console;
	struct capture *viewer;
	uint32_t *vram; /* BAR0 */
};

static bool open_bench(struct bench *b, const char *name)
{
	const char *path = g_hash_table_lookup(paths, name);
	g_autoptr(GError) error = NULL;
	struct vfio_display_config config = { 0 };

	if (!path) {
		g_autofree char *why = g_strdup_printf("no %s device was given", name);

		g_test_skip(why);
		return false;
	}
	b->board.accel = accel_qtest_create(&error);
	g_assert_no_error(error);
	machine_lock();
	b->board.mem = addr_space_create("mem", false, UINT64_MAX, b->board.accel);
	mem_region_init_ram(&b->ram, "ram", 64 << 20, &error);
	g_assert_no_error(error);
	addr_space_add(b->board.mem, 0, &b->ram, 0);
	b->device = vfio_host_open(&b->board, path, &error);
	g_assert_no_error(error);
	machine_unlock();
	b->registry = display_registry_create();
	config.device = b->device;
	config.registry = b->registry;
	config.label = name;
	b->display = vfio_display_create(&config, &error);
	g_assert_no_error(error);
	b->console = display_find(b->registry, name, 0, NULL);
	b->viewer = capture_create(b->console, SINK_CPU);
	capture_set_wanted(b->viewer, true);
	return true;
}

static void close_bench(struct bench *b)
{
	capture_destroy(b->viewer);
	vfio_display_destroy(b->display);
	display_registry_destroy(b->registry);
	if (b->vram) {
		munmap(b->vram, b->device->regions[0].areas[0].size_bytes);
	}
	machine_lock();
	vfio_host_close(&b->board, b->device);
	g_assert_null(b->board.vfio);
	mem_region_finish(&b->ram);
	addr_space_destroy(b->board.mem);
	machine_unlock();
	accel_destroy(b->board.accel);
	memset(b, 0, sizeof(*b));
}

static void map_vram(struct bench *b)
{
	const struct vfio_region *bar = &b->device->regions[0];
	void *hva;

	g_assert_cmpuint(bar->area_count, >=, 1);
	g_assert_cmpint(vfio_region_map(b->device, bar, bar->areas[0].offset,
					bar->areas[0].size_bytes, PROT_READ | PROT_WRITE, &hva), ==, 0);
	b->vram = hva;
}

static void bar2(struct bench *b, uint64_t offset, uint16_t value, unsigned int size)
{
	g_assert_cmpint(vfio_region_write(b->device, &b->device->regions[2], offset, &value, size),
			==, 0);
}

static void dispi(struct bench *b, unsigned int index, uint16_t value)
{
	bar2(b, 0x500 + 2 * index, value, 2);
}

/* Bit 5 of the attribute index; a read of 0x3da makes the next write an index. */
static void screen_on(struct bench *b, bool on)
{
	uint8_t dummy;

	bar2(b, 0x402, 0x01, 1);
	vfio_region_read(b->device, &b->device->regions[2], 0x41a, &dummy, 1);
	bar2(b, 0x400, on ? 0x20 : 0x00, 1);
}

/* As a guest's bochs-drm does it: unblank, mode, enable, position. */
static void bochs_mode(struct bench *b, uint16_t width, uint16_t height)
{
	uint8_t command[2] = { PCI_COMMAND_MEMORY, 0 };

	vfio_region_write(b->device, &b->device->regions[VFIO_PCI_CONFIG_REGION_INDEX],
			  PCI_COMMAND, command, 2);
	screen_on(b, true);
	dispi(b, 4, 0);
	dispi(b, 3, 32);
	dispi(b, 1, width);
	dispi(b, 2, height);
	dispi(b, 5, 0);
	dispi(b, 6, width);
	dispi(b, 7, height);
	dispi(b, 8, 0);
	dispi(b, 9, 0);
	dispi(b, 4, 0x41);
	dispi(b, 6, width);
	dispi(b, 8, 0);
	dispi(b, 9, 0);
}

static gboolean stop_loop(gpointer opaque)
{
	*(bool *)opaque = true;
	return G_SOURCE_REMOVE;
}

static void run_ms(unsigned int ms)
{
	bool over = false;

	g_timeout_add(ms, stop_loop, &over);
	while (!over) {
		g_main_context_iteration(NULL, TRUE);
	}
}

static uint32_t pattern(uint32_t x, uint32_t y)
{
	return (x * 7 + y * 131 + (x ^ y)) * 2654435761u & 0xffffff;
}

static void draw(struct bench *b, uint32_t width, uint32_t height)
{
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			b->vram[y * width + x] = pattern(x, y);
		}
	}
}

static bool picture_is(struct bench *b, uint32_t width, uint32_t height)
{
	pixman_image_t *image = b->viewer->image;
	const uint32_t *data;

	if (!image || pixman_image_get_width(image) != (int)width ||
	    pixman_image_get_height(image) != (int)height) {
		return false;
	}
	data = pixman_image_get_data(image);
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			if ((data[y * (uint32_t)pixman_image_get_stride(image) / 4 + x] &
			     0xffffff) != pattern(x, y)) {
				return false;
			}
		}
	}
	return true;
}

static void expect_picture(struct bench *b, uint32_t width, uint32_t height)
{
	for (unsigned int i = 0; i < 200 && !picture_is(b, width, height); i++) {
		run_ms(20);
	}
	g_assert_true(picture_is(b, width, height));
}

static void expect_blank(struct bench *b, enum blank_reason reason)
{
	for (unsigned int i = 0; i < 200 && b->viewer->blank != reason; i++) {
		run_ms(20);
	}
	g_assert_cmpstr(blank_reason_code(b->viewer->blank), ==, blank_reason_code(reason));
}

static struct source_state source_state(struct bench *b)
{
	struct console_state state;

	console_get_state(b->console, &state);
	return state.source;
}

/* Ours, of either type: mode, picture in place, still screen, mode switch, blanking. */
static void ours(const char *name, const char *kind)
{
	struct bench b = { 0 };
	uint64_t queries;

	if (!open_bench(&b, name)) {
		return;
	}
	g_assert_cmpstr(source_state(&b).kind, ==, kind);
	g_assert_cmpstr(source_state(&b).events, ==, "irq");
	expect_blank(&b, BLANK_NOT_STARTED);
	map_vram(&b);
	bochs_mode(&b, 640, 480);
	draw(&b, 640, 480);
	expect_picture(&b, 640, 480);
	/* in place, without a flip */
	b.vram[640 * 240 + 320] ^= 0xffffff;
	run_ms(200);
	g_assert_false(picture_is(&b, 640, 480));
	b.vram[640 * 240 + 320] ^= 0xffffff;
	expect_picture(&b, 640, 480);
	run_ms(100);
	queries = source_state(&b).queries;
	run_ms(1000);
	g_assert_cmpuint(source_state(&b).queries, ==, queries);
	/* smaller, then larger */
	bochs_mode(&b, 320, 200);
	draw(&b, 320, 200);
	expect_picture(&b, 320, 200);
	bochs_mode(&b, 1024, 768);
	draw(&b, 1024, 768);
	expect_picture(&b, 1024, 768);
	screen_on(&b, false);
	expect_blank(&b, BLANK_PLANE_OFF);
	screen_on(&b, true);
	expect_picture(&b, 1024, 768);
	/* last viewer gone, then back */
	capture_set_wanted(b.viewer, false);
	queries = source_state(&b).queries;
	run_ms(300);
	g_assert_cmpuint(source_state(&b).queries, ==, queries);
	capture_set_wanted(b.viewer, true);
	expect_picture(&b, 1024, 768);
	g_assert_cmpint(b.device->ops->reset(b.device), ==, 0);
	vfio_display_reset(b.display);
	expect_blank(&b, BLANK_NOT_STARTED);
	close_bench(&b);
}

static void test_bochs(void)
{
	ours("bochs", "vfio-dmabuf");
}

static void test_region(void)
{
	ours("region", "vfio-region");
}

static void test_mdpy(void)
{
	struct bench b = { 0 };

	if (!open_bench(&b, "mdpy")) {
		return;
	}
	g_assert_cmpstr(source_state(&b).kind, ==, "vfio-region");
	g_assert_cmpstr(source_state(&b).events, ==, "poll");
	map_vram(&b);
	draw(&b, 1024, 768);
	expect_picture(&b, 1024, 768);
	b.vram[5] ^= 0xffffff;
	run_ms(300);
	g_assert_false(picture_is(&b, 1024, 768));
	close_bench(&b);
}

static void test_mbochs(void)
{
	struct bench b = { 0 };

	if (!open_bench(&b, "mbochs")) {
		return;
	}
	g_assert_cmpstr(source_state(&b).kind, ==, "vfio-dmabuf");
	bochs_mode(&b, 640, 480);
	expect_blank(&b, BLANK_NO_MAP);
	g_test_message("the viewer is told: %s", b.viewer->blank_text);
	close_bench(&b);
}

static void test_busy(void)
{
	const char *path = g_hash_table_lookup(paths, "bochs");
	g_autoptr(GError) error = NULL;
	struct bench b = { 0 };
	struct board other = { 0 };

	if (!open_bench(&b, "bochs")) {
		return;
	}
	other = b.board;
	other.vfio = NULL;
	machine_lock();
	g_assert_null(vfio_host_open(&other, path, &error));
	machine_unlock();
	g_assert_nonnull(strstr(error->message, "in use by another process"));
	g_clear_error(&error);
	machine_lock();
	g_assert_null(vfio_host_open(&b.board, path, &error));
	machine_unlock();
	g_assert_nonnull(strstr(error->message, "already given to this machine"));
	close_bench(&b);
}

static void test_many_times(void)
{
	for (unsigned int i = 0; i < 30; i++) {
		struct bench b = { 0 };

		if (!open_bench(&b, "bochs")) {
			return;
		}
		map_vram(&b);
		bochs_mode(&b, 640, 480);
		draw(&b, 640, 480);
		expect_picture(&b, 640, 480);
		close_bench(&b);
	}
}

static void test_errors(void)
{
	static const char *const rows[][2] = {
		{ "/nonexistent", "/nonexistent: No such file or directory" },
		{ "/sys/devices/system/cpu/cpu0", "not a vfio device" },
		{ "/sys/kernel", "no device" },
	};
	struct board board = { 0 };

	for (unsigned int i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		machine_lock();
		g_assert_null(vfio_host_open(&board, rows[i][0], &error));
		machine_unlock();
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, rows[i][1]));
		g_assert_null(board.vfio);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	paths = g_hash_table_new(g_str_hash, g_str_equal);
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (equals) {
			*equals = '\0';
			g_hash_table_insert(paths, argv[i], equals + 1);
		}
	}
	g_test_add_func("/vfio-real/what-is-no-device-is-named", test_errors);
	g_test_add_func("/vfio-real/our-bochs-type-shows-its-picture", test_bochs);
	g_test_add_func("/vfio-real/our-region-type-shows-its-picture", test_region);
	g_test_add_func("/vfio-real/the-kernels-mdpy-shows-its-picture", test_mdpy);
	g_test_add_func("/vfio-real/the-kernels-mbochs-says-why-it-shows-nothing", test_mbochs);
	g_test_add_func("/vfio-real/a-device-in-use-is-named", test_busy);
	g_test_add_func("/vfio-real/opened-and-closed-thirty-times", test_many_times);
	return g_test_run();
}
