// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <glib.h>

#include "ui/vnc/websocket.h"

enum opcode {
	OPCODE_CONTINUATION = 0,
	OPCODE_TEXT = 1,
	OPCODE_BINARY = 2,
	OPCODE_CLOSE = 8,
	OPCODE_PING = 9,
	OPCODE_PONG = 10,
};

#define FIN 0x80
#define RESERVED 0x70
#define MASKED 0x80
#define IS_CONTROL(opcode) ((opcode) & 8)

static ssize_t bad(const char **why, const char *text)
{
	*why = text;
	return -EPROTO;
}

static uint64_t get_number(const uint8_t *p, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++) {
		value = value << 8 | p[i];
	}
	return value;
}

/* How long the header is, as far as can be said of what there is of it (2 bytes at least). */
static unsigned int header_size(const uint8_t *header)
{
	unsigned int len = header[1] & 0x7f;

	return 2 + (len == 126 ? 2 : len == 127 ? 8 : 0) + 4;
}

static const char *check_opcode(const struct websocket *ws, uint8_t opcode, bool fin)
{
	switch (opcode) {
	case OPCODE_CONTINUATION:
		return ws->in_message ? NULL : "websocket: continuation of nothing";
	case OPCODE_BINARY:
		return ws->in_message ? "websocket: message inside a message" : NULL;
	case OPCODE_TEXT:
		return "websocket: text instead of binary";
	case OPCODE_CLOSE:
	case OPCODE_PING:
	case OPCODE_PONG:
		return fin ? NULL : "websocket: control frame in pieces";
	default:
		return "websocket: unknown opcode";
	}
}

/* What the first two bytes say is enough to refuse most of what is wrong. */
static const char *check_start(const struct websocket *ws)
{
	uint8_t opcode = ws->header[0] & 0xf;

	if (ws->header[0] & RESERVED) {
		return "websocket: reserved bit is set";
	}
	if (!(ws->header[1] & MASKED)) {
		return "websocket: frame isn't masked";
	}
	if (IS_CONTROL(opcode) && (ws->header[1] & 0x7f) > WEBSOCKET_MAX_CONTROL_BYTES) {
		return "websocket: control frame too long";
	}
	return check_opcode(ws, opcode, ws->header[0] & FIN);
}

/* The header is whole. */
static const char *start_frame(struct websocket *ws)
{
	unsigned int size = ws->header_len, len = ws->header[1] & 0x7f;
	bool fin = ws->header[0] & FIN;

	ws->left = len == 126 ? get_number(ws->header + 2, 2) :
		   len == 127 ? get_number(ws->header + 2, 8) : len;
	if ((len == 126 && ws->left < 126) || (len == 127 && ws->left <= 0xffff)) {
		return "websocket: length isn't in its shortest form";
	}
	if (ws->left > WEBSOCKET_MAX_FRAME_BYTES) {
		return "websocket: frame too long";
	}
	ws->opcode = ws->header[0] & 0xf;
	memcpy(ws->mask, ws->header + size - 4, 4);
	ws->mask_pos = 0;
	ws->control_len = 0;
	ws->in_frame = true;
	if (!IS_CONTROL(ws->opcode)) {
		ws->in_message = !fin;
	}
	return NULL;
}

static void reply(struct websocket *ws, enum opcode opcode)
{
	ws->reply[0] = FIN | (uint8_t)opcode;
	ws->reply[1] = (uint8_t)ws->control_len;
	memcpy(ws->reply + 2, ws->control, ws->control_len);
	ws->reply_len = 2 + ws->control_len;
}

static void end_frame(struct websocket *ws)
{
	ws->in_frame = false;
	ws->header_len = 0;
	if (ws->opcode == OPCODE_PING) {
		reply(ws, OPCODE_PONG);
	} else if (ws->opcode == OPCODE_CLOSE) {
		/* The reason, a number, goes back without the text behind it. */
		ws->control_len = ws->control_len >= 2 ? 2 : 0;
		reply(ws, OPCODE_CLOSE);
		ws->closed = true;
	}
}

static void unmask(struct websocket *ws, uint8_t *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		to[i] = from[i] ^ ws->mask[(ws->mask_pos + i) & 3];
	}
	ws->mask_pos = (ws->mask_pos + len) & 3;
	ws->left -= len;
}

/* One byte of a header. */
static const char *take_header(struct websocket *ws, uint8_t byte)
{
	const char *wrong = NULL;

	ws->header[ws->header_len++] = byte;
	if (ws->header_len == 2) {
		wrong = check_start(ws);
	}
	if (!wrong && ws->header_len >= 2 && ws->header_len == header_size(ws->header)) {
		wrong = start_frame(ws);
	}
	return wrong;
}

ssize_t websocket_decode(struct websocket *ws, const uint8_t *in, size_t in_len, size_t *used,
			 uint8_t *out, size_t out_size, const char **why)
{
	size_t pos = 0, put = 0;

	while (!ws->closed) {
		size_t len = MIN(ws->left, in_len - pos);

		if (ws->in_frame && ws->left == 0) {
			end_frame(ws);
		} else if (pos == in_len || (ws->in_frame && !IS_CONTROL(ws->opcode) &&
					     put == out_size)) {
			break;
		} else if (!ws->in_frame) {
			const char *wrong = take_header(ws, in[pos++]);

			if (wrong) {
				return bad(why, wrong);
			}
		} else if (IS_CONTROL(ws->opcode)) {
			unmask(ws, ws->control + ws->control_len, in + pos, len);
			ws->control_len += (unsigned int)len;
			pos += len;
		} else {
			len = MIN(len, out_size - put);
			unmask(ws, out + put, in + pos, len);
			pos += len;
			put += len;
		}
	}
	*used = ws->closed ? in_len : pos;
	return (ssize_t)put;
}

size_t websocket_header(uint8_t header[WEBSOCKET_MAX_HEADER_BYTES], size_t len)
{
	unsigned int bytes = len < 126 ? 0 : len <= 0xffff ? 2 : 8;

	header[0] = FIN | OPCODE_BINARY;
	header[1] = bytes == 0 ? (uint8_t)len : bytes == 2 ? 126 : 127;
	for (unsigned int i = 0; i < bytes; i++) {
		header[2 + i] = (uint8_t)((uint64_t)len >> 8 * (bytes - 1 - i));
	}
	return 2 + bytes;
}

char *websocket_accept(const char *key)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA1);
	uint8_t digest[20];
	gsize len = sizeof(digest);

	g_checksum_update(checksum, (const guchar *)key, -1);
	/* A constant of the protocol (1.3). */
	g_checksum_update(checksum, (const guchar *)"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
	g_checksum_get_digest(checksum, digest, &len);
	return g_base64_encode(digest, len);
}
