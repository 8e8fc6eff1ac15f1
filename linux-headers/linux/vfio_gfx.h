/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * vfio_gfx: what a vGPU can say about its display beyond mainline's <linux/vfio.h>
 *
 * Mainline lets a consumer poll (VFIO_DEVICE_QUERY_GFX_PLANE) and fetch a buffer
 * (VFIO_DEVICE_GET_GFX_DMABUF, or a region). This extension says *when* something changed and
 * *where*. It uses nothing but regions and interrupts, so it passes through any transport that has
 * these two, and it is absent without harm: a consumer that doesn't find it polls, a consumer that
 * doesn't know it never sees it, and the device works the same.
 *
 * Finding it
 *   Walk the region indices from VFIO_PCI_NUM_REGIONS up to vfio_device_info.num_regions - 1 and
 *   look for VFIO_REGION_INFO_CAP_TYPE with VFIO_GFX_REGION_TYPE / VFIO_GFX_REGION_SUBTYPE. pread()
 *   a struct vfio_gfx_status from its start; go on only if magic is right and version is
 *   VFIO_GFX_VERSION. Fields are only ever added at the end: `size` says how many bytes the driver
 *   fills, a reader takes min(size, sizeof(its own struct)) and treats what is missing as zero.
 *   A change that an older reader would misread raises version.
 *
 * The region
 *   [0, one page)            struct vfio_gfx_status; can be mapped, read-only
 *   [control_offset, +4)     __u32 VFIO_GFX_CONTROL_*, read/write by pread/pwrite of 4 bytes
 *   [damage_offset, ...)     struct vfio_gfx_damage and its bitmap; pread() there *harvests*
 *   [pages_offset, ...)      struct vfio_gfx_pages and its addresses
 *   [snapshot_offset, ...)   struct vfio_gfx_snapshot; its @state and @slot are written
 *   [hold_offset, ...)       struct vfio_gfx_hold, only written
 *   [snapshot.area_offset, snapshot.slots * snapshot.slot_size)
 *                            the snapshots' pixels; can be mapped, read-only, and nothing else
 *   VFIO_REGION_INFO_CAP_SPARSE_MMAP says what can be mapped.
 *
 * The interrupt
 *   Index status.irq_index, one eventfd, edge, VFIO_IRQ_INFO_EVENTFD | NORESIZE, set up with
 *   VFIO_DEVICE_SET_IRQS as any other. It means "something changed, look": signals merge, a
 *   spurious one is allowed. It fires
 *     - at once on a flip: the guest's driver finished an update of the plane (maybe in place: the
 *       address can be the same), changed the mode, blanked or unblanked. A guest can't flood the
 *       consumer: flips closer together than a quarter of a vblank period are merged into one late
 *       signal;
 *     - with VFIO_GFX_CONTROL_DAMAGE set, on the first vblank after the guest wrote into the shown
 *       plane. Once: it stays silent until the consumer has harvested;
 *     - at once when a snapshot is complete or has failed.
 *   No timer runs while the guest is idle, or while nobody listens.
 *
 * Damage
 *   Writing VFIO_GFX_CONTROL_DAMAGE turns write tracking on; it costs the guest one fault per page
 *   that it writes between two harvests, so ask for it only while somebody watches. Writing 0, or
 *   closing the device, turns it off and then it costs nothing. The order for a consumer that wants
 *   no pixel lost:
 *     1. interrupt (or own timer)
 *     2. harvest
 *     3. query the plane, read the pixels of the tiles named
 *   A write that lands after 2 is in the next harvest, whether or not 3 already saw it. Damage is
 *   relative to the picture at the previous harvest, not to the previous flip: it is right for a
 *   consumer that skips frames and for a guest that swaps several buffers. What the guest writes
 *   and what goes through the BAR region is tracked; what a host process writes through an mmap of
 *   a dma-buf is not.
 *
 * Pictures that begin within a buffer
 *   Mainline can say where a buffer's plane is on the screen, not where in the buffer the picture
 *   begins, nor that it is turned. A consumer that sets VFIO_GFX_CONTROL_SOURCE promises to look at
 *   the status page for that: once a plane is queried, and status.plane.id is the id that the query
 *   returned (of a region: and status.flip_count is what it was before the query), the first pixel of a linear plane is status.plane.offset % page size bytes into the
 *   buffer, that of a tiled one at (src_x, src_y), and rotation says how it is turned. Without it,
 *   planes that need it are off (VFIO_GFX_OFF_UNALIGNED).
 *
 * Snapshots
 *   A plane's buffer is the guest's own memory, so a reader that is slower than the guest sees parts
 *   of two pictures. A snapshot is one whole picture in memory that the guest can't reach:
 *     1. set VFIO_GFX_CONTROL_SNAPSHOT;
 *     2. write { VFIO_GFX_SNAPSHOT_REQUEST, slot } over @state and @slot of struct vfio_gfx_snapshot
 *        (one write of 8 bytes);
 *     3. wait until @state is VFIO_GFX_SNAPSHOT_COMPLETE or _FAILED: the display interrupt, or
 *        status.snapshot_count;
 *     4. read struct vfio_gfx_snapshot, and the pixels at area_offset + slot * slot_size.
 *   The driver copies the primary plane, and again from the start whenever the guest flips
 *   meanwhile, so what it copies for a guest that swaps buffers begins with a flip. What the guest
 *   draws in place while it is copied is no flip. Tiled pictures are copied as they lie.
 *
 *   A slot stays as it is until it is requested again, or VFIO_GFX_CONTROL_SNAPSHOT is cleared, or
 *   the device is closed: flips, mode changes and resets don't touch it. There are several, so that
 *   one can be read while the next is made. A slot takes memory when it is first requested, as much
 *   as the picture needs, and gives it back when it is requested for a smaller picture and when
 *   VFIO_GFX_CONTROL_SNAPSHOT is cleared. Behind that memory a mapping reads as zero.
 *
 * Holds
 *   The other way to whole pictures: the guest waits for its reader, and nothing is copied. It needs a
 *   display engine whose guests wait for the vblank with what comes after a flip (VFIO_GFX_CAP_HOLD).
 *     1. write { flip_count of the status page, timeout_ms } at hold_offset. ESTALE: the guest has
 *        flipped since, look again;
 *     2. query the plane, read the pixels: the guest's next flip waits, and with it the vblank that
 *        would tell the guest of it, so the guest doesn't draw into what is read;
 *     3. write { the same flip_count, 0 }: the flip happens now. ESTALE: the hold had ended before, so
 *        what was read may be of two pictures.
 *   A flip waits for @timeout_ms from when it was due, no longer, and each flip for one hold: a reader
 *   that hangs costs the guest that once. A vblank without a flip is never late, and a hold of a
 *   picture that stays costs nothing, however long. status.hold_state says whether it is on. Releasing
 *   it, a flip in spite of it (counted in status.hold_timeouts), a mode change, a reset and closing the
 *   device end it. What the guest draws in place isn't waited for.
 *
 * Times are CLOCK_MONOTONIC nanoseconds. All numbers are in the byte order of the host.
 */
#ifndef ORIEL_LINUX_VFIO_GFX_H
#define ORIEL_LINUX_VFIO_GFX_H

#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#include <stddef.h>
#endif

/*
 * Device specific regions are named by a PCI vendor (bit 31, VFIO_REGION_TYPE_PCI_VENDOR_TYPE) so
 * that they can't meet a number that mainline gives out later. 0x1234 is the vendor of the bochs
 * display; the numbers are the same for every vGPU type, whatever vendor the guest sees.
 */
#define VFIO_GFX_REGION_TYPE	   0x80001234U
#define VFIO_GFX_REGION_SUBTYPE	   0x4758U /* the region described here */
#define VFIO_GFX_FB_REGION_SUBTYPE 0x4642U /* framebuffer of a region-type vGPU, see below */

#define VFIO_GFX_MAGIC	 0x5846474fU /* "OGFX" read as bytes */
#define VFIO_GFX_VERSION 1U

/**
 * struct vfio_gfx_plane - the primary plane as decoded at the last flip.
 * @drm_format: 0: it is off, @off_reason (VFIO_GFX_OFF_*) says why, and the rest is 0.
 * @offset: bytes from the start of video memory to the first pixel.
 * @size: bytes from there that belong to the plane, whole pages.
 * @stride: bytes from line to line.
 * @id: the dmabuf_id of mainline; never used again for another plane. 0 where no plane has been
 *	asked for yet: ids are given out by VFIO_DEVICE_QUERY_GFX_PLANE.
 */
struct vfio_gfx_plane {
	__u32 drm_format;
	__u32 off_reason;
	__u64 drm_format_mod;
	__u64 offset;
	__u64 size;
	__u32 width;
	__u32 height;
	__u32 stride;
	__u32 id;
};

/**
 * struct vfio_gfx_status - the status page.
 * @seq: a sequence lock. Odd: being written. Read @seq (acquire), the fields, @seq again; equal and
 *	even both times means that the fields belong together. A pread() is always consistent.
 * @caps: VFIO_GFX_CAP_*, what this driver does.
 * @irq_index: index for VFIO_DEVICE_GET_IRQ_INFO / SET_IRQS of the display interrupt.
 * @damage_size: bytes that are enough for every harvest of this device.
 * @head, @heads: which head of how many this region speaks of.
 * @link_state: VFIO_DEVICE_GFX_LINK_STATE_* of the EDID region.
 * @flip_count: flips since the device was opened, +1 for each of the events named above.
 * @flip_time_ns: when the last one was, 0 if none.
 * @damage_generation: +1 whenever the shown plane becomes dirty after a harvest, so it differs from
 *	vfio_gfx_damage.generation of the last harvest exactly if there is something to harvest. It
 *	counts only with VFIO_GFX_CONTROL_DAMAGE.
 * @damage_time_ns: when that was.
 * @vblank_epoch_ns, @vblank_period_ns: vblank n is at epoch + n * period, timer or not; so the
 *	count is (now - epoch) / period and nobody has to wake up to keep it.
 * @src_x, @src_y: pixels. In a tiled buffer the picture begins here, not at the first tile's corner.
 * @rotation: 0, 90, 180 or 270 degrees that the display engine turns the buffer counter-clockwise on
 *	its way to the screen; @plane has the sizes as they lie in memory.
 * @pages_offset: where in this region struct vfio_gfx_pages is read, with VFIO_GFX_CAP_PAGES.
 * @cursor_count: +1 whenever the cursor plane changed: image, position, on or off. Such a change
 *	signals the display interrupt too, but is no flip.
 * @cursor_time_ns: when the last one was.
 * @snapshot_offset: where in this region struct vfio_gfx_snapshot lies, with VFIO_GFX_CAP_SNAPSHOT.
 * @snapshot_state: as vfio_gfx_snapshot.state.
 * @snapshot_count: +1 whenever a request came to an end, well or not.
 * @hold_offset: where in this region struct vfio_gfx_hold is written, with VFIO_GFX_CAP_HOLD.
 * @hold_state: VFIO_GFX_HOLD_*.
 * @hold_max_ms: a longer timeout counts as this.
 * @hold_count: flips that waited for a reader since the device was opened...
 * @hold_timeouts: ...and of these, flips that waited in vain.
 * @hold_wait_ns: how long all together.
 */
struct vfio_gfx_status {
	__u32 magic;
	__u32 version;
	__u32 size;
	__u32 seq;
	__u32 caps;
	__u32 irq_index;
	__u32 control_offset;
	__u32 damage_offset;
	__u32 damage_size;
	__u32 head;
	__u32 heads;
	__u32 link_state;
	__u64 flip_count;
	__u64 flip_time_ns;
	__u64 damage_generation;
	__u64 damage_time_ns;
	__u64 vblank_epoch_ns;
	__u64 vblank_period_ns;
	struct vfio_gfx_plane plane;
	__u32 src_x;
	__u32 src_y;
	__u32 rotation;
	__u32 pages_offset;
	__u64 cursor_count;
	__u64 cursor_time_ns;
	__u32 snapshot_offset;
	__u32 snapshot_state;
	__u64 snapshot_count;
	__u32 hold_offset;
	__u32 hold_state;
	__u32 hold_max_ms;
	__u32 reserved;
	__u64 hold_count;
	__u64 hold_timeouts;
	__u64 hold_wait_ns;
};

#define VFIO_GFX_CAP_IRQ    (1U << 0) /* the display interrupt exists */
#define VFIO_GFX_CAP_DAMAGE (1U << 1) /* damage and VFIO_GFX_CONTROL_DAMAGE exist */
#define VFIO_GFX_CAP_SOURCE (1U << 2) /* src_x to cursor_time_ns and VFIO_GFX_CONTROL_SOURCE exist */
#define VFIO_GFX_CAP_PAGES  (1U << 3) /* planes lie in guest memory, and pages_offset says where */
#define VFIO_GFX_CAP_SNAPSHOT (1U << 4) /* snapshot_offset on and VFIO_GFX_CONTROL_SNAPSHOT exist */

#define VFIO_GFX_CAP_HOLD (1U << 5) /* hold_offset on exist */

/* Why a plane is off. A reader takes an unknown number as "off". */
#define VFIO_GFX_OFF_NOT       0 /* it is on */
#define VFIO_GFX_OFF_NEVER_SET 1 /* the guest has not set a mode since reset */
#define VFIO_GFX_OFF_DISABLED  2 /* the guest switched the display engine off */
#define VFIO_GFX_OFF_BLANKED   3 /* a mode is set, the guest blanked the screen (DPMS) */
#define VFIO_GFX_OFF_GEOMETRY  4 /* width, height or depth make no picture */
#define VFIO_GFX_OFF_FORMAT    5 /* a pixel format nobody can name */
#define VFIO_GFX_OFF_BEYOND    6 /* part of it would lie outside of video memory */
#define VFIO_GFX_OFF_UNALIGNED 7 /* needs VFIO_GFX_CONTROL_SOURCE: not on a page, or turned */
#define VFIO_GFX_OFF_NO_MEMORY 8 /* host out of memory, or the module's limit reached */
#define VFIO_GFX_OFF_BAD_ADDRESS 9 /* the GPU's page table leads to no guest memory there */
#define VFIO_GFX_OFF_LOCKED_MEMORY 10 /* the user may not lock so much memory (RLIMIT_MEMLOCK) */

#define VFIO_GFX_CONTROL_DAMAGE (1U << 0)
#define VFIO_GFX_CONTROL_SOURCE (1U << 1)
#define VFIO_GFX_CONTROL_SNAPSHOT (1U << 2)

/**
 * struct vfio_gfx_damage - what a pread() at damage_offset returns, followed by the bitmap.
 * @size: bytes of this struct that the driver fills; the bitmap follows at that offset.
 * @bitmap_size: bytes of bitmap, ceil(tiles_x * tiles_y / 8). Tile (x, y) is bit y * tiles_x + x;
 *	bit n is bit n % 8 of byte n / 8. A set bit: the tile's pixels may have changed.
 * @flags: VFIO_GFX_DAMAGE_*.
 * @generation: of status.damage_generation that this harvest covers.
 * @plane: the plane that the tiles lie in.
 * @tile_width, @tile_height: pixels; the tiles at the right and lower edge may be cut.
 *
 * A pread() with room for less than @size + @bitmap_size is a look: it returns the struct (as far
 * as it fits) without VFIO_GFX_DAMAGE_HARVESTED, and nothing is harvested.
 */
struct vfio_gfx_damage {
	__u32 size;
	__u32 bitmap_size;
	__u32 flags;
	__u32 tile_width;
	__u32 tile_height;
	__u32 tiles_x;
	__u32 tiles_y;
	__u32 reserved;
	__u64 generation;
	__u64 flip_count;
	struct vfio_gfx_plane plane;
};

#define VFIO_GFX_DAMAGE_HARVESTED (1U << 0)
/* Every bit is set because the driver doesn't know: first harvest, new geometry, tracking off. */
#define VFIO_GFX_DAMAGE_ALL	 (1U << 1)
#define VFIO_GFX_DAMAGE_TRACKING (1U << 2) /* tracking is on */

/**
 * struct vfio_gfx_pages - what a pread() at pages_offset returns, followed by @count addresses of 64
 * bits: where the pages of the primary plane's buffer lie, first to last, as the consumer maps them
 * for DMA (guest-physical without a virtual IOMMU). For a consumer that can notice writes to guest
 * memory by itself: such a vGPU can't.
 * @size: bytes of this struct that the driver fills; the addresses follow at that offset.
 * @id: of the plane that was queried last, 0 and no address if that is off.
 * @count: of the addresses there are; a pread() with room for less returns as many as fit.
 */
struct vfio_gfx_pages {
	__u32 size;
	__u32 id;
	__u64 count;
};

/**
 * struct vfio_gfx_snapshot - what a pread() at snapshot_offset returns; always consistent.
 * @size: bytes of this struct that the driver fills.
 * @slots, @slot_size, @area_offset: how many slots there are; slot n lies in this region at
 *	area_offset + n * slot_size. Whole pages, and as large as the largest picture.
 * @state: VFIO_GFX_SNAPSHOT_*.
 * @slot: of the request that @state is about.
 * @reason: VFIO_GFX_SNAPSHOT_* reason why it failed, else 0.
 * @tries: how often the picture was copied for it, with copies that a flip ended.
 * @flip_count: of status.flip_count; the picture is what has been shown since that flip...
 * @flip_time_ns: ...which was then.
 * @time_ns: when the copy began, so it has what the guest wrote before.
 * @copy_ns: how long it took.
 * @plane: what was copied. @plane.offset is from the start of the slot. Off: @plane.off_reason.
 * @src_x, @src_y, @rotation: as struct vfio_gfx_status has them.
 *
 * The rest is of a complete snapshot only, but for @plane.off_reason with VFIO_GFX_SNAPSHOT_OFF. A
 * write is of 8 bytes over @state and @slot. EINVAL: not REQUEST, no such slot, control isn't set.
 * EBUSY: the request before isn't through yet. ENOSPC: the driver's limit on memory is reached.
 * ENOMEM: the host has none.
 */
struct vfio_gfx_snapshot {
	__u32 size;
	__u32 slots;
	__u32 state;
	__u32 slot;
	__u32 reason;
	__u32 tries;
	__u64 slot_size;
	__u64 area_offset;
	__u64 flip_count;
	__u64 flip_time_ns;
	__u64 time_ns;
	__u64 copy_ns;
	struct vfio_gfx_plane plane;
	__u32 src_x;
	__u32 src_y;
	__u32 rotation;
	__u32 reserved;
};

#define VFIO_GFX_SNAPSHOT_IDLE	   0 /* nothing was requested since control was set */
#define VFIO_GFX_SNAPSHOT_REQUEST  1 /* requested, being made */
#define VFIO_GFX_SNAPSHOT_COMPLETE 2
#define VFIO_GFX_SNAPSHOT_FAILED   3

/* Why it failed. A reader takes an unknown number as VFIO_GFX_SNAPSHOT_CHANGED. */
#define VFIO_GFX_SNAPSHOT_OFF	    1 /* the plane is off, plane.off_reason says why */
#define VFIO_GFX_SNAPSHOT_CHANGED   2 /* another mode meanwhile: ask again */
#define VFIO_GFX_SNAPSHOT_FLIPS	    3 /* the guest flips faster than a copy is made: ask later */

/**
 * struct vfio_gfx_hold - what is written at hold_offset, all of it at once.
 * @flip_count: of status.flip_count, the picture that is meant.
 * @timeout_ms: hold it; 0: let it go. Holding what is held sets another timeout.
 * @reserved: 0.
 *
 * ESTALE: @flip_count isn't the present one, no picture is shown, or (letting go) there is no hold.
 */
struct vfio_gfx_hold {
	__u64 flip_count;
	__u32 timeout_ms;
	__u32 reserved;
};

#define VFIO_GFX_HOLD_NONE 0
#define VFIO_GFX_HOLD_ON   1

/*
 * The framebuffer region of a region-type vGPU (VFIO_REGION_INFO_CAP_TYPE VFIO_GFX_REGION_TYPE /
 * VFIO_GFX_FB_REGION_SUBTYPE, and region_index of VFIO_DEVICE_QUERY_GFX_PLANE):
 *   [0, size - one page)    the shown plane, mappable, read-only, from its first pixel, or (with
 *                           VFIO_GFX_CONTROL_SOURCE) from the page that holds that. It follows
 *                           the plane: after a flip the same mapping shows the new one. Bytes
 *                           behind the plane's end read as zero, never as memory of an earlier,
 *                           larger mode.
 *   [size - one page, +48)  struct vfio_gfx_plane, by pread only.
 */

#ifdef __KERNEL__
#define VFIO_GFX_ASSERT(x) static_assert(x)
#else
#define VFIO_GFX_ASSERT(x) _Static_assert(x, #x)
#endif
#ifndef __cplusplus
VFIO_GFX_ASSERT(sizeof(struct vfio_gfx_plane) == 48);
VFIO_GFX_ASSERT(sizeof(struct vfio_gfx_status) == 232);
VFIO_GFX_ASSERT(offsetof(struct vfio_gfx_status, flip_count) == 48);
VFIO_GFX_ASSERT(offsetof(struct vfio_gfx_status, plane) == 96);
VFIO_GFX_ASSERT(sizeof(struct vfio_gfx_pages) == 16);
VFIO_GFX_ASSERT(offsetof(struct vfio_gfx_status, snapshot_count) == 184);
VFIO_GFX_ASSERT(offsetof(struct vfio_gfx_status, hold_count) == 208);
VFIO_GFX_ASSERT(sizeof(struct vfio_gfx_hold) == 16);
VFIO_GFX_ASSERT(sizeof(struct vfio_gfx_damage) == 96);
VFIO_GFX_ASSERT(offsetof(struct vfio_gfx_damage, plane) == 48);
VFIO_GFX_ASSERT(sizeof(struct vfio_gfx_snapshot) == 136);
VFIO_GFX_ASSERT(offsetof(struct vfio_gfx_snapshot, state) == 8);
VFIO_GFX_ASSERT(offsetof(struct vfio_gfx_snapshot, slot) == 12);
VFIO_GFX_ASSERT(offsetof(struct vfio_gfx_snapshot, plane) == 72);
#endif

#endif
