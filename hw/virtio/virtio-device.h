/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio device on PCI (virtio 1.1, "modern"): what the transport does for each kind of device.
 *
 * Threads: vCPUs reach the registers with the machine lock held; kicks arrive by ioeventfd on the
 * main loop, which takes only the device's own lock, so that queues never wait for the machine
 * lock nor a vCPU for a queue's work. Order: machine lock, then device lock.
 */
#ifndef HW_VIRTIO_VIRTIO_DEVICE_H
#define HW_VIRTIO_VIRTIO_DEVICE_H

#include "hw/pci/pci.h"
#include "hw/virtio/virtqueue.h"

#define VIRTIO_QUEUES_MAX	16
#define VIRTIO_CONFIG_MAX	256

struct virtio_device;

struct virtio_ops {
	uint16_t id; /* virtio 1.1, chapter 5 */
	uint32_t class_code;
	unsigned int queues;
	const uint16_t *queue_sizes; /* [queues] */
	/* The driver kicked @queue, or became ready. Context: main, no lock held. */
	void (*kicked)(struct virtio_device *vd, unsigned int queue);
	/* Optional: the driver wrote to vd->config. Device lock held. */
	void (*config_written)(struct virtio_device *vd, unsigned int offset, unsigned int size);
	/* Optional: waits until nothing is in flight. Context: main, machine lock held. */
	void (*drain)(struct virtio_device *vd);
	/* Optional: forget what the driver set up. Device lock held. */
	void (*reset)(struct virtio_device *vd);
};

struct virtio_vector {
	int fd; /* eventfd; the irqfd while routed */
	int gsi; /* -1: no route */
	bool routed; /* atomic: a signal on fd reaches the guest by itself */
};

/* Starts a virtio device's own struct. */
struct virtio_device {
	struct pci_device pci; /* first */
	uint32_t vectors_asked; /* property "vectors", DEV_NVECTORS_AUTO: one a queue and one */
	int32_t bootindex;
	int disable_legacy, disable_modern; /* properties for the sake of command lines */
	const struct virtio_ops *ops;
	struct mem_region bar, msix_bar;
	struct virtio_vector *vectors;
	unsigned int vector_count;
	int kick_fds[VIRTIO_QUEUES_MAX];
	guint kick_watches[VIRTIO_QUEUES_MAX];
	int intx_fd; /* the pin has to follow isr, see virtio-irq.c */
	guint intx_watch;
	uint8_t isr; /* atomic */

	GMutex lock; /* guards what follows */
	struct virtqueue queues[VIRTIO_QUEUES_MAX];
	uint16_t queue_vectors[VIRTIO_QUEUES_MAX];
	uint16_t config_vector;
	uint64_t features_offered, features;
	uint8_t status;
	bool resetting; /* a reset waits for requests in flight */
	uint8_t config_generation;
	uint32_t feature_select, driver_feature_select;
	uint16_t queue_select;
	uint8_t config[VIRTIO_CONFIG_MAX] __attribute__((aligned(8)));
	unsigned int config_bytes;
	/* capability for access through config space */
	uint8_t cfg_access_cap;
};

#define VIRTIO_VECTORS_AUTO "4294967295"
#define VIRTIO_PROPERTIES(_struct, _field)                                              \
	PCI_PROPERTIES(_struct, _field.pci),                                            \
	PROP("vectors", PROP_U32, _struct, _field.vectors_asked, VIRTIO_VECTORS_AUTO,    \
	     "MSI-X vectors, 0 for none; one a queue and one by default"),              \
	PROP("disable-legacy", PROP_ON_OFF_AUTO, _struct, _field.disable_legacy, "on",   \
	     "always on: the device is a modern one"),                                  \
	PROP("disable-modern", PROP_ON_OFF_AUTO, _struct, _field.disable_modern, "off",  \
	     "always off: the device is a modern one")

/* Plugs the device. @features: what it offers besides the transport's own; the caller fills
 * vd->config first. False leaves nothing behind. */
bool virtio_device_init(struct virtio_device *vd, const struct virtio_ops *ops,
			uint64_t features, unsigned int config_bytes, GError **error);
/* Nothing may be in flight. Context: main, machine lock held. */
void virtio_device_finish(struct virtio_device *vd);
/* For device_class.reset. */
void virtio_device_reset(struct device *dev);

static inline bool virtio_has_feature(const struct virtio_device *vd, unsigned int bit)
{
	return vd->features >> bit & 1;
}

/* ---- for the devices; device lock held ---- */

/* True once the driver is ready and until it resets or breaks the device. */
bool virtio_running(const struct virtio_device *vd);
/* The next request; false when there is none (or the queue broke, which the driver is told). */
bool virtio_pop(struct virtio_device *vd, unsigned int queue, struct virtqueue_elem *elem);
/* Shows the request as done; virtio_notify() then tells the driver. */
void virtio_push(struct virtio_device *vd, unsigned int queue, uint16_t head, uint32_t len);
void virtio_notify(struct virtio_device *vd, unsigned int queue);
/* Calls ops->kicked once more, from the main loop. */
void virtio_kick_self(struct virtio_device *vd, unsigned int queue);
/* Something in vd->config changed by itself. */
void virtio_config_changed(struct virtio_device *vd);
/* The driver broke a rule: nothing more happens until it resets the device. */
void virtio_fail(struct virtio_device *vd, const char *why);

/* ---- between the transport's files ---- */

/* Device lock held; completes at once or with the last request in flight. */
void virtio_reset_start(struct virtio_device *vd);
void virtio_reset_finish_if_idle(struct virtio_device *vd);

bool virtio_irq_init(struct virtio_device *vd, GError **error);
void virtio_irq_finish(struct virtio_device *vd);
#define VIRTIO_ISR_QUEUE	1
#define VIRTIO_ISR_CONFIG	2
void virtio_irq_raise(struct virtio_device *vd, uint16_t vector, uint8_t isr_bit);
/* Reads and clears the ISR register. Machine lock held. */
uint8_t virtio_irq_read_isr(struct virtio_device *vd);
void virtio_irq_clear(struct virtio_device *vd);

/* The common configuration structure (virtio 1.1, 4.1.4.3). Device lock held. */
#define VIRTIO_COMMON_BYTES	56
#define VIRTIO_NO_VECTOR	0xffff
uint64_t virtio_common_read(struct virtio_device *vd, uint64_t offset, unsigned int size);
void virtio_common_write(struct virtio_device *vd, uint64_t offset, uint64_t value,
			 unsigned int size);

#endif
