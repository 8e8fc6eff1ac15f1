// SPDX-License-Identifier: GPL-2.0-or-later
/* The extension of linux/vfio_gfx.h: status page, display interrupt, damage. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpu.h"

#define FRAME_MS 17
#define MIB	 (1u << 20)

struct fixture {
	struct rig r; /* first */
	struct vfio_gfx_damage damage;
	uint8_t bitmap[65536];
};

static void set_up(struct fixture *f, gconstpointer type)
{
	rig_set_up(&f->r, type);
}

static void tear_down(struct fixture *f, gconstpointer type)
{
	rig_tear_down(&f->r);
}

static void listen_irq(struct fixture *f)
{
	g_assert_cmpint(vgpu_set_irq(&f->r.v, f->r.page->irq_index, f->r.irq), ==, 0);
}

static void track(struct fixture *f, bool on)
{
	rig_control(&f->r, on ? VFIO_GFX_CONTROL_DAMAGE : 0);
}

/* Number of tiles damaged. */
static unsigned int harvest(struct fixture *f)
{
	g_autofree uint8_t *buf = g_malloc(f->r.page->damage_size);
	ssize_t got = pread(f->r.v.device, buf, f->r.page->damage_size,
			    (off_t)(f->r.gfx.offset + f->r.page->damage_offset));
	unsigned int set = 0;

	g_assert_cmpint(got, >=, sizeof(f->damage));
	memcpy(&f->damage, buf, sizeof(f->damage));
	g_assert_cmpint(got, ==, f->damage.size + f->damage.bitmap_size);
	g_assert_true(f->damage.flags & VFIO_GFX_DAMAGE_HARVESTED);
	memcpy(f->bitmap, buf + f->damage.size, f->damage.bitmap_size);
	for (unsigned int i = 0; i < f->damage.tiles_x * f->damage.tiles_y; i++) {
		set += f->bitmap[i / 8] >> (i % 8) & 1;
	}
	return set;
}

static bool tile(const struct fixture *f, uint32_t x_px, uint32_t y_px)
{
	uint32_t n = y_px / f->damage.tile_height * f->damage.tiles_x + x_px / f->damage.tile_width;

	return f->bitmap[n / 8] >> (n % 8) & 1;
}

static void test_found(struct fixture *f, gconstpointer type)
{
	struct vfio_irq_info info = {.argsz = sizeof(info), .index = f->r.page->irq_index};
	struct vfio_gfx_status status = vgpu_status(&f->r.v);

	g_assert_cmpuint(f->r.gfx.areas, ==, 2);
	g_assert_cmpuint(f->r.gfx.area_offset, ==, 0);
	g_assert_cmpuint(f->r.gfx.area_size, ==, 4096);
	g_assert_true(f->r.gfx.flags & VFIO_REGION_INFO_FLAG_MMAP);
	g_assert_cmphex(f->r.page->magic, ==, VFIO_GFX_MAGIC);
	g_assert_cmpmem((const void *)f->r.page, sizeof(status), &status, sizeof(status));
	g_assert_cmpuint(status.irq_index, >=, VFIO_PCI_NUM_IRQS);
	g_assert_cmpint(ioctl(f->r.v.device, VFIO_DEVICE_GET_IRQ_INFO, &info), ==, 0);
	g_assert_cmpuint(info.count, ==, 1);
	g_assert_true(info.flags & VFIO_IRQ_INFO_EVENTFD);
	info.index++;
	g_assert_cmpint(ioctl(f->r.v.device, VFIO_DEVICE_GET_IRQ_INFO, &info), ==, -1);
	info.index = VFIO_PCI_INTX_IRQ_INDEX;
	g_assert_cmpint(ioctl(f->r.v.device, VFIO_DEVICE_GET_IRQ_INFO, &info), ==, 0);
	g_assert_cmpuint(info.count, ==, 0);
}

static void test_irq_arguments(struct fixture *f, gconstpointer type)
{
	struct vfio_irq_set none = {.argsz = sizeof(none),
				    .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
				    .index = f->r.page->irq_index,
				    .count = 1};

	listen_irq(f);
	/* A test signal. */
	g_assert_cmpint(ioctl(f->r.v.device, VFIO_DEVICE_SET_IRQS, &none), ==, 0);
	g_assert_true(fired(f->r.irq, 0));
	none.count = 0;
	g_assert_cmpint(ioctl(f->r.v.device, VFIO_DEVICE_SET_IRQS, &none), ==, 0);
	guest_mode(&f->r.v, 640, 480);
	g_assert_false(fired(f->r.irq, 2 * FRAME_MS));
	none.index = 77;
	g_assert_cmpint(ioctl(f->r.v.device, VFIO_DEVICE_SET_IRQS, &none), ==, -1);
	none.index = VFIO_PCI_MSI_IRQ_INDEX;
	none.count = 1;
	g_assert_cmpint(ioctl(f->r.v.device, VFIO_DEVICE_SET_IRQS, &none), ==, -1);
	g_assert_cmpint(vgpu_set_irq(&f->r.v, f->r.page->irq_index, -1), ==, 0);
	g_assert_cmpint(vgpu_set_irq(&f->r.v, f->r.page->irq_index, -2), ==, -EINVAL);
	/* Not an eventfd. */
	g_assert_cmpint(vgpu_set_irq(&f->r.v, f->r.page->irq_index, f->r.v.device), ==, -EINVAL);
	none.index = f->r.page->irq_index;
	none.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK;
	g_assert_cmpint(ioctl(f->r.v.device, VFIO_DEVICE_SET_IRQS, &none), ==, -1);
}

static void test_flip(struct fixture *f, gconstpointer type)
{
	uint64_t flips;

	listen_irq(f);
	guest_mode(&f->r.v, 1024, 768);
	g_assert_true(fired(f->r.irq, 0));
	g_usleep(FRAME_MS * 1000);
	fired(f->r.irq, 0);
	flips = f->r.page->flip_count;
	guest_flip(&f->r.v, 1024, 4 * MIB);
	g_assert_true(fired(f->r.irq, 0));
	g_assert_cmpuint(f->r.page->flip_count, ==, flips + 1);
	g_assert_cmpuint(f->r.page->plane.offset, ==, 4 * MIB);
	g_assert_cmpint(g_get_monotonic_time() * 1000 - (gint64)f->r.page->flip_time_ns, <,
			1000000000);
	/* In place: the address is the same, the guest says it is done. */
	g_usleep(FRAME_MS * 1000);
	guest_flip(&f->r.v, 1024, 4 * MIB);
	g_assert_true(fired(f->r.irq, 0));
	g_usleep(FRAME_MS * 1000);
	guest_blank(&f->r.v, true);
	g_assert_true(fired(f->r.irq, 0));
	g_assert_cmpuint(f->r.page->plane.drm_format, ==, 0);
	g_assert_false(fired(f->r.irq, 3 * FRAME_MS));
}

/* A guest that flips as fast as it can: the consumer hears of it a few times a frame, and of the
 * last. */
static void test_flood(struct fixture *f, gconstpointer type)
{
	gint64 end = g_get_monotonic_time() + 500000;
	unsigned int flips = 0, signals = 0;
	gint64 began = g_get_monotonic_time(), took;

	guest_mode(&f->r.v, 640, 480);
	listen_irq(f);
	while (g_get_monotonic_time() < end) {
		guest_flip(&f->r.v, 640, flips++ % 2 ? MIB * 2 : 0);
		signals += fired(f->r.irq, 0);
	}
	took = g_get_monotonic_time() - began;
	guest_flip(&f->r.v, 640, 12 * MIB);
	g_assert_true(fired(f->r.irq, 1000));
	g_assert_cmpuint(f->r.page->plane.offset, ==, 12 * MIB);
	g_test_message("%u flips, %u signals in %d ms", flips, signals, (int)(took / 1000));
	g_assert_cmpuint(flips, >=, signals);
	g_assert_cmpint(signals, <=, took / (16667 / 4) + 2);
}

static void test_lone_offset(struct fixture *f, gconstpointer type)
{
	guest_mode(&f->r.v, 1024, 768);
	listen_irq(f);
	vgpu_write(&f->r.v, VFIO_PCI_BAR2_REGION_INDEX, 0x510, 1024, 2);
	g_assert_true(fired(f->r.irq, 1000));
	g_assert_cmpuint(f->r.page->plane.offset, ==, 4096);
}

static void test_damage(struct fixture *f, gconstpointer type)
{
	guest_mode(&f->r.v, 1024, 768);
	f->r.vram[0] = 1;
	track(f, true);
	g_assert_cmpuint(vgpu_read(&f->r.v, f->r.gfx_index, f->r.page->control_offset, 4), ==,
			 VFIO_GFX_CONTROL_DAMAGE);
	g_assert_cmpuint(harvest(f), ==, f->damage.tiles_x * f->damage.tiles_y);
	g_assert_true(f->damage.flags & VFIO_GFX_DAMAGE_ALL);
	g_assert_true(f->damage.flags & VFIO_GFX_DAMAGE_TRACKING);
	g_assert_cmpuint(f->damage.plane.width, ==, 1024);
	g_assert_cmpuint(harvest(f), ==, 0);
	g_assert_cmpuint(f->damage.generation, ==, f->r.page->damage_generation);

	for (unsigned int round = 0; round < 3; round++) {
		f->r.vram[100 * 1024 + 10] = round;
		g_assert_cmpuint(f->r.page->damage_generation, ==, f->damage.generation + 1);
		f->r.vram[700 * 1024 + 1000] = round;
		f->r.vram[700 * 1024 + 1001] = round;
		/* A line of this mode is one page: the row of tiles. */
		g_assert_cmpuint(harvest(f), ==, 32);
		g_assert_false(f->damage.flags & VFIO_GFX_DAMAGE_ALL);
		g_assert_true(tile(f, 10, 100));
		g_assert_true(tile(f, 1000, 700));
		g_assert_false(tile(f, 10, 90));
	}
	/* Reading is not writing; nor is what lies outside of the plane. */
	g_assert_cmphex(f->r.vram[100 * 1024 + 10], ==, 2);
	f->r.vram[800 * 1024] = 1;
	g_assert_cmpuint(harvest(f), ==, 0);
	/* What the VMM writes for the guest is the guest's. */
	vgpu_write(&f->r.v, VFIO_PCI_BAR0_REGION_INDEX, 4096 * 5, 1, 4);
	g_assert_cmpuint(harvest(f), ==, 16);
}

static void test_damage_irq(struct fixture *f, gconstpointer type)
{
	guest_mode(&f->r.v, 1024, 768);
	track(f, true);
	harvest(f);
	listen_irq(f);
	g_assert_false(fired(f->r.irq, 3 * FRAME_MS));
	f->r.vram[0] = 1;
	g_assert_true(fired(f->r.irq, 1000));
	/* Once, until somebody harvests. */
	f->r.vram[50 * 1024] = 1;
	g_assert_false(fired(f->r.irq, 5 * FRAME_MS));
	g_assert_cmpuint(harvest(f), ==, 32);
	f->r.vram[0] = 2;
	g_assert_true(fired(f->r.irq, 1000));
	harvest(f);
	/* Off: writes are nobody's business. */
	track(f, false);
	f->r.vram[0] = 3;
	g_assert_false(fired(f->r.irq, 3 * FRAME_MS));
	g_assert_cmpuint(harvest(f), ==, 1);
	g_assert_true(f->damage.flags & VFIO_GFX_DAMAGE_ALL);
	g_assert_false(f->damage.flags & VFIO_GFX_DAMAGE_TRACKING);
}

static void test_look(struct fixture *f, gconstpointer type)
{
	struct vfio_gfx_damage look;
	off_t at = (off_t)(f->r.gfx.offset + f->r.page->damage_offset);

	guest_mode(&f->r.v, 1024, 768);
	track(f, true);
	harvest(f);
	f->r.vram[0] = 1;
	g_assert_cmpint(pread(f->r.v.device, &look, sizeof(look), at), ==, sizeof(look));
	g_assert_false(look.flags & VFIO_GFX_DAMAGE_HARVESTED);
	g_assert_cmpuint(look.bitmap_size, ==, 16 * 48 / 8);
	g_assert_cmpint(pread(f->r.v.device, &look, 20, at), ==, 20);
	g_assert_cmpuint(harvest(f), ==, 16);
	g_assert_cmpint(pread(f->r.v.device, &look, sizeof(look), at + 8), ==, -1);
}

static void test_two_buffers(struct fixture *f, gconstpointer type)
{
	guest_mode(&f->r.v, 1024, 768);
	track(f, true);
	harvest(f);
	guest_flip(&f->r.v, 1024, 4 * MIB);
	g_assert_cmpuint(harvest(f), ==, 16 * 48);
	/* A blank and back: the whole picture once, then quiet. */
	guest_blank(&f->r.v, true);
	g_assert_cmpuint(harvest(f), ==, 0);
	g_assert_cmpuint(f->damage.tiles_x, ==, 0);
	guest_blank(&f->r.v, false);
	g_assert_cmpuint(harvest(f), ==, 16 * 48);
	f->r.vram[0] = 5; /* the buffer that isn't shown */
	g_assert_cmpuint(harvest(f), ==, 0);
}

/*
 * A writer that never stops, in another process, and a viewer that copies the tiles named: when the
 * writer has stopped, one more harvest must leave the viewer with the writer's picture.
 */
static void test_no_write_is_lost(struct fixture *f, gconstpointer type)
{
	enum { W = 1024, H = 256 };
	g_autofree uint32_t *viewer = g_new0(uint32_t, W * H);
	unsigned int harvests = 0, some = 0;
	int status = 0;
	pid_t writer;
	bool running = true;

	guest_mode(&f->r.v, W, H);
	track(f, true);
	writer = fork();
	if (writer == 0) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(5);

		/* A while here, a while there, as text that scrolls in one window of several. */
		for (uint32_t i = 1; i < 400000; i++) {
			uint32_t line = i / 2000 * 37 % (H - 8);

			f->r.vram[line * W + (uint32_t)g_rand_int_range(rand, 0, 8 * W)] = i;
			if (i % 200 == 0) {
				sched_yield();
			}
		}
		_exit(0);
	}
	while (running) {
		running = waitpid(writer, &status, WNOHANG) == 0;
		some += harvest(f) < 16 * H / 16;
		harvests++;
		for (unsigned int px = 0; px < W * H; px += 64) {
			if (tile(f, px % W, px / W)) {
				memcpy(viewer + px, (const void *)(f->r.vram + px), 64 * 4);
			}
		}
	}
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpmem(viewer, W * H * 4, (const void *)f->r.vram, W * H * 4);
	g_test_message("%u harvests, %u of part of the picture", harvests, some);
	g_assert_cmpuint(some, >, 2);
}

static void test_vblank(struct fixture *f, gconstpointer type)
{
	struct vfio_gfx_status status = vgpu_status(&f->r.v);
	uint64_t period = status.vblank_period_ns;
	gint64 began = g_get_monotonic_time();
	unsigned int retraces = 0;
	bool was = false;
	uint64_t count, late;

	g_assert_cmpuint(period, >, 16000000);
	g_assert_cmpuint(period, <, 17000000);
	while (g_get_monotonic_time() - began < 500000) {
		bool now = vgpu_read(&f->r.v, VFIO_PCI_BAR2_REGION_INDEX, 0x41a, 1) & 8;

		retraces += now && !was;
		was = now;
	}
	count = ((uint64_t)g_get_monotonic_time() - (uint64_t)began) * 1000 / period;
	/* This process may have slept through some. */
	g_assert_cmpuint(retraces, <=, count + 1);
	g_assert_cmpuint(retraces, >=, count / 10);
	/* The damage interrupt comes at a vblank. */
	guest_mode(&f->r.v, 640, 480);
	track(f, true);
	harvest(f);
	listen_irq(f);
	f->r.vram[0] = 1;
	g_assert_true(fired(f->r.irq, 1000));
	late = ((uint64_t)g_get_monotonic_time() * 1000 - status.vblank_epoch_ns) % period;
	g_test_message("%u retraces of %u, interrupt %u us after its vblank", retraces,
		       (unsigned int)count, (unsigned int)(late / 1000));
}

static void test_close_forgets(struct fixture *f, gconstpointer type)
{
	guest_mode(&f->r.v, 1024, 768);
	track(f, true);
	listen_irq(f);
	rig_unmap(&f->r);
	vgpu_close(&f->r.v);
	vgpu_open(&f->r.v);
	rig_map(&f->r);
	fired(f->r.irq, 0);
	guest_mode(&f->r.v, 640, 480);
	f->r.vram[0] = 1;
	g_assert_false(fired(f->r.irq, 3 * FRAME_MS));
	g_assert_cmpuint(vgpu_read(&f->r.v, f->r.gfx_index, f->r.page->control_offset, 4), ==, 0);
	g_assert_cmpuint(f->r.page->damage_generation, ==, 0);
}

static void test_control(struct fixture *f, gconstpointer type)
{
	off_t at = (off_t)(f->r.gfx.offset + f->r.page->control_offset);
	uint32_t value = 8;

	g_assert_cmpint(pwrite(f->r.v.device, &value, 4, at), ==, -1);
	g_assert_cmpint(errno, ==, EINVAL);
	value = 1;
	g_assert_cmpint(pwrite(f->r.v.device, &value, 2, at), ==, -1);
	g_assert_cmpint(pwrite(f->r.v.device, &value, 4, at + 4), ==, -1);
	g_assert_cmpint(pwrite(f->r.v.device, &value, 4, (off_t)f->r.gfx.offset), ==, -1);
	track(f, true);
	track(f, true);
	track(f, false);
	track(f, false);
}

#define ADD(name, func) g_test_add(name, struct fixture, "bochs-16", set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/module/events/the-extension-is-found-by-its-type", test_found);
	ADD("/module/events/bad-interrupt-arguments-are-refused", test_irq_arguments);
	ADD("/module/events/a-flip-fires-at-once", test_flip);
	ADD("/module/events/a-flood-of-flips-is-merged", test_flood);
	ADD("/module/events/a-lone-offset-fires-after-a-frame", test_lone_offset);
	ADD("/module/events/damage-names-the-tiles-written", test_damage);
	ADD("/module/events/drawing-in-place-fires-once-a-harvest", test_damage_irq);
	ADD("/module/events/a-look-harvests-nothing", test_look);
	ADD("/module/events/damage-follows-flips-and-blanks", test_two_buffers);
	ADD("/module/events/no-write-of-a-busy-guest-is-lost", test_no_write_is_lost);
	ADD("/module/events/vblanks-keep-time-without-a-timer", test_vblank);
	ADD("/module/events/closing-forgets-the-listener", test_close_forgets);
	ADD("/module/events/control-takes-what-it-knows", test_control);
	return g_test_run();
}
