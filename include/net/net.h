/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back ends: user (libslirp), tap, socket pairs for tests. Context: main. */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <glib.h>

struct net_backend;
struct opts;

struct net_ops {
	/* A frame for the guest, without any virtio header. False: no room now; the back end keeps
	 * it (or drops what it can't keep) and tries again after net_backend_resume(). Never called
	 * from inside of net_backend_send(). */
	bool (*receive)(void *opaque, const uint8_t *frame, size_t len);
};

/* From -netdev TYPE,id=ID,... */
struct net_backend *net_backend_create(struct opts *opts, GError **error);
void net_backend_destroy(struct net_backend *backend);
const char *net_backend_id(const struct net_backend *backend);
/* NULL ops detaches. */
void net_backend_attach(struct net_backend *backend, const struct net_ops *ops, void *opaque);
bool net_backend_attached(const struct net_backend *backend);
/* A frame from the guest; @iov is only read. 0 or -errno (the frame is lost). */
int net_backend_send(struct net_backend *backend, const struct iovec *iov, unsigned int count);
/* The front end has room again. */
void net_backend_resume(struct net_backend *backend);

#endif
