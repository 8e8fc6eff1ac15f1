// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <string.h>

#include "ui/clipboard.h"

struct clipboard {
	GPtrArray *peers;
	struct clipboard_peer *owner; /* NULL: there is nothing */
	GBytes *text; /* what the owner has provided, or NULL */
	bool asked; /* the owner has been, and has not answered */
};

struct clipboard *clipboard_create(void)
{
	struct clipboard *clipboard = g_new0(struct clipboard, 1);

	clipboard->peers = g_ptr_array_new();
	return clipboard;
}

void clipboard_destroy(struct clipboard *clipboard)
{
	if (clipboard) {
		g_assert(clipboard->peers->len == 0);
		g_ptr_array_unref(clipboard->peers);
		g_clear_pointer(&clipboard->text, g_bytes_unref);
		g_free(clipboard);
	}
}

void clipboard_join(struct clipboard *clipboard, struct clipboard_peer *peer,
		    const struct clipboard_ops *ops)
{
	peer->ops = ops;
	peer->clipboard = clipboard;
	peer->waits = false;
	g_ptr_array_add(clipboard->peers, peer);
}

/* ---- telling the peers, who may leave meanwhile and take others with them ---- */

static bool is_joined(const struct clipboard *clipboard, const struct clipboard_peer *peer)
{
	return g_ptr_array_find(clipboard->peers, peer, NULL);
}

/* @by knows already: it has done it. */
static void set_owner(struct clipboard *clipboard, struct clipboard_peer *owner,
		      struct clipboard_peer *by)
{
	g_autoptr(GPtrArray) peers = g_ptr_array_copy(clipboard->peers, NULL, NULL);
	bool was = clipboard->owner != NULL;

	clipboard->owner = owner;
	clipboard->asked = false;
	g_clear_pointer(&clipboard->text, g_bytes_unref);
	for (guint i = 0; i < clipboard->peers->len; i++) {
		((struct clipboard_peer *)clipboard->peers->pdata[i])->waits = false;
	}
	if (!owner && !was) {
		return;
	}
	/* One that grabs from inside has told the others itself. */
	for (guint i = 0; i < peers->len && clipboard->owner == owner; i++) {
		struct clipboard_peer *peer = peers->pdata[i];

		if (peer != by && is_joined(clipboard, peer)) {
			peer->ops->changed(peer, owner != NULL);
		}
	}
}

static void tell_data(struct clipboard *clipboard, GBytes *text)
{
	g_autoptr(GPtrArray) peers = g_ptr_array_copy(clipboard->peers, NULL, NULL);

	for (guint i = 0; i < peers->len; i++) {
		struct clipboard_peer *peer = peers->pdata[i];

		if (is_joined(clipboard, peer) && peer->waits) {
			peer->waits = false;
			peer->ops->data(peer, text);
		}
	}
}

/* ---- what peers do ---- */

void clipboard_leave(struct clipboard_peer *peer)
{
	struct clipboard *clipboard = peer->clipboard;

	if (clipboard) {
		peer->clipboard = NULL;
		g_ptr_array_remove(clipboard->peers, peer);
		if (clipboard->owner == peer) {
			set_owner(clipboard, NULL, peer);
		}
	}
}

void clipboard_grab(struct clipboard_peer *peer)
{
	set_owner(peer->clipboard, peer, peer);
}

void clipboard_release(struct clipboard_peer *peer)
{
	if (clipboard_is_owner(peer)) {
		set_owner(peer->clipboard, NULL, peer);
	}
}

void clipboard_provide(struct clipboard_peer *peer, GBytes *text)
{
	struct clipboard *clipboard = peer->clipboard;

	if (!clipboard_is_owner(peer)) {
		return;
	}
	clipboard->asked = false;
	g_clear_pointer(&clipboard->text, g_bytes_unref);
	if (text && g_bytes_get_size(text) <= CLIPBOARD_MAX_BYTES) {
		clipboard->text = g_bytes_ref(text);
		text = g_bytes_ref(text);
	} else {
		text = NULL;
	}
	tell_data(clipboard, text);
	g_clear_pointer(&text, g_bytes_unref);
}

bool clipboard_request(struct clipboard_peer *peer)
{
	struct clipboard *clipboard = peer->clipboard;

	if (!clipboard_has_text(peer)) {
		return false;
	}
	if (clipboard->text) {
		g_autoptr(GBytes) text = g_bytes_ref(clipboard->text);

		peer->ops->data(peer, text);
		return true;
	}
	peer->waits = true;
	if (!clipboard->asked) {
		clipboard->asked = true;
		clipboard->owner->ops->request(clipboard->owner);
	}
	return true;
}

bool clipboard_has_text(const struct clipboard_peer *peer)
{
	return peer->clipboard && peer->clipboard->owner && peer->clipboard->owner != peer;
}

bool clipboard_is_owner(const struct clipboard_peer *peer)
{
	return peer->clipboard && peer->clipboard->owner == peer;
}

/* ---- texts ---- */

/* CR LF and a CR alone become LF, in place; returns the new length. */
static size_t only_lf(char *text)
{
	size_t to = 0;

	for (size_t from = 0; text[from]; from++) {
		if (text[from] != '\r') {
			text[to++] = text[from];
		} else if (text[from + 1] != '\n') {
			text[to++] = '\n';
		}
	}
	return to;
}

GBytes *clipboard_text_create(const void *data, size_t len)
{
	g_autofree char *text = NULL;
	size_t used;

	len = len > 0 ? strnlen(data, len) : 0;
	if (len > CLIPBOARD_MAX_BYTES) {
		return NULL;
	}
	/* A byte may become three. */
	text = len > 0 ? g_utf8_make_valid(data, (gssize)len) : g_strdup("");
	used = only_lf(text);
	return used <= CLIPBOARD_MAX_BYTES ? g_bytes_new(text, used) : NULL;
}

GByteArray *clipboard_text_with_crlf(GBytes *text)
{
	GByteArray *out = g_byte_array_new();
	size_t len, start = 0;
	const uint8_t *data = g_bytes_get_data(text, &len);

	while (start < len) {
		const uint8_t *end = memchr(data + start, '\n', len - start);
		size_t line = end ? (size_t)(end - data) - start : len - start;

		g_byte_array_append(out, data + start, (guint)line);
		if (end) {
			g_byte_array_append(out, (const uint8_t *)"\r\n", 2);
		}
		start += line + 1;
	}
	return out;
}
