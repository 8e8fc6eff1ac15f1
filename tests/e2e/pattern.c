// SPDX-License-Identifier: GPL-2.0-or-later
#include <drm_fourcc.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/pattern.h"
#include "tests/e2e/pattern-pixel.h"
#include "ui/screendump.h"
#include "util/error.h"
#include "util/fd.h"

static struct {
	GMainLoop *loop;
	struct display_registry *displays;
	struct input_router *input;
	struct console *console;
	struct fb_buffer *buffer;
	struct fb_buffer *cursor;
	bool blank;
	GRand *rand;
	guint animation;
	uint32_t animate_w, animate_h;
	int32_t abs_x;
	pattern_command_fn command;
} pattern;

static uint32_t *pixel_row(uint32_t y)
{
	return (uint32_t *)((uint8_t *)pattern.buffer->hva +
			    (size_t)y * pattern.buffer->info.plane[0].stride_bytes);
}

static void submit(const pixman_region32_t *damage)
{
	const struct fb_info *info = &pattern.buffer->info;
	pixman_box32_t all = { 0, 0, (int32_t)info->width_px, (int32_t)info->height_px };

	if (!pattern.blank) {
		console_submit(pattern.console, frame_create(fb_buffer_ref(pattern.buffer), &all, damage,
							  clock_ns()));
	}
}

static bool set_mode(void *source, const struct display_mode *mode)
{
	struct fb_buffer *buffer = fb_buffer_create_alloc(DRM_FORMAT_XRGB8888, mode->width_px,
							  mode->height_px, NULL);

	if (!buffer) {
		return false;
	}
	fb_buffer_unref(pattern.buffer);
	pattern.buffer = buffer;
	for (uint32_t y = 0; y < mode->height_px; y++) {
		for (uint32_t x = 0; x < mode->width_px; x++) {
			pixel_row(y)[x] = pattern_at(pattern.rand, x, y, mode->width_px,
						   mode->height_px);
		}
	}
	submit(NULL);
	printf("mode %ux%u\n", mode->width_px, mode->height_px);
	return true;
}

static void set_active(void *source, bool active)
{
	printf("active %d\n", active);
	if (active) {
		submit(NULL);
	}
}

static void poll_source(void *source)
{
	submit(NULL);
}

static const struct source_ops source_ops = {
	.set_active = set_active, .poll = poll_source, .set_mode = set_mode,
};

/* ---- input ---- */

static void on_key(void *opaque, uint16_t code, bool down)
{
	printf("%s %u %d\n", code >= BTN_MISC && code < KEY_OK ? "button" : "key", code, down);
}

static void on_rel(void *opaque, uint16_t axis, int32_t delta)
{
	printf("rel %u %d\n", axis, delta);
}

static void on_abs(void *opaque, uint16_t axis, int32_t value)
{
	if (axis == ABS_X) {
		pattern.abs_x = value;
	} else {
		printf("abs %d %d\n",
		       (int)((int64_t)pattern.abs_x * pattern.buffer->info.width_px / (INPUT_ABS_MAX + 1)),
		       (int)((int64_t)value * pattern.buffer->info.height_px / (INPUT_ABS_MAX + 1)));
	}
}

static const struct input_handler_ops input_ops = {
	.name = "test", .accepts = INPUT_KEYS | INPUT_ABS | INPUT_BUTTONS | INPUT_REL,
	.key = on_key, .button = on_key, .rel = on_rel, .abs = on_abs,
};

static const struct input_handler_ops relative_ops = {
	.name = "mouse", .accepts = INPUT_KEYS | INPUT_BUTTONS | INPUT_REL,
	.key = on_key, .button = on_key, .rel = on_rel,
};

static void set_absolute(bool absolute)
{
	input_handler_remove(pattern.input, &pattern);
	input_handler_add(pattern.input, absolute ? &input_ops : &relative_ops, &pattern);
}

/* ---- commands ---- */

static void draw(uint32_t x, uint32_t y, uint32_t w, uint32_t h, uint32_t seed)
{
	const struct fb_info *info = &pattern.buffer->info;
	pixman_region32_t damage;

	for (uint32_t j = y; j < MIN(y + h, info->height_px); j++) {
		for (uint32_t i = x; i < MIN(x + w, info->width_px); i++) {
			seed = seed * 1664525 + 1013904223;
			pixel_row(j)[i] = seed >> 8;
		}
	}
	pixman_region32_init_rect(&damage, (int)x, (int)y, w, h);
	pixman_region32_intersect_rect(&damage, &damage, 0, 0, info->width_px, info->height_px);
	submit(&damage);
	pixman_region32_fini(&damage);
}

static gboolean animate(gpointer opaque)
{
	draw(0, 0, pattern.animate_w, pattern.animate_h, g_rand_int(pattern.rand));
	return G_SOURCE_CONTINUE;
}

/* A triangle with a border, half of it transparent. */
static void set_cursor(uint32_t size, int hot_x, int hot_y)
{
	struct cursor cursor = { .hot_x_px = hot_x, .hot_y_px = hot_y };
	struct fb_buffer *old = pattern.cursor;

	cursor.image = fb_buffer_create_alloc(DRM_FORMAT_ARGB8888, size, size, NULL);
	for (uint32_t y = 0; y < size; y++) {
		uint32_t *row = (uint32_t *)((uint8_t *)cursor.image->hva +
					     (size_t)y * cursor.image->info.plane[0].stride_bytes);

		for (uint32_t x = 0; x < size; x++) {
			row[x] = x > y ? 0 : x == y || x == 0 ? 0xffffffff : 0x80000080;
		}
	}
	pattern.cursor = cursor.image;
	console_cursor_set(pattern.console, &cursor);
	fb_buffer_unref(old);
}

static void show_cursor(int x, int y)
{
	if (!pattern.cursor) {
		set_cursor(32, 2, 3);
	}
	console_cursor_move(pattern.console, x, y, true);
}

static void print_state(void)
{
	struct console_state state;

	console_get_state(pattern.console, &state);
	printf("stages copy %.2f encode %.2f send %.2f\n", state.copy_ms, state.encode_ms,
	       state.send_ms);
}

static bool dump(const char *path, GError **error)
{
	pixman_image_t *image = console_capture(pattern.console, error);
	bool ok = image && picture_write(image, PICTURE_PPM, path, error);

	if (image) {
		pixman_image_unref(image);
	}
	return ok;
}

static bool run_command(const char *line, GError **error)
{
	struct display_mode mode = { 0 };
	uint32_t x, y, w, h, seed;
	char text[256];
	int cx, cy, hot_x, hot_y;

	if (pattern.command && pattern.command(line, error)) {
		return !*error;
	}
	if (sscanf(line, "mode %ux%u", &mode.width_px, &mode.height_px) == 2) {
		return set_mode(NULL, &mode) || error_set(error, "no memory");
	}
	if (sscanf(line, "draw %u %u %u %u %u", &x, &y, &w, &h, &seed) == 5) {
		draw(x, y, w, h, seed);
	} else if (sscanf(line, "blank %255[^\n]", text) == 1) {
		pattern.blank = true;
		console_blank(pattern.console, BLANK_PLANE_OFF, text);
	} else if (!strcmp(line, "show")) {
		pattern.blank = false;
		submit(NULL);
	} else if (sscanf(line, "cursor %d %d", &cx, &cy) == 2) {
		show_cursor(cx, cy);
	} else if (sscanf(line, "dump %255[^\n]", text) == 1) {
		return dump(text, error);
	} else if (sscanf(line, "cursor-image %u %d %d", &w, &hot_x, &hot_y) == 3) {
		set_cursor(w, hot_x, hot_y);
	} else if (!strcmp(line, "mouse relative") || !strcmp(line, "mouse absolute")) {
		set_absolute(!strcmp(line, "mouse absolute"));
	} else if (sscanf(line, "animate %u %u %u", &x, &w, &h) == 3) {
		if (pattern.animation) {
			g_source_remove(pattern.animation);
		}
		pattern.animate_w = w;
		pattern.animate_h = h;
		pattern.animation = x ? g_timeout_add(x, animate, NULL) : 0;
	} else if (!strcmp(line, "state")) {
		print_state();
	} else if (!strcmp(line, "quit")) {
		g_main_loop_quit(pattern.loop);
	} else {
		return error_set(error, "unknown command");
	}
	return true;
}

static void on_stdin(int fd, GIOCondition condition, void *opaque)
{
	static char buffer[4096];
	static size_t len;
	ssize_t got = read(fd, buffer + len, sizeof(buffer) - 1 - len);
	char *newline;

	if (got <= 0) {
		g_main_loop_quit(pattern.loop);
		return;
	}
	len += (size_t)got;
	buffer[len] = '\0';
	while ((newline = strchr(buffer, '\n'))) {
		g_autoptr(GError) error = NULL;

		*newline = '\0';
		if (run_command(buffer, &error)) {
			puts("ok");
		} else {
			printf("error %s\n", error->message);
		}
		len -= (size_t)(newline + 1 - buffer);
		memmove(buffer, newline + 1, len + 1);
	}
}

struct console *pattern_create(const char *size, struct display_registry **displays,
			       struct input_router **input)
{
	struct display_mode mode = { 0 };

	if (sscanf(size, "%ux%u", &mode.width_px, &mode.height_px) != 2) {
		return NULL;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	pattern.rand = g_rand_new_with_seed(1);
	pattern.loop = g_main_loop_new(NULL, FALSE);
	*displays = pattern.displays = display_registry_create();
	*input = pattern.input = input_router_create();
	input_handler_add(pattern.input, &input_ops, &pattern);
	pattern.console = console_create(pattern.displays, "pattern0", 0, &source_ops, NULL);
	set_mode(NULL, &mode);
	return pattern.console;
}

void pattern_quit(void)
{
	g_main_loop_quit(pattern.loop);
}

void pattern_run(pattern_command_fn command)
{
	guint watch = fd_watch(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, NULL);

	pattern.command = command;
	puts("ready");
	g_main_loop_run(pattern.loop);
	fd_unwatch(watch);
	if (pattern.animation) {
		g_source_remove(pattern.animation);
	}
}

void pattern_destroy(void)
{
	console_destroy(pattern.console);
	input_router_destroy(pattern.input);
	display_registry_destroy(pattern.displays);
	fb_buffer_unref(pattern.buffer);
	fb_buffer_unref(pattern.cursor);
	g_rand_free(pattern.rand);
	g_main_loop_unref(pattern.loop);
}
