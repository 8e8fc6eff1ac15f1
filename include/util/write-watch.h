/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * write_watch: a doorbell that rings at the first write to any of a set of pages, whoever writes: a
 * thread, the kernel, or a guest whose RAM they are.
 *
 * The pages are write-protected through userfaultfd(2). The first write waits until a thread of
 * ours has lifted the protection of all of them, and goes on; after that nothing is watched and
 * nothing costs. So it serves a reader that finds memory unchanged again and again and wants to
 * stop looking: arm, look once more (a write before arming is found by that), and wait.
 *
 * Needs Linux 5.19 for shared memory, and CAP_SYS_PTRACE or vm.unprivileged_userfaultfd, since a
 * guest's writes are faults of the kernel.
 */
#ifndef UTIL_WRITE_WATCH_H
#define UTIL_WRITE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

struct write_watch;

/* @written(opaque) is called on the main thread, once after each arming, unless disarmed before.
 * NULL and *error where the kernel doesn't offer it to us. Context: main, as everything here. */
struct write_watch *write_watch_create(void (*written)(void *opaque), void *opaque,
				       GError **error);
/* Accepts NULL. Nothing stays protected. */
void write_watch_destroy(struct write_watch *watch);

/* [hva, + size_bytes), page aligned, one or more whole mappings, may be watched from now on. Again
 * is harmless. 0 or -errno. */
int write_watch_add(struct write_watch *watch, void *hva, size_t size_bytes);
/* Watch these pages, of memory that was added, instead of what was watched. 0 or -errno, and then
 * nothing is watched. @pages is sorted. */
int write_watch_arm(struct write_watch *watch, uintptr_t *pages, size_t count);
void write_watch_disarm(struct write_watch *watch);

#endif
