/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel: the bytes of one connection as the protocol above sees them, whatever is between it and
 * the socket (nothing, TLS, a websocket in one of them). Never blocks. Context: main.
 */
#ifndef UI_VNC_CHANNEL_H
#define UI_VNC_CHANNEL_H

#include <stdbool.h>
#include <sys/types.h>
#include <gio/gio.h>

struct channel;
struct tls_creds;

/* All mandatory; each may destroy the channel. */
struct channel_ops {
	void (*readable)(void *opaque);
	/* After a channel_write() that gave -EAGAIN. */
	void (*writable)(void *opaque);
	/* channel_start_tls() is through; @failure: why it isn't, or NULL. */
	void (*secured)(void *opaque, const char *failure);
};

/* Takes @connection. Nothing is called before the main loop's next turn, so an owner may come by
 * channel_set_owner(), also to take it over from another, as after an upgrade of HTTP. */
struct channel *channel_create(GSocketConnection *connection, const struct channel_ops *ops,
			       void *opaque);
void channel_set_owner(struct channel *channel, const struct channel_ops *ops, void *opaque);
/* Closes the connection. Accepts NULL. */
void channel_destroy(struct channel *channel);

/* Bytes (> 0), 0 at the end, -EAGAIN, or another -errno with *why, a text that is good until the
 * next call. */
ssize_t channel_read(struct channel *channel, void *data, size_t len, const char **why);
/* The same; after -EAGAIN the next call starts with the same bytes. */
ssize_t channel_write(struct channel *channel, const void *data, size_t len, const char **why);
/* There is more to read that the socket doesn't know of: readable() won't be called for it. */
bool channel_has_more(struct channel *channel);

/* A handshake as the server begins; nothing may be read or written until secured(). False: no
 * memory. */
bool channel_start_tls(struct channel *channel, struct tls_creds *creds);
bool channel_is_secured(const struct channel *channel);
/* How well what is said is hidden from others: bits of a key; 256 on a unix socket; 0: not at all. */
unsigned int channel_key_bits(const struct channel *channel);
/* Distinguished name in the peer's certificate, or NULL. Borrowed. */
const char *channel_peer(const struct channel *channel);

/* What is read and written from now on is the payload of a websocket's binary frames. */
void channel_start_websocket(struct channel *channel);
bool channel_is_websocket(const struct channel *channel);

/* Borrowed. */
GSocketConnection *channel_connection(struct channel *channel);
GSocket *channel_socket(struct channel *channel);

#endif
