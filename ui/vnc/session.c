// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "crypto/sasl.h"
#include "crypto/tls.h"
#include "ui/vnc/auth.h"
#include "ui/vnc/bytes.h"
#include "ui/vnc/client.h"
#include "ui/vnc/server.h"

/* How long the console may take to say what there is to see. */
#define FIRST_PICTURE_MS 500

static gboolean too_slow(gpointer opaque)
{
	struct vnc_client *client = opaque;

	client->timer = 0;
	vnc_client_close(client, "handshake takes too long");
	return G_SOURCE_REMOVE;
}

void vnc_session_start(struct vnc_client *client)
{
	client->parser.phase = RFB_PHASE_VERSION;
	vnc_client_set_timer(client, client->server->answer_ms, too_slow);
	vnc_client_send(client, "RFB 003.008\n", RFB_VERSION_BYTES);
}

static void send_u32(struct vnc_client *client, uint32_t value)
{
	uint8_t bytes[4];

	bytes_set_u32(bytes, value);
	vnc_client_send(client, bytes, sizeof(bytes));
}

/* The outcome of the security handshake; with a failure the connection ends. */
static void send_result(struct vnc_client *client, const char *failure)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	bytes_add_u32(bytes, failure != NULL);
	if (failure) {
		client->closing = true;
		if (client->version >= 8) {
			bytes_add_u32(bytes, (uint32_t)strlen(failure));
			bytes_add(bytes, failure, strlen(failure));
		}
	}
	vnc_client_send(client, bytes->data, bytes->len);
}

static void expect(struct vnc_client *client, enum rfb_phase phase, guint ms)
{
	client->parser.phase = phase;
	vnc_client_set_timer(client, ms, too_slow);
}

static void start_password(struct vnc_client *client)
{
	expect(client, RFB_PHASE_AUTH, client->server->password_ms);
	vnc_auth_challenge(client->challenge);
	vnc_client_send(client, client->challenge, sizeof(client->challenge));
}

/* What a client proves itself with, once it is encrypted if it is to be. */
static uint8_t security_of(const struct vnc_client *client)
{
	const struct vnc_server *server = client->server;

	if (client->trusted) {
		return RFB_SECURITY_NONE;
	}
	if (server->options.sasl) {
		return RFB_SECURITY_SASL;
	}
	return server->options.password ? RFB_SECURITY_VNC : RFB_SECURITY_NONE;
}

static void start_sasl(struct vnc_client *client)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree char *why = NULL;
	const char *list;

	/* A unix socket is as good as encrypted. */
	client->sasl = sasl_auth_create("vnc", channel_key_bits(client->channel), &why);
	if (!client->sasl) {
		vnc_client_refuse(client, why);
		return;
	}
	list = sasl_auth_mechanisms(client->sasl);
	bytes_add_u32(bytes, (uint32_t)strlen(list));
	bytes_add(bytes, list, strlen(list));
	expect(client, RFB_PHASE_SASL_MECHANISM, client->server->password_ms);
	vnc_client_send(client, bytes->data, bytes->len);
}

static bool needs_tls(const struct vnc_client *client)
{
	return client->server->tls && !client->trusted && !channel_is_secured(client->channel);
}

static void start_security(struct vnc_client *client)
{
	switch (security_of(client)) {
	case RFB_SECURITY_VNC:
		start_password(client);
		return;
	case RFB_SECURITY_SASL:
		start_sasl(client);
		return;
	}
	expect(client, RFB_PHASE_INIT, client->server->answer_ms);
	if (client->version >= 8) {
		send_result(client, NULL);
	}
}

/* With 3.3 the server decides, and there is no TLS. */
static void start_without_choice(struct vnc_client *client)
{
	static const char text[] = "TLS is needed, which RFB 3.3 doesn't have";
	uint8_t security = security_of(client);

	if (needs_tls(client)) {
		g_autoptr(GByteArray) bytes = g_byte_array_new();

		vnc_client_log_refusal(client, "RFB 3.3 has no TLS");
		client->closing = true;
		bytes_add_u32(bytes, RFB_SECURITY_INVALID);
		bytes_add_u32(bytes, sizeof(text) - 1);
		bytes_add(bytes, text, sizeof(text) - 1);
		vnc_client_send(client, bytes->data, bytes->len);
		return;
	}
	send_u32(client, security);
	if (!vnc_client_is_closed(client)) {
		start_security(client);
	}
}

static void got_version(struct vnc_client *client, unsigned int version)
{
	uint8_t offer[2] = { 1, security_of(client) };

	client->version = version;
	if (version < 7) {
		start_without_choice(client);
		return;
	}
	if (needs_tls(client)) {
		offer[1] = RFB_SECURITY_VENCRYPT;
	}
	expect(client, RFB_PHASE_SECURITY, client->server->answer_ms);
	vnc_client_send(client, offer, sizeof(offer));
}

static void got_security(struct vnc_client *client, uint8_t security)
{
	static const uint8_t vencrypt[] = { RFB_VENCRYPT_MAJOR, RFB_VENCRYPT_MINOR };

	if (needs_tls(client) && security == RFB_SECURITY_VENCRYPT) {
		expect(client, RFB_PHASE_VENCRYPT_VERSION, client->server->answer_ms);
		vnc_client_send(client, vencrypt, sizeof(vencrypt));
	} else if (needs_tls(client) || security != security_of(client)) {
		vnc_client_refuse(client, "security type was not offered");
	} else {
		start_security(client);
	}
}

/* ---- VeNCrypt: TLS from here on ---- */

static uint32_t vencrypt_type(const struct vnc_client *client)
{
	bool x509 = tls_creds_is_x509(client->server->tls);

	if (security_of(client) == RFB_SECURITY_SASL) {
		return x509 ? RFB_VENCRYPT_X509_SASL : RFB_VENCRYPT_TLS_SASL;
	}
	if (security_of(client) == RFB_SECURITY_VNC) {
		return x509 ? RFB_VENCRYPT_X509_VNC : RFB_VENCRYPT_TLS_VNC;
	}
	return x509 ? RFB_VENCRYPT_X509_NONE : RFB_VENCRYPT_TLS_NONE;
}

static void got_vencrypt_version(struct vnc_client *client, uint16_t version)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	if (version != (RFB_VENCRYPT_MAJOR << 8 | RFB_VENCRYPT_MINOR)) {
		static const uint8_t no = 1;

		vnc_client_log_refusal(client, "unknown version of VeNCrypt");
		client->closing = true;
		vnc_client_send(client, &no, 1);
		return;
	}
	bytes_add_u8(bytes, 0);
	bytes_add_u8(bytes, 1);
	bytes_add_u32(bytes, vencrypt_type(client));
	expect(client, RFB_PHASE_VENCRYPT_TYPE, client->server->answer_ms);
	vnc_client_send(client, bytes->data, bytes->len);
}

static void got_vencrypt_type(struct vnc_client *client, uint32_t type)
{
	uint8_t yes = type == vencrypt_type(client);

	if (!yes) {
		vnc_client_log_refusal(client, "VeNCrypt type was not offered");
		client->closing = true;
		vnc_client_send(client, &yes, 1);
		return;
	}
	vnc_client_send(client, &yes, 1);
	if (!vnc_client_is_closed(client)) {
		vnc_client_start_tls(client);
	}
}

void vnc_session_secured(struct vnc_client *client)
{
	start_security(client);
}

/* ---- */

static void got_response(struct vnc_client *client, const uint8_t *response)
{
	bool right = vnc_auth_check(client->server->password, client->challenge, response);
	bool expired = g_get_real_time() / G_USEC_PER_SEC > client->server->expires_s;

	if (right && !expired) {
		expect(client, RFB_PHASE_INIT, client->server->answer_ms);
		send_result(client, NULL);
	} else {
		vnc_client_log_refusal(client, right ? "the password has expired" :
						       "wrong password");
		vnc_client_set_timer(client, client->server->answer_ms, too_slow);
		send_result(client, "Authentication failed");
	}
}

/* ---- SASL (as gtk-vnc and QEMU have agreed on it) ---- */

/* A NULL that isn't there is told from one that is empty by its NUL byte, which data ends with. */
static void add_sasl_data(GByteArray *bytes, const char *data, size_t len)
{
	bytes_add_u32(bytes, data ? (uint32_t)len + 1 : 0);
	if (data) {
		bytes_add(bytes, data, len);
		bytes_add_u8(bytes, 0);
	}
}

static void got_sasl_data(struct vnc_client *client, const uint8_t *data, uint32_t len)
{
	g_autofree char *mechanism = g_steal_pointer(&client->sasl_mechanism), *why = NULL;
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	enum sasl_progress progress;
	const char *out = NULL;
	size_t out_len = 0;

	progress = sasl_auth_step(client->sasl, mechanism, len > 0 ? (const char *)data : NULL,
				  len > 0 ? len - 1 : 0, &out, &out_len, &why);
	if (progress == SASL_AUTH_REFUSED) {
		vnc_client_log_refusal(client, why);
		vnc_client_set_timer(client, client->server->answer_ms, too_slow);
		send_result(client, "Authentication failed");
		return;
	}
	add_sasl_data(bytes, out, out_len);
	bytes_add_u8(bytes, progress == SASL_AUTH_DONE);
	if (progress == SASL_AUTH_DONE) {
		bytes_add_u32(bytes, 0);
		expect(client, RFB_PHASE_INIT, client->server->answer_ms);
	}
	vnc_client_send(client, bytes->data, bytes->len);
}

static void got_sasl(struct vnc_client *client, const uint8_t *data, uint32_t len)
{
	if (client->parser.phase == RFB_PHASE_SASL_MECHANISM) {
		client->sasl_mechanism = g_strndup((const char *)data, len);
		client->parser.phase = RFB_PHASE_SASL_DATA;
	} else {
		got_sasl_data(client, data, len);
	}
}

/* ---- */

static gboolean no_picture_came(gpointer opaque)
{
	struct vnc_client *client = opaque;

	client->timer = 0;
	vnc_screen_give_up_waiting(client);
	return G_SOURCE_REMOVE;
}

static void got_init(struct vnc_client *client, bool shared)
{
	struct vnc_server *server = client->server;

	if (!vnc_server_admit(server, client, shared)) {
		vnc_client_close(client, "somebody has the screen exclusively");
		return;
	}
	client->shared = shared;
	client->joined = true;
	client->parser.phase = RFB_PHASE_NORMAL;
	/* Our ServerInit waits for the screen's size: not every client can change it later. */
	vnc_client_set_timer(client, FIRST_PICTURE_MS, no_picture_came);
	vnc_screen_set_console(client, vnc_server_console(server));
}

static void add_pixel_format(GByteArray *out, const struct rfb_pixel_format *format)
{
	uint8_t *p = bytes_extend(out, 16);

	memset(p, 0, 16);
	p[0] = format->bits;
	p[1] = format->depth;
	p[2] = format->big_endian;
	p[3] = format->true_colour;
	bytes_set_u16(p + 4, format->red_max);
	bytes_set_u16(p + 6, format->green_max);
	bytes_set_u16(p + 8, format->blue_max);
	p[10] = format->red_shift;
	p[11] = format->green_shift;
	p[12] = format->blue_shift;
}

void vnc_session_ready(struct vnc_client *client)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	const char *name = client->server->desktop_name;

	vnc_client_set_timer(client, 0, NULL);
	client->initialised = true;
	vnc_clipboard_join(client);
	client->screen.told_width_px = client->screen.width_px;
	client->screen.told_height_px = client->screen.height_px;
	bytes_add_u16(out, client->screen.width_px);
	bytes_add_u16(out, client->screen.height_px);
	add_pixel_format(out, &pixel_format_native);
	bytes_add_u32(out, (uint32_t)strlen(name));
	bytes_add(out, name, strlen(name));
	vnc_client_send(client, out->data, out->len);
	if (!vnc_client_is_closed(client)) {
		vnc_info_event(client->server, client, "VNC_INITIALIZED");
	}
}

static void set_pixel_format(struct vnc_client *client, const struct rfb_pixel_format *format)
{
	const char *why = pixel_format_check(format);

	if (why) {
		vnc_client_refuse(client, why);
		return;
	}
	pixel_converter_init(&client->settings.converter, format);
	client->palette = !format->true_colour;
	if (client->palette) {
		client->due |= DUE_COLOUR_MAP;
	}
	/* The cursor is in pixels of this format too. */
	if (client->screen.cursor.told) {
		client->due |= DUE_CURSOR;
	}
	vnc_screen_damage_all(client);
}

static void expect_change(struct vnc_client *client)
{
	if (client->screen.console) {
		console_expect_change(client->screen.console);
	}
}

static void press_power(struct vnc_client *client, uint8_t version, uint8_t code)
{
	const struct vnc_host *host = &client->server->host;

	if (!client->server->options.power_control) {
		vnc_client_refuse(client, "power control wasn't offered");
		return;
	}
	/* "Reboot" would need somebody inside the guest. */
	if (version != RFB_XVP_VERSION || !host->power ||
	    (code != RFB_XVP_SHUTDOWN && code != RFB_XVP_RESET)) {
		client->due |= DUE_XVP_FAIL;
		vnc_screen_advance(client);
		return;
	}
	host->power(host->opaque, code == RFB_XVP_RESET ? VNC_POWER_RESET : VNC_POWER_DOWN);
}

void vnc_session_message(struct vnc_client *client, const struct rfb_message *message)
{
	switch (message->kind) {
	case RFB_MESSAGE_NONE:
		break;
	case RFB_MESSAGE_VERSION:
		got_version(client, message->version);
		break;
	case RFB_MESSAGE_SECURITY:
		got_security(client, message->security);
		break;
	case RFB_MESSAGE_VENCRYPT_VERSION:
		got_vencrypt_version(client, message->vencrypt_version);
		break;
	case RFB_MESSAGE_VENCRYPT_TYPE:
		got_vencrypt_type(client, message->vencrypt_type);
		break;
	case RFB_MESSAGE_AUTH:
		got_response(client, message->response);
		break;
	case RFB_MESSAGE_SASL:
		got_sasl(client, message->sasl.data, message->sasl.len);
		break;
	case RFB_MESSAGE_INIT:
		got_init(client, message->shared);
		break;
	case RFB_MESSAGE_PIXEL_FORMAT:
		set_pixel_format(client, &message->format);
		break;
	case RFB_MESSAGE_ENCODINGS:
		vnc_announce_encodings(client, message);
		break;
	case RFB_MESSAGE_UPDATE_REQUEST: {
		pixman_box32_t box = {
			message->request.x, message->request.y,
			message->request.x + message->request.w,
			message->request.y + message->request.h,
		};

		vnc_screen_request(client, message->request.incremental, &box);
		break;
	}
	case RFB_MESSAGE_CONTINUOUS_UPDATES: {
		pixman_box32_t box = {
			message->continuous.x, message->continuous.y,
			message->continuous.x + message->continuous.w,
			message->continuous.y + message->continuous.h,
		};

		vnc_screen_set_continuous(client, message->continuous.enable ? &box : NULL);
		break;
	}
	case RFB_MESSAGE_FENCE:
		vnc_announce_fence(client, message);
		break;
	case RFB_MESSAGE_XVP:
		press_power(client, message->xvp.version, message->xvp.code);
		break;
	case RFB_MESSAGE_KEY:
		expect_change(client);
		vnc_input_key(client, message->key.keysym, message->key.down);
		break;
	case RFB_MESSAGE_EXTENDED_KEY:
		expect_change(client);
		vnc_input_extended_key(client, message->key.keysym, message->key.xt,
				       message->key.down);
		break;
	case RFB_MESSAGE_POINTER:
		expect_change(client);
		vnc_input_pointer(client, message->pointer.buttons, message->pointer.x,
				  message->pointer.y);
		break;
	case RFB_MESSAGE_CUT_TEXT:
		vnc_clipboard_begin(client, message->cut.len, message->cut.extended);
		break;
	case RFB_MESSAGE_CUT_DATA:
		vnc_clipboard_data(client, message->cut_data.data, message->cut_data.len,
				   message->cut_data.last);
		break;
	case RFB_MESSAGE_DESKTOP_SIZE:
		vnc_resize_wish(client, message->size.w, message->size.h, message->size.screens);
		break;
	}
}
