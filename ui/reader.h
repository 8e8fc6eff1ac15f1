/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reader: the one CPU copy of a console's picture, shared by all its CPU sinks.
 *
 * It keeps a snapshot (XRGB8888, X byte 0xff) and brings it up to date from a source frame by
 * comparing tiles inside a hint, which also gives the exact damage. Frames handed out are views of
 * the snapshot: while one of them is referenced the snapshot is frozen. docs/frame-path.md has the
 * reasoning. Context: main, but frames may be released on any thread.
 */
#ifndef UI_READER_H
#define UI_READER_H

#include "ui/frame-read.h"

/* The grid of the compare. Damage comes out as one bounding box for each tile that differs. (No
 * tile of a layout in memory: each is put together of what it needs of those.) */
#define READER_TILE_W FB_BLOCK_W
#define READER_TILE_H FB_BLOCK_H

struct reader;

enum reader_result {
	READER_SAME, /* looked, and not one pixel differs */
	READER_CHANGED, /* reader_damage() says where */
	READER_FROZEN, /* not now: a frame is referenced or a fence is open; thawed() will be called */
	READER_NO_MAP, /* the memory can't be read by a CPU; *error */
	READER_BAD_FORMAT, /* a layout that nobody here can read; *error */
	READER_NO_MEMORY, /* *error */
};

/* thawed(opaque): on the main thread, after READER_FROZEN, when trying again makes sense. */
struct reader *reader_create(void (*thawed)(void *opaque), void *opaque);
/* Frames that are still referenced stay good. No thawed() after this. Accepts NULL. */
void reader_destroy(struct reader *reader);

/* A GPU to ask first; NULL, as it is at first: none. Borrowed. */
void reader_set_gl(struct reader *reader, const struct gl_reader *gl);
/* How the pixels were had at the last look that had any. */
enum read_path reader_path(const struct reader *reader);

/*
 * Brings the snapshot up to @frame, looking at the tiles that @hint touches (pixels of the
 * picture as it is shown). When the snapshot stands for nothing or for another size, everything
 * is read and READER_CHANGED covers the whole.
 */
enum reader_result reader_update(struct reader *reader, struct frame *frame,
				 const pixman_region32_t *hint, GError **error);
/* What the last READER_CHANGED changed. Borrowed until the next update. */
const pixman_region32_t *reader_damage(const struct reader *reader);
/* True while the snapshot holds a picture. */
bool reader_valid(const struct reader *reader);
/* Forgets the picture and gives the memory back (when the last frame goes). */
void reader_forget(struct reader *reader);
/* A view of the snapshot with @damage (NULL: the whole), seq and time of the frame read last. NULL
 * unless reader_valid(). The caller owns a reference. */
struct frame *reader_frame(struct reader *reader, const pixman_region32_t *damage);

/* All pixels of @frame as a new image, apart from the snapshot. Waits for its fence. */
pixman_image_t *reader_capture(struct reader *reader, struct frame *frame, GError **error);

#endif
