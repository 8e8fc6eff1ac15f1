// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots of linux/vfio_gfx.h: whole pictures in memory that the guest can't reach. */
#include <drm_fourcc.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpu.h"

#define MIB    (1u << 20)
#define WIDTH  1024u
#define HEIGHT 768u
#define PIXELS (WIDTH * HEIGHT)
/* The two buffers of a guest that swaps. */
#define FRONT 0u
#define BACK  (4 * MIB)

struct fixture {
	struct rig r; /* first */
	uint32_t *vram;
	struct vfio_gfx_snapshot head; /* as it is before anything is requested */
	const uint32_t *slots[8];
};

static void map_slots(struct fixture *f)
{
	f->head = vgpu_snapshot(&f->r.v);
	g_assert_cmpuint(f->head.slots, >=, 2);
	g_assert_cmpuint(f->head.slots, <=, G_N_ELEMENTS(f->slots));
	for (uint32_t i = 0; i < f->head.slots; i++) {
		f->slots[i] = mmap(NULL, f->head.slot_size, PROT_READ, MAP_SHARED, f->r.v.device,
				   (off_t)(f->r.gfx.offset + f->head.area_offset +
					   i * f->head.slot_size));
		g_assert_true(f->slots[i] != MAP_FAILED);
	}
}

static void unmap_slots(struct fixture *f)
{
	for (uint32_t i = 0; i < f->head.slots; i++) {
		munmap((void *)f->slots[i], f->head.slot_size);
	}
}

static void control(struct fixture *f, uint32_t bits)
{
	rig_control(&f->r, bits);
}

static void set_up(struct fixture *f, gconstpointer type)
{
	rig_set_up(&f->r, type);
	f->vram = (uint32_t *)f->r.vram;
	map_slots(f);
	control(f, VFIO_GFX_CONTROL_SNAPSHOT);
}

static void tear_down(struct fixture *f, gconstpointer type)
{
	unmap_slots(f);
	rig_tear_down(&f->r);
}

static void fill(uint32_t *at, uint32_t colour)
{
	for (uint32_t i = 0; i < PIXELS; i++) {
		at[i] = colour;
	}
}

/* A snapshot that must become one. */
static struct vfio_gfx_snapshot taken(struct fixture *f, uint32_t slot)
{
	struct vfio_gfx_snapshot told;

	g_assert_cmpint(vgpu_snapshot_request(&f->r.v, slot), ==, 0);
	told = vgpu_snapshot_wait(&f->r.v);
	g_assert_cmpuint(told.state, ==, VFIO_GFX_SNAPSHOT_COMPLETE);
	g_assert_cmpuint(told.slot, ==, slot);
	return told;
}

static bool one_colour(const uint32_t *at, uint32_t *colour)
{
	*colour = at[0];
	for (uint32_t i = 1; i < PIXELS; i++) {
		if (at[i] != *colour) {
			return false;
		}
	}
	return true;
}

static void test_found(struct fixture *f, gconstpointer type)
{
	struct vfio_gfx_status s = vgpu_status(&f->r.v);

	g_assert_true(s.caps & VFIO_GFX_CAP_SNAPSHOT);
	g_assert_cmpuint(s.snapshot_state, ==, VFIO_GFX_SNAPSHOT_IDLE);
	g_assert_cmpuint(s.snapshot_count, ==, 0);
	g_assert_cmpuint(f->head.size, ==, sizeof(f->head));
	g_assert_cmpuint(f->head.state, ==, VFIO_GFX_SNAPSHOT_IDLE);
	g_assert_cmpuint(f->head.slot_size % 4096, ==, 0);
	g_assert_cmpuint(f->head.slot_size, >=, 16 * MIB);
	g_assert_cmpuint(f->r.gfx.areas, ==, 2);
	g_assert_cmpuint(f->r.gfx.size, >=, f->head.area_offset + f->head.slots * f->head.slot_size);
	g_assert_cmpuint(vgpu_read(&f->r.v, f->r.gfx_index, s.control_offset, 4), ==,
			 VFIO_GFX_CONTROL_SNAPSHOT);
}

static void test_still(struct fixture *f, gconstpointer type)
{
	struct vfio_gfx_snapshot told;
	uint32_t colour;

	g_assert_cmpint(vgpu_set_irq(&f->r.v, f->r.page->irq_index, f->r.irq), ==, 0);
	guest_mode(&f->r.v, WIDTH, HEIGHT);
	for (uint32_t i = 0; i < PIXELS; i++) {
		f->vram[i] = i * 7;
	}
	g_usleep(50000);
	fired(f->r.irq, 0);
	told = taken(f, 1);
	g_assert_true(fired(f->r.irq, 0));
	g_assert_cmpuint(told.tries, ==, 1);
	g_assert_cmpuint(told.reason, ==, 0);
	g_assert_cmphex(told.plane.drm_format, ==, DRM_FORMAT_XRGB8888);
	g_assert_cmpuint(told.plane.width, ==, WIDTH);
	g_assert_cmpuint(told.plane.height, ==, HEIGHT);
	g_assert_cmpuint(told.plane.stride, ==, WIDTH * 4);
	g_assert_cmpuint(told.plane.offset, ==, 0);
	g_assert_cmpuint(told.plane.size, ==, PIXELS * 4);
	g_assert_cmpuint(told.flip_count, ==, f->r.page->flip_count);
	g_assert_cmpuint(told.flip_time_ns, ==, f->r.page->flip_time_ns);
	g_assert_cmpuint(told.plane.id, ==, f->r.page->plane.id);
	g_assert_cmpuint(f->r.page->snapshot_count, ==, 1);
	g_assert_cmpuint(f->r.page->snapshot_state, ==, VFIO_GFX_SNAPSHOT_COMPLETE);
	g_assert_cmpmem(f->slots[1], PIXELS * 4, f->vram, PIXELS * 4);
	/* Behind the picture there is nothing, and in the other slots. */
	g_assert_cmpuint(f->slots[1][PIXELS], ==, 0);
	g_assert_cmpuint(f->slots[1][f->head.slot_size / 4 - 1], ==, 0);
	g_assert_cmpuint(f->slots[0][0], ==, 0);
	/* Whatever the guest does from here on. */
	fill(f->vram, 3);
	guest_flip(&f->r.v, WIDTH, BACK);
	guest_mode(&f->r.v, 640, 480);
	guest_blank(&f->r.v, true);
	g_assert_cmpint(ioctl(f->r.v.device, VFIO_DEVICE_RESET), ==, 0);
	for (uint32_t i = 0; i < PIXELS; i++) {
		g_assert_cmpuint(f->slots[1][i], ==, i * 7);
	}
	/* The next request takes that slot, or another. */
	guest_mode(&f->r.v, WIDTH, HEIGHT);
	fill(f->vram, 5);
	taken(f, 0);
	g_assert_true(one_colour(f->slots[0], &colour));
	g_assert_cmpuint(colour, ==, 5);
	g_assert_cmpuint(f->slots[1][1], ==, 7);
	taken(f, 1);
	g_assert_cmpuint(f->slots[1][1], ==, 5);
	g_test_message("a copy of 3 MiB took %u us", (unsigned int)(told.copy_ns / 1000));
}

/* Panned by a line and three pixels: within a page. */
static void test_offset(struct fixture *f, gconstpointer type)
{
	struct vfio_gfx_snapshot told;

	control(f, VFIO_GFX_CONTROL_SNAPSHOT | VFIO_GFX_CONTROL_SOURCE);
	guest_mode(&f->r.v, 800, 600);
	guest_flip(&f->r.v, 800, 800 * 4 + 12);
	for (uint32_t i = 0; i < PIXELS; i++) {
		f->vram[i] = i;
	}
	told = taken(f, 0);
	g_assert_cmpuint(told.plane.offset, ==, 800 * 4 + 12);
	g_assert_cmpuint(told.plane.offset + 800ull * 4 * 599 + 800 * 4, <=, told.plane.size);
	g_assert_cmpuint(f->slots[0][told.plane.offset / 4], ==, 803);
	g_assert_cmpuint(f->slots[0][told.plane.offset / 4 + 599 * 800 + 799], ==, 803 + 479999);
}

static void test_off(struct fixture *f, gconstpointer type)
{
	struct vfio_gfx_snapshot told;

	g_assert_cmpint(vgpu_snapshot_request(&f->r.v, 0), ==, 0);
	told = vgpu_snapshot_wait(&f->r.v);
	g_assert_cmpuint(told.state, ==, VFIO_GFX_SNAPSHOT_FAILED);
	g_assert_cmpuint(told.reason, ==, VFIO_GFX_SNAPSHOT_OFF);
	g_assert_cmpuint(told.plane.off_reason, ==, VFIO_GFX_OFF_NEVER_SET);
	guest_mode(&f->r.v, WIDTH, HEIGHT);
	guest_blank(&f->r.v, true);
	g_assert_cmpint(vgpu_snapshot_request(&f->r.v, 0), ==, 0);
	told = vgpu_snapshot_wait(&f->r.v);
	g_assert_cmpuint(told.reason, ==, VFIO_GFX_SNAPSHOT_OFF);
	g_assert_cmpuint(told.plane.off_reason, ==, VFIO_GFX_OFF_BLANKED);
	g_assert_cmpuint(f->r.page->snapshot_count, ==, 2);
}

static int request_bytes(struct fixture *f, uint64_t at, const void *data, size_t size)
{
	off_t offset = (off_t)(f->r.gfx.offset + f->r.page->snapshot_offset + at);

	return pwrite(f->r.v.device, data, size, offset) == (ssize_t)size ? 0 : -errno;
}

static void test_bad_input(struct fixture *f, gconstpointer type)
{
	uint64_t at = offsetof(struct vfio_gfx_snapshot, state);
	off_t area = (off_t)(f->r.gfx.offset + f->head.area_offset);
	off_t area_size = (off_t)(f->head.slots * f->head.slot_size);
	uint32_t value[2] = {VFIO_GFX_SNAPSHOT_REQUEST, 0};
	struct vfio_gfx_snapshot told;

	guest_mode(&f->r.v, WIDTH, HEIGHT);
	g_assert_cmpint(request_bytes(f, at, value, 4), ==, -EINVAL);
	g_assert_cmpint(request_bytes(f, at + 4, value, 8), ==, -EINVAL);
	g_assert_cmpint(request_bytes(f, 0, value, 8), ==, -EINVAL);
	value[1] = f->head.slots;
	g_assert_cmpint(request_bytes(f, at, value, 8), ==, -EINVAL);
	value[1] = 0;
	for (value[0] = 0; value[0] < 9; value[0]++) {
		if (value[0] != VFIO_GFX_SNAPSHOT_REQUEST) {
			g_assert_cmpint(request_bytes(f, at, value, 8), ==, -EINVAL);
		}
	}
	g_assert_cmpint(pread(f->r.v.device, &told, sizeof(told),
			      (off_t)(f->r.gfx.offset + f->r.page->snapshot_offset + sizeof(told))),
			==, -1);
	g_assert_cmpint(pwrite(f->r.v.device, value, 4, area), ==, -1);
	g_assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f->r.v.device, area) ==
		      MAP_FAILED);
	g_assert_true(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, f->r.v.device, area) == MAP_FAILED);
	g_assert_true(mmap(NULL, 4096, PROT_READ, MAP_SHARED, f->r.v.device, area - 4096) ==
		      MAP_FAILED);
	g_assert_true(mmap(NULL, 8192, PROT_READ, MAP_SHARED, f->r.v.device,
			   area + area_size - 4096) == MAP_FAILED);
	g_assert_true(mmap(NULL, 4096, PROT_READ, MAP_SHARED, f->r.v.device, area + area_size) ==
		      MAP_FAILED);
	g_assert_cmpint(mprotect((void *)f->slots[0], 4096, PROT_READ | PROT_WRITE), ==, -1);
	g_assert_cmpuint(f->r.page->snapshot_count, ==, 0);
	control(f, 0);
	g_assert_cmpint(vgpu_snapshot_request(&f->r.v, 0), ==, -EINVAL);
}

/* One at a time: of two requests the second is refused, or the first is through. */
static void test_busy(struct fixture *f, gconstpointer type)
{
	unsigned int refused = 0, made = 0;

	guest_mode(&f->r.v, WIDTH, HEIGHT);
	for (unsigned int i = 0; i < 300; i++) {
		int err = vgpu_snapshot_request(&f->r.v, i % f->head.slots);

		g_assert_true(err == 0 || err == -EBUSY);
		refused += err != 0;
		made += err == 0;
	}
	vgpu_snapshot_wait(&f->r.v);
	g_assert_cmpuint(f->r.page->snapshot_count, ==, made);
	g_test_message("%u made, %u refused", made, refused);
}

/* Memory is taken when a slot is used, counts against the module's limit, and is given back. */
static void test_memory(struct fixture *f, gconstpointer type)
{
	const char *limit = "/sys/module/oriel_gvt/parameters/memory_mib";
	g_autofree char *was = sysfs_read(limit);
	unsigned int before;

	/* this vGPU, and one more to be had */
	g_assert_cmpint(sysfs_write(limit, "34"), ==, 0);
	before = vgpu_available("bochs-16");
	g_assert_cmpuint(before, ==, 1);
	guest_mode(&f->r.v, WIDTH, HEIGHT);
	taken(f, 0);
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, 0);
	g_assert_cmpuint(f->slots[0][0], ==, f->vram[0]);
	/* A smaller picture gives back what it doesn't need; 1 MiB now. */
	guest_mode(&f->r.v, 512, 512);
	taken(f, 0);
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, 1);
	guest_mode(&f->r.v, 2048, 1024);
	taken(f, 0);
	taken(f, 1);
	/* 18 MiB are left over, 16 are taken. */
	g_assert_cmpint(vgpu_snapshot_request(&f->r.v, 2), ==, -ENOSPC);
	taken(f, 1);
	fill(f->vram, 77);
	taken(f, 0);
	g_assert_cmpuint(f->slots[0][9], ==, 77);
	control(f, 0);
	/* Nothing is left of it, and no signal for who reads on. */
	g_assert_cmpuint(f->slots[0][9], ==, 0);
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, 1);
	g_assert_cmpuint(f->r.page->snapshot_state, ==, VFIO_GFX_SNAPSHOT_IDLE);
	control(f, VFIO_GFX_CONTROL_SNAPSHOT);
	taken(f, 2);
	g_assert_cmpuint(f->slots[2][9], ==, 77);
	g_assert_cmpint(sysfs_write(limit, was), ==, 0);
}

/* ---- a guest that never stops ---- */

struct flipper {
	struct fixture *f;
	gint stop;
	uint32_t frames;
};

/* Draws the next picture, one colour, into the buffer that isn't shown, and flips. */
static gpointer flip_on(gpointer data)
{
	struct flipper *flipper = data;
	struct fixture *f = flipper->f;

	while (!g_atomic_int_get(&flipper->stop)) {
		uint32_t frame = flipper->frames + 1;
		uint32_t at = frame % 2 ? BACK : FRONT;

		fill(f->vram + at / 4, frame);
		guest_flip(&f->r.v, WIDTH, at);
		g_atomic_int_set((gint *)&flipper->frames, (gint)frame);
	}
	return NULL;
}

static void test_whole(struct fixture *f, gconstpointer type)
{
	const char *seconds = g_getenv("VGPU_SECONDS");
	struct flipper flipper = {.f = f};
	gint64 end = g_get_monotonic_time() +
		     (seconds ? g_ascii_strtoll(seconds, NULL, 10) : 4) * G_USEC_PER_SEC;
	unsigned int whole = 0, mixed = 0, failed = 0, tries = 0, read_mixed = 0, looks = 0;
	g_autofree uint32_t *copy = g_new(uint32_t, PIXELS);
	uint32_t colour, last = 0;
	uint64_t copy_ns = 0;
	GThread *thread;

	guest_mode(&f->r.v, WIDTH, HEIGHT);
	fill(f->vram, 0);
	thread = g_thread_new("guest", flip_on, &flipper);
	for (uint32_t slot = 0; g_get_monotonic_time() < end; slot = (slot + 1) % f->head.slots) {
		struct vfio_gfx_snapshot told;

		g_assert_cmpint(vgpu_snapshot_request(&f->r.v, slot), ==, 0);
		told = vgpu_snapshot_wait(&f->r.v);
		tries += told.tries;
		if (told.state == VFIO_GFX_SNAPSHOT_COMPLETE) {
			/* a reader in no hurry: the guest goes on meanwhile */
			g_usleep(2000);
			mixed += !one_colour(f->slots[slot], &colour);
			g_assert_cmpuint(colour, >=, last);
			last = colour;
			whole++;
			copy_ns += told.copy_ns;
		} else {
			g_assert_cmpuint(told.reason, ==, VFIO_GFX_SNAPSHOT_FLIPS);
			failed++;
		}
		/* And as a reader sees it that doesn't ask for snapshots. */
		memcpy(copy, f->vram + f->r.page->plane.offset / 4, PIXELS * 4);
		read_mixed += !one_colour(copy, &colour);
		looks++;
	}
	g_atomic_int_set(&flipper.stop, 1);
	g_thread_join(thread);
	g_test_message("%u frames of the guest; %u snapshots, %u mixed, %u given up, %u tries, "
		       "%u us a copy; without: %u of %u mixed", flipper.frames, whole, mixed,
		       failed, tries, (unsigned int)(copy_ns / 1000 / MAX(whole, 1)), read_mixed,
		       looks);
	g_assert_cmpuint(mixed, ==, 0);
	g_assert_cmpuint(whole, >, 3);
	taken(f, 0);
	g_assert_true(one_colour(f->slots[0], &colour));
	g_assert_cmpuint(colour, ==, flipper.frames);
}

/* Modes of all sizes while snapshots are made: what is told fits, whatever comes of it. */
static gpointer change_modes(gpointer data)
{
	struct flipper *flipper = data;

	while (!g_atomic_int_get(&flipper->stop)) {
		uint32_t frame = flipper->frames++;

		guest_mode(&flipper->f->r.v, (uint16_t)(64 + frame * 97 % 1400),
			   (uint16_t)(64 + frame * 61 % 1000));
		if (frame % 7 == 0) {
			guest_blank(&flipper->f->r.v, true);
		}
		g_usleep(frame % 11 * 300);
	}
	return NULL;
}

static void test_modes(struct fixture *f, gconstpointer type)
{
	struct flipper flipper = {.f = f};
	gint64 end = g_get_monotonic_time() + 2 * G_USEC_PER_SEC;
	unsigned int states[4] = {0}, reasons[4] = {0};
	GThread *thread = g_thread_new("guest", change_modes, &flipper);

	for (uint32_t slot = 0; g_get_monotonic_time() < end; slot = (slot + 1) % f->head.slots) {
		struct vfio_gfx_snapshot told;
		int err = vgpu_snapshot_request(&f->r.v, slot);

		g_assert_cmpint(err, ==, 0);
		told = vgpu_snapshot_wait(&f->r.v);
		g_assert_cmpuint(told.state, <, G_N_ELEMENTS(states));
		g_assert_cmpuint(told.reason, <, G_N_ELEMENTS(reasons));
		states[told.state]++;
		reasons[told.reason]++;
		if (told.state == VFIO_GFX_SNAPSHOT_COMPLETE) {
			g_assert_cmpuint(told.plane.stride, >=, told.plane.width * 4);
			g_assert_cmpuint(told.plane.offset +
						 (uint64_t)told.plane.stride * told.plane.height,
					 <=, told.plane.size);
			g_assert_cmpuint(told.plane.size, <=, f->head.slot_size);
			g_assert_cmpuint(f->slots[slot][told.plane.size / 4 - 1], !=, 1);
		}
	}
	g_atomic_int_set(&flipper.stop, 1);
	g_thread_join(thread);
	g_test_message("%u modes; complete %u, off %u, another mode %u, too many flips %u",
		       flipper.frames, states[VFIO_GFX_SNAPSHOT_COMPLETE],
		       reasons[VFIO_GFX_SNAPSHOT_OFF], reasons[VFIO_GFX_SNAPSHOT_CHANGED],
		       reasons[VFIO_GFX_SNAPSHOT_FLIPS]);
	g_assert_cmpuint(states[VFIO_GFX_SNAPSHOT_COMPLETE], >, 0);
}

/* ---- ends ---- */

static gpointer request_on(gpointer data)
{
	struct flipper *flipper = data;
	struct fixture *f = flipper->f;

	while (!g_atomic_int_get(&flipper->stop)) {
		int err = vgpu_snapshot_request(&f->r.v, flipper->frames++ % f->head.slots);

		g_assert_true(err == 0 || err == -EBUSY || err == -EINVAL);
		(void)*(const volatile uint32_t *)f->slots[flipper->frames % f->head.slots];
	}
	return NULL;
}

/* On and off while others ask and read. */
static void test_switched(struct fixture *f, gconstpointer type)
{
	struct flipper users[2] = {{.f = f}, {.f = f}};
	GThread *threads[2];

	guest_mode(&f->r.v, WIDTH, HEIGHT);
	for (unsigned int i = 0; i < 2; i++) {
		threads[i] = g_thread_new("user", request_on, &users[i]);
	}
	for (unsigned int i = 0; i < 300; i++) {
		control(f, i % 2 ? VFIO_GFX_CONTROL_SNAPSHOT : 0);
		guest_flip(&f->r.v, WIDTH, i % 2 ? BACK : FRONT);
		if (i % 10 == 0) {
			g_usleep(3000);
		}
	}
	for (unsigned int i = 0; i < 2; i++) {
		g_atomic_int_set(&users[i].stop, 1);
		g_thread_join(threads[i]);
	}
	control(f, VFIO_GFX_CONTROL_SNAPSHOT);
	vgpu_snapshot_wait(&f->r.v);
	taken(f, 0);
}

/* Closing with a request on; the next user finds nothing of it. */
static void test_closed(struct fixture *f, gconstpointer type)
{
	for (unsigned int i = 0; i < 20; i++) {
		guest_mode(&f->r.v, WIDTH, HEIGHT);
		fill(f->vram, 9);
		taken(f, 0);
		g_assert_cmpint(vgpu_snapshot_request(&f->r.v, 1), ==, 0);
		unmap_slots(f);
		rig_unmap(&f->r);
		vgpu_close(&f->r.v);
		vgpu_open(&f->r.v);
		rig_map(&f->r);
		f->vram = (uint32_t *)f->r.vram;
		map_slots(f);
		g_assert_cmpuint(f->r.page->snapshot_count, ==, 0);
		g_assert_cmpuint(f->head.state, ==, VFIO_GFX_SNAPSHOT_IDLE);
		g_assert_cmpuint(f->slots[0][0], ==, 0);
		g_assert_cmpint(vgpu_snapshot_request(&f->r.v, 0), ==, -EINVAL);
		control(f, VFIO_GFX_CONTROL_SNAPSHOT);
	}
}

static void test_killed(void)
{
	struct fixture f = {0};
	unsigned int before = vgpu_available("bochs-16");

	vgpu_create(&f.r.v, "bochs-16");
	for (unsigned int i = 0; i < 5; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			struct flipper user = {.f = &f};

			vgpu_open(&f.r.v);
			rig_map(&f.r);
			map_slots(&f);
			control(&f, VFIO_GFX_CONTROL_SNAPSHOT);
			guest_mode(&f.r.v, WIDTH, HEIGHT);
			request_on(&user);
		}
		g_usleep(100000);
		kill(child, SIGKILL);
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
		g_assert_true(WIFSIGNALED(status));
	}
	vgpu_remove(&f.r.v);
	g_assert_cmpuint(vgpu_available("bochs-16"), ==, before);
}

#define ADD(name, type, func) g_test_add(name, struct fixture, type, set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/module/snapshot/is-told-of", "bochs-16", test_found);
	ADD("/module/snapshot/stays-whatever-the-guest-does", "bochs-16", test_still);
	ADD("/module/snapshot/stays-of-a-region-type-too", "region-16", test_still);
	ADD("/module/snapshot/may-begin-within-a-page", "bochs-16", test_offset);
	ADD("/module/snapshot/of-an-off-plane-says-why", "bochs-16", test_off);
	ADD("/module/snapshot/bad-input-is-refused", "bochs-16", test_bad_input);
	ADD("/module/snapshot/one-request-at-a-time", "bochs-16", test_busy);
	ADD("/module/snapshot/memory-counts-and-is-given-back", "bochs-16", test_memory);
	ADD("/module/snapshot/of-a-guest-that-never-stops-is-whole", "bochs-16", test_whole);
	ADD("/module/snapshot/modes-change-meanwhile", "bochs-16", test_modes);
	ADD("/module/snapshot/switched-on-and-off-in-use", "bochs-16", test_switched);
	ADD("/module/snapshot/closed-with-a-request-on", "bochs-16", test_closed);
	g_test_add_func("/module/snapshot/a-killed-user-leaves-nothing", test_killed);
	return g_test_run();
}
