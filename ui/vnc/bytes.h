/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Big-endian numbers, most of them appended to a byte array. Context: any. */
#ifndef UI_VNC_BYTES_H
#define UI_VNC_BYTES_H

#include <stdint.h>
#include <string.h>
#include <glib.h>

/* @count new bytes at the end, to be filled in; good until the array grows again. */
static inline uint8_t *bytes_extend(GByteArray *bytes, size_t count)
{
	guint old = bytes->len;

	g_assert(count <= G_MAXUINT - old);
	g_byte_array_set_size(bytes, old + (guint)count);
	return bytes->data + old;
}

static inline void bytes_add_u8(GByteArray *bytes, unsigned int value)
{
	*bytes_extend(bytes, 1) = (uint8_t)value;
}

static inline void bytes_set_u16(uint8_t *p, unsigned int value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void bytes_set_u32(uint8_t *p, uint32_t value)
{
	bytes_set_u16(p, value >> 16);
	bytes_set_u16(p + 2, value & 0xffff);
}

static inline uint32_t bytes_get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void bytes_add_u16(GByteArray *bytes, unsigned int value)
{
	bytes_set_u16(bytes_extend(bytes, 2), value);
}

static inline void bytes_add_u32(GByteArray *bytes, uint32_t value)
{
	bytes_set_u32(bytes_extend(bytes, 4), value);
}

static inline void bytes_add(GByteArray *bytes, const void *data, size_t len)
{
	if (len > 0) {
		memcpy(bytes_extend(bytes, len), data, len);
	}
}

#endif
