/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checked arithmetic on offsets and lengths that somebody else chose. */
#ifndef UTIL_RANGE_H
#define UTIL_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* True when [off, off + len) lies inside [0, max). No overflow for any input. */
static inline bool range_fits(uint64_t off, uint64_t len, uint64_t max)
{
	return off <= max && len <= max - off;
}

/* True when the two ranges share a byte; a range of length 0 shares none. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a_len && b_len && (a < b ? b - a < a_len : a - b < b_len);
}

static inline uint64_t round_up(uint64_t value, uint64_t power_of_two)
{
	return (value + power_of_two - 1) & ~(power_of_two - 1);
}

#endif
