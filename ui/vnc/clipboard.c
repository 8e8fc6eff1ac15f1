// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client as a peer of the clipboard. One that knows the extended form is told that there is a text
 * and asks for it; the others are sent each one at once, as they can't ask.
 *
 * What is to be said waits until the socket is free (announce.c): of texts only the newest.
 */
#include "ui/vnc/client.h"
#include "ui/vnc/cut-text.h"
#include "ui/vnc/server.h"

/* What a client understands that hasn't said so. */
#define DEFAULT_CAPS (RFB_CLIP_TEXT | RFB_CLIP_REQUEST | RFB_CLIP_NOTIFY | RFB_CLIP_PROVIDE)
#define DEFAULT_MAX_BYTES (20u << 20)

static struct vnc_client *to_client(struct clipboard_peer *peer)
{
	return (struct vnc_client *)((char *)peer -
				     G_STRUCT_OFFSET(struct vnc_client, clipboard.peer));
}

static bool is_extended(const struct vnc_client *client)
{
	return client->features & FEATURE_EXTENDED_CLIPBOARD;
}

static void say(struct vnc_client *client, unsigned int due)
{
	client->due |= due;
	vnc_screen_advance(client);
}

static void forget_out(struct vnc_client *client)
{
	g_clear_pointer(&client->clipboard.out, g_bytes_unref);
}

/* Tells of a text, or that there is none. May close the client. */
static void tell(struct vnc_client *client)
{
	struct client_clipboard *clipboard = &client->clipboard;

	if (is_extended(client) && (clipboard->caps & RFB_CLIP_NOTIFY)) {
		say(client, DUE_CLIPBOARD_NOTIFY);
	} else {
		clipboard_request(&clipboard->peer);
	}
}

/* ---- what the clipboard says ---- */

static void changed(struct clipboard_peer *peer, bool text)
{
	struct vnc_client *client = to_client(peer);

	forget_out(client);
	client->clipboard.asked = client->clipboard.wanted = false;
	tell(client);
}

static void request(struct clipboard_peer *peer)
{
	struct vnc_client *client = to_client(peer);

	if (!is_extended(client)) {
		/* Its text came with the message, and was too long. */
		clipboard_provide(peer, NULL);
		return;
	}
	client->clipboard.asked = true;
	say(client, DUE_CLIPBOARD_REQUEST);
}

static void data(struct clipboard_peer *peer, GBytes *text)
{
	struct vnc_client *client = to_client(peer);

	forget_out(client);
	client->clipboard.wanted = client->clipboard.wanted && text;
	if (text) {
		client->clipboard.out = g_bytes_ref(text);
		vnc_screen_advance(client);
	}
}

static const struct clipboard_ops clipboard_ops = {
	.changed = changed,
	.request = request,
	.data = data,
};

/* ---- life ---- */

void vnc_clipboard_join(struct vnc_client *client)
{
	struct clipboard *clipboard = client->server->host.clipboard;

	client->clipboard.caps = DEFAULT_CAPS;
	client->clipboard.max_bytes = DEFAULT_MAX_BYTES;
	if (clipboard) {
		clipboard_join(clipboard, &client->clipboard.peer, &clipboard_ops);
	}
}

void vnc_clipboard_leave(struct vnc_client *client)
{
	clipboard_leave(&client->clipboard.peer);
	forget_out(client);
	g_clear_pointer(&client->clipboard.in, g_byte_array_unref);
}

void vnc_clipboard_greet(struct vnc_client *client)
{
	struct client_clipboard *clipboard = &client->clipboard;
	bool extended = is_extended(client);

	if (!clipboard->peer.clipboard || (clipboard->greeted && !extended)) {
		return;
	}
	clipboard->greeted = true;
	if (extended) {
		client->due |= DUE_CLIPBOARD_CAPS;
	}
	if (clipboard_has_text(&clipboard->peer)) {
		tell(client);
	}
}

/* ---- what the client sends ---- */

void vnc_clipboard_begin(struct vnc_client *client, uint32_t len, bool extended)
{
	struct client_clipboard *clipboard = &client->clipboard;

	g_clear_pointer(&clipboard->in, g_byte_array_unref);
	clipboard->in_extended = extended;
	/* What nobody would get is read over. */
	if (clipboard->peer.clipboard && len <= CUT_TEXT_MAX_BYTES) {
		clipboard->in = g_byte_array_new();
		if (len == 0) {
			vnc_clipboard_data(client, NULL, 0, true);
		}
	}
}

/* Without being asked for is a new text. */
static void got_text(struct vnc_client *client, GBytes *text)
{
	struct client_clipboard *clipboard = &client->clipboard;

	if (!clipboard->asked || !clipboard_is_owner(&clipboard->peer)) {
		if (!text) {
			return;
		}
		clipboard_grab(&clipboard->peer);
	}
	clipboard->asked = false;
	clipboard_provide(&clipboard->peer, text);
}

static void got_extended(struct vnc_client *client, const struct cut_text *cut)
{
	struct client_clipboard *clipboard = &client->clipboard;
	bool text = cut->flags & RFB_CLIP_TEXT;

	if (cut->flags & RFB_CLIP_CAPS) {
		clipboard->caps = cut->flags;
		clipboard->max_bytes = cut->max_bytes;
	} else if (cut->flags & RFB_CLIP_PROVIDE) {
		got_text(client, cut->text);
	} else if (cut->flags & RFB_CLIP_PEEK) {
		say(client, DUE_CLIPBOARD_NOTIFY);
	} else if (cut->flags & RFB_CLIP_REQUEST) {
		clipboard->wanted = text;
		if (text && !clipboard_request(&clipboard->peer)) {
			clipboard->wanted = false;
		}
	} else if (text) {
		clipboard->asked = false;
		clipboard_grab(&clipboard->peer);
	} else {
		clipboard_release(&clipboard->peer);
	}
}

static void got_all(struct vnc_client *client, const GByteArray *in)
{
	g_autoptr(GBytes) text = NULL;
	struct cut_text cut;
	const char *why;

	if (!client->clipboard.in_extended) {
		text = cut_text_from_latin1(in->data, in->len);
		client->clipboard.asked = false;
		got_text(client, text);
		return;
	}
	why = cut_text_parse(in->data, in->len, &cut);
	if (why) {
		vnc_client_refuse(client, why);
		return;
	}
	text = cut.text;
	got_extended(client, &cut);
}

void vnc_clipboard_data(struct vnc_client *client, const uint8_t *bytes, uint32_t len, bool last)
{
	struct client_clipboard *clipboard = &client->clipboard;

	if (clipboard->in && len > 0) {
		g_byte_array_append(clipboard->in, bytes, len);
	}
	if (clipboard->in && last) {
		g_autoptr(GByteArray) in = g_steal_pointer(&clipboard->in);

		got_all(client, in);
	}
}

/* ---- what it is sent ---- */

static void add_text(struct vnc_client *client, GByteArray *out)
{
	struct client_clipboard *clipboard = &client->clipboard;
	g_autoptr(GBytes) text = g_steal_pointer(&clipboard->out);

	if (!is_extended(client)) {
		cut_text_add_plain(out, text);
	} else if (clipboard->wanted || ((clipboard->caps & RFB_CLIP_PROVIDE) &&
					 g_bytes_get_size(text) <= clipboard->max_bytes)) {
		cut_text_add_provide(out, text);
	}
	clipboard->wanted = false;
}

void vnc_clipboard_add(struct vnc_client *client, unsigned int due, GByteArray *out)
{
	struct client_clipboard *clipboard = &client->clipboard;

	if (is_extended(client)) {
		if (due & DUE_CLIPBOARD_CAPS) {
			cut_text_add_caps(out);
		}
		if (due & DUE_CLIPBOARD_NOTIFY) {
			cut_text_add_action(out, RFB_CLIP_NOTIFY |
					    (clipboard_has_text(&clipboard->peer) ? RFB_CLIP_TEXT : 0));
		}
		if (due & DUE_CLIPBOARD_REQUEST) {
			cut_text_add_action(out, RFB_CLIP_REQUEST | RFB_CLIP_TEXT);
		}
	}
	if (clipboard->out) {
		add_text(client, out);
	}
}
