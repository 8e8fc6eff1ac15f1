// SPDX-License-Identifier: GPL-2.0-or-later
/* Until ui/vnc is here. */
#include "ui/vnc.h"
#include "util/error.h"

struct vnc_server *vnc_server_create(const char *spec, const struct vnc_host *host, GError **error)
{
	error_set(error, "vnc: not built");
	return NULL;
}

void vnc_server_destroy(struct vnc_server *server)
{
}

bool vnc_server_set_password(struct vnc_server *server, const char *password,
			     const char *connected, GError **error)
{
	return false;
}

JsonNode *vnc_server_query(struct vnc_server *server)
{
	return NULL;
}

void vnc_print_help(void)
{
}
