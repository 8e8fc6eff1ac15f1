/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of net/ only. Context: main. */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include "net/net.h"

/* The largest frame that passes: 64 KiB of IP and an Ethernet header with a VLAN tag. */
#define NET_FRAME_MAX	(65536 + 18)

struct net_backend_ops {
	int (*send)(struct net_backend *backend, const struct iovec *iov, unsigned int count);
	/* The front end came, went or has room again. */
	void (*ready)(struct net_backend *backend);
	void (*destroy)(struct net_backend *backend); /* frees the back end's own struct */
};

/* Starts the struct of each kind of back end. */
struct net_backend {
	const struct net_backend_ops *ops;
	char *id;
	const struct net_ops *front;
	void *opaque;
};

/* False when there is no front end or no room in it. */
bool net_backend_deliver(struct net_backend *backend, const uint8_t *frame, size_t len);

/* Each reads its own keys of @opts; the caller checks that none is left over. */
struct net_backend *net_user_create(struct opts *opts, GError **error);
struct net_backend *net_tap_create(struct opts *opts, GError **error);
struct net_backend *net_dgram_create(struct opts *opts, GError **error);

/* A frame a read()/write(): tap devices and datagram sockets. Takes @fd. */
struct net_backend *net_fd_create(int fd);

#endif
