// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures that are copied. There is a surface only while a viewer looks, so that the next one
 * never sees what was on the screen before; it is made of a whole picture, and damage is drawn into
 * it.
 *
 * Draws of one frame are queued at a time. When the worker has fetched them the newest picture is
 * next: a viewer that has stopped stops the worker's fetching, and sink_done() with it.
 */
#include <string.h>

#include "ui/blank-frame.h"
#include "ui/spice/display.h"
#include "ui/spice/server.h"
#include "util/fd.h"
#include "util/trace.h"

/* Damage in more pieces is drawn as what they lie in: each draw is a message. */
#define MAX_DRAWS 32
/* Pixels that the worker may hold, in screens. It gives back what is covered by newer ones; beyond
 * this it is asked to. */
#define MAX_SCREENS 4

static struct spice_display *sink_display(struct sink *sink)
{
	return (struct spice_display *)((char *)sink -
					G_STRUCT_OFFSET(struct spice_display, pixels.sink));
}

/* ---- surface ---- */

/*
 * The worker forgets its surfaces, if any, and says so when it gets to it: a viewer that opens the
 * channel, or has stopped, may keep it for 30 s. Making a surface is the one call that waits for
 * the worker, so it is made only from the answer.
 */
static void ask_worker(struct spice_display *display)
{
	struct spice_pixels *pixels = &display->pixels;

	if (!pixels->asked) {
		spice_commands_drop_draws(&display->commands);
		pixels->asked = true;
		spice_qxl_destroy_surfaces_async(&display->qxl, SPICE_DISPLAY_SURFACE_GONE);
	}
}

void spice_pixels_surface_gone(struct spice_display *display)
{
	struct spice_pixels *pixels = &display->pixels;

	pixels->asked = false;
	g_clear_pointer(&pixels->surface, g_free);
	pixels->answered = true;
	spice_pixels_advance(display);
	pixels->answered = false;
}

static bool surface_create(struct spice_display *display, struct frame *frame)
{
	struct spice_pixels *pixels = &display->pixels;
	const struct fb_plane *plane = &frame->buffer->info.plane[0];
	size_t stride = (size_t)pixels->width_px * 4;
	const uint8_t *from = (const uint8_t *)frame->buffer->hva + plane->offset_bytes +
			      (size_t)frame->source.y1 * plane->stride_bytes +
			      (size_t)frame->source.x1 * 4;
	QXLDevSurfaceCreate create = {
		.width = pixels->width_px,
		.height = pixels->height_px,
		.stride = (int32_t)stride,
		.format = SPICE_SURFACE_FMT_32_xRGB,
		.mouse_mode = TRUE, /* a viewer may draw the cursor itself */
		.flags = QXL_SURF_FLAG_KEEP_DATA,
		.type = QXL_SURF_TYPE_PRIMARY,
	};

	pixels->surface = g_try_malloc(stride * pixels->height_px);
	if (!pixels->surface) {
		return false;
	}
	for (uint32_t y = 0; y < pixels->height_px; y++, from += plane->stride_bytes) {
		memcpy(pixels->surface + y * stride, from, stride);
	}
	create.mem = (uintptr_t)pixels->surface;
	pixels->surface_width_px = pixels->width_px;
	pixels->surface_height_px = pixels->height_px;
	TRACE(spice, surface, "%d: %ux%u", display->qxl.id, pixels->width_px, pixels->height_px);
	spice_qxl_create_primary_surface(&display->qxl, 0, &create);
	spice_display_set_size(display, pixels->width_px, pixels->height_px);
	spice_pointer_again(display);
	return true;
}

/* ---- drawing ---- */

static bool draw_damage(struct spice_display *display, struct frame *frame)
{
	pixman_region32_t *damage = &display->pixels.damage;
	const pixman_box32_t *boxes;
	int count;

	boxes = pixman_region32_rectangles(damage, &count);
	if (count > MAX_DRAWS) {
		boxes = pixman_region32_extents(damage);
		count = 1;
	}
	for (int i = 0; i < count; i++) {
		if (!spice_commands_draw(&display->commands, frame, &boxes[i])) {
			return false;
		}
	}
	TRACE(spice, draw, "%d: seq %" G_GUINT64_FORMAT ", %d draws", display->qxl.id, frame->seq,
	      count);
	spice_qxl_wakeup(&display->qxl);
	return true;
}

/* The newest picture with a reference, or NULL: present() or blank() will follow. */
static struct frame *get_frame(struct spice_display *display)
{
	struct spice_pixels *pixels = &display->pixels;
	struct frame *frame;

	if (pixels->blank_text) {
		return blank_frame_create(pixels->blank_text, pixels->width_px, pixels->height_px);
	}
	frame = display->console ? console_cpu_frame(display->console) : NULL;
	if (frame && (frame_width(frame) != pixels->width_px ||
		      frame_height(frame) != pixels->height_px)) {
		g_clear_pointer(&frame, frame_unref);
	}
	return frame;
}

static gboolean rested(gpointer opaque)
{
	struct spice_display *display = opaque;

	display->pixels.rest = 0;
	spice_pixels_advance(display);
	return G_SOURCE_REMOVE;
}

/* Everything is drawn: lets the console look at the guest for us once more. */
static void settle(struct spice_display *display)
{
	struct spice_pixels *pixels = &display->pixels;
	uint64_t seq = pixels->seq_owed;
	int64_t rest_ns = pixels->rest_until_ns - clock_ns();

	if (rest_ns > 0) {
		if (!pixels->rest) {
			pixels->rest = g_timeout_add((guint)(rest_ns / 1000000 + 1), rested,
						     display);
		}
		return;
	}
	pixels->seq_owed = 0;
	if (seq && display->console) {
		sink_done(&pixels->sink, seq);
		spice_scanout_settle(display);
	}
}

/* The worker has so much that it is asked to give some back. */
static bool is_starved(struct spice_display *display)
{
	struct spice_pixels *pixels = &display->pixels;
	gsize limit = (gsize)pixels->width_px * pixels->height_px * 4 * MAX_SCREENS;

	if (spice_commands_bytes(&display->commands) <= limit) {
		return false;
	}
	if (!g_atomic_int_get(&pixels->starved)) {
		g_atomic_int_set(&pixels->starved, 1);
		spice_qxl_oom(&display->qxl);
	}
	/* Released in between? */
	return spice_commands_bytes(&display->commands) > limit;
}

/* The worker is ready for a picture of ours. */
static bool can_draw(struct spice_display *display)
{
	struct spice_pixels *pixels = &display->pixels;

	if (!pixels->wanted || !pixels->known || pixels->asked) {
		return false;
	}
	if (pixels->surface ? pixels->surface_width_px != pixels->width_px ||
			      pixels->surface_height_px != pixels->height_px :
			      !pixels->answered) {
		ask_worker(display);
		return false;
	}
	return spice_commands_are_fetched(&display->commands) && !is_starved(display);
}

/* Draws what is new, of @frame (borrowed), or of the newest one when it is NULL. */
static void advance(struct spice_display *display, struct frame *frame)
{
	struct spice_pixels *pixels = &display->pixels;
	unsigned int rate = display->spice->options.max_refresh_rate;
	bool created = false;

	if (!can_draw(display)) {
		return;
	}
	if (pixels->surface && !pixman_region32_not_empty(&pixels->damage)) {
		settle(display);
		return;
	}
	frame = frame ? frame_ref(frame) : get_frame(display);
	if (!frame) {
		return;
	}
	if (pixels->surface ? draw_damage(display, frame) :
			      (created = surface_create(display, frame))) {
		pixman_region32_clear(&pixels->damage);
	}
	frame_unref(frame);
	pixels->rest_until_ns = rate ? clock_ns() + 1000000000 / rate : 0;
	if (created) {
		settle(display);
	}
}

void spice_pixels_advance(struct spice_display *display)
{
	advance(display, NULL);
}

/* ---- what the console says ---- */

static void damage_all(struct spice_pixels *pixels)
{
	pixman_region32_fini(&pixels->damage);
	pixman_region32_init_rect(&pixels->damage, 0, 0, pixels->width_px, pixels->height_px);
}

static void present(struct sink *sink, struct frame *frame)
{
	struct spice_display *display = sink_display(sink);
	struct spice_pixels *pixels = &display->pixels;
	bool whole = pixels->blank_text || pixels->width_px != frame_width(frame) ||
		     pixels->height_px != frame_height(frame);

	pixels->known = true;
	g_clear_pointer(&pixels->blank_text, g_free);
	pixels->seq_owed = frame->seq;
	pixels->width_px = frame_width(frame);
	pixels->height_px = frame_height(frame);
	if (whole) {
		damage_all(pixels);
	} else {
		pixman_region32_union(&pixels->damage, &pixels->damage, &frame->damage);
	}
	advance(display, frame);
}

static void show_reason(struct spice_display *display, const char *text)
{
	struct spice_pixels *pixels = &display->pixels;

	pixels->known = true;
	g_free(pixels->blank_text);
	pixels->blank_text = g_strdup(text);
	pixels->seq_owed = 0;
	/* The size stays, so that windows don't jump while a guest reboots. */
	if (!pixels->width_px) {
		pixels->width_px = BLANK_WIDTH_PX;
		pixels->height_px = BLANK_HEIGHT_PX;
	}
	damage_all(pixels);
	advance(display, NULL);
}

static void blank(struct sink *sink, enum blank_reason reason, const char *text)
{
	show_reason(sink_display(sink), text);
}

void spice_pixels_no_console(struct spice_display *display)
{
	show_reason(display, blank_reason_text(BLANK_NO_DISPLAY));
}

static void cursor_set(struct sink *sink, const struct cursor *cursor)
{
	if (!sink_display(sink)->scanout.wanted) {
		spice_pointer_set(sink_display(sink), cursor);
	}
}

static void cursor_move(struct sink *sink, int32_t x_px, int32_t y_px, bool visible)
{
	if (!sink_display(sink)->scanout.wanted) {
		spice_pointer_move(sink_display(sink), x_px, y_px, visible);
	}
}

/* Its blank() came before. */
static void console_gone(struct sink *sink)
{
	sink_display(sink)->console = NULL;
}

static const struct sink_ops sink_ops = {
	.name = "spice",
	.accepts = SINK_CPU,
	.present = present,
	.blank = blank,
	.cursor_set = cursor_set,
	.cursor_move = cursor_move,
	.console_gone = console_gone,
};

/* ---- life ---- */

void spice_pixels_init(struct spice_display *display)
{
	pixman_region32_init(&display->pixels.damage);
}

void spice_pixels_attach(struct spice_display *display)
{
	console_attach(display->console, &display->pixels.sink, &sink_ops);
}

void spice_pixels_set_wanted(struct spice_display *display, bool wanted)
{
	struct spice_pixels *pixels = &display->pixels;

	if (pixels->wanted == wanted) {
		return;
	}
	pixels->wanted = wanted;
	pixels->known = false;
	pixels->seq_owed = 0;
	if (!wanted && pixels->surface) {
		ask_worker(display);
	}
	if (display->console) {
		sink_set_wanted(&pixels->sink, wanted);
	} else if (wanted) {
		spice_pixels_no_console(display);
	}
}

void spice_pixels_finish(struct spice_display *display)
{
	struct spice_pixels *pixels = &display->pixels;

	if (pixels->rest) {
		g_source_remove(pixels->rest);
	}
	pixman_region32_fini(&pixels->damage);
	g_free(pixels->blank_text);
	g_free(pixels->surface);
}
