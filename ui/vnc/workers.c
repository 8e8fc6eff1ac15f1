// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include "ui/vnc/workers.h"
#include "util/fd.h"

/* More would only compete with the guest's processors. */
#define MAX_THREADS 8

struct workers {
	GThreadPool *pool;
	GAsyncQueue *finished;
	int wake_fd; /* eventfd: something was put into finished */
	guint watch;
};

static void run_job(gpointer data, gpointer opaque)
{
	struct workers_job *job = data;
	struct workers *workers = opaque;

	job->run(job);
	g_async_queue_push(workers->finished, job);
	eventfd_kick(workers->wake_fd);
}

static void finish_jobs(struct workers *workers)
{
	struct workers_job *job;

	while ((job = g_async_queue_try_pop(workers->finished))) {
		job->done(job);
	}
}

static void on_wake(int fd, GIOCondition condition, void *opaque)
{
	eventfd_drain(fd);
	finish_jobs(opaque);
}

struct workers *workers_create(void)
{
	struct workers *workers;
	int fd = eventfd_create();

	if (fd < 0) {
		return NULL;
	}
	workers = g_new0(struct workers, 1);
	workers->wake_fd = fd;
	workers->finished = g_async_queue_new();
	workers->watch = fd_watch(fd, G_IO_IN, on_wake, workers);
	return workers;
}

void workers_destroy(struct workers *workers)
{
	if (!workers) {
		return;
	}
	if (workers->pool) {
		g_thread_pool_free(workers->pool, FALSE, TRUE);
	}
	finish_jobs(workers);
	fd_unwatch(workers->watch);
	fd_close(&workers->wake_fd);
	g_async_queue_unref(workers->finished);
	g_free(workers);
}

void workers_submit(struct workers *workers, struct workers_job *job)
{
	if (!workers->pool) {
		/* Not exclusive, the pool would share threads that look around now and then. It
		 * starts all its threads here; where the system gives fewer, those do the work. */
		workers->pool = g_thread_pool_new(run_job, workers,
						  (gint)MIN(g_get_num_processors(), MAX_THREADS),
						  TRUE, NULL);
	}
	g_thread_pool_push(workers->pool, job, NULL);
}
