/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside crypto/: what credentials and sessions share. */
#ifndef CRYPTO_TLS_INT_H
#define CRYPTO_TLS_INT_H

#include <gnutls/gnutls.h>

#include "crypto/tls.h"

/* What was read from the files. Immutable: a session keeps the one it started with. */
struct tls_material {
	unsigned int refs;
	gnutls_certificate_credentials_t x509; /* or */
	gnutls_anon_server_credentials_t anon;
	gnutls_dh_params_t dh; /* NULL: GnuTLS' own */
};

struct tls_material *tls_material_ref(struct tls_material *material);
void tls_material_unref(struct tls_material *material);

struct tls_creds {
	char *object; /* for messages */
	bool x509, verify_peer;
	char *dir; /* NULL: none */
	char *password; /* of the key; NULL: not encrypted */
	gnutls_priority_t priority;
	struct tls_material *material;
};

#endif
