// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two front ends, a device and the monitor, on one chardev. Output of both goes through; input goes
 * to one of them, and Ctrl-a is the command key.
 */
#include <string.h>

#include "chardev-int.h"

#define KEY_COMMAND 0x01 /* Ctrl-a */

struct mux;

struct port {
	struct chardev base;
	struct mux *mux;
};

struct mux {
	struct chardev *shared;
	struct port *ports[2]; /* the device's, the monitor's */
	unsigned int focus;
	bool monitor_open; /* it had the focus once: before that it says nothing */
	bool command; /* the last byte was Ctrl-a */
	gint refs; /* one a port */
};

static const char help_text[] =
	"\r\n"
	"C-a h    this text\r\n"
	"C-a x    end the virtual machine\r\n"
	"C-a c    move the keyboard between console and monitor\r\n"
	"C-a b    send a break\r\n"
	"C-a C-a  send C-a\r\n";

static void to_focus(struct mux *mux, const void *data, size_t len)
{
	struct chardev *port = &mux->ports[mux->focus]->base;

	if (port->ops && len) {
		port->ops->receive(port->opaque, data, len);
	}
}

static void switch_focus(struct mux *mux)
{
	mux->focus ^= 1;
	if (mux->focus && mux->monitor_open) {
		to_focus(mux, "\n", 1); /* has the monitor show its prompt */
	} else if (mux->focus) {
		mux->monitor_open = true;
		chardev_event(&mux->ports[1]->base, CHARDEV_OPENED);
	}
}

static void command_key(struct mux *mux, uint8_t key)
{
	struct chardev *monitor = &mux->ports[1]->base;

	switch (key) {
	case 'c':
		switch_focus(mux);
		break;
	case 'x':
		if (monitor->ops) {
			monitor->ops->receive(monitor->opaque, (const uint8_t *)"quit\n", 5);
		}
		break;
	case 'b':
		chardev_event(&mux->ports[mux->focus]->base, CHARDEV_BREAK);
		break;
	case KEY_COMMAND:
		to_focus(mux, &key, 1);
		break;
	default:
		chardev_write(mux->shared, help_text, strlen(help_text));
	}
}

static size_t mux_can_receive(void *opaque)
{
	struct mux *mux = opaque;
	struct chardev *port = &mux->ports[mux->focus]->base;
	size_t room = port->ops ? port->ops->can_receive(port->opaque) : 0;

	/* The command key must work when the guest doesn't read its serial port. One byte at a
	 * time then; what isn't a command is lost, as on a line without flow control. */
	return MAX(room, 1);
}

static void mux_receive(void *opaque, const uint8_t *data, size_t len)
{
	struct mux *mux = opaque;
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		if (mux->command) {
			mux->command = false;
			command_key(mux, data[i]);
			start = i + 1;
		} else if (data[i] == KEY_COMMAND) {
			to_focus(mux, data + start, i - start);
			mux->command = true;
			start = i + 1;
		}
	}
	if (start < len) {
		struct chardev *port = &mux->ports[mux->focus]->base;
		size_t room = port->ops ? port->ops->can_receive(port->opaque) : 0;

		to_focus(mux, data + start, MIN(len - start, room));
	}
}

static void mux_event(void *opaque, enum chardev_event event)
{
	struct mux *mux = opaque;

	chardev_event(&mux->ports[0]->base, event);
	if (mux->monitor_open) {
		chardev_event(&mux->ports[1]->base, event);
	}
	if (event == CHARDEV_CLOSED) {
		mux->focus = 0;
		mux->monitor_open = mux->command = false;
	}
}

static const struct chardev_ops mux_ops = {
	.can_receive = mux_can_receive,
	.receive = mux_receive,
	.event = mux_event,
};

static struct mux *mux_of(const struct chardev *chardev)
{
	return ((const struct port *)chardev)->mux;
}

static int port_write(struct chardev *chardev, const void *data, size_t len)
{
	return chardev_write(mux_of(chardev)->shared, data, len);
}

static size_t port_queued(struct chardev *chardev)
{
	return chardev_queued(mux_of(chardev)->shared);
}

static bool port_connected(const struct chardev *chardev)
{
	struct mux *mux = mux_of(chardev);

	return chardev_connected(mux->shared) &&
	       (chardev == &mux->ports[0]->base || mux->monitor_open);
}

static void port_accept_input(struct chardev *chardev)
{
	chardev_accept_input(mux_of(chardev)->shared);
}

static int port_take_fd(struct chardev *chardev)
{
	return chardev_take_fd(mux_of(chardev)->shared);
}

/* The device's port owns the monitor's and the shared chardev. */
static void port_close(struct chardev *chardev)
{
	struct mux *mux = mux_of(chardev);

	if (chardev->monitor_port) {
		chardev_attach(mux->shared, NULL, NULL);
		mux->shared->class->close(mux->shared);
		mux->shared->closed = true;
		chardev_destroy(g_steal_pointer(&chardev->monitor_port));
	}
}

static void port_finish(struct chardev *chardev)
{
	struct mux *mux = mux_of(chardev);

	if (g_atomic_int_dec_and_test(&mux->refs)) {
		chardev_unref(mux->shared);
		g_free(mux);
	}
}

static const struct chardev_class port_class = {
	.write = port_write,
	.queued = port_queued,
	.connected = port_connected,
	.accept_input = port_accept_input,
	.take_fd = port_take_fd,
	.close = port_close,
	.finish = port_finish,
};

struct chardev *mux_shared(const struct chardev *chardev)
{
	return chardev->class == &port_class ? mux_of(chardev)->shared : NULL;
}

struct chardev *mux_create(const char *id, struct chardev *base)
{
	struct mux *mux = g_new0(struct mux, 1);

	mux->shared = base;
	mux->refs = 2;
	for (int i = 0; i < 2; i++) {
		struct port *port = g_new0(struct port, 1);

		chardev_init(&port->base, &port_class, id);
		port->base.filename = g_strdup(base->filename);
		port->mux = mux;
		mux->ports[i] = port;
	}
	mux->ports[0]->base.monitor_port = &mux->ports[1]->base;
	chardev_attach(base, &mux_ops, mux);
	return &mux->ports[0]->base;
}
