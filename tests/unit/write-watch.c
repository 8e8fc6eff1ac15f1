// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/write-watch.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "main-loop.h"

#define PAGE  4096u
#define PAGES 64u

struct fixture {
	struct write_watch *watch;
	uint8_t *memory;
	unsigned int rings;
};

static void written(void *opaque)
{
	struct fixture *f = opaque;

	f->rings++;
}

static void set_up(struct fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	int fd = memfd_create("write-watch", MFD_CLOEXEC);

	g_assert_cmpint(ftruncate(fd, PAGES * PAGE), ==, 0);
	f->memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(f->memory != MAP_FAILED);
	close(fd);
	f->watch = write_watch_create(written, f, &error);
	if (!f->watch) {
		g_test_message("%s", error->message);
	} else if (write_watch_add(f->watch, f->memory, PAGES * PAGE) < 0) {
		g_clear_pointer(&f->watch, write_watch_destroy);
	}
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
	write_watch_destroy(f->watch);
	munmap(f->memory, PAGES * PAGE);
}

static bool missing(const struct fixture *f)
{
	if (!f->watch) {
		g_test_skip("this kernel has no userfaultfd for us");
	}
	return !f->watch;
}

static void arm(struct fixture *f, const unsigned int *pages, size_t count)
{
	uintptr_t at[PAGES];

	for (size_t i = 0; i < count; i++) {
		at[i] = (uintptr_t)f->memory + pages[i] * PAGE;
	}
	g_assert_cmpint(write_watch_arm(f->watch, at, count), ==, 0);
}

static void test_first_write(struct fixture *f, gconstpointer unused)
{
	static const unsigned int pages[] = { 5, 3, 4, 40 };

	if (missing(f)) {
		return;
	}
	f->memory[3 * PAGE] = 1;
	arm(f, pages, 4);
	run_for(20);
	g_assert_cmpuint(f->rings, ==, 0);
	f->memory[2 * PAGE] = 1; /* beside them */
	g_assert_cmpuint(f->memory[3 * PAGE], ==, 1); /* read */
	run_for(20);
	g_assert_cmpuint(f->rings, ==, 0);
	f->memory[40 * PAGE + 7] = 2;
	g_assert_cmpuint(f->memory[40 * PAGE + 7], ==, 2);
	run_for(20);
	g_assert_cmpuint(f->rings, ==, 1);
	/* Once. */
	memset(f->memory, 3, PAGES * PAGE);
	run_for(20);
	g_assert_cmpuint(f->rings, ==, 1);
	arm(f, pages, 4);
	f->memory[4 * PAGE] = 4;
	run_for(20);
	g_assert_cmpuint(f->rings, ==, 2);
}

/* Pages that nobody has touched yet. */
static void test_fresh(struct fixture *f, gconstpointer unused)
{
	static const unsigned int pages[] = { 60, 61 };

	if (missing(f)) {
		return;
	}
	arm(f, pages, 2);
	f->memory[61 * PAGE] = 1;
	run_for(20);
	g_assert_cmpuint(f->rings, ==, 1);
}

static void test_disarm(struct fixture *f, gconstpointer unused)
{
	static const unsigned int pages[] = { 1, 2 };

	if (missing(f)) {
		return;
	}
	arm(f, pages, 2);
	write_watch_disarm(f->watch);
	f->memory[PAGE] = 1;
	run_for(20);
	g_assert_cmpuint(f->rings, ==, 0);
	/* A ring that nobody heard yet isn't heard after disarming. */
	arm(f, pages, 2);
	f->memory[PAGE] = 2;
	g_usleep(20000);
	write_watch_disarm(f->watch);
	run_for(20);
	g_assert_cmpuint(f->rings, ==, 0);
}

struct writer {
	struct fixture *f;
	gint stop;
	gint rounds;
};

static gpointer write_everywhere(gpointer opaque)
{
	struct writer *w = opaque;

	while (!g_atomic_int_get(&w->stop)) {
		for (unsigned int i = 0; i < PAGES; i++) {
			w->f->memory[i * PAGE + i] = (uint8_t)i;
		}
		g_atomic_int_inc(&w->rounds);
	}
	return NULL;
}

/* Writers, arming and disarming at once: nobody hangs. */
static void test_busy(struct fixture *f, gconstpointer unused)
{
	static const unsigned int pages[] = { 1, 2, 3, 9, 33, 62 };
	struct writer w = { .f = f };
	GThread *threads[2];

	if (missing(f)) {
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
		threads[i] = g_thread_new("writer", write_everywhere, &w);
	}
	for (unsigned int i = 0; i < 300; i++) {
		arm(f, pages, G_N_ELEMENTS(pages));
		if (i % 3 == 0) {
			write_watch_disarm(f->watch);
		}
		g_main_context_iteration(NULL, FALSE);
	}
	/* The last one while they write. */
	arm(f, pages, G_N_ELEMENTS(pages));
	g_clear_pointer(&f->watch, write_watch_destroy);
	g_usleep(10000);
	g_atomic_int_set(&w.stop, 1);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
		g_thread_join(threads[i]);
	}
	g_assert_cmpint(w.rounds, >, 0);
}

#define ADD(name, func) g_test_add(name, struct fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
	main_thread_init();
	g_test_init(&argc, &argv, NULL);
	ADD("/write-watch/rings-at-the-first-write-and-once", test_first_write);
	ADD("/write-watch/knows-pages-that-were-never-touched", test_fresh);
	ADD("/write-watch/is-silent-when-disarmed", test_disarm);
	ADD("/write-watch/nobody-hangs-while-all-write", test_busy);
	return g_test_run();
}
