// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <gnutls/x509.h>

#include "crypto/tls-int.h"

struct tls_session {
	gnutls_session_t gnutls;
	struct tls_material *material;
	bool verify_peer;
	bool half_written; /* GnuTLS holds a record that the socket didn't take */
	char *peer;
};

struct tls_session *tls_session_create(struct tls_creds *creds, int fd)
{
	struct tls_session *session = g_new0(struct tls_session, 1);
	gnutls_session_t gnutls;

	if (gnutls_init(&gnutls, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0) {
		g_free(session);
		return NULL;
	}
	session->gnutls = gnutls;
	session->material = tls_material_ref(creds->material);
	session->verify_peer = creds->x509 && creds->verify_peer;
	gnutls_priority_set(gnutls, creds->priority);
	if (creds->x509) {
		gnutls_credentials_set(gnutls, GNUTLS_CRD_CERTIFICATE, session->material->x509);
		/* Not "require": the client's certificate is looked at below, and one that is
		 * missing gets the same treatment as one that is wrong. */
		gnutls_certificate_server_set_request(gnutls, creds->verify_peer ?
						      GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
	} else {
		gnutls_credentials_set(gnutls, GNUTLS_CRD_ANON, session->material->anon);
	}
	gnutls_transport_set_int(gnutls, fd);
	/* Whoever uses us has a limit of its own. */
	gnutls_handshake_set_timeout(gnutls, 0);
	return session;
}

void tls_session_destroy(struct tls_session *session)
{
	if (session) {
		gnutls_deinit(session->gnutls);
		tls_material_unref(session->material);
		g_free(session->peer);
		g_free(session);
	}
}

static char *peer_name(gnutls_session_t gnutls)
{
	unsigned int count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(gnutls, &count);
	gnutls_x509_crt_t certificate;
	gnutls_datum_t name = { NULL, 0 };
	char *text = NULL;

	if (!list || count == 0 || gnutls_x509_crt_init(&certificate) < 0) {
		return NULL;
	}
	if (gnutls_x509_crt_import(certificate, &list[0], GNUTLS_X509_FMT_DER) >= 0 &&
	    gnutls_x509_crt_get_dn3(certificate, &name, 0) >= 0) {
		text = g_utf8_make_valid((const char *)name.data, name.size);
		gnutls_free(name.data);
	}
	gnutls_x509_crt_deinit(certificate);
	return text;
}

/* False with a new *why. */
static bool check_peer(struct tls_session *session, char **why)
{
	unsigned int status = 0;
	gnutls_datum_t text = { NULL, 0 };
	int code = gnutls_certificate_verify_peers3(session->gnutls, NULL, &status);

	if (code < 0) {
		*why = g_strdup_printf("client certificate: %s", gnutls_strerror(code));
		return false;
	}
	if (status != 0) {
		gnutls_certificate_verification_status_print(
			status, gnutls_certificate_type_get2(session->gnutls, GNUTLS_CTYPE_PEERS),
			&text, 0);
		*why = g_strdup_printf("client certificate: %s",
				       text.data ? g_strchomp((char *)text.data) : "refused");
		gnutls_free(text.data);
		return false;
	}
	session->peer = peer_name(session->gnutls);
	return true;
}

enum tls_progress tls_session_handshake(struct tls_session *session, char **why)
{
	int code;

	do {
		code = gnutls_handshake(session->gnutls);
	} while (code == GNUTLS_E_INTERRUPTED);
	/* A client may send warnings for ever, so each takes a turn of the main loop. */
	if (code == GNUTLS_E_WARNING_ALERT_RECEIVED) {
		return TLS_WANTS_READ;
	}
	if (code == GNUTLS_E_AGAIN) {
		return gnutls_record_get_direction(session->gnutls) ? TLS_WANTS_WRITE
								    : TLS_WANTS_READ;
	}
	if (code == GNUTLS_E_PREMATURE_TERMINATION || code == GNUTLS_E_PULL_ERROR ||
	    code == GNUTLS_E_PUSH_ERROR) {
		return TLS_HUNG_UP;
	}
	if (code < 0) {
		*why = g_strdup_printf("TLS handshake: %s", gnutls_strerror(code));
		return TLS_FAILED;
	}
	if (session->verify_peer && !check_peer(session, why)) {
		return TLS_FAILED;
	}
	return TLS_DONE;
}

ssize_t tls_session_read(struct tls_session *session, void *data, size_t len, const char **why)
{
	ssize_t got;

	do {
		got = gnutls_record_recv(session->gnutls, data, len);
	} while (got == GNUTLS_E_INTERRUPTED);
	if (got >= 0) {
		return got;
	}
	if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_WARNING_ALERT_RECEIVED) {
		return -EAGAIN;
	}
	/* Most viewers just close their socket. */
	if (got == GNUTLS_E_PREMATURE_TERMINATION) {
		return 0;
	}
	if (got == GNUTLS_E_PULL_ERROR || got == GNUTLS_E_PUSH_ERROR) {
		*why = "TLS: connection lost";
		return -EIO;
	}
	/* Among them a wish to negotiate again, which no viewer has. */
	*why = gnutls_strerror((int)got);
	return -EPROTO;
}

ssize_t tls_session_write(struct tls_session *session, const void *data, size_t len,
			  const char **why)
{
	ssize_t sent;

	do {
		/* GnuTLS has a copy of what it took before, and is told so by NULL. */
		sent = session->half_written ? gnutls_record_send(session->gnutls, NULL, 0)
					     : gnutls_record_send(session->gnutls, data, len);
	} while (sent == GNUTLS_E_INTERRUPTED);
	session->half_written = sent == GNUTLS_E_AGAIN;
	if (sent >= 0) {
		return sent;
	}
	if (sent == GNUTLS_E_AGAIN) {
		return -EAGAIN;
	}
	*why = sent == GNUTLS_E_PUSH_ERROR ? "TLS: connection lost" : gnutls_strerror((int)sent);
	return -EIO;
}

bool tls_session_has_more(struct tls_session *session)
{
	return gnutls_record_check_pending(session->gnutls) > 0;
}

unsigned int tls_session_key_bits(const struct tls_session *session)
{
	return (unsigned int)gnutls_cipher_get_key_size(gnutls_cipher_get(session->gnutls)) * 8;
}

const char *tls_session_peer(const struct tls_session *session)
{
	return session->peer;
}
