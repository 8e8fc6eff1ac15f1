// SPDX-License-Identifier: GPL-2.0-or-later
/* virtio-rng-pci: the host kernel's random numbers (virtio 1.1, 5.4). */
#include <errno.h>
#include <linux/virtio_ids.h>
#include <sys/random.h>

#include "hw/virtio/virtio-device.h"
#include "hw/virtio/virtio.h"

/* More than this at once would keep the main loop busy; a driver simply asks again. */
#define CHUNK_MAX	65536
#define BURST		16

struct virtio_rng {
	struct virtio_device vd; /* first */
	char *rng;
};

static uint32_t fill(const struct virtqueue_elem *elem)
{
	size_t total = 0;

	for (unsigned int i = 0; i < elem->in_count && total < CHUNK_MAX; i++) {
		size_t len = MIN(elem->in[i].iov_len, CHUNK_MAX - total), done = 0;

		while (done < len) {
			ssize_t n = getrandom((char *)elem->in[i].iov_base + done, len - done,
					      GRND_NONBLOCK);

			if (n < 0 && errno == EINTR) {
				continue;
			}
			if (n <= 0) {
				return (uint32_t)(total + done);
			}
			done += (size_t)n;
		}
		total += len;
	}
	return (uint32_t)total;
}

static void rng_kicked(struct virtio_device *vd, unsigned int queue)
{
	struct virtqueue_elem elem;
	unsigned int done = 0;

	g_mutex_lock(&vd->lock);
	while (done < BURST && virtio_pop(vd, queue, &elem)) {
		virtio_push(vd, queue, elem.head, fill(&elem));
		done++;
	}
	virtqueue_set_kicks(&vd->queues[queue], true);
	if (done) {
		virtio_notify(vd, queue);
	}
	if (!virtqueue_empty(&vd->queues[queue]) && virtio_running(vd)) {
		virtio_kick_self(vd, queue);
	}
	g_mutex_unlock(&vd->lock);
}

static const uint16_t queue_sizes[] = { 8 };

static const struct virtio_ops rng_ops = {
	.id = VIRTIO_ID_RNG,
	.class_code = 0x00ff00,
	.queues = 1,
	.queue_sizes = queue_sizes,
	.kicked = rng_kicked,
};

static bool rng_realize(struct device *dev, GError **error)
{
	return virtio_device_init((struct virtio_device *)dev, &rng_ops, 0, 0, error);
}

static void rng_unrealize(struct device *dev)
{
	virtio_device_finish((struct virtio_device *)dev);
}

static const struct property rng_properties[] = {
	VIRTIO_PROPERTIES(struct virtio_rng, vd),
	PROP("rng", PROP_STR, struct virtio_rng, rng, NULL,
	     "id of a random number source; all of them are the host kernel's"),
	PROP_END
};

const struct device_class virtio_rng_pci_class = {
	.name = "virtio-rng-pci",
	.bus = "PCI",
	.category = "Misc",
	.description = "random numbers from the host's kernel",
	.instance_size = sizeof(struct virtio_rng),
	.properties = rng_properties,
	.user_creatable = true,
	.realize = rng_realize,
	.reset = virtio_device_reset,
	.unrealize = rng_unrealize,
};
