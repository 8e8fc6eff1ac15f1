/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track_load: is it worth while to ask which pages the guest has written?
 *
 * Each page that is written after such a question is a fault of the guest's processor. While a guest
 * redraws much of the screen all the time, comparing is cheaper. So then a source asks no more for a
 * while, says that the damage is unknown, and looks by itself. Zeros make one that is on.
 * Context: the source's.
 */
#ifndef UI_TRACK_LOAD_H
#define UI_TRACK_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* So many answers in a row that name much of the picture, and it is off... */
#define TRACK_LOAD_HEAVY_LOOKS 3u
/* ...for so many looks, since only an answer tells whether it still has to be... */
#define TRACK_LOAD_OFF_LOOKS 120u
/* ...or until so many in a row have found nothing. (A source that follows the guest's own rate looks
 * in vain one time of five.) */
#define TRACK_LOAD_STILL_LOOKS 4u

struct track_load {
	unsigned int heavy; /* answers in a row */
	unsigned int left; /* looks for which it is still off */
	unsigned int still; /* of those that were made, the last ones that found nothing */
};

bool track_load_is_off(const struct track_load *load);
/* An answer named @damaged of @all: pixels, bytes, whatever. A quarter is much. */
void track_load_told(struct track_load *load, uint64_t damaged, uint64_t all);
/* A look is through. True: it was off and is on again, so that a look is due that asks. */
bool track_load_looked(struct track_load *load, bool changed);

#endif
