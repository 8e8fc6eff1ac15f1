// SPDX-License-Identifier: GPL-2.0-or-later
/* virtio-net-pci: a network card with one pair of queues and no offloads (virtio 1.1, 5.1). */
#include <errno.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <string.h>

#include "hw/core/machine-lock.h"
#include "hw/virtio/iov.h"
#include "hw/virtio/virtio-device.h"
#include "hw/virtio/virtio.h"
#include "net/net.h"
#include "util/error.h"
#include "util/trace.h"

enum { QUEUE_RX, QUEUE_TX };
/* With VIRTIO_F_VERSION_1 the header always has num_buffers. */
#define HEADER_BYTES	sizeof(struct virtio_net_hdr_mrg_rxbuf)
/* Frames sent before other main-loop work gets its turn. */
#define TX_BURST	256

struct virtio_net {
	struct virtio_device vd; /* first */
	char *netdev;
	uint8_t mac[6];
	bool mergeable;
	bool rx_starved; /* device lock: the back end waits for room */
	struct net_backend *backend;
};

static struct virtio_net *net_from(struct virtio_device *vd)
{
	return (struct virtio_net *)vd;
}

/* ---- to the guest; device lock held ---- */

/* Writes header and frame to as many buffers as it takes. 1: done, 0: too few buffers (nothing
 * changed), -EMSGSIZE: it doesn't fit where the driver takes one buffer a frame. */
static int put_frame(struct virtio_net *net, const uint8_t *frame, size_t len)
{
	struct virtio_device *vd = &net->vd;
	struct virtqueue *vq = &vd->queues[QUEUE_RX];
	bool merge = virtio_has_feature(vd, VIRTIO_NET_F_MRG_RXBUF);
	struct virtio_net_hdr_mrg_rxbuf header = { 0 };
	struct iovec first[2] = { { NULL, 0 } }; /* where the header went */
	uint16_t buffers = 0;
	size_t done = 0;

	do {
		size_t skip = buffers ? 0 : HEADER_BYTES, n;
		struct virtqueue_elem elem;

		if (!virtio_pop(vd, QUEUE_RX, &elem)) {
			virtqueue_unpop(vq, buffers);
			return 0;
		}
		if (!buffers && (elem.in_bytes < HEADER_BYTES ||
				 elem.in[0].iov_len < HEADER_BYTES)) {
			/* Allowed to be split anywhere, but nobody does: keep the one place. */
			virtio_fail(vd, "a receive buffer without room for a header");
			virtqueue_unpop(vq, (uint16_t)(buffers + 1));
			return -EMSGSIZE;
		}
		if (!buffers) {
			first[0] = elem.in[0];
		}
		n = iov_from_buf(elem.in, elem.in_count, skip, frame + done, len - done);
		done += n;
		virtqueue_fill(vq, buffers++, elem.head, (uint32_t)(n + skip));
		if (done < len && (!merge || buffers == vq->size)) {
			virtqueue_unpop(vq, buffers);
			return -EMSGSIZE;
		}
	} while (done < len);
	header.num_buffers = buffers;
	memcpy(first[0].iov_base, &header, HEADER_BYTES);
	virtqueue_flush(vq, buffers);
	return 1;
}

static bool net_receive(void *opaque, const uint8_t *frame, size_t len)
{
	struct virtio_net *net = opaque;
	struct virtio_device *vd = &net->vd;
	struct virtqueue *vq = &vd->queues[QUEUE_RX];
	bool taken = true;

	g_mutex_lock(&vd->lock);
	if (virtio_running(vd) && vq->enabled) {
		int result = put_frame(net, frame, len);

		if (!result && virtio_running(vd)) {
			/* Ask for a kick, then look once more: it may have come meanwhile. */
			virtqueue_set_kicks(vq, true);
			result = put_frame(net, frame, len);
			net->rx_starved = !result;
		}
		if (result > 0) {
			virtio_notify(vd, QUEUE_RX);
		}
		taken = result != 0;
	}
	g_mutex_unlock(&vd->lock);
	return taken;
}

static const struct net_ops front_ops = { net_receive };

static void rx_kicked(struct virtio_net *net)
{
	bool resume;

	g_mutex_lock(&net->vd.lock);
	virtqueue_set_kicks(&net->vd.queues[QUEUE_RX], false);
	resume = net->rx_starved;
	net->rx_starved = false;
	g_mutex_unlock(&net->vd.lock);
	if (resume) {
		net_backend_resume(net->backend);
	}
}

/* ---- from the guest ---- */

/* Device lock held. A back end never calls net_receive from inside of send. */
static void send_frame(struct virtio_net *net, struct virtqueue_elem *elem)
{
	int result;

	if (elem->out_bytes <= HEADER_BYTES) {
		TRACE_GUEST_ERROR(net, "%s: a frame without contents",
				  device_label(&net->vd.pci.dev));
		return;
	}
	iov_drop_front(&elem->out, &elem->out_count, HEADER_BYTES);
	result = net_backend_send(net->backend, elem->out, elem->out_count);
	if (result) {
		TRACE(net, lost, "%s: %s", device_label(&net->vd.pci.dev), g_strerror(-result));
	}
}

static void tx_kicked(struct virtio_net *net)
{
	struct virtio_device *vd = &net->vd;
	struct virtqueue *vq = &vd->queues[QUEUE_TX];
	struct virtqueue_elem elem;
	unsigned int sent = 0;

	g_mutex_lock(&vd->lock);
	do {
		virtqueue_set_kicks(vq, false);
		while (sent < TX_BURST && virtio_pop(vd, QUEUE_TX, &elem)) {
			send_frame(net, &elem);
			virtio_push(vd, QUEUE_TX, elem.head, 0);
			sent++;
		}
		virtqueue_set_kicks(vq, true);
	} while (sent < TX_BURST && virtio_running(vd) && !virtqueue_empty(vq));
	if (sent) {
		virtio_notify(vd, QUEUE_TX);
	}
	if (sent == TX_BURST) {
		virtio_kick_self(vd, QUEUE_TX);
	}
	g_mutex_unlock(&vd->lock);
}

static void net_kicked(struct virtio_device *vd, unsigned int queue)
{
	if (queue == QUEUE_RX) {
		rx_kicked(net_from(vd));
	} else {
		tx_kicked(net_from(vd));
	}
}

/* ---- life ---- */

static const uint16_t queue_sizes[] = { 256, 256 };

static const struct virtio_ops net_device_ops = {
	.id = VIRTIO_ID_NET,
	.class_code = 0x020000,
	.queues = 2,
	.queue_sizes = queue_sizes,
	.kicked = net_kicked,
};

/* Without mac=: 52:54:00:12:34:56 for the first card, counting up in the order of creation. */
static void default_mac(struct virtio_net *net)
{
	static const uint8_t base[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	struct pci_bus *bus = net->vd.pci.dev.board->pci;
	unsigned int cards = 0;

	for (unsigned int devfn = 0; bus && devfn < 256; devfn++) {
		const struct pci_device *pd = pci_bus_device(bus, devfn);

		cards += pd && pd->dev.class == &virtio_net_pci_class;
	}
	memcpy(net->mac, base, sizeof(base));
	net->mac[5] = (uint8_t)(net->mac[5] + cards);
}

static uint64_t fill_config(struct virtio_net *net)
{
	struct virtio_net_config *config = (struct virtio_net_config *)net->vd.config;

	memcpy(config->mac, net->mac, sizeof(net->mac));
	config->status = VIRTIO_NET_S_LINK_UP;
	config->max_virtqueue_pairs = 1;
	return UINT64_C(1) << VIRTIO_NET_F_MAC | UINT64_C(1) << VIRTIO_NET_F_STATUS |
	       (uint64_t)net->mergeable << VIRTIO_NET_F_MRG_RXBUF;
}

static bool net_realize(struct device *dev, GError **error)
{
	static const uint8_t unset[6];
	struct virtio_net *net = (struct virtio_net *)dev;
	struct board *board = dev->board;

	if (!net->netdev) {
		return error_set(error, "%s: netdev= is missing", device_label(dev));
	}
	net->backend = board->find_netdev(board, net->netdev, error);
	if (!net->backend) {
		return false;
	}
	if (net_backend_attached(net->backend)) {
		return error_set(error, "%s: netdev '%s' is in use by another device",
				 device_label(dev), net->netdev);
	}
	if (!memcmp(net->mac, unset, sizeof(unset))) {
		default_mac(net);
	}
	if (net->mac[0] & 1) {
		return error_set(error, "%s: mac=: a group address", device_label(dev));
	}
	if (!virtio_device_init(&net->vd, &net_device_ops, fill_config(net),
				G_STRUCT_OFFSET(struct virtio_net_config, mtu), error)) {
		return false;
	}
	net_backend_attach(net->backend, &front_ops, net);
	return true;
}

static void net_unrealize(struct device *dev)
{
	struct virtio_net *net = (struct virtio_net *)dev;

	net_backend_attach(net->backend, NULL, NULL);
	virtio_device_finish(&net->vd);
}

static const struct property net_properties[] = {
	VIRTIO_PROPERTIES(struct virtio_net, vd),
	PROP("netdev", PROP_STR, struct virtio_net, netdev, NULL, "id of the -netdev"),
	PROP("mac", PROP_MAC, struct virtio_net, mac, NULL,
	     "Ethernet address; 52:54:00:12:34:56 and up by default"),
	PROP("mrg_rxbuf", PROP_BOOL, struct virtio_net, mergeable, "on",
	     "a frame may fill several receive buffers"),
	PROP("bootindex", PROP_S32, struct virtio_net, vd.bootindex, "-1",
	     "accepted: a kernel is booted directly"),
	PROP_END
};

const struct device_class virtio_net_pci_class = {
	.name = "virtio-net-pci",
	.alias = "virtio-net",
	.bus = "PCI",
	.category = "Network",
	.description = "network card",
	.instance_size = sizeof(struct virtio_net),
	.properties = net_properties,
	.user_creatable = true,
	.realize = net_realize,
	.reset = virtio_device_reset,
	.unrealize = net_unrealize,
};
