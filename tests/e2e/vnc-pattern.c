// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VNC server on a console that shows a test pattern: all of ui/ without a VMM, for real viewers.
 *
 *   vnc-pattern VNC-SPEC WIDTHxHEIGHT [-trace PATTERN] [-object SPEC]...
 *
 * Reads commands from standard input, a line each, and answers "ok" or "error TEXT":
 *   mode WxH           the guest sets a mode (also what a viewer's resize does)
 *   draw X Y W H SEED  random pixels
 *   blank TEXT         no picture
 *   cursor X Y         a cursor plane
 *   dump FILE          the picture as PPM
 *   animate MS W H     a WxH square changes every MS milliseconds; 0 ends
 *   state              median milliseconds of the stages
 *   quit
 * Input from viewers is printed: "key CODE DOWN", "button CODE DOWN", "abs X Y", "rel AXIS DELTA".
 */
#include <drm_fourcc.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/objects.h"
#include "ui/console.h"
#include "ui/input.h"
#include "ui/screendump.h"
#include "ui/vnc.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/opts.h"
#include "util/trace.h"

static struct {
	GMainLoop *loop;
	struct display_registry *displays;
	struct input_router *input;
	struct console *console;
	struct crypto_objects *objects;
	struct vnc_server *server;
	struct fb_buffer *buffer;
	struct fb_buffer *cursor;
	bool blank;
	GRand *rand;
	guint animation;
	uint32_t animate_w, animate_h;
	int32_t abs_x;
} test;

static uint32_t *pixel_row(uint32_t y)
{
	return (uint32_t *)((uint8_t *)test.buffer->hva +
			    (size_t)y * test.buffer->info.plane[0].stride_bytes);
}

/* Bands of what encoders tell apart: flat, two colours, some, gradients, noise. */
static uint32_t pattern_at(uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	switch (y * 6 / h) {
	case 0:
		return x * 8 / w * 0x1f3b55;
	case 1:
		return (x / 3 ^ y / 5) & 1 ? 0x102030 : 0xe0f0d0;
	case 2:
		return (x / 7 * 0x332211 + y / 9 * 0x112233) & 0xf0f0f0;
	case 3:
		return (x * 255 / w) << 16 | (y * 255 / h) << 8 | ((x + y) & 0xff);
	case 4:
		return g_rand_int(test.rand) & 0xffffff;
	default:
		return (x * x + y * y) >> 6 & 0xff;
	}
}

static void submit(const pixman_region32_t *damage)
{
	const struct fb_info *info = &test.buffer->info;
	pixman_box32_t all = { 0, 0, (int32_t)info->width_px, (int32_t)info->height_px };

	if (!test.blank) {
		console_submit(test.console, frame_create(fb_buffer_ref(test.buffer), &all, damage,
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
	fb_buffer_unref(test.buffer);
	test.buffer = buffer;
	for (uint32_t y = 0; y < mode->height_px; y++) {
		for (uint32_t x = 0; x < mode->width_px; x++) {
			pixel_row(y)[x] = pattern_at(x, y, mode->width_px, mode->height_px);
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
		test.abs_x = value;
	} else {
		printf("abs %d %d\n",
		       (int)((int64_t)test.abs_x * test.buffer->info.width_px / (INPUT_ABS_MAX + 1)),
		       (int)((int64_t)value * test.buffer->info.height_px / (INPUT_ABS_MAX + 1)));
	}
}

static const struct input_handler_ops input_ops = {
	.name = "test", .accepts = INPUT_KEYS | INPUT_ABS | INPUT_BUTTONS | INPUT_REL,
	.key = on_key, .button = on_key, .rel = on_rel, .abs = on_abs,
};

/* ---- commands ---- */

static void draw(uint32_t x, uint32_t y, uint32_t w, uint32_t h, uint32_t seed)
{
	const struct fb_info *info = &test.buffer->info;
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
	draw(0, 0, test.animate_w, test.animate_h, g_rand_int(test.rand));
	return G_SOURCE_CONTINUE;
}

static void show_cursor(int x, int y)
{
	struct cursor cursor = { .hot_x_px = 2, .hot_y_px = 3 };

	if (!test.cursor) {
		test.cursor = fb_buffer_create_alloc(DRM_FORMAT_ARGB8888, 32, 32, NULL);
		for (int i = 0; i < 32 * 32; i++) {
			int cx = i % 32, cy = i / 32;
			uint32_t *p = (uint32_t *)((uint8_t *)test.cursor->hva +
				(size_t)cy * test.cursor->info.plane[0].stride_bytes) + cx;

			*p = cx > cy ? 0 : cx == cy || cx == 0 ? 0xffffffff : 0x80000080;
		}
		cursor.image = test.cursor;
		console_cursor_set(test.console, &cursor);
	}
	console_cursor_move(test.console, x, y, true);
}

static void print_state(void)
{
	struct console_state state;
	JsonNode *vnc = vnc_server_query(test.server);
	g_autofree char *text = json_to_string(vnc, FALSE);

	console_get_state(test.console, &state);
	printf("stages copy %.2f encode %.2f send %.2f\nvnc %s\n", state.copy_ms, state.encode_ms,
	       state.send_ms, text);
	json_node_unref(vnc);
}

static bool dump(const char *path, GError **error)
{
	pixman_image_t *image = console_capture(test.console, error);
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
	int cx, cy;

	if (sscanf(line, "mode %ux%u", &mode.width_px, &mode.height_px) == 2) {
		return set_mode(NULL, &mode) || error_set(error, "no memory");
	}
	if (sscanf(line, "draw %u %u %u %u %u", &x, &y, &w, &h, &seed) == 5) {
		draw(x, y, w, h, seed);
	} else if (sscanf(line, "blank %255[^\n]", text) == 1) {
		test.blank = true;
		console_blank(test.console, BLANK_PLANE_OFF, text);
	} else if (!strcmp(line, "show")) {
		test.blank = false;
		submit(NULL);
	} else if (sscanf(line, "cursor %d %d", &cx, &cy) == 2) {
		show_cursor(cx, cy);
	} else if (sscanf(line, "dump %255[^\n]", text) == 1) {
		return dump(text, error);
	} else if (sscanf(line, "password %255[^\n]", text) == 1) {
		return vnc_server_set_password(test.server, text, "keep", error);
	} else if (sscanf(line, "animate %u %u %u", &x, &w, &h) == 3) {
		if (test.animation) {
			g_source_remove(test.animation);
		}
		test.animate_w = w;
		test.animate_h = h;
		test.animation = x ? g_timeout_add(x, animate, NULL) : 0;
	} else if (!strcmp(line, "state")) {
		print_state();
	} else if (!strcmp(line, "quit")) {
		g_main_loop_quit(test.loop);
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
		g_main_loop_quit(test.loop);
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

static void on_event(void *opaque, const char *name, JsonObject *data)
{
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);
	g_autofree char *text = NULL;

	json_node_take_object(node, data);
	text = json_to_string(node, FALSE);
	printf("event %s %s\n", name, text);
	json_node_unref(node);
}

static bool add_object(const char *spec, GError **error)
{
	struct opts *opts = opts_parse("-object", spec, "qom-type", error);
	bool ok = opts && crypto_objects_add(test.objects, opts, error);

	opts_destroy(opts);
	return ok;
}

int main(int argc, char **argv)
{
	struct vnc_host host = { .name = "pattern", .event = on_event };
	struct display_mode mode = { 0 };
	g_autoptr(GError) error = NULL;
	guint watch;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3 || sscanf(argv[2], "%ux%u", &mode.width_px, &mode.height_px) != 2) {
		fprintf(stderr, "usage: vnc-pattern VNC-SPEC WIDTHxHEIGHT [-trace PATTERN] "
			"[-object SPEC]...\n");
		return 2;
	}
	main_thread_init();
	test.objects = host.objects = crypto_objects_create();
	for (int i = 3; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "-trace")) {
			trace_enable(argv[i + 1], NULL);
		} else if (!add_object(argv[i + 1], &error)) {
			fprintf(stderr, "%s\n", error->message);
			return 1;
		}
	}
	test.rand = g_rand_new_with_seed(1);
	test.loop = g_main_loop_new(NULL, FALSE);
	test.displays = host.displays = display_registry_create();
	test.input = host.input = input_router_create();
	input_handler_add(test.input, &input_ops, NULL);
	test.console = console_create(test.displays, "pattern0", 0, &source_ops, NULL);
	set_mode(NULL, &mode);
	test.server = vnc_server_create(argv[1], &host, &error);
	if (!test.server) {
		fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	puts("ready");
	watch = fd_watch(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, NULL);
	g_main_loop_run(test.loop);
	fd_unwatch(watch);
	if (test.animation) {
		g_source_remove(test.animation);
	}
	vnc_server_destroy(test.server);
	crypto_objects_destroy(test.objects);
	console_destroy(test.console);
	input_router_destroy(test.input);
	display_registry_destroy(test.displays);
	fb_buffer_unref(test.buffer);
	fb_buffer_unref(test.cursor);
	g_rand_free(test.rand);
	g_main_loop_unref(test.loop);
	return 0;
}
