/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vnc_client: one viewer's connection.
 *
 *   client.c        life, bytes in and out
 *   session.c       handshake, and what each message does
 *   update.c        its screen: damage, requests, one encoding at a time
 *   announce.c      pseudo rectangles: size, cursor, LEDs...
 *   client-input.c  its keyboard and mouse
 *   clipboard.c     its clipboard
 *
 * Nothing is sent that was not asked for, and nothing new is made while bytes wait for the socket,
 * so what a viewer that stopped reading can hold is one update. Context: main.
 */
#ifndef UI_VNC_CLIENT_H
#define UI_VNC_CLIENT_H

#include <gio/gio.h>
#include <linux/input-event-codes.h>

#include "ui/clipboard.h"
#include "ui/console.h"
#include "ui/vnc/channel.h"
#include "ui/vnc/encode.h"
#include "ui/vnc/info.h"
#include "ui/vnc/pace.h"
#include "ui/vnc/parse.h"
#include "ui/vnc/video.h"

struct sasl_auth;
struct vnc_server;
struct update_job;

/* What the client said it understands (SetEncodings). */
enum client_feature {
	FEATURE_DESKTOP_SIZE = 1 << 0,
	FEATURE_EXTENDED_DESKTOP_SIZE = 1 << 1,
	FEATURE_RICH_CURSOR = 1 << 2,
	FEATURE_ALPHA_CURSOR = 1 << 3,
	FEATURE_POINTER_MOTION = 1 << 4,
	FEATURE_EXTENDED_KEY = 1 << 5,
	FEATURE_LED_STATE = 1 << 6,
	FEATURE_VMWARE_LED_STATE = 1 << 7,
	FEATURE_DESKTOP_NAME = 1 << 8,
	FEATURE_FENCE = 1 << 9,
	FEATURE_CONTINUOUS = 1 << 10,
	FEATURE_XVP = 1 << 11,
	FEATURE_EXTENDED_CLIPBOARD = 1 << 12,
};

/* What it has yet to be told; sent when its socket is free. */
enum client_due {
	DUE_COLOUR_MAP = 1 << 0,
	DUE_EXTENDED_KEY = 1 << 1,
	DUE_POINTER_MOTION = 1 << 2,
	DUE_LEDS = 1 << 3,
	DUE_CURSOR = 1 << 4,
	DUE_NAME = 1 << 5,
	DUE_SIZE = 1 << 6,
	DUE_FENCE = 1 << 7, /* that shows it that we have them */
	DUE_XVP = 1 << 9, /* that power control is offered */
	DUE_XVP_FAIL = 1 << 10,
	DUE_CLIPBOARD_CAPS = 1 << 11,
	DUE_CLIPBOARD_NOTIFY = 1 << 12,
	DUE_CLIPBOARD_REQUEST = 1 << 13,
	DUE_NO_CONTINUOUS = 1 << 8, /* continuous updates are off; the first time: could be had */
};

/* A cursor plane of the guest's, as this client shows it. */
struct client_cursor {
	pixman_image_t *image; /* a8r8g8b8, premultiplied; NULL: none */
	int hot_x_px, hot_y_px;
	int x_px, y_px; /* of its top left corner */
	bool visible;
	bool told; /* the client has had one from us */
};

struct client_screen {
	struct sink sink;
	struct console *console; /* NULL: none */
	bool known; /* the console has said what there is to see */
	char *blank_text; /* non-NULL: no picture, this is why */
	uint32_t width_px, height_px; /* of the picture, or of what stands for it */
	uint32_t told_width_px, told_height_px; /* what the client takes its screen for */
	pixman_region32_t damage; /* not sent yet */
	pixman_region32_t wanted; /* what it asked for; meaningful while @asked */
	bool asked; /* an update was requested and not sent yet */
	bool continuous; /* it needs no requests; for this part of the screen: */
	pixman_box32_t continuous_box;
	struct pace pace; /* how much then */
	uint64_t seq_owed; /* frame that sink_done() has not been called for, or 0 */
	guint soon; /* GSource that looks again, or 0 */
	struct update_job *job; /* being encoded */
	struct encoder *encoder;
	struct video video;
	guint still; /* GSource that looks whether the picture stands still, or 0 */
	struct client_cursor cursor;
};

struct client_keyboard {
	uint8_t down[KEY_CNT / 8 + 1]; /* keys and buttons that this client holds */
	uint8_t buttons; /* RFB mask of its last pointer event */
	/* With key-delay-ms: keys that wait, of uint16_t, the code and KEY_WAITING_DOWN. */
	GArray *waiting;
	guint timer; /* until the next one may go, or 0 */
	/* Lock keys that were pressed since the guest last said what its LEDs are: INPUT_LED_ bits. */
	unsigned int toggled;
};

/* Its side of the clipboard. */
struct client_clipboard {
	struct clipboard_peer peer; /* joined where the machine has a clipboard */
	uint32_t caps; /* RFB_CLIP_ bits that it understands */
	uint32_t max_bytes; /* of a text that it is sent unasked */
	bool greeted; /* told what there was when it came */
	bool asked; /* for its text; it has not answered */
	bool wanted; /* it has asked for ours */
	GByteArray *in; /* a cut text of its on its way; NULL: none, or read over */
	bool in_extended;
	GBytes *out; /* a text that it has yet to be sent, or NULL */
};

#define KEY_WAITING_DOWN 0x8000u

struct vnc_client {
	struct vnc_server *server;
	unsigned int refs;
	GList link; /* in the server's list */

	struct channel *channel; /* NULL once closed */
	bool blocked; /* the channel says when it takes more */
	bool securing; /* a TLS handshake is under way */
	guint timer; /* handshake, or first picture */
	bool closing; /* close when everything is sent */
	bool closed; /* only an encoding that still runs keeps it in memory */
	uint8_t in[16384];
	size_t in_len;
	GByteArray *out;
	size_t out_sent;
	int64_t send_start_ns;
	bool fast_link; /* the network takes raw pixels faster than zlib shrinks them */

	struct vnc_address address;
	char *x509_name; /* of its certificate, or NULL */
	struct sasl_auth *sasl; /* or NULL */
	char *sasl_mechanism; /* chosen and not begun yet, or NULL */
	struct rfb_parser parser;
	unsigned int version; /* 3, 7 or 8 */
	uint8_t challenge[RFB_CHALLENGE_BYTES];
	bool trusted; /* nothing is asked of it (add_client skipauth) */
	bool shared;
	bool joined; /* ClientInit has come */
	bool initialised; /* ServerInit was sent: an ordinary session */

	struct encode_settings settings;
	bool palette; /* its pixel format has one */
	int compress_level, quality_level; /* 0..9, or -1: not said */
	bool prefers_h264; /* to settings.encoding */
	bool h264; /* and may have it */
	unsigned int features, due;
	GArray *resize_answers; /* of uint8_t: enum rfb_resize_status of each wish not answered */
	GByteArray *fence_answers; /* whole messages */
	unsigned int resize_wishes; /* waiting for the server's decision */

	struct client_screen screen;
	struct client_keyboard keyboard;
	struct client_clipboard clipboard;
};

/* Takes @channel. The client is in @server's list until it is closed, and then frees itself. */
void vnc_client_create(struct vnc_server *server, struct channel *channel, bool trusted);
/* Leaves the server, the console and the socket. @why is for the trace. Twice is fine. */
void vnc_client_close(struct vnc_client *client, const char *why);
/* The same for a client that did what it must not, which the log says, once. */
void vnc_client_refuse(struct vnc_client *client, const char *why);
/* Only the log; the client goes when it has been told. */
void vnc_client_log_refusal(struct vnc_client *client, const char *why);
struct vnc_client *vnc_client_ref(struct vnc_client *client);
void vnc_client_unref(struct vnc_client *client);
static inline bool vnc_client_is_closed(const struct vnc_client *client)
{
	return client->closed;
}

/* ---- client.c, for the other files ---- */
/* Sends @len bytes, or as much as the socket takes now and the rest later. May close it. */
void vnc_client_send(struct vnc_client *client, const void *data, size_t len);
/* The same for a whole update; takes @bytes. */
void vnc_client_send_update(struct vnc_client *client, GByteArray *bytes);
bool vnc_client_is_drained(const struct vnc_client *client);
/* From here on it is encrypted; goes on with vnc_session_secured(). May close it. */
void vnc_client_start_tls(struct vnc_client *client);
/* Closes it when it hasn't got on within @ms; 0: no limit any more. */
void vnc_client_set_timer(struct vnc_client *client, guint ms, GSourceFunc fn);

/* ---- session.c ---- */
void vnc_session_start(struct vnc_client *client);
/* The TLS handshake is done. May close it. */
void vnc_session_secured(struct vnc_client *client);
/* May close it. */
void vnc_session_message(struct vnc_client *client, const struct rfb_message *message);
/* The screen is known now: ServerInit can go. */
void vnc_session_ready(struct vnc_client *client);

/* ---- update.c ---- */
void vnc_screen_init(struct vnc_client *client);
void vnc_screen_finish(struct vnc_client *client);
/* Leaves the console for good. */
void vnc_screen_stop(struct vnc_client *client);
/* Shows @console (NULL: none). */
void vnc_screen_set_console(struct vnc_client *client, struct console *console);
void vnc_screen_request(struct vnc_client *client, bool incremental, const pixman_box32_t *box);
/* Updates without requests, of @box; NULL: no more of them. */
void vnc_screen_set_continuous(struct vnc_client *client, const pixman_box32_t *box);
/* It may have H.264, or may not any more. */
void vnc_screen_set_h264(struct vnc_client *client, bool h264);
/* The client's wishes changed: everything is to be looked at again. */
void vnc_screen_damage_all(struct vnc_client *client);
/* Sends what can be sent. May close it. */
void vnc_screen_advance(struct vnc_client *client);
/* What the console says didn't come; say so ourselves. */
void vnc_screen_give_up_waiting(struct vnc_client *client);

/* ---- announce.c ---- */
/* Takes the list of a SetEncodings. */
void vnc_announce_encodings(struct vnc_client *client, const struct rfb_message *message);
/* Sends everything that is due and needs no request. */
void vnc_announce(struct vnc_client *client);
bool vnc_announce_is_due(const struct vnc_client *client);
void vnc_announce_resize_answer(struct vnc_client *client, enum rfb_resize_status status);
/* A fence of the client's: an answer to one of ours, or it wants one. */
void vnc_announce_fence(struct vnc_client *client, const struct rfb_message *message);
/* The fence that ends an update. */
void vnc_announce_add_mark(GByteArray *out, uint32_t id);

/* ---- cursor.c ---- */
void vnc_cursor_set(struct vnc_client *client, const struct cursor *cursor);
void vnc_cursor_move(struct vnc_client *client, int x_px, int y_px, bool visible);
void vnc_cursor_finish(struct vnc_client *client);
/* True when the client can't draw the cursor itself and we have to. */
bool vnc_cursor_is_drawn_here(const struct vnc_client *client);
/* The pseudo rectangle. */
void vnc_cursor_add_rect(struct vnc_client *client, GByteArray *out);

/* ---- clipboard.c ---- */
void vnc_clipboard_join(struct vnc_client *client);
void vnc_clipboard_leave(struct vnc_client *client);
/* It has said what it understands: tells it what we do, and whether there is a text. May close it. */
void vnc_clipboard_greet(struct vnc_client *client);
/* A cut text of @len bytes begins, and its bytes; the last ones may close the client. */
void vnc_clipboard_begin(struct vnc_client *client, uint32_t len, bool extended);
void vnc_clipboard_data(struct vnc_client *client, const uint8_t *bytes, uint32_t len, bool last);
/* Appends messages: what is due, and a text that waits. */
void vnc_clipboard_add(struct vnc_client *client, unsigned int due, GByteArray *out);

/* ---- client-input.c ---- */
void vnc_input_key(struct vnc_client *client, uint32_t keysym, bool down);
void vnc_input_extended_key(struct vnc_client *client, uint32_t keysym, uint32_t xt, bool down);
void vnc_input_pointer(struct vnc_client *client, uint8_t buttons, uint16_t x, uint16_t y);
/* Lets go of everything that it holds down. */
void vnc_input_release(struct vnc_client *client);

#endif
