/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zlib stream of a client: it lives as long as the client, and each rectangle ends with a sync
 * flush. Context: any, one thread at a time.
 */
#ifndef UI_VNC_DEFLATER_H
#define UI_VNC_DEFLATER_H

#include <stdbool.h>
#include <glib.h>
#include <zlib.h>

struct deflater { /* all zero: not started */
	z_stream stream;
	bool started;
	int level;
};

void deflater_finish(struct deflater *deflater);
/* Chooses 0..9 for what follows, and starts the stream when it is new; to be called before each
 * rectangle. False: no memory. */
bool deflater_begin(struct deflater *deflater, int level, GByteArray *out);
/* Appends what zlib gives to @out; @last flushes. False: no memory. */
bool deflater_feed(struct deflater *deflater, const uint8_t *data, size_t len, bool last,
		   GByteArray *out);

#endif
