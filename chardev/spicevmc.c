// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "chardev-int.h"
#include "chardev/spicevmc.h"
#include "util/error.h"
#include "util/fd.h"

/* As for every back end: what comes on top is dropped. */
#define QUEUE_MAX (1u << 20)

struct spicevmc {
	struct chardev base; /* first */
	char *name;
	bool is_vdagent;
	struct vdagent_options options; /* of one */
	const struct spicevmc_ops *server; /* NULL: none yet */
	void *opaque;
	bool front_open, connected;
	GMutex lock; /* guards what follows */
	GByteArray *queue; /* from the front end */
	bool waking; /* a wake() is on its way */
};

static struct spicevmc *to_spicevmc(const struct chardev *chardev)
{
	return (struct spicevmc *)chardev;
}

/* ---- the front end's side ---- */

static void wake_now(void *opaque)
{
	struct spicevmc *vmc = opaque;

	g_mutex_lock(&vmc->lock);
	vmc->waking = false;
	g_mutex_unlock(&vmc->lock);
	if (vmc->server && !vmc->base.closed) {
		vmc->server->wake(vmc->opaque);
	}
	chardev_unref(&vmc->base);
}

/* Later: the front end may be in the middle of something. Lock held. */
static void wake(struct spicevmc *vmc)
{
	if (!vmc->waking) {
		vmc->waking = true;
		g_atomic_int_inc(&vmc->base.refs);
		main_call(wake_now, vmc);
	}
}

static int vmc_write(struct chardev *chardev, const void *data, size_t len)
{
	struct spicevmc *vmc = to_spicevmc(chardev);
	int result = 0;

	g_mutex_lock(&vmc->lock);
	if (vmc->queue->len > QUEUE_MAX) {
		result = -EAGAIN;
	} else if (vmc->server) { /* data for nobody is dropped */
		g_byte_array_append(vmc->queue, data, (guint)len);
		wake(vmc);
	}
	g_mutex_unlock(&vmc->lock);
	return result;
}

static size_t vmc_queued(struct chardev *chardev)
{
	struct spicevmc *vmc = to_spicevmc(chardev);
	size_t len;

	g_mutex_lock(&vmc->lock);
	len = vmc->queue->len;
	g_mutex_unlock(&vmc->lock);
	return len;
}

static bool vmc_connected(const struct chardev *chardev)
{
	return to_spicevmc(chardev)->connected;
}

static void vmc_accept_input(struct chardev *chardev)
{
	struct spicevmc *vmc = to_spicevmc(chardev);

	g_mutex_lock(&vmc->lock);
	wake(vmc);
	g_mutex_unlock(&vmc->lock);
}

static void vmc_front_open(struct chardev *chardev, bool open)
{
	struct spicevmc *vmc = to_spicevmc(chardev);

	if (vmc->front_open == open) {
		return;
	}
	vmc->front_open = open;
	g_mutex_lock(&vmc->lock);
	g_byte_array_set_size(vmc->queue, 0);
	g_mutex_unlock(&vmc->lock);
	if (vmc->server) {
		vmc->server->front_open(vmc->opaque, open);
	}
}

static void vmc_close(struct chardev *chardev)
{
	to_spicevmc(chardev)->server = NULL;
}

static void vmc_finish(struct chardev *chardev)
{
	struct spicevmc *vmc = to_spicevmc(chardev);

	g_byte_array_unref(vmc->queue);
	g_mutex_clear(&vmc->lock);
	g_free(vmc->name);
}

static const struct chardev_class spicevmc_class = {
	.write = vmc_write,
	.queued = vmc_queued,
	.connected = vmc_connected,
	.accept_input = vmc_accept_input,
	.front_open = vmc_front_open,
	.close = vmc_close,
	.finish = vmc_finish,
};

/* ---- the server's side ---- */

const char *spicevmc_name(const struct chardev *chardev)
{
	return chardev->class == &spicevmc_class && !to_spicevmc(chardev)->is_vdagent ?
	       to_spicevmc(chardev)->name : NULL;
}

const struct vdagent_options *vdagent_chardev_options(const struct chardev *chardev)
{
	return chardev->class == &spicevmc_class && to_spicevmc(chardev)->is_vdagent ?
	       &to_spicevmc(chardev)->options : NULL;
}

void spicevmc_attach(struct chardev *chardev, const struct spicevmc_ops *ops, void *opaque)
{
	struct spicevmc *vmc = to_spicevmc(chardev);

	vmc->server = ops;
	vmc->opaque = opaque;
	if (ops && vmc->front_open) {
		ops->front_open(opaque, true);
	}
}

void spicevmc_set_connected(struct chardev *chardev, bool connected)
{
	struct spicevmc *vmc = to_spicevmc(chardev);

	if (vmc->connected != connected) {
		vmc->connected = connected;
		chardev_event(chardev, connected ? CHARDEV_OPENED : CHARDEV_CLOSED);
	}
}

size_t spicevmc_read(struct chardev *chardev, void *data, size_t len)
{
	struct spicevmc *vmc = to_spicevmc(chardev);
	bool drained;

	g_mutex_lock(&vmc->lock);
	len = MIN(len, vmc->queue->len);
	if (len) {
		memcpy(data, vmc->queue->data, len);
		g_byte_array_remove_range(vmc->queue, 0, (guint)len);
	}
	drained = len && !vmc->queue->len;
	g_mutex_unlock(&vmc->lock);
	if (drained && chardev->ops) {
		/* As chardev_queued() promises. */
		chardev->ops->can_receive(chardev->opaque);
	}
	return len;
}

size_t spicevmc_write(struct chardev *chardev, const void *data, size_t len)
{
	size_t room = chardev->ops ? chardev->ops->can_receive(chardev->opaque) : 0;

	len = MIN(len, room);
	if (len) {
		chardev->ops->receive(chardev->opaque, data, len);
	}
	return len;
}

static struct spicevmc *create(const char *id, const char *name, const char *filename)
{
	struct spicevmc *vmc = g_new0(struct spicevmc, 1);

	chardev_init(&vmc->base, &spicevmc_class, id);
	vmc->base.filename = g_strdup(filename);
	vmc->name = g_strdup(name);
	vmc->queue = g_byte_array_new();
	g_mutex_init(&vmc->lock);
	return vmc;
}

struct chardev *spicevmc_create(const char *id, struct opts *opts, GError **error)
{
	const char *name = opts_get(opts, "name");

	if (!name || strcmp(name, "vdagent")) {
		error_set(error, "%s: spicevmc: name=%s: not offered (vdagent)", opts->object,
			  name ? name : "");
		return NULL;
	}
	return &create(id, name, "spicevmc")->base;
}

struct chardev *vdagent_chardev_create(const char *id, struct opts *opts, GError **error)
{
	struct vdagent_options options = { .clipboard = false, .mouse = true };
	const char *name = opts_get(opts, "name");
	struct spicevmc *vmc;

	if (name && strcmp(name, "vdagent")) {
		error_set(error, "%s: qemu-vdagent: name=%s: not offered (vdagent)", opts->object,
			  name);
		return NULL;
	}
	if (!opts_get_bool(opts, "clipboard", &options.clipboard, error) ||
	    !opts_get_bool(opts, "mouse", &options.mouse, error)) {
		return NULL;
	}
	vmc = create(id, "vdagent", "qemu-vdagent");
	vmc->is_vdagent = true;
	vmc->options = options;
	return &vmc->base;
}
