// SPDX-License-Identifier: GPL-2.0-or-later
#include "chardev-int.h"
#include "util/fd.h"

void chardev_init(struct chardev *chardev, const struct chardev_class *class, const char *id)
{
	chardev->class = class;
	chardev->id = g_strdup(id);
	chardev->refs = 1;
}

void chardev_unref(struct chardev *chardev)
{
	if (g_atomic_int_dec_and_test(&chardev->refs)) {
		chardev->class->finish(chardev);
		g_free(chardev->id);
		g_free(chardev->filename);
		g_free(chardev);
	}
}

void chardev_destroy(struct chardev *chardev)
{
	if (chardev) {
		chardev->ops = NULL;
		chardev->closed = true;
		chardev->class->close(chardev);
		chardev_unref(chardev);
	}
}

const char *chardev_id(const struct chardev *chardev)
{
	return chardev->id;
}

const char *chardev_filename(const struct chardev *chardev)
{
	return chardev->filename;
}

struct chardev *chardev_mux_monitor(struct chardev *chardev)
{
	return chardev->monitor_port;
}

void chardev_event(struct chardev *chardev, enum chardev_event event)
{
	if (chardev->ops && chardev->ops->event) {
		chardev->ops->event(chardev->opaque, event);
	}
}

void chardev_attach(struct chardev *chardev, const struct chardev_ops *ops, void *opaque)
{
	chardev->ops = ops;
	chardev->opaque = opaque;
	if (ops && chardev_connected(chardev)) {
		chardev_event(chardev, CHARDEV_OPENED);
	}
	chardev_accept_input(chardev);
}

static void accept_input(void *opaque)
{
	struct chardev *chardev = opaque;

	if (!chardev->closed) {
		chardev->class->accept_input(chardev);
	}
	chardev_unref(chardev);
}

void chardev_accept_input(struct chardev *chardev)
{
	g_atomic_int_inc(&chardev->refs);
	if (main_thread_is_current()) {
		accept_input(chardev);
	} else {
		main_call(accept_input, chardev);
	}
}

int chardev_write(struct chardev *chardev, const void *data, size_t len)
{
	return chardev->class->write(chardev, data, len);
}

size_t chardev_queued(struct chardev *chardev)
{
	return chardev->class->queued(chardev);
}

void chardev_set_front_open(struct chardev *chardev, bool open)
{
	if (chardev->class->front_open) {
		chardev->class->front_open(chardev, open);
	}
}

bool chardev_connected(const struct chardev *chardev)
{
	return chardev->class->connected(chardev);
}

int chardev_take_fd(struct chardev *chardev)
{
	return chardev->class->take_fd ? chardev->class->take_fd(chardev) : -1;
}
