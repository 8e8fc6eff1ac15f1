/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A console that shows a test pattern, for programs that put a user interface before it: all of ui/
 * without a VMM, for real viewers. There is one. Context: main.
 *
 * Reads commands from standard input, a line each, and answers "ok" or "error TEXT":
 *   mode WxH           the guest sets a mode (also what a viewer's resize does)
 *   draw X Y W H SEED  random pixels
 *   blank TEXT         no picture; "show" again
 *   cursor X Y         a cursor plane
 *   cursor-image SIZE HOTX HOTY   its picture; -1: no hot spot is known
 *   mouse relative|absolute       what the guest has
 *   dump FILE          the picture as PPM
 *   animate MS W H     a WxH square changes every MS milliseconds; 0 ends
 *   state              median milliseconds of the stages
 *   quit
 * Input from viewers is printed: "key CODE DOWN", "button CODE DOWN", "abs X Y", "rel AXIS DELTA".
 */
#ifndef TESTS_E2E_PATTERN_H
#define TESTS_E2E_PATTERN_H

#include "ui/console.h"
#include "ui/input.h"

/* A further command. True: it was one; *error says what is wrong with it. */
typedef bool (*pattern_command_fn)(const char *line, GError **error);

/* @size: "WIDTHxHEIGHT". NULL: it isn't. */
struct console *pattern_create(const char *size, struct display_registry **displays,
			       struct input_router **input);
/* Until "quit", the end of the input, or pattern_quit(). */
void pattern_run(pattern_command_fn command);
void pattern_quit(void);
void pattern_destroy(void);

#endif
