// SPDX-License-Identifier: GPL-2.0-or-later
/* virtio-blk-pci: a disk (virtio 1.1, 5.2). */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "block/block.h"
#include "hw/virtio/iov.h"
#include "hw/virtio/virtio-device.h"
#include "hw/virtio/virtio.h"
#include "util/error.h"
#include "util/trace.h"

#define SECTOR_SHIFT		9
#define SECTOR_BYTES		(1u << SECTOR_SHIFT)
#define QUEUE_SIZE		256
/* A worker is busy with one range for that long at most: 2 GiB. */
#define RANGE_SECTORS_MAX	(1u << 22)

struct virtio_blk {
	struct virtio_device vd; /* first */
	char *drive;
	char *serial;
	struct block_backend *backend;
};

struct blk_request {
	struct virtio_blk *blk;
	uint8_t *status; /* in guest RAM */
	uint32_t written; /* bytes besides the status that a success writes */
	uint16_t head;
};

static struct virtio_blk *blk_from(struct virtio_device *vd)
{
	return (struct virtio_blk *)vd;
}

/* Device lock held. */
static void complete(struct blk_request *request, uint8_t status)
{
	struct virtio_device *vd = &request->blk->vd;

	*request->status = status;
	virtio_push(vd, 0, request->head,
		    1 + (status == VIRTIO_BLK_S_OK ? request->written : 0));
	g_free(request);
}

static void request_done(void *opaque, int result)
{
	struct blk_request *request = opaque;
	struct virtio_device *vd = &request->blk->vd;

	g_mutex_lock(&vd->lock);
	complete(request, result ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
	virtio_notify(vd, 0);
	g_mutex_unlock(&vd->lock);
}

/* Checked here only for what the back end can't see: sectors whose byte address overflows. */
static bool sector_to_bytes(uint64_t sector, uint64_t *offset)
{
	*offset = sector << SECTOR_SHIFT;
	return sector <= UINT64_MAX >> SECTOR_SHIFT;
}

/* Each of these submits the request and returns 0, or returns the status of a refusal. */

static uint8_t submit_transfer(struct blk_request *request, enum block_op op, uint64_t sector,
			       const struct iovec *iov, unsigned int count, uint64_t bytes)
{
	uint64_t offset;

	if (bytes % SECTOR_BYTES || bytes > UINT32_MAX - SECTOR_BYTES ||
	    !sector_to_bytes(sector, &offset)) {
		return VIRTIO_BLK_S_IOERR;
	}
	request->written = op == BLOCK_READ ? (uint32_t)bytes : 0;
	block_submit(request->blk->backend, op, offset, bytes, iov, count, request_done, request);
	return 0;
}

static uint8_t submit_range(struct blk_request *request, enum block_op op,
			    const struct virtqueue_elem *elem)
{
	struct virtio_blk_discard_write_zeroes range;
	uint32_t flags_known = op == BLOCK_WRITE_ZEROES ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;
	uint64_t offset;

	if (elem->out_bytes != sizeof(range)) {
		return VIRTIO_BLK_S_UNSUPP; /* one range a request is what we offer */
	}
	iov_to_buf(elem->out, elem->out_count, 0, &range, sizeof(range));
	if (range.flags & ~flags_known) {
		return VIRTIO_BLK_S_UNSUPP;
	}
	if (range.num_sectors > RANGE_SECTORS_MAX || !sector_to_bytes(range.sector, &offset)) {
		return VIRTIO_BLK_S_IOERR;
	}
	block_submit(request->blk->backend, op, offset,
		     (uint64_t)range.num_sectors << SECTOR_SHIFT, NULL, 0, request_done, request);
	return 0;
}

static uint8_t give_id(struct blk_request *request, const struct virtqueue_elem *elem)
{
	char id[VIRTIO_BLK_ID_BYTES] = "";

	if (request->blk->serial) {
		memcpy(id, request->blk->serial, MIN(strlen(request->blk->serial), sizeof(id)));
	}
	request->written = (uint32_t)iov_from_buf(elem->in, elem->in_count, 0, id, sizeof(id));
	complete(request, VIRTIO_BLK_S_OK);
	return 0;
}

static uint8_t submit(struct blk_request *request, const struct virtio_blk_outhdr *header,
		      const struct virtqueue_elem *elem)
{
	struct block_backend *backend = request->blk->backend;

	switch (header->type) {
	case VIRTIO_BLK_T_IN:
		return submit_transfer(request, BLOCK_READ, header->sector, elem->in,
				       elem->in_count, elem->in_bytes);
	case VIRTIO_BLK_T_OUT:
		return submit_transfer(request, BLOCK_WRITE, header->sector, elem->out,
				       elem->out_count, elem->out_bytes);
	case VIRTIO_BLK_T_FLUSH:
		block_submit(backend, BLOCK_FLUSH, 0, 0, NULL, 0, request_done, request);
		return 0;
	case VIRTIO_BLK_T_GET_ID:
		return give_id(request, elem);
	case VIRTIO_BLK_T_DISCARD:
		return submit_range(request, BLOCK_DISCARD, elem);
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return submit_range(request, BLOCK_WRITE_ZEROES, elem);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

/* Device lock held. */
static void handle(struct virtio_blk *blk, struct virtqueue_elem *elem)
{
	struct virtio_blk_outhdr header;
	struct blk_request *request;
	uint8_t refusal;

	/* Without room for header and status there is no way to answer. */
	if (elem->out_bytes < sizeof(header) || !elem->in_bytes) {
		virtio_fail(&blk->vd, "a request without header or status");
		virtqueue_unpop(&blk->vd.queues[0], 1);
		return;
	}
	iov_to_buf(elem->out, elem->out_count, 0, &header, sizeof(header));
	iov_drop_front(&elem->out, &elem->out_count, sizeof(header));
	elem->out_bytes -= sizeof(header);
	request = g_new0(struct blk_request, 1);
	request->blk = blk;
	request->head = elem->head;
	request->status = iov_take_last_byte(elem->in, &elem->in_count);
	elem->in_bytes--;
	refusal = submit(request, &header, elem);
	if (refusal) {
		TRACE_GUEST_ERROR(virtio, "%s: type %u at sector %" PRIu64 ": status %u",
				  device_label(&blk->vd.pci.dev), header.type,
				  (uint64_t)header.sector, refusal);
		complete(request, refusal);
		virtio_notify(&blk->vd, 0);
	} else if (header.type == VIRTIO_BLK_T_GET_ID) {
		virtio_notify(&blk->vd, 0);
	}
}

static void blk_kicked(struct virtio_device *vd, unsigned int queue)
{
	struct virtqueue *vq = &vd->queues[queue];
	struct virtqueue_elem elem;

	g_mutex_lock(&vd->lock);
	do {
		virtqueue_set_kicks(vq, false);
		while (virtio_pop(vd, queue, &elem)) {
			handle(blk_from(vd), &elem);
		}
		virtqueue_set_kicks(vq, true);
	} while (virtio_running(vd) && !virtqueue_empty(vq));
	g_mutex_unlock(&vd->lock);
}

static void blk_drain(struct virtio_device *vd)
{
	block_drain(blk_from(vd)->backend);
}

static const uint16_t queue_sizes[] = { QUEUE_SIZE };

static const struct virtio_ops blk_ops = {
	.id = VIRTIO_ID_BLOCK,
	.class_code = 0x010000, /* mass storage, SCSI: what drivers expect */
	.queues = 1,
	.queue_sizes = queue_sizes,
	.kicked = blk_kicked,
	.drain = blk_drain,
};

static uint64_t fill_config(struct virtio_blk *blk)
{
	struct virtio_blk_config *config = (struct virtio_blk_config *)blk->vd.config;
	uint64_t features = UINT64_C(1) << VIRTIO_BLK_F_SEG_MAX |
			    UINT64_C(1) << VIRTIO_BLK_F_BLK_SIZE |
			    UINT64_C(1) << VIRTIO_BLK_F_FLUSH;

	config->capacity = block_backend_size(blk->backend) >> SECTOR_SHIFT;
	config->seg_max = QUEUE_SIZE - 2;
	config->blk_size = SECTOR_BYTES;
	config->max_discard_sectors = config->max_write_zeroes_sectors = RANGE_SECTORS_MAX;
	config->max_discard_seg = config->max_write_zeroes_seg = 1;
	config->discard_sector_alignment = 1;
	if (block_backend_readonly(blk->backend)) {
		return features | UINT64_C(1) << VIRTIO_BLK_F_RO;
	}
	return features | UINT64_C(1) << VIRTIO_BLK_F_DISCARD |
	       UINT64_C(1) << VIRTIO_BLK_F_WRITE_ZEROES;
}

static bool claim_drive(struct virtio_blk *blk, GError **error)
{
	struct board *board = blk->vd.pci.dev.board;
	const char *label = device_label(&blk->vd.pci.dev);

	if (!blk->drive) {
		return error_set(error, "%s: drive= is missing", label);
	}
	blk->backend = board->find_drive(board, blk->drive, error);
	if (!blk->backend) {
		return false;
	}
	if (!block_backend_claim(blk->backend)) {
		return error_set(error, "%s: drive '%s' is in use by another device", label,
				 blk->drive);
	}
	return true;
}

static bool blk_realize(struct device *dev, GError **error)
{
	struct virtio_blk *blk = (struct virtio_blk *)dev;

	if (!claim_drive(blk, error)) {
		return false;
	}
	if (!virtio_device_init(&blk->vd, &blk_ops, fill_config(blk),
				sizeof(struct virtio_blk_config), error)) {
		block_backend_release(blk->backend);
		return false;
	}
	return true;
}

static void blk_unrealize(struct device *dev)
{
	struct virtio_blk *blk = (struct virtio_blk *)dev;

	block_drain(blk->backend);
	virtio_device_finish(&blk->vd);
	block_backend_release(blk->backend);
}

static const struct property blk_properties[] = {
	VIRTIO_PROPERTIES(struct virtio_blk, vd),
	PROP("drive", PROP_STR, struct virtio_blk, drive, NULL, "id of the -drive or -blockdev"),
	PROP("serial", PROP_STR, struct virtio_blk, serial, NULL,
	     "serial number that the guest reads, up to 20 characters"),
	PROP("bootindex", PROP_S32, struct virtio_blk, vd.bootindex, "-1",
	     "accepted: a kernel is booted directly"),
	PROP_END
};

const struct device_class virtio_blk_pci_class = {
	.name = "virtio-blk-pci",
	.alias = "virtio-blk",
	.bus = "PCI",
	.category = "Storage",
	.description = "disk",
	.instance_size = sizeof(struct virtio_blk),
	.properties = blk_properties,
	.user_creatable = true,
	.realize = blk_realize,
	.reset = virtio_device_reset,
	.unrealize = blk_unrealize,
};
