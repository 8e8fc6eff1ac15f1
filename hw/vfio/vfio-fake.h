/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio_fake: a vfio device made of memory, for tests. It does what it is told, lies included.
 *
 * Regions and dma-bufs are memfds, so that they can be mapped as the real ones. A test fills in the
 * struct, calls vfio_device_init() on its device as for a real one, and reads the counters.
 * Context: main.
 */
#ifndef HW_VFIO_VFIO_FAKE_H
#define HW_VFIO_VFIO_FAKE_H

#include <linux/vfio_gfx.h>

#include "vfio-device.h"

#define VFIO_FAKE_REGIONS 24u
#define VFIO_FAKE_IRQS	  8u
#define VFIO_FAKE_VECTORS 8u
/* Where vfio_fake_gfx_add puts the extension's registers. */
#define VFIO_FAKE_CONTROL 0x1000u
#define VFIO_FAKE_DAMAGE  0x2000u
#define VFIO_FAKE_DAMAGE_BYTES 0x1000u
#define VFIO_FAKE_SNAPSHOT 0x3000u
#define VFIO_FAKE_HOLD	   0x4000u
#define VFIO_FAKE_AREA	   0x10000u
#define VFIO_FAKE_SLOTS	   3u
#define VFIO_FAKE_SLOT_BYTES 0x20000u

struct vfio_fake_region {
	uint64_t size_bytes; /* 0: absent */
	uint32_t flags, type, subtype;
	int fd; /* memfd */
	uint8_t *data; /* of it */
	const struct vfio_region_sparse_mmap_area *sparse; /* with VFIO_REGION_INFO_FLAG_CAPS */
	uint32_t sparse_count;
	uint32_t cap_next_override; /* != 0: the last capability points there */
};

struct vfio_fake {
	struct vfio_device device; /* first */
	uint32_t region_count, irq_count; /* as GET_INFO says */
	struct vfio_fake_region regions[VFIO_FAKE_REGIONS];
	struct {
		uint32_t count, flags;
		int fds[VFIO_FAKE_VECTORS], unmask_fd;
		uint32_t enabled; /* interrupts of the index that vfio has set up */
		unsigned int sets, unmasks;
		int result; /* of SET_IRQS, -errno or the number to be had */
	} irqs[VFIO_FAKE_IRQS];

	bool dmabuf, region; /* kinds of plane offered */
	uint32_t screen_type; /* DRM_PLANE_TYPE_* that names the screen */
	struct vfio_device_gfx_plane_info primary, cursor;
	int query_result, cursor_result, get_result; /* 0 or -errno */
	unsigned int query_failures; /* so many of the next queries fail with query_result */
	GHashTable *dmabufs; /* id -> fd */
	/* Optional, for what a guest does meanwhile: called when a query of the primary plane has been
	 * answered, and before the status page is read (if it can't be mapped). */
	void (*after_query)(struct vfio_fake *fake, void *opaque);
	void (*before_status)(struct vfio_fake *fake, void *opaque);
	/* ... and when half of a snapshot has been copied. */
	void (*amid_copy)(struct vfio_fake *fake, void *opaque);
	void *opaque;
	bool snapshots_wait; /* for vfio_fake_snapshot(); else a request is through at once */
	unsigned int snapshot_gfx; /* the region they are in */
	unsigned int snapshot_requests;
	int snapshot_result; /* of a request, 0 or -errno */

	unsigned int hold_gfx; /* the region that holds are written to, 0: none */
	bool hold_on; /* a test's guest that flips all the same ends it */
	uint64_t hold_flip; /* of status.flip_count */
	unsigned int holds, late_holds, late_releases; /* late: ESTALE */
	int hold_result; /* 0, or -errno of each */

	struct vfio_gfx_damage damage; /* what the next harvest returns */
	uint8_t damage_bitmap[512];

	unsigned int queries, cursor_queries, gets, harvests, resets, maps, reads, writes;
	unsigned int link_downs, link_ups; /* writes to the EDID region */
	int64_t link_down_ns, link_up_ns; /* the last ones, CLOCK_MONOTONIC */
};

/* region_count 9, irq_count 5, all absent but a config space of 256 bytes; no display. */
struct vfio_fake *vfio_fake_create(void);
void vfio_fake_destroy(struct vfio_fake *fake);
/* Adds a region of zeros, returns its memory. */
uint8_t *vfio_fake_region_add(struct vfio_fake *fake, uint32_t index, uint64_t size_bytes,
			      uint32_t flags, uint32_t type, uint32_t subtype);
/* Adds the dma-buf @id, returns its memory, which lives as long as the fake. */
uint8_t *vfio_fake_dmabuf_add(struct vfio_fake *fake, uint32_t id, uint64_t size_bytes);
/* A dma-buf that can't be mapped. */
void vfio_fake_dmabuf_add_unmappable(struct vfio_fake *fake, uint32_t id);
/* A linear plane without padding; the buffer behind it is the test's affair. */
void vfio_fake_plane_set(struct vfio_device_gfx_plane_info *plane, uint32_t fourcc,
			 uint32_t width, uint32_t height, uint32_t id);
/* An EDID region as region @index, with room for @max_size bytes of blob. */
void vfio_fake_edid_add(struct vfio_fake *fake, uint32_t index, uint32_t max_size,
			uint32_t max_xres, uint32_t max_yres);
/* The display extension as region @index with interrupt @irq. */
struct vfio_gfx_status *vfio_fake_gfx_add(struct vfio_fake *fake, uint32_t index, uint32_t irq);
/* Snapshots of the primary plane's dma-buf, in the extension as region @index. */
struct vfio_gfx_snapshot *vfio_fake_snapshot_add(struct vfio_fake *fake, uint32_t index);
/* Holds of the picture, in the extension as region @index. */
void vfio_fake_hold_add(struct vfio_fake *fake, uint32_t index);
/* Does the guest have to wait? */
bool vfio_fake_is_held(struct vfio_fake *fake);
/* The request is through, if there is one: as the module does it, @reason 0; else it fails. */
void vfio_fake_snapshot(struct vfio_fake *fake, uint32_t reason);
/* What the device does when an interrupt fires: signals the eventfd that was set. */
void vfio_fake_signal(struct vfio_fake *fake, uint32_t index, unsigned int number);
/* The next harvest: tiles of @tile pixels over the primary plane, bits as in @bitmap. */
void vfio_fake_damage_set(struct vfio_fake *fake, uint32_t tile, const uint8_t *bitmap,
			  size_t bytes);

#endif
