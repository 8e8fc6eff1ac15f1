// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes of a VNC client, in pieces: the parser uses no more than it has, always gets on with a whole
 * message's worth, and says the same however the bytes are cut. */
#include <glib.h>
#include <string.h>

#include "check.h"
#include "ui/vnc/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rfb_parser parser = { 0 };
	size_t step;

	if (size < 2) {
		return 0;
	}
	parser.phase = data[0] % (RFB_PHASE_NORMAL + 1);
	step = data[1] + 1u;
	data += 2;
	size -= 2;
	while (size > 0) {
		struct rfb_parser before = parser;
		struct rfb_message message, whole;
		const char *why = NULL;
		size_t len = MIN(size, step);
		ssize_t used = 0, at_once;

		/* Grows until it says something. */
		for (;; len = MIN(size, len + step)) {
			g_autofree uint8_t *exact = g_memdup2(data, len);

			used = rfb_parse(&parser, exact, len, &message, &why);
			if (used != 0 || len == size) {
				break;
			}
			check(len < RFB_MAX_MESSAGE_BYTES);
		}
		check(used <= (ssize_t)len && (used < 0) == (why != NULL));
		if (used == 0) {
			check(size < RFB_MAX_MESSAGE_BYTES);
			return 0;
		}
		at_once = rfb_parse(&before, data, size, &whole, &why);
		/* Only the bytes of a cut text may be cut anywhere. */
		check(at_once == used || (whole.kind == RFB_MESSAGE_CUT_DATA && at_once > used));
		if (used < 0) {
			return 0;
		}
		check(message.kind == whole.kind);
		if (message.kind == RFB_MESSAGE_ENCODINGS) {
			message.encodings.numbers = data + 4;
			for (unsigned int i = 0; i < message.encodings.count; i++) {
				rfb_encoding_at(&message, i);
			}
		}
		data += used;
		size -= (size_t)used;
	}
	return 0;
}
