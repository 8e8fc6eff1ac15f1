/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that shows photographs to viewers that take them lossy. */
#ifndef TESTS_UNIT_VNC_PHOTO_H
#define TESTS_UNIT_VNC_PHOTO_H

#include "vnc-images.h"
#include "vnc-set.h"

#define QUALITY(level) (RFB_ENCODING_QUALITY_0 + (level))

/* The picture counts as moving, whatever time the machine takes. */
static inline void keep_moving(struct set *set)
{
	first_client(set)->screen.video.still_ms = 3600000;
}

/* Until the first client shows every pixel as it is. */
static inline void stand_still(struct set *set, struct viewer *v)
{
	first_client(set)->screen.video.still_ms = 50;
	catch_up(set, v);
}

/* A photograph in a box of the guest's screen, at another place for each @number. */
static inline void draw_photo_box(struct set *set, unsigned int number, unsigned int x0, unsigned int y0,
			   unsigned int w, unsigned int h)
{
	struct guest *guest = set->guest;
	GRand *rand = g_rand_new_with_seed(1);

	for (unsigned int y = y0; y < y0 + h; y++) {
		for (unsigned int x = x0; x < x0 + w; x++) {
			uint32_t pixel = 0xff000000 | natural_pixel(rand, x + 3 * number, y + number);

			memcpy(guest_pixel(guest, 0, x, y), &pixel, 4);
		}
	}
	pixman_region32_union_rect(&guest->damage, &guest->damage, (int)x0, (int)y0, w, h);
	guest_submit(guest);
	g_rand_free(rand);
}

static inline void draw_photo(struct set *set, unsigned int number)
{
	draw_photo_box(set, number, 0, 0, guest_width(set->guest), guest_height(set->guest));
}

static inline double quality_now(struct set *set, struct viewer *v)
{
	size_t area = (size_t)guest_width(set->guest) * guest_height(set->guest);
	g_autofree uint32_t *screen = g_new(uint32_t, area);

	guest_look(set->guest, screen);
	return psnr(v->decoder.screen, screen, area);
}

#endif
