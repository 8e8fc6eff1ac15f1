// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <glib.h>

#include "ui/vnc/parse.h"

static uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}

static ssize_t bad(const char **why, const char *text)
{
	*why = text;
	return -EPROTO;
}

/* "RFB 003.008\n". A minor number that isn't 7 and not above it counts as 3 (RFC 6143, 7.1.1). */
static ssize_t parse_version(const uint8_t *p, size_t len, struct rfb_message *message,
			     const char **why)
{
	static const char shape[] = "RFB ddd.ddd\n";
	unsigned int major, minor;

	for (size_t i = 0; i < MIN(len, RFB_VERSION_BYTES); i++) {
		if (shape[i] == 'd' ? !g_ascii_isdigit(p[i]) : p[i] != shape[i]) {
			return bad(why, "no RFB version");
		}
	}
	if (len < RFB_VERSION_BYTES) {
		return 0;
	}
	major = (unsigned int)(100 * (p[4] - '0') + 10 * (p[5] - '0') + p[6] - '0');
	minor = (unsigned int)(100 * (p[8] - '0') + 10 * (p[9] - '0') + p[10] - '0');
	if (major != 3) {
		return bad(why, "RFB version is not 3.x");
	}
	message->kind = RFB_MESSAGE_VERSION;
	message->version = minor >= 8 ? 8 : minor == 7 ? 7 : 3;
	return RFB_VERSION_BYTES;
}

static ssize_t parse_pixel_format(const uint8_t *p, size_t len, struct rfb_message *message)
{
	if (len < 20) {
		return 0;
	}
	message->kind = RFB_MESSAGE_PIXEL_FORMAT;
	message->format = (struct rfb_pixel_format){
		.bits = p[4], .depth = p[5], .big_endian = p[6] != 0, .true_colour = p[7] != 0,
		.red_max = get_u16(p + 8), .green_max = get_u16(p + 10),
		.blue_max = get_u16(p + 12), .red_shift = p[14], .green_shift = p[15],
		.blue_shift = p[16],
	};
	return 20;
}

static ssize_t parse_encodings(const uint8_t *p, size_t len, struct rfb_message *message,
			       const char **why)
{
	size_t count, size;

	if (len < 4) {
		return 0;
	}
	count = get_u16(p + 2);
	if (count > RFB_MAX_ENCODINGS) {
		return bad(why, "too many encodings");
	}
	size = 4 + 4 * count;
	if (len < size) {
		return 0;
	}
	message->kind = RFB_MESSAGE_ENCODINGS;
	message->encodings.count = (unsigned int)count;
	message->encodings.numbers = p + 4;
	return (ssize_t)size;
}

static ssize_t parse_request(const uint8_t *p, size_t len, struct rfb_message *message)
{
	if (len < 10) {
		return 0;
	}
	message->kind = RFB_MESSAGE_UPDATE_REQUEST;
	message->request.incremental = p[1] != 0;
	message->request.x = get_u16(p + 2);
	message->request.y = get_u16(p + 4);
	message->request.w = get_u16(p + 6);
	message->request.h = get_u16(p + 8);
	return 10;
}

static ssize_t parse_key(const uint8_t *p, size_t len, struct rfb_message *message)
{
	if (len < 8) {
		return 0;
	}
	message->kind = RFB_MESSAGE_KEY;
	message->key.down = p[1] != 0;
	message->key.keysym = get_u32(p + 4);
	return 8;
}

static ssize_t parse_pointer(const uint8_t *p, size_t len, struct rfb_message *message)
{
	if (len < 6) {
		return 0;
	}
	message->kind = RFB_MESSAGE_POINTER;
	message->pointer.buttons = p[1];
	message->pointer.x = get_u16(p + 2);
	message->pointer.y = get_u16(p + 4);
	return 6;
}

/* The viewer's clipboard. A negative length says that it is an extended one. */
static ssize_t parse_cut_text(struct rfb_parser *parser, const uint8_t *p, size_t len,
			      struct rfb_message *message, const char **why)
{
	uint32_t size;

	if (len < 8) {
		return 0;
	}
	size = get_u32(p + 4);
	message->cut.extended = size > INT32_MAX;
	message->cut.len = message->cut.extended ? -size : size;
	if (message->cut.len > RFB_MAX_CUT_TEXT_BYTES) {
		return bad(why, "cut text too long");
	}
	message->kind = RFB_MESSAGE_CUT_TEXT;
	parser->cut_bytes = message->cut.len;
	return 8;
}

static ssize_t parse_desktop_size(const uint8_t *p, size_t len, struct rfb_message *message)
{
	size_t size;

	if (len < 8) {
		return 0;
	}
	size = 8 + 16 * (size_t)p[6];
	if (len < size) {
		return 0;
	}
	message->kind = RFB_MESSAGE_DESKTOP_SIZE;
	message->size.w = get_u16(p + 2);
	message->size.h = get_u16(p + 4);
	message->size.screens = p[6];
	return (ssize_t)size;
}

static ssize_t parse_continuous(const uint8_t *p, size_t len, struct rfb_message *message)
{
	if (len < 10) {
		return 0;
	}
	message->kind = RFB_MESSAGE_CONTINUOUS_UPDATES;
	message->continuous.enable = p[1] != 0;
	message->continuous.x = get_u16(p + 2);
	message->continuous.y = get_u16(p + 4);
	message->continuous.w = get_u16(p + 6);
	message->continuous.h = get_u16(p + 8);
	return 10;
}

static ssize_t parse_fence(const uint8_t *p, size_t len, struct rfb_message *message,
			   const char **why)
{
	if (len < 9) {
		return 0;
	}
	if (p[8] > RFB_FENCE_MAX_BYTES) {
		return bad(why, "fence too long");
	}
	if (len < 9 + (size_t)p[8]) {
		return 0;
	}
	message->kind = RFB_MESSAGE_FENCE;
	message->fence.flags = get_u32(p + 4);
	message->fence.len = p[8];
	message->fence.data = p + 9;
	return 9 + p[8];
}

static ssize_t parse_xvp(const uint8_t *p, size_t len, struct rfb_message *message)
{
	if (len < 4) {
		return 0;
	}
	message->kind = RFB_MESSAGE_XVP;
	message->xvp.version = p[2];
	message->xvp.code = p[3];
	return 4;
}

static ssize_t parse_qemu(const uint8_t *p, size_t len, struct rfb_message *message,
			  const char **why)
{
	if (len < 2) {
		return 0;
	}
	if (p[1] != RFB_QEMU_EXTENDED_KEY) {
		return bad(why, "unknown QEMU message");
	}
	if (len < 12) {
		return 0;
	}
	message->kind = RFB_MESSAGE_EXTENDED_KEY;
	message->key.down = get_u16(p + 2) != 0;
	message->key.keysym = get_u32(p + 4);
	message->key.xt = get_u32(p + 8);
	return 12;
}

/* A name or data behind its length. */
static ssize_t parse_sasl(const uint8_t *p, size_t len, uint32_t max, struct rfb_message *message,
			  const char **why)
{
	if (len < 4) {
		return 0;
	}
	message->sasl.len = get_u32(p);
	message->sasl.data = p + 4;
	if (message->sasl.len > max) {
		return bad(why, "SASL data too long");
	}
	if (len < 4 + (size_t)message->sasl.len) {
		return 0;
	}
	message->kind = RFB_MESSAGE_SASL;
	return 4 + (ssize_t)message->sasl.len;
}

static ssize_t parse_normal(struct rfb_parser *parser, const uint8_t *p, size_t len,
			    struct rfb_message *message, const char **why)
{
	switch (p[0]) {
	case RFB_CLIENT_SET_PIXEL_FORMAT:
		return parse_pixel_format(p, len, message);
	case RFB_CLIENT_SET_ENCODINGS:
		return parse_encodings(p, len, message, why);
	case RFB_CLIENT_UPDATE_REQUEST:
		return parse_request(p, len, message);
	case RFB_CLIENT_KEY:
		return parse_key(p, len, message);
	case RFB_CLIENT_POINTER:
		return parse_pointer(p, len, message);
	case RFB_CLIENT_CUT_TEXT:
		return parse_cut_text(parser, p, len, message, why);
	case RFB_CLIENT_SET_DESKTOP_SIZE:
		return parse_desktop_size(p, len, message);
	case RFB_CLIENT_CONTINUOUS_UPDATES:
		return parse_continuous(p, len, message);
	case RFB_CLIENT_FENCE:
		return parse_fence(p, len, message, why);
	case RFB_CLIENT_XVP:
		return parse_xvp(p, len, message);
	case RFB_CLIENT_QEMU:
		return parse_qemu(p, len, message, why);
	default:
		return bad(why, "unknown message");
	}
}

ssize_t rfb_parse(struct rfb_parser *parser, const uint8_t *data, size_t len,
		  struct rfb_message *message, const char **why)
{
	message->kind = RFB_MESSAGE_NONE;
	if (len == 0) {
		return 0;
	}
	if (parser->cut_bytes > 0) {
		uint32_t piece = (uint32_t)MIN(len, parser->cut_bytes);

		parser->cut_bytes -= piece;
		message->kind = RFB_MESSAGE_CUT_DATA;
		message->cut_data.data = data;
		message->cut_data.len = piece;
		message->cut_data.last = parser->cut_bytes == 0;
		return piece;
	}
	switch (parser->phase) {
	case RFB_PHASE_VERSION:
		return parse_version(data, len, message, why);
	case RFB_PHASE_SECURITY:
		message->kind = RFB_MESSAGE_SECURITY;
		message->security = data[0];
		return 1;
	case RFB_PHASE_VENCRYPT_VERSION:
		if (len < 2) {
			return 0;
		}
		message->kind = RFB_MESSAGE_VENCRYPT_VERSION;
		message->vencrypt_version = get_u16(data);
		return 2;
	case RFB_PHASE_VENCRYPT_TYPE:
		if (len < 4) {
			return 0;
		}
		message->kind = RFB_MESSAGE_VENCRYPT_TYPE;
		message->vencrypt_type = get_u32(data);
		return 4;
	case RFB_PHASE_AUTH:
		if (len < RFB_CHALLENGE_BYTES) {
			return 0;
		}
		message->kind = RFB_MESSAGE_AUTH;
		message->response = data;
		return RFB_CHALLENGE_BYTES;
	case RFB_PHASE_SASL_MECHANISM:
		return parse_sasl(data, len, RFB_MAX_SASL_NAME_BYTES, message, why);
	case RFB_PHASE_SASL_DATA:
		return parse_sasl(data, len, RFB_MAX_SASL_BYTES, message, why);
	case RFB_PHASE_INIT:
		message->kind = RFB_MESSAGE_INIT;
		message->shared = data[0] != 0;
		return 1;
	case RFB_PHASE_NORMAL:
		return parse_normal(parser, data, len, message, why);
	}
	return bad(why, "no message is expected");
}

int32_t rfb_encoding_at(const struct rfb_message *message, unsigned int index)
{
	return (int32_t)get_u32(message->encodings.numbers + 4 * (size_t)index);
}
