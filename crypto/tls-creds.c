// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <time.h>
#include <gnutls/x509.h>

#include "crypto/objects.h"
#include "crypto/tls-int.h"
#include "util/error.h"
#include "util/opts.h"

/* There is no anonymous key exchange in TLS 1.3. */
#define ANONYMOUS ":-VERS-TLS1.3:+ANON-ECDH:+ANON-DH"
#define MAX_FILE_BYTES (1u << 20)

struct tls_material *tls_material_ref(struct tls_material *material)
{
	material->refs++;
	return material;
}

void tls_material_unref(struct tls_material *material)
{
	if (material && --material->refs == 0) {
		if (material->x509) {
			gnutls_certificate_free_credentials(material->x509);
		}
		if (material->anon) {
			gnutls_anon_free_server_credentials(material->anon);
		}
		if (material->dh) {
			gnutls_dh_params_deinit(material->dh);
		}
		g_free(material);
	}
}

/* ---- files ---- */

static char *path_of(const struct tls_creds *creds, const char *name)
{
	return g_build_filename(creds->dir, name, NULL);
}

static bool is_there(const struct tls_creds *creds, const char *name)
{
	g_autofree char *path = creds->dir ? path_of(creds, name) : NULL;

	return path && g_file_test(path, G_FILE_TEST_EXISTS);
}

/* Readable and of a size to be a certificate; *data is in memory of GLib's. */
static bool read_file(const struct tls_creds *creds, const char *name, gnutls_datum_t *data,
		      GError **error)
{
	g_autofree char *path = path_of(creds, name);
	g_autoptr(GError) cause = NULL;
	char *text;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, &cause)) {
		return error_set(error, "%s: %s", creds->object, cause->message);
	}
	if (len > MAX_FILE_BYTES) {
		g_free(text);
		return error_set(error, "%s: %s: larger than %u bytes", creds->object, path,
				 MAX_FILE_BYTES);
	}
	data->data = (unsigned char *)text;
	data->size = (unsigned int)len;
	return true;
}

static bool bad_file(const struct tls_creds *creds, const char *name, int code, GError **error)
{
	g_autofree char *path = path_of(creds, name);

	return error_set(error, "%s: %s: %s", creds->object, path, gnutls_strerror(code));
}

/* A certificate whose time isn't now would be refused by each client, in words of its own. */
static bool check_times(const struct tls_creds *creds, const char *name,
			const gnutls_datum_t *data, GError **error)
{
	g_autofree char *path = path_of(creds, name);
	gnutls_x509_crt_t *list = NULL;
	unsigned int count = 0;
	time_t now = time(NULL);
	bool ok = true;
	int code = gnutls_x509_crt_list_import2(&list, &count, data, GNUTLS_X509_FMT_PEM, 0);

	if (code < 0) {
		return bad_file(creds, name, code, error);
	}
	for (unsigned int i = 0; i < count; i++) {
		if (ok && gnutls_x509_crt_get_expiration_time(list[i]) < now) {
			ok = error_set(error, "%s: %s: the certificate has expired",
				       creds->object, path);
		} else if (ok && gnutls_x509_crt_get_activation_time(list[i]) > now) {
			ok = error_set(error, "%s: %s: the certificate isn't valid yet",
				       creds->object, path);
		}
		gnutls_x509_crt_deinit(list[i]);
	}
	gnutls_free(list);
	return ok;
}

static bool load_ca(const struct tls_creds *creds, struct tls_material *material, GError **error)
{
	gnutls_datum_t data;
	bool ok;
	int code;

	if (!read_file(creds, "ca-cert.pem", &data, error)) {
		return false;
	}
	ok = check_times(creds, "ca-cert.pem", &data, error);
	code = ok ? gnutls_certificate_set_x509_trust_mem(material->x509, &data,
							  GNUTLS_X509_FMT_PEM) : 0;
	g_free(data.data);
	if (code < 0) {
		return bad_file(creds, "ca-cert.pem", code, error);
	}
	if (!ok || !is_there(creds, "ca-crl.pem")) {
		return ok;
	}
	if (!read_file(creds, "ca-crl.pem", &data, error)) {
		return false;
	}
	code = gnutls_certificate_set_x509_crl_mem(material->x509, &data, GNUTLS_X509_FMT_PEM);
	g_free(data.data);
	return code >= 0 || bad_file(creds, "ca-crl.pem", code, error);
}

static bool load_server(const struct tls_creds *creds, struct tls_material *material,
			GError **error)
{
	gnutls_datum_t certificate, key;
	bool ok;
	int code;

	if (!read_file(creds, "server-cert.pem", &certificate, error)) {
		return false;
	}
	ok = check_times(creds, "server-cert.pem", &certificate, error);
	if (ok && read_file(creds, "server-key.pem", &key, error)) {
		code = gnutls_certificate_set_x509_key_mem2(material->x509, &certificate, &key,
							    GNUTLS_X509_FMT_PEM, creds->password,
							    0);
		ok = code >= 0 || bad_file(creds, "server-key.pem", code, error);
		explicit_bzero(key.data, key.size);
		g_free(key.data);
	} else {
		ok = false;
	}
	g_free(certificate.data);
	return ok;
}

static bool load_dh(const struct tls_creds *creds, struct tls_material *material, GError **error)
{
	gnutls_datum_t data;
	int code;

	if (!is_there(creds, "dh-params.pem")) {
		if (material->x509) {
			gnutls_certificate_set_known_dh_params(material->x509,
							       GNUTLS_SEC_PARAM_MEDIUM);
		} else {
			gnutls_anon_set_server_known_dh_params(material->anon,
							       GNUTLS_SEC_PARAM_MEDIUM);
		}
		return true;
	}
	if (!read_file(creds, "dh-params.pem", &data, error)) {
		return false;
	}
	gnutls_dh_params_init(&material->dh);
	code = gnutls_dh_params_import_pkcs3(material->dh, &data, GNUTLS_X509_FMT_PEM);
	g_free(data.data);
	if (code < 0) {
		return bad_file(creds, "dh-params.pem", code, error);
	}
	if (material->x509) {
		gnutls_certificate_set_dh_params(material->x509, material->dh);
	} else {
		gnutls_anon_set_server_dh_params(material->anon, material->dh);
	}
	return true;
}

static struct tls_material *load(const struct tls_creds *creds, GError **error)
{
	struct tls_material *material = g_new0(struct tls_material, 1);
	bool ok;

	material->refs = 1;
	if (creds->x509) {
		gnutls_certificate_allocate_credentials(&material->x509);
	} else {
		gnutls_anon_allocate_server_credentials(&material->anon);
	}
	ok = (!creds->x509 || (load_ca(creds, material, error) &&
			       load_server(creds, material, error))) &&
	     load_dh(creds, material, error);
	if (!ok) {
		tls_material_unref(material);
		return NULL;
	}
	return material;
}

/* ---- options ---- */

static bool parse_options(struct tls_creds *creds, struct opts *opts,
			  struct crypto_objects *objects, GError **error)
{
	static const char *const known[] = { "qom-type", "id", "dir", "endpoint", "verify-peer",
					     "priority", "passwordid", "sanity-check", NULL };
	const char *endpoint = opts_get(opts, "endpoint");
	const char *password = opts_get(opts, "passwordid");
	bool checked = true;

	creds->dir = g_strdup(opts_get(opts, "dir"));
	if (!endpoint || strcmp(endpoint, "server")) {
		return error_set(error, "%s: endpoint=%s%s: not offered (server)", opts->object,
				 endpoint ? endpoint : "client", endpoint ? "" : " (the default)");
	}
	if (creds->x509 && !creds->dir) {
		return error_set(error, "%s: needs dir=FOLDER with certificates", opts->object);
	}
	if (!opts_get_bool(opts, "verify-peer", &creds->verify_peer, error) ||
	    !opts_get_bool(opts, "sanity-check", &checked, error)) {
		return false;
	}
	if (!checked) {
		return error_set(error, "%s: sanity-check=off: not offered", opts->object);
	}
	if (password) {
		g_autoptr(GError) cause = NULL;
		const char *text = crypto_secret(objects, password, &cause);

		if (!text) {
			return error_set(error, "%s: passwordid: %s", opts->object, cause->message);
		}
		creds->password = g_strdup(text);
	}
	return opts_check_used(opts, known, error);
}

static bool parse_priority(struct tls_creds *creds, struct opts *opts, GError **error)
{
	const char *text = opts_get(opts, "priority"), *where = NULL;
	g_autofree char *all = g_strconcat(text ? text : "NORMAL",
					   creds->x509 ? "" : ANONYMOUS, NULL);
	int code = gnutls_priority_init(&creds->priority, all, &where);

	return code >= 0 || error_set(error, "%s: priority=%s: %s", opts->object,
				      text ? text : "NORMAL", gnutls_strerror(code));
}

struct tls_creds *tls_creds_create(struct opts *opts, struct crypto_objects *objects,
				   GError **error)
{
	struct tls_creds *creds = g_new0(struct tls_creds, 1);

	creds->object = g_strdup(opts->object);
	creds->x509 = !g_strcmp0(opts_get(opts, "qom-type"), "tls-creds-x509");
	creds->verify_peer = true;
	if (parse_priority(creds, opts, error) && parse_options(creds, opts, objects, error)) {
		creds->material = load(creds, error);
	}
	if (!creds->material) {
		tls_creds_destroy(creds);
		return NULL;
	}
	return creds;
}

void tls_creds_destroy(struct tls_creds *creds)
{
	if (!creds) {
		return;
	}
	tls_material_unref(creds->material);
	if (creds->priority) {
		gnutls_priority_deinit(creds->priority);
	}
	if (creds->password) {
		explicit_bzero(creds->password, strlen(creds->password));
	}
	g_free(creds->password);
	g_free(creds->dir);
	g_free(creds->object);
	g_free(creds);
}

bool tls_creds_is_x509(const struct tls_creds *creds)
{
	return creds->x509;
}

bool tls_creds_reload(struct tls_creds *creds, GError **error)
{
	struct tls_material *material = load(creds, error);

	if (!material) {
		return false;
	}
	tls_material_unref(creds->material);
	creds->material = material;
	return true;
}
