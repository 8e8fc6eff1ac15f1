// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holds of linux/vfio_gfx.h: a guest that flips waits for who reads its picture, and never for long.
 * The test is guest (skl-guest.h) and reader. VGPU_SECONDS in the environment: how long the two of
 * them go on (default 4).
 */
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "skl-guest.h"

#define MAX_MS	 50u
#define BUFFERS	 2u
#define SURFLIVE 0x701acu

/* The guest's two buffers, in pages that don't meet. */
static const uint32_t surfs[BUFFERS] = {1u << 20, 4u << 20};

static void show_two(struct fixture *f)
{
	bind(f, surfs[1] / PAGE, PAGES, 1);
	show(f, 0);
}

static void fill(const struct fixture *f, uint32_t buffer, uint32_t colour)
{
	for (uint32_t i = 0; i < PAGES; i++) {
		uint32_t *page = (uint32_t *)(f->ram + (size_t)scattered(i, buffer) * PAGE);

		for (uint32_t k = 0; k < PAGE / 4; k++) {
			page[k] = colour;
		}
	}
}

static uint64_t flips(const struct fixture *f)
{
	return vgpu_status(&f->v).flip_count;
}

/* Until the flip is told of; a sandbox may be slow, the module is not. */
static void await_flip(const struct fixture *f, uint64_t was)
{
	for (int i = 0; flips(f) == was; i++) {
		g_assert_cmpint(i, <, 5000);
		g_usleep(1000);
	}
}

/* Somebody watches, so the module keeps time by itself. */
static int watch(struct fixture *f)
{
	int irq = eventfd(0, EFD_CLOEXEC);

	g_assert_cmpint(vgpu_set_irq(&f->v, vgpu_status(&f->v).irq_index, irq), ==, 0);
	return irq;
}

static void unwatch(struct fixture *f, int irq)
{
	vgpu_set_irq(&f->v, vgpu_status(&f->v).irq_index, -1);
	close(irq);
}

static void test_found(struct fixture *f, gconstpointer type)
{
	struct vfio_gfx_status s = vgpu_status(&f->v);
	struct vfio_gfx_hold hold = {.timeout_ms = 10, .reserved = 1};
	off_t at = (off_t)(f->gfx.offset + s.hold_offset);
	struct vgpu bochs;

	g_assert_true(s.caps & VFIO_GFX_CAP_HOLD);
	g_assert_cmpuint(s.hold_max_ms, ==, MAX_MS);
	g_assert_cmpuint(s.hold_state, ==, VFIO_GFX_HOLD_NONE);
	/* No picture, nothing to hold. */
	g_assert_cmpint(vgpu_hold(&f->v, s.flip_count, 10), ==, -ESTALE);
	show_two(f);
	hold.flip_count = flips(f);
	g_assert_cmpint(pwrite(f->v.device, &hold, sizeof(hold), at), ==, -1);
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_cmpint(pwrite(f->v.device, &hold, 8, at), ==, -1);
	g_assert_cmpint(pwrite(f->v.device, &hold, sizeof(hold), at + 4), ==, -1);
	g_assert_cmpint(vgpu_hold(&f->v, hold.flip_count + 1, 10), ==, -ESTALE);
	g_assert_cmpint(vgpu_hold(&f->v, hold.flip_count - 1, 10), ==, -ESTALE);
	g_assert_cmpint(vgpu_hold(&f->v, hold.flip_count, 0), ==, -ESTALE);
	g_assert_cmpuint(vgpu_status(&f->v).hold_state, ==, VFIO_GFX_HOLD_NONE);
	g_assert_cmpint(vgpu_hold(&f->v, hold.flip_count, UINT32_MAX), ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).hold_state, ==, VFIO_GFX_HOLD_ON);
	g_assert_cmpint(vgpu_hold(&f->v, hold.flip_count, 10), ==, 0);
	g_assert_cmpint(vgpu_hold(&f->v, hold.flip_count, 0), ==, 0);
	g_assert_cmpuint(vgpu_status(&f->v).hold_state, ==, VFIO_GFX_HOLD_NONE);
	g_assert_cmpuint(vgpu_status(&f->v).hold_count, ==, 0);
	/* A display whose guests don't wait for a vblank. */
	vgpu_create(&bochs, "bochs-16");
	vgpu_open(&bochs);
	s = vgpu_status(&bochs);
	g_assert_false(s.caps & VFIO_GFX_CAP_HOLD);
	g_assert_cmpuint(s.hold_offset, ==, 0);
	hold.reserved = 0;
	g_assert_cmpint(pwrite(bochs.device, &hold, sizeof(hold), at), ==, -1);
	g_assert_cmpint(errno, ==, EINVAL);
	vgpu_remove(&bochs);
}

/* Well before the limit. Where the sandbox sleeps too long that is missed, and tried again. */
static void test_release(struct fixture *f, gconstpointer type)
{
	int irq = watch(f);
	unsigned int released = 0;

	show_two(f);
	for (unsigned int i = 0; i < 100 && released < 5; i++) {
		struct vfio_gfx_status before = vgpu_status(&f->v), after;
		uint32_t frame;

		g_assert_cmpint(vgpu_hold(&f->v, before.flip_count, MAX_MS), ==, 0);
		frame = vgpu_read(&f->v, BAR0, FRAMES, 4);
		reg(f, SURF, surfs[!(i % 2)]);
		g_usleep(25000);
		after = vgpu_status(&f->v);
		if (vgpu_hold(&f->v, before.flip_count, 0) < 0) {
			await_flip(f, before.flip_count);
			continue;
		}
		/* It was due, and waited; now it is there. */
		g_assert_cmpuint(after.flip_count, ==, before.flip_count);
		after = vgpu_status(&f->v);
		if (after.hold_count > before.hold_count) {
			released++;
			g_assert_cmpuint(after.flip_count, ==, before.flip_count + 1);
			g_assert_cmpuint(after.hold_timeouts, ==, before.hold_timeouts);
			g_assert_cmpuint(after.hold_wait_ns, >, before.hold_wait_ns);
			g_assert_cmphex(vgpu_read(&f->v, BAR0, SURFLIVE, 4), ==, surfs[!(i % 2)]);
			g_assert_cmpuint(vgpu_read(&f->v, BAR0, FRAMES, 4), >, frame);
			g_assert_true(fired(irq, 1000));
		}
		await_flip(f, before.flip_count);
	}
	g_assert_cmpuint(released, ==, 5);
	unwatch(f, irq);
}

static void test_timeout(struct fixture *f, gconstpointer type)
{
	struct vfio_gfx_status before, after;
	int irq = watch(f);

	show_two(f);
	for (unsigned int i = 0; i < 10; i++) {
		g_usleep(20000);
		fired(irq, 0);
		before = vgpu_status(&f->v);
		g_assert_cmpint(vgpu_hold(&f->v, before.flip_count, i % 2 ? 5 : UINT32_MAX), ==, 0);
		reg(f, SURF, surfs[!(i % 2)]);
		/* Nobody does anything: the module's timer frees the guest, and tells. */
		g_assert_true(fired(irq, 5000));
		after = vgpu_status(&f->v);
		g_assert_cmpuint(after.flip_count, ==, before.flip_count + 1);
		g_assert_cmpuint(after.hold_timeouts, ==, before.hold_timeouts + 1);
		g_assert_cmpuint(after.hold_wait_ns - before.hold_wait_ns, ==,
				 (i % 2 ? 5 : MAX_MS) * 1000000ull);
		g_assert_cmpuint(after.hold_state, ==, VFIO_GFX_HOLD_NONE);
		g_assert_cmpint(vgpu_hold(&f->v, before.flip_count, 0), ==, -ESTALE);
		/* And the next flip is as fast as ever. */
		reg(f, SURF, surfs[i % 2]);
		await_flip(f, after.flip_count);
		g_assert_cmpuint(vgpu_status(&f->v).hold_count, ==, after.hold_count);
	}
	unwatch(f, irq);
}

/* Whatever makes that picture the past lets go. */
static void test_ends(struct fixture *f, gconstpointer type)
{
	for (unsigned int i = 0; i < 6; i++) {
		show_two(f);
		g_assert_cmpint(vgpu_hold(&f->v, flips(f), MAX_MS), ==, 0);
		reg(f, SURF, surfs[1]);
		switch (i) {
		case 0:
			pipe_off(f);
			break;
		case 1:
			g_assert_cmpint(ioctl(f->v.device, VFIO_DEVICE_RESET), ==, 0);
			break;
		case 2: /* another consumer's wish */
			vgpu_write(&f->v, (unsigned int)(f->gfx.offset >> 40),
				   f->status->control_offset, VFIO_GFX_CONTROL_SOURCE, 4);
			break;
		case 3: /* the guest sleeps or reboots */
			reg(f, PLANE_CTL, 0);
			reg(f, SURF, 0);
			pipe_off(f);
			break;
		default:
			/* ...and then the next user finds nothing of it. */
			close_all(f);
			vgpu_open(&f->v);
			map_all(f);
			break;
		}
		g_assert_cmpuint(vgpu_status(&f->v).hold_state, ==, VFIO_GFX_HOLD_NONE);
		pipe_off(f);
	}
	g_assert_cmpuint(vgpu_status(&f->v).hold_count, ==, 0);
}

/* A user that is killed with a hold on a flip: nothing is left, the next one begins anew. */
static void test_killed(void)
{
	struct fixture f = {0};
	int status;

	vgpu_create(&f.v, "skl");
	for (unsigned int i = 0; i < 5; i++) {
		pid_t child = fork();

		if (child == 0) {
			vgpu_open(&f.v);
			map_all(&f);
			show_two(&f);
			for (uint32_t n = 1;; n++) {
				vgpu_hold(&f.v, flips(&f), MAX_MS);
				reg(&f, SURF, surfs[n % 2]);
				g_usleep(i * 5000);
			}
		}
		g_usleep(150000);
		kill(child, SIGKILL);
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
		g_assert_true(WIFSIGNALED(status));
		vgpu_open(&f.v);
		g_assert_cmpuint(vgpu_status(&f.v).hold_state, ==, VFIO_GFX_HOLD_NONE);
		g_assert_cmpuint(vgpu_status(&f.v).hold_count, ==, 0);
		vgpu_close(&f.v);
	}
	vgpu_remove(&f.v);
}

/* ---- a guest of two colours, and a slow reader ---- */

struct flipper {
	struct fixture *f;
	gint stop;
	gint frames;
};

/* As a driver does: draws where the display isn't, flips, and goes on when that is done. */
static gpointer flip_on(gpointer data)
{
	struct flipper *flipper = data;
	struct fixture *f = flipper->f;

	while (!g_atomic_int_get(&flipper->stop)) {
		uint32_t frame = (uint32_t)flipper->frames + 1, next = frame % BUFFERS;

		fill(f, next, frame);
		reg(f, SURF, surfs[next]);
		while (vgpu_read(&f->v, BAR0, SURFLIVE, 4) != surfs[next]) {
			g_usleep(500);
		}
		g_atomic_int_set(&flipper->frames, (gint)frame);
	}
	return NULL;
}

struct reader {
	uint32_t ids[BUFFERS];
	const volatile uint32_t *pixels[BUFFERS];
	unsigned int known;
	uint32_t last;
	unsigned int reads, held, mixed, mixed_unheld;
};

static const volatile uint32_t *buffer_of(struct fixture *f, struct reader *reader)
{
	struct vfio_device_gfx_plane_info p = vgpu_plane(&f->v, DMABUF, PRIMARY);
	unsigned int i = 0;
	int fd;

	while (i < reader->known && reader->ids[i] != p.dmabuf_id) {
		i++;
	}
	if (i == reader->known) {
		g_assert_cmpuint(i, <, BUFFERS);
		fd = vgpu_dmabuf(&f->v, p.dmabuf_id);
		g_assert_cmpint(fd, >=, 0);
		reader->ids[i] = p.dmabuf_id;
		reader->pixels[i] = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		g_assert_true(reader->pixels[i] != MAP_FAILED);
		close(fd);
		reader->known++;
	}
	return reader->pixels[i];
}

static void reader_finish(struct reader *reader)
{
	for (unsigned int i = 0; i < reader->known; i++) {
		munmap((void *)reader->pixels[i], PAGES * PAGE);
	}
}

/* One read of @ms, of rows from the top to the bottom. */
static void read_picture(struct fixture *f, struct reader *reader, bool hold, unsigned int ms)
{
	uint64_t at = flips(f);
	const volatile uint32_t *pixels;
	bool mixed = false, held;
	uint32_t colour;

	held = hold && vgpu_hold(&f->v, at, MAX_MS) == 0;
	pixels = buffer_of(f, reader);
	colour = pixels[0];
	for (uint32_t i = 0; i < PAGES; i += 10) {
		mixed |= pixels[i * PAGE / 4] != colour;
		g_usleep(ms * 1000 / (PAGES / 10));
	}
	mixed |= pixels[PAGES * PAGE / 4 - 1] != colour;
	held = held && vgpu_hold(&f->v, at, 0) == 0;
	reader->reads++;
	if (held) {
		reader->held++;
		reader->mixed += mixed;
		g_assert_cmpuint(colour, >=, reader->last);
		reader->last = colour;
	} else {
		reader->mixed_unheld += mixed;
	}
}

static void test_slow_reader(struct fixture *f, gconstpointer type)
{
	const char *seconds = g_getenv("VGPU_SECONDS");
	gint64 time = (seconds ? g_ascii_strtoll(seconds, NULL, 10) : 4) * G_USEC_PER_SEC / 4;
	/* how long a read is; in the last round the guest has to be freed of it */
	static const struct {
		bool hold;
		unsigned int ms;
	} rounds[] = {{false, 20}, {true, 5}, {true, 20}, {true, 150}};
	gint shown = 0;

	fill(f, 0, 0);
	show_two(f);
	for (unsigned int i = 0; i < G_N_ELEMENTS(rounds); i++) {
		/* The picture of the round before is still there, so the colours count on from it. */
		struct flipper flipper = {.f = f, .frames = shown};
		struct reader reader = {0};
		struct vfio_gfx_status before = vgpu_status(&f->v), after;
		gint64 end = g_get_monotonic_time() + time;
		GThread *thread = g_thread_new("guest", flip_on, &flipper);
		gint frames;

		/* A machine that has other things to do makes any read a long one, now and then. */
		while (g_get_monotonic_time() < end || reader.reads < 3 ||
		       (rounds[i].hold && rounds[i].ms <= MAX_MS && !reader.held)) {
			g_assert_cmpuint(reader.reads, <, 10000);
			read_picture(f, &reader, rounds[i].hold, rounds[i].ms);
		}
		g_atomic_int_set(&flipper.stop, 1);
		g_thread_join(thread);
		reader_finish(&reader);
		after = vgpu_status(&f->v);
		frames = flipper.frames - shown;
		shown = flipper.frames;
		g_test_message("%s reads of %u ms: %d frames, %u reads, %u held to the end, %u of them "
			       "mixed, %u of the rest; %u flips waited, %u of them in vain, %u ms a flip",
			       rounds[i].hold ? "held" : "free", rounds[i].ms, frames,
			       reader.reads, reader.held, reader.mixed, reader.mixed_unheld,
			       (unsigned int)(after.hold_count - before.hold_count),
			       (unsigned int)(after.hold_timeouts - before.hold_timeouts),
			       (unsigned int)((after.hold_wait_ns - before.hold_wait_ns) / 1000000 /
					      MAX(after.hold_count - before.hold_count, 1)));
		g_assert_cmpuint(reader.mixed, ==, 0);
		g_assert_cmpint(frames, >, 0);
		if (!rounds[i].hold) {
			g_assert_cmpuint(after.hold_count, ==, before.hold_count);
		} else if (rounds[i].ms > MAX_MS + 17) {
			g_assert_cmpuint(after.hold_timeouts, >, before.hold_timeouts);
			/* while one is read, the guest goes on */
			g_assert_cmpint(frames, >=, (gint)reader.reads);
		}
		g_assert_cmpuint(after.hold_wait_ns - before.hold_wait_ns, <=,
				 (after.hold_count - before.hold_count) * MAX_MS * 1000000ull);
	}
}

/* ---- many at once ---- */

static gpointer race_hold(gpointer data)
{
	struct flipper *r = data;
	g_autoptr(GRand) rand = g_rand_new();

	while (!g_atomic_int_get(&r->stop)) {
		uint64_t at = flips(r->f);

		vgpu_hold(&r->f->v, at, (uint32_t)g_rand_int_range(rand, 0, 70));
		if (g_rand_boolean(rand)) {
			vgpu_plane(&r->f->v, DMABUF, PRIMARY);
			vgpu_hold(&r->f->v, at, 0);
		}
		g_atomic_int_inc(&r->frames);
	}
	return NULL;
}

static gpointer race_change(gpointer data)
{
	struct flipper *r = data;
	g_autoptr(GRand) rand = g_rand_new();
	int irq = eventfd(0, EFD_CLOEXEC);

	while (!g_atomic_int_get(&r->stop)) {
		switch (g_rand_int_range(rand, 0, 5)) {
		case 0:
			vgpu_set_irq(&r->f->v, r->f->status->irq_index,
				     g_rand_boolean(rand) ? irq : -1);
			break;
		case 1:
			vgpu_write(&r->f->v, (unsigned int)(r->f->gfx.offset >> 40),
				   r->f->status->control_offset,
				   g_rand_boolean(rand) ? VFIO_GFX_CONTROL_SOURCE : 0, 4);
			break;
		case 2:
			pipe_off(r->f);
			break;
		case 3:
			if (g_rand_int_range(rand, 0, 8) == 0) {
				ioctl(r->f->v.device, VFIO_DEVICE_RESET);
			}
			break;
		default:
			show(r->f, 0);
			break;
		}
		g_usleep((gulong)g_rand_int_range(rand, 0, 40000));
		g_atomic_int_inc(&r->frames);
	}
	vgpu_set_irq(&r->f->v, r->f->status->irq_index, -1);
	close(irq);
	return NULL;
}

static gpointer race_flip(gpointer data)
{
	struct flipper *r = data;
	uint32_t frame = 0;

	while (!g_atomic_int_get(&r->stop)) {
		reg(r->f, PIPE_IER, 9);
		reg(r->f, PIPE_IMR, frame % 3 ? ~9u : ~0u);
		reg(r->f, PIPE_IIR, 9);
		reg(r->f, SURF, surfs[frame++ % BUFFERS]);
		g_usleep(frame % 4 * 3000);
		g_atomic_int_inc(&r->frames);
	}
	return NULL;
}

static void test_race(struct fixture *f, gconstpointer type)
{
	const char *seconds = g_getenv("VGPU_SECONDS");
	GThreadFunc funcs[] = {race_hold, race_hold, race_change, race_flip};
	struct flipper racers[G_N_ELEMENTS(funcs)];
	GThread *threads[G_N_ELEMENTS(funcs)];
	struct vfio_gfx_status s;
	uint64_t at;

	show_two(f);
	for (size_t i = 0; i < G_N_ELEMENTS(funcs); i++) {
		racers[i] = (struct flipper){.f = f};
		threads[i] = g_thread_new("racer", funcs[i], &racers[i]);
	}
	g_usleep((gulong)(seconds ? g_ascii_strtoll(seconds, NULL, 10) : 4) * G_USEC_PER_SEC);
	for (size_t i = 0; i < G_N_ELEMENTS(funcs); i++) {
		g_atomic_int_set(&racers[i].stop, 1);
		g_thread_join(threads[i]);
	}
	s = vgpu_status(&f->v);
	g_test_message("%d and %d holds, %d changes, %d flips; %u waited, %u in vain",
		       racers[0].frames, racers[1].frames, racers[2].frames, racers[3].frames,
		       (unsigned int)s.hold_count, (unsigned int)s.hold_timeouts);
	g_assert_cmpuint(s.hold_count, >=, s.hold_timeouts);
	g_assert_cmpuint(s.hold_wait_ns, <=, s.hold_count * MAX_MS * 1000000ull);
	/* Whatever has been: the guest flips. */
	pipe_off(f);
	show_two(f);
	at = flips(f);
	reg(f, SURF, surfs[1]);
	for (int i = 0; vgpu_read(&f->v, BAR0, SURFLIVE, 4) != surfs[1]; i++) {
		g_assert_cmpint(i, <, 5000);
		g_usleep(1000);
	}
	g_assert_cmpuint(flips(f), >, at);
}

#define ADD(name, func) g_test_add(name, struct fixture, "skl", set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/module/hold/is-told-of-and-bad-input-refused", test_found);
	ADD("/module/hold/a-flip-waits-for-the-release", test_release);
	ADD("/module/hold/the-timeout-frees-the-guest", test_timeout);
	ADD("/module/hold/whatever-ends-the-picture-ends-it", test_ends);
	g_test_add_func("/module/hold/a-killed-user-leaves-nothing", test_killed);
	ADD("/module/hold/a-slow-reader-sees-whole-pictures", test_slow_reader);
	ADD("/module/hold/all-at-once", test_race);
	return g_test_run();
}
