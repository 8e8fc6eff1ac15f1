// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * barpattern: draws into the memory of a display that has no driver here, straight through its BAR:
 *
 *   barpattern /sys/bus/pci/devices/ADDRESS/resource0 WxH [FRAME]
 *
 * Prints "frame N WxH crc XXXXXXXX" (kms_crc()); without FRAME it draws nothing and says what is there.
 */
#include "kms.h"
#include "pattern.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	unsigned int width, height, frame = 0;
	uint32_t *pixels;
	size_t size;
	int fd;

	if (argc < 3 || sscanf(argv[2], "%ux%u", &width, &height) != 2) {
		fprintf(stderr, "usage: barpattern RESOURCE WxH [FRAME]\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	size = (size_t)width * height * 4;
	pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pixels == MAP_FAILED) {
		perror(argv[1]);
		return 1;
	}
	if (argc > 3) {
		frame = strtoul(argv[3], NULL, 10);
		pattern_draw(pixels, width * 4, 0, 0, width, height, frame);
	}
	printf("frame %u %ux%u crc %08x\n", frame, width, height,
	       kms_crc(pixels, width, height, width * 4));
	return 0;
}
