// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "ui/vdagent/stream.h"

uint32_t vdagent_get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void vdagent_set_u32(uint8_t *p, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++) {
		p[i] = (uint8_t)(value >> 8 * i);
	}
}

/* ---- in ---- */

static ssize_t bad(const char **why, const char *text)
{
	*why = text;
	return -EPROTO;
}

/* Fills @header up to @size; returns the bytes used. */
static size_t collect(uint8_t *header, unsigned int *have, unsigned int size, const uint8_t *data,
		      size_t len)
{
	size_t n = MIN(len, size - *have);

	memcpy(header + *have, data, n);
	*have += (unsigned int)n;
	return n;
}

static const char *begin_chunk(struct vdagent_stream *stream)
{
	uint32_t port = vdagent_get_u32(stream->chunk_header);

	if (port != VDAGENT_PORT_CLIENT && port != VDAGENT_PORT_SERVER) {
		return "unknown port";
	}
	stream->chunk_left = vdagent_get_u32(stream->chunk_header + 4);
	if (stream->chunk_left == 0) {
		stream->chunk_header_len = 0;
	}
	return NULL;
}

static const char *begin_message(struct vdagent_stream *stream)
{
	if (vdagent_get_u32(stream->header) != VDAGENT_PROTOCOL) {
		return "unknown protocol";
	}
	stream->left = vdagent_get_u32(stream->header + 16);
	stream->skip = stream->left > VDAGENT_MESSAGE_MAX_BYTES;
	if (!stream->data) {
		stream->data = g_byte_array_new();
	}
	return NULL;
}

/* Bytes of a chunk that belong to a message; returns how many were used. */
static ssize_t parse_message(struct vdagent_stream *stream, const uint8_t *data, size_t len,
			     const char **why)
{
	size_t n;

	if (stream->header_len < VDAGENT_MESSAGE_HEADER_BYTES) {
		n = collect(stream->header, &stream->header_len, VDAGENT_MESSAGE_HEADER_BYTES, data,
			    len);
		if (stream->header_len == VDAGENT_MESSAGE_HEADER_BYTES) {
			*why = begin_message(stream);
		}
		return *why ? -EPROTO : (ssize_t)n;
	}
	n = MIN(len, stream->left);
	if (!stream->skip) {
		/* Grows as bytes come, whatever the header said. */
		g_byte_array_append(stream->data, data, (guint)n);
	}
	stream->left -= (uint32_t)n;
	return (ssize_t)n;
}

/* What the caller was given before is over. */
static void drop_data(struct vdagent_stream *stream)
{
	if (stream->header_len == 0 && stream->data && stream->data->len > 0) {
		g_clear_pointer(&stream->data, g_byte_array_unref);
	}
}

ssize_t vdagent_stream_parse(struct vdagent_stream *stream, const uint8_t *data, size_t len,
			     struct vdagent_message *message, const char **why)
{
	size_t used = 0;

	message->type = 0;
	*why = NULL;
	drop_data(stream);
	while (used < len) {
		ssize_t n;

		if (stream->chunk_header_len < VDAGENT_CHUNK_HEADER_BYTES) {
			used += collect(stream->chunk_header, &stream->chunk_header_len,
					VDAGENT_CHUNK_HEADER_BYTES, data + used, len - used);
			if (stream->chunk_header_len == VDAGENT_CHUNK_HEADER_BYTES) {
				*why = begin_chunk(stream);
			}
			if (*why) {
				return bad(why, *why);
			}
			continue;
		}
		n = parse_message(stream, data + used, MIN(len - used, stream->chunk_left), why);
		if (n < 0) {
			return n;
		}
		used += (size_t)n;
		stream->chunk_left -= (uint32_t)n;
		if (stream->chunk_left == 0) {
			stream->chunk_header_len = 0;
		}
		if (stream->header_len == VDAGENT_MESSAGE_HEADER_BYTES && stream->left == 0) {
			stream->header_len = 0;
			if (!stream->skip) {
				message->type = vdagent_get_u32(stream->header + 4);
				message->data = stream->data->data;
				message->size = stream->data->len;
				break;
			}
		}
	}
	return (ssize_t)used;
}

void vdagent_stream_reset(struct vdagent_stream *stream)
{
	g_clear_pointer(&stream->data, g_byte_array_unref);
	memset(stream, 0, sizeof(*stream));
}

/* ---- out ---- */

/* Part of a message, which begins a new chunk where the last one is full. */
static void add_bytes(GByteArray *out, enum vdagent_port port, guint *chunk, size_t *total,
		      const uint8_t *data, size_t len)
{
	while (len > 0) {
		guint have = out->len - *chunk;
		size_t n;

		if (have == VDAGENT_CHUNK_MAX_BYTES || have == 0) {
			uint8_t header[VDAGENT_CHUNK_HEADER_BYTES];

			vdagent_set_u32(header, port);
			vdagent_set_u32(header + 4,
					(uint32_t)MIN(*total, VDAGENT_CHUNK_MAX_BYTES));
			g_byte_array_append(out, header, sizeof(header));
			*chunk = out->len;
			have = 0;
		}
		n = MIN(len, VDAGENT_CHUNK_MAX_BYTES - have);
		g_byte_array_append(out, data, (guint)n);
		data += n;
		len -= n;
		*total -= n;
	}
}

void vdagent_stream_add(GByteArray *out, enum vdagent_port port, uint32_t type, const void *head,
			size_t head_len, const void *body, size_t body_len)
{
	uint8_t header[VDAGENT_MESSAGE_HEADER_BYTES] = { 0 };
	size_t total = sizeof(header) + head_len + body_len;
	guint chunk = out->len;

	vdagent_set_u32(header, VDAGENT_PROTOCOL);
	vdagent_set_u32(header + 4, type);
	vdagent_set_u32(header + 16, (uint32_t)(head_len + body_len));
	add_bytes(out, port, &chunk, &total, header, sizeof(header));
	add_bytes(out, port, &chunk, &total, head, head_len);
	add_bytes(out, port, &chunk, &total, body, body_len);
}
