/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct gvt_skl: the display half of a Skylake GT2 (PCI 8086:1912, "Gen9"), as Linux' i915 drives it
 * (facts/I915-DISPLAY-FACTS.md; section numbers below are of that text). There is no render engine:
 * the guest's driver finds it hung, says so once and goes on with mode setting alone.
 *
 * It has no memory, clock or lock of its own. A shell (kernel/gvt, hw/display/skl-display) owns the
 * register RAM, the page table (GGTT) and what that points at, and does this:
 *
 *	gvt_skl_init(&s, &config, regs, now);
 *	gvt_skl_set_monitor(&s, edid, n, now);
 *	...
 *	value = gvt_skl_mmio_read(&s, offset, size, now);
 *	events = gvt_skl_mmio_write(&s, offset, value, size, now);
 *	events = gvt_skl_advance(&s, now);		when gvt_skl_deadline() has come
 *	if (events & GVT_SKL_IRQ) { signal the MSI } and the INTx line is gvt_skl_irq_level()
 *	if (events & GVT_SKL_CHANGED) { tell the viewer }
 *	set a timer for gvt_skl_deadline(), or none
 *	...
 *	if (gvt_skl_primary(&s, &plane)) { its page i is at the graphics page gvt_skl_page(&plane, i) }
 *
 * Time. Blank n of a pipe begins at epoch + n * period, with both taken from the guest's own timings
 * and clocks; frame counter, scan line, interrupts and latching are all functions of that. Nothing
 * is lost when advance() comes late: every call catches up first, with the masks as they were.
 *
 * Latching. Plane registers take effect at the first blank after the write that arms them
 * (PLANE_SURF, CURBASE), all together and as they were then; with the pipe off, at once.
 *
 * Holding. A viewer that reads the shown picture may hold it. Then a blank that would flip away from it
 * doesn't begin until the viewer lets go, or a limit is reached: its frame lasts longer, as with a
 * variable refresh rate. Counter, scan line, interrupts and flip wait together, so to the guest nothing
 * contradicts; all later blanks follow a period after that one. Blanks that flip nothing come in time.
 *
 * Context: any; the caller serialises.
 */
#ifndef GVT_SKL_H
#define GVT_SKL_H

#include "gvt_pci.h"
#include "gvt_plane.h"
#include "gvt_vblank.h"

#define GVT_SKL_PCI_VENDOR    0x8086u
#define GVT_SKL_PCI_DEVICE    0x1912u
#define GVT_SKL_PCI_SUBVENDOR 0x1af4u
#define GVT_SKL_PCI_SUBDEVICE 0x1100u
#define GVT_SKL_PCI_REVISION  6u /* below that i915 calls it pre-production */

/* BAR0: registers, then from the middle on the GGTT. Nothing lies in between. */
#define GVT_SKL_BAR0_SIZE   (16u << 20)
#define GVT_SKL_REGS_SIZE   (2u << 20)
#define GVT_SKL_GGTT_OFFSET (8u << 20)
/* BAR2, the aperture: a window on graphics addresses from 0. Small, so that the guest's console
 * isn't put there (5.4). */
#define GVT_SKL_APERTURE_SIZE (1u << 20)
#define GVT_SKL_ROM_SIZE      4096u
#define GVT_SKL_OPREGION_SIZE 8192u

#define GVT_SKL_NEVER (~0ull) /* as a time */

#define GVT_SKL_EDID_MAX     512u
#define GVT_SKL_PIPES	     3u
#define GVT_SKL_MAX_WIDTH    4096u /* of a mode: what the one DisplayPort is said to do */
#define GVT_SKL_MAX_HEIGHT   2160u
#define GVT_SKL_PTE_PRESENT  1ull
#define GVT_SKL_PTE_ADDRESS  0x7ffffff000ull /* 39 bits, by pages */
#define GVT_SKL_CURSOR_SIZES 3u		     /* 64, 128, 256 */

enum gvt_skl_output {
	GVT_SKL_DP,   /* DDI B as DisplayPort, four lanes of 5.4 GHz */
	GVT_SKL_HDMI, /* DDI B as HDMI, EDID over GMBUS */
	GVT_SKL_BARE, /* no table of outputs: the guest probes every port; a DP monitor on B */
};

struct gvt_skl_config {
	enum gvt_skl_output output;
	bool pvinfo;	     /* say that this is a virtual GPU (section 2) */
	unsigned int pipes;  /* 1..GVT_SKL_PIPES */
	uint32_t ggtt_bytes; /* 2, 4 or 8 MiB, each worth 512 MiB of graphics addresses */
	bool vga_class;	     /* PCI class 0x0300 instead of 0x0380 */
};

/* What a write, or the passing of time, did. */
#define GVT_SKL_FLIP   0x01u /* an armed primary plane took effect, maybe with the same address */
#define GVT_SKL_MODE   0x02u /* a pipe went on or off; its timings count from when it goes on */
#define GVT_SKL_CURSOR 0x04u /* an armed cursor took effect */
#define GVT_SKL_IRQ    0x08u /* signal the MSI */
#define GVT_SKL_LEVEL  0x10u /* the interrupt line may have changed */
#define GVT_SKL_PTES   0x20u /* the guest finished changing the GGTT */
#define GVT_SKL_UNHELD 0x40u /* a hold reached its limit */
#define GVT_SKL_CHANGED (GVT_SKL_FLIP | GVT_SKL_MODE | GVT_SKL_CURSOR)

/* Registers of a primary plane that take effect together. */
struct gvt_skl_plane_regs {
	uint32_t ctl, stride, pos, size, surf, offset;
};
struct gvt_skl_cursor_regs {
	uint32_t control, base, pos, fbc;
};

/* The longest that a blank may be put off. Drivers give up waiting for one after 100 ms, of which
 * a frame itself takes up to 42. */
#define GVT_SKL_HOLD_MAX_NS 50000000ull

/* What has become of the shown picture's flips; @limit_ns counts from when the blank was due. */
struct gvt_skl_hold {
	bool on;
	uint64_t limit_ns;
	uint64_t count;	   /* blanks that were put off... */
	uint64_t timeouts; /* ...of these, to the limit */
	uint64_t wait_ns;  /* by so much, all together */
};

struct gvt_skl_pipe {
	bool on;
	struct gvt_vblank vblank; /* valid while on */
	uint64_t blanks;	  /* up to which advance() has caught up */
	bool plane_armed, cursor_armed;
	struct gvt_skl_plane_regs plane, plane_next;	/* in effect; as they were armed */
	struct gvt_skl_cursor_regs cursor, cursor_next;
	uint32_t flips;
};

struct gvt_skl {
	struct gvt_skl_config config;
	uint32_t *regs; /* GVT_SKL_REGS_SIZE, the shell's */
	struct gvt_skl_pipe pipe[GVT_SKL_PIPES];
	struct gvt_skl_hold hold;
	bool mode_was_set; /* since reset */
	bool irq_out;
	bool irq_again;	   /* an interrupt register was written: an edge even if the level stays */
	unsigned int owed; /* events of a read */

	/* the monitor */
	uint32_t edid_size;
	uint8_t edid[GVT_SKL_EDID_MAX];
	bool plugged;
	bool hpd_due;		/* a pulse that waits for hpd_next_ns */
	uint64_t hpd_next_ns;	/* the guest takes more than four a second for a storm (4.10) */
	bool plug_waits; /* until the guest sees that there is none and is off, or plug_by_ns */
	unsigned int gone_looks; /* of the guest since there is none; 2 stands for more */
	uint64_t plug_by_ns;
	uint8_t dpcd[0x700];	/* what the guest wrote over AUX */
	uint8_t i2c_segment;	/* of 256 bytes of the EDID; goes back to 0 with a stop */
	uint8_t aux_i2c_offset; /* I2C over AUX */
	uint8_t gmbus_offset;
	uint16_t gmbus_left; /* bytes of a read that are still to come */
};

/*
 * @regs: GVT_SKL_REGS_SIZE bytes that stay the caller's; cleared here. False, and nothing done, for
 * a config that can't be. No monitor, everything as after power on.
 */
bool gvt_skl_init(struct gvt_skl *s, const struct gvt_skl_config *config, uint32_t *regs,
		  uint64_t now_ns);
/* Registers as after power on. The monitor stays. */
void gvt_skl_reset(struct gvt_skl *s, uint64_t now_ns);

/* The largest mode that is to be offered on the output. */
void gvt_skl_max_mode(const struct gvt_skl_config *config, uint32_t *width_px, uint32_t *height_px);

/* The configuration space of such a device: BARs, ROM, MSI, GGC, ASLS. */
void gvt_skl_pci_init(const struct gvt_skl_config *config, struct gvt_pci *pci);
/* The option ROM: GVT_SKL_ROM_SIZE bytes with the table of outputs (VBT, 4.7), or zeros for
 * GVT_SKL_BARE. */
void gvt_skl_rom(const struct gvt_skl_config *config, uint8_t *rom);
/* What a firmware would leave in memory instead, with the same table: GVT_SKL_OPREGION_SIZE bytes. */
void gvt_skl_opregion(const struct gvt_skl_config *config, uint8_t *image);

/*
 * Plug a monitor with this EDID, or (@size 0) pull it. Not validated: that is gvt_edid_check().
 * Returns GVT_SKL_* events. Pulses that would come too fast for the guest are put off, and a monitor
 * that follows another until the guest has seen that that one is gone.
 */
unsigned int gvt_skl_set_monitor(struct gvt_skl *s, const uint8_t *edid, size_t size,
				 uint64_t now_ns);

/*
 * An access of 1, 2, 4 or 8 bytes at BAR0 + @offset below GVT_SKL_GGTT_OFFSET, naturally aligned;
 * what isn't there reads as 0 and ignores writes. Little endian. A read catches up with the time
 * and may so cause events, which the next write or advance() returns; hence not const.
 */
uint64_t gvt_skl_mmio_read(struct gvt_skl *s, uint32_t offset, unsigned int size,
			   uint64_t now_ns);
unsigned int gvt_skl_mmio_write(struct gvt_skl *s, uint32_t offset, uint64_t value,
				unsigned int size, uint64_t now_ns);

/* Catch up with @now_ns. Returns GVT_SKL_* events. */
unsigned int gvt_skl_advance(struct gvt_skl *s, uint64_t now_ns);
/*
 * When advance() is to be called so that the guest's interrupts come in time and, with @watched, so
 * that a flip is told in time; GVT_SKL_NEVER: nothing is due; 0: a read owes events, so at once.
 */
uint64_t gvt_skl_deadline(const struct gvt_skl *s, bool watched);
/*
 * Hold the shown picture; the caller has caught up with the time. @limit_ns: the longest that a flip is
 * put off, at most GVT_SKL_HOLD_MAX_NS. A hold costs nothing, no timer either, until there is a flip;
 * it ends with the release, at the limit of the first flip, when a pipe goes on or off, and with a reset.
 * False: no pipe is on.
 */
bool gvt_skl_hold(struct gvt_skl *s, uint64_t limit_ns);
/* Let go: a blank that waited begins now. Returns GVT_SKL_* events; without a hold as advance(). */
unsigned int gvt_skl_release(struct gvt_skl *s, uint64_t now_ns);
/* The level of the INTx line. */
bool gvt_skl_irq_level(const struct gvt_skl *s);

/* The pipe that is shown: the first that is on, else NULL. */
const struct gvt_skl_pipe *gvt_skl_shown_pipe(const struct gvt_skl *s);

/*
 * Decode what is in effect on the pipe that is shown (gvt_plane.h says what is promised; the memory
 * is the graphics address space). True if it is on. offset_bytes is the graphics address of the
 * first pixel for a linear plane, and of the page that holds it for a tiled one (then src_x_px,
 * src_y_px say where in it); for one turned by 90 or 270 degrees that of the first page of the
 * columns of tiles it lies in, and src_y_px counts from their top. PTEs are not looked at.
 */
bool gvt_skl_primary(const struct gvt_skl *s, struct gvt_plane *p);
bool gvt_skl_cursor(const struct gvt_skl *s, struct gvt_plane *p);

/*
 * The graphics page (index into the GGTT) that holds page @i of such a plane, counted from the page
 * of offset_bytes; @i < gvt_plane_pages(). Not simply one after the other when the plane is turned
 * by 90 degrees: there the guest maps the pages turned, and this gives them in their natural order.
 */
uint64_t gvt_skl_page(const struct gvt_plane *p, uint64_t i);

/* Graphics pages, that is entries of the GGTT. */
static inline uint64_t gvt_skl_ggtt_entries(const struct gvt_skl_config *config)
{
	return config->ggtt_bytes / 8;
}

#endif
