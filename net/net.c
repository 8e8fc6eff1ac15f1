// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/internal.h"

#include "util/error.h"
#include "util/opts.h"

static const struct {
	const char *type;
	struct net_backend *(*create)(struct opts *opts, GError **error);
} types[] = {
	{ "user", net_user_create },
	{ "tap", net_tap_create },
	{ "dgram", net_dgram_create },
};

struct net_backend *net_backend_create(struct opts *opts, GError **error)
{
	const char *type = opts_get(opts, "type"), *id = opts_get(opts, "id");
	struct net_backend *backend = NULL;

	if (!type || !id || !*id) {
		error_set(error, "%s: %s is missing", opts->object, type ? "id=" : "the type");
		return NULL;
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(types); i++) {
		if (g_str_equal(type, types[i].type)) {
			backend = types[i].create(opts, error);
			if (!backend) {
				return NULL;
			}
		}
	}
	if (!backend) {
		error_set(error, "netdev '%s': type '%s' is not one of user, tap, dgram", id, type);
		return NULL;
	}
	backend->id = g_strdup(id);
	if (!opts_check_used(opts, NULL, error)) {
		net_backend_destroy(backend);
		return NULL;
	}
	return backend;
}

void net_backend_destroy(struct net_backend *backend)
{
	if (backend) {
		g_free(backend->id);
		backend->ops->destroy(backend);
	}
}

const char *net_backend_id(const struct net_backend *backend)
{
	return backend->id;
}

void net_backend_attach(struct net_backend *backend, const struct net_ops *ops, void *opaque)
{
	backend->front = ops;
	backend->opaque = opaque;
	backend->ops->ready(backend);
}

bool net_backend_attached(const struct net_backend *backend)
{
	return backend->front != NULL;
}

int net_backend_send(struct net_backend *backend, const struct iovec *iov, unsigned int count)
{
	return backend->ops->send(backend, iov, count);
}

void net_backend_resume(struct net_backend *backend)
{
	backend->ops->ready(backend);
}

bool net_backend_deliver(struct net_backend *backend, const uint8_t *frame, size_t len)
{
	return backend->front && backend->front->receive(backend->opaque, frame, len);
}
