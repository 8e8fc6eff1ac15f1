// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmscursor: the pattern of kmspattern with a cursor on the cursor plane before it.
 *
 *   kmscursor [--mode WxH]
 *
 * Says "frame 0 WxH crc XXXXXXXX" of the picture without a cursor, and then carries out the lines
 * of its standard input, answering each:
 *
 *   size WxH   another image, of 64, 128 or 256 pixels in    "size WxH"
 *              width; i915 takes a smaller height too
 *   X Y        its upper left corner is moved there          "at X,Y WxH crc XXXXXXXX": the screen
 *                                                            with the cursor over the picture
 *   walk N     as many moves to as many places, 2 ms apart      "walked N"
 *   off        no cursor                                     "off"
 *   end        the program ends
 *
 * The cursor is opaque in places, transparent in others, and in between at the rest.
 */
#include "kms.h"
#include "pattern.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CURSOR_PX 256u

static const struct option options[] = {
	{ "mode", required_argument, NULL, 'm' },
	{ 0 },
};

struct cursor {
	uint32_t width_px, height_px;
	int32_t x, y;
	uint32_t pixels[MAX_CURSOR_PX * MAX_CURSOR_PX]; /* ARGB8888, premultiplied */
};

/* value * alpha / 255, rounded. */
static uint32_t times(uint32_t value, uint32_t alpha)
{
	return (value * alpha + 127) / 255;
}

/* Quarters from left to right: opaque, invisible, half, rising. Which way is up shows. */
static uint32_t cursor_pixel(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	static const uint32_t alphas[] = { 255, 0, 128 };
	uint32_t quarter = x * 4 / width;
	uint32_t alpha = quarter < 3 ? alphas[quarter] : y * 255 / (height - 1);

	return alpha << 24 | times(255 - (x & 0xff), alpha) << 16 |
	       times((y * 3) & 0xff, alpha) << 8 | times((x ^ y) & 0xff, alpha);
}

static uint32_t over(uint32_t below, uint32_t cursor)
{
	uint32_t rest = 255 - (cursor >> 24), out = 0;

	for (unsigned int shift = 0; shift < 24; shift += 8) {
		out |= ((cursor >> shift & 0xff) + times(below >> shift & 0xff, rest)) << shift;
	}
	return out;
}

static uint32_t shown_crc(const struct kms *kms, const struct surface *surface,
			  const struct cursor *cursor)
{
	uint32_t width = kms->mode.hdisplay, height = kms->mode.vdisplay, crc;
	uint32_t *pixels = malloc((size_t)width * height * 4);

	if (!pixels) {
		perror("kmscursor");
		exit(1);
	}
	for (uint32_t y = 0; y < height; y++) {
		const uint8_t *line = surface->memory + (size_t)y * surface->stride_bytes;

		memcpy(pixels + (size_t)y * width, line, width * 4);
	}
	for (int32_t y = 0; y < (int32_t)cursor->height_px; y++) {
		for (int32_t x = 0; x < (int32_t)cursor->width_px; x++) {
			int32_t to_x = cursor->x + x, to_y = cursor->y + y;
			uint32_t *to;

			if (to_x < 0 || to_y < 0 || to_x >= (int32_t)width ||
			    to_y >= (int32_t)height) {
				continue;
			}
			to = &pixels[(size_t)to_y * width + to_x];
			*to = over(*to, cursor->pixels[(size_t)y * cursor->width_px + x]);
		}
	}
	crc = kms_crc(pixels, width, height, width * 4);
	free(pixels);
	return crc;
}

static void set_size(struct kms *kms, struct cursor *cursor, uint32_t width, uint32_t height)
{
	struct drm_mode_create_dumb create = { .width = width, .height = height, .bpp = 32 };
	struct drm_mode_cursor2 set = {
		.flags = DRM_MODE_CURSOR_BO,
		.crtc_id = kms->crtc_id,
		.width = width,
		.height = height,
	};
	uint32_t *pixels;

	kms_request(kms->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create, "CREATE_DUMB");
	pixels = kms_map_dumb(kms->fd, create.handle, create.size);
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			uint32_t pixel = cursor_pixel(x, y, width, height);

			pixels[y * create.pitch / 4 + x] = pixel;
			cursor->pixels[y * width + x] = pixel;
		}
	}
	cursor->width_px = width;
	cursor->height_px = height;
	set.handle = create.handle;
	kms_request(kms->fd, DRM_IOCTL_MODE_CURSOR2, &set, "CURSOR2");
	printf("size %ux%u\n", width, height);
}

static void switch_off(struct kms *kms)
{
	struct drm_mode_cursor set = { .flags = DRM_MODE_CURSOR_BO, .crtc_id = kms->crtc_id };

	kms_request(kms->fd, DRM_IOCTL_MODE_CURSOR, &set, "CURSOR");
	printf("off\n");
}

static void place(struct kms *kms, struct cursor *cursor, int32_t x, int32_t y)
{
	struct drm_mode_cursor set = {
		.flags = DRM_MODE_CURSOR_MOVE,
		.crtc_id = kms->crtc_id,
		.x = x,
		.y = y,
	};

	cursor->x = x;
	cursor->y = y;
	kms_request(kms->fd, DRM_IOCTL_MODE_CURSOR, &set, "CURSOR");
}

static void walk(struct kms *kms, struct cursor *cursor, unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++) {
		place(kms, cursor, (int32_t)(i * 37 % kms->mode.hdisplay) - 20,
		      (int32_t)(i * 23 % kms->mode.vdisplay) - 20);
		usleep(2000);
	}
	printf("walked %u\n", steps);
}

static void move(struct kms *kms, const struct surface *surface, struct cursor *cursor, int32_t x,
		 int32_t y)
{
	place(kms, cursor, x, y);
	printf("at %d,%d %ux%u crc %08x\n", x, y, kms->mode.hdisplay, kms->mode.vdisplay,
	       shown_crc(kms, surface, cursor));
}

int main(int argc, char **argv)
{
	unsigned int width = 0, height = 0, cursor_width, cursor_height, steps;
	static struct cursor cursor;
	struct kms_buffer buffer;
	struct kms kms;
	int32_t x, y;
	char line[80];
	int code;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (code != 'm' || sscanf(optarg, "%ux%u", &width, &height) != 2) {
			return 2;
		}
	}
	kms_open(&kms, width, height);
	kms_buffer_create(&kms, &buffer);
	pattern_draw((uint32_t *)buffer.surface.memory, buffer.surface.stride_bytes, 0, 0,
		     kms.mode.hdisplay, kms.mode.vdisplay, 0);
	kms_set_mode(&kms, &buffer);
	printf("frame 0 %ux%u crc %08x\n", kms.mode.hdisplay, kms.mode.vdisplay,
	       kms_crc_shown(&kms, &buffer.surface));
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "size %ux%u", &cursor_width, &cursor_height) == 2 &&
		    cursor_width - 1 < MAX_CURSOR_PX && cursor_height - 1 < MAX_CURSOR_PX) {
			set_size(&kms, &cursor, cursor_width, cursor_height);
		} else if (sscanf(line, "walk %u", &steps) == 1) {
			walk(&kms, &cursor, steps);
		} else if (sscanf(line, "%d %d", &x, &y) == 2) {
			move(&kms, &buffer.surface, &cursor, x, y);
		} else if (!strcmp(line, "off\n")) {
			switch_off(&kms);
		} else if (!strcmp(line, "end\n")) {
			return 0;
		} else {
			printf("what? %s", line);
		}
	}
	return 0;
}
