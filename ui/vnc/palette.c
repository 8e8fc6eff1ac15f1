// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <glib.h>

#include "ui/vnc/palette.h"

static inline unsigned int slot_of(uint32_t colour)
{
	/* Fibonacci hashing: the upper bits of the product are well mixed. */
	return colour * 2654435769u >> 22;
}

static inline unsigned int next_slot(unsigned int slot)
{
	return (slot + 1) % G_N_ELEMENTS(((struct palette *)NULL)->slots);
}

static bool palette_add(struct palette *palette, uint32_t colour, unsigned int max)
{
	unsigned int slot;

	for (slot = slot_of(colour); palette->slots[slot]; slot = next_slot(slot)) {
		if (palette->colours[palette->slots[slot] - 1] == colour) {
			return true;
		}
	}
	if (palette->count == max) {
		return false;
	}
	palette->colours[palette->count] = colour;
	palette->slots[slot] = (uint16_t)++palette->count;
	return true;
}

bool palette_build(struct palette *palette, const struct pixel_view *view, unsigned int max)
{
	uint32_t last = ~view->pixels[0];

	palette->count = 0;
	memset(palette->slots, 0, sizeof(palette->slots));
	for (unsigned int y = 0; y < view->h; y++) {
		const uint32_t *row = pixel_view_row(view, y);

		for (unsigned int x = 0; x < view->w; x++) {
			if (row[x] != last) {
				last = row[x];
				if (!palette_add(palette, last, max)) {
					return false;
				}
			}
		}
	}
	return true;
}

unsigned int palette_index(const struct palette *palette, uint32_t colour)
{
	unsigned int slot = slot_of(colour);

	while (palette->colours[palette->slots[slot] - 1] != colour) {
		slot = next_slot(slot);
	}
	return palette->slots[slot] - 1u;
}
