/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that encode. A thread without work waits without a time-out: idle costs nothing.
 * Context: main.
 */
#ifndef UI_VNC_WORKERS_H
#define UI_VNC_WORKERS_H

struct workers;

struct workers_job {
	void (*run)(struct workers_job *job); /* Context: a worker */
	void (*done)(struct workers_job *job); /* Context: main, after run */
};

/* As many threads as there are processors, started when they are first needed. */
struct workers *workers_create(void);
/* Runs what was submitted to its end, calling done() for each. Accepts NULL. */
void workers_destroy(struct workers *workers);
void workers_submit(struct workers *workers, struct workers_job *job);

#endif
