/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "-netdev user,..." says, as libslirp takes it. */
#ifndef NET_USER_CONFIG_H
#define NET_USER_CONFIG_H

#include <slirp/libslirp.h>
#include <glib.h>

struct opts;

struct user_forward {
	char *text; /* as given, for messages */
	bool udp;
	struct in_addr host, guest;
	uint16_t host_port, guest_port;
};

struct user_config {
	SlirpConfig slirp; /* its strings are borrowed from the opts */
	GPtrArray *dns_search; /* of const char *, NULL-terminated */
	GArray *forwards; /* of struct user_forward */
};

/* False and *error on a value that makes no sense; clear in both cases. */
bool user_config_parse(struct user_config *config, struct opts *opts, GError **error);
void user_config_clear(struct user_config *config);

#endif
