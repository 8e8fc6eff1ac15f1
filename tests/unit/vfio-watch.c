// SPDX-License-Identifier: GPL-2.0-or-later
/* A display in guest memory whose driver tells of flips only: what is drawn in place, and nothing else, costs. */
#include "hw/core/addr-space.h"
#include "hw/core/machine-lock.h"
#include "util/write-watch.h"
#include "vfio-fixture.h"

#define PAGE 4096u
#define PAGES (W * H * 4 / PAGE)
#define GUEST_PAGES 64u
#define FIRST_PAGE 16u /* of the picture, at every second from here on */
#define PAGES_AT 0x8000u

static struct mem_region ram;
static guint gpu; /* the source of drawn(), or 0 */

/* The picture's pages; what matters is who writes them, not what. */
static volatile uint8_t *guest_page(unsigned int page)
{
	return (uint8_t *)ram.hva + (FIRST_PAGE + 2 * page) * PAGE;
}

static void written(void *opaque)
{
}

static bool missing(void)
{
	struct write_watch *watch = write_watch_create(written, NULL, NULL);

	if (!watch) {
		g_test_skip("this kernel has no userfaultfd for us");
		return true;
	}
	write_watch_destroy(watch);
	return false;
}

/* As a GPU does: says "done" some time later. */
static gboolean drawn(gpointer opaque)
{
	struct capture *viewer = opaque;

	if (viewer->held) {
		capture_release(viewer);
	}
	return G_SOURCE_CONTINUE;
}

static void begin(struct fixture *f, unsigned int accepts)
{
	struct vfio_gfx_status *status = prepare_gen9(f);
	struct vfio_gfx_pages *head = (void *)((uint8_t *)status + PAGES_AT);
	uint64_t *addresses = (void *)(head + 1);
	g_autoptr(GError) error = NULL;

	status->caps |= VFIO_GFX_CAP_PAGES;
	status->pages_offset = PAGES_AT;
	*head = (struct vfio_gfx_pages){ .size = sizeof(*head), .id = 1, .count = PAGES };
	for (unsigned int i = 0; i < PAGES; i++) {
		addresses[i] = (FIRST_PAGE + 2 * i) * PAGE;
	}
	f->mem = addr_space_create("mem", false, UINT64_C(1) << 40, NULL);
	g_assert_true(mem_region_init_ram(&ram, "ram", GUEST_PAGES * PAGE, &error));
	machine_lock();
	addr_space_add(f->mem, 0, &ram, 0);
	machine_unlock();
	memset(ram.hva, 1, GUEST_PAGES * PAGE);
	start(f, 0, 0);
	capture_destroy(f->viewer);
	f->viewer = capture_create(f->console, accepts);
	f->viewer->slow = accepts == SINK_DMABUF;
	gpu = f->viewer->slow ? g_timeout_add(3, drawn, f->viewer) : 0;
	capture_set_wanted(f->viewer, true);
}

static void end(struct fixture *f)
{
	struct addr_space *mem = f->mem;

	if (gpu) {
		g_source_remove(gpu);
	}
	finish(f);
	machine_lock();
	mem_region_finish(&ram);
	machine_unlock();
	addr_space_destroy(mem);
}

static uint64_t looks(struct fixture *f)
{
	struct console_state state;

	console_get_state(f->console, &state);
	return state.seq;
}

/* Waits until nothing has been shown or compared for a while. False: that doesn't come. */
static bool is_quiet(struct fixture *f)
{
	for (unsigned int i = 0; i < 6; i++) {
		uint64_t before = looks(f);

		run_for(1200);
		if (looks(f) == before) {
			return true;
		}
	}
	return false;
}

static void test_still(gconstpointer accepts)
{
	struct fixture f = { 0 };
	uint64_t before;

	if (missing()) {
		return;
	}
	begin(&f, GPOINTER_TO_UINT(accepts));
	g_assert_true(is_quiet(&f));
	before = looks(&f);
	g_assert_cmpuint(before, <=, VFIO_POLL_STILL_LOOKS + 5);
	/* beside the picture */
	guest_page(0)[PAGE] = 2;
	run_for(600);
	g_assert_cmpuint(looks(&f), ==, before);
	for (unsigned int i = 0; i < 2; i++) {
		guest_page(PAGES - 1)[7] = (uint8_t)i;
		for (unsigned int j = 0; j < 100 && looks(&f) == before; j++) {
			run_for(10);
		}
		g_assert_cmpuint(looks(&f), >, before);
		g_assert_true(is_quiet(&f));
		before = looks(&f);
	}
	/* a flip isn't drawing, and is shown at once */
	flip_to(&f, 1);
	run_for(10);
	g_assert_cmpuint(looks(&f), >, before);
	end(&f);
}

/* Whoever takes the buffer itself is told again and again, while the guest goes on drawing. */
static void test_drawing(void)
{
	struct fixture f = { 0 };
	unsigned int before;

	if (missing()) {
		return;
	}
	begin(&f, SINK_DMABUF);
	g_assert_true(is_quiet(&f));
	before = f.viewer->presents;
	for (unsigned int i = 0; i < 200; i++) {
		guest_page(i % PAGES)[i] = (uint8_t)i;
		run_for(10);
	}
	/* 60 Hz, less what a busy machine takes */
	g_assert_cmpuint(f.viewer->presents - before, >, 40);
	g_assert_true(is_quiet(&f));
	end(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_data_func("/vfio-watch/a-still-screen-is-left-alone", GUINT_TO_POINTER(SINK_CPU), test_still);
	g_test_add_data_func("/vfio-watch/also-by-who-takes-the-buffer", GUINT_TO_POINTER(SINK_DMABUF),
			     test_still);
	g_test_add_func("/vfio-watch/a-guest-that-goes-on-drawing-is-shown", test_drawing);
	return g_test_run();
}
