/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A certificate authority in a folder of its own, made in milliseconds, and a client that trusts it. */
#ifndef TESTS_UNIT_TLS_CERTS_H
#define TESTS_UNIT_TLS_CERTS_H

#include <glib/gstdio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct certs {
	char *dir;
	gnutls_x509_privkey_t ca_key;
	gnutls_x509_crt_t ca;
	unsigned int serial;
};

static inline char *certs_path(struct certs *certs, const char *name)
{
	return g_build_filename(certs->dir, name, NULL);
}

static inline void certs_write(struct certs *certs, const char *name, const char *text, gssize len)
{
	g_autofree char *path = certs_path(certs, name);

	g_assert_true(g_file_set_contents(path, text, len, NULL));
}

static inline void certs_write_datum(struct certs *certs, const char *name, gnutls_datum_t *datum)
{
	certs_write(certs, name, (const char *)datum->data, datum->size);
	gnutls_free(datum->data);
}

static inline gnutls_x509_privkey_t certs_key(void)
{
	gnutls_x509_privkey_t key;

	gnutls_x509_privkey_init(&key);
	g_assert_cmpint(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
			GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), ==, 0);
	return key;
}

/* @until_s: from now; may be negative. NULL @issuer signs itself. */
static inline gnutls_x509_crt_t certs_crt(struct certs *certs, const char *name,
					  gnutls_x509_privkey_t key, bool is_ca, long until_s)
{
	uint8_t serial[2] = { 1, (uint8_t)++certs->serial };
	gnutls_x509_crt_t crt;

	gnutls_x509_crt_init(&crt);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_key(crt, key);
	gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - 7200);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + until_s);
	gnutls_x509_crt_set_dn(crt, name, NULL);
	gnutls_x509_crt_set_basic_constraints(crt, is_ca, -1);
	if (is_ca) {
		gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN);
	}
	g_assert_cmpint(gnutls_x509_crt_sign2(crt, certs->ca ? certs->ca : crt,
			certs->ca_key, GNUTLS_DIG_SHA256, 0), ==, 0);
	return crt;
}

/* NAME-cert.pem and NAME-key.pem. */
static inline void certs_issue(struct certs *certs, const char *name, const char *dn, long until_s)
{
	g_autofree char *crt_name = g_strconcat(name, "-cert.pem", NULL);
	g_autofree char *key_name = g_strconcat(name, "-key.pem", NULL);
	gnutls_x509_privkey_t key = certs_key();
	gnutls_x509_crt_t crt = certs_crt(certs, dn, key, false, until_s);
	gnutls_datum_t datum;

	gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &datum);
	certs_write_datum(certs, crt_name, &datum);
	gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &datum);
	certs_write_datum(certs, key_name, &datum);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static inline struct certs *certs_new(void)
{
	struct certs *certs = g_new0(struct certs, 1);
	gnutls_datum_t datum;

	certs->dir = g_dir_make_tmp("certs-XXXXXX", NULL);
	certs->ca_key = certs_key();
	certs->ca = certs_crt(certs, "CN=Test CA", certs->ca_key, true, 3600);
	gnutls_x509_crt_export2(certs->ca, GNUTLS_X509_FMT_PEM, &datum);
	certs_write_datum(certs, "ca-cert.pem", &datum);
	certs_issue(certs, "server", "CN=localhost", 3600);
	return certs;
}

static inline void certs_free(struct certs *certs)
{
	GDir *dir = g_dir_open(certs->dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = certs_path(certs, name);

		g_unlink(path);
	}
	g_dir_close(dir);
	g_rmdir(certs->dir);
	gnutls_x509_crt_deinit(certs->ca);
	gnutls_x509_privkey_deinit(certs->ca_key);
	g_free(certs->dir);
	g_free(certs);
}

#endif
