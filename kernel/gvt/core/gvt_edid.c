// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layout: VESA E-EDID 1.4 (base block, detailed timing, display descriptors), VESA DisplayID 1.3
 * (extension tag 0x70, type I detailed timing), timings after VESA CVT 1.1 with reduced blanking,
 * but with the pixel clock to the nearest 10 kHz instead of 250 kHz: the refresh rate asked for is
 * met.
 */
#include "gvt_edid.h"

#define REFRESH_DEFAULT_MHZ 60000u
#define REFRESH_MIN_MHZ	    10000u
#define REFRESH_MAX_MHZ	    480000u

/* Base block. */
#define OFF_VENDOR	0x08
#define OFF_PRODUCT	0x0a
#define OFF_SERIAL	0x0c
#define OFF_WEEK	0x10
#define OFF_YEAR	0x11
#define OFF_VERSION	0x12
#define OFF_INPUT	0x14
#define OFF_SIZE_CM	0x15
#define OFF_GAMMA	0x17
#define OFF_FEATURES	0x18
#define OFF_CHROMA	0x19
#define OFF_ESTABLISHED 0x23
#define OFF_STANDARD	0x26
#define OFF_DESC	0x36
#define OFF_EXTENSIONS	0x7e
#define OFF_CHECKSUM	0x7f
#define DESC_SIZE	18u
#define STANDARD_COUNT	8u

#define INPUT_DIGITAL_8BPC_DP	 0xa5
#define FEATURE_SRGB		 0x04
#define FEATURE_PREFERRED_NATIVE 0x02
#define FEATURE_CONTINUOUS	 0x01

#define DESC_SERIAL 0xff
#define DESC_NAME   0xfc
#define DESC_RANGE  0xfd
#define DESC_DUMMY  0x10

/* Detailed timing: what its fields can hold. */
#define DTD_ACTIVE_MAX 4095u
#define DTD_BLANK_MAX  4095u
#define DTD_CLOCK_MAX  65535u
#define DTD_CLOCK_MIN  1000u /* 10 MHz: readers take less for a slip of the pen */
#define DTD_MM_MAX     4095u
#define DTD_FLAGS      0x1a /* separate digital sync, vertical negative, horizontal positive */

/* DisplayID extension. */
#define DID_TAG		   0x70
#define DID_VERSION	   0x13
#define DID_DATA	   5u /* first data block, from the start of the extension */
#define DID_BYTES	   121u
#define DID_TYPE_DESKTOP   0x03
#define DID_BLOCK_PRODUCT  0x00
#define DID_BLOCK_PARAMS   0x01
#define DID_BLOCK_TIMING_1 0x03
#define DID_BLOCK_IFACE	   0x0f
#define DID_TIMING_SIZE	   20u
#define DID_PREFERRED	   0x80
#define DID_SYNC_POSITIVE  0x8000u

/* CVT reduced blanking. */
#define RB_H_BLANK    160u
#define RB_H_FRONT    48u
#define RB_H_SYNC     32u
#define RB_V_FRONT    3u
#define RB_V_BACK_MIN 6u
#define RB_V_BLANK_PS 460000000ULL

/* 10 kHz of pixel clock, times 1000 because rates are in millihertz. */
#define UNIT_10KHZ 10000000ULL

#define YEAR_BASE 1990
#define YEAR_MADE 2026

static const uint8_t edid_header[8] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};

struct timing {
	uint32_t h_active, v_active;
	uint32_t h_blank, v_blank;
	uint32_t v_sync;
	uint32_t clock_10khz;
	uint32_t refresh_mhz;
};

/* CVT names the aspect ratio by the width of the vertical sync. */
static uint32_t cvt_v_sync(uint32_t w, uint32_t h)
{
	if (w * 3 == h * 4) {
		return 4;
	}
	if (w * 9 == h * 16) {
		return 5;
	}
	if (w * 10 == h * 16) {
		return 6;
	}
	if (w * 4 == h * 5 || w * 9 == h * 15) {
		return 7;
	}
	return 10;
}

static void timing_make(struct timing *t, uint32_t w, uint32_t h, uint32_t refresh_mhz)
{
	uint64_t frame_ps = 1000000000000000ULL / refresh_mhz;
	uint64_t line_ps = (frame_ps - RB_V_BLANK_PS) / h;
	uint64_t least, v_total;

	t->h_active = w;
	t->v_active = h;
	t->refresh_mhz = refresh_mhz;
	t->h_blank = RB_H_BLANK;
	t->v_sync = cvt_v_sync(w, h);
	least = RB_V_FRONT + t->v_sync + RB_V_BACK_MIN;
	t->v_blank = (uint32_t)(RB_V_BLANK_PS / line_ps + 1);
	if (t->v_blank < least) {
		t->v_blank = (uint32_t)least;
	}
	v_total = h + t->v_blank;
	if ((uint64_t)(w + t->h_blank) * v_total * refresh_mhz < DTD_CLOCK_MIN * UNIT_10KHZ) {
		/* A tiny picture: longer lines, so that the clock is one that exists. */
		least = DTD_CLOCK_MIN * UNIT_10KHZ / (v_total * refresh_mhz) + 1;
		t->h_blank = (uint32_t)((least - w + 7) & ~7ULL);
	}
	t->clock_10khz = (uint32_t)(((w + t->h_blank) * v_total * refresh_mhz + UNIT_10KHZ / 2) /
				    UNIT_10KHZ);
}

static bool timing_fits_dtd(const struct timing *t)
{
	return t->h_active <= DTD_ACTIVE_MAX && t->v_active <= DTD_ACTIVE_MAX &&
	       t->h_blank <= DTD_BLANK_MAX && t->v_blank <= DTD_BLANK_MAX &&
	       t->clock_10khz <= DTD_CLOCK_MAX;
}

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, v);
	put16(at + 2, v >> 16);
}

static uint32_t get16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static uint8_t sum(const uint8_t *at, size_t n)
{
	uint8_t s = 0;

	while (n-- > 0) {
		s = (uint8_t)(s + *at++);
	}
	return s;
}

static void checksum_set(uint8_t *block)
{
	block[OFF_CHECKSUM] = (uint8_t)(0u - sum(block, OFF_CHECKSUM));
}

static void dtd_put(uint8_t *at, const struct timing *t, uint32_t mm_w, uint32_t mm_h)
{
	if (mm_w > DTD_MM_MAX || mm_h > DTD_MM_MAX) {
		mm_w = 0;
		mm_h = 0;
	}
	put16(at, t->clock_10khz);
	at[2] = (uint8_t)t->h_active;
	at[3] = (uint8_t)t->h_blank;
	at[4] = (uint8_t)(t->h_active >> 8 << 4 | t->h_blank >> 8);
	at[5] = (uint8_t)t->v_active;
	at[6] = (uint8_t)t->v_blank;
	at[7] = (uint8_t)(t->v_active >> 8 << 4 | t->v_blank >> 8);
	at[8] = RB_H_FRONT;
	at[9] = RB_H_SYNC;
	at[10] = (uint8_t)(RB_V_FRONT << 4 | t->v_sync);
	at[11] = 0;
	at[12] = (uint8_t)mm_w;
	at[13] = (uint8_t)mm_h;
	at[14] = (uint8_t)(mm_w >> 8 << 4 | mm_h >> 8);
	at[15] = 0;
	at[16] = 0;
	at[17] = DTD_FLAGS;
}

static void desc_head(uint8_t *at, uint8_t tag)
{
	memset(at, 0, DESC_SIZE);
	at[3] = tag;
}

static void desc_text(uint8_t *at, uint8_t tag, const char *text)
{
	size_t i = 0;

	desc_head(at, tag);
	for (; i < GVT_EDID_NAME_LEN && text[i] != '\0'; i++) {
		at[5 + i] = text[i] >= ' ' && text[i] <= '~' ? (uint8_t)text[i] : '?';
	}
	if (i < GVT_EDID_NAME_LEN) {
		at[5 + i++] = '\n';
	}
	for (; i < GVT_EDID_NAME_LEN; i++) {
		at[5 + i] = ' ';
	}
}

static void serial_text(uint32_t serial, char text[11])
{
	char digits[10];
	unsigned int n = 0;
	unsigned int i;

	do {
		digits[n++] = (char)('0' + serial % 10);
		serial /= 10;
	} while (serial > 0);
	for (i = 0; i < n; i++) {
		text[i] = digits[n - 1 - i];
	}
	text[n] = '\0';
}

/* A limit of 0..255, or 256..510 with its bit in @flags. False: it can't be said. */
static bool limit_put(uint8_t *at, uint32_t v, uint8_t *flags, uint8_t bit)
{
	if (v > 510) {
		return false;
	}
	if (v > 255) {
		*flags |= bit;
		v -= 255;
	}
	*at = (uint8_t)v;
	return true;
}

/*
 * Range limits wide enough for @t and for every established and standard timing below. False for a
 * mode so large that the descriptor has no number for it.
 */
static bool desc_range(uint8_t *at, const struct timing *t)
{
	uint32_t v_min = t->refresh_mhz / 1000, v_max = (t->refresh_mhz + 999) / 1000;
	uint64_t line_hz = (uint64_t)t->clock_10khz * 10000 / (t->h_active + t->h_blank);
	uint32_t h_min = (uint32_t)(line_hz / 1000), h_max = (uint32_t)(line_hz / 1000 + 1);
	uint32_t clock = t->clock_10khz / 1000 + 1;
	uint8_t flags = 0;

	v_min = v_min < 50 ? v_min : 50;
	v_max = v_max > 75 ? v_max : 75;
	h_min = h_min < 30 ? h_min : 30;
	h_max = h_max > 80 ? h_max : 80;
	clock = clock > 20 ? clock : 20;
	desc_head(at, DESC_RANGE);
	/* The minima are small enough to need no flag. */
	at[5] = (uint8_t)v_min;
	at[7] = (uint8_t)(h_min > 0 ? h_min : 1);
	if (clock > 255 || !limit_put(at + 6, v_max, &flags, 0x02) ||
	    !limit_put(at + 8, h_max, &flags, 0x08)) {
		return false;
	}
	at[4] = flags;
	at[9] = (uint8_t)clock;
	at[10] = 0x01; /* limits only, no formula */
	at[11] = '\n';
	memset(at + 12, ' ', 6);
	return true;
}

static void established_put(uint8_t *base, uint32_t max_w, uint32_t max_h)
{
	if (max_w >= 640 && max_h >= 480) {
		base[OFF_ESTABLISHED] |= 0x20;
	}
	if (max_w >= 800 && max_h >= 600) {
		base[OFF_ESTABLISHED] |= 0x01;
	}
	if (max_w >= 1024 && max_h >= 768) {
		base[OFF_ESTABLISHED + 1] |= 0x08;
	}
}

/* The eight largest usual modes at 60 Hz that are not above the limit. */
static void standard_put(uint8_t *base, uint32_t max_w, uint32_t max_h)
{
	enum { R16_10 = 0x00, R4_3 = 0x40, R5_4 = 0x80, R16_9 = 0xc0 };
	static const struct {
		uint16_t w, h;
		uint8_t ratio;
	} modes[] = {
		{1920, 1200, R16_10}, {1920, 1080, R16_9}, {1600, 1200, R4_3},
		{1680, 1050, R16_10}, {1600, 900, R16_9},  {1440, 900, R16_10},
		{1280, 1024, R5_4},   {1280, 800, R16_10}, {1280, 720, R16_9},
	};
	uint8_t *at = base + OFF_STANDARD;
	size_t i;

	memset(at, 0x01, 2 * STANDARD_COUNT); /* 0x0101: not used */
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (modes[i].w > max_w || modes[i].h > max_h ||
		    at == base + OFF_STANDARD + 2 * STANDARD_COUNT) {
			continue;
		}
		at[0] = (uint8_t)(modes[i].w / 8 - 31);
		at[1] = modes[i].ratio; /* + refresh - 60 */
		at += 2;
	}
}

/* Each data block is: tag, revision, payload bytes, payload. These return the byte after it. */
static uint8_t *displayid_product(uint8_t *at, const char *vendor, uint32_t product,
				  uint32_t serial)
{
	at[0] = DID_BLOCK_PRODUCT;
	at[2] = 12;
	memcpy(at + 3, vendor, 3);
	put16(at + 6, product);
	put32(at + 8, serial);
	at[13] = YEAR_MADE - 2000;
	return at + 15;
}

static uint8_t *displayid_params(uint8_t *at, const struct timing *t, uint32_t mm_w, uint32_t mm_h)
{
	uint32_t lng = t->h_active > t->v_active ? t->h_active : t->v_active;
	uint32_t sht = t->h_active > t->v_active ? t->v_active : t->h_active;
	uint32_t ratio = lng * 100 / sht - 100; /* long by short in hundredths, less 1 */

	at[0] = DID_BLOCK_PARAMS;
	at[2] = 12;
	/* In tenths of a millimetre; 0: not known. */
	put16(at + 3, mm_w <= 6553 ? mm_w * 10 : 0);
	put16(at + 5, mm_h <= 6553 ? mm_h * 10 : 0);
	put16(at + 7, t->h_active);
	put16(at + 9, t->v_active);
	at[12] = 120; /* gamma 2.2 */
	at[13] = (uint8_t)(ratio < 255 ? ratio : 255);
	at[14] = 0x77; /* 8 bits a colour, native and overall */
	return at + 15;
}

static uint8_t *displayid_iface(uint8_t *at)
{
	at[0] = DID_BLOCK_IFACE;
	at[2] = 10;
	at[3] = 0xa4; /* DisplayPort, four lanes */
	at[4] = 0x12; /* 1.2 */
	at[5] = 0x02; /* RGB, 8 bits a colour */
	return at + 13;
}

static uint8_t *displayid_timing(uint8_t *at, const struct timing *t)
{
	at[0] = DID_BLOCK_TIMING_1;
	at[2] = DID_TIMING_SIZE;
	at += 3;
	put16(at, t->clock_10khz - 1);
	at[2] = (uint8_t)((t->clock_10khz - 1) >> 16);
	at[3] = DID_PREFERRED | 0x08; /* aspect ratio: see the pixels */
	put16(at + 4, t->h_active - 1);
	put16(at + 6, t->h_blank - 1);
	put16(at + 8, (RB_H_FRONT - 1) | DID_SYNC_POSITIVE);
	put16(at + 10, RB_H_SYNC - 1);
	put16(at + 12, t->v_active - 1);
	put16(at + 14, t->v_blank - 1);
	put16(at + 16, RB_V_FRONT - 1);
	put16(at + 18, t->v_sync - 1);
	return at + DID_TIMING_SIZE;
}

static void displayid_put(uint8_t *ext, const struct gvt_edid_params *p, const struct timing *t,
			  const char *vendor, uint32_t mm_w, uint32_t mm_h)
{
	uint8_t *at = ext + DID_DATA;

	memset(ext, 0, GVT_EDID_BLOCK);
	ext[0] = DID_TAG;
	ext[1] = DID_VERSION;
	ext[2] = DID_BYTES;
	ext[3] = DID_TYPE_DESKTOP;
	at = displayid_product(at, vendor, p->product, p->serial);
	at = displayid_params(at, t, mm_w, mm_h);
	at = displayid_iface(at);
	displayid_timing(at, t);
	ext[DID_DATA + DID_BYTES] = (uint8_t)(0u - sum(ext + 1, DID_DATA - 1 + DID_BYTES));
	checksum_set(ext);
}

/* The mode that the base block prefers when @t doesn't fit there: slower first, then smaller. */
static void timing_reduce(struct timing *t)
{
	uint32_t w = t->h_active, h = t->v_active;
	uint32_t refresh =
		t->refresh_mhz < REFRESH_DEFAULT_MHZ ? t->refresh_mhz : REFRESH_DEFAULT_MHZ;

	timing_make(t, w, h, refresh);
	while (!timing_fits_dtd(t)) {
		w /= 2;
		h /= 2;
		if (w < 640 || h < 480) {
			/* A strip of a picture: no half of it makes sense. */
			w = 640;
			h = 480;
			refresh = REFRESH_DEFAULT_MHZ;
		}
		timing_make(t, w, h, refresh);
	}
}

static bool params_ok(const struct gvt_edid_params *p)
{
	return p->width_px >= GVT_EDID_DIM_MIN && p->width_px <= GVT_EDID_DIM_MAX &&
	       p->height_px >= GVT_EDID_DIM_MIN && p->height_px <= GVT_EDID_DIM_MAX &&
	       (p->refresh_mhz == 0 ||
		(p->refresh_mhz >= REFRESH_MIN_MHZ && p->refresh_mhz <= REFRESH_MAX_MHZ)) &&
	       p->product <= 0xffff;
}

static bool vendor_ok(const char *vendor)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (vendor[i] < 'A' || vendor[i] > 'Z') {
			return false;
		}
	}
	return vendor[3] == '\0';
}

static void base_head(uint8_t *base, const struct gvt_edid_params *p, const char *vendor)
{
	/* sRGB, ten bits each: the low bits of red, green, blue, white, then their high eight bits.
	 */
	static const uint8_t srgb[10] = {0xee, 0x91, 0xa3, 0x54, 0x4c,
					 0x99, 0x26, 0x0f, 0x50, 0x54};
	uint32_t letters = (uint32_t)(vendor[0] - '@') << 10 | (uint32_t)(vendor[1] - '@') << 5 |
			   (uint32_t)(vendor[2] - '@');

	memcpy(base, edid_header, sizeof(edid_header));
	base[OFF_VENDOR] = (uint8_t)(letters >> 8);
	base[OFF_VENDOR + 1] = (uint8_t)letters;
	put16(base + OFF_PRODUCT, p->product);
	put32(base + OFF_SERIAL, p->serial);
	base[OFF_WEEK] = 0; /* not given */
	base[OFF_YEAR] = YEAR_MADE - YEAR_BASE;
	base[OFF_VERSION] = 1;
	base[OFF_VERSION + 1] = 4;
	base[OFF_INPUT] = INPUT_DIGITAL_8BPC_DP;
	base[OFF_GAMMA] = 120; /* 2.2 */
	memcpy(base + OFF_CHROMA, srgb, sizeof(srgb));
}

size_t gvt_edid_build(const struct gvt_edid_params *p, uint8_t *buf, size_t size)
{
	const char *vendor = p->vendor ? p->vendor : "ORL";
	uint32_t mm_w = p->width_mm, mm_h = p->height_mm;
	uint32_t max_w = p->max_width_px ? p->max_width_px : p->width_px;
	uint32_t max_h = p->max_height_px ? p->max_height_px : p->height_px;
	struct timing native, first;
	bool extended, range;
	uint8_t *desc;

	if (!params_ok(p) || !vendor_ok(vendor)) {
		return 0;
	}
	timing_make(&native, p->width_px, p->height_px,
		    p->refresh_mhz ? p->refresh_mhz : REFRESH_DEFAULT_MHZ);
	extended = !timing_fits_dtd(&native);
	if (size < (extended ? 2 : 1) * GVT_EDID_BLOCK) {
		return 0;
	}
	first = native;
	if (extended) {
		timing_reduce(&first);
	}
	if (mm_w == 0 || mm_h == 0) {
		mm_w = p->width_px * 254 / 960;
		mm_h = p->height_px * 254 / 960;
	}

	memset(buf, 0, GVT_EDID_BLOCK);
	base_head(buf, p, vendor);
	if (mm_w < 2555 && mm_h < 2555) {
		buf[OFF_SIZE_CM] = (uint8_t)((mm_w + 5) / 10);
		buf[OFF_SIZE_CM + 1] = (uint8_t)((mm_h + 5) / 10);
	}
	established_put(buf, max_w, max_h);
	standard_put(buf, max_w, max_h);

	desc = buf + OFF_DESC;
	dtd_put(desc, &first, mm_w, mm_h);
	desc += DESC_SIZE;
	range = desc_range(desc, &native);
	if (!range) {
		desc_head(desc, DESC_DUMMY);
	}
	desc += DESC_SIZE;
	desc_text(desc, DESC_NAME, p->name && p->name[0] ? p->name : "Oriel");
	desc += DESC_SIZE;
	if (p->serial != 0) {
		char text[11];

		serial_text(p->serial, text);
		desc_text(desc, DESC_SERIAL, text);
	} else {
		desc_head(desc, DESC_DUMMY);
	}
	buf[OFF_FEATURES] = (uint8_t)(FEATURE_SRGB | (range ? FEATURE_CONTINUOUS : 0) |
				      (extended ? 0 : FEATURE_PREFERRED_NATIVE));
	buf[OFF_EXTENSIONS] = extended ? 1 : 0;
	checksum_set(buf);
	if (!extended) {
		return GVT_EDID_BLOCK;
	}
	displayid_put(buf + GVT_EDID_BLOCK, p, &native, vendor, mm_w, mm_h);
	return 2 * GVT_EDID_BLOCK;
}

enum gvt_edid_result gvt_edid_check(const uint8_t *edid, size_t size)
{
	size_t at;

	if (size == 0 || size % GVT_EDID_BLOCK != 0 ||
	    size / GVT_EDID_BLOCK != edid[OFF_EXTENSIONS] + 1u) {
		return GVT_EDID_BAD_SIZE;
	}
	if (memcmp(edid, edid_header, sizeof(edid_header)) != 0) {
		return GVT_EDID_BAD_HEADER;
	}
	if (edid[OFF_VERSION] != 1) {
		return GVT_EDID_BAD_VERSION;
	}
	for (at = 0; at < size; at += GVT_EDID_BLOCK) {
		if (sum(edid + at, GVT_EDID_BLOCK) != 0) {
			return GVT_EDID_BAD_CHECKSUM;
		}
	}
	return GVT_EDID_OK;
}

const char *gvt_edid_result_text(enum gvt_edid_result r)
{
	switch (r) {
	case GVT_EDID_OK:
		return "good";
	case GVT_EDID_BAD_SIZE:
		return "bad size";
	case GVT_EDID_BAD_HEADER:
		return "bad header";
	case GVT_EDID_BAD_VERSION:
		return "bad version";
	case GVT_EDID_BAD_CHECKSUM:
		return "bad checksum";
	}
	return "bad";
}

static bool mode_set(struct gvt_edid_mode *mode, uint32_t w, uint32_t h, uint64_t total,
		     uint64_t clock_10khz)
{
	if (w == 0 || h == 0 || total == 0 || clock_10khz == 0) {
		return false;
	}
	mode->width_px = w;
	mode->height_px = h;
	mode->refresh_mhz = (uint32_t)((clock_10khz * UNIT_10KHZ + total / 2) / total);
	return true;
}

static bool timing_1_read(const uint8_t *at, struct gvt_edid_mode *mode)
{
	uint32_t clock = (get16(at) | (uint32_t)at[2] << 16) + 1;
	uint32_t w = get16(at + 4) + 1, h = get16(at + 12) + 1;
	uint64_t h_total = (uint64_t)w + get16(at + 6) + 1;
	uint64_t v_total = (uint64_t)h + get16(at + 14) + 1;

	return mode_set(mode, w, h, h_total * v_total, clock);
}

/* A preferred type I timing in a DisplayID extension block. */
static bool displayid_preferred(const uint8_t *ext, struct gvt_edid_mode *mode)
{
	size_t at = DID_DATA;
	size_t end = DID_DATA + (ext[2] < DID_BYTES ? ext[2] : DID_BYTES);

	while (end - at >= 3) {
		size_t len = ext[at + 2];
		size_t i;

		if (len > end - at - 3) {
			return false;
		}
		for (i = 0; ext[at] == DID_BLOCK_TIMING_1 && len - i >= DID_TIMING_SIZE;
		     i += DID_TIMING_SIZE) {
			const uint8_t *t = ext + at + 3 + i;

			if ((t[3] & DID_PREFERRED) && timing_1_read(t, mode)) {
				return true;
			}
		}
		at += 3 + len;
	}
	return false;
}

static bool dtd_read(const uint8_t *at, struct gvt_edid_mode *mode)
{
	uint32_t w = at[2] | (uint32_t)(at[4] & 0xf0) << 4;
	uint32_t h = at[5] | (uint32_t)(at[7] & 0xf0) << 4;
	uint32_t h_total = w + (at[3] | (uint32_t)(at[4] & 0x0f) << 8);
	uint32_t v_total = h + (at[6] | (uint32_t)(at[7] & 0x0f) << 8);

	return mode_set(mode, w, h, (uint64_t)h_total * v_total, get16(at));
}

bool gvt_edid_preferred(const uint8_t *edid, size_t size, struct gvt_edid_mode *mode)
{
	size_t at;

	for (at = GVT_EDID_BLOCK; at + GVT_EDID_BLOCK <= size; at += GVT_EDID_BLOCK) {
		if (edid[at] == DID_TAG && displayid_preferred(edid + at, mode)) {
			return true;
		}
	}
	for (at = OFF_DESC; at < OFF_DESC + 4 * DESC_SIZE; at += DESC_SIZE) {
		if (get16(edid + at) != 0) {
			return dtd_read(edid + at, mode);
		}
	}
	return false;
}
