// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames that are passed: the viewer gets the dma-buf itself, and no pixel is copied here.
 *
 * One draw is on its way at a time; the viewer answers it when it has drawn, and only then is the
 * console told that the frame is done. So one that has stopped is given nothing new and stops
 * nobody.
 */
#include <fcntl.h>
#include <string.h>
#include <drm_fourcc.h>

#include "ui/spice/display.h"
#include "util/fd.h"
#include "util/trace.h"

static struct spice_display *sink_display(struct sink *sink)
{
	return (struct spice_display *)((char *)sink -
					G_STRUCT_OFFSET(struct spice_display, scanout.sink));
}

/* ---- what can be passed ---- */

/* A dma-buf's file tells its exporter (Documentation/driver-api/dma-buf.rst). */
static bool exported_by(int fd, const char *driver)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fdinfo/%d", fd);
	g_autofree char *line = g_strdup_printf("exp_name:\t%s\n", driver);
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) && strstr(text, line);
}

/*
 * The protocol has no field for a modifier. Linear needs none; and of its own objects i915 keeps
 * the tiling beside the memory, where whoever imports them finds it.
 */
static bool layout_travels(const struct fb_buffer *buffer)
{
	uint64_t modifier = buffer->info.modifier;

	return modifier == DRM_FORMAT_MOD_LINEAR ||
	       ((modifier == I915_FORMAT_MOD_X_TILED || modifier == I915_FORMAT_MOD_Y_TILED) &&
		exported_by(buffer->fd, "i915"));
}

/* Nor has it fields for a picture that begins elsewhere than the buffer, or is turned. */
static bool can_be_passed(const struct frame *frame)
{
	const struct fb_info *info = &frame->buffer->info;

	return frame->buffer->kind == FB_DMABUF && info->planes == 1 && info->rotation == 0 &&
	       info->plane[0].offset_bytes == 0 && frame->source.x1 == 0 &&
	       frame->source.y1 == 0 && frame->fence_fd < 0 && layout_travels(frame->buffer);
}

/* ---- passing ---- */

static bool is_shown(const struct spice_scanout *scanout, const struct frame *frame)
{
	return scanout->buffer == frame->buffer && scanout->width_px == frame_width(frame) &&
	       scanout->height_px == frame_height(frame);
}

static void scanout_off(struct spice_display *display)
{
	struct spice_scanout *scanout = &display->scanout;

	g_clear_pointer(&scanout->next, frame_unref);
	/* The library ends the program when it is told of a scanout while a draw is on its way. */
	scanout->off_due = scanout->drawing;
	if (scanout->buffer && !scanout->off_due) {
		g_clear_pointer(&scanout->buffer, fb_buffer_unref);
		spice_qxl_gl_scanout(&display->qxl, -1, 0, 0, 0, 0, FALSE);
	}
}

/* False: no file descriptor is left. */
static bool pass_buffer(struct spice_display *display, struct frame *frame)
{
	struct spice_scanout *scanout = &display->scanout;
	const struct fb_info *info = &frame->buffer->info;
	int fd = fcntl(frame->buffer->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0) {
		return false;
	}
	if (scanout->buffer) {
		fb_buffer_unref(scanout->buffer);
	}
	scanout->buffer = fb_buffer_ref(frame->buffer);
	scanout->width_px = frame_width(frame);
	scanout->height_px = frame_height(frame);
	TRACE(spice, scanout, "%d: %ux%u", display->qxl.id, scanout->width_px, scanout->height_px);
	/* Takes the fd. Its last argument is of GL's coordinates: spice-gtk puts a buffer's first line at the
	 * top without it. */
	spice_qxl_gl_scanout(&display->qxl, fd, scanout->width_px, scanout->height_px,
			     info->plane[0].stride_bytes, info->fourcc, info->y0_bottom);
	spice_display_set_size(display, scanout->width_px, scanout->height_px);
	return true;
}

static void show(struct spice_display *display, struct frame *frame, bool whole)
{
	struct spice_scanout *scanout = &display->scanout;
	pixman_box32_t box = *pixman_region32_extents(&frame->damage);

	if (whole || !is_shown(scanout, frame)) {
		box = (pixman_box32_t){ 0, 0, (int32_t)frame_width(frame),
					(int32_t)frame_height(frame) };
	}
	scanout->seq_owed = frame->seq;
	if (!is_shown(scanout, frame) && !pass_buffer(display, frame)) {
		return;
	}
	scanout->drawing = true;
	spice_qxl_gl_draw_async(&display->qxl, (uint32_t)box.x1, (uint32_t)box.y1,
				(uint32_t)(box.x2 - box.x1), (uint32_t)(box.y2 - box.y1),
				SPICE_DISPLAY_SCANOUT_DRAWN);
}

void spice_scanout_settle(struct spice_display *display)
{
	struct spice_scanout *scanout = &display->scanout;
	uint64_t seq = scanout->seq_owed;

	scanout->settle_due = scanout->drawing;
	if (seq && display->console && !scanout->drawing) {
		scanout->seq_owed = 0;
		sink_done(&scanout->sink, seq);
	}
}

void spice_scanout_drawn(struct spice_display *display)
{
	struct spice_scanout *scanout = &display->scanout;
	struct frame *next = g_steal_pointer(&scanout->next);

	scanout->drawing = false;
	if (scanout->off_due) {
		scanout_off(display);
	}
	if (next) {
		show(display, next, true);
		frame_unref(next);
	} else if (display->passing || scanout->settle_due) {
		spice_scanout_settle(display);
	}
}

/* ---- what the console says ---- */

static void present(struct sink *sink, struct frame *frame)
{
	struct spice_display *display = sink_display(sink);
	struct spice_scanout *scanout = &display->scanout;

	if (!can_be_passed(frame)) {
		scanout_off(display);
		scanout->seq_owed = frame->seq;
		spice_display_set_passing(display, false);
		return;
	}
	spice_display_set_passing(display, true);
	if (scanout->drawing) {
		/* Of a viewer before: the sink is given nothing while this one's is. */
		g_clear_pointer(&scanout->next, frame_unref);
		scanout->next = frame_ref(frame);
		scanout->off_due = false;
	} else {
		show(display, frame, false);
	}
}

static void blank(struct sink *sink, enum blank_reason reason, const char *text)
{
	struct spice_display *display = sink_display(sink);

	scanout_off(display);
	spice_display_set_passing(display, false);
}

static void cursor_set(struct sink *sink, const struct cursor *cursor)
{
	spice_pointer_set(sink_display(sink), cursor);
}

static void cursor_move(struct sink *sink, int32_t x_px, int32_t y_px, bool visible)
{
	spice_pointer_move(sink_display(sink), x_px, y_px, visible);
}

static const struct sink_ops sink_ops = {
	.name = "spice-gl",
	.accepts = SINK_DMABUF,
	.present = present,
	.blank = blank,
	.cursor_set = cursor_set,
	.cursor_move = cursor_move,
};

/* ---- life ---- */

void spice_scanout_attach(struct spice_display *display)
{
	console_attach(display->console, &display->scanout.sink, &sink_ops);
}

void spice_scanout_set_wanted(struct spice_display *display, bool wanted)
{
	struct spice_scanout *scanout = &display->scanout;

	if (scanout->wanted == wanted) {
		return;
	}
	scanout->wanted = wanted;
	scanout->seq_owed = 0;
	scanout->settle_due = false;
	if (!wanted) {
		scanout_off(display);
	}
	if (display->console) {
		sink_set_wanted(&scanout->sink, wanted);
	}
}
