// SPDX-License-Identifier: GPL-2.0-or-later
/* Viewers with users' names: SASL with a data base of the test's own. */
#include "sasl-users.h"
#include "vnc-set.h"

#include "crypto/sasl.h"

static void send_counted(struct viewer *v, const void *data, size_t len)
{
	uint32_t big = GUINT32_TO_BE((uint32_t)len);

	viewer_send(v, &big, 4);
	viewer_send(v, data, len);
}

/* Up to the list of mechanisms; new. */
static char *choose_sasl(struct viewer *v)
{
	uint32_t len;

	g_assert_cmpuint(viewer_start(v, 8), ==, RFB_SECURITY_SASL);
	viewer_send(v, "\x14", 1);
	len = take_u32(&v->decoder);
	return g_strndup((const char *)viewer_take(v, len), len);
}

static void test_plain(void)
{
	struct set *set = set_new("none,sasl=on", 64, 48);
	struct viewer *v = viewer_new(set->server);
	g_autofree char *list = choose_sasl(v);
	struct vnc_client *client;

	g_assert_nonnull(strstr(list, "PLAIN"));
	g_assert_nonnull(strstr(list, "SCRAM-SHA-256"));
	send_counted(v, "PLAIN", 5);
	send_counted(v, "\0ada\0lovelace", 14); /* with the NUL at its end */
	g_assert_cmpuint(take_u32(&v->decoder), ==, 0);
	g_assert_cmpuint(take_u8(&v->decoder), ==, 1);
	g_assert_cmpuint(take_u32(&v->decoder), ==, 0);
	g_assert_true(viewer_init(v, true));
	viewer_update(v, false);
	assert_guest_shown(set, v);
	client = first_client(set);
	g_assert_true(g_str_has_prefix(sasl_auth_user(client->sasl), "ada"));
	viewer_free(v);
	set_free(set);
}

static int get_name(void *context, int id, const char **result, unsigned *len)
{
	*result = "ada";
	if (len) {
		*len = 3;
	}
	return SASL_OK;
}

static int get_secret(sasl_conn_t *connection, void *context, int id, sasl_secret_t **secret)
{
	*secret = context;
	return SASL_OK;
}

/* Several steps, with the library on the client's side. */
static void test_scram(void)
{
	struct set *set = set_new("none,sasl=on", 64, 48);
	struct viewer *v = viewer_new(set->server);
	g_autofree char *list = choose_sasl(v);
	sasl_secret_t *secret = g_malloc0(sizeof(*secret) + 8);
	const sasl_callback_t callbacks[] = {
		{ SASL_CB_USER, (int (*)(void))(void *)get_name, NULL },
		{ SASL_CB_AUTHNAME, (int (*)(void))(void *)get_name, NULL },
		{ SASL_CB_PASS, (int (*)(void))(void *)get_secret, secret },
		{ SASL_CB_LIST_END, NULL, NULL },
	};
	const char *out, *chosen;
	unsigned int len, steps = 0;
	sasl_conn_t *connection;
	bool done;
	int code;

	secret->len = 8;
	memcpy(secret->data, "lovelace", 8);
	g_assert_cmpint(sasl_client_init(NULL), ==, SASL_OK);
	g_assert_cmpint(sasl_client_new("vnc", "localhost", NULL, NULL, callbacks,
					SASL_SUCCESS_DATA, &connection), ==, SASL_OK);
	g_assert_cmpint(sasl_client_start(connection, "SCRAM-SHA-256", NULL, &out, &len, &chosen),
			==, SASL_CONTINUE);
	send_counted(v, "SCRAM-SHA-256", 13);
	do {
		g_autofree char *copy = out ? g_strndup(out, len) : NULL;
		g_autofree char *answer = NULL;
		uint32_t answer_len;

		send_counted(v, copy, copy ? len + 1 : 0);
		answer_len = take_u32(&v->decoder);
		answer = g_memdup2(viewer_take(v, answer_len), answer_len);
		done = take_u8(&v->decoder);
		code = sasl_client_step(connection, answer_len ? answer : NULL,
					answer_len ? answer_len - 1 : 0, NULL, &out, &len);
		g_assert_cmpint(code, ==, done ? SASL_OK : SASL_CONTINUE);
		steps++;
	} while (!done);
	g_assert_cmpuint(steps, >, 1);
	g_assert_cmpuint(take_u32(&v->decoder), ==, 0);
	g_assert_true(viewer_init(v, true));
	sasl_dispose(&connection);
	sasl_client_done();
	g_free(secret);
	viewer_free(v);
	set_free(set);
}

static void test_refused(void)
{
	static const struct {
		const char *mechanism, *data;
		size_t len;
	} bad[] = {
		{ "PLAIN", "\0ada\0wrong", 11 },
		{ "PLAIN", "\0bob\0lovelace", 14 },
		{ "PLAIN", "nonsense", 9 },
		{ "ANONYMOUS", "x", 2 },
		{ "PLAIN,SCRAM-SHA-256", "x", 2 },
		{ "", "x", 2 },
		{ "SCRAM-SHA-256", "n,,n=ada", 9 },
	};
	struct set *set = set_new("none,sasl=on", 64, 48);

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct viewer *v = viewer_new(set->server);

		g_free(choose_sasl(v));
		send_counted(v, bad[i].mechanism, strlen(bad[i].mechanism));
		send_counted(v, bad[i].data, bad[i].len);
		g_assert_cmpuint(take_u32(&v->decoder), ==, 1);
		g_assert_cmpuint(take_u32(&v->decoder), ==, 21);
		g_assert_cmpmem(viewer_take(v, 21), 21, "Authentication failed", 21);
		g_assert_true(viewer_is_dropped(v));
		viewer_free(v);
	}
	set_free(set);
}

static void test_limits(void)
{
	struct set *set = set_new("none,sasl=on", 64, 48);

	for (unsigned int i = 0; i < 3; i++) {
		struct viewer *v = viewer_new(set->server);

		g_free(choose_sasl(v));
		if (i == 0) {
			viewer_send(v, "\0\0\0\x65", 4);
		} else if (i == 1) {
			send_counted(v, "PLAIN", 5);
			viewer_send(v, "\x7f\xff\xff\xff", 4);
		} else {
			g_autofree char *most = g_malloc0(12288);

			send_counted(v, "PLAIN", 5);
			send_counted(v, most, 12288);
		}
		g_assert_true(viewer_is_dropped(v));
		viewer_free(v);
	}
	g_assert_cmpuint(set->server->clients.length, ==, 0);
	set_free(set);
}

/* A password doesn't travel in the clear. */
static void test_needs_encryption(void)
{
	struct display_registry *displays = display_registry_create();
	struct input_router *input = input_router_create();
	struct vnc_host host = { .displays = displays, .input = input };
	g_autoptr(GError) error = NULL;
	char *why = NULL;
	struct sasl_auth *auth;

	g_assert_null(vnc_server_create("127.0.0.1:77,to=999,sasl=on", &host, &error));
	g_assert_nonnull(strstr(error->message, "needs tls-creds"));
	g_assert_true(sasl_auth_start(NULL));
	auth = sasl_auth_create("vnc", 0, &why);
	g_assert_true(!auth || !strstr(sasl_auth_mechanisms(auth), "PLAIN"));
	g_free(why);
	sasl_auth_destroy(auth);
	sasl_auth_stop();
	input_router_destroy(input);
	display_registry_destroy(displays);
}

int main(int argc, char **argv)
{
	char *folder;
	int status;

	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	folder = sasl_users_create();
#define ADD(name, fn) g_test_add_func("/vnc-sasl/" name, fn)
	ADD("a-user-comes-in-by-plain", test_plain);
	ADD("a-user-comes-in-by-scram", test_scram);
	ADD("wrong-names-and-passwords-are-refused", test_refused);
	ADD("lengths-are-limited", test_limits);
	ADD("it-needs-encryption", test_needs_encryption);
#undef ADD
	status = g_test_run();
	sasl_users_destroy(folder);
	return status;
}
