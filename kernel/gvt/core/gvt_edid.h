/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EDID: the only generator and the only checker of the project (module, VMM, tests).
 *
 * gvt_edid_build() makes an EDID 1.4 whose preferred timing is exactly the mode asked for, with
 * reduced blanking. What the 18-byte detailed timing of the base block can't say (over 4095 pixels
 * or 655.35 MHz) goes into a DisplayID 1.3 extension block, and the base block then prefers the
 * largest mode below it. Context: any.
 */
#ifndef GVT_EDID_H
#define GVT_EDID_H

#include "gvt_types.h"

#define GVT_EDID_BLOCK	  128u
#define GVT_EDID_MAX	  256u /* the most that gvt_edid_build() writes */
#define GVT_EDID_DIM_MIN  64u
#define GVT_EDID_DIM_MAX  16384u
#define GVT_EDID_NAME_LEN 13u

struct gvt_edid_params {
	uint32_t width_px; /* GVT_EDID_DIM_MIN..GVT_EDID_DIM_MAX, any number */
	uint32_t height_px;
	uint32_t refresh_mhz; /* millihertz, 10000..480000; 0: 60 Hz. Met to within 10 kHz of pixel
				 clock */
	uint32_t width_mm;    /* 0 (both): as at 96 dpi */
	uint32_t height_mm;
	uint32_t max_width_px; /* no other mode above this is offered; 0: as width_px and height_px
				*/
	uint32_t max_height_px;
	const char *name;   /* monitor name, cut at GVT_EDID_NAME_LEN, not printable -> '?'; NULL:
			       "Oriel" */
	const char *vendor; /* three capital letters; NULL: "ORL" */
	uint32_t product;   /* 16 bits */
	uint32_t serial;    /* 0: none */
};

/*
 * Write the EDID for @p into @buf of @size bytes. Returns its length (128 or 256), or 0 and nothing
 * written if
 * @size is too small or a number is out of its range.
 */
size_t gvt_edid_build(const struct gvt_edid_params *p, uint8_t *buf, size_t size);

enum gvt_edid_result {
	GVT_EDID_OK = 0,
	GVT_EDID_BAD_SIZE, /* not 1..@max blocks of 128 bytes, or not the number that byte 126 says
			    */
	GVT_EDID_BAD_HEADER,   /* the first eight bytes */
	GVT_EDID_BAD_VERSION,  /* not 1.x */
	GVT_EDID_BAD_CHECKSUM, /* of any block */
};

/* Is @edid of @size bytes something to show to a guest? */
enum gvt_edid_result gvt_edid_check(const uint8_t *edid, size_t size);
/* One word or two for people: "bad checksum". Never NULL. */
const char *gvt_edid_result_text(enum gvt_edid_result r);

struct gvt_edid_mode {
	uint32_t width_px;
	uint32_t height_px;
	uint32_t refresh_mhz;
};

/*
 * The preferred mode of an EDID that passed gvt_edid_check(): a DisplayID timing marked preferred,
 * else the first detailed timing. False if there is neither.
 */
bool gvt_edid_preferred(const uint8_t *edid, size_t size, struct gvt_edid_mode *mode);

#endif
