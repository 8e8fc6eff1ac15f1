// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <drm_fourcc.h>

#include "ui/reader.h"
#include "util/error.h"
#include "util/fd.h"

#define OPAQUE		 0xff000000u
#define FENCE_TIMEOUT_MS 1000

struct reader {
	void (*thawed)(void *opaque);
	void *opaque; /* NULL thawed: the reader is destroyed */
	gint refs; /* the owner, every frame that is out, every thawed call on its way */
	gint holds; /* frames that are out */
	gint waiting; /* an update was refused because of them */
	const struct gl_reader *gl;
	enum read_path path;
	struct fb_buffer *store; /* the snapshot; its own size is the picture's */
	bool valid;
	uint64_t seq;
	int64_t time_ns;
	pixman_region32_t damage;
	GArray *boxes;
	struct frame *fence_frame; /* referenced while its fence is watched */
	guint fence_watch;
};

/* ---- references ---- */

struct hold {
	struct reader *reader;
	struct fb_buffer *store;
};

struct reader *reader_create(void (*thawed)(void *opaque), void *opaque)
{
	struct reader *reader = g_new0(struct reader, 1);

	reader->thawed = thawed;
	reader->opaque = opaque;
	reader->refs = 1;
	pixman_region32_init(&reader->damage);
	reader->boxes = g_array_new(FALSE, FALSE, sizeof(pixman_box32_t));
	return reader;
}

static void reader_unref(struct reader *reader)
{
	if (g_atomic_int_dec_and_test(&reader->refs)) {
		pixman_region32_fini(&reader->damage);
		g_array_free(reader->boxes, TRUE);
		g_free(reader);
	}
}

static void call_thawed(void *opaque)
{
	struct reader *reader = opaque;

	if (reader->thawed) {
		reader->thawed(reader->opaque);
	}
	reader_unref(reader);
}

/* Context: any. The last reference of a frame that was handed out is gone. */
static void hold_release(void *opaque)
{
	struct hold *hold = opaque;
	struct reader *reader = hold->reader;

	fb_buffer_unref(hold->store);
	g_free(hold);
	/* Pairs with may_write(): either it sees no hold, or we see that it waits. */
	if (g_atomic_int_dec_and_test(&reader->holds) &&
	    g_atomic_int_compare_and_exchange(&reader->waiting, 1, 0)) {
		main_call(call_thawed, reader); /* hands our reference on */
		return;
	}
	reader_unref(reader);
}

static bool may_write(struct reader *reader)
{
	if (g_atomic_int_get(&reader->holds) == 0) {
		return true;
	}
	g_atomic_int_set(&reader->waiting, 1);
	if (g_atomic_int_get(&reader->holds) != 0) {
		return false;
	}
	/* Released in between. If that release saw the flag its call is on the way and harmless. */
	g_atomic_int_set(&reader->waiting, 0);
	return true;
}

struct frame *reader_frame(struct reader *reader, const pixman_region32_t *damage)
{
	struct hold *hold;
	struct fb_buffer *view;
	struct frame *frame;
	pixman_box32_t all;

	if (!reader->valid) {
		return NULL;
	}
	hold = g_new(struct hold, 1);
	hold->reader = reader;
	hold->store = fb_buffer_ref(reader->store);
	g_atomic_int_inc(&reader->refs);
	g_atomic_int_inc(&reader->holds);
	view = fb_buffer_create_cpu(&reader->store->info, reader->store->hva, hold_release, hold,
				    NULL);
	all = (pixman_box32_t){ 0, 0, (int32_t)view->info.width_px,
				(int32_t)view->info.height_px };
	frame = frame_create(view, &all, damage, reader->time_ns);
	frame->damage_known = true;
	frame->seq = reader->seq;
	return frame;
}

const pixman_region32_t *reader_damage(const struct reader *reader)
{
	return &reader->damage;
}

void reader_set_gl(struct reader *reader, const struct gl_reader *gl)
{
	reader->gl = gl;
}

enum read_path reader_path(const struct reader *reader)
{
	return reader->path;
}

bool reader_valid(const struct reader *reader)
{
	return reader->valid;
}

/* ---- fences ---- */

static bool fence_open(const struct frame *frame, int timeout_ms)
{
	struct pollfd pfd = { .fd = frame->fence_fd, .events = POLLIN };

	return frame->fence_fd >= 0 && poll(&pfd, 1, timeout_ms) == 0;
}

static void fence_forget(struct reader *reader)
{
	fd_unwatch(reader->fence_watch);
	reader->fence_watch = 0;
	frame_unref(reader->fence_frame);
	reader->fence_frame = NULL;
}

static void fence_signalled(int fd, GIOCondition condition, void *opaque)
{
	struct reader *reader = opaque;

	fence_forget(reader);
	reader->thawed(reader->opaque);
}

static void fence_await(struct reader *reader, struct frame *frame)
{
	if (reader->fence_frame != frame) {
		fence_forget(reader);
		reader->fence_frame = frame_ref(frame);
		reader->fence_watch =
			fd_watch(frame->fence_fd, G_IO_IN | G_IO_ERR | G_IO_HUP, fence_signalled,
				 reader);
	}
}

void reader_forget(struct reader *reader)
{
	fence_forget(reader);
	fb_buffer_unref(reader->store);
	reader->store = NULL;
	reader->valid = false;
}

void reader_destroy(struct reader *reader)
{
	if (reader) {
		reader_forget(reader);
		reader->thawed = NULL;
		reader_unref(reader);
	}
}

/* ---- pixels ---- */

/*
 * Two pixels at any 4-byte boundary. Plain 64-bit words very nearly keep up with memory (1920x1080
 * unchanged: 0.52 ms, SSE2 0.42 ms) and are three times as fast as vectors where the host is itself
 * emulated (4.0 ms, SSE2 12.2 ms under TCG; tests/bench/frame-path.c).
 */
typedef uint64_t pixels2 __attribute__((aligned(4), may_alias));
#define RGB2 0x00ffffff00ffffffull

static bool line_differs(const uint32_t *snapshot, const uint32_t *now, unsigned int n)
{
	const pixels2 *a = (const pixels2 *)snapshot, *b = (const pixels2 *)now;
	unsigned int i;

	for (i = 0; i + 16 <= n; i += 16, a += 8, b += 8) {
		if (((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) |
		     (a[4] ^ b[4]) | (a[5] ^ b[5]) | (a[6] ^ b[6]) | (a[7] ^ b[7])) & RGB2) {
			return true;
		}
	}
	for (; i < n; i++) {
		if ((snapshot[i] ^ now[i]) & ~OPAQUE) {
			return true;
		}
	}
	return false;
}

/*
 * Brings @n pixels of the snapshot up to date and widens [*left, *right) by those that differed.
 * False when there is none. The guest may be drawing meanwhile: what counts is that whatever ends
 * up in the snapshot differently than before is reported.
 */
static bool update_line(uint32_t *snapshot, const uint32_t *now, unsigned int n,
			unsigned int *left, unsigned int *right)
{
	unsigned int first = 0, last = n;
	uint32_t line[READER_TILE_W];

	if (!line_differs(snapshot, now, n)) {
		return false;
	}
	/* One read of what the guest may be changing, then only the copy is looked at. */
	memcpy(line, now, n * sizeof(*line));
	__asm__ volatile("" ::: "memory");
	while (first < n && !((line[first] ^ snapshot[first]) & ~OPAQUE)) {
		first++;
	}
	if (first == n) {
		return false;
	}
	while (!((line[last - 1] ^ snapshot[last - 1]) & ~OPAQUE)) {
		last--;
	}
	for (unsigned int i = first; i < last; i++) {
		snapshot[i] = line[i] | OPAQUE;
	}
	*left = MIN(*left, first);
	*right = MAX(*right, last);
	return true;
}

/* One tile; false when nothing differs, else *box bounds what does. */
static bool update_tile(const struct fb_view *view, struct fb_buffer *store, unsigned int x,
			unsigned int y, pixman_box32_t *box)
{
	unsigned int n = MIN(READER_TILE_W, view->width_px - x);
	unsigned int end = MIN(y + READER_TILE_H, view->height_px);
	unsigned int first = end, last = y, left = n, right = 0;
	struct fb_scratch scratch;
	struct fb_block block;

	fb_view_block(view, x, y, n, end - y, &scratch, &block);
	for (; y < end; y++, block.first += block.stride_bytes) {
		uint32_t *snapshot = (uint32_t *)((uint8_t *)store->hva +
						  (size_t)y * store->info.plane[0].stride_bytes) + x;

		if (update_line(snapshot, (const uint32_t *)block.first, n, &left, &right)) {
			first = MIN(first, y);
			last = y;
		}
	}
	if (first == end) {
		return false;
	}
	*box = (pixman_box32_t){ (int32_t)(x + left), (int32_t)first, (int32_t)(x + right),
				 (int32_t)last + 1 };
	return true;
}

static void update_tiles(struct reader *reader, const struct fb_view *view,
			 const pixman_region32_t *hint)
{
	const pixman_box32_t *extents = pixman_region32_extents((pixman_region32_t *)hint);
	int32_t x2 = MIN(extents->x2, (int32_t)view->width_px);
	int32_t y2 = MIN(extents->y2, (int32_t)view->height_px);
	int32_t x1 = MAX(extents->x1, 0), y1 = MAX(extents->y1, 0);
	GArray *boxes = reader->boxes;

	g_array_set_size(boxes, 0);
	for (int32_t y = y1 - y1 % READER_TILE_H; y < y2; y += READER_TILE_H) {
		for (int32_t x = x1 - x1 % READER_TILE_W; x < x2; x += READER_TILE_W) {
			pixman_box32_t tile = { x, y, x + READER_TILE_W, y + READER_TILE_H }, box;
			pixman_box32_t *left = boxes->len ? &g_array_index(boxes, pixman_box32_t,
									   boxes->len - 1) : NULL;

			if (pixman_region32_contains_rectangle((pixman_region32_t *)hint, &tile) ==
				    PIXMAN_REGION_OUT ||
			    !update_tile(view, reader->store, (unsigned int)x, (unsigned int)y,
					 &box)) {
				continue;
			}
			if (left && left->x2 == box.x1 && left->y1 == box.y1 &&
			    left->y2 == box.y2) {
				left->x2 = box.x2;
			} else {
				g_array_append_val(boxes, box);
			}
		}
	}
	pixman_region32_fini(&reader->damage);
	pixman_region32_init_rects(&reader->damage, (pixman_box32_t *)boxes->data,
				   (int)boxes->len);
}

static bool same_size(const struct fb_buffer *store, const struct frame *frame)
{
	return store && store->info.width_px == frame_width(frame) &&
	       store->info.height_px == frame_height(frame);
}

/* Makes room for @frame's picture. */
static bool make_store(struct reader *reader, const struct frame *frame, GError **error)
{
	if (same_size(reader->store, frame)) {
		return true;
	}
	reader_forget(reader);
	reader->store = fb_buffer_create_alloc(DRM_FORMAT_XRGB8888, frame_width(frame),
					       frame_height(frame), error);
	return reader->store != NULL;
}

enum reader_result reader_update(struct reader *reader, struct frame *frame,
				 const pixman_region32_t *hint, GError **error)
{
	struct frame_read read;
	int err;

	if (!may_write(reader)) {
		return READER_FROZEN;
	}
	if (fence_open(frame, 0)) {
		fence_await(reader, frame);
		return READER_FROZEN;
	}
	fence_forget(reader);
	if (!make_store(reader, frame, error)) {
		return READER_NO_MEMORY;
	}
	err = frame_read_begin(&read, frame, reader->gl, reader->valid ? hint : NULL, error);
	if (err) {
		reader->valid = false;
		return err == -ENOTSUP ? READER_BAD_FORMAT : READER_NO_MAP;
	}
	if (reader->valid) {
		update_tiles(reader, &read.view, hint);
	} else {
		fb_view_read(&read.view, reader->store->hva,
			     reader->store->info.plane[0].stride_bytes);
		pixman_region32_fini(&reader->damage);
		pixman_region32_init_rect(&reader->damage, 0, 0, read.view.width_px,
					  read.view.height_px);
		reader->valid = true;
	}
	frame_read_end(&read);
	reader->path = read.path;
	reader->seq = frame->seq;
	reader->time_ns = frame->time_ns;
	return pixman_region32_not_empty(&reader->damage) ? READER_CHANGED : READER_SAME;
}

pixman_image_t *reader_capture(struct reader *reader, struct frame *frame, GError **error)
{
	int width = (int)frame_width(frame), height = (int)frame_height(frame);
	struct frame_read read;
	pixman_image_t *image;

	if (fence_open(frame, FENCE_TIMEOUT_MS)) {
		error_set(error, "framebuffer: not finished within %d ms", FENCE_TIMEOUT_MS);
		return NULL;
	}
	image = pixman_image_create_bits(PIXMAN_x8r8g8b8, width, height, NULL, 0);
	if (!image) {
		error_set(error, "framebuffer: %dx%d: out of memory", width, height);
		return NULL;
	}
	if (frame_read_begin(&read, frame, reader->gl, NULL, error)) {
		pixman_image_unref(image);
		return NULL;
	}
	fb_view_read(&read.view, pixman_image_get_data(image),
		     (size_t)pixman_image_get_stride(image));
	frame_read_end(&read);
	reader->path = read.path;
	return image;
}
