/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VNC client sends: bytes in, messages out. Pure: no I/O, no allocation, no clock, so that
 * it can be fuzzed alone. Context: any.
 */
#ifndef UI_VNC_PARSE_H
#define UI_VNC_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ui/vnc/pixel.h"
#include "ui/vnc/rfb.h"

/* More than any viewer knows; real ones send some 20. */
#define RFB_MAX_ENCODINGS 1024
/* A ticket of Kerberos' may have that much. */
#define RFB_MAX_SASL_BYTES 12288
/* No message but cut text is longer, and that one comes in pieces: a buffer of this size always holds a
 * whole one. */
#define RFB_MAX_MESSAGE_BYTES (4 + RFB_MAX_SASL_BYTES)
/* Of a mechanism. */
#define RFB_MAX_SASL_NAME_BYTES 100
/* Longer is no clipboard but garbage. */
#define RFB_MAX_CUT_TEXT_BYTES (16u << 20)

/* Which message may come next; the session sets it. */
enum rfb_phase {
	RFB_PHASE_VERSION,
	RFB_PHASE_SECURITY,
	RFB_PHASE_VENCRYPT_VERSION,
	RFB_PHASE_VENCRYPT_TYPE,
	RFB_PHASE_AUTH,
	RFB_PHASE_SASL_MECHANISM,
	RFB_PHASE_SASL_DATA,
	RFB_PHASE_INIT,
	RFB_PHASE_NORMAL,
};

enum rfb_kind {
	RFB_MESSAGE_NONE, /* bytes were swallowed, nothing to do */
	RFB_MESSAGE_VERSION,
	RFB_MESSAGE_SECURITY,
	RFB_MESSAGE_VENCRYPT_VERSION,
	RFB_MESSAGE_VENCRYPT_TYPE,
	RFB_MESSAGE_AUTH,
	RFB_MESSAGE_SASL,
	RFB_MESSAGE_INIT,
	RFB_MESSAGE_PIXEL_FORMAT,
	RFB_MESSAGE_ENCODINGS,
	RFB_MESSAGE_UPDATE_REQUEST,
	RFB_MESSAGE_KEY,
	RFB_MESSAGE_EXTENDED_KEY,
	RFB_MESSAGE_POINTER,
	RFB_MESSAGE_DESKTOP_SIZE,
	RFB_MESSAGE_CONTINUOUS_UPDATES,
	RFB_MESSAGE_FENCE,
	RFB_MESSAGE_XVP,
	RFB_MESSAGE_CUT_TEXT, /* the beginning of one */
	RFB_MESSAGE_CUT_DATA, /* its bytes, piece by piece */
};

struct rfb_message {
	enum rfb_kind kind;
	union {
		unsigned int version; /* 3, 7 or 8: the minor number to speak */
		uint8_t security;
		uint16_t vencrypt_version; /* major << 8 | minor */
		uint32_t vencrypt_type;
		const uint8_t *response; /* RFB_CHALLENGE_BYTES, inside the data parsed */
		struct {
			uint32_t len; /* data ends with a NUL that counts; 0: none */
			const uint8_t *data; /* inside the data parsed */
		} sasl;
		bool shared;
		struct rfb_pixel_format format; /* not checked yet: pixel_format_check */
		struct {
			unsigned int count;
			const uint8_t *numbers; /* rfb_encoding_at() */
		} encodings;
		struct {
			bool incremental;
			uint16_t x, y, w, h;
		} request;
		struct {
			bool enable;
			uint16_t x, y, w, h;
		} continuous;
		struct {
			uint8_t version, code;
		} xvp;
		struct {
			uint32_t flags;
			uint8_t len;
			const uint8_t *data; /* inside the data parsed */
		} fence;
		struct {
			uint32_t len; /* none: no data follows */
			bool extended;
		} cut;
		struct {
			const uint8_t *data; /* inside the data parsed */
			uint32_t len;
			bool last;
		} cut_data;
		struct {
			bool down;
			uint32_t keysym;
			uint32_t xt; /* RFB_MESSAGE_EXTENDED_KEY only */
		} key;
		struct {
			uint8_t buttons;
			uint16_t x, y;
		} pointer;
		struct {
			uint16_t w, h;
			unsigned int screens;
		} size;
	};
};

struct rfb_parser {
	enum rfb_phase phase;
	uint32_t cut_bytes; /* of a cut text, that are still to come */
};

/*
 * Takes one message off the front of @data. Returns the bytes used with *message filled, 0 when
 * more bytes are needed (never with RFB_MAX_MESSAGE_BYTES there), or -EPROTO with *why set to a
 * constant text. Never looks behind @len.
 */
ssize_t rfb_parse(struct rfb_parser *parser, const uint8_t *data, size_t len,
		  struct rfb_message *message, const char **why);
int32_t rfb_encoding_at(const struct rfb_message *message, unsigned int index);

#endif
