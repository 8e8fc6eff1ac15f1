// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pseudo rectangles: what a client is told besides pixels. They go in messages of their own as soon
 * as the socket is free, and leave the client's request for pixels open: some viewers don't ask
 * again after a message without pixels.
 */
#include "ui/input.h"
#include "ui/vnc/bytes.h"
#include "ui/vnc/client.h"
#include "ui/vnc/server.h"
#include "util/fd.h"

/* Without a wish: quick, and most of what zlib can do for a screen. */
#define DEFAULT_COMPRESS_LEVEL 1
/* Answers that wait for one client; what comes on top is a flood and gets none. */
#define MAX_ANSWERS 16
#define MAX_FENCE_ANSWERS_BYTES 4096

static unsigned int feature_of(int32_t encoding)
{
	switch (encoding) {
	case RFB_ENCODING_DESKTOP_SIZE:
		return FEATURE_DESKTOP_SIZE;
	case RFB_ENCODING_EXTENDED_DESKTOP_SIZE:
		return FEATURE_EXTENDED_DESKTOP_SIZE;
	case RFB_ENCODING_RICH_CURSOR:
		return FEATURE_RICH_CURSOR;
	case RFB_ENCODING_ALPHA_CURSOR:
		return FEATURE_ALPHA_CURSOR;
	case RFB_ENCODING_POINTER_MOTION:
		return FEATURE_POINTER_MOTION;
	case RFB_ENCODING_EXTENDED_KEY:
		return FEATURE_EXTENDED_KEY;
	case RFB_ENCODING_LED_STATE:
		return FEATURE_LED_STATE;
	case RFB_ENCODING_VMWARE_LED_STATE:
		return FEATURE_VMWARE_LED_STATE;
	case RFB_ENCODING_DESKTOP_NAME:
		return FEATURE_DESKTOP_NAME;
	case RFB_ENCODING_XVP:
		return FEATURE_XVP;
	case RFB_ENCODING_FENCE:
		return FEATURE_FENCE;
	case RFB_ENCODING_CONTINUOUS_UPDATES:
		return FEATURE_CONTINUOUS;
	case RFB_ENCODING_EXTENDED_CLIPBOARD:
		return FEATURE_EXTENDED_CLIPBOARD;
	default:
		return 0;
	}
}

static void apply_levels(struct vnc_client *client)
{
	struct encode_settings *settings = &client->settings;

	settings->compress_level = client->compress_level >= 0 ? client->compress_level :
								 DEFAULT_COMPRESS_LEVEL;
	settings->jpeg_quality = client->server->options.lossy && client->quality_level >= 0 ?
		tight_jpeg_quality(client->quality_level) : 0;
	vnc_screen_set_h264(client, client->prefers_h264 && settings->jpeg_quality > 0 &&
				    vnc_h264_is_there(&client->server->h264));
}

/* What has to be told to a client that has just learnt to understand @features. */
static unsigned int due_for(unsigned int features)
{
	unsigned int due = 0;

	if (features & (FEATURE_DESKTOP_SIZE | FEATURE_EXTENDED_DESKTOP_SIZE)) {
		due |= DUE_SIZE;
	}
	if (features & (FEATURE_RICH_CURSOR | FEATURE_ALPHA_CURSOR)) {
		due |= DUE_CURSOR;
	}
	if (features & FEATURE_POINTER_MOTION) {
		due |= DUE_POINTER_MOTION;
	}
	if (features & FEATURE_EXTENDED_KEY) {
		due |= DUE_EXTENDED_KEY;
	}
	if (features & (FEATURE_LED_STATE | FEATURE_VMWARE_LED_STATE)) {
		due |= DUE_LEDS;
	}
	if (features & FEATURE_DESKTOP_NAME) {
		due |= DUE_NAME;
	}
	if (features & FEATURE_FENCE) {
		due |= DUE_FENCE;
	}
	if (features & FEATURE_XVP) {
		due |= DUE_XVP;
	}
	if (features & FEATURE_CONTINUOUS) {
		due |= DUE_NO_CONTINUOUS;
	}
	return due;
}

void vnc_announce_encodings(struct vnc_client *client, const struct rfb_message *message)
{
	unsigned int features = 0;
	bool chosen = false, drawn_here = vnc_cursor_is_drawn_here(client);

	client->compress_level = client->quality_level = -1;
	client->prefers_h264 = false;
	client->settings.encoding = RFB_ENCODING_RAW;
	for (unsigned int i = 0; i < message->encodings.count; i++) {
		int32_t encoding = rfb_encoding_at(message, i);

		features |= feature_of(encoding);
		if (encoding >= RFB_ENCODING_QUALITY_0 && encoding <= RFB_ENCODING_QUALITY_9) {
			client->quality_level = encoding - RFB_ENCODING_QUALITY_0;
		} else if (encoding >= RFB_ENCODING_COMPRESS_0 &&
			   encoding <= RFB_ENCODING_COMPRESS_9) {
			client->compress_level = encoding - RFB_ENCODING_COMPRESS_0;
		} else if (!chosen && encoding == RFB_ENCODING_OPEN_H264) {
			client->prefers_h264 = true;
		} else if (!chosen && encoder_knows(encoding)) {
			/* The client's favourites come first. */
			client->settings.encoding = encoding;
			chosen = true;
		}
	}
	client->due |= due_for(features & ~client->features);
	client->features = features;
	apply_levels(client);
	if (drawn_here != vnc_cursor_is_drawn_here(client)) {
		vnc_screen_damage_all(client);
	}
	vnc_clipboard_greet(client);
	if (!vnc_client_is_closed(client)) {
		vnc_screen_advance(client);
	}
}

void vnc_announce_resize_answer(struct vnc_client *client, enum rfb_resize_status status)
{
	uint8_t answer = (uint8_t)status;

	if (client->resize_answers->len < MAX_ANSWERS) {
		g_array_append_val(client->resize_answers, answer);
	}
}

/* ---- one rectangle each; the return value is how many were added ---- */

static unsigned int add_pointer_motion(struct vnc_client *client, GByteArray *out)
{
	if (!(client->features & FEATURE_POINTER_MOTION)) {
		return 0;
	}
	encode_rect_header(out, input_is_absolute(client->server->host.input), 0,
			   client->screen.told_width_px, client->screen.told_height_px,
			   RFB_ENCODING_POINTER_MOTION);
	return 1;
}

static unsigned int add_extended_key(struct vnc_client *client, GByteArray *out)
{
	if (!(client->features & FEATURE_EXTENDED_KEY)) {
		return 0;
	}
	encode_rect_header(out, 0, 0, client->screen.told_width_px, client->screen.told_height_px,
			   RFB_ENCODING_EXTENDED_KEY);
	return 1;
}

/* Both forms number the LEDs as input.h does. */
static unsigned int add_leds(struct vnc_client *client, GByteArray *out)
{
	unsigned int leds = input_leds(client->server->host.input);

	if (client->features & FEATURE_LED_STATE) {
		encode_rect_header(out, 0, 0, 1, 1, RFB_ENCODING_LED_STATE);
		bytes_add_u8(out, leds);
		return 1;
	}
	if (client->features & FEATURE_VMWARE_LED_STATE) {
		encode_rect_header(out, 0, 0, 0, 0, RFB_ENCODING_VMWARE_LED_STATE);
		bytes_add_u32(out, leds);
		return 1;
	}
	return 0;
}

static unsigned int add_cursor(struct vnc_client *client, GByteArray *out)
{
	const struct client_cursor *cursor = &client->screen.cursor;

	/* Without a cursor plane the guest draws its own, and the viewer may keep its arrow. */
	if (!(client->features & (FEATURE_RICH_CURSOR | FEATURE_ALPHA_CURSOR)) ||
	    (!cursor->image && !cursor->told)) {
		return 0;
	}
	vnc_cursor_add_rect(client, out);
	return 1;
}

static unsigned int add_name(struct vnc_client *client, GByteArray *out)
{
	const char *name = client->server->desktop_name;

	if (!(client->features & FEATURE_DESKTOP_NAME)) {
		return 0;
	}
	encode_rect_header(out, 0, 0, 0, 0, RFB_ENCODING_DESKTOP_NAME);
	bytes_add_u32(out, (uint32_t)strlen(name));
	bytes_add(out, name, strlen(name));
	return 1;
}

static void add_screen_layout(struct vnc_client *client, GByteArray *out,
			      enum rfb_resize_reason reason, enum rfb_resize_status status)
{
	const struct client_screen *screen = &client->screen;

	encode_rect_header(out, reason, status, screen->told_width_px, screen->told_height_px,
			   RFB_ENCODING_EXTENDED_DESKTOP_SIZE);
	/* One screen (and three bytes of padding): id 0 at 0, 0, all of it, no flags. */
	bytes_add_u32(out, 1u << 24);
	bytes_add_u32(out, 0);
	bytes_add_u32(out, 0);
	bytes_add_u16(out, screen->told_width_px);
	bytes_add_u16(out, screen->told_height_px);
	bytes_add_u32(out, 0);
}

static unsigned int add_size(struct vnc_client *client, GByteArray *out)
{
	struct client_screen *screen = &client->screen;
	bool extended = client->features & FEATURE_EXTENDED_DESKTOP_SIZE;
	bool changed = screen->told_width_px != screen->width_px ||
		       screen->told_height_px != screen->height_px;

	if (!(client->features & (FEATURE_DESKTOP_SIZE | FEATURE_EXTENDED_DESKTOP_SIZE)) ||
	    (!extended && !changed)) {
		return 0;
	}
	if (changed) {
		screen->told_width_px = screen->width_px;
		screen->told_height_px = screen->height_px;
		vnc_screen_damage_all(client);
		/* The open request was for the old screen. */
		pixman_region32_copy(&screen->wanted, &screen->damage);
	}
	if (extended) {
		/* Also unchanged: so a client learns that it may send wishes. */
		add_screen_layout(client, out, RFB_RESIZE_BY_SERVER, RFB_RESIZE_OK);
	} else {
		encode_rect_header(out, 0, 0, screen->told_width_px, screen->told_height_px,
				   RFB_ENCODING_DESKTOP_SIZE);
	}
	return 1;
}

static unsigned int add_resize_answers(struct vnc_client *client, GByteArray *out)
{
	unsigned int count = client->resize_answers->len;

	for (unsigned int i = 0; i < count; i++) {
		add_screen_layout(client, out, RFB_RESIZE_BY_THIS_CLIENT,
				  g_array_index(client->resize_answers, uint8_t, i));
	}
	g_array_set_size(client->resize_answers, 0);
	return count;
}

static void add_fence(GByteArray *out, uint32_t flags, const void *data, unsigned int len)
{
	bytes_add_u32(out, (uint32_t)RFB_SERVER_FENCE << 24);
	bytes_add_u32(out, flags);
	bytes_add_u8(out, len);
	bytes_add(out, data, len);
}

void vnc_announce_add_mark(GByteArray *out, uint32_t id)
{
	uint8_t data[4];

	bytes_set_u32(data, id);
	/* "Before": it comes back when the update in front of it was drawn. */
	add_fence(out, RFB_FENCE_REQUEST | RFB_FENCE_BLOCK_BEFORE, data, sizeof(data));
}

/* What it said before has been done, as messages are taken in order, and so the answer may go as
 * soon as the socket is free. */
static void answer_fence(struct vnc_client *client, const struct rfb_message *message)
{
	uint32_t known = RFB_FENCE_BLOCK_BEFORE | RFB_FENCE_BLOCK_AFTER | RFB_FENCE_SYNC_NEXT;

	if (client->fence_answers->len < MAX_FENCE_ANSWERS_BYTES) {
		add_fence(client->fence_answers, message->fence.flags & known, message->fence.data,
			  message->fence.len);
	}
	vnc_screen_advance(client);
}

void vnc_announce_fence(struct vnc_client *client, const struct rfb_message *message)
{
	const uint8_t *p = message->fence.data;

	if (message->fence.flags & RFB_FENCE_REQUEST) {
		answer_fence(client, message);
	} else if (message->fence.len == 4 &&
		   pace_arrived(&client->screen.pace, bytes_get_u32(p), clock_ns())) {
		vnc_screen_advance(client);
	}
}

static void add_xvp(GByteArray *out, enum rfb_xvp code)
{
	bytes_add_u16(out, RFB_SERVER_XVP << 8);
	bytes_add_u8(out, RFB_XVP_VERSION);
	bytes_add_u8(out, code);
}

/* Messages of their own. */
static void add_messages(struct vnc_client *client, unsigned int due, GByteArray *out)
{
	if (due & DUE_FENCE) {
		add_fence(out, RFB_FENCE_REQUEST, NULL, 0);
	}
	if (due & DUE_NO_CONTINUOUS) {
		bytes_add_u8(out, RFB_SERVER_END_OF_CONTINUOUS_UPDATES);
	}
	if ((due & DUE_XVP) && client->server->options.power_control) {
		add_xvp(out, RFB_XVP_INIT);
	}
	if (due & DUE_XVP_FAIL) {
		add_xvp(out, RFB_XVP_FAIL);
	}
	vnc_clipboard_add(client, due, out);
	bytes_add(out, client->fence_answers->data, client->fence_answers->len);
	g_byte_array_set_size(client->fence_answers, 0);
}

/* A message of its own. */
static void add_colour_map(GByteArray *out)
{
	bytes_add_u8(out, RFB_SERVER_COLOUR_MAP);
	bytes_add_u8(out, 0);
	bytes_add_u16(out, 0);
	bytes_add_u16(out, 256);
	for (unsigned int i = 0; i < 256; i++) {
		uint16_t rgb[3];

		pixel_palette_entry(i, rgb);
		for (unsigned int c = 0; c < 3; c++) {
			bytes_add_u16(out, rgb[c]);
		}
	}
}

bool vnc_announce_is_due(const struct vnc_client *client)
{
	return client->due || client->resize_answers->len > 0 || client->fence_answers->len > 0 ||
	       client->clipboard.out;
}

void vnc_announce(struct vnc_client *client)
{
	static unsigned int (*const rects[])(struct vnc_client *client, GByteArray *out) = {
		add_extended_key, add_pointer_motion, add_leds, add_cursor, add_name, add_size,
	};
	static const unsigned int dues[] = {
		DUE_EXTENDED_KEY, DUE_POINTER_MOTION, DUE_LEDS, DUE_CURSOR, DUE_NAME, DUE_SIZE,
	};
	g_autoptr(GByteArray) out = g_byte_array_new();
	unsigned int due = client->due, count = 0;
	guint start;

	client->due = 0;
	if (due & DUE_COLOUR_MAP) {
		if (client->palette) {
			add_colour_map(out);
		}
	}
	add_messages(client, due, out);
	start = out->len;
	bytes_add_u32(out, RFB_SERVER_UPDATE << 24);
	for (unsigned int i = 0; i < G_N_ELEMENTS(rects); i++) {
		if (due & dues[i]) {
			count += rects[i](client, out);
		}
	}
	count += add_resize_answers(client, out);
	if (count > 0) {
		bytes_set_u16(out->data + start + 2, count);
	} else {
		g_byte_array_set_size(out, start);
	}
	if (out->len > 0) {
		vnc_client_send(client, out->data, out->len);
	}
}
