// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a kernel's file, packed or ELF: what is accepted lies inside the file and below 4 GiB. */
#include <stdlib.h>
#include <string.h>

#include "hw/i386/kernel-image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REACH (UINT64_C(1) << 32)

/* A header that is right but for what the input changes: pairs of offset and value. */
static size_t patched(uint8_t head[KERNEL_HEAD_SIZE], const uint8_t *data, size_t size)
{
	static const uint8_t good[] = {
		4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x55, 0xaa, 0xeb, 0x66, 'H', 'd', 'r', 'S',
		0x0f, 0x02,
	};

	memset(head, 0, KERNEL_HEAD_SIZE);
	memcpy(head + 0x1f1, good, sizeof(good));
	head[0x211] = head[0x236] = 1;
	head[0x25b] = 1; /* 16 MiB */
	for (size_t i = 0; i + 1 < size; i += 2) {
		head[0x1f1 + data[i] % 0x78] = data[i + 1];
	}
	return KERNEL_HEAD_SIZE;
}

static void check(const uint8_t *head, size_t len, uint64_t file_size)
{
	g_autoptr(GError) error = NULL;
	struct kernel_image image;

	if (!bzimage_parse(&image, "k", head, len, file_size, &error)) {
		if (!error || !g_str_has_prefix(error->message, "kernel 'k': ")) {
			abort();
		}
		return;
	}
	if (image.segments[0].offset > file_size || image.segments[0].size > file_size - image.segments[0].offset ||
	    image.load_gpa > REACH || image.init_size > REACH - image.load_gpa ||
	    image.segments[0].size > image.init_size || image.header_size > sizeof(image.header)) {
		abort();
	}
}

static void check_elf(const uint8_t *data, size_t size)
{
	struct kernel_image image;

	if (!vmlinux_parse(&image, "k", data, MIN(size, KERNEL_HEAD_SIZE), size, NULL)) {
		return;
	}
	for (unsigned int i = 0; i < image.segment_count; i++) {
		const struct kernel_segment *segment = &image.segments[i];

		if (segment->offset > size || segment->size > size - segment->offset ||
		    segment->gpa < image.load_gpa || segment->size > segment->memory_size ||
		    segment->gpa - image.load_gpa > image.init_size ||
		    segment->memory_size > image.init_size - (segment->gpa - image.load_gpa)) {
			abort();
		}
	}
	if (image.load_gpa > REACH || image.init_size > REACH - image.load_gpa ||
	    image.notes_offset > size || image.notes_size > size - image.notes_offset) {
		abort();
	}
	if (vmlinux_parse_notes(&image, "k", data + image.notes_offset, NULL) &&
	    image.pvh_gpa - image.load_gpa >= image.init_size) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t head[KERNEL_HEAD_SIZE];
	uint64_t file_size = 0;

	check(data, MIN(size, KERNEL_HEAD_SIZE), size);
	check_elf(data, size);
	if (size >= 4) {
		memcpy(&file_size, data, 4);
		check(head, patched(head, data + 4, size - 4), file_size);
		check(head, KERNEL_HEAD_SIZE, UINT64_MAX);
	}
	return 0;
}
