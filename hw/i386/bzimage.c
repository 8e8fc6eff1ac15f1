// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "kernel-image.h"
#include "util/error.h"
#include "util/range.h"

enum { /* offsets in the file and in boot_params alike */
	SETUP_SECTS = 0x1f1, SYSSIZE = 0x1f4, BOOT_FLAG = 0x1fe, JUMP_LENGTH = 0x201,
	MAGIC = 0x202, VERSION = 0x206, LOADFLAGS = 0x211, INITRD_MAX = 0x22c,
	RELOCATABLE = 0x234, XLOADFLAGS = 0x236, CMDLINE_SIZE = 0x238, PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260, HEADER_END = 0x264,
};
#define SECTOR			512
#define LOADED_HIGH		0x01
#define XLF_KERNEL_64		0x0001
#define PROTOCOL_64		0x020c /* has xloadflags */

static uint64_t get(const uint8_t *head, size_t offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, head + offset, size);
	return value;
}

bool bzimage_parse(struct kernel_image *image, const char *path, const uint8_t *head, size_t len,
		   uint64_t file_size, GError **error)
{
	struct kernel_segment *segment = &image->segments[0];
	uint64_t setup_sects, version;

	memset(image, 0, sizeof(*image));
	if (len < HEADER_END || get(head, BOOT_FLAG, 2) != 0xaa55 ||
	    memcmp(head + MAGIC, "HdrS", 4)) {
		return error_set(error, "kernel '%s': not a Linux kernel (bzImage)", path);
	}
	version = get(head, VERSION, 2);
	if (version < PROTOCOL_64 || !(get(head, XLOADFLAGS, 2) & XLF_KERNEL_64) ||
	    !(head[LOADFLAGS] & LOADED_HIGH)) {
		return error_set(error, "kernel '%s': not a 64-bit kernel (boot protocol %" PRIu64
				 ".%" PRIu64 ")", path, version >> 8, version & 0xff);
	}
	setup_sects = head[SETUP_SECTS] ? head[SETUP_SECTS] : 4;
	segment->offset = (setup_sects + 1) * SECTOR;
	segment->size = get(head, SYSSIZE, 4) * 16;
	segment->gpa = image->load_gpa = get(head, PREF_ADDRESS, 8);
	image->segment_count = 1;
	image->init_size = MAX(get(head, INIT_SIZE, 4), segment->size);
	image->initrd_max = get(head, INITRD_MAX, 4);
	image->cmdline_max = (uint32_t)get(head, CMDLINE_SIZE, 4);
	image->header_size = (size_t)(MAGIC + head[JUMP_LENGTH]);
	/* The last paragraph may be short by less than 16 bytes. */
	if (!segment->size || segment->offset > file_size ||
	    segment->size > round_up(file_size - segment->offset, 16)) {
		return error_set(error, "kernel '%s': truncated: %" PRIu64 " of %" PRIu64 " bytes",
				 path, file_size, segment->offset + segment->size);
	}
	segment->size = MIN(segment->size, file_size - segment->offset);
	segment->memory_size = segment->size; /* the rest is its own business */
	if (image->load_gpa < 0x100000 || image->load_gpa % 4096 ||
	    image->load_gpa >= KERNEL_LOAD_MAX || image->init_size > KERNEL_LOAD_MAX - image->load_gpa) {
		return error_set(error, "kernel '%s': damaged: load address 0x%" PRIx64
				 ", needs 0x%" PRIx64 " bytes", path, image->load_gpa,
				 image->init_size);
	}
	if (image->header_size < HEADER_END || image->header_size > len) {
		return error_set(error, "kernel '%s': damaged: header of %zu bytes", path,
				 image->header_size);
	}
	memcpy(image->header, head, image->header_size);
	return true;
}
