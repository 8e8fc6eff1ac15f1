// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmspattern: draws pictures that whoever looks from outside can check to the byte.
 *
 *   kmspattern [--modes] [--mode WxH] [--still] [--flips N] [--squares N] [--pause-ms MS]
 *              [--modesets N] [--off] [--quiet] [--seconds S]
 *
 * Sets the mode, shows frame 0 and then does what the options ask for, in this order:
 *   --flips N      flips N times between two buffers, with a full new frame each time
 *   --squares N    draws N squares of 64x64 into the buffer that is on the screen (no flip)
 *   --modesets N   sets the mode N times anew, with the screen off in between
 *   --off          switches the screen off
 * For each picture there is one line "frame N WxH crc XXXXXXXX" (kms_crc()). At the end it says "holds" and
 * keeps the picture until it is killed, or for S seconds.
 */
#include "kms.h"
#include "pattern.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SQUARE_PX 64

enum option_code {
	OPT_MODES = 256,
	OPT_MODE,
	OPT_FLIPS,
	OPT_SQUARES,
	OPT_PAUSE,
	OPT_MODESETS,
	OPT_OFF,
	OPT_QUIET,
	OPT_SECONDS,
};

static const struct option options[] = {
	{ "modes", no_argument, NULL, OPT_MODES },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "flips", required_argument, NULL, OPT_FLIPS },
	{ "squares", required_argument, NULL, OPT_SQUARES },
	{ "pause-ms", required_argument, NULL, OPT_PAUSE },
	{ "modesets", required_argument, NULL, OPT_MODESETS },
	{ "off", no_argument, NULL, OPT_OFF },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ 0 },
};

static bool quiet;

static void draw(struct kms_buffer *buffer, uint32_t frame)
{
	pattern_draw(buffer->pixels, buffer->stride_bytes, 0, 0, buffer->width_px,
		     buffer->height_px, frame);
}

static void report(const struct kms_buffer *buffer, uint32_t frame)
{
	if (quiet) {
		return;
	}
	printf("frame %u %ux%u crc %08x\n", frame, buffer->width_px, buffer->height_px,
	       kms_crc(buffer->pixels, buffer->width_px, buffer->height_px, buffer->stride_bytes));
}

static void pause_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

/* The square wanders, so that each is a change at a place where the last one was not. */
static void draw_square(struct kms_buffer *buffer, uint32_t frame)
{
	uint32_t columns = buffer->width_px / SQUARE_PX;
	uint32_t rows = buffer->height_px / SQUARE_PX;

	pattern_draw(buffer->pixels, buffer->stride_bytes, frame % columns * SQUARE_PX,
		     frame / columns % rows * SQUARE_PX, SQUARE_PX, SQUARE_PX, frame + 128);
}

int main(int argc, char **argv)
{
	unsigned int width = 0, height = 0, flips = 0, squares = 0, pause = 0, modesets = 0;
	unsigned int seconds = 0, frame = 0, shown = 0;
	struct kms_buffer buffers[2];
	struct kms kms;
	bool off = false;
	int code;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (code) {
		case OPT_MODES:
			kms_list_modes();
			return 0;
		case OPT_MODE:
			if (sscanf(optarg, "%ux%u", &width, &height) != 2) {
				fprintf(stderr, "kmspattern: --mode %s: not WxH\n", optarg);
				return 2;
			}
			break;
		case OPT_FLIPS:
			flips = strtoul(optarg, NULL, 10);
			break;
		case OPT_SQUARES:
			squares = strtoul(optarg, NULL, 10);
			break;
		case OPT_PAUSE:
			pause = strtoul(optarg, NULL, 10);
			break;
		case OPT_MODESETS:
			modesets = strtoul(optarg, NULL, 10);
			break;
		case OPT_OFF:
			off = true;
			break;
		case OPT_QUIET:
			quiet = true;
			break;
		case OPT_SECONDS:
			seconds = strtoul(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}

	kms_open(&kms, width, height);
	kms_buffer_create(&kms, &buffers[0]);
	kms_buffer_create(&kms, &buffers[1]);
	draw(&buffers[0], 0);
	kms_set_mode(&kms, &buffers[0]);
	report(&buffers[0], 0);

	for (unsigned int i = 0; i < flips; i++) {
		pause_ms(pause);
		shown ^= 1;
		draw(&buffers[shown], ++frame);
		kms_flip(&kms, &buffers[shown]);
		report(&buffers[shown], frame);
	}
	for (unsigned int i = 0; i < squares; i++) {
		pause_ms(pause);
		draw_square(&buffers[shown], ++frame);
		report(&buffers[shown], frame);
	}
	for (unsigned int i = 0; i < modesets; i++) {
		pause_ms(pause);
		kms_disable(&kms);
		shown ^= 1;
		kms_set_mode(&kms, &buffers[shown]);
	}
	if (modesets) {
		printf("modesets %u\n", modesets);
		report(&buffers[shown], frame);
	}
	if (off) {
		kms_disable(&kms);
		printf("off\n");
	}
	printf("holds\n");
	while (!seconds) {
		sleep(1000);
	}
	sleep(seconds);
	return 0;
}
