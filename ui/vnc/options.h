/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The argument of -vnc. Context: main. */
#ifndef UI_VNC_OPTIONS_H
#define UI_VNC_OPTIONS_H

#include <stdbool.h>
#include <glib.h>

#include "util/listen.h"

/* What a client that wants the screen for itself does to the others. */
enum vnc_share {
	VNC_SHARE_ALLOW_EXCLUSIVE, /* they go, and who comes later is refused */
	VNC_SHARE_FORCE_SHARED, /* it is refused */
	VNC_SHARE_IGNORE, /* nothing */
};

struct vnc_options {
	bool listen; /* false: "none" */
	struct listen_address address;
	bool web; /* websocket=: HTTP and websockets at another address */
	struct listen_address web_address;
	bool password;
	char *password_secret; /* id of a secret, or NULL: it is set later */
	bool sasl; /* instead of a password */
	char *tls_creds; /* id of credentials, or NULL: no TLS */
	bool reverse; /* connect to the address instead of listening */
	bool power_control; /* viewers may press the guest's buttons */
	bool lock_key_sync; /* Caps and Num Lock follow a viewer's symbols */
	unsigned int key_delay_ms; /* between two keys of a viewer */
	bool lossy; /* JPEG is allowed, and H.264 */
	/* The client's encoding also where raw pixels would be faster; JPEG isn't refined. */
	bool non_adaptive;
	enum vnc_share share;
	unsigned int connections; /* most clients at a time */
	char *id; /* NULL: none */
	char *display; /* device of the console, NULL: the first */
	unsigned int head;
};

bool vnc_options_parse(struct vnc_options *options, const char *spec, GError **error);
void vnc_options_finish(struct vnc_options *options);

#endif
