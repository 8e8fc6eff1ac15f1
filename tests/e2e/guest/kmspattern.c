// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmspattern: draws pictures that whoever looks from outside can check to the byte.
 *
 *   kmspattern [--modes] [--mode WxH] [--format FOURCC] [--modifier linear|x|y|yf] [--pan X,Y]
 *              [--rotate 90|180|270] [--flips N] [--squares N] [--pause-ms MS] [--modesets N]
 *              [--off] [--quiet] [--seconds S]
 *
 * The buffer is XR24 and linear unless FOURCC (XR24, XB24, AR24, AB24, RG16, XR30, XB30) and the
 * modifier say otherwise; with --pan it is larger than the screen, which begins at X,Y of it;
 * --rotate turns it counter-clockwise on its way to the screen.
 *
 * Sets the mode, shows frame 0 and then does what the options ask for, in this order:
 *   --flips N      flips N times between two buffers, with a full new frame each time
 *   --squares N    draws N squares of 64x64 into the buffer that is on the screen (no flip)
 *   --modesets N   sets the mode N times anew, with the screen off in between
 *   --off          switches the screen off
 * Before each square there is a line "draws N". For each picture there is one line "frame N WxH crc XXXXXXXX" (kms_crc_shown()). At the end it
 * says "holds" and keeps the picture until it is killed, or for S seconds.
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
	OPT_FORMAT,
	OPT_MODIFIER,
	OPT_PAN,
	OPT_ROTATE,
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
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "modifier", required_argument, NULL, OPT_MODIFIER },
	{ "pan", required_argument, NULL, OPT_PAN },
	{ "rotate", required_argument, NULL, OPT_ROTATE },
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

/* A rectangle's part of the frame. */
static void draw_part(const struct surface *surface, uint32_t left, uint32_t top, uint32_t width,
		      uint32_t height, uint32_t frame)
{
	if (surface->fourcc == DRM_FORMAT_XRGB8888 && surface->modifier == DRM_FORMAT_MOD_LINEAR) {
		pattern_draw((uint32_t *)surface->memory, surface->stride_bytes, left, top, width,
			     height, frame);
		return;
	}
	for (uint32_t y = top; y < top + height; y++) {
		for (uint32_t x = left; x < left + width; x++) {
			surface_put(surface, x, y, pattern_pixel(x, y, frame));
		}
	}
}

static void draw(const struct kms_buffer *buffer, uint32_t frame)
{
	draw_part(&buffer->surface, 0, 0, buffer->surface.width_px, buffer->surface.height_px,
		  frame);
}

static void report(const struct kms *kms, const struct kms_buffer *buffer, uint32_t frame)
{
	if (quiet) {
		return;
	}
	printf("frame %u %ux%u crc %08x\n", frame, kms->mode.hdisplay, kms->mode.vdisplay,
	       kms_crc_shown(kms, &buffer->surface));
}

static void pause_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

/* The square wanders, so that each is a change at a place where the last one was not. */
static void draw_square(const struct kms_buffer *buffer, uint32_t frame)
{
	uint32_t columns = buffer->surface.width_px / SQUARE_PX;
	uint32_t rows = buffer->surface.height_px / SQUARE_PX;

	draw_part(&buffer->surface, frame % columns * SQUARE_PX, frame / columns % rows * SQUARE_PX,
		  SQUARE_PX, SQUARE_PX, frame + 128);
}

static int wrong(const char *option, const char *text)
{
	fprintf(stderr, "kmspattern: --%s %s: can't be\n", option, text);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned int width = 0, height = 0, flips = 0, squares = 0, pause = 0, modesets = 0;
	unsigned int seconds = 0, frame = 0, shown = 0, rotation = 0;
	uint32_t fourcc = DRM_FORMAT_XRGB8888, pan_x = 0, pan_y = 0;
	uint64_t modifier = DRM_FORMAT_MOD_LINEAR;
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
				return wrong("mode", optarg);
			}
			break;
		case OPT_FORMAT:
			if (!surface_parse_format(optarg, &fourcc)) {
				return wrong("format", optarg);
			}
			break;
		case OPT_MODIFIER:
			if (!surface_parse_modifier(optarg, &modifier)) {
				return wrong("modifier", optarg);
			}
			break;
		case OPT_PAN:
			if (sscanf(optarg, "%u,%u", &pan_x, &pan_y) != 2) {
				return wrong("pan", optarg);
			}
			break;
		case OPT_ROTATE:
			rotation = strtoul(optarg, NULL, 10);
			if (rotation % 90 || rotation > 270) {
				return wrong("rotate", optarg);
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
	kms.pan_x = pan_x;
	kms.pan_y = pan_y;
	if (rotation) {
		kms_set_rotation(&kms, rotation);
	}
	kms_buffer_create_as(&kms, &buffers[0], fourcc, modifier);
	/* One is as much as the smallest vGPU holds of the largest mode. */
	if (flips || modesets) {
		kms_buffer_create_as(&kms, &buffers[1], fourcc, modifier);
	}
	draw(&buffers[0], 0);
	kms_set_mode(&kms, &buffers[0]);
	report(&kms, &buffers[0], 0);

	for (unsigned int i = 0; i < flips; i++) {
		pause_ms(pause);
		shown ^= 1;
		draw(&buffers[shown], ++frame);
		kms_flip(&kms, &buffers[shown]);
		report(&kms, &buffers[shown], frame);
	}
	for (unsigned int i = 0; i < squares; i++) {
		pause_ms(pause);
		printf("draws %u\n", ++frame);
		draw_square(&buffers[shown], frame);
		report(&kms, &buffers[shown], frame);
	}
	for (unsigned int i = 0; i < modesets; i++) {
		pause_ms(pause);
		kms_disable(&kms);
		shown ^= 1;
		kms_set_mode(&kms, &buffers[shown]);
	}
	if (modesets) {
		printf("modesets %u\n", modesets);
		report(&kms, &buffers[shown], frame);
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
