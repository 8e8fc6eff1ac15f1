// SPDX-License-Identifier: GPL-2.0-or-later
/* A build without GnuTLS: there are no credentials, so there is no session either. */
#include <errno.h>

#include "crypto/tls.h"
#include "util/error.h"
#include "util/opts.h"

struct tls_creds *tls_creds_create(struct opts *opts, struct crypto_objects *objects,
				   GError **error)
{
	error_set(error, "%s: this build has no TLS (configure found no GnuTLS)", opts->object);
	return NULL;
}

void tls_creds_destroy(struct tls_creds *creds)
{
}

bool tls_creds_is_x509(const struct tls_creds *creds)
{
	return false;
}

bool tls_creds_reload(struct tls_creds *creds, GError **error)
{
	return true;
}

struct tls_session *tls_session_create(struct tls_creds *creds, int fd)
{
	return NULL;
}

void tls_session_destroy(struct tls_session *session)
{
}

enum tls_progress tls_session_handshake(struct tls_session *session, char **why)
{
	*why = g_strdup("no TLS");
	return TLS_FAILED;
}

ssize_t tls_session_read(struct tls_session *session, void *data, size_t len, const char **why)
{
	*why = "no TLS";
	return -EPROTO;
}

ssize_t tls_session_write(struct tls_session *session, const void *data, size_t len,
			  const char **why)
{
	*why = "no TLS";
	return -EPROTO;
}

bool tls_session_has_more(struct tls_session *session)
{
	return false;
}

unsigned int tls_session_key_bits(const struct tls_session *session)
{
	return 0;
}

const char *tls_session_peer(const struct tls_session *session)
{
	return NULL;
}
