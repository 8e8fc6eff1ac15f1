// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "chardev/spicevmc.h"
#include "ui/clipboard.h"
#include "ui/vdagent.h"
#include "ui/vdagent/mouse.h"
#include "ui/vdagent/stream.h"
#include "util/error.h"
#include "util/trace.h"

/* An agent that leaves more unread than two texts has stopped: it is told nothing more until it
 * opens its port anew. */
#define OUT_MAX_BYTES (2 * VDAGENT_MESSAGE_MAX_BYTES + (256u << 10))
/* From the agent, a turn: a guest that never stops leaves room for others. */
#define READ_BYTES 16384

struct vdagent {
	struct chardev *chardev;
	struct vdagent_host host;
	struct clipboard_peer clipboard;
	struct vdagent_mouse mouse;
	struct vdagent_stream stream;
	GByteArray *out; /* what the guest has no room for yet */
	bool open; /* an agent has the port open */
	bool broken; /* and doesn't speak the protocol, or has stopped */
	uint32_t caps; /* what it can do, the first 32 bits; 0: it has not said */
	guint again; /* GSource that reads on, or 0 */
};

/* ---- to the agent ---- */

static void flush(struct vdagent *vdagent)
{
	while (vdagent->out->len > 0) {
		size_t sent = spicevmc_write(vdagent->chardev, vdagent->out->data,
					     vdagent->out->len);

		if (sent == 0) {
			break;
		}
		g_byte_array_remove_range(vdagent->out, 0, (guint)sent);
	}
}

/* Of an agent that was there. */
static void forget(struct vdagent *vdagent)
{
	vdagent->caps = 0;
	g_byte_array_set_size(vdagent->out, 0);
	vdagent_stream_reset(&vdagent->stream);
	vdagent_mouse_set_agent(&vdagent->mouse, false);
	clipboard_leave(&vdagent->clipboard);
}

static void give_up(struct vdagent *vdagent, const char *why)
{
	TRACE(vdagent, refused, "%s", why);
	forget(vdagent);
	vdagent->broken = true;
}

static void send_message(struct vdagent *vdagent, enum vdagent_port port, uint32_t type,
			 const void *head, size_t head_len, const void *body, size_t body_len)
{
	if (!vdagent->open || vdagent->broken) {
		return;
	}
	if (vdagent->out->len > OUT_MAX_BYTES) {
		give_up(vdagent, "it reads nothing");
		return;
	}
	vdagent_stream_add(vdagent->out, port, type, head, head_len, body, body_len);
	flush(vdagent);
}

static void announce(struct vdagent *vdagent, bool request)
{
	uint32_t caps = 0;
	uint8_t data[8];

	if (vdagent->host.input) {
		caps |= 1u << VDAGENT_CAP_MOUSE_STATE;
	}
	if (vdagent->host.clipboard) {
		caps |= 1u << VDAGENT_CAP_CLIPBOARD_BY_DEMAND |
			1u << VDAGENT_CAP_CLIPBOARD_SELECTION;
	}
	vdagent_set_u32(data, request);
	vdagent_set_u32(data + 4, caps);
	send_message(vdagent, VDAGENT_PORT_CLIENT, VDAGENT_ANNOUNCE_CAPABILITIES, data,
		     sizeof(data), NULL, 0);
}

static bool can(const struct vdagent *vdagent, enum vdagent_cap cap)
{
	return vdagent->caps & 1u << cap;
}

static void mouse_moved(void *opaque)
{
	struct vdagent *vdagent = opaque;
	struct vdagent_mouse_state state;

	while (vdagent_mouse_take(&vdagent->mouse, &state)) {
		uint8_t data[13] = { 0 };

		vdagent_set_u32(data, (uint32_t)state.x);
		vdagent_set_u32(data + 4, (uint32_t)state.y);
		vdagent_set_u32(data + 8, state.buttons);
		send_message(vdagent, VDAGENT_PORT_SERVER, VDAGENT_MOUSE_STATE, data, sizeof(data),
			     NULL, 0);
	}
}

/* ---- the clipboard: what viewers do ---- */

/* Agents that know no selections have none in their messages. */
static size_t selection_bytes(const struct vdagent *vdagent)
{
	return can(vdagent, VDAGENT_CAP_CLIPBOARD_SELECTION) ? VDAGENT_SELECTION_BYTES : 0;
}

/* A selection, if there are any, then a number if @number isn't NULL, then @text. */
static void send_clipboard(struct vdagent *vdagent, enum vdagent_type type, const uint32_t *number,
			   GBytes *text)
{
	uint8_t head[8] = { VDAGENT_SELECTION_CLIPBOARD };
	size_t len = selection_bytes(vdagent), text_len = 0;
	const void *data = text ? g_bytes_get_data(text, &text_len) : NULL;

	if (number) {
		vdagent_set_u32(head + len, *number);
		len += 4;
	}
	send_message(vdagent, VDAGENT_PORT_CLIENT, type, head, len, data, text_len);
}

static struct vdagent *to_vdagent(struct clipboard_peer *peer)
{
	return (struct vdagent *)((char *)peer - G_STRUCT_OFFSET(struct vdagent, clipboard));
}

static void clipboard_changed(struct clipboard_peer *peer, bool text)
{
	static const uint32_t type = VDAGENT_TEXT_UTF8;

	if (text) {
		send_clipboard(to_vdagent(peer), VDAGENT_CLIPBOARD_GRAB, &type, NULL);
	} else {
		send_clipboard(to_vdagent(peer), VDAGENT_CLIPBOARD_RELEASE, NULL, NULL);
	}
}

static void clipboard_wanted(struct clipboard_peer *peer)
{
	static const uint32_t type = VDAGENT_TEXT_UTF8;

	send_clipboard(to_vdagent(peer), VDAGENT_CLIPBOARD_REQUEST, &type, NULL);
}

static void clipboard_data(struct clipboard_peer *peer, GBytes *text)
{
	uint32_t type = text ? VDAGENT_TEXT_UTF8 : VDAGENT_TEXT_NONE;

	send_clipboard(to_vdagent(peer), VDAGENT_CLIPBOARD, &type, text);
}

static const struct clipboard_ops clipboard_ops = {
	.changed = clipboard_changed,
	.request = clipboard_wanted,
	.data = clipboard_data,
};

static void join_clipboard(struct vdagent *vdagent)
{
	if (!vdagent->host.clipboard || vdagent->clipboard.clipboard ||
	    !can(vdagent, VDAGENT_CAP_CLIPBOARD_BY_DEMAND)) {
		return;
	}
	clipboard_join(vdagent->host.clipboard, &vdagent->clipboard, &clipboard_ops);
	if (clipboard_has_text(&vdagent->clipboard)) {
		clipboard_changed(&vdagent->clipboard, true);
	}
}

/* ---- from the agent ---- */

static void got_caps(struct vdagent *vdagent, const struct vdagent_message *message)
{
	if (message->size < 8) {
		give_up(vdagent, "capabilities without any");
		return;
	}
	/* It may say so again, and then it has begun anew. */
	clipboard_leave(&vdagent->clipboard);
	vdagent->caps = vdagent_get_u32(message->data + 4);
	TRACE(vdagent, caps, "0x%x", vdagent->caps);
	if (vdagent_get_u32(message->data)) {
		announce(vdagent, false);
	}
	vdagent_mouse_set_agent(&vdagent->mouse, can(vdagent, VDAGENT_CAP_MOUSE_STATE));
	if (vdagent->host.clipboard && can(vdagent, VDAGENT_CAP_MAX_CLIPBOARD)) {
		uint8_t max[4];

		vdagent_set_u32(max, CLIPBOARD_MAX_BYTES);
		send_message(vdagent, VDAGENT_PORT_CLIENT, VDAGENT_MAX_CLIPBOARD, max, sizeof(max),
			     NULL, 0);
	}
	join_clipboard(vdagent);
}

static bool has_text(const uint8_t *types, size_t len)
{
	for (size_t i = 0; i + 4 <= len; i += 4) {
		if (vdagent_get_u32(types + i) == VDAGENT_TEXT_UTF8) {
			return true;
		}
	}
	return false;
}

static void provide(struct vdagent *vdagent, const uint8_t *data, size_t len)
{
	g_autoptr(GBytes) text = NULL;

	if (len >= 4 && vdagent_get_u32(data) == VDAGENT_TEXT_UTF8) {
		text = clipboard_text_create(data + 4, len - 4);
	}
	clipboard_provide(&vdagent->clipboard, text);
}

static void got_request(struct vdagent *vdagent, const uint8_t *data, size_t len)
{
	if (len < 4 || vdagent_get_u32(data) != VDAGENT_TEXT_UTF8 ||
	    !clipboard_request(&vdagent->clipboard)) {
		/* It waits for an answer. */
		clipboard_data(&vdagent->clipboard, NULL);
	}
}

static void got_clipboard(struct vdagent *vdagent, const struct vdagent_message *message)
{
	size_t selection = selection_bytes(vdagent);
	const uint8_t *data = message->data + selection;
	size_t len = message->size - selection;

	/* X's other selections aren't shared: viewers have one clipboard. */
	if (!vdagent->clipboard.clipboard || message->size < selection ||
	    (selection && message->data[0] != VDAGENT_SELECTION_CLIPBOARD)) {
		return;
	}
	switch (message->type) {
	case VDAGENT_CLIPBOARD_GRAB:
		if (has_text(data, len)) {
			clipboard_grab(&vdagent->clipboard);
		} else {
			clipboard_release(&vdagent->clipboard);
		}
		break;
	case VDAGENT_CLIPBOARD_RELEASE:
		clipboard_release(&vdagent->clipboard);
		break;
	case VDAGENT_CLIPBOARD_REQUEST:
		got_request(vdagent, data, len);
		break;
	case VDAGENT_CLIPBOARD:
		provide(vdagent, data, len);
		break;
	}
}

static void got_message(struct vdagent *vdagent, const struct vdagent_message *message)
{
	TRACE(vdagent, message, "%u: %u bytes", message->type, message->size);
	switch (message->type) {
	case VDAGENT_ANNOUNCE_CAPABILITIES:
		got_caps(vdagent, message);
		break;
	case VDAGENT_CLIPBOARD_GRAB:
	case VDAGENT_CLIPBOARD_RELEASE:
	case VDAGENT_CLIPBOARD_REQUEST:
	case VDAGENT_CLIPBOARD:
		got_clipboard(vdagent, message);
		break;
	}
}

static void parse(struct vdagent *vdagent, const uint8_t *data, size_t len)
{
	while (len > 0 && !vdagent->broken) {
		struct vdagent_message message;
		const char *why;
		ssize_t used = vdagent_stream_parse(&vdagent->stream, data, len, &message, &why);

		if (used < 0) {
			give_up(vdagent, why);
			return;
		}
		data += used;
		len -= (size_t)used;
		if (message.type) {
			got_message(vdagent, &message);
		}
	}
}

/* ---- what the back end says ---- */

static void wake(void *opaque);

static gboolean read_on(gpointer opaque)
{
	struct vdagent *vdagent = opaque;

	vdagent->again = 0;
	wake(vdagent);
	return G_SOURCE_REMOVE;
}

static void wake(void *opaque)
{
	struct vdagent *vdagent = opaque;
	uint8_t data[READ_BYTES];
	size_t len = spicevmc_read(vdagent->chardev, data, sizeof(data));

	flush(vdagent);
	parse(vdagent, data, len);
	if (len == sizeof(data) && !vdagent->again) {
		vdagent->again = g_idle_add_full(G_PRIORITY_DEFAULT, read_on, vdagent, NULL);
	}
}

static void front_open(void *opaque, bool open)
{
	struct vdagent *vdagent = opaque;

	if (vdagent->open == open) {
		return;
	}
	TRACE(vdagent, port, "%s", open ? "open" : "closed");
	forget(vdagent);
	vdagent->open = open;
	vdagent->broken = false;
	spicevmc_set_connected(vdagent->chardev, open);
	announce(vdagent, true);
}

static const struct spicevmc_ops port_ops = {
	.front_open = front_open,
	.wake = wake,
};

/* ---- life ---- */

struct vdagent *vdagent_create(struct chardev *chardev, const struct vdagent_host *host)
{
	struct vdagent *vdagent = g_new0(struct vdagent, 1);

	vdagent->chardev = chardev;
	vdagent->host = *host;
	vdagent->out = g_byte_array_new();
	vdagent_mouse_init(&vdagent->mouse, &vdagent->host, mouse_moved, vdagent);
	spicevmc_attach(chardev, &port_ops, vdagent);
	return vdagent;
}

void vdagent_destroy(struct vdagent *vdagent)
{
	if (!vdagent) {
		return;
	}
	spicevmc_attach(vdagent->chardev, NULL, NULL);
	if (vdagent->again) {
		g_source_remove(vdagent->again);
	}
	clipboard_leave(&vdagent->clipboard);
	vdagent_mouse_finish(&vdagent->mouse);
	vdagent_stream_reset(&vdagent->stream);
	g_byte_array_unref(vdagent->out);
	g_free(vdagent);
}
