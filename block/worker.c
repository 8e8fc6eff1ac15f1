// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads for blocking system calls, with completions on the main loop. */
#include "block/internal.h"

#include "util/error.h"
#include "util/fd.h"

struct task_list {
	struct worker_task *first, **end;
};

struct worker_pool {
	GMutex lock; /* guards what follows up to finished */
	GCond work, idle;
	struct task_list queue;
	struct task_list finished;
	unsigned int queued; /* tasks that no thread has taken yet */
	unsigned int sleeping; /* threads that wait for work */
	bool stopping;

	int finished_fd; /* eventfd: finished is not empty */
	guint watch;
	GPtrArray *threads; /* main thread only, as is what follows */
	unsigned int threads_max;
	unsigned int in_flight;
};

static void list_init(struct task_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void list_append(struct task_list *list, struct worker_task *task)
{
	task->next = NULL;
	*list->end = task;
	list->end = &task->next;
}

static struct worker_task *list_take(struct task_list *list)
{
	struct worker_task *task = list->first;

	if (task) {
		list->first = task->next;
		if (!list->first) {
			list->end = &list->first;
		}
	}
	return task;
}

/* Lock held. Signals once for a batch: the main loop takes all that has finished. */
static void finish(struct worker_pool *pool, struct worker_task *task)
{
	bool first = !pool->finished.first;

	list_append(&pool->finished, task);
	g_cond_signal(&pool->idle);
	if (first) {
		eventfd_kick(pool->finished_fd);
	}
}

static gpointer worker_main(gpointer data)
{
	struct worker_pool *pool = data;

	g_mutex_lock(&pool->lock);
	for (;;) {
		struct worker_task *task = list_take(&pool->queue);

		if (task) {
			pool->queued--;
			g_mutex_unlock(&pool->lock);
			task->run(task);
			g_mutex_lock(&pool->lock);
			finish(pool, task);
			continue;
		}
		if (pool->stopping) {
			break;
		}
		pool->sleeping++;
		while (!pool->queue.first && !pool->stopping) {
			g_cond_wait(&pool->work, &pool->lock);
		}
		pool->sleeping--;
	}
	g_mutex_unlock(&pool->lock);
	return NULL;
}

/* Calls done() of all that has finished. Context: main. */
static void reap(struct worker_pool *pool)
{
	struct worker_task *task;

	g_mutex_lock(&pool->lock);
	task = pool->finished.first;
	list_init(&pool->finished);
	g_mutex_unlock(&pool->lock);
	while (task) {
		struct worker_task *next = task->next;

		pool->in_flight--;
		task->done(task);
		task = next;
	}
}

static void on_finished(int fd, GIOCondition condition, void *opaque)
{
	eventfd_drain(fd);
	reap(opaque);
}

struct worker_pool *worker_pool_create(unsigned int threads_max, GError **error)
{
	struct worker_pool *pool;
	int fd = eventfd_create();

	if (fd < 0) {
		error_set_errno(error, -fd, "block: eventfd");
		return NULL;
	}
	pool = g_new0(struct worker_pool, 1);
	g_mutex_init(&pool->lock);
	g_cond_init(&pool->work);
	g_cond_init(&pool->idle);
	list_init(&pool->queue);
	list_init(&pool->finished);
	pool->finished_fd = fd;
	pool->watch = fd_watch(fd, G_IO_IN, on_finished, pool);
	pool->threads = g_ptr_array_new();
	pool->threads_max = threads_max;
	return pool;
}

void worker_pool_destroy(struct worker_pool *pool)
{
	if (!pool) {
		return;
	}
	g_assert(!pool->in_flight);
	g_mutex_lock(&pool->lock);
	pool->stopping = true;
	g_cond_broadcast(&pool->work);
	g_mutex_unlock(&pool->lock);
	for (unsigned int i = 0; i < pool->threads->len; i++) {
		g_thread_join(pool->threads->pdata[i]);
	}
	g_ptr_array_unref(pool->threads);
	fd_unwatch(pool->watch);
	fd_close(&pool->finished_fd);
	g_cond_clear(&pool->work);
	g_cond_clear(&pool->idle);
	g_mutex_clear(&pool->lock);
	g_free(pool);
}

void worker_pool_submit(struct worker_pool *pool, struct worker_task *task)
{
	GThread *thread;
	bool more;

	pool->in_flight++;
	g_mutex_lock(&pool->lock);
	list_append(&pool->queue, task);
	more = ++pool->queued > pool->sleeping;
	g_cond_signal(&pool->work);
	g_mutex_unlock(&pool->lock);
	if (!more || pool->threads->len == pool->threads_max) {
		return;
	}
	thread = g_thread_try_new("block-worker", worker_main, pool, NULL);
	if (thread) {
		g_ptr_array_add(pool->threads, thread);
	} else if (!pool->threads->len) {
		/* No thread to be had at all: slower, but nothing is lost. */
		worker_pool_drain(pool);
	}
}

void worker_pool_complete(struct worker_pool *pool, struct worker_task *task)
{
	pool->in_flight++;
	g_mutex_lock(&pool->lock);
	finish(pool, task);
	g_mutex_unlock(&pool->lock);
}

void worker_pool_drain(struct worker_pool *pool)
{
	while (pool->in_flight) {
		struct worker_task *task = NULL;

		g_mutex_lock(&pool->lock);
		if (!pool->threads->len) {
			task = list_take(&pool->queue);
			pool->queued -= task != NULL;
		}
		while (!task && !pool->finished.first) {
			g_cond_wait(&pool->idle, &pool->lock);
		}
		g_mutex_unlock(&pool->lock);
		if (task) {
			task->run(task);
			g_mutex_lock(&pool->lock);
			finish(pool, task);
			g_mutex_unlock(&pool->lock);
		}
		reap(pool);
	}
}
