/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vdagent_stream: an agent's bytes to messages, and messages to bytes. No I/O and no clock, so that
 * it can be fuzzed alone. Context: any.
 */
#ifndef UI_VDAGENT_STREAM_H
#define UI_VDAGENT_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <glib.h>

#include "ui/clipboard.h"
#include "ui/vdagent/protocol.h"

/* The longest message that is kept: a text and what is in front of it. Longer ones are read over. */
#define VDAGENT_MESSAGE_MAX_BYTES (CLIPBOARD_MAX_BYTES + 64)

struct vdagent_message {
	uint32_t type;
	const uint8_t *data; /* in the stream, until the next call */
	uint32_t size;
};

struct vdagent_stream { /* all zero: at the beginning */
	uint8_t chunk_header[VDAGENT_CHUNK_HEADER_BYTES];
	unsigned int chunk_header_len;
	uint32_t chunk_left; /* bytes of this chunk that are still to come */
	uint8_t header[VDAGENT_MESSAGE_HEADER_BYTES];
	unsigned int header_len;
	GByteArray *data; /* of the message, as far as it is there */
	uint32_t left; /* bytes of it that are still to come */
	bool skip; /* it is too long: nothing of it is kept */
};

/*
 * Takes bytes off the front of @data until a message is whole or there are none left. Returns how many
 * were used, with message->type 0 if there is no message yet, or -EPROTO with *why set to a constant
 * text: the agent doesn't speak the protocol, and what follows would mean nothing.
 */
ssize_t vdagent_stream_parse(struct vdagent_stream *stream, const uint8_t *data, size_t len,
			     struct vdagent_message *message, const char **why);
/* Back to the beginning; frees what it holds. */
void vdagent_stream_reset(struct vdagent_stream *stream);

/* Appends a message whose data is @head and @body, in chunks. */
void vdagent_stream_add(GByteArray *out, enum vdagent_port port, uint32_t type, const void *head,
			size_t head_len, const void *body, size_t body_len);

uint32_t vdagent_get_u32(const uint8_t *p);
void vdagent_set_u32(uint8_t *p, uint32_t value);

#endif
