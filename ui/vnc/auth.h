/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VNC authentication (RFC 6143, 7.2.2). Context: main. */
#ifndef UI_VNC_AUTH_H
#define UI_VNC_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/vnc/rfb.h"

/* Fresh random bytes. */
void vnc_auth_challenge(uint8_t challenge[RFB_CHALLENGE_BYTES]);
/* What a client that knows @password answers. Only its first RFB_PASSWORD_BYTES count. */
void vnc_auth_response(const char *password, const uint8_t challenge[RFB_CHALLENGE_BYTES],
		       uint8_t response[RFB_CHALLENGE_BYTES]);
/* Takes the same time for every wrong response. @password NULL: nobody is let in. */
bool vnc_auth_check(const char *password, const uint8_t challenge[RFB_CHALLENGE_BYTES],
		    const uint8_t response[RFB_CHALLENGE_BYTES]);

#endif
