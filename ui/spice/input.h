/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A viewer's keyboard and pointer, to the input router; LEDs the other way. Context: main. */
#ifndef UI_SPICE_INPUT_H
#define UI_SPICE_INPUT_H

struct spice;
struct spice_input;

struct spice_input *spice_input_create(struct spice *spice);
/* The library's server is destroyed already; accepts NULL. */
void spice_input_destroy(struct spice_input *input);
/* No viewer is there any more: lets go of the buttons (of the keys the library does). */
void spice_input_release(struct spice_input *input);

#endif
