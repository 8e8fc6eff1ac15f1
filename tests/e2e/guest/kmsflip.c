// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmsflip: shows a new frame at every vblank, and each says its number all over.
 *
 *   kmsflip [--mode WxH] [--seconds S] [--buffers 2..4]
 *
 * The picture is COLUMNS x ROWS blocks, block b of frame n (both from 0, blocks by rows) is filled
 * with
 *
 *	((n & 0xffff) << 8 | b) * SCRAMBLE, the lowest 24 bits, as 0xRRGGBB
 *
 * so that one pixel tells the frame that it is of, and a picture in which two pixels tell different
 * frames is a mixture. Column c begins at pixel c * width / COLUMNS, rows likewise.
 *
 * Says "start WxH rate MILLIHERTZ" when frame 0 is on the screen, begins a second later, for whoever
 * wants to look at something before, and says at the end, after S seconds:
 *
 *	flips N events N seconds S draw-ms MS first SEQUENCE US last SEQUENCE US missed N backwards N
 *
 * "first" and "last" are the vblanks at which the first and the last flip were done, "missed" how
 * many between them showed no new frame, "backwards" how many events had a sequence or time not
 * above that of the event before. Then it says "holds" and keeps the last picture until it is
 * killed.
 */
#include "kms.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS	    16u
#define ROWS	    9u
#define SCRAMBLE    0x9e3779u /* odd, so every product is another colour */
#define MAX_BUFFERS 4u

static const struct option options[] = {
	{ "mode", required_argument, NULL, 'm' },
	{ "seconds", required_argument, NULL, 's' },
	{ "buffers", required_argument, NULL, 'b' },
	{ 0 },
};

static double now_s(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fill(uint32_t *pixels, uint32_t count, uint32_t colour)
{
	uint32_t i = 0;

	/* By pairs: this is most of a frame's time. */
	if (((uintptr_t)pixels & 4) && count) {
		pixels[i++] = colour;
	}
	for (; i + 1 < count; i += 2) {
		*(uint64_t *)(pixels + i) = (uint64_t)colour << 32 | colour;
	}
	if (i < count) {
		pixels[i] = colour;
	}
}

static void draw(const struct surface *surface, uint32_t frame)
{
	for (uint32_t row = 0; row < ROWS; row++) {
		uint32_t top = row * surface->height_px / ROWS;
		uint32_t bottom = (row + 1) * surface->height_px / ROWS;

		for (uint32_t y = top; y < bottom; y++) {
			uint32_t *line = (uint32_t *)(surface->memory +
						      (size_t)y * surface->stride_bytes);

			for (uint32_t column = 0; column < COLUMNS; column++) {
				uint32_t left = column * surface->width_px / COLUMNS;
				uint32_t right = (column + 1) * surface->width_px / COLUMNS;
				uint32_t block = row * COLUMNS + column;

				fill(line + left, right - left,
				     ((frame & 0xffff) << 8 | block) * SCRAMBLE & 0xffffff);
			}
		}
	}
}

static uint64_t event_us(const struct drm_event_vblank *event)
{
	return event->tv_sec * 1000000ull + event->tv_usec;
}

static uint64_t rate_mhz(const struct drm_mode_modeinfo *mode)
{
	return mode->clock * 1000000ull / ((uint64_t)mode->htotal * mode->vtotal);
}

struct tally {
	struct drm_event_vblank first, last;
	unsigned int flips, events, backwards;
};

static void take_event(struct kms *kms, struct tally *tally)
{
	struct drm_event_vblank event;

	kms_flip_wait(kms, &event);
	if (!tally->events++) {
		tally->first = event;
	} else if (event_us(&event) <= event_us(&tally->last) ||
		   (int32_t)(event.sequence - tally->last.sequence) <= 0) {
		tally->backwards++;
	}
	tally->last = event;
}

static void report(const struct tally *tally, double seconds, double drawing_s)
{
	unsigned int vblanks = tally->last.sequence - tally->first.sequence;

	printf("flips %u events %u seconds %.3f draw-ms %.2f first %u %llu last %u %llu missed %d "
	       "backwards %u\n",
	       tally->flips, tally->events, seconds, drawing_s * 1000 / tally->flips,
	       tally->first.sequence, (unsigned long long)event_us(&tally->first),
	       tally->last.sequence, (unsigned long long)event_us(&tally->last),
	       (int)(vblanks - (tally->events - 1)), tally->backwards);
}

int main(int argc, char **argv)
{
	double seconds = 10, start, drawing_s = 0;
	unsigned int width = 0, height = 0, count = 3;
	struct kms_buffer buffers[MAX_BUFFERS];
	struct tally tally = { 0 };
	struct kms kms;
	int code;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (code) {
		case 'm':
			if (sscanf(optarg, "%ux%u", &width, &height) != 2) {
				return 2;
			}
			break;
		case 's':
			seconds = strtod(optarg, NULL);
			break;
		case 'b':
			count = strtoul(optarg, NULL, 10);
			if (count < 2 || count > MAX_BUFFERS) {
				return 2;
			}
			break;
		default:
			return 2;
		}
	}
	kms_open(&kms, width, height);
	for (unsigned int i = 0; i < count; i++) {
		kms_buffer_create(&kms, &buffers[i]);
	}
	draw(&buffers[0].surface, 0);
	kms_set_mode(&kms, &buffers[0]);
	printf("start %ux%u rate %llu\n", kms.mode.hdisplay, kms.mode.vdisplay,
	       (unsigned long long)rate_mhz(&kms.mode));

	sleep(1);

	start = now_s();
	while (now_s() - start < seconds) {
		const struct kms_buffer *next = &buffers[(tally.flips + 1) % count];
		double before;

		/* With two buffers the next one is on the screen until the flip is done that is
		 * under way; with more it is free. */
		if (count == 2 && tally.flips > tally.events) {
			take_event(&kms, &tally);
		}
		before = now_s();
		draw(&next->surface, tally.flips + 1);
		drawing_s += now_s() - before;
		if (tally.flips > tally.events) {
			take_event(&kms, &tally);
		}
		kms_flip_start(&kms, next);
		tally.flips++;
	}
	if (tally.flips > tally.events) {
		take_event(&kms, &tally);
	}
	report(&tally, now_s() - start, drawing_s);
	printf("holds\n");
	while (true) {
		sleep(1000);
	}
}
