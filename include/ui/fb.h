/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fb_buffer: storage of pixels. frame: one presentation of a buffer.
 *
 * Both are refcounted (atomically; everything else here is Context: main unless said otherwise).
 * A frame never changes after frame_create; the *pixels* of a buffer may change under it when the
 * guest draws in place, which is why CPU sinks are served from the reader's snapshot (console.h).
 */
#ifndef UI_FB_H
#define UI_FB_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <glib.h>
#include <pixman.h>

#define FB_MAX_PLANES	4
/* Largest width or height that is accepted from a guest: a frame's byte size stays far below 2^32,
 * and pixman's 16-bit rectangles hold it. */
#define FB_MAX_SIZE_PX	16384

enum fb_kind { FB_CPU, FB_DMABUF };

struct fb_plane {
	uint32_t offset_bytes, stride_bytes;
};

struct fb_buffer;

/* Called once when the last reference goes. Context: any (make it safe, or use main_call). */
typedef void (*fb_release_fn)(void *opaque);

struct fb_info {
	/* As the picture lies in memory, before it is turned. Where that doesn't begin with the
	 * buffer's first pixel (frame->source says where), these reach to its end. */
	uint32_t width_px, height_px;
	uint32_t fourcc; /* DRM_FORMAT_*, <drm_fourcc.h> values */
	uint64_t modifier; /* DRM_FORMAT_MOD_*; 0 = linear */
	/* 0, 90, 180, 270: the display turns what lies in memory by so many degrees
	 * counter-clockwise on its way to the screen (DRM_MODE_ROTATE_*). */
	uint32_t rotation;
	unsigned int planes;
	struct fb_plane plane[FB_MAX_PLANES];
	uint64_t size_bytes; /* of the memory behind it, from offset 0 */
	bool y0_bottom; /* first line in memory is the lowest on screen */
};

struct fb_buffer {
	enum fb_kind kind;
	struct fb_info info;
	int fd; /* FB_DMABUF: owned; FB_CPU: -1 */
	void *hva; /* FB_CPU: the memory; FB_DMABUF: see fb_buffer_map */
	/* private */
	gint refs;
	int map_errno, size_errno;
	bool measured; /* size_errno is known */
	bool owns_hva; /* mapped here, unmapped with the buffer */
	fb_release_fn release;
	void *opaque;
	GSList *addons;
};

/*
 * Checks @info in 64 bits: known fourcc, 1..FB_MAX_SIZE_PX, a rotation that is one, stride >=
 * width * cpp. A linear buffer: offset + stride * (height - 1) + width * cpp <= size_bytes. A tiled
 * one: offset and stride are of whole tiles, and the last tile that holds a pixel is inside (the
 * rest of its row of tiles needn't be: a buffer may begin in the middle of a row). Of a layout that
 * isn't known nothing is checked but that there is memory.
 */
bool fb_info_check(const struct fb_info *info, GError **error);
/* Can a CPU here read such pixels: a known fourcc, and linear or I915_FORMAT_MOD_X_TILED, _Y_TILED
 * or (2 and 4 bytes a pixel) _Yf_TILED? */
bool fb_layout_is_known(uint32_t fourcc, uint64_t modifier);
/* Bytes a pixel of a packed format; 0 for an unknown one. */
unsigned int fb_format_cpp(uint32_t fourcc);
/* "XR24" etc. into @text. */
const char *fb_format_name(uint32_t fourcc, char text[5]);

/* Memory that lives until release(opaque); NULL and *error when @info is impossible. */
struct fb_buffer *fb_buffer_create_cpu(const struct fb_info *info, void *hva,
				       fb_release_fn release, void *opaque, GError **error);
/* Zeroed memory of its own, stride rounded up to 64 bytes. */
struct fb_buffer *fb_buffer_create_alloc(uint32_t fourcc, uint32_t width_px,
					 uint32_t height_px, GError **error);
/* Takes @fd, also on failure. */
struct fb_buffer *fb_buffer_create_dmabuf(const struct fb_info *info, int fd, GError **error);
/* Context: any. */
struct fb_buffer *fb_buffer_ref(struct fb_buffer *buffer);
void fb_buffer_unref(struct fb_buffer *buffer);

/* Does a dma-buf really hold the picture? Asked once and kept. For whoever lets others read it (a
 * GPU, a viewer) without fb_buffer_map(), which asks too. */
bool fb_buffer_check_size(struct fb_buffer *buffer, GError **error);
/* Read-only CPU view of the memory, made once and kept; NULL and *error naming the cause (a
 * dma-buf that can't be mapped). */
const void *fb_buffer_map(struct fb_buffer *buffer, GError **error);
/* Brackets CPU reads: DMA_BUF_IOCTL_SYNC for a dma-buf, nothing else. */
void fb_buffer_cpu_begin(struct fb_buffer *buffer);
void fb_buffer_cpu_end(struct fb_buffer *buffer);

/* A sink's import (EGLImage, DRM FB...), found by the address of @key, destroyed with the buffer. */
void fb_buffer_addon_set(struct fb_buffer *buffer, const void *key, void *addon,
			 void (*destroy)(void *addon));
void *fb_buffer_addon_get(struct fb_buffer *buffer, const void *key);

struct frame {
	struct fb_buffer *buffer;
	pixman_box32_t source; /* the part of the buffer that is shown, as it lies in memory */
	/* What may differ from the frame before, in pixels of the picture as it is shown (turned);
	 * covers it when unknown. */
	pixman_region32_t damage;
	/* True: damage is exact or generous but trustworthy; false: unknown (whole), a reader
	 * compares. */
	bool damage_known;
	uint64_t seq; /* set by console_submit; grows by one a frame */
	int64_t time_ns; /* CLOCK_MONOTONIC of the guest's flip, or of the query */
	int fence_fd; /* signalled when the pixels are complete, or -1; owned */
	gint refs;
};

/* Takes one reference of @buffer. @damage NULL: unknown, the whole picture. */
struct frame *frame_create(struct fb_buffer *buffer, const pixman_box32_t *source,
			   const pixman_region32_t *damage, int64_t time_ns);
/* Context: any. */
struct frame *frame_ref(struct frame *frame);
void frame_unref(struct frame *frame);
/* Of the picture as it is shown: turned by 90 or 270 degrees, the source's height is its width. */
static inline uint32_t frame_width(const struct frame *frame)
{
	const pixman_box32_t *source = &frame->source;

	return (uint32_t)(frame->buffer->info.rotation % 180 ? source->y2 - source->y1 :
							       source->x2 - source->x1);
}
static inline uint32_t frame_height(const struct frame *frame)
{
	const pixman_box32_t *source = &frame->source;

	return (uint32_t)(frame->buffer->info.rotation % 180 ? source->x2 - source->x1 :
							       source->y2 - source->y1);
}

#endif
