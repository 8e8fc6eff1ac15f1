/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A viewer in this process: the other end of a socket pair, on the same main loop as the server. */
#ifndef TESTS_UNIT_VNC_VIEWER_H
#define TESTS_UNIT_VNC_VIEWER_H

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vnc-decode.h"

#include "ui/vnc/auth.h"
#include "ui/vnc/server.h"

#define VIEWER_LIMIT_US (40 * G_TIME_SPAN_SECOND)

struct viewer {
	int fd;
	/* What lies between it and the socket, with the results of read(2) and write(2); NULL: nothing. */
	ssize_t (*read)(struct viewer *v, void *data, size_t len);
	ssize_t (*write)(struct viewer *v, const void *data, size_t len);
	void *layer;
	GByteArray *in;
	size_t pos; /* taken */
	uint64_t received;
	bool closed;
	struct decoder decoder;
	unsigned int version;
	char *name;
	/* Pseudo rectangles seen. */
	unsigned int updates, pixel_rects, sizes, ext_sizes, led_count, ext_key, motion_count, cursors;
	unsigned int reason, status; /* of the last extended desktop size */
	unsigned int answers; /* of those, with reason 1 */
	unsigned int leds, absolute;
	unsigned int cursor_w, cursor_h, cursor_x, cursor_y;
	uint8_t cursor_first[4]; /* bytes of its first pixel */
	unsigned int colour_maps;
	/* Fences: of the server's that were answered or kept; answers to the viewer's own. */
	unsigned int fences, fence_answers;
	bool keeps_fences;
	GByteArray *kept_fences; /* answers */
	uint32_t fence_flags;
	char fence_data[65];
	unsigned int ends; /* of continuous updates */
	unsigned int xvp_inits, xvp_fails;
	/* A slow network: bytes a millisecond; 0: as fast as it goes. */
	unsigned int rate_bytes_ms;
	gint64 rate_from; /* what comes from then on may be read */
};

/* How much the slow network lets through now. */
static inline size_t viewer_room(struct viewer *v, size_t most)
{
	gint64 now = g_get_monotonic_time();

	if (v->rate_bytes_ms == 0) {
		return most;
	}
	/* What wasn't used is lost, but for 10 ms. */
	v->rate_from = MAX(v->rate_from, now - 10000);
	return MIN(most, (size_t)(MAX(now - v->rate_from, 0) * v->rate_bytes_ms / 1000));
}

/* One turn of the loop and whatever came; false after the server hung up. */
static inline bool viewer_pump(struct viewer *v)
{
	uint8_t buffer[65536];
	size_t room = viewer_room(v, sizeof(buffer));
	ssize_t got;

	g_main_context_iteration(NULL, FALSE);
	if (room == 0) {
		g_usleep(200);
		return true;
	}
	got = v->read ? v->read(v, buffer, room) : read(v->fd, buffer, room);
	if (got > 0) {
		g_byte_array_append(v->in, buffer, (guint)got);
		v->received += (uint64_t)got;
		if (v->rate_bytes_ms) {
			v->rate_from += got * 1000 / v->rate_bytes_ms;
		}
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		v->closed = true;
	} else {
		g_usleep(50);
	}
	return !v->closed;
}

static inline bool viewer_wait(struct viewer *v, size_t count)
{
	gint64 end = g_get_monotonic_time() + VIEWER_LIMIT_US;

	while (v->in->len - v->pos < count) {
		guint before = v->in->len;

		if (!viewer_pump(v)) {
			return v->in->len - v->pos >= count;
		}
		if (v->in->len != before) {
			end = g_get_monotonic_time() + VIEWER_LIMIT_US;
		}
		if (g_get_monotonic_time() > end) {
			g_error("the server sends nothing");
		}
	}
	return true;
}

static inline const uint8_t *viewer_take(void *opaque, size_t count)
{
	struct viewer *v = opaque;
	const uint8_t *p;

	g_assert_true(viewer_wait(v, count));
	p = v->in->data + v->pos;
	v->pos += count;
	return p;
}

/* Runs the server for a while; what comes is kept. */
static inline void viewer_idle(struct viewer *v, unsigned int ms)
{
	gint64 end = g_get_monotonic_time() + ms * 1000;

	while (g_get_monotonic_time() < end && viewer_pump(v)) {
	}
}

static inline bool viewer_has_more(const struct viewer *v)
{
	return v->in->len > v->pos;
}

static inline void viewer_send(struct viewer *v, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0) {
		ssize_t sent = v->write ? v->write(v, p, len) : send(v->fd, p, len, MSG_NOSIGNAL);

		if (sent > 0) {
			p += sent;
			len -= (size_t)sent;
		} else if (errno == EAGAIN) {
			g_main_context_iteration(NULL, FALSE);
		} else {
			v->closed = true;
			return;
		}
	}
}

static inline struct viewer *viewer_new(struct vnc_server *server)
{
	struct viewer *v = g_new0(struct viewer, 1);
	int fds[2];
	GSocket *socket;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
			0);
	v->fd = fds[0];
	v->in = g_byte_array_new();
	v->decoder.take = viewer_take;
	v->decoder.opaque = v;
	v->decoder.format = pixel_format_native;
	socket = g_socket_new_from_fd(fds[1], NULL);
	vnc_server_add_client(server, g_socket_connection_factory_create_connection(socket));
	g_object_unref(socket);
	return v;
}

static inline void viewer_free(struct viewer *v)
{
	close(v->fd);
	for (int i = 0; i < 5; i++) {
		g_main_context_iteration(NULL, FALSE);
	}
	g_byte_array_unref(v->in);
	decoder_finish(&v->decoder);
	if (v->kept_fences) {
		g_byte_array_unref(v->kept_fences);
	}
	g_free(v->name);
	g_free(v);
}

/* Waits until the server has hung up. */
static inline bool viewer_is_dropped(struct viewer *v)
{
	gint64 end = g_get_monotonic_time() + VIEWER_LIMIT_US;

	while (!v->closed && g_get_monotonic_time() < end) {
		viewer_pump(v);
	}
	return v->closed;
}

/* The bytes before a choice is read. */
static inline void viewer_say_version(struct viewer *v, unsigned int version)
{
	char text[13];

	v->version = version;
	g_assert_cmpmem(viewer_take(v, 12), 12, "RFB 003.008\n", 12);
	g_snprintf(text, sizeof(text), "RFB 003.%03u\n", version);
	viewer_send(v, text, 12);
}

/* Up to the security types; 0 or the one chosen (the client's answer is not sent yet). */
static inline unsigned int viewer_start(struct viewer *v, unsigned int version)
{
	viewer_say_version(v, version);
	if (version == 3) {
		return take_u32(&v->decoder);
	}
	g_assert_cmpuint(take_u8(&v->decoder), ==, 1);
	return take_u8(&v->decoder);
}

/* Says the password (NULL: none); returns the result. */
static inline unsigned int viewer_authenticate(struct viewer *v, const char *password)
{
	uint8_t type = password ? RFB_SECURITY_VNC : RFB_SECURITY_NONE, challenge[16], response[16];

	if (v->version > 3) {
		viewer_send(v, &type, 1);
	}
	if (password) {
		memcpy(challenge, viewer_take(v, 16), 16);
		vnc_auth_response(password, challenge, response);
		viewer_send(v, response, 16);
	}
	return password || v->version == 8 ? take_u32(&v->decoder) : 0;
}

/* ClientInit and ServerInit. False: dropped. */
static inline bool viewer_init(struct viewer *v, bool shared)
{
	uint8_t byte = shared;
	uint32_t width, height, len;

	viewer_send(v, &byte, 1);
	if (!viewer_wait(v, 24)) {
		return false;
	}
	width = take_u16(&v->decoder);
	height = take_u16(&v->decoder);
	viewer_take(v, 16);
	len = take_u32(&v->decoder);
	v->name = g_strndup((const char *)viewer_take(v, len), len);
	decoder_resize(&v->decoder, width, height);
	return true;
}

static inline struct viewer *viewer_join(struct vnc_server *server)
{
	struct viewer *v = viewer_new(server);

	g_assert_cmpuint(viewer_start(v, 8), ==, RFB_SECURITY_NONE);
	g_assert_cmpuint(viewer_authenticate(v, NULL), ==, 0);
	g_assert_true(viewer_init(v, true));
	return v;
}

static inline void viewer_set_format(struct viewer *v, const struct rfb_pixel_format *f)
{
	uint8_t m[20] = { 0, 0, 0, 0, f->bits, f->depth, f->big_endian, f->true_colour,
			  (uint8_t)(f->red_max >> 8), (uint8_t)f->red_max,
			  (uint8_t)(f->green_max >> 8), (uint8_t)f->green_max,
			  (uint8_t)(f->blue_max >> 8), (uint8_t)f->blue_max,
			  f->red_shift, f->green_shift, f->blue_shift };

	v->decoder.format = *f;
	viewer_send(v, m, sizeof(m));
}

static inline void viewer_set_encodings(struct viewer *v, unsigned int count,
					const int32_t *encodings)
{
	g_autofree uint8_t *m = g_malloc0(4 + 4 * (size_t)count);

	m[0] = 2;
	m[2] = (uint8_t)(count >> 8);
	m[3] = (uint8_t)count;
	for (unsigned int i = 0; i < count; i++) {
		uint32_t big = GUINT32_TO_BE((uint32_t)encodings[i]);

		memcpy(m + 4 + 4 * i, &big, 4);
	}
	viewer_send(v, m, 4 + 4 * (size_t)count);
}

#define VIEWER_ENCODINGS(v, ...)                                                        \
	viewer_set_encodings(v, G_N_ELEMENTS(((int32_t[]){ __VA_ARGS__ })),              \
			     (int32_t[]){ __VA_ARGS__ })

static inline void viewer_request_box(struct viewer *v, bool incremental, uint32_t x, uint32_t y,
				      uint32_t w, uint32_t h)
{
	uint8_t m[10] = { 3, incremental, (uint8_t)(x >> 8), (uint8_t)x, (uint8_t)(y >> 8),
			  (uint8_t)y, (uint8_t)(w >> 8), (uint8_t)w, (uint8_t)(h >> 8), (uint8_t)h };

	viewer_send(v, m, sizeof(m));
}

static inline void viewer_request(struct viewer *v, bool incremental)
{
	viewer_request_box(v, incremental, 0, 0, v->decoder.width, v->decoder.height);
}

static inline void viewer_key(struct viewer *v, uint32_t keysym, bool down)
{
	uint8_t m[8] = { 4, down, 0, 0, (uint8_t)(keysym >> 24), (uint8_t)(keysym >> 16),
			 (uint8_t)(keysym >> 8), (uint8_t)keysym };

	viewer_send(v, m, sizeof(m));
}

static inline void viewer_ext_key(struct viewer *v, uint32_t xt, bool down)
{
	uint8_t m[12] = { 255, 0, 0, down, 0, 0, 0, 0, 0, 0, 0, (uint8_t)xt };

	viewer_send(v, m, sizeof(m));
}

static inline void viewer_pointer(struct viewer *v, unsigned int buttons, unsigned int x,
				  unsigned int y)
{
	uint8_t m[6] = { 5, (uint8_t)buttons, (uint8_t)(x >> 8), (uint8_t)x, (uint8_t)(y >> 8),
			 (uint8_t)y };

	viewer_send(v, m, sizeof(m));
}

static inline void viewer_wish_size(struct viewer *v, uint32_t w, uint32_t h, uint8_t screens)
{
	uint8_t m[8 + 16] = { 251, 0, (uint8_t)(w >> 8), (uint8_t)w, (uint8_t)(h >> 8), (uint8_t)h,
			      screens };

	viewer_send(v, m, 8 + (screens ? 16 : 0));
}

static inline void take_pseudo(struct viewer *v, unsigned int x, unsigned int y, unsigned int w,
			       unsigned int h, int32_t encoding)
{
	struct decoder *d = &v->decoder;

	switch (encoding) {
	case RFB_ENCODING_DESKTOP_SIZE:
		v->sizes++;
		decoder_resize(d, w, h);
		break;
	case RFB_ENCODING_EXTENDED_DESKTOP_SIZE:
		v->ext_sizes++;
		v->reason = x;
		v->status = y;
		v->answers += x == 1;
		g_assert_cmpuint(take_u8(d), ==, 1);
		viewer_take(v, 3 + 8);
		g_assert_cmpuint(take_u16(d), ==, w);
		g_assert_cmpuint(take_u16(d), ==, h);
		take_u32(d);
		if (x == 0 && (w != d->width || h != d->height)) {
			decoder_resize(d, w, h);
		}
		g_assert_cmpuint(w, ==, d->width);
		g_assert_cmpuint(h, ==, d->height);
		break;
	case RFB_ENCODING_LED_STATE:
		v->led_count++;
		v->leds = take_u8(d);
		break;
	case RFB_ENCODING_VMWARE_LED_STATE:
		v->led_count++;
		v->leds = take_u32(d);
		break;
	case RFB_ENCODING_EXTENDED_KEY:
		v->ext_key++;
		break;
	case RFB_ENCODING_POINTER_MOTION:
		v->motion_count++;
		v->absolute = x;
		break;
	case RFB_ENCODING_DESKTOP_NAME: {
		uint32_t len = take_u32(d);

		g_assert_cmpmem(viewer_take(v, len), len, v->name, strlen(v->name));
		break;
	}
	case RFB_ENCODING_ALPHA_CURSOR:
		g_assert_cmpuint(take_u32(d), ==, 0);
		/* fall through */
	case RFB_ENCODING_RICH_CURSOR: {
		size_t bytes = encoding == RFB_ENCODING_ALPHA_CURSOR ? (size_t)w * h * 4 :
			(size_t)w * h * (d->format.bits / 8u) + (w + 7) / 8 * h;

		v->cursors++;
		v->cursor_x = x;
		v->cursor_y = y;
		v->cursor_w = w;
		v->cursor_h = h;
		memcpy(v->cursor_first, viewer_take(v, bytes), MIN(bytes, 4));
		break;
	}
	default:
		g_error("unknown encoding %d", encoding);
	}
}

/* What was kept. */
static inline void viewer_answer_fences(struct viewer *v)
{
	viewer_send(v, v->kept_fences->data, v->kept_fences->len);
	g_byte_array_set_size(v->kept_fences, 0);
}

/* Behind its first two bytes. */
static inline void take_fence(struct viewer *v)
{
	uint8_t m[9 + 64] = { 248 };
	unsigned int len;

	take_u16(&v->decoder);
	v->fence_flags = take_u32(&v->decoder);
	len = m[8] = take_u8(&v->decoder);
	g_assert_cmpuint(len, <=, 64);
	memcpy(m + 9, viewer_take(v, len), len);
	if (!(v->fence_flags & RFB_FENCE_REQUEST)) {
		memcpy(v->fence_data, m + 9, len);
		v->fence_data[len] = '\0';
		v->fence_answers++;
		return;
	}
	v->fences++;
	m[7] = (uint8_t)(v->fence_flags & 7);
	if (!v->kept_fences) {
		v->kept_fences = g_byte_array_new();
	}
	g_byte_array_append(v->kept_fences, m, 9 + len);
	if (!v->keeps_fences) {
		viewer_answer_fences(v);
	}
}

/* One message of the server's. */
static inline void viewer_receive(struct viewer *v)
{
	struct decoder *d = &v->decoder;
	unsigned int type = take_u8(d), rects;

	if (type == 150) {
		v->ends++;
		return;
	}
	take_u8(d);
	if (type == 248) {
		take_fence(v);
	} else if (type == 250) {
		g_assert_cmpuint(take_u8(d), ==, 1);
		*(take_u8(d) ? &v->xvp_inits : &v->xvp_fails) += 1;
	} else if (type == 1) {
		take_u16(d);
		viewer_take(v, take_u16(d) * 6);
		v->colour_maps++;
	} else {
		g_assert_cmpuint(type, ==, 0);
		rects = take_u16(d);
		g_assert_cmpuint(rects, >, 0);
		v->updates++;
		for (unsigned int i = 0; i < rects; i++) {
			unsigned int x = take_u16(d), y = take_u16(d), w = take_u16(d);
			unsigned int h = take_u16(d);
			int32_t encoding = (int32_t)take_u32(d);

			if (decode_rect(d, x, y, w, h, encoding)) {
				v->pixel_rects++;
			} else {
				take_pseudo(v, x, y, w, h, encoding);
			}
		}
	}
	/* Memory stays small in long tests. */
	g_byte_array_remove_range(v->in, 0, (guint)v->pos);
	v->pos = 0;
}

/* Asks for what changed and waits for pixels. */
static inline void viewer_update(struct viewer *v, bool incremental)
{
	unsigned int before = v->pixel_rects;

	viewer_request(v, incremental);
	while (v->pixel_rects == before) {
		viewer_receive(v);
	}
}

#endif
