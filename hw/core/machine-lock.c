// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include "hw/core/machine-lock.h"

static GMutex lock;
static __thread bool held;

void machine_lock(void)
{
	g_assert(!held);
	g_mutex_lock(&lock);
	held = true;
}

void machine_unlock(void)
{
	g_assert(held);
	held = false;
	g_mutex_unlock(&lock);
}

bool machine_lock_held(void)
{
	return held;
}
