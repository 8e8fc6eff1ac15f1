/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small fixed font for what we say ourselves. Context: any. */
#ifndef UI_FONT_H
#define UI_FONT_H

#include <stdint.h>

#define FONT_WIDTH_PX 6 /* with one column of space */
#define FONT_HEIGHT_PX 10 /* with space between lines */

/* Line @y (0..FONT_HEIGHT_PX - 1) of an ASCII character: bit 4 is the leftmost of five columns.
 * Another character looks like a box. */
uint8_t font_line(char character, unsigned int y);

#endif
