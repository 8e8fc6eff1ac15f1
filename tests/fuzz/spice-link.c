// SPDX-License-Identifier: GPL-2.0-or-later
/* The first message of a SPICE viewer's connection, in a buffer of exactly its size. */
#include <stdlib.h>
#include <string.h>

#include "ui/spice/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 20);
	struct spice_link link;

	spice_link_parse(data, size, &link);
	/* And behind a header that is one. */
	memcpy(copy, "REDQ\2\0\0\0\2\0\0\0", 12);
	memset(copy + 12, 0, 4);
	copy[12] = (uint8_t)size;
	copy[13] = (uint8_t)(size >> 8 & 3);
	if (size > 0) {
		memcpy(copy + 16, data, size);
	}
	copy = realloc(copy, size + 16);
	spice_link_parse(copy, size + 16, &link);
	free(copy);
	return 0;
}
