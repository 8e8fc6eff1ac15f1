/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The argument of -spice. Context: main. */
#ifndef UI_SPICE_OPTIONS_H
#define UI_SPICE_OPTIONS_H

#include <stdbool.h>
#include <glib.h>

#include "util/listen.h"

/* The protocol's limit (SPICE_MAX_PASSWORD_LENGTH). */
#define SPICE_PASSWORD_MAX_BYTES 60

/* A channel that must or must not be encrypted. */
struct spice_channel_rule {
	char *name; /* NULL: the default of all */
	int security; /* SPICE_CHANNEL_SECURITY_* */
};

struct spice_options {
	bool listen; /* without TLS, at: */
	struct listen_address address;
	int tls_port; /* 0: none; on the same host */
	char *key_file, *cert_file, *cacert_file; /* non-NULL with tls_port */
	char *key_password, *dh_file, *ciphers; /* may be NULL */
	GArray *rules; /* of struct spice_channel_rule */
	bool ticketing; /* viewers need a password */
	char *password; /* NULL: none yet */
	char *password_secret; /* id of a secret that is the password, or NULL */
	bool gl; /* local viewers are passed dma-bufs */
	unsigned int max_refresh_rate; /* pictures a second, 0: no limit */
	char *display; /* device of the only console shown; NULL: all of them */
	unsigned int head;
	/* As libspice-server numbers them. */
	int image_compression, jpeg, zlib_glz, streaming_video;
	char *video_codecs; /* NULL: the library's choice */
	bool agent_mouse, copy_paste, file_transfer, playback_compression, seamless_migration;
};

bool spice_options_parse(struct spice_options *options, const char *spec, GError **error);
void spice_options_finish(struct spice_options *options);

#endif
