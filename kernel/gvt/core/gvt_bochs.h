/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct gvt_bochs: the register model of the Bochs display (PCI 1234:1111, revision 2, BAR0 video
 * memory, BAR2 registers), as Linux' bochs-drm drives it (facts/MDEV-AND-BOCHS-FACTS.md, part A).
 *
 * It has no memory, clock or lock of its own. A shell (kernel/gvt, hw/display/bochs-display) owns
 *the video memory, calls mmio_read/mmio_write for what the guest does in BAR2, acts on the events
 *returned, and asks for the plane when somebody wants to see it:
 *
 *	gvt_bochs_init(&b, vram_bytes, now);
 *	gvt_bochs_set_edid(&b, edid, n);
 *	...
 *	events = gvt_bochs_mmio_write(&b, offset, value, size, now);
 *	if (events & GVT_BOCHS_CHANGED) { tell the viewer }
 *	if (events & GVT_BOCHS_PENDING) { call gvt_bochs_settle() one frame later, or before the
 *next plane }
 *	...
 *	gvt_bochs_settle(&b, now);
 *	gvt_bochs_plane(&b, &plane);
 *
 * Flips. A driver moves the picture with three writes (VIRT_WIDTH, X_OFFSET, Y_OFFSET); taken one
 *by one they would show addresses that nobody meant. So the first two wait and take effect with
 *Y_OFFSET, with ENABLE, or, for a driver that never writes these, when gvt_bochs_settle() finds
 *them older than a frame.
 *
 * The memory is not cleared on a mode set: drivers draw before they switch.
 * Context: any; the caller serialises.
 */
#ifndef GVT_BOCHS_H
#define GVT_BOCHS_H

#include "gvt_plane.h"
#include "gvt_vblank.h"

#define GVT_BOCHS_PCI_VENDOR	0x1234u
#define GVT_BOCHS_PCI_DEVICE	0x1111u
#define GVT_BOCHS_PCI_SUBVENDOR 0x1af4u
#define GVT_BOCHS_PCI_SUBDEVICE 0x1100u
#define GVT_BOCHS_PCI_REVISION	2u /* the guest looks for the byte order register from 2 on */
#define GVT_BOCHS_PCI_CLASS	0x038000u /* display, not VGA: no legacy ports to arbitrate for */

#define GVT_BOCHS_VRAM_MIN (4ULL << 20) /* bochs-drm refuses less */
#define GVT_BOCHS_VRAM_MAX                                                                         \
	(1ULL << 30) /* VIDEO_MEMORY_64K has 16 bits, so 4 GiB; nobody needs that */

#define GVT_BOCHS_MMIO_SIZE 4096u /* of BAR2 */
#define GVT_BOCHS_EDID_MAX  1024u /* bytes of it that can hold the EDID */

/* DISPI register numbers; register n is the 16 bits at 0x500 + 2 * n. */
enum gvt_dispi {
	GVT_DISPI_ID = 0,
	GVT_DISPI_XRES = 1,
	GVT_DISPI_YRES = 2,
	GVT_DISPI_BPP = 3,
	GVT_DISPI_ENABLE = 4,
	GVT_DISPI_BANK = 5,
	GVT_DISPI_VIRT_WIDTH = 6,
	GVT_DISPI_VIRT_HEIGHT = 7,
	GVT_DISPI_X_OFFSET = 8,
	GVT_DISPI_Y_OFFSET = 9,
	GVT_DISPI_MEMORY_64K = 10,
	GVT_DISPI_COUNT = 11,
};

#define GVT_DISPI_ENABLED 0x01u
#define GVT_DISPI_GETCAPS 0x02u

/* What a write, or the passing of time, did. */
#define GVT_BOCHS_FLIP                                                                             \
	0x1u /* the guest finished an update; the address may be the same (drawn in place) */
#define GVT_BOCHS_MODE	  0x2u /* size, depth, byte order or enable changed */
#define GVT_BOCHS_BLANK	  0x4u /* blanked or unblanked */
#define GVT_BOCHS_PENDING 0x8u /* VIRT_WIDTH or X_OFFSET waits for Y_OFFSET or a settle */
#define GVT_BOCHS_CHANGED (GVT_BOCHS_FLIP | GVT_BOCHS_MODE | GVT_BOCHS_BLANK)

struct gvt_bochs {
	uint64_t vram_bytes;
	struct gvt_vblank vblank;
	uint16_t dispi[GVT_DISPI_COUNT]; /* as written */
	uint16_t virt_width;		 /* in effect */
	uint16_t x_offset;		 /* in effect */
	bool pending;
	uint64_t pending_since_ns;
	bool mode_was_set;	/* since reset */
	bool big_endian;	/* the byte order register */
	uint8_t vga_misc;	/* 0x3c2 / 0x3cc */
	uint8_t vga_attr_index; /* last index written to 0x3c0; bit 5 clear: screen off */
	bool vga_attr_data;	/* flip-flop: the next write to 0x3c0 is data */
	uint32_t edid_size;
	uint8_t edid[GVT_BOCHS_EDID_MAX];
};

/*
 * @vram_bytes: size of BAR0, a power of two from GVT_BOCHS_VRAM_MIN to GVT_BOCHS_VRAM_MAX.
 * False (and @b untouched) if it isn't. No EDID, vblank at 60 Hz from @now_ns, display off.
 */
bool gvt_bochs_init(struct gvt_bochs *b, uint64_t vram_bytes, uint64_t now_ns);

/* Registers as after power on; memory size, EDID and vblank stay. */
void gvt_bochs_reset(struct gvt_bochs *b);

/*
 * What the guest reads from now on; @size 0: no EDID (the guest's driver has a list of its own
 * then). bochs-drm reads it once, when it loads. False if @size is above GVT_BOCHS_EDID_MAX. Not
 * validated: that is gvt_edid_check().
 */
bool gvt_bochs_set_edid(struct gvt_bochs *b, const uint8_t *edid, size_t size);

/* Refresh rate seen at 0x3da and used for settling; millihertz. */
void gvt_bochs_set_refresh(struct gvt_bochs *b, uint32_t refresh_mhz, uint64_t now_ns);

/*
 * An access of @size 1, 2, 4 or 8 bytes at BAR2 + @offset, any alignment; what lies outside of the
 * BAR or in no register reads as 0 and ignores writes. Little endian. The read resets the VGA
 * flip-flop at 0x3da, hence not const.
 */
uint64_t gvt_bochs_mmio_read(struct gvt_bochs *b, uint32_t offset, unsigned int size,
			     uint64_t now_ns);
/* Returns GVT_BOCHS_* events. */
unsigned int gvt_bochs_mmio_write(struct gvt_bochs *b, uint32_t offset, uint64_t value,
				  unsigned int size, uint64_t now_ns);

/*
 * Let writes that wait take effect if they are older than a frame. Returns GVT_BOCHS_FLIP if it
 * did, GVT_BOCHS_PENDING if something still waits, else 0.
 */
unsigned int gvt_bochs_settle(struct gvt_bochs *b, uint64_t now_ns);

/* Decode the primary plane into @p (see gvt_plane.h for what is promised). True if it is on. */
bool gvt_bochs_plane(const struct gvt_bochs *b, struct gvt_plane *p);

/*
 * The largest picture a guest can set: bochs-drm takes a mode only if it fits into half of the
 * memory. Gives the largest of the usual 16:9 and 16:10 sizes that does, from 960x540 up to
 * 7680x4320.
 */
void gvt_bochs_max_mode(uint64_t vram_bytes, uint32_t *width_px, uint32_t *height_px);

#endif
