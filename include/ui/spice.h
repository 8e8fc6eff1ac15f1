/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPICE: a server for remote viewers on libspice-server, module ui-spice.so (ui-module.h).
 * Context: main.
 */
#ifndef UI_SPICE_H
#define UI_SPICE_H

#include "ui/ui-module.h"

struct spice;

struct spice_ops {
	/* @spec: the argument of -spice. Ports are taken when this returns. @host is copied. */
	struct spice *(*create)(const char *spec, const struct ui_host *host, GError **error);
	void (*destroy)(struct spice *spice); /* accepts NULL */
	JsonNode *(*query)(struct spice *spice); /* query-spice */
	/* @connected: "keep", "fail" or "disconnect". */
	bool (*set_password)(struct spice *spice, const char *password, const char *connected,
			     GError **error);
	/* @time: "now", "never", "+SECONDS" or seconds since 1970. */
	bool (*expire_password)(struct spice *spice, const char *time, GError **error);
	/* A connected socket becomes a viewer's channel; takes @fd. @trusted: no password is asked for;
	 * @tls: it speaks TLS from the start. */
	bool (*add_client)(struct spice *spice, int fd, bool trusted, bool tls, GError **error);
};

#define SPICE_OBJECT "-spice"
#define SPICE_PACKAGE "libspice-server1"
#define SPICE_BUILD_PACKAGE "libspice-server-dev"

#endif
