// SPDX-License-Identifier: GPL-2.0-or-later
/* A build without Cyrus SASL: it can't be started, so there are no clients of it either. */
#include "crypto/sasl.h"
#include "util/error.h"

bool sasl_auth_start(GError **error)
{
	return error_set(error, "this build has no SASL (configure found no libsasl2)");
}

void sasl_auth_stop(void)
{
}

struct sasl_auth *sasl_auth_create(const char *service, unsigned int key_bits, char **why)
{
	*why = g_strdup("no SASL");
	return NULL;
}

void sasl_auth_destroy(struct sasl_auth *auth)
{
}

const char *sasl_auth_mechanisms(const struct sasl_auth *auth)
{
	return "";
}

enum sasl_progress sasl_auth_step(struct sasl_auth *auth, const char *mechanism, const char *data,
				  size_t len, const char **out, size_t *out_len, char **why)
{
	*why = g_strdup("no SASL");
	return SASL_AUTH_REFUSED;
}

const char *sasl_auth_user(const struct sasl_auth *auth)
{
	return "";
}
