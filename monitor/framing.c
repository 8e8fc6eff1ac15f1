// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QMP is a stream of JSON objects, mostly one a line, but a client may spread one over lines or send
 * several in one. Brackets outside strings are counted; what is between them is the parser's job.
 */
#include "monitor-int.h"

void framer_init(struct framer *framer)
{
	*framer = (struct framer){ .text = g_string_new(NULL) };
}

void framer_finish(struct framer *framer)
{
	g_string_free(framer->text, TRUE);
}

void framer_reset(struct framer *framer)
{
	g_string_truncate(framer->text, 0);
	framer->depth = 0;
	framer->in_string = framer->escaped = framer->taken = false;
}

static enum frame_result bad(struct framer *framer, const char *problem)
{
	framer_reset(framer);
	framer->problem = problem;
	framer->skipping = true;
	return FRAME_BAD;
}

/* True when @byte is part of a string, quotes included. */
static bool string_byte(struct framer *framer, uint8_t byte)
{
	if (!framer->in_string) {
		framer->in_string = byte == '"';
		return framer->in_string;
	}
	if (framer->escaped) {
		framer->escaped = false;
	} else if (byte == '\\') {
		framer->escaped = true;
	} else if (byte == '"') {
		framer->in_string = false;
	}
	return true;
}

enum frame_result framer_feed(struct framer *framer, uint8_t byte)
{
	if (framer->taken) {
		framer_reset(framer);
	}
	if (framer->skipping) {
		framer->skipping = byte != '\n';
		return FRAME_MORE;
	}
	if (!framer->depth) {
		if (g_ascii_isspace(byte)) {
			return FRAME_MORE;
		}
		if (byte != '{' && byte != '[') {
			return bad(framer, "expected a JSON object");
		}
	}
	/* JSON has control characters in strings only as escapes; a raw line end there means that the
	 * closing quote is missing, and the next line is a new start. */
	if (framer->in_string && byte < ' ') {
		enum frame_result result = bad(framer, "control character in a JSON string");

		framer->skipping = byte != '\n';
		return result;
	}
	if (framer->text->len >= FRAME_LIMIT_BYTES) {
		return bad(framer, "a JSON text of more than 1 MiB");
	}
	g_string_append_c(framer->text, (char)byte);
	if (string_byte(framer, byte)) {
		return FRAME_MORE;
	}
	if (byte == '{' || byte == '[') {
		if (++framer->depth > FRAME_LIMIT_DEPTH) {
			return bad(framer, "JSON nested too deeply");
		}
	} else if ((byte == '}' || byte == ']') && --framer->depth == 0) {
		framer->taken = true;
		return FRAME_COMPLETE;
	}
	return FRAME_MORE;
}
