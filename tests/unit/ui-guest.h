/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that draws into two buffers, in place or flipping, and a source that shows them. */
#ifndef TESTS_UNIT_UI_GUEST_H
#define TESTS_UNIT_UI_GUEST_H

#include <drm_fourcc.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ui/capture.h"
#include "ui/console.h"
#include "util/fd.h"
#include "util/range.h"
#include "../../ui/fb-format.h"

/*
 * Where in a tile byte x of line y lies: of the 12 bits of the offset, from bit 11 down, which
 * coordinate's next lower bit it is. Not how ui/fb-tile.c does it.
 */
static inline size_t guest_tile_offset(uint64_t modifier, unsigned int x, unsigned int y)
{
	const char *bits = modifier == I915_FORMAT_MOD_X_TILED ? "yyyxxxxxxxxx" :
			   modifier == I915_FORMAT_MOD_Y_TILED ? "xxxyyyyyxxxx" : "xyxyxyyyxxxx";
	size_t offset = 0;

	for (int bit = 0; bit < 12; bit++) {
		unsigned int *from = bits[11 - bit] == 'x' ? &x : &y;

		offset |= (size_t)(*from & 1) << bit;
		*from >>= 1;
	}
	return offset;
}

static inline size_t guest_byte(const struct fb_info *info, size_t x, size_t y)
{
	size_t w = info->modifier == I915_FORMAT_MOD_X_TILED ? 512 : 128, h = 4096 / w;
	size_t stride = info->plane[0].stride_bytes;

	if (!info->modifier) {
		return y * stride + x;
	}
	return ((y / h) * (stride / w) + x / w) * 4096 +
	       guest_tile_offset(info->modifier, (unsigned int)(x % w), (unsigned int)(y % h));
}

/* A file that is long enough but can't be mapped for reading, as a dma-buf may be. */
static inline int guest_unmappable_fd(off_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC), write_only;
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(ftruncate(fd, size), ==, 0);
	write_only = open(path, O_WRONLY | O_CLOEXEC);
	g_assert_cmpint(write_only, >=, 0);
	close(fd);
	return write_only;
}

struct guest {
	struct display_registry *registry;
	struct console *console;
	struct fb_buffer *buffers[2];
	unsigned int shown;
	pixman_box32_t source;
	bool tells_damage;
	pixman_region32_t damage; /* drawn since the last submit */
	uint32_t *screen; /* what a viewer must end up with: source-sized, 0xffrrggbb */
	bool active, blank;
	unsigned int polls, activations, dones, unchanged, unknown;
	uint64_t last_done;
	GRand *rand;
};

static inline unsigned int guest_side(const struct guest *guest, bool width)
{
	bool on_its_side = guest->buffers[guest->shown]->info.rotation % 180;

	return (unsigned int)(width != on_its_side ? guest->source.x2 - guest->source.x1 :
						     guest->source.y2 - guest->source.y1);
}

static inline unsigned int guest_width(const struct guest *guest)
{
	return guest_side(guest, true);
}

static inline unsigned int guest_height(const struct guest *guest)
{
	return guest_side(guest, false);
}

/* The memory of pixel x, y of the screen. */
static inline uint8_t *guest_pixel(struct guest *guest, unsigned int buffer, unsigned int x,
				   unsigned int y)
{
	const struct fb_info *info = &guest->buffers[buffer]->info;
	unsigned int at_x = x, at_y = y, w = guest_width(guest), h = guest_height(guest);

	if (info->rotation == 90) {
		at_x = h - 1 - y;
		at_y = x;
	} else if (info->rotation == 180) {
		at_x = w - 1 - x;
		at_y = h - 1 - y;
	} else if (info->rotation == 270) {
		at_x = y;
		at_y = w - 1 - x;
	}
	at_x += (unsigned int)guest->source.x1;
	at_y += (unsigned int)guest->source.y1;
	if (info->y0_bottom) {
		at_y = info->height_px - 1 - at_y;
	}
	return (uint8_t *)guest->buffers[buffer]->hva + info->plane[0].offset_bytes +
	       guest_byte(info, (size_t)at_x * fb_format_cpp(info->fourcc), at_y);
}

/* Works out from memory what the screen shows now, pixel by pixel. */
static inline void guest_look(struct guest *guest, uint32_t *screen)
{
	const struct fb_format *format =
		fb_format_find(guest->buffers[guest->shown]->info.fourcc);

	for (unsigned int y = 0; y < guest_height(guest); y++) {
		for (unsigned int x = 0; x < guest_width(guest); x++) {
			format->convert(screen++, guest_pixel(guest, guest->shown, x, y), 1);
		}
	}
}

static inline void guest_submit(struct guest *guest)
{
	struct frame *frame;

	if (guest->blank) {
		console_blank(guest->console, BLANK_PLANE_OFF, NULL);
		return;
	}
	frame = frame_create(fb_buffer_ref(guest->buffers[guest->shown]), &guest->source,
			     guest->tells_damage ? &guest->damage : NULL, clock_ns());
	pixman_region32_clear(&guest->damage);
	console_submit(guest->console, frame);
}

static inline void guest_set_active(void *opaque, bool active)
{
	struct guest *guest = opaque;

	guest->active = active;
	guest->activations += active;
	if (active) {
		guest_submit(guest);
	}
}

static inline void guest_poll(void *opaque)
{
	struct guest *guest = opaque;

	guest->polls++;
	guest_submit(guest);
}

static inline void guest_frame_done(void *opaque, uint64_t seq, enum frame_news news)
{
	struct guest *guest = opaque;

	g_assert_cmpuint(seq, >, guest->last_done);
	guest->last_done = seq;
	guest->dones++;
	guest->unchanged += news == FRAME_SAME;
	guest->unknown += news == FRAME_UNKNOWN;
}

static const struct source_ops guest_ops = {
	.set_active = guest_set_active,
	.poll = guest_poll,
	.frame_done = guest_frame_done,
};

/* New buffers; the console hears of them at the next submit. */
static inline void guest_set_mode(struct guest *guest, uint32_t fourcc, uint32_t width,
				  uint32_t height, bool y0_bottom)
{
	for (unsigned int i = 0; i < 2; i++) {
		fb_buffer_unref(guest->buffers[i]);
		guest->buffers[i] = fb_buffer_create_alloc(fourcc, width, height, NULL);
		g_assert_nonnull(guest->buffers[i]);
		guest->buffers[i]->info.y0_bottom = y0_bottom;
	}
	guest->source = (pixman_box32_t){ 0, 0, (int32_t)width, (int32_t)height };
	pixman_region32_fini(&guest->damage);
	pixman_region32_init_rect(&guest->damage, 0, 0, width, height);
}

/* The same for buffers of any layout, turned or not, with the picture at @source. They have not one
 * byte more than they need. */
static inline void guest_set_layout(struct guest *guest, const struct fb_info *layout,
				    const pixman_box32_t *source)
{
	struct fb_info info = *layout;
	size_t line = (size_t)source->x2 * fb_format_cpp(info.fourcc);

	info.width_px = (uint32_t)source->x2;
	info.height_px = (uint32_t)source->y2;
	info.planes = 1;
	info.size_bytes = info.plane[0].offset_bytes +
			  guest_byte(&info, line - 1, info.height_px - 1) + 1;
	if (info.modifier) {
		info.size_bytes = round_up(info.size_bytes, 4096);
	}
	for (unsigned int i = 0; i < 2; i++) {
		uint8_t *memory = g_malloc0(info.size_bytes);
		g_autoptr(GError) error = NULL;

		for (size_t at = 0; at < info.size_bytes; at++) {
			memory[at] = (uint8_t)g_rand_int(guest->rand);
		}
		fb_buffer_unref(guest->buffers[i]);
		guest->buffers[i] = fb_buffer_create_cpu(&info, memory, g_free, memory, &error);
		g_assert_no_error(error);
	}
	guest->source = *source;
	pixman_region32_fini(&guest->damage);
	pixman_region32_init_rect(&guest->damage, 0, 0, guest_width(guest), guest_height(guest));
}

/* A layout at random: format, tiles, turned, where the picture begins, how far the lines go on. */
static inline void guest_set_random_layout(struct guest *guest, unsigned int max_width,
					   unsigned int max_height)
{
	static const uint32_t fourccs[] = { DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888,
					    DRM_FORMAT_XBGR8888, DRM_FORMAT_XRGB2101010,
					    DRM_FORMAT_RGB565 };
	static const uint64_t modifiers[] = { 0, I915_FORMAT_MOD_X_TILED, I915_FORMAT_MOD_Y_TILED,
					      I915_FORMAT_MOD_Yf_TILED };
	GRand *rand = guest->rand;
	struct fb_info info = {
		.fourcc = fourccs[g_rand_int_range(rand, 0, G_N_ELEMENTS(fourccs))],
		.modifier = modifiers[g_rand_int_range(rand, 0, G_N_ELEMENTS(modifiers))],
		.rotation = 90 * (uint32_t)g_rand_int_range(rand, 0, 4),
		.y0_bottom = g_rand_int_range(rand, 0, 4) == 0,
	};
	pixman_box32_t source = { g_rand_int_range(rand, 0, 140), g_rand_int_range(rand, 0, 40) };
	uint32_t width = info.modifier == I915_FORMAT_MOD_X_TILED ? 512 : info.modifier ? 128 : 4;

	source.x2 = source.x1 + g_rand_int_range(rand, 1, (gint32)max_width + 1);
	source.y2 = source.y1 + g_rand_int_range(rand, 1, (gint32)max_height + 1);
	info.plane[0].offset_bytes = 4096 * (uint32_t)g_rand_int_range(rand, 0, 2);
	info.plane[0].stride_bytes =
		((uint32_t)source.x2 * fb_format_cpp(info.fourcc) + width - 1) / width * width +
		width * (uint32_t)g_rand_int_range(rand, 0, 3);
	guest_set_layout(guest, &info, &source);
}

/* Fills a rectangle of buffer @buffer with random pixels; damage only if it is the shown one. */
static inline void guest_draw(struct guest *guest, unsigned int buffer, unsigned int x,
			      unsigned int y, unsigned int width, unsigned int height)
{
	unsigned int cpp = fb_format_cpp(guest->buffers[buffer]->info.fourcc);
	uint32_t colour = g_rand_int(guest->rand);

	for (unsigned int j = 0; j < height; j++) {
		for (unsigned int i = 0; i < width; i++) {
			memcpy(guest_pixel(guest, buffer, x + i, y + j), &colour, cpp);
		}
	}
	if (buffer == guest->shown) {
		pixman_region32_union_rect(&guest->damage, &guest->damage, (int)x, (int)y, width,
					   height);
	}
}

static inline void guest_draw_random(struct guest *guest, unsigned int buffer)
{
	unsigned int x = (unsigned int)g_rand_int_range(guest->rand, 0,
							(gint32)guest_width(guest));
	unsigned int y = (unsigned int)g_rand_int_range(guest->rand, 0,
							(gint32)guest_height(guest));

	guest_draw(guest, buffer, x, y,
		   (unsigned int)g_rand_int_range(guest->rand, 1,
						  (gint32)(guest_width(guest) - x) + 1),
		   (unsigned int)g_rand_int_range(guest->rand, 1,
						  (gint32)(guest_height(guest) - y) + 1));
}

/* Shows the other buffer: everything in which the two differ is damage. */
static inline void guest_flip(struct guest *guest)
{
	unsigned int n = guest_width(guest) * guest_height(guest);
	g_autofree uint32_t *before = g_new(uint32_t, n), *after = g_new(uint32_t, n);

	guest_look(guest, before);
	guest->shown ^= 1;
	guest_look(guest, after);
	for (unsigned int i = 0, run = 0; i < n; i++) {
		run = before[i] != after[i] ? run + 1 : 0;
		if (run && (i + 1 == n || (i + 1) % guest_width(guest) == 0 ||
			    before[i + 1] == after[i + 1])) {
			pixman_region32_union_rect(&guest->damage, &guest->damage,
						   (int)((i + 1 - run) % guest_width(guest)),
						   (int)(i / guest_width(guest)), run, 1);
			run = 0;
		}
	}
}

static inline struct guest *guest_new(uint32_t fourcc, uint32_t width, uint32_t height)
{
	struct guest *guest = g_new0(struct guest, 1);

	guest->rand = g_rand_new_with_seed(width * 65537 + height + fourcc);
	guest->registry = display_registry_create();
	guest->console = console_create(guest->registry, "gpu0", 0, &guest_ops, guest);
	guest->tells_damage = true;
	pixman_region32_init(&guest->damage);
	guest_set_mode(guest, fourcc, width, height, false);
	return guest;
}

static inline void guest_free(struct guest *guest)
{
	console_destroy(guest->console);
	display_registry_destroy(guest->registry);
	fb_buffer_unref(guest->buffers[0]);
	fb_buffer_unref(guest->buffers[1]);
	pixman_region32_fini(&guest->damage);
	g_rand_free(guest->rand);
	g_free(guest);
}

/* Runs what is due on the main loop. */
static inline void settle(void)
{
	while (g_main_context_iteration(NULL, FALSE)) {
	}
}

static inline void assert_same_picture(struct guest *guest, pixman_image_t *image)
{
	unsigned int width = guest_width(guest), height = guest_height(guest);
	g_autofree uint32_t *screen = g_new(uint32_t, width * height);

	g_assert_nonnull(image);
	g_assert_cmpint(pixman_image_get_width(image), ==, (int)width);
	g_assert_cmpint(pixman_image_get_height(image), ==, (int)height);
	guest_look(guest, screen);
	for (unsigned int y = 0; y < height; y++) {
		const uint32_t *line = pixman_image_get_data(image) +
				       (size_t)y * (size_t)pixman_image_get_stride(image) / 4;

		g_assert_cmpmem(line, width * 4, screen + (size_t)y * width, width * 4);
	}
}

#endif
