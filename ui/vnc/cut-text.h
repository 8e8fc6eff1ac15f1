/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cut text, RFB's clipboard: the plain one is Latin-1, the extended one (the community's rfbproto
 * document, "Extended Clipboard") UTF-8 with CR LF and a NUL, compressed. Pure: no I/O and no clock, so
 * that it can be fuzzed alone. Context: any.
 */
#ifndef UI_VNC_CUT_TEXT_H
#define UI_VNC_CUT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "ui/clipboard.h"
#include "ui/vnc/rfb.h"

/* Of what a client sends, as much is kept: with CR LF a text may be twice as long, and zlib makes what
 * it can't shrink a little longer. More is read over. */
#define CUT_TEXT_MAX_BYTES (2 * CLIPBOARD_MAX_BYTES + (64u << 10))

struct cut_text {
	uint32_t flags; /* enum rfb_clip */
	uint32_t max_bytes; /* RFB_CLIP_CAPS: of a text that comes without a request */
	GBytes *text; /* RFB_CLIP_PROVIDE: owned by the caller; NULL: none, or it is too long */
};

/* The body of an extended cut text. NULL, or a constant text that says what is wrong with it. */
const char *cut_text_parse(const uint8_t *data, size_t len, struct cut_text *cut);
/* The body of a plain one. NULL: too long. */
GBytes *cut_text_from_latin1(const uint8_t *data, size_t len);

/* ---- messages of a server, appended ---- */
/* What we understand. */
void cut_text_add_caps(GByteArray *out);
/* @flags: one of request, peek and notify, and formats. */
void cut_text_add_action(GByteArray *out, uint32_t flags);
/* False: no memory. */
bool cut_text_add_provide(GByteArray *out, GBytes *text);
/* What isn't in Latin-1 becomes a question mark. */
void cut_text_add_plain(GByteArray *out, GBytes *text);

#endif
