// SPDX-License-Identifier: GPL-2.0-or-later
/* Viewers that come by TLS, and those that try. */
#include "log-catch.h"
#include "tls-certs.h"
#include "vnc-set.h"
#include "vnc-ws.h"

#include "crypto/tls.h"
#include "util/error.h"
#include "util/opts.h"

/* ---- a viewer's side of TLS ---- */

struct tls_layer {
	gnutls_session_t session;
	gnutls_certificate_credentials_t x509;
	gnutls_anon_client_credentials_t anon;
	bool half_written;
};

static ssize_t io_result(ssize_t done)
{
	if (done == GNUTLS_E_AGAIN || done == GNUTLS_E_INTERRUPTED) {
		errno = EAGAIN;
		return -1;
	}
	return done < 0 ? 0 : done;
}

static ssize_t layer_read(struct viewer *v, void *data, size_t len)
{
	struct tls_layer *layer = v->layer;

	return io_result(gnutls_record_recv(layer->session, data, len));
}

static ssize_t layer_write(struct viewer *v, const void *data, size_t len)
{
	struct tls_layer *layer = v->layer;
	ssize_t sent = layer->half_written ? gnutls_record_send(layer->session, NULL, 0) :
					     gnutls_record_send(layer->session, data, len);

	layer->half_written = sent == GNUTLS_E_AGAIN;
	return io_result(sent);
}

/* @certs NULL: anonymous. @client: which certificate to show, or NULL. False: it didn't work. */
static bool start_tls(struct viewer *v, struct certs *certs, const char *client)
{
	struct tls_layer *layer = g_new0(struct tls_layer, 1);
	gint64 end = g_get_monotonic_time() + VIEWER_LIMIT_US;
	int code;

	v->layer = layer;
	gnutls_init(&layer->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	if (certs) {
		g_autofree char *ca = certs_path(certs, "ca-cert.pem");

		gnutls_certificate_allocate_credentials(&layer->x509);
		gnutls_certificate_set_x509_trust_file(layer->x509, ca, GNUTLS_X509_FMT_PEM);
		if (client) {
			g_autofree char *base = certs_path(certs, client);
			g_autofree char *crt = g_strconcat(base, "-cert.pem", NULL);
			g_autofree char *key = g_strconcat(base, "-key.pem", NULL);

			g_assert_cmpint(gnutls_certificate_set_x509_key_file(
				layer->x509, crt, key, GNUTLS_X509_FMT_PEM), ==, 0);
		}
		gnutls_set_default_priority(layer->session);
		gnutls_credentials_set(layer->session, GNUTLS_CRD_CERTIFICATE, layer->x509);
	} else {
		gnutls_anon_allocate_client_credentials(&layer->anon);
		gnutls_priority_set_direct(layer->session, "NORMAL:+ANON-ECDH:+ANON-DH", NULL);
		gnutls_credentials_set(layer->session, GNUTLS_CRD_ANON, layer->anon);
	}
	gnutls_transport_set_int(layer->session, v->fd);
	do {
		g_main_context_iteration(NULL, FALSE);
		code = gnutls_handshake(layer->session);
		g_assert_cmpint(g_get_monotonic_time(), <, end);
	} while (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED);
	if (code == 0 && certs) {
		unsigned int status;

		g_assert_cmpint(gnutls_certificate_verify_peers3(layer->session, "localhost",
								 &status), ==, 0);
		g_assert_cmpuint(status, ==, 0);
	}
	v->read = layer_read;
	v->write = layer_write;
	return code == 0;
}

static void tls_viewer_free(struct viewer *v)
{
	struct tls_layer *layer = v->layer;

	if (layer) {
		gnutls_deinit(layer->session);
		if (layer->x509) {
			gnutls_certificate_free_credentials(layer->x509);
		}
		if (layer->anon) {
			gnutls_anon_free_client_credentials(layer->anon);
		}
		g_free(layer);
	}
	viewer_free(v);
}

/* Up to where TLS starts. */
static void vencrypt(struct viewer *v, uint32_t type)
{
	uint32_t big = GUINT32_TO_BE(type);

	g_assert_cmpuint(viewer_start(v, 8), ==, RFB_SECURITY_VENCRYPT);
	viewer_send(v, "\x13", 1);
	g_assert_cmpmem(viewer_take(v, 2), 2, "\0\2", 2);
	viewer_send(v, "\0\2", 2);
	g_assert_cmpmem(viewer_take(v, 2), 2, "\0\1", 2);
	g_assert_cmpuint(take_u32(&v->decoder), ==, type);
	viewer_send(v, &big, 4);
	g_assert_cmpuint(take_u8(&v->decoder), ==, 1);
}

/* The challenge and its answer without the choice, which VeNCrypt has made. */
static unsigned int say_password(struct viewer *v, const char *password)
{
	uint8_t challenge[16], response[16];

	memcpy(challenge, viewer_take(v, 16), 16);
	vnc_auth_response(password, challenge, response);
	viewer_send(v, response, 16);
	return take_u32(&v->decoder);
}

/* ---- the server's side ---- */

static bool try_object(struct crypto_objects *objects, const char *spec, GError **error)
{
	struct opts *opts = opts_parse("-object", spec, "qom-type", NULL);
	bool ok = crypto_objects_add(objects, opts, error);

	opts_destroy(opts);
	return ok;
}

static void add_object(struct crypto_objects *objects, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void add_object(struct crypto_objects *objects, const char *fmt, ...)
{
	g_autofree char *spec = NULL;
	g_autoptr(GError) error = NULL;
	va_list args;

	va_start(args, fmt);
	spec = g_strdup_vprintf(fmt, args);
	va_end(args);
	try_object(objects, spec, &error);
	g_assert_no_error(error);
}

static struct set *tls_set(struct certs *certs, const char *verify, const char *spec)
{
	struct crypto_objects *objects = crypto_objects_create();

	add_object(objects, "secret,id=sec0,data=c2VjcmV0,format=base64");
	add_object(objects, "tls-creds-anon,id=anon,endpoint=server");
	if (certs) {
		add_object(objects, "tls-creds-x509,id=tls0,endpoint=server,dir=%s,verify-peer=%s",
			   certs->dir, verify);
	}
	return set_new_with(objects, spec, 320, 200);
}

static char *query_auth(struct set *set)
{
	g_autoptr(JsonNode) node = vnc_server_query(set->server);

	return g_strdup(json_object_get_string_member(json_node_get_object(node), "auth"));
}

/* ---- tests ---- */

static void test_x509_password(void)
{
	struct certs *certs = certs_new();
	struct set *set = tls_set(certs, "off",
				  "127.0.0.1:40,to=900,tls-creds=tls0,password-secret=sec0");
	g_autofree char *auth = query_auth(set);
	struct viewer *v = viewer_new(set->server);

	g_assert_cmpstr(auth, ==, "vencrypt+x509+vnc");
	vencrypt(v, RFB_VENCRYPT_X509_VNC);
	g_assert_true(start_tls(v, certs, NULL));
	g_assert_cmpuint(say_password(v, "secret"), ==, 0);
	g_assert_true(viewer_init(v, true));
	viewer_update(v, false);
	assert_guest_shown(set, v);
	guest_draw_random(set->guest, 0);
	guest_submit(set->guest);
	viewer_update(v, true);
	assert_guest_shown(set, v);
	tls_viewer_free(v);

	v = viewer_new(set->server);
	vencrypt(v, RFB_VENCRYPT_X509_VNC);
	g_assert_true(start_tls(v, certs, NULL));
	log_start();
	g_assert_cmpuint(say_password(v, "Secret"), ==, 1);
	g_assert_true(viewer_is_dropped(v));
	assert_one_line(log_end(), "wrong password");
	tls_viewer_free(v);
	set_free(set);
	certs_free(certs);
}

static void test_anonymous(void)
{
	struct set *set = tls_set(NULL, NULL, "127.0.0.1:40,to=900,tls-creds=anon");
	g_autofree char *auth = query_auth(set);
	struct viewer *v = viewer_new(set->server);

	g_assert_cmpstr(auth, ==, "vencrypt+tls+none");
	vencrypt(v, RFB_VENCRYPT_TLS_NONE);
	g_assert_true(start_tls(v, NULL, NULL));
	g_assert_cmpuint(take_u32(&v->decoder), ==, 0);
	g_assert_true(viewer_init(v, true));
	viewer_update(v, false);
	assert_guest_shown(set, v);
	tls_viewer_free(v);
	set_free(set);
}

/* More than the socket holds, so that records are cut and written later. */
static void test_large_updates(void)
{
	struct set *set = tls_set(NULL, NULL, "none,tls-creds=anon");
	struct viewer *v = viewer_new(set->server);

	guest_set_mode(set->guest, DRM_FORMAT_XRGB8888, 1920, 1080, false);
	guest_draw_random(set->guest, 0);
	vencrypt(v, RFB_VENCRYPT_TLS_NONE);
	g_assert_true(start_tls(v, NULL, NULL));
	g_assert_cmpuint(take_u32(&v->decoder), ==, 0);
	g_assert_true(viewer_init(v, true));
	for (unsigned int i = 0; i < 3; i++) {
		viewer_request(v, false);
		g_usleep(20000);
		for (unsigned int j = 0; j < 200; j++) {
			g_main_context_iteration(NULL, FALSE);
		}
		viewer_receive(v);
		assert_guest_shown(set, v);
	}
	tls_viewer_free(v);
	set_free(set);
}

static void test_client_certificate(void)
{
	struct certs *certs = certs_new(), *strangers = certs_new();
	struct set *set = tls_set(certs, "on", "none,tls-creds=tls0");
	struct vnc_client *client;
	struct viewer *v;

	certs_issue(certs, "client", "CN=Ada,O=Test", 3600);
	certs_issue(certs, "old", "CN=Ada,O=Test", -60);
	certs_issue(strangers, "client", "CN=Ada,O=Test", 3600);
	for (unsigned int i = 0; i < 3; i++) {
		v = viewer_new(set->server);
		vencrypt(v, RFB_VENCRYPT_X509_NONE);
		log_start();
		/* A stranger trusts us but shows what another authority gave. */
		if (i == 2) {
			g_autofree char *ca = certs_path(certs, "ca-cert.pem"), *text = NULL;

			g_file_get_contents(ca, &text, NULL, NULL);
			certs_write(strangers, "ca-cert.pem", text, -1);
		}
		if (start_tls(v, i == 2 ? strangers : certs, (const char *[]){ NULL, "old",
			      "client" }[i])) {
			g_assert_true(viewer_is_dropped(v));
		}
		for (unsigned int j = 0; set->server->clients.length > 0 && j < 1000; j++) {
			g_main_context_iteration(NULL, FALSE);
		}
		g_assert_cmpuint(set->server->clients.length, ==, 0);
		assert_one_line(log_end(), "certificate");
		tls_viewer_free(v);
	}
	v = viewer_new(set->server);
	vencrypt(v, RFB_VENCRYPT_X509_NONE);
	g_assert_true(start_tls(v, certs, "client"));
	g_assert_cmpuint(take_u32(&v->decoder), ==, 0);
	g_assert_true(viewer_init(v, true));
	client = first_client(set);
	g_assert_cmpstr(client->x509_name, ==, "CN=Ada,O=Test");
	tls_viewer_free(v);
	set_free(set);
	certs_free(strangers);
	certs_free(certs);
}

/* In front of TLS, at every step: the one that does it goes, the log says so once. */
static void test_wrong_bytes(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} bad[] = {
		{ "\x01", 1, "not offered" },
		{ "\x13\0\1", 3, "version of VeNCrypt" },
		{ "\x13\0\2\0\0\1\7", 7, "not offered" },
		{ "\x13\0\2\0\0\1\4\1", 8, "before TLS" },
	};
	struct certs *certs = certs_new();
	struct set *set = tls_set(certs, "off", "none,tls-creds=tls0");
	struct viewer *v;

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		v = viewer_new(set->server);
		viewer_say_version(v, 8);
		log_start();
		viewer_send(v, bad[i].bytes, bad[i].len);
		g_assert_true(viewer_is_dropped(v));
		assert_one_line(log_end(), bad[i].says);
		viewer_free(v);
	}
	v = viewer_new(set->server);
	vencrypt(v, RFB_VENCRYPT_X509_NONE);
	log_start();
	viewer_send(v, "this is no TLS at all, it is text", 33);
	g_assert_true(viewer_is_dropped(v));
	assert_one_line(log_end(), "TLS handshake");
	viewer_free(v);
	/* RFB 3.3 can't have TLS. */
	v = viewer_new(set->server);
	log_start();
	viewer_say_version(v, 3);
	g_assert_cmpuint(take_u32(&v->decoder), ==, 0);
	g_assert_true(viewer_is_dropped(v));
	assert_one_line(log_end(), "3.3");
	viewer_free(v);
	set_free(set);
	certs_free(certs);
}

static void test_stalled_handshake(void)
{
	struct certs *certs = certs_new();
	struct set *set = tls_set(certs, "off", "none,tls-creds=tls0");
	struct viewer *stalled, *good;

	good = viewer_new(set->server);
	vencrypt(good, RFB_VENCRYPT_X509_NONE);
	g_assert_true(start_tls(good, certs, NULL));
	g_assert_cmpuint(take_u32(&good->decoder), ==, 0);
	g_assert_true(viewer_init(good, true));
	set->server->answer_ms = 50;
	for (unsigned int i = 0; i < 2; i++) {
		stalled = viewer_new(set->server);
		vencrypt(stalled, RFB_VENCRYPT_X509_NONE);
		/* The header of a record whose rest never comes. */
		viewer_send(stalled, "\x16\x03\x01\x01\x00\x01", i * 6);
		viewer_update(good, false);
		assert_guest_shown(set, good);
		g_assert_true(viewer_is_dropped(stalled));
		viewer_free(stalled);
	}
	g_assert_cmpuint(set->server->clients.length, ==, 1);
	tls_viewer_free(good);
	set_free(set);
	certs_free(certs);
}

/* Bytes of a record changed on the way. */
static void test_broken_record(void)
{
	struct set *set = tls_set(NULL, NULL, "none,tls-creds=anon");
	struct viewer *v = viewer_new(set->server);

	vencrypt(v, RFB_VENCRYPT_TLS_NONE);
	g_assert_true(start_tls(v, NULL, NULL));
	g_assert_cmpuint(take_u32(&v->decoder), ==, 0);
	log_start();
	g_assert_cmpint(send(v->fd, "\x17\x03\x03\x00\x04" "abcd", 9, MSG_NOSIGNAL), ==, 9);
	g_assert_true(viewer_is_dropped(v));
	g_free(log_end());
	tls_viewer_free(v);
	set_free(set);
}

/* TLS comes first at the web port, so VeNCrypt isn't needed inside. */
static void test_websocket(void)
{
	struct certs *certs = certs_new();
	struct set *set = tls_set(certs, "off", "none,tls-creds=tls0,password-secret=sec0");
	struct viewer *v = web_viewer_new(set->server);

	guest_set_mode(set->guest, DRM_FORMAT_XRGB8888, 1920, 1080, false);
	guest_draw_random(set->guest, 0);
	g_assert_true(start_tls(v, certs, NULL));
	ws_start(v, WS_UPGRADE);
	g_assert_cmpuint(viewer_start(v, 8), ==, RFB_SECURITY_VNC);
	g_assert_cmpuint(viewer_authenticate(v, "secret"), ==, 0);
	g_assert_true(viewer_init(v, true));
	viewer_update(v, false);
	assert_guest_shown(set, v);
	ws_end(v);
	tls_viewer_free(v);
	/* Without TLS nothing is said. */
	v = web_viewer_new(set->server);
	log_start();
	viewer_send(v, WS_UPGRADE, strlen(WS_UPGRADE));
	g_assert_true(viewer_is_dropped(v));
	assert_one_line(log_end(), "TLS handshake");
	g_assert_cmpuint(v->in->len, ==, 0);
	viewer_free(v);
	set_free(set);
	certs_free(certs);
}

/* Certificates are changed under a running server. */
static void test_reload(void)
{
	struct certs *certs = certs_new();
	struct set *set = tls_set(certs, "off", "none,tls-creds=tls0");
	g_autofree char *key = certs_path(certs, "server-key.pem");
	g_autoptr(GError) error = NULL;
	struct viewer *old, *v;

	old = viewer_new(set->server);
	vencrypt(old, RFB_VENCRYPT_X509_NONE);
	g_assert_true(start_tls(old, certs, NULL));
	g_assert_cmpuint(take_u32(&old->decoder), ==, 0);
	g_assert_true(viewer_init(old, true));
	g_unlink(key);
	g_assert_false(tls_creds_reload(set->server->tls, &error));
	g_assert_nonnull(strstr(error->message, "server-key.pem"));
	certs_issue(certs, "server", "CN=localhost", 3600);
	g_assert_true(tls_creds_reload(set->server->tls, NULL));
	v = viewer_new(set->server);
	vencrypt(v, RFB_VENCRYPT_X509_NONE);
	g_assert_true(start_tls(v, certs, NULL));
	viewer_update(old, false);
	assert_guest_shown(set, old);
	tls_viewer_free(old);
	tls_viewer_free(v);
	set_free(set);
	certs_free(certs);
}

static void refuses(struct crypto_objects *objects, const char *says, const char *fmt, ...)
	G_GNUC_PRINTF(3, 4);
static void refuses(struct crypto_objects *objects, const char *says, const char *fmt, ...)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *spec = NULL;
	va_list args;

	va_start(args, fmt);
	spec = g_strdup_vprintf(fmt, args);
	va_end(args);
	g_assert_false(try_object(objects, spec, &error));
	if (!strstr(error->message, says)) {
		g_error("%s: %s", spec, error->message);
	}
}

static void test_bad_objects(void)
{
	struct crypto_objects *objects = crypto_objects_create();
	struct certs *certs = certs_new(), *others = certs_new();
	g_autofree char *key = certs_path(certs, "server-key.pem");
	g_autofree char *ca = certs_path(certs, "ca-cert.pem");
	g_autofree char *other_key = certs_path(others, "server-key.pem");
	g_autofree char *text = NULL;

	refuses(objects, "needs id", "secret,data=x");
	refuses(objects, "either", "secret,id=a");
	refuses(objects, "either", "secret,id=a,data=x,file=y");
	refuses(objects, "No such file", "secret,id=a,file=/nonexistent");
	refuses(objects, "no base64", "secret,id=a,data=x!,format=base64");
	refuses(objects, "hex", "secret,id=a,data=x,format=hex");
	refuses(objects, "keyid", "secret,id=a,data=x,keyid=b,iv=c");
	refuses(objects, "'dta'", "secret,id=a,data=x,dta=y");
	add_object(objects, "secret,id=a,data=x");
	refuses(objects, "in use", "secret,id=a,data=x");
	refuses(objects, "endpoint=client (the default)", "tls-creds-x509,id=t,dir=%s", certs->dir);
	refuses(objects, "dir=", "tls-creds-x509,id=t,endpoint=server");
	refuses(objects, "priority=BANANA", "tls-creds-anon,id=t,endpoint=server,priority=BANANA");
	refuses(objects, "ca-cert.pem", "tls-creds-x509,id=t,endpoint=server,dir=/nonexistent");
	refuses(objects, "'z': not found",
		"tls-creds-x509,id=t,endpoint=server,dir=%s,passwordid=z", certs->dir);
	certs_issue(certs, "server", "CN=localhost", -1);
	refuses(objects, "expired", "tls-creds-x509,id=t,endpoint=server,dir=%s", certs->dir);
	certs_issue(certs, "server", "CN=localhost", 3600);
	g_file_get_contents(other_key, &text, NULL, NULL);
	certs_write(certs, "server-key.pem", text, -1);
	refuses(objects, "server-key.pem", "tls-creds-x509,id=t,endpoint=server,dir=%s", certs->dir);
	certs_write(certs, "server-key.pem", "nonsense", -1);
	refuses(objects, "server-key.pem", "tls-creds-x509,id=t,endpoint=server,dir=%s", certs->dir);
	g_unlink(key);
	refuses(objects, "server-key.pem", "tls-creds-x509,id=t,endpoint=server,dir=%s", certs->dir);
	certs_write(certs, "dh-params.pem", "nonsense", -1);
	refuses(objects, "dh-params.pem", "tls-creds-anon,id=t,endpoint=server,dir=%s", certs->dir);
	certs_write(certs, "ca-cert.pem", "nonsense", -1);
	refuses(objects, "ca-cert.pem", "tls-creds-x509,id=t,endpoint=server,dir=%s", certs->dir);
	g_assert_null(crypto_secret(objects, "b", NULL));
	g_assert_null(crypto_tls_creds(objects, "a", NULL));
	certs_free(certs);
	certs_free(others);
	crypto_objects_destroy(objects);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define ADD(name, fn) g_test_add_func("/vnc-tls/" name, fn)
	ADD("a-certificate-and-a-password-from-a-secret", test_x509_password);
	ADD("an-anonymous-session-shows-the-picture", test_anonymous);
	ADD("updates-larger-than-the-socket-arrive-whole", test_large_updates);
	ADD("a-client-needs-the-right-certificate", test_client_certificate);
	ADD("wrong-bytes-close-only-that-client-and-are-logged-once", test_wrong_bytes);
	ADD("a-handshake-that-stalls-blocks-nobody-and-ends", test_stalled_handshake);
	ADD("a-changed-record-ends-the-session", test_broken_record);
	ADD("a-websocket-inside-tls-needs-no-vencrypt", test_websocket);
	ADD("certificates-change-while-clients-stay", test_reload);
	ADD("bad-objects-are-refused-with-the-file's-name", test_bad_objects);
#undef ADD
	return g_test_run();
}
