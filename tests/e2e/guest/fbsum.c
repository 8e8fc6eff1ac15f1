// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fbsum: prints "screen WxH crc XXXXXXXX" (kms_crc()) of what is on the screen, whoever drew it, or
 * writes it as a picture:
 *
 *   fbsum [FILE.ppm]
 */
#include "kms.h"

#include <stdio.h>

static int write_ppm(const struct kms_screen *screen, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file) {
		perror(path);
		return 1;
	}
	fprintf(file, "P6\n%u %u\n255\n", screen->width_px, screen->height_px);
	for (uint32_t y = 0; y < screen->height_px; y++) {
		const uint8_t *line = screen->first_pixel + (size_t)y * screen->stride_bytes;

		for (uint32_t x = 0; x < screen->width_px; x++) {
			fputc(line[4 * x + 2], file);
			fputc(line[4 * x + 1], file);
			fputc(line[4 * x], file);
		}
	}
	if (fclose(file)) {
		perror(path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct kms_screen screen;

	kms_screen_map(kms_open_card(), &screen);
	if (argc > 1) {
		return write_ppm(&screen, argv[1]);
	}
	printf("screen %ux%u crc %08x\n", screen.width_px, screen.height_px,
	       kms_crc(screen.first_pixel, screen.width_px, screen.height_px, screen.stride_bytes));
	return 0;
}
