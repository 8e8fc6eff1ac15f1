// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's agent that says anything, to its host in ui/vdagent, while a viewer copies and pastes. The
 * input is a program: an operation a byte, with what follows as its arguments; most of what the agent
 * says is in whole messages of known types.
 */
#include <string.h>

#include "check.h"
#include "chardev/spicevmc.h"
#include "ui/clipboard.h"
#include "ui/console.h"
#include "ui/input.h"
#include "ui/vdagent.h"
#include "ui/vdagent/stream.h"
#include "util/fd.h"
#include "util/opts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct chardev *chardev;
	struct clipboard *clipboard;
	struct clipboard_peer viewer;
	struct input_router *input;
	struct vdagent *vdagent;
	bool open; /* the guest's port */
	size_t room; /* of the guest's */
	struct vdagent_stream stream;
} env;

/* ---- the viewer ---- */

static void changed(struct clipboard_peer *peer, bool text)
{
	if (text) {
		clipboard_request(peer);
	}
}

static void wanted(struct clipboard_peer *peer)
{
	g_autoptr(GBytes) text = clipboard_text_create("text", 4);

	clipboard_provide(peer, text);
}

static void came(struct clipboard_peer *peer, GBytes *text)
{
	check(!text || g_utf8_validate(g_bytes_get_data(text, NULL),
				       (gssize)g_bytes_get_size(text), NULL));
}

static const struct clipboard_ops viewer_ops = {
	.changed = changed, .request = wanted, .data = came,
};

/* ---- the guest ---- */

static size_t can_receive(void *opaque)
{
	return env.room;
}

/* What the host says is always well-formed. */
static void receive(void *opaque, const uint8_t *bytes, size_t len)
{
	check(len <= env.room);
	env.room -= len;
	while (len > 0) {
		struct vdagent_message message;
		const char *why;
		ssize_t used = vdagent_stream_parse(&env.stream, bytes, len, &message, &why);

		check(used > 0);
		bytes += used;
		len -= (size_t)used;
	}
}

static const struct chardev_ops guest_ops = { .can_receive = can_receive, .receive = receive };

static void start(void)
{
	struct opts *opts = opts_parse("-chardev", "qemu-vdagent,id=v,clipboard=on", "backend", NULL);
	struct vdagent_host host = { 0 };

	main_thread_init();
	env.chardev = chardev_create_opts(opts, NULL);
	opts_destroy(opts);
	check(env.chardev != NULL);
	chardev_attach(env.chardev, &guest_ops, NULL);
	env.clipboard = host.clipboard = clipboard_create();
	env.input = host.input = input_router_create();
	host.displays = display_registry_create();
	env.vdagent = vdagent_create(env.chardev, &host);
	clipboard_join(env.clipboard, &env.viewer, &viewer_ops);
}

static void pump(void)
{
	while (g_main_context_iteration(NULL, FALSE)) {
	}
}

/* A message of a known type: selection and number that make sense, then any bytes. */
static size_t say_message(const uint8_t *data, size_t size)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	uint8_t head[8] = { 0 };
	size_t len;

	if (size < 3) {
		return size;
	}
	head[0] = data[1] >> 6 == 3;
	head[4] = data[1] & 3;
	len = MIN(size - 3, data[2]);
	vdagent_stream_add(out, VDAGENT_PORT_CLIENT, data[0] % 16, head, data[1] & 4 ? 4 : 8,
			   data + 3, len);
	chardev_write(env.chardev, out->data, out->len);
	return 3 + len;
}

static void set_open(bool open)
{
	if (env.open != open) {
		env.open = open;
		vdagent_stream_reset(&env.stream);
		chardev_set_front_open(env.chardev, open);
	}
}

static size_t do_one(const uint8_t *data, size_t size)
{
	static const uint8_t caps[] = { 1, 0, 0, 0, 0x61, 0x04, 0, 0 };
	g_autoptr(GByteArray) out = NULL;
	size_t len;

	switch (data[0] % 8) {
	case 0:
		len = MIN(size - 1, (size_t)(data[0] >> 3));
		chardev_write(env.chardev, data + 1, len);
		return 1 + len;
	case 1:
		clipboard_grab(&env.viewer);
		return 1;
	case 2:
		clipboard_release(&env.viewer);
		return 1;
	case 3:
		input_pointer(env.input, data[0], 1, 256, 2);
		input_button(env.input, 0x110, data[0] & 8);
		input_rel(env.input, 8, data[0] & 16);
		input_sync(env.input);
		return 1;
	case 4:
		set_open(data[0] & 8);
		return 1;
	case 5:
		env.room = data[0] & 8 ? 100000 : 10;
		chardev_accept_input(env.chardev);
		return 1;
	case 6:
		out = g_byte_array_new();
		vdagent_stream_add(out, VDAGENT_PORT_CLIENT, VDAGENT_ANNOUNCE_CAPABILITIES, caps,
				   sizeof(caps), NULL, 0);
		chardev_write(env.chardev, out->data, out->len);
		return 1;
	default:
		return 1 + say_message(data + 1, size - 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!env.vdagent) {
		start();
	}
	env.room = 100000;
	set_open(true);
	while (size > 0) {
		size_t used = do_one(data, size);

		data += used;
		size -= used;
		pump();
	}
	set_open(false);
	clipboard_release(&env.viewer);
	pump();
	return 0;
}
