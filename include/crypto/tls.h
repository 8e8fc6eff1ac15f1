/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS for servers, over a socket that never blocks. The caller watches the socket; nothing here
 * waits. A build without GnuTLS has the same calls, and tls_creds_create() says that it can't.
 * Context: main.
 */
#ifndef CRYPTO_TLS_H
#define CRYPTO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <glib.h>

struct crypto_objects;
struct opts;

/* ---- what a server shows of itself, and asks of its clients ---- */
struct tls_creds;

/* From -object tls-creds-x509 or tls-creds-anon. The files are read now. Secrets that are named are
 * looked up in @objects. */
struct tls_creds *tls_creds_create(struct opts *opts, struct crypto_objects *objects,
				   GError **error);
/* Accepts NULL. Sessions that are open go on. */
void tls_creds_destroy(struct tls_creds *creds);
/* False: anonymous. */
bool tls_creds_is_x509(const struct tls_creds *creds);
/* Reads the files again, for sessions that start from now on. With an error all stays as it was. */
bool tls_creds_reload(struct tls_creds *creds, GError **error);

/* ---- one connection ---- */
struct tls_session;

/* @fd is borrowed, non-blocking. NULL: no memory. */
struct tls_session *tls_session_create(struct tls_creds *creds, int fd);
/* Doesn't say goodbye: the caller closes the socket. Accepts NULL. */
void tls_session_destroy(struct tls_session *session);

enum tls_progress { TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_HUNG_UP, TLS_FAILED };
/* Goes on with the handshake, which ends with a look at the client's certificate where the
 * credentials ask for one. With TLS_FAILED *why is a new text. */
enum tls_progress tls_session_handshake(struct tls_session *session, char **why);
/* Bytes (> 0), 0 at the end, -EAGAIN, or another -errno with *why a constant text. */
ssize_t tls_session_read(struct tls_session *session, void *data, size_t len, const char **why);
/* The same; after -EAGAIN the next call must start with the same bytes. */
ssize_t tls_session_write(struct tls_session *session, const void *data, size_t len,
			  const char **why);
/* There is something to read that the socket doesn't know of. */
bool tls_session_has_more(struct tls_session *session);
/* Of the cipher that was agreed on. */
unsigned int tls_session_key_bits(const struct tls_session *session);
/* Distinguished name in the client's certificate, checked; NULL: it showed none. Borrowed. */
const char *tls_session_peer(const struct tls_session *session);

#endif
