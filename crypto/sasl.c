// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <sasl/sasl.h>

#include "crypto/sasl.h"
#include "util/error.h"

/* The name of the configuration file. */
#define APPLICATION "qemu"

struct sasl_auth {
	sasl_conn_t *connection;
	char *mechanisms;
	char *user;
};

bool sasl_auth_start(GError **error)
{
	int code = sasl_server_init(NULL, APPLICATION);

	return code == SASL_OK ||
	       error_set(error, "SASL: %s", sasl_errstring(code, NULL, NULL));
}

void sasl_auth_stop(void)
{
	sasl_server_done();
}

static bool set_up(struct sasl_auth *auth, unsigned int key_bits, int *code)
{
	sasl_security_properties_t properties = {
		.security_flags = SASL_SEC_NOANONYMOUS |
				  (key_bits == 0 ? SASL_SEC_NOPLAINTEXT : 0),
	};
	sasl_ssf_t strength = key_bits;
	const char *list = NULL;

	*code = sasl_setprop(auth->connection, SASL_SSF_EXTERNAL, &strength);
	if (*code == SASL_OK) {
		*code = sasl_setprop(auth->connection, SASL_SEC_PROPS, &properties);
	}
	if (*code == SASL_OK) {
		*code = sasl_listmech(auth->connection, NULL, "", ",", "", &list, NULL, NULL);
	}
	if (*code == SASL_OK) {
		auth->mechanisms = g_strdup(list);
	}
	return *code == SASL_OK;
}

struct sasl_auth *sasl_auth_create(const char *service, unsigned int key_bits, char **why)
{
	struct sasl_auth *auth = g_new0(struct sasl_auth, 1);
	int code = sasl_server_new(service, NULL, NULL, NULL, NULL, NULL, SASL_SUCCESS_DATA,
				   &auth->connection);

	if (code != SASL_OK || !set_up(auth, key_bits, &code)) {
		*why = g_strdup_printf("SASL: %s", sasl_errstring(code, NULL, NULL));
		sasl_auth_destroy(auth);
		return NULL;
	}
	return auth;
}

void sasl_auth_destroy(struct sasl_auth *auth)
{
	if (auth) {
		if (auth->connection) {
			sasl_dispose(&auth->connection);
		}
		g_free(auth->mechanisms);
		g_free(auth->user);
		g_free(auth);
	}
}

const char *sasl_auth_mechanisms(const struct sasl_auth *auth)
{
	return auth->mechanisms;
}

/* The library would look for any that is installed. */
static bool is_offered(const struct sasl_auth *auth, const char *mechanism)
{
	g_auto(GStrv) names = g_strsplit(auth->mechanisms, ",", -1);

	return g_strv_contains((const char *const *)names, mechanism);
}

static enum sasl_progress refuse(const char *text, char **why)
{
	/* A name that the client chose may be in it. */
	g_autofree char *line = g_strchomp(g_strdup(text)), *safe = g_strescape(line, NULL);

	*why = g_strdup_printf("SASL: %s", safe);
	return SASL_AUTH_REFUSED;
}

enum sasl_progress sasl_auth_step(struct sasl_auth *auth, const char *mechanism, const char *data,
				  size_t len, const char **out, size_t *out_len, char **why)
{
	const void *user = NULL;
	unsigned int size = 0;
	int code;

	*out = NULL;
	if (mechanism && !is_offered(auth, mechanism)) {
		return refuse("mechanism was not offered", why);
	}
	code = mechanism ? sasl_server_start(auth->connection, mechanism, data, (unsigned int)len,
					     out, &size)
			 : sasl_server_step(auth->connection, data, (unsigned int)len, out, &size);
	*out_len = size;
	if (code == SASL_CONTINUE) {
		return SASL_AUTH_GOES_ON;
	}
	if (code != SASL_OK) {
		return refuse(sasl_errdetail(auth->connection), why);
	}
	code = sasl_getprop(auth->connection, SASL_USERNAME, &user);
	if (code != SASL_OK || !user) {
		return refuse("no user's name", why);
	}
	auth->user = g_utf8_make_valid(user, -1);
	return SASL_AUTH_DONE;
}

const char *sasl_auth_user(const struct sasl_auth *auth)
{
	return auth->user;
}
