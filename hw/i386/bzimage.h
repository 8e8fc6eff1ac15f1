/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of a Linux kernel image (Linux: Documentation/x86/boot.rst). Private to hw/i386. */
#ifndef HW_I386_BZIMAGE_H
#define HW_I386_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

/* What the header can take up at the start of the file. */
#define BZIMAGE_HEAD_SIZE 1024

struct bzimage {
	uint64_t kernel_offset, kernel_size; /* of the protected-mode part in the file */
	uint64_t load_gpa; /* where it wants to be */
	uint64_t init_size; /* memory it needs there */
	uint64_t initrd_max; /* last address of an initrd */
	uint32_t cmdline_max; /* bytes without the final zero */
	uint8_t header[BZIMAGE_HEAD_SIZE]; /* bytes 0x1f1.. of the file go to boot_params */
	size_t header_size;
};

/*
 * Checks the first @len (up to BZIMAGE_HEAD_SIZE) bytes of a file of @file_size bytes. False and
 * *error ("kernel 'PATH': cause") for anything that isn't a whole 64-bit bzImage.
 */
bool bzimage_parse(struct bzimage *image, const char *path, const uint8_t *head, size_t len,
		   uint64_t file_size, GError **error);

#endif
