/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clipboard: what was copied last, in the guest or at a viewer. One a machine; each side of it (the
 * guest's agent, each viewer) is a peer.
 *
 *   clipboard_grab(a) ──▶ changed() at all others ──▶ clipboard_request(b) ──▶ request() at a
 *   clipboard_provide(a, text) ──▶ data() at b
 *
 * The peer that grabbed last owns it, and nobody gets a text that nobody asked for. What the owner
 * has provided is kept until the next grab, so that it is asked once. Only text: valid UTF-8 with LF
 * between lines, without NUL, CLIPBOARD_MAX_BYTES at most; each edge converts.
 *
 * A peer's ops may call anything here, and peers may leave from inside them.
 * Context: main, machine lock not held.
 */
#ifndef UI_CLIPBOARD_H
#define UI_CLIPBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

/* A text that somebody copied by hand is far shorter; each viewer may have one of it on its way. */
#define CLIPBOARD_MAX_BYTES (4u << 20)

struct clipboard;
struct clipboard_peer;

struct clipboard_ops {
	/* Mandatory. Another peer has copied something (@text true), or there is nothing any more. What
	 * this peer had asked for won't come. */
	void (*changed)(struct clipboard_peer *peer, bool text);
	/* Mandatory. This peer owns the clipboard and somebody wants the text: clipboard_provide(), now
	 * or later. Called once until it has. */
	void (*request)(struct clipboard_peer *peer);
	/* Mandatory. What this peer asked for; borrowed. NULL: the owner can't say. */
	void (*data)(struct clipboard_peer *peer, GBytes *text);
};

/* Embedded in the peer's own struct. */
struct clipboard_peer {
	const struct clipboard_ops *ops;
	/* private to clipboard.c */
	struct clipboard *clipboard; /* NULL: not joined */
	bool waits; /* for data() */
};

struct clipboard *clipboard_create(void);
/* All peers have left. Accepts NULL. */
void clipboard_destroy(struct clipboard *clipboard);

/* Hears of what comes from now on; clipboard_has_text() says what there is. */
void clipboard_join(struct clipboard *clipboard, struct clipboard_peer *peer,
		    const struct clipboard_ops *ops);
/* Gives up what it owns. Accepts a peer that isn't joined. */
void clipboard_leave(struct clipboard_peer *peer);

/* This peer has a new text. */
void clipboard_grab(struct clipboard_peer *peer);
/* It has none any more. Nothing if another owns the clipboard. */
void clipboard_release(struct clipboard_peer *peer);
/* The owner's answer; NULL: it can't say. Nothing from a peer that isn't the owner, since another may
 * have grabbed meanwhile. Too long is like NULL. */
void clipboard_provide(struct clipboard_peer *peer, GBytes *text);
/* data() follows, maybe from inside here. False: nobody else has a text. */
bool clipboard_request(struct clipboard_peer *peer);
/* Does another peer have one? */
bool clipboard_has_text(const struct clipboard_peer *peer);
bool clipboard_is_owner(const struct clipboard_peer *peer);

/* From @len bytes of UTF-8 with any line ends: what isn't UTF-8 is replaced, a NUL ends it. NULL: longer
 * than CLIPBOARD_MAX_BYTES. */
GBytes *clipboard_text_create(const void *data, size_t len);
/* With CR LF for those who want it. */
GByteArray *clipboard_text_with_crlf(GBytes *text);

#endif
