/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SASL for servers, over Cyrus SASL, which reads /etc/sasl2/qemu.conf as for QEMU. Only who
 * somebody is, no encryption: that is TLS' matter. A build without the library has the same calls,
 * and sasl_auth_start() says that it can't. A mechanism may ask a daemon and wait for it.
 * Context: main.
 */
#ifndef CRYPTO_SASL_H
#define CRYPTO_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

/* Loads the mechanisms; each call that gave true is paired with sasl_auth_stop(). */
bool sasl_auth_start(GError **error);
void sasl_auth_stop(void);

/* ---- one client ---- */
struct sasl_auth;

/* @service: "vnc"... @key_bits: of the encryption around it; what says passwords in the clear is
 * offered with some only. NULL and *why, a new text. */
struct sasl_auth *sasl_auth_create(const char *service, unsigned int key_bits, char **why);
/* Accepts NULL. */
void sasl_auth_destroy(struct sasl_auth *auth);
/* Names with commas between them. Borrowed. */
const char *sasl_auth_mechanisms(const struct sasl_auth *auth);

enum sasl_progress { SASL_AUTH_GOES_ON, SASL_AUTH_DONE, SASL_AUTH_REFUSED };
/*
 * What the client said. @mechanism: the one chosen, with the first data; NULL afterwards. @data
 * NULL is no data, which isn't the same as empty data. The answer comes in *out, borrowed until the next
 * call, or NULL. With SASL_AUTH_REFUSED *why is a new text for the log.
 */
enum sasl_progress sasl_auth_step(struct sasl_auth *auth, const char *mechanism, const char *data,
				  size_t len, const char **out, size_t *out_len, char **why);
/* Once it is done. Borrowed. */
const char *sasl_auth_user(const struct sasl_auth *auth);

#endif
