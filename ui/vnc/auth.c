// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/random.h>
#include <string.h>
#include <glib.h>
#include <nettle/des.h>

#include "ui/vnc/auth.h"

void vnc_auth_challenge(uint8_t challenge[RFB_CHALLENGE_BYTES])
{
	ssize_t got;

	/* Up to 256 bytes come whole (getrandom(2)); only before the host's pool is ready does
	 * it wait. */
	do {
		got = getrandom(challenge, RFB_CHALLENGE_BYTES, 0);
	} while (got < 0);
	g_assert(got == RFB_CHALLENGE_BYTES);
}

static uint8_t reverse_bits(uint8_t byte)
{
	uint8_t reversed = 0;

	for (int bit = 0; bit < 8; bit++) {
		reversed = (uint8_t)(reversed << 1 | (byte >> bit & 1));
	}
	return reversed;
}

void vnc_auth_response(const char *password, const uint8_t challenge[RFB_CHALLENGE_BYTES],
		       uint8_t response[RFB_CHALLENGE_BYTES])
{
	uint8_t key[DES_KEY_SIZE] = { 0 };
	struct des_ctx des;

	/* VNC numbers the bits of a key byte from the other end than DES does. */
	for (size_t i = 0; i < RFB_PASSWORD_BYTES && password[i]; i++) {
		key[i] = reverse_bits((uint8_t)password[i]);
	}
	/* It says when a key is weak and works all the same. */
	(void)des_set_key(&des, key);
	des_encrypt(&des, RFB_CHALLENGE_BYTES, response, challenge);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(&des, sizeof(des));
}

bool vnc_auth_check(const char *password, const uint8_t challenge[RFB_CHALLENGE_BYTES],
		    const uint8_t response[RFB_CHALLENGE_BYTES])
{
	uint8_t wanted[RFB_CHALLENGE_BYTES];
	uint8_t different = 0;

	if (!password) {
		return false;
	}
	vnc_auth_response(password, challenge, wanted);
	for (size_t i = 0; i < RFB_CHALLENGE_BYTES; i++) {
		different |= wanted[i] ^ response[i];
	}
	return different == 0;
}
