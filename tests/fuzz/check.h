/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include <stdbool.h>
#include <stdlib.h>

/* Unlike assert(), this is there in every build. */
static inline void check(bool ok)
{
	if (!ok) {
		abort();
	}
}

#endif
