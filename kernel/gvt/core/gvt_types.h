/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place where the core knows on which side it is built. Everything else in kernel/gvt/core
 * uses the <stdint.h> names (which <linux/types.h> has too), bool, size_t, memcpy, memset, memcmp,
 * and nothing more: no allocation, lock, log, float, global or clock.
 */
#ifndef GVT_TYPES_H
#define GVT_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#include <linux/string.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#endif

#define GVT_PAGE_SIZE 4096u

#endif
