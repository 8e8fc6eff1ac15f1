/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The websocket protocol (RFC 6455) as a server speaks it: frames in, bytes out, and the reverse.
 * Pure: no I/O, no allocation, no clock, so that it can be fuzzed alone. Context: any.
 */
#ifndef UI_VNC_WEBSOCKET_H
#define UI_VNC_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of a control frame (5.5). */
#define WEBSOCKET_MAX_CONTROL_BYTES 125
/* Longer is garbage: viewers send some bytes at a time, and a clipboard now and then. */
#define WEBSOCKET_MAX_FRAME_BYTES (64u << 20)
/* Header of what a server sends (not masked). */
#define WEBSOCKET_MAX_HEADER_BYTES 10
/* Of a frame that we send, so that an answer to a ping doesn't wait long. */
#define WEBSOCKET_SENT_FRAME_BYTES 65535

/* All zero is the start of a connection. */
struct websocket {
	/* private: what came of a header, then of a frame */
	uint8_t header[14];
	unsigned int header_len;
	bool in_frame;
	bool in_message; /* between the fragments of a message */
	uint8_t opcode;
	uint64_t left; /* payload that is still to come */
	uint8_t mask[4];
	unsigned int mask_pos;
	uint8_t control[WEBSOCKET_MAX_CONTROL_BYTES];
	unsigned int control_len;

	bool closed; /* the peer has said goodbye: nothing counts any more */
	/* A whole frame that answers a ping or the goodbye; the newest one. The caller sends it
	 * between two of its own frames and sets reply_len to 0. */
	uint8_t reply[2 + WEBSOCKET_MAX_CONTROL_BYTES];
	unsigned int reply_len;
};

/*
 * Takes bytes off the front of @in and puts what they carry into @out, whichever ends first; *used
 * is how many were taken. Returns the bytes put out (0 is fine), or -EPROTO with *why a constant
 * text. Cut anywhere, it says the same.
 */
ssize_t websocket_decode(struct websocket *ws, const uint8_t *in, size_t in_len, size_t *used,
			 uint8_t *out, size_t out_size, const char **why);

/* The header of a binary message of @len bytes; returns its size. */
size_t websocket_header(uint8_t header[WEBSOCKET_MAX_HEADER_BYTES], size_t len);

/* Sec-WebSocket-Accept for Sec-WebSocket-Key @key. New. */
char *websocket_accept(const char *key);

#endif
