/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Linux kernel's file says about itself. Private to hw/i386.
 *
 *   bzimage.c   a kernel that unpacks itself (Linux: Documentation/x86/boot.rst), entered in 64-bit mode
 *   vmlinux.c   an ELF file, entered in 32-bit mode as a PVH guest (Xen: docs/misc/pvh.pandoc)
 */
#ifndef HW_I386_KERNEL_IMAGE_H
#define HW_I386_KERNEL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

/* What the parsers want to see of the start of the file. */
#define KERNEL_HEAD_SIZE	1024
#define KERNEL_SEGMENTS_MAX	16
/* Addresses and sizes in guest memory are below it. */
#define KERNEL_LOAD_MAX		(UINT64_C(1) << 32)

struct kernel_segment {
	uint64_t offset, size; /* in the file */
	uint64_t gpa, memory_size; /* the rest of it is zeroes */
};

struct kernel_image {
	struct kernel_segment segments[KERNEL_SEGMENTS_MAX];
	unsigned int segment_count;
	uint64_t load_gpa, init_size; /* memory that it takes, the segments inside */
	uint64_t initrd_max; /* last address of an initrd */
	uint32_t cmdline_max; /* bytes without the final zero */
	bool pvh; /* its entry: pvh_gpa in 32-bit mode; otherwise the boot protocol's */
	uint64_t pvh_gpa;
	/* bzImage: bytes 0x1f1.. of the file go to boot_params */
	uint8_t header[KERNEL_HEAD_SIZE];
	size_t header_size;
	/* vmlinux: where the file tells its entry */
	uint64_t notes_offset, notes_size;
};

/*
 * Check the first @len (up to KERNEL_HEAD_SIZE) bytes of a file of @file_size bytes. False and *error
 * ("kernel 'PATH': cause") for anything that isn't a whole 64-bit kernel.
 */
bool bzimage_parse(struct kernel_image *image, const char *path, const uint8_t *head, size_t len,
		   uint64_t file_size, GError **error);
bool vmlinux_parse(struct kernel_image *image, const char *path, const uint8_t *head, size_t len,
		   uint64_t file_size, GError **error);
/* It is one at all. */
bool vmlinux_recognize(const uint8_t *head, size_t len);
/* After vmlinux_parse(): @notes are the image->notes_size (up to VMLINUX_NOTES_MAX) bytes of the file at
 * notes_offset. */
#define VMLINUX_NOTES_MAX 65536
bool vmlinux_parse_notes(struct kernel_image *image, const char *path, const uint8_t *notes,
			 GError **error);

#endif
