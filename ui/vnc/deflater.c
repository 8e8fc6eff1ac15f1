// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/vnc/bytes.h"
#include "ui/vnc/deflater.h"

/* Room that is offered to zlib at a time. */
#define ROOM_BYTES 65536

void deflater_finish(struct deflater *deflater)
{
	if (deflater->started) {
		deflateEnd(&deflater->stream);
		deflater->started = false;
	}
}

bool deflater_begin(struct deflater *deflater, int level, GByteArray *out)
{
	z_stream *z = &deflater->stream;
	bool done = true;
	guint old;

	if (!deflater->started) {
		memset(z, 0, sizeof(*z));
		deflater->started = deflateInit(z, level) == Z_OK;
		deflater->level = level;
		return deflater->started;
	}
	if (deflater->level == level) {
		return true;
	}
	/* Everything before was flushed, so this gives a few bytes at most. */
	old = out->len;
	z->next_in = NULL;
	z->avail_in = 0;
	z->next_out = bytes_extend(out, ROOM_BYTES);
	z->avail_out = ROOM_BYTES;
	done = deflateParams(z, level, Z_DEFAULT_STRATEGY) == Z_OK;
	g_byte_array_set_size(out, old + ROOM_BYTES - z->avail_out);
	deflater->level = level;
	return done;
}

bool deflater_feed(struct deflater *deflater, const uint8_t *data, size_t len, bool last,
		   GByteArray *out)
{
	z_stream *z = &deflater->stream;

	g_assert(len <= G_MAXUINT);
	z->next_in = (Bytef *)data;
	z->avail_in = (uInt)len;
	do {
		guint old = out->len;
		int result;

		z->next_out = bytes_extend(out, ROOM_BYTES);
		z->avail_out = ROOM_BYTES;
		result = deflate(z, last ? Z_SYNC_FLUSH : Z_NO_FLUSH);
		g_byte_array_set_size(out, old + ROOM_BYTES - z->avail_out);
		/* Z_BUF_ERROR: nothing was left to do after all. */
		if (result != Z_OK && result != Z_BUF_ERROR) {
			return false;
		}
	} while (z->avail_in > 0 || z->avail_out == 0);
	return true;
}
