// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VNC client that says anything, while the guest does anything. The input is a program: an
 * operation a byte, with what follows as its arguments. In the end the client hangs up, and nothing
 * of it may be left.
 */
#include <drm_fourcc.h>
#include <fcntl.h>
#include <string.h>
#include <zlib.h>

#include "ui/clipboard.h"
#include "ui/input.h"
#include "ui/vnc/client.h"
#include "ui/vnc/rfb.h"
#include "ui/vnc/server.h"
#include "util/fd.h"
#include "vnc-client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_OPERATIONS 100
#define MAX_SIDE_PX 80

static struct {
	struct display_registry *displays;
	struct input_router *input;
	struct console *console;
	struct vnc_server *server;
	struct fb_buffer *buffer, *cursor;
	struct clipboard *clipboard;
	struct clipboard_peer agent; /* the guest's side of it */
	bool active;
} env;

static void submit(void)
{
	const struct fb_info *info = &env.buffer->info;
	pixman_box32_t all = { 0, 0, (int32_t)info->width_px, (int32_t)info->height_px };

	console_submit(env.console, frame_create(fb_buffer_ref(env.buffer), &all, NULL, 0));
}

static bool set_mode(void *source, const struct display_mode *mode)
{
	fb_buffer_unref(env.buffer);
	env.buffer = fb_buffer_create_alloc(DRM_FORMAT_XRGB8888, mode->width_px % MAX_SIDE_PX + 1,
					    mode->height_px % MAX_SIDE_PX + 1, NULL);
	submit();
	return mode->width_px & 1;
}

static void set_active(void *source, bool active)
{
	env.active = active;
	if (active) {
		submit();
	}
}

static void poll_source(void *source)
{
	submit();
}

static const struct source_ops source_ops = {
	.set_active = set_active, .poll = poll_source, .set_mode = set_mode,
};

/* ---- the guest's clipboard ---- */

static void clipboard_changed(struct clipboard_peer *peer, bool text)
{
	if (text) {
		clipboard_request(peer);
	}
}

static void clipboard_wanted(struct clipboard_peer *peer)
{
	g_autoptr(GBytes) text = clipboard_text_create("gr\xc3\xbc\xc3\x9f\n\xe2\x98\x83", 9);

	clipboard_provide(peer, text);
}

static void clipboard_came(struct clipboard_peer *peer, GBytes *text)
{
	check(!text || g_utf8_validate(g_bytes_get_data(text, NULL),
				       (gssize)g_bytes_get_size(text), NULL));
}

static const struct clipboard_ops clipboard_ops = {
	.changed = clipboard_changed, .request = clipboard_wanted, .data = clipboard_came,
};

/* ---- an encoder that reads every pixel and says little ---- */

struct h264_encoder {
	struct h264_settings settings;
	bool begun;
};

static struct h264_encoder *h264_create(const struct h264_settings *settings, GError **error)
{
	struct h264_encoder *encoder = g_new0(struct h264_encoder, 1);

	check(settings->width_px % 2 == 0 && settings->height_px % 2 == 0 &&
	      settings->width_px >= H264_MIN_SIDE_PX && settings->height_px >= H264_MIN_SIDE_PX);
	encoder->settings = *settings;
	return encoder;
}

static bool h264_encode(struct h264_encoder *encoder, const uint32_t *pixels, size_t stride_px,
			GByteArray *out, GError **error)
{
	static const uint8_t start_units[] = { 0, 0, 1, 0x67, 0, 0, 1, 0x68, 0, 0, 1, 0x65 };
	uint8_t unit[] = { 0, 0, 1, 0x41, 0 };

	for (unsigned int y = 0; y < encoder->settings.height_px; y++) {
		for (unsigned int x = 0; x < encoder->settings.width_px; x++) {
			unit[4] ^= (uint8_t)pixels[y * stride_px + x];
		}
	}
	if (!encoder->begun) {
		g_byte_array_append(out, start_units, sizeof(start_units));
	}
	encoder->begun = true;
	g_byte_array_append(out, unit, sizeof(unit));
	return true;
}

static void h264_destroy(struct h264_encoder *encoder)
{
	g_free(encoder);
}

static const struct h264_ops h264_ops = {
	.create = h264_create, .encode = h264_encode, .destroy = h264_destroy,
};

static void start(void)
{
	struct vnc_host host = { 0 };

	main_thread_init();
	env.displays = host.displays = display_registry_create();
	env.input = host.input = input_router_create();
	env.clipboard = host.clipboard = clipboard_create();
	clipboard_join(env.clipboard, &env.agent, &clipboard_ops);
	env.buffer = fb_buffer_create_alloc(DRM_FORMAT_XRGB8888, 70, 40, NULL);
	env.cursor = fb_buffer_create_alloc(DRM_FORMAT_ARGB8888, 16, 16, NULL);
	env.console = console_create(env.displays, "fuzz", 0, &source_ops, NULL);
	env.server = vnc_server_create("none,lossy=on,share=ignore,power-control=on", &host, NULL);
	check(env.server != NULL);
	env.server->h264.looked = true;
	env.server->h264.ops = &h264_ops;
}

/* ---- the client's side ---- */

struct program {
	const uint8_t *data;
	size_t size;
	int fd;
};

static void take(struct program *program, uint8_t *to, size_t count)
{
	size_t n = MIN(count, program->size);

	memset(to, 0, count);
	if (n > 0) {
		memcpy(to, program->data, n);
	}
	program->data += n;
	program->size -= n;
}

static unsigned int take_byte(struct program *program)
{
	uint8_t byte;

	take(program, &byte, 1);
	return byte;
}

static void say(struct program *program, const void *data, size_t len)
{
	vnc_client_say(program->fd, data, len);
}

/* A message of @type with arguments from the program. */
static void say_message(struct program *program, uint8_t type, size_t len)
{
	uint8_t message[32];

	take(program, message, len);
	message[0] = type;
	if (type == RFB_CLIENT_QEMU) {
		message[1] = RFB_QEMU_EXTENDED_KEY;
	}
	say(program, message, len);
}

/* Formats that make sense now and then. */
static void say_pixel_format(struct program *program)
{
	uint8_t m[20] = { 0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0 };
	unsigned int choice = take_byte(program);

	m[4] = (uint8_t[]){ 8, 16, 32, 32 }[choice & 3];
	if (choice & 4) {
		take(program, m + 5, 12);
	} else if (m[4] < 32) {
		memcpy(m + 8, (uint8_t[]){ 0, 7, 0, 7, 0, 3, 5, 2, 0 }, 9);
	}
	m[6] = choice >> 3 & 1;
	m[7] = (choice & 0xf0) != 0;
	say(program, m, sizeof(m));
}

static void say_encodings(struct program *program)
{
	static const int32_t known[] = {
		RFB_ENCODING_RAW, RFB_ENCODING_HEXTILE, RFB_ENCODING_ZLIB, RFB_ENCODING_TIGHT,
		RFB_ENCODING_ZRLE, RFB_ENCODING_DESKTOP_SIZE, RFB_ENCODING_RICH_CURSOR,
		RFB_ENCODING_POINTER_MOTION, RFB_ENCODING_EXTENDED_KEY, RFB_ENCODING_LED_STATE,
		RFB_ENCODING_DESKTOP_NAME, RFB_ENCODING_EXTENDED_DESKTOP_SIZE,
		RFB_ENCODING_ALPHA_CURSOR, RFB_ENCODING_VMWARE_LED_STATE, RFB_ENCODING_QUALITY_0 + 5,
		RFB_ENCODING_COMPRESS_0, RFB_ENCODING_COMPRESS_9, RFB_ENCODING_FENCE,
		RFB_ENCODING_CONTINUOUS_UPDATES, RFB_ENCODING_XVP,
		RFB_ENCODING_EXTENDED_CLIPBOARD, RFB_ENCODING_OPEN_H264,
	};
	unsigned int count = take_byte(program) % 20;
	uint8_t message[4 + 4 * 20] = { 2, 0, 0, (uint8_t)count };

	for (unsigned int i = 0; i < count; i++) {
		int32_t encoding = known[take_byte(program) % G_N_ELEMENTS(known)];
		uint32_t big = GUINT32_TO_BE((uint32_t)encoding);

		memcpy(message + 4 + 4 * i, &big, 4);
	}
	say(program, message, 4 + 4 * (size_t)count);
}

static void say_request(struct program *program)
{
	unsigned int choice = take_byte(program);
	uint8_t message[10] = { 3, choice & 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };

	if (choice & 2) {
		take(program, message + 2, 8);
	}
	say(program, message, sizeof(message));
}

static void draw(struct program *program)
{
	const struct fb_info *info = &env.buffer->info;
	unsigned int x = take_byte(program) % info->width_px;
	unsigned int y = take_byte(program) % info->height_px;
	uint8_t *row = (uint8_t *)env.buffer->hva + (size_t)y * info->plane[0].stride_bytes;

	memset(row + x * 4, (int)take_byte(program), (info->width_px - x) * 4);
	submit();
}

static void move_cursor(struct program *program)
{
	struct cursor cursor = { .image = take_byte(program) & 1 ? env.cursor : NULL };

	cursor.hot_x_px = (int8_t)take_byte(program);
	console_cursor_set(env.console, &cursor);
	console_cursor_move(env.console, (int8_t)take_byte(program), (int8_t)take_byte(program),
			    take_byte(program) & 1);
}

static void change_mode(struct program *program)
{
	struct display_mode mode = { .width_px = take_byte(program),
				     .height_px = take_byte(program) };

	set_mode(NULL, &mode);
}

static void say_raw(struct program *program)
{
	uint8_t bytes[64];
	size_t len = take_byte(program) % sizeof(bytes);

	take(program, bytes, len);
	say(program, bytes, len);
}

/* An answer to one of ours, or its own. */
static void say_fence(struct program *program)
{
	unsigned int choice = take_byte(program);
	uint8_t m[9 + 4] = { RFB_CLIENT_FENCE, 0, 0, 0, (choice & 1) << 7, 0, 0, choice >> 1 & 7, 4 };

	m[12] = (uint8_t)take_byte(program);
	say(program, m, sizeof(m));
}

/* Plain or extended, with any bytes; now and then with a zlib stream that is one. */
static void say_cut_text(struct program *program)
{
	unsigned int choice = take_byte(program);
	uint8_t body[100];
	uLongf len = take_byte(program) % 64;
	uint8_t m[8] = { RFB_CLIENT_CUT_TEXT };
	uint32_t size;

	take(program, body, len);
	if (choice & 1) {
		uint8_t plain[64];
		uLongf packed = sizeof(body) - 4;

		take(program, plain, len);
		check(compress2(body + 4, &packed, plain, len, 1) == Z_OK);
		len = packed + 4;
		memcpy(body, (uint8_t[]){ 1u << (choice >> 3 & 7), 0, 0, 1 }, 4);
	}
	size = GUINT32_TO_BE(choice & 2 ? (uint32_t)len : -(uint32_t)len);
	memcpy(m + 4, &size, 4);
	say(program, m, sizeof(m));
	say(program, body, len);
}

static void change_clipboard(struct program *program)
{
	if (take_byte(program) & 1) {
		clipboard_grab(&env.agent);
	} else {
		clipboard_release(&env.agent);
	}
}

/* As if time had gone by. */
static void stand_still(struct vnc_client *client, void *opaque)
{
	if (client->initialised) {
		client->screen.video.still_ms = 0;
		video_look(&client->screen.video, clock_ns());
		video_look(&client->screen.video, clock_ns());
		vnc_screen_advance(client);
	}
}

static void do_one(struct program *program)
{
	switch (take_byte(program) % 23) {
	case 22:
		vnc_server_for_each(env.server, stand_still, NULL);
		break;
	case 19:
	case 20:
		say_cut_text(program);
		break;
	case 21:
		change_clipboard(program);
		break;
	case 0:
		say_raw(program);
		break;
	case 1:
		say_pixel_format(program);
		break;
	case 2:
		say_encodings(program);
		break;
	case 3:
	case 4:
		say_request(program);
		break;
	case 5:
		say_message(program, RFB_CLIENT_KEY, 8);
		break;
	case 6:
		say_message(program, RFB_CLIENT_QEMU, 12);
		break;
	case 7:
		say_message(program, RFB_CLIENT_POINTER, 6);
		break;
	case 8:
		say(program, (uint8_t[]){ 251, 0, 0, (uint8_t)take_byte(program), 0, 9, 1, 0, 0, 0,
					  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 24);
		break;
	case 9:
		draw(program);
		break;
	case 10:
		console_blank(env.console, BLANK_PLANE_OFF, NULL);
		break;
	case 11:
		move_cursor(program);
		break;
	case 12:
		change_mode(program);
		break;
	case 13:
		vnc_client_drain(program->fd);
		break;
	case 14:
		say_fence(program);
		break;
	case 16:
		say_message(program, RFB_CLIENT_XVP, 4);
		break;
	case 15:
		say_message(program, RFB_CLIENT_CONTINUOUS_UPDATES, 10);
		break;
	default:
		vnc_client_pump(take_byte(program) % 16);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char hello[] = "RFB 003.008\n\x01\x01";
	struct program program = { data, size, -1 };
	GSocketConnection *connection;

	if (!env.server) {
		start();
	}
	program.fd = vnc_client_connect(&connection);
	vnc_server_add_client(env.server, connection);
	if (take_byte(&program) % 8) {
		say(&program, hello, sizeof(hello) - 1);
		vnc_client_pump(4);
	}
	for (unsigned int i = 0; i < MAX_OPERATIONS && program.size > 0; i++) {
		do_one(&program);
	}
	vnc_client_hang_up(env.server, program.fd);
	check(!env.active);
	return 0;
}
