// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "chardev-int.h"
#include "chardev/vc.h"
#include "util/error.h"
#include "util/fd.h"

/* Where output is dropped a line's end is looked for that far, so that no escape sequence is left in
 * halves. */
#define LINE_LOOK_BYTES 1024
#define INPUT_CHUNK_BYTES 512
#define CELLS_MAX 1024
#define SIZE_MAX_PX 16384

struct vc {
	struct chardev base; /* first */
	struct vc_size size;
	void *opaque; /* of the terminal's */
	GByteArray *input; /* from the terminal */
	size_t input_sent;
	bool sending;
	GMutex lock; /* guards what follows */
	const struct vc_ops *terminal; /* NULL: none */
	uint8_t *ring;
	size_t start, len;
	bool waking; /* a wake() is on its way */
};

static struct vc *to_vc(const struct chardev *chardev)
{
	return (struct vc *)chardev;
}

/* ---- output; the lock is held ---- */

static void ring_copy(const struct vc *vc, uint8_t *data, size_t len)
{
	size_t first = MIN(len, VC_OUTPUT_MAX - vc->start);

	memcpy(data, vc->ring + vc->start, first);
	memcpy(data + first, vc->ring, len - first);
}

static void ring_skip(struct vc *vc, size_t len)
{
	vc->start = (vc->start + len) % VC_OUTPUT_MAX;
	vc->len -= len;
}

/* Makes room for @len bytes by dropping whole lines, the oldest. */
static void ring_make_room(struct vc *vc, size_t len)
{
	uint8_t line[LINE_LOOK_BYTES], *end;
	size_t looked;

	if (VC_OUTPUT_MAX - vc->len >= len) {
		return;
	}
	ring_skip(vc, len - (VC_OUTPUT_MAX - vc->len));
	looked = MIN(vc->len, sizeof(line));
	ring_copy(vc, line, looked);
	end = memchr(line, '\n', looked);
	if (end) {
		ring_skip(vc, (size_t)(end - line) + 1);
	}
}

static void ring_add(struct vc *vc, const uint8_t *data, size_t len)
{
	size_t end, first;

	if (len > VC_OUTPUT_MAX) {
		data += len - VC_OUTPUT_MAX;
		len = VC_OUTPUT_MAX;
	}
	ring_make_room(vc, len);
	end = (vc->start + vc->len) % VC_OUTPUT_MAX;
	first = MIN(len, VC_OUTPUT_MAX - end);
	memcpy(vc->ring + end, data, first);
	memcpy(vc->ring, data + first, len - first);
	vc->len += len;
}

static void wake_now(void *opaque)
{
	struct vc *vc = opaque;
	const struct vc_ops *terminal;

	g_mutex_lock(&vc->lock);
	vc->waking = false;
	terminal = vc->terminal;
	g_mutex_unlock(&vc->lock);
	if (terminal && !vc->base.closed) {
		terminal->wake(vc->opaque);
	}
	chardev_unref(&vc->base);
}

static void wake(struct vc *vc)
{
	if (vc->terminal && vc->len && !vc->waking) {
		vc->waking = true;
		g_atomic_int_inc(&vc->base.refs);
		main_call(wake_now, vc);
	}
}

/* ---- the front end's side ---- */

static int vc_write(struct chardev *chardev, const void *data, size_t len)
{
	struct vc *vc = to_vc(chardev);

	g_mutex_lock(&vc->lock);
	ring_add(vc, data, len);
	wake(vc);
	g_mutex_unlock(&vc->lock);
	return 0;
}

/* A front end that waits for its output to be read waits for a terminal only. */
static size_t vc_queued(struct chardev *chardev)
{
	struct vc *vc = to_vc(chardev);
	size_t queued;

	g_mutex_lock(&vc->lock);
	queued = vc->terminal ? vc->len : 0;
	g_mutex_unlock(&vc->lock);
	return queued;
}

/* Somebody may have written in it before anybody looks. */
static bool vc_connected(const struct chardev *chardev)
{
	return true;
}

/* Asks the front end, also when there is nothing for it: it may have waited for its output. */
static void vc_accept_input(struct chardev *chardev)
{
	struct vc *vc = to_vc(chardev);
	uint8_t chunk[INPUT_CHUNK_BYTES];
	size_t room;

	if (vc->sending) {
		return; /* goes on below */
	}
	g_atomic_int_inc(&chardev->refs);
	vc->sending = true;
	while (chardev->ops && (room = chardev->ops->can_receive(chardev->opaque)) > 0 &&
	       vc->input_sent < vc->input->len) {
		/* A copy: whoever receives it may make more come. */
		size_t len = MIN(MIN(room, sizeof(chunk)), vc->input->len - vc->input_sent);

		memcpy(chunk, vc->input->data + vc->input_sent, len);
		vc->input_sent += len;
		chardev->ops->receive(chardev->opaque, chunk, len);
	}
	if (vc->input_sent == vc->input->len) {
		g_byte_array_set_size(vc->input, 0);
		vc->input_sent = 0;
	}
	vc->sending = false;
	chardev_unref(chardev);
}

static void vc_close(struct chardev *chardev)
{
	struct vc *vc = to_vc(chardev);

	g_mutex_lock(&vc->lock);
	vc->terminal = NULL;
	g_mutex_unlock(&vc->lock);
}

static void vc_finish(struct chardev *chardev)
{
	struct vc *vc = to_vc(chardev);

	g_byte_array_unref(vc->input);
	g_free(vc->ring);
	g_mutex_clear(&vc->lock);
}

static const struct chardev_class vc_class = {
	.write = vc_write,
	.queued = vc_queued,
	.connected = vc_connected,
	.accept_input = vc_accept_input,
	.close = vc_close,
	.finish = vc_finish,
};

/* ---- the terminal's side ---- */

struct chardev *vc_of(struct chardev *chardev)
{
	struct chardev *shared = mux_shared(chardev);

	chardev = shared ? shared : chardev;
	return chardev->class == &vc_class ? chardev : NULL;
}

const struct vc_size *vc_size(const struct chardev *chardev)
{
	return &to_vc(chardev)->size;
}

void vc_attach(struct chardev *chardev, const struct vc_ops *ops, void *opaque)
{
	struct vc *vc = to_vc(chardev);

	g_mutex_lock(&vc->lock);
	vc->terminal = ops;
	vc->opaque = opaque;
	wake(vc);
	g_mutex_unlock(&vc->lock);
	vc_accept_input(chardev);
}

size_t vc_read(struct chardev *chardev, void *data, size_t len)
{
	struct vc *vc = to_vc(chardev);
	bool drained;

	g_mutex_lock(&vc->lock);
	len = MIN(len, vc->len);
	ring_copy(vc, data, len);
	ring_skip(vc, len);
	drained = len && !vc->len;
	g_mutex_unlock(&vc->lock);
	if (drained) {
		vc_accept_input(chardev); /* as chardev_queued() promises */
	}
	return len;
}

size_t vc_input(struct chardev *chardev, const void *data, size_t len)
{
	struct vc *vc = to_vc(chardev);
	size_t taken = 0, room;

	do {
		g_byte_array_remove_range(vc->input, 0, (guint)vc->input_sent);
		vc->input_sent = 0;
		room = MIN(len - taken, VC_INPUT_MAX - vc->input->len);
		g_byte_array_append(vc->input, (const guint8 *)data + taken, (guint)room);
		taken += room;
		vc_accept_input(chardev);
	} while (taken < len && vc->input->len - vc->input_sent < VC_INPUT_MAX);
	return taken;
}

/* ---- made by options ---- */

bool vc_set_size(struct opts *opts, const char *text, GError **error)
{
	char across[8], down[8];
	int end = 0;

	if (sscanf(text, "%7[0-9]Cx%7[0-9]C%n", across, down, &end) == 2 && end && !text[end]) {
		opts_set(opts, "cols", across);
		opts_set(opts, "rows", down);
		return true;
	}
	end = 0;
	if (sscanf(text, "%7[0-9]x%7[0-9]%n", across, down, &end) == 2 && end && !text[end]) {
		opts_set(opts, "width", across);
		opts_set(opts, "height", down);
		return true;
	}
	return error_set(error, "%s: vc:%s: expected vc:WIDTHxHEIGHT or vc:COLSCxROWSC", opts->object,
			 text);
}

static bool get_length(struct opts *opts, const char *key, uint64_t max, unsigned int *length,
		       GError **error)
{
	uint64_t value = 0;

	if (!opts_get_u64(opts, key, &value, error)) {
		return false;
	}
	if (opts_get(opts, key) && (value < 1 || value > max)) {
		return error_set(error, "%s: %s=%s: expected 1 to %" G_GUINT64_FORMAT, opts->object, key,
				 opts_get(opts, key), max);
	}
	*length = (unsigned int)value;
	return true;
}

static bool get_size(struct opts *opts, struct vc_size *size, GError **error)
{
	if (!get_length(opts, "cols", CELLS_MAX, &size->cols, error) ||
	    !get_length(opts, "rows", CELLS_MAX, &size->rows, error) ||
	    !get_length(opts, "width", SIZE_MAX_PX, &size->width_px, error) ||
	    !get_length(opts, "height", SIZE_MAX_PX, &size->height_px, error)) {
		return false;
	}
	if (!size->cols != !size->rows || !size->width_px != !size->height_px) {
		return error_set(error, "%s: vc: cols= needs rows=, width= needs height=, and the reverse",
				 opts->object);
	}
	return true;
}

struct chardev *vc_create(const char *id, struct opts *opts, GError **error)
{
	struct vc_size size = { 0 };
	struct vc *vc;

	if (!get_size(opts, &size, error)) {
		return NULL;
	}
	vc = g_new0(struct vc, 1);
	chardev_init(&vc->base, &vc_class, id);
	vc->base.filename = g_strdup("vc");
	vc->size = size;
	vc->input = g_byte_array_new();
	vc->ring = g_malloc(VC_OUTPUT_MAX); /* pages that nobody has written to cost nothing */
	g_mutex_init(&vc->lock);
	return &vc->base;
}
