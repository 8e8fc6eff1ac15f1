/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File descriptors on the main loop, and eventfds. */
#ifndef UTIL_FD_H
#define UTIL_FD_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

typedef void (*fd_fn)(int fd, GIOCondition condition, void *opaque);

/*
 * Calls fn(fd, condition, opaque) on the default GMainContext whenever @condition holds,
 * until fd_unwatch(id). The fd is borrowed. Context: any; fn runs on the main thread.
 */
guint fd_watch(int fd, GIOCondition condition, fd_fn fn, void *opaque);
/* Accepts 0. Context: main. */
void fd_unwatch(guint id);

/* Closes *fd when it is >= 0 and sets it to -1. */
void fd_close(int *fd);
/* O_NONBLOCK | O_CLOEXEC eventfd with count 0, or -errno. */
int eventfd_create(void);
/* Adds one. Never blocks, never fails visibly. Context: any. */
void eventfd_kick(int fd);
/* Reads the count down to 0; returns it (0 when nothing was pending). Context: any. */
uint64_t eventfd_drain(int fd);

/*
 * Runs fn(opaque) once on the main thread. May be called on any thread; the order of calls
 * from one thread is kept.
 */
void main_call(void (*fn)(void *opaque), void *opaque);
/* True on the thread that called main_thread_init(). */
bool main_thread_is_current(void);
void main_thread_init(void);

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t clock_ns(void);

#endif
