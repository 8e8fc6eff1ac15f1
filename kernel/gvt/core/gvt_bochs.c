// SPDX-License-Identifier: GPL-2.0-or-later
#include "gvt_bochs.h"

/* Blocks of BAR2. */
#define EDID_END	GVT_BOCHS_EDID_MAX
#define VGA_START	0x400u /* VGA port 0x3c0 */
#define VGA_END		0x420u
#define DISPI_START	0x500u
#define DISPI_END	(DISPI_START + 2 * GVT_DISPI_COUNT)
#define QEXT_START	0x600u
#define QEXT_SIZE	8u
#define QEXT_BYTE_ORDER 4u /* in that block */

#define DISPI_VERSION 0xb0c5u
#define ENDIAN_LITTLE 0x1e1e1e1eu
#define ENDIAN_BIG    0xbebebebeu

/* What ENABLE with GETCAPS makes XRES, YRES and BPP answer: the largest the model can be given. */
#define CAPS_XRES 16384u
#define CAPS_YRES 16384u
#define CAPS_BPP  32u

/* VGA ports, as offsets in their block. */
#define VGA_ATTR_WRITE	 0x00u
#define VGA_ATTR_READ	 0x01u
#define VGA_MISC_WRITE	 0x02u
#define VGA_MISC_READ	 0x0cu
#define VGA_INPUT_STATUS 0x1au /* 0x3da */

#define VGA_ATTR_SCREEN_ON  0x20u
#define VGA_STATUS_RETRACE  0x08u
#define VGA_STATUS_DISABLED 0x01u /* display enable off: set during a blank */

bool gvt_bochs_init(struct gvt_bochs *b, uint64_t vram_bytes, uint64_t now_ns)
{
	if (vram_bytes < GVT_BOCHS_VRAM_MIN || vram_bytes > GVT_BOCHS_VRAM_MAX ||
	    (vram_bytes & (vram_bytes - 1)) != 0) {
		return false;
	}
	memset(b, 0, sizeof(*b));
	b->vram_bytes = vram_bytes;
	gvt_vblank_init(&b->vblank, now_ns, 60000);
	gvt_bochs_reset(b);
	return true;
}

void gvt_bochs_reset(struct gvt_bochs *b)
{
	memset(b->dispi, 0, sizeof(b->dispi));
	b->virt_width = 0;
	b->x_offset = 0;
	b->pending = false;
	b->pending_since_ns = 0;
	b->mode_was_set = false;
	b->big_endian = false;
	b->vga_misc = 0;
	/* On: a firmware that drives only DISPI never touches the attribute controller. */
	b->vga_attr_index = VGA_ATTR_SCREEN_ON;
	b->vga_attr_data = false;
}

bool gvt_bochs_set_edid(struct gvt_bochs *b, const uint8_t *edid, size_t size)
{
	if (size > GVT_BOCHS_EDID_MAX) {
		return false;
	}
	memset(b->edid, 0, sizeof(b->edid));
	if (size > 0) {
		memcpy(b->edid, edid, size);
	}
	b->edid_size = (uint32_t)size;
	return true;
}

void gvt_bochs_set_refresh(struct gvt_bochs *b, uint32_t refresh_mhz, uint64_t now_ns)
{
	gvt_vblank_init(&b->vblank, now_ns, refresh_mhz);
}

static unsigned int bochs_depth(const struct gvt_bochs *b, uint32_t *format)
{
	*format = 0;
	switch (b->dispi[GVT_DISPI_BPP]) {
	case 32:
		*format = b->big_endian ? GVT_FORMAT_BGRX8888 : GVT_FORMAT_XRGB8888;
		return 4;
	/* The others have no big-endian name; bochs-drm never uses them, firmware may. */
	case 24:
		*format = b->big_endian ? 0 : GVT_FORMAT_RGB888;
		return 3;
	case 16:
		*format = b->big_endian ? 0 : GVT_FORMAT_RGB565;
		return 2;
	case 15:
		*format = b->big_endian ? 0 : GVT_FORMAT_XRGB1555;
		return 2;
	default:
		return 0;
	}
}

/* Pixels from line to line: never less than what is shown, or lines would overlap. */
static uint32_t bochs_pitch_px(const struct gvt_bochs *b)
{
	uint32_t xres = b->dispi[GVT_DISPI_XRES];

	return b->virt_width > xres ? b->virt_width : xres;
}

static uint16_t dispi_read(const struct gvt_bochs *b, unsigned int index)
{
	bool caps = b->dispi[GVT_DISPI_ENABLE] & GVT_DISPI_GETCAPS;
	uint32_t format, cpp, pitch;
	uint64_t lines;

	switch (index) {
	case GVT_DISPI_ID:
		return DISPI_VERSION;
	case GVT_DISPI_XRES:
		return caps ? CAPS_XRES : b->dispi[index];
	case GVT_DISPI_YRES:
		return caps ? CAPS_YRES : b->dispi[index];
	case GVT_DISPI_BPP:
		return caps ? CAPS_BPP : b->dispi[index];
	case GVT_DISPI_VIRT_HEIGHT:
		/* How many lines the memory has room for, whatever the guest wrote. */
		cpp = bochs_depth(b, &format);
		pitch = bochs_pitch_px(b) * cpp;
		if (pitch == 0) {
			return 0;
		}
		lines = b->vram_bytes / pitch;
		return lines > 0xffff ? 0xffff : (uint16_t)lines;
	case GVT_DISPI_MEMORY_64K:
		return (uint16_t)(b->vram_bytes >> 16);
	default:
		return b->dispi[index];
	}
}

/* Let the latest VIRT_WIDTH and X_OFFSET take effect. */
static void bochs_latch(struct gvt_bochs *b)
{
	b->virt_width = b->dispi[GVT_DISPI_VIRT_WIDTH];
	b->x_offset = b->dispi[GVT_DISPI_X_OFFSET];
	b->pending = false;
}

static unsigned int dispi_write(struct gvt_bochs *b, unsigned int index, uint16_t value,
				uint64_t now_ns)
{
	uint16_t old = b->dispi[index];
	bool enabled = b->dispi[GVT_DISPI_ENABLE] & GVT_DISPI_ENABLED;

	switch (index) {
	case GVT_DISPI_ID:
	case GVT_DISPI_MEMORY_64K:
		return 0;
	case GVT_DISPI_BANK:
	case GVT_DISPI_VIRT_HEIGHT:
		b->dispi[index] = value;
		return 0;
	case GVT_DISPI_XRES:
	case GVT_DISPI_YRES:
	case GVT_DISPI_BPP:
		b->dispi[index] = value;
		return enabled && value != old ? GVT_BOCHS_MODE : 0;
	case GVT_DISPI_ENABLE:
		b->dispi[index] = value;
		bochs_latch(b);
		if (value & GVT_DISPI_ENABLED) {
			b->mode_was_set = true;
		}
		return ((value ^ old) & GVT_DISPI_ENABLED) ? GVT_BOCHS_MODE : 0;
	case GVT_DISPI_VIRT_WIDTH:
	case GVT_DISPI_X_OFFSET:
		b->dispi[index] = value;
		if (!enabled) {
			/* Nothing is on the screen that could be torn; ENABLE will latch. */
			return 0;
		}
		if (!b->pending) {
			b->pending = true;
			b->pending_since_ns = now_ns;
		}
		return GVT_BOCHS_PENDING;
	case GVT_DISPI_Y_OFFSET:
		b->dispi[index] = value;
		bochs_latch(b);
		return enabled ? GVT_BOCHS_FLIP : 0;
	default:
		return 0;
	}
}

static uint8_t vga_read(struct gvt_bochs *b, unsigned int port, uint64_t now_ns)
{
	switch (port) {
	case VGA_ATTR_WRITE:
	case VGA_ATTR_READ:
		return b->vga_attr_index;
	case VGA_MISC_READ:
		return b->vga_misc;
	case VGA_INPUT_STATUS:
		b->vga_attr_data = false;
		if (gvt_vblank_active(&b->vblank, now_ns)) {
			return VGA_STATUS_RETRACE | VGA_STATUS_DISABLED;
		}
		return 0;
	default:
		return 0;
	}
}

static unsigned int vga_write(struct gvt_bochs *b, unsigned int port, uint8_t value)
{
	uint8_t changed;

	switch (port) {
	case VGA_ATTR_WRITE:
		if (b->vga_attr_data) {
			/* The attribute registers themselves mean nothing to a linear frame. */
			b->vga_attr_data = false;
			return 0;
		}
		changed = b->vga_attr_index ^ value;
		b->vga_attr_index = value;
		b->vga_attr_data = true;
		return (changed & VGA_ATTR_SCREEN_ON) ? GVT_BOCHS_BLANK : 0;
	case VGA_MISC_WRITE:
		b->vga_misc = value;
		return 0;
	default:
		return 0;
	}
}

static uint8_t qext_read(const struct gvt_bochs *b, unsigned int at)
{
	uint32_t reg;

	if (at < QEXT_BYTE_ORDER) {
		reg = QEXT_SIZE;
	} else {
		reg = b->big_endian ? ENDIAN_BIG : ENDIAN_LITTLE;
	}
	return (uint8_t)(reg >> (8 * (at % 4)));
}

static uint8_t byte_read(struct gvt_bochs *b, uint32_t offset, uint64_t now_ns)
{
	if (offset < EDID_END) {
		return b->edid[offset];
	}
	if (offset >= VGA_START && offset < VGA_END) {
		return vga_read(b, offset - VGA_START, now_ns);
	}
	if (offset >= DISPI_START && offset < DISPI_END) {
		uint32_t at = offset - DISPI_START;

		return (uint8_t)(dispi_read(b, at / 2) >> (8 * (at % 2)));
	}
	if (offset >= QEXT_START && offset < QEXT_START + QEXT_SIZE) {
		return qext_read(b, offset - QEXT_START);
	}
	return 0;
}

static bool access_ok(uint32_t offset, unsigned int size)
{
	return (size == 1 || size == 2 || size == 4 || size == 8) && offset < GVT_BOCHS_MMIO_SIZE &&
	       size <= GVT_BOCHS_MMIO_SIZE - offset;
}

uint64_t gvt_bochs_mmio_read(struct gvt_bochs *b, uint32_t offset, unsigned int size,
			     uint64_t now_ns)
{
	uint64_t value = 0;
	unsigned int i;

	if (!access_ok(offset, size)) {
		return 0;
	}
	for (i = 0; i < size; i++) {
		value |= (uint64_t)byte_read(b, offset + i, now_ns) << (8 * i);
	}
	return value;
}

/*
 * One register's worth: two bytes of a DISPI register, four of the byte order register, or a single
 * byte of anything. Returns the bytes used up.
 */
static unsigned int unit_write(struct gvt_bochs *b, uint32_t offset, uint64_t value,
			       unsigned int left, uint64_t now_ns, unsigned int *events)
{
	if (offset >= DISPI_START && offset < DISPI_END) {
		unsigned int index = (offset - DISPI_START) / 2;
		uint16_t reg;

		if (offset % 2 == 0 && left >= 2) {
			*events |= dispi_write(b, index, (uint16_t)value, now_ns);
			return 2;
		}
		reg = b->dispi[index];
		if (offset % 2 == 0) {
			reg = (uint16_t)((reg & 0xff00) | (value & 0xff));
		} else {
			reg = (uint16_t)((reg & 0x00ff) | (value & 0xff) << 8);
		}
		*events |= dispi_write(b, index, reg, now_ns);
		return 1;
	}
	if (offset == QEXT_START + QEXT_BYTE_ORDER && left >= 4) {
		uint32_t order = (uint32_t)value;
		bool was = b->big_endian;

		if (order == ENDIAN_BIG || order == ENDIAN_LITTLE) {
			b->big_endian = order == ENDIAN_BIG;
		}
		if (b->big_endian != was && (b->dispi[GVT_DISPI_ENABLE] & GVT_DISPI_ENABLED)) {
			*events |= GVT_BOCHS_MODE;
		}
		return 4;
	}
	if (offset >= VGA_START && offset < VGA_END) {
		*events |= vga_write(b, offset - VGA_START, (uint8_t)value);
	}
	return 1;
}

unsigned int gvt_bochs_mmio_write(struct gvt_bochs *b, uint32_t offset, uint64_t value,
				  unsigned int size, uint64_t now_ns)
{
	unsigned int events = 0;
	unsigned int done = 0;

	if (!access_ok(offset, size)) {
		return 0;
	}
	while (done < size) {
		done += unit_write(b, offset + done, value >> (8 * done), size - done, now_ns,
				   &events);
	}
	if (!b->pending) {
		events &= ~GVT_BOCHS_PENDING;
	}
	return events;
}

unsigned int gvt_bochs_settle(struct gvt_bochs *b, uint64_t now_ns)
{
	if (!b->pending) {
		return 0;
	}
	if (now_ns < b->pending_since_ns + b->vblank.period_ns) {
		return GVT_BOCHS_PENDING;
	}
	bochs_latch(b);
	return GVT_BOCHS_FLIP;
}

static enum gvt_off_reason bochs_decode(const struct gvt_bochs *b, struct gvt_plane *p)
{
	uint64_t pitch, start, exact, whole;
	uint32_t format;
	unsigned int cpp;

	if (!(b->dispi[GVT_DISPI_ENABLE] & GVT_DISPI_ENABLED)) {
		return b->mode_was_set ? GVT_OFF_DISABLED : GVT_OFF_NEVER_SET;
	}
	if (!(b->vga_attr_index & VGA_ATTR_SCREEN_ON)) {
		return GVT_OFF_BLANKED;
	}
	cpp = bochs_depth(b, &format);
	if (cpp == 0 || format == 0) {
		return GVT_OFF_FORMAT;
	}
	p->drm_format = format;
	p->modifier = GVT_MODIFIER_LINEAR;
	p->width_px = b->dispi[GVT_DISPI_XRES];
	p->height_px = b->dispi[GVT_DISPI_YRES];
	if (p->width_px == 0 || p->height_px == 0) {
		return GVT_OFF_GEOMETRY;
	}

	/* At most 2^16 * 2^16 * 4 + 2^18: no overflow in 64 bits, nor of the pitch in 32. */
	pitch = (uint64_t)bochs_pitch_px(b) * cpp;
	start = b->dispi[GVT_DISPI_Y_OFFSET] * pitch + (uint64_t)b->x_offset * cpp;
	exact = (p->height_px - 1) * pitch + (uint64_t)p->width_px * cpp;
	if (start > b->vram_bytes || exact > b->vram_bytes - start) {
		return GVT_OFF_BEYOND;
	}
	/*
	 * The last line of a panned view may end before a full pitch does, at the very end of
	 * memory; elsewhere the plane gets its full last line and whole pages.
	 */
	whole = (p->height_px * pitch + GVT_PAGE_SIZE - 1) & ~(uint64_t)(GVT_PAGE_SIZE - 1);
	if (whole > b->vram_bytes - start) {
		whole = b->vram_bytes - start;
	}
	p->stride_bytes = (uint32_t)pitch;
	p->offset_bytes = start;
	p->size_bytes = whole;
	return GVT_OFF_NOT;
}

bool gvt_bochs_plane(const struct gvt_bochs *b, struct gvt_plane *p)
{
	enum gvt_off_reason why;

	gvt_plane_off(p, GVT_OFF_NOT);
	why = bochs_decode(b, p);
	if (why != GVT_OFF_NOT) {
		gvt_plane_off(p, why);
		return false;
	}
	return true;
}

void gvt_bochs_max_mode(uint64_t vram_bytes, uint32_t *width_px, uint32_t *height_px)
{
	static const uint16_t modes[][2] = {
		{7680, 4320}, {5120, 3200}, {5120, 2880}, {3840, 2400}, {3840, 2160}, {3200, 1800},
		{2560, 1600}, {2560, 1440}, {1920, 1200}, {1920, 1080}, {1680, 1050}, {1600, 900},
		{1440, 900},  {1280, 800},  {1280, 720},  {960, 540},
	};
	size_t n = sizeof(modes) / sizeof(modes[0]);
	size_t i;

	for (i = 0; i < n - 1; i++) {
		if ((uint64_t)modes[i][0] * modes[i][1] * 4 <= vram_bytes / 2) {
			break;
		}
	}
	*width_px = modes[i][0];
	*height_px = modes[i][1];
}
